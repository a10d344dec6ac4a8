"""A living room: a big window with curtains and the city or garden beyond, shelves, pictures, a sofa, warm lamps.

The window is the light: by day it throws its shape on the floor, by night it is dark and the lamps are on.
"""

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
    linear,
    mix,
    polygon,
    radial,
    shade,
    soft_shadow,
    vary,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.interior import (
    DAYLIGHT,
    LAMPLIGHT,
    Palette,
    blurred_leaves,
    flood,
    glow_spot,
    lay_floor,
    reach,
    room_eye,
    shaft,
    weather_walls,
)
from samecast.models.storyboard.scenes.wet_ground import mirror_of

BACK, HEIGHT = 5.2, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The room as laid out: which side the window is on, its edges in x, y (metres), and the tones of things."""

    side: int
    window: tuple[tuple[float, float], tuple[float, float]]
    wall: Colour
    sofa: Colour
    seed: int


def paint(setting: Setting) -> Scene:
    """The living room at the setting's hour, rain on the glass where it rains."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    eye = room_eye(frame, dice, height=1.35, zoom=1.12 if frame.portrait else 0.85)
    side = int(dice.choice([-1, 1]))
    half = reach(frame, eye, BACK, 0.0)
    inner = 0.28 if frame.portrait else 0.75
    edges = (inner, inner + (1.5 if frame.portrait else 2.1))
    room = Room(
        side=side,
        window=(edges if side > 0 else (-edges[1], -edges[0]), (0.72, 2.5)),
        wall=vary(palette["walls"][int(dice.integers(len(palette["walls"])))], dice, 0.05),
        sofa=palette["sofa"][int(dice.integers(len(palette["sofa"])))],
        seed=int(dice.integers(1 << 30)),
    )
    day, lamps = DAYLIGHT[setting.time], LAMPLIGHT[setting.time]
    if setting.weather:
        day *= 0.7
    ambient = palette["ambient"][0]

    def draw(easel: Easel) -> None:
        _back_wall(easel, room, palette, day, lamps, glass=True)
        _furniture(easel, room, palette, lamps, half)

    mirror = mirror_of(frame, eye, draw, sky=(shade(room.wall, 0.5),) * 2, ambient=ambient)
    back = Easel(frame, eye, overscan=(0.18, 0.14))
    _back_wall(back, room, palette, day, lamps, glass=False)
    weather_walls(back, ambient, seed=room.seed, dirt=0.1, ceiling=0.75)
    lay_floor(back, mirror, BACK, (palette["floor"][0], "wood"), ambient, gloss=0.22)
    _sun_patch(back, room, palette, day)
    _cut_window(back, room)
    _shelf(back, room, palette, half)
    back.kindle(strength=0.7)
    mid = Easel(frame, eye, overscan=(0.28, 0.2))
    _furniture(mid, room, palette, lamps, half)
    weather_walls(mid, ambient, seed=room.seed + 1, dirt=0.12, ceiling=0.75)
    mid.kindle(wide=0.03, strength=0.8)
    _window_light(mid, eye, room, palette, day)
    return Scene(
        place="room",
        layers=(
            _outside(frame, eye, room, setting),
            *back.layers(4.2),
            *mid.layers(2.2),
            _foreground(frame, room, palette, ambient),
        ),
        lights=_lights(room, palette, day, lamps, ambient),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=mix(room.wall, ambient, 0.5),
        subject_exposure={"day": -0.1, "golden hour": -0.3, "dawn": -0.4, "dusk": -0.8, "night": -1.1}[setting.time],
        grade=Grade(
            contrast=1.04, saturation=1.04, shadows=(0.006, 0.0, 0.01), highlights=(0.015, 0.008, -0.01), bloom=0.3
        ),
        indoors=True,
    )


# --- outside ------------------------------------------------------------------------------------------------------


