"""OpenAI's image models, over its own SDK: a picture from a prompt and up to sixteen others, in one call.

The call is answered when the picture is made, and OpenAI keeps nothing that could be asked for later: what it answered
is on disk before anything else happens to it. It is sent once. One whose answer is missing is not sent again, since
OpenAI knows no key that would tell it a take it has had before; one that was refused because there were too many is,
after as long as it asks for.

Inside this module `import openai` is OpenAI's library. It reads `OPENAI_BASE_URL`, so whatever speaks the same API can
stand there. What a model takes beside prompt, pictures and size are its profile's options, sent under their own names.
"""

import base64
import binascii
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import util
from typing import TYPE_CHECKING

from samecast.core.errors import (
    InvalidInput,
    MissingPart,
    RenderFailed,
    SamecastError,
    StorageFailed,
    SubmissionUnsure,
)
from samecast.models.hosted.fetching import fetch
from samecast.models.hosted.pictures import png, shown
from samecast.models.hosted.spool import Spool
from samecast.models.hosted.waiting import never_sent, pause
from samecast.models.hosted.words import by_status, line, lost, no_network, refused
from samecast.ports import HostedEngine, ModelProfile, Render, Rendered
from samecast.ports.plugins import Parts

if TYPE_CHECKING:
    import openai

PROVIDER, KEY = "OpenAI", "OPENAI_API_KEY"

SECONDS = 600.0
"""How long a picture may take: it is made while the call is waited for."""
PATIENCE_SECONDS = 60.0
"""How long a submission waits, in all, where there were too many of them."""
FIRST_WAIT_SECONDS = 10.0
"""How long where OpenAI does not say, doubled each time."""

_GATEWAYS = frozenset({408, 502, 504, 520, 521, 522, 523, 524})
"""What something in between may answer, whatever became of the call behind it."""
_FORBIDDEN = frozenset(
    {"moderation_blocked", "content_policy_violation", "content_filter", "image_content_policy_violation"}
)
_SPENT = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "organization_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "project_spend_limit_exceeded",
    }
)
_SAFETY = re.compile(r"(?i)safety system|content polic|usage polic")


