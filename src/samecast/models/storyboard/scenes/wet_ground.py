"""Ground that mirrors what stands on it: asphalt, puddles and streaks of light, seen in perspective.

The mirror is the scene painted once more with a mirrored eye, small; here it is stretched, broken up and laid down.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import skia

from samecast.models.storyboard.scene import Colour, Frame, Setting
from samecast.models.storyboard.scenes.brush import (
    Bytes,
    Eye,
    Floats,
    Sheet,
    add_light,
    as_bytes,
    as_floats,
    blur,
    fractal_noise,
    light_map,
    linear,
)
from samecast.models.storyboard.scenes.easel import Easel


def mirror_of(
    frame: Frame, eye: Eye, draw: Callable[[Easel], None], *, sky: tuple[Colour, ...], ambient: Colour
) -> Sheet:
    """What still water on the floor would show: `draw` seen mirrored, at a quarter of the size, under `sky`.

    `sky` runs from the horizon (farthest) to overhead.
    """
    below = Eye(vanish=eye.vanish, focal=eye.focal, height=eye.height, mirrored=True)
    easel = Easel(frame, below, overscan=(0.3, 0.2), scale=0.25, lit_scale=1.0)
    easel.cover.canvas.drawRect(
        skia.Rect(*easel.cover.bounds), linear((0, eye.vanish[1]), (0, frame.height), list(sky))
    )
    draw(easel)
    easel.illuminate(ambient)
    easel.lit.array[..., 3] = 0
    easel.lit.array[...] = blur(easel.lit.array, 1.0)
    add_light(easel.cover, easel.lit, 1.15)
    return easel.cover


def lay_ground(easel: Easel, mirror: Sheet, far_z: float, setting: Setting, *, sun: Floats | None = None) -> None:
    """Lay asphalt from `far_z` metres toward the camera under what stands on it: mirror-like where wet."""
    sheet, eye = easel.cover, easel.eye
    far, bottom = eye.at(0, 0, far_z)[1], sheet.bounds[3]
    first = sheet.row(far)
    size = (sheet.array.shape[1], sheet.array.shape[0] - first)
    if size[1] < 2:
        return
    columns = slice(mirror.column(sheet.bounds[0]), mirror.column(sheet.bounds[2]))
    piece = np.ascontiguousarray(mirror.array[mirror.row(far) : mirror.row(bottom), columns, :3])
    grain, puddles = ground_noise(sheet, eye, first, np.random.default_rng(7), fine=1.0 if setting.wet else 3.5)
    half = (grain.shape[1], grain.shape[0])
    rough = cv2.resize(blur(piece, 1.1, tall=11.0), half).astype(np.float32)
    still = _ripple(as_bytes(cv2.resize(blur(piece, 0.6, tall=2.0), half)), grain).astype(np.float32)
    sheen = 1.0 if setting.wet else 0.12
    wet = (puddles * sheen)[..., None]
    streaked = rough * ((1 - wet) * (0.68 + 0.62 * grain[..., None]) * sheen)
    light = light_map(sheet, setting.palette["ambient"][0], easel.lamps)
    if sun is not None:  # sunlight, rows x columns x 3 over the whole sheet, at any size
        light = light + as_floats(cv2.resize(sun, light.shape[1::-1], interpolation=cv2.INTER_AREA))
    light = as_floats(cv2.resize(light, (sheet.array.shape[1], sheet.array.shape[0])))[first:]
    light = as_floats(cv2.resize(light, half, interpolation=cv2.INTER_AREA))
    contrast = 0.55 if setting.wet else 0.2
    own = (
        light
        * np.asarray(setting.palette["asphalt"][0], np.float32)
        * (255 * (0.8 + contrast * (grain[..., None] - 0.5) * 1.2))
    )
    colour = np.clip(own * (1 - 0.75 * wet) * (0.4 if setting.wet else 1.0) + streaked + still * wet * 0.9, 0, 255)
    lay_under(sheet, cv2.resize(colour.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR), first)


def ground_noise(
    sheet: Sheet, eye: Eye, first: int, dice: np.random.Generator, *, fine: float = 1.0
) -> tuple[Floats, Floats]:
    """Grain and puddles (both 0..1) of the ground from array row `first` down, at half the sheet's size."""
    rows, columns = max(1, (sheet.array.shape[0] - first) // 2), sheet.array.shape[1] // 2
    left, top, right, bottom = sheet.bounds
    ys = np.linspace(top + (first + 0.5) / sheet.scale, bottom, rows, dtype=np.float32)
    z = eye.focal * eye.height / np.maximum(ys - eye.vanish[1], 0.5)
    across = (np.linspace(left, right, columns, dtype=np.float32) - eye.vanish[0])[None, :] * (z / eye.focal)[:, None]
    along = np.repeat(z[:, None], columns, axis=1)
    rough = fractal_noise((256, 256), dice, cell=24, octaves=5, fade=0.8)
    broad = fractal_noise((256, 256), dice, cell=90, octaves=4)
    grain = cv2.remap(rough, fold(across * 48 * fine + 128), fold(along * 30 * fine), cv2.INTER_LINEAR)
    pools = cv2.remap(broad, fold(across * 42 + 130), fold(along * 24), cv2.INTER_LINEAR)
    fade = np.clip(9.0 / z, 0.15, 1.0)[:, None]
    return 0.5 + (grain - 0.5) * fade, np.clip((pools - 0.52) * 9, 0, 1) * np.clip(16.0 / z, 0, 1)[:, None]


def fold(position: npt.NDArray[np.floating], size: int = 256) -> Floats:
    """Texture coordinates that run to and fro over a texture of `size`, so that the pattern has no seam."""
    folded: Floats = np.abs((position % (2.0 * size - 2)) - (size - 1)).astype(np.float32)
    return folded


def _ripple(image: Bytes, grain: Floats) -> Bytes:
    """Shift rows and columns a little by the ground's unevenness, more the nearer (lower) they are."""
    rows, columns = grain.shape
    xs, ys = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    strength = (ys / max(rows, 1)) * columns * 0.02
    bent = cv2.GaussianBlur(grain, (0, 0), 2.0) - 0.5
    return as_bytes(
        cv2.remap(
            image, xs + bent * strength, ys + bent * strength * 2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    )


def lay_under(sheet: Sheet, colour: Bytes, first: int, *, feather: float = 0.008) -> None:
    """Put an opaque ground under the sheet from array row `first`, its far edge feathered by a part of the height."""
    rows, columns = colour.shape[:2]
    soft = np.clip((np.arange(rows, dtype=np.float32) + 1) / max(1.0, feather * sheet.array.shape[0]), 0, 1)
    alpha = (soft * 255).astype(np.uint8)[:, None].repeat(columns, axis=1)
    under = cv2.multiply(
        cv2.merge([*cv2.split(colour), alpha]), cv2.merge([*[alpha] * 3, np.full_like(alpha, 255)]), scale=1 / 255
    )
    above = np.ascontiguousarray(sheet.array[first:])
    left = cv2.bitwise_not(cv2.merge([above[..., 3].copy()] * 4))
    sheet.array[first:] = cv2.add(above, cv2.multiply(under, left, scale=1 / 255))
