"""The durable workflows: a take is rendered, stored and scored; a shot is concluded, or shot again.

Each is a list of steps whose outcomes DBOS records, so that a step that is finished is never done again, whichever
worker goes on. What a step does is the services'; that there is one worker to a job is DBOS's; and that a shot is
taken up again at all, whatever was lost in between, is `session`'s. Arguments and outcomes are plain text and numbers.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from samecast.core.errors import RenderFailed, SamecastError, Stopped, StorageFailed
from samecast.core.story import Shot, Take
from samecast.ports import ModelProfile, Post, Progress, ShotRepository, WorkerRepository, WorkRepository
from samecast.ports.watching import Census
from samecast.production.jobs import CONCLUDE, CPU, SCORE, TAKE
from samecast.production.observing import Observer
from samecast.production.queueing import Queueing
from samecast.services.concluding import Concluding
from samecast.services.events import Event, Noted, StepMoved, TakeShown, TakeStarted, TakeStored, Watch
from samecast.services.making import Making, find_model, outcome

T = TypeVar("T")
log = logging.getLogger("samecast.production")

RETRIES = 4
"""How often a step is tried anew after an error that says it may go better."""
MOST_RECOVERIES = 20
"""A take that was in hand when its worker died so many times is taken to be what killed it."""
SAY_SECONDS = 10.0
"""How often a step that waits for the library says so again."""
LOOK_SECONDS = 0.5
"""How often a running step looks whether its shot was cancelled, and says how far it is."""


class LetGo(BaseException):
    """The worker ends: what is in hand is left as it is, for whoever takes it up. Not an error, so never recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What the workflows are made of."""

    making: Making
    concluding: Concluding
    work: WorkRepository
    shots: ShotRepository
    workers: WorkerRepository
    census: Census


@dataclass(slots=True, kw_only=True)
class Hands:
    """What a worker's threads share: whether to let go, and what keeps them from working."""

    leave: threading.Event = field(default_factory=threading.Event)
    """Set: let go of what is in hand."""
    draining: threading.Event = field(default_factory=threading.Event)
    """Set: begin nothing more."""
    trouble: SamecastError | None = None
    busy: int = 0
    """How many jobs are in hand."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """One job in hand. Raises `LetGo` where nothing more is to be begun."""
        if self.draining.is_set():
            raise LetGo
        with self._lock:
            self.busy += 1
        try:
            yield
        finally:
            with self._lock:
                self.busy -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The worker's own id, and who is told what it does."""

    worker: str
    observer: Observer


