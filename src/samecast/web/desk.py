"""What every page has at hand: the studio, threads to ask it in, and what happens in the library meanwhile.

Nothing that may take time runs in the server's own loop: the library is asked in a few threads, copies to be shown are
made in others, and pictures are looked at in one, since the eyes are shared.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from samecast.core.cast import Character
from samecast.ports.creations import Stats
from samecast.ports.serving import Place
from samecast.ports.watching import Sight
from samecast.services.studio import Studio
from samecast.web.cast_list import CastList, cast_list
from samecast.web.pulse import Pulse

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("samecast.web")


@dataclass(slots=True)
class _Shared:
    """What pages asked because of the latest sight."""

    sight: Sight | None = None
    found: "dict[object, asyncio.Future[object]]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    studio: Studio
    place: Place
    pulse: Pulse
    _hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, thread_name_prefix="studio"))
    _makers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="makers"))
    _making: "dict[object, asyncio.Future[object]]" = field(default_factory=dict)
    _known: dict[str, object] = field(default_factory=dict)
    _shared: _Shared = field(default_factory=_Shared)
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

    async def make(self, name: object, do: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Have something made that is kept from then on. Whoever wants what has the same name waits for the same."""
        making = self._making.get(name)
        if making is None:
            making = asyncio.get_running_loop().run_in_executor(self._makers, partial(do, *arguments, **named))
            making.add_done_callback(lambda _: self._making.pop(name, None))
            self._making[name] = making
        return cast(T, await asyncio.shield(making))

    async def once(self, sight: Sight | None, name: object, do: Callable[P, T], *a: P.args, **named: P.kwargs) -> T:
        """As `ask`, yet what many pages ask by the same name because of the same sight is asked only once."""
        if sight is None:
            return await self.ask(do, *a, **named)
        if self._shared.sight is not sight:
            self._shared.sight, self._shared.found = sight, {}
        if name not in self._shared.found:
            self._shared.found[name] = asyncio.ensure_future(self.ask(do, *a, **named))
        return cast(T, await asyncio.shield(self._shared.found[name]))

    async def cast(self, *, archived: bool = False, sight: Sight | None = None) -> tuple[Character, ...]:
        """Everybody, by handle. `sight`: because of what was seen, and as `once`."""
        found = await self.once(sight, ("cast", archived), self.studio.casting.all, archived=archived)
        return self._same(f"cast, archived: {archived}", tuple(found))

    async def cast_list(self) -> CastList:
        """Everybody, as browsers read them."""
        return self._same("cast list", cast_list(await self.cast()))

    async def stats(self, *, sight: Sight | None = None) -> Stats:
        """What there is in the library. `sight`: as above."""
        return self._same("stats", await self.once(sight, "stats", self.studio.creations.stats))

    def _same(self, name: str, found: T) -> T:
        """What was found before, if it is equal: many pages hold on to it, and all of them to one."""
        if self._known.get(name) != found:
            self._known[name] = found
        return cast(T, self._known[name])

    def warm(self) -> None:
        """Have read beforehand what the first page would wait for."""
        self._hands.submit(self.studio.modelling.all)
        self._hands.submit(self.studio.casting.all)

    def close(self) -> None:
        for threads in (self._hands, self._makers, self._eyes):
            threads.shutdown(wait=False, cancel_futures=True)
