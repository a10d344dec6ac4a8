"""What an encoder's distances mean, from labelled pairs: curves, rates, and how far to trust them. No pixels here.

Distances are the encoder's own: smaller is more alike, and a pair passes a threshold where it lies *below* it. Pairs
are split into folds by identity, so that nothing is tried on a subject it was fitted to. Everything is at equal priors:
pairs of one subject weigh as much, all together, as pairs of different ones.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from samecast.core.errors import InvalidInput

PAIRS_A_FALSE_ACCEPT = 10
"""False accepts that a rate must rest on before it is told: FAR 1 % needs 1,000 pairs of different subjects."""
TOLD = (0.1, 0.05, 0.01, 0.001)
"""The false accept rates that a table tells, where the pairs are enough."""
TURNS = (5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0)
"""Degrees of difference in yaw at which angle bands end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At this distance `tar` of the pairs of one subject pass, and at most `far` of the pairs of different ones."""

    far: float
    tar: float
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleBand:
    """How far real pictures of one person lie apart when the heads are turned differently.

    `up_to`: degrees of difference in yaw (the band begins where the one before ends). `median` and `p95` of the
    distance, over `pairs`.
    """

    up_to: float
    median: float
    p95: float
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """P(same) = 1 / (1 + exp(slope * (distance - midpoint))), at equal priors."""

    slope: float
    midpoint: float

    def p(self, distance: float) -> float:
        return _sigmoid(self.slope * (self.midpoint - distance))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityRow:
    """The pairs promised a probability from `low` to `high`: what they were promised (mean), what was found, how many.

    `found` is the share that is the same, `share` their share of all pairs, both with the two classes weighing equally.
    """

    low: float
    high: float
    promised: float
    found: float
    share: float
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """`error`: the expected calibration error, the mean of |found - promised|, 0..1. Empty bins are left out."""

    error: float
    rows: tuple[ReliabilityRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two pictures: whom they show, and how far they lie apart."""

    a: str
    b: str
    distance: float

    @property
    def same(self) -> bool:
        return self.a == self.b


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfFold:
    """How a fit does on subjects it has never seen.

    Each pair is judged by what was fitted on pairs that share no fold with either of its subjects. `equal_error_rate`:
    the mean of false accepts and false rejects at the threshold where those were equal elsewhere. `tar` and `far`: at
    the threshold that had the `asked` false accept rate elsewhere. `pairs` of `left_out` could not be tried: without
    their subjects too little was left to fit.
    """

    folds: int
    pairs: int
    left_out: int
    auc: float
    equal_error_rate: float
    asked: float
    tar: float
    far: float
    reliability: Reliability


def auc(same: Sequence[float], different: Sequence[float]) -> float:
    """The chance that a pair of one subject lies closer than one of different subjects; a tie counts half.

    Raises `InvalidInput`, as everything here, where either kind of pair is missing or a distance is no number.
    """
    near, far = _sorted(same, different)
    wins = sum(2 * len(far) - bisect_right(far, value) - bisect_left(far, value) for value in near)
    return wins / (2 * len(near) * len(far))


def equal_error_rate(same: Sequence[float], different: Sequence[float]) -> float:
    """The rate at which false accepts and false rejects are equal, interpolated between neighbouring thresholds."""
    return _equal_error(*_sorted(same, different))[0]


def rate_at(same: Sequence[float], different: Sequence[float], far: float) -> Rate:
    """The largest threshold below which at most the share `far` of different subjects lies, and what passes it."""
    near, apart = _sorted(same, different)
    allowed = math.floor(far * len(apart) + 1e-9)
    limit = apart[allowed] if allowed < len(apart) else math.nextafter(max(near[-1], apart[-1]), math.inf)
    return Rate(far=far, tar=bisect_left(near, limit) / len(near), distance=limit)


def rates(same: Sequence[float], different: Sequence[float], told: Sequence[float] = TOLD) -> tuple[Rate, ...]:
    """`rate_at` each false accept rate for which there are enough pairs; the others are not told at all."""
    return tuple(rate_at(same, different, far) for far in told if enough_for(far, len(different)))


def enough_for(far: float, different: int) -> bool:
    """Whether so many pairs of different subjects can tell a false accept rate: ten must be false accepts."""
    return different * far >= PAIRS_A_FALSE_ACCEPT - 1e-9


