"""Mage, as its own description has it, on this machine: strict about every request, and it counts what it charges."""

import re
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.models.mage.architectures import everything
from tests.models.mage.serving import CUT, Received, Reply, Served, Wrong, check_picture, check_schema, png_of, unpacked

SECRET = "mage_sk_0123456789abcdef"
MOST_BODY = 4_500_000
_MENTION = re.compile(r"@([a-z][a-z0-9_-]*)")
_HANDLE = re.compile(r"[a-z][a-z0-9_-]{0,14}")
_UPLOAD = "/storage/"


@dataclass
class Job:
    id: str
    body: dict[str, Any]
    architecture: str
    polls: int
    """How often it is asked for before it is over."""
    status: str = "completed"
    error: dict[str, str] | None = None
    gems: float = 40
    refunded: float = 0
    kind: str = "image"
    gone: bool = False
    cancelled: bool = False


@dataclass
class Faults:
    """What goes wrong next, each one once: `Reply`s instead of the answer, "begun": cut after it was done, "cut":
    cut before anything was done.
    """

    submits: deque[Reply | str] = field(default_factory=deque)
    polls: deque[Reply | str] = field(default_factory=deque)
    cancels: deque[Reply | str] = field(default_factory=deque)
    creations: deque[Reply | str] = field(default_factory=deque)
    uploads: deque[Reply | str] = field(default_factory=deque)
    lists: deque[Reply | str] = field(default_factory=deque)
    outcomes: deque[dict[str, Any]] = field(default_factory=deque)
    """How the next jobs end: fields of `Job`."""


