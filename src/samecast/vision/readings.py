"""Numbers read off one face: eyes, mouth, light, sharpness. Measures only; `core.reference_rules` judges.

Everything is read on an upright chip, so that a tilted head reads like a straight one. Left and right are the viewer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samecast.ports import Face, Floats, Pixels
from samecast.vision.crops import Pyramid, Square

_STANDARD_EYES = 113.0
_STANDARD_SIDE = 616
"""OFIQ's aligned crop: 616 pixels a side, the eyes 113 apart, at 44 % of its height."""
_EYES_HEIGHT = 272 / 616

EYES = ((33, 133), (362, 263))
"""Outer and inner corners of the eye on the viewer's left, then of the other, each from left to right."""
_UPPER_LIDS = ((158, 159, 160), (385, 386, 387))
_LOWER_LIDS = ((144, 145, 153), (373, 374, 380))
CHEEKS = ((117, 118, 101, 36, 205, 50), (346, 347, 330, 266, 425, 280))
"""Outlines of the two cheeks' flat parts; they follow the head as it turns."""
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


_STEPS = np.arange(256, dtype=np.float32) / 255
_CURVE = np.where(_STEPS <= 0.04045, _STEPS / 12.92, ((_STEPS + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""sRGB to linear light."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EyeReading:
    """`opening`: lid gap over eye width; `lid`: how far the gap's middle hangs below the corners, over eye width."""

    opening: float
    lid: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LightReading:
    """See `core.measurements.Measurements` for each number."""

    cheek_left: float
    cheek_right: float
    evenness: float
    dark_share: float
    bright_share: float
    eye_light: float


def eye_distance(face: Face) -> float:
    """Pixels between the middles of both eyes' corners, divided by cos(yaw) (OFIQ); yaw counts up to 60 degrees."""
    middles = [face.landmarks[list(corners), :2].mean(axis=0) for corners in EYES]
    turned = np.cos(np.radians(min(abs(face.pose.yaw), 60.0)))
    return float(np.linalg.norm(middles[1] - middles[0]) / turned)


def read_eyes(face: Face) -> tuple[EyeReading, EyeReading]:
    """The eye on the viewer's left, then the other."""
    left, right = (
        _read_eye(face.landmarks[:, :2], corners, uppers, lowers)
        for corners, uppers, lowers in zip(EYES, _UPPER_LIDS, _LOWER_LIDS, strict=True)
    )
    return left, right


def _read_eye(points: Floats, corners: tuple[int, int], uppers: tuple[int, ...], lowers: tuple[int, ...]) -> EyeReading:
    start, end = points[corners[0]], points[corners[1]]
    width = max(float(np.linalg.norm(end - start)), 1e-6)
    along = (end - start) / width
    down = np.array([-along[1], along[0]])
    upper = float(((points[list(uppers)] - start) @ down).mean()) / width
    lower = float(((points[list(lowers)] - start) @ down).mean()) / width
    return EyeReading(opening=lower - upper, lid=(lower + upper) / 2)


def mouth_width(face: Face) -> float:
    """Mouth width over face width, in three dimensions so that a turned head reads alike."""
    points = face.landmarks
    across = float(np.linalg.norm(points[454] - points[234]))
    return float(np.linalg.norm(points[291] - points[61])) / max(across, 1e-6)


def standard_square(face: Face) -> Square:
    """OFIQ's aligned crop as a square on the picture."""
    side = _STANDARD_SIDE / _STANDARD_EYES * eye_distance(face)
    eyes = np.mean([face.landmarks[list(corners), :2].mean(axis=0) for corners in EYES], axis=0)
    roll = np.radians(face.pose.roll)
    below = (0.5 - _EYES_HEIGHT) * side
    return Square(
        x=float(eyes[0] - np.sin(roll) * below), y=float(eyes[1] + np.cos(roll) * below), side=side, roll=float(roll)
    )


def read_light(pyramid: Pyramid, face: Face) -> LightReading:
    """Luminance of cheeks, eyes and face on the aligned crop."""
    chip, points = _chip(pyramid, face, _STANDARD_SIDE)
    linear = linear_luminance(chip)
    luma = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY))
    oval = _inside(luma.shape, points[list(OVAL)])
    cheeks = [_inside(luma.shape, points[list(outline)]) for outline in CHEEKS]
    left, right = (float(linear[cheek].mean()) if cheek.any() else float(linear[oval].mean()) for cheek in cheeks)
    left, right = _without_gloss((left, right), [_chroma(chip[cheek]) for cheek in cheeks])
    eyes = [_eye_zone(luma.shape, points, corners) for corners in EYES]
    ratios = [_upper_quartile(linear, eye) / max(cheek, 0.01) for eye, cheek in zip(eyes, (left, right), strict=True)]
    return LightReading(
        cheek_left=left,
        cheek_right=right,
        evenness=_evenness(linear, cheeks[0], cheeks[1]),
        dark_share=float((luma[oval] <= 25).mean()) if oval.any() else 0.0,
        bright_share=float((luma[oval] >= 247).mean()) if oval.any() else 0.0,
        eye_light=float(min(ratios)),
    )


_COLOURED = 0.03
"""Linear red less blue below which skin is too grey, or too dark, to tell light from gloss."""


def _chroma(pixels: Pixels) -> float:
    """Mean linear red less blue of N x 3 pixels: gloss is white and adds nothing to it, light on skin does."""
    return float((_CURVE[pixels[:, 0]] - _CURVE[pixels[:, 2]]).mean()) if len(pixels) else 0.0


def _without_gloss(cheeks: tuple[float, float], chroma: Sequence[float]) -> tuple[float, float]:
    """Both cheeks' luminance, the brighter one lowered to what the skin's own colour says: dark skin shines."""
    darker, brighter = (0, 1) if cheeks[0] < cheeks[1] else (1, 0)
    if min(chroma) < _COLOURED:
        return cheeks
    lit = min(cheeks[brighter], cheeks[darker] * max(1.0, chroma[brighter] / chroma[darker]))
    return (cheeks[0], lit) if brighter == 1 else (lit, cheeks[1])


def _upper_quartile(values: Floats, mask: npt.NDArray[np.bool_]) -> float:
    """Bright even behind heavy frames, dark only where the whole zone is."""
    return float(np.quantile(values[mask], 0.75)) if mask.any() else 1.0


def _evenness(linear: Floats, left: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_]) -> float:
    """OFIQ: 100 times the shared histogram (256 bins) of both cheeks to the power 0.3."""
    if not left.any() or not right.any():
        return 0.0
    shared = np.minimum(*(np.histogram(linear[m], bins=256, range=(0, 1))[0] / m.sum() for m in (left, right)))
    return float(100 * shared.sum() ** 0.3)


