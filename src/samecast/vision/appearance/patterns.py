"""The details of a masked subject (spots, print, eyes, seams), and how many of them two subjects share.

SIFT keypoints (Lowe, 2004; as RootSIFT, Arandjelovic and Zisserman, 2012) on the subject at two sizes, with the colour
around each. What counts is details that match better than any rival, agree on one shift, turn, scale and side (a
mirrored subject is the same one), and have the same colours, or the same under one plausible light. Details that agree
in place but not in colour speak against: the same toy in another colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from samecast.ports import Floats, Pixels
from samecast.vision.appearance.colours import linear_light, to_lab

_SCALES = ((140.0, 200), (240.0, 300))
"""The subject at two sizes (the square root of its area in pixels), and how many keypoints are kept at each."""
_LONGEST = 640.0
_CONTRAST = 0.02
_AROUND = 1 / 30
"""Standard deviation of the colour around a keypoint, as a share of the subject's size."""
_RIVAL, _RIVAL_STEP, _MOST = 0.95, 0.1, 3.0
"""A match is nearer than `_RIVAL` of its nearest rival; every further `_RIVAL_STEP` counts one, up to `_MOST`."""
_SHIFT, _OCTAVES, _TURN = 0.18, 0.8, 0.6
"""How far matches may disagree: in subject sizes, in octaves of scale, in radians."""
_COLOUR, _LIGHTNESS = 20.0, 0.25
"""Lab distance at which a colour counts 1/e of agreeing; what lightness counts in it."""
_STOPS, _CAST = 1.8, 0.3
"""The most (natural logarithm) that light may be brighter, and that a channel may differ from it."""
_EXCUSED, _CLASH_FREE = 1.5, 8.0

_COLUMNS = 7
"""x, y, size (in subject sizes), angle in radians, linear R, G, B around."""
_WIDTH = _COLUMNS + 128
PATTERN_NUMBERS = len(_SCALES) + sum(most for _, most in _SCALES) * _WIDTH
FORM = (
    "rootsift-1",
    _SCALES,
    (_LONGEST, _CONTRAST, _AROUND),
    (_RIVAL, _RIVAL_STEP, _MOST),
    (_SHIFT, _OCTAVES, _TURN),
    (_COLOUR, _LIGHTNESS, _STOPS, _CAST),
    (_EXCUSED, _CLASH_FREE),
)

