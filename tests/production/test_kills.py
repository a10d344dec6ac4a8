"""Workers killed with SIGKILL at the worst moments: what was made is used, what was paid for is not paid for again."""

import signal
from dataclasses import replace

import pytest
from tests.production.conftest import Stage, killed, until

from samecast.core.story import Shot
from samecast.ports import WorkerCard
from samecast.ports.watching import SeenTake
from samecast.production import jobs, session


def test_killed_in_the_middle_of_a_render_another_worker_makes_it(stage: Stage):
    shot = stage.shot(takes=2)
    child = stage.spawn("worker", "--queue", "cpu", seconds=1.0, steps=20)
    until(lambda: len(stage.ledger.of("render")) == 2, "the second take begun")
    assert sorted(take.state for take in seen(stage, shot)) == ["done", "running"]
    killed(child)
    assert sorted(take.state for take in seen(stage, shot)) == ["done", "waiting"]  # though nobody is left to notice
    (made,) = [take for take in stage.get(shot).takes if take.state == "done"]
    (missing,) = [take for take in stage.get(shot).takes if take.state == "waiting"]
    assert stage.ledger.of("rendered") == [made.recipe.seed]
    with stage.working("cpu"):
        stage.done(shot)
        until(lambda: child.pid not in {card.pid for card in everybody(stage)}, "forgotten")
    stage.sound(shot)
    assert stage.take(shot, made.number) == replace(made, path=stage.take(shot, made.number).path)
    assert stage.ledger.of("rendered") == [made.recipe.seed, missing.recipe.seed]
    assert stage.library.workers.progress([shot.id]) == []


def seen(stage: Stage, shot: Shot) -> tuple[SeenTake, ...]:
    return stage.studio.watching.look([shot.id]).shots[0].takes


def everybody(stage: Stage) -> list[WorkerCard]:
    return [*stage.library.workers.present(), *stage.library.workers.gone()]


def test_killed_between_render_and_score_the_render_is_used(stage: Stage):
    shot = stage.shot()
    child = stage.spawn("worker", "--queue", "cpu", FAKE_STOP="score")
    until(lambda: stage.ledger.of("score"), "rendered, and about to be scored")
    killed(child)
    asset = stage.take(shot).asset
    assert asset is not None
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)
    assert stage.take(shot).asset == asset
    assert len(stage.ledger.of("render")) == 1


def test_killed_before_the_step_was_recorded_what_is_stored_is_used(stage: Stage):
    shot = stage.shot()
    child = stage.spawn("worker", "--queue", "cpu", FAKE_STOP="stored")
    until(lambda: stage.ledger.of("stored"), "stored, and not yet recorded")
    killed(child)
    assert stage.take(shot).asset is not None
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("render")) == 1


def test_killed_while_a_provider_works_the_job_is_collected(stage: Stage):
    stage.provider._seconds = 1.5
    shot = stage.shot(model="hosted", takes=2)
    child = stage.spawn("worker", "--queue", "acme")
    until(lambda: all(take.ticket for take in stage.get(shot).takes), "submitted")
    killed(child)
    with stage.working():
        stage.done(shot)
    stage.sound(shot)
    assert sorted(stage.provider.posts) == sorted(f"{take.id}.1" for take in shot.takes)
    assert stage.get(shot).spent == 2 * 40_000


@pytest.mark.parametrize("knows_keys", [True, False])
def test_killed_between_sending_and_the_answer(stage: Stage, knows_keys: bool):
    set_keys(stage, knows_keys)
    stage.provider.answer.clear()
    shot = stage.shot(model="hosted")
    child = stage.spawn("worker", "--queue", "acme", FAKE_KNOWS_KEYS=str(int(knows_keys)))
    until(lambda: stage.provider.posts, "sent")
    killed(child)
    stage.provider.answer.set()
    assert stage.take(shot).intended == 1
    with stage.working():
        stage.done(shot)
        assert len(stage.provider.posts) == 1
        if knows_keys:
            stage.sound(shot)
            return
        unsure = stage.take(shot)
        assert unsure.state == "failed"
        assert unsure.error is not None
        assert unsure.error.startswith("Hosted may or may not have received take 1")
        assert f"samecast shots retry {shot.id}" in unsure.error
        assert unsure.cost == 40_000  # it may have been paid for
        stage.studio.producing.submit(stage.studio.producing.retry(shot.id))
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.provider.posts) == 2  # as was asked for
    assert stage.get(shot).spent == 80_000


def set_keys(stage: Stage, knows_keys: bool) -> None:
    profile, engine = stage.models["hosted"]
    stage.models["hosted"] = (replace(profile, knows_keys=knows_keys), engine)  # type: ignore[index]
    stage.provider._knows_keys = knows_keys


@pytest.mark.parametrize("knows_keys", [True, False])
def test_the_connection_is_cut_while_submitting(stage: Stage, knows_keys: bool):
    set_keys(stage, knows_keys)
    stage.provider.cut = 1
    shot = stage.shot(model="hosted")
    with stage.working():
        stage.done(shot)
    assert len(stage.provider.posts) == 1
    if knows_keys:
        stage.sound(shot)
    else:
        assert stage.take(shot).state == "failed"
        assert "cut" in (stage.take(shot).error or "")
        assert stage.get(shot).spent == 40_000


# --- jobs that are lost, and those that kill ----------------------------------------------------------------------


def test_a_shot_that_was_kept_and_never_queued_is_queued_by_the_next_worker(stage: Stage):
    shot = stage.shot(submit=False)
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)


def test_a_job_that_vanished_is_queued_again(stage: Stage):
    shot, hosted = stage.shot(), stage.shot(model="hosted")
    client = stage.studio.producing.production._client()  # type: ignore[attr-defined]
    client.delete_workflows([jobs.take_job(shot.takes[0])])
    with stage.working("acme"):
        until(lambda: client.list_workflows(workflow_ids=[jobs.score_job(hosted.takes[0])]), "handed on")
    client.delete_workflows([jobs.score_job(hosted.takes[0])])
    with stage.working("cpu"):
        stage.done(shot, hosted)
    stage.sound(shot)
    stage.sound(hosted)
    assert len(stage.provider.posts) == 1


def test_a_lost_conclusion_is_made_up_for(stage: Stage):
    shot = stage.shot(submit=False)
    making = stage.studio.producing.making
    making.score(shot.takes[0].id, making.render(shot.takes[0].id))
    with stage.working("cpu"):
        stage.done(shot)
    stage.sound(shot)


def test_a_take_that_killed_too_many_workers_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    shot = stage.shot(prompt="a deadly square")
    child = stage.spawn("worker", "--queue", "cpu", FAKE_STOP="die")
    child.wait(60)
    assert child.returncode == -signal.SIGKILL
    monkeypatch.setattr("samecast.production.workflows.MOST_RECOVERIES", 0)
    with stage.working("cpu"):
        stage.done(shot)
    take = stage.take(shot)
    assert take.state == "failed"
    assert take.error is not None
    assert take.error.startswith("The worker died each time that it made this take.")
    assert len(stage.ledger.of("render")) == 1


def test_dbos_still_lets_us_put_back_what_a_dead_worker_had_in_hand(stage: Stage):
    from dbos import DBOS

    assert hasattr(DBOS, "_recover_pending_workflows"), (
        "dbos has no DBOS._recover_pending_workflows any more: production.session.put_back needs another way"
    )
    with stage.working("cpu"):
        assert session.put_back("nobody") is True
