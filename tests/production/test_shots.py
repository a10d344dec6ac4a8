"""Shots through queue, worker, score, pick and export: by one worker, by several, on their queues, in their order."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.production.conftest import Stage, killed, only_postgres, until

from samecast.core.errors import InvalidInput
from samecast.services.events import Event, TakeFinished, TakeStarted


def test_images_and_clips_are_made_scored_picked_and_written(stage: Stage):
    image, clip = stage.shot(takes=2), stage.shot(kind="video", seconds=0.5)
    told: list[tuple[str, Event]] = []
    with stage.working(watch=lambda shot_id, event: told.append((shot_id, event))):
        stage.done(image, clip)
    for shot in (image, clip):
        stage.sound(shot)
        made = stage.get(shot)
        document = json.loads((Path(made.out) / "shot.json").read_text())
        assert (document["state"], document["why"]) == ("done", made.why)
        assert made.why
        assert (Path(made.out) / "contact-sheet.png").stat().st_size > 1000
        assert {type(event) for shot_id, event in told if shot_id == shot.id} >= {TakeStarted, TakeFinished}
    assert sorted(path.suffix for path in Path(clip.out).iterdir()) == [".json", ".mp4", ".png"]
    seeds = [take.recipe.seed for shot in (image, clip) for take in shot.takes]
    assert sorted(stage.ledger.of("rendered")) == sorted(seeds)
    assert stage.library.workers.progress([image.id, clip.id]) == []  # nobody is making them any more


def test_what_somebody_waits_for_comes_before_the_rest(stage: Stage):
    usual = [stage.shot() for _ in range(3)]
    urgent = stage.shot(urgent=True)
    with stage.working():
        stage.done(*usual, urgent)
    assert stage.ledger.of("render")[0] == urgent.takes[0].recipe.seed


def test_a_worker_serves_only_its_own_queues(stage: Stage):
    cpu, hosted = stage.shot(), stage.shot(model="hosted")
    with stage.working("acme"):
        # Handed on to be scored, on a machine whose time is not the provider's.
        until(lambda: stage.take(hosted).asset, "collected")
        until(lambda: "SUCCESS" in states(stage, f"take.{hosted.takes[0].id}.1"))
        assert (stage.take(hosted).state, stage.ledger.of("render")) == ("waiting", [])
        assert states(stage, f"score.{hosted.takes[0].id}.1") == ["ENQUEUED"]
        assert states(stage, f"take.{cpu.takes[0].id}.1") == ["ENQUEUED"]
    with stage.working("cpu"):
        stage.done(cpu, hosted)
    stage.sound(hosted)
    assert len(stage.provider.posts) == 1
    assert stage.get(hosted).spent == 40_000


def states(stage: Stage, *jobs: str) -> list[str]:
    """What DBOS says of these jobs."""
    client = stage.studio.producing.production._client()  # type: ignore[attr-defined]
    return [status.status for status in client.list_workflows(workflow_ids=list(jobs))]


def test_each_worker_has_its_own_slots_whatever_others_say(stage: Stage):
    """The queue's row in DBOS holds one figure for all workers."""
    stage.engine.seconds, stage.engine.steps = 0.5, 5
    with stage.working("cpu", slots=3):
        queue = until(lambda: row(stage, "cpu"))
        queue.set_worker_concurrency(1)  # as another worker with one slot does when it starts
        shots = [stage.shot() for _ in range(6)]
        most = 0
        while not all(stage.get(shot).state == "done" for shot in shots):
            most = max(most, len(stage.ledger.of("render")) - len(stage.ledger.of("rendered")))
    assert most == 3


def row(stage: Stage, name: str):
    return stage.studio.producing.production._client().retrieve_queue(name)  # type: ignore[attr-defined]


def test_what_a_provider_allows_reaches_the_queue(stage: Stage):
    profile, engine = stage.models["hosted"]
    stage.models["hosted"] = (replace(profile, at_once=2, per_minute=30), engine)  # type: ignore[index]

    with stage.working("acme"):
        queue = row(stage, "acme")
        assert (queue._concurrency, queue._worker_concurrency, queue._limiter) == (
            2,
            2,
            {"limit": 30, "period": 60.0},
        )


@only_postgres
def test_a_providers_limits_hold_over_all_workers(stage: Stage):
    profile, engine = stage.models["hosted"]
    stage.models["hosted"] = (replace(profile, at_once=2), engine)  # type: ignore[index]
    stage.provider._seconds = 0.3
    other = stage.spawn("worker", "--queue", "acme", "--queue", "cpu", FAKE_AT_ONCE="2")
    shots = [stage.shot(model="hosted") for _ in range(8)]
    most = 0
    with stage.working():
        while not all(stage.get(shot).state == "done" for shot in shots):
            most = max(most, stage.provider.working())
    killed(other)
    assert most <= 2
    assert len(stage.provider.posts) == 8
    assert {entry["pid"] for entry in stage.ledger.entries("submit")} != set()


@only_postgres
def test_no_more_takes_a_minute_are_submitted_than_a_provider_allows(stage: Stage):
    profile, engine = stage.models["hosted"]
    stage.models["hosted"] = (replace(profile, per_minute=3), engine)  # type: ignore[index]
    other = stage.spawn("worker", "--queue", "acme", "--queue", "cpu", FAKE_PER_MINUTE="3")
    with stage.working():
        until(lambda: row(stage, "acme")._limiter)
        shots = [stage.shot(model="hosted") for _ in range(6)]
        until(lambda: len(stage.provider.posts) >= 3)
        usual = stage.shot()
        stage.done(usual)  # others are not kept waiting
        assert len(stage.provider.posts) == 3
    killed(other)
    assert sum(stage.get(shot).state == "done" for shot in shots) <= 3


def test_a_process_is_one_worker_at_a_time(stage: Stage):
    refused = pytest.raises(InvalidInput, match=r"^This process is a worker already\.[^\n]*$")
    with stage.working(), refused, stage.working():
        pass
    with stage.working():  # the refusal took nothing away
        pass


def test_a_queue_that_no_model_needs_is_refused(stage: Stage):
    refused = pytest.raises(InvalidInput, match=r"^There is no queue 'gpus'\. Queues here: cpu, gpu, .*acme[^\n]*$")
    with refused, stage.working("gpus"):
        pass


def test_a_take_that_fails_is_told_and_the_others_go_on(stage: Stage):
    stage.engine.fail = "storm"
    broken, whole = stage.shot("an empty square in a storm", takes=2), stage.shot()
    with stage.working():
        stage.done(broken, whole)
    stage.sound(whole)
    ended = stage.get(broken)
    assert [take.state for take in ended.takes] == ["failed", "failed"]
    assert ended.takes[0].error == "The engine refused. Say something else."
    assert ended.picked is None
    assert "The engine refused." in ended.why
