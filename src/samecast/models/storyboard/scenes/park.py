"""A park: lawn and trees, a winding path, a bench, lamp posts that burn when it is dark."""

import numpy as np

from samecast.models.storyboard.scene import Colour, Layer, Light, Scene, Setting
from samecast.models.storyboard.scenes.foliage import Tones, bough, clump, dabs, grass, leafy, ribbon, tones_of, trunk
from samecast.models.storyboard.scenes.noise import Field, blur, lerp, mix, ramp, sample, smooth, strand, tile
from samecast.models.storyboard.scenes.plate import Plate, scaled, shaded, stack
from samecast.models.storyboard.scenes.sky import daylight, paint_sky, sky_grade, subject_exposure, sun_lights
from samecast.models.storyboard.scenes.terrain import View, hazed, illuminate, paint_land, sunlight, survey

HORIZON, GROUND = 0.5, 1.03
_CLIMB = {"dawn": 0.3, "day": 0.9, "golden hour": 0.32, "dusk": 0.4, "night": 0.8}
_LAMPS = ((-0.36, 3.0), (0.3, 5.2), (-0.2, 8.5))
"""Where lamp posts stand: x as a fraction of the frame from its middle (mirrored by the dice), and distance."""


def paint(setting: Setting) -> Scene:
    layers = stack(
        (
            paint_sky(setting, horizon=HORIZON),
            _trees(setting, "far", 26.0, 26),
            _trees(setting, "middle", 9.0, 7),
            _furniture(setting),
            _lawn(setting),
            _near_tree(setting),
            _frame(setting),
        ),
        _glow(setting),
    )
    return Scene(
        place="park",
        layers=layers,
        lights=_lights(setting),
        horizon=HORIZON,
        ambient=daylight(setting).haze,
        subject_exposure=subject_exposure(setting) + (0.25 if _burning(setting) else 0.0),
        ground=GROUND - 0.04,
        grade=sky_grade(setting),
    )


def _burning(setting: Setting) -> bool:
    return setting.time in ("dusk", "night")


def _lamp_places(setting: Setting) -> list[tuple[float, float]]:
    side = daylight(setting).side
    return [(0.5 + x * side, z) for x, z in _LAMPS]


def _lights(setting: Setting) -> tuple[Light, ...]:
    """Sun or moon and sky; the nearest lamp as a rim when it burns."""
    lights = sun_lights(setting)
    if not _burning(setting):
        return lights
    x = _lamp_places(setting)[0][0]
    lamp = Light(
        colour=setting.palette["lamp"][0], strength=0.9, direction=(1.0 if x > 0.5 else -1.0, 0.5, -0.5), role="rim"
    )
    return (*lights, lamp)


def _leaves(setting: Setting, dice: np.random.Generator) -> tuple[Colour, ...]:
    """Green, now and then turning."""
    green, autumn = setting.palette["leaf"], setting.palette["autumn"]
    t = float(dice.random()) ** 3 * 0.9
    return tuple(mix(a, b, t) for a, b in zip(green, autumn, strict=True))


def _trees(setting: Setting, name: str, depth: float, count: int) -> Layer:
    """Trees at about one distance, standing in the grass."""
    day, dice = daylight(setting), strand(setting, "trees " + name)
    plate = Plate(setting.frame, overscan=(0.18, 0.1))
    view = View.standing(setting.frame, HORIZON, GROUND)
    _grass(setting, plate, view, (depth * 0.5, depth * 1.7))
    tall = plate.unit * 6.2 / depth if depth > 15 else plate.unit * 5.4 / depth
    bark = tones_of(setting.palette["bark"], day)
    kinds = 5 if depth > 15 else 4
    models = [leafy(dice, tall, tones_of(_leaves(setting, dice), day), bark, day.side) for _ in range(kinds)]
    wide = max(1.0, (setting.frame.width / setting.frame.height) ** 0.6)
    total = round(count * wide)
    slots = dice.permutation((np.arange(total) + dice.uniform(0.1, 0.9, total)) / total * 1.36 - 0.18)
    haze = 36.0 / (1.0 + 0.9 * day.thick)
    for x, z in zip(slots, sorted(dice.uniform(0.85, 1.45, total) * depth, reverse=True), strict=True):
        if depth < 15 and abs(x - 0.5) < 0.12:
            continue
        row = plate.py(HORIZON + (GROUND - HORIZON) / float(z))
        size = tall * depth / float(z) * float(dice.uniform(0.75, 1.1))
        tree = shaded(
            scaled(models[int(dice.integers(kinds))], size), (1, 1, 1), day.haze, 1 - float(np.exp(-z / haze))
        )
        _pool(plate, (plate.px(float(x)), row), size * 0.5, 0.45)
        plate.stamp(tree, plate.px(float(x)), row + size * 0.01, flip=bool(dice.random() < 0.5))
    return plate.layer(depth)