def _outside(frame: Frame, eye: Eye, room: Room, setting: Setting) -> Layer:
    """What is seen through the window: sky, far roofs, trees, lit windows by night; drops on the glass in rain."""
    palette, day = setting.palette, DAYLIGHT[setting.time]
    sheet = Sheet(frame, overscan=(0.12, 0.1), scale=0.5)
    (x0, x1), (y0, y1) = room.window
    left, top = eye.at(x0, y1, BACK)
    right, bottom = eye.at(x1, y0, BACK)
    flood(sheet, linear((0, top), (0, bottom), list(palette["sky"])))
    dice = np.random.default_rng(room.seed + 5)
    lit = sheet.twin()
    wide = right - left
    for row, tone in enumerate((0.35, 0.7)):
        body = mix(palette["sky"][2], palette["roofs"][0], tone)
        x = left - wide
        while x < right + wide:
            w = float(dice.uniform(0.12, 0.3)) * wide
            h = (bottom - top) * float(dice.uniform(0.22, 0.6) - 0.12 * row)
            sheet.canvas.drawRect(skia.Rect(x, bottom - h, x + w, bottom + 200), fill(body))
            lit.canvas.drawRect(skia.Rect(x, bottom - h, x + w, bottom + 200), fill((0, 0, 0)))
            step = wide * 0.035
            for i in range(int(w / step)):
                for k in range(int(h / step)):
                    if dice.random() < 0.35 * (1 - day):
                        tone_lit = shade((1.0, 0.78, 0.48), float(dice.uniform(0.3, 0.9)))
                        u, v = x + (i + 0.25) * step, bottom - h + (k + 0.3) * step
                        lit.canvas.drawRect(skia.Rect(u, v, u + step * 0.5, v + step * 0.5), fill(tone_lit))
            x += w * 1.05
    for _ in range(26):  # tree tops
        x, y = float(dice.uniform(left - wide, right + wide)), bottom - float(dice.uniform(-0.1, 0.14)) * (bottom - top)
        r = wide * float(dice.uniform(0.06, 0.14))
        leaf = mix(palette["leaves"][0], palette["sky"][2], 0.25)
        sheet.canvas.drawCircle(x, y, r, radial((x, y - r * 0.5), r * 1.4, [shade(leaf, 1.2), shade(leaf, 0.6)]))
    if setting.wet:
        for _ in range(160):
            x, y = float(dice.uniform(left, right)), float(dice.uniform(top, bottom))
            r = wide * float(dice.uniform(0.003, 0.011))
            sheet.canvas.drawOval(skia.Rect(x - r, y - r, x + r, y + r * 1.5), fill(palette["sky"][1], 0.5))
    sheet.array[...] = blur(sheet.array, 0.004 * frame.height * sheet.scale)
    add_light(sheet, lit)
    sheet.array[..., 3] = 255
    return sheet.layer(25.0)


# --- the back wall ------------------------------------------------------------------------------------------------


def _back_wall(easel: Easel, room: Room, palette: Palette, day: float, lamps: float, *, glass: bool) -> None:
    """Wall, ceiling, panelling, window frame and curtains, pictures; `glass`: fill the window with its light."""
    eye, wide = easel.eye, 14.0
    white = palette["trim"][0]
    easel.path(
        polygon(eye.facing((-wide, wide), (0, HEIGHT + 0.02), BACK)),
        linear(eye.at(0, HEIGHT, BACK), eye.at(0, 0, BACK), [shade(room.wall, 1.02), shade(room.wall, 0.86)]),
    )
    easel.solid(eye.level((-wide, wide), HEIGHT, (0.3, BACK)), shade(white, 0.8))
    easel.solid(eye.facing((-wide, wide), (HEIGHT - 0.12, HEIGHT), BACK), shade(white, 0.9))
    easel.solid(eye.facing((-wide, wide), (HEIGHT - 0.15, HEIGHT - 0.12), BACK), shade(white, 0.55))
    easel.solid(eye.facing((-wide, wide), (0, 0.16), BACK), shade(white, 0.85))
    easel.solid(eye.facing((-wide, wide), (0.16, 0.18), BACK), shade(white, 0.5))
    (x0, x1), (y0, y1) = room.window
    easel.solid(eye.facing((x0 - 0.1, x1 + 0.1), (y0 - 0.1, y1 + 0.1), BACK), white)
    if glass:
        easel.panel(eye.facing((x0, x1), (y0, y1), BACK), palette["sky"][2], max(day, 0.1))
    middle = (x0 + x1) / 2
    easel.box(Box(x=(x0 - 0.16, x1 + 0.16), y=(y0 - 0.14, y0 - 0.08), z=(BACK - 0.18, BACK)), shade(white, 1.0))
    easel.lamp((middle, 1.6, BACK - 0.2), palette["window"][0], 1.1 * day, 1.5)
    easel.lamp((middle - room.side * 1.0, 0.2, BACK - 2), palette["window"][0], 0.7 * day, 2.0)
    _curtains(easel, room, palette)
    dice = np.random.default_rng(room.seed)
    _pictures(easel, room, palette, dice)
    lamp_x = -room.side * 1.15
    easel.lamp((lamp_x, 1.5, BACK), palette["lamp"][0], 2.0 * lamps, 1.7)
    easel.lamp((lamp_x, 2.9, BACK - 1), palette["lamp"][0], 1.0 * lamps, 1.3)
    easel.lamp((lamp_x, 0.0, BACK - 1.4), palette["lamp"][0], 1.3 * lamps, 1.8)


