"""The one door: every request and every WebSocket comes through here before anything else sees it.

In this order: does its head make sense, is it for us (Host), may it ask so often, is there such an address, does it
come from our own pages (Origin), is whoever asks known (a session, where a password is needed), is it small and quick
enough; and what goes back carries the headers of `policy`. It is plain ASGI, so that nothing is read before it was let
in.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

from samecast.ports.serving import Place
from samecast.web.locks import addresses
from samecast.web.locks.addresses import ENTER, SOCKET, STATIC, Kind, Scope
from samecast.web.locks.frames import Frames, client_of
from samecast.web.locks.passes import Passes
from samecast.web.locks.policy import FILES, HEADERS, policy, with_nonce
from samecast.web.locks.rates import Rate

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

MOST_FORM = 8 * 1024
"""Bytes of a form: a password, and where to go."""
FORM_SECONDS = 10.0
FORM = "application/x-www-form-urlencoded"
FORMS = (FORM, "multipart/form-data", "text/plain")
"""What a page elsewhere can have a browser send without asking; a picture comes as none of them."""
MOST_SOCKETS, MOST_SOCKETS_EACH = 400, 60
"""WebSockets that may be open, and those of one address."""
METHODS: dict[Kind, tuple[str, ...]] = {"enter": ("GET", "HEAD", "POST"), "leave": ("POST",), "upload": ("POST",)}
ONLY_LOOKING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often one address may ask. A page asks for some sixty files; a household shares an address."""

    requests: Rate = field(default_factory=lambda: Rate(burst=3000, per_second=400))
    pages: Rate = field(default_factory=lambda: Rate(burst=60, per_second=5))
    uploads: Rate = field(default_factory=lambda: Rate(burst=100, per_second=2))
    frames: Rate = field(default_factory=lambda: Rate(burst=1500, per_second=300))
    volume: Rate = field(default_factory=lambda: Rate(burst=8e6, per_second=1e6))
    """Characters that come in by WebSocket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as far as it was looked at."""

    named: dict[str, str]
    asker: str
    kind: Kind | None
    session: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    status: int
    line: str
    more: Headers = ()


