"""OpenAI's images API on the loopback, as strict as its documentation: methods, paths, headers, fields, pictures."""

import base64
import re
import threading
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest
from tests.models.openai.loopback import Answer, Asked, Loopback, nobody_else, opened, png

from samecast.ports import Pixels

KEY = "sk-proj-Zq7TestKey_0123456789abcdefABCDEF0123456789xyz"

MODELS = ["gpt-image-2.5-sunburst", "gpt-image-2.6-flare", "gpt-image-2", "gpt-image-1.5"]
_FIELDS: dict[str, Any] = {
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
    fields: dict[str, Any]
    pictures: tuple[Pixels, ...] = ()


class OpenAIServer(Loopback):
    def __init__(self) -> None:
        super().__init__()
        self.made: list[Made] = []
        self.key = KEY

    def lead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nobody_else(monkeypatch, "OPENAI_")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{self.url}/v1")

    def answer(self, asked: Asked) -> Answer:
        self.expect(asked.method == "POST", f"{asked.method} {asked.path}")
        self.expect(asked.headers.get("x-stainless-retry-count") == "0", "it was sent again")
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            given = asked.headers.get("authorization", "").removeprefix("Bearer ")
            masked = f"{given[:8]}{'*' * 20}{given[-4:]}"
            return said(401, f"Incorrect API key provided: {masked}. You can find yours there.", "invalid_api_key")
        made = self._read(asked)
        if made is None:
            return said(400, self.faults[-1], "invalid_request_error")
        scripted = self.script.popleft() if self.script else None
        if scripted is None or scripted.made:
            self.made.append(made)
        if scripted is not None and (scripted.tree is not None or scripted.text is not None):
            return scripted
        width, height = map(int, made.fields["size"].split("x"))
        content = base64.b64encode(png(width, height)).decode()
        tree = {
            "created": 1795000000,
            "data": [{"b64_json": content}],
            "size": made.fields["size"],
            "something_new": {"of": "tomorrow"},
            "usage": {"input_tokens": 900, "output_tokens": 1200, "total_tokens": 2100},
        }
        hold: threading.Event | None = scripted.hold if scripted is not None else None
        return Answer(tree=tree, cut=scripted.cut if scripted is not None else "", hold=hold)

    def _read(self, asked: Asked) -> Made | None:
        """None where OpenAI would not take it."""
        pictures: tuple[Pixels, ...] = ()
        match asked.path:
            case "/v1/images/generations":
                fields, schema = asked.tree, GENERATE
                typed = self.expect(asked.headers["content-type"] == "application/json", "generations is not JSON")
            case "/v1/images/edits":
                fields, files = _parted(asked)
                pictures = tuple(self._picture(*file, of=len(files)) for file in files)
                schema, typed = EDIT, self.expect(1 <= len(files) <= 16, f"{len(files)} pictures")
            case _:
                self.expect(False, f"there is nothing at {asked.path}")
                return None
        if not self.check(fields, schema) or not typed:
            return None
        sides = [int(side) for side in fields["size"].split("x")]
        fits = all(side % 16 == 0 for side in sides) and max(sides) <= 3840 and min(sides) <= 2160
        if not self.expect(fits and max(sides) <= 3 * min(sides), f"the size {fields['size']}"):
            return None
        return Made(path=asked.path, fields=fields, pictures=pictures)

    def _picture(self, field: str, name: str, kind: str, content: bytes, *, of: int) -> Pixels:
        self.expect(field == ("image" if of == 1 else "image[]"), f"{of} pictures as {field}")
        self.expect(kind == "image/png" and re.fullmatch(r"image-\d+\.png", name) is not None, f"{name} is {kind}")
        self.expect(len(content) < 50 << 20, f"{name} has {len(content)} bytes")
        form, pixels = opened(content)
        self.expect(form == "PNG", f"{name} is a {form}")
        return pixels


def said(status: int, message: str, code: str = "", kind: str = "", **headers: str) -> Answer:
    """An error as OpenAI writes it."""
    error = {"message": message, "type": kind or "invalid_request_error", "param": None, "code": code or None}
    return Answer(status=status, tree={"error": error}, headers={n.replace("_", "-"): v for n, v in headers.items()})


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
