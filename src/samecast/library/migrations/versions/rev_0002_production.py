"""What durable production needs: rounds, attempts, goals and costs; workers and progress; claims on assets."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shots") as shots:
        shots.add_column(sa.Column("state", sa.String(length=9), server_default="running", nullable=False))
        shots.add_column(sa.Column("round", sa.Integer(), server_default="1", nullable=False))
        shots.add_column(sa.Column("machine", sa.Text(), server_default="", nullable=False))
        shots.add_column(sa.Column("seed", sa.BigInteger()))
        shots.add_column(sa.Column("until", sa.Double()))
        shots.add_column(sa.Column("enough", sa.Integer()))
        shots.add_column(sa.Column("most_takes", sa.Integer()))
        shots.add_column(sa.Column("most_money", sa.BigInteger()))
        shots.create_check_constraint(op.f("ck_shots_state_known"), "state IN ('running', 'done', 'cancelled')")
        shots.create_check_constraint(op.f("ck_shots_goal_whole"), "(until IS NULL) = (enough IS NULL)")
    op.create_index(op.f("ix_shots_state_created_at"), "shots", ["state", "created_at"])
    # A shot of before that was picked from is done. One that was stopped waits until somebody resumes it: a worker
    # that starts tonight must not shoot again what was given up months ago.
    op.execute("UPDATE shots SET state = 'done' WHERE id IN (SELECT shot_id FROM picks)")
    op.execute("UPDATE shots SET state = 'cancelled' WHERE state = 'running'")

    with op.batch_alter_table("takes") as takes:
        takes.add_column(sa.Column("round", sa.Integer(), server_default="1", nullable=False))
        takes.add_column(sa.Column("attempt", sa.Integer(), server_default="1", nullable=False))
        takes.add_column(sa.Column("error", sa.Text()))
        takes.add_column(sa.Column("cost", sa.BigInteger(), server_default="0", nullable=False))
        takes.add_column(sa.Column("seconds", sa.Double()))
        takes.add_column(sa.Column("ticket", sa.Text()))
        takes.add_column(sa.Column("intended", sa.Integer()))
        takes.add_column(sa.Column("made_at", sa.DateTime(timezone=True)))
    op.create_index(op.f("ix_takes_state"), "takes", ["state"])
    op.create_index(op.f("ix_takes_made_at_id"), "takes", ["made_at", "id"])
    op.execute(
        "UPDATE takes SET made_at = (SELECT created_at FROM shots WHERE shots.id = takes.shot_id) WHERE state = 'done'"
    )

    op.create_table(
        "asset_claims",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_asset_claims")),
    )
    op.create_index(op.f("ix_asset_claims_claimed_at"), "asset_claims", ["claimed_at"])
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("queues", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beats", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.CheckConstraint("state IN ('working', 'draining', 'gone')", name=op.f("ck_workers_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "progress",
        sa.Column("take_id", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_progress_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", name=op.f("pk_progress")),
    )
