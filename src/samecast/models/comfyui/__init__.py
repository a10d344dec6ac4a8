"""ComfyUI as an engine: a workflow of the user's own, on a server of the user's own, spoken to over HTTP and WebSocket.

The workflow is a file in ComfyUI's API format; the entry's `setup` says which of its inputs take the prompt, the seed
and the pictures (`mapping`). What a workflow makes, and with which models, is the user's: nothing here knows a model.
docs/models-comfyui.md shows both, and what every error means.
"""

from samecast.models.comfyui.engine import ComfyUI
from samecast.ports import HostedEngine, ModelProfile
from samecast.ports.plugins import Parts


def build(profile: ModelProfile, parts: Parts) -> HostedEngine:
    """The engine of one entry. Reads nothing yet: a wrong entry is told by `check`."""
    return ComfyUI(profile=profile, home=parts.home, keys=parts.keys)
