"""The backups that docs/keeping.md describes, taken while shots are added, and opened again."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import make_url
from tests.library.conftest import only_postgres, only_sqlite
from tests.servers import shared_postgres

from samecast.core.story import Shot
from samecast.library import Library, open_library
from samecast.services.keeping import Keeping
from samecast.settings import Settings


@contextmanager
def busy(library: Library, a_shot: Callable[..., Shot]) -> Iterator[None]:
    """Finished takes keep coming."""
    over, enough = threading.Event(), threading.Event()

    def work() -> None:
        number = 0
        while not over.is_set():
            number += 1
            shot = a_shot(f"s{number:05}", takes=1)
            sha256 = library.assets.put(shot.id.encode())
            library.shots.add(replace(shot, takes=(replace(shot.takes[0], state="done", asset=sha256),)))
            if number == 10:
                enough.set()

    worker = threading.Thread(target=work)
    worker.start()
    assert enough.wait(60)
    try:
        yield
    finally:
        over.set()
        worker.join(60)


def looks_well(settings: Settings) -> int:
    """How many shots are in a library in which nothing is missing."""
    restored = open_library(settings)
    found = Keeping(open_upkeep=restored.upkeep).verify()
    assert found.well, found
    shots = len(restored.shots.recent(100_000))
    restored.close()
    return shots


@only_sqlite
def test_a_copy_of_sqlite_taken_meanwhile(
    library: Library, settings: Settings, a_shot: Callable[..., Shot], tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    with busy(library, a_shot):
        copier = sqlite3.connect(settings.database_file)
        copier.execute("VACUUM INTO ?", (str(backup / "library.sqlite3"),))
        copier.close()
        # After it: by then nothing it names is missing.
        shutil.copytree(settings.assets_folder, backup / "assets", ignore=shutil.ignore_patterns("incoming"))
    assert 10 <= looks_well(Settings(home=backup)) <= len(library.shots.recent(100_000))


@only_postgres
def test_a_dump_of_postgresql_taken_meanwhile(
    library: Library, settings: Settings, a_shot: Callable[..., Shot], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    server = shared_postgres(pytestconfig.add_cleanup)
    assert settings.database_url is not None
    given = make_url(settings.database_url)
    there = ["--host", str(given.query["host"]), "--username", "postgres"]
    with busy(library, a_shot):
        dump = ["--format", "custom", "--file", str(tmp_path / "samecast.dump"), str(given.database)]
        subprocess.run([str(server.programs / "pg_dump"), *there, *dump], check=True)
    fresh = server.create()
    into = ["--dbname", str(make_url(fresh).database), str(tmp_path / "samecast.dump")]
    subprocess.run([str(server.programs / "pg_restore"), *there, *into], check=True)
    assert 10 <= looks_well(replace(settings, database_url=fresh)) <= len(library.shots.recent(100_000))
    server.drop(fresh)
