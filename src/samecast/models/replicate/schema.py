"""A model's own description of its input (OpenAPI, as Replicate hands it out), and whether an input agrees with it.

Replicate takes no notice of a field that a model does not have: a wrong name would leave the character out, and the
take would be paid for. So it is looked up before anything is sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from samecast.core.errors import InvalidInput
from samecast.models.hosted.fields import Json

HINT = "Correct setup in the model's entry: docs/models-replicate.md explains it."
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "array": ((list, tuple), "a list"),
    "object": ((dict,), "an object"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The inputs of one version of a model, by name, each as its JSON schema with every reference resolved."""

    version: str
    inputs: Mapping[str, Mapping[str, object]]
    required: tuple[str, ...] = ()


def read_schema(version: str, openapi: Mapping[str, object]) -> Schema:
    """Raises `ValueError` where it does not say what its input is."""
    schemas = _table(_table(openapi.get("components")).get("schemas"))
    tree = _table(schemas.get("Input"))
    inputs = {name: _whole(_table(node), schemas) for name, node in _table(tree.get("properties")).items()}
    if not inputs:
        raise ValueError("it describes no input")
    required = tree.get("required")
    return Schema(
        version=version, inputs=inputs, required=tuple(map(str, required)) if isinstance(required, list) else ()
    )


def check(schema: Schema, values: Mapping[str, Json], model: str) -> None:
    """Raises `InvalidInput`, naming the field, for an input that the model would not take, or not notice."""
    which = f"{model} (version {schema.version[:8]})"
    for name, value in values.items():
        if name not in schema.inputs:
            raise InvalidInput(f"{which} has no input '{name}'; it has {', '.join(schema.inputs)}.", hint=HINT)
        found = _problem(value, schema.inputs[name])
        if found:
            raise InvalidInput(f"{which} takes {found} as '{name}', and not {_short(value)}.", hint=HINT)
    for name in schema.required:
        if name not in values:
            raise InvalidInput(f"{which} needs the input '{name}', which nothing is sent for.", hint=HINT)


def _problem(value: Json, node: Mapping[str, object]) -> str:
    """What the value must be instead; "" where it may be as it is."""
    either = node.get("anyOf")
    if isinstance(either, list) and either:
        found = [_problem(value, _table(one)) for one in either if _table(one).get("type") != "null"]
        return "" if not found or "" in found else " or ".join(found)
    kind = node.get("type")
    if isinstance(kind, str) and kind in _KINDS:
        types, words = _KINDS[kind]
        if not isinstance(value, types) or (isinstance(value, bool) and kind in ("integer", "number")):
            return words
    choices = node.get("enum")
    if isinstance(choices, list) and value not in choices:
        return f"one of {', '.join(map(str, choices))}"
    return _bounds(value, node)


def _bounds(value: Json, node: Mapping[str, object]) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = _number(node.get("minimum")), _number(node.get("maximum"))
        if (least is not None and value < least) or (most is not None and value > most):
            ends = [f"from {least:g}" if least is not None else "", f"up to {most:g}" if most is not None else ""]
            return " ".join(["a number", *filter(None, ends)])
    if isinstance(value, Sequence) and not isinstance(value, str):
        most = _number(node.get("maxItems"))
        if most is not None and len(value) > most:
            return f"at most {most:g} entries"
        items = node.get("items")
        found = [_problem(item, items) for item in value] if isinstance(items, dict) else []
        return next((f"a list of {words}" for words in found if words), "")
    return ""


def _whole(node: Mapping[str, object], schemas: Mapping[str, object], depth: int = 0) -> Mapping[str, object]:
    """The node with what it refers to put in its place, as far as such descriptions are nested."""
    if depth > 8:
        return {}
    tree: dict[str, object] = {}
    reference = node.get("$ref")
    if isinstance(reference, str):
        tree |= _whole(_table(schemas.get(reference.rpartition("/")[2])), schemas, depth + 1)
    for part in _list(node.get("allOf")):
        tree |= _whole(_table(part), schemas, depth + 1)
    tree |= {key: value for key, value in node.items() if key not in ("$ref", "allOf", "anyOf", "items")}
    if "anyOf" in node:
        tree["anyOf"] = [_whole(_table(part), schemas, depth + 1) for part in _list(node["anyOf"])]
    if "items" in node:
        tree["items"] = _whole(_table(node["items"]), schemas, depth + 1)
    return tree


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _short(value: Json) -> str:
    words = f"a list of {len(value)}" if isinstance(value, list) else str(value)
    return words if len(words) <= 40 else f"{words[:39]}…"
