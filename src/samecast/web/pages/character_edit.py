"""Editing a character: the same fields as in casting, the anchors on the first reference. Looks make a new version."""

from collections.abc import Callable
from typing import Any

from samecast.core.cast import Character
from samecast.core.errors import SamecastError
from samecast.services.casting import Change
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import frame, told
from samecast.web.kit import Dialog, Tag, button
from samecast.web.pages.character_drafts import Drafts
from samecast.web.pages.character_form import Form, told_in, wrong_line


class EditCharacter:
    """The dialog, open. `changed` is told the character as it is from then on."""

    def __init__(self, desk: Desk, character: Character, changed: Callable[[Character], Any]) -> None:
        self._desk = desk
        self._character = character
        self._changed = changed
        self._dialog = Dialog(f"Edit {character.name}", size="wide")
        self._form = Form(desk.studio.lexicon, lambda: None, character)
        reference = character.current.references[0]
        with self._dialog.inside, Tag("div", classes="casting-call"):
            with Tag("div", classes="stage"):
                marker = self._form.anchors.picture()
            alt = f"The first reference of {character.name}, to be marked"
            marker.show(kit.picture(reference.sha256, 1280), alt, reference.width, reference.height)
            with kit.stack():
                self._form.build()
        with self._dialog.foot:
            self._wrong = wrong_line()
            button("Cancel", self._dialog.close, kind="quiet")
            self._save = button("Save", told(self._keep), drawn="check", kind="main")
        self._dialog.open()

    async def _keep(self) -> None:
        former = self._character
        try:
            written = self._form.written()
            if written is None:
                return
            self._save.put(disabled=True)
            change = Change(
                name=written.name, description=written.description, tags=written.tags, anchors=written.anchors
            )
            added = await self._desk.ask(self._desk.studio.casting.edit, former.handle, change)
        except SamecastError as error:
            told_in(self._wrong, error)
            return
        finally:
            self._save.put(disabled=None)
        self._dialog.close()
        now = added.character
        version = now.current.number
        said = f"version {version}" if version != former.current.number else "saved"
        frame().say(f"{now.name}: {said}.", undo=told(self._back))
        self._changed(now)

    async def _back(self) -> None:
        """As it was, in a version of its own: versions are never taken away."""
        former = self._character
        change = Change(
            name=former.name,
            description=former.current.description,
            tags=former.tags,
            anchors=tuple(Drafts.of(former.current.anchors).texts()),
        )
        added = await self._desk.ask(self._desk.studio.casting.edit, former.handle, change)
        self._changed(added.character)
