"""The recipe inside a PNG or an MP4: where its text is kept, and how it is found again.

The text is opaque here (`core.recipe` reads it). A PNG keeps it in an iTXt chunk named "samecast"; an MP4 in its
comment, the one field that other programs keep when they copy a clip from one container to another.
"""

import io
import zlib
from pathlib import Path

from av.error import FFmpegError
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from samecast.core.errors import InvalidInput
from samecast.media.decoding import open_container
from samecast.media.files import read_regular
from samecast.media.sniffing import HEAD_BYTES, Kind, kind_of
from samecast.ports import Picture

PNG_KEY = "samecast"
CLIP_KEY = "comment"
CLIP_MARK = "samecast "
MAX_RECIPE_BYTES = 2 * 1024 * 1024

# Level 1 of zlib-ng: 13 % larger than level 6 on a photograph, twice as quick.
_COMPRESSION = 1


def png(picture: Picture, recipe: str | None = None) -> bytes:
    """The picture as a PNG, with its alpha and the recipe's text. The same bytes for the same picture and text."""
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    notes = PngInfo()
    if recipe is not None:
        notes.add_itxt(PNG_KEY, _checked(recipe))
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=_COMPRESSION, pnginfo=notes)
    return content.getvalue()


def clip_note(recipe: str) -> str:
    """The recipe's text as a clip's comment."""
    return CLIP_MARK + _checked(recipe)


def _checked(recipe: str) -> str:
    text = recipe.encode("utf-8", "replace").decode()
    if len(text.encode()) > MAX_RECIPE_BYTES or "\0" in text:
        raise InvalidInput("The recipe is too long to be kept inside a file.", hint="Shorten the prompt.")
    return text


def recipe_in(path: Path) -> str | None:
    """The recipe's text in a PNG or clip, or None where there is none. Raises `BadMedia` where nothing can be read."""
    kind = kind_of(read_regular(path, limit=HEAD_BYTES))
    if "PNG" in kind.decoders:
        return _in_png(path)
    if kind.family == "video":
        return _in_clip(path, kind)
    return None


def _in_clip(path: Path, kind: Kind) -> str | None:
    try:
        with open_container(path, kind) as clip:
            tags = {key.lower(): value for key, value in clip.metadata.items()}
    except (FFmpegError, OSError, ValueError):
        return None
    note = tags.get(CLIP_KEY, "")
    return note.removeprefix(CLIP_MARK) if note.startswith(CLIP_MARK) else None


def _in_png(path: Path) -> str | None:
    """Steps from chunk to chunk without decoding the picture, which may be of any size."""
    with path.open("rb") as stream:
        stream.seek(8)
        while len(header := stream.read(8)) == 8:
            length, name = int.from_bytes(header[:4], "big"), header[4:]
            if name == b"iTXt" and length <= MAX_RECIPE_BYTES + 1024:
                text = _itxt(stream.read(length))
                if text is not None:
                    return text
                stream.seek(4, io.SEEK_CUR)
            elif name == b"IEND":
                return None
            else:
                stream.seek(length + 4, io.SEEK_CUR)
    return None


def _itxt(chunk: bytes) -> str | None:
    """The text of our own iTXt chunk: key, 0, compressed or not, method, language, 0, translated key, 0, text."""
    key, _, rest = chunk.partition(b"\0")
    if key != PNG_KEY.encode() or len(rest) < 2:
        return None
    compressed, rest = rest[0], rest[2:]
    parts = rest.split(b"\0", 2)
    if len(parts) != 3:
        return None
    text = parts[2]
    try:
        if compressed:
            text = _inflated(text)
        return text.decode("utf-8")
    except (UnicodeDecodeError, zlib.error):
        return None


def _inflated(text: bytes) -> bytes:
    inflater = zlib.decompressobj()
    whole = inflater.decompress(text, MAX_RECIPE_BYTES)
    if inflater.unconsumed_tail:
        raise zlib.error("longer than a recipe may be")
    return whole
