"""Shots and takes in the database. Implements `ports.ShotRepository`.

A take is stored with its whole recipe, so it can be made again whatever happens to the cast; who it pins is also kept
as rows, so that the database itself keeps a pinned character from being deleted, and so is what else it is made from,
so that no file of that is taken for garbage.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, insert, select, update

from samecast.core.errors import InvalidInput, NotFound
from samecast.core.recipe import Recipe, recipe_from_json, recipe_to_json
from samecast.core.story import Goal, Shot, Take
from samecast.library import schema as t
from samecast.library.database import Database
from samecast.library.failures import Conflict

_SHOT_ROWS = select(t.shots, t.picks.c.take_id, t.picks.c.why, t.picks.c.by_hand).join(
    t.picks, t.picks.c.shot_id == t.shots.c.id, isouter=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """All failures of the disk or database are `StorageFailed`."""

    database: Database

    def add(self, *shots: Shot) -> None:
        """Keep new shots with all their takes, or nothing. Raises `InvalidInput` where an id of theirs is in use."""
        try:
            with self.database.write() as connection:
                for shot in shots:
                    _write_shot(connection, shot)
        except Conflict as conflict:
            raise InvalidInput(
                f"The shot {shots[0].id} cannot be added: its id, or one of its takes, is there already.",
                hint="Give every shot and take an id of its own.",
            ) from conflict

    def get(self, shot_id: str) -> Shot:
        """Raises `NotFound`."""
        with self.database.read() as connection:
            found = connection.execute(_SHOT_ROWS.where(t.shots.c.id == shot_id)).all()
            if not found:
                raise no_shot(shot_id)
            return read_shots(connection, found)[0]

    def recent(self, limit: int = 50) -> list[Shot]:
        """The newest shots first."""
        with self.database.read() as connection:
            newest = _SHOT_ROWS.order_by(t.shots.c.created_at.desc(), t.shots.c.id.desc()).limit(limit)
            return read_shots(connection, connection.execute(newest).all())

    def finish_take(self, take: Take) -> None:
        """Keep what came of a take. Its recipe, number and shot are fixed: `InvalidInput` where they differ."""
        with self.database.write() as connection:
            stored = connection.execute(
                select(t.takes.c.shot_id, t.takes.c.number, t.takes.c.recipe_digest).where(t.takes.c.id == take.id)
            ).one_or_none()
            if stored is None:
                raise NotFound(f"There is no take {take.id}.", hint="Add its shot first.")
            if tuple(stored) != (take.shot_id, take.number, take.recipe.digest):
                raise InvalidInput(
                    f"The take {take.id} was planned with another recipe.", hint="Make a new take for a new recipe."
                )
            connection.execute(update(t.takes).where(t.takes.c.id == take.id).values(**outcome(take)))

    def pick(self, shot_id: str, take_id: str | None, why: str, *, by_hand: bool = False) -> None:
        """Choose a take of this shot, or (None) say why none was chosen; replaces an earlier pick.

        What was picked `by_hand` is only replaced by hand. Raises `NotFound`, and `InvalidInput` for one in the trash.
        """
        try:
            with self.database.write() as connection:
                # The shot's row is held: of two who pick at once, the later one replaces the other's pick.
                found = connection.execute(select(t.shots.c.id).where(t.shots.c.id == shot_id).with_for_update())
                if found.scalar() is None:
                    raise no_shot(shot_id)
                hand = select(t.picks.c.by_hand).where(t.picks.c.shot_id == shot_id)
                if not by_hand and connection.execute(hand).scalar():
                    return
                # Who trashes a take holds its shot's row as well: it is trashed before this look, or after the pick.
                trashed = select(t.takes.c.number).where(t.takes.c.id == take_id, t.takes.c.trashed_at.is_not(None))
                if take_id is not None and connection.execute(trashed).scalar() is not None:
                    raise InvalidInput(
                        f"The take {take_id} is in the trash, so it cannot be picked.",
                        hint=f"Bring it back first: samecast library restore {take_id}",
                    )
                connection.execute(delete(t.picks).where(t.picks.c.shot_id == shot_id))
                connection.execute(
                    insert(t.picks).values(shot_id=shot_id, take_id=take_id, why=why, by_hand=int(by_hand))
                )
        except Conflict as conflict:
            raise NotFound(
                f"The shot {shot_id} has no take {take_id}.", hint="Pick one of the shot's own takes."
            ) from conflict


def no_shot(shot_id: str) -> NotFound:
    return NotFound(f"There is no shot {shot_id}.", hint="See their ids with `samecast shots list`.")


# --- rows and values --------------------------------------------------------------------------------------------


def _write_shot(connection: Connection, shot: Shot) -> None:
    connection.execute(insert(t.shots).values(**_shot_values(shot)))
    for take in shot.takes:
        write_take(connection, take)
    if shot.picked is not None or shot.why:
        connection.execute(
            insert(t.picks).values(shot_id=shot.id, take_id=shot.picked, why=shot.why, by_hand=int(shot.by_hand))
        )


def _shot_values(shot: Shot) -> dict[str, object]:
    goal = shot.goal
    return {
        "id": shot.id,
        "prompt": shot.prompt,
        "model": shot.model,
        "out": shot.out,
        "created_at": shot.created_at,
        "state": shot.state,
        "round": shot.round,
        "machine": shot.machine,
        "awaits": shot.awaits,
        "seed": shot.seed,
        "until": goal.until if goal else None,
        "enough": goal.enough if goal else None,
        "most_takes": goal.most_takes if goal else None,
        "most_money": goal.most_money if goal else None,
    }


def write_take(connection: Connection, take: Take) -> None:
    connection.execute(
        insert(t.takes).values(
            id=take.id,
            shot_id=take.shot_id,
            number=take.number,
            recipe=recipe_to_json(take.recipe),
            recipe_digest=take.recipe.digest,
            round=take.round,
            attempt=take.attempt,
            ticket=take.ticket,
            intended=take.intended,
            trashed_at=take.trashed_at,
            **outcome(take),
        )
    )
    _write_members(connection, take)
    if files := file_rows(take.id, take.recipe):
        connection.execute(insert(t.take_files), files)


def outcome(take: Take) -> dict[str, object]:
    """What is only known once a take is made; the rest of it never changes."""
    return {
        "state": take.state,
        "asset": take.asset,
        "score": take.score,
        "notes": json.dumps(take.notes, ensure_ascii=False),
        "path": take.path,
        "error": take.error,
        "failure": take.failure,
        "cost": take.cost,
        "seconds": take.seconds,
        "made_at": take.made_at,
    }


def _write_members(connection: Connection, take: Take) -> None:
    values = [
        {
            "take_id": take.id,
            "position": place,
            "handle": member.handle,
            "version": member.version,
            "digest": member.digest,
            "character_id": _pinned_character(connection, member.handle, member.version),
        }
        for place, member in enumerate(take.recipe.members)
    ]
    if values:
        connection.execute(insert(t.take_members), values)


def file_rows(take_id: str, recipe: Recipe) -> list[dict[str, object]]:
    """What a take is made from beside its members' references, as rows."""
    return [{"take_id": take_id, "position": place, "sha256": sha256} for place, sha256 in enumerate(recipe.borrowed)]


