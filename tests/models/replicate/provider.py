"""Replicate as its own client sees it: models and their schemas, predictions, files. Strict about requests."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from tests.models.fal.serving import Asked, LocalServer, Say, from_data_url, here_only, opened, png

TOKEN = "r8_" + "K3yOfNobody" * 3 + "1234"
MODEL = "black-forest-labs/flux-2-pro"
VERSION = "285631b5656a1839331cd9af0d82da820e2075db12046d1d061c681b2f206bc6"
OLDER = "3961946edb924e7f6b1c0cdaa4894171764349af63aca300cb8450bdc37a8bbd"
MADE = png(np.full((64, 48, 3), (30, 200, 90), np.uint8))
BAR = "Loading\n 45%|####      | 9/20 [00:03<00:04]\n"

INPUT: dict[str, Any] = {
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


def openapi(tree: Mapping[str, Any] = INPUT) -> dict[str, Any]:
    return {
        "components": {
            "schemas": {
                "Input": tree,
                "aspect_ratio": {"type": "string", "enum": RATIOS},
                "output_format": {"type": "string", "enum": ["png", "jpg", "webp"]},
            }
        }
    }


@dataclass(slots=True)
class Prediction:
    id: str
    model: str
    version: str
    input: dict[str, Any]
    life: list[dict[str, Any]]
    cancelled: int = 0


@dataclass
class Script:
    """What happens. `creates`: answers to the next submissions instead of taking them; `take_and_cut`: so many are
    taken, and the connection is cut before the answer.
    """

    life: Sequence[dict[str, Any]] | None = None
    creates: list[Say] = field(default_factory=list)
    gets: list[Say] = field(default_factory=list)
    models: list[Say] = field(default_factory=list)
    files: list[Say] = field(default_factory=list)
    take_and_cut: int = 0
    file: Say | None = None
    schema: dict[str, Any] = field(default_factory=openapi)


class ReplicateServer(LocalServer):
    def __init__(self) -> None:
        super().__init__()
        self.predictions: dict[str, Prediction] = {}
        self.uploads: dict[str, bytes] = {}
        self.script = Script()

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the client, in this process, find Replicate here."""
        here_only(monkeypatch)
        monkeypatch.setenv("REPLICATE_BASE_URL", self.url)

    @property
    def done(self) -> dict[str, Any]:
        return {"status": "succeeded", "output": f"{self.url}/out/made.png"}

    def answer(self, asked: Asked) -> Say:
        if asked.path.startswith("/out/"):
            self.expect("authorization" not in asked.headers, "the key was sent to where the file lies")
            return self.script.file or Say(text=MADE, headers={"Content-Type": "image/png"})
        self.expect(asked.headers.get("authorization") == f"Bearer {TOKEN}", f"key of {asked.path}")
        match asked.method, asked.path.removeprefix("/v1/").split("/"):
            case "GET", ["models", owner, name]:
                return self._first(self.script.models) or Say(tree=self._model(f"{owner}/{name}"))
            case "GET", ["models", owner, name, "versions", version]:
                return self._first(self.script.models) or Say(tree=self._version(version))
            case "POST", ["models", owner, name, "predictions"]:
                return self._create(asked, f"{owner}/{name}", "hidden", {"input"})
            case "POST", ["predictions"]:
                return self._create(asked, MODEL, str(asked.tree.get("version")), {"input", "version"})
            case "GET", ["predictions", id]:
                return self._get(id)
            case "POST", ["predictions", id, "cancel"]:
                return self._cancel(id)
            case "POST", ["files"]:
                return self._first(self.script.files) or self._upload(asked)
        self.wrong.append(f"{asked.method} {asked.path}")
        return Say(status=404, tree={"detail": "Not found."})

    @staticmethod
    def _first(said: list[Say]) -> Say | None:
        return said.pop(0) if said else None

    def _version(self, id: str) -> dict[str, Any]:
        return {
            "id": id,
            "created_at": "2026-11-01T10:00:00Z",
            "cog_version": "0.16.8",
            "openapi_schema": self.script.schema,
        }

    def _model(self, model: str) -> dict[str, Any]:
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

    def _create(self, asked: Asked, model: str, version: str, keys: set[str]) -> Say:
        said = self._first(self.script.creates)
        if said:
            return said
        self.expect(asked.headers.get("content-type") == "application/json", "the body's type")
        self.expect("prefer" not in asked.headers, "it asked to be answered late")
        self.expect(set(asked.tree) == keys, f"keys of the body: {sorted(asked.tree)}")
        self._check_input(asked.tree["input"])
        life = list(self.script.life) if self.script.life is not None else [self.done]
        made = Prediction(f"pred{len(self.predictions) + 1}", model, version, asked.tree["input"], life)
        self.predictions[made.id] = made
        if self.script.take_and_cut:
            self.script.take_and_cut -= 1
            return Say(cut=True)
        return Say(status=201, tree=self._tree(made, {"status": "starting"}))

    def _check_input(self, values: dict[str, Any]) -> None:
        known = self.script.schema["components"]["schemas"]["Input"]["properties"]
        self.expect(bool(values.get("prompt")), "no prompt")
        for name in values:
            self.expect(name in known, f"input {name}")
        for url in values.get("input_images", []):
            if url.startswith("data:"):
                opened(from_data_url(url))
            else:
                self.expect(url in self.uploads, f"a picture at {url:.60}")

    def _get(self, id: str) -> Say:
        made = self.predictions.get(id)
        if made is None:
            return Say(status=404, tree={"title": "Not found", "detail": "The requested resource could not be found."})
        said = self._first(self.script.gets)
        if said:
            return said
        now = made.life.pop(0) if len(made.life) > 1 else made.life[0]
        return Say(tree=self._tree(made, now))

    def _cancel(self, id: str) -> Say:
        made = self.predictions.get(id)
        if made is None:
            return Say(status=404, tree={"detail": "Not found."})
        made.cancelled += 1
        if made.life[0]["status"] == "starting":
            return Say(tree=self._tree(made, {"status": "aborted"}))
        return Say(tree=self._tree(made, {"status": "canceled"}))

    def _tree(self, made: Prediction, now: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": made.id,
            "model": made.model,
            "version": made.version,
            "input": made.input,
            "output": None,
            "logs": "",
            "error": None,
            "metrics": {},
            "data_removed": False,
            "created_at": "2026-11-22T10:00:00Z",
            "urls": {"get": f"{self.url}/v1/predictions/{made.id}"},
            **now,
        }

    def _upload(self, asked: Asked) -> Say:
        found = re.search(
            rb'name="content"; filename="reference.png"\r\nContent-Type: image/png\r\n\r\n(.*)\r\n--', asked.body, re.S
        )
        self.expect(found is not None, "the upload's form")
        content = found[1] if found else b""
        opened(content)
        id = f"file{len(self.uploads)}"
        url = f"{self.url}/v1/files/{id}"
        self.uploads[url] = content
        return Say(
            status=201,
            tree={
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
