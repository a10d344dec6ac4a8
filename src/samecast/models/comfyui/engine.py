"""The engine: a take's life on a ComfyUI server, from its workflow to its file. Every step may be begun again.

A job's ticket is its id, which follows from the attempt's key; so whoever knows the key can ask for the job, and the
same key is never queued twice. Waiting keeps nothing here that cannot be asked for again.
"""

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from samecast.core.errors import InvalidInput, MissingPart, RenderFailed, SamecastError, SubmissionUnsure
from samecast.core.recipe import Recipe
from samecast.models.comfyui import jobs
from samecast.models.comfyui.declared import Declared, declared_of
from samecast.models.comfyui.filling import check_classes, fill, with_names
from samecast.models.comfyui.listening import Listener
from samecast.models.comfyui.mapping import TOKEN, Map, check_map, read_map, url_of
from samecast.models.comfyui.talking import Talk
from samecast.models.comfyui.workflow import Graph, Json, digest_of, prompt_of, read_workflow
from samecast.models.hosted.pictures import png
from samecast.ports import ModelProfile, Render, Rendered
from samecast.ports.plugins import Keys

VERSION = "1"
_KEYS = uuid.UUID("5f0c2a5e-6f0b-5d9e-9d43-2c1e5a6b7d80")
"""The namespace of the jobs' ids."""
DECLARED_SECONDS = 120.0
"""How long what a server says of its nodes is believed."""
HEARD_SECONDS, ASK_SECONDS = 5.0, 20.0
"""A job that was heard of so lately is being made; it is asked for all the same every so often."""
_UNSURE_LOOKS, _UNSURE_PAUSE = 6, 0.5


def ticket_of(key: str) -> str:
    """The id of the job of an attempt: a UUID in its canonical form."""
    return str(uuid.uuid5(_KEYS, key))


