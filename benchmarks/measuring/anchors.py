"""Whether anchors are told held, moved or lost: drawn on real photographs, erased, mirrored, shifted and made worse.

Run it alone with `python -m benchmarks.measuring.anchors`. A mark or a colour is drawn on the reference and, at the
same place, on a *different* photograph of the same person; then the take is changed. Folds are by identity wherever a
limit is fitted. The photographs (../shared/eval) do not belong to the project: where they are absent it says so.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
from benchmarks.measuring.anchor_edits import MAKERS, PLACES, Layer, box_of, cover, draw
from benchmarks.measuring.anchor_paints import CASTS, WORN, Worn, cast, recoloured, wear, worn_box

from samecast.core.calibrating import fit, folds_by_identity
from samecast.core.cast import Anchor, Region
from samecast.core.consistency import AnchorVerdict
from samecast.core.lexicon import Lexicon
from samecast.core.rates import wilson
from samecast.ports import AnchorPrint, Face, Picture, Pixels
from samecast.vision.anchors import AnchorEyes
from samecast.vision.anchors.limits import mark_limits
from samecast.vision.faces import MediaPipeFaces

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
LONGEST = 1024
NAMES = {
    "scar": "scar on the cheek",
    "mole": "mole on the cheek",
    "freckles": "freckles on one cheek",
    "tattoo": "small tattoo on the face",
    "paint": "stripes of face paint",
    "eye patch": "eyepatch",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    rgb: Pixels
    face: Face


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One look: what was done to the take, what is so, and what was said."""

    subject: str
    kind: str
    edit: str
    truth: AnchorVerdict
    verdict: AnchorVerdict
    strength: float | None
    reason: str


