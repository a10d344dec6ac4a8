"""Casting somebody new: a picture, or several to audition; its grade at once; a name; anchors marked on the picture."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nicegui import ui

from samecast.core.cast import Region
from samecast.core.errors import HandleTaken, NotFound, SamecastError
from samecast.services.casting import Graded
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import frame, later, told
from samecast.web.kit import Dialog, Tag, button, words
from samecast.web.pages import character_looks as looks
from samecast.web.pages.character_form import Form, told_in, wrong_line
from samecast.web.pages.character_grade import SHORT, overlay_button, received, short_verdict, show_grade
from samecast.web.pages.character_picker import Picker
from samecast.web.parts.drop import Drop

STILL_SECONDS = 0.6
"""So long nothing was written before a picture is graded anew."""


class NewCharacter:
    """The dialog, open. `closed` is called where nobody was cast."""

    def __init__(self, desk: Desk, closed: Callable[[], Any] | None = None) -> None:
        self._desk = desk
        self._closed = closed
        self._name: str | None = None
        self._turn = 0
        self._standings: list[looks.Standing] = []
        self._now: dict[str, str] = {}
        """What became of each candidate by cropping."""
        self._candidate: str | None = None
        self._places: dict[str, dict[int, Region]] = {}
        """Where anchors were marked on the pictures that were looked at before."""
        self._words: object = None
        """What was written last, to be graded once nothing follows it."""
        self._done = False
        self._dialog = Dialog("New character", size="wide", closed=self._gone)
        self._form = Form(desk.studio.lexicon, self._reworded)
        with self._dialog.inside, Tag("div", classes="casting-call"):
            self._left()
            with kit.stack():
                self._form.build()
        with self._dialog.foot:
            self._wrong = wrong_line()
            button("Cancel", self._dialog.close, kind="quiet")
            self._create = button("Create now", told(self._cast), drawn="check", kind="main")
        self._dialog.open()
        later(self._know(), self._grade)

    def _left(self) -> None:
        with Tag("section", classes="stack", aria_label="The character image"):
            self._stage = Tag("div", classes="stage")
            with self._stage:
                self._marker = self._form.anchors.picture()
            self._stage.set_visibility(False)
            self._form.anchors.marker = None  # until there is a picture to mark
            with Tag("div", classes="sources"):
                self._drop = Drop(
                    told(self._came),
                    label="Add the character image",
                    hint="Drop it, paste it, or choose a file. Several are auditioned.",
                )
                button("From your creations", self._pick, drawn="images")
            self._busy = words("", "muted small", role="status")
            self._row = Tag("div", classes="stack tight")
            self._fixes = Tag("div", classes="stack tight")
            with Tag("div", classes="judged"):
                self._drawn = Tag("div")
                self._grade = Tag("div", classes="grade stack tight grow")
        with self._grade:
            _rules()

    async def _know(self) -> None:
        cast = await self._desk.cast() + await self._desk.cast(archived=True)
        self._form.know({character.handle for character in cast})

    # --- pictures -------------------------------------------------------------------------------------------------

    async def _came(self, names: list[str]) -> None:
        """One picture is the reference; several are auditioned."""
        if not names:
            return
        self._wrong.set_visibility(False)
        with self._telling():
            if len(names) > 1:
                await self._audition(names)
                return
            self._standings, self._candidate = [], None
            self._row.clear()
            await self._look_at(names[0])

    async def _audition(self, names: list[str]) -> None:
        self._busy.set_text(f"{len(names)} candidates are looked at…")
        studio, anchors = self._desk.studio, self._form.anchors.drafts.sound()
        self._standings = await self._desk.look(looks.auditioned, studio, names, anchors)
        if self._done:
            return
        self._now = {}
        best = self._standings[0]
        self._candidate = best.name
        self._show_audition()
        await self._look_at(best.name)

    def _show_audition(self) -> None:
        self._row.clear()
        with self._row:
            kit.heading("Audition, the strongest first", 3)
            with Tag("ol", classes="audition"):
                for place, standing in enumerate(self._standings, start=1):
                    self._show_candidate(place, standing)

    def _show_candidate(self, place: int, standing: looks.Standing) -> None:
        chosen = standing.name == self._candidate

        async def choose() -> None:
            with self._telling():
                self._candidate = standing.name
                self._show_audition()
                await self._look_at(self._now.get(standing.name, standing.name))

        with Tag("li"):
            made = Tag("button", classes="candidate", type="button", aria_pressed="true" if chosen else "false")
            with made:
                Tag("img", src=received(standing.name, 320), alt=f"Candidate {place}")
                with kit.stack("close"):
                    short_verdict(standing.grade)
                    words(standing.why, "muted small", tag="span")
            if standing.grade is None:
                made.put(disabled=True)
            made.on("click", told(choose), args=[])

    async def _look_at(self, name: str) -> None:
        """Make a picture the one that is cast: shown at once, then its grade, what was measured, and what mends it."""
        turn = self._next()
        at = await self._desk.ask(self._desk.studio.receiving.at, name)
        if self._over(turn):
            return
        self._keep_places()
        self._name = name
        self._form.anchors.marker = self._marker
        self._marker.show(received(name, 1280), "The character image, to be marked", at.width, at.height)
        self._stage.set_visibility(True)
        self._load_places()
        self._drop.props.update({"slim": True, "label": "Another, or several", "hint": ""})
        self._busy.set_text("The picture is looked at…")
        for place in (self._fixes, self._drawn):
            place.clear()
        seen = await self._measure(turn, name)
        if seen is not None:
            await self._draw(turn, name, seen)

    async def _measure(self, turn: int, name: str) -> Graded | None:
        form = self._form
        seen = await self._desk.look(
            looks.graded, self._desk.studio, name, form.anchors.drafts.sound(), form.description.value
        )
        if self._over(turn):
            return None
        show_grade(self._grade, seen.grade)
        self._busy.set_text("")
        return seen

    async def _draw(self, turn: int, name: str, seen: Graded) -> None:
        drawn = await self._desk.look(looks.overlay, self._desk.studio, seen)
        if self._over(turn):
            return
        with self._drawn:
            overlay_button(drawn, seen.grade)
        offered = await self._desk.look(looks.fixes, self._desk.studio, name, seen)
        if not self._over(turn):
            self._show_fixes(offered)

    def _show_fixes(self, offered: list[looks.Fix]) -> None:
        self._fixes.clear()
        if not offered:
            return
        with self._fixes:
            words("Mended by a press:" if len(offered) == 1 else "Several people: whose picture is it?", "small strong")
            with Tag("ul", classes="fixes"):
                for fix in offered:
                    with Tag("li"):
                        made = Tag("button", classes="fix", type="button")
                        with made:
                            Tag("img", src=received(fix.shown.name, 320), alt="")
                            words(fix.label, "small", tag="span")
                        made.on("click", told(lambda fix=fix: self._mend(fix)), args=[])

    async def _mend(self, fix: looks.Fix) -> None:
        with self._telling():
            former = self._name
            if former is None:
                return
            self._keep_places()
            self._form.anchors.cut(fix.part)
            self._places[fix.shown.name] = self._marked()
            self._name = None  # its places are kept already, as they were before the cut
            await self._become(fix.shown.name)
            with self._fixes, kit.row("tight"):
                button("Undo the crop", told(lambda: self._back(former)), drawn="undo-2", low=True)

    async def _back(self, former: str) -> None:
        with self._telling():
            await self._become(former)

    async def _become(self, name: str) -> None:
        if self._candidate is not None:
            self._now[self._candidate] = name
        await self._look_at(name)

    # --- where anchors are on which picture -----------------------------------------------------------------------

    def _marked(self) -> dict[int, Region]:
        return {draft.id: draft.region for draft in self._form.anchors.drafts.each if draft.region is not None}

    def _keep_places(self) -> None:
        if self._name is not None:
            self._places[self._name] = self._marked()

    def _load_places(self) -> None:
        """What was marked on another picture is nowhere on this one."""
        if self._name is None:
            return
        places = self._places.get(self._name, {})
        for draft in self._form.anchors.drafts.each:
            draft.region = places.get(draft.id)
        self._form.anchors.refresh()

    # --- words, and the end ---------------------------------------------------------------------------------------

    def _reworded(self) -> None:
        if self._name is not None:
            later(self._regrade(), self._grade)

    async def _regrade(self) -> None:
        """Once nothing was written for a moment; what was measured stays as it is drawn."""
        name = self._name
        self._words = waiting = object()
        await asyncio.sleep(STILL_SECONDS)
        if name is not None and self._words is waiting and name == self._name and not self._done:
            with self._telling(), suppress(NotFound):
                await self._measure(self._turn, name)

    def _pick(self) -> None:
        async def chosen(sha256: str) -> None:
            with self._telling():
                self._busy.set_text("The creation is taken…")
                found = await self._desk.look(looks.from_creation, self._desk.studio, sha256)
                await self._came([found.name])

        with self._dialog.inside:
            Picker(self._desk, chosen)

    async def _cast(self) -> None:
        self._wrong.set_visibility(False)
        with self._telling():
            written = self._form.written()
            if written is None:
                return
            if self._name is None:
                told_in(
                    self._wrong, NotFound("There is no picture yet.", hint="Drop one, paste one, or choose a file.")
                )
                return
            self._create.put(disabled=True)
            try:
                added = await self._desk.look(
                    self._desk.studio.casting.add,
                    [self._desk.studio.receiving.path(self._name)],
                    name=written.name,
                    handle=written.handle,
                    description=written.description,
                    tags=written.tags,
                    anchors=written.anchors,
                )
            except HandleTaken as error:
                self._form.refuse(error)
                return
            finally:
                self._create.put(disabled=None)
            character = added.character
            self._done = True
            self._dialog.close()
            grade = f" {SHORT[added.grade.verdict]} reference." if added.grade is not None else ""
            frame().say(f"{character.name} is cast as @{character.handle}.{grade}")
            ui.navigate.to(f"/characters/{character.handle}")

    def _gone(self) -> None:
        cast, self._done = self._done, True
        if not cast and self._closed is not None:
            self._closed()

    def _next(self) -> int:
        self._turn += 1
        return self._turn

    def _over(self, turn: int) -> bool:
        return self._done or turn != self._turn

    def _telling(self) -> "_Telling":
        return _Telling(self)

    def tell(self, error: SamecastError) -> None:
        """Say in the dialog what went wrong."""
        if not self._done:
            self._busy.set_text("")
            told_in(self._wrong, error)


class _Telling:
    """Errors that a person can act on are told in the dialog."""

    def __init__(self, dialog: NewCharacter) -> None:
        self._dialog = dialog

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, SamecastError):
            self._dialog.tell(error)
            return True
        return False


def _rules() -> None:
    """What makes a good reference, before there is one."""
    kit.heading("What holds a character", 3)
    with Tag("ul", classes="teaches"):
        for title, text in TEACHES:
            with Tag("li"):
                words(title, "strong", tag="span")
                words(text, "muted", tag="span")


TEACHES = (
    ("A three-quarter or near-frontal view.", "Both eyes and the whole jaw; a profile leaves half a face to guesses."),
    ("Even light on the face.", "What lies in shadow is made up anew in every take."),
    ("One strong anchor.", "A scar, an undercut, cyan piping: said exactly, and marked where it is."),
)
"""The three rules of a good reference."""
