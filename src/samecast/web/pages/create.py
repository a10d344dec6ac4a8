"""Create: one prompt box, what it is understood as while it is typed, and the shots that come of it beside it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from samecast.core.options import Option
from samecast.core.words import PROMPT_LIMIT
from samecast.ports import ModelProfile
from samecast.services.comparing import AUTO
from samecast.services.modelling import Readiness
from samecast.web.desk import Desk
from samecast.web.frame import frame, later, told
from samecast.web.kit import (
    Tag,
    button,
    choices,
    field,
    heading,
    note,
    row,
    select,
    stack,
    switch,
    words,
)
from samecast.web.pages.composing import NEGATIVE, USUAL_TAKES, Draft, Reading, begin, facts, read
from samecast.web.pages.stage import Stage
from samecast.web.parts.cast_menu import CastMenu
from samecast.web.parts.drop import Drop
from samecast.web.parts.prompt_box import PromptBox

_WHY = {
    "first_frame": "The clip begins with this picture.",
    "edit": "It is changed as the prompt says.",
}
RECENT = 3
"""So many of the latest shots stand beside the composer."""
PLACEHOLDER = (
    "Slow tracking shot following @mira walking through a neon-lit Tokyo alley at night in heavy rain, "
    "steam rising from a ramen vendor, 9:16"
)


def create(desk: Desk, asked: Mapping[str, str]) -> None:
    """The page. It begins with `prompt`, `character` (a handle), `kind`, `model`, `aspect`, `seconds`,
    `negative` (for models that take one), and `frame` or `edit` (a take's id); `shot` stands first beside it."""
    with Tag("main", classes="page create"):
        with Tag("header"):
            heading("Create", 1)
        Composer(desk, asked)


class Composer:
    """One tab's draft, its form, and the shots that were begun from it."""

    def __init__(self, desk: Desk, asked: Mapping[str, str]) -> None:
        self._desk = desk
        self._draft = Draft(
            prompt=asked.get("prompt", "")[:PROMPT_LIMIT],
            kind="image" if asked.get("kind") == "image" or asked.get("edit") else "video",
            model=asked.get("model") or "storyboard",
            aspect=asked.get("aspect", ""),
            seconds=asked.get("seconds", ""),
        )
        self._negative = asked.get("negative", "")[:PROMPT_LIMIT]
        self._models: dict[str, Readiness] = {}
        self._reading = Reading()
        self._asked = 0
        with Tag("div", classes="create-columns"):
            with Tag("section", classes="composer", aria_label="What to shoot"):
                self._build()
            with Tag("section", classes="stages stack loose", aria_label="Shots"):
                self._waiting = note("What you shoot appears here, take by take.", drawn="clapperboard")
                self._stages = stack("loose")
        later(self._fill(asked), self._form)
        later(self._recent(asked.get("shot", "")), self._stages)

    # --- the form -------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._box = PromptBox(
            self._draft.prompt,
            label="Prompt",
            placeholder=PLACEHOLDER,
            typed=told(self._typed),
            go=told(self._shoot),
        )
        with row("apart"):
            self._menu = CastMenu(told(self._name))
            self._kinds = Tag("div")
            self._draw_kinds()
        self._said = Tag("div", classes="said-of stack tight", aria_live="polite")
        self._form = Tag("div", classes="stack")
        with Tag("div", classes="composer-go"):
            self._estimate = words("", "small muted grow")
            self._go = button("Shoot", told(self._shoot), drawn="clapperboard", kind="main")

    async def _fill(self, asked: Mapping[str, str]) -> None:
        cast, models = await asyncio.gather(self._desk.cast_list(), self._desk.ask(self._desk.studio.modelling.all))
        if self._form.is_deleted:
            return
        self._models = {ready.profile.id: ready for ready in models}
        self._box.offer(cast)
        self._menu.offer(cast)
        character = asked.get("character", "")
        if character in cast.handles and f"@{character}" not in self._draft.prompt:
            self._draft.prompt = f"{self._draft.prompt} @{character} ".lstrip()
            self._box.write(self._draft.prompt)
        self._draw_form()
        for what, take in (("first_frame", asked.get("frame", "")), ("edit", asked.get("edit", ""))):
            if take:
                await self._give_take(what, take)
        await self._read()

    def _draw_kinds(self) -> None:
        self._kinds.clear()
        with self._kinds:
            choices("", {"video": "Video", "image": "Image"}, self._draft.kind, told(self._kind), name="kind")

    def _name(self, handle: str) -> None:
        self._box.name(handle)

    def _draw_form(self) -> None:
        """The fields that the model in hand has."""
        profile = self._profile
        if self._negative and any(option.name == NEGATIVE for option in profile.options):
            self._draft.options.setdefault(NEGATIVE, self._negative)
        self._form.clear()
        with self._form:
            self._model_field()
            self._shape(profile)
            self._given_picture(profile)
            with Tag("details", classes="more"):
                Tag("summary", "More")
                with stack():
                    self._more(profile)

    @property
    def _profile(self) -> ModelProfile:
        known = self._models.get(self._draft.model) or self._models["storyboard"]
        return known.profile

    def _model_field(self) -> None:
        ready = {mid: one for mid, one in self._models.items() if one.missing is None}
        rest = {mid: one for mid, one in self._models.items() if one.missing is not None}
        able = [one for one in ready.values() if self._draft.kind in one.profile.kinds]
        options = {one.profile.id: one.profile.name for one in able}
        options[AUTO] = "Automatic: what fared best with who is in it"
        for one in rest.values():
            if self._draft.kind in one.profile.kinds:
                options[one.profile.id] = f"{one.profile.name} (not ready)"
        if self._draft.model not in options:
            self._draft.model = next(iter(options))
        chosen = select("Model", options, self._draft.model, told(self._model))
        if self._draft.model == AUTO:
            chosen.explain("From five judged takes on, by the match rate that can be relied on.")
            return
        one = self._models[self._draft.model]
        if one.missing is not None:
            note(f"{one.missing.message} {one.missing.hint or ''}".strip(), "careful", drawn="triangle-alert")
        with Tag("details", classes="more"):
            Tag("summary", f"What {one.profile.name} can do")
            with Tag("dl", classes="facts"):
                for name, text in facts(one.profile):
                    Tag("dt", name)
                    Tag("dd", text)

    def _shape(self, profile: ModelProfile) -> None:
        aspects = {"": "Auto"} | {f"{w}:{h}": f"{w}:{h}" for w, h in profile.aspects}
        if self._draft.aspect not in aspects:
            self._draft.aspect = ""
        with Tag("div", classes="pairs"):
            select("Aspect", aspects, self._draft.aspect, told(self._set("aspect")))
            if self._draft.kind == "video":
                self._length(profile)
            usual = USUAL_TAKES[self._draft.kind]
            field("Takes", self._draft.takes, told(self._set("takes")), placeholder=str(usual), inputmode="numeric")

    # --- the picture it begins with -------------------------------------------------------------------------------

    def _given_picture(self, profile: ModelProfile) -> None:
        """The clip's first frame, or the picture to edit, where the model takes one."""
        what = "first_frame" if self._draft.kind == "video" else "edit"
        able = profile.first_frame if what == "first_frame" else profile.edits
        name, label = self._draft.pictures.get(what), "First frame" if what == "first_frame" else "Picture to edit"
        if name is None and not able:
            return
        with Tag("div", classes="field"):
            words(label, "label", tag="span")
            if name is None:
                drop = told(lambda names: self._give(what, names[0]) if names else None)
                Drop(drop, label=label, hint=f"Optional. {_WHY[what]}", most=1, slim=True)
                return
            with row("stiff top"):
                Tag("img", src=f"/studio/received/{name}/320.jpg", alt=label, classes="given-picture")
                with stack("tight grow"):
                    words(_WHY[what] if able else f"{profile.name} takes none: choose another model.", "muted small")
                    button("Take it out", told(lambda: self._give(what, None)), drawn="x", kind="quiet", low=True)

    async def _give(self, what: str, name: str | None) -> None:
        """Put a picture that came in (None: none) into the draft as what it is to be."""
        if name is not None:
            self._desk.studio.receiving.path(name)
        self._draft.pictures = {what: name} if name is not None else {}
        if name is not None:
            self._draft.kind = "video" if what == "first_frame" else "image"
        self._draw_kinds()
        self._draw_form()
        await self._read()
        if name is not None:
            frame().say("It is in the composer now.", _WHY[what], drawn="image")

    async def _give_take(self, what: str, take_id: str) -> None:
        take = await self._desk.ask(self._desk.studio.producing.work.take, take_id)
        png = await self._desk.ask(self._desk.studio.showing.frame, take.asset or "")
        received = await self._desk.ask(self._desk.studio.receiving.take_in, png)
        await self._give(what, received.name)

    def _length(self, profile: ModelProfile) -> None:
        usual = f"{profile.seconds_for(None):g}"
        if profile.lengths:
            lengths = {"": f"{usual} s"} | {f"{one:g}": f"{one:g} s" for one in profile.lengths}
            if self._draft.seconds not in lengths:
                self._draft.seconds = ""
            select("Length", lengths, self._draft.seconds, told(self._set("seconds")))
        else:
            field("Seconds", self._draft.seconds, told(self._set("seconds")), placeholder=usual, inputmode="decimal")

    def _more(self, profile: ModelProfile) -> None:
        for option in profile.options:
            self._option(option)
        if not any(option.name == NEGATIVE for option in profile.options):
            words(f"{profile.name} takes no negative prompt.", "muted small")
        with Tag("div", classes="pairs"):
            field(
                "Seed",
                self._draft.seed,
                told(self._set("seed")),
                placeholder="any",
                inputmode="numeric",
                hint="" if profile.seeds else "This model takes none.",
            )
            field("Again until likeness", self._draft.until, told(self._set("until")), placeholder="0.9")
            field("At most", self._draft.budget, told(self._set("budget")), placeholder="6, or 2.50")
        words("What falls short is shot again, within so many takes, or dollars.", "muted small")

    def _option(self, option: Option) -> None:
        value, said = self._draft.options.get(option.name, ""), told(self._set_option(option.name))
        label = "Negative prompt" if option.name == NEGATIVE else option.name.replace("_", " ").capitalize()
        match option.kind:
            case "choice":
                usual = f"As usual ({option.default})" if option.default else "As usual"
                select(label, {"": usual} | {one: one for one in option.choices}, value, said, hint=option.says)
            case "flag":
                on = (value or option.default) == "true"
                switch(f"{label}: {option.says}", on, lambda on: said("true" if on else "false"))
            case "text":
                field(label, value, said, hint=option.says, lines=2 if option.name == NEGATIVE else 1)
            case _:
                hint = f"{option.says} {option.bounds.capitalize()}."
                field(label, value, said, hint=hint, placeholder=option.default, inputmode="decimal")

    # --- what is typed and chosen ---------------------------------------------------------------------------------

    async def _typed(self, text: str) -> None:
        self._draft.prompt = text
        await self._read()

    async def _kind(self, kind: str) -> None:
        self._draft.kind = "image" if kind == "image" else "video"
        self._draw_form()
        await self._read()

    async def _model(self, model: str) -> None:
        self._draft.model = model
        self._draft.options = {}
        self._draw_form()
        await self._read()

    def _set(self, name: str) -> "Setter":
        return Setter(self._draft, name, self._read)

    def _set_option(self, name: str) -> "Setter":
        return Setter(self._draft.options, name, self._read)

    async def _read(self) -> None:
        """Read the draft as it is now; an answer that comes after a later one is let go."""
        self._asked += 1
        asked = self._asked
        reading = await self._desk.ask(read, self._desk.studio, self._draft, self._desk.shots)
        if asked != self._asked or self._form.is_deleted:
            return
        self._reading = reading
        self._estimate.set_text(reading.estimate)
        self._go.put(aria_disabled="true" if reading.problem or not reading.plans else None)
        self._say(reading)

    def _say(self, reading: Reading) -> None:
        self._said.clear()
        with self._said:
            if reading.brief:
                with Tag("dl", classes="brief", aria_label="What the prompt is understood as"):
                    for name, value in reading.brief:
                        with Tag("div"):
                            Tag("dt", name)
                            Tag("dd", value)
            for finding in reading.findings:
                with note(finding.message, "careful", drawn="triangle-alert"):
                    if finding.shorter:
                        button(
                            "Use the shorter prompt",
                            told(lambda shorter=finding.shorter: self._write(shorter)),
                            low=True,
                        )
            for text in (*reading.notes, *([reading.why] if reading.why else [])):
                note(text)
            if reading.problem:
                note(f"{reading.problem} {reading.hint}".strip(), "wrong", drawn="triangle-alert")

    async def _write(self, text: str) -> None:
        self._box.write(text)
        await self._typed(text)

    # --- shooting -------------------------------------------------------------------------------------------------

    async def _shoot(self) -> None:
        self._draft.prompt = self._box.value
        if not self._draft.prompt.strip():
            frame().say("Write what to shoot first.", "Name a character with @.", tone="wrong", drawn="triangle-alert")
            return
        reading = await self._desk.ask(read, self._desk.studio, self._draft, self._desk.shots)
        if reading.problem:
            self._say(reading)
            frame().say(reading.problem, reading.hint, tone="wrong", drawn="triangle-alert")
            return
        shot_id = await self._desk.ask(begin, self._desk.studio, reading.plans)
        self._desk.pulse.wake()
        self._show(shot_id)

    def _show(self, shot_id: str) -> None:
        self._waiting.set_visibility(False)
        with self._stages:
            stage = self._stage(shot_id)
        stage.box.move(self._stages, 0)

    def _stage(self, shot_id: str) -> Stage:
        return Stage(self._desk, shot_id, begun=self._show, given=self._give)

    async def _recent(self, first: str) -> None:
        """The shot that was asked for, and the latest: those that were left while they ran, too."""
        studio = self._desk.studio
        shots = [await self._desk.ask(studio.shooting.get, first)] if first else []
        shots += [shot for shot in await self._desk.ask(studio.shooting.recent, RECENT) if shot.id != first]
        if shots:
            self._waiting.set_visibility(False)
        for shot in shots:
            self._stage(shot.id)


class Setter:
    """Takes what one field says into the draft, and has it read again."""

    def __init__(self, into: Draft | dict[str, str], name: str, then: Callable[[], Awaitable[None]]) -> None:
        self._into = into
        self._name = name
        self._then = then

    async def __call__(self, text: str) -> None:
        if isinstance(self._into, dict):
            self._into[self._name] = text
        else:
            setattr(self._into, self._name, text)
        await self._then()
