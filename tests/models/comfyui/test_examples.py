"""The examples of docs/models-comfyui.md: added as a user adds them, they fit what ComfyUI declares, and shoot."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image
from tests.models.comfyui.nodes import NODES
from tests.models.comfyui.server import FakeComfyUI
from tests.models.comfyui.setting import EXAMPLES, QWEN, VACE, Setting, graph

from samecast.cli import run
from samecast.core.recipe import recipe_from_json
from samecast.media.provenance import recipe_in
from samecast.models.comfyui.declared import declared_of
from samecast.models.comfyui.mapping import read_map
from samecast.models.comfyui.workflow import read_workflow
from samecast.wiring import open_studio

DOCS = Path(__file__).resolve().parents[3] / "docs" / "models-comfyui.md"


@pytest.mark.parametrize("example", [QWEN, VACE])
def test_every_node_and_input_is_one_that_comfyui_declares(example: str, tmp_path: Path):
    setting = Setting(home=tmp_path, url="http://127.0.0.1:9", example=example)
    how = read_map(setting.profile, EXAMPLES)
    workflow = read_workflow(how.workflow)
    for node, found in workflow.items():
        declared = declared_of(NODES[found.kind])
        for name, value in found.inputs.items():
            form = declared.input(name)
            assert form is not None, f"{node}.{name}"
            if isinstance(value, int | float):
                assert form.least is None or value >= form.least
                assert form.most is None or value <= form.most
            if form.choices is not None:
                assert value in form.choices, f"{node}.{name}"
        required = {name for name, form in declared.inputs.items() if form.required}
        assert required <= set(found.inputs)
        for name, link in found.links.items():
            form = declared.input(name)
            assert form is not None
            assert declared_of(NODES[workflow[link.node].kind]).output(link.output) == form.kind, f"{node}.{name}"
    assert len(how.references) == setting.profile.references


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMECAST_HOME", str(tmp_path / "home"))
    return tmp_path


def samecast(capsys: pytest.CaptureFixture[str], *command: str) -> Any:
    """A command's JSON."""
    status = run(open_studio, [*command, "--json"])
    out, err = capsys.readouterr()
    assert status == 0, err
    return json.loads(out)


def test_an_example_is_added_and_shot_with_from_the_command_line(
    fake: FakeComfyUI, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COMFYUI_URL", fake.url)
    Image.fromarray(skimage.data.astronaut()).save(home / "mira.png")
    samecast(capsys, "models", "add", os.path.relpath(EXAMPLES / f"{QWEN}.toml"))
    samecast(capsys, "cast", "add", str(home / "mira.png"), "--name", "Mira", "--description", "a woman")
    shot = ["shoot", "@mira waits in the rain", "--model", "comfy-qwen-edit", "--image", "--takes", "1"]
    told = samecast(capsys, *shot, "--out", str(home / "out"), "--option", "steps=8", "--aspect", "16:9")
    (take,) = told["takes"]
    (prompt,) = fake.prompts.values()
    assert prompt["111"]["inputs"]["prompt"] == "The woman in image 1 waits in the rain"
    assert prompt["3"]["inputs"]["steps"] == 8
    assert (prompt["112"]["inputs"]["width"], prompt["112"]["inputs"]["height"]) == (1664, 928)
    assert prompt["78"]["inputs"]["image"] in fake.uploads
    assert "79" not in prompt
    text = recipe_in(Path(take["path"]))
    assert text is not None
    recipe = recipe_from_json(text)
    assert recipe.seed == prompt["3"]["inputs"]["seed"] == take["seed"]
    assert recipe.engine_version.startswith("1-")


def test_the_page_shows_what_the_examples_have():
    page = DOCS.read_text()
    for example in (QWEN, VACE):
        assert f"examples/comfyui/{example}.toml" in page
        assert f"examples/comfyui/{example}.json" in page
    entry = (EXAMPLES / f"{QWEN}.toml").read_text()
    block = entry[entry.index("[model.setup]") :].strip()
    assert block in page, "the page shows another setup than the example has"
    for node in graph(QWEN):
        assert node.isdecimal()
