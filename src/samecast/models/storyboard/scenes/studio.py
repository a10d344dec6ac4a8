"""A plain photographer's studio: seamless paper in a soft gradient, a floor, two softboxes at the edges.

It is also what an unknown place is drawn as, so it claims nothing: no hour, no weather, only good light.
"""

import cv2
import numpy as np

from samecast.models.storyboard.scene import Colour, Frame, Grade, Layer, Light, Scene, Setting
from samecast.models.storyboard.scenes.brush import (
    Sheet,
    fill,
    fractal_noise,
    glow,
    light_up,
    linear,
    mix,
    polygon,
    shade,
    stroke,
)
from samecast.models.storyboard.scenes.interior import Palette, flood

FLOOR = 0.74
"""Where paper turns from wall to floor, as a fraction of the frame's height."""


def paint(setting: Setting) -> Scene:
    """The studio; the hour only tints its lamps and, at night, takes a darker paper."""
    frame, dice, palette = setting.frame, setting.dice, setting.palette
    paper = palette["paper"][int(dice.integers(len(palette["paper"])))]
    side = int(dice.choice([-1, 1]))
    x = 0.5 + side * float(dice.uniform(0.04, 0.14))
    lamp, rim = palette["lamp"][0], palette["rim"][0]
    return Scene(
        place="studio",
        layers=(
            _paper(frame, paper, palette, x, dice),
            _sweep(frame, paper, palette, x),
            *_lamps(frame, palette, side),
        ),
        lights=(
            Light(colour=lamp, strength=0.9, direction=(side * 0.6, 0.5, 0.6), role="key"),
            Light(colour=rim, strength=0.9, direction=(-side * 0.8, 0.4, -0.5), role="rim"),
            Light(colour=mix(lamp, paper, 0.5), strength=0.55, direction=(-side * 0.5, 0.2, 0.8), role="fill"),
        ),
        horizon=0.52,
        vanish_x=0.5,
        ambient=shade(paper, 0.9),
        subject_exposure=-0.45 if setting.time == "night" else -0.1,
        grade=Grade(contrast=1.04, bloom=0.15),
        indoors=True,
    )


def _paper(frame: Frame, paper: Colour, palette: Palette, x: float, dice: np.random.Generator) -> Layer:
    """The backdrop: a pool of light behind the head, falling off to the corners, faintly mottled like canvas."""
    sheet = Sheet(frame, overscan=(0.1, 0.08), scale=0.5)
    base = mix(paper, palette["lamp"][0], 0.12)
    flood(sheet, fill(base))
    gx, gy = sheet.coarse(8)
    across, above = (gx / frame.width - x), (gy / frame.height - 0.40)
    pool = np.exp(-((across * frame.width / max(frame.width, frame.height)) ** 2 * 5.5 + above**2 * 4.5))
    value = 0.42 + 0.78 * pool
    mottle = fractal_noise(gx.shape, dice, cell=gx.shape[1] / 3.5, octaves=5, fade=0.7)
    tint = np.asarray(palette["lamp"][0], np.float32)
    cool = np.asarray(palette["rim"][0], np.float32)
    warm = cool + (tint - cool) * np.clip(pool * 1.2, 0, 1)[..., None]
    light_up(sheet, ((value * (0.96 + 0.08 * mottle))[..., None] * warm).astype(np.float32))
    return sheet.layer(20.0)


def _sweep(frame: Frame, paper: Colour, palette: Palette, x: float) -> Layer:
    """The floor, joined to the wall without an edge, with the light's pool and the wall's glow on it."""
    sheet = Sheet(frame, overscan=(0.2, 0.16), scale=0.5)
    rows, columns = sheet.array.shape[:2]
    gx, gy = sheet.coarse(4)
    down = np.clip((gy / frame.height - (FLOOR - 0.1)) / 0.2, 0, 1)
    alpha = down * down * (3 - 2 * down)
    near = np.clip(gy / frame.height - FLOOR, 0, 1)
    pool = np.exp(-(((gx / frame.width - x) * 1.7) ** 2 + ((gy / frame.height - 0.9) * 3.2) ** 2))
    value = (0.5 + 0.55 * pool) * (1 - 0.35 * near)
    grain = fractal_noise(gx.shape, np.random.default_rng(5), cell=30, octaves=4, stretch=(3.0, 1.0))
    tint = np.asarray(mix(palette["rim"][0], palette["lamp"][0], 0.75), np.float32)
    tone = (
        tint * np.asarray(mix(paper, palette["lamp"][0], 0.12), np.float32) * (value * (0.95 + 0.1 * grain))[..., None]
    )
    picture = np.dstack([np.clip(tone, 0, 1) * alpha[..., None], alpha]) * 255
    sheet.array[...] = cv2.resize(picture.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_LINEAR)
    return sheet.layer(4.0)


def _lamps(frame: Frame, palette: Palette, side: int) -> tuple[Layer, Layer]:
    """A big softbox at one edge and a strip light at the other, on their stands."""
    cover, lit = Sheet(frame, overscan=(0.28, 0.2), scale=0.75), Sheet(frame, overscan=(0.28, 0.2), scale=0.5)
    w, h, unit = frame.width, frame.height, min(frame.width, frame.height)
    steel = palette["steel"][0]
    for edge, tall, wide, colour, level in (
        (side, 0.5, 0.3, palette["lamp"][0], 0.95),
        (-side, 0.55, 0.1, palette["rim"][0], 0.7),
    ):
        x = w * (0.5 + edge * 0.5) - edge * unit * 0.035
        y = h * 0.24
        pen = unit * 0.008
        for sheet in (cover,):
            sheet.canvas.drawLine(x + edge * unit * 0.06, y, x + edge * unit * 0.06, h * 0.93, stroke(steel, pen))
            for foot in (-0.09, 0.0, 0.09):
                sheet.canvas.drawLine(
                    x + edge * unit * 0.06, h * 0.84, x + edge * unit * 0.06 + foot * unit, h * 0.94, stroke(steel, pen)
                )
        turn = unit * wide * 0.30
        box = [
            (x, y - unit * tall * 0.42),
            (x + edge * unit * wide, y - unit * tall * 0.56),
            (x + edge * unit * wide, y + unit * tall * 0.56),
            (x, y + unit * tall * 0.42),
        ]
        rim = [(px + edge * turn * 0.2, py) for px, py in box]
        cover.canvas.drawPath(polygon(rim), fill(shade(steel, 0.8)))
        cover.canvas.drawPath(polygon(box), fill(steel))
        face = [
            (box[0][0] + edge * unit * 0.008, box[0][1] + unit * 0.014),
            (box[1][0], box[1][1] + unit * 0.016),
            (box[2][0], box[2][1] - unit * 0.016),
            (box[3][0] + edge * unit * 0.008, box[3][1] - unit * 0.014),
        ]
        lit.canvas.drawPath(
            polygon(face), linear(face[0], face[1], [shade(colour, level * 0.75), shade(colour, level)])
        )
    glow(lit, tight=0.004 * h, wide=0.03 * h, strength=0.55)
    return cover.layer(1.9), lit.layer(1.9, light=True)
