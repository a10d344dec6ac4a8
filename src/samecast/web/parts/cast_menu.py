"""The cast as a menu under a button, which can be narrowed by words."""

from collections.abc import Callable, Sequence

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from samecast.core.cast import Character
from samecast.web.kit import text_of
from samecast.web.parts.prompt_box import named


class CastMenu(Element, component="cast_menu.js"):
    """`chosen` is told the handle of whoever was chosen."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        super().__init__()
        self._known: frozenset[str] = frozenset()
        self.props["cast"] = ()

        def heard(event: GenericEventArguments) -> object:
            handle = text_of(event)
            return chosen(handle) if handle in self._known else None

        self.on("chosen", heard)

    def offer(self, cast: Sequence[Character]) -> None:
        """Who can be chosen."""
        self._known = frozenset(one.handle for one in cast)
        self.props["cast"] = tuple(named(one) for one in cast)
