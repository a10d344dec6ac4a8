"""Gemini Omni's clips, over Google's SDK: begun, asked for, fetched; and everything that can go wrong between."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.models.google.conftest import PROFILES, built
from tests.models.google.server import KEY, GoogleServer, completed, frames, said
from tests.models.openai.loopback import (
    CAT,
    FACE,
    Answer,
    Asked,
    Loopback,
    Waits,
    alike,
    closed_port,
    order_for,
    parts,
    tells_nothing_of,
)

from samecast.core.errors import (
    InvalidInput,
    KeyRefused,
    Refused,
    RenderFailed,
    SamecastError,
    Stopped,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models.google import build
from samecast.models.google.calls import Pace
from samecast.models.google.omni import Omni
from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.contract import check_error, check_hosted, collect

PROFILE = PROFILES["omni"]
INLINE = replace(PROFILE, setup={**PROFILE.setup, "delivery": "inline"})


@pytest.fixture
def engine(google: GoogleServer, tmp_path: Path, waits: Waits) -> Omni:
    return built(Omni, PROFILE, tmp_path, waits)


def begun(engine: Omni, *pictures: Any, **changes: Any) -> str:
    return engine.submit(order_for(engine.profile, engine, *pictures, **changes), "take.1")


def came(engine: HostedEngine, ticket: str) -> bytes:
    return collect(engine, ticket, lambda: None).file


def failed(error: BaseException) -> SamecastError:
    assert isinstance(error, SamecastError)
    assert tells_nothing_of(KEY, error)
    check_error(error, KEY, KEY[6:30])
    return error


# --- what is sent, and what comes back -------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [PROFILE, INLINE], ids=["uri", "inline"])
def test_a_take_s_whole_life(google: GoogleServer, tmp_path: Path, profile: ModelProfile):
    def make() -> HostedEngine:
        return build(profile, parts(tmp_path, GEMINI_API_KEY=KEY))

    check_hosted(make, profile, [FACE], jobs=lambda: len(google.jobs))


def test_references_are_tagged_in_the_order_they_are_sent(google: GoogleServer, engine: Omni):
    told = "The woman <IMAGE_REF_0> strokes the cat <IMAGE_REF_1>"
    ticket = begun(engine, FACE, CAT, compiled=told, seconds=15.0, options=(("resolution", "360p"),))
    (job,) = google.jobs
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
    assert frames(came(engine, ticket)) == 8


def test_from_words_alone(google: GoogleServer, engine: Omni):
    begun(engine, compiled="A lighthouse", brief=replace(order_for(PROFILE, engine).recipe.brief, aspect=(9, 16)))
    (job,) = google.jobs
    assert (job.prompt, job.pictures) == ("A lighthouse", ())
    assert job.body["generation_config"] == {"video_config": {"task": "text_to_video"}}
    assert job.body["response_format"]["aspect_ratio"] == "9:16"


def test_a_first_frame_is_animated(google: GoogleServer, engine: Omni):
    begun(engine, first_frame=CAT, compiled="The cat runs")
    (job,) = google.jobs
    assert job.prompt == "[# Sources <FIRST_FRAME>@Image1] The cat runs"
    assert job.body["generation_config"] == {"video_config": {"task": "image_to_video"}}
    assert alike(job.pictures[0], CAT)


def test_frames_come_before_references_which_count_by_themselves(google: GoogleServer, engine: Omni):
    begun(engine, FACE, first_frame=CAT, last_frame=FACE, compiled="The woman <IMAGE_REF_0> waves")
    (job,) = google.jobs
    assert job.prompt == (
        "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2] [# References <IMAGE_REF_0>@Image3] "
        "The woman <IMAGE_REF_0> waves"
    )
    assert job.body["generation_config"] == {"video_config": {"task": "reference_to_video"}}
    assert [alike(s, p) for s, p in zip(job.pictures, (CAT, FACE, FACE), strict=True)] == [True, True, True]


def test_a_last_frame_alone_is_not_sent(google: GoogleServer, engine: Omni):
    with pytest.raises(InvalidInput, match="only with a first") as error:
        begun(engine, last_frame=CAT)
    failed(error.value)
    assert google.asked == []


def test_without_background_the_answer_is_waited_for_and_asked_for_like_any_other(google: GoogleServer, tmp_path: Path):
    profile = replace(PROFILE, setup={**PROFILE.setup, "background": False})
    engine = built(Omni, profile, tmp_path)
    google.goes = [completed({"type": "video", "mime_type": "video/mp4", "data": "AAAA"})]
    ticket = begun(engine, FACE)
    assert "background" not in google.jobs[0].body
    assert came(engine, ticket) == b"\0\0\0"


# --- what survives ---------------------------------------------------------------------------------------------------

_WORKER = """
import os, signal, sys
from pathlib import Path
from tests.models.google.conftest import PROFILES
from tests.models.google.server import KEY
from tests.models.openai.loopback import FACE, order_for, parts
from samecast.models.google import build

