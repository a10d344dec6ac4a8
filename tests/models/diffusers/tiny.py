"""Pipelines as small as their classes allow, of random weights, saved as folders: every engine test runs on them.

They are what a real model's folder is but for the size: made once, saved, and then only ever loaded by the engine. A
vocabulary of bytes stands for the tokenizers'. `build(name, folder)` makes one; `NAMES` are those there are.
"""

import functools
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import pre_tokenizers

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
SIDE = 64


def build(name: str, folder: Path) -> Path:
    """The pipeline of that name, saved in `folder`."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`torch.nn.utils.weight_norm` is deprecated", category=FutureWarning)
        torch.manual_seed(0)
        _BUILDERS[name](folder)
    logging.enable_progress_bar()
    return folder


# --- tokenizers -----------------------------------------------------------------------------------------------------


def qwen_tokenizer(*more: str) -> Any:
    from transformers import Qwen2Tokenizer

    tokenizer = Qwen2Tokenizer(
        vocab={symbol: number for number, symbol in enumerate(["<|endoftext|>", *BYTES])},
        merges=[],
        model_max_length=512,
        additional_special_tokens=["<|im_start|>", "<|im_end|>", *more],
    )
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{m.role}}\n"
        "{% if m.content is string %}{{m.content}}{% else %}{% for c in m.content %}{{c.text}}{% endfor %}{% endif %}"
        "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    return tokenizer


def clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    symbols = [*BYTES, *(byte + "</w>" for byte in BYTES), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={symbol: n for n, symbol in enumerate(symbols)}, merges=[], model_max_length=77)


def t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(chr(code), -3.0) for code in range(33, 127)]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


# --- text and picture encoders --------------------------------------------------------------------------------------


def qwen3(tokenizer: Any, *, hidden: int = 16, layers: int = 27) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=1024,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    return Qwen3ForCausalLM(config).eval()


def clip_text(*, hidden: int = 16, projected: int | None = None) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(clip_tokenizer()),
        hidden_size=hidden,
        intermediate_size=hidden,
        projection_dim=projected or hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=1,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def t5(*, hidden: int = 32) -> Any:
    from transformers import T5Config, T5EncoderModel

    config = T5Config(vocab_size=len(t5_tokenizer()), d_model=hidden, d_kv=8, d_ff=32, num_layers=1, num_heads=4)
    return T5EncoderModel(config).eval()


def umt5() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    config = UMT5Config(vocab_size=len(t5_tokenizer()), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4)
    return UMT5EncoderModel(config).eval()


def clip_vision(*, hidden: int = 16, projected: bool = True) -> Any:
    from transformers import CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=hidden,
        projection_dim=hidden,
        intermediate_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    return (CLIPVisionModelWithProjection if projected else CLIPVisionModel)(config).eval()


# --- Flux -----------------------------------------------------------------------------------------------------------


def _flux_vae() -> Any:
    from diffusers import AutoencoderKLFlux2

    return AutoencoderKLFlux2(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4, sample_size=SIDE
    )


def _flux2_transformer(joint: int, *, guided: bool) -> Any:
    from diffusers import Flux2Transformer2DModel

    return Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=joint,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=guided,
    )


def _flux2_klein(folder: Path, *, kind: str = "Flux2KleinPipeline", distilled: bool = True) -> None:
    import diffusers

    tokenizer = qwen_tokenizer()
    pipe: Any = getattr(diffusers, kind)(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_flux_vae(),
        text_encoder=qwen3(tokenizer),
        tokenizer=tokenizer,
        transformer=_flux2_transformer(48, guided=False),
        is_distilled=distilled,
    )
    pipe.save_pretrained(folder)


def _flux2(folder: Path) -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler, Flux2Pipeline
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    tokenizer = qwen_tokenizer()
    config = Mistral3Config(
        text_config={
            "model_type": "mistral",
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "intermediate_size": 16,
            "max_position_embeddings": 512,
            "num_attention_heads": 2,
            "num_hidden_layers": 30,  # the pipeline reads the 30th
            "num_key_value_heads": 2,
            "head_dim": 8,
            "sliding_window": None,
            "bos_token_id": 0,
            "eos_token_id": 0,
            "pad_token_id": 0,
        },
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "image_size": 32,
            "patch_size": 8,
            "num_channels": 3,
        },
    )
    pipe: Any = Flux2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=_flux_vae(),
        text_encoder=Mistral3ForConditionalGeneration(config).eval(),
        tokenizer=tokenizer,
        transformer=_flux2_transformer(48, guided=True),
    )
    pipe.save_pretrained(folder)


def _kontext(folder: Path) -> None:
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxKontextPipeline, FluxTransformer2DModel

    pipe: Any = FluxKontextPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=SIDE,
            shift_factor=0.1,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5(),
        tokenizer_2=t5_tokenizer(),
        transformer=FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=16,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ),
    )
    pipe.save_pretrained(folder)


class Speaking:
    """What FLUX.3 needs of its processor: a template, and a tokenizer. The real one cannot be built here."""

    def __init__(self) -> None:
        self.tokenizer = qwen_tokenizer()
        self.apply_chat_template = self.tokenizer.apply_chat_template


class Seeing:
    """What Qwen-Image-Edit needs of its processor. The real one cannot be built without torchvision."""

    def __init__(self) -> None:
        from transformers import Qwen2VLImageProcessorPil

        self.tokenizer = qwen_tokenizer(*_VISION)
        self._pictures = Qwen2VLImageProcessorPil(size={"shortest_edge": 28 * 28, "longest_edge": 56 * 56})

    def __call__(self, *, text: list[str], images: Any, padding: bool, return_tensors: str) -> Any:
        from transformers import BatchFeature

        found: dict[str, Any] = {}
        if images is not None:
            found = dict(self._pictures(images, return_tensors=return_tensors))
            counts = [int(grid.prod()) // 4 for grid in found["image_grid_thw"]]
            text = [_expanded(line, counts) for line in text]
        return BatchFeature({**self.tokenizer(text, padding=padding, return_tensors=return_tensors), **found})


_VISION = ("<|vision_start|>", "<|image_pad|>", "<|vision_end|>")


def _expanded(line: str, counts: list[int]) -> str:
    """Every picture's place in the text as long as the picture is."""
    parts = line.split("<|image_pad|>")
    return parts[0] + "".join("<|image_pad|>" * count + part for count, part in zip(counts, parts[1:], strict=True))


