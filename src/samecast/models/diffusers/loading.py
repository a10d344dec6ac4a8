"""A model's folder as a pipeline that is ready to run: loaded, fitted into memory, and set up as its entry says.

Which plan it is fitted by is `memory`'s; what it is called with, `calling`'s. Weights are read as safetensors only.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from samecast.core.errors import InvalidInput, NotFound, RenderFailed
from samecast.models.diffusers import weights
from samecast.models.diffusers.families import Family
from samecast.models.diffusers.libraries import diffusers, torch
from samecast.models.diffusers.loras import Worn
from samecast.models.diffusers.memory import Machine, MemoryPlan
from samecast.models.diffusers.remembering import Remembered
from samecast.models.diffusers.setup import Adapter, Cache, Quantization, Setup

DENOISERS = ("transformer", "transformer_2", "transformer_ref", "unet")


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A pipeline that can be called. `guider`: its own, as it was loaded; `worn`: the LoRAs it has on now."""

    pipe: Any
    family: Family
    plan: MemoryPlan
    modular: bool
    guider: Any = None
    worn: Worn = ()
    remembered: Remembered = field(default_factory=Remembered)

    def takes(self, argument: str) -> bool:
        """Whether its call has that argument."""
        if self.modular:
            return argument in self.pipe._blocks.input_names
        return argument in inspect.signature(type(self.pipe).__call__).parameters

    def tidy(self) -> None:
        """After a take that was stopped: what its end would have put in order."""
        if not self.modular:
            self.pipe.maybe_free_model_hooks()


@dataclass(frozen=True, kw_only=True)
class Loading:
    """Loads one model. `adapter`: the folder of its IP-Adapter."""

    folder: Path
    setup: Setup
    adapter: Path | None = None
    model: str = ""

    @cached_property
    def pipeline(self) -> str:
        """The pipeline's class, by its name. Raises `NotFound` where neither setup nor folder says it."""
        name = self.setup.pipeline or str(weights.read_index(self.folder).get("_class_name", ""))
        if not name:
            raise NotFound(f"{self.folder} does not say what it is.", hint="Set pipeline in the setup of its entry.")
        return name

    @property
    def modular(self) -> bool:
        if self.setup.modular is not None:
            return self.setup.modular
        return self.pipeline.endswith("ModularPipeline")

    def parameters(self, family: Family) -> dict[str, int]:
        """How many numbers each component that is loaded has, from its files' headers, and its adapter's."""
        folders = weights.component_folders(self.folder)
        if self.modular:
            needed = _needed(self._skeleton(family))
            folders = {name: folder for name, folder in folders.items() if name in needed}
        if self.adapter is not None and self.setup.adapter is not None:
            adapter = self.setup.adapter
            folders["adapter"] = self.adapter / adapter.subfolder
            within = "" if "/" in adapter.encoder else adapter.subfolder
            folders["image_encoder"] = self.adapter / within / adapter.encoder
        return weights.parameters(folders)

    def load(self, family: Family, plan: MemoryPlan) -> Loaded:
        """Raises `RenderFailed` where the folder is not what it says, `InvalidInput` where its entry is wrong."""
        if not hasattr(diffusers(), self.pipeline):
            raise InvalidInput(
                f"The installed diffusers has no {self.pipeline}.",
                hint="Install a newer one, or correct pipeline in the setup of the model's entry.",
            )
        try:
            pipe = self._modular(family, plan) if self.modular else self._classic(family, plan)
            if self.setup.adapter is not None:
                self._load_adapter(pipe, self.setup.adapter)
        except (OSError, ValueError, TypeError, KeyError, ImportError, AttributeError) as error:
            words = " ".join(str(error).split())[:240]
            hint = f"Fetch it again: samecast models pull {self.model}" if self.setup.repo else "Copy its folder anew."
            raise RenderFailed(f"{self.model} cannot be loaded: {words}", hint=hint, charged=False) from error
        _configure(pipe, self.setup)
        _place(pipe, plan, modular=self.modular)
        return Loaded(pipe=pipe, family=family, plan=plan, modular=self.modular, guider=getattr(pipe, "guider", None))

    def _options(self, family: Family, plan: MemoryPlan) -> dict[str, object]:
        main = getattr(torch(), plan.dtype)
        precise = dict.fromkeys(family.precise, torch().float32)
        options: dict[str, object] = {"dtype": {**precise, "default": main} if precise else main}
        if self.setup.variant:
            options["variant"] = self.setup.variant
        if plan.quantized and self.setup.quantization is not None:
            options["quantization_config"] = _quantization(self.setup.quantization)
        return options

    def _classic(self, family: Family, plan: MemoryPlan) -> Any:
        options = self._options(family, plan)
        pipe = getattr(diffusers(), self.pipeline).from_pretrained(
            self.folder, local_files_only=True, use_safetensors=True, **options
        )
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def _skeleton(self, family: Family, keeper: Any = None) -> Any:
        """The modular pipeline without its weights."""
        pipe = diffusers().ModularPipeline.from_pretrained(
            str(self.folder),
            workflow=self.setup.workflow or None,
            components_manager=keeper,
            local_files_only=True,
            trust_remote_code=False,
        )
        for name in family.without:
            pipe._blocks.sub_blocks.pop(name, None)
        return pipe

    def _modular(self, family: Family, plan: MemoryPlan) -> Any:
        pipe = self._skeleton(family, diffusers().ComponentsManager() if plan.offload == "model" else None)
        names = _needed(pipe)
        pipe.load_components(names=names, local_files_only=True, **self._options(family, plan))
        missing = [name for name in names if getattr(pipe, name, None) is None]
        if missing:  # it only logs them
            raise ValueError(f"its {', '.join(missing)} is not there, or is not what it should be")
        _silence(pipe._blocks)
        return pipe

    def _load_adapter(self, pipe: Any, adapter: Adapter) -> None:
        pipe.load_ip_adapter(
            str(self.adapter),
            subfolder=adapter.subfolder,
            weight_name=adapter.weight,
            image_encoder_folder=adapter.encoder,
            local_files_only=True,
        )


