"""What may be removed and what must not: on a folder and in a bucket, beside writers, and killed in the middle."""

import hashlib
import itertools
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import String, select, update
from tests.library.conftest import every_pair, only_sqlite
from tests.servers import Postgres

from samecast.core.cast import Character, Reference
from samecast.core.errors import StorageFailed
from samecast.core.recipe import Lora
from samecast.core.story import Shot
from samecast.library import Library, open_library, schema
from samecast.library.assets import Assets
from samecast.library.keeping import NAMING, AssetUpkeep
from samecast.ports.keeping import LoraFile, ReferencePicture, Stored, TakeFile, TakeSource
from samecast.services.keeping import Keeping
from samecast.settings import Settings

NOTHING = timedelta(0)
DAY = timedelta(days=1)
MakeShot = Callable[..., Shot]
MakeCharacter = Callable[..., Character]
Start = Callable[[str, Settings], Any]  # a subprocess.Popen[str]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stored(upkeep: AssetUpkeep) -> list[Stored]:
    return [asset for shard in upkeep.shards() for page in upkeep.stored(shard) for asset in page]


def there(library: Library) -> set[str]:
    return {asset.sha256 for asset in stored(library.upkeep())}


def names(assets: Iterable[Stored]) -> set[str]:
    return {asset.sha256 for asset in assets}


def use(library: Library, shot: Shot, *contents: bytes) -> None:
    """Make the shot's takes finished ones with these files."""
    library.shots.add(shot)
    for take, content in zip(shot.takes, contents, strict=False):
        library.shots.finish_take(replace(take, state="done", asset=library.assets.put(content)))


def set_claimed(library: Library, sha256: str, moment: datetime) -> None:
    claims = schema.asset_claims
    with library.database.write() as connection:
        connection.execute(update(claims).where(claims.c.sha256 == sha256).values(claimed_at=moment))


# --- who refers to what -----------------------------------------------------------------------------------------


def test_every_column_that_names_an_asset_is_looked_at() -> None:
    columns = [column for table in schema.metadata.tables.values() for column in table.columns]
    of_a_sha256 = [c for c in columns if isinstance(c.type, String) and c.type.length == 64 and "digest" not in c.name]
    assert set(of_a_sha256) == {*NAMING, schema.asset_claims.c.sha256}


