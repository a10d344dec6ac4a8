"""Shooting on a real library: seeds, scores, picks, and a stopped shot that goes on where it was."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.conftest import PasteEngine

from samecast.core.consistency import take_score_from_json, take_score_to_json
from samecast.core.errors import InvalidInput, NotFound, RenderFailed, StorageFailed
from samecast.core.recipe import recipe_to_json
from samecast.core.story import Shot
from samecast.ports import Picture
from samecast.services.concluding import take_seed
from samecast.services.events import Event, TakeFinished
from samecast.services.shooting import Order
from samecast.services.studio import Studio


@pytest.fixture
def eileen(studio: Studio, astronaut: Path) -> Studio:
    studio.casting.add([astronaut], name="Eileen")
    return studio


def order(tmp_path: Path, prompt: str = "@eileen in a cafe", **more: Any) -> Order:
    asked: dict[str, Any] = {"prompt": prompt, "model": "paste", "out": tmp_path / "out", "takes": 2, "seed": 5, **more}
    return Order(**asked)


def run(studio: Studio, wanted: Order) -> Shot:
    return studio.shooting.run(studio.shooting.start(studio.shooting.plan(wanted)))


def test_takes_are_made_scored_written_and_one_is_picked(eileen: Studio, tmp_path: Path):
    shot = run(eileen, order(tmp_path))
    assert shot.finished
    assert shot.picked in {take.id for take in shot.takes}
    for take in shot.takes:
        assert take.path is not None
        assert Path(take.path).read_bytes() == eileen.casting._assets.get(take.asset or "")
        assert '"verdict":"match"' in (take.score or "")
        assert '"composited":true' in (take.score or "")
        assert '"by_design":true' in (take.score or "")
    document = json.loads((tmp_path / "out" / "shot.json").read_text())
    assert document["picked"] == shot.picked
    assert len(document["takes"]) == 2
    assert document["likeness"]["measured"] == 2
    assert document["likeness"]["mean"] <= document["likeness"]["selected"]
    assert (tmp_path / "out" / "contact-sheet.png").stat().st_size > 1000


def test_one_take_of_a_seed_is_the_first_of_three(eileen: Studio, tmp_path: Path):
    one = run(eileen, order(tmp_path, takes=1))
    three = run(eileen, order(tmp_path, takes=3, out=tmp_path / "three"))
    assert one.takes[0].recipe.seed == three.takes[0].recipe.seed
    assert one.takes[0].asset == three.takes[0].asset
    assert len({take.recipe.seed for take in three.takes}) == 3


@given(st.integers(0, 2**63), st.integers(1, 64))
def test_a_takes_seed_follows_from_seed_and_number_alone(seed: int, number: int):
    assert take_seed(seed, "a", number) == take_seed(seed, "b", number)
    assert 0 <= take_seed(None, "a", number) < 2**31


def test_a_stopped_shot_keeps_what_is_finished_and_goes_on(eileen: Studio, tmp_path: Path, engine):
    engine.stop_at = 2
    plan = eileen.shooting.plan(order(tmp_path, takes=3))
    with pytest.raises(KeyboardInterrupt):
        eileen.shooting.run(eileen.shooting.start(plan))
    stopped = eileen.shooting.resume(plan.shot.id)
    assert [take.state for take in stopped.takes] == ["done", "waiting", "waiting"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["shot.json", "take-1.png"]
    engine.stop_at = None
    done = eileen.shooting.run(eileen.shooting.resume(plan.shot.id))
    assert done.finished
    assert done.picked
    assert engine.rendered.count(done.takes[0].recipe.seed) == 1
    assert len(engine.rendered) == 4


def test_a_take_made_again_from_its_file_is_the_same_to_the_byte(eileen: Studio, tmp_path: Path):
    for kind, name in (("image", "take-1.png"), ("video", "take-1.mp4")):
        run(eileen, order(tmp_path, takes=1, kind=kind, out=tmp_path / kind, seconds=0.5 if kind == "video" else None))
        first = tmp_path / kind / name
        plan = eileen.shooting.plan_like(first, tmp_path / f"{kind}-again")
        eileen.shooting.run(eileen.shooting.start(plan))
        assert (tmp_path / f"{kind}-again" / name).read_bytes() == first.read_bytes()


def test_a_later_version_of_the_character_does_not_change_an_earlier_take(eileen: Studio, tmp_path: Path, cat: Path):
    from samecast.services.casting import Change

    first = run(eileen, order(tmp_path, takes=1))
    eileen.casting.edit("eileen", Change(images=(cat,), replace_images=True))
    plan = eileen.shooting.plan_like(Path(first.takes[0].path or ""), tmp_path / "again")
    again = eileen.shooting.run(eileen.shooting.start(plan))
    assert again.takes[0].asset == first.takes[0].asset


def test_the_take_in_which_she_is_missing_is_not_picked(eileen: Studio, tmp_path: Path, engine):
    engine.hide = {1, 3}
    shot = run(eileen, order(tmp_path, takes=3))
    assert shot.picked == shot.takes[1].id
    engine.hide = set(range(10))
    nobody = run(eileen, order(tmp_path, out=tmp_path / "none"))
    assert nobody.picked is None
    assert nobody.why


def test_a_prompt_without_a_character_is_shot_and_nothing_is_claimed(eileen: Studio, tmp_path: Path):
    shot = run(eileen, order(tmp_path, prompt="an empty cafe at dawn"))
    assert shot.picked is None
    assert "no character" in shot.why
    assert json.loads((tmp_path / "out" / "shot.json").read_text())["match_rate"] is None


def test_a_moving_camera_or_seconds_ask_for_a_clip(eileen: Studio, tmp_path: Path):
    plan = eileen.shooting.plan
    assert plan(order(tmp_path, prompt="Slow push in on @eileen")).shot.takes[0].recipe.kind == "video"
    assert plan(order(tmp_path, prompt="@eileen", seconds=2)).shot.takes[0].recipe.kind == "video"
    assert plan(order(tmp_path, prompt="Portrait of @eileen")).shot.takes[0].recipe.kind == "image"
    assert plan(order(tmp_path, prompt="Slow push in on @eileen", kind="image")).shot.takes[0].recipe.kind == "image"
    assert len(plan(order(tmp_path, takes=None)).shot.takes) == 4
    assert len(plan(order(tmp_path, takes=None, kind="video")).shot.takes) == 3


def test_the_flag_wins_over_the_aspect_in_the_text(eileen: Studio, tmp_path: Path):
    def size(**more: Any) -> tuple[int, int]:
        recipe = eileen.shooting.plan(order(tmp_path, prompt="Push in on @eileen, 9:16", **more)).shot.takes[0].recipe
        return recipe.width, recipe.height

    assert size() == (720, 1280)
    assert size(aspect="16:9") == (1280, 720)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""},
        {"prompt": " \n "},
        {"prompt": "x " * 50_000},
        {"takes": 0},
        {"takes": 10_000},
        {"aspect": "9999:1"},
        {"aspect": "0:5"},
        {"aspect": "wide"},
        {"seconds": 0.0},
        {"seconds": 1e9},
        {"seconds": float("nan")},
        {"seed": -1},
    ],
)
def test_an_order_that_cannot_be_shot_is_refused_with_advice(eileen: Studio, tmp_path: Path, wrong: dict[str, Any]):
    with pytest.raises(InvalidInput) as refused:
        eileen.shooting.plan(order(tmp_path, **wrong))
    assert refused.value.hint
    assert "\n" not in refused.value.message
    assert eileen.shooting.recent() == []


def test_an_unknown_character_or_model_suggests_the_nearest(eileen: Studio, tmp_path: Path):
    with pytest.raises(NotFound, match="eileen"):
        eileen.shooting.plan(order(tmp_path, prompt="@eilen in a bar"))
    with pytest.raises(NotFound, match="storyboard"):
        eileen.shooting.plan(order(tmp_path, model="storybord"))


def test_a_foreign_file_has_no_recipe_and_a_foreign_recipe_no_reference(
    eileen: Studio, tmp_path: Path, astronaut: Path, engine
):
    with pytest.raises(NotFound):
        eileen.shooting.plan_like(astronaut, None)
    shot = run(eileen, order(tmp_path, takes=1))
    engine.version = "2"
    with pytest.raises(RenderFailed, match="2"):
        eileen.shooting.plan_like(Path(shot.takes[0].path or ""), None)


@pytest.mark.parametrize("out", ["file", "file/out"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_made(
    eileen: Studio, tmp_path: Path, engine, out: str
):
    (tmp_path / "file").write_text("in the way")
    plan = eileen.shooting.plan(order(tmp_path, takes=1, out=tmp_path / out))
    with pytest.raises(StorageFailed):
        eileen.shooting.start(plan)
    assert eileen.shooting.recent() == []
    assert engine.rendered == []
    assert (tmp_path / "file").read_text() == "in the way"


def test_what_lies_in_the_folder_is_never_written_over(eileen: Studio, tmp_path: Path, engine):
    first = run(eileen, order(tmp_path))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(StorageFailed, match=first.id):
        eileen.shooting.plan(order(tmp_path, takes=1, seed=6))
    with pytest.raises(StorageFailed, match=first.id):
        eileen.shooting.plan_like(Path(first.takes[0].path or ""), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    (tmp_path / "mine").mkdir()
    for name in ("take-1.png", "contact-sheet.png", "shot.json"):
        (tmp_path / "mine" / name).write_text("my own")
        with pytest.raises(StorageFailed, match=name):
            eileen.shooting.plan(order(tmp_path, out=tmp_path / "mine"))
        (tmp_path / "mine" / name).unlink()
    assert len(engine.rendered) == 2
    # A shot may go on in its own folder, also where somebody deleted its shot.json.
    (tmp_path / "out" / "shot.json").unlink()
    assert eileen.shooting.run(eileen.shooting.resume(first.id)).picked == first.picked
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_an_earlier_shot_goes_where_that_is_asked_for_and_cannot_come_back_over_the_new_one(
    eileen: Studio, tmp_path: Path
):
    first = run(eileen, order(tmp_path, takes=3))
    (tmp_path / "out" / "notes.txt").write_text("keep")
    second = run(eileen, order(tmp_path, takes=1, seed=6, overwrite=True))
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["contact-sheet.png", "notes.txt", "shot.json", "take-1.png"]
    with pytest.raises(StorageFailed, match=second.id):
        eileen.shooting.run(eileen.shooting.resume(first.id))


@pytest.mark.parametrize(
    "edit",
    [
        {"width": 514},
        {"width": 8000, "height": 8000},
        {"seconds": 3000.0, "fps": 24, "kind": "video", "width": 960, "height": 960},
        {"seconds": 1.0, "fps": 200, "kind": "video", "width": 960, "height": 960},
        {"seconds": 0.0, "fps": 0, "kind": "video", "width": 960, "height": 960},
        {"members": 3},
    ],
)
def test_a_recipe_edited_beyond_the_model_is_refused(eileen: Studio, tmp_path: Path, edit: dict[str, Any]):
    recipe = eileen.shooting.plan(order(tmp_path)).shot.takes[0].recipe
    if "members" in edit:
        edit = {"members": recipe.members * 3}
    media, grey = eileen.shooting._media, np.full((64, 64, 3), 99, np.uint8)
    media.write_bytes(tmp_path / "x.png", media.png(Picture(rgb=grey), recipe_to_json(replace(recipe, **edit))))
    with pytest.raises(InvalidInput, match="does not make"):
        eileen.shooting.plan_like(tmp_path / "x.png", None)
    absent = replace(recipe, members=(replace(recipe.members[0], references=("0" * 64,)),))
    media.write_bytes(tmp_path / "y.png", media.png(Picture(rgb=grey), recipe_to_json(absent)))
    with pytest.raises(NotFound, match="@eileen"):
        eileen.shooting.plan_like(tmp_path / "y.png", None)
    assert eileen.shooting.recent() == []


def test_events_tell_every_take(eileen: Studio, tmp_path: Path):
    seen: list[Event] = []
    plan = eileen.shooting.plan(order(tmp_path))
    eileen.shooting.run(eileen.shooting.start(plan), seen.append)
    finished = [event for event in seen if isinstance(event, TakeFinished)]
    assert [event.number for event in finished] == [1, 2]


def test_takes_scored_by_another_encoder_are_scored_again_before_one_is_picked(
    eileen: Studio, engine: PasteEngine, tmp_path: Path
):
    engine.stop_at = 2
    plan = eileen.shooting.plan(order(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        eileen.shooting.run(eileen.shooting.start(plan))
    first = eileen.shooting.get(plan.shot.id).takes[0]
    old = take_score_from_json(first.score or "")
    foreign = replace(old, characters=tuple(replace(entry, encoder="other 1") for entry in old.characters))
    eileen.shooting._shots.finish_take(replace(first, score=take_score_to_json(foreign)))
    again = eileen.shooting.run(eileen.shooting.resume(plan.shot.id))
    assert again.picked is not None
    assert "other 1" not in (again.takes[0].score or "")
