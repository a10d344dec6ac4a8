"""What a take is made from: its references, frames, options and size; and that it can be stopped at any step."""

import functools
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

from tests.models.diffusers.making import Shelf, make, ordered, render, same

from samecast.core.errors import InvalidInput, OutOfMemory, Refused, RenderFailed, Stopped
from samecast.core.options import Option
from samecast.core.recipe import Recipe
from samecast.models.diffusers import engine as engines
from samecast.models.diffusers.engine import SILENT
from samecast.ports import ModelProfile, Picture
from samecast.ports.contract import Steps, check_error


@pytest.mark.parametrize(
    "name", ["flux2-klein", "qwen-edit", "flux3-distilled", "kontext", "sdxl", "sd15", "wan-vace", "minimax-h3"]
)
def test_every_reference_counts(shelf: Shelf, pictures: list[Picture], name: str):
    if name == "wan-vace":
        pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    profile = shelf.profile(name)
    engine = shelf.engine(profile)
    takes = [make(engine, *ordered(profile, pictures[:count])) for count in (1, 2, 3)]
    assert not same(takes[0], takes[1])
    assert not same(takes[1], takes[2])


def test_the_order_of_references_counts(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:2])
    turned = replace(recipe, pictures=recipe.pictures[::-1])
    assert not same(make(engine, recipe, references), make(engine, turned, references))


def test_a_recipe_that_counts_no_pictures_shows_its_characters(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:2])
    assert same(make(engine, recipe, references), make(engine, replace(recipe, pictures=()), references))


def test_what_is_said_is_what_is_sent(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    first = make(engine, recipe, references)
    assert same(first, make(engine, replace(recipe, prompt="@mira at home"), references))
    assert not same(first, make(engine, replace(recipe, compiled="the woman at home"), references))


def test_a_model_of_one_picture_is_shown_all_in_one_and_says_so(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("kontext")
    engine = shelf.engine(profile)
    assert any("side by side" in note for note in render(engine, *ordered(profile, pictures[:3])).notes)
    assert not any("side by side" in note for note in render(engine, *ordered(profile, pictures[:1])).notes)


def test_small_references_are_enlarged_and_that_is_said(shelf: Shelf):
    profile = shelf.profile("flux2-klein")
    small = Picture(rgb=np.random.default_rng(1).integers(0, 256, (30, 50, 3), np.uint8))
    assert any("enlarged" in note for note in render(shelf.engine(profile), *ordered(profile, [small])).notes)


def test_an_adapter_without_references_changes_nothing(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("sdxl")
    without = replace(profile, setup={key: value for key, value in profile.setup.items() if key != "adapter"})
    recipe, references = ordered(profile, [], compiled="a lighthouse")
    plain = make(shelf.engine(without), recipe, references)
    assert same(plain, make(shelf.engine(profile), recipe, references))
    assert not same(plain, make(shelf.engine(profile), *ordered(profile, pictures[:1], compiled="a lighthouse")))


def test_a_clip_is_made_from_references_or_from_its_ends(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("minimax-h3")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures)
    first, second, _ = recipe.pictures
    bare = replace(recipe, pictures=(), members=())
    takes = [
        make(engine, one, references)
        for one in (
            recipe,
            bare,
            replace(bare, first_frame=first),
            replace(bare, last_frame=first),
            replace(bare, first_frame=first, last_frame=second),
        )
    ]
    assert not any(same(a, b) for number, a in enumerate(takes) for b in takes[:number])
    for mixed in (replace(recipe, first_frame=first), replace(recipe, last_frame=first)):
        with pytest.raises(InvalidInput, match="not from both") as caught:
            make(engine, mixed, references)
        check_error(caught.value)


def test_a_clip_begins_and_ends_with_what_it_is_given(shelf: Shelf, pictures: list[Picture]):
    pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    profile = shelf.profile("wan-i2v")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures)
    first, second, third = recipe.pictures
    begun = make(engine, replace(recipe, first_frame=first), references)
    ended = make(engine, replace(recipe, first_frame=first, last_frame=second), references)
    assert not same(begun, make(engine, replace(recipe, first_frame=third), references))
    assert not same(begun, ended)
    by_itself = render(engine, recipe, references)
    assert same(begun, list(by_itself.frames))
    assert any("begins with the first reference" in note for note in by_itself.notes)
    assert not render(engine, replace(recipe, first_frame=first), references).notes


def test_the_first_frame_of_a_clip_is_seen_twice_in_the_shape_of_wan_2_1(shelf: Shelf, pictures: list[Picture]):
    """Its networks are given it as latents and as what CLIP sees, and both ends where its weights are made for both."""
    pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    first, second = pictures[:2]
    profile = shelf.profile("wan21-i2v")
    assert (profile.first_frame, profile.last_frame) == (True, False)
    assert not same(*(make(shelf.engine(profile), *begun(profile, one)) for one in (first, second)))
    both = shelf.profile("wan21-flf2v")
    assert both.last_frame
    ends = [make(shelf.engine(both), *begun(both, first, last)) for last in (first, second)]
    assert not same(*ends)


def begun(profile: ModelProfile, *ends: Picture) -> tuple[Recipe, dict[str, Picture]]:
    """A recipe of a clip with these ends and without a character."""
    recipe, references = ordered(profile, list(ends))
    names = list(references)
    last = names[-1] if len(ends) > 1 else ""
    return replace(recipe, pictures=(), members=(), first_frame=names[0], last_frame=last), references


def test_a_clip_that_needs_a_beginning_asks_for_one(shelf: Shelf):
    pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    profile = shelf.profile("wan-i2v")
    with pytest.raises(InvalidInput, match="needs a picture to begin with") as caught:
        make(shelf.engine(profile), *ordered(profile, []))
    check_error(caught.value)


def test_the_first_frame_is_kept_and_sound_is_left_out(shelf: Shelf, pictures: list[Picture]):
    """This tiny clip's first frame is what its networks make of the picture, whatever the seed; the rest is not."""
    profile = shelf.profile("ltx2")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:2])
    recipe = replace(recipe, first_frame=recipe.pictures[0], pictures=())
    rendered = render(engine, recipe, references)
    frames, others = list(rendered.frames), make(engine, replace(recipe, seed=6), references)
    assert len(frames) == recipe.frames == 12
    assert SILENT in rendered.notes
    assert np.array_equal(frames[0], others[0])
    assert not np.array_equal(frames[-1], others[-1])
    ended = make(engine, replace(recipe, last_frame=next(reversed(references))), references)
    assert not same(frames, ended)


