"""A take's whole life on fal, over its own client: made once whatever happens, and each bad end said for what it is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.models.fal.conftest import ENTRIES, FalDesk
from tests.models.fal.provider import APP, DONE, KEY, MADE, NEXT, QUEUED, WORKING, said
from tests.models.provider import life
from tests.models.provider.desk import stated
from tests.models.provider.elsewhere import Killed, check_light
from tests.models.provider.pictures import CAT, FACE, noise, opened, unpacked
from tests.models.provider.server import CUT, Answer

from samecast.core.errors import InvalidInput, KeyRefused, Refused, RenderFailed, SamecastError, Unreachable
from samecast.models.fal import build
from samecast.models.fal.engine import Fal
from samecast.models.hosted.pictures import data_url
from samecast.ports import HostedEngine
from samecast.ports.contract import Steps

POLICY = {
    "loc": ["body", "prompt"],
    "msg": "The content could not be processed because it was flagged by a content checker.",
    "type": "content_policy_violation",
    "input": KEY,
}
MISSING = {"loc": ["body", "image_urls", 0], "msg": "Field required.", "type": "missing"}
TIMEOUT = {"detail": "Request timed out", "error_type": "request_timeout"}
BOOM = {"loc": ["body"], "msg": "Boom", "type": "internal_server_error"}
BILLED = {"x-fal-billable-units": "1.5"}
NGINX = "<html>nginx</html>"


class TestLife(life.Once, life.Waiting, life.Delivered, life.Keyed, life.Client, Killed):
    key, status = "FAL_KEY", (403, 404, 422)
    extra, package = "fal", "fal_client"
    finds = False
    patience = (60, 6)  # 2 + 4 + 8 + 16 + 30
    busy = (life.Busy((3,), (said(429, "Too many requests", retry_after="3"),)),)
    unsure = (
        said(500, "Internal Server Error"),
        Answer(502, text=NGINX),
        Answer(504, text=NGINX),
        Answer(text="not JSON"),
        Answer(200, {"request": "?"}),
    )
    refusal = (
        life.Refusal(said(401, f"Cannot access application, key {KEY}"), KeyRefused, "FAL_KEY"),
        life.Refusal(
            said(403, "User is locked. Reason: Exhausted balance. Top up your balance at fal."),
            KeyRefused,
            "no credit left",
        ),
        life.Refusal(said(403, "User is locked. Reason: Admin lock."), KeyRefused, "Admin lock"),
        life.Refusal(said(404, "Application 'x' not found"), InvalidInput, "not found"),
        life.Refusal(said(422, [MISSING]), InvalidInput, "image_urls.0: Field required"),
        life.Refusal(Answer(413, text="too large"), InvalidInput, "too large"),
        life.Refusal(said(422, [POLICY]), Refused, "flagged"),
        life.Refusal(Answer(503, text=NGINX), Unreachable, ""),
    )
    broken = (*life.Waiting.broken, Answer(429, {}), Answer(text="?"))
    end = (
        life.End(said(422, [POLICY]), Refused, "flagged", False),
        life.End(replace(said(422, [POLICY]), headers=BILLED), Refused, "", True),
        life.End(said(422, [MISSING]), RenderFailed, "image_urls.0: Field required", False),
        life.End(replace(said(422, [MISSING]), headers=BILLED), RenderFailed, "", True),
        life.End(Answer(504, TIMEOUT), RenderFailed, "request timeout: Request timed out", False),
        life.End(said(500, [BOOM]), RenderFailed, "Boom", False),
        life.End(said(404, "Request not found"), RenderFailed, "no longer has this take", True),
        life.End(Answer(200, {"images": []}), RenderFailed, "no file at images.0.url", True),
        life.End(
            Answer(200, {"images": [{"url": "http://example.com/a.png"}]}),
            RenderFailed,
            "nothing is fetched from",
            True,
        ),
    )
    nobody = (f"{APP}#req-77", "nothing", f"{APP}#../../x", "")
    expired = (Answer(404, text="gone"),)
    worker = """
import fal_client.client
from tests.models.fal.provider import places
for name, where in places(url).items():
    setattr(fal_client.client, name, where)
