"""A city roof: the skyline in layers of haze, a water tank, antennas, ducts, the parapet, strings of bulbs at night."""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Frame, Layer, Scene, Setting
from samecast.models.storyboard.scenes.brush import (
    Box,
    Eye,
    Sheet,
    add_light,
    fill,
    fractal_noise,
    glow,
    haze,
    light_map,
    light_up,
    linear,
    mix,
    polygon,
    shade,
    stroke,
    vary,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.interior import LAMPLIGHT, Palette, lay_floor
from samecast.models.storyboard.scenes.sky import (
    Daylight,
    daylight,
    paint_sky,
    sky_grade,
    subject_exposure,
    sun_lights,
)
from samecast.models.storyboard.scenes.wet_ground import mirror_of

WALL = 7.0
"""How far (metres) the parapet at the back stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """The roof as laid out: which side the tank is on, and a seed."""

    side: int
    seed: int


def paint(setting: Setting) -> Scene:
    """The roof at any hour; the city's windows and the bulbs come on at dusk."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    day = daylight(setting)
    focal = 0.85 * float(np.sqrt(frame.width * frame.height))
    y = (0.52 if frame.portrait else 0.56) + float(dice.uniform(-0.02, 0.03))
    eye = Eye(
        vanish=((0.5 + float(dice.uniform(-0.05, 0.05))) * frame.width, y * frame.height), focal=focal, height=1.55
    )
    roof = Roof(side=int(dice.choice([-1, 1])), seed=int(dice.integers(1 << 30)))
    lamps = {"day": 0.0, "golden hour": 0.25}.get(setting.time, LAMPLIGHT[setting.time])
    ambient = mix(shade(day.fill, 1.05), shade(day.lit, 0.9), 0.45 * day.direct)

    def draw(easel: Easel) -> None:
        _structures(easel, roof, palette, lamps)

    mirror = mirror_of(frame, eye, draw, sky=(day.haze, mix(day.haze, day.fill, 0.6)), ambient=ambient)
    back = Easel(frame, eye, overscan=(0.22, 0.16))
    _structures(back, roof, palette, lamps)
    _light(back, day, ambient, roof, seed=1)
    gloss = 0.75 if setting.wet else 0.06
    lay_floor(back, mirror, WALL, (palette["concrete"][0], "tiles"), ambient, gloss=gloss)
    back.kindle(strength=0.85)
    return Scene(
        place="rooftop",
        layers=(
            paint_sky(setting, horizon=y, overscan=(0.1, 0.08), scale=0.5),
            _skyline(frame, eye, day, palette, (roof.seed, 0), lamps),
            _skyline(frame, eye, day, palette, (roof.seed, 1), lamps),
            *back.layers(3.0),
            _near(frame, eye, roof, palette, day, ambient, lamps),
            _foreground(frame, roof, palette, day, lamps),
        ),
        lights=sun_lights(setting),
        horizon=y,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=day.haze,
        subject_exposure=subject_exposure(setting),
        grade=sky_grade(setting),
    )


# --- the city -----------------------------------------------------------------------------------------------------


def _skyline(frame: Frame, eye: Eye, day: Daylight, palette: Palette, which: tuple[int, int], lamps: float) -> Layer:
    """A belt of buildings, `which` = (seed, 0 far or 1 nearer): faces in sun and shade, windows, red lights."""
    seed, belt = which
    sheet = Sheet(frame, overscan=(0.12, 0.1) if belt == 0 else (0.16, 0.12), scale=0.6 if belt == 0 else 0.8)
    lit = sheet.twin()
    dice = np.random.default_rng(seed + belt)
    low, high, spread = ((70, 260, 260), (14, 62, 60))[belt]
    towers = []
    for _ in range(56 if belt == 0 else 24):
        z = float(dice.uniform(low * 2.2, low * 5))
        tall = float(dice.gamma(2.0, high * 0.13)) + high * 0.06
        towers.append(
            (z, float(dice.uniform(-spread * 2.2, spread * 2.2)), float(dice.uniform(0.12, 0.3)) * spread * 0.55, tall)
        )
    towers.sort(reverse=True)
    for z, x, wide, tall in towers:
        _building(sheet, lit, eye, (z, x, wide, tall), (day, palette, lamps), dice)
    rows = sheet.array.shape[0]
    depth_of_haze = min(0.85, (0.5, 0.2)[belt] * (0.75 + 0.35 * day.thick))
    foot = np.clip(
        (np.arange(rows) / sheet.scale + sheet.bounds[1] - eye.vanish[1]) / (0.16 * frame.height) + 0.75, 0, 1
    )
    amount = np.clip(depth_of_haze * (0.7 + 0.5 * foot), 0, 0.95).astype(np.float32)
    haze(sheet, mix(day.haze, day.fill, 0.12), np.repeat(amount[:, None], 8, axis=1))
    lit.array[..., 3] = 0
    glow(lit, tight=0.0016 * frame.height, wide=0.008 * frame.height, strength=0.75)
    add_light(sheet, lit, lamps * (0.75, 1.0)[belt])
    return sheet.layer((32.0, 12.0)[belt])


def _building(
    sheet: Sheet,
    lit: Sheet,
    eye: Eye,
    place: tuple[float, float, float, float],
    look: tuple[Daylight, Palette, float],
    dice: np.random.Generator,
) -> None:
    (z, x, wide, tall), (day, palette, lamps) = place, look
    base = vary(palette["towers"][int(dice.integers(len(palette["towers"])))], dice, 0.2)
    sunny = shade((base[0] * day.lit[0], base[1] * day.lit[1], base[2] * day.lit[2]), 0.95)
    shady: Colour = (base[0] * day.fill[0], base[1] * day.fill[1], base[2] * day.fill[2])
    front = mix(shady, sunny, 0.45 * day.direct)
    side_face = sunny if day.direct > 0.3 else shade(shady, 1.1)
    left, top = eye.at(x, tall, z)
    right, bottom = eye.at(x + wide, -60, z)
    for canvas, tone in ((sheet.canvas, None), (lit.canvas, (0.0, 0.0, 0.0))):
        face = linear((0, top), (0, eye.vanish[1] + 60), [front, shade(front, 0.8)]) if tone is None else fill(tone)
        canvas.drawRect(skia.Rect(left, top, right, bottom), face)
    edge = (right - left) * 0.24
    slab = skia.Rect(left, top, left + edge, bottom) if day.side < 0 else skia.Rect(right - edge, top, right, bottom)
    sheet.canvas.drawRect(slab, fill(side_face))
    sheet.canvas.drawRect(
        skia.Rect(left, top, right, top + max(1.0, (right - left) * 0.03)), fill(mix(front, sunny, 0.6))
    )
    step = max(3.2, eye.size(3.4, z) * 1.0)
    dense, band = float(dice.uniform(0.1, 0.55)), bool(dice.random() < 0.4)
    dark = shade(front, 0.7)
    for v in np.arange(top + step * 0.6, min(bottom, eye.vanish[1] + sheet.frame.height * 0.16), step):
        if band:
            sheet.canvas.drawRect(skia.Rect(left, float(v), right, float(v) + step * 0.42), fill(dark, 0.6))
        for u in np.arange(left + step * 0.25, right - step * 0.5, step * 0.85):
            chance = dice.random()
            pane = skia.Rect(float(u), float(v), float(u) + step * 0.42, float(v) + step * 0.42)
            if lamps > 0 and chance < dense * lamps:
                hue = palette["windows"][int(dice.integers(len(palette["windows"])))]
                lit.canvas.drawRect(pane, fill(shade(hue, float(dice.uniform(0.25, 0.85)))))
            elif not band and chance > 0.3:
                sheet.canvas.drawRect(pane, fill(dark, 0.75))
    if dice.random() < 0.3:
        middle, mast = (left + right) / 2, (right - left) * float(dice.uniform(0.3, 0.8))
        sheet.canvas.drawRect(skia.Rect(middle - 1, top - mast, middle + 1, top), fill(shady))
        lit.canvas.drawCircle(middle, top - mast, 2.2, fill((1.0, 0.16, 0.12)))
    if dice.random() < 0.5:
        hut = (right - left) * 0.35
        sheet.canvas.drawRect(
            skia.Rect(left + hut * 0.4, top - hut * 0.35, left + hut * 1.4, top + 1), fill(shade(front, 0.85))
        )


# --- this roof ----------------------------------------------------------------------------------------------------


def _structures(easel: Easel, roof: Roof, palette: Palette, lamps: float) -> None:
    """The parapet with its rail, the tank on its trestle, a stair house with a door, ducts, antennas, bulbs."""
    eye, side = easel.eye, roof.side
    concrete, steel = palette["concrete"][0], palette["steel"][0]
    _tank(easel, palette, side * (1.75 if easel.frame.portrait else 3.2), 6.6)
    _antenna(easel, -side * (1.2 if easel.frame.portrait else 1.9), 6.5)
    _antenna(easel, side * 0.75, 6.7)
    easel.box(Box(x=(-14, 14), y=(0.0, 0.95), z=(WALL - 0.25, WALL)), shade(concrete, 0.95))
    easel.box(Box(x=(-14, 14), y=(0.95, 1.03), z=(WALL - 0.33, WALL + 0.05)), shade(concrete, 1.15))
    rail = WALL - 0.15
    for y in (1.25, 1.5):
        easel.line([eye.at(-14, y, rail), eye.at(14, y, rail)], steel, max(1.0, eye.size(0.04, rail)))
    for x in np.arange(-12, 12.1, 1.2):
        easel.line([eye.at(float(x), 1.0, rail), eye.at(float(x), 1.5, rail)], steel, max(1.0, eye.size(0.05, rail)))
    dice = np.random.default_rng(roof.seed + 3)
    for _ in range(10):
        x = float(dice.uniform(-6, 6))
        run = eye.facing((x, x + float(dice.uniform(0.1, 0.5))), (float(dice.uniform(0.1, 0.5)), 0.95), WALL - 0.25)
        easel.cover.canvas.drawPath(
            polygon(run), linear(run[0], run[3], [((0.1, 0.1, 0.1), 0.35), ((0.1, 0.1, 0.1), 0.0)])
        )
    _stair_house(easel, roof, palette, lamps)
    _ducts(easel, roof, palette)
    _bulbs(easel, palette, lamps)


def _tank(easel: Easel, palette: Palette, x: float, z: float) -> None:
    """A wooden water tank with hoops and a pointed lid, on legs."""
    eye, wood = easel.eye, palette["wood"][0]
    iron: Colour = (0.2, 0.19, 0.2)
    pen = max(1.5, eye.size(0.09, z))
    for dx in (-0.75, -0.3, 0.3, 0.75):
        easel.line([eye.at(x + dx, 0, z), eye.at(x + dx, 2.1, z)], iron, pen)
    for a, b in ((-0.75, 0.3), (0.3, -0.75), (-0.3, 0.75), (0.75, -0.3)):
        easel.line([eye.at(x + a, 0.3, z), eye.at(x + b, 2.0, z)], iron, pen * 0.5)
    easel.box(Box(x=(x - 1.0, x + 1.0), y=(2.05, 2.2), z=(z - 0.4, z)), iron)
    body = eye.facing((x - 0.95, x + 0.95), (2.2, 4.0), z)
    tones = [shade(wood, 0.5), shade(wood, 1.2), shade(wood, 0.95), shade(wood, 0.4)]
    easel.path(polygon(body), linear(body[0], body[1], tones, [0.0, 0.32, 0.6, 1.0]))
    for k in range(1, 19):
        u = x - 0.95 + 0.1 * k
        easel.line([eye.at(u, 2.2, z), eye.at(u, 4.0, z)], shade(wood, 0.45), max(0.6, eye.size(0.012, z)))
    for y in (2.4, 2.85, 3.3, 3.75):
        easel.line(
            [eye.at(x - 0.96, y, z), eye.at(x, y - 0.05, z), eye.at(x + 0.96, y, z)],
            (0.16, 0.15, 0.15),
            max(1.0, eye.size(0.035, z)),
        )
    lid = [eye.at(x - 1.05, 4.0, z), eye.at(x, 4.65, z), eye.at(x + 1.05, 4.0, z)]
    easel.path(polygon(lid), linear(lid[0], lid[2], [(0.42, 0.4, 0.4), (0.56, 0.54, 0.52), (0.2, 0.19, 0.2)]))
    easel.line([eye.at(x + 0.6, 0, z - 0.1), eye.at(x + 0.6, 2.2, z - 0.1)], (0.45, 0.43, 0.42), pen * 0.8)
    for rung in np.arange(0.3, 4.0, 0.25):
        easel.line([eye.at(x - 0.62, float(rung), z - 0.1), eye.at(x - 0.38, float(rung), z - 0.1)], iron, pen * 0.3)
    for rail in (-0.62, -0.38):
        easel.line([eye.at(x + rail, 0, z - 0.1), eye.at(x + rail, 4.1, z - 0.1)], iron, pen * 0.35)


def _antenna(easel: Easel, x: float, z: float) -> None:
    eye = easel.eye
    iron: Colour = (0.22, 0.22, 0.24)
    pen = max(1.0, eye.size(0.035, z))
    easel.line([eye.at(x, 0.9, z), eye.at(x, 4.3, z)], iron, pen * 1.2)
    for k, y in enumerate((4.2, 3.95, 3.7, 3.0)):
        half = 0.55 - 0.1 * k
        easel.line([eye.at(x - half, y, z), eye.at(x + half, y, z)], iron, pen * 0.7)
        for t in np.linspace(-half, half, 5):
            easel.line([eye.at(x + float(t), y - 0.09, z), eye.at(x + float(t), y + 0.09, z)], iron, pen * 0.5)
    for end in (-1.3, 1.3):
        easel.line([eye.at(x, 3.4, z), eye.at(x + end, 1.0, z)], iron, max(0.6, pen * 0.25))


def _stair_house(easel: Easel, roof: Roof, palette: Palette, lamps: float) -> None:
    """The head of the stairs at the other edge: a door with a lamp above it, ladders of pipe."""
    eye, side = easel.eye, -roof.side
    wall = palette["plaster"][0]
    edge = side * (1.55 if easel.frame.portrait else 2.7)
    x = (min(edge, edge + side * 6), max(edge, edge + side * 6))
    easel.box(Box(x=x, y=(0, 2.75), z=(4.9, 6.5)), wall)
    easel.box(Box(x=(x[0] - 0.12, x[1] + 0.12), y=(2.75, 2.92), z=(4.75, 6.55)), shade(wall, 0.8))
    door = edge + side * 0.45
    span = (min(door, door + side * 0.85), max(door, door + side * 0.85))
    easel.solid(eye.facing((span[0] - 0.07, span[1] + 0.07), (0, 2.08), 4.89), shade(wall, 0.6))
    face = eye.facing(span, (0, 2.0), 4.88)
    easel.path(polygon(face), linear(face[0], face[3], [palette["door"][0], shade(palette["door"][0], 0.7)]))
    easel.solid(eye.facing((span[0] + 0.12, span[1] - 0.12), (1.2, 1.8), 4.87), (0.2, 0.24, 0.28))
    middle = sum(span) / 2
    if lamps > 0.2:
        easel.panel(eye.facing((middle - 0.09, middle + 0.09), (2.25, 2.37), 4.8), palette["glow"][0], lamps)
        easel.lamp((middle, 2.2, 4.8), palette["glow"][0], 2.2 * lamps, 1.1)
        easel.lamp((middle, 0.0, 4.4), palette["glow"][0], 1.3 * lamps, 1.3)
    for k in range(3):
        pipe = edge + side * (1.6 + 0.16 * k)
        easel.line(
            [eye.at(pipe, 0, 4.85), eye.at(pipe, 2.75, 4.85)],
            vary(palette["steel"][0], np.random.default_rng(k), 0.2),
            eye.size(0.06, 4.85),
        )
    dice = np.random.default_rng(roof.seed + 6)
    for _ in range(9):
        u, top = float(dice.uniform(*x)), float(dice.uniform(1.0, 2.7))
        run = eye.facing((u, u + float(dice.uniform(0.05, 0.3))), (top - float(dice.uniform(0.4, 1.6)), top), 4.89)
        easel.cover.canvas.drawPath(
            polygon(run), linear(run[0], run[3], [((0.1, 0.1, 0.1), 0.3), ((0.1, 0.1, 0.1), 0.0)])
        )


def _ducts(easel: Easel, roof: Roof, palette: Palette) -> None:
    """Air conditioners with their fans, and a duct along the roof, under the tank."""
    eye, side, steel = easel.eye, roof.side, palette["steel"][0]
    for k in range(3):
        x = side * (1.3 + 1.15 * k) - (0.5 if side < 0 else 0)
        box = Box(x=(x, x + 0.95), y=(0.12, 1.0), z=(5.2, 5.8))
        easel.box(box, shade(steel, 1.5))
        centre = eye.at(x + 0.47, 0.56, 5.19)
        r = eye.size(0.33, 5.19)
        easel.path(skia.Path().addCircle(*centre, r), fill((0.13, 0.13, 0.14)))
        for ring in (0.35, 0.65, 1.0):
            easel.cover.canvas.drawCircle(*centre, r * ring, stroke((0.5, 0.5, 0.5), max(0.7, r * 0.04)))
        for a in np.linspace(0, np.pi, 5)[:-1]:
            dx, dy = r * float(np.cos(a)), r * float(np.sin(a))
            easel.cover.canvas.drawLine(
                centre[0] - dx,
                centre[1] - dy,
                centre[0] + dx,
                centre[1] + dy,
                stroke((0.4, 0.4, 0.4), max(0.7, r * 0.05)),
            )
    pipe = (side * 0.9, side * 8)
    easel.box(Box(x=(min(pipe), max(pipe)), y=(0.1, 0.32), z=(4.5, 4.75)), shade(steel, 1.3))


def _bulbs(easel: Easel, palette: Palette, lamps: float) -> None:
    """Strings of bulbs from the parapet's corners to the stair house."""
    eye = easel.eye
    for z, high in ((6.2, 3.5), (4.6, 3.3)):
        points = []
        for k in range(27):
            x = -6.5 + 0.5 * k
            y = high - 0.45 * float(np.sin(np.pi * ((k % 9) / 9)))
            points.append(eye.at(x, y, z))
            centre = eye.at(x, y - 0.07, z)
            if lamps > 0.2:
                easel.shine(
                    skia.Path().addCircle(*centre, max(1.4, eye.size(0.04, z))), fill(shade(palette["glow"][1], lamps))
                )
                if k % 3 == 0:
                    easel.lamp((x, y - 0.2, z), palette["glow"][0], 0.5 * lamps, 1.2)
            else:
                easel.path(skia.Path().addCircle(*centre, max(1.2, eye.size(0.035, z))), fill((0.72, 0.7, 0.62)))
        easel.line(points, (0.08, 0.08, 0.09), max(0.9, eye.size(0.014, z)))


def _light(easel: Easel, day: Daylight, ambient: Colour, roof: Roof, *, seed: int) -> None:
    """Sky and sun on what stands here: brighter toward the sun's side, faces away from it in shade."""
    light = light_map(easel.cover, ambient, easel.lamps, ceiling=0.8)
    gx, _ = easel.cover.coarse(12)
    lean = np.clip(0.5 + day.side * (gx / easel.frame.width - 0.5), 0, 1)[..., None]
    glare = lean * np.asarray(day.key, np.float32) * (0.5 * day.direct)
    light_up(easel.cover, light + glare.astype(np.float32))
    rows, columns = easel.cover.array.shape[:2]
    noise = fractal_noise(
        (rows // 3, columns // 3), np.random.default_rng(roof.seed + seed), cell=columns / 34, octaves=5, fade=0.75
    )
    light_up(easel.cover, np.repeat((0.86 + 0.28 * noise)[:, :, None], 3, axis=2))


def _near(frame: Frame, eye: Eye, roof: Roof, palette: Palette, day: Daylight, ambient: Colour, lamps: float) -> Layer:
    """Close by at the edges: planters with grasses, and a stack of crates."""
    easel = Easel(frame, eye, overscan=(0.3, 0.22))
    dice = np.random.default_rng(roof.seed + 8)
    for side in (-1, 1):
        x = side * (0.95 if frame.portrait else 1.85)
        lo, hi = min(x, x + side * 2.5), max(x, x + side * 2.5)
        easel.box(Box(x=(lo, hi), y=(0, 0.48), z=(3.0, 3.5)), palette["wood"][0])
        for k in range(1, 3):
            easel.solid(eye.facing((lo, hi), (0.16 * k - 0.01, 0.16 * k), 2.99), shade(palette["wood"][0], 0.45))
        for _ in range(60):
            base = float(dice.uniform(lo + 0.05, hi - 0.05))
            lean, tall = float(dice.normal(0, 0.14)), float(dice.uniform(0.2, 0.62))
            leaf = vary(palette["leaves"][int(dice.integers(len(palette["leaves"])))], dice, 0.35)
            foot, tip = eye.at(base, 0.45, 3.15), eye.at(base + lean, 0.45 + tall, 3.15)
            bend = eye.at(base + lean * 0.3, 0.45 + tall * 0.7, 3.15)
            wide = eye.size(0.028, 3.15)
            blade = (
                skia.Path().moveTo(*foot).quadTo(bend[0] - wide, bend[1], *tip).quadTo(bend[0] + wide, bend[1], *foot)
            )
            easel.path(blade, fill(leaf))
        if lamps > 0.3:
            easel.lamp((x, 1.0, 3.2), palette["glow"][0], 0.8 * lamps, 1.0)
    _light(easel, day, ambient, roof, seed=2)
    return easel.cover.layer(1.9)


def _foreground(frame: Frame, roof: Roof, palette: Palette, day: Daylight, lamps: float) -> Layer:
    """Two wires and, when lamps burn, a few bulbs of the string across one upper corner, out of focus."""
    sheet = Sheet(frame, overscan=(0.38, 0.28), scale=0.5)
    lit = sheet.twin()
    w, h, unit = frame.width, frame.height, min(frame.width, frame.height)
    _, top, _, _ = sheet.bounds
    x = w * (0.5 + roof.side * 0.49)
    tone = shade(mix(day.fill, day.lit, 0.2), 0.22)
    for k in range(2):
        path = (
            skia.Path()
            .moveTo(x + roof.side * w * 0.45, h * (0.06 + 0.05 * k))
            .quadTo(x - roof.side * w * 0.12, h * (0.09 + 0.05 * k), x - roof.side * w * 0.24, top)
        )
        sheet.canvas.drawPath(path, stroke(shade(tone, 0.4), unit * 0.007))
    if lamps > 0.2:
        for k in range(3):
            centre = (x - roof.side * w * (0.05 + 0.065 * k), h * (0.055 - 0.03 * k))
            lit.canvas.drawCircle(*centre, unit * 0.02, fill(shade(palette["glow"][0], 0.8 * lamps)))
        glow(lit, tight=0.003 * h, wide=0.014 * h, strength=0.6)
        add_light(sheet, lit)
    return sheet.layer(0.55)
