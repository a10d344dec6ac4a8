"""Takes on tiny models: a profile as `samecast models add` would list the folder, but smaller; a recipe; its frames."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from samecast.core.prompt import Brief
from samecast.core.recipe import Member, Recipe
from samecast.models.catalogue import parse_catalogue
from samecast.models.diffusers import entry_for
from samecast.models.diffusers.engine import Diffusers
from samecast.models.diffusers.loading import Loaded
from samecast.models.diffusers.resident import Resident
from samecast.models.diffusers.weights import Depot
from samecast.ports import ModelProfile, Picture, Pixels, Render, Rendered

ASPECT = (4, 3)
SIZES = {"ltx2": (64, 64)}
STEPS = 3
SETUPS: dict[str, dict[str, Any]] = {
    "kontext": {"call": {"_auto_resize": False}},  # else a reference becomes a megapixel, whatever its size
    "sdxl": {"adapter": {"weight": "ip-adapter.safetensors"}},
    "sd15": {"adapter": {"weight": "ip-adapter.safetensors"}},
    "ltx2": {"call": {"stg_scale": 0.0, "audio_stg_scale": 0.0, "max_sequence_length": 64}},
    "wan-animate": {"call": {"segment_frame_length": 9}},
    # What stands for their processors does without torchvision.
    **{name: {"family": {"needs": []}} for name in ("qwen-edit", "flux3", "flux3-distilled", "minimax-h3")},
}
"""What a model's setup says beside its folder."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """`root` holds the models' folders, `home` what engines keep."""

    root: Path
    home: Path
    resident: Resident[Loaded]

    def folder(self, name: str) -> Path:
        from tests.models.diffusers import tiny

        folder = self.root / name
        return folder if folder.exists() else tiny.build(name, folder)

    def profile(self, name: str, *, options: bool = False, **setup: Any) -> ModelProfile:
        """`options`: with those of its entry; without, a few steps are all that is set."""
        folder = self.folder(name)
        profile = parse_catalogue(entry_for(folder, model=f"tiny-{name}"))[f"tiny-{name}"]
        more = {**SETUPS.get(name, {}), **setup}
        if "adapter" in more:
            more["adapter"] = {"folder": str(folder / "adapter"), **more["adapter"]}
        sizes = {ASPECT: SIZES.get(name, (64, 48))}
        return replace(
            profile,
            aspects=(ASPECT,),
            still_sizes=sizes,
            clip_sizes=sizes,
            references=4 if "adapter" in more else profile.references,
            max_seconds=max(1.0, profile.min_seconds) if "video" in profile.kinds else 0.0,
            options=profile.options if options else (),
            setup={"folder": str(folder), "defaults": {"steps": STEPS}, **more},
        )

    def engine(self, profile: ModelProfile) -> Diffusers:
        return Diffusers(profile, depot=Depot(self.home / "diffusers"), resident=self.resident)

    def loaded(self) -> Loaded:
        """What is loaded just now."""

        def never() -> Loaded:
            raise AssertionError("it is not loaded")

        return self.resident.hold(self.resident.holds, never)

    def motion(self, name: str, frames: int) -> None:
        """A driving clip in the engines' home."""
        folder = self.home / "diffusers" / "motions" / name
        folder.mkdir(parents=True)
        for number, file in enumerate(("pose.mp4", "face.mp4")):
            write_clip(folder / file, frames, shade=60 + 90 * number)


def write_clip(file: Path, frames: int, *, shade: int) -> None:
    with av.open(str(file), "w") as clip:
        stream = clip.add_stream("mpeg4", rate=16)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            pixels = np.full((48, 64, 3), (shade + 5 * number) % 256, np.uint8)
            clip.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        clip.mux(stream.encode())


def ordered(profile: ModelProfile, given: list[Picture], /, **more: Any) -> tuple[Recipe, dict[str, Picture]]:
    """A recipe of one character who has these pictures, and its references by sha256. `more`: fields to change."""
    named = {hashlib.sha256(picture.rgb.tobytes()).hexdigest(): picture for picture in given}
    video = "video" in profile.kinds
    size = profile.size(profile.kinds[0], ASPECT)
    assert size is not None
    members = (Member(handle="mira", name="Mira", version=1, digest="", references=tuple(named)),) if named else ()
    recipe = Recipe(
        model=profile.id,
        engine_version="1",
        kind="video" if video else "image",
        prompt="@mira in the rain",
        brief=Brief(),
        members=members,
        width=size[0],
        height=size[1],
        seed=5,
        seconds=profile.min_seconds if video else 0.0,
        fps=profile.fps if video else 0,
        compiled="the woman in the rain",
        pictures=tuple(named),
    )
    return replace(recipe, **more), named


def render(engine: Diffusers, recipe: Recipe, references: dict[str, Picture], **more: Any) -> Rendered:
    return engine.render(Render(recipe=recipe, references=references, **more))


def make(engine: Diffusers, recipe: Recipe, references: dict[str, Picture], **more: Any) -> list[Pixels]:
    """The take's frames."""
    return list(render(engine, recipe, references, **more).frames)


def same(first: list[Pixels], second: list[Pixels]) -> bool:
    """Whether two takes are equal, pixel by pixel."""
    return len(first) == len(second) and all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
