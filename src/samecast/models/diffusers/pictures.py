"""Pictures on their way into a pipeline and out of it: sizes made to suit, and nothing else about them changed."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from PIL import Image

from samecast.core.errors import RenderFailed
from samecast.ports import Picture, Pixels

GAP = 16
"""Pixels of white between pictures that are joined."""
WIDEST = 7 / 3
"""What a sheet of joined pictures may be by width : height; wider ones get white above and below."""


def shown(picture: Picture, *, least_side: int = 1) -> Image.Image:
    """The picture without its alpha; enlarged where its shorter side is below `least_side`."""
    image = Image.fromarray(picture.rgb)
    short = min(image.size)
    if short >= least_side:
        return image
    scale = least_side / short
    return image.resize((ceil(image.width * scale), ceil(image.height * scale)), Image.Resampling.LANCZOS)


def fitted(picture: Picture, width: int, height: int) -> Image.Image:
    """Scaled to cover width x height, and cropped to it about its middle."""
    image = Image.fromarray(picture.rgb)
    scale = max(width / image.width, height / image.height)
    size = max(width, round(image.width * scale)), max(height, round(image.height * scale))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def joined(images: Sequence[Image.Image]) -> Image.Image:
    """Side by side in their order, as high as the lowest of them, white between them and around."""
    height = min(image.height for image in images)
    scaled = [_as_high(image, height) for image in images]
    width = sum(image.width for image in scaled) + GAP * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, max(height, ceil(width / WIDEST))), "white")
    left, top = 0, (sheet.height - height) // 2
    for image in scaled:
        sheet.paste(image, (left, top))
        left += image.width + GAP
    return sheet


def _as_high(image: Image.Image, height: int) -> Image.Image:
    if image.height == height:
        return image
    return image.resize((max(1, round(image.width * height / image.height)), height), Image.Resampling.LANCZOS)


def made_size(width: int, height: int, multiple: int) -> tuple[int, int]:
    """The least size that is made and that width x height can be cropped from."""
    return ceil(width / multiple) * multiple, ceil(height / multiple) * multiple


def frames_of(value: Any, *, width: int, height: int, count: int, multiple: int) -> list[Pixels]:
    """What one take is of `value`: one picture, or a clip's frames; each H x W x 3 uint8 of width x height, `count` of
    them. Cropped about the middle by less than `multiple`, and to its first frames. Raises `RenderFailed` otherwise.
    """
    made = [_pixels(frame) for frame in _listed(value)]
    if len(made) < count:
        raise RenderFailed(
            f"The model made {len(made)} frames where {count} were ordered.",
            hint="Order a shorter clip.",
            charged=False,
        )
    return [_cropped(frame, width, height, multiple) for frame in made[:count]]


def _listed(value: Any) -> list[Any]:
    """Frames of a clip as they come, or a picture as the only one."""
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, Image.Image):
        return [value]
    array = np.asarray(value)
    return list(array) if array.ndim == 4 else [array]


def _pixels(frame: Any) -> Pixels:
    if isinstance(frame, Image.Image):
        return np.asarray(frame.convert("RGB"))
    array = np.asarray(frame)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array[..., :3])
    if not np.isfinite(array).all():
        raise RenderFailed(
            "The model's numbers ran out of range, and it made no picture.",
            hint='Set dtype = "bfloat16" or "float32" in the setup of its entry.',
            charged=False,
        )
    return np.ascontiguousarray((array[..., :3].clip(0, 1) * 255).round().astype(np.uint8))


def _cropped(frame: Pixels, width: int, height: int, multiple: int) -> Pixels:
    over_x, over_y = frame.shape[1] - width, frame.shape[0] - height
    if not (0 <= over_x < multiple and 0 <= over_y < multiple):
        raise RenderFailed(
            f"The model made {frame.shape[1]} x {frame.shape[0]} where {width} x {height} was ordered.",
            hint="Correct the sizes of its entry to what it makes: docs/models-local.md.",
            charged=False,
        )
    left, top = over_x // 2, over_y // 2
    return np.ascontiguousarray(frame[top : top + height, left : left + width])
