"""A take's whole life on Replicate, over its own client: made once whatever happens, each bad end said as it is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.models.provider import life
from tests.models.provider.desk import stated
from tests.models.provider.elsewhere import Killed, check_light
from tests.models.provider.pictures import CAT, FACE, noise, opened, unpacked
from tests.models.provider.server import CUT, Answer
from tests.models.replicate.conftest import ENTRIES, ReplicateDesk
from tests.models.replicate.provider import BAR, MADE, MODEL, OLDER, TOKEN, VERSION, openapi, said

from samecast.core.errors import InvalidInput, KeyRefused, Refused, RenderFailed, SamecastError, Unreachable
from samecast.models.replicate import build
from samecast.models.replicate.engine import FRESH_SECONDS, Replicate
from samecast.ports import HostedEngine
from samecast.ports.contract import Steps

STARTING = {"status": "starting"}
PROCESSING = {"status": "processing", "logs": ""}
HALFWAY = {"status": "processing", "logs": BAR}
INVALID = {
    "title": "Input validation failed",
    "detail": "- input.prompt: is required\n",
    "invalid_fields": [{"type": "required", "field": "input.prompt", "description": "is required."}],
}
FLAGGED = "The input or output was flagged as sensitive. Please try again. (E005)"


class TestLife(life.Once, life.Waiting, life.Delivered, life.Keyed, life.Client, Killed):
    requests = 2  # the model's own description is read first
    key, status = "REPLICATE_API_TOKEN", (403, 404, 422)
    extra, package = "replicate", "replicate"
    finds = False
    patience = (60, 6)  # 2 + 4 + 8 + 16 + 30
    busy = (
        life.Busy((3,), (said(429, "Slow down.", retry_after="3"),)),
        life.Busy((3,), (said(429, "Request was throttled. Your rate limit resets in ~3s."),)),
    )
    unsure = (
        said(500, "Internal Server Error"),
        Answer(502, text="<html>"),
        Answer(524, text="<html>"),
        Answer(201, text="not JSON"),
        Answer(201, {"status": "starting"}),
    )
    refusal = (
        life.Refusal(said(401, f"Bad {TOKEN}", "Unauthenticated"), KeyRefused, "API_TOKEN"),
        life.Refusal(said(402, "You have insufficient credit.", "Insufficient credit"), KeyRefused, "no credit left"),
        life.Refusal(said(403, "Out of credit"), KeyRefused, "no credit left"),
        life.Refusal(Answer(422, INVALID), InvalidInput, "prompt: is required"),
        life.Refusal(Answer(503, text="down"), Unreachable, ""),
    )
    broken = (*life.Waiting.broken, Answer(504, text="<html>"), Answer(429, {}), Answer(text="?"))
    end = (
        life.End({"status": "failed", "error": FLAGGED}, Refused, "flagged as sensitive", False),
        life.End({"status": "failed", "error": "NSFW content detected. Try another prompt."}, Refused, "NSFW", False),
        life.End({"status": "failed", "error": "CUDA out of memory"}, RenderFailed, "CUDA out of memory", True),
        life.End({"status": "failed", "error": None}, RenderFailed, "no reason", True),
        life.End({"status": "canceled"}, RenderFailed, "canceled", True),
        life.End({"status": "aborted"}, RenderFailed, "aborted", False),
        life.End({"status": "succeeded", "output": None, "data_removed": True}, RenderFailed, "no longer has", True),
        life.End({"status": "succeeded", "output": {"text": "hello"}}, RenderFailed, "it has text", True),
    )
    nobody = ("pred77", "../models", "")
    expired = (Answer(404, text="gone"),)

    def says(self, status: int, words: str, **headers: str) -> Answer:
        return said(status, words, **headers)

    def hurried(self, desk: life.AnyDesk, monkeypatch: pytest.MonkeyPatch) -> HostedEngine:
        """The client itself would wait for ever: it sets no limit for a submission."""
        return Replicate(desk.profile, desk.parts.keys, sleep=desk.time.sleep, seconds=0.2)


@pytest.mark.parametrize("model", ["far", "far-clips", "pinned"])
def test_it_keeps_the_contract(desk: ReplicateDesk, model: str):
    desk.server.life = [STARTING, PROCESSING, HALFWAY, desk.server.done]
    desk.of(model).check_contract(FACE, CAT)


def test_what_is_sent_is_what_the_entry_says(desk: ReplicateDesk):
    order = desk.order(FACE, CAT, seed=99)
    assert desk.engine().submit(order, "take.1") == "pred1"
    made = desk.server.job
    sent = dict(made.body["input"])
    shown = [opened(unpacked(url)) for url in sent.pop("input_images")]
    assert all(np.array_equal(picture, given.rgb) for picture, given in zip(shown, (FACE, CAT), strict=True))
    assert sent == {
        "prompt": order.recipe.said,
        "aspect_ratio": "4:5",
        "seed": 99,
        "safety_tolerance": 2,
        "output_format": "png",
    }
    assert (made.body["model"], made.body["version"]) == (MODEL, "hidden")


def test_a_version_that_is_pinned_is_the_one_that_is_described_and_run(desk: ReplicateDesk):
    pinned = desk.of("pinned")
    pinned.submit(FACE)
    assert desk.server.job.body["version"] == OLDER
    assert desk.server.count("GET", f"/versions/{OLDER}") == 1
    assert pinned.engine().version == f"{MODEL}:{OLDER[:12]}@1"


@pytest.mark.parametrize("several", [False, True])
def test_an_answer_is_one_address_or_a_list(desk: ReplicateDesk, several: bool):
    url = f"{desk.server.url}/out/made.png"
    desk.server.life = [{"status": "succeeded", "output": [url, url] if several else url}]
    rendered = desk.came(desk.submit(FACE))
    assert rendered.file == MADE
    assert rendered.notes == (("Replicate made 2 of it; the first is kept.",) if several else ())


def test_an_entry_says_where_else_the_file_is(desk: ReplicateDesk):
    desk.server.life = [{"status": "succeeded", "output": {"clip": {"file": f"{desk.server.url}/out/a.mp4"}}}]
    elsewhere = desk.with_setup(output="clip.file")
    ticket = elsewhere.submit(FACE)
    assert elsewhere.came(ticket).file == MADE
    assert "no file" in desk.refused(RenderFailed, lambda: desk.came(ticket)).message


def test_how_far_it_is_is_told_while_it_waits(desk: ReplicateDesk):
    desk.server.life = [STARTING, PROCESSING, HALFWAY, desk.server.done]
    ticket, far = desk.submit(FACE), desk.engine()
    told = []
    while far.collect(ticket) is None:
        told.append(far.progress(ticket))
    assert told == [("queue", 0, 1), ("render", 0, 1), ("render", 9, 20)]
    assert far.progress(ticket) is None


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
    desk: ReplicateDesk, changes: dict[str, Any], words: str
):
    far = desk.with_setup(**changes)
    assert words in desk.refused(InvalidInput, lambda: far.submit(noise(900))).message
    assert desk.server.count("POST") == 0, "a picture or a take was sent all the same"


def test_what_the_model_requires_is_told(desk: ReplicateDesk):
    tree = {"required": ["prompt", "mask"], "properties": {"prompt": {"type": "string"}, "mask": {"type": "string"}}}
    desk.server.schema = openapi(tree)
    bare = desk.with_setup(references=None, aspect=None, seed=None, extra=None).profile
    bare = replace(bare, references=0, options=(), aspects=bare.aspects[:1])
    assert "needs the input 'mask'" in desk.refused(InvalidInput, lambda: desk.of(bare).submit()).message


def test_the_description_is_read_again_only_when_it_may_have_changed(desk: ReplicateDesk):
    far, pinned = desk.engine(), desk.of("pinned").engine()

    def submit(key: str) -> tuple[int, int]:
        far.submit(desk.order(FACE), key)
        pinned.submit(desk.of("pinned").order(FACE), key)
        return desk.server.count("GET", f"/models/{MODEL}"), desk.server.count("GET", "/versions/")

    assert [submit(f"take.{number}") for number in range(3)] == [(2, 1)] * 3
    desk.time.now += FRESH_SECONDS + 1
    assert submit("take.4") == (3, 1)


def test_the_description_waits_as_patiently_and_the_client_never_by_itself(desk: ReplicateDesk):
    desk.server.models.append(said(429, "", retry_after="2"))
    desk.submit(FACE)
    assert desk.time.slept == [1.0, 1.0]
    desk.server.models.append(Answer(503, text="down"))
    desk.refused(Unreachable)
    assert desk.server.count("GET", "/models/") == 3, "the client asked again by itself"


@pytest.mark.parametrize("answer", [Answer(200, {"owner": "x"}), Answer(text="?")], ids=["strange", "unreadable"])
def test_a_model_that_describes_nothing_is_shot_unchecked_only_on_demand(desk: ReplicateDesk, answer: Answer):
    desk.server.models.append(answer)
    error = desk.refused(InvalidInput)
    assert "cannot be checked" in error.message
    assert "check = false" in error.hint
    desk.with_setup(check=False).submit(FACE)
    assert desk.server.count("GET", "/models/") == 1
    assert len(desk.server.jobs) == 1


def test_what_is_not_checked_first_is_not_sent_either_where_nothing_listens(desk: ReplicateDesk):
    desk.server.stop()
    desk.refused(Unreachable, lambda: desk.with_setup(check=False).submit(FACE))


def test_a_model_that_is_not_there_is_told(desk: ReplicateDesk):
    desk.server.models.append(said(404, "It could not be found.", "Not found"))
    error = desk.refused(InvalidInput)
    assert f"cannot run {MODEL}" in error.message
    assert "setup" in error.hint


def test_a_model_that_runs_only_by_version_names_its_newest(desk: ReplicateDesk):
    desk.server.script.append(said(404, "The requested resource could not be found."))
    assert f'version = "{VERSION}"' in desk.refused(InvalidInput).hint


# --- submitting -------------------------------------------------------------------------------------------------


def test_what_replicate_says_of_a_crowd_is_repeated(desk: ReplicateDesk):
    desk.server.script.extend([said(429, "Slow down.")] * 20)
    assert "Slow down" in desk.refused(Unreachable).message


def test_large_pictures_are_uploaded_first(desk: ReplicateDesk):
    steps = Steps()
    desk.submit(noise(600), noise(601), told=steps)
    assert desk.server.job.body["input"]["input_images"] == list(desk.server.uploads)
    assert [opened(content).shape for content in desk.server.uploads.values()] == [(600, 600, 3), (601, 601, 3)]
    assert steps.told == [("upload", 0, 2), ("upload", 1, 2)]


@pytest.mark.parametrize(("answer", "kind"), [(Answer(401, {}), KeyRefused), (CUT, Unreachable)])
def test_an_upload_that_fails_begins_nothing(desk: ReplicateDesk, answer: Answer, kind: type[SamecastError]):
    desk.server.uploading.append(answer)
    desk.refused(kind, lambda: desk.submit(noise(700)))
    assert desk.server.jobs == {}


# --- collecting -------------------------------------------------------------------------------------------------


def test_a_state_that_the_client_does_not_know_is_asked_again(desk: ReplicateDesk):
    desk.server.life = [{"status": "dreaming"}]
    ticket = desk.submit(FACE)
    desk.refused(Unreachable, lambda: desk.engine().collect(ticket))


def test_cancelling_reaches_the_provider_and_is_harmless_too_late(desk: ReplicateDesk):
    desk.server.life = [STARTING, desk.server.done]
    ticket, far = desk.submit(FACE), desk.engine()
    far.cancel(ticket)  # answered with a state that the client does not know
    desk.server.job.life = [PROCESSING]
    far.cancel(ticket)
    assert desk.server.job.cancelled == 2
    far.cancel("pred77")
    desk.server.stop()
    desk.refused(Unreachable, lambda: desk.engine().cancel(ticket))


# --- parts, entries ---------------------------------------------------------------------------------------------


def test_the_client_is_imported_only_when_it_is_used():
    check_light("replicate", stated("replicate", ENTRIES), {"REPLICATE_API_TOKEN": "k"}, "replicate", "httpx")


def test_the_entry_that_the_docs_show_works(desk: ReplicateDesk):
    life.check_shown("replicate", build, desk)


def test_every_entry_that_ships_is_right(desk: ReplicateDesk):
    life.check_ships("replicate", build, desk)


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
def test_an_entry_that_is_wrong_is_refused_by_its_key(desk: ReplicateDesk, changes: dict[str, Any], words: str):
    with pytest.raises(InvalidInput, match=words):
        desk.with_setup(**changes).engine()