def read_sharpness(pyramid: Pyramid, face: Face) -> float:
    """Mean absolute Laplacian inside the face, its eyes 113 pixels apart or at their own distance where that is less.

    Never enlarged: a small sharp face is sharp, and too small is another rule's business.
    """
    scale = min(1.0, eye_distance(face) / _STANDARD_EYES)
    chip, points = _chip(pyramid, face, max(48, round(_STANDARD_SIDE * scale)))
    return _laplacian(chip, _inside(chip.shape[:2], points[list(OVAL)]))


def picture_sharpness(rgb: Pixels) -> float:
    """Mean absolute Laplacian of the sharpest quarter of 8 x 8 tiles, longest side 512: a blurred background may be."""
    small, _ = Pyramid(rgb).fit(512)
    edges = np.abs(cv2.Laplacian(_smoothed(small), cv2.CV_32F, ksize=3))
    tiles = cv2.resize(edges, (8, 8), interpolation=cv2.INTER_AREA)
    return float(np.sort(tiles.ravel())[-16:].mean())


def _laplacian(chip: Pixels, mask: npt.NDArray[np.bool_]) -> float:
    edges = np.abs(cv2.Laplacian(_smoothed(chip), cv2.CV_32F, ksize=3))
    return float(edges[mask].mean()) if mask.any() else float(edges.mean())


def _smoothed(rgb: Pixels) -> Pixels:
    """Luma after OFIQ's 3 x 3 blur, which keeps noise from passing as sharpness."""
    return np.asarray(cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (3, 3), 0), np.uint8)


def linear_luminance(rgb: Pixels) -> Floats:
    """Relative luminance 0..1 of sRGB pixels: .2126 R + .7152 G + .0722 B after linearising (IEC 61966-2-1)."""
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
    return np.asarray(_CURVE[rgb] @ weights, np.float32)


def _chip(pyramid: Pyramid, face: Face, pixels: int) -> tuple[Pixels, Floats]:
    square = standard_square(face)
    matrix = square.matrix(pixels)
    points = face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return pyramid.crop(square, pixels), points.astype(np.float32)


def _inside(shape: tuple[int, ...], outline: Floats) -> npt.NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    return mask.astype(bool)


def _eye_zone(shape: tuple[int, ...], points: Floats, corners: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """An ellipse over the eye and its lids, a little smaller than a spectacle lens."""
    start, end = points[corners[0]], points[corners[1]]
    middle, width = (start + end) / 2, float(np.linalg.norm(end - start))
    mask = np.zeros(shape[:2], np.uint8)
    axes = (max(1, round(width * 0.65)), max(1, round(width * 0.45)))
    cv2.ellipse(mask, (round(float(middle[0])), round(float(middle[1]))), axes, 0, 0, 360, 1, -1)
    return mask.astype(bool)
