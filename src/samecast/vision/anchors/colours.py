"""Anchors that are a colour: piping, clothes, jewellery, hair, eyes. The share of it in a box that follows the face.

What is learned is the colour that sets the marked place apart from what lies around it; what is told is how much of it
is there again, on its own side and on the other one. A scene's light is allowed for by the skin: its change from the
reference to the take is divided out (von Kries, per linear channel). Colours are compared by CIEDE2000 with kL = 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from samecast.core.consistency import AnchorKind, AnchorVerdict
from samecast.ports import AnchorSight, Face, Floats, Picture, Pixels
from samecast.vision.anchors.limits import ColourLimits, colour_limits
from samecast.vision.readings import CHEEKS

Box: TypeAlias = tuple[float, float, float, float]
_SIDE = 150
"""Pixels a side at which a box is read: thin lines must survive, so pixels are dropped, never averaged."""
_CLUSTERS = 5
_OUTER_EYES = (33, 263)

Lab: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A box that follows a face: left, top, right, bottom from between the eyes, in units of the eyes' distance.

    x runs to the viewer's right. `turns`: it turns with the head (hair, ears, eyes); what is worn does not.
    """

    box: Box
    turns: bool

    def on(self, face: Face, *, mirrored: bool = False) -> Box:
        """The box in a picture's pixels (upright, around the turned one)."""
        origin, unit, roll = _frame(face)
        left, top, right, bottom = self.box
        if mirrored:
            left, right = -right, -left
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) * unit
        if self.turns:
            cos, sin = np.cos(roll), np.sin(roll)
            middle = corners.mean(axis=0)
            corners = corners - middle + np.array([[cos, -sin], [sin, cos]]) @ middle
        low, high = corners.min(axis=0) + origin, corners.max(axis=0) + origin
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourPrint:
    """A colour on the reference: CIE Lab, its share of the tracked box (`own`) and of the mirrored one.

    `skin`: the reference's, linear RGB, None without a face; `whole`: the colour's share of the whole picture.
    """

    box: Box
    lab: Floats
    track: Track | None
    own: float
    mirrored: float
    whole: float
    skin: Floats | None
    sided: bool

    @property
    def kind(self) -> AnchorKind:
        return "colour"


def learn_colour(picture: Picture, face: Face | None, box: Box, named: Floats | None) -> ColourPrint | str:
    """The colour of a box on the reference. `named`: Lab of colours its words name (N x 3), which it should be near."""
    limits = colour_limits()
    subject = picture.alpha > 127 if picture.alpha is not None else None
    pixels = _read(picture.rgb, box, subject)
    if len(pixels) < 12:
        return "The marked place on the reference has too few pixels to learn its colour from."
    around = _read(picture.rgb, _grown(box, 1.0, 0.0), subject, without=box)
    lab = _distinct(_lab(pixels), _lab(around), named, limits.limit)
    track = _track(face, box, limits) if face is not None else None
    if face is None or track is None:
        whole = _share(picture.rgb, None, subject, lab, None)
        return ColourPrint(box=box, lab=lab, track=None, own=0.0, mirrored=0.0, whole=whole, skin=None, sided=False)
    own = _share(picture.rgb, track.on(face), subject, lab, None)
    other = _share(picture.rgb, track.on(face, mirrored=True), subject, lab, None)
    left, _, right, _ = track.box
    apart = left > 0 or right < 0 or abs(left + right) > 0.5 * (right - left)
    return ColourPrint(
        box=box,
        lab=lab,
        track=track,
        own=own,
        mirrored=other,
        whole=_share(picture.rgb, None, subject, lab, None),
        skin=skin_of(picture.rgb, face),
        sided=apart and own >= limits.sided * other,
    )


