"""What the page of creations decides without a browser: addresses, counts, and what a browser may say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.consistency import Outcome, Quality, Score, TakeScore
from samecast.ports.creations import Creation, Stats, TagUse, Tally
from samecast.web.pages import creation_facts as facts
from samecast.web.pages.creation_filters import PATH, Filters
from samecast.web.parts.wall import deed_in, item, pair_in

FULL = Filters(
    words="neon rain",
    character="mira",
    model="maker/model 2",
    verdict="drift",
    kind="video",
    tag="night & day",
    picked=True,
    since=date(2026, 5, 30),
    until=date(2026, 5, 31),
    take="s1é-2",
)


def creation(**changes: object) -> Creation:
    known: dict[str, Any] = {
        "take": "s1-1",
        "shot": "s1",
        "number": 1,
        "made_at": datetime(2026, 5, 31, 12, tzinfo=UTC),
        "prompt": "@mira, rain",
        "model": "storyboard",
        "kind": "video",
        "width": 720,
        "height": 1280,
        "length": 4.0,
        "seed": 7,
        "who": (("mira", "match"),),
        "verdict": "match",
        "likeness": 0.9,
        "picked": True,
        "asset": "a" * 64,
        "path": None,
        "seconds": 3.0,
        "cost": 0,
    }
    return Creation(**{**known, **changes})


# --- addresses ------------------------------------------------------------------------------------------------------


def test_what_is_looked_for_comes_back_from_its_address():
    assert Filters.read(FULL.address) == FULL
    assert Filters().address == PATH
    assert Filters(trashed=True).address == f"{PATH}?trashed=1"


@given(
    st.builds(
        Filters,
        words=st.text(max_size=80).map(lambda text: " ".join(text.split())),
        tag=st.text(max_size=60).filter(str.isprintable),
        model=st.text(max_size=60).filter(str.isprintable),
        picked=st.booleans(),
        since=st.none() | st.dates(date(1971, 1, 1), date(9998, 1, 1)),
    )
)
def test_whatever_was_typed_comes_back_from_its_address(filters: Filters):
    assert Filters.read(filters.address) == filters


def test_what_cannot_be_meant_is_left_out():
    said = "character=Nobody Here&verdict=lovely&kind=song&since=yesterday&until=2026-02-31&picked=maybe&what=ever"
    assert Filters.read(f"{PATH}?{said}") == Filters()
    assert Filters.read("http://[") == Filters()
    assert Filters.read(f"{PATH}?words={'x' * 5000}").words == "x" * 200
    assert Filters.read(f"{PATH}?{'&'.join(f'a{n}=1' for n in range(99))}") == Filters()
    assert Filters.read(f"{PATH}?tag=a%0Ab").tag == ""


def test_the_trash_is_not_looked_through():
    assert Filters.read(f"{PATH}?trashed=1&words=rain&character=mira") == Filters(trashed=True)


def test_the_last_day_is_included():
    wanted = Filters(since=date(2026, 5, 30), until=date(2026, 5, 30)).wanted
    assert wanted.since is not None
    assert wanted.until is not None
    assert wanted.until - wanted.since in (timedelta(hours=23), timedelta(hours=24), timedelta(hours=25))


def test_details_that_are_open_change_nothing_of_what_is_shown():
    assert FULL.shows_as(replace(FULL, take=""))
    assert not FULL.shows_as(replace(FULL, words=""))
    assert not Filters(take="s1-1").narrow
    assert FULL.chosen == 8
    assert FULL.cleared == Filters()


# --- counts -----------------------------------------------------------------------------------------------------------

STATS = Stats(
    characters=1,
    shots={},
    takes={},
    done=Tally(takes=40),
    trashed=3,
    models={"storyboard": Tally(takes=30)},
    cast={"mira": Tally(takes=20)},
    kinds={"video": Tally(takes=10)},
    verdicts={"drift": Tally(takes=5)},
)
TAGS = [TagUse(tag="night", takes=4, characters=0), TagUse(tag="lead", takes=1, characters=2)]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(), 40),
        (Filters(trashed=True), 3),
        (Filters(model="storyboard"), 30),
        (Filters(character="mira"), 20),
        (Filters(kind="video"), 10),
        (Filters(kind="image"), 0),
        (Filters(verdict="drift"), 5),
        (Filters(tag="night"), 4),
        (Filters(tag="lead"), None),  # characters have it too: their takes are not counted by it
        (Filters(character="mira", verdict="drift"), None),
        (Filters(words="rain"), None),
        (Filters(picked=True), None),
        (Filters(since=date(2026, 5, 31)), None),
    ],
)
def test_only_what_the_library_has_counted_is_told(filters: Filters, count: int | None):
    assert filters.count(STATS, TAGS) == count


# --- what a browser says ----------------------------------------------------------------------------------------------


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda each: st.lists(each), max_leaves=8))
def test_anything_else_a_browser_sends_is_nothing(sent: object):
    pair, deed = pair_in(sent), deed_in(sent)
    assert pair is None or all(isinstance(one, str) and one for one in pair)
    assert deed is None or (deed[1] and all(isinstance(one, str) and one for one in deed[1]))


def test_no_more_than_can_be_done_at_once_is_taken():
    deed = deed_in(["delete", [f"s{n}-1" for n in range(5000)]])
    assert deed is not None
    assert len(deed[1]) == 1000
    assert deed_in(["delete", ["x" * 5000, 7, None]]) is None


# --- words ----------------------------------------------------------------------------------------------------------


def test_a_take_on_the_wall_says_what_it_is():
    shown = item(creation())
    assert (shown["word"], shown["length"], shown["ratio"]) == ("Same", 4.0, 0.5625)
    assert shown["label"] == "Take 1 of: @mira, rain"
    assert item(creation(kind="image", length=0.0))["length"] == 0
    assert item(creation(verdict=None))["word"] == ""
    assert len(item(creation(prompt="x" * 9000))["label"]) < 200


def test_verdicts_are_said_in_words_first_and_unmeasured_is_no_figure():
    lost = Score(handle="mira", verdict="not_measurable", encoder="none", reason="No face can be seen.")
    said = facts.verdicts(TakeScore(characters=(lost,)))[0]
    assert said.told.words == "Not measurable"
    assert not any(name in ("Same person", "Same look", "Worst moment") for name, _ in said.figures)
    held = Score(
        handle="mira", verdict="match", p_same=0.999, worst=0.8, worst_at=2.0, coverage=1.0, encoder="e", reason=""
    )
    assert ("Worst moment", "0.80 at 0:02") in facts.verdicts(TakeScore(characters=(held,)))[0].figures


def test_quality_leaves_out_what_was_not_measured():
    assert facts.quality(Quality()) == []
    assert facts.quality(Quality(sharpness=0.1, frozen=0.9)) == [
        ("Soft", "sharpness 0.10 of 1"),
        ("Stands still", "still for 90 % of it"),
    ]


def test_who_is_who_says_when():
    swapped = Outcome(kind="swapped", handles=("a", "b"), start=1.0, end=3.0, frames=9, reason="They change places.")
    assert facts.outcomes(TakeScore(outcomes=(swapped,))) == ["They change places, from 0:01 to 0:03."]