class MageServer(Served):
    def __init__(self) -> None:
        super().__init__()
        self.faults = Faults()
        self.polls = 1
        self.keys: dict[str, str] = {}
        self.jobs: dict[str, Job] = {}
        self.characters: list[dict[str, Any]] = []
        """Newest first, as they are listed."""
        self.others: set[str] = set()
        """Handles of other users."""
        self.uploads: dict[str, bytes] = {}
        self.page = 200
        self.nsfw = False
        self.result_at: str | None = None
        self.architectures = everything()

    @property
    def charged(self) -> float:
        return sum(job.gems - job.refunded for job in self.jobs.values())

    def answer(self, request: Received) -> Reply:
        if request.path.startswith(_UPLOAD):
            return self._stored(request)
        if request.path.startswith("/results/"):
            return self._result(request)
        if request.headers.get("authorization") != f"Bearer {SECRET}":
            return _error(401, "unauthorized", f"'{request.headers.get('authorization', '')[7:]}' is unknown.")
        if len(request.body) > MOST_BODY:
            raise Wrong(f"a body of {len(request.body)} bytes")
        if request.body and request.headers.get("content-type") != "application/json":
            raise Wrong(f"a body of {request.headers.get('content-type')}")
        parts = request.path.strip("/").split("/")
        match request.method, parts:
            case "GET", ["v1", "architectures"]:
                return Reply(200, {"architectures": self.architectures})
            case "POST", ["v1", architecture, "generate"]:
                return self._generate(request, architecture)
            case "GET", ["v1", "requests", one, "status"]:
                return self._status(one)
            case "POST", ["v1", "requests", one, "cancel"]:
                return self._cancel(one)
            case "POST", ["v1", "uploads"]:
                return self._ticket(request)
            case "GET", ["v1", "characters"]:
                return self._list(request)
            case "POST", ["v1", "characters"]:
                return self._create(request)
            case "DELETE", ["v1", "characters", one]:
                return self._delete(one)
        raise Wrong("there is no such endpoint")

    # --- takes ------------------------------------------------------------------------------------------------------

    def _generate(self, request: Received, name: str) -> Reply:
        key = request.headers.get("idempotency-key", "")
        if uuid.UUID(key).version != 5 or str(uuid.UUID(key)) != key:
            raise Wrong(f"Idempotency-Key is {key}")
        fault = self.faults.submits.popleft() if self.faults.submits else None
        if isinstance(fault, Reply):
            return fault
        if fault == "cut":
            return CUT
        if key in self.keys:
            return CUT if fault == "begun" else Reply(200, self._request(self.jobs[self.keys[key]]))
        found = next((one for one in self.architectures if one["id"] == name), None)
        if found is None:
            return _error(404, "architecture_not_found", f"Unknown architecture `{name}`.")
        self._check_body(request.json, found)
        wished = self.faults.outcomes.popleft() if self.faults.outcomes else {}
        job = Job(
            **({"id": str(uuid.uuid4()), "body": request.json, "architecture": name, "polls": self.polls} | wished),
            kind=found["type"],
        )
        self.jobs[job.id] = job
        self.keys[key] = job.id
        return CUT if fault == "begun" else Reply(202, self._request(job))

    def _check_body(self, body: dict[str, Any], found: dict[str, Any]) -> None:
        check_schema(body, {**found["input_schema"], "additionalProperties": False})
        variant = body.get("model_id", found["base_config"]["model_id"])
        for name, tokens in found["options_by_model"].get(variant, {}).items():
            if body.get(name, tokens[0]) not in tokens:
                raise Wrong(f"`{name}` must be one of: {', '.join(tokens)}.")
        pictures = [body[name] for name in ("image", "first_image", "last_image") if name in body]
        pictures += body.get("additional_images", [])
        for url in pictures:
            self._check_media(url)
        shown = ("image" in body) + len(body.get("additional_images", []))
        mentioned = set(_MENTION.findall(body["prompt"]))
        numbers = {f"image{n}" for n in range(1, shown + 1)}
        handles = {one["handle"] for one in self.characters}
        for handle in mentioned - numbers:
            if handle not in handles | self.others:
                raise Wrong(f"`@{handle}` does not resolve.")
            if variant not in found["mentions"]["characters"]:
                raise Wrong(f"`{variant}` takes no characters.")
        if mentioned & numbers and variant not in found["mentions"]["references"]:
            raise Wrong(f"`{variant}` knows no pictures by mention.")
        most = found["max_images_by_model"].get(variant, found["max_images"])
        if len(pictures) + len(mentioned - numbers) > most:
            raise Wrong(f"{len(pictures)} pictures and {len(mentioned - numbers)} mentions; at most {most}")

    def _check_media(self, url: str) -> None:
        if url.startswith("data:"):
            check_picture(unpacked(url))
        elif url not in self.uploads or not self.uploads[url]:
            raise Wrong(f"nothing was uploaded to {url[:80]}")

    def _request(self, job: Job) -> dict[str, Any]:
        over = job.polls <= 0
        status = ("cancelled" if job.cancelled else job.status) if over or job.cancelled else "in_progress"
        result = {
            "type": job.kind,
            "url": self.result_at or f"{self.url}/results/{job.id}",
            "width": 1024,
            "height": 1280,
            "seed": 7,
            "expires_at": "2026-12-30T00:00:00.000Z",
            "moderation": {"nsfw": self.nsfw},
        }
        billing: dict[str, Any] = {"mode": "gems", "gems_charged": job.gems}
        if status == "failed" and job.refunded:
            billing["gems_refunded"] = job.refunded
        return {
            "request_id": job.id,
            "status": status,
            "architecture": job.architecture,
            "model_id": job.body.get("model_id"),
            "created_at": "2026-11-30T00:00:00.000Z",
            "updated_at": "2026-11-30T00:00:01.000Z",
            "billing": billing,
            "result": result if status == "completed" else None,
            "error": job.error if status == "failed" else None,
            "status_url": f"{self.url}/v1/requests/{job.id}/status",
            "cancel_url": f"{self.url}/v1/requests/{job.id}/cancel",
        }

    def _status(self, one: str) -> Reply:
        fault = self.faults.polls.popleft() if self.faults.polls else None
        if fault is not None:
            return fault if isinstance(fault, Reply) else CUT
        job = self.jobs.get(one)
        if job is None or job.gone:
            return _error(404, "request_not_found", "No request with this id belongs to the account.")
        job.polls -= 1
        return Reply(200, self._request(job))

    def _cancel(self, one: str) -> Reply:
        if self.faults.cancels:
            fault = self.faults.cancels.popleft()
            return fault if isinstance(fault, Reply) else CUT
        job = self.jobs.get(one)
        if job is None:
            return _error(404, "request_not_found", "No request with this id belongs to the account.")
        if job.polls <= 0 or job.cancelled:
            return _error(409, "request_finished", "The request has already finished and cannot be cancelled.")
        job.cancelled = True
        return Reply(200, self._request(job))

    def _result(self, request: Received) -> Reply:
        if "authorization" in request.headers:
            raise Wrong("the key was sent to where results lie")
        job = self.jobs[request.path.rpartition("/")[2]]
        if job.gone:
            return Reply(410)
        return Reply(200, png_of(90) if job.kind == "image" else b"\0\0\0\x18ftypmp42" + b"\0" * 64)

    # --- uploads ----------------------------------------------------------------------------------------------------

    def _ticket(self, request: Received) -> Reply:
        check_schema(
            request.json,
            {
                "type": "object",
                "properties": {"content_type": {"enum": ["image/jpeg", "image/png"]}},
                "required": ["content_type"],
                "additionalProperties": False,
            },
        )
        if self.faults.uploads:
            fault = self.faults.uploads.popleft()
            return fault if isinstance(fault, Reply) else CUT
        kind, name = request.json["content_type"], uuid.uuid4().hex
        self.uploads[f"{self.url}{_UPLOAD}{name}"] = b""
        return Reply(
            200,
            {
                "upload_url": f"{self.url}{_UPLOAD}{name}?X-Goog-Signature=abc",
                "method": "PUT",
                "headers": {"Content-Type": kind, "x-goog-content-length-range": "0,104857600"},
                "url": f"{self.url}{_UPLOAD}{name}",
                "content_type": kind,
                "max_bytes": 104857600,
                "upload_url_expires_at": "2026-12-30T00:00:00.000Z",
                "url_expires_at": "2026-12-30T00:00:00.000Z",
            },
        )

    def _stored(self, request: Received) -> Reply:
        """As the storage does it: what was signed, and nobody's key."""
        url = f"{self.url}{request.path}"
        if request.method != "PUT" or request.query != {"X-Goog-Signature": "abc"} or url not in self.uploads:
            raise Wrong("not what was signed")
        if request.headers.get("x-goog-content-length-range") != "0,104857600" or "authorization" in request.headers:
            raise Wrong("other headers than were signed")
        kind = "png" if request.body.startswith(b"\x89PNG") else "jpeg"
        if request.headers.get("content-type") != f"image/{kind}":
            raise Wrong("another kind than was signed")
        check_picture(request.body)
        self.uploads[url] = request.body
        return Reply(200)

    # --- characters -------------------------------------------------------------------------------------------------

    def _list(self, request: Received) -> Reply:
        if self.faults.lists:
            fault = self.faults.lists.popleft()
            return fault if isinstance(fault, Reply) else CUT
        if not 1 <= int(request.query.get("limit", "50")) <= 200 or set(request.query) - {"limit", "cursor"}:
            raise Wrong(f"a list of {request.query}")
        start, size = int(request.query.get("cursor", "0")), min(self.page, int(request.query.get("limit", "50")))
        end = start + size
        return Reply(
            200,
            {
                "data": self.characters[start:end],
                "next_cursor": str(end) if end < len(self.characters) else None,
            },
        )

    def _create(self, request: Received) -> Reply:
        body = request.json
        text = {"type": "string", "minLength": 1}
        check_schema(
            body,
            {
                "type": "object",
                "properties": {
                    "name": {**text, "maxLength": 50},
                    "handle": text,
                    "image": text,
                    "description": {**text, "maxLength": 500},
                },
                "required": ["name", "handle", "image"],
                "additionalProperties": False,
            },
        )
        if not _HANDLE.fullmatch(body["handle"]) or re.fullmatch(r"image\d+", body["handle"]):
            raise Wrong(f"the handle {body['handle']}")
        self._check_media(body["image"])
        fault = self.faults.creations.popleft() if self.faults.creations else None
        if isinstance(fault, Reply):
            return fault
        if fault == "cut":
            return CUT
        if body["handle"] in self.others | {one["handle"] for one in self.characters}:
            return Reply(409, {"error": {"code": "handle_taken", "message": "It is taken.", "handle": body["handle"]}})
        made = {
            "id": str(uuid.uuid4()),
            "handle": body["handle"],
            "name": body["name"],
            "description": body.get("description"),
            "image_url": "https://cdn3.mage.space/characters/one.jpg",
            "voice_url": None,
            "visibility": "private",
            "created_at": "2026-11-30T00:00:00.000Z",
        }
        self.characters.insert(0, made)
        return CUT if fault == "begun" else Reply(201, made)

    def _delete(self, one: str) -> Reply:
        before = len(self.characters)
        self.characters = [character for character in self.characters if character["id"] != one]
        if len(self.characters) == before:
            return _error(404, "character_not_found", "No character with this id belongs to the account.")
        return Reply(204)


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message}})


def error(status: int, code: str, message: str = "It said so.", **more: Any) -> Reply:
    """A refusal in Mage's form."""
    headers = {"Retry-After": str(more.pop("retry_after"))} if "retry_after" in more else {}
    return Reply(status, {"error": {"code": code, "message": message, **more}}, headers)
