"""Prometheus metrics of this process and of the library, with the addresses that say whether all is well.

Counters tell what this process did since it began; gauges tell how the whole library stands, the same from whichever
process they are asked, and are read when somebody asks, at most every few seconds. Each metric, and what to be woken
for, is in docs/observing.md.
"""

import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from typing import TYPE_CHECKING

from samecast.core.errors import InvalidInput
from samecast.ports import ModelProfile
from samecast.ports.watching import Census, Tally
from samecast.production.logs import event

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.registry import Collector

KEPT_SECONDS = 5.0
"""How old what is told of the library may be: however many ask, it is read no more often."""
PATIENCE_SECONDS = 2.0
"""How long a scrape waits for the library, before it says that it is not there."""
_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""From a fake model's milliseconds to a provider's twenty minutes, in seconds."""


class Metrics:
    """What this process counts, and what it tells of the library. Safe to use from any thread."""

    def __init__(
        self,
        *,
        census: Census | None = None,
        models: Mapping[str, ModelProfile] | None = None,
        database: str = "sqlite",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`census` reads the library, if there is one to tell of; `models` says which queue a model's takes wait in."""
        from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector

        self.registry = own = CollectorRegistry()
        self._library = _Library(census, clock)
        self._made = Counter("samecast_takes_made", "Takes finished here.", ["model"], registry=own)
        self._failed = Counter("samecast_takes_failed", "Takes given up here.", ["model", "code"], registry=own)
        self._rounds = Counter("samecast_rounds", "Rounds of takes added here.", ["model"], registry=own)
        self._submitted = Counter(
            "samecast_provider_submissions", "Takes submitted from here.", ["provider"], registry=own
        )
        self._spent = Counter("samecast_spent_dollars", "What finished takes cost.", ["model"], registry=own)
        self._stored = Counter("samecast_stored_bytes", "Bytes of takes stored from here.", registry=own)
        self._rendering = Histogram(
            "samecast_render_seconds", "How long a take took to render.", ["model"], buckets=_BUCKETS, registry=own
        )
        self._scoring = Histogram(
            "samecast_score_seconds", "How long a take took to score.", ["model"], buckets=_BUCKETS, registry=own
        )
        versions = {"version": metadata.version("samecast"), "python": platform.python_version()}
        Info("samecast_build", "What is running.", registry=own).info({**versions, "database": database})
        ProcessCollector(registry=own)
        if census is not None:
            queues = {name: profile.resource for name, profile in (models or {}).items()}
            own.register(_of_the_library(self._library, queues))

    def take_made(self, model: str, *, micros: int = 0) -> None:
        """A take is done; it cost so many millionths of a dollar."""
        self._made.labels(model).inc()
        if micros:
            self._spent.labels(model).inc(micros / 1_000_000)

    def take_failed(self, model: str, code: str) -> None:
        """`code` is that of the `SamecastError`."""
        self._made.labels(model)  # told as 0 from now on: a share of nothing could be compared with nothing
        self._failed.labels(model, code).inc()

    def round_added(self, model: str) -> None:
        self._rounds.labels(model).inc()

    def submitted(self, provider: str) -> None:
        self._submitted.labels(provider).inc()

    def rendered(self, model: str, seconds: float) -> None:
        self._rendering.labels(model).observe(seconds)

    def scored(self, model: str, seconds: float) -> None:
        self._scoring.labels(model).observe(seconds)

    def stored(self, size: int) -> None:
        """So many bytes."""
        self._stored.inc(size)

    def text(self) -> bytes:
        """The metrics as Prometheus reads them. A library that cannot be read is told, and raises nothing."""
        from prometheus_client import generate_latest

        return generate_latest(self)  # all it asks of a registry is `collect`

    def collect(self) -> Iterator["Metric"]:
        """The families, without when each counter began: that is another series for each, which nobody asks for."""
        for family in self.registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family

    def library_there(self) -> bool:
        """Whether the library can be read, as far as is known; true where there is none to tell of."""
        return self._library.census is None or self._library.tally() is not None


def _of_the_library(library: "_Library", queues: Mapping[str, str]) -> "Collector":
    from prometheus_client.registry import Collector

    class OfTheLibrary(Collector):
        """Read when asked."""

        def describe(self) -> Iterable["Metric"]:
            """No names: to be registered must not read the library."""
            return []

        def collect(self) -> Iterable["Metric"]:
            return _gauges(library.tally(), queues, datetime.now(UTC))

    return OfTheLibrary()


class _Library:
    """What was last read of the library: by one reader at a time, in the background, so that no scrape hangs on it."""

    def __init__(self, census: Census | None, clock: Callable[[], float]) -> None:
        self.census = census
        self._clock = clock
        self._lock = threading.Lock()
        self._read: Tally | None = None
        self._read_at: float | None = None
        self._reading: threading.Thread | None = None

    def tally(self) -> Tally | None:
        """None where the library cannot be read, or not in time."""
        if self.census is None:
            return None
        with self._lock:
            if self._fresh():
                return self._read
            if self._reading is None or not self._reading.is_alive():
                self._reading = threading.Thread(target=self._look, args=(self.census,), daemon=True)
                self._reading.start()
            reading = self._reading
        reading.join(PATIENCE_SECONDS)
        with self._lock:
            return self._read if self._fresh() else None

    def _fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < KEPT_SECONDS

    def _look(self, census: Census) -> None:
        try:
            read: Tally | None = census.tally()
        except Exception as error:  # whatever it is: a scrape tells that the library is not there, and goes on
            read = None
            event("metrics.library_lost", "The library cannot be read.", level="warning", error=error)
        with self._lock:
            self._read, self._read_at = read, self._clock()


