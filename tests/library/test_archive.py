"""A library out into one file and in again: without loss, merged by who and what it is, and safe against bad files."""

import hashlib
import io
import json
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from tests import servers
from tests.library.sample_library import NOW, assets_of, by_handle, everything, fill, keep_looks, sort

from samecast.core.errors import BadMedia, HandleTaken, InvalidInput, NotFound, SamecastError, StorageFailed
from samecast.library import Library, open_library
from samecast.library import schema as t
from samecast.library.archive import LibraryArchives
from samecast.library.archiving_format import MEMBERS
from samecast.library.moving import STAYS
from samecast.ports.moving import Exported, Imported, Selection, uncounted
from samecast.settings import Settings

postgres = servers.postgres
bucket = servers.bucket
Opened = Callable[[str], Library]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    libraries: list[Library] = []

    def make(name: str) -> Library:
        libraries.append(open_library(Settings(home=tmp_path / name)))
        return libraries[-1]

    yield make
    for library in libraries:
        library.close()


@pytest.fixture
def full(opened: Opened) -> Library:
    library = opened("full")
    fill(library, lends=True)
    keep_looks(library)
    return library


@pytest.fixture
def file(full: Library, tmp_path: Path) -> Path:
    export(full, tmp_path / "all.zip")
    return tmp_path / "all.zip"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good archive, to be changed."""
    folder = tmp_path_factory.mktemp("good")
    library = open_library(Settings(home=folder / "home"))
    fill(library, lends=True)
    export(library, folder / "all.zip")
    library.close()
    return folder / "all.zip"


@pytest.fixture(scope="module")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("new") / "home"
    open_library(Settings(home=home)).close()
    return home


@pytest.fixture
def bare(new_home: Path, opened: Opened, tmp_path: Path) -> Library:
    """An empty library, without making its tables each time."""
    shutil.copytree(new_home, tmp_path / "bare")
    return opened("bare")


def export(library: Library, path: Path, **chosen: Any) -> Exported:
    archives = LibraryArchives(database=library.database, assets=library.assets)
    return archives.write(path, Selection(**chosen), uncounted)


def bring_in(library: Library, path: Path, **renamed: str) -> Imported:
    archives = LibraryArchives(database=library.database, assets=library.assets)
    return archives.read(path, renamed, uncounted)


def refused(error: type[SamecastError], match: str, library: Library, path: Path, **renamed: str) -> None:
    """One line with advice, and not a row was added."""
    before = everything(library)
    with pytest.raises(error, match=match) as caught:
        bring_in(library, path, **renamed)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert everything(library) == before


# --- there and back ---------------------------------------------------------------------------------------------


def as_imported(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    """What an import changes on purpose: nothing is running."""
    return {**rows, "shots": [row.replace('"state": "running"', '"state": "cancelled"') for row in rows["shots"]]}


def test_nothing_is_lost(full: Library, file: Path, opened: Opened):
    empty = opened("empty")
    imported = bring_in(empty, file)
    assert by_handle(empty) == {name: sorted(rows) for name, rows in as_imported(by_handle(full)).items()}
    assert assets_of(empty) == assets_of(full)
    assert empty.cast.all() == full.cast.all()
    assert imported.stopped == ("s001é", "s004é")
    assert empty.shots.get("s001é").state == "cancelled"
    assert sum(imported.skipped.values()) == 0


def test_an_export_of_an_import_is_the_same(file: Path, opened: Opened, tmp_path):
    empty = opened("empty")
    bring_in(empty, file)
    export(empty, tmp_path / "again.zip")
    bring_in(other := opened("other"), tmp_path / "again.zip")
    assert by_handle(other) == by_handle(empty)
    with ZipFile(file) as first, ZipFile(tmp_path / "again.zip") as second:
        assert first.namelist() == second.namelist()
        changed = {name for name in first.namelist() if first.read(name) != second.read(name)}
    assert changed == {"manifest.json", "shots.jsonl"}  # when it was made, and that nothing is running


def test_from_sqlite_into_postgres_and_a_bucket(full: Library, file: Path, tmp_path: Path, postgres: str, bucket: str):
    library = open_library(Settings(home=tmp_path / "x", database_url=postgres, assets_url=bucket))
    try:
        bring_in(library, file)
        assert by_handle(library) == {name: sorted(rows) for name, rows in as_imported(by_handle(full)).items()}
        assert assets_of(library) == assets_of(full)
        assert sum(bring_in(library, file).added.values()) == 0
    finally:
        library.close()


def test_what_is_here_is_skipped(full: Library, file: Path):
    before = everything(full)
    imported = bring_in(full, file)
    assert sum(imported.added.values()) == imported.assets_added == 0
    assert imported.skipped["takes"] == 18
    assert everything(full) == before


def test_new_versions_and_shots_are_added_to_a_character_that_is_here(
    full: Library, file: Path, opened: Opened, tmp_path
):
    other = opened("other")
    bring_in(other, file)
    newer = replace(full.cast.get("jo").current, number=2, description="älter")
    full.cast.add_version("jo", newer)
    full.shots.add(replace(full.shots.get("s000é"), id="sn", takes=(), picked=None, why=""))
    export(full, tmp_path / "newer.zip")
    imported = bring_in(other, tmp_path / "newer.zip")
    assert imported.added["versions"] == imported.added["shots"] == 1
    assert other.cast.get("jo") == full.cast.get("jo")
    assert sum(bring_in(full, file).added.values()) == 0  # and an older file takes nothing back


def test_every_column_travels_or_is_said_not_to(file: Path):
    assert set(MEMBERS) | STAYS | {"take_looks", "take_files"} == set(t.metadata.tables)
    with ZipFile(file) as archive:
        for name, member in MEMBERS.items():
            columns = {column.name for column in t.metadata.tables[name].columns}
            names = {"character" if c == "character_id" else c for c in columns} - (
                {"id"} if name == "characters" else set()
            )
            assert set(json.loads(archive.read(member).splitlines()[0])) == names


def test_every_column_is_described():
    page = (Path(__file__).resolve().parents[2] / "docs" / "moving.md").read_text()
    for name, member in MEMBERS.items():
        (line,) = [line for line in page.splitlines() if line.startswith(f"| `{member}` |")]
        for column in t.metadata.tables[name].columns:
            if (name, column.name) != ("characters", "id"):
                assert f"`{'character' if column.name == 'character_id' else column.name}`" in line


def test_the_file_is_as_the_manifest_says(file: Path):
    with ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["samecast_library"] == 3
        assert manifest["counts"]["takes"] == 18
        for member in manifest["members"]:
            content = archive.read(member["name"])
            assert hashlib.sha256(content).hexdigest() == member["sha256"]
            assert len(content) == member["bytes"]
        for info in archive.infolist():
            if info.filename.startswith("assets/"):
                assert hashlib.sha256(archive.read(info)).hexdigest() == info.filename[10:]
                assert info.compress_type == ZIP_STORED


# --- parts of it ------------------------------------------------------------------------------------------------


def test_one_character_takes_her_shots_along(full: Library, opened: Opened, tmp_path: Path):
    exported = export(full, tmp_path / "jo.zip", characters=("jo",))
    assert (exported.counts["characters"], exported.counts["shots"], exported.counts["takes"]) == (1, 2, 6)
    bring_in(only := opened("only"), tmp_path / "jo.zip")
    assert [character.handle for character in only.cast.all()] == ["jo"]
    assert {shot.id for shot in only.shots.recent()} == {"s001é", "s004é"}
    assert len(assets_of(only)) == exported.assets == 3


def test_since_leaves_earlier_shots_out_and_nobody_of_the_cast(full: Library, tmp_path: Path):
    exported = export(full, tmp_path / "late.zip", since=NOW + timedelta(hours=4))
    assert (exported.counts["characters"], exported.counts["shots"]) == (3, 2)


def test_somebody_unknown_is_told_and_no_file_is_left(full: Library, tmp_path: Path):
    with pytest.raises(NotFound, match="no @nobody"):
        export(full, tmp_path / "x.zip", characters=("nobody",))
    assert not [path for path in tmp_path.iterdir() if "zip" in path.name]


def test_a_file_that_is_there_is_left_alone(full: Library, file: Path):
    before = file.read_bytes()
    with pytest.raises(InvalidInput, match="is there already"):
        export(full, file)
    assert file.read_bytes() == before


def test_a_missing_asset_is_named_and_the_rest_travels(full: Library, opened: Opened, tmp_path: Path):
    names = sorted(assets_of(full))
    gone = full.assets.path(names[4])
    assert gone is not None
    gone.unlink()
    exported = export(full, tmp_path / "part.zip")
    assert exported.missing == (names[4],)
    imported = bring_in(other := opened("other"), tmp_path / "part.zip")
    assert imported.missing == (names[4],)
    assert sorted(assets_of(other)) == [*names[:4], *names[5:]]


def test_what_a_take_is_made_from_travels_where_the_take_does_and_loras_where_their_character_does(
    full: Library, opened: Opened, tmp_path: Path
):
    first = full.shots.get("s000é").takes[0].recipe
    weights = {lora.sha256 for _, lora in full.loras.all_of("mira")}
    assert len(weights) == 2
    assert len(set(first.borrowed) - weights) == 3
    parts: dict[str, dict[str, Any]] = {"mira": {"characters": ("mira",)}, "late": {"since": NOW + timedelta(hours=1)}}
    for name, chosen in parts.items():
        export(full, tmp_path / f"{name}.zip", **chosen)
        bring_in(other := opened(name), tmp_path / f"{name}.zip")
        assert other.loras.all_of("mira") == full.loras.all_of("mira")
        assert weights <= set(assets_of(other))
        with_the_take = set(first.borrowed) - weights if name == "mira" else set()
        assert set(assets_of(other)) & (set(first.borrowed) - weights) == with_the_take
        swept = other.upkeep()
        assets = [asset for shard in swept.shards() for page in swept.stored(shard) for asset in page]
        assert swept.sweep(assets, timedelta(0), unrecorded=True) == [], "all that came is needed"


def test_a_lost_lora_or_picture_is_named_and_the_rest_travels(full: Library, opened: Opened, tmp_path: Path):
    first = full.shots.get("s000é").takes[0].recipe
    lost = sorted((first.edited, full.loras.all_of("mira")[0][1].sha256))
    full.assets.remove(lost)
    assert list(export(full, tmp_path / "part.zip").missing) == lost
    other = opened("other")
    assert list(bring_in(other, tmp_path / "part.zip").missing) == lost
    assert other.shots.get("s000é").takes[0].recipe == first
    assert other.loras.all_of("mira") == full.loras.all_of("mira")


def test_a_character_that_is_here_keeps_its_own_loras(full: Library, file: Path, opened: Opened):
    other = opened("other")
    bring_in(other, file)
    kept = other.loras.all_of("mira")
    other.loras.remove("mira", "storyboard")
    assert bring_in(other, file).skipped["character_loras"] == 3
    assert other.loras.all_of("mira") == [one for one in kept if one[0] != "storyboard"]


@pytest.mark.parametrize("number", [1, 2])
def test_an_archive_of_an_older_format_is_read(file: Path, full: Library, opened: Opened, tmp_path: Path, number: int):
    """As an older samecast wrote it: without the members and columns that came later."""
    forge = Forge(file)
    later = {1: ["loras.jsonl", "take_tags.jsonl"], 2: ["take_tags.jsonl"]}[number]
    for member, column in (("characters", "archived_at"), ("takes", "trashed_at"), ("picks", "by_hand")):
        lines = forge.lines(f"{member}.jsonl")
        assert all(column in line for line in lines)
        forge.put(f"{member}.jsonl", [{name: line[name] for name in line if name != column} for line in lines])
    for member in later:
        del forge.members[member]
    manifest = json.loads(forge.members["manifest.json"])
    listed = [entry for entry in manifest["members"] if entry["name"] not in later]
    forge.say(samecast_library=number, members=listed)
    imported = bring_in(other := opened("other"), forge.write(tmp_path / "older.zip"))
    assert imported.added["takes"] == 18
    assert bool(other.loras.all_of("mira")) == (number > 1)
    assert other.shots.get("s000é") == full.shots.get("s000é")
    assert other.cast.all() == full.cast.all()
    assert [use for use in other.creations.tags() if use.takes] == []


def test_what_people_sorted_travels(full: Library, opened: Opened, tmp_path: Path):
    sort(full)
    export(full, tmp_path / "sorted.zip")
    imported = bring_in(other := opened("other"), tmp_path / "sorted.zip")
    assert imported.added["take_tags"] == 4
    assert by_handle(other) == {name: sorted(rows) for name, rows in as_imported(by_handle(full)).items()}
    assert other.cast.all(archived=True) == full.cast.all(archived=True) != []
    assert other.creations.trashed(limit=9) == full.creations.trashed(limit=9)
    assert len(other.creations.trashed(limit=9).trashed) == 2
    assert other.creations.tags() == full.creations.tags()
    assert other.shots.get("s003é").by_hand
    assert other.shots.get("s000é").picked == "s000é-1"
    export(full, tmp_path / "mira.zip", characters=("mira",))
    bring_in(part := opened("part"), tmp_path / "mira.zip")
    assert {use.tag: use.takes for use in part.creations.tags() if use.takes} == {"final cut": 1, "夜 🌧": 1}
    assert bring_in(other, tmp_path / "mira.zip").skipped["take_tags"] == 4


# --- somebody else under the same handle ------------------------------------------------------------------------


@pytest.fixture
def other_jo(opened: Opened, full: Library) -> Library:
    library = opened("other_jo")
    jo = full.cast.get("jo")
    version = replace(jo.current, description="somebody else altogether")
    library.cast.add(replace(jo, name="Another Jo", versions=(version,)))
    return library


def test_another_character_under_the_handle_keeps_everything_out(other_jo: Library, file: Path):
    refused(HandleTaken, "^@jo is another character here; nothing was imported", other_jo, file)
    assert assets_of(other_jo) == {}


def test_renamed_they_live_side_by_side(full: Library, other_jo: Library, file: Path):
    here = other_jo.cast.get("jo")
    bring_in(other_jo, file, jo="jo_2")
    assert other_jo.cast.get("jo") == here
    assert replace(other_jo.cast.get("jo_2"), handle="jo") == full.cast.get("jo")
    with other_jo.database.read() as connection:
        shown = set(connection.execute(t.take_members.select().where(t.take_members.c.handle == "jo_2")).all())
        assert {row.character_id for row in shown} == {
            connection.execute(t.characters.select().where(t.characters.c.handle == "jo_2")).one().id
        }
        assert len(shown) == 6
    assert sum(bring_in(other_jo, file, jo="jo_2").added.values()) == 0


def test_a_handle_that_takes_from_elsewhere_reserve_is_somebody_elses(full: Library, file: Path, opened: Opened):
    library = opened("stranger")
    shot = full.shots.get("s001é")  # its takes pin @jo as she is in the file
    take = shot.takes[0]
    member = replace(take.recipe.members[0], digest="f" * 64)
    strange = replace(take, recipe=replace(take.recipe, members=(member,)), asset=None, state="waiting")
    library.shots.add(replace(shot, id="mine", takes=(replace(strange, id="mine-1", shot_id="mine"),), picked=None))
    refused(HandleTaken, "@jo is another", library, file)


def test_renaming_nobody_or_two_to_one_is_told(file: Path, opened: Opened):
    library = opened("empty")
    refused(InvalidInput, "no @bob in the archive", library, file, bob="bobby")
    refused(InvalidInput, "the same handle", library, file, jo="mira")


def test_another_shot_under_the_id_keeps_everything_out(full: Library, file: Path, opened: Opened):
    library = opened("shots")
    library.shots.add(replace(full.shots.get("s000é"), prompt="another", takes=(), picked=None, why=""))
    refused(StorageFailed, "'s000é' is another one here", library, file)


# --- files that are not what they should be ---------------------------------------------------------------------


class Forge:
    """The members of a good archive, to be changed and written again."""

    def __init__(self, path: Path) -> None:
        with ZipFile(path) as archive:
            self.members = {info.filename: archive.read(info) for info in archive.infolist()}
        self.entries: list[tuple[ZipInfo, bytes]] = []

    def lines(self, member: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.members[member].splitlines()]

    def put(self, member: str, lines: list[Any]) -> None:
        """Change a member, and have the manifest agree with it."""
        self.members[member] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        manifest = json.loads(self.members["manifest.json"])
        for listed in manifest["members"]:
            content = self.members[listed["name"]]
            listed |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        self.members["manifest.json"] = json.dumps(manifest).encode()

    def say(self, **values: Any) -> None:
        """Change the manifest itself."""
        self.members["manifest.json"] = json.dumps({**json.loads(self.members["manifest.json"]), **values}).encode()

    def change(self, member: str, **values: Any) -> None:
        first, *others = self.lines(member)
        self.put(member, [{**first, **values}, *others])

    def add(self, name: str, content: bytes = b"x", *, packed: int = ZIP_STORED, mode: int = 0o100644) -> None:
        info = ZipInfo("x")
        info.filename = name  # as given: ZipInfo would tidy it up
        info.compress_type = packed
        info.external_attr = mode << 16
        self.entries.append((info, content))

    def write(self, path: Path) -> Path:
        with ZipFile(path, "w") as archive:
            for name, content in self.members.items():
                packed = ZIP_STORED if name.startswith("assets/") else ZIP_DEFLATED
                archive.writestr(name, content, compress_type=packed)
            for info, content in self.entries:
                archive.writestr(info, content)
        return path


def first_asset(forge: Forge) -> str:
    return next(name for name in forge.members if name.startswith("assets/"))


def recipe_with(forge: Forge, **values: Any) -> dict[str, Any]:
    """A first take whose recipe says something else, with the digest that belongs to it."""
    changed = {**json.loads(forge.lines("takes.jsonl")[0]["recipe"]), **values}
    text = json.dumps(changed, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return {"recipe": text, "recipe_digest": hashlib.sha256(text.encode()).hexdigest()}


BAD = {
    "a path upwards": (lambda f: f.add("../../evil"), "no place in it"),
    "a path upwards in an asset's": (lambda f: f.add("assets/../../evil"), "no place in it"),
    "an absolute path": (lambda f: f.add("/etc/passwd"), "no place in it"),
    "a path of Windows": (lambda f: f.add("C:\\evil.exe"), "no place in it"),
    "a folder": (lambda f: f.add("assets/", b""), "no place in it"),
    "a file of its own": (lambda f: f.add("readme.txt"), "no place in it"),
    "an asset in the wrong folder": (lambda f: f.add("assets/00/" + "ab" * 32), "no place in it"),
    "a symbolic link": (lambda f: f.add("assets/ab/" + "ab" * 32, b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "plain"),
    "a device": (lambda f: f.add("assets/ab/" + "ab" * 32, mode=stat.S_IFCHR | 0o666), "plain"),
    "an asset nobody lists": (lambda f: f.add("assets/ab/" + "ab" * 32), "does not list"),
    "an asset that is another": (lambda f: f.members.update({first_asset(f): b"y" * 1288}), "not what its name says"),
    "an asset of another size": (lambda f: f.members.update({first_asset(f): b"y"}), "not there as it is listed"),
    "an asset that is not there": (lambda f: f.members.pop(first_asset(f)), "not there as it is listed"),
    "a packed asset": (lambda f: f.add("assets/ab/" + "ab" * 32, b"x" * 99, packed=ZIP_DEFLATED), "packed in a way"),
    "an odd packing": (
        lambda f: (f.members.pop("picks.jsonl"), f.add("picks.jsonl", b"x", packed=ZIP_BZIP2)),
        "packed",
    ),
    "a bomb": (lambda f: f.put("picks.jsonl", [{"x": "0" * (8 << 20)}]), "times its size"),
    "rows other than listed": (lambda f: f.members.update({"takes.jsonl": b"{}\n"}), "not there as it is listed"),
    "rows of the same size": (
        lambda f: f.members.update({"papers.jsonl": b" " * len(f.members["papers.jsonl"])}),
        "cut off",
    ),
    "rows edited by hand": (
        lambda f: f.members.update({"picks.jsonl": f.members["picks.jsonl"].replace(b"die beste", b"die BESTE")}),
        "picks.jsonl is not what the manifest says",
    ),
    "no manifest": (lambda f: f.members.pop("manifest.json"), "has no manifest"),
    "a manifest that is no JSON": (lambda f: f.members.update({"manifest.json": b"{"}), "not JSON"),
    "a manifest too deep": (lambda f: f.members.update({"manifest.json": b"[" * 100_000}), "not JSON"),
    "a manifest too large": (
        lambda f: f.members.update({"manifest.json": b" " * (2 << 20)}),
        "times its size|too large",
    ),
    "a manifest of something else": (
        lambda f: f.members.update({"manifest.json": b'{"a": 1}'}),
        "not one of a library",
    ),
    "a newer format": (lambda f: f.members.update({"manifest.json": b'{"samecast_library": 4}'}), "to 3.*Update"),
    "a format before the first": (lambda f: f.say(samecast_library=0), "not one of a library"),
    "an older format with newer members": (lambda f: f.say(samecast_library=2), "does not list each member once"),
    "a missing table": (lambda f: f.members.pop("picks.jsonl"), "not there as it is listed"),
    "a line that is no object": (
        lambda f: f.put("picks.jsonl", [[1]]),
        "line 1 of picks.jsonl: a line is not an object",
    ),
    "a column from the future": (lambda f: f.change("shots.jsonl", mood="blue"), "'mood', which this samecast"),
    "a column that is missing": (lambda f: f.put("picks.jsonl", [{"shot_id": "s000é"}]), "lacks 'why'"),
    "a bad handle": (lambda f: f.change("characters.jsonl", handle="../etc"), "characters cannot be read|handle"),
    "a number as text": (lambda f: f.change("takes.jsonl", number="1"), "number is not a whole number"),
    "a number beyond all": (lambda f: f.change("takes.jsonl", cost=2**70), "cost is not a whole number"),
    "not a number": (lambda f: f.change("takes.jsonl", seconds=float("nan")), "seconds is not a number"),
    "a moment without zone": (lambda f: f.change("shots.jsonl", created_at="2025-01-01T00:00:00"), "no time zone"),
    "text with a null": (lambda f: f.change("shots.jsonl", prompt="a\0b"), "prompt is not text"),
    "half a character": (lambda f: f.change("shots.jsonl", prompt="\ud800"), "line 1 of shots.jsonl"),
    "an edited recipe": (lambda f: f.change("takes.jsonl", recipe="{}"), "takes cannot be read"),
    "a recipe to exhaust memory": (lambda f: f.change("takes.jsonl", **recipe_with(f, width=10**9)), "takes cannot be"),
    "a recipe under another digest": (lambda f: f.change("takes.jsonl", recipe_digest="0" * 64), "than its digest"),
    "notes that are none": (lambda f: f.change("takes.jsonl", notes='{"a": 1}'), "notes are no list"),
    "a score that is none": (lambda f: f.change("takes.jsonl", score="[]"), "takes cannot be read"),
    "a state there is not": (lambda f: f.change("takes.jsonl", state="stolen"), "contradicts"),
    "a version under another digest": (lambda f: f.change("versions.jsonl", description="x"), "not what its digest"),
    "a version of nobody": (lambda f: f.change("versions.jsonl", character="bob"), "who is not in it"),
    "a take of a shot not in it": (lambda f: f.change("takes.jsonl", shot_id="elsewhere"), "belongs to no shot"),
    "a take of an asset not in it": (lambda f: f.change("takes.jsonl", asset="0" * 64), "neither in it nor listed"),
    "a pick of another shot's take": (lambda f: f.change("picks.jsonl", take_id="s001é-1"), "contradicts"),
    "a tag of nobody": (lambda f: f.change("tags.jsonl", character="bob"), "somebody who is not in it"),
    "a tag of no take": (lambda f: f.change("take_tags.jsonl", take_id="none"), "shot or take that is not in it"),
    "a tag as none is kept": (lambda f: f.change("take_tags.jsonl", tag="Two\nlines"), "not as tags are kept"),
    "a tag that is too long": (lambda f: f.change("take_tags.jsonl", tag="x" * 61), "take_tags cannot be read"),
    "a pick in the trash": (lambda f: f.change("takes.jsonl", trashed_at="2025-01-01T00:00:00+00:00"), "in the trash"),
    "trash that was never made": (
        lambda f: f.put("takes.jsonl", [{**f.lines("takes.jsonl")[4], "trashed_at": "2025-01-01T00:00:00+00:00"}]),
        "never made",
    ),
    "papers of nobody": (lambda f: f.change("papers.jsonl", character="bob"), "somebody who is not in it"),
    "a LoRA of nobody": (lambda f: f.change("loras.jsonl", character="bob"), "somebody who is not in it"),
    "a LoRA that is not in it": (lambda f: f.change("loras.jsonl", sha256="0" * 64), "neither in it nor listed"),
    "a LoRA that no recipe can hold": (lambda f: f.change("loras.jsonl", scale=11), "character_loras cannot be read"),
    "a take from a picture not in it": (
        lambda f: f.change("takes.jsonl", **recipe_with(f, edited="0" * 64)),
        "neither in it nor listed",
    ),
    "a member of no take": (lambda f: f.change("members.jsonl", take_id="none"), "shot or take that is not in it"),
    "a member under no handle": (lambda f: f.change("members.jsonl", handle="\x1b[31m"), "members cannot be read"),
    "a pick of no shot": (lambda f: f.change("picks.jsonl", shot_id="none"), "shot or take that is not in it"),
    "a place before the first": (lambda f: f.change("references.jsonl", position=-1), "not a whole number"),
    "a shot twice": (lambda f: f.put("shots.jsonl", f.lines("shots.jsonl")[:1] * 2), "twice"),
    "assets out of order": (lambda f: f.put("assets.jsonl", f.lines("assets.jsonl")[::-1]), "out of order"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_forged_archive_is_refused_and_nothing_is_kept(good: Path, bare: Library, tmp_path: Path, what: str):
    forging, match = BAD[what]
    forge = Forge(good)
    forging(forge)
    refused((BadMedia, StorageFailed), match, bare, forge.write(tmp_path / "forged.zip"))  # type: ignore[arg-type]
    assert not (tmp_path / "evil").exists()


def test_a_forge_that_changes_nothing_is_accepted(file: Path, opened: Opened, tmp_path: Path):
    """Else the tests above could pass for another reason."""
    forge = Forge(file)
    forge.change("shots.jsonl")
    assert bring_in(opened("empty"), forge.write(tmp_path / "same.zip")).added["takes"] == 18


def end_of(content: bytes, offset: int, value: bytes) -> bytes:
    at = len(content) - 22 + offset
    return content[:at] + value + content[at + len(value) :]


def first_entry(content: bytes, offset: int, value: bytes) -> bytes:
    at = content.index(b"PK\x01\x02") + offset
    return content[:at] + value + content[at + len(value) :]


def twice(content: bytes) -> bytes:
    """A second member of the same name."""
    buffer = io.BytesIO(content)
    with pytest.warns(UserWarning, match="Duplicate"), ZipFile(buffer, "a") as archive:
        archive.writestr("picks.jsonl", b"")
    return buffer.getvalue()


def overlapping(content: bytes) -> bytes:
    """The second entry of the directory points at the first one's bytes."""
    start = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", start + 4)
    return content[: second + 42] + content[start + 42 : start + 46] + content[second + 46 :]


