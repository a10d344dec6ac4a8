"""Taking a picture in: bounded in bytes, time and number, and nothing of it stays."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from samecast.core.errors import BadMedia, InvalidInput
from samecast.web.locks.uploads import Intake, Patience


class Body:
    def __init__(self, *pieces: bytes, gap: float = 0.0, then: BaseException | None = None) -> None:
        self.pieces, self.gap, self.then = pieces, gap, then
        self.read = 0

    async def stream(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.gap)
            self.read += 1
            yield piece
        if self.then is not None:
            raise self.then


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def take(body: Body, then=Path.read_bytes, patience: Patience | None = None, most: int = 100):
    async def run():
        return await Intake(most_bytes=most, patience=patience).take(body, then)

    return asyncio.run(run())


def test_what_came_is_looked_at_and_then_gone(tmp_path: Path):
    assert take(Body(b"one ", b"", b"two")) == b"one two"
    assert take(Body()) == b""
    assert list(tmp_path.iterdir()) == []


def test_too_much_is_not_read_to_its_end(tmp_path: Path):
    body = Body(*[b"x" * 40] * 1000)
    with pytest.raises(BadMedia, match="The picture is over"):
        take(body)
    assert body.read == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("patience", [Patience(idle=0.02), Patience(whole=0.05)])
def test_too_slow_is_not_waited_for(patience: Patience, tmp_path: Path):
    with pytest.raises(InvalidInput, match="too slowly"):
        take(Body(*[b"x"] * 50, gap=0.5 if patience.idle < 1 else 0.01), patience=patience)
    assert list(tmp_path.iterdir()) == []


def test_what_breaks_off_is_nothing(tmp_path: Path):
    with pytest.raises(InvalidInput, match="not come whole"):
        take(Body(b"x", then=ClientDisconnect()))
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_picture_leaves_nothing_either(tmp_path: Path):
    def refuse(path: Path) -> None:
        raise BadMedia("It is none.", hint="")

    with pytest.raises(BadMedia, match="none"):
        take(Body(b"x"), refuse)
    assert list(tmp_path.iterdir()) == []


def test_one_is_looked_at_at_a_time_and_few_come_in_at_once():
    together, most_looked, most_coming = 0, 0, 0
    coming = 0

    class Coming(Body):
        async def stream(self) -> AsyncIterator[bytes]:
            nonlocal coming, most_coming
            coming += 1
            most_coming = max(most_coming, coming)
            await asyncio.sleep(0.01)
            yield b"x"
            coming -= 1

    def look(path: Path) -> None:
        nonlocal together, most_looked
        together += 1
        most_looked = max(most_looked, together)
        path.read_bytes()
        together -= 1

    async def all_of_them() -> None:
        intake = Intake(most_bytes=9, patience=Patience(at_once=3))
        await asyncio.gather(*(intake.take(Coming(), look) for _ in range(12)))

    asyncio.run(all_of_them())
    assert most_looked == 1
    assert most_coming <= 3


def test_who_finds_no_place_is_told():
    async def crowded() -> None:
        intake = Intake(most_bytes=9, patience=Patience(at_once=1, turn=0.02, idle=5))
        first = asyncio.create_task(intake.take(Body(b"x", gap=1.0), Path.read_bytes))
        await asyncio.sleep(0)
        with pytest.raises(InvalidInput, match="at once"):
            await intake.take(Body(b"x"), Path.read_bytes)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert await intake.take(Body(b"y"), Path.read_bytes) == b"y", "its place is free again"

    asyncio.run(crowded())
