"""A character leaves one home and arrives in another, as scripts and people see it. Real parts only."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from tests.cli.conftest import Outcome
from tests.travellers import PAPERS, PICTURES, entries, mira, packed, sha256

from samecast.cli.terminal import fail
from samecast.cli.travelling import export_character, import_character
from samecast.core.errors import SamecastError
from samecast.library import open_library
from samecast.library.papers import CharacterPapers
from samecast.media import LocalMedia
from samecast.media.archives import ZipArchives
from samecast.services.travelling import Travelling
from samecast.settings import load_settings

app = typer.Typer()
app.command("export")(export_character)
app.command("import")(import_character)


def studio() -> Any:
    """As much of a studio as these commands ask for."""
    library = open_library(load_settings())
    travelling = Travelling(
        cast=library.cast,
        papers=CharacterPapers(database=library.database),
        assets=library.assets,
        media=LocalMedia(),
        archives=ZipArchives(),
    )
    return SimpleNamespace(travelling=travelling, close=library.close)


Samecast = Callable[..., Outcome]


@pytest.fixture
def samecast(home: Path, capsys: pytest.CaptureFixture[str]) -> Samecast:
    def call(*arguments: object) -> Outcome:
        command = typer.main.get_command(app)
        try:
            command.main(args=[str(a) for a in arguments], obj=studio, prog_name="samecast", standalone_mode=False)
            status = 0
        except SamecastError as error:
            status = fail(error)
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "mira.samecast"
    path.write_bytes(packed(entries()))
    return path


@pytest.fixture
def elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return lambda: monkeypatch.setenv("SAMECAST_HOME", str(home / "elsewhere"))


def test_in_out_and_in_elsewhere(samecast: Samecast, file: Path, home: Path, elsewhere: Callable[[], None]):
    brought = samecast("import", file, "--json")
    assert brought.status == 0
    assert {key: brought.document[key] for key in ("handle", "name", "version", "new", "added", "notes")} == {
        "handle": "mira", "name": "Mira Tanaka 美", "version": 3, "new": True, "added": [1, 2, 3], "notes": [],
    }  # fmt: skip
    assert brought.document["grade"]["verdict"] == "usable"
    assert (brought.document["consent"], brought.document["licence"]) == (PAPERS.consent, PAPERS.licence)
    exported = samecast("export", "@mira", "out.samecast", "--json")
    written = (home / "out.samecast").read_bytes()
    assert exported.document == {
        "handle": "mira", "path": "out.samecast", "versions": 3, "references": 3, "bytes": len(written),
        "sha256": sha256(written), "consent": PAPERS.consent, "licence": PAPERS.licence,
    }  # fmt: skip
    elsewhere()
    samecast("import", "out.samecast", "--json")
    samecast("export", "mira", "again.samecast", "--json")
    assert (home / "again.samecast").read_bytes() == written


def test_what_a_person_sees(samecast: Samecast, file: Path, home: Path):
    told = samecast("import", file)
    assert told.err == ""
    for words in (
        "Mira Tanaka 美 as @mira, with 3 versions.",
        "24 x 20",
        "usable",
        "consent",
        "CC BY 4.0",
        "Next",
    ):
        assert words in told.out
    assert "nothing was added" in samecast("import", file).out
    other = samecast("import", file, "--as", "jo")
    assert "as @jo" in other.out
    assert "3 versions, 3 references" in samecast("export", "@jo", "jo.samecast").out


def test_consent_is_asked_for_until_it_is_given(samecast: Samecast, file: Path):
    samecast("import", file)
    samecast("export", "mira", "1", "--consent", "")
    asked = samecast("export", "mira", "2", "--json")
    assert "--consent" in asked.err
    assert asked.document["consent"] == ""
    given = samecast("export", "mira", "3", "--consent", "Mira, by mail", "--licence", "CC0", "--json")
    assert given.err == ""
    assert samecast("export", "mira", "4", "--json").document["licence"] == "CC0"


def test_an_error_is_one_line(samecast: Samecast, file: Path, home: Path):
    samecast("import", file)
    (home / "bad").write_bytes(file.read_bytes()[:500])
    for arguments in (
        ["import", "bad"],
        ["import", "none"],
        ["import", file, "--as", "image1"],
        ["export", "mira", file],
        ["export", "nobody", "x"],
    ):
        outcome = samecast(*arguments)
        assert outcome.status == 1
        assert outcome.out == ""
        assert len(outcome.err.splitlines()) == 1
        assert outcome.err.startswith("samecast: ")
    assert not (home / "x").exists()
    assert samecast("export", "mira", file, "--overwrite").status == 0


def test_what_a_stranger_wrote_cannot_take_over_the_terminal(samecast: Samecast, home: Path):
    """Consent is free text with markup in it, which is shown as it is."""
    changed = json.loads(entries()["manifest.json"]) | {"consent": "[red]no[/] [link=http://x]x[/link]"}
    content = {**entries(), "manifest.json": json.dumps(changed).encode()}
    (home / "m").write_bytes(packed(content))
    assert "[red]no[/] [link=http://x]x[/link]" in samecast("import", "m").out


def test_the_pictures_in_the_file_are_those_of_the_character():
    assert {r.sha256 for version in mira().versions for r in version.references} <= set(PICTURES)
