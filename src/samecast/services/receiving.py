"""Pictures that somebody hands in through a browser: checked, encoded anew, and kept for as long as they are needed.

What arrives is bytes of unknown origin. It is decoded once, here, within the bounds of `Media`; from then on only our
own PNG of its pixels is used, under a name of ours. What nobody uses within a day goes.
"""

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samecast.core.cast import Region
from samecast.core.errors import InvalidInput, NotFound
from samecast.core.measurements import FaceBox
from samecast.ports import FaceReader, Media, Picture

MOST_BYTES = 40 * 1024 * 1024
"""One picture is at most this large as it arrives."""
LONGEST_SIDE = 4096
KEPT_SECONDS = 24 * 3600.0
MOST_KEPT = 500
LEAST_CROP = 64
"""Pixels: the shorter side of what may be cut out of a picture."""
HEAD_SHARE = 0.46
"""How much of a 1:1 crop's side the face fills, as in the crop that the overlay suggests."""

_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A picture that was handed in: its name here, and its size in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """`faces`: whoever finds faces in what was handed in; None where nobody does."""

    media: Media
    folder: Path
    faces: FaceReader | None = None

    def receive(self, source: Path) -> Received:
        """Keep the pixels of a picture, upright, in sRGB. Raises `BadMedia` for whatever else it is."""
        return self.take_in(source.read_bytes())

    def take_in(self, content: bytes) -> Received:
        """As `receive`, of bytes that are at hand."""
        return self._keep(self.media.fit_picture(self.media.read_picture(content), LONGEST_SIDE))

    def cropped(self, name: str, part: Region) -> Received:
        """A part of a picture that was handed in, as another one. Raises `NotFound`, `InvalidInput` for too little."""
        picture = self.media.read_picture(self.path(name))
        left, top = round(part.x * picture.width), round(part.y * picture.height)
        right = min(picture.width, round((part.x + part.width) * picture.width))
        bottom = min(picture.height, round((part.y + part.height) * picture.height))
        if min(right - left, bottom - top) < LEAST_CROP:
            raise InvalidInput(
                f"That part is only {right - left} x {bottom - top} pixels.", hint="Use a larger or a closer picture."
            )
        inside = (slice(top, bottom), slice(left, right))
        alpha = None if picture.alpha is None else np.ascontiguousarray(picture.alpha[inside])
        return self._keep(Picture(rgb=np.ascontiguousarray(picture.rgb[inside]), alpha=alpha))

    def faces_in(self, name: str) -> tuple[FaceBox, ...]:
        """The faces in a picture that was handed in, the largest first; none where nobody looks for them."""
        if self.faces is None:
            return ()
        picture = self.media.read_picture(self.path(name))
        found = [face.box for face in self.faces.faces(picture.rgb)]
        return tuple(
            FaceBox(
                left=left / picture.width,
                top=top / picture.height,
                width=width / picture.width,
                height=height / picture.height,
            )
            for left, top, width, height in found
        )

    def _keep(self, picture: Picture) -> Received:
        self.sweep()
        name = secrets.token_hex(16)
        self.media.write_bytes(self.folder / f"{name}.png", self.media.png(picture))
        return Received(name=name, width=picture.width, height=picture.height)

    def path(self, name: str) -> Path:
        """Where a picture that was handed in lies. Raises `NotFound` for what is no name, or is gone."""
        path = self.folder / f"{name}.png"
        if not _NAME.fullmatch(name) or not path.is_file():
            raise NotFound("The picture is no longer here.", hint="Add it once more.")
        return path

    def at(self, name: str) -> Received:
        """It with its size. Raises `NotFound`."""
        picture = self.media.read_picture(self.path(name))
        return Received(name=name, width=picture.width, height=picture.height)

    def jpeg(self, name: str, side: int) -> bytes:
        """It as it is shown, at most `side` pixels long."""
        return self.media.jpeg(self.media.read_picture(self.path(name)).rgb, longest=side, quality=86)

    def sweep(self) -> None:
        """Let go of what is a day old, and of the oldest where there are too many."""
        kept = sorted(self.folder.glob("*.png"), key=_age, reverse=True)
        for place, path in enumerate(kept):
            if place >= MOST_KEPT - 1 or time.time() - _age(path) > KEPT_SECONDS:
                path.unlink(missing_ok=True)


def square_around(face: FaceBox, width: int, height: int, others: Sequence[FaceBox] = ()) -> Region:
    """A square around a head, as fractions of a picture of so many pixels; drawn in where it would reach `others`."""
    across, along = face.width * width, face.height * height
    most = float(min(width, height))
    side = min(max(across, along) / HEAD_SHARE, most)
    middle = ((face.left + face.width / 2) * width, (face.top + face.height / 2) * height)
    for other in others:  # half of the way to where the nearest other face begins, on the axis that parts them
        apart = max(
            abs((other.left + other.width / 2) * width - middle[0]) - other.width * width / 2,
            abs((other.top + other.height / 2) * height - middle[1]) - other.height * height / 2,
        )
        side = min(side, max(2 * apart, min(most, 1.15 * max(across, along))))
    above = min(0.45 * along + 0.04 * side, 0.6 * (side - along))  # hair rises about that far above the face
    x, y = middle[0] - side / 2, middle[1] - along / 2 - above
    x, y = min(max(x, 0.0), width - side), min(max(y, 0.0), height - side)
    return Region(x=x / width, y=y / height, width=side / width, height=side / height)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
