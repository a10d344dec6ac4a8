"""A take's whole life on Replicate, over its own client: made once whatever happens, each bad end said as it is."""

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
from tests.models.fal.serving import Clock, Say, from_data_url, opened
from tests.models.replicate.provider import BAR, MADE, MODEL, OLDER, TOKEN, VERSION, ReplicateServer, openapi

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
from samecast.models import replicate as module
from samecast.models.catalogue import read_catalogue
from samecast.models.replicate.engine import FRESH_SECONDS, Replicate
from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.contract import Steps, check_error, check_hosted

ENTRY = """
[[model]]
id = "far"
name = "Far"
engine = "replicate"
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
resource = "replicate"
references = 4
mentions = {}
still_sizes = { "4:5" = "896x1120", "16:9" = "1344x752" }
[model.options.safety_tolerance]
kind = "whole"
says = "How much passes."
least = 1
most = 5
default = 2
[model.setup]
model = "black-forest-labs/flux-2-pro"
references = "input_images"
aspect = "aspect_ratio"
seed = "seed"
extra = { output_format = "png" }
"""
PROFILE = profile_of(ENTRY)
CLIP_PROFILE = replace(PROFILE, id="far-clips", kinds=("video",), max_seconds=8.0, lengths=(8.0,))
PINNED = replace(PROFILE, setup={**PROFILE.setup, "version": OLDER})
KEYS = {"REPLICATE_API_TOKEN": TOKEN}
STARTING = {"status": "starting"}
PROCESSING = {"status": "processing", "logs": ""}
HALFWAY = {"status": "processing", "logs": BAR}


def engine(profile: ModelProfile = PROFILE, clock: Clock | None = None, *, seconds: float = 10.0) -> Replicate:
    clock = clock or Clock()
    return Replicate(profile, GivenKeys(KEYS), sleep=clock.sleep, clock=clock, seconds=seconds)


def submitted(profile: ModelProfile = PROFILE) -> str:
    far = engine(profile)
    return far.submit(order_for(profile, far), "take.1")


def refused(error: type[SamecastError], ticket: str | None = None, profile: ModelProfile = PROFILE) -> SamecastError:
    """The error of a submission, or of collecting that ticket; one line with a hint, and no key in it."""
    far = engine(profile)
    with pytest.raises(error) as raised:
        far.submit(order_for(profile, far), "take.1") if ticket is None else far.collect(ticket)
    assert type(raised.value) is error
    check_error(raised.value, TOKEN)
    return raised.value


def with_setup(**changes: object) -> ModelProfile:
    setup = {key: value for key, value in {**PROFILE.setup, **changes}.items() if value is not None}
    return replace(PROFILE, setup=setup)


# --- the whole life ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [PROFILE, CLIP_PROFILE, PINNED], ids=["stills", "clips", "pinned"])
def test_it_keeps_the_contract(replicate: ReplicateServer, profile: ModelProfile):
    replicate.script.life = (STARTING, PROCESSING, HALFWAY, replicate.done)

    def build() -> HostedEngine:
        return module.build(profile, parts(KEYS))

    check_hosted(build, profile, [FACE, CAT], jobs=lambda: len(replicate.predictions))


def test_what_is_sent_is_what_the_entry_says(replicate: ReplicateServer):
    far = engine()
    order = order_for(PROFILE, far, [FACE, CAT], seed=99)
    assert far.submit(order, "take.1") == "pred1"
    made = replicate.predictions["pred1"]
    sent = dict(made.input)
    shown = [opened(from_data_url(url)) for url in sent.pop("input_images")]
    assert all(np.array_equal(picture, given.rgb) for picture, given in zip(shown, (FACE, CAT), strict=True))
    assert sent == {
        "prompt": order.recipe.said,
        "aspect_ratio": "4:5",
        "seed": 99,
        "safety_tolerance": 2,
        "output_format": "png",
    }
    assert (made.model, made.version) == (MODEL, "hidden")


def test_a_version_that_is_pinned_is_the_one_that_is_described_and_run(replicate: ReplicateServer):
    ticket = submitted(PINNED)
    assert replicate.predictions[ticket].version == OLDER
    assert replicate.count("GET", f"/versions/{OLDER}") == 1
    assert engine(PINNED).version == f"{MODEL}:{OLDER[:12]}@1"


