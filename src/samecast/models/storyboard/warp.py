"""Makes the cut-out alive: turns the head, lets it breathe, blink and step, and lays it over a frame. No painting.

Displacements are computed on a coarse grid and enlarged, then one `cv2.remap` moves the pixels: a few milliseconds for
a figure that fills half of a 720 x 1280 frame. Everything depends on the pose and the camera alone.
"""

import math
import threading
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from samecast.models.storyboard.arrays import floats, pixels
from samecast.models.storyboard.cutout import CHIN, Cutout
from samecast.models.storyboard.eyelids import Eye, eyes_of
from samecast.models.storyboard.performance import Pose
from samecast.models.storyboard.relight import Lit
from samecast.ports import Floats, Pixels

Affine = npt.NDArray[np.float64]
"""2 x 3: maps (x, y, 1)."""

STILL: Affine = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
Scratch = npt.NDArray[np.float32 | np.uint8]
_ONE_MAP: Any = None
"""`cv2.remap` takes x and y in one map and None for the second; its annotations do not know."""
GRID = 8
"""Pixels between the nodes of the displacement grid."""
SLACK = 0.16
"""How far beyond the frame, in fractions of it, the figure is kept, for cameras that pull out or pan."""
BEYOND = 0.05
"""Cut edges are continued by this fraction of the cut-out, mirrored, so that a step never bares the cut."""


