"""Who is taken to be gone: by counts that stand still on the watcher's own steady clock, and by dead processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.servers import postgres  # noqa: F401

from samecast.library import Library, open_library
from samecast.ports import WorkerCard
from samecast.production.presence import BEAT_SECONDS, BLIND_SECONDS, GONE_SECONDS, Lookout, alive, this_machine
from samecast.settings import Settings

ME = WorkerCard(id="me", name="one", machine="here", pid=1, queues=("cpu",), version="1", started_at=datetime.now(UTC))
OTHER = replace(ME, id="other", machine="elsewhere", pid=2)


@pytest.fixture(params=["sqlite", "postgres"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Library]:
    """Of its own: nobody else's workers are in it."""
    url = request.getfixturevalue("postgres") if request.param == "postgres" else None
    opened = open_library(Settings(home=tmp_path, database_url=url, assets_url=str(tmp_path / "assets")))
    yield opened
    opened.close()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def lookout(library: Library, clock: Clock, **more: Any) -> Lookout:
    library.workers.join(ME)
    library.workers.join(OTHER)
    return Lookout(workers=library.workers, me=ME.id, machine=ME.machine, clock=clock, **more)


def look(watch: Lookout, clock: Clock, seconds: float) -> list[str]:
    """Look with every beat for so long; who is missing at the end."""
    ends = clock.now + seconds
    while (left := ends - clock.now) > BEAT_SECONDS:
        clock.now += BEAT_SECONDS
        watch.missing()
    clock.now += left
    return [card.id for card in watch.missing()]


def test_a_count_that_stands_still_for_long_enough_is_somebody_gone(library: Library):
    clock = Clock()
    watch = lookout(library, clock)
    assert watch.missing() == []
    assert look(watch, clock, GONE_SECONDS - 1) == []
    assert look(watch, clock, 1) == ["other"]  # and never oneself, who did not beat either


def test_a_beat_in_time_begins_the_waiting_anew(library: Library):
    clock = Clock()
    watch = lookout(library, clock)
    for _ in range(5):
        assert watch.missing() == []
        assert look(watch, clock, GONE_SECONDS - 1) == []
        library.workers.beat("other")
    assert watch.missing() == []
    assert look(watch, clock, GONE_SECONDS) == ["other"]


def test_who_looks_for_the_first_time_waits_too(library: Library):
    """However long the other may have stood still already: nobody's memory but one's own counts."""
    clock = Clock()
    watch = lookout(library, clock)
    clock.now += 10 * GONE_SECONDS
    assert watch.missing() == []


def test_who_could_not_look_for_a_while_blames_nobody_for_that_time(library: Library):
    """The library was away for all of them, or this process stood still."""
    clock = Clock()
    watch = lookout(library, clock)
    assert look(watch, clock, GONE_SECONDS - 1) == []
    clock.now += BLIND_SECONDS + 1
    assert watch.missing() == []
    assert look(watch, clock, GONE_SECONDS - 1) == []
    assert look(watch, clock, 1) == ["other"]


@pytest.mark.parametrize("jump", [timedelta(days=3), timedelta(days=-3)])
def test_a_wall_clock_that_jumps_changes_nothing(library: Library, monkeypatch: pytest.MonkeyPatch, jump: timedelta):
    clock = Clock()
    watch = lookout(library, clock)
    assert watch.missing() == []

    class Jumped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Jumped":
            return super().now(tz) + jump

    monkeypatch.setattr("time.time", lambda: (datetime.now(UTC) + jump).timestamp())
    monkeypatch.setattr("samecast.production.session.datetime", Jumped)
    library.workers.join(replace(ME, id="late", machine="elsewhere", started_at=Jumped.now(UTC)))
    assert look(watch, clock, GONE_SECONDS - 1) == []
    library.workers.beat("other")
    assert look(watch, clock, 1) == []


def test_two_workers_of_one_name_are_two(library: Library):
    clock = Clock()
    watch = lookout(library, clock)
    library.workers.join(replace(OTHER, id="twin", name=OTHER.name))
    watch.missing()
    look(watch, clock, GONE_SECONDS - 1)
    library.workers.beat("twin")
    assert look(watch, clock, 1) == ["other"]


def test_a_process_that_died_on_this_machine_is_missed_at_once(library: Library):
    library.workers.join(replace(OTHER, id="dead", machine="here", pid=77))
    library.workers.join(replace(OTHER, id="living", machine="here", pid=78))
    watch = lookout(library, Clock(), alive=lambda pid: pid != 77)
    assert [card.id for card in watch.missing()] == ["dead"]


def test_a_process_of_another_machine_is_not_looked_for_here(library: Library):
    def never(pid: int) -> bool:
        raise AssertionError(f"looked for {pid}")

    assert lookout(library, Clock(), alive=never).missing() == []


def test_a_process_is_known_to_live_until_it_does_not():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert alive(os.getpid())
    assert alive(child.pid)
    child.communicate()
    assert not alive(child.pid)


def test_somebody_elses_process_lives_too(monkeypatch: pytest.MonkeyPatch):
    def refused(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refused)
    assert alive(1)


def test_this_machine_stays_this_one_and_changes_when_restarted(monkeypatch: pytest.MonkeyPatch):
    assert this_machine() == this_machine()
    before = this_machine()
    monkeypatch.setattr("pathlib.Path.read_text", lambda *of, **how: "00000000-another-boot")
    assert this_machine() != before
