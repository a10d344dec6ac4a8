"""A street of old houses, shops and plane trees under an open sky; one side in the sun, the other in shade.

At night its lamps and windows are lit; in rain its road mirrors them.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Frame, Layer, Scene, Setting
from samecast.models.storyboard.scenes.brush import (
    Eye,
    Floats,
    Sheet,
    as_floats,
    fill,
    fractal_noise,
    haze,
    light_map,
    light_up,
    mix,
    polygon,
    radial,
    shade,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.houses import (
    PAVEMENT,
    House,
    Palette,
    build_houses,
    cafe_table,
    paint_house,
    pavements,
    street_lamp,
    street_tree,
)
from samecast.models.storyboard.scenes.interior import LAMPLIGHT, blurred_leaves
from samecast.models.storyboard.scenes.sky import (
    Daylight,
    daylight,
    paint_sky,
    sky_grade,
    subject_exposure,
    sun_lights,
)
from samecast.models.storyboard.scenes.stall import walker, wire
from samecast.models.storyboard.scenes.wet_ground import lay_ground, mirror_of

HALF_WIDTH = 4.6
SLICES = ((24.0, 90.0, 14.0, (0.12, 0.1)), (9.0, 24.0, 6.0, (0.18, 0.13)), (1.0, 9.0, 2.4, (0.3, 0.22)))
"""Near end, far end (metres), depth, overscan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """The street as laid out; `things` are (kind, x, z, seed), far to near."""

    houses: list[House]
    things: list[tuple[str, float, float, int]]
    seed: int


def paint(setting: Setting) -> Scene:
    """The street under the hour's own light."""
    frame, dice = setting.frame, setting.dice
    day = daylight(setting)
    palette: Palette = {**setting.palette, "ambient": (shade(day.fill, 1.05),), "pane": (mix(day.haze, day.fill, 0.4),)}
    eye = _eye(frame, dice)
    street = _lay_out(dice, palette)
    lamps = LAMPLIGHT[setting.time] if setting.time != "day" else 0.12
    if day.cover > 0.7:
        lamps = max(lamps, 0.45)
    placed = replace(setting, palette=palette)

    def draw(easel: Easel) -> None:
        _stand(easel, street, palette, lamps, (1.2, 40.0), umbrellas=setting.wet)

    white = shade(day.lit, 0.9)
    mirror = mirror_of(
        frame, eye, draw, sky=(day.haze, mix(day.haze, day.fill, 0.6)), ambient=mix(palette["ambient"][0], white, 0.4)
    )
    layers: list[Layer] = [paint_sky(setting, horizon=eye.vanish[1] / frame.height, overscan=(0.1, 0.08), scale=0.4)]
    for near, far, depth, overscan in SLICES:
        easel = Easel(frame, eye, overscan=overscan, scale=0.6 if depth > 10 else 1.0)
        if depth > 10:
            _far_end(easel, street, day)
        _stand(easel, street, palette, lamps, (near, far), umbrellas=setting.wet)
        sun = _sun(easel, day, street)
        _light(easel, palette["ambient"][0], sun, seed=int(depth * 10))
        lay_ground(easel, mirror, far, placed, sun=sun)
        easel.kindle(strength=0.4 + 0.5 * lamps)
        thick = min(0.75, (0.22 if depth > 10 else 0.05 if depth > 5 else 0.0) * day.thick * 1.3)
        if thick:
            haze(easel.cover, day.haze, thick)
        layers.extend([easel.merged(depth)] if depth > 10 else easel.layers(depth))
    layers.append(_foreground(frame, palette, day, street.seed))
    return Scene(
        place="day_street",
        layers=tuple(layers),
        lights=sun_lights(setting),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=day.haze,
        subject_exposure=subject_exposure(setting),
        grade=sky_grade(setting),
    )


def _eye(frame: Frame, dice: np.random.Generator) -> Eye:
    focal = 0.8 * float(np.sqrt(frame.width * frame.height))
    x = 0.5 + float(dice.uniform(-0.06, 0.06))
    y = (0.5 if frame.portrait else 0.54) + float(dice.uniform(-0.02, 0.02))
    return Eye(vanish=(x * frame.width, y * frame.height), focal=focal, height=1.5)


