"""What production rests on: every promise about takes is one transaction, on both databases, from two threads too."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import text
from tests.library.conftest import NOW

from samecast.core.errors import BudgetReached, NotFound, StorageFailed
from samecast.core.story import Goal, Shot, Take
from samecast.library import Library
from samecast.ports import Standing

T = TypeVar("T")
MakeShot = Callable[..., Shot]


@pytest.fixture
def shot(library: Library, a_shot: MakeShot) -> Shot:
    made = a_shot()
    library.shots.add(made)
    return made


def both(*calls: Callable[[], T]) -> list[T | Exception]:
    """What each call gives, or raises, made at one moment from threads of their own."""
    start = Barrier(len(calls))

    def made(call: Callable[[], T]) -> T | Exception:
        start.wait()
        try:
            return call()
        except StorageFailed as error:
            raise AssertionError("the other one was in its way") from error
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(made, calls))


def more(shot: Shot, count: int, *, round: int = 2, cost: int = 0) -> list[Take]:
    first = len(shot.takes) + 1
    return [
        replace(shot.takes[0], id=f"{shot.id}-t{number}", number=number, round=round, cost=cost)
        for number in range(first, first + count)
    ]


# --- takes ------------------------------------------------------------------------------------------------------


def test_a_take_is_concluded_once(library: Library, shot: Shot) -> None:
    first = replace(shot.takes[0], state="done", asset="c" * 64, score='{"characters":[]}', cost=5, made_at=NOW)
    assert library.work.conclude_take(first) == first
    late = replace(first, asset="d" * 64, state="failed", error="too late", cost=0)
    assert library.work.conclude_take(late) == first
    assert library.work.take(first.id) == first
    assert library.work.take(shot.takes[1].id) == shot.takes[1]


def test_an_earlier_attempt_does_not_conclude_a_later_one(library: Library, shot: Shot) -> None:
    library.work.set_state(shot.id, "cancelled", only_from=["running"])
    library.work.queue_again(shot.id, failed=False)
    late = replace(shot.takes[0], state="failed", error="of the first attempt")
    kept = library.work.conclude_take(late)
    assert (kept.state, kept.attempt, kept.error) == ("waiting", 2, None)
    assert library.work.conclude_take(replace(late, attempt=2)).state == "failed"


def test_of_two_that_conclude_a_take_at_once_one_is_kept_and_both_know(library: Library, shot: Shot) -> None:
    assets = ["c" * 64, "d" * 64]
    for take in shot.takes:
        kept = both(
            *(
                lambda asset=asset, take=take: library.work.conclude_take(replace(take, state="done", asset=asset))
                for asset in assets
            )
        )
        assert kept[0] == kept[1] == library.work.take(take.id)
        assert library.work.take(take.id).asset in assets


def test_an_asset_is_claimed_from_what_was_seen(library: Library, shot: Shot) -> None:
    take = replace(shot.takes[0], asset="c" * 64, notes=("a", "ü"), seconds=1.5)
    assert library.work.claim_asset(take, instead_of=None) == "c" * 64
    kept = library.work.take(take.id)
    assert (kept.asset, kept.notes, kept.seconds, kept.state) == ("c" * 64, ("a", "ü"), 1.5, "waiting")
    slow = replace(take, asset="d" * 64, notes=("slow",), seconds=9.0)
    assert library.work.claim_asset(slow, instead_of=None) == "c" * 64
    assert library.work.take(take.id) == kept
    assert library.work.claim_asset(slow, instead_of="c" * 64) == "d" * 64
    assert library.work.take(take.id).notes == ("slow",)


def test_of_two_that_claim_at_once_both_learn_who_has_it(library: Library, shot: Shot) -> None:
    for take in shot.takes:
        told = both(
            *(
                lambda asset=asset, take=take: library.work.claim_asset(replace(take, asset=asset), instead_of=None)
                for asset in ("c" * 64, "d" * 64)
            )
        )
        assert told[0] == told[1] == library.work.take(take.id).asset


def test_a_job_is_dropped_and_counted_once(library: Library, shot: Shot) -> None:
    take = shot.takes[0]
    assert library.work.intend(take.id, 1)
    unanswered = library.work.take(take.id)
    library.work.keep_ticket(take.id, "job 7")
    submitted = library.work.take(take.id)
    assert not library.work.drop_job(unanswered, cost=40)  # it was answered meanwhile
    told = both(*[lambda: library.work.drop_job(submitted, cost=40)] * 2)
    assert told in ([False, True], [True, False])
    kept = library.work.take(take.id)
    assert (kept.ticket, kept.intended, kept.cost) == (None, None, take.cost + 40)
    assert library.work.intend(take.id, 1)
    unanswered = library.work.take(take.id)
    told = both(*[lambda: library.work.drop_job(unanswered, cost=40)] * 2)
    assert told in ([False, True], [True, False])
    assert library.work.take(take.id).cost == take.cost + 80


def test_submitting_is_only_begun_where_it_is_still_wanted(library: Library, shot: Shot) -> None:
    take = shot.takes[0]
    assert library.work.intend(take.id, 1)
    assert not library.work.intend(take.id, 1)  # of two workers with one take, one submits
    assert library.work.intend(take.id, 1, instead_of=1)
    assert (library.work.take(take.id).intended, library.work.take(take.id).ticket) == (1, None)
    library.work.keep_ticket(take.id, "job 7")
    assert (library.work.take(take.id).intended, library.work.take(take.id).ticket) == (None, "job 7")
    library.work.keep_ticket(take.id, None)
    assert (library.work.take(take.id).intended, library.work.take(take.id).ticket) == (None, None)
    assert not library.work.intend(take.id, 2)
    library.work.set_state(shot.id, "cancelled", only_from=["running"])
    assert not library.work.intend(take.id, 1)
    library.work.queue_again(shot.id, failed=False)
    assert not library.work.intend(take.id, 1)
    assert library.work.take(take.id).intended is None
    assert library.work.intend(take.id, 2)
    library.work.conclude_take(replace(library.work.take(take.id), state="done"))
    assert not library.work.intend(take.id, 2)


def test_a_take_there_is_not(library: Library, shot: Shot) -> None:
    with pytest.raises(NotFound, match="shots list"):
        library.work.take("nobody")
    with pytest.raises(NotFound):
        library.work.conclude_take(replace(shot.takes[0], id="nobody"))


# --- rounds -----------------------------------------------------------------------------------------------------


def test_a_round_is_added_once(library: Library, shot: Shot) -> None:
    takes = more(shot, 2)
    assert library.work.add_round(shot.id, 2, takes)
    assert not library.work.add_round(shot.id, 2, takes)
    assert not library.work.add_round(shot.id, 4, more(shot, 1, round=4))
    kept = library.shots.get(shot.id)
    assert (kept.round, [take.round for take in kept.takes]) == (2, [1, 1, 2, 2])
    assert kept.takes[2:] == tuple(takes)


def test_of_two_that_add_a_round_at_once_one_does(library: Library, a_shot: MakeShot) -> None:
    for number in range(5):
        shot = a_shot(f"r{number}")
        library.shots.add(shot)
        added = both(*[lambda shot=shot: library.work.add_round(shot.id, 2, more(shot, 2))] * 2)
        assert sorted(added) == [False, True]  # type: ignore[type-var]
        assert len(library.shots.get(shot.id).takes) == 4


def test_a_round_is_only_added_to_a_running_shot(library: Library, shot: Shot) -> None:
    library.work.set_state(shot.id, "cancelled", only_from=["running"])
    assert not library.work.add_round(shot.id, 2, more(shot, 1))
    assert library.shots.get(shot.id).takes == shot.takes


@pytest.mark.parametrize(
    "goal",
    [
        Goal(until=0.9, enough=1, most_takes=3),
        Goal(until=0.9, enough=1, most_money=109),
    ],
)
def test_no_round_crosses_a_ceiling_and_up_to_it_is_allowed(library: Library, a_shot: MakeShot, goal: Goal) -> None:
    shot = a_shot()
    shot = replace(shot, goal=goal, takes=tuple(replace(take, cost=33) for take in shot.takes))
    library.shots.add(shot)
    with pytest.raises(BudgetReached, match="would cross its budget"):
        library.work.add_round(shot.id, 2, more(shot, 2, cost=22))
    assert library.shots.get(shot.id) == shot
    assert library.work.add_round(shot.id, 2, more(shot, 1, cost=43))
    assert library.shots.get(shot.id).spent == 109


def test_a_ceiling_holds_whoever_adds_at_once(library: Library, a_shot: MakeShot) -> None:
    """What two workers may both be about to add, each on its own within the budget, is not added twice."""
    for number in range(5):
        shot = replace(a_shot(f"c{number}"), goal=Goal(until=0.9, enough=1, most_takes=3))
        library.shots.add(shot)
        third, fourth = more(shot, 2)
        add = partial(library.work.add_round, shot.id)
        both(partial(add, 2, [third]), partial(add, 2, [third]), partial(add, 3, [replace(fourth, round=3)]))
        assert len(library.shots.get(shot.id).takes) == 3


# --- states -----------------------------------------------------------------------------------------------------


def test_a_state_is_only_left_for_another_from_where_it_is(library: Library, shot: Shot) -> None:
    assert library.work.set_state(shot.id, "done", only_from=["running"])
    assert not library.work.set_state(shot.id, "cancelled", only_from=["running"])
    assert library.shots.get(shot.id).state == "done"
    assert library.work.set_state(shot.id, "running", only_from=["cancelled", "done"])
    with pytest.raises(NotFound):
        library.work.set_state("nothing", "done", only_from=["running"])


def test_standing_counts_what_waits_and_every_attempt(library: Library, shot: Shot) -> None:
    home = {"machine": shot.machine, "out": shot.out}
    assert library.work.standing(shot.id) == Standing(state="running", round=1, waiting=2, attempts=2, **home)
    library.work.conclude_take(replace(shot.takes[0], state="done"))
    assert library.work.standing(shot.id).waiting == 1
    library.work.set_state(shot.id, "cancelled", only_from=["running"])
    library.work.queue_again(shot.id, failed=False)
    assert library.work.standing(shot.id) == Standing(state="running", round=1, waiting=1, attempts=3, **home)
    with pytest.raises(NotFound):
        library.work.standing("nothing")


def test_resuming_queues_what_waits_and_nothing_else(library: Library, a_shot: MakeShot) -> None:
    shot = a_shot(takes=3)
    library.shots.add(shot)
    done = library.work.conclude_take(replace(shot.takes[0], state="done", asset="c" * 64))
    failed = library.work.conclude_take(replace(shot.takes[1], state="failed", error="it broke"))
    library.work.set_state(shot.id, "cancelled", only_from=["running"])
    again = library.work.queue_again(shot.id, failed=False)
    assert again.state == "running"
    assert again.takes == (done, failed, replace(shot.takes[2], attempt=2))
    assert library.shots.get(shot.id) == again


def test_trying_again_forgets_why_it_failed_and_what_was_submitted(library: Library, a_shot: MakeShot) -> None:
    shot = a_shot(takes=3)
    library.shots.add(shot)
    library.work.intend(shot.takes[1].id, 1)
    library.work.conclude_take(replace(shot.takes[0], state="done", asset="c" * 64))
    library.work.conclude_take(replace(shot.takes[1], state="failed", error="unsure", cost=40))
    library.work.set_state(shot.id, "cancelled", only_from=["running"])
    again = library.work.queue_again(shot.id, failed=True, price=40)
    second = again.takes[1]
    assert (second.state, second.attempt, second.error, second.ticket) == ("waiting", 2, None, None)
    assert second.cost == 80  # the first may have been paid for
    assert [take.attempt for take in again.takes] == [1, 2, 2]


def test_trying_again_leaves_alone_what_is_being_made(library: Library, shot: Shot) -> None:
    """A take that waits in a running shot is in somebody's hands: with another attempt it would be made twice."""
    library.work.conclude_take(replace(shot.takes[0], state="failed", error="it broke"))
    again = library.work.queue_again(shot.id, failed=True)
    assert [(take.state, take.attempt) for take in again.takes] == [("waiting", 2), ("waiting", 1)]


