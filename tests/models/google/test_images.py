"""Gemini's pictures, over Google's SDK: what is sent, what comes back, and everything that can go wrong between."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.models.google.conftest import GoogleDesk
from tests.models.google.crowds import EXHAUSTED, Google
from tests.models.google.server import INVALID_KEY, KEY, said
from tests.models.provider import life
from tests.models.provider.pictures import CAT, FACE, alike, opened
from tests.models.provider.server import Answer

from samecast.core.errors import InvalidInput, KeyRefused, Refused, RenderFailed, SubmissionUnsure, Unreachable
from samecast.models.google import build
from samecast.ports import Picture

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}


@pytest.fixture
def desk(gemini: GoogleDesk) -> GoogleDesk:
    return gemini


class TestLife(Google, life.AtOnce, life.Keyed, life.Client):
    key, status = "GEMINI_API_KEY", (400, 403, 429, 500)
    extra, package = "google", "google.genai"
    limit = "samecast.models.google.images.SECONDS"
    busy = (
        life.Busy(
            (7, 2.5, 3),
            (
                said(429, "Resource has been exhausted.", EXHAUSTED, RETRY),
                said(429, "Quota. Please retry in 2.5s.", EXHAUSTED),
                said(429, "Slow down.", EXHAUSTED, retry_after="3"),
            ),
        ),
    )
    unsure = (
        Answer(502, text="<html>Bad gateway", made=True),
        Answer(504, text="<html>Gateway time-out", made=True),
    )
    refusal = (
        life.Refusal(
            said(400, "API key not valid.", "INVALID_ARGUMENT", INVALID_KEY),
            KeyRefused,
            "does not accept GEMINI_API_KEY",
        ),
        life.Refusal(
            said(401, "Request had invalid credentials.", "UNAUTHENTICATED"),
            KeyRefused,
            "does not accept GEMINI_API_KEY",
        ),
        life.Refusal(said(403, "Permission denied.", "PERMISSION_DENIED"), KeyRefused, "Permission denied"),
        life.Refusal(said(400, "User location is not supported.", "FAILED_PRECONDITION"), KeyRefused, "User location"),
        life.Refusal(said(402, "Payment required."), KeyRefused, "no credit left"),
        life.Refusal(said(429, "Your prepayment credits are depleted.", EXHAUSTED), KeyRefused, "no credit left"),
        life.Refusal(said(429, "Quota exceeded, limit: 0, model: x", EXHAUSTED), KeyRefused, "no credit left"),
        life.Refusal(said(400, "Blocked by our safety filters.", "INVALID_ARGUMENT"), Refused, "will not make this"),
        life.Refusal(
            said(400, "Unsupported aspect ratio.", "INVALID_ARGUMENT"), InvalidInput, "Unsupported aspect ratio"
        ),
        life.Refusal(said(404, "models/x is not found.", "NOT_FOUND"), InvalidInput, "does not have this"),
        life.Refusal(said(500, "Internal error.", "INTERNAL"), Unreachable, "Internal error"),
        life.Refusal(said(503, "The model is overloaded.", "UNAVAILABLE"), Unreachable, "overloaded"),
        life.Refusal(said(504, "Deadline expired.", "DEADLINE_EXCEEDED"), Unreachable, "Deadline expired"),
        life.Refusal(Answer(502, text="<html>Bad gateway"), SubmissionUnsure, "may or may not"),
        life.Refusal(Answer(504, text="<html>Gateway time-out"), SubmissionUnsure, "may or may not"),
    )


# --- what is sent, and what comes back -------------------------------------------------------------------------------


def test_a_take_s_whole_life(desk: GoogleDesk):
    desk.check_contract(FACE)


def test_references_go_in_the_order_that_the_prompt_counts_them(desk: GoogleDesk):
    told = "The woman in image 1 strokes the cat in image 2"
    assert desk.submit(FACE, CAT, compiled=told, options=(("resolution", "2K"),)) == "take.1"
    job = desk.server.job
    assert (job.model, job.prompt) == ("gemini-nano-banana-2.1", told)
    assert job.body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}
    assert [alike(sent, picture) for sent, picture in zip(job.pictures, (FACE, CAT), strict=True)] == [True, True]
    pixels = opened(desk.came("take.1").file, "PNG")
    assert pixels.shape == (768, 1376, 3), "the thought's picture is not the picture"


def test_fourteen_large_pictures_still_make_one_request(desk: GoogleDesk):
    large = Picture(rgb=np.random.default_rng(1).integers(0, 255, (1600, 2400, 3), np.uint8))
    desk.submit(large, *[Picture(rgb=np.full((64, 64, 3), n, np.uint8)) for n in range(13)])
    job = desk.server.job
    assert job.pictures[0].shape == (1024, 1536, 3)
    assert len(job.pictures) == 14


def test_an_edit_begins_with_what_is_edited(desk: GoogleDesk):
    order = desk.order(FACE, edited=CAT)
    pictures = (order.recipe.edited, *order.recipe.pictures)
    desk.engine().submit(replace(order, recipe=replace(order.recipe, pictures=pictures)), "take.1")
    assert [alike(s, p) for s, p in zip(desk.server.job.pictures, (CAT, FACE), strict=True)] == [True, True]


def test_what_is_kept_is_the_answer_as_it_came(desk: GoogleDesk):
    desk.submit(FACE)
    kept = json.loads((desk.home / "spool" / "google" / "take.1").read_bytes())
    assert kept["candidates"][0]["newerField"] == [1]


# --- answers without a picture ---------------------------------------------------------------------------------------

BLOCKED = {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "The prompt is prohibited."}


@pytest.mark.parametrize(
    ("tree", "kind", "words", "charged"),
    [
        ({"promptFeedback": BLOCKED}, Refused, "PROHIBITED_CONTENT: The prompt is prohibited", False),
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
    desk: GoogleDesk, tree: dict[str, Any], kind: type[RenderFailed], words: str, charged: bool
):
    desk.server.script.append(Answer(200, tree, made=True))
    ticket = desk.submit(FACE)
    error = desk.refused(kind, lambda: desk.came(ticket))
    assert isinstance(error, RenderFailed)
    assert words in error.message
    assert error.charged is charged, "by the tokens that the answer itself counts"


@pytest.mark.parametrize(
    "text", ["<html>", '{"candidates": [{"content": {"parts": [{"inlineData": {"data": "?"}}]}}]}']
)
def test_an_answer_that_cannot_be_read_was_paid_for(desk: GoogleDesk, text: str):
    desk.server.script.append(Answer(text=text, made=True))
    ticket = desk.submit(FACE)
    error = desk.refused(RenderFailed, lambda: desk.came(ticket))
    assert isinstance(error, RenderFailed)
    assert error.charged


# --- crowds ----------------------------------------------------------------------------------------------------------


def test_a_quota_of_the_day_is_not_waited_for(desk: GoogleDesk):
    violation = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}
    desk.server.script.append(said(429, "You exceeded your current quota.", EXHAUSTED, violation))
    assert "no more of these today" in desk.refused(Unreachable).message
    assert desk.time.slept == []


# --- before anything is sent -----------------------------------------------------------------------------------------


def test_either_key_will_do_and_the_one_that_is_used_is_named(desk: GoogleDesk):
    desk.keys.clear()
    desk.keys["GOOGLE_API_KEY"] = KEY
    desk.engine().check()
    desk.keys["GOOGLE_API_KEY"] = "AIza-wrong"
    assert "GOOGLE_API_KEY" in desk.refused(KeyRefused).message
    assert desk.server.jobs == {}


def test_a_cloud_project_in_the_environment_changes_nothing(desk: GoogleDesk, monkeypatch: pytest.MonkeyPatch):
    """The SDK would go to Google Cloud by itself."""
    for name, value in (
        ("GOOGLE_GENAI_USE_ENTERPRISE", "true"),
        ("GOOGLE_GENAI_USE_VERTEXAI", "true"),
        ("GOOGLE_CLOUD_PROJECT", "p"),
        ("GOOGLE_CLOUD_LOCATION", "l"),
        ("GOOGLE_API_KEY", "another"),
    ):
        monkeypatch.setenv(name, value)
    desk.submit(FACE)
    assert len(desk.server.jobs) == 1


@pytest.mark.parametrize(
    ("setup", "words"),
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
def test_a_wrong_setup_is_named(desk: GoogleDesk, setup: dict[str, object], words: str):
    wrong = replace(desk.profile, setup=setup)
    error = desk.refused(InvalidInput, lambda: build(wrong, desk.parts))
    assert "'banana'" in error.message
    assert words in error.message