def _pool(plate: Plate, at: tuple[float, float], size: float, strength: float) -> None:
    """A soft pool of shade on the ground."""
    wide, tall = round(size), max(2, round(size * 0.14))
    x0, y0 = max(round(at[0] - wide / 2), 0), max(round(at[1] - tall / 2), 0)
    x1, y1 = min(x0 + wide, plate.width), min(y0 + tall, plate.height)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    u = (np.arange(x0, x1) - at[0]) / (wide / 2)
    v = (np.arange(y0, y1) - at[1]) / (tall / 2)
    mask = np.clip(1 - u[None, :] ** 2 - v[:, None] ** 2, 0, 1) * strength
    part = plate.pixels[y0:y1, x0:x1, :3].astype(np.float32)
    plate.pixels[y0:y1, x0:x1, :3] = part * (1 - mask[..., None])


def _grass(setting: Setting, plate: Plate, view: View, reach: tuple[float, float], path: bool = True) -> None:
    """Mown lawn between two distances, dappled under trees, with the path winding through it."""
    day, dice = daylight(setting), strand(setting, "grass")
    shift = dice.uniform(0.0, 1.0, 8)

    def heights(x: Field, z: Field) -> Field:
        hills = sample(tile("soft", 256, 2.2), x * 0.07 + shift[0], z * 0.07 + shift[1]) - 0.5
        off = np.abs(x - _path_at(setting, z)) / (0.8 * view.eye)
        return np.asarray(hills * 0.1 * view.eye * smooth(0.8, 2.0, np.asarray(off, np.float32)), np.float32)

    near = reach[0] < 1
    relief = survey(plate, view, reach, 300 if near else 130, heights, even=0.8)
    sun = sunlight(relief, day, _CLIMB[setting.time], soft=0.05, roughness=0.4)
    dapple = sample(tile("fleck", 256, 1.5), relief.x * 0.16 + shift[2], relief.z * 0.16 + shift[3])
    sun = sun * (0.3 + 0.7 * smooth(0.4, 0.55, dapple))
    blade = sample(tile("litter", 512, 1.15), relief.x * 0.55 + shift[4], relief.z * 0.4 + shift[5])
    broad = sample(tile("soft", 256, 2.2), relief.x * 0.15 + shift[6], relief.z * 0.15 + shift[7])
    albedo = ramp(setting.palette["lawn"], np.asarray(np.clip(blade * 0.6 + broad * 0.4, 0, 1)))
    if "snow" in setting.weather:
        albedo = lerp(albedo, (0.94, 0.96, 1.0), smooth(0.2, 0.45, np.asarray(blade + 0.15)))
    gravel = ramp(setting.palette["path"], np.asarray(np.clip(blade * 0.9 + (broad - 0.5) * 0.3, 0, 1)))
    if "snow" in setting.weather:
        gravel = lerp(gravel, (0.9, 0.92, 0.96), np.full(blade.shape, 0.5, np.float32))
    off = np.abs(relief.x - _path_at(setting, relief.z)) / (0.62 * view.eye)
    on_path = smooth(1.0, 0.9, np.asarray(off + (blade - 0.5) * 0.12)) if path else np.zeros_like(sun)
    colour = illuminate(lerp(albedo, gravel, on_path), sun, day, 0.85)
    if _burning(setting):
        colour = colour + albedo * _lamp_pools(setting, view, relief.x, relief.z)
    if setting.wet:
        shine = on_path * smooth(0.35, 0.6, dapple) * 0.55
        colour = lerp(colour * 0.8, mix(day.haze, day.glow, 0.2), np.asarray(shine, np.float32))
    paint_land(plate, view, relief, hazed(colour, relief, day.haze, 36.0 / (1.0 + 0.9 * day.thick)))


