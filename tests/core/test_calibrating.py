import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.calibrating import (
    Curve,
    Pair,
    angle_bands,
    auc,
    band_for,
    enough_for,
    equal_error_rate,
    fit,
    folds_by_identity,
    out_of_fold,
    quantile,
    rate_at,
    rates,
    reliability,
)
from samecast.core.errors import InvalidInput

distances = st.lists(st.integers(0, 40).map(lambda n: n / 20), min_size=1, max_size=40)


def drawn(count: int, centre: float, spread: float, seed: int) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(centre, spread) for _ in range(count)]


def subjects(count: int, pictures: int, seed: int, noise: float = 0.5) -> list[Pair]:
    """Every pair of `pictures` pictures each of `count` subjects, who lie about a line with some noise."""
    source = random.Random(seed)
    shown = [
        (f"s{s}", source.gauss(4 * (s % 7), 1) + source.gauss(0, noise)) for s in range(count) for _ in range(pictures)
    ]
    return [Pair(a=a, b=b, distance=abs(x - y)) for i, (a, x) in enumerate(shown) for b, y in shown[i + 1 :]]


# --- ranking ----------------------------------------------------------------------------------------------------


@given(distances, distances)
def test_the_auc_counts_the_pairs_that_are_in_order_and_half_of_the_ties(same, different):
    counted = sum((s < d) + (s == d) / 2 for s in same for d in different) / (len(same) * len(different))

    assert auc(same, different) == pytest.approx(counted)


@given(distances, distances)
def test_the_equal_error_rate_lies_between_the_two_errors_on_either_side_of_it(same, different):
    found = equal_error_rate(same, different)

    limits = [*sorted({*same, *different}), 99.0]
    errors = [
        (sum(d < limit for d in different) / len(different), sum(s >= limit for s in same) / len(same))
        for limit in limits
    ]
    low = max(min(pair) for pair in errors)
    high = min(max(pair) for pair in errors)
    assert low - 1e-9 <= found <= high + 1e-9
    assert found == pytest.approx(1 - equal_error_rate(different, same), abs=1e-9)


def test_the_equal_error_rate_of_a_case_worked_by_hand():
    assert equal_error_rate([1, 2, 3, 6], [4, 5, 7, 8, 9, 10, 11, 12]) == pytest.approx(0.25)
    assert equal_error_rate([1, 2], [3, 4]) == 0.0
    assert equal_error_rate([1, 1], [1, 1]) == pytest.approx(0.5)
    assert equal_error_rate([3, 4], [1, 2]) == pytest.approx(1.0)


@given(distances, distances, st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_a_rate_is_at_the_largest_threshold_that_keeps_its_promise(same, different, far):
    found = rate_at(same, different, far)

    def accepted(limit: float) -> float:
        return float(sum(d < limit for d in different) / len(different))

    assert accepted(found.distance) <= far
    assert found.tar == sum(s < found.distance for s in same) / len(same)
    if far < 1:
        assert accepted(math.nextafter(found.distance, math.inf)) > far
    else:
        assert found.tar == 1.0


def test_a_false_accept_rate_is_told_only_where_ten_pairs_would_be_accepted():
    same, different = drawn(50, 0.4, 0.1, 1), drawn(999, 0.9, 0.1, 2)

    assert [rate.far for rate in rates(same, different)] == [0.1, 0.05]
    assert [rate.far for rate in rates(same, [*different, 1.0])] == [0.1, 0.05, 0.01]
    assert enough_for(0.001, 10_000)
    assert not enough_for(0.001, 9_999)


@pytest.mark.parametrize("ask", [auc, equal_error_rate, fit, lambda a, b: rate_at(a, b, 0.01)])
def test_one_kind_of_pair_alone_or_no_number_says_nothing(ask):
    for same, different in [([], [1.0]), ([1.0], []), ([math.nan], [1.0]), ([0.1], [math.inf])]:
        with pytest.raises(InvalidInput):
            ask(same, different)


# --- the curve --------------------------------------------------------------------------------------------------


def test_a_curve_finds_the_logistic_that_made_the_pairs_and_other_counts_move_nothing():
    # Two Gaussians of one spread lie apart by a logistic: slope = distance of the means over the variance.
    few = fit(drawn(400, 0.4, 0.1, 3), drawn(400, 0.6, 0.1, 4))
    many = fit(drawn(400, 0.4, 0.1, 3), drawn(8000, 0.6, 0.1, 5))

    assert few.slope == pytest.approx(20, rel=0.15)
    assert few.midpoint == pytest.approx(0.5, abs=0.01)
    assert many.slope == pytest.approx(20, rel=0.15)
    assert many.midpoint == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("pairs", "promise"), [(1, 2 / 3), (3, 4 / 5), (10, 11 / 12), (100, 101 / 102), (1000, 1001 / 1002)]
)
def test_pairs_that_a_threshold_parts_are_promised_what_so_many_pairs_support(pairs, promise):
    curve = fit([0.2] * pairs, [0.8] * (20 * pairs))

    assert curve.p(0.2) == pytest.approx(promise, abs=0.06)
    assert curve.p(0.2) == pytest.approx(1 - curve.p(0.8), abs=1e-6)
    assert curve.p(0.2) < 1 - 0.25 / pairs