def _curtains(easel: Easel, room: Room, palette: Palette) -> None:
    eye = easel.eye
    (x0, x1), (_, y1) = room.window
    colour = palette["curtain"][0]
    rod = y1 + 0.17
    easel.solid(eye.facing((x0 - 0.4, x1 + 0.4), (rod, rod + 0.035), BACK - 0.12), (0.22, 0.17, 0.13))
    for a, b in ((x0 - 0.32, x0 + 0.12), (x1 - 0.12, x1 + 0.32)):
        folds = 7
        for k in range(folds):
            u, v = a + (b - a) * k / folds, a + (b - a) * (k + 1) / folds
            strip = eye.facing((u, v), (0.1, rod), BACK - 0.1)
            tones = [shade(colour, 0.66), shade(colour, 1.08), shade(colour, 0.8)]
            easel.path(polygon(strip), linear(strip[0], strip[1], tones, [0.0, 0.45, 1.0]))


def _pictures(easel: Easel, room: Room, palette: Palette, dice: np.random.Generator) -> None:
    """Framed pictures on the wall beside the window: small landscapes in three tones."""
    eye = easel.eye
    spots = ((0.55, 1.45, 0.5, 0.62), (1.2, 1.72, 0.4, 0.34), (1.22, 1.28, 0.38, 0.36))
    for x, y, wide, tall in spots:
        left = -room.side * (x + 0.1) - (wide if room.side > 0 else 0)
        frame = eye.facing((left, left + wide), (y, y + tall), BACK - 0.02)
        soft_shadow(
            easel.cover.canvas,
            polygon([(px + 0.01 * easel.frame.height, py + 0.012 * easel.frame.height) for px, py in frame]),
            blur=0.006 * easel.frame.height,
            alpha=0.4,
        )
        easel.solid(frame, vary((0.28, 0.19, 0.12), dice, 0.3))
        mat = eye.facing((left + 0.03, left + wide - 0.03), (y + 0.03, y + tall - 0.03), BACK - 0.02)
        easel.solid(mat, (0.85, 0.82, 0.76))
        inner = (left + 0.08, left + wide - 0.08)
        tone = vary(palette["art"][int(dice.integers(len(palette["art"])))], dice, 0.2)
        low, high = y + 0.08, y + tall - 0.08
        sky = eye.facing(inner, (low, high), BACK - 0.02)
        easel.path(polygon(sky), linear(sky[0], sky[3], [shade(tone, 1.2), mix(tone, (1.0, 0.9, 0.75), 0.6)]))
        for k in range(2):
            ridge = [eye.at(inner[0], low, BACK - 0.02)]
            for t in np.linspace(0, 1, 6):
                height = (high - low) * (0.5 - 0.2 * k + float(dice.uniform(-0.1, 0.1)))
                ridge.append(eye.at(inner[0] + (inner[1] - inner[0]) * float(t), low + height, BACK - 0.02))
            ridge.append(eye.at(inner[1], low, BACK - 0.02))
            easel.solid(ridge, shade(tone, 0.7 - 0.25 * k))


def _cut_window(easel: Easel, room: Room) -> None:
    """Make the panes transparent, so that the outside moves behind them; bars and a thin reflection stay."""
    eye = easel.eye
    (x0, x1), (y0, y1) = room.window
    clear = skia.Paint(BlendMode=skia.BlendMode.kClear, AntiAlias=True)
    middle, bar = (x0 + x1) / 2, 0.03
    upper = y0 + (y1 - y0) * 0.68
    open_left, open_right = x0 + 0.12, x1 - 0.12  # the curtains cover the rest
    for a, b in ((open_left, middle - bar), (middle + bar, open_right)):
        for low, high in ((y0, upper - bar), (upper + bar, y1)):
            pane = polygon(eye.facing((a, b), (low, high), BACK))
            easel.cover.canvas.drawPath(pane, clear)
            corner = pane.getBounds()
            sheen = linear(
                (corner.left(), corner.top()), (corner.right(), corner.bottom()), [((1, 1, 1), 0.16), ((1, 1, 1), 0.0)]
            )
            easel.cover.canvas.drawPath(pane, sheen)


