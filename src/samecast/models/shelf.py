"""All the models there are: those that ship, those of plug-ins, and the user's own, each with the engine that runs it.

An engine is a module of this package, or what a plug-in names (`ports.plugins`); either way its `build` makes it, when
the model is first used. Which models there are is read when somebody first asks.
"""

import functools
import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import metadata, util
from pathlib import Path
from typing import cast

from samecast.core.errors import InvalidInput, MissingPart, NotFound, SamecastError, StorageFailed
from samecast.models.catalogue import canonical, check_limits, parse_catalogue, read_catalogue, read_retired
from samecast.models.files import write_whole
from samecast.ports import Engine, HostedEngine, ModelProfile
from samecast.ports.plugins import ENTRY_POINTS, Bad, Build, Parts, Retired

_LIVE = frozenset({"mage"})
"""Engines whose module has `live_entries`: what the provider offers today, as text of the catalogue's form."""
_PATH = re.compile(r'\b((?:workflow|folder|weights)\s*=\s*)"([^"\\\n]+)"')
_Catalogues = tuple[dict[str, ModelProfile], tuple[Bad, ...], dict[str, str]]
"""Models by id, what was left out, and ids by other names."""
Shelved = tuple[ModelProfile, Engine | HostedEngine]


class Shelf(Mapping[str, Shelved]):
    """Models by id: those that ship, plug-ins', the user's. `bad` says which catalogues were left out."""

    def __init__(self, *, parts: Parts, file: Path, more: Mapping[str, Shelved] | None = None) -> None:
        self._parts = parts
        self._file = file
        self._more = more if more is not None else {}
        self._engines: dict[str, Engine | HostedEngine] = {}
        self._seen: tuple[tuple[int, int] | None, _Catalogues] | None = None

    def __getitem__(self, model: str) -> Shelved:
        """By id, or by another name that users know it by."""
        if model in self._more:
            return self._more[model]
        profile = self._read[0][self._named.get(canonical(model), model)]
        engine = self._engines.get(profile.id)
        if engine is None:
            late: object = _Late(functools.partial(self._build, profile))
            engine = self._engines.setdefault(profile.id, cast(Engine, late))
        return profile, engine

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
        return self._more[model][0] if model in self._more else self._read[0][self._named.get(canonical(model), model)]

    @functools.cached_property
    def retired(self) -> Mapping[str, Retired]:
        """What became of models that users know, by name."""
        return read_retired()

    @property
    def _named(self) -> dict[str, str]:
        """Ids by the other names of models; an id is never anybody else's name."""
        return self._catalogued[2]

    @property
    def _read(self) -> tuple[dict[str, ModelProfile], tuple[Bad, ...]]:
        return self._catalogued[:2]

    @property
    def _catalogued(self) -> "_Catalogues":
        """What all catalogues say, read again when the user's own file is another: a worker, or the studio, runs on
        while somebody adds a model beside it."""
        stamp = _stamp(self._file)
        if self._seen is None or self._seen[0] != stamp:
            self._engines.clear()
            models, bad = self._read_all()
            names = {canonical(alias): profile.id for profile in models.values() for alias in profile.aliases}
            named = {alias: model for alias, model in names.items() if alias not in models}
            self._seen = (stamp, (models, bad, named))
        return self._seen[1]

    def _read_all(self) -> tuple[dict[str, ModelProfile], tuple[Bad, ...]]:
        models, bad = read_catalogue(), []
        for where, text in self._catalogues():
            try:
                found = parse_catalogue(text(), where=where)
                found = {model: _renewed(profile, models.get(model), where) for model, profile in found.items()}
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

    def add(self, source: Path, *, model: str | None = None) -> list[ModelProfile]:
        if source.is_dir():
            return self._add(_described(source, model))
        if not source.is_file():
            raise NotFound(
                f"There is no {source}.", hint="Give a TOML file of [[model]] entries, or a folder of weights."
            )
        if model is not None:
            raise InvalidInput("A file says its models' ids itself.", hint="Leave --id out, or change it in the file.")
        return self._add(_anchored(_text(source), source.absolute().parent))

    @property
    def listed(self) -> tuple[str, ...]:
        return tuple(sorted(_LIVE))

    def refresh(self, engine: str) -> list[ModelProfile]:
        module = importlib.import_module(f"samecast.models.{engine}") if engine in _LIVE else None
        if module is None:
            raise InvalidInput(
                f"{engine} offers no list of its models.", hint=f"There is one for: {', '.join(self.listed)}."
            )
        live = _entries(module.live_entries(self._parts), f"{engine}'s list")
        stay = {model: part for model, part in _entries(self._own_text(), str(self._file)).items() if model not in live}
        self._write("\n".join([*stay.values(), *live.values()]))
        return [self.profile(model) for model in live]

    def _own_text(self) -> str:
        return _text(self._file) if self._file.is_file() else ""

    def _add(self, text: str) -> list[ModelProfile]:
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
        whole = "\n".join(part.strip() + "\n" for part in (self._own_text(), text) if part.strip())
        check_limits(self._read[0] | found, where="what is added")
        parse_catalogue(whole, where=str(self._file))
        self._write(whole)
        return list(found.values())

    def remove(self, model: str) -> None:
        own = _entries(self._own_text(), str(self._file))
        if own.pop(model, None) is None:
            raise NotFound(f"'{model}' is not one of your own models.", hint="See them with `samecast models list`.")
        self._write("\n".join(own.values()))

    def _write(self, text: str) -> None:
        """Whole or not at all."""
        try:
            write_whole(self._file, text.encode())
        except OSError as error:
            raise StorageFailed(
                f"{self._file} cannot be written: {error.strerror}.", hint="Is the disk full?"
            ) from error
        self._seen = None


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


