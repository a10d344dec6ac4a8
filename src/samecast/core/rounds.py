"""Shooting again until it holds: what is decided after a round, from the shot alone, so that anybody decides the same.

A shot with a goal is made in rounds. After each, `next_round` says whether to go on: with how many takes, and how much
closer to the reference; or why to stop. Budgets are ceilings: nothing decided here can cross one. Whoever adds the
takes checks them again in the database, where others may be adding too; what is picked is `consistency`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from samecast.core.consistency import HOLDS, REJECTED, Score, TakeScore, take_score_from_json
from samecast.core.errors import InvalidInput
from samecast.core.money import Budget, dollars
from samecast.core.recipe import Recipe
from samecast.core.story import Goal, Shot, Take

MOST_UNTIL = 0.99
"""No figure is told above this, so none can be waited for."""
MOST_UNSAID = 64
"""Where no ceiling of takes was given, a shot ends at so many: a free take would never use up its money."""
IDLE_ROUNDS = 2
"""After so many rounds that told nothing at all, a shot ends."""

Finding: TypeAlias = Literal["held", "unlike", "pasted", "amiss", "unmeasured", "failed"]
"""What came of a take. *unlike*: it falls short by likeness alone. *pasted*: it is the reference's own pixels again.
*amiss*: somebody is missing, swapped, blended or cloned. *unmeasured*, and *failed*: it tells nothing."""
Options: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Shoot `count` more takes. `level`: which of the model's steps closer to use, from 1; 0: only new seeds."""

    count: int
    level: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Shoot no more. `reached`: whether enough takes hold; `why` in one sentence, "" where there was no goal."""

    reached: bool
    why: str


def goal_of(*, until: float | None, enough: int, budget: Budget | None) -> Goal | None:
    """The goal a user gave; None where none was given. Raises `InvalidInput` for one that cannot be worked towards."""
    if until is None and budget is None:
        return None
    if until is None:
        raise InvalidInput(
            "A budget needs to know when a take holds.", hint="Add --until, such as --until 0.9, or leave it out."
        )
    if budget is None:
        raise InvalidInput(
            "Shooting until takes hold needs a budget.",
            hint="Add --budget 6 for at most 6 takes, or --budget 2.50 for at most $2.50.",
        )
    if not HOLDS <= until <= MOST_UNTIL:
        raise InvalidInput(
            f"{until:g} cannot be waited for.", hint=f"Give --until a figure from {HOLDS:g} to {MOST_UNTIL:g}."
        )
    if enough < 1 or (budget.takes is not None and enough > budget.takes):
        raise InvalidInput(
            f"{enough} takes cannot hold within this budget.",
            hint=f"Ask for 1 to {budget.takes} takes." if budget.takes else "Ask for at least one take.",
        )
    return Goal(until=until, enough=enough, most_takes=budget.takes, most_money=budget.money)


def holds(score: TakeScore, until: float) -> bool | None:
    """Whether every character is a match and its judged figure reaches `until`; None where it cannot be told.

    The figure is the worst stretch of a clip, the likeness of an image (`Score.weakest`). False as soon as one thing is
    known to be wrong: somebody falls short or is missing, two are mixed up, or it only pastes the reference (which
    scores perfectly and means nothing; engines that composite by design are let off). None, so that nobody counts it as
    held or as fallen short: nothing of that, but somebody, or everybody, could not be measured.
    """
    finding = _finding_of(score, until)
    return None if finding == "unmeasured" else finding == "held"


def next_round(shot: Shot, *, price: int | None, levels: int) -> Again | Settled:
    """What to do after a round, of which no take waits any more (`ValueError` where one does).

    `price`: what one more take costs, in micros; None: unknown. `levels`: how many steps closer the model's profile
    has. Which take came first within its round makes no difference.

    A step closer costs variety, and at its end the reference is pasted. So it is taken after a round in which at least
    as many takes fell short by likeness alone as held: there, the settings are to blame. Where fewer did, it was the
    seed's luck; and somebody missing, mixed up or not measurable is not brought back by likeness: new seeds then, at
    the level it was. After a round with at least as many pastes as takes that fell short by likeness, one step back.
    """
    if not shot.finished:
        raise ValueError(f"takes of the shot {shot.id} still wait")
    goal = shot.goal
    if goal is None:
        return Settled(reached=True, why="")
    if not any(take.recipe.members for take in shot.takes):
        return Settled(reached=False, why="The prompt names no character, so there is nothing to measure.")
    found = [(take.round, _finding(take, goal.until)) for take in shot.takes]
    held = sum(finding == "held" for _, finding in found)
    tally = _tally(len(shot.takes), goal, held)
    if held >= goal.enough:
        return Settled(reached=True, why=f"{tally}: enough.")
    tally = f"{tally}{_besides([finding for _, finding in found])}, {_wanted(goal)}"
    rounds = _by_round(found)
    end = _refused(shot) or _idle(rounds, shot.takes) or _budget_end(shot, goal, price)
    if end:
        return Settled(reached=False, why=f"{tally}: {end}.")
    count = min(goal.enough - held, _left(shot, goal, price))
    level = _level(rounds, levels)
    return Again(count=count, level=level, why=f"{tally}: {_more(count, level, rounds, levels)}.")


def takes_left(*, made: int, spent: int, goal: Goal, price: int | None) -> int:
    """How many more takes fit under both ceilings after `made` takes for `spent` micros; 0 where the price is needed
    and unknown."""
    by_takes = (goal.most_takes if goal.most_takes is not None else MOST_UNSAID) - made
    if goal.most_money is None:
        return max(0, by_takes)
    if price is None or spent > goal.most_money:
        return 0
    return max(0, by_takes if price == 0 else min(by_takes, (goal.most_money - spent) // price))


def options_at(closer: Sequence[Options], level: int) -> Options:
    """A model's options at a level: none at 0, the last step's beyond the last."""
    return closer[min(level, len(closer)) - 1] if level and closer else ()


def recipe_for(recipe: Recipe, seed: int, options: Options) -> Recipe:
    """The same recipe with another seed and further options, sorted by name; of two of one name the later wins."""
    return replace(recipe, seed=seed, options=tuple(sorted(dict([*recipe.options, *options]).items())))


# --- what came of a take ----------------------------------------------------------------------------------------


def _finding(take: Take, until: float) -> Finding:
    if take.state == "failed":
        return "failed"
    return "unmeasured" if take.score is None else _finding_of(take_score_from_json(take.score), until)


def _finding_of(score: TakeScore, until: float) -> Finding:
    wrong = any(outcome.kind in REJECTED for outcome in score.outcomes)
    if wrong or any(entry.verdict == "missing" for entry in score.characters):
        return "amiss"
    measured = [entry for entry in score.characters if _measured(entry)]
    if any(entry.verdict != "match" or entry.weakest < until for entry in measured):
        return "unlike"
    if any(entry.pasted for entry in score.characters):
        return "pasted"
    return "held" if measured and len(measured) == len(score.characters) else "unmeasured"


def _measured(score: Score) -> bool:
    return score.verdict in ("match", "drift") and score.likeness is not None


def _by_round(found: Sequence[tuple[int, Finding]]) -> list[list[Finding]]:
    """What came of each round's takes, the first round first."""
    return [[finding for round, finding in found if round == number] for number in sorted({n for n, _ in found})]


