"""Appearance: the masked subject's colours and details, whatever the light, and nothing of what stands behind it."""

from typing import get_args

import cv2
import numpy as np
import pytest
import skimage.data

from samecast.core.consistency import HOLDS, p_same
from samecast.core.errors import InvalidInput
from samecast.core.kinds import SubjectKind
from samecast.ports import Floats, Pixels
from samecast.vision.appearance import SubjectAppearance, design_digest
from samecast.vision.appearance.encoder import shipped_blend


@pytest.fixture(scope="module")
def encoder() -> SubjectAppearance:
    return SubjectAppearance()


@pytest.fixture(scope="module")
def known(encoder: SubjectAppearance) -> Floats:
    cat = np.asarray(skimage.data.chelsea(), np.uint8)
    return encoder.encode(cat, oval(cat.shape))


def oval(shape: tuple[int, ...], share: float = 0.4) -> Floats:
    mask = np.zeros(shape[:2], np.float32)
    middle = (shape[1] // 2, shape[0] // 2)
    cv2.ellipse(mask, middle, (round(shape[1] * share), round(shape[0] * share)), 0, 0, 360, 1, -1)
    return mask


def likeness(encoder: SubjectAppearance, known: Floats, rgb: Pixels) -> float:
    card = encoder.card_for("animal")
    distance = encoder.distance(known, encoder.encode(np.ascontiguousarray(rgb), oval(rgb.shape)))
    return p_same(distance, slope=card.slope, midpoint=card.midpoint)


def turned_hue(rgb: Pixels, degrees: int) -> Pixels:
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + degrees // 2) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def test_a_copy_lies_at_nothing(encoder: SubjectAppearance, known: Floats, cat: Pixels) -> None:
    assert encoder.distance(known, known) < 0.01
    assert likeness(encoder, known, cat) > 0.95


def test_the_same_subject_moved_mirrored_smaller_and_at_night_holds(
    encoder: SubjectAppearance, known: Floats, cat: Pixels
) -> None:
    small = np.asarray(cv2.resize(cat, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    assert likeness(encoder, known, small) > 0.9
    assert likeness(encoder, known, cat[:, ::-1]) > 0.9
    assert likeness(encoder, known, (cat * np.array([0.35, 0.38, 0.48])).astype(np.uint8)) > 0.9
    assert likeness(encoder, known, np.clip(cat * np.array([1.08, 0.95, 0.68]), 0, 255).astype(np.uint8)) > 0.9


def test_another_subject_does_not_hold(encoder: SubjectAppearance, known: Floats) -> None:
    for picture in (skimage.data.coffee(), skimage.data.astronaut(), skimage.data.rocket()):
        assert likeness(encoder, known, np.asarray(picture, np.uint8)) < 0.2


def test_the_same_cat_dyed_does_not_hold(encoder: SubjectAppearance, known: Floats, cat: Pixels) -> None:
    """Every detail is in its place: only the colours speak against, and they have to be heard."""
    for degrees in (90, 180):
        assert likeness(encoder, known, turned_hue(cat, degrees)) < HOLDS


def test_what_stands_behind_does_not_count(encoder: SubjectAppearance, cat: Pixels) -> None:
    alpha = oval(cat.shape, 0.3)
    green = np.where(alpha[..., None] > 0, cat, np.array([20, 220, 40], np.uint8)).astype(np.uint8)
    assert encoder.distance(encoder.encode(cat, alpha), encoder.encode(green, alpha)) < 0.1
    everything = np.ones(cat.shape[:2], np.float32)
    assert encoder.distance(encoder.encode(cat, everything), encoder.encode(green, everything)) > 0.3


def test_a_plain_subject_is_told_by_its_colour(encoder: SubjectAppearance) -> None:
    """No details at all: a red ball is a red ball, not a blue one."""

    def ball(red: int, green: int, blue: int) -> Floats:
        rgb = np.full((200, 200, 3), (red, green, blue), np.uint8)
        return encoder.encode(rgb, oval(rgb.shape))

    card = encoder.card_for("toy")
    same, other = (
        p_same(encoder.distance(ball(200, 30, 30), ball(*colour)), slope=card.slope, midpoint=card.midpoint)
        for colour in ((200, 30, 30), (30, 30, 200))
    )
    assert same > 0.95
    assert other < 0.2


def test_a_description_is_always_as_long_and_the_same(encoder: SubjectAppearance, known: Floats, cat: Pixels) -> None:
    again = encoder.encode(cat, oval(cat.shape))
    assert again.dtype == np.float32
    assert np.array_equal(again, known)
    plain = np.full((64, 64, 3), 120, np.uint8)
    assert encoder.encode(plain, oval(plain.shape)).shape == known.shape


def test_either_way_round_is_as_far(encoder: SubjectAppearance, known: Floats) -> None:
    coffee = np.asarray(skimage.data.coffee(), np.uint8)
    other = encoder.encode(coffee, oval(coffee.shape))
    assert encoder.distance(known, other) == pytest.approx(encoder.distance(other, known), abs=1e-5)


def test_an_empty_matte_is_refused(encoder: SubjectAppearance, cat: Pixels) -> None:
    with pytest.raises(InvalidInput, match="No subject"):
        encoder.encode(cat, np.zeros(cat.shape[:2], np.float32))


def test_the_calibration_belongs_to_this_encoder(encoder: SubjectAppearance) -> None:
    card = encoder.card_for(None)
    assert card.sha256 == design_digest()
    assert card.slope > 0
    assert 0 < card.threshold < card.midpoint
    assert [rate.far for rate in card.rates] == [0.1, 0.05, 0.01]
    assert card.threshold == card.rates[-1].distance


def test_a_kind_measured_on_too_few_says_so(encoder: SubjectAppearance) -> None:
    pooled = encoder.card_for(None)
    for kind in get_args(SubjectKind):
        card = encoder.card_for(kind)
        if kind in ("animal", "thing"):
            assert card.midpoint != pooled.midpoint
            assert all(rate.far > 0.01 for rate in card.rates), "too few pairs of one kind for FAR 1 %"
        else:
            assert (card.slope, card.midpoint) == (pooled.slope, pooled.midpoint)
            assert "too few" in card.calibration
    assert "too few drawn subjects to measure alone" in encoder.card_for("cartoon").calibration


def test_no_probability_grows_with_distance() -> None:
    blend = shipped_blend()
    distances = [blend.distance(0.4, shared, 200.0) for shared in (-40.0, -5.0, 0.0, 2.0, 8.0, 25.0, 400.0)]
    assert distances == sorted(distances, reverse=True)
    assert blend.distance(0.2, 5.0, 200.0) < blend.distance(0.5, 5.0, 200.0)