def test_trying_again_does_not_cross_the_ceiling(library: Library, a_shot: MakeShot) -> None:
    shot = replace(a_shot(), goal=Goal(until=0.9, enough=1, most_money=100))
    library.shots.add(shot)
    library.work.conclude_take(replace(shot.takes[0], state="failed", error="unsure", cost=60))
    before = library.shots.get(shot.id)
    with pytest.raises(BudgetReached):
        library.work.queue_again(shot.id, failed=True, price=60)
    assert library.shots.get(shot.id) == before
    assert library.work.queue_again(shot.id, failed=True, price=40).spent == 100


def test_a_failed_take_whose_asset_was_kept_costs_nothing_more(library: Library, shot: Shot) -> None:
    library.work.claim_asset(replace(shot.takes[0], asset="c" * 64), instead_of=None)
    library.work.conclude_take(replace(shot.takes[0], state="failed", asset="c" * 64, cost=60, error="not scored"))
    again = library.work.queue_again(shot.id, failed=True, price=40).takes[0]
    assert (again.asset, again.cost) == ("c" * 64, 60)


# --- what there is to do ----------------------------------------------------------------------------------------


def test_what_waits_the_oldest_shot_first(library: Library, a_shot: MakeShot) -> None:
    for number, shot_id in enumerate(("b", "c", "a")):
        library.shots.add(replace(a_shot(shot_id), created_at=NOW + timedelta(seconds=number)))
    library.shots.add(replace(a_shot("d"), state="cancelled"))
    library.work.conclude_take(replace(library.work.take("c-t1"), state="done"))
    assert [take.id for take in library.work.waiting()] == ["b-t1", "b-t2", "c-t2", "a-t1", "a-t2"]
    assert [take.id for take in library.work.waiting(limit=2)] == ["b-t1", "b-t2"]


