"""How well faces tell people apart, and what is said of pictures without one: the face part of `./run bench meter`.

The same pairs are judged, in the same run, as the `face_recognition` package judges them. The pictures lie beside this
repository; where they are absent the section says so.
"""

import csv
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from benchmarks.measuring import face_recognition_way as other_way
from benchmarks.reference import EVAL, SOMEBODY_BEHIND, Entry, cast_and_score, entries

from samecast.core.calibrating import (
    Curve,
    OutOfFold,
    Pair,
    Reliability,
    angle_bands,
    auc,
    equal_error_rate,
    folds_by_identity,
    out_of_fold,
    quantile,
    rate_at,
    reliability,
)
from samecast.core.rates import wilson
from samecast.media import LocalMedia
from samecast.ports import Floats
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.vision.crops import Pyramid
from samecast.vision.dlib_network import SIDE
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.identity import DlibIdentity, chip_square
from samecast.wiring import open_studio

RESAMPLES = 200
A_MAN = "insightface/rotate__rot_0.jpg"
WOMEN = tuple(
    f"insightface/{name}"
    for name in (
        "bulk__face_sample.jpg",
        "pose__left_wryneck.png",
        "reaction__close_eyes.jpeg",
        "reaction__open_eyes.png",
    )
)
"""Unlabelled, but a man and women are never one person: the East Asian faces of the set, told apart by eye."""
PEOPLE = ("deepface/img1.jpg", "deepface/img13.jpg", "azure-face/images__Family1-Dad1.jpg")
"""Whom animals and things are scored against."""
SMALL_TURNS, MOST_PER_SOURCE = (5.0, 30.0), 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A face of whom one knows whose it is."""

    path: str
    subject: str
    vector: Floats
    yaw: float
    seconds: float | None = None


class Eyes:
    """The meter's own face reader and encoder."""

    def __init__(self) -> None:
        self.faces = MediaPipeFaces()
        self.identity = DlibIdentity()
        self.media = LocalMedia()

    def look(self, entry: Entry) -> Known | None:
        """The largest face of a picture; None where none can be measured."""
        rgb = self.media.read_picture(EVAL / entry.path).rgb
        for face in self.faces.faces(rgb)[:1]:
            if self.identity.doubt(rgb, face) is None:
                vector = self.identity.encode(rgb, face)
                return Known(path=entry.path, subject=entry.subject, vector=vector, yaw=face.pose.yaw)
        return None

    def watch(self, clip: str, frames: int) -> list[Known]:
        seen = []
        for seconds, rgb in self.media.clip_frames(EVAL / clip, frames):
            for face in self.faces.faces(rgb)[:1]:
                vector = self.identity.encode(rgb, face)
                seen.append(Known(path=clip, subject=clip, vector=vector, yaw=face.pose.yaw, seconds=seconds))
        return seen

    def apart(self, a: Known, b: Known) -> float:
        return self.identity.distance(a.vector, b.vector)


