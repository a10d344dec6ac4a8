"""Characters travel: out as one file, and in again from a file that nobody vouches for, with nothing lost or doubled.

What the manifest may say is `core.travelling`'s, how entries lie in the file the archives'. Here the pictures are
looked at, and it is decided whether somebody is new, further on than the one who is here, or somebody else.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from samecast.core.cast import Character, check_handle
from samecast.core.errors import BadMedia, HandleTaken, InvalidInput, NotFound, StorageFailed
from samecast.core.grading import Grade, grade_from_json
from samecast.core.travelling import (
    MANIFEST,
    MOST_BYTES,
    MOST_FILE_BYTES,
    MOST_FILES,
    MOST_MANIFEST_BYTES,
    Packed,
    Papers,
    Travelled,
    clean_paper,
    file_name,
    manifest_from_json,
    manifest_to_json,
    references_of,
    suffix_of,
)
from samecast.core.untrusted import refused
from samecast.ports import AssetStore, CastRepository, Media
from samecast.ports.travelling import Archive, Archives, Bounds, PapersRepository

BOUNDS = Bounds(
    entries=MOST_FILES + 1,
    entry_bytes=max(MOST_FILE_BYTES, MOST_MANIFEST_BYTES),
    total_bytes=MOST_BYTES + MOST_MANIFEST_BYTES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written, and the file's own sha256 and size in bytes."""

    travelled: Travelled
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Who is here now. `new`: nobody had the handle before; `added`: the numbers of the versions that were not here.

    `grade` is the current first reference's, as the file says. `notes` are sentences about what was not taken over.
    """

    character: Character
    papers: Papers
    new: bool
    added: tuple[int, ...]
    grade: Grade | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What bringing a character will do, decided before anything is kept."""

    character: Character
    papers: Papers
    known: int
    """How many of its versions are here already; 0: it is new."""
    notes: tuple[str, ...] = ()


