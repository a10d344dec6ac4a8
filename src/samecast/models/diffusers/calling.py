"""From an order to the arguments of a pipeline's call, as the model's family and setup say; and what has to be noted.

Knows no pipeline: names of arguments, and the forms of pictures and options, are data. Seeds and steps are the
engine's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from samecast.core.errors import InvalidInput
from samecast.core.options import Option
from samecast.core.recipe import Recipe
from samecast.models.diffusers.families import USUAL, Family, Handing
from samecast.models.diffusers.libraries import diffusers
from samecast.models.diffusers.motions import Motions
from samecast.models.diffusers.pictures import fitted, joined, made_size, shown
from samecast.models.diffusers.setup import Setup
from samecast.ports import ModelProfile, Picture, Render

BLANK = 224
"""Pixels of a side of the black picture that an adapter is shown where there is no reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A pipeline's arguments; `guiders`: values for its guider; `scale`: of its adapter. `notes` are for the user."""

    arguments: Mapping[str, object]
    guiders: Mapping[str, object]
    scale: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """How one model is called. `takes`: whether its pipeline has an argument of that name."""

    profile: ModelProfile
    setup: Setup
    family: Family
    takes: Callable[[str], bool]
    motions: Motions

    def of(self, order: Render) -> Call:
        """Raises `InvalidInput` where the model cannot be called like that."""
        recipe, family = order.recipe, self.family
        width, height = made_size(recipe.width, recipe.height, family.multiple)
        arguments: dict[str, object] = {"prompt": recipe.said}
        for name, value in (("width", width), ("height", height), ("output_type", "np")):
            if self.takes(name):
                arguments[name] = value
        if family.area:
            arguments[family.area] = width * height
        if recipe.kind == "video":
            if family.length is not None and family.length.argument:
                arguments[family.length.argument] = family.length.made(recipe.frames)
            if family.rate:
                arguments[family.rate] = float(recipe.fps)
        notes = self._show(order, arguments, (width, height))
        guiders: dict[str, object] = {}
        scale = self._set_options(recipe, arguments, guiders)
        if self.setup.adapter is not None and not self._references(order):
            scale = 0.0  # it wants a picture all the same, which then counts for nothing
        arguments |= self.setup.call
        return Call(arguments=arguments, guiders=guiders, scale=scale, notes=tuple(notes))

    # --- pictures ---------------------------------------------------------------------------------------------------

    def _references(self, order: Render) -> list[Picture]:
        """The pictures that the recipe counts; where it counts none, all of its characters', as many as it takes."""
        recipe = order.recipe
        if recipe.pictures:
            return [order.references[name] for name in recipe.pictures]
        named = [recipe.edited] if recipe.edited else []
        named += [name for member in recipe.members for name in member.references]
        return [order.references[name] for name in dict.fromkeys(named)][: self.profile.references]

    def _show(self, order: Render, arguments: dict[str, object], size: tuple[int, int]) -> list[str]:
        family, recipe, notes = self.family, order.recipe, []
        pictures = self._references(order)
        first = order.references[recipe.first_frame] if recipe.first_frame else None
        last = order.references[recipe.last_frame] if recipe.last_frame else None
        if family.begins and first is None and family.references is None and pictures:
            first = pictures[0]
            notes.append("No first frame was given: the clip begins with the first reference itself.")
        if family.begins == "must" and first is None:
            raise InvalidInput(
                f"{self.profile.name} needs a picture to begin with.",
                hint="Name a character in the prompt, or give one with --first-frame.",
            )
        if family.either and pictures and (first or last):
            raise InvalidInput(
                f"{self.profile.name} makes a clip from references or from its first and last frame, not from both.",
                hint="Leave out --first-frame and --last-frame, or name no character in the prompt.",
            )
        for handing, given in ((family.first_frame, first), (family.last_frame, last)):
            if given is not None and handing is not None:
                self._hand(handing, [given], arguments, size)
        if family.references is not None:
            if not pictures and family.adapter and self.setup.adapter is not None:
                pictures = [_blank()]
            if not pictures and family.refers:
                raise InvalidInput(
                    f"{self.profile.name} makes nothing without a reference.",
                    hint="Name a character in the prompt, or give a picture to change with --edit.",
                )
            if pictures:
                notes += self._hand(family.references, pictures, arguments, size)
        if family.motion:
            arguments |= self.motions.of(recipe, family.motion, size)
        return notes

    def _hand(
        self, handing: Handing, pictures: list[Picture], arguments: dict[str, object], size: tuple[int, int]
    ) -> list[str]:
        notes = []
        if handing.fit:
            images = [fitted(picture, *size) for picture in pictures]
        else:
            images = [shown(picture, least_side=handing.least_side) for picture in pictures]
            small = sum(min(picture.width, picture.height) < handing.least_side for picture in pictures)
            if small:
                notes.append(f"{small} of the references were enlarged to the {handing.least_side} pixels it needs.")
        if handing.form == "one" and len(images) > 1:
            notes.append(f"It takes one picture: the {len(images)} references were joined side by side into it.")
            images = [joined(images)]
        things = [_wrapped(handing, image) for image in images]
        match handing.form:
            case "one":
                arguments[handing.argument] = things[0]
            case "list":
                before = arguments.get(handing.argument)
                arguments[handing.argument] = [*before, *things] if isinstance(before, list) else things
            case "nested":
                arguments[handing.argument] = [things]
        return notes

    # --- options ----------------------------------------------------------------------------------------------------

    def _set_options(self, recipe: Recipe, arguments: dict[str, object], guiders: dict[str, object]) -> float | None:
        """Put every option where it goes; returns the adapter's scale, where it has one."""
        forms = {option.name: option for option in self.profile.options}
        values = {**self.setup.defaults, **{name: _read(forms.get(name), text) for name, text in recipe.options}}
        scale = 1.0 if self.setup.adapter is not None else None
        for name, value in values.items():
            way = self.family.options.get(name) or USUAL.get(name)
            if way is not None and way.adapter and self.setup.adapter is not None:
                scale = float(str(value))
            elif way is not None and way.guider:
                guiders[way.guider] = value
            elif name == "motion" and self.family.motion:
                pass  # it named a folder
            elif (argument := name if way is None else way.argument) and self.takes(argument):
                arguments[argument] = value
            else:
                raise InvalidInput(
                    f"{self.profile.id} has an option '{name}' that its pipeline does not take.",
                    hint="Take it out of the model's entry, or say in setup.family.options where it goes.",
                )
        return scale


def _read(form: Option | None, text: str) -> object:
    """An option's text as what it stands for."""
    match form.kind if form is not None else "text":
        case "whole":
            return int(text)
        case "number":
            return float(text)
        case "flag":
            return text == "true"
    return text


def _wrapped(handing: Handing, image: Any) -> object:
    if not handing.wrap:
        return image
    kind = reduce(getattr, handing.wrap.split("."), diffusers())
    return kind(**{handing.slot: image}, **handing.extra)


def _blank() -> Picture:
    return Picture(rgb=np.zeros((BLANK, BLANK, 3), np.uint8))
