"""`SubjectAppearance`: colours and details of a masked subject without a human face. A `ports.AppearanceEncoder`.

An appearance match, not an identity: it tells a spotted dog from a brown one, and seldom one white dog from its sister.
No weights: the form of the features is in `colours` and `patterns`, their blend and what a distance means in
`calibrations/appearance.toml`, fitted to this very form. Cutting the subject out is left to the caller.
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np

from samecast.core.calibrations import Calibration
from samecast.core.errors import InvalidInput
from samecast.core.kinds import SubjectKind
from samecast.ports import EncoderCard, Floats, Pixels
from samecast.vision.appearance import colours, patterns
from samecast.vision.calibration import card_of, load_calibration

_TOO_FEW: Mapping[SubjectKind, str] = {
    "animal": "too few animals",
    "toy": "too few toys",
    "cartoon": "too few drawn subjects",
    "thing": "too few things",
}
_COLOUR_NUMBERS = colours.LIGHTS * colours.CELLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """How colours and details make one distance.

    `chance` of all details agree by chance: only what goes beyond counts. Of a subject with at least `enough` details:
    colours + `weight` * (root of `most` - root of those shared, at most `most`, negative where fewer are shared or they
    clash). Of one without any: `plain_start` + `plain_slope` * colours; else in between.
    """

    weight: float
    chance: float
    most: float
    enough: float
    plain_start: float
    plain_slope: float

    def distance(self, colour: float, shared: float, richness: float) -> float:
        beyond = shared - self.chance * richness
        told = math.copysign(math.sqrt(min(abs(beyond), self.most)), beyond)
        detailed = colour + self.weight * (math.sqrt(self.most) - told)
        plain = self.plain_start + self.plain_slope * colour
        share = min(1.0, richness / self.enough)
        return share * detailed + (1 - share) * plain


class SubjectAppearance:
    """Describes a masked subject by its colours under several lights and by its details at two sizes."""

    def __init__(self) -> None:
        self._blend = shipped_blend()

    def card_for(self, kind: SubjectKind | None) -> EncoderCard:
        """The calibration for this kind of subject; the pooled one for None and for a kind with too few subjects.

        Raises `InvalidInput` where the stored calibration belongs to another form of the encoder.
        """
        calibration = _calibration()
        card = card_of(calibration, kind)
        if kind is None or kind in dict(calibration.kinds):
            return card
        return replace(card, calibration=f"{card.calibration}; {_TOO_FEW[kind]} to measure alone")

    def encode(self, rgb: Pixels, alpha: Floats) -> Floats:
        """A fixed number of float32 values from an H x W x 3 sRGB picture and its matte in 0..1.

        Raises `InvalidInput` where the matte shows no subject.
        """
        seen = colours.colours(rgb, alpha)
        return np.concatenate([seen.ravel(), patterns.packed(patterns.details(rgb, alpha))])

    def distance(self, a: Floats, b: Floats) -> float:
        """0 for a copy; how far other pairs lie apart is in the calibration."""
        (colours_a, details_a), (colours_b, details_b) = halves(a), halves(b)
        return self._blend.distance(
            colours.colour_distance(colours_a, colours_b),
            patterns.shared(details_a, details_b),
            patterns.richness(details_a, details_b),
        )


def halves(vector: Floats) -> tuple[Floats, tuple[patterns.Details, ...]]:
    """What `encode` packed: the colours under every light, and the details at every size."""
    rows = vector[:_COLOUR_NUMBERS].reshape(colours.LIGHTS, colours.CELLS)
    return rows, patterns.unpacked(vector[_COLOUR_NUMBERS:])


def design_digest() -> str:
    """sha256 of what defines the encoder, its blend included: there are no weights to name."""
    return hashlib.sha256(repr((colours.FORM, patterns.FORM, shipped_blend())).encode()).hexdigest()


@cache
def shipped_blend() -> Blend:
    """The blend in `calibrations/appearance.toml`."""
    path = resources.files("samecast.vision").joinpath("calibrations/appearance.toml")
    return Blend(**{key: float(value) for key, value in tomllib.loads(path.read_text("utf-8"))["blend"].items()})


@cache
def _calibration() -> Calibration:
    calibration = load_calibration("appearance")
    if calibration.sha256 != design_digest():
        raise InvalidInput(
            "The appearance calibration belongs to another form of the encoder.",
            hint="Fit it again with python -m benchmarks.measuring.appearance_fit.",
        )
    return calibration
