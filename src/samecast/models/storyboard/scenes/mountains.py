"""Mountains: snowy ranges stepped back into the haze, a pine forest, a lake that mirrors them, a meadow in flower."""

import cv2
import numpy as np

from samecast.models.storyboard.scene import Scene, Setting
from samecast.models.storyboard.scenes.foliage import Tones, dabs, grass, pine, rock, tones_of
from samecast.models.storyboard.scenes.noise import (
    Field,
    blur,
    fbm,
    lerp,
    mix,
    ramp,
    ridged,
    sample,
    smooth,
    strand,
    tile,
)
from samecast.models.storyboard.scenes.plate import Pixels, Plate, scaled, shaded, stack
from samecast.models.storyboard.scenes.sky import daylight, sky_field, sky_grade, subject_exposure, sun_lights
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
CLIMB = {"dawn": 0.3, "day": 0.8, "golden hour": 0.32, "dusk": 0.35, "night": 0.7}


def paint(setting: Setting) -> Scene:
    sky = Plate(setting.frame)
    sky.lay(sky_field(setting, sky, HORIZON))
    ranges = _range(setting, "far", (60.0, 110.0), 26.0), _range(setting, "near", (26.0, 52.0), 9.0)
    woods = _woods(setting)
    layers = stack(
        (
            sky.layer(float("inf")),
            ranges[0].layer(60.0),
            ranges[1].layer(26.0),
            woods.layer(14.0),
            _lake(setting, (sky, *ranges, woods)).layer(8.0),
            _meadow(setting).layer(2.4),
            _side(setting).layer(3.2),
            _frame(setting).layer(0.55, sway=0.006),
        )
    )
    return Scene(
        place="mountains",
        layers=layers,
        lights=sun_lights(setting),
        horizon=HORIZON,
        ambient=daylight(setting).haze,
        subject_exposure=subject_exposure(setting),
        ground=GROUND - 0.04,
        grade=sky_grade(setting),
    )


def _range(setting: Setting, name: str, reach: tuple[float, float], tall: float) -> Plate:
    """One range of peaks between two distances."""
    day, dice = daylight(setting), strand(setting, "range " + name)
    plate = Plate(setting.frame)
    view = View(horizon=HORIZON, eye=1.2)
    shift = dice.uniform(0.0, 1.0, 8)
    near, far = reach
    tall *= (setting.frame.height / setting.frame.width) ** 0.3
    middle = (near + far) / 2

    def heights(x: Field, z: Field) -> Field:
        u, v = x / far, z / far
        warp = (sample(tile("warp", 256, 2.4), u * 0.8 + shift[0], v * 0.8 + shift[1]) - 0.5) * 0.12
        crest = sample(ridged("crest", 512, 2.4), u * 0.42 + warp + shift[2], v * 0.5 + warp + shift[3])
        spur = sample(ridged("spur", 512, 2.3), u * 0.9 + warp + shift[4], v * 0.9 - warp + shift[5])
        rib = sample(ridged("rib", 512, 2.2), u * 2.3 + warp + shift[6], v * 2.3 + shift[7])
        rough = sample(tile("rock", 512, 1.7), u * 4.0 + shift[5], v * 4.0 + shift[6])
        mass = np.exp(-(((z - middle) / (0.36 * (far - near))) ** 2))
        form = crest**1.4 * 0.75 + spur * (0.12 + 0.25 * crest) + (rib - 0.5) * 0.14 * (0.2 + crest)
        form = form + (rough - 0.5) * 0.05 * (0.3 + crest)
        return np.asarray((form - 0.2) * tall * mass - 0.3, np.float32)

    relief = survey(plate, view, reach, 260, heights, even=0.0)
    sun = sunlight(relief, day, CLIMB[setting.time], soft=0.15, roughness=0.1)
    colour = illuminate(_stuff(setting, relief, tall), sun, day)
    colour = hazed(colour, relief, day.haze, 110.0 / (1.0 + 0.8 * day.thick), least=0.05)
    paint_land(plate, view, relief, colour)
    return plate