def _gauges(tally: Tally | None, queues: Mapping[str, str], now: datetime) -> Iterator["Metric"]:
    from prometheus_client.core import GaugeMetricFamily

    up = GaugeMetricFamily("samecast_library_up", "Whether the library can be read: 1 or 0.")
    up.add_metric([], float(tally is not None))
    yield up
    if tally is None:
        return
    takes = GaugeMetricFamily("samecast_takes", "Takes in the library.", labels=["state"])
    for state, count in tally.takes:
        takes.add_metric([state], count)
    yield takes
    yield from _queue_gauges(tally, queues, now)
    workers = GaugeMetricFamily("samecast_workers", "Workers that are there.", labels=["state"])
    for state in ("working", "draining"):
        workers.add_metric([state], sum(card.state == state for card in tally.workers))
    yield workers


def _queue_gauges(tally: Tally, queues: Mapping[str, str], now: datetime) -> Iterator["Metric"]:
    """Every queue that a model here has, so that an empty one is told as 0 and not as nothing."""
    from prometheus_client.core import GaugeMetricFamily

    depth = dict.fromkeys(queues.values(), 0)
    oldest = dict.fromkeys(depth, 0.0)
    serving = dict.fromkeys([*depth, *(queue for card in tally.workers for queue in card.queues)], 0)
    for waits in tally.backlog:
        queue = queues.get(waits.model, waits.model)
        depth[queue] = depth.get(queue, 0) + waits.takes
        oldest[queue] = max(oldest.get(queue, 0.0), (now - waits.since).total_seconds())
        serving.setdefault(queue, 0)
    for card in tally.workers:
        for queue in card.queues if card.state == "working" else ():
            serving[queue] += 1
    told = (
        ("samecast_queue_depth", "Takes of running shots that wait or are in hand.", depth),
        ("samecast_queue_oldest_seconds", "How long ago the oldest shot that still waits was ordered.", oldest),
        ("samecast_queue_workers", "Workers that take work from a queue.", serving),
    )
    for name, meaning, values in told:
        gauge = GaugeMetricFamily(name, meaning, labels=["queue"])
        for queue, value in values.items():
            gauge.add_metric([queue], value)
        yield gauge


# --- over HTTP --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where it is served; `port` is the one that was found where 0 was asked for."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@contextmanager
def serve(
    metrics: Metrics,
    host: str = "127.0.0.1",
    port: int = 9464,
    *,
    taking: Callable[[], bool] = lambda: True,
) -> Iterator[Serving]:
    """Answer /metrics, /healthz and /readyz for as long as this lasts. `taking`: whether the process takes work.

    Anybody who reaches the address may read it; there is nothing secret in it. Raises `InvalidInput` where the address
    cannot be had.
    """
    server = _listen(host, port, metrics, taking)
    running = threading.Thread(target=server.serve_forever, args=(0.1,), name="samecast-metrics", daemon=True)
    running.start()
    try:
        yield Serving(host=host, port=server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        running.join()


def _listen(host: str, port: int, metrics: Metrics, taking: Callable[[], bool]) -> ThreadingHTTPServer:
    import socket

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            """Somebody hung up, or sent nonsense: not worth a line."""

    class Answer(_Answer):
        of, at_work = metrics, staticmethod(taking)

    try:
        return Server((host, port), Answer)
    except (OSError, OverflowError) as error:
        raise InvalidInput(
            f"Metrics cannot be served on {host}:{port}: {getattr(error, 'strerror', None) or error}.",
            hint="Choose another port, or 0 for any that is free.",
        ) from error


class _Answer(BaseHTTPRequestHandler):
    of: Metrics
    at_work: Callable[[], bool]
    timeout = 10  # seconds for a client that connects and says nothing
    server_version, sys_version = "samecast", ""

    def do_GET(self) -> None:
        """Metrics; 200 while the process lives; 200 while it takes work and has its library."""
        from prometheus_client import CONTENT_TYPE_LATEST

        match self.path.partition("?")[0]:
            case "/metrics":
                self._send(HTTPStatus.OK, self.of.text(), CONTENT_TYPE_LATEST)
            case "/healthz":
                self._send(HTTPStatus.OK, b"alive\n")
            case "/readyz":
                why = "draining" if not self.at_work() else "" if self.of.library_there() else "no library"
                self._send(HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK, f"{why or 'ready'}\n".encode())
            case _:
                self._send(HTTPStatus.NOT_FOUND, b"/metrics, /healthz, /readyz\n")

    def do_HEAD(self) -> None:
        """The same without its body. Any other method is answered 501."""
        self.do_GET()

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A scrape every few seconds is no event."""
