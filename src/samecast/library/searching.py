"""What is asked of the index of words, apart from the database that answers: words and marks that must be there.

A take's own tags are kept with it, as words and as marks. A character's name and tags are not: a word is looked for
among the cast first, and stands for everybody it names. So a change of name or tags is found at once, and costs
nothing. What answers is `searching_sqlite` and `searching_postgres`.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection, select

from samecast.library import schema as t
from samecast.library import wording
from samecast.ports.creations import Wanted

PLACES = 1024
"""Places in a microsecond."""
PICKED = wording.mark("picked", "yes")
_LONGEST_MARK = 1000
"""PostgreSQL takes words of up to 2,046 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """One of these terms has to be there, or one that begins with `prefix`."""

    terms: tuple[str, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All groups have to be met, by takes at `floor` <= place < `below`. No groups: any take."""

    groups: tuple[AnyOf, ...] = ()
    floor: int = 0
    below: int = 2**63 - 1


class Index(Protocol):
    """The words of every creation, by its place."""

    def find(self, connection: Connection, asked: Asked, limit: int) -> list[int]:
        """The highest places first. A group that nothing meets finds nothing."""
        ...

    def write(self, connection: Connection, terms: Mapping[int, Sequence[str]]) -> None:
        """Keep the terms of these places, instead of what was kept."""
        ...

    def remove(self, connection: Connection, places: Sequence[int]) -> None: ...


def place_of(moment: datetime) -> int:
    """The first place of this moment."""
    whole = round(moment.timestamp()) if moment.microsecond == 0 else int(moment.timestamp() // 1)
    return (whole * 1_000_000 + moment.microsecond) * PLACES


def moment_of(place: int) -> datetime:
    """To the microsecond, the moment in which the take at this place was made."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=place // PLACES)


def asked_for(connection: Connection, wanted: Wanted, *, below: int | None) -> Asked | None:
    """None where nothing can meet it: words without a letter in them."""
    marks = _marks(wanted)
    groups = [AnyOf(terms=(term,)) for term in marks]
    if wanted.tag is not None or wanted.words:
        cast = _cast_words(connection)
        if wanted.tag is not None:
            tagged = _tagged(connection, wanted.tag)
            groups.append(AnyOf(terms=(_tag_mark(wanted.tag), *(wording.character(handle) for handle in tagged))))
        if wanted.words:
            spoken = wording.words(wanted.words)[: wording.MOST_LOOKED_FOR]
            if not spoken:
                return None
            groups += [_group(word, cast, last=number == len(spoken)) for number, word in enumerate(spoken, start=1)]
    if any(not group.terms and not group.prefix for group in groups):
        return None
    tops = [place_of(wanted.until)] if wanted.until else []
    return Asked(
        groups=tuple(groups),
        floor=place_of(wanted.since) if wanted.since else 0,
        below=min([*tops, below if below is not None else 2**63 - 1]),
    )


def terms_of(prompts: Sequence[str], *, model: str, kind: str, who: Sequence[tuple[str, str | None]]) -> set[str]:
    """The words and marks of a take, but for those of its verdict."""
    texts = dict.fromkeys([*prompts, model, *(handle for handle, _ in who)])
    spoken = {word for text in texts for word in wording.words(text)}
    marks = {wording.mark("model", model), wording.mark("kind", kind)}
    for handle, verdict in who:
        marks.add(wording.character(handle))
        if verdict:
            marks.add(wording.character(handle, verdict))
    return spoken | marks


def tag_terms(tags: Sequence[str]) -> set[str]:
    """The words and marks of a take's own tags."""
    return {term for tag in tags for term in (_tag_mark(tag), *wording.words(tag))}


def verdict_terms(verdict: str | None, *, picked: bool) -> set[str]:
    terms = {PICKED} if picked else set()
    return terms | {wording.mark("is", verdict), *wording.words(verdict.replace("_", " "))} if verdict else terms


def _tag_mark(tag: str) -> str:
    """Spelled out where that is short enough for every database, else by its digest."""
    folded = wording.fold(tag)
    spelled = wording.mark("tag", folded)
    return (
        spelled if len(spelled) <= _LONGEST_MARK else wording.mark("tag", hashlib.sha256(folded.encode()).hexdigest())
    )


def who_to_json(who: Sequence[tuple[str, str | None]]) -> str:
    return json.dumps([list(pair) for pair in who], separators=(",", ":"))


def _marks(wanted: Wanted) -> list[str]:
    found = []
    if wanted.character is not None:
        found.append(wording.character(wanted.character, wanted.verdict))
    elif wanted.verdict is not None:
        found.append(wording.mark("is", wanted.verdict))
    if wanted.model is not None:
        found.append(wording.mark("model", wanted.model))
    if wanted.kind is not None:
        found.append(wording.mark("kind", wanted.kind))
    return [*found, PICKED] if wanted.picked else found


def _group(word: str, cast: Mapping[str, set[str]], *, last: bool) -> AnyOf:
    unfinished = last and not wording.stands_alone(word)
    named = {
        handle
        for known, handles in cast.items()
        if known == word or (unfinished and known.startswith(word))
        for handle in handles
    }
    marks = tuple(wording.character(handle) for handle in sorted(named))
    return AnyOf(terms=marks, prefix=word) if unfinished else AnyOf(terms=(word, *marks))


def _cast_words(connection: Connection) -> dict[str, set[str]]:
    """Who is meant by each word of the cast's names and tags, the retired included."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    names = connection.execute(select(t.characters.c.handle, t.characters.c.name)).all()
    tags = connection.execute(
        select(t.characters.c.handle, t.character_tags.c.tag).join(
            t.character_tags, t.character_tags.c.character_id == t.characters.c.id
        )
    ).all()
    for handle, text in [*names, *tags]:
        for word in wording.words(text):
            found[word].add(handle)
    return found


def _tagged(connection: Connection, tag: str) -> list[str]:
    rows = connection.execute(
        select(t.character_tags.c.tag, t.characters.c.handle).join(
            t.characters, t.characters.c.id == t.character_tags.c.character_id
        )
    )
    return sorted({row.handle for row in rows if wording.fold(row.tag) == wording.fold(tag)})
