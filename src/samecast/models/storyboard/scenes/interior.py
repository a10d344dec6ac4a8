"""What rooms have in common: an eye, floors that mirror, a wall's light, bulbs, soft glows, and edges in front.

Rooms are laid out in metres and painted on easels (easel.py); what stands in them is each scene's own business.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import skia

from samecast.core.prompt import TimeOfDay
from samecast.models.storyboard.scene import Colour, Frame
from samecast.models.storyboard.scenes.brush import (
    Eye,
    Floats,
    Sheet,
    as_floats,
    blur,
    fill,
    fractal_noise,
    light_map,
    linear,
    mix,
    polygon,
    radial,
    shade,
)
from samecast.models.storyboard.scenes.easel import Easel
from samecast.models.storyboard.scenes.wet_ground import fold, lay_under

Palette = dict[str, tuple[Colour, ...]]

DAYLIGHT: dict[TimeOfDay, float] = {"dawn": 0.55, "day": 1.0, "golden hour": 0.85, "dusk": 0.3, "night": 0.06}
"""How bright a window is."""
LAMPLIGHT: dict[TimeOfDay, float] = {"dawn": 0.55, "day": 0.3, "golden hour": 0.5, "dusk": 0.9, "night": 1.0}
"""How much the lamps are needed."""


def room_eye(
    frame: Frame, dice: np.random.Generator, *, height: float = 1.4, zoom: float = 0.8, low: float = 0.0
) -> Eye:
    """An eye for a room; `zoom` 0.6 wide .. 1.2 narrow; `low` shifts the horizon down by so much of the frame."""
    focal = zoom * float(np.sqrt(frame.width * frame.height))
    x = 0.5 + float(dice.uniform(-0.06, 0.06))
    y = (0.46 if frame.portrait else 0.5) + low + float(dice.uniform(-0.02, 0.02))
    return Eye(vanish=(x * frame.width, y * frame.height), focal=focal, height=height)


def reach(frame: Frame, eye: Eye, z: float, overscan: float = 0.3) -> float:
    """How far to the side (metres) a sheet with that overscan sees at distance z."""
    return frame.width * (0.5 + overscan + 0.08) * z / eye.focal


def flood(sheet: Sheet, paint: skia.Paint) -> None:
    """Fill the whole sheet."""
    sheet.canvas.drawRect(skia.Rect(*sheet.bounds), paint)


def weather_walls(easel: Easel, ambient: Colour, *, seed: int, dirt: float = 0.3, ceiling: float = 1.0) -> None:
    """Light an easel's surfaces by its lamps (together at most `ceiling`), with an unevenness of strength `dirt`."""
    rows, columns = easel.cover.array.shape[:2]
    dice = np.random.default_rng(seed)
    cell = min(easel.frame.width, easel.frame.height) * 0.08 * easel.cover.scale
    noise = fractal_noise((rows // 3, columns // 3), dice, cell=cell, octaves=5, fade=0.75)
    easel.illuminate(ambient, 1.0 + dirt * (noise - 0.5) * 1.6, ceiling=ceiling)


def floor_pattern(sheet: Sheet, eye: Eye, first: int, kind: str) -> Floats:
    """Brightness (around 1) of a floor of "wood", "tiles" or "plain" from array row `first` down, at half size."""
    rows, columns = max(1, (sheet.array.shape[0] - first) // 2), sheet.array.shape[1] // 2
    left, top, right, bottom = sheet.bounds
    ys = np.linspace(top + (first + 0.5) / sheet.scale, bottom, rows, dtype=np.float32)
    z = eye.focal * eye.height / np.maximum(ys - eye.vanish[1], 0.5)
    x = (np.linspace(left, right, columns, dtype=np.float32) - eye.vanish[0])[None, :] * (z / eye.focal)[:, None]
    along = np.repeat(z[:, None], columns, axis=1)
    size = 512
    dice = np.random.default_rng(11)
    if kind == "wood":  # boards along z, 0.16 m wide: u across boards, v along
        tile = 0.82 + 0.36 * fractal_noise((size, size), dice, cell=40, octaves=5, stretch=(0.12, 3.0), fade=0.8)
        tone = np.repeat(dice.uniform(0.84, 1.14, 16), size // 16).astype(np.float32)
        tile *= tone[None, :]
        tile[:, :: size // 16] = 0.5
        pattern = cv2.remap(tile, fold(x * 200, size), fold(along * 60, size), cv2.INTER_LINEAR)
    elif kind == "tiles":
        tile = 0.9 + 0.2 * fractal_noise((size, size), dice, cell=60, octaves=4)
        for k in range(4):
            for j in range(4):
                tile[k * 128 : k * 128 + 128, j * 128 : j * 128 + 128] *= dice.uniform(0.9, 1.08)
            tile[k * 128 : k * 128 + 3] = 0.55
            tile[:, k * 128 : k * 128 + 3] = 0.55
        pattern = cv2.remap(tile, fold(x * 213, size), fold(along * 213, size), cv2.INTER_LINEAR)
    else:
        tile = 0.9 + 0.2 * fractal_noise((size, size), dice, cell=120, octaves=5)
        pattern = cv2.remap(tile, fold(x * 90, size), fold(along * 60, size), cv2.INTER_LINEAR)
    clear = np.clip(6.0 / z, 0.12, 1.0)[:, None]
    result: Floats = (1 + (pattern - 1) * clear).astype(np.float32)
    return result


def lay_floor(
    easel: Easel,
    mirror: Sheet,
    far_z: float,
    look: tuple[Colour, str],
    ambient: Colour,
    *,
    gloss: float = 0.4,
    feather: float = 0.0,
) -> None:
    """Put a floor (colour, kind) under the easel from `far_z` toward the camera, lit by its lamps, mirroring a little.

    What it mirrors is blurred more the nearer it lies, and gains with the flatness of the view (Schlick's rule).
    """
    sheet, eye = easel.cover, easel.eye
    far, bottom = eye.at(0, 0, far_z)[1], sheet.bounds[3]
    first = sheet.row(far)
    if sheet.array.shape[0] - first < 4:
        return
    columns = slice(mirror.column(sheet.bounds[0]), mirror.column(sheet.bounds[2]))
    piece = np.ascontiguousarray(mirror.array[mirror.row(far) : mirror.row(bottom), columns, :3])
    pattern = floor_pattern(sheet, eye, first, look[1])
    half = (pattern.shape[1], pattern.shape[0])
    seen = cv2.resize(blur(piece, 1.0, tall=4.0), half).astype(np.float32)
    light = light_map(sheet, ambient, easel.lamps)
    light = as_floats(
        cv2.resize(cv2.resize(light, sheet.array.shape[1::-1])[first:], half, interpolation=cv2.INTER_AREA)
    )
    own = light * np.asarray(look[0], np.float32) * (255 * pattern[..., None])
    flat = np.linspace(1.0, 0.35, half[1], dtype=np.float32)[:, None, None]
    colour = own * (1 - 0.4 * gloss * flat) + seen * gloss * flat * np.clip(pattern[..., None], 0.5, 1.2)
    painted = np.clip(colour, 0, 255).astype(np.uint8)
    lay_under(sheet, cv2.resize(painted, (sheet.array.shape[1], sheet.array.shape[0] - first)), first, feather=feather)


def bulb(easel: Easel, at: tuple[float, float, float], radius: float, colour: Colour, level: float) -> None:
    """A glowing globe of `radius` metres that lights what is around it."""
    x, y = easel.eye.at(*at)
    r = max(1.5, easel.eye.size(radius, at[2]))
    hot = mix(colour, (1.0, 0.97, 0.9), 0.6)
    easel.shine(
        skia.Path().addCircle(x, y, r), radial((x, y), r, [shade(hot, level), shade(colour, level * 0.8)], [0.4, 1.0])
    )
    easel.lamp(at, colour, level, radius * 9)


def shaft(sheet: Sheet, points: Sequence[tuple[float, float]], colour: Colour, strength: float, *, soft: float) -> None:
    """A beam of light: a quadrilateral (source edge first: two points, then two) fading out, softened by `soft` px."""
    twin = sheet.twin(min(sheet.scale, 0.25))
    near = ((points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2)
    end = ((points[2][0] + points[3][0]) / 2, (points[2][1] + points[3][1]) / 2)
    tones = [shade(colour, strength), shade(colour, strength * 0.4), (0.0, 0.0, 0.0)]
    twin.canvas.drawPath(polygon(points), linear(near, end, tones, [0.0, 0.45, 1.0]))
    blurred = blur(twin.array, soft * twin.scale)
    size = (sheet.array.shape[1], sheet.array.shape[0])
    cv2.add(sheet.array, cv2.resize(blurred, size, interpolation=cv2.INTER_LINEAR), dst=sheet.array)


def glow_spot(sheet: Sheet, at: tuple[float, float], radius: float, colour: Colour, strength: float) -> None:
    """A soft round glow, in frame pixels."""
    tone = shade(colour, strength)
    paint = radial(at, radius, [(tone, 1.0), (tone, 0.45), (tone, 0.12), (tone, 0.0)], [0.0, 0.2, 0.5, 1.0])
    paint.setBlendMode(skia.BlendMode.kPlus)
    sheet.canvas.drawCircle(*at, radius, paint)


def blurred_leaves(
    sheet: Sheet,
    dice: np.random.Generator,
    *,
    corner: tuple[float, float],
    size: float,
    colour: Colour,
    count: int = 16,
) -> None:
    """A plant hanging into the picture from `corner` (frame pixels): long dark leaves fanning out within `size`."""
    toward = np.arctan2(sheet.frame.height / 2 - corner[1], sheet.frame.width / 2 - corner[0])
    for _ in range(count):
        angle = toward + float(dice.normal(0, 0.75))
        long, wide = size * float(dice.uniform(0.55, 1.0)), size * float(dice.uniform(0.05, 0.09))
        tip = (corner[0] + long * np.cos(angle), corner[1] + long * np.sin(angle))
        bend = (corner[0] + long * 0.5 * np.cos(angle - 0.25), corner[1] + long * 0.5 * np.sin(angle - 0.25))
        normal = (-np.sin(angle) * wide, np.cos(angle) * wide)
        path = skia.Path().moveTo(*corner)
        path.quadTo(bend[0] + normal[0], bend[1] + normal[1], *tip)
        path.quadTo(bend[0] - normal[0], bend[1] - normal[1], *corner)
        sheet.canvas.drawPath(path, fill(shade(colour, float(dice.uniform(0.45, 1.1)))))
