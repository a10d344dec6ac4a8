"""What ties a standing figure to its ground: a contact shadow, a cast shadow, and on wet ground a faint reflection.

Baked once into one sheet that is laid under the figure with the figure's own camera. Figures cut off by the frame's
lower edge have no ground in the picture and get none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from samecast.models.storyboard.arrays import floats
from samecast.models.storyboard.camera import Affine
from samecast.models.storyboard.scene import Colour, Frame, Light
from samecast.ports import Floats, Pixels

CONTACT, CAST, MIRROR = 0.72, 0.42, 0.34
"""How dark where it touches, how dark the cast shadow by a full key light, how bright the reflection."""
NEAR_GROUND = 0.2
"""What is higher above the feet than this share of the figure's height does not touch the ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A premultiplied RGBA sheet and where it lies in the frame at rest."""

    pixels: Pixels
    to_frame: Affine


def ground_under(
    figure: Pixels, to_frame: Affine, frame: Frame, lights: Sequence[Light], *, wet: float, ambient: Colour
) -> Ground | None:
    """The ground under `figure` (premultiplied RGBA, placed by `to_frame`), None where its feet are not in view.

    `wet` 0..1 is how much the ground mirrors; the shadows take a little of the `ambient` colour.
    """
    scale = float(to_frame[0, 0])
    rows, columns = (np.flatnonzero(figure[..., 3].max(axis=axis) > 60) for axis in (1, 0))
    if not len(rows):
        return None
    feet = float(rows[-1] + 1)
    if feet * scale + to_frame[1, 2] > 0.995 * frame.height:
        return None
    shrink = min(1.0, 0.5 * scale)
    small = cv2.resize(figure, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    tall, wide = small.shape[:2]
    base, left, right = round(feet * shrink), columns[0] * shrink, columns[-1] * shrink
    side = round(0.45 * tall + 0.25 * wide)
    up, down = round(0.45 * tall) + 4, round(0.55 * tall) + 4
    size = (wide + 2 * side, up + down)
    mask = np.asarray(small[..., 3], np.float32) / 255.0
    dark = np.maximum(
        _contact(mask, base, size, (side, up), float(right - left)), _cast(mask, base, size, (side, up), lights)
    )
    sheet: Floats = np.zeros((size[1], size[0], 4), np.float32)
    sheet[..., :3] = np.array(ambient, np.float32) * (0.12 * dark[..., None])
    sheet[..., 3] = dark
    if wet > 0:
        sheet = _mirrored(sheet, np.asarray(small, np.float32) / 255.0, base, (side, up), wet)
    at = np.array([[scale / shrink, 0.0, 0.0], [0.0, scale / shrink, 0.0]])
    at[:, 2] = to_frame[:, 2] + at[0, 0] * np.array([-side, base - up])
    return Ground(pixels=np.asarray(np.clip(sheet, 0, 1) * 255 + 0.5, np.uint8), to_frame=at)


def _contact(mask: Floats, base: int, size: tuple[int, int], origin: tuple[int, int], wide: float) -> Floats:
    """Dark along the underside wherever it is near the ground (hind paws stand higher), softer around."""
    tall = mask.shape[0]
    solid = mask > 0.5
    lowest = tall - 1 - np.argmax(solid[::-1], axis=0)
    columns = np.flatnonzero(solid.any(axis=0) & (base - lowest < NEAR_GROUND * tall))
    out = np.zeros((size[1], size[0]), np.float32)
    thick = max(1, round(0.016 * wide))
    for drop in range(-thick, thick + 1):
        out[np.clip(lowest[columns] - base + origin[1] + drop, 0, size[1] - 1), columns + origin[0]] = 1.0
    tight = cv2.GaussianBlur(out, (0, 0), sigmaX=max(1.0, 0.02 * wide), sigmaY=max(0.8, 0.7 * thick))
    broad = cv2.GaussianBlur(out, (0, 0), sigmaX=max(1.5, 0.09 * wide), sigmaY=max(1.2, 3.0 * thick))
    return floats(np.clip(CONTACT * (tight + 1.5 * broad), 0, 0.86))


def _cast(mask: Floats, base: int, size: tuple[int, int], origin: tuple[int, int], lights: Sequence[Light]) -> Floats:
    """The outline laid on the ground, away from the key light, fading with distance."""
    key = max((light for light in lights if light.role == "key"), key=lambda light: light.strength, default=None)
    if key is None:
        return np.zeros((size[1], size[0]), np.float32)
    x, y, z = key.direction
    length = math.hypot(x, z) / max(0.35, abs(y))
    squash = float(np.clip(0.22 * length, 0.10, 0.34)) * (1.0 if z >= -0.2 else -1.0)
    shear = float(np.clip(-x / max(0.35, abs(y)), -0.8, 0.8)) * 0.45
    lay = np.array([[1.0, -shear, origin[0] + shear * base], [0.0, squash, origin[1] - squash * base]], np.float64)
    out = cv2.warpAffine(mask, lay, size, flags=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(out, (0, 0), max(1.0, 0.022 * mask.shape[0]))
    away = np.abs(np.arange(size[1], dtype=np.float32) - origin[1]) / max(1.0, abs(squash) * base)
    return floats(soft * (CAST * min(1.0, key.strength) * np.clip(1.1 - away, 0, 1))[:, None])


def _mirrored(sheet: Floats, figure: Floats, base: int, origin: tuple[int, int], wet: float) -> Floats:
    """The figure upside down under its feet, blurred more the further down, under the shadow."""
    height = min(sheet.shape[0] - origin[1], base)
    upturned = figure[base - height : base][::-1]
    flipped = cv2.GaussianBlur(upturned, (0, 0), sigmaX=max(1.0, 0.008 * base), sigmaY=max(1.5, 0.03 * base))
    fade = (MIRROR * wet * np.linspace(1, 0, height, dtype=np.float32) ** 1.3)[:, None, None]
    out = sheet.copy()
    part = out[origin[1] : origin[1] + height, origin[0] : origin[0] + figure.shape[1]]
    part[...] = part + flipped * fade * (1 - 0.6 * part[..., 3:])
    return out
