"""Where the figures stand in the frame: as large as the shot size asks, and never as a floating torso.

A photograph cuts its subject off somewhere. Those cut edges must lie outside the frame (or behind another figure), so
a figure is enlarged and moved, as little as possible, until they do; what that costs is said in a note. Every position
has a price (enlarging, leaving the wished place, a cropped or hidden head, a cut in view); the cheapest is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
HEADROOM: dict[ShotSize, float] = {
    "extreme close-up": -0.06,
    "close-up": 0.05,
    "medium close-up": 0.10,
    "medium": 0.11,
    "cowboy": 0.12,
    "full": 0.12,
    "wide": 0.20,
}
"""What is left above the hair, as a share of the frame's height."""
EYE_LEVEL: dict[ShotSize, float] = {
    "extreme close-up": 0.46,
    "close-up": 0.42,
    "medium close-up": 0.38,
    "medium": 0.36,
    "cowboy": 0.34,
    "full": 0.34,
    "wide": 0.45,
}
"""Of animals and things; people's follows from the headroom."""
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
TIGHTEST = 1.35
"""No head is made taller than this share of the frame: a face must stay a face."""
STANDING = 4.2
"""A person shown for fewer heads than this does not stand: the lowest edge is a cut, even in a transparent picture."""
BESIDE = 1.55
"""How many heads of the person beside it an animal or a thing is tall: nearer to the lens, so a little large."""
FEET = 0.91
"""Where a figure stands that leaves room: the ground, with its shadow, is in the picture."""
SOFT = 0.16
"""A cut edge that cannot leave the frame fades over this share of the cut-out's width."""
STEP = 1.045
CUT_PRICE, HIDDEN_HEAD_PRICE, CROPPED_HEAD_PRICE, SWAP_PRICE, GIANT_PRICE = 6.0, 9.0, 5.0, 0.6, 1.6

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A cut-out as framing sees it, in its own pixels.

    `head`: left, top, width, height of the head with hair (people), of the whole subject otherwise. `eyes`: the point
    set on the eye level. `cuts`: n x 2 points along the edges where the photograph cuts the subject off. `alpha`:
    the matte, to know what hides behind it. `yaw`: where the face points, degrees, the viewer's right positive.
    """

    width: int
    height: int
    head: tuple[float, float, float, float]
    eyes: tuple[float, float]
    cuts: Floats
    alpha: npt.NDArray[np.float32]
    human: bool
    yaw: float = 0.0

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
        yaw=cutout.face.pose.yaw if cutout.face else 0.0,
    )


def _cut_points(cutout: Cutout) -> Floats:
    """Points along every cut, a few pixels apart."""
    w, h, cuts = cutout.width, cutout.height, cutout.cuts
    step = max(1, max(w, h) // 60)
    points = [(0.0, float(y)) for a, b in cuts.left for y in range(a, b, step)]
    points += [(float(w), float(y)) for a, b in cuts.right for y in range(a, b, step)]
    points += [(float(x), 0.0) for a, b in cuts.top for x in range(a, b, step)]
    points += [(float(x), float(h)) for a, b in cuts.bottom for x in range(a, b, step)]
    if cutout.face is not None and not cuts.bottom and h - cutout.head[1] < STANDING * cutout.head[3]:
        columns = np.flatnonzero(cutout.alpha[-max(3, h // 40) :].max(axis=0) > 0.3)
        points += [(float(x), float(h)) for x in columns[::step]]
    return np.array(points, dtype=np.float64).reshape(-1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """`to_frame` takes cut-out pixels to the frame at rest; `notes` say what could not be had as asked."""

    to_frame: Affine
    scale: float
    notes: tuple[str, ...]
    hidden: bool
    """Whether every cut edge is out of sight."""
    price: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the shot asks of one figure: its size, where across the frame, and how far the camera may shift it.

    `tall`: a thing's whole height in pixels where another figure decides; `level`: where its eyes should be, None for
    the size's own.
    """

    size: ShotSize
    asked: bool
    across: float
    reach: tuple[float, float]
    ground: float
    larger: float = 1.0
    tall: float | None = None
    level: float | None = None


Others = Sequence[tuple[Figure, Placement]]


def look_room(across: float, yaw: float) -> float:
    """The same distance from the middle, on the side that leaves room before the face: the further it is turned, the
    more. A face towards the lens leaves the choice as it was."""
    if abs(yaw) < 7:
        return across
    room = max(abs(across - 0.5), min(0.11, 0.004 * abs(yaw)))
    return 0.5 - room if yaw > 0 else 0.5 + room


