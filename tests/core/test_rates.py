"""Rates and selection: the interval is Wilson's, and no figure figure rises only because there were more takes."""

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.rates import Selected, false_accepts, figure, match_rate, selected, wilson

LIKENESS = st.floats(0, 1)


def test_a_rate_is_told_with_its_interval_and_its_false_accepts():
    assert match_rate(14, 16, far=0.01) == "14/16 = 88% (95% CI 64-97), FAR 1%"
    assert match_rate(16, 16, far=0.0015) == "16/16 = 100% (95% CI 81-100), FAR 0.15%"
    assert match_rate(0, 3, far=None) == "0/3 = 0% (95% CI 0-56), FAR not known"
    assert match_rate(0, 0, far=0.01) == "no takes to count"
    assert false_accepts(0.0) == "FAR <0.01%"


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_interval_solves_wilsons_equation(hits: int, more: int):
    total = hits + more
    low, high = wilson(hits, total)
    share = hits / total if total else 0.5
    assert 0 <= low <= share <= high <= 1
    if total:
        for end in (low, high):  # either end is a share that lies 1.96 of its own standard errors away
            distance = abs(share - end)
            assert distance == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / total), abs=1e-6)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="3 hits out of 2"):
        wilson(3, 2)


def test_no_likeness_is_told_as_a_certainty():
    assert [figure(value) for value in (1.0, 0.97, 0.5, 0.0)] == [">0.99", "0.97", "0.50", "<0.01"]


def test_the_winner_is_told_with_the_mean_over_all_takes():
    shot = selected([0.71, 0.97, 0.8, 0.76], 1)
    assert shot.sentence == "take 2 holds best: 0.97; over all 4 takes the mean is 0.81"
    assert shot.headline == pytest.approx(0.81)
    assert shot.standard_error == pytest.approx(statistics.stdev([0.71, 0.97, 0.8, 0.76]) / 2)


def test_takes_that_could_not_be_measured_are_said_and_not_averaged():
    shot = selected([0.6, None, 0.8], 2)
    assert shot.mean == pytest.approx(0.7)
    assert (shot.measured, shot.counted) == (2, 3)
    assert shot.sentence == "take 3 holds best: 0.80; the mean is 0.70 over the 2 of 3 takes measured"


def test_one_take_is_no_selection():
    shot = selected([0.9], 0)
    assert (shot.headline, shot.standard_error) == (0.9, None)
    assert shot.sentence == "one take, nothing was selected: 0.90"


def test_takes_added_because_the_first_failed_do_not_count():
    shot = selected([0.2, 0.4, 0.95], 2, ordered=2)
    assert shot.headline == pytest.approx(0.3)
    assert shot.sentence == "take 3 holds best: 0.95; over all 2 takes ordered at first the mean is 0.30"
    lost = selected([None, 0.95], 1, ordered=1)
    assert lost.headline is None
    assert lost.sentence == "take 2 holds best: 0.95; none of those ordered at first could be measured"


@pytest.mark.parametrize(("figures", "winner"), [([0.5], 1), ([0.5, None], 1), ([], 0)])
def test_a_winner_that_is_none_is_refused(figures: list[float | None], winner: int):
    with pytest.raises(ValueError, match="take"):
        selected(figures, winner)


@given(st.lists(LIKENESS, min_size=1, max_size=20), st.data())
def test_the_headline_never_depends_on_who_won(figures: list[float], data: st.DataObject):
    winners = [selected(figures, index) for index in range(len(figures))]
    assert len({shot.headline for shot in winners}) == 1
    best = max(range(len(figures)), key=figures.__getitem__)
    headline = winners[best].headline
    assert headline is not None
    assert headline <= figures[best] + 1e-12


def test_best_of_n_raises_the_winners_figure_and_not_the_headline():
    chance = random.Random(7)

    def shot(takes: int) -> Selected:
        figures = [min(1.0, max(0.0, chance.gauss(0.7, 0.1))) for _ in range(takes)]
        return selected(figures, max(range(takes), key=figures.__getitem__))

    few, many = ([shot(takes) for _ in range(2000)] for takes in (1, 16))
    assert statistics.fmean(s.best for s in many) > statistics.fmean(s.best for s in few) + 0.1
    told_few, told_many = (statistics.fmean(s.headline or 0.0 for s in shots) for shots in (few, many))
    assert told_many == pytest.approx(told_few, abs=0.01)
