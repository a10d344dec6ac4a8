"""Networks as they are run: verified, fed as their form says, and shared between threads."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from tests.vision.encoders.tiny_networks import small_picture, tokens

from samecast.core.encoders import InputForm, WrongWeights
from samecast.core.errors import InvalidInput, MissingPart, SamecastError
from samecast.vision.encoders.session import OnnxSession

FORM = InputForm(crop="face_112", side=32, mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))
PICTURE = np.random.default_rng(3).integers(0, 256, (32, 32, 3)).astype(np.uint8)


@pytest.fixture
def opened(tmp_path: Path):
    def build(content: bytes, form: InputForm = FORM) -> OnnxSession:
        path = tmp_path / "weights.onnx"
        path.write_bytes(content)
        return OnnxSession("tiny", path, hashlib.sha256(content).hexdigest(), form)

    return build


def expected(picture: np.ndarray) -> np.ndarray:
    cells = ((picture.astype(np.float32) - 127.5) / 127.5).reshape(8, 4, 8, 4, 3).mean(axis=(1, 3))
    flat = cells.transpose(2, 0, 1).ravel()
    flat -= flat.mean()
    return np.asarray(flat / np.linalg.norm(flat))


def test_a_picture_becomes_the_networks_numbers_at_length_one(opened):
    vector = opened(small_picture(32)).vector(PICTURE)

    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, expected(PICTURE), atol=1e-5)


def test_layout_order_and_number_format_are_the_forms(opened):
    nhwc = opened(small_picture(32, layout="nhwc"), replace(FORM, layout="nhwc")).vector(PICTURE)
    bgr = opened(small_picture(32), replace(FORM, channels="bgr")).vector(PICTURE)
    half = opened(small_picture(32, exact=TensorProto.FLOAT16)).vector(PICTURE)

    np.testing.assert_allclose(nhwc, expected(PICTURE), atol=1e-5)
    np.testing.assert_allclose(bgr, expected(PICTURE[..., ::-1]), atol=1e-5)
    np.testing.assert_allclose(half, expected(PICTURE), atol=5e-3)


def test_the_output_and_the_token_are_the_forms(opened):
    form = replace(FORM, output="tokens", take="first_token")
    colour = ((PICTURE.astype(np.float32) - 127.5) / 127.5).mean(axis=(0, 1))

    vector = opened(tokens(), form).vector(PICTURE)

    np.testing.assert_allclose(vector, colour / np.linalg.norm(colour), atol=1e-4)
    assert opened(tokens(), replace(FORM, output="tokens")).vector(PICTURE).shape == (6,)


def test_other_weights_are_never_run(opened, tmp_path: Path):
    session = opened(small_picture(32))
    (tmp_path / "weights.onnx").write_bytes(small_picture(32) + b"?")

    with pytest.raises(WrongWeights, match="not the ones that were pinned") as caught:
        session.vector(PICTURE)

    assert "samecast encoders pull tiny" in caught.value.hint


def test_missing_weights_name_the_command_that_fetches_them(tmp_path: Path):
    with pytest.raises(MissingPart) as caught:
        OnnxSession("tiny", tmp_path / "none.onnx", "0" * 64, FORM).vector(PICTURE)

    assert "samecast encoders pull tiny" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "form", "said"),
    [
        (b"no network", FORM, "onnxruntime cannot load it"),
        (small_picture(32), replace(FORM, output="pooled"), "no output 'pooled', only vector"),
        (small_picture(32), replace(FORM, take="first_token"), "its output has 2 axes"),
        (small_picture(64), FORM, "does not take such a picture"),
    ],
)
def test_a_form_that_does_not_fit_is_one_clear_line(opened, content, form, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        opened(content, form).vector(PICTURE)

    assert "\n" not in str(caught.value)
    assert "'tiny'" in str(caught.value)


def test_a_vector_of_nothing_is_refused(opened):
    with pytest.raises(SamecastError, match="no usable vector"):
        opened(small_picture(32)).vector(np.full((32, 32, 3), 80, np.uint8))


def test_threads_share_one_network_which_is_loaded_once(opened, monkeypatch):
    import onnxruntime

    loads = []
    real = onnxruntime.InferenceSession

    def counted(*given, **options):
        loads.append(options["providers"])
        return real(*given, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    session = opened(small_picture(32), replace(FORM, providers=("NoSuchProvider", "CPUExecutionProvider")))
    pictures = [np.roll(PICTURE, shift, axis=0) for shift in range(24)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(session.vector, pictures))

    assert loads == [["CPUExecutionProvider"]]
    for vector, picture in zip(found, pictures, strict=True):
        np.testing.assert_allclose(vector, expected(picture), atol=1e-5)
