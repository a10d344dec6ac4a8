"""Opening and writing files safely: nothing half written, nothing that is not a regular file.

Knows no picture or clip format. What cannot be read is `BadMedia`; what cannot be written is `StorageFailed`.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from samecast.core.errors import BadMedia, StorageFailed

MAX_FILE_BYTES = 200 * 1024 * 1024

_WRITE_FAULTS = {
    errno.ENOSPC: ("the disk is full", "Free some space, or choose another folder."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or choose another folder."),
    errno.EFBIG: ("the file is larger than is allowed here", "Choose a folder on another disk."),
    errno.EACCES: ("permission denied", "Choose a folder you may write to."),
    errno.EPERM: ("permission denied", "Choose a folder you may write to."),
    errno.EROFS: ("the disk is read-only", "Choose a folder on another disk."),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "Choose another folder."),
    errno.EEXIST: ("a part of its path is a file, not a folder", "Choose another folder."),
    errno.EISDIR: ("it is a folder", "Give a file name."),
    errno.ENAMETOOLONG: ("the name is too long", "Give a shorter name."),
    errno.EIO: ("the disk reports an error", "Check the disk, or choose another folder."),
}


def shown(path: Path | str) -> str:
    """A path as one clean line for a message: control and unpaired characters replaced, long ones shortened."""
    text = "".join(c if c.isprintable() else "?" for c in str(path))
    return text if len(text) <= 160 else f"...{text[-157:]}"


def storage_failed(path: Path, error: OSError | ValueError) -> StorageFailed:
    """The clear line and the hint for a failed write to `path`."""
    number = error.errno if isinstance(error, OSError) else None
    reason, hint = _WRITE_FAULTS.get(number or 0, (_strerror(error), "Choose another file name or folder."))
    return StorageFailed(f"{shown(path)} could not be written: {reason}.", hint=hint)


def _strerror(error: OSError | ValueError) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return shown(text).rstrip(".")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, making its folders. Raises `StorageFailed`."""
    with whole_or_nothing(path) as part:
        try:
            part.write_bytes(content)
        except OSError as error:
            raise storage_failed(path, error) from error


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """Gives an empty temporary file beside `path`, to be filled; it takes the place of `path` when the block ends.

    On any exception, Ctrl-C included, the temporary file is removed and `path` stays as it was. An exception raised
    in the block passes unchanged; only this function's own failures become `StorageFailed`.
    """
    part = path.parent / f".samecast-{secrets.token_hex(6)}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if "\0" in str(path):
            raise ValueError("its name holds a null character")
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        # 0o666 less the umask, as any other file; mkstemp would make it private.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except (OSError, ValueError) as error:
        raise storage_failed(path, error) from error
    try:
        yield part
        try:
            _flush(part)
            os.replace(part, path)
        except OSError as error:
            raise storage_failed(path, error) from error
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    # The rename itself reaches the disk where folders can be flushed; elsewhere (Windows) there is no such call.
    with suppress(OSError):
        _flush(path.parent)


def _flush(path: Path) -> None:
    writable = os.O_RDONLY if path.is_dir() else os.O_RDWR
    handle = os.open(path, writable)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_regular(path: Path, *, limit: int | None = None) -> bytes:
    """The first `limit` bytes of a regular file; without it all of them, up to `MAX_FILE_BYTES`. Raises `BadMedia`.

    Opened without blocking and checked once open, so a pipe or a device neither hangs nor is read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as stream:
            status = os.fstat(stream.fileno())
            _check_regular(path, status, whole=limit is None)
            # As much as there is: a reader given a larger number sets that much memory aside.
            return stream.read(status.st_size if limit is None else min(limit, status.st_size))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _check_regular(path: Path, status: os.stat_result, *, whole: bool) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise BadMedia(f"{shown(path)} is not a regular file.", hint="Give a picture or clip saved on disk.")
    if status.st_size == 0:
        raise BadMedia(f"{shown(path)} is empty.", hint="Its download or copy may have failed: fetch it again.")
    if whole and status.st_size > MAX_FILE_BYTES:
        size = status.st_size // (1024 * 1024)
        raise BadMedia(
            f"{shown(path)} is {size} MB, more than the {MAX_FILE_BYTES // (1024 * 1024)} MB a picture may have.",
            hint="Save it smaller, for example as a JPEG.",
        )


def _unreadable(path: Path, error: OSError | ValueError) -> BadMedia:
    match error:
        case FileNotFoundError():
            return BadMedia(f"{shown(path)} does not exist.", hint="Check the path.")
        case IsADirectoryError():
            return BadMedia(f"{shown(path)} is a folder.", hint="Give one file inside it.")
        case PermissionError():
            # Windows answers this for a folder too.
            if path.is_dir():
                return BadMedia(f"{shown(path)} is a folder.", hint="Give one file inside it.")
            return BadMedia(f"{shown(path)} may not be read.", hint="Change its permissions, or copy it.")
        case _:
            return BadMedia(f"{shown(path)} cannot be read: {_strerror(error)}.", hint="Check the path and the disk.")
