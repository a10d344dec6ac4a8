"""What kind of subject a character is, from the words it is described with. Pictures are not asked.

Words decide by the subject of each phrase, which English puts last ("a cat lady", "a baby elephant") and before what it
wears, holds or stands beside ("a girl with cat ears"). Where nothing is said, nothing is guessed. The words themselves
are in `kinds.toml` beside this file, read by the caller.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from samecast.core.errors import InvalidInput
from samecast.core.words import plain

SubjectKind: TypeAlias = Literal["animal", "toy", "cartoon", "thing"]
_Sense: TypeAlias = Literal["animal", "toy", "cartoon", "thing", "person"]
Phrase: TypeAlias = tuple[str, ...]

_EXCEPT: Mapping[_Sense, str] = {
    "cartoon": "not_drawn",
    "toy": "not_toy",
    "animal": "not_animal",
    "thing": "not_thing",
    "person": "",
}
_CLAUSES = re.compile(r"[,;:.!?()\[\]{}\n\"“”|/—–]+")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The words of each kind, and those that take their meaning away when they stand right after."""

    senses: Mapping[Phrase, _Sense]
    undone: Mapping[_Sense, frozenset[Phrase]]
    beside: frozenset[Phrase]
    lead_in: frozenset[Phrase]
    longest: int

    @staticmethod
    def parse(text: str) -> "Kinds":
        """Read `kinds.toml`. Raises `InvalidInput` for a text that is not of its form."""
        try:
            tree = tomllib.loads(text)
            senses: dict[Phrase, _Sense] = {}
            for sense in reversed(tuple(_EXCEPT)):  # a word of two kinds is the earlier one's
                senses.update((phrase, sense) for phrase in _phrases(tree[sense]["words"]))
            undone = {sense: frozenset(_phrases(tree[sense][key] if key else [])) for sense, key in _EXCEPT.items()}
            beside, lead_in = (frozenset(_phrases(tree[name]["words"])) for name in ("beside", "lead_in"))
        except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput(
                f"The kinds cannot be read: {error}.", hint="Take kinds.toml as samecast ships it."
            ) from error
        return Kinds(
            senses=senses,
            undone=undone,
            beside=beside,
            lead_in=lead_in,
            longest=max(map(len, {*senses, *beside, *lead_in, *frozenset().union(*undone.values())}), default=1),
        )

    def kind_of(self, texts: Sequence[str], tags: Iterable[str] = ()) -> SubjectKind | None:
        """The kind that a character's name and description (`texts`) and its tags say; None for a person or silence.

        A tag that names a kind settles it. Else what is said to be drawn is a cartoon, what is said to be made for play
        a toy; a text that tells of a person leaves nothing else. Anchors are no help: they name parts and belongings.
        """
        for tag in tags:
            said = self._subject(tag)
            if said and said != "person":
                return said
        senses = [sense for text in texts if (sense := self._subject(text))]
        for drawn_or_made in ("cartoon", "toy"):
            if drawn_or_made in senses:
                return drawn_or_made
        if "person" in senses:
            return None
        return next((sense for sense in senses if sense != "person"), None)

    def _subject(self, text: str) -> _Sense | None:
        """What the first telling clause of a text is about; a thing only where the text begins with it."""
        for number, clause in enumerate(_CLAUSES.split(plain(text))):
            senses = self._senses(_WORD.findall(clause))
            for drawn_or_made in ("cartoon", "toy"):
                if drawn_or_made in senses:
                    return drawn_or_made
            if senses and (number == 0 or senses[-1] != "thing"):
                return senses[-1]
        return None

    def _senses(self, words: Sequence[str]) -> list[_Sense]:
        """The senses of a clause's own phrases, in their order, up to what stands beside the subject."""
        found: list[_Sense] = []
        place = 0
        while place < len(words):
            if phrase := self._phrase(words, place, self.lead_in):
                found.clear()
            elif self._phrase(words, place, self.beside):
                return found
            elif phrase := self._phrase(words, place, self.senses):
                sense = self.senses[phrase]
                if not self._phrase(words, place + len(phrase), self.undone[sense]):
                    found.append(sense)
            place += max(1, len(phrase))
        return found

    def _phrase(self, words: Sequence[str], place: int, known: Collection[Phrase]) -> Phrase:
        """The longest known phrase that begins at `place`, its last word in the plural or not; empty for none."""
        for length in range(min(self.longest, len(words) - place), 0, -1):
            *before, last = words[place : place + length]
            for form in _singulars(last):
                if (*before, form) in known:
                    return (*before, form)
        return ()


def _singulars(word: str) -> tuple[str, ...]:
    """The word, and what it may be the plural of: dogs, foxes, ponies; mice and wolves are the lexicon's business."""
    forms = [word]
    if word.endswith("s"):
        forms.append(word[:-1])
    if word.endswith("es"):
        forms.append(word[:-2])
    if word.endswith("ies"):
        forms.append(word[:-3] + "y")
    return tuple(forms)


def _phrases(words: Sequence[str]) -> list[Phrase]:
    return [tuple(_WORD.findall(plain(word))) for word in words]
