"""OpenAI on the loopback for each test, and a desk to order from it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.models.openai.server import KEY, OpenAIServer
from tests.models.provider.desk import Desk, Time, stated

from samecast.models.catalogue import parse_catalogue
from samecast.models.openai import OpenAIImages, build
from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts

pytest.importorskip("openai", reason="the extra [openai] is not installed")

OpenAIDesk: TypeAlias = Desk[OpenAIServer, OpenAIImages]

ENTRIES = """
[[model]]
id = "gpt-image"
aspects = ["16:9", "1:1"]
references = 16
mentions = { picture = "image {n}", first = "the {noun} in {pictures}" }
edits = true
still_sizes = { "16:9" = "1536x864", "1:1" = "1024x1024" }
[model.options]
quality = { kind = "choice", choices = ["low", "high"], default = "low", says = "How good." }
input_fidelity = { kind = "choice", choices = ["low", "high"], says = "How close." }
output_compression = { kind = "whole", least = 0, most = 100, says = "How small." }
[model.setup]
model = "gpt-image-1.5"
edit_only = ["input_fidelity"]
"""
MODELS = parse_catalogue(stated("openai", ENTRIES))


def made(profile: ModelProfile, parts: Parts, time: Time) -> OpenAIImages:
    engine = build(profile, parts)
    assert isinstance(engine, OpenAIImages)
    return replace(engine, sleep=time.sleep)


def desk_of(server: OpenAIServer, home: Path) -> OpenAIDesk:
    return Desk.at(server, home, MODELS, build, made, OPENAI_API_KEY=KEY)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OpenAIDesk]:
    with OpenAIServer().strict(monkeypatch) as server:
        yield desk_of(server, tmp_path)
