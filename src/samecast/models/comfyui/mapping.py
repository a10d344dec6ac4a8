"""An entry's `setup`: where the server is, which workflow it runs, and which of its inputs take what a recipe says.

Everything here is checked without a server. What the inputs may hold is the server's word: `declared` and `filling`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast
from urllib.parse import urlsplit

from samecast.core.errors import InvalidInput
from samecast.models.comfyui.wording import shown
from samecast.models.comfyui.workflow import Graph, link_of, named
from samecast.ports import ModelProfile

URL = "http://127.0.0.1:8188"
URL_VARIABLE = "COMFYUI_URL"
TOKEN = "COMFYUI_TOKEN"

_KEYS = {"url", "workflow", "slots", "outputs", "spare", "bypass", "token"}
FRAMES = ("first_frame", "last_frame")
PLAIN = ("prompt", "seed", "width", "height", "seconds", "frames", "fps")
"""Slots that take what every recipe says. Any other slot is one of `FRAMES`, `references`, or an option's name."""
Drops: TypeAlias = tuple[str, ...]
"""Nodes that are left out where a slot has no picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One input of one node, written "node.input"."""

    node: str
    input: str

    def __str__(self) -> str:
        return f"{self.node}.{self.input}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """An entry's `setup`, read. `references`: for each picture, in order, the places that take it.

    `spare`: what is done where there are fewer: the last picture again, or the nodes of `bypass` left out, which says
    them for each of `references`; `frame_bypass` the same for the first and the last frame.
    """

    url: str
    token: bool
    workflow: Path
    slots: Mapping[str, tuple[Place, ...]]
    references: tuple[tuple[Place, ...], ...]
    outputs: tuple[str, ...]
    spare: Literal["repeat", "bypass"]
    bypass: tuple[Drops, ...]
    frame_bypass: Mapping[str, Drops]

    @property
    def deciding(self) -> dict[str, object]:
        """What of it decides on the take, in a form whose text is stable."""
        return {
            "slots": {slot: [str(place) for place in places] for slot, places in sorted(self.slots.items())},
            "references": [[str(place) for place in places] for places in self.references],
            "outputs": list(self.outputs),
            "spare": self.spare,
            "bypass": [list(drops) for drops in self.bypass],
            "frame_bypass": {slot: list(drops) for slot, drops in sorted(self.frame_bypass.items())},
        }


def wrong(profile: ModelProfile, what: str) -> InvalidInput:
    return InvalidInput(
        f"The entry of the model '{profile.id}' cannot be used: {what}.",
        hint="Mend it in your models.toml; docs/models-comfyui.md shows one.",
    )


# --- reading ----------------------------------------------------------------------------------------------------


def read_map(profile: ModelProfile, home: Path) -> Map:
    """Raises `InvalidInput` for a wrong entry. `home`: what a relative path of a workflow is relative to."""
    setup = profile.setup
    if set(setup) - _KEYS:
        raise wrong(profile, f"setup has no key {shown(min(set(setup) - _KEYS))}")
    slots = dict(_table(profile, "slots", setup.get("slots")))
    references = slots.pop("references", [])
    if not isinstance(references, list):
        raise wrong(profile, 'slots.references must be a list, such as ["10.image", "11.image"]')
    bypass, frame_bypass = _bypass(profile, setup.get("bypass", {}))
    return Map(
        url=url_of(profile),
        token=_truth(profile, "token", setup.get("token", False)),
        workflow=home / Path(_text(profile, "workflow", setup.get("workflow"))).expanduser(),
        slots={slot: _places(profile, f"slots.{slot}", value) for slot, value in slots.items()},
        references=tuple(_places(profile, "slots.references", value) for value in references),
        outputs=_texts(profile, "outputs", setup.get("outputs", [])),
        spare=_spare(profile, setup.get("spare", "repeat")),
        bypass=bypass,
        frame_bypass=frame_bypass,
    )


def url_of(profile: ModelProfile) -> str:
    """Where the server is, without a slash at its end; the environment's word goes first."""
    said = os.environ.get(URL_VARIABLE, "").strip() or profile.setup.get("url", URL)
    try:
        parts = urlsplit(said if isinstance(said, str) else "")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.query or parts.fragment:
        raise InvalidInput(
            f"The address of ComfyUI must be http or https, such as {URL}, with no password in it.",
            hint=f"Correct {URL_VARIABLE}, or url in the entry of '{profile.id}'; a password belongs into {TOKEN}.",
        )
    return str(said).rstrip("/")


def _spare(profile: ModelProfile, value: object) -> Literal["repeat", "bypass"]:
    match value:
        case "repeat":
            return "repeat"
        case "bypass":
            return "bypass"
        case _:
            raise wrong(profile, 'spare must be "repeat" or "bypass"')


def _bypass(profile: ModelProfile, value: object) -> tuple[tuple[Drops, ...], dict[str, Drops]]:
    table = dict(_table(profile, "bypass", value))
    lists = table.pop("references", [])
    if set(table) - set(FRAMES) or not isinstance(lists, list):
        raise wrong(profile, "bypass has the lists references, first_frame and last_frame, and no other key")
    of_references = tuple(_texts(profile, "bypass.references", drops) for drops in lists)
    return of_references, {slot: _texts(profile, f"bypass.{slot}", drops) for slot, drops in table.items()}


