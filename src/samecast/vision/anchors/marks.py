"""Marks on a face, such as a scar, a mole or paint: what one looks like on the reference, and finding it again.

Both faces are laid on the atlas, so that a place on the one is the same place on the other whatever the pose. Of the
skin's detail one band of sizes is kept, light and tone removed, in units of the skin's own grain and of how uneven
faces usually are there. Then a regression explains the take's place by the reference's plain, mirrored place alone,
and by that with the mark added; how much the mark explains is the agreement. The same is asked of the take's mirrored
place. Freckles never come back dot by dot: there the dots of one side are weighed against the other's. The verdict
over a clip is drawn in core.anchor_verdicts.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from samecast.core.consistency import AnchorKind, AnchorVerdict
from samecast.ports import AnchorSight, Face, Floats, Pixels
from samecast.vision.anchors.atlas import MESH, SIDE, Cut, Patch, atlas
from samecast.vision.anchors.limits import MarkLimits, mark_limits, uneven_over

Box = tuple[float, float, float, float]
_CHANNELS = np.sqrt(np.array([1.0, 0.7, 0.7], np.float32))
"""Weights of log lightness, log R/G and log B/G."""
_FLOOR = np.array([0.006, 0.004, 0.004], np.float32)
"""The least grain of skin: what 8 bits can show."""
_SATURATION = 2.5
"""Detail beyond so many times what is usual counts no more: an eyebrow must not outweigh a scar."""
_POOL = 0.008
"""Units over which detail is pooled: landmarks do not agree to a hair."""
_BLURS = np.array([0.0, 0.006, 0.012, 0.018, 0.025, 0.035, 0.05, 0.07, 0.1])
"""Blurs, in units, at which the reference's sharpness is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPrint:
    """A mark on the reference. `region`: where it lies in its patch, 0 or 1.

    `bands`: those in which it stands out, best first. `sharpness`: of the reference's face at each of the known blurs.
    `sided`: its mirrored place is another one. `scattered`: many small dots (freckles), told by how many there are.
    """

    box: Box
    own: Patch
    mirrored: Patch
    middle: Patch
    shown: Cut
    plain: Cut
    region: Floats
    skin: Floats
    bands: tuple[int, ...]
    sharpness: Floats
    sided: bool
    scattered: bool

    @property
    def kind(self) -> AnchorKind:
        return "mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well a place of the take shows the mark: `amount` 0..1, `strength` of the mark (1 as on the reference)."""

    amount: float
    strength: float


