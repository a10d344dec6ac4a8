"""A beach: the sea to its horizon, swell breaking into foam, wet sand mirroring the sky, palms or rocks at the side."""

import numpy as np

from samecast.models.storyboard.scene import Layer, Scene, Setting
from samecast.models.storyboard.scenes.foliage import BLADE, dabs, frond, grass, palm, rock, tones_of
from samecast.models.storyboard.scenes.noise import Field, blur, lerp, mix, ramp, ridged, sample, smooth, strand, tile
from samecast.models.storyboard.scenes.plate import Plate, stack
from samecast.models.storyboard.scenes.sky import (
    daylight,
    mirrored_sky,
    paint_sky,
    sky_grade,
    subject_exposure,
    sun_lights,
)
from samecast.models.storyboard.scenes.terrain import View, hazed, illuminate, paint_land, sunlight, survey

HORIZON, GROUND = 0.47, 1.04
_CLIMB = {"dawn": 0.3, "day": 0.85, "golden hour": 0.32, "dusk": 0.35, "night": 0.7}
_LOW_SUN = {"dawn": 0.8, "day": 0.3, "golden hour": 1.0, "dusk": 0.75, "night": 0.55}


def paint(setting: Setting) -> Scene:
    layers = stack(
        (
            paint_sky(setting, horizon=HORIZON),
            _headland(setting),
            _sea(setting),
            _surf(setting),
            _shore(setting),
            _side(setting),
            _frame(setting),
        ),
        _glitter(setting),
    )
    return Scene(
        place="beach",
        layers=layers,
        lights=sun_lights(setting, gain=1.05),
        horizon=HORIZON,
        ambient=daylight(setting).haze,
        subject_exposure=subject_exposure(setting),
        ground=GROUND - 0.05,
        grade=sky_grade(setting),
    )


def _view(setting: Setting) -> View:
    return View.standing(setting.frame, HORIZON, GROUND)


def _plane(setting: Setting, plate: Plate) -> tuple[Field, Field]:
    """World x and z of level ground at every pixel; far away at and above the horizon."""
    view = _view(setting)
    x, y = plate.grid()
    below = np.maximum((y - HORIZON) * setting.frame.height * plate.scale, 0.15)
    z = np.broadcast_to(view.size(plate) * view.eye / below, plate.shape).astype(np.float32)
    across = (x - 0.5) * setting.frame.width * plate.scale / view.size(plate)
    return np.asarray(across * z, np.float32), z


def _headland(setting: Setting) -> Layer:
    """Hills running out into the sea on the side away from the sun."""
    day, dice = daylight(setting), strand(setting, "headland")
    plate = Plate(setting.frame, overscan=(0.15, 0.08), scale=0.5)
    view = View(horizon=HORIZON, eye=0.7)
    shift = dice.uniform(0.0, 1.0, 4)
    tall = 4.2 * float(dice.uniform(0.6, 1.2)) * (setting.frame.height / setting.frame.width) ** 0.3
    root = 22.0 * (setting.frame.width / setting.frame.height) ** 0.5

    def heights(x: Field, z: Field) -> Field:
        u, v = x / 60.0, z / 60.0
        crest = sample(ridged("crest", 512, 2.4), u * 0.7 + shift[0], v * 0.7 + shift[1])
        rock_form = sample(ridged("rib", 512, 2.2), u * 2.6 + shift[2], v * 2.6 + shift[3])
        reach = smooth(-0.1 * root, 1.15 * root, -day.side * x)
        mass = np.exp(-(((z - 55.0) / 13.0) ** 2))
        return np.asarray(
            (reach * (0.45 + 0.9 * crest) - 0.16 + (rock_form - 0.5) * 0.22 * reach) * tall * mass, np.float32
        )

    relief = survey(plate, view, (38.0, 75.0), 180, heights, even=0.0)
    sun = sunlight(relief, day, _CLIMB[setting.time], soft=0.08)
    grain = sample(tile("litter", 512, 1.15), relief.x * 0.05, relief.z * 0.05 + relief.height * 0.1)
    steep = np.sqrt(relief.slope_x**2 + relief.slope_z**2)
    albedo = ramp(setting.palette["rock"], np.asarray(np.clip(grain, 0, 1)))
    green = ramp(setting.palette["leaf"], np.asarray(np.clip(grain * 0.7, 0, 1)))
    albedo = albedo + (green - albedo) * smooth(1.1, 0.5, np.asarray(steep + grain * 0.5))[..., None]
    colour = hazed(illuminate(albedo, sun, day), relief, day.haze, 62.0 / (1.0 + 0.9 * day.thick), least=0.1)
    paint_land(plate, view, relief, colour)
    _, y = plate.grid()
    keep = smooth(HORIZON + 0.006, HORIZON + 0.003, np.broadcast_to(y, plate.shape))
    plate.pixels[...] = (plate.pixels * keep[..., None]).astype(np.uint8)
    return plate.layer(45.0)


