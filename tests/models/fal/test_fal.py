"""A take's whole life on fal, over its own client: made once whatever happens, and each bad end said for what it is."""

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib import util
from pathlib import Path

import numpy as np
import pytest
from tests.models.fal.orders import CAT, FACE, GivenKeys, entries_of, noise, order_for, parts, profile_of
from tests.models.fal.provider import APP, DONE, KEY, MADE, NEXT, QUEUED, WORKING, FalServer
from tests.models.fal.serving import Clock, Say, from_data_url, opened

from samecast.core.errors import (
    InvalidInput,
    KeyRefused,
    MissingKey,
    MissingPart,
    Refused,
    RenderFailed,
    SamecastError,
    Stopped,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models import fal as module
from samecast.models.catalogue import read_catalogue
from samecast.models.fal.engine import Fal
from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.contract import Steps, check_error, check_hosted

ENTRY = """
[[model]]
id = "far"
name = "Far"
engine = "fal"
kinds = ["image"]
aspects = ["4:5", "16:9"]
seconds = 0
characters = 2
deterministic = false
composites = false
price = "By the provider."
licence = "The provider's."
source = "its page"
date = 2026-11-22
notes = ""
resource = "fal"
references = 4
mentions = {}
still_sizes = { "4:5" = "896x1120", "16:9" = "1344x752" }
[model.options.safety_tolerance]
kind = "choice"
says = "How much passes."
choices = ["1", "2"]
default = "2"
[model.setup]
app = "fal-ai/flux-2-pro/edit"
references = "image_urls"
size = "image_size"
seed = "seed"
extra = { output_format = "png" }
"""
CLIPS = """
[[model]]
id = "far-clips"
name = "Far clips"
engine = "fal"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 8
lengths = [8]
characters = 3
deterministic = false
composites = false
price = "By the provider."
licence = "The provider's."
source = "its page"
date = 2026-11-22
notes = ""
resource = "fal"
references = 3
mentions = {}
[model.setup]
app = "fal-ai/veo3.1/reference-to-video"
references = "image_urls"
aspect = "aspect_ratio"
seconds = { field = "duration", form = "{s}s" }
extra = { resolution = "720p", generate_audio = true }
"""
PROFILE, CLIP_PROFILE = profile_of(ENTRY), profile_of(CLIPS)
KEYS = {"FAL_KEY": KEY}
POLICY = {
    "loc": ["body", "prompt"],
    "msg": "The content could not be processed because it was flagged by a content checker.",
    "type": "content_policy_violation",
    "input": KEY,
}
MISSING = {"loc": ["body", "image_urls", 0], "msg": "Field required.", "type": "missing"}


def engine(profile: ModelProfile = PROFILE, clock: Clock | None = None, *, seconds: float = 10.0) -> Fal:
    return Fal(profile, GivenKeys(KEYS), sleep=(clock or Clock()).sleep, seconds=seconds)


def submitted(profile: ModelProfile = PROFILE) -> str:
    far = engine(profile)
    return far.submit(order_for(profile, far), "take.1")


def refused(error: type[SamecastError], ticket: str | None = None) -> SamecastError:
    """The error of a submission, or of collecting that ticket; one line with a hint, and no key in it."""
    far = engine()
    with pytest.raises(error) as raised:
        far.submit(order_for(PROFILE, far), "take.1") if ticket is None else far.collect(ticket)
    assert type(raised.value) is error
    check_error(raised.value, KEY, *KEY.split(":"))
    return raised.value


# --- the whole life ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [PROFILE, CLIP_PROFILE], ids=lambda profile: profile.id)
def test_it_keeps_the_contract(fal: FalServer, profile: ModelProfile):
    fal.script.life = (QUEUED, NEXT, WORKING, DONE)

    def build() -> HostedEngine:
        return module.build(profile, parts(KEYS))

    check_hosted(build, profile, [FACE, CAT], jobs=lambda: len(fal.jobs))


def test_what_is_sent_is_what_the_entry_says(fal: FalServer):
    far = engine()
    order = order_for(PROFILE, far, [FACE, CAT], seed=99)
    assert far.submit(order, "take.1") == f"{APP}#req-1"
    sent = dict(fal.jobs["req-1"].arguments)
    shown = [opened(from_data_url(url)) for url in sent.pop("image_urls")]
    assert [picture.shape for picture in shown] == [(256, 256, 3), (150, 226, 3)]
    assert all(np.array_equal(picture, given.rgb) for picture, given in zip(shown, (FACE, CAT), strict=True)), (
        "the order of the pictures is what the prompt counts"
    )
    assert sent == {
        "prompt": order.recipe.said,
        "image_size": {"width": 896, "height": 1120},
        "seed": 99,
        "safety_tolerance": "2",
        "output_format": "png",
    }
    assert "@" not in sent["prompt"]


def test_a_clip_is_ordered_by_aspect_and_length(fal: FalServer):
    ticket = submitted(CLIP_PROFILE)
    sent = fal.jobs["req-1"].arguments
    assert (sent["aspect_ratio"], sent["duration"], sent["generate_audio"]) == ("16:9", "8s", True)
    rendered = engine(CLIP_PROFILE).collect(ticket)
    assert rendered is not None
    assert rendered.file == MADE


def test_how_far_it_is_is_told_while_it_waits(fal: FalServer):
    fal.script.life = (QUEUED, NEXT, WORKING, DONE)
    ticket, far = submitted(), engine()
    assert far.progress(ticket) is None
    told = []
    while (rendered := far.collect(ticket)) is None:
        told.append(far.progress(ticket))
    assert told == [("queue", 0, 2), ("queue", 2, 2), ("render", 9, 20)]
    assert rendered.file == MADE
    assert far.progress(ticket) is None, "nothing is kept of what is over"


def test_a_worker_that_is_killed_loses_nothing(fal: FalServer, tmp_path: Path):
    fal.script.life = (QUEUED,) * 1000 + (DONE,)
    script = tmp_path / "worker.py"
    script.write_text(f"""
import sys, time
sys.path.insert(0, {os.getcwd()!r})
import fal_client.client
fal_client.client.QUEUE_URL_FORMAT = {fal.url + "/queue/"!r}
from tests.models.fal.test_fal import PROFILE, engine, order_for
far = engine()
ticket = far.submit(order_for(PROFILE, far), "take.1")
while far.collect(ticket) is None:
    print(ticket, flush=True)
    time.sleep(0.01)
""")
    worker = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    with worker.stdout:
        ticket = worker.stdout.readline().strip()
        worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
    fal.jobs["req-1"].life = [DONE]
    rendered = engine().collect(ticket)
    assert rendered is not None
    assert rendered.file == MADE
    assert len(fal.jobs) == 1, "it was made twice"


# --- submitting -------------------------------------------------------------------------------------------------


def test_it_waits_as_long_as_it_is_asked_to_and_is_charged_once(fal: FalServer):
    fal.script.submits = [Say(status=429, tree={"detail": "Too many requests"}, headers={"Retry-After": "3"})]
    clock, steps = Clock(), Steps()
    far = engine(clock=clock)
    far.submit(order_for(PROFILE, far, on_step=steps), "take.1")
    assert clock.slept == [1.0, 1.0, 1.0]
    assert steps.told == [("wait", 0, 3), ("wait", 1, 3), ("wait", 2, 3)]
    assert (len(fal.jobs), fal.count("POST")) == (1, 2)


def test_a_cancel_is_heard_while_it_waits(fal: FalServer):
    fal.script.submits = [Say(status=429, tree={}, headers={"Retry-After": "30"})]
    clock = Clock()
    far = engine(clock=clock)
    with pytest.raises(Stopped):
        far.submit(order_for(PROFILE, far, on_step=Steps(stop_at=3)), "take.1")
    assert (len(clock.slept), fal.jobs) == (2, {})


def test_it_does_not_wait_for_ever(fal: FalServer):
    fal.script.submits = [Say(status=429, tree={"detail": "Slow down"}) for _ in range(20)]
    clock = Clock()
    far = engine(clock=clock)
    with pytest.raises(Unreachable, match="Slow down"):
        far.submit(order_for(PROFILE, far), "take.1")
    assert 30 <= sum(clock.slept) <= 60
    fal.script.submits = [Say(status=429, tree={"detail": "Slow down"}, headers={"Retry-After": "3600"})]
    refused(Unreachable)
    assert fal.jobs == {}


def test_a_submission_that_is_cut_is_not_sent_again(fal: FalServer):
    fal.script.take_and_cut = 5
    error = refused(SubmissionUnsure)
    assert "may or may not" in error.message
    assert (len(fal.jobs), fal.count("POST")) == (1, 1), "the client sent it again"
    assert engine().find("take.1") is None


@pytest.mark.parametrize(
    "said",
    [
        Say(status=500, tree={"detail": "Internal Server Error"}),
        Say(status=502, text="<html>nginx</html>"),
        Say(status=504, text="<html>nginx</html>"),
        Say(text="not JSON"),
        Say(tree={"request": "?"}),
    ],
    ids=lambda said: f"{said.status}-{said.text or said.tree}",
)
def test_an_answer_that_leaves_it_open_is_not_asked_again(fal: FalServer, said: Say):
    fal.script.submits = [said] * 3
    refused(SubmissionUnsure)
    assert fal.count("POST") == 1


def test_an_answer_that_never_comes_leaves_it_open(fal: FalServer):
    fal.script.submits = [Say(hang=True)]
    far = engine(seconds=0.2)
    order, began = order_for(PROFILE, far), time.monotonic()
    with pytest.raises(SubmissionUnsure):
        far.submit(order, "take.1")
    assert time.monotonic() - began < 15, "it waited until the provider gave up"
    assert fal.count("POST") == 1


def test_what_could_not_be_sent_may_be_sent_again(fal: FalServer):
    fal.script.submits = [Say(status=503, text="<html>nginx</html>")]
    refused(Unreachable)
    far = engine()
    order = order_for(PROFILE, far)
    fal.stop()
    with pytest.raises(Unreachable) as error:
        far.submit(order, "take.1")
    check_error(error.value, KEY)
    assert fal.jobs == {}


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (Say(status=401, tree={"detail": f"Cannot access application, key {KEY}"}), KeyRefused, "FAL_KEY"),
        (
            Say(status=403, tree={"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal."}),
            KeyRefused,
            "no credit left",
        ),
        (Say(status=403, tree={"detail": "User is locked. Reason: Admin lock."}), KeyRefused, "Admin lock"),
        (Say(status=404, tree={"detail": "Application 'x' not found"}), InvalidInput, "not found"),
        (Say(status=422, tree={"detail": [MISSING]}), InvalidInput, "image_urls.0: Field required"),
        (Say(status=413, text="too large"), InvalidInput, "too large"),
        (Say(status=422, tree={"detail": [POLICY]}), Refused, "flagged"),
    ],
)
def test_each_refusal_says_what_it_is(fal: FalServer, said: Say, error: type[SamecastError], words: str):
    fal.script.submits = [said]
    assert words in str(refused(error))
    assert fal.count("POST") == 1