def people(reader: MediaPipeFaces) -> dict[str, list[Photo]]:
    """Everyone with two photographs or more of a single face within 35 degrees of the camera."""
    with (EVAL / "index.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "human" and row["subject_id"]]
    found: dict[str, list[Photo]] = defaultdict(list)
    for row in rows:
        pixels = cv2.imread(str(EVAL / row["path"]), cv2.IMREAD_COLOR)
        if pixels is None:
            continue
        scale = min(1.0, LONGEST / max(pixels.shape[:2]))
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
        rgb = np.ascontiguousarray(small[:, :, ::-1], np.uint8)
        faces = reader.faces(rgb)
        if len(faces) == 1 and abs(faces[0].pose.yaw) < 35:
            found[row["subject_id"]].append(Photo(rgb=rgb, face=faces[0]))
    return {name: photos for name, photos in found.items() if len(photos) > 1}


def pairs(cast_of: dict[str, list[Photo]], count: int, rng: np.random.Generator) -> Iterator[tuple[str, Photo, Photo]]:
    """(who, reference, take), going round the people; always two different photographs."""
    names = sorted(cast_of)
    for index in range(count):
        name = names[index % len(names)]
        first, second = rng.permutation(len(cast_of[name]))[:2]
        yield name, cast_of[name][int(first)], cast_of[name][int(second)]


# --- marks ------------------------------------------------------------------------------------------------------


def degraded(rgb: Pixels, face: Face, rng: np.random.Generator) -> tuple[str, Pixels]:
    """One of: blurred, dark, JPEG 30, small; each as a bad take would have it."""
    eyes = float(np.linalg.norm(face.landmarks[263, :2] - face.landmarks[33, :2]))
    kind = ("blurred", "dark", "JPEG 30", "small")[int(rng.integers(4))]
    if kind == "blurred":
        return kind, np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.03 * eyes), np.uint8)
    if kind == "dark":
        noisy = rgb.astype(np.float32) * 0.25 + rng.normal(0, 1.5, rgb.shape)
        return kind, np.asarray(np.clip(noisy, 0, 255), np.uint8)
    if kind == "JPEG 30":
        _, code = cv2.imencode(".jpg", np.ascontiguousarray(rgb[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 30])
        return kind, np.ascontiguousarray(np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))[:, :, ::-1], np.uint8)
    shrink = min(1.0, 60 / eyes)
    return kind, np.asarray(cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    told: tuple[Told, ...]
    learned: dict[str, tuple[int, int]]
    """By kind: how many drawn marks could be learned, of how many."""
    invented: tuple[int, int]
    """How many unmarked places passed for a mark on the reference, of how many."""


def measure_marks(
    eyes: AnchorEyes, reader: MediaPipeFaces, cast_of: dict[str, list[Photo]], count: int, seed: int = 11
) -> Marks:
    rng = np.random.default_rng(seed)
    told: list[Told] = []
    learned: dict[str, list[bool]] = defaultdict(list)
    invented: list[bool] = []
    kinds = list(MAKERS)
    for index, (who, reference, take) in enumerate(pairs(cast_of, count, rng)):
        kind = kinds[(index + index // len(kinds)) % len(kinds)]
        layer, place = MAKERS[kind](rng), PLACES[kind][int(rng.integers(len(PLACES[kind])))]
        u, v = place
        if rng.random() < 0.5:
            layer, u = layer.flipped(), -u
        anchor = Anchor(text=NAMES[kind], region=Region(**_region(box_of(reference.rgb, reference.face, layer, u, v))))
        shown = draw(reference.rgb, reference.face, layer, u, v)
        wanted = eyes.learn(Picture(rgb=shown), reference.face, anchor)
        invented.append(not isinstance(eyes.learn(Picture(rgb=reference.rgb), reference.face, anchor), str))
        learned[kind].append(not isinstance(wanted, str))
        if isinstance(wanted, str):
            continue
        for edit, truth, rgb in mark_takes(take, layer, (u, v), rng):
            told.append(_look(eyes, reader, wanted, who, kind, (edit, truth, rgb)))
    return Marks(
        told=tuple(told),
        learned={kind: (sum(hits), len(hits)) for kind, hits in learned.items()},
        invented=(sum(invented), len(invented)),
    )


def mark_takes(
    take: Photo, layer: Layer, place: tuple[float, float], rng: np.random.Generator
) -> Iterator[tuple[str, AnchorVerdict, Pixels]]:
    """(edit, truth, picture): the same mark a little weaker, stronger or shifted; gone; on the other side."""
    varied = layer.varied(float(rng.uniform(0.8, 1.2)))
    u, v = np.array(place) + rng.normal(0, 0.012, 2)
    turn = rng.uniform(0, 2 * np.pi)
    held = draw(take.rgb, take.face, varied, u, v)
    yield "drawn again", "held", held
    yield (
        "shifted a little",
        "held",
        draw(take.rgb, take.face, varied, u + 0.05 * np.cos(turn), v + 0.05 * np.sin(turn)),
    )
    yield "erased", "lost", take.rgb
    yield "mirrored", "moved", draw(take.rgb, take.face, varied.flipped(), -u, v)
    if layer.kind != "eye patch":
        far = (u - np.sign(u) * 0.03, v - 0.45) if v > 0.3 else (u, v + 0.5)
        yield "shifted far", "lost", draw(take.rgb, take.face, varied, *far)
    name, worse = degraded(held, take.face, rng)
    yield name, "held", worse
    name, worse = degraded(take.rgb, take.face, rng)
    yield name, "lost", worse
    if rng.random() < 0.5:
        yield "covered", "not_assessable", cover(held, take.face, u, v, rng)


def _look(
    eyes: AnchorEyes,
    reader: MediaPipeFaces,
    wanted: AnchorPrint,
    who: str,
    kind: str,
    take: tuple[str, AnchorVerdict, Pixels],
) -> Told:
    """Look in a take as scoring would: its face is found anew."""
    edit, truth, rgb = take
    faces = reader.faces(rgb)
    sight = eyes.look(wanted, rgb, faces[0] if faces else None, None)
    return Told(
        subject=who,
        kind=kind,
        edit=edit,
        truth=truth,
        verdict=sight.verdict,
        strength=sight.strength,
        reason=sight.reason,
    )


def _region(box: tuple[float, float, float, float]) -> dict[str, float]:
    x, y = max(0.0, min(box[0], 0.999)), max(0.0, min(box[1], 0.999))
    return {"x": x, "y": y, "width": min(box[2], 1 - x), "height": min(box[3], 1 - y)}


# --- colours ----------------------------------------------------------------------------------------------------


def measure_colours(
    eyes: AnchorEyes, reader: MediaPipeFaces, cast_of: dict[str, list[Photo]], count: int, seed: int = 5
) -> tuple[Told, ...]:
    rng = np.random.default_rng(seed)
    told: list[Told] = []
    roomy = {who: [p for p in photos if worn_box(WORN["piping"], p.face, p.rgb)] for who, photos in cast_of.items()}
    roomy = {who: photos for who, photos in roomy.items() if len(photos) > 1}
    for index, (who, reference, take) in enumerate(pairs(roomy, count, rng)):
        kind = list(WORN)[index % len(WORN)]
        worn = WORN[kind].varied(rng)
        box = worn_box(worn, reference.face, reference.rgb)
        if box is None:
            continue
        shown = wear(reference.rgb, reference.face, worn)
        anchor = Anchor(text=f"{worn.word} {worn.noun}", region=Region(**_region(box)))
        wanted = eyes.learn(Picture(rgb=shown), reference.face, anchor)
        if isinstance(wanted, str):
            told.append(_refused(who, kind, wanted))
            continue
        for edit in colour_takes(take, worn, rng):
            told.append(_look(eyes, reader, wanted, who, kind, edit))
    return tuple(told)


def _refused(who: str, kind: str, why: str) -> Told:
    return Told(
        subject=who, kind=kind, edit="learning", truth="held", verdict="not_assessable", strength=None, reason=why
    )


def colour_takes(take: Photo, worn: Worn, rng: np.random.Generator) -> Iterator[tuple[str, AnchorVerdict, Pixels]]:
    """(edit, truth, picture) for something worn: there, elsewhere, another colour, gone, and under coloured light."""
    held = wear(take.rgb, take.face, worn.jittered(rng))
    yield "worn again", "held", held
    yield "taken off", "lost", take.rgb
    yield "mirrored", "moved", wear(take.rgb, take.face, worn.flipped())
    for far in (20.0, 40.0):
        yield f"recoloured by {far:.0f}", "lost", wear(take.rgb, take.face, recoloured(worn, far, rng))
    name = list(CASTS)[int(rng.integers(len(CASTS)))]
    yield f"{name} light", "held", cast(held, name)
    yield f"{name} light", "lost", cast(take.rgb, name)


# --- telling ----------------------------------------------------------------------------------------------------


def share(hits: int, total: int) -> str:
    """'91 % (58 of 64; 81-96)', with Wilson's interval."""
    if not total:
        return "-"
    low, high = wilson(hits, total)
    return f"{100 * hits / total:.0f} % ({hits} of {total}; {100 * low:.0f}-{100 * high:.0f})"


def confusion(told: Sequence[Told], by: str) -> list[str]:
    """A Markdown table: what was done to the take against what was said."""
    lines = [f"| {by} | truth | held | moved | lost | not assessable |", "|---|---|---|---|---|---|"]
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for look in told:
        groups[getattr(look, by), look.truth].append(look.verdict)
    for (name, truth), said in sorted(groups.items()):
        counts = " | ".join(str(said.count(word)) for word in ("held", "moved", "lost", "not_assessable"))
        lines.append(f"| {name} | {truth.replace('_', ' ')} | {counts} |")
    return lines


def rates(told: Sequence[Told]) -> list[str]:
    """Per kind, among what could be assessed: recall of each verdict, and how often loss is called wrongly."""
    lines = [
        "| kind | held told held | moved told moved | lost told lost | held called moved or lost | lost called held |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for kind in dict.fromkeys(["all", *sorted({look.kind for look in told})]):
        here = [t for t in told if kind in ("all", t.kind) and "not_assessable" not in (t.verdict, t.truth)]
        cells = []
        for truth in ("held", "moved", "lost"):
            group = [t for t in here if t.truth == truth]
            cells.append(share(sum(t.verdict == truth for t in group), len(group)))
        kept, gone = [t for t in here if t.truth == "held"], [t for t in here if t.truth == "lost"]
        cells.append(share(sum(t.verdict != "held" for t in kept), len(kept)))
        cells.append(share(sum(t.verdict == "held" for t in gone), len(gone)))
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return lines


def fitted(told: Sequence[Told]) -> list[str]:
    """The curve refitted in five folds by identity, each tried on the people it was not fitted to."""
    limits = mark_limits()
    amounts = [
        (t.subject, t.truth == "held", limits.midpoint + _logit(t.strength) / limits.slope)
        for t in told
        if t.strength is not None and t.truth in ("held", "lost", "moved")
    ]
    fold = folds_by_identity({who for who, _, _ in amounts})
    right = total = 0
    middles = []
    for number in sorted(set(fold.values())):
        train = [(held, x) for who, held, x in amounts if fold[who] != number]
        curve = fit([-x for held, x in train if held], [-x for held, x in train if not held])
        middles.append(-curve.midpoint)
        tried = [(held, x) for who, held, x in amounts if fold[who] == number]
        right += sum((x >= -curve.midpoint) == held for held, x in tried)
        total += len(tried)
    whole = fit([-x for _, held, x in amounts if held], [-x for _, held, x in amounts if not held])
    return [
        f"Presence at its own place, limit refitted in five folds by identity: right {share(right, total)}; "
        f"midpoints {min(middles):.3f} to {max(middles):.3f}; on all: slope {whole.slope:.1f}, "
        f"midpoint {-whole.midpoint:.3f}."
    ]


def _logit(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def measure(marks: int = 96, colours: int = 42) -> str:
    """The section on anchors; a sentence where the photographs are absent."""
    if not EVAL.is_dir():
        return "## Anchors\n\nNot measured: the photographs beside the repository are absent.\n"
    text = resources.files("samecast.core").joinpath("lexicon.toml").read_text(encoding="utf-8")
    eyes, reader = AnchorEyes(Lexicon.parse(text)), MediaPipeFaces()
    cast_of = people(reader)
    found = measure_marks(eyes, reader, cast_of, marks)
    worn = measure_colours(eyes, reader, cast_of, colours)
    photos = sum(len(entry) for entry in cast_of.values())
    lines = [
        "## Anchors",
        "",
        f"{len(found.told)} pictures with marks and {len(worn)} with colours, made of {photos} photographs of "
        f"{len(cast_of)} people; the take is always another photograph than the reference. In brackets: counts and "
        "Wilson's 95 % interval. Marks are drawn, not real.",
        "",
        "Learned from the reference, of those drawn: "
        + ", ".join(f"{kind} {hits} of {total}" for kind, (hits, total) in found.learned.items())
        + f". Unmarked places that passed for a mark: {share(*found.invented)}.",
        "",
        *rates(found.told),
        "",
        *confusion(found.told, "edit"),
        "",
        *fitted(found.told),
        "",
        "### Colours",
        "",
        *rates(worn),
        "",
        *confusion(worn, "edit"),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(measure())