class Guard:
    """`room` is asked before a page is made; `most_upload`: bytes of a picture that comes in."""

    def __init__(
        self,
        app: App,
        *,
        place: Place,
        passes: Passes | None,
        most_upload: int,
        rates: Rates | None = None,
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._app = app
        self._place = place
        self._passes = passes
        self._most_upload = most_upload
        self._rates = rates or Rates()
        self._room = room
        self._sockets: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        asked = self._look(scope)
        refusal = Refusal(status=400, line="That makes no sense.") if asked is None else self._refusal(scope, asked)
        if scope["type"] == "websocket":
            if asked is None or refusal is not None:
                await _hang_up(receive, send)
            else:
                await self._socket(scope, receive, send, asked)
        elif asked is None or refusal is not None:
            await _refuse(send, scope, refusal or Refusal(status=400, line=""))
        else:
            await self._request(scope, receive, send, asked)

    def _look(self, scope: Scope) -> Asked | None:
        named = addresses.head(scope)
        if named is None:
            return None
        return Asked(
            named=named,
            asker=addresses.asker(scope, named, self._place),
            kind=addresses.kind_of(scope["path"]),
            session=self._passes.known(named.get("cookie", "")) if self._passes else None,
        )

    # --- may it come in -------------------------------------------------------------------------------------------

    def _refusal(self, scope: Scope, asked: Asked) -> Refusal | None:
        """Why not; None where it may."""
        if not addresses.for_us(asked.named.get("host", ""), self._place):
            return Refusal(status=421, line="This is not the studio's address. Is --public-url right?")
        if not self._rates.requests.allows(asked.asker):
            return _too_many("Too many requests: wait a moment.")
        path, query = scope["path"], scope.get("query_string", b"")
        if len(path) > addresses.MOST_PATH or len(query) > addresses.MOST_QUERY:
            return Refusal(status=414, line="The address is too long.")
        if (path + query.decode("latin-1")).count("/") > addresses.MOST_SLASHES:
            return Refusal(status=414, line="The address has too many parts.")
        if scope["type"] == "websocket":
            return self._no_socket(scope, asked)
        return self._no_request(scope, asked) or self._no_room(asked)

    def _no_socket(self, scope: Scope, asked: Asked) -> Refusal | None:
        fits = scope["path"] == SOCKET and addresses.from_us(asked.named, self._place)
        known = self._passes is None or asked.session is not None
        full = self._sockets[asked.asker] >= MOST_SOCKETS_EACH or self._sockets.total() >= MOST_SOCKETS
        return None if fits and known and not full else Refusal(status=403, line="")

    def _no_request(self, scope: Scope, asked: Asked) -> Refusal | None:
        if asked.kind is None:
            return Refusal(status=404, line="There is nothing here.")
        if scope["method"] not in METHODS.get(asked.kind, ONLY_LOOKING):
            return Refusal(status=405, line="There is nothing to do that with.")
        looks = scope["method"] in ONLY_LOOKING
        if looks and not addresses.may_load(asked.named):
            return Refusal(status=403, line="Another page asks for that. Open the studio by itself.")
        if not looks and not addresses.from_us(asked.named, self._place):
            return Refusal(status=403, line="That did not come from the studio's own pages.")
        if self._passes is not None and asked.session is None and not _is_open(asked.kind, scope["path"]):
            return self._way_in(scope, asked)
        return _wrong_body(asked, looks, self._most_upload)

    def _way_in(self, scope: Scope, asked: Asked) -> Refusal:
        if asked.kind != "page" or "text/html" not in asked.named.get("accept", ""):
            return Refusal(status=401, line="Come in first: open the studio's address.")
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = addresses.way_back(scope["path"] + (f"?{query}" if query else ""))
        there = ENTER if wanted == "/" else f"{ENTER}?to={quote(wanted, safe='')}"
        return Refusal(status=303, line="", more=((b"location", there.encode()),))

    def _no_room(self, asked: Asked) -> Refusal | None:
        if asked.kind == "upload" and not self._rates.uploads.allows(asked.asker):
            return _too_many("Too many pictures: wait a moment.")
        if asked.kind in ("page", "enter", "leave") and not self._rates.pages.allows(asked.asker):
            return _too_many("Too many pages: wait a moment.")
        if asked.kind == "page" and not self._room():
            return Refusal(status=503, line="Too many pages are open: close some.", more=((b"retry-after", b"30"),))
        return None

    # --- letting in -----------------------------------------------------------------------------------------------

    async def _request(self, scope: Scope, receive: Receive, send: Send, asked: Asked) -> None:
        _as_it_is(scope, asked)
        if asked.kind != "upload" and scope["method"] == "POST":
            form = await _whole(receive)
            if isinstance(form, Refusal):
                await _refuse(send, scope, form)
                return
            receive = _again(form, receive)
        await self._app(scope, receive, _Outgoing(send, scope["path"], self._origin(asked.named)))

    def _origin(self, named: dict[str, str]) -> str:
        return self._place.public_url or f"http://{named.get('host', '')}"

    async def _socket(self, scope: Scope, receive: Receive, send: Send, asked: Asked) -> None:
        client = client_of(scope.get("query_string", b""))
        if client is None:
            await _hang_up(receive, send)
            return
        _as_it_is(scope, asked)
        line = _Line(self, receive, send, asked, Frames(client))
        self._sockets[asked.asker] += 1
        try:
            await self._app(scope, line.receive, line.send)
        finally:
            self._sockets[asked.asker] -= 1
            if not self._sockets[asked.asker]:
                del self._sockets[asked.asker]

    def still_knows(self, asked: Asked) -> bool:
        """Whether a session that was known when a socket was opened is known now."""
        return self._passes is None or (asked.session is not None and self._passes.knows(asked.session))

    def may_say(self, asked: Asked, frame: str) -> bool:
        return self._rates.frames.allows(asked.asker) and self._rates.volume.allows(asked.asker, len(frame))


class _Line:
    """One WebSocket: what comes is looked at, and both ways end with the session."""

    def __init__(self, guard: Guard, receive: Receive, send: Send, asked: Asked, frames: Frames) -> None:
        self._guard, self._receive, self._send, self._asked, self._frames = guard, receive, send, asked, frames
        self._ended = False

    async def receive(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive" or self._ended:
                return message
            frame = message.get("text")
            verdict = self._frames.read(frame) if self._guard.still_knows(self._asked) else "refuse"
            if verdict == "refuse" or frame is None or not self._guard.may_say(self._asked, frame):
                await self._end()
                return {"type": "websocket.disconnect", "code": 1008}
            if verdict == "pass":
                return message

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.send" and not self._guard.still_knows(self._asked):
            await self._end()
        elif not self._ended:
            self._ended = message["type"] == "websocket.close"
            await self._send(message)

    async def _end(self) -> None:
        if not self._ended:
            self._ended = True
            await self._send({"type": "websocket.close", "code": 1008})


class _Outgoing:
    """Sends on what the studio answers, with the headers that browsers are to keep to, and pages with a nonce."""

    def __init__(self, send: Send, path: str, origin: str) -> None:
        self._send = send
        self._path = path
        self._origin = origin
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            named = {name.lower(): value for name, value in message["headers"]}
            page = named.get(b"content-type", b"").startswith(b"text/html")
            if page and b"content-security-policy" not in named:
                self._start = message
                return
            message["headers"] = [*message["headers"], *self._missing(named, FILES)]
            await self._send(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._page(self._start, b"".join(self._parts))
        else:
            await self._send(message)

    async def _page(self, start: Message, html: bytes) -> None:
        nonce = secrets.token_urlsafe(16)
        html = with_nonce(html, nonce)
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        named = {name.lower(): value for name, value in kept}
        start["headers"] = [
            *kept,
            *self._missing(named, policy(nonce, origin=self._origin)),
            (b"content-length", str(len(html)).encode()),
        ]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": html})

    def _missing(self, named: dict[bytes, bytes], rules: str) -> list[tuple[bytes, bytes]]:
        wanted = [*HEADERS, (b"content-security-policy", rules.encode())]
        if not self._path.startswith(STATIC):
            wanted.append((b"cache-control", b"no-store"))
        return [pair for pair in wanted if pair[0] not in named]


def _is_open(kind: Kind, path: str) -> bool:
    """What is answered without a session: the way in, what it looks like, and whether anybody is there."""
    return kind in ("enter", "health") or (kind == "file" and path.startswith(STATIC))


def _wrong_body(asked: Asked, looks: bool, most_upload: int) -> Refusal | None:
    length = asked.named.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) <= 15):
        return Refusal(status=400, line="That makes no sense.")
    if looks:
        none = int(length) == 0 and "transfer-encoding" not in asked.named
        return None if none else Refusal(status=400, line="There is nothing to be sent there.")
    if int(length) > (most_upload if asked.kind == "upload" else MOST_FORM):
        return Refusal(status=413, line="That is too large.")
    said = asked.named.get("content-type", "").partition(";")[0].strip().lower()
    fits = said not in FORMS if asked.kind == "upload" else said == FORM
    return None if fits else Refusal(status=415, line="That is not how it is sent here.")


async def _whole(receive: Receive) -> bytes | Refusal:
    """A small body, all of it."""
    body = bytearray()
    try:
        async with asyncio.timeout(FORM_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return Refusal(status=400, line="It did not come whole.")
                body += message.get("body", b"")
                if len(body) > MOST_FORM:
                    return Refusal(status=413, line="That is too large.")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return Refusal(status=408, line="That came too slowly.")


def _again(body: bytes, receive: Receive) -> Receive:
    """Hands on a body that was read already, then whatever comes."""
    read = False

    async def receiving() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _as_it_is(scope: Scope, asked: Asked) -> None:
    """Says who asks to those further in, who are to believe nothing that anybody may write about that."""
    scope["client"] = (asked.asker, 0)
    untrue = (b"x-forwarded", b"forwarded", b"x-original", b"x-rewrite")
    scope["headers"] = [pair for pair in scope["headers"] if not pair[0].lower().startswith(untrue)]


def _too_many(line: str) -> Refusal:
    return Refusal(status=429, line=line, more=((b"retry-after", b"5"),))


async def _hang_up(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})


async def _refuse(send: Send, scope: Scope, refusal: Refusal) -> None:
    """One line; and where there is a body, it is not waited for."""
    body = refusal.line.encode()
    names = {name.lower() for name, value in scope["headers"] if value != b"0"}
    ends: Headers = ((b"connection", b"close"),) if names & {b"content-length", b"transfer-encoding"} else ()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", FILES.encode()),
        *HEADERS,
        *refusal.more,
        *ends,
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
