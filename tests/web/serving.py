"""A studio that is really served, in a process of its own, on a free port of this machine."""

import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MAIN = "from samecast.wiring import main; main()"
COMMAND = (sys.executable, "-W", "ignore", "-c", MAIN)
READY_SECONDS, ENDS_SECONDS = 90.0, 30.0


@dataclass(slots=True)
class Served:
    """A studio that is served: `url` without a slash at its end, `home` its own."""

    url: str
    home: Path
    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)

    def run(self, *arguments: str) -> str:
        """The command line beside it, on the same library; what it says on stdout."""
        return run(self.home, *arguments)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def run(home: Path, *arguments: str) -> str:
    """The command line on the library in `home`; what it says on stdout."""
    done = subprocess.run([*COMMAND, *arguments], env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def serve(home: Path, *options: str, before: str = "", **more: str) -> Served:
    """Serve the library in `home`, with `more` in its environment; the caller stops it.

    `before`: Python that is run first in the server's process.
    """
    process = subprocess.Popen(
        [*COMMAND[:-1], f"{before}\n{MAIN}", "studio", "--no-browser", "--port", "0", *options],
        env={**environment(home), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(url="", home=home, process=process)
    ready = threading.Event()
    threading.Thread(target=_listen, args=(served, ready), daemon=True).start()
    if not ready.wait(READY_SECONDS) or not served.url:
        served.stop()
        pytest.fail("The studio was not served: " + " ".join(served.said))
    return served


def environment(home: Path) -> dict[str, str]:
    """In which a command works on the library in `home`."""
    return {**os.environ, "SAMECAST_HOME": str(home), "COLUMNS": "200"}


def _listen(served: Served, ready: threading.Event) -> None:
    """Read what it says to the end, so that it never waits for a reader."""
    assert served.process.stdout is not None
    try:
        for line in served.process.stdout:
            served.said.append(line.strip())
            if not served.url and (found := re.search(r"https?://[^\s]+", line)):
                served.url = found[0].rstrip("/")
                ready.set()
    except ValueError:  # closed by who stopped it
        pass
    ready.set()
