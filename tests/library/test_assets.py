"""The asset store: whole or not at all, and never silently wrong."""

import errno
import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from obstore.store import MemoryStore

from samecast.core.errors import NotFound, StorageFailed
from samecast.library.assets import Assets, open_assets
from samecast.settings import Settings

Start = Callable[[str, Path], Any]  # a subprocess.Popen[str]


@pytest.fixture
def assets(settings: Settings) -> Assets:
    return open_assets(settings)


def files(settings: Settings) -> list[Path]:
    return [path for path in settings.assets_folder.rglob("*") if path.is_file()]


@pytest.fixture(params=["folder", "bucket"])
def either(request: pytest.FixtureRequest, assets: Assets) -> Assets:
    if request.param == "folder":
        return assets
    return Assets(store=MemoryStore(), folder=None, where="memory")


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 10, os.urandom(7_000_000)])
def test_what_is_put_comes_back(either: Assets, content: bytes) -> None:
    sha256 = either.put(content, suffix=".png")
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert either.has(sha256)
    assert either.get(sha256) == content
    assert either.put(content) == sha256


@pytest.mark.parametrize("name", ["0" * 64, "", "../../etc/passwd", "abc", "G" * 64])
def test_what_is_not_there_is_not_found(either: Assets, name: str) -> None:
    assert not either.has(name)
    with pytest.raises(NotFound):
        either.get(name)


def test_a_damaged_copy_is_noticed_and_mended_by_another_put(either: Assets) -> None:
    sha256 = either.put(b"the right bytes")
    either.store.put(f"{sha256[:2]}/{sha256[2:4]}/{sha256}", b"the wrong bytes")
    with pytest.raises(StorageFailed, match=f"{sha256[:12]} is damaged") as caught:
        either.get(sha256)
    assert caught.value.hint
    either.put(b"the right bytes")
    assert either.get(sha256) == b"the right bytes"


def test_a_local_asset_has_a_path(assets: Assets) -> None:
    sha256 = assets.put(b"bytes")
    path = assets.path(sha256)
    assert path is not None
    assert path.read_bytes() == b"bytes"
    assert assets.path("0" * 64) is None
    bucket = Assets(store=MemoryStore(), folder=None, where="memory")
    assert bucket.path(bucket.put(b"bytes")) is None


def test_one_asset_is_one_file(assets: Assets, settings: Settings) -> None:
    names = {assets.put(content) for content in (b"a", b"b", b"a")}
    assert {path.name for path in files(settings)} == names


@pytest.mark.parametrize("shape", ["file://{}", "{}"])
def test_a_folder_can_be_named_by_url_or_path(tmp_path: Path, shape: str) -> None:
    folder = tmp_path / "my assets"
    address = folder.as_uri() if shape.startswith("file") else str(folder)
    store = open_assets(Settings(home=tmp_path / "home", assets_url=address))
    path = store.path(store.put(b"x"))
    assert path is not None
    assert path.is_relative_to(folder)


@pytest.mark.parametrize("address", ["bogus://x", "s3://", "az://account/container"])
def test_an_address_that_cannot_be_is_one_clear_error(tmp_path: Path, address: str) -> None:
    with pytest.raises(StorageFailed) as caught:
        open_assets(Settings(home=tmp_path, assets_url=address))
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_old_leftovers_are_swept_away_and_young_ones_are_not(assets: Assets, settings: Settings) -> None:
    incoming = settings.assets_folder / "incoming"
    incoming.mkdir()
    old, young = incoming / "old#1", incoming / "young#1"
    for path in (old, young):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86400
    os.utime(old, (two_days_ago, two_days_ago))
    open_assets(settings)
    assert not old.exists()
    assert young.exists()


def test_a_folder_in_the_way_is_one_clear_error(settings: Settings) -> None:
    settings.home.mkdir()
    settings.assets_folder.write_text("a file")
    with pytest.raises(StorageFailed, match="not a folder"):
        open_assets(settings)


# --- crashes ----------------------------------------------------------------------------------------------------

CRASH = """
import os, signal
from samecast.library import assets
from samecast.settings import load_settings
store = assets.open_assets(load_settings())
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
assets.{point} = die
store.put(b"x" * 3_000_000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize(("point", "there"), [("_flush", False), ("_flush_folder", True)])
def test_a_crash_before_the_rename_leaves_nothing_and_after_it_everything(
    python: Start, settings: Settings, point: str, there: bool
) -> None:
    child = python(CRASH.format(point=point), settings.home)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    content = b"x" * 3_000_000
    store = open_assets(settings)
    assert store.has(hashlib.sha256(content).hexdigest()) is there
    assert store.get(store.put(content)) == content


WRITE_FOREVER = """
import sys
from samecast.library.assets import open_assets
from samecast.settings import load_settings
store = open_assets(load_settings())
n = int(sys.stdin.readline())
while True:
    n += 1
    print(store.put(n.to_bytes(8, "big") * 3_000_000), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_writer_killed_at_any_moment_leaves_only_whole_assets(python: Start, settings: Settings) -> None:
    dice = random.Random(7)
    for round_ in range(6):
        child = python(WRITE_FOREVER, settings.home)
        child.stdin.write(f"{round_ * 1000}\n")
        child.stdin.flush()
        promised = [child.stdout.readline().strip()]  # it is in full swing now
        time.sleep(dice.uniform(0, 0.15))
        child.kill()
        promised += child.communicate()[0].split()
        store = open_assets(settings)
        for sha256 in promised:
            if len(sha256) == 64:
                assert store.has(sha256)
        for path in files(settings):
            if path.parent.name != "incoming":
                assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
            path.unlink()


# --- full disks -------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_what_was_there(disk, settings: Settings) -> None:
    home = disk.folder / "home"
    store = open_assets(replace(settings, home=home))
    kept = store.put(b"kept")
    filler = disk.fill()
    with pytest.raises(StorageFailed, match="disk is full") as caught:
        store.put(b"x" * 1_000_000)
    assert "Free some space" in caught.value.hint
    assert store.get(kept) == b"kept"
    assert not list((home / "assets" / "incoming").iterdir()), "a failed write must not hold the space it took"
    filler.unlink()
    assert store.get(store.put(b"x" * 1_000_000)) == b"x" * 1_000_000


LIMITED = """
import resource, signal
from samecast.core.errors import StorageFailed
from samecast.library import assets
from samecast.settings import load_settings
store = assets.open_assets(load_settings())
kept = store.put(b"kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    store.put(b"x" * 1_000_000)
except StorageFailed as error:
    assert error.hint and "\\n" not in str(error)
    print(error.message)
assert store.get(kept) == b"kept"
assert not list((store.folder / "incoming").iterdir())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits on Windows")
def test_a_file_size_limit_is_one_clear_error(python: Start, settings: Settings) -> None:
    out, err = python(LIMITED, settings.home).communicate(timeout=60)
    assert "larger than this system allows" in out, err
    assert err == ""


def test_a_disk_that_fills_up_while_flushing(assets: Assets, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("samecast.library.assets._flush", full)
    with pytest.raises(StorageFailed, match="disk is full"):
        assets.put(b"x")
    assert assets.folder is not None
    assert not list((assets.folder / "incoming").iterdir())
    assert not assets.has(hashlib.sha256(b"x").hexdigest())


def test_a_store_that_breaks_is_storage_failed(assets: Assets) -> None:
    broken = replace(assets, store=MemoryStore())  # its rename works on nothing: the file is elsewhere
    with pytest.raises(StorageFailed):
        broken.put(b"x")
