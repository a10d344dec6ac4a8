"""Swapped, blended, cloned, missing and extra people: what is said, and what is not."""

from dataclasses import replace
from random import Random

import pytest
from tests.core.sights import LIMITS, A, B, apart, blurred, clip, seen

from samecast.core.consistency import REJECTED
from samecast.core.sightings import Limits, SeenFace, SeenFrame
from samecast.core.whoswho import outcomes, runs

NOBODY = (0.425, -1.2)
NAMES = ("ann", "bo")


def said(*frames, handles=NAMES, limits: Limits = LIMITS, **more):
    return outcomes(clip(*frames, **more), handles, limits, apart(len(handles)))


def kinds(*frames, **more):
    return [outcome.kind for outcome in said(*frames, **more)]


BOTH = [seen(A), seen(B, 0.6)]


def test_nothing_is_wrong_with_everybody_there():
    assert kinds(BOTH) == []
    assert kinds(*[BOTH] * 8) == []
    assert outcomes([], NAMES, LIMITS) == ()
    assert outcomes(clip(BOTH), (), LIMITS) == ()


def test_somebody_missing_in_a_still_is_said_without_a_timecode():
    (outcome,) = said([seen(A)])
    assert (outcome.kind, outcome.handles, outcome.frames) == ("missing", ("bo",), 1)
    assert outcome.reason == "@bo is not to be seen: no face there can be theirs."


def test_somebody_missing_for_a_while_is_said_with_its_timecodes():
    (outcome,) = said(*[BOTH] * 4, *[[seen(A)]] * 8, *[BOTH] * 4)
    assert (outcome.kind, outcome.start, outcome.end) == ("missing", pytest.approx(1.2), pytest.approx(3.3))
    assert "from 0:01 to 0:03" in outcome.reason
    assert outcome.kind not in REJECTED


def test_nobody_is_missing_while_somebody_cannot_be_made_out():
    assert kinds([seen(A), blurred(0.6)]) == []
    behind = [SeenFrame(seconds=0.0, faces=(seen(A),), unseen=True)]
    assert outcomes(behind, NAMES, LIMITS) == ()


def test_one_frame_without_a_face_is_noise_in_a_clip():
    assert kinds(BOTH, BOTH, [seen(A)], BOTH, BOTH) == []
    assert kinds(BOTH, [seen(A)], BOTH, [seen(A)], BOTH) == ["missing"]


def test_a_shot_of_one_judged_frame_is_judged_by_it():
    assert kinds(BOTH, BOTH, [seen(A)], shots=(0, 0, 1)) == ["missing"]


def test_more_people_than_the_cast_are_said_once_with_their_number():
    crowd = [*BOTH, *(seen(NOBODY, 0.02 * index) for index in range(23))]
    (outcome,) = said(*[BOTH] * 3, *[crowd] * 3, *[BOTH] * 3, *[crowd] * 3)
    assert outcome.kind == "extra"
    assert outcome.handles == ()
    assert outcome.frames == 6
    assert "a crowd of up to 23" in outcome.reason


def test_a_still_counts_exactly():
    (outcome,) = said([*BOTH, seen(NOBODY, 0.3), blurred(0.4)])
    assert outcome.reason == "Beside the cast of 2 the picture shows 2 others."


def test_who_stands_there_instead_of_one_missing_counts_among_the_others():
    missing, extra = said([seen(A), seen(NOBODY, 0.4), seen(NOBODY, 0.7)])
    assert (missing.kind, extra.kind) == ("missing", "extra")
    assert "2 others" in extra.reason
    (extra,) = said([seen(A), seen(NOBODY, 0.4), blurred(0.7)])  # one of them may be @bo
    assert "somebody else" in extra.reason


def test_a_passer_by_in_one_frame_is_not_worth_a_word():
    assert kinds(BOTH, BOTH, [*BOTH, blurred(0.3)], BOTH, BOTH) == []
    assert kinds(BOTH, [*BOTH, blurred(0.3)], [*BOTH, blurred(0.3)], BOTH) == ["extra"]


def test_people_around_a_cast_of_one_are_told_and_no_fault():
    (outcome,) = outcomes(clip([seen(A, cast=1), seen(NOBODY, 0.6, cast=1)]), ["ann"], LIMITS)
    assert outcome.kind == "extra"
    assert "no fault" in outcome.reason
    assert outcome.kind not in REJECTED


def test_a_stranger_in_ones_place_is_drift_and_said_by_the_score():
    assert kinds([seen(A), seen(NOBODY, 0.6)]) == []


