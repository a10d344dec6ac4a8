"""The limits in `calibrations/anchors.toml`, which says how they were found, and the atlas's map of uneven places."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import cv2
import numpy as np

from samecast.ports import Floats
from samecast.vision.anchors.atlas import Patch


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLimits:
    """See the file for each. `bands`: (from, to) in atlas units, finest first."""

    bands: tuple[tuple[float, float], ...]
    search: float
    stands_out: float
    pixels: float
    blur: float
    blurriest: float
    slope: float
    midpoint: float
    turned: float
    covered: float
    unsure: float
    dotted: float
    dots_held: float

    def probability(self, agreement: float) -> float:
        """That the mark is there, at equal priors."""
        return float(1 / (1 + np.exp(-self.slope * (agreement - self.midpoint))))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourLimits:
    """See the file for each."""

    limit: float
    ratio: float
    grow: float
    margin: float
    sided: float
    cast: float


def _tree(name: str) -> dict[str, object]:
    text = resources.files("samecast.vision").joinpath(f"calibrations/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=1)
def mark_limits() -> MarkLimits:
    table = _tree("anchors")["marks"]
    assert isinstance(table, dict)
    bands = tuple((float(low), float(high)) for low, high in table["bands"])
    return MarkLimits(bands=bands, **{key: float(value) for key, value in table.items() if key != "bands"})


@lru_cache(maxsize=1)
def colour_limits() -> ColourLimits:
    table = _tree("anchors")["colours"]
    assert isinstance(table, dict)
    return ColourLimits(**{key: float(value) for key, value in table.items()})


@lru_cache(maxsize=1)
def _uneven() -> tuple[Floats, ...]:
    table = _tree("face_atlas")["uneven"]
    assert isinstance(table, dict)
    halves = [np.array(table[f"band_{i}"], np.float32) / 10 for i in range(len(table))]
    return tuple(np.ascontiguousarray(np.hstack([half, half[:, ::-1]])) for half in halves)


def uneven_over(patch: Patch, band: int) -> Floats:
    """How far the two sides of a face usually differ over a patch, in units of the skin's grain; at least 0.7."""
    grid, field = patch.grid(), _uneven()[band]
    columns = ((grid[..., 0] + 1.2) / 2.4 * field.shape[1] - 0.5).astype(np.float32)
    rows = ((grid[..., 1] + 0.9) / 2.4 * field.shape[0] - 0.5).astype(np.float32)
    read = cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.maximum(read, 0.7), np.float32)
