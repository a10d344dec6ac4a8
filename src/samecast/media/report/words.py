"""Scores as sentences that a film-maker reads: likelihoods, gaps, head angles, quality. Numbers stay beside the words.

Draws nothing and decides nothing: a verdict is the score's own.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

from samecast.core.consistency import (
    ABSENT,
    HOLDS,
    AnchorVerdict,
    Gap,
    Moment,
    OutcomeKind,
    Score,
    ScoreVerdict,
    timecode,
)
from samecast.core.rates import figure

Band: TypeAlias = Mapping[str, str | float]

VERDICTS: dict[str, str] = {
    "match": "Match",
    "drift": "Drift",
    "mixed": "Mixed up",
    "missing": "Missing",
    "not_measurable": "Not measurable",
    "refused": "Not readable",
}
STATES: dict[str, str] = {
    "present": "holds",
    "drifting": "drifts",
    "missing": "missing",
    "unmeasured": "not measurable",
}
ANCHORS: dict[AnchorVerdict, str] = {
    "held": "Held",
    "moved": "Moved to the mirrored side",
    "lost": "Lost",
    "not_assessable": "Not assessable",
}
OUTCOMES: dict[OutcomeKind, str] = {
    "swapped": "Swapped",
    "blended": "Blended",
    "cloned": "Cloned",
    "missing": "Missing",
    "extra": "Extra person",
}
GAPS: dict[Gap, str] = {
    "nobody": "nobody in view",
    "taken": "the faces there are somebody else's",
    "hidden": "face hidden",
    "profile": "head in profile",
    "small": "face too small",
    "blurred": "face too blurred",
    "turned": "face turned too far away",
    "covered": "a part of the face is covered",
    "unclear": "not clear of the background",
}
NO_REASON = "no reason was recorded"


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("samecast.media.report").joinpath("words.toml").read_text(encoding="utf-8"))


def _limit(name: str) -> float:
    return float(_table()["limits"][name])


def _band(name: str, value: float) -> Band:
    bands: Sequence[Band] = _table()[name]
    return next((band for band in bands if value >= float(band["from"])), bands[-1])


def is_person(score: Score) -> bool:
    """Whether the score is about a person's identity, and not about a subject's looks."""
    return score.p_same is not None or (score.appearance is None and score.kind == "person")


def measure(score: Score) -> str:
    return "same person" if is_person(score) else "appearance match"


def likely(probability: float, *, person: bool) -> str:
    """0.97 is 'very likely the same person', for looks 'very likely alike in looks'."""
    band = _band("likely", probability)
    what = "the same person" if person else "alike in looks"
    return f"{band['before']} {what}{band['after']}"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence(score: Score, name: str, *, clip: bool) -> str:
    """The verdict on one character in one sentence, with the figure that it follows."""
    match score.verdict:
        case "missing":
            return f"{name} should be there and is missing."
        case "not_measurable":
            return f"{name} cannot be measured here: neither good nor bad."
        case verdict:
            return _judged(score, name, verdict, clip=clip)


def _judged(score: Score, name: str, verdict: ScoreVerdict, *, clip: bool) -> str:
    person = is_person(score)
    if not clip or score.worst is None:
        told = likely(score.weakest, person=person)
        if person:
            return f"{capital(told)} as {name} ({figure(score.weakest)})."
        return f"Beside {name}'s reference: {told} ({figure(score.weakest)})."
    when = f"\u00a0at\u00a0{timecode(score.worst_at)}" if score.worst_at is not None else ""
    told = f"{likely(score.worst, person=person)} ({figure(score.worst)}{when})"
    if verdict == "match":
        through = "through the whole clip" if score.coverage >= 1 else "wherever it can be measured"
        return f"{name} holds {through}: even at the worst moment {told}."
    return f"{name} drifts: at the worst moment {told}."


def briefly(score: Score, name: str, *, clip: bool) -> str:
    """The verdict on one character in three words."""
    match score.verdict:
        case "match":
            return f"{name} {'holds' if clip else 'matches'}"
        case "drift":
            return f"{name} {'drifts' if clip else 'does not match'}"
        case "missing":
            return f"{name} is missing"
        case "not_measurable":
            return f"{name} cannot be measured"


def state(moment: Moment) -> str:
    """Which of `STATES` a judged frame is in."""
    if moment.likeness is not None:
        return "present" if moment.likeness >= HOLDS else "drifting"
    return "missing" if moment.gap in ABSENT else "unmeasured"


def gap(moment: Moment) -> str:
    return GAPS[moment.gap] if moment.gap else NO_REASON


def told(moment: Moment, *, person: bool) -> str:
    """One judged frame: its likelihood in words, or why there is none."""
    if moment.likeness is not None:
        return likely(moment.likeness, person=person)
    return f"{STATES[state(moment)]}: {gap(moment)}"


def head(yaw: float | None) -> str:
    if yaw is None:
        return "head angle not measured"
    if abs(yaw) < _limit("facing"):
        return "head facing the camera"
    return f"head turned {abs(yaw):.0f}° to the {'right' if yaw > 0 else 'left'} of the picture"


def angle(yaw: float | None) -> str:
    """The head's angle in as few letters as a column has."""
    if yaw is None:
        return ""
    return f"{abs(yaw):.0f}°" if abs(yaw) < 0.5 else f"{abs(yaw):.0f}° {'right' if yaw > 0 else 'left'}"


