"""A wall of as many takes as there are: rows of pictures under the day they were made on, few of them elements.

The browser holds what it was told as plain values, and asks for more as somebody scrolls. What may be sent by a browser
is read here, whatever it really sent; whether there are such takes, the services find out.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypedDict

from nicegui.element import Element

from samecast.ports.creations import Creation

MOST_AT_ONCE = 1000
"""Takes that something can be done with at once."""
LONGEST_ID, LONGEST_LABEL = 200, 140
WORDS = {"match": "Same", "drift": "Drifts", "missing": "Missing", "not_measurable": "Not measurable"}
"""A verdict in a word."""


class Item(TypedDict):
    """One take on the wall: `at` in milliseconds, by which they are in order; `length` in seconds, 0 for a still."""

    id: str
    shot: str
    asset: str | None
    length: float
    ratio: float
    verdict: str | None
    word: str
    picked: bool
    day: str
    at: float
    label: str


class Wall(Element, component="wall.js"):
    """`opened` is told a take and its shot, `asked` the number of what is shown, `did` what to do with which takes.

    `ready`: it can be told what to show.
    """

    def __init__(
        self,
        *,
        ready: Callable[[], Any],
        asked: Callable[[int], Any],
        opened: Callable[[str, str], Any],
        did: Callable[[str, list[str]], Any],
        selects: Callable[[bool], Any],
    ) -> None:
        super().__init__()
        self.props.update({"trashed": False, "selecting": False})
        self.on("ready", lambda: ready(), args=[])
        self.on("more", lambda event: isinstance(event.args, int) and asked(event.args))
        self.on("open", lambda event: (pair := pair_in(event.args)) is not None and opened(*pair))
        self.on("did", lambda event: (deed := deed_in(event.args)) is not None and did(*deed))
        self.on("selects", lambda event: selects(event.args is True))

    def put(self, *, trashed: bool | None = None, selecting: bool | None = None) -> None:
        for name, value in (("trashed", trashed), ("selecting", selecting)):
            if value is not None and self.props[name] != value:
                self.props[name] = value

    def begin(self, serial: int) -> None:
        """Empty it; what follows is told with this number."""
        self.run_method("begin", serial)

    def add(self, serial: int, items: Sequence[Item], *, done: bool) -> None:
        """What follows what is there; `done`: nothing follows that."""
        self.run_method("add", serial, list(items), done)

    def fresh(self, serial: int, items: Sequence[Item]) -> None:
        """What is newest by now, or differs from what was told of it before."""
        self.run_method("fresh", serial, list(items))

    def failed(self, serial: int) -> None:
        """What follows could not be had; it can be asked for again."""
        self.run_method("failed", serial)

    def drop(self, take_ids: Sequence[str]) -> None:
        self.run_method("drop", list(take_ids))

    def bring(self, take_ids: Sequence[str]) -> None:
        """Put back what was dropped, where it was."""
        self.run_method("bring", list(take_ids))

    def step(self, take_id: str, by: int) -> None:
        """Open the one before or after a take."""
        self.run_method("step", take_id, by)

    def seek(self, take_id: str) -> None:
        """Put the focus on a take; on the one beside it where it is gone."""
        self.run_method("seek", take_id)

    def place(self, address: str, *, push: bool) -> None:
        """What the tab's address is now; `push`: one can go back to the one before."""
        self.run_method("place", address, push)

    def leave(self) -> None:
        """Select nothing any more."""
        self.run_method("leave")


def item(creation: Creation, at: datetime | None = None) -> Item:
    """A take as the wall shows it. `at`: the moment it is sorted by, if not the one it was made in.

    Days are those of the machine that serves the studio, as in the filters.
    """
    moment = at or creation.made_at
    who = " and ".join(f"@{handle}" for handle, _ in creation.who)
    label = creation.prompt if len(creation.prompt) <= LONGEST_LABEL else f"{creation.prompt[: LONGEST_LABEL - 1]}…"
    return Item(
        id=creation.take,
        shot=creation.shot,
        asset=creation.asset,
        length=round(creation.length, 2) if creation.kind == "video" else 0,
        ratio=round(creation.width / creation.height, 4),
        verdict=creation.verdict,
        word=word(creation.verdict),
        picked=creation.picked,
        day=moment.astimezone().date().isoformat(),
        at=moment.timestamp() * 1000,
        label=f"Take {creation.number} of: {label}" if label else f"Take {creation.number}, {who}",
    )


def word(verdict: str | None) -> str:
    """A verdict in a word; "" where nobody was named, so that there is nothing to compare."""
    return WORDS[verdict] if verdict is not None else ""


def pair_in(sent: object) -> tuple[str, str] | None:
    """A take's id and its shot's, as a browser sent them; None for anything else."""
    if not isinstance(sent, list) or len(sent) != 2 or not all(_is_id(one) for one in sent):
        return None
    return sent[0], sent[1]


def deed_in(sent: object) -> tuple[str, list[str]] | None:
    """What to do with which takes, as a browser sent it; None for anything else."""
    if not isinstance(sent, list) or len(sent) != 2 or not isinstance(sent[0], str) or not isinstance(sent[1], list):
        return None
    ids = [one for one in sent[1][:MOST_AT_ONCE] if _is_id(one)]
    return (sent[0], ids) if ids else None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID
