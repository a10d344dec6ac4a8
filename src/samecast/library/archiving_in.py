"""Reading an archive into the library: what is here already is skipped, and the rest comes in one transaction.

Everything is checked before anything is kept. Assets are stored first, claimed like any other: where the rows are then
refused, nothing refers to them and they are swept away after their grace.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Table, insert, select

from samecast.core.cast import Anchor, Reference, Region, Version
from samecast.core.errors import HandleTaken, InvalidInput, StorageFailed
from samecast.library import schema as t
from samecast.library.archiving_format import CAST, MEMBERS, ahead, damaged, recipe_in, row_of
from samecast.library.archiving_zip import OpenArchive, open_archive
from samecast.library.assets import Assets
from samecast.library.database import Database
from samecast.library.failures import Conflict
from samecast.library.shots import file_rows
from samecast.ports.moving import Counted, Imported, Value

Line = dict[str, Value]
"""A row as it travels: with handles where the database has a character's number."""

BATCH = 500
MOST_CAST = 1_000_000
"""Lines of each of the cast's members; the cast is held in memory."""
FROM_AN_ARCHIVE = "an archive"
"""The machine of shots that were ordered on none in particular: their folder is not to be written to unasked."""


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What is new here. `handles` gives each character of the archive its handle here; `new` and `versions` are the new
    ones; `shots` and `takes` are all that are in it, True for the new ones; `files` is what new takes are made from.
    `trashed` takes are in the trash, and so picked by no shot.
    """

    handles: dict[str, str]
    new: set[str] = field(default_factory=set)
    versions: set[tuple[str, int]] = field(default_factory=set)
    shots: dict[str, bool] = field(default_factory=dict)
    takes: dict[str, bool] = field(default_factory=dict)
    files: list[dict[str, object]] = field(default_factory=list)
    trashed: set[str] = field(default_factory=set)
    stopped: list[str] = field(default_factory=list)

    def wants(self, table: Table, row: Line) -> bool:
        """Whether a row (not renamed yet) is to be added."""
        character = row.get("character")
        if character is not None and character not in self.handles:
            raise damaged(f"a row of {table.name} is of somebody who is not in it")
        if table is t.characters:
            return row["handle"] in self.new
        if table in (t.character_tags, t.character_papers, t.character_loras):
            return character in self.new
        if table is t.versions:
            return (character, row["number"]) in self.versions
        if table in (t.reference_images, t.anchors):
            return (character, row["version"]) in self.versions
        of_a_take = table in (t.take_members, t.take_tags)
        known = self.takes if of_a_take else self.shots
        name = row["take_id"] if of_a_take else row["id"] if table is t.shots else row["shot_id"]
        if str(name) not in known:
            raise damaged(f"a row of {table.name} is of a shot or take that is not in it")
        if table is t.picks and row["take_id"] in self.trashed:
            raise damaged("a take is picked that is in the trash")
        return known[str(name)]


def read_archive(
    database: Database, assets: Assets, path: Path, renamed: Mapping[str, str], watch: Counted
) -> Imported:
    """Raises `BadMedia`, `HandleTaken`, `InvalidInput`, `StorageFailed`; then no row was added."""
    with open_archive(path) as archive:
        cast = {name: list(_some(_rows(archive, name), name)) for name in CAST}
        plan = _planned_cast(database, cast, renamed)
        for table in (t.reference_images, t.character_loras):
            needed = {str(row["sha256"]) for row in cast[table.name] if plan.wants(table, row)}
            _check_assets_there(archive, assets, needed)
        _plan_shots(database, archive, assets, plan, watch)
        added, missing = _store_assets(archive, assets, watch)
        listed = sum(1 for _ in archive.asset_names())
        try:
            with database.write() as connection:
                rows, skipped = _add_everything(connection, archive, cast, plan, watch)
        except Conflict as conflict:
            raise StorageFailed(
                f"What '{path.name}' holds contradicts itself, or what is in {database.where}.",
                hint="Nothing was imported. If somebody was at work here meanwhile, try again.",
            ) from conflict
    return Imported(
        added=rows,
        skipped=skipped,
        assets_added=added,
        assets_skipped=listed - added,
        stopped=tuple(plan.stopped),
        missing=tuple(missing),
    )


def _rows(archive: OpenArchive, name: str, *, known: bool = False) -> Iterator[Line]:
    table, member = t.metadata.tables[name], MEMBERS[name]
    if member not in archive.members:  # which an older samecast did not know
        return
    for number, tree in enumerate(archive.lines(member), start=1):
        try:
            row = row_of(table, tree, known=known)
        except (ValueError, RecursionError) as error:
            raise damaged(f"line {number} of {member}: {error}") from error
        yield row


def _some(rows: Iterator[Line], name: str) -> Iterator[Line]:
    yield from islice(rows, MOST_CAST)
    if next(rows, None) is not None:
        raise damaged(f"{MEMBERS[name]} has more than {MOST_CAST:,} lines")


# --- the cast ---------------------------------------------------------------------------------------------------


def _planned_cast(database: Database, cast: Mapping[str, Sequence[Line]], renamed: Mapping[str, str]) -> _Plan:
    theirs = [str(row["handle"]) for row in cast["characters"]]
    unknown = sorted(set(renamed) - set(theirs))
    if unknown:
        raise InvalidInput(f"There is no @{unknown[0]} in the archive.", hint=f"In it are: {_at(theirs)}.")
    plan = _Plan(handles={handle: renamed.get(handle, handle) for handle in theirs})
    if len(set(plan.handles.values())) != len(theirs):
        raise InvalidInput("Two characters would have the same handle.", hint="Give each its own with --rename.")
    digests = _digests(cast)
    others = []
    with database.read() as connection:
        for handle in theirs:
            if not _plan_character(connection, plan, handle, digests[handle]):
                others.append(handle)
    if others:
        ours = [plan.handles[handle] for handle in others]
        raise HandleTaken(
            f"{_at(ours)} {'is another character' if len(ours) == 1 else 'are other characters'} here; nothing was"
            " imported.",
            hint=f"Give the archive's another handle: --rename @{others[0]}={others[0][:13]}_2.",
        )
    return plan


def _plan_character(connection: Connection, plan: _Plan, handle: str, theirs: Mapping[int, str]) -> bool:
    """False where somebody else has the handle here."""
    ours = plan.handles[handle]
    row = connection.execute(select(t.characters.c.id).where(t.characters.c.handle == ours)).scalar()
    if row is None:
        pins = select(t.take_members.c.version, t.take_members.c.digest).where(t.take_members.c.handle == ours)
        if any(theirs.get(version) != digest for version, digest in connection.execute(pins.distinct())):
            return False  # takes here show somebody else under it
        plan.new.add(handle)
        plan.versions |= {(handle, number) for number in theirs}
        return True
    versions = select(t.versions.c.number, t.versions.c.digest).where(t.versions.c.character_id == row)
    here = {found.number: found.digest for found in connection.execute(versions)}
    if any(here[number] != theirs[number] for number in here.keys() & theirs.keys()):
        return False
    plan.versions |= {(handle, number) for number in theirs.keys() - here.keys()}
    return True


def _digests(cast: Mapping[str, Sequence[Line]]) -> dict[str, dict[int, str]]:
    """Each character's versions by number with their digests, which are worked out again."""
    images: defaultdict[tuple[Value, Value], list[Line]] = defaultdict(list)
    details: defaultdict[tuple[Value, Value], list[Line]] = defaultdict(list)
    for row in cast["reference_images"]:
        images[row["character"], row["version"]].append(row)
    for row in cast["anchors"]:
        details[row["character"], row["version"]].append(row)
    digests: dict[str, dict[int, str]] = {str(row["handle"]): {} for row in cast["characters"]}
    for row in cast["versions"]:
        handle, number = str(row["character"]), int(str(row["number"]))
        if handle not in digests:
            raise damaged(f"a version is of @{handle[:15]}, who is not in it")
        version = _version(row, images[handle, number], details[handle, number])
        if version.digest != row["digest"] or not version.references:
            raise damaged(f"version {number} of @{handle} is not what its digest says")
        digests[handle][number] = version.digest
    for handle, numbers in digests.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)) or not numbers:
            raise damaged(f"versions of @{handle} are missing")
    return digests


def _version(row: Line, images: Sequence[Line], details: Sequence[Line]) -> Version:
    def placed(rows: Sequence[Line]) -> list[dict[str, object]]:
        return sorted((dict(each) for each in rows), key=lambda each: int(str(each["position"])))

    try:
        references = [Reference(sha256=str(r["sha256"]), width=1, height=1) for r in placed(images)]
        anchors = [
            Anchor(text=str(a["text"]), side=a["side"], region=_region(a))  # type: ignore[arg-type]
            for a in placed(details)
        ]
    except InvalidInput as error:
        raise damaged("an anchor's region is not inside the picture") from error
    return Version(
        number=int(str(row["number"])),
        references=tuple(references),
        anchors=tuple(anchors),
        description=str(row["description"]),
        created_at=row["created_at"],  # type: ignore[arg-type]
    )


def _region(anchor: Mapping[str, object]) -> Region | None:
    given = {name: anchor[f"region_{name}"] for name in ("x", "y", "width", "height")}
    if all(value is None for value in given.values()):
        return None
    if any(value is None for value in given.values()):
        raise damaged("an anchor's region is not whole")
    return Region(**given)  # type: ignore[arg-type]


def _at(handles: Sequence[str]) -> str:
    return ", ".join(f"@{handle}" for handle in handles[:8]) + (", ..." if len(handles) > 8 else "")


# --- shots and takes --------------------------------------------------------------------------------------------


def _plan_shots(database: Database, archive: OpenArchive, assets: Assets, plan: _Plan, watch: Counted) -> None:
    """Look over all shots and takes, and note which are new. What is here is not looked at closely: it stays."""
    rows = _rows(archive, "shots")
    while batch := list(islice(rows, BATCH)):
        here = _shots_here(database, [str(row["id"]) for row in batch])
        for row in batch:
            shot = str(row["id"])
            if shot in plan.shots:
                raise damaged(f"it holds the shot {shot[:40]!r} twice")
            plan.shots[shot] = shot not in here
            if shot not in here:
                if row["state"] == "running":
                    plan.stopped.append(shot)
            elif here[shot] != (row["prompt"], row["created_at"]):
                raise StorageFailed(
                    f"The shot {shot[:40]!r} is another one here; nothing was imported.",
                    hint="Import the file into another home: SAMECAST_HOME=...",
                )
    takes = _rows(archive, "takes")
    done = 0
    while batch := list(islice(takes, BATCH)):
        for row in batch:
            if row["shot_id"] not in plan.shots:
                raise damaged(f"the take {str(row['id'])[:40]!r} belongs to no shot in it")
            plan.takes[str(row["id"])] = plan.shots[str(row["shot_id"])]
            if row["trashed_at"] is not None:
                plan.trashed.add(str(row["id"]))
        new = [row for row in batch if plan.takes[str(row["id"])]]
        needed = {str(row["asset"]) for row in new if row["state"] == "done" and row["asset"] is not None}
        files = [file for row in new for file in file_rows(str(row["id"]), recipe_in(str(row["recipe"])))]
        _check_assets_there(archive, assets, needed | {str(file["sha256"]) for file in files})
        plan.files += files
        done += len(batch)
        watch("looking at takes", done, 0)


def _shots_here(database: Database, ids: Sequence[str]) -> dict[str, tuple[Value, Value]]:
    query = select(t.shots.c.id, t.shots.c.prompt, t.shots.c.created_at).where(t.shots.c.id.in_(ids))
    with database.read() as connection:
        return {row.id: (row.prompt, row.created_at) for row in connection.execute(query)}


# --- assets -----------------------------------------------------------------------------------------------------


def _check_assets_there(archive: OpenArchive, assets: Assets, needed: set[str]) -> None:
    for name in sorted(needed):
        if not archive.has_asset(name) and name not in archive.missing and not assets.has(name):
            raise damaged(f"the asset {name[:12]} is neither in it nor listed as missing")


def _store_assets(archive: OpenArchive, assets: Assets, watch: Counted) -> tuple[int, list[str]]:
    """Returns how many were new, and which were missing already when the archive was made and are not here either."""

    def lacks(name: str) -> bool:
        if not assets.has(name):
            return True
        assets.claims.claim(name)
        return not assets.has(name)  # looked at again, since it was claimed only now

    def contents() -> Iterator[bytes]:
        for number, (name, lacking) in enumerate(ahead(lacks, archive.asset_names()), start=1):
            watch("assets", number, archive.counts.get("assets", 0))
            if lacking:
                yield archive.asset(name)

    put: Callable[[bytes], str] = assets.put
    added = sum(1 for _ in ahead(put, contents()))
    return added, [name for name in sorted(archive.missing) if not assets.has(name)]


# --- adding -----------------------------------------------------------------------------------------------------


def _add_everything(
    connection: Connection, archive: OpenArchive, cast: Mapping[str, Sequence[Line]], plan: _Plan, watch: Counted
) -> tuple[dict[str, int], dict[str, int]]:
    added: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for name in MEMBERS:
        table = t.metadata.tables[name]
        # Shots and takes were looked over before; that these are the same bytes is checked at their end.
        rows = iter(cast[name]) if name in cast else _rows(archive, name, known=name in ("shots", "takes"))
        numbers = _numbers(connection)
        added[name] = skipped[name] = 0
        while batch := list(islice(rows, BATCH)):
            values = [_here(table, row, plan, numbers) for row in batch if plan.wants(table, row)]
            if values:
                connection.execute(insert(table), values)
            added[name] += len(values)
            skipped[name] += len(batch) - len(values)
            watch(f"adding {name}", added[name] + skipped[name], archive.counts.get(name, 0))
    for start in range(0, len(plan.files), BATCH):
        connection.execute(insert(t.take_files), plan.files[start : start + BATCH])
    return dict(added), dict(skipped)


def _numbers(connection: Connection) -> dict[str, int]:
    return {row.handle: row.id for row in connection.execute(select(t.characters.c.handle, t.characters.c.id))}


def _here(table: Table, row: Line, plan: _Plan, numbers: Mapping[str, int]) -> Line:
    """The row as it is kept here: under the handles and numbers of this library, and with nothing running."""
    values = dict(row)
    if "handle" in values:
        values["handle"] = plan.handles.get(str(values["handle"]), values["handle"])
    if "character" in values:
        handle = values.pop("character")
        values["character_id"] = None if handle is None else numbers[plan.handles[str(handle)]]
    if table is t.shots:
        values["state"] = "cancelled" if values["state"] == "running" else values["state"]
        values["machine"] = values["machine"] or FROM_AN_ARCHIVE
    return values
