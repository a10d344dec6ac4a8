"""A fake server for each test, which wants nothing said to it that ComfyUI would not take, and engines on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.models.comfyui.server import FakeComfyUI
from tests.models.comfyui.setting import VACE, Setting

from samecast.models.comfyui import listening


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server but the test's own, and threads that end at once."""
    monkeypatch.delenv("COMFYUI_URL", raising=False)
    monkeypatch.delenv("COMFYUI_TOKEN", raising=False)
    monkeypatch.setattr(listening, "LOOK_SECONDS", 0.05)


@pytest.fixture
def fake() -> Iterator[FakeComfyUI]:
    with FakeComfyUI().up() as server:
        yield server
    assert server.wrong == []


@pytest.fixture
def stills(fake: FakeComfyUI, tmp_path: Path) -> Iterator[Setting]:
    """The picture example on the fake."""
    setting = Setting(home=tmp_path, url=fake.url)
    yield setting
    setting.close()


@pytest.fixture
def clips(fake: FakeComfyUI, tmp_path: Path) -> Iterator[Setting]:
    """The clip example on the fake."""
    setting = Setting(home=tmp_path, url=fake.url, example=VACE)
    yield setting
    setting.close()
