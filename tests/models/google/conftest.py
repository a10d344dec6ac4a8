"""Google on the loopback for each test; a request that Google would not have taken fails the test."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from tests.models.google.server import KEY, LOCATION, PROJECT, GoogleServer, account
from tests.models.openai.loopback import Waits, parts

from samecast.models.catalogue import parse_catalogue
from samecast.models.google import build
from samecast.models.google.images import Images
from samecast.models.google.omni import Omni
from samecast.models.google.veo import Veo
from samecast.ports import ModelProfile

pytest.importorskip("google.genai", reason="the extra [google] is not installed")

Engine = TypeVar("Engine", Images, Omni, Veo)

ENTRIES = """
[[model]]
id = "banana"
name = "Banana"
engine = "google"
kinds = ["image"]
aspects = ["16:9", "1:1"]
seconds = 0
characters = 4
deterministic = false
composites = false
price = "Some."
licence = "Google's."
source = "the SDK"
date = 2026-11-22
resource = "google"
references = 14
mentions = { picture = "image {n}", first = "the {noun} in {pictures}" }
edits = true
still_sizes = { "16:9" = "1376x768", "1:1" = "1024x1024" }
notes = ""
options.resolution = { kind = "choice", choices = ["1K", "2K"], default = "1K", says = "How large." }
setup = { endpoint = "generate_content", model = "gemini-nano-banana-2.1" }

[[model]]
id = "omni"
name = "Omni"
engine = "google"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 15
characters = 4
deterministic = false
composites = false
price = "Some."
licence = "Google's."
source = "the SDK"
date = 2026-11-22
resource = "google"
references = 6
mentions = { picture = "<IMAGE_REF_{i}>", first = "the {noun} {pictures}" }
first_frame = true
last_frame = true
lengths = [3, 4, 15]
notes = ""
options.resolution = { kind = "choice", choices = ["360p", "720p"], default = "720p", says = "How large." }
setup = { endpoint = "interactions", model = "gemini-omni-1.2-flash", ask_seconds = 0 }

[[model]]
id = "veo"
name = "Veo"
engine = "google"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 8
characters = 2
deterministic = false
composites = false
price = "Some."
licence = "Google's."
source = "the SDK"
date = 2026-11-22
resource = "google-cloud"
references = 3
mentions = { first = "the {noun}" }
first_frame = true
last_frame = true
lengths = [4, 6, 8]
seconds_from = 8
notes = ""
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
PROFILES = parse_catalogue(ENTRIES)


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleServer]:
    with GoogleServer().running() as server:
        server.lead(monkeypatch)
        yield server
        assert server.faults == []


@pytest.fixture(scope="session")
def account_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return account(tmp_path_factory.mktemp("account"), "http://127.0.0.1:1/token")


@pytest.fixture
def cloud(google: GoogleServer, account_key: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> GoogleServer:
    """The same, with a project and credentials as Google's own library finds them."""
    text = account_key.read_text().replace("http://127.0.0.1:1/token", f"{google.url}/token")
    (tmp_path / "account.json").write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", LOCATION)
    return google


@pytest.fixture
def waits() -> Waits:
    return Waits()


def built(kind: type[Engine], profile: ModelProfile, home: Path, waits: Waits | None = None) -> Engine:
    engine = build(profile, parts(home, GEMINI_API_KEY=KEY))
    assert isinstance(engine, kind)
    return replace(engine, sleep=(waits or Waits()).sleep)
