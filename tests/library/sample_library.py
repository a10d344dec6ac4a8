"""A small library with something in every table that travels, in many scripts, and with assets of its own."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select

from samecast.core.cast import Anchor, Character, Reference, Region, Version
from samecast.core.prompt import Brief
from samecast.core.recipe import Lora, Member, Recipe
from samecast.core.story import Goal, Shot, Take
from samecast.core.travelling import Papers
from samecast.library import Library
from samecast.library import schema as t
from samecast.library.moving import moved_tables, stored_columns
from samecast.library.papers import CharacterPapers

NOW = datetime(2025, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
NAMES = {"mira": "Mira Tanaka · 田中美羅", "jo": "Jörg 'Jo' Müller 🎬👩‍🚀", "elka": "Ёлка\nline two\t%s"}


def content_of(*words: object) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(hashlib.sha256(f"{words}{n}".encode()).digest() for n in range(40))


def fill(library: Library, *, shots: int = 6, takes: int = 3, lends: bool = False) -> None:
    """Three characters (one retired), shots done, running and cancelled, with picks, looks and papers.

    `lends`: @mira has LoRAs on two models, and her first take is made from them and from pictures of its own.
    """
    for handle, name in NAMES.items():
        library.cast.add(_character(library, handle, name))
    library.cast.add_version("mira", replace(_version(library, "mira", 2), description="後日 · später 🌧"))
    CharacterPapers(database=library.database).keep("jo", Papers(consent="Ja, für Fotos", licence="CC0 ©"))
    lent = _lend(library) if lends else {}
    for number in range(shots):
        library.shots.add(_shot(library, number, takes, lent if number == 0 else {}))
    library.creations.tag(["s000é-1", "s000é-2"], add=["夜 🌧", "final cut"], remove=[])
    library.cast.remove("elka")  # retired, since shots pin it


def sort(library: Library) -> None:
    """What people do to it: takes in the trash, somebody archived, and a pick by hand."""
    library.creations.trash(["s000é-2", "s003é-1"], NOW + timedelta(days=3, microseconds=5))
    library.cast.archive("jo", NOW + timedelta(days=4, microseconds=6))
    library.shots.pick("s003é", "s003é-3", "Take 3, von Hand: 一番", by_hand=True)


def _lend(library: Library) -> dict[str, Any]:
    """What a recipe says of it."""
    files = {name: library.assets.put(content_of(name)) for name in ("edited", "first", "last", "weights", "other")}
    lora = Lora(sha256=files["weights"], scale=1 / 3, word="mira 美")
    library.loras.set("mira", "storyboard", lora)
    library.loras.set("mira", "flux/2 ü", lora)
    library.loras.set("mira", "flux/2 ü", Lora(sha256=files["other"]))
    return {
        "edited": files["edited"],
        "pictures": (files["edited"],),
        "first_frame": files["first"],
        "last_frame": files["last"],
        "loras": (lora,),
    }


def _character(library: Library, handle: str, name: str) -> Character:
    return Character(
        handle=handle,
        name=name,
        tags=("Hauptrolle", "夜", "🎭"),
        versions=(_version(library, handle, 1),),
        created_at=NOW,
    )


def _version(library: Library, handle: str, number: int) -> Version:
    sha256 = library.assets.put(content_of(handle, number), suffix=".png")
    return Version(
        number=number,
        references=(Reference(sha256=sha256, width=640, height=480),),
        anchors=(
            Anchor(
                text="Narbe über der linken Wange", side="left", region=Region(x=0.1, y=1 / 3, width=0.2, height=0.1)
            ),
            Anchor(text="紺色の縁取り"),
        ),
        description="Kurierin, 30 · née Ёлка 美 🧥",
        created_at=NOW + timedelta(days=number, microseconds=7),
    )


def _shot(library: Library, number: int, count: int, lent: dict[str, Any]) -> Shot:
    shot_id = f"s{number:03}é"
    handle = list(NAMES)[number % 3]
    state = ("done", "running", "cancelled")[number % 3]
    takes = tuple(_take(library, shot_id, handle, n, done=state == "done" or n == 1) for n in range(1, count + 1))
    takes = (replace(takes[0], recipe=replace(takes[0].recipe, **lent)), *takes[1:])
    return Shot(
        id=shot_id,
        prompt=f"@{handle} walks through 雨の東京, naß, 🌧 {number}",
        model="storyboard",
        out="/tmp/ü/夜",
        takes=takes,
        picked=takes[0].id if state == "done" else None,
        why="die beste — 一番" if state == "done" else "",
        created_at=NOW + timedelta(hours=number),
        state=state,  # type: ignore[arg-type]
        goal=Goal(until=0.9, enough=1, most_takes=6, most_money=2_500_000) if number % 2 else None,
        machine="studio/1",
    )


def _take(library: Library, shot_id: str, handle: str, number: int, *, done: bool) -> Take:
    character = library.cast.get(handle)
    current = character.current
    member = Member(
        handle=handle,
        name=character.name,
        version=current.number,
        digest=current.digest,
        references=(current.references[0].sha256,),
        anchors=current.anchors,
        description=current.description,
    )
    recipe = Recipe(
        model="storyboard",
        engine_version="1",
        kind="image",
        prompt=f"@{handle} im Regen 雨 🌧",
        brief=Brief(who=(handle,), place="neon_street", weather=("rain",), aspect=(9, 16)),
        members=(member,),
        width=720,
        height=1280,
        seed=number,
    )
    asset = library.assets.put(content_of(shot_id, number), suffix=".png") if done else None
    return Take(
        id=f"{shot_id}-{number}",
        shot_id=shot_id,
        number=number,
        recipe=recipe,
        state="done" if done else "waiting",
        asset=asset,
        score='{"characters": []}' if done else None,
        notes=("Anmerkung „eins“", "二"),
        path=f"/tmp/ü/{number}.png",
        cost=40_000,
        seconds=1 / 3 if done else None,
        made_at=NOW + timedelta(minutes=number) if done else None,
    )


def keep_looks(library: Library) -> None:
    """As `indexing` would: bytes of every value, for one take."""
    with library.database.write() as connection:
        take = connection.execute(select(t.takes.c.id).order_by(t.takes.c.id)).scalars().first()
        values = {"take_id": take, "maker": "looks/1", "vector": bytes(range(256)), "code": b"\0\xff" * 16}
        connection.execute(insert(t.take_looks).values(**values))


def everything(library: Library, *, without: tuple[str, ...] = ()) -> dict[str, list[tuple[object, ...]]]:
    """Every row that travels, by table, as Python values."""
    with library.database.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(*stored_columns(table)))), key=repr)
            for table in moved_tables()
            if table.name not in without
        }


def assets_of(library: Library) -> dict[str, bytes]:
    """Every asset that is stored, with its bytes."""
    names = [
        entry.sha256 for shard in library.assets.shards() for page in library.assets.stored(shard) for entry in page
    ]
    return {name: library.assets.get(name) for name in sorted(names)}


def by_handle(library: Library) -> dict[str, list[str]]:
    """Every row that an archive carries, with characters by their handle instead of by a number that is local."""
    with library.database.read() as connection:
        handles = {row.id: row.handle for row in connection.execute(select(t.characters.c.id, t.characters.c.handle))}
        return {table.name: sorted(_told(connection, table, handles)) for table in _in_archives()}


def _in_archives() -> list[Table]:
    return [table for table in moved_tables() if table.name != "take_looks"]


def _told(connection, table: Table, handles: dict[int, str]):
    for row in connection.execute(select(*stored_columns(table))):
        values = dict(row._mapping)
        if table.name == "characters":
            del values["id"]
        elif "character_id" in values:
            values["character_id"] = handles.get(values["character_id"])
        yield json.dumps(values, default=str, ensure_ascii=False, sort_keys=True)
