"""Faces as the meter sees them, for tests of who is who: three characters a unit apart, in one plane."""

import math
from collections.abc import Sequence

from samecast.core.sightings import Limits, SeenFace, SeenFrame

LIMITS = Limits(
    match=0.60, stranger=0.72, clone=0.50, middle=0.16, beside=0.50, worn=0.58, worn_margin=0.30, gap=0.4, step=0.5,
    room=1.3, steady=2,
)  # fmt: skip
A, B, C = (0.0, 0.0), (0.85, 0.0), (0.425, 0.74)
CAST = (A, B, C)
"""Where the characters' references lie; a face is somewhere near, and as far off the plane as photographs are."""
OFF = 0.4


def seen(at: tuple[float, float], left: float = 0.1, *, cast: int = 2, off: float = OFF, **more: object) -> SeenFace:
    """A face that lies `off` above a point of that plane, its box 0.1 wide and `left` of the frame."""
    distances = tuple(math.sqrt((at[0] - x) ** 2 + (at[1] - y) ** 2 + off**2) for x, y in CAST[:cast])
    return SeenFace(box=(left, 0.2, 0.1, 0.14), distances=distances, **more)  # type: ignore[arg-type]


def blurred(left: float = 0.1) -> SeenFace:
    return SeenFace(box=(left, 0.2, 0.1, 0.14))


def apart(cast: int = 2) -> list[list[float]]:
    return [[math.dist(a, b) for b in CAST[:cast]] for a in CAST[:cast]]


def clip(*frames: Sequence[SeenFace], every: float = 0.3, shots: Sequence[int] = ()) -> list[SeenFrame]:
    return [
        SeenFrame(seconds=index * every, shot=shots[index] if shots else 0, faces=tuple(faces))
        for index, faces in enumerate(frames)
    ]
