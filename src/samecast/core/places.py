"""Where a prompt takes place: the noun phrases after "in", "through", "at" and their like, and what they name.

A place the lexicon does not know keeps the prompt's own words and has no id, so that an engine can say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.lexicon import Lexicon
from samecast.core.words import Match, Token, segments, singular, written

_DETERMINERS = frozenset({"a", "an", "the", "this", "that", "some", "his", "her", "their", "its", "my", "our", "your"})
_LONGEST_NAME = 12
"""Words; a noun phrase longer than this is no place's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFound:
    """One place named: tokens `start` to `end`, its lexicon id or None, the words, and how surely (0 is surest)."""

    start: int
    end: int
    id: str | None
    words: str
    rank: int


def find_places(text: str, tokens: Sequence[Token], lexicon: Lexicon, taken: frozenset[int]) -> list[PlaceFound]:
    """All places named, in the order of the text. `taken`: tokens that are read as something else, or negated."""
    found: list[PlaceFound] = []
    for start, end in segments(tokens):
        i = start
        while i < end:
            place = _place_at(text, tokens, (start, i, end), lexicon, taken)
            if place is not None:
                found.append(place)
                i = max(place.end, i + 1)
            else:
                i += 1
    return found


def main_place(found: Sequence[PlaceFound], tokens: Sequence[Token]) -> PlaceFound | None:
    """The surest; of those one in the same clause as a mention; of those the first."""
    home = [(s, e) for s, e in segments(tokens) if any(token.kind == "mention" for token in tokens[s:e])]

    def order(place: PlaceFound) -> tuple[int, bool]:
        return place.rank, not any(start <= place.start < end for start, end in home)

    return min(found, key=order) if found else None


def at_time(place: str, words: Sequence[str], time: str | None, neon: bool, lexicon: Lexicon) -> str:
    """A street at night is another place than by day: follow `by_day` and `at_night`. Neon light means night."""
    entry = lexicon.place_words[place]
    if entry.unless & set(words):
        return place
    if entry.at_night and (time == "night" or (neon and time in (None, "dusk"))):
        return entry.at_night
    if time in ("dawn", "day", "golden hour") and entry.by_day:
        return entry.by_day
    return place


def _place_at(
    text: str, tokens: Sequence[Token], span: tuple[int, int, int], lexicon: Lexicon, taken: frozenset[int]
) -> PlaceFound | None:
    start, i, end = span
    reading = lexicon.place_reading
    norm = tokens[i].norm
    if tokens[i].kind != "word" or i in taken:
        return None
    bare = reading.bare.at(tokens, i, end)
    if bare is not None:
        words = written(text, tokens, i, bare.end)
        return PlaceFound(start=i, end=bare.end, id=None, words=words, rank=3)
    if norm in reading.strong or norm in reading.weak or norm in reading.verbs:
        rank = 0 if norm in reading.strong else 1 if norm in reading.verbs else 4
        if _looks_toward(tokens, i, start, lexicon):
            rank = 5
        known = _known_in(text, tokens, i + 1, end, lexicon, taken, rank)
        if known is not None or rank > 1:
            return known
        return _unknown_in(text, tokens, i, end, lexicon, taken)
    if i == start:
        return _opening(text, tokens, i, end, lexicon, taken)
    if norm in ("onstage", "backstage"):
        return PlaceFound(start=i, end=i + 1, id="stage", words=written(text, tokens, i, i + 1), rank=1)
    return None


def _opening(
    text: str, tokens: Sequence[Token], i: int, end: int, lexicon: Lexicon, taken: frozenset[int]
) -> PlaceFound | None:
    """A clause that opens with a place: "neon alley at night, ..."; not one that opens with something done."""
    place = _known_in(text, tokens, i, end, lexicon, taken, 2)
    if place is None:
        stop = _phrase_end(tokens, i, end, lexicon)
        headed = stop > i and lexicon.place_reading.heads.has(tokens[stop - 1].norm)
        if headed and not any(j in taken or _is_done(tokens[j].norm, lexicon) for j in range(i, stop)):
            return PlaceFound(start=i, end=stop, id=None, words=written(text, tokens, i, stop), rank=3)
        return None
    if any(lexicon.actions.verbs.at(tokens, j) for j in range(i, min(place.end, i + 2))):
        return None
    return place


def _is_done(norm: str, lexicon: Lexicon) -> bool:
    return norm.endswith(("ing", "s")) and lexicon.actions.verbs.has(norm)


def _looks_toward(tokens: Sequence[Token], i: int, start: int, lexicon: Lexicon) -> bool:
    """'looking at the sea', 'staring out across the city': what is looked at is not stood in."""
    before = [token.norm for token in tokens[max(start, i - 3) : i]]
    if tokens[i].norm not in _AFTER_LOOKING | {"in", "on", "around"}:
        return False
    near = before[-2:] if tokens[i].norm in _AFTER_LOOKING else before[-1:]
    verbs = lexicon.actions.toward_verbs
    if tokens[i].norm in ("in", "on"):
        verbs = frozenset({"believe", "believing", "dressed", "clad"})
    return any(word in verbs or singular(word) in verbs for word in near)


_AFTER_LOOKING = frozenset({"at", "into", "through", "across", "down", "up", "over", "toward", "towards", "past", "to"})


def _phrase_end(tokens: Sequence[Token], i: int, end: int, lexicon: Lexicon) -> int:
    """Where the noun phrase that begins at `i` stops: before a preposition, a conjunction, a mention."""
    reading = lexicon.place_reading
    j = i
    while j < min(end, i + _LONGEST_NAME):
        token = tokens[j]
        if token.kind != "word":
            break
        of = token.norm == "of" and j > i
        lit = token.norm == "lit" and j > i and lexicon.light_nouns.has(tokens[j - 1].norm)
        if not (of or lit or token.joined) and j > i and token.norm in reading.enders:
            break
        j += 1
    return j


