"""How well references are graded, faces found and labelled pairs told apart, on the pictures beside this repository.

The pictures (../shared/eval) do not belong to the project: where they are absent it says so and stops. How far likeness
itself can be trusted is measured by `./run bench meter`.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from samecast.core.grading import Rule, grade
from samecast.core.rates import wilson
from samecast.ports import Face, Picture, Pixels
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.gauge import Gauge
from samecast.vision.people import BodyFinder
from samecast.wiring import open_studio, sample_picture

EVAL = Path(__file__).resolve().parents[2] / "shared" / "eval"
SOMEBODY_BEHIND = {"backpack__01.jpg", "dog3__02.jpg", "dog3__04.jpg", "can__05.jpg"}
"""Pictures of things and animals in which a person can be seen as well."""
NO_ANCHORS = Rule(rule="anchors", verdict="unknown", measured={}, advice="Not judged here.")
POSED = {
    "pose__left_face": ("pose", ("fail",)),
    "pose__left_wryneck": ("pose", ("warn", "fail")),
    "pose__rise_face": ("pose", ("warn", "fail")),
    "reaction__close_eyes": ("eyes", ("fail",)),
    "reaction__open_eyes": ("eyes", ("pass",)),
    "rotate__rot_0": ("pose", ("pass",)),
    "rotate__rot_90": ("pose", ("warn", "fail")),
    "emotion__happy": ("eyes", ("pass", "unknown")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    path: str
    subject: str
    kind: str

    def read(self) -> Pixels:
        return read(EVAL / self.path)


def read(path: Path) -> Pixels:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise SystemExit(f"{path} cannot be read.")
    return np.ascontiguousarray(pixels[:, :, ::-1], np.uint8)


def entries() -> list[Entry]:
    with (EVAL / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        Entry(path=row["path"], subject=row["subject_id"], kind=row["kind"])
        for row in rows
        if not row["path"].endswith(".mp4")
    ]


# --- what is measured -------------------------------------------------------------------------------------------------


def posed_portraits(faces: MediaPipeFaces) -> None:
    print("\nPosed portraits")
    gauge, right = Gauge(faces), 0
    for stem, (name, wanted) in POSED.items():
        path = next((EVAL / "insightface").glob(f"{stem}.*"))
        seen = gauge.measure(Picture(rgb=read(path)))
        rule = next(rule for rule in grade(seen, NO_ANCHORS).rules if rule.rule == name)
        ok = rule.verdict in wanted
        right += ok
        pose = "" if seen.yaw is None else f"yaw {seen.yaw:.0f} pitch {seen.pitch:.0f} roll {seen.roll:.0f}"
        print(f"  {'ok ' if ok else 'NOT'} {stem:<24}{name} {rule.verdict:<8}{pose:<30}{rule.advice}")
    print(f"  {right} of {len(POSED)} as their file name says")


def found_faces(faces: MediaPipeFaces, listed: Sequence[Entry]) -> None:
    pictures, found, spent = Counter[str](), Counter[str](), 0.0
    for entry in listed:
        rgb = entry.read()
        start = time.perf_counter()
        pictures[entry.kind] += 1
        found[entry.kind] += bool(faces.faces(rgb))
        spent += time.perf_counter() - start
    print(f"\nPictures with a face found ({1000 * spent / len(listed):.0f} ms each)")
    for kind, count in pictures.items():
        print(f"  {kind:<22}{found[kind]} of {count}")
    none = [kind for kind in pictures if kind in ("animal", "object", "nonhuman_character")]
    invented, of = sum(found[k] for k in none), sum(pictures[k] for k in none)
    print(f"  invented: {invented} of {of} = {invented / of:.1%}")


# --- as a user has it -------------------------------------------------------------------------------------------------


def labelled_pairs() -> None:
    """Cast picture a, score picture b, for each labelled pair; anything but "match" says "another person"."""
    with (EVAL / "deepface" / "pairs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as home, open_studio(Settings(home=Path(home))) as studio:
        said = cast_and_score(studio, rows)
        spent = time.perf_counter() - start
        told = told_by_the_command(rows, home)
    same = [row["same"] == "1" for row in rows]
    right = sum((verdict == "match") == truth for verdict, truth in zip(said, same, strict=True))
    low, high = wilson(right, len(rows))
    print(f"\nLabelled pairs, cast and scored ({spent:.0f} s)")
    print(f"  right: {right} of {len(rows)} = {right / len(rows):.1%} (95% CI {low:.1%}-{high:.1%})")
    for truth, name in ((True, "same person"), (False, "another person")):
        counts = Counter(verdict for verdict, is_same in zip(said, same, strict=True) if is_same is truth)
        print(f"  {name:<16}" + "  ".join(f"{verdict} {count}" for verdict, count in counts.most_common()))
    agree = sum(said[index] == verdict for index, verdict in told.items())
    print(f"  `samecast score` says the same on {agree} of {len(told)} pairs tried")


def cast_and_score(studio: Studio, rows: Sequence[Mapping[str, str]]) -> list[str]:
    handles: dict[str, str] = {}
    for row in rows:
        if row["a"] not in handles:
            handles[row["a"]] = f"p{len(handles)}"
            studio.casting.add([EVAL / "deepface" / row["a"]], name=row["a"], handle=handles[row["a"]])
    said: list[str] = []
    for number, row in enumerate(rows, start=1):
        character = studio.casting.get(handles[row["a"]])
        said.append(studio.scoring.score_file(character, EVAL / "deepface" / row["b"]).verdict)
        if sys.stderr.isatty():
            print(f"\r  scoring {number}/{len(rows)} ", end="", file=sys.stderr, flush=True)
    return said


def told_by_the_command(rows: Sequence[dict[str, str]], home: str) -> Mapping[int, str]:
    """The first character's pairs again, through the command line."""
    chosen = [index for index, row in enumerate(rows) if row["a"] == rows[0]["a"]]
    files = [str(EVAL / "deepface" / rows[index]["b"]) for index in chosen]
    program = "import sys; from samecast.wiring import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", program, "score", "@p0", *files, "--json"],
        env={**os.environ, "SAMECAST_HOME": home},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(chosen, (entry["verdict"] for entry in json.loads(done.stdout)["files"]), strict=True))


