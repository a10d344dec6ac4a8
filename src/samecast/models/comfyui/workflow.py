"""A workflow in ComfyUI's API format: the graph of nodes, read from a file and checked as far as it can be by itself.

What each class of node takes is the server's word (`declared`); which inputs are filled is the entry's (`mapping`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from samecast.core.errors import InvalidInput, NotFound
from samecast.models.comfyui.wording import shown

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

MOST_BYTES = 16 << 20
MOST_NODES = 10_000
_EXPORT = "Open it in ComfyUI and export it with File > Export Workflow (API), which older versions call Save (API)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where an input comes from: the output of that number of another node."""

    node: str
    output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node: its class, the title it has on the canvas, and what its inputs are: values, or links."""

    kind: str
    title: str
    inputs: Mapping[str, Json]

    @property
    def links(self) -> dict[str, Link]:
        found = {name: link_of(value) for name, value in self.inputs.items()}
        return {name: link for name, link in found.items() if link is not None}

    def with_inputs(self, inputs: Mapping[str, Json]) -> "Node":
        return Node(kind=self.kind, title=self.title, inputs=inputs)


Graph: TypeAlias = Mapping[str, Node]
"""Nodes by their ids."""


def link_of(value: Json) -> Link | None:
    """The link that an input's value is; None for a plain value."""
    match value:
        case [str() as node, int() as output] if not isinstance(output, bool):
            return Link(node=node, output=output)
        case _:
            return None


def named(graph: Graph, node: str) -> str:
    """A node as the user knows it: 'KSampler (node 3)', '"Look" (CLIPTextEncode, node 6)'."""
    found = graph.get(node)
    if found is None:
        return f"node {shown(node)}"
    kind, title = shown(found.kind), shown(found.title)
    return f'"{title}" ({kind}, node {shown(node)})' if title and title != kind else f"{kind} (node {shown(node)})"


def prompt_of(graph: Graph) -> dict[str, Json]:
    """The graph as `POST /prompt` takes it."""
    return {
        node: {"class_type": found.kind, "inputs": dict(found.inputs), "_meta": {"title": found.title}}
        for node, found in graph.items()
    }


def digest_of(graph: Graph, more: Mapping[str, object]) -> str:
    """sha256 of what decides on the take: the graph without its titles, and `more`."""
    tree = {node: [found.kind, dict(found.inputs)] for node, found in graph.items()}
    text = json.dumps([tree, dict(more)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# --- reading ----------------------------------------------------------------------------------------------------


def read_workflow(path: Path) -> dict[str, Node]:
    """Raises `NotFound` where there is no file, and `InvalidInput` for one that is no workflow in the API format."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotFound(
            f"The workflow {path} cannot be read: {error.strerror}.",
            hint="Put it there, or correct workflow in the model's entry.",
        ) from error
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"The workflow {path.name} has more than {MOST_BYTES >> 20} MB.", hint=_EXPORT)
    try:
        tree = cast(Json, json.loads(content))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The workflow {path.name} is no JSON.", hint=_EXPORT) from error
    return _graph(tree, path.name)


def _graph(tree: Json, name: str) -> dict[str, Node]:
    if isinstance(tree, dict) and isinstance(tree.get("nodes"), list):
        raise InvalidInput(f"{name} is a workflow as ComfyUI saves it for itself, not for programs.", hint=_EXPORT)
    if not isinstance(tree, dict) or not tree or len(tree) > MOST_NODES:
        raise InvalidInput(f"{name} is no workflow in ComfyUI's API format.", hint=_EXPORT)
    graph = {node: _node(node, value, name) for node, value in tree.items()}
    for node, found in graph.items():
        for input, link in found.links.items():
            if link.node not in graph:
                said = (
                    f"{named(graph, node)} of {name} takes {shown(input)} from node {shown(link.node)}, which it lacks."
                )
                raise InvalidInput(said, hint=_EXPORT)
    return graph


def _node(node: str, value: Json, name: str) -> Node:
    match value:
        case {"class_type": str(kind), "inputs": dict(inputs), **rest} if kind and "." not in node:
            match rest.get("_meta"):
                case {"title": str(title)}:
                    return Node(kind=kind, title=title, inputs=inputs)
                case _:
                    return Node(kind=kind, title=kind, inputs=inputs)
        case _:
            raise InvalidInput(f"{name} is not in ComfyUI's API format: see '{shown(node)}' in it.", hint=_EXPORT)
