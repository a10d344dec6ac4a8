"""`BodyFinder`: whether somebody is in a picture that shows no face. A `ports.PersonFinder`.

A person seen from behind, masked, or cut off at the neck is there, and is not *missing*; an empty street is. Two of
MediaPipe's networks are asked: selfie segmentation (does a figure stand on the picture's lower border, where people in
pictures are cut?) and BlazePose (is there a body, and the same one when the picture is mirrored?). Neither alone tells
a person from a dog; how well both do is in `calibrations/people.toml`. Who it is, is never asked here.
"""

import threading
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

import cv2
import numpy as np

from samecast.ports import FaceReader, Floats, Pixels, Presence
from samecast.vision.faces import profiles_of
from samecast.vision.mesh import close_with, load_mediapipe, native_noise_off

_LONGEST = 384
_BORDER = 3 / 64
"""The share of the height that counts as the lower border."""
_JOINTS = 25
"""BlazePose's first 25 points: face, arms and hips; legs are cut off more often than not."""
_MIRRORED = (0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15, 18, 17, 20, 19, 22, 21, 24, 23)
_NO_AGREEMENT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What is left of a person without a face.

    `standing`: share of the lower border that the segmented figure covers, 0..1. `body`: 1 where BlazePose sees a body.
    `apart`: how far the body's joints lie from those of the mirrored picture, over the body's size; 2 where there is
    only one of them, or none.
    """

    standing: float
    body: float
    apart: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceGate:
    """A logistic over the traces, fitted in `calibrations/people.toml` (which names its set)."""

    constant: float
    standing: float
    body: float
    apart: float
    threshold: float

    def somebody(self, traces: Traces) -> bool:
        logit = self.constant + self.standing * traces.standing + self.body * traces.body + self.apart * traces.apart
        return float(1 / (1 + np.exp(-logit))) >= self.threshold


class Segmenter:
    """MediaPipe's selfie segmentation: H x W float32 in 0..1. Made for people; animals and toys stand out as well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        with native_noise_off():
            self._network = load_mediapipe().solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)
            close_with(self, self._network)
            self._network.process(np.zeros((64, 64, 3), np.uint8))  # the network logs when it first runs

    def mask(self, rgb: Pixels) -> Floats:
        with self._lock:
            return np.asarray(self._network.process(rgb).segmentation_mask, np.float32)

    def share(self, rgb: Pixels) -> float:
        """How much of the picture stands out as a figure, 0..1."""
        return float((self.mask(_fitted(rgb)) > 0.5).mean())


class BodyFinder:
    """Asks for a head in profile first, then for a body. About 80 ms a picture; safe to share between threads."""

    def __init__(self, faces: FaceReader) -> None:
        solutions = load_mediapipe().solutions
        self._faces = faces
        self._gate = load_gate()
        self._lock = threading.Lock()
        self._segmenter = Segmenter()
        blank = np.zeros((64, 64, 3), np.uint8)
        with native_noise_off():
            self._poser = solutions.pose.Pose(static_image_mode=True, model_complexity=1, min_detection_confidence=0.2)
            close_with(self, self._poser)
            self._poser.process(blank)  # the network logs when it first runs

    def anyone(self, rgb: Pixels) -> Presence | None:
        """ "profile" for a head seen from the side, "figure" for any other person, None where nobody seems to be."""
        if min(rgb.shape[:2]) < 16:
            return None
        if profiles_of(self._faces, rgb):
            return "profile"
        return "figure" if self._gate.somebody(self.traces(rgb)) else None

    def traces(self, rgb: Pixels) -> Traces:
        """The measured signs, for an H x W x 3 sRGB picture."""
        small = _fitted(rgb)
        mask = self._segmenter.mask(small)
        with self._lock:
            joints = self._joints(small)
            mirrored = self._joints(np.ascontiguousarray(small[:, ::-1]))
        rows = max(1, round(_BORDER * mask.shape[0]))
        return Traces(
            standing=float((mask[-rows:] > 0.5).mean()),
            body=float(joints is not None),
            apart=_apart(joints, mirrored, small.shape[1]),
        )

    def _joints(self, rgb: Pixels) -> Floats | None:
        """25 x 2 pixels, or None where no body is seen."""
        found: Any = self._poser.process(rgb).pose_landmarks
        if found is None:
            return None
        height, width = rgb.shape[:2]
        return np.array([(p.x * width, p.y * height) for p in found.landmark[:_JOINTS]], np.float32)


def load_gate() -> PresenceGate:
    """The gate's coefficients, from the file that says how they were fitted."""
    text = resources.files("samecast.vision").joinpath("calibrations/people.toml").read_text(encoding="utf-8")
    return PresenceGate(**tomllib.loads(text)["gate"])


def _apart(joints: Floats | None, mirrored: Floats | None, width: int) -> float:
    if joints is None or mirrored is None:
        return _NO_AGREEMENT
    back = mirrored[list(_MIRRORED)].copy()
    back[:, 0] = width - back[:, 0]
    size = max(float(np.ptp(joints, axis=0).max()), 1e-3)
    return min(_NO_AGREEMENT, float(np.linalg.norm(joints - back, axis=1).mean()) / size)


def _fitted(rgb: Pixels) -> Pixels:
    scale = _LONGEST / max(rgb.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
