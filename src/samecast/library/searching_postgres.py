"""The index of words on PostgreSQL: a tsvector for each place, with a GIN index. Implements `searching.Index`.

The terms are handed over as they are, past PostgreSQL's own parser and dictionaries, which would read a text otherwise
than SQLite does.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, text

from samecast.library.searching import AnyOf, Asked


class PostgresIndex:
    def find(self, connection: Connection, asked: Asked, limit: int) -> list[int]:
        """See `searching.Index`."""
        between = {"floor": asked.floor, "below": asked.below, "limit": limit}
        if not asked.groups:
            return list(connection.execute(_ANY, between).scalars())
        query = " & ".join(f"({_expression(group)})" for group in asked.groups)
        return list(connection.execute(_MATCHING, {**between, "query": query}).scalars())

    def write(self, connection: Connection, terms: Mapping[int, Sequence[str]]) -> None:
        """See `searching.Index`."""
        if terms:
            connection.execute(_WRITE, [{"place": place, "terms": list(own)} for place, own in terms.items()])

    def remove(self, connection: Connection, places: Sequence[int]) -> None:
        """See `searching.Index`."""
        if places:
            connection.execute(_REMOVE, {"places": list(places)})


def _expression(group: AnyOf) -> str:
    """tsquery's own language. Terms are in quotes, and hold neither quotes nor backslashes."""
    return " | ".join([*(f"'{term}'" for term in group.terms), *([f"'{group.prefix}':*"] if group.prefix else [])])


_ANY = text("SELECT place FROM creations WHERE place >= :floor AND place < :below ORDER BY place DESC LIMIT :limit")
_MATCHING = text(
    "SELECT place FROM creation_words WHERE words @@ CAST(:query AS tsquery) AND place >= :floor AND place < :below"
    " ORDER BY place DESC LIMIT :limit"
)
_WRITE = text(
    "INSERT INTO creation_words (place, words) VALUES (:place, array_to_tsvector(CAST(:terms AS text[])))"
    " ON CONFLICT (place) DO UPDATE SET words = excluded.words WHERE creation_words.words <> excluded.words"
)
_REMOVE = text("DELETE FROM creation_words WHERE place IN :places").bindparams(bindparam("places", expanding=True))
