"""A library in a temporary home, a cast to put in it, and processes and disks to be unkind to it with.

Whatever uses `settings` or `library` runs twice: on SQLite with a folder, and on PostgreSQL with a bucket. What can
only be on one of them says so with `only_sqlite` or `only_postgres`; `every_pair` mixes them too.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.servers import bucket, own_bucket, own_postgres, postgres  # noqa: F401

import samecast
from samecast.core.cast import Anchor, Character, Reference, Region, Version
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.core.story import Shot, Take
from samecast.library import Library, open_library
from samecast.settings import Settings

NOW = datetime(2025, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


only_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("settings", ["postgres"], indirect=True)
every_pair = pytest.mark.parametrize(
    "settings", ["sqlite", "postgres", "sqlite+bucket", "postgres+folder"], indirect=True
)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A library that nobody has opened yet."""
    on_postgres = request.param.startswith("postgres")
    in_bucket = request.param in ("postgres", "sqlite+bucket")
    return Settings(
        home=tmp_path / "home",
        database_url=request.getfixturevalue("postgres") if on_postgres else None,
        assets_url=request.getfixturevalue("bucket") if in_bucket else None,
    )


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    opened = open_library(settings)
    yield opened
    opened.close()


def version(number: int = 1, text: str = "a scar on the left cheekbone") -> Version:
    return Version(
        number=number,
        references=(
            Reference(sha256="a" * 64, width=1024, height=768, grade='{"verdict":"strong"}'),
            Reference(sha256="b" * 64, width=10, height=20),
        ),
        anchors=(
            Anchor(text=text, side="left", region=Region(x=0.1, y=1 / 3, width=0.2, height=0.05)),
            Anchor(text="cyan piping"),
        ),
        description="A courier, 30 · née Ёлка 美",
        created_at=NOW,
    )


@pytest.fixture
def a_version() -> Callable[..., Version]:
    return version


@pytest.fixture
def a_character() -> Callable[..., Character]:
    def make(handle: str = "mira", **changes: object) -> Character:
        given = {"name": "Mira Tanaka", "tags": ("lead", "night"), "versions": (version(),), "created_at": NOW}
        return Character(handle=handle, **{**given, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def a_shot() -> Callable[..., Shot]:
    def make(shot_id: str = "s1", *, handle: str = "mira", number: int = 1, takes: int = 2) -> Shot:
        member = Member(
            handle=handle,
            name="Mira",
            version=number,
            digest=version().digest,
            references=("a" * 64,),
            anchors=version().anchors,
        )
        made = tuple(
            Take(id=f"{shot_id}-t{n}", shot_id=shot_id, number=n, recipe=recipe(member, seed=n))
            for n in range(1, takes + 1)
        )
        return Shot(id=shot_id, prompt="@mira, rain", model="storyboard", out="/tmp/ü", takes=made, created_at=NOW)

    return make


def recipe(member: Member, *, seed: int) -> Recipe:
    return Recipe(
        model="storyboard",
        engine_version="1",
        kind="video",
        prompt="@mira, rain",
        brief=Brief(who=("mira",), place="neon_street", weather=("rain",), aspect=(9, 16)),
        members=(member,),
        width=720,
        height=1280,
        seed=seed,
        seconds=4.0,
        fps=24,
        options=(("steps", "8"),),
    )


# --- other processes --------------------------------------------------------------------------------------------


@pytest.fixture
def python() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start `python -c script` with these settings and samecast importable; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, settings: Settings) -> "subprocess.Popen[str]":
        source = str(Path(samecast.__file__).parents[1])
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SAMECAST_")}
        environment |= {"PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
        environment["SAMECAST_HOME"] = str(settings.home)
        for name in ("database_url", "assets_url"):
            environment[f"SAMECAST_{name.upper()}"] = getattr(settings, name) or ""  # an empty one counts as unset
        child = subprocess.Popen(
            [sys.executable, "-c", script],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


# --- small disks ------------------------------------------------------------------------------------------------


class Disk:
    """A small file system of its own, which can be filled up or made read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> Path:
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            for block in (1 << 16, 1 << 12):
                try:
                    while True:
                        file.write(b"x" * block)
                except OSError:
                    pass
        return filler

    def make_read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A tmpfs of 4 MiB. Skips where this user may not mount one."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk to fill up")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this machine does not allow mounting a small disk to fill up")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
