"""The cast in the database: characters, their tags and their immutable versions. Implements `ports.CastRepository`."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Row,
    Select,
    Table,
    delete,
    exists,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from samecast.core.cast import Anchor, Character, Pins, Reference, Region, Version, check_handle
from samecast.core.errors import HandleTaken, InvalidInput, NotFound
from samecast.core.mentions import CastName
from samecast.library import schema as t
from samecast.library.database import Database
from samecast.library.failures import Conflict
from samecast.library.pinning import pins_of

VersionKey: TypeAlias = tuple[int, int]
"""A character's row id and a version's number."""
Known: TypeAlias = dict[tuple[object, ...], Version]
"""Versions that were read before, which never change: by row id, number, digest, and when each was made."""
MOST_KNOWN = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Characters:
    """Handles are given without or with their `@`. All failures of the disk or database are `StorageFailed`."""

    database: Database
    _known: Known = field(default_factory=dict, compare=False, repr=False)

    def add(self, character: Character) -> None:
        """Keep a new character. Raises `HandleTaken` where its handle is in use, or shots use it."""
        handle = check_handle(character.handle)
        for place, version in enumerate(character.versions, start=1):
            _check_number(handle, version.number, place)
        if not character.versions:
            raise InvalidInput(f"@{handle} has no reference yet.", hint="Give at least one image.")
        try:
            with self.database.write() as connection:
                self._check_free(connection, handle)
                values = {
                    "handle": handle,
                    "name": character.name,
                    "created_at": character.created_at,
                    "archived_at": character.archived_at,
                }
                row = connection.execute(
                    insert(t.characters).values(**values).returning(t.characters.c.id)
                ).scalar_one()
                _write_tags(connection, row, character.tags)
                for version in character.versions:
                    _write_version(connection, row, version)
        except Conflict as conflict:  # somebody else added it between our look and our write
            raise _taken(handle) from conflict

    def get(self, handle: str) -> Character:
        """Raises `NotFound`, with the nearest handles or that the character was removed, as its hint."""
        bare = handle.removeprefix("@")
        with self.database.read() as connection:
            found = _read(connection, (t.characters.c.handle == bare) & _present(), self._known)
            if not found:
                raise self._missing(connection, bare)
        return found[0]

    def all(self, *, archived: bool = False) -> list[Character]:
        """Everyone in the cast, by handle, but for the archived; or only those."""
        with self.database.read() as connection:
            return _read(connection, _among(archived=archived), self._known)

    def names(self, *, archived: bool = False) -> list[CastName]:
        """What prompts may call them, of the same."""
        people = select(t.characters.c.handle, t.characters.c.name).where(_among(archived=archived))
        with self.database.read() as connection:
            found = connection.execute(people.order_by(t.characters.c.handle)).all()
        return [CastName(handle=handle, name=name) for handle, name in found]

    def archive(self, handle: str, at: datetime | None) -> bool:
        """Archive a character, or (None) bring it back. False where it was so already. Raises `NotFound`."""
        with self.database.write() as connection:
            chosen = t.characters.c.id == self.row(connection, handle)
            archives = t.characters.c.archived_at
            other = archives.is_(None) if at is not None else archives.is_not(None)
            done = connection.execute(update(t.characters).where(chosen, other).values(archived_at=at))
            return bool(done.rowcount)

    def pins(self, handle: str) -> Pins:
        """What refers to a character. Raises `NotFound`."""
        bare = handle.removeprefix("@")
        with self.database.read() as connection:
            there = (t.characters.c.handle == bare) & _present()
            if not connection.execute(select(exists().where(there))).scalar():
                raise self._missing(connection, bare)
            return pins_of(connection, bare)

    def update(self, handle: str, *, name: str, tags: tuple[str, ...]) -> None:
        """Change what is not part of a version."""
        with self.database.write() as connection:
            row = self.row(connection, handle)
            connection.execute(update(t.characters).where(t.characters.c.id == row).values(name=name))
            connection.execute(delete(t.character_tags).where(t.character_tags.c.character_id == row))
            _write_tags(connection, row, tags)

    def add_version(self, handle: str, version: Version) -> None:
        """Append a version. Raises `InvalidInput` where its number does not follow the current one's."""
        bare = handle.removeprefix("@")
        try:
            with self.database.write() as connection:
                row = self.row(connection, bare)
                last = connection.execute(
                    select(func.max(t.versions.c.number)).where(t.versions.c.character_id == row)
                ).scalar_one()
                _check_number(bare, version.number, last + 1)
                _write_version(connection, row, version)
        except Conflict as conflict:
            raise _out_of_turn(bare, version.number) from conflict

    def remove(self, handle: str) -> bool:
        """Delete the character or, where takes pin it, retire it; its LoRAs go either way. True: nothing is left."""
        bare = handle.removeprefix("@")
        try:
            with self.database.write() as connection:
                row = self.row(connection, bare)
                if not _pinned(connection, bare):
                    connection.execute(delete(t.characters).where(t.characters.c.id == row))
                    return True
                self._retire(connection, row)
        except Conflict:  # a take pinned it between our look and the deletion: the database refused
            with self.database.write() as connection:
                self._retire(connection, self.row(connection, bare))
        return False

    def _retire(self, connection: Connection, row: int) -> None:
        """Takes need the versions they pin. What else they are made from they name themselves, so the LoRAs go."""
        connection.execute(delete(t.character_loras).where(t.character_loras.c.character_id == row))
        connection.execute(update(t.characters).where(t.characters.c.id == row).values(retired_at=datetime.now(UTC)))

    def row(self, connection: Connection, handle: str) -> int:
        """The number of a character in the cast, held until the transaction ends. Raises `NotFound`."""
        bare = handle.removeprefix("@")
        row = connection.execute(
            select(t.characters.c.id).where((t.characters.c.handle == bare) & _present()).with_for_update()
        ).scalar()
        if row is None:
            raise self._missing(connection, bare)
        return int(row)

    def _check_free(self, connection: Connection, handle: str) -> None:
        found = connection.execute(
            select(t.characters.c.name, t.characters.c.retired_at, t.characters.c.archived_at).where(
                t.characters.c.handle == handle
            )
        ).one_or_none()
        if found is not None:
            archived = ", who is archived" if found.archived_at is not None else ""
            raise _taken(handle, f"{found.name}{archived}", retired=found.retired_at is not None)
        if _pinned(connection, handle):
            raise _taken(handle, retired=True)

    def _missing(self, connection: Connection, handle: str) -> NotFound:
        known = {row.handle: row.retired_at for row in connection.execute(select(t.characters))}
        if handle in known:
            return NotFound(
                f"@{handle} was removed from the cast.",
                hint="Shots still show it, so its handle stays reserved. Cast a new character under another handle.",
            )
        present = sorted(name for name, retired in known.items() if retired is None)
        near = difflib.get_close_matches(handle.lower(), present, n=3, cutoff=0.5)
        if near:
            hint = f"Did you mean {' or '.join('@' + name for name in near)}?"
        elif present:
            hint = "See who there is: samecast cast list"
        else:
            hint = "The cast is empty. Add somebody: samecast cast add IMAGE --name NAME"
        return NotFound(f"There is no @{handle} in the cast.", hint=hint)


