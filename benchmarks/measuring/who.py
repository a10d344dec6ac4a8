"""Who is who, measured: what the meter says to made scenes of two and three real people whose truth is known, how its
limits separate on people they were not set on, and what it says to real group pictures.

Run it alone with `python -m benchmarks.measuring.who` from the repository's root; `./run bench meter` includes it.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from benchmarks.measuring import who_limits
from benchmarks.measuring.who_eyes import Eyes, Known
from benchmarks.measuring.who_scenes import EVAL, Pose, Sitter, beside, morph, panel, read, sitters

from samecast.ports import Pixels

KINDS = ("swapped", "blended", "cloned", "missing", "extra")
CLIP_FRAMES = 6
FAMILY = "az_Family1"


# --- scenes -----------------------------------------------------------------------------------------------------------

Made = tuple[list[Pixels], list[Known]]
"""The pictures of a scene (one for a still), and who is cast."""


class Stage:
    """Makes scenes from the photographs; a reference is never the photograph that is shown."""

    def __init__(self, eyes: Eyes, found: Sequence[Sitter], seed: int = 0) -> None:
        self.eyes = eyes
        self.dice = random.Random(seed)
        self.of: dict[str, list[Sitter]] = {}
        for sitter in found:
            self.of.setdefault(sitter.subject, []).append(sitter)
        self.of = {name: photographs for name, photographs in self.of.items() if len(photographs) > 1}

    def people(self, count: int, among: str = "df_") -> list[tuple[Known, Sitter, Sitter]]:
        """Different people, each with a reference and two more photographs (twice the same where there are but two)."""
        names = self.dice.sample(sorted(name for name in self.of if name.startswith(among)), count)
        chosen = [self.dice.sample(self.of[name], min(3, len(self.of[name]))) for name in names]
        return [(self.eyes.know(photos[0]), photos[1], photos[-1]) for photos in chosen]

    def varied(self) -> Pose:
        draw = self.dice.uniform
        return Pose(
            size=draw(0.75, 1.25), shift=draw(-0.06, 0.06), mirrored=self.dice.random() < 0.5, light=draw(0.6, 1.2)
        )

    def right(self, count: int = 2, among: str = "df_", reverse: bool = False) -> Made:
        people = self.people(count, among)
        shown = [panel(sitter, self.varied()) for _, sitter, _ in people]
        return [beside(*(shown[::-1] if reverse else shown))], [known for known, _, _ in people]

    def turned(self) -> Made:
        """As right, with the most turned photograph of each."""
        people = self.people(2)
        sides = [max(self.of[known.sitter.subject], key=lambda s: _turn(s, known)) for known, _, _ in people]
        return [beside(*(panel(sitter) for sitter in sides))], [known for known, _, _ in people]

    def clip(self, seats: Sequence[tuple[Sitter, Sitter]]) -> list[Pixels]:
        """One frame each from seats left and right; everyone sways a little, and the light breathes."""
        draw = self.dice.uniform
        return [
            beside(
                *(panel(s, Pose(shift=draw(-0.03, 0.03), size=draw(0.97, 1.03), light=draw(0.9, 1.1))) for s in pair)
            )
            for pair in seats
        ]

    def right_clip(self) -> Made:
        (a, left, _), (b, right, _) = self.people(2)
        return self.clip([(left, right)] * CLIP_FRAMES), [a, b]

    def swapped_clip(self) -> Made:
        (a, left, _), (b, right, _) = self.people(2)
        half = CLIP_FRAMES // 2
        return self.clip([(left, right)] * half + [(right, left)] * half), [a, b]

    def turning_clip(self) -> Made:
        """The face on the left becomes the other character's; on the right sits somebody else all along."""
        (a, one, _), (b, other, _), (_, guest, _) = self.people(3)
        half = CLIP_FRAMES // 2
        return self.clip([(one, guest)] * half + [(other, guest)] * half), [a, b]

    def dressed(self) -> Made | None:
        """Each one's face, from another photograph, on the other's reference's body."""
        (a, one, _), (b, other, _) = self.people(2)
        if a.clothes is None or b.clothes is None:
            return None
        return [beside(morph(b.sitter, one, 1.0), morph(a.sitter, other, 1.0))], [a, b]

    def missing(self, strangers: int = 0) -> Made:
        (a, one, _), (b, _, _), *others = self.people(2 + strangers)
        shown = [panel(one, self.varied()), *(panel(s, self.varied()) for _, s, _ in others)]
        return [beside(*shown, np.full_like(shown[0], 120))], [a, b]

    def cloned(self, photographs: int, instead: bool) -> Made:
        """One character twice (from one photograph, or from two), beside the other or instead."""
        (a, one, two), (b, other, _) = self.people(2)
        second = panel(two if photographs == 2 else one, self.varied())
        return [beside(panel(one), second, *([] if instead else [panel(other)]))], [a, b]

    def blended(self, share: float, among: str = "df_", company: bool = True) -> Made:
        (a, one, _), (b, other, _) = self.people(2, among)
        shown = [morph(one, other, share), *([panel(other)] if company else [])]
        return [beside(*shown)], [a, b]

    def extra(self, strangers: int, cast: int = 2) -> Made:
        people = self.people(cast + strangers)
        return [beside(*(panel(s, self.varied()) for _, s, _ in people))], [known for known, _, _ in people[:cast]]

    def instead(self) -> Made:
        """Somebody else stands where the second character should."""
        (a, one, _), (b, _, _), (_, guest, _) = self.people(3)
        return [beside(panel(one), panel(guest))], [a, b]


