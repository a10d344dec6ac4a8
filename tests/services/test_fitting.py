"""A character's own weights: checked, kept, and named in the recipe of what is made with them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.services.conftest import PASTE
from tests.services.test_ordering import COUNTING
from tests.services.test_references_made_here import Painter

from samecast.core.errors import BadMedia, InvalidInput, NotFound
from samecast.services.shooting import Order
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

TRAINED = replace(COUNTING, id="trained", loras=True)


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def studio(tmp_path: Path, painter: Painter, astronaut: Path) -> Iterator[Studio]:
    models = {"trained": (TRAINED, painter), "paste": (PASTE, painter)}
    with open_studio(Settings(home=tmp_path / "home"), models) as opened:
        opened.casting.add([astronaut], name="Eileen", description="a woman")
        yield opened


def safetensors(path: Path, header: object = None) -> Path:
    text = json.dumps(header or {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"\0\0\0\0")
    return path


def test_a_lora_goes_into_the_recipe_and_its_bytes_to_the_engine(studio: Studio, painter: Painter, tmp_path: Path):
    file = safetensors(tmp_path / "eileen.safetensors")
    lora = studio.fitting.fit("@Eileen", file, "trained", scale=0.8, word="e1leen")
    assert studio.fitting.of("eileen") == [("trained", lora)]
    order = Order(prompt="@eileen at sea", model="trained", kind="image", takes=1, out=tmp_path / "out")
    shot = studio.shooting.run(studio.shooting.start(studio.shooting.plan(order)))
    recipe = shot.takes[0].recipe
    assert recipe.loras == (lora,)
    assert recipe.compiled.startswith("e1leen, The woman in image 1")
    assert painter.orders[0].files == {lora.sha256: file.read_bytes()}
    assert studio.fitting.unfit("eileen", "trained") == 1
    assert studio.shooting.plan(replace(order, out=None)).shot.takes[0].recipe.loras == ()
    assert studio.shooting.plan_like(Path(shot.takes[0].path or ""), tmp_path / "again").shot.takes[0].recipe == recipe


def test_what_is_no_lora_and_where_none_goes(studio: Studio, tmp_path: Path):
    good = safetensors(tmp_path / "good.safetensors")
    (tmp_path / "pickle.pt").write_bytes(b"\x80\x02}q\x00.")
    for wrong in (tmp_path / "pickle.pt", tmp_path / "nowhere", safetensors(tmp_path / "empty.safetensors", {"x": 1})):
        with pytest.raises(BadMedia):
            studio.fitting.fit("eileen", wrong, "trained")
    with pytest.raises(InvalidInput, match="paste loads no LoRAs"):
        studio.fitting.fit("eileen", good, "paste")
    with pytest.raises(InvalidInput, match="no strength"):
        studio.fitting.fit("eileen", good, "trained", scale=3)
    with pytest.raises(NotFound, match="has no LoRA for trained"):
        studio.fitting.unfit("eileen", "trained")
    with pytest.raises(NotFound):
        studio.fitting.fit("nobody", good, "trained")
