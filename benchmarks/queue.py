"""Takes of a 10 ms model through the queues: how many a second, and how long until one begins.

Four workers on PostgreSQL and one on SQLite, each a process of its own: first shots of one take while nothing else is
asked for, then 2,000 takes at once in shots of 64. Beside it the same takes in a plain loop without queues
(`Shooting.run`), and what a take costs: statements, steps, seconds of a core. Run it with `./run bench queue`.
"""

import argparse
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from benchmarks.measuring.fleet import (
    Books,
    Fleet,
    Ground,
    Postgres,
    Statements,
    calm,
    end_with_children,
    entries,
    fakes,
    fleet,
    postgres,
    progress,
    share,
    temporary_folder,
    worked,
)

from samecast.core.story import Shot
from samecast.ports import Post
from samecast.services.ordering import MOST_TAKES, Order
from samecast.services.studio import Studio
from samecast.wiring import open_studio

SECONDS = 0.01
START_SECONDS = 180.0
IDLE_SECONDS = 10.0
POLLS = (0.05, 0.5)
GOAL_SECONDS = 0.1
"""What the p50 of submit-to-start must be under where nobody else asks for anything."""


@dataclass(slots=True, kw_only=True)
class Figures:
    """Of one database. Times are seconds; `statements` are those of one take, by who sent them."""

    workers: int
    slots: int
    idle: list[float] = field(default_factory=list)
    takes: int = 0
    submitting: float = 0.0
    until_done: float = 0.0
    until_concluded: float = 0.0
    waits: list[float] = field(default_factory=list)
    cores: dict[str, float] = field(default_factory=dict)
    steps: dict[str, tuple[float, float]] = field(default_factory=dict)
    plain: float = 0.0
    connections: dict[str, int] = field(default_factory=dict)
    statements: dict[str, float] = field(default_factory=dict)
    resting: dict[float, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.takes / self.until_done


class Desk:
    """Orders shots of the 10 ms model, and reads in the ledger when each take began."""

    def __init__(self, ground: Ground, studio: Studio) -> None:
        self.ground, self.studio = ground, studio
        self.submitted: dict[int, float] = {}
        """When each take was submitted, by its seed."""
        self._ordered = 0

    def keep(self, takes: int) -> Shot:
        self._ordered += 1
        out = self.ground.out / f"{time.monotonic_ns()}-{self._ordered}"
        return self.studio.shooting.start(
            self.studio.shooting.plan(Order(prompt="a cat", model="slow", takes=takes, out=out))
        )

    def submit(self, shot: Shot) -> None:
        now = time.time()
        self.submitted |= {take.recipe.seed: now for take in shot.takes}
        self.studio.producing.submit(shot)

    def waits(self, shots: Sequence[Shot]) -> list[float]:
        """From submission to the model's first breath, of each take of these shots."""
        began = {int(entry.of): entry.at for entry in reversed(entries(self.ground.ledger)) if entry.what == "render"}
        seeds = {take.recipe.seed for shot in shots for take in shot.takes}
        return [began[seed] - self.submitted[seed] for seed in seeds if seed in self.submitted]


# --- the fleet --------------------------------------------------------------------------------------------------


def measure_fleet(figures: Figures, desk: Desk, workers: Fleet, server: Postgres | None, chosen: "Chosen") -> None:
    for _ in range(figures.workers):
        workers.start(SECONDS)
    until = time.monotonic() + START_SECONDS
    while not all(workers.works(worker) for worker in workers.running):
        if time.monotonic() > until:
            raise SystemExit(f"The workers do not start: {workers.said()}")
        time.sleep(0.1)
    warm_up(desk, figures.workers)
    measure_idle(figures, desk, chosen.singles)
    pids = {"workers": [worker.pid for worker in workers.running]} | ({"PostgreSQL": [server.pid]} if server else {})
    before = {name: worked(owned) for name, owned in pids.items()}
    begun = time.time()
    shots = measure_load(figures, desk, chosen.takes)
    figures.cores = {name: (worked(owned) - before[name]) / (time.time() - begun) for name, owned in pids.items()}
    with desk.ground.books() as books:
        figures.steps = steps_of(books, begun)
    figures.waits = desk.waits(shots)
    if server is not None and desk.ground.database_url is not None:
        figures.connections = server.connections(desk.ground.database_url)
    workers.drain()


def warm_up(desk: Desk, workers: int) -> None:
    """Every worker has imported, by then, what its first take needs."""
    shot = desk.keep(min(MOST_TAKES, 16 * workers))
    desk.submit(shot)
    desk.studio.producing.wait(shot.id)
    time.sleep(2.0)


def measure_idle(figures: Figures, desk: Desk, singles: int) -> None:
    shots = []
    for number in range(singles):
        shot = desk.keep(1)
        desk.submit(shot)
        shots.append(desk.studio.producing.wait(shot.id))
        time.sleep(random.uniform(0.0, 0.1))  # so that no rhythm of ours meets one of theirs
        if number % 40 == 39:
            progress(f"  {number + 1} single shots")
    figures.idle = desk.waits(shots)


def measure_load(figures: Figures, desk: Desk, takes: int) -> list[Shot]:
    sizes = [MOST_TAKES] * (takes // MOST_TAKES) + ([takes % MOST_TAKES] if takes % MOST_TAKES else [])
    kept = [desk.keep(size) for size in sizes]
    begun = time.time()
    for shot in kept:
        desk.submit(shot)
    figures.submitting = time.time() - begun
    progress(f"  {takes} takes submitted in {figures.submitting:.1f} s")
    done = [desk.studio.producing.wait(shot.id) for shot in kept]
    ended = max(take.made_at or datetime.now(UTC) for shot in done for take in shot.takes)
    figures.takes, figures.until_done = takes, ended.timestamp() - begun
    figures.until_concluded = time.time() - begun
    progress(f"  and made: {figures.rate:.1f} a second")
    left = [take.id for shot in done for take in shot.takes if take.state != "done"]
    if left:
        raise SystemExit(f"{len(left)} takes were not made, the first {left[0]}")
    return done


def steps_of(books: Books, since: float) -> dict[str, tuple[float, float]]:
    """The p50 and the mean of each recorded step, in seconds, since then."""
    rows = books.queued(
        "SELECT function_name, completed_at_epoch_ms - started_at_epoch_ms FROM {dbos}operation_outputs"
        " WHERE started_at_epoch_ms >= :since",
        since=int(since * 1000),
    )
    found: dict[str, list[float]] = {}
    for name, took in rows:
        found.setdefault(str(name), []).append(float(str(took)) / 1000)
    return {name: (statistics.median(times), statistics.fmean(times)) for name, times in found.items()}


# --- one process ------------------------------------------------------------------------------------------------


def measure_plain(figures: Figures, desk: Desk, takes: int) -> None:
    """The same takes, one after the other, by nobody's leave."""
    desk.studio.shooting.run(desk.keep(1))
    shots = [desk.keep(MOST_TAKES) for _ in range(max(1, takes // MOST_TAKES))]
    begun = time.time()
    for shot in shots:
        desk.studio.shooting.run(shot)
    figures.plain = len(shots) * MOST_TAKES / (time.time() - begun)


def measure_statements(figures: Figures, ground: Ground) -> None:
    """What one worker of one slot sends, in this process: at rest, and for a take."""
    for poll in POLLS:
        settings = replace(ground.settings, poll_seconds=poll)
        with open_studio(settings, fakes(ground.ledger, SECONDS, 1, 0)) as studio:
            desk = Desk(ground, studio)
            desk.submit(desk.keep(1))  # opens the queues' tables
            with studio.producing.worker(Post(queues=studio.producing.queues)):
                while studio.producing.busy():
                    time.sleep(0.1)
                time.sleep(1.0)
                with Statements().counting() as resting:
                    time.sleep(IDLE_SECONDS)
                figures.resting[poll] = (resting.by("others") + resting.by("jobs")) / IDLE_SECONDS
                if poll == POLLS[0]:
                    figures.statements = statements_of_a_take(desk)


def statements_of_a_take(desk: Desk) -> dict[str, float]:
    """Over a shot of many takes, its conclusion included."""
    with Statements().counting() as keeping:
        shot = desk.keep(MOST_TAKES)
    with Statements().counting() as sent:
        desk.submit(shot)
        queueing = sent.by("orders")
        while desk.studio.producing.busy():
            time.sleep(0.2)
    counted = {
        "kept": keeping.by("orders"),
        "queued": queueing,
        "made, in the library": sent.by("jobs", "library"),
        "made, in the queues": sent.by("jobs", "queues"),
        "polling and heartbeats meanwhile": sent.by("others"),
    }
    return {name: number / MOST_TAKES for name, number in counted.items()}


# --- the report -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    takes: int
    singles: int
    slots: int
    plain: int


def measure(ground: Ground, workers: int, server: Postgres | None, chosen: Chosen) -> Figures:
    ground.folder.mkdir(parents=True)
    figures = Figures(workers=workers, slots=chosen.slots)
    with fleet(ground, ["--slots", str(chosen.slots)]) as crew, ground.studio(SECONDS) as studio:
        measure_fleet(figures, Desk(ground, studio), crew, server, chosen)
    progress("  the plain loop, and statements")
    with ground.studio(SECONDS) as studio:
        measure_plain(figures, Desk(ground, studio), chosen.plain)
    measure_statements(figures, ground)
    return figures


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def milliseconds(values: Sequence[float]) -> str:
    return f"{share(values, 0.5) * 1000:.0f} / {share(values, 0.99) * 1000:.0f} ms"


def seconds(values: Sequence[float]) -> str:
    return f"{share(values, 0.5):.1f} / {share(values, 0.99):.1f} s"


def report(found: dict[str, Figures]) -> str:
    def row(name: str, *cells: str) -> list[str]:
        return [name, *cells]

    all_of = list(found.values())
    rows = [
        row("takes a second, from the first submission to the last take", *(f"{f.rate:.1f}" for f in all_of)),
        row("the same takes in a plain loop, one process", *(f"{f.plain:.1f}" for f in all_of)),
        row("the queues' share of that", *(f"{f.rate / f.plain:.2f}" for f in all_of)),
        row("takes", *(str(f.takes) for f in all_of)),
        row(
            "seconds: submitting / all takes made / all shots concluded",
            *(f"{f.submitting:.1f} / {f.until_done:.1f} / {f.until_concluded:.1f}" for f in all_of),
        ),
        row("submit to start under that load, p50 / p99", *(seconds(f.waits) for f in all_of)),
        row("submit to start when idle, p50 / p99", *(milliseconds(f.idle) for f in all_of)),
        row("cores kept busy meanwhile", *(", ".join(f"{n} {c:.2f}" for n, c in f.cores.items()) for f in all_of)),
        row(
            "seconds of a core for a take",
            *(", ".join(f"{n} {c * f.until_concluded / f.takes:.3f}" for n, c in f.cores.items()) for f in all_of),
        ),
        row("connections of all workers under load", *(connections(f) for f in all_of)),
    ]
    steps = sorted({name for f in all_of for name in f.steps}, key=lambda name: -all_of[0].steps.get(name, (0, 0))[1])
    sent = list(all_of[0].statements)
    parts = [
        table(["", *found], rows),
        "Steps under load, p50 / mean:",
        table(["step", *found], [row(name, *(step(f, name) for f in all_of)) for name in steps]),
        "SQL statements, one worker of one slot, in one process:",
        table(
            ["", *found],
            [row(f"a take: {name}", *(f"{f.statements[name]:.1f}" for f in all_of)) for name in sent]
            + [row(f"a second at rest, polling each {p:g} s", *(f"{f.resting[p]:.1f}" for f in all_of)) for p in POLLS],
        ),
    ]
    met = all(share(f.idle, 0.5) < GOAL_SECONDS for f in all_of)
    parts.append(f"Goal: idle, p50 of submit to start under {GOAL_SECONDS * 1000:.0f} ms: {'met' if met else 'MISSED'}")
    return "\n\n".join(parts)


def connections(figures: Figures) -> str:
    if not figures.connections:
        return "files"
    named = {"": "the library", "dbos_transact": "DBOS", "dbos_transact_client": "queueing"}
    counted = {named.get(name, name): number for name, number in figures.connections.items()}
    return f"{sum(counted.values())} ({', '.join(f'{name} {number}' for name, number in counted.items())})"


def step(figures: Figures, name: str) -> str:
    if name not in figures.steps:
        return ""
    median, mean = figures.steps[name]
    return f"{median * 1000:.0f} / {mean * 1000:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--takes", type=int, default=2000, help="at once (%(default)s)")
    parser.add_argument("--singles", type=int, default=120, help="shots of one take, one after the other (%(default)s)")
    parser.add_argument("--slots", type=int, default=4, help="takes at once in each worker (%(default)s)")
    parser.add_argument("--plain", type=int, default=256, help="takes in the plain loop (%(default)s)")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    asked = parser.parse_args()
    end_with_children()
    chosen = Chosen(takes=asked.takes, singles=asked.singles, slots=asked.slots, plain=asked.plain)
    print(f"# Queue\n\n{calm()}; {chosen.slots} slots a worker; images of 512 x 512\n", flush=True)
    found = {}
    with temporary_folder() as folder, postgres(folder) as server:
        if asked.database != "sqlite":
            progress("PostgreSQL, 4 workers")
            ground = Ground(folder=folder / "postgresql", database_url=server.create())
            found["PostgreSQL, 4 workers"] = measure(ground, 4, server, chosen)
        if asked.database != "postgres":
            progress("SQLite, 1 worker")
            found["SQLite, 1 worker"] = measure(Ground(folder=folder / "sqlite"), 1, None, chosen)
    print(report(found))


if __name__ == "__main__":
    main()