def test_large_pictures_are_uploaded_first(fal: FalServer):
    far, steps = engine(), Steps()
    pictures = [noise(1200), noise(1201)]
    far.submit(order_for(PROFILE, far, pictures, on_step=steps), "take.1")
    urls = fal.jobs["req-1"].arguments["image_urls"]
    assert urls == list(fal.uploads)
    assert [opened(content).shape for content in fal.uploads.values()] == [(1200, 1200, 3), (1201, 1201, 3)]
    assert steps.told == [("upload", 0, 2), ("upload", 1, 2)]


def test_pictures_are_made_no_larger_than_the_entry_says(fal: FalServer):
    profile = replace(PROFILE, setup={**PROFILE.setup, "longest": 128})
    far = engine(profile)
    far.submit(order_for(profile, far, [FACE, noise(1200)]), "take.1")
    shown = [opened(from_data_url(url)).shape for url in fal.jobs["req-1"].arguments["image_urls"]]
    assert shown == [(128, 128, 3), (128, 128, 3)]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Say(status=401, tree={"detail": "No"}), KeyRefused),
        (Say(status=503, tree={}), Unreachable),
        (Say(cut=True), Unreachable),
    ],
)
def test_an_upload_that_fails_begins_nothing(fal: FalServer, said: Say, error: type[SamecastError]):
    fal.script.token = said
    far = engine()
    with pytest.raises(error) as raised:
        far.submit(order_for(PROFILE, far, [noise(1300)]), "take.1")
    check_error(raised.value, KEY)
    assert fal.jobs == {}


