"""One prompt of the pack over the page: its still, its text for whoever it is for, its models and why they are."""

from collections.abc import Callable, Mapping, Sequence

from samecast.core.brief import NOT_SAID
from samecast.core.cast import Character
from samecast.core.prompt import explain
from samecast.core.prompt_pack import ReadyPrompt
from samecast.services.modelling import Readiness
from samecast.services.prompting import STILLS_SAY, Filled, takes_negative
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Dialog, Tag, button, heading, link, note, row, stack, verdict, words
from samecast.web.pages.prompts_reading import create_link, makes, text_for
from samecast.web.parts.command import Command
from samecast.web.parts.stills import still_url

NOBODY = "Nobody"


class One:
    """`to_form` is told a portrait whose slots are wanted in the form."""

    def __init__(
        self,
        desk: Desk,
        ready: ReadyPrompt,
        *,
        cast: Sequence[Character],
        models: Mapping[str, Readiness],
        to_form: Callable[[ReadyPrompt], object],
    ) -> None:
        self._desk = desk
        self._ready = ready
        self._models = models
        self._handle = cast[0].handle if cast and ready.slots is None else ""
        self._model = self._first_model()
        self._dialog = Dialog(ready.title, size="wide")
        with self._dialog.inside, Tag("div", classes="prompts-one"):
            with stack("tight"):
                self._still()
            with stack():
                self._who(cast)
                self._text = Command("", what="the prompt", plain=True)
                self._brief = Tag("dl", classes="brief", aria_label="What the prompt is understood as")
                self._findings = stack("tight")
                self._facts()
        with self._dialog.foot:
            button("Close", self._dialog.close, kind="quiet")
            if ready.slots is not None:
                button("Put into the form", told(lambda: self._to_form(to_form)), drawn="pencil")
            self._create = link("Use in Create", "/create", drawn="clapperboard", kind="main", classes="button")
        self._dialog.open()
        later(self._show(), self._findings)

    def _first_model(self) -> str:
        """The first of the recommended ones that can be shot on now; "" leaves it to whoever shoots."""
        here = [model for model in self._ready.models if model in self._models]
        return next((model for model in here if self._models[model].missing is None), "")

    def _still(self) -> None:
        ready, prompting = self._ready, self._desk.studio.prompting
        if url := still_url(prompting.stills, ready.id):
            Tag("img", src=url, alt=f"The storyboard’s still of “{ready.title}”", classes="prompts-large")
        words(" ".join((STILLS_SAY, *prompting.still_notes(ready.id))), "muted small")

    def _who(self, cast: Sequence[Character]) -> None:
        genre = next((one.title for one in self._desk.studio.prompting.genres if one.id == self._ready.genre), "")
        with row("tight"):
            words(genre, "chip", tag="span")
            words(makes(self._ready), "chip", tag="span")
        offered = {one.handle: f"{one.name} (@{one.handle})" for one in cast}
        nobody = "Somebody new, by the formula" if self._ready.slots is not None else NOBODY
        if self._ready.slots is not None or not offered:
            offered = {"": nobody} | offered
        kit.select("For", offered, self._handle, told(self._choose))
        if not cast and self._ready.slots is None:
            with row("tight"):
                words("Nobody is cast yet, so nobody is kept the same.", "muted small")
                link("Cast somebody", "/characters/new", classes="button low", drawn="plus")

    def _facts(self) -> None:
        ready = self._ready
        with stack("tight"):
            heading("Models", 3)
            with Tag("ul", classes="stack close"):
                for model in ready.models:
                    self._line(model)
            words(f"{ready.because.capitalize()}.", "small muted")
        with stack("tight"):
            heading("Keep out", 3)
            Command(ready.negative, what="the negative prompt", plain=True)
            words(self._negative(), "small muted")
        with stack("tight"):
            heading("Why it works", 3)
            words(ready.note)

    def _line(self, model: str) -> None:
        entry = self._models.get(model)
        with Tag("li", classes="row tight"):
            if entry is None:
                words(model, tag="code")
                verdict("unknown", "Not among the models here")
                return
            Tag("a", entry.profile.name, href=f"/models?model={model}")
            verdict("match" if entry.missing is None else "unknown", "Ready" if entry.missing is None else "Not ready")

    def _negative(self) -> str:
        known = [self._models[model].profile for model in self._ready.models if model in self._models]
        takes = [profile.name for profile in known if takes_negative(profile)]
        if takes:
            return f"As the negative prompt of {', '.join(takes)}."
        return "None of these takes a negative prompt: it is for any other model that does."

    # --- for whom -----------------------------------------------------------------------------------------------------

    async def _choose(self, handle: str) -> None:
        self._handle = handle
        await self._show()

    async def _show(self) -> None:
        handle, ready = self._handle, self._ready
        filled = await self._desk.ask(self._desk.studio.prompting.fill, ready.id, handle) if handle else None
        if handle != self._handle or self._findings.is_deleted:
            return
        text = filled.text if filled is not None else text_for(ready, "")
        self._text.write(text)
        width, height = ready.aspect
        address = create_link(
            text,
            kind=ready.kind,
            aspect=f"{width}:{height}",
            model=self._model,
            seconds=ready.seconds,
            negative=ready.negative,
        )
        self._create.put(href=address or "/create")
        self._say(filled)

    def _say(self, filled: Filled | None) -> None:
        self._brief.clear()
        self._findings.clear()
        self._brief.set_visibility(filled is not None)
        if filled is None:
            return
        with self._brief:
            for name, value in explain(filled.brief):
                if value != NOT_SAID:
                    with Tag("div"):
                        Tag("dt", name)
                        Tag("dd", value)
        with self._findings:
            for finding in filled.findings:
                note(finding.message, "careful", drawn="triangle-alert")

    def _to_form(self, to_form: Callable[[ReadyPrompt], object]) -> None:
        self._dialog.close()
        to_form(self._ready)
