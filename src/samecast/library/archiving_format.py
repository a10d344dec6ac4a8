"""What an archive of the library is made of: its members, and rows as lines of JSON. docs/moving.md describes it.

Reading trusts nothing: every value is checked against its column, and what other parts of samecast will read later
(recipes, scores, grades) is read here once.
"""

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from sqlalchemy import BigInteger, Column, DefaultClause, Double, Integer, String, Table

from samecast.core.cast import check_handle
from samecast.core.consistency import take_score_from_json
from samecast.core.errors import BadMedia, InvalidInput
from samecast.core.grading import grade_from_json
from samecast.core.recipe import Lora, Recipe, recipe_from_json
from samecast.core.tags import clean_tags
from samecast.library import schema as t
from samecast.library.loras import check_lora
from samecast.ports.moving import Value

S = TypeVar("S")
D = TypeVar("D")

FORMAT = 3
MANIFEST = "manifest.json"
ASSETS = "assets.jsonl"
MEMBERS = {
    "characters": "characters.jsonl",
    "character_tags": "tags.jsonl",
    "versions": "versions.jsonl",
    "reference_images": "references.jsonl",
    "anchors": "anchors.jsonl",
    "character_papers": "papers.jsonl",
    "character_loras": "loras.jsonl",
    "shots": "shots.jsonl",
    "takes": "takes.jsonl",
    "take_tags": "take_tags.jsonl",
    "take_members": "members.jsonl",
    "picks": "picks.jsonl",
}
"""Tables and where their rows are, in an order in which what a row refers to comes before it."""
CAST = (
    "characters",
    "character_tags",
    "versions",
    "reference_images",
    "anchors",
    "character_papers",
    "character_loras",
)
_SINCE = {"character_loras": 2, "take_tags": 3}
"""The format in which a member first was; the others were in the first."""

SHA256 = re.compile(r"[0-9a-f]{64}")
ASSET = re.compile(r"assets/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_DIGESTS = {"sha256", "digest", "recipe_digest", "asset"}
_AT_ONCE = 8


def members_in(version: int) -> set[str]:
    """The members that an archive of this format has beside its manifest and its assets."""
    return {ASSETS, *(member for table, member in MEMBERS.items() if _SINCE.get(table, 1) <= version)}


@lru_cache(maxsize=1024)
def recipe_in(text: str) -> Recipe:
    """What is read to be checked is asked soon after what it borrows. Raises `InvalidInput`."""
    return recipe_from_json(text)


def asset_member(sha256: str) -> str:
    return f"assets/{sha256[:2]}/{sha256}"


def columns_of(table: Table) -> list[Column[object]]:
    """What a line holds of a row: a character's number is local to its library, and so stays there."""
    return [column for column in table.columns if not (table is t.characters and column.name == "id")]


def line_of(table: Table, row: Mapping[str, Value], handles: Mapping[int, str]) -> bytes:
    """One row as a line of JSON; characters are named by their handle."""
    values: dict[str, object] = {}
    for column in columns_of(table):
        value = row[column.name]
        if column.name == "character_id":
            values["character"] = handles[value] if isinstance(value, int) else None
        else:
            values[column.name] = value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def row_of(table: Table, tree: object, *, known: bool = False) -> dict[str, Value]:
    """A line read back, checked. `character` stays a handle. Raises `ValueError` saying what is wrong with it.

    `known`: the same line was read before, so that what it means need not be looked at again.
    """
    if not isinstance(tree, dict):
        raise ValueError("a line is not an object")
    named = {"character" if c.name == "character_id" else c.name: c for c in columns_of(table)}
    unknown = sorted(set(tree) - set(named))
    if unknown:
        raise ValueError(f"it has {unknown[0][:40]!r}, which this samecast does not know")
    row: dict[str, Value] = {}
    for name, column in named.items():
        if name in tree:
            row[name] = _handle(tree[name], column) if name == "character" else _value(tree[name], column)
        else:
            row[name] = _left_out(column)
    if not known:
        _check_meaning(table, row)
    return row


def ahead(work: Callable[[S], D], items: Iterable[S]) -> Iterator[tuple[S, D]]:
    """Each item with what `work` makes of it, in order; a few are worked on at a time, and only a few are ahead."""
    waiting: deque[tuple[S, Future[D]]] = deque()
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="assets")
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) >= _AT_ONCE:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def damaged(what: str) -> BadMedia:
    """An archive that is not as it says it is, or not as the format says."""
    return BadMedia(f"The archive cannot be used: {what}.", hint="Nothing was imported. Have it exported anew.")


# --- one value each ---------------------------------------------------------------------------------------------


def _handle(value: object, column: Column[object]) -> str | None:
    if value is None and column.nullable:
        return None
    if not isinstance(value, str):
        raise ValueError("a character is not named by a handle")
    return value


def _left_out(column: Column[object]) -> Value:
    """What an older samecast did not know yet: what its rows became when the column was added."""
    default = column.server_default
    if isinstance(default, DefaultClause):
        text = str(default.arg)
        return int(text) if isinstance(column.type, Integer) else text
    if not column.nullable:
        raise ValueError(f"it lacks {column.name!r}")
    return None


def _value(value: object, column: Column[object]) -> Value:
    kind, name = column.type, column.name
    if value is None:
        if not column.nullable:
            raise ValueError(f"{name} is null")
        return None
    match kind:
        case String():
            return _text(value, name, kind.length)
        case BigInteger():
            return _whole(value, name, 2**63)
        case Integer():
            return _whole(value, name, 2**31)
        case Double():
            if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
                raise ValueError(f"{name} is not a number")
            return float(value)
        case t.Moment():
            moment = datetime.fromisoformat(_text(value, name, 40))
            if moment.tzinfo is None:
                raise ValueError(f"{name} has no time zone")
            return moment
        case _:
            raise ValueError(f"{name} cannot travel")


def _text(value: object, name: str, longest: int | None) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{name} is not text")
    value.encode()  # a UnicodeEncodeError is a ValueError too
    if longest is not None and len(value) > longest:
        raise ValueError(f"{name} is too long")
    if name in _DIGESTS and not SHA256.fullmatch(value):
        raise ValueError(f"{name} is not a sha256")
    return value


def _whole(value: object, name: str, beyond: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < beyond:
        raise ValueError(f"{name} is not a whole number")
    return value


def _check_meaning(table: Table, row: Mapping[str, Value]) -> None:
    """What others will read later must be readable, and be what it says."""
    try:
        if table in (t.characters, t.take_members):
            if check_handle(str(row["handle"])) != row["handle"]:
                raise ValueError("a handle has an @")
        elif table is t.reference_images and row["grade"]:
            grade_from_json(str(row["grade"]))
        elif table is t.character_loras:
            check_lora(Lora(sha256=str(row["sha256"]), scale=float(str(row["scale"])), word=str(row["word"])))
        elif table is t.take_tags:
            if clean_tags([str(row["tag"])]) != (row["tag"],):
                raise ValueError("a tag is not as tags are kept")
        elif table is t.takes:
            if row["trashed_at"] is not None and row["state"] != "done":
                raise ValueError("a take is in the trash that was never made")
            if recipe_in(str(row["recipe"])).digest != row["recipe_digest"]:
                raise ValueError("a recipe is another than its digest says")
            if row.get("score") is not None:
                take_score_from_json(str(row["score"]))
            notes = json.loads(str(row["notes"]))
            if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
                raise ValueError("notes are no list of sentences")
    except (InvalidInput, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a row of {table.name} cannot be read") from error
