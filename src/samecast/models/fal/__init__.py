"""fal: any app of fal.ai's queue, over its own client. See `engine`; docs/models-fal.md for its entries."""

from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.plugins import Parts


def build(profile: ModelProfile, parts: Parts) -> HostedEngine:
    """`ports.plugins.Build`."""
    from samecast.models.fal.engine import Fal

    return Fal(profile, parts.keys)