def too_large(content: bytes) -> bytes:
    """An asset said to be of 3 GiB, packed and unpacked."""
    at = content.index(b"assets/", content.index(b"PK\x01\x02")) - 46
    return content[: at + 20] + struct.pack("<LL", 3 << 30, 3 << 30) + content[at + 28 :]


BYTES = {
    "no zip": (lambda c: b"hello" * 100, "is not an archive"),
    "nothing": (lambda c: b"", "is not an archive"),
    "cut off": (lambda c: c[: len(c) // 2], "is not an archive"),
    "no directory": (lambda c: c[-22:], "is not an archive"),
    "a comment": (lambda c: end_of(c, 20, b"\x05\0") + b"hello", "is not an archive"),
    "a directory of gigabytes": (lambda c: end_of(c, 12, struct.pack("<L", 0xFFFFFFF0)), "a directory of"),
    "a directory elsewhere": (
        lambda c: end_of(c, 16, struct.pack("<L", 0x7FFFFFFF)),
        "is not an archive|cannot be used",
    ),
    "encrypted": (lambda c: first_entry(c, 8, b"\x01"), "is encrypted"),
    "strongly encrypted": (lambda c: first_entry(c, 8, b"\x40"), "is encrypted|is not an archive"),
    "an odd version": (lambda c: first_entry(c, 6, b"\xff\0"), "is not an archive|damaged"),
    "a wrong checksum": (lambda c: first_entry(c, 16, b"\0\0\0\0"), "is damaged"),
    "unpacks to more than it says": (lambda c: first_entry(c, 24, struct.pack("<L", 10)), "as it is listed"),
    "two of one name": (twice, "two members of the same name"),
    "overlapping": (overlapping, "overlap"),
    "an asset beyond all": (too_large, "larger than any|overlap"),
}


@pytest.mark.parametrize("what", BYTES)
def test_a_damaged_file_is_refused_and_nothing_is_kept(good: Path, bare: Library, tmp_path: Path, what: str):
    damage, match = BYTES[what]
    path = tmp_path / "damaged.zip"
    path.write_bytes(damage(good.read_bytes()))
    refused(BadMedia, match, bare, path)


def test_any_flipped_byte_is_noticed_or_harmless(good: Path, opened: Opened, tmp_path: Path):
    """Whatever is flipped, there is one clear line, or everything that counts has arrived."""
    content, path = good.read_bytes(), tmp_path / "flipped.zip"
    expected: dict[str, list[str]] | None = None
    library = opened("flipped")
    for at in range(11, len(content), len(content) // 40):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        try:
            bring_in(library, path)
        except (BadMedia, StorageFailed) as error:
            assert "\n" not in str(error)  # noqa: PT017 - what else may happen is below
            assert all(not rows for rows in everything(library).values())
        else:
            expected = expected or by_handle(library)
            assert by_handle(library) == expected
            library = opened(f"flipped{at}")


def test_a_file_that_is_not_there_is_told(bare: Library, tmp_path: Path):
    refused(BadMedia, "There is no file", bare, tmp_path / "none.zip")
    refused(BadMedia, "There is no file", bare, tmp_path)


def test_a_refused_import_leaves_assets_that_nobody_refers_to_and_that_are_claimed(
    file: Path, opened: Opened, tmp_path
):
    forge = Forge(file)
    forge.change("picks.jsonl", take_id="s001é-1")  # only the database notices
    library = opened("empty")
    refused(StorageFailed, "contradicts", library, forge.write(tmp_path / "forged.zip"))
    with library.database.read() as connection:
        claims = set(connection.execute(t.asset_claims.select().with_only_columns(t.asset_claims.c.sha256)).scalars())
    assert claims == set(assets_of(library))


def test_our_own_archives_are_never_taken_for_bombs(opened: Opened, tmp_path: Path):
    """Takes that differ in little but their seeds pack very well."""
    library = opened("many")
    fill(library, shots=3, takes=3)
    shot = library.shots.get("s000é")
    for number in range(4):
        takes = tuple(
            replace(shot.takes[0], id=f"m{number}-{n}", shot_id=f"m{number}", number=n) for n in range(1, 501)
        )
        library.shots.add(replace(shot, id=f"m{number}", takes=takes, picked=None, why=""))
    export(library, tmp_path / "many.zip")
    with ZipFile(tmp_path / "many.zip") as archive:
        info = archive.getinfo("takes.jsonl")
    assert info.file_size > 1 << 20
    assert bring_in(opened("target"), tmp_path / "many.zip").added["takes"] == 2009
    assert zipfile.is_zipfile(tmp_path / "many.zip")
