"""Prompts to begin from: the pack by genre, kind and words, each with its still; and the portrait formula as a form.

One prompt with all that there is to say of it is `prompts_one`, the form `prompts_formula`.
"""

from collections.abc import Sequence

from samecast.core.cast import Character
from samecast.core.prompt_pack import ReadyPrompt
from samecast.services.modelling import Readiness
from samecast.services.prompting import STILLS_SAY
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Tag, button, choices, heading, row, stack, words
from samecast.web.pages.prompts_formula import Formula
from samecast.web.pages.prompts_one import One
from samecast.web.pages.prompts_reading import KINDS, Looked, makes
from samecast.web.parts.stills import still_url


def prompts(desk: Desk, prompt: str = "") -> None:
    """The page. `prompt`: the id of the one that is open."""
    page = Tag("main", classes="page prompts")
    with page:
        _Prompts(desk, page, prompt)


class _Prompts:
    def __init__(self, desk: Desk, page: Tag, opened: str) -> None:
        self._desk = desk
        self._page = page
        self._looked = Looked()
        self._found: Sequence[ReadyPrompt] = ()
        self._cast: tuple[Character, ...] = ()
        self._models: dict[str, Readiness] = {}
        with Tag("header"):
            heading("Prompts", 1)
            with row("tight", role="group", aria_label="What is shown"):
                self._tabs = {
                    view: button(label, told(lambda view=view: self._view(view)), kind="quiet")
                    for view, label in (("pack", "The pack"), ("formula", "Portrait formula"))
                }
        self._pack = stack()
        with self._pack:
            self._filters()
            self._count = words("", "muted small", aria_live="polite")
            self._wall = Tag("ul", classes="prompts-wall")
            words(STILLS_SAY, "muted small")
        self._formula = stack()
        with self._formula:
            self._form = Formula(desk)
        self._view("pack")
        later(self._fill(opened), self._wall)

    def _filters(self) -> None:
        genres = {"": "All genres"} | {genre.id: genre.title for genre in self._desk.studio.prompting.genres}
        with row("prompts-filters"):
            search = kit.field("Search", "", told(self._searched), kind="search", placeholder="harbour, rain, close-up")
            search.box.classes("prompts-search")
            kit.select("Genre", genres, "", told(self._genre))
            choices("Makes", KINDS, "", told(self._kind), name="makes")

    def _view(self, view: str) -> None:
        self._pack.set_visibility(view == "pack")
        self._formula.set_visibility(view == "formula")
        for name, tab in self._tabs.items():
            tab.put(aria_pressed="true" if name == view else "false")

    # --- the pack -----------------------------------------------------------------------------------------------------

    async def _fill(self, opened: str) -> None:
        studio = self._desk.studio
        self._cast = await self._desk.cast()
        self._models = {entry.profile.id: entry for entry in await self._desk.ask(studio.modelling.all)}
        await self._show()
        self._form.offer(await self._desk.ask(studio.prompting.find, kind="portrait"))
        if opened:
            self._open(await self._desk.ask(studio.prompting.get, opened))

    async def _show(self) -> None:
        looked = self._looked
        found = await self._desk.ask(
            self._desk.studio.prompting.find,
            genre=looked.genre or None,
            kind=looked.ready_kind,
            words=looked.words,
        )
        if self._wall.is_deleted:
            return
        self._found = found
        self._count.set_text("1 prompt" if len(found) == 1 else f"{len(found)} prompts")
        self._wall.clear()
        with self._wall:
            for ready in found:
                self._card(ready)
            if not found:
                with Tag("li"):
                    words("No prompt has all of that. Take a word or a filter off.", "muted")

    def _card(self, ready: ReadyPrompt) -> None:
        with Tag("li"), Tag("button", classes="prompts-card", type="button") as card:
            with Tag("span", classes="prompts-still"):
                if url := still_url(self._desk.studio.prompting.stills, ready.id):
                    Tag("img", src=url, alt="", loading="lazy", decoding="async")
            words(ready.title, "strong one-line", tag="span")
            words(makes(ready), "muted small", tag="span")
        card.on("click", told(lambda: self._open(ready)), args=[])

    def _open(self, ready: ReadyPrompt) -> None:
        with self._page:
            One(self._desk, ready, cast=self._cast, models=self._models, to_form=self._to_form)

    def _to_form(self, ready: ReadyPrompt) -> None:
        if ready.slots is not None:
            self._form.write(ready.slots)
            self._view("formula")

    # --- what is looked for -------------------------------------------------------------------------------------------

    async def _searched(self, said: str) -> None:
        self._looked.words = said
        await self._show()

    async def _genre(self, genre: str) -> None:
        self._looked.genre = genre
        await self._show()

    async def _kind(self, kind: str) -> None:
        self._looked.kind = kind
        await self._show()
