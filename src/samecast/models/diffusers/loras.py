"""LoRAs of a recipe on a loaded pipeline: those that it names, at their scales, and no others.

A pipeline without any is exactly as it was loaded. What a LoRA is, and whose, is the library's.
"""

from collections.abc import Mapping
from typing import Any

from samecast.core.errors import InvalidInput
from samecast.core.recipe import Lora
from samecast.models.diffusers.libraries import check_installed

Worn = tuple[tuple[str, float, str], ...]
"""The LoRAs a pipeline has on: sha256, scale, and the argument that said into which of its denoisers; in order."""


def worn_of(loras: tuple[Lora, ...], into: str = "") -> Worn:
    return tuple((lora.sha256, lora.scale, into) for lora in loras)


def wear(pipe: Any, now: Worn, wanted: tuple[Lora, ...], files: Mapping[str, bytes], *, into: str = "") -> Worn:
    """Change what the pipeline has on from `now` to `wanted`; returns that. Raises `InvalidInput` for one that does not
    fit; then it has none on. Raises `MissingPart` where they cannot be loaded at all. `into`: see `Worn`."""
    if now == worn_of(wanted, into):
        return now
    if now:
        pipe.unload_lora_weights()
    if not wanted:
        return ()
    check_installed("peft")
    if not hasattr(pipe, "load_lora_weights"):
        raise InvalidInput(f"{type(pipe).__name__} takes no LoRAs.", hint="Shoot without, or on another model.")
    try:
        for lora in wanted:
            _load(pipe, files[lora.sha256], _name(lora), into)
        pipe.set_adapters([_name(lora) for lora in wanted], [lora.scale for lora in wanted])
    except InvalidInput:
        pipe.unload_lora_weights()
        raise
    return worn_of(wanted, into)


def _load(pipe: Any, content: bytes, name: str, into: str) -> None:
    import safetensors
    from safetensors.torch import load

    try:
        pipe.load_lora_weights(load(content), adapter_name=name, **({into: True} if into else {}))
    except (safetensors.SafetensorError, ValueError, KeyError, RuntimeError) as error:
        words = " ".join(str(error).split())[:200]
        raise InvalidInput(f"The LoRA {name} does not fit this model: {words}", hint=_HINT) from error
    if name not in {one for names in pipe.get_list_adapters().values() for one in names}:
        raise InvalidInput(f"The LoRA {name} does not fit this model: it has none of its layers.", hint=_HINT)


_HINT = "Train or choose one for this very model; it must be a safetensors file."


def _name(lora: Lora) -> str:
    return f"lora-{lora.sha256[:12]}"