def _shelf(easel: Easel, room: Room, palette: Palette, half: float) -> None:
    """A bookcase against the wall, away from the window, at the picture's edge. It is painted already lit."""
    eye, side = easel.eye, -room.side
    dice = np.random.default_rng(room.seed + 2)
    inner = max(0.95, half * 0.62)
    x = (inner, inner + 1.3) if side > 0 else (-inner - 1.3, -inner)
    light = mix(palette["ambient"][0], palette["lamp"][0], 0.3)
    wood = tuple(own * shine * 1.3 for own, shine in zip((0.34, 0.22, 0.14), light, strict=True))
    tone: Colour = (wood[0], wood[1], wood[2])
    z = BACK - 0.32
    easel.box(Box(x=x, y=(0, 2.2), z=(z, BACK)), tone)
    for row in range(5):
        y = 0.1 + row * 0.42
        easel.solid(eye.facing((x[0] + 0.05, x[1] - 0.05), (y, y + 0.36), z), shade(tone, 0.35))
        a = x[0] + 0.07
        while a < x[1] - 0.12:
            thick, tall = float(dice.uniform(0.025, 0.06)), float(dice.uniform(0.2, 0.33))
            if dice.random() < 0.86:
                book = vary(palette["books"][int(dice.integers(len(palette["books"])))], dice, 0.3)
                lit = shade((book[0] * light[0], book[1] * light[1], book[2] * light[2]), 1.35)
                spine = eye.facing((a, a + thick * 0.92), (y, y + tall), z - 0.01)
                easel.path(polygon(spine), linear(spine[0], spine[1], [shade(lit, 1.15), shade(lit, 0.7)]))
            a += thick
    bottom = eye.facing((x[0], x[1]), (0, 0.1), z)
    easel.solid(bottom, shade(tone, 0.5))


def _sun_patch(easel: Easel, room: Room, palette: Palette, day: float) -> None:
    """The window's shape in light on the floor."""
    if day < 0.25:
        return
    eye = easel.eye
    (x0, x1), _ = room.window
    twin = easel.cover.twin(0.5)
    for a, b in ((x0 + 0.1, (x0 + x1) / 2 - 0.05), ((x0 + x1) / 2 + 0.05, x1 - 0.1)):
        shift = -room.side * 0.9
        patch = [
            eye.at(a + shift * 0.4, 0, BACK - 0.6),
            eye.at(b + shift * 0.4, 0, BACK - 0.6),
            eye.at(b + shift * 1.5, 0, BACK - 2.6),
            eye.at(a + shift * 1.5, 0, BACK - 2.6),
        ]
        twin.canvas.drawPath(polygon(patch), fill(shade(palette["window"][0], 0.42 * day)))
    twin.array[...] = blur(twin.array, 0.004 * easel.frame.height * twin.scale)
    add_light(easel.cover, twin, 0.9)


# --- furniture, light, front ----------------------------------------------------------------------------------------


def _furniture(easel: Easel, room: Room, palette: Palette, lamps: float, half: float) -> None:
    """A sofa and a floor lamp on one side, a plant and a low table on the other; the middle stays free."""
    eye, side = easel.eye, room.side
    z = 3.3
    near = max(0.55, half * z / BACK * 0.5)
    _sofa(easel, room, -side * near, z)
    x = -side * (near + 0.12)
    easel.line([eye.at(x, 0, z + 0.5), eye.at(x, 1.62, z + 0.5)], (0.16, 0.13, 0.1), eye.size(0.03, z))
    cone = [(x - 0.13, 1.95), (x + 0.13, 1.95), (x + 0.24, 1.6), (x - 0.24, 1.6)]
    points = [eye.at(px, py, z + 0.5) for px, py in cone]
    warm = palette["lamp"][0]
    level = 0.12 + 0.72 * lamps
    pale = mix(warm, (1.0, 0.92, 0.8), 0.5)
    easel.shine(polygon(points), linear(points[0], points[3], [shade(pale, level * 0.75), shade(pale, level)]))
    easel.lamp((x, 1.7, z + 0.4), warm, 1.8 * lamps, 1.4)
    easel.lamp((x, 0.6, z + 0.2), warm, 1.6 * lamps, 1.3)
    _plant(easel, side * (near + 0.3), z + 0.4, palette, np.random.default_rng(room.seed + 3))


