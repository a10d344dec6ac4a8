"""Driving clips: what a body and a face do, for models that carry a character's looks onto them.

A user puts them into a folder of their own beside the library, and names that folder in the option `motion`; no option
reads a file from anywhere else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from PIL import Image

from samecast.core.errors import BadMedia, InvalidInput, NotFound
from samecast.core.recipe import Recipe

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Motions:
    """The folders in `home`, one a motion."""

    home: Path

    def of(self, recipe: Recipe, files: Mapping[str, str], size: tuple[int, int]) -> dict[str, object]:
        """The frames of each of `files`, by its argument, as many as the recipe has. Raises `InvalidInput` for a name
        that is none or a clip that is too short, `NotFound`, `BadMedia`."""
        name = dict(recipe.options).get("motion", "")
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"'{name}' is no motion." if name else "No motion was named.",
                hint=f"Put {' and '.join(files.values())} into {self.home}/NAME, then ask for --option motion=NAME.",
            )
        return {argument: self._frames(self.home / name / file, recipe.frames) for argument, file in files.items()}

    def _frames(self, file: Path, count: int) -> list[Image.Image]:
        if not file.is_file():
            raise NotFound(f"There is no {file}.", hint="docs/models-local.md says what a motion consists of.")
        frames: list[Image.Image] = []
        try:
            with av.open(str(file)) as clip:
                for frame in clip.decode(video=0):
                    frames.append(_picture(frame))
                    if len(frames) == count:
                        break
        except (av.FFmpegError, IndexError) as error:
            raise BadMedia(f"{file} is no clip that can be read: {error}.", hint="Save it as an MP4.") from error
        if len(frames) < count:
            raise InvalidInput(
                f"{file.name} has {len(frames)} frames, and {count} are to be made.", hint="Order a shorter clip."
            )
        return frames


def _picture(frame: Any) -> Image.Image:
    return Image.fromarray(frame.to_ndarray(format="rgb24"))
