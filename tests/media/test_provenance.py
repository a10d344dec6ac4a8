"""The recipe inside a PNG or clip: it comes back whole, survives copying, and hostile files do no harm."""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samecast.core.errors import BadMedia, InvalidInput
from samecast.media import LocalMedia
from samecast.media.provenance import recipe_in
from samecast.ports import Picture, Pixels

Counting = Callable[..., Iterator[Pixels]]

LONG = '{"prompt": "é 美玲 🙂 \\n \\u0007 \' | ; = #"}' * 5000  # over 200 kB


@pytest.mark.parametrize("recipe", ["{}", '{"a": "é 美 🙂"}', "line\nbreak = ;#\\", LONG])
def test_a_recipe_comes_back_from_a_png_and_a_clip(
    media: LocalMedia, photo: Pixels, counting: Counting, tmp_path: Path, recipe: str
) -> None:
    still, moving = tmp_path / "take.bin", tmp_path / "take.mp4"
    media.write_bytes(still, media.png(Picture(rgb=photo), recipe))
    media.write_clip(moving, counting(3), fps=24, recipe=recipe)
    assert media.recipe_in(still) == recipe
    assert media.recipe_in(moving) == recipe


def test_other_programs_see_it(media: LocalMedia, photo: Pixels, clip: Path, tmp_path: Path) -> None:
    media.write_bytes(tmp_path / "a.png", media.png(Picture(rgb=photo), '{"é": 1}'))
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["samecast"] == '{"é": 1}'  # type: ignore[attr-defined]
    with av.open(str(clip)) as container:
        assert container.metadata["comment"] == 'samecast {"prompt": "@mira, rain"}'


@pytest.mark.parametrize("name", ["copy.mp4", "copy.mov", "copy.mkv"])
def test_it_survives_a_copy_into_another_container(media: LocalMedia, clip: Path, tmp_path: Path, name: str) -> None:
    with av.open(str(clip)) as source, av.open(str(tmp_path / name), "w") as copy:
        copy.metadata.update(source.metadata)
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    assert media.recipe_in(tmp_path / name) == '{"prompt": "@mira, rain"}'


def test_a_png_is_the_same_bytes_each_time_and_the_same_pixels(media: LocalMedia, photo: Pixels) -> None:
    alpha = np.arange(96 * 64, dtype=np.uint16).reshape(64, 96).astype(np.uint8)
    picture = Picture(rgb=photo, alpha=alpha)
    content = media.png(picture, "{}")
    assert content == media.png(picture, "{}")
    back = media.read_picture(content)
    assert np.array_equal(back.rgb, photo)
    assert back.alpha is not None
    assert np.array_equal(back.alpha, alpha)


def test_foreign_files_have_none(
    media: LocalMedia, saved: Callable[..., bytes], photo: Pixels, counting: Counting, tmp_path: Path
) -> None:
    media.write_clip(tmp_path / "plain.mp4", counting(3), fps=24)
    contents = {
        "a.png": saved("PNG"),
        "a.jpg": saved("JPEG", comment=b"samecast {}"),
        "a.txt": b"samecast {}",
        "short.png": b"\x89PNG\r\n\x1a\n",
        "plain.png": media.png(Picture(rgb=photo)),
        "plain.mp4": (tmp_path / "plain.mp4").read_bytes(),
        "broken.mp4": (tmp_path / "plain.mp4").read_bytes()[:100],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert media.recipe_in(tmp_path / name) is None, name


def test_what_cannot_be_opened_is_said(media: LocalMedia, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.png"):
        with pytest.raises(BadMedia):
            media.recipe_in(path)


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return struct.pack(">I", size) + name + content + struct.pack(">I", zlib.crc32(name + content))


BOMB = b"samecast\0\1\0\0\0" + zlib.compress(b"a" * 100_000_000)
HOSTILE = {
    "bomb": chunk(b"iTXt", BOMB),
    "vast": chunk(b"iTXt", b"samecast\0\0\0\0\0{}", length=0xFFFFFFFF),
    "short": chunk(b"iTXt", b"samecast"),
    "no fields": chunk(b"iTXt", b"samecast\0\0\0"),
    "not text": chunk(b"iTXt", b"samecast\0\0\0\0\0\xff\xfe"),
    "not deflated": chunk(b"iTXt", b"samecast\0\1\0\0\0zzzz"),
    "after the end": chunk(b"IEND", b"") + chunk(b"iTXt", b"samecast\0\0\0\0\0{}"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_chunks_hold_no_recipe(media: LocalMedia, tmp_path: Path, name: str) -> None:
    path = tmp_path / "hostile.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + HOSTILE[name])
    assert media.recipe_in(path) is None


def test_a_compressed_recipe_is_read(media: LocalMedia, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"iTXt", b"samecast\0\1\0en\0\0" + zlib.compress(b'{"a":1}')))
    assert media.recipe_in(path) == '{"a":1}'


def test_a_recipe_too_long_to_keep_is_refused(media: LocalMedia, photo: Pixels, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        media.png(Picture(rgb=photo), "a" * 3_000_000)
    with pytest.raises(InvalidInput):
        media.write_clip(tmp_path / "a.mp4", iter([]), fps=24, recipe="a" * 3_000_000)


@given(st.binary(max_size=200), st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypisom", b"\x1aE\xdf\xa3"]))
def test_any_bytes_hold_a_recipe_or_none(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes, beginning: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(beginning + rest)
    recipe_in(path)
