"""Black Forest Labs, as their description has it, on this machine: strict about requests, and it counts charges."""

import base64
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.models.provider.pictures import opened, png
from tests.models.provider.server import Answer, Asked, Job, Provider, Tree, Wrong, check_schema, need

SECRET = "bfl_0123456789abcdef"
_RATIOS = [
    "auto", "21:9", "2:1", "16:9", "3:2", "7:5", "4:3", "5:4", "1:1", "4:5", "3:4", "5:7", "2:3", "9:16", "1:2", "9:21",
]  # fmt: skip


def flux2(most: int, **more: Any) -> Tree:
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


FLUX3: Tree = {
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


@dataclass(slots=True, kw_only=True)
class Order(Job):
    """`polls`: how often it is asked for before it is over; `pictures`: the sizes of those that it was shown."""

    polls: int
    end: Tree = field(default_factory=lambda: {"status": "Ready"})
    pictures: list[tuple[int, int]]


class BflServer(Provider[Order]):
    settings = ("BFL_",)

    def __init__(self) -> None:
        super().__init__()
        self.key = SECRET
        self.polls = 1
        self.polling_at: str | None = None
        self.cost: float | None = 4.5

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().lead(monkeypatch)
        monkeypatch.setenv("BFL_BASE_URL", self.url)

    @property
    def charged(self) -> float:
        """Credits."""
        return sum(self.cost or 0 for _ in self.jobs)

    def answer(self, asked: Asked) -> Answer:
        parts = asked.path.strip("/").split("/")
        if parts[0] == "samples":
            need("x-key" not in asked.headers, "the key was sent to where samples lie")
            return self.sent(lambda: Answer(text=png(320, 400), headers={"Content-Type": "image/png"}))
        if asked.headers.get("x-key") != self.key or "authorization" in asked.headers:
            return said(403, f"Not authenticated - '{asked.headers.get('x-key')}' is unknown")
        match asked.method, parts:
            case "POST", ["v1", model] if model in SCHEMAS:
                return self._submit(asked, SCHEMAS[model])
            case "GET", ["v1", "get_result"]:
                return self.told(lambda: self._result(asked.query.get("id", "")))
        raise Wrong("there is no such endpoint")

    def _submit(self, asked: Asked, schema: Tree) -> Answer:
        need(asked.headers.get("content-type") == "application/json", f"a body of {asked.headers.get('content-type')}")
        body = asked.tree
        check_schema(body, schema)
        images = body.get("images") or [body[key] for key in sorted(body) if re.fullmatch(r"input_image(_\d)?", key)]
        shapes = [opened(base64.b64decode(image, validate=True), "PNG", "JPEG").shape for image in images]
        sizes = [(shape[1], shape[0]) for shape in shapes]
        least = 256 if schema is FLUX3 else 64
        need(all(min(size) >= least for size in sizes), f"pictures of {sizes}")
        numbers = sorted(int(key.rpartition("_")[2]) for key in body if re.fullmatch(r"input_image_\d", key))
        counted = numbers == list(range(2, 2 + len(numbers))) and (not numbers or "input_image" in body)
        need(counted, f"pictures number {numbers}")
        need("width" not in body or body["width"] * body["height"] <= 4 << 20, "more than 4 MP")
        id = str(uuid.uuid4())
        return self.begun(id, lambda: Order(id=id, body=body, polls=self.polls, pictures=sizes), self._taken)

    def _taken(self, job: Order) -> Answer:
        cost = {"cost": self.cost} if self.cost is not None else {}
        url = self.polling_at or f"{self.url}/v1/get_result?id={job.id}"
        return Answer(200, {"id": job.id, "polling_url": url, **cost})

    def _result(self, one: str) -> Answer:
        job = self.jobs.get(one)
        if job is None:
            return Answer(404, {"id": one, "status": "Task not found", "result": None})
        job.polls -= 1
        if job.polls > 0:
            status = ("Pending", "Reasoning", "Generating")[job.polls % 3]
            return Answer(200, {"id": one, "status": status, "result": None, "progress": 0.5})
        result = {"sample": f"{self.url}/samples/{one}", "prompt": job.body["prompt"], "seed": 7}
        return Answer(200, {"id": one, "result": result if job.end["status"] == "Ready" else None, **job.end})


def said(status: int, words: Any, **headers: str) -> Answer:
    """An error as they write it."""
    return Answer(status, {"detail": words}, headers={name.replace("_", "-"): value for name, value in headers.items()})
