"""What is handed in as a picture: bombs, scripts, addresses and pictures that are more than that."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image
from tests.web.hostile.asking import Target, Trap, ask, gets_nothing, post_slowly, send, trap, upload
from tests.web.hostile.pictures import MARK, REFUSED, TAKEN, real


@pytest.fixture(scope="module")
def trapped() -> Iterator[Trap]:
    with trap() as set_up:
        yield set_up


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_not_taken_in(attacked: Target, trapped: Trap, case: str):
    before = sorted((attacked.served.home / "studio" / "incoming").iterdir())
    answer = upload(attacked, REFUSED[case]().replace(b"{trap}", trapped.url.encode()))
    gets_nothing(attacked, answer, case)
    assert answer.status == 400, answer
    said = json.loads(answer.body)
    assert said["error"].endswith(".")
    assert str(attacked.served.home) not in answer.body.decode()
    assert sorted((attacked.served.home / "studio" / "incoming").iterdir()) == before
    assert trapped.caught() == 0


@pytest.mark.parametrize("case", TAKEN)
def test_its_pixels_are_all_that_is_taken(attacked: Target, case: str):
    content = TAKEN[case]()
    assert MARK in content
    answer = upload(attacked, content, "text/html-like/../image")
    assert answer.status == 200, answer
    name = json.loads(answer.body)["name"]
    kept = (attacked.served.home / "studio" / "incoming" / f"{name}.png").read_bytes()
    shown = ask(attacked, f"/studio/received/{name}/256.jpg")
    for copy in (kept, shown.body):
        assert MARK not in copy
        assert b"script" not in copy
    assert shown.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.body)).size == (256, 256)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-disposition": 'attachment; filename="../../../../tmp/samecast-was-here.png"'},
        {"x-file-name": "../../samecast-was-here.png", "slug": "../x", "content-location": "/etc/passwd"},
        {"x-image-url": "http://127.0.0.1:1/x.png", "link": "<http://127.0.0.1:1/>; rel=preload"},
        {"content-encoding": "gzip"},
        {"content-type": "image/svg+xml"},
    ],
)
def test_what_is_said_of_it_is_not_believed(attacked: Target, headers: dict[str, str]):
    answer = ask(attacked, "/studio/upload", "POST", {"content-type": "image/png"} | headers, real())
    assert answer.status == 200
    assert set(json.loads(answer.body)) == {"name", "width", "height"}
    assert not list(attacked.served.home.rglob("*was-here*"))


@pytest.mark.parametrize("size", [41 << 20, 1 << 40])
def test_what_says_that_it_is_too_large_is_not_read(attacked: Target, size: int):
    answer = ask(attacked, "/studio/upload", "POST", {"content-type": "image/png", "content-length": str(size)})
    assert answer.status == 413


def test_what_turns_out_too_large_is_not_read_to_its_end(attacked: Target):
    head = f"POST /studio/upload HTTP/1.1\r\nhost: {attacked.host}\r\norigin: {attacked.origin}\r\n"
    piece = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    sent, answer = post_slowly(attacked, f"{head}transfer-encoding: chunked\r\n\r\n".encode(), [piece] * 400)
    assert sent < 400, "the server ended it"
    assert answer.status in (0, 400), answer


def test_a_picture_that_never_came_whole_leaves_nothing(attacked: Target):
    head = f"POST /studio/upload HTTP/1.1\r\nhost: {attacked.host}\r\norigin: {attacked.origin}\r\n"
    before = sorted((attacked.served.home / "studio" / "incoming").iterdir())
    send(attacked, f"{head}content-length: 9999\r\n\r\n".encode() + real()[:500], ends=True)
    assert sorted((attacked.served.home / "studio" / "incoming").iterdir()) == before


def test_names_that_were_not_given_open_nothing(attacked: Target):
    for name in ("0" * 32, attacked.received.upper(), attacked.received[:-1], attacked.received + "0", "session.key"):
        assert ask(attacked, f"/studio/received/{name}/96.jpg").status == 404


def test_many_at_once_are_looked_at_one_by_one(attacked: Target):
    out = io.BytesIO()
    Image.new("RGB", (4000, 3000), (90, 80, 70)).save(out, "PNG")
    with ThreadPoolExecutor(12) as threads:
        answers = threads.map(lambda _: upload(attacked, out.getvalue(), seconds=200).status, range(12))
    assert set(answers) == {200}