def learn_mark(rgb: Pixels, face: Face, box: Box, *, scattered: bool = False) -> MarkPrint | str:
    """The mark in a box of the reference; or one sentence why it cannot be checked. `scattered`: freckles."""
    limits = mark_limits()
    found = _place(face.landmarks, box)
    if found is None:
        return "The marked place on the reference is too small to be found on the face: mark all of the detail."
    u, v, half_u, half_v = found
    half = max(half_u, half_v) + limits.search + 0.10
    own, mirrored = Patch.around(u, v, half), Patch.around(u, v, half, mirrored=True)
    shown, plain = own.cut(rgb, face.landmarks), mirrored.cut(rgb, face.landmarks)
    if _turned(shown, limits):
        return "The anchor's place is turned away from the camera on the reference: choose one that shows it."
    region = _within(shown.places, box)
    skin = atlas().holds(own.grid()[::4, ::4].reshape(-1, 2)).reshape(SIDE // 4, SIDE // 4)
    middle = Patch.around(0.0, 0.3, 0.75)
    draft = MarkPrint(
        box=box,
        own=own,
        mirrored=mirrored,
        middle=middle,
        shown=shown,
        plain=plain,
        region=region,
        skin=np.asarray(cv2.resize(skin.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST), np.float32),
        bands=(),
        sharpness=_ladder(middle.cut(rgb, face.landmarks), middle),
        sided=abs(u) > 0.9 * half_u and not _turned(plain, limits),
        scattered=scattered,
    )
    if scattered and not draft.sided:
        return "Freckles are told by comparing both sides of the face: mark those of one side."
    bands, seen = _dotted(draft, limits) if scattered else _standing_out(draft, max(half_u, half_v), limits)
    if bands:
        return replace(draft, bands=bands)
    if not seen:
        return "The reference shows too few pixels of the anchor's place: use a larger picture of the face."
    other = " that the other side of the face does not show too" if draft.sided else ""
    return f"The reference shows nothing distinct at the marked place{other}, so it cannot be told held from lost."


def look_for_mark(wanted: MarkPrint, rgb: Pixels, face: Face) -> AnchorSight:
    """One look for it on a face of an H x W x 3 picture."""
    limits = mark_limits()
    own, mirrored = wanted.own.cut(rgb, face.landmarks), wanted.mirrored.cut(rgb, face.landmarks)
    inside = wanted.region > 0
    boxes = _box(own.places[inside]), _box(mirrored.places[inside])
    if float(own.inside[inside].mean()) < 0.8:
        return AnchorSight(verdict="not_assessable", reason="Its place lies outside the picture.")
    if _turned(own, limits):
        return _unseen("Its place is turned away from the camera.", boxes)
    blur, finer = _blurs(wanted, rgb, face, own)
    clear = [band for band in wanted.bands if own.scale * limits.bands[band][1] >= limits.pixels]
    if not clear:
        return _unseen("Its place shows too few pixels for so fine a detail.", boxes)
    seen = clear if blur <= limits.blurriest else []
    band = next((band for band in seen if limits.bands[band][1] >= limits.blur * blur), None)
    if band is None:
        return _unseen("The picture is too blurred for so fine a detail.", boxes)
    weigh = _dots_apart if wanted.scattered else _agreements
    here, there = weigh(wanted, own, mirrored, band, blur, finer)
    usable = wanted.sided and not _turned(mirrored, limits) and bool(mirrored.inside[inside].mean() > 0.8)
    covered = usable and _foreign(wanted, own, mirrored) > limits.covered
    return _judged(here, there if usable else None, boxes, covered)


def _judged(here: Agreement, there: Agreement | None, boxes: tuple[Box, Box], covered: bool) -> AnchorSight:
    limits = mark_limits()
    p_here = limits.probability(here.amount)
    p_there = limits.probability(there.amount) if there is not None else 0.0
    verdict: AnchorVerdict
    sure = 0.5 + limits.unsure
    if p_there >= sure and p_there > p_here + (0.35 if p_here >= 0.5 else 0.0):
        verdict, reason = "moved", "It is on the other side of the face."
    elif p_here >= sure:
        both = " The other side shows the like, too." if p_there >= 0.5 else ""
        verdict, reason = "held", f"It is at its own place.{both}"
    elif covered:
        return _unseen("Something seems to cover its place.", boxes)
    elif max(p_here, p_there) > 0.5 - limits.unsure:
        return _unseen("Too faint here to tell whether it is there.", boxes)
    else:
        side = "neither at its own place nor on the other side" if there is not None else "not at its own place"
        verdict, reason = "lost", f"It is {side}."
    other = boxes[1] if there is not None else None
    return AnchorSight(verdict=verdict, reason=reason, strength=p_here, own=boxes[0], mirrored=other)


def _unseen(reason: str, boxes: tuple[Box, Box]) -> AnchorSight:
    return AnchorSight(verdict="not_assessable", reason=reason, own=boxes[0])


# --- where ------------------------------------------------------------------------------------------------------


def _place(landmarks: Floats, box: Box) -> tuple[float, float, float, float] | None:
    """Centre and half sizes on the atlas of a picture's box: looked for over the whole face, then closer."""
    u, v, half = 0.0, 0.3, 1.2
    for _ in range(2):
        patch = Patch.around(u, v, half)
        nodes = (patch.weights @ landmarks[:MESH, :2].astype(np.float64)).reshape(-1, 2)
        count = round(len(nodes) ** 0.5)
        at = np.linspace(0, count - 1, 241).astype(np.float32)
        dense = cv2.remap(nodes.reshape(count, count, 2).astype(np.float32), *np.meshgrid(at, at), cv2.INTER_LINEAR)
        ys, xs = np.nonzero(_within(np.asarray(dense, np.float32), box))
        if not len(xs):
            return None
        us, vs = u - half + xs * 2 * half / 240, v - half + ys * 2 * half / 240
        u, v = float((us.min() + us.max()) / 2), float((vs.min() + vs.max()) / 2)
        half_u, half_v = max(float(np.ptp(us)) / 2, 0.015), max(float(np.ptp(vs)) / 2, 0.015)
        half = 1.5 * max(half_u, half_v) + 0.02
    return u, v, half_u, half_v


def _within(places: Floats, box: Box) -> Floats:
    left, top, right, bottom = box
    xs, ys = places[..., 0], places[..., 1]
    return ((xs >= left) & (xs <= right) & (ys >= top) & (ys <= bottom)).astype(np.float32)


def _box(places: Floats) -> Box:
    low, high = places.min(axis=0), places.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _turned(cut: Cut, limits: MarkLimits) -> bool:
    return not cut.upright or cut.scale < limits.turned * cut.stretch


# --- how sharp --------------------------------------------------------------------------------------------------


def _fineness(luma: Floats, step: float) -> float:
    """Fine detail (0.02 units) over coarse (0.08) of a face's middle, in log lightness."""
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 0.02 / step)
    coarse = luma - cv2.GaussianBlur(luma, (0, 0), 0.08 / step)
    return float(np.abs(fine).mean() / max(float(np.abs(coarse).mean()), 1e-4))