@pytest.mark.parametrize("several", [False, True])
def test_an_answer_is_one_address_or_a_list(replicate: ReplicateServer, several: bool):
    url = f"{replicate.url}/out/made.png"
    replicate.script.life = ({"status": "succeeded", "output": [url, url] if several else url},)
    rendered = engine().collect(submitted())
    assert rendered is not None
    assert rendered.file == MADE
    assert rendered.notes == (("Replicate made 2 of it; the first is kept.",) if several else ())


def test_an_entry_says_where_else_the_file_is(replicate: ReplicateServer):
    profile = with_setup(output="clip.file")
    replicate.script.life = ({"status": "succeeded", "output": {"clip": {"file": f"{replicate.url}/out/a.mp4"}}},)
    rendered = engine(profile).collect(submitted(profile))
    assert rendered is not None
    assert rendered.file == MADE
    assert "no file" in refused(RenderFailed, "pred1").message


def test_how_far_it_is_is_told_while_it_waits(replicate: ReplicateServer):
    replicate.script.life = (STARTING, PROCESSING, HALFWAY, replicate.done)
    ticket, far = submitted(), engine()
    told = []
    while far.collect(ticket) is None:
        told.append(far.progress(ticket))
    assert told == [("queue", 0, 1), ("render", 0, 1), ("render", 9, 20)]
    assert far.progress(ticket) is None


