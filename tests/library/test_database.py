"""Opening the library: on fresh, shared, damaged, foreign, newer, full and read-only homes."""

import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, StorageFailed
from samecast.core.story import Shot
from samecast.library import Library, migrations, open_library, sqlite
from samecast.library.database import open_database
from samecast.library.schema import metadata
from samecast.settings import Settings

MakeCharacter = Callable[..., Character]
Start = Callable[[str, Path], Any]  # a subprocess.Popen[str]


def refused(settings: Settings, match: str) -> StorageFailed:
    """Opening fails with one line and a hint."""
    with pytest.raises(StorageFailed, match=match) as caught:
        open_library(settings)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


# --- the schema -------------------------------------------------------------------------------------------------


def statements(connection: Connection) -> set[tuple[str, ...]]:
    """What made each table and index, as sorted lines: one line is one column or constraint."""
    rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql NOT LIKE '%alembic_version%'"))
    return {tuple(sorted(line.strip().rstrip(",") for line in sql.strip().splitlines())) for (sql,) in rows}


def test_the_migrations_make_exactly_the_tables_of_the_schema(library: Library) -> None:
    with library.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        migrated = statements(connection)
    fresh = create_engine("sqlite://")
    with fresh.begin() as connection:
        metadata.create_all(connection)
        assert migrated == statements(connection)  # checks and foreign keys too, which Alembic does not compare
    fresh.dispose()


def test_head_is_the_newest_revision() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == migrations.HEAD
    assert migrations.HEAD in migrations.known_revisions()


def test_connections_are_set_up(library: Library) -> None:
    with library.database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 30000}


def test_only_a_migration_runs_without_foreign_keys(library: Library) -> None:
    with library.database.write(migrates=True) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 0
    with library.database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migration_that_fails_half_way_leaves_nothing(settings: Settings) -> None:
    settings.home.mkdir()
    with sqlite3.connect(settings.database_file) as raw:
        raw.execute("CREATE TABLE take_members (x)")  # the last table the first revision makes: it cannot
    refused(settings, "take_members")
    with sqlite3.connect(settings.database_file) as raw:
        assert raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("take_members",)]
        raw.execute("DROP TABLE take_members")
    open_library(settings).close()


# --- many at once -----------------------------------------------------------------------------------------------

OPEN = """
import sys
from samecast.library import open_library
from samecast.settings import load_settings
import samecast.library.database, samecast.library.assets, alembic.command
print("ready", flush=True)
sys.stdin.readline()
library = open_library(load_settings())
print(len(library.cast.all()), library.assets.put(b"the same bytes")[:4])
library.close()
"""


def test_four_processes_open_a_fresh_home_at_once(python: Start, tmp_path: Path) -> None:
    children = [python(OPEN, tmp_path / "deep" / "home") for _ in range(4)]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        out, err = child.communicate(timeout=60)
        assert (child.returncode, err) == (0, "")
        assert out.startswith("0 ")


def test_opening_waits_while_somebody_is_making_the_file(settings: Settings) -> None:
    settings.home.mkdir()
    maker = sqlite3.connect(settings.database_file, isolation_level=None, check_same_thread=False)
    maker.execute("BEGIN IMMEDIATE")  # as between the first write and the switch to write-ahead logging
    maker.execute("CREATE TABLE something (x)")
    done = threading.Timer(0.3, maker.execute, ["COMMIT"])
    done.start()
    library = open_library(settings)
    done.join()
    assert library.cast.all() == []
    library.close()
    maker.close()


LIGHT = """
import sys
from samecast.library import open_library
from samecast.settings import load_settings
print(sorted({"alembic", "sqlalchemy", "obstore"} & set(sys.modules)))
library = open_library(load_settings())
library.cast.all()
print(sorted({"alembic", "sqlalchemy.orm"} & set(sys.modules)))
"""


def test_opening_again_imports_nothing_heavy(python: Start, library: Library, settings: Settings) -> None:
    out, err = python(LIGHT, settings.home).communicate(timeout=60)
    assert out == "[]\n[]\n", err


