"""What mends a model from the browser: its licence read and accepted, its weights fetched. Beside that, adding and
removing one's own, and reading anew what a provider offers.

What is fetched goes on when the tab is left, and stands there again when somebody comes back.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nicegui import ui

from samecast.core.estimating import duration
from samecast.core.terms import in_words
from samecast.ports import ModelProfile
from samecast.services.modelling import Readiness
from samecast.web import kit
from samecast.web.desk import Desk
from samecast.web.frame import frame, told
from samecast.web.kit import Dialog, Tag, button, note, words
from samecast.web.parts.command import Command
from samecast.web.parts.errands import LOOK_SECONDS, Errands, Progress, Standing, size
from samecast.web.parts.telling import Telling
from samecast.web.parts.text_file import TextFile

Then = Callable[[], Awaitable[None]]
FETCHES = "fetch "
"""Before the names of the errands that fetch a model."""
TOML = """[[model]]
id = "my-model"
name = "My model"
engine = "diffusers"
..."""


class Mending:
    """`then` is told once a model was mended. Dialogs lie over `page`."""

    def __init__(self, desk: Desk, errands: Errands, page: Tag, then: Then) -> None:
        self._desk = desk
        self._errands = errands
        self._page = page
        self._then = then
        self._progress: dict[str, Progress] = {}
        self._going = set(errands.going(FETCHES))
        with page:
            ui.timer(LOOK_SECONDS, self._look)

    # --- licences -----------------------------------------------------------------------------------------------------

    def licence(self, profile: ModelProfile) -> None:
        """Show what the licence says, and let it be accepted."""
        with self._page:
            dialog = Dialog(f"The licence of {profile.name}", size="slim")
        with dialog.inside:
            _licence(profile)
            words(_WHOLE.format(source=profile.source, checked=profile.checked), "muted small")
            telling = Telling()
            kit.switch("I have read the licence, and accept it", False, lambda on: _enable(accept, on))
        with dialog.foot:
            button("Cancel", dialog.close, kind="quiet")
            accept = button(
                "Accept", telling.here(lambda: self._accept(profile, dialog)), drawn="check", kind="main", disabled=True
            )
        dialog.open()

    async def _accept(self, profile: ModelProfile, dialog: Dialog) -> None:
        await self._desk.ask(self._desk.studio.modelling.accept, profile.id)
        dialog.close()
        frame().say(f"The licence of {profile.name} is accepted.", "Should it change, it will be asked again.")
        await self._then()

    # --- weights ------------------------------------------------------------------------------------------------------

    def fetch(self, profile: ModelProfile) -> None:
        """Say what will come, under which licence, and begin."""
        with self._page:
            dialog = Dialog(f"Fetch {profile.name}", size="slim")
        with dialog.inside:
            _licence(profile)
            if profile.notes:
                words(profile.notes, "small")
            words("It goes on when this tab is left, and can be stopped; what is here by then stays.", "muted small")
        with dialog.foot:
            button("Cancel", dialog.close, kind="quiet")
            button("Fetch", told(lambda: self._fetch(profile, dialog)), drawn="download", kind="main")
        dialog.open()

    def _fetch(self, profile: ModelProfile, dialog: Dialog) -> None:
        dialog.close()
        pull = partial(self._desk.studio.modelling.pull, profile.id)
        self._errands.begin(FETCHES + profile.id, pull, lane=FETCHES)
        self._going.add(FETCHES + profile.id)
        if profile.id in self._progress:
            self._progress[profile.id].look()

    def progress(self, profile: ModelProfile) -> None:
        """Where a model's fetching is seen while it goes on."""
        if not profile.hosted:
            self._progress[profile.id] = Progress(
                self._errands, FETCHES + profile.id, label=f"Fetching {profile.name}", said=_fetched
            )

    async def _look(self) -> None:
        """One look for all lines; and whatever was fetched to its end since the last one is told."""
        for progress in self._progress.values():
            progress.look()
        going = set(self._errands.going(FETCHES))
        ended, self._going = self._going - going, going
        for name in ended:
            await self._ended(name)

    @told
    async def _ended(self, name: str) -> None:
        standing = self._errands.get(name)
        profile = self._desk.studio.models.get(name.removeprefix(FETCHES))
        if standing is None or profile is None:
            return
        match standing.state:
            case "done":
                frame().say(f"{profile.name} is here.", f"It took {duration(standing.seconds)}.")
                await self._then()
            case "failed" if standing.error is not None:
                frame().fail(standing.error)
            case _:
                frame().say(f"Fetching {profile.name} was stopped.", "Begun again, it goes on from there.")

    # --- one's own ----------------------------------------------------------------------------------------------------

    async def remove(self, profile: ModelProfile) -> None:
        """Take one of the user's own models away, after asking."""
        with self._page:
            dialog = Dialog(f"Take {profile.name} away?", size="slim")
        with dialog.inside:
            words("It is no longer among the models. Its weights, and the takes that were made with it, stay.")
            telling = Telling()
        with dialog.foot:
            button("Cancel", dialog.close, kind="quiet")
            button("Take away", telling.here(lambda: self._remove(profile, dialog)), drawn="trash-2", kind="grave")
        dialog.open()

    async def _remove(self, profile: ModelProfile, dialog: Dialog) -> None:
        await self._desk.ask(self._desk.studio.modelling.remove, profile.id)
        dialog.close()
        frame().say(f"{profile.name} is no longer among your models.")
        await self._then()


