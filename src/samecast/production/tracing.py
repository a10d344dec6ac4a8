"""OpenTelemetry spans, where an endpoint is set and the extra is installed; next to nothing otherwise.

One trace a shot: its ids follow from the shot's own id alone, so that the takes of all workers, on whatever machine,
belong together without anybody handing anything on. Spans go out in batches from a thread of their own, as OTLP JSON
over HTTP; a collector that is down, slow or wrong costs the work nothing, and is told once. Who calls what is the
workflows' business.
"""

import hashlib
import os
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from importlib import util
from typing import TYPE_CHECKING, Protocol, TypeAlias

from samecast.core.errors import SamecastError
from samecast.production.logs import event
from samecast.production.redaction import redacted

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanContext, Tracer

    from samecast.production.telemetry import Sending

Attribute: TypeAlias = str | int | float | bool | None

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_EXTRA = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.json.http")
FLUSH_SECONDS = 3.0
"""How long the end of a process waits for its last spans; then they are let go."""


class Spanned(Protocol):
    """A span that is running."""

    def set(self, **attributes: Attribute) -> None:
        """Say more about it; None is left out."""
        ...


@contextmanager
def tracing(*, worker: str = "", flush_seconds: float = FLUSH_SECONDS) -> Iterator[None]:
    """Send spans for as long as this lasts, if the environment names an endpoint; at the end, what is left.

    Endpoint and its like are read from the variables that OpenTelemetry documents. `worker` names the process.
    """
    sending = _opened(worker)
    if sending is None:
        yield
        return
    _live.tracer = sending.tracer
    try:
        yield
    finally:
        _live.tracer = None
        sending.close(flush_seconds)


def span(name: str, *, shot: str = "", **attributes: Attribute) -> AbstractContextManager[Spanned]:
    """What happens inside, as one span; of this shot's trace, or (without `shot`) part of the span around it.

    An error that leaves it is recorded and goes on. Attributes are named `samecast.` and their name; None is left out.
    """
    tracer = _live.tracer
    return _NO_SPAN if tracer is None else _span(tracer, name, shot, attributes)


def shot_span(shot: str, *, began: datetime, failed: str = "", **attributes: Attribute) -> None:
    """The span that all others of a shot lie under, from when it was ordered until now; once, when it is concluded."""
    tracer = _live.tracer
    if tracer is None:
        return
    from opentelemetry.context import Context
    from opentelemetry.trace import Status, StatusCode

    from samecast.production.telemetry import beginning_with

    with beginning_with(trace_ids(shot)):
        whole = tracer.start_span("shot", context=Context(), start_time=int(began.timestamp() * 1e9))
    _Running(whole).set(shot=shot, **attributes)
    if failed:
        whole.set_status(Status(StatusCode.ERROR, redacted(failed)))
    whole.end()


def trace_ids(shot: str) -> tuple[int, int]:
    """The ids of a shot's trace (16 bytes) and of the span that all others lie under (8 bytes). Never 0."""
    digest = hashlib.sha256(f"samecast shot {shot}".encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


# --- while it is on ---------------------------------------------------------------------------------------------


class _Live:
    """The one tracer of this process: spans are made deep inside, where nobody can hand it on."""

    tracer: "Tracer | None" = None


_live = _Live()


class _Off:
    def set(self, **attributes: Attribute) -> None:
        """Nobody is looking."""


_NO_SPAN: AbstractContextManager[Spanned] = nullcontext(_Off())


@dataclass(frozen=True, slots=True)
class _Running:
    span: "Span"

    def set(self, **attributes: Attribute) -> None:
        for key, value in attributes.items():
            if value is not None:
                self.span.set_attribute(f"samecast.{key}", redacted(value) if isinstance(value, str) else value)


@contextmanager
def _span(tracer: "Tracer", name: str, shot: str, attributes: dict[str, Attribute]) -> Iterator[Spanned]:
    from opentelemetry import context, trace

    parent = context.get_current()
    if shot and trace.get_current_span().get_span_context().trace_id != trace_ids(shot)[0]:
        parent = trace.set_span_in_context(trace.NonRecordingSpan(_root(shot)), context.Context())
    opened = tracer.start_span(name, context=parent)
    running = _Running(opened)
    running.set(shot=shot or None, **attributes)
    token = context.attach(trace.set_span_in_context(opened, parent))
    try:
        yield running
    except BaseException as error:
        _failed(opened, error)
        raise
    finally:
        context.detach(token)
        opened.end()


def _root(shot: str) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    trace_id, span_id = trace_ids(shot)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _failed(opened: "Span", error: BaseException) -> None:
    """By hand rather than by `record_exception`, whose text may hold secrets."""
    from opentelemetry.trace import Status, StatusCode

    said = redacted(" ".join(str(error).split()))
    opened.set_status(Status(StatusCode.ERROR, said))
    if isinstance(error, SamecastError):
        opened.set_attribute("samecast.error", error.code)
    opened.add_event(
        "exception",
        {
            "exception.type": type(error).__qualname__,
            "exception.message": said,
            "exception.stacktrace": redacted("".join(traceback.format_exception(error))),
        },
    )


# --- beginning and ending ---------------------------------------------------------------------------------------


def _opened(worker: str) -> "Sending | None":
    """None where no endpoint is set, or the extra is missing: that is told, and work goes on without spans."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    if not installed():
        event(
            "tracing.missing",
            "An OTLP endpoint is set, but spans cannot be sent without: pip install 'samecast[telemetry]'",
            level="warning",
        )
        return None
    asked = next((os.environ[name] for name in PROTOCOLS if os.environ.get(name)), "http/json")
    if asked != "http/json":
        event("tracing.protocol", "Spans are sent as JSON over HTTP all the same.", level="warning", asked=asked)
    from samecast.production.telemetry import open_sending

    return open_sending(worker)


def installed() -> bool:
    """Whether the extra `samecast[telemetry]` is there."""
    try:
        return all(util.find_spec(name) is not None for name in _EXTRA)
    except ModuleNotFoundError:  # not even the packages that they would lie in
        return False
