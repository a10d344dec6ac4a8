"""A winter plain: drifts with blue shadows, pines bowed with snow, low hills, glints in the near snow."""

import numpy as np

from samecast.models.storyboard.scene import Layer, Scene, Setting
from samecast.models.storyboard.scenes.foliage import grass, needles, pine, tones_of
from samecast.models.storyboard.scenes.noise import Field, blur, lerp, mix, ramp, ridged, sample, smooth, strand, tile
from samecast.models.storyboard.scenes.plate import Pixels, Plate, scaled, shaded, stack
from samecast.models.storyboard.scenes.sky import daylight, paint_sky, sky_grade, subject_exposure, sun_lights
from samecast.models.storyboard.scenes.terrain import (
    Relief,
    View,
    hazed,
    illuminate,
    paint_land,
    sunlight,
    survey,
    visible_row,
)

HORIZON, GROUND = 0.5, 1.03
_CLIMB = {"dawn": 0.24, "day": 0.6, "golden hour": 0.26, "dusk": 0.3, "night": 0.6}


def paint(setting: Setting) -> Scene:
    layers = stack(
        (
            paint_sky(setting, horizon=HORIZON),
            _hills(setting),
            _drifts(setting, "far", (10.0, 34.0), 15.0, trees=150),
            _drifts(setting, "middle", (3.8, 11.0), 6.0, trees=16),
            _drifts(setting, "near", (0.42, 4.4), 2.3, trees=0),
            _side(setting),
            _frame(setting),
        ),
        _glints(setting),
    )
    return Scene(
        place="snowfield",
        layers=layers,
        lights=sun_lights(setting),
        horizon=HORIZON,
        ambient=daylight(setting).haze,
        subject_exposure=subject_exposure(setting),
        ground=GROUND - 0.04,
        grade=sky_grade(setting),
    )


def _hills(setting: Setting) -> Layer:
    """Low white hills at the horizon, dark forest in bands on them."""
    day, dice = daylight(setting), strand(setting, "hills")
    plate = Plate(setting.frame)
    view = View(horizon=HORIZON, eye=1.0)
    shift = dice.uniform(0.0, 1.0, 6)
    tall = 5.5 * (setting.frame.height / setting.frame.width) ** 0.3

    def heights(x: Field, z: Field) -> Field:
        u, v = x / 90.0, z / 90.0
        hills = sample(tile("soft", 256, 2.2), u * 0.3 + shift[0], v * 0.3 + shift[1])
        crest = sample(ridged("spur", 512, 2.3), u * 0.7 + shift[2], v * 0.7 + shift[3])
        rise = smooth(32.0, 60.0, z) * smooth(92.0, 75.0, z)
        return np.asarray((hills * 1.5 + crest * 0.45 - 0.6) * tall * rise, np.float32)

    relief = survey(plate, view, (30.0, 90.0), 200, heights, even=0.0)
    sun = sunlight(relief, day, _CLIMB[setting.time], soft=0.2, roughness=0.2)
    wood = sample(tile("moss", 256, 1.6), relief.x * 0.012 + shift[4], relief.z * 0.03 + shift[5])
    spike = sample(tile("fibre", 512, 1.2, 4.0), relief.x * 0.06, relief.z * 0.06)
    forest = smooth(0.5, 0.58, np.asarray(wood + (spike - 0.5) * 0.25)) * smooth(88.0, 70.0, relief.z)
    albedo = lerp(
        ramp(setting.palette["snow"], np.asarray(spike)), setting.palette["leaf"][1], forest * np.float32(0.85)
    )
    colour = hazed(illuminate(albedo, sun, day), relief, day.haze, 75.0 / (1.0 + 0.9 * day.thick), least=0.05)
    paint_land(plate, view, relief, colour)
    return plate.layer(48.0)


def _pines(setting: Setting, name: str, height: float, count: int) -> list[Pixels]:
    day, dice = daylight(setting), strand(setting, "pines " + name)
    leaf, snow = tones_of(setting.palette["leaf"], day), tones_of(setting.palette["snow"], day)
    return [pine(dice, height, leaf, day.side, snow) for _ in range(count)]


