"""Scores, the worst stretch, the pick and its order, and the interval of a match rate."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.consistency import (
    AnchorScore,
    AnchorVerdict,
    CopyScore,
    Moment,
    Outcome,
    OutcomeKind,
    Quality,
    Score,
    Stretch,
    TakeScore,
    match_rate,
    p_same,
    pick,
    take_score_from_json,
    take_score_to_json,
    timecode,
)
from samecast.core.rates import figure


def take(verdict: Any = "match", p: float | None = 0.9, worst: float | None = None, coverage: float = 1.0) -> TakeScore:
    score = Score(
        handle="mira", verdict=verdict, p_same=p, worst=worst, worst_at=2.0 if worst is not None else None,
        coverage=coverage, encoder="e 1", reason="because",
    )  # fmt: skip
    return TakeScore(characters=(score,))


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


def changed(score: TakeScore, **more: Any) -> TakeScore:
    """The take with its one character changed."""
    return replace(score, characters=(replace(score.characters[0], **more),))


def anchor(verdict: AnchorVerdict) -> AnchorScore:
    return AnchorScore(text="scar", kind="mark", verdict=verdict, reason="r")


@pytest.mark.parametrize("kind", ["swapped", "blended", "cloned"])
def test_a_take_with_the_wrong_person_in_a_role_is_never_picked(kind: OutcomeKind):
    wrong = Outcome(kind=kind, handles=("mira",), start=0, end=1, frames=3, reason="Two are one.")
    best = replace(take(p=0.99), outcomes=(wrong,))
    assert pick([best, take("drift", 0.2)]).index == 1
    assert "Two are one" in pick([best]).why


def test_more_people_than_were_cast_do_not_spoil_a_take():
    crowd = Outcome(kind="extra", handles=(), start=0, end=1, frames=3, reason="A crowd.")
    assert pick([replace(take(p=0.99), outcomes=(crowd,)), take(p=0.8)]).index == 0


def test_a_paste_is_not_rewarded_unless_the_engine_works_that_way():
    def pasted(by_design: bool) -> TakeScore:
        copy = CopyScore(verdict="copy", copied=0.99, reason="r", by_design=by_design)
        return changed(take(p=0.999), copy=copy)

    assert pick([pasted(False), take(p=0.7)]).index == 1
    assert pick([pasted(True), take(p=0.7)]).index == 0
    assert "pastes the reference" in pick([pasted(False)]).why


def test_anchors_decide_between_takes_that_are_about_as_alike_and_never_before():
    lost = changed(take(p=0.93), anchors=(anchor("lost"),))
    assert pick([lost, changed(take(p=0.91), anchors=(anchor("held"),))]).index == 1
    assert pick([lost, changed(take(p=0.6), anchors=(anchor("held"),))]).index == 0
    unseen = changed(take(p=0.91), anchors=(anchor("not_assessable"),))
    assert pick([lost, unseen]).index == 1


def test_then_the_take_that_moves_is_steady_and_sharp():
    still, moving = Quality(frozen=0.9, sharpness=0.9), Quality(frozen=0.0, sharpness=0.5)
    flickering, steady = Quality(flicker=9.0, sharpness=0.9), Quality(flicker=0.2, sharpness=0.5)
    for worse, better in ((still, moving), (flickering, steady), (Quality(sharpness=0.2), Quality(sharpness=0.8))):
        assert pick([replace(take(p=0.92), quality=worse), replace(take(p=0.91), quality=better)]).index == 1


def test_figures_of_different_encoders_are_never_compared():
    chosen = pick([take(p=0.9), changed(take(p=0.8), encoder="f 2")])
    assert chosen.index is None
    assert "different encoders" in chosen.why
    assert pick([take(p=0.9), changed(take("not_measurable", None), encoder="none")]).index == 0


def test_the_winner_is_told_with_the_mean_over_all_takes():
    assert "over all 3 takes the mean is 0.70" in pick([take(p=0.9), take(p=0.7), take(p=0.5)]).why


def test_the_weakest_character_counts_for_the_whole_take():
    strong, weak = take(p=0.99).characters[0], take(p=0.6).characters[0]
    both = TakeScore(characters=(strong, weak))
    assert pick([both, take(p=0.7)]).index == 1


def test_without_a_character_nothing_is_picked_and_the_reason_is_given():
    chosen = pick([TakeScore(), TakeScore()])
    assert chosen.index is None
    assert "no character" in chosen.why


def test_the_interval_is_wilsons_and_the_rate_counts_misses_as_failures():
    assert match_rate([take()] * 14 + [take("missing", None)] * 2) == ("14/16 = 88% (95% CI 64-97), FAR not known")
    known = [changed(take(), far=0.01), changed(take(), far=0.05), take("missing", None)]
    assert match_rate(known).endswith(", FAR 5%")


def test_scores_travel_through_json_unchanged():
    score = Score(
        handle="mira", verdict="drift", p_same=0.4, worst=0.2, worst_at=1.5, coverage=0.5, encoder="e 1",
        reason="r", composited=True,
        moments=(Moment(seconds=0.5, likeness=None), Moment(seconds=1, likeness=0, usual=False)),
        failing=Stretch(start=1, end=2, frames=2, likeness=0.1), anchors=(anchor("moved"),),
        copy=CopyScore(verdict="anew", copied=0.1, reason="r"), p5=0.2, slope=-0.1, far=0.01,
    )  # fmt: skip
    outcome = Outcome(kind="swapped", handles=("mira", "jo"), start=0, end=1, frames=2, reason="r")
    whole = TakeScore(characters=(score,), outcomes=(outcome,), quality=Quality(sharpness=0.5))
    assert take_score_from_json(take_score_to_json(whole)) == whole


def test_scores_kept_by_an_earlier_samecast_can_still_be_read():
    kept = (
        '{"characters":[{"handle":"mira","verdict":"match","p_same":0.9,"appearance":null,"worst":null,'
        '"worst_at":null,"coverage":1.0,"encoder":"e 1","reason":"r","composited":false,'
        '"moments":[{"seconds":0.5,"likeness":0.9,"gap":null}]}]}'
    )
    assert take_score_from_json(kept).characters[0].moments[0].likeness == 0.9


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
