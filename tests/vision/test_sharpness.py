"""Sharpness: it falls with every blur, and neither grain, light nor the take's size passes for it."""

import cv2
import numpy as np
import pytest

from samecast.ports import Face, Pixels
from samecast.vision.sharpness import sharpness


def blurred(rgb: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.uint8) if sigma else rgb


def grainy(rgb: Pixels, strength: float, size: float = 0.0) -> Pixels:
    grain = np.random.default_rng(3).normal(0, 1, rgb.shape[:2])
    if size:
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), size), np.float64)
    return np.asarray(np.clip(rgb + strength * (grain / grain.std())[..., None], 0, 255), np.uint8)


@pytest.mark.parametrize("subject", ["astronaut", "cat"])
def test_every_blur_lowers_it(subject: str, request: pytest.FixtureRequest):
    rgb: Pixels = request.getfixturevalue(subject)
    figures = [sharpness(blurred(rgb, sigma), None) for sigma in (0, 0.8, 1.6, 3.2, 6.4)]
    assert figures == sorted(figures, reverse=True)
    assert 0 <= figures[-1] < 0.5 * figures[0]
    assert figures[0] <= 1


def test_grain_is_not_sharpness(astronaut: Pixels, eileen: Face):
    clean = sharpness(astronaut, eileen.box)
    for strength, size in ((8, 0.0), (14, 0.0), (8, 0.8)):
        assert sharpness(grainy(astronaut, strength, size), eileen.box) == pytest.approx(clean, rel=0.2)
    soft = blurred(astronaut, 2)
    assert sharpness(grainy(soft, 8), eileen.box) < 0.6 * clean


def test_noise_in_the_dark_is_not_sharpness(astronaut: Pixels):
    dark = np.asarray(blurred(astronaut, 5) * 0.15, np.uint8)
    assert sharpness(grainy(dark, 20), None) < 0.5
    assert sharpness(grainy(dark, 20), None) < 0.7 * sharpness(astronaut, None)


def test_light_does_not_matter(astronaut: Pixels, eileen: Face):
    dim = np.asarray(astronaut * 0.3, np.uint8)
    assert sharpness(dim, eileen.box) == pytest.approx(sharpness(astronaut, eileen.box), rel=0.05)


def test_fewer_pixels_enlarged_are_less_sharp(astronaut: Pixels, eileen: Face):
    small = cv2.resize(astronaut, (170, 170), interpolation=cv2.INTER_AREA)
    enlarged = np.asarray(cv2.resize(small, (512, 512), interpolation=cv2.INTER_CUBIC), np.uint8)
    assert sharpness(enlarged, eileen.box) < 0.7 * sharpness(astronaut, eileen.box)


def test_only_the_region_counts(astronaut: Pixels, eileen: Face):
    x, y, w, h = (int(v) for v in eileen.box)
    soft_face = astronaut.copy()
    soft_face[y : y + h, x : x + w] = blurred(astronaut, 3)[y : y + h, x : x + w]
    assert sharpness(soft_face, eileen.box) < 0.5 * sharpness(astronaut, eileen.box)


def test_steps_are_the_most_and_flat_pictures_nothing():
    columns = (np.arange(320) // 40 % 2 * 200 + 20).astype(np.uint8)
    steps = np.ascontiguousarray(np.broadcast_to(columns[None, :, None], (320, 320, 3)))
    assert sharpness(steps, None) > 0.95
    assert sharpness(np.full((64, 64, 3), 90, np.uint8), None) == 0
    assert sharpness(steps, (900, 900, 50, 50)) == 0
