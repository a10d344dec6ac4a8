"""From judged frames to one track per character: whose each face is, over time, and how alike it is there.

A face may be given by the frames around it: somebody who drifted beyond recognition is still where they stood. What a
track amounts to is concluded in `verdicts`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from samecast.core.calibrating import band_for
from samecast.core.consistency import ABSENT, HOLDS, Gap, Moment, p_same
from samecast.core.kinds import SubjectKind
from samecast.core.sightings import Limits, given
from samecast.ports import Cutting, EncoderCard
from samecast.services.judging import Judged
from samecast.services.subjects import Known

TURNED_AWAY = 0.17
"""On photographs turned by 30 to 45 degrees the same person never seemed less likely than this (dlib.toml)."""

LooksCard: TypeAlias = Callable[[SubjectKind | None], EncoderCard]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """By what everything is judged: the face encoder's card, the appearance encoder's by kind, who-is-who's limits.

    `copied`: the probability from which a take is a copy. `distance`: between the references of two people.
    """

    face: EncoderCard
    looks: LooksCard
    limits: Limits
    copied: float
    distance: Callable[[Known, Known], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """Everything that was judged of one file, for all its characters. `cutting` is None for a still."""

    known: tuple[Known, ...]
    judged: tuple[Judged, ...]
    clip: bool
    composited: bool
    cutting: Cutting | None = None

    @property
    def people(self) -> list[int]:
        """Positions of the characters whose faces can be compared, in the order of `SeenFace.distances`."""
        return [index for index, known in enumerate(self.known) if known.human and known.learnt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One character's judged frames (one for a still), and the encoder they were judged by."""

    handle: str
    human: bool
    unusable: str
    moments: tuple[Moment, ...]
    clip: bool
    card: EncoderCard

    @property
    def measured(self) -> list[float]:
        return sorted(m.likeness for m in self.moments if m.likeness is not None)

    @property
    def gaps(self) -> Counter[Gap]:
        return Counter(m.gap for m in self.moments if m.gap is not None)

    @property
    def absent(self) -> int:
        return sum(count for gap, count in self.gaps.items() if gap in ABSENT)


def tracks(footage: Footage, measures: Measures) -> list[Track]:
    """One for every character, in their order."""
    people = footage.people
    frames = [judged.people for judged in footage.judged]
    whose = given(frames, len(people), measures.limits, apart(footage, measures.distance))
    moments: list[list[Moment]] = [[] for _ in footage.known]
    for judged, entry in zip(footage.judged, whose, strict=True):
        for index, known in enumerate(footage.known):
            row = people.index(index) if index in people else None
            face = None if row is None else entry.faces[row]
            alike = judged.alike[index]
            if alike is not None:
                moments[index].append(alike)
            elif row is None or face is None:
                moments[index].append(_absent(judged))
            else:
                moments[index].append(_moment(known, judged, row, face, measures.face))
    return [
        Track(
            handle=known.handle,
            human=known.human,
            unusable=known.unusable,
            moments=tuple(own),
            clip=footage.clip,
            card=measures.face if known.human else measures.looks(known.kind),
        )
        for known, own in zip(footage.known, moments, strict=True)
    ]


def _absent(judged: Judged) -> Moment:
    return Moment(seconds=judged.seconds, shot=judged.people.shot, likeness=None, gap=judged.gap)


def _moment(known: Known, judged: Judged, row: int, face: int, card: EncoderCard) -> Moment:
    """A character's moment from its face: `row` is its place among the distances, `face` the face's in the frame.

    Where a head is turned farther than any real pair of the calibration, an unlikely face is not accused: it may be the
    turn. One that is farther off than turning ever made it is.
    """
    distance, yaw = judged.people.faces[face].distances[row], judged.yaws[face]
    turned = min(abs(yaw - learnt.yaw) for learnt in known.learnt)
    likeness = p_same(distance, slope=card.slope, midpoint=card.midpoint)
    if card.angles and turned > card.angles[-1].up_to and TURNED_AWAY <= likeness < HOLDS:
        return Moment(seconds=judged.seconds, shot=judged.people.shot, likeness=None, gap="turned", yaw=round(yaw, 1))
    return Moment(
        seconds=judged.seconds,
        shot=judged.people.shot,
        likeness=likeness,
        yaw=round(yaw, 1),
        distance=round(distance, 4),
        usual=usual(card, turned, distance),
    )


def apart(footage: Footage, distance: Callable[[Known, Known], float]) -> list[list[float]]:
    """Distances between the references of all people cast."""
    known = [footage.known[index] for index in footage.people]
    return [[0.0 if a is b else distance(a, b) for b in known] for a in known]


def usual(card: EncoderCard, turned: float, distance: float) -> bool | None:
    """Whether 95 of 100 pairs of real pictures of one person, heads turned so far apart, lie no nearer than this.

    `turned` in degrees of yaw. None beyond the angles that the card's calibration has seen.
    """
    band = band_for(card.angles, turned)
    return None if band is None else distance <= band.p95
