"""Content-addressed files, on a local folder or in a bucket (S3, GCS, Azure) by the same code. Implements `AssetStore`.

An asset's key is made of its sha256 alone (`ab/cd/abcd...`), so that it can be found by that alone. It is there whole
or not at all: a bucket gives that by itself; in a folder the bytes are written aside, flushed to the disk and renamed.
"""

import hashlib
import mimetypes
import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.store import LocalStore, ObjectStore, from_url

from samecast.core.errors import NotFound, StorageFailed
from samecast.library.failures import storage_failures
from samecast.settings import Settings

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"
_STALE_SECONDS = 24 * 3600.0
"""A file still unfinished after a day belongs to a process that died; a younger one may be being written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """`folder` is the local folder, None for a bucket; `where` names the place to the user."""

    store: ObjectStore
    folder: Path | None
    where: str

    def put(self, content: bytes, *, suffix: str = "") -> str:
        """Keep the bytes and return their sha256. Again is harmless, and mends a damaged copy.

        `suffix` (such as ".png") tells a bucket the content type; it is no part of the key.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        with storage_failures(self.where):
            if self._read(sha256) == content:
                return sha256
            if self.folder is None:
                kind = mimetypes.guess_type(f"asset{suffix}")[0]
                self.store.put(_key(sha256), content, attributes={"Content-Type": kind} if kind else None)
            else:
                self._put_in_folder(self.folder, sha256, content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Raises `NotFound`, or `StorageFailed` where the stored bytes are not what their name promises."""
        with storage_failures(self.where):
            content = self._read(sha256)
        if content is None:
            raise NotFound(
                f"The asset {sha256[:12]} is not in {self.where}.", hint="Add the picture again, or restore a backup."
            )
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StorageFailed(
                f"The stored asset {sha256[:12]} is damaged ({self.where}/{_key(sha256)}).",
                hint="Add the same picture again, or restore the file from a backup.",
            )
        return content

    def has(self, sha256: str) -> bool:
        """Whether it is there; its bytes are not checked."""
        if not _SHA256.fullmatch(sha256):
            return False
        with storage_failures(self.where):
            try:
                self.store.head(_key(sha256))
            except FileNotFoundError:
                return False
        return True

    def path(self, sha256: str) -> Path | None:
        """The local file, to be read and never written; None for a bucket, or where it is not there."""
        if self.folder is None or not self.has(sha256):
            return None
        return self.folder / _key(sha256)

    def _read(self, sha256: str) -> bytes | None:
        if not _SHA256.fullmatch(sha256):
            return None
        try:
            return bytes(self.store.get(_key(sha256)).bytes())
        except FileNotFoundError:
            return None

    def _put_in_folder(self, folder: Path, sha256: str, content: bytes) -> None:
        staged = f"{_INCOMING}/{uuid.uuid4().hex}"
        try:
            self.store.put(staged, content, use_multipart=False)
            _flush(folder / staged)
            self.store.rename(staged, _key(sha256))
        except BaseException:
            with suppress(OSError):  # at once, not in a day: on a full disk it holds the space
                (folder / staged).unlink()
            raise
        # The name is only safe from a power cut once its folders are on the disk too.
        for parent in (folder / _key(sha256)).parents[:3]:
            _flush_folder(parent)


def open_assets(settings: Settings) -> Assets:
    """Open the asset store of the settings, sweeping away what crashed writers left. Raises `StorageFailed`."""
    address = settings.assets_url
    folder = settings.assets_folder if address is None else _local_folder(address)
    where = str(folder) if folder is not None else str(address)
    with storage_failures(where):
        if folder is None:
            return Assets(store=from_url(str(address)), folder=None, where=where)
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        return Assets(store=LocalStore(folder), folder=folder, where=where)


def _local_folder(address: str) -> Path | None:
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path)).absolute()
    return None if "://" in address else Path(address).expanduser().absolute()


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _sweep(folder: Path) -> None:
    oldest = time.time() - _STALE_SECONDS
    # Another process may be sweeping too, and on a read-only disk there is nothing to be gained: both are fine.
    with suppress(OSError):
        for leftover in (folder / _INCOMING).iterdir():
            if leftover.stat().st_mtime < oldest:
                leftover.unlink()


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders for this, and needs no such thing
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