class Workflows:
    def __init__(self, *, steps: Steps, queueing: Queueing, post: Post, hands: Hands, desk: Desk) -> None:
        self._steps = steps
        self._queueing = queueing
        self._post = post
        self._hands = hands
        self._worker = desk.worker
        self._seen = desk.observer
        self._noticed: dict[str, float] = {}

    def register(self) -> None:
        """Make the workflows known to DBOS under the names that their jobs carry."""
        from dbos import DBOS

        for name, function in ((TAKE, self.take), (SCORE, self.score), (CONCLUDE, self.conclude)):
            DBOS.workflow(name=name, max_recovery_attempts=MOST_RECOVERIES)(self._job(name, function))

    def _job(self, name: str, do: Callable[..., None]) -> Callable[..., None]:
        """A function of its own, since DBOS writes on what it is given, that counts as one job in hand."""

        def job(of: str, *attempt: int) -> None:
            with self._hands.holding(), self._seen.job(name, of, *attempt):
                do(of, *attempt)

        return job

    # --- workflows ------------------------------------------------------------------------------------------------

    def take(self, take_id: str, attempt: int) -> None:
        """Render and store one take; score it here, or hand that on where this machine's time is dear."""
        making = self._steps.making
        if not self._step("wanted", lambda: making.wanted(take_id, attempt)):
            return
        try:
            asset = self._step("render", lambda: self._render(take_id, attempt))
        except Stopped:
            return
        except Exception as error:  # the top of a job: a take that broke is told, the others go on
            self._failed(take_id, attempt, error)
            return
        if self._step("score here", lambda: self._scores_here(take_id)):
            self._score(take_id, attempt, asset)
        else:
            self._step("hand on", lambda: self._queueing.score(self._steps.work.take(take_id)))

    def score(self, take_id: str, attempt: int) -> None:
        """Score a take that was rendered elsewhere."""
        if self._step("wanted", lambda: self._steps.making.wanted(take_id, attempt)):
            self._score(take_id, attempt, self._step("asset", lambda: self._steps.work.take(take_id).asset or ""))

    def conclude(self, shot_id: str) -> None:
        """Pick and let go on what has waited for that, or add a round and queue its takes."""
        concluding = self._steps.concluding
        if self._step("conclude", lambda: concluding.conclude(shot_id, self._watch(shot_id))):
            self._step("export", lambda: self._export(self._steps.shots.get(shot_id)))
            self._step("release", lambda: self._release(shot_id))
            self._step("finish", lambda: self._seen.ended(concluding.finish(shot_id)))
        else:
            self._step("queue", lambda: self._queue(self._steps.shots.get(shot_id)))

    def _release(self, shot_id: str) -> None:
        """Before the shot is finished: whoever waits for it may look at what comes after it then."""
        for shot in self._steps.concluding.release(shot_id):
            if shot.state == "running":
                self._queueing.submit(shot)

    def _queue(self, shot: Shot) -> None:
        self._queueing.submit(shot)
        self._seen.round_added(shot)

    # --- their parts ----------------------------------------------------------------------------------------------

    def _score(self, take_id: str, attempt: int, asset: str) -> None:
        try:
            self._step("score", lambda: self._scored(take_id, asset))
        except Exception as error:  # as above
            self._failed(take_id, attempt, error)
        else:
            self._advance(take_id)

    def _render(self, take_id: str, attempt: int) -> str:
        watch, stopping = self._watch(_shot_of(take_id), take_id), self._stopping(take_id, attempt)
        return self._steps.making.render(take_id, watch, stopping, attempt=attempt, patiently=self._patiently)

    def _scores_here(self, take_id: str) -> bool:
        return self._model_of(take_id).resource == CPU

    def _scored(self, take_id: str, asset: str) -> str:
        with self._seen.scoring(self._steps.work.take(take_id).recipe.model):
            take = self._steps.making.score(take_id, asset, self._watch(_shot_of(take_id), take_id))
        self._finish(take)
        if take.state == "done":
            self._seen.made(take)
        return take.state

    def _failed(self, take_id: str, attempt: int, error: Exception) -> None:
        self._step("fail", lambda: self._fail(take_id, attempt, error))
        self._advance(take_id)

    def _fail(self, take_id: str, attempt: int, error: Exception) -> None:
        if not isinstance(error, SamecastError):
            log.error("take %s broke", take_id, exc_info=error)
            error = RenderFailed(f"Something broke that should not: {type(error).__name__}: {error}")
        take = replace(self._steps.work.take(take_id), attempt=attempt)  # a later attempt does not fail with this one
        self._finish(self._steps.making.fail(take, error))
        self._seen.failed(take, error)

    def _finish(self, take: Take) -> None:
        self._steps.workers.clear(take.id)
        self._noticed.pop(take.id, None)
        shot = self._steps.work.standing(take.shot_id)  # not the shot: all its takes would be read for each of them
        try:
            if self._steps.concluding.at_home(shot):
                take = self._steps.concluding.export_take(shot, take)
        except SamecastError as error:  # the user's own folder: the take is kept in the library all the same
            self._tell(take.shot_id, Noted(text=str(error)))
        self._tell(take.shot_id, outcome(take))

    def _export(self, shot: Shot) -> None:
        try:
            if self._steps.concluding.at_home(shot):
                self._steps.concluding.export(shot)
        except SamecastError as error:
            self._tell(shot.id, Noted(text=f"{error} Write them with: samecast shots export {shot.id}"))

    def _advance(self, take_id: str) -> None:
        """Whoever finishes the last take has the shot concluded; two who both were the last queue one job."""
        self._step("advance", lambda: self._queueing.advance(_shot_of(take_id)))

    # --- steps ----------------------------------------------------------------------------------------------------

    def _step(self, name: str, do: Callable[[], T]) -> T:
        from dbos import DBOS

        with self._seen.step(name):
            return DBOS.run_step({"name": name}, lambda: self._patiently(do))

    def _patiently(self, do: Callable[[], T]) -> T:
        """Wait for a library that cannot be reached, and try again what may go better; else the error is it."""
        tried, away, said = 0, None, 0.0
        while True:
            if self._hands.leave.is_set():
                raise LetGo
            try:
                return do()
            except StorageFailed as error:
                away = away or time.monotonic()
                if self._post.patience is not None and time.monotonic() - away >= self._post.patience:
                    self._hands.trouble = error
                    self._hands.leave.set()
                if not said or time.monotonic() - said >= SAY_SECONDS:
                    log.warning("waiting for the library: %s", error)
                    said = time.monotonic()
            except SamecastError as error:
                tried += 1
                if not error.retryable or tried > RETRIES:
                    raise
                log.warning("trying again: %s", error)
            self._hands.leave.wait(min(15.0, 0.5 * 2 ** min(tried, 5)))

    def _stopping(self, take_id: str, attempt: int) -> Callable[[], bool]:
        """Whether the take is no longer wanted, asked of the library now and then, which may be away meanwhile.

        Raises `LetGo` when the worker ends.
        """
        looked = -LOOK_SECONDS  # the first look is taken: a job taken up again may have been cancelled meanwhile
        stopped = False

        def stopping() -> bool:
            nonlocal looked, stopped
            if self._hands.leave.is_set():
                raise LetGo
            if time.monotonic() - looked >= LOOK_SECONDS:
                try:
                    stopped = not self._steps.making.wanted(take_id, attempt)
                except StorageFailed as error:
                    log.warning("going on without the library: %s", error)
                looked = time.monotonic()
            return stopped

        return stopping

    def _watch(self, shot_id: str, take_id: str | None = None) -> Watch:
        def watch(event: Event) -> None:
            self._tell(shot_id, event)
            match event:
                case TakeStarted() if take_id:
                    self._note(take_id, StepMoved(number=event.number, step="begin", done=0, total=1))
                case StepMoved() if take_id:
                    self._note(take_id, event)
                    if event.step == "submit":
                        self._seen.submitted(self._model_of(take_id).resource)
                case TakeShown(jpeg=jpeg) if take_id:
                    self._show(take_id, jpeg)
                case TakeStored(seconds=seconds, size=size) if take_id:
                    self._seen.stored(self._model_of(take_id).id, seconds=seconds, size=size)
                case _:
                    pass

        return watch

    def _model_of(self, take_id: str) -> ModelProfile:
        return find_model(self._steps.making.models, self._steps.work.take(take_id).recipe.model)[0]

    def _note(self, take_id: str, event: StepMoved) -> None:
        now = time.monotonic()
        if now - self._noticed.get(take_id, 0.0) < LOOK_SECONDS and event.done < event.total:
            return
        self._noticed[take_id] = now
        try:
            self._steps.workers.note(
                Progress(
                    take_id=take_id,
                    worker=self._worker,
                    step=event.step,
                    done=event.done,
                    total=event.total,
                    changed_at=datetime.now(UTC),
                )
            )
        except StorageFailed as error:  # nobody sees how far it is: no reason to lose the take
            log.warning("progress could not be kept: %s", error)

    def _show(self, take_id: str, jpeg: bytes) -> None:
        try:
            self._steps.workers.show(take_id, jpeg)
        except StorageFailed as error:  # as above
            log.warning("a preview could not be kept: %s", error)

    def _tell(self, shot_id: str, event: Event) -> None:
        self._post.watch(shot_id, event)


def _shot_of(take_id: str) -> str:
    return take_id.rpartition("-")[0]
