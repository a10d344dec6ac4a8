"""How the subject's form bulges: depth and normals guessed from one photograph, for light and for turning the head.

The face comes from its landmark mesh; hair and body are inflated from the matte like a balloon; folds and strands
come from the photograph's own small shading. A guess good enough for film light, never a measurement.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.sparse as sparse
from scipy.interpolate import LinearNDInterpolator
from scipy.sparse.linalg import spsolve

from samecast.models.storyboard.arrays import floats
from samecast.ports import Floats, Pixels

GRID = 112
"""Longest side of the grid that the balloon is blown up on."""

FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Face Mesh landmarks around the face, clockwise from the forehead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """`normals` H x W x 3, unit, x right, y up, z toward the camera; `folds` the same with small shading added.

    `head_depth` H x W: pixels toward the camera from the head's turning axis. `face`, `head` H x W, 0..1: soft masks
    (no face: `face` is 0 everywhere).
    """

    normals: Floats
    folds: Floats
    head_depth: Floats
    face: Floats
    head: Floats


def relief_of(
    rgb: Pixels,
    alpha: Floats,
    touching: tuple[bool, bool, bool, bool],
    head: tuple[float, float, float, float],
    landmarks: Floats | None,
) -> Relief:
    """Guess the form. `touching`: which borders (left, right, top, bottom) belong to the photograph's own edge."""
    body = floats(balloon(alpha, touching) * 0.62)
    head_mask = _head_mask(alpha.shape, head, landmarks)
    skull = balloon(np.minimum(alpha, (head_mask > 0.35).astype(np.float32)), (False, False, touching[2], False))
    size = max(head[2], head[3])
    skull = floats(cv2.GaussianBlur(skull, (0, 0), max(1.0, 0.012 * size)))
    face = np.zeros(alpha.shape, np.float32)
    depth, normals = skull, _normals(body)
    if landmarks is not None:
        face, mesh = _face_depth(alpha.shape, landmarks)
        # The mesh floats where its rim meets the skull; only normals are blended there, so no ridge catches light.
        edge = np.where((face > 0.15) & (face < 0.7), 1.0, 1e-4).astype(np.float32)
        lift = _blurred((skull - mesh) * edge, 0.16 * size) / _blurred(edge, 0.16 * size)
        depth = floats(skull + face * (mesh + lift - skull))
        front = face[..., None]
        head_normals = _unit(_normals(skull) * (1.0 - front) + _normals(mesh) * front)
        blend = head_mask[..., None]
        normals = _unit(normals * (1.0 - blend) + head_normals * blend)
    return Relief(
        normals=normals,
        folds=_with_folds(normals, rgb, alpha, face, head_mask),
        head_depth=cv2.GaussianBlur(depth, (0, 0), max(1.0, 0.02 * size)).astype(np.float32),
        face=face,
        head=head_mask,
    )


