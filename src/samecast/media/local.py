"""`LocalMedia`: the `ports.Media` of this machine. Only hands on to the modules beside it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from samecast.media import clips, cutting, encoding, files, jpegs, keeping, pictures, provenance, sheets
from samecast.ports import Cell, ClipFacts, ClipFrame, Cutting, Picture, Pixels


class LocalMedia:
    """Pictures through Pillow, clips through FFmpeg's libraries (PyAV), files on the local disk."""

    def read_picture(self, source: Path | bytes) -> Picture:
        return pictures.read_picture(source)

    def picture_or_clip(self, path: Path) -> str:
        return clips.picture_or_clip(path)

    def clip_facts(self, path: Path) -> ClipFacts:
        return clips.clip_facts(path)

    def clip_frames(self, path: Path, count: int) -> Iterator[tuple[float, Pixels]]:
        return clips.clip_frames(path, count)

    def read_through(self, path: Path, watch: Callable[[float], None] = lambda share: None) -> Cutting:
        return cutting.read_through(path, watch)

    def judged_frames(self, path: Path, count: int, cutting: Cutting) -> Iterator[ClipFrame]:
        return clips.judged_frames(path, count, cutting)

    def jpeg(self, rgb: Pixels, *, longest: int, quality: int = 80) -> bytes:
        return jpegs.jpeg(rgb, longest=longest, quality=quality)

    def png(self, picture: Picture, recipe: str | None = None) -> bytes:
        return provenance.png(picture, recipe)

    def fit_picture(self, picture: Picture, longest: int) -> Picture:
        return pictures.fit_picture(picture, longest)

    def contact_sheet(self, cells: Sequence[Cell], *, title: str, subtitle: str) -> Picture:
        return sheets.contact_sheet(cells, title=title, subtitle=subtitle)

    def write_bytes(self, path: Path, content: bytes) -> None:
        files.write_bytes(path, content)

    def write_clip(self, path: Path, frames: Iterator[Pixels], *, fps: int, recipe: str | None = None) -> None:
        encoding.write_clip(path, frames, fps=fps, recipe=recipe)

    def keep_clip(self, path: Path, content: bytes, *, recipe: str | None = None) -> None:
        keeping.keep_clip(path, content, recipe=recipe)

    def recipe_in(self, path: Path) -> str | None:
        return provenance.recipe_in(path)
