"""Bakes what the air shows into tiles that wrap: streaks of rain, flakes and motes, banks of fog, plumes of steam."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samecast.models.storyboard.passages import Drift, Floats, Pixels, Plume, windows
from samecast.models.storyboard.scene import Colour, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What baking needs to know."""

    frame: Frame
    dice: np.random.Generator
    lights: tuple[Colour, ...]
    ambient: Colour
    ground: tuple[float, float] | None

    @property
    def unit(self) -> float:
        """1.0 at a 720 pixels wide or high frame."""
        return min(self.frame.width, self.frame.height) / 720.0

    @property
    def glow(self) -> float:
        """How bright the air may be: drops show what light there is."""
        return float(np.clip(0.35 + 0.75 * max(max(c) for c in (*self.lights, self.ambient)), 0.4, 1.0))


def tinted(sky: Conditions, share: float) -> tuple[Colour, ...]:
    """The air's colour and the lights', each washed out a little, for drops and motes to catch."""
    base = tuple(0.5 * c + 0.5 for c in sky.ambient)
    caught = [tuple(share * c + (1 - share) * b for c, b in zip(light, base, strict=True)) for light in sky.lights]
    return tuple((c[0], c[1], c[2]) for c in (base, *caught))


def white(sky: Conditions) -> tuple[Colour, ...]:
    return tuple((c[0] * sky.glow, c[1] * sky.glow, c[2] * sky.glow) for c in tinted(sky, 0.35))


def _tile_size(sky: Conditions) -> tuple[int, int]:
    """Rows and columns a little larger than the frame, different every time, so that repeats never line up."""
    grow = sky.dice.uniform(1.06, 1.34, 2)
    return round(sky.frame.height * grow[0]), round(sky.frame.width * grow[1])


def _scatter(sky: Conditions, count: int, shape: tuple[int, int], clumping: float) -> Floats:
    """`count` places (row, column), even at large but in loose gusts: where seamless noise is low, fewer."""
    places = sky.dice.random((count * 3, 2)).astype(np.float32)
    turns = np.round(sky.dice.uniform(1, 3, (4, 2))) * (2 * np.pi)
    phases = sky.dice.uniform(0, 6.3, 4)
    waves = sum(np.sin(places @ turn + phase) for turn, phase in zip(turns, phases, strict=True))
    keep = sky.dice.random(count * 3) < 0.36 * (1.0 + clumping * np.asarray(waves) * 0.6)
    return np.asarray(places[keep][:count] * np.asarray(shape, np.float32), np.float32)


def _stamp(tile: Floats, kernel: Floats, row: float, column: float, colour: npt.NDArray[np.float32]) -> None:
    """Add a small picture to a wrapping tile, its middle at (row, column)."""
    height, width = tile.shape[:2]
    rows, columns = kernel.shape
    top, left = round(row - rows / 2), round(column - columns / 2)
    for there_y, here_y in windows(top % height, height, rows):
        for there_x, here_x in windows(left % width, width, columns):
            tile[here_y, here_x, :3] += kernel[there_y, there_x, None] * colour


def _finished(tile: Floats) -> Pixels:
    return np.asarray(np.clip(tile * 255.0 + 0.5, 0.0, 255.0), np.uint8)


def streaks(sky: Conditions, count: int, form: tuple[float, float, float], strength: float) -> Pixels:
    """Falling drops as the shutter draws them: `form` is length and half width in pixels, and slant."""
    length, width, slant = form
    shape = _tile_size(sky)
    tile = np.zeros((*shape, 4), np.float32)
    kernels = [
        _streak(length * k, max(width, 0.55), slant, sub) for k in (0.6, 0.85, 1.15) for sub in (0.0, 0.33, 0.66)
    ]
    colours = np.asarray(tinted(sky, 0.5), np.float32)
    for row, column in _scatter(sky, count, shape, 0.8):
        shine = strength * float(sky.dice.uniform(0.25, 1.0)) ** 1.3
        colour = colours[int(sky.dice.integers(len(colours)))] * np.float32(shine)
        _stamp(tile, kernels[int(sky.dice.integers(len(kernels)))], float(row), float(column), colour)
    return _finished(tile)


def _streak(length: float, width: float, slant: float, sub: float) -> Floats:
    """One drop's trace: soft across, brighter towards its lower end, fading at both."""
    rows = max(5, round(length))
    reach = abs(slant) * rows / 2 + 3 * width + 1
    columns = 2 * int(np.ceil(reach)) + 1
    y = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / rows
    x = np.arange(columns, dtype=np.float32)[None, :] - columns // 2 - sub
    across = (x + slant * (y - 0.5) * rows) / width
    along = np.sin(np.pi * y**1.35) ** 0.8
    return np.asarray(np.exp(-(across**2)) * along, np.float32)


def flakes(
    sky: Conditions, count: int, size: tuple[float, float], strength: float, colours: tuple[Colour, ...]
) -> Pixels:
    """Flakes or motes between two radii: soft dots when small, out of focus discs when large."""
    shape = _tile_size(sky)
    tile = np.zeros((*shape, 4), np.float32)
    discs = [_disc(float(radius)) for radius in np.linspace(size[0], size[1], 5)]
    table = np.asarray(colours, np.float32)
    for row, column in _scatter(sky, count, shape, 0.5):
        shine = strength * float(sky.dice.uniform(0.35, 1.0))
        colour = table[int(sky.dice.integers(len(table)))] * np.float32(shine)
        _stamp(tile, discs[int(sky.dice.integers(len(discs)))], float(row), float(column), colour)
    return _finished(tile)


