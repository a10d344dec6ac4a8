"""Finding the clauses of a prompt that describe a character's looks, and taking them out grammatically.

A clause counts where it gives an appearance ("with long black hair", "a tall woman in her 30s", "wearing a red coat")
or repeats the cast's own words; not where looks take part in what is done ("rubbing her eyes", "hair in the wind").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from samecast.core.lexicon import Lexicon
from samecast.core.mentions import Mention
from samecast.core.words import Token, segments, singular, tokenise, words_of, written

_REPEAT = 4
"""Words in a row that, standing in the cast's own words too, are a repetition."""
_CARRIERS = frozenset(
    {"with", "wearing", "wears", "dressed", "clad", "sporting", "donning", "adorned", "attired", "garbed"}
)
_HAVING = frozenset({"having", "has"})
_CARRIERS_MAYBE = frozenset({"in", *_HAVING})
_OWN = frozenset({"hair", "eyes", "brows", "skin", "face_shape"})
_FILLERS = frozenset({"named", "called", "about", "around", "aged", "cyber", "old", "and", "mid", "early", "late"})
_DETERMINERS = frozenset({"a", "an", "the", "her", "his", "their"})
_STARTS = frozenset(
    {
        "in",
        "at",
        "on",
        "through",
        "across",
        "under",
        "into",
        "along",
        "by",
        "near",
        "beside",
        "behind",
        "against",
        "over",
    }
    | {"while", "as", "during", "toward", "towards", "past", "from", "inside", "outside", "around", "beneath", "before"}
    | {"after", "down", "up", "within", "among", "between", "to", "and", "with", "wearing", "of"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """`text[start:end]` describes `handle`. `worn`: it is about clothes. `removable`: it can go without harm."""

    start: int
    end: int
    words: str
    handle: str
    worn: bool
    removable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prompt:
    """`owners`: whose looks each token would describe. `mentioned`, `styled`, `repeated`: tokens, by index."""

    text: str
    tokens: list[Token]
    owners: list[str]
    mentioned: frozenset[int]
    styled: frozenset[int]
    repeated: frozenset[int]
    lexicon: Lexicon


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Tokens `start` to `end`. `opens`: it starts a clause of its own; `loose`: words that are no looks follow it."""

    start: int
    end: int
    opens: bool
    loose: bool


def appearance_clauses(
    text: str, mentions: Sequence[Mention], known: Mapping[str, Sequence[str]], lexicon: Lexicon
) -> list[Clause]:
    """The describing clauses, in order, not overlapping. `known`: what the cast says of each handle.

    `text` has its mentions written as `@handle`, at `mentions`.
    """
    if not mentions:
        return []
    tokens = tokenise(text)
    starts = {mention.start: mention.handle for mention in mentions}
    owners: list[str] = []
    for token in tokens:
        owners.append(starts.get(token.start, owners[-1] if owners else mentions[0].handle))
    mentioned = frozenset(i for i, token in enumerate(tokens) if token.start in starts)
    styled = frozenset(i for m in lexicon.styles.find(tokens) for i in range(m.start, m.end))
    repeated = _repeated(tokens, owners, {handle: _grams(texts) for handle, texts in known.items()}) - mentioned
    prompt = _Prompt(
        text=text, tokens=tokens, owners=owners, mentioned=mentioned, styled=styled, repeated=repeated, lexicon=lexicon
    )
    return [_clause(prompt, run) for run in _runs(prompt)]


def _runs(prompt: _Prompt) -> list[_Run]:
    """The describing parts, those that follow each other without a break joined into one."""
    found: list[_Run] = []
    parts = _parts(prompt)
    for k, (start, end) in enumerate(parts):
        if start in prompt.mentioned:
            continue
        follows = bool(found) and found[-1].end == start
        inner = _described(prompt, start, end, follows=follows)
        if inner is None:
            continue
        loose = inner[1] == end and k + 1 < len(parts) and parts[k + 1][0] == end and end not in prompt.mentioned
        opens = prompt.tokens[inner[0]].norm not in _CARRIERS | _CARRIERS_MAYBE and not follows
        if opens and loose and _about_garments_doing(prompt, inner):
            continue
        run = _Run(start=inner[0], end=inner[1], opens=opens, loose=loose)
        if follows:
            found[-1] = _Run(start=found[-1].start, end=run.end, opens=found[-1].opens, loose=loose)
        else:
            found.append(run)
    return found


def _about_garments_doing(prompt: _Prompt, part: tuple[int, int]) -> bool:
    """'black boots splashing through puddles' is what is seen to happen, not a description."""
    _, worn, _ = _looks(prompt, *part)
    return worn and not _verb_next(prompt, part[1])


def _clause(prompt: _Prompt, run: _Run) -> Clause:
    tokens = prompt.tokens
    worn = any(m.value == "clothing" for m in prompt.lexicon.anchors.ordinary.find(tokens, run.start, run.end))
    return Clause(
        start=tokens[run.start].start,
        end=tokens[run.end - 1].end,
        words=written(prompt.text, tokens, run.start, run.end),
        handle=prompt.owners[run.start],
        worn=worn,
        removable=tokens[run.start].norm != "has" and not (run.opens and run.loose and not _verb_next(prompt, run.end)),
    )


def _verb_next(prompt: _Prompt, i: int) -> bool:
    """What follows can follow the mention itself: "a young woman | walking home"."""
    return i < len(prompt.tokens) and prompt.lexicon.actions.verbs.at(prompt.tokens, i) is not None


def without(text: str, clauses: Sequence[Clause]) -> str:
    """The text without the clauses, its commas and spaces mended, its first letter large as before."""
    parts: list[str] = []
    at = 0
    for clause in clauses:
        parts.append(text[at : clause.start])
        at = clause.end
    shorter = "".join([*parts, text[at:]])
    shorter = re.sub(r"[(\[]\s*[,;]?\s*[)\]]", "", shorter)
    shorter = re.sub(r"[ \t]+", " ", shorter)
    shorter = re.sub(r" ([,;.!?])", r"\1", shorter)
    shorter = re.sub(r"[,;](?: ?[,;])+", ",", shorter)
    shorter = re.sub(r"(^|[.!?] ?)[,;] ?", r"\1", shorter)
    shorter = re.sub(r"[,;] ?([.!?])", r"\1", shorter).strip(" ,;")
    return shorter[:1].upper() + shorter[1:] if text[:1].isupper() else shorter


# --- cutting into parts -----------------------------------------------------------------------------------------


def _parts(prompt: _Prompt) -> list[tuple[int, int]]:
    """Cut at breaks, before prepositions and verbs, and around mentions, into the smallest parts that can go."""
    tokens, parts = prompt.tokens, []
    for start, end in segments(tokens):
        cut = start
        for i in range(start + 1, end):
            norm = tokens[i].norm
            edge = i in prompt.mentioned or i - 1 in prompt.mentioned
            verb = _verb_opens(prompt, i, cut)
            opens = norm in _CARRIERS | _CARRIERS_MAYBE | _STARTS and not tokens[i].joined
            if edge or ((verb or opens) and tokens[i - 1].norm not in _CARRIERS):
                parts.append((cut, i))
                cut = i
        parts.append((cut, end))
    return parts


def _verb_opens(prompt: _Prompt, i: int, cut: int) -> bool:
    """A verb that something is done by: any "-ing"; a finite one only right after looks ("in a red coat | sits")."""
    token, words = prompt.tokens[i], prompt.lexicon.anchors
    if token.joined or not prompt.lexicon.actions.verbs.has(token.norm):
        return False
    if token.norm.endswith("ing"):
        return True
    looks = words.ordinary.find(prompt.tokens, cut, i) + words.kinds.find(prompt.tokens, cut, i)
    names = words.ordinary.has(token.norm) or words.kinds.has(token.norm)
    return token.norm.endswith("s") and not names and any(match.end == i for match in looks)


def _described(prompt: _Prompt, start: int, end: int, *, follows: bool) -> tuple[int, int] | None:
    """The tokens of this part that describe somebody's looks; None where it does not."""
    tokens = prompt.tokens
    first = tokens[start].norm
    after = start - 1 in prompt.mentioned
    if all(i in prompt.repeated for i in range(start, end)):
        return start, end
    if start in prompt.styled or _is_action(prompt, start):
        return None
    if after and _possessive(prompt, start):
        return _possessed(prompt, start, end)
    if first == "of" and end in prompt.mentioned and _person(prompt, start + 1, end):
        return start + 1, end
    if first in _CARRIERS | _HAVING:
        said = _carried(prompt, start + 1, end)
    elif first in _CARRIERS_MAYBE:
        said = _worn_or_aged(prompt, start + 1, end)
    elif first in _STARTS:
        said = False
    else:
        said = _opening(prompt, start, end)
    if said or (follows and _extends(prompt, start, end)):
        return start, end
    return None


def _possessive(prompt: _Prompt, i: int) -> bool:
    token = prompt.tokens[i - 1]
    return prompt.text[token.start : token.end].replace("’", "'").endswith("'s")


def _possessed(prompt: _Prompt, start: int, end: int) -> tuple[int, int] | None:
    """'@mira's long black hair blowing': only "long black" can go."""
    words = prompt.lexicon.anchors
    nouns = words.ordinary.find(prompt.tokens, start, end) + words.kinds.find(prompt.tokens, start, end)
    noun = min((match.start for match in nouns), default=start)
    return (start, noun) if noun > start and _has_adjective(prompt, start, noun) else None


# --- judging a part ---------------------------------------------------------------------------------------------


def _looks(prompt: _Prompt, start: int, end: int) -> tuple[bool, bool, bool]:
    """Whether something distinctive, something worn, something of the body itself (hair, eyes ...) is named."""
    words, looks = prompt.lexicon.anchors, prompt.lexicon.appearance
    kinds = {match.value for match in words.kinds.find(prompt.tokens, start, end)} & looks.kinds
    ordinary = {match.value for match in words.ordinary.find(prompt.tokens, start, end)}
    return bool(kinds), "clothing" in ordinary, bool(ordinary & _OWN)


def _carried(prompt: _Prompt, start: int, end: int) -> bool:
    distinctive, worn, own = _looks(prompt, start, end)
    return distinctive or worn or (own and _has_adjective(prompt, start, end))


def _worn_or_aged(prompt: _Prompt, start: int, end: int) -> bool:
    _, worn, _ = _looks(prompt, start, end)
    aged = bool(prompt.lexicon.appearance.ages.find(prompt.tokens, start, end))
    return aged or (worn and not _ends_in_place(prompt, start, end))


def _opening(prompt: _Prompt, start: int, end: int) -> bool:
    opens = start == 0 or prompt.tokens[start - 1].kind == "break" or start - 1 in prompt.mentioned
    if not opens:
        return False
    distinctive, worn, own = _looks(prompt, start, end)
    adjective = _has_adjective(prompt, start, end)
    return distinctive or ((own or worn) and adjective) or _person(prompt, start, end)


def _is_action(prompt: _Prompt, start: int) -> bool:
    """It begins with a verb: 'adjusting her jacket', 'tracing the scar on her cheek'."""
    norm = prompt.tokens[start].norm
    if norm in _CARRIERS:
        return False
    verb = prompt.lexicon.actions.verbs.at(prompt.tokens, start)
    return verb is not None and (norm.endswith(("ing", "s")) or start - 1 in prompt.mentioned)


def _has_adjective(prompt: _Prompt, start: int, end: int) -> bool:
    words = prompt.lexicon.anchors
    return any(
        token.norm in words.colours or words.common.has(token.norm) or words.qualifiers.has(token.norm)
        for token in prompt.tokens[start:end]
    )


def _ends_in_place(prompt: _Prompt, start: int, end: int) -> bool:
    return any(match.end == end for match in prompt.lexicon.places.find(prompt.tokens, start, end))


def _person(prompt: _Prompt, start: int, end: int) -> bool:
    """'a tall Japanese woman', 'Japanese', 'mid-30s': only such words, beside the mention they describe."""
    tokens, looks, vague = prompt.tokens, prompt.lexicon.appearance, prompt.lexicon.anchors.vague
    named = False
    i = start
    while i < end:
        found = looks.people.at(tokens, i, end) or looks.traits.at(tokens, i, end) or looks.ages.at(tokens, i, end)
        norm = tokens[i].norm
        if found is not None:
            named, i = True, found.end
        elif norm in _DETERMINERS | _FILLERS or vague.has(norm) or norm.isdigit():
            i += 1
        else:
            return False
    return named and (end in prompt.mentioned or end + 1 in prompt.mentioned or _chained(prompt, start - 1))


def _chained(prompt: _Prompt, i: int) -> bool:
    """Walking back over commas and describing words reaches the mention: '@mira, Japanese, mid-30s'."""
    looks, tokens = prompt.lexicon.appearance, prompt.tokens
    for at in range(i, max(-1, i - 16), -1):
        if at in prompt.mentioned:
            return True
        norm = tokens[at].norm
        told = looks.people.has(norm) or looks.traits.has(norm) or looks.ages.has(norm)
        if not (told or norm in ",(" or norm in _DETERMINERS | _FILLERS or norm.isdigit() or norm == "in"):
            return False
    return False


def _extends(prompt: _Prompt, start: int, end: int) -> bool:
    """It only says where the description before it is: 'across right cheekbone', 'into a tight low ponytail'."""
    tokens, words = prompt.tokens, prompt.lexicon.anchors
    if tokens[start].norm not in _STARTS | _CARRIERS | _CARRIERS_MAYBE or _ends_in_place(prompt, start, end):
        return False
    if any(token.norm in ("left", "right") for token in tokens[start:end]):
        return True
    return any(phrases.find(tokens, start, end) for phrases in (words.body, words.kinds, words.ordinary))


# --- the cast's own words ---------------------------------------------------------------------------------------


def _grams(texts: Sequence[str]) -> set[tuple[str, ...]]:
    """Every run of four words, and a short text as a whole."""
    grams: set[tuple[str, ...]] = set()
    for text in texts:
        words = [singular(word) for word in words_of(text)]
        size = _REPEAT if len(words) > _REPEAT else max(2, len(words))
        grams |= {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
    return grams


def _repeated(
    tokens: Sequence[Token], owners: Sequence[str], grams: Mapping[str, set[tuple[str, ...]]]
) -> frozenset[int]:
    """The tokens that repeat what the cast says of their owner."""
    norms = [singular(token.norm) for token in tokens]
    found: set[int] = set()
    for i in range(len(tokens)):
        own = grams.get(owners[i], set())
        for size in range(2, _REPEAT + 1):
            if tuple(norms[i : i + size]) in own:
                found |= set(range(i, i + size))
    return frozenset(found)
