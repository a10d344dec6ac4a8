"""A model's own options: what was typed becomes what a recipe keeps, or one line that says what it may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput
from samecast.core.options import Option, parse_given, settle

STEPS = Option(name="steps", kind="whole", says="Steps.", default="20", least=1, most=50)
SCALE = Option(name="scale", kind="number", says="How close.", least=0, most=1)
QUALITY = Option(name="quality", kind="choice", says="How fine.", default="high", choices=("low", "high"))
SOUND = Option(name="sound", kind="flag", says="With sound.")
NEGATIVE = Option(name="negative", kind="text", says="What is not to be seen.")
FORM = (STEPS, SCALE, QUALITY, SOUND, NEGATIVE)


def test_defaults_are_settled_and_what_has_none_is_left_to_the_model():
    assert settle(FORM, {}, "m") == (("quality", "high"), ("steps", "20"))


def test_what_was_given_wins_and_is_spelt_one_way():
    given_ = {"steps": " 7 ", "scale": "0.50", "sound": "Yes", "negative": " a  hat\n"}
    assert dict(settle(FORM, given_, "m")) == {
        "steps": "7",
        "scale": "0.5",
        "sound": "true",
        "negative": "a hat",
        "quality": "high",
    }


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("steps", "51", "a whole number from 1 to 50"),
        ("steps", "1.5", "a whole number from 1 to 50"),
        ("steps", "many", "a whole number"),
        ("scale", "nan", "a number from 0 to 1"),
        ("scale", "inf", "a number from 0 to 1"),
        ("quality", "medium", "one of: low, high"),
        ("sound", "maybe", "true or false"),
        ("negative", "a\0b", "readable characters"),
        ("negative", "x" * 4001, "at most 4,000"),
    ],
)
def test_a_wrong_value_says_what_it_may_be(name: str, value: str, said: str):
    with pytest.raises(InvalidInput) as error:
        settle(FORM, {name: value}, "m")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_option_is_answered_with_those_there_are():
    with pytest.raises(InvalidInput, match=r"m has no option 'stepps'. Did you mean steps\? It has: steps, scale"):
        settle(FORM, {"stepps": "3"}, "m")
    with pytest.raises(InvalidInput, match="m has no option 'steps', nor any other"):
        settle((), {"steps": "3"}, "m")


def test_what_is_typed_is_name_and_value():
    assert parse_given(["a=1", " b = x=y"]) == {"a": "1", "b": " x=y"}
    for wrong in (["steps"], ["=3"], ["a=1", "a=2"]):
        with pytest.raises(InvalidInput):
            parse_given(wrong)


@given(st.floats(0, 1))
def test_reading_a_number_twice_changes_nothing(value: float):
    once = SCALE.read(repr(value))
    assert SCALE.read(once) == once
