"""The cast: characters, their references and anchors, and immutable versions of both.

Knows nothing of pictures (a reference is named by the sha256 of its asset) nor of storage.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from samecast.core.errors import InvalidInput

Side: TypeAlias = Literal["left", "right"]
"""The character's own left or right (anatomical), not the viewer's."""

HANDLE = re.compile(r"[a-z][a-z0-9_-]{0,14}")
RESERVED_HANDLE = re.compile(r"image\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A box on the reference, as fractions of its width and height: left, top, width, height in 0..1."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        inside = 0 <= self.x < 1 and 0 <= self.y < 1 and self.width > 0 and self.height > 0
        if not inside or self.x + self.width > 1.0001 or self.y + self.height > 1.0001:
            raise InvalidInput(
                f"The region {self.x:g},{self.y:g},{self.width:g},{self.height:g} is not inside the picture.",
                hint="Give left, top, width and height as fractions from 0 to 1, such as [0.6,0.4,0.1,0.05].",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A distinctive detail that must come back in every take."""

    text: str
    side: Side | None = None
    region: Region | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One source image of a character. `sha256` names its asset; `grade` is the stored verdict, as JSON text."""

    sha256: str
    width: int
    height: int
    grade: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An immutable snapshot of what a character looked like; a shot pins the version it was made with."""

    number: int
    references: tuple[Reference, ...]
    anchors: tuple[Anchor, ...] = ()
    description: str = ""
    created_at: datetime

    @property
    def digest(self) -> str:
        """sha256 over references, anchors and description: equal content, equal digest, whatever the number."""
        content = {
            "references": [reference.sha256 for reference in self.references],
            "anchors": [
                [a.text, a.side, [a.region.x, a.region.y, a.region.width, a.region.height] if a.region else None]
                for a in self.anchors
            ],
            "description": self.description,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """A named member of the cast. `versions` run from the first to the current one."""

    handle: str
    name: str
    tags: tuple[str, ...] = ()
    versions: tuple[Version, ...]
    created_at: datetime
    archived_at: datetime | None = None
    """Since when it is out of lists and of new shots, until it is brought back; old shots still have it."""

    @property
    def current(self) -> Version:
        return self.versions[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """How many takes, of how many shots, pin a character: on the model, or of the version, that `what` names."""

    what: str
    takes: int
    shots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What refers to a character: the takes that pin it, in whatever state, by model and by version, most takes first.

    `trashed` of the takes are in the trash, where they still pin it.
    """

    takes: int = 0
    shots: int = 0
    trashed: int = 0
    models: tuple[Pinned, ...] = ()
    versions: tuple[Pinned, ...] = ()

    @property
    def told(self) -> str:
        """In a sentence or two, for who is about to remove it."""
        if not self.takes:
            return "No take shows it, so nothing of it would be left."
        on = ", ".join(f"{pinned.takes} on {pinned.what}" for pinned in self.models)
        numbers = sorted(int(pinned.what) for pinned in self.versions)
        which = f"version {numbers[0]}" if len(numbers) == 1 else f"versions {_listed(numbers)}"
        trashed = (
            f" {self.trashed} of them {'is' if self.trashed == 1 else 'are'} in the trash." if self.trashed else ""
        )
        return (
            f"{_counted(self.takes, 'take')} of {_counted(self.shots, 'shot')} show it ({on}), by {which}; "
            f"they keep what they were made with.{trashed}"
        )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _listed(numbers: list[int]) -> str:
    """'1, 2 and 4'."""
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def check_handle(handle: str) -> str:
    """Return the handle without a leading `@`, or raise `InvalidInput` saying what a handle may be."""
    bare = handle.removeprefix("@")
    if not HANDLE.fullmatch(bare):
        raise InvalidInput(
            f"'{handle}' cannot be a handle.",
            hint="Use 1 to 15 of a-z, 0-9, _ and -, starting with a letter, such as mira or old_tom.",
        )
    if RESERVED_HANDLE.fullmatch(bare):
        raise InvalidInput(
            f"The handle '{bare}' is reserved: models use it to count images.",
            hint="Choose another with --handle.",
        )
    return bare


def handle_from_name(name: str) -> str:
    """Make a handle from a name: 'Mira Tanaka' becomes 'mira'. Raises `InvalidInput` where nothing is left of it."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    first = next((word for word in words if word[0].isalpha()), "")
    if not first:
        raise InvalidInput(f"No handle can be made from the name '{name}'.", hint="Give one with --handle.")
    return check_handle(first[:15])
