"""Writing an archive of the library, as a stream: one row, and a few assets, are in memory at a time."""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sqlalchemy import ColumnElement, Connection, Select, Table, exists, select, true, union

from samecast.core.errors import InvalidInput, NotFound, StorageFailed
from samecast.library import schema as t
from samecast.library.archiving_format import (
    ASSETS,
    FORMAT,
    MANIFEST,
    MEMBERS,
    ahead,
    asset_member,
    columns_of,
    line_of,
)
from samecast.library.assets import Assets
from samecast.library.database import Database
from samecast.library.failures import storage_failures
from samecast.library.moving import STREAMED, in_order, snapshot
from samecast.ports.moving import Counted, Exported, Selection

_PLAIN_FILE = 0o100644 << 16


@dataclass(slots=True, kw_only=True)
class _Writer:
    """The zip that is being written, and what its manifest will say of it."""

    zip: ZipFile
    listed: list[dict[str, object]] = field(default_factory=list)

    def member(self, name: str, lines: Iterator[bytes]) -> int:
        """Returns how many lines there were."""
        digest, size, count = hashlib.sha256(), 0, 0
        with self.zip.open(_entry(name, ZIP_DEFLATED), "w", force_zip64=True) as file:
            for line in lines:
                file.write(line)
                digest.update(line)
                size += len(line)
                count += 1
        self.listed.append({"name": name, "bytes": size, "sha256": digest.hexdigest()})
        return count

    def asset(self, sha256: str, content: bytes) -> None:
        self.zip.writestr(_entry(asset_member(sha256), ZIP_STORED), content)

    def manifest(self, counts: dict[str, int]) -> None:
        tree = {
            "samecast_library": FORMAT,
            "made_by": f"samecast {metadata.version('samecast')}",
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "counts": counts,
            "members": self.listed,
        }
        text = json.dumps(tree, ensure_ascii=False, indent=1)
        self.zip.writestr(_entry(MANIFEST, ZIP_DEFLATED), text)


