"""OpenAI's images API on the loopback, as strict as its documentation: methods, paths, headers, fields, pictures."""

import base64
import re
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from tests.models.provider.pictures import opened, png
from tests.models.provider.server import Answer, Asked, Provider, Tree, Wrong, check_schema, need

from samecast.ports import Pixels

KEY = "sk-proj-Zq7TestKey_0123456789abcdefABCDEF0123456789xyz"

MODELS = ["gpt-image-2.5-sunburst", "gpt-image-2.6-flare", "gpt-image-2", "gpt-image-1.5"]
_FIELDS: Tree = {
    "model": {"enum": MODELS},
    "prompt": {"type": "string", "minLength": 1, "maxLength": 32_000},
    "size": {"type": "string", "pattern": r"^[1-9]\d{1,3}x[1-9]\d{1,3}$"},
    "quality": {"enum": ["low", "medium", "high", "xhigh", "max", "auto"]},
    "background": {"enum": ["auto", "opaque", "transparent"]},
}
_NEEDED = {"required": ["model", "prompt", "size", "n"], "additionalProperties": False, "type": "object"}
GENERATE = {
    **_NEEDED,
    "properties": {**_FIELDS, "n": {"const": 1}, "output_compression": {"type": "integer", "minimum": 0}},
}
EDIT = {
    **_NEEDED,
    "properties": {**_FIELDS, "n": {"const": "1"}, "input_fidelity": {"enum": ["low", "high"]}},
    "if": {"required": ["input_fidelity"]},
    "then": {"properties": {"model": {"enum": ["gpt-image-1.5"]}}},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A picture that was made, and is charged: what it was made from."""

    path: str
    fields: Tree
    pictures: tuple[Pixels, ...] = ()


class OpenAIServer(Provider[Made]):
    settings = ("OPENAI_",)

    def __init__(self) -> None:
        super().__init__()
        self.key = KEY

    @property
    def made(self) -> list[Made]:
        return list(self.jobs.values())

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().lead(monkeypatch)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{self.url}/v1")

    def refusal(self, words: str) -> Answer:
        return said(400, words)

    def answer(self, asked: Asked) -> Answer:
        need(asked.method == "POST", f"{asked.method} {asked.path}")
        need(asked.headers.get("x-stainless-retry-count") == "0", "it was sent again")
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            given = asked.headers.get("authorization", "").removeprefix("Bearer ")
            masked = f"{given[:8]}{'*' * 20}{given[-4:]}"
            return said(401, f"Incorrect API key provided: {masked}. You can find yours there.", "invalid_api_key")
        made = self._read(asked)
        return self.begun(str(len(self.jobs)), lambda: made, self._pictured)

    def _pictured(self, made: Made) -> Answer:
        width, height = map(int, made.fields["size"].split("x"))
        content = base64.b64encode(png(width, height)).decode()
        return Answer(
            200,
            {
                "created": 1795000000,
                "data": [{"b64_json": content}],
                "size": made.fields["size"],
                "something_new": {"of": "tomorrow"},
                "usage": {"input_tokens": 900, "output_tokens": 1200, "total_tokens": 2100},
            },
        )

    def _read(self, asked: Asked) -> Made:
        pictures: tuple[Pixels, ...] = ()
        fields: Tree
        match asked.path:
            case "/v1/images/generations":
                need(asked.headers["content-type"] == "application/json", "generations is not JSON")
                fields, schema = asked.tree, GENERATE
            case "/v1/images/edits":
                fields, files = _parted(asked)
                need(1 <= len(files) <= 16, f"{len(files)} pictures")
                pictures = tuple(_picture(*file, of=len(files)) for file in files)
                schema = EDIT
            case _:
                raise Wrong("there is nothing there")
        check_schema(fields, schema)
        sides = [int(side) for side in fields["size"].split("x")]
        fits = all(side % 16 == 0 for side in sides) and max(sides) <= 3840 and min(sides) <= 2160
        need(fits and max(sides) <= 3 * min(sides), f"the size {fields['size']}")
        return Made(path=asked.path, fields=fields, pictures=pictures)


def _picture(field: str, name: str, kind: str, content: bytes, *, of: int) -> Pixels:
    need(field == ("image" if of == 1 else "image[]"), f"{of} pictures as {field}")
    need(kind == "image/png" and re.fullmatch(r"image-\d+\.png", name) is not None, f"{name} is {kind}")
    need(len(content) < 50 << 20, f"{name} has {len(content)} bytes")
    return opened(content, "PNG")


def said(status: int, message: str, code: str = "", kind: str = "", **headers: str) -> Answer:
    """An error as OpenAI writes it."""
    error = {"message": message, "type": kind or "invalid_request_error", "param": None, "code": code or None}
    return Answer(status, {"error": error}, headers={n.replace("_", "-"): v for n, v in headers.items()})


def _parted(asked: Asked) -> tuple[dict[str, str], list[tuple[str, str, str, bytes]]]:
    """The fields of a form, and its files: field, file name, type, content."""
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + asked.body)
    assert message.get_content_type() == "multipart/form-data", message.get_content_type()
    fields: dict[str, str] = {}
    files = []
    for part in message.iter_parts():
        field = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = part.get_filename()
        if name is None:
            assert field not in fields, f"{field} is given twice"
            fields[field] = content.decode()
        else:
            files.append((field, name, part.get_content_type(), content))
    return fields, files
