"""Mage on the loopback for each test, and a desk to order from it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.models.mage.desk import MODELS, MageDesk
from tests.models.mage.mage_server import SECRET, MageServer
from tests.models.provider.desk import Time

from samecast.models.mage import build
from samecast.models.mage.engine import MageEngine
from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts


def made(profile: ModelProfile, parts: Parts, time: Time) -> MageEngine:
    return MageEngine(profile, parts, sleep=time.sleep, clock=time.clock)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MageDesk]:
    with MageServer().strict(monkeypatch) as server:
        yield replace(MageDesk.at(server, tmp_path, MODELS, build, made, MAGE_API_KEY=SECRET), shown=())
