"""Pictures that ship with samecast, each by the name of its file: the stills of the prompts."""

from importlib.resources.abc import Traversable
from pathlib import Path

from nicegui import __version__
from nicegui.dependencies import register_resource


def still_url(stills: Traversable, name: str) -> str:
    """Where a browser finds one; "" where it is not there, or not as a file. Nothing outside the folder is served."""
    file = stills.joinpath(f"{name}.webp")
    if not isinstance(stills, Path) or not file.is_file():
        return ""
    served = register_resource(stills, max_time=stills.stat().st_mtime)
    return f"/_nicegui/{__version__}/resources/{served.key}/{name}.webp"
