"""The cast as a menu under a button, which can be narrowed by words."""

from collections.abc import Callable

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from samecast.web.cast_list import CastList
from samecast.web.kit import text_of


class CastMenu(Element, component="cast_menu.js"):
    """`chosen` is told the handle of whoever was chosen."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        super().__init__()
        self._known: frozenset[str] = frozenset()
        self.props["cast"] = ""

        def heard(event: GenericEventArguments) -> object:
            handle = text_of(event)
            return chosen(handle) if handle in self._known else None

        self.on("chosen", heard)

    def offer(self, cast: CastList) -> None:
        """Who can be chosen."""
        self._known = cast.handles
        self.props["cast"] = cast.address