def _known_in(
    text: str, tokens: Sequence[Token], i: int, end: int, lexicon: Lexicon, taken: frozenset[int], rank: int
) -> PlaceFound | None:
    """The last place of the lexicon named in the noun phrase at `i`, if it is what the phrase is about."""
    if i >= end or tokens[i].norm in lexicon.place_reading.strong | lexicon.place_reading.weak:
        return None
    stop = _phrase_end(tokens, i, end, lexicon)
    best: Match[str] | None = None
    for match in lexicon.places.find(tokens, i, stop):
        if match.start not in taken and _stands_alone(tokens, match, stop, lexicon):
            best = match
    if best is None:
        return None
    last = best.end
    while last < stop and tokens[last].norm in lexicon.place_reading.parts and last not in taken:
        last += 1
    while last > best.end and tokens[last - 1].norm in _NOT_IN_NAME:
        last -= 1
    place = _with_words(tokens, i, best, lexicon)
    return PlaceFound(start=i, end=last, id=place, words=written(text, tokens, i, last), rank=rank)


_NOT_IN_NAME = frozenset({"at", "night", "slowly", "quietly", "calmly", "alone", "together", "again", "only", "too"})


def _stands_alone(tokens: Sequence[Token], match: Match[str], stop: int, lexicon: Lexicon) -> bool:
    """Not the first half of another noun: 'park bench' is a park, 'forest-green coat' and 'beach ball' are not."""
    if match.end >= stop:
        return True
    following = tokens[match.end]
    norm = following.norm
    if following.joined and norm not in lexicon.place_reading.parts:
        return False
    verbal = norm.endswith(("ing", "ed")) and len(norm) > 4
    timed = lexicon.times.at(tokens, match.end, stop) is not None
    parts = lexicon.place_reading.parts
    return norm == "of" or norm in parts or singular(norm) in parts or verbal or timed or norm.endswith("ly")


def _with_words(tokens: Sequence[Token], i: int, match: Match[str], lexicon: Lexicon) -> str:
    """'alley' is a day street; 'neon-lit alley' is another place's."""
    if match.value != "day_street":
        return match.value
    before = {token.norm for token in tokens[i : match.end]}
    for place, entry in lexicon.place_words.items():
        if entry.with_words & before:
            return place
    return match.value


def _unknown_in(
    text: str, tokens: Sequence[Token], i: int, end: int, lexicon: Lexicon, taken: frozenset[int]
) -> PlaceFound | None:
    """A noun phrase after "in" that names a place, by all appearances, though not one of the lexicon's."""
    reading = lexicon.place_reading
    first = i + 1
    stop = _phrase_end(tokens, first, end, lexicon)
    stop = next((j for j in range(first, stop) if j in taken), stop)
    stop = _before_participle(tokens, first, stop, lexicon)
    while stop > first and (tokens[stop - 1].norm in _NOT_IN_NAME or tokens[stop - 1].norm == "of"):
        stop -= 1
    content = [token.norm for token in tokens[first:stop] if token.norm not in _DETERMINERS]
    if not content:
        return None
    head, joint = content[-1], content.index("of") if "of" in content[1:] else None
    sure = any(reading.heads.find(tokens, first, stop))
    if joint is not None and content[joint - 1] in reading.never:
        first = next(j for j in range(first, stop) if tokens[j].norm == "of") + 1
    whole = head if joint is None else content[joint - 1]
    if not sure and (_names_no_place(head, lexicon) or tokens[i].norm not in reading.unknown_after):
        return None
    if not sure and joint is not None and _names_no_place(whole, lexicon) and _names_no_place(head, lexicon):
        return None
    if not sure and (not _can_name(text, tokens, first, stop) or _is_ordinary(tokens, first, stop, lexicon)):
        return None
    return PlaceFound(start=first, end=stop, id=None, words=written(text, tokens, first, stop), rank=1 if sure else 3)


def _names_no_place(word: str, lexicon: Lexicon) -> bool:
    reading = lexicon.place_reading
    return bool({word, singular(word)} & (reading.never | reading.parts))


def _before_participle(tokens: Sequence[Token], first: int, stop: int, lexicon: Lexicon) -> int:
    """'in a cathedral holding a candle': the name ends before the participle, once a noun has been said."""
    for j in range(first + 1, stop):
        norm = tokens[j].norm
        noun_before = tokens[j - 1].norm not in _DETERMINERS
        verbal = norm.endswith("ing") and (j + 1 >= stop or tokens[j + 1].norm in _DETERMINERS)
        headed = lexicon.place_reading.heads.has(tokens[j - 1].norm) and norm.endswith(("ing", "ed", "ly"))
        if noun_before and not tokens[j].joined and (verbal or headed):
            return j
    return stop


def _can_name(text: str, tokens: Sequence[Token], first: int, stop: int) -> bool:
    """It has an article, or is a proper name: 'in a cathedral', 'in Narnia', not 'in tears'."""
    if tokens[first].norm in _DETERMINERS:
        return True
    return text[tokens[first].start].isupper()


def _is_ordinary(tokens: Sequence[Token], first: int, stop: int, lexicon: Lexicon) -> bool:
    """The last word is clothing, a body part, a light, a style, a lens: said elsewhere in the brief."""
    head = stop - 1
    for words in (lexicon.anchors.ordinary, lexicon.anchors.kinds, lexicon.anchors.body, lexicon.light, lexicon.styles):
        if any(match.end == stop for match in words.find(tokens, first, stop)):
            return True
    return tokens[head].norm[:1].isdigit() or lexicon.light_nouns.has(tokens[head].norm)
