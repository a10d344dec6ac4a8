"""Fetching a finished file from where a provider says it lies: bounded, and only from the web.

Where it lies is the provider's word, so it is not trusted with more than a download: https, no credentials sent, no
more bytes than a clip can have. Nothing is fetched from this machine, but for a provider that runs here itself.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from samecast.core.errors import RenderFailed
from samecast.models.hosted.words import by_status, line, lost, no_network

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 1 << 30
_HERE = {"127.0.0.1", "localhost", "::1"}
SECONDS = 60.0


def fetch(
    client: "httpx2.Client",
    url: str,
    *,
    provider: str,
    near: str = "",
    moved: Callable[[int, int], None] = lambda done, total: None,
    most: int = MOST_BYTES,
) -> bytes:
    """The file's bytes. `near`: where the provider itself was asked. `moved` is told how many of how many bytes have
    come, and may raise to stop.

    Raises `RenderFailed` for a file that is gone (404, 410) or too large, `Unreachable` for what may go better later.
    """
    import httpx2

    check_url(url, provider, near=near)
    try:
        with client.stream("GET", url, timeout=SECONDS, follow_redirects=False) as answer:
            if answer.status_code in (403, 404, 410):
                raise lost(provider)
            if answer.status_code != 200:
                answer.read()
                raise by_status(provider, answer.status_code, answer.text, key="the key")
            total = int(answer.headers.get("content-length") or 0)
            if total > most:
                raise _too_large(provider, most)
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > most:
                    raise _too_large(provider, most)
                moved(len(content), max(total, len(content)))
    except httpx2.HTTPError as error:
        raise no_network(provider, error) from error
    return bytes(content)


def check_url(url: str, provider: str, *, near: str = "") -> None:
    """Raises `RenderFailed` for an address that nothing is fetched from. `near`: where the provider was asked."""
    parts = urlsplit(url)
    here = parts.hostname in _HERE
    if here and urlsplit(near).hostname in _HERE and parts.scheme in ("http", "https"):
        return
    if parts.scheme == "https" and not here:
        return
    said = f"{provider} names a file at an address that nothing is fetched from: {line(url)}."
    raise RenderFailed(said, hint="Report it.")


def _too_large(provider: str, most: int) -> RenderFailed:
    return RenderFailed(f"{provider} delivers more than {most >> 20} MB.", hint="Ask for a shorter or smaller take.")
