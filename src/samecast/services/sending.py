"""Files that are made for a browser to save, kept for as long as it may take to fetch them.

Whoever asks for one names where it lies by chance and what it is called, and neither may be a path.
"""

import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from samecast.core.errors import NotFound

KEPT_SECONDS = 3600.0

_TOKEN = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[a-z0-9_]{1,40}\.samecast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """`folder` holds nothing that could not be made again."""

    folder: Path

    def place(self, name: str) -> Path:
        """Where a file that is to be saved as `name` can be written. What was made an hour ago goes."""
        self.sweep()
        return self.folder / secrets.token_hex(16) / name

    def at(self, token: str, name: str) -> Path:
        """The file that was written there. Raises `NotFound`."""
        path = self.folder / token / name
        if not _TOKEN.fullmatch(token) or not _NAME.fullmatch(name) or not path.is_file():
            raise NotFound("The file is no longer here.", hint="Export it once more.")
        return path

    def sweep(self) -> None:
        for made in self.folder.glob("*"):
            try:
                old = time.time() - made.stat().st_mtime > KEPT_SECONDS
            except OSError:  # gone meanwhile
                continue
            if old:
                shutil.rmtree(made, ignore_errors=True)
