"""fal as its own client sees it: the queue, the storage for uploads, and the finished files. Strict about requests."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import fal_client.client
import pytest
from tests.models.provider.pictures import opened, png, unpacked
from tests.models.provider.server import Answer, Asked, Job, Provider, Tree, Wrong, need

KEY = "1f0e5b0c-3a56-4b0e-9c52-2f0d6a1b7c88:0123456789abcdef0123456789abcdef"
CDN_TOKEN = "cdn-token"
APP = "fal-ai/flux-2-pro/edit"
MADE = png(48, 64)

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


class FalServer(Provider[Job]):
    """`tokens` are answers to whoever wants to upload; `result` is a job's instead of the usual."""

    settings = ("FAL_",)

    def __init__(self) -> None:
        super().__init__()
        self.key = KEY
        self.life: list[Tree] = [DONE]
        self.tokens: list[Answer] = []
        self.result: Answer | None = None
        self.uploads: dict[str, bytes] = {}

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().lead(monkeypatch)
        for name, where in places(self.url).items():
            monkeypatch.setattr(fal_client.client, name, where)

    def answer(self, asked: Asked) -> Answer:
        place = asked.path.split("/")[1]
        if place in ("queue", "rest") and asked.headers.get("authorization") != f"Key {self.key}":
            return said(401, f"Cannot access application, {asked.headers.get('authorization', 'without a key')}")
        match asked.method, place:
            case "POST", "queue":
                return self._submit(asked.path.removeprefix("/queue/"), asked)
            case _, "queue":
                return self._queue(asked)
            case "POST", "rest":
                need(asked.path == "/rest/storage/auth/token", asked.path)
                return self.tokens.pop(0) if self.tokens else self._token()
            case "POST", "cdn":
                return self._upload(asked)
            case "GET", "out":
                need("authorization" not in asked.headers, "the key was sent to where the file lies")
                return self.sent(lambda: Answer(text=MADE, headers={"Content-Type": "image/png"}))
        raise Wrong("there is no such endpoint")

    def _queue(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("/queue/")
        found = re.fullmatch(r"([\w.-]+/[\w.-]+)/requests/([\w-]+)(/status|/cancel)?", path)
        job = self.jobs.get(found[2]) if found else None
        if found is None or job is None:
            return said(404, "Request not found")
        need(job.body["app"].startswith(found[1]), f"{path} is not of {job.body['app']}")
        match asked.method, found[3]:
            case "GET", "/status":
                need(asked.query.get("logs", "x") in ("true", "false"), f"logs={asked.query}")
                return self.told(lambda: self._status(job))
            case "GET", None:
                need(job.life[0]["status"] == "COMPLETED", "the result was asked for too early")
                return self.result or self._result(job)
            case "PUT", "/cancel":
                job.cancelled += 1
                if job.cancelled > 1:
                    return Answer(400, {"status": "ALREADY_COMPLETED"})
                return Answer(202, {"status": "CANCELLATION_REQUESTED"})
        raise Wrong("there is no such method")

    def _status(self, job: Job) -> Answer:
        now = job.told()
        return Answer(200 if now["status"] == "COMPLETED" else 202, {**now, "request_id": job.id})

    def _result(self, job: Job) -> Answer:
        name = "clip.mp4" if "video" in job.body["app"] else "picture.png"
        where = {"url": f"{self.url}/out/{name}", "content_type": "any"}
        return Answer(200, {"video": where} if "video" in job.body["app"] else {"images": [where], "seed": 7})

    def _submit(self, app: str, asked: Asked) -> Answer:
        need(asked.headers.get("content-type") == "application/json", "the body's type")
        self._check_arguments(asked.tree)
        id = f"req-{len(self.jobs) + 1}"
        where = f"{self.url}/queue/{'/'.join(app.split('/')[:2])}/requests/{id}"
        taken = Answer(
            200,
            {
                "request_id": id,
                "response_url": where,
                "status_url": f"{where}/status",
                "cancel_url": f"{where}/cancel",
                "queue_position": 0,
            },
        )
        made = Job(id=id, body={"app": app, "arguments": asked.tree}, life=list(self.life))
        return self.begun(id, lambda: made, lambda job: taken)

    def _check_arguments(self, arguments: Tree) -> None:
        need(bool(arguments.get("prompt")), "no prompt")
        for name, value in arguments.items():
            need(name in FIELDS and type(value) is FIELDS[name], f"argument {name}: {value!r:.60}")
        for url in arguments.get("image_urls", []):
            if url.startswith("data:"):
                opened(unpacked(url))
            else:
                need(url in self.uploads, f"a picture at {url:.60}")

    def _token(self) -> Answer:
        return Answer(
            200,
            {
                "token": CDN_TOKEN,
                "token_type": "Bearer",
                "base_url": f"{self.url}/cdn",
                "expires_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            },
        )

    def _upload(self, asked: Asked) -> Answer:
        need(asked.headers.get("authorization") == f"Bearer {CDN_TOKEN}", "the upload's token")
        need(asked.headers.get("content-type") == "image/png", "the upload's type")
        lifecycle = json.loads(asked.headers.get("x-fal-object-lifecycle", "{}"))
        need(lifecycle.get("expiration_duration_seconds") == 86400, f"the upload's life: {lifecycle}")
        opened(asked.body)
        url = f"{self.url}/cdn/{len(self.uploads)}.png"
        self.uploads[url] = asked.body
        return Answer(200, {"access_url": url})


def places(url: str) -> dict[str, str]:
    """Where fal's client, by these names of its own, finds fal at this address."""
    return {"QUEUE_URL_FORMAT": f"{url}/queue/", "REST_URL": f"{url}/rest", "CDN_URL": f"{url}/cdn"}


def said(status: int, words: Any, **headers: str) -> Answer:
    """An error as fal writes it."""
    return Answer(status, {"detail": words}, headers={name.replace("_", "-"): value for name, value in headers.items()})
