"""A desert: rippled dunes with lit and shaded faces, mesas far off in the haze, dry grass close to the lens."""

import numpy as np

from samecast.models.storyboard.scene import Layer, Scene, Setting
from samecast.models.storyboard.scenes.foliage import grass, rock, tones_of
from samecast.models.storyboard.scenes.noise import Field, fbm, lerp, mix, ramp, sample, smooth, strand, tile
from samecast.models.storyboard.scenes.plate import Plate, scaled, stack
from samecast.models.storyboard.scenes.sky import daylight, paint_sky, sky_grade, subject_exposure, sun_lights
from samecast.models.storyboard.scenes.terrain import View, hazed, illuminate, paint_land, sunlight, survey

HORIZON, GROUND = 0.5, 1.02
_CLIMB = {"dawn": 0.26, "day": 0.85, "golden hour": 0.3, "dusk": 0.3, "night": 0.6}


def paint(setting: Setting) -> Scene:
    layers = stack(
        (
            paint_sky(setting, horizon=HORIZON),
            _mesas(setting),
            _dunes(setting, "far", (15.0, 60.0), 24.0, 2.6),
            _dunes(setting, "middle", (5.0, 17.0), 8.5, 1.25),
            _dunes(setting, "near", (0.42, 5.6), 2.4, 0.42),
            _frame(setting),
        ),
        _blown_sand(setting),
    )
    return Scene(
        place="desert",
        layers=layers,
        lights=sun_lights(setting, gain=1.05),
        horizon=HORIZON,
        ambient=daylight(setting).haze,
        subject_exposure=subject_exposure(setting),
        ground=GROUND - 0.04,
        grade=sky_grade(setting),
    )


def _mesas(setting: Setting) -> Layer:
    """Flat-topped rocks on the horizon, layered and gullied."""
    day, dice = daylight(setting), strand(setting, "mesas")
    plate = Plate(setting.frame, overscan=(0.15, 0.08), scale=0.5)
    view = View(horizon=HORIZON, eye=0.8)
    shift = dice.uniform(0.0, 1.0, 6)
    tall = 8.0 * (setting.frame.height / setting.frame.width) ** 0.25

    def heights(x: Field, z: Field) -> Field:
        u, v = x / 110.0, z / 110.0
        place = sample(tile("mesa", 256, 2.0), u * 0.75 + shift[0], v * 0.6 + shift[1])
        gully = sample(tile("gully", 512, 1.6), u * 2.2 + shift[2], v * 2.2 + shift[3])
        form = place + (gully - 0.5) * 0.12
        wall = smooth(0.585, 0.625, np.asarray(form)) * 0.62 + smooth(0.64, 0.665, np.asarray(form)) * 0.38
        talus = smooth(0.44, 0.6, np.asarray(form)) * 0.28
        fade = smooth(60.0, 72.0, z) * smooth(118.0, 108.0, z)
        return np.asarray((wall + talus + (gully - 0.5) * 0.06) * tall * fade, np.float32)

    relief = survey(plate, view, (58.0, 120.0), 220, heights, even=0.0)
    sun = sunlight(relief, day, _CLIMB[setting.time], soft=0.1)
    bands = sample(tile("bands", 256, 1.3), relief.x * 0.002 + shift[4], relief.height * 0.09 + shift[5])
    albedo = ramp(setting.palette["rock"], np.asarray(np.clip(bands, 0, 1)))
    colour = hazed(illuminate(albedo, sun, day), relief, day.haze, 85.0 / (1.0 + 0.8 * day.thick), least=0.08)
    paint_land(plate, view, relief, colour)
    return plate.layer(50.0)


