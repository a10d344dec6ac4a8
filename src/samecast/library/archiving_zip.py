"""Opening an archive of the library as a zip that nobody trusts. What its members mean is `archiving_format`'s.

Every check is made on the central directory before a byte is unpacked, and again on what is read. No name in it ever
becomes a path.
"""

import hashlib
import json
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from samecast.core.errors import BadMedia
from samecast.library.archiving_format import (
    ASSET,
    ASSETS,
    FORMAT,
    MANIFEST,
    MEMBERS,
    SHA256,
    asset_member,
    damaged,
    members_in,
)
from samecast.library.failures import storage_failures

MOST_MEMBERS = 4_000_000
MOST_DIRECTORY = 512 << 20
"""Bytes of the central directory: it is read into memory whole."""
MOST_MANIFEST = 1 << 20
MOST_ASSET = 2 << 30
MOST_ROWS = 64 << 30
"""Bytes of all rows together, unpacked; they are streamed."""
MOST_LINE = 16 << 20
MOST_RATIO = 400
"""How far a member may be packed, once it is larger than a megabyte. Takes that differ in nothing but their seeds came
to 26: each row has a digest, which does not pack."""
_SMALL = 1 << 20
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the manifest says of a member."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class OpenArchive:
    """An archive whose directory and manifest were checked."""

    zip: ZipFile
    members: Mapping[str, Listed]
    counts: Mapping[str, int]

    @cached_property
    def missing(self) -> frozenset[str]:
        """Assets that were missing already when the archive was made."""
        return frozenset(sha256 for sha256, size in self.listed_assets() if size is None)

    def lines(self, member: str) -> Iterator[object]:
        """A member's lines, parsed; at its end its size and sha256 are compared with the manifest."""
        listed, digest, size = self.members[member], hashlib.sha256(), 0
        with _reading(member), BufferedReader(self.zip.open(member), _PIECE) as file:  # type: ignore[type-var]
            while line := file.readline(MOST_LINE):
                size += len(line)
                if not line.endswith(b"\n"):
                    raise damaged(f"a line of {member} is too long, or cut off")
                digest.update(line)
                yield _parsed(line, member)
        if size != listed.size or digest.hexdigest() != listed.sha256:
            raise damaged(f"{member} is not what the manifest says")

    def has_asset(self, sha256: str) -> bool:
        return asset_member(sha256) in self.zip.NameToInfo

    def asset_names(self) -> Iterator[str]:
        """Every asset that is in the archive, as `assets.jsonl` lists it."""
        return (sha256 for sha256, size in self.listed_assets() if size is not None)

    def listed_assets(self) -> Iterator[tuple[str, int | None]]:
        """Each asset and its size; None where it was missing already when the archive was made."""
        last, there = "", 0
        for line in self.lines(ASSETS):
            match line:
                case {"sha256": str(sha256), "bytes": int() | None as size} if SHA256.fullmatch(sha256):
                    pass
                case _:
                    raise damaged(f"a line of {ASSETS} is not an asset")
            if sha256 <= last:
                raise damaged(f"{ASSETS} is out of order, or names an asset twice")
            last = sha256
            info = self.zip.NameToInfo.get(asset_member(sha256))
            if (info.file_size if info else None) != size:
                raise damaged(f"the asset {sha256[:12]} is not there as it is listed")
            there += info is not None
            yield sha256, size
        if there != sum(name.startswith("assets/") for name in self.zip.NameToInfo):
            raise damaged(f"it holds assets that {ASSETS} does not list")

    def asset(self, sha256: str) -> bytes:
        """The asset's bytes, as many as the directory says, and with the sha256 that its name says."""
        name = asset_member(sha256)
        size = self.zip.NameToInfo[name].file_size
        with _reading(name), self.zip.open(name) as file:
            content = _read(file, size)
        if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
            raise damaged(f"the asset {sha256[:12]} is not what its name says")
        return content


@contextmanager
def open_archive(path: Path) -> Iterator[OpenArchive]:
    """Raises `BadMedia` for what is no archive of a library, or is one that cannot be trusted."""
    if not path.is_file():
        raise BadMedia(f"There is no file '{path}'.", hint="Give a file that `samecast library export` wrote.")
    with storage_failures(str(path)), path.open("rb") as file:
        begins = _check_end(file, path)
        try:
            opened = ZipFile(file)
        except (BadZipFile, NotImplementedError, struct.error, UnicodeDecodeError, ValueError) as error:
            raise _no_archive(path) from error
        with opened:
            _check_directory(opened, begins)
            members, counts = _manifest(opened)
            yield OpenArchive(zip=opened, members=members, counts=counts)


