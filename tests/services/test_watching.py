"""What a look at a real library shows: who has what in hand, what came of it, and how long it takes still."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.servers import postgres  # noqa: F401

from samecast.core.consistency import Score, TakeScore, take_score_to_json
from samecast.core.errors import NotFound
from samecast.core.prompt import Brief
from samecast.core.recipe import Recipe
from samecast.core.story import Shot, Take
from samecast.library import Library, open_library
from samecast.models.catalogue import read_catalogue
from samecast.ports import Progress, WorkerCard
from samecast.services.watching import Look
from samecast.settings import Settings

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RECIPE = Recipe(
    model="storyboard",
    engine_version="1",
    kind="video",
    prompt="rain",
    brief=Brief(),
    members=(),
    width=72,
    height=128,
    seed=1,
    seconds=4.0,
    fps=24,
)
_order = itertools.count()


@pytest.fixture(params=["sqlite", "postgres"])
def library(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Library]:
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    opened = open_library(Settings(home=tmp_path / "home", database_url=url))
    yield opened
    opened.close()


@pytest.fixture
def watching(library: Library) -> Look:
    return Look(shots=library.shots, work=library.work, workers=library.workers, models=read_catalogue())


def order(library: Library, shot_id: str, takes: int = 3, model: str = "storyboard", **more: object) -> Shot:
    recipe = replace(RECIPE, model=model)
    made = tuple(Take(id=f"{shot_id}-{n}", shot_id=shot_id, number=n, recipe=recipe) for n in range(1, takes + 1))
    shot = Shot(
        id=shot_id,
        prompt=f"rain on {shot_id}",
        model=model,
        out="",
        takes=made,
        created_at=NOW + timedelta(seconds=next(_order)),
        **more,  # type: ignore[arg-type]
    )
    library.shots.add(shot)
    return shot


def finish(library: Library, take: Take, *scores: Score, seconds: float = 8.0) -> None:
    library.work.conclude_take(
        replace(
            take,
            state="done",
            asset="a" * 64,
            score=take_score_to_json(TakeScore(characters=scores)),
            seconds=seconds,
            made_at=NOW,
        )
    )


def join(library: Library, name: str, *queues: str) -> str:
    card = WorkerCard(
        id=f"{name}-id",
        name=name,
        machine="studio/1234/5678",
        pid=1,
        queues=queues or ("cpu",),
        version="1",
        started_at=NOW + timedelta(seconds=next(_order)),
    )
    library.workers.join(card)
    return card.id


def note(library: Library, take: Take, worker: str, step: str = "render", done: int = 1, total: int = 2) -> None:
    library.workers.note(Progress(take_id=take.id, worker=worker, step=step, done=done, total=total, changed_at=NOW))


def score(handle: str, worst: float | None, verdict: str = "match") -> Score:
    return Score(handle=handle, verdict=verdict, p_same=worst, worst=worst, encoder="e", reason="")  # type: ignore[arg-type]


def test_takes_are_seen_with_their_worker_step_and_outcome(library: Library, watching: Look):
    shot = order(library, "s1", takes=4)
    ann = join(library, "ann", "cpu", "gpu")
    finish(library, shot.takes[0], score("mira", 0.9), score("jo", 0.4, "drift"))
    library.work.conclude_take(replace(shot.takes[1], state="failed", error="The model refused.", made_at=NOW))
    note(library, shot.takes[2], ann, "render", 5, 10)
    sight = watching.look(["s1"])
    (seen,) = sight.shots
    assert [take.state for take in seen.takes] == ["done", "failed", "running", "waiting"]
    assert (seen.takes[0].verdict, seen.takes[0].worst) == ("drift", 0.4)
    assert seen.takes[1].error == "The model refused."
    assert (seen.takes[2].worker, seen.takes[2].step) == ("ann", "render")
    assert seen.takes[2].share == pytest.approx(0.5)
    assert (seen.worst, seen.queue, seen.state) == (0.4, "cpu", "running")
    (worker,) = sight.workers
    assert (worker.name, worker.machine, worker.queues, worker.takes) == ("ann", "studio", ("cpu", "gpu"), 1)


def test_what_lies_in_the_trash_is_seen_and_counted_nowhere(library: Library, watching: Look):
    shot = order(library, "s1", takes=3)
    finish(library, shot.takes[0], score("mira", 0.9))
    finish(library, shot.takes[1], score("mira", 0.2, "drift"))
    before = dict(library.census.tally().takes)["done"]
    library.creations.trash([shot.takes[1].id], NOW)
    (seen,) = watching.look(["s1"]).shots
    assert [take.number for take in seen.takes] == [1, 3]
    assert seen.worst == 0.9
    assert dict(library.census.tally().takes)["done"] == before - 1


def test_a_worker_that_is_gone_has_nothing_in_hand(library: Library, watching: Look):
    shot = order(library, "s1")
    ann = join(library, "ann")
    note(library, shot.takes[0], ann)
    assert watching.look(["s1"]).shots[0].takes[0].state == "running"
    library.workers.set_state(ann, "gone")
    sight = watching.look(["s1"])
    assert sight.shots[0].takes[0].state == "waiting"
    assert sight.workers == ()


def test_a_worker_that_nobody_is_left_to_miss_is_missed_by_who_watches(library: Library, watching: Look):
    shot = order(library, "s1", takes=2)
    note(library, shot.takes[0], join(library, "ann"))
    note(library, shot.takes[1], join(library, "bob"))
    sight = replace(watching, missing=lambda cards: [card for card in cards if card.name == "ann"]).look(["s1"])
    assert [take.state for take in sight.shots[0].takes] == ["waiting", "running"]
    assert [worker.name for worker in sight.workers] == ["bob"]


def test_unasked_it_sees_what_runs_the_oldest_first_and_what_ended_last(library: Library, watching: Look):
    for number in range(60):
        ended = order(library, f"old{number}", takes=1)
        library.work.set_state(ended.id, "cancelled", only_from=["running"])
    order(library, "first", takes=1)
    for number in range(60):
        order(library, f"new{number}", takes=1, state="done")
    concluding = order(library, "second", takes=1)
    finish(library, concluding.takes[0])
    assert [shot.id for shot in watching.look().shots] == [
        "first",
        "second",
        "new59",
        "new58",
        "new57",
        "new56",
        "new55",
        "new54",
    ]


def test_shots_asked_for_come_once_and_in_that_order(library: Library, watching: Look):
    order(library, "s1")
    order(library, "s2")
    assert [shot.id for shot in watching.look(["s2", "s1", "s2"]).shots] == ["s2", "s1"]
    with pytest.raises(NotFound):
        watching.look(["s3"])


def test_how_long_still_follows_from_the_pace_the_hands_and_the_queue(library: Library, watching: Look):
    before = order(library, "before", takes=1)
    finish(library, before.takes[0], seconds=8.0)  # 2 s for each second of a clip, so 8 s a take
    library.work.set_state("before", "done", only_from=["running"])
    first, second = order(library, "first", takes=2), order(library, "second", takes=4)
    assert watching.look(["first"]).shots[0].seconds_left is None, "nobody serves the queue"
    ann = join(library, "ann")
    left = {shot.id: shot.seconds_left for shot in watching.look().shots}
    assert left == {"first": pytest.approx(16), "second": pytest.approx(48), "before": None}
    bob = join(library, "bob")
    note(library, first.takes[0], ann, "render", 1, 2)
    note(library, first.takes[1], bob, "begin", 0, 1)
    left = {shot.id: shot.seconds_left for shot in watching.look().shots}
    assert left["first"] == pytest.approx(8.0), "no sooner than its slowest take"
    assert left["second"] == pytest.approx((4 + 8 + 32) / 2)
    assert watching.look(["second"]).shots[0].seconds_left == left["second"], "also when it is asked for alone"
    assert second.takes


def test_without_a_pace_there_is_no_figure_until_a_take_is_done(library: Library, watching: Look):
    shot = order(library, "s1")
    join(library, "ann")
    assert watching.look().shots[0].seconds_left is None
    finish(library, shot.takes[0], seconds=8.0)
    assert watching.look().shots[0].seconds_left == pytest.approx(16)


def test_a_model_unknown_here_is_seen_all_the_same(library: Library, watching: Look):
    order(library, "s1", model="from-the-future")
    join(library, "ann")
    (seen,) = watching.look(["s1"]).shots
    assert (seen.queue, seen.seconds_left) == ("from-the-future", None)


def test_a_take_made_once_more_is_read_once_more(library: Library, watching: Look):
    shot = order(library, "s1", takes=1)
    finish(library, shot.takes[0], score("mira", 0.9))
    assert watching.look(["s1"]).shots[0].worst == 0.9
    kept = library.work.take("s1-1")
    library.shots.finish_take(
        replace(
            kept,
            score=take_score_to_json(TakeScore(characters=(score("mira", 0.3, "drift"),))),
            made_at=NOW + timedelta(1),
        )
    )
    assert watching.look(["s1"]).shots[0].worst == 0.3