def test_a_worker_that_is_killed_loses_nothing(replicate: ReplicateServer, tmp_path: Path):
    replicate.script.life = (STARTING,) * 1000 + (replicate.done,)
    script = tmp_path / "worker.py"
    script.write_text(f"""
import sys, time
sys.path.insert(0, {os.getcwd()!r})
from tests.models.replicate.test_replicate import PROFILE, engine, order_for
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
    replicate.predictions["pred1"].life = [replicate.done]
    rendered = engine().collect(ticket)
    assert rendered is not None
    assert rendered.file == MADE
    assert len(replicate.predictions) == 1, "it was made twice"


# --- the model's own description --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"references": "image_urls"}, "no input 'image_urls'; it has prompt, input_images"),
        ({"extra": {"output_format": "gif"}}, "one of png, jpg, webp as 'output_format'"),
        ({"prompt": "text"}, "no input 'text'"),
        ({"aspect": {"field": "aspect_ratio", "form": "{w}/{h}"}}, "as 'aspect_ratio', and not 4/5"),
    ],
)
def test_a_field_that_the_model_lacks_is_told_before_anything_is_sent(
    replicate: ReplicateServer, changes: dict[str, object], words: str
):
    profile = with_setup(**changes)
    far = engine(profile)
    with pytest.raises(InvalidInput) as error:
        far.submit(order_for(profile, far, [noise(900)]), "take.1")
    check_error(error.value, TOKEN)
    assert words in error.value.message
    assert replicate.count("POST") == 0, "a picture or a take was sent all the same"


def test_what_the_model_requires_is_told(replicate: ReplicateServer):
    tree = {"required": ["prompt", "mask"], "properties": {"prompt": {"type": "string"}, "mask": {"type": "string"}}}
    replicate.script.schema = openapi(tree)
    profile = replace(with_setup(references=None, aspect=None, seed=None, extra=None), references=0, options=())
    profile = replace(profile, aspects=profile.aspects[:1])
    far = engine(profile)
    with pytest.raises(InvalidInput, match="needs the input 'mask'"):
        far.submit(order_for(profile, far, []), "take.1")


def test_the_description_is_read_again_only_when_it_may_have_changed(replicate: ReplicateServer):
    clock = Clock()
    far, pinned = engine(clock=clock), engine(PINNED, clock)
    for _ in range(3):
        far.submit(order_for(PROFILE, far), "take.1")
        pinned.submit(order_for(PINNED, pinned), "take.2")
    assert (replicate.count("GET", f"/models/{MODEL}"), replicate.count("GET", "/versions/")) == (2, 1)
    clock.now += FRESH_SECONDS + 1
    far.submit(order_for(PROFILE, far), "take.3")
    pinned.submit(order_for(PINNED, pinned), "take.4")
    assert (replicate.count("GET", f"/models/{MODEL}"), replicate.count("GET", "/versions/")) == (3, 1)


@pytest.mark.parametrize("said", [Say(tree={"owner": "x"}), Say(text="?")], ids=["strange", "unreadable"])
def test_a_model_that_describes_nothing_is_shot_unchecked_only_on_demand(replicate: ReplicateServer, said: Say):
    replicate.script.models = [said]
    error = refused(InvalidInput)
    assert "cannot be checked" in error.message
    assert "check = false" in error.hint
    submitted(with_setup(check=False))
    assert replicate.count("GET", "/models/") == 1
    assert len(replicate.predictions) == 1


def test_a_model_that_is_not_there_is_told(replicate: ReplicateServer):
    replicate.script.models = [Say(status=404, tree={"title": "Not found", "detail": "It could not be found."})]
    error = refused(InvalidInput)
    assert f"cannot run {MODEL}" in error.message
    assert "setup" in error.hint


def test_a_model_that_runs_only_by_version_names_its_newest(replicate: ReplicateServer):
    replicate.script.creates = [Say(status=404, tree={"detail": "The requested resource could not be found."})]
    assert f'version = "{VERSION}"' in refused(InvalidInput).hint


# --- submitting -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        Say(status=429, tree={"detail": "Slow down."}, headers={"Retry-After": "3"}),
        Say(status=429, tree={"detail": "Request was throttled. Your rate limit resets in ~3s."}),
    ],
    ids=["header", "words"],
)
def test_it_waits_as_long_as_it_is_asked_to_and_is_charged_once(replicate: ReplicateServer, said: Say):
    replicate.script.creates = [said]
    clock, steps = Clock(), Steps()
    far = engine(clock=clock)
    far.submit(order_for(PROFILE, far, on_step=steps), "take.1")
    assert clock.slept == [1.0, 1.0, 1.0]
    assert steps.told == [("wait", 0, 3), ("wait", 1, 3), ("wait", 2, 3)]
    assert (len(replicate.predictions), replicate.count("POST")) == (1, 2)


def test_a_cancel_is_heard_while_it_waits(replicate: ReplicateServer):
    replicate.script.creates = [Say(status=429, tree={}, headers={"Retry-After": "30"})]
    clock = Clock()
    far = engine(clock=clock)
    with pytest.raises(Stopped):
        far.submit(order_for(PROFILE, far, on_step=Steps(stop_at=3)), "take.1")
    assert (len(clock.slept), replicate.predictions) == (2, {})


def test_it_does_not_wait_for_ever(replicate: ReplicateServer):
    replicate.script.creates = [Say(status=429, tree={"detail": "Slow down."}) for _ in range(20)]
    clock = Clock()
    far = engine(clock=clock)
    with pytest.raises(Unreachable, match="Slow down"):
        far.submit(order_for(PROFILE, far), "take.1")
    assert 30 <= sum(clock.slept) <= 60
    assert replicate.predictions == {}


def test_the_description_waits_as_patiently_and_the_client_never_by_itself(replicate: ReplicateServer):
    replicate.script.models = [Say(status=429, tree={}, headers={"Retry-After": "2"})]
    clock = Clock()
    far = engine(clock=clock)
    far.submit(order_for(PROFILE, far), "take.1")
    assert clock.slept == [1.0, 1.0]
    replicate.script.models = [Say(status=503, text="down")]
    refused(Unreachable)
    assert replicate.count("GET", "/models/") == 3, "the client asked again by itself"


def test_a_submission_that_is_cut_is_not_sent_again(replicate: ReplicateServer):
    replicate.script.take_and_cut = 5
    error = refused(SubmissionUnsure)
    assert "may or may not" in error.message
    assert (len(replicate.predictions), replicate.count("POST")) == (1, 1), "the client sent it again"
    assert engine().find("take.1") is None


@pytest.mark.parametrize(
    "said",
    [
        Say(status=500, tree={"detail": "Internal Server Error"}),
        Say(status=502, text="<html>"),
        Say(status=524, text="<html>"),
        Say(status=201, text="not JSON"),
        Say(status=201, tree={"status": "starting"}),
    ],
    ids=lambda said: f"{said.status}-{said.text or said.tree}",
)
def test_an_answer_that_leaves_it_open_is_not_asked_again(replicate: ReplicateServer, said: Say):
    replicate.script.creates = [said] * 3
    refused(SubmissionUnsure)
    assert replicate.count("POST") == 1


def test_an_answer_that_never_comes_leaves_it_open(replicate: ReplicateServer):
    """The client itself would wait for ever: it sets no limit for a submission."""
    replicate.script.creates = [Say(hang=True)]
    far = engine(seconds=0.2)
    order, began = order_for(PROFILE, far), time.monotonic()
    with pytest.raises(SubmissionUnsure):
        far.submit(order, "take.1")
    assert time.monotonic() - began < 15, "it waited until the provider gave up"
    assert replicate.count("POST") == 1


def test_what_could_not_be_sent_may_be_sent_again(replicate: ReplicateServer):
    replicate.script.creates = [Say(status=503, text="down")]
    refused(Unreachable)
    replicate.stop()
    for profile in (PROFILE, with_setup(check=False)):
        refused(Unreachable, profile=profile)
    assert replicate.predictions == {}


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (Say(status=401, tree={"title": "Unauthenticated", "detail": f"Bad {TOKEN}"}), KeyRefused, "API_TOKEN"),
        (
            Say(status=402, tree={"title": "Insufficient credit", "detail": "You have insufficient credit."}),
            KeyRefused,
            "no credit left",
        ),
        (Say(status=403, tree={"detail": "Out of credit"}), KeyRefused, "no credit left"),
        (
            Say(
                status=422,
                tree={
                    "title": "Input validation failed",
                    "detail": "- input.prompt: is required\n",
                    "invalid_fields": [{"type": "required", "field": "input.prompt", "description": "is required."}],
                },
            ),
            InvalidInput,
            "prompt: is required",
        ),
    ],
)
def test_each_refusal_says_what_it_is(replicate: ReplicateServer, said: Say, error: type[SamecastError], words: str):
    replicate.script.creates = [said]
    assert words in str(refused(error))
    assert replicate.count("POST") == 1


def test_large_pictures_are_uploaded_first(replicate: ReplicateServer):
    far, steps = engine(), Steps()
    far.submit(order_for(PROFILE, far, [noise(600), noise(601)], on_step=steps), "take.1")
    assert replicate.predictions["pred1"].input["input_images"] == list(replicate.uploads)
    assert [opened(content).shape for content in replicate.uploads.values()] == [(600, 600, 3), (601, 601, 3)]
    assert steps.told == [("upload", 0, 2), ("upload", 1, 2)]


@pytest.mark.parametrize(("said", "error"), [(Say(status=401, tree={}), KeyRefused), (Say(cut=True), Unreachable)])
def test_an_upload_that_fails_begins_nothing(replicate: ReplicateServer, said: Say, error: type[SamecastError]):
    replicate.script.files = [said]
    far = engine()
    with pytest.raises(error) as raised:
        far.submit(order_for(PROFILE, far, [noise(700)]), "take.1")
    check_error(raised.value, TOKEN)
    assert replicate.predictions == {}


# --- collecting -------------------------------------------------------------------------------------------------


def test_a_connection_that_is_cut_while_it_waits_costs_nothing(replicate: ReplicateServer):
    ticket = submitted()
    replicate.script.gets = [Say(cut=True), Say(status=504, text="<html>"), Say(status=429, tree={}), Say(text="?")]
    for _ in range(4):
        before = replicate.count("GET")
        refused(Unreachable, ticket)
        assert replicate.count("GET") - before == 1, "the client tried again by itself"
    rendered = engine().collect(ticket)
    assert rendered is not None
    assert (rendered.file, len(replicate.predictions)) == (MADE, 1)


@pytest.mark.parametrize(
    ("now", "error", "words", "charged"),
    [
        (
            {"status": "failed", "error": "The input or output was flagged as sensitive. Please try again. (E005)"},
            Refused,
            "flagged as sensitive",
            False,
        ),
        ({"status": "failed", "error": "NSFW content detected. Try another prompt."}, Refused, "NSFW", False),
        ({"status": "failed", "error": "CUDA out of memory"}, RenderFailed, "CUDA out of memory", True),
        ({"status": "failed", "error": None}, RenderFailed, "no reason", True),
        ({"status": "canceled"}, RenderFailed, "canceled", True),
        ({"status": "aborted"}, RenderFailed, "aborted", False),
        ({"status": "succeeded", "output": None, "data_removed": True}, RenderFailed, "no longer has", True),
        ({"status": "succeeded", "output": {"text": "hello"}}, RenderFailed, "it has text", True),
    ],
    ids=lambda value: str(value)[:50],
)
def test_each_bad_end_says_what_it_is_and_what_it_costs(
    replicate: ReplicateServer, now: dict[str, object], error: type[RenderFailed], words: str, charged: bool
):
    replicate.script.life = (now,)
    raised = refused(error, submitted())
    assert isinstance(raised, RenderFailed)
    assert words in str(raised)
    assert raised.charged is charged


def test_a_state_that_the_client_does_not_know_is_asked_again(replicate: ReplicateServer):
    replicate.script.life = ({"status": "dreaming"},)
    refused(Unreachable, submitted())


@pytest.mark.parametrize("ticket", ["pred77", "../models", ""])
def test_a_prediction_that_nobody_knows_is_lost(replicate: ReplicateServer, ticket: str):
    assert "no longer has" in refused(RenderFailed, ticket).message


def test_a_result_that_has_expired_is_lost(replicate: ReplicateServer):
    ticket = submitted()
    replicate.script.file = Say(status=404, text="gone")
    assert "no longer has" in refused(RenderFailed, ticket).message


def test_cancelling_reaches_the_provider_and_is_harmless_too_late(replicate: ReplicateServer):
    replicate.script.life = (STARTING, replicate.done)
    ticket, far = submitted(), engine()
    far.cancel(ticket)  # answered with a state that the client does not know
    replicate.predictions[ticket].life = [PROCESSING]
    far.cancel(ticket)
    assert replicate.predictions[ticket].cancelled == 2
    far.cancel("pred77")
    replicate.stop()
    with pytest.raises(Unreachable):
        engine().cancel(ticket)


# --- keys, parts, entries ---------------------------------------------------------------------------------------


def test_the_key_is_nowhere_but_in_its_header(replicate: ReplicateServer, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        ticket = submitted()
        far = engine()
        far.collect(ticket)
        replicate.script.creates = [Say(status=401, tree={"detail": f"bad key {TOKEN}"})]
        refused(KeyRefused)
    for text in (ticket, far.version, repr(far), caplog.text, *os.environ.values()):
        assert TOKEN not in text
    assert caplog.records, "nothing was logged at all, so nothing was proven"


def test_it_says_what_it_misses(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(MissingKey):
        Replicate(PROFILE, GivenKeys()).check()
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "replicate" else find(name))
    with pytest.raises(MissingPart) as error:
        engine().check()
    assert error.value.hint == "pip install 'samecast[replicate]'"


def test_the_client_is_imported_only_when_it_is_used():
    code = """
import os, sys
from samecast.models import replicate
from samecast.models.catalogue import parse_catalogue
from tests.models.fal.orders import parts
(profile,) = parse_catalogue(os.environ["ENTRY"]).values()
engine = replicate.build(profile, parts({"REPLICATE_API_TOKEN": "k"}))
engine.check(), engine.version
assert not {"replicate", "httpx", "httpx2"} & set(sys.modules), "imported"
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ENTRY": ENTRY}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=120)


def test_the_entry_that_the_docs_show_works():
    (profile,) = entries_of("models-replicate.md")
    assert module.build(profile, parts(KEYS)).version


def test_every_entry_that_ships_is_right():
    for profile in read_catalogue().values():
        if profile.engine == "replicate":
            assert module.build(profile, parts(KEYS)).version


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": None}, "setup.model"),
        ({"model": "flux"}, "setup.model"),
        ({"model": f"{MODEL}:{VERSION}"}, "setup.model"),
        ({"version": "latest"}, "setup.version"),
        ({"version": 7}, "setup.version"),
        ({"check": "no"}, "setup.check"),
        ({"app": "x"}, "no key app; it has model, version, check, prompt"),
    ],
)
def test_an_entry_that_is_wrong_is_refused_by_its_key(changes: dict[str, object], words: str):
    with pytest.raises(InvalidInput, match=words):
        engine(with_setup(**changes))
