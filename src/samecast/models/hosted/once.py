"""A transport under a vendor's client that sends every request once, and takes no longer than it may.

Such clients send again by themselves what failed or was not answered, a submission too, which may be paid for twice; or
they sleep for minutes where nobody can stop them. What ends a request here is not an error that they know, so it comes
through them untouched: `asking` says what it means.
"""

import httpx

from samecast.models.hosted.asking import Answered, Unanswered

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Once(httpx.BaseTransport):
    """`inner`, with its answers read whole. `seconds`: the longest pause of a request whose client sets no limit."""

    def __init__(self, inner: httpx.BaseTransport, *, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `Answered` for a status of 400 or more, `Unanswered` where no whole answer came."""
        limits = httpx.Timeout(self._seconds).as_dict()
        given = request.extensions.get("timeout", {})
        for what, limit in given.items():
            limits[what] = self._seconds if limit is None else min(limit, self._seconds)
        request.extensions = {**request.extensions, "timeout": limits}
        try:
            answer = self._inner.handle_request(request)
            try:
                answer.read()
            finally:
                answer.close()
        except _NEVER_SENT as error:
            raise Unanswered(error, sent=False) from error
        except httpx.RequestError as error:
            raise Unanswered(error, sent=True) from error
        if answer.status_code >= 400:
            raise Answered(answer.status_code, dict(answer.headers), answer.text)
        kept = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in _OF_THE_WIRE]
        return httpx.Response(answer.status_code, headers=kept, content=answer.content)

    def close(self) -> None:
        self._inner.close()


_OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")
"""Headers that say how a body was sent, which is over once it was read."""
