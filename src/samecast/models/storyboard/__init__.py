"""The storyboard: the embedded engine. See `engine`."""

from samecast.ports import Engine, ModelProfile
from samecast.ports.plugins import Parts


def build(profile: ModelProfile, parts: Parts) -> Engine:
    """`ports.plugins.Build`."""
    from samecast.models.storyboard.engine import Storyboard

    return Storyboard(faces=parts.faces, matting=parts.matting)
