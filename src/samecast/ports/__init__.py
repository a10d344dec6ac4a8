"""What the domain needs from the world, as small Protocols. Read this first.

Here: seeing, media, keeping. Making takes is in `making`, having them made in `producing`; what only one use case needs
is in a module of its name. All of them read as `samecast.ports`, or as their module.

Pictures are numpy arrays, H x W x 3, uint8, sRGB, channel order R G B, unless a name says otherwise. Points are in
pixels, x to the right and y down. Adapters (library, models, vision, media) implement these and never each other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from samecast.core.calibrating import AngleBand, Rate
from samecast.core.cast import Anchor, Character, Pins, Version
from samecast.core.consistency import AnchorKind, AnchorVerdict
from samecast.core.grading import Grade, Measurements
from samecast.core.kinds import SubjectKind
from samecast.core.mentions import CastName
from samecast.core.recipe import Lora
from samecast.core.report import Report
from samecast.core.story import Shot, Take
from samecast.ports.making import Cost, Engine, HostedEngine, ModelProfile, Render, Rendered
from samecast.ports.pictures import Box, Floats, Picture, Pixels
from samecast.ports.producing import (
    Pace,
    Post,
    Production,
    Progress,
    Standing,
    WorkerCard,
    WorkerRepository,
    WorkRepository,
)

__all__ = [
    "AnchorPrint",
    "AnchorReader",
    "AnchorSight",
    "AppearanceEncoder",
    "AssetStore",
    "Box",
    "CastRepository",
    "Cell",
    "ClipFacts",
    "ClipFrame",
    "ClothingReader",
    "CopyReader",
    "Cost",
    "Cutting",
    "Doubt",
    "EncoderCard",
    "Engine",
    "Face",
    "FaceEncoder",
    "FaceReader",
    "Floats",
    "HeadPose",
    "HostedEngine",
    "LoraRepository",
    "Matting",
    "Media",
    "ModelProfile",
    "Pace",
    "PersonFinder",
    "Picture",
    "Pixels",
    "Post",
    "Presence",
    "Production",
    "Progress",
    "ReferenceGauge",
    "Render",
    "Rendered",
    "ReportPage",
    "ShotRepository",
    "Standing",
    "WorkRepository",
    "WorkerCard",
    "WorkerRepository",
]

# --- seeing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPose:
    """Degrees. yaw > 0: the face points to the viewer's right; pitch > 0: up; roll > 0: clockwise on screen."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One human face. `landmarks`: 478 x 3 (MediaPipe Face Mesh order) in picture pixels, z toward the viewer < 0.

    `box` is left, top, width, height around the landmarks; `score` the mesh's own confidence, 0..1.
    """

    box: tuple[float, float, float, float]
    landmarks: Floats
    pose: HeadPose
    score: float


class FaceReader(Protocol):
    """Finds human faces, largest first. No face gives an empty list, never an exception."""

    def faces(self, rgb: Pixels) -> list[Face]: ...


Presence: TypeAlias = Literal["profile", "figure"]
"""Somebody whose face cannot be read: a head seen from the side, or any other person (from behind, masked, cut off)."""


class PersonFinder(Protocol):
    """Looks for a person in a picture without a readable face; None where nobody seems to be there."""

    def anyone(self, rgb: Pixels) -> Presence | None: ...


class Matting(Protocol):
    """Separates the subject from its background.

    `matte` gives alpha, H x W float32 in 0..1. `faces` are the faces already found (empty: an animal or a thing).
    """

    def matte(self, picture: Picture, faces: Sequence[Face]) -> Floats: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderCard:
    """What a score must name: the encoder, its version, weights' sha256, licence, and its calibration."""

    name: str
    version: str
    sha256: str
    licence: str
    slope: float
    midpoint: float
    """P(same) = 1 / (1 + exp(slope * (distance - midpoint))); distance is the encoder's own."""
    threshold: float
    """The distance at a false accept rate of 1 % on the calibration set."""
    calibration: str
    """One sentence: set, counts, AUC."""
    rates: tuple[Rate, ...] = ()
    angles: tuple[AngleBand, ...] = ()


Doubt: TypeAlias = Literal["small", "blurred", "turned", "covered"]
"""Why a face that was found says too little: too few pixels, too little detail, turned too far from the camera, or a
part of it covered (a mask, sunglasses, a hand, hair): the cover would be compared as if it were skin."""


