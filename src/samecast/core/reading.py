"""A prompt opened for reading: its words without quotes and look-alikes, and phrases found in it with their denials.

What the phrases mean for a shot is `core.prompt`'s; what is done in it, `core.acting`'s.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from samecast.core.lexicon import Lexicon
from samecast.core.words import Match, Phrases, Token, segments, tokenise

V = TypeVar("V")
_NEGATIVE_PROMPT = re.compile(r"(?:\bnegative(?: +prompt)?\s*:|--no\b)", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"\n]{1,160}\"|“[^”\n]{1,160}”")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A prompt ready to be read: its tokens, and those that must not be (quoted, or looking like something else)."""

    text: str
    tokens: list[Token]
    masked: frozenset[int]
    lexicon: Lexicon


def open_prompt(text: str, lexicon: Lexicon) -> Reading:
    negative = _NEGATIVE_PROMPT.search(text)
    text = re.sub(r" {2,}", " ", text[: negative.start()] if negative else text)
    tokens = tokenise(text)
    whole = len(text.strip()) - 2
    quoted = [(q.start(), q.end()) for q in _QUOTED.finditer(text) if "@" not in q.group() and len(q.group()) < whole]
    masked = {i for match in lexicon.ignored.find(tokens) for i in range(match.start, match.end)}
    at = 0
    for i, token in enumerate(tokens):
        while at < len(quoted) and quoted[at][1] <= token.start:
            at += 1
        if at < len(quoted) and quoted[at][0] <= token.start:
            masked.add(i)
    return Reading(text=text, tokens=tokens, masked=frozenset(masked), lexicon=lexicon)


def matches(reading: Reading, phrases: Phrases[V]) -> list[tuple[Match[V], bool]]:
    """Every phrase found, with whether it is denied ("no rain", "without rain or fog", "the rain has stopped")."""
    found: list[tuple[Match[V], bool]] = []
    denied_until = -1
    for match in phrases.find(reading.tokens):
        if match.start in reading.masked:
            continue
        joined = denied_until >= 0 and match.start - denied_until in (1, 2)
        listed = joined and reading.tokens[match.start - 1].norm in ("and", "or", "nor")
        denied = listed or _denied(reading, match.start, match.end)
        denied_until = match.end if denied else -1
        found.append((match, denied))
    return found


def said_in(reading: Reading, phrases: Phrases[V]) -> list[Match[V]]:
    return [match for match, denied in matches(reading, phrases) if not denied]


def _denied(reading: Reading, start: int, end: int) -> bool:
    tokens, negation = reading.tokens, reading.lexicon.negation
    if negation.after.at(tokens, end) is not None:
        return tokens[end].norm != "free" or tokens[end].joined
    if end < len(tokens) - 1 and tokens[end].norm in ("has", "had", "is") and negation.after.at(tokens, end):
        return True
    for back in range(1, 6):
        i = start - back
        if i < 0 or tokens[i].kind != "word":
            return False
        if tokens[i].norm in negation.words:
            return True
        if tokens[i].norm in ("and", "but", "with", "then"):
            return False
        if tokens[i].norm in reading.lexicon.place_reading.strong and i > 0:
            return tokens[i - 1].norm in ("not", "isnt", "never", "arent", "no")
    return False


def first(found: Sequence[Match[V]]) -> V | None:
    return found[0].value if found else None


def alone_in(reading: Reading, phrases: Phrases[V]) -> V | None:
    """A phrase that is a whole clause but for words of the camera, such as ", wide," or ", locked-off wide,"."""
    for start, end in segments(reading.tokens):
        camera = reading.lexicon.camera.at(reading.tokens, start, end)
        if camera is not None and camera.end < end:
            start = camera.end
        match = phrases.at(reading.tokens, start, end)
        if match is not None and match.end == end and start not in reading.masked:
            return match.value
    return None
