"""What the judged frames of a take amount to: verdicts, their numbers, and one sentence each. No pixels here.

At a glance, for one character: nothing measured is *missing* where the character is absent and *not measurable* where
somebody is there; a clip is missing where it is absent from most frames, not measurable where too few can be measured,
and otherwise matches or drifts by its worst stretch. Who is who comes on top: one who is swapped, blended or cloned
does not match, however alike.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from samecast.core import anchor_verdicts, stretches
from samecast.core.consistency import (
    ABSENT,
    HOLDS,
    LEAST_MEASURED,
    MOST_ABSENT,
    REJECTED,
    AnchorScore,
    CopyScore,
    Gap,
    Outcome,
    Quality,
    Score,
    ScoreVerdict,
    TakeScore,
)
from samecast.core.whoswho import outcomes
from samecast.ports import EncoderCard
from samecast.services.tracks import Footage, Measures, Track, apart, tracks


def conclude(footage: Footage, measures: Measures) -> TakeScore:
    """The score of a whole take: every character, what is wrong with who is who, and the technical quality."""
    wrong = _outcomes(footage, measures)
    scores = [
        replace(
            score_of(track, composited=footage.composited),
            kind="person" if known.human else known.kind or "subject",
            anchors=_anchors(footage, index),
            copy=_copy(footage, index, measures.copied),
        )
        for index, (known, track) in enumerate(zip(footage.known, tracks(footage, measures), strict=True))
    ]
    damaged = footage.cutting is not None and footage.cutting.damaged
    return TakeScore(
        characters=tuple(_with(score, wrong, damaged=damaged) for score in scores),
        outcomes=wrong,
        quality=_quality(footage),
    )


def score_of(track: Track, *, composited: bool) -> Score:
    """The score of one character in one picture or clip, apart from its anchors and from everybody else."""
    measured = track.measured
    verdict, reason = _verdict(track)
    judged = verdict in ("match", "drift")
    over = track.moments if track.clip and judged else ()
    worst = stretches.worst_stretch(over)
    middle = round(measured[len(measured) // 2], 4) if judged else None
    return Score(
        handle=track.handle,
        verdict=verdict,
        p_same=middle if track.human else None,
        appearance=None if track.human else middle,
        worst=round(worst[0], 4) if worst else None,
        worst_at=round(worst[1], 3) if worst else None,
        coverage=round(len(measured) / len(track.moments), 4) if track.moments else 0.0,
        encoder=f"{track.card.name} {track.card.version}",
        reason=reason,
        composited=composited,
        moments=track.moments,
        p5=_rounded(stretches.fifth_percentile(over)),
        failing=stretches.longest_failing(over),
        slope=_rounded(stretches.slope(over)),
        unusual=_rounded(stretches.unusual_share(track.moments if judged else ())),
        calibration=f"{track.card.calibration.rstrip('.')}.",
        far=far_of(track.card),
    )


def far_of(card: EncoderCard) -> float | None:
    """The rate of false accepts where a character holds, by the card: the lowest listed one that is certainly kept."""
    return min((rate.far for rate in card.rates if rate.distance >= card.midpoint), default=None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _with(score: Score, wrong: Sequence[Outcome], *, damaged: bool) -> Score:
    """The score of a character who is swapped, blended or cloned is never a match; what was not seen is said."""
    fault = next((one for one in wrong if one.kind in REJECTED and score.handle in one.handles), None)
    if fault is not None and score.verdict == "match":
        score = replace(score, verdict="drift", reason=fault.reason)
    return replace(score, reason=f"{score.reason} {_DAMAGED}") if damaged else score


_DAMAGED = "A part of the clip is damaged and was not seen."


# --- one character ----------------------------------------------------------------------------------------------


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
    worst = stretches.worst_stretch(track.moments) if track.clip else None
    holds = (worst[0] if worst else track.measured[0]) >= HOLDS
    return ("match" if holds else "drift"), _measured(track, holds)


_WORDS: dict[Gap, str] = {
    "nobody": "nobody is there: no face and no person was found",
    "taken": "the faces there are somebody else's",
    "hidden": "somebody seems to be there, but no face can be measured (from behind, covered, or cut off)",
    "profile": "the head is in profile, which cannot be compared",
    "small": "the face is too small to be measured",
    "blurred": "the face is too blurred to be measured",
    "turned": "the face is turned too far from the camera to be measured",
    "covered": "a part of the face is covered, so that it cannot be measured",
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


# --- anchors, copies, who is who, quality -----------------------------------------------------------------------


def _anchors(footage: Footage, index: int) -> tuple[AnchorScore, ...]:
    concluded = []
    for number, sought in enumerate(footage.known[index].anchors):
        if isinstance(sought.wanted, str):
            concluded.append(
                AnchorScore(text=sought.anchor.text, kind=None, verdict="not_assessable", reason=sought.wanted)
            )
            continue
        sights = [(judged.seconds, judged.sights[index][number]) for judged in footage.judged]
        concluded.append(
            anchor_verdicts.conclude(
                sought.anchor.text,
                sought.wanted.kind,
                [(seconds, sight) for seconds, sight in sights if sight is not None],
                clip=footage.clip,
            )
        )
    return tuple(concluded)


def _copy(footage: Footage, index: int, limit: float) -> CopyScore:
    """By the median over the frames that were searched: a clip is near its reference's pose for a moment, by chance."""
    told = [value for judged in footage.judged if (value := judged.copied[index]) is not None]
    copied = round(statistics.median(told), 4) if told else None
    if footage.composited:
        reason = "Made from the reference's own pixels, as this engine works: likeness is by design and proves nothing."
        return CopyScore(verdict="copy", copied=copied, reason=reason, by_design=True)
    if copied is None:
        reason = "Nothing of the character could be laid over the reference."
        return CopyScore(verdict="not_measurable", copied=None, reason=reason)
    if copied >= limit:
        reason = "The reference's own pixels again, pasted or bent: likeness proves nothing here."
        return CopyScore(verdict="copy", copied=copied, reason=reason)
    near = "Close to the reference's own pixels, and not surely a copy."
    anew = "Shown anew: the pixels are not the reference's own."
    return CopyScore(verdict="anew", copied=copied, reason=near if copied >= 0.5 else anew)


def _outcomes(footage: Footage, measures: Measures) -> tuple[Outcome, ...]:
    handles = [footage.known[index].handle for index in footage.people]
    frames = [judged.people for judged in footage.judged]
    return outcomes(frames, handles, measures.limits, apart(footage, measures.distance))


def _quality(footage: Footage) -> Quality:
    sharp = [judged.sharpness for judged in footage.judged if judged.sharpness is not None]
    return Quality(
        sharpness=round(statistics.median(sharp), 4) if sharp else None,
        flicker=_rounded(footage.cutting.flicker) if footage.cutting else None,
        frozen=_rounded(footage.cutting.frozen) if footage.cutting else None,
    )
