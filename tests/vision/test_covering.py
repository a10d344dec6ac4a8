"""Covered eyes and mouths are not measured; beards, spectacles, darkness and grades are no covers."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from samecast.ports import Face, Pixels
from samecast.vision.covering import Covering, load_covering, read_signs
from samecast.vision.crops import Pyramid
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.identity import DlibIdentity
from samecast.vision.readings import eye_distance

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
MASK = (195, 419, 355, 345, 352, 434, 394, 396, 175, 171, 169, 214, 123, 116, 126, 196, 152, 149, 150, 378, 379, 172)
BEARD = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 435, 410, 393, 164, 167)
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)

Look = Callable[[Pixels, Face], Pixels]


@pytest.fixture(scope="module")
def covering() -> Covering:
    return load_covering()


def mask(*colour: int) -> Look:
    def wear(rgb: Pixels, face: Face) -> Pixels:
        out = rgb.copy()
        cv2.fillConvexPoly(out, cv2.convexHull(outline(face, MASK)), colour)
        return grained(out)

    return wear


def bar(rgb: Pixels, face: Face) -> Pixels:
    out = rgb.copy()
    start, end = outline(face, (127, 356))
    cv2.line(out, start.tolist(), end.tolist(), (14, 14, 16), round(0.24 * face.box[3]))
    return grained(out)


def sunglasses(rgb: Pixels, face: Face) -> Pixels:
    return spectacles(rgb, face, -1)


def spectacles(rgb: Pixels, face: Face, thick: int = 1) -> Pixels:
    """`thick`: the frame's, in pixels; -1 fills the lenses."""
    out, far = rgb.copy(), eye_distance(face)
    middles = [face.landmarks[list(pair), :2].mean(axis=0) for pair in ((33, 133), (362, 263))]
    for x, y in middles:
        cv2.ellipse(
            out,
            (round(x), round(y + 0.06 * far)),
            (round(0.42 * far), round(0.34 * far)),
            0,
            0,
            360,
            (20, 18, 20),
            thick,
        )
    return out


def beard(rgb: Pixels, face: Face) -> Pixels:
    shape = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(shape, [outline(face, BEARD)], 255)
    cv2.fillPoly(shape, [outline(face, LIPS)], 0)
    share = 0.7 * cv2.GaussianBlur(shape, (0, 0), 2.0).astype(np.float32)[..., None] / 255
    return np.asarray(rgb * (1 - share) + np.array((45, 34, 28)) * share, np.uint8)


def hair_over_one_eye(rgb: Pixels, face: Face) -> Pixels:
    """Dark hair from the parting over the eye on the viewer's right, down to the jaw."""
    out = rgb.copy()
    cv2.fillPoly(out, [outline(face, (338, 336, 463, 280, 367, 397, 361, 454, 251))], (40, 30, 26))
    return grained(out)


def outline(face: Face, points: Sequence[int]) -> Pixels:
    return np.asarray(np.round(face.landmarks[list(points), :2]), np.int32)


def grained(rgb: Pixels) -> Pixels:
    return np.asarray(np.clip(rgb + np.random.default_rng(0).normal(0, 3, rgb.shape), 0, 255), np.uint8)


def neon(rgb: Pixels, face: Face) -> Pixels:
    share = (1 / (1 + np.exp(-(np.arange(rgb.shape[1]) - face.box[0] - face.box[2] / 2) / 12)))[None, :, None]
    light = (1 - share) * np.array((1.1, 0.4, 0.9)) + share * np.array((0.3, 0.85, 1.0))
    return np.asarray(np.clip(rgb * light, 0, 255), np.uint8)


COVERS: dict[str, Look] = {
    "blue mask": mask(150, 190, 212),
    "white mask": mask(230, 230, 226),
    "black mask": mask(26, 26, 30),
    "bar over the eyes": bar,
    "sunglasses": sunglasses,
}
NO_COVERS: dict[str, Look] = {
    "untouched": lambda rgb, face: rgb,
    "beard": beard,
    "spectacles": spectacles,
    "heavy spectacles": lambda rgb, face: spectacles(rgb, face, 3),
    "a quarter of the light": lambda rgb, face: np.asarray(rgb * 0.53, np.uint8),
    "a twentieth of the light": lambda rgb, face: np.asarray(rgb * 0.25, np.uint8),
    "warm": lambda rgb, face: np.asarray(np.clip(rgb * np.array((1.15, 0.95, 0.7)), 0, 255), np.uint8),
    "night": lambda rgb, face: np.asarray(rgb * np.array((0.4, 0.5, 0.8)), np.uint8),
    "neon": neon,
    "black and white": lambda rgb, face: np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
    "upside down": lambda rgb, face: np.ascontiguousarray(rgb[::-1, ::-1]),
    "hair over one eye": hair_over_one_eye,
}