_FLIPPED = np.arange(128).reshape(4, 4, 8)[::-1][:, :, (-np.arange(8)) % 8].ravel()
"""The places of a mirrored picture's descriptor: the grid upside down along the keypoint, the angles reversed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Keypoints of one subject at one size: n x 7 (see `_COLUMNS`) and n x 128, each row of length one."""

    places: Floats
    looks: Floats

    def mirrored(self) -> "Details":
        places = self.places.copy()
        places[:, 0] = -places[:, 0]
        places[:, 3] = np.pi - places[:, 3]
        return Details(places=places, looks=np.ascontiguousarray(self.looks[:, _FLIPPED]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Votes:
    """`shown`: matches that agree in place and colour. `placed`, `of_them`: at the best place, all and in colour."""

    shown: float = 0.0
    placed: float = 0.0
    of_them: float = 0.0


def details(rgb: Pixels, alpha: Floats) -> tuple[Details, ...]:
    """The subject's details at each size, strongest first; a plain subject has none."""
    return tuple(_at_size(rgb, alpha, side, most) for side, most in _SCALES)


def packed(parts: tuple[Details, ...]) -> Floats:
    """`PATTERN_NUMBERS` float32: the counts, then each size's rows, filled up with zeros."""
    out = [np.array([len(part.places) for part in parts], np.float32)]
    for part, (_, most) in zip(parts, _SCALES, strict=True):
        rows = np.zeros((most, _WIDTH), np.float32)
        rows[: len(part.places)] = np.hstack([part.places, part.looks])
        out.append(rows.ravel())
    return np.concatenate(out)


def unpacked(numbers: Floats) -> tuple[Details, ...]:
    """What `packed` packed."""
    parts, start = [], len(_SCALES)
    for index, (_, most) in enumerate(_SCALES):
        rows = numbers[start : start + most * _WIDTH].reshape(most, _WIDTH)[: round(float(numbers[index]))]
        parts.append(Details(places=rows[:, :_COLUMNS], looks=rows[:, _COLUMNS:]))
        start += most * _WIDTH
    return tuple(parts)


def richness(a: tuple[Details, ...], b: tuple[Details, ...]) -> float:
    """How many details there are to compare: the geometric mean of the two subjects' counts."""
    return float(np.sqrt(sum(len(part.places) for part in a) * sum(len(part.places) for part in b)))


def shared(a: tuple[Details, ...], b: tuple[Details, ...]) -> float:
    """Weighted details in common, over both sizes and both ways round: a copy has hundreds; below 0: colours clash."""
    return 0.5 * sum(_evidence(x, y) + _evidence(y, x) for x, y in zip(a, b, strict=True))


def _evidence(a: Details, b: Details) -> float:
    either = [_votes(a, b), _votes(a, b.mirrored())]
    best = max(either, key=lambda votes: votes.placed)
    clash = best.placed - _EXCUSED * best.of_them - _CLASH_FREE
    return max(votes.shown for votes in either) - max(0.0, clash)


def _at_size(rgb: Pixels, alpha: Floats, side: float, most: int) -> Details:
    inside = alpha > 0.5
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return _none()
    tall, wide = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    scale = min(side / float(np.sqrt(inside.sum())), _LONGEST / max(tall, wide))
    margin = int(8 / scale) + 1
    cut = (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )
    size = (max(8, round(rgb[cut].shape[1] * scale)), max(8, round(rgb[cut].shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    near = np.asarray(cv2.resize(rgb[cut], size, interpolation=how), np.uint8)
    mask = (np.asarray(cv2.resize(alpha[cut].astype(np.float32), size, interpolation=how)) > 0.5).astype(np.uint8)
    finder = cv2.SIFT.create(nfeatures=most, contrastThreshold=_CONTRAST)
    points, found = finder.detectAndCompute(
        cv2.cvtColor(near, cv2.COLOR_RGB2GRAY), cv2.erode(mask, np.ones((3, 3), np.uint8)) * 255
    )
    if not points:
        return _none()
    places = np.array([(*point.pt, point.size, np.deg2rad(point.angle)) for point in points[:most]], np.float32)
    looks = found[:most].astype(np.float32)
    looks = np.sqrt(looks / np.maximum(looks.sum(axis=1, keepdims=True), 1e-9))
    seen = _colours_at(near, mask, places, side * _AROUND)
    places[:, :3] /= side
    return Details(places=np.hstack([places, seen]), looks=looks)


def _none() -> Details:
    return Details(places=np.zeros((0, _COLUMNS), np.float32), looks=np.zeros((0, 128), np.float32))


def _colours_at(rgb: Pixels, mask: Pixels, places: Floats, spread: float) -> Floats:
    """n x 3 linear light around each place, of the subject alone."""
    weight = mask.astype(np.float32)
    sums = cv2.GaussianBlur(linear_light(rgb) * weight[..., None], (0, 0), spread)
    means = sums / (cv2.GaussianBlur(weight, (0, 0), spread) + 1e-6)[..., None]
    x = np.clip(np.rint(places[:, 0]).astype(int), 0, rgb.shape[1] - 1)
    y = np.clip(np.rint(places[:, 1]).astype(int), 0, rgb.shape[0] - 1)
    return np.asarray(means[y, x], np.float32)


def _votes(a: Details, b: Details) -> _Votes:
    here, there, weight = _matches(a, b)
    if not len(weight):
        return _Votes()
    agree = _agreeing(here, there)
    placed = agree @ weight
    best = int(placed.argmax())
    shown, of_them = 0.0, 0.0
    held = agree[best] > 0
    light = _light(here[held, 4:], there[held, 4:])
    for gain in (np.ones(3, np.float32), light):
        apart = (to_lab(here[:, 4:] * gain) - to_lab(there[:, 4:])) * np.array([_LIGHTNESS, 1, 1], np.float32)
        coloured = agree @ (weight * np.exp(-(apart**2).sum(axis=1) / _COLOUR**2))
        shown, of_them = max(shown, float(coloured.max())), max(of_them, float(coloured[best]))
    return _Votes(shown=shown, placed=float(placed[best]), of_them=of_them)


def _matches(a: Details, b: Details) -> tuple[Floats, Floats, Floats]:
    """Places in `a` and `b` of details that are each other's nearest and clearly nearer than a rival; their weights."""
    if len(a.looks) < 2 or len(b.looks) < 2:
        return a.places[:0], b.places[:0], np.zeros(0, np.float32)
    alike = a.looks @ b.looks.T
    rows = np.arange(len(alike))
    nearest, back = alike.argmax(axis=1), alike.argmax(axis=0)
    first = alike[rows, nearest]
    alike[rows, nearest] = -1.0
    rival = np.sqrt(np.maximum(0.0, 2 - 2 * first) / np.maximum(1e-9, 2 - 2 * alike.max(axis=1)))
    kept = np.flatnonzero((rival < _RIVAL) & (back[nearest] == rows))
    weight = np.clip((1 - rival[kept]) / _RIVAL_STEP, 0.0, _MOST)
    return a.places[kept], b.places[nearest[kept]], np.asarray(weight, np.float32)


def _agreeing(here: Floats, there: Floats) -> Floats:
    """n x n: 1 where match j lies where match i, taken for the truth, puts it (Hough votes, Lowe 2004, section 7.3)."""
    octave = np.log2(there[:, 2] / here[:, 2])
    turn = there[:, 3] - here[:, 3]
    along, across = np.cos(turn) * 2**octave, np.sin(turn) * 2**octave
    x, y = (here[None, :, axis] - here[:, None, axis] for axis in (0, 1))
    off_x = there[:, None, 0] + along[:, None] * x - across[:, None] * y - there[None, :, 0]
    off_y = there[:, None, 1] + across[:, None] * x + along[:, None] * y - there[None, :, 1]
    turned = np.abs((turn[:, None] - turn[None] + np.pi) % (2 * np.pi) - np.pi)
    close = np.hypot(off_x, off_y) < _SHIFT
    agree = close & (np.abs(octave[:, None] - octave[None]) < _OCTAVES) & (turned < _TURN)
    return np.asarray(agree, np.float32)


def _light(here: Floats, there: Floats) -> Floats:
    """The gains of linear R, G, B that best turn the colours `here` into those `there`, within what light can do."""
    change = np.median(np.log((there + 0.01) / (here + 0.01)), axis=0)
    level = float(np.median(change))
    gain = np.exp(np.clip(level, -_STOPS, _STOPS) + np.clip(change - level, -_CAST, _CAST))
    return np.asarray(gain, np.float32)
