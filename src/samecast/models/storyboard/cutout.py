"""The character cut out of the reference: true colours to the very edge, and what later steps must know of it.

Which edges of the photograph cut the subject, where head and eyes are, and how the form bulges. Alpha comes in from
`ports.Matting`, faces from `ports.FaceReader`; light (`relight.py`) and movement (`warp.py`) are left to others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np

from samecast.core.errors import RenderFailed
from samecast.models.storyboard.relief import Relief, relief_of
from samecast.ports import Face, Floats, Picture, Pixels

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width, height, in cut-out pixels."""

Span: TypeAlias = tuple[int, int]
"""From (included) and to (excluded), pixels along an edge."""

FOREHEAD, CHIN = 10, 152
IRISES = (468, 473)
"""Face Mesh landmarks; the first iris is the one on the viewer's left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Where the photograph's own borders cut the subject, as spans in cut-out pixels along each edge."""

    left: tuple[Span, ...] = ()
    right: tuple[Span, ...] = ()
    top: tuple[Span, ...] = ()
    bottom: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """A subject without its background.

    `rgb` H x W x 3 are its own colours, estimated also where `alpha` (H x W, 0..1) is thin: no halo over anything.
    `origin` is the cut-out's left top corner in the picture times `scale` (1 or less). `head` includes the hair;
    without a face it is where a head would be. `eye_line` is y of the eyes. `face` is in cut-out pixels, None for
    animals and things.
    """

    rgb: Pixels
    alpha: Floats
    origin: tuple[int, int]
    scale: float
    cuts: Cuts
    head: Box
    eye_line: float
    face: Face | None
    relief: Relief

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])

    @property
    def grey(self) -> bool:
        """True where the reference is black and white (or toned in one colour), so that no colour is known."""
        lab = cv2.cvtColor(self.rgb[self.alpha > 0.8].reshape(-1, 1, 3).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
        if len(lab) < 64 or lab[..., 0].std() < 4.0:
            return False
        light, tint = lab[:, 0, :1], lab[:, 0, 1:]
        toning = (tint * light).sum(axis=0) / (light * light).sum()
        rest = np.abs(tint - toning * light).max(axis=1)
        return bool(np.percentile(rest, 98) < 5.0 and np.abs(toning * 60.0).max() < 14.0)

    def premultiplied(self) -> Pixels:
        """H x W x 4 uint8, R G B A, colours multiplied by alpha."""
        alpha = self.alpha[..., None]
        return np.asarray(np.rint(np.concatenate([self.rgb * alpha, alpha * 255.0], axis=2)), np.uint8)


LONGEST = 1400
"""Larger references are reduced to this longest side: no frame shows more of them."""


def within_reach(picture: Picture) -> Picture:
    """The picture reduced to at most `LONGEST` pixels: what is larger is never seen, and only costs time."""
    scale = min(1.0, LONGEST / max(picture.width, picture.height))
    if scale == 1.0:
        return picture
    size = (round(picture.width * scale), round(picture.height * scale))
    rgb = np.asarray(cv2.resize(picture.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.alpha is None:
        return Picture(rgb=rgb)
    return Picture(rgb=rgb, alpha=np.asarray(cv2.resize(picture.alpha, size, interpolation=cv2.INTER_AREA), np.uint8))


def cut_out(picture: Picture, matte: Floats, faces: Sequence[Face]) -> Cutout:
    """Cut the subject out of `picture` with `matte` (H x W, 0..1). The largest of `faces` is the subject's.

    Coordinates in the result are those of the picture reduced to at most `LONGEST` pixels (see `Cutout.scale`).
    Raises `RenderFailed` where the matte is empty.
    """
    scale = min(1.0, LONGEST / max(picture.width, picture.height))
    if scale < 1.0:
        picture, matte, faces = _reduced(picture, matte, faces, scale)
    ys, xs = np.nonzero(matte > 0.08)
    if len(xs) < 64:
        raise RenderFailed(
            "No subject could be separated from the reference's background.",
            hint="Use a reference where the subject stands out, or a PNG with a transparent background.",
        )
    left, right = max(0, int(xs.min()) - 2), min(picture.width, int(xs.max()) + 3)
    top, bottom = max(0, int(ys.min()) - 2), min(picture.height, int(ys.max()) + 3)
    alpha = np.ascontiguousarray(matte[top:bottom, left:right], dtype=np.float32)
    rgb = foreground(picture.rgb, matte)[top:bottom, left:right]
    touching = (left == 0, right == picture.width, top == 0, bottom == picture.height)
    face = _moved(faces[0], left, top) if faces else None
    head = _head_box(alpha, face)
    return Cutout(
        rgb=np.ascontiguousarray(rgb),
        alpha=alpha,
        origin=(left, top),
        scale=scale,
        cuts=_cuts(alpha, touching),
        head=head,
        eye_line=_eye_line(face, head),
        face=face,
        relief=relief_of(rgb, alpha, touching, head, face.landmarks if face else None),
    )


def foreground(rgb: Pixels, alpha: Floats) -> Pixels:
    """The subject's own colours, by blur-fusion in two passes (Forte and Pitie, "Approximate Fast Foreground Colour
    Estimation", 2021). H x W x 3 uint8; meaningful wherever alpha > 0.
    """
    image = rgb.astype(np.float32) / 255.0
    weight = alpha[..., None]
    scale = max(rgb.shape[:2]) / 1000.0
    colours, behind = image, image
    for radius in (max(30, round(90 * scale)), max(5, round(6 * scale))):
        colours, behind = _fusion(image, colours, behind, weight, radius)
    solid = np.where(weight > 0.995, image, colours)
    return np.rint(np.clip(solid, 0.0, 1.0) * 255.0).astype(np.uint8)


def _fusion(image: Floats, colours: Floats, behind: Floats, alpha: Floats, radius: int) -> tuple[Floats, Floats]:
    size = (2 * radius + 1, 2 * radius + 1)
    flat = alpha[..., 0]
    share = cv2.blur(flat, size)[..., None]
    near = cv2.blur(colours * alpha, size) / (share + 1e-5)
    far = cv2.blur(behind * (1.0 - alpha), size) / (1.0 - share + 1e-5)
    found = near + alpha * (image - alpha * near - (1.0 - alpha) * far)
    return np.clip(found, 0.0, 1.0).astype(np.float32), far.astype(np.float32)


def _cuts(alpha: Floats, touching: tuple[bool, bool, bool, bool]) -> Cuts:
    lines = (alpha[:, :2], alpha[:, -2:], alpha[:2].T, alpha[-2:].T)
    left, right, top, bottom = (
        _spans(line.max(axis=1) > 0.3) if at else () for line, at in zip(lines, touching, strict=True)
    )
    return Cuts(left=left, right=right, top=top, bottom=bottom)


def _spans(on: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[Span, ...]:
    """Runs of True, without those shorter than 2 % of the edge."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    shortest = max(3, 0.02 * len(on))
    return tuple((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= shortest)


def _reduced(
    picture: Picture, matte: Floats, faces: Sequence[Face], scale: float
) -> tuple[Picture, Floats, list[Face]]:
    size = (round(picture.width * scale), round(picture.height * scale))
    rgb = np.asarray(cv2.resize(picture.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    alpha = np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), np.float32)
    smaller = []
    for face in faces:
        x, y, w, h = face.box
        box = (x * scale, y * scale, w * scale, h * scale)
        smaller.append(replace(face, box=box, landmarks=(face.landmarks * scale).astype(np.float32)))
    return Picture(rgb=rgb), alpha, smaller


def _moved(face: Face, left: int, top: int) -> Face:
    landmarks = face.landmarks - np.array([left, top, 0.0], np.float32)
    x, y, w, h = face.box
    return replace(face, box=(x - left, y - top, w, h), landmarks=landmarks.astype(np.float32))


def _eye_line(face: Face | None, head: Box) -> float:
    if face is None:
        return head[1] + 0.45 * head[3]
    return float(face.landmarks[list(IRISES), 1].mean())


def _head_box(alpha: Floats, face: Face | None) -> Box:
    """The head with its hair: from the face up to where alpha ends; without a face, the upper part of the subject."""
    solid = alpha > 0.5
    if face is None:
        return _upper_part(solid)
    x, y, w, h = face.box
    chin = float(face.landmarks[CHIN, 1])
    band = solid[: max(1, int(y + 0.3 * h)), max(0, int(x + 0.2 * w)) : max(1, int(x + 0.8 * w))]
    rows = np.flatnonzero(band.mean(axis=1) > 0.25) if band.size else np.array([], np.intp)
    top = _first_of_run(rows, int(y)) if len(rows) else y
    top = max(top, y - 0.9 * h)
    wide = solid[max(0, int(y)) : max(1, int(y + 0.6 * h))]
    columns = np.flatnonzero(wide.mean(axis=0) > 0.5)
    near = columns[(columns > x - 0.55 * w) & (columns < x + 1.55 * w)]
    left, right = (float(near.min()), float(near.max())) if len(near) else (x, x + w)
    left, right = min(left, x), max(right, x + w)
    return left, float(top), right - left, chin - float(top)


def _first_of_run(rows: np.ndarray[tuple[int], np.dtype[np.intp]], start: int) -> float:
    """The topmost row reached from `start` without a gap."""
    present = set(rows.tolist())
    row = min(max(present), max(start, min(present)))
    while row - 1 in present:
        row -= 1
    return float(row)


def _upper_part(solid: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Box:
    rows = np.flatnonzero(solid.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    height = max(2, round(0.5 * (bottom - top)))
    columns = np.flatnonzero(solid[top : top + height].mean(axis=0) > 0.2)
    if len(columns) == 0:
        columns = np.flatnonzero(solid.any(axis=0))
    left, right = float(columns[0]), float(columns[-1] + 1)
    return left, float(top), right - left, float(height)
