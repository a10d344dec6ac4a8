"""`EncoderRegistry`: every encoder there is, built in or pulled, and the one place that decides whether it may be used.

An encoder may be used when its weights are the pinned ones and its calibration was made with those very weights. What
encodes a picture without that (a *coder*) is handed out only to be calibrated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from samecast.core.calibrations import Calibration
from samecast.core.encoders import (
    EncoderEntry,
    EncoderKind,
    EncoderState,
    NotCalibrated,
    Pin,
    Pulled,
    Readiness,
    Weights,
    WrongWeights,
)
from samecast.core.errors import InvalidInput, MissingPart, NotFound, SamecastError
from samecast.ports import AppearanceEncoder, EncoderCard, FaceEncoder
from samecast.settings import Settings
from samecast.vision.calibration import card_of
from samecast.vision.encoders.catalogue import read_catalogue
from samecast.vision.encoders.faces import CalibratedFaces, FaceCoder, FaceGate, OnnxFaces
from samecast.vision.encoders.hub import Hub, Watch
from samecast.vision.encoders.session import OnnxSession, digest_of
from samecast.vision.encoders.shelf import Shelf
from samecast.vision.encoders.subjects import CalibratedSubjects, OnnxSubjects, SubjectCoder

E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn(Generic[E]):
    """An encoder that ships with samecast: itself, the calibration it came with, and its own reading of that.

    `card` raises where the calibration is not of this very encoder.
    """

    kind: EncoderKind
    encoder: E
    shipped: Calibration
    card: Callable[[], EncoderCard]

    @property
    def entry(self) -> EncoderEntry:
        return EncoderEntry(
            name=self.shipped.encoder,
            version=self.shipped.version,
            kind=self.kind,
            licence=self.shipped.licence,
            about="Built in; works offline.",
        )


class EncoderRegistry:
    """By name; the settings say which are in use. Catalogues are read at every call, pictures never."""

    def __init__(
        self,
        settings: Settings,
        *,
        face: BuiltIn[FaceEncoder],
        appearance: BuiltIn[AppearanceEncoder],
        hub: Hub,
    ) -> None:
        self._settings = settings
        self._face = face
        self._appearance = appearance
        self._hub = hub
        self._shelf = Shelf(settings.encoders_folder)

    # --- what there is --------------------------------------------------------------------------------------------

    def states(self) -> list[EncoderState]:
        """Every encoder, the built-in ones first. Weights are only looked for here; they are verified when loaded."""
        entries = [self._face.entry, self._appearance.entry, *self._catalogue().values()]
        return [self._state(entry) for entry in entries]

    def entry(self, name: str) -> EncoderEntry:
        """Raises `NotFound`, naming those there are."""
        entries = {entry.name: entry for entry in (self._face.entry, self._appearance.entry)} | self._catalogue()
        if name not in entries:
            raise NotFound(f"There is no encoder '{name}'.", hint=f"Encoders here: {', '.join(entries)}.")
        return entries[name]

    def in_use(self, kind: EncoderKind) -> str:
        """The name of the encoder that the settings choose for faces, or for appearance."""
        if kind == "face":
            return self._settings.face_encoder or self._face.entry.name
        return self._settings.appearance_encoder or self._appearance.entry.name

    # --- getting and calibrating ----------------------------------------------------------------------------------

    def pull(self, name: str, watch: Watch) -> Pulled:
        """Fetch an encoder's weights, or find that the right ones are here already. Raises as `Hub.fetch`."""
        entry = self.entry(name)
        if entry.weights is None:
            raise InvalidInput(f"'{name}' is built in: there is nothing to fetch.")
        pin, place = self._shelf.pin(name), self._shelf.weights(name)
        if pin is not None:
            _check_pin(entry, pin)
            if place.is_file() and digest_of(place) == pin.sha256:
                return Pulled(entry=entry, pin=pin, fresh=False, first_seen=False)
        wanted = entry.weights if pin is None else _as_pinned(pin)
        fetched = self._hub.fetch(wanted, place, watch)
        self._shelf.keep_pin(name, fetched)
        return Pulled(entry=entry, pin=fetched, fresh=True, first_seen=wanted.sha256 is None)

    def face_coder(self, name: str) -> FaceCoder:
        """A face encoder to be calibrated. Raises `NotFound`, `InvalidInput` (no face encoder), `MissingPart`."""
        entry = self._of_kind(name, "face")
        return self._face.encoder if entry.built_in else OnnxFaces(*self._network(entry), self._gate())

    def subject_coder(self, name: str) -> SubjectCoder:
        """An appearance encoder to be calibrated. Raises as `face_coder`."""
        entry = self._of_kind(name, "appearance")
        return self._appearance.encoder if entry.built_in else OnnxSubjects(*self._network(entry))

    def digest(self, name: str) -> str:
        """sha256 of the weights that are here. Raises `MissingPart` where none are."""
        entry = self.entry(name)
        return self._built_in_card(entry).sha256 if entry.built_in else self._pinned(entry).sha256

    def keep(self, calibration: Calibration, out: Path | None) -> Path:
        """Keep a calibration for its encoder from now on, or write it to `out` alone; says where."""
        return self._shelf.keep_calibration(calibration, out)

    # --- using ----------------------------------------------------------------------------------------------------

    def faces(self, name: str) -> FaceEncoder:
        """The encoder with its calibration. Raises `NotCalibrated`, and as `face_coder`."""
        entry = self._of_kind(name, "face")
        calibration = self._calibration(entry)
        if calibration is None:
            return self._face.encoder
        return CalibratedFaces(self.face_coder(name), card_of(calibration))

    def subjects(self, name: str) -> AppearanceEncoder:
        """The encoder with its calibration by kind. Raises as `faces`."""
        entry = self._of_kind(name, "appearance")
        calibration = self._calibration(entry)
        if calibration is None:
            return self._appearance.encoder
        kinds = {kind: card_of(calibration, kind) for kind, _ in calibration.kinds}
        return CalibratedSubjects(self.subject_coder(name), card_of(calibration), kinds)

    # --- within ---------------------------------------------------------------------------------------------------

    def _catalogue(self) -> dict[str, EncoderEntry]:
        built_in = (self._face.entry.name, self._appearance.entry.name)
        return read_catalogue(self._settings.encoders_file, built_in)

    def _of_kind(self, name: str, kind: EncoderKind) -> EncoderEntry:
        entry = self.entry(name)
        if entry.kind != kind:
            raise InvalidInput(
                f"'{name}' is an encoder of {entry.kind}, not of {kind}.", hint="See: samecast encoders list"
            )
        return entry

    def _built_in_card(self, entry: EncoderEntry) -> EncoderCard:
        return self._face.card() if entry.kind == "face" else self._appearance.card()

    def _gate(self) -> FaceGate:
        return self._face.encoder

    def _pinned(self, entry: EncoderEntry) -> Pin:
        """What was pulled. Raises `MissingPart` where nothing was."""
        pin = self._shelf.pin(entry.name)
        if pin is None or not self._shelf.weights(entry.name).is_file():
            raise MissingPart(
                f"The encoder '{entry.name}' was not pulled.", hint=f"Run: samecast encoders pull {entry.name}"
            )
        _check_pin(entry, pin)
        return pin

    def _network(self, entry: EncoderEntry) -> tuple[OnnxSession, int]:
        assert entry.form is not None
        pin = self._pinned(entry)
        session = OnnxSession(entry.name, self._shelf.weights(entry.name), pin.sha256, entry.form)
        return session, entry.form.side

    def _calibration(self, entry: EncoderEntry) -> Calibration | None:
        """The user's own; None where a built-in one's shipped calibration stands. Raises `NotCalibrated`."""
        digest = self.digest(entry.name)
        calibration = self._shelf.calibration(entry.name)
        make = f"samecast encoders calibrate INDEX.csv --encoder {entry.name}"
        if calibration is None:
            if entry.built_in:
                return None
            raise NotCalibrated(
                f"The encoder '{entry.name}' is not calibrated: its distances mean nothing yet.", hint=f"Run: {make}"
            )
        if (calibration.encoder, calibration.sha256) != (entry.name, digest):
            raise NotCalibrated(
                f"The calibration kept for '{entry.name}' was made with other weights than those here.",
                hint=f"Make it again: {make}",
            )
        return calibration

    def _state(self, entry: EncoderEntry) -> EncoderState:
        in_use = self.in_use(entry.kind) == entry.name
        readiness: Readiness = "broken"
        digest = entry.weights.sha256 if entry.weights else None
        try:
            digest = self.digest(entry.name)
            own = self._calibration(entry)
            card = self._built_in_card(entry) if own is None else card_of(own)
        except NotCalibrated as error:
            trouble = error.message if self._shelf.calibration(entry.name) else ""
            return EncoderState(entry=entry, readiness="not calibrated", in_use=in_use, sha256=digest, trouble=trouble)
        except SamecastError as error:
            if isinstance(error, MissingPart):
                readiness = "not pulled"
            trouble = "" if readiness == "not pulled" else error.message
            return EncoderState(entry=entry, readiness=readiness, in_use=in_use, sha256=digest, trouble=trouble)
        return EncoderState(
            entry=entry,
            readiness="ready",
            in_use=in_use,
            sha256=digest,
            calibration=card.calibration,
            own=own is not None,
            threshold=card.threshold,
            rates=card.rates,
        )


def _check_pin(entry: EncoderEntry, pin: Pin) -> None:
    """Raises `WrongWeights` where what was pulled under this name is not what the catalogue lists now."""
    weights = entry.weights
    assert weights is not None
    same = (pin.repo, pin.file) == (weights.repo, weights.file)
    if not same or (weights.sha256 is not None and weights.sha256 != pin.sha256):
        raise WrongWeights(
            f"What was pulled as '{entry.name}' is not what the catalogue lists under that name now.",
            hint=f"Remove its folder in SAMECAST_HOME/encoders, then: samecast encoders pull {entry.name}",
        )


def _as_pinned(pin: Pin) -> Weights:
    return Weights(repo=pin.repo, revision=pin.revision, file=pin.file, sha256=pin.sha256, size=pin.size)
