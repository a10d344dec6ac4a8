"""Faces are found where they are, upright or not, large or small, and nowhere else."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
import skimage.data

from samecast.core.errors import MissingPart
from samecast.ports import Face, Pixels
from samecast.vision import mesh
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.mesh import Candidate


def centre(face: Face) -> tuple[float, float]:
    left, top, width, height = face.box
    return left + width / 2, top + height / 2


def test_one_face_is_found_where_it_is(reader: MediaPipeFaces, astronaut: Pixels) -> None:
    (face,) = reader.faces(astronaut)
    assert centre(face) == pytest.approx((225, 122), abs=10)
    assert 80 < face.box[2] < 120
    assert face.landmarks.shape == (478, 3)
    assert face.landmarks.dtype == np.float32
    assert 0.8 < face.score <= 1
    left_iris, right_iris = face.landmarks[468, :2], face.landmarks[473, :2]
    assert left_iris == pytest.approx((203, 101), abs=4)
    assert right_iris == pytest.approx((246, 103), abs=5)


def test_the_same_picture_gives_the_same_face(reader: MediaPipeFaces, astronaut: Pixels) -> None:
    first, second = reader.faces(astronaut)[0], reader.faces(astronaut)[0]
    assert np.array_equal(first.landmarks, second.landmarks)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_on_its_side_still_shows_the_face(reader: MediaPipeFaces, astronaut: Pixels, quarters: int) -> None:
    turned = np.ascontiguousarray(np.rot90(astronaut, quarters))
    (face,) = reader.faces(turned)
    roll = (-90 * quarters + 3 + 180) % 360 - 180  # np.rot90 turns counter-clockwise; her own head is at +3 degrees
    assert abs((face.pose.roll - roll + 180) % 360 - 180) < 6
    x, y = {1: (122, 287), 2: (287, 390), 3: (390, 225)}[quarters]
    assert centre(face) == pytest.approx((x, y), abs=12)


def test_a_face_that_fills_the_frame(reader: MediaPipeFaces, astronaut: Pixels) -> None:
    close = cv2.resize(astronaut[62:192, 168:282], None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    (face,) = reader.faces(np.asarray(close, np.uint8))
    assert face.box[3] > 0.8 * close.shape[0]


def test_a_small_face_in_a_full_body_frame(reader: MediaPipeFaces, astronaut: Pixels) -> None:
    frame = np.full((1280, 720, 3), 120, np.uint8)
    frame[300:600, 200:500] = cv2.resize(astronaut, (300, 300), interpolation=cv2.INTER_AREA)
    (face,) = reader.faces(frame)
    assert centre(face) == pytest.approx((200 + 225 * 300 / 512, 300 + 122 * 300 / 512), abs=8)


def test_two_people_come_largest_first(reader: MediaPipeFaces, astronaut: Pixels) -> None:
    head = astronaut[0:230, 110:340]
    frame = np.full((500, 900, 3), 128, np.uint8)
    frame[50 : 50 + 230, 40 : 40 + 230] = head
    frame[80:426, 500:846] = cv2.resize(head, (346, 346), interpolation=cv2.INTER_CUBIC)[:, ::-1]
    faces = reader.faces(frame)
    assert len(faces) == 2
    assert centre(faces[0])[0] > 500 > centre(faces[1])[0]


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket"])
def test_no_face_is_invented(reader: MediaPipeFaces, name: str) -> None:
    picture = np.asarray(getattr(skimage.data, name)(), np.uint8)
    assert reader.faces(picture) == []
    assert reader.profiles(picture) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (8, 400, 3), (300, 17, 3), (64, 64, 3)])
def test_nothing_is_found_in_nothing(reader: MediaPipeFaces, shape: tuple[int, int, int]) -> None:
    assert reader.faces(np.zeros(shape, np.uint8)) == []
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert reader.faces(noise) == []


def test_a_half_turned_away_man_is_in_profile(reader: MediaPipeFaces) -> None:
    camera = np.asarray(skimage.data.camera(), np.uint8)
    (face,) = reader.faces(np.dstack([camera] * 3))
    assert face.pose.yaw > 45


def test_a_side_view_is_read_from_the_detector_s_points() -> None:
    from samecast.vision.faces import _profile

    box = (100.0, 100.0, 200.0, 200.0)
    facing_left = np.array([[150, 160], [154, 162], [92, 190], [110, 245], [250, 200], [262, 205]], np.float32)
    hint = _profile(Candidate(box=box, points=facing_left, score=0.8))
    assert hint is not None
    assert hint.side == "left"
    frontal = np.array([[150, 160], [230, 160], [190, 200], [190, 245], [110, 190], [270, 190]], np.float32)
    assert _profile(Candidate(box=box, points=frontal, score=0.95)) is None
    assert _profile(Candidate(box=box, points=facing_left, score=0.5)) is None


def test_loading_is_quiet() -> None:
    program = (
        "import numpy, skimage.data\n"
        "from samecast.vision.faces import MediaPipeFaces\n"
        "print(len(MediaPipeFaces().faces(skimage.data.astronaut())))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert done.stderr == ""


def test_without_mediapipe_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(MissingPart) as caught:
        mesh.load_mediapipe()
    assert "mediapipe==0.10.14" in caught.value.hint


def test_a_missing_libgl_is_named() -> None:
    assert "libgl1" in mesh._hint("libGL.so.1: cannot open shared object file: No such file or directory")
