"""Where the studio is served, and who may come in. The command line fills it in; `web` serves it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The studio answers at `url`.

    `password` is what was made up for it just now, to be shown once; `kept`: the file that holds a made-up one, from
    now or from an earlier time. Both are None where whoever serves it gave a password, or none is needed.
    """

    url: str
    password: str | None = field(default=None, repr=False)
    kept: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address to serve the studio on.

    `password` None: whoever reaches it may come in, so only on loopback; anywhere else one is made up. `public_url`:
    what browsers call it where a proxy stands in front of it, such as https://studio.example.org. `ready` is called
    once it answers.
    """

    host: str = "127.0.0.1"
    port: int = 8177
    password: str | None = field(default=None, repr=False)
    public_url: str | None = None
    ready: Callable[[Opened], None] = field(default=lambda opened: None)

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine reaches it."""
        return is_loopback(self.host) and self.public_url is None

    @property
    def locked(self) -> bool:
        """Whether a password is asked for, so that there is a session to leave."""
        return self.password is not None

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.public_url is not None and self.public_url.startswith("https://")


def is_loopback(host: str) -> bool:
    """Whether a host, as it is written in an address, is this machine itself."""
    bare = host.strip("[]")
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"
