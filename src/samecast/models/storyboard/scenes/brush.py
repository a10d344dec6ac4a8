"""Brushes the painters share: sheets to paint on, paints, noise, glow, light, haze, and points put in perspective.

Everything is in frame pixels ((0, 0) is the frame's top left corner; overscan lies outside) unless it says otherwise.
Skia draws edges; what touches every pixel (blur, noise, light) is done by OpenCV on the sheet's own 8-bit memory,
which is several times quicker here. What to paint is the painters' business.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
import skia

from samecast.models.storyboard.scene import Colour, Frame, Layer

Point = tuple[float, float]
Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

LIGHT_RANGE = 4.0
"""The brightest light a light map can hold, against 1.0, which leaves a surface's colour as it is."""


class Sheet:
    """A transparent sheet, larger than the frame by `overscan` on every side, painted at `scale`.

    `canvas` draws in frame pixels. `array` is the same memory: rows x columns x RGBA, uint8, premultiplied.
    """

    def __init__(self, frame: Frame, *, overscan: Point = (0.15, 0.08), scale: float = 1.0) -> None:
        self.frame, self.overscan, self.scale = frame, overscan, scale
        columns = max(2, round(frame.width * (1 + 2 * overscan[0]) * scale))
        rows = max(2, round(frame.height * (1 + 2 * overscan[1]) * scale))
        self.array: Bytes = np.zeros((rows, columns, 4), np.uint8)
        self._surface = skia.Surface.MakeRasterDirect(_info(columns, rows), self.array, columns * 4)
        self.canvas: skia.Canvas = self._surface.getCanvas()
        wide, tall = frame.width * (1 + 2 * overscan[0]), frame.height * (1 + 2 * overscan[1])
        self.canvas.scale(columns / wide, rows / tall)
        self.canvas.translate(frame.width * overscan[0], frame.height * overscan[1])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the whole sheet, in frame pixels."""
        aside, above = self.frame.width * self.overscan[0], self.frame.height * self.overscan[1]
        return -aside, -above, self.frame.width + aside, self.frame.height + above

    def row(self, y: float) -> int:
        """The array row of frame height `y` (pixels), clipped to the sheet."""
        return int(np.clip(round((y - self.bounds[1]) * self.scale), 0, self.array.shape[0]))

    def column(self, x: float) -> int:
        """The array column of frame position `x` (pixels), clipped to the sheet."""
        return int(np.clip(round((x - self.bounds[0]) * self.scale), 0, self.array.shape[1]))

    def coarse(self, step: int = 16) -> tuple[Floats, Floats]:
        """Frame x and y (pixels) at the cell centres of a grid `step` array pixels apart, each rows x columns."""
        rows, columns = (max(2, math.ceil(n / step)) for n in self.array.shape[:2])
        left, top, right, bottom = self.bounds
        xs = left + (np.arange(columns, dtype=np.float32) + 0.5) / columns * (right - left)
        ys = top + (np.arange(rows, dtype=np.float32) + 0.5) / rows * (bottom - top)
        gx, gy = np.meshgrid(xs.astype(np.float32), ys.astype(np.float32))
        return gx, gy

    def twin(self, scale: float | None = None) -> "Sheet":
        """An empty sheet of the same coverage, by default at the same scale."""
        return Sheet(self.frame, overscan=self.overscan, scale=self.scale if scale is None else scale)

    def layer(self, depth: float, *, light: bool = False, sway: float = 0.0) -> Layer:
        """The finished layer. Paint no more on the sheet after this."""
        return Layer(
            image=to_image(self.array), depth=depth, overscan=self.overscan, scale=self.scale, light=light, sway=sway
        )


def _info(columns: int, rows: int) -> skia.ImageInfo:
    return skia.ImageInfo.Make(columns, rows, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)


def as_bytes(array: npt.NDArray[Any]) -> Bytes:
    """The same array, known to be uint8: OpenCV's types do not say that it gives back what it was given."""
    return cast(Bytes, array)


def as_floats(array: npt.NDArray[Any]) -> Floats:
    """The same array, known to be float32."""
    return cast(Floats, array)


