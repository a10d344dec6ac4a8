"""Errors of a form that lies over the page, told inside it: what stands at the edge is behind it then."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from samecast.core.errors import SamecastError
from samecast.web.frame import told
from samecast.web.kit import Tag, note


class Telling:
    """A place for what went wrong last."""

    def __init__(self) -> None:
        self._place = Tag("div", role="alert")

    def here(self, do: Callable[..., Any]) -> Callable[..., Any]:
        """A handler whose errors are told here; whatever else breaks is told at the edge."""

        @wraps(do)
        async def telling(*arguments: Any, **named: Any) -> Any:
            self._place.clear()
            try:
                done = do(*arguments, **named)
                return await done if inspect.isawaitable(done) else done
            except SamecastError as error:
                self.say(error)

        return told(telling)

    def say(self, error: SamecastError) -> None:
        if self._place.is_deleted:
            raise error
        with self._place:
            note(str(error), "wrong", drawn="triangle-alert")
