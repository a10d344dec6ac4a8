"""Google on the loopback: the Gemini API, its files, Agent Platform and the token endpoint, each as strict as told.

Whatever is wrong with a request is a fault, and is refused; a job is counted when it is begun.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import av
import numpy as np
import pytest
from tests.models.openai.loopback import Answer, Asked, Loopback, nobody_else, opened, png

from samecast.ports import Pixels

KEY = "AIza-test-key-Zq7-0123456789abcdef"
PROJECT, LOCATION = "my-project", "us-central1"

_PLAIN = str.maketrans("-_", "+/")
_TEXT = {"type": "string", "minLength": 1}
_JPEG = {"const": "image/jpeg"}


def _object(*needed: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(needed),
        "properties": properties,
        "additionalProperties": False,
    }


def _list(item: dict[str, Any], least: int = 1, most: int = 99) -> dict[str, Any]:
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
class Job:
    """What was begun, and how it goes: what each question about it is told, in turn; the last again and again."""

    model: str
    body: dict[str, Any]
    prompt: str
    pictures: tuple[Pixels, ...]
    goes: list[dict[str, Any]] = field(default_factory=list)
    cancelled: bool = False


class GoogleServer(Loopback):
    """`goes` and `file_states` say how the next jobs and their files go; `uri` where a clip lies."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self.key = KEY
        self.goes: list[dict[str, Any]] | None = None
        self.file_states = ["PROCESSING", "ACTIVE"]
        self.files_gone = False
        self.download: Answer | None = None
        self.uri = "/v1beta/files/clip-{n}:download?alt=media"
        self.tokens: list[str] = []
        self.token: Answer | None = None
        self.token_life = 3600
        self.clip = clip()

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nobody_else(monkeypatch, "GOOGLE_", "GEMINI_", "GCE_", "K_SERVICE", "KUBERNETES_", "CLOUDSDK_")
        for name in ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"):
            monkeypatch.setenv(name, self.url)

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
        self.expect("key" not in asked.query, "the key is in the address")
        return self._gemini(asked, path)

    def _gemini(self, asked: Asked, path: str) -> Answer:
        if found := re.fullmatch(r"/models/([\w.-]+):generateContent", path):
            return self._content(asked, found[1])
        if path == "/interactions":
            return self._begin(asked)
        if found := re.fullmatch(r"/interactions/v1_(\d+)(/cancel)?", path):
            self.expect(asked.method == ("POST" if found[2] else "GET"), f"{asked.method} {path}")
            return self._asked_for(int(found[1]), cancel=bool(found[2]))
        if found := re.fullmatch(r"/files/clip-(\d+)(:download)?", path):
            self.expect(asked.method == "GET", f"{asked.method} {path}")
            return self._file(asked, found[1], download=bool(found[2]))
        if re.fullmatch(r"/(interactions|files)/[\w-]+(/cancel|:download)?", path):
            return said(404, "Requested entity was not found.", "NOT_FOUND")
        self.expect(False, f"there is nothing at {asked.path}")
        return said(404, "Not here.", "NOT_FOUND")

    def _charged(self, job: Job) -> Answer | None:
        """What the script says instead; the job is counted unless it is not made."""
        scripted = self.script.popleft() if self.script else None
        if scripted is None or scripted.made:
            self.jobs.append(job)
        return scripted

    def _content(self, asked: Asked, model: str) -> Answer:
        fits = self.check(asked.tree, CONTENT) and self.expect(asked.method == "POST", asked.method)
        known = self.expect(model in ("gemini-nano-banana-2.1", "gemini-3-pro-image"), model)
        if not (fits and known):
            return said(400, self.faults[-1], "INVALID_ARGUMENT")
        first, *rest = asked.tree["contents"][0]["parts"]
        pictures = tuple(self._jpeg(part["inlineData"]["data"]) for part in rest)
        scripted = self._charged(Job(model=model, body=asked.tree, prompt=first["text"], pictures=pictures))
        if scripted is not None:
            return scripted
        ratio = asked.tree["generationConfig"]["imageConfig"]["aspectRatio"]
        return Answer(tree=picture_answer(png(*{"1:1": (1024, 1024), "16:9": (1376, 768)}[ratio])))

    def _begin(self, asked: Asked) -> Answer:
        if not (self.check(asked.tree, INTERACTION) and self.expect(asked.method == "POST", asked.method)):
            return said(400, self.faults[-1], "INVALID_ARGUMENT")
        body = asked.tree
        *images, text = body["input"][0]["content"]
        prompt, task = text.get("text", ""), body["generation_config"]["video_config"]["task"]
        frames = len(re.findall(r"<(?:FIRST|LAST)_FRAME>", prompt))
        references = {int(number) for number in re.findall(r"<IMAGE_REF_(\d+)>", prompt)}
        self.expect(bool(prompt), "the prompt is not last")
        others = len(images) - frames
        self.expect(
            references <= set(range(others)), f"the prompt counts {references}, and there are {others} pictures"
        )
        wanted = "reference_to_video" if others else "image_to_video" if frames else "text_to_video"
        self.expect(task == wanted, f"{task}, where {wanted} was meant")
        pictures = tuple(self._jpeg(image["data"]) for image in images)
        job = Job(model=body["model"], body=body, prompt=prompt, pictures=pictures)
        number = len(self.jobs)
        job.goes = self.goes or [{"status": "queued"}, {"status": "in_progress"}, self._delivered(body, number)]
        scripted = self._charged(job)
        if scripted is not None and (scripted.tree is not None or scripted.text is not None):
            return scripted
        status = "in_progress" if body.get("background") else job.goes[-1]["status"]
        return Answer(
            tree={"id": f"v1_{number}", "status": status, "object": "interaction"}, cut=scripted.cut if scripted else ""
        )

    def _delivered(self, body: dict[str, Any], number: int) -> dict[str, Any]:
        content: dict[str, Any] = {"type": "video", "mime_type": "video/mp4"}
        if body["response_format"]["delivery"] == "inline":
            content["data"] = base64.b64encode(self.clip).decode()
        else:
            uri = self.uri.format(n=number)
            content["uri"] = uri if "://" in uri else self.url + uri
        return completed(content)

    def _asked_for(self, number: int, *, cancel: bool) -> Answer:
        if number >= len(self.jobs):
            return said(404, "Requested entity was not found.", "NOT_FOUND")
        job = self.jobs[number]
        if cancel:
            if job.cancelled:
                return said(400, "The interaction is not running.", "FAILED_PRECONDITION")
            job.cancelled = True
            job.goes = [{"status": "cancelled"}]
        told = job.goes.pop(0) if len(job.goes) > 1 else job.goes[0]
        if "answer" in told:
            scripted: Answer = told["answer"]
            return scripted
        return Answer(tree={"id": f"v1_{number}", "object": "interaction", "model": job.model} | told)

    def _file(self, asked: Asked, number: str, *, download: bool) -> Answer:
        if self.files_gone:
            return said(403, "You do not have permission to access the File or it may not exist.", "PERMISSION_DENIED")
        if not download:
            state = self.file_states.pop(0) if len(self.file_states) > 1 else self.file_states[0]
            return Answer(tree={"name": f"files/clip-{number}", "mimeType": "video/mp4", "state": state})
        self.expect(asked.query == {"alt": "media"}, f"{asked.query}")
        return self.download or Answer(text=self.clip, headers={"Content-Type": "video/mp4"})

    # --- Agent Platform -------------------------------------------------------------------------------------------

    def _cloud(self, asked: Asked, path: str) -> Answer:
        self.expect(asked.method == "POST", f"{asked.method} {path}")
        models = f"/projects/{PROJECT}/locations/{LOCATION}/publishers/google/models/"
        found = re.fullmatch(re.escape(models) + r"([\w.-]+):(predictLongRunning|fetchPredictOperation)", path)
        if not self.expect(found is not None, f"there is nothing at {asked.path}") or found is None:
            return said(404, "Not here.", "NOT_FOUND")
        self.expect("x-goog-api-key" not in asked.headers, "both a key and credentials")
        if found[2] == "fetchPredictOperation":
            return self._operation(asked.tree, models.removeprefix("/") + found[1])
        body = asked.tree
        if not self.check(body, PREDICT):
            return said(400, self.faults[-1], "INVALID_ARGUMENT")
        (instance,) = body["instances"]
        references = [item["image"] for item in instance.get("referenceImages", [])]
        frames = [instance[name] for name in ("image", "lastFrame") if name in instance]
        self.expect(not (references and frames), "references and frames exclude each other")
        self.expect(not references or body["parameters"]["durationSeconds"] == 8, "references make 8 s only")
        self.expect("lastFrame" not in instance or "image" in instance, "a last frame without a first")
        pictures = tuple(self._jpeg(image["bytesBase64Encoded"]) for image in references or frames)
        job = Job(model=found[1], body=body, prompt=instance["prompt"], pictures=pictures)
        name = f"{models.removeprefix('/')}{found[1]}/operations/{len(self.jobs)}"
        video = {"bytesBase64Encoded": base64.b64encode(self.clip).decode(), "mimeType": "video/mp4"}
        job.goes = self.goes or [{}, {"done": False}, {"done": True, "response": {"videos": [video]}}]
        scripted = self._charged(job)
        if scripted is not None and (scripted.tree is not None or scripted.text is not None):
            return scripted
        return Answer(tree={"name": name}, cut=scripted.cut if scripted else "")

    def _operation(self, body: dict[str, str], models: str) -> Answer:
        found = re.fullmatch(re.escape(models) + r"/operations/(\d+)", body.get("operationName", ""))
        if found is None or int(found[1]) >= len(self.jobs):
            return said(404, "Operation not found.", "NOT_FOUND")
        goes = self.jobs[int(found[1])].goes
        told = goes.pop(0) if len(goes) > 1 else goes[0]
        scripted: Answer | None = told.get("answer")
        return scripted or Answer(tree={"name": body["operationName"]} | told)

    def _token(self, asked: Asked) -> Answer:
        form = dict(parse_qsl(asked.body.decode()))
        self.expect(form.get("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer", f"{form}")
        claims = json.loads(_unpadded(form.get("assertion", "..").split(".")[1]))
        self.expect(claims.get("scope") == "https://www.googleapis.com/auth/cloud-platform", f"{claims}")
        if self.token is not None:
            return self.token
        self.tokens.append(f"ya29.test-token-{len(self.tokens)}-Zq70123456789abcdef")
        return Answer(tree={"access_token": self.tokens[-1], "expires_in": self.token_life, "token_type": "Bearer"})

    def _jpeg(self, text: str) -> Pixels:
        """In either alphabet of base64: the SDK writes one at this endpoint and the other at that, as Google allows."""
        try:
            form, pixels = opened(base64.b64decode(text.translate(_PLAIN), validate=True))
        except (binascii.Error, OSError) as error:
            self.expect(False, f"a picture that cannot be read: {error}")
            return np.zeros((1, 1, 3), np.uint8)
        self.expect(form == "JPEG" and max(pixels.shape) <= 1536, f"a {form} of {pixels.shape}")
        return pixels


INVALID_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


def said(status: int, message: str, name: str = "", *details: dict[str, Any], **headers: str) -> Answer:
    """An error as Google writes it."""
    error = {"code": status, "message": message, "status": name, **({"details": list(details)} if details else {})}
    return Answer(status=status, tree={"error": error}, headers={n.replace("_", "-"): v for n, v in headers.items()})


def picture_answer(content: bytes, **more: Any) -> dict[str, Any]:
    """An answer with a picture, after a thought and some words, and with something that nobody has heard of yet."""
    parts: list[dict[str, Any]] = [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True},
        {"text": "Here it is."},
        {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(content).decode()}},
    ]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0, "newerField": [1]}
    return {"candidates": [candidate], "usageMetadata": {"candidatesTokenCount": 1120}, **more}


def completed(*content: dict[str, Any], **more: Any) -> dict[str, Any]:
    steps = [
        {"type": "user_input", "content": [{"type": "text", "text": "..."}]},
        {"type": "thought", "signature": "abc"},
        {"type": "model_output", "content": list(content)},
    ]
    return {"status": "completed", "steps": steps, "usage": {"total_output_tokens": 5792}, **more}


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
