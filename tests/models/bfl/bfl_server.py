"""Black Forest Labs, as their description has it, on this machine: strict about requests, and it counts charges."""

import base64
import re
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.models.mage.serving import CUT, Received, Reply, Served, Wrong, check_picture, check_schema, png_of

SECRET = "bfl_0123456789abcdef"
_RATIOS = [
    "auto",
    "21:9",
    "2:1",
    "16:9",
    "3:2",
    "7:5",
    "4:3",
    "5:4",
    "1:1",
    "4:5",
    "3:4",
    "5:7",
    "2:3",
    "9:16",
    "1:2",
    "9:21",
]


def flux2(most: int, **more: Any) -> dict[str, Any]:
    """FLUX.2: numbered pictures, pixels, a seed."""
    side = {"type": "integer", "minimum": 64, "maximum": 4096, "multipleOf": 16}
    images = {f"input_image_{n}" if n > 1 else "input_image": {"type": "string"} for n in range(1, most + 1)}
    return {
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "minLength": 1},
            **images,
            "width": side,
            "height": side,
            "seed": {"type": "integer"},
            "safety_tolerance": {"type": "integer", "minimum": 0, "maximum": 5},
            "output_format": {"enum": ["jpeg", "png"]},
            **more,
        },
        "required": ["prompt"],
        "additionalProperties": False,
    }


FLUX3: dict[str, Any] = {
    "type": "object",
    "properties": {
        "prompt": {"type": "string", "minLength": 1},
        "images": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 10},
        "aspect_ratio": {"enum": _RATIOS},
        "resolution": {"enum": ["768sq", "1k", "1.5k", "2k", "4k"]},
        "safety_tolerance": {"type": "integer", "minimum": 0, "maximum": 4},
        "grounding": {"type": "boolean"},
    },
    "required": ["prompt"],
    "additionalProperties": False,
}
SCHEMAS = {
    "flux-2-pro": flux2(8),
    "flux-2-max": flux2(8),
    "flux-2-flex": flux2(
        8,
        steps={"type": "integer", "minimum": 1, "maximum": 50},
        guidance={"type": "number", "minimum": 1.5, "maximum": 10},
    ),
    "flux-2-klein-4b": flux2(4),
    "flux-2-klein-9b": flux2(4),
    "flux-3-image": FLUX3,
}


@dataclass
class Job:
    id: str
    body: dict[str, Any]
    polls: int
    end: dict[str, Any] = field(default_factory=lambda: {"status": "Ready"})
    expired: bool = False
    pictures: list[tuple[int, int]] = field(default_factory=list)


class BflServer(Served):
    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Job] = {}
        self.submits: deque[Reply | str] = deque()
        self.answers: deque[Reply | str] = deque()
        """What goes wrong next: as in `MageServer`."""
        self.polls = 1
        self.polling_at: str | None = None
        self.cost: float | None = 4.5

    @property
    def charged(self) -> float:
        """Credits."""
        return sum(self.cost or 0 for _ in self.jobs)

    def answer(self, request: Received) -> Reply:
        parts = request.path.strip("/").split("/")
        if parts[0] == "samples":
            return self._sample(request, parts[1])
        if request.headers.get("x-key") != SECRET or "authorization" in request.headers:
            return Reply(403, {"detail": f"Not authenticated - '{request.headers.get('x-key')}' is unknown"})
        match request.method, parts:
            case "POST", ["v1", model] if model in SCHEMAS:
                return self._submit(request, SCHEMAS[model])
            case "GET", ["v1", "get_result"]:
                return self._result(request.query.get("id", ""))
        raise Wrong("there is no such endpoint")

    def _submit(self, request: Received, schema: dict[str, Any]) -> Reply:
        fault = self.submits.popleft() if self.submits else None
        if isinstance(fault, Reply):
            return fault
        if fault == "cut":
            return CUT
        if request.headers.get("content-type") != "application/json":
            raise Wrong(f"a body of {request.headers.get('content-type')}")
        body = request.json
        check_schema(body, schema)
        strict = schema is FLUX3
        images = body.get("images") or [body[key] for key in sorted(body) if re.fullmatch(r"input_image(_\d)?", key)]
        sizes = [check_picture(base64.b64decode(image, validate=True)) for image in images]
        if any(min(size) < (256 if strict else 64) for size in sizes):
            raise Wrong(f"pictures of {sizes}")
        numbers = sorted(int(key.rpartition("_")[2]) for key in body if re.fullmatch(r"input_image_\d", key))
        if numbers != list(range(2, 2 + len(numbers))) or (numbers and "input_image" not in body):
            raise Wrong(f"pictures number {numbers}")
        if "width" in body and body["width"] * body["height"] > 4 << 20:
            raise Wrong("more than 4 MP")
        job = Job(id=str(uuid.uuid4()), body=body, polls=self.polls, pictures=sizes)
        self.jobs[job.id] = job
        if fault == "begun":
            return CUT
        cost = {"cost": self.cost} if self.cost is not None else {}
        url = self.polling_at or f"{self.url}/v1/get_result?id={job.id}"
        return Reply(200, {"id": job.id, "polling_url": url, **cost})

    def _result(self, one: str) -> Reply:
        fault = self.answers.popleft() if self.answers else None
        if fault is not None:
            return fault if isinstance(fault, Reply) else CUT
        job = self.jobs.get(one)
        if job is None:
            return Reply(404, {"id": one, "status": "Task not found", "result": None})
        job.polls -= 1
        if job.polls > 0:
            status = ("Pending", "Reasoning", "Generating")[job.polls % 3]
            return Reply(200, {"id": one, "status": status, "result": None, "progress": 0.5})
        result = {"sample": f"{self.url}/samples/{one}", "prompt": job.body["prompt"], "seed": 7}
        return Reply(200, {"id": one, "result": result if job.end["status"] == "Ready" else None, **job.end})

    def _sample(self, request: Received, one: str) -> Reply:
        if "x-key" in request.headers:
            raise Wrong("the key was sent to where samples lie")
        return Reply(403, b"<Error>expired</Error>") if self.jobs[one].expired else Reply(200, png_of(120))
