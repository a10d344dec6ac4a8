"""The storyboard: the embedded engine. A recipe and a reference become an animatic, offline, for nothing, repeatably.

It works from the reference's own pixels, so its likeness is by design and proves nothing; its profile says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from samecast.core.recipe import Member, Recipe
from samecast.models.storyboard.actor import Actor, cast_actor
from samecast.models.storyboard.compositor import Finish, Set, render_frame
from samecast.models.storyboard.cutout import Cutout, cut_out
from samecast.models.storyboard.develop import develop
from samecast.models.storyboard.framing import Figure, Placement, Wish, figure_of, place
from samecast.models.storyboard.scene import Scene, Setting
from samecast.models.storyboard.scenes import painter_for
from samecast.models.storyboard.scenes.palettes import load_palette
from samecast.models.storyboard.staging import Staging, stage
from samecast.models.storyboard.style import styled, undrawn
from samecast.models.storyboard.weather import bake_weather
from samecast.ports import FaceReader, Matting, Picture, Pixels, Render, Rendered

VERSION = "1"
"""Changes whenever equal recipes would give other pixels."""
KEPT_CUTOUTS = 8
"""Cut-outs kept between takes: they depend on the reference alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    member: Member
    cutout: Cutout
    placement: Placement


class Storyboard:
    """`ports.Engine`. Needs someone who finds faces and someone who cuts subjects out."""

    def __init__(self, *, faces: FaceReader, matting: Matting) -> None:
        self._faces = faces
        self._matting = matting
        self._cutouts: dict[str, Cutout] = {}

    @property
    def version(self) -> str:
        return VERSION

    def render(self, order: Render) -> Rendered:
        """Stage, paint and light at once; the frames are composited as they are read."""
        taken, notes = self.bake(order)
        return Rendered(frames=_frames(taken, order.recipe), notes=notes)

    def bake(self, order: Render) -> tuple[Set, tuple[str, ...]]:
        """All that is done once a take, and the notes about what could not be done as asked."""
        recipe, staging = order.recipe, stage(order.recipe)
        order.on_step("cut out", 0, 4)
        cutouts = [self._cutout(member, order.references) for member in recipe.members]
        order.on_step("paint", 1, 4)
        scene, known = _painted(staging, recipe)
        order.on_step("light", 2, 4)
        placed = _stand(recipe.members, cutouts, staging, scene)
        actors = [_actor(entry, scene, staging, recipe, index) for index, entry in enumerate(placed)]
        order.on_step("develop", 3, 4)
        taken = _taken(scene, staging, actors)
        order.on_step("develop", 4, 4)
        return taken, _notes(recipe, known, placed)

    def _cutout(self, member: Member, references: dict[str, Picture]) -> Cutout:
        """The strongest cut-out of a member: the first reference, which leads the others."""
        sha256 = member.references[0]
        if sha256 not in self._cutouts:
            picture = references[sha256]
            faces = self._faces.faces(picture.rgb)
            while len(self._cutouts) >= KEPT_CUTOUTS:
                self._cutouts.pop(next(iter(self._cutouts)))
            self._cutouts[sha256] = cut_out(picture, self._matting.matte(picture, faces), faces)
        return self._cutouts[sha256]


def _painted(staging: Staging, recipe: Recipe) -> tuple[Scene, bool]:
    painter, known = painter_for(staging.place)
    setting = Setting(
        frame=staging.frame,
        time=staging.time,
        weather=staging.weather,
        palette=load_palette(staging.place if known and staging.place else "studio", staging.time),
        dice=np.random.default_rng(staging.scene_seed),
    )
    return styled(painter(setting), recipe.brief), known


def _stand(members: Sequence[Member], cutouts: Sequence[Cutout], staging: Staging, scene: Scene) -> list[_Placed]:
    """Place every figure, the first in front; those behind may hide their cut edges behind those in front."""
    front: list[tuple[Figure, Placement]] = []
    placed = []
    for member, cutout, across in zip(members, cutouts, staging.across, strict=False):
        figure = figure_of(cutout)
        wish = Wish(
            size=staging.size,
            asked=staging.size_asked,
            across=across,
            reach=staging.path.reach(),
            ground=scene.ground,
            larger=staging.larger,
        )
        placement = place(figure, staging.frame, wish, behind=front)
        front.append((figure, placement))
        placed.append(_Placed(member=member, cutout=cutout, placement=placement))
    return placed[::-1]


def _actor(entry: _Placed, scene: Scene, staging: Staging, recipe: Recipe, index: int) -> Actor:
    return cast_actor(
        entry.cutout,
        entry.placement.to_frame,
        scene,
        staging,
        action=f"{recipe.brief.performance or ''} {recipe.brief.action or ''}".strip(),
        seconds=recipe.seconds,
        number=index,
    )


def _taken(scene: Scene, staging: Staging, actors: Sequence[Actor]) -> Set:
    dice = np.random.default_rng(staging.finish_seed)
    colours = tuple(light.colour for light in scene.lights if light.role != "fill")
    return Set(
        frame=staging.frame,
        sheets=develop(scene, staging.frame, staging.lens, fog=0.0 if scene.indoors else staging.fog),
        actors=actors,
        air=bake_weather(
            () if scene.indoors else staging.weather,
            staging.frame,
            dice,
            light_colours=colours,
            ambient=scene.ambient,
        ),
        path=staging.path,
        vanish=(scene.vanish_x, scene.horizon),
        finish=Finish(staging.frame, dice),
    )


def _frames(taken: Set, recipe: Recipe) -> Iterator[Pixels]:
    for index in range(recipe.frames):
        yield render_frame(taken, index, index / recipe.fps if recipe.fps else 0.0)


def _notes(recipe: Recipe, known: bool, placed: Sequence[_Placed]) -> tuple[str, ...]:
    notes: list[str] = []
    if not known:
        words = recipe.brief.place_words
        if words:
            notes.append(f"The storyboard does not know the place '{words}': drawn as a plain studio.")
        else:
            notes.append("The prompt names no place that the storyboard knows: drawn as a plain studio.")
    if styles := undrawn(recipe.brief):
        notes.append(f"The storyboard cannot draw the style {', '.join(styles).replace('_', ' ')}: left out.")
    for entry in reversed(placed):
        notes += [f"@{entry.member.handle}: {note}" for note in entry.placement.notes]
    return tuple(notes)
