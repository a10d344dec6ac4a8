"""Orders for hosted engines, and keys that lie nowhere."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np
import skimage.data

from samecast.core.errors import MissingKey
from samecast.models.catalogue import parse_catalogue
from samecast.ports import FaceReader, HostedEngine, Matting, ModelProfile, Picture, Render
from samecast.ports.contract import Steps, recipe_for
from samecast.ports.plugins import Parts

FACE = Picture(rgb=np.ascontiguousarray(skimage.data.astronaut()[::2, ::2]))
CAT = Picture(rgb=np.ascontiguousarray(skimage.data.chelsea()[::2, ::2]))


@dataclass(frozen=True, slots=True)
class GivenKeys:
    keys: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        if name not in self.keys:
            raise MissingKey(f"There is no {name}.", hint="Set it.")
        return self.keys[name]


def parts(keys: Mapping[str, str]) -> Parts:
    unused: object = None
    return Parts(
        home=Path("/nowhere"), keys=GivenKeys(keys), faces=cast(FaceReader, unused), matting=cast(Matting, unused)
    )


def entries_of(page: str) -> list[ModelProfile]:
    """The models of the TOML that a page of the docs shows, as `samecast models add` would read them."""
    text = (Path(__file__).parents[3] / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.S)
    return [profile for block in blocks for profile in parse_catalogue(block).values()]


def noise(side: int) -> Picture:
    """A picture that no encoder makes small."""
    return Picture(rgb=np.random.default_rng(5).integers(0, 255, (side, side, 3), np.uint8))


def profile_of(entry: str, **changes: object) -> ModelProfile:
    (profile,) = parse_catalogue(entry).values()
    return replace(profile, **changes)  # type: ignore[arg-type]


def order_for(
    profile: ModelProfile,
    engine: HostedEngine,
    pictures: Sequence[Picture] = (FACE,),
    *,
    on_step: Steps | None = None,
    **changes: object,
) -> Render:
    """An order of the model's own smallest aspect with these pictures; `changes` are the recipe's."""
    recipe, references = recipe_for(profile, engine, pictures)
    recipe = replace(recipe, **changes)  # type: ignore[arg-type]
    return Render(recipe=recipe, references=references, on_step=on_step or Steps())


def sha256(picture: Picture) -> str:
    """What `recipe_for` names a picture by."""
    return hashlib.sha256(picture.rgb.tobytes()).hexdigest()
