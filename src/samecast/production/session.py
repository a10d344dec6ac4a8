"""One worker's time at work: DBOS launched with its queues, its heartbeat, and care for what others left behind.

A session has an id of its own, so two workers of one name are two. A worker that was taken for gone ends its session
and begins another: what it had in hand belongs to somebody else by then.
"""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from samecast.core.errors import SamecastError
from samecast.ports import ModelProfile, Post, WorkerCard
from samecast.production.jobs import APPLICATION, CPU, PROTOCOL
from samecast.production.logs import event
from samecast.production.metrics import Metrics
from samecast.production.observing import Observer
from samecast.production.presence import BEAT_SECONDS, Lookout, this_machine
from samecast.production.queueing import Queueing, queue_failures
from samecast.production.workflows import Desk, Hands, Steps, Workflows

if TYPE_CHECKING:
    from dbos import DBOSClient, DBOSConfig, Queue

log = logging.getLogger("samecast.production")

SWEEP_SECONDS = 20.0
LET_GO_SECONDS = 2.0
"""How long a step may take to notice that it is to let go."""
MOST_SLOTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What one session's threads have in common, and the metrics that outlive it."""

    hands: Hands
    metrics: Metrics | None = None


class Session:
    """Open on construction, over when `close` returns. `lost` is set where others took this worker for gone."""

    def __init__(
        self, *, steps: Steps, queueing: Queueing, post: Post, shared: Shared, launch: Callable[[str, Post], None]
    ) -> None:
        from dbos import DBOS

        self.card = WorkerCard(
            id=secrets.token_hex(8),
            name=post.name or f"{socket.gethostname()}-{os.getpid()}",
            machine=this_machine(),
            pid=os.getpid(),
            queues=post.queues,
            version=PROTOCOL,
            started_at=datetime.now(UTC),
        )
        self.lost = threading.Event()
        self.closed = False
        self._steps, self._queueing, self._post = steps, queueing, post
        self._over = threading.Event()
        self._hands = shared.hands
        self._stranded: set[str] = set()
        self._lookout = Lookout(workers=steps.workers, me=self.card.id, machine=self.card.machine)
        desk = Desk(worker=self.card.id, observer=Observer(worker=self.card.name, metrics=shared.metrics))
        workflows = Workflows(steps=steps, queueing=queueing, post=post, hands=shared.hands, desk=desk)
        # Joined before DBOS runs: whatever this session takes from a queue, somebody watches over it.
        steps.workers.join(self.card)
        workflows.register()
        try:
            launch(self.card.id, post)
            keep_to(post, shared.hands)
        except BaseException:
            DBOS.destroy(destroy_registry=True)
            raise
        self._heart = threading.Thread(target=self._beat, name="samecast-heart", daemon=True)
        self._heart.start()
        event("worker.began", worker=self.card.name, queues=" ".join(post.queues), slots=post.slots)

    def close(self) -> None:
        """Begin nothing more, finish what is in hand within the post's drain, let go of the rest."""
        from dbos import DBOS

        self.closed = True
        self._hands.draining.set()
        try:
            stop_looking()
            self._say("draining")
            event("worker.draining", worker=self.card.name, jobs=self._hands.busy)
            with suppress(KeyboardInterrupt):  # asked twice: what is in hand is let go of at once
                self._finish(self._post.drain)
            self._hands.leave.set()
            self._finish(LET_GO_SECONDS)
            self._over.set()
            self._heart.join(timeout=2 * BEAT_SECONDS)
            self._leave()
        finally:  # DBOS is one to a process: the next session needs it ended, whatever went wrong
            self._hands.leave.set()
            self._over.set()
            DBOS.destroy(destroy_registry=True)

    def _finish(self, seconds: float) -> None:
        """Wait for what is in hand, until DBOS has kept what came of it."""
        ends = time.monotonic() + seconds
        while self._at_work() and time.monotonic() < ends:
            time.sleep(0.02)

    def _at_work(self) -> bool:
        return self._hands.busy > 0 or bool(running())

    def _leave(self) -> None:
        """Put back what was let go of; what is still in hand is put back by those who see that we are gone."""
        try:
            settled = not self._at_work() and not self.lost.is_set() and self._steps.workers.beat(self.card.id)
            if settled:
                give_back(self.card.id)
            self._say("gone")
            if settled and put_back(self.card.id):
                self._steps.workers.forget(self.card.id)
        except SamecastError as error:
            log.warning("could not put back what was in hand: %s", error)

    def _say(self, state: str) -> None:
        if self.lost.is_set():  # said already, by others
            return
        try:
            self._steps.workers.set_state(self.card.id, "draining" if state == "draining" else "gone")
        except SamecastError as error:  # others will notice without being told
            log.warning("could not say that this worker is %s: %s", state, error)

    def _beat(self) -> None:
        swept = 0.0
        while True:
            try:
                if not self._steps.workers.beat(self.card.id):
                    self.lost.set()
                    self._hands.leave.set()
                    return
                self._take_over()
                if time.monotonic() - swept >= SWEEP_SECONDS or not swept:
                    self._adopt()
                    if not self._outdated():
                        self._queueing.sweep()
                    self._queueing.prune()
                    swept = time.monotonic()
            except SamecastError as error:  # the next beat tries again
                log.warning("heartbeat: %s", error)
            except Exception:  # the top of this thread's loop: without a heartbeat the worker would be taken for gone
                log.exception("heartbeat")
            if self._over.wait(BEAT_SECONDS):
                return

    def _take_over(self) -> None:
        """Put the jobs of those that are gone back into their queues, for whoever is free.

        Everybody may do so at once: DBOS puts back only what still belongs to the one that is gone.
        """
        workers = self._steps.workers
        for card in self._lookout.missing():
            log.warning("worker %s on %s is gone", card.name, card.machine)
            workers.set_state(card.id, "gone")
        for card in workers.gone():
            if card.version == PROTOCOL and put_back(card.id):
                workers.forget(card.id)

    def _outdated(self) -> bool:
        """Whether a newer worker is there: what is in no queue yet may be meant for it, and is queued by it."""
        return any(int(card.version) > int(PROTOCOL) for card in self._steps.workers.present())

    def _adopt(self) -> None:
        """Put back the jobs of workers that nobody knows any more: taken in the moment in which they left.

        Whoever takes a job has joined before, so the jobs are read first.
        """
        from dbos import DBOS

        with queue_failures():
            held = DBOS.list_workflows(status="PENDING", load_input=False)
        known = {card.id for card in [*self._steps.workers.present(), *self._steps.workers.gone()]}
        for worker_id in {job.executor_id for job in held} - known - {None}:
            log.warning("worker %s left jobs behind", worker_id)
            put_back(worker_id or "")
        self._begin_anew({job.workflow_id: job.queue_name for job in held if job.executor_id == self.card.id})

    def _begin_anew(self, own: dict[str, str | None]) -> None:
        """Queue again those of this worker's own jobs that it took and does not do, as at the last look.

        The database went away between the claim and the beginning, or as the outcome was to be recorded: DBOS then
        leaves the job with the worker, and would take it up when that worker ends.
        """
        from dbos import DBOS

        idle = own.keys() - running()
        stranded, self._stranded = idle & self._stranded, idle
        for job in stranded:
            log.warning("job %s was taken and not done; it is queued again", job)
            with queue_failures():
                DBOS.resume_workflows([job], queue_name=own[job])


