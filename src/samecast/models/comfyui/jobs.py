"""What a server says about one job: how it stands, what it has written, why it failed; in one form for all versions.

Newer servers answer `GET /api/jobs/ID`; older ones are asked for their queue, then for their history: a job goes from
the one to the other in one step, so that asked in this order it is never missed in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, TypeAlias, cast

from samecast.core.errors import InvalidInput, OutOfMemory, RenderFailed
from samecast.models.comfyui.talking import PROVIDER, Output, Talk
from samecast.models.comfyui.wording import shown
from samecast.models.comfyui.workflow import Graph, Json, Node, named

State: TypeAlias = Literal["pending", "in_progress", "completed", "failed", "cancelled"]

_SUFFIXES = {"image": (".png", ".jpg", ".jpeg", ".webp"), "video": (".mp4", ".webm", ".mov", ".m4v", ".mkv")}
_MOST_OUTPUTS = 10_000
_AGAIN = "Have it made again: samecast shots retry SHOT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a job failed, in the server's words."""

    message: str = ""
    kind: str = ""
    node: str = ""
    node_kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    state: State
    outputs: tuple[Output, ...] = ()
    trouble: Trouble = Trouble()


# --- asking -----------------------------------------------------------------------------------------------------


def ask(talk: Talk, ticket: str) -> Job | None:
    """The job as it stands; None where the server knows nothing of it. Raises `Unreachable`."""
    status, tree = talk.get("api", "jobs", ticket)
    if status == 200:
        found = _job(tree)
        if found is not None:
            return found
    elif status not in (404, 405):
        raise talk.refused(status, b"")
    return _queued(talk, ticket) or _remembered(talk, ticket)


def _job(tree: Json) -> Job | None:
    """A job as `/api/jobs/ID` describes it; None for a state that is not known here."""
    match tree:
        case {"status": ("pending" | "in_progress") as state}:
            return Job(state="pending" if state == "pending" else "in_progress")
        case {"status": "completed", "outputs": dict(outputs)}:
            return Job(state="completed", outputs=_outputs(outputs))
        case {"status": "failed", "execution_error": dict(error)}:
            return Job(state="failed", trouble=_trouble(error))
        case {"status": "failed", **rest}:
            return Job(state="failed", trouble=_told(cast(Json, rest.get("execution_status")))[1])
        case {"status": "cancelled"}:
            return Job(state="cancelled")
        case _:
            return None


def _queued(talk: Talk, ticket: str) -> Job | None:
    status, tree = talk.get("queue")
    if status != 200:
        raise talk.refused(status, b"")
    states: tuple[tuple[str, State], ...] = (("queue_running", "in_progress"), ("queue_pending", "pending"))
    for key, state in states:
        entries = tree.get(key) if isinstance(tree, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, list) and len(entry) > 1 and entry[1] == ticket:
                return Job(state=state)
    return None


def _remembered(talk: Talk, ticket: str) -> Job | None:
    status, tree = talk.get("history", ticket)
    if status != 200:
        raise talk.refused(status, b"")
    entry = tree.get(ticket) if isinstance(tree, dict) else None
    if not isinstance(entry, dict):
        return None
    told = entry.get("status")
    failed = isinstance(told, dict) and told.get("status_str") == "error"
    if failed:
        interrupted, trouble = _told(told)
        return Job(state="cancelled") if interrupted else Job(state="failed", trouble=trouble)
    return Job(state="completed", outputs=_outputs(entry.get("outputs")))


def _told(status: Json) -> tuple[bool, Trouble]:
    """Whether it was interrupted, and what else went wrong, from the messages of a job that ended."""
    messages = status.get("messages") if isinstance(status, dict) else None
    trouble = Trouble()
    for message in messages if isinstance(messages, list) else ():
        match message:
            case ["execution_interrupted", *_]:
                return True, trouble
            case ["execution_error", dict(error), *_]:
                trouble = _trouble(error)
            case _:
                pass
    return False, trouble


def _trouble(error: dict[str, Json]) -> Trouble:
    return Trouble(
        message=str(error.get("exception_message") or ""),
        kind=str(error.get("exception_type") or ""),
        node=str(error.get("node_id") or ""),
        node_kind=str(error.get("node_type") or ""),
    )


