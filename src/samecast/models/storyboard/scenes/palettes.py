"""Reads the painters' palettes: colours are data, in palettes.toml (city and interiors) and nature.toml.

A place has a `base` section and one per time of day that adds to it or replaces parts of it.
"""

import tomllib
from functools import cache
from importlib.resources import files

from samecast.core.prompt import TimeOfDay
from samecast.models.storyboard.scene import Colour

FALLBACK = "studio"
Palette = dict[str, tuple[Colour, ...]]


def load_palette(place: str | None, time: TimeOfDay) -> Palette:
    """The place's colours by name at that time of day; a place without a palette gets the plain studio's."""
    sections = _places().get(place or FALLBACK) or _places()[FALLBACK]
    timed = sections.get(time) or sections.get(time.replace(" ", "_")) or {}
    return {**sections.get("base", {}), **timed}


@cache
def _places() -> dict[str, dict[str, Palette]]:
    places: dict[str, dict[str, Palette]] = {}
    for name in ("palettes.toml", "nature.toml"):
        source = files(__package__).joinpath(name)
        if not source.is_file():
            continue
        for place, sections in tomllib.loads(source.read_text(encoding="utf-8")).items():
            places[place] = {
                time: {key: tuple(_colour(text) for text in texts) for key, texts in colours.items()}
                for time, colours in sections.items()
            }
    return places


def _colour(text: str) -> Colour:
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red / 255, green / 255, blue / 255