def to_image(array: Bytes) -> skia.Image:
    """A Skia image (its own copy) from rows x columns x RGBA, uint8, premultiplied."""
    rows, columns = array.shape[:2]  # not MakeRasterData: it does not keep what skia.Data holds alive
    pixmap = skia.Pixmap(_info(columns, rows), np.ascontiguousarray(array), columns * 4)
    return skia.Image.MakeRasterCopy(pixmap)


def to_array(image: skia.Image) -> Bytes:
    """Rows x columns x RGBA, uint8, premultiplied, from a Skia image."""
    array = np.empty((image.height(), image.width(), 4), np.uint8)
    image.readPixels(_info(image.width(), image.height()), array, image.width() * 4, 0, 0)
    return array


# --- colours and paints -----------------------------------------------------------------------------------------


def mix(a: Colour, b: Colour, t: float) -> Colour:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def shade(colour: Colour, factor: float) -> Colour:
    """The colour times `factor`, clipped to 0..1."""
    return (min(1.0, colour[0] * factor), min(1.0, colour[1] * factor), min(1.0, colour[2] * factor))


def vary(colour: Colour, dice: np.random.Generator, amount: float = 0.1) -> Colour:
    """The colour a little lighter or darker, warmer or cooler."""
    value, warmth = dice.uniform(-amount, amount), dice.uniform(-amount, amount) * 0.4
    return shade((colour[0] * (1 + warmth), colour[1], colour[2] * (1 - warmth)), 1 + value)


def colour4(colour: Colour, alpha: float = 1.0) -> skia.Color4f:
    return skia.Color4f(*(min(1.0, max(0.0, c)) for c in colour), min(1.0, max(0.0, alpha)))


def fill(colour: Colour, alpha: float = 1.0) -> skia.Paint:
    return skia.Paint(Color4f=colour4(colour, alpha), AntiAlias=True)


def stroke(colour: Colour, width: float, alpha: float = 1.0) -> skia.Paint:
    """A pen with round ends; `width` in frame pixels."""
    return skia.Paint(
        Color4f=colour4(colour, alpha),
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )


def _ramp(colours: Sequence[Colour | tuple[Colour, float]]) -> list[int]:
    packed = []
    for entry in colours:
        colour, alpha = entry if isinstance(entry[0], tuple) else (entry, 1.0)
        packed.append(int(colour4(colour, alpha).toColor()))
    return packed


def linear(
    start: Point,
    end: Point,
    colours: Sequence[Colour | tuple[Colour, float]],
    stops: Sequence[float] | None = None,
) -> skia.Paint:
    """A gradient from `start` to `end`. Each colour is a Colour, or (Colour, alpha)."""
    shader = skia.GradientShader.MakeLinear(
        points=[start, end], colors=_ramp(colours), positions=list(stops) if stops else []
    )
    return skia.Paint(Shader=shader, AntiAlias=True, Dither=True)


def radial(
    centre: Point,
    radius: float,
    colours: Sequence[Colour | tuple[Colour, float]],
    stops: Sequence[float] | None = None,
) -> skia.Paint:
    """A gradient from `centre` outwards. Each colour is a Colour, or (Colour, alpha)."""
    shader = skia.GradientShader.MakeRadial(
        center=centre, radius=max(radius, 0.5), colors=_ramp(colours), positions=list(stops) if stops else []
    )
    return skia.Paint(Shader=shader, AntiAlias=True, Dither=True)


def polygon(points: Sequence[Point], *, closed: bool = True) -> skia.Path:
    path = skia.Path()
    path.addPoly([skia.Point(x, y) for x, y in points], closed)
    return path


def soft_shadow(canvas: skia.Canvas, path: skia.Path, *, blur: float, alpha: float, colour: Colour = (0, 0, 0)) -> None:
    """Darken under `path`, its edge softened by a Gaussian of `blur` frame pixels. Keep to small paths: it is slow."""
    paint = fill(colour, alpha)
    paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, max(blur, 0.1)))
    canvas.drawPath(path, paint)


