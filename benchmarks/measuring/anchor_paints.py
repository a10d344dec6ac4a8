"""Things worn, painted on the clothes of real photographs, and coloured light, for measuring how colours are told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np

from samecast.ports import Face, Floats, Pixels
from samecast.vision.anchors.colours import ciede2000

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "cyan": (50, 200, 210),
    "red": (190, 35, 40),
    "mustard": (200, 160, 45),
    "green": (40, 140, 70),
    "violet": (130, 75, 175),
    "white": (235, 235, 230),
    "orange": (235, 125, 35),
    "blue": (45, 85, 185),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Worn:
    """Something below the face: corners from between the eyes, in eye distances, x to the viewer's right.

    `width`: of a line through the corners; 0 fills them. `cover`: how far it hides what is below.
    """

    noun: str
    corners: tuple[tuple[float, float], ...]
    width: float
    cover: float
    rgb: tuple[float, float, float] = (0, 0, 0)
    word: str = ""

    def varied(self, rng: np.random.Generator) -> "Worn":
        """In one of the colours, on one of the sides."""
        word = list(COLOURS)[int(rng.integers(len(COLOURS)))]
        told = replace(self, rgb=COLOURS[word], word=word)
        return told if rng.random() < 0.5 else told.flipped()

    def flipped(self) -> "Worn":
        return replace(self, corners=tuple((-x, y) for x, y in self.corners))

    def jittered(self, rng: np.random.Generator) -> "Worn":
        """A little elsewhere and of another exposure, as in another photograph."""
        dx, dy = rng.normal(0, 0.06, 2)
        light = rng.uniform(0.9, 1.1)
        rgb = tuple(float(min(255, channel * light)) for channel in self.rgb)
        return replace(self, corners=tuple((x + dx, y + dy) for x, y in self.corners), rgb=rgb)  # type: ignore[arg-type]


WORN: Mapping[str, Worn] = {
    "piping": Worn(noun="piping", corners=((0.35, 1.75), (0.62, 2.2), (0.75, 2.75)), width=0.11, cover=0.95),
    "scarf": Worn(noun="scarf", corners=((0.25, 1.7), (1.1, 1.85), (1.0, 2.7), (0.35, 2.75)), width=0, cover=0.9),
    "brooch": Worn(noun="brooch", corners=((0.68, 2.1), (0.72, 2.12)), width=0.22, cover=0.97),
}
CASTS: Mapping[str, tuple[float, float, float]] = {
    "warm": (1.1, 0.95, 0.62),
    "night": (0.22, 0.30, 0.48),
    "neon": (0.95, 0.32, 0.85),
}
"""Linear gains."""


def worn_box(worn: Worn, face: Face, rgb: Pixels) -> tuple[float, float, float, float] | None:
    """Left, top, width, height as fractions; None where the picture does not show the place, or its mirror image."""
    points = _points(worn, face)
    other = _points(worn.flipped(), face)
    pad = max(worn.width, 0.1) * _unit(face) * 0.7
    both = np.vstack([points, other])
    if (both - pad < 0).any() or (both + pad > [rgb.shape[1], rgb.shape[0]]).any():
        return None
    low, high = points.min(axis=0) - pad, points.max(axis=0) + pad
    size = np.array([rgb.shape[1], rgb.shape[0]])
    (x, y), (w, h) = low / size, (high - low) / size
    return float(x), float(y), float(w), float(h)


def wear(rgb: Pixels, face: Face, worn: Worn) -> Pixels:
    """The picture with it on, under the shading of what lies below."""
    ink = np.zeros(rgb.shape[:2], np.float32)
    points = np.round(_points(worn, face) * 16).astype(np.int32)
    if worn.width:
        cv2.polylines(ink, [points], False, 1.0, max(2, round(worn.width * _unit(face))), cv2.LINE_AA, 4)
    else:
        cv2.fillPoly(ink, [points], 1.0, cv2.LINE_AA, 4)
    ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.7), np.float32) * worn.cover
    on = ink > 0.5
    light = cv2.GaussianBlur(rgb.astype(np.float32).mean(axis=2), (0, 0), 0.05 * _unit(face) + 0.5)
    shade = np.clip((light / max(float(np.median(light[on])) if on.any() else 128.0, 20.0)) ** 0.5, 0.7, 1.15)
    made = rgb * (1 - ink[..., None]) + np.array(worn.rgb, np.float32) * shade[..., None] * ink[..., None]
    return np.asarray(np.clip(made, 0, 255), np.uint8)


def recoloured(worn: Worn, far: float, rng: np.random.Generator) -> Worn:
    """The same in a colour `far` away by CIEDE2000: its hue and chroma turned until it is."""
    start = _lab(worn.rgb)
    turn = rng.choice([-1.0, 1.0])
    for amount in np.linspace(0, 1, 200):
        angle = turn * amount * np.pi
        cos, sin = np.cos(angle), np.sin(angle)
        a, b = cos * start[1] - sin * start[2], sin * start[1] + cos * start[2]
        chroma = np.array([a, b]) * (1 - 0.5 * amount) + 45 * amount * np.array([np.cos(angle), np.sin(angle)])
        colour = _rgb(np.array([start[0] + 12 * amount * (1 if start[0] < 60 else -1), *chroma], np.float32))
        if float(ciede2000(start[None], _lab(colour)[None])[0]) >= far:
            return replace(worn, rgb=colour)
    return replace(worn, rgb=(30.0, 30.0, 34.0) if start[0] > 50 else (230.0, 230.0, 225.0))


def cast(rgb: Pixels, name: str) -> Pixels:
    """The whole picture under coloured light."""
    level = rgb.astype(np.float32) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * np.array(CASTS[name])
    linear = np.clip(linear, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(coded * 255), np.uint8)


def _unit(face: Face) -> float:
    return float(np.linalg.norm(face.landmarks[263] - face.landmarks[33]))


def _points(worn: Worn, face: Face) -> Floats:
    origin = (face.landmarks[33, :2] + face.landmarks[263, :2]) / 2
    return np.asarray(np.array(worn.corners, np.float32) * _unit(face) + origin, np.float32)


def _lab(rgb: tuple[float, float, float]) -> Floats:
    return np.asarray(cv2.cvtColor(np.array([[rgb]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0], np.float32)


def _rgb(lab: Floats) -> tuple[float, float, float]:
    r, g, b = np.clip(cv2.cvtColor(lab[None, None], cv2.COLOR_LAB2RGB)[0, 0], 0, 1) * 255
    return float(r), float(g), float(b)
