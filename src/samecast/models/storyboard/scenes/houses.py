"""Houses along a European street: plaster, shutters, cornices, shop fronts with awnings, trees and street lamps.

Surfaces are painted in their own colours; sun, shade and lamps are laid over them by the scene.
"""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour
from samecast.models.storyboard.scenes.brush import Box, fill, linear, mix, polygon, shade, stroke, vary
from samecast.models.storyboard.scenes.easel import Easel

Palette = dict[str, tuple[Colour, ...]]
FLOOR = 3.3
PAVEMENT = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house: `side` -1 left, 1 right; `x` how far its face stands from the middle; metres throughout."""

    side: int
    x: float
    z: tuple[float, float]
    floors: int
    wall: Colour
    shutter: Colour
    shop: Colour
    shuttered: bool
    seed: int

    @property
    def height(self) -> float:
        return self.floors * FLOOR + 0.7

    def out(self, z: tuple[float, float], y: tuple[float, float], far: float) -> Box:
        """A box that stands `far` metres out of the face."""
        a, b = self.side * self.x, self.side * (self.x - far)
        return Box(x=(min(a, b), max(a, b)), y=y, z=z)


def build_houses(dice: np.random.Generator, palette: Palette, *, half_width: float, far: float) -> list[House]:
    """Both sides of the street, sorted far to near."""
    found = []
    for side in (-1, 1):
        z = 0.5 - float(dice.uniform(0, 3))
        while z < far:
            depth = float(dice.uniform(5.5, 9.0))
            found.append(
                House(
                    side=side,
                    x=half_width + float(dice.uniform(-0.1, 0.12)),
                    z=(z, z + depth),
                    floors=int(dice.integers(3, 6)),
                    wall=vary(palette["plaster"][int(dice.integers(len(palette["plaster"])))], dice, 0.08),
                    shutter=palette["shutters"][int(dice.integers(len(palette["shutters"])))],
                    shop=palette["shops"][int(dice.integers(len(palette["shops"])))],
                    shuttered=bool(dice.random() < 0.6),
                    seed=int(dice.integers(1 << 30)),
                )
            )
            z += depth
    return sorted(found, key=lambda house: -house.z[0])


def paint_house(easel: Easel, house: House, palette: Palette, lamps: float) -> None:
    """One house; `lamps` 0..1: how many windows are lit, and how strongly."""
    dice = np.random.default_rng(house.seed)
    easel.box(house.out(house.z, (-0.05, house.height), -7.0), house.wall, (0.8, 1.0, 0.85))
    _roof(easel, house, palette, dice)
    stone = mix(house.wall, (0.9, 0.88, 0.84), 0.45)
    near = house.z[0] < 26
    if near:
        _stains(easel, house, dice)
    for floor in range(1, house.floors):
        base = floor * FLOOR + 0.4
        _windows(easel, house, palette, dice, base, lamps)
        if near:
            easel.box(house.out(house.z, (base - 0.16, base - 0.02), 0.1), stone)
    easel.box(house.out(house.z, (house.height - 0.35, house.height), 0.35), stone)
    easel.box(house.out(house.z, (house.height - 0.5, house.height - 0.35), 0.2), shade(stone, 0.85))
    _shop(easel, house, palette, dice, lamps)
    if near:
        z = house.z[0] + 0.12
        easel.box(house.out((z, z + 0.12), (0.1, house.height), 0.12), shade(palette["metal"][0], 0.9))


def _roof(easel: Easel, house: House, palette: Palette, dice: np.random.Generator) -> None:
    eye, x = easel.eye, house.side * house.x
    back = house.side * (house.x + 1.6)
    top, ridge = house.height, house.height + 2.2
    slate = vary(palette["slate"][0], dice, 0.12)
    slope = [
        eye.at(x, top, house.z[0]),
        eye.at(x, top, house.z[1]),
        eye.at(back, ridge, house.z[1]),
        eye.at(back, ridge, house.z[0]),
    ]
    easel.solid(slope, slate)
    gable = [
        eye.at(x, top, house.z[0]),
        eye.at(back, ridge, house.z[0]),
        eye.at(house.side * (house.x + 7), ridge, house.z[0]),
        eye.at(house.side * (house.x + 7), top, house.z[0]),
    ]
    easel.solid(gable, shade(house.wall, 0.75))
    for _ in range(2):
        z = float(dice.uniform(house.z[0], house.z[1] - 0.7))
        near, back_of = house.side * (house.x + 0.9), house.side * (house.x + 1.5)
        span = (min(near, back_of), max(near, back_of))
        stack = Box(x=span, y=(top + 0.8, ridge + 1.0), z=(z, z + 0.6))
        easel.box(stack, shade(palette["brick"][0], 0.9))


def _stains(easel: Easel, house: House, dice: np.random.Generator) -> None:
    x = house.side * house.x
    for _ in range(10):
        z, top = float(dice.uniform(*house.z)), float(dice.uniform(1.5, house.height))
        run = easel.eye.wall(
            x, (z, z + float(dice.uniform(0.2, 1.2))), (max(0.0, top - float(dice.uniform(1, 4))), top)
        )
        ink = shade(house.wall, 0.55) if dice.random() < 0.7 else mix(house.wall, (1, 1, 1), 0.4)
        easel.cover.canvas.drawPath(
            polygon(run), linear(run[0], run[3], [(ink, float(dice.uniform(0.1, 0.3))), (ink, 0.0)])
        )


def _windows(
    easel: Easel, house: House, palette: Palette, dice: np.random.Generator, base: float, lamps: float
) -> None:
    eye, x = easel.eye, house.side * house.x
    count = max(2, int((house.z[1] - house.z[0]) / 2.1))
    pitch = (house.z[1] - house.z[0]) / count
    trim = mix(house.wall, (0.95, 0.93, 0.9), 0.6)
    balcony = dice.random() < 0.3 and house.z[0] < 26
    for k in range(count):
        middle = house.z[0] + pitch * (k + 0.5)
        z, y = (middle - 0.5, middle + 0.5), (base + 0.55, base + 2.35)
        easel.solid(eye.wall(x, (z[0] - 0.12, z[1] + 0.12), (y[0] - 0.1, y[1] + 0.16)), trim)
        glass = eye.wall(x, z, y)
        if dice.random() < 0.45 * lamps:
            tone = palette["glow"][int(dice.integers(len(palette["glow"])))]
            level = float(dice.uniform(0.35, 0.8)) * lamps
            easel.shine(polygon(glass), linear(glass[0], glass[3], [shade(tone, level * 0.7), shade(tone, level)]))
            easel.lamp((x, sum(y) / 2, middle), tone, 0.4 * level, 1.0)
        else:
            sky = palette["pane"][0]
            easel.path(
                polygon(glass),
                linear(glass[0], glass[2], [shade(sky, 1.1), shade(sky, 0.4), shade(sky, 0.7)], [0.0, 0.6, 1.0]),
            )
        for bar in (z[0], middle - 0.03, z[1] - 0.06):
            easel.solid(eye.wall(x, (bar, bar + 0.06), y), trim)
        easel.solid(eye.wall(x, z, (y[0] + 1.15, y[0] + 1.21)), trim)
        if house.z[0] < 34:
            easel.box(house.out((z[0] - 0.16, z[1] + 0.16), (y[0] - 0.16, y[0] - 0.06), 0.14), trim)
        if house.shuttered:
            for a, b in ((z[0] - 0.56, z[0] - 0.06), (z[1] + 0.06, z[1] + 0.56)):
                easel.box(house.out((a, b), (y[0] - 0.02, y[1] + 0.02), 0.05), house.shutter)
                if house.z[0] < 14:
                    for slat in np.arange(y[0] + 0.1, y[1], 0.16):
                        easel.solid(
                            eye.wall(
                                house.side * (house.x - 0.055), (a + 0.05, b - 0.05), (float(slat), float(slat) + 0.05)
                            ),
                            shade(house.shutter, 0.7),
                        )
        if dice.random() < 0.3 and house.z[0] < 24:
            _flowers(easel, house, (z[0], z[1]), y[0] - 0.06, palette, dice)
    if balcony:
        _railing(easel, house, base + 0.02)


def _flowers(
    easel: Easel, house: House, z: tuple[float, float], y: float, palette: Palette, dice: np.random.Generator
) -> None:
    easel.box(house.out(z, (y, y + 0.18), 0.28), (0.42, 0.27, 0.2))
    x = house.side * (house.x - 0.2)
    for _ in range(26):
        at = easel.eye.at(
            x + float(dice.normal(0, 0.06)), y + 0.22 + float(dice.normal(0, 0.08)), float(dice.uniform(*z))
        )
        hue = (
            palette["leaves"][0]
            if dice.random() < 0.55
            else palette["petals"][int(dice.integers(len(palette["petals"])))]
        )
        easel.path(
            skia.Path().addCircle(*at, max(1.0, easel.eye.size(0.06, max(z[0], 2.0)))), fill(vary(hue, dice, 0.3))
        )


def _railing(easel: Easel, house: House, y: float) -> None:
    iron: Colour = (0.12, 0.12, 0.13)
    z = (house.z[0] + 0.5, house.z[1] - 0.5)
    x = house.side * (house.x - 0.6)
    easel.box(house.out(z, (y - 0.12, y), 0.62), shade(house.wall, 0.8))
    pen = max(0.8, easel.eye.size(0.025, max(z[0], 2.5)))
    for level in (0.12, 0.95):
        easel.line([easel.eye.at(x, y + level, z[0]), easel.eye.at(x, y + level, z[1])], iron, pen)
    for post in np.arange(z[0], z[1], 0.2):
        easel.line([easel.eye.at(x, y, float(post)), easel.eye.at(x, y + 0.95, float(post))], iron, pen * 0.6)


def _shop(easel: Easel, house: House, palette: Palette, dice: np.random.Generator, lamps: float) -> None:
    """A panelled shop front: dark glass by day with wares behind, lit in the evening; name board, awning, plants."""
    eye, x = easel.eye, house.side * house.x
    z = (house.z[0] + 0.35, house.z[1] - 0.35)
    easel.box(house.out(z, (0.0, 3.1), 0.12), house.shop)
    face = house.side * (house.x - 0.125)
    board = eye.wall(face, (z[0] + 0.1, z[1] - 0.1), (2.55, 3.0))
    easel.solid(board, shade(house.shop, 0.72))
    gold = mix((0.85, 0.7, 0.42), house.shop, 0.15)
    if house.z[0] < 22:
        a = z[0] + (z[1] - z[0]) * 0.25
        while a < z[0] + (z[1] - z[0]) * 0.75:
            b = a + float(dice.uniform(0.1, 0.24))
            easel.solid(eye.wall(face, (a, b), (2.68, 2.68 + float(dice.choice([0.2, 0.2, 0.14])))), gold)
            a = b + 0.07
    panes = max(2, int((z[1] - z[0]) / 1.5))
    level = 0.07 + 0.62 * lamps
    for k in range(panes):
        a = z[0] + (z[1] - z[0]) * k / panes + 0.12
        b = z[0] + (z[1] - z[0]) * (k + 1) / panes - 0.12
        low = 0.12 if k == panes // 2 else 0.62
        glass = eye.wall(face, (a, b), (low, 2.4))
        tone = palette["glow"][0]
        easel.shine(
            polygon(glass),
            linear(glass[0], glass[3], [shade(tone, level), shade(tone, level * 0.55), shade(tone, level * 0.2)]),
        )
        if house.z[0] < 26 and low > 0.5:
            for item in np.arange(a + 0.05, b - 0.1, 0.2):
                tall = float(dice.uniform(0.1, 0.75))
                ware = vary(palette["petals"][int(dice.integers(len(palette["petals"])))], dice, 0.4)
                box = polygon(eye.wall(face, (float(item), float(item) + 0.15), (low, low + tall)))
                easel.lit.canvas.drawPath(box, fill(shade(ware, level * 0.6)))
        sheen = palette["pane"][0]
        easel.lit.canvas.drawPath(
            polygon(glass),
            linear(
                glass[0],
                glass[2],
                [(shade(sheen, 0.6 * (1 - lamps)), 0.85), (shade(sheen, 0.15 * (1 - lamps)), 0.5), (sheen, 0.0)],
            ),
        )
    easel.lamp((x * 0.85, 1.2, sum(z) / 2), palette["glow"][0], 1.5 * lamps, 2.2)
    if dice.random() < 0.65:
        _awning(easel, house, z, palette["awnings"][int(dice.integers(len(palette["awnings"])))])


def _awning(easel: Easel, house: House, z: tuple[float, float], colour: Colour) -> None:
    inner, outer = house.side * (house.x - 0.12), house.side * (house.x - 1.25)
    stripes = np.linspace(z[0], z[1], 13)
    at = easel.eye.at
    for k in range(12):
        a, b = float(stripes[k]), float(stripes[k + 1])
        tone = colour if k % 2 else (0.9, 0.87, 0.8)
        easel.solid([at(inner, 2.95, a), at(inner, 2.95, b), at(outer, 2.4, b), at(outer, 2.4, a)], tone)
        drop = [
            at(outer, 2.4, a),
            at(outer, 2.4, b),
            at(outer, 2.22, b),
            at(outer, 2.17, (a + b) / 2),
            at(outer, 2.22, a),
        ]
        easel.solid(drop, shade(tone, 0.8))
    ends = [at(inner, 2.95, z[0]), at(outer, 2.4, z[0]), at(outer, 2.22, z[0]), at(inner, 2.22, z[0])]
    easel.solid(ends, shade(colour, 0.55))


# --- what stands on the pavement --------------------------------------------------------------------------------------


def street_lamp(easel: Easel, x: float, z: float, palette: Palette, lamps: float) -> None:
    """A cast-iron lamp."""
    eye = easel.eye
    iron: Colour = (0.1, 0.11, 0.12)
    easel.line([eye.at(x, 0, z), eye.at(x, 3.4, z)], iron, max(1.2, eye.size(0.09, z)))
    easel.line([eye.at(x, 0, z), eye.at(x, 0.6, z)], iron, max(1.6, eye.size(0.2, z)))
    glass = [eye.at(x - 0.12, 3.45, z), eye.at(x + 0.12, 3.45, z), eye.at(x + 0.2, 3.95, z), eye.at(x - 0.2, 3.95, z)]
    tone = palette["glow"][0]
    if lamps > 0.4:
        easel.shine(polygon(glass), fill(shade(mix(tone, (1, 1, 1), 0.4), 0.3 + 0.7 * lamps)))
        easel.lamp((x, 3.4, z), tone, 1.6 * lamps, 2.2)
        easel.lamp((x, 0.0, z), tone, 1.2 * lamps, 2.0)
    else:
        easel.solid(glass, (0.75, 0.78, 0.76), 0.8)
    cap = [eye.at(x - 0.25, 3.95, z), eye.at(x + 0.25, 3.95, z), eye.at(x, 4.25, z)]
    easel.solid(cap, iron)
    for corner in (glass[0], glass[1]):
        far = glass[3] if corner is glass[0] else glass[2]
        easel.line([corner, far], iron, max(0.8, eye.size(0.025, z)))


def street_tree(easel: Easel, x: float, z: float, palette: Palette, seed: int, *, tall: float = 5.6) -> None:
    """A plane tree: trunk, boughs, and foliage in dabs, dark underneath and lit on top."""
    eye, dice = easel.eye, np.random.default_rng(seed)
    bark = palette["bark"][0]
    foot = [
        eye.at(x - 0.16, 0, z),
        eye.at(x + 0.16, 0, z),
        eye.at(x + 0.1, tall * 0.55, z),
        eye.at(x - 0.1, tall * 0.55, z),
    ]
    easel.path(polygon(foot), linear(foot[0], foot[1], [shade(bark, 0.6), shade(bark, 1.15), shade(bark, 0.55)]))
    for k in range(5):
        lean = (k - 2) * 0.5
        easel.line(
            [eye.at(x, tall * 0.5, z), eye.at(x + lean, tall * 0.78, z)], shade(bark, 0.8), max(1.0, eye.size(0.07, z))
        )
    crowns = [
        (float(dice.normal(0, 0.75)), tall * 0.85 + float(dice.normal(0, 0.55)), float(dice.uniform(0.6, 1.0)))
        for _ in range(9)
    ]
    crowns.sort(key=lambda c: c[1])
    dabs = 70 if z < 11 else 34 if z < 18 else 14
    hues = [vary(palette["leaves"][k % len(palette["leaves"])], dice, 0.14) for k in range(3)]
    for layer, tone in enumerate((0.36, 0.6, 0.88, 1.2)):
        strokes = [skia.Path() for _ in hues]
        for cx, cy, radius in crowns:
            for k in range(dabs):
                angle, far = (
                    float(dice.uniform(0, 6.283)),
                    radius * float(np.sqrt(dice.random())) * (1.12 - 0.1 * layer),
                )
                px = cx + far * float(np.cos(angle)) * 1.1
                py = cy + far * float(np.sin(angle)) + 0.17 * layer - 0.25
                u, v = eye.at(x + px, py, z)
                size = eye.size(
                    float(dice.uniform(0.05, 0.15))
                    * (1.3 - 0.2 * layer)
                    * (0.62 if z < 11 else 1.0 if z < 18 else 1.5),
                    z,
                )
                strokes[k % 3].addOval(skia.Rect(u - size, v - size * 0.62, u + size, v + size * 0.62))
        for hue, path in zip(hues, strokes, strict=True):
            easel.path(path, fill(shade(hue, tone)))


def cafe_table(easel: Easel, x: float, z: float, palette: Palette, seed: int) -> None:
    """A little table under a parasol, with two chairs."""
    eye, dice = easel.eye, np.random.default_rng(seed)
    iron: Colour = (0.16, 0.16, 0.17)
    pen = max(1.0, eye.size(0.04, z))
    for dx in (-0.6, 0.6):
        for leg in (-0.16, 0.16):
            easel.line([eye.at(x + dx + leg, 0, z), eye.at(x + dx + leg * 0.8, 0.46, z)], iron, pen * 0.7)
        easel.box(Box(x=(x + dx - 0.2, x + dx + 0.2), y=(0.44, 0.48), z=(z - 0.18, z + 0.18)), palette["brick"][0])
        back = x + dx + (0.2 if dx > 0 else -0.2)
        easel.line([eye.at(back, 0.46, z), eye.at(back, 0.92, z)], iron, pen * 1.4)
    easel.line([eye.at(x, 0, z), eye.at(x, 2.5, z)], (0.5, 0.42, 0.34), pen)
    easel.box(Box(x=(x - 0.32, x + 0.32), y=(0.7, 0.74), z=(z - 0.3, z + 0.3)), (0.72, 0.68, 0.62))
    hue = palette["awnings"][int(dice.integers(len(palette["awnings"])))]
    tip = eye.at(x, 2.75, z)
    for k in range(6):
        a, b = -1.15 + 2.3 * k / 6, -1.15 + 2.3 * (k + 1) / 6
        tone = shade(hue, 0.7 + 0.5 * (k / 5)) if k % 2 else mix(hue, (0.92, 0.9, 0.84), 0.75)
        easel.solid([tip, eye.at(x + a, 2.22, z), eye.at(x + b, 2.22, z)], tone)


def pavements(easel: Easel, house_x: float, z: tuple[float, float], palette: Palette) -> None:
    """Both pavements with kerb and joints between the slabs."""
    eye, stone = easel.eye, palette["pavement"][0]
    for side in (-1, 1):
        inner, outer = side * (house_x - PAVEMENT), side * (house_x + 0.2)
        lo, hi = min(inner, outer), max(inner, outer)
        easel.solid(eye.level((lo, hi), 0.12, z), stone)
        easel.solid(eye.wall(inner, z, (0.0, 0.12)), shade(stone, 0.6))
        pen = stroke(shade(stone, 0.75), 1.0, 0.7)
        for a in np.arange(np.ceil(z[0]), min(z[1], 30.0), 0.8):
            pen.setStrokeWidth(max(0.6, eye.size(0.02, float(a))))
            easel.cover.canvas.drawLine(*eye.at(lo, 0.12, float(a)), *eye.at(hi, 0.12, float(a)), pen)
        for across in (0.5, 1.0):
            easel.cover.canvas.drawLine(
                *eye.at(inner + side * across, 0.12, z[0]), *eye.at(inner + side * across, 0.12, min(z[1], 30.0)), pen
            )
