"""Characters that arrive with their papers: all of it or nothing, on every database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import func, select, text
from tests.library.taking_back import to_revision_0006

from samecast.core.cast import Character, Version
from samecast.core.errors import HandleTaken, InvalidInput, NotFound
from samecast.core.story import Shot
from samecast.core.travelling import Papers
from samecast.library import Library, open_library, schema
from samecast.library.papers import CharacterPapers
from samecast.settings import Settings

MakeCharacter = Callable[..., Character]
MakeVersion = Callable[..., Version]
MakeShot = Callable[..., Shot]

SAID = Papers(consent="Mira, by e-mail,\n4 March 2025 · 美", licence="CC BY 4.0")


@pytest.fixture
def papers(library: Library) -> CharacterPapers:
    return CharacterPapers(database=library.database)


def rows(library: Library) -> dict[str, int]:
    """How many rows each table of the cast has."""
    tables = (
        schema.characters,
        schema.character_tags,
        schema.versions,
        schema.reference_images,
        schema.anchors,
        schema.character_papers,
    )
    with library.database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        }


def test_a_character_arrives_with_its_papers(
    library: Library, papers: CharacterPapers, a_character: MakeCharacter, a_version: MakeVersion
):
    arriving = a_character(versions=(a_version(1), a_version(2, "an undercut")))
    assert papers.free("@mira")
    papers.welcome(arriving, SAID)
    assert library.cast.get("mira") == arriving
    assert papers.get("@mira") == SAID
    assert not papers.free("mira")


def test_who_arrives_at_a_taken_handle_leaves_nothing(
    library: Library, papers: CharacterPapers, a_character: MakeCharacter
):
    library.cast.add(a_character(name="First"))
    before = rows(library)
    with pytest.raises(HandleTaken, match="First"):
        papers.welcome(a_character(name="Second"), SAID)
    assert rows(library) == before
    assert papers.get("mira") == Papers()


def test_an_arrival_that_fails_half_way_leaves_nothing(
    library: Library, papers: CharacterPapers, a_character: MakeCharacter, a_version: MakeVersion
):
    broken = replace(a_version(2, "x"), created_at=datetime(2025, 1, 1))  # no time zone: refused while it is written
    with pytest.raises(Exception, match="time zone"):
        papers.welcome(a_character(versions=(a_version(), broken)), SAID)
    assert set(rows(library).values()) == {0}
    papers.welcome(a_character(), SAID)


def test_versions_are_added_all_or_none(
    library: Library, papers: CharacterPapers, a_character: MakeCharacter, a_version: MakeVersion
):
    papers.welcome(a_character(), SAID)
    before = rows(library)
    with pytest.raises(InvalidInput, match="does not follow"):
        papers.extend("mira", (a_version(2, "an undercut"), a_version(4, "x")), Papers())
    assert rows(library) == before
    assert papers.get("mira") == SAID
    papers.extend("@mira", (a_version(2, "an undercut"), a_version(3, "x")), Papers(licence="none"))
    assert [version.number for version in library.cast.get("mira").versions] == [1, 2, 3]
    assert papers.get("mira") == Papers(licence="none")


def test_papers_are_kept_changed_and_taken_away(papers: CharacterPapers, library: Library, a_character: MakeCharacter):
    library.cast.add(a_character())
    assert papers.get("mira") == Papers()
    papers.keep("mira", Papers())
    assert rows(library)["character_papers"] == 0
    for said in (SAID, Papers(consent="other"), Papers()):
        papers.keep("mira", said)
        assert papers.get("mira") == said
    with pytest.raises(NotFound):
        papers.keep("nobody", SAID)
    assert papers.get("nobody") == Papers()


def test_papers_go_with_their_character(papers: CharacterPapers, library: Library, a_character: MakeCharacter):
    papers.welcome(a_character(), SAID)
    papers.welcome(a_character("tom"), SAID)
    assert library.cast.remove("mira") is True
    assert rows(library)["character_papers"] == 1
    library.cast.add(a_character())
    assert papers.get("mira") == Papers()


def test_a_handle_of_somebody_who_left_or_was_only_shown_is_not_free(
    papers: CharacterPapers, library: Library, a_character: MakeCharacter, a_shot: MakeShot
):
    papers.welcome(a_character(), SAID)
    library.shots.add(a_shot())
    library.shots.add(a_shot("s2", handle="stranger"))
    assert library.cast.remove("mira") is False
    assert not papers.free("mira")
    assert not papers.free("stranger")
    assert papers.get("mira") == Papers()
    for handle in ("mira", "stranger"):
        with pytest.raises(HandleTaken):
            papers.welcome(a_character(handle), SAID)
    with pytest.raises(NotFound):
        papers.keep("mira", SAID)


def test_a_library_from_before_papers_keeps_its_cast(
    library: Library, settings: Settings, a_character: MakeCharacter, a_version: MakeVersion
):
    library.cast.add(a_character(versions=(a_version(), a_version(2, "an undercut"))))
    with library.database.write() as connection:
        to_revision_0006(connection)
        later = ("character_papers", "take_files", "character_loras", "creation_results", "creation_failures")
        for name in later:
            connection.execute(text(f"DROP TABLE {name}"))
        for name in ("shot_id", "number", "prompt", "width", "height", "length", "seed", "asset", "path"):
            connection.execute(text(f"ALTER TABLE creations DROP COLUMN {name}"))
        connection.execute(text("ALTER TABLE takes DROP COLUMN failure"))
        connection.execute(text("DROP INDEX ix_shots_awaits"))
        connection.execute(text("ALTER TABLE shots DROP COLUMN awaits"))
        connection.execute(text("DROP TABLE IF EXISTS look_stamps"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    library.close()
    again = open_library(settings)
    papers = CharacterPapers(database=again.database)
    assert papers.get("mira") == Papers()
    papers.keep("mira", SAID)
    assert papers.get("mira") == SAID
    assert again.cast.get("mira").current == a_version(2, "an undercut")
    again.close()
