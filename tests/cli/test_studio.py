"""`samecast studio`: what it says, what it refuses, and its end."""

import http.client
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tests.cli.conftest import Outcome, Samecast
from tests.cli.test_commands import one_clear_line

from samecast.cli.studio import Beside
from samecast.services.producing import Producing

COMMAND = (sys.executable, "-W", "ignore", "-c", "from samecast.wiring import main; main()", "studio", "--no-browser")
PASSWORD = "correct horse battery"


class Running:
    """The command while it runs; what it says is read as it says it."""

    def __init__(self, *options: str, home: Path, **environment: str) -> None:
        said = {**os.environ, "SAMECAST_HOME": str(home), "COLUMNS": "200", **environment}
        self.process = subprocess.Popen(
            [*COMMAND, *options], env=said, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.err = ""
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.err += line

    @property
    def port(self) -> int:
        found = re.search(r"http://[^/\s]+:(\d+)/", self.first)
        assert found is not None, self.first + self.err
        return int(found[1])

    def get(self, path: str, host: str = "") -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        line.request("GET", path, headers={"host": host or f"127.0.0.1:{self.port}", "connection": "close"})
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer

    def end(self, number: int = signal.SIGINT) -> Outcome:
        self.process.send_signal(number)
        assert self.process.stdout is not None
        rest = self.process.stdout.read()
        self.process.stdout.close()
        status = self.process.wait(60)
        self._reading.join(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return Outcome(status, self.first + rest, self.err)


Run = Callable[..., Running]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    running: list[Running] = []

    def begin(*options: str, **environment: str) -> Running:
        running.append(Running("--port", "0", "--no-worker", *options, home=tmp_path / "home", **environment))
        return running[-1]

    yield begin
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def samecast(home: Path, capfd: pytest.CaptureFixture[str]) -> Samecast:
    """The command in this process, for what ends before anything is served."""
    from samecast.cli import run as command
    from samecast.wiring import open_studio

    def calling(*arguments: object) -> Outcome:
        capfd.readouterr()
        status = command(open_studio, ["studio", "--no-browser", "--no-worker", *(str(one) for one in arguments)])
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return calling


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_says_where_it_is_answers_and_ends_when_told(run: Run, number: int):
    studio = run()
    assert studio.first.startswith("The studio is at http://127.0.0.1:")
    assert studio.get("/").status == 200
    assert studio.get("/", host="evil.example").status == 421
    ended = studio.end(number)
    assert ended.status == 0
    assert ended.err.strip() == "Ended. Shots go on when the studio, or a worker, is started again."
    assert ended.out == studio.first


def test_a_worker_works_beside_it_and_ends_with_it(tmp_path: Path):
    studio = Running("--port", "0", home=tmp_path / "home")
    children = Path(f"/proc/{studio.process.pid}/task/{studio.process.pid}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    assert sum(b"worker" in command for command in commands) == 1
    assert studio.end().status == 0
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Beside, SimpleNamespace]]:
    """What looks after a worker that only sleeps, and what this machine can serve."""
    producing = SimpleNamespace(served=("cpu",))
    monkeypatch.setattr("samecast.cli.studio.WORKER", (sys.executable, "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr("samecast.cli.studio.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("samecast.cli.studio.AGAIN_SECONDS", 0.05)
    with Beside(cast(Producing, producing)) as watching:
        yield watching, producing
    assert watching._child.poll() is not None


def until(true: Callable[[], object]) -> None:
    ends = time.monotonic() + 30
    while not true():
        assert time.monotonic() < ends, "it never came to be"
        time.sleep(0.02)


def test_a_worker_that_ends_by_itself_has_another_take_its_place(
    beside: tuple[Beside, SimpleNamespace], capfd: pytest.CaptureFixture[str]
):
    watching, _ = beside
    first = watching._child
    first.kill()
    until(lambda: watching._child is not first)
    assert watching._child.poll() is None
    assert "ended by itself; another one begins" in capfd.readouterr().err


def test_what_can_be_served_since_has_a_worker_that_serves_it(beside: tuple[Beside, SimpleNamespace]):
    watching, producing = beside
    first = watching._child
    producing.served = ("cpu", "mage")
    until(lambda: watching._child is not first)
    until(lambda: first.poll() is not None)
    second = watching._child
    time.sleep(0.3)
    assert watching._child is second, "it is replaced once"
    assert second.poll() is None


def test_a_port_that_is_taken(samecast: Samecast):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = one_clear_line(samecast("--port", port))
    assert f"cannot be served on 127.0.0.1:{port}" in said
    assert "--port" in said


def test_an_address_that_is_not_here(samecast: Samecast):
    assert "cannot be served on no.such.host.invalid" in one_clear_line(samecast("--host", "no.such.host.invalid"))


@pytest.mark.parametrize("password", ["x", "elevenchars", "x" * 2000])
def test_a_password_of_another_length(samecast: Samecast, monkeypatch: pytest.MonkeyPatch, password: str):
    monkeypatch.setenv("SAMECAST_STUDIO_PASSWORD", password)
    said = one_clear_line(samecast("--port", 0))
    assert "12 to 1024 characters" in said
    assert "SAMECAST_STUDIO_PASSWORD" in said
    assert password not in said or password == "x"


@pytest.mark.parametrize("url", ["studio.example.org", "ftp://a", "https://a/path", "https://user:secret@a"])
def test_a_public_url_that_is_none(samecast: Samecast, url: str):
    assert "--public-url" in one_clear_line(samecast("--port", 0, "--public-url", url))


@pytest.mark.parametrize("options", [["--port", "70000"], ["--port", "x"], ["--host"], ["--passwort"]])
def test_options_that_make_no_sense(samecast: Samecast, options: list[str]):
    assert samecast(*options).status == 2


def test_where_others_reach_it_a_password_is_made_up_and_said_once(run: Run, tmp_path: Path):
    first = run("--host", "0.0.0.0")
    assert first.get("/").status == 401
    ended = first.end()
    found = re.search(r"Its password, made up just now, is (\S+)\n", ended.out)
    assert found is not None, ended
    kept = tmp_path / "home" / "studio" / "password"
    assert kept.read_text() == found[1]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert str(kept) in ended.err
    again = run("--host", "0.0.0.0").end()
    assert found[1] not in again.out + again.err
    assert str(kept) in again.err


def test_a_password_of_ones_own_is_never_said(run: Run, tmp_path: Path):
    studio = run("--host", "0.0.0.0", SAMECAST_STUDIO_PASSWORD=PASSWORD)
    assert studio.get("/").status == 401
    ended = studio.end()
    assert PASSWORD not in ended.out + ended.err
    assert not (tmp_path / "home" / "studio" / "password").exists()


def test_on_loopback_a_password_is_asked_for_if_there_is_one(run: Run):
    studio = run(SAMECAST_STUDIO_PASSWORD=PASSWORD)
    assert studio.get("/").status == 401
    assert studio.get("/enter").status == 200
    assert studio.end().status == 0


def test_behind_a_proxy_it_answers_to_that_name_alone(run: Run):
    studio = run("--public-url", "https://studio.example.org/", "--host", "127.0.0.1")
    assert studio.first.startswith("The studio is at https://studio.example.org ")
    assert studio.end().status == 0
