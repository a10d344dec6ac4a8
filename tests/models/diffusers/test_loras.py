"""LoRAs of a recipe change the take, each as strongly as it says, and are gone with the next."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("peft", reason="LoRAs need it")

import torch
from tests.models.diffusers.making import Shelf, make, ordered, same

from samecast.core.errors import InvalidInput
from samecast.core.recipe import Lora
from samecast.models.diffusers.resident import Resident
from samecast.ports import Picture
from samecast.ports.contract import check_error


def lora_for(folder: Path, kind: str, *, seed: int) -> bytes:
    """A LoRA of random weights for a saved pipeline's denoiser."""
    import diffusers
    from peft import LoraConfig, get_peft_model_state_dict

    pipe = getattr(diffusers, kind).from_pretrained(folder, local_files_only=True)
    name = "unet" if hasattr(pipe, "unet") else "transformer"
    part = getattr(pipe, name)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        part.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_k", "to_v"], init_lora_weights=False))
        layers = {key: torch.randn_like(value) for key, value in get_peft_model_state_dict(part).items()}
    out = folder.parent / f"lora-{kind}-{seed}"
    type(pipe).save_lora_weights(out, **{f"{name}_lora_layers": layers})
    return next(out.glob("*.safetensors")).read_bytes()


@pytest.mark.parametrize(
    ("name", "kind"), [("flux2-klein", "Flux2KleinPipeline"), ("sdxl", "StableDiffusionXLPipeline")]
)
def test_a_lora_is_put_on_and_taken_off(shelf: Shelf, pictures: list[Picture], name: str, kind: str):
    profile = shelf.profile(name)
    engine = shelf.engine(profile)
    files = {}
    for seed in (1, 2):
        content = lora_for(shelf.folder(name), kind, seed=seed)
        files[hashlib.sha256(content).hexdigest()] = content
    one, two = (Lora(sha256=sha256) for sha256 in files)
    recipe, references = ordered(profile, pictures[:1])
    before = make(engine, recipe, references)

    def wearing(*loras: Lora) -> list[object]:
        return list(make(engine, replace(recipe, loras=loras), references, files=files))

    first, second, both = wearing(one), wearing(two), wearing(one, two)
    weaker, none = wearing(replace(one, scale=0.3)), wearing(replace(one, scale=0.0))
    takes = [before, first, second, both, weaker]
    assert not any(same(a, b) for number, a in enumerate(takes) for b in takes[:number])  # type: ignore[arg-type]
    assert same(before, none)  # type: ignore[arg-type]
    assert same(first, wearing(one))  # type: ignore[arg-type]
    assert same(before, make(engine, recipe, references))
    fresh = shelf.engine(profile)
    fresh._resident = Resident()
    assert same(first, make(fresh, replace(recipe, loras=(one,)), references, files=files))  # type: ignore[arg-type]


def test_a_lora_goes_into_the_denoiser_that_makes_the_take(shelf: Shelf, pictures: list[Picture]):
    """MiniMax-H3 has one for takes with references and one for all others."""
    profile = shelf.profile("minimax-h3")
    engine = shelf.engine(profile)
    content = lora_of(shelf.folder("minimax-h3") / "transformer", "MiniMaxH3Transformer3DModel", seed=1)
    lora = Lora(sha256=hashlib.sha256(content).hexdigest())
    recipe, references = ordered(profile, pictures[:1])
    bare = replace(recipe, pictures=(), members=())
    before = [make(engine, one, references) for one in (recipe, bare)]
    for order in ((recipe, bare), (bare, recipe)):
        for one in order:
            take = make(engine, replace(one, loras=(lora,)), references, files={lora.sha256: content})
            assert not same(take, before[one is bare])
    assert all(same(make(engine, one, references), take) for one, take in zip((recipe, bare), before, strict=True))


def lora_of(folder: Path, kind: str, *, seed: int) -> bytes:
    """A LoRA of random weights for a saved transformer."""
    import diffusers
    from peft import LoraConfig, get_peft_model_state_dict
    from safetensors.torch import save

    part = getattr(diffusers, kind).from_pretrained(folder, local_files_only=True)
    part.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_k", "to_v"]))
    draw = torch.Generator().manual_seed(seed)
    layers = get_peft_model_state_dict(part)
    return save({f"transformer.{key}": torch.randn(value.shape, generator=draw) for key, value in layers.items()})


@pytest.mark.parametrize("content", ["nonsense", "another model's"])
def test_one_that_does_not_fit_is_refused_and_leaves_nothing(shelf: Shelf, pictures: list[Picture], content: str):
    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    before = make(engine, recipe, references)
    other = lora_for(shelf.folder("sdxl"), "StableDiffusionXLPipeline", seed=1)
    file = b"nonsense" if content == "nonsense" else other
    worn = replace(recipe, loras=(Lora(sha256="a" * 64),))
    with pytest.raises(InvalidInput, match="does not fit this model") as caught:
        make(engine, worn, references, files={"a" * 64: file})
    check_error(caught.value)
    assert same(before, make(engine, recipe, references))
