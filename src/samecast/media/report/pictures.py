"""The page's pictures: each is put into the page once, and shown by its name wherever it is needed.

Fifty frames stand beside one reference; a page that held the reference fifty times would be heavy for nothing.
"""

import base64
import hashlib
import io
from dataclasses import dataclass

from markupsafe import Markup
from PIL import Image, UnidentifiedImageError

from samecast.core.errors import BadMedia

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture of the page, by its name, with its size in pixels."""

    id: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A picture with its content, where the page keeps it."""

    shown: Shown
    uri: Markup


class Shelf:
    """Names pictures, and hands out those that no part of the page has taken yet."""

    def __init__(self) -> None:
        self._known: dict[bytes, Shown] = {}
        self._waiting: list[Stored] = []

    def put(self, encoded: bytes) -> Shown:
        """A JPEG or PNG; raises `BadMedia` for anything else."""
        key = hashlib.sha256(encoded).digest()
        if key not in self._known:
            shown, uri = _read(encoded, f"p{len(self._known) + 1}")
            self._known[key] = shown
            self._waiting.append(Stored(shown=shown, uri=uri))
        return self._known[key]

    def take(self) -> tuple[Stored, ...]:
        """Everything put since the last call."""
        waiting, self._waiting = tuple(self._waiting), []
        return waiting


def _read(encoded: bytes, name: str) -> tuple[Shown, Markup]:
    try:
        with Image.open(io.BytesIO(encoded), formats=tuple(TYPES)) as picture:
            (width, height), kind = picture.size, TYPES[str(picture.format)]
    except (UnidentifiedImageError, OSError) as error:
        raise BadMedia("A picture for the report is neither a JPEG nor a PNG.", hint="Score the file again.") from error
    uri = f"data:{kind};base64,{base64.b64encode(encoded).decode('ascii')}"
    return Shown(id=name, width=width, height=height), Markup(uri)  # nothing in it to escape, and megabytes of it
