"""`PixelCopies`: whether a take holds the reference's own pixels again. A `ports.CopyReader`.

Two photographs of one face agree in its features and differ in what is finer: how light falls into each fold, where
each hair lies. The same photograph agrees there too, after any grade, warp or mirroring. So a face is carried onto the
reference's by its mesh, both are split into bands of detail, and small patches are compared (normalised cross
correlation, which cancels light). Without a face, points of interest align the pictures first. What the figures mean is
fitted in `calibrations/copies.toml`; what a copy means for a verdict is left to others.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from samecast.ports import Face, Floats, Picture, Pixels
from samecast.vision.anchors.atlas import atlas
from samecast.vision.crops import Pyramid, Square, square_around_mesh
from samecast.vision.readings import eye_distance

_SIDE = 160
"""Pixels of the frame in which faces are compared; the mesh fills nine tenths of it."""
_GROW = 1.12
_POINTS = 468
_SIGMAS = (1.0, 2.0, 4.0, 8.0)
"""Bands of detail lie between Gaussian blurs of these many pixels."""
_PATCH, _SLACK, _STEP = 28, 4, 16
"""Pixels of a patch, how far it may lie beside its place (the mesh is that uncertain), and from one to the next."""
_WHOLE_SIDE = 256
"""Longest side at which whole pictures are compared, and below, at which their points of interest are sought."""
_POINT_SIDE = 320
_NEAR_BITS = 64
"""Descriptors (256 bits) further apart are no match."""

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Way = Literal["face", "whole"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What one look measured, and which way it was done; `values` in the order of the calibration's `weights`."""

    way: Way
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPrint:
    """What is kept of a reference: its face ready to be compared, its whole picture, or both."""

    face: "_FacePrint | None"
    whole: "_WholePrint | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class _FacePrint:
    """`bands` inside the mesh; for each pixel there the triangle's `corners` (N x 3) and their `shares` (N x 3)."""

    bands: tuple[Floats, ...]
    inside: Mask
    corners: npt.NDArray[np.int32]
    shares: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Points:
    """Points of interest, N x 2 in pixels of a picture `longest` pixels long, and their descriptors, N x 32."""

    places: Floats
    bits: Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class _WholePrint:
    """The picture and its mirror image, each with its bands of detail and points; `size` is width, height."""

    size: tuple[int, int]
    sides: tuple[tuple[tuple[Floats, ...], _Points], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A logistic over `Signs`: P(copy) = 1 / (1 + exp(-(constant + sum of weights times values)))."""

    constant: float
    weights: tuple[float, ...]

    def probability(self, values: tuple[float, ...]) -> float:
        logit = self.constant + sum(w * v for w, v in zip(self.weights, values, strict=True))
        return float(1 / (1 + np.exp(-np.clip(logit, -60, 60))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Below these nothing can be told: pixels between the eyes, fine over coarse detail, points of interest.

    `copy`: the probability from which a take is called a copy.
    """

    eye_distance: float
    detail: float
    points: int
    copy: float


class PixelCopies:
    """Looks for a reference's own pixels in other pictures. No state: safe to share between threads."""

    @property
    def limit(self) -> float:
        """The probability from which a take is called a copy."""
        return limits().copy

    def learn(self, picture: Picture, face: Face | None) -> CopyPrint:
        """What is compared later. A small face, or a picture without detail, leaves only the other way, or none."""
        usable = face is not None and eye_distance(face) >= limits().eye_distance
        return CopyPrint(
            face=_face_print(picture.rgb, face) if face is not None and usable else None,
            whole=_whole_print(_visible(picture)),
        )

    def copied(self, reference: object, rgb: Pixels, face: Face | None) -> float | None:
        """Calibrated probability that `rgb` holds the reference's own pixels; None where it cannot be told.

        `face` is the character's own in `rgb`, where it has one. `reference` is what `learn` gave; anything else is a
        `TypeError`.
        """
        if not isinstance(reference, CopyPrint):
            raise TypeError(f"not a print made by learn: {type(reference).__name__}")
        signs = self.signs(reference, rgb, face)
        return None if signs is None else calibration(signs.way).probability(signs.values)

    def signs(self, reference: CopyPrint, rgb: Pixels, face: Face | None) -> Signs | None:
        """The measurements behind `copied`: by the face where both have a usable one, else by the whole picture."""
        if reference.face is not None and face is not None:
            return _face_signs(reference.face, rgb, face) if eye_distance(face) >= limits().eye_distance else None
        return _whole_signs(reference.whole, rgb) if reference.whole is not None else None


@cache
def _tree() -> dict[str, dict[str, object]]:
    text = resources.files("samecast.vision").joinpath("calibrations/copies.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def calibration(way: Way) -> Calibration:
    """The fitted logistic for this way of looking."""
    entry = _tree()[way]
    weights = entry["weights"]
    assert isinstance(weights, list)
    return Calibration(constant=float(str(entry["constant"])), weights=tuple(float(weight) for weight in weights))


@cache
def limits() -> Limits:
    """The limits of what can be told, from the file that says how they were found."""
    entry = _tree()["limits"]
    return Limits(
        eye_distance=float(str(entry["eye_distance"])),
        detail=float(str(entry["detail"])),
        points=int(str(entry["points"])),
        copy=float(str(entry["copy"])),
    )


# --- faces --------------------------------------------------------------------------------------------------------


def _face_print(rgb: Pixels, face: Face) -> _FacePrint:
    square = square_around_mesh(face.landmarks, grow=_GROW)
    mesh = Delaunay(_on(square, face))
    ys, xs = np.mgrid[0:_SIDE, 0:_SIDE]
    places = np.column_stack([xs.ravel(), ys.ravel()]).astype(np.float64)
    found = mesh.find_simplex(places)
    inside = found >= 0
    affine = mesh.transform[found[inside]]
    shares = np.einsum("nij,nj->ni", affine[:, :2], places[inside] - affine[:, 2])
    return _FacePrint(
        bands=_bands(Pyramid(rgb).crop(square, _SIDE)),
        inside=inside.reshape(_SIDE, _SIDE),
        corners=np.asarray(mesh.simplices[found[inside]], np.int32),
        shares=np.column_stack([shares, 1 - shares.sum(axis=1)]).astype(np.float32),
    )


def _face_signs(reference: _FacePrint, rgb: Pixels, face: Face) -> Signs | None:
    square = square_around_mesh(face.landmarks, grow=_GROW)
    crop = Pyramid(rgb).crop(square, _SIDE)
    points = _on(square, face).astype(np.float32)
    flipped = points[atlas().mirror]
    flipped[:, 0] = _SIDE - 1 - flipped[:, 0]
    ways = [
        _bands(_carried(reference, crop, points)),
        _bands(_carried(reference, np.ascontiguousarray(crop[:, ::-1]), flipped)),
    ]
    if _detail(ways[0], reference.inside) < limits().detail:
        return None
    found = [list(_matches(reference.bands, way, reference.inside)) for way in ways]
    if len(found[0]) < 6:
        return None
    return Signs(way="face", values=max((_spread(matches) for matches in found), key=sum))


def _on(square: Square, face: Face) -> Doubles:
    matrix = square.matrix(_SIDE)
    return np.asarray(face.landmarks[:_POINTS, :2] @ matrix[:, :2].T + matrix[:, 2], np.float64)


def _carried(reference: _FacePrint, crop: Pixels, points: Floats) -> Pixels:
    """The crop's face on the reference's mesh, triangle by triangle; black outside it."""
    source = np.full((_SIDE, _SIDE, 2), -9, np.float32)
    source[reference.inside] = np.einsum("ni,nij->nj", reference.shares, points[reference.corners])
    return np.asarray(cv2.remap(crop, source[..., 0].copy(), source[..., 1].copy(), cv2.INTER_LINEAR), np.uint8)


def _detail(bands: tuple[Floats, ...], inside: Mask) -> float:
    """How much of a face is fine: the middle band's deviation over the coarsest one's, well inside the mesh."""
    core = cv2.erode(inside.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0
    return float(bands[1][core].std() / max(float(bands[2][core].std()), 1e-4))


# --- bands and patches --------------------------------------------------------------------------------------------


def _bands(rgb: Pixels) -> tuple[Floats, ...]:
    """Logarithm of luminance (light becomes an offset), split by blurs of `_SIGMAS`, the finest band first."""
    light = np.log(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) + 12)
    levels = [cv2.GaussianBlur(light, (0, 0), sigma) for sigma in _SIGMAS]
    return tuple(np.asarray(levels[i] - levels[i + 1], np.float32) for i in range(len(levels) - 1))


def _matches(reference: tuple[Floats, ...], take: tuple[Floats, ...], where: Mask) -> Iterator[Floats]:
    """For each patch the correlation in every band, at the one shift where their sum is highest."""
    height, width = where.shape
    for top in range(_SLACK, height - _PATCH - _SLACK + 1, _STEP):
        for left in range(_SLACK, width - _PATCH - _SLACK + 1, _STEP):
            patch = (slice(top, top + _PATCH), slice(left, left + _PATCH))
            if where[patch].mean() < 0.97 or float(reference[1][patch].std()) < 0.004:
                continue
            around = (slice(top - _SLACK, top + _PATCH + _SLACK), slice(left - _SLACK, left + _PATCH + _SLACK))
            tables = [
                cv2.matchTemplate(np.ascontiguousarray(a[around]), np.ascontiguousarray(b[patch]), cv2.TM_CCOEFF_NORMED)
                for a, b in zip(reference, take, strict=True)
            ]
            stack = np.nan_to_num(np.stack(tables).reshape(len(tables), -1), posinf=0.0, neginf=0.0)
            yield np.asarray(stack[:, int(stack.sum(axis=0).argmax())], np.float32)


def _spread(matches: list[Floats]) -> tuple[float, ...]:
    """Lower quartile, median and 80th percentile over the patches, for each band."""
    table = np.percentile(np.array(matches), (25, 50, 80), axis=0)
    return tuple(float(value) for value in table.T.ravel())


# --- whole pictures -----------------------------------------------------------------------------------------------


def _visible(picture: Picture) -> Pixels:
    """The picture; what is transparent in it becomes an even grey."""
    if picture.alpha is None:
        return picture.rgb
    share = picture.alpha.astype(np.float32)[..., None] / 255.0
    return np.asarray(picture.rgb * share + 128 * (1 - share), np.uint8)


def _whole_print(rgb: Pixels) -> _WholePrint | None:
    if min(rgb.shape[:2]) < 2 * _PATCH:
        return None
    sides = []
    for view in (rgb, np.ascontiguousarray(rgb[:, ::-1])):
        points = _points(view)
        if points is None:
            return None
        small = _fit(view, _WHOLE_SIDE)
        sides.append((_bands(small), points))
    height, width = sides[0][0][0].shape
    return _WholePrint(size=(width, height), sides=tuple(sides))


def _fit(rgb: Pixels, longest: int) -> Pixels:
    """The picture with its longer side at most so long. A small one stays as it is."""
    return Pyramid(rgb).fit(longest)[0]


def _points(rgb: Pixels) -> _Points | None:
    """Up to 450 ORB points (Rublee et al., 2011) of the picture with its light evened out; None: too few to compare."""
    small = _fit(rgb, _POINT_SIDE)
    light = np.log(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) + 12)
    detail = light - cv2.GaussianBlur(light, (0, 0), 12)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 16) + 0.003)
    even = np.clip(128 + 45 * detail / contrast, 0, 255).astype(np.uint8)
    orb = cv2.ORB.create(450, 1.25, 6, edgeThreshold=15, patchSize=25, fastThreshold=5)
    found, bits = orb.detectAndCompute(even, None)
    if bits is None or len(found) < limits().points:
        return None
    return _Points(places=np.array([point.pt for point in found], np.float32), bits=np.asarray(bits, np.uint8))


