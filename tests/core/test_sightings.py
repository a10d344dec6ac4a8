"""Whose faces are whose: jointly, at their place, doubled, between two."""

import math

import pytest
from tests.core.sights import LIMITS, OFF, A, B, C, apart, blurred, clip, seen

from samecast.core.sightings import between, given, moved

NOBODY = (0.425, -1.2)
"""Far from both, as near to one as to the other."""


def owners(*frames, characters: int = 2, **more):
    return [entry.faces for entry in given(clip(*frames, **more), characters, LIMITS, apart(characters))]


def test_who_stands_left_does_not_matter():
    assert owners([seen(A), seen(B, 0.6)], [seen(B), seen(A, 0.6)]) == [(0, 1), (1, 0)]


def test_a_stranger_in_company_is_nobody_and_alone_in_ones_place_is_the_character_drifted():
    assert owners([seen(A), seen(NOBODY, 0.4), seen(NOBODY, 0.7)]) == [(0, None)]
    assert owners([seen(A), seen(NOBODY, 0.6)]) == [(0, 1)]
    assert owners([seen(NOBODY, cast=1)], characters=1) == [(0,)]


def test_an_unlike_face_that_stays_at_the_characters_place_is_the_character_drifted():
    crowd = [seen(NOBODY, 0.4), seen(NOBODY, 0.7)]
    assert owners([seen(A), *crowd], [seen(NOBODY), *crowd]) == [(0, None), (0, None)]
    elsewhere = [seen(NOBODY, 0.25), *crowd]
    assert owners([seen(A), *crowd], elsewhere) == [(0, None), (None, None)]
    assert owners([seen(A), *crowd], [seen(NOBODY), *crowd], shots=(0, 1))[1] == (None, None)
    assert owners([seen(A), *crowd], [seen(NOBODY), *crowd], every=2.0)[1] == (None, None)


def test_a_face_that_cannot_be_measured_is_given_to_nobody():
    assert owners([seen(A), blurred(0.5)], [blurred()]) == [(0, None), (None, None)]


def test_a_second_face_of_one_character_is_a_double_and_nobody_elses():
    frame = [seen(A, nearest_other=0.3), seen((0.08, 0.0), 0.6, nearest_other=0.3)]
    (entry,) = given(clip(frame), 2, LIMITS, apart())
    assert entry.faces == (0, None)
    assert entry.doubles == ((0, 1),)


def test_a_blend_is_no_double():
    frame = [seen((0.4, 0.0), nearest_other=0.45), seen(B, 0.6, nearest_other=0.6), seen(A, 0.8, nearest_other=0.45)]
    (entry,) = given(clip(frame), 2, LIMITS, apart())
    assert entry.doubles == ()


def test_siblings_are_no_doubles():
    near = [seen(A, nearest_other=0.55), seen((0.3, 0.0), 0.6, nearest_other=0.55)]
    assert given(clip(near), 2, LIMITS)[0].doubles == ()
    alike_to_another = [seen(A, nearest_other=0.6), seen((0.1, 0.0), 0.4, nearest_other=0.4)]
    assert given(clip(alike_to_another), 2, LIMITS)[0].doubles == ()
    unlike_the_character = [seen(A, nearest_other=0.45), seen((0.0, -0.5), 0.6, nearest_other=0.45)]
    assert given(clip(unlike_the_character), 2, LIMITS)[0].doubles == ()
    both_cast = [seen(A, nearest_other=0.45), seen(B, 0.6, nearest_other=0.45)]
    assert given(clip(both_cast), 2, LIMITS)[0].doubles == ()


def test_halfway_between_two_is_a_blend_and_a_photograph_of_one_is_not():
    halfway = (0.425, 0.0)
    (entry,) = given(clip([seen(halfway), seen(B, 0.6)]), 2, LIMITS, apart())
    assert entry.blends == ((0, 0, 1),)
    assert given(clip([seen(A), seen(B, 0.6)]), 2, LIMITS, apart())[0].blends == ()
    assert given(clip([seen(halfway)]), 2, LIMITS)[0].blends == ()  # not told how far apart they are


def test_a_stranger_halfway_but_far_off_the_line_is_no_blend():
    assert given(clip([seen(NOBODY), seen(B, 0.6)]), 2, LIMITS, apart())[0].blends == ()


def test_two_whose_references_look_alike_have_no_between():
    halfway = clip([seen((0.425, 0.0), off=0.3)])
    assert given(halfway, 2, LIMITS, [[0.0, 0.85], [0.85, 0.0]])[0].blends
    assert given(halfway, 2, LIMITS, [[0.0, 0.70], [0.70, 0.0]])[0].blends == ()


def test_a_face_between_two_who_are_both_there_is_somebody_elses():
    frame = [seen(A), seen(B, 0.4), seen((0.425, 0.0), 0.7)]
    assert given(clip(frame), 2, LIMITS, apart())[0].blends == ()


def test_a_blend_names_the_two_it_lies_between_among_three():
    (entry,) = given(clip([seen((0.6375, 0.37), cast=3, off=0.3), seen(A, 0.6, cast=3)]), 3, LIMITS, apart(3))
    assert entry.blends == ((0, 1, 2),)
    assert entry.clear(clip([seen(C, cast=3)])[0], 1, LIMITS) is None


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_between_finds_a_point_again(share: float):
    a, b = (0.0, 0.0, 0.0), (0.8, 0.0, 0.0)
    point = (share * 0.8, 0.3, 0.2)
    along, off = between(math.dist(point, a), math.dist(point, b), 0.8)
    assert along == pytest.approx(share)
    assert off == pytest.approx(math.hypot(0.3, 0.2))


def test_moves_are_told_in_sizes_of_the_face():
    assert moved((0.1, 0.2, 0.1, 0.2), (0.2, 0.2, 0.1, 0.2)) == pytest.approx(1.0)
    assert moved((0.1, 0.2, 0.1, 0.2), (0.1, 0.4, 0.1, 0.2)) == pytest.approx(1.0)


def test_among_many_a_face_that_is_only_rather_near_is_a_stranger():
    rather = (math.sqrt(0.66**2 - OFF**2), 0.0)
    others = [seen(NOBODY, place, cast=1) for place in (0.3, 0.5, 0.7)]
    assert owners([seen(rather, cast=1), *others[:2]], characters=1) == [(0,)]
    assert owners([seen(rather, cast=1), *others], characters=1) == [(None,)]
    assert owners([seen(A, cast=1), *others], characters=1) == [(0,)]
