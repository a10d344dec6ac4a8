"""Carrying a library elsewhere: from one database and asset store to others, and in and out of an archive file.

What is told while it happens is plain text and numbers, so that a face can show it as it likes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from samecast.ports import AssetStore

Value: TypeAlias = str | int | float | bytes | datetime | None
Row: TypeAlias = tuple[Value, ...]
"""A table's row, in the order of its columns; moments are aware and in UTC."""

Counted: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known)."""


def uncounted(step: str, done: int, total: int) -> None:
    """Nobody is watching."""


# --- moving -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a library is or shall be: None for what the settings say.

    `database` is an SQLAlchemy URL or a home folder, and then its assets are there too unless `assets` names another
    store: `s3://bucket/prefix`, `gs://...`, `az://...`, `file:///folder` or a folder.
    """

    database: str | None = None
    assets: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place found out: how `database` and `assets` are shown to people (no password in them).

    `variables` name it in the environment. Two addresses with equal identities are the same thing.
    """

    database: str
    assets: str
    variables: tuple[tuple[str, str], ...]
    database_identity: str = field(repr=False)
    assets_identity: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """A table that is moved. `key` are the places of its primary key's columns in a row."""

    name: str
    columns: tuple[str, ...]
    key: tuple[int, ...]


class Snapshot(Protocol):
    """Everything in a library at one moment, read as a stream."""

    def count(self, table: str) -> int: ...

    def rows(self, table: str) -> Iterator[Row]:
        """In the order of the key: numbers by value, text by its code points, whatever the database's own rules."""
        ...

    def asset_names(self) -> Iterator[str]:
        """The sha256 of every asset that is needed, each once, in order; those only recipes name, if they are there."""
        ...

    def count_assets(self) -> int:
        """How many `asset_names` will give, or nearly: for showing how far it is."""
        ...


class Holding(Protocol):
    """One side of a move, open. A source is only ever read."""

    @property
    def store(self) -> AssetStore: ...

    @property
    def tables(self) -> Sequence[TableShape]:
        """Every table that is moved; what a row refers to comes before it."""
        ...

    def at_work(self) -> list[str]:
        """The names of the workers on record here that work, or finish what they have in hand."""
        ...

    def reading(self) -> AbstractContextManager[Snapshot]: ...

    def claim(self, sha256: str) -> None:
        """Keep an asset that is there already from being taken for garbage. (`store.put` claims what it stores.)"""
        ...

    def add(self, table: str, rows: Sequence[Row]) -> int:
        """Add rows in one transaction, leaving alone those whose key is there; returns how many were new."""
        ...

    def settle(self) -> None:
        """Once all rows are there: new rows get ids beyond theirs."""
        ...


class Places(Protocol):
    """Opens libraries other than the settings' own."""

    def address(self, place: Place) -> Address:
        """Raises `InvalidInput` for what is no address. Opens and makes nothing."""
        ...

    def source(self, place: Place) -> AbstractContextManager[Holding]:
        """Open what is there, changing nothing. Raises `StorageFailed`, also where its schema is not the newest."""
        ...

    def destination(self, place: Place) -> AbstractContextManager[Holding]:
        """Open it, making it where there is nothing yet. Raises `StorageFailed`, also for another schema than ours."""
        ...


# --- the schema -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a database stands: its schema's `revision` (None: it has none yet), and the `newest` that is known here."""

    database: str
    revision: str | None
    newest: str


class SchemaKeeper(Protocol):
    """The library's tables in the database of the settings."""

    def standing(self) -> Standing:
        """Changes nothing, and makes no file. Raises `StorageFailed`."""
        ...

    def bring_up_to_date(self) -> None:
        """Raises `StorageFailed`, also where it is from a newer samecast."""
        ...


# --- archives ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What goes into an archive. No `characters`: the whole cast; with them, their shots and whoever is in those.

    `since`: only shots ordered then or later; the cast is not cut by it.
    """

    characters: tuple[str, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """`counts` by table, `size` of the file in bytes; `missing`: assets (sha256) that are not whole here."""

    path: Path
    counts: Mapping[str, int]
    assets: int
    size: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """`added` and `skipped` (there already) by table; `stopped`: shots that were running, and wait to be resumed.

    `missing`: assets that were missing when the archive was made and are not here either.
    """

    added: Mapping[str, int]
    skipped: Mapping[str, int]
    assets_added: int
    assets_skipped: int
    stopped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Archives(Protocol):
    """Writes and reads archives of the library."""

    def write(self, path: Path, selection: Selection, watch: Counted) -> Exported:
        """All of it or no file. Raises `NotFound` for a character there is not, `InvalidInput` for a file there is."""
        ...

    def read(self, path: Path, renamed: Mapping[str, str], watch: Counted) -> Imported:
        """Add what is not here yet; `renamed` gives handles of the archive new ones here.

        Raises `BadMedia` for what is no archive or not as it says it is, and `HandleTaken` for another character under
        the same handle; nothing is kept then but assets that nobody refers to.
        """
        ...
