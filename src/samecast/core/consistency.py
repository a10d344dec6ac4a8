"""Sameness as numbers a person can trust: what a score says, and which take to pick. No pixels here.

The order in which takes are judged, at a glance (`pick`):

1. never picked: a take in which a character is missing or not measurable, or in which two are swapped, one is blended
   out of two, or cloned; and takes scored by different encoders are never compared;
2. takes in which every character holds come before takes in which one drifts;
3. then those that show the character anew before those that paste the reference, however like a paste is (where the
   engine composites by design, all are alike in this, and it does not count);
4. then the higher worst moment of the least like character (a clip is judged by its worst stretch, not its mean);
   what lies within 0.05 of the best goes on as equal;
5. then the anchors: fewer that moved or were lost;
6. then the technical quality: no frozen motion, little flicker, more sharpness;
7. then the exact worst moment, the probability, the coverage, and at last the earlier take.

What a winner scored is told with the mean over all takes: of many takes, the best is in part the luckiest.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from samecast.core import rates

ScoreVerdict: TypeAlias = Literal["match", "drift", "missing", "not_measurable"]

Gap: TypeAlias = Literal["nobody", "taken", "hidden", "profile", "small", "blurred", "turned", "covered", "unclear"]
"""Why a frame was not measured. Absent: `nobody` is there, or every face is `taken` by another character. There, yet
not to be measured: somebody whose face is `hidden`, in `profile`, too `small`, `blurred`, `turned` away or `covered` in
part; a subject without a human face that is `unclear` against its background."""
ABSENT: frozenset[Gap] = frozenset({"nobody", "taken"})

HOLDS = 0.5
"""A character holds where the calibrated probability is at least this: more likely the same than not."""
MOST_ABSENT = 0.5
"""A clip's character is missing where it is absent from more than this share of the judged frames."""
LEAST_MEASURED = 1 / 8
"""A clip with a smaller share of measured frames is not judged: a few frames are no verdict on all of it."""
REJECTED: frozenset["OutcomeKind"] = frozenset({"swapped", "blended", "cloned"})
"""What is wrong with who is who such that a take is never picked; a missing character says so in its own verdict."""
STEP = 0.05
"""Worst moments closer than this count as equal: two photographs of one person differ by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One judged frame of a clip: `likeness` in 0..1, or None where nothing could be measured, and `gap` says why.

    `shot` counts the uncut stretches of the clip from 0. `yaw`: degrees the face is turned to the viewer's right.
    `distance`: the encoder's own. `usual`: whether real pictures of one person at such a head angle lie as far apart
    (95 of 100 do not lie farther); None where the calibration knows no such angle.
    """

    seconds: float
    likeness: float | None
    gap: Gap | None = None
    shot: int = 0
    yaw: float | None = None
    distance: float | None = None
    usual: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Consecutive judged frames: from `start` to `end` in seconds, how many, and their median likeness."""

    start: float
    end: float
    frames: int
    likeness: float


AnchorVerdict: TypeAlias = Literal["held", "moved", "lost", "not_assessable"]
"""*held*: at its own place. *moved*: on the mirrored place instead. *lost*: in neither. *not_assessable*: its
place cannot be seen, or the reference does not show where it is."""
AnchorKind: TypeAlias = Literal["mark", "colour"]
"""*mark*: on the face, looked for by aligning to its landmarks (scar, mole, tattoo). *colour*: a share of a colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorScore:
    """One anchor over one picture or clip. `frames` in which it was assessable, of which `held` in so many.

    `strength`: how strongly it is there, in 0..1 (the median over assessable frames). `at`: the second of the frame
    that shows the verdict best.
    """

    text: str
    kind: AnchorKind | None
    verdict: AnchorVerdict
    reason: str
    frames: int = 0
    held: int = 0
    strength: float | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyScore:
    """Whether a take is the reference's own pixels again. `copied`: calibrated probability, None: not measurable."""

    verdict: Literal["anew", "copy", "not_measurable"]
    copied: float | None
    reason: str
    by_design: bool = False
    """The engine composites the reference by design."""


