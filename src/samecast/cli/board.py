"""The board of `samecast shots watch`: one look at the shots, drawn to fit whatever room there is.

What matters most comes first: shots being made, with a bar for every take in hand; shots that wait; then what ended. A
row is never broken in two, and what does not fit is counted. Shapes say what colours say. Where a look comes from, and
how often, is `watch`'s business.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from samecast.core.estimating import duration
from samecast.core.money import dollars
from samecast.core.rates import figure
from samecast.ports.watching import SeenShot, SeenTake, SeenWorker, Sight

HINT = "Ctrl-C stops watching; the shots go on."
_MOST_MARKS = 16
_ROOMY = 16
"""From so many rows on there is air between the parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Glyphs:
    """One shape for each thing a take can be; `bar`: its full part, its tip, and its empty part."""

    match: str = "●"
    drift: str = "◐"
    missing: str = "✕"
    unknown: str = "?"
    running: str = "▸"
    waiting: str = "·"
    failed: str = "!"
    bar: tuple[str, str, str] = ("━", "╸", "━")
    dot: str = " · "
    more: str = "…"


_SHAPES = _Glyphs()
_LETTERS = _Glyphs(
    match="*", drift="~", missing="x", running=">", waiting=".", bar=("=", ">", "-"), dot=", ", more="..."
)


@dataclass(frozen=True, slots=True)
class Board:
    """Draws one look in the room it is given: at most as many rows as the terminal has. `trouble`: one line."""

    sight: Sight
    trouble: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = options.height or options.max_height
        glyphs = _LETTERS if options.ascii_only or options.legacy_windows else _SHAPES
        drawn = _Drawing(sight=self.sight, width=options.max_width, glyphs=glyphs).rows(rows, self.trouble)
        yield Text("\n").join(drawn)


