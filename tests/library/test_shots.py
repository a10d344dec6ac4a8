"""Shots and takes in the database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.recipe import Lora, Recipe
from samecast.core.story import Shot
from samecast.library import Library, schema

MakeShot = Callable[..., Shot]


def test_a_shot_comes_back_as_it_was(library: Library, a_shot: MakeShot, a_character: Callable[..., Character]) -> None:
    library.cast.add(a_character())
    shot = a_shot(takes=3)
    library.shots.add(shot)
    back = library.shots.get("s1")
    assert back == shot
    assert [take.recipe.digest for take in back.takes] == [take.recipe.digest for take in shot.takes]
    assert len({take.recipe.digest for take in back.takes}) == 3


def test_a_take_is_finished_and_picked(library: Library, a_shot: MakeShot) -> None:
    shot = a_shot()
    library.shots.add(shot)
    done = replace(
        shot.takes[1], state="done", asset="c" * 64, score='{"characters":[]}', notes=("a", "ü\n"), path="/o/2.mp4"
    )
    library.shots.finish_take(done)
    library.shots.pick("s1", done.id, "It holds the likeness best.")
    back = library.shots.get("s1")
    assert back.takes == (shot.takes[0], done)
    assert (back.picked, back.why) == (done.id, "It holds the likeness best.")
    assert not back.finished
    library.shots.pick("s1", None, "None is good enough.")
    assert (library.shots.get("s1").picked, library.shots.get("s1").why) == (None, "None is good enough.")


def test_what_a_take_was_planned_as_never_changes(library: Library, a_shot: MakeShot) -> None:
    shot = a_shot()
    library.shots.add(shot)
    first, second = shot.takes
    for other in (replace(first, recipe=second.recipe), replace(first, number=9), replace(first, shot_id="s2")):
        with pytest.raises(InvalidInput):
            library.shots.finish_take(other)
    with pytest.raises(NotFound):
        library.shots.finish_take(replace(first, id="nobody"))
    assert library.shots.get("s1") == shot


def test_a_pick_is_one_of_the_shots_own_takes(library: Library, a_shot: MakeShot) -> None:
    library.shots.add(a_shot("s1"))
    library.shots.add(a_shot("s2"))
    library.shots.pick("s1", "s1-t1", "first")
    for take in ("s2-t1", "nothing"):
        with pytest.raises(NotFound, match="has no take"):
            library.shots.pick("s1", take, "why")
    with pytest.raises(NotFound, match="There is no shot"):
        library.shots.pick("s9", None, "why")
    assert library.shots.get("s1").picked == "s1-t1"


def test_ids_are_unique_and_a_refused_shot_leaves_nothing(library: Library, a_shot: MakeShot) -> None:
    library.shots.add(a_shot("s1"))
    with pytest.raises(InvalidInput):
        library.shots.add(a_shot("s1"))
    clash = a_shot("s2")
    doubled = replace(clash, takes=(clash.takes[0], replace(clash.takes[1], number=1)))
    with pytest.raises(InvalidInput):
        library.shots.add(doubled)
    with pytest.raises(NotFound):
        library.shots.get("s2")
    assert [shot.id for shot in library.shots.recent()] == ["s1"]


def test_recent_gives_the_newest_first(library: Library, a_shot: MakeShot) -> None:
    for n in range(4):
        shot = a_shot(f"s{n}")
        library.shots.add(replace(shot, created_at=shot.created_at + timedelta(minutes=-n if n < 3 else 1)))
    assert [shot.id for shot in library.shots.recent(3)] == ["s3", "s0", "s1"]
    assert library.shots.recent(1)[0].takes == a_shot("s3").takes


def test_a_shot_without_a_character_is_fine(library: Library, a_shot: MakeShot) -> None:
    shot = a_shot(takes=1)
    empty = replace(shot.takes[0], recipe=replace(shot.takes[0].recipe, members=()))
    library.shots.add(replace(shot, takes=(empty,)))
    assert library.shots.get("s1").takes == (empty,)


# --- what else takes are made from ------------------------------------------------------------------------------


def lent(recipe: Recipe) -> Recipe:
    """The same, begun and ended with one picture, and with two LoRAs."""
    loras = (Lora(sha256="e" * 64, word="mira"), Lora(sha256="d" * 64, scale=0.5))
    return replace(recipe, first_frame="f" * 64, last_frame="f" * 64, loras=loras)


def files(library: Library) -> list[tuple[str, int, str]]:
    rows = select(schema.take_files).order_by(schema.take_files.c.take_id, schema.take_files.c.position)
    with library.database.read() as connection:
        return [(row.take_id, row.position, row.sha256) for row in connection.execute(rows)]


def test_what_a_take_borrows_is_kept_and_goes_with_it(library: Library, a_shot: MakeShot) -> None:
    shot = a_shot()
    first, second = shot.takes
    library.shots.add(replace(shot, takes=(replace(first, recipe=lent(first.recipe)), second)))
    later = replace(second, id="s1-t3", number=3, round=2, recipe=replace(second.recipe, edited="c" * 64))
    assert library.work.add_round("s1", 2, [later])
    own = [("s1-t1", place, letter * 64) for place, letter in enumerate("fed")]
    assert files(library) == [*own, ("s1-t3", 0, "c" * 64)]
    library.shots.finish_take(replace(later, state="failed", error="It broke."))
    library.work.queue_again("s1", failed=True)
    assert files(library) == [*own, ("s1-t3", 0, "c" * 64)]
    with library.database.write() as connection:
        connection.execute(delete(schema.shots))
    assert files(library) == []
