"""The guessed form: a face turned far aside folds over itself in the picture, and must not leap there."""

import numpy as np
from tests.models.storyboard.portraits import eileen

from samecast.models.storyboard import relief


def turned(degrees: float) -> np.ndarray:
    """The astronaut's mesh, turned about the vertical through its middle."""
    face = eileen().face
    assert face is not None
    points = face.landmarks.astype(np.float64).copy()
    middle = points.mean(axis=0)
    angle = np.radians(degrees)
    x, z = points[:, 0] - middle[0], points[:, 2] - middle[2]
    points[:, 0] = middle[0] + np.cos(angle) * x + np.sin(angle) * z
    points[:, 2] = middle[2] - np.sin(angle) * x + np.cos(angle) * z
    return points.astype(np.float32)


def roughness(degrees: float) -> float:
    """How sharply the slope of the face's form changes from pixel to pixel, at its worst."""
    made = eileen()
    face, mesh = relief._face_depth(made.alpha.shape, turned(degrees))
    across = np.abs(np.diff(mesh, n=2, axis=1))
    return float(np.percentile(across[face[:, 1:-1] > 0.6], 99.5))


def test_a_face_turned_aside_is_as_smooth_as_one_from_the_front() -> None:
    front = roughness(0)
    assert roughness(60) < 2.5 * front
    assert roughness(-60) < 2.5 * front