class Adding:
    """The dialog that takes a file of models. `added` is told what came of it."""

    def __init__(self, desk: Desk, added: Callable[[Sequence[Readiness]], Awaitable[None]]) -> None:
        self._desk = desk
        self._added = added
        self._dialog = Dialog("Add models of your own")
        with self._dialog.inside:
            words("A file of the catalogue’s form says what a model is and can do: docs/models.md has all of its keys.")
            Tag("pre", TOML, "models-toml")
            self._telling = Telling()
            TextFile(self._telling.here(self._read), label="Choose a TOML file", hint="or drop it here", accept=".toml")
            words("Weights in a folder, and files that name one or an address, are added where the studio runs:")
            Command("samecast models add FOLDER --id my-model")
        with self._dialog.foot:
            button("Close", self._dialog.close, kind="quiet")
        self._dialog.open()

    async def _read(self, text: str) -> None:
        found = await self._desk.ask(self._desk.studio.modelling.add_text, text)
        self._dialog.close()
        names = ", ".join(entry.profile.name for entry in found)
        waiting = [entry for entry in found if entry.missing is not None]
        frame().say(f"Added: {names}.", "Ready to be shot on." if not waiting else "What is missing stands beside it.")
        await self._added(found)


class Refreshing:
    """The dialog in which a provider's list is read anew."""

    def __init__(self, desk: Desk, engines: Sequence[str], then: Then) -> None:
        self._desk = desk
        self._then = then
        self._engine = engines[0] if engines else ""
        self._dialog = Dialog("Read a provider’s list anew", size="slim")
        with self._dialog.inside:
            words("What a provider offers today is asked of it, and added to your models.")
            kit.select("Provider", {name: name for name in engines}, self._engine, self._choose)
            self._telling = Telling()
        with self._dialog.foot:
            button("Cancel", self._dialog.close, kind="quiet")
            button("Read it", self._telling.here(self._read), drawn="refresh-cw", kind="main")
        self._dialog.open()

    def _choose(self, engine: str) -> None:
        self._engine = engine

    async def _read(self) -> None:
        engine = self._engine
        found = await self._desk.ask(self._desk.studio.modelling.refresh, engine)
        self._dialog.close()
        count = "1 model" if len(found) == 1 else f"{len(found)} models"
        frame().say(f"{engine} offers {count} today.", "They are among yours now.")
        await self._then()


_WHOLE = (
    "That is what the catalogue keeps of it. The whole text is with the model itself ({source}; looked at {checked})."
)


def _licence(profile: ModelProfile) -> None:
    words(profile.licence)
    if limits := in_words(profile.terms):
        note(limits, "careful", drawn="triangle-alert")


def _fetched(standing: Standing) -> str:
    if not standing.total:
        return "Asks what there is"
    return f"{size(standing.done)} of {size(standing.total)}"


def _enable(made: Tag, on: bool) -> None:
    made.put(disabled=None if on else True)