def place(figure: Figure, frame: Frame, wish: Wish, *, behind: Others = (), sparing: Others = ()) -> Placement:
    """The cheapest placement. `behind`: figures in front, that may hide its cuts; `sparing`: heads not to cover."""
    wanted = _wanted_scale(figure, frame, wish)
    best: Placement | None = None
    grow = 1.0
    while True:
        dear = (1.0 if wish.asked else 0.75) * float(np.log2(grow))
        if best is not None and dear >= best.price:
            break
        found = _cheapest_at(figure, frame, wish, wanted * grow, behind, sparing)
        if best is None or found.price + dear < best.price - 1e-9:
            best = replace(found, price=found.price + dear, notes=_notes(figure, wish, grow, found.hidden))
        grow *= STEP
        if figure.head[3] * wanted * grow > TIGHTEST * frame.height and grow > 1.5:
            break
    return best


def softened(cutout: Cutout, placement: Placement, frame: Frame) -> Cutout:
    """The cut-out with those cut edges faded that the placement could not keep out of the frame."""
    if placement.hidden:
        return cutout
    (x0, y0), scale = placement.to_frame[:, 2], placement.scale
    x1, y1 = x0 + scale * cutout.width, y0 + scale * cutout.height
    cuts, reach = cutout.cuts, SOFT * cutout.width
    across, down = np.arange(cutout.width, dtype=np.float32), np.arange(cutout.height, dtype=np.float32)
    alpha = cutout.alpha.copy()
    if cuts.left and x0 > 0:
        alpha, cuts = alpha * _eased(across / reach), replace(cuts, left=())
    if cuts.right and x1 < frame.width:
        alpha, cuts = alpha * _eased((cutout.width - 1 - across) / reach), replace(cuts, right=())
    if cuts.top and y0 > 0:
        alpha, cuts = alpha * _eased(down / reach)[:, None], replace(cuts, top=())
    if cuts.bottom and y1 < frame.height:
        alpha, cuts = alpha * _eased((cutout.height - 1 - down) / reach)[:, None], replace(cuts, bottom=())
    return replace(cutout, alpha=alpha, cuts=cuts)