class ComfyUI:
    """`ports.HostedEngine` and `plugins.Tells`, for one entry. May be used from several threads."""

    def __init__(
        self, *, profile: ModelProfile, home: Path, keys: Keys, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._profile = profile
        self._home = home
        self._keys = keys
        self._wait = wait
        self._lock = threading.Lock()
        self._submitting = threading.Lock()
        self._connected: tuple[Talk, Listener] | None = None
        self._declared: dict[str, tuple[float, Declared]] = {}
        self._unsure: set[str] = set()
        self._states: dict[str, tuple[float, str]] = {}
        """When each job was last asked for, and how it stood."""

    # --- what needs no server -------------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """Of this engine, and of the workflow with its map. Raises what `check` raises for either."""
        return _version(*self._read())

    def check(self) -> None:
        for module in ("httpx2", "websocket"):
            if find_spec(module) is None:
                raise MissingPart(
                    "ComfyUI cannot be spoken to: a package is missing.", hint="pip install 'samecast[comfyui]'"
                )
        how, _ = self._read()
        if how.token:
            self._keys.get(TOKEN)

    def close(self) -> None:
        """Let go of the server; the next question connects again."""
        with self._lock:
            connected, self._connected = self._connected, None
        if connected is not None:
            connected[1].close()
            connected[0].close()

    def _read(self) -> tuple[Map, Graph]:
        """The entry and its workflow, as they are now. Raises `InvalidInput`, `NotFound`."""
        how = read_map(self._profile, self._home)
        graph = read_workflow(how.workflow)
        check_map(how, self._profile, graph)
        return how, graph

    # --- a job's life ---------------------------------------------------------------------------------------------

    def submit(self, order: Render, key: str) -> str:
        how, graph = self._read()
        ticket = ticket_of(key)
        talk, listener = self._server()
        if jobs.ask(talk, ticket) is not None:
            return ticket
        _check_recipe(order.recipe, _version(how, graph))
        forms = self._forms(talk, graph)
        filled = fill(graph, how, order.recipe, forms)
        names: dict[str, str] = {}
        wanted = dict.fromkeys(sha256 for _, sha256 in filled.pictures)
        for number, sha256 in enumerate(wanted):
            order.on_step("upload", number, len(wanted))
            names[sha256] = self._upload(talk, order, sha256)
        ready = with_names(filled, names)
        with self._submitting:
            if jobs.ask(talk, ticket) is None:
                listener.watch(ticket)
                try:
                    self._queue(talk, listener, ready, ticket)
                except SubmissionUnsure:
                    self._unsure.add(ticket)
                    raise
                except BaseException:
                    listener.forget(ticket)
                    raise
        self._states[ticket] = (time.monotonic(), "pending")
        return ticket

    def find(self, key: str) -> str | None:
        ticket = ticket_of(key)
        talk, _ = self._server()
        for look in range(_UNSURE_LOOKS):
            if jobs.ask(talk, ticket) is not None:
                self._unsure.discard(ticket)
                return ticket
            if ticket not in self._unsure:
                return None
            if look < _UNSURE_LOOKS - 1:  # a request that was cut off may still be on its way into the queue
                self._wait(_UNSURE_PAUSE)
        self._unsure.discard(ticket)
        self._forget(ticket)
        return None

    def collect(self, ticket: str) -> Rendered | None:
        talk, listener = self._server()
        asked, _ = self._states.get(ticket, (-1e9, ""))
        if listener.under_way(ticket, within=HEARD_SECONDS) and time.monotonic() - asked < ASK_SECONDS:
            return None
        job = jobs.ask(talk, ticket)
        if job is not None and job.state in ("pending", "in_progress"):
            self._states[ticket] = (time.monotonic(), job.state)
            return None
        self._forget(ticket)
        if job is None:
            raise jobs.forgotten()
        return self._delivered(talk, job)

    def cancel(self, ticket: str) -> None:
        talk, _ = self._server()
        status, answer = talk.post("api", "jobs", ticket, "cancel", body={})
        if status in (404, 405):  # before there were jobs
            self._cancel_queued(talk, ticket)
        elif status != 200:
            raise talk.refused(status, answer)
        self._forget(ticket)

    def progress(self, ticket: str) -> tuple[str, int, int] | None:
        """How far a job is: over the steps of the nodes that count any, as far as they have begun."""
        with self._lock:
            connected = self._connected
        moved = connected[1].moved(ticket) if connected else None
        if moved is not None:
            return ("render", *moved)
        match self._states.get(ticket):
            case (_, "pending"):
                return ("queue", 0, 1)
            case (_, "in_progress"):
                return ("render", 0, 1)
            case _:
                return None

    # --- their parts ----------------------------------------------------------------------------------------------

    def _server(self) -> tuple[Talk, Listener]:
        token = (lambda: self._keys.get(TOKEN)) if self._profile.setup.get("token") is True else None
        with self._lock:
            if self._connected is None:
                talk = Talk(url_of(self._profile), token)
                self._connected = talk, Listener(talk.url, talk.headers)
            return self._connected

    def _forms(self, talk: Talk, graph: Graph) -> Mapping[str, Declared]:
        """What the server says of the workflow's classes. Raises `InvalidInput` for one it does not have."""
        now = time.monotonic()
        forms: dict[str, Declared] = {}
        for kind in sorted({node.kind for node in graph.values()}):
            when, form = self._declared.get(kind, (-1e9, None))
            if form is None or now - when > DECLARED_SECONDS:
                status, tree = talk.get("object_info", kind)
                if status != 200:
                    raise talk.refused(status, b"")
                if not isinstance(tree, dict) or kind not in tree:
                    continue
                form = declared_of(tree[kind])
                self._declared[kind] = now, form
            forms[kind] = form
        check_classes(graph, forms)
        return forms

    def _upload(self, talk: Talk, order: Render, sha256: str) -> str:
        """The server's name for a picture. Named by what is in it, so that a picture is kept there once."""
        content = png(order.references[sha256])
        return talk.upload(f"samecast-{hashlib.sha256(content).hexdigest()}.png", content)

    def _queue(self, talk: Talk, listener: Listener, graph: Graph, ticket: str) -> None:
        body: dict[str, Json] = {"prompt": prompt_of(graph), "client_id": listener.client_id, "prompt_id": ticket}
        status, tree = talk.queue(body)
        if status == 400:
            raise jobs.refused(tree, graph)
        given = tree.get("prompt_id") if isinstance(tree, dict) else None
        if given != ticket:
            self._undo(talk, given)
            raise MissingPart(
                "This ComfyUI gives jobs ids of its own, so that a take could be made twice.", hint="Update ComfyUI."
            )

    def _undo(self, talk: Talk, given: Json) -> None:
        """Take back a job that was queued under another id than the one that was asked for."""
        if isinstance(given, str) and len(given) <= 64:
            self._cancel_queued(talk, given)

    def _cancel_queued(self, talk: Talk, ticket: str) -> None:
        talk.post("queue", body={"delete": [ticket]})
        job = jobs.ask(talk, ticket)
        if job is not None and job.state == "in_progress":  # without this, the oldest would stop whatever is running
            talk.post("interrupt", body={"prompt_id": ticket})

    def _delivered(self, talk: Talk, job: jobs.Job) -> Rendered:
        how = read_map(self._profile, self._home)
        graph: Graph = {}
        with suppress(SamecastError):  # only titles are taken from it: what was made is not lost with the file
            graph = read_workflow(how.workflow)
        if job.state == "failed":
            raise jobs.failed(job.trouble, graph)
        if job.state == "cancelled":
            raise jobs.interrupted()
        return Rendered(file=talk.view(jobs.chosen(job.outputs, self._profile.kinds[0], how.outputs, graph)))

    def _forget(self, ticket: str) -> None:
        self._states.pop(ticket, None)
        with self._lock:
            connected = self._connected
        if connected is not None:
            connected[1].forget(ticket)


def _version(how: Map, graph: Graph) -> str:
    return f"{VERSION}-{digest_of(graph, how.deciding)[:16]}"


def _check_recipe(recipe: Recipe, version: str) -> None:
    """Raises what keeps this recipe from being made with the workflow as it is now."""
    if recipe.loras:
        raise InvalidInput(
            "A LoRA of the character's cannot be given to a workflow.",
            hint="Build it into the workflow itself, or shoot on a model that takes LoRAs.",
        )
    if recipe.engine_version != version:
        raise RenderFailed(
            "The workflow, or its entry, is no longer the one that this shot was planned with.",
            hint="Put it back as it was, or shoot the prompt anew.",
            charged=False,
        )
