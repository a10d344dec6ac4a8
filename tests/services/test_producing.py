"""Having shots made: in the foreground, until told to stop or the library stays away; and waiting for others."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from tests.production.fakes import SLOW, Ledger, SlowEngine
from tests.services.conftest import PasteEngine

from samecast.core.errors import InvalidInput, MissingKey, NotFound, RenderFailed, StorageFailed
from samecast.core.story import Shot, Take
from samecast.ports import Post
from samecast.services import producing as module
from samecast.services.events import Event, TakeFinished
from samecast.services.making import Making, Models
from samecast.services.producing import Producing
from samecast.services.shooting import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio


@pytest.fixture
def kept(studio: Studio, tmp_path: Path) -> Shot:
    asked = Order(prompt="an empty cafe", model="paste", kind="image", takes=2, out=tmp_path / "out")
    return studio.shooting.start(studio.shooting.plan(asked))


def test_a_shot_made_in_the_foreground(studio: Studio, kept: Shot, engine: PasteEngine):
    told: list[Event] = []
    done = studio.producing.make(kept, told.append)
    assert (done.state, [take.state for take in done.takes]) == ("done", ["done", "done"])
    assert [event.number for event in told if isinstance(event, TakeFinished)] in ([1, 2], [2, 1])
    assert all(Path(take.path or "").is_file() for take in done.takes)
    again = studio.producing.make(done)  # nothing is left to do
    assert again == done
    assert len(engine.rendered) == 2


class Nobody:
    """No worker at all: shots stay as they are."""

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        self.check = check
        self.submitted: list[tuple[str, bool]] = []
        self.posts: list[Post] = []

    def submit(self, shot: Shot, *, urgent: bool = False) -> None:
        self.submitted.append((shot.id, urgent))

    @contextmanager
    def working(self, post: Post) -> Iterator[Callable[[], None]]:
        self.posts.append(post)
        yield self.check

    def migrate(self) -> None:
        pass


def without_workers(studio: Studio, production: Nobody) -> Producing:
    whole = studio.producing
    return Producing(
        production=production,
        work=whole.work,
        shots=whole.shots,
        making=whole.making,
        concluding=whole.concluding,
    )


def test_ctrl_c_cancels_what_somebody_waited_for(studio: Studio, kept: Shot):
    def pressed() -> None:
        raise KeyboardInterrupt

    nobody = Nobody(pressed)
    with pytest.raises(KeyboardInterrupt):
        without_workers(studio, nobody).make(kept)
    assert studio.shooting.get(kept.id).state == "cancelled"
    assert nobody.submitted == [(kept.id, True)]
    assert (nobody.posts[0].queues, nobody.posts[0].patience) == (("cpu",), module.FOREGROUND_PATIENCE)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_ctrl_c_that_python_drops_cancels_all_the_same(studio: Studio, kept: Shot):
    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    there = [Finalized()]
    nobody = Nobody(there.clear)  # raised as it goes, where nobody can catch it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            without_workers(studio, nobody).make(kept)
        assert studio.shooting.get(kept.id).state == "cancelled"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_provider_that_cannot_be_told_of_one_take_is_told_of_the_others(studio: Studio, kept: Shot):
    told: list[int] = []

    class Deaf(Making):
        def withdraw(self, take: Take) -> None:
            told.append(take.number)
            raise RenderFailed(f"The provider does not answer about take {take.number}.")

    making = studio.producing.making
    deaf = Deaf(**{field.name: getattr(making, field.name) for field in fields(Making)})
    with pytest.raises(RenderFailed, match="about take 1"):
        replace(studio.producing, making=deaf).cancel(kept.id)
    assert told == [1, 2]
    assert studio.shooting.get(kept.id).state == "cancelled"


def test_a_library_that_stays_away_is_told_and_the_shot_goes_on_later(studio: Studio, kept: Shot):
    def away() -> None:
        raise StorageFailed("The library is away.")

    with pytest.raises(StorageFailed, match="away"):
        without_workers(studio, Nobody(away)).make(kept)
    assert studio.shooting.get(kept.id).state == "running"
    assert studio.producing.make(studio.shooting.get(kept.id)).state == "done"


def test_waiting_ends_with_the_shot_whoever_ends_it(studio: Studio, kept: Shot):
    looked = threading.Event()
    ended: list[Shot] = []
    waiting = threading.Thread(target=lambda: ended.append(studio.producing.wait(kept.id, looked.set)))
    waiting.start()
    assert looked.wait(30)
    assert ended == []
    studio.producing.cancel(kept.id)
    waiting.join(30)
    assert ended[0].state == "cancelled"


def test_busy_says_whether_anything_is_left(studio: Studio, kept: Shot):
    assert studio.producing.busy()
    studio.producing.cancel(kept.id)
    assert not studio.producing.busy()
    studio.producing.resume(kept.id)
    assert studio.producing.busy()
    for take in kept.takes:
        studio.producing.making.score(take.id, studio.producing.making.render(take.id))
    assert studio.producing.busy()  # to be concluded
    studio.producing.concluding.conclude(kept.id)
    studio.producing.concluding.finish(kept.id)
    assert not studio.producing.busy()


@pytest.mark.parametrize("of", ["cancel", "resume", "retry", "wait", "export"])
def test_a_shot_there_is_not(studio: Studio, of: str):
    call: Any = getattr(studio.producing, of)
    with pytest.raises(NotFound, match="no shot nothing"):
        call("nothing")


def test_a_queue_there_is_not_and_what_there_are(studio: Studio):
    assert studio.producing.queues[:2] == ("cpu", "gpu")
    with pytest.raises(InvalidInput, match="There is no queue 'x'"), studio.producing.worker(Post(queues=("cpu", "x"))):
        pass


def test_a_worker_serves_only_what_is_ready_on_its_machine(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger")

    class Keyless(SlowEngine):
        def check(self) -> None:
            raise MissingKey("There is no ACME_KEY.", hint="Set it.")

    far = replace(SLOW, id="far", resource="acme")
    offered: Models = {"slow": (SLOW, SlowEngine(ledger)), "far": (far, Keyless(ledger))}
    with open_studio(Settings(home=tmp_path / "home"), offered) as studio:
        assert "acme" in studio.producing.queues
        assert "acme" not in studio.producing.served
        assert studio.producing.served[0] == "cpu"
        plain = Order(prompt="a square", model="slow", kind="image", takes=1, out=tmp_path / "out")
        studio.shooting.start(studio.shooting.plan(plain))
        assert studio.producing.busy(["cpu"])
        assert not studio.producing.busy(["acme"])