def _drifts(setting: Setting, name: str, reach: tuple[float, float], depth: float, *, trees: int) -> Layer:
    """Snow between two distances: long soft drifts with a sharper lee edge, sastrugi close by; pines standing on it."""
    day, dice = daylight(setting), strand(setting, "drifts " + name)
    near = depth < 4
    plate = Plate(setting.frame, overscan=(0.3, 0.12) if near else (0.18, 0.1), scale=0.7 if near else 0.5)
    view = View.standing(setting.frame, HORIZON, GROUND)
    shift = dice.uniform(0.0, 1.0, 8)
    wave = reach[1] * 0.55

    def heights(x: Field, z: Field) -> Field:
        u, v = x / wave, z / wave
        swell = sample(tile("soft", 256, 2.2), u * 0.1 + shift[0], v * 0.16 + shift[1])
        bend = sample(tile("warp", 256, 2.4), u * 0.2 + shift[2], v * 0.2 + shift[3]) - 0.5
        lee = sample(ridged("crest", 512, 2.4), u * 0.1 + bend * 0.2 + shift[4], v * 0.26 + bend * 0.3 + shift[5])
        carve = sample(ridged("rib", 512, 2.2), u * 0.34 + shift[6], v * 1.0 + bend * 0.3 + shift[7])
        rise = 1.0 if near else smooth(reach[0], reach[0] * 1.4, z)
        form = (swell - 0.6) * 0.9 + lee**1.5 * 0.45 + carve * (0.05 if near else 0.015)
        return np.asarray(form * rise * view.eye * wave * 0.2, np.float32)

    relief = survey(plate, view, reach, 340 if near else 220, heights, even=0.75 if near else 0.4)
    if near:
        furrow = sample(tile("swell", 512, 1.35), relief.x * 0.2 + shift[1], relief.z * 0.5 + shift[2])
        relief.slope_x[...] += np.gradient(furrow, axis=1) * np.float32(9.0) * np.exp(-relief.z / 2.5)
    sun = sunlight(relief, day, _CLIMB[setting.time], soft=0.03 * depth, roughness=0.32)
    grain = sample(tile("litter", 512, 1.15), relief.x * 0.4 + shift[3], relief.z * 0.4 + shift[4])
    albedo = ramp(setting.palette["snow"], np.asarray(np.clip(grain, 0, 1)))
    shade = np.asarray((0.9, 0.98, 1.1), np.float32)
    colour = illuminate(np.asarray(albedo * (1.0 + (shade - 1.0) * (1.0 - sun[..., None])), np.float32), sun, day, 0.92)
    colour = hazed(colour, relief, day.haze, 60.0 / (1.0 + 0.9 * day.thick))
    paint_land(plate, view, relief, colour)
    if trees:
        _plant(setting, plate, (view, relief), reach, trees)
    elif near:
        _stalks(setting, plate, view, relief)
    return plate.layer(depth)


def _plant(setting: Setting, plate: Plate, land: tuple[View, Relief], reach: tuple[float, float], count: int) -> None:
    """Pines on the drifts, in groups, each with its blue shadow lying away from the sun."""
    day, dice = daylight(setting), strand(setting, f"plant {count}")
    view, relief = land
    tall = 1.55 * view.size(plate) * view.eye
    models = _pines(setting, f"plant {count}", min(tall / reach[0], plate.unit * 0.75), 4)
    wide = max(1.0, (setting.frame.width / setting.frame.height) ** 0.7)
    centres = dice.uniform(*plate.span(), 5)
    for z in sorted(dice.uniform(reach[0] * 1.15, reach[1] * 0.92, round(count * wide)), reverse=True):
        x = float(dice.choice(centres) + dice.normal(0, 0.16))
        if reach[0] < 8 and abs(x - 0.5) < 0.17:
            x = 0.5 + (0.3 if x > 0.5 else -0.3)
        row = visible_row(plate, view, relief, float(z), x)
        if row is None:
            continue
        size = tall / float(z) * float(dice.uniform(0.6, 1.15))
        veil = 1.0 - np.exp(-float(z) * (1.0 + 0.9 * day.thick) / 60.0)
        _shadow(plate, (plate.px(x), row), size, day.side, 0.3 * day.direct * (1.0 - veil))
        model = scaled(models[int(dice.integers(4))], size)
        plate.stamp(shaded(model, (1, 1, 1), day.haze, float(veil)), plate.px(x), row + size * 0.02)