def _disc(radius: float) -> Floats:
    """A soft dot; from a few pixels on, a lens's disc with a faintly brighter rim."""
    reach = int(np.ceil(radius * 1.25 + 1.5))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    away = np.hypot(x, y)
    if radius < 6.5:
        return np.asarray(np.exp(-((away / max(radius, 0.6)) ** 2)), np.float32)
    edge = np.clip((radius - away) / (radius * 0.5) + 0.5, 0.0, 1.0)
    rim = 0.88 + 0.12 * np.exp(-(((away - radius * 0.86) / (radius * 0.16)) ** 2))
    return np.asarray(edge * edge * (3 - 2 * edge) * rim, np.float32)


def _clouds(sky: Conditions, shape: tuple[int, int], cells: tuple[int, int], octaves: int = 5) -> Floats:
    """Noise that wraps (rows, columns), 0..1; `cells` blobs down and across."""
    total, weight = np.zeros(shape, np.float32), 1.0
    for octave in range(octaves):
        down, across = cells[0] << octave, cells[1] << octave
        grid = sky.dice.random((down, across), np.float32) - np.float32(0.5)
        around = cv2.copyMakeBorder(grid, 2, 2, 2, 2, cv2.BORDER_WRAP)
        y = (np.arange(shape[0], dtype=np.float32) / shape[0] * down + 2)[:, None]
        x = (np.arange(shape[1], dtype=np.float32) / shape[1] * across + 2)[None, :]
        maps = np.broadcast_to(x, shape).astype(np.float32), np.broadcast_to(y, shape).astype(np.float32)
        total += weight * cv2.remap(around, *maps, cv2.INTER_CUBIC)
        weight *= 0.55
    return np.asarray(np.clip(0.5 + total * 0.85, 0.0, 1.0), np.float32)


def fog_sheet(sky: Conditions, density: float, low: float, speed: float, *, veil: bool = True) -> Drift:
    """Drifting fog; `low` is where it is thickest (fraction of the height), `speed` in pixels a second at 720.

    Without `veil` it only brightens, which is cheaper and enough for thin haze.
    """
    rows, columns = sky.frame.height, round(sky.frame.width * float(sky.dice.uniform(1.25, 1.7)))
    small = max(8, rows // 6), max(8, columns // 6)
    noise = _clouds(sky, small, (4, 3))
    y = np.linspace(0.0, 1.0, small[0], dtype=np.float32)[:, None]
    bank = 0.28 + 0.72 * np.exp(-(((y - low) / np.where(y < low, 0.34, 0.7)) ** 2))
    cover = density * bank * np.clip(0.25 + 1.5 * (noise - 0.22), 0.0, 1.6)
    padded = cv2.copyMakeBorder(cover, 0, 0, 4, 4, cv2.BORDER_WRAP)
    wide = round(columns * padded.shape[1] / small[1])
    full = cv2.resize(padded, (wide, rows), interpolation=cv2.INTER_CUBIC)
    start = (wide - columns) // 2
    alpha = np.clip(full[:, start : start + columns], 0.0, 0.92)
    first = np.asarray(sky.lights[0], np.float32)
    air = np.asarray(sky.ambient, np.float32) * 0.92 + first * 0.08
    light = np.zeros((rows, columns, 4), np.float32)
    light[..., :3] = alpha[..., None] * air
    light[..., :3] += (sky.dice.random((rows, columns, 1), np.float32) - 0.5) / 255 * (alpha[..., None] > 0.02)
    if not veil:
        return Drift(light=_finished(light), velocity=(speed * sky.unit, 0.0))
    keep = np.full((rows, columns, 4), 255, np.uint8)
    keep[..., :3] = (255.0 * (1.0 - alpha) + 0.5)[..., None]
    return Drift(light=_finished(light), keep=keep, velocity=(speed * sky.unit, 0.0))


def plume(sky: Conditions, x: float, strength: float, tall: float) -> Plume:
    """A column of steam rising from the bottom edge at `x`, spreading and thinning as it goes."""
    width = round(0.42 * min(sky.frame.width, sky.frame.height))
    height = round(tall * sky.frame.height)
    rows, columns = max(16, height // 5), max(12, width // 5)
    v = np.linspace(1.0, 0.0, rows, dtype=np.float32)[:, None]
    u = np.linspace(-1.0, 1.0, columns, dtype=np.float32)[None, :]
    lean = 0.25 * np.sin(v * 3.0 + float(sky.dice.uniform(0, 6)))
    spread = 0.16 + 0.62 * v**0.8
    body = (
        np.exp(-(((u - lean * v) / spread) ** 2))
        * (1.0 - v) ** 1.1
        * np.clip(v / 0.06, 0.0, 1.0)
        * np.clip((1 - u * u) * 3, 0, 1)
    )
    tints = tinted(sky, 0.7)
    tint = np.asarray(tints[int(sky.dice.integers(len(tints)))]) * sky.glow * 255.0
    aspect = max(1, round(columns / 14))
    return Plume(
        box=(round(x * sky.frame.width - width / 2), sky.frame.height - height, width, height),
        shape=np.asarray(np.clip(body * strength * 255.0, 0, 255), np.uint8),
        wisps=_bytes(_clouds(sky, (rows, columns), (5, 4))),
        folds=_bytes(_clouds(sky, (round(rows * 1.3), columns * aspect), (4, 3 * aspect))),
        speed=(rows * 0.16, rows * 0.09),
        tint=(round(float(tint[0])), round(float(tint[1])), round(float(tint[2]))),
    )


def _bytes(noise: Floats) -> Pixels:
    return np.asarray(np.clip((noise - 0.2) * 1.7, 0.0, 1.0) * 255.0, np.uint8)
