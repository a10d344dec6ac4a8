"""What the judged frames of one character amount to: a verdict, its numbers, and one sentence. No pixels here.

At a glance: nothing measured is *missing* where the character is absent and *not measurable* where somebody is there; a
clip is missing where it is absent from most frames, not measurable where too few can be measured, and otherwise matches
or drifts by its worst stretch.
"""

from collections import Counter
from dataclasses import dataclass

from samecast.core.consistency import (
    ABSENT,
    HOLDS,
    LEAST_MEASURED,
    MOST_ABSENT,
    Gap,
    Moment,
    Score,
    ScoreVerdict,
    worst_stretch,
)
from samecast.ports import EncoderCard


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


def conclude(track: Track, *, composited: bool) -> Score:
    """The score of one character in one picture or clip."""
    measured = track.measured
    verdict, reason = _verdict(track)
    worst = worst_stretch(track.moments) if track.clip else None
    judged = verdict in ("match", "drift")
    middle = round(measured[len(measured) // 2], 4) if judged else None
    return Score(
        handle=track.handle,
        verdict=verdict,
        p_same=middle if track.human else None,
        appearance=None if track.human else middle,
        worst=round(worst[0], 4) if worst and judged else None,
        worst_at=round(worst[1], 3) if worst and judged else None,
        coverage=round(len(measured) / len(track.moments), 4) if track.moments else 0.0,
        encoder=f"{track.card.name} {track.card.version}",
        reason=reason,
        composited=composited,
        moments=track.moments if track.clip else (),
    )


def _verdict(track: Track) -> tuple[ScoreVerdict, str]:
    total, measured = len(track.moments), len(track.measured)
    if track.unusable:
        return "not_measurable", track.unusable
    if not total:
        return "not_measurable", "The clip has no frame that can be read."
    if track.absent > MOST_ABSENT * total:
        return "missing", _told(track, "nobody" if track.gaps["nobody"] >= track.gaps["taken"] else "taken")
    if not measured or (track.clip and measured < LEAST_MEASURED * total):
        there: Counter[Gap] = Counter({gap: n for gap, n in track.gaps.items() if gap not in ABSENT})
        commonest = (there or track.gaps).most_common(1)[0][0]
        few = f" Only {measured} of {total} judged frames can be measured: too few to judge by." if measured else ""
        return "not_measurable", _told(track, commonest) + few
    worst = worst_stretch(track.moments) if track.clip else None
    holds = (worst[0] if worst else track.measured[0]) >= HOLDS
    return ("match" if holds else "drift"), _measured(track, holds)


_WORDS: dict[Gap, str] = {
    "nobody": "nobody is there: no face and no person was found",
    "taken": "the faces belong to the other characters",
    "hidden": "somebody seems to be there, but no face can be measured (from behind, covered, or cut off)",
    "profile": "the head is in profile, which cannot be compared",
    "small": "the face is too small to be measured",
    "blurred": "the face is too blurred to be measured",
    "turned": "the face is turned too far from the camera to be measured",
    "unclear": "no subject stands clear of its background",
}


def _told(track: Track, gap: Gap) -> str:
    count, total = track.gaps[gap], len(track.moments)
    if not track.clip:
        words = _WORDS[gap]
        return f"{words[0].upper()}{words[1:]}."
    return f"In {count if count < total else 'all'} of {total} judged frames {_WORDS[gap]}."


def _measured(track: Track, holds: bool) -> str:
    word = "the same person" if track.human else "the same looks (appearance match, not identity)"
    total, share = len(track.moments), len(track.measured)
    where = f" over {share} of {total} judged frames" if track.clip else ""
    when = " at the worst moment" if track.clip and not holds else ""
    told = f"{'More' if holds else 'Less'} likely {word} than not{when}{where}, by {track.card.name}."
    if share == total:
        return told
    gap, count = track.gaps.most_common(1)[0]
    return f"{told} In {count} frames {_WORDS[gap]}."
