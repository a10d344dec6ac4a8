"""An entry's map from a recipe to a model's own fields: every form it has, and every way in which it can be wrong."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from samecast.core.compiling import Mentioning
from samecast.core.errors import InvalidInput, RenderFailed
from samecast.core.options import Option
from samecast.core.prompt import Brief
from samecast.core.recipe import Recipe
from samecast.models.hosted.fields import KEYS, Fields, fill, find_delivered, read_fields
from samecast.ports import ModelProfile

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
STILLS = ModelProfile(
    id="far", name="Far", engine="fal", kinds=("image",), aspects=((16, 9), (1, 1)), max_seconds=0, max_characters=2,
    deterministic=False, composites=False, price="", licence="", resource="fal", mentioning=Mentioning(),
)  # fmt: skip
CLIPS = replace(
    STILLS, kinds=("video",), max_seconds=8, lengths=(4.0, 7.5, 8.0), references=0, keyframe="other", first_frame=True
)
STILL = Recipe(
    model="far", engine_version="1", kind="image", prompt="@mira", brief=Brief(aspect=(16, 9)), members=(),
    width=1920, height=1080, seed=5_000_000_000, compiled="the woman in image 1", pictures=(A, B),
)  # fmt: skip
CLIP = replace(STILL, kind="video", width=1280, height=720, seconds=8.0, fps=24, pictures=(), first_frame=C)
SIZED = {"references": "images", "aspect": "ratio"}
TIMED = {"aspect": "ratio", "seconds": "duration", "first_frame": "image"}


def read(profile: ModelProfile, setup: Mapping[str, object]) -> Fields:
    return read_fields(replace(profile, setup=setup), own=("app",), output=("images.0.url",))


def filled(profile: ModelProfile, setup: Mapping[str, object], recipe: Recipe) -> dict[str, object]:
    profile = replace(profile, setup=setup)
    return dict(fill(read(profile, setup), profile, recipe, lambda sha256: f"at:{sha256[0]}"))


@pytest.mark.parametrize(
    ("setup", "sent"),
    [
        ({}, {}),
        ({"prompt": "text"}, {"text": "the woman in image 1", "prompt": None}),
        ({"references": {"field": "images", "as": "list"}}, {"images": ["at:a", "at:b"]}),
        ({"references": "image_{n}"}, {"image_1": "at:a", "image_2": "at:b", "images": None}),
        ({"references": "image_{i}"}, {"image_0": "at:a", "image_1": "at:b", "images": None}),
        (
            {"references": {"field": "images", "as": "objects", "key": "url"}},
            {"images": [{"url": "at:a"}, {"url": "at:b"}]},
        ),
        ({"seed": "seed"}, {"seed": 5_000_000_000}),
        ({"seed": {"field": "seed", "most": 4_294_967_295}}, {"seed": 705_032_704}),
        ({"aspect": "aspect_ratio"}, {"aspect_ratio": "16:9"}),
        ({"aspect": {"field": "ratio", "form": "{w}by{h}"}}, {"ratio": "16by9"}),
        (
            {"aspect": {"field": "image_size", "names": {"16:9": "landscape_16_9", "1:1": "square_hd"}}},
            {"image_size": "landscape_16_9"},
        ),
        ({"size": "image_size"}, {"image_size": {"width": 1920, "height": 1080}}),
        ({"size": {"field": "size", "form": "{w}x{h}"}}, {"size": "1920x1080"}),
        ({"size": {"width": "width", "height": "height"}}, {"width": 1920, "height": 1080}),
        (
            {"extra": {"format": "png", "steps": 4, "safe": True, "more": {"list": [1, "two"]}}},
            {"format": "png", "steps": 4, "safe": True, "more": {"list": [1, "two"]}},
        ),
    ],
)
def test_a_picture_is_ordered_in_the_models_own_fields(setup: dict[str, object], sent: dict[str, object]):
    found = filled(STILLS, SIZED | setup, STILL)
    usual = {"prompt": "the woman in image 1", "images": ["at:a", "at:b"], "ratio": "16:9"}
    if "aspect" in setup:
        usual.pop("ratio")
    assert found == {name: value for name, value in (usual | sent).items() if value is not None}


@pytest.mark.parametrize(
    ("setup", "sent"),
    [
        ({}, {"duration": 8}),
        ({"seconds": {"field": "duration", "form": "{s}s"}}, {"duration": "8s"}),
        ({"seconds": {"field": "duration", "form": "{s}"}}, {"duration": "8"}),
        ({"seconds": {"field": "length", "names": {"8": "long"}}}, {"length": "long"}),
        ({"seconds": None, "frames": "num_frames", "fps": "fps"}, {"num_frames": 192, "fps": 24}),
    ],
)
def test_a_clip_says_how_long_it_is_and_what_it_begins_with(setup: dict[str, object], sent: dict[str, object]):
    found = filled(CLIPS, {key: value for key, value in (TIMED | setup).items() if value is not None}, CLIP)
    assert found == {"prompt": "the woman in image 1", "ratio": "16:9", "image": "at:c", **sent}


def test_a_length_that_is_not_whole_stays_so_and_a_last_frame_has_a_field():
    profile = replace(CLIPS, last_frame=True)
    clip = replace(CLIP, seconds=7.5, last_frame=D)
    found = filled(profile, TIMED | {"last_frame": "end"}, clip)
    assert (found["duration"], found["image"], found["end"]) == (7.5, "at:c", "at:d")


def test_what_is_edited_is_the_first_picture_or_has_a_field_of_its_own():
    profile, recipe = replace(STILLS, edits=True), replace(STILL, edited=A)
    assert filled(profile, SIZED, recipe)["images"] == ["at:a", "at:b"]
    found = filled(profile, SIZED | {"edit": "base"}, recipe)
    assert (found["base"], found["images"]) == ("at:a", ["at:b"])
    assert "base" not in filled(profile, SIZED | {"edit": "base"}, STILL)


def test_one_reference_is_sent_alone():
    profile = replace(STILLS, references=1)
    setup = SIZED | {"references": {"field": "image_url", "as": "one"}}
    assert filled(profile, setup, replace(STILL, pictures=(B,)))["image_url"] == "at:b"


def test_a_model_that_needs_a_reference_says_so_before_anything_is_sent():
    setup = SIZED | {"references": {"field": "images", "required": True}}
    with pytest.raises(InvalidInput, match="nothing without a reference"):
        filled(STILLS, setup, replace(STILL, pictures=()))
    assert "images" not in filled(STILLS, SIZED, replace(STILL, pictures=()))


def test_options_are_sent_as_what_they_are():
    profile = replace(
        STILLS,
        options=(
            Option(name="negative", kind="text", says="What not."),
            Option(name="guidance", kind="number", says="How closely."),
            Option(name="steps", kind="whole", says="How many."),
            Option(name="safe", kind="flag", says="Whether."),
            Option(name="quality", kind="choice", says="Which.", choices=("low", "high")),
        ),
    )
    recipe = replace(
        STILL,
        options=(("guidance", "2.5"), ("negative", "rain"), ("quality", "low"), ("safe", "false"), ("steps", "20")),
    )
    setup = SIZED | {"negative": "negative_prompt", "options": {"steps": "num_inference_steps"}}
    found = filled(profile, setup, recipe)
    assert {name: found[name] for name in found if name not in ("prompt", "images", "ratio")} == {
        "negative_prompt": "rain", "guidance": 2.5, "num_inference_steps": 20, "safe": False, "quality": "low",
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="no option 'other'"):
        filled(profile, setup, replace(recipe, options=(("other", "1"),)))


def test_an_aspect_that_nobody_named_follows_from_the_size():
    assert filled(STILLS, SIZED, replace(STILL, brief=Brief(), width=1280, height=1280))["ratio"] == "1:1"


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ({"refs": "images"}, "setup has no key refs; it has app, prompt"),
        ({"prompt": 7}, "setup.prompt must be text"),
        ({"prompt": ""}, "setup.prompt must be text"),
        ({"prompt": "a{n}"}, "setup.prompt may use no braces"),
        ({"references": ["images"]}, "setup.references.field must be text"),
        ({"references": {"field": "images", "in": "list"}}, "setup.references has field, as, key and required"),
        ({"references": {"field": "images", "as": "tuple"}}, "setup.references.as must be"),
        ({"references": {"field": "images", "as": "each"}}, "exactly where it counts: {n}"),
        ({"references": {"field": "image_{n}", "as": "list"}}, "exactly where it counts: {n}"),
        ({"references": {"field": "images", "as": "objects"}}, "exactly where pictures are objects"),
        ({"references": {"field": "images", "as": "one"}}, "references is not 1"),
        ({"references": {"field": "images", "required": 1}}, "required must be true or false"),
        ({"references": "image_{k}"}, "may use {i} and {n}"),
        ({"references": "image_{n"}, "may use {i} and {n}"),
        ({"aspect": {"form": "{w}:{h}"}}, "setup.aspect must be text"),
        ({"aspect": {"field": "ratio", "form": "{x}"}}, "setup.aspect.form may use {h} and {w}"),
        ({"aspect": {"field": "ratio", "names": {"16:9": "wide"}}}, "does not say what 1:1 is called"),
        ({"aspect": {"field": "ratio", "names": ["16:9"]}}, "setup.aspect.names must be a table"),
        ({"aspect": {"field": "ratio", "unit": "x"}}, "setup.aspect has field, form, names"),
        ({"seed": {"field": "seed", "most": 0}}, "setup.seed.most must be a whole number from 1"),
        ({"seed": {"field": "seed", "form": "{s}"}}, "setup.seed has field, most"),
        ({"size": {"width": "w"}}, "setup.size has field, form, names"),
        ({"size": {"width": "w", "height": 3}}, "setup.size.height must be text"),
        ({"options": ["steps"]}, "setup.options must be a table"),
        ({"options": {"steps": "steps"}}, "a field for the option steps, which options does not have"),
        ({"negative": "negative_prompt"}, "a field for the option negative, which options does not have"),
        ({"extra": [1]}, "setup.extra must be a table"),
        ({"extra": {"when": object()}}, "setup.extra must be a table of texts"),
        ({"extra": {"prompt": "x"}}, "setup fills the field prompt twice"),
        ({"seed": "ratio"}, "setup fills the field ratio twice"),
        ({"longest": True}, "setup.longest must be a whole number from 64"),
        ({"output": 3}, "setup.output must be text"),
        ({"aspect": None}, "no field for aspect or size"),
        ({"references": None}, "no field for references"),
    ],
)
def test_a_wrong_map_is_refused_by_its_key(setup: dict[str, object], words: str):
    with pytest.raises(InvalidInput) as error:
        read(STILLS, {key: value for key, value in (SIZED | setup).items() if value is not None})
    assert error.value.message.startswith("The entry of the model 'far' is wrong: ")
    assert words in error.value.message
    assert "docs/models-fal.md" in error.value.hint


@pytest.mark.parametrize(
    ("changes", "setup", "words"),
    [
        ({}, {"seconds": None}, "no field for seconds or frames"),
        ({}, {"first_frame": None}, "no field for first_frame"),
        ({"last_frame": True}, {}, "no field for last_frame"),
        ({"edits": True}, {}, "no field for edit or references"),
        ({"mentioning": None}, {}, "mentions is missing"),
    ],
)
def test_whatever_a_user_may_ask_for_has_a_field(changes: dict[str, object], setup: dict[str, object], words: str):
    wanted = {key: value for key, value in (TIMED | setup).items() if value is not None}
    with pytest.raises(InvalidInput, match=words):
        read(replace(CLIPS, **changes), wanted)  # type: ignore[arg-type]
    assert read(CLIPS, TIMED)


def test_one_length_needs_no_field():
    profile = replace(CLIPS, lengths=(8.0,))
    assert "duration" not in filled(profile, {"aspect": "ratio", "first_frame": "image"}, CLIP)


@pytest.mark.parametrize(
    ("answer", "paths", "url", "count"),
    [
        ({"images": [{"url": "u"}, {"url": "v"}]}, ["images.0.url"], "u", 2),
        ({"video": {"url": "v"}}, ["images.0.url", "video.url"], "v", 1),
        ("u", ["", "0"], "u", 1),
        (["u", "v", "w"], ["", "0"], "u", 3),
        ({"out": ["u", "v"]}, ["out.1"], "v", 2),
    ],
)
def test_the_file_is_where_the_entry_says(answer: object, paths: list[str], url: str, count: int):
    found = find_delivered(answer, paths, "fal")
    assert (found.url, found.count) == (url, count)


@pytest.mark.parametrize("answer", [{}, None, [], {"images": []}, {"images": {"0": 1}}, {"images": [{"url": 7}]}, 3])
def test_an_answer_without_a_file_says_what_it_has(answer: object):
    with pytest.raises(RenderFailed, match=r"no file at images\.0\.url: it has (nothing|images)") as error:
        find_delivered(answer, ["images.0.url"], "fal")
    assert "output in setup" in error.value.hint


def test_every_key_is_explained():
    page = (Path(__file__).parents[3] / "docs" / "models-fal.md").read_text()
    for key in (*KEYS, "app"):
        assert f"`{key}`" in page, key
    for key in ("field", "form", "names", "most", "as", "key", "required", "width", "height"):
        assert f"{key} = " in page, key
