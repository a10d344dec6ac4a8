"""One model, one batch at a time: takes wait for their turn, are made together, stop alone, and idle models go."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from samecast.core.errors import RenderFailed, Stopped
from samecast.core.prompt import Brief
from samecast.core.recipe import Recipe
from samecast.models.diffusers.resident import Company, Resident, Seat
from samecast.ports import Render

LONG = 20.0
"""Seconds after which a test gives up."""


def recipe(seed: int) -> Recipe:
    return Recipe(
        model="m", engine_version="1", kind="image", prompt="", brief=Brief(), members=(), width=8, height=8, seed=seed
    )


@dataclass
class Model:
    """Makes frames of the seed's shade in `steps` steps, each once `go` is set; counts what is made at once."""

    steps: int = 2
    go: threading.Event = field(default_factory=threading.Event)
    batches: list[list[int]] = field(default_factory=list)
    at_work: int = 0
    made: int = 0
    """Steps that were made."""
    most_at_work: int = 0
    fail: Callable[[], None] = field(default=lambda: None)

    def make(self, company: Company) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            self.batches.append([seat.order.recipe.seed for seat in company.seats])
            for step in range(self.steps):
                company.step("render", step, self.steps)
                self.made += 1
                self.fail()
                assert self.go.wait(LONG)
            for seat in company.seats:
                seat.frames = [np.full((8, 8, 3), seat.order.recipe.seed, np.uint8)]
        finally:
            self.at_work -= 1


