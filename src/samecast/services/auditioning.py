"""Auditioning: several candidate references of one character, graded and ranked, strongest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samecast.core.errors import BadMedia, InvalidInput
from samecast.core.grading import Grade, rank
from samecast.services.casting import Casting


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One candidate; `grade` None where the file could not be read, `why` says so, or why it stands where it does."""

    path: Path
    grade: Grade | None
    why: str


def audition(casting: Casting, images: Sequence[Path], anchors: Sequence[str] = ()) -> list[Candidate]:
    """Rank candidates, strongest first; unreadable files come last with their reason.

    Raises `InvalidInput` without candidates, and `BadMedia` where not one of them can be read.
    """
    if not images:
        raise InvalidInput("An audition needs at least one picture.", hint="Give several candidates of one character.")
    readable: list[tuple[Path, Grade]] = []
    refused: list[Candidate] = []
    for path in images:
        try:
            readable.append((path, casting.grade(path, anchors).grade))
        except BadMedia as error:
            refused.append(Candidate(path=path, grade=None, why=str(error)))
    if not readable:
        raise BadMedia("None of the candidates can be read.", hint=refused[0].why)
    ranking = rank([grade for _, grade in readable])
    ranked = [
        Candidate(path=readable[place.index][0], grade=readable[place.index][1], why=place.why) for place in ranking
    ]
    return ranked + refused
