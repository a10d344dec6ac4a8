"""Moving between real databases and stores: nothing is lost, nothing foreign is touched, and a kill costs nothing."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, insert, select, update
from tests import servers
from tests.library.sample_library import assets_of, everything, fill, keep_looks, sort

from samecast.core.errors import InvalidInput, SamecastError, StorageFailed
from samecast.library import Library, migrations, open_library
from samecast.library import schema as t
from samecast.library.archive import LibraryArchives
from samecast.library.migrations import HEAD
from samecast.library.moving import LibrarySchema, OtherPlaces
from samecast.ports.moving import Place
from samecast.services.moving import Moving
from samecast.settings import Settings

postgres = servers.postgres
bucket = servers.bucket


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "old")


@pytest.fixture
def old(home: Settings) -> Iterator[Library]:
    library = open_library(home)
    fill(library)
    sort(library)
    keep_looks(library)
    yield library
    library.close()


def moving_of(settings: Settings, migrate_queues: Callable[[], None] = lambda: None) -> Moving:
    library = open_library(settings)
    archives = LibraryArchives(database=library.database, assets=library.assets)
    library.close()
    return Moving(
        places=OtherPlaces(settings=settings),
        schema=LibrarySchema(settings=settings),
        archives=archives,
        migrate_queues=migrate_queues,
    )


@contextmanager
def opened(settings: Settings) -> Iterator[Library]:
    library = open_library(settings)
    try:
        yield library
    finally:
        library.close()


def refused(error: type[SamecastError], match: str, call: Callable[[], object]) -> None:
    """One line, with advice."""
    with pytest.raises(error, match=match) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert caught.value.hint


# --- there and back ---------------------------------------------------------------------------------------------


def test_to_postgres_and_a_bucket_and_back_nothing_is_lost(
    old: Library, home: Settings, tmp_path: Path, postgres: str, bucket: str
):
    moved = moving_of(home).move(Place(), Place(database=postgres, assets=bucket))
    assert moved.assets == moved.assets_added == len(assets_of(old)) > 10
    assert sum(table.rows for table in moved.tables) == sum(table.added for table in moved.tables) > 60
    away = replace(home, database_url=postgres, assets_url=bucket)
    with opened(away) as library:
        assert everything(library) == everything(old)
        assert assets_of(library) == assets_of(old)

    moving_of(away).move(Place(), Place(database=str(tmp_path / "new")))
    with opened(Settings(home=tmp_path / "new")) as library:
        assert everything(library) == everything(old)
        assert assets_of(library) == assets_of(old)


def test_what_comes_after_a_move_gets_ids_of_its_own(old: Library, home: Settings, postgres: str, tmp_path: Path):
    moving_of(home).move(Place(), Place(database=postgres, assets=str(tmp_path / "assets")))
    with opened(replace(home, database_url=postgres, assets_url=str(tmp_path / "assets"))) as library:
        mira = library.cast.get("mira")
        library.cast.add(replace(mira, handle="newcomer"))
        assert library.cast.get("mira") == mira


def test_what_is_searched_by_is_worked_out_anew(old: Library, home: Settings, tmp_path: Path):
    moving_of(home).move(Place(), Place(database=str(tmp_path / "new")))
    with opened(Settings(home=tmp_path / "new")) as library, library.database.read() as connection:
        queued = set(connection.execute(select(t.creation_queue.c.take_id)).scalars())
        done = set(connection.execute(select(t.takes.c.id).where(t.takes.c.state == "done")).scalars())
    assert queued == done


def test_only_the_assets_can_move(old: Library, home: Settings, bucket: str):
    before = everything(old)
    moved = moving_of(home).move(Place(), Place(assets=bucket))
    assert moved.assets_added == len(assets_of(old))
    with opened(replace(home, assets_url=bucket)) as library:
        assert assets_of(library) == assets_of(old)
        assert everything(library) == before


def test_the_source_is_not_changed(old: Library, home: Settings, tmp_path: Path):
    old.close()
    before = hashlib.sha256(home.database_file.read_bytes()).hexdigest()
    moving_of(home)  # opens and closes it, as any command does
    assert hashlib.sha256(home.database_file.read_bytes()).hexdigest() == before
    moving_of(home).move(Place(), Place(database=str(tmp_path / "new")))
    assert hashlib.sha256(home.database_file.read_bytes()).hexdigest() == before


def test_assets_that_arrive_are_claimed(old: Library, home: Settings, tmp_path: Path):
    moving_of(home).move(Place(), Place(database=str(tmp_path / "new")))
    with opened(Settings(home=tmp_path / "new")) as library, library.database.read() as connection:
        assert set(connection.execute(select(t.asset_claims.c.sha256)).scalars()) == set(assets_of(library))


def test_assets_that_were_there_are_claimed_too(old: Library, home: Settings, tmp_path: Path):
    shutil.copytree(home.assets_folder, tmp_path / "new" / "assets")
    moved = moving_of(home).move(Place(), Place(database=str(tmp_path / "new")))
    assert moved.assets_added == 0
    with opened(Settings(home=tmp_path / "new")) as library, library.database.read() as connection:
        assert set(connection.execute(select(t.asset_claims.c.sha256)).scalars()) == set(assets_of(library))


def test_an_asset_the_source_has_lost_is_named_and_the_rest_is_moved(old: Library, home: Settings, tmp_path: Path):
    names = sorted(assets_of(old))
    lost, damaged = old.assets.path(names[0]), old.assets.path(names[1])
    assert lost is not None
    assert damaged is not None
    lost.unlink()
    damaged.write_bytes(b"nothing of the kind")
    moved = moving_of(home).move(Place(), Place(database=str(tmp_path / "new")))
    assert set(moved.missing) == set(names[:2])
    with opened(Settings(home=tmp_path / "new")) as library:
        assert sorted(assets_of(library)) == names[2:]
        assert everything(library) == everything(old)


# --- stopped in the middle --------------------------------------------------------------------------------------

_STOPPED = """
import sys, time
from samecast.library.moving import LibrarySchema, OtherPlaces
from samecast.ports.moving import Place
from samecast.services.moving import Moving
from samecast.settings import load_settings

