"""Frames a second of the storyboard at 720x1280, encoding included, beside two yardsticks in the same run.

The yardsticks: x264 alone on ready-made frames (what the encoder leaves to win), and the same baked sheets and figure
composited by MoviePy. Run it with `./run bench storyboard`; nothing is compared with a clock of another day.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import skimage.data

from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.media import LocalMedia
from samecast.models.storyboard import engine as storyboard
from samecast.models.storyboard.camera import Affine, layer_affine
from samecast.models.storyboard.compositor import Set, compose
from samecast.models.storyboard.develop import Sheet
from samecast.ports import Picture, Pixels, Render
from samecast.vision.faces import MediaPipeFaces
from samecast.vision.matte import SubjectMatte

WIDTH, HEIGHT, FPS = 720, 1280, 24
BRIEF = Brief(
    place="neon_street",
    time_of_day="night",
    weather=("heavy rain", "steam"),
    camera="tracking",
    camera_speed="slow",
    performance="walking",
    shallow_focus=True,
    lens_mm=35,
)


def recipe(seed: int, seconds: float) -> Recipe:
    eileen = Member(handle="eileen", name="Eileen", version=1, digest="-", references=("astronaut",))
    return Recipe(
        model="storyboard",
        engine_version=storyboard.VERSION,
        kind="video",
        prompt="the alley of docs/gallery.md",
        brief=BRIEF,
        members=(eileen,),
        width=WIDTH,
        height=HEIGHT,
        seed=seed,
        seconds=seconds,
        fps=FPS,
    )


def timed_clip(frames: Iterator[Pixels], count: int, folder: Path) -> float:
    """Frames a second of reading `frames` and encoding them."""
    path = folder / "clip.mp4"
    begun = time.perf_counter()
    LocalMedia().write_clip(path, frames, fps=FPS)
    return count / (time.perf_counter() - begun)


def moviepy_rate(scene: Set, folder: Path, frames: int) -> float:
    """The same sheets moved and scaled as the camera does it, figure and vignette, composited and encoded by MoviePy.

    MoviePy has no weather, grain or living figure to offer, and fails on sheets that leave the frame: it is spared the
    foreground too, so its clip shows less than ours.
    """
    from moviepy import CompositeVideoClip, ImageClip, VideoClip

    def matrix_at(sheet: Sheet, t: float) -> Affine:
        found = layer_affine(scene.path.at(t), scene.frame, sheet.depth, vanish=scene.vanish)
        assert found is not None  # only sheets that the lens has passed are gone, and those lie nearer than 1
        return compose(found, sheet.to_frame)

    def clip_of(sheet: Sheet) -> VideoClip:
        moving = ImageClip(straight(sheet.pixels)).resized(lambda t: matrix_at(sheet, t)[0, 0])
        return moving.with_position(lambda t: (matrix_at(sheet, t)[0, 2], matrix_at(sheet, t)[1, 2]))

    clips = [clip_of(sheet) for sheet in scene.sheets if sheet.depth > 1]
    for actor in scene.actors:
        canvas = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
        actor.draw(canvas, 0.0, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), 0.0)
        clips.append(ImageClip(straight(canvas)))
    vignette = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    vignette[..., 3] = 40
    clips.append(ImageClip(vignette))
    whole = CompositeVideoClip(clips, size=(WIDTH, HEIGHT)).with_duration(frames / FPS)
    begun = time.perf_counter()
    whole.write_videofile(
        str(folder / "moviepy.mp4"), fps=FPS, codec="libx264", preset="superfast", audio=False, logger=None, threads=2
    )
    return frames / (time.perf_counter() - begun)


def straight(premultiplied: Pixels) -> Pixels:
    alpha = np.maximum(premultiplied[..., 3:], 1).astype(np.float32)
    out = premultiplied.copy()
    out[..., :3] = np.clip(premultiplied[..., :3] * 255.0 / alpha, 0, 255).astype(np.uint8)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    chosen = parser.parse_args()
    engine = storyboard.Storyboard(faces=MediaPipeFaces(), matting=SubjectMatte())
    references = {"astronaut": Picture(rgb=skimage.data.astronaut())}
    count = round(chosen.seconds * FPS)
    ours, encoder, bakes = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in range(chosen.runs):
            begun = time.perf_counter()
            rendered = engine.render(Render(recipe=recipe(seed, chosen.seconds), references=references))
            bakes.append(time.perf_counter() - begun)
            ours.append(timed_clip(rendered.frames, count, folder))
            ready = list(fresh(engine, references, seed))
            encoder.append(timed_clip((ready[i % 24] for i in range(count)), count, folder))
        scene, _ = engine.bake(Render(recipe=recipe(0, chosen.seconds), references=references))
        rival = moviepy_rate(scene, folder, frames=24)
    rate, alone = statistics.median(ours), statistics.median(encoder)
    print(f"{WIDTH}x{HEIGHT}, {count} frames, {os.cpu_count()} cores, median of {chosen.runs} takes")
    print(f"storyboard, encoding included  {rate:6.1f} frames/s   ({min(ours):.1f} to {max(ours):.1f})")
    print(f"x264 alone on ready frames     {alone:6.1f} frames/s   storyboard is {rate / alone:.2f} of it")
    print(f"MoviePy, the same sheets       {rival:6.1f} frames/s   storyboard is {rate / rival:.1f} times as fast")
    print(f"baking a take, once            {statistics.median(bakes):6.2f} s          first {bakes[0]:.2f} s")
    print(f"goals: 24 frames/s {told(rate >= 24)}, 4 times MoviePy {told(rate >= 4 * rival)}")


def told(met: bool) -> str:
    return "met" if met else "MISSED"


def fresh(engine: storyboard.Storyboard, references: dict[str, Picture], seed: int) -> Iterator[Pixels]:
    return engine.render(Render(recipe=recipe(seed, 1.0), references=references)).frames


if __name__ == "__main__":
    main()
