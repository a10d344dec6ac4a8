"""How the limits of who is who separate: blends, doubles, clothes, and people who cross. For `who.py`."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from benchmarks.measuring.who_eyes import Eyes
from benchmarks.measuring.who_scenes import Sitter, morph, panel

from samecast.core.calibrating import auc, fit, folds_by_identity
from samecast.core.sightings import Limits, SeenFace, SeenFrame, between
from samecast.core.whoswho import outcomes
from samecast.ports import Face, Floats, Pixels

FALSE_ALARMS = 0.003
"""The share of real faces that may be taken for a blend where its limits are chosen anew, without the people tried."""
_MIDDLES = (0.10, 0.12, 0.14, 0.16, 0.18, 0.20)
_BESIDES = (0.44, 0.46, 0.48, 0.50, 0.52, 0.55)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectored:
    """A photograph and its vector, read from its panel."""

    sitter: Sitter
    vector: Floats


def vectored(eyes: Eyes, found: Sequence[Sitter]) -> list[Vectored]:
    kept = []
    for sitter in found:
        seen = eyes.look(panel(sitter))
        if len(seen) == 1 and seen[0][1] is not None:
            kept.append(Vectored(sitter=sitter, vector=seen[0][1]))
    return kept


# --- blends -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A face between two references: its place between them, whether it is a blend, and whose faces are involved."""

    along: float
    off: float
    blend: bool
    share: float
    people: tuple[str, ...]
    alike: bool
    """The references are no farther apart than strangers may be: then nothing is said."""
    mean: bool = False

    def said(self, middle: float, beside: float) -> bool:
        return not self.alike and abs(self.along - 0.5) <= middle and self.off <= beside


def blends(eyes: Eyes, known: Sequence[Vectored], pairs: int = 30) -> list[Tried]:
    """Morphs and means of vectors of `pairs` couples, and every real face of one of them beside the other."""
    dice = random.Random(1)
    of: dict[str, list[Vectored]] = {}
    for entry in known:
        of.setdefault(entry.sitter.subject, []).append(entry)
    names = sorted(name for name, entries in of.items() if len(entries) > 1)
    couples = list(itertools.combinations(names, 2))
    tried = [entry for a, b in itertools.permutations(names, 2) for entry in _real(eyes, of[a], of[b])]
    related = [couple for couple in couples if all("Family1" in name for name in couple)]
    for a, b in [*dice.sample(couples, pairs), *related]:
        (learnt_a, one), (learnt_b, other) = dice.sample(of[a], 2), dice.sample(of[b], 2)
        mean = np.asarray((one.vector + other.vector) / 2, np.float32)
        tried.append(_tried(eyes, mean, learnt_a, learnt_b, blend=True, share=0.5, mean=True))
        for share in (0.3, 0.4, 0.5, 0.6, 0.7):
            seen = eyes.look(morph(one.sitter, other.sitter, share))
            if len(seen) == 1 and seen[0][1] is not None:
                tried.append(_tried(eyes, seen[0][1], learnt_a, learnt_b, blend=True, share=share))
    return tried


def _real(eyes: Eyes, own: Sequence[Vectored], others: Sequence[Vectored]) -> list[Tried]:
    return [
        _tried(eyes, shown.vector, learnt, other, blend=False, share=0.0)
        for learnt, shown in itertools.permutations(own, 2)
        for other in others
    ]


def _tried(
    eyes: Eyes, vector: Floats, a: Vectored, b: Vectored, *, blend: bool, share: float, mean: bool = False
) -> Tried:
    distance = eyes.identity.distance
    apart = distance(a.vector, b.vector)
    along, off = between(distance(vector, a.vector), distance(vector, b.vector), apart)
    people = (a.sitter.subject, b.sitter.subject)
    alike = apart <= eyes.limits.stranger
    return Tried(along=along, off=off, blend=blend, share=share, people=people, alike=alike, mean=mean)


