"""The history of the schema. `upgrade` brings a database to `HEAD`, all of it or nothing.

A new revision: change ../schema.py, run `alembic revision --autogenerate -m "what it does"` from the checkout, read
what it wrote, add a test with rows in it, and set `HEAD`. A released revision is never edited, and there is no way back
down: who needs one restores a backup. Alembic is imported only when there is something to do.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0009"
"""The newest revision; a test holds it equal to what Alembic finds in `versions`."""

_one_at_a_time = threading.Lock()  # Alembic keeps its context in module globals


def known_revisions() -> frozenset[str]:
    """Every revision this samecast has a script for."""
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(connection: Connection) -> None:
    """Run what is missing, inside the caller's transaction. The caller holds the lock that keeps others out."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    with _one_at_a_time:
        command.upgrade(config, "head")


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    # The file is read with ConfigParser's rules, where % must be doubled.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
