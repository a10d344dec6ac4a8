"""The prompt box: `@` offers the cast, who is named stands below with a portrait, and typing never waits."""

from collections.abc import Callable

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from samecast.core.words import PROMPT_LIMIT
from samecast.web.cast_list import CastList
from samecast.web.kit import text_of


class PromptBox(Element, component="prompt_box.js"):
    """`typed` is told what it holds once nothing was typed for a moment; `go`: Ctrl+Enter was pressed."""

    def __init__(
        self, text: str, *, label: str, placeholder: str, typed: Callable[[str], object], go: Callable[[], object]
    ) -> None:
        super().__init__()
        self.value = text
        self.props["text"] = text
        self.props["writes"] = 0
        self.props["label"] = label
        self.props["placeholder"] = placeholder

        def heard(event: GenericEventArguments) -> object:
            self.value = text_of(event, PROMPT_LIMIT + 1)
            return typed(self.value)

        def pressed(event: GenericEventArguments) -> object:
            self.value = text_of(event, PROMPT_LIMIT + 1)
            return go()

        self.on("typed", heard)
        self.on("go", pressed)

    def offer(self, cast: CastList) -> None:
        """Who can be named."""
        self.props["cast"] = cast.address

    def write(self, text: str) -> None:
        """Put another text into the box."""
        self.value = text
        with self.props.suspend_updates():
            self.props["text"] = text
        self.props["writes"] += 1

    def name(self, handle: str) -> None:
        """Put a character where the caret is."""
        self.run_method("add", handle)
