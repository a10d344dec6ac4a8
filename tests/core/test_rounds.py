"""Shooting again: what holds, what is learnt, and two ceilings that no course of rounds crosses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.consistency import (
    CopyScore,
    Outcome,
    OutcomeKind,
    Score,
    ScoreVerdict,
    TakeScore,
    take_score_to_json,
)
from samecast.core.errors import InvalidInput
from samecast.core.money import Budget
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.core.rounds import (
    MOST_UNSAID,
    Again,
    Settled,
    goal_of,
    holds,
    next_round,
    options_at,
    recipe_for,
    takes_left,
)
from samecast.core.story import Goal, Shot, Take

MIRA = Member(handle="mira", name="Mira", version=1, digest="d", references=("0" * 64,))
RECIPE = Recipe(
    model="m", engine_version="1", kind="image", prompt="@mira", brief=Brief(), members=(MIRA,),
    width=8, height=8, seed=1,
)  # fmt: skip
SIX = Goal(until=0.9, enough=1, most_takes=6)


def score(
    p: float | None = 0.95, verdict: ScoreVerdict = "match", *, worst: float | None = None, looks: float | None = None
) -> Score:
    return Score(handle="mira", verdict=verdict, p_same=p, worst=worst, appearance=looks, encoder="e", reason="so")


def copied(entry: Score, *, by_design: bool) -> Score:
    return replace(entry, copy=CopyScore(verdict="copy", copied=1.0, reason="pixels", by_design=by_design))


def scored(*characters: Score, wrong: OutcomeKind | None = None) -> TakeScore:
    outcome = Outcome(kind=wrong or "extra", handles=("mira",), start=0, end=0, frames=1, reason="so")
    return TakeScore(characters=characters, outcomes=(outcome,) if wrong else ())


HELD, UNLIKE = scored(score(0.95)), scored(score(0.7))
MISSING, UNMEASURED = scored(score(None, "missing")), scored(score(None, "not_measurable"))
PASTED = scored(copied(score(0.99), by_design=False))
FAILED = None
Came: TypeAlias = TakeScore | None
"""What comes of a take: a score, or nothing where it fails."""


def shot_of(*rounds: Sequence[Came], goal: Goal | None = SIX, cost: int = 0) -> Shot:
    takes: list[Take] = []
    for number, came in ((n, came) for n, results in enumerate(rounds, 1) for came in results):
        at = len(takes) + 1
        take = Take(id=f"t{at}", shot_id="s", number=at, recipe=RECIPE, round=number, state="done", cost=cost)
        if isinstance(came, TakeScore):
            takes.append(replace(take, score=take_score_to_json(came)))
        else:
            takes.append(replace(take, state="failed", error="The provider refused it.", cost=0))
    return Shot(
        id="s", prompt="@mira", model="m", out="o", takes=tuple(takes), created_at=datetime.now(UTC),
        goal=goal, round=len(rounds),
    )  # fmt: skip


def after(*rounds: Sequence[Came], goal: Goal | None = SIX, price: int | None = 0, levels: int = 0) -> Again | Settled:
    return next_round(shot_of(*rounds, goal=goal), price=price, levels=levels)


def again(*rounds: Sequence[Came], goal: Goal = SIX, levels: int = 0) -> Again:
    decided = after(*rounds, goal=goal, levels=levels)
    assert isinstance(decided, Again), decided
    return decided


# --- what holds -------------------------------------------------------------------------------------------------


def test_a_take_holds_where_every_character_is_a_match_and_reaches_the_figure():
    assert holds(scored(score(0.9)), 0.9) is True
    assert holds(scored(score(0.8999)), 0.9) is False
    assert holds(scored(score(0.95), score(0.92)), 0.9) is True
    assert holds(scored(score(0.95), score(0.89)), 0.9) is False
    assert holds(scored(score(0.95, "drift")), 0.5) is False


def test_a_clip_is_judged_by_its_worst_stretch_and_a_cat_by_its_appearance():
    assert holds(scored(score(0.97, worst=0.6)), 0.9) is False
    assert holds(scored(score(0.97, worst=0.93)), 0.9) is True
    assert holds(scored(score(None, looks=0.93)), 0.9) is True
    assert holds(scored(score(None, looks=0.83)), 0.9) is False


def test_what_is_not_measurable_neither_holds_nor_falls_short():
    assert holds(UNMEASURED, 0.9) is None
    assert holds(scored(), 0.9) is None
    assert holds(scored(score(0.95), score(None, "not_measurable")), 0.9) is None
    assert holds(scored(score(None, "match")), 0.9) is None


def test_one_thing_known_to_be_wrong_is_enough():
    assert holds(MISSING, 0.9) is False
    assert holds(scored(score(0.5), score(None, "not_measurable")), 0.9) is False
    assert holds(scored(score(0.95), score(None, "missing"), score(None, "not_measurable")), 0.9) is False
    assert [holds(scored(score(0.95), wrong=kind), 0.9) for kind in ("swapped", "blended", "cloned")] == [False] * 3
    assert holds(scored(score(0.95), wrong="extra"), 0.9) is True


def test_a_paste_does_not_hold_unless_the_engine_composites_by_design():
    assert holds(PASTED, 0.9) is False
    assert holds(scored(copied(score(0.95), by_design=True)), 0.9) is True


# --- what happens after a round ---------------------------------------------------------------------------------


def test_a_shot_without_a_goal_is_settled_at_once():
    assert after([UNLIKE, UNLIKE], goal=None) == Settled(reached=True, why="")


def test_enough_takes_end_it():
    assert after([UNLIKE, HELD, HELD]) == Settled(reached=True, why="2 of 3 takes hold 0.90: enough.")
    assert after([HELD]) == Settled(reached=True, why="1 of 1 take holds 0.90: enough.")


def test_only_what_is_missing_is_shot_again():
    three = Goal(until=0.9, enough=3, most_takes=9)
    decided = again([HELD, HELD, UNLIKE], goal=three)
    assert decided.count == 1
    assert decided.why == "2 of 3 takes hold 0.90, 3 were wanted: 1 take more, with new seeds."
    assert again([HELD, UNLIKE, UNLIKE, UNLIKE], goal=three).count == 2
    assert again([HELD] + [UNLIKE] * 7, goal=three).count == 1, "the budget leaves no more"


def test_the_budget_of_takes_ends_it_failed_takes_included():
    settled = after([UNLIKE] * 3, [UNLIKE], [FAILED], [MISSING])
    assert settled == Settled(
        reached=False,
        why="None of 6 takes holds 0.90 (1 with somebody missing or mixed up, 1 failed), 1 was wanted: "
        "the budget of 6 takes is used up.",
    )


def test_the_budget_of_money_ends_it_before_it_is_crossed():
    goal = Goal(until=0.9, enough=1, most_money=1_000_000)
    shot = shot_of([UNLIKE, UNLIKE], goal=goal, cost=300_000)
    assert isinstance(next_round(shot, price=400_000, levels=0), Again), "to the last cent"
    settled = next_round(shot, price=400_001, levels=0)
    assert isinstance(settled, Settled)
    assert not settled.reached
    assert "$0.60 of $1.00 is spent, and another take costs $0.400001" in settled.why


def test_a_shot_that_was_charged_too_much_is_not_shot_again_not_even_for_nothing():
    goal = Goal(until=0.9, enough=1, most_money=1_000_000)
    shot = shot_of([UNLIKE, UNLIKE], goal=goal, cost=500_001)
    assert isinstance(next_round(shot, price=0, levels=0), Settled)


def test_failed_takes_that_cost_nothing_do_not_count_against_the_money():
    goal = Goal(until=0.9, enough=2, most_money=1_000_000)
    decided = next_round(shot_of([FAILED, UNLIKE], goal=goal, cost=500_000), price=500_000, levels=0)
    assert isinstance(decided, Again)
    assert decided.count == 1


def test_without_a_known_price_no_money_is_spent():
    settled = after([UNLIKE], goal=Goal(until=0.9, enough=1, most_money=10**9), price=None)
    assert isinstance(settled, Settled)
    assert "not known" in settled.why
    assert isinstance(after([UNLIKE], price=None), Again), "a ceiling of takes needs no price"


def test_a_free_model_ends_although_its_money_never_does():
    goal = Goal(until=0.9, enough=1, most_money=1_000_000)
    assert isinstance(after([UNLIKE] * (MOST_UNSAID - 1), goal=goal), Again)
    settled = after([UNLIKE] * MOST_UNSAID, goal=goal)
    assert isinstance(settled, Settled)
    assert f"{MOST_UNSAID} takes are the most" in settled.why


def test_two_rounds_that_cannot_be_measured_end_it_and_one_does_not():
    assert isinstance(after([UNMEASURED] * 2), Again)
    settled = after([UNMEASURED] * 2, [UNMEASURED, FAILED])
    assert isinstance(settled, Settled)
    assert not settled.reached
    assert "shooting more would not tell" in settled.why
    assert isinstance(after([UNMEASURED], [UNLIKE], [UNMEASURED]), Again)
    assert isinstance(after([UNMEASURED], [UNMEASURED, MISSING]), Again), "that somebody is missing was seen"


def test_everything_failed_twice_ends_it_and_says_why():
    assert isinstance(after([FAILED] * 2), Again)
    settled = after([FAILED] * 2, [FAILED])
    assert isinstance(settled, Settled)
    assert "every take of two rounds failed (The provider refused it)." in settled.why


def test_a_prompt_that_names_nobody_is_not_shot_again():
    shot = shot_of([scored()])
    nobody = replace(shot, takes=tuple(replace(t, recipe=replace(RECIPE, members=())) for t in shot.takes))
    settled = next_round(nobody, price=0, levels=0)
    assert isinstance(settled, Settled)
    assert "names no character" in settled.why


def test_a_round_that_is_still_made_is_not_judged():
    shot = shot_of([UNLIKE])
    waits = replace(shot, takes=(replace(shot.takes[0], state="waiting", score=None),))
    with pytest.raises(ValueError, match="still wait"):
        next_round(waits, price=0, levels=0)


# --- what is learnt ---------------------------------------------------------------------------------------------


def test_each_round_that_falls_short_by_likeness_goes_one_step_closer_up_to_the_last():
    rounds = [[UNLIKE, UNLIKE], [UNLIKE], [UNLIKE]]
    assert [again(*rounds[:n], levels=2).level for n in (1, 2, 3)] == [1, 2, 2]
    assert "held closer to the reference (step 1 of 2)" in again(rounds[0], levels=2).why
    assert "with new seeds" in again(*rounds, levels=2).why
    assert again(*rounds, levels=0).level == 0


def test_what_likeness_does_not_mend_gets_new_seeds_at_the_level_it_was():
    for other in (MISSING, UNMEASURED, FAILED, scored(score(0.95), wrong="swapped")):
        assert again([other, other], levels=3).level == 0
        assert again([UNLIKE, UNLIKE], [other], levels=3).level == 1
    assert again([MISSING, UNLIKE], levels=3).level == 1


def test_a_little_bad_luck_is_no_lesson():
    goal = Goal(until=0.9, enough=4, most_takes=9)
    assert again([HELD, HELD, UNLIKE, MISSING], goal=goal, levels=3).level == 0
    assert again([HELD, HELD, UNLIKE, UNLIKE], goal=goal, levels=3).level == 1


def test_pastes_lead_one_step_back_and_never_closer():
    assert again([PASTED], levels=3).level == 0
    assert again([UNLIKE], [PASTED, UNLIKE], levels=3).level == 0
    assert again([UNLIKE], [PASTED, UNLIKE, UNLIKE], levels=3).level == 2
    decided = again([UNLIKE], [UNLIKE], [PASTED], levels=3)
    assert decided.level == 1
    assert "held less close, since the reference was pasted (step 1 of 3)" in decided.why


def test_takes_that_fall_short_in_another_way_than_by_likeness_are_counted_in_words():
    decided = again([HELD, UNLIKE], [PASTED, UNMEASURED, UNMEASURED], goal=Goal(until=0.9, enough=3, most_takes=9))
    assert decided.why.startswith(
        "1 of 5 takes holds 0.90 (1 pasted from the reference, 2 not measurable), 3 were wanted: 2 takes more"
    )


def test_a_level_names_its_options_and_none_is_none():
    closer = ((("strength", "0.7"),), (("strength", "0.9"),))
    assert [options_at(closer, level) for level in (0, 1, 2, 3)] == [(), closer[0], closer[1], closer[1]]
    assert options_at((), 2) == ()


def test_a_recipe_for_shooting_again_differs_in_seed_and_options_alone():
    base = replace(RECIPE, options=(("steps", "30"), ("strength", "0.5")))
    made = recipe_for(base, 7, (("strength", "0.7"), ("guidance", "4")))
    assert made.options == (("guidance", "4"), ("steps", "30"), ("strength", "0.7"))
    assert replace(made, seed=base.seed, options=base.options) == base
    assert recipe_for(base, base.seed, ()) == base


# --- goals ------------------------------------------------------------------------------------------------------


def test_a_goal_is_a_figure_and_a_budget():
    assert goal_of(until=None, enough=1, budget=None) is None
    assert goal_of(until=0.9, enough=2, budget=Budget(takes=6)) == Goal(until=0.9, enough=2, most_takes=6)
    assert goal_of(until=0.9, enough=1, budget=Budget(money=5)) == Goal(until=0.9, enough=1, most_money=5)


@pytest.mark.parametrize("until", [0.0, 0.49, 0.991, 1.0, 90.0, -1.0, float("nan"), float("inf")])
def test_a_figure_that_nothing_can_reach_or_anything_would_is_refused(until: float):
    with pytest.raises(InvalidInput, match="cannot be waited for"):
        goal_of(until=until, enough=1, budget=Budget(takes=6))


def test_half_a_goal_is_refused_with_what_is_missing():
    with pytest.raises(InvalidInput, match="--budget 6"):
        goal_of(until=0.9, enough=1, budget=None)
    with pytest.raises(InvalidInput, match="Add --until"):
        goal_of(until=None, enough=1, budget=Budget(takes=6))
    with pytest.raises(InvalidInput, match="1 to 6 takes"):
        goal_of(until=0.9, enough=7, budget=Budget(takes=6))
    with pytest.raises(InvalidInput, match="at least one"):
        goal_of(until=0.9, enough=0, budget=Budget(money=6))


# --- any course of rounds ---------------------------------------------------------------------------------------

ANY: list[Came] = [HELD, UNLIKE, MISSING, UNMEASURED, PASTED, FAILED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A world: what take number n would come to and be charged, whichever round it is made in."""

    came: tuple[Came, ...]
    charges: tuple[float, ...]
    """Shares of the price."""
    price: int
    first: int

    def run(self, goal: Goal, *, levels: int = 2) -> tuple[Shot, list[Shot], Settled]:
        """Shoot to the end as a shot's worker would; also every planned state, with its money set aside."""
        shot = shot_of(goal=goal)
        planned = []
        fits = takes_left(made=0, spent=0, goal=goal, price=self.price)
        count, number = min(self.first, fits), 1
        while True:
            new = [self._waiting(len(shot.takes) + i, number) for i in range(1, count + 1)]
            shot = replace(shot, takes=(*shot.takes, *new), round=number)
            planned.append(shot)
            shot = replace(shot, takes=tuple(self._made(take) for take in shot.takes))
            decided = next_round(shot, price=self.price, levels=levels)
            if isinstance(decided, Settled):
                return shot, planned, decided
            assert decided.count >= 1
            assert 0 <= decided.level <= levels
            count, number = decided.count, number + 1

    def _waiting(self, at: int, round: int) -> Take:
        return Take(id=f"t{at}", shot_id="s", number=at, recipe=RECIPE, round=round, cost=self.price)

    def _made(self, take: Take) -> Take:
        if take.state != "waiting":
            return take
        came = self.came[take.number % len(self.came)]
        if not isinstance(came, TakeScore):
            return replace(take, state="failed", cost=0)
        charge = int(self.price * self.charges[take.number % len(self.charges)])
        return replace(take, state="done", score=take_score_to_json(came), cost=charge)


