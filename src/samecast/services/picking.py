"""Picking by hand: a person chooses another take of a shot, or none, and that stands.

What is picked otherwise is `concluding`'s, which leaves a person's choice alone, however often the shot goes on.
"""

from dataclasses import dataclass

from samecast.core.errors import InvalidInput, NotFound
from samecast.core.story import Shot, Take
from samecast.core.words import one_line
from samecast.ports import ShotRepository
from samecast.services.concluding import Concluding

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The shot as it is now; `followed`: whether its folder was brought up to date with it.

    It is not while takes wait, where the shot was ordered on another machine, and where its folder is gone, or another
    shot's by now. `samecast shots export` writes it all anew.
    """

    shot: Shot
    followed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picking:
    """Raises `StorageFailed` where the library, or the shot's folder, cannot be written."""

    shots: ShotRepository
    concluding: Concluding

    def pick(self, shot_id: str, number: int, reason: str = "") -> Chosen:
        """Pick take `number` of the shot. `reason`: what the person says of it, in a sentence or none.

        Raises `NotFound`, and `InvalidInput` for a take that is not done, or is in the trash.
        """
        shot = self.shots.get(shot_id)
        take = next((take for take in shot.takes if take.number == number), None)
        if take is None:
            numbers = ", ".join(str(take.number) for take in shot.kept)
            raise NotFound(f"The shot {shot_id} has no take {number}.", hint=f"It has: {numbers or 'none'}.")
        if take.state != "done":
            raise InvalidInput(f"Take {number} {_unfit(take)}, so it cannot be picked.", hint="Pick one that is done.")
        return self._keep(shot_id, take.id, f"Take {number}, picked by hand{_because(reason)}")

    def unpick(self, shot_id: str, reason: str = "") -> Chosen:
        """Leave the shot without a pick. Raises `NotFound`, and `InvalidInput` where nothing is picked."""
        if self.shots.get(shot_id).picked is None:
            raise InvalidInput(
                f"No take of the shot {shot_id} is picked.", hint=f"Pick one: samecast shots pick {shot_id} TAKE_NUMBER"
            )
        return self._keep(shot_id, None, f"No take, as a person decided{_because(reason)}")

    def _keep(self, shot_id: str, take_id: str | None, why: str) -> Chosen:
        self.shots.pick(shot_id, take_id, why, by_hand=True)
        shot = self.shots.get(shot_id)
        followed = self.concluding.follow(shot)
        return Chosen(shot=self.shots.get(shot_id), followed=followed)


def _unfit(take: Take) -> str:
    return "failed" if take.state == "failed" else "is not made yet"


def _because(reason: str) -> str:
    said = one_line(reason)
    if len(said) > LONGEST_REASON:
        raise InvalidInput(
            f"The reason is {len(said):,} characters long; {LONGEST_REASON} is the most.", hint="Say it in a sentence."
        )
    return f": {said}" if said else "."
