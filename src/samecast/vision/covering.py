"""Whether a part of a face is covered: sunglasses over the eyes, a mask or a hand over the mouth.

Reads how light, how coloured and how rich in detail the face's own regions are, each against the same face's skin, so
that dark skin, side light and a grade cancel out. Two logistics judge: a mouth without its line, its red or its chin,
and eyes darker and emptier than eyes are. What covers neither (a hand on a cheek, hair over half of a face) is left
alone: such faces are still told apart rightly, as `calibrations/covering.toml` says. It knows no encoder.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

import cv2
import numpy as np
import numpy.typing as npt

from samecast.ports import Face, Floats, Pixels
from samecast.vision.crops import Pyramid, square_around_mesh

_SIDE = 128
_GROW = 1.2
_DARKEST = 4.0
"""Lightness (of 100) added before two are compared, so that black does not divide."""
_BLACK = 8.0
"""The same for colours, which are noise in the dark."""

_LIPS = (
    (61, 185, 40, 39, 37, 0, 17, 84, 181, 91, 146),
    (291, 409, 270, 269, 267, 0, 17, 314, 405, 321, 375),
)
"""The halves of the mouth: the viewer's left, then the other. So are the pairs below."""
_ABOVE_LIPS = ((2, 97, 165, 92, 39, 37, 0), (2, 326, 391, 322, 269, 267, 0))
_LOWER_CHEEKS = ((205, 206, 216, 212, 214, 192, 187), (425, 426, 436, 432, 434, 416, 411))
_UPPER_CHEEKS = ((117, 118, 101, 50, 123), (346, 347, 330, 280, 352))
_EYES = ((226, 224, 222, 189, 244, 232, 230, 228), (446, 444, 442, 413, 464, 452, 450, 448))
_CHIN = (201, 200, 421, 428, 199, 208)
_NOSE_TIP = (51, 45, 4, 275, 281, 5)
_BRIDGE = (122, 196, 197, 419, 351, 6)
_BROW = (107, 9, 336, 285, 8, 55)


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthSigns:
    """What a mouth shows against the skin around it and above it.

    `detail`: log of the vertical edges in its emptier half over its lightness. `red`: how much redder than the skin the
    less red half of the lips is; `reddest`: the other half. Of nose tip and chin, against the skin around the eyes:
    `nose_colour`, `chin_colour` how far their colours are apart, `nose_light`, `chin_light` the absolute log ratio of
    their lightness.
    """

    detail: float
    red: float
    reddest: float
    nose_colour: float
    nose_light: float
    chin_colour: float
    chin_light: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EyeSigns:
    """What the clearer eye shows with its lids. `light`: log of its lighter quarter over the skin around the eyes.

    `detail`: log of its vertical edges over its lightness. `colour`: how far apart from that skin the nearer one is.
    """

    light: float
    detail: float
    colour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    mouth: MouthSigns
    eyes: EyeSigns


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthLimits:
    """A logistic over `MouthSigns`, covered where it exceeds `limit` (a logit)."""

    constant: float
    limit: float
    weights: MouthSigns

    def logit(self, signs: MouthSigns) -> float:
        return self.constant + _sum(
            (self.weights.detail, signs.detail),
            (self.weights.red, signs.red),
            (self.weights.reddest, signs.reddest),
            (self.weights.nose_colour, signs.nose_colour),
            (self.weights.nose_light, signs.nose_light),
            (self.weights.chin_colour, signs.chin_colour),
            (self.weights.chin_light, signs.chin_light),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EyeLimits:
    """A logistic over `EyeSigns`, covered where it exceeds `limit` (a logit)."""

    constant: float
    limit: float
    weights: EyeSigns

    def logit(self, signs: EyeSigns) -> float:
        weights = self.weights
        return self.constant + _sum(
            (weights.light, signs.light), (weights.detail, signs.detail), (weights.colour, signs.colour)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """Judges whether mouth or eyes are covered."""

    mouth: MouthLimits
    eyes: EyeLimits

    def covers(self, pyramid: Pyramid, face: Face) -> bool:
        """About 2 ms; `pyramid` is the picture's."""
        return self.called(read_signs(pyramid, face))

    def called(self, signs: Signs) -> bool:
        return self.mouth.logit(signs.mouth) > self.mouth.limit or self.eyes.logit(signs.eyes) > self.eyes.limit


def load_covering() -> Covering:
    """The limits, from the file that says how they were found."""
    text = resources.files("samecast.vision").joinpath("calibrations/covering.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    mouth, eyes = table["mouth"], table["eyes"]
    return Covering(
        mouth=MouthLimits(constant=mouth["constant"], limit=mouth["limit"], weights=MouthSigns(**mouth["weights"])),
        eyes=EyeLimits(constant=eyes["constant"], limit=eyes["limit"], weights=EyeSigns(**eyes["weights"])),
    )


def read_signs(pyramid: Pyramid, face: Face) -> Signs:
    """What mouth and eyes show, on an upright chip of 128 pixels around the mesh."""
    square = square_around_mesh(face.landmarks, grow=_GROW)
    matrix = square.matrix(_SIDE)
    points = face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return _signs(pyramid.crop(square, _SIDE), points.astype(np.float32))


def _signs(chip: Pixels, points: Floats) -> Signs:
    soft = cv2.GaussianBlur(chip, (0, 0), 1.0).astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(soft, cv2.COLOR_RGB2LAB), np.float32)
    steps = np.asarray(np.abs(cv2.Sobel(lab[..., 0], cv2.CV_32F, 0, 1, ksize=3)) / 8, np.float32)
    chart = _Chart(lab=lab, steps=steps, points=points)
    skin = np.median([chart.region(part).tone for part in (_BRIDGE, *_UPPER_CHEEKS, _BROW)], axis=0)
    return Signs(mouth=_mouth(chart, skin), eyes=_eyes(chart, skin))


@dataclass(frozen=True, kw_only=True)
class _Region:
    """`lab`: N x 3. `steps`: N, the vertical gradient of lightness."""

    lab: Floats
    steps: Floats

    @cached_property
    def tone(self) -> Floats:
        return np.asarray(np.median(self.lab, axis=0), np.float32)

    def detail(self, lightness: float) -> float:
        return float(np.log(max(10 * float(self.steps.mean()) / (lightness + _BLACK), 0.02)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
    lab: Floats
    steps: Floats
    points: Floats

    def region(self, outline: Sequence[int]) -> _Region:
        """What lies in the convex hull of these landmarks."""
        hull = cv2.convexHull(np.round(self.points[list(outline)]).astype(np.int32))
        x, y, width, height = cv2.boundingRect(hull)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(mask, hull - np.array([x, y], np.int32), 1)
        left, top = max(x, 0), max(y, 0)
        inside = mask[top - y : _SIDE - y, left - x : _SIDE - x].astype(bool)
        place = (slice(top, top + inside.shape[0]), slice(left, left + inside.shape[1]))
        return _Region(lab=self.lab[place][inside], steps=self.steps[place][inside])


def _mouth(chart: _Chart, skin: Floats) -> MouthSigns:
    nose, chin = chart.region(_NOSE_TIP).tone, chart.region(_CHIN).tone
    detail, red = [], []
    for lips, above, cheek in zip(_LIPS, _ABOVE_LIPS, _LOWER_CHEEKS, strict=True):
        half = chart.region(lips)
        around = (chart.region(above).tone + chart.region(cheek).tone + chin) / 3
        detail.append(half.detail(float(half.tone[0])))
        red.append(10 * float(half.tone[1] - around[1]) / (float(around[0]) + _BLACK))
    return MouthSigns(
        detail=min(detail),
        red=min(red),
        reddest=max(red),
        nose_colour=_colours_apart(nose, skin),
        nose_light=abs(_lighter(float(nose[0]), skin)),
        chin_colour=_colours_apart(chin, skin),
        chin_light=abs(_lighter(float(chin[0]), skin)),
    )


def _eyes(chart: _Chart, skin: Floats) -> EyeSigns:
    both = [chart.region(outline) for outline in _EYES]
    lighter = [float(np.quantile(eye.lab[:, 0], 0.75)) for eye in both]
    return EyeSigns(
        light=max(_lighter(light, skin) for light in lighter),
        detail=max(eye.detail(light) for eye, light in zip(both, lighter, strict=True)),
        colour=min(_colours_apart(eye.tone, skin) for eye in both),
    )


def _lighter(lightness: float, skin: Floats) -> float:
    return float(np.log((max(lightness, 0.0) + _DARKEST) / (float(skin[0]) + _DARKEST)))


def _colours_apart(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> float:
    """Between two colours of Lab, each over its own lightness, so that one colour in less light is the same."""
    gap = a[1:] / (a[0] + _BLACK) - b[1:] / (b[0] + _BLACK)
    return 10 * float(np.hypot(gap[0], gap[1]))


def _sum(*terms: tuple[float, float]) -> float:
    return sum(weight * sign for weight, sign in terms)
