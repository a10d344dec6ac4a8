"""A spacecraft's bridge: a wide window on stars and a planet, a ribbed hull, consoles with screens, strips of light.

There is no hour in space; the setting's time of day moves the sun: behind the planet by night, full on it by day.
"""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Frame, Grade, Layer, Light, Scene, Setting
from samecast.models.storyboard.scenes.brush import (
    Box,
    Sheet,
    fill,
    linear,
    mix,
    polygon,
    shade,
    stroke,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.interior import Palette, lay_floor, room_eye, weather_walls
from samecast.models.storyboard.scenes.space import SUN, paint_space
from samecast.models.storyboard.scenes.wet_ground import mirror_of

FRONT = 5.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """The bridge as laid out: where the planet stands (-1 left, 1 right of the middle), accent colour, seed."""

    side: int
    accent: Colour
    alarm: bool
    seed: int


def paint(setting: Setting) -> Scene:
    """The bridge, with the planet lit as the time of day says."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    eye = room_eye(frame, dice, height=1.45, zoom=0.9 if frame.portrait else 0.75)
    bridge = Bridge(
        side=int(dice.choice([-1, 1])),
        accent=palette["accent"][int(dice.integers(len(palette["accent"])))],
        alarm=bool(dice.random() < 0.15),
        seed=int(dice.integers(1 << 30)),
    )
    ambient = palette["ambient"][0]

    def draw(easel: Easel) -> None:
        _hull(easel, bridge, palette)
        _consoles(easel, bridge, palette)

    mirror = mirror_of(
        frame,
        eye,
        draw,
        sky=(shade(palette["planet"][1], 0.3), shade(ambient, 0.5)),
        ambient=ambient,
    )
    hull = Easel(frame, eye, overscan=(0.18, 0.14))
    _hull(hull, bridge, palette)
    weather_walls(hull, ambient, seed=bridge.seed, dirt=0.1, ceiling=0.8)
    lay_floor(hull, mirror, FRONT, (palette["floor"][0], "plain"), ambient, gloss=0.55)
    _cut_window(hull, frame)
    hull.kindle(strength=0.8)
    desks = Easel(frame, eye, overscan=(0.28, 0.2))
    _consoles(desks, bridge, palette)
    weather_walls(desks, ambient, seed=bridge.seed + 1, dirt=0.1, ceiling=0.8)
    desks.kindle(strength=0.85)
    warm_side = bridge.side
    planet = palette["planet"][2]
    lit = max(0.25, SUN[setting.time] + 0.35)
    return Scene(
        place="spacecraft",
        layers=(
            paint_space(frame, eye, bridge.side, setting),
            *hull.layers(4.0),
            *desks.layers(2.1),
            _foreground(frame, bridge, palette),
        ),
        lights=(
            Light(
                colour=mix(bridge.accent, (1, 1, 1), 0.45),
                strength=0.6,
                direction=(-warm_side * 0.4, -0.1, 0.9),
                role="key",
            ),
            Light(colour=planet, strength=1.2 * lit, direction=(warm_side * 0.6, 0.45, -0.65), role="rim"),
            Light(
                colour=bridge.accent, strength=0.9, direction=(-warm_side * 0.85, 0.1, -0.4), role="rim", flicker=0.02
            ),
            Light(colour=ambient, strength=0.4, direction=(0.0, 0.7, 0.6), role="fill"),
        ),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=mix(ambient, bridge.accent, 0.15),
        subject_exposure=-1.1 if setting.time == "night" else -0.85,
        grade=Grade(
            contrast=1.08, saturation=1.02, shadows=(0.0, 0.006, 0.02), highlights=(0.0, 0.006, 0.012), bloom=0.35
        ),
        indoors=True,
    )


# --- the hull -----------------------------------------------------------------------------------------------------

WINDOW = ((-3.3, 0.92), (3.3, 0.92), (2.75, 3.3), (-2.75, 3.3))
"""The big window's corners in x, y (metres): bottom left, bottom right, top right, top left."""


def _corners(frame: Frame) -> tuple[tuple[float, float], ...]:
    if not frame.portrait:
        return WINDOW
    return tuple((x * 0.62, y * 1.12 if y > 1 else y) for x, y in WINDOW)


def _hull(easel: Easel, bridge: Bridge, palette: Palette) -> None:
    """The front wall around the window with its struts, side walls and ceiling as ribs with strips of light."""
    eye, steel = easel.eye, palette["hull"][0]
    easel.solid(eye.facing((-12, 12), (-0.1, 12), FRONT), shade(steel, 0.55))
    corners = _corners(easel.frame)
    at = [eye.at(x, y, FRONT) for x, y in corners]
    rim = [eye.at(x * 1.07, y + (0.14 if y > 1 else -0.14), FRONT) for x, y in corners]
    easel.path(polygon(rim), linear(rim[3], rim[0], [shade(steel, 1.2), shade(steel, 0.6)]))
    easel.shine(polygon(at), fill(shade(palette["planet"][1], 0.12)))
    line = easel.eye.size(0.02, FRONT)
    easel.tube([[at[0], at[1]]], bridge.accent, line, 0.55)
    half = max(abs(x) for x, _ in corners)
    for k in range(5, -1, -1):
        z = 1.1 + k * 0.85
        _rib(easel, bridge, palette, z, half)
    easel.lamp((bridge.side * 2.0, 2.6, FRONT), palette["planet"][2], 0.9, 1.8)
    easel.lamp((0, 0.0, FRONT - 1), palette["planet"][1], 0.8, 2.2)
    _wall_panels(easel, bridge, palette, half)


def _rib(easel: Easel, bridge: Bridge, palette: Palette, z: float, half: float) -> None:
    """One frame of the hull: uprights leaning in at the top, a beam across, edges lit."""
    eye, steel = easel.eye, palette["hull"][0]
    top = 3.55 if not easel.frame.portrait else 3.95
    for side in (-1, 1):
        foot, knee, head = side * (half + 0.85), side * (half + 0.62), side * (half * 0.72)
        outer = side * (half + 9)
        front = [
            eye.at(foot, -0.05, z),
            eye.at(knee, 2.35, z),
            eye.at(head, top, z),
            eye.at(head, top + 8, z),
            eye.at(outer, top + 8, z),
            eye.at(outer, -0.05, z),
        ]
        depth = 0.3
        inner = [
            eye.at(foot, -0.05, z),
            eye.at(knee, 2.35, z),
            eye.at(knee, 2.35, z + depth),
            eye.at(foot, -0.05, z + depth),
        ]
        slope = [
            eye.at(knee, 2.35, z),
            eye.at(head, top, z),
            eye.at(head, top, z + depth),
            eye.at(knee, 2.35, z + depth),
        ]
        easel.solid(inner, shade(steel, 1.0))
        easel.solid(slope, shade(steel, 0.7))
        easel.path(
            polygon(front),
            linear(eye.at(knee, 0, z), eye.at(outer * 0.5, 0, z), [shade(steel, 0.9), shade(steel, 0.42)]),
        )
        strip = [eye.at(foot, 0.25, z), eye.at(knee, 2.3, z)]
        easel.tube([strip], bridge.accent, eye.size(0.022, z), 0.85)
        easel.lamp((knee, 1.3, z + 0.3), bridge.accent, 1.2, 1.1)
        for bolt in (0.5, 1.1, 1.7):
            centre = eye.at(foot + (knee - foot) * bolt / 2.35 + side * 0.16, bolt, z)
            easel.cover.canvas.drawCircle(*centre, max(1.0, eye.size(0.022, z)), fill(shade(steel, 1.25)))
    beam = [
        eye.at(-half * 0.74, top, z),
        eye.at(half * 0.74, top, z),
        eye.at(half * 0.74, top + 8, z),
        eye.at(-half * 0.74, top + 8, z),
    ]
    easel.path(polygon(beam), linear(beam[0], eye.at(0, top + 1.2, z), [shade(steel, 0.75), shade(steel, 0.35)]))
    lamp = palette["lamp"][0]
    panel = eye.facing((-0.55, 0.55), (top + 0.05, top + 0.1), z)
    easel.panel(panel, lamp, 0.8)
    easel.lamp((0, top, z + 0.2), lamp, 0.9, 1.3)


def _wall_panels(easel: Easel, bridge: Bridge, palette: Palette, half: float) -> None:
    """Small lit instruments on the front wall, beside and under the window."""
    eye = easel.eye
    dice = np.random.default_rng(bridge.seed + 4)
    for _ in range(36):
        x = float(dice.uniform(-half, half))
        y = float(dice.uniform(0.1, 0.6))
        hue = palette["screens"][int(dice.integers(len(palette["screens"])))]
        wide = float(dice.choice([0.05, 0.05, 0.22, 0.34]))
        easel.panel(eye.facing((x, x + wide), (y, y + 0.035), FRONT - 0.01), hue, float(dice.uniform(0.25, 0.8)))


def _cut_window(easel: Easel, frame: Frame) -> None:
    """Open the window, then draw its struts and a thin reflection back over it."""
    eye = easel.eye
    corners = _corners(frame)
    at = [eye.at(x, y, FRONT) for x, y in corners]
    clear = skia.Paint(BlendMode=skia.BlendMode.kClear, AntiAlias=True)
    easel.cover.canvas.drawPath(polygon(at), clear)
    easel.lit.canvas.drawPath(polygon(at), fill((0, 0, 0)))
    low, high = corners[0][1], corners[2][1]
    dark: Colour = (0.05, 0.06, 0.075)
    width = eye.size(0.085, FRONT)
    for bottom, top in ((0.36, 0.33), (-0.36, -0.33)):
        line = (eye.at(corners[1][0] * bottom, low, FRONT), eye.at(corners[2][0] * top, high, FRONT))
        easel.cover.canvas.drawLine(*line[0], *line[1], stroke(dark, width))
        easel.cover.canvas.drawLine(
            line[0][0] - width * 0.3,
            line[0][1],
            line[1][0] - width * 0.3,
            line[1][1],
            stroke((0.3, 0.34, 0.4), width * 0.12),
        )
    sheen = linear(at[3], at[1], [((0.6, 0.75, 1.0), 0.10), ((0.6, 0.75, 1.0), 0.0), ((0.6, 0.75, 1.0), 0.04)])
    easel.cover.canvas.drawPath(polygon(at), sheen)


# --- consoles -----------------------------------------------------------------------------------------------------


def _consoles(easel: Easel, bridge: Bridge, palette: Palette) -> None:
    """Two desks that leave the middle free: slanted tops full of keys, upright screens, an empty chair."""
    eye, steel = easel.eye, palette["hull"][0]
    dice = np.random.default_rng(bridge.seed + 1)
    for side in (-1, 1):
        inner = side * (0.62 if easel.frame.portrait else 1.05)
        outer = side * 6.0
        lo, hi = min(inner, outer), max(inner, outer)
        z = 3.0
        easel.box(Box(x=(lo, hi), y=(0.0, 0.78), z=(z, z + 0.9)), shade(steel, 0.6))
        top = [eye.at(lo, 0.78, z), eye.at(hi, 0.78, z), eye.at(hi, 1.0, z + 0.75), eye.at(lo, 1.0, z + 0.75)]
        easel.path(polygon(top), linear(top[0], top[3], [shade(steel, 0.5), shade(steel, 0.85)]))
        easel.tube([[eye.at(lo, 0.74, z), eye.at(hi, 0.74, z)]], bridge.accent, eye.size(0.02, z), 0.8)
        easel.lamp((inner + side * 0.8, 0.5, z), bridge.accent, 0.9, 0.8)
        for k in range(60):
            u, v = float(dice.uniform(0.1, 2.6)), float(dice.uniform(0.08, 0.9))
            x, y, depth = inner + side * u, 0.78 + 0.22 * v, z + 0.75 * v
            hue = palette["screens"][int(dice.integers(len(palette["screens"])))]
            px, py = eye.at(x, y, depth)
            wide = eye.size(0.05 if k % 4 else 0.16, depth)
            easel.lit.canvas.drawRect(
                skia.Rect(px, py, px + wide, py + eye.size(0.018, depth)),
                fill(shade(hue, float(dice.uniform(0.2, 0.9)))),
            )
        for k in range(3):
            left = inner + side * (0.15 + 0.95 * k)
            _screen(
                easel,
                (min(left, left + side * 0.8), max(left, left + side * 0.8)),
                (1.05, 1.55),
                z + 0.8,
                palette,
                dice,
            )
        _chair(easel, inner + side * 0.75, 2.45, steel)


def _screen(
    easel: Easel,
    x: tuple[float, float],
    y: tuple[float, float],
    z: float,
    palette: Palette,
    dice: np.random.Generator,
) -> None:
    """A screen with a chart on it: a curve, a ring, or lines of figures."""
    eye = easel.eye
    hue = palette["screens"][int(dice.integers(2))]
    easel.box(Box(x=(x[0] - 0.03, x[1] + 0.03), y=(y[0] - 0.03, y[1] + 0.03), z=(z, z + 0.05)), (0.1, 0.11, 0.13))
    face = eye.facing(x, y, z)
    easel.shine(polygon(face), linear(face[0], face[3], [shade(hue, 0.12), shade(hue, 0.26)]))
    easel.lamp((sum(x) / 2, y[0], z - 0.3), hue, 0.7, 0.7)
    pen = max(0.8, eye.size(0.009, z))
    canvas = easel.lit.canvas
    for k in range(1, 5):
        t = k / 5
        canvas.drawLine(
            *eye.at(x[0], y[0] + (y[1] - y[0]) * t, z),
            *eye.at(x[1], y[0] + (y[1] - y[0]) * t, z),
            stroke(shade(hue, 0.22), pen * 0.5),
        )
    kind = int(dice.integers(3))
    if kind == 0:
        points = [
            eye.at(
                x[0] + (x[1] - x[0]) * t,
                y[0] + (y[1] - y[0]) * (0.5 + 0.3 * float(np.sin(t * 9 + dice.uniform(0, 0.9)))),
                z,
            )
            for t in np.linspace(0.05, 0.95, 18)
        ]
        canvas.drawPath(polygon(points, closed=False), stroke(shade(hue, 0.95), pen))
    elif kind == 1:
        centre = eye.at(sum(x) / 2, sum(y) / 2, z)
        for r in (0.07, 0.13, 0.19):
            canvas.drawCircle(*centre, eye.size(r, z), stroke(shade(hue, 0.75), pen * 0.8))
        canvas.drawLine(
            *centre,
            centre[0] + eye.size(0.15, z),
            centre[1] - eye.size(0.12, z),
            stroke(palette["screens"][2], pen * 1.4),
        )
    else:
        for row in range(7):
            yy = y[0] + (y[1] - y[0]) * (0.12 + 0.12 * row)
            end = x[0] + (x[1] - x[0]) * float(dice.uniform(0.3, 0.92))
            canvas.drawLine(*eye.at(x[0] + 0.05, yy, z), *eye.at(end, yy, z), stroke(shade(hue, 0.7), pen * 1.3))


def _chair(easel: Easel, x: float, z: float, steel: Colour) -> None:
    dark = shade(steel, 0.32)
    easel.box(Box(x=(x - 0.06, x + 0.06), y=(0, 0.42), z=(z, z + 0.12)), dark)
    easel.box(Box(x=(x - 0.26, x + 0.26), y=(0.42, 0.54), z=(z - 0.1, z + 0.35)), dark)
    back = easel.eye.facing((x - 0.25, x + 0.25), (0.54, 1.22), z - 0.08)
    bounds = polygon(back).getBounds()
    radius = easel.eye.size(0.09, z)
    easel.path(
        skia.Path().addRoundRect(bounds, radius, radius),
        linear(back[0], back[3], [shade(steel, 0.5), shade(steel, 0.25)]),
    )


def _foreground(frame: Frame, bridge: Bridge, palette: Palette) -> Layer:
    """Hanging cables at one upper corner, out of focus."""
    sheet = Sheet(frame, overscan=(0.4, 0.3), scale=0.5)
    w, h = frame.width, frame.height
    _, top, _, _ = sheet.bounds
    side = -bridge.side
    for k in range(3):
        x = w * (0.5 - side * (0.49 - 0.02 * k))
        path = (
            skia.Path()
            .moveTo(x, top)
            .quadTo(x + side * w * 0.05, h * (0.12 + 0.05 * k), x - side * w * 0.12, h * (0.2 + 0.06 * k))
        )
        sheet.canvas.drawPath(path, stroke((0.02, 0.02, 0.03), 0.012 * h))
    return sheet.layer(0.55)
