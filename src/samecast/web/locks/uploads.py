"""Taking in one picture over HTTP: at most so many bytes, in at most so many seconds, at most so many at once.

What arrives goes to a temporary file of ours as it comes and is never held whole in memory; its name is not looked at.
What it is, is `services.receiving`'s to find out, for one picture at a time.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from samecast.core.errors import BadMedia, InvalidInput

T = TypeVar("T")


class Streams(Protocol):
    """A request whose body comes piece by piece."""

    def stream(self) -> AsyncIterator[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited, in seconds, and for how many at once."""

    idle: float = 15.0
    whole: float = 180.0
    turn: float = 60.0
    """For a place among those that come in."""
    at_once: int = 8
    looked_at: int = 1
    """The largest picture takes over a gigabyte while it is decoded."""


class Intake:
    """Raises `InvalidInput` for what comes too slowly, breaks off, or finds no place; `BadMedia` for too much."""

    def __init__(self, *, most_bytes: int, patience: Patience | None = None) -> None:
        self._most_bytes = most_bytes
        self._patience = patience or Patience()
        self._places = asyncio.Semaphore(self._patience.at_once)
        self._looking = asyncio.Semaphore(self._patience.looked_at)

    async def take(self, request: Streams, then: Callable[[Path], T]) -> T:
        """Write the body to a file, and give back what `then` makes of it in another thread; the file goes then."""
        try:
            async with asyncio.timeout(self._patience.turn):
                await self._places.acquire()
        except TimeoutError as error:
            raise InvalidInput("Too many pictures come in at once.", hint="Wait a moment, then try again.") from error
        try:
            with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
                path = Path(folder) / "incoming"
                await self._write(request.stream(), path)
                async with self._looking:
                    return await asyncio.to_thread(then, path)
        finally:
            self._places.release()

    async def _write(self, pieces: AsyncIterator[bytes], path: Path) -> None:
        from starlette.requests import ClientDisconnect

        try:
            async with asyncio.timeout(self._patience.whole):
                await self._pieces(pieces, path)
        except TimeoutError as error:
            raise InvalidInput("The picture came too slowly.", hint="Try again, or save it smaller.") from error
        except ClientDisconnect as error:
            raise InvalidInput("The picture did not come whole.", hint="Try again.") from error

    async def _pieces(self, pieces: AsyncIterator[bytes], path: Path) -> None:
        written = 0
        with path.open("wb") as file:
            while True:
                async with asyncio.timeout(self._patience.idle):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                written += len(piece)
                if written > self._most_bytes:
                    raise BadMedia(
                        f"The picture is over {self._most_bytes >> 20} MB.", hint="Save it smaller, as a JPEG."
                    )
                file.write(piece)
