"""A narrow Tokyo street of bars in one-point perspective: neon, a ramen stall, wires, and the wet ground under it all.

Laid out in metres by the dice, painted in four slices of distance. The wet ground mirrors the slices as they are.
"""

from dataclasses import dataclass, replace

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Frame, Grade, Layer, Light, Scene, Setting
from samecast.models.storyboard.scenes.alley import (
    Facade,
    Palette,
    Sign,
    build_facades,
    build_signs,
    paint_facade,
    paint_sign,
    pick,
)
from samecast.models.storyboard.scenes.brush import (
    Eye,
    Sheet,
    add_light,
    fill,
    fractal_noise,
    glow,
    light_up,
    linear,
    mix,
    radial,
    shade,
    stroke,
    vary,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.stall import (
    HALF_WIDTH,
    StallPlace,
    lantern_string,
    stall,
    vending_machine,
    walker,
    wire,
)
from samecast.models.storyboard.scenes.wet_ground import lay_ground, mirror_of

LAMPS = {"night": 1.0, "dusk": 0.95, "dawn": 0.7, "golden hour": 0.55, "day": 0.4}
SKYLIGHT = {"night": 1.0, "dusk": 1.0, "dawn": 1.15, "golden hour": 1.35, "day": 1.7}
"""How many times the palette's ambient colour falls on the walls."""
EXPOSURE = {"night": -1.5, "dusk": -1.0, "dawn": -0.5, "golden hour": -0.2, "day": -0.05}
GROUND_RANGE = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One stretch of the street: metres from `z[0]` (painted a little nearer, hidden) to `z[1]`."""

    z: tuple[float, float]
    depth: float
    overscan: tuple[float, float]
    scale: float
    air: float


SLICES = (
    Slice(z=(21.0, GROUND_RANGE), depth=13.0, overscan=(0.12, 0.08), scale=0.6, air=0.34),
    Slice(z=(8.6, 21.0), depth=5.5, overscan=(0.18, 0.12), scale=1.0, air=0.10),
    Slice(z=(0.9, 8.6), depth=2.3, overscan=(0.3, 0.2), scale=1.0, air=0.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """The street as laid out, before any paint."""

    facades: list[Facade]
    signs: list[Sign]
    stall: StallPlace
    machine_z: float
    wires: list[tuple[tuple[float, float, float], tuple[float, float, float], float]]
    walkers: list[tuple[float, float, Colour]]
    seed: int


def paint(setting: Setting) -> Scene:
    """The neon street at the setting's time of day; its ground is wet in rain."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    eye = _eye(frame, dice)
    street = _lay_out(dice, palette)
    lamps = LAMPS[setting.time]
    ground = _mirror(frame, eye, street, setting)
    ambient = _brighter(palette["ambient"][0], SKYLIGHT[setting.time])
    daylit = replace(setting, palette={**palette, "ambient": (ambient,)})
    layers: list[Layer] = [_backdrop(frame, eye, setting)]
    for part in SLICES:
        easel = Easel(frame, eye, overscan=part.overscan, scale=part.scale, lit_scale=0.5 if part.scale == 1 else 1.0)
        _paint_slice(easel, street, part, palette, lamps, umbrellas=setting.wet)
        _light(easel, part, daylit)
        lay_ground(easel, ground, part.z[1], daylit)
        _shine(easel, part, setting)
        layers.extend([easel.merged(part.depth)] if part is SLICES[0] else easel.layers(part.depth))
    layers.append(_foreground(frame, setting))
    return Scene(
        place="neon_street",
        layers=tuple(layers),
        lights=_lights(street, setting),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=palette["air"][0],
        subject_exposure=EXPOSURE[setting.time],
        grade=_grade(setting),
    )


def _eye(frame: Frame, dice: np.random.Generator) -> Eye:
    focal = 0.66 * float(np.sqrt(frame.width * frame.height))
    x = 0.5 + float(dice.uniform(-0.07, 0.07))
    y = (0.47 if frame.portrait else 0.52) + float(dice.uniform(-0.02, 0.03))
    return Eye(vanish=(x * frame.width, y * frame.height), focal=focal, height=1.45)


def _lay_out(dice: np.random.Generator, palette: Palette) -> Street:
    facades = build_facades(dice, palette, half_width=HALF_WIDTH, far=66, shops=0.78)
    signs = build_signs(dice, palette, half_width=HALF_WIDTH, near=3.3, far=48)
    wires = []
    for _ in range(16):
        z = float(dice.uniform(3.0, 22.0))
        y = float(dice.uniform(3.6, 7.5)) + z * 0.12
        wires.append(
            (
                (-HALF_WIDTH - 0.3, y, z),
                (HALF_WIDTH + 0.3, y + float(dice.uniform(-1.2, 1.2)), z + float(dice.uniform(-1.5, 3.0))),
                float(dice.uniform(0.25, 0.9)),
            )
        )
    walkers = []
    for _ in range(int(dice.integers(3, 6))):
        z = float(dice.uniform(11.0, 30.0))
        walkers.append((float(dice.uniform(-1.7, 1.7)), z, vary(pick(palette["neon"], dice), dice, 0.2)))
    return Street(
        facades=facades,
        signs=signs,
        stall=StallPlace(
            side=int(dice.choice([-1, 1])), z=float(dice.uniform(5.2, 6.4)), seed=int(dice.integers(1 << 30))
        ),
        machine_z=float(dice.uniform(4.2, 5.4)),
        wires=wires,
        walkers=sorted(walkers, key=lambda w: -w[1]),
        seed=int(dice.integers(1 << 30)),
    )


# --- the slices ---------------------------------------------------------------------------------------------------


def _paint_slice(easel: Easel, street: Street, part: Slice, palette: Palette, lamps: float, *, umbrellas: bool) -> None:
    """Everything standing between the slice's ends, far to near; a facade that runs on is painted in both slices."""
    near = part.z[0] * (0.72 if part.z[0] > 1 else 1.0)
    for facade in street.facades:
        if facade.z[1] > near and facade.z[0] < part.z[1]:
            paint_facade(easel, facade, palette, lamps)
            for sign in street.signs:
                if sign.side == facade.side and facade.z[0] <= sign.z < facade.z[1] and _inside(part, sign.z):
                    paint_sign(easel, sign, lamps)
    for person in street.walkers:
        if _inside(part, person[1]):
            walker(easel, *person, umbrella_up=umbrellas)
    if _inside(part, street.stall.z):
        stall(easel, street.stall, palette, lamps)
        vending_machine(easel, -street.stall.side, street.machine_z, lamps)
    for start, end, sag in street.wires:
        if _inside(part, start[2]):
            wire(easel, start, end, sag)
    if part.z[0] > 1 and part.z[0] < 20:
        lantern_string(easel, street.seed, palette, lamps)


def _inside(part: Slice, z: float) -> bool:
    return part.z[0] <= z < part.z[1]


def _light(easel: Easel, part: Slice, setting: Setting) -> None:
    """Light the walls, grime and all."""
    rows, columns = easel.cover.array.shape[:2]
    shape = (rows // 3, columns // 3)
    dice = np.random.default_rng(int(part.depth * 10))
    cell = min(easel.frame.width, easel.frame.height) * 0.09
    grime = fractal_noise(shape, dice, cell=cell, octaves=5, fade=0.75)
    streaks = fractal_noise(shape, dice, cell=cell * 0.35, octaves=3, stretch=(1.0, 7.0))
    easel.illuminate(
        _brighter(setting.palette["ambient"][0], SKYLIGHT[setting.time]), 0.55 + 0.5 * grime + 0.4 * streaks
    )


def _brighter(colour: Colour, gain: float) -> Colour:
    """The colour times `gain`, not clipped: light may be more than white."""
    return colour[0] * gain, colour[1] * gain, colour[2] * gain


def _shine(easel: Easel, part: Slice, setting: Setting) -> None:
    """Glow, and the air in front."""
    lamps = LAMPS[setting.time]
    easel.kindle(strength=0.55 + 0.45 * lamps)
    if part.air:
        easel.veil(mix(setting.palette["air"][0], setting.palette["core"][0], 0.25), part.air)


# --- the wet ground ------------------------------------------------------------------------------------------------


def _mirror(frame: Frame, eye: Eye, street: Street, setting: Setting) -> Sheet:
    """The street upside down, as the wet ground sees it."""
    everything = Slice(z=(1.0, 40.0), depth=1.0, overscan=(0.3, 0.2), scale=0.25, air=0.0)
    palette = setting.palette
    sky = palette["sky"]

    def draw(easel: Easel) -> None:
        _paint_slice(easel, street, everything, palette, LAMPS[setting.time], umbrellas=setting.wet)

    return mirror_of(
        frame, eye, draw, sky=(mix(sky[3], palette["core"][0], 0.3), sky[2], sky[1]), ambient=palette["ambient"][0]
    )


# --- behind, in front, and the light on whoever stands here ----------------------------------------------------------


def _backdrop(frame: Frame, eye: Eye, setting: Setting) -> Layer:
    """Sky, towers in haze, and the glow the street ends in."""
    palette, dice = setting.palette, setting.dice
    sheet = Sheet(frame, overscan=(0.1, 0.08), scale=0.5)
    left, top, right, bottom = sheet.bounds
    x, y = eye.vanish
    sheet.canvas.drawRect(
        skia.Rect(left, top, right, bottom), linear((0, top), (0, y), list(palette["sky"]), [0.0, 0.35, 0.72, 1.0])
    )
    lit = sheet.twin()
    lamps = LAMPS[setting.time]
    for row, (distance, count) in enumerate(((300.0, 9), (190.0, 7), (120.0, 6))):
        body = mix(palette["towers"][0], mix(palette["sky"][2], palette["air"][0], 0.5), 0.62 - 0.28 * row)
        for _ in range(count):
            middle = float(dice.normal(0, 52 + 10 * row)) * distance / 190
            wide = float(dice.uniform(9, 22)) * distance / 190
            tall = float(dice.uniform(35, 150)) * distance / 220
            _tower(sheet, lit, eye, (middle, wide, tall, distance), body, dice, lamps)
    clouds = fractal_noise((90, 60), dice, cell=26, stretch=(2.0, 0.8))
    texture_of_sky = 0.86 + 0.28 * clouds
    light_up(sheet, np.repeat(texture_of_sky[:, :, None], 3, axis=2))
    glow(lit, tight=1.2, wide=0.012 * max(frame.width, frame.height), strength=0.8)
    add_light(sheet, lit, 0.9)
    reach = 0.42 * max(frame.width, frame.height)
    core = palette["core"]
    sheet.canvas.drawRect(
        skia.Rect(left, top, right, bottom),
        radial((x, y), reach, [(core[1], 0.55), (core[0], 0.26), (palette["air"][0], 0.0)], [0.0, 0.25, 1.0]),
    )
    return sheet.layer(45.0)


def _tower(
    sheet: Sheet,
    lit: Sheet,
    eye: Eye,
    place: tuple[float, float, float, float],
    body: Colour,
    dice: np.random.Generator,
    lamps: float,
) -> None:
    middle, wide, tall, distance = place
    left, top = eye.at(middle - wide / 2, tall, distance)
    right, _ = eye.at(middle + wide / 2, 0, distance)
    sheet.canvas.drawRect(skia.Rect(left, top, right, eye.vanish[1] + 60), fill(body))
    lit.canvas.drawRect(skia.Rect(left, top, right, eye.vanish[1] + 60), fill((0, 0, 0)))
    if dice.random() < 0.4:
        sheet.canvas.drawRect(
            skia.Rect((left + right) / 2 - 1, top - (right - left) * 0.5, (left + right) / 2 + 1, top), fill(body)
        )
        lit.canvas.drawCircle(
            (left + right) / 2, top - (right - left) * 0.5, 2.0, fill(shade((1.0, 0.15, 0.12), lamps))
        )
    dense = float(dice.uniform(0.04, 0.3))
    step = max(4.5, (right - left) / 9)
    rows = int((eye.vanish[1] - top) / (step * 1.3))
    for i in range(int((right - left) / step)):
        for k in range(rows):
            if dice.random() < dense:
                warm = (1.0, 0.78, 0.5) if dice.random() < 0.7 else (0.6, 0.85, 1.0)
                u, v = left + (i + 0.3) * step, top + (k + 0.4) * step * 1.3
                lit.canvas.drawRect(
                    skia.Rect(u, v, u + step * 0.45, v + step * 0.5),
                    fill(shade(warm, float(dice.uniform(0.1, 0.45)) * lamps)),
                )


def _foreground(frame: Frame, setting: Setting) -> Layer:
    """Lanterns on their wires, out of focus at one upper corner. Nothing over the middle."""
    palette, dice, lamps = setting.palette, setting.dice, LAMPS[setting.time]
    sheet = Sheet(frame, overscan=(0.35, 0.25), scale=0.5)
    lit = sheet.twin()
    w, h = frame.width, frame.height
    _, top, _, _ = sheet.bounds
    side = 1 if dice.random() < 0.5 else -1
    unit = min(w, h)
    for k in range(3):
        x = w * (0.5 - side * (0.50 - 0.085 * k)) + unit * 0.01
        y = h * (0.02 + 0.035 * ((2 - k) % 3))
        r = unit * (0.075 - 0.012 * k)
        sheet.canvas.drawLine(x, top, x, y, stroke((0.04, 0.03, 0.05), unit * 0.006))
        oval = skia.Rect(x - r, y - r * 1.2, x + r, y + r * 1.2)
        colour = palette["lantern"][k % 2]
        sheet.canvas.drawOval(oval, fill(shade(colour, 0.25)))
        lit.canvas.drawOval(
            oval,
            radial(
                (x, y + r * 0.3),
                r * 1.2,
                [shade(mix(colour, (1, 0.8, 0.5), 0.4), lamps * 0.85), shade(colour, lamps * 0.3)],
            ),
        )
    glow(lit, tight=0.004 * h, wide=0.016 * h, strength=0.6)
    add_light(sheet, lit)
    return sheet.layer(0.5)


def _lights(street: Street, setting: Setting) -> tuple[Light, ...]:
    """Rim light from each wall in the mean colour of its nearer signs; a soft key from the warmer, nearer side."""
    palette, lamps = setting.palette, LAMPS[setting.time]
    rims = []
    for side in (-1, 1):
        near = [s for s in street.signs if s.side == side and s.z < 16]
        weights = np.asarray([s.level / s.z for s in near], np.float32)
        mean = (np.asarray([s.colour for s in near], np.float32) * weights[:, None]).sum(axis=0) / weights.sum()
        vivid = mean - 0.8 * mean.min()
        vivid = vivid / max(float(vivid.max()), 0.01)
        colour = (float(vivid[0]), float(vivid[1]), float(vivid[2]))
        rims.append(
            Light(colour=colour, strength=1.25 * lamps, direction=(side * 0.86, 0.25, -0.45), role="rim", flicker=0.06)
        )
    day = 1.0 - lamps
    sky = mix(palette["ambient"][0], (1.0, 1.0, 1.0), 0.35)
    key = Light(
        colour=mix(palette["warm"][2], sky, min(1.0, 0.25 + day)),
        strength=0.75,
        direction=(street.stall.side * 0.55, 0.35, 0.75),
        role="key",
        flicker=0.02,
    )
    return (
        key,
        *rims,
        Light(
            colour=mix(palette["ambient"][0], palette["air"][0], 0.3),
            strength=0.4,
            direction=(0.0, 0.6, 0.5),
            role="fill",
        ),
    )


def _grade(setting: Setting) -> Grade:
    if setting.time in ("night", "dusk"):
        return Grade(
            exposure=0.05,
            contrast=1.08,
            saturation=1.08,
            shadows=(0.0, 0.005, 0.03),
            highlights=(0.02, 0.0, 0.01),
            bloom=0.45,
        )
    return Grade(contrast=1.03, saturation=1.03, bloom=0.2)
