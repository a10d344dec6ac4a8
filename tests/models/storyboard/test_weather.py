"""The air: rain and snow fall, light only adds, tiles wrap without a seam, and a frame is a function of its time."""

import tracemalloc
from typing import get_args

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from samecast.core.prompt import Weather
from samecast.models.storyboard.passages import Drift
from samecast.models.storyboard.scene import Frame
from samecast.models.storyboard.weather import Air, bake_weather
from samecast.models.storyboard.weather_tiles import _disc, _stamp

FRAME = Frame(width=180, height=320)
KINDS: tuple[Weather, ...] = get_args(Weather)

Pixels = npt.NDArray[np.uint8]


def baked(*weather: Weather, frame: Frame = FRAME, seed: int = 1, ground: tuple[float, float] | None = None) -> Air:
    return bake_weather(
        weather,
        frame,
        np.random.default_rng(seed),
        light_colours=((1.0, 0.3, 0.5), (0.2, 0.8, 1.0)),
        ambient=(0.4, 0.45, 0.55),
        ground=ground,
    )


def black(frame: Frame = FRAME, value: int = 0) -> Pixels:
    canvas = np.full((frame.height, frame.width, 4), value, np.uint8)
    canvas[..., 3] = 255
    return canvas


def drawn(air: Air, t: float, *, front: bool = True, value: int = 0) -> Pixels:
    canvas = black(value=value)
    (air.front if front else air.behind)(canvas, t)
    return canvas


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_is_a_function_of_its_time(kind: Weather) -> None:
    air = baked(kind, ground=(0.6, 1.0))
    late = drawn(air, 3.7), drawn(air, 3.7, front=False)
    drawn(air, 0.2)
    assert (drawn(air, 3.7) == late[0]).all()
    assert (drawn(air, 3.7, front=False) == late[1]).all()
    assert (drawn(baked(kind, ground=(0.6, 1.0)), 3.7) == late[0]).all(), "same dice, other weather"
    moved = [drawn(air, 3.4, front=side) != late[not side] for side in (True, False)]
    assert any(m.any() for m in moved), "it stands still"


@pytest.mark.parametrize("kind", KINDS)
def test_something_shows_and_alpha_stays_whole(kind: Weather) -> None:
    air = baked(kind)
    both = black()
    air.behind(both, 1.0)
    air.front(both, 1.0)
    assert (both[..., 3] == 255).all()
    assert both[..., :3].max() > 40
    assert both[..., :3].mean() > 0.15


@pytest.mark.parametrize("kind", ["rain", "snow", "dust", "steam"])
def test_light_is_only_added_and_most_of_the_dark_stays_dark(kind: Weather) -> None:
    air = baked(kind)
    over_grey = drawn(air, 0.8, value=60)
    assert (over_grey[..., :3] >= 60).all()
    front = drawn(air, 0.8)[..., :3].max(axis=2)
    assert (front <= 3).mean() > 0.5


@pytest.mark.parametrize("kind", ["rain", "heavy rain", "snow"])
def test_it_falls(kind: Weather) -> None:
    """The sheets one by one: what was in the middle is found again further down a moment later."""
    for passage in baked(kind)._front[:2]:
        assert isinstance(passage, Drift)
        step = 20.0 / passage.velocity[1]
        before, after = (black() for _ in range(2))
        passage.lay(before, 0.5)
        passage.lay(after, 0.5 + step)
        shapes = [cv2.GaussianBlur(c[..., :3].max(axis=2).astype(np.float32), (0, 0), 1.5) for c in (before, after)]
        match = cv2.matchTemplate(shapes[1], shapes[0][60:260, 20:160], cv2.TM_CCOEFF_NORMED)
        _, likeness, _, (_, row) = cv2.minMaxLoc(match)
        assert likeness > 0.8
        assert 16 <= row - 60 <= 24


def test_near_drops_are_longer_and_quicker_than_far_ones() -> None:
    air = baked("rain")
    far, near = [p for p in air._behind if isinstance(p, Drift)][1], air._front[-1]
    assert isinstance(near, Drift)
    assert near.velocity[1] > 2 * far.velocity[1]


