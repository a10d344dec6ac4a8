"""What a picture is everywhere: a numpy array, H x W x 3, uint8, sRGB, channel order R G B."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float32]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A decoded still: `rgb` H x W x 3; `alpha` H x W (255 opaque) where the file had transparency."""

    rgb: Pixels
    alpha: Pixels | None = None

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])
