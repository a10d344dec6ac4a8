"""One real face for the character's tests: scikit-image's astronaut (public domain), found and cut out once."""

from functools import lru_cache

import numpy as np
import skimage.data

from samecast.models.storyboard.cutout import Cutout, cut_out
from samecast.models.storyboard.relight import relight
from samecast.models.storyboard.scene import Light
from samecast.models.storyboard.warp import Affine, Puppet
from samecast.ports import Face, Floats, Picture, Pixels
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.matte import SubjectMatte

GREEN, BLACK, WHITE = (0, 255, 0), (0, 0, 0), (255, 255, 255)


@lru_cache(maxsize=1)
def reader() -> MediaPipeFaces:
    return MediaPipeFaces()


@lru_cache(maxsize=1)
def matting() -> SubjectMatte:
    return SubjectMatte()


@lru_cache(maxsize=1)
def astronaut() -> tuple[Picture, list[Face], Floats]:
    picture = Picture(rgb=np.ascontiguousarray(skimage.data.astronaut()))
    faces = reader().faces(picture.rgb)
    return picture, faces, matting().matte(picture, faces)


@lru_cache(maxsize=1)
def cat() -> tuple[Picture, Floats]:
    picture = Picture(rgb=np.ascontiguousarray(skimage.data.chelsea()))
    return picture, matting().matte(picture, [])


@lru_cache(maxsize=1)
def eileen() -> Cutout:
    return cut_out(*_in_order(astronaut()))


def _in_order(found: tuple[Picture, list[Face], Floats]) -> tuple[Picture, Floats, list[Face]]:
    picture, faces, matte = found
    return picture, matte, faces


KEY = Light(colour=(1.0, 0.97, 0.92), strength=0.9, direction=(0.0, 0.4, 0.9), role="key")
FILL = Light(colour=(0.9, 0.95, 1.0), strength=0.3, direction=(0.0, 0.2, 1.0), role="fill")

FRAME = (405, 720)


@lru_cache(maxsize=1)
def placement() -> Affine:
    """A medium close-up: head a quarter of the frame high, in its middle, the bottom cut below the frame."""
    cutout = eileen()
    x, y, w, h = cutout.head
    scale = 0.28 * FRAME[1] / h
    return np.array([[scale, 0.0, FRAME[0] / 2 - scale * (x + w / 2)], [0.0, scale, 90.0 - scale * y]])


@lru_cache(maxsize=1)
def puppet() -> Puppet:
    lit = relight(eileen(), (KEY, FILL), exposure=0.0, ambient=(0.6, 0.65, 0.7))
    return Puppet(lit, eileen(), placement(), FRAME)


def canvas(colour: tuple[int, int, int] = (60, 70, 90)) -> Pixels:
    empty = np.empty((FRAME[1], FRAME[0], 4), np.uint8)
    empty[:] = (*colour, 255)
    return empty


def over(sheet: Pixels, colour: tuple[int, int, int]) -> Pixels:
    """A premultiplied sheet over one colour, H x W x 3."""
    alpha = sheet[..., 3:].astype(np.float32) / 255.0
    return np.clip(sheet[..., :3] + np.array(colour, np.float32) * (1.0 - alpha), 0, 255).astype(np.uint8)


def luma(rgb: Pixels) -> Floats:
    return np.asarray(rgb[..., :3] @ np.array([0.2126, 0.7152, 0.0722]), np.float32)
