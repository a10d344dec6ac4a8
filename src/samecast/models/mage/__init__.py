"""Mage (mage.space): images and clips by its own models, with characters that it keeps. Paid in gems.

`engine` makes takes, `listing` reads what Mage offers today.
"""

from samecast.models.mage.engine import MageEngine
from samecast.models.mage.listing import live_entries
from samecast.models.mage.wire import KEY
from samecast.ports import ModelProfile
from samecast.ports.plugins import Parts

__all__ = ["KEY", "build", "live_entries"]


def build(profile: ModelProfile, parts: Parts) -> MageEngine:
    return MageEngine(profile, parts)