def _path_at(setting: Setting, z: Field) -> Field:
    """The path's middle at distance z: it comes from beside the character and winds away."""
    side = daylight(setting).side
    reach = (setting.frame.height / setting.frame.width) ** 0.5
    return np.asarray(
        side * reach * (0.18 * np.sin(z * 0.55 + 0.3) * np.minimum(z, 6.0) * 0.35 + 0.05 * z - 0.06), np.float32
    )


def _lamp_pools(setting: Setting, view: View, x: Field, z: Field) -> Field:
    """Lamplight on the ground (K, W, 3)."""
    total = np.zeros(np.broadcast_shapes(x.shape, z.shape), np.float32)
    ratio = (setting.frame.width / setting.frame.height) ** 0.5
    for at, far in _lamp_places(setting):
        off = ((x - (at - 0.5) * far * ratio / view.focal) ** 2 + (z - far) ** 2) / view.eye**2
        total += 1.3 / (1.0 + off * 0.9) ** 1.5
    return np.asarray(total[..., None] * np.asarray(setting.palette["lamp"][0], np.float32), np.float32)


def _lawn(setting: Setting) -> Layer:
    """The near lawn and path; tufts along its edges, fallen leaves."""
    day, dice = daylight(setting), strand(setting, "lawn")
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.7)
    view = View.standing(setting.frame, HORIZON, GROUND)
    _grass(setting, plate, view, (0.42, 3.4))
    blades = tones_of(setting.palette["lawn"], day, open_sky=0.9)
    snowy = "snow" in setting.weather
    tufts = [grass(dice, plate.unit * 0.16, plate.unit * 0.07, blades, day.side, 40) for _ in range(3)]
    left, right = plate.span()
    for z in sorted((1.0 / dice.uniform(1 / 3.2, 1 / 0.8, 10 if snowy else 80)).tolist(), reverse=True):
        x = float(dice.uniform(left, right))
        world = (x - 0.5) * z * (setting.frame.width / setting.frame.height) ** 0.5
        path = float(_path_at(setting, np.asarray([z], np.float32))[0])
        if abs(world - path) < 0.66 * view.eye:
            continue
        size = plate.unit * 0.075 / z * float(dice.uniform(0.5, 1.1))
        row = plate.py(HORIZON + (GROUND - HORIZON) / z)
        plate.stamp(
            scaled(tufts[int(dice.integers(3))], size), plate.px(x), row + size * 0.3, flip=bool(dice.random() < 0.5)
        )
    count = 160
    z_at = np.sort(1.0 / dice.uniform(1 / 3.2, 1 / 0.8, count))[::-1]
    rows = plate.py(HORIZON) + (GROUND - HORIZON) / z_at * plate.frame.height * plate.scale
    at = np.stack([dice.random(count) * plate.width, rows], axis=1)
    dry = tones_of(setting.palette["autumn"], day)
    dabs(plate.pixels, at, plate.unit * 0.02 / z_at, dice.normal(0, 0.4, count), dice.uniform(0.3, 0.9, count), dry)
    return plate.layer(2.3)


def _furniture(setting: Setting) -> Layer:
    """A bench by the path and the lamp posts, on the lawn of the middle ground."""
    day, dice = daylight(setting), strand(setting, "furniture")
    plate = Plate(setting.frame, overscan=(0.2, 0.1), scale=0.7)
    view = View.standing(setting.frame, HORIZON, GROUND)
    _grass(setting, plate, view, (2.2, 6.2))
    iron = tones_of(setting.palette["iron"], day)
    for x, z in sorted(_lamp_places(setting), key=lambda place: -place[1]):
        _lamp_post(setting, plate, (x, z), iron)
    ratio = (setting.frame.width / setting.frame.height) ** 0.5
    far = 4.4
    path = 0.5 + float(_path_at(setting, np.asarray([far], np.float32))[0]) / (far * ratio)
    bench_x = path + day.side * (0.62 * view.eye / far / ratio + 0.13 / ratio)
    row = plate.py(HORIZON + (GROUND - HORIZON) / far)
    wood = tones_of(setting.palette["wood"], day)
    size = plate.unit * 0.23
    _pool(plate, (plate.px(bench_x), row), size * 1.4, 0.5)
    _bushes(setting, plate, dice)
    _bench(plate, (plate.px(bench_x), row), size, wood, iron)
    return plate.layer(3.4)


