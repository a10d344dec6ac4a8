"""Google on the loopback: the Gemini API, its files, Agent Platform and the token endpoint, each as strict as told.

Whatever is wrong with a request is a fault, and is refused; a job is counted when it is begun.
"""

import base64
import json
import re
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import av
import numpy as np
import pytest
from tests.models.provider.pictures import opened, png
from tests.models.provider.server import Answer, Asked, Job, Provider, Tree, Wrong, check_schema, need

from samecast.ports import Pixels

KEY = "AIza-test-key-Zq7-0123456789abcdef"
PROJECT, LOCATION = "my-project", "us-central1"

_PLAIN = str.maketrans("-_", "+/")
_TEXT = {"type": "string", "minLength": 1}
_JPEG = {"const": "image/jpeg"}


def _object(*needed: str, **properties: Any) -> Tree:
    return {
        "type": "object",
        "required": list(needed),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(item: Tree, least: int = 1, most: int = 99) -> Tree:
    return {"type": "array", "items": item, "minItems": least, "maxItems": most}


_BLOB = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": _TEXT, "mime_type": {"const": "image/jpeg"}, "mimeType": {"const": "image/jpeg"}},
    "additionalProperties": False,
    "minProperties": 2,
}
CONTENT = _object(
    "contents",
    "generationConfig",
    contents=_list(
        _object("role", "parts", role={"const": "user"}, parts=_list({"oneOf": [
            _object("text", text=_TEXT), _object("inlineData", inlineData=_BLOB)
        ]})),
        most=1,
    ),
    generationConfig=_object(
        "responseModalities",
        "imageConfig",
        responseModalities={"const": ["TEXT", "IMAGE"]},
        imageConfig=_object("aspectRatio", aspectRatio={"enum": ["1:1", "16:9"]}, imageSize={"enum": ["1K", "2K"]}),
    ),
)  # fmt: skip
INTERACTION = _object(
    "model",
    "input",
    "response_format",
    "generation_config",
    model={"const": "gemini-omni-1.2-flash"},
    background={"type": "boolean"},
    input=_list(
        _object("type", "content", type={"const": "user_input"}, content=_list({"oneOf": [
            _object("type", "text", type={"const": "text"}, text=_TEXT),
            _object("type", "data", "mime_type", type={"const": "image"}, data=_TEXT, mime_type=_JPEG),
        ]})),
        most=1,
    ),
    response_format=_object(
        "type", "aspect_ratio", "duration", "delivery",
        type={"const": "video"},
        aspect_ratio={"enum": ["16:9", "9:16"]},
        duration={"type": "string", "pattern": r"^([3-9]|1[0-5])s$"},
        resolution={"enum": ["360p", "720p", "1080p", "4k"]},
        delivery={"enum": ["inline", "uri"]},
    ),
    generation_config=_object("video_config", video_config=_object(
        "task", task={"enum": ["text_to_video", "image_to_video", "reference_to_video"]}
    )),
)  # fmt: skip
_IMAGE = _object("bytesBase64Encoded", "mimeType", bytesBase64Encoded=_TEXT, mimeType={"const": "image/jpeg"})
PREDICT = _object(
    "instances",
    "parameters",
    instances=_list(
        _object("prompt", prompt=_TEXT, image=_IMAGE, lastFrame=_IMAGE, referenceImages=_list(
            _object("image", "referenceType", image=_IMAGE, referenceType={"const": "ASSET"}), most=3
        )),
        most=1,
    ),
    parameters=_object(
        "sampleCount", "aspectRatio", "durationSeconds",
        sampleCount={"const": 1},
        aspectRatio={"enum": ["16:9", "9:16"]},
        durationSeconds={"enum": [4, 6, 8]},
        resolution={"enum": ["720p", "1080p"]},
        generateAudio={"type": "boolean"},
        negativePrompt=_TEXT,
        seed={"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    ),
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Made(Job):
    model: str
    prompt: str
    pictures: tuple[Pixels, ...]


class GoogleServer(Provider[Made]):
    """`goes` and `file_states` say how the next jobs and their files go; `uri` where a clip lies. `token` is said
    instead of giving one out.
    """

    settings = ("GOOGLE_", "GEMINI_", "GCE_", "K_SERVICE", "KUBERNETES_", "CLOUDSDK_")

    def __init__(self) -> None:
        super().__init__()
        self.key = KEY
        self.goes: list[Tree] = []
        self.file_states = ["PROCESSING", "ACTIVE"]
        self.files_gone = False
        self.uri = "/v1beta/files/clip-{n}:download?alt=media"
        self.tokens: list[str] = []
        self.token: Answer | None = None
        self.clip = clip()

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().lead(monkeypatch)
        for name in ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"):
            monkeypatch.setenv(name, self.url)

    def refusal(self, words: str) -> Answer:
        return said(400, words, "INVALID_ARGUMENT")

    # --- the API --------------------------------------------------------------------------------------------------

    def answer(self, asked: Asked) -> Answer:
        path = re.sub(r"^/v1(beta1?)?/", "/", asked.path)
        if path == "/token":
            return self._token(asked)
        if path.startswith("/projects/"):
            if asked.headers.get("authorization") not in [f"Bearer {token}" for token in self.tokens]:
                return said(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
            return self._cloud(asked, path)
        if asked.headers.get("x-goog-api-key") != self.key:
            return said(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", INVALID_KEY)
        need("key" not in asked.query, "the key is in the address")
        return self._gemini(asked, path)

    def _gemini(self, asked: Asked, path: str) -> Answer:
        if found := re.fullmatch(r"/models/([\w.-]+):generateContent", path):
            return self._content(asked, found[1])
        if path == "/interactions":
            return self._begin(asked)
        if found := re.fullmatch(r"/interactions/(v1_\d+)(/cancel)?", path):
            need(asked.method == ("POST" if found[2] else "GET"), f"{asked.method} {path}")
            return self._asked_for(found[1], cancel=bool(found[2]))
        if found := re.fullmatch(r"/files/clip-(\d+)(:download)?", path):
            need(asked.method == "GET", f"{asked.method} {path}")
            return self._file(asked, found[1], download=bool(found[2]))
        need(re.fullmatch(r"/(interactions|files)/[\w-]+(/cancel|:download)?", path) is not None, "nothing is there")
        return said(404, "Requested entity was not found.", "NOT_FOUND")

    def _content(self, asked: Asked, model: str) -> Answer:
        need(asked.method == "POST", asked.method)
        check_schema(asked.tree, CONTENT)
        need(model in ("gemini-nano-banana-2.1", "gemini-3-pro-image"), model)
        first, *rest = asked.tree["contents"][0]["parts"]
        pictures = tuple(_jpeg(part["inlineData"]["data"]) for part in rest)
        id = str(len(self.jobs))
        made = Made(id=id, model=model, body=asked.tree, prompt=first["text"], pictures=pictures)
        return self.begun(id, lambda: made, _pictured)

    def _begin(self, asked: Asked) -> Answer:
        need(asked.method == "POST", asked.method)
        check_schema(asked.tree, INTERACTION)
        body = asked.tree
        *images, text = body["input"][0]["content"]
        prompt, task = text.get("text", ""), body["generation_config"]["video_config"]["task"]
        frames = len(re.findall(r"<(?:FIRST|LAST)_FRAME>", prompt))
        references = {int(number) for number in re.findall(r"<IMAGE_REF_(\d+)>", prompt)}
        need(bool(prompt), "the prompt is not last")
        others = len(images) - frames
        need(references <= set(range(others)), f"the prompt counts {references}, and there are {others} pictures")
        wanted = "reference_to_video" if others else "image_to_video" if frames else "text_to_video"
        need(task == wanted, f"{task}, where {wanted} was meant")
        pictures = tuple(_jpeg(image["data"]) for image in images)
        number = len(self.jobs)
        usual = [{"status": "queued"}, {"status": "in_progress"}, self._delivered(body, number)]
        made = Made(
            id=f"v1_{number}",
            model=body["model"],
            body=body,
            prompt=prompt,
            pictures=pictures,
            life=list(self.goes) or usual,
        )
        return self.begun(made.id, lambda: made, _interaction)

    def _delivered(self, body: Tree, number: int) -> Tree:
        content: Tree = {"type": "video", "mime_type": "video/mp4"}
        if body["response_format"]["delivery"] == "inline":
            content["data"] = base64.b64encode(self.clip).decode()
        else:
            uri = self.uri.format(n=number)
            content["uri"] = uri if "://" in uri else self.url + uri
        return completed(content)

    def _asked_for(self, id: str, *, cancel: bool) -> Answer:
        job = self.jobs.get(id)
        if job is None:
            return said(404, "Requested entity was not found.", "NOT_FOUND")
        if cancel:
            if job.cancelled:
                return said(400, "The interaction is not running.", "FAILED_PRECONDITION")
            job.cancelled += 1
            job.life = [{"status": "cancelled"}]
        now = {"id": id, "object": "interaction", "model": job.model}
        return self.told(lambda: Answer(200, now | job.told()))

    def _file(self, asked: Asked, number: str, *, download: bool) -> Answer:
        if self.files_gone:
            return said(403, "You do not have permission to access the File or it may not exist.", "PERMISSION_DENIED")
        if not download:
            state = self.file_states.pop(0) if len(self.file_states) > 1 else self.file_states[0]
            return Answer(200, {"name": f"files/clip-{number}", "mimeType": "video/mp4", "state": state})
        need(asked.query == {"alt": "media"}, f"{asked.query}")
        return self.sent(lambda: Answer(text=self.clip, headers={"Content-Type": "video/mp4"}))

    # --- Agent Platform -------------------------------------------------------------------------------------------

    def _cloud(self, asked: Asked, path: str) -> Answer:
        need(asked.method == "POST", f"{asked.method} {path}")
        models = f"projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/"
        found = re.fullmatch(rf"/{re.escape(models)}([\w.-]+):(predictLongRunning|fetchPredictOperation)", path)
        if found is None:
            raise Wrong("nothing is there")
        need("x-goog-api-key" not in asked.headers, "both a key and credentials")
        if found[2] == "fetchPredictOperation":
            name = asked.tree.get("operationName", "")
            need(name.startswith(f"{models}{found[1]}/operations/"), name)
            return self._operation(name)
        body = asked.tree
        check_schema(body, PREDICT)
        (instance,) = body["instances"]
        references = [item["image"] for item in instance.get("referenceImages", [])]
        frames = [instance[name] for name in ("image", "lastFrame") if name in instance]
        need(not (references and frames), "references and frames exclude each other")
        need(not references or body["parameters"]["durationSeconds"] == 8, "references make 8 s only")
        need("lastFrame" not in instance or "image" in instance, "a last frame without a first")
        video = {"bytesBase64Encoded": base64.b64encode(self.clip).decode(), "mimeType": "video/mp4"}
        made = Made(
            id=f"{models}{found[1]}/operations/{len(self.jobs)}",
            model=found[1],
            body=body,
            prompt=instance["prompt"],
            pictures=tuple(_jpeg(image["bytesBase64Encoded"]) for image in references or frames),
            life=list(self.goes) or [{}, {"done": False}, {"done": True, "response": {"videos": [video]}}],
        )
        return self.begun(made.id, lambda: made, lambda job: Answer(200, {"name": job.id}))

    def _operation(self, name: str) -> Answer:
        job = self.jobs.get(name)
        if job is None:
            return said(404, "Operation not found.", "NOT_FOUND")
        return self.told(lambda: Answer(200, {"name": name} | job.told()))

    def _token(self, asked: Asked) -> Answer:
        form = dict(parse_qsl(asked.body.decode()))
        need(form.get("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer", f"{form}")
        claims = json.loads(_unpadded(form.get("assertion", "..").split(".")[1]))
        need(claims.get("scope") == "https://www.googleapis.com/auth/cloud-platform", f"{claims}")
        if self.token is not None:
            return self.token
        token = f"ya29.test-token-{len(self.tokens)}-Zq70123456789abcdef"
        self.tokens.append(token)
        self.secrets.append(token)
        return Answer(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"})


def _pictured(made: Made) -> Answer:
    ratio = made.body["generationConfig"]["imageConfig"]["aspectRatio"]
    return Answer(200, picture_answer(png(*{"1:1": (1024, 1024), "16:9": (1376, 768)}[ratio])))


def _interaction(made: Made) -> Answer:
    status = "in_progress" if made.body.get("background") else made.life[-1]["status"]
    return Answer(200, {"id": made.id, "status": status, "object": "interaction"})


def _jpeg(text: str) -> Pixels:
    """In either alphabet of base64: the SDK writes one at this endpoint and the other at that, as Google allows."""
    pixels = opened(base64.b64decode(text.translate(_PLAIN), validate=True), "JPEG")
    need(max(pixels.shape) <= 1536, f"a picture of {pixels.shape}")
    return pixels


INVALID_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


def said(status: int, message: str, name: str = "", *details: Tree, **headers: str) -> Answer:
    """An error as Google writes it."""
    error = {"code": status, "message": message, "status": name, **({"details": list(details)} if details else {})}
    return Answer(status, {"error": error}, headers={n.replace("_", "-"): v for n, v in headers.items()})


def picture_answer(content: bytes, **more: Any) -> Tree:
    """An answer with a picture, after a thought and some words, and with something that nobody has heard of yet."""
    parts: list[Tree] = [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True},
        {"text": "Here it is."},
        {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(content).decode()}},
    ]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0, "newerField": [1]}
    return {"candidates": [candidate], "usageMetadata": {"candidatesTokenCount": 1120}, **more}


def completed(*content: Tree, **more: Any) -> Tree:
    steps = [
        {"type": "user_input", "content": [{"type": "text", "text": "..."}]},
        {"type": "thought", "signature": "abc"},
        {"type": "model_output", "content": list(content)},
    ]
    return {"status": "completed", "steps": steps, "usage": {"total_output_tokens": 5792}, **more}


@cache
def clip() -> bytes:
    """A small MP4 of 8 frames."""
    content = BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((36, 64, 3), number * 30, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return content.getvalue()


def frames(content: bytes) -> int:
    """How many a clip has."""
    with av.open(BytesIO(content), "r") as container:
        return len(list(container.decode(video=0)))


def account(folder: Path, token_url: str) -> Path:
    """The credentials of a service account whose tokens are given out at `token_url`."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    path = folder / "account.json"
    tree = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "1",
        "private_key": text,
        "client_email": "samecast@my-project.iam.gserviceaccount.com",
        "token_uri": token_url,
    }
    path.write_text(json.dumps(tree))
    return path


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
