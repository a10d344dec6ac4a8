"""The library in one portable file, and back. Implements `ports.moving.Archives`; docs/moving.md describes the format.

`archiving_format` says what a row is in it, `archiving_out` writes, `archiving_zip` guards what is read, `archiving_in`
reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samecast.library.archiving_in import read_archive
from samecast.library.archiving_out import write_archive
from samecast.library.assets import Assets
from samecast.library.database import Database
from samecast.ports.moving import Counted, Exported, Imported, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryArchives:
    """All failures of the disk, database or bucket are `StorageFailed`."""

    database: Database
    assets: Assets

    def write(self, path: Path, selection: Selection, watch: Counted) -> Exported:
        return write_archive(self.database, self.assets, path, selection, watch)

    def read(self, path: Path, renamed: Mapping[str, str], watch: Counted) -> Imported:
        return read_archive(self.database, self.assets, path, renamed, watch)
