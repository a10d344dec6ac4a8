"""Looking at a picture as a reference: its grade, what was measured drawn over it, and what can be mended by a press.

All of it takes time and runs where pictures are looked at (`Desk.look`). No elements here.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samecast.core.cast import Region
from samecast.core.errors import BadMedia, InvalidInput
from samecast.core.grading import Grade
from samecast.core.measurements import FaceBox
from samecast.services.auditioning import Candidate, audition
from samecast.services.casting import Graded
from samecast.services.receiving import Received, square_around
from samecast.services.studio import Studio

MOST_FACES = 6
"""Faces that are offered to be chosen among."""
OVERLAY_ROOM = (1280, 960)
"""The overlay's picture fills this; its strip of verdicts stands to the right, and the studio says those in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Something that mends a picture by a press: a part of it, cut out already, to be seen before it is taken."""

    label: str
    part: Region
    shown: Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A candidate in an audition: its name here, its grade, and why it stands where it does."""

    name: str
    grade: Grade | None
    why: str


def graded(studio: Studio, name: str, anchors: Sequence[str], description: str) -> Graded:
    """Grade a picture that was handed in. Raises `NotFound` where it is gone."""
    return studio.casting.grade(studio.receiving.path(name), anchors, description)


def overlay(studio: Studio, seen: Graded) -> str:
    """What was measured, drawn over the picture: the name that it is shown by."""
    with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
        path = Path(folder) / "overlay.png"
        studio.casting.save_overlay(seen, path)
        whole = studio.receiving.receive(path)
    return studio.receiving.cropped(whole.name, picture_in_overlay(whole, seen.picture.width, seen.picture.height)).name


def picture_in_overlay(whole: Received, width: int, height: int) -> Region:
    """Where in an overlay the picture itself is, without the strip beside it."""
    scale = min(OVERLAY_ROOM[0] / width, OVERLAY_ROOM[1] / height)
    across, along = min(1.0, round(width * scale) / whole.width), min(1.0, round(height * scale) / whole.height)
    return Region(x=0.0, y=(1 - along) / 2, width=across, height=along)


def fixes(studio: Studio, name: str, seen: Graded) -> list[Fix]:
    """What mends it: of several people one, or a square around the only one."""
    faces = studio.receiving.faces_in(name)[:MOST_FACES]
    found = []
    for number, (label, part) in enumerate(wanted_parts(faces, seen), start=1):
        try:
            shown = studio.receiving.cropped(name, part)
        except InvalidInput:  # too few pixels to be of any use
            continue
        found.append(Fix(label=label.format(number=number), part=part, shown=shown))
    return found


def wanted_parts(faces: Sequence[FaceBox], seen: Graded) -> list[tuple[str, Region]]:
    """What to call each fix, and the part of the picture that it keeps."""
    width, height = seen.picture.width, seen.picture.height
    if len(faces) > 1:
        others = [[other for other in faces if other is not face] for face in faces]
        return [
            ("Choose face {number}", square_around(face, width, height, rest))
            for face, rest in zip(faces, others, strict=True)
        ]
    subject = seen.grade.rule("subject")
    small = subject is not None and subject.verdict in ("warn", "fail")
    if len(faces) == 1 and (small or abs(width - height) > 0.02 * max(width, height)):
        part = square_around(faces[0], width, height)
        if part.width * part.height < 0.95:
            return [("Crop to 1:1", part)]
    return []


def auditioned(studio: Studio, names: Sequence[str], anchors: Sequence[str]) -> list[Standing]:
    """Candidates, strongest first. Raises `BadMedia` where not one of them can be read."""
    paths = [studio.receiving.path(name) for name in dict.fromkeys(names)]
    return [_standing(candidate) for candidate in audition(studio.casting, paths, anchors)]


def _standing(candidate: Candidate) -> Standing:
    return Standing(name=candidate.path.stem, grade=candidate.grade, why=candidate.why)


def from_creation(studio: Studio, sha256: str) -> Received:
    """A creation as a picture that was handed in; of a clip, its middle. Raises `NotFound`, `BadMedia`."""
    try:
        return studio.receiving.take_in(studio.showing.original(sha256))
    except BadMedia:  # a clip
        return studio.receiving.receive(studio.showing.picture(sha256, 2560))


def reference_again(studio: Studio, sha256: str, anchors: Sequence[str], description: str) -> Graded:
    """A reference of the cast, measured once more to be drawn over."""
    kept = studio.receiving.take_in(studio.showing.original(sha256))
    return graded(studio, kept.name, anchors, description)
