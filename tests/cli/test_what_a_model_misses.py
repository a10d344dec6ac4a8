"""Whatever keeps a model from being used is one line with what mends it, before anything is made or paid."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from skimage import data
from tests.models.bfl.bfl_server import BflServer
from tests.models.provider.server import closed_port

WORDS = """
[[model]]
id = "words"
name = "Words"
engine = "storyboard"
kinds = ["image"]
aspects = ["1:1"]
seconds = 0
characters = 1
references = 0
deterministic = false
composites = false
price = "Some."
licence = "Some licence."
source = "here"
date = 2026-11-30
notes = ""

[model.terms]
excludes = ["EU"]
commercial = false
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    Image.fromarray(data.astronaut()).save(folder / "eileen.png")
    (folder / "words.toml").write_text(WORDS)
    for name in ("Eileen", "Fred", "Gus", "Hal", "Ida"):
        assert samecast(folder, "cast", "add", "eileen.png", "--name", name).returncode == 0
    assert samecast(folder, "models", "add", "words.toml").returncode == 0
    return folder


def samecast(home: Path, *arguments: str, without: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """One command in a process of its own; `without` is a package that is not installed there."""
    hidden = f"sys.modules[{without!r}] = None; " if without else ""
    command = f"import sys; {hidden}from samecast.wiring import main; main(sys.argv[1:])"
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", command, *arguments],
        env=plain | {"SAMECAST_HOME": str(home / "home"), "NO_PROXY": "*"} | env,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )


def shots(home: Path) -> list[Any]:
    listed: list[Any] = json.loads(samecast(home, "shots", "list", "--json").stdout)["shots"]
    return listed


@pytest.mark.parametrize(
    ("arguments", "env", "said", "mends"),
    [
        (["a sea", "-m", "bfl-flux-2-pro"], {}, "There is no BFL_API_KEY.", "samecast models key BFL_API_KEY"),
        (
            ["a sea", "-m", "fal-veo-3.1", "--video"],
            {},
            "fal-veo-3.1 makes nothing from words alone",
            "Name a character",
        ),
        (["a sea", "-m", "gpt-image-2.5"], {}, "There is no OPENAI_API_KEY.", "samecast models key OPENAI_API_KEY"),
        (["a sea", "-m", "nano-banana-2.1"], {}, "There is no GEMINI_API_KEY", "samecast models key GEMINI_API_KEY"),
        (["a sea", "-m", "replicate-flux-2-pro"], {}, "There is no REPLICATE_API_TOKEN.", "samecast models key"),
        (["a sea", "-m", "mage-mango"], {}, "There is no MAGE_API_KEY.", "samecast models key MAGE_API_KEY"),
        (["@eileen", "-m", "words", "--image"], {}, "words takes no references", "--model "),
        (["a sea", "-m", "words"], {"SAMECAST_COUNTRY": "FR"}, "licence grants nothing in FR", "samecast models list"),
        (["a sea", "-m", "words"], {"SAMECAST_PURPOSE": "commercial"}, "not allow commercial use", "samecast models"),
        (["a sea", "-m", "words"], {"SAMECAST_PURPOSE": "fun"}, "SAMECAST_PURPOSE cannot be 'fun'", "personal"),
        (
            ["a sea", "-m", "words", "--aspect", "16:9"],
            {},
            "16:9 is not made by words",
            "Use one of 1:1, with --aspect",
        ),
        (
            ["a sea", "-m", "bfl-flux-2-pro", "-O", "steps=3"],
            {"BFL_API_KEY": "x" * 20},
            "has no option 'steps'",
            "It has:",
        ),
        (["a sea", "-m", "bfl-flux-2-pr"], {}, "There is no model 'bfl-flux-2-pr'", "Did you mean bfl-flux-2-pro?"),
        (["a sea", "-m", "Peach Max"], {}, "offers no Peach Max", "--model mage-cherry-2-pro"),
        (["a sea", "-m", "sora-2", "--video"], {}, "OpenAI shut down Sora", "gemini-omni or veo-3.1"),
        (
            ["@eileen, @fred, @gus, @hal and @ida", "-m", "bfl-flux-2-klein-4b", "--image"],
            {"BFL_API_KEY": "x" * 20},
            "5 characters are named",
            "Name fewer",
        ),
    ],
)
def test_one_line_with_what_mends_it(home: Path, arguments: list[str], env: dict[str, str], said: str, mends: str):
    before = len(shots(home))
    run = samecast(home, "shoot", *arguments, **env)
    assert run.returncode == 1
    (line,) = run.stderr.strip().splitlines()
    assert said in line
    assert mends in line
    assert len(shots(home)) == before, "nothing was begun"


@pytest.mark.parametrize(
    ("model", "package", "extra"),
    [
        ("gpt-image-2.5", "openai", "openai"),
        ("nano-banana-2.1", "google.genai", "google"),
        ("fal-flux-2-pro", "fal_client", "fal"),
        ("replicate-flux-2-pro", "replicate", "replicate"),
        ("bfl-flux-2-pro", "httpx2", "bfl"),
        ("mage-mango", "httpx2", "mage"),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(home: Path, model: str, package: str, extra: str):
    run = samecast(home, "shoot", "@eileen", "-m", model, "--image", without=package)
    assert run.returncode == 1
    (line,) = run.stderr.strip().splitlines()
    assert f"pip install 'samecast[{extra}]'" in line


def test_a_wrong_key_and_no_network_fail_the_take_with_advice_and_without_the_key(home: Path):
    shoot = ("shoot", "@eileen by the sea", "-m", "bfl-flux-2-klein-4b", "--image", "-n", "1", "--json")
    server = BflServer()
    with server.running():
        env = {"BFL_API_KEY": "bfl_wrong_4711_key_0000", "BFL_BASE_URL": server.url}
        run = samecast(home, *shoot, "--out", "wrong", **env)
        take = json.loads(run.stdout)["takes"][0]
        assert (take["state"], take["failure"], take["cost"]) == ("failed", "key_refused", 0.0)
        assert "does not accept BFL_API_KEY" in take["error"]
        assert "samecast models key BFL_API_KEY" in take["error"]
        assert "4711" not in run.stdout + run.stderr
        assert server.jobs == {}
    env = {"BFL_API_KEY": "bfl_right_key_0000_0000", "BFL_BASE_URL": closed_port()}
    run = samecast(home, *shoot, "--out", "away", **env)
    take = json.loads(run.stdout)["takes"][0]
    assert (take["state"], take["failure"], take["cost"]) == ("failed", "unreachable", 0.0)
    assert "Check the network" in take["error"]


def test_each_model_says_what_it_misses(home: Path):
    listed = json.loads(samecast(home, "models", "list", "--json").stdout)["models"]
    assert len(listed) > 30
    for model in listed:
        missing = model["missing"]
        assert model["ready"] == (missing is None)
        if missing is not None:
            assert missing["said"].endswith(".")
            assert missing["hint"]
    assert listed[0]["id"] == "storyboard"
    assert listed[0]["ready"]
