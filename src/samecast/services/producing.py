"""Having shots made by workers: queued, waited for, cancelled, resumed, tried again. How is the production port's.

A shot is made by whatever workers there are. The command line is one itself while it waits; a worker alone is the same
without a shot to wait for.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from samecast.core.errors import InvalidInput, SamecastError
from samecast.core.story import Shot
from samecast.ports import Engine, HostedEngine, Post, Production, ShotRepository, WorkRepository
from samecast.services.concluding import Concluding
from samecast.services.events import Event, Watch, unwatched
from samecast.services.making import Making, find_model

LOOK_SECONDS = 0.1
"""How often the library is asked whether a shot is over."""
FOREGROUND_PATIENCE = 60.0
"""Seconds without library before a command that somebody waits for gives up; a worker alone waits for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Producing:
    production: Production
    work: WorkRepository
    shots: ShotRepository
    making: Making
    concluding: Concluding
    logged: bool = False
    """Whether a log says what workers do, so that nobody else need."""

    @property
    def queues(self) -> tuple[str, ...]:
        """Every queue that the models here need, the CPU's first."""
        resources = [profile.resource for profile, _ in self.making.models.values()]
        return tuple(dict.fromkeys(["cpu", "gpu", *resources]))

    @property
    def served(self) -> tuple[str, ...]:
        """The queues that this machine can serve: the CPU's, and those of which a model is ready here."""
        ready = [profile.resource for profile, engine in self.making.models.values() if _ready(engine)]
        return tuple(queue for queue in self.queues if queue == "cpu" or queue in ready)

    def submit(self, shot: Shot, *, urgent: bool = False) -> None:
        """Queue a kept shot's waiting takes. Lost on the way, they are queued by the next worker that starts.

        Of a shot that awaits another's pick, that other's are; its own follow by themselves.
        """
        if shot.awaits:
            self.submit(self.shots.get(shot.awaits), urgent=urgent)
        self.production.submit(shot, urgent=urgent)

    def make(self, shot: Shot, watch: Watch = unwatched) -> Shot:
        """Queue a shot, be a worker until it is over, and write its files. Stopped by Ctrl-C, it is cancelled.

        Raises `StorageFailed` where the library stays away; the shot goes on when it is resumed.
        """

        if shot.awaits and shot.state == "running":
            self.make(self.shots.get(shot.awaits), watch)
            shot = self.shots.get(shot.id)

        def told(shot_id: str, event: Event) -> None:
            if shot_id == shot.id:
                watch(event)

        queues = ("cpu", find_model(self.making.models, shot.model)[0].resource)
        post = Post(queues=tuple(dict.fromkeys(queues)), drain=2.0, patience=FOREGROUND_PATIENCE, watch=told)

        def check() -> None:
            still_ours()
            not_interrupted()

        try:
            with _interruptible() as not_interrupted, self.production.working(post) as still_ours:
                try:
                    self.submit(shot, urgent=True)
                    done = self.wait(shot.id, check)
                except KeyboardInterrupt:  # at once, not when the worker has ended: what is in hand stops within a step
                    self.cancel(shot.id)
                    raise
        except KeyboardInterrupt:
            self.cancel(shot.id)
            raise
        return done if self.concluding.exported(done) else self.concluding.export(done)

    def wait(self, shot_id: str, check: Callable[[], None] = lambda: None) -> Shot:
        """Return once the shot is done or cancelled, by whomever. `check` is called now and then, and may raise."""
        while self.work.standing(shot_id).state == "running":
            check()
            time.sleep(LOOK_SECONDS)
        return self.shots.get(shot_id)

    @contextmanager
    def worker(self, post: Post) -> Iterator[Callable[[], None]]:
        """Be a worker of the post's queues. Raises `InvalidInput` for a queue that no model here needs."""
        for queue in post.queues:
            if queue not in self.queues:
                raise InvalidInput(f"There is no queue '{queue}'.", hint=f"Queues here: {', '.join(self.queues)}.")
        with self.production.working(post) as check:
            yield check

    def busy(self, queues: Sequence[str] | None = None) -> bool:
        """Whether any running shot has something left to do, for workers of these queues (None: of all)."""
        if self.work.unconcluded(limit=1):
            return True
        if queues is None:
            return bool(self.work.waiting(limit=1))
        models = self.making.models
        return any(
            take.recipe.model in models and models[take.recipe.model][0].resource in queues
            for take in self.work.waiting()
        )

    def cancel(self, shot_id: str) -> Shot:
        """Stop a running shot within a step, keep its finished takes, and tell the provider of the others.

        What it awaits is stopped with it. Where the provider cannot be told of one take, it is told of the rest, and
        then raises what it said first.
        """
        self.work.set_state(shot_id, "cancelled", only_from=["running"])
        shot = self.shots.get(shot_id)
        untold: list[SamecastError] = []
        if shot.awaits and shot.state == "cancelled":
            try:
                self.cancel(shot.awaits)
            except SamecastError as error:
                untold.append(error)
        for take in shot.takes if shot.state == "cancelled" else ():
            if take.state == "waiting":
                try:
                    self.making.withdraw(take)
                except SamecastError as error:
                    untold.append(error)
        if untold:
            raise untold[0]
        return shot

    def resume(self, shot_id: str) -> Shot:
        """Make a cancelled shot running again, with what it awaits; one that runs, or is done, stays as it is.

        Raises `NotFound`.
        """
        shot = self.shots.get(shot_id)
        if shot.state == "cancelled":
            self.work.queue_again(shot_id, failed=False)
        return self._caught_up(shot)

    def retry(self, shot_id: str) -> Shot:
        """Make a shot running again, its failed takes included.

        Raises `InvalidInput` where none failed, and `BudgetReached` where they cannot be paid for once more.
        """
        shot = self.shots.get(shot_id)
        if not any(take.state == "failed" for take in shot.takes):
            raise InvalidInput(
                f"No take of the shot {shot_id} failed.", hint=f"Go on with: samecast shots resume {shot_id}"
            )
        cost = find_model(self.making.models, shot.model)[0].cost
        self.work.queue_again(shot_id, failed=True, price=cost.of(shot.takes[0].recipe) if cost else 0)
        return self._caught_up(shot)

    def _caught_up(self, shot: Shot) -> Shot:
        """The shot as it is now, with what it awaits running again, or its pick handed over where that is done."""
        if shot.awaits and self.resume(shot.awaits).state == "done":
            self.concluding.release(shot.awaits)
        return self.shots.get(shot.id)

    def export(self, shot_id: str, out: Path | None = None) -> Shot:
        """Write a shot's files into its folder, or another one, on this machine."""
        return self.concluding.export(self.shots.get(shot_id), out)


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Gives a check that raises `KeyboardInterrupt` once Ctrl-C was pressed, should the first one have been lost.

    Ctrl-C raises wherever the main thread is, and Python drops what is raised in a finalizer or a collector's callback.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield lambda: None
        return
    pressed = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        pressed.set()
        raise KeyboardInterrupt

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _ready(engine: Engine | HostedEngine) -> bool:
    """Whether the model can be used here: a worker that cannot leaves its takes to one that can."""
    try:
        engine.check()
    except SamecastError:
        return False
    return True
