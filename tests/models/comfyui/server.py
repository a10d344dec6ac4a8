"""A ComfyUI of the tests' own: real HTTP and a real WebSocket on one port, with its queue, its history and its moods.

It holds every request against the form that ComfyUI documents; what does not keep to it is refused and put into
`wrong`, which the tests want empty. Workflows are checked as ComfyUI checks them, and "made" step by step in a thread
of its own, with the events that ComfyUI sends. Restarted, it forgets its queue and its history, as ComfyUI does.
"""

import json
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import ThreadingHTTPServer
from socket import socket
from typing import Any

from tests.models.comfyui import media
from tests.models.comfyui.forms import Prompt, form_of_submission, form_of_upload, order, refusal
from tests.models.comfyui.nodes import NODES
from tests.models.comfyui.wire import cut, handler_of


class Interrupted(Exception):
    """The job that is made was to stop."""


@dataclass
class Entry:
    """A job as the queue has it: number, id, graph and extra data, as ComfyUI's tuples."""

    number: int
    id: str
    prompt: Prompt
    extra: dict[str, Any]

    def told(self) -> list[Any]:
        return [self.number, self.id, self.prompt, self.extra, []]


@dataclass
class FakeComfyUI:
    steps: int = 4
    seconds: float = 0.002
    """How long a step takes."""
    old: bool = False
    """Without `/api/jobs`, as before 2026."""
    names_itself: bool = False
    """Older still: it gives jobs ids of its own."""
    token: str = ""
    fail: dict[str, Any] | None = None
    """What every sampler fails with."""
    cut: int = 0
    """So many submissions are taken, and the connection is cut before the answer."""
    lost: int = 0
    """So many submissions are cut off before they are read."""
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """What is answered to a path, whatever is asked."""
    nodes: dict[str, Any] = field(default_factory=lambda: dict(NODES))
    greeting: bytes | None = None
    """What the WebSocket sends first, as it is, instead of the status."""

    def __post_init__(self) -> None:
        self.wrong: list[str] = []
        self.asked: list[str] = []
        """Every request, as "GET /queue"."""
        self.begun: list[str] = []
        """Every job that was queued, by its id, in order."""
        self.prompts: dict[str, Prompt] = {}
        self.uploads: dict[str, bytes] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.pending: list[Entry] = []
        self.running: Entry | None = None
        self.history: dict[str, dict[str, Any]] = {}
        self.sockets: dict[str, socket] = {}
        self.go = threading.Event()
        """Cleared: jobs stand still before their next step."""
        self.go.set()
        self.port = 0
        self.connections: set[socket] = set()
        self._interrupt = False
        self._lock = threading.RLock()
        self._alive = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._threads: list[threading.Thread] = []

    # --- the life of the server -----------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def up(self) -> Iterator["FakeComfyUI"]:
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler_of(self))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._alive.set()
        serve = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._threads = [serve, threading.Thread(target=self._work, daemon=True)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """As if the process were killed: connections are cut, the queue and the history are gone, files stay."""
        assert self._server is not None
        self._alive.clear()
        self.go.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.connections):
            cut(connection)
        for thread in self._threads:
            thread.join(5)
        with self._lock:
            self.pending.clear()
            self.running = None
            self.history.clear()
            self.sockets.clear()

    def drop_sockets(self) -> None:
        """Cut every WebSocket, and nothing else."""
        for connection in list(self.sockets.values()):
            cut(connection)

    def count(self, request: str) -> int:
        return sum(asked.startswith(request) for asked in self.asked)

    # --- making ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while self._alive.is_set():
            with self._lock:
                if self.pending:
                    self.running = self.pending.pop(0)
                    self._interrupt = False
            if self.running is None:
                time.sleep(0.002)
                continue
            self._make(self.running)

    def _make(self, entry: Entry) -> None:
        sid = entry.extra.get("client_id")
        messages: list[list[Any]] = []

        def message(event: str, more: dict[str, Any]) -> None:
            told = {"prompt_id": entry.id, **more, "timestamp": int(time.time() * 1000)}
            messages.append([event, told])
            self.send(event, told, sid)

        message("execution_start", {})
        message("execution_cached", {"nodes": []})
        outputs: dict[str, Any] = {}
        status = "success"
        try:
            for node in order(entry.prompt, self.nodes):
                self.send("executing", {"node": node, "display_node": node, "prompt_id": entry.id}, sid)
                made = self._run(entry, node, sid)
                if made is not None:
                    outputs[node] = made
                    self.send("executed", {"node": node, "output": made, "prompt_id": entry.id}, sid)
            message("execution_success", {})
        except Interrupted:
            status = "error"
            message("execution_interrupted", {"node_id": "3", "node_type": "KSampler", "executed": []})
        except _Broken as broken:
            status = "error"
            message("execution_error", broken.told)
        with self._lock:
            if self.running is not entry or not self._alive.is_set():
                return
            self.running = None
            self.history[entry.id] = {
                "prompt": entry.told(),
                "outputs": outputs,
                "status": {"status_str": status, "completed": status == "success", "messages": messages},
                "meta": {},
            }
        self.send("executing", {"node": None, "prompt_id": entry.id}, sid)

    def _run(self, entry: Entry, node: str, sid: str | None) -> dict[str, Any] | None:
        kind, inputs = entry.prompt[node]["class_type"], entry.prompt[node]["inputs"]
        if kind == "KSampler":
            self._sample(entry, node, sid)
        if kind == "SaveImage":
            return {"images": [self._kept(entry, node, "png", media.picture(*_size(entry.prompt)), "")]}
        if kind == "PreviewImage":
            return {"images": [self._kept(entry, node, "png", media.picture(8, 8), "", folder="temp")]}
        if kind == "SaveAnimatedWEBP":
            return {"images": [self._kept(entry, node, "webp", b"RIFF", "")], "animated": [True]}
        if kind == "SaveVideo":
            subfolder = inputs["filename_prefix"].rpartition("/")[0]
            return {"images": [self._kept(entry, node, "mp4", media.clip(), subfolder)], "animated": [True]}
        return None

    def _sample(self, entry: Entry, node: str, sid: str | None) -> None:
        total = self.steps
        for step in range(1, total + 1):
            time.sleep(self.seconds)
            while not self.go.wait(0.01) and not self._interrupt:
                pass
            if self._interrupt or not self._alive.is_set():
                raise Interrupted
            if self.fail is not None:
                raise _Broken({"node_id": node, "node_type": "KSampler", "executed": [], **self.fail})
            state = {"value": step, "max": total, "state": "running", "node_id": node, "prompt_id": entry.id}
            self.send("progress_state", {"prompt_id": entry.id, "nodes": {node: state}}, sid)
            self.send("progress", {"value": step, "max": total, "prompt_id": entry.id, "node": node}, sid)
            self.frame(0x2, struct.pack(">II", 1, 1) + media.preview(), sid)

    def _kept(
        self, entry: Entry, node: str, suffix: str, content: bytes, subfolder: str, folder: str = "output"
    ) -> dict[str, str]:
        name = f"{node}_{len(self.files):05}_.{suffix}"
        self.files[name, subfolder, folder] = content
        return {"filename": name, "subfolder": subfolder, "type": folder}

    # --- the WebSocket --------------------------------------------------------------------------------------------

    def send(self, event: str, told: dict[str, Any], sid: str | None) -> None:
        self.frame(0x1, json.dumps({"type": event, "data": told}).encode(), sid)

    def frame(self, code: int, content: bytes, sid: str | None) -> None:
        connection = self.sockets.get(sid or "")
        if connection is None:
            return
        length = len(content)
        sized = bytes([length]) if length < 126 else bytes([126]) + struct.pack(">H", length)
        sized = sized if length < 65536 else bytes([127]) + struct.pack(">Q", length)
        with suppress(OSError):
            connection.sendall(bytes([0x80 | code]) + sized + content)

    # --- what requests do -----------------------------------------------------------------------------------------

    def submit(self, body: Any) -> tuple[int, Any]:
        for problem in form_of_submission(body):
            self.wrong.append(problem)
        prompt = body["prompt"]
        try:
            canonical = str(uuid.UUID(body["prompt_id"])) == body["prompt_id"]
        except ValueError:
            canonical = False
        if not canonical:
            return 400, {"error": {"type": "invalid_prompt_id", "message": "prompt_id must be a valid UUID"}}
        said = refusal(prompt, self.nodes, self.uploads, self.wrong)
        if said is not None:
            return 400, said
        with self._lock:
            ticket = str(uuid.uuid4()) if self.names_itself else body["prompt_id"]
            entry = Entry(len(self.begun), ticket, prompt, {"client_id": body["client_id"], "create_time": 1})
            self.begun.append(ticket)
            self.prompts[ticket] = prompt
            self.pending.append(entry)
            return 200, {"prompt_id": ticket, "number": entry.number, "node_errors": {}}

    def upload(self, content: bytes, kind: str) -> tuple[int, Any]:
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + content)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        for problem in form_of_upload(parts):
            self.wrong.append(problem)
        picture, name = bytes(parts["image"].get_payload(decode=True)), parts["image"].get_filename()
        stem, _, suffix = str(name).rpartition(".")
        number = 1
        while name in self.uploads and self.uploads[name] != picture:
            name, number = f"{stem} ({number}).{suffix}", number + 1
        self.uploads[str(name)] = picture
        return 200, {"name": name, "subfolder": "", "type": "input"}

    def job(self, ticket: str) -> tuple[int, Any]:
        with self._lock:
            if ticket in self.history:
                return 200, _finished(ticket, self.history[ticket])
            running = [self.running] if self.running else []
            for state, entries in (("in_progress", running), ("pending", self.pending)):
                for entry in entries:
                    if entry.id == ticket:
                        workflow = {"prompt": entry.prompt, "extra_data": entry.extra}
                        return 200, {"id": ticket, "status": state, "priority": entry.number, "workflow": workflow}
        return 404, {"error": "Job not found"}

    def stop_job(self, ticket: str) -> bool:
        with self._lock:
            if self.running is not None and self.running.id == ticket:
                self._interrupt = True
                return True
            before = len(self.pending)
            self.pending = [entry for entry in self.pending if entry.id != ticket]
            return len(self.pending) < before

    def queued(self) -> dict[str, Any]:
        with self._lock:
            running = [self.running] if self.running else []
            return {
                "queue_running": [entry.told() for entry in running],
                "queue_pending": [entry.told() for entry in self.pending],
            }


class _Broken(Exception):
    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self.told = told


def _finished(ticket: str, entry: dict[str, Any]) -> dict[str, Any]:
    """A job out of the history, as `/api/jobs/ID` tells it."""
    events = dict(entry["status"]["messages"])
    state = "completed" if entry["status"]["status_str"] == "success" else "failed"
    if "execution_interrupted" in events:
        state = "cancelled"
    told = {"id": ticket, "status": state, "outputs": entry["outputs"], "execution_status": entry["status"]}
    if "execution_error" in events:
        told["execution_error"] = events["execution_error"]
    return told


def _size(prompt: Prompt) -> tuple[int, int]:
    for entry in prompt.values():
        if "width" in entry["inputs"] and "height" in entry["inputs"]:
            return entry["inputs"]["width"] // 8, entry["inputs"]["height"] // 8
    return 32, 32
