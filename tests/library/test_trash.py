"""The trash on both databases: what is in it is found and counted nowhere, never picked, and purged after a while."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, update
from tests.library.conftest import only_sqlite
from tests.library.test_creations import NOON, Films, films, look  # noqa: F401

from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.story import Goal, Shot, Take
from samecast.library import Library, schema
from samecast.library.trash import MOST_AT_ONCE
from samecast.ports.creations import Discarded, Trashed, Wanted

MakeShot = Callable[..., Shot]
AT = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)


def test_what_is_in_the_trash_is_found_and_counted_nowhere_and_comes_back_whole(films: Films) -> None:  # noqa: F811
    kept, gone = films.add("rain", "jo", picked=True), films.add("rain", "mira", verdict="drift")
    lots = random.Random(1)
    films.creations.keep_look(gone, one := look(lots))
    films.creations.keep_look(kept, look(lots, near=one, bits=3))
    before = films.creations.stats()
    listed = films.creations.page(Wanted(), limit=9)
    results = films.library.results.by_model("mira")

    assert films.creations.trash([gone], AT) == Discarded(takes=(gone,), unpicked=())

    assert films.found() == films.found("rain") == [kept]
    assert films.found(character="mira") == films.found("drift") == films.found(tag="lead") == []
    assert films.creations.some([gone]) == []
    with films.library.database.write() as connection:
        assert [take for take, _ in films.creations._codes.nearest(connection, one, 5)] == [kept]
    stats = films.creations.stats()
    assert (stats.takes, stats.done.takes, stats.trashed, stats.unlooked) == ({"done": 1}, 1, 1, 0)
    assert set(stats.cast) == {"jo"}
    assert set(stats.verdicts) == {"match"}
    assert films.library.results.by_model("mira") == []
    assert films.creations.without_look("another maker") == [(kept, f"{1:064x}")]
    assert films.creations.count_without_look("another maker") == 1

    assert films.creations.restore([gone]) == (gone,)

    assert films.creations.page(Wanted(), limit=9) == listed
    assert films.creations.stats() == before
    assert films.library.results.by_model("mira") == results
    with films.library.database.write() as connection:
        assert {take for take, _ in films.creations._codes.nearest(connection, one, 5)} == {kept, gone}


def test_looks_that_a_database_takes_in_later_leave_the_trash_out(films: Films) -> None:  # noqa: F811
    """PostgreSQL fills its table of codes when somebody first looks for similar takes."""
    kept, gone = films.add("rain"), films.add("rain")
    lots = random.Random(2)
    films.creations.keep_look(gone, one := look(lots))
    films.creations.keep_look(kept, look(lots))
    films.creations.trash([gone], AT)
    assert [take for take, _ in films.creations.nearest(one, 5)] == [kept]


def test_a_picked_take_leaves_its_shot_without_a_pick_and_is_not_picked_again_by_itself(
    films: Films,  # noqa: F811
) -> None:
    picked, other = films.add("rain", picked=True), films.add("snow", picked=True)
    films.library.shots.pick("s1", picked, "I like it.", by_hand=True)
    assert films.creations.trash([picked], AT).unpicked == ("s1",)
    shot = films.library.shots.get("s1")
    assert (shot.picked, shot.by_hand, shot.takes[0].trashed_at) == (None, False, AT)
    assert "put in the trash" in shot.why
    with pytest.raises(InvalidInput, match="samecast library restore s1-1"):
        films.library.shots.pick("s1", picked, "It holds.")
    films.creations.restore([picked])
    assert films.library.shots.get("s1").picked is None
    assert films.found(picked=True) == [other]
    films.library.shots.pick("s1", picked, "It holds.")
    assert films.found(picked=True) == [other, picked]


def test_again_is_harmless_and_all_or_none(films: Films) -> None:  # noqa: F811
    one, two = films.add("rain"), films.add("snow")
    waits = films.add("waits", state="waiting", asset=None, score=None)
    failed = films.add("failed", state="failed", asset=None, score=None)
    assert films.creations.trash([one, one], AT).takes == (one,)
    assert films.creations.trash([one, two], AT + timedelta(days=1)).takes == (two,)
    assert films.library.shots.get("s1").takes[0].trashed_at == AT, "it lies there since it was first put there"
    for unmade in (waits, failed):
        with pytest.raises(InvalidInput, match="not done"):
            films.creations.trash([one, unmade], AT)
    with pytest.raises(NotFound, match="no take nothing"):
        films.creations.restore([one, "nothing"])
    assert films.found() == []
    assert films.creations.restore([one, two, waits]) == (one, two)
    for number in (0, MOST_AT_ONCE + 1):
        with pytest.raises(InvalidInput, match="1 to 1,000"):
            films.creations.trash([one] * number, AT)


def test_a_thousand_at_once(library: Library, a_shot: MakeShot) -> None:
    shot = a_shot(takes=MOST_AT_ONCE)
    made = [
        replace(take, state="done", asset="a" * 64, made_at=NOON + timedelta(seconds=take.number))
        for take in shot.takes
    ]
    library.shots.add(replace(shot, takes=tuple(made)))
    ids = [take.id for take in made]
    assert library.creations.stats().done.takes == MOST_AT_ONCE
    assert library.creations.trash(ids, AT).takes == tuple(ids)
    assert library.creations.stats().done.takes == 0
    assert len(library.creations.restore(ids)) == MOST_AT_ONCE
    assert library.creations.stats().done.takes == MOST_AT_ONCE


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_trash_is_listed_in_pages_the_last_trashed_first(films: Films, size: int) -> None:  # noqa: F811
    takes = [films.add(f"number {n}", "mira") for n in range(5)]
    films.creations.trash(takes[:3], AT)  # at one moment
    films.creations.trash([takes[4]], AT + timedelta(microseconds=1))
    found: list[Trashed] = []
    cursor = None
    while True:
        page = films.creations.trashed(limit=size, after=cursor)
        found += page.trashed
        if page.cursor is None:
            break
        cursor = page.cursor
    assert [one.creation.take for one in found] == [takes[4], takes[2], takes[1], takes[0]]
    assert (found[1].at, found[1].creation.prompt, found[1].creation.who) == (AT, "number 2", (("mira", "match"),))
    assert films.creations.page(Wanted(), limit=9).creations[0].take == takes[3]


@pytest.mark.parametrize("token", ["", "x", "é", "AAAAAAAAAAAAAAAA", "A" * 400])
def test_a_cursor_that_is_none(films: Films, token: str) -> None:  # noqa: F811
    with pytest.raises(InvalidInput, match="no place to go on from"):
        films.creations.trashed(limit=5, after=token)
    with pytest.raises(InvalidInput, match="1 to 1000"):
        films.creations.trashed(limit=0)


def test_what_is_trashed_and_picked_at_once_is_one_or_the_other(films: Films) -> None:  # noqa: F811
    for _ in range(6):
        take = films.add("rain")
        shot, start = take.removesuffix("-1"), Barrier(2)

        def pick(shot: str = shot, take: str = take, start: Barrier = start) -> None:
            start.wait()
            films.library.shots.pick(shot, take, "It holds.")

        def trash(take: str = take, start: Barrier = start) -> None:
            start.wait()
            films.creations.trash([take], AT)

        with ThreadPoolExecutor(2) as threads:
            picking, trashing = threads.submit(pick), threads.submit(trash)
            trashing.result()
            if (error := picking.exception()) is not None:
                assert isinstance(error, InvalidInput)
        assert films.library.shots.get(shot).picked is None
        films.creations.restore([take])


# --- for good ---------------------------------------------------------------------------------------------------


def kept(library: Library) -> tuple[list[str], list[str]]:
    """The ids of shots and of takes."""
    with library.database.read() as connection:
        shots, takes = (connection.execute(select(t.c.id).order_by(t.c.id)) for t in (schema.shots, schema.takes))
        return list(shots.scalars()), list(takes.scalars())


def test_purging_takes_what_is_old_with_all_that_hangs_on_it(
    films: Films,  # noqa: F811
    a_character: Callable[..., Character],
) -> None:
    takes = [films.add(f"number {n}", "mira") for n in range(4)]
    films.creations.tag([takes[0]], add=["cut"], remove=[])
    films.creations.keep_look(takes[0], look(random.Random(4)))
    films.creations.trash(takes[:2], AT)
    films.creations.trash([takes[2]], AT + timedelta(days=2))
    upkeep = films.library.upkeep()
    before = AT + timedelta(days=1)
    assert upkeep.count_trashed(before) == 2
    assert upkeep.purge(before) == 2
    assert upkeep.count_trashed(before) == upkeep.purge(before) == 0
    assert kept(films.library) == (["s3", "s4"], takes[2:]), "a shot that nothing is left of goes too"
    with films.library.database.read() as connection:
        for table in (schema.take_tags, schema.take_looks):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0
    assert films.found() == [takes[3]]
    assert films.creations.tags() == [tag for tag in films.creations.tags() if tag.takes == 0]
    films.creations.restore([takes[2]])
    assert films.found() == [takes[3], takes[2]]


def test_a_running_shot_keeps_its_trash_and_a_stopped_one_its_budget(library: Library, a_shot: MakeShot) -> None:
    def add(shot_id: str, state: str) -> Shot:
        shot = a_shot(shot_id, takes=3)
        one = replace(shot.takes[0], state="done", asset="a" * 64, cost=40, trashed_at=AT)
        goal = Goal(until=0.9, enough=1, most_takes=5, most_money=200)
        rest = tuple(replace(take, cost=40) for take in shot.takes[1:])
        shot = replace(shot, takes=(one, *rest), state=state, goal=goal)  # type: ignore[arg-type]
        library.shots.add(shot)
        return shot

    running, stopped = add("s1", "running"), add("s2", "cancelled")
    assert library.upkeep().purge(AT + timedelta(days=1)) == 1
    assert library.shots.get(running.id) == running
    left = library.shots.get(stopped.id)
    assert [take.number for take in left.takes] == [2, 3]
    assert left.goal == Goal(until=0.9, enough=1, most_takes=4, most_money=160)


def test_what_a_clip_waits_for_stays(library: Library, a_shot: MakeShot) -> None:
    first, clip = a_shot("s1", takes=1), a_shot("s2", takes=1)
    gone = replace(first.takes[0], state="done", asset="a" * 64, trashed_at=AT)
    library.shots.add(replace(first, takes=(gone,), state="done"))
    library.shots.add(replace(clip, awaits="s1", state="cancelled"))
    assert library.upkeep().count_trashed(AT + timedelta(days=1)) == 0
    assert library.upkeep().purge(AT + timedelta(days=1)) == 0
    assert library.work.begin_with("s2", "b" * 64)
    assert library.upkeep().purge(AT + timedelta(days=1)) == 1
    assert kept(library) == (["s2"], ["s2-t1"])


def test_more_than_one_transaction_takes(library: Library, a_shot: MakeShot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samecast.library.trash.MOST_AT_ONCE", 2)
    shot = a_shot(takes=5)

    def gone(take: Take) -> Take:
        return replace(take, state="done", asset="a" * 64, trashed_at=AT)

    library.shots.add(replace(shot, state="done", takes=tuple(map(gone, shot.takes))))
    assert library.upkeep().purge(AT + timedelta(days=1)) == 5
    assert kept(library) == ([], [])


@only_sqlite
def test_the_index_of_the_trash_holds_nothing_else(library: Library, a_shot: MakeShot) -> None:
    """So that no query for what is not in it walks it: on SQLite it would be taken for a good one."""
    library.shots.add(a_shot())
    with library.database.write() as connection:
        connection.execute(update(schema.takes).values(state="done", asset="a" * 64))
        asked = "EXPLAIN QUERY PLAN SELECT id FROM takes WHERE trashed_at IS {} ORDER BY trashed_at, id"
        plans = [str(connection.exec_driver_sql(asked.format(value)).all()) for value in ("NULL", "NOT NULL")]
    assert ["ix_takes_trashed_at_id" in plan for plan in plans] == [False, True]