def look_for_colour(wanted: ColourPrint, rgb: Pixels, face: Face | None, alpha: Floats | None) -> AnchorSight:
    """One look for it; `alpha` limits the look to the subject."""
    limits = colour_limits()
    subject = alpha > 0.5 if alpha is not None else None
    if wanted.track is None or face is None:
        return _over_all(wanted, rgb, subject, limits)
    own, other = wanted.track.on(face), wanted.track.on(face, mirrored=True)
    if _shown(own, rgb) < 0.5:
        return AnchorSight(verdict="not_assessable", reason="Its place lies outside the picture.")
    gains = _gains(wanted, rgb, face)
    cast = float(gains.max() / gains.min()) if gains is not None else 1.0
    here = _share(rgb, own, subject, wanted.lab, gains) / max(wanted.own, 1e-6)
    there = _share(rgb, other, subject, wanted.lab, gains) / max(wanted.own, 1e-6)
    sided = wanted.sided and _shown(other, rgb) >= 0.5
    allowed = " (the light on the face was allowed for)" if cast > 1.15 else ""
    return _judged(here, there, (own, other if sided else None), allowed, gains is not None and cast <= limits.cast)


def _judged(here: float, there: float, boxes: tuple[Box, Box | None], allowed: str, trusted: bool) -> AnchorSight:
    limits = colour_limits()
    own, other = boxes
    strength = min(1.0, here)
    verdict: AnchorVerdict
    told = f"{100 * min(here, 9.99):.0f} % of the reference's share of the colour"
    if other is not None and there >= limits.ratio and there > 2 * here:
        verdict, reason = "moved", f"The colour is on the other side{allowed}."
    elif here >= limits.ratio:
        verdict, reason = "held", f"Its place shows {told}{allowed}."
    elif not trusted:
        reason = "The scene's light is too dark or too coloured to tell the colour."
        return AnchorSight(verdict="not_assessable", reason=reason, own=own)
    else:
        verdict, reason = "lost", f"Its place shows {told}{allowed}."
    return AnchorSight(verdict=verdict, reason=reason, strength=strength, own=own, mirrored=other)


def _over_all(
    wanted: ColourPrint, rgb: Pixels, subject: npt.NDArray[np.bool_] | None, limits: ColourLimits
) -> AnchorSight:
    """Without a face there is no place to look at and no skin to know the light by: presence may be told, not loss."""
    share = _share(rgb, None, subject, wanted.lab, None) / max(wanted.whole, 1e-6)
    where = "the subject" if subject is not None else "the picture"
    if share >= limits.ratio:
        reason = f"The colour is there somewhere on {where}; without a face its place cannot be told."
        return AnchorSight(verdict="held", reason=reason, strength=min(1.0, share))
    reason = f"Too little of the colour is on {where}; without a face neither its place nor the light can be told."
    if wanted.track is None and subject is not None:
        return AnchorSight(verdict="lost", reason=f"The colour is not on {where}.", strength=min(1.0, share))
    return AnchorSight(verdict="not_assessable", reason=reason)


# --- where ------------------------------------------------------------------------------------------------------


def _frame(face: Face) -> tuple[Floats, float, float]:
    """Between the eyes; their distance in space, so that turning the head does not shrink it; roll in radians."""
    start, end = (face.landmarks[i].astype(np.float64) for i in _OUTER_EYES)
    unit = max(float(np.linalg.norm(end - start)), 1e-6)
    return np.asarray((start[:2] + end[:2]) / 2, np.float32), unit, float(np.radians(face.pose.roll))


def _track(face: Face, box: Box, limits: ColourLimits) -> Track:
    origin, unit, roll = _frame(face)
    middle = (np.array([box[0] + box[2], box[1] + box[3]]) / 2 - origin) / unit
    half = np.array([box[2] - box[0], box[3] - box[1]]) / (2 * unit)
    turns = bool(middle[1] < 1.2)
    if turns:
        cos, sin = np.cos(-roll), np.sin(-roll)
        middle = np.array([[cos, -sin], [sin, cos]]) @ middle
    small = float(half.max()) < 0.25 and turns
    half = half * (1 + limits.grow) + (0.3 if small else 1.0) * limits.margin
    low, high = middle - half, middle + half
    return Track(box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])), turns=turns)


