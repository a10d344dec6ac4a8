"""A take's whole life on a ComfyUI server: queued once, collected by anybody, and every way it can go wrong."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from tests.models.comfyui import media
from tests.models.comfyui.nodes import NODES
from tests.models.comfyui.server import FakeComfyUI
from tests.models.comfyui.setting import (
    EXAMPLES,
    QWEN,
    FakeKeys,
    Setting,
    collected,
    graph,
    pictures,
    posted,
    said,
    until,
)

from samecast.core.errors import (
    InvalidInput,
    KeyRefused,
    MissingKey,
    MissingPart,
    OutOfMemory,
    RenderFailed,
    SamecastError,
    Stopped,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models.comfyui import engine as engines
from samecast.models.comfyui import jobs
from samecast.models.comfyui.engine import ticket_of
from samecast.models.comfyui.talking import Talk
from samecast.models.comfyui.workflow import Json
from samecast.ports.contract import check_error, check_hosted


@pytest.mark.parametrize("old", [False, True])
def test_it_keeps_the_contract_for_stills(fake: FakeComfyUI, stills: Setting, old: bool):
    fake.old = old
    check_hosted(
        stills.engine, stills.profile, pictures(2), jobs=lambda: len(fake.begun), wait=lambda: time.sleep(0.005)
    )


@pytest.mark.parametrize("old", [False, True])
def test_it_keeps_the_contract_for_clips(fake: FakeComfyUI, clips: Setting, old: bool):
    fake.old = old
    check_hosted(clips.engine, clips.profile, pictures(1), jobs=lambda: len(fake.begun), wait=lambda: time.sleep(0.005))


# --- what is delivered ------------------------------------------------------------------------------------------


def test_a_still_is_the_file_that_was_saved(fake: FakeComfyUI, stills: Setting):
    engine = stills.engine()
    rendered = collected(engine, engine.submit(stills.order(pictures(1), width=1664, height=928), "shot-1.1"))
    assert Image.open(io.BytesIO(rendered.file)).size == (1664 // 8, 928 // 8)


def test_a_clip_is_the_mp4_that_is_reported_as_images(fake: FakeComfyUI, clips: Setting):
    engine = clips.engine()
    ticket = engine.submit(clips.order(pictures(1)), "shot-1.1")
    assert collected(engine, ticket).file == media.clip()
    assert fake.history[ticket]["outputs"]["69"]["images"][0]["subfolder"] == "video"


def test_a_preview_is_not_taken_for_the_take(fake: FakeComfyUI, stills: Setting):
    preview = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    stills.write({"1": preview, **graph(stills.example)})
    stills.change(outputs=[])
    engine = stills.engine()
    rendered = collected(engine, engine.submit(stills.order(), "shot-1.1"))
    assert Image.open(io.BytesIO(rendered.file)).size == (1328 // 8, 1328 // 8)


def test_the_nodes_of_outputs_say_which_of_several_files_is_the_take(fake: FakeComfyUI, stills: Setting):
    other = {
        "class_type": "SaveImage",
        "inputs": {"images": ["78", 0], "filename_prefix": "x"},
        "_meta": {"title": "S"},
    }
    stills.write({"59": other, **graph(stills.example)})
    stills.change(outputs=["60"])
    engine = stills.engine()
    ticket = engine.submit(stills.order(pictures(1)), "shot-1.1")
    file = collected(engine, ticket).file
    (name,) = [name for name, _, _ in fake.files if name.startswith("60_")]
    assert file == fake.files[name, "", "output"]


def test_a_workflow_that_saves_the_other_kind_is_told_so(fake: FakeComfyUI, stills: Setting):
    saver = {"class_type": "SaveAnimatedWEBP", "inputs": {"images": ["8", 0], "filename_prefix": "x"}}
    stills.write({**graph(stills.example), "60": saver})
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    with pytest.raises(RenderFailed) as error:
        collected(engine, ticket)
    assert "has saved no picture by SaveAnimatedWEBP (node 60)" in said(error.value)
    assert ".webp" in said(error.value)


def test_a_file_that_was_deleted_meanwhile_is_lost(fake: FakeComfyUI, stills: Setting):
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    until(lambda: ticket in fake.history)
    fake.files.clear()
    with pytest.raises(RenderFailed, match="no longer has this take"):
        collected(engine, ticket)


# --- once, and by anybody ---------------------------------------------------------------------------------------


def test_the_same_key_is_queued_once_however_often_it_is_submitted(fake: FakeComfyUI, stills: Setting):
    order = stills.order(pictures(1))
    engine = stills.engine()
    tickets = [
        engine.submit(order, "shot-1.1"),
        engine.submit(order, "shot-1.1"),
        stills.engine().submit(order, "shot-1.1"),
    ]
    collected(engine, tickets[0])
    tickets.append(stills.engine().submit(order, "shot-1.1"))
    assert set(tickets) == {ticket_of("shot-1.1")}
    assert fake.begun == [ticket_of("shot-1.1")]


def test_two_threads_with_one_key_begin_one_job(fake: FakeComfyUI, stills: Setting):
    engine, order = stills.engine(), stills.order(pictures(1))
    fake.go.clear()
    threads = [threading.Thread(target=engine.submit, args=(order, "shot-1.1")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.begun) == 1


def test_another_attempt_is_another_job(fake: FakeComfyUI, stills: Setting):
    engine, order = stills.engine(), stills.order()
    assert engine.submit(order, "shot-1.1") != engine.submit(order, "shot-1.2")
    assert len(fake.begun) == 2


def test_a_job_that_waits_is_found_by_its_key_wherever_it_is(fake: FakeComfyUI, stills: Setting):
    fake.go.clear()
    engine = stills.engine()
    first, second = (engine.submit(stills.order(), key) for key in ("shot-1.1", "shot-2.1"))
    for old in (False, True):
        fake.old = old
        assert stills.engine().find("shot-1.1") == first
        assert stills.engine().find("shot-2.1") == second
        assert stills.engine().find("shot-3.1") is None
        assert stills.engine().collect(second) is None


WORKER = """
import os, signal, sys
from pathlib import Path
from tests.models.comfyui.setting import Setting, pictures
setting = Setting(home=Path(sys.argv[1]), url=sys.argv[2])
setting.engine().submit(setting.order(pictures(1)), "shot-1.1")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_what_a_killed_worker_submitted_is_found_and_collected_by_the_next(fake: FakeComfyUI, stills: Setting):
    root = EXAMPLES.parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
    command = [sys.executable, "-c", WORKER, str(stills.home), fake.url]
    assert subprocess.run(command, env=environment, timeout=60).returncode == -signal.SIGKILL
    engine = stills.engine()
    ticket = engine.find("shot-1.1")
    assert ticket is not None
    assert collected(engine, ticket).file
    assert len(fake.begun) == 1


