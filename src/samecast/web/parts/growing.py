"""What stands below a list that goes on: it asks for more when it comes near the window, or is pressed."""

from collections.abc import Awaitable, Callable

from nicegui.element import Element

from samecast.web.frame import told


class Growing(Element, component="growing.js"):
    """`more` adds what follows, and says whether there is more after that."""

    def __init__(self, more: Callable[[], Awaitable[bool]]) -> None:
        super().__init__()
        self._more = more
        self._busy = False
        self.props["told"] = 0
        self.on("more", told(self._asked), args=[])

    async def _asked(self) -> None:
        if self._busy or self.is_deleted:
            return
        self._busy = True
        try:
            goes_on = await self._more()
        finally:
            self._busy = False
        if not self.is_deleted:
            self.props["told"] += 1
            self.set_visibility(goes_on)
