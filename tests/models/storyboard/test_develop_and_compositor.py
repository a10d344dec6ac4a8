"""Layers become sheets, sheets become frames: light adds, cover covers, distance blurs and fades, frames repeat."""

import math
from typing import Any

import cv2
import numpy as np
import pytest
import skia

from samecast.core.prompt import CameraMove
from samecast.models.storyboard.camera import CameraPath
from samecast.models.storyboard.compositor import Finish, Set, clear_of_middle, lay_over, over, render_frame
from samecast.models.storyboard.develop import Lens, Sheet, defocus, develop, grade_colours
from samecast.models.storyboard.scene import Frame, Grade, Layer, Light, Scene

FRAME = Frame(width=180, height=320)


def image(pixels: np.ndarray) -> skia.Image:
    return skia.Image.fromarray(np.ascontiguousarray(pixels), colorType=skia.kRGBA_8888_ColorType)


def layer(
    depth: float, colour: tuple[int, int, int, int], box: tuple[float, float, float, float], **more: Any
) -> Layer:
    """A sheet that covers the frame with overscan, painted with `colour` inside `box` (fractions)."""
    w, h = round(FRAME.width * 1.3), round(FRAME.height * 1.16)
    pixels = np.zeros((h, w, 4), np.uint8)
    x0, y0, x1, y1 = round(box[0] * w), round(box[1] * h), round(box[2] * w), round(box[3] * h)
    pixels[y0:y1, x0:x1] = colour
    return Layer(image=image(pixels), depth=depth, overscan=(0.15, 0.08), **more)


def scene(*layers: Layer, **more: Any) -> Scene:
    light = Light(colour=(1, 1, 1), strength=1, direction=(0, 0, 1), role="key")
    settings: dict[str, Any] = {"grade": Grade(bloom=0.0), "ambient": (0.6, 0.6, 0.6)} | more
    return Scene(place="test", layers=layers, lights=(light,), horizon=0.5, **settings)


class Still:
    def behind(self, canvas: np.ndarray, t: float) -> None: ...
    def front(self, canvas: np.ndarray, t: float) -> None: ...


def shot(sheets: list[Sheet], move: CameraMove = "static") -> Set:
    path = CameraPath(move=move, seconds=4.0, amount=1.0, sign=1, shake=0.2, phase=1.0)
    finish = Finish(FRAME, np.random.default_rng(0), vignette=0.0, grain=1e-3)
    return Set(frame=FRAME, sheets=sheets, actors=[], air=Still(), path=path, vanish=(0.5, 0.5), finish=finish)


SKY = layer(math.inf, (40, 60, 120, 255), (0, 0, 1, 1))
WALL = layer(4.0, (200, 30, 30, 255), (0.4, 0.4, 0.6, 0.6))
LAMP = layer(4.0, (0, 120, 0, 255), (0.45, 0.1, 0.55, 0.2), light=True)


def frame_of(made: Scene, *, aperture: float = 0.0, fog: float = 0.0, t: float = 0.0) -> np.ndarray:
    return render_frame(shot(develop(made, FRAME, Lens(aperture=aperture), fog=fog)), 0, t)


def test_cover_hides_and_light_adds():
    picture = frame_of(scene(SKY, WALL, LAMP))
    assert np.abs(picture[160, 90, :3].astype(int) - (200, 30, 30)).max() <= 6
    assert np.abs(picture[40, 90, :3].astype(int) - (40, 180, 120)).max() <= 8
    assert np.abs(picture[300, 20, :3].astype(int) - (40, 60, 120)).max() <= 4


def test_fog_takes_far_things_more_than_near_ones():
    far, near = (
        frame_of(scene(SKY, layer(depth, (200, 30, 30, 255), (0.4, 0.4, 0.6, 0.6))), fog=0.5)[160, 90, :3].astype(int)
        for depth in (12.0, 2.0)
    )
    air = np.array([153, 153, 153])
    assert np.abs(far - air).max() < np.abs(near - air).max()


def test_the_lens_blurs_what_is_far_from_the_subject():
    def softness(depth: float) -> float:
        row = frame_of(scene(SKY, layer(depth, (255, 255, 255, 255), (0.4, 0.0, 1.0, 1.0))), aperture=0.02)[160, :, 0]
        return float(np.abs(np.diff(row.astype(int))).max())

    assert softness(1.2) > 2 * softness(30.0)


