"""Archives from anywhere, read without trusting them, and archives of our own. Knows nothing of what is in them.

The plain core of ZIP (PKWARE's APPNOTE) and no more of it: entries stored or deflated, one after the other from the
first byte to the directory, and the directory to the last byte. So nothing overlaps, hides between entries or behind
the end, and every tool reads the same. Nothing is ever unpacked to a path, and no more is unpacked than an entry said.
"""

import errno
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from samecast.core.errors import BadMedia, InvalidInput
from samecast.media.files import read_regular, shown, storage_failed, whole_or_nothing
from samecast.ports.travelling import Bounds

MOST_TIMES = 200
"""How much smaller than its content an entry of over a mebibyte may be; pictures hardly shrink at all."""

_END = struct.Struct("<4s4H2LH")
_LISTED = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_LONGEST_NAME = 200
_LARGEST_LISTING = 4096
"""Bytes that the directory may spend on one entry: its name, its remarks."""
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_SIZES_FOLLOW = 1 << 3
_STORED, _DEFLATED = 0, 8
_ODD_ATTRIBUTES = 0x08 | 0x10 | 0x400  # DOS: a volume's label, a folder, a link
_BLOCK = 1 << 16

_AGAIN = "Fetch it again, or ask whoever sent it for a new export."
_PLAIN = "Pack it as a plain ZIP: `zip -X -D`, or samecast's own export."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One line of the directory; `at` is where its own header begins, `start` where its bytes do."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    at: int
    start: int = 0


class ZipArchive:
    """An open archive; `samecast.ports.travelling.Archive`."""

    def __init__(self, stream: BinaryIO, name: str, entries: Iterable[_Entry]) -> None:
        self._stream = stream
        self._name = name
        self._entries = {entry.name: entry for entry in entries}

    @property
    def sizes(self) -> dict[str, int]:
        return {name: entry.size for name, entry in self._entries.items()}

    def read(self, name: str) -> bytes:
        """Never more than it says is unpacked. Raises `InvalidInput`."""
        entry = self._entries[name]
        self._stream.seek(entry.start)
        content = self._stored(entry) if entry.method == _STORED else self._inflated(entry)
        if len(content) != entry.size or zlib.crc32(content) != entry.crc:
            raise self._damaged(entry)
        return content

    def _stored(self, entry: _Entry) -> bytes:
        if entry.packed != entry.size:
            raise self._damaged(entry)
        return self._stream.read(entry.packed)

    def _inflated(self, entry: _Entry) -> bytes:
        inflater, content, left = zlib.decompressobj(-zlib.MAX_WBITS), bytearray(), entry.packed
        try:
            while left and not inflater.eof:
                block = self._stream.read(min(left, _BLOCK))
                left -= len(block)
                content += inflater.decompress(block, entry.size - len(content) + 1)
                if len(content) > entry.size or not block:
                    raise self._damaged(entry)
        except zlib.error as error:
            raise self._damaged(entry) from error
        if not inflater.eof or left or inflater.unused_data:
            raise self._damaged(entry)
        return bytes(content)

    def _damaged(self, entry: _Entry) -> InvalidInput:
        return _refused(self._name, f"is damaged: '{entry.name}' does not hold what it says")


