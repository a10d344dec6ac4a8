"""OpenAI's SDK against a strict stand-in: what is sent, what comes back, and everything that can go wrong between."""

import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
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
from tests.models.openai.server import KEY, OpenAIServer, said

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
from samecast.models.catalogue import parse_catalogue, read_catalogue
from samecast.models.openai import OpenAIImages, build
from samecast.ports import HostedEngine, ModelProfile, Picture
from samecast.ports.contract import check_error, check_hosted

ENTRY = """
[[model]]
id = "gpt-image"
name = "GPT Image"
engine = "openai"
kinds = ["image"]
aspects = ["16:9", "1:1"]
seconds = 0
characters = 4
deterministic = false
composites = false
price = "By the token."
licence = "OpenAI's."
source = "the SDK"
date = 2026-11-22
resource = "openai"
references = 16
mentions = { picture = "image {n}", first = "the {noun} in {pictures}" }
edits = true
still_sizes = { "16:9" = "1536x864", "1:1" = "1024x1024" }
notes = ""
[model.options]
quality = { kind = "choice", choices = ["low", "high"], default = "low", says = "How good." }
input_fidelity = { kind = "choice", choices = ["low", "high"], says = "How close." }
output_compression = { kind = "whole", least = 0, most = 100, says = "How small." }
[model.setup]
model = "gpt-image-1.5"
edit_only = ["input_fidelity"]
"""


@pytest.fixture(scope="module")
def profile() -> ModelProfile:
    (found,) = parse_catalogue(ENTRY).values()
    return found


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def engine(profile: ModelProfile, tmp_path: Path, waits: Waits) -> OpenAIImages:
    made = build(profile, parts(tmp_path, OPENAI_API_KEY=KEY))
    assert isinstance(made, OpenAIImages)
    return replace(made, sleep=waits.sleep)


