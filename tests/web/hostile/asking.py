"""Asking a served studio as somebody hostile does: bytes over a socket, with no client in between to mend them."""

import contextlib
import re
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.web.serving import Served

PASSWORD = "correct horse battery staple"
OFFERED_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    status: int
    """0: the connection ended without an answer."""
    headers: dict[str, str]
    body: bytes


@dataclass
class Target:
    """A studio that is attacked: what is there to be got, and how it was before."""

    served: Served
    sha256: str
    character: str
    secrets: tuple[bytes, ...]
    session: str = ""
    before: int = 0
    received: str = ""
    most_grown: int = 400
    """Megabytes that it may have grown by once it was attacked: the largest picture that is taken in, decoded."""

    @property
    def port(self) -> int:
        port = urlsplit(self.served.url).port
        assert port is not None
        return port

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def memory(self) -> int:
        """Megabytes that the server holds."""
        status = Path(f"/proc/{self.served.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        assert found is not None
        return int(found[1]) >> 10

    def broke(self) -> list[str]:
        """What the server says of itself that no request should make it say."""
        return [line for line in self.served.said if re.search(r"Traceback|Error\b|Exception", line)]


def send(target: Target, content: bytes, *, seconds: float = OFFERED_SECONDS, ends: bool = False) -> Answer:
    """Bytes as they are; the first answer to them. `ends`: nothing more will come, and the server is told so."""
    with socket.create_connection(("127.0.0.1", target.port), timeout=seconds) as line:
        with contextlib.suppress(OSError):
            line.sendall(content)
            if ends:
                line.shutdown(socket.SHUT_WR)
        return _answer(line)


def ask(
    target: Target,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    session: str | None = None,
    seconds: float = OFFERED_SECONDS,
) -> Answer:
    """One request with a path as it is written, from one of the studio's own pages unless `headers` say otherwise."""
    said = {"host": target.host, "connection": "close"}
    if method not in ("GET", "HEAD"):
        said |= {"origin": target.origin, "content-length": str(len(body))}
    cookie = target.session if session is None else session
    if cookie:
        said["cookie"] = cookie
    said |= headers or {}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items() if value is not None)]
    return send(target, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, seconds=seconds)


def upload(
    target: Target, content: bytes, kind: str = "application/octet-stream", seconds: float = OFFERED_SECONDS
) -> Answer:
    return ask(target, "/studio/upload", "POST", {"content-type": kind}, content, seconds=seconds)


def enter(target: Target, password: str = PASSWORD) -> Answer:
    body = f"password={password.replace(' ', '+')}&to=/".encode()
    return ask(target, "/enter", "POST", {"content-type": "application/x-www-form-urlencoded"}, body, session="")


def gets_nothing(target: Target, answer: Answer, case: object) -> None:
    """No secret of the server's is in an answer, and it is none that a browser would run."""
    for secret in target.secrets:
        assert secret not in answer.body, case
    if answer.status:
        assert answer.headers.get("x-content-type-options") == "nosniff" or answer.status in (400, 503), case
        assert answer.status < 500 or answer.status == 503, (case, answer)


def _answer(line: socket.socket) -> Answer:
    content = b""
    with contextlib.suppress(OSError):
        while piece := line.recv(65536):
            content += piece
            if len(content) > 80_000_000 or _is_whole(content):
                break
    head, _, body = content.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    found = re.match(r"HTTP/1\.1 (\d{3})", first)
    pairs = (text.partition(":") for text in rest)
    return Answer(int(found[1]) if found else 0, {name.lower(): value.strip() for name, _, value in pairs}, body)


def _is_whole(content: bytes) -> bool:
    head, found, body = content.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(found and length) and len(body) >= int(length[1] if length else 0)


@contextlib.contextmanager
def trap() -> Iterator["Trap"]:
    """A server that nobody has a reason to ask anything, and that counts who does."""
    with Trap() as set_up:
        yield set_up


class Trap:
    """A listening socket: whoever connects was made to."""

    def __init__(self) -> None:
        self._line = socket.create_server(("127.0.0.1", 0))
        self._line.setblocking(False)
        self.url = f"http://127.0.0.1:{self._line.getsockname()[1]}"

    def caught(self) -> int:
        """How many have come by now."""
        time.sleep(0.3)
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._line.accept()[0].close()
                count += 1
        return count

    def __enter__(self) -> "Trap":
        return self

    def __exit__(self, *reason: object) -> None:
        self._line.close()


def post_slowly(target: Target, head: bytes, pieces: list[bytes]) -> tuple[int, Answer]:
    """A body piece by piece, until the server will have no more: how many it took, and what it said."""
    with socket.create_connection(("127.0.0.1", target.port), timeout=OFFERED_SECONDS) as line:
        sent = 0
        with contextlib.suppress(OSError):
            line.sendall(head)
            for piece in pieces:
                line.sendall(piece)
                sent += 1
        return sent, _answer(line)
