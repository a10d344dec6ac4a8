"""Damage done to real pictures of a face, so that what a meter says to it can be counted. Pixels only, no verdicts.

Every edit takes an H x W x 3 picture, its face and the subject's matte, and gives a picture of the same subject.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samecast.ports import Face, Floats, Pixels
from samecast.vision.readings import OVAL, eye_distance

SKY_BLUE, RED = (150, 190, 210), 2
_LINEAR = np.where(
    np.arange(256) <= 10, np.arange(256) / 255 / 12.92, ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4
).astype(np.float32)
_EYE_LINE = (127, 356)
"""Temples: a bar between them covers both eyes."""
_MASK = (
    195, 419, 277, 355, 371, 345, 352, 411, 416, 434, 364, 394, 395, 369, 396, 175, 171, 140, 170, 169, 135, 214, 192,
    187, 123, 116, 142, 126, 47, 196,
)  # fmt: skip
_CHIN = (152, 148, 176, 149, 150, 136, 172, 397, 365, 379, 378, 400, 377)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """A picture with one face in it. `alpha`: H x W, the subject's matte."""

    rgb: Pixels
    face: Face
    alpha: Floats


Edit = Callable[[Sitter], Pixels]


def unchanged(sitter: Sitter) -> Pixels:
    return sitter.rgb


def blurred(share: float) -> Edit:
    """A Gaussian whose sigma is this share of the distance between the eyes."""
    return lambda s: np.asarray(cv2.GaussianBlur(s.rgb, (0, 0), max(0.3, share * eye_distance(s.face))), np.uint8)


def dark(light: float, *, noise: float = 0.0) -> Edit:
    """This share of the light (in linear light), with a sensor's noise in the 8-bit picture where asked for."""

    def edit(s: Sitter) -> Pixels:
        linear = _LINEAR[s.rgb] * light
        out = 255 * np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
        out += np.random.default_rng(0).normal(0, noise, out.shape) if noise else 0
        return np.asarray(np.clip(np.round(out), 0, 255), np.uint8)

    return edit


