"""`samecast shots watch`: shots as they are made, live, from any machine that sees the library.

On a terminal one look after another is drawn in place; elsewhere each change is a line. Watching only reads: whoever
stops watching stops nothing. What a look holds is `services.watching`'s, how it is drawn `board`'s.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from samecast.cli.board import board, ended_row, plain
from samecast.cli.terminal import err, out, print_json, say, studio_of
from samecast.core.errors import StorageFailed
from samecast.core.rates import figure
from samecast.core.story import Shot
from samecast.ports.watching import SeenShot, SeenTake, Sight, Watching
from samecast.services.studio import Studio
from samecast.services.watching import sight_document

EVERY_SECONDS = 1.0
STOPPED = 130
TROUBLE = "The library cannot be reached just now; trying again."


def watch(
    context: typer.Context,
    shots: Annotated[list[str] | None, typer.Argument(metavar="[SHOT]...", help="Which; all that run if none.")] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Go on watching when all have ended.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One look as one JSON document on stdout.")] = False,
) -> None:
    """Watch shots being made, until they have ended."""
    watching, asked = studio_of(context).watching, tuple(shots or ())
    if json:
        print_json(sight_document(watching.look(asked)))
        return
    vigil = Vigil(watching=watching, asked=asked, stay=stay)
    try:
        over = vigil.keep(out)
    except KeyboardInterrupt:
        say(f"No longer watching; the shots go on. See them again with: {' '.join(['samecast shots watch', *asked])}")
        raise typer.Exit(STOPPED) from None
    last_words(out, over)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vigil:
    """Watches the shots asked for (none: all that run) until they have ended, or for good with `stay`."""

    watching: Watching
    asked: tuple[str, ...] = ()
    stay: bool = False
    pause: Callable[[float], None] = field(default=time.sleep)

    def keep(self, console: Console) -> tuple[SeenShot, ...]:
        """Show look after look; returns the shots that were watched, as they ended."""
        if not console.is_terminal or console.is_dumb_terminal:
            return self._follow(_Lines(console))
        # The terminal's other screen: nothing flickers, a new size is taken up, and what was there comes back.
        with Live(console=console, screen=True, auto_refresh=False, transient=True) as live:
            return self._follow(lambda sight, trouble: live.update(board(sight, trouble=trouble), refresh=True))

    def _follow(self, show: Callable[[Sight, str], None]) -> tuple[SeenShot, ...]:
        sight, trouble = self.watching.look(self.asked), ""
        # Unasked, what ran at any time while we looked; if nothing ran at all, what ended last.
        watched = dict.fromkeys(shot.id for shot in (sight.running or sight.shots))
        while True:
            show(sight, trouble)
            if not trouble and not sight.running and not self.stay:
                there = {shot.id: shot for shot in sight.shots}
                rest = [shot_id for shot_id in watched if shot_id not in there]
                there |= {shot.id: shot for shot in self.watching.look(rest).shots} if rest else {}
                return sight.shots if self.asked else tuple(there[shot_id] for shot_id in watched)
            self.pause(EVERY_SECONDS)
            try:
                sight, trouble = self.watching.look(self.asked), ""
            except StorageFailed:
                trouble = TROUBLE
            watched |= dict.fromkeys(shot.id for shot in sight.running)


def wait_for(studio: Studio, shot_id: str) -> Shot:
    """Show a shot, on stderr, until workers have made it, and write its files here; cancelled, it is left as it is."""
    try:
        awaited = studio.shooting.get(shot_id).awaits
        asked = (awaited, shot_id) if awaited else (shot_id,)
        sight = studio.watching.look(asked)
        for seen in sight.running:
            if not any(seen.queue in worker.queues and not worker.draining for worker in sight.workers):
                say(f"No worker takes {plain(seen.queue)} just now. Start one, here or elsewhere: samecast worker")
        Vigil(watching=studio.watching, asked=asked).keep(err)
    except KeyboardInterrupt:
        say(f"No longer waiting; the shot goes on. Wait for it again with: samecast shots wait {shot_id}")
        raise typer.Exit(STOPPED) from None
    shot = studio.shooting.get(shot_id)
    return studio.producing.export(shot_id) if shot.state == "done" else shot


def last_words(console: Console, shots: Sequence[SeenShot]) -> None:
    """One line a shot: what came of it."""
    if not shots:
        console.print("Nothing is running. Begin with: samecast shoot PROMPT --detach", markup=False, soft_wrap=True)
    width = console.width if console.is_terminal else None
    for shot in shots:
        console.print(ended_row(shot, width, letters=console.options.ascii_only), soft_wrap=True)


# --- without a terminal -----------------------------------------------------------------------------------------


class _Lines:
    """Prints what changed since the look before, each change on a line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._before: Sight | None = None
        self._trouble = ""

    def __call__(self, sight: Sight, trouble: str) -> None:
        if trouble and not self._trouble:
            self._print(trouble)
        self._trouble = trouble
        for line in changes(self._before, sight):
            self._print(line)
        self._before = sight

    def _print(self, line: str) -> None:
        self._console.print(Text(plain(line)), soft_wrap=True)
        self._console.file.flush()  # whoever reads the other end of a pipe is told now


def changes(before: Sight | None, now: Sight) -> Iterator[str]:
    """What happened between two looks, in words; how the running shots stand if there was none before."""
    known = {shot.id: shot for shot in before.shots} if before else {}
    for shot in now.shots:
        earlier = known.get(shot.id)
        if earlier is None and shot.state == "running":
            stands = f"{shot.count('done')} of {len(shot.takes)} takes done"
            yield f"{shot.id} " + (f"waits for the pick of {shot.awaits}" if shot.awaits else f"running: {stands}")
        if earlier is not None:
            yield from _shot_changes(earlier, shot)
    yield from _worker_changes(before, now)


def _shot_changes(before: SeenShot, now: SeenShot) -> Iterator[str]:
    known = {take.id: take for take in before.takes}
    if before.awaits and not now.awaits:
        yield f"{now.id} begins with the pick of {before.awaits}: {len(now.takes)} to make"
    if now.round > before.round:
        yield f"{now.id} round {now.round}: {len(now.takes) - len(before.takes)} more to make"
    for take in now.takes:
        earlier = known.get(take.id)
        if take.state != (earlier.state if earlier else "waiting"):
            yield f"{now.id} take {take.number} {_told(take)}"
    if now.state != before.state:
        yield f"{now.id} {now.state}" + (f": {now.why}" if now.why and now.state == "done" else "")


def _told(take: SeenTake) -> str:
    match take.state:
        case "running":
            return f"in hand of {take.worker}"
        case "failed":
            return f"failed: {take.error}"
        case "waiting":
            return "waits again"
        case "done":
            verdict = f": {take.verdict.replace('_', ' ')}" if take.verdict else ""
            return f"done{verdict}" + (f" {figure(take.worst)}" if take.worst is not None else "")


def _worker_changes(before: Sight | None, now: Sight) -> Iterator[str]:
    known = {worker.id: worker for worker in before.workers} if before else {}
    for worker in now.workers:
        if worker.id not in known:
            yield f"worker {worker.name} is here for {', '.join(worker.queues)}"
        elif worker.draining and not known[worker.id].draining:
            yield f"worker {worker.name} takes no more"
    there = {worker.id for worker in now.workers}
    yield from (f"worker {worker.name} is gone" for worker in known.values() if worker.id not in there)
