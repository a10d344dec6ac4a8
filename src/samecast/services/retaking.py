"""Retakes: a new shot from a take that is kept. Again like it, a variation of it, or the same on another model.

Each is laid out as plans to be begun by `Shooting.start(*plans)`; nothing is stored or made before. What a plan is, and
whether a model can make it, is `shooting`'s and `ordering`'s to say.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from samecast.core.errors import InvalidInput
from samecast.core.recipe import Recipe
from samecast.ports import AssetStore, ModelProfile, WorkRepository
from samecast.services.keyframing import Keyframing
from samecast.services.making import Models, find_model
from samecast.services.ordering import Order
from samecast.services.shooting import Plan, Shooting

Plans: TypeAlias = tuple[Plan, ...]
"""The shot's plan and, where its first frame has to be made before, that one's after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retaking:
    """Takes are named by their ids, whatever became of them. `under`: the folder that the new shot's own is made in.

    Raises `NotFound` for a take, model, character or picture that is not here, `InvalidInput` for what the model does
    not make, and what keeps the model from being used.
    """

    work: WorkRepository
    shooting: Shooting
    keyframing: Keyframing
    assets: AssetStore
    models: Models

    def again(self, take_id: str, *, takes: int = 1, out: Path | None = None, under: Path | None = None) -> Plans:
        """The very recipe with new seeds: who is in it looks as it did then, changed, archived or removed since."""
        recipe = self.work.take(take_id).recipe
        profile = find_model(self.models, recipe.model)[0]
        if profile.keyframe and recipe.kind == "video" and not recipe.first_frame:
            raise InvalidInput(
                f"The take {take_id} had no first frame yet, and {profile.id} animates one.",
                hint="Shoot its prompt anew.",
            )
        return (self.shooting.plan_again(recipe, takes, out=out, under=under),)

    def vary(self, take_id: str, *, takes: int = 1, out: Path | None = None, under: Path | None = None) -> Plans:
        """The same prompt, pictures and options with new seeds, and who is in it as they look now."""
        recipe = self.work.take(take_id).recipe
        profile = find_model(self.models, recipe.model)[0]
        known = {option.name for option in profile.options}
        gone = [name for name, _ in recipe.options if name not in known]
        options = {name: value for name, value in recipe.options if name in known}
        notes = [f"It has no option {name} any more, so that is left out." for name in gone]
        order = Order(prompt=recipe.prompt, model=profile.id, takes=takes, out=out, under=under, options=options)
        return self._laid(order, recipe, profile, notes)

    def on(
        self, take_id: str, model: str, *, takes: int | None = None, out: Path | None = None, under: Path | None = None
    ) -> Plans:
        """The same on another model: what it takes of it is carried over, and a note says what it does not take.

        Who is in it is given as they look now. `takes`: as many as usual if left out.
        """
        recipe = self.work.take(take_id).recipe
        profile = find_model(self.models, model)[0]
        notes = list(self._left_behind(recipe, profile))
        takes_negative = any(option.name == "negative" for option in profile.options)
        options = {name: text for name, text in recipe.options if name == "negative" and takes_negative}
        order = Order(prompt=recipe.prompt, model=profile.id, takes=takes, out=out, under=under, options=options)
        return self._laid(order, recipe, profile, notes)

    def _laid(self, order: Order, recipe: Recipe, profile: ModelProfile, notes: list[str]) -> Plans:
        pictures = self._pictures(recipe, profile, notes)
        order = replace(
            order,
            kind=recipe.kind,
            aspect=_aspect(recipe, profile, notes),
            seconds=_seconds(recipe, profile, notes) if recipe.kind == "video" else None,
            edit=pictures.get("edit"),
            first_frame=pictures.get("first_frame"),
            last_frame=pictures.get("last_frame"),
        )
        if self.keyframing.needed(order):
            first, clip = self.keyframing.plan(order)
            return replace(clip, notes=(*notes, *clip.notes)), first
        plan = self.shooting.plan(order)
        return (replace(plan, notes=(*notes, *plan.notes)),)

    def _pictures(self, recipe: Recipe, profile: ModelProfile, notes: list[str]) -> Mapping[str, bytes]:
        """The order's own pictures, from the asset store, that the model takes. Raises `NotFound` for a lost one."""
        found = {}
        for name, sha256, taken, missing in (
            ("edit", recipe.edited, profile.edits, "It edits no picture, so it makes one from the prompt."),
            ("first_frame", recipe.first_frame, profile.first_frame, "It takes no first frame, so that is left out."),
            ("last_frame", recipe.last_frame, profile.last_frame, "It takes no last frame, so that is left out."),
        ):
            if sha256 and taken:
                found[name] = self.assets.get(sha256)
            elif sha256:
                notes.append(missing)
        return found

    def _left_behind(self, recipe: Recipe, profile: ModelProfile) -> Iterator[str]:
        """Options are a model's own: only a negative prompt means the same to all that take one."""
        known = {option.name for option in profile.options}
        negative = dict(recipe.options).get("negative")
        if negative and "negative" not in known:
            yield f"It takes no negative prompt, so '{negative}' is left out."
        usual = {}
        if recipe.model in self.models:
            usual = {option.name: option.default for option in self.models[recipe.model][0].options}
        own = [(n, v) for n, v in recipe.options if n != "negative" and v != usual.get(n)]
        if own:
            yield f"Options of {recipe.model} are left out: {', '.join(f'{name} {value}' for name, value in own)}."


def _aspect(recipe: Recipe, profile: ModelProfile, notes: list[str]) -> str | None:
    """The take's own, or the nearest that the model makes; None where it makes none of this kind at all."""
    width, height = recipe.brief.aspect or (recipe.width, recipe.height)
    able = [aspect for aspect in profile.aspects if profile.size(recipe.kind, aspect) is not None]
    if not able:
        return None
    nearest = min(able, key=lambda aspect: abs(math.log(aspect[0] / aspect[1]) - math.log(width / height)))
    if nearest != (width, height):
        notes.append(f"It makes no {width}:{height}, so this is {nearest[0]}:{nearest[1]}.")
    return f"{nearest[0]}:{nearest[1]}"


def _seconds(recipe: Recipe, profile: ModelProfile, notes: list[str]) -> float:
    """The take's own length, or the nearest that the model makes."""
    if profile.has_length(recipe.seconds):
        return recipe.seconds
    if profile.lengths:
        nearest = min(profile.lengths, key=lambda length: abs(length - recipe.seconds))
    else:
        nearest = min(max(recipe.seconds, profile.min_seconds), profile.max_seconds)
    notes.append(f"It makes no clips of {recipe.seconds:g} seconds, so this is {nearest:g}.")
    return nearest
