"""The storyboard passes the suite that all engines share, and what it draws is what was asked."""

import numpy as np
import pytest
import skimage.data

from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe, TakeKind
from samecast.models.storyboard.engine import Storyboard
from samecast.ports import Picture, Pixels, Render
from samecast.ports.contract import check_frames, check_may_be_left, check_repeats, check_stops, check_versioned
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.matte import SubjectMatte

ASTRONAUT, CAT = "a" * 64, "c" * 64


@pytest.fixture(scope="module")
def faces() -> MediaPipeFaces:
    return MediaPipeFaces()


@pytest.fixture(scope="module")
def engine(faces: MediaPipeFaces) -> Storyboard:
    return Storyboard(faces=faces, matting=SubjectMatte())


@pytest.fixture(scope="module")
def references() -> dict[str, Picture]:
    return {ASTRONAUT: Picture(rgb=skimage.data.astronaut()), CAT: Picture(rgb=skimage.data.chelsea())}


def recipe(brief: Brief, *who: str, size: tuple[int, int] = (360, 640), seed: int = 3, seconds: float = 0) -> Recipe:
    kind: TakeKind = "video" if seconds else "image"
    members = tuple(
        Member(handle=f"m{i}", name="M", version=1, digest="", references=(sha,)) for i, sha in enumerate(who)
    )
    return Recipe(
        model="storyboard", engine_version="1", kind=kind, prompt="", brief=brief, members=members,
        width=size[0], height=size[1], seed=seed, seconds=seconds, fps=24 if seconds else 0,
    )  # fmt: skip


def still(engine: Storyboard, references: dict[str, Picture], wanted: Recipe) -> Pixels:
    return np.ascontiguousarray(next(engine.render(Render(recipe=wanted, references=references)).frames)[..., :3])


def test_it_keeps_the_contract_for_stills_and_clips(engine: Storyboard, references: dict[str, Picture]):
    check_versioned(engine)
    check_frames(engine, recipe(Brief(place="cafe"), ASTRONAUT), references)
    clip = recipe(Brief(place="neon_street", weather=("rain",), camera="tracking"), ASTRONAUT, seconds=0.25)
    frames = check_frames(engine, clip, references)
    assert not np.array_equal(frames[0], frames[-1])
    check_may_be_left(engine, clip, references)
    check_stops(engine, clip, references)


def test_equal_recipes_give_equal_pixels(engine: Storyboard, references: dict[str, Picture], faces: MediaPipeFaces):
    other = Storyboard(faces=faces, matting=SubjectMatte())
    check_repeats(engine, other, recipe(Brief(place="rooftop", time_of_day="dusk"), ASTRONAUT), references)


@pytest.mark.parametrize("size", [(640, 640), (640, 360), (360, 640), (512, 640), (640, 426), (426, 640), (672, 288)])
def test_the_face_is_in_every_frame_shape_once(
    engine: Storyboard, references: dict[str, Picture], faces: MediaPipeFaces, size: tuple[int, int]
):
    found = faces.faces(still(engine, references, recipe(Brief(place="park"), ASTRONAUT, size=size)))
    assert len(found) == 1
    x, y, w, h = found[0].box
    assert x > 0
    assert y > 0
    assert x + w < size[0]
    assert y + h < size[1]


def test_closer_shots_show_a_larger_face(engine: Storyboard, references: dict[str, Picture], faces: MediaPipeFaces):
    heights = [
        faces.faces(still(engine, references, recipe(Brief(place="park", shot_size=size), ASTRONAUT)))[0].box[3]
        for size in ("close-up", "medium close-up")
    ]
    assert heights[0] > 1.2 * heights[1]


def test_a_place_that_is_not_known_is_drawn_plainly_and_named(engine: Storyboard, references: dict[str, Picture]):
    rendered = engine.render(Render(recipe=recipe(Brief(place_words="a cathedral"), ASTRONAUT), references=references))
    assert any("a cathedral" in note for note in rendered.notes)
    known = engine.render(Render(recipe=recipe(Brief(place="bar"), ASTRONAUT), references=references))
    assert known.notes == ()


def test_a_style_that_cannot_be_drawn_is_named(engine: Storyboard, references: dict[str, Picture]):
    rendered = engine.render(
        Render(recipe=recipe(Brief(place="bar", style=("anime",)), ASTRONAUT), references=references)
    )
    assert any("anime" in note for note in rendered.notes)


def test_black_and_white_has_no_colour_and_night_is_darker_than_day(engine: Storyboard, references: dict[str, Picture]):
    grey = still(engine, references, recipe(Brief(place="day_street", style=("black_and_white",)), ASTRONAUT))
    assert np.ptp(grey.astype(int), axis=2).mean() < 6
    day, night = (
        still(engine, references, recipe(Brief(place="rooftop", time_of_day=time), ASTRONAUT)).mean()
        for time in ("day", "night")
    )
    assert night < 0.6 * day


def test_nobody_in_the_prompt_gives_the_empty_place(
    engine: Storyboard, references: dict[str, Picture], faces: MediaPipeFaces
):
    assert faces.faces(still(engine, references, recipe(Brief(place="forest")))) == []


def test_a_clip_is_alive_and_moves_the_place_more_than_the_face(
    engine: Storyboard, references: dict[str, Picture], faces: MediaPipeFaces
):
    wanted = recipe(Brief(place="neon_street", camera="tracking", time_of_day="night"), ASTRONAUT, seconds=2.0)
    frames = [frame[..., :3].copy() for frame in engine.render(Render(recipe=wanted, references=references)).frames]
    first, last = frames[0].astype(int), frames[-1].astype(int)
    assert np.abs(first[:80] - last[:80]).mean() > 3
    centres = [np.array(faces.faces(np.ascontiguousarray(frame))[0].box[:2]) for frame in (frames[0], frames[-1])]
    assert 0.2 < np.abs(centres[0] - centres[1]).max() < 40