def _sea(setting: Setting) -> Layer:
    """Open water: it mirrors the low sky at a grazing look, shows its own colour nearer, ruffled by waves."""
    day, dice = daylight(setting), strand(setting, "sea")
    plate = Plate(setting.frame, overscan=(0.15, 0.08), scale=0.6)
    x, z = _plane(setting, plate)
    shift = dice.uniform(0.0, 1.0, 6)
    swell = sample(tile("swell", 512, 1.35), x * 0.02 + shift[0], z * 0.055 + shift[1])
    chop = sample(tile("chop", 512, 1.2), x * 0.1 + shift[2], z * 0.2 + shift[3])
    fine = np.exp(-z / 22.0)
    tilt = (swell - 0.5) * 0.9 + (chop - 0.5) * (0.35 + 0.9 * fine)
    sky = mirrored_sky(setting, plate, HORIZON)
    depth_of = smooth(60.0, 4.0, z)
    water = ramp(setting.palette["water"], np.asarray(np.clip(0.2 + 0.55 * depth_of + tilt * 0.5, 0, 1)))
    lit = illuminate(water, np.full(plate.shape, 0.55, np.float32), day)
    mirror = np.clip(0.4 + 0.35 * smooth(3.0, 60.0, z) + tilt * 0.75, 0.0, 0.92)
    picture = lerp(lit, sky, np.asarray(mirror, np.float32))
    caps = smooth(0.86, 1.0, np.asarray(swell * 0.55 + chop * 0.6 + 0.12)) * smooth(90.0, 14.0, z) * 0.6
    picture = lerp(picture, day.lit, caps)
    picture = lerp(picture, day.haze, np.asarray(1.0 - np.exp(-z / (300.0 / (1 + 3 * day.thick))), np.float32))
    _, y = plate.grid()
    size = setting.frame.height * plate.scale
    plate.lay(picture, np.clip((np.broadcast_to(y, plate.shape) - HORIZON) * size + 0.5, 0.0, 1.0))
    return plate.layer(30.0, sway=0.0)


def _glitter(setting: Setting) -> Layer | None:
    """The sun's or moon's broken path on the water."""
    day = daylight(setting)
    if day.direct < 0.3:
        return None
    plate = Plate(setting.frame, overscan=(0.15, 0.08), scale=0.6)
    dice = strand(setting, "glitter")
    x, y = plate.grid()
    _, z = _plane(setting, plate)
    world_x = _plane(setting, plate)[0]
    chop = sample(tile("glint", 512, 0.95), world_x * 0.16 + float(dice.random()), z * 0.22 + float(dice.random()))
    path = np.exp(-(((x - day.x) / (0.035 + 0.16 * np.clip(y - HORIZON, 0, 1))) ** 2))
    spread = np.exp(-(((x - day.x) / 0.3) ** 2)) * 0.3
    open_water = smooth(HORIZON, HORIZON + 0.004, np.broadcast_to(y, plate.shape)) * smooth(2.6, 5.0, z)
    far = smooth(20.0, 120.0, z)
    glint = smooth(0.62, 0.9, chop) * (1 - far) + 0.55 * far
    light = (path + spread) * glint * open_water * _LOW_SUN[setting.time]
    soft = light + blur(np.asarray(light, np.float32), plate.unit * 0.012) * 0.6
    plate.add(np.asarray(soft[..., None], np.float32) * np.asarray(day.glow, np.float32))
    return plate.layer(29.0, light=True)


