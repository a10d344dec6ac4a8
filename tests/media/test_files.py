"""Written files are there whole or not at all, and a bad disk is told in one line."""

import errno
import os
import stat
from pathlib import Path

import pytest

from samecast.core.errors import StorageFailed
from samecast.media import LocalMedia
from samecast.media.files import whole_or_nothing


def test_a_file_and_its_folders_are_made(media: LocalMedia, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b c" / "美.bin"
    media.write_bytes(path, b"one")
    media.write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["美.bin"]


@pytest.mark.skipif(os.name == "nt", reason="no umask here")
def test_a_file_has_ordinary_permissions(media: LocalMedia, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        media.write_bytes(tmp_path / "a.bin", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o644


def test_a_name_of_the_greatest_length(media: LocalMedia, tmp_path: Path) -> None:
    media.write_bytes(tmp_path / ("n" * 255), b"x")
    with pytest.raises(StorageFailed, match="too long"):
        media.write_bytes(tmp_path / ("n" * 256), b"x")
    assert len(list(tmp_path.iterdir())) == 1


def test_places_that_cannot_be_written(media: LocalMedia, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match="not a folder") as caught:
        media.write_bytes(tmp_path / "file" / "a.png", b"x")
    assert caught.value.hint
    with pytest.raises(StorageFailed, match="it is a folder"):
        media.write_bytes(tmp_path, b"x")
    with pytest.raises(StorageFailed):
        media.write_bytes(tmp_path / "nul\0", b"x")


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "disk reports an error"),
    ],
)
def test_a_bad_disk_at_any_step_leaves_the_old_file(
    media: LocalMedia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, words: str
) -> None:
    path = tmp_path / "take.png"
    path.write_bytes(b"old")

    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(f"samecast.media.files.os.{call}", fails)
        with pytest.raises(StorageFailed, match=words) as caught:
            media.write_bytes(path, b"new")
    assert "take.png" in caught.value.message
    assert caught.value.hint
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["take.png"]


def test_what_goes_wrong_inside_passes_unchanged(tmp_path: Path) -> None:
    def stopped() -> None:
        with whole_or_nothing(tmp_path / "a") as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_messages_are_one_line(media: LocalMedia, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed) as caught:
        media.write_bytes(tmp_path / "file" / ("a\nb\x1b[31m" + "c" * 300), b"x")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 250
