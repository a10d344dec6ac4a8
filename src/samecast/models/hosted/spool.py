"""Answers of providers that answer at once, kept on disk between submitting and collecting.

Such a provider knows no job that could be asked for later: what it answered, and was paid for, is here or lost. So it
is written before anything else happens to it, under the key it was submitted with.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from samecast.core.errors import StorageFailed
from samecast.models.files import write_whole

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_OLDEST_SECONDS = 14 * 24 * 3600
"""Answers that nobody has collected for so long are swept away when another is kept."""


@dataclass(frozen=True, slots=True)
class Spool:
    """Files in `folder`, one a key."""

    folder: Path

    def keep(self, key: str, content: bytes) -> None:
        """Whole or not at all. Raises `StorageFailed`."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            write_whole(self._path(key), content)
        except OSError as error:
            raise StorageFailed(
                f"What was delivered cannot be kept in {self.folder}: {error.strerror}.", hint="Is the disk full?"
            ) from error

    def get(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def drop(self, key: str) -> None:
        with suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        if not _SAFE.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        return self.folder / key

    def _sweep(self) -> None:
        ages: dict[str, float] = {}
        for entry in os.scandir(self.folder):
            with suppress(OSError):  # another worker has just collected it
                ages[entry.path] = entry.stat().st_mtime
        newest = max(ages.values(), default=0.0)
        for path, made in ages.items():
            if newest - made > _OLDEST_SECONDS:
                with suppress(OSError):
                    os.unlink(path)
