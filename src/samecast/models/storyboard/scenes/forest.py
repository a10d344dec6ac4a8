"""A forest: mossy trunks at several distances, light slanting through haze, ferns, mist; fireflies when it is dark."""

import cv2
import numpy as np

from samecast.models.storyboard.scene import Colour, Layer, Scene, Setting
from samecast.models.storyboard.scenes.foliage import Tones, bough, dabs, fern, grass, ribbon, rock, tones_of, trunk
from samecast.models.storyboard.scenes.noise import (
    Field,
    blur,
    fbm,
    lerp,
    mix,
    ramp,
    sample,
    smooth,
    strand,
    tile,
    times,
)
from samecast.models.storyboard.scenes.plate import Plate, leaning, scaled, stack
from samecast.models.storyboard.scenes.sky import daylight, sky_grade, subject_exposure, sun_lights
from samecast.models.storyboard.scenes.terrain import View, illuminate, paint_land, survey

HORIZON, GROUND = 0.5, 1.02


def paint(setting: Setting) -> Scene:
    air = air_colour(setting)
    layers = stack(
        (
            _depths(setting),
            _stand(setting, 34.0, count=46, haze=0.86),
            _stand(setting, 13.0, count=17, haze=0.62),
            _mist(setting, 9.0),
            _stand(setting, 5.2, count=7, haze=0.3),
            _stand(setting, 2.3, count=2, haze=0.08),
            _frame(setting),
        ),
        _rays(setting),
        _fireflies(setting),
    )
    return Scene(
        place="forest",
        layers=layers,
        lights=sun_lights(setting, gain=0.9),
        horizon=HORIZON,
        ambient=air,
        subject_exposure=subject_exposure(setting) - 0.2,
        ground=GROUND - 0.04,
        grade=sky_grade(setting),
    )


def air_colour(setting: Setting) -> Colour:
    """The haze between the trees: the day's, with green in it."""
    day = daylight(setting)
    green = setting.palette["air"][0]
    air = mix(times(day.haze, (0.92, 0.97, 0.9)), times(green, day.lit), 0.45)
    return air if setting.time != "night" else times(air, (0.8, 0.9, 0.95))


def _sun_spot(setting: Setting) -> tuple[float, float]:
    """Where the light breaks through the crowns."""
    day = daylight(setting)
    return 0.5 + day.side * 0.24, 0.36 if setting.time in ("dawn", "golden hour", "dusk") else 0.16


def _depths(setting: Setting) -> Layer:
    """What shows between the farthest trees: glowing haze, crowns melting into it, gaps of sky."""
    plate = Plate(setting.frame, overscan=(0.15, 0.08), scale=0.4)
    day, dice, air = daylight(setting), strand(setting, "depths"), air_colour(setting)
    _, y = plate.grid()
    away = _from_spot(setting, plate)
    strength = {"dawn": 0.8, "day": 0.75, "golden hour": 1.0, "dusk": 0.55, "night": 0.38}[setting.time]
    light = np.exp(-away / 0.22) * strength * (0.35 + 0.65 * day.direct) + 0.25 * np.exp(-((y - HORIZON) ** 2) / 0.05)
    leaves = tones_of(setting.palette["leaf"], day)
    mottle = fbm(plate.shape, dice, plate.unit * 0.22, 6)
    crowns = smooth(0.62, 0.05, np.broadcast_to(y, plate.shape)) * smooth(0.35, 0.62, mottle)
    picture = np.broadcast_to(np.asarray(air, np.float32), (*plate.shape, 3)).copy()
    picture *= (0.55 + 0.5 * np.exp(-((y - 0.4) ** 2) / 0.1))[..., None].astype(np.float32)
    picture = lerp(picture, mix(leaves[1], air, 0.45), crowns * 0.75)
    gaps = smooth(0.55, 0.8, fbm(plate.shape, dice, plate.unit * 0.07, 3)) * smooth(
        0.6, 0.0, np.broadcast_to(y, plate.shape)
    )
    bright = _bright(setting)
    glow = np.asarray(np.clip(light * (0.85 + 0.9 * gaps), 0.0, 0.97), np.float32)
    plate.lay(blur(lerp(picture, bright, glow), plate.unit * 0.006))
    return plate.layer(float("inf"))


def _veiled(tones: Tones, air: Colour, amount: float) -> tuple[Colour, ...]:
    return tuple(mix(tone, air, amount) for tone in tones)


