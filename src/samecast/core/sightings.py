"""Faces seen in judged frames, and whose they are: given out jointly, doubled, or between two characters.

What is wrong with who is who follows in `whoswho`. No pixels here, and no encoder's own numbers: `Limits` come from
where they were measured.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from samecast.core.assigning import assign

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width, height, as fractions of the frame."""


CROWDED = 3
"""From so many people beside the cast on, one is near a character by chance: only clear faces are given out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """One face in one frame.

    `distances` to every known human character, in their order, by the encoder; empty where the face was found and
    cannot be measured. `worn`: likeness in 0..1 of the clothes below it to each character's, None where a reference
    does not show them; empty where these cannot be seen. `nearest_other`: distance to the face most like it in the
    same frame.
    """

    box: Box
    distances: tuple[float, ...] = ()
    worn: tuple[float | None, ...] = ()
    nearest_other: float | None = None

    @property
    def measurable(self) -> bool:
        return bool(self.distances)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFrame:
    """One judged frame. `shot` counts the uncut stretches from 0. `unseen`: somebody is there whose face was not found
    (from behind, covered, in profile)."""

    seconds: float
    shot: int = 0
    faces: tuple[SeenFace, ...] = ()
    unseen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where one thing ends and another begins. Distances are the encoder's own; None: not measured for this encoder.

    `match`: nearer is clearly the character. `stranger`: farther is somebody else, unless it stands in their place.
    `clone`: two faces in one frame nearer than this are one face twice. `middle` and `beside`: see `between`.
    `worn`: likeness from which clothes are the same; `worn_margin`: by how much the other's must be more alike.
    `gap`: seconds between judged frames over which a place can be followed; `step`: how far a face may move in it, and
    `room`: how near another face may be, in face widths. `steady`: judged frames in a row that make it no noise.
    """

    match: float
    stranger: float
    clone: float | None = None
    middle: float | None = None
    beside: float | None = None
    worn: float | None = None
    worn_margin: float = 0.0
    gap: float = 0.0
    step: float = 0.0
    room: float = 0.0
    steady: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose faces a frame shows. `faces`: for every character the position of its face, or None.

    `doubles`: (character, face) where the face is that character's a second time. `blends`: (face, one character,
    the other) where it is between two.
    """

    faces: tuple[int | None, ...]
    doubles: tuple[tuple[int, int], ...] = ()
    blends: tuple[tuple[int, int, int], ...] = ()

    def clear(self, frame: SeenFrame, character: int, limits: Limits) -> int | None:
        """The face that is beyond doubt this character's, if there is one."""
        face = self.faces[character]
        if face is None or frame.faces[face].distances[character] > limits.match:
            return None
        return None if any(face == blend[0] for blend in self.blends) else face


def given(
    frames: Sequence[SeenFrame], characters: int, limits: Limits, apart: Sequence[Sequence[float]] = ()
) -> list[Whose]:
    """Whose faces are whose, frame by frame in order of time.

    `apart[a][b]`: distance between two characters' references; without it blends are not looked for.
    """
    found: list[Whose] = []
    for index, frame in enumerate(frames):
        table = _table(frame, characters)
        crowded = len(frame.faces) - characters >= CROWDED
        faces = assign(table, limits.match if crowded else limits.stranger)
        mixed = _mixed(frame, limits, apart)
        doubles = [double for double in _doubles(frame, faces, limits) if double[1] not in mixed]
        for character, face in doubles:
            faces = [None if held == face and owner != character else held for owner, held in enumerate(faces)]
        before = (frames[index - 1], found[-1]) if index and _follows(frames[index - 1], frame, limits) else None
        faces = _drifted(frame, faces, {face for _, face in doubles}, before, limits)
        blends = [
            (face, *pair) for face, pair in mixed.items() if not _both_elsewhere(frame, faces, face, pair, limits)
        ]
        found.append(Whose(faces=tuple(faces), doubles=tuple(doubles), blends=tuple(blends)))
    return found


def between(a: float, b: float, apart: float) -> tuple[float, float]:
    """Where a face lies that is `a` from one character and `b` from another, these being `apart`.

    How far along the line from the first to the second (0 and 1 are the characters themselves), and how far off that
    line, in the encoder's distance, which must be Euclidean: two triangles with a common height.
    """
    along = (a * a - b * b + apart * apart) / (2 * apart * apart)
    return along, math.sqrt(max(0.0, a * a - (along * apart) ** 2))


