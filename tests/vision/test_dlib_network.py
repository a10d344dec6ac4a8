"""The network read out of dlib's file: dlib's own numbers, and no others."""

import dlib
import numpy as np
import onnxruntime
import pytest
import skimage.data

from samecast.ports import Face, Pixels
from samecast.vision.crops import Pyramid
from samecast.vision.dlib_network import INPUT, BadWeights, as_input, read_network
from samecast.vision.identity import _weights, chip_square


@pytest.fixture(scope="module")
def weights() -> bytes:
    return _weights().read_bytes()


@pytest.fixture(scope="module")
def session(weights: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(read_network(weights), providers=["CPUExecutionProvider"])


def chips(astronaut: Pixels, eileen: Face) -> list[Pixels]:
    face = Pyramid(astronaut).crop(chip_square(eileen), 150)
    noise = np.random.default_rng(0).integers(0, 256, face.shape, dtype=np.uint8)
    cat = np.asarray(skimage.data.chelsea()[50:200, 100:250], np.uint8)
    edits = [face, face[:, ::-1], face // 4, 255 - face, np.roll(face, 20, axis=0), face[:, :, ::-1], cat, noise]
    return [np.ascontiguousarray(edit) for edit in edits]


def test_the_numbers_are_dlibs_own(session: onnxruntime.InferenceSession, astronaut: Pixels, eileen: Face) -> None:
    network = dlib.face_recognition_model_v1(str(_weights()))
    for chip in chips(astronaut, eileen):
        ours = session.run(None, {INPUT: as_input(chip)})[0]
        theirs = np.array(network.compute_face_descriptor(chip))
        assert ours.shape == (1, 128)
        assert np.abs(ours[0] - theirs).max() < 1e-5


@pytest.mark.parametrize("length", [0, 100, 5_000, 1_000_000, -1_000])
def test_half_a_file_is_refused(weights: bytes, length: int) -> None:
    with pytest.raises(BadWeights):
        read_network(weights[:length])


def test_a_file_with_one_layer_too_few_is_refused(weights: bytes) -> None:
    with pytest.raises(BadWeights, match=r"was expected|no further"):
        read_network(weights.replace(b"con_4", b"con_9", 1))
