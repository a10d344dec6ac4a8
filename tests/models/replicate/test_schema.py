"""A model's own description of its input: what an input is told that does not agree with it."""

from typing import Any

import pytest
from tests.models.replicate.provider import VERSION, openapi

from samecast.core.errors import InvalidInput
from samecast.models.hosted.fields import Json
from samecast.models.replicate.schema import check, read_schema
from samecast.ports.contract import check_error

GOOD: dict[str, Json] = {
    "prompt": "a woman",
    "input_images": ["https://a"],
    "aspect_ratio": "16:9",
    "seed": 7,
    "safety_tolerance": 2,
    "output_format": "png",
}
NESTED: dict[str, Any] = {
    "properties": {
        "prompt": {"type": "string"},
        "strength": {"type": "number", "minimum": 0},
        "safe": {"type": "boolean"},
        "shots": {"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/output_format"}]}},
        "box": {"type": "object"},
        "either": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "anything": {},
    }
}


def told(values: dict[str, Json], tree: dict[str, Any] | None = None) -> str:
    """What is wrong with the input; "" where nothing is."""
    try:
        check(read_schema(VERSION, openapi(tree) if tree else openapi()), values, "far/away")
    except InvalidInput as error:
        check_error(error)
        return str(error)
    return ""


def test_an_input_that_agrees_is_told_nothing():
    assert told(GOOD) == ""
    assert told({"prompt": "a woman"}) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_urls": []}, "no input 'image_urls'; it has prompt, input_images, aspect_ratio, seed"),
        ({"prompt": 7}, "takes text as 'prompt', and not 7"),
        ({"aspect_ratio": "21:9"}, "takes one of match_input_image, 1:1, 16:9, 9:16, 4:5 as 'aspect_ratio'"),
        ({"seed": "7"}, "takes a whole number as 'seed'"),
        ({"seed": True}, "takes a whole number as 'seed'"),
        ({"safety_tolerance": 6}, "takes a number from 1 up to 5 as 'safety_tolerance', and not 6"),
        ({"safety_tolerance": 2.5}, "takes a whole number as 'safety_tolerance'"),
        ({"input_images": "https://a"}, "takes a list as 'input_images'"),
        ({"input_images": ["https://a"] * 9}, "takes at most 8 entries as 'input_images', and not a list of 9"),
        ({"input_images": [7]}, "takes a list of text as 'input_images'"),
        ({"output_format": "gif"}, "takes one of png, jpg, webp as 'output_format'"),
    ],
)
def test_an_input_that_does_not_is_told_its_field(changes: dict[str, Json], words: str):
    said = told(GOOD | changes)
    assert words in said
    assert f"far/away (version {VERSION[:8]})" in said
    assert "docs/models-replicate.md" in said


def test_what_is_required_has_to_be_sent():
    assert "needs the input 'prompt'" in told({"seed": 7})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"strength": 0.5, "safe": False, "shots": ["png"], "box": {"x": 1}, "either": ["a"], "anything": 3}, ""),
        ({"either": "a"}, ""),
        ({"strength": -1}, "a number from 0"),
        ({"strength": False}, "a number"),
        ({"safe": "yes"}, "true or false"),
        ({"shots": ["gif"]}, "a list of one of png, jpg, webp"),
        ({"box": []}, "an object"),
        ({"either": 7}, "text or a list"),
    ],
)
def test_nested_descriptions_are_followed(values: dict[str, Json], words: str):
    said = told(values, NESTED)
    assert words in said
    assert bool(said) is bool(words)


@pytest.mark.parametrize("tree", [{}, {"components": []}, {"components": {"schemas": {"Input": {"properties": {}}}}}])
def test_a_description_without_an_input_is_none(tree: dict[str, Any]):
    with pytest.raises(ValueError, match="describes no input"):
        read_schema(VERSION, tree)


def test_a_description_that_refers_to_itself_ends():
    tree = openapi({"properties": {"prompt": {"$ref": "#/components/schemas/Input"}}})
    check(read_schema(VERSION, tree), {"prompt": "a"}, "far/away")