def blends_told(tried: Sequence[Tried], limits: Limits) -> list[str]:
    assert limits.middle is not None
    assert limits.beside is not None
    real = [entry for entry in tried if not entry.blend]
    lines = ["| Blend | Made | Said |", "|---|---|---|"]
    for share in (0.3, 0.4, 0.5, 0.6, 0.7):
        made = [entry for entry in tried if entry.blend and not entry.mean and entry.share == share]
        said = sum(entry.said(limits.middle, limits.beside) for entry in made)
        lines.append(f"| morph, {share:.0%} of the way | {len(made)} | {said / len(made):.0%} |")
    means = [entry for entry in tried if entry.mean]
    said = sum(entry.said(limits.middle, limits.beside) for entry in means)
    lines.append(f"| mean of two vectors | {len(means)} | {said / len(means):.0%} |")
    for name, chosen in (
        ("a real face, of the other's family", [entry for entry in real if all("Family1" in p for p in entry.people)]),
        ("a real face, any other", [entry for entry in real if not all("Family1" in p for p in entry.people)]),
    ):
        said = sum(entry.said(limits.middle, limits.beside) for entry in chosen)
        lines.append(f"| {name} | {len(chosen)} | {said / len(chosen):.2%} |")
    found, false, count = _out_of_fold(tried)
    lines.append("")
    lines.append(
        f"Limits chosen on the other people (five folds by identity, at most {FALSE_ALARMS:.1%} false): of {count} "
        f"morphs 40 to 60 % of the way {found:.0%} said, of real faces {false:.2%}."
    )
    return lines


def _out_of_fold(tried: Sequence[Tried]) -> tuple[float, float, int]:
    fold = folds_by_identity(name for entry in tried for name in entry.people)
    middling = [entry for entry in tried if entry.blend and not entry.mean and 0.35 < entry.share < 0.65]
    real = [entry for entry in tried if not entry.blend]
    hits, alarms, counted, real_counted = 0, 0, 0, 0
    for held in sorted(set(fold.values())):

        def away(entry: Tried, held: int = held) -> bool:
            return all(fold[name] != held for name in entry.people)

        middle, beside = _chosen([e for e in middling if away(e)], [e for e in real if away(e)])
        for entry in middling:
            if not away(entry):
                counted += 1
                hits += entry.said(middle, beside)
        for entry in real:
            if not away(entry):
                real_counted += 1
                alarms += entry.said(middle, beside)
    return hits / max(counted, 1), alarms / max(real_counted, 1), len(middling)


def _chosen(blended: Sequence[Tried], real: Sequence[Tried]) -> tuple[float, float]:
    """The limits that find most blends at no more than `FALSE_ALARMS`."""
    grid = [
        (sum(e.said(middle, beside) for e in blended), (middle, beside))
        for middle in _MIDDLES
        for beside in _BESIDES
        if sum(e.said(middle, beside) for e in real) <= FALSE_ALARMS * len(real)
    ]
    return max(grid)[1]


# --- doubles ----------------------------------------------------------------------------------------------------------


def doubles_told(eyes: Eyes, known: Sequence[Vectored], limits: Limits) -> str:
    assert limits.clone is not None
    distance = eyes.identity.distance
    same, other, family = [], [], []
    for a, b in itertools.combinations(known, 2):
        apart = distance(a.vector, b.vector)
        if a.sitter.subject == b.sitter.subject:
            same.append(apart)
        elif a.sitter.subject[:10] == b.sitter.subject[:10] == "az_Family1":
            family.append(apart)
        else:
            other.append(apart)

    def within(values: Sequence[float]) -> str:
        return f"{sum(value <= limits.clone for value in values if limits.clone)} of {len(values)}"

    return (
        f"Nearer than the clone limit {limits.clone:.2f} lie {within(same)} pairs of one person's different "
        f"photographs (two pictures made at once lie nearer still), {within(family)} pairs of one family, and "
        f"{within(other)} pairs of other people."
    )


# --- clothes ----------------------------------------------------------------------------------------------------------


