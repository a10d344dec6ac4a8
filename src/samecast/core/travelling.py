"""What a character file says about the character in it: the manifest as values, and as JSON both ways.

docs/character-file.md describes the format for people. Reading trusts nothing: what a library could not have written is
refused in one line. The file around the manifest, and the pictures in it, are not known here.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from samecast.core.anchors import ANCHOR_LIMIT
from samecast.core.cast import Anchor, Character, Reference, Region, Side, Version, check_handle
from samecast.core.errors import InvalidInput
from samecast.core.grading import grade_from_json
from samecast.core.untrusted import Tree, line_of, list_of, object_of, parsed, refused, shown, text_of, whole_number
from samecast.core.words import one_line

FORMAT = "samecast character"
FORMAT_VERSION = 1
"""Raised with any change of the manifest, a new rule or verdict in a grade included: readers refuse a newer one."""

MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 16 * 1024 * 1024
MOST_FILES = 1000
MOST_FILE_BYTES = 100 * 1024 * 1024
MOST_BYTES = 2 * 1024 * 1024 * 1024
"""Of all references together."""
MOST_VERSIONS = 1000
LONGEST_SIDE, SHORTEST_SIDE = 4096, 16
"""Pixels of a reference: what the cast keeps."""
LONGEST_NAME, LONGEST_DESCRIPTION, LONGEST_TAG, LONGEST_PAPER = 80, 2000, 60, 10_000
MOST_TAGS, MOST_ANCHORS, MOST_RULES, MOST_MEASURED = 32, 32, 32, 64

Suffix: TypeAlias = Literal["png", "jpg", "webp"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"references/([0-9a-f]{64})\.(?:png|jpg|webp)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(\+00:00|Z)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What somebody put down about using a character: who agreed to what and when, and under which licence.

    Free text of any number of lines; "" where nothing was said.
    """

    consent: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One reference as a file of its own: `name` is its path in the character file, `size` its bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Travelled:
    """A character on its way: everything that is kept of it. `samecast` is the version that wrote the file."""

    character: Character
    papers: Papers
    files: tuple[Packed, ...]
    samecast: str


def clean_paper(text: str) -> str:
    """Free text without control characters, each line without spare spaces, no blank lines at its ends.

    Raises `InvalidInput` where it is longer than `LONGEST_PAPER` characters.
    """
    if len(text) > LONGEST_PAPER:
        raise InvalidInput(
            f"A note on consent or licence has {len(text):,} characters; {LONGEST_PAPER:,} is the most.",
            hint="Say it in short, and say where the whole of it lies.",
        )
    return "\n".join(one_line(line) for line in text.splitlines()).strip("\n")


