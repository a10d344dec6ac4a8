"""Workers that leave: asked to end, in time or not; jobs nobody has; and workers of other versions."""

import signal
import threading
import time
from typing import Any

import pytest
from tests.production.conftest import Stage, killed, until
from tests.production.test_takeover import wait

from samecast.production import jobs, presence


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_finishes_what_is_in_hand_and_begins_nothing_more(stage: Stage, how: signal.Signals):
    shot = stage.shot(takes=3)
    child = stage.spawn("worker", "--queue", "cpu", "--drain", "30", seconds=1.0, steps=10)
    until(lambda: stage.ledger.of("render"), "begun")
    child.send_signal(how)
    said = child.communicate(timeout=60)[1]
    assert child.returncode == 0, said
    assert "Traceback" not in said
    assert stage.ledger.of("render") == stage.ledger.of("rendered")
    assert sorted(take.state for take in stage.get(shot).takes) == ["done", "waiting", "waiting"]
    assert all(card.pid != child.pid for card in [*stage.library.workers.present(), *stage.library.workers.gone()])
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("rendered")) == 3


def test_without_time_to_drain_what_is_in_hand_is_left_for_the_next(stage: Stage):
    shot = stage.shot()
    child = stage.spawn("worker", "--queue", "cpu", "--drain", "0", seconds=20.0, steps=400)
    until(lambda: stage.ledger.of("render"), "begun")
    child.send_signal(signal.SIGTERM)
    said = child.communicate(timeout=15)[1]
    assert child.returncode == 0, said
    assert stage.ledger.of("rendered") == []
    assert job_states(stage, jobs.take_job(shot.takes[0])) == ["ENQUEUED"]  # put back, not waiting to be missed
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("rendered")) == 1


def test_asked_twice_it_ends_at_once(stage: Stage):
    shot = stage.shot()
    child = stage.spawn("worker", "--queue", "cpu", "--drain", "600", seconds=20.0, steps=400)
    until(lambda: stage.ledger.of("render"), "begun")
    child.send_signal(signal.SIGTERM)
    until(lambda: any(card.state == "draining" for card in stage.library.workers.present()), "draining")
    child.send_signal(signal.SIGTERM)
    said = child.communicate(timeout=15)[1]
    assert child.returncode == 0, said
    assert "Traceback" not in said
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("rendered")) == 1


def job_states(stage: Stage, *names: str) -> list[str]:
    client = stage.studio.producing.production._client()  # type: ignore[attr-defined]
    return [status.status for status in client.list_workflows(workflow_ids=list(names))]


def test_workers_that_come_and_go_lose_no_job_and_blame_none(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """A job taken in the very moment in which a worker leaves is put back; and being let go of in good order is no
    sign of a take that kills its workers, however often it happens.
    """
    monkeypatch.setattr("samecast.production.workflows.MOST_RECOVERIES", 1)
    shots = [stage.shot() for _ in range(3)]
    stage.engine.seconds, stage.engine.steps = 20.0, 400
    for _ in range(4):
        begun = len(stage.ledger.of("render"))
        with stage.working("cpu"):
            until_begun(stage, begun)
    stage.engine.seconds, stage.engine.steps = 0.01, 1
    with stage.working("cpu"):
        stage.done(*shots)
    for shot in shots:
        stage.sound(shot)
    assert len(stage.ledger.of("rendered")) == 3


def test_a_job_that_is_over_is_not_put_back_before_that_is_recorded(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The worker leaves between a job's last step and DBOS's own record that it is over."""
    from dbos._sys_db import SystemDatabase

    over, record = threading.Event(), SystemDatabase.update_workflow_outcome

    def slowly(*arguments: Any, **named: Any) -> Any:
        over.set()
        time.sleep(0.5)
        return record(*arguments, **named)

    monkeypatch.setattr(SystemDatabase, "update_workflow_outcome", slowly)
    shot = stage.shot(model="hosted")
    with stage.working("acme"):
        assert over.wait(60)
    assert job_states(stage, jobs.take_job(shot.takes[0])) == ["SUCCESS"]


def until_begun(stage: Stage, before: int) -> None:
    until(lambda: len(stage.ledger.of("render")) > before, "a render begun")


def test_a_job_that_a_forgotten_worker_holds_is_put_back(stage: Stage):
    shot = stage.shot()
    begun, go = threading.Event(), threading.Event()
    stage.engine.hold = lambda: wait(begun, go)
    with stage.working("cpu"):
        begun.wait(60)
        card = stage.library.workers.present()[0]
        stage.library.workers.forget(card.id)  # as one that left just before it took this job
        go.set()
        stage.done(shot)
    stage.sound(shot)


def beats(stage: Stage, version: str) -> dict[str, int]:
    """Of the living workers of that version."""
    present = [card for card in stage.library.workers.present() if presence.alive(card.pid)]
    return {card.id: card.beats for card in present if card.version == version}


def beat(stage: Stage, version: str, times: int = 2) -> None:
    """Wait for the next but one beat, when what began before it is over; or for a later one."""
    before = beats(stage, version)
    until(lambda: all(count >= before[own] + times for own, count in beats(stage, version).items()), "beats")


def test_an_older_worker_queues_what_nobody_did_only_where_no_newer_one_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    newer = stage.spawn("worker", "--queue", "acme")  # it looks for such shots every 20 seconds
    until(lambda: beats(stage, "1"), "there")
    beat(stage, "1")
    for module in ("session", "queueing"):
        monkeypatch.setattr(f"samecast.production.{module}.PROTOCOL", "0")
    with stage.working("acme"):
        shot = stage.shot(submit=False)
        beat(stage, "0", times=10)  # three sweeps
        assert job_states(stage, jobs.take_job(shot.takes[0])) == []
        killed(newer)
        until(lambda: job_states(stage, jobs.take_job(shot.takes[0])) == ["ENQUEUED"], "queued")


def test_a_worker_of_an_older_version_leaves_newer_jobs_alone(stage: Stage):
    old = stage.spawn("worker", "--queue", "cpu", FAKE_PROTOCOL="0")
    until(lambda: beats(stage, "0"), "there")
    with stage.working("acme"):  # one of this version that does not make takes, only looks after others
        beat(stage, "0")  # it has seen the newer one, and leaves to it what is in no queue yet
        shot, ours = stage.shot(submit=False), stage.shot()
        until(lambda: job_states(stage, jobs.take_job(shot.takes[0])) == ["ENQUEUED"], "swept up")
        until(lambda: job_states(stage, jobs.take_job(ours.takes[0])) == ["ENQUEUED"])
        beat(stage, "0")
        assert stage.ledger.of("render") == []
    old.kill()
    old.wait(60)
    with stage.working("cpu"):
        stage.done(shot, ours)
        # What an older one had in hand is for its like: it is not forgotten.
        assert any(card.version == "0" for card in stage.library.workers.gone())
    for card in stage.library.workers.gone():
        stage.library.workers.forget(card.id)