class Watching:
    """What MiniMax-H3 needs of its processor. The real one cannot be built without torchvision."""

    def __init__(self) -> None:
        from transformers import Qwen2VLImageProcessorPil

        self._picture = qwen_tokenizer(*_VISION).convert_tokens_to_ids(_VISION[1])
        self.image_processor = Qwen2VLImageProcessorPil(
            patch_size=16, size={"shortest_edge": 32 * 32, "longest_edge": 64 * 64}
        )

    def create_mm_token_type_ids(self, input_ids: list[list[int]]) -> list[list[int]]:
        return [[int(token == self._picture) for token in line] for line in input_ids]


def _qwen_edit(folder: Path) -> None:
    from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    tokenizer = qwen_tokenizer(*_VISION)
    ids = dict(zip(("start", "picture", "end"), tokenizer.convert_tokens_to_ids(list(_VISION)), strict=True))
    encoder = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            text_config={
                "vocab_size": len(tokenizer),
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 2,
                "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
                "bos_token_id": None,
                "eos_token_id": 0,
                "pad_token_id": 0,
            },
            vision_config={
                "depth": 1,
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_heads": 2,
                "out_hidden_size": 16,
                "fullatt_block_indexes": [0],
            },
            vision_start_token_id=ids["start"],
            image_token_id=ids["picture"],
            vision_end_token_id=ids["end"],
        )
    ).eval()
    parts = {
        "scheduler": ("diffusers", FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)),
        "vae": (
            "diffusers",
            AutoencoderKLQwenImage(
                base_dim=4,
                z_dim=4,
                dim_mult=[1, 1, 1, 1],
                num_res_blocks=1,
                temperal_downsample=[False, True, True],
                latents_mean=[0.0] * 4,
                latents_std=[1.0] * 4,
            ),
        ),
        "text_encoder": ("transformers", encoder),
        "tokenizer": ("transformers", tokenizer),
        "processor": ("transformers", tokenizer),  # what `Seeing` stands for
        "transformer": (
            "diffusers",
            QwenImageTransformer2DModel(
                in_channels=16,
                out_channels=4,
                num_layers=1,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=16,
                axes_dims_rope=(8, 4, 4),
            ),
        ),
    }
    index: dict[str, object] = {"_class_name": "QwenImageEditPlusPipeline", "_diffusers_version": "0.42.1"}
    for name, (library, part) in parts.items():
        part.save_pretrained(folder / name)
        index[name] = [library, "Qwen2VLProcessor" if name == "processor" else type(part).__name__]
    (folder / "model_index.json").write_text(json.dumps(index))


