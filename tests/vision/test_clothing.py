"""Clothes below a face: seen or not, the same in other light, other on somebody else."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from samecast.ports import EncoderCard, Face, HeadPose, Pixels
from samecast.vision.clothing import Clothing, torso
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.whoswho import limits_for

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval" / "deepface"


@pytest.fixture(scope="module")
def clothing() -> Clothing:
    return Clothing()


def dressed(pixels: Pixels, face: Face, lab_shift: tuple[float, float, float]) -> Pixels:
    """The same picture with another colour where the clothes are."""
    left, top, width, height = (round(side) for side in torso(face))
    lab = np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    lab[top : top + height, max(left, 0) : left + width] += np.array(lab_shift, np.float32)
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1) * 255, np.uint8)


def test_the_torso_lies_below_the_chin_and_is_wider_than_the_face(eileen: Face):
    left, top, width, height = torso(eileen)
    assert top > eileen.box[1] + eileen.box[3]
    assert width > eileen.box[2]
    assert left < eileen.box[0]
    assert height > eileen.box[3]


def test_the_same_clothes_in_other_light_are_alike_and_other_colours_are_not(
    clothing: Clothing, astronaut: Pixels, eileen: Face
):
    orange = clothing.describe(astronaut, eileen)
    assert orange is not None
    assert np.linalg.norm(orange) == pytest.approx(1.0, abs=1e-4)
    darker = np.asarray(astronaut * 0.8, np.uint8)
    dusk = clothing.describe(darker, eileen)
    blue = clothing.describe(dressed(astronaut, eileen, (-10, -40, -70)), eileen)
    assert dusk is not None
    assert blue is not None
    assert clothing.likeness(orange, orange) > 0.95
    assert clothing.likeness(orange, dusk) > 0.6
    assert clothing.likeness(orange, blue) < 0.2


def test_clothes_that_are_not_in_the_picture_are_not_described(clothing: Clothing, astronaut: Pixels, eileen: Face):
    below_chin = round(eileen.box[1] + eileen.box[3]) + 20
    assert clothing.describe(astronaut[:below_chin], eileen) is None


def test_a_face_in_front_of_them_hides_them(clothing: Clothing, astronaut: Pixels, eileen: Face):
    left, top, width, height = torso(eileen)
    child = replace(eileen, box=(left + 0.2 * width, top + 0.2 * height, 0.6 * width, 0.6 * height))
    assert clothing.describe(astronaut, eileen, [eileen, child]) is None
    assert clothing.describe(astronaut, eileen, [eileen]) is not None


def test_a_head_on_its_side_says_nothing_about_what_is_below_it(clothing: Clothing, astronaut: Pixels, eileen: Face):
    lying = replace(eileen, pose=HeadPose(yaw=0.0, pitch=0.0, roll=80.0))
    assert clothing.describe(astronaut, lying) is None


def test_skin_is_no_clothing(clothing: Clothing, astronaut: Pixels, eileen: Face):
    bare = astronaut.copy()
    left, top, width, height = (round(side) for side in torso(eileen))
    cheek = astronaut[round(eileen.box[1] + 0.62 * eileen.box[3]), round(eileen.box[0] + 0.3 * eileen.box[2])]
    bare[top : top + height, max(left, 0) : left + width] = cheek
    assert clothing.describe(bare, eileen) is None


@pytest.mark.skipif(not EVAL.is_dir(), reason="the pictures of real people to measure on are not here")
def test_a_suit_and_a_hooded_pullover_are_told_apart(clothing: Clothing, reader: MediaPipeFaces):
    worn = []
    for name in ("img15.jpg", "img29.jpg"):
        rgb = np.asarray(cv2.cvtColor(np.asarray(cv2.imread(str(EVAL / name))), cv2.COLOR_BGR2RGB), np.uint8)
        worn.append(clothing.describe(rgb, reader.faces(rgb)[0]))
    pullover, suit = worn
    assert pullover is not None
    assert suit is not None
    assert clothing.likeness(pullover, suit) < 0.3


def card(name: str) -> EncoderCard:
    return EncoderCard(
        name=name, version="1", sha256="", licence="", slope=20, midpoint=0.5, threshold=0.41, calibration=""
    )


def test_an_encoder_without_measured_limits_has_only_its_own_threshold():
    limits = limits_for(card("never-measured"))
    assert (limits.match, limits.stranger) == (0.41, 0.41)
    assert limits.clone is limits.middle is limits.beside is None
    assert limits.steady >= 2


def test_the_measured_limits_are_in_order():
    limits = limits_for(card("dlib-resnet"))
    assert limits.clone is not None
    assert limits.clone < limits.match < limits.stranger
    assert limits.middle is not None
    assert 0 < limits.middle < 0.5
