"""`samecast move`, `migrate`, `library export` and `import` as they are typed: what is said, and the exit status."""

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from tests.cli.conftest import Outcome, Samecast
from tests.library.sample_library import assets_of, everything, fill

from samecast.cli import run
from samecast.cli.moving import export_library, import_library, migrate, move
from samecast.library import open_library
from samecast.library.archive import LibraryArchives
from samecast.library.migrations import HEAD
from samecast.library.moving import LibrarySchema, OtherPlaces
from samecast.services.moving import Moving
from samecast.settings import Settings, load_settings
from samecast.wiring import late


@dataclass(frozen=True)
class OnlyMoving:
    """As much of a studio as these commands need."""

    moving: Moving
    close: Callable[[], None]


def open_moving() -> OnlyMoving:
    settings = load_settings()
    opened = []

    def archives() -> LibraryArchives:
        opened.append(open_library(settings))
        return LibraryArchives(database=opened[0].database, assets=opened[0].assets)

    moving = Moving(
        places=OtherPlaces(settings=settings),
        schema=LibrarySchema(settings=settings),
        archives=late(archives),
        migrate_queues=lambda: None,
    )

    def close() -> None:
        for library in opened:
            library.close()

    return OnlyMoving(moving=moving, close=close)


@pytest.fixture
def samecast(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Samecast:
    app, library = typer.Typer(), typer.Typer()
    app.command("move")(move)
    app.command("migrate")(migrate)
    app.add_typer(library, name="library")
    library.command("export")(export_library)
    library.command("import")(import_library)
    monkeypatch.setattr("samecast.cli.app", app)

    def call(*arguments: object) -> Outcome:
        status = run(open_moving, [str(argument) for argument in arguments])  # type: ignore[arg-type]
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


@pytest.fixture
def old(home: Path) -> Settings:
    settings = Settings(home=home / "home")
    library = open_library(settings)
    fill(library)
    library.close()
    return settings


def one_line(outcome: Outcome) -> str:
    assert (outcome.status, outcome.out) == (1, "")
    (line,) = [line for line in outcome.err.splitlines() if line.strip()]
    assert line.startswith("samecast: ")
    return line


def test_a_move_says_what_it_did_and_what_to_set(samecast: Samecast, old: Settings, home: Path):
    moved = samecast("move", "--to-database", home / "new")
    assert moved.status == 0
    assert "Moved and verified" in moved.out
    assert f"SAMECAST_HOME={home / 'new'}" in moved.out
    assert moved.err == ""
    first, second = open_library(old), open_library(Settings(home=home / "new"))
    assert everything(first) == everything(second)
    assert assets_of(first) == assets_of(second)
    first.close()
    second.close()


def test_its_document(samecast: Samecast, old: Settings, home: Path):
    document = samecast("move", "--to-database", home / "new", "--json").document
    assert document["verified"] is document["copied"] is True
    assert document["assets"] == {"count": 14, "added": 14}
    assert {table["name"]: (table["rows"], table["added"]) for table in document["tables"]}["takes"] == (18, 18)
    assert document["set"] == {"SAMECAST_HOME": str(home / "new")}
    again = samecast("move", "--to-database", home / "new", "--verify", "--json").document
    assert again["copied"] is False
    assert [table["sha256"] for table in again["tables"]] == [table["sha256"] for table in document["tables"]]


def test_another_source_than_the_settings(
    samecast: Samecast, old: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SAMECAST_HOME", str(home / "third"))
    assert samecast("move", "--from-database", old.home, "--to-database", home / "new").status == 0
    assert not (home / "third").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "is in .* already"),
        (("--to-database", "postgresql+psycopg://x@127.0.0.1:1/x"), "Give --to-assets"),
        (("--to-database", "new", "--from-database", "nowhere"), "no library at"),
        (("--to-database", "mystery://x", "--to-assets", "a"), "not a database address"),
        (("--to-database", "new", "--to-assets", "mystery://x"), "could not be used"),
    ],
)
def test_what_is_refused_is_one_line(samecast: Samecast, old: Settings, arguments: tuple[str, ...], said: str):
    assert re.search(said, one_line(samecast("move", *arguments)))