def _turn(sitter: Sitter, known: Known) -> float:
    return -1.0 if sitter.path == known.sitter.path else abs(sitter.face.pose.yaw)


Condition = tuple[str, tuple[str, ...], int, Callable[[Stage], Made | None]]
"""In words, what should be said, how many are made, and how."""

CONDITIONS: tuple[Condition, ...] = (
    ("right: two people", (), 20, lambda s: s.right()),
    ("right: the other way round", (), 10, lambda s: s.right(reverse=True)),
    ("right: three people", (), 12, lambda s: s.right(3)),
    ("right: heads turned", (), 12, Stage.turned),
    ("right: one family", (), 12, lambda s: s.right(2, FAMILY)),
    ("right: a clip", (), 8, Stage.right_clip),
    ("places swapped in mid-clip", ("swapped",), 8, Stage.swapped_clip),
    ("one turns into the other in mid-clip", ("swapped",), 8, Stage.turning_clip),
    ("faces on each other's bodies", ("swapped",), 16, Stage.dressed),
    ("one missing", ("missing",), 12, Stage.missing),
    ("one missing, two strangers", ("missing", "extra"), 10, lambda s: s.missing(2)),
    ("a stranger in one's place", (), 10, Stage.instead),
    ("cloned, from one photograph", ("cloned",), 12, lambda s: s.cloned(1, instead=False)),
    ("cloned, from two photographs", ("cloned",), 12, lambda s: s.cloned(2, instead=False)),
    ("cloned in the other's place", ("cloned", "missing"), 10, lambda s: s.cloned(2, instead=True)),
    ("blended half and half", ("blended",), 16, lambda s: s.blended(0.5)),
    ("blended half and half, alone", ("blended", "missing"), 8, lambda s: s.blended(0.5, company=False)),
    ("blended 35:65", ("blended",), 10, lambda s: s.blended(0.35)),
    ("blended, one family", ("blended",), 6, lambda s: s.blended(0.5, FAMILY)),
    ("one person more", ("extra",), 12, lambda s: s.extra(1)),
    ("two people more", ("extra",), 8, lambda s: s.extra(2)),
    ("a cast of one among three", ("extra",), 8, lambda s: s.extra(2, cast=1)),
)


def table(eyes: Eyes, stage: Stage) -> tuple[list[str], int]:
    """The confusion table, and how many scenes it counts."""
    rows = [
        "| Made | Should be said | Scenes | " + " | ".join(KINDS) + " | nothing |",
        "|---|---|---|" + "---|" * (len(KINDS) + 1),
    ]
    total = 0
    for name, wanted, count, make in CONDITIONS:
        said, made = Counter[str](), 0
        for _ in range(4 * count):
            scene = make(stage) if made < count else None
            if scene is None:
                continue
            made += 1
            said.update({outcome.kind for outcome in eyes.judge(*scene)} or ("nothing",))
        total += made
        right = wanted or ("nothing",)
        cells = [f"**{said[kind]}**" if kind in right else str(said[kind] or "") for kind in (*KINDS, "nothing")]
        rows.append(f"| {name} | {', '.join(right)} | {made} | {' | '.join(cells)} |")
    return rows, total


GROUPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("azure-face/images__identification1.jpg", ("az_Family1-Dad", "az_Family1-Mom", "az_Family1-Daughter",
     "az_Family1-Son"), "a family of four, all cast"),
    ("azure-face/images__identification1.jpg", ("az_Family1-Dad", "az_Family1-Son"), "the family, father and son cast"),
    ("azure-face/images__identification1.jpg", ("az_Family1-Daughter",), "the family, the daughter cast"),
    ("azure-face/images__identification1.jpg", ("az_Family1-Mom", "df_03"), "the family, mother and a stranger cast"),
    ("azure-face/images__test-image-person-group.jpg", ("az_Family2-Lady", "az_Family2-Man"), "a couple, both cast"),
    ("azure-face/images__test-image-person-group.jpg", ("az_Family2-Lady", "df_10"), "the couple, she and a stranger"),
    ("deepface/couple.jpg", ("df_00",), "two people, one cast"),
    ("deepface/couple.jpg", ("df_00", "df_05"), "two people, one and a stranger cast"),
    ("deepface/selfie-many-people.jpg", ("df_04", "df_05"), "a crowd, two strangers cast"),
    ("azure-face/images__detection5.jpg", ("df_00", "df_01"), "three people, two strangers cast"),
)  # fmt: skip


def groups(eyes: Eyes, stage: Stage) -> list[str]:
    """What is said to real pictures of several people, word for word but for the names."""
    rows = ["| Real picture | Said |", "|---|---|"]
    for path, names, what in GROUPS:
        cast = [eyes.know(stage.of[name][0]) for name in names]
        said = [outcome.reason for outcome in eyes.judge([read(path)], cast)]
        rows.append(f"| {what} | {' '.join(said) or 'nothing'} |")
    return rows


def real_clips(eyes: Eyes, stage: Stage) -> list[str]:
    """Two clips of one person, cast from their own first clear frame beside each of the others in turn."""
    lines = []
    for name in ("stock_clip.mp4", "generated_clip.mp4"):
        pictures = frames_of(EVAL / "opens2v" / name)
        clear = next(rgb for rgb in pictures if len(seen := eyes.look(rgb)) == 1 and seen[0][1] is not None)
        (face, vector, clothes), *_ = eyes.look(clear)
        assert vector is not None
        own = Known(sitter=Sitter(path=name, subject=name, rgb=clear, face=face), vector=vector, clothes=clothes)
        others = [eyes.know(photographs[0]) for subject, photographs in stage.of.items() if subject.startswith("df_")]
        said = Counter(kind for other in others for kind in {o.kind for o in eyes.judge(pictures, [own, other])})
        told = ", ".join(f"{kind} {count}" for kind, count in said.most_common()) or "nothing"
        lines.append(
            f"{name}, {len(pictures)} frames, cast beside {len(others)} people in turn who are not in it (each missing "
            f"wherever the face can be measured): {told}."
        )
    return lines


def frames_of(path: Path, count: int = 32) -> list[Pixels]:
    """Evenly spaced frames."""
    clip = cv2.VideoCapture(str(path))
    total = int(clip.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = {round(place) for place in np.linspace(0, total - 1, count)}
    found = []
    for index in range(total):
        there, bgr = clip.read()
        if there and index in wanted:
            found.append(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8))
    return found


def measure() -> str:
    """A Markdown section; says so where the pictures are absent."""
    if not EVAL.is_dir():
        return "## Who is who\n\nNot measured: the pictures beside the repository are not here."
    start = time.perf_counter()
    eyes = Eyes()
    found = sitters(eyes.faces)
    stage = Stage(eyes, found)
    rows, total = table(eyes, stage)
    known = who_limits.vectored(eyes, found)
    lines = [
        "## Who is who",
        "",
        f"{total} scenes made of photographs of {len(stage.of)} people (a reference is another photograph of the same "
        "person); in how many each outcome is said, what should be said in bold. A clip has six judged frames.",
        "",
        *rows,
        "",
        *groups(eyes, stage),
        "",
        *real_clips(eyes, stage),
        "",
        *who_limits.blends_told(who_limits.blends(eyes, known), eyes.limits),
        "",
        who_limits.doubles_told(eyes, known, eyes.limits),
        "",
        who_limits.clothes_told(eyes, found),
        "",
        who_limits.crossings_told(eyes.limits),
        "",
        f"Measured in {time.perf_counter() - start:.0f} s.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(measure())
