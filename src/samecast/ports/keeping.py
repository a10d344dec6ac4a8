"""What looking after the stored assets needs from the library: what is there, what must be, and what may go."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An asset as it lies in the store: its name and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFile:
    """A finished take, whose picture or clip an asset is."""

    shot: str
    take: str
    number: int
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePicture:
    """A reference of a character, from its version `number` on. `left`: the character left the cast, and shots stay."""

    handle: str
    name: str
    number: int
    left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSource:
    """A take in whatever state that is made from an asset: it edits it, begins or ends with it, or is shot with it."""

    shot: str
    take: str
    number: int
    prompt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraFile:
    """Weights that a character in the cast is shot with on a model."""

    handle: str
    name: str
    model: str


Holder: TypeAlias = TakeFile | ReferencePicture | TakeSource | LoraFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Unneeded:
    """Of some stored assets, those that nothing refers to: `free` may go; `recent` were claimed within the grace and
    may be about to be used; `unrecorded` were never claimed: this library did not store them, or did before it claimed.
    """

    free: tuple[Stored, ...] = ()
    recent: tuple[Stored, ...] = ()
    unrecorded: tuple[Stored, ...] = ()


class Upkeep(Protocol):
    """The stored assets and what refers to them. A shard is all assets whose names begin with the same two letters.

    Nothing is held in memory but a shard's names, so that a library of any size can be looked after.
    """

    def shards(self, *, promised: bool = True) -> Sequence[str]:
        """Those in which something is stored or (`promised`) must be, in order."""
        ...

    def stored(self, shard: str) -> Iterator[Sequence[Stored]]:
        """What is in the store, in pages."""
        ...

    def promised(self, shard: str) -> Iterator[str]:
        """What must be there: the assets of finished takes, the reference pictures of all versions, what takes are made
        from beside those, and the LoRAs of the cast.
        """
        ...

    def unneeded(self, assets: Collection[Stored], grace: timedelta) -> Unneeded:
        """Those that nothing refers to: no take in whatever state, no character, no recipe that waits for it."""
        ...

    def digests(self, assets: Sequence[Stored]) -> Iterator[tuple[Stored, str | None]]:
        """The sha256 of the bytes that really are there, None where none are (any more), in their order."""
        ...

    def has(self, sha256: str) -> bool: ...

    def holders(self, sha256: str) -> Sequence[Holder]:
        """Who is hit where this asset is lost; empty where nobody is."""
        ...

    def count_trashed(self, before: datetime) -> int:
        """How many takes `purge` would delete."""
        ...

    def purge(self, before: datetime) -> int:
        """Delete for good the takes that were put in the trash before then, but those of shots that are running.

        Some at a time, each a transaction. Returns how many; their assets are found unneeded by who looks from now on.
        """
        ...

    def as_if_purged(self, before: datetime) -> "Upkeep":
        """The same look, which takes those takes for gone already: for saying what `purge` would lead to."""
        ...

    def sweep(self, assets: Collection[Stored], grace: timedelta, *, unrecorded: bool) -> Sequence[Stored]:
        """Remove those of the assets that are free (and, with `unrecorded`, unrecorded) at this very moment, in one
        transaction; returns the removed. Killed in the middle, it has removed some of them, and nothing else.
        """
        ...
