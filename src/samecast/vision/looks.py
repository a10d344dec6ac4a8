"""What a whole picture looks like, as a short vector: where it is light, what colours lie where, which way edges run.

Close relatives of the colour layout and edge histogram descriptors of MPEG-7 (ISO/IEC 15938-3; B. S. Manjunath et al.,
"Color and texture descriptors", 2001) and of GIST (A. Oliva and A. Torralba, "Modeling the shape of the scene", 2001):
means over a coarse grid, no training. A mirrored picture has the same vector, since every part is kept as the mean of a
cell and its mirror image, and the size of their difference. It tells pictures apart by how they look, not by who is in
them: sameness is measured elsewhere. Keeping and searching vectors is the library's.
"""

import functools
from collections.abc import Sequence

import cv2
import numpy as np

from samecast.ports import Floats, Pixels
from samecast.ports.creations import Look

MAKER = "layout-1"
"""Named in the library with every vector: vectors of two makers are never compared. Change it with anything below."""
SIDE = 64
"""Pictures are compared at this size, squared: a take is found again in another shape."""
LIGHT, COLOUR, EDGES = 8, 4, 4
"""Cells along each side of the grids."""
DIRECTIONS = 4
WEIGHTS = {"light": 1.0, "colour": 0.7, "edges": 1.5}
CODE_BITS = 256


class LayoutLooks:
    """Implements `ports.creations.LookReader`."""

    @property
    def maker(self) -> str:
        return MAKER

    def look(self, frames: Sequence[Pixels]) -> Look:
        """The look of a still (one frame), or of a clip: the mean over its frames. Each is H x W x 3, uint8, RGB."""
        vector = _unit(np.mean([layout(rgb) for rgb in frames], axis=0))
        whole = np.clip(np.round(vector * 127 / max(1e-9, float(np.abs(vector).max()))), -127, 127)
        code = np.packbits(_directions(len(vector)) @ vector > 0)
        return Look(maker=MAKER, vector=whole.astype(np.int8).tobytes(), code=code.tobytes())

    def distances(self, look: Look, others: Sequence[Look]) -> list[float]:
        """From 0 (the same layout) to 2: one minus the cosine between the vectors."""
        if not others:
            return []
        own = _unit(np.frombuffer(look.vector, np.int8).astype(np.float32))
        rest = np.stack([_unit(np.frombuffer(other.vector, np.int8).astype(np.float32)) for other in others])
        return [float(distance) for distance in np.maximum(0.0, 1.0 - rest @ own)]


def layout(rgb: Pixels) -> Floats:
    """The descriptor of one picture, float32, of length 1."""
    small = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    lab: Floats = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    light, colour = lab[..., 0], lab[..., 1:]
    parts = {
        "light": _both_ways(_standard(_cells(light[..., None], LIGHT))),
        "colour": _both_ways(_cells(colour, COLOUR) / 40.0),
        "edges": _edges(light),
    }
    return _unit(np.concatenate([WEIGHTS[name] * _bounded(part) for name, part in parts.items()]))


def _edges(light: Floats) -> Floats:
    """How strongly edges run in each direction, over a grid; mirrored directions swap places with mirrored cells."""
    smooth = cv2.GaussianBlur(light, (0, 0), 1.0)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.sqrt(np.hypot(across, down))  # the root, so that one hard edge does not outweigh a texture
    angle = np.mod(np.arctan2(down, across), np.pi) * DIRECTIONS / np.pi
    lower = np.floor(angle).astype(int)
    share = angle - lower
    planes = np.zeros((SIDE, SIDE, DIRECTIONS), np.float32)
    for direction in range(DIRECTIONS):
        here = np.where(lower % DIRECTIONS == direction, 1 - share, 0)
        here += np.where((lower + 1) % DIRECTIONS == direction, share, 0)
        planes[..., direction] = here * strength
    cells = _cells(planes, EDGES)
    turned = cells[:, ::-1][..., (-np.arange(DIRECTIONS)) % DIRECTIONS]
    half = slice(0, EDGES // 2)
    total = np.float32(np.linalg.norm(cells) + 1e-6)
    same: Floats = (cells + turned)[:, half] / (2 * total)
    other: Floats = np.abs(cells - turned)[:, half] / (2 * total)
    return np.concatenate([_level(same).ravel(), _level(other).ravel()])


def _cells(planes: Floats, cells: int) -> Floats:
    """cells x cells x channels: the mean of each cell of the grid."""
    step = SIDE // cells
    out: Floats = planes.reshape(cells, step, cells, step, planes.shape[-1]).mean(axis=(1, 3), dtype=np.float32)
    return out


def _both_ways(cells: Floats) -> Floats:
    half = cells.shape[1] // 2
    mirrored = cells[:, ::-1]
    same, other = (cells + mirrored)[:, :half] / 2, np.abs(cells - mirrored)[:, :half] / 2
    return np.concatenate([same.ravel(), _level(other).ravel()])


def _level(values: Floats) -> Floats:
    """Around zero: a direction that all pictures share would tell none of them apart."""
    out: Floats = values - values.mean()
    return out


def _standard(cells: Floats) -> Floats:
    """Whatever the exposure and the contrast."""
    spread = float(cells.std())
    flat: Floats = (cells - cells.mean()) / max(spread, 2.0)  # a blank picture has no layout: its noise is not blown up
    return flat


def _bounded(part: Floats) -> Floats:
    """At most of length 1, so that no part outweighs the others."""
    length = float(np.linalg.norm(part))
    return part / max(1.0, length)


def _unit(vector: Floats) -> Floats:
    out: Floats = (vector / max(1e-9, float(np.linalg.norm(vector)))).astype(np.float32)
    return out


@functools.cache
def _directions(size: int) -> Floats:
    """CODE_BITS random directions; vectors on the same side of most of them point the same way (M. Charikar, 2002)."""
    return np.random.Generator(np.random.PCG64(7)).standard_normal((CODE_BITS, size)).astype(np.float32)
