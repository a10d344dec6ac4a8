"""fal on the loopback for each test, and a desk to order from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.models.fal.provider import KEY, FalServer
from tests.models.provider.desk import Desk, Time, stated

from samecast.models.catalogue import parse_catalogue
from samecast.models.fal import build
from samecast.models.fal.engine import Fal
from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts

FalDesk: TypeAlias = Desk[FalServer, Fal]

ENTRIES = """
[[model]]
id = "far"
aspects = ["4:5", "16:9"]
references = 4
mentions = {}
still_sizes = { "4:5" = "896x1120", "16:9" = "1344x752" }
[model.options.safety_tolerance]
kind = "choice"
says = "How much passes."
choices = ["1", "2"]
default = "2"
[model.setup]
app = "fal-ai/flux-2-pro/edit"
references = "image_urls"
size = "image_size"
seed = "seed"
extra = { output_format = "png" }

[[model]]
id = "far-clips"
kinds = ["video"]
aspects = ["16:9", "9:16"]
seconds = 8
lengths = [8]
references = 3
mentions = {}
[model.setup]
app = "fal-ai/veo3.1/reference-to-video"
references = "image_urls"
aspect = "aspect_ratio"
seconds = { field = "duration", form = "{s}s" }
extra = { resolution = "720p", generate_audio = true }
"""
MODELS = parse_catalogue(stated("fal", ENTRIES))


def made(profile: ModelProfile, parts: Parts, time: Time) -> Fal:
    return Fal(profile, parts.keys, sleep=time.sleep, seconds=10.0)


def desk_of(server: FalServer, home: Path) -> FalDesk:
    return Desk.at(server, home, MODELS, build, made, FAL_KEY=KEY)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FalDesk]:
    with FalServer().strict(monkeypatch) as server:
        yield desk_of(server, tmp_path)
