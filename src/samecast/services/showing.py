"""Pictures to be shown in a browser: small copies of assets, made once and kept beside the library.

Nothing is shown as somebody gave it: every copy is decoded and encoded anew here, so that what a file hides besides its
pixels never reaches a browser. Clips are shown as they are kept; samecast or a provider's server wrote them.
"""

import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from samecast.core.errors import BadMedia, InvalidInput, NotFound
from samecast.ports import AssetStore, Media, Picture, Pixels

SIDES = (96, 320, 640, 1280, 2560)
"""How long a copy's longer side may be asked for."""
STILL = 1280
"""So long a clip's still is kept from the first, so that the clip is decoded once for all of its copies."""
FRAMES_A_SECOND = 24
"""How closely a moment of a clip is met."""
MOST_CLIPS_BYTES = 4 << 30
"""Copies of clips that are kept for showing; the ones not looked at for longest go first."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """`folder` holds nothing that could not be made again. Raises `NotFound`, `BadMedia`, `StorageFailed`."""

    assets: AssetStore
    media: Media
    folder: Path
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, sha256: str, side: int) -> bytes | None:
        """What `picture` makes, if it was made before."""
        try:
            return self._copy(sha256, side).read_bytes()
        except FileNotFoundError:
            return None

    def picture(self, sha256: str, side: int) -> Path:
        """A JPEG of a picture, or of a clip's middle, at most `side` pixels long."""
        path = self._copy(sha256, side)
        with self._alone(sha256):
            if not path.is_file():
                self._make(sha256, side)
        return path

    def jpeg(self, sha256: str, side: int) -> bytes:
        """As `picture`, what is in it."""
        return self.picture(sha256, side).read_bytes()

    def kept_clip(self, sha256: str) -> Path | None:
        """What `clip` copies, if it was copied before."""
        path = self._place(sha256, ".mp4")
        try:
            os.utime(path)
        except FileNotFoundError:
            return None
        return path

    def clip(self, sha256: str) -> Path:
        """The clip itself, as a file that can be read from anywhere in it. Raises `NotFound` for a picture."""
        with self._alone(f"{sha256}.mp4"):
            if (kept := self.kept_clip(sha256)) is not None:
                return kept
            path = self._place(sha256, ".mp4")
            content = self.assets.get(sha256)
            with _as_file(content) as source:
                if self.media.picture_or_clip(source) != "video":
                    raise NotFound(f"{sha256[:12]} is no clip.", hint="Ask for it as a picture.")
            self._make_room(len(content))
            self.media.write_bytes(path, content)
        return path

    def frame(self, sha256: str, seconds: float = 0.0) -> bytes:
        """The picture, or the frame of a clip nearest to a moment of it, as a PNG without anything else in it."""
        self._check(sha256)
        with _as_file(self.assets.get(sha256)) as source:
            if self.media.picture_or_clip(source) != "video":
                return self.media.png(self.media.read_picture(source))
            count = max(1, round(self.media.clip_facts(source).seconds * FRAMES_A_SECOND))
            frames = self.media.clip_frames(source, count)
            nearest = min(frames, key=lambda frame: abs(frame[0] - seconds), default=None)
        if nearest is None:
            raise BadMedia("The clip has no frame that can be read.", hint="Make the take again.")
        return self.media.png(Picture(rgb=nearest[1]))

    def original(self, sha256: str) -> bytes:
        """The asset as it is kept, with its recipe in it: to be saved, never to be shown."""
        self._check(sha256)
        return self.assets.get(sha256)

    def _make(self, sha256: str, side: int) -> None:
        larger = [self._copy(sha256, one) for one in SIDES if one > side]
        kept = next((path for path in larger if path.is_file()), None)
        if kept is not None:
            self._write(sha256, side, self.media.read_picture(kept).rgb)
            return
        with _as_file(self.assets.get(sha256)) as source:
            if self.media.picture_or_clip(source) != "video":
                self._write(sha256, side, self.media.read_picture(source).rgb)
                return
            still = self._still(source)
        for one in {side, STILL}:
            self._write(sha256, one, still)

    def _write(self, sha256: str, side: int, pixels: Pixels) -> None:
        self.media.write_bytes(self._copy(sha256, side), self.media.jpeg(pixels, longest=side, quality=86))

    def _still(self, clip: Path) -> Pixels:
        """The clip's middle; where that is damaged, what is nearest to it of a few frames."""
        for count in (1, 9):
            frames = [rgb for _, rgb in self.media.clip_frames(clip, count)]
            if frames:
                return frames[len(frames) // 2]
        raise BadMedia("The clip has no frame that can be read.", hint="Make the take again.")

    def _copy(self, sha256: str, side: int) -> Path:
        if side not in SIDES:
            raise InvalidInput(f"Pictures are not shown at {side} pixels.", hint=f"Ask for one of {SIDES}.")
        return self._place(sha256, f"-{side}.jpg")

    def _place(self, sha256: str, rest: str) -> Path:
        self._check(sha256)
        return self.folder / sha256[:2] / f"{sha256}{rest}"

    def _check(self, sha256: str) -> None:
        if not _SHA256.fullmatch(sha256):
            raise NotFound("There is no such asset.", hint="Its name is 64 characters of 0-9 and a-f.")

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """What several ask for at once is made by the first of them."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            yield
        with self._guard:
            self._locks.pop(name, None)

    def _make_room(self, size: int) -> None:
        kept = []
        for path in self.folder.glob("*/*.mp4"):
            try:
                kept.append((path.stat().st_atime, path.stat().st_size, path))
            except OSError:  # another one made room meanwhile
                continue
        total = sum(length for _, length, _ in kept) + size
        for _, length, path in sorted(kept):
            if total <= MOST_CLIPS_BYTES:
                break
            path.unlink(missing_ok=True)
            total -= length


@contextmanager
def _as_file(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
        path = Path(folder) / "asset"
        path.write_bytes(content)
        yield path
