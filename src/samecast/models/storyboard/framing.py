"""Where a figure stands in the frame: as large as the shot size asks, and never as a floating torso.

A photograph cuts its subject off somewhere. Those cut edges must lie outside the frame (or behind another figure), so
the figure is enlarged and moved, as little as possible, until they do; what that costs is said in a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samecast.core.prompt import ShotSize
from samecast.models.storyboard.camera import Affine
from samecast.models.storyboard.cutout import Cutout
from samecast.models.storyboard.scene import Frame

HEAD_SHARE: dict[ShotSize, float] = {
    "extreme close-up": 0.80,
    "close-up": 0.56,
    "medium close-up": 0.40,
    "medium": 0.28,
    "cowboy": 0.20,
    "full": 0.125,
    "wide": 0.085,
}
"""Hair to chin as a share of the frame's shorter-than-it-looks height, as crews use the words."""
EYE_LEVEL: dict[ShotSize, float] = {
    "extreme close-up": 0.46,
    "close-up": 0.42,
    "medium close-up": 0.38,
    "medium": 0.34,
    "cowboy": 0.30,
    "full": 0.30,
    "wide": 0.45,
}
THING_SHARE: dict[ShotSize, float] = {
    "extreme close-up": 1.15,
    "close-up": 0.90,
    "medium close-up": 0.74,
    "medium": 0.60,
    "cowboy": 0.52,
    "full": 0.46,
    "wide": 0.28,
}
"""For animals and things: their whole height as a share of the frame's."""
LARGEST = 9.0
"""How many times a figure may be enlarged over the size asked for, before giving up on hiding its cuts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A cut-out as framing sees it, in its own pixels.

    `head`: left, top, width, height of the head with hair (people), of the whole subject otherwise. `eyes`: the point
    set on the eye level. `cuts`: n x 2 points along the edges where the photograph cuts the subject off. `alpha`:
    the matte, to know what hides behind it.
    """

    width: int
    height: int
    head: tuple[float, float, float, float]
    eyes: tuple[float, float]
    cuts: npt.NDArray[np.float64]
    alpha: npt.NDArray[np.float32]
    human: bool

    @property
    def grounded(self) -> bool:
        """Whether its lowest point shows in the photograph, so that it can stand on the ground."""
        return not bool((self.cuts[:, 1] > self.height - 2).any())


def figure_of(cutout: Cutout) -> Figure:
    """What framing needs to know of a cut-out."""
    head = cutout.head
    middle = float(cutout.face.landmarks[:, 0].mean()) if cutout.face else head[0] + head[2] / 2
    eyes = (middle, cutout.eye_line) if cutout.face else (cutout.width / 2, cutout.height * 0.42)
    return Figure(
        width=cutout.width,
        height=cutout.height,
        head=head,
        eyes=eyes,
        cuts=_cut_points(cutout),
        alpha=cutout.alpha,
        human=cutout.face is not None,
    )


