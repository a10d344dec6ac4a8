"""All the models there are: those that ship, those of plug-ins, and the user's own, each with the engine that runs it.

An engine is a module of this package, or what a plug-in names (`ports.plugins`); either way its `build` makes it, when
the model is first used. Which models there are is read when somebody first asks.
"""

import functools
import importlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import cast

from samecast.core.errors import InvalidInput, MissingPart, NotFound, SamecastError, StorageFailed
from samecast.models.catalogue import check_limits, parse_catalogue, read_catalogue
from samecast.ports import Engine, HostedEngine, ModelProfile
from samecast.ports.plugins import ENTRY_POINTS, Build, Parts

Shelved = tuple[ModelProfile, Engine | HostedEngine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A catalogue that cannot be used, and why: its models are left out, the others are not."""

    where: str
    error: SamecastError


class Shelf(Mapping[str, Shelved]):
    """Models by id: those that ship, plug-ins', the user's. `bad` says which catalogues were left out."""

    def __init__(self, *, parts: Parts, file: Path, more: Mapping[str, Shelved] | None = None) -> None:
        self._parts = parts
        self._file = file
        self._more = more if more is not None else {}
        self._engines: dict[str, Engine | HostedEngine] = {}

    def __getitem__(self, model: str) -> Shelved:
        if model in self._more:
            return self._more[model]
        profile = self._read[0][model]
        if model not in self._engines:
            late: object = _Late(functools.partial(self._build, profile))
            self._engines[model] = cast(Engine, late)
        return profile, self._engines[model]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._read[0], *self._more]))

    def __len__(self) -> int:
        return len(self._read[0].keys() | self._more.keys())

    @property
    def profiles(self) -> "Profiles":
        """The profiles alone, which build no engine."""
        return Profiles(self)

    @property
    def bad(self) -> tuple[Bad, ...]:
        return self._read[1]

    def profile(self, model: str) -> ModelProfile:
        return self._more[model][0] if model in self._more else self._read[0][model]

    @functools.cached_property
    def _read(self) -> tuple[dict[str, ModelProfile], tuple[Bad, ...]]:
        models, bad = read_catalogue(), []
        for where, text in self._catalogues():
            try:
                found = parse_catalogue(text(), where=where)
                twice = models.keys() & found.keys()
                if twice:
                    raise InvalidInput(
                        f"{where} has a model '{min(twice)}', and there is one.", hint="Rename it there."
                    )
                check_limits(models | found, where=where)
            except SamecastError as error:
                bad.append(Bad(where=where, error=error))
            else:
                models |= found
        return models, tuple(bad)

    def _catalogues(self) -> Iterator[tuple[str, Callable[[], str]]]:
        for point in metadata.entry_points(group=ENTRY_POINTS):
            yield f"the plug-in {point.name}", functools.partial(_catalogue_of, point)
        if self._file.is_file():
            yield str(self._file), functools.partial(_text, self._file)

    def _build(self, profile: ModelProfile) -> Engine | HostedEngine:
        return _builder(profile.engine)(profile, self._parts)

    # --- the user's own ---------------------------------------------------------------------------------------------

    def add(self, text: str) -> list[ModelProfile]:
        """Add a catalogue's entries to the user's. Raises `InvalidInput` for a wrong one; then nothing is added."""
        found = parse_catalogue(text, where="what is added")
        if not found:
            raise InvalidInput("There is no [[model]] in it.", hint="docs/models.md shows what an entry looks like.")
        for model, profile in found.items():
            if model in self:
                raise InvalidInput(
                    f"There is a model '{model}' already.",
                    hint=f"Remove it first with `samecast models remove {model}`, or give the new one another id.",
                )
            _builder(profile.engine)
        before = _text(self._file) if self._file.is_file() else ""
        whole = "\n".join(part.strip() + "\n" for part in (before, text) if part.strip())
        check_limits(self._read[0] | found, where="what is added")
        parse_catalogue(whole, where=str(self._file))
        self._write(whole)
        return list(found.values())

    def remove(self, model: str) -> None:
        """Take one of the user's own models away. Raises `NotFound` for any other."""
        own = _text(self._file) if self._file.is_file() else ""
        if model not in parse_catalogue(own, where=str(self._file)):
            raise NotFound(f"'{model}' is not one of your own models.", hint="See them with `samecast models list`.")
        self._write("".join(part for part in _parted(own) if model not in parse_catalogue(part)))

    def _write(self, text: str) -> None:
        """Whole or not at all."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._file.parent, prefix=".models-")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                os.replace(name, self._file)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
        except OSError as error:
            raise StorageFailed(
                f"{self._file} cannot be written: {error.strerror}.", hint="Is the disk full?"
            ) from error
        self.__dict__.pop("_read", None)
        self._engines.clear()


class Profiles(Mapping[str, ModelProfile]):
    """The profiles of a shelf by id."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __getitem__(self, model: str) -> ModelProfile:
        return self._shelf.profile(model)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shelf)

    def __len__(self) -> int:
        return len(self._shelf)


class _Late:
    """An engine that is built when it is first asked for anything."""

    def __init__(self, build: Callable[[], Engine | HostedEngine]) -> None:
        self._build = functools.cache(build)

    def __getattr__(self, name: str) -> object:
        return getattr(self._build(), name)


def _builder(engine: str) -> Build:
    """The `build` of a plug-in's engine, or of a module here. Raises `MissingPart`."""
    for point in metadata.entry_points(group=ENTRY_POINTS, name=engine):
        found = getattr(_loaded(point), "build", None)
        if found is None:
            raise MissingPart(f"The plug-in {engine} has no `build`.", hint="Its author must add it: docs/models.md.")
        return cast(Build, found)
    name = f"samecast.models.{engine}"
    if util.find_spec(name) is None:
        raise MissingPart(
            f"There is no engine '{engine}'.", hint="Install the package that brings it, or correct the model's entry."
        )
    module = importlib.import_module(name)
    if not hasattr(module, "build"):
        raise MissingPart(f"There is no engine '{engine}'.", hint="Correct the model's entry.")
    return cast(Build, module.build)


def _catalogue_of(point: metadata.EntryPoint) -> str:
    return str(getattr(_loaded(point), "catalogue", ""))


def _loaded(point: metadata.EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:  # somebody else's code: its models are left out, ours go on
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise MissingPart(
            f"The plug-in {point.name} cannot be loaded: {words}", hint="Update or uninstall it."
        ) from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageFailed(f"{file} cannot be read: {error}.", hint="Mend or remove it.") from error


def _parted(text: str) -> list[str]:
    """A catalogue cut before each entry, the comments right above an entry with it."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if line.strip() == "[[model]]":
            above = parts[-1]
            cut = len(above)
            while cut and above[cut - 1].startswith("#"):
                cut -= 1
            parts[-1], begun = above[:cut], above[cut:]
            parts.append([*begun, line])
        else:
            parts[-1].append(line)
    return ["".join(part) for part in parts]
