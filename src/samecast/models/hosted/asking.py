"""What came of a request to a provider through its own client, and what that means for a take that may be paid for.

A submission is sent once. Where it is not known whether it arrived, that is said, and it is not sent again. The
transport that makes sure of it is `once`; what a provider's words mean is each engine's.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from samecast.core.errors import SamecastError, SubmissionUnsure, Unreachable
from samecast.models.hosted.waiting import pause
from samecast.models.hosted.words import line, no_network
from samecast.ports import Render

T = TypeVar("T")

PATIENCE_SECONDS = 60
"""How long a submission waits in all for a provider that asks to be left alone for a while."""
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0
_RESETS = re.compile(r"resets in ~?(\d+)\s*s")
_REFUSED_AT_THE_DOOR = (503, 529)
"""Of the 5xx those that are said before anything is taken."""


class Answered(Exception):
    """The provider answered with a status of 400 or more."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        super().__init__(f"status {status}")
        self.status, self.headers, self.text = status, headers, text

    @property
    def tree(self) -> dict[str, object]:
        """The body where it is a JSON object; else an empty one."""
        try:
            tree = json.loads(self.text)
        except ValueError:
            return {}
        return tree if isinstance(tree, dict) else {}

    @property
    def pause(self) -> float | None:
        """Seconds to wait before asking again, where the provider says so: in `Retry-After`, or in words."""
        given = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d+(\.\d+)?", given):
            return float(given)
        told = _RESETS.search(self.text)
        return float(told[1]) if told else None


class Unanswered(Exception):
    """No answer came. `sent`: whether the request may have arrived all the same."""

    def __init__(self, error: object, *, sent: bool) -> None:
        super().__init__(line(error) or type(error).__name__)
        self.sent = sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Requests to one provider. `refusal`: what an answer of 400 or more means."""

    provider: str
    refusal: Callable[[Answered], SamecastError]
    jobs: str
    """Where a user sees what the provider has taken."""
    sleep: Callable[[float], None]

    def ask(self, send: Callable[[], T]) -> T:
        """What `send` returns; it makes nothing that is paid for. Raises `Unreachable`, or what `refusal` says."""
        try:
            return send()
        except Unanswered as error:
            raise no_network(self.provider, error) from error
        except Answered as answer:
            raise self.refusal(answer) from answer
        except (ValueError, KeyError, TypeError) as error:
            raise Unreachable(
                f"{self.provider}'s answer cannot be read: {line(error)}.",
                hint="Try again; if it stays so, update the provider's package.",
            ) from error

    def submit(self, send: Callable[[], T], order: Render) -> T:
        """What `send` returns, once a take is taken by it: sent again only where the provider said that it was not.

        Raises `SubmissionUnsure` where nobody knows; any other error means that the take was not taken.
        """
        try:
            return self._patiently(send, order)
        except Unanswered as error:
            if not error.sent:
                raise no_network(self.provider, error) from error
            raise self._unsure(error) from error
        except Answered as answer:
            if answer.status >= 500 and answer.status not in _REFUSED_AT_THE_DOOR:
                raise self._unsure(answer) from answer
            raise self.refusal(answer) from answer
        except (ValueError, KeyError, TypeError) as error:  # it was taken, and what names it cannot be read
            raise self._unsure(error) from error

    def prepare(self, send: Callable[[], T], order: Render) -> T:
        """`ask`, with the patience of a submission: what has to be there before one."""
        return self.ask(lambda: self._patiently(send, order))

    def _patiently(self, send: Callable[[], T], order: Render) -> T:
        """Send; where that is too soon (429) wait as long as it says, reporting each second, and send again."""
        waited, usual = 0, _FIRST_PAUSE
        while True:
            try:
                return send()
            except Answered as answer:
                seconds = max(1, math.ceil(usual if answer.pause is None else answer.pause))
                if answer.status != 429 or waited + seconds > PATIENCE_SECONDS:
                    raise
            pause(order, seconds, self.sleep)
            waited, usual = waited + seconds, min(2 * usual, _LONGEST_PAUSE)

    def _unsure(self, error: Exception) -> SubmissionUnsure:
        return SubmissionUnsure(
            f"{self.provider} may or may not have taken the take: {line(error)}.",
            hint=f"Look at {self.jobs} first; then have it made with: samecast shots retry SHOT",
        )
