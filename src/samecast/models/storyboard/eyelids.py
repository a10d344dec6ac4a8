"""Closes the eyes of a placed cut-out: a lid of the face's own skin comes down along the landmarks, its lashes with it.

Works on small rectangles of a premultiplied picture, in frame pixels. When to blink is decided in `performance.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from samecast.models.storyboard.arrays import floats, pixels
from samecast.ports import Floats, Pixels

# Face Mesh landmarks from the viewer's left corner to the right one; viewer's left eye first.
_UPPER = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
_LOWER = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))

SMALLEST = 9.0
"""Eyes narrower than this many pixels are left alone: nothing would be seen."""


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye's rectangle in the picture and, per column of it, where the lids run (pixels from its top).

    `tone` turns the skin under the eye into the skin of the lid (three factors).
    """

    left: int
    top: int
    width: int
    height: int
    upper: Floats
    lower: Floats
    span: float
    tone: Floats

    def draw(self, picture: Pixels, blink: float, gaze: tuple[float, float]) -> Pixels:
        """The rectangle of `picture` (H x W x 4) with the lid `blink` closed (0..1) and the iris moved by `gaze`."""
        rows = slice(self.top, self.top + self.height)
        columns = slice(self.left, self.left + self.width)
        source = picture[rows, columns]
        ys, xs = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        opening = np.maximum(self.lower - self.upper, 0.0)
        iris = self._iris(source, xs, ys, opening, gaze, blink)
        if blink <= 0.01:
            return iris
        meet = self.lower - 0.12 * opening
        edge = self.upper + blink * (meet - self.upper)
        present = np.clip(opening / (0.07 * self.span), 0.0, 1.0)
        lid = self._lid(source, xs, ys, edge)
        start = np.clip((ys - self.upper + 0.22 * self.span) / (0.12 * self.span), 0.0, 1.0)
        firm = min(1.0, 3.0 * blink)
        cover = np.clip((edge - ys) / 0.9 + 0.5, 0.0, 1.0) * start * start * present * firm
        # The lid throws a narrow shadow on the eye it comes down over.
        shadow = 1.0 - 0.4 * blink * np.exp(-np.clip(ys - edge, 0.0, None) / (0.07 * self.span)) * present
        under = iris.astype(np.float32)
        under[..., :3] *= np.where((ys < self.lower) & (ys > self.upper), shadow, 1.0)[..., None]
        return pixels(np.clip(under + cover[..., None] * (lid - under) + 0.5, 0, 255).astype(np.uint8))

    def _lid(self, source: Pixels, xs: Floats, ys: Floats, edge: Floats) -> Floats:
        """The closing lid's skin, with its lashes at `edge`: rows x columns x 4.

        Its texture is the skin under the eye, mirrored: above there may be lashes, a crease, spectacles, a brow.
        """
        mirrored = self.lower + 0.17 * self.span + 0.45 * (self.lower - ys)
        skin = cv2.remap(source, xs, mirrored.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        lid = cv2.GaussianBlur(skin, (0, 0), max(0.5, 0.012 * self.span)).astype(np.float32)
        down = np.clip((ys - self.upper + 0.12 * self.span) / np.maximum(edge - self.upper + 0.12 * self.span, 1), 0, 1)
        lid[..., :3] *= self.tone * (0.97 - 0.15 * down**2)[..., None]
        # The lashes travel with the edge, unstretched: only their darkness is taken along.
        shift = edge - self.upper
        lashes = cv2.remap(
            source, xs, (ys - shift).astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        dark = lashes[..., :3].astype(np.float32).mean(axis=2) / (lid[..., :3].mean(axis=2) + 1.0)
        near = np.clip((ys - edge + 0.12 * self.span) / (0.09 * self.span), 0.0, 1.0)
        line = 1.0 - 0.5 * np.exp(-(((ys - edge + 0.012 * self.span) / (0.022 * self.span + 0.3)) ** 2))
        lid[..., :3] *= (np.minimum(1.0 + near * (np.clip(dark, 0.25, 1.0) - 1.0), line))[..., None]
        return lid

    def _iris(
        self,
        source: Pixels,
        xs: Floats,
        ys: Floats,
        opening: Floats,
        gaze: tuple[float, float],
        blink: float,
    ) -> Pixels:
        """The open eye with its iris moved, and its lower lid raised a little by the blink."""
        middle = 0.5 * (self.width - 1)
        across = np.clip(1.0 - ((xs - middle) / (0.5 * self.span)) ** 2, 0.0, 1.0)
        centre = 0.5 * (self.upper + self.lower)
        within = np.clip(1.0 - ((ys - centre) / (0.55 * opening + 1.0)) ** 2, 0.0, 1.0)
        free = across * within
        reach = 0.07 * self.span
        rise = 0.13 * opening * blink
        below = np.clip((ys - self.lower) / (0.35 * self.span), -1.0, 1.0)
        lift = rise * np.where(below < 0, np.clip(1 + below * 4, 0, 1), _smooth(1.0 - below))
        return np.asarray(
            cv2.remap(
                source,
                (xs - gaze[0] * reach * free).astype(np.float32),
                (ys - gaze[1] * 0.5 * reach * free + lift).astype(np.float32),
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )


def eyes_of(landmarks: Floats, picture: Pixels) -> tuple[Eye, ...]:
    """The eyes large enough to blink, from landmarks (478 x 2 or 3) in the pixels of `picture` (H x W x 3 or 4)."""
    found = (_eye(landmarks, *parts, picture) for parts in zip(_UPPER, _LOWER, strict=True))
    return tuple(eye for eye in found if eye is not None)


def _eye(landmarks: Floats, upper: Sequence[int], lower: Sequence[int], picture: Pixels) -> Eye | None:
    lids = landmarks[list(upper), :2], landmarks[list(lower), :2]
    span = float(abs(lids[0][-1, 0] - lids[0][0, 0]))
    if span < SMALLEST:
        return None
    lids = lids[0][np.argsort(lids[0][:, 0])], lids[1][np.argsort(lids[1][:, 0])]
    if float((_curve(lids[1], lids[0][:, 0]) - lids[0][:, 1]).max()) < 0.12 * span:
        return None
    margin = 0.3 * span
    left, right = int(lids[0][0, 0] - margin), int(lids[0][-1, 0] + margin) + 1
    top, bottom = int(lids[0][:, 1].min() - 0.5 * span), int(lids[1][:, 1].max() + 0.75 * span) + 1
    if left < 1 or top < 1 or right > picture.shape[1] - 1 or bottom > picture.shape[0] - 1:
        return None
    xs = np.arange(left, right, dtype=np.float32)
    curves = [cv2.GaussianBlur((_curve(c, xs) - top)[None], (0, 0), max(0.5, 0.03 * span))[0] for c in lids]
    tone = _lid_tone(picture[top:bottom, left:right, :3], curves[0], curves[1], span)
    return Eye(left, top, right - left, bottom - top, curves[0], curves[1], span, tone)


def _lid_tone(part: Pixels, upper: Floats, lower: Floats, span: float) -> Floats:
    """Lid skin over cheek skin, per channel: from the lighter half of what lies between lid and brow."""
    rows = np.arange(part.shape[0])[:, None]
    above = part[(rows > upper - 0.45 * span) & (rows < upper - 0.08 * span)].astype(np.float32)
    below = part[(rows > lower + 0.17 * span) & (rows < lower + 0.4 * span)].astype(np.float32)
    if len(above) < 8 or len(below) < 8:
        return np.full(3, 0.9, np.float32)
    light = above.sum(axis=1)
    lid = np.median(above[light >= np.percentile(light, 55)], axis=0)
    ratio = (lid + 2.0) / (np.median(below, axis=0) + 2.0)
    return floats(np.clip(ratio, 0.78, 1.06))


def _curve(points: Floats, xs: Floats) -> Floats:
    order = np.argsort(points[:, 0])
    return floats(np.interp(xs, points[order, 0], points[order, 1]))


def _smooth(share: Floats) -> Floats:
    s = np.clip(share, 0.0, 1.0)
    return floats(s * s * (3.0 - 2.0 * s))
