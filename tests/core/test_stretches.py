"""The worst stretch, the longest failing run and the slope of likeness over a clip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.consistency import Moment
from samecast.core.stretches import fifth_percentile, longest_failing, slope, unusual_share, worst_stretch


def moments(*values: float | None, shots: str = "") -> list[Moment]:
    """One frame a second; `shots` gives each frame's shot as a digit."""
    return [
        Moment(seconds=float(i), likeness=value, shot=int(shots[i]) if shots else 0) for i, value in enumerate(values)
    ]


def test_one_bad_frame_is_noise_and_three_in_a_row_are_the_worst_stretch():
    assert worst_stretch(moments(0.9, 0.1, 0.9, 0.9, 0.8)) == (0.9, 1.0)
    found = worst_stretch(moments(0.9, 0.9, 0.9, 0.2, 0.1, 0.2, 0.9))
    assert found is not None
    assert found[0] == 0.2
    assert 3 <= found[1] <= 5


def test_frames_that_could_not_be_measured_are_not_counted_as_bad():
    assert worst_stretch(moments(0.9, None, 0.9, None, 0.9)) == (0.9, 2.0)
    assert worst_stretch(moments(None, None)) is None


def test_a_short_shot_of_somebody_else_is_not_outvoted_by_the_shots_around_it():
    assert worst_stretch(moments(0.9, 0.9, 0.9, 0.1, 0.2, 0.9, 0.9, 0.9, shots="00011222")) == (0.2, 4.0)
    assert worst_stretch(moments(0.9, 0.9, 0.9, 0.01, 0.9, 0.9, 0.9, shots="0001222")) == (0.01, 3.0)


def test_one_uncertain_frame_of_a_short_shot_accuses_nobody():
    assert worst_stretch(moments(0.9, 0.9, 0.9, 0.3, 0.9, 0.9, 0.9, shots="0001222")) == (0.9, 1.0)
    assert worst_stretch(moments(0.9, 0.9, 0.9, 0.1, 0.8, shots="00011")) == (0.8, 4.0)


def test_a_clip_of_single_frames_is_judged_as_a_whole():
    assert worst_stretch(moments(0.6)) == (0.6, 0.0)
    assert worst_stretch(moments(0.7, 0.6, 0.8, shots="012")) == (0.7, 1.0)


def test_the_longest_failing_run_is_told_with_its_time_across_frames_that_show_nothing():
    found = longest_failing(moments(0.9, 0.2, 0.1, 0.9, 0.3, None, 0.2, 0.1, 0.9))
    assert found is not None
    assert (found.start, found.end, found.frames) == (4.0, 7.0, 3)
    assert found.likeness == pytest.approx(0.2)
    assert longest_failing(moments(0.9, 0.2, 0.9)) is None
    assert longest_failing(moments(None, None)) is None


def test_the_slope_is_that_of_the_likeness_whatever_single_frames_do():
    falling = [0.9 - 0.02 * second for second in range(20)]
    assert slope(moments(*falling)) == pytest.approx(-0.02)
    falling[7] = 0.0
    assert slope(moments(*falling)) == pytest.approx(-0.02, abs=0.001)
    assert slope(moments(0.9, 0.1)) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_no_figure_leaves_the_range_of_the_frames(values: list[float]):
    track = moments(*values)
    worst, lowest = worst_stretch(track), fifth_percentile(track)
    assert worst is not None
    assert lowest is not None
    assert min(values) <= worst[0] <= max(values)
    assert min(values) <= lowest <= max(values)
    steepness = slope(track)
    assert steepness is None or -1 <= steepness <= 1


def test_the_fifth_percentile_lies_between_frames():
    assert fifth_percentile(moments(*[i / 100 for i in range(101)])) == pytest.approx(0.05)
    assert fifth_percentile(moments(None)) is None


def test_frames_at_angles_nobody_has_measured_are_not_called_unusual():
    kept = [Moment(seconds=0, likeness=0.5, usual=usual) for usual in (True, False, None, False)]
    assert unusual_share(kept) == pytest.approx(2 / 3)
    assert unusual_share(moments(0.5)) is None
