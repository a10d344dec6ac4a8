"""A long corridor in one-point perspective: a hospital's, an office's or a plain futuristic one, as the dice fall."""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Grade, Layer, Light, Scene, Setting
from samecast.models.storyboard.scenes.brush import Box, fill, linear, mix, polygon, shade
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.interior import Palette, flood, lay_floor, room_eye, weather_walls
from samecast.models.storyboard.scenes.wet_ground import mirror_of

HALF_WIDTH, HEIGHT, END = 1.45, 2.75, 34.0
STEP = 3.0
SLICES = ((11.0, END, 9.0, (0.12, 0.1)), (5.0, 11.0, 4.0, (0.2, 0.14)), (0.7, 5.0, 1.9, (0.32, 0.22)))
"""Near end, far end (metres), depth, overscan."""
STYLES = ("hospital", "office", "future")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """The corridor as laid out. `dead` holds the numbers of the lamps that are off, `open_doors` (side, number)."""

    style: str
    dead: frozenset[int]
    open_doors: frozenset[tuple[int, int]]
    level: float
    daylight: float
    seed: int


def paint(setting: Setting) -> Scene:
    """The corridor; at night half of its lamps are off and its end is dark."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    eye = room_eye(frame, dice, height=1.4, zoom=0.72)
    night = setting.time in ("night", "dusk")
    hall = Hall(
        style=STYLES[int(dice.integers(len(STYLES)))],
        dead=frozenset(k for k in range(12) if night and dice.random() < 0.45),
        open_doors=frozenset((s, k) for s in (-1, 1) for k in range(10) if dice.random() < 0.25),
        level=0.8 if night else 1.0,
        daylight={"day": 1.0, "golden hour": 0.9, "dawn": 0.6, "dusk": 0.25, "night": 0.06}[setting.time],
        seed=int(dice.integers(1 << 30)),
    )
    ambient = palette["ambient"][0]
    mirror = mirror_of(
        frame,
        eye,
        lambda easel: _stretch(easel, hall, palette, 0.9, END),
        sky=(shade(ambient, 0.8),) * 2,
        ambient=ambient,
    )
    layers: list[Layer] = []
    for near, far, depth, overscan in SLICES:
        easel = Easel(frame, eye, overscan=overscan, scale=0.6 if depth > 8 else 1.0)
        if depth > 8:
            flood(easel.cover, fill(palette[hall.style][0]))
        _stretch(easel, hall, palette, near * (0.75 if near > 1 else 1.0), far)
        weather_walls(easel, ambient, seed=int(near * 10), dirt=0.07, ceiling=0.55)
        floor = palette[hall.style][2]
        lay_floor(
            easel,
            mirror,
            far,
            (floor, "plain" if hall.style != "hospital" else "tiles"),
            ambient,
            gloss=0.55,
            feather=0.0 if depth > 8 else 0.008,
        )
        easel.kindle(strength=0.8)
        if depth > 8:
            easel.veil(palette["air"][0], 0.16)
        layers.extend([easel.merged(depth)] if depth > 8 else easel.layers(depth))
    lamp = palette[f"{hall.style}_lamp"][0]
    return Scene(
        place="corridor",
        layers=tuple(layers),
        lights=(
            Light(colour=mix(lamp, (1, 1, 1), 0.4), strength=0.85 * hall.level, direction=(0.2, 0.9, 0.45), role="key"),
            Light(colour=lamp, strength=0.8 * hall.level, direction=(-0.5, 0.75, -0.5), role="rim"),
            Light(colour=lamp, strength=0.6 * hall.level, direction=(0.6, 0.6, -0.5), role="rim"),
            Light(colour=ambient, strength=0.55, direction=(0.0, 0.2, 0.9), role="fill"),
        ),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=palette["air"][0],
        subject_exposure=-1.0 if setting.time == "night" else -0.5 if setting.time == "dusk" else -0.1,
        grade=Grade(contrast=1.05, saturation=0.95, shadows=(0.0, 0.005, 0.012), bloom=0.35),
        indoors=True,
    )


def _stretch(easel: Easel, hall: Hall, palette: Palette, near: float, far: float) -> None:
    """Walls, ceiling, doors and lamps between two distances, far to near."""
    wall, dado, _, ceiling = palette[hall.style]
    eye, z = easel.eye, (near, far)
    if far >= END:
        _end_wall(easel, hall, palette)
    easel.solid(eye.level((-HALF_WIDTH, HALF_WIDTH), HEIGHT, z), ceiling)
    for side in (-1, 1):
        x = side * HALF_WIDTH
        easel.path(
            polygon(eye.wall(x, z, (0, HEIGHT))),
            linear(eye.at(x, HEIGHT, near), eye.at(x, 0, near), [shade(wall, 1.05), shade(wall, 0.85)]),
        )
        _dressing(easel, hall, side, z, (wall, dado))
    for number in range(int(far / STEP), -1, -1):
        middle = (number + 0.5) * STEP
        if near <= middle < far:
            for side in (-1, 1):
                _door(easel, hall, side, number, palette)
            _lamp(easel, hall, number, middle, palette)
            _ceiling_things(easel, hall, middle)


def _end_wall(easel: Easel, hall: Hall, palette: Palette) -> None:
    eye, wall = easel.eye, palette[hall.style][0]
    easel.solid(eye.facing((-HALF_WIDTH, HALF_WIDTH), (0, HEIGHT), END), shade(wall, 0.8))
    glass = eye.facing((-0.95, 0.95), (0.35, 2.3), END)
    sky = palette["window"]
    easel.shine(polygon(glass), linear(glass[0], glass[3], [shade(sky[0], 0.9), shade(sky[1], 0.9)]))
    for x in (-0.95, -0.32, 0.3, 0.93):
        easel.solid(eye.facing((x - 0.03, x + 0.03), (0.35, 2.3), END), (0.2, 0.2, 0.22))
    easel.lamp((0, 1.3, END - 0.5), sky[0], 1.6 * hall.daylight, 6.0)


def _dressing(easel: Easel, hall: Hall, side: int, z: tuple[float, float], tones: tuple[Colour, Colour]) -> None:
    """Skirting, dado, handrail; for the futuristic one ribs and strips of light."""
    eye, x = easel.eye, side * HALF_WIDTH
    wall, dado = tones
    if hall.style == "future":
        easel.solid(eye.wall(x, z, (0.9, 1.0)), shade(dado, 0.7))
        for rib in np.arange(np.ceil(z[0] / 1.5) * 1.5, z[1], 1.5)[::-1]:
            a, b = x, x - side * 0.2
            easel.box(
                Box(x=(min(a, b), max(a, b)), y=(0, HEIGHT), z=(float(rib), float(rib) + 0.28)), shade(wall, 0.85)
            )
            easel.box(
                Box(x=(-HALF_WIDTH, HALF_WIDTH), y=(HEIGHT - 0.18, HEIGHT), z=(float(rib), float(rib) + 0.28)),
                shade(wall, 0.7),
            )
        return
    easel.solid(eye.wall(x, z, (0.0, 0.95)), dado)
    easel.solid(eye.wall(x, z, (0.0, 0.12)), shade(dado, 0.55))
    a, b = x, x - side * 0.07
    easel.box(Box(x=(min(a, b), max(a, b)), y=(0.9, 1.02), z=z), shade(dado, 0.8))


def _door(easel: Easel, hall: Hall, side: int, number: int, palette: Palette) -> None:
    eye, x = easel.eye, side * HALF_WIDTH
    start = number * STEP + 0.75 + 0.4 * (side > 0)
    z = (start, start + 1.0)
    dice = np.random.default_rng(hall.seed + number * 2 + (side > 0))
    door = (
        palette["doors"][int(dice.integers(len(palette["doors"])))] if hall.style != "future" else palette["future"][1]
    )
    easel.solid(eye.wall(x, (z[0] - 0.09, z[1] + 0.09), (0.0, 2.2)), shade(palette[hall.style][0], 0.6))
    easel.path(
        polygon(eye.wall(x, z, (0.0, 2.1))),
        linear(eye.at(x, 2.1, z[0]), eye.at(x, 0, z[0]), [shade(door, 1.05), shade(door, 0.75)]),
    )
    glass = eye.wall(x, (z[0] + 0.3, z[0] + 0.62), (1.2, 1.85))
    if (side, number) in hall.open_doors:
        tone = palette["window"][0] if hall.daylight > 0.4 else palette[f"{hall.style}_lamp"][0]
        easel.panel(glass, tone, 0.6)
        easel.lamp((x * 0.8, 1.4, sum(z) / 2), tone, 0.35, 1.1)
    else:
        easel.path(polygon(glass), linear(glass[0], glass[2], [(0.3, 0.34, 0.38), (0.1, 0.12, 0.14)]))
    a, b = x, x - side * 0.06
    easel.box(Box(x=(min(a, b), max(a, b)), y=(0.98, 1.04), z=(z[0] + 0.1, z[0] + 0.24)), (0.6, 0.6, 0.6))
    sign = eye.wall(x, (z[1] + 0.2, z[1] + 0.5), (1.45, 1.65))
    easel.solid(sign, (0.25, 0.3, 0.36) if dice.random() < 0.5 else (0.8, 0.78, 0.7))
    if dice.random() < 0.5 and hall.style != "future":
        frame = (z[1] + 0.65, z[1] + 1.3)
        easel.solid(eye.wall(x, frame, (1.3, 1.95)), (0.5, 0.42, 0.32))
        easel.solid(eye.wall(x, (frame[0] + 0.05, frame[1] - 0.05), (1.35, 1.9)), (0.62, 0.66, 0.62))


def _lamp(easel: Easel, hall: Hall, number: int, z: float, palette: Palette) -> None:
    eye, colour = easel.eye, palette[f"{hall.style}_lamp"][0]
    level = 0.1 if number in hall.dead else hall.level
    if hall.style == "future":
        for side in (-1, 1):
            for y in (0.08, 2.5):
                strip = eye.wall(side * (HALF_WIDTH - 0.02), (z - 1.1, z + 0.4), (y, y + 0.05))
                easel.panel(strip, colour, level)
            easel.lamp((side * HALF_WIDTH, 0.3, z), colour, 0.55 * level, 1.3)
            easel.lamp((side * HALF_WIDTH, 2.3, z), colour, 0.75 * level, 1.5)
        return
    half = 0.32 if hall.style == "hospital" else 0.12
    length = 0.7 if hall.style == "hospital" else 1.2
    panel = eye.level((-half, half), HEIGHT - 0.01, (z - length, z + length))
    easel.solid(
        eye.level((-half - 0.05, half + 0.05), HEIGHT - 0.005, (z - length - 0.05, z + length + 0.05)), (0.5,) * 3
    )
    easel.panel(panel, mix(colour, (1, 1, 1), 0.4), level)
    easel.lamp((0, HEIGHT, z), colour, 0.62 * level, 1.7)
    for side in (-1, 1):
        easel.lamp((side * HALF_WIDTH, 1.9, z), colour, 0.36 * level, 1.5)
    easel.lamp((0, 0.0, z), colour, 0.25 * level, 1.6)


def _ceiling_things(easel: Easel, hall: Hall, z: float) -> None:
    """Joints between ceiling panels, and a vent."""
    if hall.style == "future":
        return
    eye, canvas = easel.eye, easel.cover.canvas
    for k in (-1.5, 0.0):
        width = max(0.6, eye.size(0.012, z))
        path = skia.Path().moveTo(*eye.at(-HALF_WIDTH, HEIGHT, z + k)).lineTo(*eye.at(HALF_WIDTH, HEIGHT, z + k))
        pen = fill((0.35, 0.36, 0.38), 0.6)
        pen.setStyle(skia.Paint.kStroke_Style)
        pen.setStrokeWidth(width)
        canvas.drawPath(path, pen)
    easel.solid(eye.level((0.75, 1.15), HEIGHT - 0.004, (z - 0.2, z + 0.2)), (0.3, 0.31, 0.33))
