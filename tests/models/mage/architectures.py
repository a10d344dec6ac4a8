"""A live list as Mage's own description has it (its OpenAPI document of November 2026): the parts that tests need.

Fields, tokens and defaults are Mage's. How many gems a take costs, and how many pictures some of them take, are not
published there: those numbers are the test's own.
"""

from typing import Any

RATIOS = ["21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21"]
_TEXT = {"type": "string"}


def _field(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _picture(description: str) -> dict[str, Any]:
    return _field(f"{description}. An https URL or a data URL.")


def architecture(
    id: str,
    name: str,
    kind: str,
    variants: list[str],
    tokens: dict[str, list[str]],
    *,
    defaults: dict[str, Any] | None = None,
    by_model: dict[str, dict[str, list[str]]] | None = None,
    characters: list[str] | None = None,
    references: list[str] | None = None,
    roles: tuple[str, ...] = ("image", "more"),
    most: int = 10,
    most_by_model: dict[str, int] | None = None,
    gems: float = 40,
    more: dict[str, Any] | None = None,
    description: str = "",
) -> dict[str, Any]:
    """One entry. `roles`: image, more, first, last, videos. `defaults`: of variant (`model_id`) and tokens."""
    usual = {"model_id": variants[0]} | (defaults or {})
    properties: dict[str, Any] = {
        "prompt": {"type": "string", "minLength": 1, "description": "The text prompt."},
        "seed": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "Integer seed."},
        "model_id": _field("The model variant.", enum=variants, default=usual["model_id"]),
    }
    for token, values in tokens.items():
        properties[token] = _field(f"{token.capitalize()}.", enum=values, default=usual.get(token, values[0]))
    if "first" in roles:
        properties["first_image"] = _picture("The first frame image")
    if "last" in roles:
        properties["last_image"] = _picture("The last frame image")
    if "image" in roles:
        properties["image"] = _picture("The reference image")
    if "more" in roles:
        properties["additional_images"] = {"type": "array", "items": _TEXT, "description": "Additional images."}
    if "videos" in roles:
        properties["videos"] = {"type": "array", "items": _TEXT, "description": "The source videos."}
    return {
        "id": id,
        "name": name,
        "type": kind,
        "description": description or f"{name} makes {kind}s. It has rules.",
        "image_inputs": {
            "first_frame": "first_image" if "first" in roles else None,
            "last_frame": "last_image" if "last" in roles else None,
            "references": {"field": "image", "additional_field": "additional_images" if "more" in roles else None}
            if "image" in roles
            else None,
        },
        "video_inputs": {"field": "videos"} if "videos" in roles else None,
        "base_config": usual,
        "options": {"model_id": variants, **tokens},
        "options_by_model": by_model or {},
        "mentions": {
            "characters": characters or [],
            "references": references if references is not None else (characters or []),
            "audio_references": [],
            "max_audio_references": 0,
            "character_voices": False,
        },
        "max_images": most,
        "max_images_by_model": most_by_model or {},
        "input_schema": {
            "type": "object",
            "properties": properties | (more or {}),
            "required": ["prompt"],
            "additionalProperties": True,
        },
        "gems": gems,
        "generate_url": f"https://api.mage.space/v1/{id}/generate",
    }


