"""fal as its own client sees it: the queue, the storage for uploads, and the finished files. Strict about requests."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import fal_client.client
import numpy as np
import pytest
from tests.models.fal.serving import Asked, LocalServer, Say, from_data_url, here_only, opened, png

KEY = "1f0e5b0c-3a56-4b0e-9c52-2f0d6a1b7c88:0123456789abcdef0123456789abcdef"
CDN_TOKEN = "cdn-token"
APP = "fal-ai/flux-2-pro/edit"
MADE = png(np.full((64, 48, 3), (200, 30, 90), np.uint8))

QUEUED = {"status": "IN_QUEUE", "queue_position": 2}
NEXT = {"status": "IN_QUEUE", "queue_position": 0}
WORKING = {"status": "IN_PROGRESS", "logs": [{"message": " 45%|####      | 9/20 [00:03<00:04]", "level": "INFO"}]}
DONE = {"status": "COMPLETED", "logs": None, "metrics": {"inference_time": 3.1}}
FIELDS: dict[str, Any] = {
    "prompt": str,
    "image_urls": list,
    "image_size": dict,
    "seed": int,
    "safety_tolerance": str,
    "output_format": str,
    "aspect_ratio": str,
    "duration": str,
    "resolution": str,
    "generate_audio": bool,
}


@dataclass(slots=True)
class Job:
    id: str
    app: str
    arguments: dict[str, Any]
    life: list[dict[str, Any]]
    cancelled: int = 0


@dataclass
class Script:
    """What happens. `submits`: answers to the next submissions instead of taking them; `take_and_cut`: so many are
    taken, and the connection is cut before the answer.
    """

    life: Sequence[dict[str, Any]] = (DONE,)
    result: Say | None = None
    submits: list[Say] = field(default_factory=list)
    statuses: list[Say] = field(default_factory=list)
    take_and_cut: int = 0
    token: Say | None = None
    file: Say | None = None


class FalServer(LocalServer):
    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Job] = {}
        self.uploads: dict[str, bytes] = {}
        self.script = Script()

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the client, in this process, find fal here."""
        here_only(monkeypatch)
        for name, path in (("QUEUE_URL_FORMAT", "/queue/"), ("REST_URL", "/rest"), ("CDN_URL", "/cdn")):
            monkeypatch.setattr(fal_client.client, name, self.url + path)

    def result(self, job: Job) -> Say:
        name = "clip.mp4" if "video" in job.app else "picture.png"
        where = {"url": f"{self.url}/out/{name}", "content_type": "any"}
        return Say(tree={"video": where} if "video" in job.app else {"images": [where], "seed": 7})

    def answer(self, asked: Asked) -> Say:
        match asked.method, asked.path.split("/")[1]:
            case _, "queue":
                self.expect(asked.headers.get("authorization") == f"Key {KEY}", f"key of {asked.path}")
                return self._queue(asked)
            case "POST", "rest":
                self.expect(asked.headers.get("authorization") == f"Key {KEY}", "key of the token")
                self.expect(asked.path == "/rest/storage/auth/token", asked.path)
                return self.script.token or Say(
                    tree={
                        "token": CDN_TOKEN,
                        "token_type": "Bearer",
                        "base_url": f"{self.url}/cdn",
                        "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
                    }
                )
            case "POST", "cdn":
                return self._upload(asked)
            case "GET", "out":
                self.expect("authorization" not in asked.headers, "the key was sent to where the file lies")
                return self.script.file or Say(text=MADE, headers={"Content-Type": "image/png"})
        self.wrong.append(f"{asked.method} {asked.path}")
        return Say(status=404, tree={"detail": "Not Found"})

    def _queue(self, asked: Asked) -> Say:
        path = asked.path.removeprefix("/queue/")
        if asked.method == "POST":
            return self._submit(path, asked)
        found = re.fullmatch(r"([\w.-]+/[\w.-]+)/requests/([\w-]+)(/status|/cancel)?", path)
        job = self.jobs.get(found[2]) if found else None
        if found is None or job is None:
            return Say(status=404, tree={"detail": "Request not found"})
        self.expect(job.app.startswith(found[1]), f"{path} is not of {job.app}")
        match asked.method, found[3]:
            case "GET", "/status":
                self.expect(asked.query.get("logs", ["x"])[0] in ("true", "false"), f"logs={asked.query}")
                if self.script.statuses:
                    return self.script.statuses.pop(0)
                now = job.life.pop(0) if len(job.life) > 1 else job.life[0]
                return Say(status=200 if now["status"] == "COMPLETED" else 202, tree={**now, "request_id": job.id})
            case "GET", None:
                self.expect(job.life[0]["status"] == "COMPLETED", "the result was asked for too early")
                return self.script.result or self.result(job)
            case "PUT", "/cancel":
                job.cancelled += 1
                if job.cancelled > 1:
                    return Say(status=400, tree={"status": "ALREADY_COMPLETED"})
                return Say(status=202, tree={"status": "CANCELLATION_REQUESTED"})
        self.wrong.append(f"{asked.method} {asked.path}")
        return Say(status=405, tree={"detail": "Method Not Allowed"})

    def _submit(self, app: str, asked: Asked) -> Say:
        if self.script.submits:
            return self.script.submits.pop(0)
        self.expect(asked.headers.get("content-type") == "application/json", "the body's type")
        self._check_arguments(asked.tree)
        job = Job(f"req-{len(self.jobs) + 1}", app, asked.tree, list(self.script.life))
        self.jobs[job.id] = job
        if self.script.take_and_cut:
            self.script.take_and_cut -= 1
            return Say(cut=True)
        owner = "/".join(app.split("/")[:2])
        where = f"{self.url}/queue/{owner}/requests/{job.id}"
        return Say(
            tree={
                "request_id": job.id,
                "response_url": where,
                "status_url": f"{where}/status",
                "cancel_url": f"{where}/cancel",
                "queue_position": 0,
            }
        )

    def _check_arguments(self, arguments: dict[str, Any]) -> None:
        self.expect(bool(arguments.get("prompt")), "no prompt")
        for name, value in arguments.items():
            self.expect(name in FIELDS and type(value) is FIELDS[name], f"argument {name}: {value!r:.60}")
        for url in arguments.get("image_urls", []):
            if url.startswith("data:"):
                opened(from_data_url(url))
            else:
                self.expect(url in self.uploads, f"a picture at {url:.60}")

    def _upload(self, asked: Asked) -> Say:
        self.expect(asked.headers.get("authorization") == f"Bearer {CDN_TOKEN}", "the upload's token")
        self.expect(asked.headers.get("content-type") == "image/png", "the upload's type")
        lifecycle = json.loads(asked.headers.get("x-fal-object-lifecycle", "{}"))
        self.expect(lifecycle.get("expiration_duration_seconds") == 86400, f"the upload's life: {lifecycle}")
        opened(asked.body)
        url = f"{self.url}/cdn/{len(self.uploads)}.png"
        self.uploads[url] = asked.body
        return Say(tree={"access_url": url})
