"""How far a job is, as its server tells it over the WebSocket, which may break, lie or stay silent without any harm."""

import json
import struct
import threading
import time
from typing import Any

import pytest
from tests.models.comfyui.server import FakeComfyUI
from tests.models.comfyui.setting import Setting, collected, graph, pictures, until

from samecast.core.errors import RenderFailed
from samecast.models.comfyui import engine as engines
from samecast.models.comfyui import listening
from samecast.models.comfyui.engine import ComfyUI
from samecast.ports.plugins import Tells


def threads() -> int:
    return sum(thread.name == "comfyui-listener" for thread in threading.enumerate())


def followed(engine: ComfyUI, ticket: str, fake: FakeComfyUI) -> list[tuple[str, int, int]]:
    """Everything that is told of a job until it is there."""
    told: list[tuple[str, int, int]] = []
    while engine.collect(ticket) is None:
        now = engine.progress(ticket)
        if now is not None and (not told or told[-1] != now):
            told.append(now)
        time.sleep(0.002)
    return told


def test_a_job_is_told_step_by_step(fake: FakeComfyUI, stills: Setting):
    fake.seconds, fake.steps = 0.02, 6
    engine: Tells = stills.engine()
    assert isinstance(engine, ComfyUI)
    assert engine.progress("unknown") is None
    told = followed(engine, engine.submit(stills.order(pictures(1)), "shot-1.1"), fake)
    steps = [done for step, done, total in told if (step, total) == ("render", 6)]
    assert steps == sorted(set(steps))
    assert len(steps) >= 4, told
    assert all(0 <= done <= total for _, done, total in told)


def test_a_job_in_the_queue_is_told_as_that(fake: FakeComfyUI, stills: Setting):
    fake.go.clear()
    engine = stills.engine()
    first, second = (engine.submit(stills.order(), key) for key in ("shot-1.1", "shot-2.1"))
    until(lambda: engine.progress(first) == ("render", 0, 1))
    assert engine.collect(second) is None
    assert engine.progress(second) == ("queue", 0, 1)
    later = stills.engine()
    assert later.collect(first) is None
    assert later.progress(first) == ("render", 0, 1), "told by polling: another client's events are not its own"


def test_steps_of_several_samplers_add_up(fake: FakeComfyUI, stills: Setting):
    changed = graph(stills.example)
    changed["4"] = json.loads(json.dumps(changed["3"]))
    changed["4"]["inputs"]["latent_image"] = ["3", 0]
    changed["8"]["inputs"]["samples"] = ["4", 0]
    stills.write(changed)
    fake.seconds, fake.steps = 0.02, 5
    engine = stills.engine()
    told = followed(engine, engine.submit(stills.order(), "shot-1.1"), fake)
    totals = [total for _, _, total in told if total > 1]
    assert set(totals) == {5, 10}
    assert totals == sorted(totals)


def test_a_dropped_socket_comes_back_under_its_client_id(fake: FakeComfyUI, stills: Setting):
    fake.steps = 4
    engine = stills.engine()
    fake.go.clear()
    ticket = engine.submit(stills.order(), "shot-1.1")
    until(lambda: fake.sockets)
    (client,) = fake.sockets
    until(lambda: engine.progress(ticket) == ("render", 0, 1))
    for _ in range(2):
        before = fake.count("GET /ws")
        fake.drop_sockets()
        until(lambda: fake.count("GET /ws") > before)  # noqa: B023 - called at once
        until(lambda: set(fake.sockets) == {client})
    fake.seconds = 0.03
    fake.go.set()
    until(lambda: (engine.progress(ticket) or ("", 0, 0))[1] >= 2)
    assert collected(engine, ticket).file


