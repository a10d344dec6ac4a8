"""The tables. What must always hold is a constraint here, so that no caller can break it.

Plain SQL types only: the same tables live on SQLite and on PostgreSQL. Every change needs a migration beside this file
(migrations/versions); a test compares the two.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Moment(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database, whatever the database thinks of time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

characters = Table(
    "characters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("handle", String(15), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("retired_at", Moment),  # set: hidden, but its handle is never given away, since shots pin it
    UniqueConstraint("handle"),
)

character_tags = Table(
    "character_tags",
    metadata,
    Column("character_id", ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("tag", Text, nullable=False),
    Index(None, "tag"),
)

versions = Table(
    "versions",
    metadata,
    Column("character_id", ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("description", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("number >= 1", name="number_from_one"),
)


def _of_a_version() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["character_id", "version"], ["versions.character_id", "versions.number"], ondelete="CASCADE"
    )


# "references" is a reserved word in SQL.
reference_images = Table(
    "reference_images",
    metadata,
    Column("character_id", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("grade", Text, nullable=False),
    _of_a_version(),
    Index(None, "sha256"),
)

anchors = Table(
    "anchors",
    metadata,
    Column("character_id", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("side", String(5)),
    Column("region_x", Double),
    Column("region_y", Double),
    Column("region_width", Double),
    Column("region_height", Double),
    _of_a_version(),
    CheckConstraint("side IN ('left', 'right')", name="side_known"),
    CheckConstraint(
        "(region_x IS NULL) = (region_y IS NULL) AND (region_x IS NULL) = (region_width IS NULL)"
        " AND (region_x IS NULL) = (region_height IS NULL)",
        name="region_whole",
    ),
)

shots = Table(
    "shots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("prompt", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("out", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "created_at"),
)

takes = Table(
    "takes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shot_id", ForeignKey("shots.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("recipe_digest", String(64), nullable=False),
    Column("state", String(8), nullable=False),
    Column("asset", String(64)),
    Column("score", Text),
    Column("notes", Text, nullable=False),
    Column("path", Text),
    UniqueConstraint("shot_id", "number"),
    UniqueConstraint("shot_id", "id"),  # what `picks` points at, so that a pick is one of its own shot's takes
    CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state_known"),
    Index(None, "asset"),
    Index(None, "recipe_digest"),
)

# Who a take pins. `character_id` keeps the character from being deleted; it is null where a recipe came from elsewhere
# and names somebody this library never had. `handle` is reserved either way.
take_members = Table(
    "take_members",
    metadata,
    Column("take_id", ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("handle", String(15), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("character_id", Integer),
    ForeignKeyConstraint(["character_id", "version"], ["versions.character_id", "versions.number"]),
    Index(None, "handle"),
    Index(None, "character_id", "version"),
)

picks = Table(
    "picks",
    metadata,
    Column("shot_id", ForeignKey("shots.id", ondelete="CASCADE"), primary_key=True),
    Column("take_id", Text),  # null: looked at, and none was good enough
    Column("why", Text, nullable=False),
    ForeignKeyConstraint(["shot_id", "take_id"], ["takes.shot_id", "takes.id"], ondelete="CASCADE"),
)
