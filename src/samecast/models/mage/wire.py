"""Mage's API as requests and answers: its key, its errors, and what may be asked twice. Knows no take."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from samecast.core.errors import KeyRefused, NotFound, RenderFailed, SamecastError, Unreachable
from samecast.models.hosted.plain import TRIES, Answer, Cut, Tree, base_of, branch, exchange, number, text
from samecast.models.hosted.words import by_status, line, lost, no_network, refused
from samecast.ports.plugins import Keys

PROVIDER = "Mage"
KEY = "MAGE_API_KEY"
BASE, BASE_VARIABLE = "https://api.mage.space", "MAGE_BASE_URL"
MOST_BODY = 4_400_000
"""Bytes of a request. Mage takes 4.5 MB; larger pictures are uploaded first."""
_LATER = frozenset({408, 429, 500, 502, 503, 504})
AGAIN = "Have it made again: samecast shots retry SHOT"


@dataclass(frozen=True, slots=True)
class Wire:
    keys: Keys
    sleep: Callable[[float], None]

    @property
    def base(self) -> str:
        """Raises `InvalidInput` where the environment names an address that no key may go to."""
        return base_of(BASE_VARIABLE, BASE)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Tree | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once. Raises `Cut`, `MissingKey`."""
        key = self.keys.get(KEY)
        kind = {"Content-Type": "application/json"} if body is not None else {}
        return exchange(
            method,
            self.base + path,
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json", **kind, **(headers or {})},
            secret=key,
            body=packed(body) if body is not None else b"",
            params=params,
        )

    def safely(
        self, method: str, path: str, *, body: Tree | None = None, params: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask what may be asked twice (reading, deleting, cancelling, uploading), as often as `TRIES`.

        The last answer, whatever it says. Raises `Unreachable` where there is none.
        """
        for tried in range(TRIES):
            try:
                answer = self.send(method, path, body=body, params=params)
            except Cut as cut:
                if tried == TRIES - 1:
                    raise no_network(PROVIDER, cut) from cut
            else:
                if answer.status not in _LATER or tried == TRIES - 1:
                    return answer
            self.sleep(0.5 * 2.0**tried)
        raise AssertionError("unreachable")


def packed(body: Tree) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


# --- what an answer means -----------------------------------------------------------------------------------------


def code(answer: Answer) -> str:
    """Mage's own code of an error; "" where the answer is not Mage's."""
    return text(branch(answer.tree, "error"), "code")


def recorded(answer: Answer) -> bool:
    """Whether Mage has put the refusal down under the request's key: asked again with it, it says the same again."""
    return bool(text(branch(answer.tree, "error"), "request_id"))


def said(answer: Answer) -> str:
    """Mage's words as one line."""
    return line(text(branch(answer.tree, "error"), "message") or answer.text) or f"status {answer.status}"


def meant(answer: Answer) -> SamecastError:
    """The one error that an answer means; an unknown code by its HTTP status."""
    error = branch(answer.tree, "error")
    words = said(answer)
    match text(error, "code"):
        case "unauthorized":
            return by_status(PROVIDER, 401, words, key=KEY)
        case "forbidden":
            return KeyRefused(
                f"{PROVIDER} does not let this account do that: {words}.",
                hint=f"See there what the account may do, or use another: samecast models key {KEY}",
            )
        case "insufficient_gems":
            costs = number(error, "gems_required")
            return KeyRefused(
                f"The Mage account has too few gems{f': this take costs {costs:g}' if costs is not None else ''}.",
                hint="Add gems there, then: samecast shots retry SHOT",
            )
        case "content_blocked":
            return refused(PROVIDER, words)
        case "architecture_not_found" | "architecture_retired":
            return NotFound(
                f"{PROVIDER} does not offer this model any more: {words}.",
                hint="See what it offers today: samecast models refresh mage",
            )
        case "request_not_found":
            return lost(PROVIDER)
        case "too_many_requests":
            return Unreachable(
                f"{PROVIDER} makes as many takes as it does at once: {words}.",
                hint="Wait for some to finish, then try again: samecast shots retry SHOT",
            )
        case "generation_failed":
            return RenderFailed(f"{PROVIDER} could not make this take: {words}.", hint=AGAIN, charged=False)
        case "internal_error":
            return by_status(PROVIDER, 500, words, key=KEY)
        case "invalid_request" | "invalid_config" | "character_not_found" | "reference_not_found" | "handle_taken":
            return by_status(PROVIDER, 400, words, key=KEY)
        case _:
            return by_status(PROVIDER, answer.status, words, key=KEY)