def jpeg(quality: int) -> Edit:
    def edit(s: Sitter) -> Pixels:
        _, coded = cv2.imencode(".jpg", s.rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        return np.ascontiguousarray(decoded[:, :, ::-1])

    return edit


def small(pixels: int) -> Edit:
    """The whole picture shrunk until the face is so many pixels wide."""

    def edit(s: Sitter) -> Pixels:
        scale = min(1.0, pixels / s.face.box[2])
        return np.asarray(cv2.resize(s.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)

    return edit


def mirrored(s: Sitter) -> Pixels:
    return np.ascontiguousarray(s.rgb[:, ::-1])


def sunglasses(s: Sitter) -> Pixels:
    """A black bar over both eyes and brows, a quarter of the face's height thick."""
    left, right = s.face.landmarks[_EYE_LINE[0], :2], s.face.landmarks[_EYE_LINE[1], :2]
    eyes = s.face.landmarks[[33, 133, 362, 263], :2].mean(axis=0)
    shift = eyes - (left + right) / 2
    out = s.rgb.copy()
    start, end = (tuple(int(v) for v in np.round(point + shift)) for point in (left, right))
    cv2.line(out, start, end, (12, 12, 14), max(2, round(0.24 * s.face.box[3])))
    return out


def face_mask(s: Sitter) -> Pixels:
    """A surgical mask: everything from the bridge of the nose down to the chin, in one colour with soft folds."""
    points = np.concatenate([s.face.landmarks[list(_MASK), :2], s.face.landmarks[list(_CHIN), :2]])
    shape = np.zeros(s.rgb.shape[:2], np.uint8)
    cv2.fillConvexPoly(shape, cv2.convexHull(np.round(points).astype(np.int32)), 255)
    rows = np.arange(s.rgb.shape[0])[:, None, None] / max(s.face.box[3] * 0.12, 1.0)
    cloth = np.array(SKY_BLUE) * (0.93 + 0.07 * np.sin(2 * np.pi * rows))
    return _laid_over(s.rgb, np.broadcast_to(cloth, s.rgb.shape), shape, s.face)


def hand(s: Sitter) -> Pixels:
    """A skin-coloured patch as large as a palm over a cheek and half of the mouth."""
    left, top, width, height = s.face.box
    skin = np.median(s.rgb[_oval(s) > 0].reshape(-1, 3), axis=0) * 0.85
    shape = np.zeros(s.rgb.shape[:2], np.uint8)
    centre = (round(left + 0.30 * width), round(top + 0.68 * height))
    cv2.ellipse(shape, centre, (round(0.30 * width), round(0.36 * height)), 20, 0, 360, 255, -1)
    return _laid_over(s.rgb, np.broadcast_to(skin, s.rgb.shape), shape, s.face)


def red_hair(s: Sitter) -> Pixels:
    """The hair's hue turned to red and its colour strengthened."""
    hsv = cv2.cvtColor(s.rgb, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[:, :, 0] = RED
    hsv[:, :, 1] = np.clip(0.5 * hsv[:, :, 1] + 120, 0, 255)
    hsv[:, :, 2] = np.clip(1.2 * hsv[:, :, 2] + 25, 0, 255)
    dyed = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)
    return _blend(s.rgb, dyed, _hair(s))


def grey_hair(s: Sitter) -> Pixels:
    """The hair without colour and much lighter."""
    luma = cv2.cvtColor(s.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    return _blend(s.rgb, np.broadcast_to(np.clip(90 + 0.75 * luma, 0, 255), s.rgb.shape), _hair(s))


def aged(s: Sitter) -> Pixels:
    """Grey hair, paler skin, and every line of the face twice as deep: as near to age as simple filters come."""
    grey = grey_hair(s).astype(np.float32)
    luma = grey.mean(axis=2, keepdims=True)
    pale = 0.6 * grey + 0.4 * luma
    lines = pale - cv2.GaussianBlur(pale, (0, 0), 0.06 * eye_distance(s.face))
    face = cv2.GaussianBlur(_oval(s), (0, 0), 0.1 * eye_distance(s.face)).astype(np.float32) / 255
    return _blend(grey.astype(np.uint8), np.clip(pale + np.minimum(lines, 0), 0, 255), face)


def _hair(s: Sitter) -> Floats:
    """The subject's matte around the head, less the face: hair, with whatever else is worn on a head."""
    left, top, width, height = s.face.box
    head = np.zeros(s.rgb.shape[:2], np.uint8)
    centre = (round(left + width / 2), round(top + 0.38 * height))
    cv2.ellipse(head, centre, (round(0.95 * width), round(0.98 * height)), 0, 0, 360, 255, -1)
    face = cv2.dilate(_oval(s), np.ones((3, 3), np.uint8), iterations=max(1, round(0.02 * width)))
    soft = cv2.GaussianBlur(np.where(face > 0, 0, head).astype(np.uint8), (0, 0), max(1.0, 0.03 * width))
    return np.asarray(soft.astype(np.float32) / 255 * s.alpha * (1 - _skin(s)), np.float32)


def _skin(s: Sitter) -> Floats:
    """How much a pixel has the colour of the face's skin, 0..1, whatever the light on it: neck, ears and forehead."""
    lab = cv2.cvtColor(cv2.GaussianBlur(s.rgb, (0, 0), 1.0).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    skin = np.median(lab[_oval(s) > 0], axis=0)
    apart = np.linalg.norm((lab - skin) * np.array([0.5, 1.0, 1.0]), axis=2)
    return np.asarray(np.clip((24 - apart) / 10, 0, 1), np.float32)


def _oval(s: Sitter) -> Pixels:
    mask = np.zeros(s.rgb.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(s.face.landmarks[list(OVAL), :2]).astype(np.int32)], 255)
    return mask


def _laid_over(rgb: Pixels, cover: Floats, shape: Pixels, face: Face) -> Pixels:
    soft = cv2.GaussianBlur(shape, (0, 0), max(0.8, 0.01 * face.box[2])).astype(np.float32) / 255
    return _blend(rgb, cover, soft)


def _blend(below: Pixels, above: npt.ArrayLike, weight: npt.ArrayLike) -> Pixels:
    share = np.asarray(weight, np.float32)[..., None]
    out = below * (1 - share) + np.asarray(above) * share
    return np.asarray(np.clip(np.round(out), 0, 255), np.uint8)


EDITS: dict[str, Edit] = {
    "unchanged": unchanged,
    "blur, σ 2 % of the eye distance": blurred(0.02),
    "blur, 5 %": blurred(0.05),
    "blur, 8 %": blurred(0.08),
    "blur, 12 %": blurred(0.12),
    "a quarter of the light": dark(0.25),
    "a twentieth": dark(0.05),
    "a twentieth, with noise": dark(0.05, noise=6),
    "a hundredth": dark(0.01),
    "JPEG quality 20": jpeg(20),
    "JPEG quality 5": jpeg(5),
    "face 64 pixels wide": small(64),
    "face 40 pixels wide": small(40),
    "face 24 pixels wide": small(24),
    "bar over the eyes": sunglasses,
    "mask over nose and mouth": face_mask,
    "palm over a cheek": hand,
    "mirrored": mirrored,
    "hair dyed red": red_hair,
    "hair turned grey": grey_hair,
    "aged (grey, paler, deeper lines)": aged,
}
