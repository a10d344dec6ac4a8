"""`DlibIdentity`: a 128-number identity vector of a face, and the distance between two. A `ports.FaceEncoder`.

The network is dlib's ResNet (weights CC0, from the wheel `face_recognition_models`, whose package is never imported: it
fails without setuptools' old pkg_resources), run by onnxruntime: `dlib_network` reads the weights, dlib itself is not
needed. The face chip is cut with the mesh's own eye corners and nose, so no landmark file is needed. What a distance
means comes from `calibrations/dlib.toml`.
"""

import hashlib
import importlib.util
import threading
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from samecast.core.errors import MissingPart
from samecast.ports import Doubt, EncoderCard, Face, Floats, Pixels
from samecast.vision.calibration import load_card
from samecast.vision.covering import load_covering
from samecast.vision.crops import Pyramid, Square, square_onto
from samecast.vision.dlib_network import INPUT, SIDE, BadWeights, as_input, read_network
from samecast.vision.readings import eye_distance

_WEIGHTS = "models/dlib_face_recognition_resnet_model_v1.dat"
_CHIP = SIDE
_PADDING = 0.25
_MESH_POINTS = (263, 362, 33, 133, 2)
_MEAN_SHAPE = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
"""Eye corners and nose base on a face chip, as dlib's `get_face_chip_details` has them for five points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a face must show before its distance means anything; measured in `calibrations/dlib.toml`."""

    eye_distance: float
    detail: float
    yaw: float


class DlibIdentity:
    """Encodes faces, about 7 ms each on one core. Loads its weights at first use; threads may encode at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: Any = None
        self.card: EncoderCard = load_card("dlib")
        self._limits = load_limits()
        self._covering = load_covering()

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None:
        """What keeps a face from being measured: too small, too far turned, too blurred, or eyes or mouth covered.

        Another 2 ms or so. What else of a face is covered does not matter: see `calibrations/covering.toml`.
        """
        if eye_distance(face) < self._limits.eye_distance:
            return "small"
        if abs(face.pose.yaw) >= self._limits.yaw:
            return "turned"
        pyramid = Pyramid(rgb)
        if chip_detail(pyramid.crop(chip_square(face), _CHIP)) < self._limits.detail:
            return "blurred"
        return "covered" if self._covering.covers(pyramid, face) else None

    def encode(self, rgb: Pixels, face: Face) -> Floats:
        """128 float32 numbers for one face of an H x W x 3 picture. Raises `MissingPart` without the weights."""
        (vector,) = self._network().run(None, {INPUT: as_input(_chip(rgb, face))})
        return np.asarray(vector[0], np.float32)

    def distance(self, a: Floats, b: Floats) -> float:
        """Euclidean; 0 is the same picture, 0.6 about as likely one person as two."""
        return float(np.linalg.norm(a.astype(np.float64) - b.astype(np.float64)))

    def _network(self) -> Any:
        """An onnxruntime session, loaded once. One core each: frames are seen side by side, not faster one by one."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _session(_checked(_weights(), self.card.sha256))
            return self._loaded


def load_limits() -> Limits:
    """The limits of measurability, from the file that says how they were found."""
    text = resources.files("samecast.vision").joinpath("calibrations/dlib.toml").read_text(encoding="utf-8")
    return Limits(**tomllib.loads(text)["limits"])


def chip_detail(chip: Pixels) -> float:
    """Mean absolute Laplacian over the contrast, in the middle two thirds of a 150 x 150 chip; light cancels out.

    0.4 to 0.7 on sharp faces, 0.24 where the eyes are 14 pixels apart, under 0.13 where nobody could be recognised.
    """
    luma = cv2.GaussianBlur(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), (3, 3), 0)
    edge = _CHIP // 6
    middle = (slice(edge, -edge), slice(edge, -edge))
    edges = np.abs(cv2.Laplacian(luma, cv2.CV_32F, ksize=3))[middle]
    return float(edges.mean()) / max(float(luma[middle].std()), 4.0)


def _chip(rgb: Pixels, face: Face) -> Pixels:
    return Pyramid(rgb).crop(chip_square(face), _CHIP)


def chip_square(face: Face) -> Square:
    """The square of the picture that becomes the 150 x 150 chip: the least-squares similarity onto the mean shape."""
    here: npt.NDArray[np.float64] = face.landmarks[list(_MESH_POINTS), :2].astype(np.float64)
    there = (np.array(_MEAN_SHAPE) + _PADDING) / (1 + 2 * _PADDING)
    return square_onto(here, there)


def _session(model: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPart(f"Identity cannot be measured: {error}.", hint="pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _checked(path: Path, sha256: str) -> bytes:
    """The network as an ONNX model, from the very weights that were calibrated."""
    content = path.read_bytes()
    try:
        if hashlib.sha256(content).hexdigest() == sha256:
            return read_network(content)
    except BadWeights:
        pass
    raise MissingPart(
        "The face recogniser's weights are not the ones its calibration was made with.",
        hint="Reinstall them: pip install --force-reinstall face_recognition_models==0.3.0",
    )


def _weights() -> Path:
    package = importlib.util.find_spec("face_recognition_models")
    path = Path(package.origin).parent / _WEIGHTS if package is not None and package.origin else None
    if path is None or not path.is_file():
        raise MissingPart(
            "The face recogniser's weights are not installed.", hint="pip install face_recognition_models==0.3.0"
        )
    return path
