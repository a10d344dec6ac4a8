"""Replicate's predictions: a take is submitted to a model or to one version of it, asked for by its id, and fetched.

Which model, and what its inputs are called, is the entry's; they are held against the model's own description first
(`schema`). Replicate knows no prediction by a key of ours: where it is not known whether a submission arrived, it is
not sent again.
"""

import io
import os
import re
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from importlib import util
from typing import TYPE_CHECKING

from samecast.core.errors import InvalidInput, MissingPart
from samecast.models.hosted.asking import Answered, Asking
from samecast.models.hosted.fields import fill, find_delivered, read_fields, wrong
from samecast.models.hosted.files import addresses, fetched
from samecast.models.hosted.words import lost
from samecast.models.replicate.answers import KEY, PROVIDER, ended, failed, not_there, refusal, standing
from samecast.models.replicate.schema import Schema, check, read_schema
from samecast.ports import ModelProfile, Render, Rendered
from samecast.ports.plugins import Keys

if TYPE_CHECKING:
    from replicate.client import Client
    from replicate.prediction import Prediction

INLINE_BYTES = 1 << 20
"""Replicate recommends data URLs below 1 MB; larger pictures are uploaded to it first."""
FRESH_SECONDS = 3600.0
"""How long the description of a model's newest version is believed; that of a pinned one never changes."""
_MODEL = re.compile(r"[\w.-]+/[\w.-]+")
_VERSION = re.compile(r"[0-9a-f]{64}")
_TICKET = re.compile(r"[A-Za-z0-9-]{1,128}")
_ABORTED = re.compile(r"given=aborted\b")
"""How the client refuses a prediction of this state, which it does not know."""
_SAMPLE = "https://replicate.delivery/reference.png"


