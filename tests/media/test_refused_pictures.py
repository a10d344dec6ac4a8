"""What cannot be used is refused in one clear line that names the file, with a hint, before it can do harm."""

import io
import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samecast.core.errors import BadMedia
from samecast.media import LocalMedia
from samecast.media.pictures import read_picture
from samecast.ports import Picture, Pixels

Saved = Callable[..., bytes]


def refused(media: LocalMedia, path: Path) -> BadMedia:
    with pytest.raises(BadMedia) as caught:
        media.read_picture(path)
    error = caught.value
    assert "\n" not in str(error)
    assert path.name in error.message or error.message.startswith("...")
    assert error.hint.endswith(".")
    return error


def bare_png(width: int, height: int) -> bytes:
    """A PNG's header of any size, without its pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


CONTENTS = {
    "empty.png": (b"", "is empty"),
    "notes.png": (b"Just some notes about Mira.\n", "a text file"),
    "drawing.png": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    "page.jpg": (b"<!DOCTYPE html><html><body>Please sign in</body></html>", "a web page"),
    "paper.png": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
    "layers.png": (b"8BPS\0\1" + b"\0" * 60, "a Photoshop document"),
    "phone.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 80, "a HEIC picture"),
    "new.png": (b"\xff\x0a" + b"\0" * 60, "a JPEG XL picture"),
    "song.png": (b"ID3\x04" + b"\0" * 60, "a sound file"),
    "box.png": (b"PK\x03\x04" + b"\0" * 60, "a ZIP archive"),
    "noise.png": (bytes(range(128, 256)) * 4, "not a picture"),
    "broken.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "damaged"),
    "broken.jpg": (b"\xff\xd8\xff\xe0" + b"\0" * 60, "damaged"),
    "broken.avif": (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif" + b"\0" * 80, "damaged"),
    "huge.png": (bare_png(30_000, 30_000), "too large"),
    "big.png": (bare_png(12_000, 12_000), "too large: 12000 x 12000 pixels"),
    "ribbon.png": (bare_png(24_000, 100), "too large"),
    "dot.png": (bare_png(8, 8), "too small: 8 x 8 pixels"),
    "cut.png": (bare_png(64, 64), "damaged or cut short"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_that_is_no_picture(media: LocalMedia, tmp_path: Path, name: str) -> None:
    content, words = CONTENTS[name]
    (tmp_path / name).write_bytes(content)
    assert words in refused(media, tmp_path / name).message


def test_size_is_refused_before_decoding(media: LocalMedia, tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    Image.new("1", (30_000, 30_000)).save(path)
    tracemalloc.start()
    try:
        assert "too large" in refused(media, path).message
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_is_refused_with_advice(media: LocalMedia, photo: Pixels, tmp_path: Path, format: str) -> None:
    path = tmp_path / "moving.png"
    Image.fromarray(photo).save(path, format, save_all=True, append_images=[Image.fromarray(photo[::-1])])
    error = refused(media, path)
    assert "animated" in error.message
    assert "one frame" in error.hint


def test_a_video_where_a_picture_is_wanted(media: LocalMedia, clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.png"
    path.write_bytes(clip.read_bytes())
    error = refused(media, path)
    assert "a video" in error.message
    assert "one sharp frame" in error.hint


def test_what_is_no_file(media: LocalMedia, tmp_path: Path, saved: Saved) -> None:
    assert "a folder" in refused(media, tmp_path).message
    assert "does not exist" in refused(media, tmp_path / "gone.png").message
    (tmp_path / "a.png").write_bytes(saved("PNG"))
    refused(media, tmp_path / "a.png" / "b.png")
    refused(media, tmp_path / ("n" * 300))
    with pytest.raises(BadMedia):
        media.read_picture(Path("nul\0byte.png"))
    with pytest.raises(BadMedia, match="regular"):
        media.read_picture(Path(os.devnull))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(media: LocalMedia, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a regular file" in refused(media, tmp_path / "pipe.png").message
    with pytest.raises(BadMedia):
        media.clip_facts(tmp_path / "pipe.png")


def test_a_file_that_may_not_be_read(
    media: LocalMedia, tmp_path: Path, saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.png").write_bytes(saved("PNG"))

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("samecast.media.files.os.open", denied)
    assert "may not be read" in refused(media, tmp_path / "secret.png").message


def test_a_file_of_over_200_mb_is_not_read(media: LocalMedia, tmp_path: Path) -> None:
    with (tmp_path / "vast.png").open("wb") as stream:
        stream.truncate(201 * 1024 * 1024)
    assert "201 MB" in refused(media, tmp_path / "vast.png").message


# --- any content at all -----------------------------------------------------------------------------------------


def picture_or_refusal(content: bytes) -> Picture | None:
    try:
        picture = read_picture(content)
    except BadMedia:
        return None
    assert picture.rgb.ndim == 3
    assert picture.rgb.dtype == np.uint8
    return picture


_BEGINNINGS = (
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"RIFF\0\0\0\0WEBPVP8 ",
)


@given(st.sampled_from(_BEGINNINGS), st.binary(max_size=400))
def test_any_bytes_give_a_picture_or_a_refusal(beginning: bytes, rest: bytes) -> None:
    picture_or_refusal(beginning + rest)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_any_cut_gives_a_picture_or_a_refusal(saved: Saved, photo: Pixels, format: str) -> None:
    content = saved(format)
    for end in range(0, len(content), 7):
        picture_or_refusal(content[:end])
    assert picture_or_refusal(content[: len(content) // 2]) is None
    assert picture_or_refusal(content) is not None


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "AVIF"])
@given(st.data())
def test_any_damage_gives_a_picture_or_a_refusal(saved: Saved, format: str, data: st.DataObject) -> None:
    content = bytearray(saved(format))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    picture_or_refusal(bytes(content))


def test_damaged_notes_do_not_spoil_a_picture(saved: Saved, photo: Pixels) -> None:
    content = saved("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\x99" * 40)
    assert picture_or_refusal(content) is not None


def test_a_tiff_with_a_thousand_pages_is_its_first(photo: Pixels) -> None:
    content = io.BytesIO()
    pages = [Image.fromarray(photo[::-1])] * 5
    Image.fromarray(photo).save(content, "TIFF", save_all=True, append_images=pages)
    picture = picture_or_refusal(content.getvalue())
    assert picture is not None
    assert np.array_equal(picture.rgb, photo)
