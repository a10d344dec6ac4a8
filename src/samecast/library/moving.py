"""A library as one side of a move: its rows as streams, in an order and a form that every database shares.

Implements `ports.moving.Places` and `SchemaKeeper`. What is moved in which order, and how it is verified, is decided in
`services.moving`. A source is opened so that the database itself refuses to change it.
"""

import heapq
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from obstore.store import LocalStore
from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    String,
    Table,
    collate,
    create_engine,
    event,
    func,
    make_url,
    select,
    union,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects import sqlite as lite

from samecast.core.errors import StorageFailed
from samecast.library import schema as t
from samecast.library import sqlite
from samecast.library.assets import Assets, open_assets
from samecast.library.claims import Claims
from samecast.library.database import Database, open_database
from samecast.library.failures import storage_failures
from samecast.library.keeping import open_upkeep
from samecast.library.migrations import HEAD
from samecast.ports.moving import Address, Place, Row, Standing, TableShape
from samecast.settings import Settings

STAYS = frozenset({"workers", "progress", "previews", "asset_claims"})
"""Tables of what goes on at this moment, in this place. What is searched by is not in the schema's metadata at all:
triggers at the destination queue every row that arrives, and it is worked out anew there."""

STREAMED = 1000
"""Rows fetched from a database at a time."""


# --- one side ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Side:
    """Implements `ports.moving.Holding`."""

    database: Database
    store: Assets

    @cached_property
    def tables(self) -> tuple[TableShape, ...]:
        return tuple(map(_shape, moved_tables()))

    def at_work(self) -> list[str]:
        query = select(t.workers.c.name).where(t.workers.c.state != "gone").order_by(t.workers.c.name)
        with self.database.read() as connection:
            return [name for (name,) in connection.execute(query)]

    @contextmanager
    def reading(self) -> Iterator["Moment"]:
        with snapshot(self.database) as connection:
            borrowed = open_upkeep(self.database, self.store).borrowed
            yield Moment(connection=connection, store=self.store, borrowed=borrowed)

    def claim(self, sha256: str) -> None:
        self.store.claims.claim(sha256)

    def add(self, table: str, rows: Sequence[Row]) -> int:
        if not rows:
            return 0
        target = t.metadata.tables[table]
        names = [column.name for column in stored_columns(target)]
        statement = _insert(target, self.database.engine.dialect).on_conflict_do_nothing()
        with self.database.write() as connection:
            before = _count(connection, target)
            connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
            return _count(connection, target) - before

    def settle(self) -> None:
        if self.database.engine.dialect.name != "postgresql":  # SQLite gives ids by what is there
            return
        with self.database.write() as connection:
            for table in moved_tables():
                column = table.autoincrement_column
                if column is None or column.foreign_keys:
                    continue
                sequence = connection.execute(
                    sql("SELECT pg_get_serial_sequence(:table, :column)"),
                    {"table": f'"{table.name}"', "column": column.name},
                ).scalar()
                highest = connection.execute(select(func.max(column))).scalar()
                if sequence is not None and highest is not None:
                    connection.execute(sql("SELECT setval(:name, :value)"), {"name": sequence, "value": highest})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Implements `ports.moving.Snapshot`."""

    connection: Connection
    store: Assets
    borrowed: frozenset[str]

    def count(self, table: str) -> int:
        return _count(self.connection, t.metadata.tables[table])

    def rows(self, table: str) -> Iterator[Row]:
        target = t.metadata.tables[table]
        ordered = [in_order(column, self.connection) for column in target.primary_key.columns]
        query = select(*stored_columns(target)).order_by(*ordered)
        for row in self.connection.execute(query, execution_options={"yield_per": STREAMED}):
            yield tuple(row)

    def asset_names(self) -> Iterator[str]:
        last = ""
        for name in heapq.merge(needed_assets(self.connection), self._wished_for()):
            if name != last:
                yield name
            last = name

    def count_assets(self) -> int:
        needed = _needed().subquery()
        return int(self.connection.execute(select(func.count()).select_from(needed)).scalar_one())

    def _wished_for(self) -> list[str]:
        return [name for name in wished_for_assets(self.connection, self.borrowed) if self.store.has(name)]


# --- rows, the same everywhere ----------------------------------------------------------------------------------


def moved_tables() -> list[Table]:
    """What a row refers to comes before it."""
    return [table for table in t.metadata.sorted_tables if table.name not in STAYS]


def stored_columns(table: Table) -> list[ColumnElement[Any]]:
    """The columns that hold something of their own; the database works out the others."""
    return [column for column in table.columns if column.computed is None]


def in_order(column: ColumnElement[Any], connection: Connection) -> ColumnElement[Any]:
    """To order by: PostgreSQL's usual order of text is some language's, SQLite's is that of the bytes."""
    if connection.dialect.name == "postgresql" and isinstance(column.type, String):
        return collate(column, "C")
    return column


