"""Pictures of two and three people with a known truth, made from photographs of one person each: side by side, changed
places, doubled, morphed. They are for `who.py`, which asks what the meter says to each; nothing here judges.

A panel is one photograph moved and scaled so that the face has a given size and place. Beside one another, panels make
a scene: the faces are real, the room is not, and everyone faces much the same way.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.interpolate import LinearNDInterpolator

from samecast.ports import Face, Pixels
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.readings import OVAL

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
WIDE, HIGH = 400, 560
"""A panel's size in pixels."""
_ROOM = (150, 150, 150)
_FACE = 0.3
"""The width of a face in its panel, as a share of the panel's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """One photograph of one named person, with the face in it."""

    path: str
    subject: str
    rgb: Pixels
    face: Face


def read(path: str) -> Pixels:
    """A picture of the set as H x W x 3 sRGB."""
    pixels = cv2.imread(str(EVAL / path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise SystemExit(f"{path} cannot be read.")
    return np.ascontiguousarray(pixels[:, :, ::-1], np.uint8)


def sitters(faces: MediaPipeFaces) -> list[Sitter]:
    """Every photograph of a named person in which one face is found; a mirrored copy of another is left out."""
    with (EVAL / "index.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "human" and row["subject_id"]]
    found = []
    for row in rows:
        if row["path"].startswith("dreambooth") or "reflection" in row["path"]:
            continue
        rgb = read(row["path"])
        seen = faces.faces(rgb)
        if len(seen) == 1:
            found.append(Sitter(path=row["path"], subject=row["subject_id"], rgb=rgb, face=seen[0]))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How a panel shows its sitter: face size as a factor, a shift in panel widths, mirrored, and how bright."""

    size: float = 1.0
    shift: float = 0.0
    mirrored: bool = False
    light: float = 1.0


PLAIN = Pose()


def panel(sitter: Sitter, pose: Pose = PLAIN) -> Pixels:
    """`HIGH` x `WIDE` pixels: the face as photographed, at a third of the height, on grey where the photograph ends."""
    scale, shift = _placed(sitter, pose)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(sitter.rgb, None, fx=scale, fy=scale, interpolation=way)
    matrix = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    view = cv2.warpAffine(scaled, matrix, (WIDE, HIGH), flags=cv2.INTER_LINEAR, borderValue=_ROOM)
    if pose.mirrored:
        view = view[:, ::-1]
    return np.asarray(np.clip(view.astype(np.float32) * pose.light, 0, 255), np.uint8)


def beside(*panels: Pixels) -> Pixels:
    """Panels from left to right, with seams softened over a few pixels."""
    whole = np.hstack(panels).astype(np.float32)
    for seam in range(WIDE, whole.shape[1], WIDE):
        band = whole[:, seam - 12 : seam + 12].copy()
        whole[:, seam - 12 : seam + 12] = cv2.GaussianBlur(band, (0, 0), 6)
    return np.asarray(np.clip(whole, 0, 255), np.uint8)


def morph(a: Sitter, b: Sitter, share: float) -> Pixels:
    """A panel of `a` whose face is `share` of the way to `b`: both meshes are warped to their mean, and cross-dissolved
    inside the oval of the face; hair, body and room stay those of `a`, warped along."""
    mesh_a, mesh_b = _mesh_in_panel(a), _mesh_in_panel(b)
    mesh_b = _laid_over(mesh_b, mesh_a)
    between = (1 - share) * mesh_a + share * mesh_b
    view_a, view_b = panel(a).astype(np.float32), panel(b).astype(np.float32)
    warped_a = _warped(view_a, _mesh_in_panel(a), between)
    warped_b = _warped(view_b, _mesh_in_panel(b), between)
    mask = np.zeros((HIGH, WIDE), np.float32)
    cv2.fillPoly(mask, [np.round(between[list(OVAL)]).astype(np.int32)], (1.0,))
    soft = cv2.GaussianBlur(mask, (0, 0), 5) * mask
    weight = (share * soft)[..., None]
    warped_b = _toned(warped_b, warped_a, mask > 0.5)
    return np.asarray(np.clip(warped_a * (1 - weight) + warped_b * weight, 0, 255), np.uint8)


# --- geometry ---------------------------------------------------------------------------------------------------------


def _placed(sitter: Sitter, pose: Pose) -> tuple[float, tuple[float, float]]:
    """By how much the photograph is scaled, and where its left upper corner then lies in the panel."""
    left, top, width, height = sitter.face.box
    scale = _FACE * WIDE * pose.size / width
    centre = left + width / 2, top + height / 2
    return scale, (WIDE * (0.5 + pose.shift) - scale * centre[0], HIGH * 0.36 - scale * centre[1])


def _mesh_in_panel(sitter: Sitter) -> npt.NDArray[np.float64]:
    scale, shift = _placed(sitter, PLAIN)
    return np.asarray(sitter.face.landmarks[:, :2] * scale + np.array(shift), np.float64)


def _laid_over(mesh: npt.NDArray[np.float64], onto: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A mesh moved, turned and scaled (least squares) to where another lies."""
    middle, there = mesh.mean(axis=0), onto.mean(axis=0)
    z, w = (mesh - middle) @ np.array([1, 1j]), (onto - there) @ np.array([1, 1j])
    turned = (np.conj(z) @ w) / (np.conj(z) @ z).real * z
    return np.asarray(np.column_stack([turned.real, turned.imag]) + there, np.float64)


def _warped(
    view: npt.NDArray[np.float32], mesh: npt.NDArray[np.float64], onto: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """A panel warped so that `mesh` comes to lie on `onto`; its border stays where it is."""
    frame = np.array([(x, y) for x in np.linspace(0, WIDE - 1, 5) for y in np.linspace(0, HIGH - 1, 7)])
    edge = frame[(frame[:, 0] % (WIDE - 1) == 0) | (frame[:, 1] % (HIGH - 1) == 0)]
    offset = LinearNDInterpolator(np.vstack([onto, edge]), np.vstack([mesh - onto, np.zeros_like(edge)]), fill_value=0)
    x, y = np.meshgrid(np.arange(WIDE, dtype=np.float64), np.arange(HIGH, dtype=np.float64))
    moved = offset(x, y).astype(np.float32)
    from_x, from_y = moved[..., 0] + x.astype(np.float32), moved[..., 1] + y.astype(np.float32)
    return np.asarray(cv2.remap(view, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _toned(
    view: npt.NDArray[np.float32], like: npt.NDArray[np.float32], where: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """A panel whose colours have, inside `where`, the mean and spread of another's."""
    here, there = view[where], like[where]
    spread = (there.std(axis=0) + 1) / (here.std(axis=0) + 1)
    return np.asarray((view - here.mean(axis=0)) * spread + there.mean(axis=0), np.float32)
