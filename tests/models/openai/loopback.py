"""A provider on the loopback for a vendor's own SDK: it checks every request, and answers as the test says."""

import json
import os
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, Self, cast
from urllib.parse import parse_qsl, urlsplit

import jsonschema  # type: ignore[import-untyped,unused-ignore]
import numpy as np
import pytest
import skimage.data
from PIL import Image

from samecast.core.errors import MissingKey, SamecastError, Stopped
from samecast.core.secrets import remember
from samecast.ports import FaceReader, HostedEngine, Matting, ModelProfile, Picture, Pixels, Render
from samecast.ports.contract import recipe_for
from samecast.ports.plugins import Parts

FACE = Picture(rgb=skimage.data.astronaut()[:256, 100:340].copy())
CAT = Picture(rgb=skimage.data.chelsea())
"""Two pictures that cannot be taken for one another; only the second is wider than high."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request gets: JSON, or text as it is.

    `cut`: the connection ends instead, without a word or in the middle of the answer. `made`: the provider did the
    work all the same. `hold`: nothing is said before this is set.
    """

    status: int = 200
    tree: Any = None
    text: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Literal["", "silent", "half"] = ""
    made: bool = False
    hold: threading.Event | None = None


class Loopback:
    """`script` is what the next requests get that cost something; `faults` is what was wrong with any request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.faults: list[str] = []
        self.script: deque[Answer] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def check(self, tree: object, schema: Mapping[str, object]) -> bool:
        """Whether it keeps to the schema, in which nothing may be added anywhere."""
        found = sorted(jsonschema.Draft202012Validator(schema).iter_errors(tree), key=lambda error: error.json_path)
        self.faults += [f"{error.json_path}: {error.message[:200]}" for error in found]
        return not found

    def expect(self, met: bool, what: str) -> bool:
        if not met:
            self.faults.append(what)
        return met

    @contextmanager
    def running(self) -> Iterator[Self]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
                loopback.asked.append(asked)
                try:
                    said = loopback.answer(asked)
                except Exception as error:  # or the test would only see a connection that was cut
                    loopback.faults.append(f"{asked.method} {asked.path}: {type(error).__name__}: {error}")
                    said = Answer(status=500, tree={"error": {"message": "the stand-in failed"}})
                if said.hold is not None:
                    said.hold.wait(30)
                with suppress(ConnectionError):  # whoever asked has left
                    self._say(said)

            def _say(self, said: Answer) -> None:
                content = said.text if said.text is not None else json.dumps(said.tree).encode()
                if said.cut == "silent":
                    self._end()
                    return
                self.send_response(said.status)
                named = {"Content-Type": "text/html" if said.text is not None else "application/json"} | dict(
                    said.headers
                )
                for name, value in named.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if said.cut else content)
                if said.cut:
                    self.wfile.flush()
                    self._end()

            def _end(self) -> None:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

            do_GET = do_POST = do_DELETE = _any  # noqa: N815 - as http.server calls them

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


def nobody_else(monkeypatch: pytest.MonkeyPatch, *prefixes: str) -> None:
    """No proxy, and nothing of these names, out of the environment of whoever runs the tests.

    Nor the certificates of the web, which every client reads and nothing on the loopback needs.
    """
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *given, **named: None, raising=False)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(prefixes):
            monkeypatch.delenv(name)


def closed_port() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


# --- pictures -----------------------------------------------------------------------------------------------------


def png(width: int, height: int, colour: tuple[int, int, int] = (200, 40, 90)) -> bytes:
    content = BytesIO()
    Image.new("RGB", (width, height), colour).save(content, "PNG")
    return content.getvalue()


def opened(content: bytes) -> tuple[str, Pixels]:
    """The format, and H x W x 3."""
    with Image.open(BytesIO(content)) as image:
        return str(image.format), np.asarray(image.convert("RGB"))


def alike(pixels: Pixels, picture: Picture) -> bool:
    """Whether it is this picture, whatever its size and compression."""
    small = [np.asarray(Image.fromarray(p).resize((24, 24)), float) for p in (pixels, picture.rgb)]
    return float(np.abs(small[0] - small[1]).mean()) < 6


# --- orders -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenKeys:
    """`ports.plugins.Keys`, as `models.keys` keeps them."""

    keys: Mapping[str, str]

    def get(self, name: str) -> str:
        if name not in self.keys:
            raise MissingKey(f"There is no {name}.", hint=f"Set it, or: samecast models key {name}")
        return remember(self.keys[name])


def parts(home: Path, **keys: str) -> Parts:
    """What an engine is handed; it has no use for eyes."""
    return Parts(home=home, keys=GivenKeys(keys), faces=cast(FaceReader, None), matting=cast(Matting, None))


@dataclass(slots=True)
class Waits:
    """Sleeps without sleeping, and hears what is reported; `stop_at` stops the take at that second of waiting."""

    slept: float = 0.0
    told: list[tuple[str, int, int]] = field(default_factory=list)
    stop_at: int | None = None

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def step(self, step: str, done: int, total: int) -> None:
        self.told.append((step, done, total))
        if self.stop_at is not None and len(self.told) > self.stop_at:
            raise Stopped("Enough.")


def order_for(
    profile: ModelProfile, engine: HostedEngine, *pictures: Picture, waits: Waits | None = None, **changes: Any
) -> Render:
    """An order of the contract's kind; `changes` go into its recipe, pictures as `edited`, `first_frame`, `last_frame`
    given as pictures."""
    recipe, references = recipe_for(profile, engine, pictures)
    for name in ("edited", "first_frame", "last_frame"):
        if isinstance(changes.get(name), Picture):
            picture = changes[name]
            changes[name] = sha256(picture.rgb.tobytes() + name.encode()).hexdigest()
            references[changes[name]] = picture
    recipe = replace(recipe, **changes)
    return Render(recipe=recipe, references=references, on_step=(waits or Waits()).step)


def raised(error: BaseException | None) -> Iterator[BaseException]:
    """An error and everything that would be printed under it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def tells_nothing_of(secret: str, error: SamecastError) -> bool:
    """Whether neither the error nor anything printed under it gives the secret away."""
    return not any(secret in f"{one} {one!r}" for one in raised(error))
