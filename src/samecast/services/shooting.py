"""Shooting: a prompt becomes a Brief, a shot, N recipes and N takes that wait to be made.

The library keeps every finished take, so that a stopped shot goes on where it was. Making a take is `making`'s, picking
and shooting again are `concluding`'s, and having it all done by workers is `producing`'s.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, NotFound, RenderFailed
from samecast.core.lexicon import Lexicon
from samecast.core.lint import Described, Finding, lint
from samecast.core.mentions import CastName, resolve
from samecast.core.prompt import Brief, parse_aspect, read_brief
from samecast.core.recipe import Member, Recipe, TakeKind, recipe_from_json
from samecast.core.story import Goal, Shot, Take
from samecast.core.words import clean_prompt
from samecast.ports import AssetStore, CastRepository, Media, ModelProfile, ShotRepository
from samecast.services import folders
from samecast.services.concluding import Concluding, take_seed
from samecast.services.events import Watch, unwatched
from samecast.services.making import Making, find_model, outcome

FPS = 24
MOST_TAKES = 64
STILL_SIZES = {"1:1": (1280, 1280), "16:9": (1920, 1080), "9:16": (1080, 1920), "4:5": (1152, 1440)}
CLIP_SIZES = {"1:1": (960, 960), "16:9": (1280, 720), "9:16": (720, 1280), "4:5": (864, 1080)}
STILL_SIZES |= {"3:2": (1536, 1024), "2:3": (1024, 1536), "21:9": (1792, 768)}
CLIP_SIZES |= {"3:2": (1152, 768), "2:3": (768, 1152), "21:9": (1344, 576)}


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
    goal: Goal | None = None
    overwrite: bool = False
    """Let the files of an earlier shot in `out` go; without it they are never touched, and the order is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A shot ready to be made, what its prompt was understood as, and what the lint found."""

    shot: Shot
    brief: Brief
    findings: tuple[Finding, ...]
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who makes and concludes what was planned."""

    making: Making
    concluding: Concluding


