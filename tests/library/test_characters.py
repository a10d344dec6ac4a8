"""The cast in the database: what comes back, what is refused, and whom a handle belongs to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import delete, text

from samecast.core.cast import Character, Version
from samecast.core.errors import HandleTaken, InvalidInput, NotFound
from samecast.core.recipe import Lora
from samecast.core.story import Shot
from samecast.library import Library, open_library, schema
from samecast.library.characters import Characters
from samecast.library.failures import Conflict
from samecast.settings import Settings

MakeCharacter = Callable[..., Character]
Start = Callable[[str, Settings], Any]  # a subprocess.Popen[str]
MakeShot = Callable[..., Shot]
MakeVersion = Callable[..., Version]


def test_a_character_comes_back_as_it_was(library: Library, settings: Settings, a_character: MakeCharacter) -> None:
    character = a_character()
    library.cast.add(character)
    assert library.cast.get("mira") == character
    assert library.cast.get("@mira") == character
    library.close()
    again = open_library(settings)
    assert again.cast.all() == [character]
    assert again.cast.get("mira").current.digest == character.current.digest
    again.close()


def test_times_come_back_aware_and_in_utc(library: Library, a_character: MakeCharacter) -> None:
    tokyo = datetime(2025, 1, 1, 3, 0, tzinfo=timezone(timedelta(hours=9)))
    library.cast.add(a_character(created_at=tokyo))
    back = library.cast.get("mira").created_at
    assert back == tokyo
    assert back.tzinfo is UTC


def test_everyone_is_listed_by_handle_each_with_their_own(library: Library, a_character: MakeCharacter) -> None:
    cast = [a_character("zed", tags=("z",)), a_character("abe", tags=()), a_character("mira")]
    for character in cast:
        library.cast.add(character)
    assert library.cast.all() == sorted(cast, key=lambda c: c.handle)


def test_what_was_read_before_is_read_anew_where_it_changed(library: Library, a_character: MakeCharacter) -> None:
    """Versions never change, so they are read once; who has them may."""
    first = a_character("mira")
    library.cast.add(first)
    library.cast.add(a_character("tom"))
    before = library.cast.all()
    assert all(one.current is two.current for one, two in zip(library.cast.all(), before, strict=True))
    library.cast.add_version("mira", replace(first.current, number=2, description="older now"))
    library.cast.update("tom", name="Thomas", tags=("new",))
    mira, tom = library.cast.all()
    assert [version.description for version in mira.versions] == [first.current.description, "older now"]
    assert (tom.name, tom.tags) == ("Thomas", ("new",))
    assert library.cast.remove("mira")
    other = replace(first, versions=(replace(first.current, description="somebody else"),))
    library.cast.add(other)
    assert library.cast.get("mira") == other


def test_an_unknown_handle_suggests_the_nearest(library: Library, a_character: MakeCharacter) -> None:
    with pytest.raises(NotFound, match="cast add"):
        library.cast.get("mira")
    library.cast.add(a_character("mira"))
    library.cast.add(a_character("tom"))
    with pytest.raises(NotFound) as caught:
        library.cast.get("@mirra")
    assert "@mira" in caught.value.hint
    assert "@tom" not in caught.value.hint
    with pytest.raises(NotFound, match="cast list"):
        library.cast.get("zzzzzz")


@pytest.mark.parametrize("handle", ["image1", "Mira", "1st", "x" * 16, "../up"])
def test_handles_that_cannot_be_are_refused(library: Library, a_character: MakeCharacter, handle: str) -> None:
    with pytest.raises(InvalidInput):
        library.cast.add(a_character(handle))
    assert library.cast.all() == []


def test_a_taken_handle_names_its_owner_and_a_way_out(library: Library, a_character: MakeCharacter) -> None:
    library.cast.add(a_character("mira", name="Mira Tanaka"))
    with pytest.raises(HandleTaken, match=r"taken by Mira Tanaka.*--handle"):
        library.cast.add(a_character("mira", name="Another"))
    assert library.cast.get("mira").name == "Mira Tanaka"


def test_update_changes_name_and_tags_and_nothing_else(library: Library, a_character: MakeCharacter) -> None:
    library.cast.add(a_character())
    library.cast.update("@mira", name="Mira II", tags=("one",))
    assert library.cast.get("mira") == a_character(name="Mira II", tags=("one",))
    with pytest.raises(NotFound):
        library.cast.update("nobody", name="x", tags=())


def test_versions_are_appended_in_turn(library: Library, a_character: MakeCharacter, a_version: MakeVersion) -> None:
    library.cast.add(a_character())
    second = a_version(2, "an undercut")
    library.cast.add_version("mira", second)
    assert library.cast.get("mira").versions == (a_version(1), second)
    for number in (1, 2, 4):
        with pytest.raises(InvalidInput, match="does not follow"):
            library.cast.add_version("mira", a_version(number))
    assert library.cast.get("mira").current == second
    with pytest.raises(NotFound):
        library.cast.add_version("nobody", a_version(1))


def test_a_character_starts_with_version_one(
    library: Library, a_character: MakeCharacter, a_version: MakeVersion
) -> None:
    with pytest.raises(InvalidInput):
        library.cast.add(a_character(versions=()))
    with pytest.raises(InvalidInput):
        library.cast.add(a_character(versions=(a_version(2),)))
    with pytest.raises(NotFound):
        library.cast.get("mira")


def test_who_no_shot_shows_is_removed_without_a_trace(library: Library, a_character: MakeCharacter) -> None:
    for handle in ("mira", "tom"):
        library.cast.add(a_character(handle))
        library.loras.set(handle, "flux", Lora(sha256="d" * 64))
    assert library.cast.remove("@mira") is True
    with library.database.read() as connection:
        for table in ("versions", "anchors", "reference_images", "character_tags", "character_loras"):
            left = connection.execute(text(f"SELECT DISTINCT character_id FROM {table}")).all()
            assert len(left) == 1, table
    with pytest.raises(NotFound):
        library.cast.remove("mira")
    library.cast.add(a_character("mira", name="Somebody else"))
    assert [c.handle for c in library.cast.all()] == ["mira", "tom"]


def test_who_a_shot_shows_is_retired_and_the_handle_stays_theirs(
    library: Library, a_character: MakeCharacter, a_shot: MakeShot, a_version: MakeVersion
) -> None:
    library.cast.add(a_character())
    library.shots.add(a_shot())
    assert library.cast.remove("mira") is False
    assert library.cast.all() == []
    with pytest.raises(NotFound, match="was removed"):
        library.cast.get("mira")
    with pytest.raises(NotFound, match="was removed"):
        library.cast.add_version("mira", a_version(2))
    with pytest.raises(HandleTaken, match=r"removed.*--handle"):
        library.cast.add(a_character("mira", name="Another"))
    assert library.shots.get("s1") == a_shot()
    with pytest.raises(NotFound):
        library.cast.remove("mira")


def test_a_handle_a_shot_from_elsewhere_uses_is_not_given_away(
    library: Library, a_character: MakeCharacter, a_shot: MakeShot
) -> None:
    library.shots.add(a_shot(handle="stranger"))
    with pytest.raises(HandleTaken):
        library.cast.add(a_character("stranger"))


def test_who_a_shot_shows_in_a_version_from_elsewhere_is_retired_too(
    library: Library, a_character: MakeCharacter, a_shot: MakeShot
) -> None:
    library.cast.add(a_character())
    library.shots.add(a_shot(number=7))
    assert library.cast.remove("mira") is False
    with pytest.raises(NotFound, match="was removed"):
        library.cast.get("mira")


def test_a_handle_somebody_took_since_we_looked(
    library: Library, a_character: MakeCharacter, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.cast.add(a_character(name="First"))
    monkeypatch.setattr(Characters, "_check_free", lambda *_: None)
    with pytest.raises(HandleTaken, match="--handle"):
        library.cast.add(a_character(name="Second"))
    assert library.cast.get("mira").name == "First"


def test_the_database_itself_keeps_a_pinned_version(
    library: Library, a_character: MakeCharacter, a_shot: MakeShot
) -> None:
    library.cast.add(a_character())
    library.shots.add(a_shot())
    with pytest.raises(Conflict), library.database.write() as connection:
        connection.execute(delete(schema.versions))
    with pytest.raises(Conflict), library.database.write() as connection:
        connection.execute(delete(schema.characters))
    assert library.cast.get("mira") == a_character()


def test_a_name_that_is_no_text_is_one_clear_error(library: Library, a_character: MakeCharacter) -> None:
    with pytest.raises(InvalidInput, match="UTF-8"):
        library.cast.add(a_character(name="M\udcffra"))
    assert library.cast.all() == []


def test_a_failed_add_leaves_nothing(library: Library, a_character: MakeCharacter, a_version: MakeVersion) -> None:
    broken = replace(a_version(), created_at=datetime(2025, 1, 1))  # no time zone: refused while its row is written
    with pytest.raises(Exception, match="time zone"):
        library.cast.add(a_character(versions=(broken,)))
    library.cast.add(a_character())


ADD_TEN = """
import sys
from samecast.core.cast import Character, Reference, Version
from samecast.core.errors import HandleTaken
from samecast.library import open_library
from samecast.settings import load_settings
from datetime import datetime, UTC
library = open_library(load_settings())
now = datetime.now(UTC)
first = Version(number=1, references=(Reference(sha256="a" * 64, width=1, height=1),), created_at=now)
print("ready", flush=True)
sys.stdin.readline()
for n in range(10):
    try:
        library.cast.add(Character(handle=f"c{n}", name="x", versions=(first,), created_at=now))
        print(f"c{n}")
    except HandleTaken as error:
        assert error.hint
"""


def test_of_two_processes_adding_the_same_handle_exactly_one_wins(python: Start, settings: Settings) -> None:
    children = [python(ADD_TEN, settings) for _ in range(2)]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    won = []
    for child in children:
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        won += out.split()
    assert sorted(won) == [f"c{n}" for n in range(10)]
