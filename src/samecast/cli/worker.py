"""`samecast worker`: makes what is queued, until it is told to end."""

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from samecast.cli.terminal import err, escape, say, studio_of
from samecast.ports import Post
from samecast.services.events import Event, TakeFailed, TakeFinished

LOOK_SECONDS = 0.5


def worker(
    context: typer.Context,
    queue: Annotated[
        list[str] | None,
        typer.Option("--queue", "-q", help="A queue to serve: cpu, gpu, or a provider (those it can)."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What others see it as (the machine and process).")] = "",
    slots: Annotated[int, typer.Option("--slots", min=1, max=256, help="How many takes at once.")] = 1,
    drain: Annotated[
        float, typer.Option("--drain", min=0, help="Seconds to finish what is in hand when told to end.")
    ] = 30.0,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", min=1, max=65535, help="Offer metrics and health over HTTP.")
    ] = None,
    metrics_host: Annotated[str, typer.Option("--metrics-host", help="On which address.")] = "127.0.0.1",
    idle: Annotated[bool, typer.Option("--until-idle", help="End once nothing waits.")] = False,
) -> None:
    """Make queued takes until told to end (Ctrl-C, or a termination signal); what is in hand is finished first."""
    producing = studio_of(context).producing
    ended = _on_signal()
    post = Post(
        queues=tuple(dict.fromkeys(queue or producing.served)),
        name=name,
        slots=slots,
        drain=drain,
        metrics=(metrics_host, metrics_port) if metrics_port is not None else None,
        watch=_unsaid if producing.logged else _told,
    )
    with producing.worker(post) as check:
        speak = _unspoken if producing.logged else say
        speak(f"Working on {', '.join(post.queues)}. Ctrl-C ends it.")
        while not ended.wait(LOOK_SECONDS):
            check()
            if idle and not producing.busy(post.queues):
                break
        speak("Ending: what is in hand is finished first.")
    speak("Ended. Nothing is lost: what waits is made by other workers, or the next one.")


def _on_signal() -> threading.Event:
    """Set once by the first signal to end; the second one is not waited for."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        if ended.is_set():
            raise KeyboardInterrupt
        ended.set()

    for signal_name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, signal_name):
            signal.signal(getattr(signal, signal_name), end)
    return ended


def _unspoken(text: str) -> None:
    """The log says it: with SAMECAST_LOG set, stderr holds nothing else."""


def _unsaid(shot_id: str, event: Event) -> None:
    """As above."""


def _told(shot_id: str, event: Event) -> None:
    match event:
        case TakeFinished(number=number):
            err.print(f"[dim]{shot_id}[/] take {number} [green]made[/]", soft_wrap=True)
        case TakeFailed(number=number, error=error):
            err.print(f"[dim]{shot_id}[/] take {number} [red]failed[/] {escape(error)}", soft_wrap=True)
        case _:
            pass
