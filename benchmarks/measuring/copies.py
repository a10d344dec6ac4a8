"""The copy alarm: how many copies of a reference it notices, and how often it suspects what is not one.

Copies are drawn here from real pictures (see copy_edits.py). What must stay silent: every pair of different photographs
of one person, pet or thing, as they are and degraded; different people; a real clip against its own first frame. With
`--fit` it prints the numbers that `vision/calibrations/copies.toml` holds. Folds are by subject.
"""

import csv
import itertools
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks.measuring.copy_edits import face_edits, graded, jpeg, mirrored, night, relit, resized, whole_edits

from samecast.core.calibrating import folds_by_identity, reliability
from samecast.core.rates import wilson
from samecast.media import LocalMedia
from samecast.ports import Face, Floats, Picture, Pixels
from samecast.vision.copies import CopyPrint, PixelCopies, Signs, Way, calibration, limits
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.matte import SubjectMatte

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
LONGEST = 640
FOLDS = 5
RIDGE = 1.0

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One picture to measure on."""

    path: str
    subject: str
    rgb: Pixels
    face: Face | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a take: what it was, whether it is a copy, whose it is; `signs` None where nothing could be told."""

    kind: str
    copy: bool
    way: Way
    subject: str
    signs: Signs | None
    what: str = ""


def measure() -> str:
    """The section on the copy alarm, as Markdown."""
    if not EVAL.is_dir():
        return "## Copies\n\nNot measured: the pictures to measure on are not beside the repository.\n"
    looks = [*face_looks(), *whole_looks()]
    parts = ["## Copies"]
    for way, title in (("face", "With a face"), ("whole", "Without a face")):
        chosen = [look for look in looks if look.way == way]
        parts += [f"### {title}", _table(chosen, out_of_fold(chosen)), _in_words(chosen, out_of_fold(chosen))]
    return "\n\n".join([*parts, _clips(), _speed()]) + "\n"


# --- looking ------------------------------------------------------------------------------------------------------


def pictures(kinds: Sequence[str], reader: MediaPipeFaces | None) -> list[Shown]:
    """The pictures of named subjects of these kinds, at most `LONGEST` pixels long, with their largest face."""
    media, shown = LocalMedia(), []
    with (EVAL / "index.csv").open(newline="", encoding="utf-8") as rows:
        wanted = [row for row in csv.DictReader(rows) if row["kind"] in kinds and row["subject_id"]]
    for row in wanted:
        rgb = media.fit_picture(media.read_picture(EVAL / row["path"]), LONGEST).rgb
        faces = reader.faces(rgb) if reader is not None else []
        if reader is None or faces:
            face = faces[0] if faces else None
            shown.append(Shown(path=row["path"], subject=row["subject_id"], rgb=rgb, face=face))
    return shown


def face_looks() -> Iterator[Look]:
    """Every copy and every pair of photographs of people."""
    reader, copies = MediaPipeFaces(), PixelCopies()
    shown = pictures(["human"], reader)
    prints = {one.path: copies.learn(Picture(rgb=one.rgb), one.face) for one in shown}

    def look(kind: str, one: Shown, rgb: Pixels, *, copy: bool, what: str = "") -> Look:
        found = reader.faces(rgb)
        signs = copies.signs(prints[one.path], rgb, found[0]) if found else None
        return Look(kind=kind, copy=copy, way="face", subject=one.subject, signs=signs, what=what)

    for index, one in enumerate(shown):
        other = next(o for o in itertools.islice(itertools.cycle(shown), index + 13, None) if o.subject != one.subject)
        assert one.face is not None
        assert other.face is not None
        for kind, edit in face_edits(one.rgb, one.face, other.rgb, other.face).items():
            yield look(kind, one, edit(_chance(one.path, kind)), copy=True, what=one.path)
    for one, other in itertools.permutations(shown, 2):
        what = f"{one.path} {other.path}"
        assert other.face is not None
        if one.subject == other.subject:
            signs = copies.signs(prints[one.path], other.rgb, other.face)
            kind = "other photographs of the same person"
            yield Look(kind=kind, copy=False, way="face", subject=one.subject, signs=signs, what=what)
            worse = _degraded(other.rgb, other.face.box, _chance(what, "worse"))
            yield look(f"{kind}, degraded", one, worse, copy=False, what=what)
        elif _chance(what, "some").random() < 0.15:
            signs = copies.signs(prints[one.path], other.rgb, other.face)
            yield Look(kind="other people", copy=False, way="face", subject=one.subject, signs=signs, what=what)


