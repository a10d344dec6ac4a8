"""The storyboard: the embedded engine. A recipe and a reference become an animatic, offline, for nothing, repeatably.

It works from the reference's own pixels, so its likeness is by design and proves nothing; its profile says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samecast.core.recipe import Member, Recipe
from samecast.models.storyboard.actor import Actor, cast_actor
from samecast.models.storyboard.compositor import Finish, Set, clear_of_middle, render_frames
from samecast.models.storyboard.cutout import Cutout, cut_out, within_reach
from samecast.models.storyboard.develop import develop
from samecast.models.storyboard.framing import Figure, Placement, Wish, figure_of, look_room, place_all, softened
from samecast.models.storyboard.scene import Scene, Setting
from samecast.models.storyboard.scenes import painter_for
from samecast.models.storyboard.scenes.palettes import load_palette
from samecast.models.storyboard.staging import Staging, stage
from samecast.models.storyboard.style import styled, undrawn, without_colour
from samecast.models.storyboard.weather import bake_weather
from samecast.ports import FaceReader, Matting, Picture, Render, Rendered

VERSION = "1"
"""Changes whenever equal recipes would give other pixels."""
OUTDOORS = ("rain", "heavy rain", "snow", "fog", "dust")
"""Weather that stays outside where the place has a roof; steam does not."""
KEPT_CUTOUTS = 8
"""Cut-outs kept between takes: they depend on the reference alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    member: Member
    index: int
    cutout: Cutout
    figure: Figure
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

    def check(self) -> None:
        """Nothing keeps it from working: all it needs is installed with samecast."""

    def render(self, order: Render) -> Rendered:
        """Stage, paint and light at once; the frames are composited as they are read."""
        taken, notes = self.bake(order)
        return Rendered(frames=render_frames(taken, order.recipe.frames, order.recipe.fps), notes=notes)

    def bake(self, order: Render) -> tuple[Set, tuple[str, ...]]:
        """All that is done once a take, and the notes about what could not be done as asked."""
        recipe, staging = order.recipe, stage(order.recipe)
        order.on_step("cut out", 0, 4)
        cutouts = [self._cutout(member, order.references) for member in recipe.members]
        order.on_step("paint", 1, 4)
        scene, known = _painted(staging, recipe)
        if any(cutout.grey for cutout in cutouts):
            scene = without_colour(scene)
        order.on_step("light", 2, 4)
        placed = _stand(recipe.members, cutouts, staging, scene)
        actors = [_actor(entry, scene, staging, recipe) for entry in placed]
        order.on_step("develop", 3, 4)
        taken = _taken(scene, staging, actors)
        order.on_step("develop", 4, 4)
        kept_out = [kind for kind in staging.weather if scene.indoors and kind in OUTDOORS]
        return taken, _notes(recipe, known, placed, kept_out)

    def _cutout(self, member: Member, references: Mapping[str, Picture]) -> Cutout:
        """The strongest cut-out of a member: the first reference, which leads the others."""
        sha256 = member.references[0]
        if sha256 not in self._cutouts:
            picture = within_reach(references[sha256])
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
    """Place every figure; those in front come last, as they are drawn."""
    figures = [figure_of(cutout) for cutout in cutouts][: len(staging.across)]
    alone = len(figures) == 1
    wishes = [
        Wish(
            size=staging.size,
            asked=staging.size_asked,
            across=look_room(across, figure.yaw) if alone else across,
            reach=staging.path.reach(),
            ground=scene.ground,
            larger=staging.larger,
        )
        for figure, across in zip(figures, staging.across, strict=False)  # nobody has a place too
    ]
    placements, order = place_all(figures, staging.frame, wishes)
    return [
        _Placed(
            member=members[index],
            index=index,
            cutout=softened(cutouts[index], placements[index], staging.frame),
            figure=figures[index],
            placement=placements[index],
        )
        for index in order
    ]


def _actor(entry: _Placed, scene: Scene, staging: Staging, recipe: Recipe) -> Actor:
    return cast_actor(
        entry.cutout,
        entry.placement.to_frame,
        scene,
        staging,
        action=f"{recipe.brief.performance or ''} {recipe.brief.action or ''}".strip(),
        seconds=recipe.seconds,
        number=entry.index,
        stands=entry.figure.grounded,
    )


def _taken(scene: Scene, staging: Staging, actors: Sequence[Actor]) -> Set:
    dice, vanish = np.random.default_rng(staging.finish_seed), (scene.vanish_x, scene.horizon)
    colours = tuple(light.colour for light in scene.lights if light.role != "fill")
    return Set(
        frame=staging.frame,
        sheets=clear_of_middle(
            develop(scene, staging.frame, staging.lens, fog=0.0 if scene.indoors else staging.fog),
            staging.path,
            staging.frame,
            vanish=vanish,
        ),
        actors=actors,
        air=bake_weather(
            tuple(kind for kind in staging.weather if not (scene.indoors and kind in OUTDOORS)),
            staging.frame,
            dice,
            light_colours=colours,
            ambient=scene.ambient,
            ground=None if scene.indoors else (scene.horizon + 0.3 * (1.0 - scene.horizon), 0.98),
        ),
        path=staging.path,
        vanish=vanish,
        finish=Finish(staging.frame, dice),
    )


def _notes(recipe: Recipe, known: bool, placed: Sequence[_Placed], kept_out: Sequence[str]) -> tuple[str, ...]:
    notes: list[str] = []
    if not known:
        words = recipe.brief.place_words
        if words:
            notes.append(f"The storyboard does not know the place '{words}': drawn as a plain studio.")
        else:
            notes.append("The prompt names no place that the storyboard knows: drawn as a plain studio.")
    if styles := undrawn(recipe.brief):
        notes.append(f"The storyboard cannot draw the style {', '.join(styles).replace('_', ' ')}: left out.")
    if kept_out:
        notes.append(f"The place has a roof: {' and '.join(kept_out)} left outside.")
    if any(entry.cutout.grey for entry in placed):
        notes.append("The reference is black and white, so the take is: the storyboard invents no colours.")
    for entry in sorted(placed, key=lambda entry: entry.index):
        notes += [f"@{entry.member.handle}: {note}" for note in entry.placement.notes]
    return tuple(notes)
