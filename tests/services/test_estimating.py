"""Before a shot: its first round fits its budget, or it is refused; and the estimate says what it rests on."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput
from samecast.core.estimating import sentence
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.core.rounds import MOST_UNSAID
from samecast.core.story import Goal, Shot, Take
from samecast.ports import Cost, ModelProfile, Pace
from samecast.services.estimating import Estimating, Prepared

MIRA = Member(handle="mira", name="Mira", version=1, digest="d", references=("0" * 64,))
CLIP = Recipe(
    model="hosted", engine_version="1", kind="video", prompt="@mira", brief=Brief(), members=(MIRA,),
    width=8, height=8, seed=1, seconds=4.0, fps=24,
)  # fmt: skip
STILL = replace(CLIP, kind="image", seconds=0.0, fps=0)
HOSTED = ModelProfile(
    id="hosted", name="Hosted", engine="h", kinds=("image", "video"), aspects=((1, 1),), max_seconds=10,
    max_characters=2, deterministic=False, composites=False, price="", licence="", resource="elsewhere",
    cost=Cost(per_image=40_000, per_second=60_000),
)  # fmt: skip
FREE = replace(HOSTED, resource="cpu", cost=Cost())
UNPRICED = replace(HOSTED, cost=None)


@dataclass
class History:
    """Takes made here before, by model and kind."""

    known: dict[tuple[str, str], Pace] = field(default_factory=dict)

    def pace(self, model: str, kind: str) -> Pace | None:
        return self.known.get((model, kind))


MADE = History(
    {
        ("hosted", "video"): Pace(takes=12, median=2.5, slow=5.0),
        ("hosted", "image"): Pace(takes=3, median=8.0, slow=9.0),
    }
)


def planned(takes: int = 3, *, recipe: Recipe = CLIP, goal: Goal | None = None) -> Shot:
    return Shot(
        id="s", prompt="@mira", model="hosted", out="o", created_at=datetime.now(UTC), goal=goal,
        takes=tuple(
            Take(id=f"s-{n}", shot_id="s", number=n, recipe=replace(recipe, seed=n)) for n in range(1, takes + 1)
        ),
    )  # fmt: skip


def prepared(shot: Shot, profile: ModelProfile = HOSTED, *, slots: int = 1, history: History = MADE) -> Prepared:
    return Estimating(work=history).prepare(shot, profile, slots=slots)


def takes(most: int, enough: int = 1) -> Goal:
    return Goal(until=0.9, enough=enough, most_takes=most)


def money(micros: int) -> Goal:
    return Goal(until=0.9, enough=1, most_money=micros)


def test_without_a_goal_it_is_one_round_at_the_pace_of_this_model_and_kind():
    of_clips = prepared(planned(3)).estimate
    assert (of_clips.takes_first, of_clips.takes_most) == (3, 3)
    assert of_clips.seconds == (3 * 2.5 * 4, 3 * 5.0 * 4)
    assert of_clips.money == (3 * 240_000, 3 * 240_000)
    assert sentence(of_clips) == "3 takes, about 30 s to 60 s, $0.72. Rendering time from 12 takes made here."
    of_stills = prepared(planned(4, recipe=STILL)).estimate
    assert of_stills.seconds == (32.0, 36.0)
    assert sentence(of_stills) == "4 takes, about 32 s to 36 s, $0.16. Rendering time from only 3 takes made here."


def test_with_a_goal_it_reaches_to_what_the_budget_allows():
    estimate = prepared(planned(3, goal=takes(6))).estimate
    assert (estimate.takes_first, estimate.takes_most) == (3, 6)
    assert estimate.money == (720_000, 1_440_000)
    assert prepared(planned(3, goal=money(2_500_000))).estimate.takes_most == 10
    assert prepared(planned(3, goal=money(2_500_000)), FREE).estimate.takes_most == MOST_UNSAID


def test_workers_make_several_at_once_but_no_more_than_the_provider_does():
    assert prepared(planned(4), slots=4).estimate.seconds == (10, 20)
    assert prepared(planned(4), replace(HOSTED, at_once=2), slots=4).estimate.seconds == (20, 40)
    assert prepared(planned(3), replace(HOSTED, per_minute=1), slots=4).estimate.seconds == (130, 140)


def test_what_nobody_knows_is_said_and_not_guessed():
    estimate = prepared(planned(3), UNPRICED, history=History()).estimate
    assert (estimate.seconds, estimate.money) == (None, None)
    assert sentence(estimate) == "3 takes. No take of this model was made here yet: time unknown. Price unknown."
    other = History({("hosted", "image"): Pace(takes=9, median=1, slow=1)})
    assert prepared(planned(3), history=other).estimate.seconds is None, "an image says nothing about a clip"


def test_a_budget_of_money_with_an_unknown_price_is_refused_and_one_of_takes_is_not():
    with pytest.raises(InvalidInput, match="not known") as refused:
        prepared(planned(3, goal=money(10_000_000)), UNPRICED)
    assert "--budget 6" in refused.value.hint
    assert prepared(planned(3, goal=takes(6)), UNPRICED).estimate.takes_most == 6


def test_a_budget_for_less_than_one_take_is_refused_with_what_would_do():
    with pytest.raises(InvalidInput, match=r"costs \$0.24, and the budget is \$0.10") as refused:
        prepared(planned(3, goal=money(100_000)))
    assert "--budget 0.24," in refused.value.hint
    assert len(prepared(planned(3, goal=money(240_000))).shot.takes) == 1


def test_a_first_round_that_would_cross_the_budget_is_cut_and_says_so():
    shot = planned(5, goal=money(500_000))
    cut = prepared(shot)
    assert cut.shot.takes == shot.takes[:2]
    assert cut.estimate.takes_first == cut.estimate.takes_most == 2
    assert sentence(cut.estimate).endswith(
        "The first round is 2 takes instead of 5: more would cross the budget of $0.50."
    )
    by_takes = prepared(planned(5, goal=Goal(until=0.9, enough=1, most_takes=4, most_money=9_000_000)))
    assert by_takes.estimate.cut.endswith(
        "The first round is 4 takes instead of 5: more would cross the budget of 4 takes."
    )
    assert prepared(planned(2, goal=money(500_000))).estimate.cut == ""


def test_a_budget_of_less_than_the_takes_that_are_to_hold_is_refused():
    wanted = Goal(until=0.9, enough=3, most_money=500_000)
    with pytest.raises(InvalidInput, match="3 takes are to hold, and the budget allows 2 in all"):
        prepared(planned(3, goal=wanted))
    assert prepared(planned(3, goal=replace(wanted, most_money=720_000))).estimate.takes_most == 3


def test_a_goal_without_a_character_is_refused():
    nobody = replace(CLIP, members=())
    with pytest.raises(InvalidInput, match="names no character"):
        prepared(planned(3, recipe=nobody, goal=takes(6)))
    assert prepared(planned(3, recipe=nobody)).estimate.takes_first == 3


@given(
    st.integers(1, 64), st.integers(1, 5), st.none() | st.integers(1, 64), st.none() | st.integers(0, 10_000_000),
    st.integers(0, 1_000_000),
)  # fmt: skip
def test_what_is_prepared_never_crosses_its_budget(
    asked: int, enough: int, most_takes: int | None, most_money: int | None, per_second: int
):
    goal = Goal(until=0.9, enough=enough, most_takes=most_takes, most_money=most_money)
    profile = replace(HOSTED, cost=Cost(per_second=per_second))
    try:
        ready = prepared(planned(asked, goal=goal), profile)
    except InvalidInput:
        few = most_takes is not None and most_takes < enough
        assert few or (most_money is not None and most_money < per_second * 4 * enough)
        return
    first, most = ready.estimate.takes_first, ready.estimate.takes_most
    assert 1 <= first == len(ready.shot.takes) <= min(asked, most)
    assert most >= enough
    assert most <= (most_takes or MOST_UNSAID)
    assert ready.estimate.money is not None
    assert most_money is None or ready.estimate.money[1] <= most_money
    assert bool(ready.estimate.cut) == (first < asked)
