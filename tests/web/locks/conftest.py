"""An application behind the door, asked by ASGI without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

HERE = "127.0.0.1:8177"
OURS = {"host": HERE, "origin": f"http://{HERE}"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class App:
    """Answers everything with what it is given, and keeps in mind what it was asked."""

    body: bytes = b"hello"
    headers: list[tuple[bytes, bytes]] = field(default_factory=lambda: [(b"content-type", b"text/plain")])
    asked: list[dict[str, Any]] = field(default_factory=list)
    heard: list[Any] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(dict(scope))
        if scope["type"] == "websocket":
            await self._socket(receive, send)
        elif scope["type"] == "http":
            self.heard.append(await _body(receive))
            await send({"type": "http.response.start", "status": 200, "headers": list(self.headers)})
            half = len(self.body) // 2
            await send({"type": "http.response.body", "body": self.body[:half], "more_body": True})
            await send({"type": "http.response.body", "body": self.body[half:]})

    async def _socket(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message.get("text", message.get("bytes")))
            for text in self.said:
                await send({"type": "websocket.send", "text": text})


async def _body(receive: Any) -> bytes | None:
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)
    return None


Ask = Callable[..., Answer]


async def ask(
    guard: Callable[..., Awaitable[None]],
    path: str = "/",
    method: str = "GET",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    *,
    body: list[bytes] | None = None,
    query: str = "",
    peer: str = "127.0.0.1",
    slow: float = 0.0,
) -> Answer:
    """One request. `body`: its pieces, the last of which ends it unless it is None; `slow`: seconds between them."""
    pieces = iter(body if body is not None else [b""])
    left = len(body) if body is not None else 1
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal left
        await asyncio.sleep(slow)
        left -= 1
        piece = next(pieces, None)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": left > 0}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    pairs = {"host": HERE} if headers is None else headers
    await guard(_scope(path, method, pairs, query, peer), receive, send)
    start, *rest = sent
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    assert len(named) == len(start["headers"]), "no header twice"
    return Answer(start["status"], named, b"".join(part["body"] for part in rest))


def _scope(path: str, method: str, headers: Any, query: str, peer: str) -> dict[str, Any]:
    pairs = headers.items() if isinstance(headers, dict) else headers
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
        "client": (peer, 50_000),
        "scheme": "http",
    }


async def talk(
    guard: Callable[..., Awaitable[None]],
    frames: Sequence[str | bytes],
    *,
    path: str = "/_nicegui_ws/socket.io/",
    query: str,
    headers: dict[str, str] | None = None,
    between: Callable[[int], None] = lambda number: None,
    hold: asyncio.Event | None = None,
    peer: str = "127.0.0.1",
) -> list[dict[str, Any]]:
    """One WebSocket that says `frames`; what was sent to it. `between` is called before each frame."""
    sent: list[dict[str, Any]] = []
    number = -1

    async def receive() -> dict[str, Any]:
        nonlocal number
        number += 1
        await asyncio.sleep(0)
        if number == 0:
            return {"type": "websocket.connect"}
        if number > len(frames):
            if hold is not None:
                await hold.wait()
            return {"type": "websocket.disconnect", "code": 1000}
        between(number - 1)
        frame = frames[number - 1]
        return {"type": "websocket.receive", "text" if isinstance(frame, str) else "bytes": frame}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = _scope(path, "GET", OURS if headers is None else headers, query, peer) | {"type": "websocket"}
    del scope["method"]
    await guard(scope, receive, send)
    return sent


@pytest.fixture
def app() -> App:
    return App()
