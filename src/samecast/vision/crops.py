"""Square, rotated crops of a picture, and the way back from crop to picture pixels.

Geometry only: it knows the mesh's point order but runs no network.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from samecast.ports import Floats, Pixels

_EYE_CORNERS = (33, 263)


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A square on a picture: centre and side in pixels, `roll` in radians clockwise on screen."""

    x: float
    y: float
    side: float
    roll: float = 0.0

    def scaled(self, factor: float, turn: float = 0.0) -> "Square":
        """The same square grown by `factor` and turned by `turn` radians."""
        return Square(x=self.x, y=self.y, side=self.side * factor, roll=self.roll + turn)

    def matrix(self, pixels: int) -> npt.NDArray[np.float64]:
        """2 x 3: picture pixels to the pixels of an upright crop of `pixels` a side."""
        scale = pixels / max(self.side, 1e-6)
        cos, sin = np.cos(-self.roll) * scale, np.sin(-self.roll) * scale
        turn = np.array([[cos, -sin], [sin, cos]])
        shift = np.full(2, pixels / 2) - turn @ np.array([self.x, self.y])
        return np.hstack([turn, shift[:, None]])


def square_around_mesh(landmarks: Floats, grow: float = 1.5) -> Square:
    """The upright square around a 478 x 3 mesh, `grow` times its longer side, turned with the line of the eyes."""
    start, end = landmarks[_EYE_CORNERS[0], :2], landmarks[_EYE_CORNERS[1], :2]
    roll = float(np.arctan2(end[1] - start[1], end[0] - start[0]))
    cos, sin = np.cos(-roll), np.sin(-roll)
    turn = np.array([[cos, -sin], [sin, cos]])
    upright = landmarks[:, :2] @ turn.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    centre = turn.T @ ((low + high) / 2)
    return Square(x=float(centre[0]), y=float(centre[1]), side=grow * float((high - low).max()), roll=roll)


@dataclass(slots=True)
class Pyramid:
    """A picture at full size and at halves of it, so that shrinking crops do not alias. Levels are made when needed."""

    rgb: Pixels
    _levels: list[Pixels] = field(default_factory=list)

    def crop(self, square: Square, pixels: int, *, mirrored: bool = False) -> Pixels:
        """An upright `pixels` x `pixels` crop; black outside the picture. `mirrored`: flipped left to right."""
        level, shrink = self._level(square.side / pixels)
        matrix = square.matrix(pixels)
        matrix[:, :2] *= self.rgb.shape[1] / level.shape[1] if shrink else 1.0
        if mirrored:
            matrix[0] *= -1
            matrix[0, 2] += pixels - 1
        crop = cv2.warpAffine(level, matrix, (pixels, pixels), flags=cv2.INTER_LINEAR)
        return np.asarray(crop, np.uint8)

    def fit(self, longest: int) -> tuple[Pixels, float]:
        """The whole picture shrunk to `longest` pixels (never enlarged), and the factor applied."""
        scale = longest / max(self.rgb.shape[:2])
        if scale >= 1:
            return self.rgb, 1.0
        size = (max(1, round(self.rgb.shape[1] * scale)), max(1, round(self.rgb.shape[0] * scale)))
        return np.asarray(cv2.resize(self.rgb, size, interpolation=cv2.INTER_AREA), np.uint8), scale

    def _level(self, ratio: float) -> tuple[Pixels, bool]:
        """The smallest level still at least as fine as a crop that shrinks by `ratio`."""
        if not self._levels:
            self._levels.append(self.rgb)
        wanted = max(0, int(np.floor(np.log2(max(ratio, 1.0)))))
        while len(self._levels) <= wanted and min(self._levels[-1].shape[:2]) >= 4:
            last = self._levels[-1]
            half = (last.shape[1] // 2, last.shape[0] // 2)
            self._levels.append(np.asarray(cv2.resize(last, half, interpolation=cv2.INTER_AREA), np.uint8))
        index = min(wanted, len(self._levels) - 1)
        return self._levels[index], index > 0


def mesh_to_picture(points: Floats, square: Square) -> Floats:
    """Landmarks in units of a crop's side (478 x 3) to picture pixels; z scales alike."""
    cos, sin = np.cos(square.roll), np.sin(square.roll)
    turn = np.array([[cos, -sin], [sin, cos]])
    flat = (points[:, :2] - 0.5) * square.side @ turn.T + np.array([square.x, square.y])
    return np.column_stack([flat, points[:, 2] * square.side]).astype(np.float32)


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes given as left, top, width, height."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (a[2] * a[3] + b[2] * b[3] - wide * high)


def box_around(landmarks: Floats) -> tuple[float, float, float, float]:
    """Left, top, width, height around a mesh."""
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def square_onto(here: npt.NDArray[np.float64], there: npt.NDArray[np.float64]) -> Square:
    """The square of a picture that becomes a chip: the least-squares similarity of points onto a template.

    `here`: N x 2 picture pixels. `there`: the same points on the chip, as fractions of its side.
    """
    here_mid, there_mid = here.mean(axis=0), there.mean(axis=0)
    h = (here - here_mid) @ np.array([1, 1j])
    t = (there - there_mid) @ np.array([1, 1j])
    turn = (np.conj(t) @ h) / (np.conj(t) @ t)
    centre = complex(*here_mid) + turn * (complex(0.5, 0.5) - complex(*there_mid))
    return Square(x=centre.real, y=centre.imag, side=abs(turn), roll=float(np.angle(turn)))
