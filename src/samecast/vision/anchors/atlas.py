"""The atlas: one symmetric, unrolled face on which every real face is laid, and the way from there into a picture.

Coordinates are (u, v) in units of the distance between the outer eye corners (about 9 cm): u to the viewer's right with
0 in the middle, v down with 0 between the eyes. The mean of measured meshes is unrolled like a cylinder, so that cheeks
keep their width; mirroring is u to -u. A picture's own landmarks carry it there and back by moving least squares
(S. Schaefer, T. McPhail, J. Warren: Image Deformation Using Moving Least Squares, 2006; the affine case), which is
linear in the landmarks: what depends on the atlas alone is computed once for a patch. Knows nothing of marks.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from samecast.ports import Floats, Pixels

Doubles: TypeAlias = npt.NDArray[np.float64]
MESH = 468
"""The mesh's points without the irises."""
SIDE = 128
"""Pixels a side of a patch."""
_NODES = 17
"""Nodes a side at which a patch's map is computed; between them it is interpolated."""
_NEIGHBOURS = 6
_REACH = 0.7
"""A node's Gaussian reaches this multiple of the distance to its sixth neighbour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """`uv`: 468 x 2. `mirror`: 468 indices, each point's counterpart on the other side. `rim`: K x 2, the outline."""

    uv: Doubles
    mirror: npt.NDArray[np.int64]
    rim: Floats

    def holds(self, uv: Doubles) -> npt.NDArray[np.bool_]:
        """Which of N x 2 places lie on the face."""
        inside = [cv2.pointPolygonTest(self.rim, (float(u), float(v)), False) >= 0 for u, v in uv]
        return np.asarray(inside, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on the atlas: centre and half sizes."""

    u: float
    v: float
    half_u: float
    half_v: float

    @property
    def mirrored(self) -> "Box":
        return Box(u=-self.u, v=self.v, half_u=self.half_u, half_v=self.half_v)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A patch cut from a picture: `rgb` SIDE x SIDE x 3 float32 in 0..255, `places` SIDE x SIDE x 2 in picture pixels.

    `inside`: SIDE x SIDE, whether the place lies in the picture. `scale`: picture pixels per unit in the direction in
    which the face is foreshortened most, and `stretch`: in the other one. `upright`: False where the face turns its
    back there.
    """

    rgb: Floats
    places: Floats
    inside: npt.NDArray[np.bool_]
    scale: float
    stretch: float
    upright: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A square on the atlas, `half` units to each side of its centre. `mirrored`: read from right to left."""

    u: float
    v: float
    half: float
    mirrored: bool
    weights: Doubles

    @classmethod
    def around(cls, u: float, v: float, half: float, *, mirrored: bool = False) -> "Patch":
        """The patch around a place. A mirrored one shows the other side of the face as if it were this one."""
        steps = np.linspace(-half, half, _NODES)
        grid = np.stack(np.meshgrid(u + steps, v + steps), axis=-1).reshape(-1, 2)
        if mirrored:
            grid = grid * [-1.0, 1.0]
        return cls(u=u, v=v, half=half, mirrored=mirrored, weights=affine_weights(grid, atlas().uv))

    def grid(self) -> Doubles:
        """SIDE x SIDE x 2: the atlas coordinates of the patch's pixels, as if it were not mirrored."""
        steps = np.linspace(-self.half, self.half, SIDE)
        return np.stack(np.meshgrid(self.u + steps, self.v + steps), axis=-1)

    def cut(self, rgb: Pixels, landmarks: Floats) -> Cut:
        """What an H x W x 3 picture shows there, by its face's 478 x 3 (or 468 x 3) landmarks."""
        nodes = (self.weights @ landmarks[:MESH, :2].astype(np.float64)).reshape(_NODES, _NODES, 2)
        places = _refined(nodes)
        low, high, upright = _jacobian(nodes, 2 * self.half)
        pixels, inside = _sample(rgb, places, high * 2 * self.half / SIDE)
        return Cut(rgb=pixels, places=places, inside=inside, scale=low, stretch=high, upright=upright)


@lru_cache(maxsize=1)
def atlas() -> Atlas:
    """The atlas in `calibrations/face_atlas.toml`, which says how it was made."""
    text = resources.files("samecast.vision").joinpath("calibrations/face_atlas.toml").read_text(encoding="utf-8")
    rows = np.array(tomllib.loads(text)["points"], np.float64)
    uv = rows[:, :2]
    rim = cv2.convexHull(uv.astype(np.float32)).reshape(-1, 2)
    return Atlas(uv=uv, mirror=rows[:, 2].astype(np.int64), rim=np.asarray(rim, np.float32))


def to_atlas(points: Doubles, landmarks: Floats) -> Doubles:
    """N x 2 picture pixels on a face to atlas coordinates; nonsense far off the face."""
    return affine_weights(points, landmarks[:MESH, :2].astype(np.float64)) @ atlas().uv


def affine_weights(places: Doubles, anchors: Doubles) -> Doubles:
    """N x K: how the K anchors' positions, wherever they are moved, move N places (the affine moving least squares)."""
    gaps = ((places[:, None] - anchors[None]) ** 2).sum(axis=2)
    reach = np.partition(gaps, _NEIGHBOURS, axis=1)[:, _NEIGHBOURS] * _REACH**2 + 1e-12
    weight = np.exp(-gaps / (2 * reach[:, None])) + 1e-9
    weight /= weight.sum(axis=1, keepdims=True)
    middle = weight @ anchors
    spread = anchors[None] - middle[:, None]
    second = np.einsum("nk,nki,nkj->nij", weight, spread, spread)
    second += np.eye(2) * (np.trace(second, axis1=1, axis2=2)[:, None, None] * 0.002 + 1e-12)
    slope = np.einsum("ni,nij->nj", places - middle, np.linalg.inv(second))
    out: Doubles = weight * (1.0 + np.einsum("nj,nkj->nk", slope, spread))
    return out


def _refined(nodes: Doubles) -> Floats:
    """The map at every pixel of a patch, bilinear between its nodes."""
    at = np.linspace(0, _NODES - 1, SIDE).astype(np.float32)
    across, down = np.meshgrid(at, at)
    return np.asarray(cv2.remap(nodes.astype(np.float32), across, down, cv2.INTER_LINEAR), np.float32)


def _jacobian(nodes: Doubles, width: float) -> tuple[float, float, bool]:
    """Least and greatest picture pixels per unit over the patch's inner part, and whether it keeps its orientation."""
    step = width / (_NODES - 1)
    keep = slice(_NODES // 4, -(_NODES // 4))
    du = (np.diff(nodes, axis=1)[:-1] / step)[keep, keep].reshape(-1, 2)
    dv = (np.diff(nodes, axis=0)[:, :-1] / step)[keep, keep].reshape(-1, 2)
    values = np.linalg.svd(np.stack([du, dv], axis=2), compute_uv=False)
    turned = du[:, 0] * dv[:, 1] - du[:, 1] * dv[:, 0]
    same = np.sign(np.median(turned)) == np.sign(turned)
    return float(np.median(values[:, 1])), float(np.median(values[:, 0])), bool(same.mean() > 0.9)


def _sample(rgb: Pixels, places: Floats, step: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Read a picture at float places that lie `step` pixels apart; shrunk first where that would skip pixels."""
    height, width = rgb.shape[:2]
    inside = (places[..., 0] >= 0) & (places[..., 1] >= 0) & (places[..., 0] <= width - 1)
    inside &= places[..., 1] <= height - 1
    left, top = np.floor(places.reshape(-1, 2).min(axis=0)).astype(int) - 3
    right, bottom = np.ceil(places.reshape(-1, 2).max(axis=0)).astype(int) + 4
    left, top = max(0, int(left)), max(0, int(top))
    right, bottom = min(width, int(right)), min(height, int(bottom))
    if right - left < 2 or bottom - top < 2:
        return np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE), bool)
    view = rgb[top:bottom, left:right]
    at = places - np.array([left, top], np.float32)
    if step > 1.5:
        size = (max(2, round(view.shape[1] / step)), max(2, round(view.shape[0] / step)))
        ratio = np.array([size[0] / view.shape[1], size[1] / view.shape[0]], np.float32)
        view = np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_AREA), np.uint8)
        at = (at + 0.5) * ratio - 0.5
    read = cv2.remap(view, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32), inside
