"""Where is the thing? A likelihood for subjects that are not people: animals, toys, cartoons, objects.

Colours along the picture's border are background unless the middle is made of them too; GrabCut (Rother, Kolmogorov,
Blake, 2004) draws the line. Soft edges are left to `matte.py`.
"""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from samecast.ports import Floats, Pixels

SIDE = 360
"""Longest side at which colours decide; edges are refined later at full size."""

Number = TypeVar("Number", np.uint8, np.float32)


def thing_likelihood(rgb: Pixels, hint: Floats) -> Floats:
    """Probability of "subject", H x W float32 in 0..1, of a picture without human faces.

    `hint` is what a network trained on people answers: on animals and toys it is often right, and at times silent.
    """
    small, near = _reduced(rgb), _reduced(hint)
    prior = salience(small)
    sure = near > 0.9
    if 0.015 < sure.mean() < 0.95 and not plain_backdrop(small):
        likely = near * (0.45 + 0.55 * prior)
        mask = np.where(likely > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        away = cv2.distanceTransform((~sure).astype(np.uint8), cv2.DIST_L2, 3)
        mask[(near < 0.08) & (away > 0.12 * max(near.shape))] = cv2.GC_BGD
        mask[cv2.erode(sure.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] = cv2.GC_FGD
    else:
        mask = _mask_from(prior)
    cut = _largest(_grabcut(small, mask))
    return _soft(cut, rgb.shape)


def settled(rgb: Pixels, likely: Floats) -> Floats:
    """Take away, by colour, what a segmentation was unsure of; what it was sure of stays. Nothing is ever added."""
    small, near = _reduced(rgb), _reduced(likely)
    mask = np.where(near > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[near > 0.93] = cv2.GC_FGD
    mask[near < 0.07] = cv2.GC_BGD
    if not (mask == cv2.GC_FGD).any() or not (mask == cv2.GC_BGD).any():
        return likely
    cut = _soft(_grabcut(small, mask), rgb.shape)
    unsure = (likely > 0.07) & (likely < 0.93)
    return np.where(unsure, likely * (0.25 + 0.75 * cut), likely).astype(np.float32)


def _reduced(image: npt.NDArray[Number]) -> npt.NDArray[Number]:
    scale = min(1.0, SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return small.astype(image.dtype)


def _soft(cut: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> Floats:
    soft = cv2.GaussianBlur(cut.astype(np.float32), (0, 0), 0.8)
    large = cv2.resize(soft, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0.0, 1.0).astype(np.float32)


def salience(rgb: Pixels) -> Floats:
    """How unlike the border's colours and how central each pixel is, 0..1."""
    lab = np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB), np.float32)
    height, width = lab.shape[:2]
    rim = max(3, round(0.04 * max(height, width)))
    frame = np.zeros((height, width), bool)
    frame[:rim], frame[:, :rim], frame[:, -rim:] = True, True, True
    frame[-rim // 2 :] = True
    centres, spreads, weights = _palette(lab[frame])
    gap = lab.reshape(-1, 1, 3) - centres[None]
    near = (gap**2 / spreads[None]).sum(axis=2) - 2.0 * np.log(weights[None] + 0.02)
    unlike = np.sqrt(np.maximum(near.min(axis=1), 0.0)).reshape(height, width)
    unlike = unlike / (np.percentile(unlike, 97) + 1e-6)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((xs / width - 0.5) / 0.36) ** 2 + ((ys / height - 0.53) / 0.4) ** 2
    central = np.exp(-0.5 * away)
    score = cv2.GaussianBlur((np.clip(unlike, 0, 1) * (0.25 + 0.75 * central)).astype(np.float32), (0, 0), 3)
    return np.asarray(np.clip(score / (np.percentile(score, 98) + 1e-6), 0.0, 1.0), np.float32)


def plain_backdrop(rgb: Pixels) -> bool:
    """True where nearly all of the top, left and right border has one colour: a studio, a drawing on white."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    rim = max(2, round(0.02 * max(rgb.shape[:2])))
    border = np.concatenate([part.reshape(-1, 3) for part in (lab[:rim], lab[:, :rim], lab[:, -rim:])])
    gap = np.linalg.norm(border - np.median(border, axis=0), axis=1)
    return bool((gap < 9.0).mean() > 0.93)


def _palette(colours: Floats) -> tuple[Floats, Floats, Floats]:
    """Up to five clusters of the border's colours: centres, variances, shares. Deterministic."""
    count = 5
    sample = np.ascontiguousarray(colours[:: max(1, len(colours) // 4000)], np.float32)
    order = np.argsort(sample[:, 0], kind="stable")
    labels = np.zeros((len(sample), 1), np.int32)
    labels[order, 0] = np.arange(len(sample)) * count // len(sample)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, found, centres = cv2.kmeans(sample, count, labels, criteria, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    spreads = np.full((count, 3), 40.0, np.float32)
    weights = np.zeros(count, np.float32)
    for index in range(count):
        part = sample[found[:, 0] == index]
        weights[index] = len(part) / len(sample)
        if len(part) > 8:
            spreads[index] = part.var(axis=0) + 25.0
    return np.asarray(centres, np.float32), spreads, weights


def _mask_from(prior: Floats) -> Pixels:
    """GrabCut's first guess from salience alone; a subject cut by the border leaves that stretch open."""
    height, width = prior.shape
    mask = np.where(prior > 0.35, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[prior > 0.85] = cv2.GC_FGD
    rim = max(2, round(0.015 * max(height, width)))
    for edge in _edges(height, width, rim):
        strip = mask[edge]
        strip[prior[edge] < 0.45] = cv2.GC_BGD
        mask[edge] = strip
    return mask


def _grabcut(rgb: Pixels, mask: Pixels) -> npt.NDArray[np.bool_]:
    inside = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    if not inside.any() or inside.all():
        return np.asarray(inside)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    decided = mask.copy()
    cv2.grabCut(np.ascontiguousarray(rgb[..., ::-1]), decided, (0, 0, 1, 1), *models, 5, cv2.GC_INIT_WITH_MASK)
    return np.asarray((decided == cv2.GC_FGD) | (decided == cv2.GC_PR_FGD))


def _edges(height: int, width: int, rim: int) -> tuple[tuple[slice, slice], ...]:
    every = slice(None)
    return (
        (slice(0, rim), every),
        (slice(height - rim, height), every),
        (every, slice(0, rim)),
        (every, slice(width - rim, width)),
    )


def _largest(cut: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The main part and what is large enough beside it; threads removed, holes under 1 % filled."""
    opened = cv2.morphologyEx(cut.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    if count < 2:
        return cut
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.isin(labels, 1 + np.flatnonzero(areas >= 0.25 * areas.max()))
    holes, marks, sizes, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    for index in range(1, holes):
        if sizes[index, cv2.CC_STAT_AREA] < 0.01 * cut.size:
            kept |= marks == index
    return np.asarray(kept)
