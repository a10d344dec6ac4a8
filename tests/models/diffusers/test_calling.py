"""What pipelines are called with, where they cannot be run here, or where nothing else shows it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

from tests.models.diffusers.making import ordered
from tests.models.diffusers.test_families import arguments_of
from tests.models.diffusers.test_fetching import PROFILE

from samecast.core.errors import InvalidInput
from samecast.core.options import Option
from samecast.models.diffusers.calling import Call, Calling
from samecast.models.diffusers.families import family_of
from samecast.models.diffusers.motions import Motions
from samecast.models.diffusers.setup import Setup
from samecast.ports import ModelProfile, Picture, Render
from samecast.ports.contract import check_error


def call(profile: ModelProfile, pipeline: str, given: list[Picture], /, **more: Any) -> Call:
    """How that class would be called; `more` are fields of the recipe, and of its setup under `setup`."""
    arguments = arguments_of(pipeline)
    setup = Setup(folder="x", **more.pop("setup", {}))
    family = family_of(pipeline, setup.family)
    calling = Calling(
        profile=profile, setup=setup, family=family, takes=arguments.__contains__, motions=Motions(Path("none"))
    )
    recipe, references = ordered(profile, given, **more)
    called = calling.of(Render(recipe=recipe, references=references))
    assert set(called.arguments) <= arguments
    return called


STILL = replace(PROFILE, aspects=((4, 3),), still_sizes={(4, 3): (1000, 750)})
CLIP = replace(
    PROFILE, kinds=("video",), aspects=((4, 3),), clip_sizes={(4, 3): (992, 744)}, max_seconds=15, fps=24, setup={}
)


def test_minimax_h3_is_shown_its_references_in_order(pictures: list[Picture]):
    from diffusers.modular_pipelines.minimax_h3.references import MiniMaxH3ImageReference

    called = call(CLIP, "MiniMaxH3ModularPipeline", pictures, seconds=5.0)
    shown = called.arguments["references"]
    assert isinstance(shown, list)
    assert all(isinstance(entry, MiniMaxH3ImageReference) for entry in shown)
    assert [np.array_equal(np.asarray(entry.image), given.rgb) for entry, given in zip(shown, pictures, strict=True)]
    assert (called.arguments["width"], called.arguments["height"]) == (992, 768)
    assert called.arguments["num_frames"] == 124
    assert "image" not in called.arguments


def test_minimax_h3_begins_and_ends_with_frames_of_the_clip_s_shape(pictures: list[Picture]):
    recipe, _ = ordered(CLIP, pictures)
    first, last, _ = recipe.pictures
    called = call(
        CLIP, "MiniMaxH3ModularPipeline", pictures, first_frame=first, last_frame=last, pictures=(), members=()
    )
    assert called.arguments["image"].size == called.arguments["last_image"].size == (992, 768)  # type: ignore[attr-defined]


def test_ltx2_is_given_both_ends_as_conditions(pictures: list[Picture]):
    recipe, _ = ordered(CLIP, pictures)
    first, last, _ = recipe.pictures
    called = call(CLIP, "LTX2ConditionPipeline", pictures, first_frame=first, last_frame=last, seconds=4.0)
    assert [(entry.index, entry.frames.size) for entry in called.arguments["conditions"]] == [  # type: ignore[attr-defined]
        (0, (992, 768)),
        (-1, (992, 768)),
    ]
    assert called.arguments["frame_rate"] == 24.0
    assert called.arguments["num_frames"] == 97


def test_kontext_is_told_the_area_it_would_else_choose(pictures: list[Picture]):
    called = call(STILL, "FluxKontextPipeline", pictures[:1])
    assert called.arguments["max_area"] == 1008 * 752


def test_what_an_edit_starts_from_comes_first_and_counts_only_once(pictures: list[Picture]):
    recipe, references = ordered(STILL, pictures)
    edited = recipe.pictures[2]
    for given in ((edited, *recipe.pictures[:2]), ()):
        called = call(STILL, "Flux2KleinPipeline", pictures, edited=edited, pictures=given)
        shown = called.arguments["image"]
        assert isinstance(shown, list)
        assert len(shown) == 3
        assert np.array_equal(np.asarray(shown[0]), references[edited].rgb)


def test_options_become_what_they_stand_for(pictures: list[Picture]):
    kinds = {"steps": "whole", "guidance": "number", "enable_prompt_enhancement": "flag", "negative": "text"}
    forms = tuple(Option(name=name, kind=kind, says="It.") for name, kind in kinds.items())  # type: ignore[arg-type]
    given = (("enable_prompt_enhancement", "true"), ("guidance", "2.5"), ("negative", "rain"), ("steps", "7"))
    called = call(replace(CLIP, options=forms), "LTX2ConditionPipeline", pictures, options=given)
    wanted = {"num_inference_steps": 7, "guidance_scale": 2.5, "negative_prompt": "rain"}
    assert {name: called.arguments[name] for name in wanted} == wanted
    assert called.arguments["enable_prompt_enhancement"] is True


def test_a_recipe_s_options_come_before_the_entry_s_defaults_and_its_call_after_all(pictures: list[Picture]):
    setup = {"defaults": {"steps": 9, "guidance": 3.0}, "call": {"max_sequence_length": 64}}
    form = (Option(name="steps", kind="whole", says="It."),)
    called = call(replace(STILL, options=form), "Flux2Pipeline", pictures, options=(("steps", "5"),), setup=setup)
    assert called.arguments["num_inference_steps"] == 5
    assert called.arguments["guidance_scale"] == 3.0
    assert called.arguments["max_sequence_length"] == 64


@pytest.mark.parametrize("pipeline", ["QwenImageEditPlusPipeline", "WanAnimatePipeline"])
def test_a_model_that_only_refers_says_so(pipeline: str):
    profile = CLIP if "Animate" in pipeline else STILL
    with pytest.raises(InvalidInput, match="makes nothing without a reference") as caught:
        call(profile, pipeline, [])
    check_error(caught.value)


def test_a_pipeline_that_nobody_described_is_called_plainly(pictures: list[Picture]):
    called = call(STILL, "StableDiffusion3Pipeline", pictures)
    assert set(called.arguments) == {"prompt", "width", "height", "output_type"}
    more = {"references": {"argument": "ip_adapter_image", "form": "one"}}
    described = call(STILL, "StableDiffusion3Pipeline", pictures[:1], setup={"family": more})
    assert "ip_adapter_image" in described.arguments