class FaceEncoder(Protocol):
    """Turns a face into an identity vector; `distance` compares two of them."""

    @property
    def card(self) -> EncoderCard: ...

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None:
        """Why a distance to this face would mean nothing by this encoder's calibration; None where it may be used."""
        ...

    def encode(self, rgb: Pixels, face: Face) -> Floats: ...

    def distance(self, a: Floats, b: Floats) -> float: ...


class AppearanceEncoder(Protocol):
    """Describes a masked subject without a human face; `distance` compares two descriptions of one kind."""

    def card_for(self, kind: SubjectKind | None) -> EncoderCard:
        """The calibration for this kind; the pooled one for None, and for a kind that was never measured."""
        ...

    def encode(self, rgb: Pixels, alpha: Floats) -> Floats: ...

    def distance(self, a: Floats, b: Floats) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorSight:
    """One look for an anchor in one frame. `own` and `mirrored`: left, top, right, bottom in pixels, to be shown."""

    verdict: AnchorVerdict
    reason: str
    strength: float | None = None
    own: tuple[float, float, float, float] | None = None
    mirrored: tuple[float, float, float, float] | None = None


class AnchorPrint(Protocol):
    """What an anchor looks like on the reference. `box`: left, top, right, bottom in the reference's pixels."""

    @property
    def kind(self) -> AnchorKind: ...

    @property
    def box(self) -> tuple[float, float, float, float]: ...


class AnchorReader(Protocol):
    """Looks for the anchors of a reference in other pictures."""

    def learn(self, picture: Picture, face: Face | None, anchor: Anchor) -> AnchorPrint | str:
        """What to look for; or one sentence why this anchor cannot be checked (no region, its place is hidden)."""
        ...

    def look(self, wanted: AnchorPrint, rgb: Pixels, face: Face | None, alpha: Floats | None) -> AnchorSight:
        """`face`: the character's own face in this frame, if seen. `alpha`: the subject's matte, if there is one."""
        ...


class ClothingReader(Protocol):
    """Describes what somebody wears below the face, to tell whose costume a face has on."""

    def describe(self, rgb: Pixels, face: Face, others: Sequence[Face] = ()) -> Floats | None:
        """The colours below the face, as one vector; None where they cannot be seen. `others` may hide them."""
        ...

    def likeness(self, a: Floats, b: Floats) -> float:
        """0..1: that these are the same clothes."""
        ...


class CopyReader(Protocol):
    """Tells a paste of the reference (the same pixels up to a warp) from the same character shown anew."""

    @property
    def limit(self) -> float:
        """The probability from which a take is called a copy."""
        ...

    def learn(self, picture: Picture, face: Face | None) -> object: ...

    def copied(self, reference: object, rgb: Pixels, face: Face | None) -> float | None:
        """Calibrated probability that `rgb` holds the reference's own pixels; None where it cannot be told."""
        ...


class ReferenceGauge(Protocol):
    """Measures a picture as a reference; `overlay` draws what was seen."""

    def measure(self, picture: Picture) -> Measurements: ...

    def overlay(self, picture: Picture, grade: Grade) -> Picture: ...


# --- media ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFacts:
    """What a clip's container says, and its duration in seconds; `frames` may be an estimate."""

    width: int
    height: int
    fps: float
    seconds: float
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One take on a contact sheet: its frames (one for an image), caption lines, and how it did."""

    frames: tuple[Pixels, ...]
    caption: tuple[str, ...]
    picked: bool
    tone: str
    """ "good", "warn", "bad" or "neutral"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """A clip read through once, at thumbnail size: `cuts` in seconds (the first frame after each), and how it moves.

    `seconds` and `frames` as decoded, not as the header claims. `flicker` and `frozen` as in
    `core.consistency.Quality`; None where a clip is too short. `damaged`: a part could not be decoded.
    """

    seconds: float
    frames: int
    cuts: tuple[float, ...] = ()
    flicker: float | None = None
    frozen: float | None = None
    damaged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFrame:
    """One judged frame of a clip, upright; `shot` counts the uncut stretches from 0."""

    seconds: float
    rgb: Pixels
    shot: int = 0


