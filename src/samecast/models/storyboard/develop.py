"""From painted layers to sheets ready for the camera: haze, depth of field, bloom and grade, baked once.

Layers of one depth become one premultiplied RGBA sheet whose colour may exceed its alpha: what exceeds is light, added
by the same 'over' that covers. So glow costs nothing per frame. Numbers that decided this: docs/decisions/0001.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import skia

from samecast.models.storyboard.arrays import floats
from samecast.models.storyboard.camera import Affine
from samecast.models.storyboard.scene import Colour, Frame, Grade, Layer, Scene
from samecast.ports import Floats, Pixels

WHITE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """`aperture` is the blur radius of a point at infinity, as a fraction of the frame's height."""

    aperture: float

    def radius(self, depth: float, height: int) -> float:
        """Radius in pixels of the circle of confusion at a depth, the subject (1.0) being sharp."""
        away = 1.0 if math.isinf(depth) else abs(1.0 - 1.0 / depth)
        return self.aperture * height * min(away, 1.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A developed layer: premultiplied RGBA u8, its depth, and the affine from its pixels to the frame at rest."""

    pixels: Pixels
    depth: float
    to_frame: Affine
    sway: float
    opaque: bool


def develop(scene: Scene, frame: Frame, lens: Lens, *, fog: float) -> list[Sheet]:
    """Bake a scene for one take, far to near. `fog` 0..1 thickens the air between the layers."""
    sheets: list[Sheet] = []
    for group in _by_depth(scene.layers):
        cover, light = _flatten(group)
        first, depth = not sheets, group[0].depth
        scale = cover.shape[0] / (frame.height * (1 + 2 * group[0].overscan[1]))
        radius = lens.radius(depth, frame.height) * scale
        for left, top, right, bottom in _painted(cover, light, margin=math.ceil(2 * radius + 0.02 * frame.height)):
            part, glow = cover[top:bottom, left:right], light[top:bottom, left:right]
            pixels = _expose(part, glow, scene, depth, radius, fog)
            to_frame = _to_frame(group[0], frame, cover.shape[1], cover.shape[0], left, top)
            opaque = first and bool((pixels[..., 3] > 250).all())
            sheets.append(Sheet(pixels=pixels, depth=depth, to_frame=to_frame, sway=group[0].sway, opaque=opaque))
    return sheets


def _expose(cover: Floats, light: Floats, scene: Scene, depth: float, radius: float, fog: float) -> Pixels:
    """Air, focus, grade and bloom of one patch; premultiplied RGBA u8 with its light added."""
    cover = defocus(_haze(cover, depth, scene.ambient, fog), radius)
    cover = grade_sheet(cover, scene.grade)
    rgb = np.ascontiguousarray(cover[..., :3])
    if light.any():
        rgb += grade_light(defocus(light, radius, highlights=True), scene.grade)
    if scene.grade.bloom > 0:
        rgb += _bloom(rgb, scene.grade.bloom)
    cover[..., :3] = rgb
    return np.asarray(cv2.convertScaleAbs(np.maximum(cover, 0), alpha=255.0), np.uint8)


def _by_depth(layers: Sequence[Layer]) -> list[list[Layer]]:
    groups: list[list[Layer]] = []
    for layer in layers:
        last = groups[-1][0] if groups else None
        if last and _placed(last) == _placed(layer):
            groups[-1].append(layer)
        else:
            groups.append([layer])
    return groups


def _placed(layer: Layer) -> tuple[float, tuple[float, float], float]:
    return layer.depth, layer.overscan, layer.sway


def _flatten(group: Sequence[Layer]) -> tuple[Floats, Floats]:
    """Covering part (premultiplied RGBA) and light (RGB) of layers at one depth, 0..1, at the finest layer's size."""
    width, height = max((layer.image.width(), layer.image.height()) for layer in group)
    cover = np.zeros((height, width, 4), dtype=np.float32)
    light = np.zeros((height, width, 3), dtype=np.float32)
    for layer in group:
        pixels = _premultiplied(layer.image)
        if pixels.shape[:2] != (height, width):
            pixels = _resized(pixels, width, height)
        if layer.light:
            light += pixels[..., :3]
        else:
            hidden = 1 - pixels[..., 3:]
            cover *= hidden
            cover += pixels
            light *= hidden
    return cover, light


def _painted(cover: Floats, light: Floats, *, margin: int) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, right, bottom) around what is painted: two where the middle is empty, so that nothing empty is
    warped frame after frame."""
    painted = cv2.max(cover[..., 3], light.max(axis=2)) > 0.008
    height, width = painted.shape
    columns = np.flatnonzero(painted.any(axis=0))
    if not len(columns):
        return []
    boxes = []
    for span in np.split(columns, np.flatnonzero(np.diff(columns) > width // 6 + 2 * margin) + 1):
        left, right = int(span[0]), int(span[-1]) + 1
        rows = np.flatnonzero(painted[:, left:right].any(axis=1))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        boxes.append(
            (max(0, left - margin), max(0, top - margin), min(width, right + margin), min(height, bottom + margin))
        )
    return boxes


def _premultiplied(image: skia.Image) -> Floats:
    pixels = image.toarray(colorType=skia.kRGBA_8888_ColorType, alphaType=skia.kPremul_AlphaType)
    return np.asarray(pixels, dtype=np.float32) / np.float32(255)


def _haze(cover: Floats, depth: float, ambient: Colour, fog: float) -> Floats:
    """Distance fades to the colour of the air, exponentially."""
    if fog <= 0 or depth <= 1:
        return cover
    share = 1 - math.exp(-fog * 0.22 * (min(depth, 60.0) - 1))
    # One 4 x 4 mix: colours fade by the share, and the air comes in with the cover's own alpha.
    mix = np.eye(4, dtype=np.float32) * np.float32(1 - share)
    mix[:, 3] = (*(share * channel for channel in ambient), 1.0)
    return floats(cv2.transform(cover, mix))


def defocus(pixels: Floats, radius: float, *, highlights: bool = False) -> Floats:
    """Spread by a disk of `radius` pixels, in linear light where `highlights` shall become discs."""
    if radius < 0.6 or not pixels.any():
        return pixels
    if highlights:
        return np.sqrt(np.maximum(_disk(pixels * pixels * np.float32(1.6), radius), 0))
    return _disk(pixels, radius)


def _resized(pixels: Floats, width: int, height: int, how: int = cv2.INTER_LINEAR) -> Floats:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=how), dtype=np.float32)


def _disk(pixels: Floats, radius: float) -> Floats:
    """A disk filter; large radii at half size, since nothing finer survives them."""
    if radius > 5:
        h, w = pixels.shape[:2]
        small = _resized(pixels, max(1, w // 2), max(1, h // 2), cv2.INTER_AREA)
        return _resized(_disk(small, radius / 2), w, h)
    size = 2 * math.ceil(radius) + 1
    grid = np.hypot(*np.meshgrid(*[np.arange(size) - size // 2] * 2))
    kernel = np.clip(radius + 0.5 - grid, 0, 1).astype(np.float32)
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))


def grade_sheet(premultiplied: Floats, grade: Grade) -> Floats:
    """Develop the colours of a premultiplied RGBA sheet; its alpha stays."""
    out = premultiplied.copy()
    alpha = out[..., 3]
    if alpha.min() > 0.996:
        out[..., :3] = grade_colours(np.ascontiguousarray(out[..., :3]), grade)
        return out
    if not alpha.any():
        return out
    # What is nowhere painted needs no developing: only the rows and columns that hold paint are.
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    part = out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cover = np.repeat(part[..., 3:], 3, axis=2)
    straight = floats(cv2.divide(np.ascontiguousarray(part[..., :3]), np.maximum(cover, np.float32(1e-4))))
    part[..., :3] = cv2.multiply(grade_colours(straight, grade), cover)
    return out


def grade_colours(rgb: Floats, grade: Grade) -> Floats:
    """Exposure in (nearly) linear light with a soft shoulder, then contrast, saturation and tinted ends. 0..1.

    Linear light is taken as the square, whose root costs a tenth of the true curve's: the difference is a shade.
    """
    lin = cv2.multiply(rgb, rgb, scale=2.0**grade.exposure)
    if lin.max(initial=0.0) > 0.8:
        over = np.maximum(lin - np.float32(0.8), 0)
        lin = np.minimum(lin, np.float32(0.8)) + over / (over + np.float32(0.2)) * np.float32(0.2)
    out = floats(cv2.sqrt(lin))
    if grade.contrast != 1:
        out -= np.float32(0.42)
        out *= np.float32(grade.contrast)
        out += np.float32(0.42)
    if grade.saturation == 1 and not any(grade.shadows) and not any(grade.highlights):
        return floats(np.clip(out, 0, 1, out=out))
    luma = np.clip(_luma(out), 0, 1)
    if grade.saturation != 1:
        # cv2 mixes all three channels in one pass.
        share = np.float32(grade.saturation)
        out = floats(cv2.transform(out, share * np.eye(3, dtype=np.float32) + (1 - share) * WHITE[None, :]))
    for tone, tint in (((1 - luma) ** 2, grade.shadows), (luma * luma, grade.highlights)):
        if any(tint):
            out += tone[..., None] * np.array(tint, np.float32)
    return floats(np.clip(out, 0, 1, out=out))


def _luma(rgb: Floats) -> Floats:
    return floats(cv2.transform(rgb, WHITE[None, :]))


def grade_light(light: Floats, grade: Grade) -> Floats:
    """The same for added light, which has no black point to move."""
    gain, share = np.float32(2.0 ** (grade.exposure / 2)), np.float32(grade.saturation)
    mixed = cv2.transform(light, gain * (share * np.eye(3, dtype=np.float32) + (1 - share) * WHITE[None, :]))
    return np.maximum(floats(mixed), 0)


def _bloom(rgb: Floats, amount: float) -> Floats:
    h, w = rgb.shape[:2]
    bright = np.maximum(rgb - np.float32(0.55), 0)
    small = cv2.resize(bright, (max(2, w // 8), max(2, h // 8)), interpolation=cv2.INTER_AREA)
    glow = cv2.GaussianBlur(small, (0, 0), h / 8 / 40) + cv2.GaussianBlur(small, (0, 0), h / 8 / 14)
    return np.asarray(cv2.resize(glow, (w, h), interpolation=cv2.INTER_LINEAR)) * np.float32(0.8 * amount)


def _to_frame(layer: Layer, frame: Frame, width: int, height: int, left: int, top: int) -> Affine:
    sx = frame.width * (1 + 2 * layer.overscan[0]) / width
    sy = frame.height * (1 + 2 * layer.overscan[1]) / height
    x0, y0 = -layer.overscan[0] * frame.width, -layer.overscan[1] * frame.height
    return np.array([[sx, 0, x0 + sx * left], [0, sy, y0 + sy * top]], dtype=np.float64)
