"""Gemini Omni's clips, over Google's SDK: begun, asked for, fetched; and everything that can go wrong between."""

from dataclasses import replace
from typing import Any

import pytest
from tests.models.google.conftest import GoogleDesk
from tests.models.google.crowds import EXHAUSTED, Google
from tests.models.google.server import KEY, completed, frames, said
from tests.models.provider import life
from tests.models.provider.elsewhere import Killed
from tests.models.provider.pictures import CAT, FACE, alike
from tests.models.provider.server import Answer, Asked, Provider

from samecast.core.errors import InvalidInput, KeyRefused, Refused, RenderFailed, Unreachable
from samecast.models.google.calls import Pace


@pytest.fixture
def desk(gemini: GoogleDesk) -> GoogleDesk:
    return gemini.of("omni")


VIDEO = {"type": "video", "mime_type": "video/mp4"}
FAILED = {"status": "failed", "errors": [{"code": "x", "message": "The GPU fell over."}]}
SAFETY = {"status": "failed", "errors": [{"message": "Blocked by safety."}], "usage": {"total_output_tokens": 9}}
STEP = {"type": "model_output", "content": [], "error": {"code": 3, "message": "Prohibited."}}


class TestLife(Google, life.Once, life.Waiting, life.Delivered, life.Keyed, Killed):
    key, status = "GEMINI_API_KEY", (400, 403)
    limit = "samecast.models.google.omni.BEGIN_SECONDS"
    busy = (life.Busy((4,), (said(429, "Slow down.", EXHAUSTED, retry_after="4"),)),)
    unsure = (
        Answer(text="<html>welcome", made=True),
        Answer(504, text="<html>time-out", made=True),
        Answer(200, {"status": "queued"}, made=True),
    )
    refusal = (
        life.Refusal(
            said(400, "The prompt was blocked: prohibited use policy.", "INVALID_ARGUMENT"),
            Refused,
            "The prompt was blocked: prohibited use policy",
        ),
        life.Refusal(
            said(400, "background is not supported for this model.", "INVALID_ARGUMENT"),
            InvalidInput,
            "background is not supported for this model",
        ),
        life.Refusal(said(403, "Permission denied.", "PERMISSION_DENIED"), KeyRefused, "Permission denied"),
        life.Refusal(said(402, "Payment required."), KeyRefused, "Payment required"),
        life.Refusal(said(404, "The model was not found.", "NOT_FOUND"), InvalidInput, "The model was not found"),
        life.Refusal(said(503, "Overloaded.", "UNAVAILABLE"), Unreachable, "Overloaded"),
        life.Refusal(Answer(400, {"error": {"message": "Bad duration.", "code": "x"}}), InvalidInput, "Bad duration"),
    )
    end = (
        life.End(FAILED, RenderFailed, "GPU", False),
        life.End(SAFETY, Refused, "will not make this", True),
        life.End({"status": "failed", "steps": [STEP]}, Refused, "Prohibited", False),
        life.End({"status": "incomplete"}, RenderFailed, "ended as incomplete", False),
        life.End({"status": "budget_exceeded"}, RenderFailed, "ended as budget_exceeded", False),
        life.End({"status": "requires_action"}, RenderFailed, "ended as requires_action", False),
        life.End(
            completed({"type": "text", "text": "I can't animate\nher."}), RenderFailed, "I can't animate her", True
        ),
        life.End(completed(), RenderFailed, "ended as completed", True),
        life.End(completed({**VIDEO, "data": "?"}), RenderFailed, "cannot be read", True),
    )
    nobody = ("v1_77",)
    expired = (said(404, "Gone.", "NOT_FOUND"),)


# --- what is sent, and what comes back -------------------------------------------------------------------------------


@pytest.mark.parametrize("delivery", ["uri", "inline"])
def test_a_take_s_whole_life(desk: GoogleDesk, delivery: str):
    desk.with_setup(delivery=delivery).check_contract(FACE)


def test_references_are_tagged_in_the_order_they_are_sent(desk: GoogleDesk):
    told = "The woman <IMAGE_REF_0> strokes the cat <IMAGE_REF_1>"
    ticket = desk.submit(FACE, CAT, compiled=told, seconds=15.0, options=(("resolution", "360p"),))
    job = desk.server.job
    assert job.body["generation_config"] == {"video_config": {"task": "reference_to_video"}}
    assert job.body["response_format"] == {
        "type": "video",
        "aspect_ratio": "16:9",
        "duration": "15s",
        "resolution": "360p",
        "delivery": "uri",
    }
    assert job.body["background"] is True
    assert job.prompt == told
    assert [alike(sent, picture) for sent, picture in zip(job.pictures, (FACE, CAT), strict=True)] == [True, True]
    assert frames(desk.came(ticket).file) == 8


def test_from_words_alone(desk: GoogleDesk):
    desk.submit(compiled="A lighthouse", brief=replace(desk.order().recipe.brief, aspect=(9, 16)))
    job = desk.server.job
    assert (job.prompt, job.pictures) == ("A lighthouse", ())
    assert job.body["generation_config"] == {"video_config": {"task": "text_to_video"}}
    assert job.body["response_format"]["aspect_ratio"] == "9:16"


def test_a_first_frame_is_animated(desk: GoogleDesk):
    desk.submit(first_frame=CAT, compiled="The cat runs")
    job = desk.server.job
    assert job.prompt == "[# Sources <FIRST_FRAME>@Image1] The cat runs"
    assert job.body["generation_config"] == {"video_config": {"task": "image_to_video"}}
    assert alike(job.pictures[0], CAT)


