"""The deployment examples name commands, options, settings and files that exist; nothing is started."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.test_docs import commands

from samecast import settings

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples" / "deploy"


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def services() -> dict[str, Any]:
    """Those of compose.yaml that run samecast."""
    found = documents("compose.yaml")[0]["services"]
    return {name: service for name, service in found.items() if service["image"] == "samecast"}


def containers() -> Iterator[dict[str, Any]]:
    for document in documents("kubernetes.yaml"):
        yield from document["spec"]["template"]["spec"]["containers"]


def command_lines() -> list[list[str]]:
    return [service["command"] for service in services().values()] + [entry["args"] for entry in containers()]


@pytest.mark.parametrize("line", command_lines(), ids=" ".join)
def test_every_command_takes_its_options(line: list[str]):
    known = {option for parameter in commands()[line[0]].params for option in parameter.opts}  # type: ignore[attr-defined]
    assert {word for word in line if word.startswith("--")} <= known


def test_every_setting_is_read():
    read = (Path(settings.__file__)).read_text()
    named = set(re.findall(r"SAMECAST_[A-Z_]+", (FOLDER / "compose.yaml").read_text()))
    named |= set(re.findall(r"SAMECAST_[A-Z_]+", (FOLDER / "kubernetes.yaml").read_text()))
    named |= set(re.findall(r"SAMECAST_[A-Z_]+", (FOLDER / "Dockerfile").read_text()))
    assert named
    assert {name for name in named if f'"{name}"' not in read} == set()


def test_every_file_that_the_image_copies_is_there():
    copied = re.findall(r"^COPY (.+) \S+$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path


def test_a_worker_is_given_longer_to_end_than_it_drains():
    for service in services().values():
        if service["command"][0] == "worker":
            drain = float(service["command"][service["command"].index("--drain") + 1])
            assert float(service["stop_grace_period"].removesuffix("s")) > drain
    for document in documents("kubernetes.yaml"):
        pod = document["spec"]["template"]["spec"]
        args = pod["containers"][0]["args"]
        if args[0] == "worker":
            assert pod["terminationGracePeriodSeconds"] > float(args[args.index("--drain") + 1])
