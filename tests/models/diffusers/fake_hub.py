"""A hub on the loopback with the routes that fetching a snapshot takes, and ways to make them go wrong."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT, LATER = "c0ffee" + "0" * 34, "decade" + "0" * 34


@dataclass
class Hub:
    """`repos`: files by repository. `commit`: what every branch is at. `log`: paths that were asked for."""

    url: str = ""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commit: str = COMMIT
    gated: bool = False
    status: int | None = None
    cut: int = 0
    """So many files are cut short."""
    log: list[str] = field(default_factory=list)

    @property
    def fetched(self) -> list[str]:
        """The files that were sent, in order."""
        return [path.partition(f"/resolve/{self.commit}/")[2] for path in self.log if path.startswith("GET /maker")]

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        if self.status is not None:
            return self.status, {}, b""
        for repo, files in self.repos.items():
            if path.startswith(f"/api/models/{repo}/revision/"):
                found = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
                return 200, {}, json.dumps({"id": repo, "sha": self.commit, "siblings": found}).encode()
            if path.startswith(f"/api/models/{repo}/tree/"):
                return 200, {}, json.dumps([_entry(name, content) for name, content in files.items()]).encode()
            if path.startswith(f"/{repo}/resolve/"):
                if self.gated:
                    return 403, {"X-Error-Code": "GatedRepo"}, b""
                name = path.removeprefix(f"/{repo}/resolve/").partition("/")[2]
                if name in files:
                    digest = hashlib.sha256(files[name]).hexdigest()
                    return 200, {"X-Repo-Commit": self.commit, "ETag": f'"{digest}"'}, files[name]
                return 404, {"X-Error-Code": "EntryNotFound"}, b""
        return 404, {"X-Error-Code": "RepoNotFound"}, b""


def _entry(name: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


@contextmanager
def served() -> Iterator[Hub]:
    hub = Hub()

    class Routes(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            path = unquote(self.path.partition("?")[0])
            hub.log.append(f"{self.command} {path}")
            status, headers, content = hub.answer(path)
            start = 0
            if body and status == 200 and (span := self.headers.get("Range")):
                start, status = int(span.removeprefix("bytes=").split("-")[0]), 206
                headers |= {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            if not body:
                return
            if "/resolve/" in path and hub.cut and len(content) > 100:
                hub.cut -= 1
                self.wfile.write(content[start : start + 50])
                self.close_connection = True
                return
            self.wfile.write(content[start:])

        def log_message(self, *message: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Routes)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
