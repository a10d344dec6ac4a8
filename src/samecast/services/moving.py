"""Carrying a library elsewhere, and verifying that it arrived: rows, then their digests, then every asset's bytes.

Which database and which store they are is the ports' business. A move only ever adds to its destination, so that one
that was stopped, or killed, is simply begun again; `carrying` does the work. Archives are written and read by
`ports.moving.Archives`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from samecast.core.cast import check_handle
from samecast.core.errors import InvalidInput, StorageFailed
from samecast.ports.moving import (
    Address,
    Archives,
    Counted,
    Exported,
    Holding,
    Imported,
    Place,
    Places,
    SchemaKeeper,
    Selection,
    Standing,
    uncounted,
)
from samecast.services.carrying import Carried, TableMoved, carry, check_nothing_foreign, compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a move came to, verified. `assets` are all that rows refer to, `missing` those that are not whole at the
    source and so are not moved, `mended` those that lay damaged at the destination.
    """

    source: Address
    destination: Address
    tables: tuple[TableMoved, ...]
    assets: int
    assets_added: int
    missing: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """From which revision to which; None: there was nothing yet."""

    database: str
    before: str | None
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """`migrate_queues` brings the tables of the queues up to date, which are not the library's."""

    places: Places
    schema: SchemaKeeper
    archives: Archives
    migrate_queues: Callable[[], None]

    # --- moving -------------------------------------------------------------------------------------------------

    def move(
        self, source: Place, destination: Place, *, despite_workers: bool = False, watch: Counted = uncounted
    ) -> Moved:
        """Copy everything and verify it. Raises `InvalidInput` or `StorageFailed` where it is refused or differs.

        `despite_workers`: although some are on record as working, because they died without a word.
        """
        with self._both(source, destination, despite_workers=despite_workers) as (old, new, addresses):
            same = addresses[0].database_identity == addresses[1].database_identity
            with old.reading() as there:
                if not same:
                    with new.reading() as here:
                        check_nothing_foreign(old.tables, there, here, addresses[1].database, watch)
                carried = Carried(old=old, new=new, watch=watch)
                carried.assets(there)
                added = {shape.name: 0 if same else carry(shape, there, new, watch) for shape in old.tables}
            new.settle()
            return self._verified(old, new, addresses, carried, added)

    def compare(self, source: Place, destination: Place, *, watch: Counted = uncounted) -> Moved:
        """Verify an earlier move; copies nothing. Raises `StorageFailed` where the two differ."""
        with self._both(source, destination, despite_workers=True) as (old, new, addresses):
            carried = Carried(old=old, new=new, mends=False, watch=watch)
            return self._verified(old, new, addresses, carried, {})

    def _verified(
        self,
        old: Holding,
        new: Holding,
        addresses: tuple[Address, Address],
        carried: Carried,
        added: Mapping[str, int],
    ) -> Moved:
        with old.reading() as there, new.reading() as here:
            tables = tuple(compared(shape, there, here, added, carried.watch) for shape in old.tables)
            wanted = carried.verify_assets(there)
        return Moved(
            source=addresses[0],
            destination=addresses[1],
            tables=tables,
            assets=wanted,
            assets_added=carried.added,
            missing=tuple(sorted(carried.missing)),
            mended=tuple(sorted(carried.mended)),
        )

    @contextmanager
    def _both(
        self, source: Place, destination: Place, *, despite_workers: bool
    ) -> Iterator[tuple[Holding, Holding, tuple[Address, Address]]]:
        if destination.database is not None and "://" in destination.database and destination.assets is None:
            raise InvalidInput(
                "Where its assets go was not said.", hint="Give --to-assets, such as s3://bucket/prefix or a folder."
            )
        addresses = self.places.address(source), self.places.address(destination)
        identities = [(each.database_identity, each.assets_identity) for each in addresses]
        if identities[0] == identities[1]:
            raise InvalidInput(
                f"The library is in {addresses[0].database} already, and its assets in {addresses[0].assets}.",
                hint="Give another place with --to-database and --to-assets.",
            )
        with self.places.source(source) as old:
            if not despite_workers:
                _check_idle(old, addresses[0])
            with self.places.destination(destination) as new:
                if not despite_workers:
                    _check_idle(new, addresses[1])
                yield old, new, addresses

    # --- the schema ---------------------------------------------------------------------------------------------

    def standing(self) -> Standing:
        """How the database of the settings stands; nothing is changed."""
        return self.schema.standing()

    def migrate(self) -> Migrated:
        """Bring the database of the settings up to date, the tables of the queues too."""
        before = self.schema.standing()
        self.schema.bring_up_to_date()
        self.migrate_queues()
        return Migrated(database=before.database, before=before.revision, after=self.schema.standing().revision or "")

    # --- archives -----------------------------------------------------------------------------------------------

    def export(
        self,
        path: Path,
        *,
        characters: Sequence[str] = (),
        since: datetime | None = None,
        watch: Counted = uncounted,
    ) -> Exported:
        """Write the library, or part of it, to a new file."""
        handles = tuple(check_handle(handle) for handle in characters)
        return self.archives.write(path.absolute(), Selection(characters=handles, since=since), watch)

    def bring_in(self, path: Path, *, rename: Sequence[str] = (), watch: Counted = uncounted) -> Imported:
        """Add what an archive holds and this library does not; `rename` are pairs such as "@old=new"."""
        return self.archives.read(path.absolute(), _renamed(rename), watch)


def _check_idle(side: Holding, address: Address) -> None:
    workers = side.at_work()
    if workers:
        raise StorageFailed(
            f"Somebody is at work on {address.database}: {', '.join(workers[:5])}.",
            hint="Stop the workers first. If they died without a word, say --despite-workers.",
        )


def _renamed(pairs: Sequence[str]) -> dict[str, str]:
    renamed: dict[str, str] = {}
    for pair in pairs:
        old, sign, new = pair.partition("=")
        if not sign:
            raise InvalidInput(f"'{pair}' renames nobody.", hint="Write it as --rename @old=new.")
        renamed[check_handle(old.strip())] = check_handle(new.strip())
    if len(set(renamed.values())) != len(renamed):
        raise InvalidInput("Two characters cannot be renamed to the same handle.", hint="Give each one its own.")
    return renamed
