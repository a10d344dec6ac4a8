"""Clips of any kind: cuts found and missed, odd clips and what is said of each, and ten minutes within its memory.

Cuts are measured on footage made from photographs, where their places are known; what `samecast score` says, by running
it. Run alone by `python -m benchmarks.measuring.clips`.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage.data
import skimage.io
from benchmarks.footage import Footage, ShotPlan, Truth, View, photographs, plan, seen
from benchmarks.odd_clips import FPS, cut_short, damaged, encode, no_frames, one_frame, sound, turned, variable_rate

from samecast.media import LocalMedia
from samecast.ports import Pixels

EVAL = Path(__file__).resolve().parents[3] / "shared" / "eval"
MEMORY_LIMIT = 1.5
"""GB that ten minutes may take."""
SEEDS = range(5000, 5016)
"""Made clips whose cuts are counted; the limits in `media.cutting` were chosen on others."""


def measure() -> str:
    """The part of the report that is about clips, in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [_cuts(folder), _real_clips(), _odd_clips(folder), _ten_minutes(folder)]
    return "\n\n".join(["## Clips", *parts])


# --- cuts -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Count:
    found: int = 0
    missed: int = 0
    invented: int = 0

    def add(self, truth: Truth, cuts: Sequence[int]) -> None:
        wanted, given = set(truth.cuts), set(cuts)
        self.found += len(wanted & given)
        self.missed += len(wanted - given)
        # One cut within a dissolve or a fade is a matter of taste; a second one there is none.
        excused = {span for span in truth.soft if any(span[0] <= cut <= span[1] + 1 for cut in given - wanted)}
        self.invented += len(given - wanted) - len(excused)

    @property
    def words(self) -> str:
        given = self.found + self.invented
        return (
            f"{self.found} of {self.found + self.missed} found (recall {self.found / (self.found + self.missed):.3f}), "
            f"{self.invented} invented (precision {self.found / given if given else 1:.3f})"
        )


def _cuts(folder: Path) -> str:
    pictures = photographs()
    count, frames, seconds = _Count(), 0, 0.0
    media = LocalMedia()
    for number, seed in enumerate(SEEDS):
        made = plan(pictures, seed)
        path = encode(folder / "cuts.mp4", made.frames(), options={"crf": str((20, 28, 35)[number % 3])})
        begun = time.perf_counter()
        cutting = media.read_through(path)
        seconds += time.perf_counter() - begun
        frames += cutting.frames
        count.add(made.truth, [round(cut * FPS) for cut in cutting.cuts])
    return (
        "### Cuts\n\n"
        f"{len(SEEDS)} clips of 12 shots, 320 x 180, x264 at CRF 20 to 35, made from scikit-image's photographs: pans, "
        "zooms, whip pans, unrest of the hand, passers-by, flashes, fades, dissolves, rain, grain, and a quarter of "
        f"the cuts within one scene. Exact to the frame: {count.words}; {frames / seconds:.0f} frames a second."
    )


def _real_clips() -> str:
    if not EVAL.is_dir():
        return "Real clips: not measured, because the clips to measure on are not here."
    rows = ["| Clip | Cuts (by eye: none) | Flicker | Frozen |", "|---|---|---|---|"]
    for name in ("stock_clip.mp4", "generated_clip.mp4"):
        cutting = LocalMedia().read_through(EVAL / "opens2v" / name)
        rows.append(f"| {name} | {len(cutting.cuts)} | {cutting.flicker or 0:.2f} | {cutting.frozen or 0:.2f} |")
    return "\n".join(rows)


# --- what `samecast score` says ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    status: int
    seconds: float
    out: str
    err: str


