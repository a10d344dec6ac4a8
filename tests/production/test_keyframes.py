"""A clip that begins with another shot's pick, made by workers: queued when that is over, whoever died meanwhile."""

import json
import time
from pathlib import Path

import pytest
from tests.production.conftest import Stage, killed, until
from tests.production.fakes import ANIMATED

from samecast.core.story import Shot
from samecast.services.ordering import Order


def begun(stage: Stage) -> tuple[Shot, Shot]:
    """The first frame's shot, and the clip's: both kept, and queued."""
    order = Order(
        prompt="an empty square", model=ANIMATED.id, kind="video", seconds=1, takes=2, out=stage.folder / "out"
    )
    assert stage.studio.keyframing.needed(order)
    first, clip = stage.studio.keyframing.plan(order)
    shot = stage.studio.shooting.start(clip, first)
    stage.studio.producing.submit(shot)
    return first.shot, shot


def test_the_clip_is_made_after_its_first_frame(stage: Stage):
    first, clip = begun(stage)
    with stage.working("cpu"):
        stage.done(clip)
    stage.sound(first)
    stage.sound(clip)
    frames = [take.asset for take in stage.get(first).takes]
    assert {take.recipe.first_frame for take in stage.get(clip).takes} <= set(frames)
    order = stage.ledger.of("render")
    assert order[:4] == [take.recipe.seed for take in first.takes]
    assert sorted(order[4:]) == sorted(take.recipe.seed for take in clip.takes)
    assert json.loads((stage.folder / "out" / "shot.json").read_text())["state"] == "done"
    assert (stage.folder / "out" / "keyframe" / "take-4.png").is_file()


def test_workers_that_die_on_the_way_leave_both_to_the_next(stage: Stage):
    first, clip = begun(stage)
    for many in (2, 4, 5):
        worker = stage.spawn("worker", seconds=0.3)
        while len(set(stage.ledger.of("render"))) < many:
            assert worker.poll() is None
            time.sleep(0.02)
        killed(worker)
    with stage.working("cpu"):
        stage.done(clip)
    stage.sound(first)
    stage.sound(clip)
    assert set(stage.ledger.of("rendered")) == {take.recipe.seed for shot in (first, clip) for take in shot.takes}


def test_a_first_frame_that_nobody_could_make_fails_the_clip(stage: Stage):
    stage.engine.fail = "square"
    first, clip = begun(stage)
    with stage.working("cpu"):
        stage.done(first, clip)
    shot = stage.get(clip)
    assert [take.failure for take in shot.takes] == ["render_failed"] * 2
    assert "nothing was animated" in shot.why
    assert len(stage.ledger.of("render")) == 4

    stage.engine.fail = ""
    stage.studio.producing.submit(stage.studio.producing.retry(first.id))
    stage.studio.producing.submit(stage.studio.producing.retry(clip.id))
    with stage.working("cpu"):
        stage.done(first, clip)
    stage.sound(clip)


def test_they_are_stopped_and_go_on_together(stage: Stage):
    first, clip = begun(stage)
    producing = stage.studio.producing
    producing.cancel(clip.id)
    assert [stage.get(shot).state for shot in (first, clip)] == ["cancelled", "cancelled"]
    producing.submit(producing.resume(clip.id))
    assert [stage.get(shot).state for shot in (first, clip)] == ["running", "running"]
    producing.cancel(first.id)
    assert [stage.get(shot).state for shot in (first, clip)] == ["cancelled", "cancelled"]
    producing.submit(producing.resume(clip.id))
    with stage.working("cpu"):
        stage.done(first, clip)
    stage.sound(clip)


@pytest.mark.parametrize("how", ["--detach", "--wait", "here"])
def test_as_a_user_runs_it(stage: Stage, tmp_path: Path, how: str):
    shoot = ["shoot", "an empty square", "--model", "animated", "--video", "--seconds", "1", "-n", "1", "--json"]
    worker = stage.spawn("worker") if how != "here" else None
    command = stage.spawn(*shoot, "--out", "made", *([how] if how != "here" else []))
    said, words = command.communicate(timeout=60)
    assert command.returncode == 0, words
    assert "First its first frame, on slow: 4 takes, of which the best is animated." in words
    told = json.loads(said)
    if how == "--detach":
        assert told["awaits"]
        until(lambda: stage.studio.shooting.get(told["shot"]).state == "done", "the clip is made")
    else:
        assert (told["state"], told["awaits"]) == ("done", None)
    assert (tmp_path / "made" / "take-1.mp4").is_file()
    if worker:
        killed(worker)
