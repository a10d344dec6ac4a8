"""How a model is loaded and set up as its entry says; where it is kept; and several takes made at once."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

import diffusers
import torch
from tests.models.diffusers.making import Shelf, make, ordered, render, same

from samecast.core.errors import InvalidInput, RenderFailed, Stopped
from samecast.models.diffusers import loading, weights
from samecast.models.diffusers.families import family_of
from samecast.models.diffusers.loading import Loading, machine
from samecast.models.diffusers.memory import Machine, MemoryPlan
from samecast.models.diffusers.setup import Quantization, Setup
from samecast.ports import Picture, Pixels
from samecast.ports.contract import Steps, check_error


def test_the_plan_is_told_once(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    assert any(note.startswith("Loaded in float32 on the CPU") for note in render(engine, recipe, references).notes)
    assert render(engine, recipe, references).notes == ()


def test_two_models_take_turns_and_change_nothing(shelf: Shelf, pictures: list[Picture]):
    klein, sdxl = (shelf.profile(name) for name in ("flux2-klein", "sdxl"))
    engines = [shelf.engine(klein), shelf.engine(sdxl)]
    orders = [ordered(klein, pictures[:1]), ordered(sdxl, pictures[:1])]
    first = [make(engine, *order) for engine, order in zip(engines, orders, strict=True)]
    again = [make(engine, *order) for engine, order in zip(engines, orders, strict=True)]
    assert all(same(a, b) for a, b in zip(first, again, strict=True))


def test_a_folder_that_is_changed_is_loaded_anew(shelf: Shelf, pictures: list[Picture], tmp_path: Path):
    folder = tmp_path / "copy"
    shutil.copytree(shelf.folder("flux2-klein"), folder)
    profile = shelf.profile("flux2-klein", folder=str(folder))
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    before, version = make(engine, recipe, references), engine.version
    config = folder / "model_index.json"
    config.write_text(config.read_text().replace('"is_distilled": true', '"is_distilled": false'))
    assert engine.version != version
    assert not same(before, make(engine, recipe, references))  # now it is guided


TAYLOR = {"kind": "TaylorSeerCache", "arguments": {"cache_interval": 2, "disable_cache_before_step": 1, "max_order": 1}}


@pytest.mark.parametrize(
    ("setup", "least", "most"),
    [
        ({"memory": "group"}, 0, 0),
        ({"attention": "_native_math"}, 0, 1),
        ({"tiling": True}, 0, 2),
        ({"dtype": "bfloat16"}, 1, 60),
        ({"cache": TAYLOR}, 1, 255),
        ({"scheduler": {"shift": 7.0, "use_dynamic_shifting": False}}, 1, 255),
    ],
    ids=["memory", "attention", "tiling", "dtype", "cache", "scheduler"],
)
def test_it_is_set_up_as_its_entry_says(
    shelf: Shelf, pictures: list[Picture], setup: dict[str, Any], least: int, most: int
):
    """By how much its pixels may differ, in 255ths; and it repeats itself, also after it was stopped."""
    profile = shelf.profile("flux2-klein", **setup)
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    first = make(engine, recipe, references)
    with pytest.raises(Stopped):
        make(engine, recipe, references, on_step=Steps(stop_at=9))
    assert same(first, make(engine, recipe, references))
    plain = make(shelf.engine(shelf.profile("flux2-klein")), recipe, references)
    assert least <= np.abs(first[0].astype(int) - plain[0].astype(int)).max() <= most


def test_a_modular_pipeline_is_kept_by_groups(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux3-distilled", memory="group")
    recipe, references = ordered(profile, pictures[:1])
    by_groups = make(shelf.engine(profile), recipe, references)
    assert same(by_groups, make(shelf.engine(shelf.profile("flux3-distilled")), recipe, references))
    with pytest.raises(InvalidInput, match="layer by layer"):
        make(shelf.engine(shelf.profile("flux3-distilled", memory="sequential")), recipe, references)


def test_a_part_that_cannot_be_taken_apart_stays_on_the_device(shelf: Shelf, pictures: list[Picture]):
    """Layers of MiniMax-H3's sound lose their weights when they are moved one by one."""
    plain, grouped = (shelf.profile("minimax-h3", memory=memory) for memory in ("auto", "group"))
    recipe, references = ordered(plain, pictures[:1])
    whole = make(shelf.engine(plain), recipe, references)
    assert same(whole, make(shelf.engine(grouped), recipe, references))
    pipe = shelf.loaded().pipe
    hooked = {name for name in ("audio_vae", "vae", "transformer_ref") if hooks_of(getattr(pipe, name))}
    assert hooked == {"vae", "transformer_ref"}


