"""The formula for a reference portrait: from its slots to a prompt, saying which slots are missing or vague.

The order is the one that works for a first reference image: who with anchors, expression, hair, clothing, background
blurred, shallow depth of field, lens, light, one film reference, photoreal, 1:1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from samecast.core.anchors import judge_anchors, judge_text, parse_anchor, suggestion
from samecast.core.lexicon import Lexicon
from samecast.core.words import clean_prompt, segments, singular, tokenise, words_of, written

OPENING = "Cinematic medium portrait"
DEFAULT_LENS = "85mm anamorphic"
_FIXED = ("shallow depth of field", "photoreal", "1:1")
_NOT_PHOTOGRAPHS = frozenset({"anime", "illustration"})
_ANY_FILMS = frozenset({"photoreal", "cinematic", "anamorphic"})
_FACE_WORDS = frozenset(
    {
        "expression",
        "smile",
        "smiling",
        "gaze",
        "look",
        "face",
        "eyes",
        "eye",
        "grin",
        "frown",
        "stare",
        "mouth",
        "laugh",
    }
    | {"laughing", "grinning", "frowning", "looking", "brow", "jaw", "smirk", "scowl", "tears", "lips"}
)
_DROPPED = re.compile(
    r"\b(?:shallow depth of field|cinematic medium portrait(?: of)?|\d{1,2}:\d{1,2})\b", re.IGNORECASE
)
_PROFILE = re.compile(
    r"\b(?:in profile|profile view|side profile|from behind|back to camera|looking away)\b", re.IGNORECASE
)
_GENERIC = frozenset({"a", "an", "the", "of", "on", "her", "his", "their", "with", "and", "in", "at", "across", "all"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitSlots:
    """What the formula is filled with; "" leaves a slot out."""

    character: str = ""
    anchors: tuple[str, ...] = ()
    expression: str = ""
    hair: str = ""
    clothing: str = ""
    background: str = ""
    lens: str = DEFAULT_LENS
    lighting: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitPrompt:
    """`missing`: slots left empty; `vague`: the words that say too little; `advice`: one sentence for each concern."""

    text: str
    missing: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def portrait_prompt(slots: PortraitSlots, lexicon: Lexicon) -> PortraitPrompt:
    """Build the prompt for a reference portrait. Raises `InvalidInput` for slots too long to be ones."""
    slots = _tidied(slots)
    anchors = tuple(anchor for anchor in slots.anchors if anchor)
    missing = tuple(
        field.name
        for field in fields(slots)
        if field.name not in ("lens", "anchors") and not getattr(slots, field.name)
    )
    carried = f"{slots.character}, {slots.hair}, {slots.clothing}"
    anchored = bool(anchors) or _carries_anchor(carried, lexicon)
    if not anchored:
        missing = (*missing, "anchors")
    vague = tuple(_vague(slots, lexicon))
    clashes, anchor_advice = _anchor_concerns(anchors, carried, lexicon)
    return PortraitPrompt(
        text=_text(slots, anchors, lexicon),
        missing=missing,
        vague=vague,
        contradictions=clashes,
        advice=(*anchor_advice, *_concerns(slots, missing, vague, lexicon)),
    )


# --- the text -----------------------------------------------------------------------------------------------------


def _tidied(slots: PortraitSlots) -> PortraitSlots:
    """Each slot on one line, without what the formula says by itself."""

    def tidy(text: str) -> str:
        if not any(c.isalnum() for c in text):
            return ""
        line = " ".join(_DROPPED.sub(" ", clean_prompt(text, what="slot", limit=2000)).split())
        return re.sub(r"(?:\s*,)+\s*", ", ", line).strip(" ,.;")

    return PortraitSlots(
        character=tidy(slots.character),
        anchors=tuple(tidy(parse_anchor(anchor).text) for anchor in slots.anchors if anchor.strip()),
        expression=tidy(slots.expression),
        hair=tidy(slots.hair),
        clothing=tidy(slots.clothing),
        background=tidy(slots.background),
        lens=re.sub(r"^(?:shot )?on\s+", "", tidy(slots.lens), flags=re.IGNORECASE) or DEFAULT_LENS,
        lighting=tidy(slots.lighting),
        style=tidy(slots.style),
    )


def _text(slots: PortraitSlots, anchors: tuple[str, ...], lexicon: Lexicon) -> str:
    told = f"{slots.character}, {slots.hair}, {slots.clothing}"
    character = re.sub(r"^(?:portrait )?of\s+", "", slots.character, flags=re.IGNORECASE)
    parts = [
        f"{OPENING} of {character}" if character else OPENING,
        *(anchor for anchor in anchors if not _told(anchor, told)),
        _expression(slots.expression),
        slots.hair,
        _clothing(slots.clothing),
        _background(slots.background, lexicon),
        "shallow depth of field",
        f"shot on {slots.lens}",
        slots.lighting,
        *_style(slots.style, lexicon),
        "1:1",
    ]
    kept: list[str] = []
    seen: set[str] = set()
    for part in parts:
        for clause in part.split(", "):
            key = " ".join(words_of(clause))
            if clause and key not in seen:
                seen.add(key)
                kept.append(clause)
    return ", ".join(kept)


def _told(anchor: str, text: str) -> bool:
    """All of the anchor's own words stand in one clause of the text already."""
    wanted = {singular(word) for word in words_of(anchor)} - _GENERIC
    tokens = tokenise(text)
    return any(wanted <= {singular(token.norm) for token in tokens[start:end]} for start, end in segments(tokens))


