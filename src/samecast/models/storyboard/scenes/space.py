"""Deep space as seen through a window: stars, a nebula, and a planet shaded per pixel under the hour's sun."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from samecast.models.storyboard.scene import Frame, Layer, Setting
from samecast.models.storyboard.scenes.brush import Bytes, Eye, Sheet, as_bytes, fractal_noise

SUN = {"night": -0.55, "dusk": -0.15, "dawn": 0.1, "golden hour": 0.35, "day": 0.8}
"""How much of the planet's face is lit: the sun's z, toward the viewer."""


def paint_space(frame: Frame, eye: Eye, side: int, setting: Setting) -> Layer:
    """The sky at infinity, opaque, the planet on `side` (-1 left, 1 right of the vanishing point)."""
    palette = setting.palette
    sheet = Sheet(frame, overscan=(0.1, 0.08), scale=0.75)
    dice = np.random.default_rng(int(setting.dice.integers(1 << 30)))
    rows, columns = sheet.array.shape[:2]
    clouds = fractal_noise((rows // 4, columns // 4), dice, cell=columns / 10, octaves=5)
    veins = fractal_noise((rows // 4, columns // 4), dice, cell=columns / 16, octaves=5)
    base = np.asarray(palette["space"][0], np.float32)
    nebula = np.asarray(palette["space"][1], np.float32)
    second = np.asarray(palette["space"][2], np.float32)
    thick = np.clip((clouds - 0.46) * 2.2, 0, 1)[..., None]
    hue = np.clip((veins - 0.35) * 2.5, 0, 1)[..., None]
    colour = base + thick * (nebula * hue + second * (1 - hue)) * 0.55
    picture = cv2.resize((np.clip(colour, 0, 1) * 255).astype(np.uint8), (columns, rows), interpolation=cv2.INTER_CUBIC)
    stars = np.zeros((rows, columns), np.uint8)
    count = rows * columns // 900
    where = (dice.integers(0, rows, count), dice.integers(0, columns, count))
    stars[where] = (255 * dice.random(count) ** 3).astype(np.uint8)
    bright = np.zeros_like(stars)
    few = max(8, count // 40)
    bright[dice.integers(0, rows, few), dice.integers(0, columns, few)] = 255
    shine = cv2.merge([cv2.add(stars, cv2.convertScaleAbs(cv2.GaussianBlur(bright, (0, 0), 1.4), alpha=9))] * 3)
    picture = cv2.add(picture, shine)
    sheet.array[..., :3], sheet.array[..., 3] = picture, 255
    _planet(sheet, eye, side, setting, dice)
    return sheet.layer(float("inf"))


def _planet(sheet: Sheet, eye: Eye, side: int, setting: Setting, dice: np.random.Generator) -> None:
    """A sphere shaded per pixel: bands of cloud, a terminator, and an atmosphere that glows at the limb."""
    frame, palette = setting.frame, setting.palette
    unit = min(frame.width, frame.height)
    radius = unit * float(dice.uniform(0.34, 0.46))
    spot = (
        eye.vanish[0] + side * unit * (0.2 if frame.portrait else 0.46),
        eye.vanish[1] - unit * (0.36 if frame.portrait else 0.2),
    )
    rows, columns = sheet.array.shape[0] // 2, sheet.array.shape[1] // 2
    left, top, right, bottom = sheet.bounds
    xs = (np.linspace(left, right, columns, dtype=np.float32) - spot[0]) / radius
    ys = (np.linspace(top, bottom, rows, dtype=np.float32) - spot[1]) / radius
    gx, gy = np.meshgrid(xs, ys)
    away = np.sqrt(gx * gx + gy * gy)
    gz = np.sqrt(np.clip(1 - away * away, 0, 1))
    sun = np.asarray([-side * 0.7, -0.5, SUN[setting.time]], np.float32)
    sun /= np.linalg.norm(sun)
    facing = np.clip(gx * sun[0] + gy * sun[1] + gz * sun[2], -0.2, 1)
    bands = fractal_noise((256, 256), dice, cell=90, octaves=6, stretch=(2.6, 0.6), fade=0.65)
    warp = gy * 0.9 + gx * 0.25
    u, v = np.clip((gx / (0.6 + gz) + 1) * 110, 0, 255), np.clip((warp / (0.6 + gz) + 1) * 110, 0, 255)
    ground = cv2.remap(bands, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR)
    tones = [np.asarray(c, np.float32) for c in palette["planet"]]
    low = np.clip(ground * 2.4 - 0.5, 0, 1)[..., None]
    high = np.clip((ground - 0.58) * 5, 0, 1)[..., None]
    body = tones[0] * (1 - low) + tones[1] * low
    body = body * (1 - high) + tones[2] * high
    light = np.clip(facing, 0, 1)[..., None] * 1.25 + 0.012
    limb = (np.clip(1 - gz, 0, 1) ** 3 * np.clip(facing + 0.25, 0, 1))[..., None]
    air = np.asarray(palette["air"][0], np.float32)
    inside = np.clip((1 - away) * radius * sheet.scale * 0.5 + 0.5, 0, 1)[..., None]
    halo = np.exp(-np.clip(away - 1, 0, 9) * 11) * np.clip(
        (gx * sun[0] + gy * sun[1]) * 0.8 + 0.35 + sun[2] * 0.3, 0, 1
    )
    colour = inside * (body * light + air * limb * 0.9)
    outer = (1 - inside) * halo[..., None] * air * 0.55
    size = (sheet.array.shape[1], sheet.array.shape[0])
    paint_in = cv2.resize(_bytes(colour + outer), size, interpolation=cv2.INTER_LINEAR)
    cover = cv2.merge([cv2.resize(_bytes(inside[..., 0]), size, interpolation=cv2.INTER_LINEAR)] * 3)
    behind = cv2.multiply(np.ascontiguousarray(sheet.array[..., :3]), cv2.bitwise_not(cover), scale=1 / 255)
    sheet.array[..., :3] = cv2.add(behind, paint_in)


def _bytes(values: npt.NDArray[Any]) -> Bytes:
    return as_bytes((np.clip(values, 0, 1) * 255).astype(np.uint8))