def board(sight: Sight, *, trouble: str = "") -> Board:
    """What there is to see, to be printed or shown live."""
    return Board(sight, trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    sight: Sight
    width: int
    glyphs: _Glyphs

    def rows(self, height: int, trouble: str) -> list[Text]:
        """At most `height` rows, each of them one line of the terminal."""
        foot = Text(plain(trouble), "yellow") if trouble else Text(HINT, "dim")
        air = height >= _ROOMY
        workers = self._workers(air)
        most = max(1, height // 4)
        if len(workers) > most:
            workers = [self._workers_in_short()]
        room = height - 2 - len(workers) - (2 if air else 0)
        body = self._body(max(1, room), air)
        gap = [Text()] if air else []
        return [self._cut(row) for row in [self._head(), *gap, *body, *gap, *workers, foot]][:height]

    def _head(self) -> Text:
        running = self.sight.running
        waiting = sum(shot.count("waiting") > 0 == shot.count("running") for shot in running)
        ended = len(self.sight.shots) - len(running)
        counts = ((len(running) - waiting, "running"), (waiting, "waiting"), (ended, "ended"))
        said = [f"{count} {word}" for count, word in counts if count] or ["nothing is running"]
        hands = sum(worker.takes for worker in self.sight.workers)
        count = len(self.sight.workers)
        right = Text(f"{count} worker{'s' * (count != 1)}{self.glyphs.dot}{hands} in hand", "dim")
        if not count:
            right = Text("no worker is there", "yellow" if running else "dim")
        return self._row(Text.assemble(("samecast", "bold"), "  ", self.glyphs.dot.join(said)), right)

    # --- shots ----------------------------------------------------------------------------------------------------

    def _body(self, room: int, air: bool) -> list[Text]:
        running = sorted(self.sight.running, key=_urgency)
        ended = [shot for shot in self.sight.shots if shot.state != "running"]
        if not self.sight.shots:
            return [Text("Nothing was shot yet. Begin with: samecast shoot PROMPT", "dim")]
        hidden = len(running) - room
        if hidden > 0:
            shown = running[: room - 1]
            left = Text(f"{self.glyphs.more} and {hidden + 1} more that run or wait", "dim")
            return [*(self._short(shot) for shot in shown), left]
        blocks = self._grown(running, room, air)
        used = sum(len(block) for block in blocks)
        gap = air and bool(blocks) and room - used > 1
        fits = max(0, room - used - gap)
        rows = [row for block in blocks for row in block]
        return [*rows, *([Text()] if gap and ended else []), *(self._ended(shot) for shot in ended[:fits])]

    def _grown(self, running: Sequence[SeenShot], room: int, air: bool) -> list[list[Text]]:
        """Each shot as one row at first; then, in order of urgency, as much more as there is room for."""
        blocks = [[self._short(shot)] for shot in running]
        spare = room - len(blocks)
        for place, shot in enumerate(running):
            full = [self._title(shot), self._counts(shot)]
            bars = [self._bar(take) for take in shot.takes if take.state == "running"]
            bars += [self._failure(take) for take in shot.takes if take.state == "failed"][-1:]
            if spare < 1:
                break
            full += bars[: spare - 1]
            if len(bars) > spare - 1 and spare > 1:
                full[-1] = Text(f"    {self.glyphs.more} and {len(bars) - spare + 2} more", "dim")
            blocks[place] = full
            spare -= len(full) - 1
        if air and spare >= len(blocks) - 1:
            blocks = [[*block, Text()] if place < len(blocks) - 1 else block for place, block in enumerate(blocks)]
        return blocks

    def _title(self, shot: SeenShot) -> Text:
        left = Text.assemble((plain(shot.id), "bold cyan"), "  ", plain(shot.prompt))
        return self._row(left, Text(plain(shot.model), "dim"))

    def _counts(self, shot: SeenShot) -> Text:
        left = Text.assemble("    ", self._marks(shot), "  ")
        words = [f"{shot.count('done')} of {len(shot.takes)} done"]
        words += [f"round {shot.round}"] if shot.round > 1 else []
        words += [f"begins with the pick of {plain(shot.awaits)}"] if shot.awaits else []
        left.append(self.glyphs.dot.join(words))
        if failed := shot.count("failed"):
            left.append(f"{self.glyphs.dot}{failed} failed", "red")
        return self._row(left, self._figures(shot))

    def _figures(self, shot: SeenShot) -> Text:
        """The worst likeness so far, what it costs, and how long still."""
        parts = [self._worst(shot)]
        parts += [Text(dollars(shot.spent), "dim")] if shot.spent else []
        parts += [self._time(shot)]
        return Text("  ").join(part for part in parts if part)

    def _worst(self, shot: SeenShot) -> Text:
        if shot.worst is None:
            return Text()
        until = shot.goal.until if shot.goal else 0.5
        said = Text.assemble("worst ", (figure(shot.worst), "green" if shot.worst >= until else "yellow"))
        return said.append(f" of {figure(until)}", "dim") if shot.goal else said

    def _time(self, shot: SeenShot) -> Text:
        if shot.count("running") + shot.count("waiting") == 0:
            return Text("picking", "cyan")
        served = any(shot.queue in worker.queues for worker in self.sight.workers)
        if shot.awaits:
            return Text("waits", "dim")
        if not served and not shot.count("running"):
            return Text(f"no worker for {plain(shot.queue)}", "yellow")
        if shot.seconds_left is not None:
            return Text(f"about {duration(shot.seconds_left)} left", "dim")
        return Text("" if shot.count("running") else "waits", "dim")

    def _bar(self, take: SeenTake) -> Text:
        label = Text.assemble("    ", (self.glyphs.running, "cyan"), f" take {take.number:<3} ")
        label.append(f"{_clip(take.step, 8):<9}", "dim")
        longest = min(
            max(6, self.width // 5), max((cell_len(plain(worker.name)) for worker in self.sight.workers), default=6)
        )
        worker = Text(plain(take.worker), "dim")
        worker.truncate(longest, overflow="ellipsis", pad=True)
        tail = Text.assemble(f" {take.share:>4.0%}  ", worker)
        length = max(4, min(40, self.width - label.cell_len - tail.cell_len))
        full, tip, empty = self.glyphs.bar
        filled = round(take.share * length)
        at_tip = 0 < filled < length
        bar = Text.assemble((full * (filled - at_tip) + tip * at_tip, "cyan"), (empty * (length - filled), "dim"))
        return Text.assemble(label, bar, tail)

    def _failure(self, take: SeenTake) -> Text:
        return Text.assemble(
            "    ", (self.glyphs.failed, "bold red"), f" take {take.number:<3} ", (plain(take.error), "dim")
        )

    def _short(self, shot: SeenShot) -> Text:
        left = Text.assemble((plain(shot.id), "bold cyan"), "  ", self._marks(shot), "  ", plain(shot.prompt))
        return self._row(left, self._figures(shot))

    def _ended(self, shot: SeenShot) -> Text:
        return self._row(*_ended(shot, self.glyphs), style="dim")

    def _marks(self, shot: SeenShot) -> Text:
        return _marks(shot, self.glyphs)

    # --- workers --------------------------------------------------------------------------------------------------

    def _workers(self, air: bool) -> list[Text]:
        if not air:
            return [self._workers_in_short()]
        return [self._worker(worker) for worker in self.sight.workers]

    def _worker(self, worker: SeenWorker) -> Text:
        state = "leaving" if worker.draining else f"{worker.takes} in hand" if worker.takes else "idle"
        left = Text.assemble(plain(worker.name), (f"  {plain(worker.machine)}", "dim"))
        left.append(f"  {' '.join(map(plain, worker.queues))}", "dim")
        return self._row(left, Text(state, "yellow" if worker.draining else "dim"))

    def _workers_in_short(self) -> Text:
        if not self.sight.workers:
            return Text("Start one with: samecast worker", "dim")
        names = []
        for worker in self.sight.workers:
            state = "leaving" if worker.draining else worker.takes
            names.append(f"{plain(worker.name)} {'+'.join(map(plain, worker.queues))} {state}")
        return Text(self.glyphs.dot.join(names), "dim")

    # --- rows -----------------------------------------------------------------------------------------------------

    def _row(self, left: Text, right: Text, *, style: str = "") -> Text:
        return _row(left, right, self.width, style=style)

    def _cut(self, row: Text) -> Text:
        row.truncate(self.width, overflow="ellipsis")
        row.no_wrap = True
        return row


def _row(left: Text, right: Text, width: int, *, style: str = "") -> Text:
    """`left`, shortened where it must be, and `right` at the right edge."""
    right, left = right.copy(), left.copy()
    if right.cell_len > width * 2 // 3:
        right.truncate(width * 2 // 3, overflow="ellipsis")
    room = width - right.cell_len - (2 if right else 0)
    left.truncate(max(1, room), overflow="ellipsis", pad=bool(right))
    return Text.assemble(left, "  " if right else "", right, style=style)


def ended_row(shot: SeenShot, width: int | None = None, *, letters: bool = False) -> Text:
    """What came of a shot, in one row of this width; as long as it is without. `letters`: in ASCII alone."""
    left, right = _ended(shot, _LETTERS if letters else _SHAPES)
    return _row(left, right, width) if width else Text.assemble(left, "  ", right)


def _ended(shot: SeenShot, glyphs: _Glyphs) -> tuple[Text, Text]:
    """Which shot, and what came of it."""
    left = Text.assemble((plain(shot.id), "bold"), "  ", _marks(shot, glyphs), "  ", plain(shot.prompt))
    if shot.state == "running":
        right = Text("running", "cyan")
    elif shot.state == "cancelled":
        right = Text("cancelled", "yellow")
    elif shot.picked is None:
        right = Text("nothing picked", "yellow")
    else:
        picked = next(take for take in shot.takes if take.number == shot.picked)
        told = f"  {figure(picked.worst)}" if picked.worst is not None else ""
        right = Text.assemble(("take ", ""), (f"{shot.picked}", "bold"), (told, "green"))
    if shot.spent:
        right.append(f"  {dollars(shot.spent)}", "dim")
    return left, right


def _marks(shot: SeenShot, glyphs: _Glyphs) -> Text:
    """One shape a take, the latest where they are many."""
    marks = Text()
    for take in shot.takes[-_MOST_MARKS:]:
        marks.append(*_mark(take, glyphs))
    hidden = len(shot.takes) - _MOST_MARKS
    return Text.assemble((f"{hidden}+", "dim"), marks) if hidden > 0 else marks


def _mark(take: SeenTake, glyphs: _Glyphs) -> tuple[str, str]:
    match take.state, take.verdict:
        case "waiting", _:
            return glyphs.waiting, "dim"
        case "running", _:
            return glyphs.running, "cyan"
        case "failed", _:
            return glyphs.failed, "bold red"
        case _, "drift":
            return glyphs.drift, "yellow"
        case _, "missing":
            return glyphs.missing, "red"
        case _, "not_measurable":
            return glyphs.unknown, "dim"
        case _, "match":
            return glyphs.match, "green"
        case _:
            return glyphs.match, "default"


def _urgency(shot: SeenShot) -> int:
    """Shots with takes in hand come first, then those that went on, then those that wait."""
    if shot.count("running"):
        return 0
    return 1 if shot.count("done") or shot.count("failed") else 2


def plain(text: str) -> str:
    """One line, without control characters: what is shown comes from anywhere."""
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def _clip(text: str, cells: int) -> str:
    kept = Text(plain(text))
    kept.truncate(cells, overflow="ellipsis")
    return kept.plain
