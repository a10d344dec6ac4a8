"""What has takes made: the work that waits, the workers that do it, and the queues between them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from samecast.core.story import Shot, ShotState, Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long takes of a model took here before: `takes` of them, in seconds per image or per second of a clip."""

    takes: int
    median: float
    slow: float
    """Nine of ten were quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a shot stands, without its takes. `attempts` over all its takes: it rises with every resumption."""

    state: ShotState
    round: int
    waiting: int
    attempts: int
    machine: str = ""
    out: str = ""


class WorkRepository(Protocol):
    """What workers read and write of shots while they are made. Each call is one transaction.

    A take is only ever finished once: what is done stays done, whoever comes later with the same take.
    """

    def take(self, take_id: str) -> Take: ...

    def claim_asset(self, take: Take, *, instead_of: str | None) -> str | None:
        """Keep, before it is stored, which asset the take will have (with its notes and seconds), if it still has
        `instead_of` and waits for this attempt. Returns the asset it has now: another one, or None, where another
        worker or another attempt was quicker.
        """
        ...

    def intend(self, take_id: str, attempt: int, *, instead_of: int | None = None) -> bool:
        """Say that the take is about to be submitted to a provider, where `instead_of` was the last to say so.

        False where this attempt is not wanted any more, or another worker was quicker.
        """
        ...

    def keep_ticket(self, take_id: str, ticket: str | None) -> None:
        """The provider has answered: with a ticket, or (None) there is no job."""
        ...

    def drop_job(self, take: Take, *, cost: int) -> bool:
        """The provider was told that it is not wanted; `cost` is added to the take's.

        Nothing happens where the take's ticket, or its intention to get one, is another by now: False.
        """
        ...

    def conclude_take(self, take: Take) -> Take:
        """Keep what came of a take that still waits; returns it as it is kept, by whoever was first."""
        ...

    def add_round(self, shot_id: str, round: int, takes: Sequence[Take]) -> bool:
        """Add a round's takes to a running shot, once. False where that was done before, or the shot is no longer
        running. Raises `BudgetReached` where they would cross the shot's ceiling; then nothing is kept.
        """
        ...

    def set_state(self, shot_id: str, state: ShotState, *, only_from: Sequence[ShotState]) -> bool:
        """True where it was in one of `only_from` and is in `state` now.

        With a shot that is cancelled, those that await its pick are.
        """
        ...

    def awaiting(self, shot_id: str) -> list[str]:
        """The shots that await this one's pick, the oldest first."""
        ...

    def begin_with(self, shot_id: str, first_frame: str) -> bool:
        """Give the takes of a shot that awaits it their first frame, an asset; it waits for nothing more then.

        False where that was done before.
        """
        ...

    def queue_again(self, shot_id: str, *, failed: bool, price: int = 0) -> Shot:
        """Make the shot running, and raise the attempt of its waiting takes, and (`failed`) of its failed ones.

        A failed take without an asset has to be paid for again: `price` is set aside for it beside what it has cost.
        Raises `BudgetReached` where that would cross the shot's ceiling; nothing is changed then.
        """
        ...

    def standing(self, shot_id: str) -> Standing: ...

    def waiting(self, limit: int = 1000) -> list[Take]:
        """The takes of running shots that wait to be made, the oldest shots first; not those of shots that await
        another's pick."""
        ...

    def unconcluded(self, limit: int = 1000) -> list[str]:
        """The running shots none of whose takes wait."""
        ...

    def pace(self, model: str, kind: str) -> Pace | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCard:
    """A worker as the library knows it. `id` is its own alone, however often its `name` is used."""

    id: str
    name: str
    machine: str
    pid: int
    queues: tuple[str, ...]
    version: str
    started_at: datetime
    beats: int = 0
    """Raised with every heartbeat. Who watches compares it with its own clock, so nobody's clock has to be right."""
    state: Literal["working", "draining", "gone"] = "working"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a take is: `done` of `total` units of a step; `changed_at` by the worker's clock."""

    take_id: str
    worker: str
    step: str
    done: int
    total: int
    changed_at: datetime
    shown: int = 0
    """How many pictures of it were shown so far: `WorkerRepository.preview` has the latest."""


class WorkerRepository(Protocol):
    """The workers, and how far their takes are."""

    def join(self, card: WorkerCard) -> None: ...

    def beat(self, worker_id: str) -> bool:
        """False where the worker was declared gone: others have its work."""
        ...

    def set_state(self, worker_id: str, state: Literal["working", "draining", "gone"]) -> None: ...

    def present(self) -> list[WorkerCard]:
        """Those not gone, the oldest first."""
        ...

    def gone(self) -> list[WorkerCard]: ...

    def forget(self, worker_id: str) -> None:
        """Once its work was handed on."""
        ...

    def note(self, progress: Progress) -> None: ...

    def show(self, take_id: str, jpeg: bytes) -> None:
        """Keep what a take looks like now, in place of what it looked like before; harmless where it is gone."""
        ...

    def preview(self, take_id: str) -> bytes | None: ...

    def progress(self, shot_ids: Sequence[str]) -> list[Progress]: ...

    def clear(self, take_id: str) -> None:
        """The take is no longer being made."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a worker is there for. `slots`: how many takes at once; `drain`: seconds for what is in hand at the end.

    `patience`: seconds without database or asset store before it gives up; None: it waits for them for good.
    """

    queues: tuple[str, ...]
    name: str = ""
    slots: int = 1
    drain: float = 0.0
    patience: float | None = None
    metrics: tuple[str, int] | None = None
    """Where to offer metrics and health over HTTP: host and port."""
    watch: Callable[[str, Any], None] = field(default=lambda shot_id, event: None)
    """Told a shot's id and what happens in it (`services.events.Event`), from several threads."""


class Production(Protocol):
    """Queues shots for workers, and can be a worker itself. `production` implements it."""

    def submit(self, shot: Shot, *, urgent: bool = False) -> None:
        """Queue the takes that wait; again is harmless. `urgent`: somebody is sitting in front of it."""
        ...

    def working(self, post: Post) -> AbstractContextManager[Callable[[], None]]:
        """Be a worker for as long as the context lasts. One at a time in a process.

        What it gives is to be called now and then: it raises what keeps the worker from working, once its patience
        is over.
        """
        ...

    def migrate(self) -> None:
        """Bring the queues' own tables up to date."""
        ...
