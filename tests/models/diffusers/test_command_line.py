"""What a user does with a local model: adds its folder, shoots it with some references, makes a take again."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

from PIL import Image
from tests.models.diffusers.making import SETUPS, Shelf

from samecast.cli import run
from samecast.ports import Picture
from samecast.wiring import open_studio

ADAPTED = ("sdxl", "sd15")
FAMILIES = {
    "flux2-klein": 3,
    "flux2-klein-kv": 3,
    "flux2": 3,
    "flux3": 3,
    "kontext": 3,
    "qwen-edit": 3,
    "sdxl": 3,
    "sd15": 3,
    "wan-vace": 3,
    "wan-i2v": 0,
    "wan21-i2v": 0,
    "wan-animate": 1,
    "ltx2": 0,
    "minimax-h3": 3,
}
"""How many references each is shot with; none: it animates a first frame."""
LENGTHS = {"minimax-h3": "5"}
"""Seconds of the shortest clip, where it is longer than half of one."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: list[Picture]) -> Path:
    monkeypatch.setenv("SAMECAST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture.rgb).save(tmp_path / f"{number}.png")
    return tmp_path


def samecast(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """One command in this process; its JSON."""
    capsys.readouterr()
    status = run(open_studio, [*arguments, "--json"])
    said = capsys.readouterr()
    assert status == 0, said.err
    return json.loads(said.out)


def written(value: object) -> str:
    """A setup's value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)


def added(capsys: pytest.CaptureFixture[str], home: Path, shelf: Shelf, name: str) -> str:
    """Add the folder, then do with its entry what a user may: smaller sizes, and what a tiny model needs."""
    folder = shelf.folder(name)
    (model,) = samecast(capsys, "models", "add", str(folder), "--id", f"tiny-{name}")["models"]
    assert model["ready"] or "torchvision" in model["missing"]["said"]
    file = home / "home" / "models.toml"
    setup = dict(SETUPS.get(name, {}))
    if name in ADAPTED:
        setup["adapter"] = {"folder": str(folder / "adapter"), **setup["adapter"]}
    more = "".join(f", {key} = {written(value)}" for key, value in setup.items())
    text = re.sub(r'"\d+x\d+"', '"64x64"' if name == "ltx2" else '"64x48"', file.read_text())
    text = text.replace(
        f"setup = {{ folder = {json.dumps(str(folder))}", f"setup = {{ folder = {json.dumps(str(folder))}{more}"
    )
    if name in ADAPTED:
        text = text.replace("references = 0", "references = 4")
    file.write_text(text)
    return f"tiny-{name}"


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_folder_is_added_shot_and_made_again(shelf: Shelf, home: Path, capsys: pytest.CaptureFixture[str], name: str):
    if name.startswith("wan"):
        pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    model = added(capsys, home, shelf, name)
    if name == "wan-animate":
        Shelf(shelf.root, home / "home", shelf.resident).motion("walk", 12)
    moved = ("-O", "motion=walk") if name == "wan-animate" else ()
    kind = samecast(capsys, "models", "show", model)["kinds"][0]
    length = ("--seconds", LENGTHS.get(name, "0.5")) if kind == "video" else ()
    made = []
    for count in range(1, FAMILIES[name] + 1) or [0]:
        images = [f"{number}.png" for number in range(max(1, count))]
        handle = f"mira{count}"
        samecast(
            capsys, "cast", "add", *images, "--name", f"Mira {count}", "--handle", handle, "--description", "a woman"
        )
        frame = () if count else ("--first-frame", "0.png")
        who = f"@{handle}" if count else "a harbour"
        shoot = ("shoot", f"{who} in the rain", "-m", model, f"--{kind}", *length, *frame, *moved, "-O", "steps=2")
        shot = samecast(capsys, *shoot, "-n", "2" if count < 2 else "1", "--seed", "3", "--out", f"out-{count}")
        assert {take["state"] for take in shot["takes"]} == {"done"}, shot
        assert len({take["sha256"] for take in shot["takes"]}) == len(shot["takes"]), "two seeds, two takes"
        made.append(shot["takes"][0])
    assert len({take["sha256"] for take in made}) == len(made), "another reference, another take"
    again = samecast(capsys, "shoot", "--like", made[-1]["path"], "--out", "again")
    assert again["takes"][0]["sha256"] == made[-1]["sha256"], "the same bytes from its recipe"


def test_other_weights_in_the_folder_are_not_passed_off_as_the_same(
    shelf: Shelf, home: Path, capsys: pytest.CaptureFixture[str]
):
    model = added(capsys, home, shelf, "flux2-klein")
    shot = samecast(capsys, "shoot", "a harbour", "-m", model, "--image", "-n", "1", "-O", "steps=2", "--out", "one")
    file = home / "home" / "models.toml"
    file.write_text(file.read_text().replace("setup = { ", 'setup = { cache = { kind = "TaylorSeerCacheConfig" }, '))
    status = run(open_studio, ["shoot", "--like", shot["takes"][0]["path"], "--out", "two"])
    said = capsys.readouterr().err
    assert status == 1
    assert "The take was made by" in said


def test_progress_is_shown_and_ctrl_c_stops_within_a_step(shelf: Shelf, home: Path, capsys: pytest.CaptureFixture[str]):
    model = added(capsys, home, shelf, "flux2-klein")
    file = home / "home" / "models.toml"
    file.write_text(file.read_text().replace("most = 100\n", "most = 100000\n"))
    command = "import sys; from samecast.wiring import main; main(sys.argv[1:])"
    shoot = ("shoot", "a harbour", "-m", model, "--image", "-n", "1", "-O", "steps=100000", "--out", "long")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", command, *shoot],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        share = rendering(capsys, process)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, said = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        pytest.fail(f"It did not stop. Where it stood:\n{process.communicate()[1]}")
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    assert time.monotonic() - began < 30
    assert 0 < share < 1
    (shot,) = samecast(capsys, "shots", "list")["shots"]
    assert shot["state"] == "cancelled"
    assert f"samecast shots resume {shot['shot']}" in said


def rendering(capsys: pytest.CaptureFixture[str], process: "subprocess.Popen[str]") -> float:
    """How far the take is, 0..1, once it is seen to move."""
    ends = time.monotonic() + 120
    seen: set[float] = set()
    while time.monotonic() < ends and process.poll() is None:
        for shot in samecast(capsys, "shots", "watch")["shots"]:
            for take in shot["takes"]:
                if take["step"] == "render":
                    seen.add(take["share"])
        if len(seen) > 1:
            return max(seen)
        time.sleep(0.3)
    process.kill()
    raise AssertionError(f"it never moved: {process.communicate()}")
