"""What a running shot tells whoever watches: plain values, handed to one callable."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from samecast.core.consistency import TakeScore


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeStarted:
    number: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMoved:
    """`done` of `total` units of a step of take `number`; steps are named in plain words."""

    number: int
    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeShown:
    """What the take looks like so far: a small JPEG."""

    number: int
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeStored:
    """The take's file is in the library: it took `seconds` to make, and has `size` bytes. It is not scored yet."""

    number: int
    seconds: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFinished:
    number: int
    path: str
    score: TakeScore


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFailed:
    """One line says why; the other takes go on."""

    number: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A sentence about what could not be done as asked, or could be better."""

    text: str


Event: TypeAlias = TakeStarted | StepMoved | TakeShown | TakeStored | TakeFinished | TakeFailed | Noted
Watch: TypeAlias = Callable[[Event], None]


def unwatched(event: Event) -> None:
    """Nobody is watching."""