# --- noise, light, haze, glow: whole sheets at once --------------------------------------------------------------


def fractal_noise(
    shape: tuple[int, int],
    dice: np.random.Generator,
    *,
    cell: float,
    octaves: int = 4,
    stretch: Point = (1.0, 1.0),
    fade: float = 0.55,
) -> Floats:
    """Cloudy noise, rows x columns, float32, about 0..1 around 0.5.

    `cell` is the size of the largest blotches in pixels of `shape`; `stretch` (x, y) draws them out: (1, 8) streaks
    downwards. Each octave halves the size and is weaker by `fade`.
    """
    total = np.zeros(shape, np.float32)
    weight, sum_squares = 1.0, 0.0
    for octave in range(octaves):
        size = cell / 2**octave
        rows = min(shape[0], max(2, int(shape[0] / max(size * stretch[1], 1)) + 2))
        columns = min(shape[1], max(2, int(shape[1] / max(size * stretch[0], 1)) + 2))
        grid = dice.random((rows, columns), np.float32)
        total += weight * (cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC) - 0.5)
        sum_squares += weight * weight
        weight *= fade
    result: Floats = np.clip(0.5 + total / math.sqrt(sum_squares) * 0.9, 0.0, 1.0)
    return result


def texture(sheet: Sheet, noise: Floats, strength: float = 0.3) -> None:
    """Multiply the sheet's colour by 1 - strength (noise 0) .. 1 + strength (noise 1). Any size of noise."""
    light_up(sheet, np.repeat((1.0 + strength * (noise * 2.0 - 1.0))[:, :, None], 3, axis=2))


def light_up(sheet: Sheet, light: Floats) -> None:
    """Multiply the sheet's colour by a light map, rows x columns x 3 float32, 0..LIGHT_RANGE, of any coarser size."""
    rows, columns = sheet.array.shape[:2]
    packed = np.empty((*light.shape[:2], 4), np.float32)
    packed[..., :3] = light
    packed[..., 3] = 1.0
    coarse = cv2.convertScaleAbs(np.clip(packed, 0, LIGHT_RANGE), alpha=255 / LIGHT_RANGE)
    if coarse.shape[:2] != (rows, columns):
        coarse = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    alpha = sheet.array[..., 3].copy()
    cv2.multiply(sheet.array, coarse, dst=sheet.array, scale=LIGHT_RANGE / 255)
    cv2.min(sheet.array, cv2.merge([alpha] * 4), dst=sheet.array)
    sheet.array[..., 3] = alpha


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """A source that lights a sheet's surfaces: `at` in frame pixels; `radius` where it has fallen to 37 %."""

    at: Point
    colour: Colour
    strength: float
    radius: float
    tall: float = 1.0
    """How much taller than wide the pool of light is."""


def light_map(sheet: Sheet, ambient: Colour, lamps: Sequence[Lamp], *, step: int = 12, ceiling: float = 1.0) -> Floats:
    """What `light_up` wants: the ambient colour plus every lamp's pool (sharp peak, long tail).

    Where many lamps meet, their sum bends towards `ceiling` and keeps its hue.
    """
    gx, gy = sheet.coarse(step)
    total = np.zeros((*gx.shape, 3), np.float32)
    for lamp in lamps:
        near = ((gx - lamp.at[0]) / lamp.radius) ** 2 + ((gy - lamp.at[1]) / (lamp.radius * lamp.tall)) ** 2
        pool = lamp.strength * (0.7 * np.exp(-near) + 0.3 / (1.0 + near * 1.6))
        total += pool[..., None] * np.asarray(lamp.colour, np.float32)
    brightest = total.max(axis=2, keepdims=True)
    total *= ceiling * (1 - np.exp(-brightest / ceiling)) / np.maximum(brightest, 1e-4)
    return total + np.asarray(ambient, np.float32)


