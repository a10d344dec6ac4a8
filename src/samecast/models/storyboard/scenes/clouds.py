"""Clouds: thin high sheets and heaps of fair weather, the closed cover of rain, snow and fog.

Shaped by noise, lit from the sun's side, soft underneath. They are laid over a sky that sky.py has painted.
"""

from typing import TypeAlias

import cv2
import numpy as np

from samecast.models.storyboard.scene import Setting
from samecast.models.storyboard.scenes.daylight import daylight, sky_colours
from samecast.models.storyboard.scenes.noise import Field, blur, fbm, lerp, ramp, sample, smooth, strand, tile
from samecast.models.storyboard.scenes.plate import Plate

Where: TypeAlias = tuple[Field, Field, Field]
"""For every pixel of the plate, in units of sqrt(width x height) of the frame: how far right of the middle (1, W), how
high over the horizon (H, 1), how far from the sun (H, W)."""


def fair_weather(setting: Setting, plate: Plate, picture: Field, where: Where) -> Field:
    """Clouds of fair weather: thin ones high up in perspective, heaped ones lower down."""
    colours = sky_colours(setting)
    across, up, away = where
    dice = strand(setting, "clouds")
    if setting.time != "day" or dice.random() < 0.6:
        high = _high_clouds(dice, across, up, streaked=setting.time != "day")
        amount = {"dawn": 0.85, "day": 0.5, "golden hour": 0.9, "dusk": 0.95, "night": 0.4}[setting.time]
        near = np.exp(-away / 0.4)
        shine = np.clip(0.3 + 0.75 * near + 0.35 * smooth(0.55, 0.12, np.asarray(high)), 0.0, 1.0)
        picture = lerp(picture, ramp(colours["cloud"], np.asarray(shine, np.float32)), high * np.float32(amount))
    if setting.time in ("day", "golden hour") or dice.random() < 0.5:
        picture = _heaps(setting, plate, picture, where)
    return picture


def _high_clouds(dice: np.random.Generator, across: Field, up: Field, *, streaked: bool) -> Field:
    """Cover 0..1 of a thin sheet far above, seen in perspective: streaks or small flakes."""
    far = 1.0 / (np.clip(up, 0.0, 3.0) + 0.13)
    shift = dice.uniform(0, 4, 4)
    angle = dice.uniform(-0.35, 0.35)
    u, v = across * far, np.broadcast_to(far, (up.shape[0], across.shape[1]))
    u, v = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
    warp = sample(tile("warp", 256, 1.9), u * 0.4 + shift[2], v * 0.4 + shift[3]) - 0.5
    stretch = (0.16, 0.5) if streaked else (0.32, 0.36)
    body = sample(
        tile("high", 512, 1.55), u * stretch[0] + warp * 0.2 + shift[0], v * stretch[1] + warp * 0.1 + shift[1]
    )
    bank = sample(tile("bank", 256, 2.0), u * 0.07 + shift[1], v * 0.12 + shift[0])
    cover = smooth(0.42, 0.95, np.asarray(body + (bank - 0.5) * 0.9))
    return np.asarray(cover * smooth(0.0, 0.09, np.broadcast_to(up, cover.shape)), np.float32)


