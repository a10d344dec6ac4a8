"""What Replicate says when it does not do as asked: of a request (`refusal`), and of a prediction that failed."""

import re

from samecast.core.errors import InvalidInput, RenderFailed, SamecastError
from samecast.models.hosted.asking import Answered
from samecast.models.hosted.words import by_status, line, lost, refused

PROVIDER = "Replicate"
KEY = "REPLICATE_API_TOKEN"
_NO_CREDIT = re.compile(r"(?i)insufficient credit|out of credit|billing required")
_POLICY = re.compile(
    r"(?i)\bE005\b|\bnsfw\b|flagged as|content (?:policy|moderation)|\bmoderation\b|safety (?:filter|checker|system)"
)


def refusal(answer: Answered) -> SamecastError:
    """What an answer of 400 or more to any request means."""
    said = _said(answer)
    if _NO_CREDIT.search(said):
        return by_status(PROVIDER, 402, said, key=KEY)
    if answer.status == 422:
        return InvalidInput(
            f"{PROVIDER} does not take this: {line(said)}.",
            hint="Is the model's entry right (setup)? docs/models-replicate.md explains it.",
        )
    return by_status(PROVIDER, answer.status, said, key=KEY)


def standing(answer: Answered) -> SamecastError:
    """What it means where a prediction was asked about."""
    return lost(PROVIDER) if answer.status in (404, 410) else refusal(answer)


def not_there(answer: Answered, model: str, version: str) -> SamecastError:
    """What it means where a prediction was to be made of a model; `version`: its newest, "" if not known."""
    if answer.status != 404:
        return refusal(answer)
    pinned = f': version = "{version}"' if version else ""
    return InvalidInput(
        f"{PROVIDER} cannot run {model} by its name: {line(_said(answer))}.",
        hint=f"Correct model in setup; one that is not official runs only by a version there{pinned}.",
    )


def failed(said: str | None) -> RenderFailed:
    """A prediction that failed. Replicate bills the time that it ran, so it may be charged; a refusal is not."""
    words = said or "no reason was given"
    if _POLICY.search(words):
        return refused(PROVIDER, words)
    return RenderFailed(
        f"{PROVIDER} could not make the take: {line(words)}.",
        hint="Mend what it names, then have it made again: samecast shots retry SHOT",
    )


def ended(status: str) -> RenderFailed:
    """A prediction that was `canceled` while it ran, or `aborted` before, which is not billed."""
    return RenderFailed(
        f"The take was {status} on {PROVIDER}.",
        hint="Have it made again: samecast shots retry SHOT",
        charged=status != "aborted",
    )


def _said(answer: Answered) -> str:
    """The title and the details, and which fields are wrong."""
    tree = answer.tree
    if not tree:
        return answer.text
    words = [str(tree[key]).strip().rstrip(".") for key in ("title", "detail") if tree.get(key)]
    fields = tree.get("invalid_fields")
    for entry in fields if isinstance(fields, list) else ():
        if isinstance(entry, dict) and entry.get("field"):
            told = f"{entry['field']}: {entry.get('description', 'it is wrong')}".rstrip(".")
            words.append(told.removeprefix("input."))
    return ". ".join(words)
