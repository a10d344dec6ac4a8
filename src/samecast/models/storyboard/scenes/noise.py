"""Noise and the small mathematics of painting: fbm grids, wrapping tiles, ramps, mixes, independent random strands.

Arrays are float32, colours sRGB 0..1. Knows nothing of places, frames or light.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from samecast.models.storyboard.scene import Colour, Setting

Field: TypeAlias = npt.NDArray[np.float32]
"""One float per pixel (H, W), or a colour per pixel (H, W, 3)."""


def strand(setting: Setting, name: str) -> np.random.Generator:
    """A random stream of its own for one named part of the picture.

    It follows from the dice's seed and the name alone, never from what was drawn before: parts may be added, left out
    or painted in another order without moving the rest, and painting twice from one setting gives the same picture.
    """
    seed = setting.dice.bit_generator.seed_seq
    assert isinstance(seed, np.random.SeedSequence)
    key = (*seed.spawn_key, zlib.crc32(name.encode()))
    return np.random.default_rng(np.random.SeedSequence(entropy=seed.entropy, spawn_key=key))


def fbm(shape: tuple[int, int], dice: np.random.Generator, cell: float, octaves: int = 5, aspect: float = 1.0) -> Field:
    """Cloud-like noise (H, W), mean 0.5, mostly within 0..1. `cell` pixels across its largest blobs, `aspect` wider."""
    height, width = shape
    total: Field = np.zeros(shape, np.float32)
    gain, power = 1.0, 0.0
    for _ in range(octaves):
        rows, columns = max(2.0, height / cell), max(2.0, width / (cell * aspect))
        if rows > height or columns > width:
            break
        grid = dice.standard_normal((int(rows) + 3, int(columns) + 3), np.float32)
        full = cv2.resize(
            grid,
            (round(width * grid.shape[1] / columns), round(height * grid.shape[0] / rows)),
            interpolation=cv2.INTER_CUBIC,
        )
        cv2.scaleAdd(full[:height, :width], gain, total, total)
        power += gain * gain
        gain *= 0.55
        cell /= 2.0
    return np.asarray(total * (0.23 / max(power, 1e-6) ** 0.5) + 0.5, np.float32)


Coordinate: TypeAlias = npt.NDArray[np.floating] | np.floating | float


@lru_cache(maxsize=16)
def tile(name: str, size: int = 512, slope: float = 1.7, stretch: float = 1.0) -> Field:
    """Noise that wraps seamlessly (size, size), mean 0.5, deviation 0.2, spectrum 1/f^slope; the same for every take.

    `stretch` > 1 draws its grain out vertically. Takes differ by where they sample it.
    """
    dice = np.random.default_rng(zlib.crc32(name.encode()))
    spectrum = np.fft.rfft2(dice.standard_normal((size, size), np.float32))
    rows = np.fft.fftfreq(size)[:, None] * stretch
    columns = np.fft.rfftfreq(size)[None, :]
    frequency = np.sqrt(rows * rows + columns * columns)
    frequency[0, 0] = 1.0
    spectrum *= frequency**-slope * np.minimum(1.0, (frequency * size / 2.5) ** 2)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(size, size)).astype(np.float32)
    return np.asarray(field / field.std() * 0.2 + 0.5, np.float32)


@lru_cache(maxsize=8)
def ridged(name: str, size: int = 512, slope: float = 1.7, stretch: float = 1.0) -> Field:
    """A wrapping tile of sharp crests (1) over rounded valleys (0)."""
    return np.asarray(1.0 - np.clip(np.abs(tile(name, size, slope, stretch) - 0.5) * 4.0, 0.0, 1.0), np.float32)


def sample(source: Field, u: Coordinate, v: Coordinate, period: float = 1.0) -> Field:
    """Read a wrapping tile at (u right, v down); the tile repeats every `period` units. Shapes broadcast."""
    across, down = np.broadcast_arrays(np.asarray(u, np.float32), np.asarray(v, np.float32))
    size = source.shape[0]
    x = np.mod(across * np.float32(size / period), np.float32(size))
    y = np.mod(down * np.float32(size / period), np.float32(size))
    way = cv2.INTER_CUBIC if size <= 256 else cv2.INTER_LINEAR  # small tiles are magnified: no creases in the land
    read = cv2.remap(source, x, y, way, borderMode=cv2.BORDER_WRAP)
    return np.asarray(read, np.float32)


def smooth(low: float, high: float, value: Field) -> Field:
    """Hermite step from 0 at `low` to 1 at `high` (either may be the larger)."""
    t = np.clip((value - np.float32(low)) * np.float32(1.0 / (high - low)), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def mix(a: Colour, b: Colour, t: float) -> Colour:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def times(a: Colour, b: Colour) -> Colour:
    return (a[0] * b[0], a[1] * b[1], a[2] * b[2])


def grey(colour: Colour) -> float:
    """Luma, Rec. 709 weights on the sRGB values."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def ramp(colours: Sequence[Colour], value: Field) -> Field:
    """Colour (H, W, 3) along evenly spaced `colours`, `value` 0 the first and 1 the last."""
    stops = np.linspace(0.0, 1.0, len(colours))
    at = np.linspace(0.0, 1.0, 256)
    table = np.stack([np.interp(at, stops, [c[i] for c in colours]) for i in range(3)], axis=1).astype(np.float32)
    index = np.clip(value * 255.0, 0.0, 255.0).astype(np.uint8)
    return np.asarray(table[index], np.float32)


def lerp(a: Field, b: Field | Colour, t: Field) -> Field:
    """Mix colours per pixel: `a` (H, W, 3) to `b` (field or one colour) by `t` (H, W)."""
    return np.asarray(a + (np.asarray(b, np.float32) - a) * t[..., None], np.float32)


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur, done on a smaller copy where it is wide. Edges are mirrored."""
    if sigma < 4.0:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), max(sigma, 0.05)), np.float32)
    factor = 3.0 / sigma
    height, width = field.shape[:2]
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    narrow = cv2.GaussianBlur(cv2.resize(field, small, interpolation=cv2.INTER_AREA), (0, 0), 3.0)
    return np.asarray(cv2.resize(narrow, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
