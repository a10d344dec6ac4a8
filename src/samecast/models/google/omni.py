"""Gemini Omni's clips: an interaction that Google works on by itself, asked for until it is there.

An interaction lies at Google for days, so a take outlives whoever began it. A clip comes in the interaction itself or
as a file of the Files API, which is fetched with the same key; one that lies anywhere else is fetched without.
"""

import base64
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from samecast.core.errors import InvalidInput, RenderFailed, StorageFailed, SubmissionUnsure
from samecast.models.google.access import Access
from samecast.models.google.calls import Pace, Said, asked, failures, forbidden, meaning, read, submitted
from samecast.models.google.images import aspect, decoded
from samecast.models.google.settings import Setup
from samecast.models.hosted.fetching import fetch
from samecast.models.hosted.pictures import jpeg, shown
from samecast.models.hosted.spool import Spool
from samecast.models.hosted.words import line, lost, refused
from samecast.ports import ModelProfile, Picture, Render, Rendered

if TYPE_CHECKING:
    from google import genai
    from google.genai.interactions import Interaction

BEGIN_SECONDS, WHOLE_SECONDS, ASK_SECONDS = 120.0, 900.0, 120.0
"""How long to wait for an answer: to a job that runs by itself, to one that is waited for, and to a question."""

_OVER = frozenset({"failed", "cancelled", "incomplete", "budget_exceeded", "requires_action", "requires_continuation"})
"""Ends without a clip. What is neither these nor "completed" is still being made."""
_TOO_LATE = frozenset({400, 404, 409, 410, 412})
_NO_FILE = (403, 404, 410)
"""Google does not say whether a file is another account's or no longer there."""
_FILE = re.compile(r"/?(?:download/)?(?:v\w+/)?files/([a-z0-9][a-z0-9-]*)(?::download)?")
"""The path of a file of the Files API, or its bare name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Omni:
    """`HostedEngine` over `interactions`. A ticket is the interaction's id."""

    profile: ModelProfile
    setup: Setup
    access: Access
    spool: Spool
    pace: Pace
    sleep: Callable[[float], None] = field(default=time.sleep)

    @property
    def version(self) -> str:
        return f"1-{self.setup.model}"

    def check(self) -> None:
        self.access.check()

    def submit(self, order: Render, key: str) -> str:
        task, prompt, pictures = composed(order, self.setup)
        parts = [_image(picture, self.setup.longest) for picture in pictures]
        parts.append({"type": "text", "text": prompt})
        wanted = self._format(order)

        def begin(client: "genai.Client") -> str:
            made: Interaction = client.interactions.create(  # type: ignore[call-overload]  # its types know no mappings
                model=self.setup.model,
                input=parts,
                response_format=wanted,
                generation_config={"video_config": {"task": task}},
                **({"background": True} if self.setup.background else {}),
            )
            return made.id or ""

        seconds = BEGIN_SECONDS if self.setup.background else WHOLE_SECONDS
        ticket = submitted(self.access, begin, order, seconds=seconds, sleep=self.sleep)
        if not ticket:
            raise SubmissionUnsure(
                f"{self.access.provider} began a clip and does not say which.", hint="Look at its usage page first."
            )
        with suppress(StorageFailed):  # only so that a crash right now costs nothing
            self.spool.keep(key, ticket.encode())
        return ticket

    def find(self, key: str) -> str | None:
        kept = self.spool.get(key)
        return kept.decode() if kept is not None else None

    def collect(self, ticket: str) -> Rendered | None:
        if not self.pace.due(ticket):
            return None
        found = asked(self.access, lambda client: client.interactions.get(ticket), seconds=ASK_SECONDS)
        if isinstance(found, Said):
            raise lost(self.access.provider)
        if found.status in _OVER:
            raise ended(found, self.access.provider)
        if found.status != "completed":
            return None
        content = self._clip(found)
        if content is None:
            return None
        self.pace.forget(ticket)
        return Rendered(file=content)

    def cancel(self, ticket: str) -> None:
        client = self.access.client(ASK_SECONDS)
        try:
            client.interactions.cancel(ticket)
        except failures() as error:
            said = read(error)
        else:
            return
        if said.status not in _TOO_LATE:
            raise meaning(said, self.access)

    def _format(self, order: Render) -> dict[str, str]:
        wanted = {
            "type": "video",
            "aspect_ratio": aspect(self.profile, order),
            "duration": f"{order.recipe.seconds:g}s",
            "delivery": self.setup.delivery,
        }
        resolution = dict(order.recipe.options).get("resolution")
        return wanted | ({"resolution": resolution} if resolution else {})

    def _clip(self, found: "Interaction") -> bytes | None:
        """The clip's bytes; None while its file is still being written."""
        clip = found.output_video
        if clip is not None and clip.data:
            return decoded(str(clip.data), self.access.provider)
        if clip is None or not clip.uri:
            raise ended(found, self.access.provider)
        name = _FILE.fullmatch(urlsplit(clip.uri).path)
        if name is not None:
            return self._file(f"files/{name[1]}")
        import httpx2

        with httpx2.Client() as web:
            return fetch(
                web, clip.uri, provider=self.access.provider, near=os.environ.get("GOOGLE_GEMINI_BASE_URL", "")
            )

    def _file(self, name: str) -> bytes | None:
        file = asked(self.access, lambda client: client.files.get(name=name), seconds=ASK_SECONDS, gone=_NO_FILE)
        if isinstance(file, Said):
            raise lost(self.access.provider)
        state = file.state.name if file.state is not None else "ACTIVE"
        if state == "FAILED":
            raise RenderFailed(f"{self.access.provider} could not write the clip down.", hint="Try the take again.")
        if state != "ACTIVE":
            return None
        content = asked(
            self.access, lambda client: client.files.download(file=name), seconds=WHOLE_SECONDS, gone=_NO_FILE
        )
        if isinstance(content, Said):
            raise lost(self.access.provider)
        return content


