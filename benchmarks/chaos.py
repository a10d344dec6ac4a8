"""Workers killed with SIGKILL at random moments, until nothing is left to do; then what must hold is counted.

On SQLite and on PostgreSQL, with one worker and with four: shots of a local model and of a provider that counts are
ordered; whoever works is killed while starting, while idle, and in every step, and started again; a few shots are
cancelled and resumed. Exit status 1, with the list, where a take was made twice, lost, paid for twice, or anything was
left behind. Run it with `./run bench chaos`; about three minutes for each of the four.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from subprocess import Popen

from benchmarks.measuring.audit import Audit, BusyProvider, Tally
from benchmarks.measuring.fleet import (
    Books,
    Fleet,
    Ground,
    calm,
    end_with_children,
    fleet,
    postgres,
    progress,
    share,
    temporary_folder,
)

from samecast.services.shooting import Order
from samecast.services.studio import Studio

BACKLOG = 16
"""So many takes wait while workers are killed: there is always something to hit."""
TICK = 0.03
CANCEL_KILLS = 6
"""After so many kills, the shot that was hit last is cancelled."""
FINISH_SECONDS = 300.0
"""After the last kill, what is left must be made by then."""
GRACE_SECONDS = 15.0
"""Three heartbeats: what the last dead worker left in the tables must be gone by then."""
MOMENTS = {"starting": 0.2, "joined": 0.15, "working": 0.65}
"""From when on a worker's time to die is drawn: its start, its row in the library, or its first look at the queues."""
NEXT = {
    None: "wanted",
    "wanted": "render",
    "render": "score",
    "score here": "score",
    "score": "advance",
    "fail": "advance",
    "advance": "ending",
    "conclude": "export",
    "export": "finish",
    "finish": "ending",
    "queue": "ending",
    "asset": "score",
    "hand on": "ending",
}
"""The step that a job was at, by the last one that it had recorded."""


@dataclass(slots=True, kw_only=True)
class Lane:
    """A place for a worker: who is there, and when it is to die. `due` None: some time after `moment`, yet to come."""

    worker: "Popen[bytes]"
    moment: str
    due: float | None = None


