"""How two small frames differ: as a camera and a light would make them, as motion would, or as another picture.

Knows frames and pairs of frames. What they mean for a clip (a cut, a flicker, a still) is `cutting`'s.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from samecast.ports import Floats, Pixels

AREA = 96 * 54
"""Pixels of a small frame, about; its sides are multiples of `TILE`."""
TILE = 6

_SIDES = (24, 216)
_TEXTURE = 4.0 * TILE * TILE
"""Squared levels below which a tile counts as flat: what grain and an encoder put there."""

_SURELY_MOVED = 8.0
"""Levels of a tile's mean, once the light is fitted, that show motion without a closer look."""
_STILL_LEVELS = 2.0
"""Levels of a tile's mean: grain that is encoded anew stays at half of it, a blink in a close-up lies above."""
_LIGHT_SHARE = 0.5
_LIGHT_PIXELS = 0.002
"""Of a change of the light, what it may leave in single tiles, and seem to move: it clips, and encoders follow it
unevenly."""
_STILL_PIXELS = 0.04
"""Pixels of a small frame (0.8 of a 1920 pixels wide one) that a camera moves between two frames a second apart."""


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small frames of a clip of this size: its proportions, about `AREA` pixels."""
    wide = math.sqrt(AREA * width / height)
    sides = [int(np.clip(round(side / TILE) * TILE, *_SIDES)) for side in (wide, AREA / wide)]
    return sides[0], sides[1]


@dataclass(frozen=True, slots=True)
class Small:
    """A small frame: `planes` 3 x H x W uint8 (Y, U, V, all of one size, full range) and when it is shown.

    `luma`: half the size, float32, smoothed, for what is measured between all frames. `tiles`: mean luma of each tile.
    """

    seconds: float
    planes: Pixels
    luma: Floats
    tiles: Floats


def small(seconds: float, planes: Pixels) -> Small:
    height, width = planes.shape[1:]
    full = planes[0].astype(np.float32)
    half = cv2.resize(full, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    tiles = cv2.resize(full, (width // TILE, height // TILE), interpolation=cv2.INTER_AREA)
    return Small(seconds, planes, _smooth(half), np.asarray(tiles, dtype=np.float32))


def _smooth(luma: Floats) -> Floats:
    """As the fit of a camera needs it: a slope between pixels, not steps."""
    return np.asarray(cv2.GaussianBlur(luma, (0, 0), 1.0), dtype=np.float32)


def plain_difference(a: Small, b: Small) -> float:
    """Mean absolute difference of luma and of both colour planes, summed, in levels of 0..255."""
    return sum(float(np.mean(cv2.absdiff(a.planes[k], b.planes[k]))) for k in range(3))


@dataclass(frozen=True, slots=True)
class Change:
    """What motion does not explain between two frames.

    `residual`: mean absolute difference, luma and both colours summed, in levels, after every part was moved to where
    it went. `structure`: 0 where the same details are there, 1 where others are, whatever the light. `colour`: how far
    the colours differ, as they would be under the same light. `moved`: how far its parts were moved, in pixels of the
    small frame, on average.
    """

    residual: float
    structure: float
    colour: float
    moved: float


class Mover:
    """Moves parts of one frame to where they are in another (dense inverse search optical flow, T. Kroeger 2016)."""

    def __init__(self, width: int, height: int) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._flow.setFinestScale(0)
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self._grid = np.dstack([x, y])

    def change(self, a: Small, b: Small) -> Change:
        # OpenCV's stubs know neither that a flow may start from nothing nor that a map of pairs stands alone.
        flow = self._flow.calc(_normalised(b.planes[0]), _normalised(a.planes[0]), None)  # type: ignore[call-overload]
        source = np.ascontiguousarray(a.planes.transpose(1, 2, 0), dtype=np.float32)
        moved = cv2.remap(  # type: ignore[call-overload]
            source, self._grid + flow, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        target = b.planes.transpose(1, 2, 0).astype(np.float32)
        light, u, v = (float(part) for part in np.abs(moved - target).mean(axis=(0, 1)))
        far = float(cv2.magnitude(flow[..., 0], flow[..., 1]).mean())
        structure = _structure(moved[..., 0], target[..., 0])
        return Change(light + u + v, structure, _colour(moved, target), far)


def _normalised(luma: Pixels) -> Pixels:
    """Of equal mean and contrast, so that a flash or a dimmed light does not mislead the flow."""
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(luma))
    gain = 45 / (deviation + 4)
    return np.asarray(cv2.convertScaleAbs(np.maximum(luma.astype(np.float32) * gain + (128 - gain * mean), 0)))


def _structure(a: Floats, b: Floats) -> float:
    """1 - the correlation of details within tiles, over all tiles."""
    a, b = _details(a), _details(b)
    texture = _TEXTURE * a.size / (TILE * TILE)
    together = float((a * b).sum()) + texture
    return 1 - together / math.sqrt((float((a * a).sum()) + texture) * (float((b * b).sum()) + texture))


def _colour(a: Floats, b: Floats) -> float:
    """Mean absolute difference of the two colour planes, `a` lit as brightly as `b`: colours fade with the light."""
    gain = float(np.clip((b[..., 0].mean() + 2) / (a[..., 0].mean() + 2), 0.2, 5.0))
    lit = (a[..., 1:] - 128) * np.float32(gain) + 128
    return float(2 * np.abs(lit - b[..., 1:]).mean())


def _details(luma: Floats) -> Floats:
    height, width = luma.shape
    tiles = luma.reshape(height // TILE, TILE, width // TILE, TILE)
    return np.asarray(tiles - tiles.mean(axis=(1, 3), keepdims=True), dtype=np.float32)


# --- camera and light -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fit:
    """The camera and light that best make one frame into another.

    `light`: mean change of luminance, in levels. `motion`: how far the camera moves the picture, in pixels of these
    frames (root mean square over the frame). `unexplained`: what is left, H x W levels.
    """

    light: float
    motion: float
    unexplained: Floats


class Camera:
    """Fits pan, tilt, zoom and roll together with a gain and an offset of the light, by linear least squares.

    B. D. Lucas and T. Kanade (1981), with an affine light as in G. D. Hager and P. N. Belhumeur (1998). Right for
    motions of about a pixel or less; what moves farther is left in `unexplained`.
    """

    def __init__(self, width: int, height: int) -> None:
        x, y = np.meshgrid(np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2)
        self._x, self._y = x.astype(np.float32), y.astype(np.float32)

    def fit(self, a: Floats, b: Floats) -> Fit:
        """From `a` to `b`, both H x W float32 and smoothed."""
        mean = (a + b) / 2
        dx = cv2.Sobel(mean, cv2.CV_32F, 1, 0, scale=1 / 8)
        dy = cv2.Sobel(mean, cv2.CV_32F, 0, 1, scale=1 / 8)
        one = np.ones_like(a)
        terms = [dx, dy, self._x * dx + self._y * dy, self._x * dy - self._y * dx, a - a.mean(), one]
        basis = np.stack([term.ravel() for term in terms])
        change = (b - a).ravel()
        weights = np.ones_like(change)
        # The second time with what fits badly (a passer-by) weighed down.
        for _ in range(2):
            weighted = basis * weights
            square = weighted @ basis.T + np.diag([1.0, 1.0, 1e3, 1e3, 1e2, 1e-3])
            found = np.linalg.solve(square, weighted @ change)
            left = change - found @ basis
            spread = 1.5 * float(np.median(np.abs(left))) + 0.5
            weights = 1 / (1 + (left / spread) ** 2)
        pan, tilt, zoom, roll = (-float(value) for value in found[:4])
        far = float(np.mean(self._x**2 + self._y**2)) * (zoom**2 + roll**2) + pan**2 + tilt**2
        light = float(found[5])
        return Fit(light, math.sqrt(far), left.reshape(a.shape))


class Stillness:
    """Tells whether nothing at all moves between two frames: no camera, nobody, only grain and light."""

    def __init__(self, width: int, height: int) -> None:
        self._camera = Camera(width, height)
        self._tiles = (width // TILE, height // TILE)

    def same(self, a: Small, b: Small) -> bool:
        light = abs(float(b.tiles.mean() - a.tiles.mean()))
        allowed = _LIGHT_SHARE * light
        if float(np.abs(_relit(a.tiles, b.tiles) - b.tiles).max()) > _SURELY_MOVED + allowed:
            return False
        fit = self._camera.fit(*(_smooth(frame.planes[0].astype(np.float32)) for frame in (a, b)))
        if fit.motion > _STILL_PIXELS + _LIGHT_PIXELS * light:
            return False
        left = cv2.resize(fit.unexplained, self._tiles, interpolation=cv2.INTER_AREA)
        return float(np.abs(left).max()) <= _STILL_LEVELS + allowed


def _relit(a: Floats, b: Floats) -> Floats:
    """`a` with the gain and offset that bring it nearest to `b`."""
    from_mean = a - a.mean()
    gain = (float((from_mean * (b - b.mean())).sum()) + 1.0) / (float((from_mean * from_mean).sum()) + 1.0)
    return np.asarray(from_mean * gain + b.mean(), dtype=np.float32)
