"""What a worker says of its work: one place where logs, spans and metrics are told the same things.

What they look like is `logs`', `tracing`'s and `metrics`'. Nothing here decides anything, and nothing waits for it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from samecast.core.errors import SamecastError
from samecast.core.story import Shot, Take
from samecast.production.logs import event, log_fields
from samecast.production.metrics import Metrics
from samecast.production.tracing import shot_span, span


class Observer:
    """`metrics`: None where nobody reads them."""

    def __init__(self, *, worker: str, metrics: Metrics | None) -> None:
        self._worker = worker
        self._metrics = metrics

    @contextmanager
    def job(self, name: str, of: str, attempt: int = 1) -> Iterator[None]:
        """Everything told inside belongs to this job, `of` a take or a shot, and to its shot's trace."""
        shot, dash, _ = of.rpartition("-")
        take = of if dash else None
        fields = log_fields(shot=shot or of, take=take, attempt=attempt, worker=self._worker)
        with fields, span(name, shot=shot or of, take=take or "", worker=self._worker, attempt=attempt):
            yield

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        with span(name):
            yield

    def submitted(self, provider: str) -> None:
        event("take.submitted", provider=provider)
        if self._metrics:
            self._metrics.submitted(provider)

    def stored(self, model: str, *, seconds: float, size: int) -> None:
        event("take.stored", model=model, seconds=round(seconds, 3), bytes=size)
        if self._metrics:
            self._metrics.rendered(model, seconds)
            self._metrics.stored(size)

    @contextmanager
    def scoring(self, model: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        if self._metrics:
            self._metrics.scored(model, time.monotonic() - began)

    def made(self, take: Take) -> None:
        event("take.made", model=take.recipe.model, cost=take.cost, round=take.round)
        if self._metrics:
            self._metrics.take_made(take.recipe.model, micros=take.cost)

    def failed(self, take: Take, error: SamecastError) -> None:
        event("take.failed", level="warning", error=error, model=take.recipe.model, round=take.round)
        if self._metrics:
            self._metrics.take_failed(take.recipe.model, error.code)

    def round_added(self, shot: Shot) -> None:
        event("shot.round", round=shot.round, takes=len(shot.takes))
        if self._metrics:
            self._metrics.round_added(shot.model)

    def ended(self, shot: Shot) -> None:
        event("shot.done", takes=len(shot.takes), picked=shot.picked, cost=shot.spent)
        shot_span(shot.id, began=shot.created_at, takes=len(shot.takes), model=shot.model)
