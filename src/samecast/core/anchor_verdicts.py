"""From looks for one anchor in the frames of a take to one verdict. No pixels here.

The rule, at a glance (`conclude`):

1. frames in which its place cannot be seen do not count; where none is left, or in a clip fewer than one in eight, the
   anchor is *not assessable*, for the commonest reason;
2. a still has its only frame's verdict;
3. a clip's anchor is *moved* or *lost* where it is so steadily: in `STEADY` assessable frames in a row (in all, where
   there are fewer) and in a quarter of them at least. Of both, the one in more frames counts;
4. otherwise it is *held* where it is so in half of the assessable frames at least, and *not assessable* where the
   frames contradict each other.

Why: a frame or two lost to motion is not lost. Where a held mark is missed in one frame of ten, independently, a clip
of 32 frames is called lost by rule 3 in 0.3 % of 20,000 trials (one in twenty: never; one in seven: 3 %); where it is
gone and four frames of five say so, always.
"""

import itertools
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Protocol, TypeVar

from samecast.core.consistency import AnchorKind, AnchorScore, AnchorVerdict

STEADY = 3
"""Assessable frames in a row: as for likeness, one bad frame is noise, three are not."""
LEAST_SHARE = 1 / 4
"""Of the assessable frames: a shorter fault is a flicker, which the timeline shows."""
LEAST_ASSESSED = 1 / 8


class Sight(Protocol):
    """One look in one frame; `strength` in 0..1, None where it could not be assessed."""

    @property
    def verdict(self) -> AnchorVerdict: ...

    @property
    def reason(self) -> str: ...

    @property
    def strength(self) -> float | None: ...


S = TypeVar("S", bound=Sight)


def conclude(anchor_text: str, kind: AnchorKind | None, sights: Sequence[tuple[float, S]], clip: bool) -> AnchorScore:
    """One anchor's score over (second, look) pairs in order of time. `kind` None: it could not be learned."""
    assessed = [(seconds, sight) for seconds, sight in sights if sight.verdict != "not_assessable"]
    if not assessed or (clip and len(assessed) < LEAST_ASSESSED * len(sights)):
        return _unassessed(anchor_text, kind, sights, len(assessed))
    verdict = _steady([sight.verdict for _, sight in assessed]) if clip else assessed[0][1].verdict
    held = sum(sight.verdict == "held" for _, sight in assessed)
    strengths = [sight.strength for _, sight in assessed if sight.strength is not None]
    seconds, best = _best(verdict, assessed)
    return AnchorScore(
        text=anchor_text,
        kind=kind,
        verdict=verdict,
        reason=best.reason if not clip else _told(verdict, [sight.verdict for _, sight in assessed], best.reason),
        frames=len(assessed),
        held=held,
        strength=median(strengths) if strengths else None,
        at=seconds if clip else None,
    )


def _steady(verdicts: Sequence[AnchorVerdict]) -> AnchorVerdict:
    """Rules 3 and 4 over the assessable frames of a clip."""
    counts = Counter(verdicts)
    faults: list[AnchorVerdict] = []
    for fault in ("moved", "lost"):
        longest = max((len(list(run)) for word, run in itertools.groupby(verdicts) if word == fault), default=0)
        if longest >= min(STEADY, len(verdicts)) and counts[fault] >= LEAST_SHARE * len(verdicts):
            faults.append(fault)
    if faults:
        return max(faults, key=lambda fault: counts[fault])
    return "held" if counts["held"] * 2 >= len(verdicts) else "not_assessable"


def _best(verdict: AnchorVerdict, assessed: Sequence[tuple[float, S]]) -> tuple[float, S]:
    """The frame that shows the verdict best: the strongest where it is held, the weakest where it is not."""
    alike = [entry for entry in assessed if entry[1].verdict == verdict] or list(assessed)
    known = [entry for entry in alike if entry[1].strength is not None] or alike
    if verdict == "held":
        return max(known, key=lambda entry: entry[1].strength or 0.0)
    return min(known, key=lambda entry: entry[1].strength or 0.0)


def _told(verdict: AnchorVerdict, verdicts: Sequence[AnchorVerdict], reason: str) -> str:
    if verdict == "not_assessable":
        return "The frames contradict each other: neither held nor steadily lost."
    return (
        f"In {verdicts.count(verdict)} of {len(verdicts)} frames that show its place: {reason[0].lower()}{reason[1:]}"
    )


def _unassessed(text: str, kind: AnchorKind | None, sights: Sequence[tuple[float, S]], frames: int) -> AnchorScore:
    reasons = Counter(sight.reason for _, sight in sights if sight.verdict == "not_assessable")
    reason = reasons.most_common(1)[0][0] if reasons else "No frame was looked at."
    return AnchorScore(text=text, kind=kind, verdict="not_assessable", reason=reason, frames=frames)
