"""A provider on the loopback, over real HTTP: it keeps requests, complains about wrong ones, and goes wrong as told.

What a vendor's API looks like is its own: each says in `answer` what a request gets, and calls `begun`, `told` and
`sent` where a job is begun, asked about and fetched, so that a test can have any of these end otherwise.
"""

import json
import os
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlsplit

import jsonschema  # type: ignore[import-untyped,unused-ignore]
import pytest

Tree: TypeAlias = dict[str, Any]
"""A JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came; `headers` by their names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def tree(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets: JSON, or text as it is, or nothing but a status.

    `cut`: the connection ends instead, without a word (closed or reset) or in the middle of the answer. `made`: the
    provider did the work all the same; where nothing else is said, its usual answer is held or cut. `hold`: nothing is
    said before this is set.
    """

    status: int = 200
    tree: Any = None
    _: KW_ONLY
    text: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Literal["", "silent", "reset", "half"] = ""
    made: bool = False
    hold: threading.Event | None = None

    @property
    def says(self) -> bool:
        return self.tree is not None or self.text is not None or self.status != 200

    @property
    def content(self) -> bytes:
        if self.text is None:
            return b"" if self.tree is None else json.dumps(self.tree).encode()
        return self.text.encode() if isinstance(self.text, str) else self.text


CUT = Answer(cut="silent")
"""The connection ends before anything was done."""
BEGUN = Answer(cut="silent", made=True)
"""The connection ends when it was done."""


class Wrong(Exception):
    """A request that the vendor's description does not allow."""


@dataclass(slots=True, kw_only=True)
class Job:
    """What was begun, and how it goes: what each question about it is told, in turn; the last again and again."""

    id: str
    body: Tree
    life: list[Tree] = field(default_factory=list)
    cancelled: int = 0

    def told(self) -> Tree:
        return self.life.pop(0) if len(self.life) > 1 else self.life[0]


JobT = TypeVar("JobT")


class Provider(Generic[JobT]):
    """`wrong` is what a strict provider would have complained about; `strict` fails the test for it.

    `script`, `questions` and `files` are what the next submissions, questions about jobs and fetched results get
    instead of the usual. `jobs` are those that were begun, by their id: each is charged. `key` is the one that opens
    it, and `secrets` are others that it gave out.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    """How the names begin by which the vendor's client would find settings in the environment."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.wrong: list[str] = []
        self.key = ""
        self.secrets: list[str] = []
        self.jobs: dict[str, JobT] = {}
        self.script: deque[Answer] = deque()
        self.questions: deque[Answer] = deque()
        self.files: deque[Answer] = deque()
        self.over = threading.Event()
        self._one = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def job(self) -> JobT:
        """The only one."""
        (job,) = self.jobs.values()
        return job

    # --- what a vendor says, and says otherwise -------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        """What a request gets. Raises `Wrong` for one that the vendor would not take."""
        raise NotImplementedError

    def refusal(self, words: str) -> Answer:
        """How the vendor says that a request is wrong."""
        return Answer(400, {"error": {"message": words}, "detail": words})

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the vendor's client, in this process, find the provider here, and nobody else."""
        alone(monkeypatch, *self.settings)

    def begun(self, id: str, begin: Callable[[], JobT], usual: Callable[[JobT], Answer]) -> Answer:
        """What a submission gets that was right: the job of this id is begun unless the script says otherwise."""
        said = self.script.popleft() if self.script else None
        if said is not None and not said.made:
            return said
        if id not in self.jobs:
            self.jobs[id] = begin()
        if said is None:
            return usual(self.jobs[id])
        return said if said.says else replace(usual(self.jobs[id]), cut=said.cut, hold=said.hold)

    def told(self, usual: Callable[[], Answer]) -> Answer:
        """What a question about a job gets."""
        return self.questions.popleft() if self.questions else usual()

    def sent(self, usual: Callable[[], Answer]) -> Answer:
        """What whoever fetches a result gets."""
        return self.files.popleft() if self.files else usual()

    # --- what it complains about ----------------------------------------------------------------------------------

    def expect(self, met: bool, what: str) -> bool:
        """Put a complaint down, and go on."""
        if not met:
            self.wrong.append(what)
        return met

    def of(self, method: str, part: str = "") -> list[Asked]:
        """The requests of that kind, in order."""
        return [asked for asked in self.asked if asked.method == method and part in asked.path]

    def count(self, method: str, part: str = "") -> int:
        return len(self.of(method, part))

    # --- its life -------------------------------------------------------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[Self]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join()

    @contextmanager
    def strict(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Self]:
        """The only provider of a test, which fails for every wrong request."""
        with self.running():
            self.lead(monkeypatch)
            yield self
            assert self.wrong == []

    def stop(self) -> None:
        """Nothing answers any more; the port is free."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _replied(self, asked: Asked) -> Answer:
        with self._one:
            self.asked.append(asked)
            try:
                return self.answer(asked)
            except Exception as error:  # or the test would only see a network's fault
                self.wrong.append(f"{asked.method} {asked.path}: {type(error).__name__}: {error}")
                return self.refusal(str(error)[:200])


def _handler(provider: Provider[Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            parts = urlsplit(self.path)
            said = provider._replied(
                Asked(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
            )
            if said.hold is not None:
                said.hold.wait(30)
            with suppress(ConnectionError):  # whoever asked has left
                self._say(said)

        def _say(self, said: Answer) -> None:
            if said.cut in ("silent", "reset"):
                self._end(reset=said.cut == "reset")
                return
            kind = "text/html" if said.text is not None else "application/json"
            content = said.content
            self.send_response(said.status)
            for name, value in (
                {"Content-Type": kind, "Content-Length": str(len(content))} | dict(said.headers)
            ).items():
                self.send_header(name, value)
            self.end_headers()
            if said.status != 204:
                self.wfile.write(content[: len(content) // 2] if said.cut else content)
            if said.cut:
                self.wfile.flush()
                self._end(reset=True)

        def _end(self, *, reset: bool) -> None:
            self.close_connection = True
            if reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - as http.server calls them

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


def check_schema(tree: object, schema: Mapping[str, object]) -> None:
    """Raises `Wrong`, naming where and what."""
    found = sorted(jsonschema.Draft202012Validator(schema).iter_errors(tree), key=lambda error: error.json_path)
    if found:
        raise Wrong("; ".join(f"{error.json_path}: {error.message[:200]}" for error in found))


def need(met: bool, what: str) -> None:
    """Raises `Wrong` with that complaint."""
    if not met:
        raise Wrong(what)


def closed_port() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def alone(monkeypatch: pytest.MonkeyPatch, *prefixes: str) -> None:
    """No proxy, and nothing of these names, out of the environment of whoever runs the tests; nor does anything sleep.

    Nor are the certificates of the web read, which every client does and nothing on the loopback needs.
    """

    def sleep(seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s")

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *given, **named: None, raising=False)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or (prefixes and name.startswith(prefixes)):
            monkeypatch.delenv(name)
