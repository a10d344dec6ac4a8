"""What Mage is asked for one take: the fields of a request, as the model's entry names them. Sends nothing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from samecast.core.errors import InvalidInput
from samecast.core.recipe import Member, Recipe
from samecast.models.hosted.plain import aspect_of, typed
from samecast.ports import ModelProfile

_HANDLE = re.compile(r"@([a-z][a-z0-9_-]{0,14})(?![\w-])")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
_SEEDS = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the `setup` of a model's entry says: which endpoint, and which field takes what. "": there is none.

    `characters`: prompts may mention characters that are kept at Mage. `image` takes the first picture, `more` the list
    of the others; `first` and `last` a clip's frames. `timed`: a clip's length may be asked for. `fields`: options
    whose field has another name.
    """

    architecture: str
    variant: str = ""
    characters: bool = False
    image: str = ""
    more: str = ""
    first: str = ""
    last: str = ""
    seed: bool = True
    timed: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)


_TEXTS, _FLAGS = ("architecture", "variant", "image", "more", "first", "last"), ("characters", "seed", "timed")


def shape_of(profile: ModelProfile) -> Shape:
    """Raises `InvalidInput` for an entry that does not say how its model is asked."""
    tree = dict(profile.setup)
    for name, value in tree.items():
        if name in _TEXTS and isinstance(value, str) and value:
            continue
        if name in _FLAGS and isinstance(value, bool):
            continue
        if name == "fields" and isinstance(value, dict) and all(isinstance(to, str) for to in value.values()):
            continue
        raise _wrong(profile, f"setup.{name} cannot be {value!r}")
    if not _ID.fullmatch(str(tree.get("architecture", ""))):
        raise _wrong(profile, "setup has no architecture")
    shape = Shape(**tree)  # type: ignore[arg-type]
    if shape.more and not shape.image:
        raise _wrong(profile, "setup.more is for further pictures, so there must be setup.image")
    if shape.characters and profile.mentioning is not None:
        raise _wrong(profile, "a model that knows characters by their handles has no mentions")
    if not shape.characters and profile.references != 0 and (not shape.image or profile.mentioning is None):
        raise _wrong(profile, "a model that takes references has setup.characters, or setup.image and mentions")
    return shape


