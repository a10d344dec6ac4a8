"""Real engines in real workers that are killed at their worst moment: collected after the restart, charged once."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from skimage import data
from tests.models.bfl.bfl_server import SECRET as BFL_KEY
from tests.models.bfl.bfl_server import BflServer
from tests.models.mage.mage_server import SECRET as MAGE_KEY
from tests.models.mage.mage_server import MageServer
from tests.models.openai.server import KEY as OPENAI_KEY
from tests.models.openai.server import OpenAIServer
from tests.models.provider.server import Answer
from tests.production.conftest import until

FOREVER = 10_000
"""So often a provider is asked before a take is there: until it is told otherwise."""


@dataclass(slots=True, kw_only=True)
class House:
    """A home, the provider its workers are led to, and `samecast` run there as a user runs it."""

    folder: Path
    env: dict[str, str]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = "import sys; from samecast.wiring import main; main(sys.argv[1:])"
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", command, *arguments],
            env=self.env,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        done = self.start(*arguments)
        out, err = done.communicate(timeout=120)
        assert done.returncode == 0, err
        return out

    def shot(self, shot: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("shots", "show", shot, "--json"))
        return found


def house(folder: Path, **env: str) -> House:
    from PIL import Image

    folder.mkdir()
    plain = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    made = House(folder=folder, env=plain | {"SAMECAST_HOME": str(folder / "home"), "NO_PROXY": "*"} | env)
    Image.fromarray(data.astronaut()).save(folder / "eileen.png")
    made.run("cast", "add", "eileen.png", "--name", "Eileen", "--description", "a woman")
    return made


@dataclass(slots=True, kw_only=True)
class Slow:
    """A provider that makes nothing until `finish`. `asked` counts the questions about jobs, `charged` the jobs."""

    env: dict[str, str]
    model: str
    asked: Callable[[], int]
    charged: Callable[[], int]
    finish: Callable[[], None]
    wrong: list[str]


@pytest.fixture(params=["bfl", "mage"])
def slow(request: pytest.FixtureRequest) -> Iterator[Slow]:
    with ExitStack() as stack:
        server: BflServer | MageServer = BflServer() if request.param == "bfl" else MageServer()
        stack.enter_context(server.running())
        server.polls = FOREVER

        def finish() -> None:
            server.polls = 1
            for job in server.jobs.values():
                job.polls = 1

        bfl = request.param == "bfl"
        path = "/v1/get_result" if bfl else "/v1/requests"
        env = {"BFL_API_KEY": BFL_KEY, "BFL_BASE_URL": server.url}
        yield Slow(
            env=env if bfl else {"MAGE_API_KEY": MAGE_KEY, "MAGE_BASE_URL": server.url},
            model="bfl-flux-2-klein-4b" if bfl else "mage-mango",
            asked=lambda: len(server.of("GET", path)),
            charged=lambda: len(server.jobs),
            finish=finish,
            wrong=server.wrong,
        )


def test_a_worker_that_is_killed_while_it_waits_costs_nothing(slow: Slow, tmp_path: Path):
    home = house(tmp_path / "house", **slow.env)
    shoot = ("shoot", "@eileen by the sea", "--model", slow.model, "--image", "--aspect", "1:1")
    shot = home.run(*shoot, "-n", "2", "--out", "out", "--detach").strip()
    worker = home.start("worker", "--slots", "2")
    try:
        until(lambda: slow.charged() == 2 and slow.asked() >= 2, "both are with the provider")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    slow.finish()
    home.run("worker", "--slots", "2", "--until-idle")
    found = home.shot(shot)
    assert [take["state"] for take in found["takes"]] == ["done", "done"], found
    assert slow.charged() == 2, "nothing was ordered twice"
    assert slow.wrong == []
    assert all(Path(take["path"]).is_file() for take in found["takes"])


def test_what_may_have_arrived_at_a_provider_that_answers_at_once_is_not_sent_again(tmp_path: Path):
    server = OpenAIServer()
    hold = threading.Event()
    with server.running():
        env = {"OPENAI_API_KEY": OPENAI_KEY, "OPENAI_BASE_URL": f"{server.url}/v1"}
        home = house(tmp_path / "house", **env)
        server.script.append(Answer(hold=hold, made=True))
        shoot = ("shoot", "@eileen by the sea", "--model", "gpt-image-2.5", "--image", "-n", "1", "--out", "out")
        shot = home.run(*shoot, "--detach").strip()
        worker = home.start("worker")
        try:
            until(lambda: server.made, "it is with the provider")
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.communicate()
        hold.set()
        home.run("worker", "--until-idle")
        take = home.shot(shot)["takes"][0]
        assert (take["state"], take["failure"]) == ("failed", "submission_unsure")
        assert "shots retry" in take["error"]
        assert len(server.made) == 1, "it was not sent again unasked"
        home.run("shots", "retry", shot)
        take = home.shot(shot)["takes"][0]
        assert (take["state"], take["failure"], len(server.made)) == ("done", None, 2)