def build(profile: ModelProfile, parts: Parts) -> HostedEngine:
    """Raises `InvalidInput` for a setup that is wrong."""
    model, given = profile.setup.get("model"), profile.setup.get("edit_only", [])
    edit_only = {str(name) for name in given} if isinstance(given, list) else {""}
    named = edit_only <= {option.name for option in profile.options}
    if set(profile.setup) - {"model", "edit_only"} or not isinstance(model, str) or not model or not named:
        raise InvalidInput(
            f"The setup of the model '{profile.id}' is wrong: it has model (OpenAI's own id), edit_only (options that "
            "only go with pictures), and no other key.",
            hint="Mend its entry in the catalogue; see docs/models-openai.md.",
        )
    return OpenAIImages(profile=profile, parts=parts, model=model, edit_only=frozenset(edit_only))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIImages:
    """`HostedEngine` over `images.edit`, and `images.generate` where there is nothing to show.

    A ticket is the key that the answer is kept under. `edit_only`: options that are sent with pictures only.
    """

    profile: ModelProfile
    parts: Parts
    model: str
    edit_only: frozenset[str] = frozenset()
    sleep: Callable[[float], None] = field(default=time.sleep)

    @property
    def version(self) -> str:
        return f"1-{self.model}"

    def check(self) -> None:
        if util.find_spec("openai") is None:
            raise MissingPart("openai is not installed.", hint="pip install 'samecast[openai]'")
        self.parts.keys.get(KEY)

    def submit(self, order: Render, key: str) -> str:
        """Have the picture made, which takes as long as it takes; nothing can stop it meanwhile."""
        self.check()
        content = self._answer(order)
        try:
            self._spool.keep(key, content)
        except StorageFailed as error:
            raise SubmissionUnsure(
                f"{PROVIDER} made this take, and it was lost here: {error.message}",
                hint="Make room, then have it made again: samecast shots retry SHOT",
            ) from error
        return key

    def find(self, key: str) -> str | None:
        return key if self._spool.get(key) is not None else None

    def collect(self, ticket: str) -> Rendered | None:
        content = self._spool.get(ticket)
        if content is None:
            raise lost(PROVIDER)
        return Rendered(file=picture_in(content))

    def cancel(self, ticket: str) -> None:
        self._spool.drop(ticket)

    @property
    def _spool(self) -> Spool:
        return Spool(self.parts.home / "spool" / "openai")

    def _answer(self, order: Render) -> bytes:
        """What OpenAI answered, as it came."""
        import openai

        pictures = [(f"image-{n}.png", png(picture), "image/png") for n, picture in enumerate(shown(order), start=1)]
        waited, wait = 0.0, FIRST_WAIT_SECONDS
        while True:
            with self._client() as client:
                try:
                    return self._send(client, order, pictures)
                except openai.APIError as error:
                    failed, wanted = self._read(error)
            wanted = wait if wanted is None else wanted
            if failed is not None:
                raise failed
            if waited + wanted > PATIENCE_SECONDS:
                raise by_status(PROVIDER, 429, f"it asks to be left alone for {wanted:g} s", key=KEY)
            pause(order, wanted, self.sleep)
            waited, wait = waited + wanted, wait * 2

    def _client(self) -> "openai.OpenAI":
        """One attempt, on a connection of its own: one that was closed meanwhile would leave open what arrived."""
        import httpx2
        import openai

        return openai.OpenAI(
            api_key=self.parts.keys.get(KEY),
            max_retries=0,
            timeout=httpx2.Timeout(SECONDS, connect=15.0),
            http_client=openai.DefaultHttpxClient(limits=httpx2.Limits(max_keepalive_connections=0)),
        )

    def _send(self, client: "openai.OpenAI", order: Render, pictures: list[tuple[str, bytes, str]]) -> bytes:
        recipe = order.recipe
        size = f"{recipe.width}x{recipe.height}"
        given = self._options(order)
        images = client.images.with_raw_response
        if not pictures:
            made = images.generate(model=self.model, prompt=recipe.said, size=size, n=1, extra_body=given)
            return made.content
        image = pictures if len(pictures) > 1 else pictures[0]
        made = images.edit(model=self.model, prompt=recipe.said, size=size, n=1, image=image, extra_body=given)
        return made.content

    def _options(self, order: Render) -> dict[str, object]:
        """The recipe's options as JSON has them."""
        kinds = {option.name: option.kind for option in self.profile.options}
        given: dict[str, object] = {}
        for name, text in order.recipe.options:
            if name in self.edit_only and not order.recipe.pictures:
                continue
            match kinds.get(name):
                case "whole":
                    given[name] = int(text)
                case "number":
                    given[name] = float(text)
                case "flag":
                    given[name] = text == "true"
                case _:
                    given[name] = text
        return given

    # --- what went wrong --------------------------------------------------------------------------------------------

    def _read(self, error: "openai.APIError") -> tuple[SamecastError | None, float | None]:
        """The error that it means, or None where waiting helps; and how long OpenAI asks to be left alone."""
        import openai

        if isinstance(error, openai.APIStatusError):
            told = error.body if isinstance(error.body, Mapping) else {}
            words = self._clean(str(told.get("message") or error.body or ""))
            names = {str(told.get(name)) for name in ("code", "type") if told.get(name)}
            if error.status_code == 429 and not names & _SPENT:
                return None, _asked_wait(error.response.headers)
            if error.status_code in _GATEWAYS and "message" not in told:
                return _unsure(f"status {error.status_code}"), None
            return meaning(error.status_code, names, words), None
        return _cut(error), None

    def _clean(self, text: str) -> str:
        return text.replace(self.parts.keys.get(KEY), "[...]")


def meaning(status: int, names: set[str], words: str) -> SamecastError:
    """The error that an answer means. `names`: its code and its type."""
    if names & _FORBIDDEN or (status == 400 and _SAFETY.search(words)):
        return refused(PROVIDER, words)
    if names & _SPENT:
        return by_status(PROVIDER, 402, words, key=KEY)
    if status == 401:  # its words repeat parts of the key
        return by_status(PROVIDER, 401, "", key=KEY)
    if "model_not_found" in names or status == 404:
        return InvalidInput(
            f"{PROVIDER} does not have this: {line(words)}.",
            hint="The model may have been retired, or is not open to this account: samecast models list",
        )
    return by_status(PROVIDER, status, words, key=KEY)


def picture_in(content: bytes) -> bytes:
    """The picture in an answer. Raises `RenderFailed` for an answer without one."""
    try:
        answer = json.loads(content)
        first = answer["data"][0]
        if first.get("b64_json"):
            return base64.b64decode(first["b64_json"], validate=True)
        url = str(first["url"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, binascii.Error) as error:
        raise RenderFailed(f"{PROVIDER} sent no picture.", hint="Try the take again.") from error
    import httpx2

    with httpx2.Client() as web:
        return fetch(web, url, provider=PROVIDER, near=os.environ.get("OPENAI_BASE_URL", ""))


def _cut(error: "openai.APIError") -> SamecastError:
    """A connection that failed: before anything was sent on it, or at any time after."""
    import httpx2

    cause = error.__cause__
    if never_sent(cause):
        return no_network(PROVIDER, str(cause) or error)
    return _unsure("no answer in time" if isinstance(cause, httpx2.TimeoutException) else "the connection was cut")


def _unsure(words: str) -> SubmissionUnsure:
    return SubmissionUnsure(
        f"{PROVIDER} may or may not have made this take: {words}.",
        hint="Look at its usage page first; then have it made with `samecast shots retry SHOT`.",
    )


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    for name, parts in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers.get(name, "")) / parts)
        except ValueError:
            continue
    return None
