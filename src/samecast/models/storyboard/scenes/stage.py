"""A theatre's stage: a red curtain in deep folds, wings, a valance, boards that shine, and beams of light in the dust.

The theatre has its own light; the hour only says how much of the day leaks into the house.
"""

from dataclasses import dataclass

import numpy as np
import skia

from samecast.models.storyboard.scene import Colour, Frame, Grade, Layer, Light, Scene, Setting
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
    polygon,
    radial,
    shade,
    stroke,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.interior import Palette, glow_spot, lay_floor, room_eye, shaft, weather_walls
from samecast.models.storyboard.scenes.wet_ground import mirror_of

BACK = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The stage as lit: the main beam's colour and side, the second beam's colour, how strong, and a seed."""

    side: int
    main: Colour
    second: Colour
    third: Colour
    level: float
    seed: int


def paint(setting: Setting) -> Scene:
    """The stage, darkest around the beams."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    eye = room_eye(frame, dice, height=1.5, zoom=1.0 if frame.portrait else 0.85)
    spots = palette["spots"]
    house = House(
        side=int(dice.choice([-1, 1])),
        main=spots[0],
        second=spots[1 + int(dice.integers(3))],
        third=spots[1 + int(dice.integers(3))],
        level=0.95,
        seed=int(dice.integers(1 << 30)),
    )
    ambient = palette["ambient"][0]
    mirror = mirror_of(
        frame, eye, lambda easel: _backcloth(easel, house, palette), sky=(shade(ambient, 0.4),) * 2, ambient=ambient
    )
    back = Easel(frame, eye, overscan=(0.14, 0.12))
    _backcloth(back, house, palette)
    weather_walls(back, ambient, seed=house.seed, dirt=0.12, ceiling=1.15)
    lay_floor(back, mirror, BACK, (palette["boards"][0], "wood"), ambient, gloss=0.4)
    back.cover.array[..., 3] = 255
    wings = Easel(frame, eye, overscan=(0.22, 0.18))
    _wings(wings, house, palette, 5.0)
    weather_walls(wings, ambient, seed=house.seed + 1, dirt=0.12)
    proscenium = Easel(frame, eye, overscan=(0.3, 0.22))
    _proscenium(proscenium, house, palette, 3.2)
    _footlights(proscenium, house, palette)
    weather_walls(proscenium, ambient, seed=house.seed + 2, dirt=0.15)
    proscenium.kindle(strength=0.8)
    return Scene(
        place="stage",
        layers=(
            back.cover.layer(6.5),
            _beams(frame, eye, house),
            wings.cover.layer(3.6),
            *proscenium.layers(2.0),
            _audience(frame, house, palette),
        ),
        lights=(
            Light(colour=house.main, strength=1.0 * house.level, direction=(house.side * 0.5, 0.75, 0.55), role="key"),
            Light(
                colour=house.second, strength=1.2 * house.level, direction=(-house.side * 0.8, 0.5, -0.5), role="rim"
            ),
            Light(colour=house.third, strength=0.8 * house.level, direction=(house.side * 0.8, 0.5, -0.6), role="rim"),
            Light(
                colour=mix(ambient, palette["spots"][1], 0.3), strength=0.35, direction=(0.0, -0.5, 0.8), role="fill"
            ),
        ),
        horizon=eye.vanish[1] / frame.height,
        vanish_x=eye.vanish[0] / frame.width,
        ambient=mix(ambient, house.main, 0.12),
        subject_exposure=-0.5,
        grade=Grade(contrast=1.1, saturation=1.05, shadows=(0.006, 0.0, 0.012), bloom=0.4),
        indoors=True,
    )


def _folds(
    easel: Easel, left: float, right: float, y: tuple[float, float], z: float, *, colour: Colour, count: int, seed: int
) -> None:
    """A curtain hanging in folds: each a gradient from its shaded valley over its lit ridge, the hem uneven."""
    eye = easel.eye
    dice = np.random.default_rng(seed)
    steps = np.cumsum(dice.uniform(0.6, 1.4, count))
    edges = left + (right - left) * np.concatenate([[0.0], steps / steps[-1]])
    for k in range(count):
        a, b = float(edges[k]), float(edges[k + 1])
        hem = y[0] + float(dice.uniform(-0.02, 0.03))
        strip = [eye.at(a, y[1], z), eye.at(b + 0.01, y[1], z), eye.at(b + 0.01, hem, z), eye.at(a, hem, z)]
        ridge = float(dice.uniform(0.3, 0.55))
        tones = [shade(colour, 0.28), shade(colour, 0.8), shade(colour, 1.2), shade(colour, 0.7), shade(colour, 0.25)]
        easel.path(polygon(strip), linear(strip[0], strip[1], tones, [0.0, ridge * 0.5, ridge, ridge + 0.3, 1.0]))