def _luma(cut: Cut) -> Floats:
    return np.asarray(np.log(cut.rgb.mean(axis=2) / 255 + 0.05), np.float32)


def _ladder(cut: Cut, patch: Patch) -> Floats:
    luma, step = _luma(cut), 2 * patch.half / SIDE
    levels = [_fineness(_blurred(luma, sigma / step), step) for sigma in _BLURS]
    return np.asarray(np.minimum.accumulate(levels), np.float32)


def _blurs(wanted: MarkPrint, rgb: Pixels, face: Face, own: Cut) -> tuple[float, float]:
    """By how much (sigma, units) the reference, and then the take, must be blurred to be as coarse as the other."""
    here = _fineness(_luma(wanted.middle.cut(rgb, face.landmarks)), 2 * wanted.middle.half / SIDE)
    falling = wanted.sharpness[::-1].astype(np.float64)
    by_look = float(np.interp(here, falling + np.arange(len(falling)) * 1e-6, _BLURS[::-1]))
    apart = 1 / own.scale**2 - 1 / wanted.shown.scale**2
    by_size = 0.5 * float(np.sqrt(abs(apart)))
    return max(by_look, by_size if apart > 0 else 0.0), by_size if apart < 0 and by_look == 0 else 0.0


def _blurred(field: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32) if sigma > 0.35 else field


# --- what is there ----------------------------------------------------------------------------------------------


def _tones(cut: Cut) -> Floats:
    """Log lightness, log R/G, log B/G: light multiplies, so that here it only adds."""
    logs = np.log(cut.rgb / 255 + 0.05)
    red, green, blue = logs[..., 0], logs[..., 1], logs[..., 2]
    return np.stack([(red + green + blue) / 3, red - green, blue - green], axis=-1).astype(np.float32)


def _detail(cut: Cut, skin: Floats, band: tuple[float, float], step: float, blur: float) -> Floats:
    """One band of sizes, averaged inside the face alone."""
    tones, weight = _tones(cut), skin[..., None]
    fine = float(np.hypot(0.7 * band[0], blur)) / step
    low = _blurred(tones * weight, band[1] / step) / (_blurred(skin, band[1] / step)[..., None] + 1e-3)
    high = _blurred(tones * weight, fine) / (_blurred(skin, fine)[..., None] + 1e-3)
    return np.asarray((high - low) * weight, np.float32)


def _details(wanted: MarkPrint, pair: tuple[Cut, Cut], band: int, blur: float) -> tuple[Floats, Floats]:
    """The own and the mirrored place, in units of this face's grain and of how uneven faces are there; saturated."""
    step = 2 * wanted.own.half / SIDE
    limits = mark_limits()
    raw = [_detail(cut, wanted.skin, limits.bands[band], step, blur) for cut in pair]
    on = wanted.skin > 0.5
    grain = 1.4826 * np.median(np.abs(np.concatenate([field[on] for field in raw])), axis=0)
    usual = np.maximum(grain, _FLOOR) * uneven_over(wanted.own, band)[..., None] * _SATURATION
    own, mirrored = (_blurred(np.tanh(field / usual), _POOL / step) * _CHANNELS for field in raw)
    return np.asarray(own, np.float32), np.asarray(mirrored, np.float32)


