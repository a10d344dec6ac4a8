"""The portrait formula as a form: what its slots come to as they are written, what is missing, what says too little."""

from collections.abc import Sequence

from samecast.core.errors import SamecastError
from samecast.core.portrait import PortraitSlots
from samecast.core.prompt_pack import ReadyPrompt
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import told
from samecast.web.kit import Field, Tag, button, heading, link, note, row, stack, words
from samecast.web.pages.prompts_reading import Form, create_link
from samecast.web.parts.command import Command

BEGIN = "Begin with a portrait of the pack"
TOO_LONG = "It is too long to be handed over: copy it, and paste it there."


class Formula:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._form = Form()
        self._asked = 0
        self._offered: dict[str, ReadyPrompt] = {}
        self._fields: dict[str, Field] = {}
        with Tag("div", classes="prompts-formula"):
            with Tag("section", classes="stack", aria_label="The slots"):
                words(
                    "A reference is a portrait in which everything that has to come back can be seen. The formula says"
                    " it in the order that works.",
                    "muted",
                )
                self._begin = Tag("div")
                self._draw_fields()
            with Tag("section", classes="prompts-result stack", aria_label="The prompt"):
                heading("The prompt")
                self._text = Command("", what="the prompt", plain=True)
                with row("tight"):
                    self._create = link("Use in Create", "/create", drawn="clapperboard", kind="main", classes="button")
                    button("Empty the form", told(self._empty), drawn="undo-2", kind="quiet")
                self._said = stack("tight", aria_live="polite")
        self._later()

    def _draw_fields(self) -> None:
        for slot in self._desk.studio.prompting.slots:
            lines = 3 if slot.name == "anchors" else 1
            hint = f"{slot.hint} One a line." if slot.name == "anchors" else slot.hint
            self._fields[slot.name] = kit.field(
                slot.label,
                "",
                told(lambda text, name=slot.name: self._typed(name, text)),
                hint=hint,
                lines=lines,
                placeholder=slot.example,
            )

    def offer(self, portraits: Sequence[ReadyPrompt]) -> None:
        """Portraits that the form can begin with."""
        self._offered = {ready.id: ready for ready in portraits if ready.slots is not None}
        with self._begin:
            titles = {"": "Nothing"} | {name: ready.title for name, ready in self._offered.items()}
            kit.select(BEGIN, titles, "", told(self._chosen))

    def write(self, slots: PortraitSlots) -> None:
        """Put slots into the form, over what is there."""
        self._form.fill(slots)
        for name, shown in self._fields.items():
            shown.set(self._form.texts.get(name, ""))
        self._later()

    def _chosen(self, name: str) -> None:
        slots = self._offered[name].slots if name in self._offered else None
        self.write(slots if slots is not None else PortraitSlots(lens=""))

    def _empty(self) -> None:
        self.write(PortraitSlots(lens=""))

    def _typed(self, name: str, text: str) -> None:
        self._form.texts[name] = text
        self._later()

    def _later(self) -> None:
        """What the slots come to takes a millisecond, so it is not waited for elsewhere."""
        self._said.clear()
        try:
            portrait = self._desk.studio.prompting.portrait(self._form.slots)
        except SamecastError as error:
            with self._said:
                note(str(error), "wrong", drawn="triangle-alert")
            return
        self._text.write(portrait.text)
        address = create_link(portrait.text, kind="image", aspect="1:1")
        self._create.put(href=address or "/create")
        with self._said:
            if not address:
                note(TOO_LONG, "careful", drawn="triangle-alert")
            if self._form.empty:
                words("What is missing is said here as you write.", "muted small")
                return
            if not portrait.advice and not portrait.missing:
                note("Nothing is missing, and nothing says too little.", drawn="circle-check")
            for advice in portrait.advice:
                note(advice, "careful", drawn="info")
