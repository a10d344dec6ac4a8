"""How well looks tell subjects without a human face apart: the appearance part of `./run bench meter`.

Every picture goes the way scoring goes: reduced to 640 pixels, cut out without a face, described, compared. The
pictures lie beside this repository; where they are absent the section says so.
"""

import itertools
import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from benchmarks.measuring.appearance_edits import EDITS
from benchmarks.reference import EVAL, Entry, entries

from samecast.core.calibrating import (
    Curve,
    Pair,
    Reliability,
    auc,
    enough_for,
    equal_error_rate,
    fit,
    folds_by_identity,
    out_of_fold,
    rate_at,
    reliability,
)
from samecast.core.consistency import HOLDS
from samecast.core.errors import InvalidInput
from samecast.core.kinds import SubjectKind
from samecast.media import LocalMedia
from samecast.ports import Floats, Picture, Pixels
from samecast.services.subjects import APPEARANCE_SIDE, LEAST_SUBJECT, MOST_SUBJECT
from samecast.vision.appearance import Blend, SubjectAppearance, colours, patterns
from samecast.vision.appearance.encoder import halves, shipped_blend
from samecast.vision.calibration import load_calibration
from samecast.vision.matte import SubjectMatte

KINDS: Mapping[str, SubjectKind] = {
    **dict.fromkeys(("db_cat", "db_dog", "db_dog3", "db_dog6", "db_dog8"), "animal"),
    **dict.fromkeys(("db_bear_plushie", "db_monster_toy", "db_poop_emoji"), "toy"),
    "db_red_cartoon": "cartoon",
    **dict.fromkeys(
        ("db_backpack", "db_can", "db_clock", "db_fancy_boot", "db_shiny_sneaker", "db_vase"),
        "thing",
    ),
}
DOGS = ("db_dog", "db_dog3", "db_dog6", "db_dog8")
WEIGHTS = (0.3, 0.45, 0.6, 0.8, 1.0, 1.3)
FOLDS = 5
COLOURLESS = ("db_dog3", "db_dog8", "db_fancy_boot", "db_shiny_sneaker")
"""White, grey or cream: a change of hue hardly shows on them."""
PEOPLE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One picture of the set, described."""

    name: str
    subject: str
    vector: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two pictures: how far apart in colour alone (as before), in colour under any light, and in details."""

    a: str
    b: str
    before: float
    colour: float
    shared: float
    richness: float

    def pair(self, blend: Blend) -> Pair:
        return Pair(a=self.a, b=self.b, distance=blend.distance(self.colour, self.shared, self.richness))

    @property
    def pair_before(self) -> Pair:
        return Pair(a=self.a, b=self.b, distance=self.before)

    def within(self, kind: SubjectKind) -> bool:
        return KINDS[self.a] == kind == KINDS[self.b]


def measure() -> str:
    if not (EVAL / "index.csv").is_file():
        return "## Appearance\n\nNot measured: the pictures to measure on are not here.\n"
    seen, unclear, milliseconds = described()
    compared = all_pairs(seen)
    blend = shipped_blend()
    parts = [
        "## Appearance: subjects without a human face",
        f"{len(seen)} pictures of {len({s.subject for s in seen})} subjects, cut out as scoring cuts them out; "
        f"{unclear} without a clear subject. Describing one takes {milliseconds:.0f} ms, comparing two "
        f"{spent_comparing(seen):.1f} ms.",
        kinds_table(compared, blend),
        held_out_section(compared),
        species_section(compared, blend),
        edits_section(seen),
        people_section(seen),
    ]
    return "\n\n".join(parts) + "\n"


# --- pictures to pairs ------------------------------------------------------------------------------------------------