def test_what_is_left_to_conclude(library: Library, a_shot: MakeShot) -> None:
    for shot_id in ("a", "b", "c"):
        library.shots.add(a_shot(shot_id, takes=1))
    library.work.conclude_take(replace(library.work.take("a-t1"), state="done"))
    library.work.conclude_take(replace(library.work.take("c-t1"), state="failed"))
    library.work.set_state("c", "done", only_from=["running"])
    assert library.work.unconcluded() == ["a"]


def test_the_pace_of_a_model_is_that_of_its_own_takes(library: Library, a_shot: MakeShot) -> None:
    assert library.work.pace("storyboard", "video") is None
    shot = a_shot(takes=10)
    library.shots.add(shot)
    for number, take in enumerate(shot.takes, start=1):  # clips of four seconds
        library.work.conclude_take(
            replace(take, state="done", seconds=4.0 * number, made_at=NOW + timedelta(seconds=number))
        )
    pace = library.work.pace("storyboard", "video")
    assert pace is not None
    assert (pace.takes, pace.median, pace.slow) == (10, 6.0, 10.0)
    assert library.work.pace("storyboard", "image") is None
    assert library.work.pace("other", "video") is None


# --- a shot that awaits another's pick --------------------------------------------------------------------------


@pytest.fixture
def pair(library: Library, a_shot: MakeShot) -> tuple[Shot, Shot]:
    """A shot, and one that begins with its pick."""
    first, after = a_shot("first"), replace(a_shot("after"), awaits="first", created_at=NOW + timedelta(seconds=1))
    library.shots.add(first, after)
    return first, after