def _present() -> ColumnElement[bool]:
    return t.characters.c.retired_at.is_(None)


def _among(*, archived: bool) -> ColumnElement[bool]:
    archives = t.characters.c.archived_at
    return _present() & (archives.is_not(None) if archived else archives.is_(None))


def _pinned(connection: Connection, handle: str) -> bool:
    return bool(connection.execute(select(exists().where(t.take_members.c.handle == handle))).scalar())


def _taken(handle: str, name: str | None = None, *, retired: bool = False) -> HandleTaken:
    if retired:
        message = f"The handle @{handle} belonged to a character that was removed, and shots still use it."
    else:
        message = f"The handle @{handle} is taken" + (f" by {name}." if name else ".")
    return HandleTaken(message, hint=f"Choose another with --handle, such as {handle[:13]}_2.")


def _check_number(handle: str, number: int, expected: int) -> None:
    if number != expected:
        raise _out_of_turn(handle, number)


def _out_of_turn(handle: str, number: int) -> InvalidInput:
    return InvalidInput(
        f"Version {number} does not follow the last version of @{handle}.",
        hint="It may have been edited elsewhere meanwhile: look at it again, then repeat the edit.",
    )


# --- rows and values --------------------------------------------------------------------------------------------


def _write_tags(connection: Connection, row: int, tags: Sequence[str]) -> None:
    values = [{"character_id": row, "position": place, "tag": tag} for place, tag in enumerate(tags)]
    if values:
        connection.execute(insert(t.character_tags), values)


