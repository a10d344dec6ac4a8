"""The pages that NiceGUI holds are bounded, and events that nothing listens to are left out."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from nicegui import Client, core

from samecast.web.locks.toolkit import WAYS, hear_what_is_listened_to, make_room


class Page:
    """As much of a NiceGUI client as is looked at."""

    def __init__(self, number: int, joined: bool = False, awaited: bool = False) -> None:
        self.name, self.created = str(number), float(number)
        self.has_socket_connection = joined
        self._delete_tasks = {"d": object()} if awaited else {}
        self.elements: dict[int, Any] = {}
        Client.instances[self.name] = self  # type: ignore[assignment]

    def delete(self) -> None:
        del Client.instances[self.name]


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "instances", {})


def test_the_oldest_that_nobody_joined_go():
    for number in (3, 1, 2, 4):
        Page(number)
    assert make_room(unjoined=3)
    assert sorted(Client.instances) == ["3", "4"], "with the one to come there are three"


def test_who_is_there_or_comes_back_stays():
    Page(1, joined=True)
    Page(2, awaited=True)
    Page(3)
    assert make_room(unjoined=1)
    assert sorted(Client.instances) == ["1", "2"]


def test_pages_have_an_end():
    for number in range(5):
        Page(number, joined=True)
    assert not make_room(pages=5)
    assert make_room(pages=6)
    Page(9)
    assert make_room(pages=6)
    assert "9" not in Client.instances


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What goes on to NiceGUI's own handler."""
    heard: list[dict[str, Any]] = []
    monkeypatch.setitem(core.sio.handlers["/"], "event", lambda socket, said: heard.append(said))
    hear_what_is_listened_to()
    return heard


def say(page: str, element: int, listener: str, *arguments: str | None) -> None:
    said = {"client_id": page, "id": element, "listener_id": listener, "args": list(arguments)}
    core.sio.handlers["/"]["event"]("socket", said)


def listening(page: Page, element: int, **listeners: str) -> None:
    named = {name: SimpleNamespace(type=kind) for name, kind in listeners.items()}
    page.elements[element] = SimpleNamespace(_event_listeners=named, is_deleted=False, _parent_slot=None)


def test_events_that_nothing_listens_to_are_left_out(heard: list[dict[str, Any]]):
    listening(Page(1), 7, mine="click")
    for page, element, listener in (("1", 7, "mine"), ("1", 7, "other"), ("1", 8, "mine"), ("2", 7, "mine")):
        say(page, element, listener, "[]")
    assert [said["listener_id"] for said in heard] == ["mine"]


def test_events_of_what_has_gone_are_left_out(heard: list[dict[str, Any]]):
    page, stood_in = Page(1), SimpleNamespace(parent=SimpleNamespace(is_deleted=False))
    listening(page, 7, mine="click")
    page.elements[7]._parent_slot = lambda: stood_in
    say("1", 7, "mine", "[]")
    assert len(heard) == 1
    stood_in.parent.is_deleted = True
    say("1", 7, "mine", "[]")
    page.elements[7]._parent_slot = lambda: None
    say("1", 7, "mine", "[]")
    page.elements[7]._parent_slot, page.elements[7].is_deleted = None, True
    say("1", 7, "mine", "[]")
    assert len(heard) == 1


@pytest.mark.parametrize("kind", WAYS)
def test_nobody_goes_where_no_page_is(heard: list[dict[str, Any]], kind: str):
    listening(Page(1), 0, way=kind, other="pasted")
    say("1", 0, "way", '"/create?prompt=%40mira%20walks#end"')
    assert len(heard) == 1
    for way in (
        "//evil.example",
        "//[",
        "javascript:alert(1)",
        "/a" + "/b" * 50,
        "/x" * 900,
        "/../x",
        "",
        "x",
        "/a?" + "x" * 9000,
    ):
        say("1", 0, "way", json.dumps(way))
    for nonsense in ("null", "1", "[]", "{}", '["/create"]', None):
        say("1", 0, "way", nonsense)
    say("1", 0, "way")
    say("1", 0, "way", '"/create"', '"/create"')
    assert len(heard) == 1
    say("1", 0, "other", "{}")
    assert len(heard) == 2
