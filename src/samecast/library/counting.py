"""What is counted of takes: in all, by model, kind, verdict, tag and day, and for each character on each model.

`indexing` takes off what a take counted for before, and adds what it counts for now, so that no figure is ever counted
anew over all takes. Every share can be worked out again from the take.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from samecast.library import schema as t
from samecast.library.searching import moment_of
from samecast.ports.creations import Tally

JUDGED = frozenset({"match", "drift", "missing"})
"""The verdicts that say something about the model; where nothing could be measured, none was passed."""
_TALLY = ("takes", "judged", "matched", "seconds", "cost")
_RESULTS = ("takes", "judged", "matched", "failed", "seconds", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a take that is done adds. A character's figures go by its own verdict, the others by the take's."""

    place: int
    model: str
    kind: str
    verdict: str | None
    who: tuple[tuple[str, str | None], ...]
    cost: int
    seconds: float | None
    tags: tuple[str, ...] = ()

    def tallies(self) -> dict[tuple[str, str], Tally]:
        """By what is counted and for which of it, such as ("model", "storyboard")."""
        day = moment_of(self.place)
        whole = self._tally(self.verdict)
        found = {("all", ""): whole, ("model", self.model): whole, ("kind", self.kind): whole}
        found["day", day.date().isoformat()] = whole
        if self.verdict is not None:
            found["verdict", self.verdict] = whole
        found |= {("tag", tag): whole for tag in self.tags}
        return found | {("character", handle): self._tally(own) for handle, own in self.who}

    def _tally(self, verdict: str | None) -> Tally:
        return Tally(
            takes=1, judged=verdict is not None, matched=verdict == "match", seconds=self.seconds or 0.0, cost=self.cost
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a take that failed adds: what it cost, to everybody it was to show."""

    take_id: str
    model: str
    kind: str
    who: tuple[str, ...]
    cost: int
    seconds: float | None


Deltas = defaultdict[tuple[str, ...], list[float]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Changes of the figures, gathered to be kept at one go. `sign`: 1 to add a take's share, -1 to take it off."""

    _tallies: Deltas = field(default_factory=lambda: defaultdict(lambda: [0] * len(_TALLY)))
    _results: Deltas = field(default_factory=lambda: defaultdict(lambda: [0] * len(_RESULTS)))

    def done(self, share: Share, sign: int) -> None:
        for key, tally in share.tallies().items():
            _change(self._tallies[key], [getattr(tally, name) for name in _TALLY], sign)
        spent = (share.seconds or 0.0, share.cost)
        for handle, own in share.who:
            counted = (1, own in JUDGED, own == "match", 0, *spent)
            _change(self._results[handle, share.model, share.kind], counted, sign)

    def failed(self, failure: Failure, sign: int) -> None:
        for handle in failure.who:
            counted = (0, 0, 0, 1, failure.seconds or 0.0, failure.cost)
            _change(self._results[handle, failure.model, failure.kind], counted, sign)

    def keep(self, connection: Connection) -> None:
        tallies, results = t.creation_tallies, t.creation_results
        _keep(connection, tallies, _TALLY, self._tallies, gone=tallies.c.takes == 0)
        _keep(connection, results, _RESULTS, self._results, gone=(results.c.takes == 0) & (results.c.failed == 0))


def _change(delta: list[float], counted: Sequence[float], sign: int) -> None:
    for number, count in enumerate(counted):
        delta[number] += sign * count


def _keep(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    deltas: Mapping[tuple[str, ...], Sequence[float]],
    *,
    gone: ColumnElement[bool],
) -> None:
    """Add to what is there, and drop what nothing is left of, with what adding and taking off did to its fractions."""
    keys = [column.name for column in table.primary_key.columns]
    rows = [dict(zip((*keys, *names), (*key, *delta), strict=True)) for key, delta in deltas.items() if any(delta)]
    if not rows:
        return
    # Both dialects spell ON CONFLICT alike; SQLAlchemy keeps them apart.
    upsert: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    sums = {name: table.c[name] + upsert.excluded[name] for name in names}
    connection.execute(upsert.on_conflict_do_update(index_elements=keys, set_=sums), rows)
    connection.execute(delete(table).where(gone))