def whole_looks() -> Iterator[Look]:
    """Every copy and every pair of pictures of animals, toys and things."""
    copies, matting = PixelCopies(), SubjectMatte()
    shown = pictures(["animal", "object", "nonhuman_character"], None)
    prints = {one.path: copies.learn(Picture(rgb=one.rgb), None) for one in shown}

    def look(kind: str, one: Shown, rgb: Pixels, *, copy: bool, what: str = "") -> Look:
        signs = copies.signs(prints[one.path], rgb, None)
        return Look(kind=kind, copy=copy, way="whole", subject=one.subject, signs=signs, what=what)

    for index, one in enumerate(shown):
        other = next(o for o in itertools.islice(itertools.cycle(shown), index + 17, None) if o.subject != one.subject)
        for kind, edit in whole_edits(one.rgb, _matte(matting, one.rgb), other.rgb).items():
            yield look(kind, one, edit(_chance(one.path, kind)), copy=True, what=one.path)
    for one, other in itertools.permutations(shown, 2):
        what = f"{one.path} {other.path}"
        height, width = other.rgb.shape[:2]
        if one.subject == other.subject:
            kind = "other pictures of the same subject"
            yield look(kind, one, other.rgb, copy=False, what=what)
            worse = _degraded(other.rgb, (width / 4, height / 4, width / 2, height / 2), _chance(what, "worse"))
            yield look(f"{kind}, degraded", one, worse, copy=False, what=what)
        elif _chance(what, "some").random() < 0.06:
            yield look("other subjects", one, other.rgb, copy=False, what=what)


def _matte(matting: SubjectMatte, rgb: Pixels) -> Floats:
    small = resized(rgb, min(1.0, 256 / max(rgb.shape[:2])))
    alpha = matting.matte(Picture(rgb=small), [])
    return np.asarray(cv2.resize(alpha, (rgb.shape[1], rgb.shape[0])), np.float32)


def _degraded(rgb: Pixels, box: tuple[float, float, float, float], chance: np.random.Generator) -> Pixels:
    worse = (
        lambda: jpeg(rgb, 25),
        lambda: resized(rgb, 0.4),
        lambda: night(rgb, chance),
        lambda: graded(rgb, chance),
        lambda: mirrored(rgb),
        lambda: relit(rgb, box, chance),
        lambda: np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.02 * box[2]), np.uint8),
    )
    return worse[int(chance.integers(len(worse)))]()


def _chance(*names: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("|".join(names).encode()))


# --- fitting ------------------------------------------------------------------------------------------------------


def fitted(looks: Sequence[Look]) -> tuple[float, Doubles]:
    """A logistic with a ridge, both classes weighing the same: its constant, and its weights for the raw values."""
    known = [(look.signs.values, look.copy) for look in looks if look.signs is not None]
    values, truth = np.array([v for v, _ in known]), np.array([c for _, c in known], np.float64)
    middle, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    table = np.column_stack([np.ones(len(values)), (values - middle) / spread])
    weigh = np.where(truth > 0, 0.5 / truth.sum(), 0.5 / (1 - truth).sum()) * len(truth)
    ridge = RIDGE * np.array([0.0, *np.ones(len(middle))])
    beta = np.zeros(table.shape[1])
    for _ in range(60):
        promise = 1 / (1 + np.exp(-np.clip(table @ beta, -40, 40)))
        slope = table.T @ (weigh * (promise - truth)) + ridge * beta
        curve = (table * (weigh * promise * (1 - promise))[:, None]).T @ table + np.diag(ridge + 1e-9)
        beta -= np.linalg.solve(curve, slope)
    weights = beta[1:] / spread
    return float(beta[0] - weights @ middle), np.asarray(weights, np.float64)


def out_of_fold(looks: Sequence[Look]) -> list[float | None]:
    """For each look the probability by a fit without its subject's fold; None where nothing could be told."""
    fold = folds_by_identity([look.subject for look in looks], FOLDS)
    found: list[float | None] = [None] * len(looks)
    for held in range(FOLDS):
        constant, weights = fitted([look for look in looks if fold[look.subject] != held])
        for index, look in enumerate(looks):
            if fold[look.subject] == held and look.signs is not None:
                logit = constant + float(weights @ np.array(look.signs.values))
                found[index] = float(1 / (1 + np.exp(-np.clip(logit, -60, 60))))
    return found


# --- telling ------------------------------------------------------------------------------------------------------


def _table(looks: Sequence[Look], odds: Sequence[float | None]) -> str:
    lines = [
        f"| Take | looks | could be told | called a copy, from {limits().copy} (95% CI) | from 0.5 |",
        "|---|---|---|---|---|",
    ]
    for copy in (True, False):
        for kind in dict.fromkeys(look.kind for look in looks if look.copy == copy):
            told = [p for look, p in zip(looks, odds, strict=True) if look.kind == kind and p is not None]
            asked = sum(look.kind == kind for look in looks)
            counts = f"{asked} | {len(told)} | {_share(told)} | {sum(p >= 0.5 for p in told)}"
            lines.append(f"| {'copy' if copy else 'anew'}: {kind} | {counts} |")
    return "\n".join(lines)


def _share(told: Sequence[float]) -> str:
    hits = sum(p >= limits().copy for p in told)
    low, high = wilson(hits, len(told))
    return f"{hits} = {100 * hits / max(1, len(told)):.1f}% ({100 * low:.1f}-{100 * high:.1f})"


def _in_words(looks: Sequence[Look], odds: Sequence[float | None]) -> str:
    pairs = [(p, look.copy) for look, p in zip(looks, odds, strict=True) if p is not None]
    error = reliability([p for p, _ in pairs], [copy for _, copy in pairs]).error
    copies, anew = ([p for p, copy in pairs if copy == kind] for kind in (True, False))
    pictures_used = len({look.what for look in looks if look.copy})
    return (
        f"{pictures_used} pictures of {len({look.subject for look in looks})} subjects, {FOLDS} folds by subject: "
        f"copies noticed {_share(copies)} of {len(copies)}; "
        f"others suspected {_share(anew)} of {len(anew)}. Calibration error {100 * error:.1f} points."
    )


def _clips() -> str:
    """A real clip against its own first frame: the same footage, which a copy alarm must not be asked about."""
    reader, copies, media = MediaPipeFaces(), PixelCopies(), LocalMedia()
    lines = ["### A clip against its own first frame", "| Clip | seconds later: probability |", "|---|---|"]
    for name in ("stock_clip.mp4", "generated_clip.mp4"):
        first: CopyPrint | None = None
        said = []
        for seconds, rgb in media.clip_frames(EVAL / "opens2v" / name, 24):
            faces = reader.faces(rgb)
            if not faces:
                continue
            if first is None:
                first = copies.learn(Picture(rgb=rgb), faces[0])
                start = seconds
                continue
            p = copies.copied(first, rgb, faces[0])
            said.append(f"{seconds - start:.1f}: {'-' if p is None else f'{p:.2f}'}")
        lines.append(f"| {name} | {', '.join(said)} |")
    return "\n".join(lines)


def _speed() -> str:
    reader, copies = MediaPipeFaces(), PixelCopies()
    person = pictures(["human"], reader)[40]
    thing = pictures(["object"], None)[0]
    said = []
    for one in (person, thing):
        reference = copies.learn(Picture(rgb=one.rgb), one.face)
        begun = time.process_time()
        for _ in range(20):
            copies.copied(reference, one.rgb, one.face)
        said.append(f"{(time.process_time() - begun) / 20 * 1000:.0f} ms")
    return f"Processor time for one look: {said[0]} with a face, {said[1]} without."


def main() -> None:
    if "--fit" not in sys.argv:
        print(measure())
        return
    for looks in (list(face_looks()), list(whole_looks())):
        constant, weights = fitted(looks)
        print(f"[{looks[0].way}] constant = {constant:.3f} weights = {[round(float(w), 3) for w in weights]}")
        print("in use:", calibration(looks[0].way))


if __name__ == "__main__":
    main()
