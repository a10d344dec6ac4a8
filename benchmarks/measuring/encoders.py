"""What `samecast encoders calibrate` finds for the built-in face encoder, and how well faces lie on the template."""

import csv
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from samecast.media import LocalMedia
from samecast.services.encoders import Encoders
from samecast.settings import Settings
from samecast.vision.encoders import open_registry
from samecast.vision.encoders.faces import _MESH_POINTS, _TEMPLATE, chip_square
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.matte import SubjectMatte
from samecast.wiring import late

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
FRONTAL = 25.0
"""Degrees of yaw within which a face should lie on the template."""


def measure() -> str:
    index = EVAL / "index.csv"
    if not index.is_file():
        return "## Encoders\n\nNot measured: the labelled pictures are not here.\n"
    return "\n".join(["## Encoders", "", _calibrated(index), "", _aligned(index), ""])


def _calibrated(index: Path) -> str:
    with tempfile.TemporaryDirectory() as home:
        encoders = Encoders(
            shelf=open_registry(Settings(home=Path(home))),
            media=LocalMedia(),
            faces=late(MediaPipeFaces),
            matting=late(SubjectMatte),
        )
        began = time.monotonic()
        found = encoders.calibrate(index, out=Path(home) / "calibration.toml")
    fitted, figures = found.calibration.pooled, found.calibration.pooled.figures
    taken = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        ("pairs", f"{figures.same_pairs} same, {figures.different_pairs} different, of {figures.pictures} pictures"),
        ("curve", f"slope {fitted.curve.slope:.2f}, midpoint {fitted.curve.midpoint:.4f}"),
        ("AUC, out of fold", f"{figures.auc:.4f}, {figures.auc_out_of_fold:.4f}"),
        ("EER, out of fold", f"{figures.equal_error_rate:.4f}, {figures.equal_error_rate_out_of_fold:.4f}"),
        ("calibration error out of fold", f"{figures.calibration_error_out_of_fold:.4f}"),
        ("at the FAR 1 % of other folds", f"TAR {figures.tar_out_of_fold:.3f}, FAR {figures.far_out_of_fold:.3f}"),
        *((f"TAR at FAR {100 * rate.far:g} %", f"{rate.tar:.3f} at {rate.distance:.3f}") for rate in fitted.rates),
        *((f"TAR at FAR {100 * far:g} %", "too few pairs to say") for far in fitted.untold),
        ("time", f"{taken:.1f} s; the process's peak memory {peak:.0f} MB"),
    ]
    table = [f"`samecast encoders calibrate` on the built-in `{found.calibration.encoder}`:", "", "| | |", "|---|---|"]
    return "\n".join(table + [f"| {name} | {value} |" for name, value in rows])


def _aligned(index: Path) -> str:
    """How far the five points lie from the template's, on every third photograph of a person."""
    media, reader = LocalMedia(), MediaPipeFaces()
    with index.open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["kind"] == "human"][::3]
    away = []
    for row in rows:
        faces = reader.faces(media.fit_picture(media.read_picture(EVAL / row["path"]), 1024).rgb)
        if faces and abs(faces[0].pose.yaw) < FRONTAL:
            matrix = chip_square(faces[0]).matrix(112)
            points = np.array([faces[0].landmarks[list(p), :2].mean(axis=0) for p in _MESH_POINTS])
            away.append(points @ matrix[:, :2].T + matrix[:, 2] - np.array(_TEMPLATE))
    median = np.linalg.norm(np.median(np.array(away), axis=0), axis=1)
    names = ("eye", "eye", "nose", "mouth corner", "mouth corner")
    told = ", ".join(f"{name} {value:.1f}" for name, value in zip(names, median, strict=True))
    return f"Median offset from ArcFace's template on {len(away)} faces, in pixels of the 112-pixel chip: {told}."


if __name__ == "__main__":
    print(measure())
