"""Speaking to one ComfyUI server over HTTP: each request as the server documents it, each answer bounded and checked.

What the server says is not trusted: no answer is larger than it may be, and no name of its becomes a path here. What
an answer means for a take is `jobs`'s and the engine's.
"""

import json
import ssl
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

from samecast.core.errors import KeyRefused, RenderFailed, SamecastError, SubmissionUnsure, Unreachable
from samecast.core.secrets import remember
from samecast.models.comfyui.mapping import TOKEN, URL_VARIABLE
from samecast.models.comfyui.wording import shown
from samecast.models.comfyui.workflow import Json
from samecast.models.hosted.words import by_status, lost

if TYPE_CHECKING:
    import httpx2

PROVIDER = "ComfyUI"
MOST_ANSWER = 64 << 20
MOST_FILE = 1 << 30
_CONNECT_SECONDS, _SECONDS = 10.0, 60.0
_HERE = ("127.0.0.1", "localhost", "::1")
_LONGEST_NAME = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file that a node has written at the server. `animated`: a moving picture, whatever its name says."""

    node: str
    name: str
    subfolder: str
    folder: str
    animated: bool = False


class Talk:
    """One server. May be used from several threads; `close` it in the end."""

    def __init__(self, url: str, token: Callable[[], str] | None = None) -> None:
        self.url = url
        self._token = token
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        """What goes with every request: the token, where one is used. Raises `MissingKey`."""
        return {"Authorization": f"Bearer {remember(self._token())}"} if self._token else {}

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    # --- requests -------------------------------------------------------------------------------------------------

    def get(self, *path: str) -> tuple[int, Json]:
        """The status and the JSON of an answer; None as JSON where it is not 200."""
        status, content = self._ask("GET", path)
        return (status, self._parsed(content)) if status == 200 else (status, None)

    def post(self, *path: str, body: Mapping[str, Json]) -> tuple[int, bytes]:
        """The status and the bytes of an answer."""
        return self._ask("POST", path, json=dict(body))

    def queue(self, body: Mapping[str, Json]) -> tuple[int, Json]:
        """`POST /prompt`: the status, and the JSON of an answer of 200 or 400.

        Raises `SubmissionUnsure` where the request may have arrived, and nobody said so.
        """
        import httpx2

        try:
            status, content = self._send("POST", ("prompt",), json=dict(body))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise self._away(error) from error
        except httpx2.HTTPError as error:
            raise _unsure(shown(error) or type(error).__name__) from error
        if status in (502, 504):
            raise _unsure(f"what stands before it answered {status}")
        if status not in (200, 400):
            raise self.refused(status, content)
        try:
            return status, self._parsed(content)
        except Unreachable as error:
            raise _unsure("its answer cannot be read") from error

    def upload(self, name: str, content: bytes) -> str:
        """`POST /upload/image`: what the server calls the picture from then on. Equal ones are kept once."""
        status, answer = self._ask(
            "POST",
            ("upload", "image"),
            files={"image": (name, content, "image/png")},
            data={"type": "input", "overwrite": "false"},
        )
        if status != 200:
            raise self.refused(status, answer)
        match self._parsed(answer):
            case {"name": str(given), "subfolder": str(folder), "type": "input"} if _nameable(given):
                if not folder:
                    return given
                if _nameable(folder):
                    return f"{folder}/{given}"
        raise self._strange()

    def view(self, output: Output) -> bytes:
        """`GET /view`: the file's bytes. Raises `RenderFailed` where it is gone, or larger than any take."""
        asked = {"filename": output.name, "subfolder": output.subfolder, "type": output.folder}
        status, content = self._ask("GET", ("view",), params=asked, most=MOST_FILE)
        if status in (403, 404, 410):
            raise lost(PROVIDER)
        if status != 200:
            raise self.refused(status, content)
        return content

    def refused(self, status: int, content: bytes) -> SamecastError:
        """What an answer of another status than hoped for means."""
        if 300 <= status < 400 or status in (404, 405):
            return self._strange()
        if status in (401, 403) and self._token is None:
            return KeyRefused(
                f"ComfyUI at {self.url} wants a token.",
                hint=f"Say token = true in the model's entry, then: samecast models key {TOKEN}",
            )
        return by_status(PROVIDER, status, shown(content[:2000].decode(errors="replace")), key=TOKEN)

    # --- the wire -------------------------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        json: Json = None,
        params: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        data: Mapping[str, str] | None = None,
        most: int = MOST_ANSWER,
    ) -> tuple[int, bytes]:
        """Ask what may be asked again."""
        import httpx2

        try:
            return self._send(method, path, json=json, params=params, files=files, data=data, most=most)
        except httpx2.HTTPError as error:
            raise self._away(error) from error

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        json: Json = None,
        params: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        data: Mapping[str, str] | None = None,
        most: int = MOST_ANSWER,
    ) -> tuple[int, bytes]:
        url = "/".join([self.url, *(quote(part, safe="") for part in path)])
        client = self._open()
        request = client.build_request(
            method, url, json=json, params=params, files=files, data=data, headers=self.headers()
        )
        answer = client.send(request, stream=True)
        try:
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > most:
                    raise RenderFailed(
                        f"ComfyUI answers with more than {most >> 20} MB.", hint="Ask for a shorter or smaller take."
                    )
        finally:
            answer.close()
        return answer.status_code, bytes(content)

    def _open(self) -> "httpx2.Client":
        import httpx2

        with self._lock:
            if self._client is None:
                plain = self.url.startswith("http://")
                self._client = httpx2.Client(
                    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                    if plain
                    else True,  # trusts nobody, and loads at once
                    timeout=httpx2.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
                    headers={"Accept-Encoding": "identity"},  # what is sent is as large as what arrives
                    trust_env=not is_here(self.url),  # a proxy leads nowhere near this machine
                    follow_redirects=False,
                )
                weakref.finalize(self, self._client.close)  # engines live as long as the program, and nobody ends them
            return self._client

    def _parsed(self, content: bytes) -> Json:
        try:
            return cast(Json, json.loads(content))
        except (ValueError, RecursionError) as error:
            raise self._strange() from error

    def _strange(self) -> Unreachable:
        return Unreachable(
            f"What answers at {self.url} does not answer as ComfyUI does.",
            hint=f"Start ComfyUI there, or say where it is: {URL_VARIABLE}",
        )

    def _away(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"ComfyUI does not answer at {self.url}: {shown(error) or type(error).__name__}.",
            hint=f"Start it there, or say where it is: {URL_VARIABLE}",
        )


def is_here(url: str) -> bool:
    """Whether the server is this machine's own."""
    return urlsplit(url).hostname in _HERE


def _nameable(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable()


def _unsure(why: str) -> SubmissionUnsure:
    return SubmissionUnsure(
        f"ComfyUI may or may not have received the take: {why}.",
        hint="Look at its queue first; then have it made with `samecast shots retry SHOT`.",
    )
