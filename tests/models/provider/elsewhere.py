"""Tests in another Python: workers that are killed, and what is imported where nothing else has been yet."""

import subprocess
import sys
import threading
from pathlib import Path
from signal import SIGKILL
from typing import ClassVar

from tests.models.provider.life import AnyDesk, Tables


class Killed(Tables):
    """`worker` is code that leads the vendor's client to `url`, where the environment does not. `finds`: whether the
    engine itself knows what became of a key.
    """

    worker: ClassVar[str] = ""
    finds: ClassVar[bool] = True

    def test_a_worker_that_is_killed_loses_nothing(self, desk: AnyDesk):
        """It is killed when the job is begun, and nobody else was told its ticket."""
        code = f"""
import os, sys
from pathlib import Path
from signal import SIGKILL
from {type(self).__module__.rpartition(".")[0]}.conftest import desk_of
home, url = Path(sys.argv[1]), sys.argv[2]
{self.worker}
desk = desk_of(None, home).of({desk.profile.id!r})
ticket = desk.submit(*desk.shown)
print(ticket, flush=True)
desk.engine().collect(ticket)
os.kill(os.getpid(), SIGKILL)
"""
        run = python(code, str(desk.home), desk.server.url)
        assert run.returncode == -SIGKILL, run.stderr
        ticket = run.stdout.strip()
        assert desk.engine().find("take.1") == (ticket if self.finds else None)
        assert desk.engine().find("take.2") is None
        assert desk.came(ticket).file
        assert len(desk.server.jobs) == 1, "it was made twice"


def python(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run this elsewhere. Its end is waited for without sleeping, which no test of a provider lets anybody do."""
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        ending = threading.Timer(120, started.kill)
        ending.start()
        out, err = started.communicate()
        ending.cancel()
    return subprocess.CompletedProcess(command, started.returncode, out, err)


def check_light(name: str, entries: str, keys: dict[str, str], *packages: str) -> None:
    """Neither building an engine of these entries nor checking it imports any of these packages."""
    code = f"""
import sys
from importlib import import_module
from pathlib import Path
from samecast.models.catalogue import parse_catalogue
from tests.models.provider.desk import parts
for profile in parse_catalogue(sys.argv[1]).values():
    engine = import_module("samecast.models.{name}").build(profile, parts(Path("."), {keys!r}))
    engine.check(), engine.version
found = [name for name in sys.modules if name.startswith({packages!r})]
assert not found, found
"""
    run = python(code, entries)
    assert run.returncode == 0, run.stderr
