"""The fake server's HTTP and WebSocket: routes, the handshake, and frames. What they do is `server`'s."""

import base64
import hashlib
import json
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socket import SHUT_RDWR, socket
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from tests.models.comfyui.server import FakeComfyUI

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def cut(connection: socket) -> None:
    """End a connection at once, from either side's view."""
    with suppress(OSError):
        connection.shutdown(SHUT_RDWR)


def handler_of(fake: "FakeComfyUI") -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 30

        def setup(self) -> None:
            super().setup()
            fake.connections.add(self.connection)

        def finish(self) -> None:
            fake.connections.discard(self.connection)
            with suppress(OSError):
                super().finish()

        def do_GET(self) -> None:
            self._take(b"")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if urlsplit(self.path).path == "/prompt" and fake.lost:
                fake.lost -= 1
                self._leave()
            else:
                self._take(self.rfile.read(length))

        def _take(self, content: bytes) -> None:
            path = urlsplit(self.path).path
            fake.asked.append(f"{self.command} {path}")
            if fake.token and self.headers.get("Authorization") != f"Bearer {fake.token}":
                self._answer(401, b"who are you?")
            elif path in fake.answers:
                self._answer(*fake.answers[path])
            elif path == "/ws":
                self._socket()
            else:
                self._serve(path, content)

        def _serve(self, path: str, content: bytes) -> None:
            try:
                status, answer = self._routed(path, content)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                fake.wrong.append(f"{self.command} {self.path}: {type(error).__name__} {error}")
                status, answer = 500, b""
            if path == "/prompt" and fake.cut and status == 200:
                fake.cut -= 1
                self._leave()
            else:
                self._answer(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

        def _routed(self, path: str, content: bytes) -> tuple[int, Any]:
            asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
            match [self.command, *(unquote(part) for part in path.strip("/").split("/"))]:
                case ["POST", "prompt"]:
                    return fake.submit(json.loads(content))
                case ["POST", "upload", "image"]:
                    return fake.upload(content, self.headers["Content-Type"])
                case ["GET", "object_info", kind]:
                    return 200, {kind: fake.nodes[kind]} if kind in fake.nodes else {}
                case ["GET", "queue"]:
                    return 200, fake.queued()
                case ["POST", "queue"]:
                    for ticket in json.loads(content)["delete"]:
                        if fake.running is None or fake.running.id != ticket:
                            fake.stop_job(ticket)
                    return 200, b""
                case ["POST", "interrupt"]:
                    told = json.loads(content)["prompt_id"]  # without it, whatever runs would be stopped
                    if fake.running is not None and fake.running.id == told:
                        fake.stop_job(told)
                    return 200, b""
                case ["GET", "history", ticket]:
                    return 200, {ticket: fake.history[ticket]} if ticket in fake.history else {}
                case ["GET", "view"]:
                    file = fake.files.get((asked["filename"], asked.get("subfolder", ""), asked["type"]))
                    return (200, file) if file is not None else (404, b"")
                case ["GET", "api", "jobs", ticket] if not fake.old:
                    return fake.job(ticket)
                case ["POST", "api", "jobs", ticket, "cancel"] if not fake.old:
                    return 200, {"cancelled": fake.stop_job(ticket)}
                case _:
                    if not (fake.old and "/api/jobs/" in path):
                        fake.wrong.append(f"{self.command} {path} is no route")
                    return 404, b"404: Not Found"

        def _answer(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def _leave(self) -> None:
            self.close_connection = True
            cut(self.connection)

        def _socket(self) -> None:
            """Shake hands, greet, then read what the client says until it leaves."""
            (sid,) = parse_qs(urlsplit(self.path).query)["clientId"]
            accept = base64.b64encode(hashlib.sha1(f"{self.headers['Sec-WebSocket-Key']}{_GUID}".encode()).digest())
            self.send_response(101)
            for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
                self.send_header(name, value)
            self.send_header("Sec-WebSocket-Accept", accept.decode())
            self.end_headers()
            self.close_connection = True
            fake.sockets[sid] = self.connection
            if fake.greeting is not None:
                self.wfile.write(fake.greeting)
            else:
                fake.send("status", {"status": {"exec_info": {"queue_remaining": 0}}, "sid": sid}, sid)
            try:
                with suppress(OSError):
                    self._listen()
            finally:
                fake.sockets.pop(sid, None)  # whoever came back under this id meanwhile is lost too, as in ComfyUI

        def _listen(self) -> None:
            while True:
                head = self.rfile.read(2)
                if len(head) < 2:
                    return
                code, length = head[0] & 0x0F, head[1] & 0x7F
                if not head[1] & 0x80 or length > 125:
                    fake.wrong.append("a frame of the client's is not masked, or long")
                    return
                mask, content = self.rfile.read(4), self.rfile.read(length)
                plain = bytes(byte ^ mask[i % 4] for i, byte in enumerate(content))
                if code == 0x8:
                    self.wfile.write(bytes([0x88, len(plain)]) + plain)
                    return

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler
