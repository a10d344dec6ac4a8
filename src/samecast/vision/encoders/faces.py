"""Faces for pulled encoders: the aligned chip they were trained on, and a `ports.FaceEncoder` from a calibration."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from samecast.ports import Doubt, EncoderCard, Face, Floats, Pixels
from samecast.vision.crops import Pyramid, Square, square_onto
from samecast.vision.encoders.session import OnnxSession

_MESH_POINTS = ((33, 133), (362, 263), (4,), (78,), (308,))
"""Mesh landmarks whose mean is each of the five points: eye, eye (left to right on screen), nose tip, mouth corners.

Of the mesh's noses (1, 4, 5, 195) and corners (61 outside, 78 inside) these come nearest to the template: on 31
photographs turned less than 25 degrees every point's median lies within 2.7 of its 112 pixels.
"""
_TEMPLATE = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Where they lie on a chip of 112 pixels: ArcFace's template, which OpenCV's `FaceRecognizerSF::alignCrop` has too."""
_TEMPLATE_SIDE = 112.0


class FaceCoder(Protocol):
    """A face encoder whose distances mean nothing yet."""

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None: ...

    def encode(self, rgb: Pixels, face: Face) -> Floats: ...

    def distance(self, a: Floats, b: Floats) -> float: ...


class FaceGate(Protocol):
    """Says which faces show too little to be measured."""

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None: ...


class OnnxFaces:
    """A `FaceCoder` on a pulled network. `gate`: the built-in encoder's limits of what can be measured.

    Those limits (of size, turn, blur and cover) were found with the built-in encoder, not with this network, whose own
    are not known.
    """

    def __init__(self, session: OnnxSession, side: int, gate: FaceGate) -> None:
        self._session = session
        self._side = side
        self._gate = gate

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None:
        return self._gate.doubt(rgb, face)

    def encode(self, rgb: Pixels, face: Face) -> Floats:
        """The network's numbers, of length one. Raises as `OnnxSession.vector`."""
        return self._session.vector(face_chip(rgb, face, self._side))

    def distance(self, a: Floats, b: Floats) -> float:
        """Cosine distance: 0 the same direction, 1 unrelated, 2 opposite."""
        return cosine_distance(a, b)


class CalibratedFaces:
    """A `ports.FaceEncoder`: a coder with the card that says what its distances mean."""

    def __init__(self, coder: FaceCoder, card: EncoderCard) -> None:
        self._coder = coder
        self.card: EncoderCard = card

    def doubt(self, rgb: Pixels, face: Face) -> Doubt | None:
        return self._coder.doubt(rgb, face)

    def encode(self, rgb: Pixels, face: Face) -> Floats:
        return self._coder.encode(rgb, face)

    def distance(self, a: Floats, b: Floats) -> float:
        return self._coder.distance(a, b)


def face_chip(rgb: Pixels, face: Face, side: int) -> Pixels:
    """`side` x `side` x 3, the face upright on the template; black where the picture ends."""
    return Pyramid(rgb).crop(chip_square(face), side)


def chip_square(face: Face) -> Square:
    """The square of the picture that becomes the chip: the least-squares similarity onto the template."""
    here: npt.NDArray[np.float64] = np.array([face.landmarks[list(p), :2].mean(axis=0) for p in _MESH_POINTS])
    there = np.array(_TEMPLATE) / _TEMPLATE_SIDE
    return square_onto(here, there)


def cosine_distance(a: Floats, b: Floats) -> float:
    """1 - a . b of vectors of length one, never below 0."""
    return max(0.0, 1.0 - float(a.astype(np.float64) @ b.astype(np.float64)))