def test_a_lost_asset_is_said_and_the_status_is_1(samecast: Samecast, old: Settings, home: Path):
    library = open_library(old)
    name = sorted(assets_of(library))[0]
    path = library.assets.path(name)
    assert path is not None
    path.unlink()
    library.close()
    moved = samecast("move", "--to-database", home / "new", "--json")
    assert moved.status == 1
    assert moved.document["missing"] == [name]
    assert f"1 asset missing or damaged at the source, and so not moved: {name[:12]}" in moved.err
    exported = samecast("library", "export", "all.zip", "--json")
    assert exported.status == 1
    assert exported.document["missing"] == [name]


def test_stopped_it_says_that_the_same_command_goes_on(
    samecast: Samecast, old: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patched:
        patched.setattr("samecast.services.moving.carry", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        stopped = samecast("move", "--to-database", home / "new")
    assert stopped.status == 130
    assert "The same command goes on" in stopped.err
    assert samecast("move", "--to-database", home / "new").status == 0


def test_migrating_from_nothing_and_again(samecast: Samecast, home: Path):
    due = samecast("migrate", "--check", "--json")
    assert due.status == 1
    assert due.document["revision"] is None
    assert due.document["due"] is True
    assert not (home / "home").exists()
    assert f"from nothing to {HEAD}" in samecast("migrate").out
    assert samecast("migrate", "--check").status == 0
    assert "nothing was to be done" in samecast("migrate").out


def test_a_check_of_a_newer_database_is_told(samecast: Samecast, old: Settings):
    with sqlite3.connect(old.database_file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert samecast("migrate", "--check").status == 1
    assert "newer samecast" in one_line(samecast("migrate"))


def test_out_and_in_again(samecast: Samecast, old: Settings, home: Path, monkeypatch: pytest.MonkeyPatch):
    exported = samecast("library", "export", "all.zip", "--json")
    assert exported.document["counts"]["takes"] == 18
    assert exported.document["assets"] == 14
    assert exported.document["bytes"] == (home / "all.zip").stat().st_size
    monkeypatch.setenv("SAMECAST_HOME", str(home / "new"))
    imported = samecast("library", "import", "all.zip")
    assert imported.status == 0
    assert "Added: 3 characters, 4 versions, 6 shots, 18 takes, 14 assets." in imported.out
    assert "samecast shots resume s001é" in imported.out
    again = samecast("library", "import", "all.zip", "--json").document
    assert sum(again["added"].values()) == 0
    assert again["skipped"]["takes"] == 18


def test_parts_and_other_names(samecast: Samecast, old: Settings, home: Path, monkeypatch: pytest.MonkeyPatch):
    part = samecast("library", "export", "jo.zip", "--character", "@jo", "--since", "2025-03-04T08:00", "--json")
    assert part.document["counts"]["characters"] == 1
    assert part.document["counts"]["shots"] == 1
    monkeypatch.setenv("SAMECAST_HOME", str(home / "new"))
    assert samecast("library", "import", "jo.zip", "--rename", "@jo=@jo_2", "--json").document["added"]["shots"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "x.zip", "--since", "yesterday"), "'yesterday' is not a date"),
        (("export", "x.zip", "--character", "No One"), "cannot be a handle"),
        (("export", "no/folder/x.zip"), "could not be used"),
        (("import", "none.zip"), "There is no file"),
        (("import", "none.zip", "--rename", "@jo"), "renames nobody"),
        (("import", "none.zip", "--rename", "@a=@c", "--rename", "@b=@c"), "the same handle"),
    ],
)
def test_what_cannot_be_carried_is_one_line(samecast: Samecast, old: Settings, arguments: tuple[str, ...], said: str):
    assert said in one_line(samecast("library", *arguments))


def test_documents_are_json(samecast: Samecast, old: Settings, home: Path):
    assert json.loads(samecast("library", "export", "x.zip", "--json").out)["path"] == str(home / "x.zip")