database, assets, step, at = sys.argv[1:5]
settings = load_settings()
moving = Moving(
    places=OtherPlaces(settings=settings), schema=LibrarySchema(settings=settings), archives=None,
    migrate_queues=lambda: None,
)

def watch(said, done, total):
    if said == step and done >= int(at):
        print("here", flush=True)
        time.sleep(600)

moving.move(Place(), Place(database=database, assets=assets or None), watch=watch)
print("done", flush=True)
"""


def killed_at(home: Settings, place: Place, step: str, at: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _STOPPED, str(place.database), place.assets or "", step, str(at)],
        env={**os.environ, "SAMECAST_HOME": str(home.home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()


@pytest.mark.parametrize(("step", "at"), [("assets", 3), ("shots", 1), ("takes", 1), ("verifying takes", 0)])
def test_killed_and_begun_again_it_ends_the_same(old: Library, home: Settings, tmp_path: Path, step: str, at: int):
    place = Place(database=str(tmp_path / "new"))
    killed_at(home, place, step, at)
    with opened(Settings(home=tmp_path / "new")) as library:
        arrived = sum(map(len, everything(library).values()))
    moved = moving_of(home).move(Place(), place)
    assert sum(table.added for table in moved.tables) == sum(table.rows for table in moved.tables) - arrived
    with opened(Settings(home=tmp_path / "new")) as library:
        assert everything(library) == everything(old)
        assert assets_of(library) == assets_of(old)


def test_killed_between_rows_on_postgres_it_goes_on(old: Library, home: Settings, postgres: str, bucket: str):
    place = Place(database=postgres, assets=bucket)
    killed_at(home, place, "takes", 1)
    moved = moving_of(home).move(Place(), place)
    assert moved.assets_added == 0
    assert {table.name: table.added for table in moved.tables}["shots"] == 0
    with opened(replace(home, database_url=postgres, assets_url=bucket)) as library:
        assert everything(library) == everything(old)


# --- verification -----------------------------------------------------------------------------------------------


@pytest.fixture
def twin(old: Library, home: Settings, tmp_path: Path) -> Place:
    place = Place(database=str(tmp_path / "new"))
    moving_of(home).move(Place(), place)
    return place


def test_what_is_the_same_is_found_the_same(home: Settings, twin: Place):
    compared = moving_of(home).compare(Place(), twin)
    assert compared.assets_added == 0
    assert all(table.added == 0 for table in compared.tables)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE takes SET cost = cost + 1 WHERE id = 's000é-2'",
        "UPDATE shots SET created_at = '2025-03-04 05:06:07.890124' WHERE id = 's000é'",
        "UPDATE takes SET seconds = 0.33333333333333337 WHERE id = 's000é-1'",
        "UPDATE characters SET retired_at = NULL",
        "UPDATE take_looks SET code = x'00'",
        "UPDATE picks SET why = why || ' '",
    ],
)
def test_a_changed_row_is_found(home: Settings, twin: Place, change: str):
    with sqlite3.connect(Path(str(twin.database)) / "library.sqlite3") as connection:
        assert connection.execute(change).rowcount >= 1
    table = change.split()[1]
    refused(StorageFailed, f"The table {table} differs", lambda: moving_of(home).compare(Place(), twin))
    refused(StorageFailed, f"another library: in {table}", lambda: moving_of(home).move(Place(), twin))


def test_a_row_that_is_gone_is_found_and_comes_again(old: Library, home: Settings, twin: Place):
    with sqlite3.connect(Path(str(twin.database)) / "library.sqlite3") as connection:
        connection.execute("DELETE FROM take_members WHERE take_id = 's003é-2'")
    refused(StorageFailed, "take_members has 18 rows.*17", lambda: moving_of(home).compare(Place(), twin))
    moving_of(home).move(Place(), twin)
    moving_of(home).compare(Place(), twin)


def test_a_changed_asset_is_found_and_replaced(old: Library, home: Settings, twin: Place, tmp_path: Path):
    names = sorted(assets_of(old))
    with opened(Settings(home=tmp_path / "new")) as library:
        changed, gone = library.assets.path(names[2]), library.assets.path(names[5])
    assert changed is not None
    assert gone is not None
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    gone.unlink()
    refused(StorageFailed, "2 of 14 assets are missing or damaged", lambda: moving_of(home).compare(Place(), twin))
    moved = moving_of(home).move(Place(), twin)
    assert moved.mended == (names[2],)
    assert moved.assets_added == 1
    moving_of(home).compare(Place(), twin)


# --- refusals ---------------------------------------------------------------------------------------------------


def test_another_library_is_left_alone(old: Library, home: Settings, tmp_path: Path):
    other = Settings(home=tmp_path / "other")
    with opened(other) as library:
        fill(library, shots=1)
        before = everything(library)
    with old.database.write() as connection:  # the same keys, and somebody else behind one of them
        connection.execute(update(t.characters).where(t.characters.c.handle == "jo").values(name="Somebody else"))
    place = Place(database=str(other.home))
    refused(StorageFailed, "holds another library: in characters", lambda: moving_of(home).move(Place(), place))
    with opened(other) as library:
        assert everything(library) == before


def test_rows_the_source_does_not_have_are_left_alone(old: Library, home: Settings, twin: Place, tmp_path: Path):
    with opened(Settings(home=tmp_path / "new")) as library:
        library.cast.add(replace(library.cast.get("jo"), handle="zoe"))
    refused(StorageFailed, "the row id 4 is not in the source", lambda: moving_of(home).move(Place(), twin))


@pytest.mark.parametrize("state", ["working", "draining"])
@pytest.mark.parametrize("side", ["old", "new"])
def test_nothing_moves_while_somebody_is_at_work(
    old: Library, home: Settings, twin: Place, tmp_path: Path, side: str, state: str
):
    with opened(Settings(home=tmp_path / side)) as library, library.database.write() as connection:
        connection.execute(insert(t.workers).values(**_worker(state)))
    moving = moving_of(home)
    refused(StorageFailed, f"at work on .*{side}.*: night shift", lambda: moving.move(Place(), twin))
    moving.move(Place(), twin, despite_workers=True)
    with opened(Settings(home=tmp_path / side)) as library, library.database.write() as connection:
        connection.execute(update(t.workers).values(state="gone"))
    moving.move(Place(), twin)
    other = "new" if side == "old" else "old"
    with opened(Settings(home=tmp_path / other)) as library, library.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(t.workers)).scalar() == 0  # workers stay behind


def _worker(state: str) -> dict[str, object]:
    return {
        "id": "w1",
        "name": "night shift",
        "machine": "m",
        "pid": 1,
        "queues": "[]",
        "version": "1",
        "started_at": datetime.now(UTC),
        "beats": 3,
        "state": state,
    }


def test_a_place_is_not_moved_onto_itself(old: Library, home: Settings, tmp_path: Path):
    moving = moving_of(home)
    (tmp_path / "link").symlink_to(home.home)
    for place in (
        Place(),
        Place(database=str(home.home)),
        Place(database=str(tmp_path / "link")),
        Place(database=f"sqlite:///{home.database_file}", assets=str(home.assets_folder) + "/"),
        Place(assets=str(home.home)),
    ):
        refused(InvalidInput, "is in .* already", lambda place=place: moving.move(Place(), place))  # type: ignore[misc]


def test_a_newer_destination_and_an_older_source_are_told(old: Library, home: Settings, twin: Place, tmp_path: Path):
    with sqlite3.connect(tmp_path / "new" / "library.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused(StorageFailed, "written by a newer samecast", lambda: moving_of(home).move(Place(), twin))
    moving = moving_of(home)
    with sqlite3.connect(home.database_file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    place = Place(database=str(tmp_path / "third"))
    refused(StorageFailed, "of an older samecast", lambda: moving.move(Place(), place))
    assert not (tmp_path / "third").exists()


def test_nothing_is_made_of_a_source_that_is_not_there(home: Settings, tmp_path: Path):
    moving = moving_of(home)
    source = Place(database=str(tmp_path / "nowhere"))
    refused(StorageFailed, "no library at", lambda: moving.move(source, Place(database=str(tmp_path / "new"))))
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "new").exists()


def test_a_url_needs_to_be_told_where_its_assets_go(old: Library, home: Settings):
    place = Place(database="postgresql+psycopg://nobody@localhost:1/none")
    refused(InvalidInput, "Where its assets go", lambda: moving_of(home).move(Place(), place))


@pytest.mark.parametrize("url", ["postgresql+psycopg://me:secret@127.0.0.1:1/none", "mystery://there", "://"])
def test_a_destination_that_cannot_be_reached_is_one_line_without_its_password(
    old: Library, home: Settings, tmp_path: Path, url: str
):
    moving = moving_of(home)
    with pytest.raises(SamecastError) as caught:
        moving.move(Place(), Place(database=url, assets=str(tmp_path / "assets")))
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


# --- the schema -------------------------------------------------------------------------------------------------


def test_standing_makes_no_file(tmp_path: Path):
    schema = LibrarySchema(settings=Settings(home=tmp_path / "fresh"))
    assert schema.standing().revision is None
    assert schema.standing().newest == HEAD
    assert not (tmp_path / "fresh").exists()


def test_migrating_says_from_where_to_where_and_does_the_queues_too(home: Settings):
    called: list[str] = []
    schema = LibrarySchema(settings=home)
    moving = Moving(
        places=OtherPlaces(settings=home),
        schema=schema,
        archives=None,  # type: ignore[arg-type]
        migrate_queues=lambda: called.append("queues"),
    )
    first, second = moving.migrate(), moving.migrate()
    assert (first.before, first.after, first.changed) == (None, HEAD, True)
    assert (second.before, second.after, second.changed) == (HEAD, HEAD, False)
    assert called == ["queues", "queues"]


def test_an_older_database_stands_lower_until_it_is_migrated(home: Settings):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    home.home.mkdir()
    engine = create_engine(f"sqlite:///{home.database_file}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    schema = LibrarySchema(settings=home)
    assert schema.standing().revision == "0001"
    assert schema.standing().revision == "0001"  # looking changes nothing
    schema.bring_up_to_date()
    assert schema.standing().revision == HEAD


def test_a_source_without_its_assets_is_told_and_none_are_made(old: Library, home: Settings, tmp_path: Path):
    moving = moving_of(home)
    home.assets_folder.rename(tmp_path / "elsewhere")
    place = Place(database=str(tmp_path / "new"))
    refused(StorageFailed, "no assets in", lambda: moving.move(Place(), place))
    assert not home.assets_folder.exists()
    moving.move(Place(assets=str(tmp_path / "elsewhere")), place)
