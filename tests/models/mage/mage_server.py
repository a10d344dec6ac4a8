"""Mage, as its own description has it, on this machine: strict about every request, and it counts what it charges."""

import re
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.models.mage.architectures import everything
from tests.models.provider.pictures import opened, png, unpacked
from tests.models.provider.server import Answer, Asked, Job, Provider, Tree, Wrong, check_schema, need

SECRET = "mage_sk_0123456789abcdef"
MOST_BODY = 4_500_000
_MENTION = re.compile(r"@([a-z][a-z0-9_-]*)")
_HANDLE = re.compile(r"[a-z][a-z0-9_-]{0,14}")
_UPLOAD = "/storage/"


@dataclass(slots=True, kw_only=True)
class Take(Job):
    """`polls`: how often it is asked for before it is over; the rest is how it ends."""

    architecture: str
    polls: int
    status: str = "completed"
    error: dict[str, str] | None = None
    gems: float = 40
    refunded: float = 0
    kind: str = "image"
    gone: bool = False


@dataclass
class Faults:
    """What goes wrong next with anything but a take, each one once."""

    cancels: deque[Answer] = field(default_factory=deque)
    creations: deque[Answer] = field(default_factory=deque)
    uploads: deque[Answer] = field(default_factory=deque)
    lists: deque[Answer] = field(default_factory=deque)


