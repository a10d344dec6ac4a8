"""What a report shows: scores of files with the pictures that prove them. Values only; the page is drawn elsewhere."""

from dataclasses import dataclass, field

from samecast.core.consistency import TakeScore


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameShown:
    """One judged frame: a small JPEG of the whole, and for each character (by handle) a JPEG of its face or subject."""

    seconds: float
    whole: bytes
    crops: tuple[tuple[str, bytes], ...] = ()

    def crop(self, handle: str) -> bytes | None:
        return next((jpeg for name, jpeg in self.crops if name == handle), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorShown:
    """The place of an anchor as JPEGs: on the reference, in the take, and on the take's mirrored side.

    `reference` is None where the anchor's place on it is not marked.
    """

    handle: str
    text: str
    reference: bytes | None = None
    own: bytes | None = None
    mirrored: bytes | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShown:
    """One scored file. `refused`: why it could not be read, empty otherwise. `frames` are as many as were judged."""

    path: str
    video: bool = False
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    fps: float = 0.0
    cuts: tuple[float, ...] = ()
    score: TakeScore = field(default_factory=TakeScore)
    frames: tuple[FrameShown, ...] = ()
    anchors: tuple[AnchorShown, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterShown:
    """Whom the files were scored against: `reference` is a JPEG, `face` one of the face or subject alone."""

    handle: str
    name: str
    version: int
    reference: bytes
    face: bytes | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything on one page. `match_rate` is None for a single file. `encoders`: each in words, with calibration."""

    title: str
    made_at: str
    version: str
    characters: tuple[CharacterShown, ...]
    files: tuple[FileShown, ...]
    match_rate: str | None
    encoders: tuple[str, ...]
