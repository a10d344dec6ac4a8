"""A hub on the loopback with the few routes that fetching a file takes, and a way to make each of them go wrong."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" + "0" * 34
LATER = "decade" + "0" * 34
REPO, FILE = "maker/tiny", "onnx/model.onnx"


@dataclass
class Hub:
    """What is served: by (revision, path), a commit and bytes. `log`: every request's method and path."""

    url: str = ""
    files: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    states_digest: bool = True
    """Whether the file is kept in LFS, whose digest the hub states beforehand."""
    lies_about: str | None = None
    """A digest that is stated instead of the right one."""
    cut_after: int | None = None
    cuts: int = 0
    """Stop after so many bytes, so many times."""
    status: int | None = None
    next_on_main: tuple[str, bytes] | None = None
    """What the branch moves on to as soon as it was asked about."""

    def has(self, content: bytes, commit: str = COMMIT, branch: str = "main") -> None:
        for revision in (commit, branch):
            self.files[(revision, FILE)] = (commit, content)


@contextmanager
def served() -> Iterator[Hub]:
    hub = Hub()

    class Routes(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self._answer(body=False)

        def do_GET(self):
            self._answer(body=True)

        def _answer(self, *, body: bool):
            hub.log.append(f"{self.command} {self.path}")
            found = None
            for (revision, path), entry in hub.files.items():
                if self.path.split("?")[0] == f"/{REPO}/resolve/{revision}/{path}":
                    found = entry
            if hub.status is not None:
                return self._refuse(hub.status, "")
            if not self.path.startswith(f"/{REPO}/"):
                return self._refuse(404, "RepoNotFound")
            if found is None:
                known = any(f"/resolve/{revision}/" in self.path for revision, _ in hub.files)
                return self._refuse(404, "EntryNotFound" if known else "RevisionNotFound")
            commit, content = found
            if hub.next_on_main is not None:
                hub.files[("main", FILE)], hub.next_on_main = hub.next_on_main, None
            digest = hub.lies_about or hashlib.sha256(content).hexdigest()
            start = 0
            if body and (span := self.headers.get("Range")):
                start = int(span.removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            if hub.states_digest:
                self.send_header("X-Linked-Etag", f'"{digest}"')
                self.send_header("X-Linked-Size", str(len(content)))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if not body:
                return None
            if hub.cut_after is not None and hub.cuts:
                hub.cuts -= 1
                self.wfile.write(content[start : start + hub.cut_after])
                self.close_connection = True
                return None
            self.wfile.write(content[start:])
            return None

        def _refuse(self, status: int, code: str):
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *message):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Routes)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
