"""What must hold once nothing is left to do, whoever was killed: read afresh from the tables, files and ledger."""

import hashlib
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measuring.fleet import Books, Ground, entries
from tests.production.fakes import Provider

from samecast.core.story import Shot


class BusyProvider(Provider):
    """Takes the job, then takes its time to say so: that is when a worker must not die, and here it does."""

    def __init__(self) -> None:
        super().__init__(seconds=0.3)
        self.revived: list[str] = []
        """Jobs that were submitted after they were withdrawn."""
        # Whoever asked is dead by the time that it is answered: nothing to print.
        setattr(self._server, "handle_error", lambda request, address: None)  # noqa: B010 (mypy allows no other way)

    def submit(self, key: str) -> str:
        if key in self.cancelled:
            self.revived.append(key)
        ticket = super().submit(key)
        time.sleep(random.uniform(0.02, 0.25))
        return ticket


@dataclass(slots=True, kw_only=True)
class Tally:
    """What happened. Times are seconds."""

    kills: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    killed: set[int] = field(default_factory=set)
    taken_over: list[float] = field(default_factory=list)
    begun_again: list[float] = field(default_factory=list)
    cancelled: Counter[str] = field(default_factory=Counter)
    resumed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    finishing: float = 0.0
    faults: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRow:
    id: str
    shot: str
    seed: int
    model: str
    shot_state: str
    state: str
    asset: str | None
    ticket: str | None
    path: str | None
    error: str | None