def _write_version(connection: Connection, row: int, version: Version) -> None:
    key = {"character_id": row, "version": version.number}
    connection.execute(
        insert(t.versions).values(
            character_id=row,
            number=version.number,
            description=version.description,
            digest=version.digest,
            created_at=version.created_at,
        )
    )
    images = [
        {**key, "position": place, "sha256": r.sha256, "width": r.width, "height": r.height, "grade": r.grade}
        for place, r in enumerate(version.references)
    ]
    if images:
        connection.execute(insert(t.reference_images), images)
    details = [
        {**key, "position": place, "text": a.text, "side": a.side, **_region_values(a.region)}
        for place, a in enumerate(version.anchors)
    ]
    if details:
        connection.execute(insert(t.anchors), details)


def _region_values(region: Region | None) -> dict[str, float | None]:
    return {f"region_{name}": getattr(region, name, None) for name in ("x", "y", "width", "height")}


def _read(connection: Connection, condition: ColumnElement[bool], known: Known) -> list[Character]:
    """The characters that meet the condition, by handle: three statements where their versions are known, else six."""
    people = connection.execute(select(t.characters).where(condition).order_by(t.characters.c.handle)).all()
    wanted = select(t.characters.c.id).where(condition)
    of_a_tag, of_a_version = t.character_tags.c, t.versions.c
    tags: defaultdict[int, list[str]] = defaultdict(list)
    tagged = select(of_a_tag.character_id, of_a_tag.tag).where(of_a_tag.character_id.in_(wanted))
    for row in connection.execute(tagged.order_by(of_a_tag.position)):
        tags[row.character_id].append(row.tag)
    made = type_coerce(of_a_version.created_at, DateTime)
    heads = select(of_a_version.character_id, of_a_version.number, of_a_version.digest, made)
    keys = [
        tuple(row)
        for row in connection.execute(
            heads.where(of_a_version.character_id.in_(wanted)).order_by(of_a_version.number)
        ).all()
    ]
    found = [known.get(key) for key in keys]
    if None in found:
        read = _versions(connection, wanted)
        found = [read.get((key[0], key[1])) for key in keys]
        if len(known) > MOST_KNOWN:
            known.clear()
        known |= {key: version for key, version in zip(keys, found, strict=True) if version is not None}
    versions: defaultdict[int, list[Version]] = defaultdict(list)
    for key, version in zip(keys, found, strict=True):
        if version is not None:
            versions[key[0]].append(version)
    return [
        Character(
            handle=row.handle,
            name=row.name,
            tags=tuple(tags[row.id]),
            versions=tuple(versions[row.id]),
            created_at=row.created_at,
            archived_at=row.archived_at,
        )
        for row in people
    ]


def _versions(connection: Connection, wanted: Select[tuple[int]]) -> dict[VersionKey, Version]:
    """All versions of the characters whose rows are wanted."""

    def belonging(table: Table, *order: str) -> Sequence[Row[tuple[object, ...]]]:
        owned = select(table).where(table.c.character_id.in_(wanted))
        return connection.execute(owned.order_by(*(table.c[name] for name in order))).all()

    images: defaultdict[VersionKey, list[Reference]] = defaultdict(list)
    for row in belonging(t.reference_images, "position"):
        image = Reference(sha256=row.sha256, width=row.width, height=row.height, grade=row.grade)
        images[row.character_id, row.version].append(image)
    details: defaultdict[VersionKey, list[Anchor]] = defaultdict(list)
    for row in belonging(t.anchors, "position"):
        details[row.character_id, row.version].append(Anchor(text=row.text, side=row.side, region=_region(row)))
    found = {}
    for row in belonging(t.versions, "number"):
        key = (row.character_id, row.number)
        found[key] = _version(row, images[key], details[key])
    return found


def _version(row: Row[tuple[object, ...]], images: Iterable[Reference], details: Iterable[Anchor]) -> Version:
    return Version(
        number=row.number,
        references=tuple(images),
        anchors=tuple(details),
        description=row.description,
        created_at=row.created_at,
    )


def _region(row: Row[tuple[object, ...]]) -> Region | None:
    if row.region_x is None:
        return None
    return Region(x=row.region_x, y=row.region_y, width=row.region_width, height=row.region_height)
