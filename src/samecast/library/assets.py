"""Content-addressed files, on a local folder or in a bucket (S3, GCS, Azure) by the same code. Implements `AssetStore`.

An asset's key is made of its sha256 alone (`ab/cd/abcd...`), so that it can be found by that alone. It is there whole
or not at all: a bucket gives that by itself; in a folder the bytes are written aside, flushed to the disk and renamed.
It is claimed before it is stored (`claims` says why). What the library refers to, and so what may be removed, is known
to `keeping`.
"""

import hashlib
import mimetypes
import os
import re
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.store import LocalStore, ObjectStore, from_url

from samecast.core.errors import NotFound, StorageFailed
from samecast.library.claims import Claims
from samecast.library.database import Database
from samecast.library.failures import storage_failures
from samecast.ports.keeping import Stored
from samecast.settings import Settings

if TYPE_CHECKING:
    from obstore.store import RetryConfig

_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"
_STALE_SECONDS = 24 * 3600.0
"""A file still unfinished after a day belongs to a process that died; a younger one may be being written."""
_SHARD = re.compile(r"[0-9a-f]{2}")
_PAGE = 1000
_PIECE = 1 << 20
_PATIENCE: "RetryConfig" = {
    "max_retries": 8,
    "backoff": {"max_backoff": timedelta(seconds=5)},
    "retry_timeout": timedelta(minutes=1),
}
"""A bucket that does not answer is asked again for about a quarter of a minute, which outlasts most hiccups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """`folder` is the local folder, None for a bucket; `where` names the place to the user."""

    store: ObjectStore
    folder: Path | None
    where: str
    claims: Claims

    def put(self, content: bytes, *, suffix: str = "") -> str:
        """Keep the bytes and return their sha256. Again is harmless, and mends a damaged copy.

        `suffix` (such as ".png") tells a bucket the content type; it is no part of the key.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        self.claims.claim(sha256)  # before looking: what is there now might be swept away in the next moment
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

    # --- all of them ------------------------------------------------------------------------------------------------

    def shards(self) -> list[str]:
        """The first two characters of the names of all assets: what `stored` gives in one go."""
        with storage_failures(self.where):
            found = self.store.list_with_delimiter()["common_prefixes"]
        return sorted(name for name in (prefix.rstrip("/") for prefix in found) if _SHARD.fullmatch(name))

    def stored(self, shard: str) -> Iterator[list[Stored]]:
        """The assets of a shard in pages, in no order. What is no asset is passed over."""
        with storage_failures(self.where):
            for page in self.store.list(shard, chunk_size=_PAGE):
                listed = ((str(entry["path"]), int(entry["size"])) for entry in page)
                named = ((path.rsplit("/", 1)[-1], path, size) for path, size in listed)
                yield [
                    Stored(sha256=name, size=size)
                    for name, path, size in named
                    if _SHA256.fullmatch(name) and path == _key(name)
                ]

    def digest(self, sha256: str) -> str | None:
        """The sha256 of what is stored under that name, read in pieces; None where nothing is."""
        digest = hashlib.sha256()
        with storage_failures(self.where):
            try:
                for piece in self.store.get(_key(sha256)).stream(min_chunk_size=_PIECE):
                    digest.update(piece)
            except FileNotFoundError:
                return None
        return digest.hexdigest()

    def remove(self, names: Collection[str]) -> None:
        """Take assets out of the store for good; only `keeping` knows when that may be. Those gone are passed over."""
        keys = [_key(sha256) for sha256 in names]
        with storage_failures(self.where):
            try:
                self.store.delete(keys)
            except FileNotFoundError:  # some stores say so, and leave off where they noticed
                for key in keys:
                    with suppress(FileNotFoundError):
                        self.store.delete(key)

    # --- within -----------------------------------------------------------------------------------------------------

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


def open_assets(settings: Settings, database: Database) -> Assets:
    """Open the asset store of the settings, sweeping away what crashed writers left. Raises `StorageFailed`.

    Assets are claimed in the `database`.
    """
    address = settings.assets_url
    folder = settings.assets_folder if address is None else _local_folder(address)
    where = str(folder) if folder is not None else str(address)
    claims = Claims(database=database)
    with storage_failures(where):
        if folder is None:
            store = from_url(
                str(address), retry_config=_PATIENCE
            )  # client options would replace those of the environment
            return Assets(store=store, folder=None, where=where, claims=claims)
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        return Assets(store=LocalStore(folder), folder=folder, where=where, claims=claims)


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
