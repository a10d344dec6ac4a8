"""Closed-form alpha matting inside a band: hair and fur by the colours around them.

Levin, Lischinski, Weiss, "A Closed-Form Solution to Natural Image Matting" (2008). Only the unknown band is solved;
who belongs to the subject is decided elsewhere (`matte.py`).
"""

import cv2
import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.sparse.linalg import cg

from samecast.ports import Floats, Pixels

RADIUS = 1
WINDOW = (2 * RADIUS + 1) ** 2


def solve_band(
    rgb: Pixels, guess: Floats, band: npt.NDArray[np.bool_], *, epsilon: float = 1e-4, pull: float = 0.004
) -> Floats:
    """Alpha (H x W, 0..1): equal to `guess` outside `band`; inside, the closed-form solution.

    `pull` draws the band's pixels gently to `guess`, so that a band without a colour edge keeps a sensible answer.
    """
    if not band.any():
        return guess
    laplacian = _laplacian(rgb.astype(np.float64) / 255.0, band, epsilon)
    weight = np.where(band.ravel(), pull, 100.0)
    inside = np.flatnonzero(cv2.dilate(band.astype(np.uint8), np.ones((5, 5), np.uint8)).ravel())
    system = (laplacian + sparse.diags(weight)).tocsr()[inside][:, inside]
    start = guess.ravel()[inside].astype(np.float64)
    right = weight[inside] * start
    jacobi = sparse.diags(1.0 / system.diagonal())
    solved, _ = cg(system, right, x0=start, rtol=1e-5, maxiter=400, M=jacobi)
    alpha = guess.ravel().copy()
    alpha[inside] = np.clip(solved, 0.0, 1.0).astype(np.float32)
    return np.where(band, alpha.reshape(guess.shape), guess).astype(np.float32)


def _laplacian(rgb: npt.NDArray[np.float64], band: npt.NDArray[np.bool_], epsilon: float) -> sparse.csr_matrix:
    """The matting Laplacian over every 3 x 3 window that touches the band."""
    height, width = band.shape
    touched = cv2.dilate(band.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    touched[[0, -1], :] = False
    touched[:, [0, -1]] = False
    centres = np.flatnonzero(touched.ravel())
    steps = np.array([dy * width + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)])
    places = centres[:, None] + steps[None, :]
    colours = rgb.reshape(-1, 3)[places]
    mean = colours.mean(axis=1, keepdims=True)
    spread = colours - mean
    covariance = np.einsum("nki,nkj->nij", spread, spread) / WINDOW
    inverse = np.linalg.inv(covariance + epsilon / WINDOW * np.eye(3))
    affinity = (1.0 + np.einsum("nki,nij,nlj->nkl", spread, inverse, spread)) / WINDOW
    values = np.eye(WINDOW)[None] - affinity
    rows = np.repeat(places, WINDOW, axis=1).ravel()
    columns = np.tile(places, (1, WINDOW)).ravel()
    size = height * width
    return sparse.coo_matrix((values.ravel(), (rows, columns)), shape=(size, size)).tocsr()