def _stand(setting: Setting, depth: float, *, count: int, haze: float) -> Layer:
    """Trees at about one distance: their ground, trunks, undergrowth and the leaves of their crowns."""
    near = depth < 4.0
    plate = Plate(setting.frame, overscan=(0.3, 0.12) if near else (0.18, 0.1), scale=0.65 if depth < 8 else 0.5)
    day, air, dice = daylight(setting), air_colour(setting), strand(setting, f"stand {depth}")
    veil = min(0.96, haze * (1.0 + 0.25 * day.thick))
    _floor(setting, plate, depth, veil)
    bark = _veiled(tones_of(setting.palette["bark"], day, open_sky=0.75), air, veil)
    moss = _veiled(tones_of(setting.palette["moss"], day, open_sky=0.8), air, veil)
    leaf = _veiled(tones_of(setting.palette["leaf"], day, open_sky=0.7), air, veil)
    soil = _veiled(tones_of(setting.palette["soil"], day, open_sky=0.7, sun=0.6), air, veil)
    models = []
    if depth > 8:
        base = plate.py(HORIZON + 0.04)
        models = [trunk(dice, plate.unit * 0.4 / depth, base, bark, moss, day.side, 0.8) for _ in range(5)]
    for at, spread in _places(setting, dice, count, near):
        z = depth * spread
        foot = plate.py(HORIZON + (GROUND - HORIZON) / z)
        width = plate.unit * 0.36 / z * float(dice.uniform(0.7, 1.35))
        if depth < 8:
            wood = trunk(dice, width, foot, bark, moss, day.side)
        else:
            model = models[int(dice.integers(len(models)))]
            across = max(2, round(model.shape[1] * width / (plate.unit * 0.4 / depth)))
            size = (across, max(2, round(foot)))
            wood = np.asarray(cv2.resize(model, size, interpolation=cv2.INTER_AREA), np.uint8)
        if not near:
            wood = leaning(wood, float(dice.normal(0.0, 0.03)))
        plate.stamp(wood, plate.px(at), foot + width * 0.06)
        if 4 < depth < 20:
            _limbs(plate, dice, (plate.px(at), foot), width, bark)
        if depth < 20:
            _bushes(plate, dice, (plate.px(at), foot), width * 1.1, leaf, day.side)
    _undergrowth(plate, dice, depth, (leaf, moss, soil), day.side)
    if not near:
        _crowns(plate, dice, depth, leaf)
    _glare(setting, plate, haze)
    return plate.layer(depth)


def _glare(setting: Setting, plate: Plate, haze: float) -> None:
    """The light behind eats into what stands before it, the more the farther it is."""
    amount = {"dawn": 0.8, "day": 0.75, "golden hour": 1.0, "dusk": 0.55, "night": 0.4}[setting.time]
    colour, away = _bright(setting), _from_spot(setting, plate)
    veil = np.exp(-away / 0.17) * min(0.85, 0.15 + 0.85 * haze) * amount * (0.3 + 0.7 * daylight(setting).direct)
    plate.tint(colour, np.asarray(veil, np.float32))


def _bright(setting: Setting) -> Colour:
    day = daylight(setting)
    return mix(day.glow, day.haze, 0.5) if setting.time == "night" else mix(day.glow, (1.0, 1.0, 1.0), 0.3)


def _from_spot(setting: Setting, plate: Plate) -> Field:
    x, y = plate.grid()
    spot = _sun_spot(setting)
    ratio = (setting.frame.width / setting.frame.height) ** 0.5
    return np.asarray(np.sqrt(((x - spot[0]) * ratio) ** 2 + ((y - spot[1]) / ratio) ** 2), np.float32)


def _places(setting: Setting, dice: np.random.Generator, count: int, near: bool) -> list[tuple[float, float]]:
    """Where trunks stand: x, and distance against the stand's. Near ones leave the middle to the character."""
    if near:
        left, right = float(dice.uniform(-0.12, 0.1)), float(dice.uniform(0.9, 1.12))
        return [(left, float(dice.uniform(0.9, 1.2))), (right, float(dice.uniform(0.9, 1.2)))]
    wide = max(1.0, (setting.frame.width / setting.frame.height) ** 0.6)
    total = round(count * wide)
    slots = (np.arange(total) + dice.uniform(0.1, 0.9, total)) / total * 1.36 - 0.18
    spreads = sorted((float(s) for s in dice.uniform(0.8, 1.3, total)), reverse=True)
    return list(zip((float(s) for s in dice.permutation(slots)), spreads, strict=True))


