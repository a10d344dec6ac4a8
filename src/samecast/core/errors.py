"""The one error tree. Every failure a person can act on is a `SamecastError` with one clear line and a hint.

How an error is shown (terminal, HTTP) is decided elsewhere, once per face.
"""

from typing import ClassVar


class SamecastError(Exception):
    """Something went wrong that the user can do something about.

    `message` is one line, `hint` says what to do, `code` is stable for scripts,
    `retryable` says whether the same call may succeed later unchanged.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InvalidInput(SamecastError):
    """What was given cannot be used: a prompt, a number, a name, an aspect ratio."""

    code = "invalid_input"


class BadMedia(SamecastError):
    """A file is not a picture or clip that can be read."""

    code = "bad_media"


class NotFound(SamecastError):
    """A character, shot, model or asset that does not exist here."""

    code = "not_found"


class HandleTaken(SamecastError):
    """The handle belongs to another character, now or formerly."""

    code = "handle_taken"


class StorageFailed(SamecastError):
    """The library or an output folder cannot be read or written."""

    code = "storage_failed"
    retryable = True


class RenderFailed(SamecastError):
    """An engine could not make a take."""

    code = "render_failed"


class SubmissionUnsure(RenderFailed):
    """A provider may or may not have received a take: it is not submitted again unasked, since that might be paid."""

    code = "submission_unsure"


class BudgetReached(SamecastError):
    """More takes would cost more than was allowed."""

    code = "budget_reached"


class MissingPart(SamecastError):
    """An optional package or system library is not installed."""

    code = "missing_part"


class Stopped(SamecastError):
    """The user asked to stop; what was finished is kept."""

    code = "stopped"
