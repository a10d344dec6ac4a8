"""Opening the library: on fresh, shared, damaged, foreign, newer, full and read-only homes."""

import re
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, create_engine, insert, inspect, select, text
from tests.library.conftest import only_sqlite
from tests.servers import shared_postgres

from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, StorageFailed
from samecast.core.recipe import recipe_to_json
from samecast.core.story import Shot
from samecast.library import Library, migrations, open_library, sqlite
from samecast.library.creations import Creations
from samecast.library.database import Database, open_database
from samecast.library.schema import DERIVED_PREFIXES, metadata
from samecast.library.searching import place_of
from samecast.ports.creations import Look, Wanted
from samecast.ports.results import ModelResults
from samecast.settings import Settings

MakeCharacter = Callable[..., Character]
Start = Callable[[str, Settings], Any]  # a subprocess.Popen[str]


def refused(settings: Settings, match: str) -> StorageFailed:
    """Opening fails with one line and a hint."""
    with pytest.raises(StorageFailed, match=match) as caught:
        open_library(settings)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


# --- the schema -------------------------------------------------------------------------------------------------


def not_derived(_thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or not (name or "").startswith(DERIVED_PREFIXES)


def statements(connection: Connection) -> set[tuple[str, ...]]:
    """What made each table and index, as sorted pieces: one piece is one column or constraint."""
    rows = connection.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE type IN ('table', 'index')"))
    # A column added later stands on its neighbour's line, and a table made anew has its name in quotes.
    return {
        tuple(sorted(re.split(r",\s", " ".join(sql.replace('"', "").strip(" )").split()))))
        for table, sql in rows
        if table in metadata.tables and sql is not None
    }


def described(connection: Connection) -> dict[str, object]:
    """Every column, key, check and index as PostgreSQL tells it, in no order."""
    looking = inspect(connection)
    told: dict[str, object] = {}
    for table in metadata.tables:
        told[table] = {
            "columns": sorted(map(str, looking.get_columns(table))),
            "primary": str(looking.get_pk_constraint(table)),
            "foreign": sorted(map(str, looking.get_foreign_keys(table))),
            "unique": sorted(map(str, looking.get_unique_constraints(table))),
            "checks": sorted(map(str, looking.get_check_constraints(table))),
            "indexes": sorted(map(str, looking.get_indexes(table))),
        }
    return told


def test_the_migrations_make_exactly_the_tables_of_the_schema(
    library: Library, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> None:
    on_sqlite = library.database.engine.dialect.name == "sqlite"
    tell = statements if on_sqlite else described
    with library.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": not_derived})
        assert compare_metadata(context, metadata) == []
        migrated = tell(connection)
    server = None if on_sqlite else shared_postgres(pytestconfig.add_cleanup)
    url = "sqlite://" if server is None else server.create()
    fresh = create_engine(url)
    with fresh.begin() as connection:
        metadata.create_all(connection)
        assert migrated == tell(connection)  # checks and foreign keys too, which Alembic does not compare
    fresh.dispose()
    if server is not None:
        server.drop(url)


def test_head_is_the_newest_revision() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_current_head() == migrations.HEAD
    assert migrations.HEAD in migrations.known_revisions()


@only_sqlite
def test_connections_are_set_up(library: Library) -> None:
    with library.database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 30000}


@only_sqlite
def test_only_a_migration_runs_without_foreign_keys(library: Library) -> None:
    with library.database.write(migrates=True) as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 0
    with library.database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_migration_that_fails_half_way_leaves_nothing(settings: Settings) -> None:
    settings.home.mkdir()
    engine = create_engine(settings.database_url or f"sqlite:///{settings.database_file}")
    with engine.begin() as raw:
        raw.execute(text("CREATE TABLE take_members (x int)"))  # the last the first revision makes: it cannot
    refused(settings, "take_members")
    with engine.begin() as raw:
        assert inspect(raw).get_table_names() == ["take_members"]
        raw.execute(text("DROP TABLE take_members"))
    engine.dispose()
    open_library(settings).close()


def raw_database(settings: Settings) -> Database:
    """The database as it is, not brought up to date."""
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = create_engine(settings.database_url or f"sqlite:///{settings.database_file}")
    if engine.dialect.name == "sqlite":
        sqlite.tune(engine)
    return Database(engine=engine, where="the test's database")


def fill_first_revision(connection: Connection, shots: list[Shot], character: Character) -> None:
    """Rows as the first samecast wrote them: a picked shot with a finished and a failed take, and a stopped one."""
    t = MetaData()
    t.reflect(connection)
    version = character.current
    who = {"character_id": 1, "version": 1}
    when = character.created_at

    def rows(table: str, *values: dict[str, object]) -> None:
        connection.execute(insert(t.tables[table]), values)

    rows("characters", {"id": 1, "handle": "mira", "name": character.name, "created_at": when})
    rows("character_tags", {"character_id": 1, "position": 0, "tag": "lead"})
    rows(
        "versions",
        {
            "character_id": 1,
            "number": 1,
            "description": version.description,
            "digest": version.digest,
            "created_at": when,
        },
    )
    rows("anchors", {**who, "position": 0, "text": "cyan piping"})
    rows("reference_images", {**who, "position": 0, "sha256": "a" * 64, "width": 9, "height": 9, "grade": ""})
    for shot, states in zip(shots, (["done", "failed"], ["done", "waiting"]), strict=True):
        rows("shots", {"id": shot.id, "prompt": shot.prompt, "model": shot.model, "out": "/o", "created_at": when})
        for take, state in zip(shot.takes, states, strict=True):
            made = state == "done"
            rows(
                "takes",
                {
                    "id": take.id,
                    "shot_id": shot.id,
                    "number": take.number,
                    "recipe": recipe_to_json(take.recipe),
                    "recipe_digest": take.recipe.digest,
                    "state": state,
                    "asset": "c" * 64 if made else None,
                    "score": '{"characters":[]}' if made else None,
                    "notes": "[]",
                    "path": "/o/1.mp4" if made else None,
                },
            )
            rows(
                "take_members",
                {
                    "take_id": take.id,
                    "position": 0,
                    "handle": "mira",
                    "version": 1,
                    "digest": version.digest,
                    "character_id": 1,
                },
            )
    rows("picks", {"shot_id": shots[0].id, "take_id": shots[0].takes[0].id, "why": "It holds."})


@pytest.mark.parametrize("through", ["", "0002", "0003", "0004", "0005", "0006"])
def test_a_library_of_the_first_revision_comes_up_without_loss(
    settings: Settings, a_shot: Callable[..., Shot], a_character: MakeCharacter, through: str
) -> None:
    """At one go, or where a samecast of in between had opened it."""
    old = raw_database(settings)
    shots = [a_shot("s1"), a_shot("s2")]
    with old.write(migrates=True) as connection:
        first = migrations._config()
        first.attributes["connection"] = connection
        command.upgrade(first, "0001")
        fill_first_revision(connection, shots, a_character())
        before = MetaData()
        before.reflect(connection)
        kept = {
            name: everything(connection, before.tables[name]) for name in before.tables if name != "alembic_version"
        }
        if through:
            command.upgrade(first, through)
    old.close()

    library = open_library(settings)

    with library.database.read() as connection:
        assert {name: everything(connection, before.tables[name]) for name in kept} == kept
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == migrations.HEAD
    picked, stopped = library.shots.get("s1"), library.shots.get("s2")
    assert (picked.state, picked.round, picked.goal, picked.picked) == ("done", 1, None, "s1-t1")
    assert stopped.state == "cancelled", "nobody shoots again, unasked, what was given up"
    assert [take.state for take in stopped.takes] == ["done", "waiting"]
    assert [take.made_at for take in picked.takes] == [a_character().created_at, None]
    assert library.cast.get("mira").tags == ("lead",)
    assert library.results.by_model("mira") == [ModelResults(model="storyboard", kind="video", takes=2, failed=1)]
    library.shots.add(a_shot("s3"))
    assert library.cast.remove("mira") is False, "the pins still hold"
    library.close()


def test_what_a_library_of_before_had_indexed_stays_found(settings: Settings, a_shot: Callable[..., Shot]) -> None:
    """Revision 0005 gives the rows that lists read the rest of what they show, and marks another form."""
    old, shot, code = raw_database(settings), a_shot("s1"), bytes(range(32))
    made = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    with old.write(migrates=True) as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        t = MetaData()
        t.reflect(connection)

        def row(table: str, **values: object) -> None:
            connection.execute(insert(t.tables[table]), [values])

        take, recipe = shot.takes[0], shot.takes[0].recipe
        row("shots", id="s1", prompt="Mira in the rain", model="m", out="/o", created_at=made, state="done")
        own = {"recipe": recipe_to_json(recipe), "recipe_digest": recipe.digest, "notes": "[]", "state": "done"}
        row("takes", id=take.id, shot_id="s1", number=7, asset="c" * 64, path="/o/7.png", made_at=made, **own)
        row("take_looks", take_id=take.id, maker="layout", vector=b"1234", code=code)
        connection.execute(text("DELETE FROM creation_queue"))  # all was taken in
        known = {"model": "m", "kind": recipe.kind, "who": "[]", "picked": 0, "cost": 0}
        row("creations", place=place_of(made), take_id=take.id, **known)
        if "look_slots" in t.tables:
            row("creation_words", rowid=place_of(made), words=f"kind={recipe.kind} in mira rain the")
            row("look_slots", slot=0, take_id=take.id)
            row("look_blocks", block=0, codes=b"as it was kept then")
        else:
            row("creation_words", place=place_of(made), words="'kind=video' 'mira' 'rain'")
    old.close()

    library = open_library(settings)
    creations = Creations(database=library.database)
    (found,) = creations.page(Wanted(), limit=5).creations
    assert creations.some([take.id]) == [found]
    assert (found.take, found.shot, found.number, found.prompt) == (take.id, "s1", 7, "Mira in the rain")
    assert (found.width, found.height, found.length, found.seed) == (
        recipe.width,
        recipe.height,
        recipe.seconds,
        recipe.seed,
    )
    assert (found.asset, found.path, found.made_at) == ("c" * 64, "/o/7.png", made)
    assert len(creations.page(Wanted(words="rain", kind=recipe.kind), limit=5).creations) == 1
    assert creations.page(Wanted(words="kin"), limit=5).creations == ()
    look = Look(maker="layout", vector=b"1234", code=code)
    with library.database.write() as connection:
        assert creations._codes.nearest(connection, look, 5) == [(take.id, look)]
    library.close()


def everything(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    """All rows in the columns that the table had."""
    return sorted((tuple(row) for row in connection.execute(select(table))), key=str)


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


def test_four_processes_open_a_fresh_library_at_once(python: Start, settings: Settings) -> None:
    deep = replace(settings, home=settings.home / "deep" / "home")
    children = [python(OPEN, deep) for _ in range(4)]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        out, err = child.communicate(timeout=60)
        assert (child.returncode, err) == (0, "")
        assert out.startswith("0 ")


@only_sqlite
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
    out, err = python(LIGHT, settings).communicate(timeout=60)
    assert out == "[]\n[]\n", err


@only_sqlite
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


@only_sqlite
def test_a_home_that_is_a_file(settings: Settings) -> None:
    settings.home.write_text("precious")
    refused(settings, "not a folder")
    refused(replace(settings, home=settings.home / "below"), "inside a file")
    assert settings.home.read_text() == "precious"


@only_sqlite
@pytest.mark.parametrize("content", [b"This is not a database.\n" * 500, b"SQLite format 3\x00" + b"\xff" * 9000])
def test_a_file_that_is_no_database_is_left_as_it_is(settings: Settings, content: bytes) -> None:
    settings.home.mkdir()
    settings.database_file.write_bytes(content)
    error = refused(settings, "damaged")
    assert "left as it is" in error.hint
    assert settings.database_file.read_bytes() == content


@only_sqlite
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
    untouched = raw_database(settings)
    with untouched.read() as connection:
        assert connection.execute(text("SELECT handle FROM characters")).scalars().all() == ["mira"]
    untouched.close()


@only_sqlite
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
        out, err = python(UNWRITABLE, Settings(home=Path(folder) / "home")).communicate(timeout=60)
        (Path(folder) / "home").chmod(0o755)
    used, fresh = out.splitlines()
    assert "read-only" in used or "cannot be opened for writing" in used
    assert "may not be read or written" in fresh
    assert err == ""


@only_sqlite
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


@only_sqlite
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


@only_sqlite
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits on Windows")
def test_a_write_the_system_refuses_leaves_the_rest(
    python: Start, library: Library, settings: Settings, a_character: MakeCharacter
) -> None:
    library.cast.add(a_character())
    out, err = python(LIMITED, settings).communicate(timeout=60)
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
