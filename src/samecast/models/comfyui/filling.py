"""A workflow with one recipe in it: what is said, how large, how long, which seed and options, each where the map says.

Values are put into the form that the server declares for their input, and refused in one line where they do not fit.
Pictures are only placed here; the engine uploads them. What is left out where there are fewer is `bypassing`'s.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from samecast.core.errors import InvalidInput
from samecast.core.recipe import Recipe
from samecast.models.comfyui.bypassing import without
from samecast.models.comfyui.declared import CHOICE, Forms, Input
from samecast.models.comfyui.mapping import FRAMES, Map, Place
from samecast.models.comfyui.wording import shown
from samecast.models.comfyui.workflow import Graph, Json, Node, named

Value: TypeAlias = str | int | float

_SEEDS = 2**64


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The graph to post, and the picture, by sha256, that each place still takes the name of."""

    graph: dict[str, Node]
    pictures: tuple[tuple[Place, str], ...]


def check_classes(graph: Graph, forms: Forms) -> None:
    """Raises `InvalidInput` for a class of node that the server does not have."""
    for node, found in graph.items():
        if found.kind not in forms:
            raise InvalidInput(
                f"This ComfyUI has no node of the class {shown(found.kind)}, which the workflow needs for"
                f" {named(graph, node)}.",
                hint="A pack of custom nodes is missing there, or ComfyUI is too old for the workflow.",
            )


def fill(graph: Graph, how: Map, recipe: Recipe, forms: Forms) -> Filled:
    """Raises `InvalidInput` for what the server's nodes do not take, and for pictures that are missing."""
    pictures, drops = _placed(how, recipe)
    filled = without(graph, drops, forms) if drops else dict(graph)
    for slot, value in _said(recipe).items():
        for place in how.slots.get(slot, ()):
            if place.node in filled:
                node = filled[place.node]
                settled = _settled(slot, value, place, filled, forms)
                filled[place.node] = node.with_inputs({**node.inputs, place.input: settled})
    return Filled(graph=filled, pictures=tuple((place, sha256) for place, sha256 in pictures if place.node in filled))


def with_names(filled: Filled, names: Mapping[str, str]) -> dict[str, Node]:
    """The graph with the names that the server gave the pictures, by sha256."""
    graph = dict(filled.graph)
    for place, sha256 in filled.pictures:
        node = graph[place.node]
        graph[place.node] = node.with_inputs({**node.inputs, place.input: names[sha256]})
    return graph


def _said(recipe: Recipe) -> dict[str, Value]:
    """What the recipe says for each slot. An option it does not say stays as the workflow has it."""
    said: dict[str, Value] = {
        "prompt": recipe.said,
        "seed": recipe.seed,
        "width": recipe.width,
        "height": recipe.height,
        **dict(recipe.options),
    }
    if recipe.kind == "video":
        said |= {"seconds": recipe.seconds, "frames": recipe.frames, "fps": recipe.fps}
    return said


# --- pictures ---------------------------------------------------------------------------------------------------


def _placed(how: Map, recipe: Recipe) -> tuple[list[tuple[Place, str]], list[str]]:
    """Which picture goes where, and which nodes go because there is none for them."""
    pictures, drops = _references(how, recipe.pictures)
    for slot, sha256 in zip(FRAMES, (recipe.first_frame, recipe.last_frame), strict=True):
        if sha256:
            pictures += [(place, sha256) for place in how.slots.get(slot, ())]
        elif slot in how.slots:
            if not how.frame_bypass.get(slot):
                option = f"--{slot.replace('_', '-')}"
                raise InvalidInput(
                    f"The workflow needs a {slot.replace('_', ' ')}, and none was given.",
                    hint=f"Give it with {option}, or say in the entry's bypass.{slot} which nodes go without it.",
                )
            drops += how.frame_bypass[slot]
    return pictures, drops


