"""The workers that are there, and how far their takes are. Implements `ports.WorkerRepository`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import delete, func, insert, select, update

from samecast.library import schema as t
from samecast.library.database import Database
from samecast.library.failures import Conflict
from samecast.ports import Progress, WorkerCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """All failures of the disk or database are `StorageFailed`."""

    database: Database

    def join(self, card: WorkerCard) -> None:
        with self.database.write() as connection:
            connection.execute(insert(t.workers).values(**{**asdict(card), "queues": json.dumps(card.queues)}))

    def beat(self, worker_id: str) -> bool:
        """False where it is no longer among those present."""
        with self.database.write() as connection:
            done = connection.execute(
                update(t.workers)
                .where(t.workers.c.id == worker_id, t.workers.c.state != "gone")
                .values(beats=t.workers.c.beats + 1)
            )
            return bool(done.rowcount)

    def set_state(self, worker_id: str, state: Literal["working", "draining", "gone"]) -> None:
        with self.database.write() as connection:
            connection.execute(update(t.workers).where(t.workers.c.id == worker_id).values(state=state))

    def present(self) -> list[WorkerCard]:
        return self._all(gone=False)

    def gone(self) -> list[WorkerCard]:
        return self._all(gone=True)

    def forget(self, worker_id: str) -> None:
        with self.database.write() as connection:
            connection.execute(delete(t.progress).where(t.progress.c.worker == worker_id))
            connection.execute(delete(t.workers).where(t.workers.c.id == worker_id))

    def note(self, progress: Progress) -> None:
        values = asdict(progress)
        del values["shown"]  # is counted where pictures are kept
        with self.database.write() as connection:
            done = connection.execute(
                update(t.progress).where(t.progress.c.take_id == progress.take_id).values(**values)
            )
            if done.rowcount:
                return
        try:
            with self.database.write() as connection:
                connection.execute(insert(t.progress).values(**values))
        except Conflict:  # another worker was quicker, or the take is no more: nobody needs this one
            return

    def show(self, take_id: str, jpeg: bytes) -> None:
        with self.database.write() as connection:
            again = update(t.previews).where(t.previews.c.take_id == take_id)
            if connection.execute(again.values(number=t.previews.c.number + 1, jpeg=jpeg)).rowcount:
                return
        try:
            with self.database.write() as connection:
                connection.execute(insert(t.previews).values(take_id=take_id, number=1, jpeg=jpeg))
        except Conflict:  # as above
            return

    def preview(self, take_id: str) -> bytes | None:
        with self.database.read() as connection:
            jpeg: bytes | None = connection.execute(
                select(t.previews.c.jpeg).where(t.previews.c.take_id == take_id)
            ).scalar()
            return jpeg

    def progress(self, shot_ids: Sequence[str]) -> list[Progress]:
        shown = func.coalesce(t.previews.c.number, 0).label("shown")
        query = (
            select(t.progress, shown)
            .join(t.takes, t.takes.c.id == t.progress.c.take_id)
            .join(t.previews, t.previews.c.take_id == t.progress.c.take_id, isouter=True)
            .where(t.takes.c.shot_id.in_(shot_ids))
            .order_by(t.takes.c.shot_id, t.takes.c.number)
        )
        with self.database.read() as connection:
            return [Progress(**row._mapping) for row in connection.execute(query)]

    def clear(self, take_id: str) -> None:
        with self.database.write() as connection:
            for table in (t.progress, t.previews):
                connection.execute(delete(table).where(table.c.take_id == take_id))

    def _all(self, *, gone: bool) -> list[WorkerCard]:
        asked = t.workers.c.state == "gone" if gone else t.workers.c.state != "gone"
        with self.database.read() as connection:
            rows = connection.execute(select(t.workers).where(asked).order_by(t.workers.c.started_at, t.workers.c.id))
            return [WorkerCard(**{**row._mapping, "queues": tuple(json.loads(row.queues))}) for row in rows]