def clothes_told(eyes: Eyes, found: Sequence[Sitter]) -> str:
    """Same clothes: the photograph in other light, size and crop. Other clothes: every other photograph."""
    dice = np.random.default_rng(0)
    worn = {s.path: (s, c) for s in found if (c := eyes.clothing.describe(s.rgb, s.face)) is not None}
    same = []
    for sitter, clothes in worn.values():
        for _ in range(4):
            again = eyes.clothing.describe(*relit(sitter, dice))
            if again is not None:
                same.append(eyes.clothing.distance(clothes, again))
    other = [eyes.clothing.distance(a[1], b[1]) for a, b in itertools.combinations(worn.values(), 2)]
    curve = fit(same, other)
    return (
        f"Clothes can be seen in {len(worn)} of {len(found)} photographs. {len(same)} pairs of the same clothes in "
        f"other light, size and crop against {len(other)} of other photographs: AUC {auc(same, other):.3f} (fitted: "
        f"slope {curve.slope:.2f} at {curve.midpoint:.3f})."
    )


def relit(sitter: Sitter, dice: np.random.Generator) -> tuple[Pixels, Face]:
    """The photograph 0.6 to 1.5 times as bright, tinted, shrunk, as a poor JPEG; the face's box moved and scaled."""
    light = np.clip(sitter.rgb / 255.0 * dice.uniform(0.6, 1.5) * dice.uniform(0.9, 1.1, 3), 0, 1)
    size = float(dice.uniform(0.5, 1.0))
    small = cv2.resize(np.asarray(light * 255, np.uint8), None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    coded = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    left, top, width, height = (size * side for side in sitter.face.box)
    grow = float(dice.uniform(0.85, 1.2))
    left += float(dice.uniform(-0.2, 0.2)) * width - width * (grow - 1) / 2
    top += float(dice.uniform(-0.12, 0.12)) * height - height * (grow - 1) / 2
    box = (left, top, width * grow, height * grow)
    return np.asarray(coded, np.uint8), replace(sitter.face, box=box, landmarks=sitter.face.landmarks * size)


# --- people who cross -------------------------------------------------------------------------------------------------


def crossings_told(limits: Limits, walks: int = 3000) -> str:
    """Two people exchange their places on foot, or one comes as the other goes, as boxes and distances alone."""
    dice = random.Random(5)
    said = sum(any(o.kind == "swapped" for o in outcomes(_walk(dice), ("a", "b"), limits)) for _ in range(walks))
    return (
        f"{said} of {walks} drawn walks are called swapped: two people who stand, exchange places (2 to 6 face widths "
        "apart, at most 10 widths a second at their fastest, which is a brisk walk) and stand again, a third of them "
        "with one out of the picture before or after; judged every 0.1 to 1 seconds."
    )


def _walk(dice: random.Random) -> list[SeenFrame]:
    wide, every = dice.uniform(0.05, 0.12), dice.uniform(0.1, 1.0)
    apart, fastest = dice.uniform(2, 6), dice.uniform(2, 10)
    # A smooth move from rest to rest is at its fastest 1.875 times as fast as on average (minimum jerk, Flash 1985).
    lasts, begins, left = 1.875 * apart / fastest, dice.uniform(1.5, 3.0), dice.uniform(0.05, 0.2)
    gone = dice.choice(("nobody", "nobody", "one"))
    frames, seconds = [], dice.uniform(0, every)
    while seconds < begins + lasts + 3:
        done = min(max((seconds - begins) / lasts, 0.0), 1.0)
        moved = (10 * done**3 - 15 * done**4 + 6 * done**5) * apart * wide
        faces = [_walker(left + moved, wide, (0.4, 0.85))] if gone == "nobody" or done < 0.5 else []
        if gone == "nobody" or done > 0.5:
            faces.append(_walker(left + apart * wide - moved, wide, (0.85, 0.4)))
        frames.append(SeenFrame(seconds=seconds, faces=tuple(faces)))
        seconds += every
    return frames


def _walker(left: float, wide: float, distances: tuple[float, float]) -> SeenFace:
    return SeenFace(box=(left, 0.3, wide, 1.4 * wide), distances=distances)