def composed(order: Render, setup: Setup) -> tuple[str, str, list[Picture]]:
    """The task, the prompt and the pictures in their order: frames first, then references, which count from 0.

    A prompt that has frames says which picture is what, in the form that Google documents. Raises `InvalidInput` for a
    last frame without a first.
    """
    recipe = order.recipe
    references = shown(order)
    if not recipe.first_frame:
        if recipe.last_frame:
            raise InvalidInput(
                f"{recipe.model} takes a last frame only with a first.", hint="Give --first-frame too, or neither."
            )
        return setup.tasks["references" if references else "text"], recipe.said, references
    frames = [("first_frame", recipe.first_frame), ("last_frame", recipe.last_frame)]
    given = [(setup.tags[what], order.references[sha256]) for what, sha256 in frames if sha256]
    sources = " ".join(f"{tag}@Image{n}" for n, (tag, _) in enumerate(given, start=1))
    counted = [
        f"{setup.tags['reference'].format(i=i)}@Image{n}"
        for i, n in enumerate(range(len(given) + 1, len(given) + len(references) + 1))
    ]
    header = f"[# Sources {sources}]" + (f" [# References {' '.join(counted)}]" if counted else "")
    task = setup.tasks["references" if references else "frames"]
    return task, f"{header} {recipe.said}", [*(picture for _, picture in given), *references]


def ended(found: "Interaction", provider: str) -> RenderFailed:
    """Why there is no clip: the provider's rules, or whatever it says."""
    told = [f"{error.code or ''} {error.message or ''}" for error in found.errors or []]
    for step in found.steps or []:
        fault: Any = getattr(step, "error", None)
        told += [f"{getattr(fault, 'message', '')}"] if fault is not None else []
    words = line(" ".join(told)) or line(found.output_text or "") or f"it ended as {found.status}"
    usage = found.usage
    charged = bool(usage is not None and usage.total_output_tokens)
    if forbidden(words):
        return refused(provider, words, charged=charged)
    return RenderFailed(
        f"{provider} made no clip: {words}.", hint="Say it in other words, or try the take again.", charged=charged
    )


def _image(picture: Picture, longest: int) -> dict[str, str]:
    content = base64.b64encode(jpeg(picture, longest=longest)).decode()
    return {"type": "image", "data": content, "mime_type": "image/jpeg"}