def test_one_face_on_two_bodies_is_cloned_and_no_extra_person():
    twice = [seen(A, nearest_other=0.3), seen((0.05, 0.0), 0.6, nearest_other=0.3)]
    assert sorted(kinds(twice)) == ["cloned", "missing"]
    (outcome,) = said([*twice, seen(B, 0.8)])
    assert (outcome.kind, outcome.handles) == ("cloned", ("ann",))
    assert "twins, mirrors and portraits" in outcome.reason


def test_a_face_out_of_two_is_blended():
    (outcome,) = said(*[[seen((0.425, 0.0)), seen(B, 0.6)]] * 3)
    assert (outcome.kind, outcome.handles, outcome.frames) == ("blended", ("ann", "bo"), 3)


def test_what_was_not_measured_for_an_encoder_is_never_said():
    bare = Limits(match=0.60, stranger=0.60)
    assert kinds([seen((0.3, 0.0), off=0.3), seen(B, 0.6)], limits=bare) == []
    twice = [seen(A, nearest_other=0.1), seen(A, 0.4, nearest_other=0.1), seen(B, 0.8)]
    assert kinds(twice, limits=bare) == ["extra"]


def test_changing_places_without_a_cut_is_swapped():
    (outcome,) = said(*[BOTH] * 4, *[[seen(B), seen(A, 0.6)]] * 4)
    assert (outcome.kind, outcome.handles) == ("swapped", ("ann", "bo"))
    assert outcome.start == pytest.approx(1.2)
    assert "@ann and @bo change places at 0:01" in outcome.reason


def test_a_face_that_turns_into_the_others_is_swapped():
    told = {outcome.kind: outcome for outcome in said(*[[seen(A)]] * 4, *[[seen(B)]] * 4)}
    assert "one of @ann and @bo turns into the other at 0:01" in told["swapped"].reason


def worn(own: float | None, other: float | None):
    return [seen(A, worn=(own, other)), seen(B, 0.6, worn=(other, own))]


def test_each_in_the_others_clothes_is_swapped_where_both_references_show_theirs():
    (outcome,) = said(worn(0.1, 0.9))
    assert outcome.kind == "swapped"
    assert outcome.reason == "@ann and @bo wear each other's clothes."
    assert kinds(worn(0.9, 0.1)) == []
    assert kinds(worn(0.8, 0.9)) == []  # both dressed alike
    assert kinds(worn(0.1, 0.4)) == []  # other clothes altogether
    assert kinds(worn(None, 0.9)) == []
    assert kinds([seen(A, worn=(0.1, 0.9)), seen(B, 0.6, worn=(0.1, 0.9))]) == []  # only one of them


def test_runs_bridge_one_frame_join_at_cuts_and_keep_to_their_shot():
    frames = clip(*[[]] * 9, shots=(0, 0, 0, 0, 0, 1, 1, 1, 1))
    assert [(run.first, run.last, run.count) for run in runs(frames, {1, 3, 4}, 2)] == [(1, 4, 3)]
    assert [(run.first, run.last, run.count) for run in runs(frames, {3, 4, 5, 6}, 2)] == [(3, 6, 4)]
    assert runs(frames, {4, 5}, 2) == []


def drawn(dice: Random) -> list[SeenFace]:
    """Up to four faces side by side, near and far from each of three characters, some not measurable."""
    faces = []
    for index in range(dice.randrange(5)):
        spot = (dice.uniform(-0.1, 0.95), dice.choice((dice.uniform(-0.1, 0.8), -1.17)))
        face = seen(spot, cast=3, nearest_other=dice.choice((None, 0.3, 0.45, 0.8)))
        faces.append(replace(face if dice.random() < 0.9 else blurred(), box=(0.22 * index, 0.2, 0.1, 0.14)))
    return faces


@pytest.mark.parametrize("seed", range(60))
def test_the_order_in_which_faces_are_listed_means_nothing(seed: int):
    dice = Random(seed)
    scene = drawn(dice)
    scenes = [scene if dice.random() < 0.6 else drawn(dice) for _ in range(8)]
    shuffled = [dice.sample(faces, len(faces)) for faces in scenes]
    names = ("ann", "bo", "cy")
    told = outcomes(clip(*scenes), names, LIMITS, apart(3))
    assert outcomes(clip(*shuffled), names, LIMITS, apart(3)) == told
    assert all(outcome.reason.endswith(".") and "{" not in outcome.reason for outcome in told)
    assert all(outcome.start <= outcome.end and outcome.frames >= 1 for outcome in told)
