"""What a provider said, as the one error it means: by its HTTP status, where its own code says nothing more exact.

What a provider writes is shown as one clean line without what looks like a key.
"""

import re

from samecast.core.errors import InvalidInput, KeyRefused, Refused, RenderFailed, SamecastError, Unreachable
from samecast.core.secrets import remembered

_LONGEST = 240
_KEYS = re.compile(r"(?i)\b(?:sk|r8|key|bearer|token)[-_ ](?=[\w-]*\d)[\w-]{8,}|\b[A-Za-z0-9_-]{32,}\b")

REFUSED_HINT = (
    "Say it in other words; where a real person's face was refused, use a drawn or generated reference, or a model "
    "that accepts photographs: samecast models list."
)


def line(text: object) -> str:
    """A provider's words as one line of at most 240 readable characters, without anything that looks like a key."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    for secret in remembered():
        words = words.replace(secret, "[...]")
    words = _KEYS.sub("[...]", words).rstrip(".")
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def refused(provider: str, said: object = "", *, charged: bool = False) -> Refused:
    """The provider's rules forbid it."""
    words = f": {line(said)}" if said else ""
    return Refused(f"{provider} will not make this{words}.", hint=REFUSED_HINT, charged=charged)


def by_status(provider: str, status: int, said: object, *, key: str) -> SamecastError:
    """What an answer of this HTTP status means. `key`: the variable that holds the provider's key."""
    words = line(said) or f"status {status}"
    match status:
        case 401 | 403:
            return KeyRefused(
                f"{provider} does not accept {key}: {words}.", hint=f"Check it, then: samecast models key {key}"
            )
        case 402:
            return KeyRefused(f"{provider} has no credit left: {words}.", hint="Top the account up, then try again.")
        case 408 | 425 | 429 | 500 | 502 | 503 | 504 | 529:
            return Unreachable(f"{provider} is busy or down: {words}.", hint="Try again in a while.")
        case 400 | 404 | 409 | 413 | 415 | 422:
            return InvalidInput(f"{provider} does not take this: {words}.", hint="See samecast models show for limits.")
        case _:
            return RenderFailed(f"{provider} failed: {words}.", hint="Try the take again.", charged=False)


def no_network(provider: str, error: object) -> Unreachable:
    return Unreachable(f"{provider} cannot be reached: {line(error)}.", hint="Check the network, then try again.")


def lost(provider: str) -> RenderFailed:
    """A job that the provider does not know any more, or whose result has expired there."""
    return RenderFailed(
        f"{provider} no longer has this take.", hint="Have it made again: samecast shots retry SHOT", charged=True
    )
