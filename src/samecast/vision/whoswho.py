"""Reads the limits of who is who for an encoder: `calibrations/who.toml`, which says how each was found."""

import tomllib
from importlib import resources

from samecast.core.sightings import Limits
from samecast.ports import EncoderCard


def limits_for(card: EncoderCard) -> Limits:
    """The limits measured for this encoder.

    For any other: its own threshold says who matches and, having nothing else, who is a stranger; clones and blends are
    not looked for.
    """
    text = resources.files("samecast.vision").joinpath("calibrations/who.toml").read_text(encoding="utf-8")
    tree = tomllib.loads(text)
    distances = tree["limits"].get(card.name, {"match": card.threshold, "stranger": card.threshold})
    worn, places = tree["clothing"]["limits"], tree["places"]
    return Limits(**distances, **places, worn=worn["worn"], worn_margin=worn["margin"])