def _cut_points(cutout: Cutout) -> npt.NDArray[np.float64]:
    """Points along every cut, a few pixels apart."""
    w, h, cuts = cutout.width, cutout.height, cutout.cuts
    step = max(1, max(w, h) // 120)
    points = [(0.0, float(y)) for a, b in cuts.left for y in range(a, b, step)]
    points += [(float(w), float(y)) for a, b in cuts.right for y in range(a, b, step)]
    points += [(float(x), 0.0) for a, b in cuts.top for x in range(a, b, step)]
    points += [(float(x), float(h)) for a, b in cuts.bottom for x in range(a, b, step)]
    return np.array(points, dtype=np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """`to_frame` takes cut-out pixels to the frame at rest; `notes` say what could not be had as asked."""

    to_frame: Affine
    scale: float
    notes: tuple[str, ...]
    hidden: bool
    """Whether every cut edge is out of sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the shot asks of one figure: its size, where across the frame, and how far the camera may shift it."""

    size: ShotSize
    asked: bool
    across: float
    reach: tuple[float, float]
    ground: float
    larger: float = 1.0


def place(figure: Figure, frame: Frame, wish: Wish, *, behind: Sequence[tuple[Figure, Placement]] = ()) -> Placement:
    """The placement nearest to the wish in which no cut edge shows. `behind`: figures in front that may hide some."""
    wanted = _wanted_scale(figure, frame, wish)
    grow = 1.0
    while grow <= LARGEST:
        found = _try(figure, frame, wish, wanted * grow, behind)
        if found is not None:
            return Placement(to_frame=found, scale=wanted * grow, notes=_notes(figure, wish, grow), hidden=True)
        grow *= 1.04
    centre = _affine(figure, frame, wanted * 1.5, wish.across, _eye_level(wish.size))
    note = "The reference is cut off so tightly that one of its edges shows in this frame."
    return Placement(to_frame=centre, scale=wanted * 1.5, notes=(note,), hidden=False)


def _wanted_scale(figure: Figure, frame: Frame, wish: Wish) -> float:
    reference = min(frame.height, frame.width * 1.5)
    if not figure.human:
        by_height = THING_SHARE[wish.size] * min(frame.height, frame.width * 1.25) / figure.height
        by_width = THING_SHARE[wish.size] * 1.45 * frame.width / figure.width
        return float(min(by_height, by_width) * wish.larger)
    return float(HEAD_SHARE[wish.size] * reference / figure.head[3] * wish.larger)


def _try(
    figure: Figure, frame: Frame, wish: Wish, scale: float, front: Sequence[tuple[Figure, Placement]]
) -> Affine | None:
    """The first position at this scale, nearest to the wished one, that hides all cuts."""
    if not len(figure.cuts):
        return _affine(figure, frame, scale, wish.across, _eye_level(wish.size), wish)
    level = _eye_level(wish.size)
    shifts = sorted(
        ((dx, dy) for dx in np.linspace(-0.2, 0.2, 17) for dy in np.linspace(-0.16, 0.16, 13)),
        key=lambda shift: abs(shift[0]) + 0.8 * abs(shift[1]),
    )
    for dx, dy in shifts:
        matrix = _affine(figure, frame, scale, wish.across + dx, level + dy)
        if _cuts_hidden(figure, frame, wish, matrix, front) and _head_inside(figure, frame, matrix, wish):
            return matrix
    return None


def _affine(
    figure: Figure, frame: Frame, scale: float, across: float, level: float, wish: Wish | None = None
) -> Affine:
    x = across * frame.width - scale * figure.eyes[0]
    y = level * frame.height - scale * figure.eyes[1]
    if wish is not None and figure.grounded and y + scale * figure.height < frame.height * 1.02:
        y = wish.ground * frame.height - scale * figure.height
    return np.array([[scale, 0, x], [0, scale, y]], dtype=np.float64)


def _cuts_hidden(
    figure: Figure, frame: Frame, wish: Wish, matrix: Affine, front: Sequence[tuple[Figure, Placement]]
) -> bool:
    points = figure.cuts @ matrix[:, :2].T + matrix[:, 2]
    mx, my = (0.012 + wish.reach[0]) * frame.width, 0.012 * frame.height + wish.reach[1] * frame.width
    inside = (points[:, 0] > -mx) & (points[:, 0] < frame.width + mx)
    inside &= (points[:, 1] > -my) & (points[:, 1] < frame.height + my)
    for other, placement in front:
        inside &= ~_covered(points, other, placement)
    return not bool(inside.any())


def _covered(points: npt.NDArray[np.float64], other: Figure, placement: Placement) -> npt.NDArray[np.bool_]:
    local = (points - placement.to_frame[:, 2]) / placement.scale
    x, y = local[:, 0].astype(int), local[:, 1].astype(int)
    within = (x >= 0) & (y >= 0) & (x < other.width) & (y < other.height)
    solid = np.zeros(len(points), dtype=bool)
    solid[within] = other.alpha[y[within], x[within]] > 0.97
    below = (y >= other.height) & (x >= 0) & (x < other.width)
    return solid | below


def _head_inside(figure: Figure, frame: Frame, matrix: Affine, wish: Wish) -> bool:
    """The face itself stays in the picture, whatever is enlarged; an animal's centre does."""
    x = matrix[0, 0] * figure.eyes[0] + matrix[0, 2]
    y = matrix[1, 1] * figure.eyes[1] + matrix[1, 2]
    return bool(0.12 * frame.width < x < 0.88 * frame.width and 0.12 * frame.height < y < 0.8 * frame.height)


def _eye_level(size: ShotSize) -> float:
    return EYE_LEVEL[size]


def _notes(figure: Figure, wish: Wish, grow: float) -> tuple[str, ...]:
    if not wish.asked or grow < 1.2:
        return ()
    return (
        f"The reference does not show enough of the body for a {wish.size} shot: framed {grow:.1f} times closer, "
        "so that what it cuts off stays outside the frame.",
    )