def _qwen3_vl(words: int, *, layers: int) -> tuple[dict[str, object], dict[str, object]]:
    """The configurations of its text and of its vision."""
    text: dict[str, object] = {
        "vocab_size": words,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 1024,
        "bos_token_id": None,
        "eos_token_id": 0,
        "pad_token_id": 0,
        "rope_scaling": {"mrope_section": [2, 1, 1], "rope_type": "default"},
    }
    vision: dict[str, object] = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 16,
    }
    vision |= {"deepstack_visual_indexes": [0], "num_position_embeddings": 16}
    return text, vision


def _flux3(folder: Path, *, kind: str = "Flux3") -> None:
    from diffusers import FlowMatchEulerDiscreteScheduler, Flux3Transformer2DModel
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    text, vision = _qwen3_vl(len(qwen_tokenizer()), layers=32)  # the pipeline reads eight, up to the 32nd
    encoder = Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision)).eval()
    transformer = Flux3Transformer2DModel(
        in_channels=16,
        cond_in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=8 * 16,
        axes_dims_rope=(4, 4, 4, 4),
        flow_map=kind == "Flux3Distilled",
    )
    parts = {
        "text_encoder": ("transformers", encoder),
        "vae": ("diffusers", _flux_vae()),
        "transformer": ("diffusers", transformer),
        "scheduler": ("diffusers", FlowMatchEulerDiscreteScheduler()),
    }
    index: dict[str, object] = {"_class_name": f"{kind}ModularPipeline", "_blocks_class_name": f"{kind}AutoBlocks"}
    for name, (library, part) in parts.items():
        part.save_pretrained(folder / name)
        index[name] = _component(library, type(part).__name__, name)
    qwen_tokenizer().save_pretrained(folder / "tokenizer")
    index["tokenizer"] = _component("transformers", "AutoProcessor", "tokenizer")
    (folder / "modular_model_index.json").write_text(json.dumps(index))


