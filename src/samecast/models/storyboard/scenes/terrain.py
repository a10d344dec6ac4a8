"""Land in true perspective: relief sampled along every column of a plate, sunlit with cast shadows, hazed by distance.

The land is a height function over world x (right) and z (away). `survey` samples it on a grid of K distances by W
columns, nearest first, so that near and far get the same detail on the picture; shading and colours are worked out on
that grid, and `project` draws it, nearer land hiding farther. One world unit is whatever the painter takes it to be.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from samecast.models.storyboard.scene import Colour, Frame
from samecast.models.storyboard.scenes.daylight import MOON, Daylight
from samecast.models.storyboard.scenes.noise import Field, blur, lerp
from samecast.models.storyboard.scenes.plate import Plate

Heights: TypeAlias = Callable[[Field, Field], Field]
"""World x and z, broadcastable, to heights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A level camera: `horizon` as a fraction of the frame, `eye` its height in world units, `focal` against
    sqrt(width x height) of the frame, so that portrait and landscape see things equally large."""

    horizon: float
    eye: float
    focal: float = 1.0

    @classmethod
    def standing(cls, frame: Frame, horizon: float, ground: float) -> "View":
        """The view in which level ground at distance 1, where the character stands, is at `ground` of the frame."""
        return cls(horizon=horizon, eye=(ground - horizon) * (frame.height / frame.width) ** 0.5)

    def size(self, plate: Plate) -> float:
        """Plate pixels of one world unit at distance one."""
        return self.focal * math.sqrt(plate.frame.width * plate.frame.height) * plate.scale

    def row(self, plate: Plate, height: float, z: float) -> float:
        """The plate's row of a point at that height and distance."""
        return plate.py(self.horizon) + self.size(plate) * (self.eye - height) / z


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """Surveyed land: distances z (K, 1), world x, height and slopes (K, W), all float32."""

    z: Field
    x: Field
    height: Field
    slope_x: Field
    slope_z: Field


def survey(
    plate: Plate, view: View, reach: tuple[float, float], steps: int, heights: Heights, even: float = 0.5
) -> Relief:
    """Sample the land from reach[0] to reach[1]. `even` 1: steps even on the ground's picture, 0: geometric."""
    near, far = reach
    at = np.linspace(0.0, 1.0, steps)
    geometric = near * (far / near) ** at
    ground = 1.0 / (1.0 / near + (1.0 / far - 1.0 / near) * at)
    z = (geometric * (1.0 - even) + ground * even).astype(np.float32)[:, None]
    columns = np.arange(plate.width, dtype=np.float32)[None, :] + 0.5 - plate.px(0.5)
    x = columns * (z / np.float32(view.size(plate)))
    height = np.asarray(heights(x, z), np.float32)
    slope_x = np.gradient(height, axis=1) / np.maximum(z / np.float32(view.size(plate)), 1e-6)
    along = np.gradient(z[:, 0])[:, None].astype(np.float32)
    slope_z = (np.gradient(height, axis=0) - slope_x * np.gradient(x, axis=0)) / along
    return Relief(z=z, x=x, height=height, slope_x=slope_x.astype(np.float32), slope_z=slope_z.astype(np.float32))


def sunlight(relief: Relief, day: Daylight, climb: float, *, soft: float = 0.02, roughness: float = 0.15) -> Field:
    """How much direct sun falls on the land, 0..1 (K, W): Lambert's law and shadows cast along x.

    `climb` is the tangent of the sun's height; `soft` the width of a shadow's edge in world units.
    """
    light = np.asarray((day.side * 0.9, climb, 0.25), np.float32)
    light /= np.linalg.norm(light)
    length = np.sqrt(relief.slope_x**2 + relief.slope_z**2 + 1.0)
    lambert = (light[1] - relief.slope_x * light[0] - relief.slope_z * light[2]) / length
    lambert = np.clip((lambert + roughness) / (1.0 + roughness), 0.0, 1.0)
    fall = np.float32(climb / 0.9)
    ray = relief.height - day.side * relief.x * fall
    way = slice(None, None, -1 if day.side > 0 else 1)
    top = np.maximum.accumulate(ray[:, way], axis=1)[:, way]
    shadow = np.clip((top - ray) / np.float32(soft), 0.0, 1.0)
    # Sharp crests run askew over the grid: without this they would look like combs.
    return blur(np.asarray(lambert * (1.0 - shadow), np.float32), 1.1)