def test_a_library_somebody_else_keeps_writing_to(
    library: Library, settings: Settings, a_character: MakeCharacter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    impatient = open_library(settings)
    other = sqlite3.connect(settings.database_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert impatient.cast.all() == []  # reading goes on
    with pytest.raises(StorageFailed, match="is busy") as caught:
        impatient.cast.add(a_character())
    assert "Wait" in caught.value.hint
    other.execute("ROLLBACK")
    impatient.cast.add(a_character())
    other.close()
    impatient.close()


# --- homes that cannot be ---------------------------------------------------------------------------------------


def test_a_home_that_is_a_file(settings: Settings) -> None:
    settings.home.write_text("precious")
    refused(settings, "not a folder")
    refused(replace(settings, home=settings.home / "below"), "inside a file")
    assert settings.home.read_text() == "precious"


@pytest.mark.parametrize("content", [b"This is not a database.\n" * 500, b"SQLite format 3\x00" + b"\xff" * 9000])
def test_a_file_that_is_no_database_is_left_as_it_is(settings: Settings, content: bytes) -> None:
    settings.home.mkdir()
    settings.database_file.write_bytes(content)
    error = refused(settings, "damaged")
    assert "left as it is" in error.hint
    assert settings.database_file.read_bytes() == content


def test_a_folder_where_the_database_should_be(settings: Settings) -> None:
    settings.database_file.mkdir(parents=True)
    refused(settings, "cannot be opened")


def test_a_library_from_a_newer_samecast(library: Library, settings: Settings, a_character: MakeCharacter) -> None:
    library.cast.add(a_character())
    with library.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    library.close()
    error = refused(settings, "newer samecast.*9999")
    assert "Update samecast" in error.hint
    with sqlite3.connect(settings.database_file) as raw:
        assert raw.execute("SELECT handle FROM characters").fetchall() == [("mira",)]


def test_a_home_on_a_read_only_disk(disk, settings: Settings, a_character: MakeCharacter) -> None:
    there = replace(settings, home=disk.folder / "home")
    used = open_library(there)
    used.cast.add(a_character())
    used.close()
    disk.make_read_only()
    refused(replace(settings, home=disk.folder / "fresh"), "read-only")
    refused(there, "read-only|cannot be opened for writing")


UNWRITABLE = """
import os
from pathlib import Path
from samecast.core.errors import StorageFailed
from samecast.library import open_library
from samecast.settings import Settings
home = Path(os.environ["SAMECAST_HOME"])
open_library(Settings(home=home)).close()
for path in home.rglob("*"):
    path.chmod(0o555 if path.is_dir() else 0o444)
home.chmod(0o555)
if os.geteuid() == 0:  # root may write anywhere: become nobody
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for place in (home, home / "fresh"):
    try:
        open_library(Settings(home=place))
    except StorageFailed as error:
        assert error.hint and "\\n" not in str(error)
        print(error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps permissions otherwise")
def test_a_home_that_may_not_be_written(python: Start) -> None:
    with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
        Path(folder).chmod(0o755)  # unlike tmp_path, others may look inside
        out, err = python(UNWRITABLE, Path(folder) / "home").communicate(timeout=60)
        (Path(folder) / "home").chmod(0o755)
    used, fresh = out.splitlines()
    assert "read-only" in used or "cannot be opened for writing" in used
    assert "may not be read or written" in fresh
    assert err == ""


def test_a_full_disk_keeps_what_was_there(disk, settings: Settings, a_character: MakeCharacter) -> None:
    there = replace(settings, home=disk.folder / "home")
    library = open_library(there)
    library.cast.add(a_character("mira"))
    filler = disk.fill()
    with pytest.raises(StorageFailed, match="disk is full"):
        library.cast.add(a_character("tom", name="T" * 500_000))
    assert [c.handle for c in library.cast.all()] == ["mira"]
    filler.unlink()
    library.cast.add(a_character("tom"))
    library.close()
    assert [c.handle for c in open_library(there).cast.all()] == ["mira", "tom"]


def test_a_fresh_home_on_a_full_disk(disk, settings: Settings) -> None:
    there = replace(settings, home=disk.folder / "home")
    filler = disk.fill()
    refused(there, "disk is full")
    filler.unlink()
    open_library(there).close()


LIMITED = """
import resource
from dataclasses import replace
from samecast.core.errors import StorageFailed
from samecast.library import open_library
from samecast.settings import load_settings
library = open_library(load_settings())
tom = library.cast.get("mira")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    library.cast.add(replace(tom, handle="tom", name="T" * 500_000))
except StorageFailed as error:
    assert error.hint and "\\n" not in str(error)
    print(error.message)
print([c.handle for c in library.cast.all()])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits on Windows")
def test_a_write_the_system_refuses_leaves_the_rest(
    python: Start, library: Library, settings: Settings, a_character: MakeCharacter
) -> None:
    library.cast.add(a_character())
    out, err = python(LIMITED, settings.home).communicate(timeout=60)
    message, handles = out.splitlines()
    assert "disk" in message
    assert handles == "['mira']"
    assert err == ""


# --- addresses --------------------------------------------------------------------------------------------------


def test_awkward_home_names(tmp_path: Path, a_character: MakeCharacter) -> None:
    home = tmp_path / "a b%20c?d#é" / "ü"
    library = open_library(Settings(home=home))
    library.cast.add(a_character())
    library.assets.put(b"x")
    library.close()
    assert (home / "library.sqlite3").is_file()
    assert len(open_library(Settings(home=home)).cast.all()) == 1


def test_a_database_url_wins(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "cast.db"
    open_library(Settings(home=tmp_path / "home", database_url=f"sqlite:///{file}")).close()
    assert file.is_file()
    assert not (tmp_path / "home" / "library.sqlite3").exists()


@pytest.mark.parametrize("url", ["nonsense", "bogus://x", ""])
def test_a_database_url_that_cannot_be(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidInput, match="SAMECAST_DATABASE_URL"):
        open_database(Settings(home=tmp_path, database_url=url))


def test_an_unreachable_server_does_not_show_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    url = "postgresql+psycopg://mira:secret@127.0.0.1:1/samecast?connect_timeout=2"
    with pytest.raises(StorageFailed) as caught:
        open_database(Settings(home=tmp_path, database_url=url))
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_many_threads_share_one_library(library: Library, a_shot: Callable[..., Shot]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: library.shots.add(a_shot(f"s{n}")), range(40)))
    assert len(library.shots.recent(100)) == 40