def test_frames_come_before_references_which_count_by_themselves(desk: GoogleDesk):
    desk.submit(FACE, first_frame=CAT, last_frame=FACE, compiled="The woman <IMAGE_REF_0> waves")
    job = desk.server.job
    assert job.prompt == (
        "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2] [# References <IMAGE_REF_0>@Image3] "
        "The woman <IMAGE_REF_0> waves"
    )
    assert job.body["generation_config"] == {"video_config": {"task": "reference_to_video"}}
    assert [alike(s, p) for s, p in zip(job.pictures, (CAT, FACE, FACE), strict=True)] == [True, True, True]


def test_a_last_frame_alone_is_not_sent(desk: GoogleDesk):
    assert "only with a first" in desk.refused(InvalidInput, lambda: desk.submit(last_frame=CAT)).message
    assert desk.server.asked == []


def test_without_background_the_answer_is_waited_for_and_asked_for_like_any_other(desk: GoogleDesk):
    desk.server.goes = [completed({**VIDEO, "data": "AAAA"})]
    ticket = desk.with_setup(background=False).submit(FACE)
    assert "background" not in desk.server.job.body
    assert desk.came(ticket).file == b"\0\0\0"


# --- what survives ---------------------------------------------------------------------------------------------------


def test_a_job_that_runs_is_taken_up_by_its_ticket_alone(desk: GoogleDesk):
    ticket = desk.submit(FACE)
    elsewhere = replace(desk, home=desk.home / "another machine")
    assert elsewhere.engine().find("take.1") is None
    assert elsewhere.came(ticket).file == desk.server.clip


def test_a_ticket_that_cannot_be_kept_here_is_returned_all_the_same(desk: GoogleDesk):
    (desk.home / "spool").write_text("a file where the folder should be")
    assert desk.came(desk.submit(FACE)).file == desk.server.clip


def test_google_is_left_alone_between_two_questions(desk: GoogleDesk):
    paced = replace(desk.engine(), pace=Pace(10, clock=desk.time.clock))
    ticket = desk.submit(FACE)
    questions = []
    for _ in range(25):
        paced.collect(ticket)
        desk.time.now += 2
        questions.append(desk.server.count("GET"))
    assert questions[:5] == [1] * 5
    assert questions[5:10] == [2] * 5, "asked every 2 s, it asks every 10"


# --- results ---------------------------------------------------------------------------------------------------------


def test_a_result_that_expired_before_it_was_asked_for_is_lost(desk: GoogleDesk):
    desk.server.files_gone = True
    ticket = desk.submit(FACE)
    assert "no longer has this take" in desk.refused(RenderFailed, lambda: desk.came(ticket)).message


def test_a_file_is_waited_for_and_may_fail(desk: GoogleDesk):
    desk.server.file_states = ["PROCESSING", "PROCESSING", "FAILED"]
    engine, ticket = desk.engine(), desk.submit(FACE)
    told: list[object] = []
    error = desk.refused(RenderFailed, lambda: told.extend(engine.collect(ticket) for _ in range(9)))
    assert "could not write the clip down" in error.message
    assert told == [None] * 4, "queued, in progress, and twice a file that is not there yet"


def test_a_file_anywhere_else_is_fetched_without_the_key(desk: GoogleDesk):
    with Elsewhere().running() as elsewhere:
        desk.server.uri = f"{elsewhere.url}/bucket/clip-{{n}}.mp4"
        assert desk.came(desk.submit(FACE)).file == b"elsewhere's clip"
        assert all(KEY not in str(asked.headers) for asked in elsewhere.asked)


def test_a_download_that_leads_elsewhere_leaves_the_key_behind(desk: GoogleDesk):
    with Elsewhere().running() as elsewhere:
        # Another host by name, though the same machine.
        there = f"{elsewhere.url}/clip.mp4".replace("127.0.0.1", "localhost")
        desk.server.files.append(Answer(302, text="", headers={"Location": there}))
        assert desk.came(desk.submit(FACE)).file == b"elsewhere's clip"
        assert len(elsewhere.asked) == 1
        assert KEY not in str(elsewhere.asked[0].headers)


class Elsewhere(Provider[Any]):
    def answer(self, asked: Asked) -> Answer:
        return Answer(text="elsewhere's clip", headers={"Content-Type": "video/mp4"})


@pytest.mark.parametrize("uri", ["http://example.com/clip.mp4", "gs://bucket/clip.mp4"])
def test_nothing_is_fetched_from_where_it_would_not_be_safe(desk: GoogleDesk, uri: str):
    desk.server.uri = uri
    ticket = desk.submit(FACE)
    assert "nothing is fetched from" in desk.refused(RenderFailed, lambda: desk.came(ticket)).message


def test_a_state_that_nobody_has_heard_of_is_still_being_made(desk: GoogleDesk):
    desk.server.goes = [{"status": "warming_up"}, completed({"type": "video", "data": "AAAA"})]
    ticket = desk.submit(FACE)
    assert desk.engine().collect(ticket) is None
    assert desk.came(ticket).file == b"\0\0\0"


def test_cancelling_stops_it_and_is_harmless_where_it_is_too_late(desk: GoogleDesk):
    engine, ticket = desk.engine(), desk.submit(FACE)
    engine.cancel(ticket)
    assert desk.server.job.cancelled
    engine.cancel(ticket)
    engine.cancel("v1_77")
    assert "ended as cancelled" in desk.refused(RenderFailed, lambda: desk.came(ticket)).message