class Eye:
    """What scoring does with a picture before it compares: reduce, cut out, describe."""

    def __init__(self) -> None:
        self._media, self._encoder = LocalMedia(), SubjectAppearance()
        self._own = threading.local()  # a matte's network serves one thread at a time
        self.seconds: list[float] = []

    def looks(self, pictures: Iterable[Pixels]) -> list[Floats | None]:
        """The description of each, in their order, two at a time; None where no subject is clear."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            return list(pool.map(self._look, pictures))

    def _look(self, rgb: Pixels) -> Floats | None:
        small = self._media.fit_picture(Picture(rgb=rgb), APPEARANCE_SIDE)
        if not hasattr(self._own, "matte"):
            self._own.matte = SubjectMatte()
        alpha: Floats = self._own.matte.matte(small, [])
        if not LEAST_SUBJECT <= float(alpha.mean()) <= MOST_SUBJECT:
            return None
        start = time.perf_counter()
        try:
            return self._encoder.encode(small.rgb, alpha)
        except InvalidInput:
            return None
        finally:
            self.seconds.append(time.perf_counter() - start)


def subjects() -> list[Entry]:
    return [entry for entry in entries() if entry.subject in KINDS]


def described() -> tuple[list[Seen], int, float]:
    """The set, how many of its pictures show no clear subject, and the median time to describe one."""
    eye, listed = Eye(), subjects()
    looks = eye.looks(entry.read() for entry in listed)
    seen = [
        Seen(name=entry.path, subject=entry.subject, vector=vector)
        for entry, vector in zip(listed, looks, strict=True)
        if vector is not None
    ]
    return seen, len(listed) - len(seen), 1000 * median(eye.seconds)


def compare(a: Seen, b: Seen) -> Compared:
    (colours_a, details_a), (colours_b, details_b) = halves(a.vector), halves(b.vector)
    return Compared(
        a=a.subject,
        b=b.subject,
        before=float(np.linalg.norm(colours_a[0] - colours_b[0])),
        colour=colours.colour_distance(colours_a, colours_b),
        shared=patterns.shared(details_a, details_b),
        richness=patterns.richness(details_a, details_b),
    )


def all_pairs(seen: Sequence[Seen]) -> list[Compared]:
    return [compare(a, b) for a, b in itertools.combinations(seen, 2)]


def spent_comparing(seen: Sequence[Seen]) -> float:
    """Milliseconds for one distance, the median of 60."""
    encoder, spent = SubjectAppearance(), []
    for a, b in itertools.islice(itertools.combinations(seen, 2), 60):
        start = time.perf_counter()
        encoder.distance(a.vector, b.vector)
        spent.append(time.perf_counter() - start)
    return 1000 * median(spent)


def curve_for(kind: SubjectKind) -> Curve:
    card = SubjectAppearance().card_for(kind)
    return Curve(slope=card.slope, midpoint=card.midpoint)


def split(pairs: Sequence[Pair]) -> tuple[list[float], list[float]]:
    return [p.distance for p in pairs if p.same], [p.distance for p in pairs if not p.same]


# --- how well it ranks ------------------------------------------------------------------------------------------------


def kinds_table(compared: Sequence[Compared], blend: Blend) -> str:
    rows = [
        "On the pairs it was fitted to; pairs of a kind are within it (that a boot is no dog is left out there). "
        "'Before' is the colour histogram alone.",
        "",
        "| kind | subjects | pairs same / different | AUC before | AUC | EER before | EER | TAR at FAR 1 % before | "
        "now | TAR at FAR 0.1 % |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in ("all", "animal", "toy", "thing", "cartoon"):
        chosen = [c for c in compared if kind == "all" or c.within(kind)]  # type: ignore[arg-type]
        rows.append(_kind_row(kind, chosen, blend))
    return "\n".join(rows)


def _kind_row(kind: str, chosen: Sequence[Compared], blend: Blend) -> str:
    now, old = split([c.pair(blend) for c in chosen]), split([c.pair_before for c in chosen])
    names = {name for c in chosen for name in (c.a, c.b)}
    head = f"| {kind} | {len(names)} | {len(now[0])} / {len(now[1])} "
    if len(names) < 2:
        return head + "| " + " | ".join(["one subject"] * 7) + " |"
    cells = [f"{auc(*old):.3f}", f"{auc(*now):.3f}", f"{equal_error_rate(*old):.1%}", f"{equal_error_rate(*now):.1%}"]
    cells += [_tar(old, 0.01), _tar(now, 0.01), _tar(now, 0.001)]
    return head + "| " + " | ".join(cells) + " |"


def _tar(pairs: tuple[list[float], list[float]], far: float) -> str:
    if not enough_for(far, len(pairs[1])):
        return "too few pairs"
    return f"{rate_at(*pairs, far).tar:.0%}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """What was promised of pairs whose subjects neither the blend nor the curve had seen."""

    odds: tuple[list[float], list[float]]
    tar: float
    far: float
    reliability: Reliability


def held_out(compared: Sequence[Compared]) -> HeldOut:
    """Leave-subjects-out, with the blend's weight chosen anew each time, as the curve and the threshold are."""
    fold = folds_by_identity([name for c in compared for name in (c.a, c.b)], FOLDS)
    groups: dict[frozenset[int], list[Compared]] = defaultdict(list)
    for each in compared:
        groups[frozenset({fold[each.a], fold[each.b]})].append(each)
    promised: list[tuple[float, bool, bool]] = []
    for held, group in sorted(groups.items(), key=lambda entry: sorted(entry[0])):
        rest = [c for others, elsewhere in groups.items() if not others & held for c in elsewhere]
        blend = best_blend(rest)
        near, apart = split([c.pair(blend) for c in rest])
        curve, limit = fit(near, apart), rate_at(near, apart, 0.01).distance
        tried = [c.pair(blend) for c in group]
        promised += [(curve.p(pair.distance), pair.same, pair.distance < limit) for pair in tried]
    same = [entry for entry in promised if entry[1]]
    different = [entry for entry in promised if not entry[1]]
    return HeldOut(
        odds=([1 - p for p, _, _ in same], [1 - p for p, _, _ in different]),
        tar=sum(passed for _, _, passed in same) / len(same),
        far=sum(passed for _, _, passed in different) / len(different),
        reliability=reliability([p for p, _, _ in promised], [truth for _, truth, _ in promised]),
    )