def _backcloth(easel: Easel, house: House, palette: Palette) -> None:
    """The main curtain, closed, with its fringe; pools of light on it."""
    wide = 9.0
    _folds(easel, -wide, wide, (0.03, 11.0), BACK, colour=palette["curtain"][0], count=44, seed=house.seed)
    for y, tone in ((0.2, 0.9), (0.14, 0.6)):
        band = easel.eye.facing((-wide, wide), (y, y + 0.05), BACK - 0.02)
        easel.solid(band, shade(palette["trim"][0], tone))
    easel.lamp((0.0, 1.6, BACK), house.main, 2.2 * house.level, 2.3)
    easel.lamp((-house.side * 3.4, 2.6, BACK), house.second, 1.7 * house.level, 1.9)
    easel.lamp((house.side * 3.6, 2.9, BACK), house.third, 1.2 * house.level, 1.8)
    easel.lamp((0.0, 0.0, 5.0), house.main, 2.4 * house.level, 1.4)
    easel.lamp((-house.side * 1.9, 0.0, 5.5), house.second, 1.4 * house.level, 1.3)
    easel.lamp((house.side * 2.2, 0.0, 5.5), house.third, 1.0 * house.level, 1.3)


def _wings(easel: Easel, house: House, palette: Palette, z: float) -> None:
    """Dark side curtains and a border above, between the backcloth and the front."""
    half = 1.55 if easel.frame.portrait else 3.0
    dark = mix(palette["curtain"][0], palette["wall"][0], 0.45)
    top = 3.5 if not easel.frame.portrait else 4.6
    for side in (-1, 1):
        a, b = sorted((side * half, side * (half + 5)))
        _folds(easel, a, b, (0.0, 9.0), z, colour=dark, count=15, seed=house.seed + 3 + side)
        easel.lamp((side * half, 1.2, z), house.second if side != house.side else house.third, 0.9 * house.level, 1.2)
    _folds(easel, -8, 8, (top, top + 6), z, colour=shade(dark, 0.8), count=52, seed=house.seed + 8)


def _proscenium(easel: Easel, house: House, palette: Palette, z: float) -> None:
    """The front curtain drawn to the sides, swagged and tied; its valance with a gold fringe."""
    eye, colour = easel.eye, palette["curtain"][0]
    half = 1.2 if easel.frame.portrait else 2.35
    for side in (-1, 1):
        folds = 11
        dice = np.random.default_rng(house.seed + 20 + side)
        for k in range(folds):
            t0, t1 = k / folds, (k + 1) / folds
            rows = ((4.8, 0.35), (2.2, 0.3), (1.15, 1.0), (0.0, 0.72))
            outline = []
            for t, order in ((t0, rows), (t1 + 0.03, rows[::-1])):
                for y, pull in order:
                    inner = side * half + side * pull * 0.55 * (1 if y < 4 else 0)
                    outline.append(eye.at(inner + side * t * 3.2 * (1 - 0.45 * (1.0 if 0.9 < y < 1.4 else 0.0)), y, z))
            shine = float(dice.uniform(0.85, 1.2))
            tones = [shade(colour, 0.3 * shine), shade(colour, 1.1 * shine), shade(colour, 0.25 * shine)]
            easel.path(polygon(outline), linear(outline[0], outline[-1], tones, [0.0, 0.42, 1.0]))
        tie = eye.at(side * (half + 0.55), 1.15, z - 0.02)
        wide = eye.size(1.9, z)
        band = skia.Rect(
            min(tie[0], tie[0] + side * wide),
            tie[1] - eye.size(0.05, z),
            max(tie[0], tie[0] + side * wide),
            tie[1] + eye.size(0.05, z),
        )
        easel.path(
            skia.Path().addRect(band),
            linear((0, band.top()), (0, band.bottom()), [palette["trim"][0], shade(palette["trim"][0], 0.4)]),
        )
        easel.lamp((side * half, 1.2, z), house.main, 0.55 * house.level, 1.3)
    top = 2.75 if not easel.frame.portrait else 3.5
    for k in range(-6, 7):  # scallops of the valance
        a, b = k * 0.8 - 0.4, k * 0.8 + 0.4
        curve = [eye.at(a, top + 6, z - 0.05), eye.at(b, top + 6, z - 0.05)]
        hem = [eye.at(b + (a - b) * t, top - 0.2 * float(np.sin(np.pi * t)), z - 0.05) for t in np.linspace(0, 1, 12)]
        tones = [shade(colour, 0.35), shade(colour, 0.95), shade(colour, 0.35)]
        easel.path(polygon(curve + hem), linear(hem[-1], hem[0], tones))
        easel.line(hem, palette["trim"][0], max(1.5, eye.size(0.045, z)))
    easel.lamp((0, top, z), house.main, 0.6 * house.level, 1.6)


