"""Verify and gc on real libraries: what is missing, damaged and in nobody's use, and what is removed."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from tests.library.conftest import a_character, a_shot, every_pair, library, settings  # noqa: F401
from tests.servers import bucket, postgres  # noqa: F401

from samecast.core.cast import Character, Reference
from samecast.core.errors import InvalidInput
from samecast.core.story import Shot
from samecast.library import Library, schema
from samecast.library.keeping import AssetUpkeep
from samecast.ports.keeping import ReferencePicture, Stored, TakeFile
from samecast.services import keeping as service
from samecast.services.keeping import Keeping, Swept, Verified

NOTHING = timedelta(0)


@pytest.fixture
def keeping(library: Library) -> Keeping:  # noqa: F811
    return Keeping(open_upkeep=library.upkeep)


@pytest.fixture
def shot(library: Library, a_shot: Callable[..., Shot], a_character: Callable[..., Character]) -> Shot:  # noqa: F811
    """Mira, with one reference, and a shot of two finished takes and one that waits."""
    face = library.assets.put(b"a face")
    looks = replace(a_character().current, references=(Reference(sha256=face, width=1, height=1),))
    library.cast.add(a_character(versions=(looks,)))
    shot = a_shot(takes=3)
    # Made from what the library has, and nothing else.
    recipes = [replace(t.recipe, members=(replace(t.recipe.members[0], references=(face,)),)) for t in shot.takes]
    shot = replace(shot, takes=tuple(replace(t, recipe=r) for t, r in zip(shot.takes, recipes, strict=True)))
    library.shots.add(shot)
    for take, content in zip(shot.takes[:2], (b"take one", b"take two!"), strict=True):
        library.shots.finish_take(replace(take, state="done", asset=library.assets.put(content)))
    library.shots.finish_take(replace(shot.takes[2], asset="f" * 64))  # claimed, and not stored yet
    return library.shots.get(shot.id)


def key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def age(library: Library, sha256: str, days: float) -> None:  # noqa: F811
    claims = schema.asset_claims
    with library.database.write() as connection:
        moment = datetime.now(UTC) - timedelta(days=days)
        connection.execute(update(claims).where(claims.c.sha256 == sha256).values(claimed_at=moment))


@every_pair
def test_a_library_that_is_well(keeping: Keeping, shot: Shot) -> None:
    steps: list[tuple[int, int]] = []
    found = keeping.verify(watch=lambda done, total: steps.append((done, total)))
    assert found == Verified(quick=False, assets=3, bytes=6 + 8 + 9)
    assert found.well
    assert steps == [(n, steps[-1][1]) for n in range(len(steps))]
    assert keeping.verify(quick=True) == replace(found, quick=True)


@every_pair
def test_what_is_missing_damaged_or_unused_is_found(library: Library, keeping: Keeping, shot: Shot) -> None:  # noqa: F811
    face, (one, two, _) = hashlib.sha256(b"a face").hexdigest(), [take.asset for take in shot.takes]
    assert one is not None
    assert two is not None
    library.assets.store.delete(key(face))
    library.assets.store.delete(key(one))
    library.assets.store.put(key(two), b"take two?")
    unused = library.assets.put(b"unused")
    age(library, unused, 2)
    library.assets.put(b"just stored")
    strange = hashlib.sha256(b"not ours").hexdigest()
    library.assets.store.put(key(strange), b"not ours")

    found = keeping.verify()

    assert not found.well
    assert (found.missing, found.damaged) == (2, 1)
    mira = ReferencePicture(handle="mira", name="Mira Tanaka", number=1, left=False)
    first, second = (TakeFile(shot="s1", take=f"s1-t{n}", number=n, prompt="@mira, rain") for n in (1, 2))
    assert {(hit.sha256, hit.trouble, hit.holders) for hit in found.hits} == {
        (face, "missing", (mira,)),
        (one, "missing", (first,)),
        (two, "damaged", (second,)),
    }
    assert (found.orphaned, found.orphaned_bytes) == (3, 6 + 11 + 8)
    assert (found.recent, found.unrecorded) == (1, 1)
    quick = keeping.verify(quick=True)
    assert (quick.missing, quick.damaged, quick.orphaned) == (2, 0, 3)

    for content in (b"a face", b"take one", b"take two!"):  # the same bytes again mend it
        library.assets.put(content)
    assert keeping.verify().well


@every_pair
def test_gc_takes_what_is_old_and_unused_and_nothing_else(library: Library, keeping: Keeping, shot: Shot) -> None:  # noqa: F811
    unused = [library.assets.put(b"unused %d" % n) for n in range(3)]
    for sha256 in unused[:2]:
        age(library, sha256, 2)
    for take in shot.takes[:2]:
        assert take.asset is not None
        age(library, take.asset, 99)
    strange = hashlib.sha256(b"not ours").hexdigest()
    library.assets.store.put(key(strange), b"not ours")

    rehearsed = keeping.gc(dry_run=True)
    assert rehearsed == Swept(dry_run=True, assets=7, removed=2, freed=16, kept_recent=1, kept_unrecorded=1)
    assert all(map(library.assets.has, unused))
    assert keeping.gc() == replace(rehearsed, dry_run=False)
    assert [library.assets.has(sha256) for sha256 in [*unused, strange]] == [False, False, True, True]
    assert keeping.gc(older_than=NOTHING, unrecorded=True) == Swept(dry_run=False, assets=5, removed=2, freed=16)
    assert keeping.verify() == Verified(quick=False, assets=3, bytes=23)
    with pytest.raises(InvalidInput):
        keeping.gc(older_than=timedelta(hours=-1))


def test_many_are_removed_in_small_batches_and_stopping_leaves_the_rest(
    library: Library,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    keeping: Keeping,
    shot: Shot,
) -> None:
    monkeypatch.setattr(service, "BATCH", 10)
    for n in range(64):
        library.assets.put(b"unused %d" % n)
    batches: list[int] = []
    sweep = AssetUpkeep.sweep

    def counted(self: AssetUpkeep, assets: list[Stored], grace: timedelta, *, unrecorded: bool) -> list[Stored]:
        batches.append(len(assets))
        return sweep(self, assets, grace, unrecorded=unrecorded)

    monkeypatch.setattr(AssetUpkeep, "sweep", counted)

    def stop(done: int, total: int) -> None:
        if len(batches) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keeping.gc(older_than=NOTHING, watch=stop)
    assert keeping.verify().assets == 3 + 64 - 30
    assert keeping.gc(older_than=NOTHING).removed == 34
    assert max(batches) == 10
    assert keeping.verify() == Verified(quick=False, assets=3, bytes=23)


def test_what_comes_and_goes_while_it_looks_is_not_called_missing(
    library: Library,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    keeping: Keeping,
    shot: Shot,
) -> None:
    """The store is looked at after what must be there: by then a shot may be gone and swept, another one stored."""
    one, two, _ = shot.takes
    listed = AssetUpkeep.stored
    assert one.asset is not None
    shard = one.asset[:2]

    def later(self: AssetUpkeep, asked: str):
        if asked == shard:
            library.shots.finish_take(replace(one, asset=two.asset))
            library.assets.store.delete(key(one.asset or ""))
        return listed(self, asked)

    monkeypatch.setattr(AssetUpkeep, "stored", later)
    assert keeping.verify().missing == 0


def test_only_so_many_hits_are_told_one_by_one(
    library: Library,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    keeping: Keeping,
    shot: Shot,
) -> None:
    monkeypatch.setattr(service, "MOST_HITS", 2)
    for shard in library.assets.shards():
        library.assets.remove([asset.sha256 for page in library.assets.stored(shard) for asset in page])
    found = keeping.verify()
    assert (found.missing, len(found.hits)) == (3, 2)


# --- the trash --------------------------------------------------------------------------------------------------


def trashed(library: Library, shot: Shot, days: float) -> list[str]:  # noqa: F811
    """The shot's two finished takes are in the trash for so long, and stored before that; it is not at work."""
    with library.database.write() as connection:
        connection.execute(update(schema.shots).values(state="cancelled"))
    takes = shot.takes[:2]
    library.creations.trash([take.id for take in takes], datetime.now(UTC) - timedelta(days=days))
    names = [take.asset or "" for take in takes]
    for name in names:
        age(library, name, days)
    return names