def _needed(pipe: Any) -> list[str]:
    """The components that a modular pipeline's blocks want loaded."""
    needed = {spec.name for spec in pipe._blocks.expected_components}
    return [name for name in pipe.pretrained_component_names if name in needed]


def _silence(blocks: Any) -> None:
    """No progress bars, of whichever block draws one."""
    for block in blocks.sub_blocks.values():
        if hasattr(block, "set_progress_bar_config"):
            block.set_progress_bar_config(disable=True)
        _silence(block)


# --- as its entry says ------------------------------------------------------------------------------------------


def _denoisers(pipe: Any) -> list[Any]:
    return [part for name in DENOISERS if (part := getattr(pipe, name, None)) is not None]


def _configure(pipe: Any, setup: Setup) -> None:
    """Scheduler, attention, caches, tiling. Raises `InvalidInput` for what this model or machine cannot do."""
    try:
        if setup.scheduler:
            _reschedule(pipe, dict(setup.scheduler))
        for part in _denoisers(pipe):
            if setup.attention:
                part.set_attention_backend(setup.attention)
            if setup.cache is not None:
                part.enable_cache(_cache(pipe, setup.cache))
            if setup.compile:
                part.compile_repeated_blocks(fullgraph=True)
        if setup.tiling:
            pipe.vae.enable_tiling()
    except (AttributeError, ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        words = " ".join(str(error).split())[:240]
        raise InvalidInput(
            f"The model cannot be set up as its entry says: {words}",
            hint="Take scheduler, attention, cache, compile or tiling out of its setup.",
        ) from error


def _reschedule(pipe: Any, changes: dict[str, object]) -> None:
    own = pipe.scheduler
    kind = getattr(diffusers(), str(changes.pop("class", type(own).__name__)))
    scheduler = kind.from_config(own.config, **changes)
    if isinstance(pipe, diffusers().ModularPipeline):
        pipe.update_components(scheduler=scheduler)
    else:
        pipe.scheduler = scheduler


def _cache(pipe: Any, cache: Cache) -> Any:
    kind = getattr(diffusers(), f"{cache.kind}Config")
    arguments = dict(cache.arguments)
    if "current_timestep_callback" in inspect.signature(kind).parameters:
        arguments["current_timestep_callback"] = lambda: pipe.current_timestep
    return kind(**arguments)


def _quantization(wanted: Quantization) -> Any:
    library = diffusers()
    names = list(wanted.components) or None
    if wanted.type:  # torchao takes an object of its own
        import importlib

        kind = getattr(importlib.import_module("torchao.quantization"), wanted.type)
        config = library.TorchAoConfig(kind(**wanted.arguments))
        return library.PipelineQuantizationConfig(quant_mapping=dict.fromkeys(names or DENOISERS, config))
    arguments = {
        key: getattr(torch(), str(value)) if key.endswith("dtype") else value for key, value in wanted.arguments.items()
    }
    return library.PipelineQuantizationConfig(
        quant_backend=wanted.backend, quant_kwargs=arguments, components_to_quantize=names
    )


# --- where it runs ----------------------------------------------------------------------------------------------


def machine() -> Machine:
    """What this computer has, and how much of it is free just now."""
    library = torch()
    ram = _free_memory()
    if library.cuda.is_available():
        free, _ = library.cuda.mem_get_info()
        return Machine(
            device="cuda", free=int(free), ram=ram, bfloat16=library.cuda.is_bf16_supported(including_emulation=False)
        )
    if library.backends.mps.is_available():
        return Machine(device="mps", free=ram, ram=ram)
    return Machine(device="cpu", free=ram, ram=ram)


def _free_memory() -> int:
    """Bytes of main memory that a program could have."""
    import psutil  # type: ignore[import-untyped]  # accelerate needs it

    return int(psutil.virtual_memory().available)


def _place(pipe: Any, plan: MemoryPlan, *, modular: bool) -> None:
    device = torch().device(plan.device)
    match plan.offload:
        case "none":
            if plan.device != "cpu":
                pipe.to(device)
        case "group":
            _by_groups(pipe, plan, modular=modular)
        case "model" if modular:
            pipe._components_manager.enable_auto_cpu_offload(device=device)
        case "model":
            pipe.enable_model_cpu_offload(device=device)
        case "sequential" if modular:
            raise InvalidInput(
                "A modular pipeline cannot be kept outside the GPU layer by layer.",
                hint='Set memory = "group" in the setup of its entry.',
            )
        case "sequential":
            pipe.enable_sequential_cpu_offload(device=device)


def _by_groups(pipe: Any, plan: MemoryPlan, *, modular: bool) -> None:
    """Groups of layers come to the device as they are needed, the next while the one before is at work.

    Parts whose layers cannot be moved one by one stay on the device whole.
    """
    library = torch()
    whole = [name for name, part in pipe.components.items() if not getattr(part, "_supports_group_offloading", True)]
    options = {
        "onload_device": library.device(plan.device),
        "offload_device": library.device("cpu"),
        "offload_type": "leaf_level",
        "use_stream": plan.device == "cuda",
    }
    if not modular:
        pipe.enable_group_offload(**options, exclude_modules=whole)
        return
    apply: Callable[..., None] = diffusers().hooks.apply_group_offloading
    for name, part in pipe.components.items():
        if name in whole:
            part.to(options["onload_device"])
        elif isinstance(part, library.nn.Module):
            apply(part, **options)
