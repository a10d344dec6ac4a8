"""fal's queue: a take is submitted to an app, asked for by the app's id and the request's, and fetched.

Which app, and what its fields are called, is the entry's (`fields`). fal knows no job by a key of ours: where it is not
known whether a submission arrived, it is not sent again (`asking`).
"""

import re
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from importlib import util
from typing import TYPE_CHECKING

from samecast.core.errors import MissingPart
from samecast.models.fal.answers import KEY, PROVIDER, ending, failed, refusal, standing
from samecast.models.hosted.asking import Answered, Asking
from samecast.models.hosted.fields import fill, find_delivered, read_fields, wrong
from samecast.models.hosted.files import addresses, fetched
from samecast.models.hosted.words import lost
from samecast.ports import ModelProfile, Render, Rendered
from samecast.ports.plugins import Keys

if TYPE_CHECKING:
    from fal_client import InProgress, Status

    from samecast.models.fal.client import Client

INLINE_BYTES = 4 << 20
"""Pictures go into the request itself while it stays below this, else they are uploaded first."""
_APP = re.compile(r"[\w.-]+(/[\w.-]+)+")
_REQUEST = re.compile(r"[A-Za-z0-9_-]{1,128}")
_BAR = re.compile(r"\d+%\|.*?\| *(\d+)/(\d+)")
_OUTPUT = {"image": ("images.0.url", "image.url"), "video": ("video.url",)}


class Fal:
    """`HostedEngine` and `Tells`. A ticket is `<app>#<request id>`. `sleep` and `seconds` are for tests."""

    def __init__(
        self,
        profile: ModelProfile,
        keys: Keys,
        *,
        sleep: Callable[[float], None] = time.sleep,
        seconds: float = 120.0,
    ) -> None:
        """Raises `InvalidInput` for an entry whose `setup` is wrong."""
        app = profile.setup.get("app")
        if not isinstance(app, str) or not _APP.fullmatch(app):
            raise wrong(profile, 'setup.app must be an app\'s id, such as "fal-ai/flux-2-pro/edit"')
        output = [path for kind in profile.kinds for path in _OUTPUT[kind]]
        self._profile, self._keys, self._app, self._seconds = profile, keys, app, seconds
        self._fields = read_fields(profile, own=("app",), output=output)
        self._asking = Asking(provider=PROVIDER, refusal=refusal, jobs="https://fal.ai/dashboard/requests", sleep=sleep)
        self._held: tuple[str, Client] | None = None
        self._first_places: dict[str, int] = {}
        self._told: dict[str, tuple[str, int, int]] = {}

    @property
    def version(self) -> str:
        return f"{self._app}@1"

    def check(self) -> None:
        if util.find_spec("fal_client") is None or util.find_spec("httpx2") is None:
            raise MissingPart(
                f"{self._profile.id} needs fal's client, which is not installed.", hint="pip install 'samecast[fal]'"
            )
        self._keys.get(KEY)

    def submit(self, order: Render, key: str) -> str:
        client = self._client()
        urls = addresses(
            order,
            inline=INLINE_BYTES,
            longest=self._fields.longest,
            upload=lambda content: self._asking.prepare(lambda: _uploaded(client, content), order),
        )
        arguments = fill(self._fields, self._profile, order.recipe, urls.__getitem__)
        handle = self._asking.submit(lambda: client.submit(self._app, arguments), order)
        return f"{self._app}#{handle.request_id}"

    def find(self, key: str) -> str | None:
        """Never one: fal knows no job by a key of ours."""
        return None

    def collect(self, ticket: str) -> Rendered | None:
        import fal_client

        app, request = _parted(ticket)
        handle = self._client().get_handle(app, request)
        status: Status = replace(self._asking, refusal=standing).ask(lambda: handle.status(with_logs=True))
        if not isinstance(status, fal_client.Completed):
            self._note(ticket, status)
            return None
        self._told.pop(ticket, None)
        self._first_places.pop(ticket, None)
        answer = replace(self._asking, refusal=ending).ask(handle.get)
        if status.error:
            raise failed(status.error, status.error_type or "")
        found = find_delivered(answer, self._fields.output, PROVIDER)
        from samecast.models.fal.client import asked_at

        return fetched(found, PROVIDER, near=asked_at())

    def progress(self, ticket: str) -> tuple[str, int, int] | None:
        return self._told.get(ticket)

    def cancel(self, ticket: str) -> None:
        app, request = _parted(ticket)
        client = self._client()

        def send() -> None:
            try:
                client.cancel(app, request)
            except Answered as answer:
                if answer.status not in (400, 404, 409, 410, 422):  # done, cancelled before, or never there
                    raise

        self._asking.ask(send)

    def _note(self, ticket: str, status: "Status") -> None:
        """Keep how far a job is: its place in the queue, or its last progress bar."""
        import fal_client

        if isinstance(status, fal_client.Queued):
            first = self._first_places.setdefault(ticket, max(1, status.position))
            self._told[ticket] = ("queue", max(0, first - status.position), first)
        elif isinstance(status, fal_client.InProgress):
            self._told[ticket] = ("render", *_bar(status))

    def _client(self) -> "Client":
        from samecast.models.fal.client import Client

        key = self._keys.get(KEY)
        if self._held is None or self._held[0] != key:
            client = Client(key=key, default_timeout=self._seconds)
            weakref.finalize(self, client.close)
            self._held = (key, client)
        return self._held[1]


def _uploaded(client: "Client", content: bytes) -> str:
    """The address of a picture on fal's own storage, which forgets it after a day. Never on its older storage, to which
    the client would send the key as well.
    """
    from fal_client import StorageSettings

    return client.upload(
        content,
        "image/png",
        "reference.png",
        repository="fal_v3",
        fallback_repository="fal_v3",
        lifecycle=StorageSettings(expires_in="1d"),
    )


def _bar(status: "InProgress") -> tuple[int, int]:
    """How much is done and how much there is, by the last line of the log that shows it."""
    for entry in reversed(status.logs or []):
        found = _BAR.search(str(entry.get("message", "")))
        if found and 0 < int(found[2]) >= int(found[1]):
            return int(found[1]), int(found[2])
    return 0, 1


def _parted(ticket: str) -> tuple[str, str]:
    app, _, request = ticket.rpartition("#")
    if not _APP.fullmatch(app) or not _REQUEST.fullmatch(request):
        raise lost(PROVIDER)
    return app, request
