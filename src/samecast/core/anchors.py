"""Anchors: reading them from words, judging whether they are specific, and catching contradictions between them.

A detail is specific by a general rule (something distinctive, with a place, side, colour, shape or material), so
that it also holds for things the lexicon has never heard of. What a picture shows is not known here.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from samecast.core.cast import Anchor, Region
from samecast.core.errors import InvalidInput
from samecast.core.features import contradictions, side_of
from samecast.core.grading import Rule
from samecast.core.lexicon import Lexicon
from samecast.core.words import Token, tokenise

ANCHOR_LIMIT = 200
Level: TypeAlias = Literal["specific", "weak", "vague"]

_REGION = re.compile(r"\[([^\[\]]*)\]\s*$")
_NUMBER = re.compile(r"-?\d*\.?\d+")
_EMPTY = frozenset(
    {"a", "an", "the", "of", "on", "in", "at", "to", "with", "and", "or", "her", "his", "their", "its", "she", "he"}
    | {"they", "it", "has", "have", "is", "are", "shes", "hes", "theyre", "who", "that", "over", "under", "along"}
    | {"across", "through", "into", "from", "for", "by", "below", "above", "near", "down", "up", "around", "behind"}
    | {"between", "all", "very", "some", "any", "like", "as", "wearing", "wears", "woman", "man", "girl", "boy", "left"}
    | {"right", "side", "my", "our", "one", "be", "was", "per", "no", "not", "only", "just", "own", "i", "you", "we"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One anchor: how specific it is, and where it is not, a key of the lexicon's suggestions."""

    text: str
    level: Level
    better: str


def parse_anchor(text: str) -> Anchor:
    """Read an anchor as a person writes it: "faint scar across the left cheekbone [0.6,0.4,0.1,0.05]".

    Left and right are the character's own; "viewer's left" and "camera left" are turned round. The region is left,
    top, width and height on the reference, as fractions. Raises `InvalidInput`.
    """
    if len(text) > ANCHOR_LIMIT:
        raise InvalidInput(
            f"An anchor of {len(text):,} characters is too long; {ANCHOR_LIMIT} is the most.",
            hint="Give each detail its own anchor: one --anchor for the scar, another for the jacket.",
        )
    line = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    region = None
    found = _REGION.search(line)
    if found is not None and any(c.isdigit() for c in found[1]):
        region = _region(found[1])
        line = line[: found.start()].strip(" ,;:")
    if not any(c.isalnum() for c in line):
        raise InvalidInput("An anchor is empty.", hint="Say one detail, such as 'cyan piping along the seams'.")
    return Anchor(text=line, side=side_of(line), region=region)


def _region(inside: str) -> Region:
    parts = [part.strip() for part in inside.split(",")]
    if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise InvalidInput(
            f"'[{inside[:40]}]' is not a region.",
            hint="Give left, top, width and height as fractions from 0 to 1, such as [0.6,0.4,0.1,0.05].",
        )
    x, y, width, height = (float(part) + 0.0 for part in parts)  # no -0.0, which a database may give back as 0.0
    return Region(x=x, y=y, width=width, height=height)


# --- how specific -----------------------------------------------------------------------------------------------


def judge_text(text: str, lexicon: Lexicon) -> Judged:
    """How specific one phrase is, wherever it comes from."""
    words = lexicon.anchors
    tokens = [token for token in tokenise(text) if token.kind == "word"]
    kinds = words.kinds.find(tokens)
    ordinary = words.ordinary.find(tokens)
    covered = {i for match in kinds for i in range(match.start, match.end)}
    named = {i for match in ordinary for i in range(match.start, match.end)}
    vague = {i for match in words.vague.find(tokens) for i in range(match.start, match.end)}
    hollow = {i for i, token in enumerate(tokens) if words.vague_nouns.has(token.norm)}
    people = lexicon.appearance
    for phrases in (people.people, people.traits, people.ages):
        hollow |= {i for match in phrases.find(tokens) for i in range(match.start, match.end)}
    likened = any(tokens[match.end - 1].norm in ("like", "resembles") for match in words.vague.find(tokens))
    common = {i for match in words.common.find(tokens) for i in range(match.start, match.end)}
    exact = _exact(tokens, lexicon) - covered
    placed = {i for match in words.body.find(tokens) for i in range(match.start, match.end)}
    sided = {i for i, token in enumerate(tokens) if token.norm in ("left", "right")} if side_of(text) else set()
    known = covered | named | vague | hollow | common | exact | placed | sided
    unknown = {i for i, token in enumerate(tokens) if i not in known and _content(token.norm)}
    if kinds:
        qualified = (exact | sided | unknown | ((placed | named) - covered) | (common - vague)) - hollow
        return Judged(text=text, level="specific" if qualified else "weak", better="bare")
    if ordinary:
        unusual = len((exact - common) | unknown | sided) + (1 if (placed - named) else 0)
        coloured = any(token.norm in words.colours for token in tokens)
        worn = ordinary[0].value in ("clothing", "hands", "ears")
        if unusual >= 2 or (unusual >= 1 and worn and coloured and len(exact) >= 2):
            return Judged(text=text, level="specific", better="")
        level: Level = "weak" if unusual or (worn and exact) else "vague"
        return Judged(text=text, level=level, better=ordinary[0].value)
    if likened:
        return Judged(text=text, level="vague", better="look")
    return _judge_unheard(text, unknown=len(unknown), exact=len(exact - common - vague), sure=bool(placed or sided))


