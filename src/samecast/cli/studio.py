"""`samecast studio`: the studio in the browser, and a worker beside it."""

import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import typer

from samecast.cli.terminal import err, escape, out, say, studio_of
from samecast.ports.serving import Opened, Place

ENDS_SECONDS = 20.0
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
                beside.enter_context(_worker())
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


@contextmanager
def _worker() -> Iterator[None]:
    """A worker of its own, so that no take that is made here keeps a page waiting."""
    child = subprocess.Popen(WORKER, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        if child.poll() is not None:
            err.print("[yellow]samecast:[/] the worker beside the studio had ended by itself.")
        child.terminate()
        try:
            child.wait(ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
