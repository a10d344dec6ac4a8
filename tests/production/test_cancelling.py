"""Stopping a shot, going on with it, trying again what failed."""

import threading
from dataclasses import replace

import pytest
from tests.production.conftest import Stage, until
from tests.production.test_leaving import job_states

from samecast.core.errors import BadMedia, InvalidInput
from samecast.production import jobs
from samecast.services.making import Making


def test_a_running_render_stops_within_a_step_and_goes_on_later(stage: Stage):
    shot = stage.shot(takes=3)
    producing = stage.studio.producing
    with stage.working("cpu"):
        until(lambda: sum(take.state == "done" for take in stage.get(shot).takes) == 1)
        stage.engine.seconds, stage.engine.steps = 30.0, 600
        until(lambda: len(stage.ledger.of("render")) > len(stage.ledger.of("rendered")), "a long one begun")
        rendered = stage.ledger.of("rendered")
        assert producing.cancel(shot.id).state == "cancelled"
        ended = [jobs.take_job(take) for take in shot.takes]
        until(lambda: job_states(stage, *ended) == ["SUCCESS"] * 3, "let go of, and what waited in the queue too")
        assert stage.ledger.of("rendered") == rendered
        finished = [take for take in stage.get(shot).takes if take.state == "done"]
        assert len(finished) == len(rendered) >= 1
        stage.engine.seconds, stage.engine.steps = 0.01, 1
        producing.submit(producing.resume(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert sorted(stage.ledger.of("rendered")) == sorted(take.recipe.seed for take in shot.takes)
    for take in finished:
        assert stage.take(shot, take.number).asset == take.asset


def test_cancelled_and_resumed_in_one_breath_a_take_is_made_once(stage: Stage):
    """Its first attempt must not go on beside the second because it looked away for a moment."""
    shot, producing = stage.shot(), stage.studio.producing
    stage.engine.seconds, stage.engine.steps = 4.0, 80
    with stage.working("cpu", slots=2):
        until(lambda: stage.ledger.of("render"), "begun")
        producing.cancel(shot.id)
        producing.submit(producing.resume(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("rendered")) == 1


def test_a_shot_that_nobody_began_is_cancelled_and_never_made(stage: Stage):
    shot = stage.shot(takes=2)
    stage.studio.producing.cancel(shot.id)
    with stage.working("cpu"):
        until(lambda: job_states(stage, *map(jobs.take_job, shot.takes)) == ["SUCCESS"] * 2)
        assert stage.ledger.of("render") == []
        assert stage.get(shot).state == "cancelled"
        stage.studio.producing.submit(stage.studio.producing.resume(shot.id))
        stage.done(shot)
    stage.sound(shot)


def test_a_shot_that_is_done_stays_done(stage: Stage):
    shot = stage.shot()
    with stage.working("cpu"):
        stage.done(shot)
    before = stage.get(shot)
    assert stage.studio.producing.cancel(shot.id) == before
    assert stage.studio.producing.resume(shot.id) == before
    with pytest.raises(InvalidInput, match=r"No take of the shot .* failed"):
        stage.studio.producing.retry(shot.id)


def test_the_provider_is_told_of_what_is_not_wanted_any_more(stage: Stage):
    stage.provider._seconds = 60
    shot, producing = stage.shot(model="hosted", takes=2), stage.studio.producing
    with stage.working("acme", "cpu"):
        until(lambda: all(take.ticket for take in stage.get(shot).takes), "submitted")
        producing.cancel(shot.id)
        until(lambda: job_states(stage, *map(jobs.take_job, shot.takes)) == ["SUCCESS"] * 2)
        assert set(stage.provider.cancelled) == {f"{take.id}.1" for take in shot.takes}
        assert all(take.ticket is None for take in stage.get(shot).takes)
        # What is cancelled may be charged all the same, once; what is made after all costs once more.
        assert stage.get(shot).spent == 4 * 40_000
        stage.provider._seconds = 0.05
        producing.submit(producing.resume(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert sorted(stage.provider.posts) == sorted(f"{take.id}.{attempt}" for take in shot.takes for attempt in (1, 2))
    assert stage.get(shot).spent == 4 * 40_000


def test_a_provider_is_told_too_where_nobody_knew_that_it_had_the_job(stage: Stage):
    shot = stage.shot(model="hosted", submit=False)
    stage.library.work.intend(shot.takes[0].id, 1)
    stage.provider.submit(f"{shot.takes[0].id}.1")  # and the worker died before the answer
    stage.studio.producing.cancel(shot.id)
    assert stage.provider.cancelled == [f"{shot.takes[0].id}.1"]
    assert stage.take(shot).ticket is None


def test_failed_takes_are_tried_again_and_finished_ones_kept(stage: Stage):
    shot, producing = stage.shot(takes=2), stage.studio.producing
    fails = threading.Event()

    def second_fails() -> None:
        if len(stage.ledger.of("render")) == 2 and not fails.is_set():
            fails.set()
            raise ZeroDivisionError("a bug")

    stage.engine.hold = second_fails
    with stage.working("cpu"):
        stage.done(shot)
        (failed,) = [take for take in stage.get(shot).takes if take.state == "failed"]
        (kept,) = [take for take in stage.get(shot).takes if take.state == "done"]
        assert failed.error == "Something broke that should not: ZeroDivisionError: a bug"
        assert stage.get(shot).why.endswith(f"Not made: take {failed.number} ({failed.error})")
        producing.submit(producing.retry(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert stage.take(shot, kept.number).asset == kept.asset
    assert len(stage.ledger.of("render")) == 3
    assert "Not made" not in stage.get(shot).why


def test_a_take_that_could_not_be_scored_is_scored_again_not_rendered(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    shot, producing = stage.shot(), stage.studio.producing
    measured = Making._measured

    def broken(making: Making, *of: object):
        monkeypatch.setattr(Making, "_measured", measured)
        raise RuntimeError("a bug in the meter")

    monkeypatch.setattr(Making, "_measured", broken)
    with stage.working("cpu"):
        stage.done(shot)
        failed = stage.take(shot)
        assert (failed.state, failed.asset is not None) == ("failed", True)
        producing.submit(producing.retry(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert stage.take(shot).asset == failed.asset
    assert len(stage.ledger.of("render")) == 1


def test_a_take_that_cannot_be_read_is_made_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    shot, producing = stage.shot(), stage.studio.producing
    measured = Making._measured

    def unreadable(making: Making, *of: object):
        monkeypatch.setattr(Making, "_measured", measured)
        raise BadMedia("It cannot be read.", hint="Make it again.")

    monkeypatch.setattr(Making, "_measured", unreadable)
    with stage.working("cpu"):
        stage.done(shot)
        assert (stage.take(shot).state, stage.take(shot).asset) == ("failed", None)
        producing.submit(producing.retry(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("render")) == 2


def test_trying_again_while_others_are_being_made_makes_those_once(stage: Stage):
    shot, producing = stage.shot(takes=2), stage.studio.producing
    stage.engine.hold = lambda: fail_first(stage)
    stage.engine.seconds, stage.engine.steps = 2.0, 40
    with stage.working("cpu", slots=2):
        until(lambda: any(take.state == "failed" for take in stage.get(shot).takes))
        until(lambda: len(stage.ledger.of("render")) == 2)
        stage.engine.hold = lambda: None
        producing.submit(producing.retry(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("rendered")) == 2


def fail_first(stage: Stage) -> None:
    if len(stage.ledger.of("render")) == 1:
        raise ZeroDivisionError


def test_a_slow_first_attempt_does_not_fail_the_second(stage: Stage):
    shot = stage.shot(submit=False)
    making, work = stage.studio.producing.making, stage.library.work
    old = work.take(shot.takes[0].id)
    stage.studio.producing.cancel(shot.id)
    stage.studio.producing.resume(shot.id)
    assert making.fail(old, BadMedia("of the first attempt")).state == "waiting"
    assert not making.wanted(old.id, old.attempt)
    assert making.wanted(old.id, old.attempt + 1)
    assert replace(work.take(old.id), attempt=1) == old
    stage.studio.producing.cancel(shot.id)


def test_cancelled_before_its_conclusion_and_resumed_after_it_a_shot_is_concluded(stage: Stage):
    """Nothing of it waits any more, so no take's attempt is raised, and the job of that name has ended already."""
    shot, producing = stage.shot(submit=False), stage.studio.producing
    producing.making.score(shot.takes[0].id, producing.making.render(shot.takes[0].id))
    producing.submit(stage.get(shot))
    producing.cancel(shot.id)
    job = jobs.conclude_job(shot.id, stage.library.work.standing(shot.id))
    with stage.working("cpu"):
        until(lambda: job_states(stage, job) == ["SUCCESS"], "concluded nothing")
        assert stage.get(shot).state == "cancelled"
        producing.submit(producing.resume(shot.id))
        stage.done(shot)
    stage.sound(shot)
