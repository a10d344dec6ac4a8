"""Which model for a character: how each fared with her, and which to take, from counted takes alone.

A model is judged by what can be relied on: the lower end of its match rate's interval. Two lucky takes do not beat
eighteen of twenty. What a take is worth is told per *accepted* one, since the others are paid for too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.rates import wilson

ENOUGH_JUDGED = 5
"""With fewer judged takes nothing is recommended: the interval would span most of what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How a model fared with a character. `seconds` and `cost` (millionths of a dollar) over all its takes, failed ones
    included; `by_design`: it works from the reference's own pixels, so that its matches prove nothing.
    """

    model: str
    kind: str
    takes: int
    judged: int
    matched: int
    failed: int
    seconds: float
    cost: int
    ready: bool = True
    by_design: bool = False

    @property
    def rate(self) -> float | None:
        """The share of judged takes that match; None where none was judged."""
        return self.matched / self.judged if self.judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the match rate."""
        return wilson(self.matched, self.judged)

    @property
    def seconds_each(self) -> float | None:
        """Seconds of rendering per accepted take; None where none was accepted."""
        return self.seconds / self.matched if self.matched else None

    @property
    def cost_each(self) -> int | None:
        """Millionths of a dollar per accepted take, rounded; None where none was accepted."""
        return round(self.cost / self.matched) if self.matched else None

    @property
    def told(self) -> bool:
        """Whether enough takes were judged to recommend it by."""
        return self.judged >= ENOUGH_JUDGED and not self.by_design


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The model to shoot on, and why in one sentence."""

    model: str
    why: str


def ranked(records: Sequence[Record]) -> list[Record]:
    """The most reliable first; those that prove nothing by design last."""
    return sorted(records, key=_merit, reverse=True)


def choose(records: Sequence[Sequence[Record]], ready: Sequence[str], fallback: str) -> Choice:
    """The model for a shot. `records`: those of each character in it, of the shot's kind. `ready`: the models that can
    make it now and take characters, the preferred first. `fallback`: what can always be shot on.
    """
    if not ready:
        return Choice(model=fallback, why=f"No other model is ready, so it is shot on {fallback}.")
    merits: dict[str, tuple[float, int, float]] = {}
    for model in ready:
        found = [[record for record in each if record.model == model and record.told] for each in records]
        if found and all(found):
            merits[model] = min(_merit(record) for own in found for record in own)
    if not merits:
        why = f"Too few takes were judged on any model so far, so it is shot on {ready[0]}, the first that is ready."
        return Choice(model=ready[0], why=why)
    model = max(merits, key=lambda name: merits[name])
    worst = min((r for each in records for r in each if r.model == model and r.told), key=_merit)
    low, high = worst.interval
    return Choice(
        model=model,
        why=f"Shot on {model}: {worst.matched} of {worst.judged} judged takes matched there "
        f"(95% CI {round(100 * low)}-{round(100 * high)}).",
    )


def _merit(record: Record) -> tuple[float, int, float]:
    """What can be relied on, then the cheaper, then the quicker."""
    if record.by_design or not record.judged:
        return (-1.0, 0, 0.0)
    return (record.interval[0], -(record.cost_each or 0), -(record.seconds_each or 0.0))
