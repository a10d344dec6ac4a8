"""Copies of a reference, made from real pictures: what a paste of it looks like after a grade, a warp, a new scene.

Every edit takes an H x W x 3 uint8 picture and gives one, drawn from the seeded generator handed to it. Nothing is
written to disk here.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from samecast.ports import Face, Floats, Pixels

Doubles = npt.NDArray[np.float64]
Chance = np.random.Generator
Box = tuple[float, float, float, float]

_LIDS = (
    (246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155), (466, 249), (388, 390),
    (387, 373), (386, 374), (385, 380), (384, 381), (398, 382),
)  # fmt: skip
_STILL = (33, 133, 362, 263, 1, 152, 10, 234, 454, 117, 346)
_BROWS_AND_MOUTH = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 61, 291, 50, 280)
_CORNERS = ((61, 146, 185, 76, 62), (291, 375, 409, 306, 292))
_MOUTH_STILL = (0, 17, 105, 334, 2, 98, 327, 172, 397, 58, 288)


def _pixels(values: Doubles | Floats) -> Pixels:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _pulled(rgb: Pixels, places: Floats) -> Pixels:
    """Each pixel from its place in the picture, H x W x 2."""
    xs, ys = places[..., 0].copy(), places[..., 1].copy()
    return np.asarray(cv2.remap(rgb, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)


def resized(rgb: Pixels, factor: float) -> Pixels:
    return np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(rgb: Pixels, quality: int) -> Pixels:
    _, content = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def cropped(rgb: Pixels, box: Box, chance: Chance) -> Pixels:
    """A square around the box, turned by up to 15 degrees, 0.7 to 1.4 times as large."""
    x, y, w, h = box
    scale = float(chance.uniform(0.7, 1.4))
    side = int(min(1000.0, 2.0 * max(w, h) * scale))
    middle, angle = (x + w / 2, y + h / 2), float(chance.uniform(-15, 15))
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, angle, scale), np.float64)
    matrix[:, 2] += side / 2 - np.array(middle)
    return np.asarray(cv2.warpAffine(rgb, matrix, (side, side), borderMode=cv2.BORDER_REFLECT), np.uint8)


def graded(rgb: Pixels, chance: Chance) -> Pixels:
    """Another gamma and contrast, warmer or colder."""
    light = (rgb.astype(np.float64) / 255) ** float(chance.uniform(0.7, 1.4))
    tint = (1.12, 1.0, 0.82) if chance.random() < 0.5 else (0.85, 1.0, 1.15)
    return _pixels(((light - 0.5) * float(chance.uniform(0.8, 1.3)) + 0.5) * np.array(tint) * 255)


def night(rgb: Pixels, chance: Chance) -> Pixels:
    """A third of the light, blue, with noise."""
    light = (rgb.astype(np.float64) / 255) ** 1.3 * np.array([0.25, 0.32, 0.5])
    return _pixels((light + chance.normal(0, 0.012, light.shape)) * 255)


def relit(rgb: Pixels, box: Box, chance: Chance) -> Pixels:
    """A warm light from one side, up to 16 times as strong on one edge of the box as on the other."""
    x, y, w, h = box
    across = np.clip((np.arange(rgb.shape[1]) - x - w / 2) / w, -1, 1)[None, :, None]
    down = np.clip((np.arange(rgb.shape[0]) - y) / h, -1, 2)[:, None, None]
    gain = np.exp(float(chance.choice([-1, 1])) * across * 1.4) * np.exp(-0.3 * down)
    return _pixels(rgb * gain * np.array([1.0, 0.8, 0.6]) * 0.8)


def mirrored(rgb: Pixels) -> Pixels:
    return np.ascontiguousarray(rgb[:, ::-1])


def bent(rgb: Pixels, chance: Chance) -> Pixels:
    """Every place moved smoothly, by a few hundredths of the width."""
    height, width = rgb.shape[:2]
    moves = [cv2.resize(chance.normal(0, 1, (4, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
             * (0.018 * width) for _ in range(2)]  # fmt: skip
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    places = np.dstack([xs + moves[0], ys + moves[1]]).astype(np.float32)
    return _pulled(rgb, places)


def tilted(rgb: Pixels, chance: Chance) -> Pixels:
    """Seen at a slant: each corner moved by up to 7 % of the picture."""
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    there = (corners + chance.uniform(-0.07, 0.07, (4, 2)) * [width, height]).astype(np.float32)
    move = cv2.getPerspectiveTransform(corners, there)
    return np.asarray(cv2.warpPerspective(rgb, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


# --- faces --------------------------------------------------------------------------------------------------------


def turned(rgb: Pixels, face: Face, chance: Chance) -> Pixels:
    """The head turned by 6 to 12 degrees and tipped by up to 5, by its own mesh."""
    mesh = face.landmarks[:468].astype(np.float64)
    a = np.radians(float(chance.choice([-1, 1])) * float(chance.uniform(6, 12)))
    b = np.radians(float(chance.uniform(-5, 5)))
    yaw = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    pitch = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    middle = mesh.mean(axis=0)
    there = (mesh - middle) @ (yaw @ pitch).T + middle
    return _moved(rgb, mesh[::3, :2], there[::3, :2])


def blinking(rgb: Pixels, face: Face) -> Pixels:
    """The upper lids lowered onto the lower ones."""
    here = face.landmarks[:468, :2].astype(np.float64)
    there = here.copy()
    for upper, lower in _LIDS:
        there[upper] += 0.85 * (here[lower] - here[upper])
    rows = sorted({i for pair in _LIDS for i in pair} | set(_STILL) | set(_BROWS_AND_MOUTH))
    return _moved(rgb, here[rows], there[rows])


def smiling(rgb: Pixels, face: Face) -> Pixels:
    """The corners of the mouth drawn up and out by a tenth of its width."""
    here = face.landmarks[:468, :2].astype(np.float64)
    there = here.copy()
    across = here[291] - here[61]
    up = (here[10] - here[152]) / np.linalg.norm(here[10] - here[152]) * np.linalg.norm(across)
    for corner, outward in zip(_CORNERS, (-1, 1), strict=True):
        there[list(corner)] += 0.10 * up + 0.12 * outward * across
    rows = sorted({i for corner in _CORNERS for i in corner} | set(_STILL) | set(_MOUTH_STILL))
    return _moved(rgb, here[rows], there[rows])


def swapped(rgb: Pixels, face: Face, frame: Pixels, onto: Face) -> Pixels:
    """The face put onto somebody else's head, in that picture's colours, its edge feathered."""
    mesh, there = (f.landmarks[:468, :2].astype(np.float64) for f in (face, onto))
    places, inside = _through(frame.shape[:2], mesh, there)
    places[~inside] = -9
    shrink = face.box[2] / onto.box[2]
    source = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.45 * shrink), np.uint8) if shrink > 1.2 else rgb
    skin = _pulled(source, places).astype(np.float64)
    own = skin[inside]
    skin = (skin - own.mean(axis=0)) / (own.std(axis=0) + 1e-3) * frame[inside].std(axis=0) + frame[inside].mean(axis=0)
    share = _oval(frame, onto, 0.9, 0.05) * inside[..., None]
    return _pixels(skin * share + frame * (1 - share))


def face_matte(rgb: Pixels, face: Face) -> Floats:
    """A soft oval around the head."""
    return np.asarray(_oval(rgb, face, 1.35, 0.08)[..., 0], np.float32)


def composited(rgb: Pixels, matte: Floats, scene: Pixels, scale: float, chance: Chance) -> Pixels:
    """Cut out, dimmed and cooled, before another blurred picture, with rain, grain and compression."""
    height, width = rgb.shape[:2]
    back = cv2.GaussianBlur(cv2.resize(scene, (width, height)), (0, 0), 3).astype(np.float64) * 0.55
    left = float(chance.uniform(0, 1 - scale)) * width
    move = np.array([[scale, 0, left], [0, scale, (1 - scale) * height]])
    figure = cv2.warpAffine(rgb, move, (width, height), flags=cv2.INTER_AREA).astype(np.float64)
    share = cv2.warpAffine(matte, move, (width, height))[..., None]
    shown = figure * np.array([0.62, 0.67, 0.88]) * share + back * (1 - share)
    shown = _rain(shown, chance) + chance.normal(0, 8, (height, width, 1))
    return jpeg(_pixels(shown), 60)


def _rain(shown: Doubles, chance: Chance) -> Doubles:
    height, width = shown.shape[:2]
    streaks = np.zeros((height, width), np.float32)
    for _ in range(height * width // 700):
        x, y = int(chance.integers(0, width)), int(chance.integers(0, height))
        length = int(chance.integers(height // 40, max(height // 12, height // 40 + 1)))
        cv2.line(streaks, (x, y), (x + length // 5, y + length), float(chance.uniform(0.1, 0.5)), 1)
    return np.asarray(shown + cv2.GaussianBlur(streaks, (0, 0), 0.7)[..., None] * 120, np.float64)


def _oval(rgb: Pixels, face: Face, grow: float, soft: float) -> Doubles:
    hull = cv2.convexHull(face.landmarks[:468, :2].astype(np.float32)).reshape(-1, 2)
    middle = hull.mean(axis=0)
    mask = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, ((hull - middle) * grow + middle).astype(np.int32), 255)
    return np.asarray(cv2.GaussianBlur(mask / 255.0, (0, 0), max(1.0, soft * face.box[2]))[..., None], np.float64)


def _moved(rgb: Pixels, here: Doubles, there: Doubles) -> Pixels:
    """Points carried from `here` to `there`, and everything between them; a frame around them stays."""
    low, high = here.min(axis=0), here.max(axis=0)
    margin = float((high - low).max()) / 2
    xs, ys = ((low[i] - margin, (low[i] + high[i]) / 2, high[i] + margin) for i in (0, 1))
    frame = np.array([(x, y) for x in xs for y in ys if (x, y) != (xs[1], ys[1])])
    places, _ = _through(rgb.shape[:2], np.vstack([here, frame]), np.vstack([there, frame]))
    return _pulled(rgb, places)


def _through(size: tuple[int, ...], here: Doubles, there: Doubles) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """For each pixel, where it comes from when `here` goes `there`, H x W x 2; and whether it lies in the mesh."""
    mesh = Delaunay(there)
    ys, xs = np.mgrid[0 : size[0], 0 : size[1]]
    places = np.column_stack([xs.ravel(), ys.ravel()]).astype(np.float64)
    found = mesh.find_simplex(places)
    inside = found >= 0
    affine = mesh.transform[found[inside]]
    shares = np.einsum("nij,nj->ni", affine[:, :2], places[inside] - affine[:, 2])
    shares = np.column_stack([shares, 1 - shares.sum(axis=1)])
    source = places.astype(np.float32)
    source[inside] = np.einsum("ni,nij->nj", shares, here[mesh.simplices[found[inside]]])
    return source.reshape(*size, 2), inside.reshape(size)


Edit = Callable[[Chance], Pixels]


def face_edits(rgb: Pixels, face: Face, other: Pixels, others: Face) -> dict[str, Edit]:
    """Copies of a picture with a face; `other` is somebody else's picture."""
    small = min(0.8, 40 / float(np.linalg.norm(face.landmarks[33, :2] - face.landmarks[263, :2])))
    return {
        "resized (eyes about 40 px apart)": lambda chance: resized(rgb, small),
        "JPEG 30": lambda chance: jpeg(rgb, 30),
        "cropped, turned, scaled": lambda chance: cropped(rgb, face.box, chance),
        "graded": lambda chance: graded(rgb, chance),
        "night grade": lambda chance: night(rgb, chance),
        "relit from one side": lambda chance: relit(rgb, face.box, chance),
        "mirrored": lambda chance: mirrored(rgb),
        "head turned 6 to 12 degrees": lambda chance: turned(rgb, face, chance),
        "blink": lambda chance: blinking(rgb, face),
        "smile": lambda chance: smiling(rgb, face),
        "composited, rain, grain": lambda chance: composited(rgb, face_matte(rgb, face), other, 1.0, chance),
        "face put onto another head": lambda chance: swapped(rgb, face, other, others),
        "turned, graded, relit, mirrored, resized, JPEG 50": lambda chance: jpeg(
            resized(mirrored(relit(graded(turned(rgb, face, chance), chance), face.box, chance)), small), 50
        ),
    }


def whole_edits(rgb: Pixels, matte: Floats, other: Pixels) -> dict[str, Edit]:
    """Copies of a picture without a face; `matte` says where its subject is."""
    height, width = rgb.shape[:2]
    box = (width * 0.25, height * 0.25, width * 0.5, height * 0.5)
    return {
        "resized to 35 %": lambda chance: resized(rgb, 0.35),
        "JPEG 30": lambda chance: jpeg(rgb, 30),
        "cropped, turned, scaled": lambda chance: cropped(rgb, box, chance),
        "graded": lambda chance: graded(rgb, chance),
        "night grade": lambda chance: night(rgb, chance),
        "relit from one side": lambda chance: relit(rgb, box, chance),
        "mirrored": lambda chance: mirrored(rgb),
        "seen at a slant": lambda chance: tilted(rgb, chance),
        "bent": lambda chance: bent(rgb, chance),
        "composited at half to nine tenths, rain, grain": lambda chance: composited(
            rgb, matte, other, float(chance.uniform(0.5, 0.9)), chance
        ),
        "bent, graded, relit, mirrored, halved, JPEG 50": lambda chance: jpeg(
            resized(mirrored(relit(graded(bent(rgb, chance), chance), box, chance)), 0.5), 50
        ),
    }