def _stuff(setting: Setting, relief: Relief, tall: float) -> Field:
    """Albedo of high mountains: banded rock, snow where it is high and not too steep."""
    grain = sample(tile("strata", 512, 1.2), relief.x * 0.25, relief.height * 0.5 + relief.z * 0.05)
    albedo = ramp(setting.palette["rock"], np.clip(grain, 0.0, 1.0))
    steep = np.sqrt(relief.slope_x**2 + relief.slope_z**2)
    line = tall * (0.2 if "snow" not in setting.weather else -0.05)
    snow = smooth(line - 0.12 * tall, line + 0.1 * tall, np.asarray(relief.height + (grain - 0.5) * tall * 0.3))
    snow = snow * smooth(3.4, 1.6, np.asarray(steep + (grain - 0.5) * 1.2))
    return lerp(albedo, setting.palette["snow"][0], snow)


def _pines(setting: Setting, name: str, height: float, count: int) -> list[Pixels]:
    """Pine sprites under the hour's light, snowy in snow."""
    day, dice = daylight(setting), strand(setting, "pines " + name)
    leaf = tones_of(setting.palette["leaf"], day)
    snow = tones_of(setting.palette["snow"], day) if "snow" in setting.weather else None
    return [pine(dice, height, leaf, day.side, snow) for _ in range(count)]


def _woods(setting: Setting) -> Plate:
    """Hills under the peaks, dark with pines, mist in their folds."""
    day, dice = daylight(setting), strand(setting, "woods")
    plate = Plate(setting.frame, overscan=(0.16, 0.09))
    view = View.standing(setting.frame, HORIZON, GROUND)
    shift = dice.uniform(0.0, 1.0, 4)

    def heights(x: Field, z: Field) -> Field:
        hills = sample(tile("soft", 256, 2.2), x * 0.012 + shift[0], z * 0.012 + shift[1])
        folds = sample(ridged("spur", 512, 2.3), x * 0.01 + shift[2], z * 0.02 + shift[3])
        away = smooth(11.5, 16.0, z)
        return np.asarray(((hills - 0.25) * 2.2 + folds * 0.8) * view.eye * away, np.float32)

    relief = survey(plate, view, (9.5, 24.0), 200, heights, even=0.4)
    sun = sunlight(relief, day, CLIMB[setting.time], soft=0.1)
    grain = sample(tile("litter", 512, 1.15), relief.x * 0.06, relief.z * 0.06)
    albedo = ramp(setting.palette["grass"], np.asarray(np.clip(grain * 0.6, 0, 1)))
    if "snow" in setting.weather:
        albedo = lerp(albedo, setting.palette["snow"][0], np.full(grain.shape, 0.8, np.float32))
    haze = 34.0 / (1.0 + 0.9 * day.thick)
    paint_land(plate, view, relief, hazed(illuminate(albedo, sun, day, 0.9), relief, day.haze, haze))
    models = _pines(setting, "woods", plate.unit * 0.2, 4)
    left, right = plate.span()
    wide = max(1.0, (setting.frame.width / setting.frame.height) ** 0.7)
    for z in sorted(dice.uniform(11.8, 22.0, round(330 * wide)), reverse=True):
        x = float(dice.uniform(left, right))
        thin = sample(tile("soft", 256, 2.2), np.asarray([[x * 0.8 + shift[2]]], np.float32), float(z) * 0.05)
        row = visible_row(plate, view, relief, float(z), x)
        if row is None or thin[0, 0] < 0.36:
            continue
        size = 1.15 * view.size(plate) * view.eye / float(z) * float(dice.uniform(0.6, 1.2))
        veil = 1.0 - np.exp(-float(z) / haze)
        plate.stamp(
            shaded(scaled(models[int(dice.integers(4))], size), (1, 1, 1), day.haze, float(veil)), plate.px(x), row + 2
        )
    _valley_mist(setting, plate)
    return plate


def _valley_mist(setting: Setting, plate: Plate) -> None:
    """Mist low over the water's far shore."""
    day, dice = daylight(setting), strand(setting, "valley mist")
    _, y = plate.grid()
    shore = HORIZON + (GROUND - HORIZON) / 13.0
    bank = np.exp(-(((y - shore + 0.02) / 0.03) ** 2)) * (0.55 if setting.time != "day" else 0.3)
    wisp = smooth(0.25, 0.8, fbm(plate.shape, dice, plate.unit * 0.3, 4, aspect=3.0))
    air = mix(day.haze, day.glow, 0.15 * day.direct)
    plate.tint(air, np.clip(bank * wisp * (1.0 + 0.4 * day.thick), 0.0, 0.9))


