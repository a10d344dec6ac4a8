"""A samecast plug-in: one model, "postcard", which sets the character's reference on a card of one colour.

It shows all that a plug-in is: a catalogue entry, and an engine whose `render` hands frames back as they are made.
"""

import colorsys
from collections.abc import Iterator

import numpy as np
from PIL import Image

from samecast.ports import Engine, ModelProfile, Pixels, Render, Rendered
from samecast.ports.plugins import Parts

catalogue = """
[[model]]
id = "postcard"
name = "Postcard"
engine = "postcard"
kinds = ["image", "video"]
aspects = ["3:2", "2:3"]
seconds = 4
characters = 1
references = 1
deterministic = true
composites = true # likeness is by design: the reference itself is on the card
price = "Free."
licence = "Apache-2.0"
source = "this file"
date = 2026-11-30
notes = "An example of a plug-in."
still_sizes = { "3:2" = "480x320", "2:3" = "320x480" }
clip_sizes = { "3:2" = "480x320", "2:3" = "320x480" }
fps = 12

[model.options]
border = { kind = "whole", says = "The card's border in pixels.", default = 24, least = 0, most = 100 }
"""


class Postcard:
    """`samecast.ports.Engine`."""

    version = "1"

    def check(self) -> None:
        """Nothing is needed beside samecast."""

    def render(self, order: Render) -> Rendered:
        return Rendered(frames=self._frames(order))

    def _frames(self, order: Render) -> Iterator[Pixels]:
        recipe, border = order.recipe, int(dict(order.recipe.options)["border"])
        colour = colorsys.hsv_to_rgb(recipe.seed % 360 / 360, 0.5, 0.9)
        shown = next(iter(order.references.values()), None)
        for number in range(recipe.frames):
            order.on_step("render", number, recipe.frames)
            frame = np.full((recipe.height, recipe.width, 3), [round(255 * c) for c in colour], np.uint8)
            if shown is not None:
                picture = Image.fromarray(shown.rgb)
                picture.thumbnail((recipe.width - 2 * border, recipe.height - 2 * border))
                left, top = (recipe.width - picture.width) // 2, (recipe.height - picture.height) // 2
                frame[top : top + picture.height, left : left + picture.width] = np.asarray(picture)
            yield frame


def build(profile: ModelProfile, parts: Parts) -> Engine:
    """Make the engine of one of the catalogue's models; `parts` has keys, a folder of one's own, and eyes."""
    return Postcard()
