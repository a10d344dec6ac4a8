"""The calibrations that ship with samecast can be read, and a card says what its file says."""

import tomllib
from importlib import resources

import pytest

from samecast.vision.calibration import card_of, load_calibration, load_card


@pytest.mark.parametrize("name", ["dlib", "appearance"])
def test_a_shipped_calibration_becomes_a_card(name):
    text = resources.files("samecast.vision").joinpath(f"calibrations/{name}.toml").read_text()
    tree = tomllib.loads(text)

    card = load_card(name)

    assert (card.name, card.sha256) == (tree["encoder"]["name"], tree["encoder"]["sha256"])
    assert (card.slope, card.midpoint) == (tree["fit"]["slope"], tree["fit"]["midpoint"])
    assert card.threshold == tree["fit"]["threshold"]
    assert card.calibration.startswith(tree["figures"]["set"])
    assert f"{tree['figures']['same_pairs']} pairs of the same subject" in card.calibration
    assert [rate.far for rate in card.rates] == [row["far"] for row in tree.get("rates", [])]
    assert [band.up_to for band in card.angles] == [row["up_to"] for row in tree.get("angles", [])]


def test_a_kind_that_was_never_measured_has_the_pooled_card():
    calibration = load_calibration("dlib")

    assert card_of(calibration, "boat") == card_of(calibration)