def _surf(setting: Setting) -> Layer:
    """Rollers coming in and breaking: dark glassy fronts, white crests, lace of foam in the shallows."""
    day, dice = daylight(setting), strand(setting, "surf")
    plate = Plate(setting.frame, overscan=(0.2, 0.1), scale=0.65)
    view = _view(setting)
    shift = dice.uniform(0.0, 1.0, 8)
    rough = 1.5 if "heavy rain" in setting.weather else 1.0
    rollers = [(3.3, 0.05, 0.9), (4.6, 0.085, 0.75), (6.6, 0.11, 0.5), (9.4, 0.1, 0.25)]

    def crest_line(x: Field, i: int) -> Field:
        bend = sample(tile("warp", 256, 2.4), x * 0.03 + shift[i], np.float32(0.1 * i)) - 0.5
        return np.asarray(rollers[i][0] * (1.0 + bend * 0.45), np.float32)

    def heights(x: Field, z: Field) -> Field:
        total = np.zeros(np.broadcast_shapes(x.shape, z.shape), np.float32)
        for i, (_, high, _) in enumerate(rollers):
            off = (z - crest_line(x, i)) / (rollers[i][0] * 0.1)
            strength = 0.45 + 1.1 * sample(tile("soft", 256, 2.2), x * 0.035 + shift[4 + i], np.float32(0.3 * i))
            total += high * rough * strength * np.exp(-np.where(off < 0, off * off * 5.0, off * off * 0.7))
        total += (sample(tile("chop", 512, 1.2), x * 0.12, z * 0.3) - 0.5) * 0.02
        return np.asarray(total * view.eye / 0.7 * smooth(12.5, 10.0, z), np.float32)

    relief = survey(plate, view, (1.5, 13.0), 300, heights, even=0.7)
    chop = sample(tile("chop", 512, 1.2), relief.x * 0.14 + shift[0], relief.z * 0.3 + shift[1])
    lace = sample(ridged("lace", 512, 1.35), relief.x * 0.11 + shift[2], relief.z * 0.24 + shift[3])
    shallow = smooth(9.0, 1.8, relief.z)
    facing = np.clip(relief.slope_z * 1.6, -1.0, 1.0)
    body = np.clip(0.35 + 0.5 * shallow + facing * 0.28 + (chop - 0.5) * 0.5, 0.0, 1.0)
    water = illuminate(
        ramp(setting.palette["water"], np.asarray(body, np.float32)), np.full(body.shape, 0.6, np.float32), day
    )
    foam = smooth(0.72, 0.93, np.asarray(lace * (0.78 + 0.35 * shallow)))
    for i, (_, _, broken) in enumerate(rollers):
        off = (relief.z - crest_line(relief.x, i)) / rollers[i][0]
        crest = np.exp(-(((off + 0.012) / 0.022) ** 2)) * smooth(0.72 - broken * 0.45, 0.9 - broken * 0.4, chop + 0.2)
        wash = smooth(0.0, -0.02, off) * smooth(-0.2, -0.03, off) * broken * smooth(0.42, 0.75, lace)
        foam = np.maximum(foam, np.maximum(crest, wash))
    sky = np.asarray(mix(day.haze, day.glow, 0.25 * day.direct), np.float32)
    gloss = np.clip(0.32 - facing * 0.5 + (chop - 0.5) * 0.8, 0.0, 0.7)
    water = lerp(water, np.broadcast_to(sky, water.shape), np.asarray(gloss, np.float32))
    sun = sunlight(relief, day, _CLIMB[setting.time], soft=0.02, roughness=0.6)
    white = illuminate(np.full(water.shape, 0.95, np.float32), sun, day)
    colour = lerp(water, white, np.asarray(np.clip(foam, 0, 1) * 0.92, np.float32))
    colour = hazed(colour, relief, day.haze, 90.0 / (1.0 + day.thick))
    paint_land(plate, view, relief, colour)
    _, y = plate.grid()
    edge = HORIZON + (GROUND - HORIZON) / 10.5
    fade = smooth(edge - 0.012, edge + 0.02, np.broadcast_to(y, plate.shape))
    plate.pixels[...] = (plate.pixels * fade[..., None]).astype(np.uint8)
    return plate.layer(6.5, sway=0.004)


