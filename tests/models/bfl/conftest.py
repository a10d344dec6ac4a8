"""Black Forest Labs on the loopback for each test, and a desk to order from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.models.bfl.bfl_server import SECRET, BflServer
from tests.models.provider.desk import Desk, Time, stated

from samecast.models.bfl import BflEngine, build
from samecast.models.catalogue import parse_catalogue
from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts

BflDesk: TypeAlias = Desk[BflServer, BflEngine]

ENTRIES = """
[[model]]
id = "flex"
aspects = ["1:1", "16:9"]
still_sizes = { "1:1" = "1024x1024", "16:9" = "1280x720" }
characters = 8
references = 8
edits = true
mentions = { picture = "image {n}", first = "the {noun} from {pictures}", again = "the {noun}" }
options.steps = { kind = "whole", says = "Steps.", least = 1, most = 50 }
options.guidance = { kind = "number", says = "Guidance.", least = 1.5, most = 10 }
options.safety_tolerance = { kind = "whole", says = "Moderation.", least = 0, most = 5 }
setup.path = "v1/flux-2-flex"
setup.images = "numbered"
setup.sized = true
setup.seed = true
setup.fixed = { output_format = "png" }

[[model]]
id = "flux3"
aspects = ["1:1", "16:9"]
characters = 10
references = 10
edits = true
mentions = { picture = "image {n}", first = "the {noun} from {pictures}", again = "the {noun}" }
options.grounding = { kind = "flag", says = "Searches the web first." }
setup = { path = "v1/flux-3-image", images = "list", least = 256, longest = 2048, fixed = { resolution = "1k" } }
"""
MODELS = parse_catalogue(stated("bfl", ENTRIES))


def made(profile: ModelProfile, parts: Parts, time: Time) -> BflEngine:
    return BflEngine(profile, parts, sleep=time.sleep, clock=time.clock)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BflDesk]:
    with BflServer().strict(monkeypatch) as server:
        yield Desk.at(server, tmp_path, MODELS, build, made, BFL_API_KEY=SECRET)
