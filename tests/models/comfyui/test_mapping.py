"""A wrong entry or workflow is told in one line before anything is asked of anybody."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.models.comfyui.setting import QWEN, VACE, FakeKeys, Setting, graph, said

from samecast.core.errors import InvalidInput, MissingPart, NotFound, SamecastError
from samecast.core.options import Option
from samecast.models.comfyui import engine as engines
from samecast.models.comfyui.mapping import url_of
from samecast.models.comfyui.workflow import read_workflow


@pytest.fixture
def stills(tmp_path: Path) -> Setting:
    """The picture example; there is no server anywhere."""
    return Setting(home=tmp_path, url="http://127.0.0.1:9")


@pytest.fixture
def clips(tmp_path: Path) -> Setting:
    return Setting(home=tmp_path, url="http://127.0.0.1:9", example=VACE)


def refused(setting: Setting) -> str:
    with pytest.raises(SamecastError) as error:
        setting.engine().check()
    with pytest.raises(type(error.value)):
        assert setting.engine().version
    return said(error.value)


def test_the_examples_are_right(stills: Setting, clips: Setting):
    for setting in (stills, clips):
        setting.engine().check()
        assert setting.engine().version.startswith("1-")


# --- the file ---------------------------------------------------------------------------------------------------


def test_a_missing_workflow_is_named_with_its_path(stills: Setting):
    (stills.home / f"{QWEN}.json").unlink()
    with pytest.raises(NotFound) as error:
        stills.engine().check()
    assert f"{stills.home / QWEN}.json cannot be read" in said(error.value)


def test_the_form_that_comfyui_saves_for_itself_is_recognised(stills: Setting):
    saved = {"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler", "pos": [1, 2]}], "links": [], "version": 0.4}
    stills.write(saved)
    message = refused(stills)
    assert "as ComfyUI saves it for itself" in message
    assert "File > Export Workflow (API)" in message
    assert "Save (API)" in message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"3": 4}',
        '{"3": {"class_type": "KSampler"}}',
        '{"3": {"class_type": 3, "inputs": {}}}',
        '{"prompt": {"3": {"class_type": "KSampler", "inputs": {}}}}',
        "[" * 100_000,
        '{"3": {"class_type": "K", "inputs": {"x": ' + "9" * 5000 + "}}}",
    ],
    ids=range(11),
)
def test_what_is_no_workflow_is_told_how_to_export_one(stills: Setting, text: str):
    (stills.home / f"{QWEN}.json").write_text(text)
    message = refused(stills)
    assert f"{QWEN}.json" in message
    assert "Export Workflow (API)" in message


def test_a_link_to_nowhere_is_named(stills: Setting):
    changed = graph(QWEN)
    del changed["39"]
    stills.write(changed)
    assert '"Prompt" (TextEncodeQwenImageEditPlus, node 111) of qwen-image-edit.json takes vae from node 39' in refused(
        stills
    )


def test_a_workflow_may_lie_in_the_home_or_anywhere(stills: Setting, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(stills.home / f"{QWEN}.json", elsewhere / "mine.json")
    stills.change(workflow=str(elsewhere / "mine.json"))
    stills.engine().check()
    stills.change(workflow="elsewhere/mine.json")
    stills.engine().check()
    assert set(read_workflow(elsewhere / "mine.json")) == set(graph(QWEN))


# --- the map ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        ({"prompt": "200.prompt"}, "slots.prompt names node 200, and the workflow has none of that id"),
        (
            {"prompt": "111.text"},
            'names the input text of "Prompt" (TextEncodeQwenImageEditPlus, node 111), which has: ',
        ),
        ({"prompt": "111"}, 'slots.prompt must say a node and its input, such as "6.text"'),
        ({"prompt": 111}, "slots.prompt must say a node and its input"),
        ({"prompt": []}, "slots.prompt is empty"),
        ({"prompt": None}, "slots has no prompt, so nothing would be asked for"),
        ({"seed": None}, "slots has no seed, so all takes would be one and the same"),
        ({"steps": None}, "its option steps has no slot"),
        ({"stesp": "3.steps"}, "slots has stesp, which is neither a slot nor one of its options"),
        ({"references": "78.image"}, "slots.references must be a list"),
        (
            {"references": ["111.image1", "79.image", "80.image"]},
            'takes its picture from "Reference 1" (LoadImage, node 78)',
        ),
        ({"references": ["78.image"]}, "it must say references = 1"),
        ({"first_frame": "78.image"}, "slots.first_frame and first_frame = true go together"),
    ],
)
def test_a_wrong_slot_is_named(stills: Setting, slots: dict[str, Any], words: str):
    stills.slot(**slots)
    message = refused(stills)
    assert words in message
    assert "'comfy-qwen-edit'" in message
    assert "docs/models-comfyui.md" in message


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ({"slots": None}, "setup needs the table slots"),
        ({"workflow": 3}, "setup needs the text workflow"),
        ({"workflow": ""}, "setup needs the text workflow"),
        ({"wrokflow": "x"}, "setup has no key wrokflow"),
        ({"token": "yes"}, "token must be true or false"),
        ({"outputs": ["61"]}, "outputs names node 61"),
        ({"outputs": "60"}, "outputs must be a list of node ids in quotes"),
        ({"outputs": [60]}, "outputs must be a list of node ids in quotes"),
        ({"spare": "drop"}, 'spare must be "repeat" or "bypass"'),
        ({"spare": "repeat"}, 'bypass.references is for spare = "bypass"'),
        ({"bypass": {}}, "must have one list of nodes for each of slots.references"),
        ({"bypass": {"references": [["78"], [], ["80"]]}}, "may be empty only for the first picture"),
        ({"bypass": {"references": [["78"], ["66"], ["80"]]}}, "bypass.references leaves node 79"),
        ({"bypass": {"references": [["78"], ["79", "60"], ["80"]]}}, "drops node 60, which is one of outputs"),
        ({"bypass": {"references": [["78"], ["79", "99"], ["80"]]}}, "bypass.references names node 99"),
        ({"bypass": {"referneces": []}}, "bypass has the lists references, first_frame and last_frame"),
        (
            {"bypass": {"references": [["78"], ["79"], ["80"]], "last_frame": ["37"]}},
            "bypass has last_frame, and slots does not",
        ),
    ],
)
def test_a_wrong_key_of_the_setup_is_named(stills: Setting, setup: dict[str, Any], words: str):
    stills.change(**setup)
    assert words in refused(stills)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"resource": "cpu"}, 'it needs a resource, such as resource = "comfyui"'),
        ({"kinds": ("image", "video")}, "give each an entry of its own"),
        ({"references": None}, "it must say references = 3"),
        ({"references": 4}, "it must say references = 3"),
        ({"mentioning": None}, "it has no mentions"),
        ({"first_frame": True}, "slots.first_frame and first_frame = true go together"),
        ({"options": (Option(name="seed", kind="whole", says="S."),)}, "slots has negative, which is neither"),
    ],
)
def test_an_entry_that_does_not_fit_its_workflow_is_told_so(stills: Setting, changed: dict[str, Any], words: str):
    stills.profile = replace(stills.profile, **changed)
    assert words in refused(stills)


def test_an_option_may_not_take_a_slots_name(stills: Setting):
    stills.profile = replace(
        stills.profile, options=(*stills.profile.options, Option(name="width", kind="whole", says="W."))
    )
    assert "an option cannot be called width, which is a slot" in refused(stills)


# --- the server's address, the packages, the token --------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8188",
        "ftp://here",
        "http://",
        "http://user:secret@here:8188",
        "http://here:0",
        "http://here?x=1",
        3,
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(stills: Setting, url: object):
    stills.change(url=url)
    message = refused(stills)
    assert "must be http or https" in message
    assert "secret" not in message


def test_the_address_is_this_machines_where_nobody_says_another(stills: Setting, monkeypatch: pytest.MonkeyPatch):
    stills.profile = replace(
        stills.profile, setup={key: value for key, value in stills.profile.setup.items() if key != "url"}
    )
    assert url_of(stills.profile) == "http://127.0.0.1:8188"
    stills.change(url="https://example.test/comfy/")
    assert url_of(stills.profile) == "https://example.test/comfy"
    monkeypatch.setenv("COMFYUI_URL", "http://192.168.0.7:8188")
    assert url_of(stills.profile) == "http://192.168.0.7:8188"


@pytest.mark.parametrize("missing", ["httpx2", "websocket"])
def test_a_missing_package_is_named_with_its_extra(stills: Setting, monkeypatch: pytest.MonkeyPatch, missing: str):
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(MissingPart) as error:
        stills.engine().check()
    assert "pip install 'samecast[comfyui]'" in error.value.hint


def test_a_check_asks_nobody(stills: Setting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it asked somebody"))
    stills.change(token=True)
    stills.keys = FakeKeys({"COMFYUI_TOKEN": "t"})
    stills.engine().check()
    assert stills.engine().version


def test_node_ids_of_subgraphs_and_inputs_with_dots_are_read(clips: Setting):
    text = json.dumps(graph(VACE)).replace('"40"', '"57:40"').replace('"reference_image"', '"ref_images.ref_image_0"')
    clips.write(json.loads(text))
    clips.slot(width="57:40.width", height="57:40.height", frames="57:40.length", strength="57:40.strength")
    clips.engine().check()
    clips.slot(strength="57:40.ref_images.ref_image_1")
    with pytest.raises(InvalidInput, match=r"ref_images\.ref_image_1"):
        clips.engine().check()
