"""Characters that arrive from elsewhere, with their papers. Implements `ports.travelling.PapersRepository`.

How characters themselves are kept, and what is refused of them, is in `characters`: it does the writing here too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, exists, insert, or_, select, update

from samecast.core.cast import Character, Version
from samecast.core.travelling import Papers
from samecast.library import schema as t
from samecast.library.characters import Characters
from samecast.library.database import Database
from samecast.library.failures import storage_failures


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterPapers:
    """Handles are given without or with their `@`. All failures of the disk or database are `StorageFailed`."""

    database: Database

    def get(self, handle: str) -> Papers:
        """Empty where nobody said anything, or there is no such character."""
        papers, characters = t.character_papers, t.characters
        query = (
            select(papers.c.consent, papers.c.licence)
            .join(characters, characters.c.id == papers.c.character_id)
            .where(characters.c.handle == handle.removeprefix("@"), characters.c.retired_at.is_(None))
        )
        with self.database.read() as connection:
            row = connection.execute(query).one_or_none()
        return Papers(consent=row.consent, licence=row.licence) if row else Papers()

    def keep(self, handle: str, papers: Papers) -> None:
        """Raises `NotFound`."""
        with self._together() as (cast, connection):
            _write(cast, connection, handle, papers)

    def free(self, handle: str) -> bool:
        """False also for a character that was removed, and for one that only shots from elsewhere name."""
        bare = handle.removeprefix("@")
        used = or_(
            exists().where(t.characters.c.handle == bare),
            exists().where(t.take_members.c.handle == bare),
        )
        with self.database.read() as connection:
            return not connection.execute(select(used)).scalar()

    def welcome(self, character: Character, papers: Papers) -> None:
        """Keep a character that is new here. Raises `HandleTaken`; nothing is kept then."""
        with self._together() as (cast, connection):
            cast.add(character)
            _write(cast, connection, character.handle, papers)

    def extend(self, handle: str, versions: Sequence[Version], papers: Papers) -> None:
        """Append versions and set the papers. Raises `InvalidInput` where others came first; nothing is kept then."""
        with self._together() as (cast, connection):
            for version in versions:
                cast.add_version(handle, version)
            _write(cast, connection, handle, papers)

    @contextmanager
    def _together(self) -> Iterator[tuple[Characters, Connection]]:
        """The cast inside one transaction: all that is done with it is kept, or nothing."""
        with self.database.write() as connection:
            within = _Within(engine=self.database.engine, where=self.database.where, connection=connection)
            yield Characters(database=within), connection


@dataclass(frozen=True, slots=True, kw_only=True)
class _Within(Database):
    """A database seen from inside an open transaction: what reads and writes joins it."""

    connection: Connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with storage_failures(self.where):
            yield self.connection

    @contextmanager
    def write(self, *, migrates: bool = False) -> Iterator[Connection]:
        with storage_failures(self.where):
            yield self.connection


def _write(cast: Characters, connection: Connection, handle: str, papers: Papers) -> None:
    bare = cast.get(handle).handle
    row = connection.execute(
        select(t.characters.c.id).where(t.characters.c.handle == bare).with_for_update()
    ).scalar_one()
    values = {"consent": papers.consent, "licence": papers.licence}
    mine = t.character_papers.c.character_id == row
    if connection.execute(select(exists().where(mine))).scalar():
        connection.execute(update(t.character_papers).where(mine).values(**values))
    elif papers != Papers():
        connection.execute(insert(t.character_papers).values(character_id=row, **values))
