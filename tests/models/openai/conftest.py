"""OpenAI on the loopback for each test; a request that OpenAI would not have taken fails the test."""

from collections.abc import Iterator

import pytest
from tests.models.openai.server import OpenAIServer

pytest.importorskip("openai", reason="the extra [openai] is not installed")


@pytest.fixture
def openai_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer().running() as server:
        server.lead(monkeypatch)
        yield server
        assert server.faults == []