def hooks_of(part: Any) -> list[Any]:
    return [module for module in part.modules() if hasattr(module, "_diffusers_hook")]


def test_a_workflow_loads_what_it_needs_and_no_more(shelf: Shelf, pictures: list[Picture], tmp_path: Path):
    """As the catalogue's MiniMax-H3: takes from references alone, whose other denoiser is not even fetched."""
    folder = tmp_path / "copy"
    shutil.copytree(shelf.folder("minimax-h3"), folder)
    shutil.rmtree(folder / "transformer")
    whole = shelf.profile("minimax-h3")
    part = shelf.profile("minimax-h3", folder=str(folder), workflow="ref2va", skip=["transformer"])
    recipe, references = ordered(whole, pictures[:2])
    assert same(*(make(shelf.engine(profile), recipe, references) for profile in (whole, part)))
    assert getattr(shelf.loaded().pipe, "transformer", None) is None
    assert len(shelf.loaded().remembered) == 2, "its prompt and its references are read once too"


def test_minimax_h3_runs_in_bfloat16_and_repeats_itself(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("minimax-h3", dtype="bfloat16")
    recipe, references = ordered(profile, pictures[:1])
    first = make(shelf.engine(profile), recipe, references)
    parts = {name: shelf.loaded().pipe.components[name].dtype for name in ("transformer_ref", "text_encoder")}
    assert set(parts.values()) == {torch.bfloat16}
    assert same(first, make(shelf.engine(profile), recipe, references))


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ({"attention": "no such"}, "cannot be set up"),
        ({"scheduler": {"class": "NoSuchScheduler"}}, "cannot be set up"),
        ({"cache": {"kind": "NoSuchCache"}}, "cannot be set up"),
        ({"pipeline": "NoSuchPipeline"}, "has no NoSuchPipeline"),
    ],
)
def test_what_this_model_cannot_do_is_said(shelf: Shelf, pictures: list[Picture], setup: dict[str, Any], said: str):
    profile = shelf.profile("flux2-klein", **setup)
    with pytest.raises(InvalidInput, match=said) as caught:
        make(shelf.engine(profile), *ordered(profile, pictures[:1]))
    check_error(caught.value)


@pytest.mark.parametrize("name", ["flux2-klein", "flux3"])
def test_a_folder_with_something_missing_is_named(shelf: Shelf, pictures: list[Picture], tmp_path: Path, name: str):
    folder = tmp_path / "copy"
    shutil.copytree(shelf.folder(name), folder)
    (folder / "vae" / "diffusion_pytorch_model.safetensors").rename(tmp_path / "gone")
    profile = shelf.profile(name, folder=str(folder))
    with pytest.raises(RenderFailed, match="cannot be loaded") as caught:
        make(shelf.engine(profile), *ordered(profile, pictures[:1]))
    check_error(caught.value)


def test_parameters_are_counted_from_the_files(shelf: Shelf):
    folder = shelf.folder("sdxl")
    profile = shelf.profile("sdxl")
    counted = Loading(folder=folder, setup=shelf.engine(profile)._setup, adapter=folder / "adapter").parameters(
        family_of("StableDiffusionXLPipeline")
    )
    pipe = diffusers.DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    for name in ("unet", "vae", "text_encoder", "text_encoder_2"):
        exact = sum(weight.numel() for weight in getattr(pipe, name).parameters())
        assert counted[name] == pytest.approx(exact, rel=0.02), name
    assert counted["adapter"] > 0
    assert counted["image_encoder"] > 0
    flux3 = Loading(folder=shelf.folder("flux3"), setup=Setup(folder="x"))
    assert set(flux3.parameters(family_of("Flux3ModularPipeline"))) == {"text_encoder", "transformer", "vae"}
    assert weights.parameters({"tokenizer": shelf.folder("flux3") / "tokenizer"}) == {}


