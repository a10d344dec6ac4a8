"""What is written about a character: name, handle, description, tags, anchors. Both casting and editing ask it here."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from samecast.core.cast import Character, check_handle, handle_from_name
from samecast.core.errors import HandleTaken, InvalidInput
from samecast.core.lexicon import Lexicon
from samecast.services.casting import LONGEST_DESCRIPTION
from samecast.web import kit
from samecast.web.kit import words
from samecast.web.pages.character_anchors import Anchors
from samecast.web.pages.character_drafts import Drafts


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Everything that was written, as `Casting` takes it."""

    name: str
    handle: str | None
    description: str
    tags: tuple[str, ...]
    anchors: tuple[str, ...]


class Form:
    """`changed`: something that a grade depends on. For a new character there is a handle, made from the name."""

    def __init__(self, lexicon: Lexicon, changed: Callable[[], Any], character: Character | None = None) -> None:
        self._new = character is None
        self._taken: Collection[str] = ()
        self._own_handle = False
        self._changed = changed
        now = character.current if character is not None else None
        self._start = (
            character.name if character else "",
            now.description if now else "",
            ", ".join(character.tags) if character else "",
        )
        self.anchors = Anchors(Drafts.of(now.anchors if now else ()), lexicon, changed)
        self.anchors.description = self._start[1]

    def build(self) -> None:
        """The fields, into whatever is being filled."""
        name, description, tags = self._start
        self.name = kit.field(
            "Name",
            name,
            self._named,
            maxlength=80,
            required=True,
            hint="" if not self._new else "Prompts name them so.",
        )
        if self._new:
            self.handle = kit.field("Handle", "", self._handled, hint=_HANDLE_HINT, maxlength=16, spellcheck="false")
        self.description = kit.field(
            "Description",
            description,
            self._described,
            lines=2,
            hint="Who it is, in a sentence. What they look like belongs into anchors.",
            maxlength=LONGEST_DESCRIPTION,
        )
        self.tags = kit.field("Tags", tags, hint="With commas between them.")
        self.anchors.list()

    def know(self, taken: Collection[str]) -> None:
        """Which handles others have; somebody may have typed before that is known."""
        self._taken = taken
        if self.name.value.strip() and not self._own_handle:
            self._named(self.name.value)
        elif self._own_handle:
            self._check_handle()

    def written(self) -> Written | None:
        """What is there now; None where something is missing, which is said at its field.

        Raises `InvalidInput` for anchors that cannot be taken.
        """
        if not self.name.value.strip():
            self.name.blame("Give a name.")
            self.name.input.run_method("focus")
            return None
        if self._new and self._check_handle():
            self.handle.input.run_method("focus")
            return None
        return Written(
            name=self.name.value,
            handle=self.handle.value.strip().removeprefix("@").lower() if self._new else None,
            description=self.description.value,
            tags=tuple(tag for tag in self.tags.value.split(",") if tag.strip()),
            anchors=tuple(self.anchors.drafts.texts()),
        )

    def refuse(self, error: HandleTaken) -> None:
        """Somebody else has the handle."""
        self.handle.blame(str(error))
        self.handle.input.run_method("focus")

    def _named(self, said: str) -> None:
        self.name.blame("")
        if not self._new or self._own_handle:
            return
        try:
            handle = free_handle(handle_from_name(said), self._taken) if said.strip() else ""
        except InvalidInput:
            handle = ""
        if handle != self.handle.value:  # else somebody may be typing another one just now
            self.handle.set(handle)
        self._check_handle(quiet=True)

    def _handled(self, said: str) -> None:
        self._own_handle = bool(said.strip())
        self._check_handle(quiet=not said.strip())

    def _check_handle(self, *, quiet: bool = False) -> str:
        """Why the handle cannot be, which is said at its field; "" where it can."""
        bare, why = self.handle.value.strip().lower().removeprefix("@"), ""
        try:
            check_handle(bare)
            if bare in self._taken:
                why = f"@{bare} is somebody else's."
        except InvalidInput as error:
            why = "" if quiet and not bare else error.hint or error.message
        self.handle.blame(why)
        self.handle.explain(f"Prompts name them @{bare}. It never changes." if bare and not why else _HANDLE_HINT)
        return why

    def _described(self, said: str) -> None:
        self.anchors.description = said
        self.anchors.refresh()
        self._changed()


_HANDLE_HINT = "Made from the name; it never changes."


def free_handle(handle: str, taken: Collection[str]) -> str:
    """The handle, or the first with a number behind it that nobody has."""
    if handle not in taken:
        return handle
    return next(made for n in range(2, 10_000) if (made := f"{handle[: 14 - len(str(n))]}_{n}") not in taken)


def told_in(place: kit.Tag, error: Exception) -> None:
    """An error inside a dialog, where words at the edge of the page are not seen."""
    place.clear()
    message, hint = getattr(error, "message", str(error)), getattr(error, "hint", "")
    with place:
        kit.icon("triangle-alert")
        with kit.Tag("div"):
            words(message, tag="div")
            if hint:
                words(hint, "muted", tag="div")
    place.set_visibility(True)


def wrong_line() -> kit.Tag:
    """Where `told_in` speaks; nothing is seen before."""
    made = kit.Tag("div", classes="note wrong grow", role="alert")
    made.set_visibility(False)
    return made
