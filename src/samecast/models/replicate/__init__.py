"""Replicate: any of its models, over its own client. See `engine`; docs/models-replicate.md for its entries."""

from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.plugins import Parts


def build(profile: ModelProfile, parts: Parts) -> HostedEngine:
    """`ports.plugins.Build`."""
    from samecast.models.replicate.engine import Replicate

    return Replicate(profile, parts.keys)