def _footlights(easel: Easel, house: House, palette: Palette) -> None:
    """A row of small shells along the front edge, to the sides of the middle."""
    eye, z = easel.eye, 3.0
    for k in range(-9, 10):
        if abs(k) < 2:
            continue
        x = k * 0.36
        shell = [eye.at(x + 0.1 * float(np.cos(a)), 0.12 * float(np.sin(a)), z) for a in np.linspace(0, np.pi, 9)]
        easel.solid(shell, (0.14, 0.11, 0.09))
        easel.panel([shell[2], shell[6], eye.at(x, 0.03, z)], palette["spots"][0], 0.5 * house.level)


def _beams(frame: Frame, eye: Eye, house: House) -> Layer:
    """Beams from above through dusty air: one on the middle, two crossing from the sides."""
    sheet = Sheet(frame, overscan=(0.2, 0.16), scale=0.5)
    h = frame.height
    top = sheet.bounds[1] - 0.02 * h
    for x, foot, wide, colour, strength in (
        (house.side * 1.1, 0.0, 1.25, house.main, 0.5),
        (-house.side * 3.4, -house.side * 1.2, 1.1, house.second, 0.42),
        (house.side * 4.0, house.side * 1.7, 1.0, house.third, 0.34),
        (-house.side * 1.4, -house.side * 2.9, 0.9, house.third, 0.26),
    ):
        at = eye.at(x, 0, 6.0)[0]
        low = eye.at(foot - wide, 0, 6.0), eye.at(foot + wide, 0, 6.0)
        thin = 0.012 * h
        corners = [(at - thin, top), (at + thin, top), low[1], low[0]]
        shaft(sheet, corners, colour, strength * house.level, soft=0.008 * h)
        glow_spot(sheet, (at, top), 0.16 * h, colour, 0.55 * house.level)
        centre = eye.at(foot, 0, 6.0)
        twin = sheet.twin(0.25)
        twin.canvas.drawOval(
            skia.Rect(low[0][0], centre[1] - 0.028 * h, low[1][0], centre[1] + 0.028 * h),
            fill(shade(colour, 0.1 * house.level)),
        )
        glow(twin, tight=0.01 * h, wide=0.02 * h, strength=0.5)
        add_light(sheet, twin)
    rows, columns = sheet.array.shape[:2]
    dust = fractal_noise((rows // 4, columns // 4), np.random.default_rng(house.seed), cell=columns / 14, octaves=5)
    light_up(sheet, np.repeat((0.55 + 0.9 * dust)[:, :, None], 3, axis=2))
    dice = np.random.default_rng(house.seed + 1)
    for _ in range(140):
        x, y = dice.uniform(0, frame.width), dice.uniform(0, 0.85 * h)
        sheet.canvas.drawCircle(
            float(x),
            float(y),
            float(dice.uniform(0.6, 1.6)),
            fill(shade(house.main, 0.5), float(dice.uniform(0.1, 0.6))),
        )
    return sheet.layer(4.8, light=True)


def _audience(frame: Frame, house: House, palette: Palette) -> Layer:
    """Heads of the front row, dark, at the lower corners, with a thread of stage light around them."""
    sheet = Sheet(frame, overscan=(0.38, 0.28), scale=0.5)
    w, h, unit = frame.width, frame.height, min(frame.width, frame.height)
    for side in (-1, 1):
        for k in range(2):
            x = w * (0.5 + side * 0.5) + side * unit * (-0.05 + 0.2 * k)
            y = h * (0.965 + 0.02 * k)
            r = unit * (0.075 + 0.012 * k)
            head = skia.Path().addOval(skia.Rect(x - r * 0.85, y - r * 1.1, x + r * 0.85, y + r * 1.1))
            head.addOval(skia.Rect(x - r * 2.1, y + r * 0.95, x + r * 2.1, y + r * 5))
            sheet.canvas.drawPath(head, fill((0.02, 0.016, 0.02)))
            sheet.canvas.drawPath(head, stroke(shade(house.main, 0.3), r * 0.07, 0.8))
            sheet.canvas.drawPath(
                head, radial((x, y), r * 1.5, [((0.02, 0.016, 0.02), 1.0), ((0.02, 0.016, 0.02), 0.5)])
            )
    return sheet.layer(0.6)