def fit(same: Sequence[float], different: Sequence[float]) -> Curve:
    """A balanced logistic curve: either class weighs a half, however many pairs it has.

    A ridge on the slope (in units of the distances' balanced standard deviation) keeps pairs that a threshold separates
    perfectly from promising certainty: 1 / (n ln n) for n pairs in the smaller class, so that the typical pair is
    promised about (n + 1) / (n + 2), as Laplace's rule of succession has it. Newton's method with step halving.
    """
    near, apart = _sorted(same, different)
    values, weights = near + apart, [0.5 / len(near)] * len(near) + [0.5 / len(apart)] * len(apart)
    centre = sum(w * v for w, v in zip(weights, values, strict=True))
    spread = math.sqrt(sum(w * (v - centre) ** 2 for w, v in zip(weights, values, strict=True)))
    if spread <= 1e-12 * max(1.0, abs(centre)):  # all alike: these distances tell nothing
        return Curve(slope=0.0, midpoint=centre)
    count = min(len(near), len(apart)) + 2
    rows = [((v - centre) / spread, w) for v, w in zip(values, weights, strict=True)]
    steep, offset = _newton(rows, len(near), ridge=1.0 / (count * math.log(count)))
    if abs(steep) < 1e-6:  # no better than chance: the curve is flat, and lies nowhere in particular
        return Curve(slope=0.0, midpoint=centre)
    return Curve(slope=steep / spread, midpoint=centre + spread * offset / steep)


def folds_by_identity(ids: Iterable[str], folds: int = 5) -> dict[str, int]:
    """Which fold each identity belongs to; an id counts once for every time it is given (once a picture).

    The largest identities go first, each to the emptiest fold, equals by name: the same ids always give the same folds.
    """
    sizes = Counter(ids)
    filled = [0] * max(1, min(folds, len(sizes)))
    placed: dict[str, int] = {}
    for name in sorted(sizes, key=lambda each: (-sizes[each], each)):
        fold = min(range(len(filled)), key=lambda index: (filled[index], index))
        placed[name] = fold
        filled[fold] += sizes[name]
    return placed


