"""The door by itself: what it lets through, what it refuses, and what it adds to what goes back."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.web.locks.conftest import HERE, OURS, Answer, App, ask, talk
from tests.web.locks.test_frames import CLIENT, QUERY, event

from samecast.ports.serving import Place
from samecast.web.locks import guard as guarding
from samecast.web.locks.guard import FORM, Guard, Rates
from samecast.web.locks.passes import Passes
from samecast.web.locks.rates import Rate

PASSES = Passes(key=b"k" * 32, password="correct horse battery")
SOCKET = urlencode(QUERY)
FORMED = OURS | {"content-type": FORM}


def guard(app: App, passes: Passes | None = None, place: Place | None = None, **more: Any) -> Guard:
    return Guard(app, place=place or Place(), passes=passes, most_upload=1000, **more)


def get(door: Guard, *arguments: Any, **named: Any) -> Answer:
    return asyncio.run(ask(door, *arguments, **named))


def with_session(headers: dict[str, str], passes: Passes = PASSES) -> dict[str, str]:
    return headers | {"cookie": f"samecast={passes.give()}"}


def test_on_loopback_everybody_is_in(app: App):
    for path in ("/", "/characters/mira", "/studio/picture/x/96.jpg", "/enter", "/healthz"):
        assert get(guard(app), path).status == 200
    assert get(guard(app), "/", "HEAD").status == 200


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", ""]
)
@pytest.mark.parametrize("path", ["/", "/studio/static/look.css", "/healthz"])
def test_pages_and_files_are_looked_at_and_nothing_else(app: App, method: str, path: str):
    assert get(guard(app), path, method, OURS).status == 405
    assert not app.asked


@pytest.mark.parametrize(("path", "method"), [("/leave", "GET"), ("/studio/upload", "GET"), ("/enter", "PUT")])
def test_each_address_has_its_methods(app: App, path: str, method: str):
    assert get(guard(app), path, method, OURS).status == 405


@pytest.mark.parametrize("path", ["/studio", "/_nicegui_ws/socket.io/", "//x", "/a b", "/../x", "http://evil/"])
def test_what_there_is_not(app: App, path: str):
    assert get(guard(app), path).status == 404
    assert not app.asked


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:8177", "[", "127.0.0.1@evil"])
def test_what_is_not_for_us(app: App, host: str):
    assert get(guard(app), "/", headers={"host": host}).status == 421
    assert get(guard(app), "/", headers={}).status == 421
    assert not app.asked


def test_a_request_that_says_two_things(app: App):
    assert get(guard(app), "/", headers=[("host", HERE), ("host", "evil")]).status == 400
    both = [("host", HERE), ("content-length", "3"), ("transfer-encoding", "chunked")]
    assert get(guard(app), "/enter", "POST", both).status == 400


def test_addresses_have_an_end(app: App):
    assert get(guard(app), "/" + "a" * 600).status == 414
    assert get(guard(app), "/", query="x" * 9000).status == 414
    assert get(guard(app), "/", query="/" * 60).status == 414
    assert get(guard(app), "/create", query="prompt=" + "x" * 6000).status == 200


def test_a_page_elsewhere_may_lead_here_but_not_look_into_it(app: App):
    away = {"host": HERE, "sec-fetch-site": "cross-site"}
    assert (
        get(guard(app), "/", headers=away | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}).status == 200
    )
    for dest in ("image", "script", "iframe", "empty"):
        headers = away | {"sec-fetch-mode": "no-cors", "sec-fetch-dest": dest}
        assert get(guard(app), "/studio/picture/x/96.jpg", headers=headers).status == 403


@pytest.mark.parametrize("path", ["/enter", "/leave", "/studio/upload"])
@pytest.mark.parametrize(
    "change",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://127.0.0.1:9"},
    ],
)
def test_nothing_is_done_for_other_pages(app: App, path: str, change: dict[str, str]):
    assert get(guard(app), path, "POST", FORMED | change).status == 403
    without = {name: value for name, value in FORMED.items() if name != "origin"}
    assert get(guard(app), path, "POST", without).status == 403
    assert not app.asked


# --- sessions -----------------------------------------------------------------------------------------------------


def test_without_a_session_there_is_the_way_in(app: App):
    door = guard(app, PASSES)
    page = get(door, "/characters/mira", headers={"host": HERE, "accept": "text/html,*/*"}, query="a=1&b=//x")
    assert (page.status, page.headers["location"]) == (303, "/enter?to=%2Fcharacters%2Fmira%3Fa%3D1%26b%3D%2F%2Fx")
    first = get(door, "/", headers={"host": HERE, "accept": "text/html"})
    assert first.headers["location"] == "/enter"
    for path in (
        "/",
        "/studio/original/x",
        "/_nicegui/3.18.0/static/nicegui.js",
        "/enterprise",
        "/enter/x",
        "/healthz/x",
    ):
        assert get(door, path).status == 401
    assert get(door, "/studio/upload", "POST", OURS, body=[b"x"]).status == 401
    assert get(door, "/leave", "POST", FORMED).status == 401
    assert not app.asked


@pytest.mark.parametrize("path", ["/enter", "/studio/static/look.css", "/healthz"])
def test_the_way_in_is_open(app: App, path: str):
    assert get(guard(app, PASSES), path).status == 200


def test_a_session_opens_everything(app: App):
    door = guard(app, PASSES)
    assert get(door, "/", headers=with_session({"host": HERE})).status == 200
    assert get(door, "/studio/upload", "POST", with_session(OURS), body=[b"x"]).status == 200
    other = Passes(key=PASSES.key, password="another password")
    assert get(door, "/", headers=with_session({"host": HERE}, other)).status == 401


# --- bodies -------------------------------------------------------------------------------------------------------


def test_forms_are_small_and_forms(app: App):
    door = guard(app)
    assert get(door, "/enter", "POST", FORMED, body=[b"password=", b"x"]).status == 200
    assert app.heard == [b"password=x"]
    assert get(door, "/enter", "POST", FORMED | {"content-length": "9000"}).status == 413
    assert get(door, "/enter", "POST", FORMED, body=[b"x" * 3000] * 4).status == 413
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        assert get(door, "/enter", "POST", OURS | {"content-type": kind}).status == 415
    for length in ("-1", "1e3", "x", "\u0661".encode().decode("latin-1"), "9" * 40, "+1", "0x10"):
        assert get(door, "/enter", "POST", FORMED | {"content-length": length}).status == 400
    assert len(app.asked) == 1


def test_a_refused_body_is_not_waited_for(app: App):
    answer = get(guard(app), "/enter", "POST", FORMED | {"content-length": "9000"})
    assert answer.headers["connection"] == "close"
    assert "connection" not in get(guard(app), "/nothing here").headers


def test_a_slow_form_is_not_waited_for(app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guarding, "FORM_SECONDS", 0.05)
    assert get(guard(app), "/enter", "POST", FORMED, body=[b"x"] * 9, slow=0.02).status == 408
    assert not app.asked


def test_a_form_that_breaks_off_is_none(app: App):
    async def gone() -> Answer:
        return await ask(guard(app), "/enter", "POST", FORMED, body=[])

    assert asyncio.run(gone()).status == 400
    assert not app.asked


def test_looking_sends_nothing(app: App):
    assert get(guard(app), "/", headers={"host": HERE, "content-length": "5"}).status == 400
    assert get(guard(app), "/", headers={"host": HERE, "transfer-encoding": "chunked"}).status == 400
    assert get(guard(app), "/", headers={"host": HERE, "content-length": "0"}).status == 200


def test_pictures_come_by_themselves_and_are_bounded(app: App):
    door = guard(app)
    assert get(door, "/studio/upload", "POST", OURS | {"content-type": "image/png"}, body=[b"x"] * 3).status == 200
    assert get(door, "/studio/upload", "POST", OURS | {"content-length": "1001"}).status == 413
    for kind in ("multipart/form-data; boundary=x", FORM, "text/plain", "TEXT/PLAIN; charset=x"):
        assert get(door, "/studio/upload", "POST", OURS | {"content-type": kind}).status == 415


# --- how often ----------------------------------------------------------------------------------------------------


def none_after(burst: float) -> Rate:
    return Rate(burst=burst, per_second=0.0)


def test_requests_and_pages_and_pictures_are_counted(app: App):
    door = guard(app, rates=Rates(requests=none_after(4), pages=none_after(2), uploads=none_after(1)))
    assert [get(door, "/").status for _ in range(3)] == [200, 200, 429]
    assert get(door, "/studio/static/look.css").status == 200
    refused = get(door, "/studio/static/look.css")
    assert (refused.status, refused.headers["retry-after"]) == (429, "5")
    assert get(door, "/studio/upload", "POST", OURS, peer="127.0.0.2").status == 200
    assert get(door, "/studio/upload", "POST", OURS, peer="127.0.0.2").status == 429
    assert get(door, "/", peer="127.0.0.3").status == 200, "another address"


def test_what_says_who_asks_is_not_believed(app: App):
    door = guard(app, rates=Rates(pages=none_after(1)))
    get(door, "/")
    for number in range(3):
        assert get(door, "/", headers={"host": HERE, "x-forwarded-for": f"10.0.0.{number}"}).status == 429


def test_where_there_is_no_room_no_page_is_made(app: App):
    door = guard(app, room=lambda: False)
    assert get(door, "/").status == 503
    assert get(door, "/enter").status == 200
    assert get(door, "/studio/static/look.css").status == 200
    assert [scope["path"] for scope in app.asked] == ["/enter", "/studio/static/look.css"]


# --- what goes back -----------------------------------------------------------------------------------------------


def test_pages_go_out_with_a_policy_of_their_own(app: App):
    app.headers = [(b"Content-Type", b"text/html; charset=utf-8"), (b"Content-Length", b"5")]
    app.body = b"<script>ours</script>"
    first, second = get(guard(app), "/"), get(guard(app), "/")
    nonce = first.body.split(b'"')[1].decode()
    assert first.body == f'<script nonce="{nonce}">ours</script>'.encode()
    assert f"'nonce-{nonce}'" in first.headers["content-security-policy"]
    assert nonce not in second.headers["content-security-policy"]
    assert first.headers["content-length"] == str(len(first.body))
    assert f"connect-src 'self' ws://{HERE};" in first.headers["content-security-policy"]


def test_a_page_keeps_the_stricter_policy_it_has(app: App):
    app.headers = [(b"content-type", b"text/html"), (b"content-security-policy", b"default-src 'none'")]
    app.body = b"<script>"
    answer = get(guard(app), "/enter")
    assert (answer.headers["content-security-policy"], answer.body) == ("default-src 'none'", b"<script>")


def test_everything_goes_out_with_what_browsers_keep_to(app: App):
    for answer in (get(guard(app), "/studio/original/x"), get(guard(app), "/a b"), get(guard(app, PASSES), "/")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "cache-control" not in get(guard(app), "/studio/static/look.css").headers


def test_nobody_further_in_hears_what_anybody_may_write(app: App):
    untrue = {
        "x-forwarded-for": "1.2.3.4",
        "x-forwarded-prefix": "/evil",
        "x-forwarded-host": "evil",
        "forwarded": "for=1",
    }
    untrue |= {"x-original-url": "/", "x-rewrite-url": "/", "accept": "*/*"}
    get(guard(app), "/", headers={"host": HERE} | untrue)
    assert dict(app.asked[0]["headers"]) == {b"host": HERE.encode(), b"accept": b"*/*"}
    assert app.asked[0]["client"][0] == "127.0.0.1"


# --- sockets ------------------------------------------------------------------------------------------------------


def opened(sent: list[dict[str, Any]]) -> bool:
    return any(message["type"] == "websocket.accept" for message in sent)


def test_a_page_of_ours_talks(app: App):
    frames = ["40", event(id=1, listener_id="a"), "3"]
    sent = asyncio.run(talk(guard(app), list(frames), query=SOCKET))
    assert opened(sent)
    assert app.heard == frames


@pytest.mark.parametrize(
    "headers",
    [
        OURS | {"origin": "http://evil.example"},
        OURS | {"origin": "null"},
        {"host": HERE},
        {"host": "evil.example", "origin": "http://evil.example"},
        OURS | {"sec-fetch-site": "cross-site"},
    ],
)
def test_other_pages_open_no_socket(app: App, headers: dict[str, str]):
    sent = asyncio.run(talk(guard(app), ["40"], query=SOCKET, headers=headers))
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert not app.asked


@pytest.mark.parametrize(
    "path", ["/", "/_nicegui_ws/", "/_nicegui_ws/socket.io", "/_nicegui_ws/socket.io/x", "/studio/upload"]
)
def test_there_is_one_socket(app: App, path: str):
    assert not opened(asyncio.run(talk(guard(app), ["40"], path=path, query=SOCKET)))


def test_a_socket_needs_a_session_and_a_page(app: App):
    assert not opened(asyncio.run(talk(guard(app, PASSES), ["40"], query=SOCKET)))
    assert opened(asyncio.run(talk(guard(app, PASSES), ["40"], query=SOCKET, headers=with_session(OURS))))
    assert not opened(asyncio.run(talk(guard(app), ["40"], query="EIO=4&transport=websocket")))


def test_what_is_left_out_is_not_heard_and_garbage_ends_it(app: App):
    sent = asyncio.run(talk(guard(app), ["40", event("log", message="x"), "3", b"\x00", "3"], query=SOCKET))
    assert app.heard == ["40", "3"]
    assert sent[-1] == {"type": "websocket.close", "code": 1008}


def test_a_socket_ends_with_its_session(app: App):
    passes = Passes(key=b"k" * 32, password="correct horse battery")
    session = passes.give()
    app.said = ["secret"]

    def leave(number: int) -> None:
        if number == 1:
            passes.end(session)

    headers = OURS | {"cookie": f"samecast={session}"}
    sent = asyncio.run(talk(guard(app, passes), ["40", "3", "3"], query=SOCKET, headers=headers, between=leave))
    assert [message.get("text", message["type"]) for message in sent] == [
        "websocket.accept",
        "secret",
        "websocket.close",
    ]
    assert app.heard == ["40"], "what is said after that is not heard either"


def test_nothing_is_said_to_a_session_that_was_left(app: App):
    passes = Passes(key=b"k" * 32, password="correct horse battery")
    session = passes.give()

    async def pushing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        passes.end(session)
        await send({"type": "websocket.send", "text": "secret"})
        await send({"type": "websocket.send", "text": "secret"})

    door = Guard(pushing, place=Place(), passes=passes, most_upload=9)
    sent = asyncio.run(talk(door, [], query=SOCKET, headers=OURS | {"cookie": f"samecast={session}"}))
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


def test_who_says_too_much_is_not_heard(app: App):
    door = guard(app, rates=Rates(frames=none_after(3)))
    asyncio.run(talk(door, ["40"] + ["3"] * 9, query=SOCKET))
    assert app.heard == ["40", "3", "3"]
    app.heard.clear()
    door = guard(app, rates=Rates(volume=none_after(300)))
    long = event(id=1, listener_id="a", args=["x" * 400])
    asyncio.run(talk(door, ["40", long, "3"], query=SOCKET))
    assert app.heard == ["40"]


def test_sockets_are_counted_and_forgotten(app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guarding, "MOST_SOCKETS_EACH", 2)
    monkeypatch.setattr(guarding, "MOST_SOCKETS", 3)
    door = guard(app)

    async def many() -> list[bool]:
        hold = asyncio.Event()
        peers = ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3"]
        talks = [asyncio.create_task(talk(door, [], query=SOCKET, hold=hold, peer=peer)) for peer in peers]
        await asyncio.sleep(0.05)
        hold.set()
        return [opened(sent) for sent in await asyncio.gather(*talks)]

    assert asyncio.run(many()) == [True, True, False, True, False]
    assert asyncio.run(many()) == [True, True, False, True, False], "those that ended count no more"


def test_a_page_cannot_speak_for_another(app: App):
    other = CLIENT.replace("0", "f")
    sent = asyncio.run(talk(guard(app), ["40", event(client=other, id=1, listener_id="a")], query=SOCKET))
    assert app.heard == ["40"]
    assert sent[-1]["type"] == "websocket.close"
