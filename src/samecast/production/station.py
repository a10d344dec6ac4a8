"""Production as the rest of samecast sees it: shots go in, and a process may be a worker for a while."""

import functools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from samecast.core.errors import InvalidInput, SamecastError
from samecast.core.story import Shot
from samecast.ports import ModelProfile, Post
from samecast.production.jobs import jobs_url, open_client
from samecast.production.logs import LogSettings, logging_to
from samecast.production.metrics import Metrics, serve
from samecast.production.queueing import Queueing, queue_failures
from samecast.production.session import Session, Shared, dbos_config, register_queues
from samecast.production.tracing import tracing
from samecast.production.workflows import Hands, Steps
from samecast.services.making import find_model
from samecast.settings import Settings

if TYPE_CHECKING:
    from dbos import DBOSClient

log = logging.getLogger("samecast.production")

_one_at_a_time = threading.Lock()
"""DBOS is one to a process."""


class DurableProduction:
    """Implements `ports.Production`. Nothing is opened before it is needed."""

    def __init__(self, *, settings: Settings, steps: Steps) -> None:
        self._settings = settings
        self._steps = steps
        self._client = functools.cache(self._open_client)
        self._queueing = Queueing(client=self._client, work=steps.work, profile=self._profile, fail=steps.making.fail)

    def submit(self, shot: Shot, *, urgent: bool = False) -> None:
        """Queue the shot's waiting takes. Raises `StorageFailed`; what is kept is queued by the next worker anyway."""
        self._queueing.submit(shot, urgent=urgent)

    def migrate(self) -> None:
        """Make or update the queues' tables."""
        from dbos import DBOS

        _hush()
        with queue_failures():
            DBOS.migrate(jobs_url(self._settings))

    @contextmanager
    def working(self, post: Post) -> Iterator[Callable[[], None]]:
        """Be a worker for as long as the context lasts; what it gives raises what keeps the worker from working.

        Raises `InvalidInput` for a queue that does not exist, or where this process is a worker already.
        """
        if not _one_at_a_time.acquire(blocking=False):
            raise InvalidInput(
                "This process is a worker already.", hint="Start another one as a process of its own: samecast worker."
            )
        try:
            _hush()
            with self._observed(post) as metrics:
                shift = _Shift(lambda hands: self._open_session(post, Shared(hands=hands, metrics=metrics)))
                with self._served(post, metrics, shift):
                    try:
                        yield shift.check
                    finally:
                        shift.close()
        finally:
            _one_at_a_time.release()

    def close(self) -> None:
        """Let go of the queues' tables."""
        if self._client.cache_info().currsize:
            self._client().destroy()
            self._client.cache_clear()

    @contextmanager
    def _observed(self, post: Post) -> Iterator[Metrics | None]:
        """Logs and spans as the settings say. A worker that nobody sits in front of says at least what goes wrong."""
        form = self._settings.log or ("off" if post.patience is not None else "text")
        level = self._settings.log_level if self._settings.log else "warning"
        with logging_to(LogSettings(form=form, level=level)), tracing(worker=post.name):
            profiles = {name: profile for name, (profile, _) in self._steps.making.models.items()}
            database = "postgresql" if "postgresql" in (self._settings.database_url or "") else "sqlite"
            census = self._steps.census
            yield Metrics(census=census, models=profiles, database=database) if post.metrics else None

    @contextmanager
    def _served(self, post: Post, metrics: Metrics | None, shift: "_Shift") -> Iterator[None]:
        if metrics is None or post.metrics is None:
            yield
            return
        with serve(metrics, *post.metrics, taking=lambda: shift.taking):
            yield

    def _open_session(self, post: Post, shared: Shared) -> Session:
        return Session(steps=self._steps, queueing=self._queueing, post=post, shared=shared, launch=self._launch)

    def _launch(self, worker_id: str, post: Post) -> None:
        from dbos import DBOS

        profiles = [profile for profile, _ in self._steps.making.models.values()]
        with queue_failures():
            register_queues(self._client(), post, profiles, self._settings.poll_seconds)
            DBOS(config=dbos_config(jobs_url(self._settings), worker_id, post.slots))
            DBOS.listen_queues(list(post.queues))
            DBOS.launch()

    def _open_client(self) -> "DBOSClient":
        self.migrate()
        with queue_failures():
            return open_client(jobs_url(self._settings))

    def _profile(self, model: str) -> ModelProfile:
        return find_model(self._steps.making.models, model)[0]


class _Shift:
    """A session, and the next one where it was lost."""

    def __init__(self, begin: Callable[[Hands], Session]) -> None:
        self._begin = begin
        self._over = threading.Event()
        self._hands = Hands()
        self._session = begin(self._hands)
        self._keeper = threading.Thread(target=self._keep, name="samecast-shift", daemon=True)
        self._keeper.start()

    @property
    def taking(self) -> bool:
        """Whether it takes jobs now."""
        return not self._hands.draining.is_set()

    def check(self) -> None:
        if self._hands.trouble is not None:
            raise self._hands.trouble

    def close(self) -> None:
        self._over.set()
        self._keeper.join()
        if not self._session.closed:
            self._session.close()

    def _keep(self) -> None:
        while not self._over.wait(0.2):
            if self._session.lost.is_set():
                self._session.close()
                self._renew()

    def _renew(self) -> None:
        """Begin the next session, as soon as the library allows."""
        while not self._over.is_set():
            self._hands = Hands()
            try:
                self._session = self._begin(self._hands)
                return
            except SamecastError as error:
                log.warning("the next session cannot begin yet: %s", error)
                self._over.wait(5.0)


def _hush() -> None:
    """DBOS prints for a developer at a console; its warnings and errors go where ours go."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
