"""What is said by WebSocket by somebody hostile: to pages that are not theirs, too much, and what makes no sense."""

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import websocket
from tests.web.hostile.asking import Target, ask
from tests.web.locks.test_frames import GARBAGE

UNKNOWN = "00000000-0000-4000-8000-000000000000"
ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    1e308,
    "",
    "x" * 9000,
    [],
    {},
    [[[]]],
    {"a": {"b": None}},
    ["../.."],
    "<script>",
)


def page(target: Target, path: str = "/") -> str:
    """Ask for a page, as a browser does; the id of it."""
    for _ in range(60):
        answer = ask(target, path, headers={"accept": "text/html"})
        if answer.status != 429:
            break
        time.sleep(1)
    found = re.search(rb'"?client_id"?: "([0-9a-f-]{36})"', answer.body.replace(b"&#34;", b'"').replace(b"'", b'"'))
    assert found is not None, answer
    return found[1].decode()


def address(client: str, **change: str) -> str:
    said = {
        "client_id": client,
        "next_message_id": "0",
        "implicit_handshake": "true",
        "document_id": "d",
        "tab_id": client,
    }
    return urlencode(said | {"old_tab_id": "null", "EIO": "4", "transport": "websocket"} | change)


def opened(
    target: Target, query: str, origin: str | None = "", path: str = "/_nicegui_ws/socket.io/", cookie: str = ""
) -> websocket.WebSocket:
    """A socket, from a page of ours unless `origin` says otherwise; None: it says nothing."""
    wire = socket.create_connection(("127.0.0.1", target.port), timeout=10)
    try:
        return websocket.create_connection(
            f"ws://{target.host}{path}?{query}",
            timeout=10,
            socket=wire,
            suppress_origin=origin is None,
            origin=origin or target.origin,
            cookie=cookie or target.session or None,
        )
    except BaseException:
        wire.close()
        raise


@contextlib.contextmanager
def joined(target: Target, client: str, **change: str) -> Iterator[websocket.WebSocket]:
    """A socket that has joined a page."""
    line = opened(target, address(client, **change))
    try:
        assert str(line.recv()).startswith("0{")
        line.send("40")
        assert str(line.recv()).startswith("40{")
        yield line
    finally:
        hang_up(line)


def hang_up(line: websocket.WebSocket) -> None:
    """At once: the client would wait for an answer to its farewell, or forget its socket."""
    if line.sock is not None:
        line.sock.close()


def event(client: str, name: str = "event", **said: object) -> str:
    return "42" + json.dumps([name, {"client_id": client, **said}])


def ended(line: websocket.WebSocket) -> bool:
    """Whether the server hangs up, whatever it says before."""
    with contextlib.suppress(websocket.WebSocketTimeoutException):
        try:
            while line.recv():
                pass
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return True
        return True
    return False


def alive(target: Target, line: websocket.WebSocket, client: str) -> bool:
    """Whether the page still answers: it goes somewhere, and says so."""
    line.send(event(client, id=0, listener_id=_navigation(target, client), args=[json.dumps("/queue")]))
    line.settimeout(10)
    with contextlib.suppress(websocket.WebSocketException):
        while frame := line.recv():
            if str(frame).startswith("42"):
                return True
    return False


def _navigation(target: Target, client: str) -> str:
    return LISTENERS[client]


LISTENERS: dict[str, str] = {}


def listened(target: Target, path: str = "/") -> str:
    """A page whose way to navigate is known."""
    answer = ask(target, path, headers={"accept": "text/html"})
    text = answer.body.decode().replace("&#34;", '"')
    client = re.search(r"\"?'?client_id\"?'?: [\"']([0-9a-f-]{36})", text)
    listener = re.search(
        r'"listener_id":"([^"]+)","type":"sub_pages_navigate"|"type":"sub_pages_navigate"[^}]*"listener_id":"([^"]+)"',
        text,
    )
    assert client is not None
    assert listener is not None, text[:4000]
    LISTENERS[client[1]] = listener[1] or listener[2]
    return client[1]


# --- opening ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1", "file://", None]
)
def test_no_other_page_opens_one(attacked: Target, origin: str | None):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        opened(attacked, address(page(attacked)), origin)
    assert refused.value.status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/_nicegui_ws/", "/_nicegui_ws/socket.io", "/studio/upload", "/_nicegui_ws/socket.io/x"]
)
def test_there_is_no_other_one(attacked: Target, path: str):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        opened(attacked, address(UNKNOWN), path=path)
    assert refused.value.status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": ""},
        {"client_id": "../../x"},
        {"client_id": "x" * 4000},
        {"EIO": "3"},
        {"transport": "polling"},
        {"sid": "abc"},
        {"tab_id": "x" * 200},
        {"document_id": "<script>"},
        {"next_message_id": "nine"},
        {"implicit_handshake": "__proto__"},
    ],
)
def test_an_address_that_no_page_has_opens_none(attacked: Target, change: dict[str, str]):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        opened(attacked, address(UNKNOWN, **change))
    assert refused.value.status_code == 403


