"""Who asks, whether it is for us, and for what."""

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samecast.core.errors import InvalidInput
from samecast.ports.serving import Place
from samecast.web.locks.addresses import (
    as_public_url,
    asker,
    for_us,
    from_us,
    head,
    is_page,
    kind_of,
    may_load,
    way_back,
)

HERE = Place()
NET = Place(host="0.0.0.0", password="x" * 12)
PROXIED = Place(public_url="https://studio.example.org", password="x" * 12)


def scope(peer: str | None = "192.0.2.7", *headers: tuple[str, str]) -> dict[str, Any]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "client": (peer, 5) if peer is not None else None, "headers": raw}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8177", "localhost:1", "LOCALHOST", "[::1]:8177", "127.9.9.9"])
def test_this_machine_by_its_names(host: str):
    assert for_us(host, HERE)
    assert for_us(host, NET)


REBOUND = ("evil.example", "evil.example:8177", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1.nip.io")
ODD: tuple[str, ...] = (
    "",
    " ",
    "[",
    "[::1",
    "]",
    "::1",
    "127.0.0.1@evil",
    "evil@127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:99999999",
    "a b",
)
ODD += (
    "localhost/",
    "localhost?",
    "localhost#",
    "127.0.0.1\\",
    "127.0.0.1,evil",
    "localhost.",
    "\u017focalhost",
    "0x7f.1:x",
)


@pytest.mark.parametrize("host", REBOUND + ODD)
@pytest.mark.parametrize("place", [HERE, NET, PROXIED], ids=["here", "net", "proxied"])
def test_a_name_that_somebody_pointed_here_is_not_ours(host: str, place: Place):
    assert not for_us(host, place)


def test_a_network_reaches_it_by_its_addresses_and_its_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "Workshop.lan")
    for host in ("192.168.1.5:8177", "[fd00::1]:8177", "workshop.lan", "workshop.local:8177"):
        assert for_us(host, NET)
    assert not for_us("192.168.1.5", HERE)
    assert not for_us("workshop", Place(host="127.0.0.1"))


def test_behind_a_proxy_it_has_one_name():
    assert for_us("studio.example.org", PROXIED)
    for host in ("studio.example.org:8177", "127.0.0.1:8177", "localhost", "www.studio.example.org"):
        assert not for_us(host, PROXIED)


@given(st.text(max_size=40))
def test_no_host_breaks_it(host: str):
    for place in (HERE, NET, PROXIED):
        assert for_us(host, place) in (True, False)


# --- where from ---------------------------------------------------------------------------------------------------


def said(**named: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}


def test_our_own_pages_may():
    ours = said(host="127.0.0.1:8177", origin="http://127.0.0.1:8177")
    assert from_us(ours, HERE)
    assert from_us(ours | said(sec_fetch_site="same-origin"), HERE)
    assert from_us(said(host="studio.example.org", origin="https://studio.example.org"), PROXIED)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "https://127.0.0.1:8177",
        "http://127.0.0.1:8178",
        "http://127.0.0.1",
        "http://localhost:8177",
        "http://127.0.0.1:8177.evil.example",
        "http://127.0.0.1:8177/",
        "file://",
        "[",
        "http://[",
    ],
)
def test_other_pages_may_not(origin: str):
    assert not from_us(said(host="127.0.0.1:8177", origin=origin), HERE)
    assert not from_us(said(host="studio.example.org", origin=origin), PROXIED)


def test_no_origin_is_no_page_of_ours():
    assert not from_us(said(host="127.0.0.1:8177"), HERE)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "SAME-ORIGIN"])
def test_what_a_browser_says_of_the_site_counts(site: str):
    ours = said(host="127.0.0.1:8177", origin="http://127.0.0.1:8177", sec_fetch_site=site)
    assert not from_us(ours, HERE)


def test_others_may_lead_here_and_not_look_into():
    assert may_load({})
    assert may_load(said(sec_fetch_site="none", sec_fetch_mode="navigate", sec_fetch_dest="document"))
    assert may_load(said(sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="document"))
    assert may_load(said(sec_fetch_site="same-origin", sec_fetch_mode="no-cors", sec_fetch_dest="image"))
    for dest in ("image", "script", "iframe", "empty", "video", "object", "embed"):
        assert not may_load(said(sec_fetch_site="cross-site", sec_fetch_mode="no-cors", sec_fetch_dest=dest))
        assert not may_load(said(sec_fetch_site="same-site", sec_fetch_mode="no-cors", sec_fetch_dest=dest))
    assert not may_load(said(sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="iframe"))
    assert not may_load(said(sec_fetch_site="same-origin", sec_fetch_mode="navigate", sec_fetch_dest="iframe"))


# --- who ----------------------------------------------------------------------------------------------------------


def who(place: Place, peer: str | None, *headers: tuple[str, str]) -> str:
    asked = scope(peer, *headers)
    named = head(asked)
    assert named is not None
    return asker(asked, named, place)


