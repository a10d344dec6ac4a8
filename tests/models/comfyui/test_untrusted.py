"""What a server says is not trusted: it is bounded, it names no path here, and nonsense is one clear line."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.models.comfyui.nodes import NODES
from tests.models.comfyui.server import FakeComfyUI
from tests.models.comfyui.setting import Setting, collected, pictures, posted, said, until

from samecast.core.errors import InvalidInput, MissingPart, RenderFailed, SamecastError, SubmissionUnsure, Unreachable
from samecast.models.comfyui import jobs, talking
from samecast.models.comfyui.declared import declared_of
from samecast.models.comfyui.engine import ticket_of
from samecast.models.comfyui.workflow import Json

TICKET = ticket_of("shot-1.1")


def answering(fake: FakeComfyUI, path: str, tree: Any, status: int = 200) -> None:
    fake.answers[path] = status, json.dumps(tree).encode()


def completed(*items: Any, **more: Any) -> dict[str, Any]:
    return {"id": TICKET, "status": "completed", "outputs": {"60": {"images": list(items), **more}}}


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd.png",
        "/etc/passwd.png",
        "a b&c=d?e#f%2e.png",
        "naïve\n.png",
        "C:\\x.png",
        "x" * 5000 + ".png",
    ],
    ids=range(6),
)
def test_no_name_of_the_servers_becomes_a_path_here(
    fake: FakeComfyUI, stills: Setting, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    fake.files[name, "../up", "output"] = b"\x89PNG what it sent"
    answering(fake, f"/api/jobs/{TICKET}", completed({"filename": name, "subfolder": "../up", "type": "output"}))
    before = sorted(tmp_path.rglob("*"))
    rendered = stills.engine().collect(TICKET)
    assert rendered is not None
    assert rendered.file == b"\x89PNG what it sent"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "outputs",
    [
        {"60": {"images": "take.png"}},
        {"60": {"images": [None, 3, "take.png", ["take.png"], {"filename": 3}, {"name": "take.png"}]}},
        {"60": []},
        {"60": None},
        {"60": {"images": [{"filename": "take.exe"}, {"filename": "take"}]}},
        {"60": {"images": [{"filename": "take.png"}], "animated": [True]}},
        {"59": {"images": [{"filename": "take.png"}]}},
    ],
    ids=range(7),
)
def test_outputs_without_a_picture_are_no_take(fake: FakeComfyUI, stills: Setting, outputs: Any):
    answering(fake, f"/api/jobs/{TICKET}", {"status": "completed", "outputs": outputs})
    with pytest.raises(RenderFailed) as error:
        stills.engine().collect(TICKET)
    assert "has saved no picture by " in said(error.value)


def test_odd_keys_of_an_output_are_taken_as_left_out(fake: FakeComfyUI, stills: Setting):
    fake.files["take.png", "", "output"] = b"take"
    answering(fake, f"/api/jobs/{TICKET}", completed({"filename": "take.png", "subfolder": 3, "type": None}))
    rendered = stills.engine().collect(TICKET)
    assert rendered is not None
    assert rendered.file == b"take"


def test_clips_are_found_wherever_a_node_reports_them(fake: FakeComfyUI, clips: Setting):
    item = {"filename": "take.MP4", "subfolder": "", "type": "output"}
    fake.files["take.MP4", "", "output"] = b"clip"
    for media in ("images", "gifs", "videos", "video"):
        still = {"filename": "last.png", "subfolder": "", "type": "output"}
        tree = {"status": "completed", "outputs": {"69": {"a": [still], media: [item], "animated": [True]}}}
        answering(fake, f"/api/jobs/{TICKET}", tree)
        rendered = clips.engine().collect(TICKET)
        assert rendered is not None
        assert rendered.file == b"clip", media


def test_answers_and_files_have_a_limit(fake: FakeComfyUI, stills: Setting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(talking, "MOST_FILE", 1000)
    fake.files["take.png", "", "output"] = b"x" * 5000
    answering(fake, f"/api/jobs/{TICKET}", completed({"filename": "take.png", "subfolder": "", "type": "output"}))
    with pytest.raises(RenderFailed) as error:
        stills.engine().collect(TICKET)
    assert "answers with more than" in said(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[" * 100_000, b'{"status": ' + b"9" * 5000 + b"}", b"\xff\xfe"], ids=range(5)
)
def test_what_is_no_json_is_not_comfyui(fake: FakeComfyUI, stills: Setting, content: bytes):
    fake.answers[f"/api/jobs/{TICKET}"] = 200, content
    with pytest.raises(Unreachable) as error:
        stills.engine().collect(TICKET)
    assert "does not answer as ComfyUI does" in said(error.value)


@pytest.mark.parametrize(
    "tree",
    [[], 3, None, {}, {"status": "paused"}, {"status": "completed"}, {"status": "completed", "outputs": 3}],
    ids=range(7),
)
def test_a_job_in_no_known_form_is_looked_for_in_the_queue_and_the_history(
    fake: FakeComfyUI, stills: Setting, tree: Any
):
    fake.go.clear()
    engine = stills.engine()
    ticket = engine.submit(stills.order(), "shot-1.1")
    answering(fake, f"/api/jobs/{ticket}", tree)
    assert stills.engine().collect(ticket) is None
    fake.go.set()
    until(lambda: ticket in fake.history)
    assert collected(stills.engine(), ticket).file


@pytest.mark.parametrize(
    "tree", [[], {}, {"queue_running": 3}, {"queue_running": [3, [], [1, 2]], "queue_pending": None}]
)
def test_a_queue_in_no_known_form_holds_nothing(fake: FakeComfyUI, stills: Setting, tree: Any):
    fake.old = True
    answering(fake, "/queue", tree)
    answering(fake, f"/history/{TICKET}", tree)
    assert stills.engine().find("shot-1.1") is None


@pytest.mark.parametrize(
    ("status", "tree", "error"),
    [
        (400, [], InvalidInput),
        (400, {"error": "no"}, InvalidInput),
        (400, {"error": {"type": "t", "message": "m", "details": "d"}, "node_errors": []}, InvalidInput),
        (400, {"node_errors": {"3": {"errors": []}, "4": 5}}, InvalidInput),
        (400, {"node_errors": {"3": {"errors": [{"message": "x" * 9000, "details": "\n\n\x1b[31m"}]}}}, InvalidInput),
        (200, [], MissingPart),
        (200, {"prompt_id": 3}, MissingPart),
        (502, {}, SubmissionUnsure),
        (504, {}, SubmissionUnsure),
        (503, {}, Unreachable),
        (418, {}, RenderFailed),
    ],
)
def test_an_answer_to_a_submission_is_one_clear_line(
    fake: FakeComfyUI, stills: Setting, status: int, tree: Any, error: type[SamecastError]
):
    answering(fake, "/prompt", tree, status)
    with pytest.raises(error) as raised:
        stills.engine().submit(stills.order(), "shot-1.1")
    message = said(raised.value)
    assert len(message) < 700
    assert message.isprintable()


def test_an_answer_to_a_submission_that_cannot_be_read_leaves_it_unsure(fake: FakeComfyUI, stills: Setting):
    fake.answers["/prompt"] = 200, b"<html>"
    with pytest.raises(SubmissionUnsure):
        stills.engine().submit(stills.order(), "shot-1.1")


@pytest.mark.parametrize(
    "tree",
    [
        [],
        {},
        {"name": 3, "subfolder": "", "type": "input"},
        {"name": "", "subfolder": "", "type": "input"},
        {"name": "x.png", "subfolder": "", "type": "output"},
        {"name": "a\nb.png", "subfolder": "", "type": "input"},
        {"name": "x" * 2000, "subfolder": "", "type": "input"},
        {"name": "x.png", "subfolder": "y" * 2000, "type": "input"},
    ],
    ids=range(8),
)
def test_a_picture_that_was_not_taken_as_one_stops_the_take(fake: FakeComfyUI, stills: Setting, tree: Any):
    answering(fake, "/upload/image", tree)
    with pytest.raises(Unreachable):
        stills.engine().submit(stills.order(pictures(1)), "shot-1.1")
    assert fake.begun == []


def test_a_picture_is_called_as_the_server_says_with_its_folder(fake: FakeComfyUI, stills: Setting):
    answering(fake, "/upload/image", {"name": "other.png", "subfolder": "sub", "type": "input"})
    fake.uploads["sub/other.png"] = b""
    ticket = stills.engine().submit(stills.order(pictures(1)), "shot-1.1")
    assert posted(fake, ticket)["78"]["image"] == "sub/other.png"


@pytest.mark.parametrize(
    "form", [3, None, [], {"input": 3}, {"input": {"required": []}}, {"input": {"required": {"seed": 3}}}]
)
def test_a_class_described_in_no_known_form_is_left_to_the_server(fake: FakeComfyUI, stills: Setting, form: Any):
    declared = declared_of(form)
    assert declared.output(0) == "*"
    answering(fake, "/object_info/KSampler", {"KSampler": form})
    with pytest.raises(InvalidInput, match="takes no input"):
        stills.engine().submit(stills.order(), "shot-1.1")


def test_odd_bounds_of_an_input_are_none():
    inputs: Json = {"x": ["INT", {"min": float("nan"), "max": "9", "step": True}], "y": [[], 3]}
    declared = declared_of({"input": {"required": inputs}})
    x = declared.input("x")
    assert x is not None
    assert (x.least, x.most, x.step) == (None, None, None)
    assert declared.input("y") is not None


def test_what_a_failed_job_says_is_cleaned(fake: FakeComfyUI, stills: Setting):
    error = {"exception_message": "\x1b[31mbad\nworse", "node_id": "99:3.0", "node_type": "K" * 3000}
    answering(fake, f"/api/jobs/{TICKET}", {"status": "failed", "execution_error": error})
    with pytest.raises(RenderFailed) as raised:
        stills.engine().collect(TICKET)
    assert said(raised.value).isprintable()
    assert len(raised.value.message) < 600
    for told in ({}, {"exception_message": None}, {"exception_message": 3, "node_id": {}}):
        assert str(jobs.failed(jobs._trouble(told), {}))  # type: ignore[arg-type]


def test_a_failed_job_may_say_why_only_in_its_messages(fake: FakeComfyUI, stills: Setting):
    messages = [["execution_start", {}], 3, ["execution_error", {"exception_message": "broken", "node_id": "8"}]]
    answering(fake, f"/api/jobs/{TICKET}", {"status": "failed", "execution_status": {"messages": messages}})
    with pytest.raises(RenderFailed, match=r'"VAE Decode" \(VAEDecode, node 8\): broken'):
        stills.engine().collect(TICKET)


def test_names_of_classes_are_escaped_in_addresses(fake: FakeComfyUI, stills: Setting):
    kind = "Load/../Image (a b)?x#y"
    fake.nodes[kind] = NODES["LoadImage"]
    text = (stills.home / "qwen-image-edit.json").read_text().replace('"LoadImage"', json.dumps(kind))
    (stills.home / "qwen-image-edit.json").write_text(text)
    engine = stills.engine()
    assert collected(engine, engine.submit(stills.order(pictures(1)), "shot-1.1")).file