class Audit:
    """Reads everything afresh, and writes into the tally what does not hold."""

    def __init__(self, tally: Tally, books: Books, ground: Ground, provider: BusyProvider, shots: list[Shot]) -> None:
        self.tally, self.books, self.ground, self.provider = tally, books, ground, provider
        self.takes = [
            TakeRow(id=take.id, shot=shot.id, seed=take.recipe.seed, model=shot.model, shot_state=shot.state,
                    state=take.state, asset=take.asset, ticket=take.ticket, path=take.path, error=take.error)
            for shot in shots
            for take in shot.takes
        ]  # fmt: skip
        self.shots = {take.shot: take.shot_state for take in self.takes}

    def run(self) -> None:
        self._shots()
        self._jobs()
        self._renders()
        self._submissions()
        self._assets()

    def fault(self, said: str) -> None:
        self.tally.faults.append(said)

    def _shots(self) -> None:
        asked = {shot for shot, times in self.tally.cancelled.items() if times > self.tally.resumed[shot]}
        for shot, state in self.shots.items():
            if state == "running" or (state == "cancelled") != (shot in asked):
                self.fault(f"The shot {shot} is {state}" + (", and was cancelled." if shot in asked else "."))
        concluded = {str(row[0]) for row in self.books.kept("SELECT shot_id FROM picks")}
        for shot, state in self.shots.items():
            over = all(take.state != "waiting" for take in self.takes if take.shot == shot)
            if (state == "done" and shot not in concluded) or (shot in concluded and not over):
                self.fault(f"The shot {shot} is {state}, and {'was' if shot in concluded else 'never'} concluded.")
        for take in self.takes:
            wanted = {"done"} if take.shot_state == "done" else {"done", "waiting"}
            if take.state not in wanted or (take.state == "done") != (take.state == "done" and take.asset is not None):
                self.fault(f"The take {take.id} is {take.state} ({take.error}), of a shot that is {take.shot_state}.")
            if take.shot_state == "done" and not (take.path and Path(take.path).is_file()):
                self.fault(f"The take {take.id} was not written into its shot's folder.")
        self.tally.counts |= {"shots": len(self.shots), "takes": len(self.takes)}

    def _jobs(self) -> None:
        for job, status in self.books.queued(
            "SELECT workflow_uuid, status FROM {dbos}workflow_status WHERE status <> 'SUCCESS'"
        ):
            self.fault(f"The job {job} ended as {status}.")
        rows = self.books.queued("SELECT max(recovery_attempts), count(*) FROM {dbos}workflow_status")
        self.tally.counts |= {"attempts": int(str(rows[0][0])), "jobs": int(str(rows[0][1]))}

    def _renders(self) -> None:
        """No model was asked again for what a render step had recorded."""
        recorded = {
            (str(job).split(".")[1]): int(str(at)) / 1000
            for job, at in self.books.queued(
                "SELECT workflow_uuid, min(completed_at_epoch_ms) FROM {dbos}operation_outputs"
                " WHERE function_name = 'render' AND error IS NULL GROUP BY workflow_uuid ORDER BY 2 DESC"
            )
        }
        by_seed = {take.seed: take for take in self.takes if take.model == "slow"}
        if len(by_seed) != sum(take.model == "slow" for take in self.takes):
            self.fault("Two takes have one seed: this run cannot tell their renders apart.")
        renders = defaultdict(list)
        for entry in entries(self.ground.ledger):
            if entry.what == "render":
                renders[int(entry.of)].append(entry)
        again = lost = 0
        for seed, begun in renders.items():
            take = by_seed[seed]
            for entry in begun:
                if entry.at > recorded.get(take.id, float("inf")) + 0.002:  # DBOS keeps whole milliseconds
                    self.fault(f"The take {take.id} was rendered again after its render was recorded.")
            again += len(begun) - 1
            lost += sum(entry.pid in self.tally.killed for entry in begun[:-1])
        for take in self.takes:
            if take.state == "done" and take.id not in recorded:
                self.fault(f"The take {take.id} is done, and no render was recorded.")
        self.tally.counts |= {"renders": sum(map(len, renders.values())), "again": again, "lost": lost}

    def _submissions(self) -> None:
        """One job for each take; a cancelled shot's may have one more for each time that it was resumed."""
        hosted = {take.id: take for take in self.takes if take.model == "hosted"}
        jobs = defaultdict(list)
        for key in self.provider.jobs:
            jobs[key.rpartition(".")[0]].append(key)
        withdrawn = set(self.provider.cancelled)
        untold = 0
        for take_id, take in hosted.items():
            standing = [key for key in jobs[take_id] if key not in withdrawn]
            most = 1 + self.tally.resumed[take.shot]
            if len(standing) > 1 or len(jobs[take_id]) > most or (take.state == "done" and not jobs[take_id]):
                self.fault(f"The take {take_id} ({take.state}) has jobs {jobs[take_id]}; not withdrawn: {standing}.")
            if not self.tally.cancelled[take.shot] and len(jobs[take_id]) != (take.state == "done"):
                self.fault(f"The take {take_id} has jobs {jobs[take_id]}, though nobody cancelled its shot.")
            if take.ticket and take.ticket not in jobs[take_id]:
                self.fault(f"The take {take_id} has the ticket {take.ticket}, which is not its own.")
            untold += bool(standing) and take.shot_state == "cancelled" and take.state == "waiting"
        if self.provider.revived:
            self.fault(f"Submitted again after they were withdrawn with their shots: {self.provider.revived}.")
        for stranger in jobs.keys() - hosted.keys():
            self.fault(f"The provider has jobs of {stranger}, which is no take.")
        undisturbed = [take for take in hosted.values() if not self.tally.cancelled[take.shot]]
        self.tally.counts |= {
            "hosted": len(hosted),
            "posts": len(self.provider.posts),
            "created": len(self.provider.jobs),
            "withdrawn": len(withdrawn & self.provider.jobs.keys()),
            "undisturbed": len(undisturbed),
            "undisturbed jobs": sum(len(jobs[take.id]) for take in undisturbed),
            "untold": untold,
        }

    def _assets(self) -> None:
        folder = self.ground.settings.assets_folder
        stored = {path.name: path for path in folder.glob("??/??/*")}
        needed = {take.asset for take in self.takes if take.state == "done"}
        named = {take.asset for take in self.takes}
        for name, path in stored.items():
            if hashlib.sha256(path.read_bytes()).hexdigest() != name:
                self.fault(f"The asset {name} is damaged.")
        for lacking in needed - stored.keys():
            self.fault(f"The asset {lacking} is missing.")
        for stray in stored.keys() - named:
            self.fault(f"The asset {stray} belongs to no take.")
        shared = [name for name, times in Counter(take.asset for take in self.takes if take.asset).items() if times > 1]
        if shared:
            self.fault(f"{len(shared)} assets belong to several takes; no two renders are alike here.")
        self.tally.counts |= {
            "assets": len(stored),
            "unfinished": len(list(folder.glob("incoming/*"))) + len(list(self.ground.out.glob("*/.samecast-*.part"))),
        }
