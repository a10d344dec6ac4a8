"""A bar: shelves of bottles lit from behind, warm pendants over the counter, and the dark around them."""

from dataclasses import dataclass

import numpy as np

from samecast.models.storyboard.scene import Colour, Grade, Light, Scene, Setting
from samecast.models.storyboard.scenes.brush import (
    Box,
    fill,
    linear,
    mix,
    polygon,
    shade,
    stroke,
    vary,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.glyphs import GLYPHS, word
from samecast.models.storyboard.scenes.interior import DAYLIGHT, Palette, bulb, lay_floor, room_eye, weather_walls
from samecast.models.storyboard.scenes.wet_ground import mirror_of

BACK = 5.6
LEVEL = {"night": 1.0, "dusk": 0.95, "dawn": 0.8, "golden hour": 0.75, "day": 0.65}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The bar as laid out: the side its counter runs along, the neon's colour and word, seeds for the wares."""

    side: int
    neon: Colour
    letters: tuple[str, ...]
    seed: int


def paint(setting: Setting) -> Scene:
    """The bar; by day a little light comes in from the street at one side."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    eye = room_eye(frame, dice, height=1.42, zoom=1.0 if frame.portrait else 0.85)
    bar = Bar(
        side=int(dice.choice([-1, 1])),
        neon=palette["neon"][int(dice.integers(len(palette["neon"])))],
        letters=word(dice, int(dice.integers(2, 4))),
        seed=int(dice.integers(1 << 30)),
    )
    level, day, ambient = LEVEL[setting.time], DAYLIGHT[setting.time], palette["ambient"][0]

    def draw(easel: Easel) -> None:
        _back_bar(easel, bar, palette, level, day)

    mirror = mirror_of(frame, eye, draw, sky=(shade(ambient, 0.4),) * 2, ambient=ambient)
    back = Easel(frame, eye, overscan=(0.16, 0.12))
    draw(back)
    weather_walls(back, ambient, seed=bar.seed, dirt=0.2)
    lay_floor(back, mirror, BACK, (palette["floor"][0], "wood"), ambient, gloss=0.5)
    back.cover.array[..., 3] = 255
    back.kindle(strength=0.75)
    middle = Easel(frame, eye, overscan=(0.2, 0.16))
    _counter(middle, bar, palette, level)
    _pendants(middle, bar, palette, level, 4.0)
    weather_walls(middle, ambient, seed=bar.seed + 1, dirt=0.2)
    middle.kindle(wide=0.022, strength=0.85)
    near = Easel(frame, eye, overscan=(0.3, 0.22))
    _pendants(near, bar, palette, level, 2.3)
    weather_walls(near, ambient, seed=bar.seed + 2, dirt=0.1)
    near.kindle(wide=0.03, strength=0.85)
    near_layers = near.layers(1.7)
    warm = palette["lamp"][0]
    return Scene(
        place="bar",
        layers=(*back.layers(5.0), *middle.layers(2.8), *near_layers),
        lights=(
            Light(colour=warm, strength=0.85 * level, direction=(-bar.side * 0.35, 0.8, 0.5), role="key"),
            Light(colour=palette["shelf"][0], strength=1.0 * level, direction=(bar.side * 0.75, 0.2, -0.6), role="rim"),
            Light(
                colour=bar.neon, strength=0.9 * level, direction=(-bar.side * 0.85, 0.3, -0.4), role="rim", flicker=0.05
            ),
            Light(colour=mix(ambient, warm, 0.3), strength=0.4, direction=(0.0, 0.2, 0.9), role="fill"),
        ),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=mix(ambient, warm, 0.2),
        subject_exposure=-1.1 + 0.5 * day,
        grade=Grade(
            contrast=1.08, saturation=1.06, shadows=(0.012, 0.0, 0.012), highlights=(0.02, 0.008, -0.012), bloom=0.4
        ),
        indoors=True,
    )


def _back_bar(easel: Easel, bar: Bar, palette: Palette, level: float, day: float) -> None:
    """The end wall: panelling, three lit shelves of bottles on the counter's side, the neon on the other."""
    eye, wood, wide = easel.eye, palette["wood"][0], 16.0
    easel.solid(eye.facing((-wide, wide), (-0.2, 9.0), BACK), palette["wall"][0])
    for k in np.arange(-8, 8, 0.16):  # brickwork: courses and joints
        y = (k + 8) * 0.5625
        easel.line(
            [eye.at(-wide, y, BACK), eye.at(wide, y, BACK)],
            shade(palette["wall"][0], 0.72),
            max(0.7, eye.size(0.01, BACK)),
        )
    dice = np.random.default_rng(bar.seed + 7)
    for _ in range(240):
        x, y = float(dice.uniform(-5, 5)), round(float(dice.uniform(0, 5)) / 0.09) * 0.09
        brick = eye.facing((x, x + 0.21), (y + 0.012, y + 0.078), BACK)
        easel.solid(brick, vary(palette["wall"][0], dice, 0.3), 0.7)
    easel.solid(eye.facing((-wide, wide), (0, 1.0), BACK), shade(wood, 0.8))
    for x in np.arange(-6, 6, 0.45):
        easel.solid(eye.facing((float(x), float(x) + 0.03), (0.05, 0.95), BACK), shade(wood, 0.45))
    easel.box(Box(x=(-wide, wide), y=(0.98, 1.04), z=(BACK - 0.06, BACK)), shade(wood, 1.1))
    _shelves(easel, bar, palette, level)
    _wall_lamps(easel, bar, palette, level)
    _festoon(easel, palette, level)
    _neon(easel, bar, level)
    if day > 0.3:
        easel.lamp((-bar.side * 3.2, 1.5, BACK - 1.5), (0.8, 0.88, 1.0), 0.9 * day, 2.2)


def _wall_lamps(easel: Easel, bar: Bar, palette: Palette, level: float) -> None:
    """Sconces and framed prints on the wall away from the shelves, and a bench under them."""
    eye, side, warm = easel.eye, -bar.side, palette["lamp"][0]
    for k in range(3):
        x = side * (1.3 + 1.5 * k)
        shade_of = eye.facing((x - 0.07, x + 0.07), (1.5, 1.72), BACK - 0.1)
        tone = mix(warm, (1.0, 0.9, 0.7), 0.4)
        easel.shine(
            polygon(shade_of), linear(shade_of[0], shade_of[3], [shade(tone, 0.45 * level), shade(tone, 0.9 * level)])
        )
        easel.lamp((x, 1.95, BACK), warm, 1.1 * level, 0.6)
        easel.lamp((x, 1.2, BACK), warm, 0.9 * level, 0.5)
        left = x + side * 0.45
        for a, y, wide, tall in ((left, 1.3, 0.5, 0.4), (left + 0.06, 1.78, 0.36, 0.3)):
            easel.solid(eye.facing((a - wide / 2, a + wide / 2), (y, y + tall), BACK - 0.03), (0.12, 0.08, 0.05))
            inner = eye.facing((a - wide / 2 + 0.04, a + wide / 2 - 0.04), (y + 0.04, y + tall - 0.04), BACK - 0.03)
            easel.path(polygon(inner), linear(inner[0], inner[2], [(0.62, 0.55, 0.42), (0.36, 0.3, 0.26)]))
    bench = (0.9, 6.5) if side > 0 else (-6.5, -0.9)
    easel.box(Box(x=bench, y=(0.5, 0.98), z=(BACK - 0.2, BACK - 0.08)), palette["leather"][0])
    easel.box(Box(x=bench, y=(0.05, 0.48), z=(BACK - 0.62, BACK - 0.08)), shade(palette["leather"][0], 0.8))
    for k in range(3):
        x = side * (1.6 + 1.6 * k)
        easel.box(
            Box(x=(x - 0.35, x + 0.35), y=(0.7, 0.74), z=(BACK - 1.3, BACK - 0.75)), shade(palette["counter"][0], 1.1)
        )
        easel.line([eye.at(x, 0, BACK - 1.0), eye.at(x, 0.7, BACK - 1.0)], (0.1, 0.08, 0.07), eye.size(0.05, BACK - 1))
        bulb(easel, (x, 0.8, BACK - 1.05), 0.03, warm, 0.8 * level)
        easel.lamp((x, 0.75, BACK - 1), warm, 0.7 * level, 0.7)


def _festoon(easel: Easel, palette: Palette, level: float) -> None:
    """Two strings of small bulbs under the ceiling."""
    eye = easel.eye
    for z, high in ((BACK - 0.4, 3.55), (BACK - 1.6, 3.3)):
        points = []
        for k in range(29):
            x = -7.0 + 0.5 * k
            y = high - 0.28 * float(np.sin(np.pi * ((k % 7) / 7)))
            points.append(eye.at(x, y, z))
            bulb(easel, (x, y - 0.06, z), 0.026, palette["lamp"][0], 0.85 * level)
        easel.line(points, (0.05, 0.04, 0.04), max(1.0, eye.size(0.012, z)))


def _shelves(easel: Easel, bar: Bar, palette: Palette, level: float) -> None:
    eye, wood, glow_tone = easel.eye, palette["wood"][0], palette["shelf"][0]
    x = (0.22, 3.6) if bar.side > 0 else (-3.6, -0.22)
    case = Box(x=x, y=(0.95, 3.05), z=(BACK - 0.3, BACK))
    easel.box(case, shade(wood, 0.9))
    dice = np.random.default_rng(bar.seed)
    z = BACK - 0.31
    for row in range(3):
        y = 1.06 + row * 0.66
        niche = eye.facing((x[0] + 0.07, x[1] - 0.07), (y, y + 0.58), z)
        tones = [shade(glow_tone, level * 0.16), shade(glow_tone, level * 0.3), shade(glow_tone, level * 0.72)]
        easel.shine(polygon(niche), linear(niche[0], niche[3], tones))
        strip = eye.facing((x[0] + 0.07, x[1] - 0.07), (y, y + 0.02), z)
        easel.lit.canvas.drawPath(polygon(strip), fill(shade(mix(glow_tone, (1, 1, 1), 0.5), level)))
        for k in range(4):
            a = x[0] + (x[1] - x[0]) * (k + 0.5) / 4
            easel.lamp((a, y + 0.25, z), glow_tone, 0.6 * level, 0.7)
        for behind in (True, False):
            a = x[0] + 0.1 + float(dice.uniform(0, 0.1))
            while a < x[1] - 0.2:
                wide, tall = float(dice.uniform(0.075, 0.12)), float(dice.uniform(0.27, 0.44))
                glass = vary(palette["bottles"][int(dice.integers(len(palette["bottles"])))], dice, 0.3)
                _bottle(easel, (a, y + 0.02, z), (wide, tall), shade(glass, 0.55) if behind else glass, level)
                a += wide * float(dice.uniform(1.1, 1.9))
        for post in (x[0] + 0.02, (x[0] + x[1]) / 2, x[1] - 0.08):
            easel.solid(eye.facing((post, post + 0.06), (y - 0.1, y + 0.66), z - 0.01), shade(wood, 0.75))
        easel.solid(eye.facing(x, (y + 0.58, y + 0.66), z - 0.01), shade(wood, 0.8))


def _bottle(
    easel: Easel, at: tuple[float, float, float], size: tuple[float, float], glass: Colour, level: float
) -> None:
    """A bottle against the light: its glass glows in its colour, brighter in the middle, with a label."""
    eye = easel.eye
    x, y, z = at
    wide, tall = size
    neck = wide * 0.3
    outline = [
        (0.0, 0.0),
        (0.0, tall * 0.58),
        ((wide - neck) / 2, tall * 0.74),
        ((wide - neck) / 2, tall),
        ((wide + neck) / 2, tall),
        ((wide + neck) / 2, tall * 0.74),
        (wide, tall * 0.58),
        (wide, 0.0),
    ]
    points = [eye.at(x + u, y + v, z) for u, v in outline]
    lit = shade(mix(glass, (0.5, 0.28, 0.1), 0.35), 0.75 * level)
    path = polygon(points)
    paint_glass = linear(
        points[0], points[-1], [shade(lit, 0.3), shade(lit, 1.0), shade(lit, 0.75), shade(lit, 0.25)], [0, 0.3, 0.6, 1]
    )
    easel.lit.canvas.drawPath(path, paint_glass)
    label = eye.facing((x + wide * 0.1, x + wide * 0.9), (y + tall * 0.14, y + tall * 0.42), z)
    easel.lit.canvas.drawPath(polygon(label), fill(shade((0.75, 0.68, 0.52), 0.32 * level)))


def _neon(easel: Easel, bar: Bar, level: float) -> None:
    eye = easel.eye
    size = 0.42
    start = -bar.side * (0.5 + (size * 1.15 * len(bar.letters) if bar.side > 0 else 0))
    for k, letter in enumerate(bar.letters):
        left = start + k * size * 1.15
        lines = [[eye.at(left + u * size, 2.55 - v * size, BACK - 0.05) for u, v in line] for line in GLYPHS[letter]]
        easel.tube(lines, bar.neon, eye.size(0.035, BACK), level)
    middle = start + size * 0.57 * len(bar.letters)
    under = [[eye.at(start, 1.98, BACK - 0.05), eye.at(start + size * 1.15 * len(bar.letters), 1.98, BACK - 0.05)]]
    easel.tube(under, mix(bar.neon, (1.0, 0.6, 0.2), 0.5), eye.size(0.028, BACK), level)
    easel.lamp((middle, 2.3, BACK - 0.1), bar.neon, 1.5 * level, 1.1)


def _counter(easel: Easel, bar: Bar, palette: Palette, level: float) -> None:
    """The counter along one side, its top catching light, stools, glasses; a cabinet closes the other edge."""
    eye, wood, side = easel.eye, palette["wood"][0], bar.side
    edge = side * 0.95
    far = side * 9.0
    x = (min(edge, far), max(edge, far))
    easel.box(Box(x=x, y=(0.0, 1.04), z=(3.1, 4.9)), shade(wood, 0.9))
    for z in np.arange(3.3, 4.9, 0.5):
        easel.solid(eye.wall(edge, (float(z), float(z) + 0.4), (0.15, 0.9)), shade(wood, 0.55))
    for k in range(8):
        a = edge + side * (0.1 + 0.55 * k)
        easel.solid(eye.facing((min(a, a + side * 0.45), max(a, a + side * 0.45)), (0.15, 0.9), 3.1), shade(wood, 0.6))
    lip = (min(edge - side * 0.12, far), max(edge - side * 0.12, far))
    easel.box(Box(x=lip, y=(1.04, 1.11), z=(2.95, 5.0)), shade(palette["counter"][0], 1.2), (1.5, 0.8, 0.9))
    strip = eye.facing((x[0], x[1]), (1.0, 1.025), 3.09)
    easel.panel(strip, palette["lamp"][0], 0.7 * level)
    easel.lamp((edge + side * 1.0, 0.7, 3.0), palette["lamp"][0], 0.9 * level, 0.8)
    easel.lamp((edge + side * 0.6, 1.2, 3.6), palette["lamp"][0], 1.2 * level, 0.9)
    dice = np.random.default_rng(bar.seed + 3)
    for k in range(6):
        a = edge + side * (0.25 + 0.42 * k)
        _glass(easel, (a, 1.11, 3.2 + 0.3 * (k % 3)), 0.16 + 0.05 * float(dice.random()), palette, level)
    for k in range(3):
        _stool(easel, edge - side * 0.5 + side * 0.85 * k, 2.75, palette)


def _glass(easel: Easel, at: tuple[float, float, float], tall: float, palette: Palette, level: float) -> None:
    eye = easel.eye
    x, y, z = at
    wide = tall * 0.28
    body = [
        eye.at(x - wide, y + tall, z),
        eye.at(x + wide, y + tall, z),
        eye.at(x + wide * 0.7, y, z),
        eye.at(x - wide * 0.7, y, z),
    ]
    easel.lit.canvas.drawPath(polygon(body), fill(shade(palette["bottles"][0], 0.16 * level)))
    pen = stroke(shade(palette["lamp"][0], 0.5 * level), max(0.8, eye.size(0.006, z)))
    easel.lit.canvas.drawPath(polygon(body), pen)
    drink = [eye.at(x - wide * 0.85, y + tall * 0.5, z), eye.at(x + wide * 0.85, y + tall * 0.5, z), body[2], body[3]]
    easel.lit.canvas.drawPath(polygon(drink), fill(shade(palette["bottles"][1], 0.55 * level)))


def _stool(easel: Easel, x: float, z: float, palette: Palette) -> None:
    eye = easel.eye
    for dx in (-0.14, 0.14):
        easel.line([eye.at(x + dx, 0, z), eye.at(x + dx * 0.6, 0.72, z)], (0.14, 0.12, 0.12), eye.size(0.028, z))
    easel.line([eye.at(x - 0.12, 0.25, z), eye.at(x + 0.12, 0.25, z)], (0.2, 0.17, 0.15), eye.size(0.022, z))
    easel.box(Box(x=(x - 0.19, x + 0.19), y=(0.7, 0.79), z=(z - 0.16, z + 0.2)), palette["leather"][0])


def _pendants(easel: Easel, bar: Bar, palette: Palette, level: float, z: float) -> None:
    """Lamps hung in a row over the counter, coming toward the camera; none over the middle when near."""
    eye, warm = easel.eye, palette["lamp"][0]
    count = 3 if z > 3 else 1
    for k in range(count):
        x = bar.side * ((0.75 + 0.85 * k) if z > 3 else 0.62)
        if z > 3 and k == 0:
            x = -bar.side * 1.35
        y = 2.15 if z > 3 else 2.05
        easel.line([eye.at(x, y + 0.2, z), eye.at(x, 7.0, z)], (0.06, 0.05, 0.05), max(1.0, eye.size(0.012, z)))
        r = 0.15
        points = []
        for angle in np.linspace(0, np.pi, 10):
            points.append(eye.at(x + r * float(np.cos(angle)) * 1.15, y + r * float(np.sin(angle)) * 1.1, z))
        easel.path(
            polygon(points), linear(points[0], points[-1], [(0.2, 0.17, 0.13), (0.42, 0.36, 0.28), (0.1, 0.08, 0.07)])
        )
        bulb(easel, (x, y - 0.01, z), 0.062, warm, level)
        easel.lamp((x, y - 0.9, z), warm, 0.6 * level, 1.0)