class MageServer(Provider[Take]):
    settings = ("MAGE_",)

    def __init__(self) -> None:
        super().__init__()
        self.key = SECRET
        self.faults = Faults()
        self.polls = 1
        self.keys: dict[str, str] = {}
        self.characters: list[Tree] = []
        """Newest first, as they are listed."""
        self.others: set[str] = set()
        """Handles of other users."""
        self.uploads: dict[str, bytes] = {}
        self.page = 200
        self.nsfw = False
        self.result_at: str | None = None
        self.architectures = everything()

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().lead(monkeypatch)
        monkeypatch.setenv("MAGE_BASE_URL", self.url)

    def refusal(self, words: str) -> Answer:
        return error(400, "invalid_config", words)

    @property
    def charged(self) -> float:
        return sum(job.gems - job.refunded for job in self.jobs.values())

    def answer(self, asked: Asked) -> Answer:
        if asked.path.startswith(_UPLOAD):
            return self._stored(asked)
        if asked.path.startswith("/results/"):
            return self._result(asked)
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, "unauthorized", f"'{asked.headers.get('authorization', '')[7:]}' is unknown.")
        need(len(asked.body) <= MOST_BODY, f"a body of {len(asked.body)} bytes")
        kind = asked.headers.get("content-type")
        need(not asked.body or kind == "application/json", f"a body of {kind}")
        parts = asked.path.strip("/").split("/")
        match asked.method, parts:
            case "GET", ["v1", "architectures"]:
                return Answer(200, {"architectures": self.architectures})
            case "POST", ["v1", architecture, "generate"]:
                return self._generate(asked, architecture)
            case "GET", ["v1", "requests", one, "status"]:
                return self.told(lambda: self._status(one))
            case "POST", ["v1", "requests", one, "cancel"]:
                return self._cancel(one)
            case "POST", ["v1", "uploads"]:
                return self._ticket(asked)
            case "GET", ["v1", "characters"]:
                return self._list(asked)
            case "POST", ["v1", "characters"]:
                return self._create(asked)
            case "DELETE", ["v1", "characters", one]:
                return self._delete(one)
        raise Wrong("there is no such endpoint")

    # --- takes ------------------------------------------------------------------------------------------------------

    def _generate(self, asked: Asked, name: str) -> Answer:
        key = asked.headers.get("idempotency-key", "")
        need(uuid.UUID(key).version == 5 and str(uuid.UUID(key)) == key, f"Idempotency-Key is {key}")
        found = next((one for one in self.architectures if one["id"] == name), None)
        if found is None:
            return error(404, "architecture_not_found", f"Unknown architecture `{name}`.")
        known = key in self.keys
        id = self.keys.get(key, str(uuid.uuid4()))

        def begin() -> Take:
            self._check_body(asked.tree, found)
            self.keys[key] = id
            return Take(id=id, body=asked.tree, architecture=name, polls=self.polls, kind=found["type"])

        return self.begun(id, begin, lambda job: Answer(200 if known else 202, self._request(job)))

    def _check_body(self, body: Tree, found: Tree) -> None:
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
            opened(unpacked(url, "image/png", "image/jpeg"), "PNG", "JPEG")
        elif url not in self.uploads or not self.uploads[url]:
            raise Wrong(f"nothing was uploaded to {url[:80]}")

    def _request(self, job: Take) -> Tree:
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
        billing: Tree = {"mode": "gems", "gems_charged": job.gems}
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

    def _status(self, one: str) -> Answer:
        job = self.jobs.get(one)
        if job is None or job.gone:
            return error(404, "request_not_found", "No request with this id belongs to the account.")
        job.polls -= 1
        return Answer(200, self._request(job))

    def _cancel(self, one: str) -> Answer:
        if self.faults.cancels:
            return self.faults.cancels.popleft()
        job = self.jobs.get(one)
        if job is None:
            return error(404, "request_not_found", "No request with this id belongs to the account.")
        if job.polls <= 0 or job.cancelled:
            return error(409, "request_finished", "The request has already finished and cannot be cancelled.")
        job.cancelled += 1
        return Answer(200, self._request(job))

    def _result(self, asked: Asked) -> Answer:
        need("authorization" not in asked.headers, "the key was sent to where results lie")
        job = self.jobs[asked.path.rpartition("/")[2]]
        if job.gone:
            return Answer(410)
        made = png(320, 400) if job.kind == "image" else b"\0\0\0\x18ftypmp42" + b"\0" * 64
        return self.sent(lambda: Answer(text=made))

    # --- uploads ----------------------------------------------------------------------------------------------------

    def _ticket(self, asked: Asked) -> Answer:
        check_schema(
            asked.tree,
            {
                "type": "object",
                "properties": {"content_type": {"enum": ["image/jpeg", "image/png"]}},
                "required": ["content_type"],
                "additionalProperties": False,
            },
        )
        if self.faults.uploads:
            return self.faults.uploads.popleft()
        kind, name = asked.tree["content_type"], uuid.uuid4().hex
        self.uploads[f"{self.url}{_UPLOAD}{name}"] = b""
        return Answer(
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

    def _stored(self, asked: Asked) -> Answer:
        """As the storage does it: what was signed, and nobody's key."""
        url = f"{self.url}{asked.path}"
        if asked.method != "PUT" or asked.query != {"X-Goog-Signature": "abc"} or url not in self.uploads:
            raise Wrong("not what was signed")
        if asked.headers.get("x-goog-content-length-range") != "0,104857600" or "authorization" in asked.headers:
            raise Wrong("other headers than were signed")
        kind = "png" if asked.body.startswith(b"\x89PNG") else "jpeg"
        if asked.headers.get("content-type") != f"image/{kind}":
            raise Wrong("another kind than was signed")
        opened(asked.body, "PNG", "JPEG")
        self.uploads[url] = asked.body
        return Answer(200)

    # --- characters -------------------------------------------------------------------------------------------------

    def _list(self, asked: Asked) -> Answer:
        if self.faults.lists:
            return self.faults.lists.popleft()
        if not 1 <= int(asked.query.get("limit", "50")) <= 200 or set(asked.query) - {"limit", "cursor"}:
            raise Wrong(f"a list of {asked.query}")
        start, size = int(asked.query.get("cursor", "0")), min(self.page, int(asked.query.get("limit", "50")))
        end = start + size
        return Answer(
            200,
            {
                "data": self.characters[start:end],
                "next_cursor": str(end) if end < len(self.characters) else None,
            },
        )

    def _create(self, asked: Asked) -> Answer:
        body = asked.tree
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
        if fault is not None and not fault.made:
            return fault
        if body["handle"] in self.others | {one["handle"] for one in self.characters}:
            return Answer(409, {"error": {"code": "handle_taken", "message": "It is taken.", "handle": body["handle"]}})
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
        return fault or Answer(201, made)

    def _delete(self, one: str) -> Answer:
        before = len(self.characters)
        self.characters = [character for character in self.characters if character["id"] != one]
        if len(self.characters) == before:
            return error(404, "character_not_found", "No character with this id belongs to the account.")
        return Answer(204)


def error(status: int, code: str, message: str = "It said so.", **more: Any) -> Answer:
    """A refusal in Mage's form."""
    headers = {"Retry-After": str(more.pop("retry_after"))} if "retry_after" in more else {}
    return Answer(status, {"error": {"code": code, "message": message, **more}}, headers=headers)
