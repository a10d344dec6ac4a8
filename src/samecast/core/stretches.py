"""How likeness runs over a clip: its worst stretch, its longest failing run, its slope. No pixels and no verdicts here.

A stretch never reaches across a cut: a wrong face in one short shot must not be outvoted by the shots around it.
"""

import itertools
import math
import statistics
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from samecast.core.calibrating import quantile
from samecast.core.consistency import HOLDS, Moment, Stretch

STRETCH = 3
"""Frames in the stretch whose median is a clip's worst moment: one bad frame is noise, three in a row are not."""
CLEARLY_NOT = 0.05
"""A shot with a single measured frame is judged by it only where that frame says so clearly."""
_AT_MOST = 400
"""Frames between which slopes are taken, so that a clip with many cuts costs no more than others."""

Measured: TypeAlias = tuple[Moment, float]
"""A moment and its likeness, where there is one."""


def measured(moments: Sequence[Moment]) -> list[Measured]:
    return [(moment, moment.likeness) for moment in moments if moment.likeness is not None]


def worst_stretch(moments: Sequence[Moment]) -> tuple[float, float] | None:
    """The lowest likeness over a stretch of one shot, and the second at which it lies. None: nothing was measured.

    In a shot with `STRETCH` or more measured frames: the lowest median over so many in a row. In a shot of two, the
    better of them; a single one counts where it is below `CLEARLY_NOT`, or where the clip has nothing else.
    """
    known = measured(moments)
    if not known:
        return None
    shots = [list(group) for _, group in itertools.groupby(known, key=lambda entry: entry[0].shot)]
    found = [worst for shot in shots for worst in _worst_of(shot)]
    if not found:  # nothing but single frames that say nothing clear: the clip as a whole
        found = list(_worst_of(known)) or [(value, moment.seconds) for moment, value in known]
    return min(found)


def _worst_of(shot: Sequence[Measured]) -> Iterator[tuple[float, float]]:
    if len(shot) >= STRETCH:
        for start in range(len(shot) - STRETCH + 1):
            window = shot[start : start + STRETCH]
            yield statistics.median(value for _, value in window), window[STRETCH // 2][0].seconds
    elif len(shot) > 1:
        moment, value = max(shot, key=lambda entry: entry[1])
        yield value, moment.seconds
    elif shot[0][1] < CLEARLY_NOT:
        yield shot[0][1], shot[0][0].seconds


def longest_failing(moments: Sequence[Moment]) -> Stretch | None:
    """The longest run of measured frames that do not hold, by time; frames without a measurement neither break nor add.

    None where fewer than two frames in a row fail.
    """
    runs = [
        list(group)
        for fails, group in itertools.groupby(measured(moments), key=lambda entry: entry[1] < HOLDS)
        if fails
    ]
    best = max(runs, key=lambda run: (run[-1][0].seconds - run[0][0].seconds, len(run)), default=[])
    if len(best) < 2:
        return None
    return Stretch(
        start=best[0][0].seconds,
        end=best[-1][0].seconds,
        frames=len(best),
        likeness=round(statistics.median(value for _, value in best), 4),
    )


def fifth_percentile(moments: Sequence[Moment]) -> float | None:
    """The likeness that 95 of 100 measured frames reach (linear between frames); None where nothing was measured."""
    values = sorted(value for _, value in measured(moments))
    return quantile(values, 0.05) if values else None


def slope(moments: Sequence[Moment]) -> float | None:
    """Change of likeness per second: the median over all pairs of measured frames (Theil 1950, Sen 1968).

    None with fewer than `STRETCH` of them: two points are no trend.
    """
    known = measured(moments)
    known = known[:: math.ceil(len(known) / _AT_MOST)] if known else known
    if len(known) < STRETCH:
        return None
    slopes = [
        (later[1] - earlier[1]) / (later[0].seconds - earlier[0].seconds)
        for earlier, later in itertools.combinations(known, 2)
        if later[0].seconds > earlier[0].seconds
    ]
    return statistics.median(slopes) if slopes else None


def unusual_share(moments: Sequence[Moment]) -> float | None:
    """Share of frames that lie farther from the reference than real pictures of one person at such a head angle.

    None where the calibration knows none of the angles.
    """
    known = [moment.usual for moment in moments if moment.usual is not None]
    return known.count(False) / len(known) if known else None
