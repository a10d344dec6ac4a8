"""Separates the subject from its background: people by segmentation, anything else by colour and place.

Both end in the same refinement: a band along the outline, wider around hair and fur, solved by closed-form matting.
What the alpha is used for (colours, cropping, light) is left to others. Nothing here raises for a poor matte: an
incredible one shows in the numbers (`coverage` under 2 % or over 97 %), and the caller decides.
"""

import threading
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from samecast.ports import Face, Floats, Picture, Pixels
from samecast.vision.closed_form import solve_band
from samecast.vision.grabcut import settled, thing_likelihood
from samecast.vision.mesh import close_with, load_mediapipe, native_noise_off
from samecast.vision.parting import parted

Mask = npt.NDArray[np.bool_]

WORK_SIDE = 1024
"""Longest side at which the band is solved; larger pictures get the result enlarged along their own edges."""


class SubjectMatte:
    """`ports.Matting` from MediaPipe's selfie segmentation (people) and GrabCut (everything else)."""

    def __init__(self) -> None:
        solutions = load_mediapipe().solutions
        self._lock = threading.Lock()  # frames are cut out two at a time, and the network serves one
        with native_noise_off():
            self._segmenter = solutions.selfie_segmentation.SelfieSegmentation(model_selection=0)
            close_with(self, self._segmenter)
            self._segmenter.process(np.zeros((64, 64, 3), np.uint8))  # the network logs when it first runs

    def matte(self, picture: Picture, faces: Sequence[Face]) -> Floats:
        """Alpha, H x W float32 in 0..1, of the first (the largest) of `faces` with the person it belongs to.

        A picture's own transparency wins. Without faces: the salient thing.
        """
        if picture.alpha is not None and coverage(picture.alpha.astype(np.float32) / 255.0) < 0.995:
            return picture.alpha.astype(np.float32) / 255.0
        scale = min(1.0, WORK_SIDE / max(picture.width, picture.height))
        rgb = _resized(picture.rgb, scale)
        boxes = [_scaled(face.box, scale) for face in faces]
        likely = self._people(rgb, boxes) if boxes else self._thing(rgb)
        alpha = _refined(rgb, likely, boxes[:1])
        if scale == 1.0:
            return alpha
        return _enlarged(picture.rgb, alpha)

    def _people(self, rgb: Pixels, boxes: Sequence[tuple[float, float, float, float]]) -> Floats:
        """Probability of "person": the whole picture first, then nearer looks at the person and at each head."""
        whole = self._segment(rgb)
        x, y, w, h = (int(max(0.0, v)) for v in boxes[0])
        seen = bool((whole[y : y + h + 1, x : x + w + 1] > 0.9).mean() > 0.7)
        likely = whole
        for window in (_person_window(whole), _head_window(boxes[0], rgb.shape)):
            likely = _nearer_look(self._segment, rgb, likely, window, bounded=seen)
        return _of_these_faces(parted(rgb, settled(rgb, likely), boxes), boxes[:1])

    def _thing(self, rgb: Pixels) -> Floats:
        hint = self._segment(rgb)
        return thing_likelihood(rgb, _nearer_look(self._segment, rgb, hint, _person_window(hint)))

    def _segment(self, rgb: Pixels) -> Floats:
        """The network on a square with the picture in its middle, so that nothing is squashed.

        It stands on the square's lower edge, where people in photographs are cut, and its other borders are continued
        outward, so that a head cut at the top does not fade toward the cut.
        """
        height, width = rgb.shape[:2]
        side = round(max(height, width) * 1.08)
        top, left = side - height, (side - width) // 2
        square = cv2.copyMakeBorder(rgb, top, side - height - top, left, side - width - left, cv2.BORDER_REPLICATE)
        with self._lock:
            found = self._segmenter.process(np.ascontiguousarray(square)).segmentation_mask
        return np.asarray(found, np.float32)[top : top + height, left : left + width].copy()


def coverage(alpha: Floats) -> float:
    """The share of the picture that the subject covers, 0..1. Under 0.02 or over 0.97 a matte is not credible."""
    return float(alpha.mean())


# --- people ------------------------------------------------------------------------------------------------------


def _person_window(likely: Floats) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom around the person with a margin; None where that is nearly the whole picture."""
    ys, xs = np.nonzero(likely > 0.5)
    if len(xs) == 0:
        return None
    height, width = likely.shape
    left, right = np.percentile(xs, (0.5, 99.5))
    top, bottom = np.percentile(ys, (0.5, 99.5))
    margin = 0.12 * max(right - left, bottom - top)
    window = _clipped(left - margin, top - margin, right + margin, bottom + margin, likely.shape)
    area = (window[2] - window[0]) * (window[3] - window[1])
    return window if area < 0.75 * height * width else None


def _head_window(box: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Head with hair and shoulders: what the network was trained on, and where hair needs the finest mask."""
    x, y, w, h = box
    size = 1.6 * max(w, h)
    cx, cy = x + w / 2, y + h * 0.45
    return _clipped(cx - size, cy - size * 0.95, cx + size, cy + size * 1.05, shape)


