"""Where a small file of text comes in, dropped or chosen; what it says is told, and nothing of where it came from."""

from collections.abc import Callable

from nicegui.element import Element

from samecast.web.kit import text_of

MOST_BYTES = 64 * 1024


class TextFile(Element, component="text_file.js"):
    """`read` is told what is in the file."""

    def __init__(self, read: Callable[[str], object], *, label: str, hint: str, accept: str) -> None:
        super().__init__()
        self.props.update({"label": label, "hint": hint, "accept": accept, "most": MOST_BYTES})
        self.on("read", lambda event: read(text_of(event, MOST_BYTES + 1)))