def test_a_motion_moves_the_clip(shelf: Shelf, pictures: list[Picture]):
    pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    profile = shelf.profile("wan-animate")
    engine = shelf.engine(profile)
    shelf.motion("walk", 12)
    recipe, references = ordered(profile, pictures[:1])
    with pytest.raises(InvalidInput, match="No motion was named"):
        make(engine, recipe, references)
    with pytest.raises(InvalidInput, match="no motion"):
        make(engine, replace(recipe, options=(("motion", "../walk"),)), references)
    with pytest.raises(InvalidInput, match="has 12 frames, and 16 are to be made"):
        make(engine, replace(recipe, options=(("motion", "walk"),), seconds=1.0), references)
    assert len(make(engine, replace(recipe, options=(("motion", "walk"),)), references)) == 8


def test_sizes_are_made_larger_and_cropped(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    whole, references = ordered(profile, pictures[:1], width=80, height=64)
    part = replace(whole, width=70, height=60)
    frame = make(engine, part, references)[0]
    assert frame.shape == (60, 70, 3)
    assert np.array_equal(frame, make(engine, whole, references)[0][2:62, 5:75])


def test_a_model_that_makes_another_size_is_not_believed(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein", family={"multiple": 16}, call={"width": 96})
    with pytest.raises(RenderFailed, match="made 96 x 48 where 64 x 48 was ordered") as caught:
        make(shelf.engine(profile), *ordered(profile, pictures[:1]))
    check_error(caught.value)


# --- options --------------------------------------------------------------------------------------------------------


def test_options_reach_the_pipeline(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("sdxl", options=True)
    strength = Option(name="strength", kind="number", says="How closely.", default="0.6")
    profile = replace(profile, options=(*profile.options, strength))
    engine = shelf.engine(profile)
    plain = (("guidance", "5"), ("steps", "3"), ("strength", "0.6"))
    recipe, references = ordered(profile, pictures[:1], options=plain)
    first = make(engine, recipe, references)
    for name, value in (("guidance", "9"), ("negative", "rain"), ("strength", "0.1"), ("steps", "4")):
        options = tuple(sorted({**dict(plain), name: value}.items()))
        assert not same(first, make(engine, replace(recipe, options=options), references)), name
    assert same(first, make(engine, recipe, references))


def test_a_modular_pipeline_is_guided(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux3", options=True)
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1], options=(("guidance", "3.5"), ("steps", "3")))
    first = make(engine, recipe, references)
    stronger = replace(recipe, options=(("guidance", "9"), ("steps", "3")))
    assert not same(first, make(engine, stronger, references))
    without = make(engine, replace(recipe, options=(("steps", "3"),)), references)
    assert same(first, without)  # 3.5 is its own


def test_an_option_that_goes_nowhere_is_refused(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein")
    recipe, references = ordered(profile, pictures[:1], options=(("sharpness", "3"),))
    with pytest.raises(InvalidInput, match="'sharpness'") as caught:
        make(shelf.engine(profile), recipe, references)
    check_error(caught.value)


# --- steps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["flux2-klein", "flux3-distilled", "sdxl", "wan-vace", "wan21-i2v", "minimax-h3"])
def test_every_step_is_told_and_may_be_the_last(shelf: Shelf, pictures: list[Picture], name: str):
    if name.startswith("wan"):
        pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    profile = shelf.profile(name)
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    steps = Steps()
    whole = make(engine, recipe, references, on_step=steps)
    total = 2 if name == "minimax-h3" else 3  # it counts the end of its last step too
    assert [told for told in steps.told if told[0] == "render"] == [("render", n + 1, total) for n in range(total)]
    names = list(dict.fromkeys(step for step, _, _ in steps.told))
    assert names == ["load", "read prompt", "read references", "render", "decode"]
    again = Steps()
    assert same(whole, make(engine, recipe, references, on_step=again))
    for stop_at in (1, 3, again.told.index(("render", 2, total)) + 1, len(again.told) - 1, len(again.told)):
        halted = Steps(stop_at=stop_at)
        with pytest.raises(Stopped):
            make(engine, recipe, references, on_step=halted)
        assert halted.told == again.told[:stop_at], "it went on after it was stopped"
    assert same(whole, make(engine, recipe, references))


def test_a_pipeline_that_does_not_call_back_is_watched_at_its_scheduler(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein", family={"callback": False})
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    steps = Steps()
    make(engine, recipe, references, on_step=steps)
    assert [told for told in steps.told if told[0] == "render"] == [("render", n, 3) for n in (1, 2, 3)]
    assert "step" not in vars(shelf.loaded().pipe.scheduler)


# --- failures -------------------------------------------------------------------------------------------------------


def test_what_a_pipeline_raises_is_one_clear_line_and_the_model_is_let_go(
    shelf: Shelf, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch
):
    import torch
    from diffusers import Flux2KleinPipeline

    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    make(engine, recipe, references)
    for error, kind in (
        (torch.OutOfMemoryError("CUDA out of memory.\nTried"), OutOfMemory),
        (ValueError, RenderFailed),
    ):

        @functools.wraps(Flux2KleinPipeline.__call__)
        def fail(*_: object, error: object = error, **__: object) -> None:
            raise error  # type: ignore[misc]

        with monkeypatch.context() as patched:
            patched.setattr(Flux2KleinPipeline, "__call__", fail)
            with pytest.raises(kind) as caught:
                make(engine, recipe, references)
        check_error(caught.value)
        assert not caught.value.charged
        assert shelf.resident.holds == ""
        assert make(engine, recipe, references)


def test_a_blanked_picture_is_no_take(shelf: Shelf, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch):
    from diffusers import StableDiffusionPipeline

    profile = shelf.profile("sd15")
    monkeypatch.setattr(StableDiffusionPipeline, "run_safety_checker", lambda self, image, *_: (image, [True]))
    with pytest.raises(Refused, match="safety checker") as caught:
        make(shelf.engine(profile), *ordered(profile, pictures[:1]))
    check_error(caught.value)


def test_numbers_out_of_range_are_no_picture(shelf: Shelf, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch):
    import torch
    from diffusers import AutoencoderKLFlux2

    profile = shelf.profile("flux2-klein")
    monkeypatch.setattr(AutoencoderKLFlux2, "decode", lambda self, z, **_: (torch.full((1, 3, 48, 64), torch.nan),))
    with pytest.raises(RenderFailed, match="out of range") as caught:
        make(shelf.engine(profile), *ordered(profile, pictures[:1]))
    check_error(caught.value)


def test_what_does_not_fit_is_not_loaded(shelf: Shelf, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch):
    from samecast.models.diffusers.memory import Machine

    monkeypatch.setattr(engines, "machine", lambda: Machine(device="cpu", free=10**6, ram=10**6))
    profile = shelf.profile("flux2-klein")
    with pytest.raises(OutOfMemory, match="does not fit") as caught:
        make(shelf.engine(profile), *ordered(profile, pictures[:1]))
    check_error(caught.value)
    assert shelf.resident.holds == ""