def _minimax_h3(folder: Path) -> None:
    import diffusers
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer = qwen_tokenizer(*_VISION)
    ids = dict(zip(("start", "picture", "end"), tokenizer.convert_tokens_to_ids(list(_VISION)), strict=True))
    text, vision = _qwen3_vl(len(tokenizer), layers=51)  # the pipeline reads the 50th, which must not be the last
    encoder = Qwen3VLForConditionalGeneration(
        Qwen3VLConfig(
            text_config=text,
            vision_config=vision,
            vision_start_token_id=ids["start"],
            image_token_id=ids["picture"],
            vision_end_token_id=ids["end"],
        )
    ).eval()
    vae = diffusers.AutoencoderKLMiniMaxH3(
        latent_channels=4,
        block_out_channels=(4, 4, 4, 4, 4, 4),
        layers_per_block=1,
        norm_num_groups=2,
        decoder_num_layers=1,
        decoder_num_attention_heads=2,
        decoder_attention_head_dim=8,
        decoder_ffn_mult=1,
        latents_mean=(0.0,) * 4,
        latents_std=(1.0,) * 4,
    )
    audio_vae = diffusers.AutoencoderKLMiniMaxH3Audio(
        encoder_dim=4,
        encoder_rates=(2, 2),
        latent_dim=8,
        latent_channels=4,
        num_attention_heads=2,
        decoder_dim=8,
        decoder_rates=(2, 2),
        decoder_kernel_sizes=(4, 4),
        resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1,),),
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    parts: dict[str, tuple[str, Any]] = {
        "text_encoder": ("transformers", encoder),
        "tokenizer": ("transformers", tokenizer),
        "vae": ("diffusers", vae),
        "audio_vae": ("diffusers", audio_vae),
        "scheduler": ("diffusers", diffusers.MiniMaxH3Scheduler(shift=12.0)),
        "audio_scheduler": ("diffusers", diffusers.MiniMaxH3Scheduler(shift=3.0)),
    }
    for name in ("transformer", "transformer_ref"):
        transformer = diffusers.MiniMaxH3Transformer3DModel(
            num_attention_heads=2,
            attention_head_dim=16,
            hidden_size=16,
            num_layers=1,
            num_refiner_layers=1,
            ffn_dim=16,
            in_channels=4,
            audio_in_channels=4,
            text_dim=16,
            freq_dim=16,
            time_embed_hidden_dim=16,
            time_embed_dim=16,
            rope_freq_dim=2,
        )
        parts[name] = ("diffusers", transformer)
    index: dict[str, object] = {
        "_class_name": "MiniMaxH3ModularPipeline",
        "_blocks_class_name": "MiniMaxH3Blocks",
        "reference_image_short_edge": SIDE,  # else a reference becomes one of four megapixels
    }
    for name, (library, part) in parts.items():
        part.save_pretrained(folder / name)
        index[name] = _component(library, type(part).__name__, name)
    tokenizer.save_pretrained(folder / "processor")
    index["processor"] = _component("transformers", "Qwen3VLProcessor", "processor")
    (folder / "modular_model_index.json").write_text(json.dumps(index))


def _component(library: str, name: str, subfolder: str) -> list[object]:
    where = {"pretrained_model_name_or_path": "maker/tiny", "subfolder": subfolder, "variant": None, "revision": None}
    return [library, name, {"type_hint": [library, name], **where}]


# --- Stable Diffusion -----------------------------------------------------------------------------------------------


def _kl() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=SIDE,
    )


def _sdxl(folder: Path) -> None:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        norm_num_groups=4,
        use_linear_projection=True,
        transformer_layers_per_block=(1, 1),
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 16,
        cross_attention_dim=32,
    )
    pipe: Any = StableDiffusionXLPipeline(
        vae=_kl(),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=clip_text(projected=16),
        tokenizer_2=clip_tokenizer(),
        unet=unet,
        scheduler=EulerDiscreteScheduler(),
    )
    pipe.save_pretrained(folder)
    _ip_adapter(unet, folder / "adapter", cross=32)


