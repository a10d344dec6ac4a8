"""What people sort: takes in the trash, tags of takes, archived characters, and picks made by hand.

Nothing was trashed or tagged before, so nothing has to be taken in anew. Columns are added and no table is copied:
SQLite keeps the triggers of takes and picks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("characters", sa.Column("archived_at", sa.DateTime(timezone=True)))
    op.add_column("takes", sa.Column("trashed_at", sa.DateTime(timezone=True)))
    trashed = sa.text("trashed_at IS NOT NULL")
    op.create_index(
        op.f("ix_takes_trashed_at_id"),
        "takes",
        ["trashed_at", "id"],
        sqlite_where=trashed,
        postgresql_where=trashed,
    )
    op.add_column("picks", sa.Column("by_hand", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "take_tags",
        sa.Column("take_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_take_tags_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", "tag", name=op.f("pk_take_tags")),
    )
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(sa.text(statement))


_TAGS = "ALTER TABLE creations ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'"
_CHANGED = "creations_of_changed_takes"
_EVENT = "UPDATE OF state, score, made_at, cost, seconds, asset, path, trashed_at"
_CONDITION = "NEW.state <> 'waiting' OR OLD.state <> 'waiting'"

# (name, event, whose take)
_TRIGGERS = (
    ("creations_of_new_tags", "INSERT", "NEW.take_id"),
    ("creations_of_changed_tags", "UPDATE", "NEW.take_id"),
    ("creations_of_gone_tags", "DELETE", "OLD.take_id"),
)
_SQLITE = (
    _TAGS,
    f"DROP TRIGGER {_CHANGED}",
    f"CREATE TRIGGER {_CHANGED} AFTER {_EVENT} ON takes WHEN {_CONDITION}"
    " BEGIN INSERT INTO creation_queue (take_id) VALUES (NEW.id); END",
    *(
        f"CREATE TRIGGER {name} AFTER {event} ON take_tags"
        f" BEGIN INSERT INTO creation_queue (take_id) VALUES ({take}); END"
        for name, event, take in _TRIGGERS
    ),
)
_POSTGRESQL = (
    _TAGS,
    f"DROP TRIGGER {_CHANGED} ON takes",
    f"CREATE TRIGGER {_CHANGED} AFTER {_EVENT} ON takes FOR EACH ROW WHEN ({_CONDITION}) EXECUTE FUNCTION {_CHANGED}()",
    *(
        statement
        for name, event, take in _TRIGGERS
        for statement in (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN INSERT INTO creation_queue (take_id) VALUES ({take}); RETURN NULL; END $$",
            f"CREATE TRIGGER {name} AFTER {event} ON take_tags FOR EACH ROW EXECUTE FUNCTION {name}()",
        )
    ),
)
