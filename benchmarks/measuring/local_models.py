"""The models that `gpu.py` measures: at their true sizes with random weights, or as small as their classes allow.

A true-size model's weights are written nowhere: its folder says what it is and how large, and whoever reads it is given
weights that are drawn on the device, once for all pipelines that read it in one precision. So many can be loaded side
by side, each with modules of its own. What is measured on them, and how, is `gpu.py`'s.
"""

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from math import ceil, prod
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zlib import crc32

import numpy as np
from PIL import Image

from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.models.catalogue import read_catalogue
from samecast.models.diffusers.families import family_of
from samecast.models.diffusers.libraries import diffusers, torch
from samecast.ports import ModelProfile, Picture, Render

REFERENCES = 2
PROMPT = "the woman in image 1 and image 2 waits for the last tram in heavy rain, scene {number:02}"
"""Of one length for all shots: one token a byte, which is about what such prompts take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component: a class of a library, and what it is made with. `config`: the class that takes the arguments."""

    library: str
    kind: str
    config: str = ""
    arguments: Mapping[str, object] = field(default_factory=dict)

    def build(self) -> Any:
        library = diffusers() if self.library == "diffusers" else _transformers()
        kind = getattr(library, self.kind)
        return kind(getattr(library, self.config)(**self.arguments)) if self.config else kind(**self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """One model. `tiny`: what the tests call its small likeness; `script`: how its documentation calls its pipeline."""

    model: str
    tiny: str
    parts: Mapping[str, Part]
    words: Callable[[], Mapping[str, Any]]
    """Its tokenizer, and its processor: the tests' own, of a vocabulary of bytes."""
    script: Callable[[Any, Render, list[Image.Image]], Any]
    precise: tuple[str, ...] = ()
    """What its documentation loads in float32."""
    own: Mapping[str, object] = field(default_factory=dict)
    """Further arguments of its pipeline's class."""
    cache: Mapping[str, object] = field(default_factory=dict)
    """The cache that is tried on it, as `setup` names it."""

    @property
    def listed(self) -> ModelProfile:
        return read_catalogue()[self.model]

    @property
    def pipeline(self) -> str:
        return str(self.listed.setup["pipeline"])

    @property
    def several(self) -> bool:
        """Whether its pipeline can make takes together at all."""
        return bool(family_of(self.pipeline).several)


# --- the plain scripts: loaded once, called once for each take, as the pipeline's documentation shows it --------


def load_plain(local: Local, folder: Path, device: str) -> Any:
    main = torch().bfloat16 if device == "cuda" else torch().float32
    precise = dict.fromkeys(local.precise, torch().float32)
    pipe = getattr(diffusers(), local.pipeline).from_pretrained(folder, dtype={**precise, "default": main})
    pipe.set_progress_bar_config(disable=True)
    return pipe.to(device)


def _klein(pipe: Any, order: Render, images: list[Image.Image]) -> Any:
    recipe, options = order.recipe, dict(order.recipe.options)
    return pipe(
        prompt=recipe.said,
        image=images,
        width=recipe.width,
        height=recipe.height,
        num_inference_steps=int(options["steps"]),
        guidance_scale=1.0,
        generator=torch().Generator("cpu").manual_seed(recipe.seed),
    ).images[0]


def _qwen_edit(pipe: Any, order: Render, images: list[Image.Image]) -> Any:
    recipe, options = order.recipe, dict(order.recipe.options)
    return pipe(
        image=images,
        prompt=recipe.said,
        negative_prompt=options["negative"],
        true_cfg_scale=float(options["guidance"]),
        width=recipe.width,
        height=recipe.height,
        num_inference_steps=int(options["steps"]),
        generator=torch().Generator("cpu").manual_seed(recipe.seed),
    ).images[0]


def _wan_vace(pipe: Any, order: Render, images: list[Image.Image]) -> Any:
    recipe, options = order.recipe, dict(order.recipe.options)
    return pipe(
        prompt=recipe.said,
        negative_prompt=options["negative"],
        reference_images=images,
        width=recipe.width,
        height=recipe.height,
        num_frames=1 + 4 * ceil((recipe.frames - 1) / 4),
        num_inference_steps=int(options["steps"]),
        guidance_scale=float(options["guidance"]),
        generator=torch().Generator("cpu").manual_seed(recipe.seed),
    ).frames[0]


# --- what is ordered --------------------------------------------------------------------------------------------


def profile_of(local: Local, folder: Path, setup: Mapping[str, object], *, tiny: bool, remembers: bool) -> ModelProfile:
    """As the catalogue has it, on this folder, with this over its setup. Tiny ones make small takes.

    `remembers`: whether its encodings are kept, which its entry cannot say: they always are.
    """
    listed = local.listed
    own = {key: value for key, value in listed.setup.items() if key != "repo"}
    family: dict[str, object] = {"needs": []}  # what stands for its processor does without torchvision
    if not remembers:
        family["remember"] = []
    listed = replace(listed, setup={**own, "folder": str(folder), "family": family, **setup})
    if not tiny:
        return listed
    sizes = {(1, 1): (64, 64) if "video" in listed.kinds else (128, 128)}
    return replace(listed, aspects=((1, 1),), still_sizes=sizes, clip_sizes=sizes)


def shot(profile: ModelProfile, number: int, takes: int, *, tiny: bool, steps: int | None) -> list[Render]:
    """The orders of one shot: equal but for their seeds. Another number is another prompt, with other references."""
    rng = np.random.default_rng(number)
    height, width = (112, 96) if tiny else (1024, 832)
    given = {
        f"{number}-{n}": Picture(rgb=rng.integers(0, 256, (height, width, 3), np.uint8)) for n in range(REFERENCES)
    }
    kind = profile.kinds[0]
    size = profile.size(kind, (1, 1))
    assert size is not None
    options = {option.name: option.default for option in profile.options if option.default}
    if steps is not None:
        options["steps"] = str(steps)
    recipe = Recipe(
        model=profile.id,
        engine_version="1",
        kind="video" if kind == "video" else "image",
        prompt="@mira waits for the last tram",
        brief=Brief(),
        members=(Member(handle="mira", name="Mira", version=1, digest="", references=tuple(given)),),
        width=size[0],
        height=size[1],
        seed=0,
        seconds=(0.5 if tiny else 5.0) if kind == "video" else 0.0,
        fps=profile.fps if kind == "video" else 0,
        options=tuple(sorted(options.items())),
        compiled=PROMPT.format(number=number),
        pictures=tuple(given),
    )
    return [Render(recipe=replace(recipe, seed=100 * number + n), references=given) for n in range(takes)]


# --- tiny -------------------------------------------------------------------------------------------------------


@contextmanager
def tiny_models() -> Iterator[None]:
    """What the tests' tiny folders need meanwhile: a stand-in for a processor, and references that stay small."""
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as qwen
    from tests.models.diffusers import tiny

    with ExitStack() as undo:
        undo.enter_context(
            patch.object(_transformers().Qwen2VLProcessor, "from_pretrained", lambda *_, **__: tiny.Seeing())
        )
        undo.enter_context(patch.object(qwen, "VAE_IMAGE_SIZE", 64 * 64))
        yield


# --- true sizes -------------------------------------------------------------------------------------------------


class Drawn:
    """A true-size model's folder, and the weights that stand for those it would hold."""

    def __init__(self, local: Local, device: str) -> None:
        self._local, self._device = local, device
        self._weights: dict[tuple[str, str], Any] = {}

    def write(self, folder: Path) -> Path:
        """What the folder says about itself: its index, and of weights their headers alone."""
        index: dict[str, object] = {"_class_name": self._local.pipeline, **self._local.own}
        for name, part in self._local.parts.items():
            (folder / name).mkdir(parents=True)
            index[name] = [part.library, part.kind]
            with _without_memory():
                built = part.build()
            if isinstance(built, torch().nn.Module):
                count = sum(number.numel() for number in built.parameters())
                header = json.dumps(
                    {"all": {"dtype": "BF16", "shape": [count], "data_offsets": [0, 2 * count]}}
                ).encode()
                (folder / name / "weights.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
        (folder / "model_index.json").write_text(json.dumps(index))
        return folder

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Whoever loads the pipeline meanwhile has its components drawn."""
        with patch.object(getattr(diffusers(), self._local.pipeline), "from_pretrained", self._pipeline):
            yield

    def forget(self) -> None:
        """Draw anew for whoever loads it next: what was drawn goes with the pipelines that have it."""
        self._weights.clear()

    def _pipeline(self, _folder: Path, *, dtype: Any, **_options: object) -> Any:
        dtypes = dtype if isinstance(dtype, dict) else {"default": dtype}
        made = {
            name: self._part(name, part, dtypes.get(name, dtypes["default"]))
            for name, part in self._local.parts.items()
        }
        kind = getattr(diffusers(), self._local.pipeline)
        return kind(**made, **self._local.words(), **self._local.own)

    def _part(self, name: str, part: Part, dtype: Any) -> Any:
        """The component with weights of that precision; those of another pipeline where one has them already."""
        with _without_memory():
            built = part.build()
        if not isinstance(built, torch().nn.Module):
            return built
        exact = getattr(built, "_keep_in_fp32_modules", None) or () if part.library == "diffusers" else ()
        for path, number in list(built.named_parameters()):
            precision = torch().float32 if any(word in path.split(".") for word in exact) else dtype
            key = (f"{name}.{path}", str(precision))
            if key not in self._weights:
                self._weights[key] = _drawn(path, tuple(number.shape), precision, self._device)
            owner, _, own = path.rpartition(".")
            built.get_submodule(owner)._parameters[own] = torch().nn.Parameter(self._weights[key], requires_grad=False)
        if hasattr(built, "tie_weights"):
            built.tie_weights()
        return built.to(self._device).eval()


def _without_memory() -> Any:
    """Modules built meanwhile have no weights yet, but what they compute for themselves they have."""
    from accelerate import init_empty_weights

    return init_empty_weights(include_buffers=False)


def _drawn(path: str, shape: tuple[int, ...], dtype: Any, device: str) -> Any:
    """Ones and zeros for scales and shifts; else normal, so that what goes through keeps about its size."""
    if prod(shape) == max(shape):
        return torch().full(shape, 0.0 if path.endswith("bias") else 1.0, dtype=dtype, device=device)
    generator = torch().Generator(device).manual_seed(crc32(path.encode()))
    values = torch().empty(shape, dtype=dtype, device=device)
    return values.normal_(0.0, (prod(shape) / shape[0]) ** -0.5, generator=generator)


def _transformers() -> Any:
    import transformers

    return transformers


# --- the models: what their published configs say, where it is not their classes' own default -------------------


def _flux_parts(transformer: Mapping[str, object], encoder: Mapping[str, object]) -> Mapping[str, Part]:
    return {
        "transformer": Part(
            library="diffusers", kind="Flux2Transformer2DModel", arguments={"guidance_embeds": False, **transformer}
        ),
        "text_encoder": Part(
            library="transformers",
            kind="Qwen3ForCausalLM",
            config="Qwen3Config",
            arguments={
                "vocab_size": 151936,
                "num_hidden_layers": 36,
                "num_attention_heads": 32,
                "num_key_value_heads": 8,
                "head_dim": 128,
                "max_position_embeddings": 40960,
                **encoder,
            },
        ),
        "vae": Part(library="diffusers", kind="AutoencoderKLFlux2"),
        "scheduler": _flow(shift=3.0, use_dynamic_shifting=True),
    }


def _flow(**arguments: object) -> Part:
    return Part(library="diffusers", kind="FlowMatchEulerDiscreteScheduler", arguments=arguments)


def _taylor(*, interval: int, begins: int) -> Mapping[str, object]:
    """A cache whose savings do not hang on the numbers, since these are random."""
    arguments = {"cache_interval": interval, "disable_cache_before_step": begins, "max_order": 1}
    return {"kind": "TaylorSeerCache", "arguments": arguments}


_QWEN_EDIT = {
    "transformer": Part(library="diffusers", kind="QwenImageTransformer2DModel"),
    "text_encoder": Part(
        library="transformers",
        kind="Qwen2_5_VLForConditionalGeneration",
        config="Qwen2_5_VLConfig",
        arguments={
            "text_config": {
                "vocab_size": 152064,
                "hidden_size": 3584,
                "intermediate_size": 18944,
                "num_hidden_layers": 28,
                "num_attention_heads": 28,
                "num_key_value_heads": 4,
                "rope_scaling": {"mrope_section": [16, 24, 24], "rope_type": "default", "type": "default"},
            },
            "vision_config": {
                "depth": 32,
                "hidden_size": 1280,
                "intermediate_size": 3420,
                "num_heads": 16,
                "out_hidden_size": 3584,
            },
            # As the tests' own tokenizer counts them.
            "vision_start_token_id": 259,
            "image_token_id": 260,
            "vision_end_token_id": 261,
        },
    ),
    "vae": Part(library="diffusers", kind="AutoencoderKLQwenImage"),
    "scheduler": _flow(use_dynamic_shifting=True, max_image_seq_len=8192, max_shift=0.9, shift_terminal=0.02),
}
_WAN_VACE = {
    "transformer": Part(
        library="diffusers",
        kind="WanVACETransformer3DModel",
        arguments={"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30, "vace_layers": list(range(0, 30, 2))},
    ),
    "text_encoder": Part(
        library="transformers",
        kind="UMT5EncoderModel",
        config="UMT5Config",
        arguments={
            "vocab_size": 256384,
            "d_model": 4096,
            "d_kv": 64,
            "d_ff": 10240,
            "num_layers": 24,
            "num_heads": 64,
            "feed_forward_proj": "gated-gelu",
        },
    ),
    "vae": Part(library="diffusers", kind="AutoencoderKLWan"),
    "scheduler": Part(
        library="diffusers",
        kind="UniPCMultistepScheduler",
        arguments={"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0},
    ),
}


def _words(kind: str) -> Callable[[], Mapping[str, Any]]:
    """Tokenizers of bytes, and what stands for a processor, from the tests: their sizes are no matter."""

    def made() -> Mapping[str, Any]:
        from tests.models.diffusers import tiny

        match kind:
            case "t5":
                return {"tokenizer": tiny.t5_tokenizer()}
            case "seeing":
                seeing = tiny.Seeing()
                seeing._pictures = _transformers().Qwen2VLImageProcessorPil()  # which leaves pictures their true size
                return {"tokenizer": seeing.tokenizer, "processor": seeing}
        return {"tokenizer": tiny.qwen_tokenizer()}

    return made


LOCALS = (
    Local(
        model="flux2-klein-4b",
        tiny="flux2-klein",
        parts=_flux_parts(
            {"num_layers": 5, "num_single_layers": 20, "num_attention_heads": 24, "joint_attention_dim": 7680},
            {"hidden_size": 2560, "intermediate_size": 9728, "tie_word_embeddings": True},
        ),
        words=_words("qwen"),
        script=_klein,
        own={"is_distilled": True},
        cache=_taylor(interval=2, begins=2),
    ),
    Local(
        model="flux2-klein-9b",
        tiny="flux2-klein",
        parts=_flux_parts(
            {"num_layers": 8, "num_single_layers": 24, "num_attention_heads": 32, "joint_attention_dim": 12288},
            {"hidden_size": 4096, "intermediate_size": 12288},
        ),
        words=_words("qwen"),
        script=_klein,
        own={"is_distilled": True},
        cache=_taylor(interval=2, begins=2),
    ),
    Local(
        model="qwen-image-edit",
        tiny="qwen-edit",
        parts=_QWEN_EDIT,
        words=_words("seeing"),
        script=_qwen_edit,
        cache=_taylor(interval=4, begins=4),
    ),
    Local(
        model="wan-vace-1.3b",
        tiny="wan-vace",
        parts=_WAN_VACE,
        words=_words("t5"),
        script=_wan_vace,
        precise=("vae",),
        cache=_taylor(interval=4, begins=4),
    ),
)
