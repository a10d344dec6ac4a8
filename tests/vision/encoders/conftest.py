"""A hub on the loopback, and a home whose own catalogue lists a tiny network on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.vision.encoders.fake_hub import FILE, REPO, Hub, served

from samecast.settings import Settings
from samecast.vision.encoders import EncoderRegistry, open_registry

Listing = Callable[..., None]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with served() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def listed(settings: Settings) -> Listing:
    """Lists a tiny encoder in the home's own catalogue."""

    def write(*, name: str = "tiny", kind: str = "face", side: int = 112, weights: str = "", form: str = "") -> None:
        entry = f"""
[[encoder]]
name = "{name}"
version = "1"
kind = "{kind}"
licence = "CC0-1.0"
[encoder.weights]
repo = "{REPO}"
file = "{FILE}"
{weights}
[encoder.form]
side = {side}
mean = [127.5, 127.5, 127.5]
std = [127.5, 127.5, 127.5]
{form}
"""
        settings.home.mkdir(parents=True, exist_ok=True)
        with settings.encoders_file.open("a") as file:
            file.write(entry)

    return write


@pytest.fixture
def registry(settings: Settings, hub: Hub) -> EncoderRegistry:
    return open_registry(settings, endpoint=hub.url)