def test_what_must_be_there_comes_in_pages_and_without_repeating(
    library: Library, a_shot: MakeShot, a_character: MakeCharacter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samecast.library.keeping._PAGE", 3)
    words = (f"take {n}".encode() for n in range(100_000))
    contents = [b"take", *itertools.islice((word for word in words if sha(word).startswith("a")), 40)]
    contents += itertools.islice((word for word in words if sha(word).startswith("a7")), 8)
    library.cast.add(a_character())  # with references aaa... and bbb...
    use(library, a_shot("s1", takes=50), *contents, contents[0])
    upkeep = library.upkeep()
    promised = {shard: list(upkeep.promised(shard)) for shard in upkeep.shards()}
    assert {name for page in promised.values() for name in page} == {*map(sha, contents), "a" * 64, "b" * 64}
    assert all(len(page) == len(set(page)) for page in promised.values())
    assert all(name.startswith(shard) for shard, page in promised.items() for name in page)
    assert list(upkeep.promised("zz")) == []


def test_takes_in_whatever_state_and_references_of_old_versions_are_needed(
    library: Library, a_shot: MakeShot, a_character: MakeCharacter
) -> None:
    kept = {state: library.assets.put(state.encode()) for state in ("waiting", "done", "failed")}
    old, new = library.assets.put(b"old look"), library.assets.put(b"new look")
    first = replace(a_character().current, references=(Reference(sha256=old, width=1, height=1),))
    library.cast.add(a_character(versions=(first,)))
    library.cast.add_version("mira", replace(first, number=2, references=(Reference(sha256=new, width=1, height=1),)))
    shot = a_shot(takes=3)
    library.shots.add(shot)
    for take, (state, sha256) in zip(shot.takes, kept.items(), strict=True):
        library.shots.finish_take(replace(take, state=state, asset=sha256))  # type: ignore[arg-type]
    orphan = library.assets.put(b"orphan")

    upkeep = library.upkeep()

    assert names(upkeep.unneeded(stored(upkeep), NOTHING).free) == {orphan}
    assert names(upkeep.sweep(stored(upkeep), NOTHING, unrecorded=True)) == {orphan}
    assert there(library) == {*kept.values(), old, new}


@pytest.mark.parametrize("late", [False, True], ids=["before", "meanwhile"])
def test_a_reference_that_only_a_recipe_names_is_needed(library: Library, a_shot: MakeShot, late: bool) -> None:
    borrowed, orphan = library.assets.put(b"from elsewhere"), library.assets.put(b"orphan")
    take = a_shot(takes=1).takes[0]
    member = replace(take.recipe.members[0], references=(borrowed,))
    shot = replace(
        a_shot(),
        takes=(replace(take, recipe=replace(take.recipe, members=(member,))),),
        created_at=datetime.now(UTC) if late else datetime(2025, 1, 1, tzinfo=UTC),
    )
    if not late:
        library.shots.add(shot)
    upkeep = library.upkeep()
    if late:
        library.shots.add(shot)
    assert names(upkeep.sweep(stored(upkeep), NOTHING, unrecorded=True)) == {orphan}


def lend(library: Library, shot: Shot) -> dict[str, str]:
    """Keep the shot and its character's LoRA, its first take being made from files of its own; their names."""
    lent = {name: library.assets.put(name.encode()) for name in ("edited", "first", "last", "weights", "unused")}
    take = shot.takes[0]
    loras = (Lora(sha256=lent["weights"]),)
    recipe = replace(
        take.recipe, edited=lent["edited"], first_frame=lent["first"], last_frame=lent["last"], loras=loras
    )
    library.shots.add(replace(shot, takes=(replace(take, recipe=recipe), *shot.takes[1:])))
    for model in ("flux", "wan"):
        library.loras.set("mira", model, loras[0])
    library.loras.set("mira", "wan", Lora(sha256=lent["unused"]))
    return lent


@pytest.mark.parametrize("state", ["waiting", "done", "failed"])
def test_what_takes_are_made_from_is_needed_and_must_be_there(
    library: Library, a_shot: MakeShot, a_character: MakeCharacter, state: str
) -> None:
    library.cast.add(a_character())
    lent = lend(library, a_shot(takes=1))
    take = library.work.take("s1-t1")
    library.shots.finish_take(replace(take, state=state))  # type: ignore[arg-type]
    orphan = library.assets.put(b"orphan")
    upkeep = library.upkeep()
    promised = {name for shard in upkeep.shards() for name in upkeep.promised(shard)}
    assert promised == {*lent.values(), "a" * 64, "b" * 64}
    assert names(upkeep.sweep(stored(upkeep), NOTHING, unrecorded=True)) == {orphan}
    library.assets.remove([lent["edited"], lent["unused"]])
    found = Keeping(open_upkeep=library.upkeep).verify()
    hits = {hit.sha256: hit.holders for hit in found.hits if hit.sha256 in lent.values()}
    assert hits == {
        lent["edited"]: (TakeSource(shot="s1", take="s1-t1", number=1, prompt="@mira, rain"),),
        lent["unused"]: (LoraFile(handle="mira", name="Mira Tanaka", model="wan"),),
    }


def test_what_nothing_is_made_from_any_more_goes(
    library: Library, a_shot: MakeShot, a_character: MakeCharacter
) -> None:
    library.cast.add(a_character())
    lent = lend(library, a_shot(takes=1))
    assert library.cast.remove("mira") is False, "a shot pins her: she is retired"
    upkeep = library.upkeep()
    assert names(upkeep.sweep(stored(upkeep), NOTHING, unrecorded=False)) == {lent["unused"]}
    with library.database.write() as connection:
        connection.execute(schema.shots.delete())
    upkeep = library.upkeep()
    upkeep.sweep(stored(upkeep), NOTHING, unrecorded=False)
    assert there(library) == set()


def test_who_is_hit_is_told(library: Library, a_shot: MakeShot, a_character: MakeCharacter) -> None:
    face = library.assets.put(b"a face")
    looks = replace(a_character().current, references=(Reference(sha256=face, width=1, height=1),))
    library.cast.add(a_character(versions=(looks, replace(looks, number=2))))
    use(library, a_shot("s1"), b"one", b"the same")
    use(library, a_shot("s2"), b"the same")
    library.cast.remove("mira")
    upkeep = library.upkeep()
    assert upkeep.holders(face) == [ReferencePicture(handle="mira", name="Mira Tanaka", number=1, left=True)]
    assert upkeep.holders(sha(b"the same")) == [
        TakeFile(shot="s1", take="s1-t2", number=2, prompt="@mira, rain"),
        TakeFile(shot="s2", take="s2-t1", number=1, prompt="@mira, rain"),
    ]
    assert upkeep.holders("0" * 64) == []


def test_who_is_hit_by_what_is_used_in_several_ways(
    library: Library, a_shot: MakeShot, a_character: MakeCharacter
) -> None:
    library.cast.add(a_character())
    lent = lend(library, a_shot(takes=2))
    weights = lent["weights"]
    library.shots.finish_take(replace(library.work.take("s1-t2"), state="done", asset=weights))
    source = TakeSource(shot="s1", take="s1-t1", number=1, prompt="@mira, rain")
    assert library.upkeep().holders(weights) == [
        TakeFile(shot="s1", take="s1-t2", number=2, prompt="@mira, rain"),
        source,
        LoraFile(handle="mira", name="Mira Tanaka", model="flux"),
        LoraFile(handle="mira", name="Mira Tanaka", model="wan"),
    ]
    assert library.upkeep().holders(lent["first"]) == [source]


# --- claims -----------------------------------------------------------------------------------------------------


def test_a_claim_keeps_for_the_grace_and_is_renewed(library: Library) -> None:
    young, old, again, ahead = (library.assets.put(word) for word in (b"young", b"old", b"again", b"ahead"))
    now = datetime.now(UTC)
    for sha256, moment in ((young, now - DAY + timedelta(hours=1)), (old, now - DAY - timedelta(hours=1))):
        set_claimed(library, sha256, moment)
    set_claimed(library, again, now - 9 * DAY)
    library.assets.put(b"again")
    set_claimed(library, ahead, now + DAY)  # by a clock that has jumped back since

    upkeep = library.upkeep()
    left = upkeep.unneeded(stored(upkeep), DAY)

    assert (names(left.free), names(left.recent)) == ({old}, {young, again, ahead})
    assert names(upkeep.sweep(stored(upkeep), DAY, unrecorded=True)) == {old}
    assert there(library) == {young, again, ahead}


def test_what_this_library_did_not_store_is_left_alone(library: Library) -> None:
    other = sha(b"another library's")
    library.assets.store.put(f"{other[:2]}/{other[2:4]}/{other}", b"another library's")
    upkeep = library.upkeep()
    assert names(upkeep.unneeded(stored(upkeep), NOTHING).unrecorded) == {other}
    assert upkeep.sweep(stored(upkeep), NOTHING, unrecorded=False) == []
    assert there(library) == {other}
    assert names(upkeep.sweep(stored(upkeep), NOTHING, unrecorded=True)) == {other}
    assert there(library) == set()


def test_the_claims_of_what_is_gone_go_too(library: Library) -> None:
    library.assets.put(b"orphan")
    upkeep = library.upkeep()
    upkeep.sweep(stored(upkeep), NOTHING, unrecorded=False)
    with library.database.read() as connection:
        assert connection.execute(select(schema.asset_claims)).all() == []


# --- beside writers ---------------------------------------------------------------------------------------------


@every_pair
def test_who_wants_what_is_being_swept_waits_and_stores_it_anew(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = library.assets.put(b"orphan")
    removing, go_on = threading.Event(), threading.Event()
    remove = Assets.remove

    def slowly(self: Assets, gone: Any) -> None:
        removing.set()
        assert go_on.wait(30)
        remove(self, gone)

    monkeypatch.setattr(Assets, "remove", slowly)
    upkeep = library.upkeep()
    sweeper = threading.Thread(target=upkeep.sweep, args=(stored(upkeep), NOTHING), kwargs={"unrecorded": False})
    sweeper.start()
    assert removing.wait(30)
    writer = threading.Thread(target=library.assets.put, args=(b"orphan",))
    writer.start()
    writer.join(0.3)
    assert writer.is_alive(), "the claim has to wait until the removal is over"
    go_on.set()
    for thread in (sweeper, writer):
        thread.join(30)
        assert not thread.is_alive()
    assert library.assets.get(sha256) == b"orphan"


WRITE = """
import hashlib, random, select, sys
from dataclasses import replace
from samecast.library import open_library
from samecast.settings import load_settings
library = open_library(load_settings())
print("ready", flush=True)
seed, *takes = sys.stdin.readline().split()
dice = random.Random(int(seed))
while not select.select([sys.stdin], [], [], 0)[0]:
    take = library.work.take(dice.choice(takes))
    content = b"content %d" % dice.randrange(6)  # few, so that many takes want the same, and drop it again
    wanted = replace(take, asset=hashlib.sha256(content).hexdigest())
    library.work.claim_asset(wanted, instead_of=take.asset)
    library.assets.put(content)
print("done", flush=True)
"""


@every_pair
def test_nothing_that_is_used_is_ever_missing_while_everything_unused_is_swept(
    python: Start, library: Library, settings: Settings, a_shot: MakeShot
) -> None:
    writers = 3
    shots = [a_shot(f"s{n}", takes=1) for n in range(writers)]
    for shot in shots:
        library.shots.add(shot)
    children = [python(WRITE, settings) for _ in shots]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for seed, (child, shot) in enumerate(zip(children, shots, strict=True)):
        child.stdin.write(f"{seed} {' '.join(take.id for take in shot.takes)}\n")
        child.stdin.flush()
    swept: list[int] = []

    def sweep() -> None:
        deadline = time.monotonic() + 60
        while sum(swept) < 30 and time.monotonic() < deadline:
            swept.append(Keeping(open_upkeep=library.upkeep).gc(older_than=NOTHING).removed)

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in sweepers:
        thread.start()
    for thread in sweepers:
        thread.join()
    told = [child.communicate("stop\n", timeout=60) for child in children]
    assert [out for out, _ in told] == ["done\n"] * writers, told
    used = {library.work.take(take.id).asset for shot in shots for take in shot.takes}
    assert sum(swept) >= 30, "the sweepers had nothing to take: this shows nothing"
    assert all(asset is not None and library.assets.digest(asset) == asset for asset in used)
    Keeping(open_upkeep=library.upkeep).gc(older_than=NOTHING)
    assert there(library) == used


# --- killed in the middle ---------------------------------------------------------------------------------------

KILLED = """
import os, signal
from datetime import timedelta
from samecast.library import open_library
from samecast.library.assets import Assets
from samecast.services.keeping import Keeping
from samecast.settings import load_settings
remove, calls = Assets.remove, []
def half(self, names):
    calls.append(names)
    assert len(names) <= 100
    if len(calls) == 2:
        remove(self, list(names)[: len(names) // 2 + 1])
        os.kill(os.getpid(), signal.SIGKILL)
    remove(self, names)
Assets.remove = half
Keeping(open_upkeep=open_library(load_settings()).upkeep).gc(older_than=timedelta(0))
"""


@every_pair
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_sweep_takes_nothing_with_it_and_the_next_one_ends_it(
    python: Start, library: Library, settings: Settings, a_shot: MakeShot
) -> None:
    dice = random.Random(3)
    used = [dice.randbytes(9) for _ in range(20)]
    use(library, a_shot(takes=20), *used)
    for _ in range(130):
        library.assets.put(dice.randbytes(9))

    child = python(KILLED, settings)
    _, err = child.communicate(timeout=60)

    assert child.returncode == -signal.SIGKILL, err
    with library.database.read() as connection:
        claims = set(connection.execute(select(schema.asset_claims.c.sha256)).scalars())
    left = there(library)
    assert len(left) == 150 - 100 - 16
    assert left < claims, "the claims of a batch that was not finished stay"
    assert all(library.assets.get(sha(content)) == content for content in used)
    Keeping(open_upkeep=library.upkeep).gc(older_than=NOTHING)
    assert there(library) == set(map(sha, used))
    assert library.assets.get(library.assets.put(used[0])) == used[0]


def test_a_sweep_that_cannot_remove_changes_nothing(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = library.assets.put(b"orphan")

    def refuse(self: Assets, gone: Any) -> None:
        raise StorageFailed("The bucket is gone.")

    upkeep = library.upkeep()
    with monkeypatch.context() as patched:
        patched.setattr(Assets, "remove", refuse)
        with pytest.raises(StorageFailed, match="bucket is gone"):
            upkeep.sweep(stored(upkeep), NOTHING, unrecorded=False)
    assert names(upkeep.sweep(stored(upkeep), NOTHING, unrecorded=False)) == {sha256}


# --- places that fail -------------------------------------------------------------------------------------------


@only_sqlite
def test_a_full_disk_is_made_room_on(disk, settings: Settings, a_shot: MakeShot) -> None:
    library = open_library(replace(settings, home=disk.folder / "home"))
    use(library, a_shot(takes=1), b"kept")
    for n in range(4):
        library.assets.put(bytes([n]) * 300_000)
    disk.fill()
    with pytest.raises(StorageFailed, match="disk is full"):
        library.assets.put(b"x" * 500_000)
    swept = Keeping(open_upkeep=library.upkeep).gc(older_than=NOTHING)
    assert swept.removed == 4
    library.assets.put(b"x" * 500_000)
    assert Keeping(open_upkeep=library.upkeep).verify().well
    assert there(library) == {sha(b"kept"), sha(b"x" * 500_000)}
    library.close()


def test_a_server_that_is_gone_for_a_while_is_one_line_and_then_works_again(
    tmp_path: Path, own_postgres: Postgres
) -> None:
    library = open_library(Settings(home=tmp_path / "home", database_url=own_postgres.create()))
    orphan = library.assets.put(b"orphan")
    keeping = Keeping(open_upkeep=library.upkeep)
    own_postgres.stop()
    for attempt in (lambda: library.assets.put(b"new"), keeping.verify, keeping.gc):
        with pytest.raises(StorageFailed, match="database") as caught:
            attempt()
        assert caught.value.retryable
        assert caught.value.hint
        assert "\n" not in str(caught.value)
    assert there_in(library.assets) == {orphan}, "what cannot be claimed is not stored, and nothing is removed"
    own_postgres.start()
    library.assets.put(b"new")
    assert keeping.gc(older_than=NOTHING).removed == 2
    library.close()


def there_in(assets: Assets) -> set[str]:
    return {asset.sha256 for shard in assets.shards() for page in assets.stored(shard) for asset in page}
