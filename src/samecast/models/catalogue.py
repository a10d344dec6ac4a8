"""Reads catalogue.toml: what each model can do, costs and allows, as values. Knows no engine.

A wrong entry is refused with one line that names the model and the key: a price that is read wrongly is paid.
"""

import re
import tomllib
from datetime import date
from importlib import resources
from typing import TypeAlias

from samecast.core.errors import InvalidInput
from samecast.core.money import parse_dollars
from samecast.ports import Cost, ModelProfile

Entry: TypeAlias = dict[str, object]
Options: TypeAlias = tuple[tuple[str, str], ...]

_REQUIRED = {
    "id",
    "name",
    "engine",
    "kinds",
    "aspects",
    "seconds",
    "characters",
    "deterministic",
    "composites",
    "price",
    "licence",
    "source",
    "date",
    "notes",
}
_OPTIONAL = {"resource", "cost_per_image", "cost_per_second", "at_once", "per_minute", "knows_keys", "closer"}
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_ASPECT = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")


def read_catalogue() -> dict[str, ModelProfile]:
    """Every model of the catalogue by id, in the file's order. Raises `InvalidInput` for a wrong entry."""
    return parse_catalogue(resources.files("samecast.models").joinpath("catalogue.toml").read_text(encoding="utf-8"))


def parse_catalogue(text: str) -> dict[str, ModelProfile]:
    """Every model that `text` describes, by id, in its order. Raises `InvalidInput`."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The catalogue of models is not TOML: {error}.", hint=_HINT) from error
    entries = tree.get("model", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput("The catalogue of models is no list of [[model]] entries.", hint=_HINT)
    models: dict[str, ModelProfile] = {}
    for entry in entries:
        profile = _profile(entry)
        if profile.id in models:
            raise _wrong(entry, "there are two of that id")
        models[profile.id] = profile
    _agree(models)
    return models


def _profile(entry: Entry) -> ModelProfile:
    _keys(entry)
    kinds = _texts(entry, "kinds")
    if not kinds or len(set(kinds)) != len(kinds) or not set(kinds) <= {"image", "video"}:
        raise _wrong(entry, 'kinds must be "image", "video", or both')
    return ModelProfile(
        id=_name(entry, "id"),
        name=_text(entry, "name"),
        engine=_text(entry, "engine"),
        kinds=kinds,
        aspects=_aspects(entry),
        max_seconds=_seconds(entry, kinds),
        max_characters=_whole(entry, "characters"),
        deterministic=_truth(entry, "deterministic"),
        composites=_truth(entry, "composites"),
        price=_text(entry, "price"),
        licence=_text(entry, "licence"),
        notes=_text(entry, "notes"),
        resource=_name(entry, "resource") if "resource" in entry else "cpu",
        cost=_cost(entry, kinds),
        at_once=_whole(entry, "at_once") if "at_once" in entry else None,
        per_minute=_whole(entry, "per_minute") if "per_minute" in entry else None,
        knows_keys=_truth(entry, "knows_keys") if "knows_keys" in entry else False,
        closer=_closer(entry),
    )


def _agree(models: dict[str, ModelProfile]) -> None:
    """Models of one provider share its queue, and so its limits."""
    first: dict[str, ModelProfile] = {}
    for profile in (profile for profile in models.values() if profile.hosted):
        other = first.setdefault(profile.resource, profile)
        if (profile.at_once, profile.per_minute) != (other.at_once, other.per_minute):
            raise InvalidInput(
                f"The models '{other.id}' and '{profile.id}' share the resource '{profile.resource}', "
                "and say differently how much of it there is.",
                hint="Give both the same at_once and per_minute in catalogue.toml.",
            )


# --- one key each, as it must be --------------------------------------------------------------------------------

_HINT = "See the head of catalogue.toml for its keys."


def _wrong(entry: Entry, what: str) -> InvalidInput:
    return InvalidInput(f"The catalogue's model '{entry.get('id', '(without an id)')}' is wrong: {what}.", hint=_HINT)


def _keys(entry: Entry) -> None:
    missing, unknown = sorted(_REQUIRED - set(entry)), sorted(set(entry) - _REQUIRED - _OPTIONAL)
    if missing:
        raise _wrong(entry, f"{missing[0]} is missing")
    if unknown:
        raise _wrong(entry, f"there is no key {unknown[0]}")
    if type(entry["date"]) is not date:
        raise _wrong(entry, "date must be a day, such as 2026-11-22, without quotes")
    _text(entry, "source")


def _text(entry: Entry, key: str) -> str:
    value = entry[key]
    if not isinstance(value, str) or (not value and key != "notes"):
        raise _wrong(entry, f"{key} must be text")
    return value


def _name(entry: Entry, key: str) -> str:
    value = _text(entry, key)
    if not _NAME.fullmatch(value):
        raise _wrong(entry, f"{key} must be lower case letters, digits, dots and dashes")
    return value


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    value = entry[key]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(entry, f"{key} must be a list of texts")
    return tuple(value)


def _truth(entry: Entry, key: str) -> bool:
    value = entry[key]
    if not isinstance(value, bool):
        raise _wrong(entry, f"{key} must be true or false")
    return value


def _whole(entry: Entry, key: str) -> int:
    value = entry[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(entry, f"{key} must be a whole number from 1")
    return value


def _seconds(entry: Entry, kinds: tuple[str, ...]) -> float:
    value = entry["seconds"]
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 3600:
        raise _wrong(entry, "seconds must be a number from 0 to 3600")
    if (value > 0) != ("video" in kinds):
        raise _wrong(entry, "seconds must be 0 exactly where it makes no clips")
    return float(value)


def _aspects(entry: Entry) -> tuple[tuple[int, int], ...]:
    found = [_ASPECT.fullmatch(aspect) for aspect in _texts(entry, "aspects")]
    pairs = tuple((int(pair[1]), int(pair[2])) for pair in found if pair)
    if not pairs or len(pairs) != len(found):
        raise _wrong(entry, 'aspects must be texts such as "16:9"')
    return pairs


def _cost(entry: Entry, kinds: tuple[str, ...]) -> Cost | None:
    """The price of every kind it makes, or of none: a kind without one would be taken for free."""
    wanted = {"image": "cost_per_image", "video": "cost_per_second"}
    given = {kind for kind, key in wanted.items() if key in entry}
    if not given:
        return None
    if given != set(kinds):
        needed = " and ".join(key for kind, key in wanted.items() if kind in kinds)
        raise _wrong(entry, f"what it makes is priced by {needed}, all or none")
    image, second = (_micros(entry, key) if key in entry else 0 for key in wanted.values())
    return Cost(per_image=image, per_second=second)


def _micros(entry: Entry, key: str) -> int:
    value = entry[key]
    if not isinstance(value, str):
        raise _wrong(entry, f'{key} must be dollars in quotes, such as "0.04", to stay exact')
    try:
        return parse_dollars(value)
    except ValueError as error:
        raise _wrong(entry, f"{key}: {error}") from error


def _closer(entry: Entry) -> tuple[Options, ...]:
    steps = entry.get("closer", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) and step for step in steps):
        raise _wrong(entry, 'closer must be a list of tables, such as [{ strength = "0.7" }]')
    if not all(isinstance(value, str) for step in steps for value in step.values()):
        raise _wrong(entry, "the options in closer must be texts in quotes")
    return tuple(tuple(sorted(step.items())) for step in steps)