def measure() -> str:
    """A Markdown section; minutes long on a slow machine."""
    if not (EVAL / "index.csv").is_file():
        return "## Faces\n\nNot measured: the pictures to measure on are not here.\n"
    eyes = Eyes()
    humans = [entry for entry in entries() if entry.kind == "human"]
    named = [entry for entry in humans if entry.subject]
    known = [seen for entry in named if (seen := eyes.look(entry)) is not None]
    pairs = [Pair(a=a.subject, b=b.subject, distance=eyes.apart(a, b)) for a, b in combinations(known, 2)]
    parts = [
        "## Faces",
        dlibs_numbers(eyes, named),
        told_apart(pairs, known, len(named)),
        promised(pairs, eyes),
        hard_cases(pairs, eyes, humans),
        turned(known, eyes),
    ]
    with (EVAL / "deepface" / "pairs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as home, open_studio(Settings(home=Path(home))) as studio:
        parts += [labelled(studio, rows, eyes), accusations(studio)]
    return "\n\n".join(parts) + "\n"


# --- one recogniser, many pairs ---------------------------------------------------------------------------------------


def dlibs_numbers(eyes: Eyes, named: Sequence[Entry]) -> str:
    """Whether the network as it is run here gives what dlib gives for the same chips."""
    gaps = []
    for entry in named:
        rgb = eyes.media.read_picture(EVAL / entry.path).rgb
        for face in eyes.faces.faces(rgb)[:1]:
            chip = Pyramid(rgb).crop(chip_square(face), SIDE)
            theirs = np.array(other_way.network().compute_face_descriptor(chip))
            gaps.append(float(np.abs(eyes.identity.encode(rgb, face) - theirs).max()))
    return f"The 128 numbers differ from dlib's own by {max(gaps):.1e} at the most, over {len(gaps)} faces."


def told_apart(pairs: Sequence[Pair], known: Sequence[Known], named: int) -> str:
    same, different = split(pairs)
    folds = folds_by_identity([face.subject for face in known])
    one, tenth = out_of_fold(pairs, folds, 0.01), out_of_fold(pairs, folds, 0.001)
    low, high = by_identity(known, pairs)
    people = len({face.subject for face in known})
    return "\n".join(
        [
            f"{len(known)} of {named} labelled photographs measured, {people} people: {len(same)} pairs of one person, "
            f"{len(different)} of two. Five folds by identity.",
            "",
            "| Figure | On all pairs | Out of fold |",
            "|---|---|---|",
            f"| AUC | {auc(same, different):.4f} (95% CI {low:.4f}-{high:.4f}, people redrawn) | {one.auc:.4f} |",
            f"| equal error rate | {equal_error_rate(same, different):.2%} | {one.equal_error_rate:.2%} |",
            *(_rate_row(far, same, different, tried) for far, tried in ((0.01, one), (0.001, tenth))),
            "",
            f"FAR 0.1 % is {len(different) * 0.001:.0f} pairs of {len(different)}: a handful, too few to rely on.",
        ]
    )


def _rate_row(far: float, same: Sequence[float], different: Sequence[float], tried: OutOfFold) -> str:
    rate = rate_at(same, different, far)
    low, high = wilson(round(rate.tar * len(same)), len(same))
    return (
        f"| TAR at FAR {100 * far:g} % | {rate.tar:.1%} (95% CI {low:.1%}-{high:.1%}), distance {rate.distance:.3f} "
        f"| TAR {tried.tar:.1%}, FAR {tried.far:.2%} |"
    )


def by_identity(known: Sequence[Known], pairs: Sequence[Pair]) -> tuple[float, float]:
    """The middle 95 % of the AUC where people are drawn anew, with replacement; a pair counts once for each drawing."""
    people = sorted({face.subject for face in known})
    chance, found = random.Random(0), []
    for _ in range(RESAMPLES):
        drawn = Counter(chance.choices(people, k=len(people)))
        same = [pair.distance for pair in pairs if pair.same for _ in range(drawn[pair.a])]
        different = [pair.distance for pair in pairs if not pair.same for _ in range(drawn[pair.a] * drawn[pair.b])]
        if same and different:
            found.append(auc(same, different))
    found.sort()
    return quantile(found, 0.025), quantile(found, 0.975)


def promised(pairs: Sequence[Pair], eyes: Eyes) -> str:
    card = eyes.identity.card
    curve = Curve(slope=card.slope, midpoint=card.midpoint)
    stored = reliability([curve.p(pair.distance) for pair in pairs], [pair.same for pair in pairs])
    refitted = out_of_fold(pairs, folds_by_identity([name for pair in pairs for name in (pair.a, pair.b)])).reliability
    return "\n".join(
        [
            f"Calibration error, at equal priors: {100 * refitted.error:.1f} points out of fold (a curve fitted to the "
            f"other people), {100 * stored.error:.1f} points for the stored curve on these pairs.",
            "",
            "| Promised P(same) | Pairs | Mean promise | Found, out of fold |",
            "|---|---|---|---|",
            *_reliability_rows(refitted),
        ]
    )


def _reliability_rows(found: Reliability) -> list[str]:
    return [
        f"| {row.low:.1f}-{row.high:.1f} | {row.pairs} | {row.promised:.2f} | {row.found:.2f} |" for row in found.rows
    ]


def hard_cases(pairs: Sequence[Pair], eyes: Eyes, humans: Sequence[Entry]) -> str:
    limit = eyes.identity.card.midpoint
    family = [p for p in pairs if not p.same and _family(p.a) and _family(p.a) == _family(p.b)]
    by_path = {entry.path: entry for entry in humans}
    man = eyes.look(by_path[A_MAN])
    women = [seen for path in WOMEN if (seen := eyes.look(by_path[path])) is not None]
    apart = [eyes.apart(man, woman) for woman in women] if man else []
    return "\n".join(
        [
            "| Different people, the hard ones | Pass for one (P at least 0.5) | Distances |",
            "|---|---|---|",
            _hard_row("of one family", [pair.distance for pair in family], limit),
            _hard_row("an East Asian man against women, told apart by eye", apart, limit),
        ]
    )


def _hard_row(name: str, distances: Sequence[float], limit: float) -> str:
    passed = sum(distance <= limit for distance in distances)
    if not distances:
        return f"| {name} | not measurable | |"
    return f"| {name} | {passed} of {len(distances)} | {min(distances):.2f} to {max(distances):.2f} |"


def _family(subject: str) -> str:
    return subject.split("-")[0] if subject.startswith("az_") else ""


def turned(known: Sequence[Known], eyes: Eyes) -> str:
    """How far real pictures of one person lie apart, by the difference of yaw: the photographs and the stock clip."""
    sources = defaultdict(list)
    for face in [*known, *eyes.watch("opens2v/stock_clip.mp4", 64)]:
        sources[face.subject].append(face)
    found: list[tuple[float, float]] = []
    for faces in sources.values():
        gathered = defaultdict(list)
        for a, b in combinations(faces, 2):
            if a.seconds is None or b.seconds is None or abs(a.seconds - b.seconds) >= 0.5:
                turn = abs(a.yaw - b.yaw)
                gathered[int(turn // 5)].append((turn, eyes.apart(a, b)))
        for rows in gathered.values():
            found += random.Random(0).sample(rows, min(MOST_PER_SOURCE, len(rows)))
    limit = eyes.identity.card.midpoint
    lines = ["| Difference of yaw, up to | Pairs of one person | Median distance | 95th percentile | Told apart |"]
    lines.append("|---|---|---|---|---|")
    begin = 0.0
    for band in angle_bands(found, turns=SMALL_TURNS):
        wrong = sum(distance > limit for turn, distance in found if begin < turn <= band.up_to)
        lines.append(f"| {band.up_to:.0f}° | {band.pairs} | {band.median:.3f} | {band.p95:.3f} | {wrong} |")
        begin = band.up_to
    return "\n".join(lines)


def split(pairs: Sequence[Pair]) -> tuple[list[float], list[float]]:
    same = [pair.distance for pair in pairs if pair.same]
    return same, [pair.distance for pair in pairs if not pair.same]


# --- as a user has it -------------------------------------------------------------------------------------------------


def labelled(studio: Studio, rows: Sequence[Mapping[str, str]], eyes: Eyes) -> str:
    """Each labelled pair: picture a cast, picture b scored; and both as `face_recognition` compares them."""
    said = cast_and_score(studio, rows)
    names = sorted({row[side] for row in rows for side in "ab"})
    pictures = {name: eyes.media.read_picture(EVAL / "deepface" / name).rgb for name in names}
    begin = time.perf_counter()
    for rgb in pictures.values():
        for face in eyes.faces.faces(rgb)[:1]:
            eyes.identity.encode(rgb, face)
    ours = len(names) / (time.perf_counter() - begin)
    begin = time.perf_counter()
    encodings = {name: other_way.face_encodings(rgb) for name, rgb in pictures.items()}
    theirs = len(names) / (time.perf_counter() - begin)
    told = [_told(encodings[row["a"]], encodings[row["b"]]) for row in rows]
    blind = sum(not found for found in encodings.values())
    return "\n".join(
        [
            f"{len(rows)} labelled pairs. Anything but *match* says *another person*. Images per second: found and "
            f"encoded one after the other, the pictures already read ({len(names)} of them).",
            "",
            "| | Right | One person, told apart | Two, taken for one | No face found in | Images/s |",
            "|---|---|---|---|---|---|",
            _verdict_row("samecast", rows, [verdict == "match" for verdict in said], _silent(said), ours),
            _verdict_row("face_recognition's way", rows, told, f"{blind} pictures", theirs),
            "",
            "The `deepface` package cannot be run here: it fetches its weights from the network when first used.",
        ]
    )


def _told(a: Sequence[other_way.Encoding], b: Sequence[other_way.Encoding]) -> bool:
    return bool(a and b) and other_way.same_person(a[0], b[0])


def _silent(said: Sequence[str]) -> str:
    unsaid = Counter(verdict for verdict in said if verdict in ("missing", "not_measurable"))
    return f"{sum(unsaid.values())} pairs"


def _verdict_row(name: str, rows: Sequence[Mapping[str, str]], said: Sequence[bool], silent: str, images: float) -> str:
    truths = [row["same"] == "1" for row in rows]
    right = sum(a == b for a, b in zip(said, truths, strict=True))
    low, high = wilson(right, len(rows))
    missed = sum(truth and not answer for truth, answer in zip(truths, said, strict=True))
    taken = sum(answer and not truth for truth, answer in zip(truths, said, strict=True))
    return (
        f"| {name} | {right} of {len(rows)} = {right / len(rows):.1%} (95% CI {low:.1%}-{high:.1%}) | {missed} "
        f"| {taken} | {silent} | {images:.1f} |"
    )


def accusations(studio: Studio) -> str:
    """Animals, toys and things scored against people: nobody there may be called a match, or a person who drifted."""
    cast = [studio.casting.add([EVAL / path], name=f"Person {i}", handle=f"q{i}") for i, path in enumerate(PEOPLE)]
    said: dict[str, Counter[str]] = defaultdict(Counter)
    blamed: list[str] = []
    for number, entry in enumerate(entries()):
        if entry.kind in ("animal", "object", "nonhuman_character") and Path(entry.path).name not in SOMEBODY_BEHIND:
            character = cast[number % len(cast)].character
            verdict = studio.scoring.score_file(character, EVAL / entry.path).verdict
            said[entry.kind][verdict] += 1
            blamed += [entry.path] if verdict in ("match", "drift") else []
    total = sum(sum(counts.values()) for counts in said.values())
    low, high = wilson(len(blamed), total)
    rows = [
        f"| {kind} | {counts['missing']} | {counts['not_measurable']} | {counts['drift'] + counts['match']} |"
        for kind, counts in said.items()
    ]
    return "\n".join(
        [
            f"Pictures without a person scored against {len(cast)} people: wrongly accused (*match* or *drift* of a "
            f"face) {len(blamed)} of {total} (95% CI {low:.1%}-{high:.1%}). {len(SOMEBODY_BEHIND)} pictures with "
            "somebody in the background are left out.",
            "",
            "| Kind | missing | not measurable | accused |",
            "|---|---|---|---|",
            *rows,
            *(f"\nAccused: {path}." for path in blamed),
        ]
    )


if __name__ == "__main__":
    print(measure())
