"""The air before and behind a character: rain, snow, fog, steam and dust, cheap enough for every frame.

Baked once into wrapping tiles; a frame only shifts windows of them and adds or veils, in place, by OpenCV. All motion
is a pure function of the time, so frames may be made in any order. Wet ground and snow lying on things are painted by
the scenes; this is what falls and drifts.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from samecast.core.prompt import Weather
from samecast.models.storyboard.passages import Drift, Passage, Pixels, Splashes
from samecast.models.storyboard.scene import Colour, Frame
from samecast.models.storyboard.weather_tiles import Conditions, flakes, fog_sheet, plume, streaks, tinted, white


class Air:
    """What is in the air of one take: `behind` is laid before the character, `front` after it."""

    def __init__(self, behind: Sequence[Passage], front: Sequence[Passage]) -> None:
        self._behind, self._front = tuple(behind), tuple(front)

    def behind(self, canvas: Pixels, t: float) -> None:
        """Draw what lies between the scene and the character onto `canvas` (H, W, 4 uint8), at `t` seconds."""
        for passage in self._behind:
            passage.lay(canvas, t)

    def front(self, canvas: Pixels, t: float) -> None:
        """Draw what lies between the character and the lens onto `canvas` (H, W, 4 uint8), at `t` seconds."""
        for passage in self._front:
            passage.lay(canvas, t)


def bake_weather(
    weather: tuple[Weather, ...],
    frame: Frame,
    dice: np.random.Generator,
    *,
    light_colours: tuple[Colour, ...],
    ambient: Colour,
    ground: tuple[float, float] | None = None,
) -> Air:
    """Prepare the weather for a frame size. Colours sRGB 0..1.

    `light_colours` are what drops and motes catch; `ambient` is the colour of the air. `ground`: rows of the picture
    (fractions of its height, far then near) where drops burst, None where no ground shows. No weather: an Air that
    draws nothing.
    """
    sky = Conditions(frame=frame, dice=dice, lights=light_colours or (ambient,), ambient=ambient, ground=ground)
    behind: list[Passage] = []
    front: list[Passage] = []
    heavy = "heavy rain" in weather
    for kind in dict.fromkeys(weather):
        if kind == "rain" and heavy:
            continue
        back, fore = _BAKERS[kind](sky)
        behind += back
        front += fore
    return Air(behind, front)


Baked: TypeAlias = tuple[list[Passage], list[Passage]]


def _rain(sky: Conditions, *, heavy: bool = False) -> Baked:
    unit, height = sky.unit, sky.frame.height
    slant = float(sky.dice.uniform(0.05, 0.13)) * (1.0 if sky.dice.random() < 0.5 else -1.0) * (1.7 if heavy else 1.0)
    many = 1.9 if heavy else 1.0
    bright = sky.glow

    def sheet(count: float, length: float, width: float, strength: float, speed: float) -> Drift:
        tile = streaks(sky, round(count * many), (length * unit, width * unit, slant), strength * bright)
        fall = speed * height * (1.2 if heavy else 1.0)
        gust = (0.012 * height * width, 0.0)
        period = float(sky.dice.uniform(2.5, 4.5))
        return Drift(
            light=tile, velocity=(-slant * fall, fall), sway=gust, period=period, phase=float(sky.dice.uniform(0, 6))
        )

    behind: list[Passage] = [fog_sheet(sky, 0.36, 0.55, 9.0) if heavy else fog_sheet(sky, 0.1, 0.55, 9.0, veil=False)]
    behind += [sheet(1250, 28, 0.6, 0.27, 0.95), sheet(380, 60, 0.75, 0.42, 1.45)]
    front: list[Passage] = [sheet(95, 105, 0.95, 0.48, 1.95), sheet(24, 270, 4.4, 0.15, 2.7)]
    if sky.ground is not None:
        seeds = sky.dice.random((60 if heavy else 36, 4)).astype(np.float32)
        seeds[:, 1] = 1.6 + 1.4 * seeds[:, 1]
        shine = tuple(round(255 * (0.5 * c + 0.4) * bright * 0.7) for c in sky.lights[0])
        behind.append(Splashes(rows=sky.ground, seeds=seeds, colour=(shine[0], shine[1], shine[2]), unit=9 * unit))
    return behind, front


def _snow(sky: Conditions) -> Baked:
    height = sky.frame.height
    wind = float(sky.dice.uniform(0.02, 0.06)) * (1.0 if sky.dice.random() < 0.5 else -1.0) * height

    def sheet(count: int, size: tuple[float, float], strength: float, fall: float, share: float) -> Drift:
        tile = flakes(sky, count, (size[0] * sky.unit, size[1] * sky.unit), strength, white(sky))
        return Drift(
            light=tile,
            velocity=(wind * share, fall * height),
            sway=(0.016 * height * share, 0.006 * height),
            period=float(sky.dice.uniform(3.0, 6.0)),
            phase=float(sky.dice.uniform(0, 6)),
        )

    behind: list[Passage] = [fog_sheet(sky, 0.1, 0.4, 7.0, veil=False)]
    behind += [sheet(1300, (0.9, 1.7), 0.62, 0.06, 0.6), sheet(600, (1.3, 2.4), 0.66, 0.085, 0.9)]
    behind.append(sheet(170, (1.9, 3.2), 0.62, 0.125, 1.3))
    front: list[Passage] = [sheet(64, (2.0, 3.6), 0.56, 0.17, 1.8), sheet(14, (7.0, 15.0), 0.24, 0.26, 2.9)]
    front.append(sheet(4, (19.0, 33.0), 0.16, 0.38, 4.2))
    return behind, front


def _fog(sky: Conditions) -> Baked:
    return [fog_sheet(sky, 0.66, 0.52, 13.0)], [fog_sheet(sky, 0.34, 0.95, -27.0)]


def _steam(sky: Conditions) -> Baked:
    back = [plume(sky, x, 0.8, 0.85) for x in (0.12, 0.86)]
    fore = [plume(sky, x, 0.6, 0.6) for x in (0.02, 0.99)]
    return list[Passage](back), list[Passage](fore)


def _dust(sky: Conditions) -> Baked:
    height = sky.frame.height
    warm = tinted(sky, 0.75)

    def sheet(count: int, size: tuple[float, float], strength: float, speed: tuple[float, float]) -> Drift:
        tile = flakes(sky, count, (size[0] * sky.unit, size[1] * sky.unit), strength, warm)
        sway = (0.02 * height, 0.014 * height)
        period = float(sky.dice.uniform(6.0, 11.0))
        velocity = (speed[0] * height, speed[1] * height)
        return Drift(light=tile, velocity=velocity, sway=sway, period=period, phase=float(sky.dice.uniform(0, 6)))

    behind: list[Passage] = [fog_sheet(sky, 0.16, 0.6, 26.0, veil=False)]
    behind += [sheet(320, (0.8, 1.5), 0.5, (0.012, -0.006)), sheet(110, (1.2, 2.4), 0.6, (-0.018, 0.008))]
    front: list[Passage] = [sheet(44, (1.8, 3.6), 0.5, (0.03, 0.006)), sheet(14, (7.0, 17.0), 0.16, (0.05, -0.014))]
    return behind, front


_BAKERS: dict[Weather, Callable[[Conditions], Baked]] = {
    "rain": _rain,
    "heavy rain": lambda sky: _rain(sky, heavy=True),
    "snow": _snow,
    "fog": _fog,
    "steam": _steam,
    "dust": _dust,
}
