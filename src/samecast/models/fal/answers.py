"""What fal says when it does not do as asked: of a request (`refusal`), and of a take that ended badly (`ending`).

Its errors come in two forms: a sentence with an `error_type` (the platform's), or a list of what is wrong with which
field (the model's).
"""

import re
from dataclasses import dataclass

from samecast.core.errors import InvalidInput, RenderFailed, SamecastError
from samecast.models.hosted.asking import Answered
from samecast.models.hosted.words import by_status, line, lost, refused

PROVIDER = "fal"
KEY = "FAL_KEY"
_POLICY = "content_policy_violation"
_NO_CREDIT = re.compile(r"(?i)balance|top.?up|credit")
_BILLED = "x-fal-billable-units"
"""How much of a model's own unit was billed, a failure's too; not every answer has it."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with the input."""

    field: str
    said: str
    kind: str

    def __str__(self) -> str:
        return f"{self.field}: {self.said}" if self.field else self.said


def refusal(answer: Answered) -> SamecastError:
    """What an answer of 400 or more to any request means."""
    said, found = _said(answer), _wrong(answer)
    if any(one.kind == _POLICY for one in found):
        return refused(PROVIDER, said, charged=_billed(answer))
    if answer.status == 403 and _NO_CREDIT.search(said):
        return by_status(PROVIDER, 402, said, key=KEY)
    if found and answer.status < 500:
        return InvalidInput(
            f"{PROVIDER} does not take this: {line(said)}.",
            hint="Is the model's entry right (setup)? docs/models-fal.md explains it.",
        )
    return by_status(PROVIDER, answer.status, said, key=KEY)


def standing(answer: Answered) -> SamecastError:
    """What it means where a job was asked about."""
    return lost(PROVIDER) if answer.status in (404, 410) else refusal(answer)


def ending(answer: Answered) -> SamecastError:
    """What it means where a finished take's result was asked for."""
    said, found = _said(answer), _wrong(answer)
    kind = str(answer.tree.get("error_type") or answer.headers.get("x-fal-error-type") or "")
    if answer.status in (404, 410) and not found:
        return lost(PROVIDER)
    if kind == _POLICY:
        return refused(PROVIDER, said, charged=_billed(answer))
    structured = bool(found or kind)
    if answer.status in (401, 402, 403, 429) or any(one.kind == _POLICY for one in found) or not structured:
        return refusal(answer)
    # The take itself has ended. Not InvalidInput, even where the input was wrong: whether it was billed has to be told.
    return failed(said, kind, charged=_billed(answer))


def failed(said: object, kind: str = "", *, charged: bool = False) -> RenderFailed:
    """The take was not made. fal bills no server's error; of any other `charged` says what it said."""
    words = f"{kind.replace('_', ' ')}: {line(said)}" if kind else line(said)
    return RenderFailed(
        f"{PROVIDER} could not make the take: {words}.",
        hint="Mend what it names, then have it made again: samecast shots retry SHOT",
        charged=charged,
    )


def _said(answer: Answered) -> str:
    """The provider's own words, without the input that it repeats."""
    found = _wrong(answer)
    if found:
        return "; ".join(map(str, found))
    detail = answer.tree.get("detail")
    return detail if isinstance(detail, str) else (answer.text if not answer.tree else f"status {answer.status}")


def _wrong(answer: Answered) -> list[Wrong]:
    detail = answer.tree.get("detail")
    if not isinstance(detail, list):
        return []
    found = []
    for entry in detail:
        if isinstance(entry, dict) and isinstance(entry.get("msg"), str):
            place = entry.get("loc")
            steps = [str(step) for step in place if step != "body"] if isinstance(place, list) else []
            found.append(Wrong(".".join(steps), entry["msg"].rstrip("."), str(entry.get("type", ""))))
    return found


def _billed(answer: Answered) -> bool:
    try:
        return float(answer.headers.get(_BILLED, "0")) > 0
    except ValueError:
        return True
