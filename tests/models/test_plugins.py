"""A package brings a model of its own: found, shown, shot, and held to the contract; a broken one harms nobody."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from skimage import data

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plugin"
ENV = {"HOME": "/tmp", "PATH": os.environ["PATH"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example is installed as a user would install it, from its own pyproject.toml."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--target", folder, EXAMPLE], check=True, timeout=120)
    return folder


def samecast(site: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = "import sys; from samecast.wiring import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", command, *arguments],
        env=ENV | {"PYTHONPATH": str(site), "SAMECAST_HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_adding_an_engine_is_one_source_file_and_its_package():
    files = sorted(path.name for path in EXAMPLE.iterdir() if path.is_file())
    assert files == ["pyproject.toml", "samecast_postcard.py", "test_postcard.py"]
    lines = sum(len(path.read_text().splitlines()) for path in EXAMPLE.iterdir() if path.is_file())
    assert lines < 100 + len((EXAMPLE / "test_postcard.py").read_text().splitlines())
    assert "postcard" not in "".join(
        path.read_text() for path in (EXAMPLE.parents[1] / "src").rglob("*") if path.suffix in (".py", ".toml")
    )


def test_its_own_test_passes_where_it_is_installed(site: Path, tmp_path: Path):
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, EXAMPLE],
        env=ENV | {"PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 passed" in run.stdout


def test_it_is_listed_and_shot_like_any_other(site: Path, tmp_path: Path):
    (tmp_path / "home").mkdir()
    home = tmp_path / "home"
    listed = samecast(site, home, "models", "list", "--json")
    assert {"storyboard", "postcard"} <= {model["id"] for model in json.loads(listed.stdout)["models"]}
    from PIL import Image

    Image.fromarray(data.astronaut()).save(home / "face.png")
    samecast(site, home, "cast", "add", "face.png", "--name", "Mira")
    shoot = ("shoot", "@mira at the sea", "--model", "postcard", "--image", "--aspect", "3:2", "-n", "1", "--json")
    shot = samecast(site, home, *shoot, "--seed", "1", "-O", "border=8")
    assert shot.returncode == 0, shot.stderr
    document = json.loads(shot.stdout)
    assert document["model"] == "postcard"
    assert document["takes"][0]["score"]["characters"][0]["verdict"] == "match"
    again = samecast(site, home, "shoot", "--like", document["takes"][0]["path"], "--out", "again", "--json")
    assert json.loads(again.stdout)["takes"][0]["sha256"] == document["takes"][0]["sha256"], again.stderr
    wrong = samecast(site, home, *shoot, "-O", "border=9999")
    assert wrong.returncode == 1
    assert "The option border cannot be '9999'. It is a whole number from 0 to 100." in wrong.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise RuntimeError('it is broken')", "it is broken"),
        ("catalogue = '[[model]]'", "aspects is missing"),
        ("catalogue = 'no toml at all ['", "is not TOML"),
    ],
)
def test_a_broken_plugin_is_named_and_left_out(tmp_path: Path, text: str, said: str):
    folder = tmp_path / "broken-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (folder / "entry_points.txt").write_text("[samecast.models]\nbroken = broken_models\n")
    (tmp_path / "broken_models.py").write_text(text)
    listed = samecast(tmp_path, tmp_path, "models", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)["models"][0]["id"] == "storyboard"
    assert "the plug-in broken is left out" in listed.stderr
    assert said in listed.stderr
