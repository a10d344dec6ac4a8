"""Before a shot: what it will take in time and money, and whether its budget can be kept at all.

Prices are the catalogue's, paces are those of takes made here before; what is not known is said to be unknown, never
guessed. The arithmetic and the words are `core.estimating`'s.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from samecast.core.errors import InvalidInput
from samecast.core.estimating import Estimate, Tempo, basis_of, seconds_for
from samecast.core.money import dollars
from samecast.core.rounds import takes_left
from samecast.core.story import Goal, Shot
from samecast.ports import ModelProfile, Pace


class Paces(Protocol):
    """How long takes took here before. `ports.WorkRepository` has it."""

    def pace(self, model: str, kind: str) -> Pace | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A planned shot whose first round fits its budget, and what it will take."""

    shot: Shot
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimating:
    work: Paces

    def prepare(self, shot: Shot, profile: ModelProfile, *, slots: int = 1) -> Prepared:
        """Estimate a planned shot that was not begun; its first round is cut down to what the budget allows.

        `slots`: how many takes the workers make at once. Raises `InvalidInput` for a goal that nothing could be
        measured against, for a budget of money where the price is unknown, and for a budget of less than the takes that
        are to hold. The takes that stay are as they were planned.
        """
        recipe = shot.takes[0].recipe
        cost = profile.cost.of(recipe) if profile.cost is not None else None
        asked = len(shot.takes)
        fits = asked if shot.goal is None else self._fitting(shot, shot.goal, profile, cost)
        first = min(asked, fits)
        most = max(first, fits)
        tempo = self._tempo(shot, profile, slots)
        estimate = Estimate(
            takes_first=first,
            takes_most=most,
            seconds=seconds_for(first, most, tempo) if tempo is not None else None,
            money=(first * cost, most * cost) if cost is not None else None,
            basis=basis_of(tempo, cost),
            cut=_cut(asked, first, shot.goal) if first < asked else "",
        )
        return Prepared(shot=replace(shot, takes=shot.takes[:first]), estimate=estimate)

    def _fitting(self, shot: Shot, goal: Goal, profile: ModelProfile, cost: int | None) -> int:
        """How many takes the goal's budget allows in all: as many as are to hold, at the least."""
        if not shot.takes[0].recipe.members:
            raise InvalidInput(
                "The prompt names no character, so no take could be said to hold.",
                hint="Name one with @handle, or leave out --until and --budget.",
            )
        if goal.most_money is not None and cost is None:
            raise InvalidInput(
                f"What a take on {profile.id} costs is not known, so a budget of money cannot be kept.",
                hint="Give the budget in takes, such as --budget 6.",
            )
        fits = takes_left(made=0, spent=0, goal=goal, price=cost)
        if fits == 0 and goal.most_money is not None and cost is not None:
            raise InvalidInput(
                f"A take on {profile.id} costs {dollars(cost)}, and the budget is {dollars(goal.most_money)}.",
                hint=f"Allow at least --budget {dollars(cost).removeprefix('$')}, or shoot on another model.",
            )
        if fits < goal.enough:
            raise InvalidInput(
                f"{goal.enough} takes are to hold, and the budget allows {fits} in all.",
                hint="Ask for fewer with --enough, or allow more with --budget.",
            )
        return fits

    def _tempo(self, shot: Shot, profile: ModelProfile, slots: int) -> Tempo | None:
        """A take's pace is that of its model, per image or per second of a clip; None where none was made here."""
        recipe = shot.takes[0].recipe
        pace = self.work.pace(profile.id, recipe.kind)
        if pace is None:
            return None
        length = recipe.seconds if recipe.kind == "video" else 1.0
        return Tempo(
            usual=pace.median * length,
            slow=pace.slow * length,
            takes=pace.takes,
            at_once=min(slots, profile.at_once) if profile.at_once is not None else slots,
            per_minute=profile.per_minute,
        )


def _cut(asked: int, first: int, goal: Goal | None) -> str:
    assert goal is not None, "only a goal has a budget that cuts"
    by_money = goal.most_money is not None and first != goal.most_takes
    budget = dollars(goal.most_money or 0) if by_money else f"{goal.most_takes} takes"
    takes = "1 take" if first == 1 else f"{first} takes"
    return f"The first round is {takes} instead of {asked}: more would cross the budget of {budget}."