def courses(charges: st.SearchStrategy[float]) -> st.SearchStrategy[Course]:
    return st.builds(
        Course,
        came=st.lists(st.sampled_from(ANY), min_size=1, max_size=12).map(tuple),
        charges=st.lists(charges, min_size=1, max_size=5).map(tuple),
        price=st.integers(0, 500_000),
        first=st.integers(1, 8),
    )


GOALS = st.builds(
    Goal,
    until=st.just(0.9),
    enough=st.integers(1, 5),
    most_takes=st.none() | st.integers(1, 20),
    most_money=st.none() | st.integers(0, 3_000_000),
)


@given(courses(st.floats(0, 1)), GOALS)
def test_no_course_of_rounds_crosses_a_ceiling_and_every_course_ends(course: Course, goal: Goal):
    shot, planned, settled = course.run(goal)
    for state in planned:  # with what is set aside for takes that wait
        assert len(state.takes) <= (goal.most_takes if goal.most_takes is not None else MOST_UNSAID)
        assert goal.most_money is None or state.spent <= goal.most_money
    held = sum(holds_of(take) for take in shot.takes)
    assert settled.reached == (held >= goal.enough)
    assert settled.why.endswith(".")
    assert "\n" not in settled.why


def holds_of(take: Take) -> bool:
    return take.score == take_score_to_json(HELD)