# --- collecting -------------------------------------------------------------------------------------------------


def test_a_connection_that_is_cut_while_it_waits_costs_nothing(fal: FalServer):
    ticket = submitted()
    fal.script.statuses = [
        Say(cut=True), Say(status=502, text="<html>nginx</html>"), Say(status=429, tree={}), Say(text="?")
    ]  # fmt: skip
    for _ in range(4):
        before = fal.count("GET")
        refused(Unreachable, ticket)
        assert fal.count("GET") - before == 1, "the client tried again by itself"
    rendered = engine().collect(ticket)
    assert rendered is not None
    assert (rendered.file, len(fal.jobs)) == (MADE, 1)


@pytest.mark.parametrize(
    ("result", "error", "words", "charged"),
    [
        (Say(status=422, tree={"detail": [POLICY]}), Refused, "flagged", False),
        (Say(status=422, tree={"detail": [POLICY]}, headers={"x-fal-billable-units": "1.5"}), Refused, "", True),
        (Say(status=422, tree={"detail": [MISSING]}), RenderFailed, "image_urls.0: Field required", False),
        (Say(status=422, tree={"detail": [MISSING]}, headers={"x-fal-billable-units": "2"}), RenderFailed, "", True),
        (
            Say(status=504, tree={"detail": "Request timed out", "error_type": "request_timeout"}),
            RenderFailed,
            "request timeout: Request timed out",
            False,
        ),
        (
            Say(status=500, tree={"detail": [{"loc": ["body"], "msg": "Boom", "type": "internal_server_error"}]}),
            RenderFailed,
            "Boom",
            False,
        ),
        (Say(status=404, tree={"detail": "Request not found"}), RenderFailed, "no longer has this take", True),
        (Say(tree={"images": []}), RenderFailed, "no file at images.0.url", True),
        (Say(tree={"images": [{"url": "http://example.com/a.png"}]}), RenderFailed, "nothing is fetched from", True),
    ],
)
def test_each_bad_end_says_what_it_is_and_what_it_costs(
    fal: FalServer, result: Say, error: type[RenderFailed], words: str, charged: bool
):
    ticket = submitted()
    fal.script.result = result
    raised = refused(error, ticket)
    assert isinstance(raised, RenderFailed)
    assert words in str(raised)
    assert raised.charged is charged


