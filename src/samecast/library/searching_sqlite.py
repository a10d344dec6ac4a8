"""The index of words on SQLite: an FTS5 table whose rowid is the place. Implements `searching.Index`.

FTS5 walks its lists from the highest rowid down and stops at the limit, so a word that is in half of a million takes is
found as fast as a rare one: nothing is counted or sorted.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, text

from samecast.library.searching import AnyOf, Asked

INDEXED_PREFIX = 3
"""Beginnings up to this length are indexed by FTS5 itself (rev_0003_search)."""
MOST_ENDINGS = 400
"""A longer beginning is looked for as every word that has it. Were they more, FTS5 would gather all hits first: slow,
but right."""


class SqliteIndex:
    def find(self, connection: Connection, asked: Asked, limit: int) -> list[int]:
        """See `searching.Index`."""
        between = {"floor": asked.floor, "below": asked.below, "limit": limit}
        if not asked.groups:
            return list(connection.execute(_ANY, between).scalars())
        parts = [_expression(connection, group) for group in asked.groups]
        if not all(parts):
            return []
        match = " AND ".join(f"({part})" for part in parts)
        return list(connection.execute(_MATCHING, {**between, "match": match}).scalars())

    def write(self, connection: Connection, terms: Mapping[int, Sequence[str]]) -> None:
        """See `searching.Index`. What is kept like that already is not written again."""
        kept = {row.rowid: row.words for row in connection.execute(_KEPT, {"places": list(terms)})}
        changed = {place: line for place, own in terms.items() if (line := " ".join(own)) != kept.get(place)}
        self.remove(connection, [place for place in changed if place in kept])
        if changed:
            connection.execute(_WRITE, [{"place": place, "words": line} for place, line in changed.items()])
            _learn(connection, {term for place in changed for term in terms[place]})

    def remove(self, connection: Connection, places: Sequence[int]) -> None:
        """See `searching.Index`."""
        if places:
            connection.execute(_REMOVE, [{"place": place} for place in places])


def _learn(connection: Connection, terms: set[str]) -> None:
    """Remember words by which longer beginnings are completed; marks are never looked for by their beginning."""
    fresh = sorted(term for term in terms if len(term) > INDEXED_PREFIX and term[0] not in "=@")
    if fresh:
        connection.execute(_LEARN, [{"term": term} for term in fresh])


def _expression(connection: Connection, group: AnyOf) -> str:
    """FTS5's own language. Every term is in quotes and holds none: nothing that was typed is read as an operator."""
    terms, ending = list(group.terms), ""
    if group.prefix:
        ending = f'"{group.prefix}" *'
        if len(group.prefix) > INDEXED_PREFIX:
            bounds = {"first": group.prefix, "last": group.prefix + "\U0010ffff", "limit": MOST_ENDINGS + 1}
            known = list(connection.execute(_ENDINGS, bounds).scalars())
            if len(known) <= MOST_ENDINGS:
                terms, ending = terms + known, ""
    return " OR ".join([*(f'"{term}"' for term in terms), *([ending] if ending else [])])


_ANY = text("SELECT place FROM creations WHERE place >= :floor AND place < :below ORDER BY place DESC LIMIT :limit")
_MATCHING = text(
    "SELECT rowid FROM creation_words WHERE creation_words MATCH :match AND rowid >= :floor AND rowid < :below"
    " ORDER BY rowid DESC LIMIT :limit"
)
_KEPT = text("SELECT rowid, words FROM creation_words WHERE rowid IN :places").bindparams(
    bindparam("places", expanding=True)
)
_WRITE = text("INSERT INTO creation_words (rowid, words) VALUES (:place, :words)")
_REMOVE = text("DELETE FROM creation_words WHERE rowid = :place")
_LEARN = text("INSERT OR IGNORE INTO creation_terms (term) VALUES (:term)")
_ENDINGS = text("SELECT term FROM creation_terms WHERE term >= :first AND term < :last LIMIT :limit")
