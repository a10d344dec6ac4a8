"""What was read once is not read again, and that changes no pixel."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip("torch", reason="the local engine is an extra: samecast[diffusers]")
pytest.importorskip("diffusers", reason="the local engine is an extra: samecast[diffusers]")

import torch
from PIL import Image
from tests.models.diffusers.making import Shelf, make, ordered, same

from samecast.models.diffusers.blocks import watched_blocks
from samecast.models.diffusers.remembering import Remembered, key_of, remembering
from samecast.models.diffusers.resident import Resident
from samecast.ports import Picture


@pytest.mark.parametrize(
    "name", ["flux2-klein-base", "sdxl", "wan-vace", "flux3", "kontext", "qwen-edit", "minimax-h3"]
)
def test_later_takes_are_read_once_and_equal_those_read_anew(shelf: Shelf, pictures: list[Picture], name: str):
    if name == "wan-vace":
        pytest.importorskip("ftfy", reason="Wan's pipelines need it")
    profile = shelf.profile(name)
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:2])
    first, second = (make(engine, replace(recipe, seed=seed), references) for seed in (5, 6))
    kept = shelf.loaded().remembered
    assert kept.hits == len(kept) > 1  # the prompt, and at least one of the pictures
    for seed, take in ((6, second), (5, first)):
        fresh = shelf.engine(profile)
        fresh._resident = Resident()
        assert same(take, make(fresh, replace(recipe, seed=seed), references))


def test_another_prompt_picture_or_option_is_read_again(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("sdxl")
    engine = shelf.engine(profile)
    recipe, references = ordered(profile, pictures[:1])
    for other in (
        recipe,
        replace(recipe, compiled="the woman at home"),
        replace(recipe, options=(("negative", "rain"),)),
    ):
        make(engine, other, references)
    assert shelf.loaded().remembered.hits == 1  # the reference, under another prompt
    make(engine, *ordered(profile, pictures[1:2]))
    assert shelf.loaded().remembered.hits == 2  # the prompt, under another reference


def test_nothing_is_left_on_the_pipeline(shelf: Shelf, pictures: list[Picture]):
    profile = shelf.profile("flux2-klein")
    engine = shelf.engine(profile)
    make(engine, *ordered(profile, pictures[:1]))
    pipe = shelf.loaded().pipe
    assert not {"encode_prompt", "_encode_vae_image"} & set(vars(pipe))
    assert not {"encode", "decode"} & set(vars(pipe.vae))
    assert not pipe.vae.decoder._forward_pre_hooks


def test_a_remembered_block_adds_to_the_state_what_it_did_before():
    from diffusers.modular_pipelines.modular_pipeline import PipelineState

    class Block:
        input_names = ("prompt", None)
        calls = 0

        def __call__(self, pipe: object, state: PipelineState) -> tuple[object, PipelineState]:
            self.calls += 1
            state.set("embeds", torch.ones(2), "denoiser_input_fields")
            state.set("prompt", str(state.get("prompt")).strip())
            return pipe, state

    class Blocks:
        sub_blocks: ClassVar[dict[str, object]] = {"text_encoder": Block(), "denoise": Block()}

    class Pipe:
        _blocks = Blocks()

    pipe, kept, states = Pipe(), Remembered(), []
    block = Blocks.sub_blocks["text_encoder"]
    for prompt in (" a ", " a ", " b "):
        state = PipelineState()
        state.set("prompt", prompt)
        with watched_blocks(pipe, {"text_encoder": "read prompt"}, kept, "", lambda *_: None):
            pipe._blocks.sub_blocks["text_encoder"](pipe, state)  # type: ignore[operator]
        states.append(state)
    assert block.calls == 2  # type: ignore[attr-defined]
    assert [state.get("prompt") for state in states] == ["a", "a", "b"]
    assert [list(state.get_by_kwargs("denoiser_input_fields")) for state in states] == [["embeds"]] * 3
    assert Blocks.sub_blocks["text_encoder"] is block


# --- the memory itself ----------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, read: Callable[..., Any]) -> None:
        self._read = read
        self.calls = 0

    def read(self, *values: Any, **named: Any) -> Any:
        self.calls += 1
        return self._read(*values, **named)


def reads(reader: Reader, kept: Remembered, *values: Any, context: str = "") -> Any:
    with remembering(reader, {"read": "read prompt"}, kept, context, lambda *_: None):
        return reader.read(*values)


def test_results_are_copies():
    reader, kept = Reader(lambda text: (torch.ones(3), [torch.zeros(2)], None, {"a": 1})), Remembered()
    first = reads(reader, kept, "a")
    first[0].add_(5)
    second = reads(reader, kept, "a")
    assert reader.calls == 1
    assert second[0].tolist() == [1, 1, 1]
    second[0].add_(5)
    assert reads(reader, kept, "a")[0].tolist() == [1, 1, 1]
    assert isinstance(second, tuple)
    assert second[2:] == (None, {"a": 1})


def test_what_drew_from_a_generator_is_drawn_again():
    reader, kept = Reader(lambda generator: torch.randn(2, generator=generator)), Remembered()
    first, second = (reads(reader, kept, torch.Generator().manual_seed(1)) for _ in range(2))
    assert reader.calls == 2
    assert torch.equal(first, second)
    still = Reader(lambda generator: torch.ones(1))
    for _ in range(2):
        reads(still, kept, torch.Generator().manual_seed(1))
    assert still.calls == 1


def test_a_context_keeps_results_apart():
    reader, kept = Reader(lambda text: text), Remembered()
    for context in ("plain", "with a LoRA", "plain"):
        reads(reader, kept, "a", context=context)
    assert reader.calls == 2


def test_it_is_bounded():
    kept = Remembered(most=2, most_bytes=100)
    for number in range(3):
        kept.keep(str(number), torch.zeros(2))
    assert [kept.get(str(number)) is None for number in range(3)] == [True, False, False]
    kept.keep("large", torch.zeros(1000))
    assert kept.get("large") is None
    kept.keep("3", torch.zeros(24))
    assert len(kept) == 1
    kept.keep("strange", object())
    assert kept.get("strange") is None


@dataclass
class Shown:
    """As a modular pipeline wraps its references."""

    image: object


@dataclass
class Heard:
    image: object


@pytest.mark.parametrize(
    "values",
    [
        ("a", b"a", 1, 1.0, True, None),
        (["a"], ("a",), {"a": 1}, ["a", "a"], [["a"], "a"]),
        (torch.zeros(2), torch.zeros(3), torch.zeros(2, 1), torch.ones(2), torch.zeros(2).half(), torch.zeros(0)),
        (torch.zeros(2).bfloat16(), torch.tensor(0), torch.tensor(0.0)),
        (
            Image.new("RGB", (2, 3)),
            Image.new("RGB", (3, 2)),
            Image.new("RGBA", (2, 3)),
            Image.new("RGB", (2, 3), "red"),
        ),
        (np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), np.zeros(6, np.uint8), np.zeros((2, 3), np.int8)),
        (torch.device("cpu"), torch.float16, torch.float32),
        (Shown(Image.new("RGB", (2, 3))), Shown(Image.new("RGB", (3, 2))), Shown(None), Heard(None)),
    ],
)
def test_keys_tell_everything_apart(values: tuple[object, ...]):
    keys = [key_of(value) for value in values]
    assert "" not in keys
    assert len(set(keys)) == len(values)
    assert keys == [key_of(value) for value in values]


def test_what_cannot_be_told_by_its_contents_has_no_key():
    assert key_of([1, object()]) == ""
    assert key_of({"a": lambda: None}) == ""
    assert key_of(Shown(object())) == ""