def _shore(setting: Setting) -> Layer:
    """The sand: a film of water with a foam edge, a wet band that mirrors the sky, dry sand towards the camera."""
    day, dice = daylight(setting), strand(setting, "shore")
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.75)
    x, z = _plane(setting, plate)
    shift = dice.uniform(0.0, 1.0, 8)
    bay = sample(tile("soft", 256, 2.2), x * 0.05 + shift[0], np.float32(0.2)) - 0.5
    lobes = sample(tile("swell", 512, 1.35), x * 0.06 + shift[1], np.float32(0.7)) - 0.5
    edge = 2.7 + bay * 1.5 + lobes * 0.35
    lace = sample(ridged("lace", 512, 1.35), x * 0.17 + shift[2], z * 0.3 + shift[3])
    grain = sample(tile("litter", 512, 1.15), x * 0.5 + shift[4], z * 0.5 + shift[5])
    broad = sample(tile("soft", 256, 2.2), x * 0.12 + shift[6], z * 0.12 + shift[7])
    wet = smooth(0.42, 0.66, np.asarray(z / edge + (broad - 0.5) * 0.22))
    wet = np.maximum(wet, 0.8) if setting.wet else wet
    sand = ramp(setting.palette["sand"], np.asarray(np.clip(0.1 + grain * 0.5 + broad * 0.35, 0, 1)))
    ripple = sample(tile("chop", 512, 1.2), x * 0.3 + shift[1], z * 0.3 + shift[2]) - 0.5
    sun = np.clip(0.72 + ripple * 0.7 + (grain - 0.5) * 0.5, 0.0, 1.0)
    lit = illuminate(
        sand * (1.0 - 0.42 * wet)[..., None], np.asarray(sun * (0.35 + 0.65 * day.direct), np.float32), day
    )
    sky = mirrored_sky(setting, plate, HORIZON)
    film = smooth(0.7, 1.0, np.asarray(z / edge))
    mirror = wet * (0.16 + 0.34 * film + 0.22 * smooth(1.0, 3.0, z) + (broad - 0.5) * 0.35 + ripple * 0.12)
    picture = lerp(lit, sky, np.asarray(np.clip(mirror, 0.0, 0.85), np.float32))
    white = np.asarray(day.lit, np.float32) * np.float32(0.93)
    off = (z - edge) / edge
    for lag, strength in ((0.0, 1.0), (-0.2, 0.5), (-0.36, 0.22)):
        band = off - lag + (lobes * 0.2 if lag else 0.0)
        line = np.exp(-((band / 0.016) ** 2)) + smooth(0.0, 0.01, band) * smooth(0.16, 0.02, band) * smooth(
            0.5, 0.8, lace
        )
        picture = lerp(
            picture, np.broadcast_to(white, picture.shape), np.asarray(np.clip(line, 0, 1) * strength, np.float32)
        )
    if "snow" in setting.weather:
        picture = lerp(picture, day.lit, smooth(0.45, 0.6, np.asarray(grain * 0.4 + broad * 0.6)) * (1 - wet) * 0.8)
    cover = smooth(0.2, 0.06, np.asarray(off + (lace - 0.5) * 0.14))
    plate.lay(picture, cover)
    _shells(setting, plate)
    return plate.layer(2.6)


