"""Appearance: the masked subject's colours, and nothing of what stands behind it."""

import cv2
import numpy as np
import pytest
import skimage.data

from samecast.core.errors import InvalidInput
from samecast.ports import Floats, Pixels
from samecast.vision.appearance import HistogramAppearance, design_digest


@pytest.fixture(scope="module")
def encoder() -> HistogramAppearance:
    return HistogramAppearance()


def oval(shape: tuple[int, ...], share: float = 0.4) -> Floats:
    mask = np.zeros(shape[:2], np.float32)
    middle = (shape[1] // 2, shape[0] // 2)
    cv2.ellipse(mask, middle, (round(shape[1] * share), round(shape[0] * share)), 0, 0, 360, 1, -1)
    return mask


def test_the_same_subject_is_nearer_than_another(encoder: HistogramAppearance, cat: Pixels) -> None:
    here = encoder.encode(cat, oval(cat.shape))
    moved = np.asarray(cv2.resize(cat[:, ::-1], None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)
    there = encoder.encode((moved * 0.93).astype(np.uint8), oval(moved.shape))
    coffee = np.asarray(skimage.data.coffee(), np.uint8)
    other = encoder.encode(coffee, oval(coffee.shape))
    assert encoder.distance(here, there) < encoder.card.midpoint < encoder.distance(here, other)


def test_what_stands_behind_does_not_count(encoder: HistogramAppearance, cat: Pixels) -> None:
    alpha = oval(cat.shape, 0.3)
    green = np.where(alpha[..., None] > 0, cat, np.array([20, 220, 40], np.uint8)).astype(np.uint8)
    distance = encoder.distance(encoder.encode(cat, alpha), encoder.encode(green, alpha))
    assert distance < 0.1
    everything = np.ones(cat.shape[:2], np.float32)
    assert encoder.distance(encoder.encode(cat, everything), encoder.encode(green, everything)) > 0.4


def test_a_description_has_length_one(encoder: HistogramAppearance, cat: Pixels) -> None:
    vector = encoder.encode(cat, oval(cat.shape))
    assert vector.dtype == np.float32
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-4)


def test_an_empty_matte_is_refused(encoder: HistogramAppearance, cat: Pixels) -> None:
    with pytest.raises(InvalidInput, match="No subject"):
        encoder.encode(cat, np.zeros(cat.shape[:2], np.float32))


def test_the_calibration_belongs_to_this_encoder(encoder: HistogramAppearance) -> None:
    assert encoder.card.sha256 == design_digest()
    assert encoder.card.slope > 0
    assert 0 < encoder.card.threshold < encoder.card.midpoint < 1.42