def needed_assets(connection: Connection) -> Iterator[str]:
    """The sha256 of every asset that characters and finished takes name, and that takes are made from, each once, in
    order.
    """
    found = _needed().subquery()
    query = select(found.c.name).order_by(in_order(found.c.name, connection))
    for (name,) in connection.execute(query, execution_options={"yield_per": STREAMED}):
        yield name


def wished_for_assets(connection: Connection, borrowed: Collection[str]) -> list[str]:
    """Assets nobody misses where they are gone, in order: those that only recipes name (`borrowed`), and those of takes
    that are not done, which may have been claimed and never stored.
    """
    begun = select(t.takes.c.asset).where(t.takes.c.state != "done", t.takes.c.asset.is_not(None))
    return sorted({*borrowed, *connection.execute(begun).scalars()})


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """One moment of the whole database, however long it is read."""
    engine: Engine = database.engine
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with storage_failures(database.where), engine.begin() as connection:
        yield connection


def _needed() -> Any:
    made = select(t.takes.c.asset.label("name")).where(t.takes.c.state == "done", t.takes.c.asset.is_not(None))
    others = (t.reference_images.c.sha256, t.take_files.c.sha256, t.character_loras.c.sha256)
    return union(*(select(column.label("name")) for column in others), made)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _insert(table: Table, dialect: Dialect) -> Any:
    """Both dialects spell ON CONFLICT alike; SQLAlchemy keeps them apart."""
    return pg.insert(table) if dialect.name == "postgresql" else lite.insert(table)


def _shape(table: Table) -> TableShape:
    names = tuple(column.name for column in stored_columns(table))
    return TableShape(
        name=table.name, columns=names, key=tuple(names.index(column.name) for column in table.primary_key.columns)
    )


# --- opening ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPlaces:
    """Implements `ports.moving.Places`; `settings` are those of this run."""

    settings: Settings

    def address(self, place: Place) -> Address:
        settings = _settings_of(place, self.settings)
        url = _url(settings)
        file = sqlite.sqlite_file(url) if url.get_backend_name() == "sqlite" else None
        store = settings.assets_url
        folder = settings.assets_folder if store is None else _folder(store)
        assets = str(store if folder is None else folder).rstrip("/")
        shown = str(file) if file is not None else url.render_as_string(hide_password=True)
        # Who asks, and by which driver, makes no other database of it.
        bare = URL.create(url.get_backend_name(), None, None, url.host, url.port or 5432, url.database, url.query)
        return Address(
            database=shown,
            assets=assets,
            variables=_variables(settings, shown, assets),
            database_identity=str(file.resolve()) if file is not None else bare.render_as_string(),
            assets_identity=str(folder.resolve()) if folder is not None else assets,
        )

    @contextmanager
    def source(self, place: Place) -> Iterator[Side]:
        settings = _settings_of(place, self.settings)
        with _unchanged(settings) as database:
            revision = _revision(database)
            if revision is None:
                raise StorageFailed(
                    f"There is no library at {database.where}.", hint="Give --from-database, or set SAMECAST_HOME."
                )
            _check_revision(database, revision)
            yield Side(database=database, store=_assets_unchanged(settings, database))

    @contextmanager
    def destination(self, place: Place) -> Iterator[Side]:
        settings = _settings_of(place, self.settings)
        with _unchanged(settings) as looked_at:
            revision = _revision(looked_at)
            if revision is not None:
                _check_revision(looked_at, revision)
        database = open_database(settings)
        try:
            yield Side(database=database, store=open_assets(settings, database))
        finally:
            database.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class LibrarySchema:
    """Implements `ports.moving.SchemaKeeper`."""

    settings: Settings

    def standing(self) -> Standing:
        with _unchanged(self.settings) as database:
            return Standing(database=database.where, revision=_revision(database), newest=HEAD)

    def bring_up_to_date(self) -> None:
        open_database(self.settings).close()


