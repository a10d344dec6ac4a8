"""What can be done with a character as a whole: shoot, edit, duplicate, export with its papers, archive, delete."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from samecast.core.cast import Character, Pinned, Pins
from samecast.core.errors import SamecastError
from samecast.core.travelling import LONGEST_PAPER, Papers
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import frame, told
from samecast.web.kit import Dialog, Tag, button, link, words
from samecast.web.pages.character_edit import EditCharacter
from samecast.web.pages.character_form import told_in, wrong_line


class Changes:
    """The buttons in a character's head. `changed` is told the character as it is from then on."""

    def __init__(self, desk: Desk, character: Character, changed: Callable[[Character], Any]) -> None:
        self._desk = desk
        self._character = character
        self._changed = changed
        away = character.archived_at is not None
        with kit.row("tight") as self._row:
            if away:
                button("Bring back", told(self._bring_back), drawn="archive-restore", kind="main")
            else:
                link("Shoot", f"/create?character={character.handle}", drawn="clapperboard", kind="main")
            button("Edit", self._edit, drawn="pencil")
            button("Duplicate", self._duplicate, drawn="copy", kind="quiet")
            button("Export", told(self._export), drawn="download", kind="quiet")
            if not away:
                button("Archive", told(self._archive), drawn="archive", kind="quiet")
            button("Delete", told(self._delete), drawn="trash-2", kind="quiet")

    def _edit(self) -> None:
        with self._row:
            EditCharacter(self._desk, self._character, self._changed)

    async def _export(self) -> None:
        papers = await self._desk.ask(self._desk.studio.travelling.papers, self._character.handle)
        with self._row:
            Export(self._desk, self._character, papers)

    def _duplicate(self) -> None:
        with self._row:
            Duplicate(self._desk, self._character)

    async def _archive(self) -> None:
        casting, character = self._desk.studio.casting, self._character
        await self._desk.ask(casting.archive, character.handle)
        frame().say(
            f"{character.name} is archived.",
            "Out of lists and of new shots; what was shot stays.",
            undo=told(self._bring_back),
        )
        self._changed(await self._desk.ask(casting.get, character.handle))

    async def _bring_back(self) -> None:
        casting, character = self._desk.studio.casting, self._character
        await self._desk.ask(casting.unarchive, character.handle)
        frame().say(f"{character.name} is back in the cast.")
        self._changed(await self._desk.ask(casting.get, character.handle))

    async def _delete(self) -> None:
        pins = await self._desk.ask(self._desk.studio.casting.pins, self._character.handle)
        with self._row:
            Delete(self._desk, self._character, pins, told(self._archive))


class Duplicate:
    """The dialog in which somebody alike is cast under another name."""

    def __init__(self, desk: Desk, character: Character) -> None:
        self._desk = desk
        self._character = character
        self._dialog = Dialog(f"Duplicate {character.name}", size="slim")
        with self._dialog.inside:
            words(
                "The same references, anchors, description and tags under another name. Papers are not copied.", "muted"
            )
            self._name = kit.field("Name", f"{character.name} 2", self._named, maxlength=80)
            self._handle = kit.field("Handle", _next_handle(character.handle), maxlength=16, spellcheck="false")
        with self._dialog.foot:
            self._wrong = wrong_line()
            button("Cancel", self._dialog.close, kind="quiet")
            button("Duplicate", told(self._copy), drawn="copy", kind="main")
        self._dialog.open()

    def _named(self, said: str) -> None:
        self._name.blame("" if said.strip() else "Give a name.")

    async def _copy(self) -> None:
        duplicate = self._desk.studio.casting.duplicate
        try:
            made = await self._desk.ask(
                duplicate, self._character.handle, name=self._name.value, as_handle=self._handle.value or None
            )
        except SamecastError as error:
            told_in(self._wrong, error)
            return
        self._dialog.close()
        frame().say(f"{made.name} is cast as @{made.handle}.")
        ui.navigate.to(f"/characters/{made.handle}")


def _next_handle(handle: str) -> str:
    return f"{handle[:13]}_2"


class Export:
    """The dialog in which a character is written into a file, with what was agreed about using it."""

    def __init__(self, desk: Desk, character: Character, papers: Papers) -> None:
        self._desk = desk
        self._character = character
        self._dialog = Dialog(f"Export {character.name}", size="slim")
        with self._dialog.inside:
            words(
                "One file with every version, every reference and these papers. Another studio takes it in with "
                "samecast cast import.",
                "muted",
            )
            self._consent = kit.field(
                "Consent", papers.consent, lines=3, hint="Who agreed to what, and when.", maxlength=LONGEST_PAPER
            )
            self._licence = kit.field(
                "Licence", papers.licence, lines=2, hint="Under which terms it may be used.", maxlength=LONGEST_PAPER
            )
        with self._dialog.foot:
            self._wrong = wrong_line()
            button("Cancel", self._dialog.close, kind="quiet")
            self._go = button("Export", told(self._write), drawn="download", kind="main")
        self._dialog.open()

    async def _write(self) -> None:
        self._go.put(disabled=True)
        studio, handle = self._desk.studio, self._character.handle
        try:
            path = await self._desk.ask(studio.sending.place, f"{handle}.samecast")
            done = await self._desk.ask(
                studio.travelling.export, handle, path, consent=self._consent.value, licence=self._licence.value
            )
        except SamecastError as error:
            told_in(self._wrong, error)
            return
        finally:
            self._go.put(disabled=None)
        ui.download.from_url(f"/studio/outgoing/{path.parent.name}/{path.name}", path.name)
        self._dialog.close()
        frame().say(f"{self._character.name} is in {path.name}: {done.size / 1e6:,.1f} MB.")


class Delete:
    """The dialog that says what refers to a character, what would go and what stays, before it goes for good."""

    def __init__(self, desk: Desk, character: Character, pins: Pins, archive: Callable[[], Any]) -> None:
        self._desk = desk
        self._character = character
        self._archive = archive
        self._dialog = Dialog(f"Delete {character.name}", size="slim")
        with self._dialog.inside:
            words(f"@{character.handle} leaves the cast for good. This cannot be undone.", "strong")
            words(pins.told)
            if pins.takes:
                _pinned(pins)
            if character.archived_at is None:
                words("Archived instead, it is out of the way and can be brought back.", "muted")
        with self._dialog.foot:
            self._wrong = wrong_line()
            button("Cancel", self._dialog.close, kind="quiet")
            if character.archived_at is None:
                button("Archive", told(self._put_away), drawn="archive")
            button("Delete for good", told(self._remove), drawn="trash-2", kind="grave")
        self._dialog.open()

    async def _put_away(self) -> None:
        self._dialog.close()
        await self._archive()

    async def _remove(self) -> None:
        try:
            gone = await self._desk.ask(self._desk.studio.casting.remove, self._character.handle)
        except SamecastError as error:
            told_in(self._wrong, error)
            return
        self._dialog.close()
        kept = "" if gone else "Takes that were made keep what they were made with."
        frame().say(f"{self._character.name} is no longer in the cast.", kept)
        ui.navigate.to("/")


def _pinned(pins: Pins) -> None:
    with kit.table(("Refers to it", "Takes", "Shots"), "What refers to it"):
        for pinned in pins.models:
            _pinned_row(f"On {pinned.what}", pinned)
        for pinned in pins.versions:
            _pinned_row(f"By version {pinned.what}", pinned)


def _pinned_row(name: str, pinned: Pinned) -> None:
    with Tag("tr"):
        Tag("th", name, scope="row")
        Tag("td", f"{pinned.takes:,}", "number")
        Tag("td", f"{pinned.shots:,}", "number")
