"""Shooting: a prompt becomes a Brief, a shot, N recipes and N takes that wait to be made.

The library keeps every finished take, so that a stopped shot goes on where it was. Making a take is `making`'s, picking
and shooting again are `concluding`'s, and having it all done by workers is `producing`'s.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from samecast.core.archived import resolve_present
from samecast.core.cast import Character
from samecast.core.errors import InvalidInput, NotFound, RenderFailed
from samecast.core.lexicon import Lexicon
from samecast.core.lint import Described, Finding, lint
from samecast.core.mentions import CastName
from samecast.core.prompt import Brief, read_brief
from samecast.core.recipe import Recipe, TakeKind, recipe_from_json
from samecast.core.story import Shot, Take
from samecast.core.words import clean_prompt
from samecast.ports import AssetStore, CastRepository, Engine, HostedEngine, LoraRepository, Media, ShotRepository
from samecast.services import folders
from samecast.services.concluding import Concluding, take_seed
from samecast.services.events import Watch, unwatched
from samecast.services.licensing import Licensing
from samecast.services.making import Making, find_model, outcome
from samecast.services.ordering import MOST_TAKES, Asked, Order, check_order, check_recipe, read_given, recipe_of

__all__ = ["Crew", "Order", "Plan", "Shooting"]

USUAL_CLIPS, USUAL_IMAGES = 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A shot ready to be made, what its prompt was understood as, and what the lint found."""

    shot: Shot
    brief: Brief
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What the model cannot be given as it is, in sentences."""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """Pictures that came with the order, by sha256, to be stored with the shot."""
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
        licensing: Licensing,
        loras: LoraRepository,
        lexicon: Lexicon,
    ) -> None:
        self._licensing = licensing
        self._loras = loras
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

    def plan(self, order: Order, asked: Asked | None = None) -> Plan:
        """Read the prompt and lay out the shot; nothing is stored or made yet. Raises `InvalidInput`, `NotFound`.

        `asked`: what `ask` said of the order just now, whatever its model was then.
        """
        profile, engine = find_model(self._models, order.model)
        asked = self.ask(order) if asked is None else replace(asked, order=order)
        check_order(asked, profile, [other for other, _ in self._models.values()])
        self._licensing.check(profile)
        engine.check()
        given = read_given(order, self._media)
        loras = [lora for character in asked.characters for lora in self._loras.of(character.handle, profile.id)]
        recipe, notes = recipe_of(asked, profile, engine.version, given, self._lexicon, loras)
        shot_id = secrets.token_hex(6)
        usual = USUAL_CLIPS if asked.kind == "video" else USUAL_IMAGES
        count = order.takes if order.takes is not None else usual
        recipes = [replace(recipe, seed=take_seed(order.seed, shot_id, i)) for i in range(1, count + 1)]
        findings = lint(asked.prompt, [_described(c) for c in asked.characters], self._lexicon)
        shot = self._new_shot(shot_id, clean_prompt(order.prompt), recipes, _folder(order, shot_id))
        shot = replace(shot, goal=order.goal, seed=order.seed, awaits=order.awaits)
        if not order.overwrite:
            folders.check_free(shot)
        return Plan(
            shot=shot,
            brief=asked.brief,
            findings=tuple(findings),
            notes=notes,
            pictures=given.files,
            overwrite=order.overwrite,
        )

    def ask(self, order: Order) -> Asked:
        """Read the prompt: who is in it, and what it asks for. Raises `InvalidInput`, `NotFound`."""
        stand_ins = {character.handle: character for character in order.stand_ins}
        names = [*self._cast.names(), *(CastName(handle=c.handle, name=c.name) for c in order.stand_ins)]
        resolved = resolve_present(order.prompt, names, self._cast.names(archived=True))
        brief = read_brief(resolved.prompt, names, self._lexicon, aspect=order.aspect)
        return Asked(
            order=order,
            kind=order.kind or _kind_asked(brief, order),
            brief=brief,
            prompt=resolved.prompt,
            characters=[stand_ins.get(handle) or self._cast.get(handle) for handle in resolved.who],
        )

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
        engine = self._checked(recipe)
        if engine.version != recipe.engine_version:
            raise RenderFailed(
                f"The take was made by {recipe.model} {recipe.engine_version}, and this is {engine.version}.",
                hint="Install that version of samecast to make it again, or shoot the prompt anew.",
            )
        return self._plan_of([recipe], secrets.token_hex(6), out, overwrite=overwrite)

    def plan_again(self, recipe: Recipe, takes: int, *, out: Path | None = None, under: Path | None = None) -> Plan:
        """Lay out a shot of takes that differ from a recipe by nothing but their seeds. `out`, `under`: as in `Order`.

        It shows who the recipe shows, as they were then, whatever became of them since. Raises as `plan_like` does.
        """
        engine = self._checked(recipe)
        if not 1 <= takes <= MOST_TAKES:
            raise InvalidInput(f"{takes} takes cannot be made at once.", hint=f"Ask for 1 to {MOST_TAKES}.")
        notes: tuple[str, ...] = ()
        if engine.version != recipe.engine_version:
            notes = (f"It is {engine.version} now; the take was made by {recipe.engine_version}.",)
            recipe = replace(recipe, engine_version=engine.version)
        shot_id = secrets.token_hex(6)
        recipes = [replace(recipe, seed=take_seed(None, shot_id, i)) for i in range(1, takes + 1)]
        out = out or (under / shot_id if under is not None else None)
        return replace(self._plan_of(recipes, shot_id, out), notes=notes)

    def _checked(self, recipe: Recipe) -> Engine | HostedEngine:
        """The engine of a recipe that can be made here. Raises `InvalidInput`, `NotFound`, and what it lacks."""
        profile, engine = find_model(self._models, recipe.model)
        check_recipe(recipe, profile)
        self._licensing.check(profile)
        engine.check()
        for member in recipe.members:
            for sha256 in member.references:
                if not self._assets.has(sha256):
                    raise NotFound(
                        f"The reference of @{member.handle} that the take was made from is not in this library.",
                        hint=f"Cast @{member.handle} again from the same picture: `samecast cast add IMAGE`.",
                    )
        if not all(self._assets.has(sha256) for sha256 in recipe.borrowed):
            raise NotFound(
                "A picture or LoRA that the take was made from is not in this library.",
                hint="Give it again with the prompt: --edit, --first-frame, --last-frame, or `cast edit --lora`.",
            )
        return engine

    def _plan_of(self, recipes: Sequence[Recipe], shot_id: str, out: Path | None, *, overwrite: bool = False) -> Plan:
        shot = self._new_shot(shot_id, recipes[0].prompt, recipes, out)
        if not overwrite:
            folders.check_free(shot)
        return Plan(shot=shot, brief=recipes[0].brief, findings=(), overwrite=overwrite)

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

    def start(self, plan: Plan, *before: Plan) -> Shot:
        """Take the shot's folder, then keep the shot and its waiting takes, in one transaction, with those `before`
        it whose pick it awaits.

        Raises `StorageFailed` where the folder cannot be written; nothing is kept then, and nothing was rendered.
        """
        plans = (plan, *before)
        claimed: list[Shot] = []
        try:
            for each in plans:
                folders.claim(each.shot, self._media, overwrite=each.overwrite)
                claimed.append(each.shot)
                for content in each.pictures.values():
                    self._assets.put(content, suffix=".png")
            self._shots.add(*(each.shot for each in plans))
        except BaseException:
            for shot in reversed(claimed):
                folders.leave(shot)
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
        if shot.awaits:
            self.run(self._shots.get(shot.awaits), watch)
            shot = self._shots.get(shot.id)
        while shot.state == "running":
            for take in shot.takes:
                if take.state == "waiting":
                    take = self._making.score(take.id, self._making.render(take.id, watch), watch)
                watch(outcome(self._concluding.export_take(shot, take)))
            if self._concluding.conclude(shot.id, watch):
                self._concluding.export(self._shots.get(shot.id))
                self._concluding.release(shot.id)
                self._concluding.finish(shot.id)
            shot = self._shots.get(shot.id)
        return shot if self._concluding.exported(shot) else self._concluding.export(shot)


def _folder(order: Order, shot_id: str) -> Path | None:
    return order.out or (order.under / shot_id if order.under is not None else None)


def _kind_asked(brief: Brief, order: Order) -> TakeKind:
    """A prompt that moves the camera, a length in seconds or a first frame asks for a clip; else it is an image."""
    timed = order.seconds is not None or order.first_frame is not None or order.last_frame is not None
    if order.edit is not None:
        return "image"
    return "video" if timed or brief.camera not in (None, "static") else "image"


def _described(character: Character) -> Described:
    version = character.current
    return Described(
        handle=character.handle, name=character.name, description=version.description, anchors=version.anchors
    )
