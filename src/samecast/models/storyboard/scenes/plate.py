"""The plate a painter works on: premultiplied RGBA pixels addressed in fractions of the frame, turned into a Layer.

Holds coordinates and the ways paint lands on it. What is painted is the painters' business.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import skia

from samecast.models.storyboard.scene import Colour, Frame, Layer
from samecast.models.storyboard.scenes.noise import Field

Pixels = npt.NDArray[np.uint8]
"""(H, W, 4) premultiplied RGBA."""

_SHIFT = 4


def rgba(colour: Colour, alpha: float = 1.0) -> tuple[int, int, int, int]:
    """Premultiplied bytes of a colour, for cv2's drawing calls."""
    r, g, b = (int(min(max(c, 0.0), 1.0) * alpha * 255.0 + 0.5) for c in colour)
    return r, g, b, int(alpha * 255.0 + 0.5)


class Plate:
    """Pixels covering the frame and `overscan` beyond it. x, y below are fractions of frame width and height."""

    def __init__(self, frame: Frame, *, overscan: tuple[float, float] = (0.15, 0.08), scale: float = 0.5) -> None:
        self.frame, self.overscan, self.scale = frame, overscan, scale
        self.width = max(8, round(frame.width * (1.0 + 2.0 * overscan[0]) * scale))
        self.height = max(8, round(frame.height * (1.0 + 2.0 * overscan[1]) * scale))
        self.unit = min(frame.width, frame.height) * scale
        self.pixels: Pixels = np.zeros((self.height, self.width, 4), np.uint8)

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def px(self, x: float) -> float:
        return (x + self.overscan[0]) * self.frame.width * self.scale

    def py(self, y: float) -> float:
        return (y + self.overscan[1]) * self.frame.height * self.scale

    def grid(self) -> tuple[Field, Field]:
        """Frame fractions at pixel centres: x (1, W) and y (H, 1)."""
        x = (np.arange(self.width, dtype=np.float32) + 0.5) / (self.frame.width * self.scale) - self.overscan[0]
        y = (np.arange(self.height, dtype=np.float32) + 0.5) / (self.frame.height * self.scale) - self.overscan[1]
        return np.asarray(x[None, :], np.float32), np.asarray(y[:, None], np.float32)

    def span(self) -> tuple[float, float]:
        """Leftmost and rightmost x on the sheet."""
        return -self.overscan[0], 1.0 + self.overscan[0]

    def lay(self, colour: Field | Colour, alpha: Field | None = None) -> None:
        """Colour (H, W, 3) or flat, over what is there, by `alpha` (H, W); everywhere when None."""
        value = np.broadcast_to(np.asarray(colour, np.float32), (*self.shape, 3))
        if alpha is None:
            self.pixels[..., :3] = np.clip(value * 255.0 + 0.5, 0.0, 255.0)
            self.pixels[..., 3] = 255
            return
        cover = np.clip(alpha, 0.0, 1.0).astype(np.float32)[..., None]
        under = self.pixels.astype(np.float32) * (1.0 - cover)
        under[..., :3] += np.clip(value, 0.0, 1.0) * (cover * 255.0)
        under[..., 3:] += cover * 255.0
        self.pixels = np.asarray(under + 0.5, np.uint8)

    def add(self, colour: Field) -> None:
        """Light (H, W, 3) added to what is there; for sheets that become `light` layers."""
        total = self.pixels[..., :3].astype(np.float32) + colour * 255.0
        self.pixels[..., :3] = np.clip(total + 0.5, 0.0, 255.0)
        self.pixels[..., 3] = self.pixels[..., :3].max(axis=2)

    def polygon(self, points: npt.ArrayLike, colour: Colour) -> None:
        """A filled shape, `points` (N, 2) in pixels."""
        corners = np.round(np.asarray(points, np.float64) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(self.pixels, [corners], rgba(colour), cv2.LINE_AA, _SHIFT)

    def stamp(self, sprite: Pixels, x: float, y: float, flip: bool = False) -> None:
        """A premultiplied sprite over the sheet, its bottom centre at pixel (x, y); what sticks out is cut off."""
        image = sprite[:, ::-1] if flip else sprite
        height, width = image.shape[:2]
        left, top = round(x - width / 2), round(y - height)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, self.width), min(top + height, self.height)
        if x0 >= x1 or y0 >= y1:
            return
        part = image[y0 - top : y1 - top, x0 - left : x1 - left]
        under = self.pixels[y0:y1, x0:x1]
        keep = cv2.cvtColor(255 - part[..., 3], cv2.COLOR_GRAY2BGRA)
        under[:] = cv2.add(part, cv2.multiply(under, keep, scale=1 / 255))

    def tint(self, colour: Colour, amount: Field | float) -> None:
        """Veil what is painted with air of this colour; what is see-through stays so."""
        veil = np.broadcast_to(np.asarray(amount, np.float32), self.shape)[..., None]
        base = self.pixels[..., :3].astype(np.float32)
        air = np.asarray(colour, np.float32) * self.pixels[..., 3:].astype(np.float32)
        self.pixels[..., :3] = np.clip(base + (air - base) * veil + 0.5, 0.0, 255.0)

    def clear_middle(self) -> None:
        """Let what is painted fade out before the middle half of the frame, which belongs to the character."""
        x, y = self.grid()
        inside = np.maximum(np.abs(x - 0.5), np.abs(y - 0.5))
        self.pixels[...] = (self.pixels * np.clip((inside - 0.265) / 0.05, 0.0, 1.0)[..., None]).astype(np.uint8)

    def layer(self, depth: float, *, light: bool = False, sway: float = 0.0) -> Layer:
        return Layer(
            image=image_of(self.pixels),
            depth=depth,
            overscan=self.overscan,
            scale=self.scale,
            light=light,
            sway=sway,
        )


