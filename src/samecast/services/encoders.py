"""The encoders that likeness is read from: which there are, fetching one, and calibrating one on labelled pictures.

What to do with a set of pictures is in `calibrating`; where encoders come from, and what they are, is the shelf's.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from samecast.core.calibrations import Calibration
from samecast.core.encoders import EncoderEntry, EncoderKind, EncoderState, Pulled
from samecast.ports import FaceReader, Matting, Media
from samecast.services.calibrating import (
    Calibrated,
    FaceCoder,
    Named,
    Progress,
    Sight,
    SubjectCoder,
    calibrate_faces,
    calibrate_subjects,
    read_index,
)

Fetching = Callable[[int, int | None], None]
"""Told how many bytes are here, and of how many (None: not known)."""


class EncoderShelf(Protocol):
    """Every encoder, built in or to be fetched. `vision.encoders.EncoderRegistry` is one."""

    def states(self) -> list[EncoderState]: ...

    def entry(self, name: str) -> EncoderEntry: ...

    def in_use(self, kind: EncoderKind) -> str: ...

    def pull(self, name: str, watch: Fetching) -> Pulled: ...

    def face_coder(self, name: str) -> FaceCoder: ...

    def subject_coder(self, name: str) -> SubjectCoder: ...

    def digest(self, name: str) -> str: ...

    def keep(self, calibration: Calibration, out: Path | None) -> Path: ...


class Encoders:
    """`samecast encoders`, and the same from Python."""

    def __init__(self, *, shelf: EncoderShelf, media: Media, faces: FaceReader, matting: Matting) -> None:
        self._shelf = shelf
        self._sight = Sight(media=media, faces=faces, matting=matting)

    def all(self) -> list[EncoderState]:
        """Every encoder and how it stands here, the built-in ones first."""
        return self._shelf.states()

    def in_use(self, kind: EncoderKind) -> str:
        """The name that the settings choose, whether there is such an encoder or not."""
        return self._shelf.in_use(kind)

    def entry(self, name: str) -> EncoderEntry:
        """What the catalogue says about one. Raises `NotFound`."""
        return self._shelf.entry(name)

    def pull(self, name: str, watch: Fetching = lambda here, total: None) -> Pulled:
        """Fetch an encoder's weights, unless the right ones are here already. Raises `HubFailed`, `WrongWeights`."""
        return self._shelf.pull(name, watch)

    def calibrate(
        self,
        index: Path,
        name: str | None = None,
        *,
        out: Path | None = None,
        watch: Progress = lambda step, done, total: None,
    ) -> Calibrated:
        """Measure an encoder (None: the face encoder in use) on labelled pictures, and keep what was found for it.

        With `out` it is written there instead, and nothing else changes. Raises `InvalidInput` for an index that
        cannot be used, or on which too little can be measured.
        """
        entry = self._shelf.entry(name or self._shelf.in_use("face"))
        listed = read_index(index)
        named = Named(entry=entry, sha256=self._shelf.digest(entry.name))
        if entry.kind == "face":
            found = calibrate_faces(self._shelf.face_coder(entry.name), named, listed, self._sight, watch)
        else:
            found = calibrate_subjects(self._shelf.subject_coder(entry.name), named, listed, self._sight, watch)
        return found.kept_at(self._shelf.keep(found.calibration, out))
