"""Subjects without a human face for pulled encoders: the matted subject on plain grey, whole, in a square."""

from collections.abc import Mapping
from typing import Protocol

import cv2
import numpy as np

from samecast.core.errors import InvalidInput
from samecast.core.kinds import SubjectKind
from samecast.ports import EncoderCard, Floats, Pixels
from samecast.vision.encoders.faces import cosine_distance
from samecast.vision.encoders.session import OnnxSession

_INSIDE = 0.5
_LEAST_PIXELS = 64
_MARGIN = 0.06
"""Grey around the subject, as a share of its longer side: an encoder sees outlines best with room around them."""
_GREY = 127.5


class SubjectCoder(Protocol):
    """An encoder of masked subjects whose distances mean nothing yet."""

    def encode(self, rgb: Pixels, alpha: Floats) -> Floats: ...

    def distance(self, a: Floats, b: Floats) -> float: ...


class OnnxSubjects:
    """A `SubjectCoder` on a pulled network."""

    def __init__(self, session: OnnxSession, side: int) -> None:
        self._session = session
        self._side = side

    def encode(self, rgb: Pixels, alpha: Floats) -> Floats:
        """The network's numbers, of length one. Raises `InvalidInput` where the matte shows no subject."""
        return self._session.vector(subject_square(rgb, alpha, self._side))

    def distance(self, a: Floats, b: Floats) -> float:
        """Cosine distance: 0 the same direction, 1 unrelated, 2 opposite."""
        return cosine_distance(a, b)


class CalibratedSubjects:
    """A `ports.AppearanceEncoder`: a coder with the cards that say what its distances mean, by kind."""

    def __init__(self, coder: SubjectCoder, pooled: EncoderCard, kinds: Mapping[str, EncoderCard]) -> None:
        self._coder = coder
        self._pooled = pooled
        self._kinds = dict(kinds)

    def card_for(self, kind: SubjectKind | None) -> EncoderCard:
        return self._kinds.get(kind or "", self._pooled)

    def encode(self, rgb: Pixels, alpha: Floats) -> Floats:
        return self._coder.encode(rgb, alpha)

    def distance(self, a: Floats, b: Floats) -> float:
        return self._coder.distance(a, b)


def subject_square(rgb: Pixels, alpha: Floats, side: int) -> Pixels:
    """`side` x `side` x 3: what the matte (H x W, 0..1) covers, over grey, undistorted and centred.

    The background never gets in, so that a subject is not told by the room it stands in.
    """
    rows, columns = np.flatnonzero((alpha > _INSIDE).any(axis=1)), np.flatnonzero((alpha > _INSIDE).any(axis=0))
    if not rows.size or np.count_nonzero(alpha > _INSIDE) < _LEAST_PIXELS:
        raise InvalidInput("No subject stands out of this picture.", hint="Use one with a plainer background.")
    cut = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    weight = alpha[cut].astype(np.float32)[..., None]
    over = rgb[cut].astype(np.float32) * weight + _GREY * (1 - weight)
    height, width = over.shape[:2]
    scale = side * (1 - 2 * _MARGIN) / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(over, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    square = np.full((side, side, 3), _GREY, np.float32)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return np.clip(np.rint(square), 0, 255).astype(np.uint8)