def illuminate(albedo: Field, sun: Field, day: Daylight, sky: Field | float = 1.0) -> Field:
    """Colours of lit land: albedo x (sun x key + sky x fill). `sky` is how open the place is to the sky, 0..1."""
    key, fill = np.asarray(day.key, np.float32), np.asarray(day.fill, np.float32)
    open_sky = np.broadcast_to(np.asarray(sky, np.float32), sun.shape)
    lit = albedo * (sun[..., None] * key + open_sky[..., None] * fill)
    if day.moon:
        luma = lit @ np.asarray((0.2126, 0.7152, 0.0722), np.float32)
        lit = lit + (luma[..., None] * np.asarray(MOON, np.float32) - lit) * 0.6
    return np.asarray(lit, np.float32)


def hazed(colour: Field, relief: Relief, air: Colour, far: float, least: float = 0.0) -> Field:
    """Aerial perspective: land fades into `air`, by half at about 0.7 x `far`."""
    amount = 1.0 - (1.0 - least) * np.exp(-relief.z / np.float32(far))
    return lerp(colour, air, np.broadcast_to(amount, relief.height.shape))


def project(plate: Plate, view: View, relief: Relief, colour: Field) -> tuple[Field, Field]:
    """Draw the land: colours (H, W, 3) and cover (H, W). Under its nearest edge the land goes on in that colour."""
    steps, width = relief.height.shape
    height = plate.height
    rows = plate.py(view.horizon) + view.size(plate) * (view.eye - relief.height) / relief.z
    rows = np.clip(np.minimum.accumulate(rows, axis=0), -4.0, height + 4.0).astype(np.float32)
    whole = np.clip(np.ceil(rows), 0, height).astype(np.int64)
    counts = np.bincount((whole * width + np.arange(width)).ravel(), minlength=(height + 1) * width)
    seen = np.cumsum(counts.reshape(height + 1, width)[:height], axis=0)
    step = np.clip(steps - seen, 0, steps - 1)
    before = np.maximum(step - 1, 0)
    columns = np.arange(width)[None, :]
    low, high = rows[step, columns], rows[before, columns]
    here = np.arange(height, dtype=np.float32)[:, None]
    part = np.clip((here - low) / np.maximum(high - low, 1e-3), 0.0, 1.0) * (seen > 0)
    drawn = colour[step, columns]
    drawn += (colour[before, columns] - drawn) * part[..., None]
    cover = np.clip(here - rows[-1:, :] + 1.0, 0.0, 1.0)
    return np.asarray(drawn, np.float32), np.asarray(cover, np.float32)


def paint_land(plate: Plate, view: View, relief: Relief, colour: Field) -> None:
    """Draw the land onto the plate, over what is there."""
    drawn, cover = project(plate, view, relief, colour)
    plate.lay(drawn, cover)


def visible_row(plate: Plate, view: View, relief: Relief, z: float, x: float) -> float | None:
    """The plate row of the ground at distance `z` in the column of frame fraction `x`; None behind nearer land."""
    column = int(plate.px(x))
    step = int(np.searchsorted(relief.z[:, 0], z))
    if not 0 <= column < plate.width or step >= len(relief.z):
        return None
    rows = (
        plate.py(view.horizon)
        + view.size(plate) * (view.eye - relief.height[: step + 1, column]) / relief.z[: step + 1, 0]
    )
    row = float(rows[-1])
    return row if row <= float(rows.min()) + 0.004 * plate.height else None
