"""The workers as the library knows them, and how far their takes are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.library.conftest import NOW

from samecast.core.errors import StorageFailed
from samecast.core.story import Shot
from samecast.library import Library
from samecast.ports import Progress, WorkerCard

MIRA = WorkerCard(
    id="a1", name="mira", machine="m1", pid=7, queues=("cpu", "acme"), version="1", started_at=NOW, beats=0
)


def step(take_id: str, done: int, worker: str = "a1") -> Progress:
    return Progress(take_id=take_id, worker=worker, step="render", done=done, total=9, changed_at=NOW)


def test_a_worker_comes_beats_and_leaves(library: Library) -> None:
    library.workers.join(MIRA)
    assert library.workers.present() == [MIRA]
    assert library.workers.beat("a1")
    assert library.workers.beat("a1")
    library.workers.set_state("a1", "draining")
    assert library.workers.present() == [replace(MIRA, beats=2, state="draining")]
    library.workers.set_state("a1", "gone")
    assert library.workers.present() == []
    assert library.workers.gone() == [replace(MIRA, beats=2, state="gone")]
    library.workers.forget("a1")
    assert library.workers.gone() == []


def test_who_was_declared_gone_learns_it_with_the_next_beat(library: Library) -> None:
    library.workers.join(MIRA)
    library.workers.set_state("a1", "gone")
    assert not library.workers.beat("a1")
    assert library.workers.gone()[0].beats == 0
    assert not library.workers.beat("nobody")


def test_two_of_one_name_are_two(library: Library) -> None:
    library.workers.join(MIRA)
    library.workers.join(replace(MIRA, id="a2", started_at=NOW + timedelta(seconds=1)))
    library.workers.beat("a2")
    assert [(card.id, card.beats) for card in library.workers.present()] == [("a1", 0), ("a2", 1)]
    with pytest.raises(StorageFailed):
        library.workers.join(MIRA)


def test_beats_from_two_threads_are_all_counted(library: Library) -> None:
    library.workers.join(MIRA)
    with ThreadPoolExecutor(2) as threads:
        assert all(threads.map(library.workers.beat, ["a1"] * 20))
    assert library.workers.present()[0].beats == 20


def test_progress_is_the_latest_and_goes_with_the_take_and_the_worker(
    library: Library, a_shot: Callable[..., Shot]
) -> None:
    for shot_id in ("s1", "s2"):
        library.shots.add(a_shot(shot_id))
    library.workers.join(MIRA)
    for progress in (step("s1-t2", 1), step("s1-t1", 3), step("s1-t2", 2), step("s2-t1", 1, "a2")):
        library.workers.note(progress)
    assert library.workers.progress(["s1"]) == [step("s1-t1", 3), step("s1-t2", 2)]
    assert len(library.workers.progress(["s1", "s2"])) == 3
    library.workers.clear("s1-t1")
    assert library.workers.progress(["s1"]) == [step("s1-t2", 2)]
    library.workers.forget("a1")
    assert library.workers.progress(["s1", "s2"]) == [step("s2-t1", 1, "a2")]


def test_progress_of_a_take_there_is_not_disturbs_nobody(library: Library) -> None:
    library.workers.note(step("nothing", 1))
    assert library.workers.progress(["nothing"]) == []


def test_progress_noted_from_two_threads_at_once(library: Library, a_shot: Callable[..., Shot]) -> None:
    library.shots.add(a_shot("s1", takes=8))
    steps = [step(f"s1-t{take}", done) for take in range(1, 9) for done in (1, 2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(library.workers.note, steps))
    assert [progress.take_id for progress in library.workers.progress(["s1"])] == [f"s1-t{n}" for n in range(1, 9)]


# --- what is shown meanwhile ------------------------------------------------------------------------------------


def test_a_take_shows_its_latest_picture_until_it_is_made(library: Library, a_shot: Callable[..., Shot]) -> None:
    library.shots.add(a_shot("s1"))
    library.workers.note(step("s1-t1", 1))
    assert library.workers.preview("s1-t1") is None
    library.workers.show("s1-t1", b"first")
    library.workers.show("s1-t1", b"second")
    assert library.workers.preview("s1-t1") == b"second"
    assert [progress.shown for progress in library.workers.progress(["s1"])] == [2]
    library.workers.clear("s1-t1")
    assert library.workers.preview("s1-t1") is None
    library.workers.show("nothing", b"of nobody")
    assert library.workers.preview("nothing") is None
