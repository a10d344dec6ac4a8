"""Heads turned farther than the real pictures go: whether turning alone makes the meter tell a person apart.

Real pictures of one person with more than 30 degrees between them are not at hand, so photographs are turned: their
face meshes are rotated in space and the picture follows (piecewise affine, far triangles first, hidden ones left out).
What lay hidden stays unknown and the outline tears a little, so the figures are an upper bound for real heads.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks.reference import EVAL, entries
from scipy.spatial import Delaunay

from samecast.media import LocalMedia
from samecast.ports import Face, Floats, Pixels
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.identity import DlibIdentity
from samecast.vision.readings import OVAL

TURNS = (-55, -45, -35, -25, -15, 0, 15, 25, 35, 45, 55)
BANDS = ((0, 10), (10, 20), (20, 30), (30, 45))
"""Degrees as the mesh reads them, which is less than the picture was turned by."""
UNSURE = 0.70
_SIDE = 700
_RINGS = ((1.25, 1.0, 1.0), (1.6, 0.6, 0.25))
"""Points around the face that carry hair and neck along: how far out, how deep, and how much of the turn they take."""
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """One person, turned: the vector and how far the mesh says it is turned from the photograph."""

    subject: str
    vector: Floats
    yaw: float


def measure() -> str:
    """A Markdown section with one row for each band of turns."""
    if not (EVAL / "index.csv").is_file():
        return "## Turned heads\n\nNot measured: the pictures to measure on are not here.\n"
    encoder = DlibIdentity()
    references, seen = _everybody(encoder)
    rows = []
    for low, high in BANDS:
        here = [turned for turned in seen if low <= abs(turned.yaw) < high]
        same = [encoder.distance(turned.vector, references[turned.subject]) for turned in here]
        others = [
            encoder.distance(turned.vector, vector)
            for turned in here
            for subject, vector in references.items()
            if subject.split("-")[0] != turned.subject.split("-")[0]
        ]
        rows.append(_row(f"{low}-{high}°", same, others, encoder.card.midpoint))
    return "\n".join(
        [
            "## Turned heads",
            "",
            f"{len(references)} people, each compared with another photograph, turned by "
            f"{', '.join(f'{abs(turn)}°' for turn in TURNS if turn > 0)} to either side. *Made* turns: an upper bound.",
            "",
            "| Turned, as the mesh reads it | Pictures | Median distance | Told apart (P under 0.5) "
            f"| Farther than {UNSURE} | Others taken for one | Others nearer than {UNSURE} |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(name: str, same: Sequence[float], others: Sequence[float], limit: float) -> str:
    apart, far = sum(d > limit for d in same), sum(d > UNSURE for d in same)
    passed, near = sum(d <= limit for d in others) / len(others), sum(d <= UNSURE for d in others) / len(others)
    return f"| {name} | {len(same)} | {np.median(same):.3f} | {apart} | {far} | {passed:.1%} | {near:.1%} |"


def _everybody(encoder: DlibIdentity) -> tuple[dict[str, Floats], list[Turned]]:
    """One vector for each person's first photograph, and the second one turned every way."""
    reader, photographs = MediaPipeFaces(), defaultdict(list)
    for entry in entries():
        if entry.kind == "human" and entry.subject:
            photographs[entry.subject].append(entry.path)
    references: dict[str, Floats] = {}
    seen: list[Turned] = []
    for subject, paths in photographs.items():
        faces = [(rgb, found[0]) for rgb in map(_read, paths[:2]) if (found := reader.faces(rgb))]
        if len(faces) == 2:
            references[subject] = encoder.encode(*faces[0])
            seen += _all_turns(subject, faces[1], reader, encoder)
    return references, seen


def _all_turns(
    subject: str, sitting: tuple[Pixels, Face], reader: MediaPipeFaces, encoder: DlibIdentity
) -> Iterator[Turned]:
    rgb, face = sitting
    for degrees in TURNS:
        picture = turn(rgb, face, degrees)
        for found in reader.faces(picture)[:1]:
            if encoder.doubt(picture, found) is None:
                vector = encoder.encode(picture, found)
                yield Turned(subject=subject, vector=vector, yaw=found.pose.yaw - face.pose.yaw)


def _read(path: str) -> Pixels:
    media = LocalMedia()
    return media.fit_picture(media.read_picture(EVAL / path), _SIDE).rgb


def turn(rgb: Pixels, face: Face, degrees: float) -> Pixels:
    """The picture with the face turned about its upright axis."""
    before, after = _moved(rgb, face, degrees)
    corners = Delaunay(before[:, :2]).simplices
    source, target = before[corners][:, :, :2], after[corners][:, :, :2]
    visible = np.sign(_area(source)) == np.sign(_area(target))
    out = rgb.copy()
    for index in np.argsort(-after[corners][:, :, 2].mean(axis=1)):
        if visible[index]:
            _lay(out, rgb, source[index], target[index])
    return out


def _moved(rgb: Pixels, face: Face, degrees: float) -> tuple[Points, Points]:
    """The mesh, rings around it and the picture's border, before and after: N x 3, in pixels."""
    height, width = rgb.shape[:2]
    mesh = face.landmarks[:468].astype(np.float64)
    middle, depth = mesh[list(OVAL)].mean(axis=0), mesh[:, 2].max()
    axis = np.array([middle[0], middle[1], 0.9 * depth])
    parts = [(mesh, 1.0)]
    for out, deep, share in _RINGS:
        ring = (mesh[list(OVAL)] - middle) * out + middle
        ring[:, 2] = deep * depth
        parts.append((ring, share))
    before = np.concatenate([points for points, _ in parts])
    taken = np.concatenate([np.full(len(points), share) for points, share in parts])[:, None]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = (before - axis) @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]) + axis
    after = before + (turned - before) * taken
    inside = (before[:, 0] > 0) & (before[:, 0] < width) & (before[:, 1] > 0) & (before[:, 1] < height)
    xs, ys = np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 5)
    border = np.array([(x, y, depth) for x in xs for y in ys if x in (0, width - 1) or y in (0, height - 1)])
    return np.concatenate([before[inside], border]), np.concatenate([after[inside], border])


def _area(corners: Points) -> Points:
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], np.float64)


def _lay(out: Pixels, rgb: Pixels, source: Points, target: Points) -> None:
    """One triangle of the picture onto its new place."""
    height, width = rgb.shape[:2]
    left, top = np.maximum(np.floor(target.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(target.max(axis=0)).astype(int) + 2, (width, height))
    if right <= left or bottom <= top:
        return
    local = target - (left, top)
    matrix = cv2.getAffineTransform(source.astype(np.float32), local.astype(np.float32))
    size = (int(right - left), int(bottom - top))
    patch = cv2.warpAffine(rgb, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillConvexPoly(mask, np.round(local * 16).astype(np.int32), 1, lineType=8, shift=4)
    out[top:bottom, left:right][mask > 0] = np.asarray(patch)[mask > 0]


if __name__ == "__main__":
    print(measure())