def give_back(worker_id: str) -> None:
    """Queue again what this worker lets go of in good order, while its jobs are still its own.

    Unlike `put_back` that does not count as one more worker that died of them.
    """
    from dbos import DBOS

    with queue_failures():
        held = DBOS.list_workflows(executor_id=worker_id, status="PENDING", load_input=False)
        for queue in {job.queue_name for job in held}:
            names = [job.workflow_id for job in held if job.queue_name == queue]
            DBOS.resume_workflows(names, queue_name=queue)


def put_back(worker_id: str) -> bool:
    """Queue again what a worker had in hand; True once nothing of it is left."""
    from dbos import DBOS

    with queue_failures():
        # Public in DBOS only by way of its hosted Conductor; a test fails where this goes away.
        DBOS._recover_pending_workflows([worker_id])
        return not DBOS.list_workflows(executor_id=worker_id, status="PENDING", load_input=False, limit=1)


def running() -> set[str]:
    """The jobs that run here, or are over and DBOS is about to say so: put back then, they would be done once more."""
    from dbos._dbos import _get_dbos_instance

    return set(_get_dbos_instance()._active_workflows_set.activeList())  # private, as in `put_back`


def stop_looking() -> None:
    """Have DBOS look for jobs no more, and return once it does not: what is put back after that stays put back."""
    from dbos._dbos import _get_dbos_instance

    for ended in _get_dbos_instance().background_thread_stop_events:
        ended.set()
    for thread in threading.enumerate():
        if thread.name.startswith("queue-worker-"):
            with suppress(RuntimeError):  # only about to start: it looks at the event first, and cannot be joined yet
                thread.join(timeout=5.0)


def keep_to(post: Post, hands: Hands) -> None:
    """Let this worker take as many jobs at once as its own slots allow, and none once it drains.

    The queue's row has one figure for all workers, the one who registered last: DBOS reads it before each look for
    jobs, and is told this worker's own instead.
    """
    from dbos._dbos import _get_dbos_instance

    database = _get_dbos_instance()._sys_db  # private, as in `put_back`: a test fails where this goes away
    read = database.get_queue

    def get_queue(name: str, **more: Any) -> "Queue | None":
        queue = read(name, **more)
        if queue is not None and name in post.queues:
            own = post.slots if name in (CPU, "gpu") else queue._worker_concurrency
            queue._worker_concurrency = 0 if hands.draining.is_set() else own
        return queue

    database.get_queue = get_queue  # type: ignore[method-assign]


def dbos_config(url: str, worker_id: str, slots: int) -> "DBOSConfig":
    """DBOS on these tables, for one session."""
    return {
        "name": APPLICATION,
        "system_database_url": url,
        "application_version": PROTOCOL,
        "executor_id": worker_id,
        "log_level": "ERROR",
        "sys_db_pool_size": min(slots, 16) + 4,
        "notification_listener_polling_interval_sec": 1.0,
        "scheduler_polling_interval_sec": 60.0,
    }


def register_queues(client: "DBOSClient", post: Post, profiles: list[ModelProfile], poll_seconds: float) -> None:
    """Tell DBOS of the post's queues: how many at once here, and what a provider allows over all workers.

    To be done before the first look for jobs, which would go by what the queues allowed before.
    """
    for name in post.queues:
        bounds = [profile for profile in profiles if profile.resource == name and name not in (CPU, "gpu")]
        at_once = min((profile.at_once for profile in bounds if profile.at_once), default=None)
        per_minute = min((profile.per_minute for profile in bounds if profile.per_minute), default=None)
        slots = min(post.slots if name in (CPU, "gpu") else at_once or MOST_SLOTS, MOST_SLOTS)
        client.register_queue(
            name,
            worker_concurrency=slots,
            global_concurrency=max(at_once, slots) if at_once else None,
            limiter={"limit": per_minute, "period": 60.0} if per_minute else None,
            polling_interval_sec=poll_seconds,
            on_conflict="always_update",
        )