def beside(moment: Moment) -> str:
    """`usual` in as few letters as a column has."""
    if moment.likeness is None:
        return ""
    return "not known" if moment.usual is None else "as near" if moment.usual else "farther off"


def usual(moment: Moment) -> str:
    """Whether real pictures of one person lie as far apart at such a head angle."""
    if moment.likeness is None:
        return ""
    if moment.usual is None:
        return "no real footage at this head angle to compare with"
    if moment.usual:
        return "as near as real footage of one person at this head angle"
    return "farther off than real footage of one person at this head angle"


def span(start: float, end: float) -> str:
    """'0:02-0:04', or '0:02' where both are in one second."""
    first, last = timecode(start), timecode(end)
    return first if first == last else f"{first}–{last}"


def trend(slope: float | None, seconds: float) -> tuple[str, str]:
    """How likeness changes over the clip, in words and as a number."""
    if slope is None:
        return "not measurable", "too few measured frames"
    change = slope * seconds
    number = f"{slope:+.3f} a second".replace("-", "\u2212")
    if abs(change) < _limit("steady"):
        return "steady", number
    return f"{'rises' if change > 0 else 'falls'} over the clip", number


def copied(score: Score) -> tuple[str, str]:
    """The copy check as a tone (good, bad or neutral) and a sentence."""
    copy = score.copy
    if score.composited or (copy is not None and copy.by_design):
        return "neutral", "Made from the reference's own pixels by design: this likeness proves nothing about a model."
    if copy is None:
        return "neutral", "Not checked."
    number = f" ({figure(copy.copied)})" if copy.copied is not None else ""
    match copy.verdict:
        case "copy":
            return "bad", (
                f"Copy alarm: this looks like the reference's own pixels again{number}. "
                "A pasted reference scores high and proves nothing."
            )
        case "anew":
            return "good", f"Shown anew: not the reference's own pixels{number.replace('(', '(chance of a copy ')}."
        case "not_measurable":
            return "neutral", f"Whether it is a copy of the reference cannot be measured. {copy.reason}".strip()


def quality(name: str, value: float | None) -> tuple[str, str]:
    """One of sharpness, flicker, frozen: in words, and as a small number."""
    if value is None:
        return "not measurable", ""
    words = str(_band(name, value)["words"])
    match name:
        case "flicker":
            return words, f"{value:.2g} of 255 levels from frame to frame"
        case "frozen":
            return words, f"{value:.0%} of the time nothing moves"
        case _:
            return words, f"{value:.2f} of 1"


def false_accepts(rate: float | None) -> str:
    """FAR 0.01 is 'about 1 in 100 strangers would pass'."""
    if rate is None:
        return "how many strangers would pass is not known"
    if rate <= 0:
        return "none of the strangers it was tried on passed"
    return f"about 1 in {round(1 / rate):d} strangers would pass (false accept rate {100 * rate:.2g} %)"


def day(made_at: str) -> str:
    """An ISO 8601 moment as people write it; anything else as it is."""
    try:
        moment = datetime.fromisoformat(made_at)
    except ValueError:
        return made_at
    zone = moment.tzname() or ""
    return f"{moment.day} {moment:%B %Y}, {moment:%H:%M}{' ' + zone if zone else ''}"
