"""Tags of takes on both databases: found by filter and by word, beside those of the cast, and counted."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.library.test_creations import NOON, Films, films  # noqa: F401

from samecast.core.errors import InvalidInput, NotFound
from samecast.core.tags import LONGEST_TAG, MOST_TAGS, clean_tags
from samecast.library import schema
from samecast.library.searching import tag_terms
from samecast.ports.creations import TagUse, Wanted


def test_a_take_is_found_by_its_own_tag_and_by_its_characters(films: Films) -> None:  # noqa: F811
    own, hers, both = films.add("rain"), films.add("snow", "mira"), films.add("fog", "mira")
    assert films.creations.tag([own, both], add=["lead", "cut me"], remove=[]) == 2
    assert films.found(tag="lead") == [both, hers, own]
    assert films.found(tag="Cut Me") == films.found(tag="cut me") == [both, own]
    assert films.found(tag="cut") == films.found(tag="nothing") == []
    assert films.found("cut") == films.found("me cu") == [both, own]
    assert films.found(tag="cut me", character="mira") == [both]
    assert films.creations.page(Wanted(tag="cut me"), limit=1).creations[0].tags == ("cut me", "lead")
    assert films.creations.tag([own, hers], add=["fin"], remove=["lead", "cut me"]) == 2
    assert films.found(tag="lead") == [both, hers]
    assert films.found("fin") == [hers, own]
    assert films.found("cut") == [both]


def test_tags_are_counted_for_who_filters_by_them(films: Films) -> None:  # noqa: F811
    takes = [films.add("rain", "mira") for _ in range(3)]
    waits = films.add("waits", state="waiting", asset=None, score=None)
    films.creations.tag([*takes, waits], add=["cut", "lead"], remove=[])
    assert films.creations.tags() == [
        TagUse(tag="cut", takes=3, characters=0),
        TagUse(tag="episode 1", takes=0, characters=1),
        TagUse(tag="lead", takes=3, characters=1),
        TagUse(tag="villain", takes=0, characters=1),
    ]
    films.creations.trash(takes[:1], NOON)
    films.creations.tag(takes[1:2], add=[], remove=["cut"])
    films.library.cast.archive("mira", NOON)
    assert {use.tag: (use.takes, use.characters) for use in films.creations.tags()} == {
        "cut": (1, 0),
        "lead": (2, 0),
        "villain": (0, 1),
    }
    films.creations.restore(takes[:1])
    assert films.creations.page(Wanted(tag="cut"), limit=9).creations[-1].take == takes[0]
    assert films.creations.tags()[0] == TagUse(tag="cut", takes=2, characters=0)


def test_again_changes_nothing_and_all_or_none(films: Films) -> None:  # noqa: F811
    one, two = films.add("rain"), films.add("snow")
    assert films.creations.tag([one, one, two], add=["a", "b"], remove=["b", "c"]) == 2, "what is added too, is added"
    assert films.creations.tag([one, two], add=["a"], remove=["c"]) == 0
    with pytest.raises(NotFound, match="no take nothing"):
        films.creations.tag([one, "nothing"], add=["d"], remove=[])
    films.creations.tag([two], add=[f"tag {number}" for number in range(MOST_TAGS - 2)], remove=[])
    with pytest.raises(InvalidInput, match=f"take {two} would have 33 tags"):
        films.creations.tag([one, two], add=["e"], remove=[])
    assert films.found(tag="e") == []
    with films.library.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.take_tags)).scalar() == 2 + MOST_TAGS


@pytest.mark.parametrize(
    "tag", ["夜 🌧", "naïve", "100%", "a'b\\c & d | e", "ﷺ" * LONGEST_TAG, "美" * LONGEST_TAG, "--"]
)
def test_any_tag_is_found_by_the_filter(films: Films, tag: str) -> None:  # noqa: F811
    """Also one that folds to more than a database takes for a word."""
    (clean,) = clean_tags([tag])
    take = films.add("rain")
    films.add("snow")
    films.creations.tag([take], add=[clean], remove=[])
    assert films.found(tag=tag) == [take]
    assert films.creations.tags()[0].tag in (clean, "episode 1")
    assert all(len(term.encode()) <= 2046 for term in tag_terms([clean]))


def test_no_typed_word_meets_a_tags_mark(films: Films) -> None:  # noqa: F811
    films.creations.tag([films.add("rain")], add=["lead"], remove=[])
    assert films.found("=tag=lead") == []  # "tag" is no word of it
    assert films.found("tag") == []


def test_tags_go_with_their_take(films: Films) -> None:  # noqa: F811
    take = films.add("rain")
    films.creations.tag([take], add=["cut"], remove=[])
    films.creations.trash([take], NOON)
    assert films.creations.trashed(limit=5).trashed[0].creation.tags == ("cut",)
    assert films.library.upkeep().purge(NOON + timedelta(days=1)) == 1
    assert "cut" not in {use.tag for use in films.creations.tags()}


def test_tags_are_kept_alike() -> None:
    assert clean_tags([" Lead\n", "lead", "", "NIGHT  shoot"]) == ("lead", "night shoot")
    for wrong in (["x" * (LONGEST_TAG + 1)], [str(number) for number in range(MOST_TAGS + 1)]):
        with pytest.raises(InvalidInput, match="Tags are at most"):
            clean_tags(wrong)
