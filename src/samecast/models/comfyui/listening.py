"""Listening to a server's WebSocket for how far jobs are: one thread while there are any, one client id all the while.

Nothing depends on it. Connections drop, servers restart, and a reconnected socket may stay silent: whether a job is
done is asked over HTTP in the end. Previews, and all that is said about other jobs, are let go.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from samecast.core.errors import SamecastError
from samecast.models.comfyui.talking import is_here
from samecast.models.comfyui.workflow import Json

if TYPE_CHECKING:
    import websocket

CONNECT_SECONDS = 5.0
LOOK_SECONDS = 0.5
"""How long a read waits before the thread looks whether it is still wanted."""
QUIET_SECONDS = 60.0
"""A socket that said nothing for so long is opened anew: servers lose a client that came back under its old id."""
STEADY_SECONDS = 2.0
LONGEST_PAUSE = 10.0
"""A connection that held for less counts as failed; the pause before the next grows with every one that did."""
MOST_MESSAGE = 32 << 20
NEVER = -1e9
_MOST_NODES = 10_000
_MOST_STEPS = 10**9
_ENDS = ("execution_success", "execution_error", "execution_interrupted")


@dataclass(slots=True)
class Heard:
    """What was heard of one job: each node's steps, whether it ended, and when anything was last said of it."""

    steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    begun: bool = False
    ended: bool = False
    at: float = NEVER


class Listener:
    """The latest of every job that is watched. `headers` are sent when it connects."""

    def __init__(self, url: str, headers: Callable[[], dict[str, str]]) -> None:
        self.client_id = str(uuid.uuid4())
        self._url = url
        self._headers = headers
        self._jobs: dict[str, Heard] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._live = False
        self._tried = threading.Event()
        """Set: it is connected, or has just failed to."""
        self._wake = threading.Event()
        """Set: the pause before the next try is over."""
        self._stop = threading.Event()

    # --- what others ask ------------------------------------------------------------------------------------------

    def watch(self, ticket: str, *, wait: float = 1.0) -> None:
        """Listen for this job, which is about to be submitted; waits a moment for the connection."""
        with self._lock:
            self._jobs.setdefault(ticket, Heard())
            if self._thread is None and not self._stop.is_set():
                self._tried.clear()
                self._thread = threading.Thread(target=self._run, name="comfyui-listener", daemon=True)
                self._thread.start()
            elif not self._live:
                self._tried.clear()
                self._wake.set()
        self._tried.wait(wait)

    def forget(self, ticket: str) -> None:
        with self._lock:
            self._jobs.pop(ticket, None)

    def moved(self, ticket: str) -> tuple[int, int] | None:
        """How many of how many steps are done, over the nodes that have said so; None where nothing was heard yet."""
        with self._lock:
            heard = self._jobs.get(ticket)
            if heard is None or not heard.begun:
                return None
            counted = [steps for steps in heard.steps.values() if steps[1] > 1]
            return (sum(done for done, _ in counted), sum(total for _, total in counted)) if counted else (0, 1)

    def under_way(self, ticket: str, *, within: float) -> bool:
        """Whether the job was heard of within the last so many seconds, and not of its end."""
        with self._lock:
            heard = self._jobs.get(ticket)
            return heard is not None and not heard.ended and time.monotonic() - heard.at < within

    def close(self) -> None:
        """End the thread. Nothing is listened to afterwards."""
        self._stop.set()
        self._wake.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(CONNECT_SECONDS + LOOK_SECONDS)

    # --- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        try:
            while self._wanted():
                self._wake.clear()
                failures = 0 if self._connected() else failures + 1
                self._tried.set()
                if self._jobs and not self._stop.is_set():
                    self._wake.wait(min(LONGEST_PAUSE, 0.1 * 2 ** min(failures, 7)))
        finally:  # whatever ended it, the next job gets another
            self._tried.set()
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _wanted(self) -> bool:
        """Whether to go on; where not, the thread counts as ended from here on."""
        with self._lock:
            if self._jobs and not self._stop.is_set():
                return True
            self._thread = None
            return False

    def _connected(self) -> bool:
        """One connection, from its beginning to its end. Returns whether it held for a while."""
        import websocket

        began = last = time.monotonic()
        socket = websocket.WebSocket(skip_utf8_validation=True)
        try:
            bounded = self._open(socket)
            self._live = True
            self._tried.set()
            while self._jobs and not self._stop.is_set() and time.monotonic() - last < QUIET_SECONDS:
                try:
                    code, content = socket.recv_data()
                except websocket.WebSocketTimeoutException:
                    continue
                if code == websocket.ABNF.OPCODE_CLOSE:
                    break
                last = time.monotonic()
                bounded.next()
                if code == websocket.ABNF.OPCODE_TEXT:
                    self._hear(content)
        except (OSError, ValueError, websocket.WebSocketException, SamecastError):
            pass  # it comes again, or the job is asked for over HTTP
        finally:
            self._lost()
            with suppress(OSError, websocket.WebSocketException):
                socket.close(timeout=1)
        return last - began > STEADY_SECONDS

    def _lost(self) -> None:
        """What was said last is no sign any more that a job is under way: its end may have been missed."""
        with self._lock:
            self._live = False
            for heard in self._jobs.values():
                heard.at = NEVER

    def _open(self, socket: "websocket.WebSocket") -> "_Bounded":
        scheme, _, rest = self._url.partition("://")
        bounded = _Bounded(socket)
        socket.connect(  # type: ignore[no-untyped-call]  # the library annotates it in part
            f"{'wss' if scheme == 'https' else 'ws'}://{rest}/ws?{urlencode({'clientId': self.client_id})}",
            header=[f"{name}: {value}" for name, value in self._headers().items()],
            timeout=CONNECT_SECONDS,
            suppress_origin=True,
            redirect_limit=0,
            http_no_proxy=["*"] if is_here(self._url) else None,
        )
        if socket.getstatus() != 101:
            raise OSError("not a WebSocket")
        socket.settimeout(LOOK_SECONDS)
        return bounded

    def _hear(self, content: bytes) -> None:
        try:
            message = cast(Json, json.loads(content))
        except (ValueError, RecursionError):
            return
        match message:
            case {"type": str(kind), "data": {"prompt_id": str(ticket), **rest}}:
                with self._lock:
                    if (heard := self._jobs.get(ticket)) is not None:
                        _note(heard, kind, cast(dict[str, Json], rest))
            case _:
                pass