def write_archive(database: Database, assets: Assets, path: Path, selection: Selection, watch: Counted) -> Exported:
    """Write the file whole or not at all. Raises `NotFound`, `InvalidInput`, `StorageFailed`."""
    with storage_failures(str(path.parent)):
        if path.exists():
            raise InvalidInput(f"'{path}' is there already.", hint="Give a new name, or remove it first.")
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        try:
            with snapshot(database) as connection, part.open("xb") as file:
                with ZipFile(file, "w", allowZip64=True) as opened:
                    counts, missing = _write(_Writer(zip=opened), connection, assets, selection, watch)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            part.rename(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
    return Exported(path=path, counts=counts, assets=counts.pop("assets"), size=size, missing=tuple(missing))


def _write(
    writer: _Writer, connection: Connection, assets: Assets, selection: Selection, watch: Counted
) -> tuple[dict[str, int], list[str]]:
    handles = {row.id: row.handle for row in connection.execute(select(t.characters.c.id, t.characters.c.handle))}
    unknown = sorted(set(selection.characters) - set(handles.values()))
    if unknown:
        raise NotFound(f"There is no @{unknown[0]} in the cast.", hint="See who there is: samecast cast list")
    chosen = _Chosen(selection)
    counts: dict[str, int] = {}
    for name, member in MEMBERS.items():
        table = t.metadata.tables[name]
        counts[name] = writer.member(member, _lines(connection, table, chosen.condition(table), handles))
        watch(name, counts[name], counts[name])
    sizes, missing = _write_assets(writer, chosen.assets(connection, assets), assets, watch)
    lines = (json.dumps({"sha256": name, "bytes": size}).encode() + b"\n" for name, size in sizes)
    writer.member(ASSETS, lines)
    counts["assets"] = len(sizes) - len(missing)
    writer.manifest(counts)
    return counts, missing


def _lines(
    connection: Connection, table: Table, condition: ColumnElement[bool], handles: dict[int, str]
) -> Iterator[bytes]:
    ordered = [in_order(column, connection) for column in table.primary_key.columns]
    query = select(*columns_of(table)).where(condition).order_by(*ordered)
    for row in connection.execute(query, execution_options={"yield_per": STREAMED}):
        yield line_of(table, dict(row._mapping), handles)


def _write_assets(
    writer: _Writer, names: list[str], assets: Assets, watch: Counted
) -> tuple[list[tuple[str, int | None]], list[str]]:
    """Each asset's size, None where it is missing; and those that are."""

    def fetched(name: str) -> bytes | None:
        try:
            return assets.get(name)
        except NotFound:
            return None
        except StorageFailed:
            if assets.has(name):  # the store answers: what it has is damaged
                return None
            raise

    sizes: list[tuple[str, int | None]] = []
    missing: list[str] = []
    for name, content in ahead(fetched, names):
        if content is None:
            missing.append(name)
        else:
            writer.asset(name, content)
        sizes.append((name, len(content) if content is not None else None))
        watch("assets", len(sizes), len(names))
    return sizes, missing


def _entry(name: str, packed: int) -> ZipInfo:
    """Of no particular time, so that equal rows give equal members."""
    info = ZipInfo(name)
    info.compress_type = packed
    info.external_attr = _PLAIN_FILE
    return info


# --- what was asked for -----------------------------------------------------------------------------------------


class _Chosen:
    """Which rows of each table belong to a selection."""

    def __init__(self, selection: Selection) -> None:
        self._all_cast = not selection.characters
        self._all_shots = self._all_cast and selection.since is None
        shots = select(t.shots.c.id)
        if selection.since is not None:
            shots = shots.where(t.shots.c.created_at >= selection.since)
        if selection.characters:
            showing = (
                select(t.takes.c.shot_id)
                .join(t.take_members, t.take_members.c.take_id == t.takes.c.id)
                .where(t.take_members.c.handle.in_(selection.characters))
            )
            shots = shots.where(t.shots.c.id.in_(showing))
        self._shots: Select[Any] = shots
        self._takes: Select[Any] = select(t.takes.c.id).where(t.takes.c.shot_id.in_(shots))
        pinned = select(t.take_members.c.character_id).where(t.take_members.c.take_id.in_(self._takes))
        self._cast: Select[Any] = select(t.characters.c.id).where(
            t.characters.c.handle.in_(selection.characters) | t.characters.c.id.in_(pinned)
        )

    def condition(self, table: Table) -> ColumnElement[bool]:
        of_a_take = table in (t.take_members, t.take_files, t.take_tags)
        if of_a_take or "shot_id" in table.c or table is t.shots:
            if self._all_shots:
                return true()
            if of_a_take:
                return table.c.take_id.in_(self._takes)
            return (table.c.id if table is t.shots else table.c.shot_id).in_(self._shots)
        if self._all_cast:
            return true()
        return (table.c.id if table is t.characters else table.c.character_id).in_(self._cast)

    def assets(self, connection: Connection, store: Assets) -> list[str]:
        """What is needed, and what else is wished for and there, in order."""
        takes = t.takes
        naming = (t.reference_images, t.take_files, t.character_loras)
        needed = union(
            *(select(table.c.sha256).where(self.condition(table)) for table in naming),
            select(takes.c.asset).where(self.condition(takes), takes.c.state == "done", takes.c.asset.is_not(None)),
        )
        begun = select(takes.c.asset).where(self.condition(takes), takes.c.state != "done", takes.c.asset.is_not(None))
        names = set(connection.execute(needed).scalars())
        wished = {*connection.execute(begun).scalars(), *self._borrowed(connection)} - names
        return sorted(names | {name for name in wished if store.has(name)})

    def _borrowed(self, connection: Connection) -> set[str]:
        """References that only recipes name: of somebody this library never had, or has with another look."""
        members, versions = t.take_members, t.versions
        own = exists().where(
            versions.c.character_id == members.c.character_id,
            versions.c.number == members.c.version,
            versions.c.digest == members.c.digest,
        )
        query = (
            select(t.takes.c.recipe)
            .join(members, members.c.take_id == t.takes.c.id)
            .where(self.condition(t.takes), ~own)
            .distinct()
        )
        return {
            name
            for recipe in connection.execute(query).scalars()
            for member in json.loads(recipe)["members"]
            for name in member["references"]
        }
