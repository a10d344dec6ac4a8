"""Providers' keys: entering one, which goes to the keyring and is never seen again, and where each is kept.

A key passes through here once, from a password field to the keyring. It is in no element, no address and no log.
"""

from collections.abc import Awaitable, Callable, Sequence

from nicegui.events import GenericEventArguments

from samecast.core.errors import InvalidInput
from samecast.services.modelling import Kept, Readiness
from samecast.web.desk import Desk
from samecast.web.frame import frame, told
from samecast.web.kit import Dialog, Tag, button, heading, row, stack, text_of, words
from samecast.web.parts.command import Command
from samecast.web.parts.telling import Telling

LONGEST_KEY = 4096
_TAKEN = "(event) => { event.preventDefault(); const box = event.target.elements.key; const said = box.value;"
_TAKEN += " box.value = ''; emit(said); }"
"""Sends a key once, when the form is sent, and empties the field at once."""
PLACES: dict[Kept | None, str] = {
    "keyring": "Kept in the keyring",
    "environment": "Set in the environment",
    None: "Not there",
}
Then = Callable[[], Awaitable[None]]


def enter_key(desk: Desk, name: str, models: Sequence[str], then: Then) -> None:
    """The dialog that asks for a key. `models`: what becomes ready by it, where that is known."""
    dialog = Dialog(f"Enter {name}", size="slim")

    async def taken(event: GenericEventArguments) -> None:
        key = text_of(event, LONGEST_KEY + 1).strip()
        if not key.isascii() or not key.isprintable() or " " in key or not 1 <= len(key) <= LONGEST_KEY:
            raise InvalidInput("That is no key.", hint="Copy it again, without spaces, quotes or line ends.")
        await desk.ask(desk.studio.modelling.keep_key, name, key)
        dialog.close()
        frame().say(f"{name} is kept in the keyring.", "It is not shown again.")
        await then()

    with dialog.inside:
        if models:
            words(f"For {_listed(models)}.")
        words(
            "It goes into the keyring of the system that the studio runs on, and from there to nobody but its provider."
            " It is never shown again, and stands in no log, recipe or exported file.",
            "muted small",
        )
        telling = Telling()
        form = Tag("form", classes="stack", autocomplete="off")
        with form, Tag("label", classes="field"):
            words(name, "label", tag="span")
            Tag("input", classes="input", type="password", name="key", autocomplete="off", spellcheck="false")
        form.put(id=f"c{form.id}")
        form.on("submit", telling.here(taken), js_handler=_TAKEN)
        words("Or on the command line, where it is asked for:", "muted small")
        Command(f"samecast models key {name}")
    with dialog.foot:
        button("Cancel", dialog.close, kind="quiet")
        with Tag("button", classes="button main", type="submit", form=f"c{form.id}"):
            words("Keep it", tag="span")
    dialog.open()


class Keys:
    """Which keys there are, and where each is kept."""

    def __init__(self, desk: Desk, page: Tag, then: Then) -> None:
        self._desk = desk
        self._page = page
        self._then = then
        self.box = Tag("section", classes="stack tight")
        with self.box:
            heading("Keys")
            words(
                "Keys of your accounts at providers. One in the environment comes before one in the keyring.",
                "muted small",
            )
            self._list = Tag("ul", classes="models-list")

    async def fill(self, entries: Sequence[Readiness]) -> None:
        """Look where each key is kept that is known here: those in use, and those in the keyring."""
        modelling = self._desk.studio.modelling
        names = await self._desk.ask(modelling.key_names)
        kept = {name: await self._desk.ask(modelling.kept, name) for name in names}
        if self._list.is_deleted:
            return
        self._list.clear()
        with self._list:
            for name, place in kept.items():
                self._line(name, place)
            if not kept:
                with Tag("li", classes="models-key"):
                    words("None is kept yet. A model that needs one says so, and takes it.", "muted")

    def _line(self, name: str, place: Kept | None) -> None:
        with Tag("li", classes="models-key"):
            words(name, "grow", tag="code")
            words(PLACES[place], "muted small", tag="span")
            with row("tight"):
                if place == "environment":
                    words("Unset it where the studio is started.", "muted small", tag="span")
                else:
                    said = "Replace" if place == "keyring" else "Enter"
                    button(said, told(lambda: self._enter(name)), low=True, aria_label=f"{said} {name}")
                if place == "keyring":
                    button(
                        "Remove",
                        told(lambda: self._ask(name)),
                        drawn="trash-2",
                        kind="quiet",
                        low=True,
                        aria_label=f"Remove {name}",
                    )

    def _enter(self, name: str) -> None:
        with self._page:
            enter_key(self._desk, name, (), self._then)

    def _ask(self, name: str) -> None:
        with self._page:
            dialog = Dialog(f"Remove {name}?", size="slim")
        with dialog.inside, stack("tight"):
            words(
                "It is taken out of the keyring. Models that need it are not ready then; takes that wait for it fail."
            )
            telling = Telling()
        with dialog.foot:
            button("Cancel", dialog.close, kind="quiet")
            button("Remove", telling.here(lambda: self._remove(name, dialog)), drawn="trash-2", kind="grave")
        dialog.open()

    async def _remove(self, name: str, dialog: Dialog) -> None:
        await self._desk.ask(self._desk.studio.modelling.keep_key, name, "")
        dialog.close()
        frame().say(f"{name} is no longer in the keyring.")
        await self._then()


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
