"""Closed-form alpha matting inside a band: hair and fur by the colours around them.

Levin, Lischinski, Weiss, "A Closed-Form Solution to Natural Image Matting" (2008). Only the unknown band is solved;
who belongs to the subject is decided elsewhere (`matte.py`).
"""

import cv2
import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

from samecast.ports import Floats, Pixels

RADIUS = 1
WINDOW = (2 * RADIUS + 1) ** 2
STEPS = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
REACH = 25
"""A pixel shares a window with 25: itself and two all round."""


def solve_band(
    rgb: Pixels, guess: Floats, band: npt.NDArray[np.bool_], *, epsilon: float = 1e-4, pull: float = 0.004
) -> Floats:
    """Alpha (H x W, 0..1): equal to `guess` outside `band`; inside, the closed-form solution.

    `pull` draws the band's pixels gently to `guess`, so that a band without a colour edge keeps a sensible answer.
    """
    if not band.any():
        return guess
    touched = cv2.dilate(band.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    touched[[0, -1], :] = False
    touched[:, [0, -1]] = False
    inside = np.flatnonzero(cv2.dilate(band.astype(np.uint8), np.ones((5, 5), np.uint8)).ravel())
    laplacian = _laplacian(rgb, np.flatnonzero(touched.ravel()), inside, epsilon)
    weight = np.where(band.ravel()[inside], pull, 100.0)
    start = guess.ravel()[inside].astype(np.float64)
    solved = _descend(laplacian + sparse.diags(weight, format="csr"), weight * start, start)
    alpha = guess.ravel().copy()
    alpha[inside] = np.clip(solved, 0.0, 1.0).astype(np.float32)
    return np.where(band, alpha.reshape(guess.shape), guess).astype(np.float32)


def _descend(
    system: sparse.csr_matrix, right: npt.NDArray[np.float64], start: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Conjugate gradients, each unknown scaled by its diagonal. Sums run in one order: the same bits every time."""
    scale = 1.0 / system.diagonal()
    found, residual = start.copy(), right - system @ start
    enough = 1e-5 * float(np.sqrt((right * right).sum()))
    step = scale * residual
    slope = float((residual * step).sum())
    for _ in range(400):
        if float(np.sqrt((residual * residual).sum())) <= enough:
            break
        ahead = system @ step
        length = slope / float((step * ahead).sum())
        found += length * step
        residual -= length * ahead
        scaled = scale * residual
        before, slope = slope, float((residual * scaled).sum())
        step = scaled + (slope / before) * step
    return found


def _laplacian(
    rgb: Pixels, centres: npt.NDArray[np.intp], inside: npt.NDArray[np.intp], epsilon: float
) -> sparse.csr_matrix:
    """The matting Laplacian over the 3 x 3 windows round `centres`, for the pixels `inside` alone (flat indices).

    Every row has the same 25 places, so the matrix is laid out at once, without sorting.
    """
    width = rgb.shape[1]
    steps = np.array([dy * width + dx for dy, dx in STEPS])
    places = centres[:, None] + steps[None, :]
    colours = rgb.reshape(-1, 3)[places].astype(np.float64) / 255.0
    spread = colours - colours.mean(axis=1, keepdims=True)
    covariance = spread.transpose(0, 2, 1) @ spread / WINDOW
    covariance += epsilon / WINDOW * np.eye(3)
    affinity = (1.0 + spread @ np.linalg.inv(covariance) @ spread.transpose(0, 2, 1)) / WINDOW
    number = np.full(rgb.shape[0] * width, -1, np.int32)
    number[inside] = np.arange(len(inside), dtype=np.int32)
    rows = number[places]
    values = np.zeros((len(inside), REACH))
    for k, (dy, dx) in enumerate(STEPS):
        for other, (ey, ex) in enumerate(STEPS):
            there = (ey - dy + 2) * 5 + ex - dx + 2
            values[rows[:, k], there] += (1.0 if k == other else 0.0) - affinity[:, k, other]
    offsets = np.array([dy * width + dx for dy in range(-2, 3) for dx in range(-2, 3)])
    columns = number[np.clip(inside[:, None] + offsets[None, :], 0, len(number) - 1)]
    # What is no unknown is in no window with one: its value is 0, so any column will do.
    np.copyto(columns, 0, where=columns < 0)
    ends = np.arange(len(inside) + 1, dtype=np.int32) * REACH
    shape = (len(inside), len(inside))
    return sparse.csr_matrix((values.ravel(), columns.ravel(), ends), shape=shape)
