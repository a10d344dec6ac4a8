"""What NiceGUI asks of every handler, asked once.

It asks `inspect.signature` what each of an element's own three handlers expects, for every element that is made, which
comes to a tenth of what a page costs the server. They are the same three methods each time.
"""

from collections.abc import Callable
from typing import Any


def remember_signatures() -> None:
    """Have what a method expects remembered; everything else is asked as ever."""
    from nicegui import helpers

    ask = helpers.expects_arguments
    if getattr(ask, "remembers", False):
        return
    known: dict[object, bool] = {}

    def expects_arguments(func: Callable[..., Any]) -> bool:
        method = getattr(func, "__func__", None)
        if method is None:
            return ask(func)
        if method not in known:
            known[method] = ask(func)
        return known[method]

    expects_arguments.remembers = True  # type: ignore[attr-defined]
    helpers.expects_arguments = expects_arguments