def _dunes(setting: Setting, name: str, reach: tuple[float, float], depth: float, tall: float) -> Layer:
    """Dunes between two distances; their steep faces look away from the sun, so that crests part light from shade."""
    day, dice = daylight(setting), strand(setting, "dunes " + name)
    near = depth < 4
    plate = Plate(setting.frame, overscan=(0.3, 0.12) if near else (0.18, 0.1), scale=0.75 if near else 0.5)
    view = View.standing(setting.frame, HORIZON, GROUND)
    shift = dice.uniform(0.0, 1.0, 8)
    slant = float(dice.uniform(0.35, 0.75))
    wave = reach[1] * 0.42
    high = tall * view.eye / 0.64

    def heights(x: Field, z: Field) -> Field:
        warp = sample(tile("warp", 256, 2.4), x / wave * 0.16 + shift[0], z / wave * 0.16 + shift[1]) - 0.5
        along = (-day.side * x + slant * z) / wave + warp * 2.1 + shift[2]
        big = _dune(along) * (0.35 + 1.3 * sample(tile("soft", 256, 2.2), x / wave * 0.1 + shift[3], z / wave * 0.1))
        patch = sample(tile("soft", 256, 2.2), x / wave * 0.3 + shift[6], z / wave * 0.3 + shift[7])
        small = _dune(along * 2.3 + warp * 4.0 + shift[4]) * 0.3 * smooth(0.5, 0.85, patch)
        swell = sample(tile("soft", 256, 2.2), x / wave * 0.07 + shift[5], z / wave * 0.07 + shift[6])
        ends = 1.0 if near else smooth(reach[0], reach[0] * 1.5, z)
        return np.asarray(((big + small) * 0.62 + (swell - 0.75) * 0.5) * high * ends, np.float32)

    relief = survey(plate, view, reach, 420 if near else 280, heights, even=0.75 if near else 0.35)
    bent = sample(tile("warp", 256, 2.4), relief.x * 0.16 + shift[6], relief.z * 0.16 + shift[7]) - 0.5
    lines = (relief.x * day.side * 0.75 + relief.z * 0.55) * 11.0 / view.eye**0.5 + bent * 16.0
    fade = np.exp(-relief.z / 3.2)
    relief.slope_x[...] += np.cos(lines * 2 * np.pi) * 0.17 * fade
    sun = sunlight(relief, day, _CLIMB[setting.time], soft=0.03 * depth**0.5, roughness=0.05)
    grain = sample(tile("litter", 512, 1.15), relief.x * 0.2 + shift[0], relief.z * 0.2 + shift[1])
    broad = sample(tile("soft", 256, 2.2), relief.x / wave * 0.2 + shift[2], relief.z / wave * 0.2)
    albedo = ramp(setting.palette["sand"], np.asarray(np.clip(0.12 + grain * 0.4 + broad * 0.45, 0, 1)))
    if setting.wet:
        albedo = albedo * np.float32(0.72)
    if "snow" in setting.weather:
        albedo = lerp(albedo, (0.93, 0.95, 1.0), smooth(0.35, 0.6, np.asarray(grain * 0.5 + broad * 0.5 + 0.1)))
    colour = illuminate(albedo, sun, day, 0.8 + 0.2 * smooth(-0.3, 0.5, relief.height / np.float32(max(high, 1e-3))))
    colour = hazed(colour, relief, day.haze, 60.0 / (1.0 + 0.9 * day.thick))
    paint_land(plate, view, relief, colour)
    if near:
        _growth(setting, plate)
    return plate.layer(depth)


def _dune(phase: Field) -> Field:
    """One dune per unit of phase: a long windward rise, a sharp crest, a short slip face. 0..1."""
    p = phase - np.floor(phase)
    rise = np.sin(np.clip(p / 0.7, 0.0, 1.0) * (np.pi / 2)) ** 1.5
    return np.asarray(np.where(p < 0.7, rise, (1.0 - p) / 0.3) ** 1.05, np.float32)


def _growth(setting: Setting, plate: Plate) -> None:
    """A few dry tufts and stones on the near sand, beside the character."""
    day, dice = daylight(setting), strand(setting, "growth")
    straw, stone = tones_of(setting.palette["straw"], day), tones_of(setting.palette["rock"], day)
    tufts = [grass(dice, plate.unit * 0.12, plate.unit * 0.16, straw, day.side, 46) for _ in range(2)]
    for z in sorted(dice.uniform(1.3, 4.0, 9), reverse=True):
        side = 1.0 if dice.random() < 0.5 else -1.0
        x = 0.5 + side * float(dice.uniform(0.16, 0.6))
        row = plate.py(HORIZON + (GROUND - HORIZON) / float(z) * 1.12)
        if dice.random() < 0.4:
            wide = plate.unit * float(dice.uniform(0.08, 0.2)) / float(z)
            plate.stamp(rock(dice, wide, wide * 0.5, stone, day.side), plate.px(x), row)
        else:
            sprite = tufts[int(dice.integers(2))]
            plate.stamp(scaled(sprite, sprite.shape[0] * 1.4 / float(z)), plate.px(x), row, flip=side < 0)


def _blown_sand(setting: Setting) -> Layer | None:
    """Sand drifting along the ground when the air is full of dust."""
    if "dust" not in setting.weather:
        return None
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.2)
    day, dice = daylight(setting), strand(setting, "blown")
    _, y = plate.grid()
    streak = fbm(plate.shape, dice, plate.unit * 0.12, 4, aspect=5.0)
    band = np.exp(-(((y - 0.66) / 0.16) ** 2))
    sand = mix(day.haze, setting.palette["sand"][1], 0.4)
    plate.lay(sand, np.clip(smooth(0.45, 0.9, streak) * band * 0.85, 0, 1))
    return plate.layer(4.0, sway=0.03)


def _frame(setting: Setting) -> Layer:
    """Dry grass close to the lens, in the lower corners."""
    plate = Plate(setting.frame, overscan=(0.3, 0.2), scale=0.35)
    day, dice = daylight(setting), strand(setting, "frame")
    straw = tones_of(setting.palette["straw"], day, open_sky=0.8)
    for x in (-0.08, 1.08):
        tuft = grass(dice, plate.unit * 0.34, plate.unit * float(dice.uniform(0.35, 0.5)), straw, day.side, 50)
        plate.stamp(tuft, plate.px(x), plate.py(1.14), flip=bool(x > 0.5))
    plate.clear_middle()
    return plate.layer(0.55, sway=0.008)
