"""A model's own options as a typed form: what each may be, what it is if nobody says, and reading what a user gave.

The form is data (the catalogue's). In a recipe an option is text, as it was settled here. What an option means is the
engine's.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from samecast.core.errors import InvalidInput

OptionKind: TypeAlias = Literal["number", "whole", "flag", "choice", "text"]
Settled: TypeAlias = tuple[tuple[str, str], ...]
"""Options as a recipe has them: name and value, sorted by name."""

LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. `least` and `most` bound a number; `choices` are a choice's; `default` "" leaves it to the model."""

    name: str
    kind: OptionKind
    says: str
    default: str = ""
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()

    def read(self, text: str) -> str:
        """The value as a recipe keeps it, or `InvalidInput` saying what it may be."""
        match self.kind:
            case "number" | "whole":
                return self._number(text)
            case "flag":
                word = text.strip().lower()
                if word in _YES or word in _NO:
                    return "true" if word in _YES else "false"
                raise self._wrong(text, "Say true or false.")
            case "choice":
                if text.strip() in self.choices:
                    return text.strip()
                raise self._wrong(text, f"It is one of: {', '.join(self.choices)}.")
            case "text":
                line = " ".join(text.split())
                if len(line) > LONGEST_TEXT or not line.isprintable():
                    raise self._wrong(line[:40], f"It is one line of at most {LONGEST_TEXT:,} readable characters.")
                return line

    def _number(self, text: str) -> str:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        least, most = self.least, self.most
        inside = math.isfinite(value) and (least is None or value >= least) and (most is None or value <= most)
        if not inside or (self.kind == "whole" and value != int(value)):
            raise self._wrong(text, f"It is {self.bounds}.")
        return str(int(value)) if self.kind == "whole" else f"{value:g}"

    @property
    def bounds(self) -> str:
        """What it may be, in words: 'a number from 0 to 1'."""
        if self.kind == "choice":
            return f"one of {', '.join(self.choices)}"
        noun = {"number": "a number", "whole": "a whole number", "flag": "true or false", "text": "text"}[self.kind]
        if self.least is not None and self.most is not None:
            return f"{noun} from {self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"{noun} from {self.least:g}"
        return f"{noun} up to {self.most:g}" if self.most is not None else noun

    def _wrong(self, text: str, hint: str) -> InvalidInput:
        return InvalidInput(f"The option {self.name} cannot be '{text}'.", hint=hint)


_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def settle(form: Sequence[Option], given: Mapping[str, str], model: str) -> Settled:
    """Every option of the form that has a value: what was given, else its default. A recipe keeps all of them, so that
    a default which changes later changes no take. Raises `InvalidInput` for one the model lacks, or a wrong value.
    """
    known = {option.name: option for option in form}
    for name in given:
        if name not in known:
            raise _unknown(name, known, model)
    values = {
        option.name: option.read(given[option.name]) if option.name in given else option.default for option in form
    }
    return tuple(sorted((name, value) for name, value in values.items() if value))


def _unknown(name: str, known: Mapping[str, Option], model: str) -> InvalidInput:
    if not known:
        return InvalidInput(f"{model} has no option '{name}', nor any other.", hint="Leave it out.")
    close = difflib.get_close_matches(name, list(known), n=1)
    guess = f"Did you mean {close[0]}? " if close else ""
    return InvalidInput(f"{model} has no option '{name}'.", hint=f"{guess}It has: {', '.join(known)}.")


def parse_given(texts: Sequence[str]) -> dict[str, str]:
    """ "NAME=VALUE" texts as a mapping. Raises `InvalidInput` for one that is none, and for a name given twice."""
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(f"'{text}' is not an option.", hint="Write it as NAME=VALUE, such as steps=20.")
        if name.strip() in given:
            raise InvalidInput(f"The option {name.strip()} is given twice.", hint="Give it once.")
        given[name.strip()] = value
    return given
