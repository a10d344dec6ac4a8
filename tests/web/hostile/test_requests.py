"""What is asked over HTTP by somebody hostile: nothing is got by it, and the studio answers as before."""

import time

import nicegui
import pytest
from tests.web.hostile.asking import PASSWORD, Answer, Target, ask, enter, gets_nothing, send
from tests.web.hostile.requests import (
    FOREIGN,
    HOSTS,
    METHODS,
    NOWHERE,
    OVERRIDES,
    ROUTES,
    SHAPES,
    TRAVERSALS,
    Request,
)

from samecast.web.locks.passes import LASTS_SECONDS, Passes, key_in

ALL = (*FOREIGN, *HOSTS, *METHODS, *OVERRIDES, *SHAPES)


def whole(target: Target, request: Request) -> bytes:
    """The bytes of it, with a Host and no wish to be asked more."""
    head = request.head
    for name, value in (("host", target.host), ("origin", target.origin), ("port", str(target.port))):
        head = head.replace("{" + name + "}", value)
    if "\r\nhost:" not in head:
        first, _, rest = head.partition("\r\n")
        head = f"{first}\r\nhost: {target.host}" + (f"\r\n{rest}" if rest else "")
    return (head + "\r\nconnection: close\r\n\r\n").encode("latin-1") + request.body


def test_the_list_is_long_and_no_entry_is_there_twice():
    assert len(ALL) >= 60
    assert len({request.name for request in ALL}) == len(ALL)


@pytest.mark.parametrize("request_", ALL, ids=lambda request: request.name)
def test_it_gets_nothing(attacked: Target, request_: Request):
    answer = send(attacked, whole(attacked, request_), ends=request_.ends)
    gets_nothing(attacked, answer, request_.name)
    assert answer.status in request_.statuses | ({0} if request_.ends else set()), request_.name
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("traversal", TRAVERSALS, ids=lambda text: text[:40])
def test_no_address_leads_out(attacked: Target, traversal: str):
    for route in ROUTES:
        path = route.replace("{sha256}", attacked.sha256).replace("{received}", attacked.received)
        path = path.replace("{version}", nicegui.__version__).replace("{}", traversal)
        answer = ask(attacked, path)
        gets_nothing(attacked, answer, path)
        assert answer.status in NOWHERE or (answer.status == 400 and b"hint" in answer.body), (path, answer.status)


@pytest.mark.parametrize("traversal", TRAVERSALS, ids=lambda text: text[:40])
def test_no_page_is_somewhere_else(attacked: Target, traversal: str):
    for route in ("/{}", "/characters/{}", "/creations/{}", "/enter?to={}", "/creations?before={}", "/create?shot={}"):
        answer = ask(attacked, route.replace("{}", traversal))
        gets_nothing(attacked, answer, route)
        location = answer.headers.get("location", "/")
        assert location.startswith("/"), route
        assert not location.startswith(("//", "/\\")), route
        assert answer.status in NOWHERE | {200, 303, 429}, route


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "/%5cevil.example",
        "%2f%2fevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/%0d%0alocation:%20//evil.example",
        "@evil.example",
        ".evil.example",
        "/enter",
        "/a%0d%0a%0d%0a<script>",
        "%00//evil.example",
        "/studio/original/x",
        "/leave",
        "https:evil.example",
        "/\\/evil.example",
    ],
)
def test_the_way_in_leads_nowhere_else(locked: Target, to: str):
    body = f"password={PASSWORD.replace(' ', '+')}&to={to}".encode()
    said = {"content-type": "application/x-www-form-urlencoded"}
    answer = ask(locked, "/enter", "POST", said, body, session="")
    assert (answer.status, answer.headers["location"]) in ((303, "/"), (429, "")), to
    assert ask(locked, f"/enter?to={to}").headers.get("location", "/") == "/", to


# --- without a session --------------------------------------------------------------------------------------------


WITHIN = (
    "/",
    "/characters/mira",
    "/create",
    "/creations",
    "/settings",
    "/studio/picture/{sha256}/96.jpg",
    "/studio/clip/{sha256}.mp4",
    "/studio/original/{sha256}",
    "/studio/received/{received}/96.jpg",
    "/_nicegui/{version}/static/nicegui.js",
    "/favicon.ico",
    "/enter/",
    "/enterprise",
    "/healthz/",
    "/leave",
    "/studio/upload",
)
AROUND: tuple[str, ...] = (
    "/studio/static/../picture/{sha256}/96.jpg",
    "/studio/static/%2e%2e/picture/{sha256}/96.jpg",
    "//studio/static/x",
)
AROUND += (
    "/enter/../studio/original/{sha256}",
    "/enter%2f..%2fcreations",
    "/healthz%00",
    "/ENTER",
    "/%65nter/..",
    "/enter;/creations",
)
AROUND += (
    "/studio/static/look.css/../../original/{sha256}",
    "/studio/static%2f..%2foriginal%2f{sha256}",
    "/enter?/../creations#",
)


def filled(target: Target, path: str) -> str:
    return (
        path.replace("{sha256}", target.sha256)
        .replace("{received}", target.received)
        .replace("{version}", nicegui.__version__)
    )


@pytest.mark.parametrize("path", WITHIN + AROUND)
def test_without_a_session_nothing_is_shown(locked: Target, path: str):
    answer = ask(locked, filled(locked, path), session="")
    gets_nothing(locked, answer, path)
    assert answer.status in (400, 401, 404, 405, 414) or path.startswith("/enter?"), answer
    assert b"mira" not in answer.body
    if path.startswith(("/enter?", "/ENTER")):
        assert b"elements" not in answer.body


def cookies(target: Target) -> dict[str, str]:
    """Sessions that were never given out, or are over."""
    name, _, session = target.session.partition("=")
    said, _, signature = session.rpartition(".")
    until, _, number = said.partition(".")
    key = key_in(target.served.home / "studio")
    long_ago = Passes(key=key, password=PASSWORD, clock=lambda: time.time() - LASTS_SECONDS - 60)
    forged = {
        "none": "",
        "empty": f"{name}=",
        "cut": f"{name}={session[:-1]}",
        "longer": f"{name}={session}0",
        "later": f"{name}={int(until) + 9}.{number}.{signature}",
        "another number": f"{name}={until}.{number[::-1]}.{signature}",
        "no signature": f"{name}={said}.",
        "over": f"{name}={long_ago.give()}",
        "another password": f"{name}={Passes(key=key, password='another password').give()}",
        "another key": f"{name}={Passes(key=b'', password=PASSWORD).give()}",
        "no algorithm": f"{name}=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        "another algorithm": f"{name}=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.{signature}",
        "another name": f"session={session}",
        "a prefix": f"__Host-{name}={session}",
        "quoted": f'{name}="{session}"',
        "encoded": f"{name}={session.replace('.', '%2e')}",
        "a thousand": "; ".join([f"{name}=x"] * 900 + [f"{name}={session}"]),
        "the password": f"{name}={PASSWORD}",
    }
    return dict(forged.items())


CASES: tuple[str, ...] = (
    "none",
    "empty",
    "cut",
    "longer",
    "later",
    "another number",
    "no signature",
    "over",
    "another password",
    "another key",
)
CASES += (
    "no algorithm",
    "another algorithm",
    "another name",
    "a prefix",
    "quoted",
    "encoded",
    "a thousand",
    "the password",
)


@pytest.mark.parametrize("case", CASES)
def test_a_forged_session_opens_nothing(locked: Target, case: str):
    cookie = cookies(locked)[case]
    for path in ("/", "/studio/original/{sha256}", "/studio/received/{received}/96.jpg"):
        answer = ask(locked, filled(locked, path), session=cookie)
        assert answer.status == 401, (case, path)
        assert b"mira" not in answer.body
    assert (
        ask(locked, "/leave", "POST", {"content-type": "application/x-www-form-urlencoded"}, session=cookie).status
        == 401
    )


def test_what_a_proxy_would_say_opens_nothing(locked: Target):
    said = {
        "x-forwarded-for": "127.0.0.1",
        "x-real-ip": "127.0.0.1",
        "x-forwarded-user": "admin",
        "authorization": "Bearer x",
    }
    assert ask(locked, "/", headers=said | {"x-forwarded-host": locked.host}, session="").status == 401


def test_a_session_that_was_left_opens_nothing(locked: Target):
    cookie = enter(locked).headers["set-cookie"].partition(";")[0]
    assert ask(locked, "/studio/static/look.css", session=cookie).status == 200
    assert ask(locked, f"/studio/original/{locked.sha256}", session=cookie).status == 200
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert ask(locked, "/leave", "POST", form | {"origin": "http://evil.example"}, session=cookie).status == 403
    assert ask(locked, f"/studio/original/{locked.sha256}", session=cookie).status == 200, "another page ended it"
    assert ask(locked, "/leave", "POST", form, session=cookie).status == 303
    assert ask(locked, f"/studio/original/{locked.sha256}", session=cookie).status == 401


def test_sessions_are_not_chosen_by_who_comes_in(locked: Target):
    body = f"password={PASSWORD.replace(' ', '+')}".encode()
    said = {"content-type": "application/x-www-form-urlencoded", "cookie": "samecast=1.chosen.x"}
    given = ask(locked, "/enter", "POST", said, body, session="").headers["set-cookie"]
    assert "chosen" not in given
    assert "HttpOnly; SameSite=Strict" in given


def test_passwords_cannot_be_tried_for_long(locked: Target):
    statuses = [enter(locked, f"guess number {number}").status for number in range(20)]
    assert set(statuses) == {403, 429}
    assert statuses[-1] == 429
    assert statuses.count(403) <= 8
    assert enter(locked).status == 429, "then the right one is not told from a wrong one"
    assert ask(locked, "/").status == 200, "who is in stays in"


# --- how often ----------------------------------------------------------------------------------------------------


def test_pages_cannot_be_asked_for_without_end(attacked: Target):
    answers: list[Answer] = [ask(attacked, "/no/such/page", headers={"accept": "text/html"}) for _ in range(150)]
    assert 429 in {answer.status for answer in answers}
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.headers["retry-after"]
    assert ask(attacked, "/studio/static/look.css").status == 200
