"""`samecast worker`: what it says, what it refuses, and its end."""

import signal

import pytest
from tests.cli.conftest import Samecast
from tests.cli.test_commands import one_clear_line
from tests.cli.test_shots import samecast, shoot, stage, unruffled  # noqa: F401
from tests.production.conftest import Stage, until


def test_it_ends_by_itself_once_nothing_waits(samecast: Samecast, stage: Stage):  # noqa: F811
    shots = [shoot(samecast, "--takes", 1, "--detach").out.strip() for _ in range(2)]
    worked = samecast("worker", "--until-idle", "--queue", "cpu", "--slots", 2)
    assert (worked.status, worked.out) == (0, "")
    assert worked.err.startswith("Working on cpu. Ctrl-C ends it.")
    for shot in shots:
        assert f"{shot} take 1 made" in worked.err
        assert stage.studio.shooting.get(shot).state == "done"


def test_a_take_that_fails_is_said(samecast: Samecast, stage: Stage):  # noqa: F811
    stage.engine.fail = "square"
    shot = shoot(samecast, "--takes", 1, "--detach").out.strip()
    worked = samecast("worker", "--until-idle")
    assert f"{shot} take 1 failed The engine refused." in worked.err


def test_a_queue_there_is_not(samecast: Samecast):  # noqa: F811
    said = one_clear_line(samecast("worker", "--queue", "gpus"))
    assert "There is no queue 'gpus'. Queues here: cpu, gpu, mage" in said


@pytest.mark.parametrize("options", [["--slots", "0"], ["--slots", "many"], ["--drain", "-1"]])
def test_options_that_make_no_sense(samecast: Samecast, options: list[str]):  # noqa: F811
    assert samecast("worker", *options).status == 2


def test_a_hang_up_ends_it_too(stage: Stage):  # noqa: F811
    child = stage.spawn("worker", "--name", "mira")
    until(lambda: [card.name for card in stage.library.workers.present()] == ["mira"], "there")
    child.send_signal(signal.SIGHUP)
    said = child.communicate(timeout=60)[1]
    assert child.returncode == 0, said
    assert "Ended." in said
    assert stage.library.workers.present() == stage.library.workers.gone() == []
