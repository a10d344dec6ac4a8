"""The lint: where a prompt says what the reference already carries, and the shorter prompt that leaves it out.

Also: contradictions between prompt and cast, nobody named, several aspect ratios, two places at once. It only warns.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from samecast.core.cast import Anchor
from samecast.core.features import contradicting
from samecast.core.lexicon import Lexicon
from samecast.core.mentions import CastName, Mention, find_mentions
from samecast.core.places import find_places
from samecast.core.prompt import said_aspects
from samecast.core.redescribing import Clause, appearance_clauses, without
from samecast.core.words import PROMPT_LIMIT, tokenise

FindingCode: TypeAlias = Literal[
    "describes_again", "contradicts_cast", "no_mention", "several_aspects", "unknown_aspect", "conflicting_places"
]
_RATIO_LIKE = re.compile(r"(?<![\w:./])(\d{1,5}):(\d{1,5})(?![\w:]|\.\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A member of the cast as the lint needs it."""

    handle: str
    name: str
    description: str = ""
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One warning. `words` are the prompt's own; `shorter` is the whole prompt without them, where that helps."""

    code: FindingCode
    message: str
    words: tuple[str, ...] = ()
    shorter: str | None = None


def lint(prompt: str, characters: Sequence[Described], lexicon: Lexicon) -> list[Finding]:
    """What could be said better in a prompt. Never raises; mentions of nobody are left to `mentions.resolve`."""
    text = prompt[:PROMPT_LIMIT]
    cast = [CastName(handle=c.handle, name=c.name) for c in characters]
    text = _canonical(text, find_mentions(text, cast))
    mentions = find_mentions(text, cast)
    found: list[Finding] = []
    if not mentions:
        found += _nobody(characters)
    clauses = appearance_clauses(text, mentions, {c.handle: _known_words(c) for c in characters}, lexicon)
    found += _again(text, clauses, characters)
    found += _contradictions(text, mentions, clauses, characters, lexicon)
    found += _aspects(text, lexicon)
    found += _places(text, lexicon)
    return found


def _canonical(text: str, mentions: Sequence[Mention]) -> str:
    """Every mention as `@handle`."""
    parts: list[str] = []
    at = 0
    for mention in mentions:
        parts += [text[at : mention.start], f"@{mention.handle}"]
        at = mention.end
    return "".join([*parts, text[at:]])


def _known_words(character: Described) -> tuple[str, ...]:
    return (character.description, *(anchor.text for anchor in character.anchors))


def _nobody(characters: Sequence[Described]) -> Iterator[Finding]:
    if not characters:
        return
    some = " or ".join(f"@{character.handle}" for character in characters[:3])
    yield Finding(code="no_mention", message=f"Nobody from the cast is named, so nobody will appear. Say {some}.")


def _again(text: str, clauses: Sequence[Clause], characters: Sequence[Described]) -> Iterator[Finding]:
    """One finding per character described again; each offers the prompt without any of the descriptions."""
    if not clauses:
        return
    shorter = without(text, [clause for clause in clauses if clause.removable])
    for handle in dict.fromkeys(clause.handle for clause in clauses):
        words = tuple(clause.words for clause in clauses if clause.handle == handle)
        shown = ", ".join(f"'{w}'" for w in words)
        costume = any(clause.worn for clause in clauses if clause.handle == handle)
        tail = " Keep a costume only if it is meant to change." if costume else ""
        yield Finding(
            code="describes_again",
            message=f"The reference already carries what @{handle} looks like: {shown} can go.{tail}",
            words=words,
            shorter=shorter if shorter != text else None,
        )


def _contradictions(
    text: str,
    mentions: Sequence[Mention],
    clauses: Sequence[Clause],
    characters: Sequence[Described],
    lexicon: Lexicon,
) -> Iterator[Finding]:
    by_handle = {character.handle: character for character in characters}
    for handle in dict.fromkeys(mention.handle for mention in mentions):
        character = by_handle[handle]
        said = ". ".join(clause.words for clause in clauses if clause.handle == handle)
        if not said:
            continue
        for clash in contradicting(said, character.anchors, character.description, lexicon):
            yield Finding(
                code="contradicts_cast",
                message=f"The prompt contradicts the cast about @{handle}: {clash}. Say as the cast does, or nothing.",
                words=(clash,),
                shorter=without(text, [clause for clause in clauses if clause.removable]) or None,
            )


def _aspects(text: str, lexicon: Lexicon) -> Iterator[Finding]:
    said = said_aspects(text, lexicon)
    if len(said) > 1:
        names = tuple(f"{width}:{height}" for width, height in said)
        yield Finding(
            code="several_aspects",
            message=f"The prompt asks for {len(said)} aspect ratios ({', '.join(names)}); {names[0]} is used.",
            words=names,
        )
    trailing = [m for m in _RATIO_LIKE.finditer(text) if not text[m.end() :].strip(" .\n")]
    if trailing and not said:
        ratio = trailing[-1].group()
        yield Finding(
            code="unknown_aspect",
            message=f"'{ratio}' is no aspect ratio samecast makes, so it is ignored. Say 16:9, 9:16 or 1:1.",
            words=(ratio,),
        )


def _places(text: str, lexicon: Lexicon) -> Iterator[Finding]:
    """Two different places that both hold the action; "a bar on a beach" or what is only looked at does not count."""
    tokens = tokenise(text)
    found = [p for p in find_places(text, tokens, lexicon, frozenset()) if p.rank <= 1 and p.id is not None]
    ids = {place.id: place.words for place in reversed(found)}
    apart = any(b.start - a.end > _NESTED for a, b in pairwise(found) if a.id != b.id)
    streets = {"neon_street", "day_street"}
    if len(ids.keys() - streets) + bool(ids.keys() & streets) > 1 and apart:
        words = tuple(dict.fromkeys(place.words for place in found))
        yield Finding(
            code="conflicting_places",
            message=f"The prompt names several places ({', '.join(words)}); a shot has one. '{words[0]}' is used.",
            words=words,
        )


_NESTED = 2
"""Words between two places that are one inside the other: "a bar in Tokyo"."""
