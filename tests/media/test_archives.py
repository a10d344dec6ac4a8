"""Archives: what is written is plain and the same every time; what is read is plain, or refused in one line."""

import hashlib
import os
import struct
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.travellers import Raw, Unseekable, packed, raw_archive, raws

from samecast.core.errors import BadMedia, InvalidInput, SamecastError, StorageFailed
from samecast.media.archives import ZipArchives
from samecast.ports.travelling import Bounds

BOUNDS = Bounds(entries=10, entry_bytes=4 << 20, total_bytes=6 << 20)
GOOD = {"manifest.json": b'{"a": 1}' * 40, "references/ab.png": bytes(range(256)) * 9}

Keep = Callable[[bytes], Path]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    def write(content: bytes) -> Path:
        path = tmp_path / "file.samecast"
        path.write_bytes(content)
        return path

    return write


def everything_in(path: Path, bounds: Bounds = BOUNDS) -> dict[str, bytes]:
    with ZipArchives().open(path, bounds) as archive:
        return {name: archive.read(name) for name in archive.sizes}


def test_what_was_written_comes_back_and_other_tools_read_it(tmp_path: Path):
    path = tmp_path / "new" / "file.samecast"
    ZipArchives().write(path, GOOD.items())
    assert everything_in(path) == GOOD
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == GOOD
        assert {(entry.date_time, entry.compress_type) for entry in archive.infolist()} == {((1980, 1, 1, 0, 0, 0), 0)}


def test_equal_entries_give_these_very_bytes(tmp_path: Path):
    """On every machine, Python and day: whoever changes them changes what everybody's exports look like."""
    ZipArchives().write(tmp_path / "a", GOOD.items())
    assert hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest() == (
        "431f1a418af44d21de7f2be26c3d79044dc0bd9ff22d3e7a8e567a2e35d96f50"
    )


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path):
    path = tmp_path / "file.samecast"
    path.write_bytes(b"before")

    def breaks():
        yield "a", b"x"
        raise StorageFailed("The asset is lost.", hint="Restore it.")

    with pytest.raises(StorageFailed, match="lost"):
        ZipArchives().write(path, breaks())
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file.samecast"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_of_other_tools(keep: Keep, method: int):
    assert everything_in(keep(packed(GOOD, method))) == GOOD


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_written_to_a_pipe_have_their_sizes_behind(keep: Keep, method: int):
    pipe = Unseekable()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name, content in GOOD.items():
            archive.writestr(name, content)
    content = pipe.getvalue()
    assert content.count(b"PK\x07\x08") == 2
    assert everything_in(keep(content)) == GOOD
    at = content.index(b"PK\x07\x08")
    for change in (content[: at + 4] + b"\0\0\0\0" + content[at + 8 :], content.replace(b"PK\x07\x08", b"PK\x07\x09")):
        with pytest.raises(InvalidInput, match="two different things"):
            everything_in(keep(change))


def test_entries_listed_in_another_order(keep: Keep):
    """The directory's order is the writer's business; the bytes lie one after the other all the same."""
    content = packed(GOOD)
    start = content.index(b"PK\1\2")
    second, end = content.index(b"PK\1\2", start + 1), content.index(b"PK\5\6")
    turned = content[:start] + content[second:end] + content[start:second] + content[end:]
    assert everything_in(keep(turned)) == GOOD


def test_an_empty_archive_is_one(keep: Keep):
    assert everything_in(keep(packed({}))) == {}


# --- refused --------------------------------------------------------------------------------------------------------


def refused(path: Path, match: str = ".", bounds: Bounds = BOUNDS) -> SamecastError:
    with pytest.raises((InvalidInput, BadMedia), match=match) as caught:
        everything_in(path, bounds)
    text = str(caught.value)
    assert text.isprintable()
    assert caught.value.hint
    return caught.value


def deflated(content: bytes, **changes: object) -> Raw:
    return Raw(name=b"a", content=content, deflate=True, **changes)  # type: ignore[arg-type]


def stored(content: bytes = b"hello", **changes: object) -> Raw:
    return Raw(name=b"a", content=content, **changes)  # type: ignore[arg-type]


def overlapping() -> bytes:
    """A quoted overlap (Fifield's): every header but the last is part of the content of the one before."""
    kernel = raw_archive([Raw(name=b"b", content=b"\0" * 1000)])
    inner = kernel[: kernel.index(b"PK\1\2")]
    size = len(inner)
    outer = Raw(name=b"a", content=inner)
    whole = raw_archive([outer, Raw(name=b"b", content=b"\0" * 1000, at=31)])
    assert whole[31:35] == b"PK\3\4"
    end = 31 + size
    listing = whole[whole.index(b"PK\1\2") :]
    return whole[:end] + listing[:-6] + struct.pack("<L", end) + listing[-2:]


