"""What makes takes: engines, what a model can do, and what it costs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Literal, Protocol, TypeAlias

from samecast.core.compiling import Mentioning
from samecast.core.options import Option
from samecast.core.prompt import Aspect
from samecast.core.recipe import Recipe
from samecast.core.terms import Terms
from samecast.ports.pictures import Picture, Pixels

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

STILL_SIZES: Mapping[Aspect, Size] = {
    (1, 1): (1280, 1280),
    (16, 9): (1920, 1080),
    (9, 16): (1080, 1920),
    (4, 5): (1152, 1440),
    (3, 2): (1536, 1024),
    (2, 3): (1024, 1536),
    (21, 9): (1792, 768),
}
CLIP_SIZES: Mapping[Aspect, Size] = {
    (1, 1): (960, 960),
    (16, 9): (1280, 720),
    (9, 16): (720, 1280),
    (4, 5): (864, 1080),
    (3, 2): (1152, 768),
    (2, 3): (768, 1152),
    (21, 9): (1344, 576),
}
"""What an aspect means in pixels where a model's profile says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A price in millionths of a dollar, for each image or each second of a clip, and each picture it is made from."""

    per_image: int = 0
    per_second: int = 0
    per_reference: int = 0

    def of(self, recipe: Recipe) -> int:
        """What one take of this recipe costs, in millionths of a dollar, rounded up."""
        made = self.per_image if recipe.kind == "image" else ceil(self.per_second * recipe.seconds)
        return made + self.per_reference * len(recipe.pictures)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """What a model can do, as a value, apart from how it is spoken to."""

    id: str
    name: str
    engine: str
    kinds: tuple[str, ...]
    aspects: tuple[tuple[int, int], ...]
    max_seconds: float
    max_characters: int
    deterministic: bool
    composites: bool
    """True where the engine works from the reference's own pixels, so likeness is by design and proves nothing."""
    price: str
    licence: str
    notes: str = ""
    resource: str = "cpu"
    """What a take occupies, and so its queue: "cpu", "gpu", or the name of the provider that makes it elsewhere."""
    cost: Cost | None = None
    """What a take costs; None where nobody can say beforehand."""
    at_once: int | None = None
    """How many takes the provider makes at once for one user, over all workers; None: no limit known."""
    per_minute: int | None = None
    """How many takes may be submitted to the provider in a minute; None: no limit known."""
    knows_keys: bool = False
    """True where the provider knows a job again by the key it was submitted with, so that it is never made twice."""
    closer: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Options that hold a take closer to its reference, each step closer than the one before: for shooting again."""

    aliases: tuple[str, ...] = ()
    """Other names that users know it by."""
    source: str = ""
    """Where these facts come from, and `checked`: the day they were, as YYYY-MM-DD."""
    checked: str = ""
    terms: Terms = field(default_factory=Terms)
    faces: Literal["accepted", "refused", "unknown"] = "unknown"
    """Whether photographs of real people are accepted as references."""
    references: int | None = None
    """How many pictures a take may be made from, over all its characters; None: as many as there are; 0: none."""
    references_from: int = 0
    """How many it needs at the least: from 1, it makes nothing from words alone."""
    references_each: int | None = None
    """How many of one character; None: as many as `references` leaves."""
    mentioning: Mentioning | None = None
    """How it is told who is who; None: it reads `Recipe.prompt` with its `@handle`s by itself."""
    seeds: bool = True
    """Whether it takes a seed; without, two takes differ by chance, and none can be made again."""
    voices: bool = False
    """Whether it can be given a character's voice. samecast hands none over yet."""
    edits: bool = False
    """Whether it changes a given picture as the prompt says."""
    first_frame: bool = False
    last_frame: bool = False
    """Whether a clip may be given its first frame, and its last."""
    loras: bool = False
    """Whether trained weights of a character (LoRAs) can be loaded into it."""
    keyframe: str = ""
    """The model that makes its first frame from the references, where it takes no others; "": none is needed."""
    still_sizes: Mapping[Aspect, Size] = field(default_factory=dict)
    clip_sizes: Mapping[Aspect, Size] = field(default_factory=dict)
    """Pixels for each aspect, where they are not those of `STILL_SIZES` and `CLIP_SIZES`."""
    fps: int = 24
    lengths: tuple[float, ...] = ()
    """The only lengths of a clip in seconds; empty: any from `min_seconds` to `max_seconds`."""
    min_seconds: float = 0.5
    options: tuple[Option, ...] = ()
    """Its own options, as a form. A negative prompt is the option `negative`, a strength `strength`."""
    setup: Mapping[str, object] = field(default_factory=dict)
    """What only its engine reads: a repository, a pipeline, an endpoint, the name of an argument."""

    @property
    def hosted(self) -> bool:
        """Made elsewhere, by `HostedEngine.submit` and `collect`."""
        return self.resource not in ("cpu", "gpu")

    @property
    def takes_characters(self) -> bool:
        """Whether a character can be shown to it at all: as pictures, or as the first frame made from them."""
        return self.references != 0 or bool(self.keyframe)

    def size(self, kind: str, aspect: Aspect) -> Size | None:
        """Pixels of an image or a clip; None where it lacks the aspect."""
        if aspect not in self.aspects:
            return None
        own, usual = (self.clip_sizes, CLIP_SIZES) if kind == "video" else (self.still_sizes, STILL_SIZES)
        return own.get(aspect) or usual.get(aspect)

    def seconds_for(self, wanted: float | None) -> float:
        """The length to make where this one was asked for, or none: 4 s, or the nearest to it that there is."""
        if wanted is not None:
            return wanted
        usual = max(self.min_seconds, min(4.0, self.max_seconds))
        return min(self.lengths, key=lambda length: abs(length - usual)) if self.lengths else usual

    def has_length(self, seconds: float) -> bool:
        if self.lengths:
            return seconds in self.lengths
        return self.min_seconds <= seconds <= self.max_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What an engine hands back: `frames` (one for an image), as H x W x 3 or x 4 uint8, made as they are read.

    Or `file`: a finished picture or clip as a provider delivered it, sound and all; then `frames` is not read. `notes`
    are plain sentences about what the engine could not do as asked (an unknown place, a shot size refused). `cost`:
    what was charged, in millionths of a dollar, where the provider says so.
    """

    frames: Iterator[Pixels] = field(default_factory=lambda: iter(()))
    file: bytes = b""
    notes: tuple[str, ...] = ()
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """One order to an engine. `references` maps the sha256 of every picture that the recipe names to the picture.

    `files` maps those of its other assets (LoRAs) to their bytes.
    """

    recipe: Recipe
    references: Mapping[str, Picture]
    files: Mapping[str, bytes] = field(default_factory=dict)
    on_step: Callable[[str, int, int], None] = field(default=lambda step, done, total: None)
    """Called with the step's name, how much of it is done, and how much there is."""