def image_of(pixels: Pixels) -> skia.Image:
    """A skia image of its own memory from premultiplied RGBA."""
    safe = pixels.copy()
    np.minimum(safe[..., :3], safe[..., 3:], out=safe[..., :3])
    return skia.Image.fromarray(
        np.ascontiguousarray(safe),
        colorType=skia.ColorType.kRGBA_8888_ColorType,
        alphaType=skia.AlphaType.kPremul_AlphaType,
    )


def scaled(sprite: Pixels, height: float) -> Pixels:
    """A sprite at another height in pixels, its shape kept."""
    tall = max(2, round(height))
    wide = max(2, round(sprite.shape[1] * tall / sprite.shape[0]))
    way = cv2.INTER_AREA if tall < sprite.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(sprite, (wide, tall), interpolation=way), np.uint8)


def leaning(sprite: Pixels, lean: float) -> Pixels:
    """A sprite sheared so that its top stands `lean` x its height to the right of its foot."""
    height, width = sprite.shape[:2]
    room = int(np.ceil(abs(lean) * height))
    matrix = np.asarray([[1.0, -lean, lean * height + room], [0.0, 1.0, 0.0]], np.float32)
    return np.asarray(cv2.warpAffine(sprite, matrix, (width + 2 * room, height), flags=cv2.INTER_LINEAR), np.uint8)


def shaded(sprite: Pixels, light: Colour, air: Colour, amount: float) -> Pixels:
    """A sprite under coloured light (multiplied), then veiled by air."""
    base = sprite[..., :3].astype(np.float32) * np.asarray(light, np.float32)
    veil = np.asarray(air, np.float32) * sprite[..., 3:].astype(np.float32)
    result = sprite.copy()
    result[..., :3] = np.clip(base + (veil - base) * amount, 0.0, 255.0)
    np.minimum(result[..., :3], result[..., 3:], out=result[..., :3])
    return result


def stack(first: Sequence[Layer], *rest: Layer | None) -> tuple[Layer, ...]:
    """Layers in order, far to near, leaving out what a time or weather does not have."""
    return tuple(sorted((*first, *(r for r in rest if r is not None)), key=lambda layer: -layer.depth))
