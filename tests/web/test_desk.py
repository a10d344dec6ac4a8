"""What pages ask of the library together, and what is made for all of them."""

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from samecast.core.errors import StorageFailed
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


def test_who_can_be_named_has_another_address_once_it_is_another_list():
    casting: Any = SimpleNamespace()
    mira, tom = named("mira", "Mira"), named("tom", 'Tom "<b>" Ö')
    casting.all = lambda archived=False: [mira]
    at = desk(casting)

    async def ask() -> None:
        first = await at.cast_list()
        assert await at.cast_list() is first
        casting.all = lambda archived=False: [mira, tom]
        second = await at.cast_list()
        assert second.address != first.address
        assert second.handles == {"mira", "tom"}
        assert json.loads(second.content)[1] == ["tom", 'Tom "<b>" Ö', f"/studio/picture/{'a' * 64}/96.jpg"]
        casting.all = lambda archived=False: [mira]
        assert (await at.cast_list()).address == first.address

    asyncio.run(ask())
    at.close()


def named(handle: str, name: str) -> Any:
    version = SimpleNamespace(references=[SimpleNamespace(sha256="a" * 64)])
    return SimpleNamespace(handle=handle, name=name, current=version)


def test_what_many_wait_for_is_made_once_and_holds_up_nobody_else():
    casting = Told()
    at = desk(casting)
    made, goes_on = [], threading.Event()

    def make() -> str:
        made.append(1)
        assert goes_on.wait(20)
        return "copy"

    async def trying() -> None:
        waiting = [asyncio.ensure_future(at.make("one", make)) for _ in range(20)]
        for number in range(4):  # more than there are makers
            waiting.append(asyncio.ensure_future(at.make(number, make)))
        await asyncio.wait_for(at.cast(), 10)
        assert casting.asked == 1, "answered meanwhile"
        goes_on.set()
        assert set(await asyncio.gather(*waiting)) == {"copy"}
        assert len(made) == 5

    asyncio.run(trying())
    at.close()


def test_what_could_not_be_made_is_tried_again():
    at = desk(Told())
    tries = []

    def make() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise StorageFailed("The disk is full.", hint="Make room.")
        return "copy"

    async def trying() -> None:
        failed = await asyncio.gather(*(at.make("one", make) for _ in range(3)), return_exceptions=True)
        assert {type(one) for one in failed} == {StorageFailed}
        assert await at.make("one", make) == "copy"
        assert len(tries) == 2

    asyncio.run(trying())
    at.close()


def test_who_goes_away_does_not_end_it_for_the_others():
    at, goes_on = desk(Told()), threading.Event()

    async def trying() -> None:
        first = asyncio.ensure_future(at.make("one", goes_on.wait, 20))
        second = asyncio.ensure_future(at.make("one", goes_on.wait, 20))
        await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        goes_on.set()
        assert await second is True

    asyncio.run(trying())
    at.close()
