"""Shots and takes: what was asked for, and every attempt at it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from samecast.core.recipe import Recipe

TakeState: TypeAlias = Literal["waiting", "done", "failed"]
ShotState: TypeAlias = Literal["running", "done", "cancelled"]
"""A cancelled shot keeps its finished takes; its waiting ones wait on until it is resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """When to stop shooting again: `enough` takes reach `until` (0..1), or the budget ends.

    `most_takes` counts all takes of the shot, `most_money` is in millionths of a dollar; None: no such ceiling.
    """

    until: float
    enough: int
    most_takes: int | None = None
    most_money: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One attempt at a shot: one recipe, at most one asset. `score` and `notes` are set once it is done."""

    id: str
    shot_id: str
    number: int
    recipe: Recipe
    state: TakeState = "waiting"
    asset: str | None = None
    score: str | None = None
    """`core.consistency.TakeScore` as JSON text."""
    notes: tuple[str, ...] = ()
    path: str | None = None
    """Where the file was last written for the user; the asset store keeps its own copy."""
    round: int = 1
    """Which round of its shot it belongs to, from 1."""
    attempt: int = 1
    """How many times it was queued, from 1: raised when a shot is resumed or a failed take tried again."""
    error: str | None = None
    """Why it failed, in one line, and `failure`: the error's code, such as "refused"."""
    failure: str | None = None
    cost: int = 0
    """What it costs, in millionths of a dollar: set aside when it is planned, corrected when it is charged."""
    seconds: float | None = None
    """How long it took to render."""
    ticket: str | None = None
    """What a provider calls its job."""
    intended: int | None = None
    """The attempt with which submitting began; None once the provider has answered."""
    made_at: datetime | None = None
    trashed_at: datetime | None = None
    """Since when it is in the trash: found nowhere and never picked, until it is restored, or purged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One intention: a prompt, its takes, and the pick."""

    id: str
    prompt: str
    model: str
    out: str
    takes: tuple[Take, ...]
    picked: str | None = None
    why: str = ""
    by_hand: bool = False
    """A person picked, or picked nothing: concluding the shot leaves that as it is."""
    created_at: datetime
    state: ShotState = "running"
    round: int = 1
    goal: Goal | None = None
    seed: int | None = None
    """The seed that was asked for, which the takes' own follow from; None: they follow from the shot's id."""
    machine: str = ""
    """Where it was ordered, and so where `out` is; "" for nowhere in particular."""
    awaits: str = ""
    """The shot whose pick its takes are to begin with, while there is none: they cannot be made before."""

    @property
    def ordered(self) -> int:
        """How many takes were ordered before any was judged: those of the first round. Figures are told over these."""
        return sum(take.round == 1 for take in self.takes)

    @property
    def spent(self) -> int:
        """What its takes cost together, in millionths of a dollar, those set aside included."""
        return sum(take.cost for take in self.takes)

    @property
    def kept(self) -> tuple[Take, ...]:
        """Its takes but for those in the trash."""
        return tuple(take for take in self.takes if take.trashed_at is None)

    @property
    def unjudged_trash(self) -> "Shot":
        """The shot for deciding: what its trashed takes came to is left out, so that none is picked or counts as held.

        They stay in their places, for they were made, and paid for.
        """
        return replace(self, takes=tuple(replace(t, score=None) if t.trashed_at else t for t in self.takes))

    @property
    def finished(self) -> bool:
        return all(take.state != "waiting" for take in self.takes)
