"""Two plain words for "an array of this kind", where OpenCV's own annotations only say "some array"."""

import numpy as np
import numpy.typing as npt

from samecast.ports import Floats, Pixels


def floats(values: npt.ArrayLike) -> Floats:
    """As float32, copied only if it is something else."""
    return np.asarray(values, np.float32)


def pixels(values: npt.ArrayLike) -> Pixels:
    """As uint8, copied only if it is something else."""
    return np.asarray(values, np.uint8)
