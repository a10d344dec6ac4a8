"""The local engine: any model that a diffusers folder holds, run on this computer's own GPU (or, slowly, its CPU).

`build` makes it, `entry_for` describes a folder as a catalogue's entry. Importing this loads neither torch nor
diffusers: that happens when a take is made. What sets one model apart is its profile's `setup` and `families.toml`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts

if TYPE_CHECKING:
    from samecast.models.diffusers.engine import Diffusers

__all__ = ["build", "entry_for"]


def build(profile: ModelProfile, parts: Parts) -> "Diffusers":
    """The engine of one model. Raises `InvalidInput` where its `setup` is wrong."""
    from samecast.models.diffusers.engine import Diffusers
    from samecast.models.diffusers.weights import Depot

    return Diffusers(profile, depot=Depot(parts.home / "diffusers"))


def entry_for(folder: Path, *, model: str) -> str:
    """A folder as an entry of a catalogue, for its user to read and correct: see `describing.describe`."""
    from samecast.models.diffusers.describing import describe

    return describe(folder, model=model)
