"""What there is to see of shots while they are made: a snapshot as one value, and the library in numbers.

`Watching` is what the faces ask (`services.watching` implements it); `Census` is what the metrics ask of the library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from samecast.core.consistency import ScoreVerdict
from samecast.core.story import Goal, ShotState
from samecast.ports import WorkerCard

SeenState: TypeAlias = Literal["waiting", "running", "done", "failed"]
"""A take's state, where a waiting one that a worker has in hand is running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTake:
    """One take: while it runs, its step, how much of the whole take is made (`share`, 0..1) and by which worker.

    Once done, its `verdict` (the worst of its characters') and `worst`, the likeness it is judged by (0..1); None where
    nobody was to be measured, or could be.
    """

    id: str
    number: int
    state: SeenState
    worker: str = ""
    step: str = ""
    share: float = 0.0
    shown: int = 0
    """How many pictures of it were shown so far; `Watching.preview` has the latest."""
    verdict: ScoreVerdict | None = None
    worst: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenShot:
    """One shot. `spent` in millionths of a dollar, what is set aside for waiting takes included.

    `worst`: the lowest likeness of its takes so far. `seconds_left`: of this round, None where nobody can say.
    """

    id: str
    prompt: str
    model: str
    queue: str
    state: ShotState
    round: int
    takes: tuple[SeenTake, ...]
    goal: Goal | None = None
    spent: int = 0
    worst: float | None = None
    seconds_left: float | None = None
    picked: int | None = None
    """The number of the picked take."""
    why: str = ""
    awaits: str = ""
    """The shot whose pick its takes are to begin with, while there is none."""

    def count(self, state: SeenState) -> int:
        return sum(take.state == state for take in self.takes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWorker:
    """One worker that is there, and how many takes of the shots in sight it has in hand."""

    id: str
    name: str
    machine: str
    queues: tuple[str, ...]
    draining: bool
    takes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look: the shots asked for, in that order; unasked, those running (the oldest first), then the ended."""

    shots: tuple[SeenShot, ...]
    workers: tuple[SeenWorker, ...]

    @property
    def running(self) -> tuple[SeenShot, ...]:
        return tuple(shot for shot in self.shots if shot.state == "running")


class Watching(Protocol):
    """Looks at shots being made, from any machine that sees the library."""

    def look(self, shot_ids: Sequence[str] = ()) -> Sight:
        """These shots; without any, those running and the latest that ended.

        Raises `NotFound` for a shot there is not, `StorageFailed` where the library cannot be read.
        """
        ...

    def preview(self, take_id: str) -> bytes | None:
        """A small JPEG of a take that is being made; None where there is none."""
        ...


# --- in numbers -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The takes of running shots that wait for one model; `since` is when the oldest such shot was ordered."""

    model: str
    takes: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The library in numbers: takes by state, what waits, and who is there to make it."""

    takes: tuple[tuple[str, int], ...]
    backlog: tuple[Backlog, ...]
    workers: tuple[WorkerCard, ...]


class Census(Protocol):
    """Counts what is in the library. Raises `StorageFailed` where it cannot be read."""

    def tally(self) -> Tally: ...