def test_a_job_that_ended_in_an_error_says_it(fal: FalServer):
    fal.script.life = ({**DONE, "error": "Runner died", "error_type": "runner_disconnected"},)
    raised = refused(RenderFailed, submitted())
    assert "runner disconnected: Runner died" in raised.message


def test_an_infrastructure_failure_of_the_result_is_asked_again(fal: FalServer):
    ticket = submitted()
    fal.script.result = Say(status=502, text="<html>nginx</html>")
    refused(Unreachable, ticket)


@pytest.mark.parametrize("ticket", [f"{APP}#req-77", "nothing", f"{APP}#../../x", ""])
def test_a_job_that_nobody_knows_is_lost(fal: FalServer, ticket: str):
    assert "no longer has" in refused(RenderFailed, ticket).message


def test_a_result_that_has_expired_is_lost(fal: FalServer):
    ticket = submitted()
    fal.script.file = Say(status=404, text="gone")
    assert "no longer has" in refused(RenderFailed, ticket).message


def test_only_one_of_several_pictures_is_kept_and_that_is_said(fal: FalServer):
    ticket = submitted()
    where = {"url": f"{fal.url}/out/a.png"}
    fal.script.result = Say(tree={"images": [where, where, where]})
    rendered = engine().collect(ticket)
    assert rendered is not None
    assert rendered.notes == ("fal made 3 of it; the first is kept.",)


