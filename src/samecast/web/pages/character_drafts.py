"""Anchors while they are written: their words, side and place, how a service takes them, and what is wrong with them.

No elements here; `character_anchors` shows them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from samecast.core.anchors import judge_text, parse_anchor, suggestion
from samecast.core.cast import Anchor, Region, Side
from samecast.core.errors import InvalidInput
from samecast.core.features import contradictions, side_of
from samecast.core.lexicon import Lexicon

SIDES: Mapping[str, str] = {"": "No side", "left": "Left", "right": "Right"}


@dataclass(slots=True, kw_only=True)
class Draft:
    """One anchor as it is written. `side` is what was chosen beside the words; "" leaves it to the words."""

    id: int
    text: str = ""
    side: str = ""
    region: Region | None = None

    @property
    def said(self) -> Side | None:
        """The side that the words say."""
        return side_of(self.text)

    @property
    def shown_side(self) -> str:
        return self.side or self.said or ""


@dataclass(slots=True)
class Drafts:
    """All anchors of a character that is being written."""

    each: list[Draft] = field(default_factory=list)
    _next: int = 1

    @classmethod
    def of(cls, anchors: Sequence[Anchor]) -> "Drafts":
        made = cls()
        for anchor in anchors:
            made.add(text=anchor.text, side=anchor.side or "", region=anchor.region)
        return made

    def add(self, *, text: str = "", side: str = "", region: Region | None = None) -> Draft:
        made = Draft(id=self._next, text=text, side=side, region=region)
        self._next += 1
        self.each.append(made)
        return made

    def get(self, id: int) -> Draft | None:
        return next((draft for draft in self.each if draft.id == id), None)

    def remove(self, id: int) -> None:
        self.each = [draft for draft in self.each if draft.id != id]

    @property
    def written(self) -> list[Draft]:
        """Those that say something, or were marked."""
        return [draft for draft in self.each if draft.text.strip() or draft.region is not None]

    def texts(self) -> list[str]:
        """As the services take them. Raises `InvalidInput` naming the first that cannot be taken."""
        return [anchor_text(draft) for draft in self.written]

    def sound(self) -> list[str]:
        """As `texts`, without those that cannot be taken yet: for a grade while somebody writes."""
        found = []
        for draft in self.written:
            try:
                found.append(anchor_text(draft))
            except InvalidInput:
                continue
        return found

    def cut(self, part: Region) -> None:
        """The picture was cut to a part of it: places move along, and go where they lie outside of it."""
        for draft in self.each:
            draft.region = inside(draft.region, part) if draft.region is not None else None


def anchor_text(draft: Draft) -> str:
    """An anchor in the one form that services take: words, side and place. Raises `InvalidInput`."""
    words = draft.text.strip().rstrip(".")
    if not words:
        raise InvalidInput(
            "An anchor is marked on the picture, and nothing says what it is.",
            hint="Say one detail, such as 'faint scar across the cheek'.",
        )
    if clash := side_clash(draft):
        raise InvalidInput(f"'{words}': {clash}", hint="Change the words, or the side beside them.")
    if draft.side and draft.said is None:
        words = f"{words}, {draft.side} side"
    if draft.region is not None:
        r = draft.region
        words = f"{words} [{r.x:.4g},{r.y:.4g},{r.width:.4g},{r.height:.4g}]"
    parse_anchor(words)
    return words


def side_clash(draft: Draft) -> str:
    """Why the words and the chosen side cannot both be right; "" where they can."""
    if not draft.side or draft.said is None or draft.side == draft.said:
        return ""
    return f"The words say {draft.said}, and {draft.side} is chosen beside them."


def mistakes(drafts: Drafts, description: str, lexicon: Lexicon) -> dict[int, tuple[str, ...]]:
    """What is wrong with each anchor, in sentences, by id: too vague, on two sides at once, against another one."""
    found: dict[int, tuple[str, ...]] = {}
    parsed = {draft.id: _parsed(draft) for draft in drafts.each}
    for draft in drafts.each:
        own = parsed[draft.id]
        said = [side_clash(draft)]
        if draft.text.strip() and own is None and not said[0]:
            said.append(_refusal(draft))
        if own is not None:
            judged = judge_text(own.text, lexicon)
            if judged.level != "specific":
                said.append(suggestion(judged, lexicon))
            others = [other for id, other in parsed.items() if id != draft.id and other is not None]
            said += [f"Decide which is right: {clash}." for clash in _against(own, others, description, lexicon)]
        if draft.region is not None and not draft.text.strip():
            said.append("Say what is marked there.")
        if kept := tuple(dict.fromkeys(sentence for sentence in said if sentence)):
            found[draft.id] = kept
    return found


def _against(own: Anchor, others: Sequence[Anchor], description: str, lexicon: Lexicon) -> list[str]:
    return list(
        dict.fromkeys(
            clash for pair in ([own, other] for other in others) for clash in contradictions(pair, "", lexicon)
        )
    ) + [clash for clash in contradictions([own], description, lexicon) if description]


def _parsed(draft: Draft) -> Anchor | None:
    if not draft.text.strip():
        return None
    try:
        return parse_anchor(anchor_text(draft))
    except InvalidInput:
        return None


def _refusal(draft: Draft) -> str:
    try:
        anchor_text(draft)
    except InvalidInput as error:
        return str(error)
    return ""


def inside(region: Region, part: Region) -> Region | None:
    """Where a place lies on a part of the picture; None where less than half of it is left."""
    left, top = max(region.x, part.x), max(region.y, part.y)
    right = min(region.x + region.width, part.x + part.width)
    bottom = min(region.y + region.height, part.y + part.height)
    if right <= left or bottom <= top or (right - left) * (bottom - top) < 0.5 * region.width * region.height:
        return None
    x, y = round((left - part.x) / part.width, 4), round((top - part.y) / part.height, 4)
    width, height = round((right - left) / part.width, 4), round((bottom - top) / part.height, 4)
    return Region(x=x, y=y, width=min(width, round(1 - x, 4)), height=min(height, round(1 - y, 4)))


def without_places(anchors: Sequence[Anchor]) -> list[str]:
    """Anchors for a reference that they are not marked on."""
    drafts = Drafts.of([replace(anchor, region=None) for anchor in anchors])
    return drafts.texts()
