"""What takes and characters need beside references, and how each character fares on each model.

Takes of before borrowed nothing, so `take_files` begins empty. The results are counted from what is taken in already,
which is quicker than taking in a million takes again; takes that failed were never taken in, and are queued.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("takes", sa.Column("failure", sa.Text()))
    op.add_column("shots", sa.Column("awaits", sa.Text(), nullable=False, server_default=""))
    op.create_index(op.f("ix_shots_awaits"), "shots", ["awaits"])
    op.create_table(
        "take_files",
        sa.Column("take_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_take_files_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", "position", name=op.f("pk_take_files")),
    )
    op.create_index(op.f("ix_take_files_sha256"), "take_files", ["sha256"])
    op.create_table(
        "character_loras",
        sa.Column("character_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scale", sa.Double(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name=op.f("fk_character_loras_character_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("character_id", "model", "sha256", name=op.f("pk_character_loras")),
    )
    op.create_index(op.f("ix_character_loras_sha256"), "character_loras", ["sha256"])
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(sa.text(statement))
    op.execute("INSERT INTO creation_queue (take_id) SELECT id FROM takes WHERE state = 'failed' ORDER BY id")


_TABLES = (
    """CREATE TABLE creation_results (
        handle TEXT NOT NULL,
        model TEXT NOT NULL,
        kind TEXT NOT NULL,
        takes BIGINT NOT NULL,
        judged BIGINT NOT NULL,
        matched BIGINT NOT NULL,
        failed BIGINT NOT NULL,
        seconds {number} NOT NULL,
        cost BIGINT NOT NULL,
        PRIMARY KEY (handle, model, kind)
    )""",
    """CREATE TABLE creation_failures (
        take_id TEXT NOT NULL PRIMARY KEY,
        model TEXT NOT NULL,
        kind TEXT NOT NULL,
        who TEXT NOT NULL,
        cost BIGINT NOT NULL,
        seconds {number}
    )""",
)
_COUNTED = """INSERT INTO creation_results (handle, model, kind, takes, judged, matched, failed, seconds, cost)
    SELECT
        {handle},
        creations.model,
        creations.kind,
        count(*),
        sum(CASE WHEN {verdict} IN ('match', 'drift', 'missing') THEN 1 ELSE 0 END),
        sum(CASE WHEN {verdict} = 'match' THEN 1 ELSE 0 END),
        0,
        sum(coalesce(creations.seconds, 0)),
        sum(creations.cost)
    FROM creations, {each} GROUP BY {handle}, creations.model, creations.kind"""

# Now that failed takes are counted, whatever becomes of one is queued too. (name, event, condition, whose take)
_TRIGGERS = (
    ("creations_of_new_takes", "INSERT", "NEW.state <> 'waiting'", "NEW.id"),
    (
        "creations_of_changed_takes",
        "UPDATE OF state, score, made_at, cost, seconds, asset, path",
        "NEW.state <> 'waiting' OR OLD.state <> 'waiting'",
        "NEW.id",
    ),
    ("creations_of_gone_takes", "DELETE", "OLD.state <> 'waiting'", "OLD.id"),
)
_SQLITE = (
    *(f"{table.format(number='DOUBLE')} WITHOUT ROWID" for table in _TABLES),
    _COUNTED.format(
        handle="json_extract(one.value, '$[0]')",
        verdict="json_extract(one.value, '$[1]')",
        each="json_each(creations.who) AS one",
    ),
    *(
        statement
        for name, event, condition, take in _TRIGGERS
        for statement in (
            f"DROP TRIGGER {name}",
            f"CREATE TRIGGER {name} AFTER {event} ON takes WHEN {condition}"
            f" BEGIN INSERT INTO creation_queue (take_id) VALUES ({take}); END",
        )
    ),
)
_POSTGRESQL = (
    *(table.format(number="DOUBLE PRECISION") for table in _TABLES),
    _COUNTED.format(
        handle="(one.value ->> 0)",
        verdict="(one.value ->> 1)",
        each="jsonb_array_elements(CAST(creations.who AS jsonb)) AS one",
    ),
    *(
        statement
        for name, event, condition, _ in _TRIGGERS
        for statement in (
            f"DROP TRIGGER {name} ON takes",
            f"CREATE TRIGGER {name} AFTER {event} ON takes FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {name}()",
        )
    ),
)
