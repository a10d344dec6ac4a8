"""Crops and the way back agree, whatever the square."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.vision.crops import Pyramid, Square, mesh_to_picture, overlap

squares = st.builds(
    Square,
    x=st.floats(-50, 500),
    y=st.floats(-50, 500),
    side=st.floats(5, 900),
    roll=st.floats(-3.1, 3.1),
)


@given(squares)
def test_a_point_goes_to_the_crop_and_back(square: Square) -> None:
    points = np.array([[0.2, 0.7, -0.1], [0.5, 0.5, 0.0], [1.0, 0.0, 0.3]], np.float32)
    picture = mesh_to_picture(points, square)
    matrix = square.matrix(192)
    again = (picture[:, :2] @ matrix[:, :2].T + matrix[:, 2]) / 192
    assert again == pytest.approx(points[:, :2], abs=2e-3)
    assert picture[:, 2] == pytest.approx(points[:, 2] * square.side, rel=1e-4)


@pytest.mark.parametrize("side", [100.0, 400.0, 1500.0])
def test_a_turned_crop_shows_what_stood_there_upright(side: float) -> None:
    picture = np.zeros((1600, 1600, 3), np.uint8)
    square = Square(x=800, y=800, side=side, roll=0.6)
    up = (round(800 + np.sin(0.6) * side * 0.3), round(800 - np.cos(0.6) * side * 0.3))
    cv2.circle(picture, up, round(side * 0.08), (255, 0, 0), -1)
    crop = Pyramid(picture).crop(square, 100)
    ys, xs = np.nonzero(crop[:, :, 0] > 128)
    assert (xs.mean(), ys.mean()) == pytest.approx((50, 20), abs=1.5)
    mirrored = Pyramid(picture).crop(square, 100, mirrored=True)
    assert np.abs(mirrored[:, ::-1].astype(int) - crop).max() <= 2


def test_a_shrinking_crop_does_not_alias() -> None:
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = Pyramid(stripes).crop(Square(x=512, y=512, side=1000), 64)
    assert crop.std() < 12


@given(
    st.tuples(*[st.floats(0, 50)] * 2, *[st.floats(1, 50)] * 2),
    st.tuples(*[st.floats(0, 50)] * 2, *[st.floats(1, 50)] * 2),
)
def test_overlap_is_a_share_and_symmetric(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    first = (a[0], a[1], a[2], a[3])
    second = (b[0], b[1], b[2], b[3])
    assert overlap(first, first) == pytest.approx(1)
    assert 0 <= overlap(first, second) <= 1.0000001
    assert overlap(first, second) == pytest.approx(overlap(second, first))
