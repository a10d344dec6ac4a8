"""The colours worn below a face: whether two pictures can show the same clothes. Nothing about cut or pattern.

Where the shoulders are bare, cut off, hidden behind another face, or the head is tilted, there is nothing to compare.
What a distance means, and on which pictures that was measured, is in `calibrations/who.toml`. It serves one question,
whether two people wear each other's clothes; it is no identity, and another outfit is no fault.
"""

import tomllib
from collections.abc import Sequence
from importlib import resources

import cv2
import numpy as np
import numpy.typing as npt

from samecast.core.consistency import p_same
from samecast.ports import Face, Floats, Pixels
from samecast.vision.crops import overlap
from samecast.vision.readings import CHEEKS

_BELOW = (0.3, 1.5)
"""Where the torso begins and ends below the chin, in heights of the face."""
_ASIDE = 0.8
"""How far it reaches to each side of the face's middle, in widths of the face."""
_LEAST_SIDE = 24
_LEAST_SHARE = 0.4
"""The share of that box which must lie inside the picture, and of what lies inside which must not be skin."""
_MOST_TILT = 30.0
_SKIN = 16.0
"""Distance in Lab (lightness counted half) to the cheeks' colour within which a pixel is taken for skin."""
_SAMPLE = (48, 48)
_BINS = (6, 20, 20)
_RANGES = ((0.0, 100.01), (-60.0, 60.0), (-60.0, 60.0))
_SPREAD = (0.9, 1.0, 1.0)


class Clothing:
    """Describes the clothes below a face by their colours, and says how alike two descriptions are. Cheap: 1 ms."""

    def __init__(self) -> None:
        text = resources.files("samecast.vision").joinpath("calibrations/who.toml").read_text(encoding="utf-8")
        curve = tomllib.loads(text)["clothing"]["fit"]
        self._slope, self._midpoint = float(curve["slope"]), float(curve["midpoint"])

    def describe(self, rgb: Pixels, face: Face, others: Sequence[Face] = ()) -> Floats | None:
        """2,400 float32 numbers of length one, or None where the clothes cannot be seen.

        `rgb`: H x W x 3 sRGB; `others`: the other faces in it, which may hide them.
        """
        box = torso(face)
        inside = _inside(box, rgb)
        left, top, width, height = inside
        if abs(face.pose.roll) > _MOST_TILT or min(width, height) < _LEAST_SIDE:
            return None
        if width * height < _LEAST_SHARE * box[2] * box[3]:
            return None
        if any(overlap(other.box, inside) > 0.05 for other in others if other is not face):
            return None
        patch = rgb[int(top) : int(top + height), int(left) : int(left + width)]
        lab = _lab(np.asarray(cv2.resize(patch, _SAMPLE, interpolation=cv2.INTER_AREA), np.uint8))
        skin = np.linalg.norm((lab - _cheek(rgb, face)) * (0.5, 1.0, 1.0), axis=1) < _SKIN
        if 1 - float(skin.mean()) < _LEAST_SHARE:
            return None
        return _histogram(lab[~skin])

    def distance(self, a: Floats, b: Floats) -> float:
        """0 for the same colours in the same shares, 1.41 for none in common."""
        return float(np.linalg.norm(a.astype(np.float64) - b.astype(np.float64)))

    def likeness(self, a: Floats, b: Floats) -> float:
        """0..1: that these are the same clothes in other light rather than others, if either were equally likely."""
        return p_same(self.distance(a, b), slope=self._slope, midpoint=self._midpoint)


def torso(face: Face) -> tuple[float, float, float, float]:
    """Left, top, width, height of where clothes are expected below a face; may reach beyond the picture."""
    left, top, width, height = face.box
    middle, chin = left + width / 2, top + height
    return middle - _ASIDE * width, chin + _BELOW[0] * height, 2 * _ASIDE * width, (_BELOW[1] - _BELOW[0]) * height


def _inside(box: tuple[float, float, float, float], rgb: Pixels) -> tuple[float, float, float, float]:
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(float(rgb.shape[1]), box[0] + box[2]), min(float(rgb.shape[0]), box[1] + box[3])
    return left, top, max(0.0, right - left), max(0.0, bottom - top)


def _cheek(rgb: Pixels, face: Face) -> Floats:
    """The median colour of both cheeks in Lab."""
    points = np.round(face.landmarks[[index for cheek in CHEEKS for index in cheek], :2]).astype(int)
    x = np.clip(points[:, 0], 0, rgb.shape[1] - 1)
    y = np.clip(points[:, 1], 0, rgb.shape[0] - 1)
    return np.asarray(np.median(_lab(rgb[y, x][None]), axis=0), np.float32)


def _lab(rgb: Pixels) -> Floats:
    """N x 3."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(lab.reshape(-1, 3), np.float32)


def _histogram(lab: Floats) -> Floats:
    """Square roots of a smoothed histogram: their distance is Hellinger's times root two."""
    clipped = np.clip(lab, [low for low, _ in _RANGES], [high - 1e-3 for _, high in _RANGES])
    counts, _ = np.histogramdd(clipped, bins=_BINS, range=_RANGES)
    smooth = np.einsum("lab,lx,ay,bz->xyz", counts, *_BLURS, optimize=True)
    return np.asarray(np.sqrt(smooth / smooth.sum()).ravel(), np.float32)


def _blur(bins: int, spread: float) -> npt.NDArray[np.float64]:
    """Bins x bins: how each bin's count is shared with its neighbours; what would leave at an end stays there."""
    apart = np.arange(bins)[:, None] - np.arange(bins)[None]
    kernel = np.exp(-(apart**2) / (2 * spread**2))
    return np.asarray(kernel / kernel.sum(axis=1, keepdims=True), np.float64)


_BLURS = tuple(_blur(bins, spread) for bins, spread in zip(_BINS, _SPREAD, strict=True))