@given(courses(st.floats(0, 1)), GOALS, st.integers(0, 10))
def test_more_takes_allowed_never_give_fewer(course: Course, goal: Goal, more: int):
    few = replace(goal, most_takes=goal.most_takes or 5, most_money=None)
    shot, _, settled = course.run(few)
    larger, _, later = course.run(replace(few, most_takes=(few.most_takes or 0) + more))
    assert len(larger.takes) >= len(shot.takes)
    assert later.reached or not settled.reached


@given(courses(st.just(1.0)), GOALS, st.integers(0, 3_000_000))
def test_more_money_never_gives_fewer(course: Course, goal: Goal, more: int):
    less = replace(goal, most_money=goal.most_money or 0, most_takes=None)
    shot, _, settled = course.run(less)
    larger, _, later = course.run(replace(less, most_money=(less.most_money or 0) + more))
    assert len(larger.takes) >= len(shot.takes)
    assert later.reached or not settled.reached


@given(st.lists(st.lists(st.sampled_from(ANY), min_size=1, max_size=4), min_size=1, max_size=4), GOALS, st.randoms())
def test_the_order_of_takes_does_not_matter(rounds: list[list[Came]], goal: Goal, random: Random):
    shot = shot_of(*rounds, goal=goal, cost=1000)
    shuffled = list(shot.takes)
    random.shuffle(shuffled)
    mixed = replace(shot, takes=tuple(shuffled))
    assert next_round(mixed, price=1000, levels=2) == next_round(shot, price=1000, levels=2)


def test_what_was_refused_is_not_asked_for_again():
    shot = shot_of([FAILED, FAILED])
    refused = replace(shot, takes=tuple(replace(take, failure="refused") for take in shot.takes))
    decided = next_round(refused, price=0, levels=0)
    assert isinstance(decided, Settled)
    assert "it was refused (The provider refused it)" in decided.why
    one = replace(shot, takes=(replace(shot.takes[0], failure="refused"), shot.takes[1]))
    assert isinstance(next_round(one, price=0, levels=0), Again), "the other failed by something else"