def _expression(text: str) -> str:
    return text if not text or _FACE_WORDS & set(words_of(text)) else f"{text} expression"


def _clothing(text: str) -> str:
    first = words_of(text)[:1]
    return text if not text or first in (("wearing",), ("dressed",), ("in",), ("clad",)) else f"wearing {text}"


def _background(text: str, lexicon: Lexicon) -> str:
    blurred = bool(lexicon.focus.find(tokenise(text))) or any(
        word.startswith(("blur", "defocus")) for word in words_of(text)
    )
    if not text or blurred:
        return text
    return f"{text}, softly blurred" if "background" in words_of(text) else f"{text} blurred in the background"


def _style(text: str, lexicon: Lexicon) -> Iterator[str]:
    """The style with exactly one "photoreal", or none where it is drawn."""
    if text:
        yield text
    looks = {match.value for match in lexicon.styles.find(tokenise(text))}
    if not looks & _NOT_PHOTOGRAPHS and "photoreal" not in looks:
        yield "photoreal"


# --- what is wrong with it --------------------------------------------------------------------------------------


def _carries_anchor(text: str, lexicon: Lexicon) -> bool:
    tokens = tokenise(text)
    clauses = [written(text, tokens, start, end) for start, end in segments(tokens)]
    return any(judge_text(clause, lexicon).level == "specific" for clause in clauses)


def _vague(slots: PortraitSlots, lexicon: Lexicon) -> Iterator[str]:
    """Hair and clothing that say too little, vague words for the character, and anchors that are none."""
    for text in (slots.hair, slots.clothing, *slots.anchors):
        bare = re.sub(r"^(?:wearing|dressed in|clad in|in)\s+", "", text, flags=re.IGNORECASE)
        if bare and judge_text(bare, lexicon).level == "vague":
            yield text
    tokens = tokenise(slots.character)
    if tokens and not _carries_anchor(slots.character, lexicon):
        bare_words = {token.norm for token in tokens} - _GENERIC
        people, vague = lexicon.appearance.people, lexicon.anchors.vague
        if all(people.has(word) or vague.has(word) or lexicon.anchors.vague_nouns.has(word) for word in bare_words):
            yield slots.character


def _anchor_concerns(
    anchors: tuple[str, ...], carried: str, lexicon: Lexicon
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not anchors:
        return (), ()
    rule = judge_anchors([parse_anchor(anchor) for anchor in anchors], carried, lexicon)
    clashes = rule.measured["contradictions"]
    told = tuple(clashes) if isinstance(clashes, list) else ()
    return told, (rule.advice,) if rule.verdict != "pass" else ()


_ASKS = {
    "character": "Say who it is: 'a cyber samurai woman, Japanese, mid-30s'.",
    "anchors": "Add at least one anchor: 'faint diagonal scar across the right cheekbone'.",
    "expression": "Say the expression: 'calm intense expression'.",
    "hair": "Say the hair and its signature feature: 'long jet-black hair in a low ponytail'.",
    "clothing": "Say the clothing with its texture: 'sleek matte black tactical armour'.",
    "background": "Say what is behind, blurred: 'neon-lit alley blurred in the background'.",
    "lighting": "Say the light, even on the face: 'soft key light with a cyan rim'.",
    "style": "Name one film as the style: 'Blade Runner 2049 color grading'.",
}


def _concerns(
    slots: PortraitSlots, missing: tuple[str, ...], vague: tuple[str, ...], lexicon: Lexicon
) -> Iterator[str]:
    for slot in missing:
        yield _ASKS[slot]
    for text in vague:
        if text not in slots.anchors:
            yield suggestion(judge_text(text, lexicon), lexicon)
    clothing = lexicon.anchors.qualifiers.find(tokenise(slots.clothing))
    if slots.clothing and not any(match.value == "material" for match in clothing) and slots.clothing not in vague:
        yield f"Give '{slots.clothing}' a texture or material, such as matte, leather, quilted or silk."
    looks = {match.value for match in lexicon.styles.find(tokenise(slots.style))} - _ANY_FILMS
    if len(looks) > 1:
        yield f"Keep one film reference: '{slots.style}' pulls in {len(looks)} directions."
    if looks & _NOT_PHOTOGRAPHS:
        yield "The style is drawn, so 'photoreal' is left out."
    if any(_PROFILE.search(text) for text in (slots.character, slots.expression, slots.lighting)):
        yield "A reference needs a three-quarter or near-frontal face, both eyes visible; keep profiles for the film."
    light = {match.value for match in lexicon.light.find(tokenise(f"{slots.lighting}, {slots.background}"))}
    if light & {"low_key", "silhouette", "hard"}:
        yield "A reference needs even light on the face; keep the shadows for the film."
