"""The looks of takes: kept in one table, and once more where many of them are searched at once.

What a look is, and how two are compared, is known elsewhere; here a code is 32 bytes, near another one that
differs from it in few bits. Which codes are near is found by `looks_sqlite` and `looks_postgres`.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select

from samecast.library import schema as t
from samecast.ports.creations import Look

CODE_BYTES = 32


class Codes(Protocol):
    """The codes of all looks."""

    def put(self, connection: Connection, looks: Sequence[tuple[str, Look]]) -> None:
        """Keep the codes of these takes, instead of those that were kept."""
        ...

    def remove(self, connection: Connection, take_ids: Sequence[str]) -> None:
        """Find these takes no more, whether they had a look or not."""
        ...

    def nearest(self, connection: Connection, look: Look, count: int) -> list[tuple[str, Look]]:
        """The takes whose codes differ in the fewest bits, but for looks of other makers. Raises `MissingPart`."""
        ...


def keep_look(connection: Connection, take_id: str, look: Look) -> None:
    """Instead of an earlier one. Where the take is gone, nothing happens."""
    if connection.execute(select(t.takes.c.id).where(t.takes.c.id == take_id)).scalar() is None:
        return
    connection.execute(delete(t.take_looks).where(t.take_looks.c.take_id == take_id))
    connection.execute(
        insert(t.take_looks).values(take_id=take_id, maker=look.maker, vector=look.vector, code=look.code)
    )


def look_of(connection: Connection, take_id: str, maker: str) -> Look | None:
    """None where it has none by this maker."""
    chosen = (t.take_looks.c.take_id == take_id) & (t.take_looks.c.maker == maker)
    row = connection.execute(select(t.take_looks).where(chosen)).one_or_none()
    return look_in(row) if row is not None else None


def looks_of(connection: Connection, take_ids: Sequence[str], maker: str) -> list[tuple[str, Look]]:
    """Those of them that have one by this maker."""
    chosen = t.take_looks.c.take_id.in_(take_ids) & (t.take_looks.c.maker == maker)
    return [(row.take_id, look_in(row)) for row in connection.execute(select(t.take_looks).where(chosen))]


def without_look(connection: Connection, maker: str, *, after: str, limit: int) -> list[tuple[str, str]]:
    """(take id, asset) of takes that are done and have none by this maker, by id."""
    query = (
        select(t.takes.c.id, t.takes.c.asset)
        .join(t.take_looks, (t.take_looks.c.take_id == t.takes.c.id) & (t.take_looks.c.maker == maker), isouter=True)
        .where(t.takes.c.id > after, _lacking())
        .order_by(t.takes.c.id)
        .limit(limit)
    )
    return [(row.id, row.asset) for row in connection.execute(query)]


def count_without_look(connection: Connection, maker: str) -> int:
    """How many `without_look` has in all."""
    query = (
        select(func.count())
        .select_from(t.takes)
        .join(t.take_looks, (t.take_looks.c.take_id == t.takes.c.id) & (t.take_looks.c.maker == maker), isouter=True)
        .where(_lacking())
    )
    return connection.execute(query).scalar_one()


def count_looks(connection: Connection) -> int:
    """Takes that have a look, without those in the trash."""
    trashed = (
        select(func.count())
        .select_from(t.takes)
        .join(t.take_looks, t.take_looks.c.take_id == t.takes.c.id)
        .where(t.takes.c.trashed_at.is_not(None))
    )
    looked_at = connection.execute(select(func.count()).select_from(t.take_looks)).scalar_one()
    return looked_at - connection.execute(trashed).scalar_one()


def _lacking() -> ColumnElement[bool]:
    # Not `= 'done'`: SQLite would walk the index of states, and sort all it finds by id.
    done = t.takes.c.state.not_in(["waiting", "failed"])
    kept = t.takes.c.trashed_at.is_(None)
    return done & kept & t.takes.c.asset.is_not(None) & t.take_looks.c.take_id.is_(None)


def look_in(row: Row[tuple[object, ...]]) -> Look:
    """The look whose columns the row has among others."""
    return Look(maker=row.maker, vector=bytes(row.vector), code=bytes(row.code))