def out_of_fold(pairs: Sequence[Pair], fold: dict[str, int], far: float = 0.01) -> OutOfFold:
    """Fit and try by folds. Raises `InvalidInput` where no pair of either kind can be tried on others."""
    groups: dict[frozenset[int], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(frozenset({fold[pair.a], fold[pair.b]}), []).append(pair)
    tried: list[tuple[Pair, _Fitted]] = []
    for held, group in sorted(groups.items(), key=lambda entry: sorted(entry[0])):
        rest = [pair for others, elsewhere in groups.items() if not others & held for pair in elsewhere]
        near, apart = _split(rest)
        if near and apart:
            fitted = _Fitted(fit(near, apart), _equal_error(sorted(near), sorted(apart))[1], rate_at(near, apart, far))
            tried += [(pair, fitted) for pair in group]
    if {pair.same for pair, _ in tried} != {True, False}:
        raise InvalidInput("There are too few subjects to try a fit on others than it was made with.")
    near_odds = [1 - fitted.curve.p(pair.distance) for pair, fitted in tried if pair.same]
    apart_odds = [1 - fitted.curve.p(pair.distance) for pair, fitted in tried if not pair.same]
    passed_equal = _passed(tried, lambda fitted: fitted.equal)
    passed_far = _passed(tried, lambda fitted: fitted.rate.distance)
    return OutOfFold(
        folds=len(set(fold.values())),
        pairs=len(tried),
        left_out=len(pairs) - len(tried),
        auc=auc(near_odds, apart_odds),
        equal_error_rate=(1 - passed_equal[0] + passed_equal[1]) / 2,
        asked=far,
        tar=passed_far[0],
        far=passed_far[1],
        reliability=reliability([fitted.curve.p(p.distance) for p, fitted in tried], [p.same for p, _ in tried]),
    )


def reliability(probabilities: Sequence[float], truths: Sequence[bool], bins: int = 10) -> Reliability:
    """What was promised beside what was found, over `bins` equal parts of 0..1.

    The promise is at equal priors, so each class weighs a half here too, however many pairs it has.
    """
    yes = sum(truths)
    if not 0 < yes < len(truths):
        raise InvalidInput("A promise is tried on pairs of the same and of different subjects: one kind is missing.")
    gathered: list[list[tuple[float, bool, float]]] = [[] for _ in range(bins)]
    for promise, truth in zip(probabilities, truths, strict=True):
        weight = 0.5 / yes if truth else 0.5 / (len(truths) - yes)
        gathered[min(bins - 1, int(promise * bins))].append((promise, truth, weight))
    rows = tuple(_row(index / bins, (index + 1) / bins, group) for index, group in enumerate(gathered) if group)
    return Reliability(error=sum(row.share * abs(row.found - row.promised) for row in rows), rows=rows)


def angle_bands(
    pairs: Iterable[tuple[float, float]], turns: Sequence[float] = TURNS, least: int = 20
) -> tuple[AngleBand, ...]:
    """Bands from pairs of one person: (difference of yaw in degrees, distance).

    A band with fewer than `least` pairs is widened by the next; what then is still too few is left out, and so are
    heads turned farther apart than the last of `turns`.
    """
    known = sorted((abs(turn), distance) for turn, distance in pairs)
    bands: list[AngleBand] = []
    begin = 0
    for up_to in turns:
        end = bisect_right(known, (up_to, math.inf))
        if end - begin >= least:
            found = sorted(distance for _, distance in known[begin:end])
            bands.append(
                AngleBand(up_to=up_to, median=quantile(found, 0.5), p95=quantile(found, 0.95), pairs=end - begin)
            )
            begin = end
    return tuple(bands)


def band_for(bands: Sequence[AngleBand], turn: float) -> AngleBand | None:
    """The band that a difference of yaw (degrees) falls into; None beyond the last."""
    return next((band for band in sorted(bands, key=lambda each: each.up_to) if abs(turn) <= band.up_to), None)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted `values` lie, interpolated linearly (Hyndman and Fan's type 7)."""
    place = share * (len(values) - 1)
    low = min(int(place), len(values) - 1)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


@dataclass(frozen=True, slots=True)
class _Fitted:
    curve: Curve
    equal: float
    rate: Rate


def _sorted(same: Sequence[float], different: Sequence[float]) -> tuple[list[float], list[float]]:
    if not same or not different:
        raise InvalidInput("Pairs of one subject and pairs of different ones are both needed: one kind is missing.")
    if not all(math.isfinite(value) for value in (*same, *different)):
        raise InvalidInput("A distance is not a number.", hint="The encoder gave no usable vector for a picture.")
    return sorted(same), sorted(different)


def _split(pairs: Iterable[Pair]) -> tuple[list[float], list[float]]:
    near: list[float] = []
    apart: list[float] = []
    for pair in pairs:
        (near if pair.same else apart).append(pair.distance)
    return near, apart


def _passed(tried: Sequence[tuple[Pair, _Fitted]], limit: Callable[[_Fitted], float]) -> tuple[float, float]:
    """The shares of pairs of one subject, and of different ones, that lie below their own threshold."""
    passed = {True: 0, False: 0}
    for pair, fitted in tried:
        passed[pair.same] += pair.distance < limit(fitted)
    same = sum(pair.same for pair, _ in tried)
    return passed[True] / same, passed[False] / (len(tried) - same)


def _equal_error(near: Sequence[float], apart: Sequence[float]) -> tuple[float, float]:
    """The equal error rate, and the threshold that comes nearest to it."""
    accepts, rejects = 0.0, 1.0
    limits = sorted({*near, *apart})
    for limit in [*limits[1:], math.nextafter(limits[-1], math.inf)]:
        now_accepts = bisect_left(apart, limit) / len(apart)
        now_rejects = 1 - bisect_left(near, limit) / len(near)
        if now_accepts >= now_rejects:
            before, after = rejects - accepts, now_accepts - now_rejects
            along = before / (before + after) if before + after else 0.0
            return accepts + along * (now_accepts - accepts), limit
        accepts, rejects = now_accepts, now_rejects
    return 1.0, math.nextafter(limits[-1], math.inf)  # unreachable: at the last limit everything is accepted


def _newton(rows: Sequence[tuple[float, float]], same: int, ridge: float) -> tuple[float, float]:
    """`steep` and `offset` of P(same) = sigmoid(offset - steep z), from rows of (z, weight): first the `same` ones."""

    def cost(steep: float, offset: float) -> float:
        total = 0.5 * ridge * steep * steep
        for index, (z, weight) in enumerate(rows):
            odds = offset - steep * z
            total += weight * _softplus(-odds if index < same else odds)
        return total

    steep, offset = 0.0, 0.0
    least = cost(steep, offset)
    for _ in range(100):
        g_steep, g_offset, h_steep, h_both, h_offset = ridge * steep, 0.0, ridge, 0.0, 1e-12
        for index, (z, weight) in enumerate(rows):
            p = _sigmoid(offset - steep * z)
            miss, bend = weight * (p - (index < same)), weight * p * (1 - p)
            g_steep -= miss * z
            g_offset += miss
            h_steep += bend * z * z
            h_both -= bend * z
            h_offset += bend
        divisor = h_steep * h_offset - h_both * h_both
        step_steep = (g_steep * h_offset - g_offset * h_both) / divisor
        step_offset = (g_offset * h_steep - g_steep * h_both) / divisor
        share = 1.0
        while (found := cost(steep - share * step_steep, offset - share * step_offset)) > least and share > 1e-6:
            share /= 2
        if found > least:
            break
        steep, offset, gained, least = steep - share * step_steep, offset - share * step_offset, least - found, found
        if gained < 1e-13:
            break
    return steep, offset


def _row(low: float, high: float, group: Sequence[tuple[float, bool, float]]) -> ReliabilityRow:
    share = sum(weight for _, _, weight in group)
    return ReliabilityRow(
        low=low,
        high=high,
        promised=sum(weight * promise for promise, _, weight in group) / share,
        found=sum(weight for _, truth, weight in group if truth) / share,
        share=share,
        pairs=len(group),
    )


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(max(x, -700.0)) / (1 + math.exp(max(x, -700.0)))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))