profile = PROFILES["omni"]
engine = build(profile, parts(Path(sys.argv[1]), GEMINI_API_KEY=KEY))
engine.submit(order_for(profile, engine, FACE), "take.1")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_killed_before_it_could_say_so_costs_nothing(google: GoogleServer, engine: Omni, tmp_path: Path):
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _WORKER, tmp_path],
        env=dict(os.environ),
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    ticket = engine.find("take.1")
    assert ticket == "v1_0"
    assert came(engine, ticket) == google.clip
    assert len(google.jobs) == 1
    assert engine.find("take.2") is None


def test_a_job_that_runs_is_taken_up_by_its_ticket_alone(google: GoogleServer, engine: Omni, tmp_path: Path):
    ticket = begun(engine, FACE)
    elsewhere = built(Omni, PROFILE, tmp_path / "another machine")
    assert elsewhere.find("take.1") is None
    assert came(elsewhere, ticket) == google.clip


def test_a_ticket_that_cannot_be_kept_here_is_returned_all_the_same(google: GoogleServer, engine: Omni, tmp_path: Path):
    (tmp_path / "spool").write_text("a file where the folder should be")
    assert came(engine, begun(engine, FACE)) == google.clip


def test_google_is_left_alone_between_two_questions(google: GoogleServer, engine: Omni):
    now = [100.0]
    paced = replace(engine, pace=Pace(10, clock=lambda: now[0]))
    ticket = begun(paced, FACE)
    questions = []
    for _ in range(25):
        paced.collect(ticket)
        now[0] += 2
        questions.append(sum(asked.method == "GET" for asked in google.asked))
    assert questions[:5] == [1] * 5
    assert questions[5:10] == [2] * 5, "asked every 2 s, it asks every 10"


# --- results ---------------------------------------------------------------------------------------------------------


def test_a_job_that_google_no_longer_has_is_lost(google: GoogleServer, engine: Omni):
    with pytest.raises(RenderFailed, match="no longer has this take") as error:
        engine.collect("v1_77")
    assert error.value.charged
    failed(error.value)


@pytest.mark.parametrize("moment", ["before", "while"])
def test_a_result_that_has_expired_is_lost(google: GoogleServer, engine: Omni, moment: str):
    ticket = begun(engine, FACE)
    if moment == "before":
        google.files_gone = True
    else:
        google.download = said(404, "Gone.", "NOT_FOUND")
    with pytest.raises(RenderFailed, match="no longer has this take") as error:
        came(engine, ticket)
    failed(error.value)


def test_a_file_is_waited_for_and_may_fail(google: GoogleServer, engine: Omni):
    google.file_states = ["PROCESSING", "PROCESSING", "FAILED"]
    ticket = begun(engine, FACE)
    told: list[object] = []
    with pytest.raises(RenderFailed, match="could not write the clip down"):
        told.extend(engine.collect(ticket) for _ in range(9))
    assert told == [None] * 4, "queued, in progress, and twice a file that is not there yet"


