"""What makes takes: engines, what a model can do, and what it costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

from samecast.core.recipe import Recipe
from samecast.ports.pictures import Picture, Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A price in millionths of a dollar, for each image or each second of a clip."""

    per_image: int = 0
    per_second: int = 0

    def of(self, recipe: Recipe) -> int:
        """What one take of this recipe costs, in millionths of a dollar, rounded up."""
        return self.per_image if recipe.kind == "image" else ceil(self.per_second * recipe.seconds)


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

    @property
    def hosted(self) -> bool:
        """Made elsewhere, by `HostedEngine.submit` and `collect`."""
        return self.resource not in ("cpu", "gpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What an engine hands back: `frames` (one for an image), as H x W x 3 or x 4 uint8, made as they are read.

    `notes` are plain sentences about what the engine could not do as asked (an unknown place, a shot size refused).
    """

    frames: Iterator[Pixels]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """One order to an engine. `references` maps a reference's sha256 to its picture."""

    recipe: Recipe
    references: dict[str, Picture]
    on_step: Callable[[str, int, int], None] = field(default=lambda step, done, total: None)
    """Called with the step's name, how much of it is done, and how much there is."""


class Engine(Protocol):
    """The adapter that runs a model. Stopping: the caller simply stops reading `frames`."""

    @property
    def version(self) -> str: ...

    def render(self, order: Render) -> Rendered: ...


class HostedEngine(Protocol):
    """The adapter of a provider: a take is submitted, waited for and collected, so that a crash costs nothing.

    Raises `RenderFailed` for a take that cannot be made, a `retryable` error for what may go better later.
    """

    @property
    def version(self) -> str: ...

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