def _standing_out(draft: MarkPrint, half: float, limits: MarkLimits) -> tuple[tuple[int, ...], bool]:
    """The bands in which the mark stands out, most first; and whether any could be seen at all."""
    found: list[tuple[float, int]] = []
    seen = False
    for band, (_, coarse) in enumerate(limits.bands):
        if draft.shown.scale * coarse < limits.pixels or (coarse > 0.05 and coarse > 2.2 * half + 0.03):
            continue
        seen = True
        own, mirrored = _details(draft, (draft.shown, draft.plain), band, 0.0)
        apart = ((own - (mirrored if draft.sided else 0.0)) ** 2).sum(axis=2)
        around = (draft.skin > 0.5) & (draft.region == 0)
        level = float(np.percentile(apart[around], 75)) if around.any() else 0.0
        contrast = float(np.sqrt(np.percentile(apart[draft.region > 0], 90) / (level + 0.02)))
        if contrast >= limits.stands_out:
            found.append((contrast, band))
    return tuple(band for _, band in sorted(found, reverse=True)), seen


def _agreements(
    wanted: MarkPrint, own: Cut, mirrored: Cut, band: int, blur: float, finer: float
) -> tuple[Agreement, Agreement]:
    mark, plain = _details(wanted, (wanted.shown, wanted.plain), band, blur)
    if not wanted.sided:
        plain = np.zeros_like(mark)
    here, there = _details(wanted, (own, mirrored), band, finer)
    return _agree(wanted, here, mark, plain), _agree(wanted, there, mark, plain)


def _agree(wanted: MarkPrint, seen: Floats, mark: Floats, plain: Floats) -> Agreement:
    """Regress what is seen on the plain place, and on the plain place with the mark, at every shift within reach."""
    step = 2 * wanted.own.half / SIDE
    search = mark_limits().search
    reach = int(search / step)
    skip = max(1, round(0.006 / step))
    ys, xs = np.nonzero(wanted.region)
    top, bottom, left, right = int(ys.min()), int(ys.max()) + 1, int(xs.min()), int(xs.max()) + 1
    window = slice(top, bottom, skip), slice(left, right, skip)
    weight = _weights(wanted, mark - plain)[window]
    added, added_centred = _centred((mark - plain)[window], weight)
    base, base_centred = _centred(plain[window], weight)
    padded = np.asarray(cv2.copyMakeBorder(seen, reach, reach, reach, reach, cv2.BORDER_CONSTANT), np.float32)
    view = padded[top : bottom + 2 * reach : skip, left : right + 2 * reach : skip]
    on_added, on_base = _correlate(view, added), _correlate(view, base)
    total = float(weight.sum())
    means = np.sum([_slide(view[..., c], weight) ** 2 for c in range(3)], axis=0)
    energy = np.maximum(_slide(np.square(view).sum(axis=2), weight) - means / total, 1e-6)
    aa = float((added * added_centred).sum()) + 1e-9
    bb = float((base * base_centred).sum()) + 0.01 * aa
    ab = float((added * base_centred).sum())
    alone = np.clip(on_base / bb, 0, 1.3)
    without = np.maximum(energy - 2 * alone * on_base + alone**2 * bb, 1e-6)
    strength = np.clip((on_added * bb - on_base * ab) / (aa * bb - ab * ab + 1e-9), -0.5, 1.5)
    rest = np.clip((on_base - strength * ab) / bb, 0, 1.3)
    left = energy - 2 * rest * on_base - 2 * strength * on_added
    left += rest**2 * bb + 2 * rest * strength * ab + strength**2 * aa
    share = np.where(strength > 0, np.clip((without - left) / (without + 0.006 * total), 0, 1), 0)
    amount = np.sqrt(share * np.clip(strength, 0, 1))
    rows, columns = np.mgrid[0 : amount.shape[0], 0 : amount.shape[1]] * skip - reach
    away = np.hypot(rows, columns) * step
    score = np.where(away <= search, amount - 2.0 * np.maximum(away - 0.03, 0), -1.0)
    best = np.unravel_index(int(np.argmax(score)), score.shape)
    return Agreement(
        amount=float(max(score[best], 0.0)),
        strength=float(strength[best]),
    )


