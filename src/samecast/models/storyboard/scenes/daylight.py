"""Daylight and moonlight: where the light stands, its colours, and the lights and grade the engine gets from it.

`daylight` is the one account of it. Painters of places under the sky shade with it and hand `sun_lights` to the
engine, so that what is painted and what falls on the character agree. The sky itself is painted in sky.py.
"""

from dataclasses import dataclass

from samecast.models.storyboard.scene import Colour, Grade, Light, Setting
from samecast.models.storyboard.scenes.noise import grey, mix, strand, times
from samecast.models.storyboard.scenes.palettes import load_palette

MOON: Colour = (0.7, 0.91, 1.22)
"""What white becomes to an eye by night, at equal luma."""

_ELEVATION = {"dawn": 0.07, "day": 0.62, "golden hour": 0.16, "dusk": 0.015, "night": 0.56}
_COVER = {"rain": 0.86, "heavy rain": 1.0, "snow": 0.82, "fog": 0.9, "steam": 0.0, "dust": 0.35}


@dataclass(frozen=True, slots=True, kw_only=True)
class Daylight:
    """The light under the open sky.

    `x`: where sun or moon stands, a fraction of the frame; `elevation`: how high over the horizon, as a fraction of
    the sky between horizon and the frame's top (it may lie above 1). `side` -1 left, +1 right. `key` and `fill`: what
    sun and sky make of a white surface. `haze` the colour of distance, `thick` how much more of it than in clear
    weather. `cover` 0 clear .. 1 overcast. `direct` how much of the sun comes through.
    """

    x: float
    elevation: float
    side: float
    key: Colour
    fill: Colour
    haze: Colour
    glow: Colour
    thick: float
    cover: float
    direct: float
    moon: bool

    @property
    def lit(self) -> Colour:
        """White in full sun."""
        return (self.key[0] + self.fill[0], self.key[1] + self.fill[1], self.key[2] + self.fill[2])

    def height(self, horizon: float) -> float:
        """The sun's y as a fraction of the frame."""
        return horizon * (1.0 - self.elevation)


def daylight(setting: Setting) -> Daylight:
    """Where the light stands and its colours, for the take's dice, time and weather."""
    colours = sky_colours(setting)
    dice = strand(setting, "sun")
    side = 1.0 if dice.random() < 0.5 else -1.0
    x = 0.5 + side * float(dice.uniform(0.2, 0.36))
    cover = max((_COVER[w] for w in setting.weather), default=0.0)
    direct = 1.0 - 0.92 * min(1.0, cover * 1.05)
    key, fill, haze = colours["key"][0], colours["fill"][0], colours["haze"][0]
    overcast = mix(fill, (grey(key), grey(key), grey(key)), 0.5)
    dim = 0.8 if "heavy rain" in setting.weather else 0.95
    thick = {"fog": 3.2, "heavy rain": 1.9, "rain": 1.3, "snow": 1.5, "dust": 1.5}
    if cover:
        lift = 1.45 if setting.time == "night" else 1.25
        wash = mix(fill, key, 0.4)
        fill = mix(fill, times(overcast, (lift * dim, lift * dim, lift * dim)), cover * 0.8)
        tone = grey(haze)
        flat = mix(haze, (tone * 0.97, tone, tone * 1.03), 0.65)
        haze = mix(haze, mix(flat, wash, 0.15), cover)
    if "dust" in setting.weather:
        haze = mix(haze, times(haze, (1.12, 0.86, 0.6)), 0.8)
        fill = mix(fill, times(fill, (1.1, 0.92, 0.75)), 0.7)
    return Daylight(
        x=x,
        elevation=_ELEVATION[setting.time] * float(dice.uniform(0.9, 1.15)),
        side=side,
        key=times(key, (direct, direct, direct)),
        fill=fill,
        haze=haze,
        glow=colours["sun"][1],
        thick=max((thick.get(w, 0.0) for w in setting.weather), default=0.0),
        cover=cover,
        direct=direct,
        moon=setting.time == "night",
    )


def moonlit(colour: Colour, day: Daylight) -> Colour:
    """By moonlight the eye sees little colour, and that blue."""
    if not day.moon:
        return colour
    tone = grey(colour)
    return mix(colour, (tone * MOON[0], tone * MOON[1], tone * MOON[2]), 0.6)


