"""Taking back what the latest revisions did, to see an older library come up."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

NEWEST = "0009"
"""The revision from which this takes back; whoever adds one after it adds to this."""
_EVENT = "UPDATE OF state, score, made_at, cost, seconds, asset, path"
_CONDITION = "NEW.state <> 'waiting' OR OLD.state <> 'waiting'"
_CHANGED = "creations_of_changed_takes"


def to_revision_0006(connection: Connection) -> None:
    """Take back 0009, 0008 and 0007."""
    for statement in _statements(on_postgres=connection.dialect.name == "postgresql"):
        connection.execute(text(statement))


def _statements(*, on_postgres: bool) -> Iterator[str]:
    yield "DROP INDEX ix_shots_model_created_at"
    yield "DROP TABLE previews"
    yield "DROP TABLE take_tags"
    if on_postgres:
        yield from (f"DROP FUNCTION creations_of_{which}_tags" for which in ("new", "changed", "gone"))
        yield f"DROP TRIGGER {_CHANGED} ON takes"
        when = f"FOR EACH ROW WHEN ({_CONDITION}) EXECUTE FUNCTION {_CHANGED}()"
    else:
        yield f"DROP TRIGGER {_CHANGED}"
        when = f"WHEN {_CONDITION} BEGIN INSERT INTO creation_queue (take_id) VALUES (NEW.id); END"
    yield f"CREATE TRIGGER {_CHANGED} AFTER {_EVENT} ON takes {when}"
    yield "ALTER TABLE creations DROP COLUMN tags"
    yield "DROP INDEX ix_takes_trashed_at_id"
    yield "ALTER TABLE takes DROP COLUMN trashed_at"
    yield "ALTER TABLE picks DROP COLUMN by_hand"
    yield "ALTER TABLE characters DROP COLUMN archived_at"
    yield "UPDATE alembic_version SET version_num = '0006'"