def _clipped(left: float, top: float, right: float, bottom: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    return max(0, int(left)), max(0, int(top)), min(shape[1], int(right)), min(shape[0], int(bottom))


def _nearer_look(
    segment: Callable[[Pixels], Floats],
    rgb: Pixels,
    likely: Floats,
    window: tuple[int, int, int, int] | None,
    *,
    bounded: bool = False,
) -> Floats:
    """Blend a segmentation of `window` into `likely`; it counts less toward the window's own (inner) borders.

    `bounded`: nothing is added far from what `likely` is sure of.
    """
    if window is None:
        return likely
    left, top, right, bottom = window
    if right - left < 48 or bottom - top < 48:
        return likely
    near = segment(np.ascontiguousarray(rgb[top:bottom, left:right]))
    weight = np.zeros_like(near)
    feather = max(4, int(0.22 * min(near.shape)))
    height, width = likely.shape
    inner = (
        slice(feather if top > 0 else 0, near.shape[0] - (feather if bottom < height else 0)),
        slice(feather if left > 0 else 0, near.shape[1] - (feather if right < width else 0)),
    )
    weight[inner] = 1.0
    weight = np.asarray(cv2.blur(weight, (feather, feather), borderType=cv2.BORDER_REPLICATE), np.float32)
    out = likely.copy()
    part = out[top:bottom, left:right]
    # Near looks know the outline better; far looks know better what belongs (a held helmet): never lose what is sure.
    finer = np.where(part > 0.9, np.maximum(near, part * 0.6), near)
    if bounded and (part >= 0.9).any():
        # And what they add lies along the outline: a bystander behind the shoulder looks like a person from near, too.
        away = cv2.distanceTransform((part < 0.9).astype(np.uint8), cv2.DIST_L2, 3) / (0.05 * max(near.shape))
        finer = np.minimum(finer, np.maximum(part, np.exp(-(away**2))))
    out[top:bottom, left:right] = part + weight * (finer - part)
    return out


def _of_these_faces(likely: Floats, boxes: Sequence[tuple[float, float, float, float]]) -> Floats:
    """Keep the connected parts that hold a face (and anything large touching them); drop islands, fill pinholes."""
    solid = likely > 0.5
    count, labels = cv2.connectedComponents(solid.astype(np.uint8), connectivity=4)
    keep = np.zeros(count, bool)
    for x, y, w, h in boxes:
        patch = labels[int(max(0, y)) : int(y + h) + 1, int(max(0, x)) : int(x + w) + 1]
        if patch.size and (patch > 0).any():
            keep[np.bincount(patch[patch > 0]).argmax()] = True
    if not keep.any():
        return likely
    kept = keep[labels]
    near = cv2.dilate(kept.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    alone = np.where(near, likely, 0.0).astype(np.float32)
    return np.where(near, _filled(alone, alone, level=0.5, doubt=0.12), 0.0).astype(np.float32)


def _filled(alpha: Floats, likely: Floats, *, level: float, doubt: float) -> Floats:
    """Fill holes under 1 % of the picture inside the subject, or between it and the lower border, where the mean
    of `likely` is over `doubt`: a gap between arm and body, which the network is sure of, stays open.
    """
    empty = (alpha < level).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(empty, connectivity=4)
    height, width = alpha.shape
    hole = np.zeros(alpha.shape, np.uint8)
    for label in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[label])
        if x == 0 or y == 0 or x + w == width or area > 0.01 * height * width:
            continue
        here = labels[y : y + h, x : x + w] == label
        if likely[y : y + h, x : x + w][here].mean() > doubt:
            hole[y : y + h, x : x + w] |= here.astype(np.uint8)
    if not hole.any():
        return alpha
    soft = cv2.blur(cv2.dilate(hole, np.ones((5, 5), np.uint8)).astype(np.float32), (3, 3))
    return np.maximum(alpha, soft).astype(np.float32)


# --- refinement --------------------------------------------------------------------------------------------------


def _refined(rgb: Pixels, likely: Floats, boxes: Sequence[tuple[float, float, float, float]]) -> Floats:
    """Solve the band along the outline, then tidy: no islands, no fog, borders of the picture kept as they are."""
    side = max(rgb.shape[:2])
    thin = max(2, round(side * 0.005))
    wide = _fringe(likely.shape, boxes, thin)
    likely = np.asarray(cv2.bilateralFilter(likely, 5, 0.3, 2), np.float32)
    inside = (likely > 0.97).astype(np.uint8)
    outside = (likely < 0.08).astype(np.uint8)
    sure_in = _eroded(inside, thin, wide)
    sure_out = _eroded(outside, thin, wide)
    # Where the network was unsure, the colours decide: its doubt counts as "rather not", and pulls only faintly.
    band = ~(sure_in | sure_out)
    doubtful = np.clip((likely - 0.55) / 0.42, 0.0, 1.0)
    guess = np.where(sure_in, 1.0, np.where(sure_out, 0.0, doubtful)).astype(np.float32)
    # The solver needs complete 3 x 3 windows: a replicated border lets the outline run out of the picture straight.
    pad = 3
    solved = solve_band(
        np.asarray(cv2.copyMakeBorder(rgb, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.uint8),
        np.asarray(cv2.copyMakeBorder(guess, pad, pad, pad, pad, cv2.BORDER_REPLICATE), np.float32),
        cv2.copyMakeBorder(band.astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_REPLICATE).astype(bool),
    )[pad:-pad, pad:-pad]
    chin = max(y + h for _, y, _, h in boxes) if boxes else None
    return _tidied(_crisp(np.ascontiguousarray(solved), wide, chin), likely)


def _fringe(shape: tuple[int, ...], boxes: Sequence[tuple[float, float, float, float]], thin: int) -> Mask:
    """Where the outline may be hair: around each face, not below the chin line's sides. Without faces: everywhere."""
    if not boxes:
        return np.ones(shape[:2], bool)
    out = np.zeros(shape[:2], np.uint8)
    for x, y, w, h in boxes:
        centre = (int(x + w / 2), int(y + h * 0.35))
        cv2.ellipse(out, (centre, (int(w * 2.3), int(h * 2.3)), 0.0), 1, -1)
    return out.astype(bool)


def _eroded(mask: npt.NDArray[np.uint8], thin: int, wide: Mask) -> Mask:
    def shrink(radius: int) -> npt.NDArray[np.uint8]:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        return np.asarray(cv2.erode(mask, kernel), np.uint8)

    return np.where(wide, shrink(round(thin * 1.8) + 1), shrink(thin)).astype(bool)


def _crisp(alpha: Floats, wide: Mask, chin: float | None) -> Floats:
    """Cloth, skin and things have firm edges: a steeper alpha wherever the outline cannot (below the `chin`, need
    not) be hair.
    """
    firm = np.clip((alpha - 0.3) / 0.5, 0.0, 1.0)
    hairy = cv2.GaussianBlur(wide.astype(np.float32), (0, 0), max(1.0, 0.01 * max(alpha.shape)))
    if chin is not None:
        rows = np.arange(alpha.shape[0], dtype=np.float32)
        hairy *= (1.0 - 0.6 * np.clip((rows - chin) / (0.03 * len(rows)), 0.0, 1.0))[:, None]
    return np.asarray(hairy * alpha + (1.0 - hairy) * firm, np.float32)


def _tidied(alpha: Floats, likely: Floats) -> Floats:
    """Pull faint fog to nothing and near-solid to solid, and drop specks that hang free of the subject."""
    alpha = np.clip((alpha - 0.06) / 0.88, 0.0, 1.0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.25).astype(np.uint8), connectivity=8)
    if count > 2:
        areas = stats[1:, cv2.CC_STAT_AREA]
        small = 1 + np.flatnonzero(areas < 0.04 * areas.max())
        specks = cv2.dilate(np.isin(labels, small).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        main = (labels == 1 + int(areas.argmax())).astype(np.uint8)
        reach = 2 * round(0.02 * max(alpha.shape)) + 1
        near = cv2.dilate(main, np.ones((reach, reach), np.uint8)) > 0
        alpha = np.where(specks & ((likely < 0.8) | ~near), 0.0, alpha)
    reach = cv2.dilate((alpha > 0.25).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    clean = np.where(reach, alpha, 0.0).astype(np.float32)
    core = cv2.erode((likely > 0.5).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return np.where(core, _filled(clean, likely, level=0.9, doubt=0.3), clean).astype(np.float32)


def _enlarged(rgb: Pixels, alpha: Floats) -> Floats:
    """The solved alpha at the picture's own size, its edges following the picture's (a guided filter)."""
    size = (rgb.shape[1], rgb.shape[0])
    large = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC), np.float32)
    guide = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
    radius = max(2, round(max(size) / WORK_SIDE * 2))
    fine = guided(guide, large, radius, 1e-4)
    edge = (large > 0.02) & (large < 0.98)
    return np.clip(np.where(edge, fine, large), 0.0, 1.0).astype(np.float32)


def guided(guide: Floats, source: Floats, radius: int, epsilon: float) -> Floats:
    """He, Sun, Tang, "Guided Image Filtering" (2010), grey guide in 0..1, by box filters."""
    size = (2 * radius + 1, 2 * radius + 1)
    mean_guide, mean_source = cv2.blur(guide, size), cv2.blur(source, size)
    slope = (cv2.blur(guide * source, size) - mean_guide * mean_source) / (
        cv2.blur(guide * guide, size) - mean_guide**2 + epsilon
    )
    offset = mean_source - slope * mean_guide
    return np.asarray(cv2.blur(slope, size) * guide + cv2.blur(offset, size), np.float32)


def _resized(rgb: Pixels, scale: float) -> Pixels:
    if scale == 1.0:
        return rgb
    return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(box: tuple[float, float, float, float], scale: float) -> tuple[float, float, float, float]:
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale
