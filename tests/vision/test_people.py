"""Somebody without a readable face is noticed; an empty place is not somebody."""

import cv2
import numpy as np
import pytest
import skimage.data

from samecast.ports import Pixels
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.people import BodyFinder, PresenceGate, Traces


@pytest.fixture(scope="module")
def finder(reader: MediaPipeFaces) -> BodyFinder:
    return BodyFinder(reader)


def test_a_covered_face_leaves_a_figure(finder: BodyFinder, reader: MediaPipeFaces, astronaut: Pixels) -> None:
    covered = astronaut.copy()
    cv2.ellipse(covered, (225, 120), (62, 78), 0, 0, 360, (70, 50, 40), -1)
    assert reader.faces(covered) == []
    assert finder.anyone(covered) == "figure"


@pytest.mark.parametrize("name", ["coffee", "rocket", "brick", "grass", "gravel"])
def test_nobody_is_where_nobody_is(finder: BodyFinder, name: str) -> None:
    picture = np.asarray(getattr(skimage.data, name)(), np.uint8)
    rgb = picture if picture.ndim == 3 else np.dstack([picture] * 3)
    assert finder.anyone(np.ascontiguousarray(rgb)) is None


def test_a_picture_of_a_few_pixels_shows_nobody(finder: BodyFinder) -> None:
    assert finder.anyone(np.zeros((4, 4, 3), np.uint8)) is None


def test_the_gate_weighs_its_signs() -> None:
    gate = PresenceGate(constant=-1.0, standing=4.0, body=1.0, apart=-1.0, threshold=0.5)
    assert gate.somebody(Traces(standing=0.9, body=1.0, apart=0.2))
    assert not gate.somebody(Traces(standing=0.0, body=0.0, apart=2.0))
