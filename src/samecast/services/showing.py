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

    def picture(self, sha256: str, side: int) -> Path:
        """A JPEG of a picture, or of a clip's middle, at most `side` pixels long."""
        if side not in SIDES:
            raise InvalidInput(f"Pictures are not shown at {side} pixels.", hint=f"Ask for one of {SIDES}.")
        path = self._place(sha256, f"-{side}.jpg")
        with self._alone(path.name):
            if not path.is_file():
                self.media.write_bytes(path, self.media.jpeg(self._pixels(sha256), longest=side, quality=86))
        return path

    def clip(self, sha256: str) -> Path:
        """The clip itself, as a file that can be read from anywhere in it. Raises `NotFound` for a picture."""
        path = self._place(sha256, ".mp4")
        with self._alone(path.name):
            if path.is_file():
                os.utime(path)
                return path
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

    def _pixels(self, sha256: str) -> Pixels:
        with _as_file(self.assets.get(sha256)) as source:
            if self.media.picture_or_clip(source) != "video":
                return self.media.read_picture(source).rgb
            frames = [rgb for _, rgb in self.media.clip_frames(source, 3)]
        if not frames:
            raise BadMedia("The clip has no frame that can be read.", hint="Make the take again.")
        return frames[len(frames) // 2]

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
