"""fal on the loopback for each test; whatever a strict provider would have complained about fails the test."""

from collections.abc import Iterator

import pytest
from tests.models.fal.provider import FalServer
from tests.models.fal.serving import never_sleep


@pytest.fixture
def fal(monkeypatch: pytest.MonkeyPatch) -> Iterator[FalServer]:
    with FalServer().running() as server:
        server.lead(monkeypatch)
        never_sleep(monkeypatch)
        yield server
        assert server.wrong == []
