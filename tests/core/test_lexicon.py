"""The lexicon as shipped is whole, and a broken one is refused in words."""

import tomllib
from typing import get_args

import pytest
from tests.core.lexicon_at_hand import LEXICON, TEXT

from samecast.core.brief import CameraMove, ShotSize, TimeOfDay, Weather
from samecast.core.errors import InvalidInput
from samecast.core.lexicon import Lexicon
from samecast.core.words import gerund, singular, tokenise

PLACES = {
    *("neon_street", "day_street", "rooftop", "forest", "desert", "beach", "mountains", "room", "bar", "cafe"),
    *("corridor", "spacecraft", "stage", "studio", "market", "park", "library_hall", "snowfield"),
}


def test_every_id_a_brief_can_hold_has_words() -> None:
    tree = tomllib.loads(TEXT)
    for section, kind in (("shot_sizes", ShotSize), ("camera", CameraMove), ("times", TimeOfDay), ("weather", Weather)):
        assert set(tree[section]) == set(get_args(kind)), section


def test_places_are_the_ones_the_painters_are_named_by() -> None:
    assert set(LEXICON.place_words) == PLACES
    others = {p.by_day for p in LEXICON.place_words.values()} | {p.at_night for p in LEXICON.place_words.values()}
    assert others - {None} <= PLACES


def test_no_phrase_means_two_places() -> None:
    seen: dict[str, str] = {}
    for place, table in tomllib.loads(TEXT)["places"].items():
        for phrase in table["phrases"]:
            assert seen.setdefault(phrase, place) == place, f"{phrase}: {seen[phrase]} and {place}"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("[[", "TOML"),
        ("", "no 'light_colours'"),
        (TEXT.replace('"push in" = [', '"shove" = [', 1), "shove"),
        (TEXT.replace("[places.bar]\nphrases = [", "[places.bar]\nphrases = [7, ", 1), "list of texts"),
    ],
)
def test_a_broken_lexicon_says_what_is_wrong(broken: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        Lexicon.parse(broken)
    assert caught.value.hint


def test_longest_phrase_wins_and_plurals_meet_singulars() -> None:
    tokens = tokenise("Medium close-ups, street markets and CAFÉS")
    assert [m.value for m in LEXICON.shot_sizes.find(tokens)] == ["medium close-up"]
    assert [m.value for m in LEXICON.places.find(tokens)] == ["market", "cafe"]


@pytest.mark.parametrize(
    ("word", "one"), [("alleys", "alley"), ("cities", "city"), ("glass", "glass"), ("pushes", "push"), ("bus", "bus")]
)
def test_singular(word: str, one: str) -> None:
    assert singular(word) == one


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("walk", "walking"),
        ("sit", "sitting"),
        ("dance", "dancing"),
        ("lie", "lying"),
        ("see", "seeing"),
        ("run", "running"),
    ],
)
def test_gerund(verb: str, form: str) -> None:
    assert gerund(verb) == form