def _table(profile: ModelProfile, key: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise wrong(profile, f"setup needs the table {key}")
    return cast(dict[str, object], value)


def _text(profile: ModelProfile, key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise wrong(profile, f"setup needs the text {key}")
    return value


def _texts(profile: ModelProfile, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise wrong(profile, f"{key} must be a list of node ids in quotes")
    return tuple(value)


def _truth(profile: ModelProfile, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong(profile, f"{key} must be true or false")
    return value


def _places(profile: ModelProfile, key: str, value: object) -> tuple[Place, ...]:
    """ "6.text", or a list of such."""
    texts = value if isinstance(value, list) else [value]
    found = []
    for text in texts:
        node, dot, input = text.partition(".") if isinstance(text, str) else ("", "", "")
        if not (node and dot and input):
            raise wrong(profile, f'{key} must say a node and its input, such as "6.text", or be a list of such')
        found.append(Place(node=node, input=input))
    if not found:
        raise wrong(profile, f"{key} is empty")
    return tuple(found)


# --- whether it fits the workflow and the entry -----------------------------------------------------------------


def check_map(how: Map, profile: ModelProfile, graph: Graph) -> None:
    """Raises `InvalidInput` for what cannot work, whatever the server is like."""
    _check_profile(profile)
    _check_slots(how, profile)
    for slot, places in [*how.slots.items(), *(("references", places) for places in how.references)]:
        for place in places:
            _check_place(place, slot, profile, graph)
    for key, nodes in (("outputs", how.outputs), *((key, drops) for key, _, drops in _drops(how))):
        for node in nodes:
            if node not in graph:
                raise wrong(profile, f"{key} names node {shown(node)}, and the workflow has none of that id")
    _check_spare(how, profile)


def _check_profile(profile: ModelProfile) -> None:
    if not profile.hosted:
        raise wrong(profile, 'it needs a resource, such as resource = "comfyui"')
    if len(profile.kinds) != 1:
        raise wrong(profile, "a workflow makes images or clips, not both: give each an entry of its own")


def _check_slots(how: Map, profile: ModelProfile) -> None:
    options = {option.name for option in profile.options}
    for slot in how.slots:
        if slot not in (*PLAIN, *FRAMES) and slot not in options:
            raise wrong(profile, f"slots has {shown(slot)}, which is neither a slot nor one of its options")
    for option in sorted(options):
        if option in (*PLAIN, *FRAMES, "references"):
            raise wrong(profile, f"an option cannot be called {option}, which is a slot")
        if option not in how.slots:
            raise wrong(profile, f"its option {option} has no slot")
    for slot, why in (("prompt", "nothing would be asked for"), ("seed", "all takes would be one and the same")):
        if slot not in how.slots:
            raise wrong(profile, f"slots has no {slot}, so {why}")
    for slot, taken in (("first_frame", profile.first_frame), ("last_frame", profile.last_frame)):
        if (slot in how.slots) != taken:
            raise wrong(profile, f"slots.{slot} and {slot} = true go together")
    if profile.references is None or profile.references > len(how.references):
        raise wrong(profile, f"it must say references = {len(how.references)}, as many as slots.references has")
    if profile.references and profile.mentioning is None:
        raise wrong(profile, "it has no mentions, so the prompt could not say who is in which picture")


def _check_place(place: Place, slot: str, profile: ModelProfile, graph: Graph) -> None:
    if place.node not in graph:
        raise wrong(profile, f"slots.{slot} names node {shown(place.node)}, and the workflow has none of that id")
    inputs = graph[place.node].inputs
    if place.input not in inputs:
        has = ", ".join(sorted(inputs)[:12]) or "none"
        raise wrong(
            profile,
            f"slots.{slot} names the input {shown(place.input)} of {named(graph, place.node)}, which has: {shown(has)}",
        )
    link = link_of(inputs[place.input])
    if link is not None and slot in ("references", *FRAMES):
        raise wrong(
            profile,
            f"slots.{slot} names {shown(str(place))}, which takes its picture from {named(graph, link.node)}: "
            "name the node that loads it",
        )


def _check_spare(how: Map, profile: ModelProfile) -> None:
    if how.spare == "repeat" and how.bypass:
        raise wrong(profile, 'bypass.references is for spare = "bypass"')
    if how.spare == "bypass":
        if len(how.bypass) != len(how.references):
            raise wrong(profile, "bypass.references must have one list of nodes for each of slots.references")
        if not all(how.bypass[1:]):
            raise wrong(
                profile, "bypass.references may be empty only for the first picture, which is then always needed"
            )
    for key, places, drops in _drops(how):
        kept = [place for place in places if place.node not in drops]
        if drops and kept:
            raise wrong(profile, f"{key} leaves node {shown(kept[0].node)}, and so the workflow's own picture")
        if set(drops) & set(how.outputs):
            raise wrong(profile, f"{key} drops node {min(set(drops) & set(how.outputs))}, which is one of outputs")
    for slot in how.frame_bypass:
        if slot not in how.slots:
            raise wrong(profile, f"bypass has {slot}, and slots does not")


def _drops(how: Map) -> list[tuple[str, tuple[Place, ...], Drops]]:
    """Each list of nodes to leave out: its key, the places whose picture it is for, and the nodes."""
    of_references = [
        ("bypass.references", places, drops) for places, drops in zip(how.references, how.bypass, strict=False)
    ]
    frames = [(f"bypass.{slot}", how.slots.get(slot, ()), drops) for slot, drops in how.frame_bypass.items()]
    return [*of_references, *frames]