def _shadow(plate: Plate, foot: tuple[float, float], size: float, side: float, strength: float) -> None:
    """A tree's soft shadow on snow, thrown to the side."""
    wide, tall = round(size * 1.1), max(3, round(size * 0.13))
    left = round(foot[0] - (wide if side > 0 else 0))
    top = round(foot[1] - tall / 2)
    x0, x1, y0, y1 = max(left, 0), min(left + wide, plate.width), max(top, 0), min(top + tall, plate.height)
    if x1 - x0 < 2 or y1 - y0 < 2 or strength < 0.02:
        return
    u = (np.arange(x0, x1) - left) / wide
    u = u if side < 0 else 1 - u
    v = (np.arange(y0, y1) - top) / tall * 2 - 1
    mask = np.clip(1 - (np.abs(v)[:, None] / (1 - u * 0.85)[None, :]) ** 2, 0, 1) * (1 - u)[None, :] ** 0.5 * strength
    part = plate.pixels[y0:y1, x0:x1, :3].astype(np.float32)
    plate.pixels[y0:y1, x0:x1, :3] = part * (1 - mask[..., None] * np.asarray((1.0, 0.85, 0.6), np.float32))


def _stalks(setting: Setting, plate: Plate, view: View, relief: Relief) -> None:
    """Dry stalks standing out of the near snow, at the sides."""
    day, dice = daylight(setting), strand(setting, "stalks")
    straw = tones_of(setting.palette["bark"], day)
    for z in sorted(dice.uniform(1.1, 3.8, 12), reverse=True):
        x = 0.5 + (1.0 if dice.random() < 0.5 else -1.0) * float(dice.uniform(0.2, 0.6))
        row = visible_row(plate, view, relief, float(z), x)
        if row is not None:
            tall = plate.unit * float(dice.uniform(0.12, 0.24)) / float(z)
            plate.stamp(grass(dice, tall * 0.5, tall, straw, day.side, 12), plate.px(x), row + 1)


def _side(setting: Setting) -> Layer:
    """Tall snowy pines at the sides."""
    day, dice = daylight(setting), strand(setting, "side")
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.65)
    models = _pines(setting, "side", min(plate.unit * 1.0, plate.frame.height * plate.scale * 0.78), 2)
    for side in (-1.0, 1.0):
        for i in range(2):
            model = models[int(dice.integers(2))]
            tall = model.shape[0] * float(dice.uniform(0.65, 1.0)) * (1.0 if side == -day.side else 0.72)
            x = 0.5 + side * (0.43 + 0.14 * i + float(dice.uniform(0.0, 0.1)))
            foot = plate.py(HORIZON + (GROUND - HORIZON) / float(dice.uniform(2.2, 2.8)))
            plate.stamp(
                shaded(scaled(model, tall), (1, 1, 1), day.haze, min(0.7, 0.08 * (1 + day.thick))), plate.px(x), foot
            )
            heap = np.asarray(
                [
                    (plate.px(x) + tall * 0.32 * np.cos(a), foot + tall * 0.045 * np.sin(a))
                    for a in np.linspace(0, 6.2, 24)
                ]
            )
            snow = tones_of(setting.palette["snow"], day)
            plate.polygon(heap, mix(snow[1], snow[2], 0.5))
    return plate.layer(3.0)


def _glints(setting: Setting) -> Layer | None:
    """Sparks of sun or moon in the near snow."""
    day = daylight(setting)
    if day.direct < 0.3:
        return None
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.7)
    dice = strand(setting, "glints")
    spots = np.zeros(plate.shape, np.float32)
    top, bottom = int(plate.py(HORIZON + 0.2)), plate.height
    rows, columns = dice.integers(top, bottom, 420), dice.integers(0, plate.width, 420)
    spots[rows, columns] = (dice.random(420) ** 5).astype(np.float32) * 1.2
    light = spots + blur(spots, 1.0) * 2.0
    plate.add(light[..., None] * np.asarray(mix(day.glow, (1, 1, 1), 0.5), np.float32))
    return plate.layer(2.2, light=True)


def _frame(setting: Setting) -> Layer:
    """A snow-laden pine branch in an upper corner, close to the lens."""
    plate = Plate(setting.frame, overscan=(0.3, 0.2), scale=0.35)
    day, dice = daylight(setting), strand(setting, "frame")
    leaf = tones_of(setting.palette["leaf"], day, open_sky=0.7)
    snow = tones_of(setting.palette["snow"], day, open_sky=0.9, sun=0.8)
    size = plate.unit * (1.0 if setting.frame.portrait else 0.8)
    for side, length, droop in ((-day.side, 0.8, 0.34), (day.side, 0.5, 0.22)):
        branch = needles(dice, size * length, droop, leaf, snow)
        edge = plate.px(0.5 + side * 0.7)
        plate.stamp(branch, edge - side * branch.shape[1] / 2, plate.py(-0.11) + branch.shape[0], flip=side > 0)
    plate.clear_middle()
    return plate.layer(0.55, sway=0.005)
