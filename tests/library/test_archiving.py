"""Characters put away and brought back, and what refers to one, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from samecast.core.cast import Character, Pinned, Pins, Version
from samecast.core.errors import HandleTaken, NotFound
from samecast.core.story import Shot
from samecast.library import Library

MakeCharacter = Callable[..., Character]
MakeShot = Callable[..., Shot]
AT = datetime(2026, 5, 31, 12, 0, 0, 5, tzinfo=UTC)


def test_who_is_archived_is_out_of_the_list_and_else_there(library: Library, a_character: MakeCharacter) -> None:
    for handle in ("mira", "jo"):
        library.cast.add(a_character(handle))
    mira = library.cast.get("mira")
    assert library.cast.archive("@mira", AT) is True
    assert library.cast.archive("mira", datetime.now(UTC)) is False, "it is archived since it was first"
    assert [character.handle for character in library.cast.all()] == ["jo"]
    assert library.cast.all(archived=True) == [replace(mira, archived_at=AT)] == [library.cast.get("mira")]
    stats = library.creations.stats()
    assert (stats.characters, stats.archived) == (1, 1)
    with pytest.raises(HandleTaken, match="archived"):
        library.cast.add(a_character("mira"))
    library.cast.update("mira", name="Mira", tags=())
    assert library.cast.archive("mira", None) is True
    assert library.cast.archive("mira", None) is False
    assert [character.handle for character in library.cast.all()] == ["jo", "mira"]
    assert library.cast.all(archived=True) == []
    with pytest.raises(NotFound):
        library.cast.archive("nobody", AT)


def test_who_is_archived_can_be_removed(library: Library, a_character: MakeCharacter, a_shot: MakeShot) -> None:
    for handle in ("mira", "jo"):
        library.cast.add(a_character(handle))
        library.cast.archive(handle, AT)
    library.shots.add(a_shot())
    assert [library.cast.remove(handle) for handle in ("mira", "jo")] == [False, True]
    assert library.cast.all(archived=True) == []
    with pytest.raises(NotFound, match="removed"):
        library.cast.archive("mira", None)


def test_what_refers_to_a_character_is_counted(
    library: Library, a_character: MakeCharacter, a_shot: MakeShot, a_version: Callable[..., Version]
) -> None:
    library.cast.add(a_character())
    library.cast.add_version("mira", a_version(2, "another scar"))
    assert library.cast.pins("@mira") == Pins()
    library.shots.add(a_shot("s1", takes=3), replace(a_shot("s2", takes=2), model="flux"), a_shot("s3", handle="jo"))
    library.shots.add(a_shot("s4", number=2, takes=1))
    for take in library.shots.get("s1").takes[:2]:
        library.shots.finish_take(replace(take, state="done", asset="a" * 64))
    library.creations.trash(["s1-t1"], AT)
    assert library.cast.pins("mira") == Pins(
        takes=6,
        shots=3,
        trashed=1,
        models=(Pinned(what="storyboard", takes=4, shots=2), Pinned(what="flux", takes=2, shots=1)),
        versions=(Pinned(what="1", takes=5, shots=2), Pinned(what="2", takes=1, shots=1)),
    )
    with pytest.raises(NotFound):
        library.cast.pins("jo")