# --- connections that break -------------------------------------------------------------------------------------


def test_a_submission_cut_off_after_it_arrived_is_unsure_and_then_found(fake: FakeComfyUI, stills: Setting):
    engine, order = stills.engine(), stills.order(pictures(1))
    fake.cut = 1
    with pytest.raises(SubmissionUnsure) as error:
        engine.submit(order, "shot-1.1")
    assert "may or may not have received" in said(error.value)
    ticket = engine.find("shot-1.1")
    assert ticket is not None
    assert collected(engine, ticket).file
    assert len(fake.begun) == 1


def test_a_submission_cut_off_before_it_arrived_is_unsure_and_then_queued_once(fake: FakeComfyUI, stills: Setting):
    engine, order = stills.engine(), stills.order(pictures(1))
    fake.lost = 1
    with pytest.raises(SubmissionUnsure):
        engine.submit(order, "shot-1.1")
    assert engine.find("shot-1.1") is None
    assert collected(engine, engine.submit(order, "shot-1.1")).file
    assert len(fake.begun) == 1


def test_a_server_that_does_not_answer_is_waited_for(fake: FakeComfyUI, stills: Setting):
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    collected(engine, ticket)
    fake.stop()
    for ask in (lambda: engine.collect(ticket), lambda: engine.find("shot-1.1"), lambda: engine.cancel(ticket)):
        with pytest.raises(Unreachable) as error:
            ask()
        assert f"does not answer at {fake.url}" in said(error.value)
        assert error.value.retryable
    with pytest.raises(Unreachable):
        engine.submit(stills.order(), "shot-2.1")
    fake.start()


