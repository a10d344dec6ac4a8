"""What the prompts' page holds and says: which prompts are looked for, the slots while they are written, and where the
Create page begins with one. No elements here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias
from urllib.parse import urlencode

from samecast.core.portrait import DEFAULT_LENS, PortraitSlots
from samecast.core.prompt_pack import PLACEHOLDER, ReadyKind, ReadyPrompt

View: TypeAlias = Literal["pack", "formula"]
LONGEST_QUERY = 2000
"""Of an address, so that the studio takes it."""
KINDS: Mapping[str, str] = {"": "All", "portrait": "Portraits", "image": "Images", "video": "Clips"}
SOMEBODY = "someone"


@dataclass(slots=True, kw_only=True)
class Looked:
    """Which prompts are looked for; "" where it does not matter."""

    words: str = ""
    genre: str = ""
    kind: str = ""

    @property
    def ready_kind(self) -> ReadyKind | None:
        return self.kind if self.kind in ("portrait", "image", "video") else None  # type: ignore[return-value]


def makes(ready: ReadyPrompt) -> str:
    """What it makes, in a word or two: 'Image 4:5', 'Clip 21:9, 5 s'."""
    names: Mapping[ReadyKind, str] = {"portrait": "Portrait", "image": "Image", "video": "Clip"}
    length = f", {ready.seconds:g} s" if ready.seconds else ""
    return f"{names[ready.kind]} {ready.aspect[0]}:{ready.aspect[1]}{length}"


def text_for(ready: ReadyPrompt, handle: str) -> str:
    """The prompt for a character; without one ("") as it is drafted with, or for somebody who is no one yet."""
    if handle:
        return ready.of(handle)
    return ready.formula or ready.prompt.replace(PLACEHOLDER, SOMEBODY)


def create_link(
    text: str, *, kind: str, aspect: str = "", model: str = "", seconds: float = 0.0, negative: str = ""
) -> str:
    """Where the Create page begins with this text; "" where an address has no room for it."""
    asked = {"prompt": text, "kind": "video" if kind == "video" else "image", "aspect": aspect, "model": model}
    asked["seconds"] = f"{seconds:g}" if seconds else ""
    asked["negative"] = negative
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/create?{query}" if len(query) <= LONGEST_QUERY else ""


@dataclass(slots=True)
class Form:
    """The portrait formula while it is written: each slot's text by its name, an anchor a line."""

    texts: dict[str, str] = field(default_factory=dict)

    def fill(self, slots: PortraitSlots) -> None:
        """Write what these slots hold over what is there."""
        for one in fields(slots):
            value = getattr(slots, one.name)
            self.texts[one.name] = "\n".join(value) if isinstance(value, tuple) else value

    @property
    def slots(self) -> PortraitSlots:
        """As the formula takes them; what was left empty is left out."""
        told = {name: text for name, text in self.texts.items() if name != "anchors" and text.strip()}
        anchors = tuple(line.strip() for line in self.texts.get("anchors", "").splitlines() if line.strip())
        return PortraitSlots(**{"lens": DEFAULT_LENS, **told}, anchors=anchors)

    @property
    def empty(self) -> bool:
        return not any(text.strip() for name, text in self.texts.items() if name != "lens")
