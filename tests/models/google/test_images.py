"""Gemini's pictures, over Google's SDK: what is sent, what comes back, and everything that can go wrong between."""

import json
import logging
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.google.conftest import PROFILES, built
from tests.models.google.server import INVALID_KEY, KEY, GoogleServer, picture_answer, said
from tests.models.openai.loopback import (
    CAT,
    FACE,
    Answer,
    Waits,
    alike,
    closed_port,
    opened,
    order_for,
    parts,
    png,
    tells_nothing_of,
)

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
from samecast.models.google import build
from samecast.models.google.images import Images
from samecast.ports import HostedEngine, Picture
from samecast.ports.contract import check_error, check_hosted

PROFILE = PROFILES["banana"]


@pytest.fixture
def engine(google: GoogleServer, tmp_path: Path, waits: Waits) -> Images:
    return built(Images, PROFILE, tmp_path, waits)


def failed(engine: Images, *pictures: Picture, waits: Waits | None = None) -> SamecastError:
    """What submitting raises, which keeps what every error must."""
    with pytest.raises(SamecastError) as caught:
        engine.submit(order_for(PROFILE, engine, *pictures, waits=waits), "take.1")
    assert tells_nothing_of(KEY, caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    check_error(caught.value, KEY, KEY[6:30])
    return caught.value


def collected(google: GoogleServer, engine: Images, tree: dict[str, Any]) -> bytes:
    """What comes of an answer."""
    google.script.append(Answer(tree=tree, made=True))
    engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    rendered = engine.collect("take.1")
    assert rendered is not None
    return rendered.file


# --- what is sent, and what comes back -------------------------------------------------------------------------------


def test_a_take_s_whole_life(google: GoogleServer, tmp_path: Path):
    def make() -> HostedEngine:
        return build(PROFILE, parts(tmp_path, GEMINI_API_KEY=KEY))

    check_hosted(make, PROFILE, [FACE], jobs=lambda: len(google.jobs))


def test_references_go_in_the_order_that_the_prompt_counts_them(google: GoogleServer, engine: Images):
    told = "The woman in image 1 strokes the cat in image 2"
    order = order_for(PROFILE, engine, FACE, CAT, compiled=told, options=(("resolution", "2K"),))
    assert engine.submit(order, "take.1") == "take.1"
    (job,) = google.jobs
    assert (job.model, job.prompt) == ("gemini-nano-banana-2.1", told)
    assert job.body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}
    assert [alike(sent, picture) for sent, picture in zip(job.pictures, (FACE, CAT), strict=True)] == [True, True]
    rendered = engine.collect("take.1")
    assert rendered is not None
    form, pixels = opened(rendered.file)
    assert (form, pixels.shape) == ("PNG", (768, 1376, 3)), "the thought's picture is not the picture"


def test_fourteen_large_pictures_still_make_one_request(google: GoogleServer, engine: Images):
    large = Picture(rgb=np.random.default_rng(1).integers(0, 255, (1600, 2400, 3), np.uint8))
    order = order_for(PROFILE, engine, large, *[Picture(rgb=np.full((64, 64, 3), n, np.uint8)) for n in range(13)])
    engine.submit(order, "take.1")
    (job,) = google.jobs
    assert job.pictures[0].shape == (1024, 1536, 3)
    assert len(job.pictures) == 14


def test_an_edit_begins_with_what_is_edited(google: GoogleServer, engine: Images):
    order = order_for(PROFILE, engine, FACE, edited=CAT)
    pictures = (order.recipe.edited, *order.recipe.pictures)
    engine.submit(replace(order, recipe=replace(order.recipe, pictures=pictures)), "take.1")
    assert [alike(s, p) for s, p in zip(google.jobs[0].pictures, (CAT, FACE), strict=True)] == [True, True]


def test_another_instance_finds_what_was_kept(google: GoogleServer, engine: Images, tmp_path: Path):
    engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    again = built(Images, PROFILE, tmp_path)
    assert (again.find("take.1"), again.find("take.2")) == ("take.1", None)
    rendered = again.collect("take.1")
    assert rendered is not None
    assert opened(rendered.file)[1].shape == (768, 1376, 3)
    assert len(google.jobs) == 1
    again.cancel("take.1")
    with pytest.raises(RenderFailed, match="no longer has this take"):
        engine.collect("take.1")


