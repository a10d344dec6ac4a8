"""From an order to a recipe: whether the model can make what is asked, and its prompt, pictures and options for that.

Everything that can be said before anything is rendered is said here, in one line. Nothing is stored.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from samecast.core.cast import Character
from samecast.core.compiling import compile_prompt, noun_of
from samecast.core.errors import InvalidInput
from samecast.core.lexicon import Lexicon
from samecast.core.options import settle
from samecast.core.prompt import Brief
from samecast.core.recipe import Lora, Member, Recipe, TakeKind
from samecast.core.story import Goal
from samecast.ports import Media, ModelProfile

MOST_TAKES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a user asks for. None lets the prompt, then the default, decide."""

    prompt: str
    model: str = "storyboard"
    kind: TakeKind | None = None
    aspect: str | None = None
    seconds: float | None = None
    takes: int | None = None
    seed: int | None = None
    out: Path | None = None
    under: Path | None = None
    """Where the shot gets a folder of its own, named by its id, if there is no `out`; None: in `shots`, right here."""
    goal: Goal | None = None
    overwrite: bool = False
    """Let the files of an earlier shot in `out` go; without it they are never touched, and the order is refused."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The model's own, by name, as text; `negative` is the negative prompt."""
    edit: Path | bytes | None = None
    """A picture to change as the prompt says: a file, or what is in one."""
    first_frame: Path | bytes | None = None
    last_frame: Path | bytes | None = None
    """What a clip begins and ends with."""
    awaits: str = ""
    """The shot whose pick it is to begin with, in place of a `first_frame`."""
    stand_ins: tuple[Character, ...] = ()
    """Characters that the prompt may name beside the cast, and that are not kept in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The pictures that came with an order, by sha256, as they are to be stored."""

    edited: str = ""
    first_frame: str = ""
    last_frame: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An order as it was read: its kind, its brief, its prompt with every mention as `@handle`, and who is in it."""

    order: Order
    kind: TakeKind
    brief: Brief
    prompt: str
    characters: Sequence[Character]


def check_order(asked: Asked, profile: ModelProfile, others: Sequence[ModelProfile]) -> None:
    """Raises `InvalidInput` for what the model does not make. `others`: models that may be named instead."""
    order, kind = asked.order, asked.kind
    if kind not in profile.kinds:
        raise InvalidInput(f"{profile.id} makes no {kind}.", hint=f"It makes: {', '.join(profile.kinds)}.")
    if order.takes is not None and not 1 <= order.takes <= MOST_TAKES:
        raise InvalidInput(
            f"{order.takes} takes cannot be made at once.", hint=f"Ask for 1 to {MOST_TAKES} with --takes."
        )
    if order.seed is not None and not 0 <= order.seed < 2**63:
        raise InvalidInput(f"{order.seed} cannot be a seed.", hint="Give a whole number from 0 upwards.")
    if order.seconds is not None and not profile.has_length(order.seconds):
        raise InvalidInput(f"{order.seconds:g} seconds cannot be shot.", hint=_lengths(profile))
    _check_frames(order, kind, profile)
    _check_characters(asked, profile, others)
    _check_needs(asked, profile)


def _check_frames(order: Order, kind: TakeKind, profile: ModelProfile) -> None:
    for given, can, option, what in (
        (order.first_frame, profile.first_frame, "--first-frame", "a clip's first frame"),
        (order.last_frame, profile.last_frame, "--last-frame", "a clip's last frame"),
        (order.edit, profile.edits, "--edit", "a picture to edit"),
    ):
        if given is not None and not can:
            raise InvalidInput(
                f"{profile.id} does not take {what}.", hint=f"Leave {option} out, or choose another model."
            )
    if kind == "image" and (order.first_frame or order.last_frame):
        raise InvalidInput("An image has no first or last frame.", hint="Ask for a clip with --video.")
    if kind == "video" and order.edit:
        raise InvalidInput("Only a picture can be edited.", hint="Give it as --first-frame, or ask for an --image.")


def _check_characters(asked: Asked, profile: ModelProfile, others: Sequence[ModelProfile]) -> None:
    count = len(asked.characters)
    if count and not profile.takes_characters:
        able = [other.id for other in others if other.takes_characters and asked.kind in other.kinds]
        raise InvalidInput(
            f"{profile.id} takes no references, so it would invent somebody else as @{asked.characters[0].handle}.",
            hint=f"Shoot it on one that does: --model {' | '.join(able[:4])}." if able else "See samecast models list.",
        )
    if count > profile.max_characters:
        raise InvalidInput(
            f"{count} characters are named, and {profile.id} takes {profile.max_characters}.",
            hint="Name fewer in one shot, or split it in two.",
        )
    room = (profile.references or 0) - (1 if asked.order.edit else 0)
    if count and profile.references and count > room:
        raise InvalidInput(
            f"{count} characters need {count} pictures, and {profile.id} takes {max(0, room)} beside what is edited."
            if asked.order.edit
            else f"{count} characters need {count} pictures, and {profile.id} takes {room}.",
            hint="Name fewer in one shot, or split it in two.",
        )


def _check_needs(asked: Asked, profile: ModelProfile) -> None:
    order = asked.order
    if profile.references_from and not asked.characters and order.edit is None:
        hint = "Name a character in the prompt, or give a picture with --edit."
        raise InvalidInput(
            f"{profile.id} makes nothing from words alone.",
            hint=hint if profile.edits else "Name a character in the prompt.",
        )
    animates = asked.kind == "video" and profile.first_frame and profile.references == 0
    if animates and order.first_frame is None and not order.awaits:
        raise InvalidInput(f"{profile.id} animates a picture, and there is none.", hint="Give one with --first-frame.")


def _lengths(profile: ModelProfile) -> str:
    if profile.lengths:
        return (
            f"{profile.id} makes clips of {', '.join(f'{s:g}' for s in profile.lengths)} seconds: ask for one of them."
        )
    span = f"{profile.min_seconds:g} to {profile.max_seconds:g}"
    return f"{profile.id} makes clips of {span} seconds: ask for such a length."


def read_given(order: Order, media: Media) -> Given:
    """The order's own pictures, upright and as PNG. Raises `BadMedia`."""
    names: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for what, given in (("edited", order.edit), ("first_frame", order.first_frame), ("last_frame", order.last_frame)):
        if given is not None:
            content = media.png(media.read_picture(given))
            names[what] = hashlib.sha256(content).hexdigest()
            files[names[what]] = content
    return Given(**names, files=files)