@pytest.mark.parametrize("name", COVERS)
def test_covered_eyes_or_mouth_are_not_measured(
    name: str, reader: MediaPipeFaces, astronaut: Pixels, eileen: Face
) -> None:
    """Where the mesh finds no face in it at all, there is nothing to doubt: then the same mesh is asked."""
    worn = COVERS[name](astronaut, eileen)
    face = next(iter(reader.faces(worn)), eileen)
    assert DlibIdentity().doubt(worn, face) == "covered"


@pytest.mark.parametrize("name", NO_COVERS)
def test_what_covers_neither_is_measured(name: str, reader: MediaPipeFaces, astronaut: Pixels, eileen: Face) -> None:
    shown = NO_COVERS[name](astronaut, eileen)
    assert DlibIdentity().doubt(shown, reader.faces(shown)[0]) is None


def test_each_cover_is_told_by_its_own_part(covering: Covering, astronaut: Pixels, eileen: Face) -> None:
    masked = read_signs(Pyramid(mask(150, 190, 212)(astronaut, eileen)), eileen)
    shaded = read_signs(Pyramid(sunglasses(astronaut, eileen)), eileen)
    assert covering.mouth.logit(masked.mouth) > covering.mouth.limit
    assert covering.eyes.logit(masked.eyes) < covering.eyes.limit
    assert covering.eyes.logit(shaded.eyes) > covering.eyes.limit
    assert covering.mouth.logit(shaded.mouth) < covering.mouth.limit


def test_one_covered_eye_is_no_cover(covering: Covering, astronaut: Pixels, eileen: Face) -> None:
    signs = read_signs(Pyramid(hair_over_one_eye(astronaut, eileen)), eileen)
    assert covering.eyes.logit(signs.eyes) < 0


def test_a_face_cut_off_by_the_frame_is_read(covering: Covering, astronaut: Pixels, eileen: Face) -> None:
    left = round(float(eileen.landmarks[4, 0]))
    moved = eileen.landmarks - np.array([left, 0, 0], np.float32)
    cut = Face(box=(eileen.box[0] - left, *eileen.box[1:]), landmarks=moved, pose=eileen.pose, score=eileen.score)
    signs = read_signs(Pyramid(np.ascontiguousarray(astronaut[:, left:])), cut)
    assert np.isfinite([signs.mouth.detail, signs.mouth.red, signs.eyes.light, signs.eyes.detail]).all()


def test_it_costs_little(covering: Covering, astronaut: Pixels, eileen: Face) -> None:
    pyramid = Pyramid(astronaut)
    spent = []
    for _ in range(20):
        start = time.perf_counter()
        covering.covers(pyramid, eileen)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.004


@pytest.mark.skipif(not EVAL.is_dir(), reason="the pictures of real people to measure on are not here")
def test_real_faces_are_hardly_ever_called_covered(reader: MediaPipeFaces, covering: Covering) -> None:
    called, seen = [], 0
    for path in sorted((EVAL / "deepface").glob("*.jpg"))[::3] + sorted((EVAL / "azure-face").glob("*.jpg"))[::3]:
        rgb = np.asarray(Image.open(path).convert("RGB"))
        faces = reader.faces(rgb)[:1]
        seen += len(faces)
        called += [path.name for face in faces if covering.covers(Pyramid(rgb), face)]
    assert seen >= 25
    assert called == []


@pytest.mark.skipif(not EVAL.is_dir(), reason="the clip to measure on is not here")
def test_hair_over_one_eye_in_a_real_clip_stays_measured(reader: MediaPipeFaces, covering: Covering) -> None:
    clip = cv2.VideoCapture(str(EVAL / "opens2v" / "stock_clip.mp4"))
    frames = [clip.read()[1] for _ in range(int(clip.get(cv2.CAP_PROP_FRAME_COUNT)))]
    judged = [np.ascontiguousarray(frame[:, :, ::-1], np.uint8) for frame in frames[:: max(1, len(frames) // 16)]]
    faces = [(rgb, face) for rgb in judged for face in reader.faces(rgb)[:1]]
    assert len(faces) >= 12
    assert not any(covering.covers(Pyramid(rgb), face) for rgb, face in faces)
