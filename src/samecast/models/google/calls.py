"""Calls to Google: what costs money is sent once, and what went wrong becomes the one error it means.

Google knows no key that would tell it a take it has had before. So a call whose answer is missing is not made again;
one that Google refused because there were too many is, after as long as it asks for.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from samecast.core.errors import (
    InvalidInput,
    KeyRefused,
    SamecastError,
    StorageFailed,
    SubmissionUnsure,
    Unreachable,
)
from samecast.models.google.access import Access
from samecast.models.hosted.spool import Spool
from samecast.models.hosted.waiting import never_sent, pause
from samecast.models.hosted.words import by_status, line, no_network, refused
from samecast.ports import Render

if TYPE_CHECKING:
    from google import genai

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long a submission waits, in all, for a provider that has too many of them."""
FIRST_WAIT_SECONDS = 10.0
"""How long where it does not say, doubled each time."""

_GATEWAYS = frozenset({408, 502, 504, 520, 521, 522, 523, 524})
"""What something in between may answer, whatever became of the call behind it."""
_FORBIDDEN = re.compile(
    r"(?i)safety|prohibited|content polic|usage guideline|use polic|responsible ai|sensitive|blocked"
)
_SPENT = re.compile(
    r"(?i)credits? (?:are|is) depleted|limit: 0\b|billing (?:is )?(?:disabled|not enabled)|spend(?:ing)? cap"
)
_RETRY = re.compile(r"(?i)retry in ([0-9.]+) ?s")
_DAILY = re.compile(r"(?i)per ?day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came instead of an answer. `status` 0: nothing; `arrived`: whether the call may have got there all the same.

    `own`: the words are the provider's, not those of something in between. `wait`: how many seconds it asks for.
    """

    status: int = 0
    words: str = ""
    reasons: frozenset[str] = frozenset()
    own: bool = False
    arrived: bool = True
    wait: float | None = None

    @property
    def spent(self) -> bool:
        """No waiting will help: there is no credit, or no plan that has any of this."""
        return bool(_SPENT.search(self.words))

    @property
    def daily(self) -> bool:
        return any(_DAILY.search(reason) for reason in self.reasons) and self.wait is None


@dataclass(slots=True)
class Pace:
    """Leaves a provider alone between two questions about a job. Another instance asks at once."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _next: dict[str, float] = field(default_factory=dict, init=False)

    def due(self, ticket: str) -> bool:
        now = self.clock()
        if now < self._next.get(ticket, now):
            return False
        self._next[ticket] = now + self.seconds
        return True

    def forget(self, ticket: str) -> None:
        self._next.pop(ticket, None)


def submitted(
    access: Access,
    call: Callable[["genai.Client"], T],
    order: Render,
    *,
    seconds: float,
    sleep: Callable[[float], None],
) -> T:
    """Make a call that costs something. Its answer, or `SubmissionUnsure` where it may have arrived without one.

    Waits where there were too many calls, at most `PATIENCE_SECONDS` in all, reporting each second to `order.on_step`.
    """
    waited, wait = 0.0, FIRST_WAIT_SECONDS
    while True:
        client = access.client(seconds)
        try:
            return call(client)
        except failures() as error:
            said = read(error)
        wanted = said.wait if said.wait is not None else wait
        if said.status != 429 or said.spent or said.daily or waited + wanted > PATIENCE_SECONDS:
            raise _not_submitted(said, access)
        pause(order, wanted, sleep)
        waited, wait = waited + wanted, wait * 2


def asked(
    access: Access, call: Callable[["genai.Client"], T], *, seconds: float, gone: tuple[int, ...] = (404, 410)
) -> T | Said:
    """Make a call that costs nothing. What Google says instead is returned where its status means that it is `gone`."""
    client = access.client(seconds)
    try:
        return call(client)
    except failures() as error:
        said = read(error)
    if said.status in gone:
        return said
    raise meaning(said, access)


def keep(spool: Spool, key: str, content: bytes, access: Access) -> None:
    """Keep an answer that is paid for. Raises `SubmissionUnsure` where that fails: asked again, it is paid again."""
    try:
        spool.keep(key, content)
    except StorageFailed as error:
        raise SubmissionUnsure(
            f"{access.provider} made this take, and it was lost here: {error.message}",
            hint="Make room, then have it made again: samecast shots retry SHOT",
        ) from error


# --- what went wrong --------------------------------------------------------------------------------------------


def failures() -> tuple[type[Exception], ...]:
    """What a call of the SDK raises for what happened on the wire."""
    import httpx2
    from google.genai._interactions import APIError as InteractionsError
    from google.genai.errors import APIError

    return APIError, InteractionsError, httpx2.HTTPError, json.JSONDecodeError


def read(error: Exception) -> Said:
    import httpx2
    from google.genai.errors import APIError

    if isinstance(error, json.JSONDecodeError):
        return Said(status=200, words="an answer that cannot be read")
    if isinstance(error, httpx2.HTTPError):
        return _cut(error)
    if isinstance(error, APIError):
        headers = getattr(error.response, "headers", None) or {}
        return _answered(error.code, error.details, error.message or "", headers)
    response, body = getattr(error, "response", None), getattr(error, "body", None)
    if response is None and isinstance(error.__cause__, httpx2.HTTPError):
        return _cut(error.__cause__)
    status = int(getattr(error, "status_code", None) or 0)
    return _answered(status, body, str(body if isinstance(body, str) else error), getattr(response, "headers", {}))


def forbidden(words: str) -> bool:
    """Whether they speak of Google's rules, and not of its limits: it has no code for that at every endpoint."""
    return bool(_FORBIDDEN.search(words))


def meaning(said: Said, access: Access) -> SamecastError:
    """The error that an answer means, without the key that it may repeat."""
    words = access.clean(said.words)
    match said.status:
        case 0:
            return no_network(access.provider, words)
        case 400 if "API_KEY_INVALID" in said.reasons or "API key not valid" in words:
            return access.locked_out(401, "")
        case 401:
            return access.locked_out(401, "")
        case 403:
            return access.locked_out(403, words)
        case 429 if said.spent:
            return by_status(access.provider, 402, words, key="")
        case 429 if said.daily:
            return Unreachable(
                f"{access.provider} makes no more of these today: {line(words)}.",
                hint="Try again tomorrow, or raise the limit in its console.",
            )
        case 400 if "FAILED_PRECONDITION" in said.reasons:
            return KeyRefused(
                f"{access.provider} does not make this for this account: {line(words)}.",
                hint="Enable billing there, or use another account.",
            )
        case 400 | 422 if forbidden(words):
            return refused(access.provider, words)
        case 200:
            return Unreachable(f"{access.provider} sent {line(words)}.", hint="Try again in a while.")
        case 404:
            return InvalidInput(
                f"{access.provider} does not have this: {line(words)}.",
                hint="The model may have been retired, or is not open to this account: samecast models list",
            )
        case _:
            return by_status(access.provider, said.status, words, key="")


def _not_submitted(said: Said, access: Access) -> SamecastError:
    if (said.status == 0 and said.arrived) or said.status == 200 or (said.status in _GATEWAYS and not said.own):
        words = line(access.clean(said.words)) or f"status {said.status}"
        return SubmissionUnsure(
            f"{access.provider} may or may not have received this take: {words}.",
            hint="Look at its usage page first; then have it made with `samecast shots retry SHOT`.",
        )
    return meaning(said, access)


def _cut(error: Exception) -> Said:
    """A connection that failed: before anything was sent on it, or at any time after."""
    import httpx2

    kind = "no answer in time" if isinstance(error, httpx2.TimeoutException) else "the connection was cut"
    words = str(error)
    return Said(words=f"{kind} ({words})" if words else kind, arrived=not never_sent(error))


def _answered(status: int, body: object, otherwise: str, headers: Mapping[str, str]) -> Said:
    tree = body[0] if isinstance(body, list) and len(body) == 1 else body
    inner = tree.get("error", tree) if isinstance(tree, Mapping) else {}
    told = inner if isinstance(inner, Mapping) else {"message": str(inner)}
    words = str(told.get("message") or otherwise)
    details = told.get("details")
    parts = [part for part in details if isinstance(part, Mapping)] if isinstance(details, list) else []
    return Said(
        status=status,
        words=words,
        reasons=frozenset(_reasons(told, parts)),
        own="json" in headers.get("content-type", "") and "message" in told,
        wait=_asked_wait(words, parts, headers),
    )


def _reasons(told: Mapping[str, object], parts: list[Mapping[str, object]]) -> list[str]:
    """The names that Google gives to what went wrong: its status, the reasons, the quotas that ran out."""
    found = [told.get("status"), told.get("code"), *(part.get("reason") for part in parts)]
    for part in parts:
        violations = part.get("violations")
        for violation in violations if isinstance(violations, list) else []:
            found.append(violation.get("quotaId") if isinstance(violation, Mapping) else None)
    return [name for name in found if isinstance(name, str)]


def _asked_wait(words: str, parts: list[Mapping[str, object]], headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: from the header, from `RetryInfo`, or out of the sentence."""
    delays = [str(part.get("retryDelay", "")).removesuffix("s") for part in parts]
    sentence = _RETRY.search(words)
    for text in (headers.get("retry-after", ""), *delays, sentence[1] if sentence else ""):
        try:
            return max(0.0, float(text))
        except ValueError:
            continue
    return None
