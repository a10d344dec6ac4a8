"""What reaches ComfyUI: the recipe in the workflow's own inputs, as its nodes take it; or one line saying why not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.models.comfyui.nodes import NODES, number
from tests.models.comfyui.server import FakeComfyUI
from tests.models.comfyui.setting import Setting, graph, pictures, posted, said

from samecast.core.errors import InvalidInput
from samecast.core.options import Option
from samecast.core.recipe import Lora
from samecast.models.comfyui.declared import declared_of
from samecast.models.comfyui.workflow import Json, read_workflow


def sent(fake: FakeComfyUI, setting: Setting, shown: int = 0, **changed: Any) -> dict[str, dict[str, Any]]:
    """The inputs of every node, as an order of that many pictures reaches the server."""
    order = setting.order(pictures(shown), **changed)
    return posted(fake, setting.engine().submit(order, f"shot-{len(fake.begun)}.1"))


def refused(setting: Setting, shown: int = 0, **changed: Any) -> str:
    with pytest.raises(InvalidInput) as error:
        setting.engine().submit(setting.order(pictures(shown), **changed), "shot-1.1")
    return said(error.value)


# --- a still and a clip -----------------------------------------------------------------------------------------


def test_a_recipe_is_put_into_the_workflow_and_nothing_else_is_changed(fake: FakeComfyUI, stills: Setting):
    options = (("guidance", "2.5"), ("negative", "rain"), ("steps", "12"))
    inputs = sent(fake, stills, 3, compiled="the woman in image 1", seed=41, options=options, width=928, height=1664)
    before = {node: found["inputs"] for node, found in graph(stills.example).items()}
    assert inputs["111"]["prompt"] == "the woman in image 1"
    assert inputs["110"]["prompt"] == "rain"
    assert (inputs["3"]["seed"], inputs["3"]["steps"], inputs["3"]["cfg"]) == (41, 12, 2.5)
    assert (inputs["112"]["width"], inputs["112"]["height"]) == (928, 1664)
    names = [inputs[node]["image"] for node in ("78", "79", "80")]
    assert set(names) == set(fake.uploads)
    assert len(set(names)) == 3
    changed = {"111": "prompt", "110": "prompt", "3": "seed steps cfg", "112": "width height"}
    for node, found in before.items():
        for name, value in found.items():
            if name not in changed.get(node, "").split() and name != "image":
                assert inputs[node][name] == value, f"{node}.{name}"


def test_a_clips_length_is_put_in_as_frames_on_the_models_own_grid(fake: FakeComfyUI, clips: Setting):
    for seconds, frames in ((1.0, 17), (2.0, 33), (5.0, 81), (4.0625, 65)):
        inputs = sent(fake, clips, 1, seconds=seconds, fps=16)
        assert inputs["40"]["length"] == frames, "4k + 1, and never shorter than asked for"
        assert inputs["68"]["fps"] == 16
    h3 = [5 + 17 * k for k in range(30)]
    fake.nodes["WanVaceToVideo"] = declared_with("WanVaceToVideo", length=number("INT", 124, 5, 3600, 17))
    assert sent(fake, clips, 1, seconds=5.0, fps=24)["40"]["length"] == min(k for k in h3 if k >= 120)


def test_an_option_that_nobody_said_stays_as_the_workflow_has_it(fake: FakeComfyUI, stills: Setting):
    inputs = sent(fake, stills, options=())
    assert (inputs["3"]["steps"], inputs["3"]["cfg"], inputs["110"]["prompt"]) == (40, 4, "")


def test_a_slot_may_fill_several_inputs(fake: FakeComfyUI, stills: Setting):
    stills.slot(prompt=["111.prompt", "110.prompt"], negative=None, references=[["78.image", "79.image"], "80.image"])
    stills.profile = replace(
        stills.profile, references=2, options=tuple(o for o in stills.profile.options if o.name != "negative")
    )
    stills.change(spare="repeat", bypass={})
    inputs = sent(fake, stills, 2, compiled="both")
    assert inputs["110"]["prompt"] == inputs["111"]["prompt"] == "both"
    assert inputs["78"]["image"] == inputs["79"]["image"] != inputs["80"]["image"]


# --- seeds, types, ranges ---------------------------------------------------------------------------------------


def declared_with(kind: str, **inputs: Any) -> dict[str, Any]:
    """What is declared of a class, with other required inputs."""
    before = NODES[kind]
    required = {**before["input"]["required"], **inputs}
    return {**before, "input": {**before["input"], "required": required}}


def test_a_seed_is_folded_into_what_the_node_takes(fake: FakeComfyUI, stills: Setting):
    large = 2**62 + 12345
    assert sent(fake, stills, seed=large)["3"]["seed"] == large
    fake.nodes["KSampler"] = declared_with("KSampler", seed=number("INT", 0, 1, 2**32 - 1))
    seeds = [sent(fake, stills, seed=large + k)["3"]["seed"] for k in range(3)]
    assert all(1 <= seed < 2**32 for seed in seeds)
    assert len(set(seeds)) == 3
    assert sent(fake, stills, seed=7)["3"]["seed"] == 7


@pytest.mark.parametrize(
    ("inputs", "changed", "words"),
    [
        ({"width": number("INT", 512, 16, 1024)}, {}, "takes for width a number from 16 up to 1024, and width is 1328"),
        ({"width": ["BOOLEAN", {}]}, {}, "takes for width true or false, and width is 1328"),
        ({"width": [[512, 768]]}, {}, "takes for width one of 512, 768, and width is 1328"),
        ({"width": number("INT", 512, 2000, 4000)}, {}, "a number from 2000 up to 4000"),
    ],
)
def test_what_a_node_does_not_take_is_one_line(
    fake: FakeComfyUI, stills: Setting, inputs: dict[str, Any], changed: dict[str, Any], words: str
):
    fake.nodes["EmptySD3LatentImage"] = declared_with("EmptySD3LatentImage", **inputs)
    message = refused(stills, **changed)
    assert words in message
    assert "EmptySD3LatentImage (node 112)" in message
    assert (fake.begun, fake.uploads) == ([], {})


def test_options_take_the_type_of_their_input(fake: FakeComfyUI, stills: Setting):
    options = (
        Option(name="sampler", kind="choice", says="S.", choices=("euler", "uni_pc", "heun")),
        Option(name="fast", kind="flag", says="F."),
        Option(name="tiles", kind="choice", says="T.", choices=("1", "2", "3")),
        Option(name="word", kind="number", says="W."),
    )
    stills.profile = replace(stills.profile, options=options)
    stills.slot(negative=None, steps=None, guidance=None)
    stills.slot(sampler="3.sampler_name", fast="3.fast", tiles="3.tiles", word="60.filename_prefix")
    changed = graph(stills.example)
    changed["3"]["inputs"] |= {"fast": False, "tiles": 1}
    stills.write(changed)
    fake.nodes["KSampler"] = declared_with("KSampler", fast=["BOOLEAN", {}], tiles=["COMBO", {"options": [1, 2]}])
    inputs = sent(fake, stills, options=(("fast", "true"), ("sampler", "uni_pc"), ("tiles", "2"), ("word", "0.5")))
    assert (inputs["3"]["fast"], inputs["3"]["sampler_name"], inputs["3"]["tiles"]) == (True, "uni_pc", 2)
    assert inputs["60"]["filename_prefix"] == "0.5"
    assert "one of euler, euler_ancestral, uni_pc, and sampler is heun" in refused(
        stills, options=(("sampler", "heun"),)
    )
    assert "one of 1, 2, and tiles is 3" in refused(stills, options=(("tiles", "3"),))


def test_an_input_that_the_servers_version_lacks_is_named(fake: FakeComfyUI, stills: Setting):
    changed = graph(stills.example)
    changed["3"]["inputs"]["strenght"] = 1
    stills.write(changed)
    stills.slot(guidance="3.strenght")
    assert "KSampler (node 3) takes no input strenght at this ComfyUI" in refused(stills)


def test_a_length_of_broken_seconds_does_not_fit_whole_ones(fake: FakeComfyUI, clips: Setting):
    changed = graph(clips.example)
    changed["68"]["inputs"]["fps"] = 16
    clips.write(changed)
    clips.slot(seconds="58.trim_amount")
    assert "a whole number, and seconds is 2.5" in refused(clips, 1, seconds=2.5, fps=16)
    assert sent(fake, clips, 1, seconds=2.0, fps=16)["58"]["trim_amount"] == 2


def test_a_lora_is_refused(fake: FakeComfyUI, stills: Setting):
    assert "LoRA" in refused(stills, loras=(Lora(sha256="a" * 64),))
    assert fake.asked.count("POST /prompt") == 0


# --- fewer pictures than places ---------------------------------------------------------------------------------


def test_bypassed_places_show_nobody(fake: FakeComfyUI, stills: Setting):
    inputs = sent(fake, stills, 1)
    assert set(inputs) == set(graph(stills.example)) - {"79", "80"}
    for node in ("110", "111"):
        assert inputs[node]["image1"] == ["78", 0]
        assert "image2" not in inputs[node]
        assert "image3" not in inputs[node]
    inputs = sent(fake, stills, 0)
    assert "78" not in inputs
    assert "image1" not in inputs["111"]


def test_repeated_places_show_the_last_picture_again(fake: FakeComfyUI, stills: Setting):
    stills.change(spare="repeat", bypass={})
    inputs = sent(fake, stills, 2)
    assert inputs["79"]["image"] == inputs["80"]["image"] != inputs["78"]["image"]
    assert "example.png" not in [found.get("image") for found in inputs.values()]
    assert "always needs a reference" in refused(stills, 0)


def test_where_the_first_place_is_never_bypassed_somebody_must_be_named(fake: FakeComfyUI, stills: Setting):
    stills.change(bypass={"references": [[], ["79"], ["80"]]})
    assert "79" not in sent(fake, stills, 1)
    assert "Name a character with @" in refused(stills, 0)


CHAIN: dict[str, Any] = {
    "78": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "79": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "21": {
        "class_type": "ImageScaleToTotalPixels",
        "inputs": {"image": ["79", 0], "upscale_method": "lanczos", "megapixels": 1},
    },
    "31": {"class_type": "VAEEncode", "inputs": {"pixels": ["78", 0], "vae": ["39", 0]}},
    "32": {"class_type": "VAEEncode", "inputs": {"pixels": ["21", 0], "vae": ["39", 0]}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "x", "clip": ["38", 0]}},
    "41": {"class_type": "ReferenceLatent", "inputs": {"conditioning": ["6", 0], "latent": ["31", 0]}},
    "42": {"class_type": "ReferenceLatent", "inputs": {"conditioning": ["41", 0], "latent": ["32", 0]}},
}


def chained(setting: Setting, bypass: list[list[str]]) -> None:
    """A workflow that takes its pictures one after the other, as FLUX.2's does."""
    changed = {node: found for node, found in graph(setting.example).items() if node not in ("80", "110", "111")}
    changed |= CHAIN
    changed["3"]["inputs"] |= {"positive": ["42", 0], "negative": ["6", 0]}
    setting.write(changed)
    setting.profile = replace(setting.profile, references=2, options=())
    setting.slot(prompt="6.text", negative=None, steps=None, guidance=None, references=["78.image", "79.image"])
    setting.change(bypass={"references": bypass})