def _grown(box: Box, share: float, pixels: float) -> Box:
    wide, high = (box[2] - box[0]) * share + pixels, (box[3] - box[1]) * share + pixels
    return box[0] - wide, box[1] - high, box[2] + wide, box[3] + high


def _shown(box: Box, rgb: Pixels) -> float:
    """The share of a box that lies in the picture."""
    wide = min(box[2], rgb.shape[1]) - max(box[0], 0.0)
    high = min(box[3], rgb.shape[0]) - max(box[1], 0.0)
    whole = max((box[2] - box[0]) * (box[3] - box[1]), 1e-6)
    return float(max(0.0, wide) * max(0.0, high) / whole)


# --- how much ---------------------------------------------------------------------------------------------------


def _read(rgb: Pixels, box: Box | None, subject: npt.NDArray[np.bool_] | None, without: Box | None = None) -> Pixels:
    """N x 3: every few pixels of a box (None: the whole picture), on the subject, and not in the box `without`."""
    left, top, right, bottom = box if box is not None else (0, 0, rgb.shape[1], rgb.shape[0])
    x0, x1 = max(0, round(left)), min(rgb.shape[1], max(round(right), round(left) + 1))
    y0, y1 = max(0, round(top)), min(rgb.shape[0], max(round(bottom), round(top) + 1))
    if x1 <= x0 or y1 <= y0:
        return np.zeros((0, 3), np.uint8)
    step = max(1, -(-max(x1 - x0, y1 - y0) // _SIDE))
    view = rgb[y0:y1:step, x0:x1:step]
    keep = np.ones(view.shape[:2], bool) if subject is None else subject[y0:y1:step, x0:x1:step].copy()
    if without is not None:
        ys, xs = np.mgrid[y0:y1:step, x0:x1:step]
        keep &= ~((xs >= without[0]) & (xs <= without[2]) & (ys >= without[1]) & (ys <= without[3]))
    return np.ascontiguousarray(view[keep])


def _share(
    rgb: Pixels, box: Box | None, subject: npt.NDArray[np.bool_] | None, lab: Floats, gains: Floats | None
) -> float:
    """The share of a box's pixels within the limit of a colour, after dividing the light's gains out."""
    pixels = _read(rgb, box, subject)
    if len(pixels) < 12:
        return 0.0
    seen = _lab(pixels if gains is None else _without_light(pixels, gains))
    near = np.abs(seen - lab).max(axis=1) < 60
    if not near.any():
        return 0.0
    return float((ciede2000(seen[near], lab[None], lightness=2.0) <= colour_limits().limit).sum()) / len(pixels)


def _distinct(inside: Floats, around: Floats, named: Floats | None, limit: float) -> Floats:
    """Of the colours in a place the one that sets it apart from what lies around, or the one nearest to its name."""
    cv2.setRNGSeed(7)
    count = min(_CLUSTERS, len(inside))
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, labels, centres = cv2.kmeans(inside, count, None, criteria, 2, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    shares = np.bincount(labels.ravel(), minlength=count) / len(inside)
    worth = []
    for share, centre in zip(shares, centres, strict=True):
        within = float((ciede2000(inside, centre[None], lightness=2.0) <= limit).mean())
        beyond = float((ciede2000(around, centre[None], lightness=2.0) <= limit).mean()) if len(around) else 0.0
        value = np.sqrt(within) * within / (within + beyond + 0.02) if share > 0.03 else 0.0
        if named is not None:
            near = float(ciede2000(named, centre[None], lightness=2.0).min())
            value *= 1.0 / (1.0 + np.exp((near - 25.0) / 4.0)) + 0.02
        worth.append(value)
    best = np.asarray(centres[int(np.argmax(worth))], np.float32)
    close = inside[ciede2000(inside, best[None], lightness=2.0) <= limit]
    return np.asarray(np.median(close, axis=0) if len(close) else best, np.float32)


# --- colour -----------------------------------------------------------------------------------------------------


def skin_of(rgb: Pixels, face: Face) -> Floats | None:
    """The median colour of the cheeks, linear RGB in 0..1; None where they cannot be read."""
    mask = np.zeros(rgb.shape[:2], np.uint8)
    for cheek in CHEEKS:
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(face.landmarks[list(cheek), :2]).astype(np.int32)), 1)
    pixels = rgb[mask > 0]
    if len(pixels) < 20:
        return None
    return np.asarray(_linear(np.median(pixels, axis=0).astype(np.float32)), np.float32)


def _gains(wanted: ColourPrint, rgb: Pixels, face: Face) -> Floats | None:
    """How the light on the skin changed from the reference to here, per linear channel; None where it is too dark."""
    seen = skin_of(rgb, face)
    if seen is None or wanted.skin is None or float(seen.min()) < 0.003 or float(wanted.skin.min()) < 0.003:
        return None
    return np.asarray(seen / wanted.skin, np.float32)


def _linear(rgb: Floats) -> Floats:
    level = rgb / 255
    return np.asarray(np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4), np.float32)


