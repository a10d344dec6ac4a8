"""Characters travel between libraries: nothing lost, nothing doubled, and nothing let in that should not be."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image
from sqlalchemy import func, select
from tests.servers import bucket, postgres  # noqa: F401
from tests.travellers import (
    NOW,
    PAPERS,
    PICTURES,
    Raw,
    characters,
    entries,
    manifest,
    mira,
    packed,
    papers,
    picture,
    raw_archive,
    raws,
    sha256,
    travelled,
)

from samecast.core.cast import Character, Reference, Version
from samecast.core.errors import BadMedia, HandleTaken, InvalidInput, NotFound, SamecastError, StorageFailed
from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.core.story import Shot, Take
from samecast.core.travelling import Papers, clean_paper, manifest_from_json
from samecast.library import Library, open_library, schema
from samecast.library.papers import CharacterPapers
from samecast.media import LocalMedia
from samecast.media.archives import ZipArchives
from samecast.services.studio import Studio
from samecast.services.travelling import Travelling
from samecast.settings import Settings


@dataclass(frozen=True)
class Place:
    """A library, and characters leaving and entering it."""

    library: Library
    travelling: Travelling
    assets: Path

    def have(self, character: Character, said: Papers = PAPERS) -> None:
        for version in character.versions:
            for reference in version.references:
                self.library.assets.put(PICTURES[reference.sha256])
        CharacterPapers(database=self.library.database).welcome(character, said)

    def rows(self) -> int:
        with self.library.database.read() as connection:
            tables = (schema.characters, schema.versions, schema.reference_images, schema.character_papers)
            return sum(connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables)

    def files(self) -> list[Path]:
        return [path for path in self.assets.rglob("*") if path.is_file()]


Open = Callable[[str], Place]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Open]:
    """Open a library by name; the same name is the same library."""
    opened: dict[str, Place] = {}

    def place(name: str, **where: str) -> Place:
        if name not in opened:
            home = Settings(home=tmp_path / name, **where)  # type: ignore[arg-type]
            library = open_library(home)
            travelling = Travelling(
                cast=library.cast,
                papers=CharacterPapers(database=library.database),
                assets=library.assets,
                media=LocalMedia(),
                archives=ZipArchives(),
            )
            opened[name] = Place(library, travelling, home.assets_folder)
        return opened[name]

    yield place
    for entry in opened.values():
        entry.library.close()


@pytest.fixture
def here(at: Open) -> Place:
    return at("here")


@pytest.fixture
def there(at: Open) -> Place:
    return at("there")


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "given.samecast"
        path.write_bytes(content)
        return path

    return write


Keep = Callable[[bytes], Path]

# --- out and in -----------------------------------------------------------------------------------------------------


def test_nothing_is_lost_and_the_file_is_the_same_again(here: Place, there: Place, tmp_path: Path):
    here.have(mira())
    exported = here.travelling.export("@Mira", tmp_path / "mira.samecast")
    brought = there.travelling.bring(tmp_path / "mira.samecast")
    assert brought.new
    assert brought.added == (1, 2, 3)
    assert there.library.cast.get("mira") == mira()
    assert there.travelling.papers("mira") == PAPERS
    for version in mira().versions:
        for reference in version.references:
            assert there.library.assets.get(reference.sha256) == PICTURES[reference.sha256]
    there.travelling.export("mira", tmp_path / "again.samecast")
    first, again = ((tmp_path / name).read_bytes() for name in ("mira.samecast", "again.samecast"))
    assert first == again
    assert (exported.sha256, exported.size) == (sha256(first), len(first))


def test_between_sqlite_and_postgresql_and_a_bucket(
    here: Place,
    at: Callable[..., Place],
    tmp_path: Path,
    postgres: str,  # noqa: F811
    bucket: str,  # noqa: F811
):
    here.have(mira())
    here.travelling.export("mira", tmp_path / "1")
    far = at("far", database_url=postgres, assets_url=bucket)
    assert far.travelling.bring(tmp_path / "1").new
    far.travelling.export("mira", tmp_path / "2")
    back = at("back")
    back.travelling.bring(tmp_path / "2")
    back.travelling.export("mira", tmp_path / "3")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes() == (tmp_path / "3").read_bytes()
    (tmp_path / "other").write_bytes(packed(entries(travelled(other()))))
    with pytest.raises(HandleTaken):
        far.travelling.bring(tmp_path / "other")
    assert far.library.cast.all() == [mira()]
    assert far.travelling.bring(tmp_path / "1").added == ()


def test_who_was_cast_here_keeps_the_grade_and_every_version(studio: Studio, astronaut: Path, there: Place):
    from samecast.services.casting import Change

    studio.casting.add([astronaut], name="Eileen", anchors=["mission patch [0.1,0.2,0.1,0.1]"], tags=["Crew"])
    for change in (Change(description="a pilot"), Change(images=(astronaut,), replace_images=True, anchors=())):
        studio.casting.edit("eileen", change)
    casting: Any = studio.casting
    out = Travelling(
        cast=casting._cast, papers=there.travelling._papers, assets=casting._assets, media=LocalMedia(),
        archives=ZipArchives(),
    )  # fmt: skip
    out.export("eileen", astronaut_file := there.assets.parent / "eileen.samecast")
    brought = there.travelling.bring(astronaut_file)
    assert brought.character == studio.casting.get("eileen")
    assert brought.grade is not None
    assert brought.grade.rule("pose") is not None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(character=characters(), said=papers())
def test_anybody_travels_in_any_script(
    here: Place, there: Place, tmp_path: Path, character: Character, said: tuple[str, str]
):
    for place in (here, there):
        for somebody in place.library.cast.all():
            place.library.cast.remove(somebody.handle)
    here.have(character, Papers(consent=clean_paper(said[0]), licence=clean_paper(said[1])))
    here.travelling.export("mira", tmp_path / "1", overwrite=True)
    brought = there.travelling.bring(tmp_path / "1")
    assert brought.character == here.library.cast.get("mira")
    assert brought.papers == here.travelling.papers("mira")
    there.travelling.export("mira", tmp_path / "2", overwrite=True)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_looking_keeps_nothing(here: Place, there: Place, tmp_path: Path):
    here.have(mira())
    here.travelling.export("mira", tmp_path / "m")
    assert there.travelling.read(tmp_path / "m").character == mira()
    assert there.rows() == 0
    assert there.files() == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_file_made_by_other_tools(there: Place, keep: Keep, method: int):
    assert there.travelling.bring(keep(packed(entries(), method))).character == mira()


@pytest.mark.parametrize(("format", "suffix"), [("JPEG", "jpg"), ("WEBP", "webp")])
def test_references_in_other_formats_travel_as_they_are(
    there: Place, at: Open, keep: Keep, tmp_path: Path, format: str, suffix: str
):
    content = picture(1, format)
    there.library.assets.put(content)
    reference = Reference(sha256=sha256(content), width=24, height=20)
    version = Version(number=1, references=(reference,), created_at=NOW)
    there.library.cast.add(Character(handle="tom", name="Tom", versions=(version,), created_at=NOW))
    there.travelling.export("tom", tmp_path / "tom")
    with zipfile.ZipFile(tmp_path / "tom") as archive:
        assert archive.read(f"references/{reference.sha256}.{suffix}") == content
    assert at("third").travelling.bring(tmp_path / "tom").character.current == version


# --- consent and licence --------------------------------------------------------------------------------------------


def test_consent_and_licence_stay_with_the_character(here: Place, there: Place, tmp_path: Path):
    here.have(mira(), Papers())
    here.travelling.export("mira", tmp_path / "1", consent=" Mira,\n by mail ", licence="CC BY 4.0")
    assert here.travelling.papers("@mira") == Papers(consent="Mira,\nby mail", licence="CC BY 4.0")
    here.travelling.export("mira", tmp_path / "2", licence="")
    assert here.travelling.papers("mira") == Papers(consent="Mira,\nby mail")
    there.travelling.bring(tmp_path / "1")
    assert there.travelling.papers("mira") == Papers(consent="Mira,\nby mail", licence="CC BY 4.0")
    brought = there.travelling.bring(tmp_path / "2")
    assert brought.papers.licence == "CC BY 4.0"
    assert brought.notes == ("The licence that is kept here stays; the file has none.",)


def test_what_was_agreed_here_is_not_replaced_by_a_strangers_file(here: Place, there: Place, tmp_path: Path):
    there.have(mira(1), Papers(consent="For one film only."))
    here.have(mira(), Papers(consent="For anything.", licence="CC0"))
    here.travelling.export("mira", tmp_path / "m")
    brought = there.travelling.bring(tmp_path / "m")
    assert brought.added == (2, 3)
    assert there.travelling.papers("mira") == Papers(consent="For one film only.", licence="CC0")
    assert "For anything." in " ".join(brought.notes)


# --- who is here already --------------------------------------------------------------------------------------------


def test_versions_that_are_missing_are_added_and_nothing_twice(here: Place, there: Place, tmp_path: Path):
    there.have(mira(1))
    there.library.cast.update("mira", name="Our Mira", tags=("ours",))
    here.have(mira())
    here.travelling.export("mira", tmp_path / "m")
    brought = there.travelling.bring(tmp_path / "m")
    assert (brought.new, brought.added) == (False, (2, 3))
    assert "name and tags" in brought.notes[0]
    assert there.library.cast.get("mira") == replace(mira(), name="Our Mira", tags=("ours",))
    before = there.rows()
    again = there.travelling.bring(tmp_path / "m")
    assert (again.new, again.added) == (False, ())
    assert there.rows() == before


def test_an_older_file_takes_nothing_away(here: Place, there: Place, tmp_path: Path):
    here.have(mira(1))
    there.have(mira())
    here.travelling.export("mira", tmp_path / "m")
    assert there.travelling.bring(tmp_path / "m").added == ()
    assert there.library.cast.get("mira") == mira()


def test_a_lost_reference_is_brought_back(here: Place, there: Place, tmp_path: Path):
    here.have(mira())
    here.travelling.export("mira", tmp_path / "m")
    there.travelling.bring(tmp_path / "m")
    lost = mira().current.references[0].sha256
    next(path for path in there.files() if path.name == lost).unlink()
    with pytest.raises(NotFound):
        there.travelling.export("mira", tmp_path / "broken")
    assert not (tmp_path / "broken").exists()
    there.travelling.bring(tmp_path / "m")
    assert there.library.assets.get(lost) == PICTURES[lost]


def other() -> Character:
    """Somebody else from the first version on."""
    return replace(mira(1), name="Another", versions=(replace(mira().versions[1], number=1),))


def test_a_handle_of_somebody_else_asks_for_another(here: Place, there: Place, tmp_path: Path):
    here.have(mira())
    there.have(other())
    here.travelling.export("mira", tmp_path / "m")
    with pytest.raises(HandleTaken, match="taken by Another") as caught:
        there.travelling.bring(tmp_path / "m")
    assert "--as mira_2" in caught.value.hint
    assert there.library.cast.all() == [other()]
    brought = there.travelling.bring(tmp_path / "m", "@Mira_2")
    assert brought.character == replace(mira(), handle="mira_2")
    assert there.travelling.bring(tmp_path / "m", "mira_2").added == ()
    assert len(there.library.cast.all()) == 2


def test_two_histories_that_went_apart_are_not_mixed(here: Place, there: Place, tmp_path: Path):
    here.have(mira())
    apart = replace(mira(2), versions=(mira().versions[0], replace(mira().versions[2], number=2)))
    there.have(apart)
    here.travelling.export("mira", tmp_path / "m")
    with pytest.raises(InvalidInput, match="up to version 1, and went apart") as caught:
        there.travelling.bring(tmp_path / "m")
    assert "--as mira_2" in caught.value.hint
    assert there.library.cast.all() == [apart]
    assert there.travelling.bring(tmp_path / "m", "mira_2").new


def test_a_handle_of_somebody_who_left_stays_theirs(here: Place, there: Place, tmp_path: Path):
    here.have(mira())
    here.travelling.export("mira", tmp_path / "m")
    there.have(other())
    there.library.shots.add(a_shot_with(other()))
    assert there.library.cast.remove("mira") is False
    files = len(there.files())
    with pytest.raises(HandleTaken, match="was removed") as caught:
        there.travelling.bring(tmp_path / "m")
    assert "--as" in caught.value.hint
    assert len(there.files()) == files
    assert there.travelling.bring(tmp_path / "m", "mira_2").new


def a_shot_with(character: Character) -> Shot:
    version = character.current
    member = Member(
        handle=character.handle, name=character.name, version=version.number, digest=version.digest,
        references=(version.references[0].sha256,), anchors=version.anchors,
    )  # fmt: skip
    recipe = Recipe(
        model="storyboard", engine_version="1", kind="image", prompt="@mira", brief=Brief(who=("mira",)),
        members=(member,), width=64, height=64, seed=1, seconds=0, fps=24,
    )  # fmt: skip
    take = Take(id="s1-t1", shot_id="s1", number=1, recipe=recipe)
    return Shot(id="s1", prompt="@mira", model="storyboard", out="/tmp/s1", takes=(take,), created_at=NOW)


@pytest.mark.parametrize("handle", ["image1", "Mira Tanaka", "", "x" * 16, "../mira"])
def test_a_new_handle_has_to_be_one(here: Place, there: Place, tmp_path: Path, handle: str):
    here.have(mira())
    here.travelling.export("mira", tmp_path / "m")
    with pytest.raises(InvalidInput) as caught:
        there.travelling.bring(tmp_path / "m", handle)
    assert "--as" in caught.value.hint
    assert there.rows() == 0


def test_somebody_who_was_quicker(here: Place, there: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    here.have(mira())
    here.travelling.export("mira", tmp_path / "m")
    put = type(there.library.assets).put

    def meanwhile(assets: Any, content: bytes, *, suffix: str = "") -> str:
        if not there.library.cast.all():
            there.library.cast.add(other())
        return put(assets, content, suffix=suffix)

    monkeypatch.setattr(type(there.library.assets), "put", meanwhile)
    with pytest.raises(HandleTaken) as caught:
        there.travelling.bring(tmp_path / "m")
    assert "--as" in caught.value.hint
    assert there.library.cast.all() == [other()]
    assert there.travelling.papers("mira") == Papers()


# --- what cannot leave ----------------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_not_written_over_unasked(here: Place, tmp_path: Path):
    here.have(mira())
    path = tmp_path / "m"
    path.write_text("precious")
    with pytest.raises(StorageFailed, match="there already") as caught:
        here.travelling.export("mira", path, consent="Mira")
    assert "--overwrite" in caught.value.hint
    assert path.read_text() == "precious"
    assert here.travelling.papers("mira") == PAPERS
    here.travelling.export("mira", path, overwrite=True)
    assert here.travelling.read(path).character == mira()


@pytest.mark.parametrize("name", ["", "x" * 300, "a\0b", "m/below"])
def test_a_file_that_cannot_be_written(here: Place, tmp_path: Path, name: str):
    here.have(mira())
    (tmp_path / "m").write_text("a file")
    with pytest.raises(StorageFailed):
        here.travelling.export("mira", tmp_path / name, overwrite=True)


def test_nobody_of_that_name(here: Place, tmp_path: Path):
    here.have(mira())
    with pytest.raises(NotFound, match="@mira"):
        here.travelling.export("mirra", tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_who_could_not_be_read_again_does_not_leave(here: Place, tmp_path: Path):
    odd = replace(mira(1), versions=(replace(mira().versions[0], description="two\nlines"),))
    here.have(odd)
    with pytest.raises(InvalidInput, match=r"@mira cannot travel.*description") as caught:
        here.travelling.export("mira", tmp_path / "m")
    assert caught.value.hint
    assert not (tmp_path / "m").exists()


# --- what is not let in ---------------------------------------------------------------------------------------------

GOOD = entries()
FIRST = min(name for name in GOOD if name != "manifest.json")
"""The first reference in the file."""


def without(name: str) -> bytes:
    return packed({key: content for key, content in GOOD.items() if key != name})


def but(name: str, content: bytes) -> bytes:
    return packed({**GOOD, name: content})


def tree(change: Callable[[Any], None]) -> bytes:
    return but("manifest.json", manifest(change))


def set_to(**values: object) -> bytes:
    return tree(lambda there: there.update(values))


def raw(**changes: object) -> bytes:
    """The good file, its first reference told otherwise."""
    return raw_archive([replace(r, **changes) if r.name.decode() == FIRST else r for r in raws(GOOD)])  # type: ignore[arg-type]


def with_reference(content: bytes, width: int = 24, height: int = 20) -> bytes:
    """A character whose only reference is these bytes, whatever they are."""
    name = sha256(content)
    reference = Reference(sha256=name, width=width, height=height)
    version = Version(number=1, references=(reference,), created_at=NOW)

    def change(there: Any) -> None:
        made = json.loads(json.dumps(there["versions"][0]))
        made |= {"number": 1, "digest": version.digest, "description": "", "anchors": []}
        made["references"] = [{"sha256": name, "width": width, "height": height, "grade": None}]
        made["created_at"] = NOW.isoformat()
        there["versions"] = [made]
        there["files"] = [{"name": f"references/{name}.png", "sha256": name, "size": len(content)}]

    return packed({"manifest.json": manifest(change), f"references/{name}.png": content})


def png(width: int, height: int, frames: int = 1) -> bytes:
    content = io.BytesIO()
    images = [Image.fromarray(np.full((height, width, 3), 9 * n, np.uint8)) for n in range(frames)]
    images[0].save(content, "PNG", save_all=frames > 1, append_images=images[1:])
    return content.getvalue()


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "words": (b"Dear Sir or Madam", "no ZIP"),
    "a picture": (picture(1), "no ZIP"),
    "cut short": (packed(GOOD)[:-30], "cut short"),
    "cut in half": (packed(GOOD)[:1200], "cut short"),
    "something behind": (packed(GOOD) + b"\0", "goes on"),
    "an archive of something else": (packed({"readme.txt": b"hello"}), "manifest.json"),
    "nothing in it": (packed({}), "manifest.json"),
    "no manifest": (without("manifest.json"), "manifest.json"),
    "a loud manifest": (packed({**{k: v for k, v in GOOD.items() if k[0] == "r"}, "MANIFEST.JSON": b"{}"}), "no man"),
    "a manifest that is no JSON": (but("manifest.json", b"handle: mira"), "no JSON"),
    "a deep manifest": (but("manifest.json", b'{"a":' * 200_000), "too deep"),
    "a deep manifest, packed": (
        packed({"manifest.json": b"[" * 500_000}, zipfile.ZIP_DEFLATED), "too deep"),
    "a huge manifest": (but("manifest.json", b" " * (17 << 20)), "16 MiB"),
    "a manifest that is a bomb": (packed({"manifest.json": b" " * (16 << 20)}, zipfile.ZIP_DEFLATED), "bomb"),
    "NaN": (but("manifest.json", manifest().replace(b'"width": 24', b'"width": NaN', 1)), "number"),
    "infinity": (but("manifest.json", manifest().replace(b'"width": 24', b'"width": 1e999', 1)), "number"),
    "one thing twice": (but("manifest.json", manifest().replace(b'"tags"', b'"name": "x", "tags"', 1)), "twice"),
    "a newer format": (set_to(format_version=2), "newer samecast"),
    "another format": (set_to(format="other"), "another kind"),
    "a handle with a path": (set_to(handle="../../mira"), "handle"),
    "a reserved handle": (set_to(handle="image7"), "handle"),
    "a name in colour": (set_to(name="\x1b[31mMira"), "name"),
    "a name that is a number": (set_to(name=5), "name"),
    "a version left out": (tree(lambda there: there["versions"].pop(0)), "numbered"),
    "a version twice": (tree(lambda there: there["versions"].insert(1, there["versions"][0])), "numbered"),
    "other looks than the digest's": (tree(lambda there: there["versions"][0].update(description="x")), "digest"),
    "an anchor off the picture": (
        tree(lambda there: there["versions"][0]["anchors"][0].update(region=[0.5, 0.5, 0.6, 0.1])), "inside"),
    "a missing reference": (without(FIRST), "lacks"),
    "a reference too many": (but("references/" + "0" * 64 + ".png", picture(7)), "does not list"),
    "a program beside": (but("setup.exe", b"MZ"), "does not list"),
    "a name up the tree": (but("references/../../x.png", b"x"), "not safe"),
    "a name from the root": (but("/etc/cron.d/x", b"x"), "not safe"),
    "a drive": (raw_archive([*raws(GOOD), Raw(name=b"C:\\x")]), "not safe"),
    "a backslash": (raw_archive([*raws(GOOD), Raw(name=b"references\\x.png")]), "not safe"),
    "a null in a name": (raw_archive([*raws(GOOD), Raw(name=b"manifest.json\0.png")]), "not safe"),
    "a folder": (raw_archive([*raws(GOOD), Raw(name=b"references/")]), "not safe"),
    "a manifest twice": (raw_archive([*raws(GOOD), Raw(name=b"manifest.json", content=b"{}")]), "twice"),
    "a manifest in two cases": (raw_archive([*raws(GOOD), Raw(name=b"Manifest.json", content=b"{}")]), "twice"),
    "a reference in two cases": (
        raw_archive([*raws(GOOD), Raw(name=FIRST[:-3].encode() + b"PNG", content=b"x")]), "twice"),
    "a link": (raw(attributes=0o120777 << 16, content=b"/etc/passwd"), "ordinary file"),
    "a device": (raw(attributes=0o060660 << 16), "ordinary file"),
    "encrypted": (raw(flags=1), "encrypted"),
    "bzip2": (packed(GOOD, zipfile.ZIP_BZIP2), "method 12"),
    "lzma": (packed(GOOD, zipfile.ZIP_LZMA), "method 14"),
    "a bomb": (packed({**GOOD, FIRST: b"\0" * (50 << 20)}, zipfile.ZIP_DEFLATED), "bomb"),
    "a bomb that says it is small": (
        raw(content=b"\0" * (50 << 20), deflate=True, size=len(PICTURES[FIRST[11:-4]])), "does not hold"),
    "more than fits": (raw(size=200 << 20, packed=200 << 20), "200 MiB"),
    "too many entries": (packed({f"f{n}": b"" for n in range(2000)}), "2,000 entries"),
    "two entries in one place": (raw(at=0), "overlap|different|where|before"),
    "another name in the header": (raw(local_name=b"x"), "two different things"),
    "other bytes of that length": (but(FIRST, b"\x89PNG\r\n\x1a\n" + b"x" * (len(GOOD[FIRST]) - 8)), "sha256"),
    "other bytes of another length": (but(FIRST, b"x"), "bytes in"),
    "another size in the manifest": (tree(lambda there: there["files"][0].update(size=5)), "bytes in"),
    "another sha256 in the manifest": (tree(lambda there: there["files"][0].update(sha256="0" * 64)), "no reference"),
    "a reference that is no picture": (with_reference(b"hello " * 50), "something else"),
    "a reference that is a clip": (with_reference(b"\0\0\0\x18ftypmp42" + b"\0" * 99), "something else"),
    "a reference that is an archive": (with_reference(packed({"a": b"b"})), "something else"),
    "a JPEG called PNG": (with_reference(picture(1, "JPEG")), "something else"),
    "a damaged picture": (with_reference(picture(1)[:200]), "no picture"),
    "an animated picture": (with_reference(png(24, 20, frames=3)), "animated"),
    "a picture too small to see": (with_reference(png(8, 20), 16, 20), "too small"),
    "a picture of other sides": (with_reference(png(20, 24)), "20 x 24"),
    "a picture larger than it says": (with_reference(png(5000, 20), 4096, 20), "5000 x 20"),
    "a picture of a billion pixels": (
        with_reference(picture(1)[:16] + b"\0\0\x7f\xff\0\0\x7f\xff" + picture(1)[24:]), "too large|damaged"),
    "no reference at all": (tree(lambda there: there["versions"][0].update(references=[])), "no reference"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_and_leaves_nothing(there: Place, keep: Keep, name: str):
    content, said = HOSTILE[name]
    path = keep(content)
    for use in (there.travelling.bring, there.travelling.read):
        with pytest.raises((InvalidInput, BadMedia), match=said) as caught:
            use(path)
        one_clear_line(caught.value)
    assert there.rows() == 0
    assert there.files() == []
    assert path.read_bytes() == content


def one_clear_line(error: SamecastError) -> None:
    assert str(error).isprintable()
    assert len(error.message) < 300
    assert error.hint


def test_the_good_file_beside_the_hostile_ones_is_let_in(there: Place, keep: Keep):
    """So that those are refused for what is wrong with them."""
    for good in (packed(GOOD), raw(), but("manifest.json", manifest()), with_reference(png(24, 20))):
        assert there.travelling.read(keep(good)).character.handle == "mira"


def test_a_file_that_changes_while_it_is_read(there: Place, keep: Keep, monkeypatch: pytest.MonkeyPatch):
    """Looked at once and kept another time: what is kept is what was looked at, or nothing."""
    path = keep(packed(GOOD))
    free = CharacterPapers.free

    def exchange(papers: Any, handle: str) -> bool:
        content = path.read_bytes()
        at = content.index(GOOD[FIRST])
        changed = GOOD[FIRST][:-20] + b"\0" * 20
        path.write_bytes(content[:at] + changed + content[at + len(changed) :])
        return bool(free(papers, handle))

    monkeypatch.setattr(CharacterPapers, "free", exchange)
    with pytest.raises(InvalidInput):
        there.travelling.bring(path)
    assert there.rows() == 0


def test_a_library_that_fails_half_way_keeps_no_row(there: Place, keep: Keep, monkeypatch: pytest.MonkeyPatch):
    path = keep(packed(GOOD))
    monkeypatch.setattr("samecast.library.papers._write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        there.travelling.bring(path)
    assert there.rows() == 0
    with there.library.database.read() as connection:  # the files are claimed: who clears up knows of them
        claimed = set(connection.execute(select(schema.asset_claims.c.sha256)).scalars())
    assert {path.name for path in there.files()} <= claimed
    monkeypatch.undo()
    assert there.travelling.bring(path).new


def test_the_good_manifest_is_what_these_tests_think_it_is():
    assert manifest_from_json(GOOD["manifest.json"]) == travelled()
