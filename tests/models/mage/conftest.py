"""Mage on this machine, and a desk to order from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.models.mage.desk import Desk
from tests.models.mage.mage_server import MageServer

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    server = MageServer()
    monkeypatch.setenv("MAGE_BASE_URL", server.url)
    with server.running():
        yield Desk(server=server, home=tmp_path)
    assert server.wrong == []