def failed(engine: OpenAIImages, *pictures: Picture, waits: Waits | None = None) -> SamecastError:
    """What submitting raises, which keeps what every error must."""
    with pytest.raises(SamecastError) as caught:
        engine.submit(order_for(engine.profile, engine, *pictures, waits=waits), "take.1")
    assert tells_nothing_of(KEY, caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    check_error(caught.value, KEY, KEY[8:40])
    return caught.value


# --- what is sent, and what comes back -------------------------------------------------------------------------------


def test_a_take_s_whole_life(openai_server: OpenAIServer, profile: ModelProfile, tmp_path: Path):
    def make() -> HostedEngine:
        return build(profile, parts(tmp_path, OPENAI_API_KEY=KEY))

    check_hosted(make, profile, [FACE], jobs=lambda: len(openai_server.made))


def test_references_go_in_the_order_that_the_prompt_counts_them(openai_server: OpenAIServer, engine: OpenAIImages):
    order = order_for(
        engine.profile,
        engine,
        FACE,
        CAT,
        compiled="The woman in image 1 strokes the cat in image 2",
        options=(("input_fidelity", "high"), ("quality", "high")),
    )
    assert engine.submit(order, "take.1") == "take.1"
    (made,) = openai_server.made
    assert made.path == "/v1/images/edits"
    assert made.fields == {
        "model": "gpt-image-1.5",
        "prompt": "The woman in image 1 strokes the cat in image 2",
        "size": "1536x864",
        "n": "1",
        "quality": "high",
        "input_fidelity": "high",
    }
    first, second = made.pictures
    assert np.array_equal(first, FACE.rgb), "a PNG loses nothing"
    assert np.array_equal(second, CAT.rgb)
    rendered = engine.collect("take.1")
    assert rendered is not None
    form, pixels = opened(rendered.file)
    assert (form, pixels.shape) == ("PNG", (864, 1536, 3))
    assert tuple(pixels[0, 0]) == (200, 40, 90)


def test_without_pictures_it_is_made_from_the_prompt_alone(openai_server: OpenAIServer, engine: OpenAIImages):
    given = (("input_fidelity", "high"), ("output_compression", "80"), ("quality", "low"))
    engine.submit(order_for(engine.profile, engine, compiled="A lighthouse", options=given), "take.1")
    (made,) = openai_server.made
    assert made.path == "/v1/images/generations"
    assert made.fields == {
        "model": "gpt-image-1.5",
        "prompt": "A lighthouse",
        "size": "1536x864",
        "n": 1,
        "quality": "low",
        "output_compression": 80,
    }, "what only goes with pictures stays away, and numbers are numbers"


def test_one_picture_to_edit_is_the_first_and_large_ones_shrink(openai_server: OpenAIServer, engine: OpenAIImages):
    large = Picture(rgb=np.full((900, 3000, 3), (10, 120, 60), np.uint8))
    order = order_for(engine.profile, engine, edited=large)
    order = replace(order, recipe=replace(order.recipe, pictures=(order.recipe.edited,)))
    engine.submit(order, "take.1")
    (picture,) = openai_server.made[0].pictures
    assert picture.shape == (614, 2048, 3)
    assert alike(picture, large)


def test_sixteen_pictures_at_most_are_taken(openai_server: OpenAIServer, engine: OpenAIImages):
    many = [Picture(rgb=np.full((64, 64, 3), shade, np.uint8)) for shade in range(16)]
    engine.submit(order_for(engine.profile, engine, *many), "take.1")
    assert [int(picture[0, 0, 0]) for picture in openai_server.made[0].pictures] == list(range(16))


def test_a_picture_may_take_its_time(openai_server: OpenAIServer, engine: OpenAIImages):
    ready = threading.Event()
    openai_server.script.append(Answer(made=True, hold=ready))
    threading.Timer(0.15, ready.set).start()
    assert engine.submit(order_for(engine.profile, engine, FACE), "take.1") == "take.1"
    assert engine.collect("take.1") is not None


def test_a_picture_that_lies_elsewhere_is_fetched_without_the_key(openai_server: OpenAIServer, engine: OpenAIImages):
    with ElseWhere().running() as elsewhere:
        tree = {"created": 1, "data": [{"url": f"{elsewhere.url}/picture.png"}]}
        openai_server.script.append(Answer(tree=tree, made=True))
        engine.submit(order_for(engine.profile, engine, FACE), "take.1")
        rendered = engine.collect("take.1")
        assert rendered is not None
        assert rendered.file == png(64, 64)
        assert all("authorization" not in asked.headers for asked in elsewhere.asked)


class ElseWhere(OpenAIServer):
    def answer(self, asked: object) -> Answer:
        return Answer(text=png(64, 64), headers={"Content-Type": "image/png"})


# --- what survives ---------------------------------------------------------------------------------------------------

_WORKER = """
import os, signal, sys
from pathlib import Path
from tests.models.openai.loopback import FACE, order_for, parts
from tests.models.openai.server import KEY
from tests.models.openai.test_openai import ENTRY
from samecast.models.catalogue import parse_catalogue
from samecast.models.openai import build

(profile,) = parse_catalogue(ENTRY).values()
engine = build(profile, parts(Path(sys.argv[1]), OPENAI_API_KEY=KEY))
engine.submit(order_for(profile, engine, FACE), "take.1")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_killed_before_it_could_say_so_costs_nothing(
    openai_server: OpenAIServer, engine: OpenAIImages, tmp_path: Path
):
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _WORKER, tmp_path],
        env=dict(os.environ),
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    ticket = engine.find("take.1")
    assert ticket is not None
    rendered = engine.collect(ticket)
    assert rendered is not None
    assert opened(rendered.file)[1].shape == (864, 1536, 3)
    assert len(openai_server.made) == 1
    assert engine.find("take.2") is None


def test_what_was_never_kept_or_was_dropped_is_lost(openai_server: OpenAIServer, engine: OpenAIImages):
    engine.submit(order_for(engine.profile, engine, FACE), "take.1")
    engine.cancel("take.1")
    engine.cancel("take.1")
    with pytest.raises(RenderFailed, match="no longer has this take") as lost:
        engine.collect("take.1")
    assert lost.value.charged
    check_error(lost.value, KEY)


def test_an_answer_that_cannot_be_kept_is_not_paid_for_again(
    openai_server: OpenAIServer, engine: OpenAIImages, tmp_path: Path
):
    (tmp_path / "spool").write_text("a file where the folder should be")
    error = failed(engine, FACE)
    assert isinstance(error, SubmissionUnsure), "a storage error would be tried again by itself, and paid again"
    assert "was lost here" in error.message
    assert len(openai_server.made) == 1


def test_an_answer_without_a_picture_was_paid_for(openai_server: OpenAIServer, engine: OpenAIImages):
    for number, tree in enumerate([{"created": 1, "data": []}, {"data": [{}]}, {"data": [{"b64_json": "?"}]}, []]):
        openai_server.script.append(Answer(tree=tree, made=True))
        engine.submit(order_for(engine.profile, engine, FACE), f"take.{number}")
        with pytest.raises(RenderFailed, match="sent no picture") as error:
            engine.collect(f"take.{number}")
        assert error.value.charged
    openai_server.script.append(Answer(text=b"<html>not even JSON", made=True))
    engine.submit(order_for(engine.profile, engine, FACE), "take.9")
    with pytest.raises(RenderFailed, match="sent no picture"):
        engine.collect("take.9")


# --- connections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["silent", "half"])
def test_a_connection_cut_after_sending_is_never_sent_again(
    openai_server: OpenAIServer, engine: OpenAIImages, cut: str
):
    openai_server.script.append(Answer(cut="half" if cut == "half" else "silent", made=True))
    error = failed(engine, FACE)
    assert isinstance(error, SubmissionUnsure)
    assert "may or may not have made this take" in error.message
    assert (len(openai_server.made), len(openai_server.asked)) == (1, 1)
    assert engine.find("take.1") is None


def test_an_answer_that_does_not_come_in_time_is_not_sent_again(
    openai_server: OpenAIServer, engine: OpenAIImages, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("samecast.models.openai.SECONDS", 0.2)
    ready = threading.Event()
    openai_server.script.append(Answer(made=True, hold=ready))
    error = failed(engine, FACE)
    ready.set()
    assert isinstance(error, SubmissionUnsure)
    assert "no answer in time" in error.message
    assert len(openai_server.asked) == 1


def test_where_nothing_listens_nothing_was_sent(
    openai_server: OpenAIServer, engine: OpenAIImages, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_BASE_URL", closed_port())
    error = failed(engine, FACE)
    assert isinstance(error, Unreachable)
    assert error.retryable


@pytest.mark.parametrize("status", [502, 504, 522])
def test_a_gateway_s_word_says_nothing_about_the_take(openai_server: OpenAIServer, engine: OpenAIImages, status: int):
    openai_server.script.append(Answer(status=status, text=b"<html>Bad gateway</html>", made=True))
    assert isinstance(failed(engine, FACE), SubmissionUnsure)
    assert len(openai_server.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_openai_s_own_word_that_it_failed_is_taken(openai_server: OpenAIServer, engine: OpenAIImages, status: int):
    openai_server.script.append(
        said(status, "The server had an error while processing your request.", kind="server_error")
    )
    error = failed(engine, FACE)
    assert isinstance(error, Unreachable)
    assert "server had an error" in error.message
    assert len(openai_server.asked) == 1, "and nothing tries again behind our back"


# --- too many at once ------------------------------------------------------------------------------------------------


def test_it_waits_as_long_as_it_is_asked_to(openai_server: OpenAIServer, engine: OpenAIImages, waits: Waits):
    openai_server.script.append(said(429, "Rate limit reached.", "rate_limit_exceeded", retry_after="7"))
    openai_server.script.append(said(429, "Rate limit reached.", "rate_limit_exceeded", retry_after_ms="2500"))
    assert engine.submit(order_for(engine.profile, engine, FACE, waits=waits), "take.1") == "take.1"
    assert waits.slept == pytest.approx(9.5)
    assert [told for told in waits.told if told[2] == 7] == [("wait", second, 7) for second in range(7)]
    assert len(openai_server.made) == 1


def test_it_gives_up_after_a_minute_and_may_be_tried_later(
    openai_server: OpenAIServer, engine: OpenAIImages, waits: Waits
):
    openai_server.script.extend([said(429, "Rate limit reached.", "rate_limit_exceeded")] * 9)
    error = failed(engine, FACE, waits=waits)
    assert isinstance(error, Unreachable)
    assert waits.slept == 30, "10 s, then 20 s, and 40 s more would be too long"
    assert len(openai_server.asked) == 3
    openai_server.script.clear()
    openai_server.script.append(said(429, "Rate limit reached.", retry_after="3600"))
    assert "3600 s" in failed(engine, FACE, waits=waits).message
    assert waits.slept == 30


def test_a_take_that_is_stopped_while_waiting_is_not_sent(openai_server: OpenAIServer, engine: OpenAIImages):
    stopping = Waits(stop_at=3)
    openai_server.script.append(said(429, "Rate limit reached.", "rate_limit_exceeded", retry_after="30"))
    with pytest.raises(Stopped):
        engine.submit(order_for(engine.profile, engine, FACE, waits=stopping), "take.1")
    assert (len(openai_server.asked), openai_server.made) == (1, [])


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            said(
                400,
                "Your request was rejected by the safety system. safety_violations=[violence].",
                "moderation_blocked",
            ),
            Refused,
            "will not make this: Your request was rejected by the safety system",
        ),
        (said(400, "This violates our content policy.", "content_policy_violation"), Refused, "content policy"),
        (said(400, "Billing hard limit has been reached", "billing_hard_limit_reached"), KeyRefused, "no credit left"),
        (
            said(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
            KeyRefused,
            "no credit",
        ),
        (said(403, "Your organization must be verified to use this model."), KeyRefused, "must be verified"),
        (said(403, "Country, region, or territory not supported", "unsupported_country"), KeyRefused, "territory"),
        (
            said(404, "The model does not exist or you do not have access to it.", "model_not_found"),
            InvalidInput,
            "not have",
        ),
        (said(400, "Invalid value: 'ultra'.", "invalid_value"), InvalidInput, "Invalid value"),
        (said(413, "Too large."), InvalidInput, "Too large"),
        (said(418, "I'm a teapot."), RenderFailed, "teapot"),
    ],
    ids=["moderation", "policy", "hard-limit", "quota", "unverified", "country", "model", "value", "large", "other"],
)
def test_what_openai_refuses_is_told_apart(
    openai_server: OpenAIServer, engine: OpenAIImages, answer: Answer, kind: type[SamecastError], words: str
):
    openai_server.script.append(answer)
    error = failed(engine, FACE)
    assert type(error) is kind
    assert words in error.message
    if isinstance(error, RenderFailed):
        assert not error.charged
    assert not error.retryable
    assert (len(openai_server.asked), openai_server.made) == (1, [])


def test_a_wrong_key_is_never_repeated_not_even_in_parts(
    openai_server: OpenAIServer, profile: ModelProfile, tmp_path: Path
):
    wrong = "qx-01234-nobody-9876"  # nothing that looks like a key by itself
    engine = build(profile, parts(tmp_path, OPENAI_API_KEY=wrong))
    with pytest.raises(KeyRefused) as error:
        engine.submit(order_for(profile, engine, FACE), "take.1")
    assert "samecast models key OPENAI_API_KEY" in error.value.hint
    check_error(error.value, wrong, "qx-01", "9876")
    assert tells_nothing_of("9876", error.value)


def test_nothing_logs_the_key(openai_server: OpenAIServer, engine: OpenAIImages, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        engine.submit(order_for(engine.profile, engine, FACE), "take.1")
        openai_server.script.append(said(500, f"About {KEY}.", kind="server_error"))
        failed(engine, FACE)
    assert "openai" in caplog.text, "it was listened to"
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_key_in_any_other_words_is_struck_out(
    openai_server: OpenAIServer, profile: ModelProfile, tmp_path: Path, status: int
):
    openai_server.key = "qx-01234-nobody-9876"
    engine = build(profile, parts(tmp_path, OPENAI_API_KEY=openai_server.key))
    openai_server.script.append(said(status, f"What {openai_server.key} asks for is not for it."))
    with pytest.raises(SamecastError, match="is not for it") as error:
        engine.submit(order_for(profile, engine, FACE), "take.1")
    check_error(error.value, openai_server.key)
    assert tells_nothing_of(openai_server.key, error.value)


# --- before anything is sent -----------------------------------------------------------------------------------------


def test_checking_asks_nobody(
    openai_server: OpenAIServer,
    engine: OpenAIImages,
    profile: ModelProfile,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    engine.check()
    with pytest.raises(MissingKey, match="OPENAI_API_KEY"):
        build(profile, parts(tmp_path)).check()
    monkeypatch.setattr("samecast.models.openai.util.find_spec", lambda name: None)
    with pytest.raises(MissingPart) as missing:
        engine.check()
    assert missing.value.hint == "pip install 'samecast[openai]'"
    assert openai_server.asked == []


@pytest.mark.parametrize("setup", [{}, {"model": ""}, {"model": "m", "modle": "m"}, {"model": "m", "edit_only": ["x"]}])
def test_a_wrong_setup_is_named(profile: ModelProfile, tmp_path: Path, setup: dict[str, object]):
    with pytest.raises(InvalidInput, match="gpt-image") as error:
        build(replace(profile, setup=setup), parts(tmp_path))
    check_error(error.value)


def test_the_entry_that_the_page_shows_can_be_added(tmp_path: Path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "models-openai.md").read_text()
    (profile,) = parse_catalogue(page.split("```toml")[1].split("```")[0]).values()
    assert build(profile, parts(tmp_path)).version.endswith("gpt-image-2.5-sunburst")


def test_building_imports_nothing_of_openai():
    code = (
        "import sys; from pathlib import Path; from tests.models.openai.loopback import parts\n"
        "from tests.models.openai.test_openai import ENTRY\n"
        "from samecast.models.catalogue import parse_catalogue; from samecast.models.openai import build\n"
        "(profile,) = parse_catalogue(ENTRY).values()\n"
        "build(profile, parts(Path('.'), OPENAI_API_KEY='k')).check()\n"
        "assert 'openai' not in sys.modules, 'it was imported'"
    )
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr


def test_every_model_that_ships_asks_for_what_openai_makes(tmp_path: Path):
    for profile in (model for model in read_catalogue().values() if model.engine == "openai"):
        engine = build(profile, parts(tmp_path, OPENAI_API_KEY=KEY))
        assert engine.version.endswith(str(profile.setup["model"]))
        assert not profile.knows_keys
        assert profile.references is not None
        assert profile.references <= 16
        for aspect in profile.aspects:
            size = profile.size("image", aspect)
            assert size is not None
            assert all(side % 16 == 0 for side in size)
            assert max(size) <= min(3840, 3 * min(size))
            assert abs(size[0] / size[1] - aspect[0] / aspect[1]) < 0.03