def _whole_signs(reference: _WholePrint, rgb: Pixels) -> Signs | None:
    here = _points(rgb)
    if here is None:
        return None
    placed = [_placed(points, here) for _, points in reference.sides]
    side = max(range(len(placed)), key=lambda index: len(placed[index][1]))
    move, hull = placed[side]
    matches: list[Floats] = []
    if move is not None:
        take, where = _brought(reference.size, rgb, move, hull)
        matches = list(_matches(reference.sides[side][0], _bands(take), where))
    # Where nothing lies on anything, nothing agrees.
    spread = _spread(matches) if len(matches) >= 3 else (0.0,) * (3 * (len(_SIGMAS) - 1))
    return Signs(way="whole", values=(float(np.log1p(len(hull))), *spread))


def _placed(points: _Points, here: _Points) -> tuple[Doubles | None, Floats]:
    """The affine map that carries the take's points onto the reference's, and which of the reference's points agree."""
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(points.bits, here.bits)
    near = [pair for pair in pairs if pair.distance < _NEAR_BITS]
    none = np.zeros((0, 2), np.float32)
    if len(near) < 5:
        return None, none
    there = points.places[[pair.queryIdx for pair in near]]
    source = here.places[[pair.trainIdx for pair in near]]
    cv2.setRNGSeed(0)  # the same pictures give the same answer
    move, agree = cv2.estimateAffine2D(source, there, ransacReprojThreshold=4, maxIters=800)
    if move is None or not 0.01 < abs(np.linalg.det(move[:, :2])) < 100:
        return None, none
    return np.asarray(move, np.float64), there[agree.ravel() > 0]


def _brought(size: tuple[int, int], rgb: Pixels, move: Doubles, hull: Floats) -> tuple[Pixels, Mask]:
    """The take laid over the reference at `_WHOLE_SIDE`, and where points agree (their hull, a patch wider)."""
    width, height = size
    small = _fit(rgb, _POINT_SIDE)
    shrink = min(1.0, max(width, height) / _POINT_SIDE)
    matrix = move * shrink
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    source = cv2.GaussianBlur(small, (0, 0), 0.4 / scale) if scale < 0.7 else small
    take = cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.full(small.shape[:2], 255, np.uint8), matrix, (width, height)) > 250
    near = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(near, cv2.convexHull(hull * shrink).astype(np.int32), 1)
    wider = cv2.dilate(near, np.ones((_PATCH // 2, _PATCH // 2), np.uint8))
    return np.asarray(take, np.uint8), np.asarray(inside & (wider > 0), np.bool_)