class ZipArchives:
    """`samecast.ports.travelling.Archives`."""

    @contextmanager
    def open(self, path: Path, bounds: Bounds) -> Iterator[ZipArchive]:
        """Raises `InvalidInput`, or `BadMedia` where there is no file to read. The file is not read further than is
        asked for.
        """
        name = shown(path)
        with _opened(path) as stream:
            try:
                yield ZipArchive(stream, name, _checked_entries(stream, name, bounds))
            except OSError as error:  # whatever else is used inside has errors of its own
                raise BadMedia(
                    f"{name} cannot be read: {shown(error.strerror or str(error))}.", hint="Check the disk."
                ) from error

    def write(self, path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
        """Stored, never deflated (that differs between builds of zlib), with one date for all. `StorageFailed`."""
        with whole_or_nothing(path) as part:
            try:
                with zipfile.ZipFile(part, "w", allowZip64=False) as archive:
                    for name, content in entries:
                        archive.writestr(_stamped(name), content)
            except OSError as error:
                raise storage_failed(path, error) from error
            except zipfile.LargeZipFile as error:
                raise storage_failed(path, OSError(errno.EFBIG, os.strerror(errno.EFBIG))) from error


def _stamped(name: str) -> zipfile.ZipInfo:
    """The same header on every machine: an ordinary file of 1980, made on Unix."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry


def _refused(name: str, reason: str, *, hint: str = _AGAIN) -> InvalidInput:
    return InvalidInput(f"{name} {reason}.", hint=hint)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    read_regular(path, limit=1)  # what cannot be read at all is told there
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise BadMedia(f"{shown(path)} cannot be read.", hint="Check the path and the disk.") from error
    with open(descriptor, "rb") as stream:
        yield stream


# --- the directory --------------------------------------------------------------------------------------------------


def _checked_entries(stream: BinaryIO, name: str, bounds: Bounds) -> list[_Entry]:
    """The directory, if it is plain, within bounds, and true to what lies where. No entry is unpacked."""
    count, size, at = _end(stream, name, bounds)
    stream.seek(at)
    listing = stream.read(size)
    entries: list[_Entry] = []
    position = 0
    for _ in range(count):
        entry, position = _listed(listing, position, name)
        entries.append(entry)
    if position != len(listing):
        raise _refused(name, "has more in its directory than its entries")
    _check_names([entry.name for entry in entries], name)
    _check_sizes(entries, name, bounds)
    return _placed(stream, entries, at, name)


def _end(stream: BinaryIO, name: str, bounds: Bounds) -> tuple[int, int, int]:
    """How many entries there are, and the directory's size and place, from the last bytes of the file."""
    stream.seek(0)
    head = stream.read(4)
    length = stream.seek(0, os.SEEK_END)
    if head not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise _refused(name, "is not a character file: it is no ZIP archive", hint="Give a .samecast file.")
    stream.seek(max(0, length - _END.size))
    tail = stream.read(_END.size)
    if len(tail) < _END.size or not tail.startswith(b"PK\x05\x06"):
        raise _refused(name, "is cut short, or goes on after its end")
    _, disk, first_disk, here, count, size, at, remark = _END.unpack(tail)
    if disk or first_disk or here != count or remark or count == 0xFFFF or 0xFFFFFFFF in (size, at):
        raise _refused(name, "is not one plain ZIP archive (it has parts, a remark or is a ZIP64)", hint=_PLAIN)
    if at + size + _END.size != length:
        raise _refused(name, "is damaged: its directory is not where it says")
    if count > bounds.entries:
        raise _refused(name, f"has {count:,} entries; {bounds.entries:,} is the most")
    if size > count * _LARGEST_LISTING:
        raise _refused(name, "has a directory that is too large", hint=_PLAIN)
    return count, size, at


def _listed(listing: bytes, position: int, archive: str) -> tuple[_Entry, int]:
    """The entry that is listed at `position`, and where the next one is."""
    line = listing[position : position + _LISTED.size]
    if len(line) < _LISTED.size or not line.startswith(b"PK\x01\x02"):
        raise _refused(archive, "has a damaged directory")
    (_, _made, _needed, flags, method, _time, _date, crc, packed, size, *lengths, disk, _, attributes, at) = (
        _LISTED.unpack(line)
    )
    start = position + _LISTED.size
    raw = listing[start : start + lengths[0]]
    name = _name(raw, archive)
    _check_kind(name, archive, flags, method, attributes)
    if disk or 0xFFFFFFFF in (packed, size, at):
        raise _refused(archive, "is not one plain ZIP archive (it has parts or is a ZIP64)", hint=_PLAIN)
    entry = _Entry(name=name, flags=flags, method=method, crc=crc, packed=packed, size=size, at=at)
    return entry, start + sum(lengths)


def _name(raw: bytes, archive: str) -> str:
    """Names are plain ASCII paths that stay inside on every system, whatever reads them."""
    text = raw.decode("ascii", errors="backslashreplace")
    if len(raw) > _LONGEST_NAME or not _NAME.fullmatch(text):
        raise _refused(archive, f"has an entry with a name that is not safe: '{shown(text)}'", hint=_PLAIN)
    return text


def _check_kind(name: str, archive: str, flags: int, method: int, attributes: int) -> None:
    """An ordinary file, not encrypted, packed in one of the two ways everybody knows."""
    if flags & _ENCRYPTED:
        raise _refused(archive, f"is encrypted ('{name}')", hint="Ask for one without a password.")
    if method not in (_STORED, _DEFLATED):
        raise _refused(archive, f"packs '{name}' in a way that is not used here (method {method})", hint=_PLAIN)
    kind = stat.S_IFMT(attributes >> 16)
    if kind not in (0, stat.S_IFREG) or attributes & _ODD_ATTRIBUTES:
        raise _refused(archive, f"has '{name}' as something else than an ordinary file", hint=_PLAIN)


def _check_names(names: list[str], archive: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise _refused(archive, f"has '{name}' twice (names that differ by case only are the same)")
        seen.add(name.lower())


def _check_sizes(entries: list[_Entry], archive: str, bounds: Bounds) -> None:
    for entry in entries:
        if entry.size > bounds.entry_bytes:
            raise _refused(archive, f"has {entry.size >> 20:,} MiB in '{entry.name}'")
        if entry.size > max(1 << 20, MOST_TIMES * entry.packed):
            raise _refused(archive, f"has '{entry.name}' packed more than {MOST_TIMES} times over: a ZIP bomb")
    if sum(entry.size for entry in entries) > bounds.total_bytes:
        raise _refused(archive, f"would hold more than {bounds.total_bytes >> 20:,} MiB unpacked")


# --- the entries' own headers ---------------------------------------------------------------------------------------


def _placed(stream: BinaryIO, entries: list[_Entry], end: int, archive: str) -> list[_Entry]:
    """The entries with their `start`: one after the other, without gap or overlap, each as the directory has it."""
    ordered = sorted(entries, key=lambda entry: entry.at)
    borders = [*(entry.at for entry in ordered), end]
    if borders[0] != 0:
        raise _refused(archive, "has something before its first entry")
    return [_local(stream, entry, border, archive) for entry, border in zip(ordered, borders[1:], strict=True)]


def _local(stream: BinaryIO, entry: _Entry, border: int, archive: str) -> _Entry:
    """Compare an entry's own header with the directory's; it must end at `border`, where the next one begins."""
    stream.seek(entry.at)
    line = stream.read(_LOCAL.size)
    if len(line) < _LOCAL.size or not line.startswith(b"PK\x03\x04"):
        raise _refused(archive, f"is damaged: '{entry.name}' is not where it should be")
    _, _needed, flags, method, _time, _date, crc, packed, size, name_length, more = _LOCAL.unpack(line)
    name = stream.read(name_length)
    listed = (entry.flags, entry.method, entry.crc, entry.packed, entry.size)
    follows = bool(flags & _SIZES_FOLLOW)
    sizes = (entry.crc, entry.packed, entry.size) if follows and not (crc or packed or size) else (crc, packed, size)
    said = (flags, method, *sizes)
    if name != entry.name.encode() or said != listed:
        raise _refused(archive, f"says two different things about '{entry.name}'")
    start = entry.at + _LOCAL.size + name_length + more
    gap = border - start - entry.packed
    if gap != 0 and not (follows and gap in (12, 16)):
        raise _refused(archive, f"has entries that overlap, or a gap between them ('{entry.name}')", hint=_PLAIN)
    if follows:
        stream.seek(start + entry.packed)
        after = stream.read(gap).removeprefix(b"PK\x07\x08" if gap == 16 else b"")
        if after != struct.pack("<3L", entry.crc, entry.packed, entry.size):
            raise _refused(archive, f"says two different things about '{entry.name}'")
    return _Entry(
        name=entry.name, flags=flags, method=method, crc=entry.crc, packed=entry.packed, size=entry.size,
        at=entry.at, start=start,
    )  # fmt: skip