def test_a_picture_may_take_its_time(google: GoogleServer, engine: Images):
    ready = threading.Event()
    google.script.append(Answer(tree=picture_answer(png(64, 64)), made=True, hold=ready))
    threading.Timer(0.15, ready.set).start()
    engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    assert engine.collect("take.1") is not None


# --- answers without a picture ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "kind", "words", "charged"),
    [
        (
            {
                "promptFeedback": {
                    "blockReason": "PROHIBITED_CONTENT",
                    "blockReasonMessage": "The prompt is prohibited.",
                }
            },
            Refused,
            "PROHIBITED_CONTENT: The prompt is prohibited",
            False,
        ),
        (
            {"candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "Unable to show it."}]},
            Refused,
            "IMAGE_SAFETY: Unable to show it",
            False,
        ),
        (
            {"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": {"candidatesTokenCount": 1120}},
            Refused,
            "SAFETY",
            True,
        ),
        ({"candidates": [{"finishReason": "PROHIBITED_CONTENT"}]}, Refused, "PROHIBITED_CONTENT", False),
        (
            {
                "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "I cannot\ndraw her."}]}}],
                "usageMetadata": {"candidatesTokenCount": 9},
            },
            RenderFailed,
            "made no picture: I cannot draw her",
            True,
        ),
        ({"candidates": [{"finishReason": "NO_IMAGE"}]}, RenderFailed, "made no picture: NO_IMAGE", False),
        ({"candidates": []}, RenderFailed, "did not say why", False),
        ({}, RenderFailed, "did not say why", False),
    ],
    ids=["prompt", "image-safety", "safety", "prohibited", "words", "no-image", "nobody", "nothing"],
)
def test_an_answer_without_a_picture_says_why(
    google: GoogleServer, engine: Images, tree: dict[str, Any], kind: type[RenderFailed], words: str, charged: bool
):
    with pytest.raises(RenderFailed) as error:
        collected(google, engine, tree)
    assert type(error.value) is kind
    assert words in error.value.message
    assert error.value.charged is charged, "by the tokens that the answer itself counts"
    check_error(error.value, KEY)


@pytest.mark.parametrize(
    "text", [b"<html>", b'{"candidates": [{"content": {"parts": [{"inlineData": {"data": "?"}}]}}]}']
)
def test_an_answer_that_cannot_be_read_was_paid_for(google: GoogleServer, engine: Images, text: bytes):
    google.script.append(Answer(text=text, made=True))
    engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    with pytest.raises(RenderFailed) as error:
        engine.collect("take.1")
    assert error.value.charged
    check_error(error.value, KEY)


def test_an_answer_that_cannot_be_kept_is_not_paid_for_again(google: GoogleServer, engine: Images, tmp_path: Path):
    (tmp_path / "spool").write_text("a file where the folder should be")
    error = failed(engine, FACE)
    assert isinstance(error, SubmissionUnsure), "a storage error would be tried again by itself, and paid again"
    assert len(google.jobs) == 1


# --- connections, crowds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["silent", "half"])
def test_a_connection_cut_after_sending_is_never_sent_again(google: GoogleServer, engine: Images, cut: str):
    tree = picture_answer(png(640, 640))
    google.script.append(Answer(tree=tree, cut="half" if cut == "half" else "silent", made=True))
    error = failed(engine, FACE)
    assert isinstance(error, SubmissionUnsure)
    assert "may or may not have received this take" in error.message
    assert (len(google.jobs), len(google.asked)) == (1, 1), "the SDK tries five times by itself if it is let"
    assert engine.find("take.1") is None


