"""Models: which can be shot on now, what the others wait for and what mends it, and which one fares best with whom.

What is missing is put into words by `models_reading`; a model's line is `models_line`, what mends it `models_mending`,
keys `models_keys`, and how models fared `models_fared`.
"""

from collections.abc import Sequence
from dataclasses import replace

from samecast.services.modelling import Readiness, own_models
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import later, told
from samecast.web.kit import Tag, button, heading, note, row, stack, words
from samecast.web.pages.models_fared import Fares
from samecast.web.pages.models_keys import Keys, enter_key
from samecast.web.pages.models_line import Line
from samecast.web.pages.models_mending import Adding, Mending, Refreshing
from samecast.web.pages.models_reading import Counted, Group, Wanted, counted
from samecast.web.parts.command import Command
from samecast.web.parts.errands import Errands

OWN_FILE = "models.toml"
"""The user's own catalogue in samecast's home."""


def models(desk: Desk, errands: Errands, model: str = "") -> None:
    """The page. `model`: the id of the one that is shown with all that there is to say of it."""
    page = Tag("main", classes="page models")
    with page:
        _Models(desk, errands, page, model)


class _Models:
    def __init__(self, desk: Desk, errands: Errands, page: Tag, opened: str) -> None:
        self._desk = desk
        self._page = page
        self._wanted = Wanted()
        self._entries: list[Readiness] = []
        self._own: frozenset[str] = frozenset()
        self._lines: dict[str, Line] = {}
        self._open = {opened} if opened else set[str]()
        self._mending = Mending(desk, errands, page, self.refill)
        with Tag("header"):
            heading("Models", 1)
            self._count = words("", "muted small", aria_live="polite")
            button(
                "Which for whom",
                lambda: self._fares.box.run_method("scrollIntoView"),
                drawn="users",
                kind="quiet",
                low=True,
            )
            button(
                "Keys", lambda: self._keys.box.run_method("scrollIntoView"), drawn="key-round", kind="quiet", low=True
            )
            button("Refresh a list", told(self._refresh), drawn="refresh-cw", kind="quiet", low=True)
            button("Add a model", told(self._add), drawn="plus")
        self._filters()
        self._bad = stack("tight")
        self._groups = stack("loose", aria_label="Models")
        with self._groups:
            words("Looking…", "muted")
        self._keys = Keys(desk, page, self.refill)
        self._fares = Fares(desk)
        later(self._begin(opened), self._groups)

    def _filters(self) -> None:
        kinds = {"": "All", "image": "Images", "video": "Clips"}
        with row("models-filters"):
            search = kit.field("Search", "", told(self._searched), kind="search", placeholder="name, provider")
            search.box.classes("models-search")
            kit.choices("Makes", kinds, "", told(self._kind), name="makes")
            with Tag("fieldset", classes="stack close"):
                Tag("legend", "Only those that")
                with Tag("div", classes="choices"):
                    for name, label in (
                        ("characters", "take characters"),
                        ("free", "are free"),
                        ("ready", "are ready"),
                    ):
                        kit.switch(label, False, told(lambda on, name=name: self._only(name, on)))

    # --- what is shown ----------------------------------------------------------------------------------------------

    async def _begin(self, opened: str) -> None:
        await self.refill()
        if opened in self._lines and not self._groups.is_deleted:
            self._lines[opened].box.run_method("scrollIntoView", {"block": "center"})

    async def refill(self) -> None:
        """Look what is ready: when the page opens, and after something was mended."""
        modelling = self._desk.studio.modelling
        self._entries = await self._desk.ask(modelling.all)
        self._own = await self._desk.ask(own_models, self._desk.studio.home / OWN_FILE)
        if self._groups.is_deleted:
            return
        self._show_bad()
        self._show()
        await self._keys.fill(self._entries)
        await self._fares.fill(self._entries)

    def _show_bad(self) -> None:
        self._bad.clear()
        with self._bad:
            for bad in self._desk.studio.modelling.bad:
                note(f"{bad.where} is left out: {bad.error}", "careful", drawn="triangle-alert")

    def _show(self) -> None:
        found = counted(self._entries, self._wanted, self._desk.studio.modelling.licensing.use)
        self._count.set_text(str(found))
        self._groups.clear()
        self._lines.clear()
        with self._groups:
            for group in found.groups:
                self._show_group(group)
            if not found.groups:
                self._show_none(found)

    def _show_none(self, found: Counted) -> None:
        with kit.empty("cpu", "No model has all of that", f"There are {found.all}; take something off the filters."):
            if self._wanted.ready:
                words("Storyboard is always ready: it makes images and clips, free, on this computer.", "small")

    def _show_group(self, group: Group) -> None:
        with Tag("section", classes="stack tight"):
            with row("apart tight"):
                title = heading(group.title, classes="grow")
                words(str(len(group.entries)), "muted number", tag="span", aria_label=f"{len(group.entries)} models")
                if group.need == "key" and group.missing is not None:
                    button("Enter the key", told(lambda: self._enter(group)), drawn="key-round", low=True)
            title.put(id=f"c{title.id}")
            if group.missing is not None:
                self._show_missing(group)
            elif group.need == "use":
                words("What is declared about your use is on the settings’ page.", "muted small")
            with Tag("ul", classes="models-list", aria_labelledby=f"c{title.id}"):
                for entry in group.entries:
                    self._line(entry, group)

    def _show_missing(self, group: Group) -> None:
        assert group.missing is not None
        words(group.missing.said if group.need != "key" else KEY_SAYS, "muted small")
        if group.missing.command:
            Command(group.missing.command)
        elif group.missing.hint:
            words(group.missing.hint, "small")

    def _line(self, entry: Readiness, group: Group) -> None:
        self._lines[entry.profile.id] = Line(
            entry,
            use=self._desk.studio.modelling.licensing.use,
            mending=self._mending,
            told_above=group.missing is not None,
            own=entry.profile.id in self._own,
            opened=entry.profile.id in self._open,
            toggled=self._toggled,
        )

    def _toggled(self, model: str, on: bool) -> None:
        (self._open.add if on else self._open.discard)(model)

    # --- what is chosen and done --------------------------------------------------------------------------------------

    def _searched(self, said: str) -> None:
        self._wanted = replace(self._wanted, words=said)
        self._show()

    def _kind(self, kind: str) -> None:
        self._wanted = replace(self._wanted, kind="image" if kind == "image" else "video" if kind == "video" else "")
        self._show()

    def _only(self, name: str, on: bool) -> None:
        match name:
            case "characters":
                self._wanted = replace(self._wanted, characters=on)
            case "free":
                self._wanted = replace(self._wanted, free=on)
            case _:
                self._wanted = replace(self._wanted, ready=on)
        self._show()

    def _enter(self, group: Group) -> None:
        assert group.missing is not None
        names = [entry.profile.name for entry in group.entries]
        with self._page:
            enter_key(self._desk, group.missing.key, names, self.refill)

    def _add(self) -> None:
        with self._page:
            Adding(self._desk, self._added)

    async def _added(self, found: Sequence[Readiness]) -> None:
        self._open |= {entry.profile.id for entry in found}
        await self.refill()

    def _refresh(self) -> None:
        with self._page:
            Refreshing(self._desk, self._desk.studio.modelling.listed, self.refill)


KEY_SAYS = "A key of your account there. It is kept in this system’s keyring, and never shown again."