def everything() -> list[dict[str, Any]]:
    flag, number = {"type": "boolean", "default": True}, {"type": "number", "default": 4}
    mango = ["mango", "mango-v2", "mango-v3s", "mango-v3", "mango-v3-turbo"]
    guava = ["guava", "guava-pro", "guava-pro-v1-5", "guava-2", "guava-2-pro"]
    cherry = ["cherry-mini", "cherry", "cherry-pro", "cherry-2-pro"]
    short = ["4", "5", "8", "10", "15"]
    return [
        architecture(
            "mango", "Mango", "image", mango,
            {"aspect_ratio": RATIOS, "resolution": ["1K", "2K", "3K", "4K"]},
            defaults={"model_id": "mango-v3", "aspect_ratio": "4:5", "resolution": "2K"},
            by_model={
                "mango-v3": {"resolution": ["1K", "2K"]},
                "mango-v3-turbo": {"resolution": ["1K", "2K"]},
                "mango-v3s": {"resolution": ["2K", "3K"]},
                "mango-v2": {"resolution": ["2K", "3K", "4K"]},
            },
            characters=["mango-v2", "mango-v3s", "mango-v3", "mango-v3-turbo"], gems=135,
        ),
        architecture(
            "guava", "Guava", "image", guava, {"aspect_ratio": RATIOS, "resolution": ["1K", "2K"]},
            defaults={"aspect_ratio": "4:5"}, characters=guava, most=3,
            more={"prompt_extend": {**flag, "default": False}},
        ),
        architecture(
            "flux2", "Flux 2", "image", ["flux2-dev"], {"aspect_ratio": RATIOS, "resolution": ["1k", "2k"]},
            defaults={"aspect_ratio": "4:5"}, most=4,
            more={
                "num_inference_steps": {**number, "default": 28},
                "guidance_scale": {**number, "minimum": 1, "maximum": 8},
            },
        ),
        architecture(
            "sdxl_plus", "SDXL Plus", "image", ["6A35A7855770AE98"], {"aspect_ratio": RATIOS},
            roles=("image",), most=1,
            more={
                "negative_prompt": {"type": "string", "default": ""},
                "scheduler": {"type": "string", "default": "euler"},
                "adetailer_face": flag,
            },
        ),
        architecture(
            "grok_image", "Grok Image", "image", ["grok-imagine-image", "grok-imagine-image-2.0"],
            {"aspect_ratio": ["1:1", "16:9", "2:1", "19.5:9"], "resolution": ["1k", "2k"]},
            references=["grok-imagine-image"],
            more={"quality": {"type": "string", "default": "medium"}},
        ),
        architecture(
            "krea_2", "Krea 2", "image", ["krea-2-turbo"], {"aspect_ratio": ["19.5:9"]}, roles=(), most=0,
        ),
        architecture(
            "cherry", "Cherry", "video", cherry,
            {
                "aspect_ratio": ["16:9", "9:16", "1:1"],
                "resolution": ["480p", "720p", "1080p", "4k"],
                "duration": [*short, "20", "25", "30"],
            },
            defaults={"model_id": "cherry-2-pro"},
            by_model={
                "cherry-2-pro": {"resolution": ["480p", "720p", "1080p"]},
                "cherry-pro": {"duration": short},
                "cherry": {"resolution": ["480p", "720p"], "duration": short},
                "cherry-mini": {"resolution": ["480p", "720p"], "duration": short},
            },
            characters=cherry, roles=("image", "more", "videos"), most=9, most_by_model={"cherry-2-pro": 50},
            more={"use_character_voices": flag}, gems=400,
        ),
        architecture(
            "lemon", "Lemon", "video", ["lemon"],
            {
                "aspect_ratio": ["16:9", "4:3", "1:1", "3:4", "9:16"],
                "resolution": ["480p", "720p"],
                "duration": ["2", "3", "4"],
            },
            characters=["lemon"], roles=("image", "more", "first", "last", "videos"), more={"audio": flag},
        ),
        architecture(
            "kiwi", "Kiwi", "video", ["kiwi"],
            {"aspect_ratio": ["16:9", "9:16"], "resolution": ["480p"], "duration": ["5", "10"]},
            roles=("first",), most=1,
        ),
        architecture(
            "wan_22", "Wan Video v2.2", "video", ["wan22-video", "wan22-video-lightning"],
            {"aspect_ratio": ["16:9", "9:16"], "resolution": ["240p", "480p"]}, roles=("first",), most=1,
            more={"num_frames": {"type": "integer", "default": 81, "minimum": 17, "maximum": 121}},
        ),
        architecture("seed_audio", "Seed Audio", "audio", ["seed-audio-1.0"], {"duration": ["5"]}, roles=("image",)),
    ]  # fmt: skip
