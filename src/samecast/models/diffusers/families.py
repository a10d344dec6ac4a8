"""What sets one diffusers pipeline apart from another, as values: read from families.toml, by its class's name.

How a class wants its pictures, its length, its options; which of its methods only read the prompt and the pictures. A
class that the file does not know is taken at its signature, and a model's own `setup` may say more.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Literal

from samecast.models.diffusers.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """How pictures reach the pipeline: as `argument`, "one" (several joined side by side), a "list", or "nested".

    `wrap` is the diffusers class that each is put into, as its `slot`, together with `extra`. `fit`: cropped to the
    shape of what is made first, since it would be stretched. `least_side`: smaller ones are enlarged. `most`: how many
    a catalogue's entry should say.
    """

    argument: str
    form: Literal["one", "list", "nested"] = "list"
    wrap: str = ""
    slot: str = ""
    extra: Mapping[str, object] = field(default_factory=dict)
    fit: bool = False
    least_side: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Frames come as `argument`, and their number is `times` x k + `plus`."""

    argument: str
    times: int = 1
    plus: int = 0

    def made(self, wanted: int) -> int:
        """The least number of frames that it makes and that is enough."""
        over = max(0, wanted - self.plus)
        return self.plus + -(-over // self.times) * self.times


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where an option goes: an `argument`, a guider's value, or an adapter's scale; and its form in an entry."""

    argument: str = ""
    guider: str = ""
    adapter: bool = False
    kind: str = "number"
    says: str = ""
    default: object = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """Weights of one sort among a class's, told by the configuration of one `part`: `has` is set in it, `lacks` not."""

    part: str
    has: str
    lacks: str


USUAL: Mapping[str, Way] = {
    "steps": Way(argument="num_inference_steps"),
    "guidance": Way(argument="guidance_scale"),
    "negative": Way(argument="negative_prompt"),
}
"""Where options go that a family does not name. Any other is an argument's own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One pipeline class. Sizes in pixels; empty texts mean that there is no such thing."""

    kinds: tuple[str, ...] = ("image",)
    multiple: int = 16
    """Sides of what it makes are multiples of it; the rest is cropped away."""
    pixels: int = 1_048_576
    """The area that it was trained at."""
    result: str = "images"
    """What of its outcome holds the pictures."""
    callback: bool = True
    """Whether it calls back after every step; else its scheduler is watched."""
    several: str = ""
    """The argument that makes several takes at once; "": one at a time."""
    area: str = ""
    """The argument that must be told the number of pixels, or it makes another size."""
    rate: str = ""
    """The argument that takes frames per second."""
    references: Handing | None = None
    first_frame: Handing | None = None
    last_frame: Handing | None = None
    endless: Sort | None = None
    """Weights that cannot be given a last frame, although their class can."""
    either: bool = False
    """It takes references or such frames, never both: with references it would not look at the frames."""
    length: Length | None = None
    begins: Literal["", "may", "must"] = ""
    """It may, or must, begin with a picture: where no first frame is given, the first reference is it."""
    refers: bool = False
    """It makes nothing without a reference."""
    edits: bool = False
    loras: bool = False
    loras_referring: str = ""
    """The argument that puts LoRAs into the denoiser of takes with references, where that is another one."""
    remember: tuple[str, ...] = ()
    """Methods (of a modular pipeline: blocks) that read prompt and pictures alone, so once is enough for all takes."""
    precise: tuple[str, ...] = ()
    """Components that are kept in float32."""
    without: tuple[str, ...] = ()
    """Blocks of a modular pipeline that are left out."""
    motion: Mapping[str, str] = field(default_factory=dict)
    """Arguments that take a driving clip, and the file of each in the folder that the option `motion` names."""
    needs: tuple[str, ...] = ()
    """Packages that it needs beside what every model does."""
    sound: bool = False
    """It makes sound too, which a take does not keep."""
    adapter: bool = False
    """It takes references through an IP-Adapter only."""
    fps: int = 24
    seconds: float = 5.0
    """The longest clip that a catalogue's entry should say, and `seconds_from` the shortest."""
    seconds_from: float = 0.5
    picture: str = ""
    first: str = "the {noun}"
    again: str = "the {noun}"
    """How prompts mention pictures and characters: `core.compiling.Mentioning`."""
    options: Mapping[str, Way] = field(default_factory=dict)
    notes: str = ""


@cache
def _known() -> Mapping[str, Mapping[str, object]]:
    text = resources.files(__package__).joinpath("families.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def known_families() -> tuple[str, ...]:
    """The classes that families.toml describes."""
    return tuple(_known())


def family_of(name: str, more: Mapping[str, object] | None = None) -> Family:
    """The class's family, with what a model's own setup says over it. Raises `InvalidInput` for what is no such key."""
    table = {**_inherited(name), **(more or {})}
    return read_table(Family, table, f"family of {name}")


def _inherited(name: str) -> Mapping[str, object]:
    """A class may be `like` another: it has all that the other has, but for its own."""
    own = dict(_known().get(name, {}))
    like = own.pop("like", None)
    return {**_inherited(str(like)), **own} if like else own
