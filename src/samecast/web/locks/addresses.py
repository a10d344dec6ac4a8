"""What a request's head says, as far as it can be believed: who asks, whether it is for us, and for what.

Nothing is let in here; `guard` decides with what these answer. Every address that the studio has is of one of the kinds
below, and whatever is none of them does not exist.
"""

import re
import socket
from collections.abc import Mapping, MutableMapping
from ipaddress import IPv6Address, ip_address
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, urlsplit

from samecast.core.errors import InvalidInput
from samecast.ports.serving import Place, is_loopback

Scope: TypeAlias = MutableMapping[str, Any]
Kind: TypeAlias = Literal["page", "file", "upload", "enter", "leave", "health"]

ENTER, LEAVE, HEALTH, UPLOADS = "/enter", "/leave", "/healthz", "/studio/upload"
SOCKET = "/_nicegui_ws/socket.io/"
STATIC = "/studio/static/"
MOST_QUERY, MOST_PATH, MOST_SLASHES = 8192, 512, 40
"""Characters of an address, whose query may hold a prompt; NiceGUI looks at each piece between slashes in both."""
MOST_HEADERS, MOST_HEAD = 100, 32 * 1024
"""Headers of a request, and bytes of them all."""

_HOST = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?)(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII
)
_PIECE = r"(?!\.+(?:/|$))[A-Za-z0-9_.~@+-]+"
_PAGE = re.compile(rf"/|(?:/{_PIECE})+/?", re.ASCII)
_FILE = re.compile(
    rf"/studio(?:/{_PIECE})+"
    rf"|/_nicegui/[0-9.]+/(?:static|libraries|components|resources|dynamic_resources|esm)(?:/{_PIECE})+"
    r"|/favicon\.ico",
    re.ASCII,
)
_USUAL = {"http": ":80", "https": ":443"}
"""The ports that browsers leave out."""
_TAKEN = ("/studio", "/_nicegui", "/favicon.ico")
_ONCE = frozenset(("host", "origin", "content-length", "transfer-encoding", "content-type", "upgrade"))
_ONCE |= {"sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"}


def head(scope: Scope) -> dict[str, str] | None:
    """The headers by name; None where one that decides something is there twice, or both lengths of a body are.

    None too for more than any browser sends: the server's own bound is one on what it waits for.
    """
    if len(scope["headers"]) > MOST_HEADERS or sum(len(k) + len(v) for k, v in scope["headers"]) > MOST_HEAD:
        return None
    named: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        if name not in named:
            named[name] = text
        elif name in _ONCE:
            return None
        else:
            named[name] += ("; " if name == "cookie" else ",") + text
    return None if "transfer-encoding" in named and "content-length" in named else named


def asker(scope: Scope, named: Mapping[str, str], place: Place) -> str:
    """Who asks, as far as it is counted: an IPv4 address, or the 64 bits of an IPv6 one that a household has.

    What a proxy says of the address that it serves is believed only where `--public-url` says that there is a proxy,
    only of somebody in the same network, and only the last word of it, which is the proxy's own.
    """
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    if place.public_url is not None and _is_near(peer):
        said = named.get("x-forwarded-for", "").rpartition(",")[2].strip()
        peer = said if _address(said) is not None else peer
    address = _address(peer)
    if address is None:
        return "somebody"
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return str(address)


def for_us(host: str, place: Place) -> bool:
    """Whether a Host is the studio's. A page elsewhere may point a name of its own here: the name gives it away."""
    if not _HOST.fullmatch(host):
        return False
    if place.public_url is not None:
        return host.lower() == urlsplit(place.public_url).netloc
    name = (urlsplit(f"//{host}").hostname or "").lower()
    if is_loopback(place.host):
        return is_loopback(name)
    return is_loopback(name) or _address(name) is not None or name in _own_names(place)


def from_us(named: Mapping[str, str], place: Place) -> bool:
    """Whether a page of ours asks. Browsers say so, and let no page lie about it; who does not say is not one."""
    if named.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = named.get("origin", "").lower()
    if place.public_url is not None:
        return origin == place.public_url
    return origin == f"http://{named.get('host', '').lower()}"


def may_load(named: Mapping[str, str]) -> bool:
    """Whether something may be looked at: from a page of ours, or by going there; not from within another's page."""
    if named.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return named.get("sec-fetch-dest", "document") not in ("iframe", "frame", "embed", "object", "fencedframe")
    return named.get("sec-fetch-mode") == "navigate" and named.get("sec-fetch-dest") == "document"


def kind_of(path: str) -> Kind | None:
    """What is asked for; None for what there is not."""
    own: dict[str, Kind] = {ENTER: "enter", LEAVE: "leave", HEALTH: "health", UPLOADS: "upload"}
    if path in own:
        return own[path]
    if _FILE.fullmatch(path):
        return "file"
    return "page" if _PAGE.fullmatch(path) and not path.startswith(_TAKEN) else None


def is_page(address: str) -> bool:
    """Whether it is the path of a page, with a query and a fragment or without."""
    path, _, query = address.partition("#")[0].partition("?")
    fits = len(address) <= MOST_PATH + MOST_QUERY and len(path) <= MOST_PATH and address.count("/") <= MOST_SLASHES
    return fits and len(query) <= MOST_QUERY and path.startswith("/") and kind_of(path) == "page"


def way_back(address: str) -> str:
    """Where somebody wanted to go, if it is a page of ours; the first page if not."""
    plain = all(c.isprintable() and c not in '\\"<>' for c in address)
    return quote(address, safe="/?&=#%@+~:;,!$'()*[]") if plain and is_page(address) else "/"


def as_public_url(text: str) -> str:
    """What `--public-url` gives, as browsers write an origin. Raises `InvalidInput`."""
    scheme, _, rest = text.strip().lower().partition("://")
    name = rest.removesuffix("/")
    port = name.rpartition(":")[2] if _HOST.fullmatch(name) and not name.endswith("]") and ":" in name else "1"
    if scheme not in _USUAL or not _HOST.fullmatch(name) or not 0 < int(port) < 65536:
        raise InvalidInput(
            f"The studio cannot be at '{text}'.",
            hint="Give --public-url as https://studio.example.org: a name of its own, without a path.",
        )
    return f"{scheme}://{name.removesuffix(_USUAL[scheme])}"


def _is_near(peer: str) -> bool:
    address = _address(peer)
    return address is not None and (address.is_loopback or address.is_private)


def _address(text: str) -> Any:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None


def _own_names(place: Place) -> tuple[str, ...]:
    """What this machine is called by those around it: names that no page elsewhere can point here."""
    name = socket.gethostname().lower()
    return (place.host.lower(), name, f"{name.partition('.')[0]}.local")
