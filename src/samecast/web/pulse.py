"""What happens in the library while somebody looks: one pair of eyes for all browsers, which asks now and then.

Shots are made by workers elsewhere, so the library is where to look. Nobody looks while nobody listens.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from samecast.core.errors import SamecastError
from samecast.ports.watching import Sight, Watching

EVERY_SECONDS = 0.5
IDLE_SECONDS = 2.0
"""While nothing runs, it is enough to look so often."""
TOLD_AT_ONCE = 2
"""Pages that take in what happened at the same time, so that what somebody does on another one comes in between."""
Heard: TypeAlias = Callable[[Sight], Awaitable[None] | None]
log = logging.getLogger("samecast.web")


class Pulse:
    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._listening: dict[int, Heard] = {}
        self._next = 0
        self._woken = asyncio.Event()
        self.sight = Sight(shots=(), workers=())
        self.trouble = ""
        """Why the library could not be read just now; "" where it can."""

    def listen(self, heard: Heard) -> Callable[[], None]:
        """Have every change told, until what is returned is called."""
        self._next += 1
        number = self._next
        self._listening[number] = heard
        self._woken.set()
        return lambda: self._listening.pop(number, None) and None

    def wake(self) -> None:
        """Something was begun here: look at once."""
        self._woken.set()

    async def run(self) -> None:
        """Look for as long as the studio is served."""
        while True:
            if self._listening:
                await self._look()
            running = bool(self.sight.running)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS if running else IDLE_SECONDS):
                    await self._woken.wait()
            if self._woken.is_set():
                self._woken.clear()
                await asyncio.sleep(0.05)

    async def _look(self) -> None:
        try:
            sight = await asyncio.to_thread(self._watching.look)
            trouble = ""
        except SamecastError as error:
            sight, trouble = self.sight, error.message
        if (sight, trouble) == (self.sight, self.trouble):
            return
        self.sight, self.trouble = sight, trouble
        turn = asyncio.Semaphore(TOLD_AT_ONCE)
        await asyncio.gather(*(self._tell(number, sight, turn) for number in list(self._listening)))

    async def _tell(self, number: int, sight: Sight, turn: asyncio.Semaphore) -> None:
        async with turn:
            heard = self._listening.get(number)
            if heard is None:  # it left while others were told
                return
            try:
                waits = heard(sight)
                if waits is not None:
                    await waits
            except Exception:  # the top of the loop: one browser's trouble is not the others'
                log.exception("a page could not show what happened")
            await asyncio.sleep(0)
