"""The latest shots of a model, found at once: every estimate asks how long its takes took."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_shots_model_created_at"), "shots", ["model", "created_at"])
