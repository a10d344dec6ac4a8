"""A worker that was taken for gone and is not: nothing is made twice over, and it finds work again."""

import threading

from tests.production.conftest import Stage, until

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


def wait(begun: threading.Event, go: threading.Event) -> None:
    begun.set()
    go.wait(60)
