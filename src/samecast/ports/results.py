"""How each model fared with a character, from takes that were made here: what choosing a model is based on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from samecast.core.recipe import TakeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResults:
    """A character's takes on one model, of one kind, counted.

    `takes` were made, `failed` were not. `judged`: made, and the character's own verdict is match, drift or missing; a
    take in which it could not be measured says nothing either way. `matched`: of those, the ones in which it holds,
    whatever became of others in them; these are accepted. `seconds` of rendering, over all takes of which it is known,
    and `cost` in millionths of a dollar: both with what takes that failed came to. A model that composites the
    reference's own pixels is counted like any other.
    """

    model: str
    kind: TakeKind
    takes: int = 0
    judged: int = 0
    matched: int = 0
    failed: int = 0
    seconds: float = 0.0
    cost: int = 0


class ResultsRepository(Protocol):
    """What changed is taken in before anything is told, so nothing is told late."""

    def by_model(self, handle: str) -> Sequence[ModelResults]:
        """Most takes first. Raises `NotFound` for a character nobody ever heard of; one who left is still told of."""
        ...
