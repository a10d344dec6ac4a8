"""The anchors of a character, written and marked: a list of them, and the boxes on the picture beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samecast.core.cast import Region
from samecast.core.lexicon import Lexicon
from samecast.services.casting import MOST_ANCHORS
from samecast.web import kit
from samecast.web.kit import Field, Tag, button, words
from samecast.web.pages.character_drafts import SIDES, Draft, Drafts, mistakes
from samecast.web.parts.marker import Mark, Marker

OWN_SIDES = (
    "Left and right are the character's own: a scar on the left cheek is at the right of a picture that faces you."
)
_MIDDLE = Region(x=0.42, y=0.42, width=0.16, height=0.16)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    box: Tag
    number: Tag
    text: Field
    side: Field
    mark: Tag
    wrong: Tag


class Anchors:
    """`changed` is told whenever what the anchors say may have changed. The marker is made where the picture is."""

    def __init__(self, drafts: Drafts, lexicon: Lexicon, changed: Callable[[], Any]) -> None:
        self.drafts = drafts
        self.description = ""
        self._lexicon = lexicon
        self._changed = changed
        self._rows: dict[int, _Row] = {}
        self._picked: int | None = None
        self.marker: Marker | None = None

    # --- building -------------------------------------------------------------------------------------------------

    def picture(self) -> Marker:
        """The picture on which they are marked; `Marker.show` says which."""
        self.marker = Marker(drawn=self._drawn, moved=self._moved, removed=self._unmarked, chosen=self._chosen)
        return self.marker

    def list(self) -> None:
        """The list beside it."""
        with Tag("fieldset", classes="anchors stack tight"):
            Tag("legend", "Anchors: what must come back in every take")
            words(f"Click or drag on the picture to mark where one is. {OWN_SIDES}", "hint muted small")
            self._body = Tag("ol", classes="stack tight")
            with kit.row():
                self._add = button("Add an anchor", lambda: self.add(), drawn="plus", low=True)
        for draft in self.drafts.each:
            self._row(draft)
        self.refresh()

    def _row(self, draft: Draft) -> _Row:
        with self._body, Tag("li", classes="anchor") as box:
            number = words("", "mark-number", tag="span", aria_hidden="true")
            text = kit.field(
                "Anchor",
                draft.text,
                lambda said, id=draft.id: self._typed(id, said),  # type: ignore[misc]
                placeholder="faint scar across the cheek",
                maxlength=160,
            )
            side = kit.select(
                "Side",
                SIDES,
                draft.shown_side,
                lambda said, id=draft.id: self._sided(id, said),  # type: ignore[misc]
            )
            mark = button("Mark on the picture", lambda id=draft.id: self._mark(id), drawn="scan-face", bare=True)  # type: ignore[misc]
            button("Remove this anchor", lambda id=draft.id: self.remove(id), drawn="x", kind="quiet", bare=True)  # type: ignore[misc]
            wrong = Tag("ul", classes="anchor-wrong", aria_live="polite")
        text.input.on("focus", lambda id=draft.id: self._chosen(id), args=[])
        row = self._rows[draft.id] = _Row(box=box, number=number, text=text, side=side, mark=mark, wrong=wrong)
        return row

    # --- what is done with them -----------------------------------------------------------------------------------

    def add(self, region: Region | None = None) -> Draft | None:
        """One more, to be written."""
        if len(self.drafts.each) >= MOST_ANCHORS:
            return None
        draft = self.drafts.add(region=region)
        row = self._row(draft)
        self._picked = draft.id
        self.refresh()
        row.text.input.run_method("focus")
        return draft

    def remove(self, id: int) -> None:
        """Take one away, its mark too."""
        self.drafts.remove(id)
        if (row := self._rows.pop(id, None)) is not None:
            row.box.delete()
        self._add.run_method("focus")
        self._told()

    def cut(self, part: Region) -> None:
        """The picture became a part of itself."""
        self.drafts.cut(part)
        self._told()

    def refresh(self) -> None:
        """Show everything as it is."""
        wrong = mistakes(self.drafts, self.description, self._lexicon)
        for number, draft in enumerate(self.drafts.each, start=1):
            if (row := self._rows.get(draft.id)) is None:
                continue
            row.number.set_text(str(number))
            row.text.input.put(
                aria_label=f"Anchor {number}", aria_labelledby=None, aria_invalid="true" if draft.id in wrong else None
            )
            row.side.input.put(aria_label=f"Side of anchor {number}", aria_labelledby=None)
            row.mark.put(aria_pressed="true" if draft.region is not None else "false")
            if row.side.value != draft.shown_side:
                row.side.set(draft.shown_side)
            _list(row.wrong, wrong.get(draft.id, ()))
        self._add.put(disabled=len(self.drafts.each) >= MOST_ANCHORS)
        self._marks()

    def _marks(self, *, focus: bool = False) -> None:
        if self.marker is not None:
            marks = [
                Mark(id=draft.id, number=number, label=draft.text.strip() or f"Anchor {number}", region=draft.region)
                for number, draft in enumerate(self.drafts.each, start=1)
                if draft.region is not None
            ]
            self.marker.put(marks, self._picked, focus=focus)

    def _told(self) -> None:
        self.refresh()
        self._changed()

    def _typed(self, id: int, said: str) -> None:
        if (draft := self.drafts.get(id)) is not None and draft.text != said:
            if draft.side and draft.side == draft.said:
                draft.side = ""  # it came from the words, so that it changes with them
            draft.text = said
            self._told()

    def _sided(self, id: int, said: str) -> None:
        if (draft := self.drafts.get(id)) is not None:
            draft.side = said
            self._told()

    # --- on the picture -------------------------------------------------------------------------------------------

    def _drawn(self, region: Region) -> None:
        """A box goes to the anchor that is being written and has none; else it begins another one."""
        draft = self.drafts.get(self._picked) if self._picked is not None else None
        if draft is None or draft.region is not None:
            draft = next((one for one in self.drafts.each if one.region is None and not one.text.strip()), None)
        if draft is None:
            draft = self.add(region)
        if draft is None:
            return
        draft.region = region
        self._picked = draft.id
        self._told()
        if not draft.text.strip() and draft.id in self._rows:
            self._rows[draft.id].text.input.run_method("focus")

    def _moved(self, id: int, region: Region) -> None:
        if (draft := self.drafts.get(id)) is not None and draft.region is not None:
            draft.region = region
            self._told()

    def _unmarked(self, id: int) -> None:
        """Its mark goes; what was written of it stays."""
        if (draft := self.drafts.get(id)) is None:
            return
        draft.region = None
        if not draft.text.strip():
            self.remove(id)
            return
        self._told()
        self._rows[id].text.input.run_method("focus")

    def _chosen(self, id: int) -> None:
        if self._picked != id and self.drafts.get(id) is not None:
            self._picked = id
            self._marks()

    def _mark(self, id: int) -> None:
        """By keyboard: put a box in the middle, to be moved from there; or go to the one that is there."""
        if (draft := self.drafts.get(id)) is None or self.marker is None or not self.marker.visible:
            return
        self._picked = id
        if draft.region is None:
            draft.region = _MIDDLE
            self._told()
        self._marks(focus=True)


def _list(place: Tag, sentences: tuple[str, ...]) -> None:
    shown = [getattr(child, "text", "") for child in kit.children(place)]
    if shown != list(sentences):
        place.clear()
        with place:
            for sentence in sentences:
                words(sentence, tag="li")
