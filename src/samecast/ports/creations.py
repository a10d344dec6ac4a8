"""What was made, to be found again: takes that are done ("creations"), newest first. Read `ports` first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from samecast.core.consistency import ScoreVerdict
from samecast.core.recipe import TakeKind
from samecast.ports import Pixels

Counted: TypeAlias = Callable[[int, int], None]
"""Told how many are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which takes are asked for; None (or False) where it does not matter.

    `words`: what somebody typed; every word has to be found, the last one may be unfinished. With a `character`, its
    own verdict counts; without, the take's. `tag`: one of the take's own, or of a character in it. `since` is included,
    `until` is not.
    """

    words: str = ""
    character: str | None = None
    tag: str | None = None
    model: str | None = None
    kind: TakeKind | None = None
    verdict: ScoreVerdict | None = None
    picked: bool = False
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A take that is done, as a list shows it. `who`: each character's handle with its verdict, if it was scored.

    `verdict`: that of the take's worst character, None where there is none. `likeness`: the least one, at its worst
    moment. `length`: seconds of a clip. `seconds`: how long it took; `cost`: in millionths of a dollar.
    """

    take: str
    shot: str
    number: int
    made_at: datetime
    prompt: str
    model: str
    kind: TakeKind
    width: int
    height: int
    length: float
    seed: int
    who: tuple[tuple[str, ScoreVerdict | None], ...]
    verdict: ScoreVerdict | None
    likeness: float | None
    picked: bool
    asset: str | None
    path: str | None
    seconds: float | None
    cost: int
    tags: tuple[str, ...] = ()
    """The take's own, in order; those of its characters are theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagUse:
    """A tag that is in use: `takes` have it themselves, and so have `characters` of the cast."""

    tag: str
    takes: int
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed:
    """A take in the trash, and since when."""

    creation: Creation
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashPage:
    """Some of what is in the trash, and where to go on: None at the end."""

    trashed: tuple[Trashed, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """What came of trashing: `takes` that were not in the trash before, and `unpicked`, the shots whose pick went."""

    takes: tuple[str, ...]
    unpicked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some creations, and where to go on: None at the end."""

    creations: tuple[Creation, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Takes that are done, counted. `judged`: those with a character to look for; `matched`: those in which it holds.

    `seconds` of rendering, over those of which it is known; `cost` in millionths of a dollar.
    """

    takes: int = 0
    judged: int = 0
    matched: int = 0
    seconds: float = 0.0
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The library in figures, without archived characters and what is in the trash; `archived`, `trashed`: how many.

    `unlooked`: takes that are done and have no look, so that `similar` cannot find them.
    Days are UTC, as 2026-05-31, the newest first, those without a take left out.
    """

    characters: int
    shots: dict[str, int]
    takes: dict[str, int]
    done: Tally
    unlooked: int = 0
    archived: int = 0
    trashed: int = 0
    models: dict[str, Tally] = field(default_factory=dict)
    cast: dict[str, Tally] = field(default_factory=dict)
    kinds: dict[str, Tally] = field(default_factory=dict)
    verdicts: dict[str, Tally] = field(default_factory=dict)
    days: dict[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a picture looks like: `vector` (int8 each) for comparing, `code` (32 bytes of bits) for searching many.

    Looks of different makers cannot be compared.
    """

    maker: str
    vector: bytes
    code: bytes


class LookReader(Protocol):
    """Makes looks and compares them."""

    @property
    def maker(self) -> str: ...

    def look(self, frames: Sequence[Pixels]) -> Look:
        """The look of a still (one frame) or of a clip (some of its frames)."""
        ...

    def distances(self, look: Look, others: Sequence[Look]) -> list[float]:
        """0 for the same, more for less alike."""
        ...


class CreationRepository(Protocol):
    """Finds takes that are done. What changed is taken in before anything is looked for, so nothing is found late."""

    def page(self, wanted: Wanted, *, limit: int, after: str | None = None) -> Page:
        """Newest first, from the start or `after` a cursor. Raises `InvalidInput` for a cursor that is none, and
        `NotFound` for a character nobody ever heard of.
        """
        ...

    def stats(self) -> Stats: ...

    def catch_up(self, watch: Counted) -> None:
        """Take in what changed: takes made, judged again, picked or removed, and their looks."""
        ...

    def some(self, take_ids: Sequence[str]) -> list[Creation]:
        """Those of them that are done, in their order."""
        ...

    def trash(self, take_ids: Sequence[str], at: datetime) -> Discarded:
        """Put takes that are done into the trash, all or none; those that are there stay as they are.

        Where one was its shot's pick, that shot has none. Raises `NotFound`, and `InvalidInput` for one that is not
        done.
        """
        ...

    def restore(self, take_ids: Sequence[str]) -> tuple[str, ...]:
        """Bring takes back, all or none; returns those that were in the trash. Nothing is picked. Raises `NotFound`."""
        ...

    def trashed(self, *, limit: int, after: str | None = None) -> TrashPage:
        """What is in the trash, what was put there last first. Raises `InvalidInput` for a cursor that is none."""
        ...

    def tag(self, take_ids: Sequence[str], *, add: Sequence[str], remove: Sequence[str]) -> int:
        """Give takes tags and take tags off them, all or none; returns how many takes have other tags now.

        Raises `NotFound`, and `InvalidInput` where a take would have more than `core.tags.MOST_TAGS`.
        """
        ...

    def tags(self) -> list[TagUse]:
        """Every tag of takes that are done, and of the cast, by name."""
        ...

    def keep_look(self, take_id: str, look: Look) -> None:
        """Harmless where the take is gone meanwhile."""
        ...

    def look_of(self, take_id: str, maker: str) -> Look | None: ...

    def without_look(self, maker: str, *, after: str = "", limit: int = 100) -> list[tuple[str, str]]:
        """Takes that are done and have no look by this maker: (id, asset's sha256), by id, beginning `after` one."""
        ...

    def count_without_look(self, maker: str) -> int: ...

    def nearest(self, look: Look, count: int) -> list[tuple[str, Look]]:
        """About the `count` takes whose codes differ least, to be compared properly. Raises `MissingPart`."""
        ...