def test_rain_is_neither_even_nor_all_alike() -> None:
    canvas = black()
    baked("rain").front(canvas, 0.4)
    light = canvas[..., :3].max(axis=2)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((light > 12).astype(np.uint8), connectivity=8)
    heights = stats[1:, cv2.CC_STAT_HEIGHT]
    assert len(heights) > 15
    assert heights.std() > 3
    peaks = [light[labels == i].max() for i in range(1, min(len(heights), 40))]
    assert np.std(peaks) > 8


def test_fog_has_no_seam() -> None:
    """Across the joint neighbouring columns are as alike as anywhere else."""
    air = baked("fog")
    for passage in (*air._behind, *air._front):
        assert isinstance(passage, Drift)
        light = passage.light[..., :3].max(axis=2).astype(np.float64)
        inside = np.abs(np.diff(light, axis=1)).mean(axis=0)
        assert np.abs(light[:, 0] - light[:, -1]).mean() <= inside.max() * 1.2 + 0.3


@pytest.mark.parametrize("size", [(1.0, 2.0), (9.0, 14.0)])
def test_what_lies_on_a_tiles_joint_goes_on_at_its_other_edge(size: tuple[float, float]) -> None:
    """Every flake is whole: as much light however the tile is rolled, and none cut off at an edge."""
    kernel = _disc(size[1])
    reach = kernel.shape[0] // 2
    white = np.ones(3, np.float32)
    inner, joint = (np.zeros((90, 70, 4), np.float32) for _ in range(2))
    _stamp(inner, kernel, 45.5, 35.5, white)
    _stamp(joint, kernel, 0.5, 0.5, white)
    assert np.allclose(np.roll(joint, (45, 35), axis=(0, 1)), inner)
    assert joint[-1, -1, 0] > 0
    assert inner[45 - reach, 35, 0] < 0.2


def test_a_window_over_the_joint_shows_the_tile_wrapped() -> None:
    light = np.zeros((50, 40, 4), np.uint8)
    light[..., 0] = np.arange(40)[None, :] + np.arange(50)[:, None]
    passage = Drift(light=light, velocity=(7.0, 11.0))
    canvas = np.zeros((90, 100, 4), np.uint8)
    passage.lay(canvas, 3.0)
    y, x = np.mgrid[0:90, 0:100]
    assert (canvas[..., 0] == light[(y - 33) % 50, (x - 21) % 40, 0]).all()


def test_fog_veils_towards_the_air_thickest_low_down() -> None:
    air = baked("fog")
    dark, bright = black(value=10), black(value=240)
    for canvas in (dark, bright):
        air.behind(canvas, 1.0)
        air.front(canvas, 1.0)
    contrast = (bright.astype(int) - dark)[..., 0].mean(axis=1)
    assert contrast[160:].mean() < 0.75 * 230
    assert contrast[160:].mean() < contrast[:60].mean() - 10


def test_steam_rises_at_the_sides() -> None:
    frames = [
        drawn(baked("steam"), 1.0 + k / 12, front=False)[..., :3].max(axis=2).astype(np.float32) for k in range(2)
    ]
    assert frames[0][:, :60].mean() + frames[0][:, 120:].mean() > 4 * frames[0][:, 75:105].mean()
    assert np.abs(frames[0] - frames[1]).max() > 3


def test_drops_burst_on_the_ground_alone() -> None:
    dry, wet = baked("rain"), baked("rain", ground=(0.7, 1.0))
    extra = drawn(wet, 0.5, front=False).astype(int) - drawn(dry, 0.5, front=False)
    assert extra[: round(320 * 0.66)].max() == 0
    assert extra[round(320 * 0.7) :].max() > 20


def test_no_weather_changes_nothing_and_every_frame_size_works() -> None:
    canvas = black(value=77)
    calm = baked()
    calm.behind(canvas, 1.0)
    calm.front(canvas, 1.0)
    assert (canvas == black(value=77)).all()
    for size in ((360, 154), (64, 64), (256, 320)):
        frame = Frame(width=size[0], height=size[1])
        small = black(frame)
        air = baked("heavy rain", "snow", "steam", frame=frame, ground=(0.8, 1.0))
        air.behind(small, 0.3)
        air.front(small, 0.3)
        assert small[..., :3].max() > 30


def test_falling_weather_allocates_next_to_nothing_per_frame() -> None:
    air, canvas = baked("rain", "snow"), black()
    air.front(canvas, 0.0)
    tracemalloc.start()
    for k in range(10):
        air.front(canvas, k / 24)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < canvas.nbytes / 4