def test_what_a_bypassed_node_passed_on_comes_from_before_it(fake: FakeComfyUI, stills: Setting):
    chained(stills, [["78", "31", "41"], ["79", "21", "32", "42"]])
    assert sent(fake, stills, 2)["3"]["positive"] == ["42", 0]
    inputs = sent(fake, stills, 1)
    assert inputs["3"]["positive"] == ["41", 0]
    assert {"79", "21", "32", "42"} & set(inputs) == set()
    inputs = sent(fake, stills, 0)
    assert inputs["3"]["positive"] == ["6", 0]
    assert inputs["3"]["negative"] == ["6", 0]


def test_an_optional_input_goes_with_its_source(fake: FakeComfyUI, stills: Setting):
    chained(stills, [[], ["79", "21", "32"]])
    inputs = sent(fake, stills, 1)
    assert inputs["3"]["positive"] == ["42", 0]
    assert inputs["42"] == {"conditioning": ["41", 0]}


def test_a_node_that_would_miss_something_is_named_instead_of_guessed(fake: FakeComfyUI, stills: Setting):
    chained(stills, [[], ["79"]])
    message = refused(stills, 1)
    assert "Without LoadImage (node 79), ImageScaleToTotalPixels (node 21) would miss its image" in message
    assert "Name node 21 in the entry's bypass too" in message


