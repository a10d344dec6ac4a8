"""What sends spans: the part of tracing that needs the extra `samecast[telemetry]`. Only `tracing` imports it, late."""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata

from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Tracer

from samecast.production.logs import event

_given = threading.local()


@contextmanager
def beginning_with(ids: tuple[int, int]) -> Iterator[None]:
    """A span that begins a trace inside, in this thread, gets these ids: of the trace, and of itself."""
    _given.ids = ids
    try:
        yield
    finally:
        _given.ids = None


class _Ids(RandomIdGenerator):
    """Random ids, but where `beginning_with` gives them."""

    def generate_trace_id(self) -> int:
        ids: tuple[int, int] | None = getattr(_given, "ids", None)
        return ids[0] if ids else super().generate_trace_id()

    def generate_span_id(self) -> int:
        ids: tuple[int, int] | None = getattr(_given, "ids", None)
        return ids[1] if ids else super().generate_span_id()


class _Telling(SpanExporter):
    """Says once that the collector cannot be reached, and once that it can be again: not with every batch."""

    def __init__(self, sender: OTLPSpanExporter) -> None:
        self._sender = sender
        self._reached = True
        self._over = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Never raises: what cannot be sent is lost."""
        if self._over:
            return SpanExportResult.FAILURE
        try:
            result = self._sender.export(spans)
        except Exception:
            result = SpanExportResult.FAILURE
        reached = result is SpanExportResult.SUCCESS
        if self._reached and not reached:
            event("tracing.lost", "Spans cannot be delivered; work goes on without.", level="warning")
        elif reached and not self._reached:
            event("tracing.back", "Spans are delivered again.")
        self._reached = reached
        return result

    def shutdown(self) -> None:
        """Give up waiting to try again, too. Again is harmless."""
        if not self._over:
            self._over = True
            self._sender.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Spans on their way: made by `tracer`, sent from a thread of their own."""

    tracer: Tracer
    provider: TracerProvider
    exporter: SpanExporter

    def close(self, seconds: float) -> None:
        """Send what is left, and let go after so many seconds, whatever the collector does."""
        # The provider's own end may wait for as long as the exporter tries: the bound is ours.
        last = threading.Thread(target=self.provider.shutdown, name="samecast-spans", daemon=True)
        last.start()
        last.join(seconds)
        if last.is_alive():
            event("tracing.dropped", "The last spans were not delivered in time.", level="warning", seconds=seconds)
            self.exporter.shutdown()


def open_sending(worker: str) -> Sending:
    """Batches of spans to the endpoint of the environment. Every shot is traced: thinning out is the collector's."""
    # The packages complain of every batch that is lost, and of every try; `_Telling` says it once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
    resource = Resource.create(
        {
            "service.name": os.environ.get("OTEL_SERVICE_NAME") or "samecast",
            "service.version": metadata.version("samecast"),
            **({"service.instance.id": worker} if worker else {}),
        }
    )
    exporter = _Telling(OTLPSpanExporter())
    provider = TracerProvider(resource=resource, sampler=ALWAYS_ON, id_generator=_Ids(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Sending(tracer=provider.get_tracer("samecast"), provider=provider, exporter=exporter)
