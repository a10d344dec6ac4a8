"""The trash: takes that are found nowhere until they are restored, and purged after a while.

The triggers queue a take that goes in or comes out, and `indexing` takes it out of all that is found and counted, and
in again. Its row and its asset stay until it is purged; then the asset is garbage for `keeping`. Whoever trashes or
picks holds the shot's row, so that nothing in the trash is ever picked.
"""

import base64
import binascii
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select, update

from samecast.core.errors import InvalidInput, NotFound
from samecast.library import schema as t
from samecast.ports.creations import Discarded

MOST_AT_ONCE = 1000
"""Takes that are trashed, restored or tagged in one transaction."""


def held(connection: Connection, take_ids: Sequence[str]) -> dict[str, str]:
    """The takes' states, with their shots' rows held until the transaction ends.

    Raises `NotFound` where there is no such take, and `InvalidInput` for none or too many.
    """
    if not 1 <= len(take_ids) <= MOST_AT_ONCE:
        raise InvalidInput(f"{len(take_ids)} takes cannot be changed at once.", hint=f"Name 1 to {MOST_AT_ONCE:,}.")
    mine = select(t.takes.c.shot_id).where(t.takes.c.id.in_(take_ids))
    connection.execute(select(t.shots.c.id).where(t.shots.c.id.in_(mine)).order_by(t.shots.c.id).with_for_update())
    states = {
        row.id: row.state
        for row in connection.execute(select(t.takes.c.id, t.takes.c.state).where(t.takes.c.id.in_(take_ids)))
    }
    unknown = [take_id for take_id in take_ids if take_id not in states]
    if unknown:
        raise NotFound(
            f"There is no take {unknown[0][:80]}.", hint="See the takes: samecast library list. Nothing was changed."
        )
    return states


def trash(connection: Connection, take_ids: Sequence[str], at: datetime) -> Discarded:
    """See `ports.creations`."""
    unmade = [take_id for take_id, state in held(connection, take_ids).items() if state != "done"]
    if unmade:
        raise InvalidInput(
            f"The take {unmade[0]} is not done, so there is nothing to put in the trash.",
            hint="Stop its shot with: samecast shots cancel SHOT. Nothing was changed.",
        )
    going = t.takes.c.id.in_(take_ids) & t.takes.c.trashed_at.is_(None)
    moved = connection.execute(update(t.takes).where(going).values(trashed_at=at).returning(t.takes.c.id)).scalars()
    taken = set(moved)
    picked = (
        select(t.picks.c.shot_id, t.takes.c.number)
        .join(t.takes, t.takes.c.id == t.picks.c.take_id)
        .where(t.picks.c.take_id.in_(take_ids))
        .order_by(t.picks.c.shot_id)
    )
    unpicked = connection.execute(picked).all()
    for shot_id, number in unpicked:
        why = f"Take {number} was picked, and put in the trash."
        connection.execute(update(t.picks).where(t.picks.c.shot_id == shot_id).values(take_id=None, why=why, by_hand=0))
    return Discarded(
        takes=tuple(take_id for take_id in dict.fromkeys(take_ids) if take_id in taken),
        unpicked=tuple(row.shot_id for row in unpicked),
    )


def restore(connection: Connection, take_ids: Sequence[str]) -> tuple[str, ...]:
    """See `ports.creations`."""
    held(connection, take_ids)
    there = t.takes.c.id.in_(take_ids) & t.takes.c.trashed_at.is_not(None)
    back = set(
        connection.execute(update(t.takes).where(there).values(trashed_at=None).returning(t.takes.c.id)).scalars()
    )
    return tuple(take_id for take_id in dict.fromkeys(take_ids) if take_id in back)


# --- what is in it ----------------------------------------------------------------------------------------------


def newest_first(query: Select[Any], after: str | None, limit: int) -> Select[Any]:
    """The takes of a query that are in the trash, what was put there last first, from the start or after a cursor."""
    columns = t.takes.c
    query = query.where(columns.trashed_at.is_not(None)).order_by(columns.trashed_at.desc(), columns.id.desc())
    if after is not None:
        at, take_id = _place_at(after)
        query = query.where(
            (columns.trashed_at < at) | ((columns.trashed_at == at) & (columns.id < take_id)), columns.trashed_at <= at
        )
    return query.limit(limit)


def cursor_at(at: datetime, take_id: str) -> str:
    """A place in the trash as a token to go on from, with a checksum, so that a mangled one is seen."""
    packed = round(at.timestamp() * 1_000_000).to_bytes(8) + take_id.encode()
    return base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4) + packed).decode()


def _place_at(cursor: str) -> tuple[datetime, str]:
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        if len(packed) <= 12 or zlib.crc32(packed[4:]).to_bytes(4) != packed[:4]:
            raise ValueError("not a cursor of ours")
        micros = int.from_bytes(packed[4:12])
        moment = datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
        return moment, packed[12:].decode()
    except (binascii.Error, ValueError, OverflowError, OSError) as error:
        raise InvalidInput(
            f"'{cursor[:40]}' is no place to go on from.", hint="Give the cursor of an earlier page, as it was told."
        ) from error


def count(connection: Connection) -> int:
    """How many takes are in the trash."""
    return connection.execute(select(func.count()).where(t.takes.c.trashed_at.is_not(None))).scalar_one()


# --- for good ---------------------------------------------------------------------------------------------------


def purgeable(before: datetime) -> ColumnElement[bool]:
    """Takes that were trashed before then, of shots that nobody is at work on, and whose pick no other shot awaits."""
    running = select(t.shots.c.id).where(t.shots.c.id == t.takes.c.shot_id, t.shots.c.state == "running")
    clips = t.shots.alias("clips")
    awaiting = select(clips.c.id).where(clips.c.awaits == t.takes.c.shot_id)
    held_up = running.correlate(t.takes).exists() | awaiting.correlate(t.takes).exists()
    return t.takes.c.trashed_at.is_not(None) & (t.takes.c.trashed_at < before) & ~held_up


def purge(connection: Connection, before: datetime) -> int:
    """Delete up to `MOST_AT_ONCE` such takes with all that hangs on them, and shots that nothing is left of.

    A shot's budget goes down by what its purged takes came to, so that going on with it still never crosses it.
    """
    oldest = select(t.takes.c.id).where(purgeable(before)).order_by(t.takes.c.trashed_at, t.takes.c.id)
    take_ids = list(connection.execute(oldest.limit(MOST_AT_ONCE)).scalars())
    if not take_ids:
        return 0
    held(connection, take_ids)
    # Looked at again, now that the shots are held: a take may have been restored, or its shot resumed.
    still = t.takes.c.id.in_(take_ids) & purgeable(before)
    gone = connection.execute(delete(t.takes).where(still).returning(t.takes.c.shot_id, t.takes.c.cost)).all()
    takes, money = Counter(row.shot_id for row in gone), Counter[str]()
    for row in gone:
        money[row.shot_id] += row.cost
    for shot_id, number in takes.items():
        shot = update(t.shots).where(t.shots.c.id == shot_id)
        connection.execute(
            shot.values(most_takes=t.shots.c.most_takes - number, most_money=t.shots.c.most_money - money[shot_id])
        )
    empty = ~exists().where(t.takes.c.shot_id == t.shots.c.id)
    connection.execute(delete(t.shots).where(t.shots.c.id.in_(list(takes)), empty))
    return len(gone)
