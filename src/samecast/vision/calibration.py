"""Reads an encoder's calibration: what its distances mean, on which pictures that was measured, and how well."""

from importlib import resources

from samecast.core.calibrations import Calibration, parse_calibration
from samecast.ports import EncoderCard


def load_calibration(name: str) -> Calibration:
    """The calibration in `calibrations/<name>.toml`; the file says how it was fitted."""
    folder = resources.files("samecast.vision").joinpath("calibrations")
    return parse_calibration(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def load_card(name: str, kind: str | None = None) -> EncoderCard:
    """The card of a calibration that ships with samecast."""
    return card_of(load_calibration(name), kind)


def card_of(calibration: Calibration, kind: str | None = None) -> EncoderCard:
    """What a score names: the encoder with what was measured for this kind, or for all where it was not."""
    fitted = calibration.for_kind(kind)
    return EncoderCard(
        name=calibration.encoder,
        version=calibration.version,
        sha256=calibration.sha256,
        licence=calibration.licence,
        slope=fitted.curve.slope,
        midpoint=fitted.curve.midpoint,
        threshold=fitted.threshold,
        calibration=fitted.figures.sentence,
        rates=fitted.rates,
        angles=fitted.angles,
    )
