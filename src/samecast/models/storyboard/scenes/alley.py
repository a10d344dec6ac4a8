"""The buildings of a narrow street: facades with windows, shops, air conditioners and pipes, and their neon signs.

Everything is first laid out in metres (pure values, from dice), then painted as often as needed: once upright, once
mirrored for the wet ground. Paint, light and air belong to the easel; which slices exist, to the scene.
"""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour
from samecast.models.storyboard.scenes.brush import Box, Point, fill, linear, mix, polygon, shade, stroke, vary
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.glyphs import GLYPHS, word

Palette = dict[str, tuple[Colour, ...]]
FLOOR = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facade:
    """A building's face along the street: `side` -1 left, 1 right; `x` its distance from the middle, metres."""

    side: int
    x: float
    z: tuple[float, float]
    height: float
    colour: Colour
    shop: Colour | None
    seed: int

    def wall(self, z: tuple[float, float], y: tuple[float, float], out: float = 0.0) -> Box:
        """A box standing `out` metres from the wall into the street."""
        a, b = self.side * self.x, self.side * (self.x - out)
        return Box(x=(min(a, b), max(a, b)), y=y, z=z)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A sign that juts into the street and faces the camera. `kind`: "neon" tubes or a "lightbox"."""

    side: int
    x: tuple[float, float]
    y: tuple[float, float]
    z: float
    kind: str
    colour: Colour
    letters: tuple[str, ...]
    level: float


def pick(colours: tuple[Colour, ...], dice: np.random.Generator) -> Colour:
    return colours[int(dice.integers(len(colours)))]


def build_facades(
    dice: np.random.Generator, palette: Palette, *, half_width: float, far: float, shops: float
) -> list[Facade]:
    """Both sides of the street from the camera to `far` metres, sorted far to near."""
    found = []
    for side in (-1, 1):
        z = 1.0 - dice.uniform(0, 1.5)
        while z < far:
            depth = float(dice.uniform(3.2, 6.0)) * (1 + z * 0.02)
            lit = dice.random() < shops
            found.append(
                Facade(
                    side=side,
                    x=half_width + float(dice.uniform(-0.18, 0.3)),
                    z=(z, z + depth),
                    height=float(dice.uniform(3.2, 6.4)) * FLOOR + 0.6,
                    colour=vary(pick(palette["walls"], dice), dice, 0.15),
                    shop=pick(palette["warm"] if dice.random() < 0.68 else palette["cool"], dice) if lit else None,
                    seed=int(dice.integers(1 << 30)),
                )
            )
            z += depth
    return sorted(found, key=lambda facade: -facade.z[0])


def build_signs(
    dice: np.random.Generator, palette: Palette, *, half_width: float, near: float, far: float
) -> list[Sign]:
    """Blade signs up both walls, denser further in (where perspective stacks them), sorted far to near."""
    found = []
    for side in (-1, 1):
        hues = palette["neon_left" if side < 0 else "neon_right"]
        z = near + float(dice.uniform(0, 0.7))
        while z < far:
            colour = pick(hues, dice) if dice.random() < 0.72 else pick(palette["neon"], dice)
            kind = "neon" if dice.random() < 0.6 else "lightbox"
            letters = word(dice, int(dice.integers(2, 5)))
            wide = float(dice.uniform(0.5, 0.78))
            tall = wide * (len(letters) + 0.25)
            low = float(dice.uniform(2.5, 3.3)) + (float(dice.choice([0.0, 2.6, 5.2])) if z > 5 else 0.0)
            inner = half_width - 0.1 - float(dice.uniform(0.0, 0.25))
            found.append(
                Sign(
                    side=side,
                    x=(inner - wide, inner) if side > 0 else (-inner, -inner + wide),
                    y=(low, low + tall),
                    z=z,
                    kind=kind,
                    colour=colour if kind == "neon" else mix(pick(palette["lightbox"], dice), colour, 0.25),
                    letters=letters,
                    level=float(dice.uniform(0.75, 1.0)),
                )
            )
            z += float(dice.uniform(0.55, 1.25)) * (1 + z * 0.05)
    return sorted(found, key=lambda sign: -sign.z)


# --- facades ----------------------------------------------------------------------------------------------------


def paint_facade(easel: Easel, facade: Facade, palette: Palette, lamps: float) -> None:
    """One building. `lamps` 0..1: how strongly its windows and its shop shine."""
    dice = np.random.default_rng(facade.seed)
    lamps *= min(1.0, 0.22 + max(0.0, facade.z[0] - 0.5) * 0.13)  # the frame's edges stay dark
    easel.box(facade.wall(facade.z, (-0.05, facade.height), -6.0), facade.colour, (0.7, 1.0, 0.75))
    _cladding(easel, facade, dice)
    floors = int(facade.height // FLOOR)
    trim = pick(palette["trim"], dice)
    far_away = facade.z[0] > 22
    for floor in range(1, floors):
        _paint_floor(easel, facade, palette, dice, floor, lamps)
        base = floor * FLOOR + 0.3
        if not far_away:
            easel.box(facade.wall(facade.z, (base - 0.12, base), 0.06), shade(facade.colour, 0.7))
    _paint_shop(easel, facade, palette, dice, lamps)
    if not far_away:
        for _ in range(int(dice.integers(1, 4))):
            z = float(dice.uniform(*facade.z))
            easel.box(facade.wall((z, z + 0.09), (2.7, facade.height), 0.1), trim)
        easel.box(facade.wall(facade.z, (facade.height - 0.25, facade.height + 0.15), 0.15), shade(trim, 1.2))


def _cladding(easel: Easel, facade: Facade, dice: np.random.Generator) -> None:
    """Courses of tile or boards, joints between panels, and stains running down."""
    if facade.z[0] > 18:
        return
    x = facade.side * facade.x
    canvas, eye = easel.cover.canvas, easel.eye
    course = float(dice.choice([0.2, 0.3, 0.6, 1.5]))
    tone = shade(facade.colour, 0.72)
    pen = stroke(tone, max(0.8, eye.size(0.018, max(facade.z[0], 2.5))), 0.7)
    for y in np.arange(course, min(facade.height, 12.0), course):
        canvas.drawLine(*eye.at(x, float(y), facade.z[0]), *eye.at(x, float(y), facade.z[1]), pen)
    if course > 0.25:
        for z in np.arange(facade.z[0], facade.z[1], course * 1.6):
            canvas.drawLine(*eye.at(x, 0, float(z)), *eye.at(x, facade.height, float(z)), pen)
    for _ in range(14):
        z, top = float(dice.uniform(*facade.z)), float(dice.uniform(1.0, facade.height))
        run = eye.wall(x, (z, z + float(dice.uniform(0.08, 0.5))), (max(0.0, top - float(dice.uniform(0.8, 3.5))), top))
        ink = (0.05, 0.045, 0.05) if dice.random() < 0.75 else (0.6, 0.6, 0.62)
        canvas.drawPath(polygon(run), linear(run[0], run[3], [(ink, float(dice.uniform(0.12, 0.4))), (ink, 0.0)]))


def _posters(easel: Easel, facade: Facade, z: tuple[float, float], dice: np.random.Generator) -> None:
    x = facade.side * facade.x
    for _ in range(int(dice.integers(2, 6))):
        a, y = float(dice.uniform(z[0], z[1] - 0.4)), float(dice.uniform(0.9, 1.5))
        wide, tall = float(dice.uniform(0.22, 0.4)), float(dice.uniform(0.3, 0.6))
        paper = vary((0.72, 0.66, 0.55), dice, 0.3)
        easel.solid(easel.eye.wall(x, (a, a + wide), (y, y + tall)), paper)
        ink = vary((0.6, 0.2, 0.22), dice, 0.5)
        easel.solid(easel.eye.wall(x, (a + 0.03, a + wide - 0.03), (y + tall * 0.55, y + tall * 0.9)), ink)
        for row in (0.14, 0.28, 0.42):
            line = easel.eye.wall(x, (a + 0.04, a + wide - 0.06), (y + tall * row, y + tall * (row + 0.06)))
            easel.solid(line, (0.25, 0.22, 0.22))


def _paint_floor(
    easel: Easel, facade: Facade, palette: Palette, dice: np.random.Generator, floor: int, lamps: float
) -> None:
    base = floor * FLOOR + 0.3
    x = facade.side * facade.x
    wide, gap = float(dice.uniform(0.8, 1.3)), float(dice.uniform(0.35, 0.7))
    z = facade.z[0] + gap
    balcony = dice.random() < 0.35
    while z + wide < facade.z[1] and base + 2.2 < facade.height:
        low, high = base + 0.75, base + 2.15
        easel.solid(easel.eye.wall(x, (z - 0.06, z + wide + 0.06), (low - 0.06, high + 0.06)), (0.16, 0.16, 0.19))
        if dice.random() < 0.36:
            _lit_window(easel, x, (z, z + wide), (low, high), palette, dice, lamps)
        else:
            sheen = easel.eye.wall(x, (z, z + wide), (low, high))
            easel.path(
                polygon(sheen),
                linear(sheen[0], sheen[2], [(0.30, 0.34, 0.42), (0.12, 0.13, 0.17), (0.2, 0.22, 0.28)]),
            )
        easel.solid(easel.eye.wall(x, (z + wide / 2, z + wide / 2 + 0.04), (low, high)), (0.13, 0.13, 0.15))
        easel.box(facade.wall((z - 0.1, z + wide + 0.1), (low - 0.13, low - 0.05), 0.12), shade(facade.colour, 1.1))
        if dice.random() < 0.5 and facade.z[0] < 24:
            _air_conditioner(easel, facade, z + wide * 0.1, low - 0.72)
        z += wide + gap
    if balcony and facade.z[0] < 26:
        _balcony(easel, facade, base, shade(pick(palette["trim"], dice), 1.3), dice)


def _lit_window(
    easel: Easel,
    x: float,
    z: tuple[float, float],
    y: tuple[float, float],
    palette: Palette,
    dice: np.random.Generator,
    lamps: float,
) -> None:
    glass = easel.eye.wall(x, z, y)
    colour = pick(palette["warm"] if dice.random() < 0.75 else palette["cool"], dice)
    level = float(dice.uniform(0.25, 0.75)) * lamps
    bright, dim = shade(colour, level), shade(colour, level * 0.35)
    easel.shine(polygon(glass), linear(glass[0], glass[3], [dim, bright, dim], [0.0, 0.35, 1.0]))
    easel.lamp((x, sum(y) / 2, sum(z) / 2), colour, 0.35 * level, 1.0)
    wide = z[1] - z[0]
    subject = dice.random()
    if subject < 0.3:  # somebody at the window
        middle = z[0] + wide * float(dice.uniform(0.3, 0.7))
        for half, low, high in ((0.24, y[0], y[0] + 0.55), (0.11, y[0] + 0.5, y[0] + 0.86)):
            easel.solid(easel.eye.wall(x, (middle - half, middle + half), (low, high)), (0.05, 0.04, 0.05))
    elif subject < 0.7:  # curtains drawn half
        part = wide * float(dice.uniform(0.15, 0.4))
        easel.solid(easel.eye.wall(x, (z[0], z[0] + part), y), shade(colour, 0.25), 0.7)
        easel.solid(easel.eye.wall(x, (z[1] - part * 0.7, z[1]), y), shade(colour, 0.25), 0.7)
    else:  # blinds
        for k in range(5):
            level_y = y[1] - (k + 0.5) * 0.16
            easel.solid(easel.eye.wall(x, z, (level_y - 0.05, level_y)), shade(colour, 0.2), 0.6)


def _air_conditioner(easel: Easel, facade: Facade, z: float, y: float) -> None:
    body = facade.wall((z, z + 0.75), (y, y + 0.52), 0.34)
    easel.box(body, (0.62, 0.62, 0.6), (1.1, 0.85, 1.0))
    x = facade.side * (facade.x - 0.345)
    ring = [
        easel.eye.at(x, y + 0.26 + 0.2 * np.sin(a), z + 0.42 + 0.22 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 14)
    ]
    easel.solid(ring, (0.2, 0.2, 0.2))
    easel.line([easel.eye.at(x, y, z + 0.1), easel.eye.at(x, y - 0.9, z + 0.05)], (0.4, 0.38, 0.36), 1.0)


def _balcony(easel: Easel, facade: Facade, y: float, colour: Colour, dice: np.random.Generator) -> None:
    z = (facade.z[0] + 0.3, facade.z[1] - 0.3)
    out = 0.55
    easel.box(facade.wall(z, (y - 0.1, y + 0.04), out), shade(colour, 1.0))
    x = facade.side * (facade.x - out)
    width = max(1.0, easel.eye.size(0.03, max(z[0], 2.5)))
    for level in (0.45, 0.95):
        easel.line([easel.eye.at(x, y + level, z[0]), easel.eye.at(x, y + level, z[1])], colour, width)
    for post in np.arange(z[0], z[1], 0.32):
        easel.line([easel.eye.at(x, y, post), easel.eye.at(x, y + 0.95, post)], shade(colour, 0.8), width * 0.7)
    for _ in range(int(dice.integers(0, 4))):  # washing
        a = float(dice.uniform(z[0], z[1] - 0.5))
        cloth = vary((0.6, 0.58, 0.6), dice, 0.4)
        easel.solid(easel.eye.wall(x, (a, a + 0.42), (y + 0.35, y + 1.0)), cloth)


def _paint_shop(easel: Easel, facade: Facade, palette: Palette, dice: np.random.Generator, lamps: float) -> None:
    x = facade.side * facade.x
    z = (facade.z[0] + 0.25, facade.z[1] - 0.25)
    low, high = 0.12, 2.45
    if facade.shop is None:  # a shutter
        easel.solid(easel.eye.wall(x, z, (0.0, high)), (0.34, 0.35, 0.38))
        if facade.z[0] < 20:
            for y in np.arange(0.1, high, 0.14):
                easel.solid(easel.eye.wall(x, z, (y, y + 0.05)), (0.24, 0.25, 0.28))
            _posters(easel, facade, z, dice)
    else:
        level = lamps * float(dice.uniform(0.4, 0.72))
        glass = easel.eye.wall(x, z, (low, high))
        tones = [shade(facade.shop, level * k) for k in (0.55, 0.95, 0.6, 0.2)]
        easel.shine(polygon(glass), linear(glass[0], glass[3], tones, [0.0, 0.2, 0.55, 1.0]))
        for k in range(3):  # the lamps inside
            a = z[0] + (z[1] - z[0]) * (0.2 + 0.27 * k)
            spot = easel.eye.wall(x, (a, a + 0.3), (2.1, 2.2))
            easel.lit.canvas.drawPath(polygon(spot), fill(shade(mix(facade.shop, (1, 1, 1), 0.6), min(1, level * 1.5))))
        reach = (z[1] - z[0]) / 2 + 0.8
        easel.lamp((x * 0.75, 1.2, sum(z) / 2), facade.shop, 1.5 * level, reach)
        _shop_inside(easel, x, z, dice)
    colour = pick(palette["neon_left" if facade.side < 0 else "neon_right"], dice)
    _fascia(easel, facade, (2.55, 3.15), colour, dice, lamps if facade.shop else lamps * 0.25)
    if dice.random() < 0.5:
        _awning(easel, facade, vary(pick(palette["noren"], dice), dice, 0.2))


def _shop_inside(easel: Easel, x: float, z: tuple[float, float], dice: np.random.Generator) -> None:
    """Shelves with wares, mullions, and somebody inside, all against the light."""
    dark = (0.07, 0.05, 0.05)
    if z[0] < 22:
        for shelf in (0.85, 1.35, 1.85):
            if dice.random() < 0.7:
                a = float(dice.uniform(z[0], z[1] - 0.8))
                b = min(z[1], a + float(dice.uniform(0.8, 2.0)))
                easel.solid(easel.eye.wall(x, (a, b), (shelf, shelf + 0.04)), dark)
                for item in np.arange(a + 0.05, b - 0.1, 0.17):
                    tall = float(dice.uniform(0.1, 0.32))
                    ware = vary((0.5, 0.32, 0.2), dice, 0.8)
                    easel.solid(easel.eye.wall(x, (item, item + 0.11), (shelf + 0.04, shelf + tall)), ware, 0.75)
        if dice.random() < 0.6:
            middle = float(dice.uniform(z[0] + 0.5, z[1] - 0.4))
            for half, low, high in ((0.26, 0.1, 1.42), (0.12, 1.4, 1.72)):
                easel.solid(easel.eye.wall(x, (middle - half, middle + half), (low, high)), dark, 0.9)
    if dice.random() < 0.55 and z[0] < 25:  # a lattice of wooden slats, as bars have
        a, b = sorted(dice.uniform(z[0], z[1], 2))
        for slat in np.arange(a, max(b, a + 0.8), 0.11):
            easel.solid(easel.eye.wall(x, (slat, slat + 0.05), (0.4, 2.45)), (0.1, 0.06, 0.04))
        for bar in (0.9, 1.9):
            easel.solid(easel.eye.wall(x, (a, max(b, a + 0.8)), (bar, bar + 0.05)), (0.1, 0.06, 0.04))
    if dice.random() < 0.5:  # short curtains over the door
        a = float(dice.uniform(z[0], z[1] - 1.0))
        cloth = vary((0.16, 0.18, 0.4) if dice.random() < 0.5 else (0.5, 0.1, 0.12), dice, 0.3)
        for k in range(4):
            strip = easel.eye.wall(x, (a + k * 0.32, a + k * 0.32 + 0.29), (1.75, 2.4))
            easel.solid(strip, cloth, 0.92)
            easel.lit.canvas.drawPath(polygon(strip), fill(cloth, 0.12))
    for post in np.linspace(z[0], z[1], int(dice.integers(3, 6))):
        easel.solid(easel.eye.wall(x, (post - 0.04, post + 0.04), (0.1, 2.45)), dark)
    easel.solid(easel.eye.wall(x, z, (0.1, 0.42)), (0.12, 0.1, 0.1))


def _fascia(
    easel: Easel, facade: Facade, y: tuple[float, float], colour: Colour, dice: np.random.Generator, lamps: float
) -> None:
    z = (facade.z[0] + 0.2, facade.z[1] - 0.2)
    lightbox = dice.random() < 0.45
    easel.box(facade.wall(z, y, 0.16), (0.16, 0.15, 0.18))
    x = facade.side * (facade.x - 0.165)
    face = easel.eye.wall(x, (z[0] + 0.06, z[1] - 0.06), (y[0] + 0.06, y[1] - 0.06))
    if lightbox:
        pale = mix(colour, (1.0, 0.95, 0.9), 0.55)
        easel.panel(face, pale, 0.6 * lamps)
    easel.lamp((x * 0.85, y[0], sum(z) / 2), colour, 0.9 * lamps, 1.3)
    if facade.z[0] > 30:
        return
    tall = (y[1] - y[0]) * 0.66
    count = int(max(2, min(7, (z[1] - z[0]) / (tall * 1.25))))
    letters = [pick_glyph(dice) for _ in range(count)]
    start = (z[0] + z[1]) / 2 - count * tall * 0.6
    for k, letter in enumerate(letters):
        near = start + k * tall * 1.2

        def place(u: float, v: float, near: float = near) -> Point:
            along = near + u * tall
            if facade.side > 0:  # read from the middle of the street: left to right means near-ward on the right wall
                along = 2 * start + count * tall * 1.2 - along
            return easel.eye.at(x, y[1] - (y[1] - y[0]) * 0.17 - v * tall, along)

        lines = [[place(u, v) for u, v in line] for line in GLYPHS[letter]]
        width = max(1.0, easel.eye.size(0.055, near + tall / 2))
        if lightbox:
            for line in lines:
                easel.line(line, shade(colour, 0.25), width * 1.3)
        else:
            easel.tube(lines, colour, width, lamps)


def pick_glyph(dice: np.random.Generator) -> str:
    keys = sorted(GLYPHS)
    return keys[int(dice.integers(len(keys)))]


def _awning(easel: Easel, facade: Facade, colour: Colour) -> None:
    z = (facade.z[0] + 0.3, facade.z[1] - 0.3)
    inner, outer = facade.side * (facade.x - 0.05), facade.side * (facade.x - 0.75)
    stripes = np.linspace(z[0], z[1], 9)
    for k in range(8):
        a, b = stripes[k], stripes[k + 1]
        tone = colour if k % 2 else mix(colour, (0.8, 0.76, 0.7), 0.6)
        at = easel.eye.at
        easel.solid([at(inner, 2.6, a), at(inner, 2.6, b), at(outer, 2.2, b), at(outer, 2.2, a)], tone)
        easel.solid([at(outer, 2.2, a), at(outer, 2.2, b), at(outer, 2.05, b), at(outer, 2.05, a)], shade(tone, 0.75))


# --- signs ------------------------------------------------------------------------------------------------------


def paint_sign(easel: Easel, sign: Sign, lamps: float) -> None:
    """A blade sign: its box and brackets, then tubes or a shining face with letters one above the other."""
    eye, level = easel.eye, sign.level * lamps
    side_wall = sign.x[1] + 0.4 if sign.side > 0 else sign.x[0] - 0.4
    inner = sign.x[1] if sign.side > 0 else sign.x[0]
    for y in (sign.y[0] + 0.2, sign.y[1] - 0.2):
        easel.line([eye.at(inner, y, sign.z), eye.at(side_wall, y, sign.z)], (0.2, 0.2, 0.22), eye.size(0.05, sign.z))
    easel.box(Box(x=sign.x, y=sign.y, z=(sign.z, sign.z + 0.22)), (0.17, 0.16, 0.2), (1.2, 0.8, 1.0))
    middle = (sum(sign.x) / 2, sum(sign.y) / 2, sign.z - 0.1)
    wide = sign.x[1] - sign.x[0]
    rim = wide * 0.09
    face = eye.facing((sign.x[0] + rim, sign.x[1] - rim), (sign.y[0] + rim, sign.y[1] - rim), sign.z)
    pen = eye.size(wide * 0.085, sign.z)
    easel.lamp(middle, sign.colour, 1.5 * level, 0.8 + 0.35 * (sign.y[1] - sign.y[0]))
    if sign.kind == "lightbox":
        edge, heart = shade(sign.colour, 0.26 * level), shade(sign.colour, 0.5 * level)
        easel.shine(polygon(face), linear(face[0], face[3], [edge, heart, heart, edge], [0.0, 0.2, 0.8, 1.0]))
    else:
        easel.tube([[*face, face[0]]], sign.colour, pen * 0.6, level * 0.9)
    cell = (sign.y[1] - sign.y[0] - 2 * rim) / len(sign.letters)
    glyph = min(cell * 0.82, wide * 0.72)
    for k, letter in enumerate(sign.letters):
        top = sign.y[1] - rim - (k + 0.5) * cell + glyph / 2
        left = sum(sign.x) / 2 - glyph / 2
        lines = [[eye.at(left + u * glyph, top - v * glyph, sign.z) for u, v in line] for line in GLYPHS[letter]]
        if sign.kind == "lightbox":
            ink = shade(sign.colour, 0.16) if k % 2 or len(sign.letters) < 3 else (0.5, 0.03, 0.06)
            path = skia.Path()
            for line in lines:
                path.addPoly([skia.Point(px, py) for px, py in line], False)
            pen_ink = fill(shade(ink, level))
            pen_ink.setStyle(skia.Paint.kStroke_Style)
            pen_ink.setStrokeWidth(pen * 1.25)
            easel.lit.canvas.drawPath(path, pen_ink)
        else:
            easel.tube(lines, sign.colour, pen, level)