def test_quantising_is_asked_for_as_diffusers_wants_it():
    plan = MemoryPlan(device="cuda", dtype="bfloat16", offload="none", quantized=True, needs=0, says="")
    arguments = {"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16"}
    wanted = Quantization(backend="bitsandbytes_4bit", components=("transformer",), arguments=arguments)
    setup = Setup(folder="x", quantization=wanted)
    options: dict[str, Any] = Loading(folder=Path("x"), setup=setup)._options(family_of("WanVACEPipeline"), plan)
    config = options["quantization_config"]
    assert config.components_to_quantize == ["transformer"]
    assert config.quant_kwargs["bnb_4bit_compute_dtype"] is torch.bfloat16
    assert options["dtype"] == {"vae": torch.float32, "default": torch.bfloat16}
    plain = replace(plan, quantized=False)
    assert "quantization_config" not in Loading(folder=Path("x"), setup=setup)._options(family_of("A"), plain)


def test_what_is_free_is_asked_of_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch):
    assert machine() == Machine(device="cpu", free=machine().free, ram=machine().ram) or torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (7, 9))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation)
    monkeypatch.setattr(loading, "_free_memory", lambda: 5)
    assert machine() == Machine(device="cuda", free=7, ram=5, bfloat16=True)


@pytest.mark.parametrize("offload", ["model", "sequential", "group", "none"])
def test_it_is_kept_where_the_plan_says(offload: str):
    """No GPU is here: what is asked of the pipeline is looked at."""
    asked: list[tuple[str, dict[str, object]]] = []

    class Pipe:
        components: ClassVar[dict[str, object]] = {"tied": Tied(), "free": object()}

        def __getattr__(self, name: str) -> Any:
            return lambda *values, **named: asked.append((name, named))

    plan = MemoryPlan(device="cuda", dtype="bfloat16", offload=offload, quantized=False, needs=0, says="")  # type: ignore[arg-type]
    loading._place(Pipe(), plan, modular=False)
    wanted = {
        "none": "to",
        "model": "enable_model_cpu_offload",
        "sequential": "enable_sequential_cpu_offload",
        "group": "enable_group_offload",
    }
    assert [name for name, _ in asked] == [wanted[offload]]
    if offload == "group":
        assert asked[0][1]["use_stream"] is True
        assert asked[0][1]["exclude_modules"] == ["tied"]


class Tied:
    """A part whose layers cannot be moved one by one, as diffusers marks it."""

    _supports_group_offloading = False


@pytest.mark.parametrize(
    ("name", "most"),
    [("flux2-klein", 2), ("sdxl", 2), ("flux3-distilled", 1), ("qwen-edit", 2), ("kontext", 2), ("ltx2", 2)],
)
def test_takes_that_wait_together_are_made_together(
    shelf: Shelf, pictures: list[Picture], monkeypatch: pytest.MonkeyPatch, name: str, most: int
):
    """Equal to those made alone, but for the last bits; a family that cannot makes them one after the other."""
    profile = shelf.profile(name, batch=3)
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:2])
    alone = {seed: make(engine, replace(recipe, seed=seed), references) for seed in (1, 2, 3)}
    sizes: list[int] = []
    call = engine._call

    def counted(loaded: Any, how: Any, company: Any) -> Any:
        sizes.append(len(company.seats))
        return call(loaded, how, company)

    monkeypatch.setattr(engine, "_call", counted)
    waiting, taken = {2: threading.Event(), 3: threading.Event()}, dict[int, list[Pixels]]()

    def take(seed: int) -> None:
        def step(step: str, done: int, total: int) -> None:
            if seed == 1:
                assert all(event.wait(20) for event in waiting.values())
            elif step == "wait":
                waiting[seed].set()

        taken[seed] = make(engine, replace(recipe, seed=seed), references, on_step=step)

    threads = [threading.Thread(target=take, args=(1,))]
    threads[0].start()
    while not sizes:
        threads[0].join(0.01)
    threads += [threading.Thread(target=take, args=(seed,)) for seed in (2, 3)]
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert max(sizes) == most
    for seed, frames in alone.items():
        assert np.abs(frames[0].astype(int) - taken[seed][0].astype(int)).max() <= 1
