"""Shots and takes: what was asked for, and every attempt at it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from samecast.core.recipe import Recipe

TakeState: TypeAlias = Literal["waiting", "done", "failed"]


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
    created_at: datetime

    @property
    def finished(self) -> bool:
        return all(take.state != "waiting" for take in self.takes)
