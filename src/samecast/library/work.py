"""What workers read and write of shots while they are made. Implements `ports.WorkRepository`.

Every promise that production makes about takes (made once, finished once, within the budget) is one transaction here,
so that it holds whatever the queues in front of it do. How shots are kept otherwise is in `shots`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row, case, delete, func, insert, select, update

from samecast.core.errors import BudgetReached, NotFound
from samecast.core.recipe import recipe_to_json
from samecast.core.story import Shot, ShotState, Take
from samecast.library import schema as t
from samecast.library.database import Database
from samecast.library.shots import Shots, file_rows, no_shot, outcome, read_take, write_take
from samecast.ports import Pace, Standing

_PACE_SHOTS, _PACE_TAKES = 200, 200
"""The pace is taken from so many of a model's latest shots, and of their takes: machines and models change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All failures of the disk or database are `StorageFailed`."""

    database: Database

    def take(self, take_id: str) -> Take:
        """Raises `NotFound`."""
        with self.database.read() as connection:
            return _take(connection, take_id)

    def claim_asset(self, take: Take, *, instead_of: str | None) -> str | None:
        """Set the asset if it is still `instead_of` and the attempt is still this one; returns what it is now."""
        with self.database.write() as connection:
            connection.execute(
                update(t.takes)
                .where(t.takes.c.id == take.id, t.takes.c.state == "waiting", t.takes.c.attempt == take.attempt)
                .where(t.takes.c.asset.is_not_distinct_from(instead_of))
                .values(asset=take.asset, notes=outcome(take)["notes"], seconds=take.seconds)
            )
            return _take(connection, take.id).asset

    def intend(self, take_id: str, attempt: int, *, instead_of: int | None = None) -> bool:
        """True for one of those who try. The shot's row is held: nobody cancels it in between."""
        with self.database.write() as connection:
            take = _take(connection, take_id)
            if _locked(connection, take.shot_id).state != "running":
                return False
            done = connection.execute(
                update(t.takes)
                .where(t.takes.c.id == take_id, t.takes.c.state == "waiting", t.takes.c.attempt == attempt)
                .where(t.takes.c.ticket.is_(None), t.takes.c.intended.is_not_distinct_from(instead_of))
                .values(intended=attempt)
            )
            return bool(done.rowcount)

    def keep_ticket(self, take_id: str, ticket: str | None) -> None:
        with self.database.write() as connection:
            connection.execute(update(t.takes).where(t.takes.c.id == take_id).values(ticket=ticket, intended=None))

    def drop_job(self, take: Take, *, cost: int) -> bool:
        """True for one of those who try: two who withdraw a take count it once."""
        own = t.takes.c.ticket == take.ticket if take.ticket else t.takes.c.ticket.is_(None)
        intended = () if take.ticket else (t.takes.c.intended == take.intended,)
        with self.database.write() as connection:
            done = connection.execute(
                update(t.takes)
                .where(t.takes.c.id == take.id, own, *intended)
                .values(ticket=None, intended=None, cost=t.takes.c.cost + cost)
            )
            return bool(done.rowcount)

    def conclude_take(self, take: Take) -> Take:
        """Keep the outcome if the take still waits with this attempt; returns the take as it is kept."""
        with self.database.write() as connection:
            connection.execute(
                update(t.takes)
                .where(t.takes.c.id == take.id, t.takes.c.state == "waiting", t.takes.c.attempt == take.attempt)
                .values(**outcome(take))
            )
            return _take(connection, take.id)

    def add_round(self, shot_id: str, round: int, takes: Sequence[Take]) -> bool:
        """The shot's row is locked first, so two that add the same round come one after the other."""
        with self.database.write() as connection:
            row = _locked(connection, shot_id)
            if row.state != "running" or row.round != round - 1:
                return False
            count, spent = connection.execute(
                select(func.count(), func.coalesce(func.sum(t.takes.c.cost), 0)).where(t.takes.c.shot_id == shot_id)
            ).one()
            too_many = row.most_takes is not None and count + len(takes) > row.most_takes
            too_dear = row.most_money is not None and spent + sum(take.cost for take in takes) > row.most_money
            if too_many or too_dear:
                raise BudgetReached(
                    f"The shot {shot_id} has {count} takes, and {len(takes)} more would cross its budget.",
                    hint="Allow more with --budget, or let it be.",
                )
            for take in takes:
                write_take(connection, take)
            connection.execute(update(t.shots).where(t.shots.c.id == shot_id).values(round=round))
            return True

    def set_state(self, shot_id: str, state: ShotState, *, only_from: Sequence[ShotState]) -> bool:
        """Raises `NotFound`."""
        with self.database.write() as connection:
            if _locked(connection, shot_id).state not in only_from:
                return False
            chosen = t.shots.c.id == shot_id
            if state == "cancelled":  # what waits for its pick would wait for good
                chosen |= (t.shots.c.awaits == shot_id) & (t.shots.c.state == "running")
            connection.execute(update(t.shots).where(chosen).values(state=state))
            return True

    def awaiting(self, shot_id: str) -> list[str]:
        with self.database.read() as connection:
            query = select(t.shots.c.id).where(t.shots.c.awaits == shot_id).order_by(t.shots.c.created_at, t.shots.c.id)
            return list(connection.execute(query).scalars())

    def begin_with(self, shot_id: str, first_frame: str) -> bool:
        """The recipes change here, and nowhere else: until now they were not whole, and nothing was made from them."""
        with self.database.write() as connection:
            if not _locked(connection, shot_id).awaits:
                return False
            for row in connection.execute(select(t.takes).where(t.takes.c.shot_id == shot_id)).all():
                recipe = replace(read_take(row).recipe, first_frame=first_frame)
                connection.execute(
                    update(t.takes)
                    .where(t.takes.c.id == row.id)
                    .values(recipe=recipe_to_json(recipe), recipe_digest=recipe.digest)
                )
                connection.execute(delete(t.take_files).where(t.take_files.c.take_id == row.id))
                connection.execute(insert(t.take_files), file_rows(row.id, recipe))
            connection.execute(update(t.shots).where(t.shots.c.id == shot_id).values(awaits=""))
            return True

    def queue_again(self, shot_id: str, *, failed: bool, price: int = 0) -> Shot:
        """Raises `NotFound`, `BudgetReached`.

        A take whose submission is unsure is submitted anew where failed ones are tried again: that was asked for.
        """
        with self.database.write() as connection:
            row = _locked(connection, shot_id)
            # What waits in a running shot is being made: only where it was stopped does it need another attempt.
            states = ([] if failed and row.state == "running" else ["waiting"]) + (["failed"] if failed else [])
            chosen = (t.takes.c.shot_id == shot_id, t.takes.c.state.in_(states))
            if failed:
                connection.execute(
                    update(t.takes)
                    .where(*chosen, t.takes.c.state == "failed", t.takes.c.asset.is_(None))
                    .values(ticket=None, intended=None, cost=t.takes.c.cost + price)
                )
            _check_money(connection, row)
            connection.execute(
                update(t.takes)
                .where(*chosen)
                .values(state="waiting", attempt=t.takes.c.attempt + 1, error=None, failure=None)
            )
            connection.execute(update(t.shots).where(t.shots.c.id == shot_id).values(state="running"))
        return Shots(database=self.database).get(shot_id)

    def standing(self, shot_id: str) -> Standing:
        """Raises `NotFound`."""
        waits = func.sum(case((t.takes.c.state == "waiting", 1), else_=0))
        query = (
            select(t.shots, waits.label("waiting"), func.sum(t.takes.c.attempt).label("attempts"))
            .join(t.takes, t.takes.c.shot_id == t.shots.c.id)
            .where(t.shots.c.id == shot_id)
            .group_by(t.shots.c.id)
        )
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise no_shot(shot_id)
        return Standing(
            state=row.state,
            round=row.round,
            waiting=row.waiting,
            attempts=row.attempts,
            machine=row.machine,
            out=row.out,
        )

    def waiting(self, limit: int = 1000) -> list[Take]:
        query = (
            select(t.takes)
            .join(t.shots, t.shots.c.id == t.takes.c.shot_id)
            .where(t.takes.c.state == "waiting", t.shots.c.state == "running", t.shots.c.awaits == "")
            .order_by(t.shots.c.created_at, t.takes.c.shot_id, t.takes.c.number)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [read_take(row) for row in connection.execute(query)]

    def unconcluded(self, limit: int = 1000) -> list[str]:
        waits = select(t.takes.c.id).where(t.takes.c.shot_id == t.shots.c.id, t.takes.c.state == "waiting")
        query = (
            select(t.shots.c.id)
            .where(t.shots.c.state == "running", ~waits.exists())
            .order_by(t.shots.c.created_at)
            .limit(limit)
        )
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def pace(self, model: str, kind: str) -> Pace | None:
        """Seconds per image, or per second of a clip, over the model's latest takes here."""
        latest = (
            select(t.shots.c.id)
            .where(t.shots.c.model == model)
            .order_by(t.shots.c.created_at.desc())
            .limit(_PACE_SHOTS)
            .subquery()
        )
        query = (
            select(t.takes.c.seconds, t.takes.c.recipe)
            .select_from(latest.join(t.takes, t.takes.c.shot_id == latest.c.id))
            .where(t.takes.c.state == "done", t.takes.c.seconds.is_not(None))
            .order_by(t.takes.c.made_at.desc(), t.takes.c.id.desc())
            .limit(_PACE_TAKES)
        )
        with self.database.read() as connection:
            takes = [(seconds, json.loads(recipe)) for seconds, recipe in connection.execute(query)]
        paces = sorted(seconds / (recipe["seconds"] or 1.0) for seconds, recipe in takes if recipe["kind"] == kind)
        if not paces:
            return None
        return Pace(
            takes=len(paces), median=paces[len(paces) // 2], slow=paces[min(len(paces) - 1, len(paces) * 9 // 10)]
        )


def _take(connection: Connection, take_id: str) -> Take:
    row = connection.execute(select(t.takes).where(t.takes.c.id == take_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no take {take_id}.", hint="See the shots with `samecast shots list`.")
    return read_take(row)


def _check_money(connection: Connection, shot: Row[tuple[object, ...]]) -> None:
    spent = connection.execute(select(func.sum(t.takes.c.cost)).where(t.takes.c.shot_id == shot.id)).scalar() or 0
    if shot.most_money is not None and spent > shot.most_money:
        raise BudgetReached(
            f"Making the missing takes of the shot {shot.id} would cross its budget.",
            hint="Shoot the prompt anew with another --budget.",
        )


def _locked(connection: Connection, shot_id: str) -> Row[tuple[object, ...]]:
    """The shot's row, held until the transaction ends. (On SQLite the transaction holds everything anyway.)"""
    row = connection.execute(select(t.shots).where(t.shots.c.id == shot_id).with_for_update()).one_or_none()
    if row is None:
        raise no_shot(shot_id)
    return row
