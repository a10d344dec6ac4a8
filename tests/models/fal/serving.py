"""A provider on the loopback for the tests: answers over real HTTP, notes what is wrong with a request, counts jobs."""

import base64
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from samecast.ports import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def tree(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer. `cut`: the connection is cut instead; `hang`: nothing is said until the server ends."""

    status: int = 200
    tree: Any = None
    text: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hang: bool = False


class LocalServer:
    """`answer` says what each request gets. `wrong` is what a strict provider would have complained about."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.asked: list[Asked] = []
        self._over, self._one = threading.Event(), threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, asked: Asked) -> Say:
        raise NotImplementedError

    def expect(self, met: bool, what: str) -> None:
        if not met:
            self.wrong.append(what)

    def count(self, method: str, part: str = "") -> int:
        return sum(asked.method == method and part in asked.path for asked in self.asked)

    @contextmanager
    def running(self) -> Iterator[Self]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join()

    def stop(self) -> None:
        """Nothing answers any more; the port is free."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = Asked(
                    method=self.command,
                    path=parts.path,
                    query=parse_qs(parts.query),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=body,
                )
                with provider._one:
                    provider.asked.append(asked)
                    said = provider.answer(asked)
                if said.hang:
                    provider._over.wait(30)
                if said.hang or said.cut:
                    self.close_connection = True
                    self.connection.close()
                    return
                content = said.text if said.text is not None else json.dumps(said.tree)
                content = content.encode() if isinstance(content, str) else content
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - as http.server calls them

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


def png(pixels: Pixels) -> bytes:
    content = BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def opened(content: bytes) -> Pixels:
    return np.asarray(Image.open(BytesIO(content)).convert("RGB"))


def from_data_url(url: str) -> bytes:
    head, _, content = url.partition(",")
    assert head == "data:image/png;base64", head
    return base64.b64decode(content, validate=True)


def here_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no proxy out of the environment of whoever runs the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("FAL_", "REPLICATE_")):
            monkeypatch.delenv(name)


class Clock:
    """Sleeps without sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def never_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an engine nor a vendor's client sleeps by itself."""

    def sleep(seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s")

    monkeypatch.setattr(time, "sleep", sleep)
