"""The cast as a wall of portraits, found by words and tags; an empty one teaches what a good reference is."""

from collections.abc import Sequence

from nicegui import ui

from samecast.core.cast import Character
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import later
from samecast.web.kit import Tag, button, empty, heading, picture, words
from samecast.web.pages.character_grade import kept_grade, short_words
from samecast.web.pages.character_new import TEACHES, NewCharacter
from samecast.web.parts.growing import Growing
from samecast.web.parts.portraits import Card, Portraits

AT_ONCE = 40
"""Portraits that hang at first."""


def wall(desk: Desk, *, new: bool = False) -> None:
    """The page. `new`: with the dialog open, as its own address."""
    page = Tag("main", classes="page")
    _Wall(desk, page, new=new)


class _Wall:
    def __init__(self, desk: Desk, page: Tag, *, new: bool) -> None:
        self._desk = desk
        self._page = page
        self._words, self._tag, self._archived = "", "", False
        self._cast: tuple[Character, ...] = ()
        self._away: tuple[Character, ...] = ()
        with page:
            with Tag("header"):
                heading("Characters", 1)
                self._search = kit.field("Search", "", self._searched, kind="search", placeholder="name, handle, tag")
                self._search.box.classes("search")
                self._search.box.set_visibility(False)
                button("Create new", self._create, drawn="plus", kind="main")
            self._tags = Tag("div")
            self._body = Tag("div", aria_live="polite")
        if new:
            with page:
                NewCharacter(desk, lambda: ui.navigate.history.replace("/"))
        later(self._fill(), self._body)

    def _create(self) -> None:
        with self._page:
            NewCharacter(self._desk)

    async def _fill(self) -> None:
        self._cast = await self._desk.cast()
        self._away = await self._desk.cast(archived=True)
        if self._body.is_deleted:
            return
        self._search.box.set_visibility(bool(self._cast or self._away))
        self._show_tags()
        self._show()

    def _show_tags(self) -> None:
        tags = sorted({tag for character in self._cast + self._away for tag in character.tags})
        self._tags.clear()
        with self._tags, kit.row("filters"):
            if tags:
                kit.choices("Tags", {"": "All", **{tag: tag for tag in tags}}, self._tag, self._tagged, name="tags")
            if self._away:
                kit.switch(f"Archived ({len(self._away)})", self._archived, self._put_away)
        self._tags.set_visibility(bool(tags or self._away))

    def _put_away(self, archived: bool) -> None:
        self._archived = archived
        self._show()

    def _searched(self, said: str) -> None:
        self._words = said
        self._show()

    def _tagged(self, tag: str) -> None:
        self._tag = tag
        self._show()

    def _show(self) -> None:
        self._body.clear()
        with self._body:
            if not self._cast and not self._away:
                self._teach()
                return
            self._found = found(self._away if self._archived else self._cast, self._words, self._tag)
            if not self._found:
                filtered = self._words.strip() or self._tag or self._archived
                words("Nobody is found so." if filtered else "Everybody is archived.", "muted")
                return
            self._portraits, self._many = Portraits(), AT_ONCE
            with kit.row():
                more = Growing(self._grow)
            more.set_visibility(self._hang())

    async def _grow(self) -> bool:
        self._many *= 2
        return self._hang()

    def _hang(self) -> bool:
        """Hang as many as are to be seen, and say whether there are more."""
        self._portraits.show([_card(character) for character in self._found[: self._many]])
        return self._many < len(self._found)

    def _teach(self) -> None:
        with empty(
            "users", "Nobody is cast yet", "A character is one picture and a name. What makes the picture hold:"
        ):
            with Tag("ol", classes="teaches"):
                for title, text in TEACHES:
                    with Tag("li"):
                        words(title, "strong", tag="span")
                        words(text, "muted", tag="span")
            button("Create the first", self._create, drawn="plus", kind="main")


def found(cast: Sequence[Character], said: str, tag: str) -> list[Character]:
    """Those in whom every word is found, and who have the tag ("" for any)."""
    wanted = said.lower().replace("@", " ").split()
    return [
        character
        for character in cast
        if (not tag or tag in character.tags) and all(word in _read(character) for word in wanted)
    ]


def _read(character: Character) -> str:
    now = character.current
    said = (character.name, character.handle, *character.tags, now.description, *(a.text for a in now.anchors))
    return " ".join(said).lower()


def _card(character: Character) -> Card:
    reference = character.current.references[0]
    verdict, word = short_words(kept_grade(reference.grade))
    return Card(
        handle=character.handle,
        name=character.name,
        src=picture(reference.sha256, 640),
        verdict=verdict,
        word=word,
        tags=character.tags,
    )
