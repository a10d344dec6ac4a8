"""Replicate as its own client sees it: models and their schemas, predictions, files. Strict about requests."""

import re
from collections import deque
from collections.abc import Mapping

import pytest
from tests.models.provider.pictures import opened, png, unpacked
from tests.models.provider.server import Answer, Asked, Job, Provider, Tree, Wrong, need

TOKEN = "r8_" + "K3yOfNobody" * 3 + "1234"
MODEL = "black-forest-labs/flux-2-pro"
VERSION = "285631b5656a1839331cd9af0d82da820e2075db12046d1d061c681b2f206bc6"
OLDER = "3961946edb924e7f6b1c0cdaa4894171764349af63aca300cb8450bdc37a8bbd"
MADE = png(48, 64)
BAR = "Loading\n 45%|####      | 9/20 [00:03<00:04]\n"

INPUT: Tree = {
    "type": "object",
    "title": "Input",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string", "title": "Prompt"},
        "input_images": {"type": "array", "items": {"type": "string", "format": "uri"}, "maxItems": 8, "default": []},
        "aspect_ratio": {"allOf": [{"$ref": "#/components/schemas/aspect_ratio"}], "default": "1:1"},
        "seed": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "safety_tolerance": {"type": "integer", "minimum": 1, "maximum": 5, "default": 2},
        "output_format": {"$ref": "#/components/schemas/output_format"},
    },
}
RATIOS = ["match_input_image", "1:1", "16:9", "9:16", "4:5"]


def openapi(tree: Mapping[str, object] = INPUT) -> Tree:
    return {
        "components": {
            "schemas": {
                "Input": tree,
                "aspect_ratio": {"type": "string", "enum": RATIOS},
                "output_format": {"type": "string", "enum": ["png", "jpg", "webp"]},
            }
        }
    }


class ReplicateServer(Provider[Job]):
    """`life` is of the next predictions (done at once, where there is none). `models` and `uploading` are answers to
    whoever asks for a model's description and to whoever uploads.
    """

    settings = ("REPLICATE_",)

    def __init__(self) -> None:
        super().__init__()
        self.key = TOKEN
        self.life: list[Tree] = []
        self.models: deque[Answer] = deque()
        self.uploading: deque[Answer] = deque()
        self.uploads: dict[str, bytes] = {}
        self.schema = openapi()

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().lead(monkeypatch)
        monkeypatch.setenv("REPLICATE_BASE_URL", self.url)

    @property
    def done(self) -> Tree:
        return {"status": "succeeded", "output": f"{self.url}/out/made.png"}

    def answer(self, asked: Asked) -> Answer:
        if asked.path.startswith("/out/"):
            need("authorization" not in asked.headers, "the key was sent to where the file lies")
            return self.sent(lambda: Answer(text=MADE, headers={"Content-Type": "image/png"}))
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return said(401, f"'{asked.headers.get('authorization')}' does not open this.", "Unauthenticated")
        match asked.method, asked.path.removeprefix("/v1/").split("/"):
            case "GET", ["models", owner, name]:
                return self.models.popleft() if self.models else Answer(200, self._model(f"{owner}/{name}"))
            case "GET", ["models", owner, name, "versions", version]:
                return self.models.popleft() if self.models else Answer(200, self._version(version))
            case "POST", ["models", owner, name, "predictions"]:
                return self._create(asked, f"{owner}/{name}", "hidden", {"input"})
            case "POST", ["predictions"]:
                return self._create(asked, MODEL, str(asked.tree.get("version")), {"input", "version"})
            case "GET", ["predictions", id]:
                return self._get(id)
            case "POST", ["predictions", id, "cancel"]:
                return self._cancel(id)
            case "POST", ["files"]:
                return self.uploading.popleft() if self.uploading else self._upload(asked)
        raise Wrong("there is no such endpoint")

    def _version(self, id: str) -> Tree:
        return {
            "id": id,
            "created_at": "2026-11-01T10:00:00Z",
            "cog_version": "0.16.8",
            "openapi_schema": self.schema,
        }

    def _model(self, model: str) -> Tree:
        owner, name = model.split("/")
        return {
            "url": f"https://replicate.com/{model}",
            "owner": owner,
            "name": name,
            "description": "A model.",
            "visibility": "public",
            "run_count": 7,
            "latest_version": self._version(VERSION),
        }

    def _create(self, asked: Asked, model: str, version: str, keys: set[str]) -> Answer:
        need(asked.headers.get("content-type") == "application/json", "the body's type")
        need("prefer" not in asked.headers, "it asked to be answered late")
        need(set(asked.tree) == keys, f"keys of the body: {sorted(asked.tree)}")
        self._check_input(asked.tree["input"])
        id = f"pred{len(self.jobs) + 1}"
        made = Job(
            id=id,
            body={"model": model, "version": version, "input": asked.tree["input"]},
            life=list(self.life) or [self.done],
        )
        return self.begun(id, lambda: made, lambda job: Answer(201, self._tree(job, {"status": "starting"})))

    def _check_input(self, values: Tree) -> None:
        known = self.schema["components"]["schemas"]["Input"]["properties"]
        need(bool(values.get("prompt")), "no prompt")
        for name in values:
            need(name in known, f"input {name}")
        for url in values.get("input_images", []):
            if url.startswith("data:"):
                opened(unpacked(url))
            else:
                need(url in self.uploads, f"a picture at {url:.60}")

    def _get(self, id: str) -> Answer:
        made = self.jobs.get(id)
        if made is None:
            return said(404, "The requested resource could not be found.", "Not found")
        return self.told(lambda: Answer(200, self._tree(made, made.told())))

    def _cancel(self, id: str) -> Answer:
        made = self.jobs.get(id)
        if made is None:
            return said(404, "Not found.")
        made.cancelled += 1
        status = "aborted" if made.life[0]["status"] == "starting" else "canceled"
        return Answer(200, self._tree(made, {"status": status}))

    def _tree(self, made: Job, now: Tree) -> Tree:
        return {
            "id": made.id,
            **made.body,
            "output": None,
            "logs": "",
            "error": None,
            "metrics": {},
            "data_removed": False,
            "created_at": "2026-11-22T10:00:00Z",
            "urls": {"get": f"{self.url}/v1/predictions/{made.id}"},
            **now,
        }

    def _upload(self, asked: Asked) -> Answer:
        found = re.search(
            rb'name="content"; filename="reference.png"\r\nContent-Type: image/png\r\n\r\n(.*)\r\n--', asked.body, re.S
        )
        if found is None:
            raise Wrong("the upload's form")
        content = found[1]
        opened(content)
        id = f"file{len(self.uploads)}"
        url = f"{self.url}/v1/files/{id}"
        self.uploads[url] = content
        return Answer(
            201,
            {
                "id": id,
                "name": "reference.png",
                "content_type": "image/png",
                "size": len(content),
                "etag": "e",
                "checksums": {"sha256": "s"},
                "metadata": {},
                "created_at": "2026-11-22T10:00:00Z",
                "expires_at": "2026-11-23T10:00:00Z",
                "urls": {"get": url},
            },
        )


def said(status: int, words: str, title: str = "", **headers: str) -> Answer:
    """An error as Replicate writes it."""
    tree = ({"title": title} if title else {}) | {"detail": words}
    return Answer(status, tree, headers={name.replace("_", "-"): value for name, value in headers.items()})
