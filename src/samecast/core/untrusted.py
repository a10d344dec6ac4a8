"""JSON out of a character file that nobody vouches for: read as what it should be, or refused in one line.

No more than the standard has, and nothing twice. What should be in it is `travelling`'s.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from samecast.core.errors import InvalidInput
from samecast.core.words import one_line

Tree: TypeAlias = Mapping[str, object]

_DIGITS = 18
_ASK_AGAIN = "Ask whoever sent it for a new export."


def refused(reason: str, *, hint: str = _ASK_AGAIN) -> InvalidInput:
    """The error for a character file that cannot be used; `reason` goes on after "The character file"."""
    return InvalidInput(f"The character file {reason}.", hint=hint)


def parsed(text: str) -> object:
    """JSON as the standard has it: no NaN, no number beyond all bounds, no key twice. Raises `InvalidInput`."""
    try:
        tree: object = json.loads(
            text, object_pairs_hook=_once, parse_int=_whole, parse_float=_finite, parse_constant=_finite
        )
    except RecursionError as error:
        raise refused("has a manifest that is nested too deep") from error
    except ValueError as error:
        raise refused("has a manifest that is no JSON") from error
    return tree


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise refused("says one thing twice in its manifest")
    return fields


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise refused("has a number in its manifest that is too large")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise refused("has a number in its manifest that is none")
    return number


def object_of(value: object, where: str, keys: Sequence[str]) -> Tree:
    """The object, which has these keys and no others."""
    if not isinstance(value, dict):
        raise refused(f"has something else than an object in {where}")
    for key in keys:
        if key not in value:
            raise refused(f"does not have '{key}' in {where}")
    for key in value:
        if key not in keys:
            raise refused(f"has '{shown(key)}' in {where}, which does not belong there")
    return value


def list_of(value: object, what: str, most: int) -> list[object]:
    if not isinstance(value, list):
        raise refused(f"has something else than a list for {what}")
    if len(value) > most:
        raise refused(f"has {len(value):,} entries in {what}; {most:,} is the most")
    return value


def text_of(value: object, what: str, longest: int) -> str:
    if not isinstance(value, str):
        raise refused(f"has something else than text for {what}")
    if len(value) > longest:
        raise refused(f"has {len(value):,} characters for {what}; {longest:,} is the most")
    return value


def line_of(value: object, what: str, longest: int, *, blank: bool = False) -> str:
    """One line of text as the cast keeps it: printable, no spare spaces."""
    text = text_of(value, what, longest)
    if one_line(text) != text:
        raise refused(f"has {what} with spare spaces, or with characters that cannot be shown")
    if not text and not blank:
        raise refused(f"has nothing for {what}")
    return text


def whole_number(value: object, what: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise refused(f"has something else than a whole number from {least:,} to {most:,} for {what}")
    return value


def shown(text: str) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= 80 else f"{clean[:77]}..."
