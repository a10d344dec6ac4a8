"""The way to Google: with an API key to the Gemini API, or as a Google Cloud project to its Agent Platform.

Opens the SDK's client, which never sends anything twice by itself, and says what to do where Google does not let one
in. The SDK is imported when a client is opened; checking asks nobody.
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from samecast.core.errors import KeyRefused, MissingKey, MissingPart, SamecastError
from samecast.models.hosted.words import by_status, line, no_network
from samecast.ports.plugins import Keys

if TYPE_CHECKING:
    import httpx2
    from google import genai
    from google.auth.credentials import Credentials
    from google.genai import types

KEY, OTHER_KEY = "GEMINI_API_KEY", "GOOGLE_API_KEY"
PROJECT, LOCATION, CREDENTIALS_FILE = "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_APPLICATION_CREDENTIALS"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LOGIN = "gcloud auth application-default login"
_ON_GOOGLE = ("GCE_METADATA_HOST", "K_SERVICE", "KUBERNETES_SERVICE_HOST")
_MACHINE = Path("/sys/class/dmi/id/product_name")


class Access(Protocol):
    """One way in. `provider` is what errors call it."""

    @property
    def provider(self) -> str: ...

    def check(self) -> None:
        """Raises `MissingPart` and `MissingKey`; asks nobody."""
        ...

    def client(self, seconds: float) -> "genai.Client":
        """A client whose calls wait for an answer this long. Raises what `check` does, and what keeps one out."""
        ...

    def locked_out(self, status: int, said: str) -> SamecastError:
        """What 401 and 403 mean: this way in is closed."""
        ...

    def clean(self, text: str) -> str:
        """The text without the secret, should it be in it."""
        ...


@dataclass(slots=True)
class _Clients:
    """Clients by how long they wait, made once: each reads the certificates of the web three times over."""

    _made: dict[float, tuple[object, "genai.Client"]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(
        self, seconds: float, secret: object, make: "Callable[[types.HttpOptions], genai.Client]"
    ) -> "genai.Client":
        """The one made with this secret, or a new one in its place."""
        with self._lock:
            kept, client = self._made.get(seconds, (None, None))
            if client is None or kept != secret:
                client = make(_options(seconds))
                self._made[seconds] = secret, client
            return client


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAccess:
    """The Gemini API, with the key in GEMINI_API_KEY, or else GOOGLE_API_KEY.

    `GOOGLE_GEMINI_BASE_URL` leads elsewhere (the SDK reads it).
    """

    keys: Keys
    provider: str = "Google"
    _clients: _Clients = field(default_factory=_Clients, init=False, repr=False)

    def check(self) -> None:
        check_installed()
        self._key()

    def client(self, seconds: float) -> "genai.Client":
        self.check()
        from google import genai

        _, key = self._key()
        return self._clients.get(
            seconds, key, lambda options: genai.Client(enterprise=False, api_key=key, http_options=options)
        )

    def locked_out(self, status: int, said: str) -> SamecastError:
        return by_status(self.provider, status, said, key=self._key()[0])

    def clean(self, text: str) -> str:
        return text.replace(self._key()[1], "[...]")

    def _key(self) -> tuple[str, str]:
        """The variable, and what it holds."""
        try:
            return KEY, self.keys.get(KEY)
        except MissingKey as missing:
            try:
                return OTHER_KEY, self.keys.get(OTHER_KEY)
            except MissingKey:
                raise missing from None


@dataclass(slots=True, kw_only=True)
class CloudAccess:
    """Google Cloud, as GOOGLE_CLOUD_PROJECT in GOOGLE_CLOUD_LOCATION, with application default credentials.

    The credentials are read once and refreshed when they run out. `GOOGLE_VERTEX_BASE_URL` leads elsewhere.
    """

    provider: str = "Google Cloud"
    _kept: "Credentials | None" = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _clients: _Clients = field(default_factory=_Clients, init=False, repr=False)

    def check(self) -> None:
        check_installed()
        for name in (PROJECT, LOCATION):
            if not os.environ.get(name, "").strip():
                raise MissingKey(f"There is no {name}.", hint=f"Set it in the environment: export {name}=...")
        named = os.environ.get(CREDENTIALS_FILE, "")
        if named and not Path(named).is_file():
            raise MissingKey(f"The file that {CREDENTIALS_FILE} names is not there.", hint=f"Correct it, or: {LOGIN}")
        if not named and not _logged_in().is_file() and not _on_google():
            raise MissingKey("There are no credentials for Google Cloud.", hint=LOGIN)

    def client(self, seconds: float) -> "genai.Client":
        self.check()
        from google import genai

        credentials = self._credentials()
        project, location = (os.environ[name].strip() for name in (PROJECT, LOCATION))
        return self._clients.get(
            seconds,
            (credentials, project, location),
            lambda options: genai.Client(
                enterprise=True, project=project, location=location, credentials=credentials, http_options=options
            ),
        )

    def locked_out(self, status: int, said: str) -> SamecastError:
        words = line(said) or f"status {status}"
        return KeyRefused(
            f"{self.provider} does not let this project make it: {words}.",
            hint=f"Is the Agent Platform API enabled, and billing? Else log in again: {LOGIN}",
        )

    def clean(self, text: str) -> str:
        token = self._kept.token if self._kept is not None else None
        return text.replace(token, "[...]") if token else text

    def _credentials(self) -> "Credentials":
        """Fresh ones. Refreshed here and not by the SDK, so that what goes wrong with them is no failed submission."""
        import google.auth
        import requests
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.auth.transport.requests import Request

        with self._lock:
            try:
                if self._kept is None:
                    self._kept = google.auth.default(scopes=SCOPES)[0]
                if not self._kept.valid:
                    with requests.Session() as session:
                        self._kept.refresh(Request(session=session))  # type: ignore[no-untyped-call]
            except TransportError as error:
                raise no_network(self.provider, error) from error
            except GoogleAuthError as error:
                self._kept = None
                words = line(error.args[0] if error.args else type(error).__name__)
                raise KeyRefused(
                    f"The credentials for {self.provider} are not accepted: {words}.",
                    hint=f"Log in again: {LOGIN}",
                ) from None
            return self._kept


def check_installed() -> None:
    try:
        found = util.find_spec("google.genai")
    except ModuleNotFoundError:  # not even another package of Google's
        found = None
    if found is None:
        raise MissingPart("google-genai is not installed.", hint="pip install 'samecast[google]'")


def _transport() -> "httpx2.Client":
    """No connection is used twice: one that was closed meanwhile would leave open whether a take arrived.

    A redirect to another host is followed without the secret, which httpx2 would send along in Google's own header.
    """
    import httpx2

    home: list[str] = []

    def stay_home(request: httpx2.Request) -> None:
        if not home:
            home.append(request.url.host)
        if request.url.host != home[0]:
            for header in ("x-goog-api-key", "authorization"):
                request.headers.pop(header, None)

    return httpx2.Client(
        limits=httpx2.Limits(max_keepalive_connections=0),
        follow_redirects=True,
        event_hooks={"request": [stay_home]},
    )


def _options(seconds: float) -> "types.HttpOptions":
    """One attempt each: the SDK would send what is paid for up to five times."""
    from google.genai import types

    return types.HttpOptions(
        httpx_client=_transport(), timeout=int(seconds * 1000), retry_options=types.HttpRetryOptions(attempts=1)
    )


def _logged_in() -> Path:
    """Where `gcloud auth application-default login` puts its credentials."""
    folder = os.environ.get("CLOUDSDK_CONFIG", "")
    if not folder and sys.platform == "win32":
        folder = os.path.join(os.environ.get("APPDATA", ""), "gcloud")
    return Path(folder or Path.home() / ".config" / "gcloud") / "application_default_credentials.json"


def _on_google() -> bool:
    """Whether this machine may be given credentials by Google itself; only asking would tell."""
    try:
        machine = _MACHINE.read_text(encoding="ascii", errors="replace")
    except OSError:
        machine = ""
    return machine.startswith("Google") or any(os.environ.get(name) for name in _ON_GOOGLE)
