"""The asset store: whole or not at all, and never silently wrong."""

import errno
import hashlib
import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore, from_url
from sqlalchemy import select
from tests.library.conftest import only_postgres, only_sqlite
from tests.servers import Bucket

from samecast.core.errors import NotFound, StorageFailed
from samecast.library import Library, open_library, schema
from samecast.library.assets import Assets, open_assets
from samecast.library.claims import Claims
from samecast.settings import Settings

Start = Callable[[str, Settings], Any]  # a subprocess.Popen[str]


@pytest.fixture
def assets(library: Library) -> Assets:
    """In a folder on SQLite, in a bucket on PostgreSQL."""
    return library.assets


def files(settings: Settings) -> list[Path]:
    return [path for path in settings.assets_folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 10, os.urandom(7_000_000)])
def test_what_is_put_comes_back(assets: Assets, content: bytes) -> None:
    sha256 = assets.put(content, suffix=".png")
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert assets.has(sha256)
    assert assets.get(sha256) == content
    assert assets.put(content) == sha256


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "abc", "G" * 64])
def test_what_is_not_there_is_not_found(assets: Assets, name: str) -> None:
    assert not assets.has(name)
    with pytest.raises(NotFound):
        assets.get(name)


def test_a_damaged_copy_is_noticed_and_mended_by_another_put(assets: Assets) -> None:
    sha256 = assets.put(b"the right bytes")
    assets.store.put(f"{sha256[:2]}/{sha256[2:4]}/{sha256}", b"the wrong bytes")
    with pytest.raises(StorageFailed, match=f"{sha256[:12]} is damaged") as caught:
        assets.get(sha256)
    assert caught.value.hint
    assets.put(b"the right bytes")
    assert assets.get(sha256) == b"the right bytes"


@only_sqlite
def test_a_local_asset_has_a_path(assets: Assets) -> None:
    sha256 = assets.put(b"bytes")
    path = assets.path(sha256)
    assert path is not None
    assert path.read_bytes() == b"bytes"
    assert assets.path("0" * 64) is None


@only_postgres
def test_one_in_a_bucket_has_none(assets: Assets) -> None:
    assert assets.path(assets.put(b"bytes")) is None


@only_postgres
def test_a_bucket_is_told_what_it_holds(assets: Assets) -> None:
    sha256 = assets.put(b"a picture", suffix=".png")
    kept = assets.store.get(f"{sha256[:2]}/{sha256[2:4]}/{sha256}")
    assert kept.attributes["Content-Type"] == "image/png"


@only_sqlite
def test_one_asset_is_one_file(assets: Assets, settings: Settings) -> None:
    names = {assets.put(content) for content in (b"a", b"b", b"a")}
    assert {path.name for path in files(settings)} == names


@pytest.mark.parametrize("shape", ["file://{}", "{}"])
def test_a_folder_can_be_named_by_url_or_path(tmp_path: Path, shape: str) -> None:
    folder = tmp_path / "my assets"
    address = folder.as_uri() if shape.startswith("file") else str(folder)
    library = open_library(Settings(home=tmp_path / "home", assets_url=address))
    path = library.assets.path(library.assets.put(b"x"))
    library.close()
    assert path is not None
    assert path.is_relative_to(folder)


@pytest.mark.parametrize("address", ["bogus://x", "s3://", "az://account/container"])
def test_an_address_that_cannot_be_is_one_clear_error(tmp_path: Path, address: str) -> None:
    with pytest.raises(StorageFailed) as caught:
        open_library(Settings(home=tmp_path, assets_url=address))
    assert "\n" not in str(caught.value)
    assert caught.value.hint


@only_sqlite
def test_old_leftovers_are_swept_away_and_young_ones_are_not(assets: Assets, settings: Settings) -> None:
    incoming = settings.assets_folder / "incoming"
    incoming.mkdir()
    old, young = incoming / "old#1", incoming / "young#1"
    for path in (old, young):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86400
    os.utime(old, (two_days_ago, two_days_ago))
    open_assets(settings, assets.claims.database)
    assert not old.exists()
    assert young.exists()


