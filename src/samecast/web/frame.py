"""The frame around every page: where one can go, words at the edge, and how errors are told.

A page is built anew wherever somebody goes, inside one connection: links change the page, not the document.
"""

import inspect
import logging
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from nicegui import Client, background_tasks, context, ui
from nicegui.element import Element

from samecast.core.errors import SamecastError
from samecast.ports.watching import Sight
from samecast.web.desk import Desk
from samecast.web.kit import STATIC, Tag, button, icon, over, words

log = logging.getLogger("samecast.web")

ROOMS = (
    ("/", "Characters", "users", ""),
    ("/create", "Create", "clapperboard", ""),
    ("/creations", "Creations", "images", ""),
    ("/prompts", "Prompts", "text-quote", ""),
    ("/models", "Models", "cpu", "wide"),
    ("/queue", "Queue", "list-video", ""),
    ("/settings", "Settings", "settings", "foot wide"),
)
SAID_SECONDS = 7.0
_FRAMES: "weakref.WeakKeyDictionary[Client, Frame]" = weakref.WeakKeyDictionary()
_OWN: "ContextVar[Frame | None]" = ContextVar("frame", default=None)
"""Whose action is being done, for as long as it is."""


class Frame:
    """One browser tab: its rail, the words at its edge, and the page in the middle."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.client = context.client
        _FRAMES[self.client] = self
        Tag("a", "Skip to the page", "skip", href="#page")
        with Tag("div", classes="frame"):
            self._rail()
            self.middle = Tag("div", id="page", tabindex="-1")
        self._edge = Tag("div", classes="said", role="status", aria_live="polite")
        self._edge.when_gone(desk.pulse.listen(self._heard))
        self._heard(desk.pulse.sight)

    def _rail(self) -> None:
        with Tag("nav", classes="rail", aria_label="Studio"):
            with Tag("a", classes="brand", href="/", aria_label="samecast, to the characters"):
                with Tag("svg", viewBox="0 0 24 24", aria_hidden="true"):
                    Tag("use", href=f"{STATIC}/mark.svg#mark")
                words("samecast", tag="span")
            self._links: dict[str, Tag] = {}
            self._elsewhere: dict[str, Tag] = {}
            for href, name, drawn, classes in ROOMS:
                self._links[href] = room = Tag("a", classes=f"to {classes}".strip(), href=href)
                with room:
                    icon(drawn)
                    words(name, tag="span")
                    if href == "/queue":
                        self._count = words("", "count", tag="span")
            self._rest()

    def _rest(self) -> None:
        """On a phone, the rooms that the rail has no room for."""
        self._more = Tag("button", classes="to more", type="button", popovertarget="rooms-more")
        with self._more:
            icon("more-horizontal")
            words("More", tag="span")
        with Tag("div", classes="rail-more", id="rooms-more", popover="auto"):
            for href, name, drawn, classes in ROOMS:
                if "wide" in classes.split():
                    with Tag("a", classes="to", href=href) as room:
                        icon(drawn)
                        words(name, tag="span")
                    room.on("click", js_handler="(event) => event.currentTarget.parentElement.hidePopover()")
                    self._elsewhere[href] = room

    def at(self, path: str) -> None:
        """Mark where somebody is."""
        bare = path.partition("?")[0]
        room = next((href for href in self._links if href != "/" and bare.startswith(href)), "")
        room = "/" if bare == "/" or bare.startswith("/characters/") else room
        for href, here in (*self._links.items(), *self._elsewhere.items()):
            here.put(aria_current="page" if href == room else None)
        self._more.put(aria_current="true" if room in self._elsewhere else None)

    def _heard(self, sight: Sight) -> None:
        running = len(sight.running)
        self._count.set_text(str(running) if running else "")
        self._count.set_visibility(bool(running))

    # --- words at the edge ----------------------------------------------------------------------------------------

    def say(
        self, text: str, hint: str = "", *, tone: str = "", drawn: str = "check", **undo: Callable[[], Any]
    ) -> None:
        """Say something for a while, where it can be read just now; `undo=...` offers to take it back."""
        dialog = over(self.client)
        with dialog.edge if dialog is not None else self._edge:
            line = Tag("div", classes=tone)
            with line:
                icon(drawn)
                with Tag("div", classes="grow"):
                    words(text, tag="div")
                    if hint:
                        words(hint, "hint", tag="div")
                for name, do in undo.items():
                    button(name.replace("_", " ").capitalize(), _then_gone(do, line), kind="quiet", low=True)
                button("Dismiss", lambda: _gone(line), drawn="x", kind="quiet", bare=True, low=True)
            ui.timer(SAID_SECONDS * (2 if undo or tone else 1), lambda: _gone(line), once=True)

    def fail(self, error: Exception) -> None:
        """Tell what went wrong, and what to do about it."""
        if isinstance(error, SamecastError):
            self.say(error.message, error.hint or "", tone="wrong", drawn="triangle-alert")
            return
        log.error("a page broke", exc_info=error)
        self.say("Something broke that should not.", "The server's log has more.", tone="wrong", drawn="triangle-alert")


def frame() -> Frame:
    """The frame of whoever caused what is being done now, also when what they did it with has gone meanwhile."""
    own = _OWN.get()
    return own if own is not None else _FRAMES[context.client]


def told(do: Callable[..., Any]) -> Callable[..., Any]:
    """A handler whose errors are told at the edge of the page."""

    @wraps(do)
    def plain(*arguments: Any, **named: Any) -> Any:
        own = frame()
        try:
            with _as_of(own):
                done = do(*arguments, **named)
        except Exception as error:  # the top of an action: whatever happens in it is told to who did it
            _tell(own, error)
            return None
        return _awaited(done, own) if inspect.isawaitable(done) else done

    return plain


async def _awaited(done: Awaitable[Any], own: Frame) -> Any:
    try:
        with _as_of(own):
            return await done
    except Exception as error:  # as above
        _tell(own, error)
        return None


@contextmanager
def _as_of(own: Frame) -> Iterator[None]:
    token = _OWN.set(own)
    try:
        yield
    finally:
        _OWN.reset(token)


def _tell(own: Frame, error: Exception) -> None:
    if own.client.is_deleted or (isinstance(error, RuntimeError) and "has been deleted" in str(error)):
        log.debug("a page went before what it asked for was done", exc_info=error)
    else:
        own.fail(error)


def later(do: Awaitable[Any], inside: Element) -> None:
    """Have something done that the page does not wait for; errors are told."""
    own = frame()

    async def doing() -> None:
        with inside:
            await _awaited(do, own)

    background_tasks.create(doing())


def _gone(line: Tag) -> None:
    if not line.is_deleted:
        line.delete()


def _then_gone(do: Callable[[], Any], line: Tag) -> Callable[[], Any]:
    @told
    def both() -> Any:
        _gone(line)
        return do()

    return both