def _without_light(pixels: Pixels, gains: Floats) -> Pixels:
    level = np.clip(_linear(pixels.astype(np.float32)) / gains, 0, 1)
    coded = np.where(level <= 0.0031308, 12.92 * level, 1.055 * level ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(coded * 255), np.uint8)


def _lab(pixels: Pixels) -> Floats:
    """N x 3 sRGB bytes to CIE Lab (D65)."""
    if not len(pixels):
        return np.zeros((0, 3), np.float32)
    return np.asarray(cv2.cvtColor(pixels[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0], np.float32)


def named_colours(table: Mapping[str, tuple[int, int, int]], names: list[str]) -> Floats | None:
    """CIE Lab of those names that the table knows, N x 3; None where it knows none."""
    known = [table[name] for name in names if name in table]
    return _lab(np.array(known, np.uint8)) if known else None


def ciede2000(a: Lab, b: Lab, *, lightness: float = 1.0) -> Floats:
    """CIEDE2000 colour differences of two N x 3 (or broadcasting) arrays of CIE Lab; `lightness` is kL.

    After G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 color-difference formula (2005), whose test pairs it meets.
    """
    one, two = np.asarray(a, np.float64), np.asarray(b, np.float64)
    chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(two[..., 1], two[..., 2])) / 2
    grey = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    c1, c2 = np.hypot(one[..., 1] * grey, one[..., 2]), np.hypot(two[..., 1] * grey, two[..., 2])
    h1 = np.degrees(np.arctan2(one[..., 2], one[..., 1] * grey)) % 360
    h2 = np.degrees(np.arctan2(two[..., 2], two[..., 1] * grey)) % 360
    coloured = c1 * c2 > 0
    turn = np.where(coloured, (h2 - h1 + 180) % 360 - 180, 0.0)
    turn = np.where(coloured & (h2 - h1 == 180), 180.0, turn)
    mean_l, mean_c = (one[..., 0] + two[..., 0]) / 2, (c1 + c2) / 2
    wide = np.abs(h1 - h2) > 180
    mean_h = np.where(wide, (h1 + h2 + np.where(h1 + h2 < 360, 360, -360)) / 2, (h1 + h2) / 2)
    mean_h = np.where(coloured, mean_h, h1 + h2)
    t = 1 - 0.17 * _cos(mean_h - 30) + 0.24 * _cos(2 * mean_h) + 0.32 * _cos(3 * mean_h + 6)
    t -= 0.20 * _cos(4 * mean_h - 63)
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    bend = 60 * np.exp(-(((mean_h - 275) / 25) ** 2))
    r_t = -np.sin(np.radians(bend)) * 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    d_l = (two[..., 0] - one[..., 0]) / (lightness * s_l)
    d_c = (c2 - c1) / s_c
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / s_h
    return np.asarray(np.sqrt(np.maximum(d_l**2 + d_c**2 + d_h**2 + r_t * d_c * d_h, 0)), np.float32)


def _cos(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.cos(np.radians(degrees))
