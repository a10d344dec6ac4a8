"""The tables. What must always hold is a constraint here, so that no caller can break it.

Plain SQL types only: the same tables live on SQLite and on PostgreSQL. Every change needs a migration beside this file
(migrations/versions); a test compares the two.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
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
    Column("archived_at", Moment),  # set: out of lists and new shots until it is brought back
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
    Column("state", String(9), nullable=False, server_default="running"),
    Column("round", Integer, nullable=False, server_default="1"),
    Column("machine", Text, nullable=False, server_default=""),
    Column("awaits", Text, nullable=False, server_default=""),
    Column("seed", BigInteger),
    # The goal: all null where there is none. Money is in millionths of a dollar.
    Column("until", Double),
    Column("enough", Integer),
    Column("most_takes", Integer),
    Column("most_money", BigInteger),
    CheckConstraint("state IN ('running', 'done', 'cancelled')", name="state_known"),
    CheckConstraint("(until IS NULL) = (enough IS NULL)", name="goal_whole"),
    Index(None, "created_at"),
    Index(None, "state", "created_at"),
    Index(None, "awaits"),
    Index(None, "model", "created_at"),
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
    Column("round", Integer, nullable=False, server_default="1"),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("error", Text),
    Column("failure", Text),
    Column("cost", BigInteger, nullable=False, server_default="0"),
    Column("seconds", Double),
    Column("ticket", Text),
    Column("intended", Integer),  # set: submitting began, and nobody knows yet whether it arrived
    Column("made_at", Moment),
    Column("trashed_at", Moment),  # set: found nowhere, until it is restored, or purged
    UniqueConstraint("shot_id", "number"),
    UniqueConstraint("shot_id", "id"),  # what `picks` points at, so that a pick is one of its own shot's takes
    CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state_known"),
    Index(None, "asset"),
    Index(None, "recipe_digest"),
    Index(None, "state"),
    Index(None, "made_at", "id"),
)
_trashed = takes.c.trashed_at.is_not(None)  # only those: no query for the others is to walk this index
Index(None, takes.c.trashed_at, takes.c.id, sqlite_where=_trashed, postgresql_where=_trashed)

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

# What a take is made from beside its members' references: the picture it edits, its first and last frame, LoRAs.
take_files = Table(
    "take_files",
    metadata,
    Column("take_id", ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Index(None, "sha256"),
)

take_tags = Table(
    "take_tags",
    metadata,
    Column("take_id", ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", Text, primary_key=True),
)

picks = Table(
    "picks",
    metadata,
    Column("shot_id", ForeignKey("shots.id", ondelete="CASCADE"), primary_key=True),
    Column("take_id", Text),  # null: looked at, and none was good enough
    Column("why", Text, nullable=False),
    Column("by_hand", Integer, nullable=False, server_default="0"),  # 1: a person chose, and nothing else replaces it
    ForeignKeyConstraint(["shot_id", "take_id"], ["takes.shot_id", "takes.id"], ondelete="CASCADE"),
)

# Assets are claimed before they are stored, so that nothing is taken for garbage between its storing and its use.
asset_claims = Table(
    "asset_claims",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("claimed_at", Moment, nullable=False),
    Index(None, "claimed_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queues", Text, nullable=False),  # a JSON list
    Column("version", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beats", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    CheckConstraint("state IN ('working', 'draining', 'gone')", name="state_known"),
)

progress = Table(
    "progress",
    metadata,
    Column("take_id", ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

# What a take looks like while it is being made. `number` counts how often that was shown, so that a new one is told
# from the one before.
previews = Table(
    "previews",
    metadata,
    Column("take_id", ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("jpeg", LargeBinary, nullable=False),
)

# What pictures look like, to find similar ones; `maker` says whose vectors they are.
take_looks = Table(
    "take_looks",
    metadata,
    Column("take_id", ForeignKey("takes.id", ondelete="CASCADE"), primary_key=True),
    Column("maker", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("code", LargeBinary, nullable=False),
)

# What was put down about using a character: "" where nothing was said, no row where nobody ever said anything.
character_papers = Table(
    "character_papers",
    metadata,
    Column("character_id", ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True),
    Column("consent", Text, nullable=False),
    Column("licence", Text, nullable=False),
)

# Weights that were trained on a character: for each model those that it is to be shot with.
character_loras = Table(
    "character_loras",
    metadata,
    Column("character_id", ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True),
    Column("model", Text, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("scale", Double, nullable=False),
    Column("word", Text, nullable=False),
    Index(None, "sha256"),
)

# --- worked out from the tables above ---------------------------------------------------------------------------
# Filled by triggers and `indexing` wherever takes are written, so never copied from one database to another: hence not
# in `metadata`. Each dialect has more of it (words, terms, codes); the revisions 0003, 0005, 0006 and 0007 have it all.

derived = MetaData()
DERIVED_PREFIXES = ("creation", "look_")
"""What every table starts with that is worked out from others."""

creations = Table(
    "creations",
    derived,
    Column("place", BigInteger, primary_key=True),  # microseconds since 1970 times 1024, plus a number among equals
    Column("take_id", Text, nullable=False, unique=True),
    Column("model", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("verdict", Text),
    Column("likeness", Double),
    Column("who", Text, nullable=False),  # a JSON list of handles with their verdicts
    Column("picked", Integer, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("seconds", Double),
    # What else a list shows of a take, its shot and its recipe: so that one row is all that is read for it.
    Column("shot_id", Text, nullable=False, server_default=""),
    Column("number", Integer, nullable=False, server_default="0"),
    Column("prompt", Text, nullable=False, server_default=""),
    Column("width", Integer, nullable=False, server_default="0"),
    Column("height", Integer, nullable=False, server_default="0"),
    Column("length", Double, nullable=False, server_default="0"),
    Column("seed", BigInteger, nullable=False, server_default="0"),
    Column("asset", Text),
    Column("path", Text),
    Column("tags", Text, nullable=False, server_default="[]"),  # a JSON list
)

creation_tallies = Table(
    "creation_tallies",
    derived,
    Column("sort", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("takes", BigInteger, nullable=False),
    Column("judged", BigInteger, nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("cost", BigInteger, nullable=False),
)

# How each character fared on each model. `judged`: its own verdict is match, drift or missing. `seconds` and `cost` are
# those of takes that failed, too.
creation_results = Table(
    "creation_results",
    derived,
    Column("handle", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("takes", BigInteger, nullable=False),
    Column("judged", BigInteger, nullable=False),
    Column("matched", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("cost", BigInteger, nullable=False),
)

# Takes that failed, as they were counted: what has to be taken off again once they are tried again, or removed.
creation_failures = Table(
    "creation_failures",
    derived,
    Column("take_id", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("who", Text, nullable=False),  # a JSON list of handles
    Column("cost", BigInteger, nullable=False),
    Column("seconds", Double),
)

creation_queue = Table(
    "creation_queue",
    derived,
    Column("id", BigInteger, primary_key=True),
    Column("take_id", Text, nullable=False),
)
