"""Reads an encoder's calibration: what its distances mean, on which pictures that was measured, and how well."""

import tomllib
from importlib import resources

from samecast.ports import EncoderCard


def load_card(name: str) -> EncoderCard:
    """The card in `calibrations/<name>.toml`; the file says how it was fitted."""
    text = resources.files("samecast.vision").joinpath(f"calibrations/{name}.toml").read_text(encoding="utf-8")
    tree = tomllib.loads(text)
    encoder, fit, figures = tree["encoder"], tree["fit"], tree["figures"]
    return EncoderCard(
        name=encoder["name"],
        version=encoder["version"],
        sha256=encoder["sha256"],
        licence=encoder["licence"],
        slope=float(fit["slope"]),
        midpoint=float(fit["midpoint"]),
        threshold=float(fit["threshold"]),
        calibration=(
            f"{figures['set']}: {figures['same_pairs']} pairs of the same subject and "
            f"{figures['different_pairs']} of different ones, AUC {figures['auc']:.4f}"
        ),
    )
