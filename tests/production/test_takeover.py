"""A worker that was taken for gone and is not: nothing is made twice over, and it finds work again."""

import os
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from dbos import _core
from tests.production.conftest import Stage, killed, until

from samecast.production import session


def test_one_that_was_only_slow_does_no_harm_and_works_on(stage: Stage):
    """Declared gone in the middle of a render, and its job put back, as a watcher elsewhere does it."""
    begun, go = threading.Event(), threading.Event()

    def first_stands_still() -> None:
        if not begun.is_set():
            begun.set()
            go.wait(60)

    stage.engine.hold = first_stands_still
    shot = stage.shot()
    with stage.working("cpu"):
        assert begun.wait(60)
        (card,) = stage.library.workers.present()
        stage.library.workers.set_state(card.id, "gone")
        assert session.put_back(card.id)
        # It learns it, and begins anew under another id; its render is still going on.
        (again,) = until(lambda: stage.library.workers.present(), "at work again")
        assert (again.id != card.id, again.pid) == (True, card.pid)
        made = stage.done(shot)[0]
        go.set()  # now the slow one finishes, and what it would record is not its own any more
        after = stage.shot()
        stage.done(after)
    stage.sound(shot)
    stage.sound(after)
    assert stage.get(shot) == made
    assert stage.ledger.of("render").count(shot.takes[0].recipe.seed) == 2
    assert [card for card in stage.library.workers.gone() if card.id == again.id] == []


def test_a_step_of_one_that_lost_its_job_is_not_recorded(stage: Stage):
    """What DBOS promises, and all the rest here is built on."""
    from dbos import DBOS

    begun, go = threading.Event(), threading.Event()
    stage.engine.hold = lambda: None if begun.is_set() else wait(begun, go)
    shot = stage.shot()
    with stage.working("cpu", slots=2):
        assert begun.wait(60)
        (card,) = stage.library.workers.present()
        session.put_back(card.id)  # taken over by this same session: it has two slots
        made = stage.done(shot)[0]
        steps = DBOS.list_workflow_steps(f"take.{shot.takes[0].id}.1")
        go.set()
        stage.done(stage.shot())
        assert DBOS.list_workflow_steps(f"take.{shot.takes[0].id}.1") == steps
    assert stage.get(shot) == made
    stage.sound(shot)
    assert stage.library.assets.has(made.takes[0].asset or "")


def test_a_job_that_was_taken_and_never_begun_is_queued_again(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """As when the database goes away between the two."""
    begin, lost = _core.execute_dequeued_workflow, list[object]()

    def breaks_once(*of: Any) -> Any:
        if not lost:
            lost.append(of)
            raise ConnectionError
        return begin(*of)

    monkeypatch.setattr("dbos._queue.execute_dequeued_workflow", breaks_once)
    shot = stage.shot()
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)
    assert lost
    assert len(stage.ledger.of("render")) == 1


def test_two_workers_with_one_name_are_two(stage: Stage):
    shot = stage.shot(takes=4)
    twins = [stage.spawn("worker", "--queue", "cpu", "--name", "twin", seconds=1.5, steps=20) for _ in range(2)]
    pids = {twin.pid for twin in twins}
    until(lambda: {entry["pid"] for entry in stage.ledger.entries("render")} == pids, "both at work")
    assert [card.name for card in stage.library.workers.present() if card.pid in pids] == ["twin", "twin"]
    killed(twins[0])
    stage.done(shot)
    assert {card.pid for card in stage.library.workers.present()} & pids == {twins[1].pid}
    stage.sound(shot)
    rendered = stage.ledger.of("rendered")
    assert len(rendered) == len(set(rendered)) == 4


@pytest.mark.parametrize("jump", [timedelta(days=3), timedelta(days=-3)])
def test_a_clock_that_jumps_in_the_middle_of_a_take(stage: Stage, monkeypatch: pytest.MonkeyPatch, jump: timedelta):
    jumped, real = threading.Event(), time.time

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return super().now(tz) + (jump if jumped.is_set() else timedelta())

    monkeypatch.setattr(time, "time", lambda: real() + (jump.total_seconds() if jumped.is_set() else 0.0))
    for module in ("services.making", "production.queueing", "production.session", "production.workflows"):
        monkeypatch.setattr(f"samecast.{module}.datetime", Clock)
    stage.engine.hold = jumped.set
    shots = [stage.shot(takes=2), stage.shot(model="hosted")]
    with stage.working():
        (own,) = ours(stage)
        stage.done(*shots)
        assert ours(stage) == [own]  # nobody took it for gone
    for shot in shots:
        stage.sound(shot)
    made = stage.take(shots[0], 2).made_at
    assert made is not None
    assert abs(made - shots[0].created_at) > timedelta(days=2)  # it did jump
    assert len(stage.ledger.of("render")) == 2
    assert len(stage.provider.posts) == 1


def ours(stage: Stage) -> list[str]:
    """The ids of this process's worker."""
    return [card.id for card in stage.library.workers.present() if card.pid == os.getpid()]


def wait(begun: threading.Event, go: threading.Event) -> None:
    begun.set()
    go.wait(60)
