"""From takes made here to a model: counted by the library, told per accepted take, and followed by `auto`."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.services.conftest import PASTE
from tests.services.test_references_made_here import IMAGINE, Painter, anew, nobody

from samecast.cli import run
from samecast.services.shooting import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

GOOD = replace(IMAGINE, id="good", name="Good")
POOR = replace(IMAGINE, id="poor", name="Poor")


@pytest.fixture
def painters() -> dict[str, Painter]:
    return {"good": Painter(lambda order: anew(order.recipe.seed)), "poor": Painter(lambda order: nobody())}


@pytest.fixture
def studio(tmp_path: Path, painters: dict[str, Painter]) -> Iterator[Studio]:
    models = {"poor": (POOR, painters["poor"]), "good": (GOOD, painters["good"]), "paste": (PASTE, painters["good"])}
    with open_studio(Settings(home=tmp_path / "home"), models) as opened:
        yield opened


def shoot(studio: Studio, model: str, out: Path, takes: int = 5) -> None:
    order = Order(prompt="@eileen by the sea", model=model, kind="image", takes=takes, out=out / model)
    studio.shooting.run(studio.shooting.start(studio.shooting.plan(order)))


def test_models_are_compared_by_what_was_made_and_auto_follows(
    studio: Studio, tmp_path: Path, astronaut: Path, capsys: pytest.CaptureFixture[str]
):
    studio.casting.add([astronaut], name="Eileen")
    asked = studio.shooting.ask(Order(prompt="@eileen by the sea", kind="image"))
    before = studio.comparing.choose(asked)
    assert (before.model, "Too few takes" in before.why) == ("poor", True)
    for model in ("poor", "good", "paste"):
        shoot(studio, model, tmp_path)
    records = {record.model: record for record in studio.comparing.of("@eileen")}
    assert (records["good"].judged, records["good"].matched) == (5, 5)
    assert (records["poor"].judged, records["poor"].matched) == (5, 0)
    assert records["paste"].by_design
    assert records["poor"].seconds_each is None
    assert list(records)[-1] == "paste"
    after = studio.comparing.choose(asked)
    assert after.model == "good"
    assert "5 of 5 judged takes matched" in after.why
    assert run(lambda: studio, ["models", "compare", "@eileen", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["models"]
    assert told[0]["model"] == "good"
    assert told[0]["seconds_per_accepted"] > 0


def test_auto_passes_over_what_is_not_ready_and_cannot_do_it(studio: Studio, painters: dict[str, Painter]):
    order = Order(prompt="a lighthouse", kind="image")
    assert studio.comparing.choose(studio.shooting.ask(order)).model == "poor"

    painters["poor"].keyless = True
    assert studio.comparing.choose(studio.shooting.ask(order)).model == "good"
    clip = studio.shooting.ask(Order(prompt="a lighthouse", kind="video"))
    assert studio.comparing.choose(clip).model == "storyboard"
