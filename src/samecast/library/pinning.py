"""Who pins a character: takes, counted by the model that made them and by the version they show."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, cast, func, select
from sqlalchemy.types import Text

from samecast.core.cast import Pinned, Pins
from samecast.library import schema as t


def pins_of(connection: Connection, handle: str) -> Pins:
    """Takes in whatever state that show somebody under this handle, those in the trash included."""
    members, takes = t.take_members, t.takes
    joined = members.join(takes, takes.c.id == members.c.take_id).join(t.shots, t.shots.c.id == takes.c.shot_id)
    counts = (
        func.count(takes.c.id.distinct()).label("takes"),
        func.count(takes.c.shot_id.distinct()).label("shots"),
    )
    mine = select(*counts, func.count(takes.c.trashed_at).label("trashed")).select_from(joined)
    whole = connection.execute(mine.where(members.c.handle == handle)).one()

    def by(what: ColumnElement[Any]) -> tuple[Pinned, ...]:
        named = cast(what, Text).label("what")
        grouped = select(named, *counts).select_from(joined).where(members.c.handle == handle).group_by(what)
        found = [Pinned(what=row.what, takes=row.takes, shots=row.shots) for row in connection.execute(grouped)]
        return tuple(sorted(found, key=lambda pinned: (-pinned.takes, pinned.what)))

    return Pins(
        takes=whole.takes,
        shots=whole.shots,
        trashed=whole.trashed,
        models=by(t.shots.c.model),
        versions=by(members.c.version),
    )
