"""What engines that speak plain HTTP share: one exchange and how it goes wrong, waiting, addresses, JSON as it comes.

Knows no provider. A key travels in a header, to the provider's own address alone,
and is struck out of whatever comes back.
"""

import functools
import json
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import util
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from samecast.core.errors import InvalidInput, MissingPart
from samecast.core.options import Option
from samecast.core.recipe import Recipe
from samecast.models.hosted.waiting import never_sent
from samecast.ports import ModelProfile

if TYPE_CHECKING:
    import httpx2

Tree: TypeAlias = Mapping[str, object]
"""A JSON object as it came: nothing is known of its values yet."""
Told: TypeAlias = Callable[[str, int, int], None]
"""`Render.on_step`: a step's name, how much of it is done, how much there is. May raise to stop."""

SECONDS, CONNECT_SECONDS = 60.0, 15.0
PATIENCE = 60.0
"""How many seconds a provider that is busy is waited for, in all, while a take is submitted to it."""
TRIES = 3
"""How often what may be repeated is tried."""
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


class Cut(Exception):
    """The connection failed. `sent`: the request may have arrived all the same."""

    def __init__(self, error: Exception, *, sent: bool) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.sent = sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`tree` is empty where the body (`text`) was no JSON object. `retry_after`: seconds, where it says so."""

    status: int
    tree: Tree
    text: str = ""
    retry_after: float | None = None

    @property
    def fine(self) -> bool:
        return 200 <= self.status < 300


# --- addresses, and what has to be installed ----------------------------------------------------------------------


def check_installed(provider: str, extra: str) -> None:
    """Raises `MissingPart`."""
    if util.find_spec("httpx2") is None:
        raise MissingPart(f"{provider} needs httpx2, which is not installed.", hint=f"pip install 'samecast[{extra}]'")


def base_of(variable: str, usual: str) -> str:
    """The provider's address, or the one that the environment names. Raises `InvalidInput` for one that no key may go
    to: https, or this machine.
    """
    given = os.environ.get(variable, "").strip().rstrip("/")
    if given and not (private(given) and not urlsplit(given).query):
        raise InvalidInput(
            f"{variable} is no address that a key may be sent to.",
            hint="It must begin with https:// or be on this machine; unset it for the provider's own.",
        )
    return given or usual


def private(url: str) -> bool:
    """Whether nobody on the way reads what is sent there: https, or this machine."""
    try:
        parts = urlsplit(url)
        host, bare = parts.hostname or "", parts.username is None and parts.password is None
        parts.port  # noqa: B018 - raises for one that is none
    except ValueError:
        return False
    return bool(host) and bare and (parts.scheme == "https" or (parts.scheme == "http" and host in HERE))


# --- one exchange -------------------------------------------------------------------------------------------------


@contextmanager
def client() -> "Iterator[httpx2.Client]":
    """A client that follows no redirects and carries no key."""
    import httpx2

    limits = httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS)
    with httpx2.Client(verify=_trusted(), timeout=limits, follow_redirects=False) as opened:
        yield opened


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    secret: str = "",
    body: bytes = b"",
    params: Mapping[str, str] | None = None,
) -> Answer:
    """Ask once. `secret` is struck out of the answer. Raises `Cut` where there is no answer."""
    import httpx2

    try:
        with client() as opened:
            answer = opened.request(method, url, content=body or None, headers=headers, params=params)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Cut(error, sent=not never_sent(error)) from error
    text = answer.text.replace(secret, "[...]") if secret else answer.text
    tree = _tree(text)
    return Answer(
        status=answer.status_code,
        tree=tree,
        text=text,
        retry_after=_seconds(answer.headers.get("retry-after"), tree.get("retry_after")),
    )


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Read once: it takes longer than most answers."""
    import httpx2

    return httpx2.create_ssl_context()


def _tree(text: str) -> Tree:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(header: str | None, said: object) -> float | None:
    """Retry-After as seconds, whether it is a number or a date; else what the body says."""
    if header is not None:
        try:
            return _sane(float(header))
        except ValueError:
            pass
        try:
            when = parsedate_to_datetime(header)
        except ValueError:
            return None
        return _sane((when.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    return _sane(float(said)) if isinstance(said, int | float) and not isinstance(said, bool) else None


def _sane(seconds: float) -> float | None:
    return max(0.0, seconds) if isfinite(seconds) else None


# --- waiting ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Patience:
    """How long a busy provider is waited for while a take is submitted: `left` seconds more.

    `told` hears of it every second, and may raise: so a cancel is heard while waiting.
    """

    told: Told
    sleep: Callable[[float], None]
    left: float = PATIENCE
    usual: float = 2.0

    def wait(self, asked: float | None) -> bool:
        """Wait as long as the provider asked for, else twice as long as before. False, at once, where that is longer
        than is left.
        """
        seconds = max(1.0, self.usual if asked is None else asked)
        if asked is None:
            self.usual *= 2
        if seconds > self.left:
            return False
        while seconds > 0:
            self._tell()
            part = min(1.0, seconds)
            self.sleep(part)
            seconds, self.left = seconds - part, self.left - part
        self._tell()
        return True

    def _tell(self) -> None:
        self.told("wait", round(PATIENCE - self.left), round(PATIENCE))


# --- what a recipe says, as a request does ------------------------------------------------------------------------


def typed(option: Option, value: str) -> object:
    """An option's text as the JSON value it stands for."""
    match option.kind:
        case "flag":
            return value == "true"
        case "number" | "whole":
            number = float(value)
            return int(number) if number.is_integer() else number
        case _:
            return value


def aspect_of(recipe: Recipe, profile: ModelProfile) -> str:
    """Its aspect as "16:9". Raises `InvalidInput` for a size that is none of the model's."""
    for aspect in (recipe.brief.aspect, *profile.aspects):
        if aspect is not None and profile.size(recipe.kind, aspect) == (recipe.width, recipe.height):
            return f"{aspect[0]}:{aspect[1]}"
    raise InvalidInput(
        f"{profile.id} makes nothing of {recipe.width} x {recipe.height}.",
        hint=f"Use one of {', '.join(f'{w}:{h}' for w, h in profile.aspects)}, with --aspect.",
    )


# --- JSON as it comes ---------------------------------------------------------------------------------------------


def text(tree: Tree, key: str) -> str:
    """The text there; "" for anything else."""
    value = tree.get(key)
    return value if isinstance(value, str) else ""


def number(tree: Tree, key: str) -> float | None:
    value = tree.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) else None


def branch(tree: Tree, key: str) -> Tree:
    """The object there; an empty one for anything else."""
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def branches(tree: Tree, key: str) -> list[Tree]:
    """The objects of the list there."""
    value = tree.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(tree: Tree, key: str) -> list[str]:
    """The texts of the list there."""
    value = tree.get(key)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
