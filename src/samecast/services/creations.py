"""Finding one take among all that were made: lists and search, takes that look like another, figures; trash and tags.

What is found is the library's; this reads the pictures whose looks are compared, and says what cannot be looked at.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from samecast.core.errors import BadMedia, InvalidInput, NotFound
from samecast.core.tags import clean_tags
from samecast.ports import AssetStore, Media
from samecast.ports.creations import (
    Counted,
    Creation,
    CreationRepository,
    Discarded,
    Look,
    LookReader,
    Page,
    Stats,
    TagUse,
    TrashPage,
    Wanted,
)

FRAMES = 3
"""Of a clip, so many frames make its look."""
CANDIDATES = 64
"""Takes whose codes are nearest, of which the likest are shown; twice as many as are shown where that is more. Of the
12 likest among 7,790 pictures 64 have 91 %, 100 have 95 % (`./run bench looks`)."""
MOST_SIMILAR = 100
_AT_ONCE = 100


def unwatched(done: int, total: int) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """A take that looks like the one asked for: `distance` 0 for the same layout, towards 1 for no likeness."""

    creation: Creation
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """How many takes got a look, and which could not: (take id, why)."""

    takes: int
    unread: tuple[tuple[str, str], ...]


class Creations:
    """Takes that are done, newest first. Everything raises `StorageFailed` where the library cannot be read."""

    def __init__(self, *, creations: CreationRepository, assets: AssetStore, media: Media, looks: LookReader) -> None:
        self._creations = creations
        self._assets = assets
        self._media = media
        self._looks = looks

    def catch_up(self, watch: Counted = unwatched) -> None:
        """Take in what changed, telling how far that is. All else here does so unasked; a large change takes time."""
        self._creations.catch_up(watch)

    def page(self, wanted: Wanted, *, limit: int = 24, after: str | None = None) -> Page:
        """The newest takes that are wanted, or those that follow a page's cursor.

        Raises `InvalidInput` for a cursor or limit that is none, `NotFound` for a character nobody knows.
        """
        return self._creations.page(wanted, limit=limit, after=after)

    def some(self, take_ids: Sequence[str]) -> list[Creation]:
        """Those of these takes that are done and not in the trash, in their order."""
        return self._creations.some(take_ids)

    def stats(self) -> Stats:
        """The library in figures."""
        return self._creations.stats()

    # --- trash and tags: up to 1,000 takes at once, all or none -----------------------------------------------------

    def trash(self, take_ids: Sequence[str]) -> Discarded:
        """Put takes into the trash: found nowhere, counted nowhere and never picked. Files in shots' folders stay.

        Where one was its shot's pick, the shot has none from now on. Raises `NotFound`, and `InvalidInput` for a take
        that is not done.
        """
        return self._creations.trash(take_ids, datetime.now(UTC))

    def restore(self, take_ids: Sequence[str]) -> tuple[str, ...]:
        """Bring takes back; returns those that were in the trash. Nothing is picked by it. Raises `NotFound`."""
        return self._creations.restore(take_ids)

    def trashed(self, *, limit: int = 24, after: str | None = None) -> TrashPage:
        """What is in the trash, what was put there last first. Raises `InvalidInput`."""
        return self._creations.trashed(limit=limit, after=after)

    def tag(self, take_ids: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> int:
        """Give takes tags and take tags off them; returns how many takes have other tags now.

        Raises `NotFound`, and `InvalidInput` for a tag that cannot be one, or too many on a take.
        """
        return self._creations.tag(take_ids, add=clean_tags(add), remove=clean_tags(remove))

    def tags(self) -> list[TagUse]:
        """Every tag in use, by name: on how many takes that are done, and on how many characters of the cast."""
        return self._creations.tags()

    # --- looks ----------------------------------------------------------------------------------------------------

    def remember_look(self, take_id: str, source: Path | bytes) -> None:
        """Keep what a take looks like, once it is made. Raises `BadMedia`."""
        self._creations.keep_look(take_id, self._look(source))

    def look_at_missing(self, watch: Counted = unwatched) -> LookedAt:
        """Look at every take that was made before looks were kept, or when another maker made them.

        May be stopped at any time, and goes on where it was. What cannot be read is told, and tried again next time.
        """
        total = self._creations.count_without_look(self._looks.maker)
        takes, unread, last = 0, list[tuple[str, str]](), ""
        while batch := self._creations.without_look(self._looks.maker, after=last, limit=_AT_ONCE):
            for take_id, asset in batch:
                try:
                    self._creations.keep_look(take_id, self._look(self._assets.get(asset)))
                    takes += 1
                except (BadMedia, NotFound) as error:
                    unread.append((take_id, " ".join(str(error).split())))
                watch(min(total, takes + len(unread)), total)
            last = batch[-1][0]
            self._creations.catch_up(unwatched)
        return LookedAt(takes=takes, unread=tuple(unread))

    def similar(self, to: str, *, limit: int = 12) -> list[Similar]:
        """Takes that look like a take (by its id) or like any picture or clip (by its path), the likest first.

        Only takes that have a look are found. Raises `NotFound` for neither a take nor a file, `BadMedia`, and
        `MissingPart` where the database cannot search looks.
        """
        if not 1 <= limit <= MOST_SIMILAR:
            raise InvalidInput(f"{limit} similar takes cannot be shown.", hint=f"Ask for 1 to {MOST_SIMILAR}.")
        own, look = self._asked(to)
        candidates = self._creations.nearest(look, max(CANDIDATES, 2 * limit))
        near = [(take_id, other) for take_id, other in candidates if take_id != own]
        distances = self._looks.distances(look, [other for _, other in near])
        apart = {take_id: distance for (take_id, _), distance in zip(near, distances, strict=True)}
        likest = sorted(apart, key=lambda take_id: (apart[take_id], take_id))[:limit]
        return [Similar(creation=c, distance=apart[c.take]) for c in self._creations.some(likest)]

    def _asked(self, to: str) -> tuple[str | None, Look]:
        """The take's id, where it is one, and the look."""
        if (path := _file(to)) is not None:
            return None, self._look(path)
        found = self._creations.some([to])
        if not found or found[0].asset is None:
            raise NotFound(
                f"'{to}' is neither a take that is done nor a file.", hint="See the takes: samecast library list"
            )
        kept = self._creations.look_of(to, self._looks.maker)
        return to, kept if kept is not None else self._look(self._assets.get(found[0].asset))

    def _look(self, source: Path | bytes) -> Look:
        with _as_file(source) as path:
            if self._media.picture_or_clip(path) == "video":
                frames = [rgb for _, rgb in self._media.clip_frames(path, FRAMES)]
            else:
                frames = [self._media.read_picture(path).rgb]
        if not frames:
            raise BadMedia("The clip has no frame that can be read.", hint="Make the take again.")
        return self._looks.look(frames)


def _file(to: str) -> Path | None:
    try:
        return Path(to) if Path(to).is_file() else None
    except OSError:  # too long to be the name of one
        return None


@contextmanager
def _as_file(source: Path | bytes) -> Iterator[Path]:
    if isinstance(source, Path):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
        path = Path(folder) / "take"
        path.write_bytes(source)
        yield path
