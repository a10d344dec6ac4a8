"""The sky as a picture: gradients, sun, moon and stars, its clouds, and what still water mirrors of it.

The light that comes from it is told in daylight.py, whose names are given on here for painters' convenience.
"""

import cv2
import numpy as np

from samecast.models.storyboard.scene import Colour, Layer, Setting
from samecast.models.storyboard.scenes.clouds import closed_cover, fair_weather
from samecast.models.storyboard.scenes.daylight import (
    Daylight,
    daylight,
    sky_colours,
    sky_grade,
    subject_exposure,
    sun_lights,
    sun_of,
)
from samecast.models.storyboard.scenes.noise import (
    Field,
    blur,
    fbm,
    grey,
    lerp,
    mix,
    ramp,
    sample,
    smooth,
    strand,
    tile,
)
from samecast.models.storyboard.scenes.plate import Plate

__all__ = [
    "Daylight",
    "daylight",
    "mirrored_sky",
    "paint_sky",
    "sky_field",
    "sky_grade",
    "subject_exposure",
    "sun_lights",
    "sun_of",
]


def paint_sky(
    setting: Setting, *, horizon: float, overscan: tuple[float, float] = (0.15, 0.08), scale: float = 0.5
) -> Layer:
    """The sky as an opaque layer at infinity. `horizon` is a fraction of the frame; below it the haze goes on."""
    plate = Plate(setting.frame, overscan=overscan, scale=scale)
    plate.lay(sky_field(setting, plate, horizon))
    return plate.layer(float("inf"))


def sky_field(setting: Setting, plate: Plate, horizon: float) -> Field:
    """The sky's colours (H, W, 3) over a plate; what water reflects is this, read upside down."""
    day, colours = daylight(setting), sky_colours(setting)
    x, y = plate.grid()
    size = (setting.frame.width * setting.frame.height) ** 0.5
    across = (x - day.x) * (setting.frame.width / size)
    up = np.asarray((horizon - y) * (setting.frame.height / size), np.float32)
    height = np.clip((horizon - y) / horizon, 0.0, 1.2)
    tone = np.broadcast_to(1.0 - np.power(np.clip(height, 0.0, 1.0), 0.75), plate.shape)
    picture = ramp(_overcast(colours["ramp"], day, setting), np.asarray(tone, np.float32))
    rise = day.elevation * horizon * setting.frame.height / size
    away = np.sqrt(across**2 + (up - rise) ** 2)
    if setting.time == "night" and day.cover < 0.5:
        picture = _stars(setting, plate, picture, up)
    veil = np.exp(-np.clip(up, 0.0, 2.0) / np.float32(0.05 + 0.05 * day.thick)) * min(0.9, 0.45 + 0.2 * day.thick)
    air = mix(day.haze, colours["ramp"][-1], 0.6 * (1.0 - day.cover))
    picture = lerp(picture, air, np.broadcast_to(veil, plate.shape))
    glow = np.clip(_glow(setting, day, colours, np.asarray(away), np.asarray(across), up), 0.0, 1.0)
    picture = np.asarray(1.0 - (1.0 - np.clip(picture, 0.0, 1.0)) * (1.0 - glow), np.float32)
    if day.cover < 0.8:
        picture = _disc(setting, day, colours, picture, np.asarray(away, np.float32))
    cloudy = closed_cover if day.cover >= 0.5 else fair_weather
    picture = cloudy(setting, plate, picture, (np.asarray((x - 0.5) * setting.frame.width / size), up, away))
    return np.asarray(np.clip(picture, 0.0, 1.0), np.float32)