def moved(before: Box, now: Box) -> float:
    """How far a face's middle moved, in widths and heights of the face."""
    x = (now[0] + now[2] / 2 - before[0] - before[2] / 2) / max((now[2] + before[2]) / 2, 1e-9)
    y = (now[1] + now[3] / 2 - before[1] - before[3] / 2) / max((now[3] + before[3]) / 2, 1e-9)
    return math.hypot(x, y)


def in_place(before: Box, now: Box, limits: Limits) -> bool:
    """Whether two boxes can be one face that hardly moved."""
    sizes = before[3] / max(now[3], 1e-9)
    return moved(before, now) <= limits.step and 1 / 1.5 < sizes < 1.5


def _follows(before: SeenFrame, now: SeenFrame, limits: Limits) -> bool:
    return before.shot == now.shot and now.seconds - before.seconds <= limits.gap


def _table(frame: SeenFrame, characters: int) -> list[list[float]]:
    return [
        [face.distances[character] if face.measurable else math.inf for face in frame.faces]
        for character in range(characters)
    ]


def _doubles(frame: SeenFrame, faces: Sequence[int | None], limits: Limits) -> list[tuple[int, int]]:
    """Faces nearest to a character who has one already, and as near to that one as two pictures of one face are."""
    if limits.clone is None:
        return []
    found = []
    for index, face in enumerate(frame.faces):
        if not face.measurable or face.nearest_other is None or face.nearest_other > limits.clone:
            continue
        character = min(range(len(face.distances)), key=face.distances.__getitem__)
        own = faces[character]
        if own is None or own == index or face.distances[character] > limits.match:
            continue
        other = frame.faces[own].nearest_other
        if other is not None and other <= limits.clone:
            found.append((character, index))
    return found


def _drifted(
    frame: SeenFrame,
    faces: Sequence[int | None],
    taken: set[int],
    before: tuple[SeenFrame, Whose] | None,
    limits: Limits,
) -> list[int | None]:
    """Unlike faces given to characters without one: at the place where they were, or where nobody else can be meant."""
    given_out = list(faces)
    free = [
        index
        for index, face in enumerate(frame.faces)
        if face.measurable and index not in taken and index not in given_out
    ]
    for character, face in enumerate(faces):
        last = before[1].faces[character] if before is not None else None
        if face is not None or before is None or last is None:
            continue
        box = before[0].faces[last].box
        here = [index for index in free if in_place(box, frame.faces[index].box, limits)]
        if here:
            nearest = min(here, key=lambda index: moved(box, frame.faces[index].box))
            given_out[character] = nearest
            free.remove(nearest)
    left = [character for character, face in enumerate(given_out) if face is None]
    if free and len(frame.faces) - len(taken) <= len(faces):
        table = [[frame.faces[index].distances[character] for index in free] for character in left]
        for character, place in zip(left, assign(table), strict=True):
            given_out[character] = None if place is None else free[place]
    return given_out


def _mixed(frame: SeenFrame, limits: Limits, apart: Sequence[Sequence[float]]) -> dict[int, tuple[int, int]]:
    """Faces between two characters, and which two: those whose line they lie nearest to.

    Two references no farther apart than `Limits.stranger` look alike themselves: between them nothing can be told.
    """
    if limits.middle is None or limits.beside is None or not apart:
        return {}
    found: dict[int, tuple[int, int]] = {}
    for index, face in enumerate(frame.faces):
        pairs = [
            (off, (a, b))
            for a, b in itertools.combinations(range(len(face.distances)), 2)
            if apart[a][b] > limits.stranger
            for along, off in [between(face.distances[a], face.distances[b], apart[a][b])]
            if abs(along - 0.5) <= limits.middle and off <= limits.beside
        ]
        if pairs:
            found[index] = min(pairs)[1]
    return found


def _both_elsewhere(
    frame: SeenFrame, faces: Sequence[int | None], face: int, pair: tuple[int, int], limits: Limits
) -> bool:
    """Whether both characters have clear faces of their own: then a face between them is somebody else's."""
    return all(
        held is not None and held != face and frame.faces[held].distances[character] <= limits.match
        for character in pair
        for held in [faces[character]]
    )
