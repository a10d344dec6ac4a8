"""What a shot will take, in time and money, before it starts: arithmetic and words. Where the figures come from is
`services.estimating`'s to know.

An estimate is a range. Its low end is one round at the usual pace; its high end is every take that the budget allows,
at the pace that nine of ten takes keep, made one after the other from the second round on. Neither is a promise: only
the budget is. Time is that of rendering, or of waiting for a provider; scoring comes on top.
"""

from dataclasses import dataclass
from math import ceil

from samecast.core.money import dollars, price

THIN = 5
"""A pace from fewer takes than this is told as one that says little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`takes_first` are made at once, `takes_most` at the most. `seconds` and `money` (micros): lowest and highest.

    None: unknown. `basis`: what this is taken from, and what is not known. `cut`: a sentence where the budget made the
    first round smaller than was asked for, "" where it did not.
    """

    takes_first: int
    takes_most: int
    seconds: tuple[float, float] | None
    money: tuple[int, int] | None
    basis: str
    cut: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How quickly takes come: seconds for one (`usual`, and what nine of ten keep), how many are made at once.

    `per_minute`: how many may be begun in a minute; None: any number. `takes`: how many takes made here it is taken
    from.
    """

    usual: float
    slow: float
    takes: int
    at_once: int = 1
    per_minute: int | None = None


def seconds_for(first: int, most: int, tempo: Tempo) -> tuple[float, float]:
    """The lowest and the highest time for a first round of `first` takes and `most` takes in all."""
    low = _round(first, tempo.usual, tempo)
    later = most - first  # one a round, at the worst
    high = _round(first, tempo.slow, tempo) + later * tempo.slow
    if tempo.per_minute is not None:
        high = max(high, (most - 1) // tempo.per_minute * 60 + tempo.slow)
    return low, max(low, high)


def basis_of(tempo: Tempo | None, cost: int | None) -> str:
    """'Rendering time from 12 takes made here.', and what is not known."""
    known = "No take of this model was made here yet: time unknown."
    if tempo is not None:
        count = f"{'only ' if tempo.takes < THIN else ''}{_count(tempo.takes)}"
        known = f"Rendering time from {count} made here."
    return known if cost is not None else f"{known} Price unknown."


def sentence(estimate: Estimate) -> str:
    """'3 to 6 takes, about 40 s to 4 min, $0.72 to $1.44. Rendering time from 12 takes made here.'"""
    most = estimate.takes_most
    takes = _count(most) if most == estimate.takes_first else f"{estimate.takes_first} to {_count(most)}"
    told = [takes, *_time(estimate.seconds), *_price(estimate.money)]
    return " ".join(part for part in (f"{', '.join(told)}.", estimate.basis, estimate.cut) if part)


def duration(seconds: float) -> str:
    """'under 1 s', '40 s', '4 min', '2.5 h': rounded up, as finely as an estimate can be meant."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 90:
        return f"{ceil(seconds)} s"
    minutes = seconds / 60
    return f"{ceil(minutes)} min" if minutes < 90 else f"{ceil(minutes / 6) / 10:g} h"


def _round(takes: int, each: float, tempo: Tempo) -> float:
    working = ceil(takes / max(1, tempo.at_once)) * each
    if tempo.per_minute is None or takes == 0:
        return working
    return max(working, (takes - 1) // tempo.per_minute * 60 + each)


def _time(seconds: tuple[float, float] | None) -> list[str]:
    if seconds is None:
        return []
    low, high = (duration(end) for end in seconds)
    if low == high:
        return [low if low.startswith("under") else f"about {low}"]
    return [f"{low} to {high}" if low.startswith("under") else f"about {low} to {high}"]


def _price(money: tuple[int, int] | None) -> list[str]:
    if money is None:
        return []
    low, high = money
    return [price(low) if low == high else f"{dollars(low)} to {dollars(high)}"]


def _count(takes: int) -> str:
    return f"{takes} take" if takes == 1 else f"{takes} takes"