def sun_of(setting: Setting, horizon: float = 0.5) -> tuple[float, float, Colour, float]:
    """The sun (by night the moon): x and y as fractions of the frame, its colour, and its strength 0..1."""
    day = daylight(setting)
    colour = sky_colours(setting)["sun"][1]
    strength = {"dawn": 0.7, "day": 1.0, "golden hour": 1.0, "dusk": 0.45, "night": 0.3}[setting.time]
    return day.x, day.height(horizon), colour, strength * day.direct


def sun_lights(setting: Setting, *, gain: float = 1.0) -> tuple[Light, ...]:
    """The lights on a character under this sky: sun or moon as key and rim, the sky as fill."""
    day = daylight(setting)
    low = setting.time in ("dawn", "golden hour", "dusk")
    night = setting.time == "night"
    sun = mix(sky_colours(setting)["sun"][1], sky_colours(setting)["sun"][0], 0.25)
    up = 0.3 if low else 0.75
    strength = {"dawn": 0.75, "day": 0.95, "golden hour": 1.15, "dusk": 0.55, "night": 0.5}[setting.time] * gain
    fill_strength = {"dawn": 0.5, "day": 0.55, "golden hour": 0.42, "dusk": 0.45, "night": 0.35}[setting.time] * gain
    soft = 1.0 - day.direct
    key = mix(sun, _bright(day.fill), soft)
    return (
        Light(
            colour=key,
            strength=strength * (1.0 - 0.45 * soft),
            direction=_unit(day.side * (0.85 - 0.5 * soft), up + 0.5 * soft, 0.5),
            role="key",
        ),
        Light(
            colour=key,
            strength=strength * (1.15 if low or night else 0.8) * (1.0 - 0.6 * soft),
            direction=_unit(day.side * 0.75, max(0.2, up), -0.75),
            role="rim",
        ),
        Light(
            colour=_bright(day.fill),
            strength=fill_strength * (1.0 + 0.5 * soft),
            direction=_unit(-day.side * 0.5, 0.7, 0.5),
            role="fill",
        ),
    )


def sky_grade(setting: Setting) -> Grade:
    """A development that suits the hour; overcast weather takes colour and contrast out of it."""
    day = daylight(setting)
    soft = 1.0 - 0.35 * day.cover
    match setting.time:
        case "dawn":
            grade = (0.0, 1.03, 1.02, (0.0, 0.0, 0.03), (0.03, 0.01, 0.0), 0.3)
        case "day":
            grade = (0.0, 1.05, 1.05, (0.0, 0.0, 0.01), (0.01, 0.01, 0.0), 0.15)
        case "golden hour":
            grade = (0.05, 1.06, 1.08, (0.01, 0.0, 0.02), (0.04, 0.02, -0.01), 0.4)
        case "dusk":
            grade = (-0.05, 1.05, 1.06, (0.0, 0.0, 0.04), (0.03, 0.0, 0.01), 0.35)
        case _:
            grade = (0.2, 1.02, 0.95, (0.0, 0.004, 0.03), (0.0, 0.01, 0.03), 0.35)
    exposure, contrast, saturation, shadows, highlights, bloom = grade
    return Grade(
        exposure=exposure,
        contrast=1.0 + (contrast - 1.0) * soft,
        saturation=saturation * (1.0 - 0.18 * day.cover),
        shadows=shadows,
        highlights=times(highlights, (soft, soft, soft)),
        bloom=bloom,
    )


def subject_exposure(setting: Setting) -> float:
    """Stops by which a character under this sky is darker than in its own photograph."""
    base = {"dawn": -0.45, "day": 0.0, "golden hour": -0.2, "dusk": -0.9, "night": -1.95}[setting.time]
    return base - 0.25 * daylight(setting).cover


def sky_colours(setting: Setting) -> dict[str, tuple[Colour, ...]]:
    """The sky's own palette at this time of day."""
    return load_palette("sky", setting.time)


def _unit(x: float, y: float, z: float) -> tuple[float, float, float]:
    length = (x * x + y * y + z * z) ** 0.5
    return x / length, y / length, z / length


def _bright(colour: Colour) -> Colour:
    """The colour's hue at full brightness, half washed out."""
    top = max(*colour, 1e-3)
    return mix((colour[0] / top, colour[1] / top, colour[2] / top), (1.0, 1.0, 1.0), 0.25)
