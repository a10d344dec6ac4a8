"""Spans of a shot, from whatever process, are one trace at a real collector; and no collector ever stops the work."""

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from samecast.core.errors import RenderFailed
from samecast.production import tracing as module
from samecast.production.logs import LogSettings, logging_to
from samecast.production.tracing import shot_span, span, trace_ids, tracing


@dataclass
class Collector:
    """A little OTLP collector: `spans` by name, `statuses` to answer with before it says 200."""

    url: str = ""
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hold: threading.Event | None = None

    @property
    def spans(self) -> dict[str, dict[str, Any]]:
        return {
            entry["name"]: entry
            for _, body in self.posts
            for resource in body["resourceSpans"]
            for scope in resource["scopeSpans"]
            for entry in scope["spans"]
        }


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    heard = Collector()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if heard.hold is not None:
                heard.hold.wait(30)
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            status = heard.statuses.pop(0) if heard.statuses else 200
            if status == 200:
                heard.posts.append((self.path, json.loads(body)))
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    running = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    running.start()
    heard.url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", heard.url)
    yield heard
    if heard.hold is not None:
        heard.hold.set()
    server.shutdown()
    server.server_close()
    running.join()


def attributes(entry: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in entry["attributes"]}


def test_spans_of_a_shot_arrive_as_one_trace_under_its_own_span(collector: Collector):
    began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with tracing(worker="ann", flush_seconds=30):
        with span("take", shot="s1", take="s1-t1", worker=None) as take, span("render", model="storyboard"):
            take.set(seconds=3.5)
        with span("conclude", shot="s1"):
            shot_span("s1", began=began, takes=3)
        with span("take of another", shot="s2"):
            pass
    assert [path for path, _ in collector.posts] == ["/v1/traces"]
    trace, root = trace_ids("s1")
    spans = collector.spans
    assert {spans[name]["traceId"] for name in ("take", "render", "conclude", "shot")} == {f"{trace:032x}"}
    assert spans["take of another"]["traceId"] == f"{trace_ids('s2')[0]:032x}"
    assert (
        spans["take"]["parentSpanId"] == spans["conclude"]["parentSpanId"] == spans["shot"]["spanId"] == f"{root:016x}"
    )
    assert spans["render"]["parentSpanId"] == spans["take"]["spanId"]
    assert not spans["shot"].get("parentSpanId")
    assert int(spans["shot"]["startTimeUnixNano"]) == int(began.timestamp()) * 10**9
    assert attributes(spans["take"]) == {"samecast.shot": "s1", "samecast.take": "s1-t1", "samecast.seconds": 3.5}
    resource = attributes(collector.posts[0][1]["resourceSpans"][0]["resource"])
    assert (resource["service.name"], resource["service.instance.id"]) == ("samecast", "ann")


def test_two_processes_speak_of_one_trace(collector: Collector):
    script = """
from samecast.production.tracing import span, tracing
import sys
with tracing(worker=sys.argv[1], flush_seconds=30), span("take " + sys.argv[1], shot="s1"):
    pass
"""
    for worker in ("ann", "bob"):
        subprocess.run([sys.executable, "-c", script, worker], check=True, env={**os.environ}, timeout=60)
    spans = collector.spans
    assert spans["take ann"]["traceId"] == spans["take bob"]["traceId"]
    assert spans["take ann"]["parentSpanId"] == spans["take bob"]["parentSpanId"]
    assert spans["take ann"]["spanId"] != spans["take bob"]["spanId"]


def test_an_error_is_recorded_without_its_secrets_and_goes_on(collector: Collector, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAL_KEY", "planted-1234")
    with tracing(flush_seconds=30):
        with pytest.raises(RenderFailed), span("render", shot="s1", url="http://x/planted-1234"):
            raise RenderFailed("The model refused planted-1234.")
        shot_span("s1", began=datetime.now(UTC), failed="no take can be picked")
    entry = collector.spans["render"]
    assert entry["status"] == {"code": 2, "message": "The model refused [redacted]."}
    assert attributes(entry)["samecast.error"] == "render_failed"
    (told,) = entry["events"]
    assert attributes(told)["exception.type"] == "RenderFailed"
    assert "planted-1234" not in json.dumps(collector.posts)
    assert collector.spans["shot"]["status"]["code"] == 2


def test_nothing_is_imported_nor_sent_where_no_endpoint_is_set():
    script = """
import sys
from samecast.production.tracing import shot_span, span, tracing
from datetime import datetime, UTC
with tracing(), span("take", shot="s1") as running:
    running.set(seconds=1)
    shot_span("s1", began=datetime.now(UTC))
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    subprocess.run([sys.executable, "-c", script], check=True, env=clean, timeout=60)


def test_a_missing_extra_is_told_in_one_line_and_work_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/v1/traces")
    monkeypatch.setattr(module, "_EXTRA", ("not_installed_at_all.sdk",))
    stream, worked = io.StringIO(), []
    with logging_to(LogSettings(form="json"), stream), tracing(flush_seconds=30), span("take", shot="s1"):
        worked.append(1)
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert "pip install 'samecast[telemetry]'" in line["message"]
    assert worked


def test_a_dead_port_is_told_once_and_no_error_leaves(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
        stream, made = io.StringIO(), 0
        with logging_to(LogSettings(form="json"), stream), tracing(flush_seconds=20):
            for number in range(100):
                with span("take", shot=f"s{number}"):
                    made += 1
    assert made == 100
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["tracing.lost"]


def test_a_collector_that_never_answers_holds_nobody(collector: Collector):
    collector.hold = threading.Event()
    stream = io.StringIO()
    with logging_to(LogSettings(form="json"), stream):
        with tracing(flush_seconds=0.05), span("take", shot="s1"):
            pass
        # We are here, though it holds the request until the end of this test.
        assert not collector.hold.is_set()
    assert "tracing.dropped" in stream.getvalue()
    assert collector.posts == []


def test_a_collector_that_comes_back_is_told(collector: Collector):
    collector.statuses = [400]
    stream = io.StringIO()
    with logging_to(LogSettings(form="json"), stream), tracing(flush_seconds=30):
        from samecast.production.tracing import _live

        provider = _live.tracer.span_processor  # type: ignore[union-attr]
        with span("lost", shot="s1"):
            pass
        provider.force_flush()
        with span("kept", shot="s1"):
            pass
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["tracing.lost", "tracing.back"]
    assert set(collector.spans) == {"kept"}


def test_another_protocol_is_answered_honestly(collector: Collector, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    stream = io.StringIO()
    with logging_to(LogSettings(form="json"), stream), tracing(flush_seconds=30), span("take", shot="s1"):
        pass
    assert json.loads(stream.getvalue().splitlines()[0])["asked"] == "grpc"
    assert set(collector.spans) == {"take"}