def test_a_file_anywhere_else_is_fetched_without_the_key(google: GoogleServer, engine: Omni):
    with Elsewhere().running() as elsewhere:
        google.uri = f"{elsewhere.url}/bucket/clip-{{n}}.mp4"
        assert came(engine, begun(engine, FACE)) == b"elsewhere's clip"
        assert all(KEY not in str(asked.headers) for asked in elsewhere.asked)


def test_a_download_that_leads_elsewhere_leaves_the_key_behind(google: GoogleServer, engine: Omni):
    with Elsewhere().running() as elsewhere:
        # Another host by name, though the same machine.
        there = f"{elsewhere.url}/clip.mp4".replace("127.0.0.1", "localhost")
        google.download = Answer(status=302, text=b"", headers={"Location": there})
        assert came(engine, begun(engine, FACE)) == b"elsewhere's clip"
        assert len(elsewhere.asked) == 1
        assert KEY not in str(elsewhere.asked[0].headers)


class Elsewhere(Loopback):
    def answer(self, asked: Asked) -> Answer:
        return Answer(text=b"elsewhere's clip", headers={"Content-Type": "video/mp4"})


@pytest.mark.parametrize("uri", ["http://example.com/clip.mp4", "gs://bucket/clip.mp4"])
def test_nothing_is_fetched_from_where_it_would_not_be_safe(google: GoogleServer, engine: Omni, uri: str):
    google.uri = uri
    with pytest.raises(RenderFailed, match="nothing is fetched from") as error:
        came(engine, begun(engine, FACE))
    failed(error.value)


@pytest.mark.parametrize(
    ("ends", "kind", "words", "charged"),
    [
        ({"status": "failed", "errors": [{"code": "x", "message": "The GPU fell over."}]}, RenderFailed, "GPU", False),
        (
            {
                "status": "failed",
                "errors": [{"message": "Blocked by safety filters."}],
                "usage": {"total_output_tokens": 9},
            },
            Refused,
            "will not make this",
            True,
        ),
        (
            {
                "status": "failed",
                "steps": [{"type": "model_output", "content": [], "error": {"code": 3, "message": "Prohibited."}}],
            },
            Refused,
            "Prohibited",
            False,
        ),
        ({"status": "incomplete"}, RenderFailed, "ended as incomplete", False),
        ({"status": "budget_exceeded"}, RenderFailed, "ended as budget_exceeded", False),
        ({"status": "requires_action"}, RenderFailed, "ended as requires_action", False),
        (completed({"type": "text", "text": "I can't animate\nher."}), RenderFailed, "I can't animate her", True),
        (completed(), RenderFailed, "ended as completed", True),
        (completed({"type": "video", "mime_type": "video/mp4", "data": "?"}), RenderFailed, "cannot be read", True),
    ],
    ids=["failed", "safety", "step", "incomplete", "budget", "action", "words", "nothing", "garbage"],
)
def test_a_job_that_ends_without_a_clip_says_why(
    google: GoogleServer, engine: Omni, ends: dict[str, Any], kind: type[RenderFailed], words: str, charged: bool
):
    google.goes = [{"status": "in_progress"}, ends]
    with pytest.raises(RenderFailed) as error:
        came(engine, begun(engine, FACE))
    assert type(error.value) is kind
    assert words in error.value.message
    assert error.value.charged is charged
    failed(error.value)


def test_a_state_that_nobody_has_heard_of_is_still_being_made(google: GoogleServer, engine: Omni):
    google.goes = [{"status": "warming_up"}, completed({"type": "video", "data": "AAAA"})]
    ticket = begun(engine, FACE)
    assert engine.collect(ticket) is None
    assert came(engine, ticket) == b"\0\0\0"


def test_cancelling_stops_it_and_is_harmless_where_it_is_too_late(google: GoogleServer, engine: Omni):
    ticket = begun(engine, FACE)
    engine.cancel(ticket)
    assert google.jobs[0].cancelled
    engine.cancel(ticket)
    engine.cancel("v1_77")
    with pytest.raises(RenderFailed, match="ended as cancelled"):
        came(engine, ticket)


