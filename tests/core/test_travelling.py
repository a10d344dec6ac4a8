"""The manifest of a character file: everything comes back, equal content is equal text, and nothing odd gets in."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.travellers import NOW, characters, manifest, mira, papers, travelled

from samecast.core.cast import Anchor, Region, Version
from samecast.core.errors import InvalidInput
from samecast.core.travelling import Papers, clean_paper, manifest_from_json, manifest_to_json, suffix_of

PAGE = Path(__file__).parents[2] / "docs" / "character-file.md"
Change = Callable[[Any], None]


def test_everything_comes_back():
    there = travelled()
    assert manifest_from_json(manifest_to_json(there).encode()) == there


@given(characters(), papers())
def test_anybody_comes_back_in_any_script(character: Any, said: tuple[str, str]):
    there = travelled(character, Papers(consent=clean_paper(said[0]), licence=clean_paper(said[1])))
    text = manifest_to_json(there)
    back = manifest_from_json(text.encode())
    assert back == there
    assert manifest_to_json(back) == text
    assert [v.digest for v in back.character.versions] == [v.digest for v in character.versions]


@given(st.text())
def test_a_paper_is_clean_once_it_was_cleaned(text: str):
    clean = clean_paper(text)
    assert clean_paper(clean) == clean
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in clean)


def test_a_paper_keeps_its_lines_and_loses_what_a_terminal_would_obey():
    assert clean_paper(" Mira,\r\n\r\n\x1b[31m  by mail \x00\n") == "Mira,\n\n[31m by mail"
    with pytest.raises(InvalidInput, match="10,001"):
        clean_paper("x" * 10_001)


def test_the_example_in_the_document_is_a_manifest():
    example = re.search(r"```json\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    there = manifest_from_json(example[1].encode())
    assert there.character.handle == "mira"
    assert len(there.character.versions) == 2
    assert manifest_to_json(there) == json.dumps(json.loads(example[1]), ensure_ascii=False, indent=2) + "\n"


def test_whole_numbers_in_a_region_are_kept_as_libraries_keep_them():
    def change(tree: Any) -> None:
        tree["versions"] = tree["versions"][:1]
        tree["versions"][0]["anchors"] = [{"text": "visor", "side": None, "region": [0, 0, 1, 1]}]
        whole = Anchor(text="visor", region=Region(x=0.0, y=0.0, width=1.0, height=1.0))
        tree["versions"][0]["digest"] = replace(mira().versions[0], anchors=(whole,)).digest
        tree["files"] = tree_files(tree)

    back = manifest_from_json(manifest(change)).character.current.anchors[0].region
    assert back is not None
    assert [type(side) for side in (back.x, back.y, back.width, back.height)] == [float] * 4


def tree_files(tree: Any) -> Any:
    used = {r["sha256"] for version in tree["versions"] for r in version["references"]}
    return [file for file in tree["files"] if file["sha256"] in used]


def first(tree: Any) -> Any:
    return tree["versions"][0]


def anchor(**values: object) -> Change:
    return lambda tree: first(tree)["anchors"][0].update(values)


def ref(**values: object) -> Change:
    return lambda tree: first(tree)["references"][0].update(values)


def put(**values: object) -> Change:
    return lambda tree: tree.update(values)


def version(place: int, /, **values: object) -> Change:
    return lambda tree: tree["versions"][place - 1].update(values)


def rule(**values: object) -> Change:
    return lambda tree: first(tree)["references"][0]["grade"]["rules"][0].update(values)


REFUSED: dict[str, tuple[Change, str]] = {
    "another format": (put(format="samecast library"), "another kind"),
    "a newer version": (put(format_version=2), "newer samecast"),
    "a version that is no number": (put(format_version="1"), "which version"),
    "a version that is true": (put(format_version=True), "which version"),
    "version nought": (put(format_version=0), "which version"),
    "a key too many": (put(takes=[]), "'takes'"),
    "a key too few": (lambda tree: tree.pop("licence"), "'licence'"),
    "a handle that cannot be": (put(handle="Mira!"), "handle"),
    "a handle with a path": (put(handle="../mira"), "handle"),
    "a handle with an at": (put(handle="@mira"), "handle"),
    "a reserved handle": (put(handle="image1"), "handle"),
    "a handle that is no text": (put(handle=7), "handle"),
    "no name": (put(name=""), "name"),
    "a name of spaces": (put(name=" "), "name"),
    "a name a terminal obeys": (put(name="Mi\x1b[2Jra"), "name"),
    "a name on two lines": (put(name="Mi\nra"), "name"),
    "a name that is too long": (put(name="M" * 81), "name"),
    "a name that is no text": (put(name="M\ud800"), "name|UTF-8"),
    "a name with a null": (put(name="M\x00"), "name"),
    "tags that are one": (put(tags="lead"), "tags"),
    "a tag twice": (put(tags=["lead", "lead"]), "tag twice"),
    "a loud tag": (put(tags=["Lead"]), "lower case"),
    "too many tags": (put(tags=[f"t{n}" for n in range(33)]), "33"),
    "a paper that is none": (put(consent=None), "consent"),
    "a paper that is a list": (put(licence=["MIT"]), "licence"),
    "a paper that is too long": (put(licence="x" * 10_001), "10,001"),
    "a moment without a zone": (put(created_at="2025-03-04T05:06:07.890123"), "point in time"),
    "a moment elsewhere": (put(created_at="2025-03-04T05:06:07.890123+09:00"), "point in time"),
    "a moment that never was": (put(created_at="2025-02-30T05:06:07.890123+00:00"), "point in time"),
    "a moment as a number": (put(created_at=1741064767), "point in time"),
    "no version": (put(versions=[]), "no version"),
    "versions that are one": (put(versions={}), "versions"),
    "a version left out": (lambda tree: tree["versions"].pop(1), "numbered"),
    "a version twice": (version(2, number=1), "numbered"),
    "a version number that is true": (version(1, number=True), "numbered"),
    "a version in words": (version(1, number="1"), "numbered"),
    "too many versions": (lambda tree: tree.update(versions=tree["versions"] * 400), "1,200"),
    "a digest of something else": (version(1, description="Somebody else"), "digest"),
    "a digest that is none": (version(1, digest="xyz"), "sha256"),
    "no reference": (version(1, references=[]), "no reference"),
    "a reference twice": (lambda tree: first(tree)["references"].append(first(tree)["references"][0]), "twice"),
    "a reference's path": (ref(sha256="../../../etc/passwd"), "sha256"),
    "a reference's loud sha256": (ref(sha256="A" * 64), "sha256"),
    "no width": (ref(width=None), "width"),
    "a width of true": (ref(width=True), "width"),
    "a width in parts": (ref(width=24.0), "width"),
    "a reference as large as a house": (ref(height=4097), "height"),
    "two sizes of one picture": (ref(width=25), "two sizes"),
    "a grade in words": (ref(grade="strong"), "grade"),
    "a grade nobody gives": (ref(grade={"verdict": "superb", "rules": []}), "grade"),
    "a grade of more": (ref(grade={"verdict": "weak", "rules": [], "by": "me"}), "'by'"),
    "a rule nobody knows": (rule(rule="fame"), "grade"),
    "a rule that is a list": (rule(rule=["pose"]), "grade"),
    "advice that is none": (rule(advice=None), "advice"),
    "advice a terminal obeys": (rule(advice="\x1b]0;x\x07"), "advice"),
    "a measure that is an object": (rule(measured={"yaw": {"deep": 1}}), "numbers"),
    "a measure that is a list of numbers": (rule(measured={"yaw": [1]}), "numbers"),
    "measures that are a list": (rule(measured=[]), "numbers"),
    "an anchor of nothing": (anchor(text=""), "anchor"),
    "an anchor that is too long": (anchor(text="x" * 201), "201"),
    "a side that is neither": (anchor(side="middle"), "left nor right"),
    "a side that is a list": (anchor(side=["left"]), "left nor right"),
    "a region outside": (anchor(region=[0.9, 0.9, 0.2, 0.2]), "inside the picture"),
    "a region below nought": (anchor(region=[-0.1, 0.5, 0.2, 0.2]), "inside the picture"),
    "a region at minus nought": (anchor(region=[-0.0, 0.5, 0.2, 0.2]), "inside the picture"),
    "a region without width": (anchor(region=[0.1, 0.1, 0.0, 0.2]), "inside the picture"),
    "a region of three": (anchor(region=[0.1, 0.1, 0.1]), "four numbers"),
    "a region of words": (anchor(region=["0", "0", "1", "1"]), "four numbers"),
    "a region of truths": (anchor(region=[False, False, True, True]), "four numbers"),
    "too many anchors": (lambda tree: first(tree).update(anchors=first(tree)["anchors"] * 17), "34"),
    "a file too few": (lambda tree: tree["files"].pop(), "exactly the files"),
    "a file twice": (lambda tree: tree["files"].append(tree["files"][0]), "exactly the files"),
    "files in another order": (lambda tree: tree["files"].reverse(), "exactly the files"),
    "a file up the tree": (lambda tree: tree["files"][0].update(name="../x.png"), "no reference"),
    "a file of another name": (
        lambda tree: tree["files"][0].update(name=f"references/{'0' * 64}.png"), "no reference"),
    "a program": (lambda tree: tree["files"][0].update(name=tree["files"][0]["name"][:-3] + "exe"), "no reference"),
    "a size of true": (lambda tree: tree["files"][0].update(size=True), "size"),
    "an empty file": (lambda tree: tree["files"][0].update(size=0), "size"),
    "a file that is too large": (lambda tree: tree["files"][0].update(size=1 << 40), "size"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_library_would_have_written_is_refused(name: str):
    change, said = REFUSED[name]
    one_line_about(manifest(change), said)


def one_line_about(content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        manifest_from_json(content)
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(caught.value.message) < 300
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"\xef\xbb\xbf{}", "no JSON"),
        (b"[]", "another kind"),
        (b"null", "another kind"),
        (b"[" * 100_000, "too deep"),
        (b'{"a":' * 100_000, "too deep"),
        (b'{"format": NaN}', "none"),
        (b'{"format": -Infinity}', "none"),
        (b'{"format": 1e999}', "none"),
        (b'{"format": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"format": 1, "format": 2}', "twice"),
        (b" " * (16 * 1024 * 1024 + 1), "16 MiB"),
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes, said: str):
    one_line_about(content, said)


def test_half_a_letter_in_an_escape_is_refused():
    one_line_about(manifest().replace("Mira Tanaka 美".encode(), b"Mira \\ud800"), "name")


def test_a_character_that_could_not_be_read_again_is_not_written():
    odd = Version(number=1, references=mira().versions[0].references, description="two\nlines", created_at=NOW)
    with pytest.raises(InvalidInput, match="description"):
        manifest_to_json(travelled(replace(mira(), versions=(odd,))))


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_pictures_are_told_by_their_first_bytes(head: bytes, suffix: str | None):
    assert suffix_of(head) == suffix
