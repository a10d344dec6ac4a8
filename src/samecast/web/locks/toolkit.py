"""What NiceGUI leaves open: pages that no browser ever joins, and events that nothing listens to.

It makes a page with every request for one, and lets go of it a minute later if no browser has joined it by WebSocket.
Somebody who only ever asks would fill the memory, so those that were never joined are bounded, the oldest going first.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from samecast.web.locks.addresses import is_page
from samecast.web.locks.frames import from_json

if TYPE_CHECKING:
    from nicegui.element import Element

WAYS = ("sub_pages_open", "sub_pages_navigate")
"""The events by which a whole page is told where somebody goes."""
MOST_UNJOINED = 120
MOST_PAGES = 600
"""Joined ones, and ones that wait for their browser to come back, among them."""


def make_room(*, unjoined: int = MOST_UNJOINED, pages: int = MOST_PAGES) -> bool:
    """Let go of the oldest pages that no browser has joined, and say whether there is room for one more."""
    from nicegui import Client

    never = [page for page in Client.instances.values() if not page.has_socket_connection and not page._delete_tasks]
    never.sort(key=lambda page: page.created)
    over = max(len(never) - unjoined, len(Client.instances) - pages) + 1
    for page in never[: max(0, over)]:
        page.delete()
    return len(Client.instances) < pages


def hear_what_is_listened_to() -> None:
    """Leave out events that no element listens to, and ways that no page has: NiceGUI would stumble over them.

    A browser of ours sends one of the former now and then, of an element that has just been made anew, or has gone.
    """
    from nicegui import Client, core

    handle = core.sio.handlers["/"]["event"]

    def hear(socket: str, said: dict[str, Any]) -> None:
        page = Client.instances.get(said["client_id"])
        element = page.elements.get(said["id"]) if page is not None else None
        listener = element._event_listeners.get(said["listener_id"]) if element is not None else None
        if element is None or is_gone(element):
            return
        if listener is not None and (listener.type not in WAYS or _is_way(said.get("args", []))):
            handle(socket, said)

    core.sio.on("event", hear)


def is_gone(element: "Element") -> bool:
    """Whether it, or what it stood in, is no longer on its page."""
    if element.is_deleted or element._parent_slot is None:
        return element.is_deleted
    slot = element._parent_slot()
    return slot is None or slot.parent.is_deleted


def _is_way(arguments: Sequence[str | None]) -> bool:
    """Whether the arguments of an event, each in JSON, are the one address of a page."""
    told = from_json(arguments[0]) if len(arguments) == 1 and arguments[0] is not None else None
    return isinstance(told, str) and is_page(told)
