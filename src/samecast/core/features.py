"""Features: what a text says a character has ("scar, cheek, left, faint"), and where two texts contradict each other.

The same reading serves anchors, descriptions and prompts. How specific a feature is, is `core.anchors`' business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samecast.core.cast import Anchor, Side
from samecast.core.lexicon import Lexicon
from samecast.core.words import Match, Token, segments, singular, tokenise, written

_SIDES: dict[str, Side] = {"left": "left", "lefthand": "left", "right": "right", "righthand": "right"}
_VIEWERS = frozenset({"viewer", "viewers", "camera", "screen", "frame", "image", "picture", "photo", "audience"})
_DETERMINERS = frozenset({"the", "her", "his", "their", "its", "my", "far", "upper", "lower", "outer", "inner", "a"})
# "right above the brow", "the right amount", "left open": no side.
_NO_SIDE_BEFORE = frozenset(
    {"above", "below", "under", "over", "next", "in", "at", "across", "through", "down", "behind", "beneath", "between"}
    | {"where", "after", "before", "beside", "along", "up", "into", "on", "near", "by", "underneath", "inside"}
)
_NEVER_SIDE_BEFORE = frozenset(
    {"angle", "angled", "handed", "amount", "kind", "time", "way", "away", "now", "there", "here", "open", "unbuttoned"}
    | {"loose", "untied", "undone", "bare", "alone", "natural", "unlaced", "unzipped", "off"}
)
_CONNECTORS = frozenset({"and", "with", "plus", "wearing", "but", "also", "has", "while", "wears", "below", "above"})
_PREPOSITIONS = frozenset(
    {"on", "in", "at", "across", "over", "under", "along", "through", "of", "with", "behind", "below", "above", "near"}
    | {"around", "from", "to", "into", "beneath", "between", "for", "down", "up", "by", "beside", "against"}
)
_SINGLE = frozenset({"single", "lone", "only", "sole", "one"})
_BOTH = frozenset(
    {"both", "pair", "pairs", "each", "either", "matching", "second", "another", "other", "twin", "twins", "two"}
    | {"symmetrical", "paired", "different", "mismatched", "respectively"}
)
_NONE = frozenset({"no", "without", "never", "lacks", "lacking"})
_PLAIN = frozenset(
    {"a", "an", "the", "her", "his", "their", "its", "is", "are", "has", "have", "she", "he", "they", "side", "very"}
    | {"all", "that", "this", "who", "whose", "hand", "colour", "color", "coloured", "colored"}
)
_CLOSE = 3
"""Words: how far an adjective may stand before its noun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing a text says is there. `kind` is a family or a noun; `words` how the text puts it.

    `several`: the text itself speaks of more than one, or of both sides; `absent`: it says there is none.
    """

    kind: str
    family: str
    words: str
    places: frozenset[str]
    side: Side | None
    colours: frozenset[str]
    adjectives: frozenset[str]
    single: bool
    several: bool
    absent: bool


# --- sides ------------------------------------------------------------------------------------------------------


def side_of(text: str) -> Side | None:
    """The character's own side a text names; None where it names none, or both."""
    tokens = tokenise(text)
    sides = {side for i in range(len(tokens)) if (side := _side_at(tokens, i)) is not None}
    return sides.pop() if len(sides) == 1 else None


def _side_at(tokens: Sequence[Token], i: int) -> Side | None:
    side = _SIDES.get(tokens[i].norm)
    if side is None or tokens[i].kind != "word":
        return None

    def norm(j: int) -> str:
        return tokens[j].norm if 0 <= j < len(tokens) and tokens[j].kind == "word" else ""

    before, after = norm(i - 1), norm(i + 1)
    crosses = (after == "to" and norm(i + 2) in _SIDES) or (before == "to" and norm(i - 2) in _SIDES)
    if crosses or after in _NEVER_SIDE_BEFORE:
        return None
    if after in _NO_SIDE_BEFORE and before not in _DETERMINERS | {"own"}:
        return None
    if tokens[i].norm == "left" and after.endswith("ed") and norm(i + 2) in _PREPOSITIONS | {""}:
        return None
    of_picture = after == "of" and (norm(i + 2) in _VIEWERS or norm(i + 3) in _VIEWERS)
    if before in _VIEWERS or of_picture:
        return "right" if side == "left" else "left"
    return side