def _lake(setting: Setting, behind: tuple[Plate, ...]) -> Plate:
    """Water lying between the meadow and the woods, mirroring all that stands behind it."""
    day, dice = daylight(setting), strand(setting, "lake")
    plate = Plate(setting.frame, overscan=(0.16, 0.09), scale=0.6)
    flat: Field = np.zeros((plate.height, plate.width, 3), np.float32)
    for sheet in behind:
        top = (
            cv2.resize(sheet.pixels, (plate.width, plate.height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
            / 255
        )
        flat = np.asarray(flat * (1.0 - top[..., 3:]) + top[..., :3], np.float32)
    x, y = plate.grid()
    shore = HORIZON + (GROUND - HORIZON) / 12.0
    below = np.maximum(y - HORIZON, 1e-3)
    z = (GROUND - HORIZON) / below
    world_x = (x - 0.5) * z
    ripple = sample(tile("chop", 512, 1.2), world_x * 0.22 + float(dice.random()), z * 0.5 + float(dice.random())) - 0.5
    calm = sample(tile("soft", 256, 2.2), world_x * 0.03, z * 0.05 + float(dice.random()))
    rough = (1.6 if setting.wet else 0.7) * np.clip(calm, 0.1, 1.0)
    fold = (shore - (y - shore) * 2.2 + ripple * 0.05 * rough + 0.09) * plate.frame.height * plate.scale
    column = np.broadcast_to(np.arange(plate.width, dtype=np.float32)[None, :] + ripple * 6.0, plate.shape)
    row = np.clip(np.broadcast_to(fold, plate.shape), 0, plate.height - 1)
    mirror = cv2.remap(blur(flat, 1.0), column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
    water = illuminate(
        ramp(setting.palette["water"], np.asarray(np.clip(0.5 + ripple, 0, 1))),
        np.full(plate.shape, 0.5, np.float32),
        day,
    )
    keep = np.clip(0.9 - 0.3 * smooth(10.0, 3.0, np.broadcast_to(z, plate.shape)) - np.abs(ripple) * 0.3, 0.0, 1.0)
    picture = lerp(water, np.asarray(mirror, np.float32), np.asarray(keep, np.float32))
    edge = smooth(shore, shore + 0.004, np.broadcast_to(y, plate.shape))
    plate.lay(picture, edge)
    return plate


def _meadow(setting: Setting) -> Plate:
    """The near ground: grass and flowers down to the shore, stones at the sides."""
    day, dice = daylight(setting), strand(setting, "meadow")
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.7)
    view = View.standing(setting.frame, HORIZON, GROUND)
    shift = dice.uniform(0.0, 1.0, 6)

    def heights(x: Field, z: Field) -> Field:
        hills = sample(tile("soft", 256, 2.2), x * 0.1 + shift[0], z * 0.1 + shift[1]) - 0.5
        bank = smooth(0.4, 1.4, np.abs(x) / (0.4 + 0.32 * z)) * 0.14
        return np.asarray((hills * 0.16 + bank) * view.eye / 0.64, np.float32)

    relief = survey(plate, view, (0.42, 3.6), 300, heights, even=0.8)
    sun = sunlight(relief, day, CLIMB[setting.time], soft=0.04, roughness=0.5)
    grain = sample(tile("litter", 512, 1.15), relief.x * 0.5 + shift[2], relief.z * 0.5 + shift[3])
    patch = sample(tile("soft", 256, 2.2), relief.x * 0.22 + shift[4], relief.z * 0.22 + shift[5])
    albedo = ramp(setting.palette["grass"], np.asarray(np.clip(grain * 0.55 + patch * 0.4 - 0.1, 0, 1)))
    if "snow" in setting.weather:
        albedo = lerp(albedo, setting.palette["snow"][0], smooth(0.25, 0.5, np.asarray(grain + 0.2)))
    paint_land(plate, view, relief, illuminate(albedo, sun, day, 0.85))
    _growth(setting, plate, view, relief)
    return plate


def _growth(setting: Setting, plate: Plate, view: View, relief: Relief) -> None:
    """Tufts, flowers and stones on the meadow, far to near."""
    day, dice = daylight(setting), strand(setting, "growth")
    blades = tones_of(setting.palette["grass"], day)
    stone = tones_of(setting.palette["stone"], day)
    snowy = "snow" in setting.weather
    tufts = [grass(dice, plate.unit * 0.14, plate.unit * 0.1, blades, day.side, 44) for _ in range(4)]
    left, right = plate.span()
    for z in sorted((1.0 / dice.uniform(1 / 3.4, 1 / 0.75, 46 if snowy else 130)).tolist(), reverse=True):
        x = float(dice.uniform(left, right))
        row = visible_row(plate, view, relief, z, x)
        if row is None:
            continue
        if dice.random() < 0.07 and abs(x - 0.5) > 0.2:
            wide = plate.unit * float(dice.uniform(0.1, 0.3)) / z
            plate.stamp(rock(dice, wide, wide * 0.6, stone, day.side), plate.px(x), row + wide * 0.1)
            continue
        size = plate.unit * 0.15 / z * float(dice.uniform(0.6, 1.3))
        plate.stamp(scaled(tufts[int(dice.integers(4))], size), plate.px(x), row + 1, flip=bool(dice.random() < 0.5))
        if not snowy and dice.random() < 0.45:
            _flowers(setting, plate, dice, (plate.px(x), row - size * 0.5), size)


def _flowers(setting: Setting, plate: Plate, dice: np.random.Generator, at: tuple[float, float], size: float) -> None:
    """A handful of small flowers over a tuft."""
    kinds = setting.palette["flower"]
    tones: Tones = tones_of([kinds[int(dice.integers(len(kinds)))]], daylight(setting))
    spots = np.asarray(at) + dice.normal(0, 1, (5, 2)) * (size * 0.9, size * 0.3)
    dabs(plate.pixels, spots, max(1.5, size * 0.085), dice.uniform(0, 3, 5), dice.uniform(0.5, 1, 5), tones, _PETALS)


_PETALS = np.asarray(
    [(np.cos(a) * r, np.sin(a) * r) for a, r in zip(np.linspace(0, 5.65, 10), [0.5, 0.4] * 5, strict=True)]
)


def _side(setting: Setting) -> Plate:
    """Tall pines at the sides, where they frame the view."""
    day, dice = daylight(setting), strand(setting, "side")
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.65)
    room = plate.frame.height * plate.scale
    models = _pines(setting, "side", min(plate.unit * 0.95, room * 0.75), 3)
    air = 0.12 * (1.0 + day.thick)
    for side in (-1.0, 1.0):
        for i in range(3 if side == -day.side else 2):
            tall = (
                models[int(dice.integers(3))].shape[0]
                * float(dice.uniform(0.6, 1.0))
                * (1.0 if side == -day.side else 0.7)
            )
            x = 0.5 + side * (0.4 + 0.11 * i + float(dice.uniform(0.0, 0.08)))
            tree = shaded(scaled(models[int(dice.integers(3))], tall), (1, 1, 1), day.haze, min(air, 0.7))
            plate.stamp(tree, plate.px(x), plate.py(HORIZON + (GROUND - HORIZON) / 2.6), flip=bool(dice.random() < 0.5))
    return plate


def _frame(setting: Setting) -> Plate:
    """Grass close to the lens in the lower corners, a pine bough above."""
    plate = Plate(setting.frame, overscan=(0.3, 0.2), scale=0.35)
    day, dice = daylight(setting), strand(setting, "frame")
    blades = tones_of(setting.palette["grass"], day, open_sky=0.7, sun=0.8)
    for x in (-0.08, 1.08):
        tuft = grass(dice, plate.unit * 0.3, plate.unit * float(dice.uniform(0.3, 0.45)), blades, day.side, 60)
        plate.stamp(tuft, plate.px(x), plate.py(1.13), flip=bool(x > 0.5))
    plate.clear_middle()
    return plate
