"""Parts one person from the others in a picture: whose head and whose shoulder is it?

Every pixel goes to the face it is reached from with the least effort, where a step costs its length and, far more, a
change of colour (a geodesic distance, as in Criminisi, Sharp, Blake, "GeoS", 2008). Soft edges are left to `matte.py`.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.sparse.csgraph import dijkstra

from samecast.ports import Floats, Pixels

SIDE = 288
"""Longest side at which distances are measured; the line they draw is refined later at full size."""
COLOUR = 0.5
"""What a step over one grey level of difference costs, in pixels."""

THROAT, SHOULDERS = (0.3, (0.0, 0.9)), (0.75, (0.45, 0.9))
"""Where a person is below the chin: half a width in face widths, and from where to where in face heights down."""

Box: TypeAlias = tuple[float, float, float, float]
Mask: TypeAlias = npt.NDArray[np.bool_]


def parted(rgb: Pixels, likely: Floats, boxes: Sequence[Box]) -> Floats:
    """`likely` (H x W, 0..1) without the people who are not the first of `boxes` (left, top, width, height)."""
    subject, others = boxes[0], [box for box in boxes[1:] if not _worn(box, boxes[0])]
    if not others:
        return likely
    scale = min(1.0, SIDE / max(rgb.shape[:2]))
    small = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    near = cv2.resize(likely, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    faces = [_scaled(box, scale) for box in (subject, *others)]
    heads = [_head(near.shape, face) for face in faces]
    # Of the subject the throat alone is sure: what is below it may be another's shoulder.
    mine = (_below(near.shape, faces[0], 0.16, (0.0, 0.35)) & ~np.any(heads[1:], axis=0)) | heads[0]
    chests = [_below(near.shape, face, *part) for face in faces[1:] for part in _chest(face, faces[0])]
    theirs = np.any(chests, axis=0) & ~mine
    theirs = (theirs | np.any(heads[1:], axis=0)) & ~mine
    roads = _roads(np.asarray(cv2.bilateralFilter(small, 7, 30, 5), np.uint8), near > 0.1)
    # A larger person reaches farther: distances are told in widths of the own face.
    widths = faces[0][2], float(np.mean([face[2] for face in faces[1:]]))
    away = [dijkstra(roads, indices=np.flatnonzero(seed), min_only=True) for seed in (mine, theirs)]
    strangers = (away[1] / widths[1] < away[0] / widths[0]).reshape(near.shape)
    soft = cv2.GaussianBlur(strangers.astype(np.float32), (0, 0), 0.7)
    over = cv2.resize(soft, likely.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(likely * (1.0 - np.clip(over * 2.0 - 0.5, 0.0, 1.0)), np.float32)


def _roads(rgb: Pixels, people: Mask) -> sparse.csr_matrix:
    """The steps between neighbours among `people`, with their costs."""
    height, width = people.shape
    number = np.arange(height * width).reshape(height, width)
    colours = rgb.astype(np.float32)
    rows, columns, costs = [], [], []
    for a, b in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        both = people[a] & people[b]
        rows.append(number[a][both])
        columns.append(number[b][both])
        costs.append(1.0 + COLOUR * np.abs(colours[a] - colours[b]).max(axis=2)[both])
    parts = np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns))
    one_way = sparse.coo_matrix(parts, shape=(height * width, height * width)).tocsr()
    return (one_way + one_way.T).tocsr()


def _head(shape: tuple[int, ...], face: Box) -> Mask:
    x, y, w, h = face
    mask = np.zeros(shape, np.uint8)
    axes = (max(1, round(0.42 * w)), max(1, round(0.54 * h)))
    cv2.ellipse(mask, (round(x + w / 2), round(y + 0.44 * h)), axes, 0.0, 0, 360, 1, -1)
    return mask.astype(bool)


def _below(shape: tuple[int, ...], face: Box, half: float, rows: tuple[float, float]) -> Mask:
    """A rectangle under the chin, `half` a face's width to either side, between two shares of its height down."""
    x, y, w, h = face
    mask = np.zeros(shape, np.uint8)
    middle, chin = x + w / 2, y + h
    corners = (
        (round(middle - half * w), round(chin + rows[0] * h)),
        (round(middle + half * w), round(chin + rows[1] * h)),
    )
    cv2.rectangle(mask, *corners, 1, -1)
    return mask.astype(bool)


def _chest(face: Box, subject: Box) -> tuple[tuple[float, tuple[float, float]], ...]:
    """Who is as near as the subject has shoulders of their own in front; a child held in arms has not."""
    return (THROAT, SHOULDERS) if face[2] > 0.85 * subject[2] else (THROAT,)


def _worn(box: Box, subject: Box) -> bool:
    """A small face on the subject's own chest: a print, a badge, a locket."""
    x, y, w, _ = box
    left, top, width, height = subject
    beside = abs(x + w / 2 - left - width / 2) > 0.8 * width
    return w < 0.35 * width and not beside and y > top + height


def _scaled(box: Box, scale: float) -> Box:
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale
