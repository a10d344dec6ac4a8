"""The way in and out, by itself: no browser, and no door in front of it."""

from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from samecast.web.enter import Door, Tries, add_routes
from samecast.web.locks.passes import Passes
from samecast.web.locks.rates import Rate

PASSWORD = "correct horse battery"


def passes(**more) -> Passes:
    return Passes(key=b"k" * 32, password=PASSWORD, **more)


def at(door: Door) -> TestClient:
    app = FastAPI()
    add_routes(app, door)
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def enter(client: TestClient, password: str = PASSWORD, to: str = "/"):
    return client.post("/enter", content=urlencode({"password": password, "to": to}))


def test_the_page_is_a_form_and_runs_nothing():
    shown = at(Door(passes())).get("/enter?to=/create%3Fprompt=a")
    assert shown.status_code == 200
    assert "<script" not in shown.text
    assert 'name="to" value="/create?prompt=a"' in shown.text
    assert "http-equiv" not in shown.text
    rules = shown.headers["content-security-policy"]
    assert "default-src 'none'" in rules
    assert "script-src" not in rules


def test_the_password_opens_and_leads_back():
    client = at(Door(passes()))
    answer = enter(client, to="/characters/mira?tab=takes")
    assert (answer.status_code, answer.headers["location"]) == (303, "/characters/mira?tab=takes")
    assert passes().knows(client.cookies["samecast"])
    assert PASSWORD not in answer.headers["set-cookie"]
    assert client.get("/enter?to=/create").headers["location"] == "/create"


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/leave"]
)
def test_it_leads_nowhere_else(to: str):
    client = at(Door(passes()))
    assert 'name="to" value="/"' in client.get("/enter", params={"to": to}).text
    assert enter(client, to=to).headers["location"] == "/"
    assert client.get("/enter", params={"to": to}).headers["location"] == "/"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + "x", "x" * 5000, "\u0000", "<script>alert(1)</script>"])
def test_another_password_opens_nothing(password: str):
    answer = enter(at(Door(passes())), password)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "That is not the password." in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"&&&&", b"password", b"a=1&" * 50, b"password[]=x", b"%"])
def test_what_is_no_form_opens_nothing(content: bytes):
    answer = at(Door(passes())).post("/enter", content=content)
    assert answer.status_code in (400, 403)
    assert "set-cookie" not in answer.headers


def test_wrong_passwords_are_counted_and_right_ones_are_not():
    tries = Tries(each=Rate(burst=3, per_second=0), all=Rate(burst=9, per_second=0))
    client = at(Door(passes(), tries))
    for _ in range(9):
        assert enter(client).status_code == 303
    assert [enter(client, "wrong").status_code for _ in range(4)] == [403, 403, 403, 429]
    refused = enter(client)
    assert refused.status_code == 429, "the right one is not told from a wrong one then"
    assert refused.headers["retry-after"] == "60"


def test_all_addresses_together_have_an_end_too():
    tries = Tries(each=Rate(burst=2, per_second=0), all=Rate(burst=3, per_second=0))
    assert [tries.begin(who) for who in ("a", "b", "c", "d")] == [True, True, True, False]
    tries.right("a")
    assert tries.begin("d"), "d was not counted before"
    assert not tries.begin("e")


def test_a_link_elsewhere_is_followed_with_the_session():
    client = at(Door(passes()))
    led = client.get("/enter?to=/characters/mira", headers={"sec-fetch-site": "cross-site"})
    assert '<meta http-equiv="refresh" content="0;url=/enter?to=%2Fcharacters%2Fmira">' in led.text


def test_leaving_ends_the_session():
    mine = passes()
    client = at(Door(mine))
    enter(client)
    session = client.cookies["samecast"]
    left = client.post("/leave")
    assert (left.status_code, left.headers["location"]) == (303, "/enter")
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert not mine.knows(session)
    assert client.post("/leave", headers={"cookie": f"samecast={session}"}).status_code == 303


def test_over_tls_the_session_stays_on_it():
    door = Door(passes(secure=True))
    answer = enter(at(door))
    assert answer.headers["set-cookie"].startswith("__Host-samecast=")
    assert "; Secure" in answer.headers["set-cookie"]
    assert at(door).post("/leave").headers["clear-site-data"] == '"cache"'


def test_where_no_password_is_needed_everybody_is_in():
    client = at(Door(None))
    assert client.get("/enter?to=/create").headers["location"] == "/create"
    assert enter(client, "x").headers["location"] == "/"
    assert client.post("/leave").headers["location"] == "/"
