"""What a profile's `setup` tells this engine, as values. docs/models-local.md explains every key to users."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from samecast.core.errors import InvalidInput
from samecast.models.diffusers.tables import read_table
from samecast.ports import ModelProfile

Offload: TypeAlias = Literal["none", "model", "group", "sequential"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """An IP-Adapter: `weight` is its safetensors file in `subfolder`, `encoder` the folder of its picture encoder."""

    weight: str
    folder: str = ""
    repo: str = ""
    revision: str = "main"
    subfolder: str = ""
    encoder: str = "image_encoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """Weights kept in fewer bits. `backend` as diffusers names it; `components`: which, all that can be if empty.

    `when`: always, or only where the model does not fit into the GPU's memory as it is. `type`: torchao's config class.
    """

    backend: str
    components: tuple[str, ...] = ()
    when: Literal["always", "needed"] = "always"
    type: str = ""
    bits: int = 8
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """A cache that skips work between steps: `kind` is diffusers' config class without `Config`."""

    kind: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Either `folder`, or `repo` at `revision`; everything else has a default that suits most models."""

    folder: str = ""
    repo: str = ""
    revision: str = "main"
    variant: str = ""
    pipeline: str = ""
    modular: bool | None = None
    workflow: str = ""
    dtype: Literal["", "float32", "float16", "bfloat16"] = ""
    memory: Literal["auto", "none", "model", "group", "sequential"] = "auto"
    batch: int = 1
    tiling: bool = False
    attention: str = ""
    compile: bool = False
    skip: tuple[str, ...] = ()
    """Components that are not fetched."""
    scheduler: Mapping[str, object] = field(default_factory=dict)
    """Changes to the scheduler's own settings; `class`: another scheduler."""
    cache: Cache | None = None
    quantization: Quantization | None = None
    adapter: Adapter | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Values of options that a recipe does not have: steps, guidance, negative, strength."""
    call: Mapping[str, object] = field(default_factory=dict)
    """Further arguments of the pipeline's call, as they are."""
    family: Mapping[str, object] = field(default_factory=dict)
    """What families.toml says about its pipeline's class, or should: overrides it key by key."""


def read_setup(profile: ModelProfile) -> Setup:
    """Raises `InvalidInput` for an unknown key or a wrong value."""
    where = f"setup of {profile.id}"
    setup = read_table(Setup, profile.setup, where)
    if bool(setup.folder) == bool(setup.repo):
        raise InvalidInput(f"The {where} must name either a folder or a repo.", hint="docs/models-local.md has both.")
    if setup.batch < 1:
        raise InvalidInput(f"The {where} has a batch of {setup.batch}.", hint="It is how many takes are made at once.")
    if setup.adapter is not None:
        if bool(setup.adapter.folder) == bool(setup.adapter.repo):
            raise InvalidInput(
                f"The {where} must name either a folder or a repo of its adapter.", hint="See docs/models-local.md."
            )
        if not setup.adapter.weight.endswith(".safetensors"):
            raise InvalidInput(
                f"The {where} names an adapter that is no safetensors file: {setup.adapter.weight}.",
                hint="Other formats can run code when they are read: convert it first.",
            )
    return setup