def balloon(alpha: Floats, touching: tuple[bool, bool, bool, bool]) -> Floats:
    """Inflate a matte: the root of a Poisson surface over it (a disc becomes a half ball). H x W, pixels.

    Over borders of the photograph the form continues, so it does not round off where it was merely cut.
    """
    scale = min(1.0, GRID / max(alpha.shape))
    small = cv2.resize(alpha, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    more = GRID // 3
    left, right, top, bottom = (more if at else 1 for at in touching)
    solid = cv2.copyMakeBorder((small > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inner = solid[1:-1, 1:-1]
    grown = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE)
    for index, at in enumerate(touching):
        if not at:
            grown[:, 0 if index == 0 else -1 if index == 1 else slice(None)] *= np.uint8(index > 1)
            if index > 1:
                grown[0 if index == 2 else -1] = 0
    surface = _poisson(grown.astype(bool))
    height, width = inner.shape
    part = np.sqrt(np.maximum(surface[top : top + height, left : left + width], 0.0)) / scale
    # A root is steep at the outline; enlarging its square keeps that edge on the outline.
    squared = cv2.resize((part**2).astype(np.float32), alpha.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return floats(np.sqrt(np.maximum(squared, 0.0)))


def _poisson(inside: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Floats:
    """Solve laplace(u) = -2 inside, u = 0 outside; beyond the array the form goes on level."""
    number = np.full(inside.shape, -1, np.int64)
    ys, xs = np.nonzero(inside)
    count = len(ys)
    if count == 0:
        return np.zeros(inside.shape, np.float32)
    number[ys, xs] = np.arange(count)
    rows, columns, diagonal = [], [], np.zeros(count)
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        ny, nx = ys + dy, xs + dx
        within = (ny >= 0) & (nx >= 0) & (ny < inside.shape[0]) & (nx < inside.shape[1])
        diagonal += within
        there = number[ny[within], nx[within]]
        rows.append(np.flatnonzero(within)[there >= 0])
        columns.append(there[there >= 0])
    row, column = np.concatenate(rows), np.concatenate(columns)
    matrix = sparse.coo_matrix((-np.ones(len(row)), (row, column)), shape=(count, count)).tocsr()
    matrix = matrix + sparse.diags(diagonal + 1e-4)
    out = np.zeros(inside.shape, np.float32)
    out[ys, xs] = spsolve(matrix.tocsc(), np.full(count, 2.0))
    return out


def _head_mask(shape: tuple[int, ...], head: tuple[float, float, float, float], landmarks: Floats | None) -> Floats:
    """Soft 0..1: face, hair above and beside it; ends along the jaw."""
    mask = np.zeros(shape[:2], np.uint8)
    x, y, w, h = head
    centre = (round(x + w / 2), round(y + h * 0.47))
    cv2.ellipse(mask, centre, (max(1, round(w * 0.62)), max(1, round(h * 0.6))), 0, 0, 360, 255, -1)
    if landmarks is not None:
        oval = landmarks[list(FACE_OVAL), :2]
        jaw = cv2.convexHull(np.rint(oval).astype(np.int32))
        below = np.zeros(shape[:2], np.uint8)
        cv2.fillConvexPoly(below, jaw, 255)
        middle = int(np.clip(oval[:, 1].mean() + 0.1 * h, 0, shape[0]))
        lower = mask[middle:]
        # Under the cheekbones the head narrows to the jaw; hair hanging there belongs to the body's slow turn.
        fade = np.linspace(1.0, 0.0, max(1, min(lower.shape[0], int(0.45 * h))))
        keep = np.zeros(lower.shape[0])
        keep[: len(fade)] = fade
        mask[middle:] = np.maximum(below[middle:], (lower * keep[:, None]).astype(np.uint8))
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255.0, (0, 0), max(1.0, 0.03 * max(w, h)))
    return np.asarray(soft, np.float32)


def _face_depth(shape: tuple[int, ...], landmarks: Floats) -> tuple[Floats, Floats]:
    """The face's soft mask and the mesh's height toward the camera, in pixels, over the whole picture."""
    points = _in_front(landmarks[:468])
    left, top = np.floor(points[:, :2].min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(points[:, :2].max(axis=0)).astype(int) + 3
    step = max(1, (right - left) // 110)
    xs, ys = np.meshgrid(np.arange(left, right, step), np.arange(top, bottom, step))
    heights = LinearNDInterpolator(points[:, :2], -points[:, 2], fill_value=float(-points[:, 2].max()))(xs, ys)
    grid = cv2.GaussianBlur(heights.astype(np.float32), (0, 0), max(0.8, 0.022 * xs.shape[1]))
    # The padded grid is laid into the picture by an affine map: what lies outside is held at the border's height.
    place = np.array([[step, 0, left], [0, step, top]], np.float32)
    mesh = cv2.warpAffine(grid, place, shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros(shape[:2], np.uint8)
    oval = landmarks[list(FACE_OVAL), :2]
    shrunk = oval.mean(axis=0) + (oval - oval.mean(axis=0)) * 0.94
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(shrunk).astype(np.int32)), 255)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255.0, (0, 0), max(1.0, 0.045 * (right - left)))
    return np.asarray(soft, np.float32), np.asarray(mesh, np.float32)


def _in_front(points: Floats) -> Floats:
    """The points that nothing hides: on a head turned far aside the mesh's other half lies behind this one, and between
    the two the surface would leap."""
    width = float(np.ptp(points[:, 0]))
    apart = np.linalg.norm(points[:, None, :2] - points[None, :, :2], axis=2)
    behind = (-points[None, :, 2]) - (-points[:, None, 2]) > 0.10 * width
    hidden = ((apart < 0.09 * width) & behind).any(axis=1)
    return floats(points[~hidden])


def _blurred(image: Floats, sigma: float) -> Floats:
    """A wide Gaussian, computed on a reduced copy."""
    step = max(1, round(sigma / 4))
    small = cv2.resize(image, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / step)
    return np.asarray(cv2.resize(soft, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _normals(height: Floats) -> Floats:
    smooth = cv2.GaussianBlur(height, (0, 0), max(0.8, 0.004 * max(height.shape)))
    dx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3) / 8.0
    dy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3) / 8.0
    return _unit(np.dstack([-dx, dy, np.ones_like(height)]))


def _with_folds(normals: Floats, rgb: Pixels, alpha: Floats, face: Floats, head: Floats) -> Floats:
    """Tilt the normals by the photograph's small shading: dark lies deep. Little on the face: skin is not cloth."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    grey = np.sqrt(grey)
    side = max(grey.shape)
    fine = cv2.GaussianBlur(grey, (0, 0), max(0.8, 0.0018 * side))
    broad = _blurred(grey * alpha, 0.022 * side) / (_blurred(alpha, 0.022 * side) + 1e-3)
    bump = np.clip(fine - broad, -0.22, 0.22) * 0.02 * side
    dx = cv2.Sobel(bump, cv2.CV_32F, 1, 0, ksize=3) / 8.0
    dy = cv2.Sobel(bump, cv2.CV_32F, 0, 1, ksize=3) / 8.0
    strength = (1.0 - 0.35 * head) * (1.0 - 0.9 * face) * np.clip(alpha * 2.0 - 1.0, 0.0, 1.0)
    tilt = np.dstack([-dx * strength, dy * strength, np.zeros_like(dx)])
    return _unit(normals + np.clip(tilt, -0.55, 0.55))


def _unit(vectors: Floats) -> Floats:
    return floats(vectors / (np.linalg.norm(vectors, axis=2, keepdims=True) + 1e-6))