def test_what_awaits_a_pick_is_not_made_before(library: Library, pair: tuple[Shot, Shot]) -> None:
    first, after = pair
    assert library.shots.get("after").awaits == "first"
    assert library.work.awaiting("first") == ["after"]
    assert library.work.awaiting("after") == []
    assert {take.shot_id for take in library.work.waiting()} == {"first"}
    assert sum(backlog.takes for backlog in library.census.tally().backlog) == len(first.takes)
    assert library.work.begin_with("after", "f" * 64)
    assert {take.shot_id for take in library.work.waiting()} == {"first", "after"}
    assert sum(backlog.takes for backlog in library.census.tally().backlog) == len(first.takes) + len(after.takes)


def test_a_first_frame_is_given_once_and_is_no_garbage(library: Library, pair: tuple[Shot, Shot]) -> None:
    first, after = pair
    assert library.work.begin_with("after", "f" * 64)
    assert not library.work.begin_with("after", "e" * 64)
    assert not library.work.begin_with("first", "e" * 64)
    begun = library.shots.get("after")
    assert (begun.awaits, {take.recipe.first_frame for take in begun.takes}) == ("", {"f" * 64})
    whole = [replace(take.recipe, first_frame="f" * 64) for take in after.takes]
    assert [take.recipe for take in begun.takes] == whole
    with library.database.read() as connection:
        digests = connection.execute(text("SELECT recipe_digest FROM takes WHERE shot_id = 'after' ORDER BY number"))
        borrowed = connection.execute(text("SELECT DISTINCT sha256 FROM take_files"))
        assert (list(digests.scalars()), list(borrowed.scalars())) == ([r.digest for r in whole], ["f" * 64])
    done = replace(begun.takes[0], state="done", asset="c" * 64, made_at=NOW)
    library.shots.finish_take(done)  # refused where its recipe were not the kept one
    assert library.shots.get("first").takes == first.takes


def test_with_a_shot_what_awaits_it_is_cancelled(library: Library, pair: tuple[Shot, Shot]) -> None:
    library.work.set_state("first", "done", only_from=["running"])
    assert library.shots.get("after").state == "running"
    library.work.set_state("first", "cancelled", only_from=["done"])
    assert library.shots.get("after").state == "cancelled"


def test_of_two_that_give_a_first_frame_at_once_one_does(library: Library, pair: tuple[Shot, Shot]) -> None:
    given = both(*(partial(library.work.begin_with, "after", name * 64) for name in "ef"))
    assert sorted(map(str, given)) == ["False", "True"]
    assert len({take.recipe.first_frame for take in library.shots.get("after").takes}) == 1
