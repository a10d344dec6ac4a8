"""Where a model's weights lie on this computer, what they are, and how large: a folder, or a snapshot of the hub.

Nothing is fetched but by `fetching`. A snapshot is pinned when it is fetched: its commit is kept, and is used from then
on, whatever its branch moves on to. Nothing here needs torch or diffusers.
"""

import hashlib
import json
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samecast.core.errors import BadMedia, NotFound, StorageFailed

INDEXES = ("modular_model_index.json", "model_index.json")
_END = 1 << 16
"""Bytes of each end of a weights file that are looked at, to know it again."""
_LONGEST_HEADER = 100 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where weights come from: `folder` on this computer, else `repo` of the hub at `revision`.

    `files`: what a snapshot has one of where it is a snapshot of this at all.
    """

    folder: str = ""
    repo: str = ""
    revision: str = "main"
    files: tuple[str, ...] = INDEXES

    def __str__(self) -> str:
        return self.folder or self.repo


Stamp = tuple[tuple[str, int, int, int], ...]
"""Of every file that is digested: its name in the folder, its bytes, and when it and what is said of it changed, in
nanoseconds."""


class Digests:
    """Digests of folders, kept until one of a folder's files is another by name, size or time. Any thread may ask."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[Stamp, str]] = {}

    def of(self, folder: Path) -> str:
        """As `digest_of`. Reads nothing where nothing was changed since it was last asked."""
        stamp = _stamp(folder)  # before reading: what changes meanwhile is read again next time
        kept = self._kept.get(folder)
        if kept is None or kept[0] != stamp:
            kept = self._kept[folder] = stamp, digest_of(folder)
        return kept[1]


@dataclass(frozen=True, slots=True)
class Depot:
    """What this computer has. `home` keeps which commit was fetched; `cache` and `endpoint`: another than the hub's."""

    home: Path
    endpoint: str | None = None
    cache: Path | None = None
    _digests: Digests = field(default_factory=Digests, init=False, repr=False, compare=False)

    def locate(self, source: Source, *, model: str) -> Path:
        """The folder. Raises `NotFound`, naming what fetches it. Asks nobody."""
        if source.folder:
            folder = Path(source.folder).expanduser()
            if not folder.is_dir():
                raise NotFound(f"{model} has no weights: there is no folder {folder}.", hint="Correct its entry.")
            return folder
        found = self._snapshot(source)
        if found is None:
            raise NotFound(f"{model} is not on this computer yet.", hint=f"Fetch it: samecast models pull {model}")
        return found

    def mark(self, source: Source) -> str:
        """What tells these weights from others: the commit, or a digest of the folder; "" where they are not here."""
        if source.folder:
            folder = Path(source.folder).expanduser()
            return self._digests.of(folder) if folder.is_dir() else ""
        found = self._snapshot(source)
        return found.name[:12] if found is not None else ""

    def pinned(self, source: Source) -> str:
        """The commit to use: the one that was fetched, else the revision as it is given."""
        return self._pins().get(f"{source.repo}@{source.revision}", source.revision)

    def pin(self, source: Source, commit: str) -> None:
        """Use this commit from now on."""
        pins = {**self._pins(), f"{source.repo}@{source.revision}": commit}
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            part.write_text(json.dumps(pins, indent=1, sort_keys=True), encoding="utf-8")
            part.replace(self._file)
        except OSError as error:
            raise StorageFailed(
                f"{self._file} cannot be written: {error.strerror}.", hint="Is the disk full?"
            ) from error

    @property
    def _file(self) -> Path:
        return self.home / "pins.json"

    def _pins(self) -> Mapping[str, str]:
        try:
            return dict(json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise StorageFailed(f"{self._file} cannot be read: {error}.", hint="Remove it, and pull again.") from error

    def _snapshot(self, source: Source) -> Path | None:
        """The snapshot's folder, where it has the source's own file, and all that this file names."""
        from huggingface_hub import try_to_load_from_cache

        for name in source.files:
            found = try_to_load_from_cache(
                source.repo, name, revision=self.pinned(source), cache_dir=str(self.cache) if self.cache else None
            )
            if isinstance(found, str):
                folder = Path(found.removesuffix(name)).resolve()
                if name not in INDEXES or _whole(folder):
                    return folder
        return None


def _whole(folder: Path) -> bool:
    """Whether a snapshot has every component that its index names as its own."""
    own = [
        name
        for name, value in read_index(folder).items()
        if isinstance(value, list) and len(value) == 2 and value[0] is not None
    ]
    return all((folder / name).is_dir() for name in own)


def read_index(folder: Path) -> Mapping[str, Any]:
    """The folder's description of its own pipeline. Raises `NotFound` where it has none, `BadMedia` for a wrong one."""
    for name in INDEXES:
        file = folder / name
        if file.is_file():
            try:
                tree = json.loads(file.read_text(encoding="utf-8"))
            except ValueError as error:
                raise BadMedia(f"{file} is no JSON: {error}.", hint="Copy the model's folder anew.") from error
            if isinstance(tree, dict):
                return tree
    raise NotFound(
        f"{folder} is no diffusers folder: it has neither {' nor '.join(INDEXES)}.",
        hint="Give the folder that holds them.",
    )


def component_folders(folder: Path) -> dict[str, Path]:
    """The components that the index names and the folder has, by name."""
    index = read_index(folder)
    named = [name for name, value in index.items() if isinstance(value, list) and value and value[0] is not None]
    return {name: folder / name for name in named if (folder / name).is_dir()}


def digest_of(folder: Path) -> str:
    """Of everything that a folder says about itself, and of the size and the ends of each of its weights files.

    Weights are tens of gigabytes: their ends change with any training, and are read at once.
    """
    digest = hashlib.sha256()
    for file in _files(folder):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(_END))
            if file.stat().st_size > 2 * _END:
                opened.seek(-_END, 2)
            digest.update(opened.read())
    return digest.hexdigest()[:12]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path, folder))


def _stamp(folder: Path) -> Stamp:
    found = [(file.relative_to(folder).as_posix(), file.stat()) for file in _files(folder)]
    return tuple((name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for name, stat in found)


def parameters(folders: Mapping[str, Path]) -> dict[str, int]:
    """How many numbers each component's safetensors files hold; components without weights are left out."""
    counts = {}
    for name, folder in folders.items():
        files = chosen(folder.glob("*.safetensors"))
        total = sum(_numbers(file) for file in files)
        if total:
            counts[name] = total
    return counts


def chosen(files: Iterable[Path]) -> list[Path]:
    """Of files in one folder those of one precision: without a variant where there are such, else all."""
    found = sorted(files)
    plain = [file for file in found if not re.search(r"\.(fp16|bf16|fp8|int8)(-\d+-of-\d+)?\.safetensors$", file.name)]
    return plain or found


def _numbers(file: Path) -> int:
    """From the header alone: 8 bytes of its length, then JSON with the shape of every tensor."""
    try:
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            if length > _LONGEST_HEADER:
                raise ValueError("a header of that size")
            header = json.loads(opened.read(length))
        total = 0
        for name, tensor in header.items():
            if name != "__metadata__":
                count = 1
                for side in tensor["shape"]:
                    count *= int(side)
                total += count
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise BadMedia(f"{file} is no safetensors file: {error}.", hint="Fetch or copy it anew.") from error
    return total


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
