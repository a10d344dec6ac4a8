"""Collecting what pages leave behind."""

import asyncio
import gc
import weakref

import pytest

from samecast.web import tidying


class Page:
    """Refers to itself, as NiceGUI's elements do."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(tidying, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(tidying, "YOUNG", 0)
    monkeypatch.setattr(tidying, "SHARE", 0)


async def tidied(seconds: float = 10.0, *, until: "weakref.ref[Page] | None" = None) -> bool:
    """Whether it went before so many seconds had passed."""
    task = asyncio.create_task(tidying.tidy())
    await asyncio.sleep(0.005)
    left = until or weakref.ref(Page())
    try:
        async with asyncio.timeout(seconds):
            while left() is not None:
                await asyncio.sleep(0.01)
    except TimeoutError:
        return False
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return True


def test_what_is_left_goes(often):
    assert asyncio.run(tidied())


def test_nothing_is_collected_while_there_is_too_little(often, monkeypatch):
    monkeypatch.setattr(tidying, "YOUNG", 1_000_000)
    assert not asyncio.run(tidied(0.3))


def test_it_ends_as_it_began(often):
    before = gc.get_threshold()
    asyncio.run(tidied())
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
