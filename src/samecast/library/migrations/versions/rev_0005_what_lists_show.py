"""All that a list shows in the one row that it reads; looks beside their codes; marks that no typed beginning meets.

A take's own row and its shot's lie anywhere among a million: reading them for each take on a page, or for each picture
that may look alike, is what finding took long for. All of this is worked out from takes, so they are only queued, and
taken in before anything is looked for.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    on_postgres = op.get_context().dialect.name == "postgresql"
    for column in _COLUMNS:
        number = "DOUBLE PRECISION" if on_postgres else "DOUBLE"
        op.execute(sa.text(f"ALTER TABLE creations ADD COLUMN {column.format(number=number)}"))
    for statement in _POSTGRESQL if on_postgres else _SQLITE:
        op.execute(sa.text(statement))
    op.execute("INSERT INTO creation_queue (take_id) SELECT id FROM takes WHERE state = 'done' ORDER BY made_at, id")


_COLUMNS = (
    "shot_id TEXT NOT NULL DEFAULT ''",
    "number INTEGER NOT NULL DEFAULT 0",
    "prompt TEXT NOT NULL DEFAULT ''",
    "width INTEGER NOT NULL DEFAULT 0",
    "height INTEGER NOT NULL DEFAULT 0",
    "length {number} NOT NULL DEFAULT 0",
    "seed BIGINT NOT NULL DEFAULT 0",
    "asset TEXT",
    "path TEXT",
)
_TRIGGER = "creations_of_changed_takes"
_EVENT = "UPDATE OF state, score, made_at, cost, seconds, asset, path"
_CONDITION = "NEW.state = 'done' OR OLD.state = 'done'"
_SQLITE = (
    f"DROP TRIGGER {_TRIGGER}",
    f"CREATE TRIGGER {_TRIGGER} AFTER {_EVENT} ON takes WHEN {_CONDITION}"
    " BEGIN INSERT INTO creation_queue (take_id) VALUES (NEW.id); END",
    "DROP TABLE look_blocks",
    "CREATE TABLE look_blocks (block INTEGER PRIMARY KEY, codes BLOB NOT NULL)",
    # Which blocks were written since somebody read them: told without reading them.
    "CREATE TABLE look_stamps (block INTEGER PRIMARY KEY, stamp INTEGER NOT NULL)",
    "DROP TABLE look_slots",
    """CREATE TABLE look_slots (
        slot INTEGER PRIMARY KEY,
        take_id TEXT NOT NULL UNIQUE,
        maker TEXT NOT NULL,
        vector BLOB NOT NULL,
        code BLOB NOT NULL
    )""",
)
_POSTGRESQL = (
    f"DROP TRIGGER {_TRIGGER} ON takes",
    f"CREATE TRIGGER {_TRIGGER} AFTER {_EVENT} ON takes FOR EACH ROW WHEN ({_CONDITION}) EXECUTE FUNCTION {_TRIGGER}()",
)