def test_a_node_with_two_alike_inputs_stands_for_neither(fake: FakeComfyUI, stills: Setting):
    chained(stills, [[], ["79", "21", "32", "42", "50"]])
    changed = {node: {"class_type": n.kind, "inputs": dict(n.inputs)} for node, n in reading(stills).items()}
    changed["50"] = {
        "class_type": "ConditioningCombine",
        "inputs": {"conditioning_1": ["42", 0], "conditioning_2": ["6", 0]},
    }
    changed["3"]["inputs"]["positive"] = ["50", 0]
    stills.write(changed)
    assert "ConditioningCombine (node 50) takes 2 inputs of the type CONDITIONING" in refused(stills, 1)
    changed["50"]["inputs"]["conditioning_2"] = ["41", 0]
    stills.write(changed)
    assert sent(fake, stills, 1)["3"]["positive"] == ["41", 0], "both come from one source in the end"


def test_a_batch_of_pictures_is_the_pictures_that_there_are(fake: FakeComfyUI, stills: Setting):
    chained(stills, [[], ["79", "50"]])
    changed = {node: {"class_type": n.kind, "inputs": dict(n.inputs)} for node, n in reading(stills).items()}
    for node in ("21", "32", "42"):
        del changed[node]
    changed["50"] = {"class_type": "ImageBatch", "inputs": {"image1": ["78", 0], "image2": ["79", 0]}}
    changed["31"]["inputs"]["pixels"] = ["50", 0]
    changed["3"]["inputs"]["positive"] = ["41", 0]
    stills.write(changed)
    assert sent(fake, stills, 2)["31"]["pixels"] == ["50", 0]
    assert sent(fake, stills, 1)["31"]["pixels"] == ["78", 0]