def test_a_restart_that_lost_the_queue_fails_the_take(fake: FakeComfyUI, stills: Setting):
    fake.go.clear()
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    assert engine.collect(ticket) is None
    fake.stop()
    fake.start()
    with pytest.raises(RenderFailed) as error:
        collected(stills.engine(), ticket)
    assert "forgotten this take" in said(error.value)
    assert "samecast shots retry" in error.value.hint
    assert stills.engine().find("shot-1.1") is None


def test_an_answer_that_is_not_comfyuis_is_tried_again_later(fake: FakeComfyUI, stills: Setting):
    engine = stills.engine()
    for answer in ((200, b"<html>"), (302, b""), (404, b"<html>")):
        fake.answers = {"/queue": answer}
        fake.old = True
        with pytest.raises(Unreachable) as error:
            engine.find("shot-1.1")
        assert "does not answer as ComfyUI does" in said(error.value)
    fake.answers = {"/queue": (503, b"busy")}
    with pytest.raises(Unreachable, match="busy or down"):
        engine.find("shot-1.1")


# --- what goes wrong there --------------------------------------------------------------------------------------


def test_a_workflow_that_is_not_taken_is_told_by_its_node(fake: FakeComfyUI, stills: Setting):
    changed = graph(stills.example)
    changed["37"]["inputs"]["unet_name"] = "qwen-image-edit-2599-with-a-rather-long-name.safetensors"
    stills.write(changed)
    engine = stills.engine()
    with pytest.raises(InvalidInput) as error:
        engine.submit(stills.order(), "shot-1.1")
    assert 'ComfyUI does not take "Load Diffusion Model" (UNETLoader, node 37): Value not in list' in said(error.value)
    assert "qwen-image-edit-2599-with-a-rather-long-name.safetensors" in said(error.value)
    assert fake.begun == []
    assert engine.find("shot-1.1") is None


def test_a_node_that_fails_is_named_with_its_message(fake: FakeComfyUI, stills: Setting):
    fake.fail = {"exception_type": "RuntimeError", "exception_message": "mat1 and mat2 shapes differ\n\nTIPS: none"}
    for old in (False, True):
        fake.old = old
        engine = stills.engine()
        ticket = engine.submit(stills.order(), f"shot-{old}.1")
        with pytest.raises(RenderFailed) as error:
            collected(engine, ticket)
        assert "ComfyUI failed in KSampler (node 3): mat1 and mat2 shapes differ." in said(error.value)
        assert "TIPS" not in str(error.value)


def test_too_little_memory_there_is_said_as_that(fake: FakeComfyUI, stills: Setting):
    fake.fail = {"exception_type": "torch.OutOfMemoryError", "exception_message": "Allocation on device"}
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    with pytest.raises(OutOfMemory) as error:
        collected(engine, ticket)
    assert "out of memory in KSampler (node 3)" in said(error.value)


def test_a_job_that_is_stopped_there_costs_nothing(fake: FakeComfyUI, stills: Setting):
    fake.go.clear()
    for old in (False, True):
        fake.old = old
        engine = stills.engine()
        ticket = engine.submit(stills.order(), f"shot-{old}.1")
        until(lambda: fake.running is not None)
        fake.stop_job(ticket)
        with pytest.raises(RenderFailed) as error:
            collected(engine, ticket)
        assert "stopped in ComfyUI" in said(error.value)
        assert not error.value.charged


