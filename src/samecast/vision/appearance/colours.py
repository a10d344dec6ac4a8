"""The colours of a masked subject, and how far apart two subjects' colours lie, under the same light or another.

A subject's pixels are counted in smoothed CIE Lab histograms: as they are, and as they would be under brighter, warmer
and cooler light. Two subjects are as far apart as the nearest of these allow, at a price for every change of light: a
night grade is forgiven, a dyed coat is not. Where the colours lie on the subject is told by `patterns`.
"""

import cv2
import numpy as np

from samecast.core.errors import InvalidInput
from samecast.ports import Floats, Pixels

_LONGEST = 192
_BINS = (5, 24, 24)
_RANGES = ((0.0, 100.01), (-80.0, 80.0), (-80.0, 80.0))
_SPREAD = (0.7, 1.0, 1.0)
"""Standard deviations, in bins, of the smoothing that lets neighbouring colours meet."""
_BRIGHTER = (1.0, 1.7, 3.0, 6.0)
_BALANCES = ((1.0, 1.0, 1.0), (1.25, 1.0, 0.75), (0.8, 1.0, 1.33))
"""Gains of linear R, G, B: as it is, warmer, cooler. Darker is the other subject brighter."""
_STOP_PRICE, _BALANCE_PRICE = 0.07, 0.12
"""What each factor of 1.7 in light, and another balance, add to the distance. Without a price, pairs of different
subjects gain more from the freedom than pairs of one (AUC 0.923 instead of 0.944); 0.1 and 0.2 forgive too little
(AUC of night grades 0.70 instead of 0.77; without any, 0.64)."""

CELLS = _BINS[0] * _BINS[1] * _BINS[2]
LIGHTS = len(_BRIGHTER) * len(_BALANCES)
FORM = ("lab-lights-1", _LONGEST, _BINS, _RANGES, _SPREAD, _BRIGHTER, _BALANCES, _STOP_PRICE, _BALANCE_PRICE)


def colours(rgb: Pixels, alpha: Floats) -> Floats:
    """`LIGHTS` x `CELLS` float32, each row of length one (square roots of shares); the first is the light as it is.

    Raises `InvalidInput` where the matte (H x W, 0..1) shows no subject.
    """
    scale = min(1.0, _LONGEST / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    weights = np.asarray(cv2.resize(alpha.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    inside = weights > 0.5
    if float(weights.sum()) < 16 or not inside.any():
        raise InvalidInput("No subject stands out of this picture.", hint="Use one with a plainer background.")
    linear, share = linear_light(small[inside]), weights[inside]
    rows = [
        _histogram(to_lab(linear * np.array([gain * part for part in balance], np.float32)), share)
        for gain in _BRIGHTER
        for balance in _BALANCES
    ]
    return np.asarray(rows, np.float32)


def colour_distance(a: Floats, b: Floats) -> float:
    """0 for the same colours in the same shares, 1.41 for none in common (root two times Hellinger's distance)."""
    relit_b = np.linalg.norm(a[0] - b, axis=1) + _PRICES
    relit_a = np.linalg.norm(b[0] - a, axis=1) + _PRICES
    return float(min(relit_b.min(), relit_a.min()))


def linear_light(rgb: Pixels) -> Floats:
    """sRGB (IEC 61966-2-1) as linear light in 0..1."""
    return _LINEAR[rgb]


def to_lab(linear: Floats) -> Floats:
    """n x 3 linear R, G, B, clipped to 0..1, as CIE Lab: L in 0..100, a and b about -100..100."""
    low = np.clip(linear, 0.0, 1.0)
    coded = np.where(low <= 0.0031308, low * 12.92, 1.055 * low ** (1 / 2.4) - 0.055).astype(np.float32)
    return np.asarray(cv2.cvtColor(coded.reshape(1, -1, 3), cv2.COLOR_RGB2LAB)[0], np.float32)


def _histogram(lab: Floats, share: Floats) -> Floats:
    cell = np.zeros(len(lab), np.int64)
    for axis, (bins, (low, high)) in enumerate(zip(_BINS, _RANGES, strict=True)):
        place = (lab[:, axis] - low) * (bins / (high - low))
        cell = cell * bins + np.clip(place, 0, bins - 1).astype(np.int64)
    smooth = np.bincount(cell, weights=share, minlength=CELLS).reshape(_BINS).astype(np.float32)
    for axis, spread in enumerate(_SPREAD):
        smooth = _smoothed(smooth, axis, spread)
    return np.asarray(np.sqrt(smooth / float(smooth.sum())).ravel(), np.float32)


def _smoothed(values: Floats, axis: int, spread: float) -> Floats:
    """Gaussian smoothing along one axis; the outermost bin repeats beyond the edge."""
    offsets = np.arange(-3, 4)
    kernel = np.exp(-(offsets**2) / (2 * spread**2))
    kernel /= kernel.sum()
    padded = np.pad(values, [(3, 3) if a == axis else (0, 0) for a in range(values.ndim)], mode="edge")
    length = values.shape[axis]
    parts = [
        weight * np.take(padded, range(start, start + length), axis=axis)
        for start, weight in enumerate(kernel.astype(np.float32))
    ]
    return np.asarray(np.sum(parts, axis=0), np.float32)


def _linear_table() -> Floats:
    coded = np.arange(256) / 255.0
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _linear_table()
_PRICES = np.array(
    [
        stop * _STOP_PRICE + (_BALANCE_PRICE if balance else 0.0)
        for stop in (np.log(gain) / np.log(1.7) for gain in _BRIGHTER)
        for balance in range(len(_BALANCES))
    ],
    np.float32,
)