class Shooting:
    def __init__(
        self,
        *,
        cast: CastRepository,
        shots: ShotRepository,
        assets: AssetStore,
        media: Media,
        crew: Crew,
        lexicon: Lexicon,
    ) -> None:
        self._cast = cast
        self._shots = shots
        self._assets = assets
        self._media = media
        self._making = crew.making
        self._concluding = crew.concluding
        self._models = crew.making.models
        self._machine = crew.concluding.machine
        self._lexicon = lexicon

    # --- planning -------------------------------------------------------------------------------------------------

    def plan(self, order: Order) -> Plan:
        """Read the prompt and lay out the shot; nothing is stored or made yet. Raises `InvalidInput`, `NotFound`."""
        profile, engine = find_model(self._models, order.model)
        everyone = self._cast.all()
        names = [CastName(handle=c.handle, name=c.name) for c in everyone]
        resolved = resolve(order.prompt, names)
        characters = [c for handle in resolved.who for c in everyone if c.handle == handle]
        brief = read_brief(resolved.prompt, names, self._lexicon, aspect=order.aspect)
        kind = order.kind or _kind_asked(brief, order.seconds)
        self._check(order, profile, kind, characters)
        shot_id = secrets.token_hex(6)
        recipe = self._recipe(order, brief, kind, characters, engine.version, resolved.prompt)
        count = order.takes if order.takes is not None else (3 if kind == "video" else 4)
        recipes = [replace(recipe, seed=take_seed(order.seed, shot_id, i)) for i in range(1, count + 1)]
        findings = lint(resolved.prompt, [_described(c) for c in characters], self._lexicon)
        shot = self._new_shot(shot_id, clean_prompt(order.prompt), recipes, order.out)
        shot = replace(shot, goal=order.goal, seed=order.seed)
        if not order.overwrite:
            folders.check_free(shot)
        return Plan(shot=shot, brief=brief, findings=tuple(findings), overwrite=order.overwrite)

    def plan_like(self, path: Path, out: Path | None, *, overwrite: bool = False) -> Plan:
        """Lay out a one-take shot from the recipe inside a PNG or MP4.

        Raises `NotFound` where there is none, or what it needs is not here, and `InvalidInput` where it was edited
        into something that no shot can be.
        """
        text = self._media.recipe_in(path)
        if text is None:
            raise NotFound(
                f"There is no recipe in '{path.name}'.", hint="Only pictures and clips that samecast made carry one."
            )
        recipe = recipe_from_json(text)
        profile, engine = find_model(self._models, recipe.model)
        _check_recipe(recipe, profile)
        if engine.version != recipe.engine_version:
            raise RenderFailed(
                f"The take was made by {recipe.model} {recipe.engine_version}, and this is {engine.version}.",
                hint="Install that version of samecast to make it again, or shoot the prompt anew.",
            )
        for member in recipe.members:
            for sha256 in member.references:
                if not self._assets.has(sha256):
                    raise NotFound(
                        f"The reference of @{member.handle} that the take was made from is not in this library.",
                        hint=f"Cast @{member.handle} again from the same picture: `samecast cast add IMAGE`.",
                    )
        shot = self._new_shot(secrets.token_hex(6), recipe.prompt, [recipe], out)
        if not overwrite:
            folders.check_free(shot)
        return Plan(shot=shot, brief=recipe.brief, findings=(), overwrite=overwrite)

    def _check(self, order: Order, profile: ModelProfile, kind: TakeKind, characters: Sequence[Character]) -> None:
        if kind not in profile.kinds:
            raise InvalidInput(f"{profile.id} makes no {kind}.", hint=f"It makes: {', '.join(profile.kinds)}.")
        if order.takes is not None and not 1 <= order.takes <= MOST_TAKES:
            raise InvalidInput(
                f"{order.takes} takes cannot be made at once.", hint=f"Ask for 1 to {MOST_TAKES} with --takes."
            )
        if order.seconds is not None and not 0.5 <= order.seconds <= profile.max_seconds:
            raise InvalidInput(
                f"{order.seconds:g} seconds cannot be shot.",
                hint=f"{profile.id} makes clips of 0.5 to {profile.max_seconds:g} seconds: ask for such a length.",
            )
        if len(characters) > profile.max_characters:
            raise InvalidInput(
                f"{len(characters)} characters are named, and {profile.id} takes {profile.max_characters}.",
                hint="Name fewer in one shot, or split it in two.",
            )
        if order.seed is not None and not 0 <= order.seed < 2**63:
            raise InvalidInput(f"{order.seed} cannot be a seed.", hint="Give a whole number from 0 upwards.")

    def _recipe(
        self,
        order: Order,
        brief: Brief,
        kind: TakeKind,
        characters: Sequence[Character],
        version: str,
        prompt: str,
    ) -> Recipe:
        sizes = CLIP_SIZES if kind == "video" else STILL_SIZES
        aspect = brief.aspect or ((16, 9) if kind == "video" else (1, 1))
        key = f"{aspect[0]}:{aspect[1]}"
        if key not in sizes:
            raise InvalidInput(
                f"The aspect {key} is not made by {order.model}.", hint=f"Use one of {', '.join(sizes)}."
            )
        width, height = sizes[key]
        return Recipe(
            model=order.model,
            engine_version=version,
            kind=kind,
            prompt=prompt,
            brief=replace(brief, aspect=parse_aspect(key)),
            members=tuple(_member(character) for character in characters),
            width=width,
            height=height,
            seed=0,
            seconds=(order.seconds or 4.0) if kind == "video" else 0.0,
            fps=FPS if kind == "video" else 0,
        )

    def _new_shot(self, shot_id: str, prompt: str, recipes: Sequence[Recipe], out: Path | None) -> Shot:
        profile = find_model(self._models, recipes[0].model)[0]
        takes = tuple(
            Take(
                id=f"{shot_id}-{number}",
                shot_id=shot_id,
                number=number,
                recipe=recipe,
                cost=profile.cost.of(recipe) if profile.cost else 0,
            )
            for number, recipe in enumerate(recipes, start=1)
        )
        return Shot(
            id=shot_id,
            prompt=prompt,
            model=recipes[0].model,
            out=str((out or Path("shots") / shot_id).absolute()),
            takes=takes,
            machine=self._machine,
            created_at=datetime.now(UTC),
        )

    # --- making ---------------------------------------------------------------------------------------------------

    def start(self, plan: Plan) -> Shot:
        """Take the shot's folder, then keep the shot and its waiting takes, in one transaction.

        Raises `StorageFailed` where the folder cannot be written; nothing is kept then, and nothing was rendered.
        """
        folders.claim(plan.shot, self._media, overwrite=plan.overwrite)
        try:
            self._shots.add(plan.shot)
        except BaseException:
            folders.leave(plan.shot)
            raise
        return plan.shot

    def get(self, shot_id: str) -> Shot:
        """A kept shot. Raises `NotFound`."""
        return self._shots.get(shot_id)

    def resume(self, shot_id: str) -> Shot:
        """A kept shot, running again if it was stopped, for `run`. Raises `NotFound`."""
        shot = self._shots.get(shot_id)
        return shot if shot.state == "done" else self._making.work.queue_again(shot_id, failed=False)

    def recent(self, limit: int = 50) -> list[Shot]:
        """The latest shots, newest first."""
        return self._shots.recent(limit)

    def run(self, shot: Shot, watch: Watch = unwatched) -> Shot:
        """Make a shot here and now, one take after the other: for scripts. Finished takes are never made again.

        The command line has shots made by workers instead (`services.producing`), from the same steps.
        """
        folders.check_free(shot)
        while shot.state == "running":
            for take in shot.takes:
                if take.state == "waiting":
                    take = self._making.score(take.id, self._making.render(take.id, watch), watch)
                watch(outcome(self._concluding.export_take(shot, take)))
            if self._concluding.conclude(shot.id, watch):
                self._concluding.export(self._shots.get(shot.id))
                self._concluding.finish(shot.id)
            shot = self._shots.get(shot.id)
        return shot if self._concluding.exported(shot) else self._concluding.export(shot)


def _check_recipe(recipe: Recipe, profile: ModelProfile) -> None:
    """Recipes in files may have been edited: only what a shot could have been planned as is made."""
    sizes = CLIP_SIZES if recipe.kind == "video" else STILL_SIZES
    well_timed = not recipe.seconds and not recipe.fps
    if recipe.kind == "video":
        well_timed = 0.5 <= recipe.seconds <= profile.max_seconds and recipe.fps == FPS
    fits = len(recipe.members) <= profile.max_characters and recipe.kind in profile.kinds
    if (recipe.width, recipe.height) not in sizes.values() or not well_timed or not fits:
        raise InvalidInput(
            f"The recipe asks for what {profile.id} does not make "
            f"({recipe.kind}, {recipe.width} x {recipe.height}, {recipe.seconds:g} s, {recipe.fps} frames/s).",
            hint="It was edited, or made by another samecast: shoot its prompt anew.",
        )


def _kind_asked(brief: Brief, seconds: float | None) -> TakeKind:
    """A prompt that moves the camera, or a length in seconds, asks for a clip; anything else for an image."""
    return "video" if seconds is not None or brief.camera not in (None, "static") else "image"


def _described(character: Character) -> Described:
    version = character.current
    return Described(
        handle=character.handle, name=character.name, description=version.description, anchors=version.anchors
    )


def _member(character: Character) -> Member:
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
