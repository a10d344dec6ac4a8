"""The pictures that tests of engines show, and a look at those that a provider was shown. Pixels are H x W x 3, RGB."""

import base64
from io import BytesIO

import numpy as np
import skimage.data
from PIL import Image
from tests.models.provider.server import Wrong

from samecast.ports import Picture, Pixels

FACE = Picture(rgb=np.ascontiguousarray(skimage.data.astronaut()[:256, 100:340]))
CAT = Picture(rgb=np.ascontiguousarray(skimage.data.chelsea()))
"""Two pictures that cannot be taken for one another; only the second is wider than high."""


def noise(side: int, seed: int = 5) -> Picture:
    """A picture that no encoder makes small."""
    return Picture(rgb=np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8))


def grey(shade: int, size: tuple[int, int] = (320, 400)) -> Picture:
    """One grey, with a corner of another, so that no two shades are alike. `size`: width and height."""
    rgb = np.full((size[1], size[0], 3), shade, np.uint8)
    rgb[: size[1] // 10, : size[0] // 8] = 255 - shade
    return Picture(rgb=rgb)


def shade(content: bytes) -> int:
    """Of a picture that was `grey`."""
    pixels = opened(content)
    return int(pixels[pixels.shape[0] // 2, pixels.shape[1] // 2, 0])


def png(width: int, height: int, colour: tuple[int, int, int] = (200, 40, 90)) -> bytes:
    content = BytesIO()
    Image.new("RGB", (width, height), colour).save(content, "PNG")
    return content.getvalue()


def opened(content: bytes, *forms: str) -> Pixels:
    """Raises `Wrong` for what is no picture of one of these forms (any, where none is named)."""
    try:
        with Image.open(BytesIO(content)) as image:
            if forms and image.format not in forms:
                raise Wrong(f"a picture of the form {image.format}")
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise Wrong("no picture") from error


def unpacked(url: str, *kinds: str) -> bytes:
    """The bytes of a data URL of one of these types (PNG, where none is named). Raises `Wrong` for anything else."""
    head, _, content = url.partition(",")
    if head not in [f"data:{kind};base64" for kind in kinds or ("image/png",)]:
        raise Wrong(f"a data URL that begins with {head[:40]}")
    return base64.b64decode(content, validate=True)


def alike(pixels: Pixels, picture: Picture) -> bool:
    """Whether it is this picture, whatever its size and compression."""
    small = [np.asarray(Image.fromarray(p).resize((24, 24)), float) for p in (pixels, picture.rgb)]
    return float(np.abs(small[0] - small[1]).mean()) < 6
