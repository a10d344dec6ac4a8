"""Tables of TOML as dataclasses: every key known, every value of its field's type, or an `InvalidInput` naming it.

What the tables mean is `setup`'s and `families`'.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin

from samecast.core.errors import InvalidInput

T = TypeVar("T")


def read_table(kind: type[T], table: Mapping[str, object], where: str) -> T:
    """`table` as a `kind`. `where` names it in the error, such as "setup of flux2-klein-4b"."""
    hints = typing.get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise _wrong(where, f"there is no key {key}; it may have {', '.join(known)}")
    for name, field in known.items():
        if field.default is MISSING and field.default_factory is MISSING and name not in table:
            raise _wrong(where, f"{name} is missing")
    return kind(**{key: _value(hints[key], value, f"{where}, {key}") for key, value in table.items()})


def _value(hint: Any, value: object, where: str) -> object:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if any(part is type(value) for part in parts):
            return value
        inner = [part for part in parts if part is not type(None)]
        return _value(inner[0], value, where)
    if origin is typing.Literal:
        if value not in parts:
            raise _wrong(where, f"it is one of {', '.join(map(str, parts))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _wrong(where, "it must be a list")
        return tuple(_value(parts[0], item, where) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(where, "it must be a table")
        return {str(key): _value(parts[1], item, f"{where}.{key}") for key, item in value.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise _wrong(where, "it must be a table")
        return read_table(hint, value, where)
    return _plain(hint, value, where)


def _plain(hint: Any, value: object, where: str) -> object:
    if hint is object:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise _wrong(where, f"it must be {names.get(hint, hint)}")
    return value


def _wrong(where: str, what: str) -> InvalidInput:
    return InvalidInput(f"The {where} is wrong: {what}.", hint="Mend the model's entry: docs/models-local.md.")
