"""samecast: one cast, every shot. The same character in every image and clip, with the sameness measured.

    from samecast import Order, open_studio

    with open_studio() as studio:
        plan = studio.shooting.plan(Order(prompt="Slow push in on @mira in a cafe at dusk"))
        shot = studio.shooting.run(studio.shooting.start(plan))

The names below are the public API; each is imported when first asked for, so that `import samecast` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samecast.core.cast import Anchor, Character, Reference, Region, Version
    from samecast.core.consistency import Pick, Score, TakeScore
    from samecast.core.errors import SamecastError
    from samecast.core.grading import Grade, Rule
    from samecast.core.prompt import Brief
    from samecast.core.recipe import Member, Recipe
    from samecast.core.story import Shot, Take
    from samecast.services.casting import Change
    from samecast.services.shooting import Order
    from samecast.services.studio import Studio
    from samecast.wiring import open_studio

__version__ = "0.1.0"

_HOMES = {
    "core.cast": ("Anchor", "Character", "Reference", "Region", "Version"),
    "core.consistency": ("Pick", "Score", "TakeScore"),
    "core.errors": ("SamecastError",),
    "core.grading": ("Grade", "Rule"),
    "core.prompt": ("Brief",),
    "core.recipe": ("Member", "Recipe"),
    "core.story": ("Shot", "Take"),
    "services.casting": ("Change",),
    "services.shooting": ("Order",),
    "services.studio": ("Studio",),
    "wiring": ("open_studio",),
}

__all__ = [
    "Anchor",
    "Brief",
    "Change",
    "Character",
    "Grade",
    "Member",
    "Order",
    "Pick",
    "Recipe",
    "Reference",
    "Region",
    "Rule",
    "SamecastError",
    "Score",
    "Shot",
    "Studio",
    "Take",
    "TakeScore",
    "Version",
    "open_studio",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"samecast.{home}"), name)
    raise AttributeError(f"module 'samecast' has no attribute '{name}'")
