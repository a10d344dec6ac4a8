"""What passes through the picture, frame by frame: drifting tiles, rising steam, bursting drops.

Everything is laid in place on the canvas by OpenCV, as a pure function of the time. What the tiles show is baked in
weather_tiles.py; which weather has which of them is in weather.py.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float32]


class Passage(Protocol):
    """Something that passes through the picture."""

    def lay(self, canvas: Pixels, t: float) -> None:
        """Draw onto `canvas` (H, W, 4 uint8, in place) as it is at `t` seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A wrapping tile moving over the picture.

    `light` (h, w, 4) is added, its alpha 0. `keep`, where given, first dims what is behind (255 leaves it as it is).
    `velocity` in pixels a second, right and down; `sway` swings it by so many pixels, `period` seconds and `phase`.
    """

    light: Pixels
    keep: Pixels | None = None
    velocity: tuple[float, float] = (0.0, 0.0)
    sway: tuple[float, float] = (0.0, 0.0)
    period: float = 4.0
    phase: float = 0.0

    def lay(self, canvas: Pixels, t: float) -> None:
        turn = 2.0 * np.pi * t / self.period + self.phase
        swing = np.sin(turn) + 0.45 * np.sin(2.17 * turn + 1.3)
        x = self.velocity[0] * t + self.sway[0] * swing
        y = self.velocity[1] * t + self.sway[1] * np.sin(1.31 * turn)
        height, width = self.light.shape[:2]
        for rows, there_y in windows(round(float(-y)) % height, height, canvas.shape[0]):
            for columns, there_x in windows(round(float(-x)) % width, width, canvas.shape[1]):
                part = canvas[rows, columns]
                if self.keep is not None:
                    cv2.multiply(part, self.keep[there_y, there_x], dst=part, scale=1 / 255)
                cv2.add(part, self.light[there_y, there_x], dst=part)


def windows(start: int, period: int, length: int) -> list[tuple[slice, slice]]:
    """Pairs of (slice of the picture, slice of the tile) that cover `length` from `start` of a tile that repeats."""
    pairs, done = [], 0
    while done < length:
        begin = (start + done) % period
        count = min(period - begin, length - done)
        pairs.append((slice(done, done + count), slice(begin, begin + count)))
        done += count
    return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Plume:
    """Steam rising within a box of the picture (x, y, width, height in pixels); worked out small and enlarged.

    `shape` (h, w) is where steam may be, `wisps` and `folds` wrapping noise that rises through it at two speeds
    (tile rows a second), all uint8. `tint` is its colour in bytes.
    """

    box: tuple[int, int, int, int]
    shape: Pixels
    wisps: Pixels
    folds: Pixels
    speed: tuple[float, float]
    tint: tuple[int, int, int]

    def lay(self, canvas: Pixels, t: float) -> None:
        left, top, width, height = self.box
        rows, columns = self.shape.shape
        veil = _rolled(self.wisps, self.speed[0] * t, 0.0, rows, columns)
        cv2.multiply(veil, _rolled(self.folds, self.speed[1] * t, 2.5 * t, rows, columns), dst=veil, scale=1.7 / 255)
        cv2.multiply(veil, self.shape, dst=veil, scale=1 / 255)
        x0, y0, x1, y1 = (
            max(left, 0),
            max(top, 0),
            min(left + width, canvas.shape[1]),
            min(top + height, canvas.shape[0]),
        )
        if x0 >= x1 or y0 >= y1:
            return
        tinted = cv2.merge([cv2.convertScaleAbs(veil, alpha=c / 255) for c in self.tint] + [np.zeros_like(veil)])
        full = cv2.resize(tinted, (width, height), interpolation=cv2.INTER_LINEAR)
        part = canvas[y0:y1, x0:x1]
        cv2.add(part, full[y0 - top : y1 - top, x0 - left : x1 - left], dst=part)


def _rolled(tile: Pixels, up: float, right: float, rows: int, columns: int) -> Pixels:
    """A window of a wrapping tile, moved up and right by fractions of a pixel without a jump."""
    height, width = tile.shape
    row, column = up % height, right % width
    shift = np.asarray([[1, 0, column], [0, 1, row]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(tile, shift, (columns, rows), flags=flags, borderMode=cv2.BORDER_WRAP)
    return np.asarray(moved, np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Splashes:
    """Drops bursting on the ground between two rows of the picture."""

    rows: tuple[float, float]
    seeds: Floats
    colour: tuple[int, int, int]
    unit: float

    def lay(self, canvas: Pixels, t: float) -> None:
        height, width = canvas.shape[:2]
        top, bottom = self.rows
        for start, rate, a, b in self.seeds:
            life = t * float(rate) + float(start)
            cycle, age = int(life // 1.0), life % 1.0
            if age > 0.5:
                continue
            near = (float(b) + 0.754877 * cycle) % 1.0
            x = round(((float(a) + 0.569840 * cycle) % 1.0) * width)
            y = round((top + (bottom - top) * near**1.4) * height)
            size = self.unit * (0.25 + 0.75 * near) * (0.35 + 1.3 * age)
            part = canvas[max(y - 12, 0) : y + 12, max(x - 24, 0) : x + 24]
            if part.size == 0 or size < 0.8:
                continue
            ring = np.zeros_like(part)
            fade = (1.0 - age * 2.0) ** 1.5 * (0.35 + 0.65 * near)
            tint = tuple(float(c) * fade for c in self.colour)
            centre = (min(x, 24), min(y, 12))
            cv2.ellipse(
                ring, centre, (max(1, round(size)), max(1, round(size * 0.3))), 0, 180, 360, tint, 1, cv2.LINE_AA
            )
            cv2.add(part, ring, dst=part)
