"""What a package offers that brings models of its own, and what it is handed. Models that ship here come the same way.

A package names itself in the entry point group `samecast.models`: the entry point's name is the engine's, its object a
module (or anything) with `build`, and with `catalogue` where it brings models: text of the form of catalogue.toml.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from samecast.ports import Engine, FaceReader, HostedEngine, Matting, ModelProfile

ENTRY_POINTS = "samecast.models"


class Keys(Protocol):
    """Secrets of the user's: from the environment, or from the keyring."""

    def get(self, name: str) -> str:
        """The key that the environment variable `name` (or the keyring, under that name) holds. Raises `MissingKey`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an engine may need of the rest. `home`: where it may keep a folder of its own name."""

    home: Path
    keys: Keys
    faces: FaceReader
    matting: Matting


class Build(Protocol):
    """Makes the engine that runs a model. Called when the model is first used; loads nothing heavy by itself."""

    def __call__(self, profile: ModelProfile, parts: Parts) -> Engine | HostedEngine: ...
