"""What pages ask of the library together."""

import asyncio
from types import SimpleNamespace
from typing import Any

from samecast.ports.serving import Place
from samecast.ports.watching import Sight
from samecast.web.desk import Desk


class Told:
    """Answers each time with a new list of the same, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    def all(self, *, archived: bool = False) -> list[tuple[str, bool]]:
        self.asked += 1
        return [("mira", archived)]


def desk(casting: Told) -> Desk:
    studio: Any = SimpleNamespace(casting=casting)
    pulse: Any = None
    place: Any = Place.__new__(Place)
    return Desk(studio=studio, place=place, pulse=pulse)


def sight() -> Sight:
    return Sight(shots=(), workers=())


def test_what_many_ask_because_of_one_sight_is_asked_once():
    casting = Told()
    at = desk(casting)

    async def ask() -> None:
        seen = sight()
        found = await asyncio.gather(*(at.cast(sight=seen) for _ in range(5)))
        assert casting.asked == 1
        assert all(one is found[0] for one in found)
        await at.cast(sight=seen, archived=True)
        assert casting.asked == 2, "another question"
        await at.cast(sight=sight())
        assert casting.asked == 3, "another sight, though it looks the same"
        assert await at.cast() is found[0], "asked anew, and held only once where it is equal"
        assert casting.asked == 4

    asyncio.run(ask())
    at.close()
