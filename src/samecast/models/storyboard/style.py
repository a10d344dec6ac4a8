"""Styles and kinds of light that a prompt asks for, as changes to a scene's grade and lights (looks.toml has them).

A style that is not there cannot be drawn, and `undrawn` names it: nothing is pretended.
"""

import functools
import tomllib
from dataclasses import dataclass, replace
from importlib import resources

from samecast.core.prompt import Brief
from samecast.models.storyboard.scene import Colour, Grade, Light, Scene

WARM: Colour = (1.12, 1.0, 0.80)
COLD: Colour = (0.84, 0.98, 1.14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One entry of looks.toml; its head comment says what each number does."""

    exposure: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    shadows: Colour = (0.0, 0.0, 0.0)
    highlights: Colour = (0.0, 0.0, 0.0)
    bloom: float = 0.0
    key: float = 1.0
    rim: float = 1.0
    fill: float = 1.0
    warmth: float = 0.0
    flicker: float = 0.0


@functools.cache
def looks() -> dict[tuple[str, str], Look]:
    """Every look by ("style" or "light", lexicon id)."""
    text = resources.files("samecast.models.storyboard").joinpath("looks.toml").read_text(encoding="utf-8")
    return {
        (family, name): _look(entry)
        for family, entries in tomllib.loads(text).items()
        for name, entry in entries.items()
    }


def styled(scene: Scene, brief: Brief) -> Scene:
    """The scene with every style and light of the brief that there is a look for."""
    wanted = [("style", style) for style in brief.style] + [("light", light) for light in brief.light]
    for look in (looks()[key] for key in wanted if key in looks()):
        scene = replace(
            scene,
            grade=_mixed(scene.grade, look),
            lights=tuple(_relit(light, look) for light in scene.lights),
        )
    return scene


def undrawn(brief: Brief) -> tuple[str, ...]:
    """The brief's styles that the storyboard has no look for."""
    return tuple(style for style in brief.style if ("style", style) not in looks())


def _look(entry: dict[str, float | list[float]]) -> Look:
    numbers = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Look(**numbers)  # type: ignore[arg-type]  # tomllib gives what looks.toml holds; a test reads them all


def _mixed(grade: Grade, look: Look) -> Grade:
    return Grade(
        exposure=grade.exposure + look.exposure,
        contrast=grade.contrast * look.contrast,
        saturation=grade.saturation * look.saturation,
        shadows=_sum(grade.shadows, look.shadows),
        highlights=_sum(grade.highlights, look.highlights),
        bloom=max(grade.bloom, look.bloom),
    )


def _sum(a: Colour, b: Colour) -> Colour:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _relit(light: Light, look: Look) -> Light:
    factor = {"key": look.key, "rim": look.rim, "fill": look.fill}[light.role]
    tint, share = (WARM, look.warmth) if look.warmth >= 0 else (COLD, -look.warmth)
    r, g, b = (value * (1 + (t - 1) * share) for value, t in zip(light.colour, tint, strict=True))
    return replace(
        light,
        colour=(min(1.0, r), min(1.0, g), min(1.0, b)),
        strength=light.strength * factor,
        flicker=max(light.flicker, look.flicker if light.role != "fill" else 0.0),
    )