def _shells(setting: Setting, plate: Plate) -> None:
    """Pebbles, shells and strands of weed on the near sand."""
    day, dice = daylight(setting), strand(setting, "shells")
    count = 110
    z = np.sort(1.0 / dice.uniform(1 / 1.9, 1 / 0.8, count))[::-1]
    row = plate.py(HORIZON) + (GROUND - HORIZON) / z * plate.frame.height * plate.scale
    at = np.stack([dice.random(count) * plate.width, row], axis=1)
    size = plate.unit * 0.008 / z * (0.4 + 1.4 * dice.random(count) ** 3)
    shadow = at + np.stack([-day.side * size * 0.5, size * 0.2], axis=1)
    pebbles = tones_of(setting.palette["rock"], day)
    dabs(plate.pixels, shadow, size * 1.3, 0.0, 0.1, pebbles)
    dabs(plate.pixels, at, size, dice.normal(0, 0.4, count), dice.uniform(0.25, 1.0, count), pebbles)


def _side(setting: Setting) -> Layer:
    """Palms leaning in from one side, rocks and beach grass at the other."""
    day, dice = daylight(setting), strand(setting, "side")
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.65)
    leaf, bark = tones_of(setting.palette["leaf"], day), tones_of(setting.palette["bark"], day)
    stone = tones_of(setting.palette["rock"], day)
    far_side = -day.side
    foot = plate.py(HORIZON + (GROUND - HORIZON) / 1.75)
    wide = plate.frame.width * plate.scale
    for offset, tall in ((0.62, 0.62), (0.5, 0.8)):
        height = min(plate.unit * 1.7, plate.frame.height * plate.scale) * tall * float(dice.uniform(0.9, 1.08))
        tree = palm(dice, height, leaf, bark, day.side * far_side * -1.0)
        x = plate.px(0.5) + far_side * (wide * offset)
        plate.stamp(tree, x, foot + plate.unit * 0.05 * float(dice.uniform(0, 1)), flip=far_side > 0)
    for _ in range(7):
        x = plate.px(0.5) + far_side * wide * float(dice.uniform(0.42, 0.75))
        tuft = grass(dice, plate.unit * 0.16, plate.unit * float(dice.uniform(0.1, 0.2)), leaf, day.side, 40)
        plate.stamp(tuft, x, foot + plate.unit * float(dice.uniform(0.03, 0.1)))
    for i in range(4):
        size = plate.unit * float(dice.uniform(0.12, 0.34)) * (0.7 if i else 1.0)
        x = plate.px(0.5) - far_side * wide * float(dice.uniform(0.36, 0.62))
        plate.stamp(rock(dice, size, size * float(dice.uniform(0.45, 0.75)), stone, day.side), x, foot + size * 0.15)
    return plate.layer(2.0)


def _frame(setting: Setting) -> Layer:
    """Palm fronds hanging into an upper corner, close to the lens."""
    plate = Plate(setting.frame, overscan=(0.3, 0.2), scale=0.35)
    day, dice = daylight(setting), strand(setting, "frame")
    dark = tones_of(setting.palette["leaf"], day, open_sky=0.5, sun=0.6)
    corner = plate.px(0.5 - day.side * 0.66), plate.py(-0.1)
    for lean in np.linspace(0.15, 1.2, 4) + dice.normal(0, 0.06, 4):
        s = np.linspace(0.0, 1.0, 26)
        length = plate.unit * float(dice.uniform(0.42, 0.6))
        x = corner[0] + day.side * length * np.cos(lean) * s
        y = corner[1] + length * (np.sin(lean) * s * 0.7 + 0.3 * s**2)
        frond(
            plate.pixels,
            np.stack([x, y], axis=1),
            length * 0.3,
            0.3 + float(dice.normal(0, 0.1)),
            dark,
            dice,
            1.2,
            BLADE,
        )
    plate.clear_middle()
    return plate.layer(0.55, sway=0.008)
