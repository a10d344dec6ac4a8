"""Veo on Google Cloud, over Google's SDK and its own credentials: begun, asked for; and what can go wrong between."""

from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.models.google.conftest import ENTRIES, GoogleDesk
from tests.models.google.crowds import EXHAUSTED, Google
from tests.models.google.server import KEY, LOCATION, PROJECT, frames, said
from tests.models.provider import life
from tests.models.provider.desk import stated
from tests.models.provider.elsewhere import check_light
from tests.models.provider.pictures import CAT, FACE, alike
from tests.models.provider.server import Answer, closed_port

from samecast.core.errors import InvalidInput, KeyRefused, MissingKey, Refused, RenderFailed, Unreachable
from samecast.models.catalogue import read_catalogue
from samecast.models.google import build
from samecast.models.google.access import CloudAccess
from samecast.models.google.omni import Omni
from samecast.models.google.settings import Setup
from samecast.models.google.veo import Veo

NAME = f"projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/veo-3.1-generate-001/operations/"


@pytest.fixture
def desk(cloud: GoogleDesk) -> GoogleDesk:
    return cloud


FILTERED = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["A person's face. Support codes: 15236754"]}


class TestLife(Google, life.Once, life.Waiting):
    requests = 2  # the token, and the take
    limit = "samecast.models.google.veo.SECONDS"
    busy = (
        life.Busy(
            (4,),
            (said(429, "Quota exceeded for online_prediction_requests.", EXHAUSTED, retry_after="4"),),
        ),
    )
    unsure = (
        Answer(text="<html>welcome", made=True),
        Answer(200, {}, made=True),
        Answer(502, text="<html>", made=True),
    )
    refusal = (
        life.Refusal(
            said(403, "Permission 'aiplatform.endpoints.predict' denied.", "PERMISSION_DENIED"),
            KeyRefused,
            "Permission 'aiplatform.endpoints.predict' denied",
        ),
        life.Refusal(
            said(403, "Agent Platform API has not been used in project before.", "PERMISSION_DENIED"),
            KeyRefused,
            "Agent Platform API has not been used in project before",
        ),
        life.Refusal(
            said(400, "Text prompt violates the responsible AI practices.", "INVALID_ARGUMENT"),
            Refused,
            "Text prompt violates the responsible AI practices",
        ),
        life.Refusal(said(400, "Unsupported duration.", "INVALID_ARGUMENT"), InvalidInput, "Unsupported duration"),
        life.Refusal(
            said(404, "Publisher model was not found.", "NOT_FOUND"), InvalidInput, "Publisher model was not found"
        ),
        life.Refusal(said(500, "Internal.", "INTERNAL"), Unreachable, "Internal"),
    )
    end = (
        life.End({"error": {"code": 13, "message": "Internal error."}}, RenderFailed, "Internal error", False),
        life.End({"error": {"code": 3, "message": "It violates the usage guidelines."}}, Refused, "guidelines", False),
        life.End({"response": FILTERED}, Refused, "A person's face", False),
        life.End({"response": {"raiMediaFilteredCount": 1}}, Refused, "filtered", False),
        life.End({"response": {}}, RenderFailed, "does not say why", False),
        life.End({}, RenderFailed, "does not say why", False),
        # Google charges for clips it delivers.
        life.End({"response": {"videos": [{"gcsUri": "gs://bucket/a.mp4"}]}}, RenderFailed, "gs://bucket/a.mp4", True),
    )
    nobody = (f"{NAME}77",)

    def ends(self, desk: GoogleDesk, how: Any) -> None:
        desk.server.job.life = [{"done": False}, {"done": True, **how}]


def test_a_take_s_whole_life(desk: GoogleDesk):
    desk.check_contract(FACE)


def test_references_are_assets_of_an_eight_second_clip(desk: GoogleDesk):
    options = (("audio", "false"), ("negative", "text, logos"), ("resolution", "1080p"))
    ticket = desk.submit(FACE, CAT, compiled="The woman strokes the cat", options=options, seed=2**32 + 5)
    assert ticket == f"{NAME}0"
    job = desk.server.job
    assert (job.model, job.prompt) == ("veo-3.1-generate-001", "The woman strokes the cat")
    assert job.body["parameters"] == {
        "sampleCount": 1,
        "aspectRatio": "16:9",
        "durationSeconds": 8,
        "resolution": "1080p",
        "generateAudio": False,
        "negativePrompt": "text, logos",
        "seed": 5,
    }
    assert len(job.body["instances"][0]["referenceImages"]) == 2
    assert [alike(s, p) for s, p in zip(job.pictures, (FACE, CAT), strict=True)] == [True, True]
    assert frames(desk.came(ticket).file) == 8


