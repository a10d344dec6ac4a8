"""One character: references, versions, anchors, how reliably each model keeps them, and every take they are in."""

from samecast.core.cast import Character
from samecast.core.errors import NotFound
from samecast.core.lexicon import Lexicon
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import later
from samecast.web.kit import Tag, empty, heading, stack, words
from samecast.web.pages.character_changes import Changes
from samecast.web.pages.character_drafts import Drafts, mistakes
from samecast.web.pages.character_references import References
from samecast.web.pages.character_takes import Takes, rates
from samecast.web.pages.character_versions import versions


def page(desk: Desk, handle: str) -> None:
    """The page of whoever has the handle, or of nobody."""
    place = Tag("main", classes="page character")
    later(_fill(desk, handle[:40], place), place)


async def _fill(desk: Desk, handle: str, place: Tag) -> None:
    try:
        character = await desk.ask(desk.studio.casting.get, handle)
    except NotFound as error:
        with place:
            with Tag("header"):
                heading("Nobody here", 1)
            with empty("user-round", error.message, error.hint):
                kit.link("To the characters", "/", drawn="users")
        return
    if not place.is_deleted:
        _Page(desk, place, character)


class _Page:
    def __init__(self, desk: Desk, place: Tag, character: Character) -> None:
        self._desk = desk
        with place:
            self._head = Tag("header")
            with Tag("div", classes="two"):
                self._left = stack("loose")
                with stack("loose"):
                    self._said = stack("loose")
                    rates(desk, character.handle)
                    self._versions = stack("loose")
            Takes(desk, character.handle)
        self._show(character)

    def _show(self, character: Character) -> None:
        """Everything that a new version changes."""
        if self._head.is_deleted:
            return
        for part in (self._head, self._left, self._said, self._versions):
            part.clear()
        with self._head:
            with stack("close grow"):
                heading(character.name, 1)
                with kit.row("tight"):
                    words(f"@{character.handle}", "muted", tag="span")
                    if character.archived_at is not None:
                        words("archived", "chip", tag="span")
                    for tag in character.tags:
                        words(tag, "chip", tag="span")
            Changes(self._desk, character, self._show)
        with self._left:
            References(self._desk, character, self._show)
        with self._said:
            _said(character, self._desk.studio.lexicon)
        with self._versions:
            versions(character)


def _said(character: Character, lexicon: Lexicon) -> None:
    now = character.current
    drafts = Drafts.of(now.anchors)
    wrong = mistakes(drafts, now.description, lexicon)
    with Tag("section", classes="stack tight", aria_label="Description"):
        heading("Description", 2)
        words(now.description or "Nothing is said.", "" if now.description else "muted")
    with Tag("section", classes="stack tight", aria_label="Anchors"):
        heading("Anchors", 2)
        if not now.anchors:
            words("None yet. One strong anchor makes a character come back; add it under Edit.", "muted")
            return
        with Tag("ol", classes="said-anchors"):
            for number, (anchor, draft) in enumerate(zip(now.anchors, drafts.each, strict=True), start=1):
                with Tag("li"):
                    words(str(number), "mark-number", tag="span", aria_hidden="true")
                    words(anchor.text, tag="span", classes="grow")
                    if anchor.side is not None:
                        words(f"own {anchor.side}", "chip", tag="span")
                    if anchor.region is None:
                        words("not marked", "chip", tag="span")
                    for sentence in wrong.get(draft.id, ()):
                        words(sentence, "anchor-wrong", tag="span")
