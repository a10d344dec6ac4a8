"""What every page has at hand: the studio, threads to ask it in, and what happens in the library meanwhile.

Nothing that may take time runs in the server's own loop: the library is asked in a few threads, and pictures are looked
at in one, since the eyes are shared.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from samecast.ports.serving import Place
from samecast.services.studio import Studio
from samecast.web.pulse import Pulse

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("samecast.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    studio: Studio
    place: Place
    pulse: Pulse
    _hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, thread_name_prefix="studio"))
    _eyes: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="eyes"))

    @property
    def shots(self) -> Path:
        """Where the shots that are begun here get their folders."""
        return self.studio.home / "shots"

    async def ask(self, do: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Have something done that reads or writes the library."""
        return await asyncio.get_running_loop().run_in_executor(self._hands, partial(do, *arguments, **named))

    async def look(self, do: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Have something done that looks at pictures; one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._eyes, partial(do, *arguments, **named))

    def warm(self) -> None:
        """Have read beforehand what the first page would wait for."""
        self._hands.submit(self.studio.modelling.all)
        self._hands.submit(self.studio.casting.all)

    def close(self) -> None:
        for threads in (self._hands, self._eyes):
            threads.shutdown(wait=False, cancel_futures=True)
