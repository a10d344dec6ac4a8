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
from datetime import datetime

from sqlalchemy import Connection, Row, Table, func, select

from samecast.core.cast import check_handle
from samecast.core.errors import InvalidInput
from samecast.library import looks, tagging, trash
from samecast.library import schema as t
from samecast.library.characters import Characters
from samecast.library.database import Database
from samecast.library.indexing import TAKEN, Made, catch_up, made_of
from samecast.library.looks import Codes
from samecast.library.looks_postgres import PostgresCodes
from samecast.library.looks_sqlite import SqliteCodes
from samecast.library.searching import Index, asked_for, moment_of
from samecast.library.searching_postgres import PostgresIndex
from samecast.library.searching_sqlite import SqliteIndex
from samecast.ports.creations import (
    Counted,
    Creation,
    Discarded,
    Look,
    Page,
    Stats,
    TagUse,
    Tally,
    Trashed,
    TrashPage,
    Wanted,
)

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
        _check_limit(limit)
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

    # --- trash and tags -------------------------------------------------------------------------------------------

    def trash(self, take_ids: Sequence[str], at: datetime) -> Discarded:
        """See `ports.creations`. Raises `InvalidInput` for more than 1,000, too."""
        with self.database.write() as connection:
            return trash.trash(connection, take_ids, at)

    def restore(self, take_ids: Sequence[str]) -> tuple[str, ...]:
        """See `ports.creations`. Raises `InvalidInput` for more than 1,000."""
        with self.database.write() as connection:
            return trash.restore(connection, take_ids)

    def trashed(self, *, limit: int, after: str | None = None) -> TrashPage:
        """See `ports.creations`. Raises `InvalidInput` for a limit that is none, too."""
        _check_limit(limit)
        with self.database.read() as connection:
            rows = connection.execute(trash.newest_first(TAKEN, after, limit + 1)).all()
            tags = tagging.tags_of(connection, [row.id for row in rows])
            found = [Trashed(creation=_made(made_of(row, tags[row.id])), at=row.trashed_at) for row in rows[:limit]]
        last = found[-1] if len(rows) > limit else None
        return TrashPage(trashed=tuple(found), cursor=trash.cursor_at(last.at, last.creation.take) if last else None)

    def tag(self, take_ids: Sequence[str], *, add: Sequence[str], remove: Sequence[str]) -> int:
        """See `ports.creations`. Raises `InvalidInput` for more than 1,000 takes, too."""
        with self.database.write() as connection:
            return tagging.tag(connection, take_ids, add, remove)

    def tags(self) -> list[TagUse]:
        """See `ports.creations`."""
        self.catch_up()
        with self.database.read() as connection:
            return tagging.tags_in_use(connection)

    # --- figures --------------------------------------------------------------------------------------------------

    def stats(self) -> Stats:
        """See `ports.creations`. Counted as takes are taken in, not when asked."""
        self.catch_up()
        with self.database.read() as connection:
            present = select(func.count()).where(t.characters.c.retired_at.is_(None))
            archived = t.characters.c.archived_at
            shots = _by_state(connection, t.shots, "running", "cancelled")
            states = _by_state(connection, t.takes, "waiting", "failed")
            trashed = trash.count(connection)  # all of them are done
            states |= {"done": states["done"] - trashed} if trashed else {}
            tallies: dict[str, dict[str, Tally]] = {}
            for row in connection.execute(select(t.creation_tallies)):
                tallies.setdefault(row.sort, {})[row.key] = _tally(row)
            done = tallies.get("all", {}).get("", Tally())
            return Stats(
                characters=connection.execute(present.where(archived.is_(None))).scalar_one(),
                shots=shots,
                takes={state: number for state, number in states.items() if number},
                done=done,
                unlooked=max(0, done.takes - looks.count_looks(connection)),
                archived=connection.execute(present.where(archived.is_not(None))).scalar_one(),
                trashed=trashed,
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
        tags=tuple(json.loads(row.tags)),
    )


def _made(made: Made) -> Creation:
    return Creation(
        take=made.take_id,
        shot=made.shot_id,
        number=made.number,
        made_at=made.made_at,
        prompt=made.prompt,
        model=made.model,
        kind=made.kind,
        width=made.width,
        height=made.height,
        length=made.length,
        seed=made.seed,
        who=made.who,
        verdict=made.verdict,
        likeness=made.likeness,
        picked=made.picked,
        asset=made.asset,
        path=made.path,
        seconds=made.seconds,
        cost=made.cost,
        tags=made.tags,
    )


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_AT_ONCE:
        raise InvalidInput(f"A page cannot hold {limit} takes.", hint=f"Ask for 1 to {MOST_AT_ONCE}.")


def _by_state(connection: Connection, table: Table, *seldom: str) -> dict[str, int]:
    """How many rows there are in each state; those that are done are the rest, which are not looked at one by one."""
    state = table.c.state
    few = select(state, func.count()).where(state.in_(seldom)).group_by(state)
    found = {str(name): int(number) for name, number in connection.execute(few).all()}
    done = connection.execute(select(func.count()).select_from(table)).scalar_one() - sum(found.values())
    return {"done": done} | found if done else found


def _tally(row: Row[tuple[object, ...]]) -> Tally:
    return Tally(takes=row.takes, judged=row.judged, matched=row.matched, seconds=row.seconds, cost=row.cost)


def _most_first(tallies: dict[str, Tally]) -> dict[str, Tally]:
    return dict(sorted(tallies.items(), key=lambda item: (-item[1].takes, item[0])))
