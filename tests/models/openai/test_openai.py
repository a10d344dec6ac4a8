"""OpenAI's SDK against a strict stand-in: what is sent, what comes back, and everything that can go wrong between."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.models.openai.conftest import ENTRIES, OpenAIDesk
from tests.models.openai.server import KEY, said
from tests.models.provider import life
from tests.models.provider.desk import stated
from tests.models.provider.elsewhere import Killed, check_light
from tests.models.provider.pictures import CAT, FACE, alike, opened, png
from tests.models.provider.server import Answer, Asked, Provider

from samecast.core.errors import InvalidInput, KeyRefused, Refused, RenderFailed, Unreachable
from samecast.models.catalogue import read_catalogue
from samecast.models.openai import build
from samecast.ports import Picture

REJECTED = "Your request was rejected by the safety system. safety_violations=[violence]."
OVER = "The server had an error while processing your request."


class TestLife(life.AtOnce, life.Keyed, life.Client, Killed):
    key, status = "OPENAI_API_KEY", (400, 403, 500)
    extra, package = "openai", "openai"
    limit = "samecast.models.openai.SECONDS"
    doubt = "may or may not have made this take"
    patience = (30, 3)  # 10 + 20; 40 more would be too long
    busy = (
        life.Busy(
            (7, 2.5),
            (
                said(429, "Rate limit reached.", "rate_limit_exceeded", retry_after="7"),
                said(429, "Rate limit reached.", "rate_limit_exceeded", retry_after_ms="2500"),
            ),
        ),
    )
    unsure = tuple(Answer(status, text="<html>Bad gateway</html>", made=True) for status in (502, 504, 522))
    refusal = (
        life.Refusal(said(400, REJECTED, "moderation_blocked"), Refused, f"will not make this: {REJECTED[:51]}"),
        life.Refusal(
            said(400, "It violates our content policy.", "content_policy_violation"), Refused, "content policy"
        ),
        life.Refusal(
            said(400, "Billing hard limit has been reached", "billing_hard_limit_reached"), KeyRefused, "no credit left"
        ),
        life.Refusal(
            said(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
            KeyRefused,
            "no credit",
        ),
        life.Refusal(said(403, "Your organization must be verified to use it."), KeyRefused, "must be verified"),
        life.Refusal(said(403, "Country, region, or territory not supported", "unsupported"), KeyRefused, "territory"),
        life.Refusal(
            said(404, "The model does not exist or you do not have access to it.", "model_not_found"),
            InvalidInput,
            "not have",
        ),
        life.Refusal(said(400, "Invalid value: 'ultra'.", "invalid_value"), InvalidInput, "Invalid value"),
        life.Refusal(said(413, "Too large."), InvalidInput, "Too large"),
        life.Refusal(said(418, "I'm a teapot."), RenderFailed, "teapot"),
        *(life.Refusal(said(status, OVER, kind="server_error"), Unreachable, OVER[4:24]) for status in (500, 502, 503)),
    )

    def says(self, status: int, words: str, **headers: str) -> Answer:
        return said(status, words, **headers)


# --- what is sent, and what comes back -------------------------------------------------------------------------------


def test_a_take_s_whole_life(desk: OpenAIDesk):
    desk.check_contract(FACE)


def test_references_go_in_the_order_that_the_prompt_counts_them(desk: OpenAIDesk):
    told = "The woman in image 1 strokes the cat in image 2"
    options = (("input_fidelity", "high"), ("quality", "high"))
    assert desk.submit(FACE, CAT, compiled=told, options=options) == "take.1"
    made = desk.server.job
    assert made.path == "/v1/images/edits"
    assert made.fields == {
        "model": "gpt-image-1.5",
        "prompt": told,
        "size": "1536x864",
        "n": "1",
        "quality": "high",
        "input_fidelity": "high",
    }
    first, second = made.pictures
    assert np.array_equal(first, FACE.rgb), "a PNG loses nothing"
    assert np.array_equal(second, CAT.rgb)
    pixels = opened(desk.came("take.1").file, "PNG")
    assert pixels.shape == (864, 1536, 3)
    assert tuple(pixels[0, 0]) == (200, 40, 90)


def test_without_pictures_it_is_made_from_the_prompt_alone(desk: OpenAIDesk):
    given = (("input_fidelity", "high"), ("output_compression", "80"), ("quality", "low"))
    desk.submit(compiled="A lighthouse", options=given)
    made = desk.server.job
    assert made.path == "/v1/images/generations"
    assert made.fields == {
        "model": "gpt-image-1.5",
        "prompt": "A lighthouse",
        "size": "1536x864",
        "n": 1,
        "quality": "low",
        "output_compression": 80,
    }, "what only goes with pictures stays away, and numbers are numbers"


def test_one_picture_to_edit_is_the_first_and_large_ones_shrink(desk: OpenAIDesk):
    large = Picture(rgb=np.full((900, 3000, 3), (10, 120, 60), np.uint8))
    order = desk.order(edited=large)
    order = replace(order, recipe=replace(order.recipe, pictures=(order.recipe.edited,)))
    desk.engine().submit(order, "take.1")
    (picture,) = desk.server.job.pictures
    assert picture.shape == (614, 2048, 3)
    assert alike(picture, large)


def test_sixteen_pictures_at_most_are_taken(desk: OpenAIDesk):
    desk.submit(*[Picture(rgb=np.full((64, 64, 3), shade, np.uint8)) for shade in range(16)])
    assert [int(picture[0, 0, 0]) for picture in desk.server.job.pictures] == list(range(16))


def test_a_picture_that_lies_elsewhere_is_fetched_without_the_key(desk: OpenAIDesk):
    with ElseWhere().running() as elsewhere:
        tree = {"created": 1, "data": [{"url": f"{elsewhere.url}/picture.png"}]}
        desk.server.script.append(Answer(200, tree, made=True))
        assert desk.came(desk.submit(FACE)).file == png(64, 64)
        assert all("authorization" not in asked.headers for asked in elsewhere.asked)


class ElseWhere(Provider[Any]):
    def answer(self, asked: Asked) -> Answer:
        return Answer(text=png(64, 64), headers={"Content-Type": "image/png"})


# --- what survives ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {"created": 1, "data": []}, made=True),
        Answer(200, {"data": [{}]}, made=True),
        Answer(200, {"data": [{"b64_json": "?"}]}, made=True),
        Answer(200, [], made=True),
        Answer(text="<html>not even JSON", made=True),
    ],
)
def test_an_answer_without_a_picture_was_paid_for(desk: OpenAIDesk, answer: Answer):
    desk.server.script.append(answer)
    desk.submit(FACE)
    error = desk.refused(RenderFailed, lambda: desk.came("take.1"))
    assert isinstance(error, RenderFailed)
    assert "sent no picture" in error.message
    assert error.charged


# --- connections, crowds, logs ---------------------------------------------------------------------------------------


def test_it_is_said_how_long_it_would_have_to_wait(desk: OpenAIDesk):
    desk.server.script.append(said(429, "Rate limit reached.", retry_after="3600"))
    assert "3600 s" in desk.refused(Unreachable).message


def test_what_the_sdk_logs_has_no_key(desk: OpenAIDesk, caplog: pytest.LogCaptureFixture):
    with caplog.at_level("DEBUG"):
        desk.submit(FACE)
        desk.server.script.append(said(500, f"About {KEY}.", kind="server_error"))
        desk.refused(Unreachable, lambda: desk.submit(FACE, key="take.2"))
    assert "openai" in caplog.text, "it was listened to"
    assert KEY not in caplog.text


# --- before anything is sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("setup", [{}, {"model": ""}, {"model": "m", "modle": "m"}, {"model": "m", "edit_only": ["x"]}])
def test_a_wrong_setup_is_named(desk: OpenAIDesk, setup: dict[str, object]):
    wrong = replace(desk.profile, setup=setup)
    assert "gpt-image" in desk.refused(InvalidInput, lambda: build(wrong, desk.parts)).message


def test_the_entry_that_the_page_shows_can_be_added(desk: OpenAIDesk):
    shown = life.check_shown("openai", build, desk)
    assert build(shown, desk.parts).version.endswith("gpt-image-2.5-sunburst")


def test_building_imports_nothing_of_openai():
    check_light("openai", stated("openai", ENTRIES), {"OPENAI_API_KEY": "k"}, "openai")


def test_every_model_that_ships_asks_for_what_openai_makes(desk: OpenAIDesk):
    for profile in (model for model in read_catalogue().values() if model.engine == "openai"):
        assert build(profile, desk.parts).version.endswith(str(profile.setup["model"]))
        assert not profile.knows_keys
        assert profile.references is not None
        assert profile.references <= 16
        for aspect in profile.aspects:
            size = profile.size("image", aspect)
            assert size is not None
            assert all(side % 16 == 0 for side in size)
            assert max(size) <= min(3840, 3 * min(size))
            assert abs(size[0] / size[1] - aspect[0] / aspect[1]) < 0.03