def test_a_socket_that_the_server_lost_is_opened_anew(
    fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(listening, "QUIET_SECONDS", 0.3)
    fake.go.clear()
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    until(lambda: fake.sockets)
    (client,) = fake.sockets
    until(lambda: engine.progress(ticket) == ("render", 0, 1))
    fake.sockets.clear()  # as when an older connection of the same client ends late
    until(lambda: set(fake.sockets) == {client})
    fake.go.set()
    assert collected(engine, ticket).file


def test_after_a_restart_the_next_job_is_told_again(
    fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engines, "HEARD_SECONDS", 0.0)
    fake.go.clear()
    engine = stills.engine()
    lost = engine.submit(stills.order(), "shot-1.1")
    until(lambda: engine.progress(lost) == ("render", 0, 1))
    fake.stop()
    fake.start()
    with pytest.raises(RenderFailed, match="forgotten"):
        collected(engine, lost)
    fake.seconds, fake.steps = 0.02, 6
    told = followed(engine, engine.submit(stills.order(), "shot-1.2"), fake)
    assert any(total == 6 for _, _, total in told)


def test_without_a_socket_takes_are_made_all_the_same(fake: FakeComfyUI, stills: Setting):
    fake.answers = {"/ws": (403, b"not here")}
    fake.go.clear()
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    until(lambda: fake.running is not None)
    assert engine.collect(ticket) is None
    assert engine.progress(ticket) == ("render", 0, 1)
    fake.go.set()
    assert collected(engine, ticket).file


def test_while_a_job_is_heard_of_it_is_seldom_asked_for(fake: FakeComfyUI, stills: Setting):
    fake.go.clear()
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    until(lambda: engine.progress(ticket) == ("render", 0, 1))
    before = fake.count("GET /api/jobs/")
    for _ in range(50):
        assert engine.collect(ticket) is None
    assert fake.count("GET /api/jobs/") == before
    fake.go.set()
    assert collected(engine, ticket).file, "its end is heard, and then it is asked for at once"


def test_a_job_whose_socket_broke_is_asked_for_at_once(fake: FakeComfyUI, stills: Setting):
    fake.go.clear()
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    until(lambda: engine.progress(ticket) == ("render", 0, 1))
    fake.answers = {"/ws": (503, b"")}
    fake.drop_sockets()
    until(lambda: fake.count("GET /ws") > 1)
    before = fake.count("GET /api/jobs/")
    assert engine.collect(ticket) is None
    assert fake.count("GET /api/jobs/") == before + 1
    fake.go.set()
    assert collected(engine, ticket, seconds=3).file


def test_the_thread_ends_with_the_last_job_and_begins_with_the_next(fake: FakeComfyUI, stills: Setting):
    engine = stills.engine()
    assert threads() == 0
    fake.go.clear()
    ticket = engine.submit(stills.order(), "shot-1.1")
    until(lambda: fake.sockets)
    (client,) = fake.sockets
    assert threads() == 1
    fake.go.set()
    collected(engine, ticket)
    until(lambda: threads() == 0)
    until(lambda: not fake.sockets)
    fake.go.clear()
    ticket = engine.submit(stills.order(), "shot-2.1")
    until(lambda: set(fake.sockets) == {client})
    engine.close()
    assert threads() == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_breaks_is_not_the_last(fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch):
    def breaks(self: listening.Listener) -> bool:
        raise AssertionError("what nobody thought of")

    engine = stills.engine()
    with monkeypatch.context() as broken:
        broken.setattr(listening.Listener, "_connected", breaks)
        assert collected(engine, engine.submit(stills.order(), "shot-1.1")).file
    until(lambda: threads() == 0)
    fake.seconds = 0.02
    assert ("render", 4) in {
        (step, total) for step, _, total in followed(engine, engine.submit(stills.order(), "shot-2.1"), fake)
    }


# --- what is said there is not trusted --------------------------------------------------------------------------


def text_frame(content: bytes) -> bytes:
    return bytes([0x81, 127]) + struct.pack(">Q", len(content)) + content


@pytest.mark.parametrize(
    "greeting",
    [
        text_frame(b"x" * 60_000),
        bytes([0x81, 127]) + struct.pack(">Q", 1 << 60) + b"x" * 60_000,
        bytes([0x01, 126])
        + struct.pack(">H", 900)
        + b"x" * 900
        + (bytes([0x00, 126]) + struct.pack(">H", 900) + b"x" * 900) * 90,
        bytes([0xFF, 0x05]) + b"\x00" * 64,
        text_frame(b"\xff\xfe" * 10),
        text_frame(b"[" * 900),
        text_frame(b"{not json"),
    ],
    ids=["long", "endless", "in pieces", "no frame", "no text", "deep", "no json"],
)
def test_messages_that_no_server_should_send_are_let_go(
    fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch, greeting: bytes
):
    monkeypatch.setattr(listening, "MOST_MESSAGE", 20_000)
    fake.greeting = greeting
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    assert collected(engine, ticket).file


def test_a_message_that_is_too_long_is_not_read_to_its_end(
    fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(listening, "MOST_MESSAGE", 20_000)
    read = 0
    bounded = listening._Bounded.__call__

    def counted(self: listening._Bounded, size: int) -> bytes:
        nonlocal read
        part = bounded(self, size)
        read += len(part)
        return part

    monkeypatch.setattr(listening._Bounded, "__call__", counted)
    fake.greeting = bytes([0x81, 127]) + struct.pack(">Q", 1 << 60) + b"x" * 1_000_000
    fake.go.clear()
    engine = stills.engine()
    engine.submit(stills.order(), "shot-1.1")
    before = fake.count("GET /ws")
    until(lambda: fake.count("GET /ws") > before + 1)
    assert read <= fake.count("GET /ws") * (20_000 + 16_384)
    fake.go.set()


@pytest.mark.parametrize(
    "told",
    [
        {"value": -1, "max": 4},
        {"value": float("nan"), "max": 4},
        {"value": 3, "max": float("inf")},
        {"value": "3", "max": "4"},
        {"value": 3, "max": 10**12},
        {"value": None, "max": None},
        {"value": [], "max": {}},
    ],
)
def test_steps_that_are_none_are_not_counted(told: dict[str, Any]):
    heard = listening.Heard()
    listening._note(heard, "progress", {"node": "3", **told})
    listening._note(heard, "progress_state", {"nodes": {"3": told, "4": None}})
    assert heard.steps == {}


def test_steps_never_go_beyond_their_whole_and_others_jobs_are_not_ours():
    listener = listening.Listener("http://127.0.0.1:9", dict)
    listener._jobs["ours"] = listening.Heard()
    for ticket in ("ours", "theirs"):
        told = {"prompt_id": ticket, "node": "3", "value": 9, "max": 4}
        listener._hear(json.dumps({"type": "progress", "data": told}).encode())
    listener._hear(b'{"type": "executing", "data": {"node": "3"}}')
    listener._hear(b'{"type": "status", "data": {"status": {}}}')
    assert listener.moved("ours") == (4, 4)
    assert listener.moved("theirs") is None
    assert listener.under_way("ours", within=5)
    listener._hear(b'{"type": "executing", "data": {"node": null, "prompt_id": "ours"}}')
    assert not listener.under_way("ours", within=5)