def _check_end(file: BinaryIO, path: Path) -> int:
    """Bound what the directory asks for before `zipfile` reads it into memory; returns where the directory begins."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 22 - 20))
    tail = file.read()
    end = tail[-22:]
    if len(end) < 22 or not end.startswith(b"PK\x05\x06") or end[-2:] != b"\0\0":
        raise _no_archive(path)
    entries, directory, begins = struct.unpack("<4x4x2xHLL2x", end)
    if len(tail) == 42 and tail.startswith(b"PK\x06\x07"):  # ZIP64: the true figures are elsewhere
        file.seek(min(struct.unpack("<4xLQL", tail[:20])[1], size))
        record = file.read(56)
        if len(record) < 56 or not record.startswith(b"PK\x06\x06"):
            raise _no_archive(path)
        entries, directory, begins = struct.unpack("<32xQQQ", record)
    if entries > MOST_MEMBERS or directory > MOST_DIRECTORY:
        raise damaged(f"it says that it has {entries:,} members, in a directory of {directory >> 20:,} MiB")
    file.seek(0)
    return int(begins)


def _check_directory(opened: ZipFile, begins: int) -> None:
    entries = opened.infolist()
    if len(opened.NameToInfo) != len(entries):
        raise damaged("it holds two members of the same name")
    for info in entries:
        _check_entry(info)
    if sum(info.file_size for info in entries if not info.filename.startswith("assets/")) > MOST_ROWS:
        raise damaged("unpacked, it would be larger than any library")
    free = 0
    for info in sorted(entries, key=lambda info: info.header_offset):
        if info.header_offset < free:
            raise damaged("its members overlap")
        free = info.header_offset + 30 + len(info.orig_filename.encode()) + info.compress_size
    if free > begins:
        raise damaged("its members overlap its directory")


def _check_entry(info: ZipInfo) -> None:
    name = info.orig_filename
    asset = ASSET.fullmatch(name) is not None
    if not asset and name not in (MANIFEST, ASSETS, *MEMBERS.values()):
        raise damaged(f"it holds {name[:80]!r}, which has no place in it")
    if info.flag_bits & 0x2041:  # encrypted, strongly encrypted, with a masked directory
        raise damaged(f"its member {name} is encrypted")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or info.is_dir():
        raise damaged(f"its member {name} is not a plain file")
    if info.compress_type == ZIP_STORED:
        if info.compress_size != info.file_size:
            raise damaged(f"its member {name} has two sizes")
    elif asset or info.compress_type != ZIP_DEFLATED:
        raise damaged(f"its member {name} is packed in a way that is not used here")
    if info.file_size > _SMALL and info.file_size > MOST_RATIO * max(1, info.compress_size):
        raise damaged(f"its member {name} would unpack to more than {MOST_RATIO} times its size")
    if asset and info.file_size > MOST_ASSET:
        raise damaged(f"its member {name} is larger than any picture or clip")


def _manifest(opened: ZipFile) -> tuple[dict[str, Listed], dict[str, int]]:
    info = opened.NameToInfo.get(MANIFEST)
    if info is None:
        raise damaged(f"it has no {MANIFEST}")
    if info.file_size > MOST_MANIFEST:
        raise damaged(f"its {MANIFEST} is too large")
    with _reading(MANIFEST), opened.open(info) as file:
        tree = _parsed(_read(file, info.file_size), MANIFEST)
    match tree:
        case {"samecast_library": int(version)} if version > FORMAT:
            raise BadMedia(
                f"The archive is of format {version}, and this samecast reads up to {FORMAT}.", hint="Update samecast."
            )
        case {"samecast_library": int(version), "members": list(listed), "counts": dict(counts)} if version >= 1:
            members = dict(map(_listed, listed))
        case _:
            raise damaged(f"its {MANIFEST} is not one of a library")
    if set(members) != members_in(version) or len(members) != len(listed):
        raise damaged(f"its {MANIFEST} does not list each member once")
    for name, expected in members.items():
        there = opened.NameToInfo.get(name)
        if there is None or there.file_size != expected.size:
            raise damaged(f"its member {name} is not there as it is listed")
    if not all(isinstance(count, int) for count in counts.values()):
        raise damaged(f"its {MANIFEST} does not count")
    return members, counts


def _listed(entry: object) -> tuple[str, Listed]:
    match entry:
        case {"name": str(name), "bytes": int(size), "sha256": str(sha256)}:
            return name, Listed(size=size, sha256=sha256)
        case _:
            raise damaged(f"its {MANIFEST} lists something that is no member")


def _parsed(text: bytes, member: str) -> object:
    try:
        tree: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise damaged(f"{member} is not JSON") from error
    return tree


def _read(file: IO[bytes], size: int) -> bytes:
    """At most `size` bytes and one more: a member that unpacks to more is noticed, not followed."""
    pieces, left = [], size + 1
    while left > 0 and (piece := file.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


@contextmanager
def _reading(member: str) -> Iterator[None]:
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise damaged(f"its member {member} is damaged") from error


def _no_archive(path: Path) -> BadMedia:
    return BadMedia(f"'{path.name}' is not an archive.", hint="Give a file that `samecast library export` wrote.")
