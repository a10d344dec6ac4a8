"""The folder a shot leaves its files in: take-1.mp4, take-2.mp4, contact-sheet.png and shot.json.

`shot.json` is written first, so a folder says whose it is while the shot is still being made, and after it was stopped.
A shot writes into an empty place or its own; what another shot, or anybody else, left there is never written over.
"""

import json
import re
from contextlib import suppress
from pathlib import Path

from samecast.core.errors import StorageFailed
from samecast.core.recipe import Recipe
from samecast.core.story import Shot, Take
from samecast.ports import Media
from samecast.services.documents import shot_document

SHEET = "contact-sheet.png"
DOCUMENT = "shot.json"
MOST_BYTES = 64 * 1024 * 1024
"""No shot.json is as long; what is, is not read."""

_TAKE = re.compile(r"take-\d+\.(png|mp4)")


def suffix(recipe: Recipe) -> str:
    return ".mp4" if recipe.kind == "video" else ".png"


def take_name(take: Take) -> str:
    return f"take-{take.number}{suffix(take.recipe)}"


def check_free(shot: Shot) -> None:
    """Raises `StorageFailed` where the shot's folder holds another shot, or files that this one would write over."""
    folder = Path(shot.out)
    owner = _owner(folder)
    if owner == shot.id:
        return
    if owner is not None:
        raise _occupied(folder, f"the shot {owner}" if owner else f"a {DOCUMENT} that is not this shot's")
    own = {take.path for take in shot.takes if take.state == "done"}
    names = [take_name(take) for take in shot.takes] + ([] if shot.finished else [SHEET])
    for name in names:
        if str(folder / name) not in own and _there(folder / name):
            raise _occupied(folder, name)


def claim(shot: Shot, media: Media, *, overwrite: bool = False) -> None:
    """Write the shot's `shot.json`; with `overwrite`, first let go of what an earlier shot left there."""
    if overwrite:
        _clear(Path(shot.out))
    else:
        check_free(shot)
    describe(shot, media)


def leave(shot: Shot) -> None:
    """Undo `claim`, where the shot came to nothing."""
    with suppress(OSError):
        (Path(shot.out) / DOCUMENT).unlink()
        Path(shot.out).rmdir()


def describe(shot: Shot, media: Media) -> None:
    """Write the shot as it stands into its `shot.json`."""
    document = json.dumps(shot_document(shot), ensure_ascii=False, indent=2)
    media.write_bytes(Path(shot.out) / DOCUMENT, document.encode())


def _owner(folder: Path) -> str | None:
    """The id in the folder's `shot.json`: None where there is none, "" where it cannot be told."""
    path = folder / DOCUMENT
    if not _there(path):
        return None
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() and path.stat().st_size < MOST_BYTES else ""
        found = json.loads(text)["shot"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) and found.isalnum() and len(found) < 40 else ""


def _there(path: Path) -> bool:
    """Where that cannot be told, writing will say why."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _clear(folder: Path) -> None:
    with suppress(OSError):
        for path in folder.iterdir():
            if _TAKE.fullmatch(path.name) or path.name == SHEET:
                path.unlink()


def _occupied(folder: Path, what: str) -> StorageFailed:
    return StorageFailed(
        f"The folder {folder} already holds {what}, which would be written over.",
        hint="Choose another with --out, or let it go with --overwrite.",
    )
