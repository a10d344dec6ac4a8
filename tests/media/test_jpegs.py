"""Small JPEGs for a page."""

import io

import numpy as np
import pytest
from PIL import Image

from samecast.core.errors import InvalidInput
from samecast.media import LocalMedia
from samecast.ports import Pixels


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    assert image.format == "JPEG"
    return image


def test_it_is_small_and_looks_the_same(media: LocalMedia, photo: Pixels) -> None:
    small = opened(media.jpeg(photo, longest=48))
    assert small.size == (48, 32)
    corner, far = small.getpixel((3, 3)), small.getpixel((46, 30))
    assert isinstance(corner, tuple)
    assert isinstance(far, tuple)
    assert corner[2] > 200 > 60 > corner[0]  # the top left corner is blue, in R G B
    assert min(far[:2]) > 200 > 60 > far[2]


def test_a_picture_is_never_enlarged_and_quality_costs_bytes(media: LocalMedia) -> None:
    grain = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    assert opened(media.jpeg(grain, longest=500)).size == (60, 40)
    assert len(media.jpeg(grain, longest=500, quality=30)) < len(media.jpeg(grain, longest=500, quality=90)) / 2
    assert opened(media.jpeg(np.zeros((1, 900, 3), np.uint8), longest=90)).size == (90, 1)


@pytest.mark.parametrize(("longest", "quality"), [(0, 80), (-3, 80), (10, 0), (10, 101)])
def test_what_no_jpeg_can_be(media: LocalMedia, photo: Pixels, longest: int, quality: int) -> None:
    with pytest.raises(InvalidInput):
        media.jpeg(photo, longest=longest, quality=quality)
    with pytest.raises(InvalidInput):
        media.jpeg(photo[:0], longest=10)
