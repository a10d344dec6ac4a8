"""What a plug-in encoder is: where its weights come from, what it takes and gives, how it stands here. Values only."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from samecast.core.calibrating import Rate
from samecast.core.errors import SamecastError

EncoderKind: TypeAlias = Literal["face", "appearance"]
Crop: TypeAlias = Literal["face_112", "subject"]
"""`face_112`: the face aligned by eyes, nose and mouth corners onto ArcFace's template, scaled to the input's size.
`subject`: the matted subject on plain grey, whole, in a square."""
Readiness: TypeAlias = Literal["ready", "not pulled", "not calibrated", "broken"]


class HubFailed(SamecastError):
    """The hub could not be reached, or would not give the file."""

    code = "hub_failed"
    retryable: ClassVar[bool] = True


class WrongWeights(SamecastError):
    """A file is not the one it should be: its sha256 says so."""

    code = "wrong_weights"


class NotCalibrated(SamecastError):
    """An encoder without a calibration of its own weights: its distances mean nothing yet."""

    code = "not_calibrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A file on the hub. `revision`: a commit, or a branch to take the commit of when it is first pulled.

    `sha256` None: not known beforehand; what the hub has at the first pull is then kept to ever after.
    """

    repo: str
    revision: str
    file: str
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputForm:
    """A batch of one picture of `side` x `side`: (value - mean) / std on 0..255, in this layout and channel order.

    `providers`: of onnxruntime, tried first where they are installed; the CPU is always the last.
    """

    crop: Crop
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    layout: Literal["nchw", "nhwc"] = "nchw"
    channels: Literal["rgb", "bgr"] = "rgb"
    output: str | None = None
    """The name of the network's output; the first where None."""
    take: Literal["all", "first_token"] = "all"
    """What of the output is the vector: all of it, or its first token (batch x tokens x numbers)."""
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderEntry:
    """One encoder of the catalogue. `weights` and `form` are None for a built-in one, which has none to fetch."""

    name: str
    version: str
    kind: EncoderKind
    licence: str
    about: str
    added: str = ""
    run_here: bool = True
    """False where the catalogue's makers could not run these weights themselves."""
    weights: Weights | None = None
    form: InputForm | None = None

    @property
    def built_in(self) -> bool:
        return self.weights is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What was pulled: the commit it came from, and what its bytes are. Nothing else is accepted ever after."""

    repo: str
    revision: str
    file: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderState:
    """How an encoder stands on this machine. `sha256`: of the weights that are here, or are to be fetched.

    `calibration`: one sentence, empty where there is none; `own`: it was made here, by the user. `threshold`: the
    distance at a false accept rate of 1 %. `trouble`: what is wrong where it is broken.
    """

    entry: EncoderEntry
    readiness: Readiness
    in_use: bool
    sha256: str | None = None
    calibration: str = ""
    own: bool = False
    threshold: float | None = None
    rates: tuple[Rate, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """An encoder whose weights are here now. `fresh`: they were fetched; `first_seen`: no digest was known before."""

    entry: EncoderEntry
    pin: Pin
    fresh: bool
    first_seen: bool