def _sd15(folder: Path) -> None:
    from diffusers import PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=2,
        norm_num_groups=4,
        cross_attention_dim=16,
    )
    pipe: Any = StableDiffusionPipeline(
        vae=_kl(),
        text_encoder=clip_text(),
        tokenizer=clip_tokenizer(),
        unet=unet,
        scheduler=PNDMScheduler(skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    _ip_adapter(unet, folder / "adapter", cross=16)


def _ip_adapter(unet: Any, folder: Path, *, cross: int) -> None:
    """An IP-Adapter's file and its picture encoder, laid out as the published ones are."""
    from safetensors.torch import save_file

    tensors = {
        "image_proj.proj.weight": torch.randn(4 * cross, 16) * 0.3,
        "image_proj.proj.bias": torch.zeros(4 * cross),
        "image_proj.norm.weight": torch.ones(cross),
        "image_proj.norm.bias": torch.zeros(cross),
    }
    number = 1
    for name, processor in unet.attn_processors.items():
        if "attn2" in name:
            attention = functools.reduce(getattr, name.removesuffix(".processor").split("."), unet)
            for key in ("k", "v"):
                weight = torch.randn(attention.to_k.out_features, cross) * 0.3
                tensors[f"ip_adapter.{number}.to_{key}_ip.weight"] = weight
            number += 2
        assert processor is not None
    folder.mkdir(parents=True)
    save_file(tensors, folder / "ip-adapter.safetensors")
    clip_vision().save_pretrained(folder / "image_encoder")


# --- Wan ------------------------------------------------------------------------------------------------------------


def _wan_vae() -> Any:
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(
        base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )


def _wan_scheduler() -> Any:
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)


_WAN = {
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "out_channels": 16,
    "text_dim": 32,
    "freq_dim": 32,
    "ffn_dim": 32,
    "rope_max_seq_len": 128,
}


def _wan_vace(folder: Path) -> None:
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    pipe: Any = WanVACEPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=umt5(),
        vae=_wan_vae(),
        scheduler=_wan_scheduler(),
        transformer=WanVACETransformer3DModel(
            **_WAN, in_channels=16, num_layers=3, vace_layers=[0, 2], vace_in_channels=96
        ),
    )
    pipe.save_pretrained(folder)


def _wan_i2v(folder: Path) -> None:
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel

    pipe: Any = WanImageToVideoPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=umt5(),
        vae=_wan_vae(),
        scheduler=_wan_scheduler(),
        transformer=WanTransformer3DModel(**_WAN, in_channels=36, num_layers=2),
        transformer_2=WanTransformer3DModel(**_WAN, in_channels=36, num_layers=2),
        boundary_ratio=0.9,
    )
    pipe.save_pretrained(folder)


def _wan21_i2v(folder: Path, *, tokens: int | None = None) -> None:
    """The shape of Wan 2.1: one denoiser, which sees the picture by CLIP too. `tokens`: of that with a last frame."""
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel
    from transformers import CLIPImageProcessor

    pipe: Any = WanImageToVideoPipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=umt5(),
        vae=_wan_vae(),
        scheduler=_wan_scheduler(),
        image_encoder=clip_vision(projected=False),
        image_processor=CLIPImageProcessor(size=32, crop_size=32),
        transformer=WanTransformer3DModel(
            **_WAN, in_channels=36, num_layers=2, image_dim=16, added_kv_proj_dim=24, pos_embed_seq_len=tokens
        ),
    )
    pipe.save_pretrained(folder)


def _wan_animate(folder: Path) -> None:
    from diffusers import WanAnimatePipeline, WanAnimateTransformer3DModel
    from transformers import CLIPImageProcessor

    pipe: Any = WanAnimatePipeline(
        tokenizer=t5_tokenizer(),
        text_encoder=umt5(),
        vae=_wan_vae(),
        scheduler=_wan_scheduler(),
        image_encoder=clip_vision(projected=False),
        image_processor=CLIPImageProcessor(size=32, crop_size=32),
        transformer=WanAnimateTransformer3DModel(
            **_WAN,
            in_channels=36,
            num_layers=2,
            image_dim=16,
            added_kv_proj_dim=24,
            motion_encoder_channel_sizes={"4": 8, "8": 8, "16": 8},
            motion_encoder_size=16,
            motion_style_dim=8,
            motion_dim=4,
            motion_encoder_dim=16,
            face_encoder_hidden_dim=16,
            face_encoder_num_heads=2,
            inject_face_latents_blocks=2,
        ),
    )
    pipe.save_pretrained(folder)