@pytest.mark.parametrize("old", [False, True])
def test_cancelling_stops_one_job_and_no_other(fake: FakeComfyUI, stills: Setting, old: bool):
    fake.old = old
    fake.go.clear()
    engine = stills.engine()
    running, waiting, other = (engine.submit(stills.order(), f"shot-{number}.1") for number in range(3))
    until(lambda: fake.running is not None and fake.running.id == running)
    engine.cancel(waiting)
    assert [entry.id for entry in fake.pending] == [other]
    assert fake.count("POST /interrupt") == 0
    engine.cancel(running)
    until(lambda: running in fake.history)
    assert fake.count("POST /interrupt") == (1 if old else 0)
    fake.go.set()
    assert collected(engine, other).file
    engine.cancel(other)
    engine.cancel("00000000-0000-5000-8000-000000000000")
    assert collected(stills.engine(), other).file, "cancelled too late, it is still there"


def test_a_class_of_node_that_is_missing_there_is_named(fake: FakeComfyUI, stills: Setting):
    del fake.nodes["CFGNorm"]
    with pytest.raises(InvalidInput) as error:
        stills.engine().submit(stills.order(), "shot-1.1")
    assert "no node of the class CFGNorm" in said(error.value)
    assert "custom nodes is missing" in error.value.hint
    assert fake.count("POST /prompt") == 0
    assert fake.count("POST /upload") == 0
    fake.nodes["CFGNorm"] = NODES["CFGNorm"]
    engine = stills.engine()
    assert collected(engine, engine.submit(stills.order(), "shot-1.1")).file


def test_what_is_declared_is_asked_once_for_a_while(
    fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch
):
    engine = stills.engine()
    engine.submit(stills.order(), "shot-1.1")
    asked = fake.count("GET /object_info/")
    assert asked == len({node["class_type"] for node in graph(stills.example).values()})
    engine.submit(stills.order(), "shot-2.1")
    assert fake.count("GET /object_info/") == asked
    monkeypatch.setattr(engines, "DECLARED_SECONDS", -1.0)
    engine.submit(stills.order(), "shot-3.1")
    assert fake.count("GET /object_info/") == 2 * asked


def test_a_server_that_gives_ids_of_its_own_is_refused_and_its_job_taken_back(fake: FakeComfyUI, stills: Setting):
    fake.names_itself = fake.old = True
    fake.go.clear()
    with pytest.raises(MissingPart) as error:
        stills.engine().submit(stills.order(), "shot-1.1")
    assert "ids of its own" in said(error.value)
    fake.go.set()
    until(lambda: fake.running is None and not fake.pending)
    assert fake.files == {}


# --- the token --------------------------------------------------------------------------------------------------


def test_a_token_goes_with_every_request(fake: FakeComfyUI, stills: Setting):
    fake.token = "correct-horse"
    stills.change(token=True)
    stills.keys = FakeKeys({"COMFYUI_TOKEN": "correct-horse"})
    engine = stills.engine()
    fake.go.clear()
    ticket = engine.submit(stills.order(pictures(1)), "shot-1.1")
    until(lambda: fake.sockets)
    fake.go.set()
    assert collected(engine, ticket).file


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("/prompt", 400, b'{"error": {"message": "correct-horse", "details": "Bearer correct-horse"}}'),
        ("/prompt", 400, b'{"node_errors": {"3": {"errors": [{"message": "not correct-horse"}]}}}'),
        ("/prompt", 409, b"the gate does not know correct-horse"),
        ("/upload/image", 500, b"correct-horse is not wanted here"),
    ],
)
def test_a_token_that_comes_back_is_in_no_error(
    fake: FakeComfyUI, stills: Setting, path: str, status: int, content: bytes
):
    fake.token = "correct-horse"
    stills.change(token=True)
    stills.keys = FakeKeys({"COMFYUI_TOKEN": "correct-horse"})
    fake.answers = {path: (status, content)}
    with pytest.raises(SamecastError) as error:
        stills.engine().submit(stills.order(pictures(1)), "shot-1.1")
    check_error(error.value, "correct-horse")
    assert "[...]" in str(error.value)


