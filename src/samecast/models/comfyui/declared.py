"""What a class of node takes and gives, as the server declares it (`GET /object_info/CLASS`).

Read leniently: what is written in a form that is not known here is taken as it is, and left to the server to judge.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from samecast.models.comfyui.workflow import Json

ANY = "*"
CHOICE = "COMBO"
_GROWING, _DEPENDING = "COMFY_AUTOGROW_V3", "COMFY_DYNAMICCOMBO_V3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input. `kind`: its type, such as INT or IMAGE. `step`: what whole steps from `least` are long.

    `choices`: what a choice may be; None where that is not known here, as for files that are uploaded.
    """

    kind: str
    required: bool = False
    least: float | None = None
    most: float | None = None
    step: float | None = None
    choices: tuple[Json, ...] | None = None
    inner: Json = None
    """For inputs that hold others, named with a dot: their own form, as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A class of node: its inputs by name, and the types of its outputs in order."""

    inputs: Mapping[str, Input]
    outputs: tuple[str, ...]

    def input(self, name: str) -> Input | None:
        """An input by its full name, such as "ref_images.ref_image_0" within "ref_images"; None where it takes none."""
        if name in self.inputs:
            return self.inputs[name]
        root, dot, rest = name.partition(".")
        holder = self.inputs.get(root)
        return _within(holder, rest) if dot and holder is not None else None

    def output(self, number: int) -> str:
        return self.outputs[number] if 0 <= number < len(self.outputs) else ANY


Forms: TypeAlias = Mapping[str, Declared]
"""What the server declares, by class."""


def declared_of(tree: Json) -> Declared:
    """One class, as `object_info` describes it."""
    described = tree if isinstance(tree, dict) else {}
    outputs = described.get("output")
    return Declared(
        inputs=_inputs(described.get("input")),
        outputs=tuple(kind if isinstance(kind, str) else CHOICE for kind in outputs)
        if isinstance(outputs, list)
        else (),
    )


def _inputs(tree: Json) -> dict[str, Input]:
    found: dict[str, Input] = {}
    if isinstance(tree, dict):
        for group in ("optional", "required"):
            named = tree.get(group)
            if isinstance(named, dict):
                found |= {name: _input(form, required=group == "required") for name, form in named.items()}
    return found


def _input(form: Json, *, required: bool) -> Input:
    match form:
        case [list(choices), *rest]:
            kind, told = CHOICE, _told(rest)
            listed: Json = choices
        case [str(kind), *rest]:
            told = _told(rest)
            listed = told.get("options") if kind == CHOICE else None
        case _:
            return Input(kind=ANY, required=required)
    elsewhere = any(told.get(key) for key in ("image_upload", "video_upload", "audio_upload", "upload", "remote"))
    return Input(
        kind=kind,
        required=required,
        least=_number(told.get("min")),
        most=_number(told.get("max")),
        step=_number(told.get("step")),
        choices=tuple(listed) if isinstance(listed, list) and not elsewhere and not told.get("multiselect") else None,
        inner=told if kind in (_GROWING, _DEPENDING) else None,
    )


def _told(rest: list[Json]) -> dict[str, Json]:
    return rest[0] if rest and isinstance(rest[0], dict) else {}


def _number(value: Json) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if usable and isinstance(value, int | float) else None


# --- inputs within inputs ---------------------------------------------------------------------------------------


def _within(holder: Input, name: str) -> Input | None:
    match holder:
        case Input(kind="COMFY_AUTOGROW_V3", inner={"template": dict(template)}):
            return _grown(template, name)
        case Input(kind="COMFY_DYNAMICCOMBO_V3", inner={"options": list(options)}):
            for option in options:
                inputs = option.get("inputs") if isinstance(option, dict) else None
                found = Declared(inputs=_inputs(inputs), outputs=()).input(name)
                if found is not None:
                    return replace(found, required=True)  # which option is chosen is not looked at
            return None
        case _:
            return None


def _grown(template: dict[str, Json], name: str) -> Input | None:
    """One of many alike: "ref_image_0", "ref_image_1"... or one of a list of names; the first `min` are required."""
    names, prefix, least = template.get("names"), template.get("prefix"), template.get("min", 0)
    if isinstance(names, list):
        number = names.index(name) if name in names else -1
    elif isinstance(prefix, str) and name.startswith(prefix) and name.removeprefix(prefix).isdecimal():
        number = int(name.removeprefix(prefix)[:6])
    else:
        number = -1
    each = next(iter(_inputs(template.get("input")).values()), None)
    if number < 0 or each is None:
        return None
    return replace(each, required=each.required and isinstance(least, int) and number < least)
