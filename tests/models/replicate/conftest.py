"""Replicate on the loopback for each test, and a desk to order from it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.models.provider.desk import Desk, Time, stated
from tests.models.replicate.provider import OLDER, TOKEN, ReplicateServer

from samecast.models.catalogue import parse_catalogue
from samecast.models.replicate import build
from samecast.models.replicate.engine import Replicate
from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts

ReplicateDesk: TypeAlias = Desk[ReplicateServer, Replicate]

ENTRIES = """
[[model]]
id = "far"
aspects = ["4:5", "16:9"]
references = 4
mentions = {}
still_sizes = { "4:5" = "896x1120", "16:9" = "1344x752" }
[model.options.safety_tolerance]
kind = "whole"
says = "How much passes."
least = 1
most = 5
default = 2
[model.setup]
model = "black-forest-labs/flux-2-pro"
references = "input_images"
aspect = "aspect_ratio"
seed = "seed"
extra = { output_format = "png" }
"""
FAR = parse_catalogue(stated("replicate", ENTRIES))["far"]
MODELS = {
    "far": FAR,
    "far-clips": replace(FAR, id="far-clips", kinds=("video",), max_seconds=8.0, lengths=(8.0,)),
    "pinned": replace(FAR, setup={**FAR.setup, "version": OLDER}),
}


def made(profile: ModelProfile, parts: Parts, time: Time) -> Replicate:
    return Replicate(profile, parts.keys, sleep=time.sleep, clock=time.clock, seconds=10.0)


def desk_of(server: ReplicateServer, home: Path) -> ReplicateDesk:
    return Desk.at(server, home, MODELS, build, made, REPLICATE_API_TOKEN=TOKEN)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ReplicateDesk]:
    with ReplicateServer().strict(monkeypatch) as server:
        yield desk_of(server, tmp_path)
