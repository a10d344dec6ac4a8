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
    subject: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    shadows: Colour = (0.0, 0.0, 0.0)
    highlights: Colour = (0.0, 0.0, 0.0)
    bloom: float = 0.0
    key: float = 1.0
    rim: float = 1.0
    fill: float = 1.0
    halo: float = 0.0
    glow: Colour = (0.0, 0.0, 0.0)
    gel: Colour = (0.0, 0.0, 0.0)
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
    # "At golden hour" is an hour, a warm light and a warm style in one: the hour's own palette is warm already.
    if brief.time_of_day == "golden hour":
        wanted = [key for key in wanted if key not in (("style", "golden_warm"), ("light", "warm"))]
    for look in (looks()[key] for key in wanted if key in looks()):
        scene = replace(
            scene,
            grade=_mixed(scene.grade, look),
            lights=(*(_relit(light, look) for light in scene.lights), *_halo(scene.lights, look), *_flame(look)),
            subject_exposure=scene.subject_exposure + look.subject,
        )
    gels = [looks()[key].gel for key in wanted if key in looks() and any(looks()[key].gel)]
    return replace(scene, lights=_gelled(scene.lights, gels)) if gels else scene


def without_colour(scene: Scene) -> Scene:
    """The scene in black and white: a black-and-white figure in a coloured place would be a statue."""
    return replace(scene, grade=replace(scene.grade, saturation=0.0))


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


def _halo(lights: tuple[Light, ...], look: Look) -> tuple[Light, ...]:
    """A source straight behind the figure edges it on both sides."""
    behind = [light for light in lights if light.role == "rim"] or [light for light in lights if light.role == "key"]
    if look.halo <= 0 or not behind:
        return ()
    colour = max(behind, key=lambda light: light.strength).colour
    return tuple(
        Light(colour=colour, strength=look.halo, direction=(side * 0.8, 0.4, -0.45), role="rim") for side in (-1, 1)
    )


def _gelled(lights: tuple[Light, ...], gels: list[Colour]) -> tuple[Light, ...]:
    """Coloured lights from the sides, the first named from the left; what edged the figure before gives way."""
    own = [replace(light, strength=light.strength * 0.25) if light.role == "rim" else light for light in lights]
    for index, colour in enumerate(gels):
        side = -1.0 if index % 2 == 0 else 1.0
        own.append(Light(colour=colour, strength=1.6, direction=(side * 0.9, 0.2, -0.45), role="rim"))
        own.append(Light(colour=colour, strength=0.45, direction=(side * 0.95, 0.1, 0.3), role="key"))
    return tuple(own)


def _flame(look: Look) -> tuple[Light, ...]:
    """A small near source, low before the figure: a fire, a candle."""
    if not any(look.glow):
        return ()
    near = Light(colour=look.glow, strength=1.1, direction=(0.55, -0.25, 0.8), role="key", flicker=look.flicker)
    edge = Light(colour=look.glow, strength=0.5, direction=(0.9, -0.1, -0.3), role="rim", flicker=look.flicker)
    return near, edge


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
