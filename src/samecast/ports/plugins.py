"""What a package offers that brings models of its own, and what it is handed. Models that ship here come the same way.

A package names itself in the entry point group `samecast.models`: the entry point's name is the engine's, its object a
module (or anything) with `build`, and with `catalogue` where it brings models: text of the form of catalogue.toml.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from samecast.core.errors import SamecastError
from samecast.ports import Engine, FaceReader, HostedEngine, Matting, ModelProfile

ENTRY_POINTS = "samecast.models"


class Keys(Protocol):
    """Secrets of the user's: from the environment, or from the keyring."""

    def get(self, name: str) -> str:
        """The key that the environment variable `name` (or the keyring, under that name) holds. Raises `MissingKey`."""
        ...


class KeyRing(Protocol):
    """Where keys can be kept."""

    def keep(self, name: str, key: str) -> None:
        """Keep a key, or with "" forget it. Raises `MissingPart`, `StorageFailed`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an engine may need of the rest. `home`: where it may keep a folder of its own name."""

    home: Path
    keys: Keys
    faces: FaceReader
    matting: Matting


class Pulls(Protocol):
    """An engine whose weights can be fetched."""

    def pull(self, moved: Callable[[str, int, int], None]) -> None:
        """Fetch what `check` misses; `moved` is told the step, how much of it is done, and how much there is."""
        ...


class Tells(Protocol):
    """A hosted engine that knows how far its jobs are."""

    def progress(self, ticket: str) -> tuple[str, int, int] | None:
        """The step, how much of it is done, and how much there is; None where nothing is known yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A catalogue that cannot be used, and why: its models are left out, the others are not."""

    where: str
    error: SamecastError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A model that users know and nobody makes takes with any more: what became of it, and what to use instead."""

    id: str
    said: str
    instead: str


class ModelShelf(Protocol):
    """Which models there are, and the user's own among them."""

    @property
    def bad(self) -> tuple[Bad, ...]: ...

    def add(self, source: Path, *, model: str | None = None) -> list[ModelProfile]:
        """Add models: the entries of a TOML file, or one for a folder of weights, named `model`.

        Raises `InvalidInput` for what is neither, or has an id that is taken; then nothing is added.
        """
        ...

    def remove(self, model: str) -> None:
        """Take one of the user's own models away; its weights stay. Raises `NotFound` for any other."""
        ...

    @property
    def listed(self) -> tuple[str, ...]:
        """The engines whose provider says what it offers, so that `refresh` can read it."""

    def refresh(self, engine: str) -> list[ModelProfile]:
        """Read what a provider offers today, and add what is new to the user's models. Raises `InvalidInput`."""
        ...


class Build(Protocol):
    """Makes the engine that runs a model. Called when the model is first used; loads nothing heavy by itself."""

    def __call__(self, profile: ModelProfile, parts: Parts) -> Engine | HostedEngine: ...