def _heaps(setting: Setting, plate: Plate, picture: Field, where: Where) -> Field:
    """Heaped clouds: flat bases, billowing tops, lit from the sun, shaded below, thin edges glowing near the sun."""
    colours = sky_colours(setting)
    dice = strand(setting, "heaps")
    day = daylight(setting)
    across, up, away = where
    half = (plate.width // 2, plate.height // 2)
    small_across = np.linspace(across[0, 0], across[0, -1], half[0], dtype=np.float32)[None, :]
    small_up = np.linspace(up[0, 0], up[-1, 0], half[1], dtype=np.float32)[:, None]
    body = _heap_body(dice, small_across, small_up)
    body = np.asarray(cv2.resize(body, (plate.width, plate.height), interpolation=cv2.INTER_CUBIC), np.float32)
    scale = plate.height / max(1e-6, float(up[0, 0] - up[-1, 0]))
    grain = fbm(plate.shape, dice, 0.05 * scale, 4)
    puff = fbm(plate.shape, dice, 0.1 * scale, 2)
    billow = 1.0 - np.abs(puff - 0.5) * 3.0
    density = body + (grain - 0.5) * 0.75 + (billow - 0.6) * 0.22
    cover = smooth(0.12, 0.42, np.asarray(density))
    solid = np.clip(density, 0.0, 1.3)
    light = np.zeros_like(solid)
    sun_x = day.x - 0.5
    sun_up = day.elevation * float(up.max() - 0.08)
    way = np.asarray([sun_x * 1.0, max(sun_up, 0.25 if setting.time == "day" else 0.1)])
    way = way / np.hypot(*way)
    for sigma, weight in ((0.035, 1.5), (0.014, 0.9), (0.005, 0.5)):
        soft = blur(solid, sigma * scale)
        shift = np.asarray([[1, 0, way[0] * sigma * scale * 1.1], [0, 1, -way[1] * sigma * scale * 1.1]], np.float32)
        light += (
            soft - cv2.warpAffine(soft, shift, (plate.width, plate.height), borderMode=cv2.BORDER_REPLICATE)
        ) * weight
    light = -light
    lining = smooth(0.85, 0.2, np.asarray(density)) * np.exp(-away / 0.3)
    shade = np.clip(0.52 - light * 1.05 + 0.5 * lining - 0.12 * solid, 0.0, 1.0)
    clouds = ramp(colours["cloud"], np.asarray(shade, np.float32))
    distance = np.exp(-np.clip(up, 0.0, 2.0) / 0.16) * 0.6
    clouds = lerp(clouds, picture, np.asarray(np.broadcast_to(distance, cover.shape), np.float32))
    return lerp(picture, clouds, cover * np.float32(0.96))


def _heap_body(dice: np.random.Generator, across: Field, up: Field) -> Field:
    """Where clouds are, before noise: 1 in their hearts, 0 at their edges, negative outside."""
    total = np.full((up.shape[0], across.shape[1]), -0.6, np.float32)
    top, reach = float(up.max()), float(np.abs(across).max())
    for _ in range(int(dice.integers(7, 13))):
        base = top * float(dice.uniform(0.06, 0.92)) ** 1.1
        near = 0.35 + base / 0.5
        centre = float(dice.uniform(-reach, reach))
        for _ in range(int(dice.integers(2, 6))):
            wide = near * float(dice.uniform(0.09, 0.2))
            tall = near * float(dice.uniform(0.05, 0.11))
            middle = centre + near * float(dice.normal(0, 0.14))
            x = (across - middle) / wide
            y = (up - base) / tall
            y = np.where(y < 0, y * 3.4, y)
            np.maximum(total, 1.0 - np.sqrt(x * x + y * y), out=total)
    return np.maximum(total, -0.6)


def closed_cover(setting: Setting, plate: Plate, picture: Field, where: Where) -> Field:
    """A closed cover: rolls of cloud in perspective, light between them, dark bellies in rain."""
    across, up, away = where
    dice = strand(setting, "deck")
    far = 1.0 / (np.clip(up, 0.0, 3.0) + 0.16)
    shift = dice.uniform(0, 4, 4)
    u, v = across * far, np.broadcast_to(far, plate.shape)
    rolls = sample(tile("deck", 512, 1.75), u * 0.11 + shift[0], v * 0.17 + shift[1])
    fine = sample(tile("high", 512, 1.55), u * 0.3 + shift[2], v * 0.42 + shift[3])
    form = np.asarray(rolls * 0.75 + fine * 0.25 - 0.5, np.float32)
    depth = {"heavy rain": 1.1, "rain": 0.85, "snow": 0.4, "fog": 0.15}
    strength = max((depth.get(w, 0.2) for w in setting.weather), default=0.3)
    fade = smooth(0.0, 0.25, np.broadcast_to(up, plate.shape))
    factor = np.maximum(1.0 + form * np.float32(strength) * fade, 0.62)
    glow = np.exp(-away / 0.5) * 0.1
    return np.asarray(picture * (factor + glow)[..., None], np.float32)
