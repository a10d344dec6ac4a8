"""One key of a catalogue's entry each, as it must be: a value, or an `InvalidInput` naming the model and the key."""

import re
import string
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, TypeAlias, cast, get_args

from samecast.core.compiling import Mentioning
from samecast.core.errors import InvalidInput
from samecast.core.money import parse_dollars
from samecast.core.options import Option, OptionKind, Settled
from samecast.core.prompt import Aspect
from samecast.core.terms import Terms
from samecast.ports.making import Size

Entry: TypeAlias = dict[str, object]

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_MODULE = re.compile(r"[a-z][a-z0-9_]*")
_OPTION = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ASPECT = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")
_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")


def hint(where: str = "catalogue.toml") -> str:
    if where == "catalogue.toml":
        return "See the head of catalogue.toml for its keys."
    return f"Mend it in {where}; docs/models.md says what each key may be."


def wrong(entry: Entry, what: str) -> InvalidInput:
    return InvalidInput(f"The catalogue's model '{entry.get('id', '(without an id)')}' is wrong: {what}.", hint=hint())


# --- texts, numbers ---------------------------------------------------------------------------------------------


def text(entry: Entry, key: str, *, empty: bool = False) -> str:
    value = entry[key]
    if not isinstance(value, str) or (not value and not empty):
        raise wrong(entry, f"{key} must be text")
    return value


def name(entry: Entry, key: str, *, default: str | None = None) -> str:
    if default is not None and key not in entry:
        return default
    value = text(entry, key)
    if not _NAME.fullmatch(value):
        raise wrong(entry, f"{key} must be lower case letters, digits, dots and dashes")
    return value


def module(entry: Entry, key: str) -> str:
    value = text(entry, key)
    if not _MODULE.fullmatch(value):
        raise wrong(entry, f"{key} must be the name of a module: lower case letters, digits and underscores")
    return value


def texts(entry: Entry, key: str) -> tuple[str, ...]:
    value = entry[key]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong(entry, f"{key} must be a list of texts")
    return tuple(value)


def truth(entry: Entry, key: str, *, default: bool | None = None) -> bool:
    value = entry.get(key, default)
    if not isinstance(value, bool):
        raise wrong(entry, f"{key} must be true or false")
    return value


def whole(entry: Entry, key: str, *, least: int = 1, default: int | None = None) -> int:
    value = entry.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise wrong(entry, f"{key} must be a whole number from {least}")
    return value


def some(entry: Entry, key: str, *, least: int = 1) -> int | None:
    """A whole number where there is one."""
    return whole(entry, key, least=least) if key in entry else None


def number(entry: Entry, key: str, *, least: float, most: float) -> float:
    value = entry[key]
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise wrong(entry, f"{key} must be a number from {least:g} to {most:g}")
    return float(value)


def micros(entry: Entry, key: str) -> int:
    """Dollars in quotes, as millionths."""
    value = entry[key]
    if not isinstance(value, str):
        raise wrong(entry, f'{key} must be dollars in quotes, such as "0.04", to stay exact')
    try:
        return parse_dollars(value)
    except ValueError as error:
        raise wrong(entry, f"{key}: {error}") from error


def day(entry: Entry, key: str) -> str:
    value = entry[key]
    if type(value) is not date:
        raise wrong(entry, f"{key} must be a day, such as 2026-11-22, without quotes")
    return value.isoformat()


def table(entry: Entry, key: str) -> Mapping[str, object]:
    value = entry.get(key, {})
    if not isinstance(value, dict):
        raise wrong(entry, f"{key} must be a table")
    return value


# --- pixels, seconds --------------------------------------------------------------------------------------------


def aspects(entry: Entry, key: str = "aspects") -> tuple[Aspect, ...]:
    pairs = [_aspect(value) for value in texts(entry, key)]
    found = tuple(pair for pair in pairs if pair is not None)
    if not found or len(found) != len(pairs):
        raise wrong(entry, f'{key} must be texts such as "16:9"')
    return found


def sizes(entry: Entry, key: str, known: Sequence[Aspect]) -> Mapping[Aspect, Size]:
    found: dict[Aspect, Size] = {}
    for aspect, size in table(entry, key).items():
        pair, pixels = _aspect(aspect), _SIZE.fullmatch(size) if isinstance(size, str) else None
        if pair is None or pixels is None:
            raise wrong(entry, f'{key} must be a table such as {{ "16:9" = "1280x720" }}')
        if pair not in known:
            raise wrong(entry, f"{key} has {aspect}, and aspects does not")
        found[pair] = int(pixels[1]), int(pixels[2])
    return found


def _aspect(value: str) -> Aspect | None:
    found = _ASPECT.fullmatch(value)
    return (int(found[1]), int(found[2])) if found else None


def lengths(entry: Entry) -> tuple[float, ...]:
    value = entry.get("lengths", [])
    if not isinstance(value, list) or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
        raise wrong(entry, "lengths must be a list of seconds, such as [4, 6, 8]")
    return tuple(sorted(float(length) for length in value))