def _wrong(profile: ModelProfile, what: str) -> InvalidInput:
    return InvalidInput(
        f"The entry of the model '{profile.id}' is wrong: {what}.", hint="docs/models-mage.md says what it may be."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What goes beside the prompt: pictures in their order, frames by their field, as sha256. `left`: references that
    the model has no room for.
    """

    prompt: str
    pictures: tuple[str, ...] = ()
    frames: Mapping[str, str] = field(default_factory=dict)
    left: int = 0


def shown(recipe: Recipe, profile: ModelProfile, shape: Shape, there: Mapping[str, str]) -> Shown:
    """`there`: what each character is called at Mage, by its handle; empty where it is shown as pictures.

    Raises `InvalidInput` for what the model has no field for.
    """
    frames = {
        name: sha256
        for name, sha256, what in (
            (shape.first, recipe.first_frame, "first frame"),
            (shape.last, recipe.last_frame, "last frame"),
        )
        if _takes(name, sha256, profile, what)
    }
    if recipe.loras:
        raise InvalidInput(f"{profile.id} takes no LoRAs.", hint="Shoot on another model: samecast models list")
    if not shape.characters:
        pictures = recipe.pictures
        prompt, left = recipe.said, 0
    else:
        _takes(shape.image, recipe.edited, profile, "picture to edit")
        room = None
        if profile.references is not None:
            room = profile.references - len(recipe.members) - len(frames) - bool(recipe.edited)
        if not shape.more:
            room = bool(shape.image and not recipe.edited)
        extra, left = _extra(recipe.members, room, each=profile.references_each)
        before = [recipe.edited] if recipe.edited else []
        pictures = (*before, *(sha256 for _, sha256 in extra))
        prompt = _with(_renamed(recipe.prompt, there), _who_is_who(extra, there, len(before)))
    _check_room(recipe, profile, shape, len(pictures))
    return Shown(prompt=prompt, pictures=pictures, frames=frames, left=left)


def _check_room(recipe: Recipe, profile: ModelProfile, shape: Shape, count: int) -> None:
    if count > 1 and not shape.more:
        raise InvalidInput(f"{profile.id} takes one picture.", hint="Name one character, with one reference.")
    if count and not shape.image:
        raise InvalidInput(f"{profile.id} takes no pictures.", hint="Choose another model: samecast models list")
    if recipe.members and not count and not shape.characters and not recipe.first_frame:
        raise InvalidInput(
            f"The recipe shows {profile.id} nobody, so it would invent @{recipe.members[0].handle}.",
            hint="It was made by another samecast: shoot its prompt anew.",
        )


def _takes(name: str, sha256: str, profile: ModelProfile, what: str) -> bool:
    if sha256 and not name:
        raise InvalidInput(f"{profile.id} takes no {what}.", hint="Leave it out, or choose another model.")
    return bool(sha256)


def _extra(members: Sequence[Member], room: int | None, *, each: int | None) -> tuple[list[tuple[str, str]], int]:
    """References beyond the first of each character: one more in turn while there is room; and how many are left out.

    Those of one character stand together.
    """
    wanted = [len(member.references) - 1 for member in members]
    most = [count if each is None else min(count, each - 1) for count in wanted]
    taken = [0] * len(members)
    while taken != most and (room is None or sum(taken) < room):
        for place, count in enumerate(most):
            if taken[place] < count and (room is None or sum(taken) < room):
                taken[place] += 1
    extra = [
        (member.handle, sha256)
        for member, count in zip(members, taken, strict=True)
        for sha256 in member.references[1 : 1 + count]
    ]
    return extra, sum(wanted) - sum(taken)


def _renamed(prompt: str, there: Mapping[str, str]) -> str:
    return _HANDLE.sub(lambda found: f"@{there[found[1]]}" if found[1] in there else found[0], prompt)


def _who_is_who(extra: Sequence[tuple[str, str]], there: Mapping[str, str], before: int) -> str:
    """Sentences to go after the prompt: Mage counts a request's pictures as @image1, @image2."""
    sentences = []
    for handle in dict.fromkeys(handle for handle, _ in extra):
        names = [f"@image{before + place}" for place, (of, _) in enumerate(extra, start=1) if of == handle]
        listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
        sentences.append(f"{listed} {'show' if len(names) > 1 else 'shows'} @{there[handle]} too.")
    return " ".join(sentences)


def _with(prompt: str, sentences: str) -> str:
    end = "" if prompt.rstrip()[-1:] in ".!?" else "."
    return f"{prompt.rstrip()}{end} {sentences}" if sentences else prompt


# --- fields -------------------------------------------------------------------------------------------------------


def fields(
    recipe: Recipe, profile: ModelProfile, shape: Shape, told: Shown, urls: Mapping[str, str]
) -> dict[str, object]:
    """The request. `urls`: where each picture is, by sha256. Raises `InvalidInput` for an aspect the model lacks."""
    body: dict[str, object] = {"prompt": told.prompt, "aspect_ratio": aspect_of(recipe, profile)}
    if shape.variant:
        body["model_id"] = shape.variant
    if shape.seed:
        body["seed"] = recipe.seed % _SEEDS
    if recipe.kind == "video" and shape.timed:
        body["duration"] = f"{recipe.seconds:g}"
    known = {option.name: option for option in profile.options}
    for name, value in recipe.options:
        if name in known:
            body[shape.fields.get(name, name)] = typed(known[name], value)
    places = [urls[sha256] for sha256 in told.pictures]
    if places:
        body[shape.image] = places[0]
    if places[1:]:
        body[shape.more] = places[1:]
    body |= {name: urls[sha256] for name, sha256 in told.frames.items()}
    return body