def test_a_clip_between_two_frames_is_shown_no_references(desk: GoogleDesk):
    desk.submit(FACE, first_frame=CAT, last_frame=FACE, seconds=4.0, compiled="The cat turns into the woman")
    job = desk.server.job
    assert set(job.body["instances"][0]) == {"prompt", "image", "lastFrame"}
    assert job.body["parameters"]["durationSeconds"] == 4
    assert [alike(s, p) for s, p in zip(job.pictures, (CAT, FACE), strict=True)] == [True, True]


def test_from_words_alone_any_length_goes(desk: GoogleDesk):
    desk.submit(compiled="A lighthouse", seconds=6.0)
    assert set(desk.server.job.body["instances"][0]) == {"prompt"}
    assert desk.server.job.body["parameters"]["generateAudio"] is True


@pytest.mark.parametrize(
    ("pictures", "changes", "words"),
    [
        ([FACE], {"seconds": 4.0}, "8 seconds from references, not of 4"),
        ([], {"last_frame": CAT}, "a last frame only with a first"),
    ],
)
def test_what_veo_refuses_is_said_before_anything_is_sent(
    desk: GoogleDesk, pictures: list[Any], changes: dict[str, Any], words: str
):
    assert words in desk.refused(InvalidInput, lambda: desk.submit(*pictures, **changes)).message
    assert desk.server.asked == []


def test_a_job_that_runs_is_taken_up_by_its_ticket_or_its_key(desk: GoogleDesk):
    ticket, again = desk.submit(FACE), desk.engine()
    assert (again.find("take.1"), again.find("take.2")) == (ticket, None)
    assert desk.came(ticket).file == desk.server.clip
    assert replace(desk, home=desk.home / "another machine").came(ticket).file == desk.server.clip
    assert len(desk.server.jobs) == 1
    again.cancel(ticket)


# --- credentials -----------------------------------------------------------------------------------------------------


def test_credentials_are_read_once_and_refreshed_when_they_run_out(desk: GoogleDesk):
    engine = desk.engine()
    ticket = engine.submit(desk.order(FACE), "take.1")
    engine.collect(ticket)
    engine.collect(ticket)
    assert len(desk.server.tokens) == 1
    assert isinstance(engine.access, CloudAccess)
    assert engine.access._kept is not None
    engine.access._kept.expiry = datetime(2026, 1, 1)
    rendered = engine.collect(ticket)
    assert rendered is not None
    assert rendered.file == desk.server.clip
    assert len(desk.server.tokens) == 2


def test_credentials_that_are_not_accepted_are_no_failed_submission(desk: GoogleDesk):
    engine, order = desk.engine(), desk.order(FACE)
    desk.server.token = Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    error = desk.refused(KeyRefused, lambda: engine.submit(order, "take.1"))
    assert "not accepted: invalid_grant: Invalid JWT Signature" in error.message
    assert "gcloud auth application-default login" in error.hint
    desk.server.token = None
    assert desk.came(engine.submit(order, "take.1")).file == desk.server.clip, "and the next try reads them anew"


def test_where_no_tokens_are_given_out_nothing_was_sent(desk: GoogleDesk):
    path = desk.home / "account.json"
    path.write_text(path.read_text().replace(desk.server.url, closed_port()))
    desk.refused(Unreachable)
    assert desk.server.asked == []


def test_checking_asks_nobody_and_names_what_is_missing(
    desk: GoogleDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    engine = desk.engine()
    engine.check()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    assert "GOOGLE_APPLICATION_CREDENTIALS" in desk.refused(MissingKey, engine.check).message
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setattr("samecast.models.google.access._MACHINE", tmp_path / "product_name")
    error = desk.refused(MissingKey, engine.check)
    assert "no credentials for Google Cloud" in error.message
    assert error.hint == "gcloud auth application-default login"
    (tmp_path / "product_name").write_text("Google Compute Engine\n")
    engine.check()
    (tmp_path / "product_name").unlink()
    (tmp_path / "application_default_credentials.json").write_text("{}")
    engine.check()
    for name in ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.setenv(name, " ")
        assert name in desk.refused(MissingKey, engine.check).message
    assert desk.server.asked == []


# --- what ships ------------------------------------------------------------------------------------------------------


def test_every_model_that_ships_has_a_setup_that_can_be_read(desk: GoogleDesk):
    for profile in (model for model in read_catalogue().values() if model.engine == "google"):
        engine = build(profile, desk.parts)
        assert engine.version.endswith(str(profile.setup["model"]))
        assert not profile.knows_keys
        assert profile.resource == ("google-cloud" if isinstance(engine, Veo) else "google")


def test_the_entry_that_the_page_shows_can_be_added(desk: GoogleDesk):
    assert isinstance(build(life.check_shown("google", build, desk), desk.parts), Omni)
    page = (Path(__file__).resolve().parents[3] / "docs" / "models-google.md").read_text()
    for key in fields(Setup):
        assert f"`{key.name}`" in page, f"the page does not say what {key.name} is"


def test_building_imports_nothing_of_google():
    check_light("google", stated("google", ENTRIES), {"GEMINI_API_KEY": KEY}, "google.genai", "google.auth")