def test_a_picture_may_come_inside_the_answer(fal: FalServer):
    from samecast.models.hosted.pictures import data_url

    ticket = submitted()
    fal.script.result = Say(tree={"images": [{"url": data_url(MADE)}]})
    rendered = engine().collect(ticket)
    assert rendered is not None
    assert rendered.file == MADE
    fal.script.result = Say(tree={"images": [{"url": "data:image/png;base64,%%%"}]})
    refused(RenderFailed, ticket)


def test_cancelling_reaches_the_provider_and_is_harmless_too_late(fal: FalServer):
    ticket, far = submitted(), engine()
    far.cancel(ticket)
    far.cancel(ticket)
    assert fal.jobs["req-1"].cancelled == 2
    far.cancel(f"{APP}#req-77")
    fal.stop()
    with pytest.raises(Unreachable):
        engine().cancel(ticket)


# --- keys, parts, entries ---------------------------------------------------------------------------------------


def test_the_key_is_nowhere_but_in_its_header(fal: FalServer, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        ticket = submitted()
        far = engine()
        far.collect(ticket)
        fal.script.submits = [Say(status=401, tree={"detail": f"bad key {KEY}"})]
        refused(KeyRefused)
    for text in (ticket, far.version, repr(far), caplog.text, *os.environ.values()):
        assert KEY not in text
        assert KEY.split(":")[1] not in text
    assert caplog.records, "nothing was logged at all, so nothing was proven"


def test_another_key_is_used_as_soon_as_it_is_there(fal: FalServer):
    keys = dict(KEYS, FAL_KEY="old-key")
    far = Fal(PROFILE, GivenKeys(keys), sleep=Clock().sleep)
    fal.script.submits = [Say(status=401, tree={"detail": "no"})]
    with pytest.raises(KeyRefused):
        far.submit(order_for(PROFILE, far), "take.1")
    assert fal.wrong.pop().startswith("key of")
    keys["FAL_KEY"] = KEY
    far.submit(order_for(PROFILE, far), "take.2")
    assert len(fal.jobs) == 1


def test_it_says_what_it_misses(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(MissingKey):
        Fal(PROFILE, GivenKeys()).check()
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "fal_client" else find(name))
    with pytest.raises(MissingPart) as error:
        engine().check()
    assert error.value.hint == "pip install 'samecast[fal]'"


def test_the_client_is_imported_only_when_it_is_used():
    code = """
import sys
from samecast.models import fal
from tests.models.fal.orders import parts
from samecast.models.catalogue import parse_catalogue
import os
(profile,) = parse_catalogue(os.environ["ENTRY"]).values()
engine = fal.build(profile, parts({"FAL_KEY": "k"}))
engine.check(), engine.version
assert not {"fal_client", "httpx", "httpx2"} & set(sys.modules), "imported"
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ENTRY": ENTRY}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=120)


def test_the_entry_that_the_docs_show_works():
    (profile,) = entries_of("models-fal.md")
    assert module.build(profile, parts(KEYS)).version


def test_every_entry_that_ships_is_right():
    for profile in read_catalogue().values():
        if profile.engine == "fal":
            assert module.build(profile, parts(KEYS)).version


@pytest.mark.parametrize("app", [None, 7, "", "flux", "fal-ai/flux 2", "fal-ai/../x y"])
def test_an_app_that_is_none_is_refused(app: object):
    with pytest.raises(InvalidInput, match=r"setup\.app"):
        engine(replace(PROFILE, setup={**PROFILE.setup, "app": app}))
