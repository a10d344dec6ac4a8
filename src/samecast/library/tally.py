"""The library in numbers, for those who look after it. Implements `ports.watching.Census`."""

from dataclasses import dataclass

from sqlalchemy import func, select

from samecast.library import schema as t
from samecast.library.database import Database
from samecast.library.workers import Workers
from samecast.ports.watching import Backlog, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All failures of the disk or database are `StorageFailed`."""

    database: Database

    def tally(self) -> Tally:
        """Takes by state, those in the trash left out, what of running shots waits, and the workers that are there."""
        kept = select(t.takes.c.state, func.count().label("takes")).where(t.takes.c.trashed_at.is_(None))
        states = kept.group_by(t.takes.c.state)
        backlog = (
            select(t.shots.c.model, func.count().label("takes"), func.min(t.shots.c.created_at).label("since"))
            .join(t.takes, t.takes.c.shot_id == t.shots.c.id)
            .where(t.shots.c.state == "running", t.shots.c.awaits == "", t.takes.c.state == "waiting")
            .group_by(t.shots.c.model)
            .order_by(t.shots.c.model)
        )
        with self.database.read() as connection:
            counted = {row.state: row.takes for row in connection.execute(states)}
            waits = tuple(Backlog(**row._mapping) for row in connection.execute(backlog))
        return Tally(
            takes=tuple((state, counted.get(state, 0)) for state in ("waiting", "done", "failed")),
            backlog=waits,
            workers=tuple(Workers(database=self.database).present()),
        )
