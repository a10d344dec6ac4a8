"""Small pictures and clips, made here."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samecast.media import LocalMedia
from samecast.ports import Pixels


@pytest.fixture(scope="session")
def media() -> LocalMedia:
    return LocalMedia()


@pytest.fixture(scope="session")
def photo() -> Pixels:
    """96 x 64, smooth, every side different: red grows to the right, green downwards, the top left corner is blue."""
    y, x = np.mgrid[0:64, 0:96]
    rgb = np.stack([x * 255 / 95, y * 255 / 63, np.zeros_like(x)], axis=-1).astype(np.uint8)
    rgb[:16, :16] = (0, 0, 255)
    return rgb


@pytest.fixture(scope="session")
def saved(photo: Pixels) -> Callable[..., bytes]:
    """The photo in a format, through Pillow, as bytes."""

    def save(format: str, mode: str = "RGB", **options: object) -> bytes:
        content = io.BytesIO()
        Image.fromarray(photo).convert(mode).save(content, format, **options)
        return content.getvalue()

    return save


@pytest.fixture(scope="session")
def counting() -> Callable[..., Iterator[Pixels]]:
    """Frames whose grey says which they are: frame i is 8 + 5 i."""

    def frames(count: int, width: int = 64, height: int = 48) -> Iterator[Pixels]:
        for number in range(count):
            yield np.full((height, width, 3), 8 + 5 * number, np.uint8)

    return frames


@pytest.fixture(scope="session")
def number_of() -> Callable[[Pixels], int]:
    """Which frame of `counting` this is."""
    return lambda frame: round((float(frame.mean()) - 8) / 5)


@pytest.fixture(scope="session")
def clip(
    media: LocalMedia, counting: Callable[..., Iterator[Pixels]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """48 frames of `counting` at 24 a second, with a recipe inside."""
    path = tmp_path_factory.mktemp("clips") / "two seconds.mp4"
    media.write_clip(path, counting(48), fps=24, recipe='{"prompt": "@mira, rain"}')
    return path