def _references(how: Map, shown: Sequence[str]) -> tuple[list[tuple[Place, str]], list[str]]:
    if len(shown) > len(how.references):
        raise InvalidInput(
            f"The recipe shows {len(shown)} pictures, and the workflow takes {len(how.references)}.",
            hint="Shoot its prompt anew.",
        )
    pictures: list[tuple[Place, str]] = []
    drops: list[str] = []
    for number, places in enumerate(how.references):
        if number < len(shown):
            pictures += [(place, shown[number]) for place in places]
        elif how.spare == "bypass" and how.bypass[number]:
            drops += how.bypass[number]
        elif shown and how.spare == "repeat":
            pictures += [(place, shown[-1]) for place in places]
        else:
            raise InvalidInput(
                "The workflow always needs a reference, and nobody is named in the prompt.",
                hint='Name a character with @, or let the entry say spare = "bypass" and which nodes go.',
            )
    return pictures, drops


# --- values -----------------------------------------------------------------------------------------------------


def _settled(slot: str, value: Value, place: Place, graph: Graph, forms: Forms) -> Json:
    """The value as its input takes it."""
    form = forms[graph[place.node].kind].input(place.input)
    if form is None:
        raise InvalidInput(
            f"{named(graph, place.node)} takes no input {shown(place.input)} at this ComfyUI.",
            hint=f"Its version differs from the workflow's: export that anew, then correct slots.{slot}.",
        )
    where = f"{named(graph, place.node)} takes for {shown(place.input)}"
    match form.kind:
        case "INT":
            return _whole(slot, value, form, where)
        case "FLOAT":
            return _bounded(slot, _number(slot, value, where), form, where)
        case "BOOLEAN":
            return _flag(slot, value, where)
        case "STRING":
            return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
        case kind if kind == CHOICE:
            return _choice(slot, value, form, where)
        case _:
            return value


def _whole(slot: str, value: Value, form: Input, where: str) -> int:
    number = _number(slot, value, where)
    if number != int(number):
        raise _misfit(slot, value, f"{where} a whole number")
    whole = int(number)
    if slot == "seed":
        return _folded(whole, form)
    if slot == "frames":
        whole = _on_grid(whole, form)
    return int(_bounded(slot, whole, form, where))


def _folded(seed: int, form: Input) -> int:
    """The seed within what the node takes: some take 32 bits. Unlike seeds stay unlike as far as those reach."""
    least = int(form.least) if form.least is not None and form.least > -_SEEDS else 0
    most = int(form.most) if form.most is not None and form.most < _SEEDS else _SEEDS - 1
    return seed if least <= seed <= most else least + seed % (most - least + 1)


def _on_grid(frames: int, form: Input) -> int:
    """As many frames, or the next more that the node's steps reach: 4k + 1 for Wan, 17k + 5 for MiniMax H3."""
    least, step = form.least or 0, form.step or 1
    if step != int(step) or least != int(least) or step <= 1:
        return frames
    return int(least) + math.ceil(max(0, frames - least) / step) * int(step)


def _number(slot: str, value: Value, where: str) -> int | float:
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _misfit(slot, value, f"{where} a number")
    return int(value) if value.lstrip("-").isdecimal() else number


def _bounded(slot: str, number: int | float, form: Input, where: str) -> int | float:
    if (form.least is not None and number < form.least) or (form.most is not None and number > form.most):
        least = "" if form.least is None else f" from {form.least:g}"
        most = "" if form.most is None else f" up to {form.most:g}"
        raise _misfit(slot, number, f"{where} a number{least}{most}")
    return number


def _flag(slot: str, value: Value, where: str) -> bool:
    if value in ("true", "false"):
        return value == "true"
    raise _misfit(slot, value, f"{where} true or false")


def _choice(slot: str, value: Value, form: Input, where: str) -> Json:
    if form.choices is None:
        return value
    for choice in form.choices:
        if choice == value or str(choice) == str(value):
            return choice
    few = ", ".join(shown(choice) for choice in form.choices[:8])
    raise _misfit(slot, value, f"{where} one of {few}{' and others' if len(form.choices) > 8 else ''}")


def _misfit(slot: str, value: Value, takes: str) -> InvalidInput:
    said = f"{value:g}" if isinstance(value, float) else shown(value)
    return InvalidInput(
        f"{takes}, and {slot} is {said}.",
        hint="Ask for another, or correct the model's entry: its sizes, lengths or options.",
    )
