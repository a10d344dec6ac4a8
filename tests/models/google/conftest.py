"""Google on the loopback for each test, and desks to order from it: over the Gemini API, and over Google Cloud."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.models.google.server import KEY, LOCATION, PROJECT, GoogleServer, account
from tests.models.provider.desk import Desk, Time, stated

from samecast.models.catalogue import parse_catalogue
from samecast.models.google import build
from samecast.models.google.images import Images
from samecast.models.google.omni import Omni
from samecast.models.google.veo import Veo
from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts

pytest.importorskip("google.genai", reason="the extra [google] is not installed")

GoogleDesk: TypeAlias = Desk[GoogleServer, Any]
"""Its engine is `Images`, `Omni` or `Veo`, by the model."""

ENTRIES = """
[[model]]
id = "banana"
aspects = ["16:9", "1:1"]
references = 14
mentions = { picture = "image {n}", first = "the {noun} in {pictures}" }
edits = true
still_sizes = { "16:9" = "1376x768", "1:1" = "1024x1024" }
options.resolution = { kind = "choice", choices = ["1K", "2K"], default = "1K", says = "How large." }
setup = { endpoint = "generate_content", model = "gemini-nano-banana-2.1" }

[[model]]
id = "omni"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 15
references = 6
mentions = { picture = "<IMAGE_REF_{i}>", first = "the {noun} {pictures}" }
first_frame = true
last_frame = true
lengths = [3, 4, 15]
options.resolution = { kind = "choice", choices = ["360p", "720p"], default = "720p", says = "How large." }
setup = { endpoint = "interactions", model = "gemini-omni-1.2-flash", ask_seconds = 0 }
"""
CLOUD = """
[[model]]
id = "veo"
resource = "google-cloud"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 8
characters = 2
references = 3
mentions = { first = "the {noun}" }
first_frame = true
last_frame = true
lengths = [4, 6, 8]
seconds_from = 8
[model.options]
resolution = { kind = "choice", choices = ["720p", "1080p"], default = "720p", says = "How large." }
audio = { kind = "flag", default = true, says = "Sound." }
negative = { kind = "text", says = "What must not be seen." }
[model.setup]
endpoint = "generate_videos"
model = "veo-3.1-generate-001"
reference_seconds = [8]
seed = true
ask_seconds = 0
"""
MODELS = parse_catalogue(stated("google", ENTRIES + CLOUD))


def made(profile: ModelProfile, parts: Parts, time: Time) -> Images | Omni | Veo:
    engine = build(profile, parts)
    assert isinstance(engine, Images | Omni | Veo)
    return replace(engine, sleep=time.sleep)


def desk_of(server: GoogleServer, home: Path) -> GoogleDesk:
    return Desk.at(server, home, MODELS, build, made, GEMINI_API_KEY=KEY)


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GoogleDesk]:
    with GoogleServer().strict(monkeypatch) as server:
        yield desk_of(server, tmp_path)


@pytest.fixture(scope="session")
def account_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return account(tmp_path_factory.mktemp("account"), "http://127.0.0.1:1/token")


@pytest.fixture
def cloud(gemini: GoogleDesk, account_key: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GoogleDesk:
    """Veo's, with a project and credentials as Google's own library finds them, and no key."""
    text = account_key.read_text().replace("http://127.0.0.1:1/token", f"{gemini.server.url}/token")
    (tmp_path / "account.json").write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", LOCATION)
    gemini.server.secrets.append("PRIVATE KEY")
    return replace(gemini.of("veo"), keys={})
