"""How what happens in the library reaches the pages that listen."""

import asyncio
from typing import Any

from samecast.ports.watching import Sight
from samecast.web import pulse as module
from samecast.web.pulse import TOLD_AT_ONCE, Pulse


class Watching:
    """Sees another worker at each look."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> Sight:
        self.looks += 1
        worker: Any = f"worker {self.looks}"
        return Sight(shots=(), workers=(worker,))


def run_until(pulse: Pulse, enough: asyncio.Event) -> Any:
    async def running() -> None:
        task = asyncio.create_task(pulse.run())
        try:
            await asyncio.wait_for(enough.wait(), 20)
        finally:
            task.cancel()

    return running()


def a_pulse(watching: Any) -> Pulse:
    return Pulse(watching)


def test_few_pages_take_in_what_happened_at_the_same_time():
    async def trying() -> None:
        pulse, enough = a_pulse(Watching()), asyncio.Event()
        told, most, now = 0, 0, 0

        async def heard(sight: Sight) -> None:
            nonlocal told, most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            told += 1
            if told == 10:
                enough.set()

        for _ in range(10):
            pulse.listen(heard)
        await run_until(pulse, enough)
        assert most == TOLD_AT_ONCE

    asyncio.run(trying())


def test_one_pages_trouble_is_not_the_others(caplog):
    async def trying() -> None:
        pulse, enough = a_pulse(Watching()), asyncio.Event()

        def breaks(sight: Sight) -> None:
            raise ValueError("broken")

        pulse.listen(breaks)
        pulse.listen(lambda sight: enough.set())
        await run_until(pulse, enough)

    asyncio.run(trying())
    assert "a page could not show what happened" in caplog.text


def test_who_has_left_is_not_told_and_nobody_looks_for_nobody(monkeypatch):
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)

    async def trying() -> None:
        watching = Watching()
        pulse, enough = a_pulse(watching), asyncio.Event()
        left: list[Sight] = []
        pulse.listen(left.append)()
        pulse.listen(lambda sight: enough.set())()
        task = asyncio.create_task(pulse.run())
        await asyncio.sleep(0.2)
        assert watching.looks == 0
        pulse.listen(lambda sight: enough.set())
        await asyncio.wait_for(enough.wait(), 20)
        task.cancel()
        assert not left

    asyncio.run(trying())


def test_who_leaves_while_others_are_told_is_not_told():
    async def trying() -> None:
        pulse, enough = a_pulse(Watching()), asyncio.Event()
        left: list[Sight] = []
        leaves: list[Any] = []

        async def slow(sight: Sight) -> None:
            leaves[0]()
            await asyncio.sleep(0.02)

        for _ in range(TOLD_AT_ONCE):
            pulse.listen(slow)
        leaves.append(pulse.listen(left.append))
        pulse.listen(lambda sight: enough.set())
        await run_until(pulse, enough)
        assert not left

    asyncio.run(trying())