def _settings_of(place: Place, settings: Settings) -> Settings:
    """A home folder brings its assets along; a URL keeps the assets of the settings unless others are named."""
    chosen = settings
    if place.database is not None:
        if "://" in place.database:
            chosen = replace(chosen, database_url=place.database)
        else:
            chosen = replace(chosen, home=Path(place.database), database_url=None, assets_url=None)
    if place.assets is not None:
        folder = _folder(place.assets)
        home = folder is not None and (folder == chosen.home or (folder / "library.sqlite3").is_file())
        chosen = replace(chosen, assets_url=str(Path(place.assets) / "assets") if home else place.assets)
    return chosen


def _url(settings: Settings) -> URL:
    with storage_failures("SAMECAST_DATABASE_URL"):
        if settings.database_url is not None:
            return make_url(settings.database_url)
        return URL.create("sqlite", database=str(settings.database_file))


def _folder(assets: str) -> Path | None:
    """The folder that an asset store's address names; None for a bucket."""
    if assets.startswith("file://"):
        return Path(assets.removeprefix("file://")).absolute()
    return None if "://" in assets else Path(assets).expanduser().absolute()


def _variables(settings: Settings, database: str, assets: str) -> tuple[tuple[str, str], ...]:
    named: list[tuple[str, str]] = []
    if settings.database_url is None:
        named.append(("SAMECAST_HOME", str(settings.home)))
    else:
        named.append(("SAMECAST_DATABASE_URL", database if "://" in database else settings.database_url))
    if settings.database_url is not None or assets != str(settings.assets_folder):
        named.append(("SAMECAST_ASSETS_URL", assets))
    return tuple(named)


@contextmanager
def _unchanged(settings: Settings) -> Iterator[Database]:
    """The database as it is: not made, not brought up to date, and every change refused by the database itself."""
    url = _url(settings)
    file = sqlite.sqlite_file(url) if url.get_backend_name() == "sqlite" else None
    where = str(file) if file is not None else url.render_as_string(hide_password=True)
    with storage_failures(where):
        engine = _engine_of_file(file) if file is not None else create_engine(url)
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(postgresql_readonly=True)
    try:
        yield Database(engine=engine, where=where)
    finally:
        engine.dispose()


def _assets_unchanged(settings: Settings, database: Database) -> Assets:
    """A folder as it is: opening it otherwise would make it, or sweep up in it. Opening a bucket changes nothing."""
    address = settings.assets_url
    folder = settings.assets_folder if address is None else _folder(address)
    if folder is None:
        return open_assets(settings, database)
    if not folder.is_dir():
        raise StorageFailed(f"There are no assets in {folder}.", hint="Give --from-assets, or set SAMECAST_ASSETS_URL.")
    return Assets(store=LocalStore(folder), folder=folder, where=str(folder), claims=Claims(database=database))


def _engine_of_file(file: Path) -> Engine:
    """A file that is not there is an empty database, which needs no file."""
    address = f"{file.as_uri()}?mode=ro" if file.exists() else "file::memory:"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, uri=True, isolation_level=None, timeout=sqlite.BUSY_SECONDS, check_same_thread=False
        )

    engine = create_engine(f"sqlite:///{file}", creator=connect)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _revision(database: Database) -> str | None:
    from sqlalchemy import inspect

    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.execute(sql("SELECT version_num FROM alembic_version")).scalar()
        return revision


def _check_revision(database: Database, revision: str) -> None:
    from samecast.library.migrations import known_revisions

    if revision == HEAD:
        return
    if revision in known_revisions():
        raise StorageFailed(
            f"{database.where} is of an older samecast (its schema is {revision}, the newest is {HEAD}).",
            hint="Bring it up to date first, with the settings that name it: samecast migrate",
        )
    raise StorageFailed(
        f"{database.where} was written by a newer samecast (its schema is {revision}, this one knows {HEAD}).",
        hint="Update samecast, then move.",
    )