def test_an_answer_that_does_not_come_in_time_is_not_sent_again(
    google: GoogleServer, engine: Images, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("samecast.models.google.images.SECONDS", 0.2)
    ready = threading.Event()
    google.script.append(Answer(tree={}, made=True, hold=ready))
    error = failed(engine, FACE)
    ready.set()
    assert isinstance(error, SubmissionUnsure)
    assert "no answer in time" in error.message
    assert len(google.asked) == 1


def test_where_nothing_listens_nothing_was_sent(google: GoogleServer, engine: Images, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", closed_port())
    error = failed(engine, FACE)
    assert isinstance(error, Unreachable)
    assert error.retryable


def test_it_waits_as_long_as_it_is_asked_to(google: GoogleServer, engine: Images, waits: Waits):
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
    google.script.append(said(429, "Resource has been exhausted.", "RESOURCE_EXHAUSTED", retry))
    google.script.append(said(429, "Quota. Please retry in 2.5s.", "RESOURCE_EXHAUSTED"))
    google.script.append(said(429, "Slow down.", "RESOURCE_EXHAUSTED", retry_after="3"))
    assert engine.submit(order_for(PROFILE, engine, FACE, waits=waits), "take.1") == "take.1"
    assert waits.slept == pytest.approx(12.5)
    assert waits.told[:7] == [("wait", second, 7) for second in range(7)]
    assert len(google.jobs) == 1


def test_it_gives_up_after_a_minute_and_may_be_tried_later(google: GoogleServer, engine: Images, waits: Waits):
    google.script.extend([said(429, "Resource has been exhausted.", "RESOURCE_EXHAUSTED")] * 9)
    error = failed(engine, FACE, waits=waits)
    assert isinstance(error, Unreachable)
    assert (waits.slept, len(google.asked)) == (30, 3)


def test_a_quota_of_the_day_is_not_waited_for(google: GoogleServer, engine: Images, waits: Waits):
    violation = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}
    google.script.append(said(429, "You exceeded your current quota.", "RESOURCE_EXHAUSTED", violation))
    error = failed(engine, FACE, waits=waits)
    assert isinstance(error, Unreachable)
    assert "no more of these today" in error.message
    assert waits.slept == 0


def test_a_take_that_is_stopped_while_waiting_is_not_sent(google: GoogleServer, engine: Images):
    google.script.append(said(429, "Slow down.", "RESOURCE_EXHAUSTED", retry_after="30"))
    with pytest.raises(Stopped):
        engine.submit(order_for(PROFILE, engine, FACE, waits=Waits(stop_at=3)), "take.1")
    assert (len(google.asked), google.jobs) == (1, [])


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            said(400, "API key not valid.", "INVALID_ARGUMENT", INVALID_KEY),
            KeyRefused,
            "does not accept GEMINI_API_KEY",
        ),
        (
            said(401, "Request had invalid credentials.", "UNAUTHENTICATED"),
            KeyRefused,
            "does not accept GEMINI_API_KEY",
        ),
        (said(403, "Permission denied.", "PERMISSION_DENIED"), KeyRefused, "Permission denied"),
        (said(400, "User location is not supported.", "FAILED_PRECONDITION"), KeyRefused, "User location"),
        (said(402, "Payment required."), KeyRefused, "no credit left"),
        (said(429, "Your prepayment credits are depleted.", "RESOURCE_EXHAUSTED"), KeyRefused, "no credit left"),
        (said(429, "Quota exceeded, limit: 0, model: x", "RESOURCE_EXHAUSTED"), KeyRefused, "no credit left"),
        (said(400, "Blocked by our safety filters.", "INVALID_ARGUMENT"), Refused, "will not make this"),
        (said(400, "Unsupported aspect ratio.", "INVALID_ARGUMENT"), InvalidInput, "Unsupported aspect ratio"),
        (said(404, "models/x is not found.", "NOT_FOUND"), InvalidInput, "does not have this"),
        (said(500, "Internal error.", "INTERNAL"), Unreachable, "Internal error"),
        (said(503, "The model is overloaded.", "UNAVAILABLE"), Unreachable, "overloaded"),
        (said(504, "Deadline expired.", "DEADLINE_EXCEEDED"), Unreachable, "Deadline expired"),
        (Answer(status=502, text=b"<html>Bad gateway"), SubmissionUnsure, "may or may not"),
        (Answer(status=504, text=b"<html>Gateway time-out"), SubmissionUnsure, "may or may not"),
    ],
)
def test_what_google_answers_instead_is_told_apart(
    google: GoogleServer, engine: Images, answer: Answer, kind: type[SamecastError], words: str
):
    google.script.append(answer)
    error = failed(engine, FACE)
    assert type(error) is kind
    assert words in error.message
    if isinstance(error, Refused):
        assert not error.charged
    assert (len(google.asked), google.jobs) == (1, [])


