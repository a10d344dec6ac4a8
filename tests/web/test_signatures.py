"""What a handler expects is told as NiceGUI tells it, and of a method it is asked once."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from nicegui import helpers
from nicegui.element import Element

from samecast.web.signatures import remember_signatures


class Some:
    def nothing(self, *rest: object, late: int = 3) -> None: ...

    def something(self, event: object) -> None: ...

    @classmethod
    def of_all(cls, event: object) -> None: ...


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The handlers whose signatures were looked at."""
    found: list[object] = []
    plain = inspect.getattr_static(helpers, "expects_arguments")
    honest = inspect.getclosurevars(plain).nonlocals.get("ask", plain)

    def counted(handler: Callable[..., Any]) -> bool:
        found.append(handler)
        return bool(honest(handler))

    monkeypatch.setattr(helpers, "expects_arguments", counted)
    remember_signatures()
    return found


def test_a_method_is_asked_once_whoever_has_it(asked: list[object]):
    for _ in range(3):
        assert not helpers.expects_arguments(Some().nothing)
        assert helpers.expects_arguments(Some().something)
        assert helpers.expects_arguments(Some.of_all)
    assert len(asked) == 3


def test_everything_else_is_asked_as_ever(asked: list[object]):
    for _ in range(2):
        assert helpers.expects_arguments(lambda event: event)
        assert not helpers.expects_arguments(lambda: None)
        assert helpers.expects_arguments(Some.something), "without somebody it is of, it expects two"
    assert len(asked) == 6


def test_it_is_what_elements_ask(asked: list[object]):
    """A NiceGUI that asks in another way would go on without it, unnoticed."""
    Element("p")
    first = len(asked)
    Element("p")
    assert 0 < first == len(asked)
