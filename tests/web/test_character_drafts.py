"""Anchors while they are written, the words of match rates, and finding in the cast: all without a browser."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.anchors import parse_anchor
from samecast.core.cast import Anchor, Character, Reference, Region, Version
from samecast.core.choosing import Record
from samecast.core.errors import InvalidInput
from samecast.core.lexicon import Lexicon
from samecast.web.pages.character_drafts import Draft, Drafts, anchor_text, inside, mistakes, without_places
from samecast.web.pages.character_form import free_handle
from samecast.web.pages.character_references import anchors_for
from samecast.web.pages.character_takes import each_words, rate_words
from samecast.web.pages.characters import found
from samecast.web.parts.marker import region_in

LEXICON = Lexicon.parse(resources.files("samecast.core").joinpath("lexicon.toml").read_text(encoding="utf-8"))
PLACE = Region(x=0.25, y=0.5, width=0.2, height=0.1)
SHARES = st.floats(0.0, 0.9).map(lambda value: round(value, 4))


# --- the form that services take ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "side", "side_there"),
    [
        ("thin scar across the cheek", "left", "left"),
        ("thin scar across the left cheek", "", "left"),
        ("thin scar across the left cheek", "left", "left"),
        ("thin scar across the viewer's left cheek", "", "right"),
        ("cyan piping along the seams.", "", None),
        ("cyan piping along the seams.", "right", "right"),
    ],
)
def test_words_side_and_place_arrive_whole(text: str, side: str, side_there: str | None) -> None:
    parsed = parse_anchor(anchor_text(Draft(id=1, text=text, side=side, region=PLACE)))
    assert (parsed.side, parsed.region) == (side_there, PLACE)


def test_what_was_kept_is_written_back_unchanged() -> None:
    kept = (parse_anchor("thin scar, left side [0.1,0.2,0.3,0.4]"), parse_anchor("cyan piping"))
    assert [parse_anchor(text) for text in Drafts.of(kept).texts()] == list(kept)


@given(x=SHARES, y=SHARES, width=st.floats(0.01, 0.1), height=st.floats(0.01, 0.1))
def test_a_place_on_the_picture_survives_the_words(x: float, y: float, width: float, height: float) -> None:
    place = Region(x=x, y=y, width=round(width, 4), height=round(height, 4))
    parsed = parse_anchor(anchor_text(Draft(id=1, text="black neck ring", region=place)))
    assert parsed.region is not None
    assert (parsed.region.x, parsed.region.y) == pytest.approx((place.x, place.y), abs=1e-4)


def test_sides_that_contradict_are_refused() -> None:
    with pytest.raises(InvalidInput, match="say left, and right is chosen"):
        anchor_text(Draft(id=1, text="scar on the left cheek", side="right"))


def test_a_mark_without_words_is_refused_and_left_out_of_a_grade() -> None:
    drafts = Drafts()
    drafts.add(region=PLACE)
    drafts.add(text="black neck ring")
    drafts.add()
    assert drafts.sound() == ["black neck ring"]
    with pytest.raises(InvalidInput, match="nothing says what it is"):
        drafts.texts()


# --- mistakes -------------------------------------------------------------------------------------------------------


def told(*drafts: Draft, description: str = "") -> dict[int, tuple[str, ...]]:
    return mistakes(Drafts(list(drafts)), description, LEXICON)


def test_each_mistake_is_told_at_its_anchor() -> None:
    wrong = told(
        Draft(id=1, text="pretty"),
        Draft(id=2, text="faint diagonal scar across the left cheekbone"),
        Draft(id=3, text="faint diagonal scar across the right cheekbone"),
        Draft(id=4, text="cyan piping along the armour seams"),
        Draft(id=5, region=PLACE),
        Draft(id=6),
    )
    assert "vague" in wrong[1][0]
    assert "left or right?" in wrong[2][0]
    assert "left or right?" in wrong[3][0]
    assert 4 not in wrong
    assert wrong[5] == ("Say what is marked there.",)
    assert 6 not in wrong


def test_an_anchor_against_the_description() -> None:
    scar = Draft(id=1, text="faint diagonal scar across the left cheekbone")
    assert told(scar, description="A woman with a faint diagonal scar across her right cheekbone.")
    assert not told(scar, description="A woman in her thirties.")


# --- places ---------------------------------------------------------------------------------------------------------


def test_a_place_moves_along_when_the_picture_is_cut() -> None:
    part = Region(x=0.2, y=0.4, width=0.5, height=0.5)
    assert inside(PLACE, part) == Region(x=0.1, y=0.2, width=0.4, height=0.2)
    assert inside(Region(x=0.0, y=0.0, width=0.1, height=0.1), part) is None
    assert inside(Region(x=0.1, y=0.4, width=0.3, height=0.1), part) == Region(x=0.0, y=0.0, width=0.4, height=0.2)
    assert inside(Region(x=0.0, y=0.4, width=0.3, height=0.1), part) is None  # most of it is gone


@pytest.mark.parametrize(
    "sent",
    [None, {}, "0.1", [0.1, 0.2, 0.3], [0.1, 0.2, 0.3, "x"], [0.1, 0.2, 0.0, 0.1], [-1, 0, 0.5, 0.5], [True] * 4],
)
def test_what_is_no_region_is_none(sent: object) -> None:
    assert region_in(sent) is None


def test_a_region_is_kept_inside_the_picture() -> None:
    assert region_in([0.9, 0.5, 0.2, 0.25]) == Region(x=0.9, y=0.5, width=0.1, height=0.25)


# --- the cast -------------------------------------------------------------------------------------------------------


def somebody(handle: str, name: str, *tags: str, anchors: tuple[Anchor, ...] = ()) -> Character:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    first = Reference(sha256="a" * 64, width=10, height=10)
    version = Version(number=1, references=(first,), anchors=anchors, created_at=now)
    return Character(handle=handle, name=name, tags=tags, versions=(version,), created_at=now)


def test_somebody_is_found_by_any_of_their_words() -> None:
    mira = somebody("mira", "Mira Tanaka", "lead", anchors=(parse_anchor("cyan piping along the seams"),))
    tom = somebody("old_tom", "Tom", "extra")
    assert found([mira, tom], "", "") == [mira, tom]
    assert found([mira, tom], "@MIRA cyan", "") == [mira]
    assert found([mira, tom], "tom", "lead") == []
    assert found([mira, tom], "", "extra") == [tom]


def test_a_handle_that_is_taken_gets_a_number() -> None:
    assert free_handle("mira", {"tom"}) == "mira"
    assert free_handle("mira", {"mira", "mira_2"}) == "mira_3"
    assert free_handle("a" * 15, {"a" * 15}) == "a" * 13 + "_2"


def test_places_hold_for_the_reference_they_were_marked_on_alone() -> None:
    mira = somebody("mira", "Mira", anchors=(parse_anchor("thin scar, left side [0.1,0.2,0.3,0.4]"),))
    assert anchors_for(mira, "a" * 64) == ["thin scar, left side [0.1,0.2,0.3,0.4]"]
    assert anchors_for(mira, "b" * 64) == without_places(mira.current.anchors) == ["thin scar, left side"]


# --- match rates ----------------------------------------------------------------------------------------------------

RECORD = Record(model="m", kind="image", takes=20, judged=16, matched=14, failed=2, seconds=70.0, cost=1_400_000)


def test_a_match_rate_says_over_how_many_takes_and_its_interval() -> None:
    assert rate_words(RECORD) == ("88 %", "14 of 16 judged takes; 95 % interval 64 to 97 %; 2 failed")
    assert each_words(RECORD) == "A match takes 5 s and $0.10, those that do not match included."


def test_what_was_not_judged_is_not_nought() -> None:
    unjudged = replace(RECORD, judged=0, matched=0, failed=0)
    assert rate_words(unjudged) == ("Not measured yet", "20 takes, none of them judged")
    assert each_words(unjudged) == ""


def test_few_takes_and_pasted_pixels_are_told_as_such() -> None:
    assert rate_words(replace(RECORD, judged=3, matched=3))[-1] == "Too few to rely on."
    pasted = rate_words(replace(RECORD, by_design=True))
    assert pasted[0] == "By design"
    assert "proves nothing" in pasted[-1]
