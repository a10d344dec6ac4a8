"""Replicate on the loopback for each test; whatever a strict provider would have complained about fails the test."""

from collections.abc import Iterator

import pytest
from tests.models.fal.serving import never_sleep
from tests.models.replicate.provider import ReplicateServer


@pytest.fixture
def replicate(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReplicateServer]:
    with ReplicateServer().running() as server:
        server.lead(monkeypatch)
        never_sleep(monkeypatch)
        yield server
        assert server.wrong == []