class Storm:
    """Orders, kills and starts again, on one ground."""

    def __init__(self, ground: Ground, workers: Fleet, studio: Studio, books: Books, dice: random.Random) -> None:
        self.ground, self.workers, self.studio, self.books, self.dice = ground, workers, studio, books, dice
        self.tally = Tally()
        self.orphaned: dict[str, tuple[str, float, bool]] = {}
        """Jobs whose worker died: who that was, when, and whether they are back in the queue."""
        self.hit: list[str] = []
        """Shots that a kill hit, the latest last."""

    def rage(self, kills: int, lanes: int) -> Tally:
        begun = time.monotonic()
        self._order()
        places = [self._start() for _ in range(lanes)]
        looked, cancelled = time.monotonic(), 0
        while self.tally.kills < kills:
            time.sleep(TICK)
            self._look_after(places)
            now = time.monotonic()
            if now - looked >= 0.3:
                looked = now
                self._draw(places)
                self._order()
            if self.tally.kills - cancelled >= CANCEL_KILLS:
                cancelled = self.tally.kills
                self._cancel()
            for place in places:
                if place.due is not None and now >= place.due and self.tally.kills < kills:
                    self._kill(place)
        calm_since = time.monotonic()
        progress(f"  {self.tally.kills} kills in {calm_since - begun:.0f} s; the rest is made in peace")
        self._let_finish(places)
        self.tally.finishing = time.monotonic() - calm_since
        self.tally.seconds = time.monotonic() - begun
        return self.tally

    # --- orders -----------------------------------------------------------------------------------------------------

    def _order(self) -> None:
        while self._waiting() < BACKLOG:
            model = self.dice.choices(["slow", "hosted"], [3, 2])[0]
            number = int(str(self.books.kept("SELECT count(*) FROM shots")[0][0])) + 1
            order = Order(prompt="a cat", model=model, takes=self.dice.randint(1, 6), out=self.ground.out / str(number))
            shot = self.studio.shooting.start(self.studio.shooting.plan(order))
            if self.dice.random() < 0.8:  # who orders may die before queueing: whoever works finds the shot
                self.studio.producing.submit(shot)

    def _waiting(self) -> int:
        rows = self.books.kept(
            "SELECT count(*) FROM takes JOIN shots ON shots.id = takes.shot_id"
            " WHERE takes.state = 'waiting' AND shots.state = 'running'"
        )
        return int(str(rows[0][0]))

    def _cancel(self) -> None:
        """Cancel the shot that was hit last; resume half of those that were cancelled before."""
        running = {str(row[0]) for row in self.books.kept("SELECT id FROM shots WHERE state = 'running'")}
        for shot_id in list(self.tally.cancelled):
            if self.tally.cancelled[shot_id] > self.tally.resumed[shot_id] and self.dice.random() < 0.5:
                self.studio.producing.submit(self.studio.producing.resume(shot_id))
                self.tally.resumed[shot_id] += 1
        # Half of all shots are never cancelled: they must have exactly one job at the provider for each take.
        open_to_it = [shot for shot in self.hit if shot in running and int(shot, 16) % 2]
        chosen = next((shot for shot in reversed(open_to_it) if self.tally.cancelled[shot] < 2), None)
        if chosen and self.studio.producing.cancel(chosen).state == "cancelled":
            self.tally.cancelled[chosen] += 1

    # --- workers ----------------------------------------------------------------------------------------------------

    def _start(self) -> Lane:
        worker = self.workers.start(seconds=self.dice.uniform(0.2, 0.5), steps=4)
        moment = self.dice.choices(list(MOMENTS), list(MOMENTS.values()))[0]
        due = time.monotonic() + self.dice.uniform(0.1, 2.5) if moment == "starting" else None
        return Lane(worker=worker, moment=moment, due=due)

    def _draw(self, places: Sequence[Lane]) -> None:
        """Say when to die to those whose moment has come."""
        joined = self._present()
        for place in places:
            here = place.worker.pid in joined if place.moment == "joined" else self.workers.works(place.worker)
            if place.due is None and here:
                place.due = time.monotonic() + self.dice.uniform(0.0, 3.0)

    def _kill(self, place: Lane) -> None:
        pid = place.worker.pid
        at = self.workers.kill(place.worker)
        self.tally.kills += 1
        self.tally.killed.add(pid)
        hit = self._in_hand(pid, at)
        self.tally.hits.update(hit)
        steps = ", ".join(f"{step} x {times}" for step, times in Counter(hit).items())
        progress(f"  kill {self.tally.kills}: {steps}")
        fresh = self._start()
        place.worker, place.moment, place.due = fresh.worker, fresh.moment, fresh.due

    def _look_after(self, places: Sequence[Lane]) -> None:
        for place in places:
            if place.worker.poll() is not None:
                self.tally.faults.append(f"A worker ended by itself, with {place.worker.returncode}.")
                self.workers.running.remove(place.worker)
                fresh = self._start()
                place.worker, place.moment, place.due = fresh.worker, fresh.moment, fresh.due
        self._see_takeovers()

    def _in_hand(self, pid: int, at: float) -> list[str]:
        """The steps that its jobs were at, now that it is dead."""
        cards = self.books.kept("SELECT id FROM workers WHERE pid = :pid", pid=pid)
        if not cards:
            return ["starting"]
        worker = str(cards[0][0])
        jobs = self.books.queued(
            "SELECT workflow_uuid FROM {dbos}workflow_status WHERE executor_id = :worker AND status = 'PENDING'",
            worker=worker,
        )
        for (job,) in jobs:
            self.orphaned[str(job)] = (worker, at, False)
        return [self._step_of(str(job)) for (job,) in jobs] or ["idle"]

    def _step_of(self, job: str) -> str:
        kind, _, rest = job.partition(".")
        thing = rest.split(".")[0]
        recorded = self.books.queued(
            "SELECT function_name FROM {dbos}operation_outputs WHERE workflow_uuid = :job ORDER BY function_id DESC",
            job=job,
        )
        last = str(recorded[0][0]) if recorded else None
        self.hit.append(thing if kind == "conclude" else thing.rpartition("-")[0])
        if kind == "conclude":
            return "conclude" if last is None else f"conclude: {NEXT.get(last, last)}"
        return self._rendering(thing) if last == "wanted" else NEXT.get(last, str(last))

    def _rendering(self, take_id: str) -> str:
        """How far into the step that costs."""
        ((asset, ticket, intended, model),) = self.books.kept(
            "SELECT asset, ticket, intended, model FROM takes JOIN shots ON shots.id = shot_id WHERE takes.id = :id",
            id=take_id,
        )
        if asset is not None:
            return "storing"
        if model == "slow":
            return "rendering"
        if ticket is not None:
            return "waiting for the provider"
        return "submitting" if intended is not None else "before submitting"

    def _see_takeovers(self) -> None:
        if not self.orphaned:
            return
        names = ", ".join(f"'{job}'" for job in self.orphaned)  # our own ids
        states = self.books.queued(
            f"SELECT workflow_uuid, status, executor_id FROM {{dbos}}workflow_status WHERE workflow_uuid IN ({names})"
        )
        now = time.time()
        for job, status, owner in states:
            worker, at, back = self.orphaned[str(job)]
            begun = status != "ENQUEUED" and (owner != worker or status != "PENDING")
            if not back and (status == "ENQUEUED" or begun):
                self.tally.taken_over.append(now - at)
                self.orphaned[str(job)] = (worker, at, True)
            if begun:
                self.tally.begun_again.append(now - at)
                del self.orphaned[str(job)]

    # --- the end ----------------------------------------------------------------------------------------------------

    def _let_finish(self, places: Sequence[Lane]) -> None:
        ends = time.monotonic() + FINISH_SECONDS
        while self.studio.producing.busy() or self._unfinished_jobs() or self.orphaned:
            time.sleep(0.1)
            self._look_after(places)
            if time.monotonic() > ends:
                self.tally.faults.append(f"Not finished {FINISH_SECONDS:.0f} s after the last kill.")
                break
        living = {place.worker.pid for place in places}
        ends = time.monotonic() + GRACE_SECONDS
        while (left := self._present()) != living and time.monotonic() < ends:
            time.sleep(0.2)
        if left != living:
            self.tally.faults.append(f"The library has {len(left - living)} workers who are dead, or misses one.")
        ended = self.workers.drain()
        if any(ended):
            self.tally.faults.append(f"Told to end, workers ended with {ended}.")
        for table in ("workers", "progress"):
            ((count,),) = self.books.kept(f"SELECT count(*) FROM {table}")
            if count:
                self.tally.faults.append(f"{count} rows of {table} are left behind.")

    def _unfinished_jobs(self) -> int:
        rows = self.books.queued(
            "SELECT count(*) FROM {dbos}workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED')"
        )
        return int(str(rows[0][0]))

    def _present(self) -> set[int]:
        return {int(str(row[0])) for row in self.books.kept("SELECT pid FROM workers")}