def _sofa(easel: Easel, room: Room, x: float, z: float) -> None:
    out = -room.side
    a, b = (x + 0.05, x + 2.2) if out > 0 else (x - 2.2, x - 0.05)
    c = room.sofa
    easel.box(Box(x=(a, b), y=(0.1, 0.86), z=(z + 0.75, z + 0.95)), c)
    easel.box(Box(x=(a, b), y=(0.1, 0.42), z=(z, z + 0.75)), shade(c, 0.95))
    for k in range(3):
        u = a + (b - a) * k / 3
        easel.box(Box(x=(u + 0.02, u + (b - a) / 3 - 0.02), y=(0.4, 0.52), z=(z + 0.02, z + 0.72)), shade(c, 1.12))
    arm = (a - 0.08, a + 0.16) if out > 0 else (b - 0.16, b + 0.08)
    easel.box(Box(x=arm, y=(0.08, 0.66), z=(z - 0.02, z + 0.9)), shade(c, 1.02))
    middle = (arm[0] + arm[1]) / 2 + out * 0.42
    cushion = easel.eye.facing((middle - 0.24, middle + 0.24), (0.5, 0.92), z + 0.5)
    easel.path(
        skia.Path().addRoundRect(polygon(cushion).getBounds(), 12, 12),
        linear(cushion[0], cushion[2], [(0.8, 0.5, 0.3), (0.5, 0.28, 0.18)]),
    )


def _plant(easel: Easel, x: float, z: float, palette: Palette, dice: np.random.Generator) -> None:
    eye = easel.eye
    pot = [eye.at(x - 0.2, 0.42, z), eye.at(x + 0.2, 0.42, z), eye.at(x + 0.15, 0.0, z), eye.at(x - 0.15, 0.0, z)]
    easel.path(polygon(pot), linear(pot[0], pot[1], [(0.62, 0.55, 0.5), (0.82, 0.76, 0.7), (0.4, 0.36, 0.33)]))
    for k in range(22):
        lean, tall = float(dice.normal(0, 0.36)), float(dice.uniform(0.55, 1.15))
        leaf = vary(palette["leaves"][0], dice, 0.35)
        base, tip = eye.at(x + lean * 0.1, 0.4, z), eye.at(x + lean, 0.4 + tall, z)
        bend = eye.at(x + lean * 0.25, 0.4 + tall * 0.8, z)
        wide = eye.size(0.075, z)
        path = skia.Path().moveTo(*base).quadTo(bend[0] - wide, bend[1], *tip).quadTo(bend[0] + wide, bend[1], *base)
        easel.path(path, linear(base, tip, [shade(leaf, 0.5), shade(leaf, 1.0 + 0.25 * (k % 3))]))


def _window_light(easel: Easel, eye: Eye, room: Room, palette: Palette, day: float) -> None:
    """The shaft of light through the window, and the veil of brightness around it."""
    if day < 0.2:
        return
    (x0, x1), (y0, y1) = room.window
    out = -room.side
    corners = [
        eye.at(x0, y1, BACK),
        eye.at(x1, y1, BACK),
        eye.at(x1 + out * 1.9, -0.1, 3.0),
        eye.at(x0 + out * 1.9, -0.1, 3.0),
    ]
    shaft(easel.lit, corners, palette["window"][0], 0.24 * day, soft=0.02 * easel.frame.height)
    middle = eye.at((x0 + x1) / 2, (y0 + y1) / 2, BACK)
    glow_spot(easel.lit, middle, 0.4 * easel.frame.height, palette["window"][0], 0.16 * day)


def _foreground(frame: Frame, room: Room, palette: Palette, ambient: Colour) -> Layer:
    sheet = Sheet(frame, overscan=(0.38, 0.28), scale=0.5)
    unit = min(frame.width, frame.height)
    leaf = palette["leaves"][0]
    dark: Colour = (leaf[0] * ambient[0], leaf[1] * ambient[1], leaf[2] * ambient[2])
    edge = frame.width * (1.06 if room.side > 0 else -0.06)
    dice = np.random.default_rng(room.seed + 9)
    blurred_leaves(sheet, dice, corner=(edge, frame.height * 0.95), size=unit * 0.27, colour=dark, count=20)
    return sheet.layer(0.55)


def _lights(room: Room, palette: Palette, day: float, lamps: float, ambient: Colour) -> tuple[Light, ...]:
    window, lamp = palette["window"][0], palette["lamp"][0]
    found = [Light(colour=mix(ambient, (1, 1, 1), 0.3), strength=0.45, direction=(0.0, 0.4, 0.9), role="fill")]
    if day > 0.2:
        found.insert(0, Light(colour=window, strength=0.95 * day, direction=(room.side * 0.85, 0.35, 0.35), role="key"))
        found.append(Light(colour=window, strength=1.0 * day, direction=(room.side * 0.8, 0.3, -0.5), role="rim"))
    else:
        found.insert(0, Light(colour=lamp, strength=0.8, direction=(-room.side * 0.8, 0.3, 0.5), role="key"))
        found.append(Light(colour=window, strength=0.35, direction=(room.side * 0.8, 0.3, -0.5), role="rim"))
    found.append(Light(colour=lamp, strength=0.85 * lamps, direction=(-room.side * 0.85, 0.2, -0.4), role="rim"))
    return tuple(found)