@pytest.mark.parametrize("cookie", ["a=b", "samecast=", "samecast=1.x.y"])
def test_without_a_session_none_is_opened(locked: Target, cookie: str):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        opened(locked, address(UNKNOWN), cookie=cookie)
    assert refused.value.status_code == 403


def test_a_page_that_there_is_not_is_joined_by_nobody(attacked: Target):
    line = opened(attacked, address(UNKNOWN))
    assert str(line.recv()).startswith("0{")
    line.send("40")
    assert str(line.recv()).startswith("44")
    hang_up(line)


def test_nobody_joins_the_page_of_another(attacked: Target):
    client = listened(attacked)
    with joined(attacked, client) as mine:
        line = opened(attacked, address(client, tab_id="another"))
        assert str(line.recv()).startswith("0{")
        line.send("40")
        assert str(line.recv()).startswith("44"), "it is told no"
        hang_up(line)
        assert alive(attacked, mine, client)


def test_one_address_opens_so_many(attacked: Target):
    lines = []
    with contextlib.suppress(websocket.WebSocketBadStatusException):
        for _ in range(100):
            lines.append(opened(attacked, address(UNKNOWN)))
    assert 20 <= len(lines) < 100
    for line in lines:
        hang_up(line)
    time.sleep(0.5)
    hang_up(opened(attacked, address(UNKNOWN)))


# --- saying -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [*GARBAGE[1:], b"", b"\x00\xff" * 50], ids=lambda frame: repr(frame)[:40])
def test_what_makes_no_sense_ends_it(attacked: Target, client: str, frame: str | bytes):
    with joined(attacked, client) as line:
        line.send(frame) if isinstance(frame, str) else line.send_binary(frame)
        assert ended(line)


@pytest.fixture(scope="module")
def client(attacked: Target) -> str:
    """A page that is joined again and again, as by a browser whose line is bad."""
    return listened(attacked)


def test_nobody_speaks_for_the_page_of_another(attacked: Target):
    theirs, mine = listened(attacked), listened(attacked)
    with joined(attacked, theirs) as victim:
        for said in (
            event(theirs, id=0, listener_id=LISTENERS[theirs], args=['"/settings"']),
            event(theirs, "javascript_response", request_id="x", result="x"),
            event(theirs, "ack", next_message_id=10**9),
            event(theirs, "handshake", tab_id=theirs, document_id="d"),
            event(theirs, "log", level="error", message="x"),
        ):
            with joined(attacked, mine) as line:
                line.send(said)
                if '"log"' not in said:
                    assert ended(line), said
        assert alive(attacked, victim, theirs)


def test_elements_that_are_not_there_do_nothing(attacked: Target, client: str):
    with joined(attacked, client) as line:
        for number in (-1, 1, 99_999, 10**14):
            for listener in ("", "x", "__class__", LISTENERS[client], UNKNOWN):
                line.send(event(client, id=number, listener_id=listener, args=[]))
        assert alive(attacked, line, client)


def test_ways_that_lead_nowhere_are_not_gone(attacked: Target, client: str):
    with joined(attacked, client) as line:
        for way in (
            "//evil.example",
            "javascript:alert(1)",
            "/../x",
            "//[",
            "/a" * 300,
            "http://evil.example",
            "/\u0000",
            *ODD,
        ):
            line.send(event(client, id=0, listener_id=LISTENERS[client], args=[json.dumps(way)]))
        assert alive(attacked, line, client)


def test_what_is_too_long_ends_it(attacked: Target, client: str):
    with joined(attacked, client) as line:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            line.send(event(client, id=1, listener_id="x", args=["x" * 3_000_000]))
        assert ended(line)


def test_what_never_ends_is_ended(attacked: Target, client: str):
    with joined(attacked, client) as line:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            line.send_frame(websocket.ABNF.create_frame("42[", websocket.ABNF.OPCODE_TEXT, 0))
            for _ in range(200):
                line.send_frame(websocket.ABNF.create_frame("x" * 50_000, websocket.ABNF.OPCODE_CONT, 0))
        assert ended(line)


def test_a_flood_is_ended(attacked: Target, client: str):
    with joined(attacked, client) as line:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            for _ in range(20_000):
                line.send("3")
        assert ended(line)
    time.sleep(3)
    with joined(attacked, client) as line:
        assert alive(attacked, line, client)


def test_nesting_without_end_ends_it(attacked: Target, client: str):
    deep = '42["event",' + '{"client_id":' * 50_000
    with joined(attacked, client) as line:
        line.send(deep)
        assert ended(line)
    with joined(attacked, client) as line:
        line.send(event(client, id=0, listener_id=LISTENERS[client], args=["[" * 11_000]))
        assert ended(line)


def test_many_pages_that_nobody_joins_take_no_room(attacked: Target):
    before = attacked.memory()
    asked = 0
    ends = time.monotonic() + 30
    while asked < 200 and time.monotonic() < ends:
        if ask(attacked, "/", headers={"accept": "text/html"}).status == 200:
            asked += 1
    assert asked > 100
    assert attacked.memory() - before < 100