# --- deciding ---------------------------------------------------------------------------------------------------


def _level(rounds: Sequence[Sequence[Finding]], levels: int) -> int:
    level = 0
    for findings in rounds:
        level = max(0, min(levels, level + _lesson(findings)))
    return level


def _lesson(findings: Sequence[Finding]) -> int:
    """One step closer, one back, or neither."""
    unlike, pasted = findings.count("unlike"), findings.count("pasted")
    if pasted and pasted >= unlike:
        return -1
    return 1 if unlike and unlike >= findings.count("held") else 0


def _refused(shot: Shot) -> str:
    """Why asking once more would be refused once more: every take of the last round was; "" where not."""
    last = [take for take in shot.takes if take.round == shot.round]
    if not last or any(take.failure != "refused" for take in last):
        return ""
    return f"it was refused ({(last[0].error or '').rstrip('.')})"


def _idle(rounds: Sequence[Sequence[Finding]], takes: Sequence[Take]) -> str:
    """Why the last rounds say that more of them would tell nothing; "" where they do not say so."""
    last = [finding for findings in rounds[-IDLE_ROUNDS:] for finding in findings]
    if len(rounds) < IDLE_ROUNDS or not set(last) <= {"unmeasured", "failed"}:
        return ""
    if set(last) == {"failed"}:
        reasons = sorted({take.error.rstrip(".") for take in takes if take.state == "failed" and take.error})
        return "every take of two rounds failed" + (f" ({reasons[0]})" if reasons else "")
    return "nothing could be measured in two rounds, and shooting more would not tell"


def _left(shot: Shot, goal: Goal, price: int | None) -> int:
    return takes_left(made=len(shot.takes), spent=shot.spent, goal=goal, price=price)


def _budget_end(shot: Shot, goal: Goal, price: int | None) -> str:
    """Which ceiling leaves no room for another take; "" where there is room."""
    if _left(shot, goal, price) > 0:
        return ""
    if goal.most_takes is not None and len(shot.takes) >= goal.most_takes:
        return f"the budget of {_count(goal.most_takes)} is used up"
    if goal.most_money is None or (price is not None and shot.spent + price <= goal.most_money):
        return f"{_count(MOST_UNSAID)} are the most that are made where the budget does not say how many"
    if price is None:
        return "what a take costs is not known, so another might cross the budget"
    return f"{dollars(shot.spent)} of {dollars(goal.most_money)} is spent, and another take costs {dollars(price)}"


# --- in words ---------------------------------------------------------------------------------------------------


def _tally(takes: int, goal: Goal, held: int) -> str:
    """'2 of 5 takes hold 0.90'."""
    verb = "hold" if held > 1 else "holds"
    return f"{held or 'None'} of {_count(takes)} {verb} {_told(goal.until)}"


def _besides(found: Sequence[Finding]) -> str:
    """' (2 not measurable, 1 failed)': the takes that fell short in another way than by likeness; "" for none."""
    told: dict[Finding, str] = {
        "amiss": "with somebody missing or mixed up",
        "pasted": "pasted from the reference",
        "unmeasured": "not measurable",
        "failed": "failed",
    }
    counts = [f"{found.count(finding)} {words}" for finding, words in told.items() if finding in found]
    return f" ({', '.join(counts)})" if counts else ""


def _wanted(goal: Goal) -> str:
    return f"{goal.enough} {'was' if goal.enough == 1 else 'were'} wanted"


def _more(count: int, level: int, rounds: Sequence[Sequence[Finding]], levels: int) -> str:
    before = _level(rounds[:-1], levels)
    takes = f"{_count(count)} more"
    if level > before:
        return f"{takes}, held closer to the reference (step {level} of {levels})"
    if level < before:
        back = f"step {level} of {levels}" if level else "as at first"
        return f"{takes}, held less close, since the reference was pasted ({back})"
    return f"{takes}, with new seeds"


def _count(takes: int) -> str:
    return f"{takes} take" if takes == 1 else f"{takes} takes"


def _told(until: float) -> str:
    return f"{until:.2f}" if round(until, 2) == until else f"{until:g}"
