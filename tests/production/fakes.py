"""Models that leave a trace on disk of everything they did, also when their process is killed; and a worker of them.

`python -m tests.production.fakes LEDGER SECONDS STEPS PORT COMMAND...` is `samecast COMMAND` with these models too.
FAKE_KNOWS_KEYS=0, FAKE_AT_ONCE and FAKE_PER_MINUTE in the environment say what the provider is like; FAKE_STOP=score,
stored or die makes a worker stand still (or die) where it is worst, to be killed there; FAKE_PROTOCOL makes it one of
another version.
What each did is a line in the ledger file, appended in one write, so that lines of several processes never mix.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from samecast.cli import run
from samecast.core.errors import RenderFailed, SubmissionUnsure
from samecast.core.story import Take
from samecast.ports import Cost, Engine, HostedEngine, ModelProfile, Pixels, Render, Rendered
from samecast.production import jobs, queueing, session
from samecast.services.making import Making
from samecast.wiring import open_studio

SIDE = 512


@dataclass(frozen=True, slots=True)
class Ledger:
    path: Path

    def write(self, what: str, of: object) -> None:
        line = json.dumps({"what": what, "of": of, "pid": os.getpid()}) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def of(self, what: str) -> list[Any]:
        """What was written of that kind, in order."""
        return [entry["of"] for entry in self.entries(what)]

    def entries(self, what: str) -> list[dict[str, Any]]:
        """The same, with the process that wrote it (`pid`)."""
        if not self.path.exists():
            return []
        entries = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [entry for entry in entries if entry["what"] == what]


@dataclass(slots=True)
class SlowEngine:
    """Paints `steps` frames of one colour, `seconds` in all. Unlike a storyboard, no two renders are alike."""

    ledger: Ledger
    seconds: float = 0.01
    steps: int = 1
    version: str = "1"
    fail: str = ""
    """Fails takes whose prompt has this word."""
    hold: Callable[[], None] = field(default=lambda: None)
    """Called when a render begins: a test may have it stand still there."""

    def check(self) -> None:
        pass

    def render(self, order: Render) -> Rendered:
        self.ledger.write("render", order.recipe.seed)
        self.hold()
        if os.environ.get("FAKE_STOP") == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fail and self.fail in order.recipe.prompt:
            raise RenderFailed("The engine refused.", hint="Say something else.")
        return Rendered(frames=self._frames(order), notes=("a note",))

    def _frames(self, order: Render) -> Iterator[Pixels]:
        frame = np.random.default_rng().integers(0, 255, (SIDE // 8, SIDE // 8, 3), np.uint8)
        frame = frame.repeat(8, axis=0).repeat(8, axis=1)
        for step in range(self.steps):
            order.on_step("render", step, self.steps)
            time.sleep(self.seconds / self.steps)
        for _ in range(order.recipe.frames - 1):
            yield frame
        self.ledger.write("rendered", order.recipe.seed)  # before the last: of an image, nothing is read after it
        yield frame


class Provider:
    """A provider over HTTP that remembers keys and counts what it was asked for; it outlives every worker."""

    def __init__(self, *, knows_keys: bool = True, seconds: float = 0.05) -> None:
        self.jobs: dict[str, float] = {}
        """When each job is ready, by its key."""
        self.posts: list[str] = []
        self.cancelled: list[str] = []
        self.cut: int = 0
        """So many submissions are taken, and the connection is cut before the answer."""
        self.answer = threading.Event()
        """Cleared: submissions are taken, and answered once it is set."""
        self.answer.set()
        self._knows_keys, self._seconds = knows_keys, seconds
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @contextmanager
    def running(self) -> Iterator["Provider"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def submit(self, key: str) -> str:
        with self._lock:
            self.posts.append(key)
            ticket = key if self._knows_keys else f"{key}/{len(self.posts)}"
            self.jobs.setdefault(ticket, time.monotonic() + self._seconds)
            return ticket

    def working(self) -> int:
        """How many jobs are being made just now."""
        with self._lock:
            return sum(ready > time.monotonic() for ready in self.jobs.values())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                ticket = provider.submit(self.path.removeprefix("/"))
                provider.answer.wait(60)
                if provider.cut:
                    provider.cut -= 1
                    self.close_connection = True
                    self.connection.close()
                    return
                self._answer(200, ticket)

            def do_GET(self) -> None:
                ready = provider.jobs.get(self.path.removeprefix("/"))
                if ready is None:
                    self._answer(404, "")
                else:
                    self._answer(200 if time.monotonic() >= ready else 202, self.path.removeprefix("/"))

            def do_DELETE(self) -> None:
                provider.cancelled.append(self.path.removeprefix("/"))
                self._answer(200, "")

            def _answer(self, status: int, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


@dataclass(slots=True)
class HostedFake:
    """Speaks to a `Provider`."""

    port: int
    ledger: Ledger
    version: str = "1"

    def check(self) -> None:
        pass

    def submit(self, order: Render, key: str) -> str:
        self.ledger.write("submit", key)
        try:
            status, text = self._ask("POST", key)
        except OSError as error:
            raise SubmissionUnsure("The connection was cut while submitting.") from error
        if status != 200:
            raise RenderFailed(f"The provider answered {status}.")
        return text

    def find(self, key: str) -> str | None:
        status, text = self._ask("GET", key)
        return text if status in (200, 202) else None

    def collect(self, ticket: str) -> Rendered | None:
        status, _ = self._ask("GET", ticket)
        if status == 202:
            return None
        frame = np.random.default_rng().integers(0, 255, (SIDE // 8, SIDE // 8, 3), np.uint8)
        return Rendered(frames=iter([frame.repeat(8, axis=0).repeat(8, axis=1)]))

    def cancel(self, ticket: str) -> None:
        self._ask("DELETE", ticket)

    def _ask(self, method: str, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, f"/{path}")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


SLOW = ModelProfile(
    id="slow",
    name="Slow",
    engine="slow",
    kinds=("image", "video"),
    aspects=((1, 1),),
    max_seconds=10,
    max_characters=2,
    deterministic=False,
    composites=False,
    price="free",
    licence="none",
    cost=Cost(),
)
HOSTED = replace(
    SLOW, id="hosted", name="Hosted", resource="acme", knows_keys=True, cost=Cost(per_image=40_000, per_second=10_000)
)
ANIMATED = replace(
    SLOW, id="animated", name="Animated", kinds=("video",), references=0, first_frame=True, keyframe="slow"
)

LIMITS = ("at_once", "per_minute")


def models(
    ledger: Path, *, seconds: float = 0.01, steps: int = 1, port: int = 0, knows_keys: bool = True
) -> dict[str, tuple[ModelProfile, Engine | HostedEngine]]:
    """The fakes by their ids."""
    book = Ledger(ledger)
    return {
        SLOW.id: (SLOW, SlowEngine(book, seconds, steps)),
        ANIMATED.id: (ANIMATED, SlowEngine(book, seconds, steps)),
        HOSTED.id: (replace(HOSTED, knows_keys=knows_keys), HostedFake(port, book)),
    }


def main(arguments: list[str]) -> int:
    """`LEDGER SECONDS STEPS PORT COMMAND...`: any samecast command with the fakes beside the other models."""
    ledger, seconds, steps, port, *command = arguments
    signal.signal(signal.SIGINT, signal.default_int_handler)
    keys = os.environ.get("FAKE_KNOWS_KEYS", "1") == "1"
    fakes = models(Path(ledger), seconds=float(seconds), steps=int(steps), port=int(port), knows_keys=keys)
    limits = {name: int(os.environ[f"FAKE_{name.upper()}"]) for name in LIMITS if f"FAKE_{name.upper()}" in os.environ}
    fakes[HOSTED.id] = (replace(fakes[HOSTED.id][0], **limits), fakes[HOSTED.id][1])  # type: ignore[arg-type]
    for module in (session, queueing):
        setattr(module, "PROTOCOL", os.environ.get("FAKE_PROTOCOL", jobs.PROTOCOL))  # noqa: B010 - not exported there
    stand_still(os.environ.get("FAKE_STOP", ""), Ledger(Path(ledger)))
    return run(lambda: open_studio(more_models=fakes), command)


def stand_still(where: str, ledger: Ledger) -> None:
    """Have making wait for its end there: before scoring, or when a take is stored and its step not yet recorded."""
    render = Making.render

    def score(making: Making, take_id: str, *more: Any) -> Take:
        ledger.write("score", take_id)
        time.sleep(60)
        raise AssertionError("nobody killed it")

    def stored(making: Making, take_id: str, *more: Any, **named: Any) -> str:
        asset = render(making, take_id, *more, **named)
        ledger.write("stored", asset)
        time.sleep(60)
        raise AssertionError("nobody killed it")

    if where == "score":
        Making.score = score  # type: ignore[method-assign,assignment]
    elif where == "stored":
        Making.render = stored  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