def _floor(setting: Setting, plate: Plate, depth: float, veil: float) -> None:
    """The ground under one stand: litter, moss and flecks of sun, wet or snowy as the weather has it."""
    day, dice, air = daylight(setting), strand(setting, "floor"), air_colour(setting)
    view = View.standing(setting.frame, HORIZON, GROUND)
    shift = dice.uniform(0.0, 1.0, 6)
    reach = (depth * 0.55, depth * 1.5) if depth > 4 else (0.8, depth * 1.6)

    def heights(x: Field, z: Field) -> Field:
        hills = sample(tile("soft", 256, 2.2), x * 0.09 + shift[0], z * 0.09 + shift[1]) - 0.5
        return np.asarray(hills * 0.12 * view.eye, np.float32)

    relief = survey(plate, view, reach, 150 if depth > 4 else 260, heights, even=0.8)
    patch = sample(tile("litter", 512, 1.15), relief.x * 0.3 + shift[2], relief.z * 0.3 + shift[3])
    green = smooth(0.45, 0.62, sample(tile("moss", 256, 1.6), relief.x * 0.16 + shift[4], relief.z * 0.16 + shift[5]))
    albedo = ramp(setting.palette["soil"], np.asarray(np.clip(patch, 0, 1)))
    mossy = ramp(setting.palette["moss"], np.asarray(np.clip(patch * 1.1, 0, 1)))
    albedo = albedo + (mossy - albedo) * green[..., None]
    if "snow" in setting.weather:
        albedo = lerp(albedo, (0.93, 0.95, 1.0), smooth(0.3, 0.5, np.asarray(patch + 0.15)))
    fleck = sample(tile("fleck", 256, 1.5), relief.x * 0.1 + shift[1], relief.z * 0.12 + shift[2])
    sun = smooth(0.52, 0.72, fleck) * 0.85
    colour = illuminate(albedo, sun, day, 0.62)
    if setting.wet:
        puddle = smooth(0.36, 0.22, fleck) * 0.7
        colour = lerp(colour * 0.78, air, puddle)
    paint_land(plate, view, relief, lerp(colour, air, np.full(colour.shape[:2], veil * 0.9, np.float32)))


def _limbs(plate: Plate, dice: np.random.Generator, foot: tuple[float, float], width: float, bark: Tones) -> None:
    """Dead lower branches standing off a trunk."""
    t = np.linspace(0.0, 1.0, 7)
    for _ in range(int(dice.integers(1, 5))):
        start = np.asarray((foot[0], foot[1] * float(dice.uniform(0.12, 0.72))))
        way = 1.0 if dice.random() < 0.5 else -1.0
        reach = width * float(dice.uniform(1.0, 2.6))
        bend = float(dice.uniform(-0.5, 0.7))
        limb = start + np.stack([way * reach * t, -reach * (0.25 * t + bend * t**2)], axis=1)
        ribbon(plate.pixels, limb, width * np.linspace(0.085, 0.015, 7), bark[1])


def _bushes(
    plate: Plate, dice: np.random.Generator, foot: tuple[float, float], size: float, leaf: Tones, side: float
) -> None:
    """Ferns round a trunk's foot."""
    for _ in range(int(dice.integers(1, 4))):
        tuft = fern(dice, max(10.0, size * float(dice.uniform(0.5, 1.0))), leaf, side)
        plate.stamp(tuft, foot[0] + float(dice.normal(0, 0.9)) * size, foot[1] + size * float(dice.uniform(0.05, 0.3)))


