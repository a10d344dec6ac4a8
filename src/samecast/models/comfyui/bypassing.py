"""Leaving nodes out of a workflow, as ComfyUI's own bypass does, and only where it is plain what that means.

What took something from a node that goes takes it from where that node had it: from the one link of the same type
that the node has. Where there is none, an optional input goes too. Anything else is refused, never guessed.
"""

from collections.abc import Collection

from samecast.core.errors import InvalidInput
from samecast.models.comfyui.declared import ANY, Forms
from samecast.models.comfyui.wording import shown
from samecast.models.comfyui.workflow import Graph, Json, Link, Node, named

_MOST_DEEP = 200


def without(graph: Graph, nodes: Collection[str], forms: Forms) -> dict[str, Node]:
    """The graph without these nodes. Raises `InvalidInput` where what is left would miss something."""
    going = set(nodes)
    kept: dict[str, Node] = {}
    for node, found in graph.items():
        if node in going:
            continue
        inputs: dict[str, Json] = dict(found.inputs)
        for input, link in found.links.items():
            if link.node not in going:
                continue
            source = _source(link, graph, going, forms)
            if source is not None:
                inputs[input] = [source.node, source.output]
            elif _may_go(found, input, forms):
                del inputs[input]
            else:
                raise InvalidInput(
                    f"Without {named(graph, link.node)}, {named(graph, node)} would miss its {shown(input)}.",
                    hint=f"Name node {shown(node)} in the entry's bypass too, or use another workflow.",
                )
        kept[node] = found.with_inputs(inputs)
    return kept


def _may_go(node: Node, input: str, forms: Forms) -> bool:
    form = forms[node.kind].input(input)
    return form is not None and not form.required


def _source(link: Link, graph: Graph, going: set[str], forms: Forms, deep: int = 0) -> Link | None:
    """Where what a link gave comes from once the nodes are gone; None from nowhere."""
    if link.node not in going:
        return link
    if deep > _MOST_DEEP:
        raise InvalidInput(
            f"The nodes around {named(graph, link.node)} go round in a circle.", hint="Export the workflow anew."
        )
    kind = _type(link, graph, forms)
    if kind == ANY:
        return None
    alike = [before for before in graph[link.node].links.values() if _type(before, graph, forms) == kind]
    found = {source for before in alike if (source := _source(before, graph, going, forms, deep + 1)) is not None}
    if len(found) > 1:
        raise InvalidInput(
            f"{named(graph, link.node)} takes {len(found)} inputs of the type {shown(kind)}, so it is not plain what"
            " stands in for it.",
            hint="Leave it out of the entry's bypass, or use another workflow.",
        )
    return next(iter(found), None)


def _type(link: Link, graph: Graph, forms: Forms) -> str:
    return forms[graph[link.node].kind].output(link.output)
