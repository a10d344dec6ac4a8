"""Slots as text and back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput
from samecast.core.portrait import DEFAULT_LENS, PortraitSlots
from samecast.core.portrait_slots import read_slots, write_slots

WORDS = st.text(st.sampled_from("abcé 1,-'"), max_size=30).map(lambda text: " ".join(text.split()))
SLOTS = st.builds(
    PortraitSlots,
    character=WORDS,
    anchors=st.lists(WORDS.filter(bool), max_size=3).map(tuple),
    expression=WORDS,
    hair=WORDS,
    clothing=WORDS,
    background=WORDS,
    lens=WORDS.map(lambda text: text or DEFAULT_LENS),
    lighting=WORDS,
    style=WORDS,
)


@given(slots=SLOTS)
def test_what_was_written_is_read(slots: PortraitSlots):
    assert read_slots(write_slots(slots)) == slots


def test_an_anchor_may_hold_commas_and_a_colon():
    slots = PortraitSlots(character="a porter", anchors=("heterochromia: left eye blue, right eye brown", "brass key"))
    assert read_slots(write_slots(slots)) == slots


def test_a_semicolon_inside_a_slot_becomes_a_comma():
    assert read_slots(write_slots(PortraitSlots(hair="long; black"))).hair == "long, black"


def test_parts_between_semicolons_as_draft_takes_them():
    read = read_slots("a cyber samurai, mid-30s; anchors: scar on the chin, red sash; Hair: long; hair: black")
    assert read == replace(
        PortraitSlots(),
        character="a cyber samurai, mid-30s",
        anchors=("scar on the chin", "red sash"),
        hair="long, black",
    )


def test_what_is_no_slot_is_named():
    with pytest.raises(InvalidInput, match="'beard: red' is no slot"):
        read_slots("character: a cook\nbeard: red")
