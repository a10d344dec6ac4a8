"""Where a test orders takes: a provider on the loopback, one home, keys, a clock of the test's own, and the models.

Knows no vendor; each vendor's conftest opens a desk of its own.
"""

import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, cast

import pytest
from tests.models.provider.pictures import FACE
from tests.models.provider.server import Provider

from samecast.core.errors import MissingKey, SamecastError
from samecast.core.secrets import remember
from samecast.models.catalogue import parse_catalogue
from samecast.ports import FaceReader, HostedEngine, Matting, ModelProfile, Picture, Render, Rendered
from samecast.ports.contract import Steps, check_error, check_hosted, collect, recipe_for
from samecast.ports.plugins import Parts

ServerT = TypeVar("ServerT", bound=Provider[Any])
EngineT = TypeVar("EngineT", bound=HostedEngine)

STATED = {
    "name": '"The name"',
    "kinds": '["image"]',
    "seconds": "0",
    "characters": "4",
    "deterministic": "false",
    "composites": "false",
    "price": '"By the provider."',
    "licence": '"The provider\'s."',
    "source": '"the tests"',
    "date": "2026-11-30",
    "notes": '""',
}
"""What an entry states in TOML where it does not matter to a test."""


def stated(engine: str, entries: str) -> str:
    """Entries of a catalogue that leave out what does not matter, made whole."""
    usual = {"engine": f'"{engine}"', "resource": f'"{engine}"'} | STATED

    def whole(entry: str) -> str:
        own = entry.partition("\n[")[0]  # before its tables, which have names of their own
        missing = [name for name in usual if not re.search(rf"^{name} = ", own, re.M)]
        return "".join(f"{name} = {usual[name]}\n" for name in missing) + entry

    return "".join(f"[[model]]\n{whole(entry)}" for entry in entries.split("[[model]]\n")[1:])


def entries_of(page: str) -> list[ModelProfile]:
    """The models of the TOML that a page of the docs shows, as `samecast models add` would read them."""
    text = (Path(__file__).parents[3] / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.S)
    return [profile for block in blocks for profile in parse_catalogue(block).values()]


@dataclass(frozen=True, slots=True)
class GivenKeys:
    """`ports.plugins.Keys`, as `models.keys` keeps them; an empty one is none."""

    keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> str:
        if not self.keys.get(name):
            raise MissingKey(f"There is no {name}.", hint=f"Set it, or: samecast models key {name}")
        return remember(self.keys[name])


def parts(home: Path, keys: Mapping[str, str]) -> Parts:
    """What an engine is handed; it has no use for eyes."""
    return Parts(home=home, keys=GivenKeys(keys), faces=cast(FaceReader, None), matting=cast(Matting, None))


@dataclass(slots=True)
class Time:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@dataclass(slots=True, kw_only=True)
class Desk(Generic[ServerT, EngineT]):
    """`make` builds an engine that sleeps by this `time`, `build` one as it ships. Engines share `home` and `keys`, as
    the workers of one machine do. `secrets` are what no error may show.
    """

    server: ServerT
    home: Path
    models: Mapping[str, ModelProfile]
    profile: ModelProfile
    build: Callable[[ModelProfile, Parts], HostedEngine]
    make: Callable[[ModelProfile, Parts, Time], EngineT]
    keys: dict[str, str]
    shown: tuple[Picture, ...] = (FACE,)
    """What an order shows where it is not the point."""
    time: Time = field(default_factory=Time)

    @classmethod
    def at(
        cls,
        server: ServerT,
        home: Path,
        models: Mapping[str, ModelProfile],
        build: Callable[[ModelProfile, Parts], HostedEngine],
        make: Callable[[ModelProfile, Parts, Time], EngineT],
        **keys: str,
    ) -> Self:
        """A desk for the first of these models."""
        first = next(iter(models.values()))
        return cls(server=server, home=home, models=models, profile=first, build=build, make=make, keys=keys)

    @property
    def parts(self) -> Parts:
        return parts(self.home, self.keys)

    @property
    def secrets(self) -> list[str]:
        """The keys, the parts of them that are as good, and what the provider gave out."""
        parts = [part for key in self.keys.values() for part in (key, *key.split(":"), key[8:40]) if len(part) > 8]
        return parts + self.server.secrets

    def of(self, model: str | ModelProfile) -> Self:
        """The same desk for another model."""
        return replace(self, profile=self.models[model] if isinstance(model, str) else model)

    def with_setup(self, **changes: object) -> Self:
        """The same desk for this model with another setup; None takes a key away."""
        setup = {key: value for key, value in {**self.profile.setup, **changes}.items() if value is not None}
        return self.of(replace(self.profile, setup=setup))

    def engine(self) -> EngineT:
        """A new one, as another worker has it."""
        return self.make(self.profile, self.parts, self.time)

    def order(self, *pictures: Picture, told: Callable[[str, int, int], None] | None = None, **changes: Any) -> Render:
        """An order of the contract's kind; `changes` go into its recipe, pictures as `edited`, `first_frame`,
        `last_frame` given as pictures.
        """
        recipe, references = recipe_for(self.profile, self.engine(), pictures)
        for name, value in changes.items():
            if isinstance(value, Picture):
                changes[name] = sha256(value.rgb.tobytes() + name.encode()).hexdigest()
                references[changes[name]] = value
        return Render(recipe=replace(recipe, **changes), references=references, on_step=told or Steps())

    def submit(
        self,
        *pictures: Picture,
        key: str = "take.1",
        told: Callable[[str, int, int], None] | None = None,
        **changes: Any,
    ) -> str:
        """Have a new engine submit such an order."""
        return self.engine().submit(self.order(*pictures, told=told, **changes), key)

    def came(self, ticket: str) -> Rendered:
        """What comes of a job, asked for until it is there."""
        return collect(self.engine(), ticket, lambda: None)

    def check_contract(self, *pictures: Picture) -> None:
        """The contract of hosted engines, on engines as they ship."""
        check_hosted(
            lambda: self.build(self.profile, self.parts), self.profile, pictures, jobs=lambda: len(self.server.jobs)
        )

    def refused(self, kind: type[SamecastError], do: Callable[[], object] | None = None) -> SamecastError:
        """The error of this kind, and of no kind of it, that something ends in (submitting, where nothing is named).

        It is one line with a hint, and neither it nor anything printed under it gives a secret away.
        """
        with pytest.raises(SamecastError) as caught:
            do() if do is not None else self.submit(*self.shown)
        error = caught.value
        assert type(error) is kind, f"{type(error).__name__}: {error}"
        check_error(error, *self.secrets)
        printed = "".join(traceback.format_exception(error)) + "".join(f"{one!r}" for one in chain(error))
        assert not [secret for secret in self.secrets if secret in printed]
        return error


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and everything that would be printed under it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
