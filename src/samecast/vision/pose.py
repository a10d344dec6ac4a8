"""Head pose from the 3-D face mesh: yaw, pitch and roll in degrees.

Measured, not learned here. Known limit: the mesh flattens a face turned far away, so yaw saturates near 50 degrees;
`PROFILE_YAW` in core.grading is set with that in mind.
"""

import numpy as np
import numpy.typing as npt

from samecast.ports import Floats, HeadPose

_ACROSS = ((33, 263), (133, 362), (234, 454), (127, 356), (61, 291))
"""Pairs of mesh points, from the viewer's left to the viewer's right on an upright face."""
_UPWARD = ((152, 10), (175, 151), (18, 9))
"""Pairs of mesh points from chin to forehead."""
PITCH_BIAS = -6.3
"""Degrees the mesh's own axes lean down on people who look straight ahead (median of 87 photographs)."""


def head_pose(landmarks: Floats) -> HeadPose:
    """Pose of a 478 x 3 mesh in picture pixels. Signs as in `ports.HeadPose`."""
    across = _axis(landmarks, _ACROSS)
    upward = _axis(landmarks, _UPWARD)
    roll = float(np.arctan2(across[1] + upward[0], across[0] - upward[1]))
    cos, sin = np.cos(-roll), np.sin(-roll)
    upright = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    facing = np.cross(upright @ across, upright @ upward)
    facing /= max(float(np.linalg.norm(facing)), 1e-9)
    yaw = np.degrees(np.arctan2(facing[0], -facing[2]))
    pitch = np.degrees(np.arcsin(np.clip(-facing[1], -1.0, 1.0)))
    return HeadPose(yaw=float(yaw), pitch=float(pitch) - PITCH_BIAS, roll=float(np.degrees(roll)))


def _axis(landmarks: Floats, pairs: tuple[tuple[int, int], ...]) -> npt.NDArray[np.float64]:
    vectors = [landmarks[end].astype(np.float64) - landmarks[start] for start, end in pairs]
    total: npt.NDArray[np.float64] = np.sum([v / max(float(np.linalg.norm(v)), 1e-9) for v in vectors], axis=0)
    return total / max(float(np.linalg.norm(total)), 1e-9)