def _bushes(setting: Setting, plate: Plate, dice: np.random.Generator) -> None:
    """Shrubs at the sides of the middle ground."""
    day = daylight(setting)
    for side in (-1.0, 1.0):
        for _ in range(3):
            tones = tones_of(_leaves(setting, dice), day)
            x = plate.px(0.5 + side * float(dice.uniform(0.5, 0.68)))
            z = float(dice.uniform(3.2, 4.4))
            r = plate.unit * 0.22 / z * float(dice.uniform(1.0, 1.6))
            row = plate.py(HORIZON + (GROUND - HORIZON) / z)
            _pool(plate, (x, row), r * 3, 0.5)
            for k in range(4):
                ball = (x + (k - 1.5) * r * 0.6, row - r * float(dice.uniform(0.5, 1.0)), r * 0.75)
                clump(plate.pixels, dice, ball, 110, r * 0.16, tones, day.side)


def _lamp_post(setting: Setting, plate: Plate, place: tuple[float, float], iron: Tones) -> None:
    x, z = plate.px(place[0]), place[1]
    foot = plate.py(HORIZON + (GROUND - HORIZON) / z)
    tall, wide = _lamp_size(plate, z)
    head = foot - tall
    ribbon(plate.pixels, np.asarray([(x, head), (x, foot - tall * 0.12)]), np.asarray([0.12, 0.16]) * wide, iron[0])
    ribbon(plate.pixels, np.asarray([(x, foot - tall * 0.14), (x, foot)]), np.asarray([0.2, 0.36]) * wide, iron[0])
    edge = daylight(setting).side * 0.08 * wide
    ribbon(plate.pixels, np.asarray([(x + edge, head), (x + edge, foot)]), np.asarray([0.03, 0.05]) * wide, iron[3])
    glass = setting.palette["lamp"][1] if _burning(setting) else mix(daylight(setting).haze, (1, 1, 1), 0.3)
    lantern = np.asarray([(-0.5, 0.0), (-0.38, 1.25), (0.38, 1.25), (0.5, 0.0)]) * wide
    plate.polygon(lantern + np.asarray((x, head - wide * 1.2)), glass)
    for bar in (-0.45, 0.0, 0.45):
        line = np.asarray([(x + bar * wide, head - wide * 1.2), (x + bar * wide * 0.8, head)])
        ribbon(plate.pixels, line, np.asarray([0.035, 0.035]) * wide, iron[0])
    roof = np.asarray([(-0.68, 0.0), (-0.2, -0.45), (0.0, -0.75), (0.2, -0.45), (0.68, 0.0)]) * wide
    plate.polygon(roof + np.asarray((x, head - wide * 1.15)), iron[0])
    ribbon(
        plate.pixels,
        np.asarray([(x - wide * 0.45, head), (x + wide * 0.45, head)]),
        np.asarray([0.1, 0.1]) * wide,
        iron[0],
    )


def _lamp_size(plate: Plate, z: float) -> tuple[float, float]:
    """A post's height and its lantern's width, in plate pixels."""
    tall = min(plate.unit * 1.9, plate.frame.height * plate.scale * 1.25) / z
    return tall, tall * 0.095


def _bench(plate: Plate, at: tuple[float, float], size: float, wood: Tones, iron: Tones) -> None:
    """A slatted bench seen from the front, a little from above."""
    x, foot = at
    for side in (-0.42, 0.42):
        leg = np.asarray([(x + side * size, foot - size * 0.42), (x + side * size * 1.02, foot)])
        ribbon(plate.pixels, leg, np.asarray([0.016, 0.02]) * size, iron[1])
        arm = np.asarray([(x + side * size * 1.02, foot - size * 0.31), (x + side * size * 1.06, foot - size * 0.3)])
        ribbon(plate.pixels, arm, np.asarray([0.02, 0.02]) * size, iron[2])
    for i, (height, thick, shade) in enumerate(
        ((0.47, 0.026, 2), (0.4, 0.026, 1), (0.33, 0.026, 1), (0.215, 0.016, 2), (0.185, 0.018, 3), (0.15, 0.022, 2))
    ):
        wide = size * (0.5 + 0.012 * i)
        y = foot - size * height
        slat = np.asarray([(-wide, -thick * size), (wide, -thick * size), (wide, thick * size), (-wide, thick * size)])
        plate.polygon(slat + np.asarray((x, y)), wood[shade])
        plate.polygon(slat * (1, 0.3) + (x, y + thick * size * 0.75), wood[0])


