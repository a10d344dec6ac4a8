"""What stands and hangs in a Tokyo street: a ramen stall, lanterns, a vending machine, wires, people under umbrellas.

Laid out in metres; each thing brings its own lamp. Where they stand is the scene's choice.
"""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour
from samecast.models.storyboard.scenes.brush import Box, fill, linear, mix, polygon, radial, shade, stroke, vary
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.glyphs import GLYPHS

Palette = dict[str, tuple[Colour, ...]]
HALF_WIDTH = 2.5
"""Half the width of the street, metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StallPlace:
    """Where the stall stands: which side (-1 left, 1 right), how far in (metres), and the seed of its wares."""

    side: int
    z: float
    seed: int


def wire(easel: Easel, start: tuple[float, float, float], end: tuple[float, float, float], sag: float) -> None:
    points = []
    for t in np.linspace(0, 1, 12):
        x, y, z = (a + (b - a) * float(t) for a, b in zip(start, end, strict=True))
        points.append(easel.eye.at(x, y - sag * 4 * float(t * (1 - t)), z))
    easel.line(points, (0.09, 0.09, 0.12), max(1.0, easel.eye.size(0.028, start[2])))


def lantern_string(easel: Easel, seed: int, palette: Palette, lamps: float) -> None:
    dice = np.random.default_rng(seed)
    for z in (9.5, 12.5, 16.0):
        y, count = float(dice.uniform(4.0, 4.8)), 8
        for k in range(count):
            t = (k + 0.5) / count
            x = -HALF_WIDTH + 2 * HALF_WIDTH * t
            lantern(easel, (x, y - 0.5 * 4 * t * (1 - t), z), 0.16, palette["lantern"][k % 2], lamps)
        wire(easel, (-HALF_WIDTH, y + 0.2, z), (HALF_WIDTH, y + 0.2, z), 0.5)


def lantern(easel: Easel, at: tuple[float, float, float], radius: float, colour: Colour, lamps: float) -> None:
    x, y = easel.eye.at(*at)
    r = easel.eye.size(radius, at[2])
    body = skia.Path().addOval(skia.Rect(x - r, y - r * 1.25, x + r, y + r * 1.25))
    hot = mix(colour, (1.0, 0.85, 0.6), 0.6)
    level = 0.3 + 0.6 * lamps
    easel.shine(body, radial((x, y + r * 0.2), r * 1.3, [shade(hot, level), shade(colour, level * 0.5)]))
    for k in (-0.6, -0.2, 0.2, 0.6):
        half = r * float(np.sqrt(1 - k * k))
        easel.lit.canvas.drawLine(
            x - half, y + k * r * 1.25, x + half, y + k * r * 1.25, stroke((0.2, 0.03, 0.02), r * 0.07, 0.6)
        )
    for end in (-1.25, 1.25):
        easel.solid(
            [
                (x - r * 0.45, y + r * (end - 0.1)),
                (x + r * 0.45, y + r * (end - 0.1)),
                (x + r * 0.45, y + r * (end + 0.1)),
                (x - r * 0.45, y + r * (end + 0.1)),
            ],
            (0.06, 0.05, 0.05),
        )
    easel.lamp(at, colour, 0.5 * lamps, radius * 5)


def stall(easel: Easel, place: StallPlace, palette: Palette, lamps: float) -> None:
    """A ramen stall built out into the street: roof, glowing inside, noren, lanterns, counter, guests."""
    eye, side, z = easel.eye, place.side, place.z
    wall = side * (HALF_WIDTH + 0.1)
    edge = side * (HALF_WIDTH - 0.95)
    x = (min(wall, edge), max(wall, edge))
    back = z + 2.1
    warm, wood = palette["warm"], (0.36, 0.23, 0.14)
    easel.box(Box(x=x, y=(0.0, 2.5), z=(z, back)), wood)
    level = 0.25 + 0.75 * lamps
    glowing = [shade(warm[2], level * 0.62), shade(warm[0], level * 0.6), shade(warm[1], level * 0.25)]
    for face in (
        eye.facing((x[0] + 0.06, x[1] - 0.06), (0.95, 2.35), z),
        eye.wall(edge, (z + 0.08, back - 0.08), (0.95, 2.35)),
    ):
        easel.shine(polygon(face), linear(face[0], face[3], glowing))
    dice = np.random.default_rng(place.seed + 1)
    _stall_inside(easel, edge, x, (z, back), dice)
    _stall_front(easel, x, z, wood)
    easel.box(Box(x=(x[0] - 0.08, x[1] + 0.08), y=(0.86, 0.98), z=(z - 0.1, back)), shade(wood, 1.4))
    _noren(easel, edge, x, (z, back), palette)
    roof = Box(x=(x[0] - 0.15, x[1] + 0.15), y=(2.42, 2.56), z=(z - 0.25, back + 0.1))
    easel.box(roof, shade(wood, 0.7))
    for k in range(4):
        at = (edge - side * 0.12, 2.16, z - 0.1 + k * 0.62)
        lantern(easel, at, 0.15, palette["lantern"][0], lamps)
    for k in range(3):
        at = (x[0] + (x[1] - x[0]) * (0.2 + 0.3 * k), 2.16, z - 0.22)
        lantern(easel, at, 0.14, palette["lantern"][0], lamps)
    easel.lamp((edge - side * 0.3, 1.3, z - 0.2), warm[0], 2.1 * lamps, 1.9)
    easel.lamp((edge - side * 0.8, 0.1, z + 0.4), warm[1], 1.2 * lamps, 2.2)
    steam(easel, (edge, 2.7, z + 0.6), dice, lamps)


def _stall_inside(
    easel: Easel, edge: float, x: tuple[float, float], z: tuple[float, float], dice: np.random.Generator
) -> None:
    eye, dark = easel.eye, (0.09, 0.05, 0.04)
    for shelf in (1.62, 1.95):
        easel.solid(eye.wall(edge, (z[0] + 0.1, z[1] - 0.1), (shelf, shelf + 0.035)), dark, 0.8)
        for a in np.arange(z[0] + 0.15, z[1] - 0.2, 0.13):
            tall = float(dice.uniform(0.08, 0.24))
            easel.solid(eye.wall(edge, (a, a + 0.085), (shelf, shelf + tall)), vary((0.4, 0.2, 0.1), dice, 0.7), 0.7)
    for a in (z[0] + 0.5, z[0] + 1.35):  # the cook and a guest
        for half, low, high in ((0.23, 0.95, 1.45), (0.11, 1.43, 1.72)):
            easel.solid(eye.wall(edge, (a - half, a + half), (low, high)), dark, 0.9)
    for post in (z[0] + 0.03, z[1] - 0.08):
        easel.solid(eye.wall(edge, (post, post + 0.07), (0.0, 2.4)), dark)


def _stall_front(easel: Easel, x: tuple[float, float], z: float, wood: Colour) -> None:
    """Boards, menus on paper, the cook in steam, bowls."""
    eye, dark = easel.eye, (0.08, 0.045, 0.04)
    for a in np.arange(x[0], x[1], 0.13):
        easel.solid(eye.facing((float(a), float(a) + 0.012), (0.02, 0.86), z - 0.01), shade(wood, 0.5))
    middle = (x[0] + x[1]) / 2
    for half, low, high in ((0.21, 0.95, 1.5), (0.105, 1.5, 1.74)):
        easel.solid(eye.facing((middle - half, middle + half), (low, high), z), dark, 0.88)
    band = eye.facing((middle - 0.115, middle + 0.115), (1.68, 1.73), z)
    easel.lit.canvas.drawPath(polygon(band), fill((0.7, 0.62, 0.5)))
    for k in range(4):
        a = x[0] + 0.12 + k * (x[1] - x[0] - 0.3) / 3
        bowl = eye.facing((a, a + 0.13), (0.98, 1.06), z - 0.1)
        easel.solid(bowl, (0.1, 0.05, 0.05))
        paper = eye.facing((a, a + 0.1), (0.38, 0.78), z - 0.02)
        easel.solid(paper, (0.8, 0.72, 0.55) if k % 2 else (0.72, 0.2, 0.16))
        for line in range(3):
            y = 0.46 + 0.1 * line
            easel.solid(eye.facing((a + 0.02, a + 0.08), (y, y + 0.05), z - 0.03), (0.2, 0.12, 0.1))


def _noren(easel: Easel, edge: float, x: tuple[float, float], z: tuple[float, float], palette: Palette) -> None:
    eye, colour = easel.eye, palette["noren"][0]
    cuts = np.linspace(z[0] + 0.08, z[1] - 0.08, 6)
    for k in range(5):
        a, b = float(cuts[k]) + 0.015, float(cuts[k + 1]) - 0.015
        cloth = eye.wall(edge, (a, b), (1.86 + 0.03 * (k % 2), 2.36))
        easel.path(polygon(cloth), linear(cloth[0], cloth[3], [colour, shade(colour, 0.65)]))
        easel.lit.canvas.drawPath(polygon(cloth), fill(colour, 0.22))
    cuts = np.linspace(x[0] + 0.06, x[1] - 0.06, 4)
    for k, letter in enumerate(("ra", "me", "n")):
        a, b = float(cuts[k]) + 0.012, float(cuts[k + 1]) - 0.012
        cloth = eye.facing((a, b), (1.84, 2.36), z[0] - 0.01)
        easel.path(polygon(cloth), linear(cloth[0], cloth[3], [colour, shade(colour, 0.7)]))
        easel.lit.canvas.drawPath(polygon(cloth), fill(colour, 0.28))
        size = (b - a) * 0.62
        for line in GLYPHS[letter]:
            points = [eye.at((a + b) / 2 + (u - 0.5) * size, 2.26 - v * size, z[0] - 0.02) for u, v in line]
            pen = stroke((0.95, 0.85, 0.7), eye.size(0.03, z[0]))
            easel.cover.canvas.drawPath(polygon(points, closed=False), pen)
            easel.lit.canvas.drawPath(
                polygon(points, closed=False), stroke((0.6, 0.5, 0.38), eye.size(0.03, z[0]), 0.8)
            )


def vending_machine(easel: Easel, side: int, z: float, lamps: float) -> None:
    eye = easel.eye
    wall, edge = side * HALF_WIDTH, side * (HALF_WIDTH - 0.62)
    easel.box(Box(x=(min(wall, edge), max(wall, edge)), y=(0.0, 1.85), z=(z, z + 1.0)), (0.5, 0.12, 0.13))
    window = eye.wall(edge, (z + 0.08, z + 0.92), (0.8, 1.7))
    level = 0.2 + 0.4 * lamps
    easel.shine(
        polygon(window),
        linear(window[0], window[3], [shade((0.85, 0.95, 1.0), level), shade((0.6, 0.8, 1.0), level * 0.7)]),
    )
    cans = ((0.9, 0.2, 0.2), (0.15, 0.5, 0.9), (0.95, 0.75, 0.2), (0.2, 0.7, 0.4), (0.95, 0.95, 0.95))
    for row, y in enumerate((0.86, 1.14, 1.42)):
        for k in range(7):
            a = z + 0.12 + k * 0.115
            easel.solid(eye.wall(edge, (a, a + 0.075), (y, y + 0.19)), (0.1, 0.1, 0.1), 0.2)
            easel.lit.canvas.drawPath(
                polygon(eye.wall(edge, (a, a + 0.075), (y, y + 0.17))),
                fill(shade(cans[(k * 2 + row) % 5], 1.1 * level)),
            )
    easel.solid(eye.wall(edge, (z + 0.15, z + 0.85), (0.25, 0.45)), (0.06, 0.06, 0.07))
    easel.lamp((edge - side * 0.3, 1.0, z + 0.4), (0.75, 0.9, 1.0), 1.1 * lamps, 1.3)


def walker(easel: Easel, x: float, z: float, umbrella: Colour, *, umbrella_up: bool) -> None:
    """Somebody further down the street, under an umbrella that catches the light."""
    eye, dark = easel.eye, mix((0.08, 0.08, 0.11), umbrella, 0.16)
    at = eye.at
    easel.solid([at(x - 0.12, 0.5, z), at(x - 0.02, 0.5, z), at(x - 0.06, 0.0, z), at(x - 0.13, 0.0, z)], dark)
    easel.solid([at(x + 0.02, 0.5, z), at(x + 0.12, 0.5, z), at(x + 0.12, 0.06, z), at(x + 0.05, 0.06, z)], dark)
    easel.solid(
        [
            at(x - 0.2, 1.42, z),
            at(x + 0.2, 1.42, z),
            at(x + 0.27, 0.75, z),
            at(x + 0.2, 0.42, z),
            at(x - 0.2, 0.42, z),
            at(x - 0.26, 0.75, z),
        ],
        dark,
    )
    head = at(x, 1.58, z)
    easel.path(skia.Path().addCircle(*head, eye.size(0.12, z)), fill(dark))
    if not umbrella_up:
        return
    dome = [at(x + 0.58 * float(np.cos(a)), 1.78 + 0.34 * float(np.sin(a)), z) for a in np.linspace(0, np.pi, 12)]
    easel.path(
        polygon(dome), linear(dome[6], at(x, 1.78, z), [mix(umbrella, (0.7, 0.7, 0.75), 0.55), shade(umbrella, 0.25)])
    )
    easel.line([at(x, 1.78, z), at(x, 1.1, z)], dark, max(1.0, eye.size(0.025, z)))


def steam(easel: Easel, at: tuple[float, float, float], dice: np.random.Generator, lamps: float) -> None:
    """Warm steam rising: soft discs, ever wider and thinner."""
    for k in range(14):
        t = k / 13
        x, y = easel.eye.at(at[0] + float(dice.normal(0, 0.10 + 0.25 * t)), at[1] + t * 2.2, at[2])
        radius = easel.eye.size(0.22 + 0.55 * t, at[2])
        light = (0.20 * (1 - t) * lamps + 0.015, 0.12 * (1 - t) * lamps + 0.012, 0.08 * (1 - t) * lamps + 0.012)
        easel.lit.canvas.drawCircle(x, y, radius, radial((x, y), radius, [(light, 0.5), (light, 0.0)]))
