"""Models from a user's side: which are ready and what the others miss, and adding, fetching and allowing them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samecast.core.errors import InvalidInput, SamecastError
from samecast.ports import ModelProfile
from samecast.ports.plugins import Bad, KeyRing, ModelShelf
from samecast.services.licensing import Licensing
from samecast.services.making import Models, find_model

_KEY_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
Moved = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether a model can be shot on now; `missing` says what keeps it from that, with what mends it."""

    profile: ModelProfile
    missing: SamecastError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Modelling:
    models: Models
    shelf: ModelShelf
    licensing: Licensing
    keys: KeyRing

    def readiness(self, model: str) -> Readiness:
        """Raises `NotFound` for a model there is not."""
        profile, engine = find_model(self.models, model)
        try:
            self.licensing.check(profile)
            engine.check()
        except SamecastError as error:
            return Readiness(profile=profile, missing=error)
        return Readiness(profile=profile)

    def all(self) -> list[Readiness]:
        """Every model, in the order of the catalogues."""
        return [self.readiness(model) for model in self.models]

    @property
    def bad(self) -> tuple[Bad, ...]:
        """Catalogues that were left out, and why."""
        return self.shelf.bad

    def add(self, source: Path, *, model: str | None = None) -> list[Readiness]:
        """Add the models of a TOML file, or one for a folder of weights."""
        return [self.readiness(profile.id) for profile in self.shelf.add(source, model=model)]

    def remove(self, model: str) -> None:
        self.shelf.remove(model)

    def refresh(self, engine: str) -> list[ModelProfile]:
        """Read what a provider offers today; returns its models."""
        return self.shelf.refresh(engine)

    def forget(self, handle: str) -> list[str]:
        """Delete what providers keep of a character that left; returns what could not be deleted, in sentences."""
        bare = handle.strip().removeprefix("@").lower()
        hosted = {profile.engine: engine for profile, engine in self.models.values() if profile.hosted}
        left = []
        for name, engine in hosted.items():
            forget: Callable[[str], int] | None = getattr(engine, "forget", None)  # of those that keep characters
            try:
                if forget is not None:
                    forget(bare)
            except SamecastError as error:
                left.append(f"{name} may still have @{bare}: {error}")
        return left

    def accept(self, model: str) -> ModelProfile:
        """Put down that the model's licence was read and accepted."""
        profile = find_model(self.models, model)[0]
        self.licensing.accept(profile)
        return profile

    def keep_key(self, name: str, key: str) -> None:
        """Put a provider's key into the keyring, or take it out with "". Raises `InvalidInput`, `MissingPart`."""
        if not _KEY_NAME.fullmatch(name):
            raise InvalidInput(
                f"'{name}' is not the name of a key.", hint="Give the variable's name, such as OPENAI_API_KEY."
            )
        self.keys.keep(name, key)

    def pull(self, model: str, moved: Moved) -> Readiness:
        """Fetch a model's weights. Raises `InvalidInput` where there is nothing to fetch."""
        profile, engine = find_model(self.models, model)
        self.licensing.check(profile)
        pull = getattr(engine, "pull", None)  # `plugins.Pulls`, where it is one: many have nothing to fetch
        if pull is None:
            raise InvalidInput(f"{model} has nothing to fetch.", hint="See what it misses: samecast models list")
        pull(moved)
        return self.readiness(model)
