"""Connections that take their time: each is ended, all of them at once do not keep others out."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field

import pytest
from tests.web.hostile.asking import Target, ask

MOST_SECONDS = 40.0
"""The longest of the studio's own limits here is 15 seconds; the machine may be busy."""


@dataclass
class Slow:
    """Says `first`, then `drop` every now and then, until it is hung up on."""

    port: int
    first: bytes
    drop: bytes
    ended: float = 0.0
    heard: bytes = b""
    _thread: threading.Thread | None = field(default=None)

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        assert self._thread is not None
        self._thread.join(MOST_SECONDS + 10)

    def _drip(self) -> None:
        began = time.monotonic()
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=0.4) as line,
            contextlib.suppress(ConnectionError),
        ):
            line.sendall(self.first)
            while time.monotonic() - began < MOST_SECONDS:
                try:
                    piece = line.recv(65536)
                except TimeoutError:
                    line.sendall(self.drop)
                    continue
                self.heard += piece
                if not piece:
                    break
        self.ended = time.monotonic() - began


FORM = "POST /enter HTTP/1.1\r\n{host}content-type: application/x-www-form-urlencoded\r\n"
PICTURE = "POST /studio/upload HTTP/1.1\r\n{host}content-type: image/png\r\n"
SLOW = {
    "silence": ("", ""),
    "half a line": ("GET / HT", ""),
    "headers drop by drop": ("GET / HTTP/1.1\r\n{host}", "x: y\r\n"),
    "letters drop by drop": ("G", "E"),
    "a form that never comes": (FORM + "content-length: 100\r\n\r\n", ""),
    "a form drop by drop": (FORM + "content-length: 5000\r\n\r\n", "x"),
    "a form in chunks without end": (FORM + "transfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
    "a picture that never comes": (PICTURE + "content-length: 100000\r\n\r\n", ""),
    "a picture's chunks without one": (PICTURE + "transfer-encoding: chunked\r\n\r\n", ""),
    "a body after a refusal": ("POST / HTTP/1.1\r\n{host}transfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
    "a body where none belongs": ("GET / HTTP/1.1\r\n{host}content-length: 9999\r\n\r\n", "x"),
    "half a WebSocket": ("GET /_nicegui_ws/socket.io/ HTTP/1.1\r\n{host}upgrade: websocket\r\n", "x: y\r\n"),
}
"""What is said at first, and then again and again."""


def slow_ones(target: Target) -> dict[str, Slow]:
    host = f"host: {target.host}\r\norigin: {target.origin}\r\n"
    return {
        name: Slow(target.port, first.replace("{host}", host).encode(), drop.encode())
        for name, (first, drop) in SLOW.items()
    }


@pytest.fixture(scope="module")
def dripped(attacked: Target) -> dict[str, Slow]:
    """All of them at once, and each some ten times over."""
    named = slow_ones(attacked)
    more = [slow for _ in range(9) for slow in slow_ones(attacked).values()]
    for slow in [*named.values(), *more]:
        slow.begin()
    time.sleep(2)
    for _ in range(5):
        assert ask(attacked, "/healthz").status == 200, "others are served meanwhile"
    for slow in named.values():
        slow.wait()
    return named


@pytest.mark.parametrize("name", SLOW)
def test_it_is_not_waited_for(dripped: dict[str, Slow], name: str):
    slow = dripped[name]
    assert slow.ended < MOST_SECONDS, "it was still held then"
    assert not slow.heard.startswith(b"HTTP/1.1 2")


def test_somebody_who_holds_many_keeps_nobody_else_out(attacked: Target):
    lines = []
    try:
        for _ in range(400):
            with contextlib.suppress(OSError):
                lines.append(socket.create_connection(("127.0.0.1", attacked.port), timeout=5))
        time.sleep(0.5)
        held = 0
        for line in lines:
            line.settimeout(0.01)
            try:
                held += line.recv(1) != b""
            except TimeoutError:
                held += 1
            except OSError:
                pass
        assert held <= 256
    finally:
        for line in lines:
            line.close()
    time.sleep(0.5)
    assert ask(attacked, "/healthz").status == 200
