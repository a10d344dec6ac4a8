"""What a painted scene is: layers at depths, the lights that fall on a character, and the air between.

Painters (scenes/*.py) return a `Scene`; the engine stages, lights, blurs, moves and composites it. A painter paints
crisp, at rest, without character, weather, depth of field, vignette, grain or grade: those come later, for all alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import skia

from samecast.core.prompt import TimeOfDay, Weather

Colour: TypeAlias = tuple[float, float, float]
"""sRGB, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The picture being staged: `width` x `height` pixels. Layers are painted larger, by `Layer.overscan`."""

    width: int
    height: int

    @property
    def portrait(self) -> bool:
        return self.height > self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One painted sheet at one distance.

    `image` is premultiplied RGBA, covering the frame and `overscan` (fractions of frame width and height) beyond it on
    every side: its pixel size is frame x (1 + 2 * overscan) x `scale`. Far sheets may be painted at scale 0.5.
    `depth` is the distance from the camera, the character standing at 1.0: 40 is far, inf never moves, 0.5 is in
    front. `light` True: added to what lies behind (glow, beams, bulbs) instead of covering it.
    `sway` > 0: the sheet moves gently (leaves, flags, water), by that fraction of the frame's width.
    """

    image: skia.Image
    depth: float
    overscan: tuple[float, float] = (0.15, 0.08)
    scale: float = 1.0
    light: bool = False
    sway: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """A light on the character. `direction` points from the subject to the light: x right, y up, z toward the camera.

    `role` key shapes the face, rim edges the silhouette from behind, fill lifts shadows. `flicker` 0..1 (neon, fire).
    """

    colour: Colour
    strength: float
    direction: tuple[float, float, float]
    role: Literal["key", "rim", "fill"]
    flicker: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How the finished frame is developed: exposure in stops, contrast and saturation around 1, tints for the ends.

    `shadows` and `highlights` are added in sRGB (-0.1..0.1 each channel); `bloom` 0..1.
    """

    exposure: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    shadows: Colour = (0.0, 0.0, 0.0)
    highlights: Colour = (0.0, 0.0, 0.0)
    bloom: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A painted place. `layers` from far to near. `horizon` and `vanish_x`: the vanishing point, fractions of frame.

    `ambient` is the colour of the air (fog, far haze); `subject_exposure` (stops) how dark the subject is against its
    own photograph: about -1.6 at night in neon, 0 by day. `ground` where feet stand (fraction of height), if they show.
    """

    place: str
    layers: tuple[Layer, ...]
    lights: tuple[Light, ...]
    horizon: float
    vanish_x: float = 0.5
    ambient: Colour = (0.5, 0.5, 0.5)
    subject_exposure: float = 0.0
    ground: float = 0.95
    grade: Grade = field(default_factory=Grade)
    indoors: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a painter is told: the frame, time of day, weather, the palette's colours by name, and the take's dice."""

    frame: Frame
    time: TimeOfDay
    weather: tuple[Weather, ...]
    palette: dict[str, tuple[Colour, ...]]
    dice: np.random.Generator

    @property
    def wet(self) -> bool:
        return any(w in ("rain", "heavy rain") for w in self.weather)


Painter: TypeAlias = Callable[[Setting], Scene]