# --- the report -------------------------------------------------------------------------------------------------


def one(ground: Ground, kills: int, lanes: int, seed: int, provider: BusyProvider) -> Tally:
    ground.folder.mkdir(parents=True)
    with (
        fleet(ground, ["--slots", "2", "--drain", "20"]) as workers,
        ground.studio() as studio,
        ground.books() as books,
    ):
        studio.producing.production.migrate()
        studio.shooting.recent(1)
        storm = Storm(ground, workers, studio, books, random.Random(seed))
        tally = storm.rage(kills, lanes)
        Audit(tally, books, ground, provider, studio.shooting.recent(100_000)).run()
        if tally.faults:
            progress(workers.said())
    return tally


def report(tallies: dict[str, Tally]) -> str:
    def row(name: str, of: dict[str, str]) -> str:
        return f"| {name} | {' | '.join(of[key] for key in tallies)} |"

    def each(name: str, *counts: str) -> str:
        return row(name, {key: " / ".join(str(t.counts[count]) for count in counts) for key, t in tallies.items()})

    def times(values: list[float]) -> str:
        return f"{share(values, 0.5):.1f} s / {max(values):.1f} s" if values else "none"

    lines = [
        f"| | {' | '.join(tallies)} |",
        "|---" * (len(tallies) + 1) + "|",
        row("kills", {key: str(t.kills) for key, t in tallies.items()}),
        each("shots / takes", "shots", "takes"),
        row(
            "cancelled / resumed",
            {key: f"{t.cancelled.total()} / {t.resumed.total()}" for key, t in tallies.items()},
        ),
        row("jobs in hand when their worker died", {key: str(len(t.begun_again)) for key, t in tallies.items()}),
        row("kill to back in the queue, p50 / max", {key: times(t.taken_over) for key, t in tallies.items()}),
        row("kill to begun again, p50 / max", {key: times(t.begun_again) for key, t in tallies.items()}),
        each("renders begun / of them again / lost to a kill", "renders", "again", "lost"),
        each("most attempts at one job", "attempts"),
        each("hosted takes / jobs at the provider / of them withdrawn", "hosted", "created", "withdrawn"),
        each("of shots never cancelled: hosted takes / jobs", "undisturbed", "undisturbed jobs"),
        each("submissions sent, repeated ones included", "posts"),
        each("cancelled while being submitted, and the provider not told", "untold"),
        each("assets / files left unfinished by a kill", "assets", "unfinished"),
        row(
            "seconds in all / after the last kill",
            {k: f"{t.seconds:.0f} / {t.finishing:.0f}" for k, t in tallies.items()},
        ),
        row("faults", {key: str(len(t.faults)) for key, t in tallies.items()}),
        "",
        f"| what a kill hit | {' | '.join(tallies)} |",
        "|---" * (len(tallies) + 1) + "|",
    ]
    steps = Counter[str]()
    for tally in tallies.values():
        steps.update(tally.hits)
    lines += [row(step, {key: str(t.hits[step]) for key, t in tallies.items()}) for step, _ in steps.most_common()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="over all configurations together (%(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what is drawn by lot (the time)")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--workers", default="1,4", help="how many, for each configuration (%(default)s)")
    chosen = parser.parse_args()
    end_with_children()
    databases = ["SQLite", "PostgreSQL"] if chosen.database == "both" else [chosen.database]
    databases = [{"sqlite": "SQLite", "postgres": "PostgreSQL"}.get(name, name) for name in databases]
    counts = [int(number) for number in chosen.workers.split(",")]
    kills = -(-chosen.kills // (len(databases) * len(counts)))
    print(f"# Chaos\n\n{calm()}; seed {chosen.seed}; a folder for the assets\n", flush=True)
    tallies: dict[str, Tally] = {}
    with temporary_folder() as folder, postgres(folder) as server:
        for database in databases:
            for lanes in counts:
                name = f"{database}, {lanes} worker{'s' if lanes > 1 else ''}"
                progress(name)
                provider = BusyProvider()
                with provider.running():
                    url = server.create() if database == "PostgreSQL" else None
                    ground = Ground(folder=folder / f"{database}-{lanes}", database_url=url, port=provider.port)
                    tallies[name] = one(ground, kills, lanes, chosen.seed, provider)
                progress("\n".join([report({name: tallies[name]}), *tallies[name].faults]))
    print(report(tallies))
    faults = [f"- {name}: {fault}" for name, tally in tallies.items() for fault in tally.faults]
    print("\nEverything held." if not faults else "\n## Faults\n\n" + "\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
