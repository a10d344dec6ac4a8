"""Connections that say nothing, or say it drop by drop: how long one may take to ask, and how many somebody may hold.

The server reads a request's head for as long as it takes; here it has some seconds. Bodies are for `guard` and
`uploads` to bound.
"""

import asyncio
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
MOST_CONNECTIONS = 256
"""HTTP connections that one address may have open; a browser opens six."""


def impatient(*, each: int | None = MOST_CONNECTIONS, head_seconds: float = HEAD_SECONDS) -> type[H11Protocol]:
    """The HTTP protocol for a server. `each` None: all come through one proxy, which counts for itself."""
    open_now: Counter[str] = Counter()

    class Impatient(H11Protocol):
        _asker: str | None = None
        _head_due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            asker = self.client[0] if self.client else ""
            if each is not None and open_now[asker] >= each:
                transport.abort()
                return
            self._asker = asker
            open_now[asker] += 1
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._let_go()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._asker is not None and (self.cycle is None or self.cycle.response_complete):
                self._await_head()
            else:
                self._head_came()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            self._let_go()
            super().handle_websocket_upgrade(event)

        def _await_head(self) -> None:
            if self._head_due is None:
                self._head_due = self.loop.call_later(head_seconds, self.transport.abort)

        def _head_came(self) -> None:
            if self._head_due is not None:
                self._head_due.cancel()
                self._head_due = None

        def _let_go(self) -> None:
            self._head_came()
            if self._asker is not None:
                open_now[self._asker] -= 1
                if not open_now[self._asker]:
                    del open_now[self._asker]
                self._asker = None

    return Impatient
