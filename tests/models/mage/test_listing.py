"""What Mage offers today as entries: read once a day, right in what they say, and every one of them makes a take."""

import os
import time
from typing import Any

import pytest
from tests.models.mage.architectures import architecture
from tests.models.mage.desk import MageDesk
from tests.models.mage.mage_server import SECRET, error
from tests.models.provider.pictures import grey
from tests.models.provider.server import Answer

from samecast.core.errors import InvalidInput, KeyRefused, SamecastError, Unreachable
from samecast.models.catalogue import check_limits, parse_catalogue, read_catalogue
from samecast.models.hosted import plain
from samecast.models.mage import live_entries
from samecast.ports import ModelProfile

IDS = [
    "mage-mango-v1", "mage-mango-v2", "mage-mango-v3s", "mage-mango", "mage-mango-v3-turbo",
    "mage-guava", "mage-guava-pro", "mage-guava-pro-v1-5", "mage-guava-2", "mage-guava-2-pro",
    "mage-flux2", "mage-sdxl-plus", "mage-grok-imagine-image", "mage-grok-imagine-image-2.0",
    "mage-cherry-mini", "mage-cherry", "mage-cherry-pro", "mage-cherry-2-pro",
    "mage-lemon", "mage-kiwi", "mage-wan22-video", "mage-wan22-video-lightning",
]  # fmt: skip


def offered(desk: MageDesk) -> dict[str, ModelProfile]:
    return parse_catalogue(live_entries(desk.parts))


def test_every_model_of_the_list_becomes_one_of_ours(desk: MageDesk):
    models = offered(desk)
    assert list(models) == IDS
    check_limits(models, where="the list")


@pytest.mark.parametrize("model", IDS)
def test_every_one_of_them_makes_a_take(desk: MageDesk, model: str):
    profile = offered(desk)[model]
    desk.of(profile).check_contract(*[grey(shade) for shade in (60, 90)][: profile.references])


def test_an_entry_says_what_the_list_says(desk: MageDesk):
    models = offered(desk)
    mango, guava, cherry = models["mage-mango"], models["mage-guava-2-pro"], models["mage-cherry-2-pro"]
    assert (mango.name, mango.kinds, mango.references, mango.edits) == ("Mango (mango-v3)", ("image",), 10, True)
    assert mango.mentioning is None
    assert mango.setup == {
        "architecture": "mango",
        "variant": "mango-v3",
        "characters": True,
        "image": "image",
        "more": "additional_images",
    }
    (resolution,) = mango.options
    assert (resolution.name, resolution.choices, resolution.default) == ("resolution", ("1K", "2K"), "2K")
    assert "135" in mango.price
    assert "mango-v3 costs 135" in models["mage-mango-v2"].price
    assert (mango.notes, mango.at_once, mango.knows_keys) == ("Mango makes images.", 20, True)
    assert (guava.references, guava.max_characters) == (3, 3)
    assert (cherry.references, cherry.max_seconds, cherry.lengths[-1]) == (50, 30, 30)
    assert models["mage-cherry"].references == 9
    assert list(models["mage-cherry"].lengths) == [4, 5, 8, 10, 15]
    assert not cherry.first_frame
    assert {option.name for option in cherry.options} == {"resolution", "use_character_voices"}


def test_models_that_know_no_characters_are_shown_pictures(desk: MageDesk):
    models = offered(desk)
    flux, sdxl, grok = models["mage-flux2"], models["mage-sdxl-plus"], models["mage-grok-imagine-image"]
    assert flux.mentioning is not None
    assert flux.mentioning.picture == "image {n}"
    assert grok.mentioning is not None
    assert grok.mentioning.picture == "@image{n}"
    assert (flux.references, sdxl.references) == (4, 1)
    assert {option.name: (option.kind, option.default) for option in sdxl.options} == {
        "negative": ("text", ""),
        "scheduler": ("text", "euler"),
        "adetailer_face": ("flag", "true"),
    }
    assert sdxl.setup["fields"] == {"negative": "negative_prompt"}
    assert {option.name: (option.least, option.most) for option in flux.options}["guidance_scale"] == (1, 8)
    assert models["mage-mango-v1"].mentioning is not None  # alone of the Mangos it knows none


def test_clips_from_a_frame_have_it_made_by_another_model(desk: MageDesk):
    models = offered(desk)
    kiwi, lemon, wan = models["mage-kiwi"], models["mage-lemon"], models["mage-wan22-video"]
    assert (kiwi.references, kiwi.first_frame, kiwi.last_frame, kiwi.keyframe) == (0, True, False, "mage-mango")
    assert kiwi.keyframe in models
    assert (lemon.first_frame, lemon.last_frame, lemon.keyframe) == (True, True, "")
    assert wan.setup["timed"] is False
    assert [option.kind for option in wan.options if option.name == "num_frames"] == ["whole"]


