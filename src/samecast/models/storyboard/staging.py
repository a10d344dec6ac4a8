"""From a recipe to decisions: place, hour, lens, camera, composition and dice. Pure: equal recipes, equal staging."""

import hashlib
from dataclasses import dataclass

import numpy as np

from samecast.core.prompt import Brief, ShotSize, TimeOfDay, Weather
from samecast.core.recipe import Recipe
from samecast.models.storyboard.camera import CameraPath, choose_path
from samecast.models.storyboard.develop import Lens
from samecast.models.storyboard.scene import Frame

NIGHT_PLACES = {"neon_street", "bar", "stage", "spacecraft"}
FOG = {"fog": 0.22, "steam": 0.06, "dust": 0.22, "heavy rain": 0.16, "rain": 0.07, "snow": 0.12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """All choices of one take."""

    frame: Frame
    place: str | None
    time: TimeOfDay
    weather: tuple[Weather, ...]
    fog: float
    lens: Lens
    size: ShotSize
    size_asked: bool
    across: tuple[float, ...]
    larger: float
    path: CameraPath
    scene_seed: int
    performance_seed: int
    finish_seed: int


def stage(recipe: Recipe) -> Staging:
    """Decide everything a take needs from its brief and seed."""
    brief, frame = recipe.brief, Frame(width=recipe.width, height=recipe.height)
    dice = np.random.default_rng(_seed(recipe.seed, "staging"))
    size: ShotSize = brief.shot_size or ("medium close-up" if frame.portrait else "medium")
    return Staging(
        frame=frame,
        place=brief.place,
        time=brief.time_of_day or ("night" if brief.place in NIGHT_PLACES else "day"),
        weather=brief.weather,
        fog=min(0.8, sum(FOG.get(kind, 0.0) for kind in brief.weather) + 0.02),
        lens=Lens(aperture=_aperture(brief, size)),
        size=size,
        size_asked=brief.shot_size is not None,
        across=_across(len(recipe.members), dice),
        larger=float(dice.uniform(0.92, 1.10)),
        path=choose_path(brief, video=recipe.kind == "video", seconds=recipe.seconds, dice=dice),
        scene_seed=_seed(recipe.seed, "scene"),
        performance_seed=_seed(recipe.seed, "performance"),
        finish_seed=_seed(recipe.seed, "finish"),
    )


def _seed(seed: int, purpose: str) -> int:
    """Independent dice for every purpose, so that one more roll in one place changes no other."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:8], "big")


def _aperture(brief: Brief, size: ShotSize) -> float:
    """Blur at infinity, as a fraction of the frame's height: longer lenses and closer shots blur more."""
    closeness = {"extreme close-up": 1.7, "close-up": 1.4, "medium close-up": 1.15, "medium": 1.0}.get(size, 0.6)
    lens = (brief.lens_mm or 40) / 40
    wanted = 0.0042 * closeness * min(2.2, max(0.5, lens))
    return wanted * (1.7 if brief.shallow_focus else 1.0)


def _across(count: int, dice: np.random.Generator) -> tuple[float, ...]:
    """Where the figures stand across the frame: one near the middle or a third, two on either side."""
    if count <= 1:
        side = float(dice.choice([-1.0, 0.0, 1.0], p=[0.35, 0.3, 0.35]))
        return (0.5 + side * float(dice.uniform(0.05, 0.11)),)
    spread = float(dice.uniform(0.20, 0.25))
    return tuple(0.5 + spread * (2 * i / (count - 1) - 1) for i in range(count))
