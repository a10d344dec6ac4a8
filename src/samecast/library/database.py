"""Opening the database: the address, the connections, the schema brought up to date. Knows no table.

Every statement of the library runs inside `Database.read` or `Database.write`, where failures become `StorageFailed`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, Engine, create_engine, inspect, make_url, text

from samecast.core.errors import StorageFailed
from samecast.library import sqlite
from samecast.library.failures import storage_failures
from samecast.library.migrations import HEAD
from samecast.settings import Settings

_MIGRATION_LOCK = 0x5A3E_CA57
"""PostgreSQL advisory lock: only one process changes the schema at a time. (On SQLite the write lock does that.)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An open database, `where` it is (a path or a URL without its password, for messages)."""

    engine: Engine
    where: str

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look: everything read inside belongs to one moment (on SQLite)."""
        with storage_failures(self.where), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, migrates: bool = False) -> Iterator[Connection]:
        """One transaction: all of it is kept, or nothing. Raises `Conflict` where a constraint refuses it."""
        engine = self.engine.execution_options(writes=True, migrates=migrates)
        with storage_failures(self.where), engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """Open the database and bring its schema up to date; several processes may do so at once on a fresh home.

    Raises `StorageFailed` where it cannot be opened, is damaged, or is from a newer samecast; nothing is destroyed.
    """
    with storage_failures("SAMECAST_DATABASE_URL"):
        url = _address(settings)
        # A server that was started again has closed the connections at hand: they are tried before they are used.
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    file = sqlite.sqlite_file(url) if engine.dialect.name == "sqlite" else None
    if file is not None:
        with storage_failures(str(file.parent)):
            file.parent.mkdir(parents=True, exist_ok=True)
    if engine.dialect.name == "sqlite":
        sqlite.tune(engine)
    where = str(file) if file is not None else url.render_as_string(hide_password=True)
    database = Database(engine=engine, where=where)
    try:
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _address(settings: Settings) -> URL:
    if settings.database_url is not None:
        return make_url(settings.database_url)
    return URL.create("sqlite", database=str(settings.database_file))


def _bring_up_to_date(database: Database) -> None:
    with database.read() as connection:
        if _revision(connection) == HEAD:
            return
    from samecast.library.migrations import known_revisions, upgrade  # slow to import, and seldom needed

    with database.write(migrates=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        revision = _revision(connection)
        if revision == HEAD:  # another process was quicker
            return
        if revision is not None and revision not in known_revisions():
            raise StorageFailed(
                f"{database.where} was written by a newer samecast (its schema is {revision}, this one knows {HEAD}).",
                hint="Update samecast, or set SAMECAST_HOME to another folder.",
            )
        upgrade(connection)
        if connection.dialect.name == "sqlite" and sqlite.broken_links(connection):
            raise StorageFailed(
                f"{database.where} could not be brought up to date: some of its rows point at nothing.",
                hint="It was left as it is. Use the samecast that wrote it, or restore a backup.",
            )


def _revision(connection: Connection) -> str | None:
    """The schema's revision as the database says, None where it has no schema yet. Without Alembic: that is slow."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision
