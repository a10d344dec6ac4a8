"""`samecast library verify` and `gc` on a real library, as scripts and film-makers meet them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from sqlalchemy import update
from tests.cli.conftest import Outcome, Samecast
from tests.library.conftest import a_character, a_shot  # noqa: F401

from samecast import cli
from samecast.cli import upkeep
from samecast.core.cast import Character, Reference
from samecast.core.story import Shot
from samecast.library import Library, open_library, schema
from samecast.services.keeping import Keeping
from samecast.settings import Settings


@pytest.fixture
def library(tmp_path: Path):
    opened = open_library(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def samecast(library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Samecast:
    studio: Any = SimpleNamespace(keeping=Keeping(open_upkeep=library.upkeep), close=lambda: None)
    app = typer.Typer()
    app.command("verify")(upkeep.verify)
    app.command("gc")(upkeep.gc)
    monkeypatch.setattr(cli, "app", app)

    def call(*arguments: object) -> Outcome:
        status = cli.run(lambda: studio, [str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


@pytest.fixture
def shot(library: Library, a_shot: Callable[..., Shot], a_character: Callable[..., Character]) -> Shot:  # noqa: F811
    """Mira with one reference, and a shot of two takes."""
    face = library.assets.put(b"a face")
    looks = replace(a_character().current, references=(Reference(sha256=face, width=1, height=1),))
    library.cast.add(a_character(versions=(looks,)))
    shot = a_shot()
    library.shots.add(shot)
    for take in shot.takes:
        library.shots.finish_take(replace(take, state="done", asset=library.assets.put(take.id.encode())))
    return library.shots.get(shot.id)


def lose(library: Library, content: bytes) -> str:
    sha256 = hashlib.sha256(content).hexdigest()
    library.assets.remove([sha256])
    return sha256


def test_an_empty_library_is_well(samecast: Samecast):
    assert samecast("verify").out == "0 files stored (0 bytes): all there and whole\n"
    assert samecast("gc").out == "0 files removed (0 bytes) of 0 stored\n"


def test_a_library_that_is_well(samecast: Samecast, shot: Shot):
    found = samecast("verify")
    assert (found.status, found.err) == (0, "")
    assert found.out == "3 files stored (16 bytes): all there and whole\n"
    assert samecast("verify", "--quick").out == "3 files stored (16 bytes): all there\n"
    assert samecast("verify", "--json").document == {
        "quick": False,
        "assets": 3,
        "bytes": 16,
        "missing": 0,
        "damaged": 0,
        "orphaned": 0,
        "orphaned_bytes": 0,
        "recent": 0,
        "unrecorded": 0,
        "hits": [],
    }


def test_what_is_lost_is_named_in_one_line_and_fails(samecast: Samecast, library: Library, shot: Shot):
    face, one = lose(library, b"a face"), lose(library, b"s1-t1")
    two = hashlib.sha256(b"s1-t2").hexdigest()
    library.assets.store.put(f"{two[:2]}/{two[2:4]}/{two}", b"s1-t3")

    found = samecast("verify")

    assert found.status == 1
    assert "2 missing, 1 damaged" in found.out
    (line,) = found.err.splitlines()
    assert line.startswith("samecast: 3 files are missing or damaged: ")
    for words in ("take 1 of shot s1 (@mira, rain)", "take 2 of shot s1", "a reference of @mira (version 1)", "backup"):
        assert words in line
    told = samecast("verify", "--json")
    assert told.status == 1
    assert len(told.err.splitlines()) == 1
    hits = {hit["sha256"]: hit for hit in told.document["hits"]}
    assert hits[face] == {
        "sha256": face,
        "trouble": "missing",
        "takes": [],
        "references": [{"handle": "mira", "name": "Mira Tanaka", "version": 1, "left": False}],
        "sources": [],
        "loras": [],
    }
    assert hits[one]["takes"] == [{"shot": "s1", "take": "s1-t1", "number": 1, "prompt": "@mira, rain"}]
    assert (hits[two]["trouble"], hits[two]["takes"][0]["number"]) == ("damaged", 2)
    quick = samecast("verify", "--quick", "--json")
    assert (quick.status, quick.document["missing"], quick.document["damaged"]) == (1, 2, 0)


def test_of_many_only_the_first_are_named_in_the_line(samecast: Samecast, library: Library, shot: Shot):
    lose(library, b"s1-t1")
    assert samecast("verify").err.startswith("samecast: 1 file is missing or damaged: take 1 of shot s1")
    library.assets.store.put("00/00/" + "0" * 64, b"wrong")
    assert "nothing uses it" in samecast("verify").out
    with library.database.write() as connection:
        connection.exec_driver_sql("UPDATE takes SET asset = '" + "c" * 64 + "' WHERE id = 's1-t1'")
    for n in (3, 4):
        more = replace(shot, id=f"s{n}", takes=())
        takes = [replace(t, id=f"s{n}-{t.number}", shot_id=more.id, asset="c" * 64) for t in shot.takes]
        library.shots.add(replace(more, takes=tuple(takes)))
    assert "and 2 more." in samecast("verify").err


def test_gc_says_what_it_removed_and_what_it_kept(samecast: Samecast, library: Library, shot: Shot):
    library.assets.put(b"unused")
    library.assets.store.put("00/00/" + "0" * 64, b"not ours")
    found = samecast("verify", "--quick")
    assert found.status == 0
    assert "2 files (14 bytes) not in use, of them 1 stored or wanted within a day and 1 that this library" in found.out
    kept = samecast("gc")
    assert "0 files removed" in kept.out
    assert "1 file not in use kept: younger than 24 hours" in kept.out
    assert "--unrecorded" in kept.out
    rehearsed = samecast("gc", "--older-than", "0", "--dry-run", "--json")
    assert rehearsed.document == {
        "dry_run": True,
        "purged": 0,
        "assets": 5,
        "removed": 1,
        "freed": 6,
        "kept_recent": 0,
        "kept_unrecorded": 1,
    }
    assert "1 file would be removed" in samecast("gc", "--older-than", "0", "--dry-run").out
    assert samecast("gc", "--older-than", "0", "--unrecorded").out == "2 files removed (14 bytes) of 5 stored\n"
    assert samecast("verify").out == "3 files stored (16 bytes): all there and whole\n"


def test_gc_says_what_it_deleted_for_good(samecast: Samecast, library: Library, shot: Shot):
    library.creations.trash([take.id for take in shot.takes], datetime.now(UTC) - timedelta(days=31))
    with library.database.write() as connection:
        connection.execute(update(schema.shots).values(state="done"))
    said = samecast("gc", "--older-than", "0", "--dry-run").out
    assert said == (
        "2 takes would be deleted for good, in the trash for more than 30 days\n"
        "2 files would be removed (10 bytes) of 3 stored\n"
    )
    assert samecast("gc", "--older-than", "0", "--json").document["purged"] == 2
    assert samecast("gc", "--older-than", "0").out == "0 files removed (0 bytes) of 1 stored\n"


def test_an_age_that_cannot_be_is_wrong_usage(samecast: Samecast):
    assert samecast("gc", "--older-than", "-1").status == 2


def test_stopping_stops(samecast: Samecast, shot: Shot, monkeypatch: pytest.MonkeyPatch):
    def stop(self: object, *given: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Keeping, "verify", stop)
    stopped = samecast("verify", "--json")
    assert (stopped.status, stopped.out) == (130, "")