def best_blend(compared: Sequence[Compared]) -> Blend:
    """The weight with the least balanced log loss, of `WEIGHTS`."""

    def loss(weight: float) -> float:
        pairs = [c.pair(replace(shipped_blend(), weight=weight)) for c in compared]
        near, apart = split(pairs)
        curve = fit(near, apart)
        return -sum(math.log(max(1e-9, curve.p(d))) for d in near) / len(near) - sum(
            math.log(max(1e-9, 1 - curve.p(d))) for d in apart
        ) / len(apart)

    return replace(shipped_blend(), weight=min(WEIGHTS, key=loss))


def held_out_section(compared: Sequence[Compared]) -> str:
    now = held_out(compared)
    before = [c.pair_before for c in compared]
    old = out_of_fold(before, folds_by_identity([name for p in before for name in (p.a, p.b)], FOLDS))
    rows = [
        f"Left out: {FOLDS} folds of subjects; the blend, the curve and the threshold are fitted without those that "
        "they are tried on.",
        "",
        "| | AUC | EER | at the limit for FAR 1 %: TAR | FAR | calibration error |",
        "|---|---|---|---|---|---|",
        f"| histogram alone | {old.auc:.3f} | {old.equal_error_rate:.1%} | {old.tar:.0%} | {old.far:.1%} | "
        f"{old.reliability.error:.3f} |",
        f"| colours and details | {auc(*now.odds):.3f} | {equal_error_rate(*now.odds):.1%} | {now.tar:.0%} | "
        f"{now.far:.1%} | {now.reliability.error:.3f} |",
        "",
        "| promised | pairs | mean promise | found |",
        "|---|---|---|---|",
    ]
    rows += [
        f"| {r.low:.1f}-{r.high:.1f} | {r.pairs} | {r.promised:.2f} | {r.found:.2f} |" for r in now.reliability.rows
    ]
    return "\n".join(rows)


