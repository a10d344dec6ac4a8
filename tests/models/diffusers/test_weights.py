"""What tells weights from others: a digest that is read once, and again as soon as anything in their folder changes."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.models.diffusers.test_fetching import PROFILE

from samecast.models.diffusers.engine import Diffusers
from samecast.models.diffusers.weights import Depot, Source, digest_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "transformer").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "index").write_bytes(b"none of the model's")
    (folder / "model_index.json").write_text('{"_class_name": "Flux2KleinPipeline"}')
    (folder / "transformer" / "weights.safetensors").write_bytes(bytes(300_000))
    return folder


@pytest.fixture
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the folder's files that are opened from now on."""
    names: list[str] = []
    own: Callable[..., Any] = Path.open

    def told(path: Path, *values: Any, **named: Any) -> Any:
        if folder in path.parents:
            names.append(path.name)
        return own(path, *values, **named)

    monkeypatch.setattr(Path, "open", told)
    return names


def test_a_folder_that_is_as_it_was_is_not_read_again(folder: Path, tmp_path: Path, opened: list[str]):
    engine = Diffusers(replace(PROFILE, setup={"folder": str(folder)}), depot=Depot(tmp_path / "home"))
    version = engine.version
    assert sorted(opened) == ["model_index.json", "weights.safetensors"]
    (folder / ".git" / "index").write_bytes(b"still none of it")
    opened.clear()
    assert [engine.version for _ in range(3)] == [version] * 3
    assert opened == []


def trained(folder: Path) -> None:
    """Other numbers, as many as there were."""
    file = folder / "transformer" / "weights.safetensors"
    file.write_bytes(bytes(299_999) + b"1")


def trained_at_the_same_time(folder: Path) -> None:
    """As a copy that keeps the file's date."""
    file = folder / "transformer" / "weights.safetensors"
    before = file.stat()
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # a file system's clock ticks slowly
        trained(folder)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def added(folder: Path) -> None:
    (folder / "transformer" / "more.safetensors").write_bytes(b"1")


def renamed(folder: Path) -> None:
    file = folder / "transformer" / "weights.safetensors"
    file.rename(file.with_name("other.safetensors"))


def removed(folder: Path) -> None:
    (folder / "transformer" / "weights.safetensors").unlink()


def shortened(folder: Path) -> None:
    (folder / "transformer" / "weights.safetensors").write_bytes(bytes(299_999))


@pytest.mark.parametrize("change", [trained, trained_at_the_same_time, added, renamed, removed, shortened])
def test_whatever_is_changed_is_another_version(folder: Path, tmp_path: Path, change: Callable[[Path], None]):
    engine = Diffusers(replace(PROFILE, setup={"folder": str(folder)}), depot=Depot(tmp_path / "home"))
    version = engine.version
    older(folder)
    assert engine.version == version
    change(folder)
    assert engine.version != version
    fresh = Diffusers(replace(PROFILE, setup={"folder": str(folder)}), depot=Depot(tmp_path / "home"))
    assert engine.version == fresh.version


def older(folder: Path) -> None:
    """Its files are of yesterday: what is written next is of another time on any file system."""
    for file in folder.rglob("*"):
        stat = file.stat()
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns - 86_400 * 10**9))


def test_each_folder_has_a_digest_of_its_own(folder: Path, tmp_path: Path):
    depot = Depot(tmp_path / "home")
    other = tmp_path / "other"
    other.mkdir()
    (other / "model_index.json").write_text("{}")
    marks = [depot.mark(Source(folder=str(place))) for place in (folder, other, folder, other)]
    assert marks == [digest_of(folder), digest_of(other)] * 2
    assert depot.mark(Source(folder=str(tmp_path / "none"))) == ""
