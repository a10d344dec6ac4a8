"""The disk full, the database gone, the asset store gone: nothing is lost, nothing is made twice for it.

The database and the store are away for longer than a worker may be silent before the others take it for gone.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.library.conftest import Disk
from tests.production.conftest import Stage, staged, until
from tests.servers import Bucket, Postgres

from samecast.core.errors import StorageFailed
from samecast.production.presence import GONE_SECONDS
from samecast.settings import Settings

OUTAGE = 30.0
assert OUTAGE > GONE_SECONDS
# What a server cut off when it ended is dropped by DBOS rather than closed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def on_a_disk(disk: Disk, tmp_path: Path, quick: None) -> Iterator[Stage]:
    folder = tmp_path / "outside"
    folder.mkdir()
    with staged(Settings(home=disk.folder / "home", poll_seconds=0.02), folder) as stage:
        yield stage


def test_on_a_full_disk_a_take_waits_and_is_not_rendered_again(on_a_disk: Stage, disk: Disk):
    stage, fillers = on_a_disk, list[Path]()
    shot = stage.shot()

    def fill() -> None:
        if not fillers:
            fillers.append(disk.fill())

    stage.engine.hold = fill
    with stage.working("cpu"):
        until(lambda: stage.ledger.of("rendered"), "rendered")
        time.sleep(2.0)
        assert stage.get(shot).state == "running"
        fillers[0].unlink()
        stage.done(shot)
    stage.sound(shot)
    assert len(stage.ledger.of("render")) == 1


@pytest.fixture
def on_own_postgres(own_postgres: Postgres, tmp_path: Path, quick: None) -> Iterator[Stage]:
    settings = Settings(home=tmp_path / "home", database_url=own_postgres.create(), poll_seconds=0.02)
    with staged(settings, tmp_path) as stage:
        yield stage


def test_without_their_database_for_a_while_workers_wait_and_go_on(on_own_postgres: Stage, own_postgres: Postgres):
    stage = on_own_postgres
    shots = [stage.shot(), stage.shot(takes=2), stage.shot(model="hosted")]
    go, gone = threading.Event(), threading.Event()

    def take_away() -> None:
        if not gone.is_set():
            go.wait(60)
            gone.set()
            own_postgres.stop()

    stage.engine.hold = take_away
    stage.engine.seconds, stage.engine.steps = 1.0, 20
    stage.spawn("worker", "--queue", "cpu", seconds=4.0, steps=20)
    until(lambda: stage.ledger.of("render"), "the other worker at work")
    with stage.working():
        workers = {card.id for card in stage.library.workers.present()}
        go.set()
        assert gone.wait(60)
        until(lambda: len(stage.ledger.of("rendered")) == 2, "both went on rendering without it")
        time.sleep(OUTAGE)
        own_postgres.start()
        stage.done(*shots, seconds=120)
        # Neither took the other for gone, who could count as little as itself.
        assert {card.id for card in stage.library.workers.present()} == workers
    for shot in shots:
        stage.sound(shot)
    rendered = stage.ledger.of("render")
    assert len(rendered) == len(set(rendered)) == 3
    assert len(stage.provider.posts) == 1


def test_somebody_who_waits_is_told_and_the_shot_goes_on_later(
    on_own_postgres: Stage, own_postgres: Postgres, monkeypatch: pytest.MonkeyPatch
):
    stage = on_own_postgres
    monkeypatch.setattr("samecast.services.producing.FOREGROUND_PATIENCE", 1.0)
    shot = stage.shot(submit=False)
    stage.engine.hold = own_postgres.stop
    with pytest.raises(StorageFailed):
        stage.studio.producing.make(shot)
    stage.engine.hold = lambda: None
    own_postgres.start()
    assert stage.get(shot).state == "running"
    assert stage.studio.producing.make(stage.get(shot)).state == "done"
    stage.sound(shot)


@pytest.fixture
def on_own_bucket(own_bucket: Bucket, tmp_path: Path, quick: None) -> Iterator[Stage]:
    settings = Settings(home=tmp_path / "home", assets_url=f"s3://{own_bucket.create()}/prefix", poll_seconds=0.02)
    with staged(settings, tmp_path) as stage:
        yield stage


def test_without_its_asset_store_for_a_while_a_worker_waits_and_goes_on(on_own_bucket: Stage, own_bucket: Bucket):
    stage = on_own_bucket
    shots = [stage.shot(), stage.shot(model="hosted")]
    gone = threading.Event()

    def take_away() -> None:
        if not gone.is_set():
            gone.set()
            own_bucket.stop()

    stage.engine.hold = take_away
    with stage.working():
        until(lambda: stage.ledger.of("rendered"), "rendered")
        time.sleep(OUTAGE)
        own_bucket.start()
        stage.done(*shots, seconds=120)
    for shot in shots:
        stage.sound(shot)
    assert len(stage.ledger.of("render")) == 1
    assert len(stage.provider.posts) == 1