def species_section(compared: Sequence[Compared], blend: Blend) -> str:
    pooled = load_calibration("appearance").pooled
    old_limit = rate_at(*split([c.pair_before for c in compared]), 0.01).distance
    rows = [
        "Different animals that pass for one another, with the limit for FAR 1 % over all pairs, and with more than an "
        "even chance by the animals' own curve:",
        "",
        "| | pairs | before | now | by the curve |",
        "|---|---|---|---|---|",
    ]
    animal = load_calibration("appearance").for_kind("animal").curve
    for name, chosen in (
        ("two dogs", [c for c in compared if c.a != c.b and c.a in DOGS and c.b in DOGS]),
        ("the cat and a dog", [c for c in compared if {c.a, c.b} & {"db_cat"} and {c.a, c.b} & set(DOGS)]),
        ("a dog and the cream boot", [c for c in compared if "db_fancy_boot" in (c.a, c.b) and {c.a, c.b} & set(DOGS)]),
    ):
        now = [c.pair(blend).distance for c in chosen]
        rows.append(
            f"| {name} | {len(chosen)} | {sum(c.before < old_limit for c in chosen)} | "
            f"{sum(d < pooled.threshold for d in now)} | {sum(animal.p(d) >= HOLDS for d in now)} |"
        )
    return "\n".join(rows)


# --- what it survives -------------------------------------------------------------------------------------------------


def edits_section(seen: Sequence[Seen]) -> str:
    """One picture of each subject, changed: against itself, and against the subject's other pictures."""
    encoder, eye, media = SubjectAppearance(), Eye(), LocalMedia()
    firsts = {each.subject: each.name for each in reversed([s for s in seen if s.name.endswith("_01.jpg")])}
    originals = [
        (subject, media.fit_picture(Picture(rgb=media.read_picture(EVAL / name).rgb), APPEARANCE_SIDE).rgb)
        for subject, name in firsts.items()
    ]
    rows = [
        "One picture of each subject, changed and cut out anew: how many hold (by their kind's curve) against the "
        f"unchanged picture, and against the subject's other pictures. Turned hues should not hold; {len(COLOURLESS)} "
        "of the subjects are white, grey or cream, where a hue hardly shows, and are left out there.",
        "",
        "| change | unclear | holds against itself | median P | holds against others of it |",
        "|---|---|---|---|---|",
    ]
    for name, change in EDITS.items():
        chosen = [(s, rgb) for s, rgb in originals if not (name.startswith("hue") and s in COLOURLESS)]
        looks = eye.looks(change(rgb) for _, rgb in chosen)
        own: list[float] = []
        others: list[float] = []
        for (subject, _), vector in zip(chosen, looks, strict=True):
            if vector is None:
                continue
            curve = curve_for(KINDS[subject])
            for each in (s for s in seen if s.subject == subject):
                odds = curve.p(encoder.distance(each.vector, vector))
                (own if each.name == firsts[subject] else others).append(odds)
        rows.append(
            f"| {name} | {len(chosen) - len(own)} | {sum(p >= HOLDS for p in own)} of {len(own)} | {median(own):.2f} | "
            f"{sum(p >= HOLDS for p in others)} of {len(others)} |"
        )
    return "\n".join(rows)


def people_section(seen: Sequence[Seen]) -> str:
    """A person where an animal should be is not the animal."""
    eye, encoder = Eye(), SubjectAppearance()
    curve = curve_for("animal")
    people = [entry for entry in entries() if entry.path.startswith("deepface/img")][:PEOPLE]
    looks = [v for v in eye.looks(entry.read() for entry in people) if v is not None]
    animals = [each for each in seen if KINDS[each.subject] == "animal"]
    odds = [curve.p(encoder.distance(a.vector, v)) for a in animals for v in looks]
    passed = sum(p >= HOLDS for p in odds)
    return f"{len(looks)} pictures of people against {len(animals)} of animals: {passed} of {len(odds)} pairs hold."


if __name__ == "__main__":
    print(measure())