@dataclass
class Taker:
    """A take in a thread of its own."""

    resident: Resident[object]
    model: Model
    seed: int
    most: int = 1
    alike: str = "same"
    stop: bool = False
    told: list[tuple[str, int, int]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    error: BaseException | None = None
    shade: int | None = None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        seat = Seat(Render(recipe=recipe(self.seed), references={}, on_step=self._step))
        try:
            self.resident.serve(seat, alike=self.alike, most=self.most, make=self.model.make)
            self.shade = int(seat.frames[0][0, 0, 0])
        except BaseException as error:
            self.error = error

    def _step(self, name: str, done: int, total: int) -> None:
        self.told.append((name, done, total))
        self.threads.add(threading.get_ident())
        if self.stop:
            raise Stopped("Enough.")

    def end(self) -> None:
        self.thread.join(LONG)
        assert not self.thread.is_alive()


def until(true: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < LONG, "it never came true"
        time.sleep(0.005)


@pytest.fixture
def resident() -> Iterator[Resident[object]]:
    place: Resident[object] = Resident()
    yield place
    place.free()


@pytest.fixture
def model() -> Model:
    return Model()


def test_takes_wait_for_each_other_and_can_be_stopped_meanwhile(resident: Resident[object], model: Model):
    first = Taker(resident, model, 1)
    until(lambda: bool(model.batches))
    second, third = Taker(resident, model, 2), Taker(resident, model, 3)
    until(lambda: ("wait", 0, 1) in second.told and ("wait", 0, 1) in third.told)
    second.stop = True
    second.end()
    assert isinstance(second.error, Stopped)
    model.go.set()
    first.end()
    third.end()
    assert (first.shade, second.shade, third.shade) == (1, None, 3)
    assert model.batches == [[1], [3]]
    assert model.most_at_work == 1


def test_those_that_are_asked_for_at_once_are_made_together(model: Model):
    resident: Resident[object] = Resident(gather_seconds=LONG)  # it goes on as soon as all are there
    takers = [Taker(resident, model, seed, most=3) for seed in (1, 2, 3)]
    until(lambda: bool(model.batches))
    model.go.set()
    for taker in takers:
        taker.end()
    assert [sorted(batch) for batch in model.batches] == [[1, 2, 3]]
    resident.free()


def test_those_that_wait_alike_are_made_together(resident: Resident[object], model: Model):
    first = Taker(resident, model, 1, most=3)
    until(lambda: bool(model.batches))
    others = [Taker(resident, model, seed, most=3) for seed in (2, 3, 4, 5)]
    other = Taker(resident, model, 9, most=3, alike="another shot")
    until(lambda: all(("wait", 0, 1) in taker.told for taker in [*others, other]))
    model.go.set()
    for taker in [first, *others, other]:
        taker.end()
    assert [taker.shade for taker in [first, *others, other]] == [1, 2, 3, 4, 5, 9]
    assert sorted(len(batch) for batch in model.batches) == [1, 1, 1, 3]
    assert sorted(seed for batch in model.batches for seed in batch) == [1, 2, 3, 4, 5, 9]
    assert model.most_at_work == 1
    assert all(len(taker.threads) == 1 for taker in others), "a step was told by another take's thread"


@pytest.mark.parametrize("whose", [0, 1])
def test_one_of_several_is_stopped_alone(resident: Resident[object], model: Model, whose: int):
    blocking = Taker(resident, model, 9, alike="before")
    until(lambda: bool(model.batches))
    pair = [Taker(resident, model, seed, most=2) for seed in (1, 2)]
    until(lambda: all(("wait", 0, 1) in taker.told for taker in pair))
    model.fail = lambda: until(lambda: len(model.batches) < 2 or bool(stopped))
    stopped: list[int] = []
    model.go.set()
    until(lambda: len(model.batches) == 2)
    pair[whose].stop = True
    stopped.append(whose)
    for taker in [blocking, *pair]:
        taker.end()
    assert isinstance(pair[whose].error, Stopped)
    assert pair[1 - whose].shade == pair[1 - whose].seed


def test_once_nobody_wants_it_making_ends(resident: Resident[object], model: Model):
    model.steps = 10**6
    model.go.set()
    only = Taker(resident, model, 1)
    until(lambda: len(only.told) > 2)
    only.stop = True
    only.end()
    assert isinstance(only.error, Stopped)
    assert model.at_work == 0
    assert model.made < model.steps, "it was made to its end for nobody"


def test_what_making_raises_reaches_every_take(resident: Resident[object], model: Model):
    blocking = Taker(resident, model, 9, alike="before")
    until(lambda: bool(model.batches))
    pair = [Taker(resident, model, seed, most=2) for seed in (1, 2)]
    until(lambda: all(("wait", 0, 1) in taker.told for taker in pair))

    def fail() -> None:
        if len(model.batches) > 1:
            raise RenderFailed("It broke.", hint="Mend it.")

    model.fail = fail
    model.go.set()
    for taker in [blocking, *pair]:
        taker.end()
    assert blocking.shade == 9
    assert all(isinstance(taker.error, RenderFailed) for taker in pair)


# --- the model ------------------------------------------------------------------------------------------------------


def held(resident: Resident[object], key: str, log: list[str]) -> None:
    def load() -> object:
        log.append(f"load {key}")
        return object()

    def make(company: Company) -> None:
        resident.hold(key, load)
        log.append(f"use {key}")

    resident.serve(Seat(Render(recipe=recipe(1), references={})), alike=key, most=1, make=make)


def test_one_model_at_a_time(resident: Resident[object]):
    log: list[str] = []
    for key in ("a", "a", "b", "a"):
        held(resident, key, log)
        assert resident.holds == key
    assert log == ["load a", "use a", "use a", "load b", "use b", "load a", "use a"]


def test_an_idle_model_goes_and_a_used_one_stays():
    resident: Resident[object] = Resident(idle_seconds=0.2)
    log: list[str] = []
    for _ in range(6):
        held(resident, "a", log)
        time.sleep(0.05)
    assert log.count("load a") == 1
    until(lambda: resident.holds == "")
    held(resident, "a", log)
    assert log.count("load a") == 2
    resident.free()
    assert resident.holds == ""


def test_a_spoilt_model_is_let_go_with_all_that_its_error_holds(resident: Resident[object]):
    import gc
    import weakref

    class Large:
        pass

    kept: list[weakref.ref[Large]] = []

    def load() -> object:
        large = Large()
        kept.append(weakref.ref(large))
        return large

    def make(company: Company) -> None:
        model = resident.hold("a", load)
        resident.spoil()
        raise RenderFailed(f"{type(model).__name__} broke.", hint="Mend it.")

    with pytest.raises(RenderFailed) as caught:
        resident.serve(Seat(Render(recipe=recipe(1), references={})), alike="a", most=1, make=make)
    assert resident.holds == ""
    gc.collect()
    assert kept[0]() is None, f"{caught.value} still holds it"
