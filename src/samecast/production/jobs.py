"""What is queued: jobs named after what they do, so that queueing one twice is queueing it once.

Knows the names and the address of the queues' own tables; nothing runs here.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from samecast.core.story import Take
from samecast.ports import ModelProfile, Standing
from samecast.settings import Settings

if TYPE_CHECKING:
    from dbos import DBOSClient

APPLICATION = "samecast"
PROTOCOL = "1"
"""The version of the jobs, a whole number: their names, arguments and steps. A worker only takes jobs of its own
version, so raise it with every change that a worker of before would not understand.
"""

TAKE, SCORE, CONCLUDE = "take", "score", "conclude"
CPU = "cpu"
"""The queue of what every machine can do: rendering without a GPU, scoring, concluding."""

FIRST, URGENT, USUAL = 1, 2, 3
"""Priorities, the lowest number first: what ends a shot, what somebody waits for, and everything else."""


def take_job(take: Take) -> str:
    return f"{TAKE}.{take.id}.{take.attempt}"


def score_job(take: Take) -> str:
    return f"{SCORE}.{take.id}.{take.attempt}"


def conclude_job(shot_id: str, standing: Standing) -> str:
    """A shot is concluded once a round, and once more after each time that takes of it were queued again."""
    return f"{CONCLUDE}.{shot_id}.{standing.round}.{standing.attempts}"


def queues_of(profiles: list[ModelProfile]) -> tuple[str, ...]:
    """Every queue there is: the CPU's, the GPU's, and one for each provider."""
    return tuple(dict.fromkeys([CPU, "gpu", *(profile.resource for profile in profiles)]))


def jobs_url(settings: Settings) -> str:
    """The SQLAlchemy URL of DBOS's tables: beside the library's SQLite file, or in its PostgreSQL (schema `dbos`)."""
    from sqlalchemy import make_url

    if settings.database_url is None:
        return f"sqlite:///{_prepared(settings.home / 'jobs.sqlite3')}"
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return url.render_as_string(hide_password=False)
    file = Path(url.database or "library.sqlite3").absolute()
    return f"sqlite:///{_prepared(file.with_name(f'{file.stem}.jobs.sqlite3'))}"


def open_client(url: str) -> "DBOSClient":
    """A connection to the queues' tables, which must be there (`migrate`)."""
    from dbos import DBOSClient

    return DBOSClient(system_database_url=url, application_name=APPLICATION)


def _prepared(file: Path) -> Path:
    """The SQLite file in WAL mode, which it then stays in: readers and a writer do not wait for one another."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return file
