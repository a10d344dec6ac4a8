"""Which model for her: what can be relied on decides, not luck, and nothing is recommended from too little."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from samecast.core.choosing import ENOUGH_JUDGED, Record, choose, ranked

SOME = Record(model="some", kind="image", takes=20, judged=20, matched=18, failed=0, seconds=200.0, cost=800_000)
LUCKY = replace(SOME, model="lucky", takes=5, judged=5, matched=5, seconds=5.0, cost=0)
DESIGNED = replace(SOME, model="storyboard", matched=20, by_design=True)


def test_two_lucky_takes_do_not_beat_eighteen_of_twenty():
    two = replace(LUCKY, takes=2, judged=2, matched=2)
    assert [record.model for record in ranked([two, DESIGNED, SOME])] == ["some", "lucky", "storyboard"]
    assert choose([[two, SOME, DESIGNED]], ["lucky", "some"], "storyboard").model == "some"


def test_what_a_take_is_worth_is_told_per_accepted_one():
    assert SOME.seconds_each == 200 / 18
    assert SOME.cost_each == round(800_000 / 18)
    none = replace(SOME, matched=0)
    assert (none.seconds_each, none.cost_each, none.rate) == (None, None, 0.0)
    assert replace(SOME, judged=0, matched=0).rate is None


def test_the_choice_says_why():
    choice = choose([[SOME]], ["some"], "storyboard")
    assert choice.why == "Shot on some: 18 of 20 judged takes matched there (95% CI 70-97)."
    few = replace(SOME, judged=ENOUGH_JUDGED - 1, matched=ENOUGH_JUDGED - 1)
    assert "Too few takes were judged" in choose([[few]], ["other", "some"], "storyboard").why
    assert choose([[few]], ["other", "some"], "storyboard").model == "other"
    assert choose([[SOME]], [], "storyboard").model == "storyboard"
    assert choose([], ["some"], "storyboard").model == "some"


def test_a_model_that_is_not_ready_is_not_chosen():
    assert choose([[SOME, replace(SOME, model="slow", matched=10)]], ["slow"], "storyboard").model == "slow"


def test_a_shot_of_two_goes_where_the_one_it_suits_least_fares_best():
    mira = [replace(SOME, model="a", matched=20), replace(SOME, model="b", matched=15)]
    tom = [replace(SOME, model="a", matched=2), replace(SOME, model="b", matched=14)]
    assert choose([mira, tom], ["a", "b"], "storyboard").model == "b"
    assert "14 of 20" in choose([mira, tom], ["a", "b"], "storyboard").why


def test_of_two_that_match_alike_the_cheaper_one():
    dear = replace(SOME, model="dear", cost=2_000_000)
    assert choose([[dear, SOME]], ["dear", "some"], "storyboard").model == "some"


@given(st.integers(0, 200), st.integers(0, 200))
def test_more_matches_of_as_many_never_rank_lower(one: int, other: int):
    total = 200
    better, worse = max(one, other), min(one, other)
    records = [replace(SOME, judged=total, matched=matched) for matched in (worse, better)]
    first = ranked(records)[0]
    assert first.matched == better
