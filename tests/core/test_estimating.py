"""What a shot will take: the range is right at its ends, and what is unknown is said."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.estimating import THIN, Estimate, Tempo, basis_of, duration, seconds_for, sentence


def tempo(usual: float = 10, slow: float = 15, *, at_once: int = 1, per_minute: int | None = None) -> Tempo:
    return Tempo(usual=usual, slow=slow, takes=12, at_once=at_once, per_minute=per_minute)


def test_the_low_end_is_one_round_and_the_high_end_all_that_is_allowed():
    assert seconds_for(3, 3, tempo()) == (30, 45)
    assert seconds_for(3, 6, tempo()) == (30, 90)


def test_takes_at_once_shorten_a_round_and_later_rounds_may_be_of_one_take():
    assert seconds_for(3, 6, tempo(at_once=2)) == (20, 2 * 15 + 3 * 15)
    assert seconds_for(3, 3, tempo(at_once=8)) == (10, 15)


def test_a_provider_that_takes_only_so_many_a_minute_is_waited_for():
    assert seconds_for(5, 5, tempo(at_once=5, per_minute=2)) == (120 + 10, 120 + 15)
    assert seconds_for(2, 2, tempo(at_once=2, per_minute=2)) == (10, 15)
    assert seconds_for(1, 5, tempo(1, 1, per_minute=1)) == (1, 240 + 1)


@given(
    st.integers(1, 64), st.integers(0, 64), st.floats(0, 1e4), st.floats(0, 1e4), st.integers(1, 9),
    st.none() | st.integers(1, 9),
)  # fmt: skip
def test_the_low_end_never_lies_above_the_high_end_and_more_takes_never_take_less(
    first: int, more: int, usual: float, slow: float, at_once: int, per_minute: int | None
):
    pace = Tempo(usual=usual, slow=max(usual, slow), takes=3, at_once=at_once, per_minute=per_minute)
    low, high = seconds_for(first, first + more, pace)
    assert 0 <= low <= high
    assert seconds_for(first, first + more + 1, pace)[1] >= high
    assert seconds_for(first + 1, first + more + 1, pace)[0] >= low


def test_what_it_rests_on_is_said_and_thin_grounds_are_called_thin():
    assert basis_of(tempo(), 0) == "Rendering time from 12 takes made here."
    thin = Tempo(usual=1, slow=1, takes=THIN - 1)
    assert basis_of(thin, 0) == "Rendering time from only 4 takes made here."
    assert basis_of(replace(thin, takes=THIN), 0) == "Rendering time from 5 takes made here."
    assert basis_of(Tempo(usual=1, slow=1, takes=1), 0) == "Rendering time from only 1 take made here."
    assert basis_of(None, None) == "No take of this model was made here yet: time unknown. Price unknown."


def test_the_sentence_says_takes_time_and_money():
    whole = Estimate(
        takes_first=3, takes_most=6, seconds=(40, 240), money=(720_000, 1_440_000), basis="Known.", cut="Cut."
    )
    assert sentence(whole) == "3 to 6 takes, about 40 s to 4 min, $0.72 to $1.44. Known. Cut."
    free = Estimate(takes_first=1, takes_most=1, seconds=(8, 8), money=(0, 0), basis="Known.")
    assert sentence(free) == "1 take, about 8 s, free. Known."
    quick = Estimate(takes_first=1, takes_most=2, seconds=(0.2, 8), money=(0, 0), basis="Known.")
    assert sentence(quick) == "1 to 2 takes, under 1 s to 8 s, free. Known."
    unknown = Estimate(takes_first=4, takes_most=4, seconds=None, money=None, basis=basis_of(None, None))
    assert sentence(unknown) == "4 takes. No take of this model was made here yet: time unknown. Price unknown."


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "under 1 s"), (1, "1 s"), (39.2, "40 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (90_000, "25 h")],
)
def test_durations_are_told_no_finer_than_they_are_meant(seconds: float, told: str):
    assert duration(seconds) == told
