"""What SQLite needs said that PostgreSQL does not: pragmas on each connection, and explicit transactions.

The only file that speaks SQLite's own dialect.
"""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, event

BUSY_SECONDS = 30.0
"""How long a writer waits for another one before it gives up."""
CACHE_KIB = 65_536
"""For each connection, as needed: with SQLite's own 2 MiB, finding alike takes among a million reads them anew."""


def sqlite_file(url: URL) -> Path | None:
    """The file behind an SQLite URL; None for a database in memory, or a URI of SQLite's own."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return None
    return Path(url.database).absolute()


def tune(engine: Engine) -> None:
    """Set up every connection of an SQLite engine; call it before the first one is made."""
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def broken_links(connection: Connection) -> int:
    """How many rows point at nothing: to be asked before a migration, made without foreign keys, is kept."""
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").all())


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    # Python's driver would begin transactions on its own, too late for a consistent read-then-write.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _on_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    # A migration that alters a table drops the old one, and with foreign keys on that would empty every table below it.
    # The pragma does nothing inside a transaction, hence here.
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {'OFF' if options.get('migrates') else 'ON'}")
    # A writer takes the write lock at once: a reader that turns into one may fail without waiting its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging. Only a file's first switch needs a lock, but for that SQLite does not wait."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
