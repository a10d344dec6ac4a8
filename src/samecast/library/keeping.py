"""Which assets the library refers to, and taking away what nothing refers to. Implements `ports.keeping.Upkeep`.

The store itself is `assets`; why nothing is taken that is about to be used is said in `claims`. Every column that names
an asset is listed here, and a test holds the list against the schema.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Select, exists, func, select

from samecast.library import schema as t
from samecast.library import trash
from samecast.library.assets import Assets
from samecast.library.claims import claimed, forget, keep_out
from samecast.library.database import Database
from samecast.ports.keeping import Holder, LoraFile, ReferencePicture, Stored, TakeFile, TakeSource, Unneeded

NAMING: tuple[Column[str | None], ...] = (
    t.takes.c.asset,
    t.reference_images.c.sha256,
    t.character_loras.c.sha256,
    t.take_files.c.sha256,
)
"""Every column that names an asset which the library needs."""

_PAGE = 1000
_READERS = 8
"""Files are read by so many threads: a bucket answers slowly, and many at once."""
_SKEW = timedelta(hours=1)
"""How far the clocks of machines that shoot into one library may lie apart."""
_MOST_HOLDERS = 20
_HEX = "0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetUpkeep:
    """All failures of the disk, database or bucket are `StorageFailed`."""

    database: Database
    assets: Assets
    since: datetime
    borrowed: frozenset[str]
    """What only recipes of shots from before `since` refer to: those of later shots are looked up as they come."""
    leaving: datetime | None = None
    """Takes that were trashed before then refer to nothing any more."""

    def shards(self, *, promised: bool = True) -> list[str]:
        if not promised:
            return self.assets.shards()
        with self.database.read() as connection:
            # One look per shard and column, each by index: a DISTINCT over all would read every row.
            needed = {shard for shard in _every_shard() if any(_any_in(connection, c, shard) for c in NAMING)}
        return sorted(needed | set(self.assets.shards()))

    def stored(self, shard: str) -> Iterator[list[Stored]]:
        return self.assets.stored(shard)

    def promised(self, shard: str) -> Iterator[str]:
        """By keyset: each page is a short look of its own, and none holds up a writer."""
        for column in NAMING:
            query = select(column).distinct()
            if column is t.takes.c.asset:  # until a take is done, its asset may be claimed and not stored yet
                query = query.where(t.takes.c.state == "done")
            yield from self._pages(query, column, shard)

    def unneeded(self, assets: Collection[Stored], grace: timedelta) -> Unneeded:
        with self.database.read() as connection:
            return self._unneeded(connection, assets, grace)

    def digests(self, assets: Sequence[Stored]) -> Iterator[tuple[Stored, str | None]]:
        pool = ThreadPoolExecutor(_READERS, thread_name_prefix="samecast-digest")
        try:
            yield from zip(assets, pool.map(self.assets.digest, (asset.sha256 for asset in assets)), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)

    def has(self, sha256: str) -> bool:
        return self.assets.has(sha256)

    def holders(self, sha256: str) -> list[Holder]:
        """The first of each kind: takes, references, takes that are made from it, characters that are shot with it."""
        with self.database.read() as connection:
            return [
                *_takes(connection, sha256),
                *_references(connection, sha256),
                *_made_from(connection, sha256),
                *_shot_with(connection, sha256),
            ]

    def count_trashed(self, before: datetime) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).where(trash.purgeable(before))).scalar_one()

    def purge(self, before: datetime) -> int:
        gone = 0
        while True:
            with self.database.write() as connection:
                purged = trash.purge(connection, before)
            if not purged:
                return gone
            gone += purged

    def as_if_purged(self, before: datetime) -> "AssetUpkeep":
        with self.database.read() as connection:
            return replace(self, leaving=before, borrowed=_borrowed(connection, None, before))

    def sweep(self, assets: Collection[Stored], grace: timedelta, *, unrecorded: bool) -> list[Stored]:
        """Killed in the middle, the transaction is undone and the files already removed are gone: nothing referred to
        them, and their claims, which stay, are harmless. Every claim waits until this is over, hence small batches.

        On PostgreSQL a connection that breaks between the look and the removal lets a claim in: then an asset could be
        lost that nothing has referred to for the length of the grace and that is wanted again in that instant.
        """
        with self.database.write() as connection:
            keep_out(connection)
            unneeded = self._unneeded(connection, assets, grace)
            going = [*unneeded.free, *(unneeded.unrecorded if unrecorded else ())]
            names = [asset.sha256 for asset in going]
            if names:
                self.assets.remove(names)
                forget(connection, names)
        return going

    def _unneeded(self, connection: Connection, assets: Collection[Stored], grace: timedelta) -> Unneeded:
        names = {asset.sha256 for asset in assets}
        for column in NAMING:
            naming = _staying(select(column).where(column.in_(names)), column, self.leaving)
            names -= set(connection.execute(naming.distinct()).scalars())
        if not names:
            return Unneeded()
        names -= self.borrowed | _borrowed(connection, self.since, self.leaving)
        claims = claimed(connection, names, grace)
        left = [asset for asset in assets if asset.sha256 in names]
        return Unneeded(
            free=tuple(asset for asset in left if claims.get(asset.sha256) is False),
            recent=tuple(asset for asset in left if claims.get(asset.sha256)),
            unrecorded=tuple(asset for asset in left if asset.sha256 not in claims),
        )

    def _pages(self, query: Select[Any], column: Column[str | None], shard: str) -> Iterator[str]:
        after: str = shard
        while True:
            page = query.where(column > after, column < _after(shard)).order_by(column).limit(_PAGE)
            with self.database.read() as connection:
                found: Sequence[str] = connection.execute(page).scalars().all()
            yield from found
            if len(found) < _PAGE:
                return
            after = found[-1]


def open_upkeep(database: Database, assets: Assets) -> AssetUpkeep:
    """Ready for one look over the whole library; the next one opens its own."""
    since = datetime.now(UTC) - _SKEW
    with database.read() as connection:
        return AssetUpkeep(database=database, assets=assets, since=since, borrowed=_borrowed(connection, None, None))


def _staying(query: Select[Any], column: Column[str | None], leaving: datetime | None) -> Select[Any]:
    """The query without what takes name that were trashed before then."""
    if leaving is None or column.table not in (t.takes, t.take_files):
        return query
    take_id = t.takes.c.id if column.table is t.takes else t.take_files.c.take_id
    return query.where(take_id.not_in(select(t.takes.c.id).where(trash.purgeable(leaving)).correlate(None)))


def _borrowed(connection: Connection, since: datetime | None, leaving: datetime | None) -> frozenset[str]:
    """The references that only recipes name: of characters this library never had, or has with another look.

    A version with the digest that a recipe pins has the recipe's references, and names them itself.
    """
    version = t.versions
    same = exists().where(
        version.c.character_id == t.take_members.c.character_id,
        version.c.number == t.take_members.c.version,
        version.c.digest == t.take_members.c.digest,
    )
    query = (
        select(t.takes.c.recipe).join(t.take_members, t.take_members.c.take_id == t.takes.c.id).where(~same).distinct()
    )
    if since is not None:
        query = query.join(t.shots, t.shots.c.id == t.takes.c.shot_id).where(t.shots.c.created_at >= since)
    query = _staying(query, t.takes.c.asset, leaving)
    found: set[str] = set()
    for recipe in connection.execute(query).scalars():
        for member in json.loads(recipe)["members"]:
            found.update(member["references"])
    return frozenset(found)


_TAKES = (
    select(t.takes.c.shot_id.label("shot"), t.takes.c.id.label("take"), t.takes.c.number, t.shots.c.prompt)
    .join(t.shots, t.shots.c.id == t.takes.c.shot_id)
    .order_by(t.takes.c.shot_id, t.takes.c.number)
    .limit(_MOST_HOLDERS)
)


def _takes(connection: Connection, sha256: str) -> Iterator[TakeFile]:
    chosen = _TAKES.where(t.takes.c.asset == sha256, t.takes.c.state == "done")
    return (TakeFile(**row._mapping) for row in connection.execute(chosen))


def _made_from(connection: Connection, sha256: str) -> Iterator[TakeSource]:
    chosen = _TAKES.join(t.take_files, t.take_files.c.take_id == t.takes.c.id).where(t.take_files.c.sha256 == sha256)
    return (TakeSource(**row._mapping) for row in connection.execute(chosen))


def _references(connection: Connection, sha256: str) -> Iterator[ReferencePicture]:
    people, images = t.characters, t.reference_images
    chosen = (
        select(people.c.handle, people.c.name, func.min(images.c.version).label("version"), people.c.retired_at)
        .join(images, images.c.character_id == people.c.id)
        .where(images.c.sha256 == sha256)
        .group_by(people.c.id)
        .order_by(people.c.handle)
        .limit(_MOST_HOLDERS)
    )
    for row in connection.execute(chosen):
        yield ReferencePicture(handle=row.handle, name=row.name, number=row.version, left=row.retired_at is not None)


def _shot_with(connection: Connection, sha256: str) -> Iterator[LoraFile]:
    people, loras = t.characters, t.character_loras
    chosen = (
        select(people.c.handle, people.c.name, loras.c.model)
        .join(loras, loras.c.character_id == people.c.id)
        .where(loras.c.sha256 == sha256)
        .order_by(people.c.handle, loras.c.model)
        .limit(_MOST_HOLDERS)
    )
    return (LoraFile(**row._mapping) for row in connection.execute(chosen))


def _every_shard() -> Iterator[str]:
    return (first + second for first in _HEX for second in _HEX)


def _after(shard: str) -> str:
    """What sorts after every name of the shard, and before every other."""
    return shard[0] + chr(ord(shard[1]) + 1)


def _any_in(connection: Connection, column: Column[str | None], shard: str) -> bool:
    inside = select(column).where(column >= shard, column < _after(shard)).limit(1)
    return connection.execute(inside).scalar() is not None
