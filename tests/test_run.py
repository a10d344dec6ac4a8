"""`./run` itself, as far as it can be tried without installing anything."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def run(script: Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(script), *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with a space in its name, without an environment."""
    root = tmp_path / "my films"
    root.mkdir()
    for name in ("run", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, root / name)
    return root


def test_no_arguments_prints_usage_and_installs_nothing(checkout: Path, tmp_path: Path) -> None:
    done = run(checkout / "run", cwd=tmp_path)
    assert done.returncode == 0
    assert "./run demo" in done.stdout
    assert not (checkout / ".venv").exists()


def test_no_suitable_python_is_one_clear_line(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "cmp", "cat"):
        (tools / tool).symlink_to(shutil.which(tool) or "missing")
    script = checkout / "run"
    no_globs = script.read_text().replace("/usr/", "/nowhere/").replace("/opt/", "/nowhere/")
    script.write_text(no_globs.replace("/nowhere/bin/env bash", "/usr/bin/env bash", 1))
    nowhere = str(tmp_path / "nobody")
    done = run(script, "demo", cwd=tmp_path, PATH=str(tools), HOME=nowhere, PYENV_ROOT=nowhere, XDG_DATA_HOME=nowhere)
    assert done.returncode == 1
    assert "needs Python 3.11 or 3.12" in done.stderr
    assert done.stdout == ""


def test_an_environment_made_by_somebody_else_is_left_alone(checkout: Path) -> None:
    theirs = checkout / ".venv" / "theirs.txt"
    theirs.parent.mkdir()
    theirs.write_text("precious")
    done = run(checkout / "run", "demo", cwd=checkout)
    assert done.returncode == 1
    assert "was not made by ./run" in done.stderr
    assert theirs.read_text() == "precious"


def test_an_unknown_benchmark_is_named(checkout: Path) -> None:
    done = run(checkout / "run", "bench", "nothing", cwd=checkout)
    assert done.returncode == 1
    assert "no benchmark 'nothing'" in done.stderr


def test_benchmarks_are_listed_with_what_they_measure(checkout: Path) -> None:
    folder = checkout / "benchmarks"
    folder.mkdir()
    (folder / "speed.py").write_text('"""How fast it is.\n\nMore.\n"""\n')
    (folder / "size.py").write_text('"""How big it is."""\n')
    done = run(checkout / "run", "bench", cwd=checkout)
    assert [line.split(maxsplit=1) for line in done.stdout.splitlines()] == [
        ["size", "How big it is."],
        ["speed", "How fast it is."],
    ]


def test_there_are_four_locks() -> None:
    more = [f"requirements-{name}.lock" for name in ("bench", "dev", "models")]
    assert [lock.name for lock in LOCKS] == [*more, "requirements.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_pin_by_hash_and_name_no_place(lock: Path) -> None:
    text = re.sub(r"^\s*#.*$", "", lock.read_text(), flags=re.MULTILINE)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[^\s;]+", entry), entry
        assert "--hash=sha256:" in entry
    assert not re.search(r"://|\s-[ief]\s|--(index|extra|find)|\s@\s", text)


def test_the_lock_holds_what_the_project_asks_for_and_no_gui() -> None:
    pins = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[^A-Za-z0-9_-]", line)[0].replace("_", "-").lower() for line in project["dependencies"]}
    assert asked - pins == {"opencv-contrib-python"}
    assert "opencv-contrib-python-headless" in pins
    assert not {"jax", "jaxlib", "sounddevice"} & pins
