"""Characters who change at a place without a cut and without anybody moving: followed places, and flips on them.

People cross, lean and leave; a camera pans. A place is followed from one judged frame to the next only where a face
hardly moved, kept its size, and has no other face near it; everything else ends it. What is left are faces that stay
where they are, and a face that stays and becomes another character's was not walked there.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.sightings import Limits, SeenFrame, Whose, in_place, moved

CLEAR_FRAMES = 2
"""Judged frames in which a place is clearly one character's, before and after, so that one frame's slip is no flip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A place that was `before`'s up to some frame and is `after`'s in judged frames `first` to `last`.

    `frames`: in how many it clearly is. `exchanged`: the other place did the reverse meanwhile.
    """

    before: int
    after: int
    left: int
    first: int
    last: int
    frames: int
    exchanged: bool = False


Place = list[tuple[int, int]]
"""A followed place: (frame, face) in order of time."""


def flips(frames: Sequence[SeenFrame], whose: Sequence[Whose], limits: Limits) -> list[Flip]:
    """Every place that changes from one character to another, where that is beyond doubt.

    Either another place does the reverse in the meantime, or neither is seen elsewhere: the one who comes was not there
    before, and the one who goes is not there after.
    """
    clear = [
        {face: character for character in range(len(entry.faces))
         if (face := entry.clear(frame, character, limits)) is not None}
        for frame, entry in zip(frames, whose, strict=True)
    ]  # fmt: skip
    found = [flip for place in places(frames, limits) for flip in _on(place, clear)]
    told = []
    for flip in found:
        reverse = any(_reverse(flip, other) for other in found)
        if reverse or _alone(flip, clear):
            told.append(
                Flip(
                    before=flip.before, after=flip.after, left=flip.left, first=flip.first, last=flip.last,
                    frames=flip.frames, exchanged=reverse,
                )
            )  # fmt: skip
    return told


def places(frames: Sequence[SeenFrame], limits: Limits) -> list[Place]:
    """Places that can be followed over two judged frames or more."""
    ended: list[Place] = []
    open_places: list[Place] = []
    for index, frame in enumerate(frames):
        before = frames[index - 1] if index else None
        links: dict[int, int] = {}
        if before is not None and before.shot == frame.shot and frame.seconds - before.seconds <= limits.gap:
            links = _links(before, frame, limits)
        going = {place[-1][1]: place for place in open_places}
        open_places = []
        for face in range(len(frame.faces)):
            start = links.get(face)
            place = going.pop(start) if start is not None else []
            place.append((index, face))
            open_places.append(place)
        ended.extend(going.values())
    return [place for place in [*ended, *open_places] if len(place) > 1]


def _links(before: SeenFrame, now: SeenFrame, limits: Limits) -> dict[int, int]:
    """For faces of now, the one face of before that they are; left out where there is doubt."""
    pairs = [
        (new, old)
        for new in range(len(now.faces))
        for old in range(len(before.faces))
        if in_place(before.faces[old].box, now.faces[new].box, limits)
        and _apart(now, new, limits)
        and _apart(before, old, limits)
    ]
    return {
        new: old for new, old in pairs if sum(n == new for n, _ in pairs) == 1 and sum(o == old for _, o in pairs) == 1
    }


def _apart(frame: SeenFrame, face: int, limits: Limits) -> bool:
    """Whether a face has room around it: people this far apart cannot have crossed between two judged frames."""
    box = frame.faces[face].box
    return all(moved(box, other.box) >= limits.room for index, other in enumerate(frame.faces) if index != face)


def _on(place: Place, clear: Sequence[dict[int, int]]) -> list[Flip]:
    """Changes of character along one place, each side clear in `CLEAR_FRAMES` judged frames."""
    known = [(index, clear[index][face]) for index, face in place if face in clear[index]]
    stays: list[list[tuple[int, int]]] = []
    for entry in known:
        if stays and stays[-1][-1][1] == entry[1]:
            stays[-1].append(entry)
        else:
            stays.append([entry])
    stays = [stay for stay in stays if len(stay) >= CLEAR_FRAMES]
    return [
        Flip(
            before=earlier[-1][1], after=later[0][1], left=earlier[-1][0], first=later[0][0], last=later[-1][0],
            frames=len(later),
        )
        for earlier, later in itertools.pairwise(stays)
        if earlier[-1][1] != later[0][1]
    ]  # fmt: skip


def _reverse(flip: Flip, other: Flip) -> bool:
    """Whether another place changed the other way round while this one did."""
    opposite = (other.before, other.after) == (flip.after, flip.before)
    return opposite and other.left < flip.first and flip.left < other.first


def _alone(flip: Flip, clear: Sequence[dict[int, int]]) -> bool:
    """Whether neither is seen elsewhere: who comes was not there before, who goes is not there after."""
    came_from_elsewhere = flip.after in clear[flip.left].values()
    went_elsewhere = flip.before in clear[flip.first].values()
    return not came_from_elsewhere and not went_elsewhere
