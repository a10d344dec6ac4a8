"""Putting jobs into the queues, and putting back what was lost on the way there. Nothing runs here.

The library is the truth about what is to be made; the queues only say who makes it when. So a shot is kept first and
queued afterwards, and what was kept but never queued, or queued and lost, is found by `sweep` and queued again.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from samecast.core.errors import RenderFailed, SamecastError, StorageFailed
from samecast.core.story import Shot, Take
from samecast.ports import ModelProfile, WorkRepository
from samecast.production.jobs import (
    CONCLUDE,
    CPU,
    FIRST,
    PROTOCOL,
    SCORE,
    TAKE,
    URGENT,
    USUAL,
    conclude_job,
    score_job,
    take_job,
)

if TYPE_CHECKING:
    from dbos import DBOSClient

log = logging.getLogger("samecast.production")

KEPT = timedelta(days=1)
"""How long the queues remember what is over."""
PRUNED_AT_ONCE = 500
LOST = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""How a job ends that nobody will take up any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing:
    """`client` opens the queues' tables when first called. Failures are `StorageFailed`."""

    client: Callable[[], "DBOSClient"]
    work: WorkRepository
    profile: Callable[[str], ModelProfile]
    fail: Callable[[Take, SamecastError], Take]

    def submit(self, shot: Shot, *, urgent: bool = False) -> None:
        """Queue the shot's waiting takes, or its conclusion where none waits; what is queued stays where it is.

        Takes that cannot be made before another shot is over are queued by whoever concludes that one.
        """
        waiting = [take for take in shot.takes if take.state == "waiting"]
        if waiting and shot.awaits:
            return
        self._queue(waiting, URGENT if urgent else USUAL)
        if not waiting:
            self._conclude_again(shot.id)

    def score(self, take: Take) -> None:
        """Queue the scoring of a rendered take."""
        self._put(SCORE, score_job(take), CPU, FIRST, take.id, take.attempt)

    def advance(self, shot_id: str) -> None:
        """Queue the shot's conclusion once none of its takes waits."""
        standing = self.work.standing(shot_id)
        if standing.state == "running" and standing.waiting == 0:
            self._put(CONCLUDE, conclude_job(shot_id, standing), CPU, FIRST, shot_id)

    def sweep(self) -> None:
        """Queue what the library has waiting and no queue knows; give up what killed too many workers."""
        waiting = self.work.waiting()
        known = self._known([job(take) for take in waiting for job in (take_job, score_job)])
        self._queue([take for take in waiting if take_job(take) not in known], USUAL)
        for take in waiting:
            rendering, scoring = known.get(take_job(take)), known.get(score_job(take))
            if rendering == "SUCCESS" and scoring is None:  # handed on, and lost on the way
                self.score(take)
            for how in (rendering, scoring):
                if how in LOST:
                    log.error("take %s is given up: its job ended as %s", take.id, how)
                    self.fail(take, _given_up(how or ""))
        for shot_id in self.work.unconcluded():
            self._conclude_again(shot_id)

    def prune(self) -> None:
        """Forget some of the jobs that ended long ago: what came of them is in the library."""
        before = datetime.now(UTC) - KEPT
        with queue_failures():
            ended = self.client().list_workflows(
                status=["SUCCESS", *LOST],
                completed_before=before.isoformat(),
                limit=PRUNED_AT_ONCE,
                load_input=False,
                load_output=False,
            )
            if ended:
                self.client().delete_workflows([status.workflow_id for status in ended])

    def _conclude_again(self, shot_id: str) -> None:
        """As `advance`; a conclusion that broke is tried again, one that killed its workers is given up.

        One that ended well and left the shot running found it cancelled, and it was resumed since: it is needed anew.
        """
        job = conclude_job(shot_id, self.work.standing(shot_id))
        how = self._known([job]).get(job)
        if how == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
            log.error("shot %s is given up: its workers died concluding it", shot_id)
            self.work.set_state(shot_id, "cancelled", only_from=["running"])
            return
        if how in ("SUCCESS", *LOST) and self.work.standing(shot_id).state == "running":
            log.warning("the conclusion of shot %s ended as %s; it is begun anew", shot_id, how)
            with queue_failures():
                self.client().delete_workflows([job])
        self.advance(shot_id)

    def _queue(self, takes: Sequence[Take], priority: int) -> None:
        for take in takes:
            resource = self.profile(take.recipe.model).resource
            self._put(TAKE, take_job(take), resource, priority, take.id, take.attempt)

    def _put(self, workflow: str, job: str, queue: str, priority: int, *arguments: str | int) -> None:
        with queue_failures():
            self.client().enqueue(
                {
                    "workflow_name": workflow,
                    "workflow_id": job,
                    "queue_name": queue,
                    "priority": priority,
                    "app_version": PROTOCOL,
                },
                *arguments,
            )

    def _known(self, jobs: Sequence[str]) -> dict[str, str]:
        """The state of those of the jobs that are known."""
        found: dict[str, str] = {}
        with queue_failures():
            for begin in range(0, len(jobs), 500):
                known = self.client().list_workflows(
                    workflow_ids=list(jobs[begin : begin + 500]), load_input=False, load_output=False
                )
                found |= {status.workflow_id: status.status for status in known}
        return found


def _given_up(how: str) -> RenderFailed:
    if how == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
        return RenderFailed(
            "The worker died each time that it made this take.", hint="Look at its memory; then `samecast shots retry`."
        )
    return RenderFailed("The take's job was ended from outside.", hint="Try again with `samecast shots retry`.")


@contextmanager
def queue_failures() -> Iterator[None]:
    """What the queues' tables say of a lost connection or a full disk, as our own error."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise StorageFailed(
            f"The queues cannot be read or written: {reason}", hint="Is the database there, with room on its disk?"
        ) from error