def _foreign(wanted: MarkPrint, own: Cut, mirrored: Cut) -> float:
    """How far the place's tone is from the other side's, more than on the reference, with the mark or without: hair, a
    hand's shadow. In log units, chroma counted twice."""
    on = wanted.region > 0

    def gap(one: Cut, other: Cut) -> npt.NDArray[np.float64]:
        apart = np.median(_tones(one)[on], axis=0) - np.median(_tones(other)[on], axis=0)
        return np.asarray(apart * [1.0, 2.0, 2.0], np.float64)

    seen = gap(own, mirrored)
    return float(min(np.linalg.norm(seen), np.linalg.norm(seen - gap(wanted.shown, wanted.plain))))


# --- freckles ---------------------------------------------------------------------------------------------------


def _dots(wanted: MarkPrint, pair: tuple[Cut, Cut], blur: float) -> float:
    """How much more the first place is dotted than the second: log ratio of dark specks beyond the skin's grain."""
    step, limits = 2 * wanted.own.half / SIDE, mark_limits()
    raw = [_detail(cut, wanted.skin, limits.bands[0], step, blur)[..., 0] for cut in pair]
    on = wanted.skin > 0.5
    grain = max(1.4826 * float(np.median(np.abs(np.concatenate([field[on] for field in raw])))), float(_FLOOR[0]))
    weight = wanted.region * wanted.skin / uneven_over(wanted.own, 0) ** 2
    here, there = (
        float((np.clip(-field / grain - 1.5, 0, 5) * weight).sum() / max(float(weight.sum()), 1e-6)) for field in raw
    )
    return float(np.log((here + 0.05) / (there + 0.05)))


def _dotted(draft: MarkPrint, limits: MarkLimits) -> tuple[tuple[int, ...], bool]:
    """The finest band, where it can be seen and the place is clearly more dotted than the other side."""
    if draft.shown.scale * limits.bands[0][1] < limits.pixels:
        return (), False
    return ((0,) if _dots(draft, (draft.shown, draft.plain), 0.0) >= limits.dotted else ()), True


def _dots_apart(
    wanted: MarkPrint, own: Cut, mirrored: Cut, band: int, blur: float, finer: float
) -> tuple[Agreement, Agreement]:
    """The take's log ratio over the reference's, brought onto the scale of a mark's agreement."""
    limits = mark_limits()
    asked = max(_dots(wanted, (wanted.shown, wanted.plain), blur), limits.dotted / 2)
    ratio = _dots(wanted, (own, mirrored), finer) / asked
    here, there = (limits.midpoint + 0.5 * (side * ratio - limits.dots_held) for side in (1.0, -1.0))
    return Agreement(amount=here, strength=ratio), Agreement(amount=there, strength=-ratio)


# --- the template -----------------------------------------------------------------------------------------------


def _weights(wanted: MarkPrint, mark: Floats) -> Floats:
    """Where the mark is: its own strength over the region, a little everywhere in it."""
    amount = np.sqrt((mark**2).sum(axis=2)) * wanted.region
    full = float(np.percentile(amount[wanted.region > 0], 95)) + 1e-6
    near = cv2.dilate(amount, np.ones((5, 5), np.uint8)) / full
    return np.asarray((np.clip(near, 0, 1) ** 2 + 0.03) * wanted.region * wanted.skin, np.float32)


def _centred(field: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """A template times its weight, and the template, both around the weighted mean of each channel."""
    mean = (field * weight[..., None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
    centred = np.asarray(field - mean, np.float32)
    return np.asarray(centred * weight[..., None], np.float32), centred


def _correlate(view: Floats, template: Floats) -> npt.NDArray[np.float32]:
    total: npt.NDArray[np.float32] = np.sum([_slide(view[..., c], template[..., c]) for c in range(3)], axis=0)
    return total


def _slide(view: Floats, template: Floats) -> npt.NDArray[np.float32]:
    read = cv2.matchTemplate(np.ascontiguousarray(view), np.ascontiguousarray(template), cv2.TM_CCORR)
    return np.asarray(read, np.float32)