def _glow(setting: Setting) -> Layer | None:
    """Lamplight in the air round the lanterns."""
    if not _burning(setting):
        return None
    plate = Plate(setting.frame, overscan=(0.2, 0.1), scale=0.35)
    total = np.zeros(plate.shape, np.float32)
    for x, z in _lamp_places(setting):
        tall, wide = _lamp_size(plate, z)
        row = plate.py(HORIZON + (GROUND - HORIZON) / z) - tall - wide * 0.6
        y_at, x_at = np.ogrid[0 : plate.height, 0 : plate.width]
        off = np.sqrt((x_at - plate.px(x)) ** 2.0 + (y_at - row) ** 2.0) / (wide * 0.5)
        total += (0.9 * np.exp(-((off / 1.3) ** 2)) + 0.5 / (1.0 + (off / 3.0) ** 2) * np.exp(-off / 22.0)).astype(
            np.float32
        )
    thick = 1.0 + 0.5 * daylight(setting).thick
    plate.add(
        blur(total, 1.0)[..., None] * np.asarray(setting.palette["lamp"][0], np.float32) * np.float32(min(thick, 1.8))
    )
    return plate.layer(3.35, light=True)


def _near_tree(setting: Setting) -> Layer:
    """One big trunk at the side, its leaves overhead."""
    day, dice = daylight(setting), strand(setting, "near tree")
    plate = Plate(setting.frame, overscan=(0.3, 0.12), scale=0.6)
    bark = tones_of(setting.palette["bark"], day, open_sky=0.85)
    leaf = tones_of(_leaves(setting, dice), day, open_sky=0.8)
    side = -day.side
    foot = plate.py(HORIZON + (GROUND - HORIZON) / 1.9)
    wide = plate.unit * 0.17
    x = plate.px(0.5 + side * float(dice.uniform(0.5, 0.6)))
    plate.stamp(trunk(dice, wide, foot, bark, None, day.side), x, foot + wide * 0.1)
    clusters, per = 34, 60
    reach = plate.frame.width * plate.scale * 0.75
    out = dice.random(clusters) ** 1.3 * reach
    cx = np.repeat(x - side * (out - 0.3 * reach), per)
    cy = np.repeat(plate.py(0.16) * dice.random(clusters) ** 1.4 * (1.25 - out / reach * 0.8), per)
    spread = plate.unit * 0.065
    points = np.stack([cx + dice.normal(0, spread, cx.size), cy + dice.normal(0, spread * 0.6, cx.size)], axis=1)
    value = 0.42 + dice.normal(0, 0.2, cx.size) + 0.1 * np.sign(dice.normal(0, 1, cx.size))
    dabs(
        plate.pixels,
        points,
        plate.unit * 0.026 * dice.uniform(0.6, 1.2, cx.size),
        dice.uniform(0, 3, cx.size),
        value,
        leaf,
    )
    return plate.layer(1.9, sway=0.002)


def _frame(setting: Setting) -> Layer:
    """Leaves close to the lens in an upper corner, grass below."""
    plate = Plate(setting.frame, overscan=(0.3, 0.2), scale=0.35)
    day, dice = daylight(setting), strand(setting, "frame")
    leaf = tones_of(_leaves(setting, dice), day, open_sky=0.6, sun=0.6)
    hanging = bough(dice, plate.unit * 0.6, leaf, day.side, 0.12)
    flip = day.side > 0
    x = plate.px(1.3) - hanging.shape[1] / 2 if flip else plate.px(-0.3) + hanging.shape[1] / 2
    plate.stamp(hanging, x, hanging.shape[0] + plate.py(-0.16), flip=flip)
    blades = tones_of(setting.palette["lawn"], day, open_sky=0.7, sun=0.7)
    for at in (-0.08, 1.08):
        tuft = grass(dice, plate.unit * 0.3, plate.unit * float(dice.uniform(0.26, 0.38)), blades, day.side, 60)
        plate.stamp(tuft, plate.px(at), plate.py(1.13))
    plate.clear_middle()
    return plate.layer(0.55, sway=0.006)