def _undergrowth(
    plate: Plate, dice: np.random.Generator, depth: float, stuffs: tuple[Tones, Tones, Tones], side: float
) -> None:
    """The low growth along a stand's far edge, in clusters; ferns where it is near."""
    leaf, moss, soil = stuffs
    base = plate.py(HORIZON + (GROUND - HORIZON) / (depth * 1.25))
    tall = plate.unit * 0.34 / depth
    count = int(np.clip(plate.width / max(tall * 0.09, 1.2), 200, 900))
    across = dice.random(count)
    cluster = fbm((2, 256), dice, 40, 4)[0][(across * 255).astype(int)]
    high = tall * np.clip(cluster - 0.28, 0.05, 1.0) * dice.random(count) ** 0.7 * 2.2
    if depth < 4:
        _litter(plate, dice, depth, soil, leaf, side)
        count = 0
    order = np.argsort(-high[:count])
    points = np.stack([across * plate.width, base - high + tall * 0.3], axis=1)[order]
    value = (0.25 + 0.5 * high / (tall * 1.4) + dice.normal(0, 0.12, len(high)))[order]
    size = max(2.0, tall * 0.15) * dice.uniform(0.6, 1.4, count)
    dabs(plate.pixels, points, size, dice.uniform(-2.6, -0.5, count), value, leaf)
    if depth > 8:
        return
    kinds = [fern(dice, tall * float(dice.uniform(0.8, 1.25)), leaf if i % 2 else moss, side) for i in range(3)]
    number = 16 if depth > 4 else 7
    for z in sorted(dice.uniform(0.62, 1.2, number), reverse=True):
        x = float(dice.uniform(0, 1))
        if depth < 4:
            x = 0.5 + (0.5 if x > 0.5 else -0.5) * (0.45 + 0.55 * float(dice.random()))
        y = plate.py(HORIZON + (GROUND - HORIZON) / (depth * float(z)))
        kind = scaled(kinds[int(dice.integers(3))], tall / float(z) * float(dice.uniform(0.7, 1.2)))
        plate.stamp(kind, x * plate.width, y, flip=bool(dice.random() < 0.5))
    if depth < 4:
        for x in (float(dice.uniform(0.02, 0.25)), float(dice.uniform(0.75, 0.98))):
            stone = rock(dice, tall * 1.3, tall * 0.6, leaf, side, moss)
            plate.stamp(stone, x * plate.width, plate.py(HORIZON + (GROUND - HORIZON) / (depth * 0.85)))


def _litter(plate: Plate, dice: np.random.Generator, depth: float, soil: Tones, leaf: Tones, side: float) -> None:
    """Fallen leaves and tufts of grass on the near ground, smaller the farther they lie."""
    z = 1.0 / dice.uniform(1.0 / (depth * 1.5), 1.0 / 0.85, 620)
    z = np.sort(z)[::-1]
    y = plate.py(HORIZON) + (GROUND - HORIZON) / z * plate.frame.height * plate.scale
    points = np.stack([dice.random(620) * plate.width, y], axis=1)
    size = plate.unit * 0.035 / z * dice.uniform(0.5, 1.2, 620)
    flat = _FALLEN
    dabs(plate.pixels, points, size, dice.normal(0, 0.35, 620), dice.normal(0.42, 0.2, 620), soil, flat)
    tufts = [grass(dice, plate.unit * 0.16, plate.unit * 0.12, leaf, side, 34) for _ in range(3)]
    for reach in sorted((1.0 / dice.uniform(1.0 / (depth * 1.5), 1.0, 26)).tolist(), reverse=True):
        size_at = plate.unit * 0.2 / reach * float(dice.uniform(0.5, 1.1))
        x = float(dice.random())
        if reach < 2.2:
            x = 0.5 + (x - 0.5) * 0.5 + (0.25 if x > 0.5 else -0.25)
        row = plate.py(HORIZON + (GROUND - HORIZON) / reach)
        plate.stamp(
            scaled(tufts[int(dice.integers(3))], size_at), x * plate.width, row + 2, flip=bool(dice.random() < 0.5)
        )


_FALLEN = np.asarray([(-0.5, 0.0), (-0.1, -0.14), (0.5, 0.0), (0.0, 0.12)])


def _crowns(plate: Plate, dice: np.random.Generator, depth: float, leaf: Tones) -> None:
    """Leaves hanging into the picture from above, thinning downwards, in drooping clusters."""
    clusters = int(24 * (plate.width / plate.height + 0.6))
    per = 64
    reach = plate.py(0.3)
    cx = np.repeat(dice.random(clusters) * plate.width, per)
    cy = np.repeat(dice.random(clusters) ** 1.7 * reach, per)
    spread = plate.unit * (0.04 + 0.2 / depth)
    count = clusters * per
    points = np.stack([cx + dice.normal(0, spread, count), cy + dice.normal(0, spread * 0.5, count)], axis=1)
    value = 0.35 + dice.normal(0, 0.2, count)
    size = max(2.0, plate.unit * (0.006 + 0.055 / depth)) * dice.uniform(0.5, 1.2, count)
    dabs(plate.pixels, points, size, dice.uniform(0, np.pi, count), value, leaf)


