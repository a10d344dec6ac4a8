"""`samecast studio`: the studio in the browser, and a worker beside it."""

import os
import subprocess
import sys
import threading
import time
import webbrowser
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated

import typer

from samecast.cli.terminal import err, escape, out, say, studio_of
from samecast.core.errors import SamecastError
from samecast.ports.serving import Opened, Place
from samecast.services.producing import Producing

ENDS_SECONDS = 20.0
LOOK_SECONDS, AGAIN_SECONDS = 3.0, 10.0
"""How often it is looked whether the worker is there and serves all it can, and how long after one that ended."""
WORKER = (
    sys.executable,
    "-W",
    "ignore",
    "-c",
    "from samecast.wiring import main; main()",
    "worker",
    "--name",
    "studio",
)
WORKER_NICENESS = 10


def studio(
    context: typer.Context,
    host: Annotated[
        str, typer.Option("--host", help="On which address; other than this machine's needs a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On which port; 0: any that is free.")] = 8177,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="What browsers call it behind a proxy.", metavar="URL")
    ] = None,
    work: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Make takes here too, or leave them to workers elsewhere.")
    ] = True,
    browse: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")] = True,
) -> None:
    """Cast and shoot in the browser, until told to end (Ctrl-C)."""
    served = studio_of(context)
    with ExitStack() as beside:

        def ready(opened: Opened) -> None:
            if work:
                beside.enter_context(Beside(served.producing))
            out.print(f"The studio is at [bold]{escape(opened.url)}[/]  Ctrl-C ends it.", soft_wrap=True)
            _tell_password(opened)
            if browse:
                webbrowser.open(opened.url)

        served.serve(served, Place(host=host, port=port, public_url=public_url or None, ready=ready))
    say("Ended. Shots go on when the studio, or a worker, is started again.")


def _tell_password(opened: Opened) -> None:
    """A password that was made up is said once, and where it lies from then on."""
    if opened.password is not None:
        out.print(f"Its password, made up just now, is [bold]{escape(opened.password)}[/]", soft_wrap=True)
    if opened.kept is not None:
        say(f"The password is kept in {opened.kept}; SAMECAST_STUDIO_PASSWORD sets one of your own.")


class Beside:
    """A worker of its own, so that no take that is made here keeps a page waiting; for as long as the context lasts.

    Another takes its place where it ends by itself, and where this machine can serve other queues than when it began: a
    key was entered, say, or a model was fetched. The one before finishes what it has in hand.
    """

    def __init__(self, producing: Producing) -> None:
        self._producing = producing
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look, name="worker-beside", daemon=True)
        self._leaving: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Beside":
        self._serves = self._producing.served
        self._child = _begun()
        self._looking.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._over.set()
        self._looking.join()
        children = [self._child, *self._leaving]
        for child in children:
            child.terminate()
        ends = time.monotonic() + ENDS_SECONDS
        for child in children:
            try:
                child.wait(max(0.0, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _look(self) -> None:
        pause = LOOK_SECONDS
        while not self._over.wait(pause):
            pause = LOOK_SECONDS
            self._leaving = [child for child in self._leaving if child.poll() is None]
            try:
                serves = self._producing.served
            except SamecastError:  # a catalogue that cannot be read just now: the worker keeps what it has
                continue
            if self._child.poll() is not None:
                err.print("[yellow]samecast:[/] the worker beside the studio ended by itself; another one begins.")
                pause = AGAIN_SECONDS
            elif serves != self._serves:
                self._child.terminate()
                self._leaving.append(self._child)
            else:
                continue
            self._serves, self._child = serves, _begun()


def _begun() -> "subprocess.Popen[bytes]":
    """It steps back where others want the processor: pages first, takes in between."""
    child = subprocess.Popen(WORKER, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    with suppress(OSError):  # it has ended by now, or this system has no such thing
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, child.pid, WORKER_NICENESS)
        # Where Linux shares the processor among sessions, this is what counts: see sched(7), "autogroup".
        Path(f"/proc/{child.pid}/autogroup").write_text(str(WORKER_NICENESS))
    return child