def _pinned_character(connection: Connection, handle: str, version: int) -> int | None:
    """The row the pin points at; None for a version this library never had (a recipe from elsewhere)."""
    row: int | None = connection.execute(
        select(t.characters.c.id)
        .join(t.versions, t.versions.c.character_id == t.characters.c.id)
        .where(t.characters.c.handle == handle, t.versions.c.number == version)
        # On PostgreSQL this keeps the row from being deleted until the pin is in place; SQLite has one writer anyway.
        .with_for_update(read=True, key_share=True, of=t.characters)
    ).scalar()
    return row


def read_shots(connection: Connection, found: Sequence[Row[tuple[object, ...]]]) -> list[Shot]:
    """The shots of these rows, in their order, with their takes: one more statement, however many there are."""
    takes: defaultdict[str, list[Take]] = defaultdict(list)
    ids = [row.id for row in found]
    for row in connection.execute(select(t.takes).where(t.takes.c.shot_id.in_(ids)).order_by(t.takes.c.number)):
        takes[row.shot_id].append(read_take(row))
    return [
        Shot(
            id=row.id,
            prompt=row.prompt,
            model=row.model,
            out=row.out,
            takes=tuple(takes[row.id]),
            picked=row.take_id,
            why=row.why or "",
            by_hand=bool(row.by_hand),
            created_at=row.created_at,
            state=row.state,
            round=row.round,
            goal=_goal(row),
            machine=row.machine,
            awaits=row.awaits,
            seed=row.seed,
        )
        for row in found
    ]


def _goal(row: Row[tuple[object, ...]]) -> Goal | None:
    if row.until is None:
        return None
    return Goal(until=row.until, enough=row.enough, most_takes=row.most_takes, most_money=row.most_money)


def read_take(row: Row[tuple[object, ...]]) -> Take:
    recipe: Recipe = recipe_from_json(row.recipe)
    return Take(
        id=row.id,
        shot_id=row.shot_id,
        number=row.number,
        recipe=recipe,
        state=row.state,
        asset=row.asset,
        score=row.score,
        notes=tuple(json.loads(row.notes)),
        path=row.path,
        round=row.round,
        attempt=row.attempt,
        error=row.error,
        failure=row.failure,
        cost=row.cost,
        seconds=row.seconds,
        ticket=row.ticket,
        intended=row.intended,
        made_at=row.made_at,
        trashed_at=row.trashed_at,
    )
