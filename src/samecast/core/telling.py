"""What a take's score comes to, said to somebody who looks at the take: in words first, then the figure.

The sentences of a report are `services.verdicts`'; these are a few words beside a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.consistency import REJECTED, Score, ScoreVerdict, TakeScore, timecode
from samecast.core.rates import figure

_GRAVEST: tuple[ScoreVerdict, ...] = ("missing", "not_measurable", "drift", "match")
_WRONG = {
    "swapped": "swapped",
    "blended": "blended into one",
    "cloned": "there twice",
    "missing": "missing",
    "extra": "somebody else is there",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`verdict`: the worst character's, None where nobody was named. `words` say it, `more` has figures."""

    verdict: ScoreVerdict | None
    words: str
    more: str = ""


def told(score: TakeScore, *, many: bool = False) -> Told:
    """The take in a few words. `many`: say which character, since there are several."""
    if not score.characters:
        return Told(verdict=None, words="Nobody named, nothing to compare")
    worst = min(score.characters, key=lambda one: (_GRAVEST.index(one.verdict), one.weakest))
    several = many or len(score.characters) > 1
    wrong = next((outcome for outcome in score.outcomes if outcome.kind in REJECTED), None)
    if wrong is not None:
        who = " and ".join(f"@{handle}" for handle in wrong.handles)
        said = f"{who} {_WRONG[wrong.kind]}, from {timecode(wrong.start)}"
        return Told(verdict=worst.verdict, words=said, more=wrong.reason)
    words = _words(worst)
    if several:
        words = f"{words} (@{worst.handle})"
    return Told(verdict=worst.verdict, words=words, more=_more(worst, score.characters))


def _words(score: Score) -> str:
    same = "Same person" if score.p_same is not None else "Same look"
    where = f"worst moment {timecode(score.worst_at)}" if score.worst_at is not None else ""
    match score.verdict:
        case "match" if score.composited:
            return f"{same} by design, {where}" if where else f"{same} by design"
        case "match":
            return f"{same}, {where}" if where else same
        case "drift":
            return f"Drifts, {where}" if where else "Another person" if score.p_same is not None else "Another look"
        case "missing":
            return "Not in it"
        case "not_measurable":
            return "Not measurable"


def _more(score: Score, everyone: Sequence[Score]) -> str:
    parts = []
    if score.verdict in ("match", "drift"):
        kind = "likeness" if score.p_same is not None else "appearance"
        parts.append(f"{kind} {figure(score.weakest)}")
        if score.pasted:
            parts.append("the reference pasted in")
    else:
        parts.append(score.reason.rstrip("."))
    anchors = [anchor for one in everyone for anchor in one.anchors]
    fallen = [f"{anchor.text} {anchor.verdict}" for anchor in anchors if anchor.verdict in ("moved", "lost")]
    held = sum(anchor.verdict == "held" for anchor in anchors)
    if fallen:
        parts.append(", ".join(fallen[:2]))
    elif held:
        parts.append("every anchor held" if held == len(anchors) else f"{held} of {len(anchors)} anchors held")
    return " · ".join(parts)
