"""Copies of pictures and clips to be shown: made once, at the sizes there are."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from samecast.core.errors import InvalidInput, NotFound
from samecast.library import Library, open_library
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels
from samecast.services.showing import SIDES, Showing
from samecast.settings import Settings

WIDTH, HEIGHT, FRAMES = 320, 192, 24


class Counting(LocalMedia):
    """Counts how often a clip is decoded, and how many pictures are encoded."""

    def __init__(self) -> None:
        self.decoded = 0
        self.encoded = 0

    def clip_frames(self, path: Path, count: int) -> Iterator[tuple[float, Pixels]]:
        self.decoded += 1
        return super().clip_frames(path, count)

    def jpeg(self, rgb: Pixels, *, longest: int, quality: int = 80) -> bytes:
        self.encoded += 1
        return super().jpeg(rgb, longest=longest, quality=quality)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = open_library(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def showing(library: Library, tmp_path: Path) -> Showing:
    return Showing(assets=library.assets, media=Counting(), folder=tmp_path / "copies")


def grey(value: int) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), value, np.uint8)


def clip(library: Library, tmp_path: Path) -> str:
    """Black first, then brighter and brighter, to white."""
    path = tmp_path / "clip.mp4"
    frames = (grey(round(255 * number / (FRAMES - 1))) for number in range(FRAMES))
    LocalMedia().write_clip(path, frames, fps=24)
    return library.assets.put(path.read_bytes(), suffix=".mp4")


def picture(library: Library) -> str:
    return library.assets.put(LocalMedia().png(Picture(rgb=grey(200))), suffix=".png")


def decoded(jpeg: bytes) -> Pixels:
    found = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found.astype(np.uint8)


def test_a_picture_is_copied_once_at_each_size(library, showing):
    sha256 = picture(library)
    assert showing.kept(sha256, 96) is None
    jpeg = showing.jpeg(sha256, 96)
    assert showing.kept(sha256, 96) == jpeg
    assert decoded(jpeg).shape == (58, 96, 3)
    assert showing.kept(sha256, 320) is None
    encoded = showing.media.encoded
    assert showing.jpeg(sha256, 96) == jpeg
    assert showing.media.encoded == encoded


def test_a_clip_is_decoded_once_for_all_its_copies(library, showing, tmp_path):
    sha256 = clip(library, tmp_path)
    for side in sorted(SIDES[:4]):
        middle = decoded(showing.jpeg(sha256, side))
        assert max(middle.shape) == min(side, WIDTH)
        assert abs(float(middle.mean()) - 127) < 12, "the clip's middle"
    assert showing.media.decoded == 1


def test_who_asks_at_once_waits_for_one_copy(library: Library, showing: Showing, tmp_path: Path):
    sha256 = clip(library, tmp_path)
    together = threading.Barrier(6)

    def ask(side: int) -> bytes:
        together.wait(10)
        return showing.jpeg(sha256, side)

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(ask, (96, 96, 96, 320, 320, 320)))
    assert len(set(found[:3])) == len(set(found[3:])) == 1
    assert isinstance(showing.media, Counting)
    assert showing.media.decoded == 1


def test_a_clip_itself_is_copied_once(library, showing, tmp_path):
    sha256 = clip(library, tmp_path)
    assert showing.kept_clip(sha256) is None
    path = showing.clip(sha256)
    assert path == showing.kept_clip(sha256) == showing.clip(sha256)
    assert path.read_bytes() == library.assets.get(sha256)
    with pytest.raises(NotFound, match="no clip"):
        showing.clip(picture(library))


@pytest.mark.parametrize("side", [0, 95, 100_000])
def test_other_sizes_are_refused(library, showing, side):
    with pytest.raises(InvalidInput, match="not shown at"):
        showing.kept(picture(library), side)


@pytest.mark.parametrize("sha256", ["0" * 64, "../../etc/passwd", ""])
def test_what_is_not_there_is_not_found(showing, sha256):
    for ask in (showing.picture, showing.jpeg):
        with pytest.raises(NotFound):
            ask(sha256, 320)
