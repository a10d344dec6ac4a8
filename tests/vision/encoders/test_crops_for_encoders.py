"""What pulled encoders are shown: an aligned face, and a subject without its background."""

import cv2
import numpy as np
import pytest

from samecast.core.errors import InvalidInput
from samecast.ports import Face, HeadPose, Pixels
from samecast.vision.encoders.faces import _MESH_POINTS, _TEMPLATE, chip_square, cosine_distance, face_chip
from samecast.vision.encoders.subjects import subject_square


def points_on_chip(face: Face) -> np.ndarray:
    matrix = chip_square(face).matrix(112)
    points = np.array([face.landmarks[list(p), :2].mean(axis=0) for p in _MESH_POINTS])
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def moved(face: Face, matrix: np.ndarray) -> Face:
    landmarks = face.landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return Face(box=face.box, landmarks=landmarks.astype(np.float32), pose=face.pose, score=face.score)


def test_a_face_lies_on_the_template(eileen: Face):
    away = np.linalg.norm(points_on_chip(eileen) - np.array(_TEMPLATE), axis=1)

    assert away.max() < 7  # she smiles broadly
    assert away.mean() < 5


def test_landmarks_that_are_the_template_are_cut_where_they_are():
    landmarks = np.zeros((478, 3), np.float32)
    for place, (x, y) in zip(_MESH_POINTS, _TEMPLATE, strict=True):
        landmarks[list(place)] = (3 * x + 40, 3 * y - 10, 0)
    face = Face(box=(0, 0, 1, 1), landmarks=landmarks, pose=HeadPose(yaw=0, pitch=0, roll=0), score=1.0)

    square = chip_square(face)

    assert (square.x, square.y, square.side) == pytest.approx((3 * 56 + 40, 3 * 56 - 10, 3 * 112), abs=0.01)
    assert square.roll == pytest.approx(0, abs=1e-5)


def test_the_chip_does_not_change_when_the_picture_turns_or_grows(astronaut: Pixels, eileen: Face):
    straight = face_chip(astronaut, eileen, 112)
    turn = cv2.getRotationMatrix2D((220, 120), 25, 1.4)
    turned = np.asarray(cv2.warpAffine(astronaut, turn, (700, 700), flags=cv2.INTER_CUBIC), np.uint8)

    again = face_chip(turned, moved(eileen, turn), 112)

    assert straight.shape == (112, 112, 3)
    middle = slice(12, 100)
    difference = np.abs(straight[middle, middle].astype(int) - again[middle, middle].astype(int))
    assert difference.mean() < 4
    assert np.abs(straight[middle, middle].astype(int) - straight[middle, middle][:, ::-1].astype(int)).mean() > 15


def test_a_subject_is_shown_whole_undistorted_and_without_its_background():
    rgb = np.zeros((200, 300, 3), np.uint8)
    rgb[..., 0] = 255  # a red room
    rgb[50:90, 100:220] = (0, 0, 250)  # a blue bar, three times as wide as high
    alpha = np.zeros((200, 300), np.float32)
    alpha[50:90, 100:220] = 1

    square = subject_square(rgb, alpha, 100)

    blue = (square[..., 2] > 200) & (square[..., 0] < 60)
    red = (square[..., 0] > 200) & (square[..., 2] < 60)
    rows, columns = np.flatnonzero(blue.any(axis=1)), np.flatnonzero(blue.any(axis=0))
    assert square.shape == (100, 100, 3)
    assert not red.any()
    assert columns.size == pytest.approx(88, abs=2)
    assert rows.size == pytest.approx(88 / 3, abs=2)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(49.5, abs=1)
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(49.5, abs=1)
    assert np.median(square[:20]) == pytest.approx(127.5, abs=1)


def test_the_room_a_subject_stands_in_is_not_seen(cat: Pixels):
    alpha = np.zeros(cat.shape[:2], np.float32)
    alpha[40:250, 100:350] = 1
    elsewhere = np.where(alpha[..., None] > 0, cat, 17).astype(np.uint8)

    assert np.array_equal(subject_square(cat, alpha, 64), subject_square(elsewhere, alpha, 64))


def test_where_there_is_no_subject_nothing_is_made_up(cat: Pixels):
    with pytest.raises(InvalidInput, match="No subject"):
        subject_square(cat, np.zeros(cat.shape[:2], np.float32), 64)


def test_cosine_distance():
    one, two = np.array([1, 0], np.float32), np.array([0.6, 0.8], np.float32)

    assert cosine_distance(one, one) == 0
    assert cosine_distance(one, two) == pytest.approx(0.4)
    assert cosine_distance(one, -one) == pytest.approx(2)