NAMES = [
    b"../a", b"a/../b", b"/a", b"a//b", b"./a", b"a/.", b"..", b"a\\b", b"C:a", b"C:/a", b"a\x00.png", b"a\nb", b"a b",
    b"", b"a/", b"caf\xc3\xa9", b"caf\xe9", b".hidden", b"a" * 201, b"~/a", b"a:stream", b"\x1b[31m", b"con|x",
]  # fmt: skip

BAD: dict[str, tuple[bytes, str]] = {
    "text": (b"This is not an archive.\n", "no ZIP"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "no ZIP"),
    "two bytes": (b"PK", "no ZIP"),
    "only a beginning": (b"PK\3\4", "cut short"),
    "cut in the middle": (packed(GOOD)[:900], "cut short"),
    "cut before its end": (packed(GOOD)[:-1], "cut short"),
    "something behind": (packed(GOOD) + b"x", "goes on"),
    "something before": (b"#!/bin/sh\n" + packed(GOOD), "no ZIP"),
    "something before that is an entry": (packed({"x": b""})[:31] + packed(GOOD), "directory is not where"),
    "another archive in front": (packed(GOOD) + packed(GOOD), "directory is not where"),
    "a remark": (raw_archive([stored()], remark=b"hello"), "cut short, or goes on"),
    "a remark that looks like an end": (
        raw_archive([stored()], remark=packed({})), "directory is not where|plain"),
    "too many entries": (packed({f"f{n}": b"" for n in range(11)}), "11 entries"),
    "more than it counts": (raw_archive([stored()] * 1 + [Raw(name=b"b")], count=1), "more in its directory"),
    "fewer than it counts": (raw_archive([stored()], count=2), "damaged directory"),
    "a ZIP64 count": (raw_archive([stored()], count=0xFFFF), "ZIP64"),
    "a ZIP64 size": (raw_archive([stored(size=0xFFFFFFFF)]), "ZIP64"),
    "a folder": (raw_archive([stored(b"", attributes=0o040755 << 16 | 0x10)]), "ordinary file"),
    "a link": (raw_archive([stored(b"/etc/passwd", attributes=0o120777 << 16)]), "ordinary file"),
    "a device": (raw_archive([stored(b"", attributes=0o020644 << 16)]), "ordinary file"),
    "a pipe": (raw_archive([stored(b"", attributes=0o010644 << 16)]), "ordinary file"),
    "a Windows link": (raw_archive([stored(attributes=0x400)]), "ordinary file"),
    "encrypted": (raw_archive([stored(flags=1)]), "encrypted"),
    "strongly encrypted": (raw_archive([stored(flags=0x41)]), "encrypted"),
    "a masked directory": (raw_archive([stored(flags=1 << 13)]), "encrypted"),
    "bzip2": (packed({"a": b"x" * 100}, zipfile.ZIP_BZIP2), "method 12"),
    "lzma": (packed({"a": b"x" * 100}, zipfile.ZIP_LZMA), "method 14"),
    "a method nobody knows": (raw_archive([stored(method=99)]), "method 99"),
    "one name twice": (raw_archive([stored(), stored(b"other")]), "twice"),
    "one name in two cases": (raw_archive([Raw(name=b"a.png"), Raw(name=b"A.PNG")]), "twice"),
    "two names for one entry": (raw_archive([stored(local_name=b"b")]), "two different things"),
    "two sizes for one entry": (raw_archive([stored(local_size=4)]), "two different things"),
    "a bomb by ratio": (raw_archive([deflated(b"\0" * (3 << 20))]), "bomb"),
    "a bomb in one entry": (raw_archive([stored(size=5 << 20, packed=5 << 20)]), "5 MiB"),
    "a bomb in all of them": (
        raw_archive([Raw(name=str(n).encode(), content=bytes([n]) * (3 << 20)) for n in range(3)]), "6 MiB"),
    "more bytes than it says": (raw_archive([deflated(b"\0" * (1 << 20), size=10)]), "does not hold"),
    "fewer bytes than it says": (raw_archive([deflated(b"\0" * 10, size=1000)]), "does not hold"),
    "stored bytes of two sizes": (raw_archive([stored(size=3)]), "does not hold"),
    "another checksum": (raw_archive([stored(crc=1)]), "does not hold"),
    "bytes that do not inflate": (raw_archive([stored(b"\xff" * 40, method=8)]), "does not hold"),
    "something behind the deflated": (
        raw_archive([Raw(name=b"a", content=b"\x03\x00hidden", method=8, size=0, crc=0)]), "does not hold"),
    "deflated and cut short": (raw_archive([Raw(name=b"a", content=b"\xca", method=8, size=1)]), "does not hold"),
    "a gap": (raw_archive([stored(), Raw(name=b"b", before=b"hidden")]), "overlap"),
    "a gap in front": (raw_archive([stored(before=b"PK\3\4hidden")]), "before its first"),
    "an entry beyond the end": (raw_archive([stored(packed=1 << 20, size=1 << 20)]), "overlap"),
    "two entries in one place": (raw_archive([stored(), Raw(name=b"b", content=b"hello", at=0)]), "overlap|different"),
    "an entry that is not there": (raw_archive([stored(), Raw(name=b"b", at=20)]), "overlap|not where"),
    "entries within entries": (overlapping(), "overlap"),
    "sizes that never follow": (raw_archive([stored(flags=8)]), "two different things"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_plain_is_refused(keep: Keep, name: str):
    content, said = BAD[name]
    refused(keep(content), said)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_could_lead_elsewhere_are_refused(keep: Keep, name: bytes):
    assert "not safe" in refused(keep(raw_archive([Raw(name=name)]))).message


def test_a_directory_that_is_all_remarks(keep: Keep):
    content = raw_archive([stored()])
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    listing = bytearray(content[start:end])
    listing[32:34] = struct.pack("<H", 60_000)
    listing += b"x" * 60_000
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(listing), start, 0)
    refused(keep(content[:start] + bytes(listing) + tail), "directory that is too large")


def test_what_is_no_file_at_all(tmp_path: Path):
    assert "does not exist" in refused(tmp_path / "none").message
    assert "folder" in refused(tmp_path).message
    (tmp_path / "empty").touch()
    assert "empty" in refused(tmp_path / "empty").message
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
        assert "regular" in refused(tmp_path / "pipe").message


WHOLE = packed(GOOD, zipfile.ZIP_DEFLATED)


@given(st.data())
def test_any_damage_is_refused_or_changes_nothing(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    """A byte changed, a piece cut out or put in: never another content, never another error."""
    at = data.draw(st.integers(0, len(WHOLE)))
    cut = data.draw(st.integers(0, 30))
    new = data.draw(st.binary(max_size=30))
    path = tmp_path_factory.getbasetemp() / "damaged.samecast"
    path.write_bytes(WHOLE[:at] + new + WHOLE[at + cut :])
    assert read_or_refused(path) in (None, sorted(GOOD.values()))


@given(st.binary(max_size=200))
def test_anything_at_all_is_an_archive_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    path = tmp_path_factory.getbasetemp() / "anything.samecast"
    path.write_bytes(b"PK\3\4" + content + b"PK\5\6" + content[:18].ljust(18, b"\0"))
    assert read_or_refused(path) in (None, [])


def read_or_refused(path: Path) -> list[bytes] | None:
    """What the entries hold, or None where the file was refused as it should be."""
    try:
        return sorted(everything_in(path).values())
    except (InvalidInput, BadMedia) as refusal:
        told = refusal
    assert told.hint
    assert str(told).isprintable()
    return None


def test_a_bomb_behind_a_lying_header_is_not_unpacked(keep: Keep):
    """A gibibyte in a megabyte that says it is two: no more than those two are ever held."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    content = b"".join(deflater.compress(b"\0" * (1 << 20)) for _ in range(1024)) + deflater.flush()
    assert len(content) < 2 << 20
    path = keep(raw_archive([Raw(name=b"a", content=content, method=8, size=2 << 20)]))
    tracemalloc.start()
    try:
        refused(path, "does not hold")
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < 10 << 20


def test_the_raw_archives_of_these_tests_are_archives(keep: Keep):
    """So that what is refused above is refused for what is wrong with it."""
    assert everything_in(keep(raw_archive(raws(GOOD)))) == GOOD
    assert everything_in(keep(raw_archive([deflated(b"x" * 5000)]))) == {"a": b"x" * 5000}
    assert everything_in(keep(raw_archive([stored(attributes=0)]))) == {"a": b"hello"}
