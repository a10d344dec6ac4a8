"""Scores, the worst stretch, the pick and its order, and the interval of a match rate."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.consistency import (
    Moment,
    Score,
    TakeScore,
    figure,
    match_rate,
    p_same,
    pick,
    take_score_from_json,
    take_score_to_json,
    timecode,
    wilson,
    worst_stretch,
)


def take(verdict: Any = "match", p: float | None = 0.9, worst: float | None = None, coverage: float = 1.0) -> TakeScore:
    score = Score(
        handle="mira", verdict=verdict, p_same=p, worst=worst, worst_at=2.0 if worst is not None else None,
        coverage=coverage, encoder="e 1", reason="because",
    )  # fmt: skip
    return TakeScore(characters=(score,))


def moments(*values: float | None) -> list[Moment]:
    return [Moment(seconds=float(i), likeness=value) for i, value in enumerate(values)]


def test_probability_falls_with_distance_and_is_even_at_the_midpoint():
    assert p_same(0.6, slope=22.78, midpoint=0.6) == 0.5
    assert p_same(0.4, slope=22.78, midpoint=0.6) > 0.98
    assert p_same(0.9, slope=22.78, midpoint=0.6) < 0.01


def test_the_published_calibration_is_met_at_the_published_points():
    midpoint = 0.6 + 0.67 / 22.78
    for distance, expected in ((0.50, 0.95), (0.55, 0.86), (0.60, 0.66), (0.65, 0.39)):
        assert p_same(distance, slope=22.78, midpoint=midpoint) == pytest.approx(expected, abs=0.01)


@given(st.floats(-5, 5), st.floats(-100, 100))
def test_probability_never_leaves_its_range(distance: float, slope: float):
    assert 0 <= p_same(distance, slope=slope, midpoint=0.6) <= 1


def test_one_bad_frame_is_noise_and_three_in_a_row_are_the_worst_stretch():
    assert worst_stretch(moments(0.9, 0.1, 0.9, 0.9, 0.8)) == (0.9, 1.0)
    found = worst_stretch(moments(0.9, 0.9, 0.9, 0.2, 0.1, 0.2, 0.9))
    assert found is not None
    assert found[0] == 0.2
    assert 3 <= found[1] <= 5


def test_frames_that_could_not_be_measured_are_not_counted_as_bad():
    assert worst_stretch(moments(0.9, None, 0.9, None, 0.9)) == (0.9, 2.0)
    assert worst_stretch(moments(None, None)) is None


def test_missing_and_unmeasurable_takes_are_never_picked():
    chosen = pick([take("missing", None), take("drift", 0.2), take("not_measurable", None)])
    assert chosen.index == 1
    nothing = pick([take("missing", None), take("not_measurable", None)])
    assert nothing.index is None
    assert "because" in nothing.why


def test_a_take_that_holds_beats_one_that_drifts_and_then_the_worst_moment_decides():
    assert pick([take("drift", 0.99, worst=0.3), take("match", 0.7, worst=0.6)]).index == 1
    assert pick([take(p=0.99, worst=0.6), take(p=0.8, worst=0.7)]).index == 1
    assert pick([take(p=0.9), take(p=0.9)]).index == 0


def test_the_weakest_character_counts_for_the_whole_take():
    strong, weak = take(p=0.99).characters[0], take(p=0.6).characters[0]
    both = TakeScore(characters=(strong, weak))
    assert pick([both, take(p=0.7)]).index == 1


def test_without_a_character_nothing_is_picked_and_the_reason_is_given():
    chosen = pick([TakeScore(), TakeScore()])
    assert chosen.index is None
    assert "no character" in chosen.why


def test_the_interval_is_wilsons_and_the_rate_counts_misses_as_failures():
    low, high = wilson(14, 16)
    assert (round(low, 2), round(high, 2)) == (0.64, 0.97)
    assert match_rate([take()] * 14 + [take("missing", None)] * 2) == "14/16 = 88% (95% CI 64-97)"
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_holds_the_share(hits: int, total: int):
    hits = min(hits, total)
    low, high = wilson(hits, total)
    assert 0 <= low <= hits / total + 1e-9
    assert hits / total - 1e-9 <= high <= 1


def test_scores_travel_through_json_unchanged():
    score = Score(
        handle="mira", verdict="drift", p_same=0.4, worst=0.2, worst_at=1.5, coverage=0.5, encoder="e 1",
        reason="r", composited=True, moments=(Moment(seconds=0.5, likeness=None),),
    )  # fmt: skip
    assert take_score_from_json(take_score_to_json(TakeScore(characters=(score,)))).characters == (score,)


def test_no_probability_is_told_as_a_certainty():
    assert [figure(p) for p in (0.0, 0.004, 0.5, 0.9899, 0.9994, 1.0)] == [
        "<0.01",
        "<0.01",
        "0.50",
        "0.99",
        ">0.99",
        ">0.99",
    ]


def test_seconds_are_told_as_people_read_them():
    assert [timecode(s) for s in (0, 2.9, 61.2)] == ["0:00", "0:02", "1:01"]
