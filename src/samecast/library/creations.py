"""Everything that was made, to be found again: lists, search, similar looks, counts. Implements `CreationRepository`.

Pages are cut by place, which is a moment in time: a page stays the same while new takes arrive, and the millionth is as
quick as the first. What is found by words is told by `searching`, what is near by `looks`, and both are kept up to date
by `indexing`.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from samecast.core.cast import check_handle
from samecast.core.errors import InvalidInput
from samecast.library import looks
from samecast.library import schema as t
from samecast.library.characters import Characters
from samecast.library.database import Database
from samecast.library.indexing import catch_up
from samecast.library.looks import Codes
from samecast.library.looks_postgres import PostgresCodes
from samecast.library.looks_sqlite import SqliteCodes
from samecast.library.searching import Index, asked_for, moment_of
from samecast.library.searching_postgres import PostgresIndex
from samecast.library.searching_sqlite import SqliteIndex
from samecast.ports.creations import Counted, Creation, Look, Page, Stats, Tally, Wanted

MOST_AT_ONCE = 1000
"""Creations on a page."""


def unwatched(done: int, total: int) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Creations:
    """All failures of the disk or database are `StorageFailed`."""

    database: Database
    _index: Index = field(init=False)
    _codes: Codes = field(init=False)

    def __post_init__(self) -> None:
        on_postgres = self.database.engine.dialect.name == "postgresql"
        object.__setattr__(self, "_index", PostgresIndex() if on_postgres else SqliteIndex())
        object.__setattr__(self, "_codes", PostgresCodes() if on_postgres else SqliteCodes())

    def catch_up(self, watch: Counted = unwatched) -> None:
        """Take in what changed; at once where nothing did."""
        catch_up(self.database, self._index, self._codes, watch)

    # --- lists ----------------------------------------------------------------------------------------------------

    def page(self, wanted: Wanted, *, limit: int, after: str | None = None) -> Page:
        """See `ports.creations`. Raises `InvalidInput` for a limit that is none, too."""
        if not 1 <= limit <= MOST_AT_ONCE:
            raise InvalidInput(f"A page cannot hold {limit} takes.", hint=f"Ask for 1 to {MOST_AT_ONCE}.")
        below = place_at(after) if after is not None else None
        self.catch_up()
        with self.database.read() as connection:
            if wanted.character is not None:
                self._check_known(connection, wanted.character)
            asked = asked_for(connection, wanted, below=below)
            places = self._index.find(connection, asked, limit + 1) if asked is not None else []
            found = _read(connection, places[:limit])
        more = len(places) > limit
        return Page(creations=tuple(found), cursor=cursor_at(places[limit - 1]) if more else None)

    def some(self, take_ids: Sequence[str]) -> list[Creation]:
        """Those of them that are done, in their order."""
        self.catch_up()
        with self.database.read() as connection:
            rows = connection.execute(select(t.creations).where(t.creations.c.take_id.in_(take_ids)))
            found = {row.take_id: _creation(row) for row in rows}
        return [found[take_id] for take_id in take_ids if take_id in found]

    def _check_known(self, connection: Connection, handle: str) -> None:
        """Somebody in the cast, retired, or only ever in a recipe from elsewhere; else `NotFound`, with who is near."""
        bare = check_handle(handle)
        columns = t.creation_tallies.c
        seen = select(columns.takes).where(columns.sort == "character", columns.key == bare)
        known = select(t.characters.c.id).where(t.characters.c.handle == bare)
        if connection.execute(seen).scalar() is None and connection.execute(known).scalar() is None:
            Characters(database=self.database).get(bare)

    # --- figures --------------------------------------------------------------------------------------------------

    def stats(self) -> Stats:
        """See `ports.creations`. Counted as takes are taken in, not when asked."""
        self.catch_up()
        with self.database.read() as connection:
            characters = connection.execute(
                select(func.count()).select_from(t.characters).where(t.characters.c.retired_at.is_(None))
            ).scalar_one()
            shots = select(t.shots.c.state, func.count()).group_by(t.shots.c.state)
            takes = select(t.takes.c.state, func.count()).group_by(t.takes.c.state)
            tallies: dict[str, dict[str, Tally]] = {}
            for row in connection.execute(select(t.creation_tallies)):
                tallies.setdefault(row.sort, {})[row.key] = _tally(row)
            done = tallies.get("all", {}).get("", Tally())
            looked_at = connection.execute(select(func.count()).select_from(t.take_looks)).scalar_one()
            return Stats(
                characters=characters,
                shots=_by_state(connection, shots),
                takes=_by_state(connection, takes),
                done=done,
                unlooked=max(0, done.takes - looked_at),
                models=_most_first(tallies.get("model", {})),
                cast=_most_first(tallies.get("character", {})),
                kinds=_most_first(tallies.get("kind", {})),
                verdicts=_most_first(tallies.get("verdict", {})),
                days=dict(sorted(tallies.get("day", {}).items(), reverse=True)),
            )

    # --- looks ----------------------------------------------------------------------------------------------------

    def keep_look(self, take_id: str, look: Look) -> None:
        """Keep what a take looks like; harmless where it is gone meanwhile."""
        with self.database.write() as connection:
            looks.keep_look(connection, take_id, look)

    def look_of(self, take_id: str, maker: str) -> Look | None:
        with self.database.read() as connection:
            return looks.look_of(connection, take_id, maker)

    def without_look(self, maker: str, *, after: str = "", limit: int = 100) -> list[tuple[str, str]]:
        """See `ports.creations`."""
        with self.database.read() as connection:
            return looks.without_look(connection, maker, after=after, limit=limit)

    def count_without_look(self, maker: str) -> int:
        with self.database.read() as connection:
            return looks.count_without_look(connection, maker)

    def nearest(self, look: Look, count: int) -> list[tuple[str, Look]]:
        """See `ports.creations`."""
        self.catch_up()
        with self.database.write() if self._makes_tables() else self.database.read() as connection:
            return self._codes.nearest(connection, look, count)

    def _makes_tables(self) -> bool:
        return isinstance(self._codes, PostgresCodes)


# --- cursors ----------------------------------------------------------------------------------------------------


def cursor_at(place: int) -> str:
    """A place as a token to go on from: 16 letters, with a checksum, so that a mangled one is seen."""
    packed = place.to_bytes(8)
    return base64.urlsafe_b64encode(packed + zlib.crc32(packed).to_bytes(4)).decode()


def place_at(cursor: str) -> int:
    """What `cursor_at` made the token of. Raises `InvalidInput`."""
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        packed = b""
    if len(packed) != 12 or zlib.crc32(packed[:8]).to_bytes(4) != packed[8:] or packed[0] > 0x7F:
        raise InvalidInput(
            f"'{cursor[:40]}' is no place to go on from.", hint="Give the cursor of an earlier page, as it was told."
        )
    return int.from_bytes(packed[:8])


# --- rows and values --------------------------------------------------------------------------------------------


def _read(connection: Connection, places: Sequence[int]) -> list[Creation]:
    """The creations at these places, the newest first. One row each: those of takes and shots lie far apart."""
    place = t.creations.c.place
    rows = connection.execute(select(t.creations).where(place.in_(places)).order_by(place.desc()))
    return [_creation(row) for row in rows]


def _creation(row: Row[tuple[object, ...]]) -> Creation:
    return Creation(
        take=row.take_id,
        shot=row.shot_id,
        number=row.number,
        made_at=moment_of(row.place),
        prompt=row.prompt,
        model=row.model,
        kind=row.kind,
        width=row.width,
        height=row.height,
        length=row.length,
        seed=row.seed,
        who=tuple((handle, verdict) for handle, verdict in json.loads(row.who)),
        verdict=row.verdict,
        likeness=row.likeness,
        picked=bool(row.picked),
        asset=row.asset,
        path=row.path,
        seconds=row.seconds,
        cost=row.cost,
    )


def _by_state(connection: Connection, counted: Select[Any]) -> dict[str, int]:
    return {str(row[0]): int(row[1]) for row in connection.execute(counted).all()}


def _tally(row: Row[tuple[object, ...]]) -> Tally:
    return Tally(takes=row.takes, judged=row.judged, matched=row.matched, seconds=row.seconds, cost=row.cost)


def _most_first(tallies: dict[str, Tally]) -> dict[str, Tally]:
    return dict(sorted(tallies.items(), key=lambda item: (-item[1].takes, item[0])))
