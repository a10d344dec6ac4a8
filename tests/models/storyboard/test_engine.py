"""Whole frames from the engine: who is in the picture, where, and the same again."""

from functools import cache

import cv2
import numpy as np
import pytest
from tests.models.storyboard.portraits import astronaut, cat, matting, reader

from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.models.storyboard.engine import VERSION, Storyboard
from samecast.ports import Face, Picture, Pixels, Render

SIZES = {"16:9": (768, 432), "1:1": (576, 576), "9:16": (432, 768)}


@cache
def engine() -> Storyboard:
    return Storyboard(faces=reader(), matting=matting())


@cache
def pictures() -> dict[str, Picture]:
    """The astronaut, the same with red and blue exchanged (a blue suit), and the cat."""
    orange = astronaut()[0]
    face = reader().faces(orange.rgb)[0]
    blue = np.ascontiguousarray(orange.rgb[..., ::-1])
    x, y, w, h = (round(value) for value in face.box)
    blue[: y + h, x - w // 3 : x + w + w // 3] = orange.rgb[: y + h, x - w // 3 : x + w + w // 3]
    return {"orange": orange, "blue": Picture(rgb=blue), "cat": cat()[0]}


@cache
def still(who: tuple[str, ...], aspect: str, seed: int = 3) -> Pixels:
    width, height = SIZES[aspect]
    members = tuple(Member(handle=name, name=name, version=1, digest="-", references=(name,)) for name in who)
    recipe = Recipe(
        model="storyboard",
        engine_version=VERSION,
        kind="image",
        prompt="two in a bar",
        brief=Brief(place="cafe", time_of_day="day"),
        members=members,
        width=width,
        height=height,
        seed=seed,
        seconds=0.0,
        fps=24,
    )
    rendered = engine().render(Render(recipe=recipe, references=pictures()))
    return np.ascontiguousarray(next(iter(rendered.frames))[..., :3])


def faces_from_left(frame: Pixels) -> list[Face]:
    return sorted(reader().faces(frame), key=lambda face: face.box[0])


def suit(frame: Pixels, face: Face) -> float:
    """Red minus blue of the chest below a face: above zero is the orange suit."""
    x, y, w, h = face.box
    chest = frame[int(y + 1.75 * h) : int(y + 2.3 * h), max(0, int(x - 0.2 * w)) : int(x + 1.2 * w)].astype(int)
    return float((chest[..., 0] - chest[..., 2]).mean())


@pytest.mark.parametrize("aspect", ["16:9", "1:1"])
@pytest.mark.parametrize("who", [("orange", "blue"), ("blue", "orange")])
def test_two_people_are_both_seen_in_the_order_named_and_of_one_size(who: tuple[str, str], aspect: str):
    frame = still(who, aspect)
    faces = faces_from_left(frame)
    assert len(faces) == 2
    heights = [face.box[3] for face in faces]
    assert max(heights) / min(heights) < 1.2
    tones = [suit(frame, face) for face in faces]
    if who[0] == "orange":
        assert tones[0] > tones[1] + 20
    else:
        assert tones[1] > tones[0] + 20


@pytest.mark.parametrize("aspect", list(SIZES))
def test_a_person_beside_the_cat_keeps_a_whole_face(aspect: str):
    frame = still(("orange", "cat"), aspect)
    faces = faces_from_left(frame)
    assert len(faces) == 1
    x, y, w, h = faces[0].box
    assert x > 0
    assert y > 0
    assert x + w < frame.shape[1]
    assert y + h < frame.shape[0]
    alone = still(("orange",), aspect)
    changed = np.abs(frame.astype(int) - alone.astype(int)).max(axis=2) > 30
    assert changed.mean() > 0.08, "and the cat is in the picture"


@pytest.mark.parametrize("aspect", list(SIZES))
def test_one_person_is_large_enough_to_know_and_has_headroom(aspect: str):
    frame = still(("orange",), aspect)
    (face,) = faces_from_left(frame)
    assert face.box[3] > 0.12 * frame.shape[0]
    assert 0.03 * frame.shape[0] < face.box[1] < 0.4 * frame.shape[0]
    assert 0.2 < (face.box[0] + face.box[2] / 2) / frame.shape[1] < 0.8


def test_equal_recipes_give_equal_pixels_and_another_seed_another_picture():
    first = still(("orange", "cat"), "1:1").copy()
    still.cache_clear()
    engine.cache_clear()
    assert np.array_equal(first, still(("orange", "cat"), "1:1"))
    other = still(("orange", "cat"), "1:1", seed=4)
    assert cv2.absdiff(first, other).mean() > 3