def _samecast(home: Path, *arguments: str) -> _Run:
    begun = time.perf_counter()
    # The console script beside this interpreter: the command that people run.
    done = subprocess.run(
        [str(Path(sys.executable).with_name("samecast")), *arguments],
        env={**os.environ, "SAMECAST_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return _Run(done.returncode, time.perf_counter() - begun, done.stdout, done.stderr)


def _home_with_astronaut(folder: Path) -> Path:
    home = folder / "home"
    reference = folder / "astronaut.png"
    if not reference.exists():
        skimage.io.imsave(reference, skimage.data.astronaut())
        added = _samecast(home, "cast", "add", str(reference), "--name", "Eileen", "--handle", "eileen", "--json")
        if added.status:
            raise RuntimeError(f"the reference could not be added: {added.err.strip()}")
    return home


def _verdict(run: _Run) -> tuple[str, str]:
    """The verdict and the sentence of the first character of the first file, or the error's line."""
    try:
        file = json.loads(run.out)["files"][0]
    except (ValueError, LookupError):
        return "refused", " ".join(run.err.split())
    return file["verdict"], file["reason"]


def portrait(frames: int, width: int = 640, height: int = 480) -> list[Pixels]:
    """The astronaut's head, slowly coming closer."""
    start, end = View(x=0.45, y=0.3, width=0.9), View(x=0.45, y=0.28, width=0.75)
    shot = ShotPlan(picture=photographs()[0], frames=frames, start=start, end=end)
    return list(Footage(shots=(shot,), width=width, height=height).frames())


def _at_the_end(folder: Path) -> Path:
    """Nineteen seconds of a cup of coffee, one of the astronaut."""
    coffee = ShotPlan(picture=photographs()[2], frames=19 * FPS, start=View(), end=View(x=0.4))
    frames = [*Footage(shots=(coffee,), width=640, height=480).frames(), *portrait(FPS)]
    return encode(folder / "face at the end.mp4", frames)


def _crowd(folder: Path) -> Path | None:
    """Twelve photographs of people side by side and a camera that pans over them, the astronaut among them."""
    if not EVAL.is_dir():
        return None
    people = [LocalMedia().read_picture(path).rgb for path in sorted((EVAL / "azure-face").glob("*Family*.jpg"))[:11]]
    faces = [_square(picture) for picture in [photographs()[0], *people]]
    wall = np.vstack([np.hstack(faces[row : row + 4]) for row in (0, 4, 8)])
    shot = ShotPlan(picture=wall, frames=2 * FPS, start=View(width=1.25), end=View(width=1.2))
    return encode(folder / "crowd.mp4", Footage(shots=(shot,), width=1280, height=960).frames())


def _square(picture: Pixels) -> Pixels:
    side = min(picture.shape[:2])
    left = (picture.shape[1] - side) // 2
    cut = np.ascontiguousarray(picture[:side, left : left + side])
    return np.asarray(cv2.resize(cut, (320, 320), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _odd_clips(folder: Path) -> str:
    home = _home_with_astronaut(folder)
    frames = portrait(48)
    makers: dict[str, Callable[[], Path | None]] = {
        "whole": lambda: encode(folder / "whole.mp4", frames),
        "damaged in the middle": lambda: damaged(folder, frames),
        "cut short": lambda: cut_short(folder, frames),
        "a face only in the last second of 20": lambda: _at_the_end(folder),
        "a crowd": lambda: _crowd(folder),
        "variable frame rate": lambda: variable_rate(folder, frames),
        "rotated phone video": lambda: turned(90)(folder, frames),
        "1 frame": lambda: one_frame(folder, frames),
        "0 frames": lambda: no_frames(folder, frames),
        "audio only": lambda: sound(folder, "sound.mp4", "aac"),
    }
    rows = ["| Clip | Exit status | Verdict | In its own words |", "|---|---|---|---|"]
    for name, make in makers.items():
        path = make()
        if path is None:
            rows.append(f"| {name} | | | not measured: the pictures to measure on are not here |")
            continue
        run = _samecast(home, "score", "@eileen", str(path), "--json")
        verdict, sentence = _verdict(run)
        rows.append(f"| {name} | {run.status} | {verdict} | {sentence.replace(str(folder) + os.sep, '')} |")
    return "### Odd clips\n\nThe astronaut's photograph as the reference, and clips of it.\n\n" + "\n".join(rows)


# --- ten minutes ------------------------------------------------------------------------------------------------


def ten_minutes(path: Path, minutes: float = 10.0) -> Path:
    """A clip of 1280 x 720 at 24 frames a second: a cut every five seconds, the astronaut in every other shot."""

    def frames() -> Iterator[Pixels]:
        pictures = [picture for picture in photographs() if picture.shape[1] < 1000]
        for number in range(round(minutes * 12)):
            face = number % 2 == 0
            picture = pictures[0] if face else pictures[1 + number // 2 % (len(pictures) - 1)]
            width = 1.1 if face else 0.8
            for step in range(5 * FPS):
                view = View(x=0.45 + 0.0005 * step, y=0.35, width=width - 0.001 * step)
                yield seen(picture, view, 1280, 720)

    return encode(path, frames())


def _ten_minutes(folder: Path) -> str:
    home = _home_with_astronaut(folder)
    path = ten_minutes(folder / "ten minutes.mp4")
    before = _peak()
    run = _samecast(home, "score", "@eileen", str(path), "--json")
    peak = _peak()
    verdict, sentence = _verdict(run)
    # The kernel keeps the largest of all children: those before were small clips, so a larger one is this one.
    within = "within" if peak <= MEMORY_LIMIT else "ABOVE"
    return (
        "### Ten minutes\n\n"
        f"1280 x 720, 24 frames a second, {path.stat().st_size / 1e6:.0f} MB, 119 cuts: {run.seconds:.0f} s, at most "
        f"{peak:.2f} GB of memory ({within} the limit of {MEMORY_LIMIT} GB; the clips above took up to "
        f"{before:.2f} GB). "
        f"Exit status {run.status}, {verdict}: {sentence}"
    )


def _peak() -> float:
    """GB that the largest child so far has held."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e9


if __name__ == "__main__":
    print(measure())
