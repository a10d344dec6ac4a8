"""What is measured on a reference picture, and what a rule says about it. Judging is in reference_rules.py.

Left and right are the viewer's throughout, as on the screen.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

RuleName: TypeAlias = Literal["pose", "eyes", "lighting", "sharpness", "resolution", "subject", "anchors"]
RuleVerdict: TypeAlias = Literal["pass", "warn", "fail", "unknown"]
Number: TypeAlias = float | int | str | bool | list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule's verdict, the numbers behind it, and one sentence a person can act on.

    `measured["quality"]`, where present, is 0..100 and only for ranking candidates against each other.
    """

    rule: RuleName
    verdict: RuleVerdict
    measured: dict[str, Number]
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceBox:
    """A face as fractions of the picture's width and height; parts outside the frame are below 0 or above 1."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def cut(self) -> float:
        """How much of the face's width or height, whichever is worse, lies outside the frame: 0..1."""
        across = max(-self.left, self.left + self.width - 1) / max(self.width, 1e-9)
        along = max(-self.top, self.top + self.height - 1) / max(self.height, 1e-9)
        return max(0.0, across, along)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """Every raw number the gauge took from a picture; None where it could not be measured.

    The face numbers belong to `faces[0]`, the largest. Where there is none, `reason` says why.
    """

    width: int
    height: int
    """Pixels, upright."""
    faces: tuple[FaceBox, ...] = ()
    """Largest first."""
    profile: Literal["left", "right"] | None = None
    """Only where no face could be read: a head seen from the side, its nose pointing there."""
    stands_out: float | None = None
    """Only where no face could be read: the share of the picture that stands out as a figure, 0..1."""
    profile_heads: int = 0
    """Heads in full profile besides `faces`."""
    reason: str = ""

    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    """Degrees, signs as in `ports.HeadPose`."""

    eye_left: float | None = None
    eye_right: float | None = None
    """Lid gap across the eye over the eye's width: about 0.3 open, 0.1 in a broad smile, 0.02 shut."""
    lid_left: float | None = None
    lid_right: float | None = None
    """How far the gap's middle hangs below the line through the eye's corners, over its width: shut lids hang (> 0),
    a smile's arch (< 0)."""
    eye_light: float | None = None
    """Luminance around the darker eye over the cheek's beside it: near 0 behind dark glasses."""
    smile: float | None = None
    """Mouth width over face width: about 0.35 at rest, 0.45 and more in a smile."""

    cheek_left: float | None = None
    cheek_right: float | None = None
    """Mean linear luminance of each cheek, 0..1, the brighter one without its gloss."""
    evenness: float | None = None
    """OFIQ's illumination uniformity, 0..100."""
    dark_share: float | None = None
    bright_share: float | None = None
    """Share of the face's pixels with luma 0..25 and 247..255."""

    sharpness: float | None = None
    """Mean absolute Laplacian of the face, its eyes brought to a standard distance."""
    picture_sharpness: float | None = None
    """The same over the sharpest quarter of the whole picture, longest side 512 pixels."""
    eye_distance: float | None = None
    """Pixels between the eyes, divided by cos(yaw)."""
