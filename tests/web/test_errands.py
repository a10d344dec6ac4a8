"""What takes long runs once, in its lane's turn, can be stopped, and is told as it ended."""

import threading
from collections.abc import Callable

import pytest

from samecast.core.errors import InvalidInput
from samecast.web.parts.errands import Errands, Moved, Standing, size

PATIENCE = 20.0


def ended(errands: Errands, name: str) -> Standing:
    """How it stands once it goes no more."""
    over = threading.Event()
    for _ in range(2000):
        standing = errands.get(name)
        assert standing is not None
        if not standing.going:
            return standing
        over.wait(0.01)
    raise AssertionError(f"{name} never ended")


def held(gate: threading.Event, begun: threading.Event) -> Callable[[Moved], str]:
    """Something that goes on until the gate is opened, and tells of one step before and one after."""

    def do(moved: Moved) -> str:
        moved("step", 1, 4)
        begun.set()
        assert gate.wait(PATIENCE)
        moved("step", 2, 4)
        return "outcome"

    return do


def test_it_is_told_as_it_goes_and_what_it_came_to():
    errands, gate, begun = Errands(), threading.Event(), threading.Event()
    assert errands.get("one") is None
    assert errands.begin("one", held(gate, begun))
    assert begun.wait(PATIENCE)
    going = errands.get("one")
    assert going is not None
    assert (going.state, going.step, going.share) == ("running", "step", 0.25)
    assert errands.going("o") == ["one"]
    assert not errands.begin("one", held(gate, begun))
    gate.set()
    done = ended(errands, "one")
    assert (done.state, done.outcome, done.share) == ("done", "outcome", 0.5)
    assert done.seconds > 0
    assert errands.get("one") == done
    assert errands.going("o") == []


def test_it_ends_at_its_next_step_once_stopped_and_can_be_begun_again():
    errands, gate, begun = Errands(), threading.Event(), threading.Event()
    errands.begin("one", held(gate, begun))
    assert begun.wait(PATIENCE)
    errands.stop("one")
    stopping = errands.get("one")
    assert stopping is not None
    assert stopping.state == "stopping"
    gate.set()
    assert ended(errands, "one").state == "stopped"
    errands.stop("one")
    errands.stop("never begun")
    assert ended(errands, "one").state == "stopped"
    assert errands.begin("one", held(gate, begun))
    assert ended(errands, "one").state == "done"


def test_those_of_a_lane_wait_for_each_other_and_can_be_stopped_while_they_wait():
    errands, gate, begun = Errands(), threading.Event(), threading.Event()
    second = threading.Event()
    errands.begin("one", held(gate, begun), lane="lane")
    assert begun.wait(PATIENCE)
    errands.begin("two", lambda moved: second.set(), lane="lane")
    errands.begin("elsewhere", lambda moved: "at once", lane="another")
    assert ended(errands, "elsewhere").outcome == "at once"
    waiting = errands.get("two")
    assert waiting is not None
    assert waiting.state == "waiting"
    errands.stop("two")
    assert ended(errands, "two").state == "stopped"
    gate.set()
    ended(errands, "one")
    assert not second.is_set()


def test_what_goes_wrong_is_kept_as_an_error(caplog: pytest.LogCaptureFixture):
    errands = Errands()

    def fails(moved: Moved) -> None:
        raise InvalidInput("No.", hint="Yes.")

    def breaks(moved: Moved) -> None:
        raise ZeroDivisionError

    errands.begin("fails", fails)
    assert str(ended(errands, "fails").error) == "No. Yes."
    errands.begin("breaks", breaks)
    broken = ended(errands, "breaks")
    assert broken.state == "failed"
    assert "log has more" in str(broken.error)
    assert "an errand broke" in caplog.text


def test_time_left_is_told_once_the_pace_says_something():
    assert Standing(state="running", done=1, total=4, seconds=10.0).seconds_left == 30.0
    for quiet in (
        Standing(state="running", done=1, total=4, seconds=1.0),
        Standing(state="running", done=0, total=4, seconds=10.0),
        Standing(state="stopping", done=1, total=4, seconds=10.0),
        Standing(state="running", done=0, total=0, seconds=10.0),
    ):
        assert quiet.seconds_left is None


def test_sizes_are_said_as_people_say_them():
    assert [size(n) for n in (0, 999, 1500, 13_400_000_000)] == ["0 bytes", "999 bytes", "1.5 kB", "13.4 GB"]
