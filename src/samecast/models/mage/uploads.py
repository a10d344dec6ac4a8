"""Pictures on their way to Mage: inside the request while they fit into it, else uploaded to its storage first."""

from collections.abc import Sequence
from dataclasses import dataclass

from samecast.core.errors import InvalidInput, RenderFailed
from samecast.models.hosted.fetching import check_url
from samecast.models.hosted.pictures import data_url, jpeg, png
from samecast.models.hosted.plain import TRIES, Answer, Cut, Tree, branch, exchange, number, text
from samecast.models.hosted.words import no_network
from samecast.models.mage.wire import AGAIN, MOST_BODY, PROVIDER, Wire, meant
from samecast.ports import Picture

SMALL = 1_500_000
"""Bytes of a PNG from which a picture is sent as JPEG: it looks the same, and photographs come to a tenth."""


def encoded(picture: Picture) -> bytes:
    content = png(picture)
    return content if len(content) <= SMALL else jpeg(picture)


@dataclass(frozen=True, slots=True)
class Uploads:
    wire: Wire

    def placed(self, contents: Sequence[bytes], *, beside: int) -> list[str]:
        """What to name each picture by: data URLs where all fit into a request whose other fields take `beside` bytes,
        else the addresses that they were uploaded to. Raises what `meant` gives, `RenderFailed`, `Unreachable`.
        """
        urls = [data_url(content) for content in contents]
        if beside + sum(len(url) + 3 for url in urls) <= MOST_BODY:
            return urls
        return [self._uploaded(content) for content in contents]

    def _uploaded(self, content: bytes) -> str:
        kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
        answer = self.wire.safely("POST", "/v1/uploads", body={"content_type": kind})
        if not answer.fine:
            raise meant(answer)
        target, most = text(answer.tree, "upload_url"), number(answer.tree, "max_bytes")
        for url in (target, text(answer.tree, "url")):
            check_url(url, PROVIDER, near=self.wire.base)
        if most is not None and len(content) > most:
            raise InvalidInput(
                f"A picture has {len(content):,} bytes, and {PROVIDER} takes {most:,.0f}.", hint="Use a smaller one."
            )
        self._put(target, content, branch(answer.tree, "headers"))
        return text(answer.tree, "url")

    def _put(self, url: str, content: bytes, asked: Tree) -> None:
        """With the headers that the storage asked for and no others of ours: it is not told the key."""
        headers = {name: value for name, value in asked.items() if isinstance(value, str)}
        for tried in range(TRIES):
            answer: Answer | None = None
            try:
                answer = exchange("PUT", url, headers=headers, body=content)
            except Cut as cut:
                if tried == TRIES - 1:
                    raise no_network(PROVIDER, cut) from cut
            if answer is not None and answer.fine:
                return
            if answer is not None and (answer.status < 500 or tried == TRIES - 1):
                raise RenderFailed(
                    f"{PROVIDER}'s storage did not take a picture (status {answer.status}).", hint=AGAIN, charged=False
                )
            self.wire.sleep(0.5 * 2.0**tried)
