"""What a take looks like while it is being made: one small picture each, gone with its progress."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "previews",
        sa.Column("take_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_previews_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", name=op.f("pk_previews")),
    )
