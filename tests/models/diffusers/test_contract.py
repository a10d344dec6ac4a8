"""Every family passes the suite that all engines share, on weights of no size."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

from tests.models.diffusers.making import Shelf

from samecast.core.options import Option
from samecast.ports import Picture
from samecast.ports.contract import check_engine

WAN = ("wan-vace", "wan-i2v", "wan21-i2v", "wan-animate")


@pytest.mark.parametrize(
    "name",
    [
        "flux2-klein",
        "flux2-klein-kv",
        "flux2",
        "flux3",
        "flux3-distilled",
        "kontext",
        "qwen-edit",
        "sdxl",
        "sd15",
        "ltx2",
        "minimax-h3",
        *WAN,
    ],
)
def test_it_keeps_the_contract(shelf: Shelf, pictures: list[Picture], name: str):
    if name in WAN:
        pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    profile = shelf.profile(name)
    if name == "wan-animate":
        shelf.motion("walk", 12)
        motion = Option(name="motion", kind="text", says="Which.", default="walk")
        profile = replace(profile, options=(motion,))
    # A clip that begins with a given picture begins alike whatever its seed: so this one begins with none.
    check_engine(lambda: shelf.engine(profile), profile, [] if name == "ltx2" else pictures[:1])