# --- others ---------------------------------------------------------------------------------------------------------


def _ltx2(folder: Path) -> None:
    import diffusers
    from diffusers.pipelines.ltx2.connectors import LTX2TextConnectors
    from diffusers.pipelines.ltx2.vocoder import LTX2Vocoder
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    tokenizer = t5_tokenizer()
    config = Gemma3Config(
        text_config={
            "vocab_size": len(tokenizer) + 8,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 1024,
            "pad_token_id": 0,
            "eos_token_id": 1,
            "bos_token_id": 2,
        },
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
        mm_tokens_per_image=4,
        image_token_index=len(tokenizer),
        boi_token_index=len(tokenizer) + 1,
        eoi_token_index=len(tokenizer) + 2,
    )
    heads = {"num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 1, "num_learnable_registers": None}
    pipe: Any = diffusers.LTX2ConditionPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLLTX2Video(
            latent_channels=4,
            block_out_channels=(8,),
            decoder_block_out_channels=(8,),
            layers_per_block=(1,),
            decoder_layers_per_block=(1, 1),
            spatio_temporal_scaling=(True,),
            decoder_spatio_temporal_scaling=(True,),
            decoder_inject_noise=(False, False),
            downsample_type=("spatial",),
            upsample_type=("spatiotemporal",),
            upsample_residual=(False,),
            upsample_factor=(1,),
            patch_size=4,
        ),
        audio_vae=diffusers.AutoencoderKLLTX2Audio(
            base_channels=4, ch_mult=(1,), num_res_blocks=1, resolution=32, latent_channels=2, mel_bins=8
        ),
        text_encoder=Gemma3ForConditionalGeneration(config).eval(),
        tokenizer=tokenizer,
        connectors=LTX2TextConnectors(
            caption_channels=16,
            text_proj_in_factor=3,
            **{f"{which}_connector_{key}": value for which in ("video", "audio") for key, value in heads.items()},
            connector_rope_base_seq_len=32,
            rope_double_precision=False,
            causal_temporal_positioning=False,
            rope_type="split",
        ),
        transformer=diffusers.LTX2VideoTransformer3DModel(
            in_channels=4,
            out_channels=4,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            audio_in_channels=4,
            audio_out_channels=4,
            audio_num_attention_heads=2,
            audio_attention_head_dim=4,
            audio_cross_attention_dim=8,
            num_layers=2,
            caption_channels=16,
            rope_double_precision=False,
            rope_type="split",
        ),
        vocoder=LTX2Vocoder(
            in_channels=16,
            hidden_channels=32,
            out_channels=2,
            upsample_kernel_sizes=[4, 4],
            upsample_factors=[2, 2],
            resnet_kernel_sizes=[3],
            resnet_dilations=[[1, 3, 5]],
            output_sampling_rate=16000,
        ),
    )
    pipe.save_pretrained(folder)


_BUILDERS: dict[str, Callable[[Path], None]] = {
    "flux2-klein": _flux2_klein,
    "flux2-klein-base": functools.partial(_flux2_klein, distilled=False),
    "flux2-klein-kv": functools.partial(_flux2_klein, kind="Flux2KleinKVPipeline"),
    "flux2": _flux2,
    "kontext": _kontext,
    "qwen-edit": _qwen_edit,
    "flux3": _flux3,
    "flux3-distilled": functools.partial(_flux3, kind="Flux3Distilled"),
    "sdxl": _sdxl,
    "sd15": _sd15,
    "wan-vace": _wan_vace,
    "wan-i2v": _wan_i2v,
    "wan21-i2v": _wan21_i2v,
    "wan21-flf2v": functools.partial(_wan21_i2v, tokens=2 * 17),
    "wan-animate": _wan_animate,
    "ltx2": _ltx2,
    "minimax-h3": _minimax_h3,
}
NAMES = tuple(_BUILDERS)
