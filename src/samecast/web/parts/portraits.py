"""A wall of portraits, one element however many there are."""

from collections.abc import Sequence
from typing import NamedTuple

from nicegui.element import Element


class Card(NamedTuple):
    """One portrait: `src` is a picture of ours; `verdict` is told by colour, `word` says it."""

    handle: str
    name: str
    src: str
    verdict: str
    word: str
    tags: tuple[str, ...]


class Portraits(Element, component="portraits.js"):
    """Each leads to the page of whoever it shows."""

    def __init__(self) -> None:
        super().__init__()
        self.props["cards"] = ()

    def show(self, cards: Sequence[Card]) -> None:
        self.props["cards"] = tuple(tuple(card) for card in cards)