def _note(heard: Heard, kind: str, told: dict[str, Json]) -> None:
    heard.begun, heard.at = True, time.monotonic()
    match kind, told:
        case "executing", {"node": None}:
            heard.ended = True
        case "progress", {"node": str(node), "value": value, "max": most}:
            _step(heard, node, value, most)
        case "progress_state", {"nodes": dict(nodes)}:
            for node, state in nodes.items():
                if isinstance(state, dict):
                    _step(heard, node, state.get("value"), state.get("max"))
        case _ if kind in _ENDS:
            heard.ended = True
        case _:
            pass


def _step(heard: Heard, node: str, value: Json, most: Json) -> None:
    """Keep a node's steps, never more than its whole."""
    for number in (value, most):
        if not isinstance(number, int | float) or not 0 <= number <= _MOST_STEPS:
            return
    if node in heard.steps or len(heard.steps) < _MOST_NODES:
        total = int(cast(float, most))
        heard.steps[node] = min(int(cast(float, value)), total), total


class _Bounded:
    """Lets each message have `MOST_MESSAGE` bytes, however it is cut into frames: the library knows no limit."""

    def __init__(self, socket: "websocket.WebSocket") -> None:
        self._read: Callable[[int], bytes] = socket.frame_buffer.recv
        self._left = MOST_MESSAGE
        socket.frame_buffer.recv = self

    def next(self) -> None:
        self._left = MOST_MESSAGE

    def __call__(self, size: int) -> bytes:
        part = self._read(size)
        self._left -= len(part)
        if self._left < 0:
            raise OSError("a message that is too long")
        return part
