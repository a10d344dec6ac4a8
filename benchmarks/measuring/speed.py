"""How long a clip takes to score, beside `face_recognition`'s way of doing it: the speed part of `./run bench meter`.

Both see clips of the same files in the same run, models loaded and warm. The meter is timed as a user has it (through
the services: every frame decoded for the cuts, faces, identity and what else a score holds); the other way is timed on
finding and encoding faces, with the frames that the meter judges already decoded for it.
"""

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from benchmarks.measuring import face_recognition_way as other_way
from benchmarks.reference import EVAL

from samecast.core.cast import Character
from samecast.media import LocalMedia
from samecast.ports import Picture, Pixels
from samecast.services.studio import Studio
from samecast.settings import Settings
from samecast.wiring import open_studio

JUDGED = 32
LONG_SECONDS, LONG_RATE = 60, 30
TIMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A file, the frames of it that are judged, and how many it has in all (`every`)."""

    name: str
    path: Path
    frames: tuple[Pixels, ...]
    every: int


def measure() -> str:
    """A Markdown section; the other way's share of it takes minutes."""
    if not (EVAL / "opens2v").is_dir():
        return "## Speed\n\nNot measured: the clips to measure on are not here.\n"
    context = get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as home,
        open_studio(Settings(home=Path(home) / "home")) as studio,
        ProcessPoolExecutor(max_workers=2, mp_context=context) as pool,
    ):
        rows = [_row(clip, studio, pool, Path(home)) for clip in clips(Path(home))]
    cores, load = os.cpu_count(), os.getloadavg()[0]
    return "\n".join(
        [
            "## Speed",
            "",
            f"Seconds for one clip on {cores} cores, median of {TIMES} (the long clip: once). The load average was "
            f"{load:.1f} at the end; this alone would make it about 2.",
            "",
            "| Clip | samecast, whole score | face_recognition's way, the same 32 frames | in two processes "
            "| every frame | Times as fast: 32 frames | two processes | every frame |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            "Every frame, as the package's own video examples do it: the time for 32 frames, scaled up (~).",
            "",
        ]
    )


def clips(folder: Path) -> Iterator[Clip]:
    media = LocalMedia()
    for name in ("stock_clip", "generated_clip"):
        path = EVAL / "opens2v" / f"{name}.mp4"
        yield _clip(media, name.replace("_", " "), path)
    seen = [rgb for _, rgb in media.clip_frames(EVAL / "opens2v" / "stock_clip.mp4", 150)]
    there_and_back = itertools.cycle([*seen, *seen[-2:0:-1]])
    path = folder / "long.mp4"
    media.write_clip(path, itertools.islice(there_and_back, LONG_SECONDS * LONG_RATE), fps=LONG_RATE)
    yield _clip(media, f"stock clip, back and forth for {LONG_SECONDS} s", path)


def _clip(media: LocalMedia, name: str, path: Path) -> Clip:
    frames = tuple(rgb for _, rgb in media.clip_frames(path, JUDGED))
    height, width = frames[0].shape[:2]
    every = media.clip_facts(path).frames
    return Clip(name=f"{name} ({width} x {height}, {every} frames)", path=path, frames=frames, every=every)


def _row(clip: Clip, studio: Studio, pool: ProcessPoolExecutor, folder: Path) -> str:
    character = _cast(clip, studio, folder)
    list(pool.map(encode_all, [clip.frames[:1]] * 2))
    other_way.face_encodings(clip.frames[0])
    times = TIMES if clip.every <= LONG_RATE * LONG_SECONDS / 4 else 1
    ours = timed(lambda: studio.scoring.score_file(character, clip.path), times)
    theirs = timed(lambda: encode_all(clip.frames), times)
    halves = (clip.frames[::2], clip.frames[1::2])
    in_two = timed(lambda: list(pool.map(encode_all, halves)), times)
    every = theirs / len(clip.frames) * clip.every
    return (
        f"| {clip.name} | {ours:.2f} | {theirs:.2f} | {in_two:.2f} | ~{every:.0f} "
        f"| {theirs / ours:.1f} | {in_two / ours:.1f} | {every / ours:.0f} |"
    )


def _cast(clip: Clip, studio: Studio, folder: Path) -> Character:
    """The clip's first frame is the reference; one score before the clock starts, so that everything is loaded."""
    media, reference = LocalMedia(), folder / "reference.png"
    media.write_bytes(reference, media.png(Picture(rgb=clip.frames[0])))
    handle = f"c{clip.every}_{clip.frames[0].shape[0]}"[:15]
    character = studio.casting.add([reference], name=clip.name[:20], handle=handle).character
    studio.scoring.score_file(character, reference)
    return character


def encode_all(frames: Sequence[Pixels]) -> int:
    """How many faces the other way finds and encodes in these frames."""
    return sum(len(other_way.face_encodings(rgb)) for rgb in frames)


def timed(run: Callable[[], object], times: int) -> float:
    """Median seconds of several runs."""
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


if __name__ == "__main__":
    print(measure())