class Replicate:
    """`HostedEngine` and `Tells`. A ticket is a prediction's id. `sleep`, `clock` and `seconds` are for tests."""

    def __init__(
        self,
        profile: ModelProfile,
        keys: Keys,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = 60.0,
    ) -> None:
        """Raises `InvalidInput` for an entry whose `setup` is wrong."""
        model, version = profile.setup.get("model"), profile.setup.get("version", "")
        checks = profile.setup.get("check", True)
        if not isinstance(model, str) or not _MODEL.fullmatch(model):
            raise wrong(profile, 'setup.model must be a model\'s name, such as "black-forest-labs/flux-2-pro"')
        if not isinstance(version, str) or (version and not _VERSION.fullmatch(version)):
            raise wrong(profile, "setup.version must be a version's id: 64 digits and letters from a to f")
        if not isinstance(checks, bool):
            raise wrong(profile, "setup.check must be true or false")
        self._profile, self._keys, self._clock, self._seconds = profile, keys, clock, seconds
        self._model, self._version, self._checks = model, version, checks
        self._fields = read_fields(profile, own=("model", "version", "check"), output=("", "0"))
        self._asking = Asking(provider=PROVIDER, refusal=refusal, jobs="https://replicate.com/predictions", sleep=sleep)
        self._held: tuple[str, Client] | None = None
        self._schema: tuple[float, Schema] | None = None
        self._told: dict[str, tuple[str, int, int]] = {}

    @property
    def version(self) -> str:
        return f"{self._model}:{self._version[:12] or 'latest'}@1"

    def check(self) -> None:
        if util.find_spec("replicate") is None or util.find_spec("httpx2") is None:
            raise MissingPart(
                f"{self._profile.id} needs Replicate's client, which is not installed.",
                hint="pip install 'samecast[replicate]'",
            )
        self._keys.get(KEY)

    def submit(self, order: Render, key: str) -> str:
        client = self._client()
        if self._checks:
            draft = fill(self._fields, self._profile, order.recipe, lambda sha256: _SAMPLE)
            check(self._described(client, order), draft, self._model)
        urls = addresses(
            order,
            inline=INLINE_BYTES,
            longest=self._fields.longest,
            upload=lambda content: self._asking.prepare(lambda: _uploaded(client, content), order),
        )
        values = fill(self._fields, self._profile, order.recipe, urls.__getitem__)

        def send() -> "Prediction":
            if self._version:
                return client.predictions.create(version=self._version, input=values, wait=False)
            return client.predictions.create(model=self._model, input=values, wait=False)

        newest = self._schema[1].version if self._schema else ""
        asking = replace(self._asking, refusal=lambda answer: not_there(answer, self._model, newest))
        return asking.submit(send, order).id

    def find(self, key: str) -> str | None:
        """Never one: Replicate knows no prediction by a key of ours."""
        return None

    def collect(self, ticket: str) -> Rendered | None:
        prediction = self._prediction(_checked(ticket))
        match prediction.status:
            case "starting":
                self._told[ticket] = ("queue", 0, 1)
                return None
            case "processing":
                bar = prediction.progress
                self._told[ticket] = ("render", bar.current, bar.total) if bar and bar.total else ("render", 0, 1)
                return None
        self._told.pop(ticket, None)
        match prediction.status:
            case "failed":
                raise failed(prediction.error)
            case "canceled":
                raise ended("canceled")
        if not prediction.output:  # it succeeded, and what it made was removed: after an hour, everything is
            raise lost(PROVIDER)
        found = find_delivered(prediction.output, self._fields.output, PROVIDER)
        return fetched(found, PROVIDER, near=os.environ.get("REPLICATE_BASE_URL", ""))

    def progress(self, ticket: str) -> tuple[str, int, int] | None:
        return self._told.get(ticket)

    def cancel(self, ticket: str) -> None:
        client = self._client()

        def send() -> None:
            try:
                client.predictions.cancel(_checked(ticket))
            except Answered as answer:
                if answer.status not in (400, 404, 409, 410, 422):  # done, or never there
                    raise
            except ValueError as error:
                if not _ABORTED.search(str(error)):
                    raise

        self._asking.ask(send)

    def _prediction(self, ticket: str) -> "Prediction":
        client = self._client()

        def send() -> "Prediction":
            try:
                return client.predictions.get(ticket)
            except ValueError as error:
                if _ABORTED.search(str(error)):
                    raise ended("aborted") from error
                raise

        return replace(self._asking, refusal=standing).ask(send)

    def _described(self, client: "Client", order: Render) -> Schema:
        """The model's description of its input: of the version that is pinned, else of its newest."""
        if self._schema and (self._version or self._clock() - self._schema[0] < FRESH_SECONDS):
            return self._schema[1]

        def send() -> Schema:
            try:
                return self._read(client)
            except ValueError as error:
                raise InvalidInput(
                    f"{PROVIDER}'s description of {self._model} cannot be read, so its inputs cannot be checked.",
                    hint="Put check = false into setup in its entry, to shoot without the check.",
                ) from error

        asking = replace(self._asking, refusal=lambda answer: not_there(answer, self._model, ""))
        self._schema = self._clock(), asking.prepare(send, order)
        return self._schema[1]

    def _read(self, client: "Client") -> Schema:
        from replicate.version import Versions

        if self._version:
            version = Versions(client, self._model).get(self._version)
        else:
            newest = client.models.get(self._model).latest_version
            if newest is None:
                raise ValueError("it has no version")
            version = newest
        return read_schema(version.id, version.openapi_schema)

    def _client(self) -> "Client":
        import httpx
        from replicate.client import Client

        from samecast.models.hosted.once import Once

        key = self._keys.get(KEY)
        if self._held is None or self._held[0] != key:
            transport = Once(httpx.HTTPTransport(), seconds=self._seconds)
            client = Client(api_token=key, transport=transport, timeout=httpx.Timeout(self._seconds))
            weakref.finalize(self, transport.close)
            self._held = (key, client)
        return self._held[1]


def _uploaded(client: "Client", content: bytes) -> str:
    """The address of a picture among the user's files there, which Replicate forgets after a day."""
    file = client.files.create(io.BytesIO(content), filename="reference.png", content_type="image/png")
    return file.urls["get"]


def _checked(ticket: str) -> str:
    if not _TICKET.fullmatch(ticket):
        raise lost(PROVIDER)
    return ticket
