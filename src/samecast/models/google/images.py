"""Gemini's pictures: one call, one answer, which is kept on disk before anything else happens to it."""

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samecast.core.errors import RenderFailed, SubmissionUnsure
from samecast.models.google.access import Access
from samecast.models.google.calls import keep, submitted
from samecast.models.google.settings import Setup
from samecast.models.hosted.pictures import jpeg, shown
from samecast.models.hosted.spool import Spool
from samecast.models.hosted.words import line, lost, refused
from samecast.ports import ModelProfile, Render, Rendered

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

SECONDS = 600.0
"""How long a picture may take: it is made while the call is waited for."""

_PLAIN = str.maketrans("-_", "+/")
_FORBIDDEN = frozenset(
    {
        "SAFETY",
        "IMAGE_SAFETY",
        "PROHIBITED_CONTENT",
        "IMAGE_PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
        "ESCALATION",
    }
)
"""Reasons to finish that are the provider's rules (`google.genai.types.FinishReason`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """`HostedEngine` over `models.generate_content`. A ticket is the key that the answer is kept under."""

    profile: ModelProfile
    setup: Setup
    access: Access
    spool: Spool
    sleep: Callable[[float], None] = field(default=time.sleep)

    @property
    def version(self) -> str:
        return f"1-{self.setup.model}"

    def check(self) -> None:
        self.access.check()

    def submit(self, order: Render, key: str) -> str:
        """Have the picture made, which takes as long as it takes; nothing can stop it meanwhile."""
        pictures = [jpeg(picture, longest=self.setup.longest) for picture in shown(order)]

        def make(client: "genai.Client") -> str:
            from google.genai import types

            parts = [types.Part.from_bytes(data=content, mime_type="image/jpeg") for content in pictures]
            answer = client.models.generate_content(
                model=self.setup.model,
                contents=types.Content(role="user", parts=[types.Part.from_text(text=order.recipe.said), *parts]),
                config=self._config(order),
            )
            return (answer.sdk_http_response and answer.sdk_http_response.body) or ""

        body = submitted(self.access, make, order, seconds=SECONDS, sleep=self.sleep)
        if not body:
            raise SubmissionUnsure(
                f"{self.access.provider} answered with nothing.", hint="Have it made again: samecast shots retry SHOT"
            )
        keep(self.spool, key, body.encode(), self.access)
        return key

    def find(self, key: str) -> str | None:
        return key if self.spool.get(key) is not None else None

    def collect(self, ticket: str) -> Rendered | None:
        content = self.spool.get(ticket)
        if content is None:
            raise lost(self.access.provider)
        return Rendered(file=picture_in(content, self.access.provider))

    def cancel(self, ticket: str) -> None:
        self.spool.drop(ticket)

    def _config(self, order: Render) -> "types.GenerateContentConfig":
        """Whole answers as they came: they are kept before anything reads them."""
        from google.genai import types

        return types.GenerateContentConfig(
            response_modalities=["TEXT", "IMAGE"],
            image_config=types.ImageConfig(
                aspect_ratio=aspect(self.profile, order), image_size=dict(order.recipe.options).get("resolution")
            ),
            automatic_continuation=False,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            should_return_http_response=True,
        )


def aspect(profile: ModelProfile, order: Render) -> str:
    """The recipe's aspect as "16:9": its brief's, or else that of its size."""
    recipe = order.recipe
    size = recipe.width, recipe.height
    sized = (known for known in profile.aspects if profile.size(recipe.kind, known) == size)
    width, height = recipe.brief.aspect or next(sized, profile.aspects[0])
    return f"{width}:{height}"


def picture_in(content: bytes, provider: str) -> bytes:
    """The picture in an answer. Raises `Refused` where the rules kept it back, else `RenderFailed` saying why."""
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise RenderFailed(f"{provider} sent no picture.", hint="Try the take again.") from error
    charged = _whole(answer, "usageMetadata", "candidatesTokenCount") > 0
    pictures, texts, reason = [], [], ""
    for part in _parts(answer):
        blob = part.get("inlineData") or part.get("inline_data")
        if isinstance(blob, Mapping) and not part.get("thought"):
            pictures.append(str(blob.get("data", "")))
        elif isinstance(part.get("text"), str) and not part.get("thought"):
            texts.append(str(part["text"]))
    if pictures:
        return decoded(pictures[-1], provider)
    blocked = answer.get("promptFeedback") if isinstance(answer, Mapping) else None
    if isinstance(blocked, Mapping) and blocked.get("blockReason"):
        raise refused(provider, _because(blocked, "blockReason", "blockReasonMessage"))
    for candidate in _candidates(answer):
        reason = _because(candidate, "finishReason", "finishMessage")
        if candidate.get("finishReason") in _FORBIDDEN:
            raise refused(provider, reason, charged=charged)
    words = line(" ".join(texts)) or line(reason) or "it did not say why"
    raise RenderFailed(
        f"{provider} made no picture: {words}.", hint="Say it in other words, or try the take again.", charged=charged
    )


def _because(tree: Mapping[str, object], reason: str, message: str) -> str:
    return ": ".join(str(tree[key]) for key in (reason, message) if tree.get(key))


def _candidates(answer: object) -> Iterator[Mapping[str, object]]:
    found = answer.get("candidates") if isinstance(answer, Mapping) else None
    return (candidate for candidate in (found if isinstance(found, list) else []) if isinstance(candidate, Mapping))


def _parts(answer: object) -> Iterator[Mapping[str, object]]:
    for candidate in _candidates(answer):
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, Mapping) else None
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, Mapping):
                yield part


def _whole(answer: object, *path: str) -> int:
    for key in path:
        answer = answer.get(key) if isinstance(answer, Mapping) else None
    return answer if isinstance(answer, int) else 0


def decoded(text: str, provider: str) -> bytes:
    """Base64 in either of its alphabets: Google takes both, and writes both."""
    try:
        return base64.b64decode(text.translate(_PLAIN), validate=True)
    except binascii.Error as error:
        raise RenderFailed(f"{provider} sent what cannot be read.", hint="Try the take again.") from error
