"""fal's own client, on a transport that sends every request once.

It offers no place to put a transport, and sends a submission up to ten times where the connection is cut: so its two
HTTP clients are made here. Its second domain stays: that is used only where the first could not be connected to.
"""

from functools import cached_property

import fal_client
import httpx
from fal_client.client import USER_AGENT, BackupDomainTransport

from samecast.models.hosted.asking import Answered, Unanswered
from samecast.models.hosted.once import Once


class Client(fal_client.SyncClient):
    """`SyncClient(key=...)`; the key goes into its headers and nowhere else."""

    @cached_property
    def _transport(self) -> Once:
        return Once(BackupDomainTransport(), seconds=self.default_timeout)

    @cached_property
    def _client(self) -> httpx.Client:
        return self._sending_once(self._auth.header_value)

    def _get_cdn_client(self) -> httpx.Client:
        try:
            token = self._token_manager.get_token()  # by a client of its own, which does not try again
        except httpx.HTTPStatusError as error:
            answer = error.response
            raise Answered(answer.status_code, dict(answer.headers), answer.text) from error
        except httpx.RequestError as error:
            raise Unanswered(error, sent=False) from error
        return self._sending_once(f"{token.token_type} {token.token}")

    def _sending_once(self, authorization: str) -> httpx.Client:
        return httpx.Client(
            transport=self._transport,
            headers={"Authorization": authorization, "User-Agent": USER_AGENT},
            timeout=self.default_timeout,
            follow_redirects=True,
        )

    def close(self) -> None:
        """Close what connections are open."""
        if "_transport" in self.__dict__:
            self._transport.close()


def asked_at() -> str:
    """Where fal's queue is asked."""
    return str(fal_client.client.QUEUE_URL_FORMAT)