OutcomeKind: TypeAlias = Literal["swapped", "blended", "cloned", "missing", "extra"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Something wrong with who is who: `handles` it concerns, from `start` to `end` in seconds, in so many frames."""

    kind: OutcomeKind
    handles: tuple[str, ...]
    start: float
    end: float
    frames: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Technical quality of a take; None where a still has no such thing, or nothing could be measured.

    `sharpness`: 0..1, the median over judged frames. `flicker`: mean absolute jump of luminance between frames that no
    motion explains, in 0..255. `frozen`: the share of the clip in which nothing moves, 0..1.
    """

    sharpness: float | None = None
    flicker: float | None = None
    frozen: float | None = None

    @property
    def moves(self) -> bool:
        return self.frozen is None or self.frozen < MOSTLY_FROZEN

    @property
    def steady(self) -> bool:
        return self.flicker is None or self.flicker < FLICKERS


MOSTLY_FROZEN = 0.5
"""A clip that stands still for more than this share of it is a picture, not a clip."""
FLICKERS = 2.0
"""Levels of luminance (of 255) by which a clip jumps from frame to frame, above which people see it flicker."""
SHARPER = 0.1
"""Sharpness that differs by less than this looks the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How much one character stayed the same in one picture or clip.

    `p_same`: calibrated probability that it is the same person. `appearance`: the same for subjects without a human
    face, another word for another thing. `worst`: the likeness of the worst stretch of a clip. `coverage`: the share of
    judged frames in which it could be measured. `reason`: one sentence. `composited`: the engine works from the
    reference's own pixels, so that likeness is by design. `moments`: the clip, frame by frame.

    `p5`: 5th percentile of the frames' likeness. `failing`: the longest run of frames that do not hold. `slope`: change
    of likeness per second over the clip. `unusual`: share of measured frames that lie farther from the reference than
    real pictures of one person do at such a head angle. `calibration`: the encoder's, in words; `far`: its rate of
    false accepts at the limit that was used.
    """

    handle: str
    verdict: ScoreVerdict
    p_same: float | None = None
    appearance: float | None = None
    worst: float | None = None
    worst_at: float | None = None
    coverage: float = 0.0
    encoder: str
    reason: str
    composited: bool = False
    moments: tuple[Moment, ...] = ()
    p5: float | None = None
    failing: Stretch | None = None
    slope: float | None = None
    unusual: float | None = None
    kind: str = "person"
    calibration: str = ""
    far: float | None = None
    anchors: tuple[AnchorScore, ...] = ()
    copy: CopyScore | None = None

    @property
    def likeness(self) -> float | None:
        """Whichever of the two probabilities was measured."""
        return self.p_same if self.p_same is not None else self.appearance

    @property
    def pasted(self) -> bool:
        """Whether it is the reference's own pixels again, from an engine that does not work that way by design."""
        return self.copy is not None and self.copy.verdict == "copy" and not self.copy.by_design

    @property
    def weakest(self) -> float:
        """What the score is judged by: the worst stretch of a clip, the likeness of a still, 0 where there is none."""
        known = [value for value in (self.worst, self.likeness) if value is not None]
        return min(known, default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeScore:
    """Every character of a take, scored, with what is wrong with who is who and the take's technical quality."""

    characters: tuple[Score, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    quality: Quality = field(default_factory=Quality)

    @property
    def measurable(self) -> bool:
        """Whether every character was found and measured (and there was one to measure)."""
        verdicts = {score.verdict for score in self.characters}
        return bool(verdicts) and not verdicts & {"missing", "not_measurable"}

    @property
    def eligible(self) -> bool:
        """Whether it may be picked at all."""
        return self.measurable and not any(outcome.kind in REJECTED for outcome in self.outcomes)

    @property
    def holds(self) -> bool:
        return self.eligible and all(score.verdict == "match" for score in self.characters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """The chosen entry's position, None where none can be recommended, and why in one sentence."""

    index: int | None
    why: str


def unread(handle: str, reason: str) -> Score:
    """The score of a file that could not be read at all: not measurable, by nobody, for that reason."""
    return Score(handle=handle, verdict="not_measurable", encoder="none", reason=reason)


def p_same(distance: float, *, slope: float, midpoint: float) -> float:
    """Calibrated probability at equal priors: 1 / (1 + exp(slope * (distance - midpoint)))."""
    return 1.0 / (1.0 + math.exp(max(-60.0, min(60.0, slope * (distance - midpoint)))))


def pick(scores: Sequence[TakeScore], *, ordered: int | None = None) -> Pick:
    """Choose among takes in the order that the module's first lines give.

    `ordered`: how many of them (the first ones) were ordered before any was judged; None: all. The mean that is told
    is over these: takes shot again because others fell short would flatter it.
    """
    if not scores:
        return Pick(index=None, why="There is no take to choose from.")
    if not any(score.characters for score in scores):
        return Pick(index=None, why="The prompt names no character, so there is nothing to compare: choose by eye.")
    if not comparable(scores):
        return Pick(index=None, why="The takes were scored by different encoders, whose figures cannot be compared.")
    eligible = [index for index, score in enumerate(scores) if score.eligible]
    if not eligible:
        return Pick(index=None, why=f"No take can be picked: {'; '.join(_refusals(scores))}.")
    best = _best(scores, eligible)
    return Pick(index=best, why=_why(scores, best, ordered))


def comparable(scores: Sequence[TakeScore]) -> bool:
    """Whether each character was measured by one encoder in all of them; `none` (never measured) offends nobody."""
    seen: dict[str, set[str]] = {}
    for entry in (entry for score in scores for entry in score.characters if entry.encoder != "none"):
        seen.setdefault(entry.handle, set()).add(entry.encoder)
    return all(len(encoders) <= 1 for encoders in seen.values())


def _refusals(scores: Sequence[TakeScore]) -> list[str]:
    """Why no take is eligible, each reason once."""
    reasons = [
        entry.reason for score in scores for entry in score.characters if entry.verdict not in ("match", "drift")
    ]
    reasons += [outcome.reason for score in scores for outcome in score.outcomes if outcome.kind in REJECTED]
    return list(dict.fromkeys(reason.rstrip(".") for reason in reasons))


def _best(scores: Sequence[TakeScore], eligible: Sequence[int]) -> int:
    """Points 2 to 7 of the order, each keeping only the best of those that the points before it left."""
    left = [(index, scores[index]) for index in eligible]
    left = _highest(left, lambda score: score.holds)
    left = _highest(left, lambda score: not any(entry.pasted for entry in score.characters))
    left = _highest(left, _weakest, within=STEP)
    left = _highest(left, lambda score: -_fallen(score))
    left = _highest(left, lambda score: score.quality.moves)
    left = _highest(left, lambda score: score.quality.steady)
    left = _highest(left, lambda score: score.quality.sharpness or 0.0, within=SHARPER)
    left = _highest(left, _weakest)
    left = _highest(left, lambda score: min(entry.likeness or 0.0 for entry in score.characters))
    left = _highest(left, lambda score: min(entry.coverage for entry in score.characters))
    return left[0][0]


def _highest(
    left: Sequence[tuple[int, TakeScore]], key: Callable[[TakeScore], float], *, within: float = 0.0
) -> list[tuple[int, TakeScore]]:
    """Those whose key is the highest, or below it by no more than `within`."""
    top = max(key(score) for _, score in left)
    return [entry for entry in left if key(entry[1]) >= top - within - 1e-9]


def _weakest(score: TakeScore) -> float:
    return min(entry.weakest for entry in score.characters)


def _fallen(score: TakeScore) -> int:
    return sum(anchor.verdict in ("moved", "lost") for entry in score.characters for anchor in entry.anchors)


def selected(scores: Sequence[TakeScore], winner: int, *, ordered: int | None = None) -> rates.Selected:
    """The winner's figure beside the mean over the takes ordered at first (None: all), each by its worst moment."""
    figures = [_weakest(score) if score.measurable else None for score in scores]
    return rates.selected(figures, winner, ordered=ordered)


def _why(scores: Sequence[TakeScore], best: int, ordered: int | None) -> str:
    chosen = min(scores[best].characters, key=lambda entry: entry.weakest)
    told = rates.figure(chosen.weakest)
    where = f" at its worst moment ({timecode(chosen.worst_at)})" if chosen.worst_at is not None else ""
    word = "same person" if chosen.p_same is not None else "appearance match"
    if not scores[best].holds:
        return f"Take {best + 1} comes nearest, but @{chosen.handle} drifts in every take: {word} {told}{where}."
    others = f"; {selected(scores, best, ordered=ordered).over_all}" if len(scores) > 1 else ""
    pasted = " It pastes the reference rather than showing the character anew." if chosen.pasted else ""
    return f"Take {best + 1}: @{chosen.handle} holds best, {word} {told}{where}{others}.{pasted}"


def timecode(seconds: float) -> str:
    """Seconds as people read them in a clip: 2.4 is '0:02'."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def match_rate(scores: Sequence[TakeScore]) -> str:
    """'14/16 = 88% (95% CI 64-97), FAR 1%': takes in which every character holds, of all; a miss counts as a failure.

    The rate of false accepts is that of the most easily fooled character; not known where one of them has none.
    """
    judged = [entry for score in scores for entry in score.characters if entry.likeness is not None]
    fars = [entry.far for entry in judged if entry.far is not None]
    far = max(fars) if fars and len(fars) == len(judged) else None
    return rates.match_rate(sum(score.holds for score in scores), len(scores), far=far)


def take_score_to_json(score: TakeScore) -> str:
    return json.dumps(asdict(score), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=2000)
def take_score_from_json(text: str) -> TakeScore:
    """Read back what `take_score_to_json` wrote."""
    tree = json.loads(text)
    return TakeScore(
        characters=tuple(_score_from(entry) for entry in tree["characters"]),
        outcomes=tuple(Outcome(**{**o, "handles": tuple(o["handles"])}) for o in tree.get("outcomes", ())),
        quality=Quality(**tree.get("quality", {})),
    )


def _score_from(tree: dict[str, Any]) -> Score:
    return Score(
        **{
            **tree,
            "moments": tuple(Moment(**moment) for moment in tree["moments"]),
            "failing": Stretch(**tree["failing"]) if tree.get("failing") else None,
            "anchors": tuple(AnchorScore(**anchor) for anchor in tree.get("anchors", ())),
            "copy": CopyScore(**tree["copy"]) if tree.get("copy") else None,
        }
    )
