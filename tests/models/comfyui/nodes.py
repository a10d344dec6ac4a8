"""What a ComfyUI declares of its nodes, in the form that `GET /object_info` documents: for the fake server.

Only what its core has, with the inputs, ranges and types of a version of autumn 2026; lists of files are short.
"""

from typing import Any

Form = list[Any]


def number(kind: str, default: float, least: float, most: float, step: float | None = None) -> Form:
    return [kind, {"default": default, "min": least, "max": most, **({"step": step} if step else {})}]


def described(
    outputs: list[str],
    required: dict[str, Form],
    optional: dict[str, Form] | None = None,
    *,
    saves: bool = False,
    title: str = "",
) -> dict[str, Any]:
    """One class of node, with every key that the server sends."""
    groups = {"required": required, **({"optional": optional} if optional else {})}
    hidden = {"hidden": {"prompt": ["PROMPT"], "extra_pnginfo": ["EXTRA_PNGINFO"]}} if saves else {}
    return {
        "input": groups | hidden,
        "input_order": {group: list(named) for group, named in groups.items()},
        "is_input_list": False,
        "output": outputs,
        "output_is_list": [False] * len(outputs),
        "output_name": outputs,
        "name": title,
        "display_name": title,
        "description": "",
        "python_module": "nodes",
        "category": "image",
        "output_node": saves,
        "search_aliases": [],
    }


SEED = number("INT", 0, 0, 0xFFFFFFFFFFFFFFFF)
TEXT: Form = ["STRING", {"multiline": True, "dynamicPrompts": True}]
PREFIX: Form = ["STRING", {"default": "ComfyUI"}]
SIDE = number("INT", 832, 16, 16384, 16)
BATCH = number("INT", 1, 1, 4096)
SAMPLERS: Form = [["euler", "euler_ancestral", "uni_pc"], {}]
SCHEDULERS: Form = [["normal", "karras", "simple"], {}]
CODEC: Form = [
    "COMFY_DYNAMICCOMBO_V3",
    {"options": [{"key": "auto", "inputs": {}}, {"key": "h264", "inputs": {"optional": {"crf": ["FLOAT", {}]}}}]},
]

