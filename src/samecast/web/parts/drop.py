"""Where pictures come in: dropped, pasted, or chosen as files. What is told of them is the names they have here."""

from collections.abc import Callable
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

MOST_AT_ONCE = 16


class Drop(Element, component="drop.js"):
    """`received` is told the names of the pictures that came in, `begun` that so many are on their way.

    What could not be used is said in the drop itself, in one line each.
    """

    def __init__(
        self,
        received: Callable[[list[str]], Any],
        *,
        label: str,
        hint: str = "",
        most: int = MOST_AT_ONCE,
        slim: bool = False,
    ) -> None:
        super().__init__()
        self.props.update({"label": label, "hint": hint, "most": most, "slim": slim})
        self.on("received", lambda event: received(names_in(event, most)))


def names_in(event: GenericEventArguments, most: int) -> list[str]:
    """The names that a browser sent, whatever it really sent; whether there are such pictures, others find out."""
    sent = event.args if isinstance(event.args, list) else []
    return [name for name in sent[:most] if isinstance(name, str) and len(name) == 32]
