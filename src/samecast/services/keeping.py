"""Looking after what is stored: is everything there and whole, and what may go. How it is stored is the library's."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from samecast.core.errors import InvalidInput
from samecast.ports.keeping import Holder, Stored, Upkeep

GRACE = timedelta(hours=24)
"""What nothing refers to is still kept for so long after it was last stored or about to be used."""
TRASH = timedelta(days=30)
"""What was put in the trash can be restored for so long; then `gc` takes it away for good."""
BATCH = 100
"""So many files are removed at once at most; while they are, nobody can store anything."""
MOST_HITS = 1000
"""So many damages are told one by one; the others are only counted."""
_PAGE = 1000

Trouble: TypeAlias = Literal["missing", "damaged"]
Watch: TypeAlias = Callable[[int, int], None]
"""Told how many of how many parts are looked through. To stop, raise in it: nothing is left half done."""


def unwatched(done: int, total: int) -> None:
    """For who does not want to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An asset that is missing or damaged, and who is hit by that."""

    sha256: str
    trouble: Trouble
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found: `assets` of `bytes` in the store, and what is wrong with them.

    `orphaned` assets are in the store and nothing refers to them; `recent` of them were claimed within a day, and may
    be about to be used; `unrecorded` of them this library has no record of having stored. `hits` are the first 1000 of
    what is missing or damaged. `quick`: only names were looked at, so nothing could be found damaged.
    """

    quick: bool
    assets: int = 0
    bytes: int = 0
    missing: int = 0
    damaged: int = 0
    orphaned: int = 0
    orphaned_bytes: int = 0
    recent: int = 0
    unrecorded: int = 0
    hits: tuple[Hit, ...] = ()

    @property
    def well(self) -> bool:
        return not self.missing and not self.damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What was removed (with `dry_run`: would have been), and what nothing refers to and was left all the same:
    `kept_recent`, claimed within the grace, and `kept_unrecorded`, which this library has no record of having stored.
    `purged`: takes that had lain in the trash for `TRASH`; their files are among the removed, once nothing claims them.
    """

    dry_run: bool
    purged: int = 0
    assets: int = 0
    removed: int = 0
    freed: int = 0
    kept_recent: int = 0
    kept_unrecorded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """`open_upkeep` gives a fresh look at the library. Failures of the storage are `StorageFailed`."""

    open_upkeep: Callable[[], Upkeep]

    def verify(self, *, quick: bool = False, watch: Watch = unwatched) -> Verified:
        """Compare the store with what the library refers to and (not `quick`) every file with its name.

        May run while shots do: what changes meanwhile is looked at twice before it is called missing.
        """
        upkeep = self.open_upkeep()
        found = Verified(quick=quick)
        shards = upkeep.shards()
        for number, shard in enumerate(shards):
            watch(number, len(shards))
            found = self._verify(upkeep, shard, found)
        watch(len(shards), len(shards))
        return found

    def gc(
        self,
        *,
        older_than: timedelta = GRACE,
        dry_run: bool = False,
        unrecorded: bool = False,
        watch: Watch = unwatched,
    ) -> Swept:
        """Purge what has lain in the trash for `TRASH`, then remove what nothing refers to and nobody has claimed for
        `older_than`.

        May run while shots do. What this library has no record of having stored stays, since it may be another's; with
        `unrecorded` it goes too. Raises `InvalidInput` for a negative age.
        """
        if older_than < timedelta(0):
            raise InvalidInput("Assets cannot be younger than nothing.", hint="Give 0 hours or more.")
        before, upkeep = datetime.now(UTC) - TRASH, self.open_upkeep()
        if dry_run:
            purged, upkeep = upkeep.count_trashed(before), upkeep.as_if_purged(before)
        else:
            purged = upkeep.purge(before)
            upkeep = self.open_upkeep() if purged else upkeep
        swept = Swept(dry_run=dry_run, purged=purged)
        waiting: list[Stored] = []
        shards = upkeep.shards(promised=False)
        for number, shard in enumerate(shards):
            watch(number, len(shards))
            for page in upkeep.stored(shard):
                left = upkeep.unneeded(page, older_than)
                waiting += [*left.free, *(left.unrecorded if unrecorded else ())]
                swept = replace(
                    swept,
                    assets=swept.assets + len(page),
                    kept_recent=swept.kept_recent + len(left.recent),
                    kept_unrecorded=swept.kept_unrecorded + (0 if unrecorded else len(left.unrecorded)),
                )
            last = number == len(shards) - 1
            while len(waiting) >= BATCH or (last and waiting):
                batch, waiting = waiting[:BATCH], waiting[BATCH:]
                gone = batch if dry_run else upkeep.sweep(batch, older_than, unrecorded=unrecorded)
                freed = sum(asset.size for asset in gone)
                swept = replace(swept, removed=swept.removed + len(gone), freed=swept.freed + freed)
        watch(len(shards), len(shards))
        return swept

    def _verify(self, upkeep: Upkeep, shard: str, so_far: Verified) -> Verified:
        # In this order: what was promised before the store is looked at must be there, unless it was removed since.
        promised = set(upkeep.promised(shard))
        stored = {asset.sha256: asset for page in upkeep.stored(shard) for asset in page}
        hits = list(_missing(upkeep, promised - stored.keys()))
        missing = len(hits)
        if not so_far.quick:
            hits += _damaged(upkeep, list(stored.values()))
        found = replace(
            so_far,
            assets=so_far.assets + len(stored),
            bytes=so_far.bytes + sum(asset.size for asset in stored.values()),
            missing=so_far.missing + missing,
            damaged=so_far.damaged + len(hits) - missing,
            hits=(so_far.hits + tuple(hits))[:MOST_HITS],
        )
        for some in _slices([asset for name, asset in stored.items() if name not in promised], _PAGE):
            left = upkeep.unneeded(some, GRACE)
            orphans = (*left.free, *left.recent, *left.unrecorded)
            found = replace(
                found,
                orphaned=found.orphaned + len(orphans),
                orphaned_bytes=found.orphaned_bytes + sum(asset.size for asset in orphans),
                recent=found.recent + len(left.recent),
                unrecorded=found.unrecorded + len(left.unrecorded),
            )
        return found


def _missing(upkeep: Upkeep, names: set[str]) -> Iterator[Hit]:
    for sha256 in sorted(names):
        holders = tuple(upkeep.holders(sha256))
        if holders and not upkeep.has(sha256):
            yield Hit(sha256=sha256, trouble="missing", holders=holders)


def _damaged(upkeep: Upkeep, stored: Sequence[Stored]) -> Iterator[Hit]:
    for asset, digest in upkeep.digests(stored):
        if digest not in (asset.sha256, None):  # None: removed since
            yield Hit(sha256=asset.sha256, trouble="damaged", holders=tuple(upkeep.holders(asset.sha256)))


def _slices(assets: Sequence[Stored], size: int) -> Iterator[Sequence[Stored]]:
    return (assets[start : start + size] for start in range(0, len(assets), size))
