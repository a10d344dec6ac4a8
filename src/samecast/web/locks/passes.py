"""Passwords and the sessions they open: a signed cookie, which says nothing and ends by itself.

The key that signs lies in the studio's folder, readable by its owner alone. It is mixed with the password, so that a
new password ends every session there is. A session that is left ends at once: what it said is kept until it would have
ended by itself.
"""

import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from samecast.core.errors import StorageFailed

LASTS_SECONDS = 30 * 24 * 3600
LEAST_PASSWORD = 12
"""Characters that a password has at the least."""
MOST_PASSWORD = 1024
MOST_TRIED = 4
"""Sessions of one request that are looked at: a neighbour on the same host name may have set one of the same name."""


def cookie_name(secure: bool) -> str:
    """What the cookie is called. Over TLS the prefix keeps neighbours under the same domain from setting it."""
    return "__Host-samecast" if secure else "samecast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Checks a password, gives out sessions, knows them again, and ends them."""

    key: bytes = field(repr=False)
    password: str = field(repr=False)
    secure: bool = False
    """Whether browsers may send a session over TLS only."""
    folder: Path | None = None
    """Where sessions that were left are kept in mind; None: in memory alone."""
    clock: Callable[[], float] = time.time
    _left: dict[str, int] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.folder is not None:
            self._left.update(self._remembered(self.folder / "left-sessions"))

    def right(self, password: str) -> bool:
        """Whether it is the password, in the same time whatever it is."""
        return hmac.compare_digest(_digest(_bytes(password)), _digest(_bytes(self.password)))

    def give(self) -> str:
        """A session that begins now."""
        said = f"{int(self.clock()) + LASTS_SECONDS}.{secrets.token_hex(16)}"
        return f"{said}.{self._signature(said)}"

    def known(self, cookies: str) -> str | None:
        """The session among what a browser sent that was given out here, under this password, and has not ended."""
        return next((session for session in _sessions(cookies, cookie_name(self.secure)) if self.knows(session)), None)

    def knows(self, session: str) -> bool:
        said, _, signature = session.rpartition(".")
        if not hmac.compare_digest(_bytes(signature), self._signature(said).encode()):
            return False
        return _until(said) > self.clock() and said not in self._left

    def end(self, session: str) -> None:
        """Have it open nothing from now on. Raises `StorageFailed` where that cannot be kept; it has ended then too."""
        if not self.knows(session):
            return
        said = session.rpartition(".")[0]
        with self._lock:
            self._left[said] = _until(said)
            if self.folder is not None:
                _append(self.folder / "left-sessions", said)

    def cookie(self, session: str) -> str:
        """What a browser is told to keep; "" has it forget."""
        rules = f"Path=/; Max-Age={LASTS_SECONDS if session else 0}; HttpOnly; SameSite=Strict"
        return f"{cookie_name(self.secure)}={session}; {rules}" + ("; Secure" if self.secure else "")

    def _signature(self, said: str) -> str:
        key = _digest(self.key + _digest(_bytes(self.password)))
        return hmac.new(key, _bytes(said), hashlib.sha256).hexdigest()

    def _remembered(self, path: Path) -> dict[str, int]:
        try:
            lines = path.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(path, error) from error
        left = {said: _until(said) for said in lines if _until(said) > self.clock()}
        _write(path, "".join(f"{said}\n" for said in left))
        return left


def key_in(folder: Path) -> bytes:
    """The signing key that is kept there, made when there is none. Raises `StorageFailed`."""
    return _kept(folder / "session.key", secrets.token_hex(32))[0].encode()


def password_in(folder: Path) -> tuple[str, bool]:
    """The password that was made up for this studio and is kept there, and whether that was now."""
    return _kept(password_file(folder), secrets.token_urlsafe(18))


def password_file(folder: Path) -> Path:
    return folder / "password"


def _sessions(cookies: str, name: str) -> Sequence[str]:
    pairs = (piece.strip().partition("=") for piece in cookies.split(";"))
    return [value for key, _, value in pairs if key == name and value][:MOST_TRIED]


def _until(said: str) -> int:
    until = said.partition(".")[0]
    return int(until) if until.isascii() and until.isdigit() and len(until) <= 15 else 0


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _kept(path: Path, fresh: str) -> tuple[str, bool]:
    """What a file of ours holds, and whether it was written now. Of several that begin at once, one writes it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _written(path), False
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(fresh)
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from error
    return fresh, True


def _written(path: Path) -> str:
    if path.stat().st_mode & 0o077:  # a restored backup, say
        path.chmod(0o600)
    for _ in range(20):
        if len(kept := path.read_text(encoding="ascii").strip()) >= LEAST_PASSWORD:
            return kept
        time.sleep(0.05)  # another one has made it just now, and is about to write
    raise _unusable(path, "it holds too little")


def _append(path: Path, line: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{line}\n")
    except OSError as error:
        raise _unusable(path, error) from error


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        os.replace(fresh, path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise _unusable(path, error) from error


def _unusable(path: Path, why: object) -> StorageFailed:
    return StorageFailed(f"{path} cannot be read or written: {why}.", hint="Remove it, and try again.")
