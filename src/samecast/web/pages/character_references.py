"""The references of a character: the first one large with its anchors, each with its grade; add, remove, put first."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from samecast.core.cast import Character, Reference
from samecast.core.errors import InvalidInput
from samecast.services.casting import Added, Change
from samecast.services.studio import Studio
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import frame, told
from samecast.web.kit import Tag, button, words
from samecast.web.pages import character_looks as looks
from samecast.web.pages.character_drafts import Drafts, without_places
from samecast.web.pages.character_grade import kept_grade, overlay_dialog, short_verdict, show_grade
from samecast.web.parts.drop import Drop
from samecast.web.parts.marker import Mark, Marker


class References:
    """`changed` is told the character as it is from now on."""

    def __init__(self, desk: Desk, character: Character, changed: Callable[[Character], Any]) -> None:
        self._desk = desk
        self._character = character
        self._changed = changed
        self._shown = 0
        self._place = Tag("section", classes="stack", aria_label="References")
        self._show()

    @property
    def _each(self) -> Sequence[Reference]:
        return self._character.current.references

    def _show(self) -> None:
        self._place.clear()
        reference = self._each[self._shown]
        with self._place:
            with Tag("div", classes="stage"):
                marker = Marker()
            alt = f"Reference {self._shown + 1} of {self._character.name}"
            marker.show(kit.picture(reference.sha256, 1280), alt, reference.width, reference.height)
            if self._shown == 0:
                marker.put(_marks(self._character))
            self._strip()
            with kit.row("tight"):
                button("What was measured", told(self._measured), drawn="scan-face", low=True)
                if self._shown > 0:
                    button("Put first", told(self._first), drawn="star", low=True)
                if len(self._each) > 1:
                    button("Remove this reference", told(self._remove), drawn="trash-2", kind="quiet", low=True)
            self._busy = words("", "muted small", role="status")
            if (grade := kept_grade(reference.grade)) is not None:
                show_grade(Tag("div", classes="grade stack tight"), grade, anchors=False)
            Drop(told(self._add), label="Add a reference", hint="Other views of the same face hold better.", slim=True)

    def _strip(self) -> None:
        if len(self._each) < 2:
            return
        with Tag("ul", classes="strip"):
            for place, reference in enumerate(self._each):
                with Tag("li"):
                    here = "true" if place == self._shown else "false"
                    made = Tag("button", classes="candidate", type="button", aria_pressed=here)
                    with made:
                        kit.portrait(reference.sha256, f"Reference {place + 1}", 320)
                        with kit.stack("close"):
                            words("First" if place == 0 else f"Number {place + 1}", "small", tag="span")
                            short_verdict(kept_grade(reference.grade))
                    made.on("click", lambda place=place: self._choose(place), args=[])

    def _choose(self, place: int) -> None:
        self._shown = place
        self._show()

    async def _measured(self) -> None:
        reference, now = self._each[self._shown], self._character.current
        self._busy.set_text("The picture is looked at…")
        anchors = Drafts.of(now.anchors).texts()
        seen = await self._desk.look(
            looks.reference_again, self._desk.studio, reference.sha256, anchors, now.description
        )
        drawn = await self._desk.look(looks.overlay, self._desk.studio, seen)
        self._busy.set_text("")
        with self._place:
            overlay_dialog(drawn, seen.grade)

    # --- changing them --------------------------------------------------------------------------------------------

    async def _add(self, names: list[str]) -> None:
        if not names:
            return
        self._busy.set_text("The reference is graded…")
        paths = tuple(self._desk.studio.receiving.path(name) for name in names)
        added = await self._desk.look(self._desk.studio.casting.edit, self._character.handle, Change(images=paths))
        self._busy.set_text("")
        known = len(added.character.current.references) == len(self._each)
        frame().say("That picture was a reference already." if known else f"Version {added.character.current.number}.")
        self._changed(added.character)

    async def _first(self) -> None:
        each = list(self._each)
        each.insert(0, each.pop(self._shown))
        await self._keep(each, "is first now")

    async def _remove(self) -> None:
        each = [reference for place, reference in enumerate(self._each) if place != self._shown]
        await self._keep(each, "has a reference less")

    async def _keep(self, each: Sequence[Reference], said: str) -> None:
        former = self._character
        again = [reference.sha256 for reference in each]
        anchors = anchors_for(former, again[0])
        self._busy.set_text("The references are graded…")
        added = await self._desk.look(arrange, self._desk.studio, former.handle, again, anchors)

        async def undo() -> None:
            before = [reference.sha256 for reference in former.current.references]
            texts = Drafts.of(former.current.anchors).texts()
            back = await self._desk.look(arrange, self._desk.studio, former.handle, before, texts)
            self._changed(back.character)

        lost = any(anchor.region for anchor in former.current.anchors) and again[0] != self._each[0].sha256
        hint = "Where its anchors are was marked on the other picture: mark them anew under Edit." if lost else ""
        frame().say(f"{former.name} {said}: version {added.character.current.number}.", hint, undo=told(undo))
        self._changed(added.character)


def anchors_for(character: Character, first: str) -> list[str]:
    """The anchors as they go with a first reference: places hold for the one that they were marked on alone."""
    now = character.current
    return Drafts.of(now.anchors).texts() if now.references[0].sha256 == first else without_places(now.anchors)


def arrange(studio: Studio, handle: str, again: Sequence[str], anchors: Sequence[str]) -> Added:
    """A new version with these of its references, in this order. Raises `InvalidInput` for none."""
    if not again:
        raise InvalidInput("A character needs a reference.", hint="Add another one first.")
    with tempfile.TemporaryDirectory(prefix="samecast-") as folder:
        paths = []
        for place, sha256 in enumerate(again):
            paths.append(Path(folder) / f"{place}.png")
            paths[-1].write_bytes(studio.showing.original(sha256))
        change = Change(images=tuple(paths), replace_images=True, anchors=tuple(anchors))
        return studio.casting.edit(handle, change)


def _marks(character: Character) -> list[Mark]:
    return [
        Mark(id=number, number=number, label=anchor.text, region=anchor.region)
        for number, anchor in enumerate(character.current.anchors, start=1)
        if anchor.region is not None
    ]
