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
    """An engine could not make a take. `charged`: whether a provider may charge for it all the same."""

    code = "render_failed"

    def __init__(self, message: str, *, hint: str = "", charged: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.charged = charged


class Refused(RenderFailed):
    """A provider will not make this: its rules on faces or words. Trying again would be refused again."""

    code = "refused"


class OutOfMemory(RenderFailed):
    """The model does not fit into what memory this machine has free."""

    code = "out_of_memory"


class Unreachable(SamecastError):
    """A provider, a server or the network does not answer, or asks to be left alone for a while."""

    code = "unreachable"
    retryable = True


class KeyRefused(SamecastError):
    """A provider does not accept the key, or the account behind it may not do this (no credits, no access)."""

    code = "key_refused"


class LicenceExcludes(SamecastError):
    """A model's licence does not allow the use that was declared, or was not accepted yet."""

    code = "licence_excludes"


class SubmissionUnsure(RenderFailed):
    """A provider may or may not have received a take: it is not submitted again unasked, since that might be paid."""

    code = "submission_unsure"


class BudgetReached(SamecastError):
    """More takes would cost more than was allowed."""

    code = "budget_reached"


class MissingPart(SamecastError):
    """An optional package or system library is not installed."""

    code = "missing_part"


class MissingKey(MissingPart):
    """A provider's key is in neither the environment nor the keyring."""

    code = "missing_key"


class Stopped(SamecastError):
    """The user asked to stop; what was finished is kept."""

    code = "stopped"
