"""The command line handled roughly: hostile texts, folders in use, output that goes nowhere. Nothing is shot here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samecast.cli import run
from samecast.media import LocalMedia
from samecast.ports import Picture
from samecast.wiring import open_studio, sample_picture

ESCAPES = "\x1b[31m\x1b]0;title\x07[bold]x[/]"
COMMAND = [sys.executable, "-c", "import sys; from samecast.wiring import main; main(sys.argv[1:])"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMECAST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["cast", "show", ESCAPES],
        ["cast", "add", ESCAPES, "--name", "X"],
        ["cast", "add", "x.png", "--name", "X", "--handle", ESCAPES],
        ["cast", "add", "x.png", "--name", ESCAPES],
        ["models", "show", ESCAPES],
        ["shots", "resume", ESCAPES],
        ["shoot", "x", "--aspect", ESCAPES],
        ["shoot", f"@nobody {ESCAPES}"],
        ["shoot", "--like", ESCAPES],
        ["cast", ESCAPES],
        ["shoot", "x", "--model", ESCAPES],
    ],
)
def test_no_control_character_reaches_the_terminal(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(open_studio, arguments) in (1, 2)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err
    assert "\x1b" not in said.err
    assert "\x07" not in said.err
    assert "something broke" not in said.err


def test_markup_in_a_cast_is_shown_as_it_was_typed(capsys: pytest.CaptureFixture[str]):
    added = ["cast", "add", str(sample_picture("chelsea.png")), "--name", "[bold]x[/] :fire:", "--handle", "x"]
    told = f"line\nbreak {ESCAPES}"
    assert run(open_studio, [*added, "--tag", "[red]", "--description", told, "--anchor", "[b]torn[/b] left ear"]) == 0
    capsys.readouterr()
    assert run(open_studio, ["cast", "show", "@X"]) == 0
    shown = capsys.readouterr().out
    for text in ("[bold]x[/] :fire:", "[red]", "[b]torn[/b] left ear", "line break"):
        assert text in shown
    assert "\x1b" not in shown
    assert run(open_studio, ["cast", "list"]) == 0
    assert "@x" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["cast", "edit", "@x"],
        ["cast", "edit", "@x", "--replace"],
        ["cast", "edit", "@x", "--no-anchors", "--anchor", "scar"],
        ["cast", "edit", "@x", "--no-tags", "--tag", "crew"],
        ["shoot", "x", "--image", "--seconds", "3"],
        ["shoot", "x", "--like", "y.png"],
        ["shoot", "x", "--seconds", "soon"],
    ],
)
def test_what_contradicts_itself_is_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(open_studio, arguments) == 2
    assert capsys.readouterr().out == ""


def test_a_file_with_a_hostile_recipe_is_one_clear_line(home: Path, capsys: pytest.CaptureFixture[str]):
    media, grey = LocalMedia(), Picture(rgb=np.full((32, 32, 3), 9, np.uint8))
    recipes = ["", "{", "null", "[]", '{"samecast":1}', "[" * 100_000, json.dumps({"samecast": 1, "width": 10**9})]
    for text in recipes:
        (home / "evil.png").write_bytes(media.png(grey, text))
        assert run(open_studio, ["shoot", "--like", "evil.png", "--out", "new", "--json"]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("samecast: ")
        assert len(said.err.strip().splitlines()) == 1
        assert "something broke" not in said.err
    assert not (home / "new").exists()


def test_a_picture_with_nothing_to_see_is_refused(home: Path, capsys: pytest.CaptureFixture[str]):
    Image.new("RGBA", (64, 64), (200, 100, 50, 0)).save(home / "clear.png")
    assert run(open_studio, ["cast", "grade", "clear.png"]) == 1
    assert "transparent" in capsys.readouterr().err


def test_output_that_nobody_takes(home: Path):
    env = {**os.environ, "SAMECAST_HOME": str(home / "home")}
    for stdout, status in (("/dev/full", 1), (None, 0)):
        if stdout is not None and not Path(stdout).exists():
            continue
        target = f"> {stdout}" if stdout else ">&-"
        done = subprocess.run(
            ["sh", "-c", f'"$@" {target}', "sh", *COMMAND, "models", "list"], env=env, capture_output=True, timeout=120
        )
        assert done.returncode == status, done.stderr
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr


def test_a_terminal_without_unicode_still_gets_its_answer(home: Path):
    env = {**os.environ, "SAMECAST_HOME": str(home / "home"), "PYTHONIOENCODING": "ascii"}
    for more in ([], ["--json"]):
        done = subprocess.run(
            [*COMMAND, "cast", "prompt", "-c", "Zoë ✨", *more], env=env, capture_output=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        if more:
            assert "Zoë" in json.loads(done.stdout)["prompt"]


def test_doctor_tells_of_an_ill_library_among_the_rest(home: Path, capsys: pytest.CaptureFixture[str]):
    (home / "home").write_text("a file, not a folder")
    assert run(open_studio, ["models", "list"]) == 0
    capsys.readouterr()
    assert run(open_studio, ["doctor", "--json"]) == 1
    checks = {check["name"]: check["well"] for check in json.loads(capsys.readouterr().out)["checks"]}
    assert not checks["library"]
    assert checks["video"]