"""

    def says(self, status: int, words: str, **headers: str) -> Answer:
        return said(status, words, **headers)

    def hurried(self, desk: life.AnyDesk, monkeypatch: pytest.MonkeyPatch) -> HostedEngine:
        return Fal(desk.profile, desk.parts.keys, sleep=desk.time.sleep, seconds=0.2)

    def ends(self, desk: life.AnyDesk, how: Any) -> None:
        desk.server.result = how


@pytest.mark.parametrize("model", ["far", "far-clips"])
def test_it_keeps_the_contract(desk: FalDesk, model: str):
    desk.server.life = [QUEUED, NEXT, WORKING, DONE]
    desk.of(model).check_contract(FACE, CAT)


def test_what_is_sent_is_what_the_entry_says(desk: FalDesk):
    order = desk.order(FACE, CAT, seed=99)
    assert desk.engine().submit(order, "take.1") == f"{APP}#req-1"
    sent = dict(desk.server.job.body["arguments"])
    shown = [opened(unpacked(url)) for url in sent.pop("image_urls")]
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


def test_a_clip_is_ordered_by_aspect_and_length(desk: FalDesk):
    clips = desk.of("far-clips")
    ticket = clips.submit(FACE)
    sent = desk.server.job.body["arguments"]
    assert (sent["aspect_ratio"], sent["duration"], sent["generate_audio"]) == ("16:9", "8s", True)
    assert clips.came(ticket).file == MADE


def test_how_far_it_is_is_told_while_it_waits(desk: FalDesk):
    desk.server.life = [QUEUED, NEXT, WORKING, DONE]
    ticket, far = desk.submit(FACE), desk.engine()
    assert far.progress(ticket) is None
    told = []
    while (rendered := far.collect(ticket)) is None:
        told.append(far.progress(ticket))
    assert told == [("queue", 0, 2), ("queue", 2, 2), ("render", 9, 20)]
    assert rendered.file == MADE
    assert far.progress(ticket) is None, "nothing is kept of what is over"


# --- submitting -------------------------------------------------------------------------------------------------


def test_what_fal_says_of_a_crowd_is_repeated(desk: FalDesk):
    desk.server.script.extend([said(429, "Slow down")] * 20)
    assert "Slow down" in desk.refused(Unreachable).message


def test_large_pictures_are_uploaded_first(desk: FalDesk):
    steps = Steps()
    desk.submit(noise(1200), noise(1201), told=steps)
    assert desk.server.job.body["arguments"]["image_urls"] == list(desk.server.uploads)
    shapes = [opened(content).shape for content in desk.server.uploads.values()]
    assert shapes == [(1200, 1200, 3), (1201, 1201, 3)]
    assert steps.told == [("upload", 0, 2), ("upload", 1, 2)]


def test_pictures_are_made_no_larger_than_the_entry_says(desk: FalDesk):
    desk.with_setup(longest=128).submit(FACE, noise(1200))
    urls = desk.server.job.body["arguments"]["image_urls"]
    assert [opened(unpacked(url)).shape for url in urls] == [(128, 120, 3), (128, 128, 3)]


@pytest.mark.parametrize(
    ("answer", "kind"), [(said(401, "No"), KeyRefused), (Answer(503, {}), Unreachable), (CUT, Unreachable)]
)
def test_an_upload_that_fails_begins_nothing(desk: FalDesk, answer: Answer, kind: type[SamecastError]):
    desk.server.tokens = [answer]
    desk.refused(kind, lambda: desk.submit(noise(1300)))
    assert desk.server.jobs == {}


# --- collecting -------------------------------------------------------------------------------------------------


def test_a_job_that_ended_in_an_error_says_it(desk: FalDesk):
    desk.server.life = [{**DONE, "error": "Runner died", "error_type": "runner_disconnected"}]
    ticket = desk.submit(FACE)
    error = desk.refused(RenderFailed, lambda: desk.engine().collect(ticket))
    assert "runner disconnected: Runner died" in error.message


def test_an_infrastructure_failure_of_the_result_is_asked_again(desk: FalDesk):
    ticket = desk.submit(FACE)
    desk.server.result = Answer(502, text=NGINX)
    desk.refused(Unreachable, lambda: desk.engine().collect(ticket))


def test_only_one_of_several_pictures_is_kept_and_that_is_said(desk: FalDesk):
    where = {"url": f"{desk.server.url}/out/a.png"}
    desk.server.result = Answer(200, {"images": [where, where, where]})
    assert desk.came(desk.submit(FACE)).notes == ("fal made 3 of it; the first is kept.",)


def test_a_picture_may_come_inside_the_answer(desk: FalDesk):
    ticket = desk.submit(FACE)
    desk.server.result = Answer(200, {"images": [{"url": data_url(MADE)}]})
    assert desk.came(ticket).file == MADE
    desk.server.result = Answer(200, {"images": [{"url": "data:image/png;base64,%%%"}]})
    desk.refused(RenderFailed, lambda: desk.came(ticket))


def test_cancelling_reaches_the_provider_and_is_harmless_too_late(desk: FalDesk):
    ticket, far = desk.submit(FACE), desk.engine()
    far.cancel(ticket)
    far.cancel(ticket)
    assert desk.server.job.cancelled == 2
    far.cancel(f"{APP}#req-77")
    desk.server.stop()
    desk.refused(Unreachable, lambda: desk.engine().cancel(ticket))


# --- keys, parts, entries ---------------------------------------------------------------------------------------


def test_another_key_is_used_as_soon_as_it_is_there(desk: FalDesk):
    far, order = desk.engine(), desk.order(FACE)
    desk.keys["FAL_KEY"] = "old-key"
    desk.refused(KeyRefused, lambda: far.submit(order, "take.1"))
    desk.keys["FAL_KEY"] = KEY
    far.submit(order, "take.2")
    assert len(desk.server.jobs) == 1


def test_the_client_is_imported_only_when_it_is_used():
    check_light("fal", stated("fal", ENTRIES), {"FAL_KEY": "k"}, "fal_client", "httpx")


def test_the_entry_that_the_docs_show_works(desk: FalDesk):
    life.check_shown("fal", build, desk)


def test_every_entry_that_ships_is_right(desk: FalDesk):
    life.check_ships("fal", build, desk)


@pytest.mark.parametrize("app", [None, 7, "", "flux", "fal-ai/flux 2", "fal-ai/../x y"])
def test_an_app_that_is_none_is_refused(desk: FalDesk, app: object):
    with pytest.raises(InvalidInput, match=r"setup\.app"):
        desk.of(replace(desk.profile, setup={**desk.profile.setup, "app": app})).engine()