def _outputs(tree: Json) -> tuple[Output, ...]:
    """Every file that is named, in the order in which the nodes are."""
    found: list[Output] = []
    for node, given in tree.items() if isinstance(tree, dict) else ():
        if not isinstance(given, dict):
            continue
        flags = given.get("animated")
        animated = isinstance(flags, list) and any(flag is True for flag in flags)
        for items in given.values():
            for item in items if isinstance(items, list) else ():
                match item:
                    case {"filename": str(name), **rest} if len(found) < _MOST_OUTPUTS:
                        subfolder, folder = rest.get("subfolder", ""), rest.get("type", "output")
                        found.append(
                            Output(
                                node=node,
                                name=name,
                                subfolder=subfolder if isinstance(subfolder, str) else "",
                                folder=folder if isinstance(folder, str) else "output",
                                animated=animated,
                            )
                        )
                    case _:
                        pass
    return tuple(found)


# --- what it means ----------------------------------------------------------------------------------------------


def chosen(outputs: Sequence[Output], kind: str, nodes: Sequence[str], graph: Graph) -> Output:
    """The file that is the take: of the named nodes, else a saved one before a preview. Raises `RenderFailed`."""
    fitting = [output for output in outputs if _fits(output, kind)]
    if nodes:
        ranked = sorted((o for o in fitting if o.node in nodes), key=lambda output: nodes.index(output.node))
    else:
        ranked = sorted(fitting, key=lambda output: output.folder != "output")
    if ranked:
        return ranked[0]
    made = f", only {shown(', '.join(output.name for output in outputs[:3]))}" if outputs else ""
    noun, saver = ("clip", "SaveVideo") if kind == "video" else ("picture", "SaveImage")
    where = f" by {', '.join(named(graph, node) for node in nodes)}" if nodes else ""
    raise RenderFailed(
        f"The workflow has saved no {noun}{where}{made}.",
        hint=f"End it with {saver}, or correct outputs in the model's entry.",
    )


def _fits(output: Output, kind: str) -> bool:
    suffix = PurePosixPath(output.name).suffix.lower()
    return suffix in _SUFFIXES[kind] and not (kind == "image" and output.animated)


def failed(trouble: Trouble, graph: Graph) -> RenderFailed:
    """The error that a failed job means."""
    first = shown(trouble.message.strip().split("\n")[0]) or shown(trouble.kind) or "it did not say why"
    known = graph.get(trouble.node)
    if known is None and trouble.node_kind:
        graph = {trouble.node: Node(kind=trouble.node_kind, title="", inputs={})}
    where = f" in {named(graph, trouble.node)}" if trouble.node else ""
    if "outofmemory" in trouble.kind.lower():
        return OutOfMemory(
            f"ComfyUI ran out of memory{where}.", hint="Ask for a smaller or shorter take, or free its memory first."
        )
    return RenderFailed(f"{PROVIDER} failed{where}: {first}.", hint="Mend the workflow there, then try the take again.")


def interrupted() -> RenderFailed:
    return RenderFailed("The take was stopped in ComfyUI.", hint=_AGAIN, charged=False)


def forgotten() -> RenderFailed:
    """A job that the server had, and has no more."""
    return RenderFailed("ComfyUI has forgotten this take: it was restarted, or its queue was cleared.", hint=_AGAIN)


def refused(tree: Json, graph: Graph) -> InvalidInput:
    """What an answer of 400 to a workflow means: the first node that is wrong, and why."""
    errors = tree.get("node_errors") if isinstance(tree, dict) else None
    for node, told in errors.items() if isinstance(errors, dict) else ():
        match told:
            case {"errors": [dict(first), *others]}:
                more = f" ({len(others)} more)" if others else ""
                return _not_taken(named(graph, node), _reason(first), more)
            case _:
                pass
    match tree:
        case {"error": dict(error)}:
            return _not_taken("the workflow", _reason(error))
        case {"error": str(error)}:
            return _not_taken("the workflow", shown(error))
        case _:
            return _not_taken("the workflow", "it does not say why")


def _reason(error: dict[str, Json]) -> str:
    message, details = shown(error.get("message") or error.get("type") or "it does not say why"), error.get("details")
    return f"{message}: {shown(details)}" if details else message


def _not_taken(what: str, why: str, more: str = "") -> InvalidInput:
    return InvalidInput(
        f"ComfyUI does not take {what}: {why}{more}.",
        hint="Run the workflow in ComfyUI itself; then mend it or its entry.",
    )
