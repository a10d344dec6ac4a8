"""Finding human faces: `MediaPipeFaces`, a `ports.FaceReader`.

BlazeFace proposes, Face Mesh measures, and a gate decides: BlazeFace alone fires on nearly half of all animals, and the
mesh's own confidence is high on many of them. What tells a face from something like one is that the mesh lands on the
same points when it is asked again: from its own outline, mirrored, and from a looser crop.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Literal

import numpy as np

from samecast.ports import Face, FaceReader, Floats, Pixels
from samecast.vision.crops import Pyramid, Square, box_around, mesh_to_picture, overlap, square_around_mesh
from samecast.vision.mesh import MESH_SIDE, BlazeFace, Candidate, MeshNetwork
from samecast.vision.pose import head_pose

_SEARCH_SIDE = 384
"""The longest side BlazeFace is shown; its own input is 128 or 192."""
_HOPELESS = 0.1
"""The confidence below which, twice, no third look at a candidate made it a face (in 1,014 pictures and edits)."""
_SECOND_LOOK_SIDE = 256
_SECOND_LOOK_GROW = 3.2
_PROPOSAL = 0.5
"""BlazeFace's lowest score worth a look."""
_MIRROR_PAIRS = (
    (1, 1), (13, 13), (14, 14), (152, 152), (10, 10), (33, 263), (61, 291), (133, 362), (468, 473), (234, 454),
    (70, 300), (105, 334), (159, 386),
)  # fmt: skip
_MIRROR_LEFT = [a for a, _ in _MIRROR_PAIRS] + [b for _, b in _MIRROR_PAIRS]
_MIRROR_RIGHT = [b for _, b in _MIRROR_PAIRS] + [a for a, _ in _MIRROR_PAIRS]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceGate:
    """A logistic over the signs of a face, fitted in `calibrations/face_gate.toml` (which names its set)."""

    constant: float
    settle: float
    mirror: float
    jitter: float
    near: float
    far: float
    threshold: float
    sure_detector: float
    sure_settle: float
    sure_near: float

    def probability(self, signs: "Signs") -> float:
        """That this is a human face, 0..1."""
        logit = self.constant + self.near * signs.near + self.far * signs.far
        logit += self.settle * np.log(signs.settle) + self.mirror * np.log(signs.mirror)
        logit += self.jitter * np.log(signs.jitter)
        return float(1 / (1 + np.exp(-logit)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """How well repeated readings of one face agree (mean distance over mean mesh side) and what BlazeFace says.

    `near` and `far` are BlazeFace's short- and full-range scores on an upright crop of the face, 0 where it has none.
    """

    settle: float
    mirror: float
    jitter: float
    near: float
    far: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileHint:
    """A head in full profile: `box` left, top, width, height in pixels; `side` where the nose points, as seen."""

    box: tuple[float, float, float, float]
    side: Literal["left", "right"]
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    landmarks: Floats
    score: float

    @property
    def size(self) -> float:
        return float(np.ptp(self.landmarks[:, :2], axis=0).mean())


class MediaPipeFaces:
    """Finds human faces in a picture, largest first. Safe to share between threads."""

    def __init__(self) -> None:
        self._near = BlazeFace(full_range=False, threshold=_PROPOSAL)
        self._far = BlazeFace(full_range=True, threshold=_PROPOSAL)
        self._mesh = MeshNetwork()
        self._gate = load_gate()

    def faces(self, rgb: Pixels) -> list[Face]:
        """Every human face in an H x W x 3 sRGB picture, upright or not; an empty list where there is none.

        Looks at the whole picture first; only where that shows no face, at overlapping squares of it (small faces),
        then at the picture turned by quarter turns.
        """
        if min(rgb.shape[:2]) < 16:
            return []
        pyramid = Pyramid(rgb)
        for proposals in (self._whole(pyramid), self._in_squares(pyramid), self._turned(pyramid)):
            found = self._accepted(pyramid, proposals)
            if found:
                return found
        return []

    def profiles(self, rgb: Pixels) -> list[ProfileHint]:
        """Heads seen from the side, which the mesh cannot read: the detector's own points say so. May be empty."""
        if min(rgb.shape[:2]) < 16:
            return []
        hints = (_profile(candidate) for candidate in self._whole(Pyramid(rgb)))
        return [hint for hint in hints if hint is not None]

    # --- where to look ---------------------------------------------------------------------------------------------

    def _whole(self, pyramid: Pyramid) -> Iterable[Candidate]:
        small, scale = pyramid.fit(_SEARCH_SIDE)
        return self._propose(small, np.array([[1 / scale, 0, 0], [0, 1 / scale, 0]]))

    def _in_squares(self, pyramid: Pyramid) -> Iterable[Candidate]:
        height, width = pyramid.rgb.shape[:2]
        side = min(height, width) if max(height, width) > 1.2 * min(height, width) else 0.6 * min(height, width)
        if side < _SEARCH_SIDE / 2:
            return
        for x in _starts(width, side):
            for y in _starts(height, side):
                square = Square(x=x + side / 2, y=y + side / 2, side=side)
                yield from self._propose(pyramid.crop(square, _SEARCH_SIDE), _inverse(square, _SEARCH_SIDE))

    def _turned(self, pyramid: Pyramid) -> Iterable[Candidate]:
        height, width = pyramid.rgb.shape[:2]
        for quarter in (1, 3, 2):
            square = Square(x=width / 2, y=height / 2, side=float(max(height, width)), roll=quarter * np.pi / 2)
            yield from self._propose(pyramid.crop(square, _SEARCH_SIDE), _inverse(square, _SEARCH_SIDE))

    def _propose(self, view: Pixels, to_picture: Floats) -> list[Candidate]:
        """Both detectors' hits on a view, in picture pixels, the stronger of two on one place."""
        hits = sorted([*self._near.find(view), *self._far.find(view)], key=lambda hit: -hit.score)
        return [hit.moved(to_picture) for hit in _without_doubles(hits)]

    # --- what is a face --------------------------------------------------------------------------------------------

    def _accepted(self, pyramid: Pyramid, proposals: Iterable[Candidate]) -> list[Face]:
        found: list[Face] = []
        for candidate in proposals:
            if any(_covers(face, candidate) for face in found):
                continue
            face = self._examine(pyramid, candidate)
            if face is not None:
                found.append(face)
        return _largest_first(found)

    def _examine(self, pyramid: Pyramid, candidate: Candidate) -> Face | None:
        first = self._read(pyramid, candidate.square)
        second = self._read(pyramid, square_around_mesh(first.landmarks))
        if second.size < 6:
            return None
        sure = candidate.score >= self._gate.sure_detector and second.score > 0.9
        if sure and _apart(first, second) < self._gate.sure_settle:
            return _face(second, second.score)
        if first.score < _HOPELESS and second.score < _HOPELESS:
            return None
        # The cheaper signs come first; what they settle is settled without the others.
        square = square_around_mesh(second.landmarks)
        third = self._read(pyramid, square)
        if third.score < 0.5:
            return None
        view = pyramid.crop(square_around_mesh(third.landmarks, grow=_SECOND_LOOK_GROW), _SECOND_LOOK_SIDE)
        near = _in_the_middle(self._near, view)
        if near >= self._gate.sure_near:
            return _face(third, min(near, third.score))
        looser = self._read(pyramid, square.scaled(1.25, turn=0.1))
        best = Signs(
            settle=_apart(first, second) + _apart(second, third),
            mirror=self._mirror_apart(pyramid, square, third),
            jitter=_apart(third, looser),
            near=near,
            far=1.0,
        )
        if self._gate.probability(best) < self._gate.threshold:
            return None
        probability = self._gate.probability(replace(best, far=_in_the_middle(self._far, view)))
        if probability < self._gate.threshold:
            return None
        return _face(third, min(max(probability, near), third.score))

    def _read(self, pyramid: Pyramid, square: Square) -> _Reading:
        points, score = self._mesh.read(pyramid.crop(square, MESH_SIDE))
        return _Reading(landmarks=mesh_to_picture(points, square), score=score)

    def _mirror_apart(self, pyramid: Pyramid, square: Square, reading: _Reading) -> float:
        points, _ = self._mesh.read(pyramid.crop(square, MESH_SIDE, mirrored=True))
        back = points.copy()
        back[:, 0] = (MESH_SIDE - 1) / MESH_SIDE - back[:, 0]
        mirrored = mesh_to_picture(back, square)
        gaps = reading.landmarks[_MIRROR_LEFT, :2] - mirrored[_MIRROR_RIGHT, :2]
        return max(float(np.linalg.norm(gaps, axis=1).mean()) / reading.size, 1e-4)


def profiles_of(reader: FaceReader, rgb: Pixels) -> list[ProfileHint]:
    """Heads in profile, from a face reader that notices them; none from any other."""
    find = getattr(reader, "profiles", None)
    return list(find(rgb)) if callable(find) else []


def load_gate() -> FaceGate:
    """The gate's coefficients, from the file that says how they were fitted."""
    text = resources.files("samecast.vision").joinpath("calibrations/face_gate.toml").read_text(encoding="utf-8")
    return FaceGate(**tomllib.loads(text)["gate"])


def _face(reading: _Reading, score: float) -> Face:
    return Face(
        box=box_around(reading.landmarks),
        landmarks=reading.landmarks,
        pose=head_pose(reading.landmarks),
        score=float(score),
    )


def _profile(candidate: Candidate) -> ProfileHint | None:
    """Both eyes on one spot, the nose well to one side of them, the ears well to the other.

    Limits measured on a clip of a woman in profile (all of 12 frames) and 81 animals, toys and things with their
    mirrored, cropped and padded copies (none).
    """
    points = candidate.points / max(candidate.box[2], 1e-6)
    eyes, ears = points[:2].mean(axis=0), points[4:6].mean(axis=0)
    nose, back, mouth = points[2, 0] - eyes[0], ears[0] - eyes[0], points[3, 1] - eyes[1]
    together = float(np.linalg.norm(points[0] - points[1])) < 0.15
    sideways = abs(nose) > 0.18 and abs(back) > 0.45 and nose * back < 0
    if candidate.score < 0.62 or not (together and sideways and 0.35 < mouth < 0.55):
        return None
    return ProfileHint(box=candidate.box, side="right" if nose > 0 else "left", score=candidate.score)


def _in_the_middle(detector: BlazeFace, view: Pixels) -> float:
    """The detector's highest score near the middle of a second look; 0 where it sees nothing there."""
    middle = _SECOND_LOOK_SIDE / 2
    return max((h.score for h in detector.find(view) if np.abs(np.array(h.centre) - middle).max() < 40), default=0.0)


def _apart(a: _Reading, b: _Reading) -> float:
    gaps = np.linalg.norm(a.landmarks[:, :2] - b.landmarks[:, :2], axis=1)
    return max(float(gaps.mean()) / max(b.size, 1e-6), 1e-4)


def _covers(face: Face, candidate: Candidate) -> bool:
    """Whether a face already found stands where this candidate is; BlazeFace's boxes are up to a third larger."""
    x, y = candidate.centre
    left, top, width, height = face.box
    inside = left + 0.1 * width < x < left + 0.9 * width and top + 0.1 * height < y < top + 0.9 * height
    return inside and 0.4 < candidate.box[2] / max(width, height, 1e-6) < 2.0


def _largest_first(faces: Sequence[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: -f.score):
        if all(overlap(face.box, other.box) < 0.35 for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda f: -f.box[2] * f.box[3])


def _without_doubles(hits: Sequence[Candidate]) -> list[Candidate]:
    kept: list[Candidate] = []
    for hit in hits:
        if all(overlap(hit.box, other.box) < 0.3 for other in kept):
            kept.append(hit)
    return kept


def _starts(length: int, side: float) -> list[float]:
    """Left edges of overlapping squares of `side` that cover `length`, a third overlapping."""
    if length <= side:
        return [(length - side) / 2]
    count = int(np.ceil((length - side) / (side * 0.67))) + 1
    return [float(start) for start in np.linspace(0, length - side, count)]


def _inverse(square: Square, pixels: int) -> Floats:
    matrix = np.vstack([square.matrix(pixels), [0, 0, 1]])
    return np.linalg.inv(matrix)[:2].astype(np.float32)