class Engine(Protocol):
    """The adapter that runs a model. Stopping: the caller simply stops reading `frames`."""

    @property
    def version(self) -> str:
        """What takes of equal recipes need to be equal too: of the engine, and of what it runs."""
        ...

    def check(self) -> None:
        """Raise what keeps the model from being used here: `MissingPart`, `MissingKey`, `NotFound`. Loads nothing."""
        ...

    def render(self, order: Render) -> Rendered: ...


class HostedEngine(Protocol):
    """The adapter of a provider: a take is submitted, waited for and collected, so that a crash costs nothing.

    Raises `RenderFailed` for a take that cannot be made (`Refused` where the provider's rules forbid it; `charged`
    says whether it costs all the same), and a `retryable` error for what may go better later.
    """

    @property
    def version(self) -> str: ...

    def check(self) -> None:
        """Raise what keeps the model from being used here: `MissingPart`, `MissingKey`. Asks nobody."""
        ...

    def submit(self, order: Render, key: str) -> str:
        """Have the take made; returns the job's ticket. `key` names this attempt, however often it is submitted.

        Raises `SubmissionUnsure` where it cannot tell whether the job arrived; any other error means it did not.
        """
        ...

    def find(self, key: str) -> str | None:
        """The ticket of a job that was submitted with this key; None where there is none, or no way to ask."""
        ...

    def collect(self, ticket: str) -> Rendered | None:
        """The finished take; None while it is still being made."""
        ...

    def cancel(self, ticket: str) -> None:
        """Tell the provider to stop; harmless where it is too late."""
        ...