NODES: dict[str, dict[str, Any]] = {
    "UNETLoader": described(
        ["MODEL"],
        {
            "unet_name": [["qwen_image_edit_2511_bf16.safetensors", "wan2.1_vace_14B_fp16.safetensors"]],
            "weight_dtype": [["default", "fp8_e4m3fn"], {"advanced": True}],
        },
    ),
    "CLIPLoader": described(
        ["CLIP"],
        {
            "clip_name": [["qwen_2.5_vl_7b_fp8_scaled.safetensors", "umt5_xxl_fp8_e4m3fn_scaled.safetensors"]],
            "type": [["stable_diffusion", "wan", "qwen_image"]],
        },
        {"device": [["default", "cpu"], {"advanced": True}]},
    ),
    "VAELoader": described(["VAE"], {"vae_name": [["qwen_image_vae.safetensors", "wan_2.1_vae.safetensors"]]}),
    "ModelSamplingAuraFlow": described(["MODEL"], {"model": ["MODEL"], "shift": number("FLOAT", 1.73, 0, 100, 0.01)}),
    "ModelSamplingSD3": described(["MODEL"], {"model": ["MODEL"], "shift": number("FLOAT", 3, 0, 100, 0.01)}),
    "CFGNorm": described(["MODEL"], {"model": ["MODEL", {}], "strength": number("FLOAT", 1, 0, 100, 0.01)}),
    "LoadImage": described(["IMAGE", "MASK"], {"image": [["example.png"], {"image_upload": True}]}),
    "ImageScaleToTotalPixels": described(
        ["IMAGE"],
        {
            "image": ["IMAGE"],
            "upscale_method": [["nearest-exact", "lanczos"]],
            "megapixels": number("FLOAT", 1, 0.01, 16, 0.01),
        },
    ),
    "ImageBatch": described(["IMAGE"], {"image1": ["IMAGE"], "image2": ["IMAGE"]}),
    "VAEEncode": described(["LATENT"], {"pixels": ["IMAGE"], "vae": ["VAE"]}),
    "VAEDecode": described(["IMAGE"], {"samples": ["LATENT"], "vae": ["VAE"]}),
    "CLIPTextEncode": described(["CONDITIONING"], {"text": TEXT, "clip": ["CLIP"]}),
    "ReferenceLatent": described(["CONDITIONING"], {"conditioning": ["CONDITIONING", {}]}, {"latent": ["LATENT", {}]}),
    "ConditioningCombine": described(
        ["CONDITIONING"], {"conditioning_1": ["CONDITIONING"], "conditioning_2": ["CONDITIONING"]}
    ),
    "TextEncodeQwenImageEditPlus": described(
        ["CONDITIONING"],
        {"clip": ["CLIP", {}], "prompt": TEXT},
        {"vae": ["VAE", {}], "image1": ["IMAGE", {}], "image2": ["IMAGE", {}], "image3": ["IMAGE", {}]},
    ),
    "EmptySD3LatentImage": described(["LATENT"], {"width": SIDE, "height": SIDE, "batch_size": BATCH}),
    "KSampler": described(
        ["LATENT"],
        {
            "model": ["MODEL"],
            "seed": [SEED[0], {**SEED[1], "control_after_generate": True}],
            "steps": number("INT", 20, 1, 10000),
            "cfg": number("FLOAT", 8, 0, 100, 0.1),
            "sampler_name": SAMPLERS,
            "scheduler": SCHEDULERS,
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
            "denoise": number("FLOAT", 1, 0, 1, 0.01),
        },
        title="KSampler",
    ),
    "WanVaceToVideo": described(
        ["CONDITIONING", "CONDITIONING", "LATENT", "INT"],
        {
            "positive": ["CONDITIONING", {}],
            "negative": ["CONDITIONING", {}],
            "vae": ["VAE", {}],
            "width": SIDE,
            "height": SIDE,
            "length": number("INT", 81, 1, 16384, 4),
            "batch_size": BATCH,
            "strength": number("FLOAT", 1, 0, 1000, 0.01),
        },
        {"control_video": ["IMAGE", {}], "control_masks": ["MASK", {}], "reference_image": ["IMAGE", {}]},
    ),
    "TrimVideoLatent": described(["LATENT"], {"samples": ["LATENT", {}], "trim_amount": number("INT", 0, 0, 99999)}),
    "CreateVideo": described(
        ["VIDEO"], {"images": ["IMAGE", {}], "fps": number("FLOAT", 30, 1, 120, 1)}, {"audio": ["AUDIO", {}]}
    ),
    "SaveVideo": described(
        ["VIDEO"],
        {
            "video": ["VIDEO", {}],
            "filename_prefix": ["STRING", {"default": "video/ComfyUI"}],
            "format": [
                "COMFY_DYNAMICCOMBO_V3",
                {
                    "options": [
                        {"key": key, "inputs": {"required": {"codec": CODEC}}} for key in ("auto", "mp4", "webm")
                    ]
                },
            ],
        },
        {"codec": CODEC},
        saves=True,
    ),
    "SaveImage": described([], {"images": ["IMAGE"], "filename_prefix": PREFIX}, saves=True),
    "PreviewImage": described([], {"images": ["IMAGE"]}, saves=True),
    "SaveAnimatedWEBP": described([], {"images": ["IMAGE"], "filename_prefix": PREFIX}, saves=True),
    "MiniMaxH3ReferenceToVideo": described(
        ["CONDITIONING", "LATENT"],
        {
            "clip": ["CLIP", {}],
            "prompt": TEXT,
            "width": number("INT", 1344, 32, 16384, 32),
            "height": number("INT", 768, 32, 16384, 32),
            "length": number("INT", 124, 5, 3600, 17),
            "ref_image_size": ["COMBO", {"options": ["match", "max"], "default": "match", "multiselect": False}],
        },
        {
            "vae": ["VAE", {}],
            "ref_images": [
                "COMFY_AUTOGROW_V3",
                {
                    "template": {
                        "input": {"required": {"ref_image": ["IMAGE", {}]}},
                        "prefix": "ref_image_",
                        "min": 0,
                        "max": 9,
                    }
                },
            ],
        },
    ),
}