def test_a_wrong_or_missing_token_is_told_as_that(fake: FakeComfyUI, stills: Setting):
    fake.token = "correct-horse"
    with pytest.raises(KeyRefused, match="wants a token"):
        stills.engine().find("shot-1.1")
    stills.change(token=True)
    stills.keys = FakeKeys({"COMFYUI_TOKEN": "wrong-horse"})
    with pytest.raises(KeyRefused) as error:
        stills.engine().find("shot-1.1")
    check_error(error.value, "wrong-horse")
    assert "samecast models key COMFYUI_TOKEN" in error.value.hint
    stills.keys = FakeKeys()
    with pytest.raises(MissingKey):
        stills.engine().check()


# --- the recipe and the workflow --------------------------------------------------------------------------------


def test_the_version_follows_the_workflow_and_its_map_but_not_its_titles(stills: Setting):
    before = stills.engine().version
    changed = graph(stills.example)
    changed["3"]["_meta"]["title"] = "Sampler"
    stills.write(changed)
    assert stills.engine().version == before
    changed["3"]["inputs"]["cfg"] = 5
    stills.write(changed)
    other = stills.engine().version
    assert other != before
    stills.slot(negative="111.prompt")
    assert stills.engine().version not in (before, other)


def test_a_take_is_not_made_with_another_workflow_than_it_was_planned_with(fake: FakeComfyUI, stills: Setting):
    order = stills.order()
    changed = graph(stills.example)
    changed["3"]["inputs"]["scheduler"] = "karras"
    stills.write(changed)
    with pytest.raises(RenderFailed) as error:
        stills.engine().submit(order, "shot-1.1")
    assert "no longer the one that this shot was planned with" in said(error.value)
    assert fake.begun == []


def test_what_was_made_is_delivered_though_the_workflow_is_gone(fake: FakeComfyUI, stills: Setting):
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    (stills.home / f"{QWEN}.json").unlink()
    assert collected(engine, ticket).file


def test_a_stop_while_pictures_are_uploaded_begins_nothing(fake: FakeComfyUI, stills: Setting):
    def stop(step: str, done: int, total: int) -> None:
        if (step, done) == ("upload", 1):
            raise Stopped("Enough.", hint="")

    order = replace(stills.order(pictures(2)), on_step=stop)
    with pytest.raises(Stopped):
        stills.engine().submit(order, "shot-1.1")
    assert fake.begun == []
    assert len(fake.uploads) == 1


def test_pictures_are_kept_there_once_and_called_as_the_server_says(fake: FakeComfyUI, stills: Setting):
    engine = stills.engine()
    one, two = pictures(2)
    first = engine.submit(stills.order([one, two]), "shot-1.1")
    second = engine.submit(stills.order([two]), "shot-2.1")
    assert len(fake.uploads) == 2
    assert posted(fake, first)["79"]["image"] == posted(fake, second)["78"]["image"]
    taken = posted(fake, first)["78"]["image"]
    fake.uploads[taken] = b"somebody else's picture of that name"
    third = engine.submit(stills.order([one]), "shot-3.1")
    assert posted(fake, third)["78"]["image"] == taken.replace(".png", " (1).png")


def test_the_environment_says_where_the_server_is(
    fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    stills.change(url="http://127.0.0.1:9")
    monkeypatch.setenv("COMFYUI_URL", f"{fake.url}/")
    engine = stills.engine()
    assert collected(engine, engine.submit(stills.order(), "shot-1.1")).file


class Finishing(Talk):
    """An older server whose job goes from its queue to its history between two questions."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.asked = 0

    def get(self, *path: str) -> tuple[int, Json]:
        if path[0] == "api":
            return 404, None
        self.asked += 1
        running = self.asked == 1
        if path == ("queue",):
            return 200, {"queue_running": [[0, "job", {}, {}, []]] if running else [], "queue_pending": []}
        return 200, {} if running else {"job": {"outputs": {}, "status": {"status_str": "success"}}}


def test_a_job_that_finishes_while_it_is_asked_for_is_never_missed():
    talk = Finishing()
    assert jobs.ask(talk, "job") == jobs.Job(state="in_progress")
    assert jobs.ask(talk, "job") == jobs.Job(state="completed")