def _lay_out(dice: np.random.Generator, palette: Palette) -> Street:
    houses = build_houses(dice, palette, half_width=HALF_WIDTH, far=85)
    things: list[tuple[str, float, float, int]] = []
    kerb = HALF_WIDTH - PAVEMENT + 0.35
    for side in (-1, 1):
        z = 6.5 + float(dice.uniform(0, 3))
        while z < 60:
            kind = str(dice.choice(["tree", "tree", "lamp"]))
            things.append((kind, side * kerb, z, int(dice.integers(1 << 30))))
            z += float(dice.uniform(4.0, 7.0))
        for _ in range(2):
            things.append(("table", side * (kerb + 0.45), float(dice.uniform(7.0, 15.0)), int(dice.integers(1 << 30))))
    for _ in range(6):
        things.append(
            ("person", float(dice.uniform(-3.4, 3.4)), float(dice.uniform(13, 34)), int(dice.integers(1 << 30)))
        )
    things.append(("lamp", float(dice.choice([-1, 1])) * kerb, 8.2, 0))
    return Street(houses=houses, things=sorted(things, key=lambda t: -t[2]), seed=int(dice.integers(1 << 30)))


def _stand(
    easel: Easel, street: Street, palette: Palette, lamps: float, reach: tuple[float, float], *, umbrellas: bool
) -> None:
    """Pavements, houses and what stands before them between two distances."""
    near = reach[0] * (0.75 if reach[0] > 1.5 else 1.0)
    pavements(easel, HALF_WIDTH, (near, reach[1]), palette)
    for house in street.houses:
        if house.z[1] > near and house.z[0] < reach[1]:
            paint_house(easel, house, palette, lamps)
    for kind, x, z, seed in street.things:
        if not reach[0] <= z < reach[1]:
            continue
        if kind == "tree":
            street_tree(easel, x, z, palette, seed, tall=5.6 if z < 24 else 6.5)
        elif kind == "lamp":
            street_lamp(easel, x, z, palette, lamps)
        elif kind == "table":
            cafe_table(easel, x, z, palette, seed)
        else:
            hue = palette["awnings"][seed % len(palette["awnings"])]
            walker(easel, x, z, hue, umbrella_up=umbrellas)
    if reach[0] < 20:
        for k, z in enumerate((12.0, 17.5)):
            if reach[0] <= z < reach[1]:
                wire(easel, (-HALF_WIDTH, 6.4 + k, z), (HALF_WIDTH, 6.7 + k, z), 0.5)
                _bunting(easel, palette, 6.4 + k, z, lamps)


def _bunting(easel: Easel, palette: Palette, y: float, z: float, lamps: float) -> None:
    """Small flags on the line over the street, and bulbs between them."""
    eye = easel.eye
    for k in range(22):
        t = (k + 0.5) / 22
        x = -HALF_WIDTH + 2 * HALF_WIDTH * t
        low = y + 0.3 * t - 0.5 * 4 * t * (1 - t)
        hue = palette["petals"][k % len(palette["petals"])]
        easel.solid([eye.at(x - 0.14, low, z), eye.at(x + 0.14, low, z), eye.at(x, low - 0.3, z)], hue)
        if lamps > 0.5 and k % 2:
            centre = eye.at(x + 0.2, low - 0.05, z)
            easel.lit.canvas.drawCircle(*centre, max(1.5, eye.size(0.05, z)), fill(palette["glow"][0]))


def _far_end(easel: Easel, street: Street, day: Daylight) -> None:
    """What closes the view: a church tower and the roofs around it, pale with distance."""
    eye, dice = easel.eye, np.random.default_rng(street.seed)
    tone = mix(day.haze, shade(day.fill, 0.6), 0.45)
    for _ in range(14):
        x, wide, tall = float(dice.uniform(-30, 30)), float(dice.uniform(5, 10)), float(dice.uniform(6, 13))
        easel.solid(eye.facing((x, x + wide), (0, tall), 150), shade(tone, float(dice.uniform(0.92, 1.06))))
        easel.solid(
            [eye.at(x - 0.5, tall, 150), eye.at(x + wide + 0.5, tall, 150), eye.at(x + wide / 2, tall + 3, 150)],
            shade(tone, 0.9),
        )
    x = float(dice.uniform(-5, 3))
    easel.solid(eye.facing((x, x + 5), (0, 26), 140), shade(tone, 0.95))
    easel.solid([eye.at(x - 0.4, 26, 140), eye.at(x + 5.4, 26, 140), eye.at(x + 2.5, 42, 140)], shade(tone, 0.82))
    easel.solid(eye.facing((x + 1.7, x + 3.3), (17, 22), 139), shade(tone, 0.75))


# --- light ----------------------------------------------------------------------------------------------------------