def _mist(setting: Setting, depth: float) -> Layer:
    """A bank of mist lying between the trees."""
    plate = Plate(setting.frame, overscan=(0.2, 0.1), scale=0.2)
    day, dice = daylight(setting), strand(setting, "mist")
    _, y = plate.grid()
    base = HORIZON + (GROUND - HORIZON) / depth
    bank = np.exp(-(((y - base) / 0.11) ** 2)) * (0.5 + 0.25 * day.thick) + 0.08 * day.thick
    wisp = fbm(plate.shape, dice, plate.unit * 0.5, 4, aspect=2.4)
    dim = 0.6 if setting.time in ("day",) else 0.85
    colour = mix(air_colour(setting), day.glow, 0.25 * day.direct)
    plate.lay(colour, np.clip(bank * smooth(0.2, 0.85, wisp) * dim, 0.0, 0.9))
    return plate.layer(depth, sway=0.01)


def _rays(setting: Setting) -> Layer | None:
    """Shafts of light fanning out from where the sun breaks through."""
    day = daylight(setting)
    if day.direct < 0.3 and "fog" not in setting.weather:
        return None
    plate = Plate(setting.frame, overscan=(0.18, 0.1), scale=0.25)
    dice = strand(setting, "rays")
    x, y = plate.grid()
    ratio = (setting.frame.width / setting.frame.height) ** 0.5
    spot = _sun_spot(setting)
    origin = (spot[0] + day.side * 0.16, spot[1] - 0.42)
    dx, dy = (x - origin[0]) * ratio, (y - origin[1]) / ratio
    angle = np.arctan2(dx, dy)
    away = np.sqrt(dx * dx + dy * dy)
    shift = dice.uniform(0, 1, 2)
    shafts = sample(tile("ray", 512, 1.0), angle * 0.16 + shift[0], np.float32(shift[1]))
    broad = sample(tile("soft", 256, 2.2), angle * 0.3 + shift[1], np.float32(shift[0]))
    beam = smooth(0.48, 0.9, np.asarray(shafts * 0.6 + broad * 0.45))
    fade = (
        np.exp(-((away - 0.25) ** 2) / 0.22)
        * smooth(1.05, 0.55, np.broadcast_to(y, plate.shape))
        * smooth(0.05, 0.3, away)
    )
    motes = 0.65 + 0.7 * (fbm(plate.shape, dice, plate.unit * 0.3, 3) - 0.3)
    strength = {"dawn": 0.75, "day": 0.65, "golden hour": 0.85, "dusk": 0.35, "night": 0.3}[setting.time]
    light = beam * fade * motes * strength * max(day.direct, 0.35)
    plate.add(blur(np.asarray(light, np.float32), 1.2)[..., None] * np.asarray(day.glow, np.float32))
    return plate.layer(7.0, light=True)


def _fireflies(setting: Setting) -> Layer | None:
    if setting.time not in ("dusk", "night") or daylight(setting).cover > 0.5:
        return None
    plate = Plate(setting.frame, overscan=(0.2, 0.1), scale=0.5)
    dice = strand(setting, "fireflies")
    dots = np.zeros(plate.shape, np.float32)
    for _ in range(46):
        x, y = int(dice.integers(plate.width)), int(plate.py(float(dice.normal(0.62, 0.13))))
        if 2 <= y < plate.height - 2:
            dots[y - 1 : y + 1, max(x - 1, 0) : x + 1] = float(dice.uniform(0.4, 1.6))
    glow = blur(dots, plate.unit * 0.004) * 2.2 + blur(dots, plate.unit * 0.02) * 9.0 + dots
    plate.add(glow[..., None] * np.asarray((0.85, 0.95, 0.4), np.float32))
    return plate.layer(3.2, light=True, sway=0.012)


def _frame(setting: Setting) -> Layer:
    """Leaves close to the lens, in the corners only."""
    plate = Plate(setting.frame, overscan=(0.3, 0.2), scale=0.35)
    day, dice = daylight(setting), strand(setting, "frame")
    dark = tones_of(setting.palette["leaf"], day, open_sky=0.4, sun=0.4)
    size = plate.unit * 0.62
    for flip in (False, True):
        hanging = bough(dice, size * float(dice.uniform(0.75, 1.1)), dark, day.side, 0.13)
        x = plate.px(-0.3 if not flip else 1.3) + (1 if not flip else -1) * hanging.shape[1] * 0.5
        plate.stamp(hanging, x, hanging.shape[0] + plate.py(-0.2) + plate.unit * 0.02, flip=flip)
        tuft = fern(dice, plate.unit * float(dice.uniform(0.3, 0.42)), dark, day.side)
        plate.stamp(tuft, plate.px(-0.06 if not flip else 1.06), plate.py(1.1))
    plate.clear_middle()
    return plate.layer(0.55, sway=0.006)
