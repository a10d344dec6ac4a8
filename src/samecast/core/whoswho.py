"""Who is who, where several people share a picture or clip: what is wrong with which face is whose.

Faces are given out jointly (`sightings.given`): each to one character at most, and none to a character it is farther
from than `Limits.stranger`, unless it stays at the place where that character was a moment ago, or stands where the
character should: no more people are there than the cast. Such a face is the character's, drifted. Among three or more
others a stranger lies that near by chance: only clear faces count there. What is left over:

- **missing**: a character has no face, and nobody is there whose face could not be measured. A person seen from behind
  has no face either: where others' faces are found, a back and an absence cannot be told apart.
- **extra**: more people than the cast. Said once, with how many. A cast of one may be among people: told, no fault.
- **cloned**: one character's face twice in one picture: the second one nearest to that character too, within
  `Limits.match`, and both within `Limits.clone` of each other. Identical twins, mirrors, posters and photographs in the
  picture look the same to this meter.
- **blended**: a face between two characters, neither clearly: as a point, within `Limits.middle` of halfway along the
  line from one to the other, and no farther than `Limits.beside` off that line (a stranger lies far off it). Not said
  where both have a clear face of their own (then it is somebody else's), nor of two whose references are no farther
  apart than `Limits.stranger`: they look alike themselves. A mild blend passes for drift.
- **swapped**: at one place, which nobody moved from, the face is one character's and then, without a cut, the other's,
  while the other's does the reverse, or neither is seen elsewhere; or each wears the other's clothes. Where people come
  close, move fast, or judged frames lie too far apart, places cannot be followed, and nothing is said.

A single frame that disagrees with its neighbours is noise: everything has to hold for `Limits.steady` judged frames of
an uncut stretch (all of them, where it has fewer), one frame between them excepted. What was not measured for an
encoder is None in its limits and never said.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from samecast.core.consistency import Outcome, OutcomeKind, timecode
from samecast.core.sightings import Limits, SeenFrame, Whose, given
from samecast.core.swapping import flips

CROWD = 6
"""From so many people beside the cast on, a picture shows a crowd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Judged frames from `first` to `last`, of which `count` show it."""

    first: int
    last: int
    count: int


def outcomes(
    frames: Sequence[SeenFrame],
    handles: Sequence[str],
    limits: Limits,
    apart: Sequence[Sequence[float]] = (),
) -> tuple[Outcome, ...]:
    """What is wrong with who is who, in order of time; empty where nothing is, and where nobody is cast.

    `frames` in order of time (one for a still); every face's distances are in the order of `handles`. `apart[a][b]`:
    distance between two characters' references; without it blends are not looked for.
    """
    if not frames or not handles:
        return ()
    whose = given(frames, len(handles), limits, apart)
    scene = _Scene(frames=tuple(frames), handles=tuple(handles), whose=tuple(whose), limits=limits)
    found = [
        *_swapped(scene),
        *scene.told("swapped", _in_other_clothes(scene)),
        *scene.told("blended", (_pairs(entry) for entry in whose)),
        *scene.told("cloned", ({(character,) for character, _ in entry.doubles} for entry in whose)),
        *scene.told("missing", (_absent(frame, entry) for frame, entry in zip(frames, whose, strict=True))),
        *_extra(scene),
    ]
    return tuple(sorted(found, key=lambda outcome: outcome.start))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    frames: tuple[SeenFrame, ...]
    handles: tuple[str, ...]
    whose: tuple[Whose, ...]
    limits: Limits

    def told(self, kind: OutcomeKind, shown: Iterable[set[tuple[int, ...]]]) -> list[Outcome]:
        """An outcome for every steady run; `shown` says frame by frame which characters it concerns."""
        marks: dict[tuple[int, ...], set[int]] = defaultdict(set)
        for index, concerned in enumerate(shown):
            for characters in concerned:
                marks[characters].add(index)
        return [
            self.outcome(kind, characters, run)
            for characters, marked in marks.items()
            for run in runs(self.frames, marked, self.limits.steady)
        ]

    def outcome(self, kind: OutcomeKind, characters: Sequence[int], run: _Run, reason: str = "") -> Outcome:
        named = tuple(self.handles[character] for character in characters)
        return Outcome(
            kind=kind,
            handles=named,
            start=self.frames[run.first].seconds,
            end=self.frames[run.last].seconds,
            frames=run.count,
            reason=(reason or _REASONS[kind]).format(*(f"@{name}" for name in named), when=self.when(run)),
        )

    def when(self, run: _Run) -> str:
        """' from 0:02 to 0:05' in a clip, nothing in a still."""
        start, end = (timecode(self.frames[index].seconds) for index in (run.first, run.last))
        if len(self.frames) == 1:
            return ""
        return f" at {start}" if start == end else f" from {start} to {end}"


_REASONS: dict[OutcomeKind, str] = {
    "swapped": "{0} and {1} wear each other's clothes{when}.",
    "blended": "One face is partly {0} and partly {1}{when}, and clearly neither.",
    "cloned": "The face of {0} is there twice{when} (twins, mirrors and portraits look the same to the meter).",
    "missing": "{0} is not to be seen{when}: no face there can be theirs.",
}


def runs(frames: Sequence[SeenFrame], marked: set[int], steady: int) -> list[_Run]:
    """Steady runs of marked frames: within a shot, one unmarked frame bridged; joined across a cut that they touch."""
    found: list[_Run] = []
    for _, shot in itertools.groupby(range(len(frames)), key=lambda index: frames[index].shot):
        whole = list(shot)
        for run in _within(whole, marked):
            if run.count < min(steady, len(whole)):
                continue
            if found and found[-1].last == run.first - 1:
                run = _Run(first=found[-1].first, last=run.last, count=found[-1].count + run.count)
                found.pop()
            found.append(run)
    return found


def _within(shot: Sequence[int], marked: set[int]) -> list[_Run]:
    found: list[_Run] = []
    for index in (index for index in shot if index in marked):
        if found and index - found[-1].last <= 2:
            found[-1] = _Run(first=found[-1].first, last=index, count=found[-1].count + 1)
        else:
            found.append(_Run(first=index, last=index, count=1))
    return found


# --- each of them -----------------------------------------------------------------------------------------------------


def _pairs(entry: Whose) -> set[tuple[int, ...]]:
    return {(a, b) for _, a, b in entry.blends}


def _absent(frame: SeenFrame, entry: Whose) -> set[tuple[int, ...]]:
    """Characters without a face, where every face there is was measured and nobody hides theirs."""
    if frame.unseen or not all(face.measurable for face in frame.faces):
        return set()
    return {(character,) for character, face in enumerate(entry.faces) if face is None}


def _in_other_clothes(scene: _Scene) -> Iterable[set[tuple[int, ...]]]:
    """Frame by frame, the pairs of which each clearly wears what the other's references show."""
    for frame, entry in zip(scene.frames, scene.whose, strict=True):
        worn = {
            character: frame.faces[face].worn
            for character in range(len(scene.handles))
            if (face := entry.clear(frame, character, scene.limits)) is not None and frame.faces[face].worn
        }
        yield {
            (a, b)
            for a, b in itertools.combinations(worn, 2)
            if _the_others(worn[a], a, b, scene.limits) and _the_others(worn[b], b, a, scene.limits)
        }


