"""families.toml says nothing that the installed diffusers does not know."""

import inspect
from functools import reduce
from typing import Any

import pytest

pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")

import diffusers

from samecast.models.diffusers.families import Family, Length, family_of, known_families


def blocks_of(name: str) -> Any:
    kind: Any = getattr(diffusers, name)
    return getattr(diffusers, kind.default_blocks_name)()


def arguments_of(name: str) -> set[str]:
    """What the pipeline's call takes."""
    if name.endswith("ModularPipeline"):
        return {*blocks_of(name).input_names} - {None}
    return set(inspect.signature(getattr(diffusers, name).__call__).parameters)


@pytest.mark.parametrize("name", known_families())
def test_every_argument_is_one(name: str):
    family, arguments = family_of(name), arguments_of(name)
    assert family.loras == hasattr(getattr(diffusers, name), "load_lora_weights")
    if family.loras_referring:
        pipeline: Any = getattr(diffusers, name)
        assert family.loras_referring in inspect.signature(pipeline.load_lora_weights).parameters
    named = [family.several, family.area, family.rate, *family.motion]
    named += [handing.argument for handing in (family.references, family.first_frame, family.last_frame) if handing]
    named += [way.argument for way in family.options.values()]
    named += [family.length.argument] if family.length else []
    assert {argument for argument in named if argument} <= arguments
    assert {"prompt", "height", "width", "generator"} <= arguments
    if not name.endswith("ModularPipeline"):
        assert ("callback_on_step_end" in arguments) == family.callback


@pytest.mark.parametrize("name", known_families())
def test_everything_else_that_is_named_is_there(name: str):
    family = family_of(name)
    for handing in (family.references, family.first_frame, family.last_frame):
        if handing is not None and handing.wrap:
            kind: Any = reduce(getattr, handing.wrap.split("."), diffusers)
            assert {handing.slot, *handing.extra} <= set(inspect.signature(kind).parameters)
    if name.endswith("ModularPipeline"):
        blocks = blocks_of(name)
        assert {*family.remember, *family.without} <= set(blocks.sub_blocks)
        assert family.result in blocks.intermediate_output_names
    else:
        pipeline: Any = getattr(diffusers, name)
        assert all(callable(getattr(pipeline, method)) for method in family.remember)
        assert set(family.precise) <= set(inspect.signature(pipeline.__init__).parameters)


def test_what_tells_wan_2_1_apart_is_in_its_configuration():
    sort = family_of("WanImageToVideoPipeline").endless
    assert sort is not None
    assert {sort.has, sort.lacks} <= set(inspect.signature(diffusers.WanTransformer3DModel.__init__).parameters)


def test_lengths_are_those_that_are_made():
    rule = Length(argument="num_frames", times=4, plus=1)
    assert [rule.made(wanted) for wanted in (1, 2, 5, 6, 80, 81)] == [1, 5, 5, 9, 81, 81]
    assert Length(argument="num_frames", times=17, plus=5).made(120) == 124


def test_a_class_that_is_not_known_is_taken_plainly():
    assert family_of("SomebodysPipeline") == Family()
    assert family_of("SomebodysPipeline", {"multiple": 32}).multiple == 32