# --- reading features -------------------------------------------------------------------------------------------


def features(text: str, lexicon: Lexicon, *, side: Side | None = None) -> list[Feature]:
    """What the text says a character has. `side` is used where the text names none (an anchor's own side)."""
    tokens = tokenise(text)
    found: list[Feature] = []
    for start, end in segments(tokens):
        for chunk_start, chunk_end in _chunks(tokens, start, end, lexicon):
            found += _chunk_features(text, tokens, (chunk_start, chunk_end), lexicon, side)
    return found


def _nouns(tokens: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> list[Match[str]]:
    """The things named; a body part beside something distinctive is where that is, and no thing of its own."""
    words = lexicon.anchors
    kinds = words.kinds.find(tokens, start, end)
    covered = {i for match in kinds for i in range(match.start, match.end)}
    ordinary = [match for match in words.ordinary.find(tokens, start, end) if match.start not in covered]
    if kinds:
        ordinary = [match for match in ordinary if words.body.at(tokens, match.start, end) is None]
    return sorted([*kinds, *ordinary], key=lambda match: match.start)


def _chunks(tokens: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> Iterator[tuple[int, int]]:
    """Cut a clause at "and", "with" and the like where both halves name a thing."""
    cut = start
    for i in range(start + 1, end):
        if tokens[i].norm not in _CONNECTORS:
            continue
        if _names_a_thing(tokens, cut, i, lexicon) and _names_a_thing(tokens, i + 1, end, lexicon):
            yield cut, i
            cut = i + 1
    if cut < end:
        yield cut, end


def _names_a_thing(tokens: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> bool:
    words = lexicon.anchors
    return any(words.kinds.at(tokens, i, end) or words.ordinary.at(tokens, i, end) for i in range(start, end))


def _chunk_features(
    text: str, tokens: Sequence[Token], span: tuple[int, int], lexicon: Lexicon, default: Side | None
) -> list[Feature]:
    start, end = span
    nouns = _nouns(tokens, start, end, lexicon) or _unheard_noun(tokens, start, end)
    if not nouns:
        return []
    sides = {s for i in range(start, end) if (s := _side_at(tokens, i)) is not None}
    norms = [token.norm for token in tokens[start:end]]
    inside = {i for noun in nouns for i in range(noun.start, noun.end)}
    body = [m for m in lexicon.anchors.body.find(tokens, start, end) if m.start not in inside]
    adjectives = _adjectives(tokens, span, nouns, {i for m in body for i in range(m.start, m.end)})
    side = next(iter(sides)) if len(sides) == 1 else default if not sides else None
    found = []
    for noun, near in zip(nouns, adjectives, strict=True):
        colours = [lexicon.anchors.colours[word] for word in near if word in lexicon.anchors.colours]
        found.append(
            Feature(
                kind=_identity(tokens, noun, lexicon),
                family=noun.value,
                words=written(text, tokens, start, end),
                places=frozenset(match.value for match in body),
                side=side,
                colours=frozenset().union(*colours),
                adjectives=frozenset(near),
                single=bool(_SINGLE & set(norms)),
                several=len(sides) > 1 or bool(_BOTH & set(norms)),
                absent=bool(_NONE & set(norms[: max(1, noun.start - start)])),
            )
        )
    return found


def _identity(tokens: Sequence[Token], noun: Match[str], lexicon: Lexicon) -> str:
    if noun.value in lexicon.anchors.same:
        return noun.value
    return singular(tokens[noun.end - 1].norm)


def _unheard_noun(tokens: Sequence[Token], start: int, end: int) -> list[Match[str]]:
    """The noun of a thing the lexicon has never heard of: the last word before the first preposition."""
    stop = next((i for i in range(start + 1, end) if tokens[i].norm in _PREPOSITIONS), end)
    head = stop - 1
    if tokens[head].kind != "word" or tokens[head].norm in _PLAIN or tokens[head].norm in _SIDES:
        return []
    return [Match(start=head, end=stop, value="unheard")]


def _adjectives(
    tokens: Sequence[Token], span: tuple[int, int], nouns: Sequence[Match[str]], skip: set[int]
) -> list[list[str]]:
    """For each noun the words that go with it: those close before it, else those after the noun before."""
    near: list[list[str]] = [[] for _ in nouns]
    for i in range(*span):
        norm = tokens[i].norm
        if i in skip or norm in _PLAIN | _PREPOSITIONS | _CONNECTORS | _SIDES.keys() | _SINGLE | _BOTH | _NONE:
            continue
        if any(noun.start <= i < noun.end for noun in nouns):
            continue
        following = next((k for k, noun in enumerate(nouns) if noun.start > i), None)
        if following is not None and (following == 0 or nouns[following].start - i <= _CLOSE):
            near[following].append(norm)
        else:
            near[len(nouns) - 1 if following is None else following - 1].append(norm)
    return near


# --- contradictions ---------------------------------------------------------------------------------------------


def contradictions(anchors: Sequence[Anchor], description: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Where two anchors, or an anchor and the description, cannot both be true; as short sentences."""
    read = [features(anchor.text, lexicon, side=anchor.side) for anchor in anchors]
    told = features(description, lexicon)
    found: list[str] = []
    for i, mine in enumerate(read):
        for other in read[i + 1 :]:
            found += _between(mine, other, lexicon, twins=True)
        others = [feature for k, feats in enumerate(read) if k != i for feature in feats]
        found += _between(mine, told, lexicon, twins=False, known=others)
    return tuple(dict.fromkeys(found))


def contradicting(text: str, anchors: Sequence[Anchor], description: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Where a text (a prompt's words about a character) contradicts what the cast says."""
    said = features(text, lexicon)
    cast = [f for anchor in anchors for f in features(anchor.text, lexicon, side=anchor.side)]
    told = features(description, lexicon)
    found = _between(said, cast, lexicon, twins=False, known=told) + _between(
        said, told, lexicon, twins=False, known=cast
    )
    return tuple(dict.fromkeys(found))


def _between(
    mine: Sequence[Feature], other: Sequence[Feature], lexicon: Lexicon, *, twins: bool, known: Sequence[Feature] = ()
) -> list[str]:
    """`twins`: the two lists are told apart on purpose, so a left and a right one are two things, where that is usual.

    `known`: what else is on record; a feature told there on the other side, too, is no contradiction.
    """
    found = []
    for a in mine:
        for b in other:
            if a.kind != b.kind or (a.family != b.family) or not _same_spot(a, b, lexicon):
                continue
            why = _clash(a, b, lexicon, twins=twins)
            agreed = any(_tells(c, a) for c in other) or any(_tells(c, b) for c in (*known, *mine))
            if why is not None and not (why == "side" and a.family in lexicon.anchors.paired and agreed):
                found.append(_sentence(a, b, why))
    return found


def _tells(told: Feature, feature: Feature) -> bool:
    return told.kind == feature.kind and told.side == feature.side and not told.absent


def _same_spot(a: Feature, b: Feature, lexicon: Lexicon) -> bool:
    if not a.places or not b.places or a.places & b.places:
        return True
    part_of = lexicon.anchors.part_of
    return any(y in part_of.get(x, ()) or x in part_of.get(y, ()) for x in a.places for y in b.places)


def _clash(a: Feature, b: Feature, lexicon: Lexicon, *, twins: bool) -> str | None:
    if a.absent or b.absent:
        return "whether it is there" if a.absent != b.absent else None
    words = lexicon.anchors
    if a.side and b.side and a.side != b.side:
        if a.several or b.several:
            return None
        same_thing = a.single or b.single or (not twins and bool(a.adjectives) and a.adjectives == b.adjectives)
        if a.family in words.paired and not same_thing:
            return None
        return "side"
    if bool(a.side) != bool(b.side) and a.family in words.paired:
        return None
    if a.colours and b.colours and not a.colours & b.colours:
        return "colour"
    only_a, only_b = a.adjectives - b.adjectives, b.adjectives - a.adjectives
    if any((x, y) in words.opposites for x in only_a for y in only_b):
        return "form"
    return None


def _sentence(a: Feature, b: Feature, why: str) -> str:
    what = {"side": "left or right", "colour": "which colour", "form": "which of the two"}.get(why, why)
    return f"'{_short(a.words)}' against '{_short(b.words)}' ({what}?)"


def _short(words: str) -> str:
    return words if len(words) <= 80 else words[:79] + "…"
