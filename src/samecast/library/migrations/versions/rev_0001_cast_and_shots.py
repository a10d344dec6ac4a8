"""The first schema: the cast with its versions, shots with their takes and picks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "characters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.String(length=15), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_characters")),
        sa.UniqueConstraint("handle", name=op.f("uq_characters_handle")),
    )
    op.create_table(
        "shots",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("out", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shots")),
    )
    op.create_index(op.f("ix_shots_created_at"), "shots", ["created_at"])

    op.create_table(
        "character_tags",
        sa.Column("character_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name=op.f("fk_character_tags_character_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("character_id", "position", name=op.f("pk_character_tags")),
    )
    op.create_index(op.f("ix_character_tags_tag"), "character_tags", ["tag"])

    op.create_table(
        "takes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shot_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("recipe_digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asset", sa.String(length=64), nullable=True),
        sa.Column("score", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name=op.f("ck_takes_state_known")),
        sa.ForeignKeyConstraint(["shot_id"], ["shots.id"], name=op.f("fk_takes_shot_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takes")),
        sa.UniqueConstraint("shot_id", "id", name=op.f("uq_takes_shot_id_id")),
        sa.UniqueConstraint("shot_id", "number", name=op.f("uq_takes_shot_id_number")),
    )
    op.create_index(op.f("ix_takes_asset"), "takes", ["asset"])
    op.create_index(op.f("ix_takes_recipe_digest"), "takes", ["recipe_digest"])

    op.create_table(
        "versions",
        sa.Column("character_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_versions_number_from_one")),
        sa.ForeignKeyConstraint(
            ["character_id"], ["characters.id"], name=op.f("fk_versions_character_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("character_id", "number", name=op.f("pk_versions")),
    )
    op.create_table(
        "anchors",
        sa.Column("character_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("side", sa.String(length=5), nullable=True),
        sa.Column("region_x", sa.Double(), nullable=True),
        sa.Column("region_y", sa.Double(), nullable=True),
        sa.Column("region_width", sa.Double(), nullable=True),
        sa.Column("region_height", sa.Double(), nullable=True),
        sa.CheckConstraint("side IN ('left', 'right')", name=op.f("ck_anchors_side_known")),
        sa.CheckConstraint(
            "(region_x IS NULL) = (region_y IS NULL) AND (region_x IS NULL) = (region_width IS NULL)"
            " AND (region_x IS NULL) = (region_height IS NULL)",
            name=op.f("ck_anchors_region_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["character_id", "version"],
            ["versions.character_id", "versions.number"],
            name=op.f("fk_anchors_character_id_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("character_id", "version", "position", name=op.f("pk_anchors")),
    )
    op.create_table(
        "picks",
        sa.Column("shot_id", sa.Text(), nullable=False),
        sa.Column("take_id", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shot_id", "take_id"],
            ["takes.shot_id", "takes.id"],
            name=op.f("fk_picks_shot_id_take_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["shot_id"], ["shots.id"], name=op.f("fk_picks_shot_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shot_id", name=op.f("pk_picks")),
    )
    op.create_table(
        "reference_images",
        sa.Column("character_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["character_id", "version"],
            ["versions.character_id", "versions.number"],
            name=op.f("fk_reference_images_character_id_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("character_id", "version", "position", name=op.f("pk_reference_images")),
    )
    op.create_index(op.f("ix_reference_images_sha256"), "reference_images", ["sha256"])

    op.create_table(
        "take_members",
        sa.Column("take_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("handle", sa.String(length=15), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("character_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["character_id", "version"],
            ["versions.character_id", "versions.number"],
            name=op.f("fk_take_members_character_id_version"),
        ),
        sa.ForeignKeyConstraint(["take_id"], ["takes.id"], name=op.f("fk_take_members_take_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("take_id", "position", name=op.f("pk_take_members")),
    )
    op.create_index(op.f("ix_take_members_character_id_version"), "take_members", ["character_id", "version"])
    op.create_index(op.f("ix_take_members_handle"), "take_members", ["handle"])