def suffix_of(content: bytes) -> Suffix | None:
    """Which of the three kinds of picture a reference can be, by its first bytes; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "webp" if content.startswith(b"RIFF") and content[8:12] == b"WEBP" else None


def file_name(sha256: str, suffix: Suffix) -> str:
    """Where a reference lies in the character file."""
    return f"references/{sha256}.{suffix}"


def references_of(character: Character) -> dict[str, Reference]:
    """Every reference of every version once, by sha256 in that order."""
    found = {reference.sha256: reference for version in character.versions for reference in version.references}
    return dict(sorted(found.items()))


# --- writing --------------------------------------------------------------------------------------------------------


def manifest_to_json(travelled: Travelled) -> str:
    """Equal content gives equal text. Raises `InvalidInput` for what `manifest_from_json` would refuse."""
    character = travelled.character
    tree = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "samecast": travelled.samecast,
        "handle": character.handle,
        "name": character.name,
        "tags": list(character.tags),
        "created_at": _moment_text(character.created_at),
        "consent": travelled.papers.consent,
        "licence": travelled.papers.licence,
        "versions": [_version_tree(version) for version in character.versions],
        "files": [{"name": file.name, "sha256": file.sha256, "size": file.size} for file in travelled.files],
    }
    text = json.dumps(tree, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    manifest_from_json(text.encode("utf-8", errors="surrogatepass"))
    return text


def _version_tree(version: Version) -> Tree:
    return {
        "number": version.number,
        "digest": version.digest,
        "description": version.description,
        "created_at": _moment_text(version.created_at),
        "anchors": [
            {"text": a.text, "side": a.side, "region": _sides(a.region) if a.region else None}
            for a in version.anchors
        ],
        "references": [
            {"sha256": r.sha256, "width": r.width, "height": r.height, "grade": parsed(r.grade) if r.grade else None}
            for r in version.references
        ],
    }  # fmt: skip


def _sides(region: Region) -> list[float]:
    return [region.x, region.y, region.width, region.height]


def _moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


# --- reading --------------------------------------------------------------------------------------------------------


def manifest_from_json(content: bytes) -> Travelled:
    """Read a manifest. Raises `InvalidInput` that says in one line what is wrong with it."""
    if len(content) > MOST_MANIFEST_BYTES:
        raise refused(f"has a manifest of more than {MOST_MANIFEST_BYTES >> 20} MiB")
    try:
        tree = parsed(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise refused("has a manifest that is no UTF-8 text") from error
    _check_format(tree)
    fields = object_of(
        tree, "its manifest",
        ("format", "format_version", "samecast", "handle", "name", "tags", "created_at", "consent", "licence",
         "versions", "files"),
    )  # fmt: skip
    character = Character(
        handle=_handle(fields["handle"]),
        name=line_of(fields["name"], "the name", LONGEST_NAME),
        tags=_tags(fields["tags"]),
        versions=tuple(
            _version(entry, number)
            for number, entry in enumerate(list_of(fields["versions"], "the versions", MOST_VERSIONS), start=1)
        ),
        created_at=_moment(fields["created_at"]),
    )
    if not character.versions:
        raise refused("holds no version of the character")
    files = tuple(_file(entry) for entry in list_of(fields["files"], "the files", MOST_FILES))
    _check_files(files, character)
    return Travelled(
        character=character,
        papers=Papers(consent=_paper(fields["consent"], "consent"), licence=_paper(fields["licence"], "licence")),
        files=files,
        samecast=line_of(fields["samecast"], "the samecast version", LONGEST_NAME),
    )


def _check_format(tree: object) -> None:
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise refused("is of another kind: its manifest is not a character's", hint="Give a .samecast file.")
    number = tree.get("format_version")
    if isinstance(number, int) and number > FORMAT_VERSION:
        raise refused(
            f"was written by a newer samecast (its format is {number}, this one knows {FORMAT_VERSION})",
            hint="Update samecast, then import it again.",
        )
    if isinstance(number, bool) or number != FORMAT_VERSION or not isinstance(number, int):
        raise refused("does not say which version its format has")


def _paper(value: object, what: str) -> str:
    text = text_of(value, f"the {what}", LONGEST_PAPER)
    if clean_paper(text) != text:
        raise refused(f"has a {what} with spare spaces, or with characters that cannot be shown")
    return text


def _handle(value: object) -> str:
    text = text_of(value, "the handle", LONGEST_NAME)
    try:
        if check_handle(text) == text:
            return text
    except InvalidInput as error:
        raise refused(f"has a handle that cannot be: {error.message.rstrip('.')}") from error
    raise refused("has a handle with an @")


def _tags(value: object) -> tuple[str, ...]:
    tags = tuple(line_of(entry, "a tag", LONGEST_TAG) for entry in list_of(value, "the tags", MOST_TAGS))
    if len(set(tags)) < len(tags) or any(tag.lower() != tag for tag in tags):
        raise refused("has a tag twice, or one that is not in lower case")
    return tags


def _moment(value: object) -> datetime:
    text = text_of(value, "a point in time", 40)
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise refused("has a point in time that cannot be read")


def _sha256(value: object) -> str:
    text = text_of(value, "a sha256", 64)
    if not _SHA256.fullmatch(text):
        raise refused("has a sha256 that is none")
    return text


def _version(value: object, number: int) -> Version:
    where = f"version {number}"
    fields = object_of(value, where, ("number", "digest", "description", "created_at", "anchors", "references"))
    if isinstance(fields["number"], bool) or fields["number"] != number:
        raise refused("has versions that are not numbered 1, 2, 3 and so on")
    references = tuple(_reference(r, where) for r in list_of(fields["references"], f"{where}'s references", MOST_FILES))
    if not references:
        raise refused(f"has no reference in {where}")
    if len({reference.sha256 for reference in references}) < len(references):
        raise refused(f"has the same reference twice in {where}")
    version = Version(
        number=number,
        references=references,
        anchors=tuple(_anchor(a, where) for a in list_of(fields["anchors"], f"{where}'s anchors", MOST_ANCHORS)),
        description=line_of(fields["description"], f"{where}'s description", LONGEST_DESCRIPTION, blank=True),
        created_at=_moment(fields["created_at"]),
    )
    if _sha256(fields["digest"]) != version.digest:
        raise refused(f"has a digest for {where} that is not its content's")
    return version


def _anchor(value: object, where: str) -> Anchor:
    fields = object_of(value, f"an anchor of {where}", ("text", "side", "region"))
    return Anchor(
        text=line_of(fields["text"], f"an anchor of {where}", ANCHOR_LIMIT),
        side=_side(fields["side"]),
        region=_region(fields["region"]),
    )


def _side(value: object) -> Side | None:
    if value is None:
        return None
    if value == "left":
        return "left"
    if value == "right":
        return "right"
    raise refused("has an anchor on a side that is neither left nor right")


def _region(value: object) -> Region | None:
    if value is None:
        return None
    numbers = list_of(value, "an anchor's region", 4)
    if len(numbers) != 4 or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise refused("has an anchor whose region is not four numbers")
    # Always float, as libraries keep them: a digest tells 0 from 0.0. They do not all keep -0.0 as it is.
    x, y, width, height = (float(n) for n in numbers if isinstance(n, int | float))
    try:
        if math.copysign(1, x) > 0 and math.copysign(1, y) > 0:
            return Region(x=x, y=y, width=width, height=height)
    except InvalidInput as error:
        raise refused("has an anchor whose region is not inside the picture", hint=error.hint) from error
    raise refused("has an anchor whose region is not inside the picture")


def _reference(value: object, where: str) -> Reference:
    fields = object_of(value, f"a reference of {where}", ("sha256", "width", "height", "grade"))
    return Reference(
        sha256=_sha256(fields["sha256"]),
        width=whole_number(fields["width"], "a reference's width", SHORTEST_SIDE, LONGEST_SIDE),
        height=whole_number(fields["height"], "a reference's height", SHORTEST_SIDE, LONGEST_SIDE),
        grade="" if fields["grade"] is None else _grade(fields["grade"]),
    )


def _grade(value: object) -> str:
    """The grade as libraries keep it. It is shown, and never trusted, so its words and shape have to be the known."""
    fields = object_of(value, "a grade", ("verdict", "rules"))
    for entry in list_of(fields["rules"], "a grade's rules", MOST_RULES):
        rule = object_of(entry, "a rule of a grade", ("rule", "verdict", "measured", "advice"))
        line_of(rule["advice"], "a grade's advice", 100 * ANCHOR_LIMIT, blank=True)
        measured = rule["measured"]
        if not isinstance(measured, dict) or len(measured) > MOST_MEASURED:
            raise refused("has a grade with something else than its numbers")
        for name, number in measured.items():
            line_of(name, "what a grade measured", LONGEST_NAME)
            for part in list_of(number, "a grade's list", MOST_RULES**2) if isinstance(number, list) else [number]:
                if isinstance(part, str):
                    line_of(part, "a grade's words", LONGEST_DESCRIPTION, blank=True)
                elif isinstance(number, list) or not isinstance(part, int | float | bool | None):
                    raise refused("has a grade with something else than its numbers")
    text = json.dumps(value, ensure_ascii=False)
    try:
        grade_from_json(text)
    except (InvalidInput, TypeError) as error:
        raise refused("has a grade that cannot be read") from error
    return text


def _file(value: object) -> Packed:
    fields = object_of(value, "its list of files", ("name", "sha256", "size"))
    name, sha256 = text_of(fields["name"], "a file's name", 100), _sha256(fields["sha256"])
    found = _FILE.fullmatch(name)
    if found is None or found[1] != sha256:
        raise refused(f"names a file '{shown(name)}', which is no reference")
    return Packed(name=name, sha256=sha256, size=whole_number(fields["size"], "a file's size", 1, MOST_FILE_BYTES))


def _check_files(files: Sequence[Packed], character: Character) -> None:
    """Each reference is one file, listed in the order of the names; sizes of one picture do not differ by version."""
    if [file.sha256 for file in files] != list(references_of(character)):
        raise refused("does not list exactly the files of its references, each once, sorted by name")
    if sum(file.size for file in files) > MOST_BYTES:
        raise refused(f"holds more than {MOST_BYTES >> 20:,} MiB of references")
    sizes: dict[str, tuple[int, int]] = {}
    for reference in (reference for version in character.versions for reference in version.references):
        size = (reference.width, reference.height)
        if sizes.setdefault(reference.sha256, size) != size:
            raise refused("gives one reference two sizes")
