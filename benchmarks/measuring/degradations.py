"""What the meter says when a good picture is spoilt: the degradation part of `./run bench meter`.

Everyone with two photographs is cast from one of them. The other one, the same one, and a photograph of somebody else
are spoilt alike (`edits`) and scored through the services, as a user's files are.
"""

import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
from benchmarks.measuring.edits import EDITS, Sitter
from benchmarks.reference import EVAL, Entry, entries

from samecast.core.cast import Character
from samecast.core.consistency import Score
from samecast.core.rates import figure
from samecast.media import LocalMedia
from samecast.ports import Pixels
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.matte import SubjectMatte
from samecast.wiring import open_studio

LONGEST = 640
"""Pixels to which a photograph is reduced before it is spoilt."""
COLUMNS = (
    "Edit",
    "Same person, another photograph",
    "Median P",
    "The very photograph",
    "Somebody else, spoilt alike",
    "Median P",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody cast from `reference`, and sitting in it and in another photograph."""

    subject: str
    character: Character
    reference: Sitter
    other: Sitter


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    verdict: str
    p_same: float | None


class Sittings:
    """Writes pictures and has them scored."""

    def __init__(self, studio: Studio, folder: Path) -> None:
        self._studio = studio
        self._media = LocalMedia()
        self._faces = MediaPipeFaces()
        self._matte = SubjectMatte()
        self._path = folder / "candidate.png"
        self._cast = 0

    def person(self, subject: str, photographs: Sequence[Entry]) -> Person | None:
        """The first two photographs in which the face can be found; None where there are not two."""
        found = [(entry, sitter) for entry in photographs if (sitter := self._sitter(entry)) is not None][:2]
        if len(found) < 2:
            return None
        (first, reference), (_, other) = found
        character = self._studio.casting.add([EVAL / first.path], name=subject, handle=f"p{self._cast}").character
        self._cast += 1
        return Person(subject=subject, character=character, reference=reference, other=other)

    def say(self, character: Character, rgb: Pixels) -> Said:
        cv2.imwrite(str(self._path), rgb[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        score: Score = self._studio.scoring.score_file(character, self._path)
        return Said(verdict=score.verdict, p_same=score.p_same)

    def _sitter(self, entry: Entry) -> Sitter | None:
        picture = self._media.fit_picture(self._media.read_picture(EVAL / entry.path), LONGEST)
        found = self._faces.faces(picture.rgb)
        if not found:
            return None
        return Sitter(rgb=picture.rgb, face=found[0], alpha=self._matte.matte(picture, found))


def measure() -> str:
    """A Markdown section with one row for each edit; some minutes."""
    if not (EVAL / "index.csv").is_file():
        return "## Spoilt pictures\n\nNot measured: the pictures to measure on are not here.\n"
    photographs = defaultdict(list)
    for entry in entries():
        if entry.kind == "human" and entry.subject:
            photographs[entry.subject].append(entry)
    with tempfile.TemporaryDirectory() as home, open_studio(Settings(home=Path(home) / "home")) as studio:
        sittings = Sittings(studio, Path(home))
        found = (sittings.person(subject, shown) for subject, shown in photographs.items() if len(shown) > 1)
        people = [person for person in found if person is not None]
        rows = [_row(name, people, sittings) for name in EDITS]
        relatives = family(people, photographs, sittings)
    return "\n".join(
        [
            "## Spoilt pictures",
            "",
            f"{len(people)} people with two photographs each. The words count pictures; *told apart* is a *drift*, "
            "*silent* is *not measurable* or *missing*. Median P(same) is over the pictures that were measured.",
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|---|---|---|---|---|---|",
            *rows,
            relatives,
            "",
            "The last row is the unspoilt photographs of the others in one's own family (parents, children, couples).",
            "",
        ]
    )


def _row(name: str, people: Sequence[Person], sittings: Sittings) -> str:
    edit = EDITS[name]
    genuine = [sittings.say(person.character, edit(person.other)) for person in people]
    copies = [sittings.say(person.character, edit(person.reference)) for person in people]
    strangers = list(_strangers(people))
    others = [sittings.say(person.character, edit(stranger.other)) for person, stranger in strangers]
    return (
        f"| {name} | {told(genuine, 'match', 'told apart')} | {median(genuine)} "
        f"| {told(copies, 'match', 'told apart')} | {told(others, 'taken for one', 'told apart')} | {median(others)} |"
    )


def _strangers(people: Sequence[Person]) -> Iterable[tuple[Person, Person]]:
    """Everybody with two people further down the list who are not of the same family."""
    for index, person in enumerate(people):
        ahead = [people[(index + step) % len(people)] for step in range(1, len(people))]
        unrelated = [other for other in ahead if _family(other.subject) != _family(person.subject)]
        yield from ((person, other) for other in unrelated[:2])


def family(people: Sequence[Person], photographs: Mapping[str, Sequence[Entry]], sittings: Sittings) -> str:
    media, said = LocalMedia(), []
    for person in people:
        for subject, shown in photographs.items():
            if subject != person.subject and _family(subject) == _family(person.subject):
                said += [sittings.say(person.character, media.read_picture(EVAL / e.path).rgb) for e in shown]
    return f"| another member of the family | | | | {told(said, 'taken for one', 'told apart')} | {median(said)} |"


def _family(subject: str) -> str:
    return subject.split("-")[0]


def told(said: Sequence[Said], same: str, other: str) -> str:
    counts = Counter(entry.verdict for entry in said)
    silent = counts["not_measurable"] + counts["missing"]
    parts = ((counts["match"], same), (counts["drift"], other), (silent, "silent"))
    return ", ".join(f"{count} {word}" for count, word in parts if count)


def median(said: Sequence[Said]) -> str:
    known = [entry.p_same for entry in said if entry.p_same is not None]
    return figure(statistics.median(known)) if known else "–"


if __name__ == "__main__":
    print(measure())
