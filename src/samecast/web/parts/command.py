"""A line of text with a button that copies it: a command for a terminal, or a prompt."""

from nicegui.element import Element


class Command(Element, component="command.js"):
    """`what`: what is copied, for whoever does not see it. `plain`: it is words, not a command."""

    def __init__(self, text: str, *, what: str = "the command", plain: bool = False) -> None:
        super().__init__()
        self.props.update({"text": text, "what": what, "plain": plain})

    def write(self, text: str) -> None:
        """Put another text there."""
        self.props["text"] = text