def haze(sheet: Sheet, colour: Colour, amount: float | Floats) -> None:
    """Veil what is painted with `colour` (0..1, or a coarse map of it); transparent parts stay transparent."""
    rows, columns = sheet.array.shape[:2]
    rgba = (*(round(255 * c) for c in colour), 255)
    alpha = cv2.merge([sheet.array[..., 3]] * 4)
    veil = cv2.multiply(alpha, np.full_like(alpha, rgba), scale=1 / 255)
    if isinstance(amount, float | int):
        cv2.addWeighted(sheet.array, 1 - amount, veil, amount, 0, dst=sheet.array)
        return
    weight = cv2.convertScaleAbs(np.clip(amount, 0, 1).astype(np.float32), alpha=255)
    weight = cv2.merge([cv2.resize(weight, (columns, rows), interpolation=cv2.INTER_LINEAR)] * 4)
    kept = cv2.multiply(sheet.array, cv2.bitwise_not(weight), scale=1 / 255)
    cv2.add(kept, cv2.multiply(veil, weight, scale=1 / 255), dst=sheet.array)
    sheet.array[..., 3] = alpha[..., 3]


def blur(array: Bytes, sigma: float, *, tall: float = 1.0) -> Bytes:
    """Gaussian blur by `sigma` array pixels (times `tall` vertically); wide ones are done small and enlarged."""
    rows, columns = array.shape[:2]
    step = max(1, min(int(min(sigma, sigma * tall) / 2.0), 16, rows // 4, columns // 4))
    if sigma <= 0.3:
        return array.copy()
    if step == 1:
        return as_bytes(cv2.GaussianBlur(array, (0, 0), sigma, sigmaY=sigma * tall))
    small = cv2.resize(array, (columns // step, rows // step), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step, sigmaY=sigma * tall / step)
    return as_bytes(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR))


def bloom(array: Bytes, halos: Sequence[Point], *, keep: float = 1.0) -> Bytes:
    """`array` times `keep` plus blurred copies of it, each (sigma in array pixels, weight)."""
    result: npt.NDArray[Any] = cv2.convertScaleAbs(array, alpha=keep)
    for sigma, weight in halos:
        result = cv2.add(result, cv2.convertScaleAbs(blur(array, sigma), alpha=weight))
    return as_bytes(result)


def glow(sheet: Sheet, *, tight: float, wide: float, strength: float = 1.0) -> None:
    """Turn a sheet of bare emissive shapes into light: the shapes, a tight halo, a wide one and a very wide one.

    `tight`, `wide` in frame pixels. Made for layers with light=True. The sheet's alpha becomes its brightest channel.
    """
    scaled = [(tight, 0.75), (wide, 0.8), (wide * 3.5, 0.55)]
    sheet.array[...] = bloom(sheet.array, [(s * sheet.scale, w * strength) for s, w in scaled])
    close_alpha(sheet)


def close_alpha(sheet: Sheet) -> None:
    """Raise alpha to the brightest colour channel, so that added light is again proper premultiplied colour."""
    a = sheet.array
    brightest = cv2.max(cv2.max(a[..., 0].copy(), a[..., 1].copy()), a[..., 2].copy())
    a[..., 3] = cv2.max(a[..., 3].copy(), brightest)


def add_light(sheet: Sheet, light: Sheet, strength: float = 1.0) -> None:
    """Add one sheet's light to another (same coverage, any scale), keeping premultiplied colour proper."""
    rows, columns = sheet.array.shape[:2]
    other = light.array
    if other.shape[:2] != (rows, columns):
        other = as_bytes(cv2.resize(other, (columns, rows), interpolation=cv2.INTER_LINEAR))
    alpha = sheet.array[..., 3].copy()
    cv2.add(sheet.array, cv2.convertScaleAbs(other, alpha=strength), dst=sheet.array)
    sheet.array[..., 3] = alpha
    close_alpha(sheet)


# --- perspective -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """A camera looking straight down a street or a room: metres in, frame pixels out.

    `vanish` is the vanishing point and `focal` the focal length, both in frame pixels; `height` the eye's height in
    metres. World: x right of the eye, y up from the floor, z away from the eye. `mirrored` shows the world as a wet
    floor reflects it.
    """

    vanish: Point
    focal: float
    height: float
    mirrored: bool = False

    def at(self, x: float, y: float, z: float) -> Point:
        k = self.focal / max(z, 0.05)
        above = self.height - (-y if self.mirrored else y)
        return self.vanish[0] + x * k, self.vanish[1] + above * k

    def size(self, metres: float, z: float) -> float:
        """How many pixels `metres` are at distance z."""
        return metres * self.focal / max(z, 0.05)

    def depth_at(self, y: float) -> float:
        """How far (metres) the floor is at frame height `y`; inf at the horizon and above."""
        below = y - self.vanish[1]
        return self.focal * self.height / below if below > 1e-6 else math.inf

    def wall(self, x: float, z: tuple[float, float], y: tuple[float, float]) -> list[Point]:
        """A rectangle on the plane x = constant: the four corners near-top, far-top, far-bottom, near-bottom."""
        return [self.at(x, y[1], z[0]), self.at(x, y[1], z[1]), self.at(x, y[0], z[1]), self.at(x, y[0], z[0])]

    def facing(self, x: tuple[float, float], y: tuple[float, float], z: float) -> list[Point]:
        """A rectangle facing the eye: left-top, right-top, right-bottom, left-bottom."""
        return [self.at(x[0], y[1], z), self.at(x[1], y[1], z), self.at(x[1], y[0], z), self.at(x[0], y[0], z)]

    def level(self, x: tuple[float, float], y: float, z: tuple[float, float]) -> list[Point]:
        """A horizontal rectangle at height y: near-left, near-right, far-right, far-left."""
        return [self.at(x[0], y, z[0]), self.at(x[1], y, z[0]), self.at(x[1], y, z[1]), self.at(x[0], y, z[1])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box in the world, metres: ranges of x, y, z."""

    x: tuple[float, float]
    y: tuple[float, float]
    z: tuple[float, float]


def box_faces(eye: Eye, box: Box) -> list[tuple[str, list[Point]]]:
    """The faces the eye can see, back to front: "top" or "bottom", "side" (left or right), then "front"."""
    faces: list[tuple[str, list[Point]]] = []
    looks_from = -eye.height if eye.mirrored else eye.height
    if box.y[1] < looks_from:
        faces.append(("top", eye.level(box.x, box.y[1], box.z)))
    elif box.y[0] > looks_from:
        faces.append(("bottom", eye.level(box.x, box.y[0], box.z)))
    if box.x[0] > 0:
        faces.append(("side", eye.wall(box.x[0], box.z, box.y)))
    elif box.x[1] < 0:
        faces.append(("side", eye.wall(box.x[1], box.z, box.y)))
    faces.append(("front", eye.facing(box.x, box.y, box.z[0])))
    return faces


def draw_box(
    canvas: skia.Canvas,
    eye: Eye,
    box: Box,
    colour: Colour,
    *,
    tones: tuple[float, float, float] = (1.15, 0.8, 1.0),
) -> None:
    """Fill a box's visible faces; `tones` multiply the colour on level faces, sides and the front."""
    by_face = {"top": tones[0], "bottom": tones[0] * 0.5, "side": tones[1], "front": tones[2]}
    for face, corners in box_faces(eye, box):
        canvas.drawPath(polygon(corners), fill(shade(colour, by_face[face])))


def warp_quad(sheet: Sheet, pattern: Floats, corners: Sequence[Point]) -> Floats:
    """A pattern (rows x columns) laid in perspective onto corners: top-left, top-right, bottom-right, bottom-left.

    Returns the sheet's rows x columns float32, 0.5 outside the corners: ready for `texture`.
    """
    left, top, *_ = sheet.bounds
    target = np.asarray([[(x - left) * sheet.scale, (y - top) * sheet.scale] for x, y in corners], np.float32)
    rows, columns = pattern.shape
    source = np.asarray([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    size = (sheet.array.shape[1], sheet.array.shape[0])
    return as_floats(cv2.warpPerspective(pattern, matrix, size, flags=cv2.INTER_LINEAR, borderValue=0.5))