def _the_others(worn: Sequence[float | None], own: int, other: int, limits: Limits) -> bool:
    mine, theirs = worn[own], worn[other]
    if limits.worn is None or mine is None or theirs is None:
        return False
    return theirs >= limits.worn and theirs - mine >= limits.worn_margin


def _swapped(scene: _Scene) -> list[Outcome]:
    """One outcome for every two characters who change at a place, from the first change to the end of the last."""
    by_pair: dict[tuple[int, int], list[_Run]] = defaultdict(list)
    both: dict[tuple[int, int], bool] = defaultdict(bool)
    for flip in flips(scene.frames, scene.whose, scene.limits):
        pair = (min(flip.before, flip.after), max(flip.before, flip.after))
        by_pair[pair].append(_Run(first=flip.first, last=flip.last, count=flip.frames))
        both[pair] |= flip.exchanged
    found = []
    for pair, changes in by_pair.items():
        first, last = min(run.first for run in changes), max(run.last for run in changes)
        run = _Run(first=first, last=last, count=max(run.count for run in changes))
        at = timecode(scene.frames[first].seconds)
        what = "{0} and {1} change places" if both[pair] else "one of {0} and {1} turns into the other"
        found.append(scene.outcome("swapped", pair, run, f"Without a cut, {what} at {at}, though nobody moves there."))
    return found


def _extra(scene: _Scene) -> list[Outcome]:
    """People beyond the cast, once for the whole of it."""
    counts = [_others(frame, entry) for frame, entry in zip(scene.frames, scene.whose, strict=True)]
    found = runs(scene.frames, {index for index, count in enumerate(counts) if count}, scene.limits.steady)
    if not found:
        return []
    whole = _Run(first=found[0].first, last=found[-1].last, count=sum(run.count for run in found))
    most = max(count for run in found for count in counts[run.first : run.last + 1])
    reason = _beside(most, len(scene.handles), scene.handles[0], len(scene.frames) == 1)
    return [scene.outcome("extra", (), whole, reason)]


def _others(frame: SeenFrame, entry: Whose) -> int:
    """People who are nobody of the cast; faces that cannot be measured may be those of characters without one."""
    people = len(frame.faces) - len(entry.doubles)
    spoken_for = {face for face in entry.faces if face is not None} | {face for face, _, _ in entry.blends}
    hidden = sum(not face.measurable for face in frame.faces)
    waiting = sum(face is None for face in entry.faces)
    return people - len(spoken_for) - min(hidden, waiting)


def _beside(most: int, cast: int, first: str, still: bool) -> str:
    number = f"{most}" if still else f"up to {most}"
    people = f"a crowd of {number}" if most >= CROWD else f"{number} others" if most > 1 else "somebody else"
    if cast == 1:
        return f"Beside @{first} the picture shows {people}{{when}}; that is told, and is no fault."
    return f"Beside the cast of {cast} the picture shows {people}{{when}}."