def _sun(easel: Easel, day: Daylight, street: Street) -> Floats:
    """Where the sun reaches, as light to add (rows x columns x 3): one wall above the shadow of the other side's roofs,
    a band of the road, dappled where trees stand between."""
    eye = easel.eye
    mask = Sheet(easel.frame, overscan=easel.cover.overscan, scale=0.25)
    sunny = -day.side
    edge = 1.6 + 9.0 * (1 - min(1.0, 0.35 + day.elevation))
    dice = np.random.default_rng(street.seed + 2)
    white: Colour = (1.0, 1.0, 1.0)
    x = sunny * HALF_WIDTH
    z, outline = 0.8, [eye.at(x, 40, 0.8)]
    while z < 90:  # the shadow of an uneven row of roofs
        level = max(-0.5, edge + float(dice.uniform(-1.4, 1.4)))
        step = float(dice.uniform(3.0, 7.0))
        outline += [eye.at(x, level, z), eye.at(x, level, z + step)]
        z += step
    outline.append(eye.at(x, 40, 90))
    far_out = sunny * 60
    mask.canvas.drawPath(polygon([*outline, eye.at(x, 40, 90)]), fill(white))
    above = [eye.at(x, 7.0, 0.8), eye.at(x, 7.0, 90), eye.at(far_out, 60, 90), eye.at(far_out, 60, 0.8)]
    mask.canvas.drawPath(polygon(above), fill(white))
    if edge < 6:
        band = sorted((sunny * HALF_WIDTH, sunny * (HALF_WIDTH - 5.5 + edge)))
        mask.canvas.drawPath(polygon(eye.level((band[0], band[1]), 0, (0.8, 90))), fill(white))
    for z in (3.2, 7.5, 14.0, 24.0, 36.0):  # gaps between houses let a bar of sun across the road
        bar = eye.level((-HALF_WIDTH, HALF_WIDTH), 0, (z, z * 1.16))
        mask.canvas.drawPath(polygon(bar), fill(white, 0.9))
    coverage = mask.array[..., 3].astype(np.float32) / 255
    dapple = fractal_noise(coverage.shape, dice, cell=coverage.shape[1] / 16, octaves=4, fade=0.8)
    coverage *= np.clip(0.5 + (dapple - 0.42) * 3.2, 0.25, 1.0)
    soft = as_floats(cv2.GaussianBlur(coverage, (0, 0), 1.5))
    return as_floats(soft[..., None] * (np.asarray(day.key, np.float32) * np.float32(1.35 * day.direct)))


def _light(easel: Easel, ambient: Colour, sun: Floats, *, seed: int) -> None:
    rows, columns = easel.cover.array.shape[:2]
    light = cv2.resize(
        light_map(easel.cover, ambient, easel.lamps, ceiling=0.7), sun.shape[1::-1], interpolation=cv2.INTER_LINEAR
    )
    light_up(easel.cover, light + sun)
    noise = fractal_noise(
        (rows // 3, columns // 3), np.random.default_rng(seed), cell=columns / 30, octaves=5, fade=0.75
    )
    light_up(easel.cover, np.repeat((0.88 + 0.24 * noise)[:, :, None], 3, axis=2))


def _foreground(frame: Frame, palette: Palette, day: Daylight, seed: int) -> Layer:
    """Leaves hanging into the picture at the sunny side's upper corner, and a parasol's edge at the other."""
    sheet = Sheet(frame, overscan=(0.38, 0.28), scale=0.5)
    w, h, unit = frame.width, frame.height, min(frame.width, frame.height)
    dice = np.random.default_rng(seed + 5)
    light = mix(day.fill, day.lit, 0.35 * day.direct)
    for k in range(150):
        spread = float(dice.exponential(0.3))
        x = w * (0.5 + day.side * 0.58) - day.side * unit * spread * 0.55
        y = -0.06 * h + unit * float(dice.uniform(0, 0.42)) * max(0.0, 1.0 - spread * 1.1)
        leaf = palette["leaves"][k % len(palette["leaves"])]
        tone: Colour = (leaf[0] * light[0], leaf[1] * light[1], leaf[2] * light[2])
        size = unit * float(dice.uniform(0.015, 0.034))
        if abs(x / w - 0.5) - size / w < 0.26:
            continue
        sheet.canvas.drawOval(
            skia.Rect(x - size, y - size * 0.6, x + size, y + size * 0.6),
            fill(shade(tone, float(dice.uniform(0.4, 1.3)))),
        )
    corner = (w * (0.5 - day.side * 0.6), h + unit * 0.14)
    green = palette["leaves"][0]
    dark: Colour = (green[0] * day.fill[0], green[1] * day.fill[1], green[2] * day.fill[2])
    blurred_leaves(sheet, dice, corner=corner, size=unit * 0.36, colour=dark, count=20)
    bloom = palette["petals"][0]
    for _ in range(9):
        x, y = corner[0] + day.side * unit * float(dice.uniform(0.02, 0.17)), h - unit * float(dice.uniform(0.0, 0.16))
        r = unit * float(dice.uniform(0.012, 0.022))
        hue: Colour = (bloom[0] * light[0], bloom[1] * light[1], bloom[2] * light[2])
        sheet.canvas.drawCircle(x, y, r, radial((x, y), r, [shade(hue, 1.3), shade(hue, 0.7)]))
    return sheet.layer(0.55)