def test_a_key_in_any_words_is_struck_out(google: GoogleServer, tmp_path: Path):
    google.key = "qx-01234-nobody-9876"  # nothing that looks like a key by itself
    engine = build(PROFILE, parts(tmp_path, GEMINI_API_KEY=google.key))
    for status in (400, 403, 429, 500):
        google.script.append(said(status, f"What {google.key} asks for, limit: 0.", "INVALID_ARGUMENT"))
        with pytest.raises(SamecastError) as error:
            engine.submit(order_for(PROFILE, engine, FACE), "take.1")
        assert "asks for" in error.value.message
        check_error(error.value, google.key)
        assert tells_nothing_of(google.key, error.value)


def test_nothing_logs_the_key(google: GoogleServer, engine: Images, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        engine.submit(order_for(PROFILE, engine, FACE), "take.1")
        google.script.append(said(500, f"About {KEY}.", "INTERNAL"))
        failed(engine, FACE)
    assert KEY not in caplog.text


def test_a_wrong_key_is_never_repeated(google: GoogleServer, tmp_path: Path):
    engine = build(PROFILE, parts(tmp_path, GEMINI_API_KEY="AIza-short"))
    with pytest.raises(KeyRefused) as error:
        engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    assert "samecast models key GEMINI_API_KEY" in error.value.hint
    check_error(error.value, "AIza-short")
    assert tells_nothing_of("AIza-short", error.value)


# --- before anything is sent -----------------------------------------------------------------------------------------


def test_either_key_will_do_and_the_one_that_is_used_is_named(google: GoogleServer, tmp_path: Path):
    build(PROFILE, parts(tmp_path, GOOGLE_API_KEY=KEY)).check()
    with pytest.raises(MissingKey, match="GEMINI_API_KEY"):
        build(PROFILE, parts(tmp_path)).check()
    other = build(PROFILE, parts(tmp_path, GOOGLE_API_KEY="AIza-wrong"))
    with pytest.raises(KeyRefused, match="GOOGLE_API_KEY"):
        other.submit(order_for(PROFILE, other, FACE), "take.1")
    assert google.jobs == []


def test_a_cloud_project_in_the_environment_changes_nothing(
    google: GoogleServer, engine: Images, monkeypatch: pytest.MonkeyPatch
):
    """The SDK would go to Google Cloud by itself."""
    for name, value in (
        ("GOOGLE_GENAI_USE_ENTERPRISE", "true"),
        ("GOOGLE_GENAI_USE_VERTEXAI", "true"),
        ("GOOGLE_CLOUD_PROJECT", "p"),
        ("GOOGLE_CLOUD_LOCATION", "l"),
        ("GOOGLE_API_KEY", "another"),
    ):
        monkeypatch.setenv(name, value)
    engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    assert len(google.jobs) == 1


def test_without_the_extra_it_says_what_to_install(
    google: GoogleServer, engine: Images, monkeypatch: pytest.MonkeyPatch
):
    engine.check()

    def none(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("samecast.models.google.access.util.find_spec", none)
    with pytest.raises(MissingPart) as missing:
        engine.check()
    assert missing.value.hint == "pip install 'samecast[google]'"
    assert google.asked == []


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ({}, "endpoint is missing"),
        ({"endpoint": "generate_content"}, "model is missing"),
        ({"endpoint": "predict", "model": "m"}, "endpoint cannot be 'predict'"),
        ({"endpoint": "interactions", "model": "m", "delivry": "uri"}, "there is no key delivry"),
        ({"endpoint": "interactions", "model": "m", "delivery": "post"}, "delivery cannot be 'post'"),
        ({"endpoint": "interactions", "model": "m", "tasks": {"txt": "x"}}, "tasks cannot be"),
        ({"endpoint": "generate_videos", "model": "m", "reference_seconds": 8}, "reference_seconds cannot be 8"),
        ({"endpoint": "generate_videos", "model": "m", "ask_seconds": -1}, "ask_seconds cannot be -1"),
    ],
)
def test_a_wrong_setup_is_named(tmp_path: Path, setup: dict[str, object], said: str):
    with pytest.raises(InvalidInput, match="'banana'") as error:
        build(replace(PROFILE, setup=setup), parts(tmp_path))
    assert said in error.value.message
    check_error(error.value)


def test_what_is_kept_is_the_answer_as_it_came(google: GoogleServer, engine: Images, tmp_path: Path):
    engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    kept = json.loads((tmp_path / "spool" / "google" / "take.1").read_bytes())
    assert kept["candidates"][0]["newerField"] == [1]