def test_a_proxy_is_believed_where_there_is_one():
    told = ("x-forwarded-for", "203.0.113.66, 198.51.100.9")
    assert who(PROXIED, "127.0.0.1", told) == "198.51.100.9"
    assert who(PROXIED, "172.17.0.1", told) == "198.51.100.9"
    assert (
        who(PROXIED, "127.0.0.1", ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.9")) == "198.51.100.9"
    )


def test_nobody_else_is():
    told = ("x-forwarded-for", "198.51.100.9")
    for header in (told, ("x-real-ip", "1.2.3.4"), ("forwarded", "for=1.2.3.4"), ("true-client-ip", "1.2.3.4")):
        assert who(HERE, "127.0.0.1", header) == "127.0.0.1"
        assert who(NET, "192.168.1.9", header) == "192.168.1.9"
    assert who(PROXIED, "8.8.8.8", told) == "8.8.8.8"
    for nonsense in ("", "unknown", "1.2.3.4:80", "999.1.1.1", "<script>", "1.2.3.4,"):
        assert who(PROXIED, "127.0.0.1", ("x-forwarded-for", nonsense)) == "127.0.0.1"


def test_a_household_is_one():
    assert who(NET, "2001:db8:1:2:aaaa::1") == who(NET, "2001:db8:1:2:bbbb::2") == "2001:db8:1:2::"
    assert who(NET, "2001:db8:1:3::1") != who(NET, "2001:db8:1:2::1")
    assert who(NET, "::ffff:192.0.2.7") == "192.0.2.7"
    assert who(NET, None) == who(NET, "a socket file") == "somebody"


# --- what ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "page"),
        ("/characters/mira", "page"),
        ("/create", "page"),
        ("/creations/", "page"),
        ("/enter", "enter"),
        ("/leave", "leave"),
        ("/healthz", "health"),
        ("/studio/upload", "upload"),
        ("/studio/static/look.css", "file"),
        ("/studio/picture/" + "a" * 64 + "/96.jpg", "file"),
        ("/_nicegui/3.18.0/static/nicegui.js", "file"),
        ("/_nicegui/3.18.0/components/0f3a/marker.js", "file"),
        ("/favicon.ico", "file"),
        ("/enterprise", "page"),
    ],
)
def test_every_address_is_of_one_kind(path: str, kind: str):
    assert kind_of(path) == kind


NOWHERE = ["", "x", "//", "//evil.example", "/a//b", "/../x", "/a/../b", "/a/./b", "/.", "/..", "/...", "/a\\b", "/a b"]
NOWHERE += [
    "/a\x00",
    "/a\n",
    "/é",
    "/[",
    "/a?b",
    "/a#b",
    "http://evil/",
    "/studio",
    "/studio/",
    "/studio/../x",
    "/studiox",
]
NOWHERE += [
    "/studio/static/../../x",
    "/studio/static/a//b",
    "/_nicegui",
    "/_nicegui/x/static/y",
    "/_nicegui_ws/socket.io/",
]
NOWHERE += [
    "/_nicegui/3.18.0/static/../../x",
    "/_nicegui/3.18.0/auto/y",
    "/favicon.icon",
    "/a;b",
    "/<script>",
    "/%2e%2e",
]


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_of_none_is_nothing(path: str):
    assert kind_of(path) is None


def test_the_way_back_leads_to_a_page_of_ours():
    assert way_back("/characters/mira?tab=takes&x=1") == "/characters/mira?tab=takes&x=1"
    assert way_back("/create?prompt=%40mira%20walks") == "/create?prompt=%40mira%20walks"
    for elsewhere in (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
    ):
        assert way_back(elsewhere) == "/"
    for more in ("/enter", "/leave", "/a?\r\nset-cookie: x", '/a?"><script>', "/a?" + "x" * 9000, "/a?" + "/" * 50, ""):
        assert way_back(more) == "/"


@given(st.text(max_size=60))
def test_the_way_back_is_always_a_path_of_ours(text: str):
    back = way_back(text)
    assert back.startswith("/")
    assert not back.startswith("//")
    assert back.isascii()
    assert is_page(back)


def test_a_head_that_says_two_things_says_nothing():
    assert head(scope("1.2.3.4", ("Host", "a"), ("host", "b"))) is None
    assert head(scope("1.2.3.4", ("origin", "a"), ("Origin", "a"))) is None
    assert head(scope("1.2.3.4", ("content-length", "5"), ("transfer-encoding", "chunked"))) is None
    assert head(scope("1.2.3.4", ("content-length", "5"), ("content-length", "6"))) is None
    assert head(scope("1.2.3.4", *((f"x-{n}", "y") for n in range(101)))) is None
    assert head(scope("1.2.3.4", ("cookie", "x" * 33_000))) is None
    assert head(scope("1.2.3.4", ("accept", "a"), ("accept", "b"), ("cookie", "c=1"), ("cookie", "d=2"))) == {
        "accept": "a,b",
        "cookie": "c=1; d=2",
    }


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://studio.example.org/", "https://studio.example.org"),
        ("HTTP://Host:8080", "http://host:8080"),
        ("https://a.example:443", "https://a.example"),
        ("http://a.example:80/", "http://a.example"),
        ("https://a.example:80", "https://a.example:80"),
        ("http://[fd00::1]:8177", "http://[fd00::1]:8177"),
    ],
)
def test_a_public_url_as_browsers_say_it(text: str, url: str):
    assert as_public_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "studio.example.org",
        "ftp://a",
        "https://",
        "https://a/studio",
        "https://a?x",
        "https://a#x",
        "https://u:p@a",
        "https://a b",
        "https://a:99999",
        "https://a:0",
        "https://a:x",
        "javascript:alert(1)",
        "https://[",
        "//a",
    ],
)
def test_what_is_no_public_url(text: str):
    with pytest.raises(InvalidInput, match="cannot be at") as said:
        as_public_url(text)
    assert "--public-url" in said.value.hint
