"""How often covers over a face are noticed, and how often a face is wrongly called covered: `covering.toml`'s figures.

Everybody's photographs are painted over (`cover_paints`), found anew and judged. With the word `fit` after its name
the module prints the weights that the same pictures give, and what they say of people they have not seen.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks.measuring.cover_paints import CLEAR, COVERS
from benchmarks.measuring.edits import Sitter
from benchmarks.reference import EVAL, entries

from samecast.core.calibrating import folds_by_identity
from samecast.core.rates import wilson
from samecast.ports import Doubt, Face, Floats, Pixels
from samecast.vision.covering import EyeSigns, MouthSigns, Signs, load_covering, read_signs
from samecast.vision.crops import Pyramid
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.identity import DlibIdentity

LONGEST = 640
MOUTH = tuple(name for name in COVERS if "mask" in name or "mouth" in name)
EYES = ("bar over the eyes", "black lenses", "brown lenses", "blue lenses")
_FAR_OFF = 0.4
"""A cover that moves a face's own vector by less does no harm, and is not fitted to."""
_RIDGE = 3.0
_FOLDS = 5

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One face under one paint. `face`: whose, by picture and place in it; `apart`: from the unpainted face."""

    subject: str
    face: str
    name: str
    signs: Signs
    vector: Floats
    apart: float


class Looks:
    """Paints, finds the face anew and reads it; `lost` counts paints after which no measurable face was left."""

    def __init__(self) -> None:
        self._faces = MediaPipeFaces()
        self._identity = DlibIdentity()
        self.tried: dict[str, int] = defaultdict(int)

    def all(self) -> Iterator[Look]:
        for entry in entries():
            if entry.kind not in ("human", "mixed"):
                continue
            rgb = _fitted(entry.read())
            found = self._faces.faces(rgb)[:6]
            for place, face in enumerate(found):
                if self._doubt(rgb, face) is None:
                    subject = entry.subject if len(found) == 1 else f"{entry.path}#{place}"
                    yield from self._of(rgb, face, subject, f"{entry.path}#{place}", alone=len(found) < 3)

    def _of(self, rgb: Pixels, face: Face, subject: str, which: str, *, alone: bool) -> Iterator[Look]:
        own = self._identity.encode(rgb, face)
        sitter = Sitter(rgb=rgb, face=face, alpha=np.ones(rgb.shape[:2], np.float32))
        for name, paint in ({**CLEAR, **COVERS} if alone else {"untouched": CLEAR["untouched"]}).items():
            self.tried[name] += 1
            painted = paint(sitter)
            seen = face if name == "untouched" else self._again(painted, sitter, flipped=name == "mirrored")
            if seen is None or self._doubt(painted, seen) is not None:
                continue
            vector = self._identity.encode(painted, seen)
            yield Look(
                subject=subject,
                face=which,
                name=name,
                signs=read_signs(Pyramid(painted), seen),
                vector=vector,
                apart=self._identity.distance(own, vector),
            )

    def _again(self, painted: Pixels, sitter: Sitter, *, flipped: bool) -> Face | None:
        """The face nearest to where it was."""
        scale = painted.shape[1] / sitter.rgb.shape[1]
        left, top, width, height = (scale * v for v in sitter.face.box)
        middle = np.array([left + width / 2, top + height / 2])
        if flipped:
            middle[0] = painted.shape[1] - 1 - middle[0]
        for face in self._faces.faces(painted):
            gap = np.array([face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2]) - middle
            if abs(gap[0]) < 0.6 * width and abs(gap[1]) < 0.6 * height:
                return face
        return None

    def _doubt(self, rgb: Pixels, face: Face) -> Doubt | None:
        """What else than a cover keeps it from being measured."""
        doubt = self._identity.doubt(rgb, face)
        return None if doubt == "covered" else doubt


def measure() -> str:
    """A Markdown section: one row for each paint. Some seven minutes."""
    if not (EVAL / "index.csv").is_file():
        return "## Covered faces\n\nNot measured: the pictures to measure on are not here.\n"
    looks = Looks()
    seen = list(looks.all())
    rows = [_row(name, looks.tried[name], seen) for name in (*CLEAR, *COVERS)]
    return "\n".join(
        [
            "## Covered faces",
            "",
            "Told apart: further than the midpoint from every other photograph of the same person (of those not "
            "so far off unpainted), were a cover no reason not to measure; *unnoticed*: those left of them.",
            "",
            "| Paint | Faces | Measurable but for the cover | Called covered | Told apart | Unnoticed |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(name: str, tried: int, seen: Sequence[Look]) -> str:
    covering, midpoint = load_covering(), DlibIdentity().card.midpoint
    plain = [look for look in seen if look.name == "untouched"]
    shown = [look for look in seen if look.name == name]
    called = [covering.called(look.signs) for look in shown]
    before = {look.face: _nearest(look, plain) for look in plain}
    known = [before[look.face] < midpoint for look in shown]
    apart = [ok and _nearest(look, plain) > midpoint for look, ok in zip(shown, known, strict=True)]
    left = sum(a and not c for a, c in zip(apart, called, strict=True))
    low, high = wilson(sum(called), len(called)) if called else (0.0, 1.0)
    share = f"{sum(called)} ({100 * low:.0f}–{100 * high:.0f} %)"
    return f"| {name} | {tried} | {len(shown)} | {share} | {sum(apart)} of {sum(known)} | {left} |"


def _nearest(look: Look, plain: Sequence[Look]) -> float:
    others = [o for o in plain if o.subject == look.subject and o.face != look.face]
    return min((float(np.linalg.norm(look.vector - other.vector)) for other in others), default=np.inf)


# --- the fit ----------------------------------------------------------------------------------------------------------


def fit() -> str:
    """The weights as they stand in the file, and counts on people left out of the fit."""
    seen = list(Looks().all())
    limits = load_covering()
    mouth = _fit(seen, MOUTH, np.array([astuple(look.signs.mouth) for look in seen]), limits.mouth.limit, MouthSigns)
    eyes = _fit(seen, EYES, np.array([astuple(look.signs.eyes) for look in seen]), limits.eyes.limit, EyeSigns)
    return f"[mouth]\n{mouth}\n[eyes]\n{eyes}"


def _fit(seen: Sequence[Look], covers: Sequence[str], signs: Numbers, limit: float, names: type) -> str:
    truth = np.array([look.name in covers for look in seen])
    clear = np.array([look.name in CLEAR for look in seen])
    use = clear | (truth & (np.array([look.apart for look in seen]) > _FAR_OFF))
    middle, spread = signs[use].mean(axis=0), signs[use].std(axis=0)
    levels = (signs - middle) / spread
    fold = folds_by_identity(sorted({look.subject for look in seen}), _FOLDS)
    places = np.array([fold[look.subject] for look in seen])
    weights = _weights(truth, np.array([look.name == "untouched" for look in seen]), use)
    unseen = np.zeros(len(seen))
    for place in range(_FOLDS):
        taught = _logistic(levels, truth, np.where(places == place, 0.0, weights))
        unseen[places == place] = taught[0] + levels[places == place] @ taught[1:]
    all_of_them = _logistic(levels, truth, weights)
    raw = all_of_them[1:] / spread
    lines = [f"constant = {all_of_them[0] - raw @ middle:.3f}"]
    lines += [f"weights.{f.name} = {value:.3f}" for f, value in zip(fields(names), raw, strict=True)]
    plain = np.array([look.name == "untouched" for look in seen])
    for word, which in (
        ("untouched", plain),
        ("changed", clear & ~plain),
        ("covered", truth),
        ("far off", truth & use),
    ):
        lines.append(f"# {word}: {int((unseen[which] > limit).sum())} of {int(which.sum())} above {limit}, out of fold")
    return "\n".join(lines)


def _weights(truth: npt.NDArray[np.bool_], plain: npt.NDArray[np.bool_], use: npt.NDArray[np.bool_]) -> Numbers:
    """Both classes alike; untouched photographs three times."""
    alike = np.where(truth, 0.5 / (truth & use).sum(), 0.5 / (~truth & use).sum()) * use.sum()
    return np.asarray(np.where(use, alike * np.where(plain, 3.0, 1.0), 0.0), np.float64)


def _logistic(levels: Numbers, truth: npt.NDArray[np.bool_], weights: Numbers) -> Numbers:
    """Newton's method on the weighted log loss with a ridge; the constant first."""
    rows = np.column_stack([np.ones(len(levels)), levels])
    ridge = np.diag([1e-6] + [_RIDGE] * levels.shape[1])
    found = np.zeros(rows.shape[1])
    for _ in range(30):
        share = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (weights * (share - truth)) + ridge @ found
        bend = (rows * (weights * share * (1 - share))[:, None]).T @ rows + ridge
        step = np.linalg.solve(bend, slope)
        found -= step
        if np.abs(step).max() < 1e-5:
            break
    return found


def _fitted(rgb: Pixels) -> Pixels:
    scale = LONGEST / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    return np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    print(fit() if sys.argv[1:] == ["fit"] else measure())
