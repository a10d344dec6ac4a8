"""A provider of the test's own on this machine: what it is sent is kept, and what it answers the test decides.

`tests.models.bfl` uses it too. A request that is not as the provider's description has it is put down in `wrong`.
"""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped,unused-ignore]
import numpy as np
from PIL import Image

from samecast.ports import Picture


@dataclass(frozen=True, kw_only=True)
class Received:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """By lower case names."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


CUT = Reply(0)
"""The connection is closed without an answer."""


class Wrong(Exception):
    """A request that the provider's description does not allow."""


class Served:
    """Answers on 127.0.0.1. `faults` are answered first, one for each request that `faulty` says they are for."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.wrong: list[str] = []
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Received) -> Reply:
        raise NotImplementedError

    def of(self, method: str, path: str) -> list[Received]:
        """What was received of that kind, in order; `path` is how it begins."""
        return [one for one in self.received if one.method == method and one.path.startswith(path)]

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _replied(self, request: Received) -> Reply:
        with self.lock:
            self.received.append(request)
            try:
                return self.answer(request)
            except Exception as error:  # a failing server would only look like a network's fault
                self.wrong.append(f"{request.method} {request.path}: {type(error).__name__}: {error}")
                return Reply(400, {"error": {"code": "invalid_config", "message": str(error)[:200]}, "detail": "wrong"})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                parts = urlsplit(self.path)
                reply = served._replied(
                    Received(
                        method=self.command,
                        path=parts.path,
                        query={key: values[0] for key, values in parse_qs(parts.query).items()},
                        headers={key.lower(): value for key, value in self.headers.items()},
                        body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
                    )
                )
                if reply.status == 0:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(reply.status)
                for name, value in ({"Content-Length": str(len(reply.content))} | reply.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.status != 204:
                    self.wfile.write(reply.content)

            do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - as http.server calls them

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


# --- checks, pictures, time ---------------------------------------------------------------------------------------


def check_schema(value: object, schema: dict[str, Any]) -> None:
    """Raises `Wrong`, naming where."""
    try:
        jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)
    except jsonschema.ValidationError as error:
        raise Wrong(f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}") from None


def check_picture(content: bytes) -> tuple[int, int]:
    """The size of what is really a PNG or JPEG; raises `Wrong`."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            if image.format not in ("PNG", "JPEG"):
                raise Wrong(f"a picture of the form {image.format}")
            return image.size
    except OSError as error:
        raise Wrong("no picture") from error


def unpacked(url: str) -> bytes:
    """The bytes of a data URL."""
    head, _, data = url.partition(",")
    if head not in ("data:image/png;base64", "data:image/jpeg;base64"):
        raise Wrong(f"a data URL that begins with {head[:40]}")
    return base64.b64decode(data, validate=True)


def picture(shade: int, size: tuple[int, int] = (320, 400)) -> Picture:
    """A plain picture of one grey with a corner of another, so that no two shades are alike."""
    rgb = np.full((size[1], size[0], 3), shade, np.uint8)
    rgb[:40, :40] = 255 - shade
    return Picture(rgb=rgb)


def noise(seed: int, side: int = 1400) -> Picture:
    """A picture that no PNG makes small."""
    return Picture(rgb=np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def png_of(shade: int) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture(shade).rgb).save(content, "PNG")
    return content.getvalue()


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now