def mirrored_sky(setting: Setting, plate: Plate, horizon: float) -> Field:
    """What still water on a plate reflects: the sky upside down about the horizon (H, W, 3)."""
    coarse = Plate(setting.frame, overscan=plate.overscan, scale=plate.scale * 0.4)
    above = cv2.GaussianBlur(sky_field(setting, coarse, horizon), (0, 0), 2.0, sigmaY=coarse.height * 0.03)
    x, y = plate.grid()
    column = np.broadcast_to((x + plate.overscan[0]) / (1 + 2 * plate.overscan[0]) * coarse.width - 0.5, plate.shape)
    fold = (2 * horizon - y + plate.overscan[1]) / (1 + 2 * plate.overscan[1]) * coarse.height - 0.5
    row = np.broadcast_to(np.abs(fold), plate.shape)
    maps = column.astype(np.float32), row.astype(np.float32)
    return np.asarray(cv2.remap(above, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _overcast(stops: tuple[Colour, ...], day: Daylight, setting: Setting) -> tuple[Colour, ...]:
    """Under cloud the sky turns to one pale grey, a little brighter toward the horizon, keeping the hour's tint."""
    if day.cover == 0.0:
        return stops
    dark = 0.72 if "heavy rain" in setting.weather else 0.86 if "rain" in setting.weather else 1.0
    greys = []
    for i, stop in enumerate(stops):
        level = (0.55 * grey(stops[-1]) + 0.45 * grey(stop)) * dark * (0.86 + 0.05 * i)
        greys.append(mix(stop, mix((level * 0.97, level, level * 1.04), day.haze, 0.35), day.cover))
    return tuple(greys)


def _glow(
    setting: Setting, day: Daylight, colours: dict[str, tuple[Colour, ...]], away: Field, across: Field, up: Field
) -> Field:
    """Light scattered round the sun: a tight halo, a wide one, and at low sun a band along the horizon."""
    low = {"dawn": 0.8, "day": 0.12, "golden hour": 1.0, "dusk": 1.0, "night": 0.25}[setting.time]
    amount = np.float32(0.12 + 0.88 * day.direct)
    tight = (
        np.exp(-away / (0.07 if setting.time == "day" else 0.035))
        * (0.6 if setting.time not in ("dusk", "night") else 0.25)
        * day.direct
    )
    wide = np.exp(-away / 0.19) * (0.22 + 0.28 * low)
    band = np.exp(-np.abs(up) / 0.12) * np.exp(-((across / 0.55) ** 2)) * 0.32 * low
    disc, halo = (np.asarray(c, np.float32) for c in colours["sun"])
    light = tight[..., None] * disc + (wide + band)[..., None] * halo * (0.45 if setting.time == "night" else 0.8)
    return np.asarray(light * amount, np.float32)


def _disc(
    setting: Setting, day: Daylight, colours: dict[str, tuple[Colour, ...]], picture: Field, away: Field
) -> Field:
    """The sun itself, or a moon with its seas."""
    if setting.time == "night":
        radius = 0.035
        seas = fbm((picture.shape[0], picture.shape[1]), strand(setting, "moon"), 0.05 * picture.shape[1], 4)
        face = ramp([(0.66, 0.71, 0.82), colours["sun"][0]], smooth(0.3, 0.6, seas))
        return lerp(picture, face, smooth(radius, radius * 0.94, away))
    radius = 0.02 if setting.time == "day" else 0.034
    return lerp(picture, colours["sun"][0], smooth(radius, radius * 0.75, away) * np.float32(0.95 * day.direct))


def _stars(setting: Setting, plate: Plate, picture: Field, up: Field) -> Field:
    dice = strand(setting, "stars")
    height, width = plate.shape
    count = int(width * height / 480)
    rows, columns = dice.integers(0, height, count), dice.integers(0, width, count)
    bright = (0.12 + 0.9 * dice.random(count) ** 9).astype(np.float32)
    field = np.zeros(plate.shape, np.float32)
    field[rows, columns] = bright
    field += blur(field, 0.8) * 1.4
    band = sample(
        tile("milky", 512, 1.5), (np.arange(width) / width)[None, :] * 0.6, (np.arange(height) / height)[:, None]
    )
    slant = (np.arange(height) / height)[:, None] * 0.8 + (np.arange(width) / width)[None, :] * 0.6
    milky = np.exp(-(((slant - 0.55) / 0.16) ** 2)) * np.clip(band - 0.25, 0.0, 1.0) * 0.16
    fade = smooth(0.02, 0.35, up)
    light = (field * 0.9 + milky).astype(np.float32) * fade
    return np.asarray(picture + light[..., None] * np.asarray((0.82, 0.9, 1.0), np.float32), np.float32)
