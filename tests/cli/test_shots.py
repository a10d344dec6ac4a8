"""`samecast shots` and the new options of `samecast shoot`: their documents, exit statuses and one-line errors."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Outcome, Samecast
from tests.cli.test_commands import one_clear_line
from tests.production.conftest import Stage, staged, until

from samecast.cli import run
from samecast.settings import Settings, load_settings
from samecast.wiring import open_studio, sample_picture


@pytest.fixture(autouse=True)
def unruffled() -> Iterator[None]:
    """A worker takes the signals for itself: this process gets them back."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.getsignal(name) for name in names}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.fixture
def stage(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("SAMECAST_POLL_SECONDS", "0.02")
    monkeypatch.setattr("samecast.services.making.COLLECT_SECONDS", 0.05)
    with staged(Settings(home=load_settings().home, poll_seconds=0.02), home) as made:
        yield made


@pytest.fixture
def samecast(stage: Stage, capsys: pytest.CaptureFixture[str]) -> Samecast:
    def call(*arguments: object) -> Outcome:
        status = run(lambda: open_studio(more_models=stage.models), [str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err)

    return call


def shoot(samecast: Samecast, *more: object) -> Outcome:
    return samecast("shoot", "an empty square", "--model", "slow", "--image", *more)


def test_a_shot_is_made_here_and_now_and_shown(samecast: Samecast, stage: Stage):
    made = shoot(samecast, "--takes", 2, "--out", "out", "--json")
    assert made.status == 0, made.err
    document = made.document
    assert (document["state"], document["rounds"], document["goal"]) == ("done", 1, None)
    assert [take["state"] for take in document["takes"]] == ["done", "done"]
    assert all(Path(take["path"]).is_file() for take in document["takes"])
    shown = samecast("shots", "show", document["shot"], "--json")
    assert shown.status == 0
    assert shown.document == {key: value for key, value in document.items() if key != "brief"}
    listed = samecast("shots", "list", "--json").document["shots"]
    assert [shot["shot"] for shot in listed] == [document["shot"]]
    assert document["shot"] in samecast("shots", "list").out
    assert "an empty square" in samecast("shots", "show", document["shot"]).out


def test_detached_a_shot_waits_for_a_worker(samecast: Samecast, stage: Stage):
    queued = shoot(samecast, "--takes", 1, "--detach")
    assert queued.status == 0
    shot = queued.out.strip()
    assert f"samecast shots watch {shot}" in queued.err
    assert stage.ledger.of("render") == []
    document = shoot(samecast, "--takes", 1, "--detach", "--json").document
    assert (document["state"], document["takes"][0]["state"]) == ("running", "waiting")
    assert samecast("worker", "--until-idle").status == 0
    waited = samecast("shots", "wait", shot, "--json")
    assert (waited.status, waited.document["state"]) == (0, "done")
    assert Path(waited.document["takes"][0]["path"]).is_file()


def test_waiting_for_workers_elsewhere(samecast: Samecast, stage: Stage):
    child = stage.spawn("worker", "--queue", "cpu")
    made = shoot(samecast, "--takes", 1, "--wait", "--json")
    assert (made.status, made.document["state"]) == (0, "done")
    assert [entry["pid"] for entry in stage.ledger.entries("render")] == [child.pid]
    shot = made.document["shot"]
    assert f"{shot} running: 0 of 1 takes done" in made.err
    assert Path(made.document["takes"][0]["path"]).is_file()


def waiting(stage: Stage) -> "subprocess.Popen[str]":
    """A command that waits for workers, of whom there are none; it has said so."""
    child = stage.spawn("shoot", "a square", "--model", "slow", "--image", "-n", "1", "--wait")
    assert child.stderr is not None
    nobody = "No worker takes cpu just now. Start one, here or elsewhere: samecast worker"
    said = [line for _, line in zip(range(20), iter(child.stderr.readline, nobody + "\n"), strict=False)]
    assert len(said) < 20, said
    return child


def test_waiting_where_nobody_works_says_so_and_ends_with_the_shot(stage: Stage):
    child = waiting(stage)
    (shot,) = stage.studio.shooting.recent()
    stage.studio.producing.cancel(shot.id)
    said = child.communicate(timeout=30)[1]
    assert child.returncode == 0, said
    assert f"{shot.id} cancelled" in said


def test_cancel_resume_retry(samecast: Samecast, stage: Stage):
    shot = shoot(samecast, "--takes", 1, "--detach").out.strip()
    cancelled = samecast("shots", "cancel", shot)
    assert cancelled.status == 0
    assert f"samecast shots resume {shot}" in cancelled.err
    assert samecast("shots", "show", shot, "--json").document["state"] == "cancelled"
    detached = samecast("shots", "resume", shot, "--detach", "--json")
    assert (detached.status, detached.document["state"]) == (0, "running")
    samecast("shots", "cancel", shot)
    stage.engine.fail = "square"
    broken = samecast("shots", "resume", shot, "--json")
    assert broken.status == 0
    assert [take["state"] for take in broken.document["takes"]] == ["failed"]
    assert "The engine refused." in broken.document["takes"][0]["error"]
    assert "take 1 failed" in samecast("shots", "show", shot).out
    stage.engine.fail = ""
    retried = samecast("shots", "retry", shot, "--json")
    assert (retried.status, retried.document["takes"][0]["state"]) == (0, "done")
    again = samecast("shots", "cancel", shot)
    assert (again.status, again.err.strip()) == (0, f"The shot {shot} was done already.")
    assert "No take of the shot" in one_clear_line(samecast("shots", "retry", shot))


def test_export_elsewhere(samecast: Samecast, stage: Stage):
    made = shoot(samecast, "--takes", 1, "--out", "out", "--json").document
    exported = samecast("shots", "export", made["shot"], "--out", "elsewhere", "--json")
    assert exported.status == 0
    (take,) = exported.document["takes"]
    assert Path(take["path"]).parent == Path("elsewhere").absolute()
    assert Path(take["path"]).read_bytes() == Path(made["takes"][0]["path"]).read_bytes()


@pytest.mark.parametrize("command", ["show", "cancel", "resume", "retry", "wait", "export"])
def test_a_shot_there_is_not(samecast: Samecast, command: str):
    assert "There is no shot nothing" in one_clear_line(samecast("shots", command, "nothing"))


def test_a_goal_and_its_budget(samecast: Samecast, stage: Stage):
    """The fakes paint nobody, so nothing holds, and the budget ends it."""
    samecast("cast", "add", sample_picture("astronaut.png"), "--name", "Eileen")
    made = samecast("shoot", "@eileen", "-m", "slow", "--image", "-n", 1, "--until", 0.9, "--budget", 2, "--json")
    assert made.status == 0, made.err
    assert made.document["goal"] == {"until": 0.9, "enough": 1, "most_takes": 2, "most_money": None}
    assert [take["round"] for take in made.document["takes"]] == [1, 2]
    assert "the budget of 2 takes is used up" in made.document["why"]
    paid = samecast(
        "shoot", "@eileen", "-m", "hosted", "--image", "-n", 1, "--until", 0.9, "--budget", "0.11", "--json"
    )
    assert paid.document["goal"]["most_money"] == 0.11
    assert (paid.document["spent"], len(stage.provider.posts)) == (0.08, 2)
    assert "$0.08 of $0.11 is spent, and another take costs $0.04" in paid.document["why"]


@pytest.mark.parametrize(
    "options",
    [
        ["--until", "0.9"],
        ["--budget", "6"],
        ["--until", "7", "--budget", "6"],
        ["--until", "0.9", "--budget", "six"],
        ["--until", "0.9", "--budget", "2", "--enough", "3"],
        ["--until", "0.9", "--budget", "6"],  # nobody is named who could hold
    ],
)
def test_a_goal_that_cannot_be_worked_towards(samecast: Samecast, options: list[str], stage: Stage):
    one_clear_line(shoot(samecast, *options))
    assert stage.studio.shooting.recent() == []


def test_detach_and_wait_are_one_or_the_other(samecast: Samecast):
    assert shoot(samecast, "--detach", "--wait").status == 2


def test_ctrl_c_cancels_keeps_what_is_finished_and_resume_goes_on(samecast: Samecast, stage: Stage):
    child = stage.spawn(
        "shoot", "an empty square", "--model", "slow", "--image", "-n", "2", "--out", "out", seconds=2.0, steps=40
    )
    until(lambda: len(stage.ledger.of("render")) == 2, "the second take begun")
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=30)[1]
    assert child.returncode == 130, said
    (shot,) = stage.studio.shooting.recent()
    assert (shot.state, sorted(take.state for take in shot.takes)) == ("cancelled", ["done", "waiting"])
    assert f"samecast shots resume {shot.id}" in said
    assert len(stage.ledger.of("rendered")) == 1
    resumed = samecast("shots", "resume", shot.id, "--json")
    assert (resumed.status, resumed.document["state"]) == (0, "done")
    assert len(stage.ledger.of("rendered")) == 2
    stage.sound(shot)


def test_ctrl_c_reaches_a_shot_that_waits_for_others(stage: Stage):
    child = waiting(stage)
    child.send_signal(signal.SIGINT)
    try:
        said = child.communicate(timeout=30)[1]
    except subprocess.TimeoutExpired:
        pytest.fail("it did not end")
    assert child.returncode == 130
    (shot,) = stage.studio.shooting.recent()
    assert f"samecast shots wait {shot.id}" in said
    assert shot.state == "running"
