"""A café: a wide front window on the street, tables and chairs, pendant lamps, the counter with its machine."""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Frame, Grade, Layer, Light, Scene, Setting
from samecast.models.storyboard.scenes.brush import (
    Box,
    Eye,
    Sheet,
    add_light,
    blur,
    fill,
    glow,
    linear,
    mix,
    polygon,
    radial,
    shade,
    stroke,
    vary,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.interior import (
    DAYLIGHT,
    LAMPLIGHT,
    Palette,
    blurred_leaves,
    bulb,
    flood,
    glow_spot,
    lay_floor,
    room_eye,
    shaft,
    weather_walls,
)
from samecast.models.storyboard.scenes.wet_ground import mirror_of

BACK, HEIGHT = 6.0, 3.3
SILL, HEAD = 0.6, 2.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Cafe:
    """The café as laid out: which side the counter is on (the sun comes from the other), and seeds."""

    side: int
    seed: int


def paint(setting: Setting) -> Scene:
    """The café; by night its window is dark and the street's lights show in it."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    eye = room_eye(frame, dice, height=1.4, zoom=1.0 if frame.portrait else 0.8)
    cafe = Cafe(side=int(dice.choice([-1, 1])), seed=int(dice.integers(1 << 30)))
    day, lamps = DAYLIGHT[setting.time] * (0.7 if setting.weather else 1.0), LAMPLIGHT[setting.time]
    ambient = palette["ambient"][0]

    def draw(easel: Easel) -> None:
        easel.panel(eye_window(easel), palette["sky"][1], max(0.08, day * 0.9))
        _front(easel, cafe, palette, day, lamps)

    def eye_window(easel: Easel) -> list[tuple[float, float]]:
        return easel.eye.facing((-9, 9), (SILL, HEAD), BACK)

    mirror = mirror_of(frame, eye, draw, sky=(shade(ambient, 0.6),) * 2, ambient=ambient)
    back = Easel(frame, eye, overscan=(0.17, 0.14))
    _front(back, cafe, palette, day, lamps)
    weather_walls(back, ambient, seed=cafe.seed, dirt=0.1, ceiling=0.8)
    lay_floor(back, mirror, BACK, (palette["floor"][0], "tiles"), ambient, gloss=0.35)
    back.kindle(strength=0.6)
    middle = Easel(frame, eye, overscan=(0.24, 0.18))
    _counter(middle, cafe, palette, lamps)
    for x, z in ((-cafe.side * 1.55, 4.2), (-cafe.side * 2.9, 3.9), (-cafe.side * 1.0, 5.0)):
        _table(middle, x, z, palette)
    _pendants(middle, cafe, palette, lamps)
    weather_walls(middle, ambient, seed=cafe.seed + 1, dirt=0.12, ceiling=0.8)
    middle.kindle(wide=0.02, strength=0.75)
    _daylight(middle, eye, cafe, palette, day)
    return Scene(
        place="cafe",
        layers=(
            _outside(frame, eye, cafe, setting, day),
            *back.layers(4.8),
            *middle.layers(2.7),
            _foreground(frame, cafe, palette, ambient, lamps),
        ),
        lights=_lights(cafe, palette, (day, lamps), ambient),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=mix(ambient, palette["sky"][2], 0.4),
        subject_exposure={"day": -0.1, "golden hour": -0.25, "dawn": -0.4, "dusk": -0.8, "night": -1.05}[setting.time],
        grade=Grade(
            contrast=1.04, saturation=1.05, shadows=(0.008, 0.002, 0.006), highlights=(0.014, 0.006, -0.01), bloom=0.3
        ),
        indoors=True,
    )


def _outside(frame: Frame, eye: Eye, cafe: Cafe, setting: Setting, day: float) -> Layer:
    """The houses across the street, trees, passers-by, parked light: soft, as through glass."""
    palette = setting.palette
    sheet = Sheet(frame, overscan=(0.12, 0.1), scale=0.5)
    far = Eye(vanish=eye.vanish, focal=eye.focal, height=eye.height)
    flood(sheet, linear(far.at(0, 9, 16), far.at(0, 2, 16), [palette["sky"][0], palette["sky"][2]]))
    lit = sheet.twin()
    dice = np.random.default_rng(cafe.seed + 1)
    light = mix(palette["ambient"][0], palette["window"][0], 0.5 * day)
    x, z = -16.0, 15.0
    while x < 16:
        wide, tall = float(dice.uniform(3.0, 5.5)), float(dice.uniform(5.0, 9.0))
        wall = vary(palette["houses"][int(dice.integers(len(palette["houses"])))], dice, 0.12)
        tone: Colour = (wall[0] * light[0] * 1.5, wall[1] * light[1] * 1.5, wall[2] * light[2] * 1.5)
        sheet.canvas.drawPath(polygon(far.facing((x, x + wide), (0, tall), z)), fill(tone))
        lit.canvas.drawPath(polygon(far.facing((x, x + wide), (0, tall), z)), fill((0, 0, 0)))
        for u in np.arange(x + 0.5, x + wide - 0.8, 1.15):
            for v in np.arange(0.6, tall - 1.2, 1.75):
                pane = polygon(far.facing((float(u), float(u) + 0.7), (float(v), float(v) + 1.2), z))
                sheet.canvas.drawPath(pane, fill(shade(tone, 0.5)))
                if dice.random() < 0.5 * (1 - day) or v < 1.0:
                    lit.canvas.drawPath(
                        pane, fill(shade((1.0, 0.76, 0.45), 0.15 + 0.6 * (1 - day) * float(dice.random())))
                    )
        x += wide
    road = polygon(far.level((-30, 30), 0, (2, z)))
    ground = mix(shade(light, 0.5), palette["sky"][2], 0.45 if setting.wet else 0.15)
    sheet.canvas.drawPath(road, fill(ground))
    lit.canvas.drawPath(road, fill((0, 0, 0)))
    for _ in range(4):  # trees
        middle, zz = float(dice.uniform(-7, 7)), 10.5
        leaf: Colour = tuple(c * li * 1.5 for c, li in zip(palette["leaves"][0], light, strict=True))  # type: ignore[assignment]
        trunk = polygon(far.facing((middle - 0.12, middle + 0.12), (0, 3), zz))
        sheet.canvas.drawPath(trunk, fill(shade(leaf, 0.5)))
        for _ in range(16):
            px, py = far.at(middle + float(dice.normal(0, 0.75)), 3.3 + float(dice.normal(0, 0.6)), zz)
            r = far.size(float(dice.uniform(0.35, 0.7)), zz)
            sheet.canvas.drawCircle(px, py, r, fill(shade(leaf, float(dice.uniform(0.7, 1.35))), 0.85))
    for _ in range(5):  # passers-by
        middle, zz = float(dice.uniform(-5, 5)), float(dice.uniform(8.5, 12))
        coat = shade(vary((0.3, 0.27, 0.3), dice, 0.6), 0.4 + 0.6 * day)
        for half, low, high in ((0.2, 0.75, 1.45), (0.14, 0.0, 0.78), (0.1, 1.48, 1.72)):
            box = polygon(far.facing((middle - half, middle + half), (low, high), zz)).getBounds()
            sheet.canvas.drawPath(skia.Path().addRoundRect(box, 4, 4), fill(coat))
    for _ in range(round(10 * (1 - day))):
        px, py = far.at(float(dice.uniform(-9, 9)), float(dice.uniform(0.4, 3.4)), 11)
        hue = palette["street"][int(dice.integers(len(palette["street"])))]
        lit.canvas.drawCircle(px, py, far.size(0.13, 11), fill(shade(hue, 0.9)))
    sheet.array[...] = blur(sheet.array, 0.0045 * frame.height * sheet.scale)
    glow(lit, tight=0.003 * frame.height, wide=0.012 * frame.height, strength=0.8)
    add_light(sheet, lit)
    sheet.array[..., 3] = 255
    return sheet.layer(14.0)


def _front(easel: Easel, cafe: Cafe, palette: Palette, day: float, lamps: float) -> None:
    """The wall around the window, its bars, the ceiling with beams, plants along the sill."""
    eye, wide, wood = easel.eye, 9.0, palette["wood"][0]
    wall = palette["walls"][0]
    easel.solid(eye.facing((-wide, wide), (HEAD, 6.0), BACK), wall)
    easel.path(
        polygon(eye.facing((-wide, wide), (0, SILL), BACK)),
        linear(eye.at(0, SILL, BACK), eye.at(0, 0, BACK), [wood, shade(wood, 0.6)]),
    )
    easel.solid(eye.level((-wide, wide), HEIGHT, (0.4, BACK)), shade(wall, 0.7))
    for z in np.arange(BACK - 0.6, 0.8, -1.1):
        easel.box(Box(x=(-wide, wide), y=(HEIGHT - 0.2, HEIGHT), z=(float(z), float(z) + 0.16)), shade(wood, 0.75))
    for x in np.arange(-7.5, 7.6, 1.25):
        easel.box(
            Box(x=(float(x) - 0.035, float(x) + 0.035), y=(SILL, HEAD), z=(BACK - 0.08, BACK)), palette["trim"][0]
        )
    for y in (SILL, HEAD - 0.55, HEAD):
        easel.box(Box(x=(-wide, wide), y=(y - 0.035, y + 0.035), z=(BACK - 0.09, BACK)), palette["trim"][0])
    easel.box(Box(x=(-wide, wide), y=(SILL - 0.08, SILL - 0.02), z=(BACK - 0.4, BACK)), shade(wood, 1.25))
    for x in (-4, -1.5, 1.5, 4):
        easel.lamp((x, HEAD + 0.4, BACK), palette["lamp"][0], 1.5 * lamps, 1.6)
        easel.lamp((x, 0.2, BACK - 1.6), palette["lamp"][0], 1.5 * lamps, 1.7)
        easel.lamp((x, 0.4, BACK - 1.2), palette["window"][0], 0.5 * day, 1.6)
        easel.lamp((x, HEIGHT, BACK - 1.0), palette["window"][0], 0.45 * day, 1.6)
    dice = np.random.default_rng(cafe.seed + 4)
    for x in np.arange(-3.5, 3.6, 0.83):
        if dice.random() < 0.55:
            _pot(easel, float(x) + float(dice.uniform(-0.2, 0.2)), BACK - 0.22, palette, dice)


def _pot(easel: Easel, x: float, z: float, palette: Palette, dice: np.random.Generator) -> None:
    """A small plant on the sill."""
    eye = easel.eye
    easel.solid(
        [eye.at(x - 0.08, 0.76, z), eye.at(x + 0.08, 0.76, z), eye.at(x + 0.06, 0.6, z), eye.at(x - 0.06, 0.6, z)],
        (0.66, 0.36, 0.24),
    )
    for _ in range(9):
        lean, tall = float(dice.normal(0, 0.1)), float(dice.uniform(0.12, 0.32))
        leaf = vary(palette["leaves"][0], dice, 0.35)
        base, tip = eye.at(x, 0.75, z), eye.at(x + lean, 0.75 + tall, z)
        wide = eye.size(0.035, z)
        middle = eye.at(x + lean * 0.4, 0.75 + tall * 0.6, z)
        path = (
            skia.Path()
            .moveTo(*base)
            .quadTo(middle[0] - wide, middle[1], *tip)
            .quadTo(middle[0] + wide, middle[1], *base)
        )
        easel.path(path, fill(leaf))


def _counter(easel: Easel, cafe: Cafe, palette: Palette, lamps: float) -> None:
    """The counter at one edge: tiled front, glass case with cakes, espresso machine, menu board and cups behind."""
    eye, side, wood = easel.eye, cafe.side, palette["wood"][0]
    edge = side * (1.15 if easel.frame.portrait else 1.7)
    far = side * 7.0
    lo, hi = min(edge, far), max(edge, far)
    wall = (min(edge + side * 0.55, far), max(edge + side * 0.55, far))
    easel.box(Box(x=wall, y=(0, HEIGHT - 0.2), z=(5.2, 5.6)), shade(palette["walls"][0], 0.9))
    board = (edge + side * 0.7, edge + side * 2.0)
    board = (min(board), max(board))
    easel.solid(eye.facing((board[0] - 0.04, board[1] + 0.04), (1.75, 2.75), 5.19), shade(wood, 1.1))
    easel.solid(eye.facing(board, (1.79, 2.71), 5.18), (0.1, 0.12, 0.12))
    dice = np.random.default_rng(cafe.seed + 2)
    for row in range(6):
        y = 2.58 - row * 0.14
        a = board[0] + 0.1
        while a < board[1] - 0.2:
            b = a + float(dice.uniform(0.05, 0.22))
            easel.line(
                [eye.at(a, y, 5.17), eye.at(b, y + float(dice.uniform(-0.008, 0.008)), 5.17)],
                (0.8, 0.8, 0.74),
                max(0.9, eye.size(0.018, 5.2)),
            )
            a = b + 0.06
    for shelf in (1.32, 1.62):
        easel.box(Box(x=wall, y=(shelf - 0.03, shelf), z=(5.0, 5.2)), shade(wood, 1.2))
        for a in np.arange(wall[0] + 0.1, wall[1], 0.16):
            tall = float(dice.uniform(0.07, 0.19))
            cup = vary((0.82, 0.78, 0.72), dice, 0.25)
            easel.solid(eye.facing((float(a), float(a) + 0.1), (shelf, shelf + tall), 4.99), cup)
    easel.box(Box(x=(lo, hi), y=(0, 1.0), z=(3.6, 4.3)), palette["tile"][0])
    for k in range(30):
        for row in range(6):
            a = edge + side * (0.02 + 0.2 * k + 0.1 * (row % 2))
            tile = eye.facing(
                (min(a, a + side * 0.185), max(a, a + side * 0.185)), (0.12 + row * 0.14, 0.245 + row * 0.14), 3.59
            )
            easel.solid(tile, vary(palette["tile"][0], dice, 0.18))
    easel.box(Box(x=(lo - 0.05, hi + 0.05), y=(1.0, 1.07), z=(3.5, 4.4)), shade(wood, 1.35))
    _machine(easel, edge + side * 0.75, palette)
    case = (edge + side * 1.25, edge + side * 2.4)
    glass = eye.facing((min(case), max(case)), (1.07, 1.5), 3.6)
    level = 0.35 + 0.4 * lamps
    easel.shine(
        polygon(glass),
        linear(glass[0], glass[3], [shade((1.0, 0.86, 0.62), level), shade((0.9, 0.66, 0.4), level * 0.6)]),
    )
    for plate in (1.09, 1.29):
        for a in np.arange(min(case) + 0.06, max(case) - 0.1, 0.15):
            cake = vary((0.62, 0.36, 0.2), dice, 0.45)
            easel.lit.canvas.drawPath(
                polygon(eye.facing((float(a), float(a) + 0.11), (plate, plate + 0.085), 3.59)), fill(shade(cake, 0.9))
            )
    easel.lamp((edge + side * 0.9, 1.5, 4.0), palette["lamp"][0], 1.8 * lamps + 0.15, 1.4)


def _machine(easel: Easel, x: float, palette: Palette) -> None:
    """An espresso machine in brushed steel."""
    steel = (0.62, 0.63, 0.65)
    easel.box(Box(x=(x - 0.36, x + 0.36), y=(1.12, 1.5), z=(3.8, 4.2)), steel, (1.3, 0.7, 1.0))
    easel.box(Box(x=(x - 0.4, x + 0.4), y=(1.46, 1.56), z=(3.74, 4.2)), (0.5, 0.16, 0.13), (1.3, 0.7, 1.0))
    easel.box(Box(x=(x - 0.38, x + 0.38), y=(1.07, 1.13), z=(3.7, 4.2)), shade(steel, 0.6))
    for k in (-0.18, 0.12):
        easel.solid(easel.eye.facing((x + k, x + k + 0.1), (1.28, 1.38), 3.75), (0.12, 0.12, 0.13))
        easel.solid(easel.eye.facing((x + k + 0.02, x + k + 0.08), (1.13, 1.21), 3.73), (0.85, 0.82, 0.78))


def _table(easel: Easel, x: float, z: float, palette: Palette) -> None:
    """A round table on one leg, with a cup, and two chairs."""
    eye, wood = easel.eye, palette["wood"][0]
    for dx in (-0.62, 0.62):
        _chair(easel, x + dx, z + 0.05, 1 if dx < 0 else -1, palette)
    easel.line([eye.at(x, 0.02, z), eye.at(x, 0.72, z)], (0.13, 0.12, 0.12), eye.size(0.05, z))
    easel.line([eye.at(x - 0.22, 0.02, z), eye.at(x + 0.22, 0.02, z)], (0.13, 0.12, 0.12), eye.size(0.045, z))
    ring = [
        (x + 0.4 * float(np.cos(a)), z + 0.4 * float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ]
    easel.solid([eye.at(px, 0.70, pz) for px, pz in ring], shade(wood, 0.6))
    top = [eye.at(px, 0.75, pz) for px, pz in ring]
    easel.path(polygon(top), linear(top[12], top[0], [shade(wood, 1.5), shade(wood, 1.05)]))
    cup = [eye.at(x - 0.14, 0.84, z), eye.at(x - 0.03, 0.84, z), eye.at(x - 0.05, 0.76, z), eye.at(x - 0.12, 0.76, z)]
    easel.solid(cup, (0.9, 0.88, 0.84))


def _chair(easel: Easel, x: float, z: float, toward: int, palette: Palette) -> None:
    eye, tone = easel.eye, shade(palette["wood"][0], 0.75)
    pen = max(1.2, eye.size(0.03, z))
    for dx, dz in ((-0.17, 0.16), (0.17, 0.16), (-0.17, -0.16), (0.17, -0.16)):
        easel.line([eye.at(x + dx, 0, z + dz), eye.at(x + dx * 0.95, 0.45, z + dz)], tone, pen)
    easel.box(Box(x=(x - 0.2, x + 0.2), y=(0.43, 0.47), z=(z - 0.19, z + 0.19)), shade(tone, 1.3))
    back = x - toward * 0.19
    for dz in (-0.17, 0.0, 0.17):
        easel.line([eye.at(back, 0.45, z + dz), eye.at(back - toward * 0.05, 0.88, z + dz)], tone, pen)
    easel.line(
        [eye.at(back - toward * 0.05, 0.86, z - 0.19), eye.at(back - toward * 0.05, 0.86, z + 0.19)], tone, pen * 1.8
    )


def _pendants(easel: Easel, cafe: Cafe, palette: Palette, lamps: float) -> None:
    eye = easel.eye
    for x, y, z in (
        (-cafe.side * 1.45, 2.15, 4.1),
        (cafe.side * 1.3, 2.3, 4.3),
        (-cafe.side * 2.7, 2.2, 3.9),
        (cafe.side * 2.3, 2.3, 4.2),
    ):
        easel.line([eye.at(x, y + 0.15, z), eye.at(x, HEIGHT + 2, z)], (0.1, 0.09, 0.08), max(1.0, eye.size(0.014, z)))
        cone = [
            eye.at(x - 0.05, y + 0.2, z),
            eye.at(x + 0.05, y + 0.2, z),
            eye.at(x + 0.23, y, z),
            eye.at(x - 0.23, y, z),
        ]
        tone = palette["enamel"][0]
        easel.path(polygon(cone), linear(cone[3], cone[2], [shade(tone, 1.3), shade(tone, 0.8), shade(tone, 0.4)]))
        bulb(easel, (x, y - 0.02, z), 0.065, palette["lamp"][0], 0.3 + 0.65 * lamps)
        easel.lamp((x, 0.75, z), palette["lamp"][0], 1.7 * lamps, 1.3)


def _daylight(easel: Easel, eye: Eye, cafe: Cafe, palette: Palette, day: float) -> None:
    """Slanting shafts through the window, away from the sun's side."""
    if day < 0.25:
        return
    out = cafe.side
    for k in range(4):
        x = -out * 3.4 + out * 1.25 * k
        corners = [
            eye.at(x, HEAD, BACK),
            eye.at(x + 1.05, HEAD, BACK),
            eye.at(x + 1.05 + out * 2.4, 0, 3.2),
            eye.at(x + out * 2.4, 0, 3.2),
        ]
        shaft(easel.lit, corners, palette["window"][0], 0.15 * day, soft=0.012 * easel.frame.height)
    glow_spot(easel.lit, eye.at(-out * 1.5, 2.2, BACK), 0.45 * easel.frame.height, palette["window"][0], 0.14 * day)


def _foreground(frame: Frame, cafe: Cafe, palette: Palette, ambient: Colour, lamps: float) -> Layer:
    """Leaves at one upper corner, a cup on a near table at the other side's lower edge."""
    sheet = Sheet(frame, overscan=(0.38, 0.28), scale=0.5)
    w, h, unit = frame.width, frame.height, min(frame.width, frame.height)
    leaf = palette["leaves"][0]
    dark: Colour = (leaf[0] * ambient[0] * 1.2, leaf[1] * ambient[1] * 1.2, leaf[2] * ambient[2] * 1.2)
    dice = np.random.default_rng(cafe.seed + 9)
    corner = (w * (0.5 - cafe.side * 0.56), -h * 0.04)
    blurred_leaves(sheet, dice, corner=corner, size=unit * 0.26, colour=dark, count=22)
    x, y = w * (0.5 + cafe.side * 0.47), h * 0.985
    r = unit * 0.095
    china = mix(shade(ambient, 1.3), palette["lamp"][0], 0.25 * lamps)
    sheet.canvas.drawOval(skia.Rect(x - r * 1.7, y - r * 0.1, x + r * 1.7, y + r * 0.8), fill(shade(china, 0.8)))
    sheet.canvas.drawOval(
        skia.Rect(x - r, y - r * 0.9, x + r, y + r * 0.45),
        linear((x - r, y), (x + r, y), [shade(china, 1.15), shade(china, 0.6)]),
    )
    sheet.canvas.drawOval(skia.Rect(x - r * 0.86, y - r * 0.84, x + r * 0.86, y - r * 0.35), fill((0.2, 0.11, 0.06)))
    sheet.canvas.drawOval(skia.Rect(x - r, y - r * 0.9, x + r, y - r * 0.3), stroke(shade(china, 1.25), r * 0.08))
    pool = radial((x, y - r), r * 2, [((1.0, 1.0, 1.0), 0.06), ((1.0, 1.0, 1.0), 0.0)])
    sheet.canvas.drawCircle(x, y - r, r * 2, pool)
    return sheet.layer(0.55)


def _lights(cafe: Cafe, palette: Palette, levels: tuple[float, float], ambient: Colour) -> tuple[Light, ...]:
    day, lamps = levels
    window, lamp = palette["window"][0], palette["lamp"][0]
    sun = -cafe.side
    found = [Light(colour=mix(ambient, (1, 1, 1), 0.35), strength=0.5, direction=(0.0, 0.5, 0.85), role="fill")]
    if day > 0.25:
        found.insert(0, Light(colour=window, strength=0.8 * day, direction=(sun * 0.8, 0.45, 0.4), role="key"))
        found.append(Light(colour=window, strength=1.15 * day, direction=(sun * 0.6, 0.4, -0.7), role="rim"))
    else:
        found.insert(0, Light(colour=lamp, strength=0.85, direction=(sun * 0.3, 0.85, 0.45), role="key"))
    found.append(Light(colour=lamp, strength=0.8 * lamps, direction=(cafe.side * 0.8, 0.45, -0.45), role="rim"))
    return tuple(found)
