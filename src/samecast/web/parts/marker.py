"""A picture with boxes on it: where each anchor is, drawn and moved by pointer and by keyboard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui.element import Element

from samecast.core.cast import Region
from samecast.core.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A box that is shown. `id` names it among the others, `number` is written on it."""

    id: int
    number: int
    label: str
    region: Region


class Marker(Element, component="marker.js"):
    """`drawn`: a new box; `moved`: the box of an id now; `removed`, `chosen`: an id. None of them: only to be seen."""

    def __init__(
        self,
        *,
        drawn: Callable[[Region], Any] | None = None,
        moved: Callable[[int, Region], Any] | None = None,
        removed: Callable[[int], Any] | None = None,
        chosen: Callable[[int], Any] | None = None,
    ) -> None:
        super().__init__()
        self.props.update({"still": drawn is None, "marks": [], "focus": 0, "picked": None})
        if drawn is None:
            return
        self.on("drawn", lambda event: (r := region_in(event.args)) is not None and drawn(r))
        if moved is not None:
            self.on("moved", lambda event: _moved(event.args, moved))
        if removed is not None:
            self.on("removed", lambda event: isinstance(event.args, int) and removed(event.args))
        if chosen is not None:
            self.on("chosen", lambda event: isinstance(event.args, int) and chosen(event.args))

    def show(self, src: str, alt: str, width: int, height: int) -> None:
        """Which picture, and its size in pixels."""
        self._put({"src": src, "alt": alt, "width": width, "height": height})

    def put(self, marks: Sequence[Mark], picked: int | None = None, *, focus: bool = False) -> None:
        """Which boxes, and which of them is spoken of."""
        boxes = [
            {
                "id": mark.id,
                "number": mark.number,
                "label": mark.label,
                "box": [mark.region.x, mark.region.y, mark.region.width, mark.region.height],
            }
            for mark in marks
        ]
        self._put({"marks": boxes, "picked": picked})
        if focus:
            self.props["focus"] = self.props["focus"] + 1

    def _put(self, shown: dict[str, object]) -> None:
        for name, value in shown.items():
            if self.props.get(name) != value:
                self.props[name] = value


def region_in(sent: object) -> Region | None:
    """A region as a browser sent it; None for anything else."""
    if not isinstance(sent, list) or len(sent) != 4:
        return None
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in sent):
        return None
    x, y, width, height = (round(float(value), 4) for value in sent)
    try:
        return Region(x=x, y=y, width=min(width, round(1 - x, 4)), height=min(height, round(1 - y, 4)))
    except InvalidInput:
        return None


def _moved(sent: object, moved: Callable[[int, Region], Any]) -> object:
    if not isinstance(sent, list) or len(sent) != 2 or not isinstance(sent[0], int):
        return None
    region = region_in(sent[1])
    return moved(sent[0], region) if region is not None else None
