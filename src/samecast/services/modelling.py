"""Models from a user's side: which are ready and what the others miss, and adding, fetching and allowing them."""

import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from samecast.core.errors import InvalidInput, MissingKey, SamecastError
from samecast.core.secrets import remembered
from samecast.ports import ModelProfile
from samecast.ports.plugins import Bad, KeyRing, Keys, ModelShelf
from samecast.services.licensing import Licensing
from samecast.services.making import Models, find_model

_KEY_NAME = re.compile(r"[A-Z][A-Z0-9_]{2,63}")
_KEPT_NAMES = "SAMECAST_KEYS"
"""Under this name the keyring holds the names of the keys in it, since no keyring can be asked for a list."""
_NAMES = "names:"
"""Before them, so that logs, which strike out whatever a keyring held, go on naming keys."""
_OF_THIS_MACHINE = frozenset({"folder", "workflow", "url", "weights"})
"""What an entry's `setup` calls a file or an address of whoever wrote it."""
_PLAIN = re.compile(r"(?!.*(?:\.\.|//))[\w.@:{} +-][\w./@:{} +-]*", re.ASCII)
_LONGEST_FILE = 64 * 1024
Moved = Callable[[str, int, int], None]
Kept: TypeAlias = Literal["environment", "keyring"]


class OwnKeys(Keys, KeyRing, Protocol):
    """The user's keys, to be read and to be kept."""


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
    keys: OwnKeys

    def readiness(self, model: str) -> Readiness:
        """Raises `NotFound` for a model there is not."""
        profile, engine = find_model(self.models, model)
        try:
            self.licensing.check(profile)
            engine.check()
        except SamecastError as error:
            # It is kept, and all that these hold on to would be too.
            error.__traceback__ = error.__context__ = error.__cause__ = None
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

    def add_text(self, text: str) -> list[Readiness]:
        """Add the models of a TOML file that came from elsewhere, so that it names no file and no address from here.

        Raises `InvalidInput` for one that does: that is for whoever sits at this computer (`add`).
        """
        if len(text.encode("utf-8", "replace")) > _LONGEST_FILE:
            raise InvalidInput(
                "That is too long for a file of models.", hint="docs/models.md shows what one looks like."
            )
        for model, setup in _setups(text):
            for key, value in _values(setup):
                if key in _OF_THIS_MACHINE or (isinstance(value, str) and value and not _PLAIN.fullmatch(value)):
                    raise InvalidInput(
                        f"{model} names a file or an address ({key}), which is not taken from a browser.",
                        hint="Add it where the studio runs: samecast models add FILE",
                    )
        with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
            file = Path(folder) / "models.toml"
            file.write_text(text, encoding="utf-8")
            return self.add(file)

    def remove(self, model: str) -> None:
        self.shelf.remove(model)

    @property
    def listed(self) -> tuple[str, ...]:
        """The engines whose provider says what it offers."""
        return self.shelf.listed

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
        names = [*self._kept_names(), name] if key else [kept for kept in self._kept_names() if kept != name]
        self.keys.keep(_KEPT_NAMES, _NAMES + ",".join(dict.fromkeys(names)) if names else "")

    def kept(self, name: str) -> Kept | None:
        """Where a key is kept: the environment comes first. None: nowhere."""
        if os.environ.get(name, "").strip():
            return "environment"
        try:
            return "keyring" if self.keys.get(name) else None
        except MissingKey:
            return None

    def key_names(self) -> list[str]:
        """The keys that were kept from here, or that a model has read from the environment since this was opened."""
        secrets = set(remembered())
        read = {name for name, value in os.environ.items() if value.strip() in secrets and _KEY_NAME.fullmatch(name)}
        return sorted((read | set(self._kept_names())) - {_KEPT_NAMES})

    def _kept_names(self) -> list[str]:
        try:
            return [name for name in self.keys.get(_KEPT_NAMES).removeprefix(_NAMES).split(",") if name]
        except MissingKey:
            return []

    def pull(self, model: str, moved: Moved) -> Readiness:
        """Fetch a model's weights. Raises `InvalidInput` where there is nothing to fetch."""
        profile, engine = find_model(self.models, model)
        self.licensing.check(profile)
        pull = getattr(engine, "pull", None)  # `plugins.Pulls`, where it is one: many have nothing to fetch
        if pull is None:
            raise InvalidInput(f"{model} has nothing to fetch.", hint="See what it misses: samecast models list")
        pull(moved)
        return self.readiness(model)


def own_models(file: Path) -> frozenset[str]:
    """The ids in the user's own catalogue; none where there is no such file, or a broken one (`Modelling.bad`)."""
    try:
        return frozenset(model for model, _ in _setups(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, InvalidInput):
        return frozenset()


def _setups(text: str) -> Iterator[tuple[str, object]]:
    """Each entry's id and `setup`, as they stand there. Raises `InvalidInput` for what is not TOML."""
    try:
        found = tomllib.loads(text).get("model", [])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput(
            f"The file of models is not TOML: {error}.", hint="docs/models.md shows what one looks like."
        ) from error
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, dict):
            yield str(entry.get("id", "An entry")), entry.get("setup", {})


def _values(tree: object, key: str = "setup") -> Iterator[tuple[str, object]]:
    """Every value in it with the key it stands under, and every key by itself."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield str(name), str(name)
            yield from _values(value, str(name))
    elif isinstance(tree, list):
        for value in tree:
            yield from _values(value, key)
    else:
        yield key, tree