def test_a_blurred_point_of_light_becomes_a_disc_not_a_smear():
    point = np.zeros((101, 101, 3), np.float32)
    point[49:52, 49:52] = 1.0
    disc = defocus(point, 12.0, highlights=True)[..., 0]
    centre, inside, outside = disc[50, 50], disc[50, 58], disc[50, 68]
    assert inside > 0.7 * centre
    assert outside < 0.1 * centre


def test_the_grade_darkens_and_drains_as_told():
    grey = np.full((2, 2, 3), 0.5, np.float32)
    red = np.array([[[0.7, 0.2, 0.2]]], np.float32)
    assert grade_colours(grey, Grade(exposure=-1)).mean() == pytest.approx(0.5 / math.sqrt(2), abs=0.01)
    assert np.ptp(grade_colours(red, Grade(saturation=0.0))) < 0.01
    assert grade_colours(red * 4, Grade()).max() <= 1


def test_over_is_exact_for_solid_clear_and_half():
    target = np.full((1, 3, 4), 100, np.uint8)
    over(target, np.array([[[200, 0, 0, 255], [0, 0, 0, 0], [50, 50, 50, 128]]], np.uint8))
    assert target[0, 0, :3].tolist() == [200, 0, 0]
    assert target[0, 1, :3].tolist() == [100, 100, 100]
    assert np.abs(target[0, 2, :3].astype(int) - 100).max() <= 1


def test_a_sheet_lands_where_its_matrix_says():
    canvas = np.zeros((60, 80, 4), np.uint8)
    lay_over(canvas, np.full((10, 10, 4), 255, np.uint8), np.array([[2.0, 0, 30], [0, 2.0, 20]]))
    rows, columns = np.flatnonzero(canvas[..., 0].any(axis=1)), np.flatnonzero(canvas[..., 0].any(axis=0))
    assert abs(rows[0] - 20) <= 1
    assert abs(rows[-1] - 39) <= 1
    assert abs(columns[0] - 30) <= 1
    assert abs(columns[-1] - 49) <= 1


def test_a_frame_is_a_function_of_its_time_alone_whatever_the_order_or_threads():
    made = shot(develop(scene(SKY, WALL, LAMP), FRAME, Lens(aperture=0.01), fog=0.1), "tracking")
    forwards = [render_frame(made, i, i / 6) for i in range(4)]
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        backwards = [render_frame(made, i, i / 6) for i in reversed(range(4))][::-1]
    finally:
        cv2.setNumThreads(threads)
    for one, other in zip(forwards, backwards, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(forwards[0], forwards[3])


def test_empty_middles_are_not_kept():
    sides = layer(2.0, (9, 9, 9, 255), (0.0, 0.0, 0.05, 1.0)), layer(2.0, (9, 9, 9, 255), (0.95, 0.0, 1.0, 1.0))
    sheets = develop(scene(SKY, *sides), FRAME, Lens(aperture=0.0), fog=0.0)
    assert len(sheets) == 3
    assert all(sheet.pixels.shape[1] < 60 for sheet in sheets[1:])


def test_a_post_that_the_camera_would_carry_across_the_middle_is_left_out_and_one_that_stays_aside_is_kept():
    frame, lens = FRAME, Lens(aperture=0.0)
    made = develop(
        scene(
            layer(8.0, (90, 90, 90, 255), (0, 0, 1, 1)),
            layer(0.5, (20, 20, 20, 255), (0.80, 0, 0.84, 1)),
        ),
        frame,
        lens,
        fog=0.0,
    )
    settings: dict[str, Any] = {"seconds": 4.0, "amount": 1.0, "sign": 1, "shake": 0.0, "phase": 0.0}
    still = CameraPath(move="static", **settings)
    sideways = CameraPath(move="tracking", vertical=True, **settings)
    assert len(clear_of_middle(made, still, frame, vanish=(0.5, 0.5))) == 2
    kept = clear_of_middle(made, sideways, frame, vanish=(0.5, 0.5))
    assert [sheet.depth for sheet in kept] == [8.0]
