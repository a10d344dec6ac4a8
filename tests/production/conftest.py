"""A stage to make shots on: a studio with the fakes, workers in this process and others, on both kinds of library.

Whatever uses `stage` runs twice: on SQLite with a folder, and on PostgreSQL with a bucket. The library of each kind is
shared by all tests of a run, since a shot knows nothing of the others; what a test leaves running is cancelled.
Constants that are seconds of waiting in earnest are small here.
"""

import gc
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.library.conftest import Disk, disk  # noqa: F401
from tests.production.fakes import SLOW, Ledger, Provider, SlowEngine, models
from tests.servers import bucket, own_bucket, own_postgres, postgres, shared_bucket, shared_postgres  # noqa: F401

from samecast.core.story import Shot, Take
from samecast.library import Library, open_library
from samecast.ports import Post
from samecast.services.making import Models
from samecast.services.shooting import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

ROOT = Path(__file__).parents[2]
only_sqlite = pytest.mark.parametrize("kept", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("kept", ["postgres"], indirect=True)


def until(true: Callable[[], Any], what: str = "", seconds: float = 60.0) -> Any:
    """Wait for something to become true, and return it."""
    ends = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < ends, f"it never came to be: {what or true}"
        time.sleep(0.02)
    return found


@dataclass(slots=True, kw_only=True)
class Stage:
    """A library with the fakes beside its models."""

    settings: Settings
    folder: Path
    provider: Provider
    ledger: Ledger
    studio: Studio
    library: Library
    models: Models
    _children: list["subprocess.Popen[str]"] = field(default_factory=list)

    # --- shots ----------------------------------------------------------------------------------------------------

    def shot(self, prompt: str = "an empty square", *, submit: bool = True, **more: Any) -> Shot:
        """A kept shot of one image by the slow model, and queued unless told otherwise."""
        urgent = more.pop("urgent", False)
        asked: dict[str, Any] = {"model": "slow", "kind": "image", "takes": 1, "seed": time.monotonic_ns(), **more}
        asked.setdefault("out", self.folder / f"out-{time.monotonic_ns()}")
        shot = self.studio.shooting.start(self.studio.shooting.plan(Order(prompt=prompt, **asked)))
        if submit:
            self.studio.producing.submit(shot, urgent=urgent)
        return shot

    def get(self, shot: Shot) -> Shot:
        return self.studio.shooting.get(shot.id)

    def take(self, shot: Shot, number: int = 1) -> Take:
        return self.get(shot).takes[number - 1]

    def done(self, *shots: Shot, seconds: float = 60.0) -> list[Shot]:
        """Wait until all of them are done; what is not in time is told with its takes."""
        ends = time.monotonic() + seconds
        while left := [shot for shot in map(self.get, shots) if shot.state != "done"]:
            told = [(shot.id, shot.state, [(take.state, take.error) for take in shot.takes]) for shot in left]
            assert time.monotonic() < ends, f"not done: {told}"
            time.sleep(0.02)
        return [self.get(shot) for shot in shots]

    def sound(self, shot: Shot) -> None:
        """What must hold of a finished shot whatever happened to its workers."""
        shot = self.get(shot)
        assert shot.state == "done"
        for take in shot.takes:
            assert take.state == "done", take.error
            assert take.asset is not None
            assert self.library.assets.digest(take.asset) == take.asset
            assert Path(take.path or "").read_bytes() == self.library.assets.get(take.asset)

    @property
    def engine(self) -> SlowEngine:
        """The slow model's engine in this process."""
        engine = self.models[SLOW.id][1]
        assert isinstance(engine, SlowEngine)
        return engine

    # --- workers --------------------------------------------------------------------------------------------------

    @contextmanager
    def working(self, *queues: str, **more: Any) -> Iterator[Callable[[], None]]:
        """A worker in this process."""
        post = Post(queues=queues or self.studio.producing.served, **more)
        try:
            with self.studio.producing.worker(post) as check:
                yield check
        finally:
            swept()

    def spawn(
        self, *command: str, seconds: float = 0.01, steps: int = 1, **environment: str
    ) -> "subprocess.Popen[str]":
        """`samecast COMMAND` with the fakes, in a process of its own; killed when the test ends."""
        known = {k: v for k, v in os.environ.items() if not k.startswith("SAMECAST_")}
        known |= {"PYTHONPATH": str(ROOT), "SAMECAST_HOME": str(self.settings.home), "SAMECAST_POLL_SECONDS": "0.02"}
        known |= {"SAMECAST_DATABASE_URL": self.settings.database_url or ""}
        known |= {"SAMECAST_ASSETS_URL": self.settings.assets_url or ""}
        fakes = [str(self.ledger.path), str(seconds), str(steps), str(self.provider.port)]
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.production.fakes", *fakes, *command],
            cwd=self.folder,
            env=known | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._children.append(child)
        return child

    def end(self) -> None:
        for child in self._children:
            child.kill()
            child.communicate()
        for shot in self.studio.shooting.recent(100):
            if shot.state == "running":
                self.studio.producing.cancel(shot.id)
        self.library.close()
        self.studio.close()
        swept()


def swept() -> None:
    """Collect the connections that DBOS's threads held when it was shut down: they are closed, though not by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def killed(child: "subprocess.Popen[str]", how: signal.Signals = signal.SIGKILL) -> None:
    """Send the signal, and wait for the end."""
    child.send_signal(how)
    child.wait(60)


@contextmanager
def staged(settings: Settings, folder: Path, **fakes: Any) -> Iterator[Stage]:
    """A stage of its own: `fakes` are those of `fakes.models`."""
    ledger, seconds = Ledger(folder / "ledger"), fakes.pop("provider_seconds", 0.05)
    with Provider(knows_keys=fakes.get("knows_keys", True), seconds=seconds).running() as provider:
        made = models(ledger.path, port=provider.port, **fakes)
        stage = Stage(
            settings=settings,
            folder=folder,
            provider=provider,
            ledger=ledger,
            studio=open_studio(settings, made),
            library=open_library(settings),
            models=made,
        )
        try:
            yield stage
        finally:
            stage.end()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Where a run's tests keep everything, once for each kind."""
    settings = Settings(home=tmp_path_factory.mktemp("home"), poll_seconds=0.02)
    if request.param == "sqlite":
        return settings
    config = request.config
    url, name = shared_postgres(config.add_cleanup).create(), shared_bucket(config.add_cleanup).create()
    return replace(settings, database_url=url, assets_url=f"s3://{name}/prefix")


@pytest.fixture
def settings(kept: Settings, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Settings:
    if kept.assets_url is not None:
        shared_bucket(pytestconfig.add_cleanup).announce(monkeypatch)
    return kept


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats, sweeps and looks many times a second."""
    for name, seconds in (
        ("session.BEAT_SECONDS", 0.1),
        ("session.SWEEP_SECONDS", 0.3),
        ("workflows.LOOK_SECONDS", 0.05),
    ):
        monkeypatch.setattr(f"samecast.production.{name}", seconds)
    monkeypatch.setattr("samecast.services.making.COLLECT_SECONDS", 0.05)


@pytest.fixture
def stage(settings: Settings, tmp_path: Path, quick: None) -> Iterator[Stage]:
    with staged(settings, tmp_path) as made:
        yield made