def _eased(share: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    s = np.clip(share, 0.0, 1.0)
    return np.asarray(s * s * (3.0 - 2.0 * s), dtype=np.float32)


def place_all(figures: Sequence[Figure], frame: Frame, wishes: Sequence[Wish]) -> tuple[list[Placement], list[int]]:
    """Placements of all figures, and the order in which to draw them, from behind to in front.

    People beside each other have heads of one size. An animal or a thing beside a person is smaller and nearer to the
    lens, low in the frame. Whoever is in front hides cuts, never the other's face.
    """
    if not figures:
        return [], []
    if len(figures) == 1:
        return [place(figures[0], frame, wishes[0])], [0]
    people = [index for index, figure in enumerate(figures) if figure.human]
    things = [index for index, figure in enumerate(figures) if not figure.human]
    if len(people) == 1 and len(things) == 1:
        return _person_and_thing(figures, frame, wishes, people[0], things[0])
    tries = [_in_front(figures, frame, wishes, first) for first in (people or things)[:2]]
    return min(tries, key=_price)


Staged = tuple[list[Placement], list[int]]


def _price(staged: Staged) -> float:
    return sum(placement.price for placement in staged[0])


def _person_and_thing(
    figures: Sequence[Figure], frame: Frame, wishes: Sequence[Wish], person: int, thing: int
) -> Staged:
    """The animal in the foreground; where its cuts would show, nearer to the lens, across from where it was, or behind
    the person."""
    best = _in_front(figures, frame, wishes, person)
    if _price(best) < CUT_PRICE:
        return best
    swapped = [replace(wish, across=1 - wish.across) for wish in wishes]
    for wished, extra in ((wishes, 0.0), (swapped, SWAP_PRICE)):
        for front, back in ((thing, person), (person, thing)):
            wish = replace(wished[front], asked=False)
            first = place(figures[front], frame, wish)
            second = place(figures[back], frame, replace(wished[back], asked=False), behind=[(figures[front], first)])
            odd = extra + (GIANT_PRICE if back == thing else 0.0)
            made = {front: replace(first, price=first.price + odd), back: second}
            found: Staged = [made[index] for index in range(2)], [back, front]
            best = min(best, found, key=_price)
    return best


def _in_front(figures: Sequence[Figure], frame: Frame, wishes: Sequence[Wish], first: int) -> Staged:
    """All placed with figure `first` in front of the others of its kind, and things in front of people."""
    people = [index for index, figure in enumerate(figures) if figure.human]
    people.sort(key=lambda index: index != first)
    things = [index for index, figure in enumerate(figures) if not figure.human]
    placed = _people(figures, frame, wishes, people)
    for index in things:
        wish, near = wishes[index], [(figures[at], placed[at]) for at in placed]
        if people:
            tall = min(BESIDE * placed[people[0]].scale * figures[people[0]].head[3], 0.5 * frame.height)
            wish = replace(wish, tall=tall, level=_low(figures[index], frame, tall))
        placed[index] = place(figures[index], frame, wish, sparing=near)
    return [placed[index] for index in range(len(figures))], people[::-1] + things


def _low(figure: Figure, frame: Frame, tall: float) -> float:
    """The eye level of an animal in the foreground that the frame's lower edge just cuts."""
    return 1.03 - tall * (1 - figure.eyes[1] / figure.height) / frame.height


def _people(figures: Sequence[Figure], frame: Frame, wishes: Sequence[Wish], order: list[int]) -> dict[int, Placement]:
    """People with heads of one size, the first of `order` in front: the cheapest common size."""
    best: dict[int, Placement] = {}
    if not order:
        return best
    start = figures[order[0]].head[3] * _wanted_scale(figures[order[0]], frame, wishes[order[0]])
    lowest, grow = np.inf, 1.0
    while grow < 16 and start * grow < TIGHTEST * frame.height:
        dear = (1.0 if wishes[order[0]].asked else 0.75) * float(np.log2(grow))
        if dear * len(order) >= lowest:
            break
        made: dict[int, Placement] = {}
        for index in order:
            front = [(figures[at], made[at]) for at in made]
            scale = start * grow / figures[index].head[3]
            found = _cheapest_at(figures[index], frame, wishes[index], scale, front, ())
            notes = _notes(figures[index], wishes[index], grow, found.hidden)
            made[index] = replace(found, price=found.price + dear, notes=notes)
        price = sum(placement.price for placement in made.values())
        if price < lowest - 1e-9:
            best, lowest = made, price
        grow *= STEP
    return best


def _wanted_scale(figure: Figure, frame: Frame, wish: Wish) -> float:
    reference = min(frame.height, frame.width * 1.5)
    if wish.tall is not None:
        return wish.tall / figure.height
    if not figure.human:
        by_height = THING_SHARE[wish.size] * min(frame.height, frame.width * 1.25) / figure.height
        by_width = THING_SHARE[wish.size] * 1.45 * frame.width / figure.width
        return float(min(by_height, by_width) * wish.larger)
    return float(HEAD_SHARE[wish.size] * reference / figure.head[3] * wish.larger)


_DX, _DY = (
    axis.ravel() for axis in np.meshgrid(np.linspace(-0.42, 0.42, 35), np.linspace(-0.24, 0.24, 17), indexing="ij")
)


def _cheapest_at(figure: Figure, frame: Frame, wish: Wish, scale: float, front: Others, sparing: Others) -> Placement:
    """The cheapest position at this scale."""
    level = _level(figure, frame, wish, scale)
    x = (wish.across + _DX) * frame.width - scale * figure.eyes[0]
    y = (level + _DY) * frame.height - scale * figure.eyes[1]
    price = 1.5 * np.abs(_DX) + (np.where(_DY > 0, 3.0, 6.0) if figure.human else 1.5) * np.abs(_DY)
    standing = figure.grounded & (y + scale * figure.height < 1.02 * frame.height) & (wish.level is None)
    feet = wish.ground if scale * figure.height > 0.66 * frame.height else min(wish.ground, FEET)
    y = np.where(standing, feet * frame.height - scale * figure.height, y)
    shown = _cuts_in_view(figure, frame, wish, scale, x, y, front)
    price = price + np.where(shown > 0, CUT_PRICE * (1 + 2 * shown), 0.0)
    price += _head_price(figure, frame, wish, scale, x, y)
    price += HIDDEN_HEAD_PRICE * sum(_share_covered(_head_points(figure), scale, x, y, *other) for other in front)
    for other, placement in sparing:
        price += HIDDEN_HEAD_PRICE * _share_covering(figure, scale, x, y, other, placement)
    at = int(np.argmin(price))
    matrix = np.array([[scale, 0, x[at]], [0, scale, y[at]]], dtype=np.float64)
    return Placement(to_frame=matrix, scale=scale, notes=(), hidden=bool(shown[at] == 0), price=float(price[at]))


def _level(figure: Figure, frame: Frame, wish: Wish, scale: float) -> float:
    """The eyes' height: between the headroom crews leave and the upper third."""
    if wish.level is not None:
        return wish.level
    if not figure.human:
        return EYE_LEVEL[wish.size]
    above = HEADROOM[wish.size] + (figure.eyes[1] - figure.head[1]) * scale / frame.height
    return float(np.clip(0.5 * above + 0.5 / 3, 0.22, 0.46))


def _cuts_in_view(
    figure: Figure, frame: Frame, wish: Wish, scale: float, x: Floats, y: Floats, front: Others
) -> Floats:
    """The share of cut points that show, for every position."""
    if not len(figure.cuts):
        return np.zeros(len(x))
    px, py = scale * figure.cuts[:, 0] + x[:, None], scale * figure.cuts[:, 1] + y[:, None]
    mx, my = (0.012 + wish.reach[0]) * frame.width, 0.012 * frame.height + wish.reach[1] * frame.width
    inside = (px > -mx) & (px < frame.width + mx) & (py > -my) & (py < frame.height + my)
    for other, placement in front:
        inside &= ~_covered(px, py, other, placement, 0.97)
    return np.asarray(inside.mean(axis=1), dtype=np.float64)


def _covered(px: Floats, py: Floats, other: Figure, placement: Placement, least: float) -> npt.NDArray[np.bool_]:
    """Whether frame points lie behind `other`, whose lowest row goes on below the frame."""
    at_x = ((px - placement.to_frame[0, 2]) / placement.scale).astype(int)
    at_y = ((py - placement.to_frame[1, 2]) / placement.scale).astype(int)
    within = (at_x >= 0) & (at_y >= 0) & (at_x < other.width)
    row, column = np.clip(at_y, 0, other.height - 1), np.clip(at_x, 0, other.width - 1)
    return np.asarray(within & (other.alpha[row, column] > least) & ((at_y < other.height) | (not other.grounded)))


def _head_points(figure: Figure) -> Floats:
    """Points all over the head, without its outermost hair."""
    left, top, width, height = figure.head
    across, down = np.meshgrid(np.linspace(0.12, 0.88, 7), np.linspace(0.1, 0.98, 7))
    return np.column_stack([left + width * across.ravel(), top + height * down.ravel()])


def _share_covered(points: Floats, scale: float, x: Floats, y: Floats, other: Figure, placement: Placement) -> Floats:
    """How much of a head is behind `other`, for every position."""
    px, py = scale * points[:, 0] + x[:, None], scale * points[:, 1] + y[:, None]
    return np.asarray(_covered(px, py, other, placement, 0.5).mean(axis=1), dtype=np.float64)


def _share_covering(figure: Figure, scale: float, x: Floats, y: Floats, other: Figure, placement: Placement) -> Floats:
    """How much of the head of `other` this figure would cover, for every position."""
    points = _head_points(other) @ placement.to_frame[:, :2].T + placement.to_frame[:, 2]
    at_x, at_y = ((points[:, 0] - x[:, None]) / scale).astype(int), ((points[:, 1] - y[:, None]) / scale).astype(int)
    within = (at_x >= 0) & (at_y >= 0) & (at_x < figure.width) & (at_y < figure.height)
    row, column = np.clip(at_y, 0, figure.height - 1), np.clip(at_x, 0, figure.width - 1)
    return np.asarray((within & (figure.alpha[row, column] > 0.5)).mean(axis=1), dtype=np.float64)


def _head_price(figure: Figure, frame: Frame, wish: Wish, scale: float, x: Floats, y: Floats) -> Floats:
    """What it costs to crop the head: above the brow is a choice of close-ups, across the face is a fault."""
    left, top, width, height = figure.head
    eyes_x = (x + scale * figure.eyes[0]) / frame.width
    eyes_y = (y + scale * figure.eyes[1]) / frame.height
    price = np.where((eyes_x < 0.14) | (eyes_x > 0.86) | (eyes_y < 0.12) | (eyes_y > 0.8), 40.0, 0.0)
    close = wish.size in ("close-up", "extreme close-up")
    above = np.maximum(0, -(y + scale * top)) / (scale * height)
    if not figure.human:
        return np.asarray(price + (0.3 if close else 2.5) * above)
    out = np.maximum(0, -(x + scale * (left + 0.1 * width))) + np.maximum(
        0, x + scale * (left + 0.9 * width) - frame.width
    )
    price = price + CROPPED_HEAD_PRICE * out / (scale * width)
    below = np.maximum(0, y + scale * (top + height) - frame.height) / (scale * height)
    return np.asarray(price + (0.3 if close else 1.5) * above + CROPPED_HEAD_PRICE * (0.2 if close else 1.0) * below)


def _notes(figure: Figure, wish: Wish, grow: float, hidden: bool) -> tuple[str, ...]:
    if not hidden:
        return ("The reference is cut off so tightly that one of its edges shows in this frame.",)
    if not wish.asked or grow < 1.2 or wish.tall is not None:
        return ()
    return (
        f"The reference does not show enough of the body for a {wish.size} shot: framed {grow:.1f} times closer, "
        "so that what it cuts off stays outside the frame.",
    )