@only_sqlite
def test_a_folder_in_the_way_is_one_clear_error(settings: Settings) -> None:
    settings.home.mkdir()
    settings.assets_folder.write_text("a file")
    with pytest.raises(StorageFailed, match="not a folder"):
        open_library(settings)


# --- crashes ----------------------------------------------------------------------------------------------------

CRASH = """
import os, signal
from samecast.library import assets, open_library
from samecast.settings import load_settings
store = open_library(load_settings()).assets
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
assets.{point} = die
store.put(b"x" * 3_000_000)
"""


@only_sqlite
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize(("point", "there"), [("_flush", False), ("_flush_folder", True)])
def test_a_crash_before_the_rename_leaves_nothing_and_after_it_everything(
    python: Start, settings: Settings, assets: Assets, point: str, there: bool
) -> None:
    child = python(CRASH.format(point=point), settings)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    content = b"x" * 3_000_000
    assert assets.has(hashlib.sha256(content).hexdigest()) is there
    assert assets.get(assets.put(content)) == content


WRITE_FOREVER = """
import sys
from samecast.library import open_library
from samecast.settings import load_settings
store = open_library(load_settings()).assets
n = int(sys.stdin.readline())
while True:
    n += 1
    print(store.put(n.to_bytes(8, "big") * 900_000), flush=True)  # large enough to be sent to a bucket in two parts
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_writer_killed_at_any_moment_leaves_only_whole_assets_and_each_is_claimed(
    python: Start, settings: Settings, library: Library
) -> None:
    dice = random.Random(7)
    promised: set[str] = set()
    for round_ in range(5):
        child = python(WRITE_FOREVER, settings)
        child.stdin.write(f"{round_ * 1000}\n")
        child.stdin.flush()
        promised.add(child.stdout.readline().strip())  # it is in full swing now
        time.sleep(dice.uniform(0, 0.15))
        child.kill()
        promised |= {sha256 for sha256 in child.communicate()[0].split() if len(sha256) == 64}
    stored = {
        asset.sha256 for shard in library.assets.shards() for page in library.assets.stored(shard) for asset in page
    }
    assert promised <= stored
    assert all(library.assets.digest(sha256) == sha256 for sha256 in stored)
    with library.database.read() as connection:
        claims = set(connection.execute(select(schema.asset_claims.c.sha256)).scalars())
    assert stored <= claims


# --- full disks -------------------------------------------------------------------------------------------------


@only_sqlite
def test_a_full_disk_keeps_what_was_there(disk, settings: Settings) -> None:
    home = disk.folder / "home"
    library = open_library(settings)  # the database is elsewhere: it has a test of its own
    store = open_assets(replace(settings, home=home), library.database)
    kept = store.put(b"kept")
    filler = disk.fill()
    with pytest.raises(StorageFailed, match="disk is full") as caught:
        store.put(b"x" * 1_000_000)
    assert "Free some space" in caught.value.hint
    assert store.get(kept) == b"kept"
    assert not list((home / "assets" / "incoming").iterdir()), "a failed write must not hold the space it took"
    filler.unlink()
    assert store.get(store.put(b"x" * 1_000_000)) == b"x" * 1_000_000
    library.close()


LIMITED = """
import resource, signal
from samecast.core.errors import StorageFailed
from samecast.library import open_library
from samecast.settings import load_settings
store = open_library(load_settings()).assets
kept = store.put(b"kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, resource.RLIM_INFINITY))
try:
    store.put(b"x" * 1_000_000)
except StorageFailed as error:
    assert error.hint and "\\n" not in str(error)
    print(error.message)
assert store.get(kept) == b"kept"
assert not list((store.folder / "incoming").iterdir())
"""


@only_sqlite
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits on Windows")
def test_a_file_size_limit_is_one_clear_error(python: Start, settings: Settings) -> None:
    out, err = python(LIMITED, settings).communicate(timeout=60)
    assert "larger than this system allows" in out, err
    assert err == ""


@only_sqlite
def test_a_disk_that_fills_up_while_flushing(assets: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("samecast.library.assets._flush", full)
    with pytest.raises(StorageFailed, match="disk is full"):
        assets.put(b"x")
    assert assets.folder is not None
    assert not list((assets.folder / "incoming").iterdir())
    assert not assets.has(hashlib.sha256(b"x").hexdigest())


@only_sqlite
def test_a_store_that_breaks_is_storage_failed(assets: Assets) -> None:
    broken = replace(assets, store=MemoryStore())  # its rename works on nothing: the file is elsewhere
    with pytest.raises(StorageFailed):
        broken.put(b"x")


# --- a bucket that is gone for a while --------------------------------------------------------------------------


@only_sqlite
def test_a_bucket_that_is_gone_for_a_while_is_one_line_and_then_works_again(
    library: Library, own_bucket: Bucket
) -> None:
    address = f"s3://{own_bucket.create()}/prefix"
    impatient = from_url(address, retry_config={"max_retries": 1})
    assets = Assets(store=impatient, folder=None, where=address, claims=library.assets.claims)
    kept = assets.put(b"kept")
    own_bucket.stop()
    for attempt in (
        lambda: assets.put(b"new"),
        lambda: assets.get(kept),
        lambda: assets.has(kept),
        lambda: assets.digest(kept),
        lambda: assets.remove([kept]),
        lambda: list(assets.stored(kept[:2])),
        assets.shards,
    ):
        with pytest.raises(StorageFailed, match=re.escape(address)) as caught:
            attempt()
        assert caught.value.retryable
        assert caught.value.hint
        assert "\n" not in str(caught.value)
    own_bucket.start()
    assert assets.get(kept) == b"kept"
    assert assets.get(assets.put(b"new")) == b"new"


def test_a_put_outlasts_a_bucket_that_comes_back_soon(settings: Settings, own_bucket: Bucket) -> None:
    library = open_library(replace(settings, assets_url=f"s3://{own_bucket.create()}/prefix"))
    own_bucket.stop()
    back = threading.Timer(1.0, own_bucket.start)
    back.start()
    sha256 = library.assets.put(b"bytes")
    back.join()
    assert library.assets.get(sha256) == b"bytes"
    library.close()


def test_nothing_is_stored_that_could_not_be_claimed(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Claims, sha256: str) -> None:
        raise StorageFailed("The database is gone.")

    monkeypatch.setattr(Claims, "claim", refuse)
    with pytest.raises(StorageFailed, match="database is gone"):
        library.assets.put(b"bytes")
    assert library.assets.shards() == []


# --- all of them ------------------------------------------------------------------------------------------------


def test_all_assets_are_listed_by_shards_and_nothing_else(library: Library) -> None:
    contents = [str(n).encode() * (n + 1) for n in range(40)]
    names = {library.assets.put(content): len(content) for content in contents}
    some = next(iter(names))
    for strange in ("readme.txt", f"{some[:2]}/x/{some}", f"{some[:2]}/{some[2:4]}/{some}.bak", "incoming/abc", "zz/a"):
        library.assets.store.put(strange, b"not an asset")
    shards = library.assets.shards()
    assert shards == sorted({name[:2] for name in names})
    listed = [asset for shard in shards for page in library.assets.stored(shard) for asset in page]
    assert {asset.sha256: asset.size for asset in listed} == names
    assert len(listed) == len(names)
    assert list(library.assets.stored("zz")) in ([], [[]])


def test_a_digest_is_of_what_really_lies_there(assets: Assets) -> None:
    sha256 = assets.put(b"x" * 3_000_000)
    assert assets.digest(sha256) == sha256
    assets.store.put(f"{sha256[:2]}/{sha256[2:4]}/{sha256}", b"x" * 2_999_999)
    assert assets.digest(sha256) == hashlib.sha256(b"x" * 2_999_999).hexdigest()
    assert assets.digest("0" * 64) is None


def test_what_is_removed_is_gone_and_again_is_harmless(assets: Assets) -> None:
    gone, kept = [assets.put(f"gone {n}".encode()) for n in range(3)], assets.put(b"kept")
    assets.remove(gone[:1])
    assets.remove([*gone, "0" * 64])
    assert [assets.has(sha256) for sha256 in [*gone, kept]] == [False, False, False, True]
