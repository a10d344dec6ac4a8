"""The one place where what goes wrong underneath (disk, SQLite, PostgreSQL, object store) becomes a `StorageFailed`.

Everything else in the library runs inside `storage_failures` and catches nothing itself, except where it knows better.
"""

import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError as ObjectStoreError
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from samecast.core.errors import InvalidInput, MissingPart, StorageFailed

_MOVE = "Free some space, or set SAMECAST_HOME to a folder on a disk with room. What was stored before is untouched."
_WRITABLE = "Make it writable, or set SAMECAST_HOME to a folder that is."
_KEPT = "It was left as it is: restore it from a backup, or set SAMECAST_HOME to another folder to start afresh."
_OS_ERROR = re.compile(r"\(os error (\d+)\)")


class Conflict(StorageFailed):
    """A constraint refused the change: usually somebody else made theirs first."""


@contextmanager
def storage_failures(where: str) -> Iterator[None]:
    """Turn the failures of storage at `where` (a path or URL, shown to the user) into `StorageFailed` or `Conflict`."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(
            f"The change to {where} contradicts what is stored there.",
            hint="Look at what is there now, then try again.",
        ) from error
    except DBAPIError as error:
        raise _database_failure(error, where) from error
    except PoolTimeout as error:
        raise _busy(where) from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise InvalidInput(
            "SAMECAST_DATABASE_URL is not a database address that samecast can use.",
            hint="Give one such as postgresql+psycopg://user:password@host/samecast, or unset it.",
        ) from error
    except ModuleNotFoundError as error:
        raise MissingPart(
            f"The database driver '{error.name}' is not installed.", hint=f"Install it: pip install {error.name}"
        ) from error
    except UnicodeEncodeError as error:
        raise InvalidInput(
            "A name or text holds bytes that are not readable as text.", hint="Type it again in UTF-8."
        ) from error
    except OSError as error:
        raise _os_failure(error.errno or _errno_in(str(error)), str(error), where) from error
    except ObjectStoreError as error:
        raise _os_failure(_errno_in(str(error)), str(error), where) from error


def _database_failure(error: DBAPIError, where: str) -> StorageFailed:
    if not isinstance(error.orig, sqlite3.Error):
        return StorageFailed(
            f"The database at {where} failed: {_first_line(error.orig)}",
            hint="Check that it runs and that SAMECAST_DATABASE_URL is right, then try again.",
        )
    # Extended result codes keep the basic one in their low byte.
    match getattr(error.orig, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return _full(where)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _busy(where)
        case sqlite3.SQLITE_READONLY:
            return StorageFailed(f"{where} is read-only.", hint=_WRITABLE)
        case sqlite3.SQLITE_CANTOPEN:
            return StorageFailed(f"{where} cannot be opened for writing.", hint=_WRITABLE)
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return StorageFailed(f"{where} is damaged, or is not a samecast library.", hint=_KEPT)
        case sqlite3.SQLITE_IOERR:
            return StorageFailed(
                f"The disk failed while {where} was used.",
                hint="Check the disk's health, free space and quota. What was stored before is untouched.",
            )
        case _:
            return StorageFailed(f"The library {where} failed: {_first_line(error.orig)}", hint=_KEPT)


def _os_failure(number: int | None, text: str, where: str) -> StorageFailed:
    match number:
        case errno.ENOSPC | errno.EDQUOT:
            return _full(where)
        case errno.EFBIG:
            return StorageFailed(
                f"A file in {where} would be larger than this system allows.",
                hint="Raise the limit (see `ulimit -f`), or make something smaller.",
            )
        case errno.EROFS:
            return StorageFailed(f"{where} is read-only.", hint=_WRITABLE)
        case errno.EACCES | errno.EPERM:
            return StorageFailed(f"{where} may not be read or written by you.", hint=_WRITABLE)
        case errno.EEXIST | errno.ENOTDIR:
            return StorageFailed(
                f"{where} is not a folder, or lies inside a file.",
                hint="Set SAMECAST_HOME to a folder, or to a new path.",
            )
        case _:
            return StorageFailed(
                f"{where} could not be used: {_first_line(text)}", hint="Check that it exists and can be reached."
            )


def _full(where: str) -> StorageFailed:
    return StorageFailed(f"The disk is full: {where} could not be written.", hint=_MOVE)


def _busy(where: str) -> StorageFailed:
    return StorageFailed(
        f"{where} is busy: another samecast has been writing to it for a long time.",
        hint="Wait until it has finished, then try again.",
    )


def _errno_in(text: str) -> int | None:
    """The errno in an object store's message, which is the only place that has it."""
    found = _OS_ERROR.search(text)
    if found is None:
        return None
    code = int(found.group(1))
    # On Windows the number is a Windows error code; OSError translates it.
    return OSError(0, "", None, code).errno if os.name == "nt" else code


def _first_line(text: object) -> str:
    return (str(text).strip().splitlines() or ["no reason was given"])[0]