def _judge_unheard(text: str, *, unknown: int, exact: int, sure: bool) -> Judged:
    """Something no family knows: specific where it has a name of its own and a place, side, colour or material."""
    if unknown and (exact or sure):
        return Judged(text=text, level="specific", better="")
    if unknown >= 2 or exact >= 2 or (exact and sure):
        return Judged(text=text, level="weak", better="bare")
    return Judged(text=text, level="vague", better="look" if not unknown else "any")


def _exact(tokens: Sequence[Token], lexicon: Lexicon) -> set[int]:
    """Words of colour, shape, material, pattern; also of number and of form ("crescent-shaped", "sapphire-studded")."""
    words = lexicon.anchors
    found = {i for match in words.qualifiers.find(tokens) for i in range(match.start, match.end)}
    for i, token in enumerate(tokens):
        norm = token.norm
        formed = token.joined and norm in {
            "shaped",
            "studded",
            "rimmed",
            "lined",
            "trimmed",
            "plated",
            "tipped",
            "edged",
        }
        if norm in words.colours or formed or norm.isdigit():
            found.add(i)
    return found


def _content(norm: str) -> bool:
    return norm not in _EMPTY and len(norm) > 2 and not norm.endswith("ly") and any(c.isalpha() for c in norm)


# --- the rule ---------------------------------------------------------------------------------------------------


def judge_anchors(anchors: Sequence[Anchor], description: str, lexicon: Lexicon) -> Rule:
    """Rule 3 of a good reference: at least one strong anchor, none of them contradicting another.

    Measured: "specific" (how many), "weak" and "vague" (which), "contradictions" (as sentences).
    """
    judged = [judge_text(anchor.text, lexicon) for anchor in anchors]
    clashes = contradictions(anchors, description, lexicon)
    specific = [item.text for item in judged if item.level == "specific"]
    weak = [item for item in judged if item.level == "weak"]
    vague = [item for item in judged if item.level == "vague"]
    verdict: Literal["pass", "warn", "fail"] = "pass" if specific else "warn" if weak else "fail"
    if clashes and verdict == "pass":
        verdict = "warn"
    return Rule(
        rule="anchors",
        verdict=verdict,
        measured={
            "specific": len(specific),
            "weak": [item.text for item in weak],
            "vague": [item.text for item in vague],
            "contradictions": list(clashes),
        },
        advice=_advice(specific, weak, vague, clashes, lexicon),
    )


def _advice(
    specific: Sequence[str], weak: Sequence[Judged], vague: Sequence[Judged], clashes: Sequence[str], lexicon: Lexicon
) -> str:
    parts = [f"Decide which is right: {'; '.join(clashes)}."] if clashes else []
    parts += [suggestion(item, lexicon) for item in vague]
    if not specific:
        parts += [suggestion(item, lexicon) for item in weak]
    if parts:
        return " ".join(dict.fromkeys(parts))
    if not specific:
        return f"No anchor is given: {lexicon.anchors.suggestions['any']}."
    if len(specific) == 1:
        return "One strong anchor; a second or third makes the character come back more reliably."
    return f"{len(specific)} strong anchors."


def suggestion(judged: Judged, lexicon: Lexicon) -> str:
    """One sentence: what is wrong with a vague or weak detail, and a better kind."""
    table = lexicon.anchors.suggestions
    word = "vague" if judged.level == "vague" else "not yet specific"
    return f"'{judged.text}' is {word}: {table.get(judged.better, table['any'])}."


def vague_parts(texts: Iterable[str], lexicon: Lexicon) -> tuple[Judged, ...]:
    """Those of the texts that are vague."""
    return tuple(judged for text in texts if (judged := judge_text(text, lexicon)).level == "vague")
