"""The slots of a reference portrait as text that people keep and edit, and back: one slot a line, its name before it.

The same form that `samecast cast draft --from` takes; what the slots are filled into is `core.portrait`'s.
"""

import re

from samecast.core.errors import InvalidInput
from samecast.core.portrait import DEFAULT_LENS, PortraitSlots

NAMES = ("character", "expression", "hair", "clothing", "background", "lens", "lighting", "style")


def write_slots(slots: PortraitSlots) -> str:
    """'character: a pilot', 'anchor: a scar ...', 'hair: ...' on lines of their own; empty slots are left out."""
    lines = [f"character: {_line(slots.character)}"] if slots.character.strip() else []
    lines += [f"anchor: {_line(anchor)}" for anchor in slots.anchors if anchor.strip()]
    for name in NAMES[1:]:
        text = _line(getattr(slots, name))
        if text:
            lines.append(f"{name}: {text}")
    return "\n".join(lines)


def read_slots(text: str) -> PortraitSlots:
    """Slots from lines, or from parts between semicolons. What has no name is the character, where it comes first.

    `anchor:` is one anchor and may come again; `anchors:` are several, between commas. Raises `InvalidInput`.
    """
    found: dict[str, str] = {}
    anchors: list[str] = []
    for part in re.split(r";|\n", text):
        name, colon, value = part.partition(":")
        slot, value = name.strip().lower(), value.strip()
        if colon and slot == "anchor":
            anchors.append(value)
        elif colon and slot == "anchors":
            anchors += [anchor.strip() for anchor in value.split(",")]
        elif colon and slot in NAMES:
            found[slot] = ", ".join(told for told in (found.get(slot, ""), value) if told)
        elif part.strip() and "character" not in found:
            found["character"] = part.strip()
        elif part.strip():
            raise InvalidInput(
                f"'{part.strip()[:40]}' is no slot of the portrait.",
                hint=f"Slots: {', '.join((*NAMES, 'anchor'))}; each NAME: text.",
            )
    told = {name: value for name, value in found.items() if value}
    return PortraitSlots(**{"lens": DEFAULT_LENS, **told}, anchors=tuple(anchor for anchor in anchors if anchor))


def _line(text: str) -> str:
    return " ".join(text.replace(";", ",").split())
