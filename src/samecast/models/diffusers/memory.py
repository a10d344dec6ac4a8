"""How a model is fitted into the memory there is: in which precision, and what of it waits outside the GPU.

`plan_memory` is a pure function of what is free and what is needed. Precision depends on the device alone, and on the
model's entry, never on what happens to be free: moving weights about changes no pixel, other numbers would.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from samecast.core.errors import OutOfMemory
from samecast.models.diffusers.setup import Offload

Device: TypeAlias = Literal["cuda", "mps", "cpu"]
Dtype: TypeAlias = Literal["float32", "float16", "bfloat16"]

GB = 1e9
BYTES: Mapping[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2}
GROUP_SHARE = 0.1
"""What of its largest component is on the GPU when groups of layers come and go: an estimate."""
WORKING = 1_000_000_000
PER_PIXEL = 3_000
PER_PIXEL_OF_CLIP = 64
"""Bytes that making takes beside the weights: at least, for each pixel, for each pixel of each frame. Estimates."""
_WORDS: Mapping[str, str] = {
    "none": "",
    "model": ", one part at a time",
    "group": ", offloaded by groups of layers",
    "sequential": ", offloaded layer by layer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is there, in bytes: `free` on the device (a CPU's own memory), `ram` free beside a GPU."""

    device: Device
    free: int
    ram: int
    bfloat16: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a model takes: `parameters` by component, `working` bytes beside them.

    `wish`, `dtype`: what its entry asks for, "auto" and "" for nothing. `bits`: of a quantised weight; None: it is not
    to be quantised. `forced`: it is quantised whether or not it would fit as it is.
    """

    parameters: Mapping[str, int]
    working: int = WORKING
    wish: Literal["auto", "none", "model", "group", "sequential"] = "auto"
    dtype: Literal["", "float32", "float16", "bfloat16"] = ""
    bits: int | None = None
    forced: bool = False
    ways: tuple[Offload, ...] = ("none", "model", "group", "sequential")
    """Which its pipeline can do, the quickest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """`needs`: bytes on the device, as far as can be told beforehand; `says`: the plan as a sentence."""

    device: Device
    dtype: Dtype
    offload: Offload
    quantized: bool
    needs: int
    says: str


def working_bytes(width: int, height: int, frames: int) -> int:
    """What making such a picture or clip takes beside the weights: an estimate."""
    return WORKING + width * height * (PER_PIXEL + PER_PIXEL_OF_CLIP * (frames - 1))


def plan_memory(machine: Machine, need: Need, *, model: str) -> MemoryPlan:
    """The quickest way that fits. Raises `OutOfMemory` where none does; a wish of the entry's is taken at its word."""
    dtype = need.dtype or _dtype(machine)
    if machine.device != "cuda":
        return _whole(machine, need, dtype, model)
    tries = [need.forced] if need.forced or need.bits is None else [False, True]
    for quantized in tries:
        plan = _fitting(machine, need, dtype, quantized, last=quantized is tries[-1])
        if plan is not None:
            return plan
    least = min(_needs(need, dtype, tries[-1]).values())
    held = sum(need.parameters.values()) * _per(dtype, need, tries[-1])
    short = machine.ram < held
    what = f"{held / GB:.1f} GB of main memory" if short else f"about {least / GB:.1f} GB on the GPU"
    free = machine.ram if short else machine.free
    raise OutOfMemory(
        f"{model} does not fit: it needs {what}, and {free / GB:.1f} GB are free.",
        hint="Close what else uses them, or choose a smaller model: samecast models list.",
        charged=False,
    )


def _dtype(machine: Machine) -> Dtype:
    if machine.device == "cpu":
        return "float32"
    return "bfloat16" if machine.bfloat16 else "float16"


def _per(dtype: str, need: Need, quantized: bool) -> float:
    """Bytes of one weight; quantised ones have their scales beside them."""
    return need.bits / 8 * 1.1 if quantized and need.bits is not None else BYTES[dtype]


def _needs(need: Need, dtype: str, quantized: bool) -> dict[Offload, int]:
    """Bytes on the GPU, for each way of keeping the rest outside."""
    per = _per(dtype, need, quantized)
    size = sum(need.parameters.values()) * per
    largest = max(need.parameters.values(), default=0) * per
    held: Mapping[Offload, float] = {"none": size, "model": largest, "group": largest * GROUP_SHARE, "sequential": 0}
    return {way: int(held[way]) + need.working for way in need.ways}


def _fitting(machine: Machine, need: Need, dtype: Dtype, quantized: bool, *, last: bool) -> MemoryPlan | None:
    """Quantising comes before groups: they are far slower. So where it may still be tried, they are left for later."""
    held = sum(need.parameters.values()) * _per(dtype, need, quantized)
    for offload, needs in _needs(need, dtype, quantized).items():
        if need.wish not in ("auto", offload):
            continue
        waits = offload != "none"
        fits = needs <= machine.free and (not waits or held <= machine.ram)
        late = offload in ("group", "sequential") and not last
        if need.wish == offload or (fits and not late):
            return _plan(machine, dtype, offload, quantized, needs)
    return None


def _whole(machine: Machine, need: Need, dtype: Dtype, model: str) -> MemoryPlan:
    """On a CPU, and where the GPU shares its memory, there is nowhere to move anything to."""
    needs = int(sum(need.parameters.values()) * BYTES[dtype]) + need.working
    offload: Offload = "none" if need.wish == "auto" else need.wish
    if needs > machine.free and need.wish == "auto":
        where = "this computer's memory" if machine.device == "cpu" else "the memory"
        raise OutOfMemory(
            f"{model} does not fit into {where}: "
            f"it needs about {needs / GB:.1f} GB, and {machine.free / GB:.1f} GB are free.",
            hint="Run it on a machine with a GPU, or choose a smaller model: samecast models list.",
            charged=False,
        )
    return _plan(machine, dtype, offload, False, needs)


def _plan(machine: Machine, dtype: Dtype, offload: Offload, quantized: bool, needs: int) -> MemoryPlan:
    where = "on the CPU, which is slow" if machine.device == "cpu" else "on the GPU"
    how = f"{dtype}, quantised" if quantized else dtype
    says = f"Loaded in {how} {where}{_WORDS[offload]}: about {needs / GB:.1f} of {machine.free / GB:.1f} GB."
    return MemoryPlan(device=machine.device, dtype=dtype, offload=offload, quantized=quantized, needs=needs, says=says)