def recipe_of(
    asked: Asked, profile: ModelProfile, version: str, given: Given, lexicon: Lexicon, loras: Sequence[Lora] = ()
) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe that every take shares but for its seed, and what has to be said about it.

    Raises `InvalidInput` for an aspect the model lacks, and for options that are none of its.
    """
    order, kind = asked.order, asked.kind
    aspect = asked.brief.aspect or ((16, 9) if kind == "video" else (1, 1))
    if asked.brief.aspect is None and profile.size(kind, aspect) is None:
        aspect = profile.aspects[0]
    size = profile.size(kind, aspect)
    if size is None:
        able = ", ".join(f"{w}:{h}" for w, h in profile.aspects)
        raise InvalidInput(
            f"The aspect {aspect[0]}:{aspect[1]} is not made by {profile.id}.",
            hint=f"Use one of {able}, with --aspect.",
        )
    members = tuple(member_of(character) for character in asked.characters)
    recipe = Recipe(
        model=profile.id,
        engine_version=version,
        kind=kind,
        prompt=asked.prompt,
        brief=replace(asked.brief, aspect=aspect),
        members=members,
        width=size[0],
        height=size[1],
        seed=0,
        seconds=profile.seconds_for(order.seconds) if kind == "video" else 0.0,
        fps=profile.fps if kind == "video" else 0,
        options=settle(profile.options, order.options, profile.id),
        edited=given.edited,
        first_frame=given.first_frame,
        last_frame=given.last_frame,
        loras=tuple(loras),
    )
    unseeded = () if profile.seeds or order.seed is None else ("It takes no seed, so its takes differ by chance.",)
    if profile.mentioning is None:
        return recipe, unseeded
    compiled = compile_prompt(
        asked.prompt,
        members,
        [noun_of(member.description, lexicon) for member in members],
        profile.mentioning,
        most=profile.references,
        each=profile.references_each,
        before=[given.edited] if given.edited else [],
    )
    words = [lora.word for lora in loras if lora.word]
    said = ", ".join([*words, compiled.prompt])
    return replace(recipe, compiled=said, pictures=compiled.pictures), (*unseeded, *compiled.notes)


def check_recipe(recipe: Recipe, profile: ModelProfile) -> None:
    """Recipes in files may have been edited: only what a shot could have been planned as is made."""
    sizes = [profile.size(recipe.kind, aspect) for aspect in profile.aspects]
    well_timed = not recipe.seconds and not recipe.fps
    if recipe.kind == "video":
        well_timed = profile.has_length(recipe.seconds) and recipe.fps == profile.fps
    fits = len(recipe.members) <= profile.max_characters and recipe.kind in profile.kinds
    known = {name for member in recipe.members for name in member.references} | {recipe.edited}
    shown = set(recipe.pictures) <= known and (profile.references is None or len(recipe.pictures) <= profile.references)
    if (recipe.width, recipe.height) not in sizes or not well_timed or not fits or not shown:
        raise InvalidInput(
            f"The recipe asks for what {profile.id} does not make "
            f"({recipe.kind}, {recipe.width} x {recipe.height}, {recipe.seconds:g} s, {recipe.fps} frames/s).",
            hint="It was edited, or made by another samecast: shoot its prompt anew.",
        )


def member_of(character: Character) -> Member:
    """The character as a recipe pins it."""
    version = character.current
    return Member(
        handle=character.handle,
        name=character.name,
        version=version.number,
        digest=version.digest,
        references=tuple(reference.sha256 for reference in version.references),
        anchors=version.anchors,
        description=version.description,
    )
