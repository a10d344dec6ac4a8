"""Waiting for a provider so that a cancel is heard, and telling what was never sent from what may have been.

Both need nothing of a provider, nor of how it is spoken to.
"""

from collections.abc import Callable

from samecast.ports import Render


def pause(order: Render, seconds: float, sleep: Callable[[float], None]) -> None:
    """Wait, second by second, so that whoever stops the take is heard."""
    total = max(1, round(seconds))
    for second in range(total):
        order.on_step("wait", second, total)
        sleep(seconds / total)


def never_sent(error: BaseException | None) -> bool:
    """Whether an error of httpx2 says that nothing was sent: no connection, or no request that could be."""
    import httpx2

    return isinstance(
        error,
        httpx2.ConnectError
        | httpx2.ConnectTimeout
        | httpx2.PoolTimeout
        | httpx2.ProxyError
        | httpx2.UnsupportedProtocol
        | httpx2.LocalProtocolError
        | httpx2.InvalidURL,
    )