def seconds_from(entry: Entry) -> float:
    return number(entry, "seconds_from", least=0.1, most=3600) if "seconds_from" in entry else 0.5


# --- what it may, and how it is told ----------------------------------------------------------------------------


def terms(entry: Entry) -> Terms:
    tree = dict(table(entry, "terms"))
    if set(tree) - {"excludes", "revenue", "commercial", "accept"}:
        raise wrong(entry, "terms has excludes, revenue, commercial and accept, and no other key")
    excludes = texts({**entry, "terms.excludes": tree.get("excludes", [])}, "terms.excludes")
    if not all(re.fullmatch(r"[A-Z]{2}", country) for country in excludes):
        raise wrong(entry, 'terms.excludes must be countries by ISO 3166, or EU, such as ["US", "EU"]')
    nested: Entry = {"id": entry.get("id"), **tree}
    return Terms(
        excludes=excludes,
        revenue=some(nested, "revenue"),
        commercial=truth(nested, "commercial", default=True),
        accept=truth(nested, "accept", default=False),
    )


def faces(entry: Entry) -> Literal["accepted", "refused", "unknown"]:
    match entry.get("faces", "unknown"):
        case "accepted":
            return "accepted"
        case "refused":
            return "refused"
        case "unknown":
            return "unknown"
        case _:
            raise wrong(entry, 'faces must be "accepted", "refused" or "unknown"')


def mentioning(entry: Entry) -> Mentioning | None:
    if "mentions" not in entry:
        return None
    tree = table(entry, "mentions")
    if not set(tree) <= {"picture", "first", "again"} or not all(isinstance(value, str) for value in tree.values()):
        raise wrong(entry, "mentions has the texts picture, first and again, and no other key")
    told = cast(dict[str, str], dict(tree))
    if "first" in told and "again" not in told:
        told["again"] = told["first"]
    how = Mentioning(**told)
    for template, known in ((how.picture, {"n", "i"}), (how.first, _SAID), (how.again, _SAID)):
        if not _fields(entry, template) <= known:
            raise wrong(entry, f"mentions may use {', '.join(sorted(known))} in '{template}'")
    return how


_SAID = {"pictures", "noun", "name", "handle"}


def _fields(entry: Entry, template: str) -> set[str]:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise wrong(entry, f"mentions has '{template}', which is no template") from error
    return {found for _, found, _, _ in parts if found is not None}


# --- options ----------------------------------------------------------------------------------------------------


def options(entry: Entry) -> tuple[Option, ...]:
    return tuple(_option(entry, key, value) for key, value in table(entry, "options").items())


def _option(entry: Entry, key: str, value: object) -> Option:
    if not _OPTION.fullmatch(key) or not isinstance(value, dict):
        raise wrong(entry, f"options.{key} must be a table, named in lower case letters, digits and underscores")
    tree: dict[str, Any] = value
    kind: OptionKind | None = tree.get("kind")
    if kind is None or kind not in get_args(OptionKind) or not isinstance(tree.get("says"), str) or not tree["says"]:
        raise wrong(entry, f"options.{key} must have a kind ({', '.join(get_args(OptionKind))}) and a sentence: says")
    if set(tree) - {"kind", "says", "default", "least", "most", "choices"}:
        raise wrong(entry, f"options.{key} has kind, says, default, least, most and choices, and no other key")
    for bound in ("least", "most"):
        if bound in tree and (not isinstance(tree[bound], int | float) or isinstance(tree[bound], bool)):
            raise wrong(entry, f"options.{key}.{bound} must be a number")
    choices = texts({**entry, f"options.{key}.choices": tree.get("choices", [])}, f"options.{key}.choices")
    if (kind == "choice") != bool(choices):
        raise wrong(entry, f"options.{key} has choices exactly where it is a choice")
    option = Option(
        name=key,
        kind=kind,
        says=tree["says"],
        least=float(tree["least"]) if "least" in tree else None,
        most=float(tree["most"]) if "most" in tree else None,
        choices=choices,
    )
    return option if "default" not in tree else _with_default(entry, option, tree["default"])


def _with_default(entry: Entry, option: Option, value: object) -> Option:
    spelt = str(value).lower() if isinstance(value, bool) else str(value)
    try:
        default = option.read(spelt)
    except InvalidInput as error:
        raise wrong(entry, f"options.{option.name}.default: {error.message}") from error
    return Option(
        name=option.name,
        kind=option.kind,
        says=option.says,
        default=default,
        least=option.least,
        most=option.most,
        choices=option.choices,
    )


def closer(entry: Entry) -> tuple[Settled, ...]:
    steps = entry.get("closer", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) and step for step in steps):
        raise wrong(entry, 'closer must be a list of tables, such as [{ strength = "0.7" }]')
    if not all(isinstance(value, str) for step in steps for value in step.values()):
        raise wrong(entry, "the options in closer must be texts in quotes")
    return tuple(tuple(sorted(step.items())) for step in steps)