def presences(faces: MediaPipeFaces, listed: Sequence[Entry]) -> None:
    """People whose faces are painted over or cut off, and pictures without anyone: somebody there, or nobody?"""
    finder = BodyFinder(faces)
    seen, noticed = Counter[str](), Counter[str]()

    def ask(kind: str, rgb: Pixels) -> None:
        if not faces.faces(rgb):
            seen[kind] += 1
            noticed[kind] += finder.anyone(rgb) is not None

    for entry in listed:
        if Path(entry.path).name in SOMEBODY_BEHIND:
            continue
        rgb = entry.read()
        if entry.kind in ("animal", "object", "nonhuman_character"):
            ask(entry.kind, rgb)
        elif entry.kind == "human" and (found := faces.faces(rgb)):
            ask("face painted over", painted_over(rgb, found))
            _, top, _, height = found[0].box
            below = rgb[round(top + 1.02 * height) :]
            if len(found) == 1 and below.shape[0] > max(1.2 * height, 120):
                ask("cut below the chin", np.ascontiguousarray(below))
    for name in ("coffee.png", "rocket.jpg", "brick.png", "grass.png", "gravel.png", "coins.png"):
        ask("no subject at all", read(sample_picture(name)))
    print("\nSomebody noticed where no face can be found")
    for kind, count in seen.items():
        print(f"  {kind:<22}{noticed[kind]} of {count}")


def painted_over(rgb: Pixels, found: Sequence[Face]) -> Pixels:
    """Every face under a soft oval of the colour above it: hair or cloth, as from behind."""
    out = rgb.copy()
    for face in found:
        left, top, width, height = face.box
        above = rgb[max(0, int(top - 0.2 * height)) : max(1, int(top)), max(0, int(left)) : int(left + width)]
        colour = np.median(above.reshape(-1, 3), axis=0) if above.size else np.array([60, 40, 30])
        mask = np.zeros(rgb.shape[:2], np.uint8)
        centre = (int(left + width / 2), int(top + height / 2))
        cv2.ellipse(mask, centre, (int(width * 0.62), int(height * 0.68)), 0, 0, 360, 255, -1)
        soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, width * 0.03))[..., None] / 255.0
        out = np.asarray(out * (1 - soft) + colour * soft, np.uint8)
    return out


def speed(faces: MediaPipeFaces, listed: Sequence[Entry]) -> None:
    portrait = next(e for e in listed if e.path == "deepface/img1.jpg").read()
    frame = np.asarray(cv2.resize(portrait, (720, 1280), interpolation=cv2.INTER_AREA), np.uint8)
    spent = []
    for _ in range(30):
        start = time.perf_counter()
        faces.faces(frame)
        spent.append(time.perf_counter() - start)
    print(f"\nOne face in a frame of 720 x 1280: {1000 * float(np.median(spent)):.0f} ms (median of 30)")


def main() -> None:
    if not (EVAL / "index.csv").is_file():
        print(f"Skipped: the pictures to measure on are not here ({EVAL}).")
        return
    listed, faces = entries(), MediaPipeFaces()
    posed_portraits(faces)
    found_faces(faces, listed)
    speed(faces, listed)
    labelled_pairs()
    presences(faces, listed)


if __name__ == "__main__":
    main()
