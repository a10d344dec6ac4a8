"""Veo on Google Cloud, over Google's SDK and its own credentials: begun, asked for; and what can go wrong between."""

import subprocess
import sys
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.models.google.conftest import PROFILES, built
from tests.models.google.server import LOCATION, PROJECT, GoogleServer, frames, said
from tests.models.openai.loopback import (
    CAT,
    FACE,
    Answer,
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
    MissingKey,
    Refused,
    RenderFailed,
    SamecastError,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models.catalogue import parse_catalogue, read_catalogue
from samecast.models.google import build
from samecast.models.google.access import CloudAccess
from samecast.models.google.omni import Omni
from samecast.models.google.settings import Setup
from samecast.models.google.veo import Veo
from samecast.ports import HostedEngine
from samecast.ports.contract import check_error, check_hosted, collect

PROFILE = PROFILES["veo"]
NAME = f"projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/veo-3.1-generate-001/operations/"


@pytest.fixture
def engine(cloud: GoogleServer, tmp_path: Path, waits: Waits) -> Veo:
    return built(Veo, PROFILE, tmp_path, waits)


def begun(engine: Veo, *pictures: Any, **changes: Any) -> str:
    return engine.submit(order_for(engine.profile, engine, *pictures, **changes), "take.1")


def came(engine: HostedEngine, ticket: str) -> bytes:
    return collect(engine, ticket, lambda: None).file


def failed(cloud: GoogleServer, error: BaseException) -> SamecastError:
    assert isinstance(error, SamecastError)
    for token in cloud.tokens:
        assert tells_nothing_of(token, error)
    check_error(error, *cloud.tokens, "PRIVATE KEY")
    return error


def test_a_take_s_whole_life(cloud: GoogleServer, tmp_path: Path):
    def make() -> HostedEngine:
        return build(PROFILE, parts(tmp_path))

    check_hosted(make, PROFILE, [FACE], jobs=lambda: len(cloud.jobs))


def test_references_are_assets_of_an_eight_second_clip(cloud: GoogleServer, engine: Veo):
    options = (("audio", "false"), ("negative", "text, logos"), ("resolution", "1080p"))
    ticket = begun(engine, FACE, CAT, compiled="The woman strokes the cat", options=options, seed=2**32 + 5)
    assert ticket == f"{NAME}0"
    (job,) = cloud.jobs
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
    assert frames(came(engine, ticket)) == 8


def test_a_clip_between_two_frames_is_shown_no_references(cloud: GoogleServer, engine: Veo):
    begun(engine, FACE, first_frame=CAT, last_frame=FACE, seconds=4.0, compiled="The cat turns into the woman")
    (job,) = cloud.jobs
    assert set(job.body["instances"][0]) == {"prompt", "image", "lastFrame"}
    assert job.body["parameters"]["durationSeconds"] == 4
    assert [alike(s, p) for s, p in zip(job.pictures, (CAT, FACE), strict=True)] == [True, True]


def test_from_words_alone_any_length_goes(cloud: GoogleServer, engine: Veo):
    begun(engine, compiled="A lighthouse", seconds=6.0)
    assert set(cloud.jobs[0].body["instances"][0]) == {"prompt"}
    assert cloud.jobs[0].body["parameters"]["generateAudio"] is True


@pytest.mark.parametrize(
    ("pictures", "changes", "words"),
    [
        ([FACE], {"seconds": 4.0}, "8 seconds from references, not of 4"),
        ([], {"last_frame": CAT}, "a last frame only with a first"),
    ],
)
def test_what_veo_refuses_is_said_before_anything_is_sent(
    cloud: GoogleServer, engine: Veo, pictures: list[Any], changes: dict[str, Any], words: str
):
    with pytest.raises(InvalidInput, match=words) as error:
        begun(engine, *pictures, **changes)
    failed(cloud, error.value)
    assert cloud.asked == []


def test_a_job_that_runs_is_taken_up_by_its_ticket_or_its_key(cloud: GoogleServer, engine: Veo, tmp_path: Path):
    ticket = begun(engine, FACE)
    again = built(Veo, PROFILE, tmp_path)
    assert (again.find("take.1"), again.find("take.2")) == (ticket, None)
    assert came(again, ticket) == cloud.clip
    assert came(built(Veo, PROFILE, tmp_path / "another machine"), ticket) == cloud.clip
    assert len(cloud.jobs) == 1
    again.cancel(ticket)


# --- credentials -----------------------------------------------------------------------------------------------------


def test_credentials_are_read_once_and_refreshed_when_they_run_out(cloud: GoogleServer, engine: Veo):
    ticket = begun(engine, FACE)
    engine.collect(ticket)
    engine.collect(ticket)
    assert len(cloud.tokens) == 1
    assert isinstance(engine.access, CloudAccess)
    assert engine.access._kept is not None
    engine.access._kept.expiry = datetime(2026, 1, 1)
    assert came(engine, ticket) == cloud.clip
    assert len(cloud.tokens) == 2


def test_credentials_that_are_not_accepted_are_no_failed_submission(cloud: GoogleServer, engine: Veo):
    tree = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    cloud.token = Answer(status=400, tree=tree)
    with pytest.raises(KeyRefused, match="not accepted: invalid_grant: Invalid JWT Signature") as error:
        begun(engine, FACE)
    assert "gcloud auth application-default login" in failed(cloud, error.value).hint
    cloud.token = None
    assert came(engine, begun(engine, FACE)) == cloud.clip, "and the next try reads them anew"


def test_where_no_tokens_are_given_out_nothing_was_sent(
    cloud: GoogleServer, engine: Veo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "account.json"
    path.write_text(path.read_text().replace(cloud.url, closed_port()))
    with pytest.raises(Unreachable) as error:
        begun(engine, FACE)
    failed(cloud, error.value)


def test_checking_asks_nobody_and_names_what_is_missing(
    cloud: GoogleServer, engine: Veo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    engine.check()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nowhere.json"))
    with pytest.raises(MissingKey, match="GOOGLE_APPLICATION_CREDENTIALS") as error:
        engine.check()
    failed(cloud, error.value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setattr("samecast.models.google.access._MACHINE", tmp_path / "product_name")
    with pytest.raises(MissingKey, match="no credentials for Google Cloud") as error:
        engine.check()
    assert error.value.hint == "gcloud auth application-default login"
    (tmp_path / "product_name").write_text("Google Compute Engine\n")
    engine.check()
    (tmp_path / "product_name").unlink()
    (tmp_path / "application_default_credentials.json").write_text("{}")
    engine.check()
    for name in ("GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.setenv(name, " ")
        with pytest.raises(MissingKey, match=name):
            engine.check()
    assert cloud.asked == []


# --- ends, connections, refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "kind", "words"),
    [
        ({"error": {"code": 13, "message": "Internal error."}}, RenderFailed, "Internal error"),
        (
            {"error": {"code": 3, "message": "The prompt violates Google's usage guidelines."}},
            Refused,
            "usage guidelines",
        ),
        (
            {
                "response": {
                    "raiMediaFilteredCount": 1,
                    "raiMediaFilteredReasons": ["A person's face. Support codes: 15236754"],
                }
            },
            Refused,
            "A person's face",
        ),
        ({"response": {"raiMediaFilteredCount": 1}}, Refused, "filtered"),
        ({"response": {}}, RenderFailed, "does not say why"),
        ({}, RenderFailed, "does not say why"),
        ({"response": {"videos": [{"gcsUri": "gs://bucket/clip.mp4"}]}}, RenderFailed, "gs://bucket/clip.mp4"),
    ],
)
def test_an_operation_that_ends_without_a_clip_says_why(
    cloud: GoogleServer, engine: Veo, ends: dict[str, Any], kind: type[RenderFailed], words: str
):
    cloud.goes = [{"done": False}, {"done": True, **ends}]
    with pytest.raises(RenderFailed) as error:
        came(engine, begun(engine, FACE))
    assert type(failed(cloud, error.value)) is kind
    assert words in error.value.message
    assert error.value.charged is ("gs://" in words), "Google charges for clips it delivers"


def test_an_operation_that_google_no_longer_has_is_lost(cloud: GoogleServer, engine: Veo):
    with pytest.raises(RenderFailed, match="no longer has this take") as error:
        engine.collect(f"{NAME}77")
    failed(cloud, error.value)


def test_a_connection_cut_while_submitting_is_never_sent_again(cloud: GoogleServer, engine: Veo):
    cloud.script.append(Answer(cut="silent", made=True))
    with pytest.raises(SubmissionUnsure, match="may or may not") as error:
        begun(engine, FACE)
    failed(cloud, error.value)
    assert (len(cloud.jobs), len(cloud.asked)) == (1, 2), "the token, and the take once"
    assert engine.find("take.1") is None


def test_a_connection_cut_while_waiting_may_go_better_later(cloud: GoogleServer, engine: Veo):
    ticket = begun(engine, FACE)
    cloud.jobs[0].goes.insert(0, {"answer": Answer(cut="silent")})
    with pytest.raises(Unreachable) as error:
        engine.collect(ticket)
    failed(cloud, error.value)
    assert came(engine, ticket) == cloud.clip


@pytest.mark.parametrize("answer", [Answer(text=b"<html>welcome"), Answer(tree={}), Answer(status=502, text=b"<html>")])
def test_an_answer_that_names_no_job_leaves_it_open(cloud: GoogleServer, engine: Veo, answer: Answer):
    cloud.script.append(replace(answer, made=True))
    with pytest.raises(SubmissionUnsure) as error:
        begun(engine, FACE)
    failed(cloud, error.value)
    assert len(cloud.jobs) == 1


def test_too_many_at_once_are_waited_out(cloud: GoogleServer, engine: Veo, waits: Waits):
    cloud.script.append(
        said(429, "Quota exceeded for online_prediction_requests.", "RESOURCE_EXHAUSTED", retry_after="4")
    )
    begun(engine, FACE, waits=waits)
    assert (waits.slept, len(cloud.jobs)) == (4, 1)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said(403, "Permission 'aiplatform.endpoints.predict' denied.", "PERMISSION_DENIED"), KeyRefused),
        (said(403, "Agent Platform API has not been used in project before.", "PERMISSION_DENIED"), KeyRefused),
        (said(400, "Text prompt violates the responsible AI practices.", "INVALID_ARGUMENT"), Refused),
        (said(400, "Unsupported duration.", "INVALID_ARGUMENT"), InvalidInput),
        (said(404, "Publisher model was not found.", "NOT_FOUND"), InvalidInput),
        (said(500, "Internal.", "INTERNAL"), Unreachable),
    ],
)
def test_what_google_answers_instead_is_told_apart(
    cloud: GoogleServer, engine: Veo, answer: Answer, kind: type[SamecastError]
):
    cloud.script.append(answer)
    with pytest.raises(SamecastError) as error:
        begun(engine, FACE)
    assert type(failed(cloud, error.value)) is kind
    assert answer.tree["error"]["message"].rstrip(".") in error.value.message
    assert cloud.jobs == []


# --- what ships ------------------------------------------------------------------------------------------------------


def test_every_model_that_ships_has_a_setup_that_can_be_read(tmp_path: Path):
    for profile in (model for model in read_catalogue().values() if model.engine == "google"):
        engine = build(profile, parts(tmp_path))
        assert engine.version.endswith(str(profile.setup["model"]))
        assert not profile.knows_keys
        assert profile.resource == ("google-cloud" if isinstance(engine, Veo) else "google")


def test_the_entry_that_the_page_shows_can_be_added(tmp_path: Path):
    page = Path(__file__).resolve().parents[3] / "docs" / "models-google.md"
    (profile,) = parse_catalogue(page.read_text().split("```toml")[1].split("```")[0]).values()
    assert isinstance(build(profile, parts(tmp_path)), Omni)
    for key in fields(Setup):
        assert f"`{key.name}`" in page.read_text(), f"the page does not say what {key.name} is"


def test_building_imports_nothing_of_google():
    code = (
        "import sys; from pathlib import Path; from samecast.models.google import build\n"
        "from samecast.models.catalogue import parse_catalogue\n"
        "assert not [name for name in sys.modules if name.startswith('google')], 'it was imported'"
    )
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
