"""Sameness as numbers a person can trust: what a score says, and which take to pick. No pixels here.

The order in which takes are judged, at a glance (`pick`):

1. a take in which a character is missing, or where nothing could be measured, is never picked;
2. takes in which every character holds come before takes in which one drifts;
3. then the higher worst moment of the least like character (a clip is judged by its worst stretch, not its mean);
4. then the higher probability of the least like character;
5. then the coverage (how much of the clip could be measured), then the earlier take.
"""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

ScoreVerdict: TypeAlias = Literal["match", "drift", "missing", "not_measurable"]

Gap: TypeAlias = Literal["nobody", "taken", "hidden", "profile", "small", "blurred", "turned", "unclear"]
"""Why a frame was not measured. Absent: `nobody` is there, or every face is `taken` by another character. There, yet
not to be measured: somebody whose face is `hidden`, in `profile`, too `small`, `blurred` or `turned` away; a subject
without a human face that is `unclear` against its background."""
ABSENT: frozenset[Gap] = frozenset({"nobody", "taken"})

HOLDS = 0.5
"""A character holds where the calibrated probability is at least this: more likely the same than not."""
MOST_ABSENT = 0.5
"""A clip's character is missing where it is absent from more than this share of the judged frames."""
LEAST_MEASURED = 1 / 8
"""A clip with a smaller share of measured frames is not judged: a few frames are no verdict on all of it."""
STRETCH = 3
"""Frames in the stretch whose median is a clip's worst moment: one bad frame is noise, three in a row are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One judged frame of a clip: `likeness` in 0..1, or None where nothing could be measured, and `gap` says why."""

    seconds: float
    likeness: float | None
    gap: Gap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How much one character stayed the same in one picture or clip.

    `p_same`: calibrated probability that it is the same person. `appearance`: the same for subjects without a human
    face, another word for another thing. `worst`: the likeness of the worst stretch of a clip. `coverage`: the share of
    judged frames in which it could be measured. `reason`: one sentence. `composited`: the engine works from the
    reference's own pixels, so that likeness is by design. `moments`: the clip, frame by frame.
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

    @property
    def likeness(self) -> float | None:
        """Whichever of the two probabilities was measured."""
        return self.p_same if self.p_same is not None else self.appearance

    @property
    def weakest(self) -> float:
        """What the score is judged by: the worst stretch of a clip, the likeness of a still, 0 where there is none."""
        known = [value for value in (self.worst, self.likeness) if value is not None]
        return min(known, default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeScore:
    """Every character of a take, scored."""

    characters: tuple[Score, ...] = ()

    @property
    def measurable(self) -> bool:
        """Whether every character was found and measured (and there was one to measure)."""
        verdicts = {score.verdict for score in self.characters}
        return bool(verdicts) and not verdicts & {"missing", "not_measurable"}

    @property
    def holds(self) -> bool:
        return bool(self.characters) and all(score.verdict == "match" for score in self.characters)


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


def worst_stretch(moments: Sequence[Moment]) -> tuple[float, float] | None:
    """The lowest median likeness over `STRETCH` consecutive measured frames, and the second at which it lies.

    Clips with fewer measured frames are judged by their lowest frame. None where no frame was measured.
    """
    measured = [(m.seconds, m.likeness) for m in moments if m.likeness is not None]
    if not measured:
        return None
    if len(measured) < STRETCH:
        seconds, lowest = min(measured, key=lambda entry: entry[1])
        return lowest, seconds
    windows = [measured[i : i + STRETCH] for i in range(len(measured) - STRETCH + 1)]
    medians = [(sorted(entry[1] for entry in window)[STRETCH // 2], window[STRETCH // 2][0]) for window in windows]
    return min(medians)


def assign(table: Sequence[Sequence[float]]) -> list[int | None]:
    """One face at most for every character, and one character at most for every face, by the least total distance.

    `table[character][face]` is a distance. Characters left over, where faces are too few, get None.
    """
    rows, columns = len(table), len(table[0]) if table else 0
    slots: list[int | None] = [*range(columns), *([None] * max(0, rows - columns))]
    unmatched = 10.0

    def cost(choice: Sequence[int | None]) -> float:
        return sum(unmatched if column is None else table[row][column] for row, column in enumerate(choice))

    return min((list(choice) for choice in itertools.permutations(slots, rows)), key=cost)


def pick(scores: Sequence[TakeScore]) -> Pick:
    """Choose among takes in the order that the module's first lines give."""
    if not scores:
        return Pick(index=None, why="There is no take to choose from.")
    if not any(score.characters for score in scores):
        return Pick(index=None, why="The prompt names no character, so there is nothing to compare: choose by eye.")
    eligible = [index for index, score in enumerate(scores) if score.measurable]
    if not eligible:
        reasons = "; ".join(dict.fromkeys(s.reason.rstrip(".") for t in scores for s in t.characters))
        return Pick(index=None, why=f"No take can be judged: {reasons}.")
    best = max(eligible, key=lambda index: (*_rank(scores[index]), -index))
    return Pick(index=best, why=_why(scores, best, eligible))


def _rank(score: TakeScore) -> tuple[bool, float, float, float]:
    weakest = min(entry.weakest for entry in score.characters)
    likeness = min(entry.likeness or 0.0 for entry in score.characters)
    return score.holds, round(weakest, 4), round(likeness, 4), min(entry.coverage for entry in score.characters)


def _why(scores: Sequence[TakeScore], best: int, eligible: Sequence[int]) -> str:
    chosen = min(scores[best].characters, key=lambda entry: entry.weakest)
    told = figure(chosen.weakest)
    where = f" at its worst moment ({timecode(chosen.worst_at)})" if chosen.worst_at is not None else ""
    word = "same person" if chosen.p_same is not None else "appearance match"
    if not scores[best].holds:
        return f"Take {best + 1} comes nearest, but @{chosen.handle} drifts in every take: {word} {told}{where}."
    others = [min(entry.weakest for entry in scores[i].characters) for i in eligible if i != best]
    ahead = f", ahead of {figure(max(others))}" if others and max(others) < chosen.weakest - 0.005 else ""
    return f"Take {best + 1}: @{chosen.handle} holds best, {word} {told}{where}{ahead}."


def figure(probability: float) -> str:
    """A probability as it may be told: '0.97', and never a certainty: '>0.99' or '<0.01' at the ends."""
    if probability > 0.99:
        return ">0.99"
    return "<0.01" if probability < 0.01 else f"{probability:.2f}"


def timecode(seconds: float) -> str:
    """Seconds as people read them in a clip: 2.4 is '0:02'."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def wilson(hits: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion (E. B. Wilson, 1927). (0, 1) where nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    centre = share + z * z / (2 * total)
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def match_rate(scores: Sequence[TakeScore]) -> str:
    """'14/16 = 88% (95% CI 64-97)': takes in which every character holds, of all; a miss counts as a failure."""
    hits, total = sum(score.holds for score in scores), len(scores)
    low, high = wilson(hits, total)
    share = round(100 * hits / total) if total else 0
    return f"{hits}/{total} = {share}% (95% CI {round(100 * low)}-{round(100 * high)})"


def take_score_to_json(score: TakeScore) -> str:
    return json.dumps(asdict(score), ensure_ascii=False, separators=(",", ":"))


def take_score_from_json(text: str) -> TakeScore:
    """Read back what `take_score_to_json` wrote."""
    entries = []
    for tree in json.loads(text)["characters"]:
        moments = tuple(Moment(**moment) for moment in tree.pop("moments"))
        entries.append(Score(**tree, moments=moments))
    return TakeScore(characters=tuple(entries))