@given(distances, distances, st.floats(0.1, 9), st.floats(-5, 5))
def test_a_curve_does_not_care_for_the_unit_of_distance(same, different, scale, shift):
    here = fit(same, different)
    there = fit([scale * v + shift for v in same], [scale * v + shift for v in different])

    for value in (0.0, 0.7, 2.0):
        assert there.p(scale * value + shift) == pytest.approx(here.p(value), abs=1e-4)


@given(distances, distances)
def test_a_curve_is_the_best_of_its_neighbours(same, different):
    curve = fit(same, different)
    if curve.slope == 0:
        return

    def loss(slope: float, midpoint: float) -> float:
        tried = Curve(slope=slope, midpoint=midpoint)
        near = sum(-math.log(tried.p(v)) for v in same) / len(same)
        apart = sum(-math.log(1 - tried.p(v)) for v in different) / len(different)
        values = [(v, 0.5 / len(same)) for v in same] + [(v, 0.5 / len(different)) for v in different]
        centre = sum(v * w for v, w in values)
        count = min(len(same), len(different)) + 2
        variance = sum(w * (v - centre) ** 2 for v, w in values)
        return float((near + apart) / 2 + slope * slope * variance / (2 * count * math.log(count)))

    least = loss(curve.slope, curve.midpoint)
    for steeper in (0.97, 1.03):
        assert loss(curve.slope * steeper, curve.midpoint) >= least - 1e-9
    for moved in (-0.03, 0.03):
        assert loss(curve.slope, curve.midpoint + moved) >= least - 1e-9


def test_distances_that_tell_nothing_give_a_flat_curve():
    assert fit([0.5, 0.5], [0.5]).p(0.1) == 0.5
    assert fit([0.4, 0.6], [0.4, 0.6]).p(0.1) == pytest.approx(0.5, abs=1e-6)
    assert fit([0.9] * 9, [0.1] * 9).slope < 0  # nearer means another subject: to be refused by whoever asked


def test_a_curve_never_overflows():
    assert Curve(slope=1e6, midpoint=0).p(1e6) == pytest.approx(0)
    assert Curve(slope=1e6, midpoint=0).p(-1e6) == 1


# --- folds ------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=60), st.integers(2, 6))
def test_folds_part_the_identities_evenly_and_always_the_same_way(ids, folds):
    placed = folds_by_identity(ids, folds)

    assert set(placed) == set(ids)
    assert placed == folds_by_identity(reversed(ids), folds)
    used = sorted(set(placed.values()))
    assert used == list(range(min(folds, len(set(ids)))))
    filled = [sum(placed[each] == fold for each in ids) for fold in used]
    assert max(filled) - min(filled) <= max(ids.count(each) for each in ids)


def test_no_pair_is_judged_by_a_fit_that_has_seen_either_of_its_subjects(monkeypatch):
    pairs = subjects(10, 3, seed=6)
    fold = folds_by_identity(name for pair in pairs for name in (pair.a, pair.b))
    owner = {pair.distance: {pair.a, pair.b} for pair in pairs}
    fits = []

    def watched(same, different):
        fits.append({fold[name] for value in (*same, *different) for name in owner[value]})
        return fit(same, different)

    monkeypatch.setattr("samecast.core.calibrating.fit", watched)
    found = out_of_fold(pairs, fold)

    # 5 folds alone and 10 pairs of folds are held out in turn, and what is left never holds the fold that is tried.
    assert len(owner) == len(pairs)
    assert sorted(len(seen) for seen in fits) == [3] * 10 + [4] * 5
    assert len({frozenset(seen) for seen in fits}) == 15
    assert (found.folds, found.pairs, found.left_out) == (5, len(pairs), 0)


