"""Which codes are near, on PostgreSQL: by pgvector, whose HNSW index knows bits. Implements `looks.Codes`.

The extension and the table are made when somebody first looks for similar takes. Where the extension cannot be made,
that is said, and nothing else is tried: a million codes would cross the network for every search.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from samecast.core.errors import MissingPart
from samecast.library.looks import CODE_BYTES, looks_of
from samecast.ports.creations import Look

_BITS = 8 * CODE_BYTES


class PostgresCodes:
    def put(self, connection: Connection, looks: Sequence[tuple[str, Look]]) -> None:
        """See `looks.Codes`. Before anybody looked for similar takes there is nothing to put them into."""
        if looks and _ready(connection):
            connection.execute(_PUT, [{"id": take_id, "bits": _bits(look.code)} for take_id, look in looks])

    def remove(self, connection: Connection, take_ids: Sequence[str]) -> None:
        """See `looks.Codes`."""
        if take_ids and _ready(connection):
            connection.execute(_REMOVE, [{"id": take_id} for take_id in take_ids])

    def nearest(self, connection: Connection, look: Look, count: int) -> list[tuple[str, Look]]:
        """See `looks.Codes`."""
        if not _ready(connection):
            _make_ready(connection)
        connection.execute(text(f"SET LOCAL hnsw.ef_search = {min(1000, max(40, count))}"))
        near = connection.execute(_NEAREST, {"bits": _bits(look.code), "count": count}).scalars()
        return looks_of(connection, list(near), look.maker)


def _ready(connection: Connection) -> bool:
    return connection.execute(text("SELECT to_regclass('look_codes')")).scalar() is not None


def _make_ready(connection: Connection) -> None:
    """Make the extension, the table with the codes of all looks, and its index. Raises `MissingPart`."""
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError as error:
        raise MissingPart(
            "Similar takes cannot be found: this PostgreSQL lacks the extension 'vector' (pgvector).",
            hint="Have it installed, and made by somebody who may: CREATE EXTENSION vector",
        ) from error
    connection.execute(text(f"CREATE TABLE IF NOT EXISTS look_codes (take_id text PRIMARY KEY, code bit({_BITS}))"))
    connection.execute(text("LOCK TABLE look_codes IN EXCLUSIVE MODE"))
    connection.execute(_FILL)
    connection.execute(
        text("CREATE INDEX IF NOT EXISTS ix_look_codes_code ON look_codes USING hnsw (code bit_hamming_ops)")
    )


def _bits(code: bytes) -> str:
    return f"{int.from_bytes(code):0{_BITS}b}"


_PUT = text(
    f"INSERT INTO look_codes (take_id, code) VALUES (:id, CAST(:bits AS bit({_BITS})))"
    " ON CONFLICT (take_id) DO UPDATE SET code = excluded.code WHERE look_codes.code <> excluded.code"
)
_REMOVE = text("DELETE FROM look_codes WHERE take_id = :id")
_FILL = text(
    "INSERT INTO look_codes (take_id, code)"
    f" SELECT take_id, CAST('x' || encode(code, 'hex') AS bit({_BITS})) FROM take_looks"
    " WHERE take_id NOT IN (SELECT id FROM takes WHERE trashed_at IS NOT NULL) ON CONFLICT DO NOTHING"
)
_NEAREST = text(f"SELECT take_id FROM look_codes ORDER BY code <~> CAST(:bits AS bit({_BITS})) LIMIT :count")