def test_aspects_that_are_no_whole_numbers_are_left_out_and_others_have_a_size(desk: MageDesk):
    models = offered(desk)
    assert models["mage-grok-imagine-image"].aspects == ((1, 1), (16, 9), (2, 1))
    size = models["mage-grok-imagine-image"].size("image", (2, 1))
    assert size is not None
    assert abs(size[0] / size[1] - 2) < 0.03
    assert models["mage-lemon"].size("video", (16, 9)) == (1280, 720)


def test_what_cannot_be_an_entry_is_left_out_and_said(desk: MageDesk):
    text = live_entries(desk.parts)
    assert "# Left out: mage-krea-2: " in text
    assert "mage-krea-2" not in parse_catalogue(text)
    assert "seed_audio" not in text


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"type": "image"},
        {"type": "image", "name": "Odd", "id": "../account", "options": {"aspect_ratio": ["1:1"]}},
        {"type": "image", "id": 'x"\n[[model]]', "name": "\n", "options": {"aspect_ratio": ["1:1"]}},
        {"type": "video", "id": "odd", "name": "Odd", "options": {"aspect_ratio": "16:9", "duration": [5]}},
        {
            "type": "image",
            "id": "mango",
            "name": "Mango",
            "options": {"model_id": ["mango-v3"], "aspect_ratio": ["1:1"]},
        },
    ],
)
def test_whatever_the_list_holds_the_rest_of_it_is_read(desk: MageDesk, odd: dict[str, Any]):
    desk.server.architectures.append(odd)
    assert list(offered(desk)) == IDS


def test_words_of_the_list_stay_words(desk: MageDesk):
    wild = 'Says "x"\x00\x1b[31m\n[[model]]\nid = "evil" \\ é😀'
    desk.server.architectures = [
        architecture("wild", wild, "image", ["wild-1"], {"aspect_ratio": ["1:1"]}, description=wild)
    ]
    ((name, profile),) = offered(desk).items()
    assert name == "mage-wild"
    assert profile.name == 'Says "x" [31m [[model]] id = "evil" \\ é😀'


# --- once a day ---------------------------------------------------------------------------------------------------


def test_it_is_asked_for_once_a_day(desk: MageDesk):
    first = live_entries(desk.parts)
    assert live_entries(desk.parts) == first
    assert desk.server.count("GET", "/v1/architectures") == 1
    file = desk.home / "mage" / "architectures.json"
    os.utime(file, (time.time() - 25 * 3600,) * 2)
    assert offered(desk).keys() == set(IDS)
    assert desk.server.count("GET", "/v1/architectures") == 2
    assert SECRET not in file.read_text()


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"architectures": []}'])
def test_a_torn_list_is_asked_for_again(desk: MageDesk, torn: str):
    live_entries(desk.parts)
    (desk.home / "mage" / "architectures.json").write_text(torn)
    assert list(offered(desk)) == IDS


@pytest.mark.parametrize(
    ("replies", "kind"),
    [
        ([error(401, "unauthorized")], KeyRefused),
        ([Answer(503)] * plain.TRIES, Unreachable),
        ([Answer(200, {"architectures": []})], InvalidInput),
        ([Answer(200, text="<html>")], InvalidInput),
    ],
)
def test_a_list_that_cannot_be_had_is_said(
    desk: MageDesk, replies: list[Answer], kind: type[SamecastError], monkeypatch: pytest.MonkeyPatch
):
    answer, left = desk.server.answer, list(replies)
    monkeypatch.setattr(desk.server, "answer", lambda asked: left.pop(0) if left else answer(asked))
    desk.refused(kind, lambda: live_entries(desk.parts, sleep=desk.time.sleep))
    assert list(offered(desk)) == IDS


# --- what ships ---------------------------------------------------------------------------------------------------


def test_what_ships_is_asked_for_as_mage_describes_it(desk: MageDesk):
    shipped = {model: profile for model, profile in read_catalogue().items() if profile.engine == "mage"}
    live = offered(desk)
    for model, profile in shipped.items():
        assert model in live
        assert set(profile.aspects) <= set(live[model].aspects)
        assert {option.name for option in profile.options} <= {option.name for option in live[model].options}
        assert profile.lengths == live[model].lengths
        desk.server.keys.clear()  # the check names its takes alike for every model
        desk.of(profile).check_contract(grey(60))