class Media(Protocol):
    """Reads and writes pictures and clips. Raises `BadMedia` for what is not one, `StorageFailed` for a bad disk.

    What is written appears whole or not at all (a temporary file beside it, then a rename).
    """

    def read_picture(self, source: Path | bytes) -> Picture: ...

    def picture_or_clip(self, path: Path) -> str:
        """ "image" or "video", decided by content, never by suffix."""
        ...

    def clip_facts(self, path: Path) -> ClipFacts: ...

    def clip_frames(self, path: Path, count: int) -> Iterator[tuple[float, Pixels]]:
        """About `count` evenly spaced frames as (seconds, rgb), upright, streamed; all of them if there are fewer."""
        ...

    def read_through(self, path: Path, watch: Callable[[float], None] = lambda share: None) -> Cutting:
        """Decode the whole clip once, small, holding a few frames; `watch` is told the share done."""
        ...

    def judged_frames(self, path: Path, count: int, cutting: Cutting) -> Iterator[ClipFrame]:
        """`count` evenly spaced frames and one soon after each cut, in order of time, streamed."""
        ...

    def jpeg(self, rgb: Pixels, *, longest: int, quality: int = 80) -> bytes:
        """A small JPEG to be shown, its longer side at most `longest` pixels."""
        ...

    def png(self, picture: Picture, recipe: str | None = None) -> bytes: ...

    def fit_picture(self, picture: Picture, longest: int) -> Picture:
        """The same picture, reduced so that its longer side is at most `longest` pixels."""
        ...

    def contact_sheet(self, cells: Sequence[Cell], *, title: str, subtitle: str) -> Picture: ...

    def write_bytes(self, path: Path, content: bytes) -> None: ...

    def write_clip(self, path: Path, frames: Iterator[Pixels], *, fps: int, recipe: str | None = None) -> None:
        """H.264, yuv420p, BT.709, faststart. Frames are H x W x 3 or H x W x 4 (the fourth ignored), even sizes."""
        ...

    def keep_clip(self, path: Path, content: bytes, *, recipe: str | None = None) -> None:
        """A clip that somebody else made, as it is, sound and all, with the recipe beside it in an MP4."""
        ...

    def recipe_in(self, path: Path) -> str | None:
        """The recipe JSON inside a PNG or MP4 written here, or None."""
        ...


# --- keeping ----------------------------------------------------------------------------------------------------


class ReportPage(Protocol):
    """Draws a report as one self-contained HTML page, and as a table."""

    def html(self, report: Report) -> str: ...

    def csv(self, report: Report) -> str:
        """One row a judged frame, character and file; a still is one row."""
        ...


class AssetStore(Protocol):
    """Content-addressed files: an asset is named by the sha256 of its bytes, and is there whole or not at all."""

    def put(self, content: bytes, *, suffix: str = "") -> str: ...

    def get(self, sha256: str) -> bytes: ...

    def has(self, sha256: str) -> bool: ...


class CastRepository(Protocol):
    """Characters and their versions. A handle once used by a shot is never given to another character."""

    def add(self, character: Character) -> None: ...

    def get(self, handle: str) -> Character: ...

    def all(self, *, archived: bool = False) -> list[Character]:
        """Everyone but the archived, or only those, by handle."""
        ...

    def names(self, *, archived: bool = False) -> list[CastName]:
        """What prompts may call them, of the same."""
        ...

    def archive(self, handle: str, at: datetime | None) -> bool:
        """Archive a character, or (None) bring it back. False where it was so already. Raises `NotFound`."""
        ...

    def pins(self, handle: str) -> Pins:
        """What refers to a character. Raises `NotFound`."""
        ...

    def update(self, handle: str, *, name: str, tags: tuple[str, ...]) -> None: ...

    def add_version(self, handle: str, version: Version) -> None: ...

    def remove(self, handle: str) -> bool:
        """True if nothing of it is left; False if it was only retired because shots pin it."""
        ...


class LoraRepository(Protocol):
    """Which trained weights each model is to shoot a character with."""

    def of(self, handle: str, model: str) -> list[Lora]: ...

    def all_of(self, handle: str) -> list[tuple[str, Lora]]:
        """Each with its model."""
        ...

    def set(self, handle: str, model: str, lora: Lora) -> None:
        """Raises `NotFound`, and `InvalidInput` for what no recipe can hold."""
        ...

    def remove(self, handle: str, model: str, sha256: str | None = None) -> int:
        """Returns how many are gone: one, or all of the model's."""
        ...


class ShotRepository(Protocol):
    """Shots with their takes, in one transaction each way."""

    def add(self, *shots: Shot) -> None: ...

    def get(self, shot_id: str) -> Shot: ...

    def recent(self, limit: int = 50) -> list[Shot]: ...

    def finish_take(self, take: Take) -> None: ...

    def pick(self, shot_id: str, take_id: str | None, why: str, *, by_hand: bool = False) -> None:
        """None: nothing is picked, and why. What was picked `by_hand` is only replaced by hand.

        Raises `NotFound`, and `InvalidInput` for a take in the trash.
        """
        ...