# --- connections, crowds, refusals -----------------------------------------------------------------------------------


def test_a_connection_cut_while_submitting_is_never_sent_again(google: GoogleServer, engine: Omni):
    google.script.append(Answer(cut="silent", made=True))
    with pytest.raises(SubmissionUnsure, match="may or may not") as error:
        begun(engine, FACE)
    failed(error.value)
    assert (len(google.jobs), len(google.asked)) == (1, 1), "the SDK tries five times by itself if it is let"


def test_a_connection_cut_while_waiting_may_go_better_later(google: GoogleServer, engine: Omni):
    ticket = begun(engine, FACE)
    whole = google.jobs[0].goes
    google.jobs[0].goes = [{"answer": Answer(cut="silent")}, {"answer": Answer(tree={"id": "x"}, cut="half")}, *whole]
    for _ in range(2):
        with pytest.raises(Unreachable) as error:
            engine.collect(ticket)
        assert failed(error.value).retryable
    assert came(engine, ticket) == google.clip
    assert len(google.jobs) == 1


def test_where_nothing_listens_nothing_was_sent(google: GoogleServer, engine: Omni, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", closed_port())
    with pytest.raises(Unreachable) as error:
        begun(engine, FACE)
    failed(error.value)


@pytest.mark.parametrize(
    "answer",
    [Answer(text=b"<html>welcome"), Answer(status=504, text=b"<html>time-out"), Answer(tree={"status": "queued"})],
)
def test_an_answer_that_names_no_job_leaves_it_open(google: GoogleServer, engine: Omni, answer: Answer):
    google.script.append(replace(answer, made=True))
    with pytest.raises(SubmissionUnsure) as error:
        begun(engine, FACE)
    failed(error.value)
    assert len(google.asked) == 1


def test_too_many_at_once_are_waited_out_and_can_be_stopped(google: GoogleServer, engine: Omni, waits: Waits):
    google.script.append(said(429, "Slow down.", "RESOURCE_EXHAUSTED", retry_after="4"))
    begun(engine, FACE, waits=waits)
    assert (waits.slept, len(google.jobs)) == (4, 1)
    google.script.append(said(429, "Slow down.", "RESOURCE_EXHAUSTED", retry_after="4"))
    with pytest.raises(Stopped):
        begun(engine, FACE, waits=Waits(stop_at=1))
    assert len(google.jobs) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(400, "The prompt was blocked: prohibited use policy.", "INVALID_ARGUMENT"), Refused),
        (said(400, "background is not supported for this model.", "INVALID_ARGUMENT"), InvalidInput),
        (said(403, "Permission denied.", "PERMISSION_DENIED"), KeyRefused),
        (said(402, "Payment required."), KeyRefused),
        (said(404, "The model was not found.", "NOT_FOUND"), InvalidInput),
        (said(503, "Overloaded.", "UNAVAILABLE"), Unreachable),
        (Answer(status=400, tree={"error": {"message": "Bad duration.", "code": "invalid_request"}}), InvalidInput),
    ],
)
def test_what_google_answers_instead_is_told_apart(
    google: GoogleServer, engine: Omni, answer: Answer, kind: type[SamecastError]
):
    google.script.append(answer)
    with pytest.raises(SamecastError) as error:
        begun(engine, FACE)
    assert type(failed(error.value)) is kind
    message = answer.tree["error"]["message"].rstrip(".")
    assert message in error.value.message
    assert (len(google.asked), google.jobs) == (1, [])


def test_a_wrong_key_is_never_repeated(google: GoogleServer, tmp_path: Path):
    engine = build(PROFILE, parts(tmp_path, GEMINI_API_KEY="AIza-short"))
    with pytest.raises(KeyRefused, match="GEMINI_API_KEY") as error:
        engine.submit(order_for(PROFILE, engine, FACE), "take.1")
    check_error(error.value, "AIza-short")
    assert tells_nothing_of("AIza-short", error.value)