def _stamp(file: Path) -> tuple[int, int] | None:
    """What tells a file from another that lies in its place; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


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


def _renewed(profile: ModelProfile, shipped: ModelProfile | None, where: str) -> ModelProfile:
    """A model under an id that is taken is what its provider offers today; of any other engine it is a mistake."""
    if shipped is None:
        return profile
    if shipped.engine != profile.engine or profile.engine not in _LIVE:
        raise InvalidInput(f"{where} has a model '{profile.id}', and there is one.", hint="Rename it there.")
    return replace(profile, aliases=profile.aliases or shipped.aliases)


def _described(folder: Path, model: str | None) -> str:
    """The entry of a folder of weights, by the engine that knows such folders."""
    if model is None:
        raise InvalidInput("A folder of weights needs an id.", hint="Name it: samecast models add FOLDER --id my-model")
    module = importlib.import_module("samecast.models.diffusers")
    return str(module.entry_for(folder.absolute(), model=model))


def _anchored(text: str, folder: Path) -> str:
    """Paths of workflows and weights that are told from where the file lies, told from the root instead."""

    def whole(found: re.Match[str]) -> str:
        path = folder / found[2]
        return f"{found[1]}{json.dumps(str(path))}" if path.exists() and not Path(found[2]).is_absolute() else found[0]

    return _PATH.sub(whole, text)


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


def _entries(text: str, where: str) -> dict[str, str]:
    """A catalogue's entries by id, each as the text it is, with the comments right above it."""
    entries: list[list[str]] = []
    above: list[str] = []
    for line in text.splitlines():
        if line.strip() == "[[model]]":
            entries.append([*above, line])
            above = []
        elif line.startswith("#") or not line.strip():
            above = [*above, line] if line.strip() else []
        elif entries:
            entries[-1] += [*above, line]
            above = []
    found = ["\n".join(entry).strip() + "\n" for entry in entries]
    return {model: entry for entry in found for model in parse_catalogue(entry, where=where)}
