"""Figures over several takes: a match rate with its interval, and a winner's figure that selection does not flatter.

Two traps are kept out here. *Best of N*: the highest of several measured likenesses rises with their number though
nothing gets better, because the luckiest error of measurement wins; so the mean over all takes is the headline, and the
winner's own figure is told as selected. *Shooting until it holds*: takes added because the ones before failed stop
being added at the first success; so a shot's mean and rate are those of the takes ordered before any was judged. Which
take wins is decided elsewhere.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959964
"""Standard deviations of a normal distribution to either side of its mean that hold 95 % of it."""


def wilson(hits: int, total: int, z: float = Z95) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion (E. B. Wilson, 1927). (0, 1) where nothing was counted.

    Raises `ValueError` where `hits` is not between 0 and `total`.
    """
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} hits out of {total}")
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    centre = share + z * z / (2 * total)
    scale = 1 + z * z / total
    return max(0.0, min(share, (centre - spread) / scale)), min(1.0, max(share, (centre + spread) / scale))


def match_rate(hits: int, total: int, *, far: float | None) -> str:
    """'14/16 = 88% (95% CI 64-97), FAR 1%': takes that hold, of all in which the character should be seen.

    A take in which it is missing or cannot be measured is in `total` and not in `hits`. `far`: the share of strangers
    who pass at the limit that was used, 0..1; None is said too.
    """
    low, high = wilson(hits, total)
    if total == 0:
        return "no takes to count"
    share, error = round(100 * hits / total), false_accepts(far)
    return f"{hits}/{total} = {share}% (95% CI {round(100 * low)}-{round(100 * high)}), {error}"


def false_accepts(far: float | None) -> str:
    """'FAR 1%', 'FAR 0.15%', or 'FAR not known'. A measured zero is never told as none: 'FAR <0.01%'."""
    if far is None:
        return "FAR not known"
    percent = 100 * far
    return "FAR <0.01%" if percent < 0.01 else f"FAR {percent:.2g}%"


def figure(likeness: float) -> str:
    """A probability as it may be told: '0.97', and never a certainty: '>0.99' or '<0.01' at the ends."""
    if likeness > 0.99:
        return ">0.99"
    return "<0.01" if likeness < 0.01 else f"{likeness:.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The winner of several takes beside what the takes are like.

    `winner`: its position. `best`: its own figure, selected and so not independent. `mean`: over the takes that count
    and were `measured`, with its `standard_error` (None under two). `counted`: how many takes count: those ordered
    before any was judged. `takes`: all there are.
    """

    winner: int
    best: float
    mean: float | None
    standard_error: float | None
    measured: int
    counted: int
    takes: int

    @property
    def headline(self) -> float | None:
        """The figure to report for the shot. It does not rise with the number of takes."""
        return self.mean

    @property
    def sentence(self) -> str:
        """'take 2 holds best: 0.97; over all 4 takes the mean is 0.81'."""
        if self.takes == 1:
            return f"one take, nothing was selected: {figure(self.best)}"
        return f"take {self.winner + 1} holds best: {figure(self.best)}; {self.over_all}"

    @property
    def over_all(self) -> str:
        """'over all 4 takes the mean is 0.81', and which takes it leaves out."""
        if self.mean is None:
            return "none of those ordered at first could be measured"
        first = "" if self.counted == self.takes else " ordered at first"
        if self.measured < self.counted:
            return f"the mean is {figure(self.mean)} over the {self.measured} of {self._count(first)} measured"
        return f"over all {self._count(first)} the mean is {figure(self.mean)}"

    def _count(self, first: str) -> str:
        return f"{self.counted} {'take' if self.counted == 1 else 'takes'}{first}"


def selected(figures: Sequence[float | None], winner: int, *, ordered: int | None = None) -> Selected:
    """What to tell of a winner. `figures`: what each take is judged by, in 0..1; None where it was not measured.

    `ordered`: how many takes (the first ones) were ordered before any was judged; None: all. Unmeasured takes are left
    out of the mean, which the sentence says, and they count as failures in the match rate told beside it. Raises
    `ValueError` where the winner was not measured, or nothing was ordered.
    """
    counted = len(figures) if ordered is None else min(ordered, len(figures))
    if not 0 <= winner < len(figures) or counted < 1:
        raise ValueError(f"no take {winner + 1} of {len(figures)}, {counted} ordered")
    best = figures[winner]
    if best is None:
        raise ValueError(f"take {winner + 1} was not measured and cannot be the winner")
    known = [figure for figure in figures[:counted] if figure is not None]
    return Selected(
        winner=winner,
        best=best,
        mean=statistics.fmean(known) if known else None,
        standard_error=statistics.stdev(known) / math.sqrt(len(known)) if len(known) > 1 else None,
        measured=len(known),
        counted=counted,
        takes=len(figures),
    )