def reading(setting: Setting) -> Any:
    return read_workflow(Path(setting.home) / f"{setting.example}.json")


# --- first and last frames --------------------------------------------------------------------------------------


def framed(clips: Setting, **bypass: list[str]) -> None:
    """The clip example with a first frame beside its reference."""
    changed = graph(clips.example)
    changed["31"] = {"class_type": "LoadImage", "inputs": {"image": "example.png"}}
    changed["40"]["inputs"]["control_video"] = ["31", 0]
    clips.write(changed)
    clips.profile = replace(clips.profile, first_frame=True)
    clips.slot(first_frame="31.image")
    clips.change(bypass={"references": [["30"]], **bypass})


def test_a_first_frame_goes_where_it_is_taken(fake: FakeComfyUI, clips: Setting):
    framed(clips)
    order = clips.order(pictures(1))
    (shown, frame), sha256 = pictures(2), "f" * 64
    order = replace(
        order,
        recipe=replace(order.recipe, first_frame=sha256),
        references={**order.references, sha256: frame},
    )
    inputs = posted(fake, clips.engine().submit(order, "shot-1.1"))
    assert inputs["31"]["image"] != inputs["30"]["image"]
    assert {inputs["31"]["image"], inputs["30"]["image"]} == set(fake.uploads)
    assert shown is not frame


def test_without_a_first_frame_its_nodes_go_or_it_is_asked_for(fake: FakeComfyUI, clips: Setting):
    framed(clips)
    assert "needs a first frame, and none was given. Give it with --first-frame" in refused(clips, 1)
    framed(clips, first_frame=["31"])
    inputs = sent(fake, clips, 1)
    assert "31" not in inputs
    assert "control_video" not in inputs["40"]


# --- inputs within inputs ---------------------------------------------------------------------------------------


def test_inputs_that_grow_are_known_by_their_full_names():
    declared = declared_of(NODES["MiniMaxH3ReferenceToVideo"])
    first = declared.input("ref_images.ref_image_0")
    assert first is not None
    assert (first.kind, first.required) == ("IMAGE", False)
    for name in ("ref_images.ref_image_x", "ref_images.other", "ref_images", "nothing.at_all"):
        found = declared.input(name)
        assert found is None or found.kind == "COMFY_AUTOGROW_V3", name
    saver = declared_of(NODES["SaveVideo"])
    assert saver.input("format.codec.crf") is not None
    assert saver.input("format.other") is None


def test_the_first_of_what_grows_may_be_required():
    template: Json = {"input": {"required": {"image": ["IMAGE"]}}, "names": ["a", "b", "c"], "min": 2}
    declared = declared_of({"input": {"required": {"images": ["COMFY_AUTOGROW_V3", {"template": template}]}}})
    assert [declared.input(f"images.{name}").required for name in "abc"] == [True, True, False]  # type: ignore[union-attr]


def test_pictures_of_a_growing_input_are_bypassed_from_the_end(fake: FakeComfyUI, clips: Setting):
    changed = {
        node: found for node, found in graph(clips.example).items() if node not in ("20", "21", "30", "40", "58")
    }
    changed |= {str(node): {"class_type": "LoadImage", "inputs": {"image": "x"}} for node in (30, 31, 32)}
    grown = {f"ref_images.ref_image_{number}": [str(30 + number), 0] for number in range(3)}
    changed["40"] = {
        "class_type": "MiniMaxH3ReferenceToVideo",
        "inputs": {
            "clip": ["12", 0],
            "prompt": "",
            "width": 832,
            "height": 480,
            "length": 124,
            "ref_image_size": "match",
        }
        | {"vae": ["13", 0]}
        | grown,
    }
    changed["3"]["inputs"] |= {"positive": ["40", 0], "negative": ["40", 0], "latent_image": ["40", 1]}
    changed["8"]["inputs"]["samples"] = ["3", 0]
    clips.write(changed)
    clips.profile = replace(clips.profile, references=3, options=(), max_characters=3)
    clips.slot(prompt="40.prompt", negative=None, steps=None, strength=None)
    clips.slot(references=["30.image", "31.image", "32.image"])
    clips.change(bypass={"references": [["30"], ["31"], ["32"]]})
    inputs = sent(fake, clips, 2, seconds=5.0, fps=16)
    assert [name for name in inputs["40"] if name.startswith("ref_images")] == [*grown][:2]
    assert inputs["40"]["length"] == 90
