"""The signs and sizes of yaw, pitch and roll, on a real mesh turned by known angles."""

import cv2
import numpy as np
import pytest

from samecast.ports import Face, Floats, Pixels
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.pose import PITCH_BIAS, head_pose


def turned(mesh: Floats, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Floats:
    """The mesh turned about its middle; x right, y down, z away: positive as in `ports.HeadPose`."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    middle = mesh.mean(axis=0)
    return np.asarray((mesh - middle) @ (about_z @ about_y @ about_x).T + middle, np.float32)


@pytest.fixture(scope="module")
def straight(eileen: Face) -> Floats:
    """Her mesh with its own pose taken out."""
    pose = eileen.pose
    level = turned(eileen.landmarks, roll=-pose.roll)
    return turned(turned(level, yaw=-pose.yaw), pitch=-pose.pitch)


@pytest.mark.parametrize("angle", [-40.0, -15.0, 20.0, 60.0])
def test_each_angle_is_read_as_it_was_turned(straight: Floats, angle: float) -> None:
    assert head_pose(turned(straight, yaw=angle)).yaw == pytest.approx(angle, abs=4)
    assert head_pose(turned(straight, pitch=angle)).pitch == pytest.approx(angle, abs=4)
    assert head_pose(turned(straight, roll=angle)).roll == pytest.approx(angle, abs=2)


def test_a_tilted_head_keeps_its_yaw_and_pitch(straight: Floats) -> None:
    pose = head_pose(turned(turned(straight, yaw=30, pitch=10), roll=80))
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((30, 10, 80), abs=6)


def test_the_nose_tells_the_side(straight: Floats) -> None:
    """Turned to the viewer's right, the nose moves to the right between the cheeks."""
    right = turned(straight, yaw=30)
    assert right[1, 0] > (right[234, 0] + right[454, 0]) / 2
    up = turned(straight, pitch=25)
    assert up[1, 1] - up[:, 1].mean() < straight[1, 1] - straight[:, 1].mean()


def test_a_mirrored_picture_mirrors_the_pose(reader: MediaPipeFaces, astronaut: Pixels, eileen: Face) -> None:
    mirrored = reader.faces(np.ascontiguousarray(astronaut[:, ::-1]))[0].pose
    assert mirrored.yaw == pytest.approx(-eileen.pose.yaw, abs=3)
    assert mirrored.pitch == pytest.approx(eileen.pose.pitch, abs=3)
    assert mirrored.roll == pytest.approx(-eileen.pose.roll, abs=2)


def test_turning_the_picture_clockwise_adds_roll(reader: MediaPipeFaces, astronaut: Pixels, eileen: Face) -> None:
    matrix = cv2.getRotationMatrix2D((225, 122), -25, 1)  # OpenCV counts counter-clockwise
    picture = np.asarray(cv2.warpAffine(astronaut, matrix, (512, 512)), np.uint8)
    pose = reader.faces(picture)[0].pose
    assert pose.roll - eileen.pose.roll == pytest.approx(25, abs=2)
    assert pose.yaw == pytest.approx(eileen.pose.yaw, abs=4)


def test_the_known_lean_of_the_mesh_is_taken_out() -> None:
    assert PITCH_BIAS < 0