class Puppet:
    """One placed, relit character. `placement` maps cut-out pixels to frame pixels, `frame` is (width, height).

    Equal poses and cameras give equal pixels. Scratch memory is kept between frames: one thread per puppet.
    """

    def __init__(self, lit: Lit, cutout: Cutout, placement: Affine, frame: tuple[int, int]) -> None:
        place = np.asarray(placement, np.float64)
        self._scale = float(math.sqrt(abs(np.linalg.det(place[:, :2]))))
        self._left, self._top, self._width, self._height = _kept(cutout, place, frame)
        local = place.copy()
        local[:, 2] -= (self._left, self._top)
        self._steady = _placed(lit.steady, cutout, local, (self._width, self._height))
        self._flicker = (
            _placed(lit.flicker, cutout, local, (self._width, self._height)) if lit.flicker is not None else None
        )
        self._bones = _Bones(cutout, local, (self._width, self._height))
        self._eyes: tuple[Eye, ...] = ()
        if cutout.face is not None:
            points = cutout.face.landmarks[:, :2] @ local[:, :2].T + local[:, 2]
            self._eyes = eyes_of(points.astype(np.float32), self._steady)
        self._solid = _bounds(self._steady)
        self._size = (self._width, self._height)
        self._own = threading.local()

    def draw_into(self, canvas: Pixels, pose: Pose, camera: Affine = STILL, *, glow: float = 1.0) -> None:
        """Lay the figure over `canvas` (H x W x 4 uint8, premultiplied), in place.

        `camera` maps frame pixels to canvas pixels; `glow` 0..1 is how bright its flickering lights are now.
        """
        body = _compose(np.asarray(camera, np.float64), self._bones.body(pose, (self._left, self._top)))
        left, top, right, bottom = self._reach(body, canvas.shape)
        if right <= left or bottom <= top:
            return
        shown = self._lit(pose, glow)
        back = _inverse(body)
        back[:, 2] -= (self._left, self._top)
        columns, rows = (right - left + GRID - 1) // GRID + 2, (bottom - top + GRID - 1) // GRID + 2
        sources = self._bones.sources(pose, back, (left - GRID, top - GRID), (columns, rows))
        # Enlarged by exactly GRID, one node more on each side: inside, that is exact linear interpolation.
        size = (columns * GRID, rows * GRID)
        large = cv2.resize(sources, size, dst=self._buffer("map", size, 2), interpolation=cv2.INTER_LINEAR)
        inner = large[GRID : GRID + bottom - top, GRID : GRID + right - left]
        figure = cv2.remap(
            shown,
            inner,
            _ONE_MAP,
            cv2.INTER_LINEAR,
            dst=self._buffer("figure", (right - left, bottom - top), 4),
            borderMode=cv2.BORDER_CONSTANT,
        )
        _over(canvas[top:bottom, left:right], pixels(figure))

    def _buffer(self, use: str, size: tuple[int, int], channels: int) -> Scratch:
        """Memory kept between frames, each thread its own: fresh pages every frame cost more than the drawing."""
        buffers: dict[str, Scratch] = self._own.__dict__
        kind = np.float32 if use == "map" else np.uint8
        shape = (size[1], size[0], channels)
        kept = buffers.get(use)
        if kept is None or kept.size < math.prod(shape):
            kept = np.empty(math.prod(shape), kind)
            buffers[use] = kept
        return kept[: math.prod(shape)].reshape(shape)

    def _lit(self, pose: Pose, glow: float) -> Pixels:
        shown = self._steady
        if self._flicker is not None and glow > 0.004:
            lit = self._buffer("lit", self._size, 4)
            shown = pixels(cv2.addWeighted(self._steady, 1.0, self._flicker, float(glow), 0.0, dst=lit))
        if not self._eyes or (pose.blink <= 0.01 and abs(pose.gaze[0]) + abs(pose.gaze[1]) < 0.02):
            return shown
        if shown is self._steady:
            shown = pixels(self._buffer("lit", self._size, 4))
            np.copyto(shown, self._steady)
        for eye in self._eyes:
            part = eye.draw(shown, pose.blink, pose.gaze)
            shown[eye.top : eye.top + eye.height, eye.left : eye.left + eye.width] = part
        return shown

    def _reach(self, body: Affine, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        """The part of the canvas the figure can touch: left, top, right, bottom."""
        x0, y0, x1, y1 = self._solid
        spare = self._bones.spare
        corners = np.array([[x, y] for x in (x0 - spare, x1 + spare) for y in (y0 - spare, y1 + spare)], np.float64)
        corners += (self._left, self._top)
        there = corners @ body[:, :2].T + body[:, 2]
        left, top = np.floor(there.min(axis=0)).astype(int)
        right, bottom = np.ceil(there.max(axis=0)).astype(int) + 1
        return max(0, int(left)), max(0, int(top)), min(shape[1], int(right)), min(shape[0], int(bottom))


class _Bones:
    """The fixed fields the displacement is made of, on the coarse grid, in pixels of the kept picture."""

    def __init__(self, cutout: Cutout, local: Affine, size: tuple[int, int]) -> None:
        scale = float(math.sqrt(abs(np.linalg.det(local[:, :2]))))
        grid = (size[0] // GRID + 2, size[1] // GRID + 2)
        xs, ys = np.meshgrid(np.arange(grid[0], dtype=np.float32) * GRID, np.arange(grid[1], dtype=np.float32) * GRID)
        x, y, w, h = cutout.head
        cx, chin = local[:, :2] @ (x + w / 2, y + h) + local[:, 2]
        self._h = float(max(8.0, (h if cutout.face is not None else 0.8 * h) * scale))
        self._w = float(max(8.0, w * scale))
        self._cx = self._axis(cutout, local, float(cx))
        self._chin = float(chin)
        self._feet = float((local[:, :2] @ (0.0, cutout.height) + local[:, 2])[1])
        self._people = cutout.face is not None
        self.spare = 0.16 * self._h
        depth = _on_grid(cutout.relief.head_depth * scale, local, grid)
        self._depth = cv2.GaussianBlur(depth, (0, 0), 1.1)
        self._weight = self._head_weight(xs, ys)
        self._x = xs - self._cx
        self._neck = ys - (self._chin + 0.22 * self._h)
        self._nod = ys - (self._chin - 0.18 * self._h)
        self._fields = self._breath_fields(xs, ys), self._jaw_field(cutout, local, xs, ys)
        self._nodes = xs / GRID, ys / GRID

    @staticmethod
    def _axis(cutout: Cutout, local: Affine, fallback: float) -> float:
        """x of the head's turning axis: between the ears rather than in the middle of the hair."""
        if cutout.face is None:
            return fallback
        ears = cutout.face.landmarks[[234, 454], :2].mean(axis=0)
        return 0.5 * float((local[:, :2] @ ears + local[:, 2])[0]) + 0.5 * fallback

    def _head_weight(self, xs: Floats, ys: Floats) -> Floats:
        """1 on head and hair, down to 0 over the neck; hair that hangs lower follows less and less."""
        low, high = (-0.12, 0.5) if self._people else (-0.3, 0.35)
        down = _ramp((self._chin + high * self._h - ys) / ((high - low) * self._h))
        aside = _ramp((1.25 * self._w - np.abs(xs - self._cx)) / (0.55 * self._w))
        return (down * (aside if self._people else 1.0)).astype(np.float32)

    def _breath_fields(self, xs: Floats, ys: Floats) -> Floats:
        """Displacement at a full breath: the chest widens, the shoulders lift the head a little. H x W x 2."""
        down = (ys - self._chin) / self._h
        to_feet = _ramp((self._feet - ys) / max(1.0, min(2.2 * self._h, self._feet - self._chin)))
        lift = -0.017 * self._h * np.where(down < 0.4, 0.65 + 0.35 * _ramp(down / 0.4 + 0.5), 1.0) * to_feet
        chest = np.exp(-(((down - 1.1) / 0.75) ** 2)) * 0.010 * np.clip(xs - self._cx, -1.6 * self._h, 1.6 * self._h)
        return np.dstack([chest, lift]).astype(np.float32)

    def _jaw_field(self, cutout: Cutout, local: Affine, xs: Floats, ys: Floats) -> Floats | None:
        """Displacement, downward, with the jaw dropped: from the lips' line to below the chin. H x W."""
        if cutout.face is None:
            return None
        points = cutout.face.landmarks[[13, 14, 61, 291, CHIN], :2] @ local[:, :2].T + local[:, 2]
        line = float(points[:2, 1].mean())
        drop = max(1.0, float(points[4, 1]) - line)
        middle, half = float(points[2:4, 0].mean()), max(1.0, 0.5 * float(points[3, 0] - points[2, 0]))
        start = _ramp((ys - line + 0.18 * drop) / (0.5 * drop))
        end = _ramp((self._chin + 0.30 * self._h - ys) / (0.34 * self._h))
        across = np.exp(-(((xs - middle) / (1.9 * half)) ** 2))
        return floats(0.032 * self._h * start * end * across)

    def body(self, pose: Pose, corner: tuple[int, int]) -> Affine:
        """The whole body's step and lean, in frame pixels: it tilts about where it leaves the frame below."""
        angle = math.radians(pose.lean)
        cos, sin = math.cos(angle), math.sin(angle)
        x, y = self._cx + corner[0], self._feet + corner[1]
        shift = np.array([pose.x * self._h, pose.y * self._h])
        turn = np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y]])
        turn[:, 2] += shift
        return turn

    def sources(self, pose: Pose, back: Affine, corner: tuple[int, int], count: tuple[int, int]) -> Floats:
        """For nodes of a canvas grid, the pixel of the kept picture shown there: rows x columns x 2, float32.

        `back` maps canvas pixels to kept-picture pixels; nodes stand in the middle of GRID x GRID blocks from `corner`.
        """
        forward = self._forward(pose)
        # `forward` says where a pixel goes; wanted is where it came from: one step of the fixed point suffices.
        xs, ys = self._nodes
        came = cv2.remap(
            forward,
            xs - forward[..., 0] / GRID,
            ys - forward[..., 1] / GRID,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        middle = 0.5 * (GRID - 1)
        x = corner[0] + middle + GRID * np.arange(count[0], dtype=np.float32)
        y = corner[1] + middle + GRID * np.arange(count[1], dtype=np.float32)[:, None]
        (a, b, c), (d, e, f) = back.astype(np.float32)
        there = np.dstack([a * x + (b * y + c), d * x + (e * y + f)])
        moved = cv2.remap(came, floats(there / GRID), _ONE_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(there - moved, np.float32)

    def _forward(self, pose: Pose) -> Floats:
        """Where every node's pixel goes, as a displacement: rows x columns x 2."""
        forward = self._turned(pose)
        breath, jaw = self._fields
        forward += breath * np.float32(pose.breath)
        if jaw is not None and pose.jaw > 0:
            forward[..., 1] += jaw * np.float32(pose.jaw)
        return forward

    def _turned(self, pose: Pose) -> Floats:
        """The head turned about the neck: yaw moves by depth, pitch nods about the jaw's hinge, roll tilts."""
        yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
        depth = self._depth + 0.12 * self._w
        x = self._x * math.cos(yaw) + depth * math.sin(yaw)
        behind = depth * math.cos(yaw) - self._x * math.sin(yaw)
        y = self._nod * math.cos(pitch) - behind * math.sin(pitch) - self._nod + self._neck
        turned_x = x * math.cos(roll) - y * math.sin(roll)
        turned_y = x * math.sin(roll) + y * math.cos(roll)
        moved = np.dstack([(turned_x - self._x) * self._weight, (turned_y - self._neck) * self._weight])
        return moved.astype(np.float32)


# --- placing and laying over -------------------------------------------------------------------------------------


def _kept(cutout: Cutout, place: Affine, frame: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width, height (frame pixels) of the part of the placed figure that can ever be seen."""
    more_x, more_y = BEYOND * cutout.width, BEYOND * cutout.height
    corners = np.array([[x, y] for x in (-more_x, cutout.width + more_x) for y in (-more_y, cutout.height + more_y)])
    there = corners @ place[:, :2].T + place[:, 2]
    low = np.maximum(there.min(axis=0), (-SLACK * frame[0], -SLACK * frame[1]))
    high = np.minimum(there.max(axis=0), ((1 + SLACK) * frame[0], (1 + SLACK) * frame[1]))
    left, top = np.floor(low).astype(int)
    width, height = np.maximum(np.ceil(high).astype(int) - (left, top), 8)
    return int(left), int(top), int(width), int(height)


def _placed(sheet: Pixels, cutout: Cutout, local: Affine, size: tuple[int, int]) -> Pixels:
    """The sheet resampled once, well, to where it stands: later frames only move it by little."""
    cuts = cutout.cuts
    pads = [
        math.ceil(BEYOND * side) if spans else 2
        for spans, side in (
            (cuts.top, cutout.height),
            (cuts.bottom, cutout.height),
            (cuts.left, cutout.width),
            (cuts.right, cutout.width),
        )
    ]
    sheet = _bordered(sheet, pads, cutout)
    scale = float(math.sqrt(abs(np.linalg.det(local[:, :2]))))
    if scale > 1.05:
        sheet = _smooth_outline(sheet)
    back = _inverse(local)
    back[:, 2] += (pads[2], pads[0])
    if scale < 0.75:
        # Reduce by area first: a single warp would alias.
        reduced = cv2.resize(sheet, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        ratio = np.array([reduced.shape[1] / sheet.shape[1], reduced.shape[0] / sheet.shape[0]])
        back = (back * ratio[:, None]) + np.array([[0, 0, 0.5 * ratio[0] - 0.5], [0, 0, 0.5 * ratio[1] - 0.5]])
        sheet = pixels(reduced)
    flags = (cv2.INTER_CUBIC if scale < 0.75 else cv2.INTER_LANCZOS4) | cv2.WARP_INVERSE_MAP
    placed = cv2.warpAffine(sheet, back, size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    if scale > 1.15:
        soft = cv2.GaussianBlur(placed, (0, 0), 0.75 * scale)
        inside = (soft[..., 3] > 250)[..., None]
        placed = np.where(inside, cv2.addWeighted(placed, 1.3, soft, -0.3, 0.0), placed)
    return np.asarray(placed, np.uint8)


def _smooth_outline(sheet: Pixels) -> Pixels:
    """Round the outline's pixel steps, which enlarging would turn into stairs; the inside stays sharp."""
    soft = cv2.GaussianBlur(sheet, (0, 0), 0.65)
    inside = cv2.erode(sheet[..., 3], np.ones((3, 3), np.uint8)).astype(np.float32) / 255.0
    share = cv2.GaussianBlur(inside, (0, 0), 0.6)[..., None]
    return np.rint(soft + share * (sheet.astype(np.float32) - soft)).astype(np.uint8)


def _bordered(sheet: Pixels, pads: list[int], cutout: Cutout) -> Pixels:
    """Mirror the sheet beyond its cut edges; leave the others empty."""
    cuts = cutout.cuts
    out = sheet
    for index, spans in enumerate((cuts.top, cuts.bottom, cuts.left, cuts.right)):
        above, below, left, right = (pads[index] if at == index else 0 for at in range(4))
        kind = cv2.BORDER_REFLECT_101 if spans else cv2.BORDER_CONSTANT
        out = pixels(cv2.copyMakeBorder(out, above, below, left, right, kind, value=(0, 0, 0, 0)))
    return out


def _bounds(sheet: Pixels) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is not transparent."""
    alpha = sheet[..., 3]
    columns, rows = np.flatnonzero(alpha.max(axis=0)), np.flatnonzero(alpha.max(axis=1))
    if len(rows) == 0:
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _on_grid(image: Floats, local: Affine, grid: tuple[int, int]) -> Floats:
    back = _inverse(local)
    back[:, :2] *= GRID
    step = max(1.0, float(np.abs(back[:, :2]).max()))
    smooth = cv2.GaussianBlur(image, (0, 0), max(0.5, 0.4 * step))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(smooth, back, grid, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _over(canvas: Pixels, figure: Pixels) -> None:
    """Premultiplied "over", in place."""
    rest = cv2.bitwise_not(cv2.extractChannel(figure, 3))
    # OpenCV writes in place only where the rows follow one another without a gap; elsewhere into a copy.
    whole = canvas.flags.c_contiguous
    dimmed = cv2.multiply(canvas, cv2.merge([rest, rest, rest, rest]), canvas if whole else None, 1.0 / 255.0)
    laid = cv2.add(dimmed, figure, dimmed)
    if not whole:
        canvas[:] = laid


def _inverse(affine: Affine) -> Affine:
    return np.asarray(cv2.invertAffineTransform(affine), np.float64)


def _compose(outer: Affine, inner: Affine) -> Affine:
    """First `inner`, then `outer`."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def _ramp(share: Floats) -> Floats:
    s = np.clip(share, 0.0, 1.0)
    return (s * s * (3.0 - 2.0 * s)).astype(np.float32)
