"""Places that are followed, and characters who change at one."""

import pytest
from tests.core.sights import LIMITS, A, B, apart, blurred, clip, seen

from samecast.core.sightings import given
from samecast.core.swapping import flips, places

LEFT, RIGHT = 0.1, 0.6


def found(frames):
    return flips(frames, given(frames, 2, LIMITS, apart()), LIMITS)


def seats(*pairs, **more):
    return clip(*([seen(left, LEFT), seen(right, RIGHT)] for left, right in pairs), **more)


def test_two_who_change_seats_without_moving_are_found_at_both_places():
    told = found(seats((A, B), (A, B), (B, A), (B, A)))
    assert {(flip.before, flip.after, flip.exchanged) for flip in told} == {(0, 1, True), (1, 0, True)}
    assert {(flip.first, flip.last) for flip in told} == {(2, 3)}


def test_across_a_cut_or_a_long_gap_anything_can_have_happened():
    change = ((A, B), (A, B), (B, A), (B, A))
    assert found(seats(*change, shots=(0, 0, 1, 1))) == []
    assert found(seats(*change, every=0.5)) == []


def test_a_slip_of_one_frame_is_no_change():
    assert found(seats((A, B), (A, B), (B, A), (A, B), (A, B))) == []
    assert found(seats((A, B), (A, B), (A, B), (B, A))) == []


def test_a_slow_change_through_frames_that_say_nothing_is_found():
    vague = [blurred(LEFT), blurred(RIGHT)]
    frames = clip(*[[seen(A, LEFT), seen(B, RIGHT)]] * 2, vague, *[[seen(B, LEFT), seen(A, RIGHT)]] * 2)
    assert {flip.exchanged for flip in found(frames)} == {True}


def test_one_face_that_turns_into_the_other_is_found_where_neither_is_elsewhere():
    frames = clip(*[[seen(A, LEFT)]] * 2, *[[seen(B, LEFT)]] * 2)
    (flip,) = found(frames)
    assert (flip.before, flip.after, flip.exchanged) == (0, 1, False)


def test_somebody_who_was_there_before_may_have_walked_in():
    frames = clip(*[[seen(A, LEFT), seen(B, RIGHT)]] * 2, *[[seen(B, LEFT)]] * 2)
    assert found(frames) == []


@pytest.mark.parametrize("step", [0.04, 0.08, 0.2])
def test_people_who_cross_are_not_swapped(step: float):
    steps = int(0.5 / step) + 1
    frames = clip(*([seen(A, LEFT + step * i), seen(B, RIGHT - step * i)] for i in range(steps)))
    assert found(frames) == []


def test_faces_side_by_side_are_not_followed():
    close = clip(*[[seen(A, 0.1), seen(B, 0.21)]] * 2, *[[seen(B, 0.1), seen(A, 0.21)]] * 2)
    assert places(close, LIMITS) == []
    assert found(close) == []


def test_a_place_ends_where_a_face_jumps_or_changes_size():
    assert len(places(clip([seen(A)], [seen(A)], [seen(A, 0.3)], [seen(A, 0.3)]), LIMITS)) == 2
