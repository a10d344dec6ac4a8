"""Claims on assets: said before an asset is stored, so that sweeping never takes what is about to be used.

The order that makes it safe, with `free` and `keep_out` as `keeping.Upkeep` calls them:

1. A writer claims, in a transaction that is over before it looks into the store or writes to it (`Assets.put`).
2. Who sweeps holds a transaction that keeps every claim out (SQLite: the one write lock; PostgreSQL: the lock of
   `keep_out`), looks once more at who refers and who claims, and removes files inside that same transaction.

So a claim comes either before the look, which sees it and everything that was committed before it, or after the
removal, and then the writer, who looks into the store only after its claim, finds nothing there and stores it anew.
Whatever refers to an asset before the claim (a take does: its row names the asset first) is safe whatever the grace;
what comes to refer to it later (a character does, and a take that is to be made from it) has the grace to do so.

Claims of stored assets are kept: they say that this library stored them. Whatever else lies in the same place is not
its to remove.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite

from samecast.library import schema as t
from samecast.library.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """All failures of the disk or database are `StorageFailed`."""

    database: Database

    def claim(self, sha256: str) -> None:
        """Say that the asset is about to be used; it is committed when this returns. Not to be called while this
        thread is inside a `write` of the same database: SQLite has one writer.
        """
        with self.database.write() as connection:
            # One statement on either: the row is new, or its time is.
            made = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(t.asset_claims)
            made = made.values(sha256=sha256, claimed_at=_now(connection))
            connection.execute(
                made.on_conflict_do_update(index_elements=["sha256"], set_={"claimed_at": made.excluded.claimed_at})
            )


def keep_out(connection: Connection) -> None:
    """Let nobody claim anything until the transaction ends. On SQLite it is the only writer as it is."""
    if connection.dialect.name == "postgresql":
        # The mode conflicts with an insert's, and with itself, so that sweepers come one after the other.
        connection.execute(text("LOCK TABLE asset_claims IN SHARE ROW EXCLUSIVE MODE"))


def claimed(connection: Connection, assets: Collection[str], grace: timedelta) -> dict[str, bool]:
    """Which of the assets this library ever claimed, and whether within the `grace`."""
    since = _now(connection) - literal(grace) if connection.dialect.name == "postgresql" else datetime.now(UTC) - grace
    rows = connection.execute(
        select(t.asset_claims.c.sha256, t.asset_claims.c.claimed_at > since).where(t.asset_claims.c.sha256.in_(assets))
    )
    return {sha256: bool(recent) for sha256, recent in rows}


def forget(connection: Connection, assets: Collection[str]) -> None:
    """Drop the claims of assets that are there no more."""
    connection.execute(delete(t.asset_claims).where(t.asset_claims.c.sha256.in_(assets)))


def _now(connection: Connection) -> ColumnElement[datetime]:
    """One clock for everybody: the server's own; a file's is the clock of its machine."""
    if connection.dialect.name == "postgresql":
        return func.clock_timestamp()
    return literal(datetime.now(UTC), t.asset_claims.c.claimed_at.type)
