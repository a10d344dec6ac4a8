"""What `services.travelling` needs from the world: files of several entries, and where papers are kept."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from samecast.core.cast import Character, Version
from samecast.core.travelling import Papers


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most an archive may hold: entries, bytes in one of them and in all of them, unpacked."""

    entries: int
    entry_bytes: int
    total_bytes: int


class Archive(Protocol):
    """An open archive whose layout was checked; nothing in it is trusted, nor was read, before it is asked for."""

    @property
    def sizes(self) -> dict[str, int]:
        """The names of the entries, and how many bytes each says it holds."""
        ...

    def read(self, name: str) -> bytes:
        """The entry's bytes, as many as it says. Raises `InvalidInput` where it holds others, or more, or fewer."""
        ...


class Archives(Protocol):
    """Archives as files on the local disk."""

    def open(self, path: Path, bounds: Bounds) -> AbstractContextManager[Archive]:
        """Raises `InvalidInput` for what is no plain archive or crosses the bounds, `BadMedia` for no file at all."""
        ...

    def write(self, path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
        """Write the entries in their order, whole or not at all; equal entries give equal bytes. `StorageFailed`."""
        ...


class PapersRepository(Protocol):
    """Characters that arrive with their papers, and the papers of those that are here. One transaction each."""

    def get(self, handle: str) -> Papers: ...

    def keep(self, handle: str, papers: Papers) -> None: ...

    def free(self, handle: str) -> bool:
        """Whether a new character may have this handle: nobody has it, had it, or is shown under it in a shot."""
        ...

    def welcome(self, character: Character, papers: Papers) -> None:
        """A new character with all its versions. Raises `HandleTaken`; nothing is kept then."""
        ...

    def extend(self, handle: str, versions: Sequence[Version], papers: Papers) -> None:
        """Append the versions, all or none, and keep the papers."""
        ...