@every_pair
def test_what_lay_in_the_trash_for_a_month_goes_with_its_files(
    keeping: Keeping,
    library: Library,  # noqa: F811
    shot: Shot,
) -> None:
    names = trashed(library, shot, days=30.1)
    rehearsed = keeping.gc(dry_run=True)
    assert (rehearsed.purged, rehearsed.removed, rehearsed.freed) == (2, 2, len(b"take onetake two!"))
    assert len(library.shots.get(shot.id).takes) == 3
    assert all(map(library.assets.has, names))
    swept = keeping.gc()
    assert swept == replace(rehearsed, dry_run=False)
    assert [take.number for take in library.shots.get(shot.id).takes] == [3]
    assert not any(map(library.assets.has, names))
    again = keeping.gc()
    assert (again.purged, again.removed) == (0, 0)
    assert keeping.verify().well


def test_until_then_it_can_be_restored(keeping: Keeping, library: Library, shot: Shot) -> None:  # noqa: F811
    trashed(library, shot, days=29.9)
    assert keeping.gc(dry_run=True) == replace(keeping.gc(), dry_run=True)
    assert keeping.gc().purged == 0
    assert keeping.verify().missing == 0
    assert len(library.creations.restore([take.id for take in shot.takes[:2]])) == 2
    assert keeping.verify().assets == 3


def test_what_a_kept_take_needs_too_stays(
    keeping: Keeping,
    library: Library,  # noqa: F811
    shot: Shot,
    a_shot: Callable[..., Shot],  # noqa: F811
) -> None:
    """Two takes of equal bytes share a file, and a take may begin with what is in the trash."""
    one, two = trashed(library, shot, days=40)
    other = a_shot("s2")
    twin = replace(other.takes[0], state="done", asset=one)
    after = replace(other.takes[1], recipe=replace(other.takes[1].recipe, first_frame=two))
    library.shots.add(replace(other, takes=(twin, after)))
    for dry_run in (True, False):
        swept = keeping.gc(dry_run=dry_run)
        assert (swept.purged, swept.removed) == (2, 0)
    assert library.assets.has(one)
    assert library.assets.has(two)