def test_fits_out_of_fold_are_honest_about_subjects_that_differ_from_those_fitted_to():
    kind = subjects(25, 5, seed=7)
    fold = folds_by_identity(name for pair in kind for name in (pair.a, pair.b))

    found = out_of_fold(kind, fold, far=0.05)

    same, different = [p.distance for p in kind if p.same], [p.distance for p in kind if not p.same]
    assert found.auc == pytest.approx(auc(same, different), abs=0.02)
    assert found.equal_error_rate == pytest.approx(equal_error_rate(same, different), abs=0.05)
    assert found.far == pytest.approx(0.05, abs=0.03)
    assert found.tar == pytest.approx(rate_at(same, different, 0.05).tar, abs=0.15)
    # One subject whose pictures vary far more than anybody's: fits on the others promise too much for it, and say so.
    odd = [Pair(a="odd", b="odd", distance=6 + n / 10) for n in range(40)]
    worse = out_of_fold([*kind, *odd], {**fold, "odd": 0}, far=0.05)
    assert worse.reliability.error > found.reliability.error + 0.05


def test_two_subjects_are_too_few_to_try_anything_on():
    pairs = [*subjects(2, 4, seed=8)]

    with pytest.raises(InvalidInput):
        out_of_fold(pairs, folds_by_identity(["s0", "s1"]))


# --- promises ---------------------------------------------------------------------------------------------------


def test_promises_that_come_true_have_no_error_whatever_the_counts():
    # At equal priors: of the weight (a half for each class) promised 0.75, three quarters are the same.
    promised = [0.75] * 75 + [0.25] * 25 + [0.75] * 75 + [0.25] * 225
    truths = [True] * 100 + [False] * 300

    kept = reliability(promised, truths)
    broken = reliability(promised, [True] * 50 + [False] * 350)

    assert kept.error == pytest.approx(0, abs=1e-9)
    assert [row.pairs for row in kept.rows] == [250, 150]
    assert [row.promised for row in kept.rows] == pytest.approx([0.25, 0.75])
    assert [row.found for row in kept.rows] == pytest.approx([0.25, 0.75])
    assert [row.found for row in broken.rows] == pytest.approx([0, 0.5 / (0.5 + 0.5 * 100 / 350)])
    assert broken.error > 0.1


def test_a_boast_is_found_out():
    found = reliability([0.99] * 100, [True] * 50 + [False] * 50)

    assert found.error == pytest.approx(0.49)
    assert [(row.low, row.high) for row in found.rows] == [(0.9, 1.0)]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=50), st.integers(1, 12))
def test_rows_hold_every_pair_once_within_their_limits(entries, bins):
    truths = [truth for _, truth in entries]
    if len(set(truths)) < 2:
        with pytest.raises(InvalidInput):
            reliability([p for p, _ in entries], truths, bins)
        return

    found = reliability([p for p, _ in entries], truths, bins)

    assert sum(row.pairs for row in found.rows) == len(entries)
    assert sum(row.share for row in found.rows) == pytest.approx(1)
    assert all(row.low - 1e-9 <= row.promised <= row.high + 1e-9 for row in found.rows)
    assert 0 <= found.error <= 1


# --- angles -----------------------------------------------------------------------------------------------------


def test_bands_tell_how_far_apart_turned_heads_lie():
    pairs = [(turn, 0.3 + turn / 100 + n / 1000) for turn in (2, -12, 40) for n in range(21)]

    bands = angle_bands(pairs)

    assert [(band.up_to, band.pairs) for band in bands] == [(5, 21), (15, 21), (45, 21)]
    assert [band.median for band in bands] == pytest.approx([0.33, 0.18 + 0.01, 0.71], abs=0.011)
    assert bands[0].p95 == pytest.approx(0.32 + 0.019)
    assert band_for(bands, -4) == bands[0]
    assert band_for(bands, 5.1) == bands[1]
    assert band_for(bands, 46) is None


def test_a_band_with_too_few_pairs_is_widened_and_what_stays_too_few_is_left_out():
    pairs = [(3.0, 0.1)] * 12 + [(8.0, 0.2)] * 12 + [(50.0, 0.5)] * 19 + [(120.0, 0.9)] * 50

    bands = angle_bands(pairs)

    assert [(band.up_to, band.pairs) for band in bands] == [(10, 24)]
    assert angle_bands([]) == ()


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=30).map(sorted), st.floats(0, 1))
def test_a_quantile_has_its_share_of_the_values_below_it(values, share):
    found = quantile(values, share)

    assert values[0] <= found <= values[-1]
    assert sum(value < found - 1e-9 for value in values) <= share * (len(values) - 1) + 1