class Travelling:
    def __init__(
        self, *, cast: CastRepository, papers: PapersRepository, assets: AssetStore, media: Media, archives: Archives
    ) -> None:
        self._cast = cast
        self._papers = papers
        self._assets = assets
        self._media = media
        self._archives = archives

    def papers(self, handle: str) -> Papers:
        """What was put down about using a character; empty where nothing was."""
        return self._papers.get(_bare(handle))

    def export(
        self,
        handle: str,
        path: Path,
        *,
        consent: str | None = None,
        licence: str | None = None,
        overwrite: bool = False,
    ) -> Exported:
        """Write everything that is kept of a character into one file: equal content, equal bytes.

        `consent` and `licence`, where given, are kept with the character from now on. Raises `NotFound`,
        `InvalidInput`, and `StorageFailed` where the file is there already, cannot be written, or a reference is lost.
        """
        character = self._cast.get(_bare(handle))
        before = self._papers.get(character.handle)
        papers = Papers(
            consent=before.consent if consent is None else clean_paper(consent),
            licence=before.licence if licence is None else clean_paper(licence),
        )
        if os.path.lexists(path) and not overwrite:
            raise StorageFailed(f"{path} is there already.", hint="Choose another name, or let it go with --overwrite.")
        files = tuple(self._packed(sha256) for sha256 in references_of(character))
        travelled = Travelled(character=character, papers=papers, files=files, samecast=metadata.version("samecast"))
        self._archives.write(path, self._entries(travelled))
        if papers != before:
            self._papers.keep(character.handle, papers)
        sha256, size = _digest(path)
        return Exported(travelled=travelled, path=path, sha256=sha256, size=size)

    def read(self, path: Path) -> Travelled:
        """Look at a character file, all of it, and keep nothing. Raises `InvalidInput`, or `BadMedia` for no file."""
        with self._archives.open(path, BOUNDS) as archive:
            return self._checked(archive)

    def bring(self, path: Path, as_handle: str | None = None) -> Brought:
        """Take a character in, or the versions of it that are missing here. All of it, or nothing.

        Raises `InvalidInput` for a file that cannot be trusted or a history that went another way, and `HandleTaken`
        where the handle is somebody else's: `as_handle` gives it another.
        """
        with self._archives.open(path, BOUNDS) as archive:
            travelled = self._checked(archive)
            plan = self._planned(travelled, as_handle)
            for file in travelled.files:  # claimed as they are put, so what a failure leaves is swept away
                suffix = "." + file.name.rpartition(".")[2]
                if self._assets.put(archive.read(file.name), suffix=suffix) != file.sha256:
                    raise refused("changed while it was read")
        return self._kept(plan)

    # --- out --------------------------------------------------------------------------------------------------------

    def _packed(self, sha256: str) -> Packed:
        content = self._assets.get(sha256)
        suffix = suffix_of(content)
        if suffix is None:
            raise InvalidInput(
                f"The reference {sha256[:12]} is no PNG, JPEG or WebP picture, so it cannot travel.",
                hint="Cast its picture again.",
            )
        return Packed(name=file_name(sha256, suffix), sha256=sha256, size=len(content))

    def _entries(self, travelled: Travelled) -> Iterator[tuple[str, bytes]]:
        try:
            manifest = manifest_to_json(travelled)
        except InvalidInput as error:
            raise InvalidInput(
                f"@{travelled.character.handle} cannot travel. {error.message}",
                hint="What is kept of it breaks the rules of docs/character-file.md. Cast it anew.",
            ) from error
        yield MANIFEST, manifest.encode()
        for file in travelled.files:
            yield file.name, self._assets.get(file.sha256)

    # --- in ---------------------------------------------------------------------------------------------------------

    def _checked(self, archive: Archive) -> Travelled:
        """Everything the file says, once every byte of it was looked at."""
        sizes = archive.sizes
        if MANIFEST not in sizes:
            raise refused(f"has no {MANIFEST}: it is no character's", hint="Give a .samecast file.")
        if sizes[MANIFEST] > MOST_MANIFEST_BYTES:
            raise refused(f"has a manifest of more than {MOST_MANIFEST_BYTES >> 20} MiB")
        travelled = manifest_from_json(archive.read(MANIFEST))
        _check_entries(set(sizes) - {MANIFEST}, travelled.files)
        references = references_of(travelled.character)
        for file in travelled.files:
            if sizes[file.name] != file.size:
                raise refused(f"has {sizes[file.name]:,} bytes in '{file.name}', not the {file.size:,} it says")
            content = archive.read(file.name)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise refused(f"has other bytes in '{file.name}' than its sha256 says")
            reference = references[file.sha256]
            self._check_picture(content, file.name, (reference.width, reference.height))
        return travelled

    def _check_picture(self, content: bytes, name: str, size: tuple[int, int]) -> None:
        if suffix_of(content) != name.rpartition(".")[2]:
            raise refused(f"has something else in '{name}' than its name says")
        try:
            picture = self._media.read_picture(content)
        except BadMedia as error:
            raise refused(f"has no picture in '{name}': {error.message.rstrip('.')}") from error
        if (picture.width, picture.height) != size:
            raise refused(
                f"has a picture of {picture.width} x {picture.height} pixels in '{name}', not the"
                f" {size[0]} x {size[1]} it says"
            )

    def _planned(self, travelled: Travelled, as_handle: str | None) -> _Plan:
        """Compare with who is here. Raises `HandleTaken`, or `InvalidInput` where two histories went apart."""
        handle = travelled.character.handle if as_handle is None else _chosen(as_handle)
        arriving = replace(travelled.character, handle=handle)
        try:
            present = self._cast.get(handle)
        except NotFound:
            if not self._papers.free(handle):
                raise _taken(handle, "belonged to a character that was removed, or that shots name") from None
            return _Plan(character=arriving, papers=travelled.papers, known=0)
        here = [version.digest for version in present.versions]
        there = [version.digest for version in arriving.versions]
        shared = next((n for n, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
        if shared == 0:
            raise _taken(handle, f"is taken by {present.name}")
        if shared is not None:
            raise InvalidInput(
                f"@{handle} here and in the file are the same up to version {shared}, and went apart after it.",
                hint=f"Bring it in beside the other: --as {_other(handle)}.",
            )
        papers, notes = _agreed(present, arriving, self._papers.get(handle), travelled.papers)
        return _Plan(character=arriving, papers=papers, known=len(here), notes=notes)

    def _kept(self, plan: _Plan) -> Brought:
        handle = plan.character.handle
        missing = plan.character.versions[plan.known :]
        if plan.known:
            self._papers.extend(handle, missing, plan.papers)
        else:
            try:
                self._papers.welcome(plan.character, plan.papers)
            except HandleTaken as error:  # since we looked
                raise _taken(handle, "was taken in the meantime") from error
        kept = self._cast.get(handle)
        grade = kept.current.references[0].grade
        return Brought(
            character=kept,
            papers=plan.papers,
            new=plan.known == 0,
            added=tuple(version.number for version in missing),
            grade=grade_from_json(grade) if grade else None,
            notes=plan.notes,
        )


def _check_entries(entries: set[str], files: tuple[Packed, ...]) -> None:
    """The entries beside the manifest are the files it lists, all of them and no others."""
    listed = {file.name for file in files}
    for name in sorted(listed - entries):
        raise refused(f"lacks '{name}'")
    for name in sorted(entries - listed):
        raise refused(f"has '{name}', which its manifest does not list")


def _agreed(present: Character, arriving: Character, here: Papers, there: Papers) -> tuple[Papers, tuple[str, ...]]:
    """What is here stays: a stranger's file changes neither a name nor what was agreed to. What is missing is taken."""
    notes = []
    if (present.name, present.tags) != (arriving.name, arriving.tags):
        notes.append("Its name and tags stay as they are here; the file has others.")
    for what, ours, theirs in (("consent", here.consent, there.consent), ("licence", here.licence, there.licence)):
        if ours and ours != theirs:
            said = f"says: {' '.join(theirs.split())}" if theirs else "has none."
            notes.append(f"The {what} that is kept here stays; the file {said}")
    papers = Papers(consent=here.consent or there.consent, licence=here.licence or there.licence)
    return papers, tuple(notes)


def _chosen(handle: str) -> str:
    try:
        return check_handle(_bare(handle))
    except InvalidInput as error:
        raise InvalidInput(error.message, hint="Give another, such as --as mira_2: a-z, 0-9, _ and -.") from error


def _taken(handle: str, why: str) -> HandleTaken:
    return HandleTaken(f"The handle @{handle} {why}.", hint=f"Give it another: --as {_other(handle)}.")


def _other(handle: str) -> str:
    return f"{handle[:13]}_2"


def _digest(path: Path) -> tuple[str, int]:
    """The sha256 and size of a file that was just written."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest(), stream.tell()
    except OSError as error:
        raise StorageFailed(f"{path} was written, and cannot be read again.", hint="Check the disk.") from error


def _bare(handle: str) -> str:
    """Handles are lower case; who types @Mira means @mira."""
    return handle.strip().removeprefix("@").lower()
