"""Pictures on their way to a provider: encoded as it takes them, no larger than it allows."""

import base64
import io

from PIL import Image

from samecast.ports import Picture, Render

LONGEST = 2048
"""Pixels of the longer side: models look at less, and uploads stay small."""


def png(picture: Picture, *, longest: int = LONGEST) -> bytes:
    """The picture as a PNG without alpha, its longer side at most `longest` pixels."""
    return _encoded(picture, "PNG", longest)


def jpeg(picture: Picture, *, longest: int = LONGEST) -> bytes:
    """The picture as a JPEG of quality 95 with full colour, its longer side at most `longest` pixels."""
    return _encoded(picture, "JPEG", longest)


def data_url(content: bytes) -> str:
    """A PNG or JPEG as a data URL."""
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def shown(order: Render) -> list[Picture]:
    """The pictures that the recipe counts, in its order."""
    return [order.references[sha256] for sha256 in order.recipe.pictures]


def _encoded(picture: Picture, form: str, longest: int) -> bytes:
    image = Image.fromarray(picture.rgb)
    if max(image.size) > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, form, **({"quality": 95, "subsampling": 0} if form == "JPEG" else {"compress_level": 6}))
    return content.getvalue()
