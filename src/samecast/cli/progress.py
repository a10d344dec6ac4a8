"""A running shot on the terminal: which take, which step, how long still. No bar without a terminal."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from samecast.cli.terminal import escape
from samecast.services.events import Event, Noted, StepMoved, TakeFailed, TakeFinished, TakeStarted
from samecast.services.sheets import words


class ShotProgress:
    """Shows events as a bar on stderr; use as a context manager and pass it as `watch`."""

    def __init__(self, console: Console, *, total: int) -> None:
        self._console = console
        self._total = total
        self._bar = Progress(
            TextColumn("[bold]take {task.fields[take]}[/] of {task.fields[of]}"),
            TextColumn("{task.fields[step]:<8}", style="dim"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._notes: set[str] = set()
        self._far: dict[int, float] = {}

    def __enter__(self) -> "ShotProgress":
        self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.__exit__(kind, error, trace)

    def __call__(self, event: Event) -> None:
        match event:
            case TakeStarted(number=number):
                self._total = max(self._total, number)  # shot again, a shot has more takes than it began with
                if self._task is None:
                    self._task = self._bar.add_task("", take=number, of=self._total, step="")
                self._bar.update(
                    self._task, total=float(self._total), of=self._total, take=number, step="", completed=number - 1.0
                )
            case StepMoved() if self._task is not None:
                self._bar.update(self._task, step=event.step, completed=self._reached(event))
            case TakeFinished(number=number, path=path, score=score):
                said = "; ".join(words(entry) for entry in score.characters) or "no character named"
                self._console.print(f"take {number}  {escape(said)}  [dim]{escape(path)}[/]", soft_wrap=True)
            case TakeFailed(number=number, error=error):
                self._console.print(f"take {number}  [red]failed[/] {escape(error)}", soft_wrap=True)
            case Noted(text=text) if text not in self._notes:
                self._notes.add(text)
                self._console.print(f"[yellow]note[/] {escape(text)}", soft_wrap=True)
            case _:
                pass

    def _reached(self, event: StepMoved) -> float:
        """How far the shot is. A take never falls back: a clip's frames are counted again as they are written."""
        self._far[event.number] = max(self._far.get(event.number, 0.0), _share(event))
        return event.number - 1 + self._far[event.number]


def _share(event: StepMoved) -> float:
    """How far within its take an event lies, 0..1."""
    part = event.done / max(1, event.total)
    match event.step:
        case "render":
            return 0.15 + 0.70 * part
        case "decode":
            return 0.85
        case "score":
            return 0.85 + 0.15 * part
        case _:
            return 0.15 * part
